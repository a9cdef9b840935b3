"""Rows of an export that cannot be trusted, and what people decide about them.

A record whose cells stand in the wrong columns is never coerced: it goes to review, whole, until a person says how to
mend it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.intake.cells import Mask, distinct, each, filled, one_line, replaced
from analysis.intake.dialects import Table

LEAVE_OUT, KEEP, JOIN = "leave_out", "keep", "join:"
"""What a person may decide about a row: leave it out, keep it as it stands, or join cells from a column on."""

Fits = Callable[[str], bool]

_NEAR = (1, -1, 2, -2)
"""How many columns away the answers of a shifted record are looked for."""


@dataclass(frozen=True)
class Untrusted:
    """A row that cannot be trusted.

    Attributes
    ----------
    row : int
        Its number in the file.
    why : str
        ``too_long`` (more cells than columns), ``too_short`` (cells are missing at its end), or ``shifted`` (answers
        that fit other columns).
    seen : str
        What stands in it.
    extra : int
        How many cells it has too many.
    """

    row: int
    why: str
    seen: str
    extra: int = 0


def untrusted(table: Table, fits: Mapping[int, Fits]) -> list[Untrusted]:
    """Find the rows whose cells stand, or may stand, in the wrong columns.

    Parameters
    ----------
    table : Table
        The table of the export.
    fits : mapping of int to callable
        For the position of each closed question's column, whether a text is an answer there.
    """
    extra = extra_cells(table)
    if (extra > 0).any():
        extra[(extra > 0) & _blank_surplus(table) & _fits_as_it_stands(table, fits)] = 0
    at = np.flatnonzero((extra != 0) | _shifted(table, fits))
    records = table.cells.iloc[at].astype("object").to_numpy()
    found = []
    for i, record in zip(at, records, strict=True):
        why = "too_long" if extra[i] > 0 else "too_short" if extra[i] < 0 else "shifted"
        seen = one_line(" | ".join(text for text in record if text.strip()))
        found.append(Untrusted(int(table.cells.index[i]), why, seen[:200], max(int(extra[i]), 0)))
    return found


def _blank_surplus(table: Table) -> Mask:
    """Return which rows have nothing beyond the last column."""
    last = max(column.position for column in table.columns)
    beyond = [position for position in table.cells.columns if position > last]
    return np.asarray(~filled(table.cells[beyond]).any(axis=1), dtype=bool)


def _fits_as_it_stands(table: Table, fits: Mapping[int, Fits]) -> Mask:
    """Return which rows have an answer to a question that is not free text, and none that does not fit there."""
    some = np.zeros(len(table.cells), dtype=bool)
    wrong = some.copy()
    for position, fit in fits.items():
        cells = table.cells[position]
        given = {text for text in distinct(cells) if text.strip()}
        some |= each(cells, given.__contains__, bool)
        wrong |= each(cells, {text for text in given if not fit(text)}.__contains__, bool)
    return some & ~wrong


def extra_cells(table: Table) -> npt.NDArray[np.int64]:
    """Return how many cells each record has too many (positive) or too few (negative)."""
    given = filled(table.cells)
    last = max(column.position for column in table.columns)
    place = np.array(table.cells.columns)
    furthest = np.where(given, place, -1).max(axis=1, initial=-1)
    extra: npt.NDArray[np.int64] = np.maximum(furthest - last, 0).astype(np.int64)
    if table.widths is None:
        return extra
    widths = table.widths.astype(np.int64)
    usual = int(np.bincount(widths).argmax())
    # Blank cells after the last column are a habit of the tool where most records have them.
    long = (widths > max(last + 1, usual)) & (extra == 0)
    extra[long] = widths[long] - max(last + 1, usual)
    short = widths < min(last + 1, usual)
    if short.any() and not _trims(given, widths, short, usual):
        extra[short & (extra == 0)] = (widths - usual)[short & (extra == 0)]
    return extra


def _trims(given: Mask, widths: npt.NDArray[np.int64], short: Mask, usual: int) -> bool:
    """Return whether the tool leaves out blank cells at the end of records, so that no record ends with one."""
    if short.sum() < max(3, len(widths) / 20):
        return False
    ends = given[np.arange(len(widths)), np.minimum(widths, given.shape[1]) - 1]
    return bool(ends[widths <= usual].all())


def _shifted(table: Table, fits: Mapping[int, Fits]) -> Mask:
    """Return which rows have answers that do not fit where they stand, but fit as many columns away.

    Two such answers at least, that are not the same text: a word for a missing answer may be an option of one
    question and not of the next. And not fewer than half of all that do not fit.
    """
    rows = len(table.cells)
    wrong = np.zeros(rows, dtype=np.int64)
    away: dict[int, list[tuple[pd.Series, set[str]]]] = {shift: [] for shift in _NEAR}
    for position, fit in fits.items():
        cells = table.cells[position]
        misfits = {text for text in distinct(cells) if text.strip() and not fit(text)}
        if misfits:
            wrong += each(cells, misfits.__contains__, bool)
            for shift in _NEAR:
                there = fits.get(position - shift)
                fitting = {text for text in misfits if there(text)} if there is not None else set()
                if fitting:
                    away[shift].append((cells, fitting))
    shifted = np.zeros(rows, dtype=bool)
    for found in away.values():
        fitting_there, several = _told_apart(found, rows)
        shifted |= (fitting_there >= 2) & (fitting_there * 2 >= wrong) & several
    return shifted


def _told_apart(found: Iterable[tuple[pd.Series, set[str]]], rows: int) -> tuple[npt.NDArray[np.int64], Mask]:
    """Return how many cells of each row hold one of their column's texts, and whether they hold two different ones."""
    numbers: dict[str, int] = {}
    many = np.zeros(rows, dtype=np.int64)
    lowest, highest = np.full(rows, np.iinfo(np.int64).max), np.zeros(rows, dtype=np.int64)
    for cells, texts in found:
        known = dict.fromkeys(distinct(cells), 0)
        known |= {text: numbers.setdefault(text, len(numbers) + 1) for text in texts}
        number = each(cells, known, np.int64)
        here = number > 0
        many += here
        lowest[here] = np.minimum(lowest, number)[here]
        highest = np.maximum(highest, number)
    return many, lowest < highest


