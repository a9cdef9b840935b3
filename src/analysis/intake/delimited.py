"""Delimited text to records."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator
from functools import partial
from typing import TextIO

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.intake.cells import to_frame
from analysis.intake.codes import MOST_COLUMNS, Encoder, TooLargeError
from analysis.intake.encoding import open_text
from analysis.problems import InputError

MOST_CHARACTERS = 10_000_000
"""How long a line or a cell may be."""

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 200_000
_STATED = re.compile(r'"?sep=([^\w\s"]|\t)"?[ \t]*(?:\r|\n|$)', re.IGNORECASE)
_ESCAPED = re.compile(r'(?<!\\)(\\+)"')
_AGAIN = "Export it again from the survey tool"

csv.field_size_limit(MOST_CHARACTERS)


class _QuotesError(Exception):
    """The quotes do not match in the record that begins on a line."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(line, what)
        self.line, self.what = line, what


def read_delimited(
    raw: bytes, encoding: str, name: str, delimiter: str | None = None
) -> tuple[pd.DataFrame, npt.NDArray[np.int32], str]:
    r"""Read delimited text into a table of cells.

    A quote within a quoted cell is doubled; only if the quotes do not match so, and the file holds ``\"``, is
    that read as a quote. A quote within a cell that is not quoted stands for itself. A first line ``sep=;``
    (Excel) names the delimiter and is no record.

    Returns
    -------
    cells : DataFrame
        As in `analysis.intake.decode.Grid`.
    widths : array of int
        How many cells each record has.
    delimiter : str

    Raises
    ------
    InputError
        If the quotes do not match, or a cell, a line, a record or the table is longer than any survey tool's.
    """
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise InputError.one(
            name, f"{delimiter!r} cannot be a delimiter", "Use one character, such as ; or ,"
        )
    sample = open_text(raw, encoding).read(_SAMPLE)
    mark = delimiter or find_delimiter(sample)
    skipped = 1 if _STATED.match(sample) else 0
    try:
        encoder = _encode(open_text(raw, encoding), mark, name, skipped, escaped=False)
    except _QuotesError as error:
        try:
            encoder = _encode(open_text(raw, encoding), mark, name, skipped, escaped=True)
        except _QuotesError:
            what = f"the quotes do not match: {error.what}"
            raise InputError.one(name, what, _AGAIN, line=error.line) from None
    widths = np.array(encoder.widths, dtype=np.int32)
    return to_frame(encoder.columns(), len(widths)), widths, mark


def find_delimiter(text: str) -> str:
    r"""Return the delimiter that splits the first records best.

    That is the one that the first line states (``sep=;``), else first one that splits the header into as many
    columns as most records have, then the one that gives the most columns most evenly.

    Examples
    --------
    >>> find_delimiter("Id;Svar\n1;Ja, tack\n")
    ';'
    """
    if stated := _STATED.match(text):
        return stated[1]
    best, most = ",", (False, 0.0)
    for mark in _DELIMITERS:
        records = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        try:
            widths = [len(record) for record in itertools.islice(records, 50) if record]
        except csv.Error:
            continue
        typical = sorted(widths)[len(widths) // 2] if widths else 0
        score = (widths[:1] == [typical], typical * widths.count(typical) / max(len(widths), 1))
        if typical > 1 and score > most:
            best, most = mark, score
    return best


def _encode(stream: TextIO, delimiter: str, name: str, skipped: int, *, escaped: bool) -> Encoder:
    lines = map(_with_doubled_quotes, _lines(stream, name)) if escaped else _lines(stream, name)
    records = itertools.islice(_records(lines, delimiter), skipped, None)
    try:
        return Encoder().add(records)
    except TooLargeError as error:
        what = f"the record has {error.cells} cells, more than any survey tool writes"
        if error.cells <= MOST_COLUMNS:
            what = f"with the {error.cells} cells of this record, its widest, the table is too large"
        raise InputError.one(name, what, "Check the delimiter, and export it again", line=error.row) from None


def _lines(stream: TextIO, name: str) -> Iterator[str]:
    for number, line in enumerate(iter(partial(stream.readline, MOST_CHARACTERS), ""), start=1):
        if "\0" in line:
            raise InputError.one(name, "holds NUL bytes: it is not a text file", _AGAIN, line=number)
        if len(line) == MOST_CHARACTERS:
            what = f"the line has {MOST_CHARACTERS // 10**6} million characters or more"
            raise InputError.one(name, what, _AGAIN, line=number)
        yield line


def _with_doubled_quotes(line: str) -> str:
    r"""Return a line with ``\"`` as ``""``; an even number of backslashes escape each other, not the quote."""
    return _ESCAPED.sub(lambda m: m[0] if len(m[1]) % 2 == 0 else m[1][1:] + '""', line)


def _records(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    first = 1
    try:
        for record in reader:
            yield record
            first = reader.line_num + 1
    except csv.Error as error:
        raise _QuotesError(first, _said(str(error))) from None


def _said(error: str) -> str:
    if "end of data" in error:
        return "one is opened in this record and never closed"
    if "field limit" in error:
        return f"a cell of this record goes on for {MOST_CHARACTERS // 10**6} million characters"
    return "text stands between a closing one and the next delimiter"
