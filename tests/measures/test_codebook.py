"""The codebook: made of released tables only, and complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.contracts import CODEBOOK, check
from analysis.intake.ledger import COLUMNS as LEDGER_COLUMNS
from analysis.measures.codebook import count_changes, describe_questions, release_changes
from analysis.measures.counts import answers_by_unit, count_answers, summarise_numbers
from analysis.measures.response import item_nonresponse
from analysis.privacy.disclosure import recoverable
from analysis.privacy.release import release_answers
from analysis.survey.instrument import Survey

ToSurvey = Callable[..., Survey]
ToAnswers = Callable[..., pd.DataFrame]

KINDS = {"u0": "district", "u1": "district", "u2": "specialist"}
YES_NO = [
    {"id": "ja", "label": "Ja"},
    {"id": "nej", "label": "Nej"},
    {"id": "vet_ej", "label": "Vet inte", "means": "dont_know"},
]
UNIT = {"id": "vem", "kind": "unit"}
QUESTIONS: list[dict[str, Any]] = [
    {"id": "plan", "text": "Har ni\u00a0en plan?", "kind": "single", "options": YES_NO},
    {"id": "hur", "kind": "scale", "options": YES_NO[:2],
     "items": [{"id": "a", "text": "A", "column": "Kolumn A"}, {"id": "b", "text": "B", "column": "Kolumn B"}]},
    {"id": "vilka", "kind": "multiple",
     "options": [{"id": "skola", "label": "Skola"}, {"id": "polis", "label": "Polis"}]},
    {"id": "antal", "kind": "number"},
    {"id": "personer", "kind": "number", "about": "people"},
    {"id": "nar", "kind": "date"},
    {"id": "annat", "kind": "free_text"},
]  # fmt: skip


def ledger_of(*headers: str, fate: str = "kept") -> pd.DataFrame:
    rows = [(2, header, fate, "answer.folded", "", "", "program") for header in headers]
    return pd.DataFrame(rows, columns=list(LEDGER_COLUMNS))


def released(survey: Survey, answers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Count answers as 3_analyse does, and let them through the gate."""
    kinds = KINDS if survey.respondents == "units" else {}
    tables = release_answers(
        count_answers(answers, survey, kinds),
        summarise_numbers(answers, survey, kinds),
        pd.DataFrame({"unit_id": pd.Series(dtype="str")}),
        item_nonresponse(answers, survey),
        answers_by_unit(answers, survey),
        survey,
        kinds,
    )
    return {name: table.frame for name, table in tables.items()}


ROWS: list[dict[str, Any]] = [
    {"unit": "u0", "plan": "ja", "hur[a]": "ja", "hur[b]": "nej", "vilka[skola]": "chosen", "vilka[polis]": "chosen",
     "antal": 3.0, "personer": 40.0, "annat": "text"},
    {"unit": "u1", "plan": "_dont_know", "hur[a]": "ja", "vilka[skola]": "chosen", "vilka[polis]": "not_chosen",
     "antal": 120.0, "personer": 2.0},
    {"unit": "u2", "plan": "ja", "antal": "_dont_know", "nar": pd.Timestamp("2021-02-03")},
]  # fmt: skip


def told(book: pd.DataFrame, question: str, item: str = "") -> dict[str, Any]:
    part = book[(book["question"] == question) & (book["item"] == item)]
    return {value: n for value, n in zip(part["value"], part["n"], strict=True) if n is pd.NA or n}


