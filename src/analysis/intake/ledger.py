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
        self._parts: list[tuple[npt.NDArray[np.int64], int, int, Cell, Cell, Cell, Cell]] = []

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
        self._headers.append(f"(cell {position + 1})")
        self._add(np.array([row]), len(self._headers) - 1, MERGED, rule, "", after, by)

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
            self._parts.append((rows, column, fate, rule, before, after, by))

    def frame(self) -> pd.DataFrame:
        """Return the ledger as a table, sorted by row and column (in the order of the file)."""
        sizes = [len(part[0]) for part in self._parts]
        rows = np.concatenate([part[0] for part in self._parts] or [np.array([], dtype=np.int64)])
        columns = np.repeat([part[1] for part in self._parts], sizes).astype(np.int64)
        fates = np.repeat([part[2] for part in self._parts], sizes).astype(np.int64)
        order = np.lexsort((columns, rows))
        names = np.array(["", *FATES.values()], dtype=object)
        headers = np.array([*self._headers, ""], dtype=object)
        texts = {
            name: np.concatenate(
                [
                    np.full(size, part[3 + i], dtype=object)
                    for part, size in zip(self._parts, sizes, strict=True)
                ]
                or [np.array([], dtype=object)]
            )
            for i, name in enumerate(("rule", "before", "after", "by"))
        }
        frame = pd.DataFrame(
            {"row": rows, "column": headers[columns], "fate": names[fates], **texts}, columns=list(COLUMNS)
        )
        types = {c: "int64" if c == "row" else "str" for c in COLUMNS}
        return frame.iloc[order].reset_index(drop=True).astype(types)

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
