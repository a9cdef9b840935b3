"""Fetching from and publishing to stores: a real S3 server on this machine, a folder, and memory."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import fsspec
import pytest
import s3fs
from fsspec.implementations.memory import MemoryFileSystem
from moto.server import ThreadedMotoServer

from analysis.pipeline.stores import check_publish, fetch_data, publish_outputs
from analysis.problems import InputError
from analysis.project import Project

Said = list[str]


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """Return the address of an S3 server."""
    try:
        socket.create_server(("127.0.0.1", 0)).close()
    except OSError as error:
        pytest.skip(f"nothing can listen on 127.0.0.1 here: {error}")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def use_s3(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody knows")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture(params=["s3", "file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of an empty folder in a store of each kind."""
    if request.param == "s3":
        use_s3(monkeypatch, request.getfixturevalue("s3_server"))
        system = fsspec.filesystem("s3")
        system.mkdir("survey")
        yield "s3://survey/all/of it"
        system.rm("survey", recursive=True)
    elif request.param == "file":
        yield (tmp_path / "store").as_uri()
    else:
        yield "memory://survey/all"
        MemoryFileSystem.store.clear()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "root"
    root.mkdir()
    return Project(tmp_path / "home", root)


@pytest.fixture
def said() -> Said:
    return []


def write(url: str, files: dict[str, str]) -> None:
    system, path = fsspec.core.url_to_fs(url)
    for name, text in files.items():
        target = f"{path}/{name}"
        system.makedirs(target.rpartition("/")[0], exist_ok=True)
        system.pipe_file(target, text.encode())


def read(url: str, name: str) -> str:
    system, path = fsspec.core.url_to_fs(url)
    system.invalidate_cache()
    return str(system.cat_file(f"{path}/{name}").decode())


def held(url: str) -> set[str]:
    system, path = fsspec.core.url_to_fs(url)
    system.invalidate_cache()
    return {found.removeprefix(path + "/") for found in system.find(path)}


def files_of(root: Path) -> dict[str, str]:
    """Return what lies below a root, except what the program keeps for itself."""
    found = {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()}
    return {name: path.read_text() for name, path in found.items() if not name.startswith(".analysis/")}


def test_what_is_handed_in_is_fetched(store: str, project: Project, said: Said) -> None:
    files = {
        "data/raw/2021/survey.yaml": "a",
        "data/raw/2021/ex port å.csv": "b",
        "data/reference/units.csv": "c",
    }
    write(store, files | {"data/processed/2021/answers.parquet": "sensitive", "outputs/2021/x.pdf": "old"})
    fetch_data(store, project, said.append)
    assert files_of(project.root) == files
    assert "Fetched 3 files" in said[0]
    assert "0 were the same" in said[0]
    assert not (project.root / ".analysis" / "fetch").exists()


def test_only_what_changed_on_either_side_is_fetched_again(store: str, project: Project, said: Said) -> None:
    write(store, {f"data/raw/2021/{name}": name for name in "abcd"})
    fetch_data(store, project, said.append)
    kept = project.raw(2021) / "a"
    before = kept.stat().st_mtime_ns, kept.stat().st_ino
    write(store, {"data/raw/2021/b": "B"})  # the same size
    (project.raw(2021) / "c").write_text("somebody wrote here")
    (project.raw(2021) / "d").unlink()
    fetch_data(store, project, said.append)
    assert "Fetched 3 files" in said[-1]
    assert "1 were the same" in said[-1]
    assert {path.name: path.read_text() for path in project.raw(2021).iterdir()} == {
        "a": "a",
        "b": "B",
        "c": "c",
        "d": "d",
    }
    assert (kept.stat().st_mtime_ns, kept.stat().st_ino) == before


def test_what_is_gone_from_the_store_is_kept_and_named(store: str, project: Project, said: Said) -> None:
    write(store, {"data/raw/2021/a": "a"})
    own = project.raw(2020) / "own.csv"
    own.parent.mkdir(parents=True)
    own.write_text("own")
    fetch_data(store, project, said.append)
    assert own.read_text() == "own"
    assert "left alone: data/raw/2020/own.csv." in said[-1]


def test_outputs_are_published_and_nothing_sensitive(store: str, project: Project, said: Said) -> None:
    for name in (
        "outputs/index.html",
        "outputs/2021/bilaga 1.pdf",
        "outputs/2021/.beside",
        "data/processed/2021/x",
    ):
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    check_publish(store)
    publish_outputs(project, store, said.append)
    assert held(store) == {"outputs/index.html", "outputs/2021/bilaga 1.pdf"}
    assert read(store, "outputs/2021/bilaga 1.pdf") == "outputs/2021/bilaga 1.pdf"
    (project.root / "outputs/2021/bilaga 1.pdf").write_text("new")
    publish_outputs(project, store, said.append)
    assert "Published 1 file " in said[-1]
    assert read(store, "outputs/2021/bilaga 1.pdf") == "new"
    write(store, {"outputs/2021/bilaga 1.pdf": "bad"})  # somebody overwrites it, with the same size
    (project.root / "outputs/index.html").unlink()
    publish_outputs(project, store, said.append)
    assert "Published 1 file " in said[-2]
    assert "left alone: outputs/index.html." in said[-1]
    assert read(store, "outputs/2021/bilaga 1.pdf") == "new"
    assert held(store) == {"outputs/index.html", "outputs/2021/bilaga 1.pdf"}


