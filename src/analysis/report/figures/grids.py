"""Charts of units × questions: what each answered on a scale, and how much of the questionnaire it filled in.

Both are the same drawing: a row for each unit under the heading of its kind, a column for each question or
section, and a cell with a number and a fill. Columns whose names are too long are numbered, with a key below.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from analysis.report import swedish
from analysis.report.figures.chart import (
    HIDDEN,
    Chart,
    NothingToDraw,
    Rows,
    check_once,
    extremes,
    listed,
    n_of,
    quoted,
    rows_of,
)
from analysis.report.figures.colours import (
    WHITE,
    Palette,
    Polarity,
    edge_of,
    palette_of,
    scale_colours,
    text_on,
)
from analysis.report.figures.letters import LINE, SIZE, SMALL, SMALLEST, widest_word, width, wrap
from analysis.report.figures.page import EDGE, GAP, NARROWER_LABELS, WIDEST_LABEL, Page, Style, label_lines

__all__ = ["heat_map", "unit_map"]

UNSURE = "?"
"""Stands for "vet ej": no step, but one of the answers that shares are of."""

MARKS: Mapping[str, str] = {
    "×": "inget svar",
    UNSURE: "vet ej",
    ".": "ej aktuellt",
    HIDDEN: "visas inte",
}
"""What stands in a cell without a number, and what it means. A dash is a zero in the tables, and stands for none."""

CELL_HEIGHT = 15.0
STRIP = 3.0
INSET = 1.0
"""Points of white around each cell."""

NARROWEST_CELL = 16.0
WIDEST_CELL = 62.0
MOST_HEAD_LINES = 3
MOST_NAME_LINES = 2


# Drawing
# -------


@dataclass(frozen=True)
class _Cell:
    """What stands in a cell, its fill, and how long the strip at its foot is (a share of its width)."""

    text: str
    colour: str = WHITE
    part: float = 0.0


@dataclass(frozen=True)
class _Grid:
    """The cells by (unit, column), and the units, kinds and columns in the order to draw."""

    units: Sequence[tuple[str, str]]
    columns: Sequence[str]
    cells: Mapping[tuple[str, str], _Cell]
    signs: Mapping[str, str]
    """A sign after the heading of a column."""

    numbered: str
    """The letter before the number of a column whose name does not fit."""


@dataclass(frozen=True)
class _Frame:
    """Where the cells begin and how wide each is, and the lines of each unit's name."""

    left: float
    wide: float
    labels: Mapping[str, Sequence[str]]


def _draw_grid(page: Page, grid: _Grid, heads: Mapping[str, Sequence[str]], frame: _Frame) -> None:
    """Draw the cells in as many bands of columns as the page needs."""
    most = _columns_in_a_band(frame.left, frame.wide)
    bands = math.ceil(len(grid.columns) / most)
    most = math.ceil(len(grid.columns) / bands)
    for start in range(0, len(grid.columns), most):
        columns = grid.columns[start : start + most]
        _draw_heads(page, [heads[column] for column in columns], frame)
        _draw_band(page, grid, columns, frame)
        page.y += GAP


def _measured(grid: _Grid) -> _Frame:
    """Return a frame whose cells are wide enough for their texts, as wide as there is room."""
    texts = [width(cell.text, SMALL) for cell in grid.cells.values()]
    numbers = [width(number, SMALLEST, bold=True) for number in _numbers(grid).values()]
    needed = max(NARROWEST_CELL, max(texts) + 2 * INSET + 2.0, max(numbers) + 1.0)
    units = [unit for unit, _ in grid.units]
    frames = []
    for room in NARROWER_LABELS:
        labels = label_lines(units, room, MOST_NAME_LINES)
        left = max(width(line) for lines in labels for line in lines) + GAP
        bands = math.ceil(len(grid.columns) / _columns_in_a_band(left, needed))
        wide = min(WIDEST_CELL, (EDGE - left) / math.ceil(len(grid.columns) / bands))
        frames.append((bands, _Frame(left, wide, dict(zip(units, labels, strict=True)))))
    return min(frames, key=lambda found: found[0])[1]


def _columns_in_a_band(left: float, wide: float) -> int:
    return max(1, int((EDGE - left) / wide + 1e-6))


