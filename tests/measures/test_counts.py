from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.answers import STATUS
from analysis.intake.ledger import short_id
from analysis.measures.counts import (
    COUNT_COLUMNS,
    NUMBER_COLUMNS,
    OUTSIDE_BASE,
    answers_by_unit,
    count_answers,
    free_texts,
    group_codes,
    item_texts,
    summarise_numbers,
)
from analysis.survey.instrument import Question, Survey

OPTIONS = [
    {"id": "ja", "label": "Ja"},
    {"id": "nej", "label": "Nej"},
    {"id": "vet_ej", "label": "Vet ej", "means": "dont_know"},
]
QUESTIONS: list[dict[str, Any]] = [
    {"id": "enhet", "kind": "unit"},
    {"id": "plan", "kind": "single", "options": OPTIONS},
    {
        "id": "hur",
        "kind": "scale",
        "options": [{"id": "daligt", "label": "Dåligt"}, {"id": "bra", "label": "Bra"}],
        "items": [
            {"id": "hem", "text": "Hemma", "column": "h"},
            {"id": "jobb", "text": "Jobb", "column": "j"},
        ],
    },
    {
        "id": "vilka",
        "kind": "multiple",
        "options": [
            {"id": "skola", "label": "Skola"},
            {"id": "polis", "label": "Polis"},
            {"id": "vet_ej", "label": "Vet ej", "means": "dont_know"},
        ],
    },
    {"id": "antal", "kind": "number"},
    {"id": "dag", "kind": "date"},
    {"id": "text", "kind": "free_text"},
]
KINDS = {"bromma": "district", "farsta": "district", "kultur": "specialist"}


def survey(respondents: str = "units") -> Survey:
    questions = [q for q in QUESTIONS if respondents == "units" or q["kind"] != "unit"]
    return Survey.model_validate(
        {
            "title": "Enkät",
            "year": 2021,
            "period": {"start": "2021-01-01", "end": "2021-10-01"},
            "responsible": {"publisher": "Staden"},
            "source": {"file": "x.csv"},
            "respondents": respondents,
            "sections": [{"id": "a", "title": "A", "kind": "topic", "confirmed": True}],
            "questions": [{"text": q["id"].capitalize(), "section": "a"} | q for q in questions],
        }
    )


def answers(**columns: list[Any]) -> pd.DataFrame:
    """Return a table of answers; columns that are left out have no answer."""
    n = len(next(iter(columns.values())))
    frame: dict[str, Any] = {
        "submission_id": [short_id(i) for i in range(n)],
        "unit_id": pd.Series(columns.get("unit_id", [None] * n), dtype="str"),
    }
    for question in survey().questions:
        for name in question.columns() if question.kind != "unit" else ():
            if question.is_closed:
                values = columns.get(name, ["_not_answered"] * n)
                assert set(values) <= set(question.labels())
                frame[name] = pd.Categorical(values, categories=list(question.labels()))
                continue
            kind = {"number": "Float64", "date": "datetime64[s]", "free_text": "str"}[question.kind]
            values = columns.get(name, [None] * n)
            frame[name] = pd.Series(values, dtype=kind)
            given_ = ["_not_answered" if pd.isna(v) else "answered" for v in frame[name]]
            status = columns.get(f"{name}#status", given_)
            frame[f"{name}#status"] = pd.Categorical(status, categories=list(STATUS))
    return pd.DataFrame(frame)


