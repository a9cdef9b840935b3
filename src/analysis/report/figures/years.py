"""The chart of shares over years: a row for each option, the two newest years joined by a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from analysis.report import swedish
from analysis.report.figures.chart import (
    Chart,
    NothingToDraw,
    Share,
    caption_of,
    check_once,
    extremes,
    fine_print,
    listed,
    n_of,
    quoted,
    rows_of,
)
from analysis.report.figures.colours import Palette, palette_of
from analysis.report.figures.letters import LINE, SMALL, width
from analysis.report.figures.page import (
    BETWEEN,
    EDGE,
    GAP,
    NARROWER_LABELS,
    Page,
    Plot,
    Style,
    label_lines,
    short,
)

__all__ = ["years_chart"]

OLDER_YEARS = (
    ("D", 6.5),
    ("s", 11.5),
    ("x", 13.0),
    ("+", 14.0),
    ("1", 15.0),
    ("2", 15.0),
    ("3", 15.0),
    ("4", 15.0),
)
"""Light shapes and their sizes, of the newest first: each sticks out behind those of newer years where they meet."""

JOINED = 1.4
"""How thick the line from the year before to the newest is."""

GOOD_AXIS = 130.0
"""Points; where the axis would be shorter, the labels are set in a narrower column."""

SHORTEST_AXIS = 100.0
"""Points; where the numbers of all years would leave less, only those of the two newest years are written."""

COLUMN_GAP = 12.0
SIGN = 13.0
"""Points from the shape in the heading of a column to its year."""


@dataclass(frozen=True)
class _Row:
    """An option: its label and its share in each year, in the order of the years."""

    label: str
    of: tuple[Share, ...]

    @property
    def change(self) -> float | None:
        """The change from the year before to the newest in percentage points, None where either is not released."""
        first, last = self.of[-2].value, self.of[-1].value
        return None if first is None or last is None else last - first


def years_chart(
    comparison: pd.DataFrame, *, question: str, respondents: str = "de svarande", theme: str = "neutral"
) -> Chart:
    """Return a chart of shares over years: a row for each label, with a mark for each year on one line.

    A line joins the year before (a ring) and the newest (a dot), and a key says so; older years are lighter. The
    numbers stand in a column for each year, whose heading shows the mark and how many answered. The rows keep the
    order of the table.

    Parameters
    ----------
    comparison : pandas.DataFrame
        label, year, percent, n, base: one row for each label and year; ``n`` and ``percent`` are empty where
        they are suppressed or the question was not asked.
    question : str
        The wording of the question, for the caption.
    respondents : str
        Whom the shares are of, as in running text, such as "förvaltningarna".
    theme : {"neutral", "stockholm"}
        The colours.

    Raises
    ------
    NothingToDraw
        When no value can be shown.
    ValueError
        When a column is missing, there is only one year, or a part is larger than its whole.
    """
    palette = palette_of(theme)
    found = rows_of(comparison, ("label", "year", "percent", "n", "base"), "the comparison")
    check_once(found, ("label", "year"), "the comparison")
    years = sorted({int(row["year"]) for row in found})
    if len(years) < 2:
        raise ValueError("a comparison of years needs at least two years")
    shares = {
        (str(row["label"]), int(row["year"])): Share.of(row["n"], row["base"], row["percent"])
        for row in found
    }
    unknown = Share.of(None, None, None)
    rows = [
        _Row(label, tuple(shares.get((label, year), unknown) for year in years))
        for label in dict.fromkeys(str(row["label"]) for row in found)
    ]
    if all(share.value is None for row in rows for share in row.of):
        raise NothingToDraw("every percentage is suppressed, missing or of too few answers")
    bases = [
        (str(year), n_of(row.of[number].base for row in rows if not row.of[number].hidden))
        for number, year in enumerate(years)
    ]
    figure = _Dumbbells(palette, rows, bases, f"Andel av {respondents}").draw()
    return Chart(figure, _years_alt(rows, bases, respondents), caption_of(question))


def _styles(years: Sequence[str], palette: Palette) -> list[Style]:
    """Return the mark of each year: light shapes, a ring for the year before, a dark dot for the newest."""
    shapes = [OLDER_YEARS[back % len(OLDER_YEARS)] for back in range(len(years) - 2)]
    older = [
        Style(year, palette.faint, shape, size=size)
        for year, (shape, size) in zip(years[:-2], reversed(shapes), strict=True)
    ]
    before = Style(years[-2], palette.series[1], "o", hollow=True, size=8.5)
    return [*older, before, Style(years[-1], palette.series[0], "o", size=5.2)]


class _Dumbbells:
    """A chart of shares over years: labels, marks on an axis, and a column of numbers for each year."""

    def __init__(
        self, palette: Palette, rows: Sequence[_Row], bases: Sequence[tuple[str, str]], title: str
    ) -> None:
        self.page, self.rows, self.bases, self.title = Page(palette), rows, bases, title
        self.styles = _styles([year for year, _ in bases], palette)
        self.texts = [self._texts(number) for number in range(len(bases))]
        self.columns = list(range(len(bases)))
        for room in NARROWER_LABELS:
            self.labels = label_lines([row.label for row in rows], room)
            left = max(width(line) for lines in self.labels for line in lines) + GAP
            self.left = max(left, width(swedish.percent(0), SMALL) / 2 + GAP)
            if self._axis_end() - self.left >= GOOD_AXIS:
                break
        if self._axis_end() - self.left < SHORTEST_AXIS:
            self.columns = [len(bases) - 2, len(bases) - 1]
        self.plot = Plot(self.page, self.left, max(self._axis_end(), self.left + 60.0), 0, 100)

    def _texts(self, number: int) -> list[str]:
        """Return what the column of a year says: counts alone where all have the base of its heading."""
        shares = [row.of[number] for row in self.rows]
        same = len({share.base for share in shares if not share.hidden}) == 1
        return [share.brief if same else share.text for share in shares]

    def _column_width(self, number: int) -> float:
        year, n = self.bases[number]
        head = max(SIGN + width(year, bold=True), width(n, SMALL))
        return max(head, *(width(text) for text in self.texts[number]))

    def _axis_end(self) -> float:
        columns = sum(self._column_width(number) + COLUMN_GAP for number in self.columns)
        return EDGE - columns - width(swedish.percent(100), SMALL) / 2

    def draw(self) -> Figure:
        """Draw the headings, the rows and the axis."""
        page = self.page
        self._draw_legend()
        self._draw_heads()
        top = page.y
        for number, (row, lines) in enumerate(zip(self.rows, self.labels, strict=True)):
            high = LINE * len(lines)
            middle = page.y + high / 2
            page.lines(0, middle, lines)
            self._draw_marks(row, middle)
            for column, right in self._rights():
                page.text(right, middle, self.texts[column][number], align="right")
            page.y += high + BETWEEN
        self._draw_axis(top - BETWEEN / 2, page.y - BETWEEN / 2)
        return page.finish()

    def _draw_legend(self) -> None:
        """Write what the line joins, and which marks have no column; beside the headings where there is room."""
        page, years = self.page, [year for year, _ in self.bases]
        entries = [(self.styles[n], years[n]) for n in range(len(years)) if n not in self.columns]
        if any(row.change for row in self.rows):
            line = Style("", page.palette.quiet, "_", size=11.0)
            entries.append((line, f"från {years[-2]} till {years[-1]}"))
        if not entries:
            return
        top = page.y
        page.legend(entries, left=self.left)
        if len(entries) == 1 and self.left + 15.0 + width(entries[0][1]) < self._axis_end():
            page.y = top

    def _rights(self) -> list[tuple[int, float]]:
        """Return where each column ends on the right."""
        right = EDGE
        found = []
        for number in reversed(self.columns):
            found.append((number, right))
            right -= self._column_width(number) + COLUMN_GAP
        return found

    def _draw_heads(self) -> None:
        page = self.page
        for number, right in self._rights():
            year, n = self.bases[number]
            middle = page.y + LINE / 2
            page.text(right, middle, year, align="right", bold=True)
            page.marker(
                page.sheet, right - width(year, bold=True) - SIGN / 2 - 1.0, middle, self.styles[number]
            )
            page.text(right, middle + LINE, n, align="right", size=SMALL, colour=page.palette.quiet)
        page.y += 2 * LINE + BETWEEN

    def _draw_marks(self, row: _Row, y: float) -> None:
        self.page.line(self.plot, [0, 100], [y, y], self.page.palette.rule, thick=0.5)
        before, newest = row.of[-2].value, row.of[-1].value
        if before is not None and newest is not None and before != newest:
            joined = [before, newest]
            self.page.line(self.plot, joined, [y, y], self.page.palette.quiet, thick=JOINED, front=True)
        for share, style in zip(row.of, self.styles, strict=True):
            if share.value is not None:
                self.page.marker(self.plot, share.value, y, style, f"{row.label}|{style.name}")

    def _draw_axis(self, top: float, bottom: float) -> None:
        page = self.page
        step = 25 if 25 * self.plot.unit > width(swedish.percent(100), SMALL) + 6.0 else 50
        for tick in range(0, 101, step):
            colour = page.palette.rule if tick else page.palette.quiet
            page.line(self.plot, [tick, tick], [top, bottom], colour, thick=0.7 if tick else 1.0)
            x, text = self.plot.across(tick), swedish.percent(tick)
            page.text(x, page.y + 3.0, text, align="center", size=SMALL, colour=page.palette.quiet)
        page.y += 9.0
        middle = self.plot.across(50)
        page.text(middle, page.y + 6.0, self.title, align="center", size=SMALL, colour=page.palette.quiet)
        page.y += 12.0


def _years_alt(rows: Sequence[_Row], bases: Sequence[tuple[str, str]], respondents: str) -> str:
    years = [year for year, _ in bases]
    joined = any(row.change for row in rows)
    line = f"; ett streck går från {years[-2]} till {years[-1]}" if joined else ""
    sentences = [
        f"Punktdiagram med andelen av {respondents} {swedish.join(years)} för "
        f"{swedish.plural(len(rows), 'rad', 'rader')}{line}."
    ]
    for number, (year, n) in enumerate(bases):
        values = [(quoted(short(row.label)), row.of[number].part, row.of[number].text) for row in rows]
        sentences.append(f"{year} ({n}): {extremes(values, 'vanligast är', 'minst vanligt är')}")
    changes = [(row.label, row.change) for row in rows if row.change is not None]
    for word, sign in (("ökning", 1), ("minskning", -1)):
        moved = max((sign * change for _, change in changes), default=0.0)
        points = int(swedish.rounded(moved))
        if points > 0:
            names = [quoted(short(label)) for label, change in changes if sign * change == moved]
            sentences.append(
                f"Störst {word} {years[-2]}–{years[-1]}: {listed(names)}, "
                f"{swedish.plural(points, 'procentenhet', 'procentenheter')}."
            )
    unseen = [
        (f"{quoted(short(row.label))} ({year})", share.hidden)
        for row in rows
        for year, share in zip(years, row.of, strict=True)
        if share.part is None
    ]
    hidden = [name for name, is_hidden in unseen if is_hidden]
    empty = [name for name, is_hidden in unseen if not is_hidden]
    return " ".join(sentences + fine_print((row.label for row in rows), hidden, empty))
