from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.measures.years import CROSSWALK_COLUMNS, compare_counts, crosswalk, geography, unit_history
from analysis.problems import InputError
from analysis.survey.instrument import Survey
from analysis.survey.units import Register

REGISTER = Register.read(Path(__file__).parents[2] / "data" / "reference" / "units.csv")
OPTIONS = [{"id": "ja", "label": "Ja"}, {"id": "nej", "label": "Nej"}]


def survey(year: int, *questions: dict[str, Any]) -> Survey:
    return Survey.model_validate(
        {
            "title": "Enkät",
            "year": year,
            "period": {"start": f"{year}-01-01", "end": f"{year}-10-01"},
            "responsible": {"publisher": "Staden"},
            "source": {"file": "x.csv"},
            "respondents": "people",
            "sections": [{"id": "a", "title": "A", "kind": "topic", "confirmed": True}],
            "questions": [{"text": q["id"].capitalize(), "section": "a"} | q for q in questions],
        }
    )


def single(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": "single", "options": OPTIONS} | more


def was(question: str, status: str = "same", year: int = 2022) -> dict[str, Any]:
    return {"earlier": [{"year": year, "question": question, "status": status}]}


def walked(newer: Survey, older: Survey) -> list[tuple[str, str, str]]:
    frame = crosswalk(newer, older)
    assert tuple(frame.columns) == CROSSWALK_COLUMNS
    assert set(frame["year"]) == {newer.year}
    assert set(frame["earlier_year"]) == {older.year}
    return list(frame[["question", "earlier_question", "status"]].itertuples(index=False, name=None))


# --- crosswalk ---


def test_a_question_is_the_same_where_all_that_was_asked_is() -> None:
    grid = {"items": [{"id": "x", "text": "X", "column": "x"}]}
    older = survey(2022, single("plan", text="Har ni  en plan?"), single("hur", **grid))
    newer = survey(2023, single("plan", text="Har ni en plan?", column="q7"), single("hur", **grid))
    assert walked(newer, older) == [("plan", "plan", "same"), ("hur", "hur", "same")]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Finns en plan?"},
        {"kind": "scale"},
        {"options": [*OPTIONS, {"id": "delvis", "label": "Delvis"}]},
        {"options": OPTIONS[::-1]},
        {"options": [OPTIONS[0], {"id": "nej", "label": "Nej", "means": "not_relevant"}]},
        {"items": [{"id": "x", "text": "X", "column": "x"}]},
    ],
    ids=["wording", "kind", "an option more", "another order", "another meaning", "a grid"],
)
def test_anything_that_differs_must_be_declared(change: dict[str, Any]) -> None:
    assert walked(survey(2023, single("plan", **change)), survey(2022, single("plan"))) == [
        ("plan", "plan", "undeclared")
    ]


def test_new_dropped_and_declared_questions() -> None:
    older = survey(2022, single("plan"), single("gammal"), single("borta"), single("skala"))
    newer = survey(
        2023,
        single("ny"),
        single("plan", text="Finns en plan?", **was("plan", "reworded")),
        single("modern", **was("gammal")),
        single("skala", kind="scale", **was("skala", "new_scale")),
    )
    assert walked(newer, older) == [
        ("ny", "", "new"),
        ("plan", "plan", "reworded"),
        ("modern", "gammal", "same"),
        ("skala", "skala", "new_scale"),
        ("", "borta", "dropped"),
    ]


def test_a_declaration_holds_for_its_own_year_only() -> None:
    newer = survey(2023, single("modern", **was("gammal", year=2021)))
    assert walked(newer, survey(2022, single("gammal"))) == [("modern", "", "new"), ("", "gammal", "dropped")]
    assert walked(newer, survey(2021, single("gammal"))) == [("modern", "gammal", "same")]


def test_what_cannot_be_compared_is_not_the_same_whatever_is_declared() -> None:
    newer = survey(2023, single("plan", options=OPTIONS[:1], **was("plan")))
    assert walked(newer, survey(2022, single("plan"))) == [("plan", "plan", "undeclared")]


def test_an_id_that_another_question_took_over_is_new() -> None:
    newer = survey(2023, single("plan", text="Annat"), single("modern", text="Plan", **was("plan")))
    assert walked(newer, survey(2022, single("plan"))) == [("plan", "", "new"), ("modern", "plan", "same")]


def test_a_question_may_be_split_but_not_be_the_same_twice() -> None:
    older = survey(2022, single("plan"))
    split = [single("a", **was("plan", "reworded")), single("b", **was("plan", "reworded"))]
    assert walked(survey(2023, *split), older) == [("a", "plan", "reworded"), ("b", "plan", "reworded")]
    twice = survey(2023, single("a", **was("plan")), single("b", **was("plan")), single("c", **was("plna")))
    with pytest.raises(InputError) as caught:
        crosswalk(twice, older)
    assert [str(p) for p in caught.value.problems] == [
        "data/raw/2023/survey.yaml, column 'earlier': 2022 had no question 'plna'. "
        "Use an id of the survey of 2022.",
        "data/raw/2023/survey.yaml, column 'earlier': 2 questions are declared to be the same as 'plan' of 2022. "
        "Keep one of them.",
    ]


# --- compare_counts ---


def counts(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["question", "item", "group", "n"]).assign(
        question_text=lambda f: f["question"].str.upper()
    )


