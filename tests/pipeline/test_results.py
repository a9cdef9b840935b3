"""The released tables that tell how a survey was made: who answered how much, when, and from which files."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

from analysis.intake.ledger import COLUMNS as LEDGER_COLUMNS
from analysis.pipeline.inputs import Inputs, read_inputs
from analysis.pipeline.results import PROGRAMS, Processed, quality_tables
from analysis.privacy.release import DESCRIBES
from analysis.project import Project

HOME = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return read_inputs(Project.find(HOME), 2023)


def processed(submitted: list[tuple[str, str, str]]) -> Processed:
    """Return processed data with these submissions (unit, status, time), and no answers."""
    submissions = pd.DataFrame(submitted, columns=["unit_id", "status", "submitted"])
    submissions["submitted"] = pd.to_datetime(submissions["submitted"])
    return Processed(
        submissions,
        pd.DataFrame({"unit_id": pd.Series(dtype="str")}),
        pd.DataFrame(columns=list(LEDGER_COLUMNS), dtype="str"),
        pd.DataFrame({"kind": []}),
        {"raw_cells": 0, "answers_cells": 0, "ledger_cells": 0, "unaccounted": 0},
        pd.DataFrame(),
        pd.DataFrame(),
    )


def people(inputs: Inputs) -> Inputs:
    """Return inputs of a survey that people answer."""
    survey = inputs.survey.model_copy(update={"respondents": "people"})
    return Inputs(survey, inputs.register, inputs.invited.head(0), inputs.decisions, inputs.approvals)


FIVE = [
    ("", status, f"2023-10-0{day} 10:00")
    for day, status in enumerate(["complete"] * 4 + ["partial"], start=2)
]


def days(inputs: Inputs, submitted: list[tuple[str, str, str]]) -> dict[str, str]:
    frame = quality_tables(processed(submitted), inputs, Project.find(HOME))["timeline"].frame
    return dict(zip(frame["what"], frame["day"], strict=True))


def test_the_days_of_a_survey_of_people_are_told_only_of_enough(inputs: Inputs) -> None:
    assert days(people(inputs), [*FIVE, ("", "superseded", "2023-09-01 08:00")]) == {
        "first_answer": "2023-10-02", "last_answer": "2023-10-06",
    }  # fmt: skip
    assert days(people(inputs), FIVE[:4]) == {}


def test_which_sections_a_person_answered_is_not_told(inputs: Inputs) -> None:
    tables = quality_tables(processed(FIVE), people(inputs), Project.find(HOME))
    assert "unit_sections" not in tables
    assert len(tables["submissions"].frame) == 2


def test_the_inputs_are_told_by_their_hashes_and_the_programs_by_their_versions(inputs: Inputs) -> None:
    released = quality_tables(processed(FIVE), people(inputs), Project.find(HOME))["provenance"]
    assert released.rule == DESCRIBES
    told = {
        kind: dict(zip(part["name"], part["value"], strict=True))
        for kind, part in released.frame.groupby("kind")
    }
    names = ["enkat-2023.csv", "survey.yaml", "invited.csv", "decisions.csv", "approvals.csv"]
    expected = [f"data/raw/2023/{name}" for name in names] + [
        "data/reference/units.csv",
        "data/reference/themes.yaml",
    ]
    assert list(told["input"]) == expected
    for name, digest in told["input"].items():
        assert hashlib.sha256((HOME / name).read_bytes()).hexdigest() == digest
    assert told["package"] == {name: version(name) for name in PROGRAMS}
