from __future__ import annotations

import csv
import io
import random
from collections import Counter

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.clean import clean
from analysis.intake.contracts import LEDGER, REVIEW, SUBMISSIONS, answers_schema, check
from analysis.intake.decode import decode
from analysis.intake.dialects import find_table
from analysis.intake.ledger import short_id
from analysis.intake.replay import replay
from analysis.measures.counts import count_answers
from analysis.problems import InputError

JA_NEJ = [
    {"id": "ja", "label": "Ja"},
    {"id": "nej", "label": "Nej"},
    {"id": "vet_ej", "label": "Vet ej", "means": "dont_know"},
]
AKTORER = [
    {"id": "skola", "label": "Skola"},
    {"id": "polis", "label": "Polis"},
    {"id": "inga", "label": "Inga alls"},
    {"id": "vet_ej", "label": "Vet ej", "means": "dont_know"},
]
PLAN = {"id": "plan", "kind": "single", "options": JA_NEJ}
VILKA = {"id": "vilka", "kind": "multiple", "options": AKTORER, "separator": ";"}
ANTAL = {"id": "antal", "kind": "number"}
DAG = {"id": "dag", "kind": "date"}
TEXT = {"id": "text", "kind": "free_text"}
ENHET = {"id": "enhet", "kind": "unit"}


def told(frame: pd.DataFrame) -> list[tuple[int, str, str, str, str, str]]:
    """Return the ledger's rows without `by`."""
    return list(
        frame[["row", "column", "fate", "rule", "before", "after"]].itertuples(index=False, name=None)
    )


def refused(act) -> list[str]:
    with pytest.raises(InputError) as caught:
        act()
    return [str(p) for p in caught.value.problems]


# --- Closed questions ---


def test_labels_become_values_and_what_is_no_option_goes_to_review(run_clean) -> None:
    answers = ["Ja", " ja. ", "NEJ", "", "\u00a0", "Vet ej", "Kanske", "kanske "]
    cleaned = run_clean([["plan", "text"], *[[a, "x"] for a in answers]], [PLAN, TEXT])
    assert cleaned.answers["plan"].tolist() == [
        "ja", "ja", "nej", "_not_answered", "_not_answered", "_dont_know", "_under_review", "_under_review",
    ]  # fmt: skip
    assert told(cleaned.ledger) == [
        (3, "plan", "kept", "answer.folded", " ja. ", "ja"),
        (4, "plan", "kept", "answer.folded", "NEJ", "nej"),
        (6, "plan", "dropped", "cell.blank", "\u00a0", ""),
    ]
    assert cleaned.review.to_dict("records") == [
        {
            "id": short_id("answer", "plan", "kanske"),
            "kind": "answer",
            "where": "rows 8, 9",
            "seen": "kanske",
            "proposals": "ja | nej | _dont_know | _not_answered | _not_relevant",
            "needed_for": "plan",
        }
    ]
    assert cleaned.accounting == {"raw_cells": 15, "answers_cells": 14, "ledger_cells": 1, "unaccounted": 0}


def test_a_proposal_names_the_nearest_options(run_clean) -> None:
    cleaned = run_clean([["plan", "text"], ["Neij", "x"]], [PLAN, TEXT])
    assert cleaned.review["proposals"].tolist() == ["nej | ja | _dont_know | _not_answered | _not_relevant"]


def test_a_long_list_of_options_is_cut_in_the_proposal(run_clean) -> None:
    many = [{"id": f"o{i}", "label": f"Val nummer {i}"} for i in range(20)]
    cleaned = run_clean(
        [["q", "t"], ["??", "x"]], [{"id": "q", "kind": "single", "options": many}, TEXT | {"id": "t"}]
    )
    assert cleaned.review["proposals"].tolist() == [
        "o0 | o1 | o2 | o3 | o4 | o5 | o6 | o7 | … | _not_answered | _dont_know | _not_relevant"
    ]


def test_a_grid_has_a_column_for_each_item(run_clean) -> None:
    items = [
        {"id": "hem", "text": "Hemma", "column": "q [Hemma]"},
        {"id": "jobb", "text": "Jobb", "column": "q [Jobb]"},
    ]
    cleaned = run_clean(
        [["q [Hemma]", "q [Jobb]"], ["Ja", "Nej"], ["", "??"]],
        [{"id": "q", "kind": "scale", "options": JA_NEJ, "items": items}],
    )
    assert cleaned.answers["q[hem]"].tolist() == ["ja", "_not_answered"]
    assert cleaned.answers["q[jobb]"].tolist() == ["nej", "_under_review"]


# --- Several options ---


def test_options_in_one_cell(run_clean) -> None:
    given_ = [
        "Skola;Polis;",
        "skola; Skola",
        "",
        "Vet ej",
        "Polis;Vet ej",
        "Brandkår",
        "Skola;Brandkår",
        "Inga alls",
    ]
    cleaned = run_clean([["vilka", "text"], *[[g, "x"] for g in given_]], [VILKA, TEXT])
    yes, no = "chosen", "not_chosen"
    assert cleaned.answers["vilka[skola]"].tolist() == [
        yes, yes, "_not_answered", "_dont_know", no, "_under_review", yes, no,
    ]  # fmt: skip
    assert cleaned.answers["vilka[polis]"].tolist() == [
        yes, no, "_not_answered", "_dont_know", yes, "_under_review", no, no,
    ]  # fmt: skip
    assert cleaned.answers["vilka[inga]"].tolist() == [
        no, no, "_not_answered", "_dont_know", no, "_under_review", no, yes,
    ]  # fmt: skip
    assert told(cleaned.ledger) == [
        (3, "vilka", "kept", "answer.folded", "skola; Skola", "skola"),
        (8, "vilka", "kept", "answer.partly_read", "", "skola; _under_review"),
    ]
    assert cleaned.review[["seen", "where"]].values.tolist() == [["brandkår", "rows 7, 8"]]
    offered = "skola | polis | inga | _none | _dont_know | _not_answered | _not_relevant"
    assert cleaned.review["proposals"].tolist() == [offered]


