"""What people hand in: read together, every problem at once; and the date that stands on the appendices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter

from analysis.pipeline.inputs import (
    Inputs,
    decode_export,
    document_date,
    read_export,
    read_inputs,
)
from analysis.problems import InputError
from analysis.project import Project
from analysis.survey.instrument import Columns, Source


@pytest.fixture
def project(project_copy: Callable[..., Path], home: Path) -> Project:
    return Project(home, project_copy(2021))


def test_a_year_is_read_whole(project: Project) -> None:
    inputs = read_inputs(project, 2021)
    assert inputs.survey.year == 2021
    assert len(inputs.invited) == 18
    assert set(inputs.kinds) == set(inputs.invited["unit_id"])
    assert set(inputs.kinds.values()) == {"district", "specialist"}
    assert len(inputs.approvals) == 31
    assert inputs.decisions["8fcd5e1d0e40"].decision == "skarpnack"
    grid, table = read_export(project, inputs.survey)
    assert (grid.file, table.dialect.name, len(table.cells)) == ("enkat-2021.xlsx", "microsoft_forms", 17)


def test_what_people_have_not_written_yet_is_empty(project: Project) -> None:
    project.decisions(2021).unlink()
    project.approvals(2021).unlink()
    inputs = read_inputs(project, 2021)
    assert inputs.decisions == {}
    assert list(inputs.approvals.columns) == ["text_hash", "decision", "edited_text", "by", "date"]
    assert inputs.approvals.empty


def test_every_problem_of_every_file_comes_at_once(project: Project) -> None:
    project.decisions(2021).write_text("id,decision\n", encoding="utf-8")
    project.approvals(2021).write_text(
        "text_hash,decision,edited_text,by,date\nabcdefabcdef,yes,,,2021-11-01\n", encoding="utf-8"
    )
    project.invited(2021).write_text("unit_id,respondent_role,sent,reminded\nx,,,\ny,,,\n", encoding="utf-8")
    (project.raw(2021) / "enkat-2021.xlsx").unlink()
    with pytest.raises(InputError) as caught:
        read_inputs(project, 2021)
    files = [(Path(p.file).name, p.line) for p in caught.value.problems]
    assert files == [
        ("decisions.csv", 1), ("decisions.csv", 1), ("decisions.csv", 1),
        ("approvals.csv", 2), ("approvals.csv", 2), ("invited.csv", 2), ("invited.csv", 3), ("enkat-2021.xlsx", None),
    ]  # fmt: skip


def test_people_need_no_list_of_units(project: Project) -> None:
    survey = project.survey(2021)
    text = survey.read_text(encoding="utf-8").replace("respondents: units", "respondents: people")
    survey.write_text(text.replace("kind: unit", "kind: free_text"), encoding="utf-8")
    project.invited(2021).unlink()
    inputs = read_inputs(project, 2021)
    assert inputs.survey.respondents == "people"
    assert inputs.invited.empty
    assert list(inputs.invited.columns) == ["unit_id", "respondent_role", "sent", "reminded"]


def test_the_export_may_not_lie_outside_its_year(project: Project) -> None:
    survey = project.survey(2021)
    text = survey.read_text(encoding="utf-8")
    (project.root / "elsewhere.xlsx").write_bytes(b"x")
    survey.write_text(
        text.replace("file: enkat-2021.xlsx", "file: ../../../elsewhere.xlsx"), encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"survey\.yaml.*outside the year's folder"):
        read_inputs(project, 2021)


@pytest.mark.parametrize(
    ("published", "epoch", "exported", "submitted", "expected"),
    [
        ("2021-11-16", "0", "2021-10-25", "2021-10-20", "2021-11-16"),
        (None, "1700000000", "2021-10-25", "2021-10-20", "2023-11-14"),
        (None, None, "2021-10-25", "2021-10-20", "2021-10-25"),
        (None, None, None, "2021-10-20", "2021-10-20"),
        (None, None, None, None, "2021-09-30"),
    ],
)
def test_the_date_of_the_documents_is_never_the_clocks(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    published: str | None,
    epoch: str | None,
    exported: str | None,
    submitted: str | None,
    expected: str,
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if epoch is not None:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    survey = read_inputs(project, 2021).survey
    source = survey.source.model_copy(
        update={"exported": dt.date.fromisoformat(exported) if exported else None}
    )
    day = dt.date.fromisoformat(published) if published else None
    survey = survey.model_copy(update={"published": day, "source": source})
    submissions = pd.DataFrame({"submitted": pd.Series([submitted, None], dtype="datetime64[s]")})
    assert document_date(survey, submissions) == dt.date.fromisoformat(expected)


def test_a_year_says_which_years_there_are(project: Project) -> None:
    with pytest.raises(InputError, match=r"there is no reporting year 1999 \(there are: 2021\)"):
        read_inputs(project, 1999)


def test_inputs_keep_the_kind_of_units_of_their_own_time(project: Project) -> None:
    inputs: Inputs = read_inputs(project, 2021)
    assert inputs.kinds["norrmalm"] == "district"
    assert "norra-innerstaden" not in inputs.kinds


# --- Which sheet, and what a person says of the headers ---


def write_book(path: Path, sheets: dict[str, list[list[str]]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            for i, row in enumerate(rows):
                sheet.write_row(i, 0, row)
    return path


FORM = [["Tidstämpel", "Plan?"], ["2024-10-01 08:30:00", "Ja"]]
NOTES = [["Kod", "Etikett"], ["1", "Ja"]]


def test_the_sheet_that_a_survey_tool_is_recognised_by_wins_over_the_first(tmp_path: Path) -> None:
    path = write_book(tmp_path / "svar.xlsx", {"Koder": NOTES, "Formulärsvar 1": FORM, "Logg": NOTES})
    grid = decode_export(path, "svar.xlsx")
    assert (grid.sheet, grid.other_sheets) == ("Formulärsvar 1", ("Koder", "Logg"))
    assert decode_export(path, "svar.xlsx", sheet="Logg").sheet == "Logg"
    assert decode_export(path, "svar.xlsx", dialect="limesurvey").sheet == "Koder"


COVER = [["Enkät om samverkan"], ["Skapad av utredningsenheten"]]
ANSWERS = [["Nr", "Plan?", "Varför?"], *[[str(i), "Ja", f"Text {i}"] for i in range(6)]]


@pytest.mark.parametrize("dialect", [None, "table"])
def test_the_only_sheet_that_looks_like_answers_is_taken_where_none_is_recognised(
    tmp_path: Path, dialect: str | None
) -> None:
    path = write_book(tmp_path / "svar.xlsx", {"Info": COVER, "Svar": ANSWERS, "Koder": NOTES})
    assert decode_export(path, "svar.xlsx", dialect=dialect).sheet == "Svar"


@pytest.mark.parametrize(
    ("sheets", "what"),
    [
        ({"Info": COVER, "Koder": NOTES}, "no sheet clearly looks like answers: 'Info', 'Koder'"),
        ({"Info": COVER, "Vår": ANSWERS, "Höst": ANSWERS}, "several sheets look like answers: 'Vår', 'Höst'"),
    ],
)
def test_a_person_chooses_the_sheet_where_it_cannot_be_told(
    tmp_path: Path, sheets: dict[str, list[list[str]]], what: str
) -> None:
    path = write_book(tmp_path / "svar.xlsx", sheets)
    with pytest.raises(InputError) as caught:
        decode_export(path, "svar.xlsx")
    assert str(caught.value) == (
        f"svar.xlsx: {what}. Name the one to read with `--sheet` (`source: sheet:` in survey.yaml), or keep only that "
        "sheet."
    )


def test_a_file_without_sheets_has_none_to_choose(tmp_path: Path) -> None:
    path = tmp_path / "svar.csv"
    path.write_text("Plan?;Varför?\nJa;x\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"svar\.csv: the file has no sheets, so 'Svar' cannot be read\. Leave out"
    ):
        decode_export(path, "svar.csv", sheet="Svar")


def test_two_sheets_that_look_like_answers_are_for_a_person_to_choose_between(tmp_path: Path) -> None:
    path = write_book(tmp_path / "svar.xlsx", {"Vår": FORM, "Koder": NOTES, "Höst": FORM})
    with pytest.raises(InputError) as caught:
        decode_export(path, "svar.xlsx")
    assert str(caught.value) == (
        "svar.xlsx: several sheets look like answers: 'Vår', 'Höst'. Name the one to read with `--sheet` (`source: "
        "sheet:` in survey.yaml), or keep only that sheet."
    )
    assert decode_export(path, "svar.xlsx", sheet="Höst").sheet == "Höst"


def test_header_rows_and_columns_are_read_as_survey_yaml_says(project: Project) -> None:
    survey = read_inputs(project, 2021).survey
    write_book(
        project.raw(2021) / "svar.xlsx",
        {
            "Svar": [
                ["Enkät om samverkan"],
                ["Nr", "Inskickat", "Hur går det?", ""],
                ["", "", "På jobbet", "Hemma"],
                ["1", "2024-10-01", "Bra", "Dåligt"],
            ]
        },
    )
    source = Source(
        file="svar.xlsx",
        dialect="table",
        header_rows=(2, 3),
        columns=Columns(id="Nr", submitted="Inskickat"),
    )
    _, table = read_export(project, survey.model_copy(update={"source": source}))
    assert [(c.header, c.role) for c in table.columns] == [
        ("Nr", "id"),
        ("Inskickat", "submitted"),
        ("Hur går det? – På jobbet", "answer"),
        ("Hur går det? – Hemma", "answer"),
    ]
