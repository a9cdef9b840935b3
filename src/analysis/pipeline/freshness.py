"""What is out of date, and why: decided by content alone, never by the time of a file.

A *fact* is something that decides what a step makes: a file that it reads, the code of its notebook, its parameters,
a room of ``src/analysis``, the pinned versions. doit keeps which facts each step was made of, and tells which of them
have changed. Nothing here imports pandas or a notebook library, so that looking costs next to nothing.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from doit.dependency import DatabaseException, Dependency, FileChangedChecker, JsonDB
from doit.task import Task

from analysis.pipeline.stage import WORK, digest, locate, write_whole
from analysis.pipeline.steps import Step
from analysis.problems import InputError
from analysis.project import Project

MISSING = "missing"
TEXT = "the text of "
"""Begins the fact that the Markdown of a notebook is: when nothing else changed, no code needs to run."""

Outputs = dict[str, list[Any]]
"""The outputs of a step: for each file below the root its hash, its size and its time in nanoseconds."""


class Digests:
    """The hashes of files, each read once, however many steps it decides."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._known: dict[str, str] = {}

    def of(self, name: str) -> str:
        """Return the hash of a file below the root; `MISSING` where there is none that can be read."""
        if name not in self._known:
            try:
                self._known[name] = digest(locate(self.project, name))
            except OSError:  # the check of what was handed in says what is wrong with it
                self._known[name] = MISSING
        return self._known[name]

    def notebook(self, name: str) -> tuple[str, str]:
        """Return the hash of a notebook's code and of everything else in it."""
        key = f"notebooks/{name}.ipynb"
        if key not in self._known:
            code, text = _notebook(self.project.notebook(name))
            self._known[key], self._known[TEXT + key] = code, text
        return self._known[key], self._known[TEXT + key]

    def room(self, name: str) -> str:
        """Return the hash of a room of ``src/analysis``: every file in it."""
        key = f"src/analysis/{name}"
        if key not in self._known:
            self._known[key] = _room(name)
        return self._known[key]

    @cached_property
    def versions(self) -> str:
        """The hash of the pinned versions, and the version of Python."""
        lock = self.project.home / "requirements.lock"
        pinned = digest(lock) if lock.is_file() else MISSING
        return f"{platform.python_version()} {pinned}"


def _notebook(path: Path) -> tuple[str, str]:
    if not path.is_file():
        return MISSING, MISSING
    raw = path.read_bytes()
    try:
        cells = json.loads(raw)["cells"]
        code = [
            (c["source"], c.get("metadata", {}).get("tags", [])) for c in cells if c["cell_type"] == "code"
        ]
    except (ValueError, KeyError, TypeError):  # no notebook: the check before a run says so
        return sha256(raw).hexdigest(), MISSING
    return sha256(json.dumps(code).encode()).hexdigest(), sha256(raw).hexdigest()


def _room(name: str) -> str:
    base = Path(__file__).resolve().parents[1]
    folder = base / name
    files = [base / f"{name}.py"]
    if folder.is_dir():
        files = sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    whole = sha256()
    for path in files:
        whole.update(f"{path.relative_to(base).as_posix()} {digest(path)}\n".encode())
    return whole.hexdigest()


class _Facts(FileChangedChecker):
    """Tells doit what facts are now, in place of the state of files."""

    def __init__(self) -> None:
        self.now: Mapping[str, str] = {}

    def info(self, name: str) -> str:
        return self.now[name]

    def check_modified(self, name: str, info: str, state: str) -> bool:
        return info != state

    def get_state(self, name: str, current_state: str | None) -> str:
        return self.now[name]


class _Whole(JsonDB):
    """doit's store of JSON, written whole or not at all."""

    def dump(self) -> None:
        write_whole(Path(self.name), self.codec.encode(self._db))