@pytest.mark.parametrize(
    ("decision", "skola", "polis"),
    [
        ("polis", ["not_chosen", "chosen"], ["chosen", "chosen"]),
        ("skola; polis", ["chosen", "chosen"], ["chosen", "chosen"]),
        ("_none", ["not_chosen", "chosen"], ["not_chosen", "not_chosen"]),
        ("_dont_know", ["_dont_know", "chosen"], ["_dont_know", "not_chosen"]),
    ],
)
def test_a_decision_about_a_part_of_a_cell(
    run_clean, decision: str, skola: list[str], polis: list[str]
) -> None:
    key = short_id("answer", "vilka", "snuten")
    rows = [["vilka", "text"], ["Snuten", "x"], ["Skola;Snuten", "x"]]
    cleaned = run_clean(rows, [VILKA, TEXT], decisions={key: decision})
    assert cleaned.review.empty
    assert cleaned.answers["vilka[skola]"].tolist() == skola
    assert cleaned.answers["vilka[polis]"].tolist() == polis
    after = [decision, "; ".join(dict.fromkeys(["skola", *decision.split("; ")]))]
    assert told(cleaned.ledger) == [
        (row, "vilka", "kept", f"decision.{key}", text, value)
        for row, text, value in zip((2, 3), ("Snuten", "Skola;Snuten"), after, strict=True)
    ]
    assert set(cleaned.ledger["by"]) == {"K. Utredare"}


EACH = {
    "id": "vilka",
    "kind": "multiple",
    "options": [
        {"id": "skola", "label": "Skola", "column": "v [Skola]"},
        {"id": "polis", "label": "Polis", "column": "v [Polis]"},
        {"id": "vet_ej", "label": "Vet ej", "means": "dont_know", "column": "v [Vet ej]"},
    ],
}
EACH_HEADER = ["v [Skola]", "v [Polis]", "v [Vet ej]", "text"]


def test_a_column_for_each_option_with_yes_and_no(run_clean) -> None:
    rows = [["Ja", "Nej", "Nej", "x"], ["Nej", "Nej", "Ja", "x"], ["", "", "", "x"], ["Nej", "?", "Nej", "x"]]
    cleaned = run_clean([EACH_HEADER, *rows], [EACH, TEXT])
    assert cleaned.answers["vilka[skola]"].tolist() == ["chosen", "_dont_know", "_not_answered", "not_chosen"]
    assert cleaned.answers["vilka[polis]"].tolist() == [
        "not_chosen", "_dont_know", "_not_answered", "_under_review",
    ]  # fmt: skip
    assert cleaned.review[["seen", "proposals"]].values.tolist() == [["?", "chosen | not_chosen"]]


def test_a_column_for_each_option_that_is_blank_where_not_chosen(run_clean) -> None:
    rows = [["Skola", "", "", "x"], ["", "polis", "", "x"], ["", "", "Vet ej", "x"], ["", "", "", "x"]]
    cleaned = run_clean([EACH_HEADER, *rows], [EACH, TEXT])
    assert cleaned.answers["vilka[skola]"].tolist() == ["chosen", "not_chosen", "_dont_know", "_not_answered"]
    assert cleaned.answers["vilka[polis]"].tolist() == ["not_chosen", "chosen", "_dont_know", "_not_answered"]


# --- Numbers, dates, texts ---


def test_numbers_beside_their_status(run_clean) -> None:
    rows = [["antal", "text"], *[[n, "x"] for n in ("1 250,5", "3", "", "vet ej", "ca 40")]]
    cleaned = run_clean(rows, [ANTAL, TEXT])
    assert cleaned.answers["antal"].tolist()[:2] == [1250.5, 3.0]
    assert cleaned.answers["antal"].isna().tolist() == [False, False, True, True, True]
    assert cleaned.answers["antal#status"].tolist() == [
        "answered", "answered", "_not_answered", "_dont_know", "_under_review",
    ]  # fmt: skip
    assert cleaned.review["proposals"].tolist() == ["40 | _not_answered | _dont_know | _not_relevant"]
    assert told(cleaned.ledger) == [(5, "antal", "kept", "answer.missing", "vet ej", "_dont_know")]


@pytest.mark.parametrize(
    ("decision", "number", "status"),
    [("40", 40.0, "answered"), ("40,5", 40.5, "answered"), ("_not_answered", None, "_not_answered")],
)
def test_a_decision_about_a_number(run_clean, decision: str, number: float | None, status: str) -> None:
    key = short_id("answer", "antal", "ca 40")
    cleaned = run_clean([["antal", "text"], ["ca 40", "x"]], [ANTAL, TEXT], decisions={key: decision})
    assert cleaned.answers["antal#status"].tolist() == [status]
    assert cleaned.answers["antal"].tolist() == ([number] if number is not None else [pd.NA])
    assert told(cleaned.ledger) == [(2, "antal", "kept", f"decision.{key}", "ca 40", decision)]
    assert cleaned.review.empty


def test_dates(run_clean) -> None:
    rows = [["dag", "text"], *[[d, "x"] for d in ("2021-10-19", "3/4/2021", "ej aktuellt", "i höstas")]]
    cleaned = run_clean(rows, [DAG, TEXT], source={"file": "x.csv", "dates": "dmy"})
    assert cleaned.answers["dag"].tolist()[:2] == [pd.Timestamp("2021-10-19"), pd.Timestamp("2021-04-03")]
    assert cleaned.answers["dag#status"].tolist() == [
        "answered",
        "answered",
        "_not_relevant",
        "_under_review",
    ]
    assert cleaned.review["proposals"].tolist() == ["_not_answered | _dont_know | _not_relevant"]


