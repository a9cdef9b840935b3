"""The ledger: what became of every cell of an export, and who or what decided it.

Each non-empty cell below the header has exactly one fate. A ledger row tells of a cell that was not kept,
or of a kept cell that was changed. Cells of free text and personal columns are named by row and column only:
their content stays in the raw file, so that the ledger itself holds no personal data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import union_categoricals

from analysis.intake.cells import Mask, filled

KEPT, DROPPED, MERGED, QUARANTINED, SUPERSEDED = 1, 2, 3, 4, 5
FATES = {
    KEPT: "kept",
    DROPPED: "dropped",
    MERGED: "merged",
    QUARANTINED: "quarantined",
    SUPERSEDED: "superseded",
}
"""Code of each fate in the fate matrix, and its name in the ledger."""

COLUMNS = ("row", "column", "fate", "rule", "before", "after", "by")
PROGRAM = "program"
"""What `by` says where a rule of the program, not a person, decided."""

Cell = str | npt.NDArray[np.object_]
"""One text for all cells, or an array with one for each."""


def short_id(*parts: object) -> str:
    """Return a short hash of the content that an id stands for (12 hexadecimal digits).

    Examples
    --------
    >>> short_id("unit", "Brommma") == short_id("unit", "Brommma")
    True
    """
    text = "\x1f".join(str(p) for p in parts)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


class Ledger:
    """Collects the fate of every non-empty cell of a table, and the changes of kept ones.

    Parameters
    ----------
    cells : DataFrame
        The cells below the header (`intake.cells`); the index holds row numbers, the columns positions.
    headers : dict of int to str
        The header of each position; positions without one are named by their number.
    """

    def __init__(self, cells: pd.DataFrame, headers: dict[int, str]) -> None:
        self.filled: Mask = filled(cells)
        self._fates = np.zeros(self.filled.shape, dtype=np.int8)
        self._rows = cells.index.to_numpy()
        self._headers = [headers.get(p, f"(column {p + 1})") for p in cells.columns]
        self._place = {p: i for i, p in enumerate(cells.columns)}
        self._joined = 0
        self._told = 0
        self._parts: list[tuple[npt.NDArray[np.int64], int, int, tuple[Cell, Cell, Cell, Cell]]] = []

    def settle(
        self,
        where: Mask,
        position: int,
        fate: int,
        rule: str,
        *,
        before: pd.Series | None = None,
        after: str = "",
        by: str = PROGRAM,
    ) -> None:
        """Give cells of one column a fate, unless they have one already.

        Parameters
        ----------
        where : array of bool
            One for each row of the table. Empty cells are passed over.
        position : int
            The column of the table.
        fate : int
            One of the codes in `FATES`.
        rule : str
            What decided it.
        before : Series, optional
            The column's cells, where the ledger may repeat them.
        after : str
            Where a merged cell went.
        by : str
            Who decided it.
        """
        column = self._place[position]
        chosen = where & self.filled[:, column] & (self._fates[:, column] == 0)
        self._fates[chosen, column] = fate
        if fate != KEPT:
            shown = before[chosen].to_numpy(dtype=object) if before is not None else ""
            self._told += int(chosen.sum())
            self._add(self._rows[chosen], column, fate, rule, shown, after, by)

    def joined(self, row: int, position: int, rule: str, after: str, by: str) -> None:
        """Tell that a cell of the raw record was joined to another (`after`): the table holds it there.

        It is named by its place in the record: in the table another cell stands in its column.
        """
        self._joined += 1
        name = f"(cell {position + 1})"
        if name not in self._headers:
            self._headers.append(name)
        self._add(np.array([row]), self._headers.index(name), MERGED, rule, "", after, by)

    def changed(
        self, where: Mask, position: int, rule: Cell, before: Cell, after: Cell, *, by: Cell = PROGRAM
    ) -> None:
        """Tell that kept cells of one column were changed.

        `rule`, `before`, `after` and `by` are one value for all cells, or an array with one for each row of the
        table.
        """
        column = self._place[position]
        chosen = where & self.filled[:, column]
        told = [part[chosen] if isinstance(part, np.ndarray) else part for part in (rule, before, after, by)]
        self._add(self._rows[chosen], column, KEPT, *told)

    def _add(
        self,
        rows: npt.NDArray[np.int64],
        column: int,
        fate: int,
        rule: Cell,
        before: Cell,
        after: Cell,
        by: Cell,
    ) -> None:
        if len(rows):
            self._parts.append((rows, column, fate, (rule, before, after, by)))

    def frame(self) -> pd.DataFrame:
        """Return the ledger as a table, sorted by row and column (in the order of the file).

        Few columns, fates, rules and authors stand in many rows: they are categories.
        """
        sizes = [len(part[0]) for part in self._parts]
        rows = np.concatenate([part[0] for part in self._parts] or [np.array([], dtype=np.int64)])
        columns = np.repeat(np.array([part[1] for part in self._parts], dtype=np.int64), sizes)
        fates = np.repeat(np.array([part[2] for part in self._parts], dtype=np.int64), sizes)
        order = np.lexsort((columns, rows))
        texts = zip(*(part[3] for part in self._parts), strict=True) if self._parts else [()] * 4
        rules, before, after, by = (_column(part, sizes, order) for part in texts)
        return pd.DataFrame(
            {
                "row": rows[order],
                "column": _categories(columns[order], [*self._headers]),
                "fate": _categories(fates[order], ["", *FATES.values()]),
                "rule": rules,
                "before": before.astype("str"),
                "after": after.astype("str"),
                "by": by,
            },
            columns=list(COLUMNS),
        )

    def accounting(self) -> dict[str, int]:
        """Return how many raw cells there are, how many were kept, how many the ledger tells of, and the rest."""
        raw, kept = int(self.filled.sum()) + self._joined, int((self._fates == KEPT).sum())
        told = self._told + self._joined
        return {
            "raw_cells": raw,
            "answers_cells": kept,
            "ledger_cells": told,
            "unaccounted": raw - kept - told,
        }


def _column(parts: Sequence[Cell], sizes: Sequence[int], order: npt.NDArray[np.int64]) -> pd.Categorical:
    """Return what parts of the ledger tell in one column, each text once, in another order."""
    known: dict[str, int] = {}
    codes = [
        np.full(size, known.setdefault(part, len(known)), dtype=np.int32)
        if isinstance(part, str)
        else np.array([known.setdefault(text, len(known)) for text in part], dtype=np.int32)
        for part, size in zip(parts, sizes, strict=True)
    ]
    return _categories(np.concatenate(codes or [np.array([], dtype=np.int32)])[order], list(known))


def _categories(codes: npt.NDArray[np.integer], texts: Sequence[str]) -> pd.Categorical:
    """Return texts given by their places as a column of the categories that stand in it."""
    places, again = np.unique(codes, return_inverse=True)
    kept = pd.Index([texts[place] for place in places], dtype="str")
    return pd.Categorical.from_codes(again, dtype=pd.CategoricalDtype(kept))


def extended(ledger: pd.DataFrame, more: Sequence[tuple[int, str, str, str, str, str, str]]) -> pd.DataFrame:
    """Return a ledger with more rows in it, each as `COLUMNS`; those of one row of the export stay in their order."""
    extra = pd.DataFrame(more, columns=list(COLUMNS))
    order = np.argsort(np.concatenate([ledger["row"], extra["row"].astype("int64")]), kind="stable")
    columns: dict[str, Any] = {"row": np.concatenate([ledger["row"], extra["row"].astype("int64")])}
    for name in COLUMNS[1:]:
        if isinstance(ledger[name].dtype, pd.CategoricalDtype):
            columns[name] = union_categoricals([ledger[name], extra[name].astype("str").astype("category")])
        else:
            columns[name] = pd.concat([ledger[name], extra[name].astype("str")]).array
    return pd.DataFrame(columns).iloc[order].reset_index(drop=True)


def check_nothing_lost(accounting: dict[str, int]) -> None:
    """Raise AssertionError where cells are not accounted for, or are accounted for twice.

    Examples
    --------
    >>> check_nothing_lost({"raw_cells": 2, "answers_cells": 1, "ledger_cells": 1, "unaccounted": 0})
    """
    if accounting["unaccounted"]:
        raise AssertionError(
            f"{accounting['unaccounted']} cells of the export are not accounted for: {accounting}"
        )
