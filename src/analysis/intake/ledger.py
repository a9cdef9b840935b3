"""The ledger: what became of every cell of an export, and who or what decided it.

Each non-empty cell below the header has exactly one fate. A ledger row tells of a cell that was not kept,
or of a kept cell that was changed. Cells of free text and personal columns are named by row and column only:
their content stays in the raw file, so that the ledger itself holds no personal data.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd

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

Mask = npt.NDArray[np.bool_]


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
        The cells below the header; the index holds row numbers, the columns positions.
    headers : dict of int to str
        The header of each position; positions without one are named by their number.
    """

    def __init__(self, cells: pd.DataFrame, headers: dict[int, str]) -> None:
        self.filled: Mask = (cells != "").to_numpy()
        self._fates = np.zeros(self.filled.shape, dtype=np.int8)
        self._rows = cells.index.to_numpy()
        self._headers = [headers.get(p, f"(column {p + 1})") for p in cells.columns]
        self._place = {p: i for i, p in enumerate(cells.columns)}
        self._parts: list[pd.DataFrame] = []

    def settle(
        self,
        where: Mask,
        position: int,
        fate: int,
        rule: str,
        *,
        before: pd.Series | None = None,
        after: str = "",
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
        """
        column = self._place[position]
        chosen = where & self.filled[:, column] & (self._fates[:, column] == 0)
        self._fates[chosen, column] = fate
        if fate != KEPT:
            shown = before.to_numpy()[chosen] if before is not None else ""
            self._add(self._rows[chosen], self._headers[column], FATES[fate], rule, shown, after, PROGRAM)

    def changed(
        self, where: Mask, position: int, rule: str, before: object, after: object, *, by: str = PROGRAM
    ) -> None:
        """Tell that kept cells of one column were changed.

        `before` and `after` are one value for each cell, or one for all.
        """
        chosen = where & self.filled[:, self._place[position]]
        self._add(self._rows[chosen], self._headers[self._place[position]], "kept", rule, before, after, by)

    def _add(
        self,
        rows: npt.NDArray[np.int64],
        column: str,
        fate: str,
        rule: str,
        before: object,
        after: object,
        by: str,
    ) -> None:
        if len(rows):
            self._parts.append(
                pd.DataFrame(
                    {
                        "row": rows,
                        "column": column,
                        "fate": fate,
                        "rule": rule,
                        "before": before,
                        "after": after,
                        "by": by,
                    }
                )
            )

    def frame(self) -> pd.DataFrame:
        """Return the ledger as a table, sorted by row and column (in the order of the file)."""
        if not self._parts:
            return pd.DataFrame({c: pd.Series(dtype="int64" if c == "row" else "str") for c in COLUMNS})
        frame = pd.concat(self._parts, ignore_index=True)
        order = {header: i for i, header in enumerate(self._headers)}
        frame["_at"] = frame["column"].map(order)
        frame = frame.sort_values(["row", "_at", "rule"], kind="stable", ignore_index=True).drop(
            columns="_at"
        )
        return frame.astype({c: "int64" if c == "row" else "str" for c in COLUMNS})

    def accounting(self) -> dict[str, int]:
        """Return how many raw cells there are, how many were kept, how many the ledger tells of, and the rest."""
        raw, kept = int(self.filled.sum()), int((self._fates == KEPT).sum())
        told = sum(int((part["fate"] != "kept").sum()) for part in self._parts)
        return {
            "raw_cells": raw,
            "answers_cells": kept,
            "ledger_cells": told,
            "unaccounted": raw - kept - told,
        }


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
