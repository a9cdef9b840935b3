"""A folder in which a step runs: it sees what it reads, and what it writes appears together or not at all.

A stage is a small project of its own, ``.analysis/stage/…`` below the root. What the step reads lies there as links,
so that a notebook that reads what its step does not name finds nothing. What it writes lies there as files, until
`commit` moves them all to where they belong. The moves are written down first; whoever comes after a crash completes
them.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import tempfile
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from analysis.pipeline.steps import Step
from analysis.project import Project

WORK = ".analysis"
"""The folder below the root in which the program keeps what it needs between runs."""

_COMMITS = "commits"
_BESIDE = re.compile(r"\..+\.[0-9a-f]{8}")
"""What `write_whole` calls a file until it is whole."""

Seen = dict[str, tuple[Path, tuple[int, ...]]]
"""What a step sees: for each name the file behind it, and what of that changes when it is written to."""


def digest(path: Path) -> str:
    """Return the hash of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def locate(project: Project, name: str) -> Path:
    """Return the path of a file named as a person knows it; reference files may be the project's own."""
    if name.startswith("data/reference/"):
        return project.reference(name.removeprefix("data/reference/"))
    return project.root / name


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that it is never seen half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@dataclass(frozen=True)
class Stage:
    """The folder of one attempt at a step.

    Attributes
    ----------
    folder : Path
        Its root: holds ``data/`` and ``outputs/`` like the project's own.
    """

    folder: Path

    @property
    def temporary(self) -> Path:
        """Where the step puts temporary files: a name that whoever comes after a crash knows as well."""
        return _temporary() / f"analysis-{sha256(str(self.folder).encode()).hexdigest()[:12]}"

    @property
    def journal(self) -> Path:
        """The file in which its commit is written down."""
        return self.folder.parents[1] / _COMMITS / f"{self.folder.name}.json"

    @classmethod
    def new(cls, project: Project, step: Step) -> Stage:
        """Return a stage whose folder is not there yet."""
        name = f"{step.year}-{step.output}-{uuid.uuid4().hex[:8]}"
        return cls(project.root / WORK / "stage" / name)

    def fill(self, project: Project, step: Step, inputs: Iterable[str]) -> None:
        """Make the folder, with a link to every file that the step may see.

        Parameters
        ----------
        project : Project
            The project whose files are linked.
        step : Step
            The step; the folders that it sees are linked file by file.
        inputs : iterable of str
            The outputs of earlier steps that it reads, below the root.
        """
        self.folder.mkdir(parents=True)
        self.temporary.mkdir(mode=0o700)
        names = set(inputs)
        for seen in step.sees:
            if seen == "data/reference/":
                names |= {f"{seen}{name}" for name in ("units.csv", "themes.yaml")}
                continue
            folder = project.root / seen
            names |= {p.relative_to(project.root).as_posix() for p in folder.rglob("*") if p.is_file()}
        for name in sorted(names):
            source = locate(project, name)
            if source.is_file():
                self._link(source, self.folder / name)

    @staticmethod
    def _link(source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.symlink_to(source.resolve())
        except OSError:  # Windows lets only some people make links
            shutil.copyfile(source, target)
            target.chmod(0o444)

    def seen(self) -> Seen:
        """Return what the step sees, before it begins."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {p.relative_to(self.folder).as_posix(): (p.resolve(), _sign(p)) for p in files}

    def changed(self, seen: Seen) -> list[str]:
        """Return what of that has been written to since, through the stage or past it."""
        found = []
        for name, (source, sign) in seen.items():
            path = self.folder / name
            replaced = path.is_file() and path.resolve() != source
            if replaced or _sign(source) != sign:
                found.append(name)
        return found

    def made(self, seen: Iterable[str] = ()) -> list[str]:
        """Return the files that the step has written, named below the root.

        What it had `seen` is left out: where links cannot be made, these are files too.
        """
        known = set(seen)
        found = []
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if path.is_file() and not path.is_symlink() and name not in known:
                found.append(name)
        return found

    def remove(self) -> None:
        """Remove the folder and everything in it, and the temporary files of the step."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def abandon(self) -> None:
        """Remove it, unless its commit has begun: whoever comes next will complete that."""
        if not self.journal.exists():
            self.remove()


@cache
def _temporary() -> Path:
    """Return the system's folder of temporary files, also after the process has been given one of its own."""
    return Path(tempfile.gettempdir())


def _sign(path: Path) -> tuple[int, ...]:
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def commit(project: Project, stage: Stage, outputs: Iterable[str], gone: Iterable[str], then: Any) -> None:
    """Move the outputs of a stage to where they belong, and remove what the step no longer makes.

    Parameters
    ----------
    project : Project
        The project below whose root they belong.
    stage : Stage
        Where they lie; it is removed.
    outputs, gone : iterable of str
        Files below the root: those to move there, and older ones to remove.
    then : anything that JSON knows
        What `interrupted` hands back when the moves are done, so that a crash does not lose it.

    Raises
    ------
    OSError
        If a folder that they belong in cannot be written to; nothing has been moved then.
    """
    plan = {"stage": stage.folder.name, "outputs": list(outputs), "gone": list(gone), "then": then}
    _make_room(project, [*plan["outputs"], *plan["gone"]])
    with undisturbed():
        write_whole(stage.journal, json.dumps(plan, ensure_ascii=False))
        _carry_out(project, plan)


def forget(project: Project, stage: Stage) -> None:
    """Strike a commit off the list: what it hands back is safe elsewhere."""
    stage.journal.unlink(missing_ok=True)
    stage.remove()
    with suppress(OSError):  # another year's commit may still be in it
        stage.journal.parent.rmdir()


def is_interrupted(project: Project, year: int) -> bool:
    """Return whether a crash interrupted a commit of a year, or one goes on."""
    return any((project.root / WORK / _COMMITS).glob(f"{year}-*.json"))


def interrupted(project: Project, year: int) -> list[tuple[Stage, Any]]:
    """Complete the commits of a year that a crash interrupted; return what each handed back."""
    found = []
    for path in sorted((project.root / WORK / _COMMITS).glob(f"{year}-*.json")):
        try:
            plan = json.loads(path.read_text(encoding="utf-8"))
            stage, then = Stage(project.root / WORK / "stage" / plan["stage"]), plan["then"]
        except (
            ValueError,
            KeyError,
            TypeError,
        ):  # somebody has edited it: what is not as it was made is made anew
            path.unlink()
            continue
        _carry_out(project, plan)
        found.append((stage, then))
    return found


def sweep(project: Project, year: int) -> None:
    """Remove what a crash left behind: stages, and files that were being written. Only for who holds the year."""
    work = project.root / WORK
    for folder in (work / "stage").glob(f"{year}-*"):
        Stage(folder).abandon()
    for folder in work.glob(f"again-{year}-*"):
        for inner in (folder / WORK / "stage").glob("*"):
            Stage(inner).remove()
        shutil.rmtree(folder, ignore_errors=True)
    places = {project.outputs(year): ".*", project.processed(year): ".*"}
    for place, pattern in {work: f".{year}*", work / _COMMITS: f".{year}*", **places}.items():
        for path in place.glob(pattern):
            if _BESIDE.fullmatch(path.name):
                path.unlink()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put Ctrl-C off until what happens within is done."""
    if threading.current_thread() is not threading.main_thread():  # only that one hears of it
        yield
        return
    heard: list[int] = []
    before = {
        number: signal.signal(number, lambda n, _: heard.append(n))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in heard:
            signal.raise_signal(late)


def _make_room(project: Project, names: Iterable[str]) -> None:
    """Make the folders that files belong in; stop where one cannot be written to."""
    for folder in sorted({(project.root / name).parent for name in names}):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), project.name(folder))


def _carry_out(project: Project, plan: Mapping[str, Any]) -> None:
    folder = project.root / WORK / "stage" / plan["stage"]
    for name in plan["outputs"]:
        source, target = folder / name, project.root / name
        if source.exists():  # else it was moved before the crash
            target.parent.mkdir(parents=True, exist_ok=True)
            _move(source, target)
    for name in plan["gone"]:
        remove_file(project, name)


def _move(source: Path, target: Path) -> None:
    """Move a file so that its name never stands for half of it, also to another disk."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.{sha256(str(source).encode()).hexdigest()[:8]}")
        shutil.copy2(source, beside)
        beside.replace(target)
        source.unlink()


def remove_file(project: Project, name: str) -> None:
    """Remove a file below the root, and the folders that it leaves empty."""
    path = project.root / name
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == project.root or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()
