from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.intake.decode import Grid, decode
from analysis.intake.sheets import cell_text
from analysis.problems import InputError

SWEDISH = "Förvaltning;Svar\nBromma;Gör så här\nÄlvsjö;Ja\n"


def write(folder: Path, name: str, raw: bytes) -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        act()
    assert len(caught.value.problems) == 1
    return str(caught.value)


def cells(grid: Grid) -> list[list[str]]:
    return grid.cells.to_numpy().tolist()


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"default_date_format": "yyyy-mm-dd hh:mm"})
    for title, rows in sheets.items():
        sheet = book.add_worksheet(title)
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    book.close()
    return buffer.getvalue()


# --- Which file ---


def test_a_missing_export(tmp_path: Path) -> None:
    assert refused(lambda: decode(tmp_path / "x.csv", "x.csv")) == (
        "x.csv: the export is missing. Put the file there, or name a file that is there."
    )


def test_a_folder_is_no_export(tmp_path: Path) -> None:
    assert "cannot be read (Is a directory)" in refused(lambda: decode(tmp_path, "x.csv"))


@pytest.mark.parametrize("raw", [b"", b"  \r\n\n "])
@pytest.mark.parametrize("name", ["x.csv", "x.xlsx"])
def test_an_empty_export(tmp_path: Path, name: str, raw: bytes) -> None:
    path = write(tmp_path, name, raw)
    assert refused(lambda: decode(path, name)) == (
        f"{name}: the export is empty. Export it again from the survey tool."
    )


def test_an_ending_that_cannot_be_read(tmp_path: Path) -> None:
    path = write(tmp_path, "svar.pdf", b"%PDF")
    assert refused(lambda: decode(path, "svar.pdf")).startswith(
        "svar.pdf: the ending '.pdf' is not one that can be read. Export as one of .xlsx, .xls"
    )


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        (
            "x.csv",
            b"<!DOCTYPE html><title>Logga in</title>",
            "is a web page (HTML), not what the ending .csv says",
        ),
        (
            "x.xlsx",
            SWEDISH.encode(),
            "is plain text, not what the ending .xlsx says. Give it the ending .csv",
        ),
        (
            "x.xls",
            b"%PDF-1.7",
            "is a PDF document, not what the ending .xls says. Export the answers as csv or xlsx",
        ),
        ("x.txt", b"$FL2@(#)", "is an SPSS file, not what the ending .txt says. Give it the ending .sav"),
        ("x.sav", b"\x1f\x8b\x08", "is a gzip archive, not what the ending .sav says"),
        ("x.csv", b"PK\x03\x04a.csv", "is a zip archive, not what the ending .csv says"),
        ("x.xls", b'<?xml version="1.0"?><Workbook/>', "is an XML file, not what the ending .xls says"),
        ("x.csv.gz", SWEDISH.encode(), "is plain text, not what the ending .gz says"),
    ],
)
def test_a_file_of_another_kind_is_named_as_what_it_is(
    tmp_path: Path, name: str, raw: bytes, message: str
) -> None:
    path = write(tmp_path, name, raw)
    assert refused(lambda: decode(path, name)).startswith(f"{name}: {message}")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with path.open("wb") as sparse:
        sparse.truncate(600_000_001)
    assert refused(lambda: decode(path, "x.csv")) == (
        "x.csv: is larger than 600 MB. Export fewer questions or answers at a time."
    )


def test_the_grid_knows_its_file_and_how_it_was_read(tmp_path: Path) -> None:
    path = write(tmp_path, "Svar.CSV", b"a;b\n1;2\n")
    grid = decode(path, "x")
    assert (grid.file, grid.encoding, grid.delimiter, grid.sheet) == ("Svar.CSV", "utf-8", ";", None)
    assert (grid.format, list(grid.widths)) == ("text", [2, 2])
    assert grid.sha256 == hashlib.sha256(b"a;b\n1;2\n").hexdigest()
    assert cells(grid) == [["a", "b"], ["1", "2"]]
    assert list(grid.cells.index) == [1, 2]


# --- Encodings ---


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("cp1252", "cp1252"),
        ("mac_roman", "mac_roman"),
        ("cp850", "cp850"),
    ],
)
def test_swedish_text_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str, found: str) -> None:
    grid = decode(write(tmp_path, "x.csv", SWEDISH.encode(encoding)), "x.csv")
    assert grid.encoding == found
    assert cells(grid)[1:] == [["Bromma", "Gör så här"], ["Älvsjö", "Ja"]]


def test_utf16_with_the_other_byte_order(tmp_path: Path) -> None:
    raw = b"\xfe\xff" + SWEDISH.encode("utf-16-be")
    assert cells(decode(write(tmp_path, "x.csv", raw), "x"))[2] == ["Älvsjö", "Ja"]


def test_a_byte_order_mark_does_not_stick_to_the_first_header(tmp_path: Path) -> None:
    raw = '\ufeff"Fråga, med komma",b\n1,2\n'.encode()
    for encoding in (None, "utf-8"):
        grid = decode(write(tmp_path, "x.csv", raw), "x", encoding=encoding)
        assert cells(grid)[0] == ["Fråga, med komma", "b"]


