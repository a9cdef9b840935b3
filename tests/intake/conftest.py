"""Small exports for the tests of this room: rows of text in, a table or cleaned answers out."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.intake.cells import from_rows
from analysis.intake.clean import Cleaned, clean
from analysis.intake.decode import Grid, decode
from analysis.intake.dialects import Table, find_table
from analysis.intake.replay import replay
from analysis.intake.review import Decision
from analysis.survey.units import Register

ROOT = Path(__file__).parents[2]
Rows = Sequence[Sequence[str]]


@pytest.fixture(scope="session")
def register() -> Register:
    return Register.read(ROOT / "data" / "reference" / "units.csv")


@pytest.fixture(scope="session")
def to_table() -> Callable[..., Table]:
    def to_table(rows: Rows, dialect: str = "table") -> Table:
        return find_table(Grid("x.csv", "0" * 64, from_rows(rows)), "x.csv", dialect=dialect)

    return to_table


@pytest.fixture(scope="session")
def run_clean(to_table, to_survey, register) -> Callable[..., Cleaned]:
    """Clean rows of text; each question's text and column is its id unless given."""

    def run_clean(
        rows: Rows,
        questions: Sequence[Mapping[str, Any]],
        *,
        decisions: Mapping[str, str] | None = None,
        dialect: str = "table",
        **more: Any,
    ) -> Cleaned:
        people = {i: Decision(i, d, "K. Utredare", "2021-11-01", "") for i, d in (decisions or {}).items()}
        survey = to_survey(questions, **more)
        return clean(to_table(rows, dialect), survey, name="survey.yaml", register=register, decisions=people)

    return run_clean


@pytest.fixture
def csv_clean(tmp_path: Path, to_survey, register) -> Callable[..., Cleaned]:
    """Clean a file of comma-separated records, which may be of different widths."""

    def csv_clean(
        rows: Rows, questions: Sequence[Mapping[str, Any]], *, decisions: Mapping[str, str] | None = None
    ) -> Cleaned:
        path = tmp_path / "x.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        people = {i: Decision(i, d, "K. Utredare", "2021-11-01", "") for i, d in (decisions or {}).items()}
        table = find_table(decode(path, path.name), path.name, dialect="table")
        survey = to_survey(questions)
        cleaned = clean(table, survey, name="survey.yaml", register=register, decisions=people)
        pd.testing.assert_frame_equal(replay(table, survey, cleaned.ledger, register), cleaned.answers)
        return cleaned

    return csv_clean
