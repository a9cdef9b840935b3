"""A Dask cluster on this machine: a scheduler and workers that are processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fsspec
import nbformat
import psutil
import pytest
import s3fs
from moto.server import ThreadedMotoServer

from analysis.pipeline import cluster
from analysis.pipeline.cluster import Cluster, await_files
from analysis.pipeline.run import DONE, Event, Options, run
from analysis.pipeline.stage import WORK
from analysis.pipeline.steps import Step
from analysis.pipeline.worker import Finished, Job
from analysis.pipeline.workers import CAN_FORK
from analysis.problems import InputError
from analysis.project import Project

HOME = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.executable).with_name("analysis")
LAST = ("run.json", "run.log")
"""Files that tell how a run went: the only ones that may differ."""

forks = pytest.mark.skipif(not CAN_FORK, reason="a prepared process needs Linux")


@dataclass
class Machines:
    """A scheduler and workers; each is a process of its own, as on a machine of its own."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    address: str = ""

    def start(
        self, *words: str, cwd: Path = HOME, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / f"{len(self.processes)}.log").open("wb"),
        )
        self.processes.append(process)
        return process

    def add_worker(self, **more: Any) -> subprocess.Popen[bytes]:
        where = str(self.folder / f"worker {len(self.processes)}")
        return self.start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--local-directory", where, **more
        )

    def workers(self) -> list[subprocess.Popen[bytes]]:
        return [process for process in self.processes[1:] if process.poll() is None]


@contextmanager
def machines(folder: Path, workers: int, env: Mapping[str, str] | None = None) -> Iterator[Machines]:
    """Start a cluster; skip where nothing can listen."""
    try:
        with socket.create_server(("127.0.0.1", 0)):
            pass
    except OSError as error:
        pytest.skip(f"nothing can listen on 127.0.0.1 here: {error}")
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / "scheduler.json"
    found = Machines(folder)
    try:
        found.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told), env=env)
        wait_until(lambda: told.is_file() and bool(told.read_text()))
        found.address = json.loads(told.read_text())["address"]
        for _ in range(workers):
            found.add_worker(env=env)
        yield found
    finally:
        for process in found.processes:
            process.kill()
        for process in found.processes:
            process.wait()


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """Return a cluster of two workers."""
    env = {"SOURCE_DATE_EPOCH": "86400", "TZ": "Asia/Tokyo"}  # what machines have must not matter
    with machines(tmp_path_factory.mktemp("two"), 2, env) as found:
        yield found


def content(root: Path, *years: int) -> dict[str, bytes]:
    """Return everything that a run has made for some years, except how it went."""
    folders = [root / part / str(year) for part in ("outputs", "data/processed") for year in years]
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in paths if p.name not in LAST}


