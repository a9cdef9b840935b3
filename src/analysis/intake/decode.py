"""Bytes to a grid of text: what stands in an export, before anything in it is understood."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.intake.sheets import ProtectedError, UnreadableError, read_sheets
from analysis.problems import InputError

WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
TEXTS = (".csv", ".tsv", ".txt")

_CANDIDATES = ("cp1252", "mac_roman", "cp850")
_DELIMITERS = (",", ";", "\t", "|")
_UNSEEN = re.compile(r"[\s\ufeff\u200b\u00ad]*")

csv.field_size_limit(10**8)


@dataclass(frozen=True)
class Grid:
    """The cells of an export as text.

    Attributes
    ----------
    file : str
        The file's name.
    sha256 : str
        Hash of the file's bytes.
    cells : DataFrame
        Text, ``""`` where nothing stands; columns 0, 1, …; the index is the 1-based number of the record
        (the row as a spreadsheet shows it).
    encoding, delimiter, sheet : str or None
        How the file was read.
    other_sheets : tuple of str
        Sheets with content that were not read.
    """

    file: str
    sha256: str
    cells: pd.DataFrame
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    other_sheets: tuple[str, ...] = ()


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
        A workbook (xlsx, xls, xlsm, xlsb, ods) or delimited text (csv, tsv, txt).
    name : str
        The file's name for messages.
    encoding, delimiter, sheet : str, optional
        What a person has settled; found out from the file where left out.

    Raises
    ------
    InputError
        If the file is missing, empty, protected, not of these kinds, or cannot be told with certainty.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError.one(
            name, "the export is missing", "Put the file there, or correct `source: file:`"
        ) from None
    except OSError as error:
        raise InputError.one(
            name, f"cannot be read ({error.strerror})", "Check the file and its rights"
        ) from None
    if not raw.strip():
        raise InputError.one(name, "the export is empty", "Export it again from the survey tool")
    digest = hashlib.sha256(raw).hexdigest()
    suffix = path.suffix.lower()
    if suffix in WORKBOOKS:
        chosen, cells, others = _decode_workbook(raw, name, sheet)
        return Grid(path.name, digest, cells, sheet=chosen, other_sheets=others)
    if suffix in TEXTS:
        text, used = to_text(raw, name, encoding)
        if "\x00" in text:
            raise InputError.one(
                name, "holds NUL bytes: it is not a text file", "Export it again from the survey tool"
            )
        mark = delimiter or find_delimiter(text)
        return Grid(path.name, digest, _read_delimited(text, name, mark), encoding=used, delimiter=mark)
    known = ", ".join((*WORKBOOKS, *TEXTS))
    raise InputError.one(
        name, f"the ending {suffix!r} is not one that can be read", f"Export as one of {known}"
    )


# --- workbooks ---------------------------------------------------------------------------------------------


def _decode_workbook(raw: bytes, name: str, sheet: str | None) -> tuple[str, pd.DataFrame, tuple[str, ...]]:
    try:
        sheets = read_sheets(raw)
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
    filled = {title: rows for title, rows in sheets.items() if any(cell for row in rows for cell in row)}
    if not filled:
        raise InputError.one(
            name, "the workbook has no cells with content", "Export it again from the survey tool"
        )
    if sheet is not None and sheet not in filled:
        raise InputError.one(
            name,
            f"there is no sheet {sheet!r} with content",
            f"Use one of {', '.join(map(repr, filled))} for `source: sheet:`",
        )
    chosen = sheet or next(iter(filled))
    return chosen, _frame(filled[chosen]), tuple(title for title in filled if title != chosen)


# --- text --------------------------------------------------------------------------------------------------


def to_text(raw: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Decode bytes: by mark (BOM), else strictly as UTF-8, else by which reading is plausible.

    Returns
    -------
    text, encoding : str

    Raises
    ------
    InputError
        If the chosen encoding does not fit, the bytes are not text, or no reading is clearly the best;
        then the candidates are shown.
    """
    if encoding:
        try:
            return raw.decode(encoding).removeprefix("\ufeff"), encoding
        except LookupError:
            raise InputError.one(
                name, f"{encoding!r} is not a known encoding", "Use utf-8, cp1252 or mac_roman"
            ) from None
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise InputError.one(
                name, f"does not fit the encoding {encoding}", "Give another --encoding", line=line
            ) from None
    for mark, marked in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if raw.startswith(mark):
            try:
                return raw.decode(marked), marked
            except UnicodeDecodeError:
                raise InputError.one(
                    name, f"begins as {marked} but does not go on so", "Export it again"
                ) from None
    control = sum(raw.count(bytes([c])) for c in (*range(9), *range(14, 32)))
    if control > len(raw) / 1000:
        raise InputError.one(name, "is not a text file", "Export it as csv or xlsx from the survey tool")
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _plausible(raw, name)


