"""How a table is set on pages: the letters, the widths of its columns, a turned page, or parts.

One rule for every format that has pages. A format says which fonts it measures with and which settings it has.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

from analysis.problems import Problem
from analysis.report.blocks import Block, ExportError, Figure, Heading, Paragraph, TableBlock, plain_text
from analysis.report.tables import Table

GAP = 9.0
"""Points between two columns."""

HEADING_LINES = 4
"""A column is wide enough for its heading on about so many lines."""

SHORT_TEXT = 200
"""A paragraph with fewer signs is short: one or two lines."""

LONGEST_WORD = 17.0
"""A run of signs without a space that is wider, in units of the letter size, may be broken anywhere."""

_LONG_WORDS = re.compile(r"[^ \t\n\u200b]{9,}")
"""Words that may be wider than `LONGEST_WORD`: no sign is wider than two units."""

Fonts = tuple[tuple[Path, int | None], ...]
"""Font files in the order in which they are asked for a sign, each with the weight of a variable font."""


@dataclass(frozen=True)
class Setting:
    """A letter size and the room between the margins of a page, in points."""

    size: float
    width: float
    height: float
    landscape: bool


@dataclass(frozen=True)
class Placed:
    """A table, or a part of it, with its setting and the widths of its columns in points, without the gaps."""

    table: Table
    setting: Setting
    widths: tuple[float, ...]


@dataclass(frozen=True)
class Laid:
    """A block on its page.

    Attributes
    ----------
    block : Block
    parts : tuple of Placed
        A table, in as many parts as it is set in; empty for other blocks.
    landscape : bool
        Whether its page is turned.
    leads_in : bool
        Whether it belongs on the page of the next block: a heading, the text between it and a table or figure,
        a short text right below a heading, and a text that ends with a colon.
    """

    block: Block
    parts: tuple[Placed, ...] = ()
    landscape: bool = False
    leads_in: bool = False


@dataclass(frozen=True)
class _ColumnWidths:
    """Widths of a column's text in points: least without cutting a word, comfortable, and on one line."""

    least: float
    comfortable: float
    natural: float


@dataclass(frozen=True)
class Typesetter:
    """Sets tables in fonts, in the first of some settings that has room.

    Parameters
    ----------
    regular, bold : Fonts
        What texts are measured in.
    settings : sequence of Setting
        Tried in this order; a table too wide for all of them is set in parts in the last one.
    """

    regular: Fonts
    bold: Fonts
    settings: Sequence[Setting]

    def width(self, text: str, size: float, bold: bool = False) -> float:
        """Return the width of the longest line of a text in points, a little too large, never too small."""
        lines = text.splitlines() or [""]
        fonts = self.bold if bold else self.regular
        longest = max(sum(_advance(character, fonts) for character in line) for line in lines)
        return longest * size * 1.02 + 0.5

    def with_breaks(self, text: str) -> str:
        """Return text where very long words have invisible places to break, so that none is cut."""
        return _LONG_WORDS.sub(lambda word: self._word_with_breaks(word[0]), text)

    def _word_with_breaks(self, word: str) -> str:
        written, width = [], 0.0
        for character in word:
            width += _advance(character, self.bold)
            if width > LONGEST_WORD:
                written.append("\u200b")
                width = _advance(character, self.bold)
            written.append(character)
        return "".join(written)

    def lay_out(self, blocks: Sequence[Block]) -> list[Laid]:
        """Return the blocks on their pages. A table or figure takes the heading before it along.

        Raises
        ------
        ExportError
            As for `place`.
        """
        laid: list[Laid] = []
        for position, block in enumerate(blocks):
            parts = tuple(self.place(block.table, block.cell)) if isinstance(block, TableBlock) else ()
            landscape = bool(parts) and parts[0].setting.landscape
            if isinstance(block, TableBlock | Figure):
                start = _start_of_lead_in(blocks, position)
                laid[start:] = [Laid(earlier.block, (), landscape, True) for earlier in laid[start:]]
            laid.append(Laid(block, parts, landscape, announces(blocks, position)))
        return laid

    def place(self, table: Table, cell: str) -> list[Placed]:
        """Return the table in the first setting that has room for it, or in parts.

        Raises
        ------
        ExportError
            When the row headings leave no room for a column. Names the cell.
        """
        for setting in self.settings:
            columns = self._column_widths(table, setting.size)
            if sum(column.comfortable for column in columns) + _gaps(len(columns)) <= setting.width:
                return [Placed(table, setting, _shared_out(columns, setting.width))]
        setting = self.settings[-1]
        return [
            Placed(part, setting, _shared_out(self._column_widths(part, setting.size), setting.width))
            for part in self._parts(table, setting, cell)
        ]

    def row_heights(self, placed: Placed) -> list[float]:
        """Return about how high each row is in points, the row of headings first."""
        size = placed.setting.size
        rows = [[column.heading for column in placed.table.columns], *placed.table.shown_rows()]
        heights = []
        for number, row in enumerate(rows):
            lines = max(
                sum(
                    math.ceil(1.1 * self.width(line, size, number == 0) / width)
                    for line in text.splitlines() or [""]
                )
                for text, width in zip(row, placed.widths, strict=True)
            )
            heights.append(lines * size * 1.25 + size)
        return heights

    def _column_widths(self, table: Table, size: float) -> list[_ColumnWidths]:
        widths = []
        for column, cells in zip(table.columns, zip(*table.shown_rows(), strict=True), strict=True):
            heading = self.width(column.heading, size, bold=True)
            body = max(self.width(cell, size) for cell in cells)
            texts = [] if column.is_number else cells
            parts = [self.width(part, size) for text in texts for part in self._unbreakable(text)]
            heading_parts = [self.width(part, size, bold=True) for part in self._unbreakable(column.heading)]
            least = max(*heading_parts, *parts, body if column.is_number else 0.0)
            lines = min(heading / HEADING_LINES, 16 * size)
            comfortable = max(least, lines, min(body, 12 * size))
            widths.append(_ColumnWidths(least, comfortable, max(body, heading)))
        return widths

    def _unbreakable(self, text: str) -> list[str]:
        """Return the parts of a text between which a line may end."""
        parts = re.split(r"[ \t\n\u200b]+|(?<=-)(?=[^\W\d])", self.with_breaks(text))
        return [part for part in parts if part] or [""]

    def _parts(self, table: Table, setting: Setting, cell: str) -> list[Table]:
        """Return the table as several tables, each with the row headings and about as many other columns."""
        columns = self._column_widths(table, setting.size)
        needed = [column.comfortable + GAP for column in columns]
        headers = list(range(table.row_headers))
        available = setting.width + GAP - sum(needed[: table.row_headers])
        others = list(range(table.row_headers, len(columns)))
        too_wide = [table.columns[i].heading for i in others if needed[i] > available]
        if too_wide:
            what = f"the columns {', '.join(too_wide)} do not fit on a page beside the row headings"
            raise ExportError([Problem(cell, what, "Shorten their texts, or use fewer row headings")])
        groups = _groups(others, needed, available, len(others))
        even = _groups(others, needed, available, math.ceil(len(others) / len(groups)))
        if len(even) == len(groups):
            groups = even
        return [
            replace(
                table,
                caption=f"{table.caption} (del {number} av {len(groups)})",
                columns=[table.columns[i] for i in headers + group],
                rows=[[row[i] for i in headers + group] for row in table.rows],
            )
            for number, group in enumerate(groups, start=1)
        ]


