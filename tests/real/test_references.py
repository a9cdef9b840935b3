"""Every published table and survey in the cases can be taken in, and known figures come out.

Figures that others have computed (R's likert package, published tables, a person's edits) are the references; see
``cases/README.md``. What is compared with is read here by code that shares nothing with ours.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.intake.clean import Cleaned, clean
from analysis.intake.compare import compare
from analysis.intake.decode import Grid, decode
from analysis.intake.dialects import Table, find_table
from analysis.intake.draft import draft_survey, to_yaml
from analysis.intake.replay import replay
from analysis.measures.counts import count_answers
from analysis.survey.instrument import Survey, read_survey
from analysis.survey.units import Register

ROOT = Path(__file__).parents[2]
CASES = Path(os.environ.get("SURVEY_CASES", ROOT.parent / "shared" / "cases"))
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason=f"the real exports are not there: {CASES} (name their folder in SURVEY_CASES)"
)
KINDS = (".csv", ".csv.gz", ".xls", ".xlsx", ".ods")
TABLES = sorted(
    p.relative_to(CASES).as_posix()
    for p in (CASES.rglob("*") if CASES.is_dir() else ())
    if p.name.endswith(KINDS) and not p.name.startswith(("published-", "oracle"))
)
GOOGLE = "google-forms-2014/The use of software in research (Responses) 24 Oct 14 - Form Responses 1.csv"


@pytest.fixture(scope="module")
def register() -> Register:
    return Register.read(ROOT / "data" / "reference" / "units.csv")


@pytest.fixture(scope="module")
def taken_in(register: Register) -> Callable[..., tuple[Grid, Table, Survey, Cleaned]]:
    """Return a function that takes an export in by a draft nobody has touched."""
    known: dict[str, tuple[Grid, Table, Survey, Cleaned]] = {}

    def take(case: str, folder: Path) -> tuple[Grid, Table, Survey, Cleaned]:
        if case not in known:
            path = CASES / case
            grid = decode(path, path.name)
            table = find_table(grid, path.name)
            draft = draft_survey(table, grid, year=2024, register=register)
            written = folder / "survey.yaml"
            written.write_text(to_yaml(draft), encoding="utf-8")
            survey = read_survey(written, "survey.yaml", year=2024)
            known[case] = grid, table, survey, clean(table, survey, name="survey.yaml", register=register)
        return known[case]

    return take


def filled_cells(path: Path, header_row: int) -> int:
    """Return how many cells with content follow the header, counted without our code."""
    if path.suffix in (".xls", ".xlsx", ".ods"):
        rows = pd.read_excel(path, header=None, dtype=object, engine="calamine", keep_default_na=False)
        return int((rows.iloc[header_row:].map(lambda cell: cell != "" and not pd.isna(cell))).sum().sum())
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("mac_roman")
    rows_ = list(csv.reader(io.StringIO(text, newline="")))
    return sum(cell != "" for row in rows_[header_row:] for cell in row)


@pytest.mark.parametrize("case", TABLES)
def test_every_table_is_taken_in_and_nothing_is_lost(
    case: str,
    tmp_path: Path,
    taken_in: Callable[..., tuple[Grid, Table, Survey, Cleaned]],
    register: Register,
) -> None:
    _, table, survey, cleaned = taken_in(case, tmp_path)
    account = cleaned.accounting
    assert account["unaccounted"] == 0
    assert account["raw_cells"] == filled_cells(CASES / case, table.header_row)
    gone = cleaned.ledger[cleaned.ledger["fate"] != "kept"]
    assert not gone.duplicated(["row", "column"]).any()
    assert account["answers_cells"] + len(gone) == account["raw_cells"]
    pd.testing.assert_frame_equal(replay(table, survey, cleaned.ledger, register), cleaned.answers)


# --- Answers of 66,690 pupils, counted by R ------------------------------------------------------------------


def likert_survey(questions: list[str], labels: list[str]) -> Survey:
    options = [{"id": f"o{i}", "label": label} for i, label in enumerate(labels)]
    return Survey.model_validate(
        {
            "title": "PISA",
            "year": 2009,
            "period": {"start": "2009-01-01", "end": "2009-12-31"},
            "responsible": {"publisher": "OECD"},
            "source": {"file": "pisaitems.csv.gz", "missing": {"NA": "not_answered"}},
            "respondents": "people",
            "sections": [{"id": "a", "title": "A", "kind": "topic", "confirmed": True}],
            "questions": [
                {"id": q.lower(), "text": q, "kind": "scale", "section": "a", "options": options} for q in questions
            ],
        }
    )  # fmt: skip


def percentages(answers: pd.DataFrame, survey: Survey) -> dict[str, list[float]]:
    counted = count_answers(answers, survey)
    shown = counted[(counted["group"] == "alla") & counted["value"].str.match(r"o\d")]
    return {q: part["percent"].astype(float).tolist() for q, part in shown.groupby("question")}


def test_r_counts_the_same_percentages_to_nine_decimals() -> None:
    oracle = json.loads((CASES / "likert-pisa" / "oracle_likert.json").read_text(encoding="utf-8"))
    labels = [key for key in oracle["ST24Q_results"][0] if key != "Item"]
    items = [row["Item"] for row in oracle["ST24Q_results"]]
    survey = likert_survey(items, labels)
    path = CASES / "likert-pisa" / "pisaitems.csv.gz"
    grid = decode(path, path.name)
    table = find_table(grid, path.name, dialect="table")
    assert [len(table.cells), len(table.columns)] == oracle["dim"]
    cleaned = clean(table, survey, name="survey.yaml")
    assert len(cleaned.answers) <= len(table.cells)

    ours = percentages(cleaned.answers, survey)
    for row in oracle["ST24Q_results"]:
        np.testing.assert_allclose(
            ours[row["Item"].lower()], [row[label] for label in labels], rtol=0, atol=1e-9
        )

    rows = cleaned.submissions.set_index("submission_id")["row"]
    country = table.cells[0].astype("str").loc[cleaned.answers["submission_id"].map(rows)].to_numpy()
    assert dict(Counter(table.cells[0].astype("str"))) == oracle["countries"]
    by_country = {name: percentages(cleaned.answers[country == name], survey) for name in oracle["countries"]}
    for row in oracle["ST24Q_by_country_results"]:
        expected = [row[label] for label in labels]
        np.testing.assert_allclose(by_country[row["Group"]][row["Item"].lower()], expected, rtol=0, atol=1e-9)


# --- What a person edited by hand ----------------------------------------------------------------------------


def test_the_cells_that_a_person_edited_are_found() -> None:
    folder = CASES / "edited-by-hand-2018"
    oracle = json.loads((folder / "oracle.json").read_text(encoding="utf-8"))
    raw, edited = (
        find_table(decode(path, path.name), path.name)
        for path in (folder / "survey_responses-raw.xlsx", folder / "survey_responses-edited.xlsx")
    )
    found = compare(raw, edited, "survey_responses-edited.xlsx")
    assert found.key == "No."
    assert list(found.columns_added) == oracle["columns_added"]
    assert (found.columns_gone, found.submissions_added, found.submissions_gone) == ((), (), ())
    changed = Counter(found.changed["column"])
    told = {header: n for header, n in oracle["cells_changed_by_column"].items() if n}
    assert len(changed) == len(told)
    for header, n in told.items():  # the reference cuts long headers
        assert [c for h, c in changed.items() if h.startswith(" ".join(header.split()))] == [n]


# --- The published tables of 2014: why each differs from the raw file -----------------------------------------

ADDED = 10
"""Submissions that the published tables count, and that the raw file (407 of 417) does not have."""

SAME = ("Question 3", "Question 5", "Question 6", "Question 7", "Question 8", "Question 10")
"""Questions whose published labels are the raw file's own: only the ten submissions differ."""