def test_dates_tell_their_order_together(run_clean) -> None:
    days = ["3/4/2021", "25/4/2021", "2021-05-01"]
    cleaned = run_clean([["dag", "text"], *[[d, "x"] for d in days]], [DAG, TEXT])
    assert cleaned.answers["dag"].tolist() == [
        pd.Timestamp(d) for d in ("2021-04-03", "2021-04-25", "2021-05-01")
    ]
    assert told(cleaned.ledger) == [(2, "dag", "kept", "answer.date_order", "3/4/2021", "2021-04-03")]


def test_a_date_that_may_be_two_is_asked_about_and_settled_by_a_person(run_clean) -> None:
    rows = [["dag", "text"], ["3/4/2021", "x"], ["5/5/2021", "x"]]
    cleaned = run_clean(rows, [DAG, TEXT])
    assert cleaned.answers["dag#status"].tolist() == ["_under_review", "answered"]
    (item,) = cleaned.review.itertuples(index=False)
    assert item.proposals == "2021-04-03 | 2021-03-04 | _not_answered | _dont_know | _not_relevant"
    settled = run_clean(rows, [DAG, TEXT], decisions={item.id: "2021-03-04"})
    assert settled.answers["dag"].tolist() == [pd.Timestamp("2021-03-04"), pd.Timestamp("2021-05-05")]
    assert told(settled.ledger) == [(2, "dag", "kept", f"decision.{item.id}", "3/4/2021", "2021-03-04")]
    assert settled.ledger["by"].tolist() == ["K. Utredare"]
    assert settled.review.empty


def test_times_whose_order_nothing_tells_are_asked_about(run_clean) -> None:
    rows = [["Inskickat", "text"], ["3/4/2021 08:00", "x"], ["2021-05-01 09:00", "y"]]
    cleaned = run_clean(rows, [TEXT])
    assert cleaned.submissions["submitted"].isna().tolist() == [True, False]
    assert cleaned.review[["kind", "seen", "needed_for"]].values.tolist() == [
        ["dates", "3/4/2021 08:00", "which submission is the latest"]
    ]
    settled = run_clean(rows, [TEXT], source={"file": "x.csv", "dates": "dmy"})
    assert settled.submissions["submitted"].tolist()[0] == pd.Timestamp("2021-04-03 08:00")
    assert settled.review.empty


def test_texts_stay_as_they_were_written(run_clean) -> None:
    rows = [["text", "plan"], *[[t, "Ja"] for t in (" Rad ett\nrad två ", "", "\ufeff", "-")]]
    cleaned = run_clean(rows, [TEXT, PLAN])
    assert cleaned.answers["text"].tolist()[0] == " Rad ett\nrad två "
    assert cleaned.answers["text"].isna().tolist() == [False, True, True, False]
    assert cleaned.answers["text#status"].tolist() == [
        "answered",
        "_not_answered",
        "_not_answered",
        "answered",
    ]
    assert list(cleaned.ledger["rule"]) == ["cell.blank"]


@pytest.mark.parametrize("declared", [{}, {"-9": "lost"}])
def test_a_text_that_reads_like_a_missing_kind_is_a_text(run_clean, to_table, to_survey, declared) -> None:
    question = TEXT | {"missing": declared}
    rows = [["plan", "text"], ["Ja", "_lost"], ["Ja", "_not_answered"], ["Ja", "-9"]]
    cleaned = run_clean(rows, [PLAN, question])
    assert cleaned.submissions["answered_questions"].tolist() == [2, 2, 1 if declared else 2]
    again = replay(to_table(rows), to_survey([PLAN, question]), cleaned.ledger)
    for answers in (cleaned.answers, again):
        assert answers["text"].tolist()[:2] == ["_lost", "_not_answered"]
        last = "_lost" if declared else "answered"
        assert answers["text#status"].tolist() == ["answered", "answered", last]
        assert answers["text"].isna().tolist() == [False, False, bool(declared)]


# --- Decisions ---


@pytest.mark.parametrize("decision", ["nej", "Nej", "_not_answered", "_lost"])
def test_a_decision_settles_a_review_item_and_has_an_author(run_clean, decision: str) -> None:
    key = short_id("answer", "plan", "kanske")
    rows = [["plan", "text"], ["Kanske", "x"], ["Ja", "x"]]
    cleaned = run_clean(rows, [PLAN, TEXT], decisions={key: decision})
    value = "nej" if decision == "Nej" else decision
    assert cleaned.answers["plan"].tolist() == [value, "ja"]
    assert cleaned.review.empty
    assert cleaned.ledger.to_dict("records") == [
        {
            "row": 2, "column": "plan", "fate": "kept", "rule": f"decision.{key}",
            "before": "Kanske", "after": value, "by": "K. Utredare",
        }
    ]  # fmt: skip
    assert cleaned.unmatched_decisions == ()


def test_a_decision_goes_before_what_the_program_would_read(run_clean) -> None:
    key = short_id("answer", "plan", "ja")
    cleaned = run_clean([["plan", "text"], ["Ja", "x"]], [PLAN, TEXT], decisions={key: "nej"})
    assert cleaned.answers["plan"].tolist() == ["nej"]


def test_a_decision_that_matches_nothing_is_told(run_clean) -> None:
    cleaned = run_clean([["plan", "text"], ["Ja", "x"]], [PLAN, TEXT], decisions={"0" * 12: "nej"})
    assert cleaned.unmatched_decisions == ("0" * 12,)


