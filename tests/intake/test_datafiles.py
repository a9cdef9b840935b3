"""The files for SPSS and Excel, read back with pyreadstat and the csv module as their users would."""

from __future__ import annotations

import csv
import datetime as dt
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.datafiles import (
    MISSING_CODES,
    option_codes,
    stamp,
    variable_names,
    variables,
    write_csv,
    write_datafiles,
    write_sav,
)
from analysis.intake.decode import decode
from analysis.intake.excel import as_text
from analysis.survey.instrument import MISSING_KINDS, Survey
from analysis.survey.units import Register

ToSurvey = Callable[..., Survey]
ToAnswers = Callable[..., pd.DataFrame]

DAY = dt.date(2021, 11, 16)
DONT_KNOW = {"id": "vet_ej", "label": "Vet inte", "means": "dont_know"}
YES_NO = [{"id": "ja", "label": "Ja"}, DONT_KNOW, {"id": "nej", "label": "Nej"}]
QUESTIONS: list[dict[str, Any]] = [
    {"id": "vem", "text": "Vem?", "kind": "unit"},
    {"id": "plan", "text": "Har ni en plan?", "kind": "single", "options": YES_NO},
    {"id": "hur", "text": "Hur går det?", "kind": "scale",
     "options": [{"id": "bra", "label": "Bra"}, {"id": "illa", "label": "Illa"}],
     "items": [{"id": "a", "text": "Delen A", "column": "ha"}, {"id": "b", "text": "Delen B", "column": "hb"}]},
    {"id": "vilka", "text": "Vilka?", "kind": "multiple",
     "options": [{"id": "skola", "label": "Skola"}, {"id": "polis", "label": "Polis"}, DONT_KNOW]},
    {"id": "antal", "text": "Hur många?", "kind": "number"},
    {"id": "nar", "text": "När?", "kind": "date"},
    {"id": "annat", "text": "Annat?", "kind": "free_text"},
]  # fmt: skip