def test_files_that_tell_of_others_are_published_last(
    project: Project, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    put = MemoryFileSystem.put

    def noted(self: MemoryFileSystem, here: list[str], there: list[str], **more: Any) -> None:
        order.extend(there)
        put(self, here, there, **more)

    monkeypatch.setattr(MemoryFileSystem, "put", noted)
    folder = project.outputs(2021)
    folder.mkdir(parents=True)
    for name in ("a.pdf", "manifest.json", "z.pdf"):
        (folder / name).write_text(name)
    (folder.parent / "index.html").write_text("links")
    publish_outputs(project, "memory://last", said.append)
    assert [Path(name).name for name in order] == ["a.pdf", "z.pdf", "manifest.json", "index.html"]
    MemoryFileSystem.store.clear()


@pytest.mark.parametrize("name", ["../../evil", "2021/../../../evil", "2021\\evil", "C:evil", "a//b", "a\nb"])
def test_a_name_that_leads_out_is_refused(name: str, project: Project, said: Said) -> None:
    MemoryFileSystem.store.clear()
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/names/data/raw/2021/a", b"a")
    # As an object store would hold it: it knows no folders, and takes any name.
    MemoryFileSystem.store[f"/names/data/raw/{name}"] = memory.open("/names/data/raw/2021/a").__class__(
        memory, f"/names/data/raw/{name}", b"evil"
    )
    with pytest.raises(InputError, match="is not one of a file below data"):
        fetch_data("memory://names", project, said.append)
    assert files_of(project.root) == {}
    MemoryFileSystem.store.clear()


def test_a_name_that_leads_out_of_s3_is_refused(
    s3_server: str, project: Project, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_s3(monkeypatch, s3_server)
    system = fsspec.filesystem("s3")
    system.mkdir("evil")
    system.pipe_file("evil/data/raw/2021/a", b"a")
    system.pipe_file("evil/data/raw/2021/../../../b", b"b")
    with pytest.raises(InputError, match=r"2021/\.\./\.\./\.\./b"):
        fetch_data("s3://evil", project, said.append)
    assert files_of(project.root) == {}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("bucket/folder", "'bucket/folder' is no address of a store"),
        ("nix://bucket/x", "is no address of a store (Protocol not known: nix)"),
        ("s3://", "'s3://' names no folder"),
        ("gs://bucket/x", "gs:// needs a package that is not installed"),
        ("memory://nothing", "there is no file below memory:///nothing/data/raw"),
    ],
)
def test_a_wrong_address_is_told(url: str, says: str, project: Project, said: Said) -> None:
    with pytest.raises(InputError) as error:
        fetch_data(url, project, said.append)
    assert says in str(error.value)
    assert "--fetch: " in str(error.value)


def test_a_bucket_that_is_not_there_is_told(
    s3_server: str, project: Project, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_s3(monkeypatch, s3_server)
    for call in (
        lambda: fetch_data("s3://nowhere/x", project, said.append),
        lambda: check_publish("s3://nowhere/x"),
    ):
        with pytest.raises(InputError, match="s3://nowhere/x is not there"):
            call()


def test_no_permission_is_told(project: Project, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        use_s3(monkeypatch, f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(InputError, match="s3://closed/x may not be read or written"):
            fetch_data("s3://closed/x", project, said.append)
    finally:
        server.shutdown()
        server.server_close()


def test_a_store_that_does_not_answer_is_told(
    project: Project, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    use_s3(monkeypatch, f"http://127.0.0.1:{port}")
    with pytest.raises(InputError, match="s3://far/away cannot be reached"):
        fetch_data("s3://far/away", project, said.append)


def test_what_breaks_off_leaves_nothing_half_written(
    project: Project, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("memory://breaks", {"data/raw/2021/a": "new a", "data/raw/2021/b": "new b"})
    project.raw(2021).mkdir(parents=True)
    (project.raw(2021) / "a").write_text("old a")
    get_file = MemoryFileSystem.get_file

    def breaks_off(self: MemoryFileSystem, rpath: str, lpath: str, **more: Any) -> None:
        get_file(self, rpath, lpath, **more)
        if rpath.endswith("b"):
            Path(lpath).write_text("ne")
            raise ConnectionError("the line went dead")

    monkeypatch.setattr(MemoryFileSystem, "get_file", breaks_off)
    with pytest.raises(InputError, match=r"cannot be reached \(the line went dead"):
        fetch_data("memory://breaks", project, said.append)
    assert files_of(project.root) == {"data/raw/2021/a": "old a"}
    assert not (project.root / ".analysis" / "fetch").exists()
    monkeypatch.undo()
    fetch_data("memory://breaks", project, said.append)
    assert files_of(project.root) == {"data/raw/2021/a": "new a", "data/raw/2021/b": "new b"}
    MemoryFileSystem.store.clear()


def test_nothing_is_published_when_a_run_fails(
    analysis: Callable[..., Any], project_copy: Callable[..., Path], tmp_path: Path
) -> None:
    root = project_copy(2021)
    (root / "data/raw/2021/survey.yaml").write_text("title: [")
    (root / "outputs" / "2021").mkdir(parents=True)
    (root / "outputs" / "2021" / "old.pdf").write_text("old")
    target = tmp_path / "store"
    done = analysis("run", "--all", "--root", root, "--publish", target.as_uri())
    assert done.returncode == 2
    assert "Nothing is published" in done.stderr
    assert not target.exists()


def test_a_wrong_address_to_publish_to_is_told_before_the_run(
    analysis: Callable[..., Any], project_copy: Callable[..., Path]
) -> None:
    root = project_copy(2021)
    done = analysis("run", 2021, "--root", root, "--publish", "nix://x/y")
    assert done.returncode == 2
    assert "--publish: 'nix://x/y' is no address of a store" in done.stderr
    shutil.rmtree(root / "data" / "raw")
    assert not (root / "outputs").exists()