def assert_same(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert set(one) == set(other)
    assert [name for name in one if one[name] != other[name]] == []
    assert len(one) > 50


def stages(root: Path) -> list[str]:
    return sorted(path.name for path in (root / WORK / "stage").glob("*"))


def steps_below(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the processes that do a step for a Dask worker: those below its prepared one."""
    try:
        return [step for hands in psutil.Process(process.pid).children() for step in hands.children()]
    except psutil.NoSuchProcess:
        return []


# Whole years


@forks
def test_three_years_from_and_to_an_object_store_are_the_same_as_on_one_machine(
    two: Machines,
    example_years: Path,
    analysis: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody knows")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
        s3fs.S3FileSystem.clear_instance_cache()
        system = fsspec.filesystem("s3")
        for bucket in ("handed-in", "published"):
            system.mkdir(bucket)
        system.put(str(HOME / "data" / "raw"), "handed-in/survey/data/raw", recursive=True)
        root = tmp_path / "root"
        root.mkdir()
        done = analysis(
            *("run", "--all", "--root", root, "--scheduler", two.address),
            *("--fetch", "s3://handed-in/survey", "--publish", "s3://published/survey"),
        )
        assert done.returncode == 0, done.stderr
        assert_same(content(root, 2021, 2022, 2023), content(example_years, 2021, 2022, 2023))
        assert json.loads((root / "outputs/2023/run.json").read_text())["engine"] == f"dask {two.address}"
        system.invalidate_cache()
        there = {p.removeprefix("published/survey/"): p for p in system.find("published/survey")}
        here = {p.relative_to(root).as_posix(): p for p in (root / "outputs").rglob("*") if p.is_file()}
        assert set(there) == set(here)
        assert all(system.cat_file(there[name]) == path.read_bytes() for name, path in here.items())
        assert stages(root) == []
    finally:
        server.stop()


@forks
def test_a_worker_that_is_killed_in_the_middle_costs_nothing_but_time(
    example_years: Path, project_copy: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    root = project_copy(2021)
    attempts: set[str] = set()
    ended: set[int] = set()
    is_done = threading.Event()
    events: list[Event] = []
    with machines(tmp_path / "cluster", 2) as found:

        def kill_one_at_work() -> None:
            """Kill the worker that makes bilaga 1, and look at the stages until the end."""
            while not is_done.is_set():
                seen = [name for name in stages(root) if "appendix_results" in name]
                attempts.update(seen)
                busy = [worker for worker in found.workers() if steps_below(worker)]
                if seen and len(busy) == 2 and not ended:
                    holder = next((w for w in busy if works_in(w, root / WORK / "stage" / seen[0])), None)
                    if holder:
                        ended.update(step.pid for step in steps_below(holder))
                        holder.kill()
                time.sleep(0.02)

        def works_in(worker: subprocess.Popen[bytes], stage: Path) -> bool:
            try:
                return any(Path(step.cwd()) == stage for step in steps_below(worker))
            except psutil.Error:
                return False

        killer = threading.Thread(target=kill_one_at_work)
        killer.start()
        try:
            code = run(Project(HOME, root), [2021], Options(scheduler=found.address), events.append)
        finally:
            is_done.set()
            killer.join()
        assert len(found.workers()) == 1
    assert code == DONE, [event.text for event in events]
    assert ended
    assert not any(psutil.pid_exists(pid) for pid in ended)
    assert len(attempts) == 2, "the step was done in a folder of its own each time"
    assert_same(content(root, 2021), content(example_years, 2021))
    assert stages(root) == []


@forks
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_the_workers_free(
    how: signal.Signals, two: Machines, project_copy: Callable[..., Path]
) -> None:
    root = project_copy(2021)
    command = [str(PROGRAM), "run", "2021", "--root", str(root), "--scheduler", two.address]
    started = subprocess.Popen(command, cwd=HOME, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: bool(stages(root)) and any(steps_below(worker) for worker in two.workers()))
    started.send_signal(how)
    began = time.monotonic()
    _, said = started.communicate(timeout=60)
    if how == signal.SIGINT:
        assert started.returncode == 130, said
        assert time.monotonic() - began < 5
        assert stages(root) == []
    wait_until(lambda: not any(steps_below(worker) for worker in two.workers()), 10)
    wait_until(lambda: not stages(root), 10)
    assert len(two.workers()) == 2


# One small step


class Small:
    """A project with one notebook of one cell."""

    def __init__(self, folder: Path, code: str) -> None:
        self.project = Project(folder / "home", folder / "root")
        (self.project.home / "notebooks").mkdir(parents=True)
        self.project.root.mkdir()
        cells = [nbformat.v4.new_code_cell(code, id="code")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), self.project.notebook("small"))

    def job(self, number: int = 1) -> Job:
        step = Step(2021, "small", {}, f"small{number}")
        stage = self.project.root / WORK / "stage" / f"2021-small{number}-first"
        return Job(step, str(self.project.home), str(self.project.root), str(stage))

    def do(self, address: str) -> Finished:
        with Cluster(address, self.project) as workers:
            workers.start(self.job())
            return result(workers)


def result(workers: Cluster, seconds: float = 60) -> Finished:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for _, finished in workers.wait(0.1):
            return finished
    raise AssertionError("nothing came of it")


@forks
def test_what_decides_outputs_is_as_where_the_run_goes_on(
    two: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "12345")
    monkeypatch.delenv("TZ", raising=False)
    names = ("SOURCE_DATE_EPOCH", "TZ", "PYTHONHASHSEED", "OPENBLAS_NUM_THREADS")
    code = f"""
import json, os, pathlib
folder = pathlib.Path("data/processed/2021")
folder.mkdir(parents=True, exist_ok=True)
(folder / "known.json").write_text(json.dumps([os.environ.get(name) for name in {names!r}]))
"""
    small = Small(tmp_path, code)
    with Cluster(two.address, small.project) as workers:
        assert workers.jobs() == 2
        workers.start(small.job())
        finished = result(workers)
        assert not finished.error, finished.message
        stage = Path(finished.stage)
        assert stage.name.startswith("2021-small1-first-")
        assert json.loads((stage / "data/processed/2021/known.json").read_text()) == ["12345", None, "0", "1"]
        assert "data/processed/2021/known.json" in finished.outputs
    assert stage.is_dir(), "it waits to be committed"


@forks
def test_a_step_whose_prepared_process_is_ended_is_done_again(two: Machines, tmp_path: Path) -> None:
    small = Small(tmp_path, "import time; time.sleep(2)")
    with Cluster(two.address, small.project) as workers:
        workers.start(small.job())
        wait_until(lambda: any(steps_below(worker) for worker in two.workers()))
        step = next(step for worker in two.workers() for step in steps_below(worker))
        wait_until(lambda: Path(step.cwd()).parent.name == "stage")
        first = Path(step.cwd()).name
        step.parent().kill()
        finished = result(workers)
        assert not finished.error, finished.message
        assert Path(finished.stage).name != first
        assert Path(finished.stage).name.startswith("2021-small1-first-")
    assert stages(small.project.root) == [Path(finished.stage).name]


@forks
def test_a_step_that_ends_every_worker_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
import os, psutil
psutil.Process(os.getppid()).parent().kill()
"""
    small = Small(tmp_path, code)
    monkeypatch.setattr(cluster, "ALONE", 1.0)
    monkeypatch.setattr(cluster, "PAUSE", 0.2)
    env = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with machines(tmp_path / "cluster", 1, env) as found, Cluster(found.address, small.project) as workers:
        workers.start(small.job(1))
        finished = result(workers)
        assert (finished.error, finished.message.split(" while")[0]) == ("Killed", "1 Dask workers died")
        workers.start(small.job(2))
        finished = result(workers)
        assert finished.error == "NoWorker"
        assert "no Dask worker has been left at tcp://127.0.0.1" in finished.message
        found.processes[0].kill()
        workers.start(small.job(3))
        finished = result(workers)
        assert finished.error in ("SchedulerLost", "NoWorker")
    assert stages(small.project.root) == []


# Before anything runs


@pytest.mark.filterwarnings("ignore:Mismatched versions found")
def test_workers_that_are_not_like_this_machine_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere, other = tmp_path / "here", tmp_path / "elsewhere", tmp_path / "other"
    for folder in (here / "root", elsewhere / "root", other / "pandas-0.0.1.dist-info"):
        folder.mkdir(parents=True)
    (other / "pandas-0.0.1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: pandas\nVersion: 0.0.1\n"
    )
    shutil.copytree(
        HOME / "src" / "analysis", other / "analysis", ignore=shutil.ignore_patterns("__pycache__")
    )
    changed = other / "analysis" / "pipeline" / "stage.py"
    before = changed.read_bytes()
    changed.write_bytes(before + b"# somebody has been here\n")
    # One path that leads to a folder of its own for each machine, as where nothing is shared.
    monkeypatch.chdir(here)
    project = Project(HOME, Path("/proc/self/cwd/root"))
    with machines(tmp_path / "cluster", 0) as found:
        found.add_worker(cwd=elsewhere)
        found.add_worker(cwd=here, env={"PYTHONPATH": str(other)})
        wait_until(lambda: count_workers(found.address) == 2)
        with pytest.raises(InputError) as error:
            Cluster(found.address, project)
        said = {problem.what: problem for problem in error.value.problems}
        assert len(said) == 2
        assert all(problem.file.startswith("the Dask worker tcp://127.0.0.1:") for problem in said.values())
        unshared = next(what for what in said if "does not see" in what)
        assert "/proc/self/cwd/root" in unshared
        assert "at the same path" in said[unshared].do
        unlike = next(what for what in said if what.startswith("it is not like this machine"))
        assert "pandas is 0.0.1 there" in unlike
        assert "src/analysis/pipeline differs" in unlike
        assert "same commit" in said[unlike].do
        # Brought up to date, but not started anew.
        changed.write_bytes(before)
        shutil.rmtree(other / "pandas-0.0.1.dist-info")
        with pytest.raises(InputError, match="was started before the program was last changed"):
            Cluster(found.address, project)
    assert not (here / "root" / WORK / "cluster.token").exists()


def count_workers(address: str) -> int:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        return len(client.nthreads())


def test_nobody_at_the_address_is_told_within_ten_seconds(
    analysis: Callable[..., subprocess.CompletedProcess[str]], project_copy: Callable[..., Path]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    began = time.monotonic()
    done = analysis("run", 2021, "--root", project_copy(2021), "--scheduler", address)
    assert done.returncode == 2
    assert f"--scheduler: no Dask scheduler answers at {address}" in done.stderr
    assert time.monotonic() - began < 14  # ten, and what a busy machine takes to import distributed


def test_a_scheduler_without_workers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "ANSWER", 2.0)
    with machines(tmp_path, 0) as found, pytest.raises(InputError, match="has no workers"):
        Cluster(found.address, Project(HOME, tmp_path))


def test_a_wrong_address_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'nix://somewhere' is no address of a scheduler"):
        Cluster("nix://somewhere", Project(HOME, tmp_path))


def test_what_to_install_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"Install them with `pip install \"analysis\[cluster\]\"`"):
        Cluster("tcp://127.0.0.1:8786", Project(HOME, tmp_path))


def test_a_file_that_another_machine_wrote_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    stat = (tmp_path / "a").stat()
    seen = {"a": (stat.st_size, stat.st_mtime_ns)}
    assert await_files(tmp_path, seen, 0) == ""
    assert await_files(tmp_path, {**seen, "b": (1, 2)}, 0) == "b"
    assert await_files(tmp_path, {"a": (stat.st_size, stat.st_mtime_ns + 1)}, 0) == "a"
    beside = tmp_path / "beside"
    beside.write_text("b")
    known = beside.stat()
    threading.Timer(0.3, lambda: beside.rename(tmp_path / "b")).start()
    assert await_files(tmp_path, {"b": (known.st_size, known.st_mtime_ns)}, 10) == ""
