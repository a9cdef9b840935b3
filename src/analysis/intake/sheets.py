"""Workbooks to text, in a process of their own.

A damaged workbook, or a stray cell far outside the table, can stop the library that reads workbooks together with
the process it runs in. Here that process is a child: whatever happens in it, the caller gets an answer.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import subprocess
import sys

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

Sheets = dict[str, list[list[str]]]
"""The cells of each sheet as text, row by row, in the order of the workbook."""


class UnreadableError(Exception):
    """The bytes are no workbook that can be read; the message says why, as far as it is known."""


class ProtectedError(Exception):
    """The workbook can only be opened with a password."""


def read_sheets(raw: bytes) -> Sheets:
    """Return the cells of a workbook (xlsx, xls, xlsm, xlsb or ods) as text.

    Raises
    ------
    UnreadableError, ProtectedError
    """
    command = [sys.executable, "-m", "analysis.intake.sheets"]
    child = subprocess.run(command, input=raw, capture_output=True, check=False)
    if child.returncode:
        raise UnreadableError("it is damaged, or too large")
    answer = json.loads(child.stdout)
    if answer["protected"]:
        raise ProtectedError
    if answer["error"]:
        raise UnreadableError(answer["error"])
    sheets: Sheets = answer["sheets"]
    return sheets


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


def _open(raw: bytes) -> dict[str, object]:
    """Read a workbook in this process; the answer is ready for JSON."""
    answer: dict[str, object] = {"sheets": {}, "protected": False, "error": ""}
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        answer["sheets"] = {
            title: [[cell_text(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
            for title, sheet in ((t, book.get_sheet_by_name(t)) for t in book.sheet_names)
        }
    except PasswordError:
        answer["protected"] = True
    except (CalamineError, ValueError, OSError) as error:
        answer["protected"] = "EncryptedPackage".encode("utf-16-le") in raw
        answer["error"] = str(error)
    return answer


def _limit_memory() -> None:
    """Let this process ask for no more memory than the machine has, where the system can tell."""
    if sys.platform != "win32":
        import resource

        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


if __name__ == "__main__":
    _limit_memory()
    json.dump(_open(sys.stdin.buffer.read()), sys.stdout)