def test_only_questions_that_are_the_same_stand_side_by_side() -> None:
    older = survey(2022, single("plan"), single("gammal"), single("borta"), single("ord"))
    newer = survey(
        2023, single("plan"), single("modern", **was("gammal")), single("ord", text="Annat"), single("ny")
    )
    frame = compare_counts(
        {
            2023: counts(*[(q, "", "alla", 1) for q in ("plan", "modern", "ord", "ny")]),
            2022: counts(*[(q, "", "alla", 2) for q in ("plan", "gammal", "ord", "borta")]),
        },
        {2022: crosswalk(newer, older)},
    )
    assert frame[["question", "question_text", "year", "n"]].values.tolist() == [
        ["plan", "PLAN", 2022, 2],
        ["plan", "PLAN", 2023, 1],
        ["modern", "MODERN", 2022, 2],
        ["modern", "MODERN", 2023, 1],
    ]


def test_a_question_that_is_the_same_in_one_earlier_year_only() -> None:
    newer = survey(2023, single("plan"))
    walks = {
        2021: crosswalk(newer, survey(2021, single("plan", text="Annat"))),
        2022: crosswalk(newer, survey(2022, single("plan"))),
    }
    three = {year: counts(("plan", "", "alla", year)) for year in (2021, 2022, 2023)}
    assert compare_counts(three, walks)["n"].tolist() == [2022, 2023]


def test_nothing_is_the_same() -> None:
    walk = crosswalk(survey(2023, single("ny")), survey(2022, single("plan")))
    both = {2023: counts(("ny", "", "alla", 1)), 2022: counts(("plan", "", "alla", 2))}
    assert compare_counts(both, {2022: walk}).empty
    assert compare_counts({2023: both[2023]}, {}).empty


# --- geography and history ---


def test_units_of_the_older_geography_belong_to_the_newer() -> None:
    units = pd.DataFrame(
        [(2021, "norrmalm"), (2021, "ostermalm"), (2022, "rinkeby-kista"), (2022, "bromma"), (2023, "jarva")],
        columns=["year", "unit_id"],
    )
    frame = geography(units, REGISTER, date(2023, 10, 1))
    assert frame["newest_unit_id"].tolist() == [
        "norra-innerstaden", "norra-innerstaden", "jarva", "bromma", "jarva",
    ]  # fmt: skip
    assert list(units.columns) == ["year", "unit_id"]


def test_what_a_unit_and_those_it_took_over_from_answered() -> None:
    several, number = {"kind": "multiple", "options": OPTIONS}, {"kind": "number"}
    grid = {"items": [{"id": "x", "text": "X", "column": "x"}]}
    older = survey(
        2022,
        single("gammal"),
        {"id": "vilka"} | several,
        {"id": "antal"} | number,
        single("ord"),
        single("hur", **grid),
    )
    newer = survey(
        2023, {"id": "vilka"} | several, single("modern", **was("gammal")), {"id": "antal"} | number,
        single("ord", text="Annat"), single("hur", **grid),
    )  # fmt: skip
    rows = [
        ("norrmalm", "gammal", "", "ja", "Ja", None, False),
        ("norrmalm", "vilka", "ja", "ja", "Skola", None, False),
        ("norrmalm", "vilka", "nej", "nej", "Polis", None, False),
        ("norrmalm", "antal", "", "answered", "", 1.5, False),
        ("norrmalm", "ord", "", "ja", "Ja", None, False),
        ("norrmalm", "hur", "x", "ja", "Ja", None, False),
        ("ostermalm", "gammal", "", "nej", "Nej", None, False),
        ("ostermalm", "antal", "", "answered", "", 3.0, True),
        ("bromma", "gammal", "", "_dont_know", "Vet ej", None, False),
        ("bromma", "antal", "", "answered", "", 20.0, False),
    ]
    answers = pd.DataFrame(
        rows, columns=["unit_id", "question", "item", "value", "label", "number", "suppressed"]
    ).astype({"number": "Float64"})
    units = pd.DataFrame({"year": 2022, "unit_id": ["norrmalm", "ostermalm", "bromma"]})
    belong = geography(units, REGISTER, date(2023, 10, 1))
    frame = unit_history({2022: answers}, {2022: crosswalk(newer, older)}, belong)
    assert list(frame.columns) == [
        "newest_unit_id",
        "year",
        "unit_id",
        "question",
        "value",
        "label",
        "number",
    ]
    told = frame.astype("object").where(frame.notna(), None).itertuples(index=False, name=None)
    # Old units stand side by side with the reason where there is no answer; what is hidden and grids are left out.
    assert sorted(told, key=str) == [
        ("bromma", 2022, "bromma", "antal", "answered", "", 20.0),
        ("bromma", 2022, "bromma", "modern", "_dont_know", "Vet ej", None),
        ("norra-innerstaden", 2022, "norrmalm", "antal", "answered", "", 1.5),
        ("norra-innerstaden", 2022, "norrmalm", "modern", "ja", "Ja", None),
        ("norra-innerstaden", 2022, "norrmalm", "vilka", "ja; nej", "Skola; Polis", None),
        ("norra-innerstaden", 2022, "ostermalm", "modern", "nej", "Nej", None),
    ]
    assert unit_history({}, {}, belong).empty