def test_marks_inside_cells_stay_and_one_in_the_first_header_goes(tmp_path: Path) -> None:
    raw = '\ufeff"\ufeffstart",b\n\ufeff1,\u00a02\u200b\n'.encode()
    found = cells(decode(write(tmp_path, "x.csv", raw), "x"))
    assert found == [["start", "b"], ["\ufeff1", "\u00a02\u200b"]]
    path = write(tmp_path, "x.xlsx", workbook({"A": [["\ufeffId", "b"], ["\ufeffx", 1]]}))
    assert cells(decode(path, "x")) == [["Id", "b"], ["\ufeffx", "1"]]


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"a\x00b,c\n" * 9, "is not a text file"),
        (b"a,b\n" * 2000 + b"\x00", "holds NUL bytes: it is not a text file"),
        (b"\xff\xfea", "begins as utf-16 but does not go on so"),
        (b"\xef\xbb\xbf\xff", "begins as utf-8-sig but does not go on so"),
        (SWEDISH.encode("utf-16-le")[:-1], "is not a text file"),
        (workbook({"A": [["a", "b"], ["1", "2"]]}), "is a workbook (Excel or OpenDocument), not what"),
    ],
    ids=[
        "many NUL",
        "one NUL",
        "broken utf-16",
        "broken utf-8",
        "broken utf-16 without its mark",
        "a workbook",
    ],
)
def test_bytes_that_are_no_text(tmp_path: Path, raw: bytes, what: str) -> None:
    path = write(tmp_path, "x.csv", raw)
    assert what in refused(lambda: decode(path, "x.csv"))


# --- Delimiters and records ---


