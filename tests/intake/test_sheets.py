"""Workbooks as they come from the reader itself, and what happens when its process is stopped."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from analysis.intake import apart
from analysis.intake.apart import Answer, UnreadableError, read_apart
from analysis.intake.cells import to_frame
from analysis.intake.decode import decode
from analysis.intake.sheets import cell_text, read

CASES = Path(os.environ.get("SURVEY_CASES", Path(__file__).parents[3] / "shared" / "cases"))
REAL = (
    "edited-by-hand-2018/survey_responses-raw.xlsx",
    "eusurvey-2024/Content_Export_EVERSElandscaping_Survey_results_16-10-2024_nopersonal.xls",
    "organisations-2009-2020/csps2020_org_scores.ods",
)


def workbook(fill: Callable[[xlsxwriter.Workbook], object]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        fill(book)
    return buffer.getvalue()


def rows(answer: Answer) -> list[list[str]]:
    return to_frame(answer.columns, answer.rows).to_numpy().tolist()


def edited(raw: bytes, change: dict[str, tuple[str, str]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            part = old.read(name).decode()
            new.writestr(name, re.sub(*change[name], part) if name in change else part)
    return buffer.getvalue()


@pytest.mark.skipif(not CASES.is_dir(), reason="the real exports are not there")
@pytest.mark.parametrize("case", REAL)
def test_row_by_row_gives_the_same_cells_as_the_whole_sheet(case: str) -> None:
    raw = (CASES / case).read_bytes()
    book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
    for title in read(raw, None).sheets:
        whole = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
        assert rows(read(raw, title)) == [[cell_text(value) for value in row] for row in whole]


def test_rows_and_columns_above_and_left_of_the_first_cell_stay() -> None:
    raw = workbook(lambda book: book.add_worksheet("A").write(2, 1, "x"))
    assert rows(read(raw, None)) == [["", ""], ["", ""], ["", "x"]]


def test_a_hidden_sheet_is_named_but_not_chosen() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        for title, text in (("Dold", "a"), ("Tom", ""), ("Svar", "b"), ("Mycket dold", "c")):
            book.add_worksheet(title).write(0, 0, text)
        book.get_worksheet_by_name("Svar").activate()
        book.get_worksheet_by_name("Svar").set_first_sheet()
        book.get_worksheet_by_name("Dold").hide()
        book.get_worksheet_by_name("Mycket dold").very_hidden()

    raw = workbook(fill)
    found = read(raw, None)
    assert (found.sheet, found.sheets, rows(found)) == ("Svar", ("Dold", "Svar", "Mycket dold"), [["b"]])
    assert rows(read(raw, "Mycket dold")) == [["c"]]
    assert read(raw, "Tom") == Answer(sheets=found.sheets)


def test_a_hidden_sheet_is_chosen_where_no_other_has_content() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        book.add_worksheet("Tom")
        for title in ("Dold", "Dold 2"):
            sheet = book.add_worksheet(title)
            sheet.write(0, 0, title)
            sheet.hide()

    assert read(workbook(fill), None).sheet == "Dold"


def test_merged_cells_formulas_and_errors() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet("A & B")
        sheet.merge_range("A1:C1", "Enkät")
        sheet.write_formula("A2", "=1+1", None, 2)
        sheet.write_formula("B2", '="x"', None, "text")
        sheet.write_formula("C2", "=2+2", None, 4)
        sheet.write_formula("A3", "=NA()", None, "#N/A")
        sheet.write_formula("E5", "=1/0", None, "#DIV/0!")

    raw = workbook(fill)
    part = {"xl/worksheets/sheet1.xml": (r"(<f>2\+2</f>)<v>4</v>", r"\1")}
    expected = [["Enkät", "", "", "", ""], ["2", "text", "", "", ""], ["#N/A", *[""] * 4], [""] * 5]
    assert rows(read(edited(raw, part), None)) == [*expected, ["", "", "", "", "#DIV/0!"]]


def test_a_sheet_with_nothing_but_errors_has_content() -> None:
    raw = workbook(lambda book: book.add_worksheet("A").write_formula("B2", "=NA()", None, "#N/A"))
    assert rows(read(raw, None)) == [["", ""], ["", "#N/A"]]


def test_text_keeps_its_blanks_line_breaks_and_escapes() -> None:
    text = "  a\r\nb\t_x000D_ \u00a0"
    assert rows(read(workbook(lambda book: book.add_worksheet("A").write_string(0, 0, text)), None)) == [
        [text]
    ]


def test_an_error_in_any_part_is_damage() -> None:
    raw = workbook(lambda book: book.add_worksheet("A").write(0, 0, "x"))
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        part = book.getinfo("xl/worksheets/sheet1.xml")
    at = part.header_offset + 30 + len(part.filename) + part.compress_size // 2
    damaged = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
    assert read(damaged, None).error == "it is damaged or cut off"


def test_a_sheet_that_spans_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = workbook(lambda book: [book.add_worksheet("A").write(8, 1, "x")])
    monkeypatch.setattr("analysis.intake.sheets.MOST_CELLS", 17)
    assert read(raw, None).error == "a cell stands far outside the table, in row 9"
    monkeypatch.setattr("analysis.intake.sheets.MOST_CELLS", 18)
    assert read(raw, None).rows == 9


# --- In a process of its own ---


def test_the_answer_comes_back_whole() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        for title in ("A", "B"):
            for i in range(300):
                book.get_worksheet_by_name(title) or book.add_worksheet(title)
                book.get_worksheet_by_name(title).write_row(i, 0, [f"{title}å\n{i % 7}", i, ""])

    raw = workbook(fill)
    for sheet in (None, "B", "C"):
        here, there = read(raw, sheet), read_apart(raw, "sheets", sheet)
        assert (here.sheet, here.sheets) == (there.sheet, there.sheets)
        assert rows(here) == rows(there)
        assert len(rows(there)) == (0 if sheet == "C" else 300)


def test_a_process_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_SECONDS", 0)
    with pytest.raises(UnreadableError, match="it takes too long: it is damaged, or too large"):
        read_apart(b"PK", "sheets")


def test_a_process_that_works_without_end_stops_itself() -> None:
    code = "from analysis.intake import apart; apart._limit(1)\nwhile True: pass"
    start = time.monotonic()
    assert subprocess.run([sys.executable, "-c", code], timeout=20, check=False).returncode < 0
    assert time.monotonic() - start < 10


def test_a_process_that_asks_for_too_much_memory_gets_none() -> None:
    code = "from analysis.intake import apart; apart._limit(9); bytes(apart.MEMORY)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "MemoryError"


def test_a_large_workbook_is_read_within_the_limits(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Svar")
        for i in range(10_000):
            sheet.write_row(i, 0, [i, f"fri text {i}", *["Instämmer helt"] * 8])
    cells = decode(path, "x.xlsx").cells
    assert cells.shape == (10_000, 10)
    assert cells.loc[10_000].tolist() == ["9999", "fri text 9999", *["Instämmer helt"] * 8]
