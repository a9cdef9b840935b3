from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.intake.answers import STATUS
from analysis.intake.contracts import RESPONSE, check
from analysis.measures.counts import question_status
from analysis.measures.response import (
    answered_items,
    asked_items,
    item_nonresponse,
    response_by_section,
    response_by_unit,
)
from analysis.survey.instrument import MISSING_KINDS, Survey
from analysis.survey.units import Register

REGISTER = Register.read(Path(__file__).parents[2] / "data" / "reference" / "units.csv")
OPTIONS = [{"id": "ja", "label": "Ja"}, {"id": "nej", "label": "Nej"}]
SURVEY = Survey.model_validate(
    {
        "title": "Enkät",
        "year": 2021,
        "period": {"start": "2021-01-01", "end": "2021-10-01"},
        "responsible": {"publisher": "Staden"},
        "source": {"file": "x.csv"},
        "respondents": "units",
        "sections": [{"id": "a", "title": "A", "kind": "topic", "confirmed": True}],
        "questions": [
            {"id": "enhet", "text": "Enhet", "section": "a", "kind": "unit"},
            {"id": "plan", "text": "Plan", "section": "a", "kind": "single", "options": OPTIONS},
            {"id": "vilka", "text": "Vilka", "section": "a", "kind": "multiple", "options": OPTIONS},
            {
                "id": "hur", "text": "Hur", "section": "a", "kind": "scale", "options": OPTIONS,
                "items": [{"id": "a", "text": "A", "column": "ha"}, {"id": "b", "text": "B", "column": "hb"}],
            },
            {"id": "antal", "text": "Antal", "section": "a", "kind": "number"},
        ],
    }
)  # fmt: skip
COLUMNS = ["plan", "vilka[ja]", "vilka[nej]", "hur[a]", "hur[b]", "antal#status"]