def test_a_settled_delimiter_is_used(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", b"a,b;c\n1,2;3\n")
    assert cells(decode(path, "x", delimiter=";")) == [["a,b", "c"], ["1,2", "3"]]


def test_line_breaks_in_cells_blank_records_and_short_records(tmp_path: Path) -> None:
    raw = 'a,b,c\r\n"rad ett\nrad två",2\r\n\r\n1,2,3,4\r\n'.encode()
    grid = decode(write(tmp_path, "x.csv", raw), "x")
    assert cells(grid) == [
        ["a", "b", "c", ""],
        ["rad ett\nrad två", "2", "", ""],
        ["", "", "", ""],
        ["1", "2", "3", "4"],
    ]
    assert list(grid.cells.index) == [1, 2, 3, 4]


def test_a_very_long_cell_is_read(tmp_path: Path) -> None:
    raw = f'a;b\n"{"x" * 300_000}";2\n'.encode()
    assert [len(c) for c in cells(decode(write(tmp_path, "x.csv", raw), "x"))[1]] == [300_000, 1]


# --- Workbooks ---


def test_the_first_sheet_with_content_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    raw = workbook({"Tom": [], "Svar": [["a", 1.0], ["b", 0.5]], "Annat": [["x"]]})
    path = write(tmp_path, "x.xlsx", raw)
    grid = decode(path, "x")
    assert (grid.sheet, grid.other_sheets, cells(grid)) == ("Svar", ("Annat",), [["a", "1"], ["b", "0.5"]])
    assert cells(decode(path, "x", sheet="Annat")) == [["x"]]
    assert refused(lambda: decode(path, "x.xlsx", sheet="Tom")) == (
        "x.xlsx: there is no sheet 'Tom' with content. Use one of 'Svar', 'Annat' for `source: sheet:`."
    )


def test_rows_and_columns_keep_their_places(tmp_path: Path) -> None:
    raw = workbook({"A": [[], [None, "rubrik"], [], [None, None, "svar"]]})
    grid = decode(write(tmp_path, "x.xlsx", raw), "x")
    assert grid.cells.loc[2, 1] == "rubrik"
    assert grid.cells.loc[4, 2] == "svar"


def test_an_empty_workbook(tmp_path: Path) -> None:
    path = write(tmp_path, "x.xlsx", workbook({"A": [], "B": []}))
    assert refused(lambda: decode(path, "x.xlsx")) == (
        "x.xlsx: the workbook has no cells with content. Export it again from the survey tool."
    )


def test_a_chart_on_a_sheet_of_its_own_is_no_table(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    chart = book.add_chart({"type": "bar"})
    book.add_worksheet("Svar").write_row(0, 0, ["a", "b"])
    chart.add_series({"values": "=Svar!$A$1:$B$1"})
    book.add_chartsheet("Diagram").set_chart(chart)
    book.close()
    assert cells(decode(write(tmp_path, "x.xlsx", buffer.getvalue()), "x")) == [["a", "b"]]


def compound_file(streams: tuple[str, ...]) -> bytes:
    """Return a minimal OLE2 file with 4096-byte streams: what Excel writes around an encrypted workbook."""
    free, end, fat_sector = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 62, 3, 0xFFFE, 9, 6,
        0, 1, 1, 0, 4096, end, 0, end, 0,
    ) + struct.pack("<109I", 0, *[free] * 108)  # fmt: skip
    fat = [fat_sector, end]
    entries = [("Root Entry", 5, 1, free, end, 0)]
    for i, name in enumerate(streams):
        first = len(fat)
        fat += [*range(first + 1, first + 8), end]
        sibling = i + 2 if i + 1 < len(streams) else free
        entries.append((name, 2, free, sibling, first, 4096))
    directory = b""
    for name, kind, child, right, first, size in entries:
        text = name.encode("utf-16-le") + b"\x00\x00"
        directory += struct.pack(
            "<64sHBBIII16xI8x8xIQ", text, len(text), kind, 1, free, right, child, 0, first, size
        )
    blank = struct.pack("<64sHBBIII16xI8x8xIQ", b"", 0, 0, 0, free, free, free, 0, 0, 0)
    directory += blank * (4 - len(entries))
    table = struct.pack("<128I", *fat, *[free] * (128 - len(fat)))
    return header + table + directory + bytes(4096 * len(streams))


@pytest.mark.parametrize("name", ["x.xlsx", "x.xls"])
def test_a_workbook_protected_by_a_password(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, compound_file(("EncryptionInfo", "EncryptedPackage")))
    assert refused(lambda: decode(path, name)) == (
        f"{name}: the workbook is protected by a password. Save it without a password and try again."
    )


def test_a_damaged_workbook_is_no_traceback(tmp_path: Path) -> None:
    whole = workbook({"A": [["a", "b"], ["1", "2"]]})
    damaged = {
        "half of it": whole[: len(whole) // 2],
        "no streams": compound_file(()),
    }
    for name, raw in damaged.items():
        path = write(tmp_path, "x.xlsx", raw)
        message = refused(lambda path=path: decode(path, "x.xlsx"))
        assert message.startswith("x.xlsx: is not a workbook that can be read ("), name
        assert message.endswith("Open it in Excel and save it as .xlsx, or export it again."), name


def test_a_stray_cell_beyond_all_memory_does_not_stop_the_program(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet("A")
    sheet.write_row(0, 0, ["a", "b"])
    sheet.write("XFD1048576", "x")
    book.close()
    path = write(tmp_path, "x.xlsx", buffer.getvalue())
    assert "it is damaged, or too large" in refused(lambda: decode(path, "x.xlsx"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""), ("", ""), (" a ", " a "), (True, "TRUE"), (False, "FALSE"), (3, "3"), (3.0, "3"), (-0.5, "-0.5"),
        (1e15, "1000000000000000.0"), (0.1 + 0.2, "0.30000000000000004"),
        (pd.Timestamp("2021-10-19").to_pydatetime(), "2021-10-19"),
        (pd.Timestamp("2021-10-19 08:30").to_pydatetime(), "2021-10-19 08:30:00"),
        (pd.Timestamp("2021-10-19 08:30").time(), "08:30:00"),
        (pd.Timedelta("1h").to_pytimedelta(), "1:00:00"),
    ],
)  # fmt: skip
def test_what_a_workbook_cell_shows(value: object, shown: str) -> None:
    assert cell_text(value) == shown


def test_typed_cells_of_a_workbook(tmp_path: Path) -> None:
    moment = pd.Timestamp("2021-10-19 08:30").to_pydatetime()
    path = write(tmp_path, "x.xlsx", workbook({"A": [["id", "tid"], [12, moment], [True, 0.25]]}))
    assert cells(decode(path, "x"))[1:] == [["12", "2021-10-19 08:30:00"], ["TRUE", "0.25"]]


# --- Whatever stands in the file ---


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=1, max_size=400))
@example(b'"')
@example(b"a,b\r\r\n\xff")
def test_random_bytes_as_text_give_a_grid_or_a_sentence(tmp_path_factory, raw: bytes) -> None:
    path = write(tmp_path_factory.mktemp("any"), "x.csv", raw)
    try:
        found = cells(decode(path, "x.csv"))
    except InputError:
        found = [["a sentence"]]
    assert all(isinstance(c, str) for row in found for c in row)


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]),
    st.binary(min_size=1, max_size=2000),
    st.sampled_from([".xlsx", ".xls", ".ods", ".xlsb"]),
)
def test_random_bytes_as_a_workbook_give_a_sentence(
    tmp_path_factory, start: bytes, raw: bytes, end: str
) -> None:
    path = write(tmp_path_factory.mktemp("any"), f"x{end}", start + raw)
    with pytest.raises(InputError):
        decode(path, "x")


CELL = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters='";'), max_size=8)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=6))
def test_every_cell_of_a_csv_file_comes_back(tmp_path_factory, rows: list[list[str]]) -> None:
    folder = tmp_path_factory.mktemp("csv")
    text = "a;b;c\n" + "".join(";".join(row) + "\n" for row in rows)
    grid = decode(write(folder, "x.csv", text.encode()), "x", encoding="utf-8", delimiter=";")
    assert cells(grid) == [["a", "b", "c"], *rows]
