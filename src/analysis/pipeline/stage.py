"""A folder in which a step runs: it sees what it reads, and what it writes appears together or not at all.

A stage is a small project of its own, ``.analysis/stage/…`` below the root. What the step reads lies there as links, so that a
notebook that reads what its step does not name finds nothing. What it writes lies there as files, until `commit`
moves them all to where they belong. The moves are written down first; whoever comes after a crash completes them.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from analysis.pipeline.steps import Step
from analysis.project import Project

WORK = ".analysis"
"""The folder below the root in which the program keeps what it needs between runs."""

_COMMITS = "commits"


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
    """Write a small file so that it is never seen half-written, also after a crash of the machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
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

    def made(self, inputs: Iterable[str] = ()) -> list[str]:
        """Return the files that the step has written, named below the root.

        `inputs` are left out: where links cannot be made, they are files too.
        """
        known = set(inputs)
        found = []
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if path.is_file() and not path.is_symlink() and name not in known:
                found.append(name)
        return found

    def remove(self) -> None:
        """Remove the folder and everything in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


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
        What `complete` hands back when the moves are done, so that a crash does not lose it.
    """
    plan = {"stage": stage.folder.name, "outputs": list(outputs), "gone": list(gone), "then": then}
    path = project.root / WORK / _COMMITS / f"{stage.folder.name}.json"
    write_whole(path, json.dumps(plan, ensure_ascii=False))
    _carry_out(project, plan)


def forget(project: Project, stage: Stage) -> None:
    """Strike a commit off the list: what it hands back is safe elsewhere."""
    (project.root / WORK / _COMMITS / f"{stage.folder.name}.json").unlink(missing_ok=True)
    stage.remove()


def interrupted(project: Project, year: int) -> list[tuple[Stage, Any]]:
    """Complete the commits of a year that a crash interrupted; return what each handed back."""
    found = []
    for path in sorted((project.root / WORK / _COMMITS).glob(f"{year}-*.json")):
        plan = json.loads(path.read_text(encoding="utf-8"))
        _carry_out(project, plan)
        found.append((Stage(project.root / WORK / "stage" / plan["stage"]), plan["then"]))
    return found


def sweep(project: Project, year: int) -> None:
    """Remove the stages that a crash left behind. Only for who holds the year."""
    for folder in (project.root / WORK / "stage").glob(f"{year}-*"):
        Stage(folder).remove()
    for path in (project.root / WORK).glob(f".*{year}*"):
        path.unlink()


def _carry_out(project: Project, plan: Mapping[str, Any]) -> None:
    folder = project.root / WORK / "stage" / plan["stage"]
    for name in plan["outputs"]:
        source, target = folder / name, project.root / name
        if source.exists():  # else it was moved before the crash
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
    for name in plan["gone"]:
        remove_file(project, name)


def remove_file(project: Project, name: str) -> None:
    """Remove a file below the root, and the folders that it leaves empty."""
    path = project.root / name
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == project.root or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()
