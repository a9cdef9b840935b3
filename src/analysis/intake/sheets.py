"""Workbooks to text. Runs in a process of its own (`intake.apart`): only the standard library and calamine here."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from analysis.intake.apart import Answer
from analysis.intake.archives import DAMAGE, TooMuchError, check_parts
from analysis.intake.codes import Encoder, TooLargeError

MOST_CELLS = 30_000_000
"""How many cells a sheet may span, from its first row and column to the last that is filled in."""

Errors = dict[int, dict[int, str]]
"""Row → column → the error that a cell shows; both from 0."""

_ERROR_CELL = re.compile(rb'<(?:\w+:)?c\s([^<>]*\bt="e"[^<>]*)>(.*?)</(?:\w+:)?c>', re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]+)<")


def read(raw: bytes, sheet: str | None) -> Answer:
    """Read one sheet of a workbook (xlsx, xls, xlsm, xlsb or ods), and name all that have content.

    Without `sheet` it is the first visible sheet with content, or the first hidden one if only such have any.
    Of merged cells only the first has the text. A formula shows the value that was stored with it; one stored
    without a value is a blank cell. An error shows as its text (``#N/A``) in xlsx and xlsm; the library gives a
    blank cell for it in the other kinds.
    """
    try:
        if raw.startswith(b"PK"):
            check_parts(raw)
        return _read(raw, sheet)
    except PasswordError:
        return Answer(protected=True)
    except TooLargeError as error:
        return Answer(error=f"a cell stands far outside the table, in row {error.row}")
    except TooMuchError as error:
        return Answer(error=str(error))
    except (CalamineError, *DAMAGE):
        return Answer(
            protected="EncryptedPackage".encode("utf-16-le") in raw, error="it is damaged or cut off"
        )


def cell_text(value: object) -> str:
    """Return what a workbook cell shows, as text.

    Whole numbers stand without a decimal point, dates as ``2021-10-19`` and times of day after a blank;
    other numbers keep a decimal point.

    Examples
    --------
    >>> cell_text(3.0), cell_text(0.5), cell_text(True)
    ('3', '0.5', 'TRUE')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "seconds") if value.time() != dt.time() else value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _read(raw: bytes, sheet: str | None) -> Answer:
    errors = _errors(raw) if raw.startswith(b"PK") else {}
    book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
    hidden = {m.name for m in book.sheets_metadata if m.visible != SheetVisibleEnum.Visible}
    filled, chosen = [], None
    for title in book.sheet_names:
        found = book.get_sheet_by_name(title)
        if not any(any(row) for row in _rows(found, errors.get(title, {}))):
            continue
        filled.append(title)
        wanted = chosen is None or (chosen.name in hidden and title not in hidden)
        if title == sheet or (sheet is None and wanted):
            chosen = found
    if chosen is None:
        return Answer(sheets=tuple(filled))
    encoder = Encoder().add(_rows(chosen, errors.get(chosen.name, {})))
    return Answer(len(encoder.widths), encoder.columns(), chosen.name, tuple(filled))


def _rows(sheet: CalamineSheet, errors: Errors) -> Iterator[list[str]]:
    """Yield the rows of a sheet as text, from its first row and column on."""
    rows: Iterator[Sequence[object]] = iter(())
    left: list[str] = []
    if sheet.start is not None and sheet.end is not None:
        last_row, last_column = sheet.end
        if (last_row + 1) * (last_column + 1) > MOST_CELLS:
            raise TooLargeError(last_row + 1, last_column + 1)
        rows, left = sheet.iter_rows(), [""] * sheet.start[1]
    texts = (left + [cell_text(value) for value in row] for row in rows)
    return _with_errors(texts, errors) if errors else texts


def _with_errors(rows: Iterator[list[str]], errors: Errors) -> Iterator[list[str]]:
    """Yield rows with the errors in their places, be they outside the other cells."""
    number, last = 0, max(errors)
    while (row := next(rows, None)) is not None or number <= last:
        row = row or []
        for column, text in errors.get(number, {}).items():
            row += [""] * (column + 1 - len(row))
            row[column] = text
        yield row
        number += 1


# --- cells that show an error, which calamine gives as blank ones -------------------------------------------


def _errors(raw: bytes) -> Mapping[str, Errors]:
    """Return the cells of each sheet of an xlsx or xlsm file that show an error."""
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        names = set(book.namelist())
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
            return {}
        targets = {
            part.get("Id"): "xl/" + part.get("Target", "").removeprefix("/xl/")
            for part in ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
        }
        sheets = {
            part.get("name", ""): targets.get(value)
            for part in ElementTree.fromstring(book.read("xl/workbook.xml")).findall(".//{*}sheet")
            for key, value in part.attrib.items()
            if key.endswith("}id")
        }
        return {title: _error_cells(book.read(part)) for title, part in sheets.items() if part in names}


def _error_cells(part: bytes) -> Errors:
    errors: Errors = {}
    for cell in _ERROR_CELL.finditer(part) if b't="e"' in part else ():
        place, value = _PLACE.search(cell[1]), _VALUE.search(cell[2])
        if place and value:
            column = 0
            for letter in place[1]:
                column = column * 26 + letter - 64
            errors.setdefault(int(place[2]) - 1, {})[column - 1] = value[1].decode("utf-8")
    return errors
