"""What the rows of an export make doubtful, for a draft: rows that are no submissions, or are there twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.intake.cells import Mask, codes_of, each, is_blank
from analysis.intake.dialects import Dialect, Table, counted
from analysis.intake.kinds import is_date, is_number
from analysis.survey.instrument import fold

_TOTAL = re.compile(r"(summa|summor|totalt?|sum|medel(värde)?|average|mean)\b.*")
"""What stands first in a row below the answers (folded)."""


def doubts_of_rows(table: Table, rows: pd.DataFrame) -> list[str]:
    """Return what a person must settle about the rows of an export, a sentence each.

    Parameters
    ----------
    table : Table
        The table found in the export.
    rows : DataFrame
        Its cells, without rows that repeat the header.
    """
    if rows.empty:
        return []
    found = [_equal_ids(table, rows), _equal_answers(table, rows), _second_header(table, rows), _total(rows)]
    return [line for line in found if line]


def filled_in(rows: pd.DataFrame, positions: Sequence[int]) -> Mask:
    """Return in which rows something can be seen in one of some columns."""
    found = np.zeros(len(rows), dtype=bool)
    for position in positions:
        found |= ~each(rows[position], is_blank, bool)
    return found


def _equal_ids(table: Table, rows: pd.DataFrame) -> str:
    column = next((c for c in table.columns if c.role == "id"), None)
    if column is None:
        return ""
    ids = rows.loc[filled_in(rows, [column.position]), column.position]
    again = int(ids.duplicated().sum())
    if not again:
        return ""
    return (
        f"{counted(again, 'submission', ('has', 'have'))} an id (“{column.header}”) that an earlier one has: check "
        "that the export does not hold the same submissions twice, or several exports."
    )


def _equal_answers(table: Table, rows: pd.DataFrame) -> str:
    columns = [c.position for c in table.columns if c.role in ("answer", "personal")]
    answers = [c.position for c in table.columns if c.role == "answer"]
    cells = pd.DataFrame({position: codes_of(rows[position]) for position in columns})
    again = int(cells[filled_in(rows, answers)].duplicated().sum())
    if not again:
        return ""
    return (
        f"{counted(again, 'submission', ('is', 'are'))} the same as an earlier one in everything but its id and times: "
        "check that nobody sent the same answers twice. Where few questions are asked, different people may answer "
        "alike."
    )


def _times(cells: pd.Series) -> Counter[str]:
    """Return how many cells of a column hold each text, blank ones left out."""
    times = np.bincount(codes_of(cells), minlength=len(cells.cat.categories)).tolist()
    return Counter({t: n for t, n in zip(cells.cat.categories, times, strict=True) if n and not is_blank(t)})


def _is_typed(text: str) -> bool:
    return is_number(text) or is_date(text)


def _second_header(table: Table, rows: pd.DataFrame) -> str:
    """Tell of a first row whose texts stand nowhere else, above columns of numbers or dates."""
    first_row = int(rows.index[0])
    if type(table.dialect) is not Dialect or len(rows) < 4 or first_row != table.header_row + 1:
        return ""
    texts = [str(text) for text in rows.iloc[0].tolist()]
    given = [text for text in texts if not is_blank(text)]
    if len(given) < 2 or len(set(given)) < len(given) or any(map(_is_typed, given)):
        return ""
    below = [_times(rows[position].iloc[1:]) for position in rows.columns]
    if any(text in times for text, times in zip(texts, below, strict=True)):
        return ""
    if not any(sum(n for text, n in t.items() if _is_typed(text)) > 0.8 * t.total() for t in below):
        return ""
    seen = ", ".join(f"“{text[:30]}”" for text in given[:3])
    return (
        f"Row {first_row} looks like a second row of headers ({seen}): if it is, put `header_rows: "
        f"[{table.header_row}, {first_row}]` under `source`; the columns are then called by both rows, joined by “ – ”."
    )


def _total(rows: pd.DataFrame) -> str:
    """Tell of a last row that sums up those above."""
    given = [text.strip() for text in rows.iloc[-1].tolist() if not is_blank(text)]
    if len(given) < 2 or not _TOTAL.fullmatch(fold(given[0])) or not all(map(is_number, given[1:])):
        return ""
    return (
        f"The last row ({int(rows.index[-1])}) begins with “{given[0]}” and holds only numbers else: take it out of "
        "the export if it is no submission."
    )