ROWS: list[dict[str, Any]] = [
    {"unit": "bromma", "plan": "ja", "hur[a]": "bra", "hur[b]": "illa", "vilka[skola]": "chosen",
     "vilka[polis]": "not_chosen", "antal": 2.5, "nar": dt.datetime(2021, 10, 19), "annat": "=1+1; ”å”\nrad två"},
    {"unit": "farsta", "plan": "_dont_know", "hur[a]": "_lost", "hur[b]": "_not_shown", "vilka[skola]": "_dont_know",
     "vilka[polis]": "_dont_know", "antal": "_not_relevant", "nar": "_under_review"},
    {"plan": "nej", "antal": 12000.0, "nar": dt.datetime(1999, 1, 2)},
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(
    to_survey: ToSurvey, to_answers: ToAnswers, register: Register, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    made = tmp_path_factory.mktemp("files")
    survey = to_survey(QUESTIONS, title="Enkäten om planer")
    write_datafiles(made, to_answers(survey, ROWS), survey, register, DAY)
    return made


def read_sav(path: Path) -> tuple[pd.DataFrame, Any]:
    return pyreadstat.read_sav(path, user_missing=True, disable_datetime_conversion=True)


# --- the file for SPSS -----------------------------------------------------------------------------------------


def test_a_hand_checked_file_has_codes_labels_and_missing_values(folder: Path) -> None:
    frame, meta = read_sav(folder / "answers.sav")
    first, second, third = frame.to_dict("records")
    assert list(frame.columns) == [
        "submission_id", "unit_id", "unit_name", "unit_kind", "plan", "hur_a", "hur_b", "vilka_skola", "vilka_polis",
        "antal", "nar", "annat",
    ]  # fmt: skip
    assert (first["unit_name"], first["unit_kind"]) == ("Bromma stadsdelsförvaltning", "stadsdelsförvaltning")
    assert third["unit_id"] == third["unit_name"] == ""
    codes = ["plan", "hur_a", "hur_b", "vilka_skola", "vilka_polis", "antal"]
    assert [first[name] for name in codes] == [1, 1, 2, 1, 0, 2.5]
    assert [second[name] for name in codes] == [-2, -5, -4, -2, -2, -3]
    assert [third[name] for name in codes] == [2, -1, -1, -1, -1, 12000]
    assert first["annat"] == "=1+1; ”å”\nrad två"
    assert second["nar"] == -6
    assert dt.datetime(1582, 10, 14) + dt.timedelta(seconds=first["nar"]) == dt.datetime(2021, 10, 19)
    assert meta.variable_value_labels["plan"] == {
        1: "Ja", 2: "Nej", -1: "Ej besvarad", -2: "Vet inte", -3: "Ej aktuellt", -4: "Ej visad",
        -5: "Förlorad i överföringen", -6: "Under granskning",
    }  # fmt: skip
    assert (
        meta.variable_value_labels["vilka_polis"] | {0: "Inte vald", 1: "Vald"}
        == meta.variable_value_labels["vilka_polis"]
    )
    assert all(meta.missing_ranges[name] == [{"lo": -6, "hi": -1}] for name in [*codes, "nar"])
    labels = meta.column_names_to_labels
    assert (labels["plan"], labels["hur_b"], labels["vilka_polis"]) == (
        "Har ni en plan?", "Hur går det? – Delen B", "Vilka? – Polis",
    )  # fmt: skip
    measures = meta.variable_measure
    assert [measures[n] for n in ("plan", "hur_a", "vilka_skola", "antal", "nar", "annat")] == [
        "nominal", "ordinal", "nominal", "scale", "scale", "nominal",
    ]  # fmt: skip
    assert meta.original_variable_types["antal"] == "F8.1"
    assert meta.original_variable_types["nar"] == "SDATE10"


def test_a_program_that_knows_missing_values_sees_none_of_them(folder: Path) -> None:
    frame, _ = pyreadstat.read_sav(folder / "answers.sav")
    assert frame["plan"].tolist()[::2] == [1, 2]
    assert frame["antal"].tolist()[::2] == [2.5, 12000]
    assert frame["nar"].tolist()[::2] == [dt.date(2021, 10, 19), dt.date(1999, 1, 2)]
    assert frame.loc[1, ["plan", "hur_a", "vilka_skola", "antal", "nar"]].isna().all()


def test_the_projects_own_reader_gives_the_labels_back(folder: Path) -> None:
    cells = decode(folder / "answers.sav", "answers.sav").cells.astype("str")
    names = cells.iloc[0].tolist()
    second = dict(zip(names, cells.iloc[3].tolist(), strict=True))
    assert second["plan"] == "Vet inte"
    assert second["hur_b"] == "Ej visad"
    assert second["antal"] == "Ej aktuellt"
    assert second["nar"] == "Under granskning"
    first = dict(zip(names, cells.iloc[2].tolist(), strict=True))
    assert (first["antal"], first["nar"], first["vilka_polis"]) == ("2.5", "2021-10-19", "Inte vald")


def test_the_file_says_what_it_is(to_survey: ToSurvey, to_answers: ToAnswers, tmp_path: Path) -> None:
    survey = to_survey([{"id": "a", "kind": "free_text"}], synthetic=True, title="En mycket lång rubrik " * 9)
    write_sav(tmp_path / "x.sav", variables(to_answers(survey, [{"a": "x"}]), survey), survey, DAY)
    _, meta = read_sav(tmp_path / "x.sav")
    assert meta.file_label.startswith("SYNTETISKA EXEMPELDATA. En mycket lång")
    assert meta.notes[0] == "SYNTETISKA EXEMPELDATA. Alla svar är påhittade."
    assert "Underlag per 2021-11-16." in " ".join(meta.notes)
    assert max(len(line.encode()) for line in meta.notes) <= 80
    assert meta.creation_time == dt.datetime(2021, 11, 16)
    real = to_survey([{"id": "a", "kind": "free_text"}])
    write_sav(tmp_path / "y.sav", variables(to_answers(real, [{"a": "x"}]), real), real, DAY)
    assert "SYNTETISKA" not in (tmp_path / "y.sav").read_bytes().decode("latin-1")


def test_the_same_answers_give_the_same_bytes_at_another_time(
    to_survey: ToSurvey, to_answers: ToAnswers, folder: Path, register: Register, tmp_path: Path
) -> None:
    time.sleep(1.1)  # the header of a .sav tells seconds
    survey = to_survey(QUESTIONS, title="Enkäten om planer")
    write_datafiles(tmp_path, to_answers(survey, ROWS), survey, register, DAY)
    for name in ("answers.sav", "answers.csv"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["answers.csv", "answers.sav"]


def test_only_a_file_with_a_date_is_stamped(tmp_path: Path) -> None:
    path = tmp_path / "x.sav"
    path.write_bytes(b"$FL2" + b" " * 300)
    with pytest.raises(AssertionError, match="no date of creation"):
        stamp(path, DAY)
    assert path.read_bytes() == b"$FL2" + b" " * 300


def test_negative_numbers_are_no_missing_values(
    to_survey: ToSurvey, to_answers: ToAnswers, tmp_path: Path
) -> None:
    survey = to_survey([{"id": "a", "kind": "number"}, {"id": "b", "kind": "number"}])
    answers = to_answers(survey, [{"a": -1.0, "b": -91.5}, {"a": "_dont_know", "b": "_lost"}, {"a": 7.25}])
    write_sav(tmp_path / "x.sav", variables(answers, survey), survey, DAY)
    frame, meta = read_sav(tmp_path / "x.sav")
    assert frame["a"].tolist() == [-1, -92, 7.25]
    assert frame["b"].tolist() == [-91.5, -995, -991]
    assert meta.missing_ranges == {"a": [{"lo": -96, "hi": -91}], "b": [{"lo": -996, "hi": -991}]}
    assert meta.variable_value_labels["b"][-995] == "Förlorad i överföringen"
    shown, _ = pyreadstat.read_sav(tmp_path / "x.sav")
    assert shown["a"].dropna().tolist() == [-1, 7.25]


def test_long_texts_and_labels_are_cut_between_letters_where_spss_must(
    to_survey: ToSurvey, to_answers: ToAnswers, tmp_path: Path
) -> None:
    options = [{"id": "o", "label": "å" * 100}]
    survey = to_survey(
        [
            {"id": "a", "kind": "free_text"},
            {"id": "b", "text": "ö" * 200, "kind": "single", "options": options},
        ]
    )
    whole = "å" * 20_000
    found = variables(to_answers(survey, [{"a": whole, "b": "o"}, {"a": "ä" * 300}]), survey)
    write_sav(tmp_path / "x.sav", found, survey, DAY)
    write_csv(tmp_path / "x.csv", found)
    frame, meta = read_sav(tmp_path / "x.sav")
    assert frame["a"][1] == "ä" * 300
    assert re.fullmatch(r"å{16380} \[…\]", frame["a"][0])
    assert meta.column_names_to_labels["b"] == "ö" * 126 + "…"
    assert meta.variable_value_labels["b"][1] == "å" * 58 + "…"
    assert whole in (tmp_path / "x.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("rows", [0, 2])
def test_no_answers_at_all_can_be_written(
    to_survey: ToSurvey, to_answers: ToAnswers, tmp_path: Path, rows: int
) -> None:
    survey = to_survey(QUESTIONS[1:])
    found = variables(to_answers(survey, [{}] * rows), survey)
    write_sav(tmp_path / "x.sav", found, survey, DAY)
    write_csv(tmp_path / "x.csv", found)
    frame, meta = read_sav(tmp_path / "x.sav")
    assert len(frame) == rows
    assert "unit_id" not in frame
    assert meta.readstat_variable_types["annat"] == meta.readstat_variable_types["submission_id"] == "string"
    assert set(frame["nar"]) <= {-1}


def test_units_need_the_register(to_survey: ToSurvey, to_answers: ToAnswers) -> None:
    survey = to_survey(QUESTIONS, title="Enkäten om planer")
    with pytest.raises(ValueError, match="register"):
        variables(to_answers(survey, ROWS), survey)


# --- names -----------------------------------------------------------------------------------------------------

IDS = st.from_regex(r"[a-c][a-c0_]{0,3}|(all|by|to|unit_name)", fullmatch=True) | st.text(
    "ab_", min_size=55, max_size=59
).map(lambda text: f"a{text}")


@settings(max_examples=50)
@given(st.lists(IDS, min_size=1, max_size=8, unique=True), st.lists(IDS, min_size=1, max_size=4, unique=True))
def test_names_are_valid_in_spss_and_unique(
    to_survey: ToSurvey, questions: list[str], items: list[str]
) -> None:
    grid = [{"id": i, "text": i, "column": f"{questions[0]} {i}"} for i in items]
    asked = [{"id": q, "kind": "number", "column": f"Q {q}"} for q in questions]
    names = variable_names(to_survey([asked[0] | {"items": grid, "column": None}, *asked[1:]]))
    assert len({name.upper() for name in names.values()}) == len(names) == len(items) + len(questions) - 1
    reserved = {"ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH"}
    for name in names.values():
        assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]|[a-z]", name)
        assert len(name.encode()) <= 64
        assert name.upper() not in reserved
        assert name not in ("submission_id", "unit_id", "unit_name", "unit_kind")


def test_options_have_codes_in_the_order_of_the_survey(to_survey: ToSurvey) -> None:
    survey = to_survey(QUESTIONS, title="Enkäten om planer")
    assert option_codes(survey.question("plan")) == {"ja": 1, "nej": 2} | MISSING_CODES
    assert option_codes(survey.question("vilka")) == {"not_chosen": 0, "chosen": 1} | MISSING_CODES
    assert list(MISSING_CODES.values()) == [-1, -2, -3, -4, -5, -6]


# --- what is read back is what was answered ------------------------------------------------------------------------

MISSING = st.sampled_from(list(MISSING_KINDS))
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=400)
NUMBERS = st.floats(-1e9, 1e9, allow_subnormal=False) | st.integers(-200, 200).map(float)
ANSWER = st.fixed_dictionaries(
    {
        "unit": st.none(),
        "plan": st.sampled_from(["ja", "nej", *MISSING_KINDS]),
        "hur[a]": st.sampled_from(["bra", "illa", *MISSING_KINDS]),
        "vilka[skola]": st.sampled_from(["chosen", "not_chosen", *MISSING_KINDS]),
        "antal": NUMBERS | MISSING,
        "nar": st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)).map(
            lambda d: d.replace(microsecond=0)
        )
        | MISSING,
        "annat": TEXTS | st.just("_not_answered"),
    }
)


