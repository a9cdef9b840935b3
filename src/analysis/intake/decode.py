"""Bytes to a grid of text: what stands in an export, before anything in it is understood."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.intake.apart import ProtectedError, UnreadableError, read_apart
from analysis.intake.archives import ARCHIVES, MOST_BYTES, TOO_LARGE, check_kind, unpack
from analysis.intake.cells import replaced, to_frame
from analysis.intake.delimited import read_delimited
from analysis.intake.encoding import find_encoding
from analysis.problems import InputError

WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
TEXTS = (".csv", ".tsv", ".txt")
SAV = ".sav"

_AGAIN = "Export it again from the survey tool"


@dataclass(frozen=True)
class Grid:
    """The cells of an export as text.

    Attributes
    ----------
    file : str
        The file's name.
    sha256 : str
        Hash of the file's bytes, as delivered.
    cells : DataFrame
        Categorical columns of text 0, 1, …, ``""`` where nothing stands; the index is the 1-based number of the
        record (the row as a spreadsheet shows it). In an SPSS file the first row is the variables' names, the
        second their labels.
    format : {"text", "workbook", "sav"}
        What kind of file it was read from.
    encoding, delimiter, sheet : str or None
        How the file was read.
    other_sheets : tuple of str
        Sheets with content that were not read, hidden ones too.
    widths : array of int, optional
        How many cells each record of a text file has.
    value_labels : mapping of int to mapping of str to str
        Column → code → label, in the order of the codes; only an SPSS file has them. Where two values share a
        label, it has its code after it, as the cells have.
    user_missing : mapping of int to tuple of str
        Column → the texts of the values that an SPSS file declares missing, in their order: those that stand in
        cells, those with a label, and those declared one by one.
    """

    file: str
    sha256: str
    cells: pd.DataFrame
    format: Literal["text", "workbook", "sav"] = "text"
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    other_sheets: tuple[str, ...] = ()
    widths: npt.NDArray[np.int32] | None = None
    value_labels: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    user_missing: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


def decode(
    path: Path,
    name: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> Grid:
    """Read an export into a grid of text.

    Parameters
    ----------
    path : Path
        A workbook (xlsx, xls, xlsm, xlsb, ods), delimited text (csv, tsv, txt) or an SPSS file (sav), or one of
        these in an archive (gz, zip).
    name : str
        The file's name for messages.
    encoding, delimiter, sheet : str, optional
        What a person has settled; found out from the file where left out.

    Raises
    ------
    InputError
        If the file is missing, empty, protected, damaged, too large, not of these kinds or of another kind than
        its ending says, or cannot be told with certainty.
    """
    raw = _read(path, name)
    digest = hashlib.sha256(raw).hexdigest()
    file = path.name
    if path.suffix.lower() in ARCHIVES:
        file, raw = unpack(raw, path.name, name)
    if not raw or raw.isspace():
        raise _empty(name)
    ending = PurePosixPath(file).suffix.lower()
    if ending in WORKBOOKS:
        grid = _decode_workbook(raw, name, ending, sheet)
    elif ending in TEXTS:
        grid = _decode_text(raw, name, ending, encoding, delimiter)
    elif ending == SAV:
        grid = _decode_sav(raw, name, encoding)
    else:
        raise _unknown(name, file, ending)
    if grid.cells.empty:
        raise _empty(name)
    return replace(grid, file=path.name, sha256=digest, cells=_without_mark(grid.cells))


def _read(path: Path, name: str) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError.one(name, f"is larger than {MOST_BYTES // 10**6} MB", TOO_LARGE)
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError.one(
            name, "the export is missing", "Put the file there, or name a file that is there"
        ) from None
    except OSError as error:
        raise InputError.one(
            name, f"cannot be read ({error.strerror})", "Check the file and its rights"
        ) from None


def _empty(name: str) -> InputError:
    return InputError.one(name, "the export is empty", _AGAIN)


def _unknown(name: str, file: str, ending: str) -> InputError:
    inside = f" of {file[-60:]!r} in it" if not name.endswith(file) else ""
    what = f"the ending {ending!r}{inside} is not one that can be read"
    return InputError.one(name, what, f"Export as one of {', '.join((*WORKBOOKS, *TEXTS, SAV))}")


def _without_mark(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with no byte order mark at the start of the first header."""
    first = str(cells.iat[0, 0])
    return replaced(cells, {(1, 0): first.lstrip("\ufeff")}) if first.startswith("\ufeff") else cells


def _decode_text(raw: bytes, name: str, ending: str, encoding: str | None, delimiter: str | None) -> Grid:
    check_kind(raw, name, ending, "text")
    used = find_encoding(raw, name, encoding)
    cells, widths, mark = read_delimited(raw, used, name, delimiter)
    return Grid("", "", cells, "text", encoding=used, delimiter=mark, widths=widths)


def _decode_workbook(raw: bytes, name: str, ending: str, sheet: str | None) -> Grid:
    check_kind(raw, name, ending, "workbook")
    try:
        found = read_apart(raw, "sheets", sheet)
    except ProtectedError:
        raise InputError.one(
            name, "the workbook is protected by a password", "Save it without a password and try again"
        ) from None
    except UnreadableError as error:
        raise InputError.one(
            name,
            f"is not a workbook that can be read ({error})",
            "Open it in Excel and save it as .xlsx, or export it again",
        ) from None
    if not found.sheets:
        raise InputError.one(name, "the workbook has no cells with content", _AGAIN)
    if found.sheet is None:
        raise InputError.one(
            name,
            f"there is no sheet {sheet!r} with content",
            f"Use one of {', '.join(map(repr, found.sheets))} for `source: sheet:`",
        )
    others = tuple(title for title in found.sheets if title != found.sheet)
    cells = to_frame(found.columns, found.rows)
    return Grid("", "", cells, "workbook", sheet=found.sheet, other_sheets=others)


def _decode_sav(raw: bytes, name: str, encoding: str | None) -> Grid:
    check_kind(raw, name, SAV, "sav")
    try:
        found = read_apart(raw, "sav", encoding)
    except UnreadableError as error:
        raise InputError.one(
            name,
            f"is not an SPSS file that can be read ({error})",
            "Open it in SPSS and save it again, or export the answers as csv or xlsx",
        ) from None
    return Grid(
        "",
        "",
        to_frame(found.columns, found.rows),
        "sav",
        encoding=encoding,
        value_labels=found.value_labels,
        user_missing=found.user_missing,
    )