def _numbers(grid: _Grid) -> dict[str, str]:
    return {
        column: f"{grid.numbered}{number}{grid.signs.get(column, '')}"
        for number, column in enumerate(grid.columns, 1)
    }


def _heads(grid: _Grid, wide: float) -> dict[str, tuple[str, ...]]:
    """Return the lines of the heading of each column: its name where all names fit, else its number."""
    room = wide - 3.0
    names = {column: column + grid.signs.get(column, "") for column in grid.columns}
    lines = {column: wrap(name, room, 99, size=SMALL, bold=True) for column, name in names.items()}
    whole = all(widest_word(name, SMALL, bold=True) <= room for name in names.values())
    if whole and max(map(len, lines.values())) <= MOST_HEAD_LINES:
        return lines
    return {column: (number,) for column, number in _numbers(grid).items()}


def _draw_heads(page: Page, heads: Sequence[Sequence[str]], frame: _Frame) -> None:
    most = max(len(lines) for lines in heads)
    widest = max(width(line, SMALL, bold=True) for lines in heads for line in lines)
    size = SMALL if widest + 1.0 <= frame.wide else SMALLEST
    high = LINE * size / SIZE
    for number, lines in enumerate(heads):
        middle = page.y + high * (most - len(lines) / 2)
        page.lines(
            frame.left + (number + 0.5) * frame.wide, middle, lines, align="center", size=size, bold=True
        )
    page.y += high * most + 3.0


def _draw_band(page: Page, grid: _Grid, columns: Sequence[str], frame: _Frame) -> None:
    kinds = list(dict.fromkeys(kind for _, kind in grid.units))
    before = ""
    for unit, kind in grid.units:
        if kind != before and len(kinds) > 1:
            page.y += GAP / 2 if before else 0.0
            page.text(0, page.y + LINE / 2, kind, bold=True)
            page.y += LINE + 3.0
        before = kind
        lines = frame.labels[unit]
        high = max(CELL_HEIGHT, LINE * len(lines) + 2 * INSET)
        middle = page.y + high / 2
        page.lines(0, middle, lines)
        for number, column in enumerate(columns):
            x = frame.left + number * frame.wide + INSET
            cell = grid.cells[unit, column]
            wide, tall = frame.wide - 2 * INSET, high - 2 * INSET
            _draw_cell(page, cell, x, middle, wide, tall, f"{unit}|{column}")
        page.y += high


def _draw_cell(page: Page, cell: _Cell, x: float, y: float, wide: float, high: float, label: str) -> None:
    """Draw a cell: its frame, its fill, and the number on top."""
    edge = page.palette.quiet if edge_of(cell.colour, page.palette) != WHITE else WHITE
    page.bar(page.sheet, x, wide, y, high, Style(label, cell.colour, edge=edge), label)
    if cell.part:
        done = Style(label, page.palette.plain[1], edge=page.palette.plain[1])
        page.bar(page.sheet, x, wide * cell.part, y + high / 2 - STRIP / 2, STRIP, done)
    shift = STRIP / 2 if cell.part else 0.0
    page.text(x + wide / 2, y - shift, cell.text, align="center", size=SMALL, colour=text_on(cell.colour))


def _draw_key(page: Page, grid: _Grid, heads: Mapping[str, Sequence[str]]) -> None:
    """Write what numbered columns stand for, in columns where the names are short."""
    numbers = _numbers(grid)
    if any(heads[column] != (number,) for column, number in numbers.items()):
        return
    indent = max(width(number, SMALL, bold=True) for number in numbers.values()) + 5.0
    layouts = [_key_rows(list(numbers), across, indent) for across in (1, 2, 3)]
    rows = min(layouts, key=lambda rows: sum(_most_lines(row) for row in rows))
    wide = (EDGE + GAP) / len(rows[0])
    line = LINE * SMALL / SIZE
    for row in rows:
        for place, (column, lines) in enumerate(row):
            page.text(place * wide, page.y + line / 2, numbers[column], size=SMALL, bold=True)
            page.lines(place * wide + indent, page.y + line * len(lines) / 2, lines, size=SMALL)
        page.y += line * _most_lines(row) + 2.0


_KeyRow = list[tuple[str, tuple[str, ...]]]