@settings(max_examples=50, deadline=None)
@given(st.lists(ANSWER, min_size=1, max_size=6))
def test_reading_back_gives_the_same_answers(
    to_survey: ToSurvey,
    to_answers: ToAnswers,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, Any]],
) -> None:
    path = tmp_path_factory.mktemp("back") / "x.sav"
    survey = to_survey(QUESTIONS[1:])
    write_sav(path, variables(to_answers(survey, rows), survey), survey, DAY)
    frame, meta = read_sav(path)

    def value(row: int, name: str, question: str) -> object:
        """Return the value that a cell's label stands for, or the cell where it has none."""
        cell = frame[name][row]
        label = meta.variable_value_labels[name].get(cell)
        if label is None:
            return cell
        labels = survey.question(question).labels() if survey.question(question).is_closed else MISSING_KINDS
        return next(v for v, text in labels.items() if text == label)

    for number, row in enumerate(rows):
        for column in ("plan", "hur[a]", "vilka[skola]", "antal"):
            name = column.replace("[", "_").rstrip("]")
            assert value(number, name, column.split("[")[0]) == row[column]
        moment = value(number, "nar", "nar")
        if isinstance(moment, float):
            assert dt.datetime(1582, 10, 14) + dt.timedelta(seconds=moment) == row["nar"]
        else:
            assert moment == row["nar"]
        text = "" if row["annat"] in MISSING_KINDS else row["annat"]
        assert frame["annat"][number] == text.rstrip(" ")  # SPSS pads texts with blanks
    (bounds,) = meta.missing_ranges["antal"]
    given_numbers = [row["antal"] for row in rows if isinstance(row["antal"], float)]
    assert not any(bounds["lo"] <= n <= bounds["hi"] for n in given_numbers)


