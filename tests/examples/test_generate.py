"""The example years: they repeat byte for byte, and the real intake finds in them exactly what is true."""

from __future__ import annotations

import csv
import datetime as dt
import doctest
import importlib.util
import sys
import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from analysis.intake.clean import Cleaned
from analysis.intake.decode import decode
from analysis.intake.ledger import short_id
from analysis.survey.instrument import Survey
from analysis.survey.units import Register, read_invited

PROJECT = Path(__file__).resolve().parents[2]
RAW, TRUTH = PROJECT / "data" / "raw", PROJECT / "examples" / "truth"
YEARS = (2021, 2022, 2023)

STATUSES = {
    2021: {"complete": 14, "partial": 1, "empty": 1, "superseded": 1},
    2022: {"complete": 14, "partial": 1, "empty": 1, "superseded": 1},
    2023: {"complete": 13, "partial": 1, "superseded": 2},
}
SILENT = {
    2021: {"ostermalm", "idrottsforvaltningen"},
    2022: {"skarpnack", "kulturforvaltningen"},
    2023: {"sodermalm", "utbildningsforvaltningen"},
}
OPEN = {
    2021: {("karnuppdrag_andel", "ungefär hälften"), ("samordning_text", "Birgitta Sandell")},
    2022: {
        ("samordning_onskan", "bättre it-stöd"),
        ("barnratt_antal", "drygt 30"),
        ("ovrigt_text", "Marianne Dahlbom"),
    },
    2023: {("metoder_foljs_upp", "påbörjat under 2023"), ("barnratt_text", "Moa Stenlund")},
}
DECIDED = {2021: 8, 2022: 14, 2023: 9}


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", PROJECT / "examples" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def surveys(generate: ModuleType) -> dict[int, Survey]:
    return generate.read_surveys()


@pytest.fixture(scope="module")
def register() -> Register:
    return Register.read(PROJECT / "data" / "reference" / "units.csv")


@pytest.fixture(scope="module")
def cleaned(generate: ModuleType, surveys: dict[int, Survey], register: Register) -> dict[int, Cleaned]:
    return {year: generate.clean_export(RAW / str(year), surveys[year], register) for year in YEARS}


@pytest.fixture(scope="module")
def masked(generate: ModuleType, surveys: dict[int, Survey], register: Register) -> dict[int, Cleaned]:
    return {year: generate.mask_export(RAW / str(year), surveys[year], register) for year in YEARS}


def read_csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str", keep_default_na=False)


def free_texts(cleaned: Cleaned, survey: Survey) -> dict[tuple[str, str], str]:
    """Return the texts of the submissions that count, by row of the export and question."""
    rows = cleaned.submissions.set_index("submission_id")["row"].astype("str")
    return {
        (rows[submission_id], question.id): text
        for question in survey.questions
        if question.kind == "free_text"
        for submission_id, text in cleaned.answers.set_index("submission_id")[question.id].dropna().items()
    }


def test_doctests(generate: ModuleType) -> None:
    assert doctest.testmod(generate) == (0, 3)


# --- the files ----------------------------------------------------------------------------------------------


def test_generating_again_gives_the_same_bytes(generate: ModuleType, tmp_path: Path) -> None:
    written = generate.generate(tmp_path)
    assert len(written) == 18
    for path in written:
        committed = PROJECT / path.relative_to(tmp_path)
        assert path.read_bytes() == committed.read_bytes(), f"run examples/generate.py: {committed.name}"
    assert {p.name for p in TRUTH.iterdir()} == {p.name for p in written if p.parent.name == "truth"}