REGROUPED: dict[str, tuple[dict[str, str], dict[str, int]]] = {
    # The table calls those who took a course “Self taught”, and everybody who is self-taught “Both …”.
    "Question 9": (
        {
            "Yes - a taught course": "Self taught",
            "Yes - self taught using online resources or books": "Both self taught and taught course",
            "Yes - a taught course, Yes - self taught using online resources or books": "Both self taught and taught course",
            "Yes - self taught using online resources or books, No": "Both self taught and taught course",
            "No": "No training",
        },
        {"Self taught": 4, "Both self taught and taught course": 4, "No training": 2},
    ),
    # One who left these three blank answered after the raw file was saved, or was left out of the tables.
    "Extra question 2": ({"": "No response"}, {"Male": 6, "Female": 5, "No response": -1}),
    "Extra question 3": (
        {"": "No response"},
        {"Fixed term": 4, "Permanent": 6, "Prefer not to say": 1, "No response": -1},
    ),
    # Four wrote a system of their own.
    "Extra question 4": (
        {"": "No response"}
        | dict.fromkeys(
            ("I prefer Windows and Unix", "VMS", "DOS or ZX Spectrum", "Any Unix based"), "Other"
        ),
        {"Microsoft Windows": 4, "Linux": 2, "Don't have a preference": 2, "Mac OS X": 3, "No response": -1},
    ),
}
"""How the published tables name the raw file's answers, and what is left after that."""


def published(question: str) -> Counter[str]:
    raw = (CASES / "google-forms-2014" / f"published-{question}.csv").read_bytes()
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n"))))
    return Counter(
        {row[0]: int(row[1]) for row in rows[1:] if len(row) > 1 and row[1].isdigit() and int(row[1])}
    )


@pytest.fixture(scope="module")
def raw_answers() -> dict[str, Counter[str]]:
    """Return the answers of the raw file, counted by the beginning of each header."""
    with (CASES / GOOGLE).open(encoding="utf-8", newline="") as file:
        header, *records = csv.reader(file)
    filled = [record for record in records if any(record)]
    return {h.split(":")[0]: Counter(r[i].strip() for r in filled) for i, h in enumerate(header)}


