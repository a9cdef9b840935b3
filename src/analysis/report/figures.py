"""The charts of the appendices, drawn from released tables only.

Every function takes a released table and returns a `Chart`: a matplotlib figure, its alternative text and a
caption, all in Swedish and all made from the same numbers. A value that is suppressed or not available is
written ``..`` and has no mark; it is never drawn as zero.

How the charts are made: a page is as wide as the text of an A4 page and grows downwards. Everything is
measured in points (1/72 inch) with the metrics of the font, so that labels neither overlap nor are cut. Each
figure stands on its own: no pyplot, and no setting of matplotlib is changed or decides how a chart looks.

Nothing is told by colour alone: numbers stand in or beside the marks, series differ in shape, the steps of a
scale differ in lightness and lie in order, and light areas have a dark edge.
"""

from __future__ import annotations

import io
import math
import tempfile
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator

from analysis.report import swedish
from analysis.report.swedish import NO_BREAK_SPACE

__all__ = [
    "ALL",
    "GROUP_LABELS",
    "PALETTES",
    "Chart",
    "NothingToDraw",
    "Palette",
    "bars",
    "choice_chart",
    "contrast",
    "drawable",
    "response_chart",
    "scale_chart",
    "scale_chart_by_group",
    "scale_colours",
    "theme_chart",
    "years_chart",
]

ALL = "alla"
"""The group of everyone in the released tables."""

GROUP_LABELS: Mapping[str, str] = {
    ALL: "Alla",
    "district": "Stadsdelsförvaltningar",
    "specialist": "Fackförvaltningar",
}
"""What the groups of the released tables are called."""

STATUS_LABELS: Mapping[str, str] = {
    "complete": "Fullständigt svar",
    "partial": "Ofullständigt svar",
    "empty": "Tomt svar",
    "none": "Inget svar",
}
"""What the states of an answered form are called."""

HIDDEN = ".."
"""Stands where a value is suppressed or not available, as in the tables."""

DONT_KNOW = "_dont_know"
CHOSEN = "chosen"

Polarity = Literal["positive", "negative"] | None
"""Whether the last option of a scale is the good end (positive), the bad end (negative), or neither."""


@dataclass(frozen=True)
class Chart:
    """A figure with the words that belong to it.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        6.3 inches wide. It is not known to pyplot, so it needs no closing.
    alt : str
        What the figure shows in words: what is drawn, the extremes, the number of answers.
    caption : str
        A caption without number, in Swedish.
    """

    figure: Figure
    alt: str
    caption: str


class NothingToDraw(ValueError):
    """A chart has no value to draw: everything is suppressed, missing or without answers."""

    def __init__(self, why: str) -> None:
        super().__init__(f"nothing to draw: {why}")


def drawable(chart: Callable[..., Chart], *args: Any, **kwargs: Any) -> bool:
    """Return whether a chart of these arguments has anything to draw.

    Parameters
    ----------
    chart : callable
        One of the functions of this module.
    *args, **kwargs
        Its arguments.

    Raises
    ------
    ValueError
        When the arguments are wrong, as for the function itself.

    Examples
    --------
    >>> drawable(bars, pd.DataFrame({"Förvaltning": ["Farsta"], "Timmar": [None]}), "Förvaltning", "Timmar")
    False
    """
    try:
        chart(*args, **kwargs)
    except NothingToDraw:
        return False
    return True


# Colours
# -------


@dataclass(frozen=True)
class Palette:
    """The colours of a theme, as ``#RRGGBB``.

    Attributes
    ----------
    ink, quiet, rule : str
        Text and edges; the text of axes; thin lines in the background.
    series : tuple of str
        Bars and markers, in order. Every one has a contrast of at least 3:1 with white.
    bad, good : tuple of str
        From the end of a scale towards its middle: dark, light.
    middle : str
        The middle of a scale.
    plain : tuple of str
        First and last step of a scale that is neither good nor bad: light, dark.
    """

    ink: str
    quiet: str
    rule: str
    series: tuple[str, ...]
    bad: tuple[str, str]
    good: tuple[str, str]
    middle: str
    plain: tuple[str, str]


PALETTES: Mapping[str, Palette] = {
    "neutral": Palette(
        ink="#1D2428",
        quiet="#4F5B62",
        rule="#C3CBD0",
        series=("#0F4C75", "#C96A12", "#00735C", "#3D1F4F"),
        bad=("#A84A00", "#DB8A3C"),
        good=("#0F4C75", "#9CC4E4"),
        middle="#ECEFF1",
        plain=("#D5E3EE", "#0F4C75"),
    ),
    "stockholm": Palette(
        ink="#1D2428",
        quiet="#4F5B62",
        rule="#C3CBD0",
        series=("#890C58", "#B92F00", "#009991", "#E5006C"),
        bad=("#B92F00", "#F07F4E"),
        good=("#00594F", "#8CCFCA"),
        middle="#F0EFED",
        plain=("#F6DCE6", "#890C58"),
    ),
}
"""The colours of each theme."""

WHITE = "#FFFFFF"
BLACK = "#000000"
SMALLEST_CONTRAST = 3.0
"""Contrast that an area or a line needs with what is beside it (WCAG 2.2, 1.4.11)."""


def _luminance(colour: str) -> float:
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


