"""The sheet that a chart is drawn on: measured in points, as wide as the text of an A4 page, growing downwards.

No axes of matplotlib are used: a chart is a handful of bars, marks, lines and texts, each placed by the metrics
of the font. A `Plot` is a strip of the sheet where x is counted in units of the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, Transform

from analysis.report.figures.colours import WHITE, Palette, edge_of
from analysis.report.figures.letters import LINE, SIZE, typeface, widest_word, width, wrap

WIDTH = 6.3 * 72
"""Width of every figure in points."""

EDGE = WIDTH - 1.5
"""Where the text ends on the right."""

WIDEST_LABEL = 172.0
MOST_LINES = 4
GAP = 8.0
"""Points between a label and what it stands beside, and between parts of a chart."""

BETWEEN = 6.0
"""Points between two rows."""

NARROWER_LABELS = (WIDEST_LABEL, 140.0, 115.0, 100.0)
"""Widths of the column of labels to try, where what stands beside it needs room."""


def short(label: str) -> str:
    """Return a label as the charts show it: cut where it is too long."""
    lines = wrap(label, WIDEST_LABEL, MOST_LINES)
    return " ".join(lines) if lines[-1].endswith("…") else label


def label_lines(labels: Sequence[str], room: float, most: int = 99) -> list[tuple[str, ...]]:
    """Return the lines of labels in a column of so many points, or wider where a word needs it."""
    labels = [short(label) for label in labels]
    room = min(WIDEST_LABEL, max(room, *(widest_word(label) for label in labels), 0.0))
    return [wrap(label, room, most) for label in labels]


@dataclass(frozen=True)
class Style:
    """How a series is drawn: as a bar, or as a marker when it has a shape.

    The lines of a hatch have the colour of the edge where one is given, else a light one that letters stand on.
    """

    name: str
    colour: str
    shape: str = ""
    hatch: str = ""
    hollow: bool = False
    edge: str = ""
    size: float = 6.5


class Plot:
    """A strip of a page between two points across: x in units of the data, y in points from the top."""

    def __init__(self, page: Page, left: float, right: float, low: float, high: float) -> None:
        self.left, self.low = left, low
        self.unit = (right - left) / (high - low)
        scaled = Affine2D().scale(self.unit, 1).translate(left - low * self.unit, 0)
        self.transform: Transform = scaled + page.points

    def across(self, value: float) -> float:
        """Return where a value of the data lies across the page, in points."""
        return self.left + (value - self.low) * self.unit


class Sheet(Figure):
    """A figure whose page is as large as what is drawn on it."""

    def savefig(self, fname: Any, *, transparent: bool | None = None, **kwargs: Any) -> None:
        """Save the figure as `matplotlib.figure.Figure.savefig`, without looking for empty margins to cut off.

        There are none, and looking for them would draw everything twice.
        """
        if kwargs.get("bbox_inches") == "tight":
            del kwargs["bbox_inches"]
        super().savefig(fname, transparent=transparent, **kwargs)


class Page:
    """A figure that is filled from the top. ``y`` is how far it is filled, in points from the top."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self.figure = Sheet(figsize=(WIDTH / 72, 1), dpi=100, facecolor=WHITE)
        self.figure.set_layout_engine("none")
        self.y = GAP / 2
        self._from_top = Affine2D()
        self.points: Transform = self._from_top + self.figure.dpi_scale_trans
        self.sheet = Plot(self, 0, WIDTH, 0, WIDTH)

    def finish(self) -> Figure:
        """Return the figure, as high as it was filled."""
        height = self.y + 2.0
        self.figure.set_size_inches(WIDTH / 72, height / 72)
        self._from_top.scale(1 / 72, -1 / 72).translate(0, height / 72)
        return self.figure

    def _add(self, artist: Artist, order: float) -> None:
        artist.set_zorder(order)
        artist.set_clip_on(False)
        self.figure.add_artist(artist)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        align: Literal["left", "center", "right"] = "left",
        size: float = SIZE,
        bold: bool = False,
        colour: str | None = None,
        halo: bool = False,
    ) -> None:
        """Write one line, centred on a height; with a halo the letters keep a hatch behind them at a distance."""
        written = Text(
            x,
            y + 0.32 * size,
            text,
            horizontalalignment=align,
            verticalalignment="baseline",
            fontproperties=typeface(size, bold),
            color=colour or self.palette.ink,
            parse_math=False,
            usetex=False,
            transform=self.points,
        )
        if halo:
            written.set_path_effects([withStroke(linewidth=2.4, foreground=WHITE)])
        self._add(written, 5)

    def lines(
        self,
        x: float,
        y: float,
        lines: Sequence[str],
        *,
        align: Literal["left", "center", "right"] = "left",
        size: float = SIZE,
        bold: bool = False,
        colour: str | None = None,
    ) -> None:
        """Write lines, together centred on a height."""
        apart = LINE * size / SIZE
        top = y - apart * (len(lines) - 1) / 2
        for number, line in enumerate(lines):
            self.text(x, top + number * apart, line, align=align, size=size, bold=bold, colour=colour)

    def heading(self, text: str) -> None:
        """Write a heading over the whole width."""
        self.y += GAP / 2
        lines = wrap(text, EDGE, MOST_LINES, bold=True)
        self.lines(0, self.y + LINE * len(lines) / 2, lines, bold=True)
        self.y += LINE * len(lines) + 3.0

    def legend(self, entries: Iterable[tuple[Style, str]], *, left: float = 0.0) -> None:
        """Write what the marks stand for, in order, on as many lines as needed."""
        chip, between = 15.0, 13.0
        x = left
        for style, name in entries:
            lines = wrap(name, EDGE - chip - left, MOST_LINES)
            wide = chip + max(width(line) for line in lines)
            if x > left and x + wide > EDGE:
                x = left
                self.y += LINE + 2.0
            middle = self.y + LINE / 2
            if style.shape:
                self.marker(self.sheet, x + 5.5, middle, style)
            else:
                self.bar(self.sheet, x, 11.0, middle, 8.5, style)
            self.lines(x + chip, middle + LINE * (len(lines) - 1) / 2, lines)
            self.y += LINE * (len(lines) - 1)
            x += wide + between
        self.y += LINE + GAP

    def bar(
        self, plot: Plot, start: float, length: float, y: float, thick: float, style: Style, label: str = ""
    ) -> None:
        """Draw a bar centred on a height."""
        edge = style.edge or edge_of(style.colour, self.palette)
        patch = Rectangle(
            (start, y - thick / 2),
            length,
            thick,
            facecolor=style.colour,
            edgecolor=edge,
            linewidth=0.8,
            linestyle="solid",
            hatch=style.hatch or None,
            antialiased=True,
            label=label,
            transform=plot.transform,
        )
        patch.set_hatch_linewidth(0.9)
        patch.set_hatchcolor(style.edge or self.palette.faint)
        self._add(patch, 3.0 if edge == WHITE else 3.5)

    def marker(self, plot: Plot, x: float, y: float, style: Style, label: str = "") -> None:
        """Draw a marker."""
        mark = Line2D(
            [x],
            [y],
            linestyle="none",
            marker=style.shape,
            markersize=style.size,
            markerfacecolor=WHITE if style.hollow else style.colour,
            markeredgecolor=style.colour,
            markeredgewidth=1.4,
            label=label,
            transform=plot.transform,
        )
        self._add(mark, 4)

    def line(
        self,
        plot: Plot,
        x: Sequence[float],
        y: Sequence[float],
        colour: str,
        *,
        thick: float = 0.7,
        front: bool = False,
    ) -> None:
        """Draw a line, behind everything else unless it belongs in front of the grid."""
        drawn = Line2D(
            x,
            y,
            color=colour,
            linewidth=thick,
            linestyle="solid",
            marker="",
            solid_capstyle="butt",
            solid_joinstyle="round",
            transform=plot.transform,
        )
        self._add(drawn, 2 if front else 1)

    def clear(self, x: float, y: float, wide: float) -> None:
        """Cover the grid behind a text that begins here."""
        paper = Rectangle((x - 1.0, y - 5.5), wide + 2.0, 11.0, facecolor=WHITE, linewidth=0)
        paper.set_transform(self.points)
        self._add(paper, 1.5)
