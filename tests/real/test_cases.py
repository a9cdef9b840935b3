"""The way from a real export to counts, without a hand on the file in between.

The exports lie outside the project (see ``cases/README.md`` there): in the folder that the environment variable
``SURVEY_CASES`` names, else in ``../shared/cases`` beside the project. What is compared with is counted here, from
the raw file, by code that shares nothing with ours.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.intake.clean import Cleaned, clean
from analysis.intake.decode import Grid, decode
from analysis.intake.dialects import Table, find_table
from analysis.intake.draft import Draft, draft_survey, to_yaml
from analysis.intake.ledger import check_nothing_lost
from analysis.measures.counts import count_answers
from analysis.pipeline.inputs import read_export, read_inputs
from analysis.project import Project
from analysis.survey.instrument import Question, Survey, read_survey
from analysis.survey.units import Register

ROOT = Path(__file__).parents[2]
CASES = Path(os.environ.get("SURVEY_CASES", ROOT.parent / "shared" / "cases"))
needs_cases = pytest.mark.skipif(
    not CASES.is_dir(), reason=f"the real exports are not there: {CASES} (name their folder in SURVEY_CASES)"
)
EUSURVEY = "eusurvey-2024/Content_Export_EVERSElandscaping_Survey_results_16-10-2024_nopersonal.xls"
LIMESURVEY = "limesurvey-2017/2017-uk.csv"
GOOGLE_FORMS = (
    "google-forms-2014/The use of software in research (Responses) 24 Oct 14 - Form Responses 1.csv"
)
SURVEYMONKEY = "surveymonkey-2014/food-world-cup-data.csv"
EXPORTS = (EUSURVEY, LIMESURVEY, GOOGLE_FORMS, SURVEYMONKEY)
HEADER_ROW = {EUSURVEY: 3}
ENCODING = {SURVEYMONKEY: "mac_roman"}


# --- The raw file, read here ---


@dataclass(frozen=True)
class Raw:
    """Header and records of a raw file, as text; records without any content are left out."""

    header: list[str]
    records: list[list[str]]

    def column(self, header: str) -> list[str]:
        """Return the cells below a header, stripped; ``Question (2)`` is the second column called so."""
        names, seen = [], Counter[str]()
        for text in self.header:
            name = plain(text)
            seen[name] += 1
            names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
        position = names.index(plain(header))
        return [record[position].strip() for record in self.records]


def read_raw(case: str) -> Raw:
    path, first = CASES / case, HEADER_ROW.get(case, 0)
    if path.suffix == ".xls":
        xlrd = pytest.importorskip("xlrd")
        sheet = xlrd.open_workbook(path).sheet_by_index(0)
        rows = [[as_text(cell.value) for cell in sheet.row(i)] for i in range(sheet.nrows)]
    else:
        with path.open(encoding=ENCODING.get(case, "utf-8"), newline="") as file:
            rows = list(csv.reader(file))
    return Raw(rows[first], [row for row in rows[first + 1 :] if any(row)])


def as_text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def plain(text: str) -> str:
    return " ".join(text.split()).lower()


def without_code(case: str, cell: str) -> str:
    return re.sub(r"\s*\([A-Za-z]\w*\)$", "", cell) if case == EUSURVEY else cell


# --- The way, once for each export ---


@dataclass(frozen=True)
class Way:
    case: str
    raw: Raw
    grid: Grid
    table: Table
    draft: Draft
    survey: Survey
    cleaned: Cleaned
    counts: dict[tuple[str, str], dict[str, int]]
    """Number of answers by question and item, then value."""


@pytest.fixture(scope="module", params=EXPORTS, ids=[e.split("/")[0] for e in EXPORTS])
def way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Way:
    return walk(request.param, tmp_path_factory.mktemp("drafted"))


_WALKED: dict[str, Way] = {}


def walk(case: str, folder: Path) -> Way:
    """Go from the export to the counts, as ``new-year`` and ``run`` do."""
    if case not in _WALKED:
        path = CASES / case
        register = Register.read(ROOT / "data" / "reference" / "units.csv")
        grid = decode(path, path.name)
        table = find_table(grid, path.name)
        draft = draft_survey(table, grid, year=2024, register=register)
        written = folder / "survey.yaml"
        written.write_text(to_yaml(draft), encoding="utf-8")
        survey = read_survey(written, "survey.yaml", year=2024)
        again = find_table(
            decode(path, path.name, encoding=survey.source.encoding), path.name, survey.source.dialect
        )
        cleaned = clean(again, survey, name="survey.yaml", register=register)
        counted = count_answers(cleaned.answers, survey)
        counts = {
            key: dict(zip(part["value"], part["n"].astype(int), strict=True))
            for key, part in counted[counted["group"] == "alla"].groupby(["question", "item"])
        }
        _WALKED[case] = Way(case, read_raw(case), grid, table, draft, survey, cleaned, counts)
    return _WALKED[case]


def oracle(case: str) -> dict[str, Any]:
    return json.loads((CASES / case.split("/")[0] / "oracle.json").read_text(encoding="utf-8"))


# --- What holds for every export ---


@needs_cases
def test_the_tool_is_recognised(way: Way) -> None:
    expected = {
        EUSURVEY: "eusurvey",
        LIMESURVEY: "limesurvey",
        GOOGLE_FORMS: "google_forms",
        SURVEYMONKEY: "surveymonkey",
    }
    assert way.table.dialect.name == expected[way.case]
    assert way.survey.source.dialect == expected[way.case]


@needs_cases
def test_the_draft_is_read_back_equal_from_its_yaml(way: Way) -> None:
    assert way.survey == way.draft.survey
    assert way.survey.draft
    assert way.survey.respondents == "people"
    assert way.survey.language == "en"


@needs_cases
def test_no_cell_is_lost(way: Way) -> None:
    filled = sum(cell != "" for record in way.raw.records for cell in record)
    assert way.cleaned.accounting["raw_cells"] == filled
    assert way.cleaned.accounting["unaccounted"] == 0
    check_nothing_lost(way.cleaned.accounting)
    gone = way.cleaned.ledger[way.cleaned.ledger["fate"] != "kept"]
    assert len(gone) == way.cleaned.accounting["ledger_cells"]
    assert not gone.duplicated(["row", "column"]).any()


@needs_cases
def test_every_record_is_a_submission_that_counts(way: Way) -> None:
    assert len(way.cleaned.submissions) == len(way.cleaned.answers) == len(way.raw.records)
    assert set(way.cleaned.submissions["status"]) <= {"complete", "partial"}


@needs_cases
def test_every_question_column_is_asked_once(way: Way) -> None:
    asked = [h for q in way.survey.questions for h in q.headers()]
    dropped = [d.column for d in way.survey.drop]
    other = [c.header for c in way.table.columns if c.role != "answer"]
    assert len(asked) == len(set(asked))
    assert sorted(asked + dropped + other) == sorted(c.header for c in way.table.columns)
    assert not any(way.cleaned.review["kind"] == "column")


@needs_cases
def test_counts_of_every_closed_question_are_those_of_the_raw_file(way: Way) -> None:
    checked = Counter[str]()
    for question in way.survey.questions:
        if question.kind in ("single", "scale"):
            columns = [(i.id, i.column) for i in question.items] or [("", question.header)]
            for item, header in columns:
                assert way.counts[question.id, item] == count_one_choice(way, question, header), header
        elif question.one_column_each:
            for option_id, counts in count_columns(way, question).items():
                found = {v: n for v, n in way.counts[question.id, option_id].items() if n}
                assert found == counts, (question.text, option_id)
        elif question.kind == "multiple":
            for option_id, counts in count_listed(way, question).items():
                assert way.counts[question.id, option_id] == counts, (question.text, option_id)
        checked[question.kind] += question.is_closed
    assert sum(checked.values()) > 10
    assert {key[0] for key in way.counts} == {q.id for q in way.survey.questions if q.is_closed}


def zeros(question: Question) -> dict[str, int]:
    return dict.fromkeys(question.labels(), 0)


def count_one_choice(way: Way, question: Question, header: str) -> dict[str, int]:
    cells = pd.Series(way.raw.column(header), dtype="str").map(lambda c: plain(without_code(way.case, c)))
    tally = cells.value_counts()
    counts = zeros(question) | {o.value: int(tally.get(plain(o.label), 0)) for o in question.options}
    counts["_not_answered"] = int(tally.get("", 0))
    counts["_under_review"] = int(
        (~cells.isin([plain(o.label) for o in question.options]) & (cells != "")).sum()
    )
    return counts


def count_listed(way: Way, question: Question) -> dict[str, dict[str, int]]:
    """Count the cells that list each option, by looking for its label between separators."""
    mark = {EUSURVEY: ";", GOOGLE_FORMS: ","}[way.case]
    cells = pd.Series(way.raw.column(question.header), dtype="str").map(
        lambda cell: mark.join(f" {without_code(way.case, part.strip())} " for part in cell.split(mark))
    )
    lists = pd.DataFrame(
        {
            o.id: cells.str.contains(
                rf"(?:^|{mark}) {re.escape(o.label)} (?:{mark}|$)", case=False, regex=True
            )
            for o in question.options
        }
    )
    real = lists[[o.id for o in question.options if not o.means]]
    blank, nothing = cells.str.strip() == "", ~lists.any(axis=1)
    counts = {}
    for option in question.options:
        if option.means:
            continue
        counts[option.id] = zeros(question) | {
            "chosen": int(lists[option.id].sum()),
            "not_chosen": int((real.any(axis=1) & ~lists[option.id]).sum()),
            "_not_answered": int(blank.sum()),
            "_under_review": int((nothing & ~blank).sum()),
        }
        for other in question.options:
            if other.means:
                counts[option.id][other.value] = int((lists[other.id] & ~real.any(axis=1)).sum())
    return counts


def count_columns(way: Way, question: Question) -> dict[str, dict[str, int]]:
    """Count Yes, No and nothing in the column of each option; here no option means a missing answer."""
    names = {"Yes": "chosen", "No": "not_chosen", "": "_not_answered"}
    return {
        o.id: {names[word]: n for word, n in Counter(way.raw.column(o.column or "")).items()}
        for o in question.options
    }


@needs_cases
def test_what_is_under_review_is_listed_for_a_person(way: Way) -> None:
    under_review = {key[0] for key, counts in way.counts.items() if counts["_under_review"]}
    assert under_review <= set(way.cleaned.review["needed_for"])
    assert way.cleaned.review["id"].is_unique


@needs_cases
def test_the_order_of_records_changes_no_count(way: Way) -> None:
    cells = way.table.cells.iloc[::-1].set_axis(way.table.cells.index)
    widths = None if way.table.widths is None else way.table.widths[::-1]
    table = replace(way.table, cells=cells, widths=widths, repeated=way.table.repeated[::-1])
    turned = clean(
        table, way.survey, name="survey.yaml", register=Register.read(ROOT / "data/reference/units.csv")
    )
    pd.testing.assert_frame_equal(
        count_answers(turned.answers, way.survey), count_answers(way.cleaned.answers, way.survey)
    )
    assert sorted(turned.submissions["submission_id"]) == sorted(way.cleaned.submissions["submission_id"])
    assert set(turned.review["id"]) == set(way.cleaned.review["id"])


# --- What is known of each export, and how its draft looks ---


def asked(way: Way) -> dict[str, Question]:
    return {q.text: q for q in way.survey.questions}


def labels(question: Question) -> list[str]:
    return [o.label for o in question.options]


@needs_cases
def test_eusurvey_2024(tmp_path: Path) -> None:
    way, known = walk(EUSURVEY, tmp_path), oracle(EUSURVEY)
    assert way.table.header_row == known["header_row_index"] + 1 == known["preamble_rows"] + 1
    assert len(way.table.cells) == known["data_rows"]
    assert len(way.table.columns) == known["columns"]
    assert sum(c.header.endswith(")") and bool(c.code) for c in way.table.columns) == known["headers_with_id"]
    bare = Counter(re.sub(r"\s*\([A-Za-z]\w*\)$", "", c.header) for c in way.table.columns)
    assert sum(n - 1 for n in bare.values()) == known["duplicate_headers_without_id"]
    assert way.table.dialect.separator == known["multi_sep"]
    assert way.table.exported == dt.date(2024, 10, 17)

    questions = asked(way)
    closed = [q for q in way.survey.questions if q.is_closed]
    assert not any(re.search(r"\(\w+\)$", o.label) for q in closed for o in q.options)
    coded = [
        c for q in closed for h in q.headers() for c in way.raw.column(h) if c != without_code(EUSURVEY, c)
    ]
    assert len(coded) == known["cells_with_answer_id"]
    definitions = questions[
        "Are specific definitions of software levels like the ones above used in your community?"
    ]
    assert [(o.label, o.means) for o in definitions.options] == [
        ("Yes", None),
        ("No", None),
        ("I don't know", "dont_know"),
    ]
    scales = [q for q in way.survey.questions if q.kind == "scale"]
    assert {tuple(labels(q)) for q in scales} == {
        tuple(f"{i}/5" for i in range(1, 6)),
        tuple(f"{i}/10" for i in range(1, 11)),
        ("very low", "low", "medium", "high", "very high"),
        ("not used", "partially used", "sometimes used", "often used", "always used"),
    }
    assert max(len(q.items) for q in scales) == 12
    assert way.cleaned.review.empty


@needs_cases
def test_limesurvey_2017(tmp_path: Path) -> None:
    way, known = walk(LIMESURVEY, tmp_path), oracle(LIMESURVEY)["2017-uk.csv"]
    assert [len(way.table.cells), len(way.table.columns)] == known["shape"]
    assert way.grid.cells.loc[1].tolist()[1:4] == known["first_cols"][1:]
    assert sum("[" in c.header.split(".")[0] for c in way.table.columns) == known["array_subquestions"]
    assert way.table.columns[0].role == "technical"

    questions = {q.id: q for q in way.survey.questions}
    assert labels(questions["likertagree2"]) == [
        "Strongly disagree", "Disagree", "Neither agree or disagree", "Agree", "Strongly Agree",
    ]  # fmt: skip
    assert (questions["likertagree2"].kind, len(questions["likertagree2"].items)) == ("scale", 5)
    assert labels(questions["socio3"])[0] == "18 to 24 years"
    assert (questions["satisgen1"].kind, len(labels(questions["satisgen1"]))) == ("scale", 11)
    assert (questions["currentemp9"].kind, questions["soft1can"].kind) == ("date", "number")
    assert (questions["tool4can"].kind, len(labels(questions["tool4can"]))) == ("multiple", 39)


@needs_cases
def test_google_forms_2014(tmp_path: Path) -> None:
    way, known = walk(GOOGLE_FORMS, tmp_path), oracle(GOOGLE_FORMS)
    assert [len(way.grid.cells) - 1, len(way.table.columns)] == known["raw_shape"]
    assert len(way.table.cells) == 407
    for number in range(1, 11):
        if f"Q{number}" not in known:
            continue
        (column,) = (c for c in way.table.columns if c.header.startswith(f"Question {number}:"))
        cells = way.grid.cells.loc[2:, column.position]
        assert cells.nunique() == known[f"Q{number}"]["raw_distinct"]

    questions = asked(way)
    research = questions["Question 5: How many years have you worked in research?"]
    assert labels(research) == [
        "Less than a year", "1-5 years", "6-10 years", "11-15 years", "15-20 years", "More than 20 years",
    ]  # fmt: skip
    # What people later took for the same answers: no option is missing, and none is made up.
    for number in (3, 5, 6, 7, 8, 10):
        (question,) = (q for q in way.survey.questions if q.text.startswith(f"Question {number}:"))
        assert set(labels(question)) == set(known[f"Q{number}"]["clean_counts"])
    funder = questions["Question 4: Which funder currently provides the majority of your funding?"]
    assert [(o.label, o.means) for o in funder.options][-1] == ("Don't know", "dont_know")
    assert [d.why for d in way.survey.drop] == ["personal"]
    assert "email address" in way.survey.drop[0].column


@needs_cases
def test_surveymonkey_2014(tmp_path: Path) -> None:
    way, known = walk(SURVEYMONKEY, tmp_path), oracle(SURVEYMONKEY)["food-world-cup-data.csv"]
    assert way.grid.encoding == "mac_roman"
    text = "".join(map("".join, way.grid.cells.to_numpy().tolist()))
    assert {hex(ord(c.encode("mac_roman"))): n for c, n in Counter(text).items() if ord(c) > 127} == known[
        "bytes_over_127"
    ]

    scales = [q for q in way.survey.questions if q.text.startswith("Please rate how much you like")]
    assert len(scales) == 40
    for question in scales:
        assert question.kind == "scale"
        assert [(o.label, o.value) for o in question.options][-1] == ("N/A", "_not_relevant")
        assert labels(question)[:-1] == ["1", "2", "3", "4", "5"]
    questions = asked(way)
    assert labels(questions["Age"]) == ["18-29", "30-44", "45-60", "> 60"]
    assert labels(questions["Household Income"])[0] == "$0 - $24,999"
    assert labels(questions["Household Income"])[-1] == "$150,000+"
    # The same doubt about forty questions is one line.
    assert sum("taken for a scale" in line for line in way.draft.settle) == 1
    assert way.cleaned.review.empty


@needs_cases
@pytest.mark.parametrize(
    "case",
    [
        "limesurvey-2017/2016-uk.csv",
        "surveymonkey-2014/thanksgiving-2015-poll-data.csv",
        "edited-by-hand-2018/survey_responses-raw.xlsx",
    ],
)
def test_other_exports_can_be_drafted_and_cleaned_too(tmp_path: Path, case: str) -> None:
    path = CASES / case
    register = Register.read(ROOT / "data" / "reference" / "units.csv")
    grid = decode(path, path.name)
    table = find_table(grid, path.name)
    draft = draft_survey(table, grid, year=2024, register=register)
    cleaned = clean(table, draft.survey, name="survey.yaml", register=register)
    check_nothing_lost(cleaned.accounting)
    assert cleaned.accounting["raw_cells"] == int((table.cells != "").sum().sum())


# --- The example years: counts of a few questions, by hand on the export ---


def read_example(year: int) -> pd.DataFrame:
    """Return the export of an example year, those rows that count by the truth written beside it."""
    folder = ROOT / "data" / "raw" / str(year)
    if year == 2021:
        frame = pd.read_excel(
            folder / "enkat-2021.xlsx", engine="calamine", dtype="str", keep_default_na=False
        )
    elif year == 2022:
        frame = pd.read_csv(
            folder / "enkat-2022.csv", sep=";", encoding="cp1252", dtype="str", keep_default_na=False
        )
    else:
        frame = pd.read_csv(
            folder / "enkat-2023.csv", encoding="utf-8-sig", dtype="str", keep_default_na=False
        )
    truth = pd.read_csv(ROOT / "examples" / "truth" / f"{year}-submissions.csv", index_col="row")
    frame.index = frame.index + 2
    return frame[truth["counts"].reindex(frame.index)]


def count_example(year: int) -> tuple[Survey, Cleaned, pd.DataFrame]:
    project = Project(ROOT, ROOT)
    inputs = read_inputs(project, year)
    _, table = read_export(project, inputs.survey)
    cleaned = clean(
        table, inputs.survey, name="survey.yaml", register=inputs.register, decisions=inputs.decisions
    )
    return inputs.survey, cleaned, count_answers(cleaned.answers, inputs.survey, inputs.kinds)


def filled(counts: pd.DataFrame, question: str, item: str = "") -> dict[str, int]:
    chosen = counts.query("question == @question and item == @item and group == 'alla' and n > 0")
    return dict(zip(chosen["label"], chosen["n"].astype(int), strict=True))


def tally(cells: pd.Series, decided: dict[str, str]) -> dict[str, int]:
    bare = cells.map(lambda c: plain(c)).replace(decided)
    return {word: int(n) for word, n in bare.value_counts().items()}


HAND_PICKED: Sequence[tuple[int, str, str, dict[str, str]]] = (
    (2021, "handlingsplan", "Har ni en beslutad lokal handlingsplan utifrån strategin?", {}),
    (2021, "matbarhet_svart", "I vilken grad är det svårt att se resultat och effekter av arbetet?", {}),
    (
        2021, "karnuppdrag_andel", "Hur stor del av arbetet hör till verksamhetens kärnuppdrag?",
        {"ungefär hälften": "under granskning"},
    ),
    (2022, "handlingsplan", "Har ni en beslutad lokal handlingsplan utifrån strategin?", {}),
    (
        2022, "jamstalldhet_analys", "Har ni gjort en jämställdhetsanalys av insatserna i den lokala handlingsplanen?",
        {"ja, delvis": "delvis"},
    ),
    (2023, "barnratt_delaktiga", "barnrattdelaktiga. ", {}),
    (2023, "metoder_foljs_upp", "metoderfoljsupp. ", {"påbörjat under 2023": "under granskning"}),
)  # fmt: skip


@pytest.mark.parametrize(("year", "question", "header", "decided"), HAND_PICKED)
def test_an_example_year_is_counted_as_plain_pandas_does(
    year: int, question: str, header: str, decided: dict[str, str]
) -> None:
    raw = read_example(year)
    _, cleaned, counts = count_example(year)
    assert cleaned.accounting["unaccounted"] == 0
    (column,) = (c for c in raw.columns if " ".join(c.split()).startswith(header))
    ours = {plain(label): n for label, n in filled(counts, question).items()}
    assert ours == tally(raw[column], {"": "ej besvarad", **decided})
    assert sum(ours.values()) == len(raw)


@pytest.mark.parametrize(
    ("year", "header", "mark"),
    [(2021, "Vilka aktörer har ni samverkat med", ";"), (2022, "Vilka aktörer har ni samverkat med", ", ")],
)
def test_a_multiple_question_of_an_example_year(year: int, header: str, mark: str) -> None:
    raw = read_example(year)
    survey, _, counts = count_example(year)
    (column,) = (c for c in raw.columns if c.startswith(header))
    for option in survey.question("samhandling_aktorer").options:
        if not option.means:
            listed = sum(
                f"{mark}{option.label}{mark}" in f"{mark}{cell.strip()}{mark}" for cell in raw[column]
            )
            assert filled(counts, "samhandling_aktorer", option.id).get("Vald", 0) == listed, option.label


def test_a_multiple_question_with_a_column_each_of_an_example_year() -> None:
    raw = read_example(2023)
    survey, _, counts = count_example(2023)
    for option in survey.question("samhandling_aktorer").options:
        if not option.means:
            (column,) = (
                c for c in raw.columns if c.startswith("samhandlingaktorer[") and f"[{option.label}]" in c
            )
            ours = filled(counts, "samhandling_aktorer", option.id)
            assert ours.get("Vald", 0) == (raw[column] == "Ja").sum(), option.label
            assert ours.get("Inte vald", 0) == (raw[column] == "Nej").sum(), option.label


@pytest.mark.parametrize("year", [2021, 2022, 2023])
def test_every_form_of_an_example_year_has_its_true_unit_and_status(year: int) -> None:
    _, cleaned, _ = count_example(year)
    truth = pd.read_csv(ROOT / "examples" / "truth" / f"{year}-submissions.csv")
    ours = cleaned.submissions[["row", "unit_id", "status"]].astype({"unit_id": "object", "status": "object"})
    assert ours.values.tolist() == truth[["row", "unit_id", "status"]].values.tolist()