class State:
    """What is known of the steps of one year: the facts and outputs of the last time each was done."""

    def __init__(self, project: Project, year: int) -> None:
        self.project, self.year = project, year
        self.path = project.root / WORK / f"{year}.json"
        if self.path.is_dir():
            what = "is a folder where the program keeps a file of its own"
            raise InputError.one(project.name(self.path), what, "Remove it")
        try:
            self._open()
            known = self._doit.backend._db
            whole = isinstance(known, dict) and all(isinstance(entry, dict) for entry in known.values())
        except DatabaseException:
            whole = False
        if not whole:  # somebody has edited it: then nothing is known, and everything is run
            self.path.unlink()
            self._open()

    def _open(self) -> None:
        self._doit = Dependency(_Whole, str(self.path), checker_cls=_Facts)

    @property
    def steps(self) -> list[str]:
        """The names of the steps that have been done."""
        return [name for name in self._doit.backend._db if name != _NOTES]

    def outputs(self, step: str) -> Outputs:
        """Return the outputs of a step; none where it has not been done."""
        return dict(self._doit.get_values(step).get("outputs", {}))

    def facts(self, step: str) -> dict[str, str]:
        """Return the facts that a step was made of."""
        known = self._doit.backend._db.get(step, {})
        return {name: known[name] for name in known.get("deps:", ())}

    def why(self, step: Step, facts: Mapping[str, str]) -> list[str]:
        """Return why a step is out of date; nothing where it is fresh.

        Parameters
        ----------
        step : Step
            The step.
        facts : mapping of str to str
            What decides it now, from `facts_of`.
        """
        if step.name not in self._doit.backend._db:
            return ["has not been run"]
        self._doit.checker.now = facts
        task = Task(step.name, None, file_dep=sorted(facts))
        reasons = self._doit.get_status(task, {}, get_log=True).reasons
        changed = [f"{name} changed" for name in sorted(reasons.get("changed_file_dep", []))]
        added = set(reasons.get("added_file_dep", []))
        changed = [line for line in changed if line.removesuffix(" changed") not in added]
        changed += [f"{name} is new" for name in sorted(added)]
        changed += [f"{name} is gone" for name in reasons.get("removed_file_dep", [])]
        return changed + [f"{name} {how}" for name, how in self._touched(step.name)]

    def _touched(self, step: str) -> list[tuple[str, str]]:
        """Return the outputs that are no longer as the step wrote them, and what happened to them."""
        found = []
        for name, (known, size, time) in self.outputs(step).items():
            path = self.project.root / name
            try:
                stat = path.stat()
            except OSError:
                found.append((name, "is missing"))
                continue
            if (stat.st_size, stat.st_mtime_ns) != (size, time) and digest(path) != known:
                found.append((name, "was changed by somebody else"))
        return found

    def seconds(self, step: str) -> float:
        """Return how long a step took when it was last done; 0 where that is not known."""
        return float(self._doit.get_values(step).get("seconds", 0.0))

    def record(self, name: str, facts: Mapping[str, str], outputs: Outputs, seconds: float) -> None:
        """Remember that a step was done: from which facts, with which outputs, and how long it took."""
        self._doit.remove(name)
        self._doit.checker.now = facts
        task = Task(name, None, file_dep=sorted(facts))
        task.values = {"outputs": outputs, "seconds": round(seconds, 3)}
        self._doit.save_success(task)
        self._doit.backend.dump()

    def drop(self, name: str) -> None:
        """Forget a step that is no longer made."""
        self._doit.remove(name)
        self._doit.backend.dump()

    def note(self, key: str, value: Any = None) -> Any:
        """Return what was noted under a key; with a value, note that."""
        if value is None:
            return self._doit.backend.get(_NOTES, key)
        self._doit.backend.set(_NOTES, key, value)
        self._doit.backend.dump()
        return value


_NOTES = "notes"


def facts_of(step: Step, digests: Digests, states: Mapping[int, State]) -> dict[str, str]:
    """Return everything that decides what a step makes.

    Parameters
    ----------
    step : Step
        The step.
    digests : Digests
        The hashes of files.
    states : mapping of int to State
        What is known of its year and of those whose results it reads.
    """
    code, text = digests.notebook(step.notebook)
    facts = {
        f"notebooks/{step.notebook}.ipynb": code,
        f"{TEXT}notebooks/{step.notebook}.ipynb": text,
        "parameters": json.dumps(step.parameters, sort_keys=True),
        "requirements.lock or Python": digests.versions,
    }
    if not step.appendix:
        facts["SOURCE_DATE_EPOCH"] = os.environ.get("SOURCE_DATE_EPOCH", MISSING)
    facts |= {name: digests.of(name) for name in step.decides}
    facts |= {f"src/analysis/{room}": digests.room(room) for room in step.rooms}
    for name, (known, *_) in inputs_of(step, states).items():
        facts[name] = known
    return facts


def inputs_of(step: Step, states: Mapping[int, State]) -> Outputs:
    """Return the outputs of earlier steps that a step reads; their executed notebooks are for people."""
    return {
        name: known
        for upstream, folder in step.after
        for name, known in states[int(upstream.split()[0])].outputs(upstream).items()
        if name.startswith(folder) and not name.startswith(f"data/processed/{upstream.split()[0]}/notebooks/")
    }


def only_text(reasons: Iterable[str]) -> bool:
    """Return whether nothing but the Markdown of the notebook has changed."""
    lines = list(reasons)
    return bool(lines) and all(line.startswith(TEXT) and line.endswith(" changed") for line in lines)


def measured(project: Project, folder: Path, names: Iterable[str]) -> Outputs:
    """Return the outputs that lie in a folder as `State` remembers them."""
    found: Outputs = {}
    for name in names:
        path = folder / name
        stat = path.stat()
        found[name] = [digest(path), stat.st_size, stat.st_mtime_ns]
    return found