def test_every_decision_that_cannot_be_carried_out_is_told(run_clean) -> None:
    decisions = {
        short_id("answer", "plan", "kanske"): "kanske",
        short_id("answer", "vilka", "brandkår"): "brandkar",
        short_id("answer", "antal", "ca 40"): "fyrtio",
        short_id("answer", "dag", "i höstas"): "_under_review",
        short_id("unit", "enhet", "brommma"): "bromma-2",
    }
    rows = [
        ["enhet", "plan", "vilka", "antal", "dag"],
        ["Brommma", "Kanske", "Brandkår", "ca 40", "i höstas"],
    ]
    found = refused(lambda: run_clean(rows, [ENHET, PLAN, VILKA, ANTAL, DAG], decisions=decisions))
    start = "data/raw/2021/decisions.csv, column 'decision': the decision"
    missing = "_not_answered, _dont_know or _not_relevant"
    ids = list(decisions)
    assert found == [
        f"{start} 'bromma-2' of {ids[4]} cannot be carried out. "
        "Decide a unit_id of the register that exists on the reference date.",
        f"{start} 'kanske' of {ids[0]} cannot be carried out. "
        "Decide one of ja, nej, _dont_know, _not_answered, _not_relevant.",
        f"{start} 'brandkar' of {ids[1]} cannot be carried out. "
        "Decide one of skola, polis, inga, _dont_know, several with a semicolon between, _none, or a missing kind.",
        f"{start} 'fyrtio' of {ids[2]} cannot be carried out. Decide a number, or {missing}.",
        f"{start} '_under_review' of {ids[3]} cannot be carried out. "
        f"Decide a date as 2021-10-19, or {missing}.",
    ]


# --- Units and submissions ---

HEADER = ["Svarsid", "Inskickat", "enhet", "plan", "text"]


def test_units_are_matched_exactly_or_by_a_person(run_clean) -> None:
    rows = [
        ["1", "", "Bromma stadsdelsförvaltning", "Ja", "x"],
        ["2", "", "Farsta sdf", "Ja", "x"],
        ["3", "", "Skarpnäk", "Ja", "x"],
        ["4", "", "Kulturr", "Ja", "x"],
        ["5", "", "", "Ja", "x"],
    ]
    key = short_id("unit", "enhet", "skarpnäk")
    cleaned = run_clean([HEADER, *rows], [ENHET, PLAN, TEXT], decisions={key: "skarpnack"})
    units = cleaned.submissions["unit_id"]
    assert units.tolist()[:3] == ["bromma", "farsta", "skarpnack"]
    assert units.isna().tolist() == [False, False, False, True, True]
    assert [t for t in told(cleaned.ledger) if t[1] == "enhet"] == [
        (3, "enhet", "kept", "unit.alias", "Farsta sdf", "farsta"),
        (4, "enhet", "kept", f"decision.{key}", "Skarpnäk", "skarpnack"),
    ]
    assert cleaned.review[["kind", "seen", "where", "needed_for"]].values.tolist() == [
        ["unit", "kulturr", "row 5", "the whole submission"],
        ["unit", "", "row 6", "the whole submission"],
    ]
    assert cleaned.review["proposals"].str.startswith("kulturforvaltningen (").tolist() == [True, False]
    assert cleaned.answers["unit_id"].isna().sum() == 2


def test_a_unit_that_did_not_exist_on_the_day_is_not_matched(run_clean) -> None:
    cleaned = run_clean([HEADER, ["1", "", "Järva", "Ja", "x"]], [ENHET, PLAN, TEXT])
    assert cleaned.submissions["unit_id"].isna().all()
    assert cleaned.review["seen"].tolist() == ["järva"]


def test_units_without_a_register_is_a_mistake_of_the_caller(to_table, to_survey) -> None:
    with pytest.raises(ValueError, match="give the register"):
        clean(to_table([HEADER, list("12345")]), to_survey([ENHET, PLAN, TEXT]), name="x")


def test_the_latest_complete_submission_of_a_unit_counts(run_clean) -> None:
    rows = [
        ["1", "2021-10-01 08:00", "Bromma", "Ja", "först"],
        ["2", "2021-10-03 08:00", "Bromma", "Nej", ""],
        ["3", "2021-10-02 08:00", "Bromma", "Nej", "sist"],
        ["4", "2021-10-09 08:00", "Farsta", "", ""],
        ["5", "2021-10-01 08:00", "Farsta", "Ja", ""],
        ["6", "2021-10-01 08:00", "Okänd", "Ja", "x"],
        ["7", "2021-10-01 08:00", "Okänd", "Ja", "x"],
    ]
    cleaned = run_clean([HEADER, *rows], [ENHET, PLAN, TEXT], rules={"complete_share": 0.75})
    frame = cleaned.submissions
    assert dict(zip(frame["native_id"], frame["status"], strict=True)) == {
        "1": "superseded", "2": "superseded", "3": "complete", "4": "superseded", "5": "partial",
        "6": "complete", "7": "complete",
    }  # fmt: skip
    assert cleaned.answers["plan"].tolist() == ["nej", "ja", "ja", "ja"]
    superseded = cleaned.ledger[cleaned.ledger["fate"] == "superseded"]
    assert superseded.groupby("row")["column"].agg(list).to_dict() == {
        2: ["enhet", "plan", "text"], 3: ["enhet", "plan"], 5: ["enhet"],
    }  # fmt: skip
    assert set(superseded["rule"]) == {"duplicates.latest_complete"}


def test_a_submission_without_a_time_gives_way_to_one_with_a_time(run_clean) -> None:
    rows = [["1", "2021-10-01 08:00", "Bromma", "Ja", "x"], ["2", "", "Bromma", "Nej", "x"]]
    for order in (rows, rows[::-1]):
        cleaned = run_clean([HEADER, *order], [ENHET, PLAN, TEXT])
        assert cleaned.answers["plan"].tolist() == ["ja"]


def test_without_times_the_last_row_counts(run_clean) -> None:
    rows = [["1", "", "Bromma", "Ja", "x"], ["2", "", "Bromma", "Nej", "x"]]
    assert run_clean([HEADER, *rows], [ENHET, PLAN, TEXT]).answers["plan"].tolist() == ["nej"]