def _key_rows(names: Sequence[str], across: int, indent: float) -> list[_KeyRow]:
    """Return the rows of a key set in columns that are read downwards: each name with its lines."""
    down = math.ceil(len(names) / across)
    room = (EDGE + GAP) / math.ceil(len(names) / down) - GAP - indent
    lines = [(name, wrap(name, room, 99, size=SMALL)) for name in names]
    return [lines[start::down] for start in range(down)]


def _most_lines(row: _KeyRow) -> int:
    return max(len(lines) for _, lines in row)


def _draw_signs(page: Page, signs: Iterable[tuple[str, str]]) -> None:
    """Write what the signs in cells without a number mean, on one line."""
    x = 0.0
    for sign, meaning in signs:
        page.text(x, page.y + LINE / 2, sign, bold=True)
        x += width(sign, bold=True) + 5.0
        page.text(x, page.y + LINE / 2, meaning)
        x += width(meaning) + 14.0
    page.y += LINE + GAP if x else 0.0


def _grid_of(
    rows: Rows, column: str, cells: Mapping[tuple[str, str], _Cell], signs: Mapping[str, str], numbered: str
) -> _Grid:
    """Return the grid of rows: kinds, units and columns in the order they come."""
    kinds: dict[str, dict[str, None]] = {}
    for row in rows:
        kinds.setdefault(str(row["kind"] or ""), {})[str(row["unit"])] = None
    units = [(unit, kind) for kind, members in kinds.items() for unit in members]
    columns = list(dict.fromkeys(str(row[column]) for row in rows))
    for unit, _ in units:
        for name in columns:
            if (unit, name) not in cells:
                raise ValueError(f"the unit {unit!r} has no row for the {column} {name!r}")
    return _Grid(units, columns, cells, signs, numbered)


def _cut_names(frame: _Frame) -> str:
    """Return a sentence with the whole names of units that the chart cuts, or nothing."""
    cut = [quoted(unit) for unit, lines in frame.labels.items() if lines[-1].endswith("…")]
    return f" Avkortade namn i sin helhet: {swedish.join(cut)}." if cut else ""


# What each unit answered
# -----------------------


Good = Literal["high", "low"] | None
POLARITY_OF: Mapping[Good, Polarity] = {"high": "positive", "low": "negative", None: None}


@dataclass(frozen=True)
class _Ladder:
    """How a question's scale is shown: how many steps it has, and which end is good."""

    steps: int
    good: Good

    def colours(self, palette: Palette) -> tuple[str, ...]:
        """Return the colour of each step, the lowest first."""
        return scale_colours(self.steps, POLARITY_OF[self.good], palette)


def heat_map(cells: pd.DataFrame, *, caption: str, low: str, high: str, theme: str = "neutral") -> Chart:
    """Return a chart of what each unit answered to questions with a scale: units × questions.

    Each cell has the step of the answer as a number and as a fill; the ends of the scale are dark and differ in
    lightness. Names of questions that do not fit are numbered, with a key below the cells.

    Parameters
    ----------
    cells : pandas.DataFrame
        One row for each unit and question, in the order to draw: unit (short name), kind (heading of a group
        of units), question (short label), step (1 to ``steps``; empty where there is no answer in substance),
        steps (how many the scale has), good ("high", "low" or empty: which end is favourable), mark (what
        stands where there is no step: one of `MARKS`).
    caption : str
        The caption, in Swedish.
    low, high : str
        What the ends of the scale are called.
    theme : {"neutral", "stockholm"}
        The colours.

    Raises
    ------
    NothingToDraw
        When no cell has a step.
    ValueError
        When a column is missing, a cell is missing or given twice, a step lies outside its scale, a question
        has two scales, or a mark is unknown.

    Examples
    --------
    >>> cells = pd.DataFrame(
    ...     {
    ...         "unit": ["Farsta", "Järva"],
    ...         "kind": ["Stadsdelsförvaltningar"] * 2,
    ...         "question": ["Kunskap"] * 2,
    ...         "step": [4, None],
    ...         "steps": [5, 5],
    ...         "good": ["high"] * 2,
    ...         "mark": ["", "?"],
    ...     }
    ... )
    >>> heat_map(cells, caption="Svar", low="Inte alls", high="Helt").alt[:52]
    'Rutnät med 2 svarande (rader) och 1 fråga (kolumner)'
    """
    palette = palette_of(theme)
    columns = ("unit", "kind", "question", "step", "steps", "good", "mark")
    rows = rows_of(cells, columns, "the table of cells")
    check_once(rows, ("unit", "question"), "the table of cells")
    ladders = _ladders(rows)
    if all(row["step"] is None for row in rows):
        raise NothingToDraw("no cell has a step of the scale")
    turned = {ladder.good for ladder in ladders.values()} >= {"high", "low"}
    signs = {name: "*" for name, ladder in ladders.items() if turned and ladder.good == "low"}
    colours = {name: ladder.colours(palette) for name, ladder in ladders.items()}
    drawn = {
        (str(row["unit"]), str(row["question"])): _step_cell(row, colours[str(row["question"])])
        for row in rows
    }
    grid = _grid_of(rows, "question", drawn, signs, "F")
    page = Page(palette)
    frame = _measured(grid)
    heads = _heads(grid, frame.wide)
    _draw_ladders(page, ladders, heads, low, high)
    seen = {cell.text for cell in drawn.values()}
    _draw_signs(page, [(sign, meaning) for sign, meaning in MARKS.items() if sign in seen])
    _draw_grid(page, grid, heads, frame)
    _draw_key(page, grid, heads)
    alt = _heat_alt(rows, grid, ladders, low, high) + _cut_names(frame)
    return Chart(page.finish(), alt, caption)


