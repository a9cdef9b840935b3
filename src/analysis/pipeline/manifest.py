"""What a year's outputs were made of, how the run went, and whether the outputs are still what was made."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis.pipeline.freshness import MISSING, TEXT, State
from analysis.pipeline.stage import WORK, digest, write_whole
from analysis.pipeline.steps import years_before
from analysis.problems import InputError
from analysis.project import Project

PACKAGES = (
    "analysis",
    "gptables",
    "matplotlib",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "pikepdf",
    "pyarrow",
    "python-docx",
    "typst",
)
"""Packages whose version can change what an output looks like; every other one is pinned in requirements.lock."""

ABOUT = ("manifest.json", "run.json")
"""Files beside the outputs that tell of them."""


def manifest_path(project: Project, year: int) -> Path:
    """Return where a year's manifest lies."""
    return project.outputs(year) / "manifest.json"


def write_manifest(project: Project, year: int, state: State) -> None:
    """Write ``manifest.json``: each step with its notebook, parameters, inputs and outputs, and the versions.

    It is the same for the same inputs, whenever and wherever it is written. What lies in ``data/processed`` is not
    named: it is nobody's outside.
    """
    steps = []
    for name in sorted(state.steps):
        facts = state.facts(name)
        outputs = {path: known for path, (known, *_) in sorted(state.outputs(name).items())}
        steps.append(
            {
                "step": name,
                "notebook": next(fact for fact in facts if fact.startswith("notebooks/")),
                "parameters": json.loads(facts["parameters"]),
                "inputs": {
                    fact: known
                    for fact, known in sorted(facts.items())
                    if fact not in ("parameters", "SOURCE_DATE_EPOCH")
                    and not fact.startswith((TEXT, "data/processed/"))
                    and known != MISSING
                },
                "outputs": {path: known for path, known in outputs.items() if path.startswith("outputs/")},
            }
        )
    data = {"year": year, "versions": {name: version(name) for name in PACKAGES}, "steps": steps}
    _write(manifest_path(project, year), data)


def write_run(
    project: Project,
    year: int,
    *,
    began: dt.datetime,
    seconds: float,
    engine: str,
    code: int,
    steps: dict[str, dict[str, Any]],
) -> None:
    """Write ``run.json``: when the last run was, from which commit, with which engine, and what each step took."""
    commit, clean = _commit(project.home)
    data = {
        "year": year,
        "began": began.isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "exit_code": code,
        "engine": engine,
        "commit": commit,
        "clean": clean,
        "steps": steps,
    }
    _write(manifest_path(project, year).with_name("run.json"), data)


def _write(path: Path, data: dict[str, Any]) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_whole(path, text)


def _commit(home: Path) -> tuple[str | None, bool | None]:
    """Return the commit of the project and whether nothing was changed since; None where git does not know."""
    answers = []
    for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"]):
        try:
            said = subprocess.run(
                ["git", *words], cwd=home, capture_output=True, text=True, timeout=20, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return None, None
        answers.append(said.stdout.strip())
    return answers[0], not answers[1]


def read_manifest(project: Project, year: int) -> dict[str, Any]:
    """Return a year's manifest.

    Raises
    ------
    InputError
        If there is none, or it is not one.
    """
    path = manifest_path(project, year)
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for step in data["steps"]:
            dict(step["outputs"])
    except FileNotFoundError:
        what, do = "there is no manifest", f"Run the year first: `analysis run {year}`"
        raise InputError.one(project.name(path), what, do) from None
    except (ValueError, KeyError, TypeError):
        what, do = "is not a manifest of this program", f"Write it anew: `analysis run {year} --force`"
        raise InputError.one(project.name(path), what, do) from None
    return data


def verify(project: Project, year: int) -> list[str]:
    """Return how the outputs of a year differ from its manifest; nothing where they do not."""
    from analysis.pipeline.run import recover_alone

    recover_alone(project, [year])
    known = {
        name: was for step in read_manifest(project, year)["steps"] for name, was in step["outputs"].items()
    }
    found = []
    for name, was in sorted(known.items()):
        path = project.root / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif digest(path) != was:
            found.append(f"{name} is not what was made")
    about = {manifest_path(project, year).with_name(name) for name in ABOUT}
    for path in sorted(p for p in project.outputs(year).rglob("*") if p.is_file() and p not in about):
        if project.name(path) not in known:
            found.append(f"{project.name(path)} was made by nobody")
    return found


def copy_raw(project: Project, year: int, root: Path) -> Project:
    """Copy what was handed in for a year, and for those it is compared with, to a new root."""
    for folder in [*map(project.raw, [*years_before(project, year), year])]:
        shutil.copytree(folder, root / "data" / "raw" / folder.name)
    own = project.root / "data" / "reference"
    if project.root != project.home and own.is_dir():
        shutil.copytree(own, root / "data" / "reference")
    return Project(project.home, root)


def differences(project: Project, year: int, again: Project) -> list[str]:
    """Return which files of two projects' outputs of a year differ by a byte."""
    about = {f"outputs/{year}/run.json"}
    folders = [p.outputs(year) for p in (project, again)]
    names = {
        p.relative_to(f.parents[1]).as_posix() for f in folders for p in f.rglob("*") if p.is_file()
    } - about
    found = []
    for name in sorted(names):
        first, second = project.root / name, again.root / name
        if not first.is_file() or not second.is_file():
            found.append(f"{name} is made by only one of the two runs")
        elif digest(first) != digest(second):
            found.append(f"{name} differs")
    return found


def temporary_root(project: Project, year: int) -> tempfile.TemporaryDirectory[str]:
    """Return a folder for a run beside the project's own, on the same disk."""
    (project.root / WORK).mkdir(exist_ok=True)
    return tempfile.TemporaryDirectory(dir=project.root / WORK, prefix=f"again-{year}-")