@pytest.mark.parametrize("question", [*SAME, *REGROUPED])
def test_the_published_counts_differ_for_known_reasons(
    question: str,
    raw_answers: dict[str, Counter[str]],
    tmp_path: Path,
    taken_in: Callable[..., tuple[Grid, Table, Survey, Cleaned]],
) -> None:
    table, raw = published(question), raw_answers[question]
    names, expected = REGROUPED.get(question, ({}, {}))
    renamed: Counter[str] = Counter()
    for answer, n in raw.items():
        renamed[names.get(answer, answer)] += n
    difference = {label: table[label] - renamed[label] for label in {*table, *renamed}}
    assert sum(difference.values()) == ADDED
    left = {label: n for label, n in difference.items() if n}
    if expected:
        assert left == expected
    else:
        assert all(n > 0 for n in left.values())
    assert our_counts(question, taken_in(GOOGLE, tmp_path)) == +raw


def our_counts(question: str, way: tuple[Grid, Table, Survey, Cleaned]) -> Counter[str]:
    """Return how often each answer of the raw file was counted by us: options, what is under review, and blank."""
    _, table, survey, cleaned = way
    (asked,) = (q for q in survey.questions if q.text.startswith(f"{question}:"))
    counted = count_answers(cleaned.answers, survey)
    own = counted[(counted["question"] == asked.id) & (counted["group"] == "alla")]
    column = next(c for c in table.columns if c.header.startswith(f"{question}:"))
    cells = table.cells[column.position].astype("str").str.strip()
    if asked.kind == "multiple":  # the raw combinations of what was chosen
        chosen = own[own["value"] == "chosen"].set_index("item")["n"]
        for option in asked.options:
            if not option.means:
                has = cells.map(
                    lambda cell, label=option.label: label in [p.strip() for p in cell.split(", ")]
                )
                assert chosen[option.id] == int(has.sum())
        return Counter({text: n for text, n in Counter(cells).items() if n})
    labels = {o.value: o.label for o in asked.options}
    counts = Counter({labels.get(v, v): int(n) for v, n in zip(own["value"], own["n"], strict=True) if n})
    found = Counter({"": counts.pop("_not_answered", 0)})
    if counts.pop(
        "_under_review", 0
    ):  # rare answers that nobody has decided on: seen in the review, one by one
        waiting = cleaned.review[cleaned.review["needed_for"] == asked.id]["seen"]
        found += Counter(
            {text: n for text, n in Counter(cells).items() if text and text.casefold() in set(waiting)}
        )
    return +(found + counts)


def test_what_others_funded_is_grouped_in_the_published_table(raw_answers: dict[str, Counter[str]]) -> None:
    table, raw = published("Question 4"), raw_answers["Question 4"]
    groups = ("European", "National Institute for Health Research", "Others", "Private source")
    named = {label: table[label] - raw[label] for label in table if label not in groups}
    grouped = sum(table[label] for label in groups)
    written = sum(n for label, n in raw.items() if label not in table)
    # The table puts answers in people's own words into four groups, except two "industry" and one "Local industry".
    assert {label: n for label, n in named.items() if n} == {
        "EPSRC - Engineering and Physical Sciences Research Council": 1,
        "ESRC - Economic and Social Research Council": 2,
        "Industry": 3,
        "Leverhulme Trust": 1,
        "STFC - Science and Technology Facilities Council": 1,
        "University central funds": 1,
    }
    assert sum(named.values()) + grouped - written == ADDED


def oracle_of(case: str) -> Any:
    return json.loads((CASES / case / "oracle.json").read_text(encoding="utf-8"))


def test_the_roles_of_those_who_answered(raw_answers: dict[str, Counter[str]]) -> None:
    table = published("Question 2")
    raw: Counter[str] = Counter()
    for cell, n in raw_answers["Question 2"].items():
        for part in cell.split(", "):
            raw[part.strip()] += n
    difference = {label: table[label] - raw[label] for label in table}
    # At most the ten added submissions chose a role; what people wrote themselves is not in the table.
    assert difference == {
        "I conduct research": 10,
        "I support researchers": 4,
        "I manage researchers or research projects": 5,
        "I develop software for researchers": 3,
    }


def test_the_scores_of_111_organisations() -> None:
    known = oracle_of("organisations-2009-2020")
    path = CASES / "organisations-2009-2020" / "csps2020_orgscores_long.csv"
    table = find_table(decode(path, path.name), path.name, dialect="table")
    assert len(table.cells) == known["long_rows"]
    organisations, measures = (set(table.cells[i]) for i in (0, 1))
    assert (len(organisations), len(measures)) == (known["orgs"], known["measures"])
    median = table.cells[table.cells[0] == "CS_MEDIAN"].astype("str").set_index(1)[2].astype(float)
    assert {name: median[name] for name in known["median_row"]} == known["median_row"]