def contrast(colour: str, other: str = WHITE) -> float:
    """Return the contrast of two colours, 1 (none) to 21, as WCAG 2.2 defines it.

    Examples
    --------
    >>> contrast("#000000"), round(contrast("#890C58"), 1), contrast("#ffffff", "#ffffff")
    (21.0, 9.3, 1.0)
    """
    dark, light = sorted((_luminance(colour), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _steps(first: str, last: str, number: int) -> list[str]:
    """Return colours evenly from the first to the last; the first alone when only one is asked for."""
    shares = [step / (number - 1) for step in range(number)] if number > 1 else [0.0] * number
    ends = list(zip(to_rgb(first), to_rgb(last), strict=True))
    mixed = [tuple(a + (b - a) * share for a, b in ends) for share in shares]
    return [to_hex((red, green, blue)).upper() for red, green, blue in mixed]


def scale_colours(number: int, polarity: Polarity, palette: Palette) -> tuple[str, ...]:
    """Return the colour of each option of a scale, in the order of the scale.

    Parameters
    ----------
    number : int
        How many options there are, without "vet ej".
    polarity : {"positive", "negative", None}
        Where the good end is; None gives steps of one colour, from light to dark.
    palette : Palette
        The theme.

    Examples
    --------
    >>> scale_colours(3, "positive", PALETTES["neutral"])
    ('#A84A00', '#ECEFF1', '#0F4C75')
    """
    if polarity is None:
        return tuple(_steps(*palette.plain, number))
    half = number // 2
    middle = [palette.middle] * (number % 2)
    colours = _steps(*palette.bad, half) + middle + _steps(*palette.good, half)[::-1]
    return tuple(colours if polarity == "positive" else colours[::-1])


def _palette(theme: str) -> Palette:
    if theme not in PALETTES:
        raise ValueError(f"there is no theme {theme!r}: choose {swedish.join(sorted(PALETTES), 'or')}")
    return PALETTES[theme]


def _edge(colour: str, palette: Palette) -> str:
    return palette.quiet if contrast(colour) < SMALLEST_CONTRAST else WHITE


def _text_on(colour: str) -> str:
    """Return the letters that are read best on a colour: at least 4.5:1, whatever the colour."""
    return max((WHITE, BLACK), key=lambda text: contrast(text, colour))


# Letters
# -------

SIZE = 10.0
SMALL = 9.0
LINE = 12.5
"""Points from one line of a label to the next."""

_FONT_NAME = "Analysis Source Sans"
_LETTERS = (*range(0x20, 0x180), *range(0x2010, 0x2040), 0x20AC, 0x2212, 0x2264, 0x2265)


@cache
def _families() -> tuple[str, ...]:
    """Make Source Sans 3 known to matplotlib, and return the families to write with.

    The font is variable, and matplotlib draws only its default cut, which is too thin. So the two cuts that
    the charts use are made once and kept in matplotlib's cache. Letters they lack come from DejaVu Sans.
    """
    for weight in (400, 700):
        fontManager.addfont(_static_font(weight))
    return (_FONT_NAME, "DejaVu Sans")


def _static_font(weight: int) -> Path:
    """Return the file of one cut of Source Sans 3, made if it is not there."""
    made_by = "-".join(version(package) for package in ("fontpkg-source-sans-3", "fonttools"))
    path = Path(mpl.get_cachedir()) / f"analysis-source-sans-{weight}-{made_by}.ttf"
    if not path.exists():
        content = _cut(weight)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".ttf", delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    return path


def _cut(weight: int) -> bytes:
    """Return a font file with one weight of Source Sans 3 and the letters of European languages."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    with as_file(files("fontpkg_source_sans_3") / "files" / "SourceSans3[wght].ttf") as source:
        font = TTFont(source, recalcTimestamp=False)
        options = subset.Options(layout_features=["kern", "mark"], hinting=False, notdef_outline=True)
        options.drop_tables += ["GSUB", "STAT"]
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=_LETTERS)
        subsetter.subset(font)
        font = instancer.instantiateVariableFont(font, {"wght": weight}, inplace=True)
    style = "Bold" if weight > 400 else "Regular"
    font["name"].names = []
    names = {1: _FONT_NAME, 2: style, 4: f"{_FONT_NAME} {style}", 6: f"AnalysisSourceSans-{style}"}
    for number, name in names.items():
        font["name"].setName(name, number, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight
    content = io.BytesIO()
    font.save(content)
    return content.getvalue()


@lru_cache(maxsize=64)
def _font(size: float, bold: bool) -> FontProperties:
    return FontProperties(family=list(_families()), size=size, weight=700 if bold else 400)


@lru_cache(maxsize=4096)
def _width(text: str, size: float = SIZE, bold: bool = False) -> float:
    """Return the width of one line of text in points."""
    width, _, _ = text_to_path.get_text_width_height_descent(text, _font(size, bold), ismath=False)
    return float(width)


def _wrap(text: str, width: float, most: int, *, bold: bool = False) -> tuple[str, ...]:
    """Return the text as at most so many lines that are no wider than so many points.

    Words that are too long are broken with a hyphen. What does not fit is replaced by an ellipsis.
    """

    def fits(part: str) -> bool:
        return _width(part, SIZE, bold) <= width

    lines = [""]
    words = [word for word in text.replace("\u00ad", "").split(" ") if word]
    while words:
        word = words.pop(0)
        longer = f"{lines[-1]} {word}".strip()
        if fits(longer):
            lines[-1] = longer
        elif lines[-1]:
            lines.append("")
            words.insert(0, word)
        else:
            end = max((n for n in range(1, len(word)) if fits(word[:n] + "-")), default=1)
            lines[-1] = word[:end].rstrip("-") + "-"
            words.insert(0, word[end:])
            lines.append("")
    if len(lines) > most:
        last = lines[most - 1]
        while last and not fits(last + "…"):
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip(" ,.;:-–") + "…"]
    return tuple(lines)


# The page
# --------

WIDTH = 6.3 * 72
"""Width of every figure in points."""

EDGE = WIDTH - 1.5
"""Where the text ends on the right."""

WIDEST_LABEL = 172.0
MOST_LINES = 4
GAP = 8.0
"""Points between a label and what it stands beside, and between rows."""

SHAPES = ("o", "s", "D", "^", "v", "P", "X", "p")


class _Page:
    """A figure that is filled from the top. ``y`` is how far it is filled, in points from the top."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self.figure = Figure(figsize=(WIDTH / 72, 1), dpi=100, facecolor=WHITE)
        self.figure.set_layout_engine("none")
        self.y = GAP / 2
        self._axes: list[Axes] = []
        self.sheet = self.plot(0, WIDTH, 0, WIDTH)
        self.sheet.set_zorder(1)

    def plot(self, left: float, right: float, low: float, high: float) -> Axes:
        """Return axes between two points across the page: x in data units, y in points from the top."""
        axes = self.figure.add_axes((left / WIDTH, 0, (right - left) / WIDTH, 1))
        axes.set_axis_off()
        axes.set_xlim(low, high)
        self._axes.append(axes)
        return axes

    def finish(self) -> Figure:
        """Return the figure, as high as it was filled."""
        height = self.y + 2.0
        self.figure.set_size_inches(WIDTH / 72, height / 72)
        for axes in self._axes:
            axes.set_ylim(height, 0)
        # Keeps the margins when the figure is saved with a tight bounding box: all charts get the same width.
        paper = Rectangle((0, 0), 1, 1, transform=self.figure.transFigure, facecolor=WHITE, linewidth=0)
        self.figure.add_artist(paper).set_zorder(-1)
        return self.figure

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
    ) -> None:
        """Write one line, centred on a height."""
        self.sheet.text(
            x,
            y + 0.32 * size,
            text,
            horizontalalignment=align,
            verticalalignment="baseline",
            fontproperties=_font(size, bold),
            color=colour or self.palette.ink,
            parse_math=False,
            usetex=False,
        )

    def lines(self, x: float, y: float, lines: Sequence[str], *, bold: bool = False) -> None:
        """Write lines, together centred on a height."""
        top = y - LINE * (len(lines) - 1) / 2
        for number, line in enumerate(lines):
            self.text(x, top + number * LINE, line, bold=bold)

    def heading(self, text: str) -> None:
        """Write a heading over the whole width."""
        self.y += GAP
        lines = _wrap(text, EDGE, MOST_LINES, bold=True)
        self.lines(0, self.y + LINE * len(lines) / 2, lines, bold=True)
        self.y += LINE * len(lines) + 4.0

    def legend(self, entries: Iterable[tuple[_Style, str]]) -> None:
        """Write what the marks stand for, in order, on as many lines as needed."""
        chip, between = 16.0, 14.0
        x = 0.0
        for style, name in entries:
            lines = _wrap(name, EDGE - chip, 1)
            wide = chip + _width(lines[0])
            if x and x + wide > EDGE:
                x = 0.0
                self.y += LINE + 2.0
            middle = self.y + LINE / 2
            if style.shape:
                self.marker(self.sheet, x + 5.5, middle, style)
            else:
                self.bar(self.sheet, x, 11.0, middle, 9.0, style)
            self.text(x + chip, middle, lines[0])
            x += wide + between
        self.y += LINE + GAP

    def bar(
        self, axes: Axes, start: float, length: float, y: float, thick: float, style: _Style, label: str = ""
    ) -> None:
        """Draw a bar centred on a height."""
        edge = style.edge or _edge(style.colour, self.palette)
        patch = Rectangle(
            (start, y - thick / 2),
            length,
            thick,
            facecolor=style.colour,
            edgecolor=edge,
            linewidth=0.7,
            linestyle="solid",
            hatch=style.hatch or None,
            zorder=3.0 if edge == WHITE else 3.5,
            clip_on=False,
            antialiased=True,
            label=label,
        )
        patch.set_hatch_linewidth(0.9)
        axes.add_patch(patch)

    def clear(self, axes: Axes, x: float, y: float, wide: float, left: float, right: float) -> None:
        """Cover the grid of axes that lie between two points across the page, behind a text."""
        low, high = axes.get_xlim()
        unit = (high - low) / (right - left)
        paper = Rectangle((low + (x - left - 1.0) * unit, y - 5.5), (wide + 2.0) * unit, 11.0)
        paper.set(facecolor=WHITE, linewidth=0, zorder=1.5)
        axes.add_patch(paper)

    def marker(self, axes: Axes, x: float, y: float, style: _Style, label: str = "") -> None:
        """Draw a marker."""
        colour = style.colour
        axes.plot(
            [x],
            [y],
            linestyle="none",
            marker=style.shape,
            markersize=6.5,
            markerfacecolor=WHITE if style.hollow else colour,
            markeredgecolor=colour,
            markeredgewidth=1.4,
            zorder=4,
            clip_on=False,
            label=label,
        )

    def line(
        self,
        axes: Axes,
        x: Sequence[float],
        y: Sequence[float],
        colour: str,
        *,
        width: float = 0.7,
        front: bool = False,
    ) -> None:
        """Draw a line, behind everything else unless it belongs in front of the grid."""
        axes.plot(
            x,
            y,
            color=colour,
            linewidth=width,
            linestyle="solid",
            marker="",
            solid_capstyle="butt",
            solid_joinstyle="round",
            zorder=2 if front else 1,
            clip_on=False,
        )


@dataclass(frozen=True)
class _Style:
    """How a series is drawn: as a bar, or as a marker when it has a shape."""

    name: str
    colour: str
    shape: str = ""
    hatch: str = ""
    hollow: bool = False
    edge: str = ""
    stem: bool = True


def _series(names: Sequence[str], palette: Palette, *, first_is_bar: bool, stem: bool = True) -> list[_Style]:
    colours = palette.series
    return [
        _Style(
            name,
            colours[number % len(colours)],
            "" if first_is_bar and number == 0 else SHAPES[number % len(SHAPES)],
            hollow=number >= len(colours),
            edge=colours[number % len(colours)],
            stem=stem,
        )
        for number, name in enumerate(names)
    ]


# Rows of marks: choices, themes, years, response, numbers
# --------------------------------------------------------

LANE = 14.0
BAR = 11.0


@dataclass(frozen=True)
class _Mark:
    """One value of a row: its place on the axis (None: not shown), the text beside it, which series it is."""

    value: float | None
    text: str
    series: int = 0


@dataclass(frozen=True)
class _Row:
    label: str
    marks: tuple[_Mark, ...]
    heading: str = ""


@dataclass(frozen=True)
class _Scale:
    """The axis: from where to where, the ticks, how they are written, what they count."""

    low: float
    high: float
    ticks: tuple[float, ...]
    write: Callable[[float], str]
    title: str


def _percent_scale(title: str) -> _Scale:
    return _Scale(0, 100, (0, 25, 50, 75, 100), swedish.percent, title)


def _draw_rows(
    rows: Sequence[_Row],
    styles: Sequence[_Style],
    scale: _Scale,
    palette: Palette,
    *,
    legend: bool,
    connect: bool = False,
) -> Figure:
    """Draw rows of marks, each mark on a line of its own with its text beside it.

    When the marks of a row are connected, their texts stand in a column, out of the way of the line.
    """
    if all(mark.value is None for row in rows for mark in row.marks):
        raise NothingToDraw("every value is suppressed, missing or without answers")
    page = _Page(palette)
    if legend:
        page.legend((style, style.name) for style in styles)
    labels = [_wrap(row.label, WIDEST_LABEL, MOST_LINES) for row in rows]
    left = _label_width(labels, scale.write(scale.ticks[0]))
    right = left + _plot_width(rows, scale, left, in_column=connect)
    axes = page.plot(left, right, scale.low, scale.high)

    def across(value: float) -> float:
        return left + (value - scale.low) / (scale.high - scale.low) * (right - left)

    def beside(mark: _Mark) -> float:
        return across(scale.high if connect else max(mark.value or 0.0, 0.0)) + GAP

    grid: list[tuple[float, float]] = []
    for row, lines in zip(rows, labels, strict=True):
        if row.heading:
            page.heading(row.heading)
            grid.append((page.y, page.y))
        grid = grid or [(page.y, page.y)]
        high = max(LANE * len(row.marks), LINE * len(lines))
        middle = page.y + high / 2
        page.lines(0, middle, lines)
        places = [middle + LANE * (n - (len(row.marks) - 1) / 2) for n in range(len(row.marks))]
        for mark, y in zip(row.marks, places, strict=True):
            style = styles[mark.series]
            if mark.value is not None:
                _draw_mark(page, axes, mark.value, y, style, f"{row.label}|{style.name}")
            page.text(beside(mark), y, mark.text)
            page.clear(axes, beside(mark), y, _width(mark.text), left, right)
        if connect:
            known = [(m.value, y) for m, y in zip(row.marks, places, strict=True) if m.value is not None]
            page.line(
                axes, [x for x, _ in known], [y for _, y in known], palette.quiet, width=1.4, front=True
            )
        page.y += high + (GAP if len(row.marks) == 1 else 1.5 * GAP)
        grid[-1] = (grid[-1][0], page.y - GAP / 2)
    _draw_axis(page, axes, scale, grid, across, right - left)
    return page.finish()


def _label_width(labels: Iterable[Sequence[str]], first_tick: str) -> float:
    """Return where the axis begins: beside the widest label, with room for half of the first tick."""
    return max(*(_width(line) for lines in labels for line in lines), _width(first_tick, SMALL) / 2) + GAP


def _plot_width(rows: Sequence[_Row], scale: _Scale, left: float, *, in_column: bool) -> float:
    """Return how wide the axis can be while the text beside the marks and the last tick stay on the page."""
    room = EDGE - left
    widest = room - _width(scale.write(scale.ticks[-1]), SMALL) / 2
    for mark in (mark for row in rows for mark in row.marks):
        share = (max(mark.value or 0.0, 0.0) - scale.low) / (scale.high - scale.low)
        share = 1.0 if in_column else share
        if share > 0:
            widest = min(widest, (room - GAP - _width(mark.text)) / share)
    return max(widest, 60.0)


def _draw_mark(page: _Page, axes: Axes, value: float, y: float, style: _Style, label: str) -> None:
    if not style.shape:
        if value:
            page.bar(axes, 0, value, y, BAR, style, label)
        return
    if style.stem:
        page.line(axes, [0, value], [y, y], style.colour, width=1.6, front=True)
    page.marker(axes, value, y, style, label)


def _draw_axis(
    page: _Page,
    axes: Axes,
    scale: _Scale,
    grid: Sequence[tuple[float, float]],
    across: Callable[[float], float],
    width: float,
) -> None:
    """Draw the grid behind the rows, and the ticks and the title of the axis below them."""
    ticks = list(scale.ticks)
    while len(ticks) > 2 and sum(_width(scale.write(tick), SMALL) + 10.0 for tick in ticks) > width:
        ticks = ticks[::2]
    for top, bottom in grid:
        for tick in ticks:
            at_zero = tick == 0
            page.line(
                axes,
                [tick, tick],
                [top - GAP / 2, bottom],
                page.palette.quiet if at_zero else page.palette.rule,
                width=1.0 if at_zero else 0.7,
            )
    for tick in ticks:
        page.text(
            across(tick),
            page.y + 3.0,
            scale.write(tick),
            align="center",
            size=SMALL,
            colour=page.palette.quiet,
        )
    page.y += 10.0
    if scale.title:
        wide = _width(scale.title, SMALL)
        middle = min(max(across((ticks[0] + ticks[-1]) / 2), wide / 2), EDGE - wide / 2)
        page.text(middle, page.y + 7.0, scale.title, align="center", size=SMALL, colour=page.palette.quiet)
        page.y += 14.0


# What the tables say
# -------------------


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or value == "" or (isinstance(value, float) and math.isnan(value))


def _rows_of(frame: pd.DataFrame, columns: Iterable[str], name: str) -> list[dict[Hashable, Any]]:
    """Return the rows of a table that must have these columns, missing values as None."""
    lacking = [column for column in columns if column not in frame.columns]
    if lacking:
        raise ValueError(f"{name} has no column {', '.join(lacking)}: it has {', '.join(map(str, frame))}")
    return [
        {key: None if _missing(value) else value for key, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _check_once(rows: Iterable[Mapping[Hashable, Any]], keys: Sequence[str], name: str) -> None:
    """Raise ValueError when two rows of a table stand for the same thing."""
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        key = tuple(row[column] for column in keys)
        if key in seen:
            raise ValueError(f"{name} has more than one row for {swedish.join(map(repr, key), 'and')}")
        seen.add(key)


def _share_mark(
    n: float | None, base: float | None, percent: float | None, series: int = 0, *, before: str = ""
) -> _Mark:
    """Return a mark for "9 av 16 (56 %)"; without the percentage where none was released."""
    if n is None or base is None:
        return _Mark(None, before + HIDDEN, series)
    if not 0 <= n <= base:
        raise ValueError(f"the part {n:g} does not lie within the whole {base:g}")
    text = f"{swedish.number(n)} av {swedish.number(base)}"
    if base == 0:
        return _Mark(None, before + text, series)
    value = 100 * n / base if percent is None else percent
    return _Mark(
        value, before + (text if percent is None else f"{text} ({swedish.percent(percent)})"), series
    )


def _n(bases: Iterable[float | None]) -> str:
    """Return "n = 16", or "n = 14–16" where the number of answers differs between rows."""
    known = sorted({int(base) for base in bases if base is not None})
    if not known:
        return f"n = {HIDDEN}"
    ends = list(dict.fromkeys([known[0], known[-1]]))
    return "n = " + "–".join(swedish.number(end) for end in ends)


def _group_label(group: str, labels: Mapping[str, str]) -> str:
    return labels.get(group, group)


def _caption(what: str, bases: Sequence[tuple[str, str]]) -> str:
    """Return a caption that ends with the number of answers, for each group when there are several."""
    if len(bases) == 1:
        group, n = bases[0]
        return f"{what} ({n})" if group == GROUP_LABELS[ALL] else f"{what} ({group}, {n})"
    return f"{what} ({'; '.join(f'{group} {n}' for group, n in bases)})"


def _quoted(text: str) -> str:
    return f"”{text}”"


def _listed(names: Sequence[str], most: int = 3) -> str:
    """Return names in running text, the first few when there are many."""
    if len(names) <= most:
        return swedish.join(names)
    return f"{', '.join(names[:most])} och {swedish.number(len(names) - most)} till"


def _extremes(values: Sequence[tuple[str, float | None, str]], most: str, least: str) -> str:
    """Return the largest and the smallest of (label, value, text), with their labels."""
    known = [(label, value, text) for label, value, text in values if value is not None]
    if not known:
        return "inga värden visas."
    high, low = max(v for _, v, _ in known), min(v for _, v, _ in known)

    def named(value: float) -> str:
        return _listed([f"{_quoted(label)} {text}" for label, v, text in known if v == value])

    if len(known) > 1 and high == low:
        return f"lika för alla som visas: {named(high)}."
    if len(known) == 1:
        return f"{named(high)}."
    return f"{most} {named(high)}; {least} {named(low)}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _short(label: str) -> str:
    """Return a label as the chart shows it: shortened where it is too long."""
    lines = _wrap(label, WIDEST_LABEL, MOST_LINES)
    return " ".join(lines) if lines[-1].endswith("…") else label


def _fine_print(labels: Iterable[str], hidden: Sequence[str], empty: Sequence[str]) -> list[str]:
    """Return sentences about what is not shown, what nobody answered, and labels that the chart shortens."""
    cut = [label for label in dict.fromkeys(labels) if _short(label) != label]
    named = (
        (f"Visas inte ({HIDDEN})", hidden),
        ("Inga svar", empty),
        ("Avkortade texter i sin helhet", [_quoted(label) for label in cut]),
    )
    return [f"{what}: {swedish.join(names)}." for what, names in named if names]


def _fine_print_of(rows: Sequence[_Row], series: Sequence[str]) -> list[str]:
    """Return the same sentences for rows of marks; the series is named where there are several."""
    unseen = [
        (f"{_quoted(_short(row.label))}{f' ({series[mark.series]})' if len(series) > 1 else ''}", mark.text)
        for row in rows
        for mark in row.marks
        if mark.value is None
    ]
    hidden = [name for name, text in unseen if text.endswith(HIDDEN)]
    empty = [name for name, text in unseen if not text.endswith(HIDDEN)]
    return _fine_print((row.label for row in rows), hidden, empty)


def _by_size(rows: Iterable[_Row], mark: int = 0) -> list[_Row]:
    """Return the rows by one of their marks: largest first, those not shown last, equals in Swedish order."""

    def key(row: _Row) -> tuple[bool, float, tuple[str, str]]:
        value = row.marks[mark].value
        return value is None, -(value or 0.0), swedish.sort_key(row.label)

    return sorted(rows, key=key)


# Scales
# ------


@dataclass(frozen=True)
class _Stack:
    """The answers on one scale: a count for each option (None where not shown), "vet ej" and everyone."""

    label: str
    options: tuple[str, ...]
    counts: tuple[int, ...] | None
    dont_know: int | None
    dont_know_label: str
    base: int | None
    polarity: Polarity = None
    heading: str = ""

    def percent(self, n: float) -> float:
        return 100 * n / self.base if self.base else 0.0

    @property
    def shown(self) -> bool:
        return self.counts is not None and bool(self.base)

    @property
    def sides(self) -> tuple[float, float]:
        """How far the bar goes to the left and to the right of the middle of the scale, in per cent."""
        counts = self.counts or ()
        half, odd = divmod(len(counts), 2)
        middle = counts[half] / 2 if odd else 0.0
        return self.percent(sum(counts[:half]) + middle), self.percent(sum(counts[half + odd :]) + middle)

    @property
    def upper(self) -> int:
        """How many chose an option above the middle of the scale."""
        counts = self.counts or ()
        return sum(counts[(len(counts) + 1) // 2 :])


def scale_chart(
    counts: pd.DataFrame,
    questions: Sequence[str],
    *,
    polarity: Mapping[str, Polarity],
    group: str = ALL,
    group_labels: Mapping[str, str] = GROUP_LABELS,
    sort: bool = True,
    caption: str | None = None,
    theme: str = "neutral",
) -> Chart:
    """Return a chart of questions with the same scale: one bar of 100 % for each question or item.

    The middle of the scale lies at zero, so that bars lean to the side where most answers are. "Vet ej" is
    set apart on the right. A row where any option is suppressed is written ``..`` and has no bar.

    Parameters
    ----------
    counts : pandas.DataFrame
        Released counts: section, question, question_text, item, item_text, value, label, group, n, base,
        percent, suppressed. The options come in the order of the scale, also those that nobody chose.
    questions : sequence of str
        Ids of questions that have the same options.
    polarity : mapping of str to {"positive", "negative", None}
        Whether the last option is the good or the bad end. Questions that differ in this are drawn apart,
        with their own key of colours.
    group : str
        The group to draw.
    group_labels : mapping of str to str
        What the groups are called.
    sort : bool
        Sort rows by the share above the middle of the scale; else keep the order of the table.
    caption : str, optional
        Replaces the caption.
    theme : {"neutral", "stockholm"}
        The colours.

    Raises
    ------
    NothingToDraw
        When no row can be shown.
    ValueError
        When a question is missing, the options differ, or the counts do not add to their base.
    """
    stacks = [
        stack
        for question in questions
        for stack in _stacks(counts, question, group, polarity.get(question), several=len(questions) > 1)
    ]
    if sort:
        blocks = list(dict.fromkeys(stack.heading for stack in stacks))
        stacks.sort(key=lambda s: (blocks.index(s.heading), not s.shown, -s.percent(s.upper)))
    options = stacks[0].options
    texts = dict.fromkeys(_question_text(counts, question) for question in questions)
    what = next(iter(texts)) if len(texts) == 1 else f"Svar på skalan {_ends(options)}"
    bases = [(_group_label(group, group_labels), _n(stack.base for stack in stacks))]
    return Chart(_draw_stacks(stacks, _palette(theme)), _scale_alt(stacks), caption or _caption(what, bases))


def scale_chart_by_group(
    counts: pd.DataFrame,
    question: str,
    groups: Sequence[str],
    *,
    polarity: Polarity = None,
    group_labels: Mapping[str, str] = GROUP_LABELS,
    caption: str | None = None,
    theme: str = "neutral",
) -> Chart:
    """Return a chart of one question with a scale: one bar of 100 % for each group, under each item if any.

    Parameters
    ----------
    counts, group_labels, caption, theme
        As for `scale_chart`.
    question : str
        Id of the question.
    groups : sequence of str
        The groups, in the order of the rows.
    polarity : {"positive", "negative", None}
        Whether the last option is the good or the bad end.

    Raises
    ------
    NothingToDraw, ValueError
        As for `scale_chart`.
    """
    found: dict[str, list[_Stack]] = {}
    bases = []
    for group in groups:
        label = _group_label(group, group_labels)
        stacks = _stacks(counts, question, group, polarity, several=False)
        bases.append((label, _n(stack.base for stack in stacks)))
        for stack in stacks:
            item = stack.label if len(stacks) > 1 else ""
            row = _Stack(**{**vars(stack), "label": label, "heading": item})
            found.setdefault(item, []).append(row)
    rows = [row for item in found.values() for row in item]
    return Chart(
        _draw_stacks(rows, _palette(theme)),
        _scale_alt(rows),
        caption or _caption(_question_text(counts, question), bases),
    )


def _question_text(counts: pd.DataFrame, question: str) -> str:
    texts = counts.loc[counts["question"] == question, "question_text"]
    if texts.empty:
        raise ValueError(f"the table has no question {question!r}")
    return str(texts.iloc[0])


_COUNTS = (
    "question",
    "question_text",
    "item",
    "item_text",
    "value",
    "label",
    "group",
    "n",
    "base",
    "percent",
    "suppressed",
)


def _answers(counts: pd.DataFrame, question: str, group: str) -> list[dict[Hashable, Any]]:
    """Return the rows of one question and group that are inside the base, in their order."""
    wanted = counts
    if {"question", "group"} <= set(counts.columns):
        wanted = counts[(counts["question"] == question) & (counts["group"] == group)]
    rows = _rows_of(wanted, _COUNTS, "the table of counts")
    rows = [row for row in rows if not str(row["value"]).startswith("_") or row["value"] == DONT_KNOW]
    if not rows:
        raise ValueError(f"the table of counts has no question {question!r} for the group {group!r}")
    _check_once(rows, ("question", "group", "item", "value"), "the table of counts")
    hide: dict[Hashable, Any] = {"n": None, "percent": None}
    return [row | hide if row["suppressed"] else row for row in rows]


def _stacks(
    counts: pd.DataFrame, question: str, group: str, polarity: Polarity, *, several: bool
) -> list[_Stack]:
    """Return the stacks of one question: one, or one for each item."""
    items: dict[Any, list[dict[Hashable, Any]]] = {}
    for row in _answers(counts, question, group):
        items.setdefault(row["item"], []).append(row)
    return [
        _stack(rows, polarity, "" if item is None or not several else rows[0]["question_text"])
        for item, rows in items.items()
    ]


def _stack(rows: Sequence[dict[Hashable, Any]], polarity: Polarity, heading: str) -> _Stack:
    scale = [row for row in rows if row["value"] != DONT_KNOW]
    unsure = [row for row in rows if row["value"] == DONT_KNOW]
    label = str(rows[0]["item_text"] or rows[0]["question_text"])
    base = rows[0]["base"]
    hidden = base is None or any(row["n"] is None for row in rows)
    total = 0 if hidden else sum(int(row["n"]) for row in rows)
    if not hidden and total != base:
        raise ValueError(f"the counts of {label!r} add to {total}, but its base is {base:g}")
    return _Stack(
        label=label,
        options=tuple(str(row["label"]) for row in scale),
        counts=None if hidden else tuple(int(row["n"]) for row in scale),
        dont_know=None if hidden or not unsure else int(unsure[0]["n"]),
        dont_know_label=str(unsure[0]["label"]) if unsure else "",
        base=None if base is None else int(base),
        polarity=polarity,
        heading=heading,
    )


def _ends(options: Sequence[str]) -> str:
    return f"{_quoted(options[0])} till {_quoted(options[-1])}"


def _panels(stacks: Sequence[_Stack]) -> list[tuple[str, list[_Stack]]]:
    """Return the stacks by which end of the scale is good, with a heading where there are several kinds."""
    last = _quoted(stacks[0].options[-1])
    headings: dict[Polarity, str] = {
        "positive": f"Svaret {last} är gynnsamt",
        "negative": f"Svaret {last} är ogynnsamt",
        None: "Svaren är varken gynnsamma eller ogynnsamma",
    }
    unknown = sorted({str(stack.polarity) for stack in stacks if stack.polarity not in headings})
    if unknown:
        raise ValueError(f"unknown polarity {', '.join(unknown)}: use positive, negative or None")
    panels = [(heading, [s for s in stacks if s.polarity == sign]) for sign, heading in headings.items()]
    panels = [(heading, part) for heading, part in panels if part]
    return panels if len(panels) > 1 else [("", panels[0][1])]


def _draw_stacks(stacks: Sequence[_Stack], palette: Palette) -> Figure:
    """Draw stacked bars on both sides of the middle of their scale."""
    options = stacks[0].options
    if len(options) < 2:
        raise ValueError("a scale needs at least two options besides “vet ej”")
    if any(stack.options != options for stack in stacks):
        raise ValueError(
            "the questions do not share the same options in the same order: draw them in charts of their own"
        )
    if not any(stack.shown for stack in stacks):
        raise NothingToDraw("every row is suppressed or without answers")
    page = _Page(palette)
    frame = _StackFrame(page, stacks)
    unsure = next((stack.dont_know_label for stack in stacks if stack.dont_know), "")
    for heading, part in _panels(stacks):
        if heading:
            page.heading(heading)
        colours = scale_colours(len(options), part[0].polarity, palette)
        key = [(_Style(option, colour), option) for option, colour in zip(options, colours, strict=True)]
        page.legend([*key, (_Style(unsure, WHITE), unsure)] if unsure else key)
        frame.draw(part, [style for style, _ in key])
    frame.draw_axis()
    return page.finish()


class _StackFrame:
    """Where the parts of stacked bars lie across the page: labels, scale, "vet ej", number of answers."""

    def __init__(self, page: _Page, stacks: Sequence[_Stack]) -> None:
        self.page = page
        wrapped = [_wrap(stack.label, WIDEST_LABEL, MOST_LINES) for stack in stacks]
        self.left = _label_width(wrapped, swedish.percent(100))
        ends = EDGE - max(_width(_n([stack.base])) for stack in stacks) - GAP
        shown = [stack for stack in stacks if stack.shown]
        low = max(*(stack.sides[0] for stack in shown), 12.5)
        high = max(*(stack.sides[1] for stack in shown), 12.5)
        unsure = max(stack.percent(stack.dont_know or 0) for stack in shown)
        between = 2 * GAP if unsure else 0.0
        unit = (ends - self.left - between) / (low + high + unsure)
        self.zero = self.left + low * unit
        self.unit = unit
        self.low, self.high = low, high
        self.scale = page.plot(self.left, self.left + (low + high) * unit, -low, high)
        start = self.left + (low + high) * unit + between
        self.unsure_left = start
        self.unsure = page.plot(start, start + unsure * unit, 0, unsure) if unsure else None
        self.grid: list[tuple[float, float]] = []

    def draw(self, stacks: Sequence[_Stack], styles: Sequence[_Style]) -> None:
        """Draw the rows of one panel."""
        top = self.page.y
        before = ""
        for stack in stacks:
            if stack.heading not in ("", before):
                self._close(top)
                self.page.heading(stack.heading)
                top = self.page.y
            before = stack.heading
            lines = _wrap(stack.label, WIDEST_LABEL, MOST_LINES)
            high = max(16.0, LINE * len(lines))
            middle = self.page.y + high / 2
            self.page.lines(0, middle, lines)
            self._draw_row(stack, styles, middle)
            self.page.y += high + GAP
        self._close(top)

    def _close(self, top: float) -> None:
        if self.page.y > top:
            self.grid.append((top - GAP / 2, self.page.y - GAP / 2))

    def _draw_row(self, stack: _Stack, styles: Sequence[_Style], y: float) -> None:
        page = self.page
        page.text(EDGE, y, _n([stack.base]), align="right")
        if not stack.shown or stack.counts is None:
            page.text(self.zero + 5.0, y, "Inga svar" if stack.base == 0 else HIDDEN)
            return
        at = -stack.sides[0]
        for style, n in zip(styles, stack.counts, strict=True):
            wide = stack.percent(n)
            self._draw_part(self.scale, at, wide, n, y, style, stack.label, self.zero)
            at += wide
        if self.unsure is not None and stack.dont_know:
            style = _Style(stack.dont_know_label, WHITE)
            wide = stack.percent(stack.dont_know)
            self._draw_part(self.unsure, 0, wide, stack.dont_know, y, style, stack.label, self.unsure_left)

    def _draw_part(
        self,
        axes: Axes,
        at: float,
        wide: float,
        n: int,
        y: float,
        style: _Style,
        label: str,
        zero: float,
    ) -> None:
        """Draw one part of a bar, with its count where there is room."""
        if not n:
            return
        self.page.bar(axes, at, wide, y, 15.0, style, f"{label}|{style.name}")
        text = swedish.number(n)
        if _width(text) + 1.5 <= wide * self.unit:
            colour = _text_on(style.colour)
            self.page.text(zero + (at + wide / 2) * self.unit, y, text, align="center", colour=colour)

    def draw_axis(self) -> None:
        """Draw the middle of the scale through all rows, and the distance from it below them."""
        page = self.page
        step = 25 if 25 * self.unit > _width(swedish.percent(100), SMALL) + 8.0 else 50
        ticks = [tick for tick in range(-100, 101, step) if -self.low <= tick <= self.high]
        for top, bottom in self.grid:
            for tick in ticks:
                page.line(self.scale, [tick, tick], [top, bottom], page.palette.rule)
            page.line(self.scale, [0, 0], [top, bottom], page.palette.ink, width=1.0)
            if self.unsure is not None:
                page.line(self.unsure, [0, 0], [top, bottom], page.palette.quiet, width=1.0)
        for tick in ticks:
            page.text(
                self.zero + tick * self.unit,
                page.y + 3.0,
                swedish.percent(abs(tick)),
                align="center",
                size=SMALL,
                colour=page.palette.quiet,
            )
        page.y += 10.0


def _scale_alt(stacks: Sequence[_Stack]) -> str:
    options = stacks[0].options
    shown = [stack for stack in stacks if stack.shown]
    sentences = [
        f"Staplade liggande staplar med {swedish.plural(len(stacks), 'rad', 'rader')} "
        f"på skalan {_ends(options)}, med skalans mitt i linje."
    ]
    if len(shown) == 1:
        sentences.append(f"{_quoted(_named(shown[0]))}: {_distribution(shown[0])}.")
    else:
        upper = options[(len(options) + 1) // 2 :]
        names = _quoted(upper[0]) if len(upper) == 1 else f"{_quoted(upper[0])} till {_quoted(upper[-1])}"
        if len(upper) == 2:
            names = f"{_quoted(upper[0])} eller {_quoted(upper[1])}"
        values = [(_named(s), s.percent(s.upper), _share_text(s.upper, s.base or 0)) for s in shown]
        sentences.append(f"Andel som svarat {names}: {_extremes(values, 'störst för', 'minst för')}")
        unsure = [
            (_named(s), s.percent(s.dont_know), _share_text(s.dont_know, s.base or 0))
            for s in shown
            if s.dont_know
        ]
        if unsure:
            name = _quoted(next(s.dont_know_label for s in shown if s.dont_know))
            most = max(value for _, value, _ in unsure)
            listed = _listed([f"{_quoted(label)} {text}" for label, value, text in unsure if value == most])
            sentences.append(f"Flest {name}: {listed}.")
    reversed_ = [_named(stack) for stack in stacks if stack.polarity == "negative"]
    if reversed_ and len(reversed_) < len(stacks):
        sentences.append(
            f"Svaret {_quoted(options[-1])} är ogynnsamt för {swedish.join(map(_quoted, reversed_))}."
        )
    sentences.append(f"Antal svar: {_n(stack.base for stack in stacks)}.")
    labels = [text for stack in stacks for text in (stack.label, stack.heading) if text]
    hidden = [_quoted(_named(stack)) for stack in stacks if stack.counts is None]
    empty = [_quoted(_named(stack)) for stack in stacks if stack.counts is not None and not stack.shown]
    return " ".join(sentences + _fine_print(labels, hidden, empty))


def _named(stack: _Stack) -> str:
    return ": ".join(_short(text) for text in (stack.heading, stack.label) if text)


def _share_text(n: int, base: int) -> str:
    return f"{swedish.number(n)} av {swedish.number(base)}"


def _distribution(stack: _Stack) -> str:
    parts = [
        f"{swedish.number(n)} {_quoted(o)}" for o, n in zip(stack.options, stack.counts or (), strict=True)
    ]
    if stack.dont_know is not None:
        parts.append(f"{swedish.number(stack.dont_know)} {_quoted(stack.dont_know_label)}")
    return swedish.join(parts)


# Choices
# -------


def choice_chart(
    counts: pd.DataFrame,
    question: str,
    *,
    groups: Sequence[str] = (ALL,),
    group_labels: Mapping[str, str] = GROUP_LABELS,
    sort: bool = True,
    caption: str | None = None,
    theme: str = "neutral",
) -> Chart:
    """Return a chart of a question with one or several choices: a row for each option, a mark for each group.

    The first group has bars, the others markers of different shapes; each with "9 av 16 (56 %)" beside it.
    "Vet ej" comes last.

    Parameters
    ----------
    counts, group_labels, caption, theme
        As for `scale_chart`. A question with several choices has a row ``chosen`` for each item.
    question : str
        Id of the question.
    groups : sequence of str
        The groups to draw; rows are sorted by the first.
    sort : bool
        Sort by size; else keep the order of the table, as for ages or frequencies.

    Raises
    ------
    NothingToDraw
        When no value can be shown.
    ValueError
        When the question or a group is missing, or a part is larger than its whole.
    """
    palette = _palette(theme)
    names = [_group_label(group, group_labels) for group in groups]
    found: dict[tuple[Any, Any], tuple[str, list[_Mark]]] = {}
    bases = []
    for series, group in enumerate(groups):
        rows = _choices(counts, question, group)
        bases.append((names[series], _n(row["base"] for row in rows)))
        for row in rows:
            label = str(row["item_text"] if row["value"] == CHOSEN else row["label"])
            mark = _share_mark(row["n"], row["base"], row["percent"], series)
            found.setdefault((row["item"], row["value"]), (label, []))[1].append(mark)
    unsure = found.pop((None, DONT_KNOW), None)
    drawn = [_Row(label, tuple(marks)) for label, marks in found.values()]
    if sort:
        drawn = _by_size(drawn)
    if unsure:
        drawn.append(_Row(unsure[0], tuple(unsure[1])))
    styles = _series(names, palette, first_is_bar=True)
    figure = _draw_rows(
        drawn, styles, _percent_scale("Andel av de svarande"), palette, legend=len(groups) > 1
    )
    alt = _series_alt(drawn, names, "svarsalternativ", "svarsalternativ", [n for _, n in bases])
    return Chart(figure, alt, caption or _caption(_question_text(counts, question), bases))


def _choices(counts: pd.DataFrame, question: str, group: str) -> list[dict[Hashable, Any]]:
    """Return a row for each option of a question: of several choices, how many chose it."""
    rows = _answers(counts, question, group)
    chosen = [row for row in rows if row["value"] == CHOSEN]
    if not chosen and any(row["item"] for row in rows):
        raise ValueError(f"the question {question!r} has items with options: draw it with scale_chart")
    return chosen or rows


def _series_alt(rows: Sequence[_Row], names: Sequence[str], one: str, many: str, bases: Sequence[str]) -> str:
    """Return the alternative text of rows of shares: the extremes of each series, and how many answered."""
    sentences = [
        f"Liggande diagram med {swedish.plural(len(rows), one, many)}, "
        f"andel av de svarande{' för ' + swedish.join(names) if len(names) > 1 else ''}."
    ]
    for series, (name, n) in enumerate(zip(names, bases, strict=True)):
        values = [
            (_short(row.label), m.value, m.text) for row in rows for m in row.marks if m.series == series
        ]
        sentences.append(f"{name} ({n}): {_extremes(values, 'störst', 'minst')}")
    return " ".join(sentences + _fine_print_of(rows, names))


def theme_chart(
    themes: pd.DataFrame,
    *,
    group_labels: Mapping[str, str] = GROUP_LABELS,
    caption: str | None = None,
    theme: str = "neutral",
) -> Chart:
    """Return a chart of how many units write about each theme: a dot for each group.

    Parameters
    ----------
    themes : pandas.DataFrame
        theme, label, group, units, base_units: one row for each theme and group; ``units`` is empty where
        suppressed. The groups are drawn in their order in the table, the group of all first.
    group_labels, caption, theme
        As for `scale_chart`.

    Raises
    ------
    NothingToDraw
        When no value can be shown.
    ValueError
        When a column is missing, or a part is larger than its whole.
    """
    palette = _palette(theme)
    rows = _rows_of(themes, ("theme", "label", "group", "units", "base_units"), "the table of themes")
    _check_once(rows, ("theme", "group"), "the table of themes")
    groups = sorted(dict.fromkeys(str(row["group"]) for row in rows), key=lambda group: group != ALL)
    names = [_group_label(group, group_labels) for group in groups]
    found: dict[Any, tuple[str, list[_Mark]]] = {}
    for row in sorted(rows, key=lambda row: groups.index(str(row["group"]))):
        mark = _share_mark(row["units"], row["base_units"], None, groups.index(str(row["group"])))
        found.setdefault(row["theme"], (str(row["label"]), []))[1].append(mark)
    drawn = _by_size(_Row(label, tuple(marks)) for label, marks in found.values())
    bases = [_n(row["base_units"] for row in rows if row["group"] == group) for group in groups]
    figure = _draw_rows(
        drawn,
        _series(names, palette, first_is_bar=False),
        _percent_scale("Andel av de svarande"),
        palette,
        legend=len(groups) > 1,
    )
    alt = _series_alt(drawn, names, "tema", "teman", bases)
    return Chart(
        figure, alt, caption or _caption("Teman i fritextsvaren", list(zip(names, bases, strict=True)))
    )


# Years
# -----


def years_chart(
    comparison: pd.DataFrame,
    *,
    sort: bool = True,
    caption: str | None = None,
    theme: str = "neutral",
) -> Chart:
    """Return a chart of shares over years: a row for each label, a marker for each year, joined by a line.

    Parameters
    ----------
    comparison : pandas.DataFrame
        label, year, percent, n, base: one row for each label and year; ``n`` and ``percent`` are empty where
        they are suppressed or the question was not asked.
    sort : bool
        Sort by the last year; else keep the order of the table.
    caption, theme
        As for `scale_chart`.

    Raises
    ------
    NothingToDraw
        When no value can be shown.
    ValueError
        When a column is missing, there is only one year, or a part is larger than its whole.
    """
    palette = _palette(theme)
    rows = _rows_of(comparison, ("label", "year", "percent", "n", "base"), "the comparison")
    _check_once(rows, ("label", "year"), "the comparison")
    years = sorted({int(row["year"]) for row in rows})
    if len(years) < 2:
        raise ValueError("a comparison of years needs at least two years")
    found: dict[str, list[_Mark]] = {}
    for row in sorted(rows, key=lambda row: int(row["year"])):
        mark = _share_mark(
            row["n"],
            row["base"],
            row["percent"],
            years.index(int(row["year"])),
            before=f"{int(row['year'])}:{NO_BREAK_SPACE}",
        )
        found.setdefault(str(row["label"]), []).append(mark)
    drawn = [_Row(label, tuple(found[label])) for label in dict.fromkeys(str(row["label"]) for row in rows)]
    if sort:
        drawn = _by_size(drawn, -1)
    styles = _series([str(year) for year in years], palette, first_is_bar=False, stem=False)
    figure = _draw_rows(
        drawn, styles, _percent_scale("Andel av de svarande"), palette, legend=False, connect=True
    )
    bases = [
        (str(year), _n(row["base"] for row in rows if int(row["year"]) == year and row["n"] is not None))
        for year in years
    ]
    what = f"Jämförelse {years[0]}–{years[-1]}, andel av de svarande"
    return Chart(figure, _years_alt(drawn, years, bases), caption or _caption(what, bases))


def _years_alt(rows: Sequence[_Row], years: Sequence[int], bases: Sequence[tuple[str, str]]) -> str:
    sentences = [
        f"Punktdiagram med {swedish.plural(len(rows), 'rad', 'rader')}, andel av de svarande "
        f"{swedish.join(map(str, years))}."
    ]
    for series, (year, n) in enumerate(bases):
        values = [
            (_short(row.label), m.value, m.text.split(NO_BREAK_SPACE, 1)[1])
            for row in rows
            for m in row.marks
            if m.series == series
        ]
        sentences.append(f"{year} ({n}): {_extremes(values, 'störst', 'minst')}")
    changes = [(row.label, _change(row, len(years) - 1)) for row in rows]
    known = [(label, change) for label, change in changes if change is not None]
    for word, of in (("ökning", 1), ("minskning", -1)):
        moved = max((of * change for _, change in known), default=0.0)
        points = int(swedish.rounded(moved))
        if points:
            names = [_quoted(_short(label)) for label, change in known if of * change == moved]
            sentences.append(
                f"Störst {word} {years[0]}–{years[-1]}: {_listed(names)}, "
                f"{swedish.plural(points, 'procentenhet', 'procentenheter')}."
            )
    return " ".join(sentences + _fine_print_of(rows, [year for year, _ in bases]))


def _change(row: _Row, last: int) -> float | None:
    """Return the change from the first year to the last in percentage points, None if either is not shown."""
    values = {mark.series: mark.value for mark in row.marks}
    first, final = values.get(0), values.get(last)
    return None if first is None or final is None else final - first


# Response
# --------


def response_chart(
    response: pd.DataFrame,
    *,
    group_labels: Mapping[str, str] = GROUP_LABELS,
    caption: str | None = None,
    theme: str = "neutral",
) -> Chart:
    """Return a chart of who was invited and how much each of them answered.

    Parameters
    ----------
    response : pandas.DataFrame
        unit_id, name, kind, invited, status, answered_items, asked_items: one row for each unit; only invited
        units are drawn. Status is complete, partial, empty or none.
    group_labels : mapping of str to str
        What the kinds are called; kinds come in this order.
    caption, theme
        As for `scale_chart`.

    Raises
    ------
    NothingToDraw
        When nobody was invited.
    ValueError
        When a column is missing, a status is unknown, or more was answered than asked.
    """
    palette = _palette(theme)
    columns = ("name", "kind", "invited", "status", "answered_items", "asked_items")
    units = [row for row in _rows_of(response, columns, "the table of response") if row["invited"]]
    if not units:
        raise NothingToDraw("nobody was invited")
    unknown = sorted({str(unit["status"]) for unit in units} - set(STATUS_LABELS))
    if unknown:
        raise ValueError(f"unknown status {', '.join(unknown)}: use {', '.join(STATUS_LABELS)}")
    order = list(group_labels)
    kinds = sorted(
        {str(u["kind"]) for u in units},
        key=lambda k: (k not in order, order.index(k) if k in order else 0, k),
    )
    rows = []
    for kind in kinds:
        members = sorted((u for u in units if u["kind"] == kind), key=lambda u: swedish.sort_key(u["name"]))
        heading = _group_label(kind, group_labels) if len(kinds) > 1 else ""
        for number, unit in enumerate(members):
            rows.append(_Row(str(unit["name"]), (_response_mark(unit),), "" if number else heading))
    colours = palette.series
    styles = [
        _Style(STATUS_LABELS["complete"], colours[0], edge=colours[0]),
        _Style(STATUS_LABELS["partial"], WHITE, hatch="////", edge=colours[0]),
        _Style(STATUS_LABELS["empty"], palette.quiet, shape="o", hollow=True),
        _Style(STATUS_LABELS["none"], palette.ink, shape="x"),
    ]
    figure = _draw_rows(rows, styles, _percent_scale("Andel besvarade frågor"), palette, legend=False)
    answered = sum(unit["status"] in ("complete", "partial") for unit in units)
    what = f"Svar från {swedish.number(answered)} av {swedish.number(len(units))} tillfrågade"
    return Chart(figure, _response_alt(units, what), caption or what)


def _response_mark(unit: Mapping[Hashable, Any]) -> _Mark:
    status = str(unit["status"])
    mark = _share_mark(unit["answered_items"], unit["asked_items"], None, list(STATUS_LABELS).index(status))
    text = STATUS_LABELS[status]
    if status == "none":
        return _Mark(0.0, text, mark.series)
    return _Mark(0.0 if mark.value is None else mark.value, f"{text}, {mark.text}", mark.series)


def _response_alt(units: Sequence[Mapping[Hashable, Any]], what: str) -> str:
    by_status = {
        status: [str(unit["name"]) for unit in units if unit["status"] == status] for status in STATUS_LABELS
    }
    parts = []
    for status, names in by_status.items():
        if names:
            named = "" if status == "complete" else f" ({swedish.join(sorted(names, key=swedish.sort_key))})"
            parts.append(f"{STATUS_LABELS[status].lower()}: {swedish.number(len(names))}{named}")
    shares = [
        (_short(str(unit["name"])), mark.value, _share_text(unit["answered_items"], unit["asked_items"]))
        for unit in units
        if unit["status"] in ("complete", "partial")
        for mark in (_response_mark(unit),)
    ]
    return (
        "Liggande staplar med andelen besvarade frågor för varje tillfrågad. "
        f"{what}. "
        f"{_capital('; '.join(parts))}. Andel besvarade frågor bland dem som svarat: "
        f"{_extremes(shares, 'störst', 'minst')}"
    )


# Numbers
# -------


def bars(
    frame: pd.DataFrame,
    label: str,
    value: str,
    *,
    unit: str = "",
    decimals: int = 0,
    sort: bool = True,
    caption: str | None = None,
    theme: str = "neutral",
) -> Chart:
    """Return a chart of numbers as bars from zero, with the numbers beside them.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each bar. Missing values are written ``..``.
    label, value : str
        The columns with the labels and the numbers.
    unit : str
        Written after each number, such as ``"timmar"`` or ``"%"``.
    decimals : int
        Decimals to show.
    sort : bool
        Largest first; else keep the order of the table.
    caption, theme
        As for `scale_chart`.

    Raises
    ------
    NothingToDraw
        When there is no number.
    ValueError
        When a column is missing.

    Examples
    --------
    >>> chart = bars(pd.DataFrame({"Insats": ["Möten", "Kurser"], "Antal": [12, 4]}), "Insats", "Antal")
    >>> chart.alt
    'Liggande staplar, Antal, 2 rader: störst ”Möten” 12; minst ”Kurser” 4.'
    """
    palette = _palette(theme)

    def written(number: float, places: int = decimals) -> str:
        text = swedish.number(number, places)
        return f"{text}{NO_BREAK_SPACE}{unit}" if unit else text

    found = _rows_of(frame, (label, value), "the table")
    rows = []
    for row in found:
        number = row[value]
        mark = _Mark(None, HIDDEN) if number is None else _Mark(float(number), written(number))
        rows.append(_Row(str(row[label]), (mark,)))
    numbers = [mark.value for row in rows for mark in row.marks if mark.value is not None]
    if not numbers:
        raise NothingToDraw(f"the column {value!r} has no numbers")
    scale = _number_scale(numbers, unit)
    if sort:
        rows = _by_size(rows)
    figure = _draw_rows(
        rows, [_Style(value, palette.series[0], edge=palette.series[0])], scale, palette, legend=False
    )
    extremes = _extremes(
        [(_short(row.label), row.marks[0].value, row.marks[0].text) for row in rows], "störst", "minst"
    )
    sentences = [f"Liggande staplar, {value}, {swedish.plural(len(rows), 'rad', 'rader')}: {extremes}"]
    alt = " ".join(sentences + _fine_print_of(rows, [value]))
    return Chart(figure, alt, caption or f"{value} efter {label[:1].lower() + label[1:]}")


def _number_scale(numbers: Sequence[float], unit: str) -> _Scale:
    """Return an axis that holds zero and all numbers, with a few round ticks."""
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    if low == high:
        high = 1.0
    ticks = [float(tick) for tick in MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    ticks = [tick for tick in ticks if low <= tick <= high]
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    places = next((n for n in range(6) if math.isclose(round(step, n), step, rel_tol=1e-9)), 6)

    def write(tick: float) -> str:
        text = swedish.number(tick, places)
        return f"{text}{NO_BREAK_SPACE}%" if unit == "%" else text

    return _Scale(low, high, tuple(ticks), write, "" if unit == "%" else unit)
