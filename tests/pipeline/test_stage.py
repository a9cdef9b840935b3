"""A stage: a step sees what it reads and no more, and its outputs appear together or not at all."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.pipeline import stage as stages
from analysis.pipeline.stage import (
    Stage,
    commit,
    forget,
    interrupted,
    is_interrupted,
    remove_file,
    sweep,
    undisturbed,
    write_whole,
)
from analysis.pipeline.steps import Step
from analysis.project import Project

STEP = Step(2021, "1_clean", {}, "1_clean", sees=("data/raw/2021/", "data/reference/"))
FILES = ["data/processed/2021/answers.csv", "outputs/2021/bilaga.html", "outputs/2021/results/counts.csv"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for name in (
        "data/raw/2021/export.csv",
        "data/raw/2021/coding/anna.csv",
        "data/raw/2022/export.csv",
        "data/reference/units.csv",
    ):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return Project(tmp_path / "root", tmp_path / "root")


@pytest.fixture
def stage(project: Project) -> Stage:
    made = Stage.new(project, STEP)
    made.fill(project, STEP, [])
    return made


def write(folder: Path, *names: str, text: str = "new") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def texts(project: Project) -> dict[str, str]:
    paths = [p for folder in ("data/processed", "outputs") for p in (project.root / folder).rglob("*")]
    return {
        p.relative_to(project.root).as_posix(): p.read_text(encoding="utf-8") for p in paths if p.is_file()
    }


def work(project: Project) -> list[str]:
    base = project.root / ".analysis"
    return sorted(p.relative_to(base).as_posix() for p in base.rglob("*") if p.is_file())


# --- what a step sees and makes ---------------------------------------------------------------------------------


def test_a_step_sees_what_it_reads_and_nothing_else(project: Project, stage: Stage) -> None:
    write(project.root, "data/processed/2021/answers.csv", "data/processed/2021/secret.csv", text="x")
    other = Stage.new(project, STEP)
    other.fill(project, STEP, ["data/processed/2021/answers.csv"])
    assert set(other.seen()) == {
        "data/processed/2021/answers.csv", "data/raw/2021/coding/anna.csv", "data/raw/2021/export.csv",
        "data/reference/units.csv",
    }  # fmt: skip
    assert (other.folder / "data/raw/2021/export.csv").read_text(
        encoding="utf-8"
    ) == "data/raw/2021/export.csv"
    assert stage.folder != other.folder
    assert stage.temporary != other.temporary


def test_what_it_made_is_what_was_not_there(stage: Stage) -> None:
    seen = stage.seen()
    write(stage.folder, *FILES)
    assert stage.made(seen) == FILES
    assert stage.changed(seen) == []


def test_where_links_cannot_be_made_files_are_copied(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "a required privilege is not held")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    stage = Stage.new(project, STEP)
    stage.fill(project, STEP, [])
    seen = stage.seen()
    write(stage.folder, *FILES)
    assert stage.made(seen) == FILES
    assert not (stage.folder / "data/raw/2021/export.csv").stat().st_mode & 0o222


def touch_through(stage: Stage, source: Path) -> None:
    (stage.folder / "data/raw/2021/export.csv").write_text("mine", encoding="utf-8")


def touch_past(stage: Stage, source: Path) -> None:
    with source.open("a", encoding="utf-8") as file:
        file.write("!")


def replace_link(stage: Stage, source: Path) -> None:
    path = stage.folder / "data/raw/2021/export.csv"
    path.unlink()
    path.write_text("mine", encoding="utf-8")


def remove_source(stage: Stage, source: Path) -> None:
    source.unlink()


def swap_source(stage: Stage, source: Path) -> None:
    stat = source.stat()
    other = source.with_name("other.csv")
    other.write_text(source.read_text(encoding="utf-8").upper(), encoding="utf-8")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # same size, same time
    other.replace(source)


@pytest.mark.parametrize("touch", [touch_through, touch_past, replace_link, remove_source, swap_source])
def test_writing_to_what_is_read_is_noticed(
    touch: Callable[[Stage, Path], None], project: Project, stage: Stage
) -> None:
    seen = stage.seen()
    touch(stage, project.raw(2021) / "export.csv")
    assert stage.changed(seen) == ["data/raw/2021/export.csv"]


def test_removing_a_stage_removes_its_temporary_files(stage: Stage) -> None:
    assert stage.temporary.parent == Path(tempfile.gettempdir())
    assert stage.temporary.stat().st_mode & 0o077 == 0
    (stage.temporary / "half").touch()
    stage.remove()
    assert not stage.folder.exists()
    assert not stage.temporary.exists()


# --- together or not at all -------------------------------------------------------------------------------------


def test_a_commit_moves_everything_and_removes_what_is_gone(project: Project, stage: Stage) -> None:
    write(project.root, FILES[0], "outputs/2021/old/gone.html", text="old")
    write(stage.folder, *FILES)
    commit(project, stage, FILES, ["outputs/2021/old/gone.html"], {"name": "x"})
    assert texts(project) == dict.fromkeys(FILES, "new")
    assert not (project.root / "outputs/2021/old").exists()
    assert is_interrupted(project, 2021)  # until what it handed over is safe
    assert not is_interrupted(project, 2022)
    forget(project, stage)
    assert work(project) == []
    assert not is_interrupted(project, 2021)
    assert not stage.temporary.exists()


class Crash(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("moves", range(len(FILES) + 1))
def test_a_commit_that_was_interrupted_is_completed(
    moves: int, project: Project, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project.root, *FILES, "outputs/2021/gone.html", text="old")
    write(stage.folder, *FILES)
    moved: list[Path] = []
    move = stages._move

    def dying(source: Path, target: Path) -> None:
        if len(moved) == moves:
            raise Crash
        moved.append(target)
        move(source, target)

    monkeypatch.setattr(stages, "_move", dying)
    if moves == len(FILES):
        monkeypatch.setattr(stages, "remove_file", lambda *_: (_ for _ in ()).throw(Crash))
    with pytest.raises(Crash):
        commit(project, stage, FILES, ["outputs/2021/gone.html"], {"name": "2021 1_clean"})
    assert list(texts(project).values()).count("new") == moves
    monkeypatch.undo()
    stage.abandon()  # whoever tidies up leaves a commit that has begun
    sweep(project, 2021)
    assert interrupted(project, 2022) == []
    assert interrupted(project, 2021) == [(stage, {"name": "2021 1_clean"})]
    assert texts(project) == dict.fromkeys(FILES, "new")
    assert interrupted(project, 2021) == [(stage, {"name": "2021 1_clean"})]  # a second crash does no harm
    forget(project, stage)
    assert work(project) == []


def test_nothing_is_moved_where_one_folder_cannot_be_made(project: Project, stage: Stage) -> None:
    write(project.root, FILES[0], "outputs/2021/results", text="old")  # a file where a folder belongs
    write(stage.folder, *FILES)
    with pytest.raises(FileExistsError):
        commit(project, stage, FILES, [], None)
    assert texts(project) == {FILES[0]: "old", "outputs/2021/results": "old"}
    assert not is_interrupted(project, 2021)


def test_outputs_may_lie_on_another_disk(project: Project, stage: Stage) -> None:
    other = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        (project.root / "outputs").symlink_to(other)
        write(stage.folder, *FILES)
        commit(project, stage, FILES, [], None)
        forget(project, stage)
        found = sorted(p.relative_to(other).as_posix() for p in other.rglob("*") if p.is_file())
        assert found == ["2021/bilaga.html", "2021/results/counts.csv"]
    finally:
        shutil.rmtree(other)


def test_a_journal_that_somebody_has_edited_is_no_more(project: Project, stage: Stage) -> None:
    for text in ("{", "[]", "{}", json.dumps({"stage": 1})):
        write_whole(stage.journal, text)
        assert interrupted(project, 2021) == []
        assert not is_interrupted(project, 2021)


def test_a_sweep_removes_what_crashes_left_of_that_year_alone(project: Project, stage: Stage) -> None:
    other = Stage.new(project, Step(2022, "1_clean", {}, "1_clean"))
    other.fill(project, STEP, [])
    left = [
        ".analysis/.2021.json.0123abcd",
        "outputs/2021/.manifest.json.0123abcd",
        ".analysis/again-2021-x/data/raw/x.csv",
    ]
    kept = [
        ".analysis/2021.json",
        ".analysis/.2022.json.0123abcd",
        "outputs/2021/.htaccess",
        "outputs/2021/bilaga.html",
    ]
    write(project.root, *left, *kept)
    sweep(project, 2021)
    assert [name for name in left if (project.root / name).exists()] == []
    assert [name for name in kept if not (project.root / name).exists()] == []
    assert (stage.folder.exists(), other.folder.exists()) == (False, True)
    other.remove()


# --- small things -----------------------------------------------------------------------------------------------


def test_a_small_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "folder" / "state.json"
    write_whole(path, "first")

    def full(self: Path, text: str, encoding: str) -> None:
        self.write_bytes(text[:2].encode())
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "second")
    assert [p.name for p in path.parent.iterdir()] == ["state.json"]
    assert path.read_text(encoding="utf-8") == "first"


def test_removing_a_file_removes_the_folders_that_it_leaves_empty(project: Project) -> None:
    write(project.root, "outputs/2021/a/b/x.html", "outputs/2021/y.html")
    remove_file(project, "outputs/2021/a/b/x.html")
    remove_file(project, "outputs/2021/nothing.html")
    assert texts(project) == {"outputs/2021/y.html": "new"}
    assert not (project.root / "outputs/2021/a").exists()


def interrupt_within(done: list[str]) -> None:
    with undisturbed():
        with undisturbed():
            signal.raise_signal(signal.SIGINT)
            done.append("inner")
        done.append("outer")
    done.append("never")


def test_ctrl_c_waits_for_a_commit() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        interrupt_within(done)
    assert done == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_in_another_thread_there_is_nothing_to_put_off() -> None:
    done: list[str] = []

    def commit_there() -> None:
        with undisturbed():
            done.append("elsewhere")

    other = threading.Thread(target=commit_there)
    other.start()
    other.join()
    assert done == ["elsewhere"]