# --- the file for Excel ------------------------------------------------------------------------------------------


def test_the_table_opens_in_a_swedish_excel(folder: Path) -> None:
    raw = (folder / "answers.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    heading, first, second, third = csv.reader(
        raw.decode("utf-8-sig").splitlines(keepends=True), delimiter=";"
    )
    named = [dict(zip(heading, row, strict=True)) for row in (first, second, third)]
    assert heading[4] == "plan: Har ni en plan?"
    assert [row["plan: Har ni en plan?"] for row in named] == ["Ja", "Vet inte", "Nej"]
    assert [row["vilka_polis: Vilka? – Polis"] for row in named] == ["Inte vald", "Vet inte", "Ej besvarad"]
    assert [row["antal: Hur många?"] for row in named] == ["2,5", "Ej aktuellt", "12000"]
    assert [row["nar: När?"] for row in named] == ["2021-10-19", "Under granskning", "1999-01-02"]
    assert [row["annat: Annat?"] for row in named] == ["'=1+1; ”å”\nrad två", "", ""]
    assert [row["unit_name: Förvaltning"] for row in named][1:] == ["Farsta stadsdelsförvaltning", ""]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=SUM(A1)", "'=SUM(A1)"),
        ("+46", "'+46"),
        ("- vi har\nmer", "'- vi har\nmer"),
        ("@a", "'@a"),
        ("  =1", "'  =1"),
        ("\tx", "'\tx"),
        ("3/5", "'3/5"),
        ("10:30", "'10:30"),
        ("007", "'007"),
        ("12E5", "'12E5"),
        ("5", "5"),
        ("0", "0"),
        ("1-2 gånger", "1-2 gånger"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_excel_takes_every_text_for_a_text(text: str, shown: str) -> None:
    assert as_text(text) == shown


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS.filter(str.strip), min_size=1, max_size=5), st.lists(NUMBERS, min_size=5, max_size=5))
def test_no_cell_is_a_formula_and_every_number_is_one(
    to_survey: ToSurvey,
    to_answers: ToAnswers,
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    numbers: list[float],
) -> None:
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    survey = to_survey([{"id": "a", "kind": "free_text"}, {"id": "b", "kind": "number"}])
    rows = [{"a": text, "b": number} for text, number in zip(texts, numbers, strict=False)]
    write_csv(path, variables(to_answers(survey, rows), survey))
    with path.open(encoding="utf-8-sig", newline="") as file:
        _, *read = csv.reader(file, delimiter=";")
    assert [row[1].removeprefix("'") for row in read] == [text.removeprefix("'") for text in texts]
    assert not any(row[1].strip()[:1] in ("=", "+", "-", "@") for row in read)
    assert [float(row[2].replace(",", ".")) for row in read] == numbers[: len(read)]
    assert not any("e" in row[2].lower() or "." in row[2] for row in read)