MOST_WHOLE_ROWS = 6
ROWS_TOGETHER = 3
"""A table with more rows than `MOST_WHOLE_ROWS` may break, but not within its first rows."""


def is_whole(heights: Sequence[float], setting: Setting) -> bool:
    """Return whether a table stays on one page: it has few rows, and takes little of the page.

    Parameters
    ----------
    heights : sequence of float
        Of its rows in points, the row of headings first.
    setting : Setting
        The room between the margins of the page.
    """
    return len(heights) <= MOST_WHOLE_ROWS + 1 and sum(heights) < 0.35 * setting.height


def announces(blocks: Sequence[Block], position: int) -> bool:
    """Return whether a paragraph belongs to the block after it: it ends with a colon, or is all that a heading has."""
    block = blocks[position]
    if not isinstance(block, Paragraph) or position + 1 == len(blocks):
        return False
    text = plain_text(block.content).rstrip()
    if isinstance(blocks[position + 1], Heading):
        return False
    below_heading = position > 0 and isinstance(blocks[position - 1], Heading)
    return text.endswith(":") or (below_heading and 0 < len(text) < SHORT_TEXT)


def _start_of_lead_in(blocks: Sequence[Block], end: int) -> int:
    """Return where the headings and paragraphs right before a block begin, if a heading is first.

    A heading over a short text and another heading goes along too, so that it is not left alone.
    """
    start = end
    for index in range(end - 1, max(end - 6, -1), -1):
        match blocks[index]:
            case Heading():
                start = index
            case Paragraph(content) if start == end or len(plain_text(content)) < SHORT_TEXT:
                pass
            case _:
                break
    return start


def dejavu(name: str) -> Path:
    """Return the file of a cut of DejaVu, which comes with matplotlib, such as "DejaVuSans-Bold"."""
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"


@cache
def _advance(character: str, fonts: Fonts) -> float:
    """Return the width of a character in units of the font size."""
    if character in "\n\t" or unicodedata.category(character) == "Cf":
        return 0.0
    for path, weight in fonts:
        units, names, glyphs = _face(path, weight)
        if ord(character) in names:
            return float(glyphs[names[ord(character)]].width) / units
    return 1.0


@cache
def _face(path: Path, weight: int | None) -> tuple[int, dict[int, str], Any]:
    """Return the units per em, the glyph names of code points, and the glyphs of a font at a weight."""
    font = TTFont(path, lazy=True)
    location = None if weight is None else {"wght": weight}
    return font["head"].unitsPerEm, font.getBestCmap(), font.getGlyphSet(location=location)


def _gaps(count: int) -> float:
    return GAP * (count - 1)


def _shared_out(columns: Sequence[_ColumnWidths], available: float) -> tuple[float, ...]:
    """Return widths between comfortable and natural that fill at most the available width."""
    left = available - _gaps(len(columns)) - sum(column.comfortable for column in columns)
    wanted = sum(
        column.natural - column.comfortable for column in columns if column.natural > column.comfortable
    )
    share = min(1.0, left / wanted) if wanted > 0 else 0.0
    return tuple(
        column.comfortable + share * max(column.natural - column.comfortable, 0.0) for column in columns
    )


def _groups(columns: Iterable[int], needed: Sequence[float], available: float, most: int) -> list[list[int]]:
    """Return the columns in groups that fit in the available width, with at most so many in each."""
    groups: list[list[int]] = [[]]
    for index in columns:
        used = sum(needed[i] for i in groups[-1])
        if groups[-1] and (used + needed[index] > available or len(groups[-1]) == most):
            groups.append([])
        groups[-1].append(index)
    return groups
