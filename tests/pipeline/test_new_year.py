"""A new year from an export: what is drafted, and what a draft must not claim."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from analysis.pipeline.new_year import add_year
from analysis.problems import InputError
from analysis.project import Project


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "svar.csv"
    path.write_text("Svarsid;Plan?;Varför?\n1;Ja;För att det behövs\n", encoding="utf-8")
    return path


def test_the_day_of_the_export_is_not_that_of_the_file(
    project_copy: Callable[..., Path], home: Path, export: Path
) -> None:
    added = add_year(Project(home, project_copy()), 2024, export)
    survey = next(p for p in added.files if p.name == "survey.yaml")
    assert "exported" not in yaml.safe_load(survey.read_text(encoding="utf-8"))["source"]
    assert added.summary == "table, 1 submission, 2 questions, people answer"


def test_a_sheet_of_a_file_without_sheets_leaves_nothing(
    project_copy: Callable[..., Path], home: Path, export: Path
) -> None:
    project = Project(home, project_copy())
    with pytest.raises(InputError, match="the file has no sheets"):
        add_year(project, 2024, export, sheet="Svar")
    assert not project.raw(2024).exists()