def _ladders(rows: Rows) -> dict[str, _Ladder]:
    """Return the scale of each question, and refuse cells that do not fit it."""
    ladders: dict[str, _Ladder] = {}
    for row in rows:
        name, good = str(row["question"]), row["good"]
        if good not in ("high", "low", None):
            raise ValueError(f"unknown good end {good!r} of {name!r}: use high, low or nothing")
        if row["steps"] is None or int(row["steps"]) < 2:
            raise ValueError(f"the question {name!r} needs a scale of at least two steps")
        ladder = ladders.setdefault(name, _Ladder(int(row["steps"]), good))
        if ladder != _Ladder(int(row["steps"]), good):
            raise ValueError(f"the question {name!r} has more than one scale")
        if row["step"] is None and row["mark"] not in MARKS:
            raise ValueError(f"the mark {row['mark']!r} is not one of {swedish.join(MARKS, 'or')}")
        if row["step"] is not None and not 1 <= row["step"] <= ladder.steps:
            raise ValueError(f"the step {row['step']:g} of {name!r} is not one of 1 to {ladder.steps}")
    return ladders


def _step_cell(row: Mapping[Hashable, Any], colours: Sequence[str]) -> _Cell:
    if row["step"] is None:
        return _Cell(str(row["mark"]))
    step = int(row["step"])
    return _Cell(swedish.number(step), colours[step - 1])


def _draw_ladders(
    page: Page, ladders: Mapping[str, _Ladder], heads: Mapping[str, Sequence[str]], low: str, high: str
) -> None:
    """Draw each scale as a row of cells between the words of its ends, with its questions where scales differ."""
    different = list(dict.fromkeys(ladders.values()))
    chip, tall = 17.0, 12.0
    start = max(width(line) for line in wrap(low, WIDEST_LABEL, 2)) + 6.0
    for ladder in different:
        lines = wrap(low, WIDEST_LABEL, 2)
        middle = page.y + tall / 2
        page.lines(0, middle, lines)
        for number, colour in enumerate(ladder.colours(page.palette)):
            cell = _Cell(swedish.number(number + 1), colour)
            _draw_cell(page, cell, start + number * chip, middle, chip - 2 * INSET, tall, "")
        end = start + ladder.steps * chip + 4.0
        said = wrap(high + _remark(ladder, ladders, heads), EDGE - end, 4)
        page.lines(end, middle + LINE * (len(said) - 1) / 2, said)
        page.y += max(tall, LINE * max(len(said), len(lines))) + 4.0
    page.y += 2.0


