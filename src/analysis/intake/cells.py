"""The cells of an export, column by column: each distinct text once, and which cell holds which.

An export of a million submissions has few distinct texts in most of its columns. Cells are therefore held as
categorical columns, and everything that depends on a cell's text alone is worked out once for each distinct text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.intake.codes import Encoder

T = TypeVar("T")
Mask = npt.NDArray[np.bool_]

_UNSEEN = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\ufeff\u200b\u00ad"


def to_frame(columns: Iterable[tuple[Sequence[str], Any]], rows: int) -> pd.DataFrame:
    """Return columns of distinct texts, the blank one first, and codes as a table of cells.

    Returns
    -------
    DataFrame
        Categorical columns 0, 1, …; the index is the 1-based number of the record.
    """
    index = pd.RangeIndex(1, rows + 1, name="row")
    return pd.DataFrame(
        {
            i: pd.Categorical.from_codes(
                np.asarray(codes, dtype=np.int32), dtype=pd.CategoricalDtype(pd.Index(texts, dtype="str"))
            )
            for i, (texts, codes) in enumerate(columns)
        },
        index=index,
    )


def from_rows(rows: Iterable[Sequence[str]]) -> pd.DataFrame:
    """Return rows of text as a table of cells; short rows end with blank cells.

    Examples
    --------
    >>> from_rows([["a", "b"], ["c"]]).loc[2].tolist()
    ['c', '']
    """
    encoder = Encoder().add(rows)
    return to_frame(encoder.columns(), len(encoder.widths))


def codes_of(cells: pd.Series) -> npt.NDArray[np.int64]:
    """Return the code of each cell's text: its place in ``cells.cat.categories``."""
    return np.asarray(cells.cat.codes, dtype=np.int64)


def distinct(cells: pd.Series) -> list[str]:
    """Return the distinct texts that stand in a column, in the order in which they first stand there.

    Examples
    --------
    >>> distinct(from_rows([["b"], ["a"], ["b"]])[0])
    ['b', 'a']
    """
    texts = cells.cat.categories.to_numpy(dtype=object)
    found: list[str] = texts[pd.unique(codes_of(cells))].tolist()
    return found


def each(
    cells: pd.Series, value: Callable[[str], T] | Mapping[str, T], dtype: npt.DTypeLike = object
) -> npt.NDArray[Any]:
    """Return a value for each cell, worked out once for each distinct text.

    Examples
    --------
    >>> each(from_rows([["b"], ["aa"], ["b"]])[0], len, int).tolist()
    [1, 2, 1]
    """
    of = value.__getitem__ if isinstance(value, Mapping) else value
    texts = cells.cat.categories.tolist()
    codes = codes_of(cells)
    known = np.zeros(max(len(texts), 1), dtype=dtype)
    present = np.flatnonzero(np.bincount(codes, minlength=len(texts)))
    known[present] = [of(texts[code]) for code in present.tolist()]
    return known[codes]


def places(cells: pd.Series, texts: Iterable[str]) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """Yield each of some texts and the positions (0-based) of the cells where it stands."""
    codes = codes_of(cells)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(cells.cat.categories) + 1))
    for text in texts:
        code = int(cells.cat.categories.get_loc(text))
        yield text, order[starts[code] : starts[code + 1]]


def filled(cells: pd.DataFrame) -> Mask:
    """Return which cells are not the empty text, as a matrix of rows × columns."""
    if cells.columns.empty:
        return np.zeros((len(cells), 0), dtype=bool)
    return np.column_stack([cells[position].cat.codes.to_numpy() != 0 for position in cells.columns])


def replaced(cells: pd.DataFrame, changes: Mapping[tuple[int, int], str]) -> pd.DataFrame:
    """Return the cells with other texts in some places, given as (row number, column)."""
    result = cells.copy(deep=False)
    by_column: dict[int, dict[int, str]] = {}
    for (row, position), text in changes.items():
        by_column.setdefault(position, {})[row] = text
    for position, texts in by_column.items():
        column = cells[position]
        new = [t for t in dict.fromkeys(texts.values()) if t not in column.cat.categories]
        column = column.cat.add_categories(new)
        column.loc[list(texts)] = list(texts.values())
        result[position] = column
    return result


def is_blank(text: str) -> bool:
    r"""Return whether a text shows nothing: only white space and marks that cannot be seen.

    Examples
    --------
    >>> is_blank("\u00a0"), is_blank(" 0 ")
    (True, False)
    """
    return not text.strip(_UNSEEN)


def one_line(text: str) -> str:
    """Return text on one line: white space of all kinds and byte order marks become single blanks."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).replace("\ufeff", " ")).strip()