def test_a_hand_checked_codebook(to_survey: ToSurvey, to_answers: ToAnswers) -> None:
    survey = to_survey([UNIT, *QUESTIONS])
    ledger = ledger_of("Har ni en plan?", "Har ni en plan?", "kolumn b", "vilka", "något annat")
    book = check(
        describe_questions(survey, released(survey, to_answers(survey, ROWS)), ledger), CODEBOOK, "codebook"
    )
    assert book["question"].drop_duplicates().tolist() == [q["id"] for q in QUESTIONS]
    plan = book[book["question"] == "plan"]
    assert plan["label"].tolist() == [
        "Ja", "Nej", "Vet inte", "Ej besvarad", "Ej aktuellt", "Ej visad", "Förlorad i överföringen",
        "Under granskning",
    ]  # fmt: skip
    assert plan["code"].tolist() == [1, 2, -2, -1, -3, -4, -5, -6]
    assert told(book, "plan") == {"ja": 2, "_dont_know": 1}
    assert told(book, "hur", "a") == {"ja": 2, "_not_answered": 1}
    assert told(book, "hur", "b") == {"nej": 1, "_not_answered": 2}
    assert told(book, "vilka", "skola") == {"chosen": 2}
    assert told(book, "vilka", "polis") == {"chosen": 1, "not_chosen": 1}
    assert told(book, "vilka") == {"_not_answered": 1}
    assert told(book, "antal") == {"answered": 2, "_dont_know": 1}
    assert told(book, "nar") == {"answered": 1, "_not_answered": 2}
    assert told(book, "annat") == {"answered": 1, "_not_answered": 2}
    between = book.set_index(["question", "value"])[["smallest", "largest"]]
    assert between.loc[("antal", "answered")].tolist() == [3, 120]
    assert between.loc[("personer", "answered")].isna().all()
    assert between.loc[("antal", "_dont_know")].isna().all()
    assert not book["suppressed"].any()
    variables = book.drop_duplicates("variable").set_index("variable")
    assert set(variables.index) == {
        "plan", "hur_a", "hur_b", "vilka_skola", "vilka_polis", "", "antal", "personer", "nar", "annat",
    }  # fmt: skip
    changes = variables["changes"]
    assert changes[["plan", "hur_a", "hur_b", "vilka_skola", "", "antal", "annat"]].tolist() == [
        2,
        0,
        1,
        1,
        1,
        0,
        0,
    ]
    assert changes["personer"] == 0


def test_nothing_is_changed_and_the_counts_are_the_released_ones(
    to_survey: ToSurvey, to_answers: ToAnswers
) -> None:
    survey = to_survey([UNIT, *QUESTIONS])
    tables = released(survey, to_answers(survey, ROWS))
    before = {name: table.copy() for name, table in tables.items()}
    book = describe_questions(survey, tables, ledger_of())
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, before[name])
    everyone = before["counts"].query("group == 'alla'")
    both = book.merge(everyone, on=["question", "item", "value"], suffixes=("", "_counts"))
    assert len(both) == 8 + 2 * 8 + 2 * 2
    assert both["n"].tolist() == both["n_counts"].tolist()


def test_only_changes_of_kept_cells_are_counted(to_survey: ToSurvey) -> None:
    survey = to_survey([UNIT, *QUESTIONS])
    ledger = pd.concat([ledger_of("antal", "antal"), ledger_of("antal", "annat", fate="superseded")])
    changes = count_changes(ledger, survey)
    assert changes["antal"] == 2
    assert changes.sum() == 2
    assert list(changes.index) == [
        "vem",
        "plan",
        "hur[a]",
        "hur[b]",
        "vilka",
        "antal",
        "personer",
        "nar",
        "annat",
    ]


# --- people ----------------------------------------------------------------------------------------------------