def _remark(ladder: _Ladder, ladders: Mapping[str, _Ladder], heads: Mapping[str, Sequence[str]]) -> str:
    """Return which questions a scale is that of, where there are several scales."""
    different = set(ladders.values())
    if len({other.steps for other in different}) > 1:
        named = swedish.join(" ".join(heads[name]) for name, other in ladders.items() if other == ladder)
        return f" ({named})"
    if {other.good for other in different} >= {"high", "low"}:
        return " (frågor utan *)" if ladder.good != "low" else " (frågor med *: ett högt tal är ogynnsamt)"
    return ""


def _heat_alt(rows: Rows, grid: _Grid, ladders: Mapping[str, _Ladder], low: str, high: str) -> str:
    steps = sorted({ladder.steps for ladder in ladders.values()})
    last = swedish.join(map(str, steps), "eller")
    units = len(grid.units)
    sentences = [
        f"Rutnät med {swedish.number(units)} svarande (rader) och "
        f"{swedish.plural(len(grid.columns), 'fråga', 'frågor')} (kolumner). Talet i varje ruta är svarets steg "
        f"på skalan från 1, {quoted(low)}, till {last}, {quoted(high)}."
    ]
    values = []
    answered = []
    for name in grid.columns:
        of = [row for row in rows if str(row["question"]) == name]
        above = sum(2 * int(row["step"] or 0) > ladders[name].steps + 1 for row in of)
        base = sum(row["step"] is not None or row["mark"] == UNSURE for row in of)
        answered.append(base)
        share = 100 * above / base if base else None
        values.append((quoted(name), share, f"{swedish.number(above)} av {swedish.number(base)}"))
    sentences.append(f"Svar över skalans mitt: {extremes(values, 'störst andel för', 'minst andel för')}")
    turned = [quoted(name) for name, ladder in ladders.items() if ladder.good == "low"]
    if turned:
        sentences.append(f"Ett högt tal är ogynnsamt för {listed(turned, 6)}.")
    marks = [str(row["mark"]) for row in rows if row["step"] is None]
    unsure = f", {quoted(MARKS[UNSURE])} inräknat" if UNSURE in marks else ""
    sentences.append(f"Antal svar per fråga{unsure}: {n_of(answered)} av {swedish.number(units)}.")
    if marks:
        counted = [
            f"{MARKS[mark]} i {swedish.plural(marks.count(mark), 'ruta', 'rutor')}"
            for mark in MARKS
            if mark in marks
        ]
        sentences.append(f"Utan tal: {swedish.join(counted)}.")
    return " ".join(sentences)


# How much each unit filled in
# ----------------------------


NOT_ASKED = "."


def unit_map(cells: pd.DataFrame, *, caption: str, theme: str = "neutral") -> Chart:
    """Return a chart of how much of each section of the questionnaire each unit filled in.

    Each cell has the numbers, as "3/5": on a dark fill where everything was filled in, on a light fill with a
    strip as long as the share where some was, on white where nothing was. The key has the numbers of the section
    with most questions.

    Parameters
    ----------
    cells : pandas.DataFrame
        One row for each unit and section, in the order to draw: unit (short name), kind (heading of a group of
        units), section (title), answered (filled in, "vet ej" and "ej aktuellt" too), asked (number of
        questions). Where ``asked`` is 0 or empty nothing was asked; where only ``answered`` is empty it is not
        shown.
    caption : str
        The caption, in Swedish.
    theme : {"neutral", "stockholm"}
        The colours.

    Raises
    ------
    NothingToDraw
        When no unit was asked anything that can be shown.
    ValueError
        When a column is missing, a cell is missing or given twice, or more was answered than asked.

    Examples
    --------
    >>> cells = pd.DataFrame(
    ...     {
    ...         "unit": ["Farsta", "Järva"],
    ...         "kind": ["Stadsdelsförvaltningar"] * 2,
    ...         "section": ["Bakgrund"] * 2,
    ...         "answered": [5, 3],
    ...         "asked": [5, 5],
    ...     }
    ... )
    >>> unit_map(cells, caption="Ifyllda frågor").alt[:51]
    'Rutnät med 2 tillfrågade (rader) och 1 avsnitt (kol'
    """
    palette = palette_of(theme)
    rows = rows_of(cells, ("unit", "kind", "section", "answered", "asked"), "the table of cells")
    check_once(rows, ("unit", "section"), "the table of cells")
    if not any(row["asked"] and row["answered"] is not None for row in rows):
        raise NothingToDraw("nobody was asked anything that can be shown")
    drawn = {(str(row["unit"]), str(row["section"])): _part_cell(row, palette) for row in rows}
    grid = _grid_of(rows, "section", drawn, {}, "A")
    page = Page(palette)
    frame = _measured(grid)
    heads = _heads(grid, frame.wide)
    most = max(int(row["asked"] or 0) for row in rows)
    _draw_part_legend(page, {cell.text for cell in drawn.values()}, most)
    _draw_grid(page, grid, heads, frame)
    _draw_key(page, grid, heads)
    return Chart(page.finish(), _part_alt(rows, grid) + _cut_names(frame), caption)