def table(*rows: list[str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["unit_id", *COLUMNS])
    for column in COLUMNS:
        question = SURVEY.question(column.split("[")[0].split("#")[0])
        categories = list(STATUS) if "#" in column else list(question.labels())
        assert set(frame[column]) <= set(categories)
        frame[column] = pd.Categorical(frame[column], categories=categories)
    return frame.astype({"unit_id": "str"}).assign(antal=pd.NA)


ANSWERS = table(
    ["bromma", "ja", "chosen", "not_chosen", "ja", "nej", "answered"],
    ["farsta", "_dont_know", "_not_answered", "_not_answered", "_lost", "_not_relevant", "_dont_know"],
    [
        "kulturforvaltningen",
        "_not_answered",
        "not_chosen",
        "_under_review",
        "_not_shown",
        "ja",
        "_under_review",
    ],
)
SUBMISSIONS = pd.DataFrame(
    [
        ["bromma", "superseded"], ["bromma", "complete"], ["farsta", "partial"], ["skarpnack", "empty"],
        ["kulturforvaltningen", "complete"], [None, "complete"], [None, "quarantined"],
    ],
    columns=["unit_id", "status"],
)  # fmt: skip
INVITED = pd.DataFrame({"unit_id": ["farsta", "bromma", "skarpnack", "sodermalm"]})


def test_a_multiple_question_and_each_row_of_a_grid_are_one_item() -> None:
    assert asked_items(SURVEY) == 5


def test_dont_know_is_an_answer_and_nothing_is_none() -> None:
    assert answered_items(ANSWERS, SURVEY).tolist() == [5, 3, 3]


def test_the_status_of_a_multiple_question_is_that_of_all_its_options() -> None:
    question = SURVEY.question("vilka")
    frame = table(
        *[
            ["bromma", "ja", ja, nej, "ja", "ja", "answered"]
            for ja, nej in (
                ("chosen", "not_chosen"),
                ("_not_answered", "chosen"),
                ("not_chosen", "not_chosen"),
                ("_not_relevant", "_not_relevant"),
                ("chosen", "_under_review"),
            )
        ]
    )
    assert question_status(frame, question)["vilka[ja]"].tolist() == [
        "answered", "answered", "answered", "_not_relevant", "_under_review",
    ]  # fmt: skip


def test_response_of_each_unit() -> None:
    frame = response_by_unit(INVITED, SUBMISSIONS, ANSWERS, SURVEY, REGISTER)
    check(frame, RESPONSE, "response.csv")
    columns = ["unit_id", "kind", "invited", "status", "answered_items", "asked_items"]
    assert frame[columns].values.tolist() == [
        ["farsta", "district", True, "partial", 3, 5],
        ["bromma", "district", True, "complete", 5, 5],
        ["skarpnack", "district", True, "empty", 0, 5],
        ["sodermalm", "district", True, "none", 0, 5],
        ["kulturforvaltningen", "specialist", False, "complete", 3, 5],
    ]
    assert frame["name"].tolist()[0] == "Farsta stadsdelsförvaltning"


def test_response_by_section_counts_what_each_unit_answered_of_each_section() -> None:
    sections = [
        {"id": i, "title": i.upper(), "kind": "topic", "confirmed": True} for i in ("b", "a", "empty")
    ]
    data = SURVEY.model_dump()
    moved = [{**q, "section": "b" if q["id"] in ("hur", "antal") else "a"} for q in data["questions"]]
    survey = Survey.model_validate({**data, "sections": sections, "questions": moved})
    response = response_by_unit(INVITED, SUBMISSIONS, ANSWERS, survey, REGISTER)
    frame = response_by_section(response, ANSWERS, survey)
    assert frame.values.tolist()[:4] == [
        ["farsta", "b", 2, 3], ["farsta", "a", 1, 2], ["bromma", "b", 3, 3], ["bromma", "a", 2, 2],
    ]  # fmt: skip
    assert frame.groupby("unit_id")["answered"].sum().to_dict() == dict(
        zip(response["unit_id"], response["answered_items"], strict=True)
    )
    assert response_by_section(response.head(0), ANSWERS, survey).empty


def test_nobody_invited_and_nobody_answered() -> None:
    frame = response_by_unit(INVITED.head(0), SUBMISSIONS.head(0), ANSWERS.head(0), SURVEY, REGISTER)
    check(frame, RESPONSE, "response.csv")
    assert frame.empty


def test_item_nonresponse_counts_every_submission_once() -> None:
    frame = item_nonresponse(ANSWERS, SURVEY)
    told = frame.set_index(["question", "item_text"])
    assert list(told.index) == [("plan", ""), ("vilka", ""), ("hur", "A"), ("hur", "B"), ("antal", "")]
    expected = {
        ("plan", ""): {"answered": 1, "_dont_know": 1, "_not_answered": 1},
        ("vilka", ""): {"answered": 1, "_not_answered": 1, "_under_review": 1},
        ("hur", "A"): {"answered": 1, "_lost": 1, "_not_shown": 1},
        ("hur", "B"): {"answered": 2, "_not_relevant": 1},
        ("antal", ""): {"answered": 1, "_dont_know": 1, "_under_review": 1},
    }
    for key, counts in expected.items():
        row = told.loc[key, ["answered", *MISSING_KINDS]]
        assert row[row > 0].to_dict() == counts
    assert (frame[["answered", *MISSING_KINDS]].sum(axis=1) == frame["submissions"]).all()


@pytest.mark.parametrize("order", [[2, 1, 0], [1, 2, 0]])
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    shuffled = ANSWERS.iloc[order].reset_index(drop=True)
    pd.testing.assert_frame_equal(item_nonresponse(ANSWERS, SURVEY), item_nonresponse(shuffled, SURVEY))
    pd.testing.assert_frame_equal(
        response_by_unit(INVITED, SUBMISSIONS.iloc[::-1], shuffled, SURVEY, REGISTER),
        response_by_unit(INVITED, SUBMISSIONS, ANSWERS, SURVEY, REGISTER),
    )