def seen(found: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """Return the counts without the missing kinds that nobody has."""
    return {value: row for value, row in found.items() if row[0] or value not in OUTSIDE_BASE}


def counted(
    frame: pd.DataFrame, question: str, group: str = "alla", item: str = ""
) -> dict[str, tuple[Any, ...]]:
    chosen = frame[(frame["question"] == question) & (frame["group"] == group) & (frame["item"] == item)]
    rows = chosen[["value", "n", "base", "percent"]].itertuples(index=False, name=None)
    return {v: (int(n), int(b), None if pd.isna(p) else float(p)) for v, n, b, p in rows}


# --- Hand-checked ---

FIVE = answers(
    unit_id=["bromma", "farsta", "kultur", None, "bromma"],
    plan=["ja", "_dont_know", "ja", "nej", "_not_relevant"],
    **{
        "hur[hem]": ["bra", "bra", "daligt", "bra", "_under_review"],
        "hur[jobb]": ["_not_answered"] * 5,
        "vilka[skola]": ["chosen", "not_chosen", "_dont_know", "chosen", "_not_answered"],
        "vilka[polis]": ["chosen", "chosen", "_dont_know", "not_chosen", "_not_answered"],
    },
    antal=[1.5, None, 4.0, 9.0, 0.0],
    **{"antal#status": ["answered", "_dont_know", "answered", "answered", "answered"]},
    dag=[pd.Timestamp("2021-10-19"), None, None, None, None],
    text=["Bra.", None, "Bra.", "Nej", None],
)


def test_counts_of_a_single_question() -> None:
    frame = count_answers(FIVE, survey(), KINDS)
    # A unit under review is outside all groups, and with it its answer.
    assert seen(counted(frame, "plan")) == {
        "ja": (2, 3, 200 / 3),
        "nej": (0, 3, 0.0),
        "_dont_know": (1, 3, 100 / 3),
        "_not_relevant": (1, 3, None),
    }
    assert seen(counted(frame, "plan", "district")) == {
        "ja": (1, 2, 50.0),
        "nej": (0, 2, 0.0),
        "_dont_know": (1, 2, 50.0),
        "_not_relevant": (1, 2, None),
    }
    assert seen(counted(frame, "plan", "specialist")) == {
        "ja": (1, 1, 100.0),
        "nej": (0, 1, 0.0),
        "_dont_know": (0, 1, 0.0),
    }


def test_counts_of_a_grid() -> None:
    frame = count_answers(FIVE, survey(), KINDS)
    assert seen(counted(frame, "hur", item="hem")) == {
        "daligt": (1, 3, 100 / 3),
        "bra": (2, 3, 200 / 3),
        "_dont_know": (0, 3, 0.0),
        "_under_review": (1, 3, None),
    }
    # Nobody answered: no percentage, rather than 0 of 0.
    assert seen(counted(frame, "hur", item="jobb")) == {
        "daligt": (0, 0, None),
        "bra": (0, 0, None),
        "_dont_know": (0, 0, None),
        "_not_answered": (4, 0, None),
    }


def test_counts_of_a_multiple_question() -> None:
    frame = count_answers(FIVE, survey(), KINDS)
    assert seen(counted(frame, "vilka", item="skola")) == {
        "chosen": (1, 3, 100 / 3),
        "not_chosen": (1, 3, 100 / 3),
        "_dont_know": (1, 3, 100 / 3),
        "_not_answered": (1, 3, None),
    }
    assert counted(frame, "vilka", item="polis")["chosen"] == (2, 3, 200 / 3)


def test_a_row_of_counts_says_what_it_counts() -> None:
    frame = count_answers(FIVE, survey(), KINDS)
    assert tuple(frame.columns) == COUNT_COLUMNS
    row = frame[(frame["question"] == "hur") & (frame["value"] == "bra")].iloc[0]
    assert row[list(COUNT_COLUMNS[:8])].tolist() == ["a", "hur", "Hur", "hem", "Hemma", "bra", "Bra", "alla"]
    assert list(dict.fromkeys(frame["group"])) == ["alla", "district", "specialist"]
    assert list(dict.fromkeys(frame["question"])) == ["plan", "hur", "vilka"]


def test_where_people_answer_there_is_one_group() -> None:
    frame = count_answers(FIVE, survey("people"))
    assert set(frame["group"]) == {"alla"}
    assert counted(frame, "plan")["nej"] == (1, 4, 25.0)


def test_no_closed_question_gives_an_empty_table() -> None:
    only_text = survey("people").model_copy(update={"questions": survey("people").questions[-1:]})
    frame = count_answers(FIVE, only_text)
    assert (tuple(frame.columns), len(frame), str(frame["n"].dtype)) == (COUNT_COLUMNS, 0, "Int64")


def test_no_answers_at_all() -> None:
    frame = count_answers(FIVE.head(0), survey(), KINDS)
    assert frame["n"].sum() == 0
    assert frame["percent"].isna().all()


def test_every_missing_kind_has_its_row() -> None:
    frame = count_answers(FIVE, survey(), KINDS)
    for (name, _, group), part in frame.groupby(["question", "item", "group"]):
        assert part["value"].tolist() == list(survey().question(name).labels()), group


def test_groups_of_units() -> None:
    groups = group_codes(FIVE, survey(), KINDS)
    assert {g: rows.tolist() for g, rows in groups.items()} == {
        "alla": [True, True, True, False, True],
        "district": [True, True, False, False, True],
        "specialist": [False, False, True, False, False],
    }


def test_which_columns_a_question_has() -> None:
    asked = {q.id: q for q in survey().questions}
    assert item_texts(asked["plan"]) == {"plan": ("", "")}
    assert item_texts(asked["hur"]) == {"hur[hem]": ("hem", "Hemma"), "hur[jobb]": ("jobb", "Jobb")}
    assert item_texts(asked["vilka"]) == {
        "vilka[skola]": ("skola", "Skola"),
        "vilka[polis]": ("polis", "Polis"),
    }


def test_numbers_are_summarised() -> None:
    frame = summarise_numbers(FIVE, survey(), KINDS)
    assert tuple(frame.columns) == NUMBER_COLUMNS
    rows = frame[["group", "answers", "total", "median", "smallest", "largest"]].values.tolist()
    assert rows == [
        ["alla", 3, 5.5, 1.5, 0.0, 4.0],
        ["district", 2, 1.5, 0.75, 0.0, 1.5],
        ["specialist", 1, 4.0, 4.0, 4.0, 4.0],
    ]


def test_numbers_that_nobody_gave_have_no_total() -> None:
    frame = summarise_numbers(FIVE.iloc[[1]], survey(), KINDS)
    assert frame["answers"].tolist() == [0, 0, 0]
    assert frame[["total", "median", "smallest", "largest"]].isna().all(axis=None)


def test_free_texts_are_one_row_each() -> None:
    frame = free_texts(FIVE, survey())
    assert frame[["unit_id", "question", "item", "text"]].fillna("").values.tolist() == [
        ["bromma", "text", "", "Bra."],
        ["kultur", "text", "", "Bra."],
        ["", "text", "", "Nej"],
    ]
    assert frame["answer_id"].is_unique
    assert frame["text_hash"].tolist() == [short_id("Bra."), short_id("Bra."), short_id("Nej")]
    assert len(free_texts(FIVE.head(0), survey())) == 0


def test_what_each_unit_answered() -> None:
    frame = answers_by_unit(FIVE.head(3), survey())
    told = frame[["unit_id", "question", "item", "value", "label", "number"]]
    rows = told.astype("object").where(told.notna(), None).values.tolist()
    assert rows == [
        ["bromma", "plan", "", "ja", "Ja", None],
        ["farsta", "plan", "", "_dont_know", "Vet ej", None],
        ["kultur", "plan", "", "ja", "Ja", None],
        ["bromma", "hur", "hem", "bra", "Bra", None],
        ["farsta", "hur", "hem", "bra", "Bra", None],
        ["kultur", "hur", "hem", "daligt", "Dåligt", None],
        *[[u, "hur", "jobb", "_not_answered", "Ej besvarad", None] for u in ("bromma", "farsta", "kultur")],
        ["bromma", "vilka", "skola", "skola", "Skola", None],
        ["bromma", "vilka", "polis", "polis", "Polis", None],
        ["farsta", "vilka", "polis", "polis", "Polis", None],
        ["kultur", "vilka", "", "_dont_know", "Vet ej", None],
        ["bromma", "antal", "", "answered", "", 1.5],
        ["farsta", "antal", "", "_dont_know", "Vet ej", None],
        ["kultur", "antal", "", "answered", "", 4.0],
        ["bromma", "dag", "", "answered", "2021-10-19", None],
        ["farsta", "dag", "", "_not_answered", "Ej besvarad", None],
        ["kultur", "dag", "", "_not_answered", "Ej besvarad", None],
    ]


def test_a_unit_under_review_is_no_unit() -> None:
    assert answers_by_unit(FIVE.iloc[[3]], survey()).empty


# --- Against plain pandas, and what always holds ---


def random_answers(seed: int, n: int = 200) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    columns: dict[str, list[Any]] = {"unit_id": chance.choice([*KINDS, None], n).tolist()}
    for question in survey().questions:
        for name in question.columns() if question.is_closed else ():
            columns[name] = chance.choice(list(question.labels()), n).tolist()
    columns["antal"] = [None if x < 0.2 else round(x * 50, 1) for x in chance.random(n)]
    return answers(**columns)


def closed(question: Question) -> list[tuple[str, str]]:
    return [(name, item) for name, (item, _) in item_texts(question).items()] if question.is_closed else []


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_those_of_plain_pandas(seed: int) -> None:
    frame = random_answers(seed)
    counts = count_answers(frame, survey(), KINDS)
    kinds = frame["unit_id"].map(KINDS)
    checked = 0
    for question in survey().questions:
        for name, item in closed(question):
            for group, rows in (
                ("alla", kinds.notna()),
                *((k, kinds == k) for k in ("district", "specialist")),
            ):
                plain = frame.loc[rows, name].astype("object").value_counts()
                base = plain.drop(labels=list(OUTSIDE_BASE), errors="ignore").sum()
                ours = counted(counts, question.id, group, item)
                for value, (n, b, percent) in ours.items():
                    assert (n, b) == (plain.get(value, 0), base)
                    assert percent == (None if value in OUTSIDE_BASE else pytest.approx(100 * n / base))
                assert set(ours) == set(question.labels())
                checked += len(ours)
    assert checked > 100


@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_those_of_plain_pandas(seed: int) -> None:
    frame = random_answers(seed)
    ours = summarise_numbers(frame, survey(), KINDS).set_index("group").loc[["district", "specialist"]]
    plain = frame.groupby(frame["unit_id"].map(KINDS))["antal"].agg(["count", "sum", "median", "min", "max"])
    np.testing.assert_allclose(ours[list(NUMBER_COLUMNS[-5:])].astype("float64"), plain.astype("float64"))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 40))
def test_parts_add_to_the_whole(seed: int, n: int) -> None:
    counts = count_answers(random_answers(seed, n), survey(), KINDS)
    wide = counts.pivot_table(index=["question", "item", "value"], columns="group", values="n", aggfunc="sum")
    pd.testing.assert_series_equal(wide["alla"], wide["district"] + wide["specialist"], check_names=False)
    inside = counts[~counts["value"].isin(OUTSIDE_BASE)]
    per_question = inside.groupby(["question", "item", "group"])
    assert (per_question["n"].sum() == per_question["base"].first()).all()
    shares = per_question["percent"].sum()[per_question["base"].first() > 0]
    np.testing.assert_allclose(shares.astype("float64"), 100)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(seed: int, chance) -> None:
    frame = random_answers(seed, 30)
    before = frame.copy()
    shuffled = frame.iloc[chance.sample(range(30), 30)]
    for measure in (count_answers, summarise_numbers):
        pd.testing.assert_frame_equal(measure(frame, survey(), KINDS), measure(shuffled, survey(), KINDS))
    pd.testing.assert_frame_equal(frame, before)