def test_the_status_says_how_much_was_answered(run_clean) -> None:
    rows = [["1", "", "", "Ja", "x"], ["2", "", "", "", "\u00a0"], ["3", "", "", "", "x"]]
    people = [PLAN, TEXT, {"id": "enhet", "kind": "free_text"}]
    cleaned = run_clean([HEADER, *rows], people)
    assert cleaned.submissions[["status", "answered_questions", "asked_questions"]].values.tolist() == [
        ["complete", 2, 3], ["empty", 0, 3], ["partial", 1, 3],
    ]  # fmt: skip
    assert cleaned.answers["text"].tolist() == ["x", "x"]


@pytest.mark.parametrize("where", ["question", "survey"])
def test_what_stands_for_no_answer_is_none(run_clean, to_table, to_survey, where: str) -> None:
    codes = {"-9": "not_answered", "-8": "not_shown", "-7": "lost", "-6": "dont_know", "-5": "not_relevant"}
    questions = [{"id": "rubrik", "kind": "free_text"}, PLAN, VILKA, ANTAL, TEXT]
    more = {"source": {"file": "x.csv", "missing": codes}} if where == "survey" else {}
    asked = questions if more else [question | {"missing": codes} for question in questions]
    rows = [
        ["rubrik", "plan", "vilka", "antal", "text"],
        ["x", "-9", "-8", "-7", "-9"],
        ["x", "-6", "-5", "-6", "-6"],
        ["-9", "-9", "-8", "-7", "-9"],
        ["", "", "", "", "\u00a0"],
    ]
    cleaned = run_clean(rows, asked, **more)
    # Codes are cells that were kept: who gave nothing else has handed in a form without answers, but no empty one.
    assert cleaned.submissions[["status", "answered_questions"]].values.tolist() == [
        ["partial", 1], ["complete", 5], ["partial", 0], ["empty", 0],
    ]  # fmt: skip
    assert cleaned.answers["text#status"].tolist() == ["_not_answered", "_dont_know", "_not_answered"]
    assert cleaned.accounting == {"raw_cells": 16, "answers_cells": 15, "ledger_cells": 1, "unaccounted": 0}
    again = replay(to_table(rows), to_survey(asked, **more), cleaned.ledger)
    pd.testing.assert_frame_equal(again, cleaned.answers)


def test_an_option_is_an_answer_whatever_it_would_mean_elsewhere(run_clean) -> None:
    """A text that `missing` names for the whole survey is an answer where it is an option."""
    source = {"file": "x.csv", "missing": {"Nej": "lost"}}
    cleaned = run_clean([["plan", "antal"], ["Nej", "Nej"]], [PLAN, ANTAL], source=source)
    assert cleaned.submissions["answered_questions"].tolist() == [1]
    assert cleaned.answers[["plan", "antal#status"]].values.tolist() == [["nej", "_lost"]]


def test_times_and_ids_go_into_the_submissions(run_clean) -> None:
    header = ["Starttid", "Inskickat", "Svarsid", "Respondent ID", "plan", "text"]
    cleaned = run_clean([header, ["2021-10-01 08:00", "i går", "7", "8", "Ja", "x"]], [PLAN, TEXT])
    row = cleaned.submissions.iloc[0]
    assert (row["native_id"], row["started"]) == ("7", pd.Timestamp("2021-10-01 08:00"))
    assert pd.isna(row["submitted"])
    assert told(cleaned.ledger) == [
        (2, "Starttid", "merged", "column.started", "2021-10-01 08:00", "submissions"),
        (2, "Inskickat", "merged", "column.submitted", "i går", "submissions"),
        (2, "Svarsid", "merged", "column.id", "7", "submissions"),
        (2, "Respondent ID", "dropped", "column.id", "8", ""),
    ]


# --- Columns and rows that no question is read from ---


def test_other_columns_are_dropped_or_put_in_quarantine(run_clean) -> None:
    header = ["plan", "E-post", "Senast ändrad", "Länk", "Okänd fråga", "text"]
    cleaned = run_clean(
        [header, ["Ja", "a@b.se", "i går", "http://x", "svar", "x"], ["Nej", "", "", "", "", "y"]],
        [PLAN, TEXT],
        drop=[{"column": "Länk", "why": "technical"}],
    )
    assert told(cleaned.ledger) == [
        (2, "E-post", "dropped", "column.personal", "", ""),
        (2, "Senast ändrad", "dropped", "column.technical", "i går", ""),
        (2, "Länk", "dropped", "column.technical", "http://x", ""),
        (2, "Okänd fråga", "quarantined", "column.undescribed", "", ""),
    ]
    assert cleaned.review[["kind", "where", "seen", "needed_for"]].values.tolist() == [
        ["column", "the whole export", "Okänd fråga", "survey.yaml"]
    ]


def test_the_ledger_holds_no_personal_data(run_clean) -> None:
    rows = [["plan", "Namn", "text"], ["Ja", "Ada Ek", "Ring Ada Ek"]]
    cleaned = run_clean(rows, [PLAN, TEXT])
    assert "Ada" not in cleaned.ledger.to_csv()


def test_a_shifted_row_and_a_repeated_header_are_put_in_quarantine(run_clean) -> None:
    rows = [["plan", "text"], ["Ja", "x"], ["plan", "text"], ["Ja", "delad", "text"], ["Nej", "y"]]
    cleaned = run_clean(rows, [PLAN, TEXT])
    assert cleaned.submissions["status"].tolist() == ["complete", "quarantined", "quarantined", "complete"]
    assert cleaned.answers["plan"].tolist() == ["ja", "nej"]
    assert told(cleaned.ledger) == [
        (3, "plan", "quarantined", "row.repeated_header", "", ""),
        (3, "text", "quarantined", "row.repeated_header", "", ""),
        (4, "plan", "quarantined", "row.too_long", "", ""),
        (4, "text", "quarantined", "row.too_long", "", ""),
        (4, "(column 3)", "quarantined", "row.too_long", "", ""),
    ]
    assert cleaned.review[["kind", "where", "seen", "proposals"]].values.tolist() == [
        ["row.too_long", "row 4", "Ja | delad | text", "join:text | leave_out"]
    ]


