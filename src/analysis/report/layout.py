"""How a table is set on pages: the letters, the widths of its columns, a turned page, or parts.

One rule for every format that has pages. A format says which fonts it measures with and which settings it has.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left
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
"""A column is wide enough for its heading on so many lines, unless that takes too much room."""

SHORT_TEXT = 200
"""A paragraph with fewer signs is short: one or two lines."""

ONE_LINE = 90
"""A paragraph with fewer signs stands on one line of a page."""

LONGEST_WORD = 17.0
"""A run of signs without a space that is wider, in units of the letter size, may be broken anywhere."""

_LONG_WORDS = re.compile(r"[^ \t\n\u200b]{9,}")
"""Words that may be wider than `LONGEST_WORD`: no sign is wider than two units."""

Fonts = tuple[tuple[Path, int | None], ...]
"""Font files in the order in which they are asked for a sign, each with the weight of a variable font."""


@dataclass(frozen=True)
class Setting:
    """A letter size and the room between the margins of a page, in points.

    A column of text is comfortable when it is `comfort` times the letter size wide, or takes one line.
    """

    size: float
    width: float
    height: float
    landscape: bool
    comfort: float = 12.0


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
    """Widths of a column in points: comfortable, with its cells on one line, and with its heading on one too."""

    comfortable: float
    cells: float
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
    line, padding : float
        How high a line of a cell is, and the room above and below its text together, in letter sizes.
    """

    regular: Fonts
    bold: Fonts
    settings: Sequence[Setting]
    line: float = 1.25
    padding: float = 1.0

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
            columns = self._column_widths(table, setting)
            if sum(column.comfortable for column in columns) + _gaps(len(columns)) <= setting.width:
                return [Placed(table, setting, _shared_out(columns, setting.width))]
        setting = self.settings[-1]
        return [
            Placed(part, setting, _shared_out(self._column_widths(part, setting), setting.width))
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
                    _lines_of(self.width(line, size, number == 0), width)
                    for line in text.splitlines() or [""]
                )
                for text, width in zip(row, placed.widths, strict=True)
            )
            heights.append((lines * self.line + self.padding) * size)
        return heights

    def _column_widths(self, table: Table, setting: Setting) -> list[_ColumnWidths]:
        size, comfort = setting.size, setting.comfort * setting.size
        widths = []
        for column, cells in zip(table.columns, zip(*table.shown_rows(), strict=True), strict=True):
            heading = self.width(column.heading, size, bold=True)
            body = max(self.width(cell, size) for cell in cells)
            texts = [] if column.is_number else cells
            parts = [self.width(part, size) for text in texts for part in self._unbreakable(text)]
            heading_parts = [self.width(part, size, bold=True) for part in self._unbreakable(column.heading)]
            least = max(*heading_parts, *parts, body if column.is_number else 0.0)
            on_few_lines = min(_width_on_lines(heading_parts, HEADING_LINES, 0.2 * size), 1.3 * comfort)
            comfortable = max(least, on_few_lines, min(body, comfort))
            on_one_line = max(body, comfortable)
            widths.append(_ColumnWidths(comfortable, on_one_line, max(on_one_line, heading)))
        return widths

    def _unbreakable(self, text: str) -> list[str]:
        """Return the parts of a text between which a line may end."""
        parts = re.split(r"[ \t\n\u200b]+|(?<=-)(?=[^\W\d])", self.with_breaks(text))
        return [part for part in parts if part] or [""]

    def _parts(self, table: Table, setting: Setting, cell: str) -> list[Table]:
        """Return the table as several tables, each with the row headings and about as many other columns."""
        columns = self._column_widths(table, setting)
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


WHOLE = 0.3
"""A table that takes less than this of a page is not broken."""

ROWS_TOGETHER = 3
"""A table that breaks has at least so many rows on its first page and on its last one, unless they are high."""

ENOUGH = 0.16
"""Rows are high, and fewer do, when they take this much of a page."""


