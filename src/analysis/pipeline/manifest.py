"""What a year's outputs were made of: the same for the same inputs, whenever and wherever it is written."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis.intake.contracts import write_json
from analysis.pipeline.inputs import input_files, sha256
from analysis.pipeline.steps import Step
from analysis.project import Project

PACKAGES = (
    "analysis",
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
"""Packages whose version can change what an output looks like."""


def manifest_path(project: Project, year: int) -> Path:
    """Return where a year's manifest lies."""
    return project.outputs(year) / "manifest.json"


def write_manifest(project: Project, year: int, steps: list[Step]) -> None:
    """Write ``manifest.json``: inputs and outputs with their hashes, notebooks with parameters, versions."""
    outputs = project.outputs(year)
    made = sorted(p for p in outputs.rglob("*") if p.is_file() and p.name != "manifest.json")
    data: dict[str, Any] = {
        "year": year,
        "inputs": _hashes(project, input_files(project, year)),
        "steps": [
            {
                "notebook": s.notebook,
                "sha256": sha256(project.notebook(s.notebook)),
                "parameters": s.parameters,
            }
            for s in steps
        ],
        "versions": {name: version(name) for name in PACKAGES},
        "outputs": _hashes(project, made),
    }
    write_json(data, manifest_path(project, year))


def _hashes(project: Project, files: list[Path]) -> dict[str, str]:
    return {project.name(p): sha256(p) for p in files}


def inputs_changed(project: Project, year: int) -> bool:
    """Return whether a year has never been run, or its inputs are not those that its manifest names."""
    path = manifest_path(project, year)
    if not path.is_file() or not (project.results(year) / "survey.json").is_file():
        return True
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["inputs"]
    except (ValueError, KeyError, TypeError):  # somebody has changed it: the year is run again
        return True
    return bool(known != _hashes(project, input_files(project, year)))
