"""Records of text to columns of codes: each distinct text of a column once.

Read by a child process too (`intake.sheets`): only the standard library is imported here.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence

MOST_COLUMNS = 16_384
"""As many columns as a worksheet can have; more means that the delimiter is wrong or the file is damaged."""

_CHUNK = 256


class TooWideError(Exception):
    """A record has more cells than `MOST_COLUMNS`; carries its 1-based number and how many it has."""

    def __init__(self, row: int, cells: int) -> None:
        super().__init__(row, cells)
        self.row, self.cells = row, cells


class _Codes(dict[str, int]):
    """The code of each distinct text, given in the order of appearance."""

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self)
        return code


class Encoder:
    """Takes records one by one and keeps them as columns of codes.

    Attributes
    ----------
    widths : array of int
        How many cells each record has. The rest of its row is blank.
    """

    def __init__(self) -> None:
        self.widths = array("i")
        self._texts: list[_Codes] = []
        self._codes: list[array[int]] = []

    def add(self, records: Iterable[Sequence[str]]) -> Encoder:
        """Add records at the end.

        Raises
        ------
        TooWideError
        """
        stream = iter(records)
        while chunk := list(itertools.islice(stream, _CHUNK)):
            self._add(chunk)
        return self

    def _add(self, records: list[Sequence[str]]) -> None:
        widths = array("i", map(len, records))
        if max(widths) > MOST_COLUMNS:
            at = next(i for i, width in enumerate(widths) if width > MOST_COLUMNS)
            raise TooWideError(len(self.widths) + at + 1, widths[at])
        before = len(self.widths)
        self.widths.extend(widths)
        columns = itertools.zip_longest(*records, fillvalue="")
        for i, column in enumerate(columns):
            if i == len(self._texts):
                self._texts.append(_Codes({"": 0}))
                self._codes.append(array("i", bytes(4 * before)))
            self._codes[i].extend(map(self._texts[i].__getitem__, column))
        for codes in self._codes[max(widths) :]:
            codes.frombytes(bytes(4 * len(records)))

    def columns(self) -> Iterator[tuple[list[str], array[int]]]:
        """Yield the distinct texts of each column, the blank one first, and the code of each cell."""
        yield from ((list(texts), codes) for texts, codes in zip(self._texts, self._codes, strict=True))