def _part_cell(row: Mapping[Hashable, Any], palette: Palette) -> _Cell:
    if not row["asked"]:
        return _Cell(NOT_ASKED)
    if row["answered"] is None:
        return _Cell(HIDDEN)
    answered, asked = int(row["answered"]), int(row["asked"])
    if not 0 <= answered <= asked:
        raise ValueError(f"the part {answered} does not lie within the whole {asked}")
    return _filled_cell(answered, asked, palette)


def _filled_cell(answered: int, asked: int, palette: Palette) -> _Cell:
    text = _filled(answered, asked)
    if answered == asked:
        return _Cell(text, palette.plain[1])
    return _Cell(text, palette.plain[0], answered / asked) if answered else _Cell(text)


def _filled(answered: int, asked: int) -> str:
    return f"{swedish.number(answered)}/{swedish.number(asked)}"


def _draw_part_legend(page: Page, texts: Iterable[str], most: int) -> None:
    """Write what the fills mean, for a section of so many questions as the largest has."""
    tall, x = 12.0, 0.0
    some = most // 2
    entries = [
        (most, "Alla frågor ifyllda"),
        *([(some, f"{swedish.number(some)} av {swedish.number(most)} frågor ifyllda")] if some else []),
        (0, "Ingen fråga ifylld"),
    ]
    chip = max(26.0, width(_filled(most, most), SMALL) + 8.0)
    middle = page.y + tall / 2
    for answered, meaning in entries:
        cell = _filled_cell(answered, most, page.palette)
        _draw_cell(page, cell, x, middle, chip, tall, "")
        page.text(x + chip + 5.0, middle, meaning)
        x += chip + 5.0 + width(meaning) + 14.0
    page.y += tall + 6.0
    meanings = {NOT_ASKED: "inga frågor ställda", HIDDEN: MARKS[HIDDEN]}
    _draw_signs(page, [(sign, meaning) for sign, meaning in meanings.items() if sign in set(texts)])


def _part_alt(rows: Rows, grid: _Grid) -> str:
    known = [row for row in rows if row["asked"] and row["answered"] is not None]
    sentences = [
        f"Rutnät med {swedish.number(len(grid.units))} tillfrågade (rader) och "
        f"{swedish.number(len(grid.columns))} avsnitt (kolumner). Varje ruta visar hur många av avsnittets "
        "frågor som är ifyllda."
    ]
    by_unit = {unit: [row for row in known if str(row["unit"]) == unit] for unit, _ in grid.units}
    full = [unit for unit, of in by_unit.items() if of and all(row["answered"] == row["asked"] for row in of)]
    empty = [unit for unit, of in by_unit.items() if of and not any(row["answered"] for row in of)]
    sentences.append(
        f"Alla frågor ifyllda: {swedish.number(len(full))} av {swedish.number(len(grid.units))} tillfrågade."
    )
    if empty:
        sentences.append(f"Ingen fråga ifylld: {swedish.join(sorted(empty, key=swedish.sort_key))}.")
    values = []
    for section in grid.columns:
        of = [row for row in known if str(row["section"]) == section]
        answered, asked = sum(int(row["answered"]) for row in of), sum(int(row["asked"]) for row in of)
        share = 100 * answered / asked if asked else None
        values.append((quoted(section), share, f"{swedish.number(answered)} av {swedish.number(asked)}"))
    sentences.append(f"Ifyllda frågor: {extremes(values, 'störst andel i', 'minst andel i')}")
    return " ".join(sentences)