WHO = {"id": "vem", "kind": "single", "options": [{"id": "a", "label": "Alfa"}, {"id": "b", "label": "Beta"}]}
HOW = {"id": "hur", "kind": "single", "options": [{"id": "v", "label": "Väl"}, {"id": "i", "label": "Illa"}]}
CUT = [["text", "vem", "hur", "antal"], ["Ja, kanske", "Alfa", "Väl", "1"], ["x", "y", "Beta", "Illa", "2"]]


def test_a_record_with_a_cell_too_many_is_mended_by_a_person(csv_clean) -> None:
    questions = [TEXT, WHO, HOW, ANTAL]
    asked = csv_clean(CUT, questions)
    assert asked.submissions["status"].tolist() == ["complete", "quarantined"]
    (item,) = asked.review.itertuples(index=False)
    assert (item.kind, item.where, item.proposals) == ("row.too_long", "row 3", "join:text | leave_out")
    assert asked.accounting == {"raw_cells": 9, "answers_cells": 4, "ledger_cells": 5, "unaccounted": 0}

    mended = csv_clean(CUT, questions, decisions={item.id: "join:text"})
    assert mended.answers["text"].tolist() == ["Ja, kanske", "x,y"]
    assert mended.answers[["vem", "hur"]].values.tolist() == [["a", "v"], ["b", "i"]]
    assert mended.answers["antal"].tolist() == [1.0, 2.0]
    assert mended.accounting == {"raw_cells": 9, "answers_cells": 8, "ledger_cells": 1, "unaccounted": 0}
    assert mended.ledger.values.tolist() == [
        [3, "text", "kept", f"decision.{item.id}", "", "join:text", "K. Utredare"],
        [3, "(cell 2)", "merged", f"decision.{item.id}", "", "text", "K. Utredare"],
    ]

    left_out = csv_clean(CUT, questions, decisions={item.id: "leave_out"})
    assert left_out.submissions["status"].tolist() == ["complete", "left_out"]
    assert set(left_out.ledger[["row", "fate", "by"]].itertuples(index=False, name=None)) == {
        (3, "dropped", "K. Utredare")
    }
    assert refused(lambda: csv_clean(CUT, questions, decisions={item.id: "keep"})) == [
        f"data/raw/2021/decisions.csv, column 'decision': the decision 'keep' of {item.id} cannot be carried out. "
        "Decide join: and the id of a question, or leave_out."
    ]


def test_a_record_with_cells_too_few_is_kept_or_left_out_by_a_person(csv_clean) -> None:
    rows = [["text", "vem", "hur"], ["x", "Alfa", ""], ["y", "Beta"], ["z", "Alfa", "Väl"]]
    asked = csv_clean(rows, [TEXT, WHO, HOW])
    assert asked.submissions["status"].tolist() == ["complete", "quarantined", "complete"]
    (item,) = asked.review.itertuples(index=False)
    assert (item.kind, item.where, item.proposals) == ("row.too_short", "row 3", "keep | leave_out")
    kept = csv_clean(rows, [TEXT, WHO, HOW], decisions={item.id: "keep"})
    assert kept.answers["vem"].tolist() == ["a", "b", "a"]
    assert kept.answers["hur"].tolist() == ["_not_answered", "_not_answered", "v"]
    assert kept.ledger.values.tolist() == [
        [3, "text", "kept", f"decision.{item.id}", "", "keep", "K. Utredare"]
    ]


def test_a_tool_that_leaves_out_blank_cells_at_the_end_is_understood(csv_clean) -> None:
    rows = [["text", "vem", "hur"], *[["x", "Alfa"]] * 3, ["y"], *[["z", "Alfa", "Väl"]] * 5]
    cleaned = csv_clean(rows, [TEXT, WHO, HOW])
    assert cleaned.review.empty
    assert set(cleaned.submissions["status"]) <= {"complete", "partial"}


def test_answers_that_fit_other_columns_put_the_whole_row_in_quarantine(csv_clean) -> None:
    rows = [
        ["vem", "hur", "plan", "text"],
        ["Alfa", "Väl", "Ja", "x"],
        ["", "Beta", "Illa", "Nej"],
        ["Gamma", "Väl", "Ja", "y"],
    ]
    cleaned = csv_clean(rows, [WHO, HOW, PLAN, TEXT])
    assert cleaned.submissions["status"].tolist() == ["complete", "quarantined", "complete"]
    assert cleaned.review[["kind", "where"]].values.tolist() == [
        ["row.shifted", "row 3"],
        ["answer", "row 4"],
    ]


# --- Codes ---


def test_codes_stand_for_options_whatever_their_order(run_clean) -> None:
    options = [
        {"id": "inte", "label": "Inte alls", "code": "4"},
        {"id": "lite", "label": "Lite", "code": "1"},
        {"id": "helt", "label": "Helt", "code": "3"},
    ]
    question = {"id": "q", "kind": "scale", "options": options, "missing": {"-1": "not_shown"}}
    rows = [["q", "text"], *[[c, "x"] for c in ("4", "1", "3", "Lite", "-1", "99", "2")]]
    cleaned = run_clean(rows, [question, TEXT], source={"file": "x.csv", "missing": {"99": "dont_know"}})
    assert cleaned.answers["q"].tolist() == [
        "inte",
        "lite",
        "helt",
        "lite",
        "_not_shown",
        "_dont_know",
        "_under_review",
    ]
    assert told(cleaned.ledger) == [
        (6, "q", "kept", "answer.missing", "-1", "_not_shown"),
        (7, "q", "kept", "answer.missing", "99", "_dont_know"),
    ]


