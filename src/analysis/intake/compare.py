"""What differs between two exports of the same survey: a newer one, or one that somebody has edited by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.intake.cells import distinct
from analysis.intake.dialects import Table
from analysis.problems import InputError
from analysis.survey.instrument import fold


@dataclass(frozen=True)
class Differences:
    """What differs between two exports.

    Attributes
    ----------
    key : str
        Header of the column that tells which submission is which.
    columns_added, columns_gone : tuple of str
        Headers that only the later, or only the earlier, export has.
    submissions_added, submissions_gone : tuple of str
        Keys that only the later, or only the earlier, export has.
    changed : DataFrame
        One row for each cell that is not the same text: ``key, column, before, after``, in the order of the earlier
        export's columns.
    """

    key: str
    columns_added: tuple[str, ...]
    columns_gone: tuple[str, ...]
    submissions_added: tuple[str, ...]
    submissions_gone: tuple[str, ...]
    changed: pd.DataFrame


def compare(before: Table, after: Table, name: str, key: str | None = None) -> Differences:
    """Compare two exports, submission by submission.

    Parameters
    ----------
    before, after : Table
        The earlier and the later export.
    name : str
        Name of the later export for messages.
    key : str, optional
        Header of the column that tells which submission is which; if left out, the survey tool's own number, or else
        the first column that holds the same distinct texts in both.

    Raises
    ------
    InputError
        If no column tells which submission is which, or the chosen one does not.
    """
    headers = {fold(c.header): c for c in before.columns}, {fold(c.header): c for c in after.columns}
    found = fold(key) if key else _key(before, after)
    if found is None:
        raise InputError.one(
            name,
            "no column tells which submission is which in both exports",
            "Name one with --key, such as the survey tool's own number",
        )
    for columns in headers:
        if found not in columns:
            raise InputError.one(name, f"there is no column {key!r} in both exports", "Correct --key")
    one, other = (
        _by_key(table, columns[found].position, name)
        for table, columns in zip((before, after), headers, strict=True)
    )
    both = one.index.intersection(other.index, sort=False)
    shared = [folded for folded in headers[0] if folded in headers[1] and folded != found]
    parts = []
    for folded in shared:
        old = one.loc[both, headers[0][folded].position].to_numpy(dtype=object)
        new = other.loc[both, headers[1][folded].position].to_numpy(dtype=object)
        at = np.flatnonzero(old != new)
        changes = {"key": both[at], "column": headers[0][folded].header, "before": old[at], "after": new[at]}
        parts.append(pd.DataFrame(changes))
    columns_ = ["key", "column", "before", "after"]
    changed = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns_)
    return Differences(
        headers[0][found].header,
        tuple(c.header for folded, c in headers[1].items() if folded not in headers[0]),
        tuple(c.header for folded, c in headers[0].items() if folded not in headers[1]),
        tuple(other.index.difference(one.index, sort=False)),
        tuple(one.index.difference(other.index, sort=False)),
        changed[columns_].astype("str"),
    )


def _key(before: Table, after: Table) -> str | None:
    """Return the folded header of the column that tells submissions apart, and is the same in both exports."""
    later = {fold(c.header): c for c in after.columns}
    candidates = [c for c in before.columns if fold(c.header) in later]
    for column in sorted(candidates, key=lambda c: (c.role != "id", c.position)):
        old = distinct(before.cells[column.position])
        new = distinct(after.cells[later[fold(column.header)].position])
        full = len(old) == len(before.cells) and len(new) == len(after.cells) and "" not in {*old, *new}
        if full and (column.role == "id" or set(old) == set(new)):
            return fold(column.header)
    return None


def _by_key(table: Table, position: int, name: str) -> pd.DataFrame:
    """Return the cells as text, by the text in one column."""
    keys = table.cells[position].astype("str")
    twice = keys[keys.duplicated()]
    if len(twice):
        what = f"{twice.iloc[0]!r} stands for more than one submission"
        raise InputError.one(name, what, "Choose another --key", line=int(twice.index[0]))
    return table.cells.astype("str").set_axis(pd.Index(keys, name="key"))
