"""The manifest: the same for the same inputs, and the measure of whether a year must be run again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.pipeline.manifest import PACKAGES, inputs_changed, manifest_path, write_manifest
from analysis.pipeline.steps import analysis_steps
from analysis.project import Project


@pytest.fixture
def project(project_copy: Callable[..., Path], home: Path) -> Project:
    """Return a project in which 2021 has been published, after a fashion."""
    made = Project(home, project_copy(2021))
    for name in ("bilaga-1-resultat.html", "results/survey.json", "forvaltningar/bromma.pdf"):
        path = made.outputs(2021) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    write_manifest(made, 2021, analysis_steps(2021, compare=False))
    return made


def test_it_names_inputs_outputs_notebooks_and_versions(project: Project, home: Path) -> None:
    data = json.loads(manifest_path(project, 2021).read_text(encoding="utf-8"))
    assert list(data) == ["year", "inputs", "steps", "versions", "outputs"]
    names = ["approvals.csv", "decisions.csv", "enkat-2021.xlsx", "invited.csv", "survey.yaml"]
    reference = ["data/reference/units.csv", "data/reference/themes.yaml"]
    assert list(data["inputs"]) == [f"data/raw/2021/{name}" for name in names] + reference
    assert sorted(data["outputs"]) == [
        "outputs/2021/bilaga-1-resultat.html",
        "outputs/2021/forvaltningar/bromma.pdf",
        "outputs/2021/results/survey.json",
    ]
    digest = hashlib.sha256(b"bilaga-1-resultat.html").hexdigest()
    assert data["outputs"]["outputs/2021/bilaga-1-resultat.html"] == digest
    assert [step["notebook"] for step in data["steps"]] == ["1_clean", "2_code", "3_analyse"]
    own = hashlib.sha256((home / "notebooks" / "1_clean.ipynb").read_bytes()).hexdigest()
    assert data["steps"][0]["sha256"] == own
    assert data["steps"][0]["parameters"] == {"year": 2021, "root": "."}
    assert set(data["versions"]) == set(PACKAGES)


def test_writing_it_again_changes_no_byte(project: Project) -> None:
    before = manifest_path(project, 2021).read_bytes()
    write_manifest(project, 2021, analysis_steps(2021, compare=False))
    assert manifest_path(project, 2021).read_bytes() == before


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


CHANGES: dict[str, Callable[[Project], object]] = {
    "the export": lambda p: append(p.raw(2021) / "enkat-2021.xlsx"),
    "the survey": lambda p: append(p.survey(2021)),
    "an approval": lambda p: append(p.approvals(2021)),
    "a new file": lambda p: append_to_new(p.raw(2021) / "coding" / "a.csv"),
    "a file less": lambda p: p.decisions(2021).unlink(),
    "a register of its own": lambda p: append_to_new(p.root / "data" / "reference" / "units.csv"),
    "no manifest": lambda p: manifest_path(p, 2021).unlink(),
    "a broken manifest": lambda p: manifest_path(p, 2021).write_text("{", encoding="utf-8"),
    "another manifest": lambda p: manifest_path(p, 2021).write_text("[]", encoding="utf-8"),
    "no results": lambda p: (p.results(2021) / "survey.json").unlink(),
}


def append_to_new(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(project: Project, change: Callable[[Project], object]) -> None:
    assert not inputs_changed(project, 2021)
    change(project)
    assert inputs_changed(project, 2021)


def test_what_does_not_matter_is_not_seen(project: Project) -> None:
    append_to_new(project.raw(2021) / ".DS_Store")
    (project.outputs(2021) / "bilaga-1-resultat.html").write_text("other", encoding="utf-8")
    assert not inputs_changed(project, 2021)