def test_declared_codes_are_missing_answers_in_every_kind_of_question(run_clean) -> None:
    missing = {"99": "dont_know", "-1": "not_shown", "1900-01-01": "lost", "-": "not_answered"}
    rows = [
        ["antal", "dag", "text"],
        ["99", "1900-01-01", " - "],
        ["-1", "2021-05-01", "ja – -"],
        ["3", "-", "x"],
    ]
    cleaned = run_clean(rows, [ANTAL, DAG, TEXT], source={"file": "x.csv", "missing": missing})
    assert cleaned.answers["antal#status"].tolist() == ["_dont_know", "_not_shown", "answered"]
    assert cleaned.answers["dag#status"].tolist() == ["_lost", "answered", "_not_answered"]
    assert cleaned.answers["text#status"].tolist() == ["_not_answered", "answered", "answered"]
    assert cleaned.answers["text"].tolist()[1:] == ["ja – -", "x"]
    assert told(cleaned.ledger) == [
        (2, "antal", "kept", "answer.missing", "99", "_dont_know"),
        (2, "dag", "kept", "answer.missing", "1900-01-01", "_lost"),
        (2, "text", "kept", "answer.missing", "", "_not_answered"),
        (3, "antal", "kept", "answer.missing", "-1", "_not_shown"),
        (4, "dag", "kept", "answer.missing", "-", "_not_answered"),
    ]


@pytest.mark.parametrize(
    ("seen", "proposed"),
    [("ca 40", "40"), ("1O", ""), ("mellan 3 och 5", ""), ("kommentar nummer 5 i listan", "")],
)
def test_a_number_is_proposed_only_where_one_stands_by_itself(run_clean, seen: str, proposed: str) -> None:
    cleaned = run_clean([["antal", "text"], [seen, "x"]], [ANTAL, TEXT])
    others = ["_not_answered", "_dont_know", "_not_relevant"]
    assert cleaned.review["proposals"].tolist() == [" | ".join([proposed, *others] if proposed else others)]


def test_a_delimiter_too_many_at_the_end_is_no_question(csv_clean) -> None:
    rows = [
        ["text", "vem", "antal"],
        ["x", "Alfa", "1", ""],
        ["y", "Beta", "2"],
        ["z", "Alfa", "3"],
        ["Ja", "ja", "Beta", "4", ""],
    ]
    cleaned = csv_clean(rows, [TEXT, WHO, ANTAL])
    assert cleaned.submissions["status"].tolist() == ["complete", "complete", "complete", "quarantined"]
    assert cleaned.review[["kind", "where"]].values.tolist() == [["row.too_long", "row 5"]]


def test_one_who_answered_twice_is_asked_about_where_people_answer(run_clean) -> None:
    header = ["Svarsid", "Inskickat", "plan", "text"]
    rows = [
        ["9", "2024-10-01", "Ja", "x"], ["9", "2024-10-02", "Nej", "y"],
        ["1", "2024-10-01", "Ja", "z"], ["1", "2024-10-01", "Ja", "z"], ["2", "2024-10-01", "Ja", "z"],
    ]  # fmt: skip
    cleaned = run_clean([header, *rows], [PLAN, TEXT])
    assert set(cleaned.submissions["status"]) == {"complete"}
    assert cleaned.review[["kind", "where", "proposals"]].values.tolist() == [
        ["duplicate", "rows 2, 3", "latest | keep"],
        ["duplicate", "rows 4, 5", "latest | keep"],
    ]
    first, second = cleaned.review["id"]
    settled = run_clean([header, *rows], [PLAN, TEXT], decisions={first: "latest", second: "keep"})
    assert settled.submissions["status"].tolist() == ["superseded", *["complete"] * 4]
    assert settled.review.empty
    gone = settled.ledger[settled.ledger["fate"] == "superseded"]
    assert set(zip(gone["row"], gone["rule"], gone["by"], strict=True)) == {
        (2, f"decision.{first}", "K. Utredare")
    }
    assert told(settled.ledger[settled.ledger["rule"] == f"decision.{second}"]) == [
        (row, "Svarsid", "kept", f"decision.{second}", "", "keep") for row in (4, 5)
    ]
    assert refused(lambda: run_clean([header, *rows], [PLAN, TEXT], decisions={first: "ja"})) == [
        f"data/raw/2021/decisions.csv, column 'decision': the decision 'ja' of {first} cannot be carried out. "
        "Decide latest or keep."
    ]


def test_people_who_answer_alike_are_no_doubles(run_clean) -> None:
    assert run_clean([["plan", "text"], ["Ja", "x"], ["Ja", "x"]], [PLAN, TEXT]).review.empty


def test_a_reversed_row_of_a_grid_is_turned_and_told(run_clean) -> None:
    options = [
        {"id": "inte", "label": "Inte alls", "code": "1"},
        {"id": "delvis", "label": "Delvis", "code": "2"},
        {"id": "helt", "label": "Helt", "code": "3"},
        {"id": "vet_ej", "label": "Vet ej", "code": "9", "means": "dont_know"},
    ]
    items = [
        {"id": "a", "text": "A", "column": "A"},
        {"id": "b", "text": "B", "column": "B", "reversed": True},
    ]
    cleaned = run_clean(
        [["A", "B"], ["1", "1"], ["2", "2"], ["9", "9"]],
        [{"id": "q", "kind": "scale", "options": options, "items": items}],
    )
    assert cleaned.answers["q[a]"].tolist() == ["inte", "delvis", "_dont_know"]
    assert cleaned.answers["q[b]"].tolist() == ["helt", "delvis", "_dont_know"]
    assert told(cleaned.ledger)[0] == (2, "B", "kept", "answer.reversed", "1", "helt")