def join(table: Table, row: int, position: int, extra: int) -> tuple[Table, list[int]]:
    """Return the table with a record mended: cells from a position on joined to one, the rest moved to the left.

    Parameters
    ----------
    table : Table
        The table of the export.
    row : int
        The number of the row.
    position : int
        The column in which a text was cut by the delimiter.
    extra : int
        How many cells follow that belong to it.

    Returns
    -------
    table : Table
    joined : list of int
        Positions of the raw cells with content that were joined to another.
    """
    places = list(table.cells.columns)
    texts = dict(zip(places, table.cells.loc[row], strict=True))
    parts = [texts[p] for p in places if position <= p <= position + extra]
    whole = (table.delimiter or " ").join(parts)
    moved = [texts.get(p + extra, "") for p in places if p > position]
    after = [p for p in places if p > position]
    changes = {(row, position): whole} | {(row, p): text for p, text in zip(after, moved, strict=True)}
    joined = [p for p in places if position <= p <= position + extra and texts[p]][1:]
    return replace(table, cells=replaced(table.cells, changes)), joined


def where_to_join(
    table: Table, row: Untrusted, fits: Mapping[int, Fits], open_columns: Sequence[int]
) -> list[int]:
    """Return the columns of free text where joining the cells that are too many makes every answer fit."""
    found = []
    for position in open_columns:
        mended, _ = join(table, row.row, position, row.extra)
        texts = dict(zip(mended.cells.columns, mended.cells.loc[row.row], strict=True))
        if all(not texts[p].strip() or fit(texts[p]) for p, fit in fits.items()):
            found.append(position)
    return found
