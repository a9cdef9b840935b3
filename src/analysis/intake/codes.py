"""Records of text to columns of codes: each distinct text of a column once.

Read by a child process too (`intake.apart`): only the standard library is imported here.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence

MOST_COLUMNS = 16_384
"""As many columns as a worksheet can have; more means that the delimiter is wrong or the file is damaged."""

MOST_CODES = 200_000_000
"""How many cells the records may span, records × the widest of them: a file of 600 MB has fewer, unless a few
of its records are damaged and very much wider than the others."""

_CHUNK = 256


class TooLargeError(Exception):
    """A record has more cells than `MOST_COLUMNS`, or the records span more than `MOST_CODES`.

    Carries the 1-based number of the widest record and how many cells it has.
    """

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
        TooLargeError
        """
        stream = iter(records)
        while chunk := list(itertools.islice(stream, _CHUNK)):
            self._add(chunk)
        return self

    def _add(self, records: list[Sequence[str]]) -> None:
        widths = array("i", map(len, records))
        before, widest = len(self.widths), max(widths)
        self.widths.extend(widths)
        if widest > MOST_COLUMNS or len(self.widths) * max(widest, len(self._texts)) > MOST_CODES:
            widest = max(self.widths)
            raise TooLargeError(self.widths.index(widest) + 1, widest)
        columns = itertools.zip_longest(*records, fillvalue="")
        for i, column in enumerate(columns):
            if i == len(self._texts):
                self._texts.append(_Codes({"": 0}))
                self._codes.append(array("i", bytes(4 * before)))
            self._codes[i].extend(map(self._texts[i].__getitem__, column))
        for codes in self._codes[widest:]:
            codes.frombytes(bytes(4 * len(records)))

    def columns(self) -> Iterator[tuple[list[str], array[int]]]:
        """Hand over each column: its distinct texts, the blank one first, and the code of each cell.

        The encoder lets go of what it hands over, so that a large table is not held twice.
        """
        while self._texts:
            yield list(self._texts.pop(0)), self._codes.pop(0)