def test_columns_that_the_export_does_not_have_are_told_all_at_once(run_clean) -> None:
    questions = [PLAN | {"column": "Plann"}, TEXT | {"column": "Något helt annat"}]
    found = refused(
        lambda: run_clean(
            [["Plan", "text"], ["Ja", "x"]], questions, drop=[{"column": "xyz", "why": "unused"}]
        )
    )
    assert found == [
        "survey.yaml: question plan: the export has no column 'Plann' (the nearest is 'Plan'). "
        "Correct `column` there, or export again.",
        "survey.yaml: question text: the export has no column 'Något helt annat'. "
        "Correct `column` there, or export again.",
        "survey.yaml: drop: the export has no column 'xyz'. Correct `column` there, or export again.",
    ]


def test_headers_are_found_whatever_their_blanks_and_case(run_clean) -> None:
    cleaned = run_clean(
        [["Har  ni\nen PLAN?", "text"], ["Ja", "x"]], [PLAN | {"column": "Har ni en plan?"}, TEXT]
    )
    assert cleaned.answers["plan"].tolist() == ["ja"]


def test_eusurvey_labels_are_read_without_their_ids(run_clean) -> None:
    rows = [
        ["Alias", "x"],
        ["Plan? (ID1)", "Vilka? (ID2)", "Text (ID3)"],
        ["Ja(ID7)", "Skola(ID8); Polis(ID9)", "x"],
    ]
    questions = [
        PLAN | {"column": "Plan? (ID1)"},
        VILKA | {"column": "Vilka? (ID2)", "separator": None},
        TEXT | {"column": "Text (ID3)"},
    ]
    cleaned = run_clean(rows, questions, dialect="eusurvey")
    assert cleaned.answers.iloc[0, 2:5].tolist() == ["ja", "chosen", "chosen"]
    assert cleaned.ledger.empty


# --- What always holds ---

ALL = [PLAN, VILKA, EACH | {"id": "var"}, ANTAL, DAG, TEXT]
ALL_HEADER = ["Svarsid", "E-post", "plan", "vilka", *EACH_HEADER[:3], "antal", "dag", "text", "okänd"]
CELLS = st.sampled_from(
    ["", "", " ", "\u00a0", "\ufeff", "\u200b", "Ja", "ja.", "Nej", "Vet ej", "kanske", "Skola;Polis", "Polis;x",
     "Skola", "1", "1 000", "ca 3", "2021-10-19", "3/4/2021", "text", "7", "a@b.se"]
)  # fmt: skip
ROWS = st.lists(
    st.lists(CELLS, min_size=len(ALL_HEADER), max_size=len(ALL_HEADER) + 1), min_size=1, max_size=8
)


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_every_filled_cell_has_exactly_one_fate(tmp_path_factory, to_survey, rows: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("all") / "x.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([ALL_HEADER, *rows])
    if not any(any(row) for row in rows):
        return
    survey = to_survey(ALL)
    table = find_table(decode(path, "x", encoding="utf-8", delimiter=","), "x", dialect="table")
    cleaned = clean(table, survey, name="x")

    recounted = Counter()
    for row in list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))[1:]:
        recounted.update("filled" for cell in row if cell)
    account = cleaned.accounting
    assert account["raw_cells"] == recounted["filled"]
    assert account["unaccounted"] == 0
    assert account["answers_cells"] + account["ledger_cells"] == account["raw_cells"]
    lost = cleaned.ledger[cleaned.ledger["fate"] != "kept"]
    assert len(lost) == account["ledger_cells"]
    assert not lost.duplicated(["row", "column"]).any()
    counts = cleaned.submissions["status"].isin(["complete", "partial"])
    assert len(cleaned.answers) == counts.sum()
    pd.testing.assert_frame_equal(replay(table, survey, cleaned.ledger), cleaned.answers)
    check(cleaned.submissions, SUBMISSIONS, "submissions")
    check(cleaned.answers, answers_schema(survey), "answers")
    check(cleaned.ledger, LEDGER, "ledger")
    check(cleaned.review, REVIEW, "review")


@settings(max_examples=12, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_count_and_no_id(
    run_clean, to_survey, rows: list[list[str]], chance: random.Random
) -> None:
    rows = [row[: len(ALL_HEADER)] for row in rows if any(cell.strip("\ufeff\u200b \u00a0") for cell in row)]
    if not rows:
        return
    shuffled = chance.sample(rows, len(rows))
    one, other = (run_clean([ALL_HEADER, *r], ALL) for r in (rows, shuffled))
    survey = to_survey(ALL)
    pd.testing.assert_frame_equal(count_answers(one.answers, survey), count_answers(other.answers, survey))
    assert one.accounting == other.accounting
    assert sorted(one.submissions["submission_id"]) == sorted(other.submissions["submission_id"])
    assert sorted(one.review["id"]) == sorted(other.review["id"])
    by_id = [c.answers.set_index("submission_id").sort_index() for c in (one, other)]
    pd.testing.assert_frame_equal(*by_id)


def test_an_id_survives_new_rows_new_columns_and_what_the_tool_notes_for_itself(run_clean) -> None:
    old = run_clean([["plan", "text", "Senast ändrad"], ["Ja", "x", "i går"]], [PLAN, TEXT])
    new = run_clean(
        [
            ["", "text", "plan", "ny", "Senast ändrad"],
            ["1", "y", "Nej", "", ""],
            ["2", "x", "Ja", "", "nyss"],
        ],
        [PLAN, TEXT, {"id": "ny", "kind": "free_text"}],
    )
    assert old.submissions["submission_id"].tolist() == new.submissions["submission_id"].tolist()[1:]


def test_equal_submissions_have_ids_of_their_own(run_clean) -> None:
    cleaned = run_clean([["plan", "text"], ["Ja", "x"], ["Ja", "x"], ["Ja", "x"]], [PLAN, TEXT])
    assert cleaned.submissions["submission_id"].is_unique


def test_the_table_is_not_changed(to_table, to_survey) -> None:
    table = to_table([["plan", "text"], [" ja ", "\u00a0"]])
    before = table.cells.copy()
    clean(table, to_survey([PLAN, TEXT]), name="x")
    pd.testing.assert_frame_equal(table.cells, before)