def test_of_people_only_what_is_released_stands_there(to_survey: ToSurvey, to_answers: ToAnswers) -> None:
    survey = to_survey(QUESTIONS)
    rows = [
        {"plan": "ja", "antal": float(i), "annat": "text", "nar": pd.Timestamp("2021-01-01")}
        for i in range(20)
    ]
    rows += [{"plan": "nej", "antal": 900.0}] * 3 + [{"plan": "_dont_know"}] * 7
    book = describe_questions(survey, released(survey, to_answers(survey, rows)), ledger_of())
    assert told(book, "plan")["nej"] is pd.NA
    assert told(book, "antal") == {"answered": 23}
    assert told(book, "annat") == {"answered": pd.NA}
    assert told(book, "nar") == {"answered": pd.NA}
    assert book[["smallest", "largest"]].isna().all(axis=None)
    assert (book["suppressed"] == book["n"].isna()).all()
    # Where nobody chose anything, the missing kinds of a multiple-choice question are everyone.
    assert told(book, "vilka") == {"_not_answered": 30}


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ([0, 9, 30], [0, 9, 30]),
        ([2, 9, 30], [None, None, 30]),
        ([2, 1, 0], [None, None, None]),
        ([0, 0, 0], [0, 0, 0]),
    ],
)
def test_small_numbers_of_changes_of_people_are_left_out(
    to_survey: ToSurvey, to_answers: ToAnswers, changes: list[int], shown: list[int | None]
) -> None:
    questions = [{"id": q, "kind": "free_text"} for q in ("a", "b", "c")]
    people = to_survey(questions)
    ledger = ledger_of(*(q for q, n in zip("abc", changes, strict=True) for _ in range(n)))
    book = describe_questions(people, released(people, to_answers(people, [{}])), ledger)
    assert [None if n is pd.NA else n for n in book["changes"]] == shown
    units = to_survey([UNIT, *questions])
    book = describe_questions(units, released(units, to_answers(units, [{"unit": "u0"}])), ledger)
    assert book.drop_duplicates("question")["changes"].tolist() == changes


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_no_left_out_number_of_changes_can_be_worked_out(to_survey: ToSurvey, numbers: list[int]) -> None:
    survey = to_survey([{"id": f"q{i}", "kind": "free_text"} for i in range(len(numbers))])
    changes = pd.Series({f"q{i}": n for i, n in enumerate(numbers)}, dtype="Int64")
    shown = release_changes(changes, survey)
    total = sum(numbers)
    assert shown.dropna().tolist() == changes[shown.notna()].tolist()
    assert not ((shown > 0) & (shown < 5)).fillna(False).any()
    if total >= 5:  # else everything is left out: which question the few changes belong to is not told
        published = pd.DataFrame({"question": "changes", "item": "", "value": shown.index, "group": "alla"})
        published = published.assign(n=shown.array, base=total, percent=float("nan"))
        assert recoverable(published).empty
    else:
        assert shown.isna().all() or total == 0


CLOSED = st.lists(
    st.fixed_dictionaries(
        {
            "plan": st.sampled_from(["ja", "nej", "_dont_know", "_not_answered"]),
            "hur[a]": st.sampled_from(["ja", "nej", "_lost"]),
            "vilka[skola]": st.sampled_from(["chosen", "not_chosen"]),
            "vilka[polis]": st.sampled_from(["chosen", "not_chosen"]),
            "antal": st.integers(0, 9).map(float) | st.just("_not_relevant"),
        }
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=30, deadline=None)
@given(CLOSED)
def test_every_number_of_people_stands_in_a_released_table(
    to_survey: ToSurvey, to_answers: ToAnswers, rows: list[dict[str, Any]]
) -> None:
    survey = to_survey(QUESTIONS)
    tables = released(survey, to_answers(survey, rows))
    book = describe_questions(survey, tables, ledger_of())
    counts = tables["counts"].query("group == 'alla'").set_index(["question", "item", "value"])["n"]
    nonresponse = tables["item_nonresponse"].set_index("question")
    numbers = tables["numbers"].set_index("question")["answers"]
    for row in book.itertuples():
        if (row.question, row.item, row.value) in counts.index:
            source = counts[row.question, row.item, row.value]
        elif row.kind == "multiple":
            source = nonresponse.loc[row.question, row.value]
        else:
            source = numbers.get(row.question, pd.NA)
        assert (row.n is pd.NA and source is pd.NA) or row.n == source
    asked = {(q.id, v) for q in survey.questions if q.is_closed and q.kind != "multiple" for v in q.labels()}
    assert asked <= set(zip(book["question"], book["value"], strict=True))
