"""Charts of rows of bars: choices (panels side by side for the groups), response, numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.report import swedish
from analysis.report.figures.chart import (
    ALL,
    DONT_KNOW,
    GROUP_LABELS,
    HIDDEN,
    Chart,
    NothingToDraw,
    Rows,
    Share,
    answers_of,
    capital,
    caption_of,
    extremes,
    fine_print,
    group_label,
    in_sentence,
    n_of,
    question_text,
    quoted,
    rows_of,
)
from analysis.report.figures.colours import WHITE, Palette, palette_of
from analysis.report.figures.letters import LINE, SMALL, widest_word, width, wrap
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
from analysis.report.swedish import NO_BREAK_SPACE

__all__ = ["bars", "choice_chart", "response_chart"]

STATUS_LABELS: Mapping[str, str] = {
    "complete": "Fullständigt svar",
    "partial": "Ofullständigt svar",
    "empty": "Tomt svar",
    "none": "Inget svar",
}
"""What the states of an answered form are called."""

CHOSEN = "chosen"
RESPONDENTS = "de svarande"
"""Whom the shares are of, unless a chart says otherwise."""


# Drawing
# -------

BAR = 10.0
BESIDE = 4.0
"""Points between a bar and its text."""

APART = 14.0
"""Points between two panels."""

MOST_DOTS = 4
"""So many dots stand for answers one by one: of five and more there are percentages."""

DOT = 10.0
"""Points from one dot to the next."""

GOOD_AXIS = 55.0
"""Points; where panels would get a shorter axis, their labels are set in a narrower column."""

SHORTEST_AXIS = 40.0
"""Points; where panels would get a shorter axis, some of them are drawn below the others."""


@dataclass(frozen=True)
class Mark:
    """One value of a row: its place on the axis (None: it has none), the text beside it, how it is drawn.

    ``said`` is what the alternative text tells of it. A share of too few for percentages is ``counted``: so
    many of so many, which in a panel without axis are drawn as ``dots``.
    """

    value: float | None
    text: str
    said: str
    style: int = 0
    counted: tuple[int, int] | None = None
    dots: int = 0

    @property
    def size(self) -> float | None:
        """What rows are sorted and compared by."""
        if self.counted is None:
            return self.value
        part, whole = self.counted
        return 100 * part / whole


@dataclass(frozen=True)
class Row:
    """A row of a chart: its label and a mark for each panel."""

    label: str
    marks: tuple[Mark, ...]
    heading: str = ""


@dataclass(frozen=True)
class Panel:
    """A part of a chart that has all rows: its name, and how many answered."""

    name: str = ""
    n: str = ""


@dataclass(frozen=True)
class Scale:
    """The axis: from where to where, the ticks, how they are written, what they count."""

    low: float
    high: float
    ticks: tuple[float, ...]
    write: Callable[[float], str]
    title: str

    def reach(self, mark: Mark, axis: float) -> float:
        """Return how far a mark reaches from the left end of an axis so many points long."""
        if mark.dots:
            return DOT * mark.dots
        return axis * (max(mark.value or 0.0, 0.0) - self.low) / (self.high - self.low)


def _percent(title: str) -> Scale:
    """Return the axis of shares in per cent, with its title."""
    return Scale(0, 100, (0, 25, 50, 75, 100), swedish.percent, title)


@dataclass(frozen=True)
class _Plan:
    """What a chart shows: rows in panels that share a scale."""

    rows: Sequence[Row]
    panels: Sequence[Panel]
    styles: Sequence[Style]
    scale: Scale

    def draw(self, palette: Palette, legend: Sequence[Style] = ()) -> Figure:
        """Draw the rows in panels side by side, each mark with its text beside it."""
        if all(mark.size is None for row in self.rows for mark in row.marks):
            raise NothingToDraw("every value is suppressed, missing or without answers")
        page = Page(palette)
        if legend:
            page.legend((style, style.name) for style in legend)
        for room in NARROWER_LABELS:
            labels = label_lines([row.label for row in self.rows], room)
            widest = max(width(line) for lines in labels for line in lines)
            left = max(widest, width(self.scale.write(self.scale.ticks[0]), SMALL) / 2) + GAP
            bands, axis = self._bands(EDGE - left)
            if len(bands) == 1 and axis >= GOOD_AXIS:
                break
        for band in bands:
            page.y += GAP if page.y > GAP else 0.0
            _Band(page, self, band, labels, left, axis).draw()
        return page.finish()

    def panel_width(self, number: int, axis: float) -> float:
        """Return how much room a panel takes: its axis, the texts beside the bars, and its heading."""
        scale, panel = self.scale, self.panels[number]
        marks = [row.marks[number] for row in self.rows]
        head = max(widest_word(panel.name, bold=True), width(panel.n, SMALL))
        last_tick = width(scale.write(scale.ticks[-1]), SMALL) / 2
        texts = max(scale.reach(mark, axis) + BESIDE + width(mark.text) for mark in marks)
        return max(axis + last_tick, texts, head)

    def _bands(self, room: float) -> tuple[list[list[int]], float]:
        """Return which panels stand side by side, and how long all axes are."""
        number = len(self.panels)
        for size in range(number, 0, -1):
            bands = [list(range(start, min(start + size, number))) for start in range(0, number, size)]
            axis = min(self._axis_length(band, room) for band in bands)
            if axis >= SHORTEST_AXIS:
                break
        return bands, max(axis, SHORTEST_AXIS)

    def _axis_length(self, band: Sequence[int], room: float) -> float:
        """Return how long the axes can be so that the panels fit beside each other with all their texts."""
        room -= APART * (len(band) - 1)
        low, high = 0.0, room
        while high - low > 0.1:
            axis = (low + high) / 2
            if sum(self.panel_width(number, axis) for number in band) <= room:
                low = axis
            else:
                high = axis
        return low


class _Band:
    """Panels side by side, with the labels of the rows to their left."""

    def __init__(
        self,
        page: Page,
        plan: _Plan,
        numbers: Sequence[int],
        labels: Sequence[Sequence[str]],
        left: float,
        axis: float,
    ) -> None:
        self.page, self.plan, self.numbers, self.labels = page, plan, numbers, labels
        self.plots, self.axis = [], axis
        self.rooms = [plan.panel_width(number, axis) for number in numbers]
        for room in self.rooms:
            self.plots.append(Plot(page, left, left + axis, plan.scale.low, plan.scale.high))
            left += room + APART
        self.grid: list[tuple[float, float]] = []

    def draw(self) -> None:
        """Draw the headings, the rows and the axes."""
        self._draw_heads()
        for row, lines in zip(self.plan.rows, self.labels, strict=True):
            if row.heading:
                self.page.heading(row.heading)
            if row.heading or not self.grid:
                self.grid.append((self.page.y - BETWEEN / 2, self.page.y))
            high = LINE * len(lines)
            middle = self.page.y + high / 2
            self.page.lines(0, middle, lines)
            for plot, number in zip(self.plots, self.numbers, strict=True):
                self._draw_mark(plot, row, self.plan.panels[number].name, row.marks[number], middle)
            self.page.y += high + BETWEEN
            self.grid[-1] = (self.grid[-1][0], self.page.y - BETWEEN / 2)
        self._draw_axes()

    def _draw_heads(self) -> None:
        page = self.page
        heads = [
            wrap(self.plan.panels[number].name, room, 3, bold=True) if self.plan.panels[number].name else ()
            for number, room in zip(self.numbers, self.rooms, strict=True)
        ]
        most = max(len(lines) for lines in heads)
        if not most:
            return
        for plot, number, lines in zip(self.plots, self.numbers, heads, strict=True):
            top = page.y + LINE * (most - len(lines))
            page.lines(plot.left, top + LINE * len(lines) / 2, lines, bold=True)
            middle = page.y + LINE * most + LINE / 2
            page.text(plot.left, middle, self.plan.panels[number].n, size=SMALL, colour=page.palette.quiet)
        page.y += LINE * (most + 1) + BETWEEN

    def _draw_mark(self, plot: Plot, row: Row, panel: str, mark: Mark, y: float) -> None:
        page, style = self.page, self.plan.styles[mark.style]
        label = f"{row.label}|{panel or style.name}"
        if mark.value is not None and style.shape:
            page.marker(plot, mark.value, y, style, label)
        elif mark.value:
            page.bar(plot, 0, mark.value, y, BAR, style, label)
        self._draw_dots(plot, mark, style, y)
        reach = self.plan.scale.reach(mark, self.axis)
        beside = plot.left + reach + BESIDE + (3.0 if style.shape else 0.0)
        page.text(beside, y, mark.text)
        page.clear(beside, y, width(mark.text))

    def _draw_dots(self, plot: Plot, mark: Mark, style: Style, y: float) -> None:
        """Draw a dot for each of the few who answered: filled for those who gave the answer."""
        part = mark.counted[0] if mark.counted else 0
        for number in range(mark.dots):
            dot = Style(style.name, style.colour, "o", hollow=number >= part)
            self.page.marker(self.page.sheet, plot.left + DOT * (number + 0.5), y, dot)

    def _draw_axes(self) -> None:
        """Draw the grid behind the rows, and the ticks and the title of the axis below them.

        A panel without a value on the axis has none.
        """
        page, scale = self.page, self.plan.scale
        plots = [
            plot
            for plot, number in zip(self.plots, self.numbers, strict=True)
            if any(row.marks[number].value is not None for row in self.plan.rows)
        ]
        if not plots:
            return
        for plot in plots:
            ticks = list(scale.ticks)
            apart = max(width(scale.write(tick), SMALL) for tick in ticks) + 6.0
            while len(ticks) > 2 and (ticks[1] - ticks[0]) * plot.unit < apart:
                ticks = ticks[::2] if len(ticks) % 2 else [ticks[0], ticks[-1]]
            for tick in ticks:
                colour = page.palette.quiet if tick == 0 else page.palette.rule
                for top, bottom in self.grid:
                    page.line(plot, [tick, tick], [top, bottom], colour, thick=1.0 if tick == 0 else 0.7)
                x, text = plot.across(tick), scale.write(tick)
                page.text(x, page.y + 3.0, text, align="center", size=SMALL, colour=page.palette.quiet)
        page.y += 9.0
        if scale.title:
            wide = width(scale.title, SMALL)
            ends = plots[0].across(scale.low), plots[-1].across(scale.high)
            middle = min(max(sum(ends) / 2, wide / 2 + 4.0), EDGE - wide / 2)
            page.text(
                middle, page.y + 6.0, scale.title, align="center", size=SMALL, colour=page.palette.quiet
            )
            page.y += 12.0


def _by_size(rows: Iterable[Row]) -> list[Row]:
    """Return the rows by their first mark: largest first, those not shown last, equals in their order before."""

    def key(row: Row) -> tuple[bool, float]:
        size = row.marks[0].size
        return size is None, -(size or 0.0)

    return sorted(rows, key=key)


def _fine_print_of(rows: Sequence[Row], panels: Sequence[str]) -> list[str]:
    """Return sentences about what is not shown; the panel is named where there are several."""
    unseen = [
        (f"{quoted(short(row.label))}{f' ({in_sentence(panel)})' if len(panels) > 1 else ''}", mark.text)
        for row in rows
        for panel, mark in zip(panels, row.marks, strict=True)
        if mark.size is None
    ]
    hidden = [name for name, text in unseen if text == HIDDEN]
    empty = [name for name, text in unseen if text != HIDDEN]
    return fine_print((row.label for row in rows), hidden, empty)


# Choices
# -------


@dataclass(frozen=True)
class _Option:
    """What could be chosen: its label and its share in each group, in the order of the groups."""

    label: str
    of: list[Share]


def _draw_options(
    options: Sequence[_Option],
    groups: Sequence[str],
    palette: Palette,
    *,
    respondents: str,
    sort: bool,
    last: _Option | None,
) -> tuple[Figure, list[Row], list[Panel]]:
    """Draw a row for each option and a panel for each group; return also what was drawn."""
    everything = [*options, last] if last else list(options)
    several = len(groups) > 1
    bases = [[option.of[number].base for option in everything] for number in range(len(groups))]
    brief = [several and len(set(of_group) - {None}) == 1 for of_group in bases]
    panels = [Panel(name, n_of(of_group)) for name, of_group in zip(groups, bases, strict=True)]
    with_axis = [
        any(option.of[number].value is not None for option in everything) for number in range(len(groups))
    ]

    def row(option: _Option) -> Row:
        marks = (
            _share_mark(share, share.brief if is_brief else share.text, has_axis)
            for share, is_brief, has_axis in zip(option.of, brief, with_axis, strict=True)
        )
        return Row(option.label, tuple(marks))

    rows = [row(option) for option in options]
    rows = (_by_size(rows) if sort else rows) + ([row(last)] if last else [])
    styles = [Style(groups[0], palette.series[0])]
    figure = _Plan(rows, panels if several else [Panel()], styles, _percent(f"Andel av {respondents}")).draw(
        palette
    )
    return figure, rows, panels


def _share_mark(share: Share, text: str, has_axis: bool) -> Mark:
    """Return the mark of a share: on the axis, or counted where no percentage is shown of so few."""
    if share.value is not None:
        return Mark(share.value, text, share.text)
    if share.n is None or not share.base:
        return Mark(None, text, share.text)
    part, whole = int(share.n), int(share.base)
    dots = whole if whole <= MOST_DOTS and not has_axis else 0
    return Mark(None, text, share.text, counted=(part, whole), dots=dots)


def _options_alt(rows: Sequence[Row], panels: Sequence[Panel], respondents: str) -> str:
    """Return the alternative text of options: the extremes of each group, and how many answered."""
    names = [in_sentence(panel.name) for panel in panels]
    beside = f" i rutor sida vid sida för {swedish.join(names)}" if len(names) > 1 else ""
    sentences = [
        f"Liggande staplar med andelen av {respondents} för {swedish.number(len(rows))} svarsalternativ{beside}."
    ]
    for number, panel in enumerate(panels):
        values = [(quoted(short(row.label)), row.marks[number].size, row.marks[number].said) for row in rows]
        sentences.append(f"{panel.name} ({panel.n}): {extremes(values, 'vanligast är', 'minst vanligt är')}")
    return " ".join(sentences + _fine_print_of(rows, [panel.name for panel in panels]))


def choice_chart(
    counts: pd.DataFrame,
    question: str,
    *,
    groups: Sequence[str] = (ALL,),
    group_labels: Mapping[str, str] = GROUP_LABELS,
    sort: bool = True,
    respondents: str = RESPONDENTS,
    caption: str | None = None,
    theme: str = "neutral",
) -> Chart:
    """Return a chart of a question with one or several choices: a row for each option, a panel for each group.

    A group of so few that no percentages were released has a dot for each answer and no axis.
    Each bar has its count beside it, with the percentage where one was released: "9 (56 %)" where the heading
    of the panel tells how many answered, else "9 av 16 (56 %)". "Vet ej" comes last; of several choices it has a row
    where somebody has answered so.

    Parameters
    ----------
    counts, group_labels, caption, theme
        As for `scale_chart`. A question with several choices has a row ``chosen`` for each item.
    question : str
        Id of the question.
    groups : sequence of str
        The groups to draw; rows are sorted by the first.
    sort : bool
        Sort by size, equals in the order of the table; else keep the order of the table, as for ages or
        frequencies.
    respondents : str
        Whom the shares are of, as in running text, such as "förvaltningarna".

    Raises
    ------
    NothingToDraw
        When no value can be shown.
    ValueError
        When the question or a group is missing, or a part is larger than its whole.
    """
    palette = palette_of(theme)
    names = [group_label(group, group_labels) for group in groups]
    labels: dict[tuple[Any, Any], str] = {}
    found: dict[tuple[Any, Any], dict[str, Share]] = {}
    for group in groups:
        for row in _choices(counts, question, group):
            option = (row["item"], row["value"])
            labels.setdefault(option, str(row["item_text"] if row["value"] == CHOSEN else row["label"]))
            found.setdefault(option, {})[group] = Share.of(row["n"], row["base"], row["percent"])
    options = {
        option: _Option(labels[option], [of.get(group, Share.of(None, None, None)) for group in groups])
        for option, of in found.items()
    }
    unsure = options.pop((None, DONT_KNOW), None)
    several = any(value == CHOSEN for _, value in options)
    if unsure and several and all(share.n == 0 or share.base is None for share in unsure.of):
        unsure = None
    figure, rows, panels = _draw_options(
        list(options.values()), names, palette, respondents=respondents, sort=sort, last=unsure
    )
    alt = _options_alt(rows, panels, respondents)
    return Chart(figure, alt, caption or caption_of(question_text(counts, question), names))


def _choices(counts: pd.DataFrame, question: str, group: str) -> Rows:
    """Return a row for each option of a question: of several choices, how many chose it, and how many "vet ej"."""
    rows = answers_of(counts, question, group)
    chosen = [row for row in rows if row["value"] == CHOSEN]
    if not chosen and any(row["item"] for row in rows):
        raise ValueError(f"the question {question!r} has items with options: draw it with scale_chart")
    return [*chosen, *_unsure(rows)] if chosen else rows


def _unsure(rows: Rows) -> Rows:
    """Return the row of "vet ej" of a question with several choices, which is said once, of all of them.

    Where it was said of some options only, there is none.
    """
    unsure = [row | {"item": None, "item_text": None} for row in rows if row["value"] == DONT_KNOW]
    same = len({(row["n"], row["base"]) for row in unsure}) == 1
    return unsure[:1] if same else []


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
    palette = palette_of(theme)
    columns = ("name", "kind", "invited", "status", "answered_items", "asked_items")
    units = [row for row in rows_of(response, columns, "the table of response") if row["invited"]]
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
        heading = group_label(kind, group_labels) if len(kinds) > 1 else ""
        for number, unit in enumerate(members):
            rows.append(Row(str(unit["name"]), (_response_mark(unit),), "" if number else heading))
    colour = palette.series[0]
    styles = [
        Style(STATUS_LABELS["complete"], colour),
        Style(STATUS_LABELS["partial"], WHITE, hatch="////", edge=colour),
        Style(STATUS_LABELS["empty"], palette.quiet, shape="o", hollow=True),
        Style(STATUS_LABELS["none"], palette.ink, shape="x"),
    ]
    seen = sorted({row.marks[0].style for row in rows} & {0, 1})
    figure = _Plan(rows, [Panel()], styles, _percent("Andel ifyllda frågor")).draw(
        palette, [styles[number] for number in seen]
    )
    answered = sum(unit["status"] in ("complete", "partial") for unit in units)
    what = f"Svar från {swedish.number(answered)} av {swedish.number(len(units))} tillfrågade"
    return Chart(figure, _response_alt(units, what), caption or what)


def _response_mark(unit: Mapping[Hashable, Any]) -> Mark:
    status = str(unit["status"])
    share = Share.of(unit["answered_items"], unit["asked_items"], None)
    label = STATUS_LABELS[status]
    texts = {"complete": share.text, "none": label}
    text = texts.get(status, f"{share.text}, {in_sentence(label)}")
    value = 0.0 if status == "none" else share.part or 0.0
    return Mark(value, text, share.text, list(STATUS_LABELS).index(status))


def _response_alt(units: Sequence[Mapping[Hashable, Any]], what: str) -> str:
    parts = []
    for status, label in STATUS_LABELS.items():
        names = sorted(
            (str(unit["name"]) for unit in units if unit["status"] == status), key=swedish.sort_key
        )
        if names:
            named = "" if status == "complete" else f" ({swedish.join(names)})"
            parts.append(f"{in_sentence(label)}: {swedish.number(len(names))}{named}")
    shares = [
        (str(unit["name"]), mark.value, mark.said)
        for unit in units
        if unit["status"] in ("complete", "partial")
        for mark in (_response_mark(unit),)
    ]
    return (
        "Liggande staplar med andelen ifyllda frågor för varje tillfrågad. "
        f"{what}. "
        f"{capital('; '.join(parts))}. Antal ifyllda frågor bland dem som svarat: "
        f"{extremes(shares, 'störst andel för', 'minst andel för')}"
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
    'Liggande staplar, Antal, 2 rader: störst är ”Möten”, 12; minst är ”Kurser”, 4.'
    """
    palette = palette_of(theme)
    rows = []
    for row in rows_of(frame, (label, value), "the table"):
        number = row[value]
        text = HIDDEN if number is None else _with_unit(swedish.number(number, decimals), unit)
        rows.append(Row(str(row[label]), (Mark(None if number is None else float(number), text, text),)))
    numbers = [mark.value for row in rows for mark in row.marks if mark.value is not None]
    if not numbers:
        raise NothingToDraw(f"the column {value!r} has no numbers")
    if sort:
        rows = _by_size(sorted(rows, key=lambda row: swedish.sort_key(row.label)))
    style = Style(value, palette.series[0])
    figure = _Plan(rows, [Panel()], [style], _number_scale(numbers, unit)).draw(palette)
    values = [(quoted(short(row.label)), row.marks[0].value, row.marks[0].said) for row in rows]
    counted = swedish.plural(len(rows), "rad", "rader")
    sentences = [f"Liggande staplar, {value}, {counted}: {extremes(values, 'störst är', 'minst är')}"]
    alt = " ".join(sentences + _fine_print_of(rows, [value]))
    return Chart(figure, alt, caption or f"{value} efter {label[:1].lower() + label[1:]}")


def _with_unit(number: str, unit: str) -> str:
    return f"{number}{NO_BREAK_SPACE}{unit}" if unit else number


def _number_scale(numbers: Sequence[float], unit: str) -> Scale:
    """Return an axis that holds zero and all numbers, with a few round ticks."""
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    if low == high:
        high = 1.0
    ticks = [float(tick) for tick in MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    ticks = [tick for tick in ticks if low <= tick <= high]
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    places = next((n for n in range(6) if math.isclose(round(step, n), step, rel_tol=1e-9)), 6)

    def write(tick: float) -> str:
        return _with_unit(swedish.number(tick, places), unit if unit == "%" else "")

    return Scale(low, high, tuple(ticks), write, "" if unit == "%" else unit)