def _plausible(raw: bytes, name: str) -> tuple[str, str]:
    readings = []
    for candidate in _CANDIDATES:
        try:
            text = raw.decode(candidate)
        except UnicodeDecodeError:
            continue
        readings.append((plausibility(text), candidate, text))
    readings.sort(key=lambda r: r[0], reverse=True)
    best, *others = readings or [(0.0, "", "")]
    if best[0] >= 0.7 and all(score <= best[0] - 0.2 for score, _, _ in others):
        return best[2], best[1]
    shown = "; ".join(f"{c} gives {_sample(t)!r}" for _, c, t in readings) or "none fits"
    raise InputError.one(
        name,
        f"its encoding cannot be told ({shown})",
        "Choose one with --encoding, or `source: encoding:` in survey.yaml",
    )


def plausibility(text: str) -> float:
    """Return how likely the non-ASCII characters are where they stand, from 0 to 1.

    Letters belong in words, and capitals not after small letters; å, ä and ö are likelier than the letters of
    other languages. Non-breaking spaces and dashes may stand anywhere, other signs not inside words.
    """
    scores = []
    for match in re.finditer(r"[^\x00-\x7f]", text):
        i, char = match.start(), match.group()
        before, after = text[max(i - 1, 0) : i], text[i + 1 : i + 2]
        in_word = before.isalpha() or after.isalpha()
        if char in "åäöéèüæøáàñçß":
            likely = in_word and not after.isupper()
        elif char in "ÅÄÖÉÜÆØ":
            likely = in_word and not before.islower()
        elif char in "‘“”•§°½²³€£´»«·":
            likely = not (before.isalpha() and after.isalpha())
        else:
            likely = char in "\u00a0–—’…"
        scores.append(likely * (0.75 if char in "éèüæøáàñçßÉÜÆØ" else 1.0))
    return sum(scores) / len(scores) if scores else 1.0


def _sample(text: str) -> str:
    match = re.search(r"[^\x00-\x7f]", text)
    middle = match.start() if match else 0
    return " ".join(text[max(0, middle - 12) : middle + 12].split())


def find_delimiter(text: str) -> str:
    """Return the delimiter that splits the first records best.

    That is first one that splits the header into as many columns as most records have, then the one that
    gives the most columns most evenly.
    """
    head = text[:200_000]
    best, most = ",", (False, 0.0)
    for mark in _DELIMITERS:
        records = csv.reader(io.StringIO(head, newline=""), delimiter=mark)
        try:
            widths = [len(record) for record in itertools.islice(records, 50) if record]
        except csv.Error:
            continue
        typical = sorted(widths)[len(widths) // 2] if widths else 0
        score = (widths[:1] == [typical], typical * widths.count(typical) / max(len(widths), 1))
        if typical > 1 and score > most:
            best, most = mark, score
    return best


def _read_delimited(text: str, name: str, delimiter: str) -> pd.DataFrame:
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return _frame(list(reader))
    except csv.Error as error:
        what = f"the quotes do not match: {error}"
        raise InputError.one(
            name, what, "Export it again from the survey tool", line=reader.line_num
        ) from None


def _frame(rows: list[list[str]]) -> pd.DataFrame:
    width = max((len(row) for row in rows), default=0)
    full = [row if len(row) == width else row + [""] * (width - len(row)) for row in rows]
    return pd.DataFrame(
        full, index=pd.RangeIndex(1, len(full) + 1, name="row"), columns=range(width), dtype="str"
    )


def blanks(cells: pd.Series) -> npt.NDArray[np.bool_]:
    r"""Return which cells show nothing: empty, or only white space and marks that cannot be seen.

    Examples
    --------
    >>> blanks(pd.Series(["", "\u00a0", " 0 "], dtype="str")).tolist()
    [True, True, False]
    """
    known = {text: is_blank(text) for text in cells.unique()}
    return np.array(cells.map(known), dtype=bool)


def is_blank(text: str) -> bool:
    """Return whether a text shows nothing."""
    return _UNSEEN.fullmatch(text) is not None


def one_line(text: str) -> str:
    """Return text on one line: white space of all kinds and byte order marks become single blanks."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).replace("\ufeff", " ")).strip()
