from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from analysis.intake.decode import Grid
from analysis.intake.dialects import DIALECTS, RawColumn, Table, find_table
from analysis.problems import InputError
from analysis.survey.instrument import Source


def table(rows: list[list[str]], dialect: str | None = None) -> Table:
    width = max(map(len, rows))
    full = [row + [""] * (width - len(row)) for row in rows]
    cells = pd.DataFrame(full, index=pd.RangeIndex(1, len(full) + 1, name="row"), dtype="str")
    return find_table(Grid("x.csv", "0" * 64, cells), "x.csv", dialect)


def described(found: Table) -> list[tuple[str, str, str, str]]:
    return [(c.role, c.code, c.question, c.item) for c in found.columns]


def refused(rows: list[list[str]], dialect: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        table(rows, dialect)
    return str(caught.value)


def test_every_tool_that_survey_yaml_may_name_is_there() -> None:
    for tool in DIALECTS:
        assert Source(file="x", dialect=tool.name).dialect == tool.name


# --- Recognising the tool ---


def test_microsoft_forms_in_swedish() -> None:
    found = table(
        [["ID", "Starttid", "Slutförandetid", "E-post", "Namn", "Har ni\nen plan?"], *[list("123456")]]
    )
    assert (found.dialect.name, found.header_row) == ("microsoft_forms", 1)
    assert [c.role for c in found.columns] == ["id", "started", "submitted", "personal", "personal", "answer"]
    assert found.columns[-1].header == "Har ni en plan?"


def test_microsoft_forms_in_english() -> None:
    found = table([["ID", "Start time", "Completion time", "Email", "Name", "Plan?"], list("123456")])
    assert found.dialect.name == "microsoft_forms"
    assert [c.role for c in found.columns][:5] == ["id", "started", "submitted", "personal", "personal"]


@pytest.mark.parametrize("first", ["Tidstämpel", "Timestamp"])
def test_google_forms_and_its_grids(first: str) -> None:
    found = table([[first, "Hur går det? [På jobbet]", "Hur går det? [Hemma]", "Annat"], list("1234")])
    assert found.dialect.name == "google_forms"
    assert described(found) == [
        ("submitted", "", first, ""),
        ("answer", "", "Hur går det?", "På jobbet"),
        ("answer", "", "Hur går det?", "Hemma"),
        ("answer", "", "Annat", ""),
    ]


def test_limesurvey_with_codes_and_texts() -> None:
    header = [
        "id. Svars-ID", "submitdate. Inskickat", "plan. Har ni en plan? [ej utkast]", "akt[SQ001]. Vilka? [Skola]",
        "akt[other]. Vilka? [Annat]", "tom[SQ001]. ", "interviewtime. Total tid", "groupTime7. Grupptid",
        "planTime. Frågetid: plan", "lunchTime. När är det lunch?",
    ]  # fmt: skip
    found = table([header, list("1234567890")])
    assert found.dialect.name == "limesurvey"
    assert described(found) == [
        ("id", "id", "Svars-ID", ""),
        ("submitted", "submitdate", "Inskickat", ""),
        ("answer", "plan", "Har ni en plan? [ej utkast]", ""),
        ("answer", "akt", "Vilka?", "Skola"),
        ("answer", "akt", "Vilka?", "Annat"),
        ("answer", "tom", "tom", "SQ001"),
        ("technical", "interviewtime", "Total tid", ""),
        ("technical", "groupTime7", "Grupptid", ""),
        ("technical", "planTime", "Frågetid: plan", ""),
        ("answer", "lunchTime", "När är det lunch?", ""),
    ]


def test_surveymonkey_with_options_in_a_second_header_row() -> None:
    found = table(
        [
            ["Respondent ID", "Plan?", "Vilka?", "", "Fritt"],
            ["", "Response", "Skola", "Polis", "Open-Ended Response"],
            ["1", "Ja", "Skola", "", "text"],
        ]
    )
    assert (found.dialect.name, found.header_row, len(found.cells)) == ("surveymonkey", 2, 1)
    assert [(c.header, c.question, c.item) for c in found.columns] == [
        ("Respondent ID", "Respondent ID", ""),
        ("Plan?", "Plan?", ""),
        ("Vilka? [Skola]", "Vilka?", "Skola"),
        ("Vilka? [Polis]", "Vilka?", "Polis"),
        ("Fritt", "Fritt", ""),
    ]


def test_surveymonkey_with_options_after_a_dash() -> None:
    header = ["RespondentID", "Pie? - Apple", "Pie? - Peach", "Age - in years", "Plan?"]
    found = table([header, list("12345")])
    assert [(c.question, c.item) for c in found.columns[1:]] == [
        ("Pie?", "Apple"),
        ("Pie?", "Peach"),
        ("Age - in years", ""),
        ("Plan?", ""),
    ]
    assert [c.header for c in found.columns] == header


EUSURVEY = [
    ["Alias", "min-enkat"],
    ["Export Date", "2024-10-17 01:10:49"],
    [""],
    ["Plan? (ID1)", "How: fast (ID2)", "How: well (ID3)", "Note: why? (ID4)", "Creation date"],
    ["Yes(ID9)", "1/5", "2/5", "text (not an id)", "2024-10-07 18:19:14"],
]


def test_eusurvey_below_its_preamble() -> None:
    found = table(EUSURVEY)
    assert (found.dialect.name, found.header_row, found.exported) == ("eusurvey", 4, dt.date(2024, 10, 17))
    assert list(found.cells.index) == [5]
    assert described(found) == [
        ("answer", "ID1", "Plan?", ""),
        ("answer", "ID2", "How", "fast"),
        ("answer", "ID2", "How", "well"),
        ("answer", "ID4", "Note: why?", ""),
        ("submitted", "", "Creation date", ""),
    ]


@pytest.mark.parametrize(
    ("cell", "label"), [("Yes(ID9)", "Yes"), ("A (b)(ID9)", "A (b)"), ("Not known (yet)", "Not known")]
)
def test_eusurvey_writes_an_id_after_a_label(cell: str, label: str) -> None:
    assert table(EUSURVEY).dialect.label(cell) == label


def test_any_other_table_with_a_header_below_a_title() -> None:
    found = table([["Rapport"], [""], ["Fråga ett", "Fråga två", "Svarsid"], ["a", "b", "7"]])
    assert (found.dialect.name, found.header_row) == ("table", 3)
    assert [c.role for c in found.columns] == ["answer", "answer", "id"]
    assert found.dialect.label("Yes(ID9)") == "Yes(ID9)"


def test_a_person_may_settle_the_tool() -> None:
    rows = [["Tidstämpel", "Fråga [a]"], ["1", "2"]]
    assert table(rows, "table").columns[1] == RawColumn(1, "Fråga [a]", "answer", "Fråga [a]")
    assert refused(rows, "eusurvey") == (
        "x.csv: the file does not look like an export of eusurvey. Leave out `dialect`, or use table."
    )


# --- What is wrong ---


def test_headers_without_answers() -> None:
    assert refused([["Tidstämpel", "Fråga"], ["", ""]]) == (
        "x.csv: there is a header but no answers below it. Export the survey with its answers."
    )


def test_a_table_without_questions() -> None:
    assert refused([["Tidstämpel", "E-post"], ["1", "2"]]) == (
        "x.csv: no column looks like a question. Check that this is the export with answers, and its delimiter."
    )


# --- Columns ---


def test_headers_are_unique_and_on_one_line() -> None:
    found = table([["Fråga\u00a0ett", "Fråga ett", "\ufeffFråga  ett "], list("123")])
    assert [c.header for c in found.columns] == ["Fråga ett", "Fråga ett (2)", "Fråga ett (3)"]


def test_columns_without_a_header() -> None:
    found = table([["", "Ett", "Två", "Tre", "", ""], [*"1axzy", ""], ["2", "b", "", "", "", ""]])
    assert [(c.position, c.header, c.role) for c in found.columns] == [
        (0, "(column 1)", "technical"),  # numbers every row
        (1, "Ett", "answer"),
        (2, "Två", "answer"),
        (3, "Tre", "answer"),
    ]
    assert found.overflow == [4, 5]


def test_an_unnamed_column_between_others_that_does_not_number_the_rows_is_kept() -> None:
    found = table([["a", "", "b"], ["1", "x", "2"], ["3", "x", "4"]])
    assert [(c.header, c.role) for c in found.columns] == [
        ("a", "answer"),
        ("(column 2)", "answer"),
        ("b", "answer"),
    ]


def test_blank_rows_are_no_submissions_and_rows_keep_their_numbers() -> None:
    found = table([["a", "b"], ["1", ""], ["", ""], ["", "2"]])
    assert list(found.cells.index) == [2, 4]