def test_2021_is_a_microsoft_forms_workbook() -> None:
    path = RAW / "2021" / "enkat-2021.xlsx"
    header, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert header[:5] == ["ID", "Starttid", "Slutförandetid", "E-post", "Namn"]
    assert sum("\n" in h for h in header) == 2
    assert sum(h.endswith("\u00a0") for h in header) > 5
    assert all(isinstance(row[2], dt.datetime) for row in rows)
    assert {type(c) for row in rows for c in row} >= {str, float, dt.datetime}
    several = header.index("Vilka aktörer har ni samverkat med regelbundet under året?")
    assert all(row[several] == "" or row[several].endswith(";") for row in rows)
    assert {row[3] for row in rows} > {"anonymous"}
    with zipfile.ZipFile(path) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_2022_is_a_table_from_swedish_excel() -> None:
    raw = (RAW / "2022" / "enkat-2022.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    assert {"–", "”", "\u00a0"} <= set(raw.decode("cp1252"))
    grid = decode(RAW / "2022" / "enkat-2022.csv", "enkat-2022.csv")
    assert (grid.encoding, grid.delimiter) == ("cp1252", ";")
    rows = list(csv.reader(raw.decode("cp1252").splitlines(keepends=True), delimiter=";"))
    assert any("\n" in cell for row in rows for cell in row)
    workforce = next(i for i, h in enumerate(rows[0]) if h.startswith("Uppskatta hur många årsarbetskrafter"))
    assert any("," in row[workforce] for row in rows[1:])


def test_2023_is_a_limesurvey_export() -> None:
    text = (RAW / "2023" / "enkat-2023.csv").read_bytes().decode("utf-8")
    assert text.startswith('\ufeff"id. Svars-ID","submitdate. Datum inskickat","lastpage. Sista sidan"')
    header, *rows = csv.reader(text.removeprefix("\ufeff").splitlines(keepends=True))
    option = header.index(
        "samhandlingaktorer[SQ004]. Vilka aktörer har ni samverkat med regelbundet under året? "
        "[Civilsamhälle, till exempel föreningar och trossamfund]"
    )
    assert Counter(row[option] for row in rows).keys() == {"Ja", "Nej", ""}
    assert [row[1] for row in rows].count("") == 2  # not submitted: one partial, one empty


def test_closed_answers_are_checked_against_the_questionnaires(
    generate: ModuleType, surveys: dict[int, Survey]
) -> None:
    closed = generate.read_yaml_file("closed.yaml")
    generate.check_shares(closed, surveys)
    closed["single"]["kunskap_okat"]["district"][2022] = [50, 51, 0, 0, 0, 0, 0]
    with pytest.raises(ValueError, match="kunskap_okat, district, 2022"):
        generate.check_shares(closed, surveys)


# --- what the intake makes of them --------------------------------------------------------------------------


@pytest.mark.parametrize("year", YEARS)
def test_every_cell_is_accounted_for(cleaned: dict[int, Cleaned], year: int) -> None:
    assert cleaned[year].accounting["unaccounted"] == 0
    assert cleaned[year].accounting["raw_cells"] > 500


@pytest.mark.parametrize("year", YEARS)
def test_submissions_have_the_unit_and_the_status_they_were_made_with(
    cleaned: dict[int, Cleaned], year: int
) -> None:
    found = cleaned[year].submissions
    assert Counter(found["status"]) == STATUSES[year]
    truth = read_csv(TRUTH / f"{year}-submissions.csv")
    columns = ["row", "unit_id", "status"]
    assert found[columns].astype("str").to_numpy().tolist() == truth[columns].to_numpy().tolist()
    assert (found["status"].isin(["complete", "partial"]) == (truth["counts"] == "true")).all()
    assert not found.loc[found["status"].isin(["complete", "partial"]), "unit_id"].duplicated().any()


@pytest.mark.parametrize("year", YEARS)
def test_exactly_two_invited_units_are_silent(
    cleaned: dict[int, Cleaned], surveys: dict[int, Survey], register: Register, year: int
) -> None:
    invited = read_invited(RAW / str(year) / "invited.csv", register, surveys[year].on)
    assert len(invited) == (16 if year == 2023 else 18)
    assert set(invited["unit_id"]) - set(cleaned[year].submissions["unit_id"]) == SILENT[year]
    assert set(invited["reminded"]) == {"", invited["reminded"].max()}


@pytest.mark.parametrize("year", YEARS)
def test_only_the_intended_items_are_open(masked: dict[int, Cleaned], year: int) -> None:
    review = masked[year].review
    assert set(zip(review["needed_for"], review["seen"], strict=True)) == OPEN[year]
    assert masked[year].unmatched_decisions == ()
    assert len(read_csv(RAW / str(year) / "decisions.csv")) == DECIDED[year]


@pytest.mark.parametrize("year", YEARS)
def test_answers_hold_the_mess_that_was_meant(
    cleaned: dict[int, Cleaned], surveys: dict[int, Survey], year: int
) -> None:
    rules = Counter(cleaned[year].ledger["rule"])
    assert rules["answer.folded"] + rules["answer.missing"] >= 3
    assert rules["unit.alias"] >= 5
    answers = cleaned[year].answers
    closed = answers[[c for q in surveys[year].questions if q.is_closed for c in q.columns()]]
    states = Counter(closed.astype("str").to_numpy().ravel())
    assert {"_not_answered", "_dont_know", "_not_relevant", "chosen", "not_chosen"} <= states.keys()
    typed = answers[["styrdokument_arbetskrafter#status", "barnratt_antal#status"]].astype("str")
    assert "_dont_know" in set(typed.to_numpy().ravel())
    assert (answers["barnratt_antal"].dropna() < surveys[year].rules.smallest_count).any()
    comma = answers["samhandling_aktorer[civilsamhalle]"]
    assert 0 < (comma == "chosen").sum() < len(comma)


def test_a_superseded_form_says_something_else_than_the_one_that_counts(
    cleaned: dict[int, Cleaned],
) -> None:
    for year, unit_id in {
        2021: "farsta",
        2022: "utbildningsforvaltningen",
        2023: "norra-innerstaden",
    }.items():
        submissions = cleaned[year].submissions
        forms = submissions[submissions["unit_id"] == unit_id]
        assert list(forms["status"]) == ["superseded", "complete"]
        assert forms["answered_questions"].min() >= 17  # complete in itself
        assert forms["answered_questions"].nunique() == 2


# --- the truth ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", YEARS)
def test_truth_tells_of_every_text_and_no_other(
    cleaned: dict[int, Cleaned], surveys: dict[int, Survey], year: int
) -> None:
    texts = free_texts(cleaned[year], surveys[year])
    truth = read_csv(TRUTH / f"{year}.csv").query("counts == 'true'").set_index(["row", "question"])
    assert {place: short_id(text) for place, text in texts.items()} == truth["text_hash"].to_dict()
    assert len(set(texts.values())) == len(texts) >= 150


@pytest.mark.parametrize("year", YEARS)
def test_truth_marks_personal_data_where_it_stands(
    generate: ModuleType, cleaned: dict[int, Cleaned], surveys: dict[int, Survey], year: int
) -> None:
    texts = free_texts(cleaned[year], surveys[year])
    known = {text.text: set(text.personal_data) for of in generate.read_bank().values() for text in of}
    truth = read_csv(TRUTH / f"{year}.csv").query("counts == 'true'")
    marked = 0
    for row in truth.itertuples():
        text = texts[row.row, row.question]
        spans = [mark.split(":") for mark in row.personal_data.split("|") if mark]
        found = {(kind, text[slice(*map(int, span.split("-")))]) for kind, span in spans}
        assert found == known[text]
        marked += len(found)
    assert marked >= 12


def test_a_text_of_the_bank_is_said_by_who_may_say_it(
    generate: ModuleType, cleaned: dict[int, Cleaned], surveys: dict[int, Survey], register: Register
) -> None:
    bank = {text.text: text for of in generate.read_bank().values() for text in of}
    said_by: dict[str, dict[int, str]] = defaultdict(dict)
    for year in YEARS:
        units = cleaned[year].submissions.astype({"row": "str"}).set_index("row")["unit_id"]
        for (row, question), written in free_texts(cleaned[year], surveys[year]).items():
            text = bank[written]
            assert text.question == question
            assert year in text.years
            assert text.fits(register.get(units[row]))
            said_by[written][year] = units[row]
    repeated = [units for units in said_by.values() if len(units) == 2]
    assert len(repeated) > 80
    assert all(len(set(units.values())) == 1 for units in repeated)
    merged = {unit_id for units in repeated if 2023 in units for unit_id in units.values()}
    assert merged.isdisjoint({"norrmalm", "ostermalm", "rinkeby-kista", "spanga-tensta"})


@pytest.mark.parametrize("year", YEARS)
def test_approvals_are_of_texts_without_personal_data_from_most_units(
    cleaned: dict[int, Cleaned], register: Register, year: int
) -> None:
    approvals = read_csv(RAW / str(year) / "approvals.csv").set_index("text_hash")
    assert Counter(approvals["decision"]) == {"approve": 25, "edit": 3, "refuse": 3}
    assert ((approvals["edited_text"] != "") == (approvals["decision"] == "edit")).all()
    truth = read_csv(TRUTH / f"{year}.csv").query("counts == 'true'").set_index("text_hash")
    quoted = truth.loc[approvals.index[approvals["decision"] != "refuse"]]
    assert (truth.loc[approvals.index, "personal_data"] == "").all()
    assert quoted["question"].nunique() >= 10
    assert {register.get(unit_id).kind for unit_id in quoted["unit_id"]} == {"district", "specialist"}
    without = set(cleaned[year].answers["unit_id"]) - set(quoted["unit_id"])
    assert len(without) >= 3
    assert quoted["unit_id"].value_counts().max() <= 4