def is_whole(heights: Sequence[float], setting: Setting) -> bool:
    """Return whether a table stays on one page: it takes little of the page, or has too few rows to share.

    Parameters
    ----------
    heights : sequence of float
        Of its rows in points, the row of headings first.
    setting : Setting
        The room between the margins of the page.
    """
    first, last = rows_together(heights, setting)
    few = first + last > len(heights) - 1
    return sum(heights) < (0.5 if few else WHOLE) * setting.height


def rows_together(heights: Sequence[float], setting: Setting) -> tuple[int, int]:
    """Return how many of the first and of the last rows of a table that breaks stay on one page.

    Parameters
    ----------
    heights, setting
        As for `is_whole`.
    """
    return _enough_rows(heights[1:], setting), _enough_rows(heights[:0:-1], setting)


def _enough_rows(heights: Sequence[float], setting: Setting) -> int:
    """Return how many of some rows do not look lost at an end of a page."""
    taken = 0.0
    for count, height in enumerate(heights[:ROWS_TOGETHER], start=1):
        if count > 1 and taken + height > WHOLE * setting.height:
            return count - 1
        taken += height
        if taken > ENOUGH * setting.height:
            return count
    return min(ROWS_TOGETHER, len(heights))


def announces(blocks: Sequence[Block], position: int) -> bool:
    """Return whether a paragraph belongs to the block after it: it ends with a colon, or is all that a heading has.

    A text of one line between two headings goes along with the second.
    """
    block = blocks[position]
    if not isinstance(block, Paragraph) or position + 1 == len(blocks):
        return False
    text = plain_text(block.content).rstrip()
    below_heading = position > 0 and isinstance(blocks[position - 1], Heading)
    if isinstance(blocks[position + 1], Heading):
        return below_heading and 0 < len(text) < ONE_LINE
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


def _width_on_lines(words: Sequence[float], most: int, space: float) -> float:
    """Return the least width in which words of these widths stand on at most so many lines."""
    if len(words) <= most:
        return max(words)
    runs = (words[start:end] for start in range(len(words)) for end in range(start + 1, len(words) + 1))
    widths = sorted(sum(run) + space * (len(run) - 1) for run in runs)
    return widths[bisect_left(widths, -most, key=lambda width: -_line_count(words, width, space))]


def _line_count(words: Sequence[float], width: float, space: float) -> int:
    """Return on how many lines words stand; more than there are words where one is wider than the line."""
    if max(words) > width:
        return len(words) + 1
    count, used = 1, 0.0
    for word in words:
        if used and used + space + word > width:
            count, used = count + 1, 0.0
        used += word + (space if used else 0.0)
    return count


def _lines_of(text: float, column: float) -> int:
    """Return on how many lines a text of some width stands in a column: each but the last is not quite full."""
    return 1 if text <= column else math.ceil(1.1 * text / column)


def _gaps(count: int) -> float:
    return GAP * (count - 1)


def _shared_out(columns: Sequence[_ColumnWidths], available: float) -> tuple[float, ...]:
    """Return widths from comfortable on that fill at most the available width: the cells before the headings."""
    widths = [column.comfortable for column in columns]
    for wanted in ([column.cells for column in columns], [column.natural for column in columns]):
        missing = [wish - width for wish, width in zip(wanted, widths, strict=True)]
        left = available - _gaps(len(columns)) - sum(widths)
        share = min(1.0, left / sum(missing)) if sum(missing) > 0 else 0.0
        widths = [width + share * lack for width, lack in zip(widths, missing, strict=True)]
    return tuple(widths)


def _groups(columns: Iterable[int], needed: Sequence[float], available: float, most: int) -> list[list[int]]:
    """Return the columns in groups that fit in the available width, with at most so many in each."""
    groups: list[list[int]] = [[]]
    for index in columns:
        used = sum(needed[i] for i in groups[-1])
        if groups[-1] and (used + needed[index] > available or len(groups[-1]) == most):
            groups.append([])
        groups[-1].append(index)
    return groups
