"""Charts of scales: stacked bars that diverge, low answers to the left and high ones to the right.

The axis is the same in every chart, 100 per cent to both sides of zero, so that charts can be compared, and zero
lies between two answers: what is neither low nor high, the middle of the scale and "vet ej", stands apart to the
right. Of so few answers that no percentages are released each answer is a square, below the axis and on none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
from matplotlib.figure import Figure

from analysis.report import swedish
from analysis.report.figures.chart import (
    ALL,
    DONT_KNOW,
    GROUP_LABELS,
    HIDDEN,
    Chart,
    NothingToDraw,
    Rows,
    answers_of,
    capital,
    caption_of,
    check_once,
    extremes,
    fine_print,
    group_label,
    in_sentence,
    listed,
    n_of,
    question_text,
    quoted,
    rows_of,
    without_hidden,
)
from analysis.report.figures.colours import WHITE, Palette, Polarity, palette_of, scale_colours, text_on
from analysis.report.figures.letters import LINE, SMALL, width
from analysis.report.figures.page import (
    BETWEEN,
    EDGE,
    GAP,
    WIDEST_LABEL,
    Page,
    Plot,
    Style,
    label_lines,
    short,
)

__all__ = ["scale_chart", "scale_chart_by_group", "years_scale_chart"]

BAR = 14.0
SQUARE = 10.0
SQUARES_APART = 4.0
FROM_ZERO = 0.6
"""Points between zero and a bar: parts of two sides never touch."""

LOWER_SIDE, UPPER_SIDE = "← Lägre svar", "Högre svar →"
"""What stands above the two sides of the bars."""

ONE_EACH = "För få svar för andelar: en ruta är ett svar"
"""What stands above the rows of squares."""

UNSURE_HATCH = "///"
"""Tells "vet ej" from the middle of a scale, which is as light."""


@dataclass(frozen=True)
class Stack:
    """The answers on one scale: a count for each option (None where not shown), "vet ej" and everyone.

    ``counted`` says that no percentages were released, because the answers are too few.
    """

    label: str
    options: tuple[str, ...]
    counts: tuple[int, ...] | None
    dont_know: int | None
    dont_know_label: str
    base: int | None
    polarity: Polarity = None
    heading: str = ""
    name: str = ""
    counted: bool = False

    @property
    def said(self) -> str:
        """What the alternative text calls the row."""
        name = self.name or quoted(short(self.label))
        return f"{quoted(short(self.heading))}: {name}" if self.heading else name

    def percent(self, n: float) -> float:
        """Return a number of answers in per cent of everyone."""
        return 100 * n / self.base if self.base else 0.0

    @property
    def shown(self) -> bool:
        """Whether there is anything to draw."""
        return self.counts is not None and bool(self.base)

    @property
    def few(self) -> bool:
        """Whether the answers are drawn one by one, on no axis."""
        return self.shown and self.counted

    @property
    def on_axis(self) -> bool:
        """Whether there is a bar to draw, in per cent."""
        return self.shown and not self.counted

    @property
    def parts(self) -> tuple[int, ...]:
        """How many chose each option, the lowest first, and last how many answered "vet ej"."""
        return (*(self.counts or ()), self.dont_know or 0)

    @property
    def halves(self) -> tuple[list[int], list[int]]:
        """Which parts lie below and which above the middle of the scale."""
        half, number = len(self.options) // 2, len(self.options)
        return list(range(half)), list(range(number - half, number))

    @property
    def between(self) -> list[int]:
        """Which parts belong to neither side: the middle option of an odd scale, and "vet ej"."""
        half, number = len(self.options) // 2, len(self.options)
        return [*range(half, number - half), number]

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
    """Return a chart of questions with the same scale: one bar for each question or item, to both sides.

    The middle option and "vet ej" stand apart. A row where any option is suppressed is written
    ``..`` and has no bar; a row without released percentages has a square for each answer, below the axis.

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
    texts = dict.fromkeys(question_text(counts, question) for question in questions)
    what = next(iter(texts)) if len(texts) == 1 else f"Svar på skalan {_ends(options)}"
    named = [group_label(group, group_labels)]
    return Chart(
        _draw_stacks(stacks, palette_of(theme)), _scale_alt(stacks), caption or caption_of(what, named)
    )


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
    """Return a chart of one question with a scale: one bar to both sides for each group, under each item if any.

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
    found: dict[str, list[Stack]] = {}
    for group in groups:
        label = group_label(group, group_labels)
        stacks = _stacks(counts, question, group, polarity, several=False)
        for stack in stacks:
            item = stack.label if len(stacks) > 1 else ""
            row = replace(stack, label=label, heading=item, name=in_sentence(label))
            found.setdefault(item, []).append(row)
    rows = [row for item in found.values() for row in item]
    return Chart(
        _draw_stacks(rows, palette_of(theme)),
        _scale_alt(rows),
        caption
        or caption_of(question_text(counts, question), [group_label(g, group_labels) for g in groups]),
    )


def years_scale_chart(
    rows: pd.DataFrame, *, question: str, polarity: Polarity, theme: str = "neutral"
) -> Chart:
    """Return a chart of one question with a scale over years: one bar to both sides for each year.

    Parameters
    ----------
    rows : pandas.DataFrame
        The comparison of one question and group: year, value, label, n, base, percent, suppressed; one row
        for each year and option, the options in the order of the scale. Where a column ``item`` tells parts of
        the question apart (with ``item_text``), each part has its years under a heading.
    question : str
        The wording of the question, for the caption.
    polarity : {"positive", "negative", None}
        Whether the last option is the good or the bad end.
    theme : {"neutral", "stockholm"}
        The colours.

    Raises
    ------
    NothingToDraw
        When no year can be shown.
    ValueError
        When a column is missing, there is only one year, the options differ between the years, or the counts
        do not add to their base.
    """
    columns = ("year", "value", "label", "n", "base", "percent", "suppressed")
    found = without_hidden(rows_of(rows, columns, "the comparison"))
    found = [row for row in found if not str(row["value"]).startswith("_") or row["value"] == DONT_KNOW]
    found = [{"item": None, "item_text": None, "question_text": question} | row for row in found]
    keys = [key for key in ("item", "year", "value") if any(row[key] is not None for row in found)]
    check_once(found, keys, "the comparison")
    years = sorted({int(row["year"]) for row in found})
    if len(years) < 2:
        raise ValueError("a comparison of years needs at least two years")
    items = list(dict.fromkeys(row["item"] for row in found))
    stacks = []
    for item in items:
        for year in years:
            answers = [row for row in found if (row["item"], int(row["year"])) == (item, year)]
            if answers:
                stack = _stack(answers, polarity, "")
                part = "" if item is None else stack.label
                stacks.append(replace(stack, label=str(year), heading=part, name=str(year)))
    return Chart(_draw_stacks(stacks, palette_of(theme)), _scale_alt(stacks), caption_of(question))


def _stacks(
    counts: pd.DataFrame, question: str, group: str, polarity: Polarity, *, several: bool
) -> list[Stack]:
    """Return the stacks of one question: one, or one for each item."""
    items: dict[str, Rows] = {}
    for row in answers_of(counts, question, group):
        items.setdefault(row["item"], []).append(row)
    return [
        _stack(rows, polarity, "" if item is None or not several else rows[0]["question_text"])
        for item, rows in items.items()
    ]


def _stack(rows: Rows, polarity: Polarity, heading: str) -> Stack:
    scale = [row for row in rows if row["value"] != DONT_KNOW]
    unsure = [row for row in rows if row["value"] == DONT_KNOW]
    label = str(rows[0]["item_text"] or rows[0]["question_text"])
    base = rows[0]["base"]
    hidden = base is None or any(row["n"] is None for row in rows)
    total = 0 if hidden else sum(int(row["n"]) for row in rows)
    if not hidden and total != base:
        raise ValueError(f"the counts of {label!r} add to {total}, but its base is {base:g}")
    return Stack(
        label=label,
        options=tuple(str(row["label"]) for row in scale),
        counts=None if hidden else tuple(int(row["n"]) for row in scale),
        dont_know=None if hidden or not unsure else int(unsure[0]["n"]),
        dont_know_label=str(unsure[0]["label"]) if unsure else "",
        base=None if base is None else int(base),
        polarity=polarity,
        heading=heading,
        counted=all(row["percent"] is None for row in rows),
    )


def _ends(options: Sequence[str]) -> str:
    return f"{quoted(options[0])} till {quoted(options[-1])}"


def _panels(stacks: Sequence[Stack]) -> list[tuple[str, list[Stack]]]:
    """Return the stacks by which end of the scale is good, with a heading where there are several kinds."""
    last = quoted(stacks[0].options[-1])
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


def _draw_stacks(stacks: Sequence[Stack], palette: Palette) -> Figure:
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
    page = Page(palette)
    frame = _StackFrame(page, stacks)
    unsure = next((stack.dont_know_label for stack in stacks if stack.dont_know), "")
    for heading, part in _panels(stacks):
        if heading:
            page.heading(heading)
        colours = scale_colours(len(options), part[0].polarity, palette)
        styles = [Style(option, colour) for option, colour in zip(options, colours, strict=True)]
        styles += [Style(unsure, WHITE, hatch=UNSURE_HATCH)] if unsure else []
        page.legend((style, style.name) for style in styles)
        _draw_remark(page, part[0].polarity)
        frame.draw(part, styles)
    return page.finish()


def _draw_remark(page: Page, polarity: Polarity) -> None:
    """Write below the key what the colours tell."""
    page.y -= GAP / 2
    if polarity:
        said = f"{page.palette.bad_name} är ogynnsamt, {page.palette.good_name} är gynnsamt."
        page.text(0, page.y + LINE / 2, said, size=SMALL, colour=page.palette.quiet)
        page.y += LINE
    page.y += GAP / 2


class _StackFrame:
    """Where the parts of stacked bars lie across the page: labels, bars to both sides of zero, number of answers.

    The answers below the middle of the scale grow to the left and those above it to the right, always on the same
    axis, so that charts can be compared. What belongs to neither side, the middle and "vet ej", stands apart.
    Rows of squares follow below the axis.
    """

    def __init__(self, page: Page, stacks: Sequence[Stack]) -> None:
        self.page = page
        self.labels = dict(
            zip(stacks, label_lines([stack.label for stack in stacks], WIDEST_LABEL), strict=True)
        )
        labels = max(width(line) for lines in self.labels.values() for line in lines)
        end = width(swedish.percent(100), SMALL) / 2
        left = max(labels, end) + GAP
        answers = max(width(n_of([stack.base])) for stack in stacks)
        right = EDGE - max(answers + GAP, end)
        middle = ["mitten"] if len(stacks[0].options) % 2 else []
        unsure = ["vet ej"] if any(stack.dont_know for stack in stacks if stack.on_axis) else []
        self.apart = capital(", ".join(middle + unsure))
        between = 2 * end + GAP if self.apart else 0.0
        unit = (right - left - between) / (300 if self.apart else 200)
        self.left, self.right = left, right
        self.scale = Plot(page, left, left + 200 * unit, -100, 100)
        self.side = Plot(page, right - 100 * unit, right, 0, 100) if self.apart else None

    def draw(self, stacks: Sequence[Stack], styles: Sequence[Style]) -> None:
        """Draw the rows of one panel: bars below what their sides are, on their axis, then squares."""
        with_axis = any(stack.on_axis for stack in stacks)
        bars = [stack for stack in stacks if with_axis and not stack.few]
        others = [stack for stack in stacks if stack not in bars]
        if bars:
            self._name_sides()
            self._draw_axis(self._draw_rows(bars, styles, self._draw_bar))
        if any(stack.few for stack in others):
            page = self.page
            page.y += BETWEEN if bars else 0.0
            page.text(self.left, page.y + LINE / 2, ONE_EACH, size=SMALL, colour=page.palette.quiet)
            page.y += LINE + BETWEEN / 2
        self._draw_rows(others, styles, self._draw_squares)

    def _draw_rows(
        self,
        stacks: Sequence[Stack],
        styles: Sequence[Style],
        draw: Callable[[Stack, Sequence[Style], float], None],
    ) -> list[tuple[float, float]]:
        """Draw rows below their headings; return from where to where there are rows, down the page."""
        page = self.page
        strips = []
        top, before = page.y, ""
        for stack in stacks:
            if stack.heading not in ("", before):
                strips.append((top, page.y))
                page.heading(stack.heading)
                top = page.y
            before = stack.heading
            lines = self.labels[stack]
            high = max(BAR, LINE * len(lines))
            middle = page.y + high / 2
            page.lines(0, middle, lines)
            page.text(EDGE, middle, n_of([stack.base]), align="right")
            draw(stack, styles, middle)
            page.y += high + BETWEEN
        strips.append((top, page.y))
        return [(start - BETWEEN / 2, end - BETWEEN / 2) for start, end in strips if end > start]

    def _name_sides(self) -> None:
        """Write above the bars which answers grow to which side."""
        page, y = self.page, self.page.y + LINE / 2
        quiet = page.palette.quiet
        page.text(self.scale.across(-3), y, LOWER_SIDE, align="right", size=SMALL, colour=quiet)
        page.text(self.scale.across(3), y, UPPER_SIDE, size=SMALL, colour=quiet)
        if self.side:
            page.text(self.side.left, y, self.apart, size=SMALL, colour=quiet)
        page.y += LINE + BETWEEN / 2

    def _draw_bar(self, stack: Stack, styles: Sequence[Style], y: float) -> None:
        """Draw a row in per cent: to both sides of zero, and what stands apart."""
        if not stack.shown:
            self._write_lack(stack, self.scale.across(0) + 4.0, y)
            return
        lower, upper = stack.halves
        self._draw_parts(stack, styles, [*reversed(lower)], self.scale, -1, y)
        self._draw_parts(stack, styles, upper, self.scale, 1, y)
        if self.side:
            self._draw_parts(stack, styles, stack.between, self.side, 1, y)

    def _write_lack(self, stack: Stack, x: float, y: float) -> None:
        """Write why there is nothing to draw."""
        text = "Inga svar" if stack.base == 0 else HIDDEN
        self.page.clear(x, y, width(text))
        self.page.text(x, y, text)

    def _draw_parts(
        self, stack: Stack, styles: Sequence[Style], parts: Sequence[int], plot: Plot, way: int, y: float
    ) -> None:
        """Draw some parts of a bar one after the other, away from zero, with their counts where there is room."""
        at = FROM_ZERO / plot.unit
        for part in parts:
            n = stack.parts[part]
            if not n:
                continue
            style = styles[part]
            wide = stack.percent(n)
            start = at if way > 0 else -at - wide
            self.page.bar(plot, start, wide, y, BAR, style, f"{stack.label}|{style.name}")
            text = swedish.number(n)
            if width(text) + 1.5 <= wide * plot.unit:
                middle = plot.across(start + wide / 2)
                self.page.text(
                    middle, y, text, align="center", colour=text_on(style.colour), halo=bool(style.hatch)
                )
            at += wide

    def _draw_squares(self, stack: Stack, styles: Sequence[Style], y: float) -> None:
        """Draw a square for each answer, apart from each other, from the lowest to the highest and "vet ej"."""
        if not stack.shown:
            self._write_lack(stack, self.left, y)
            return
        answers = [(styles[part], i) for part, n in enumerate(stack.parts) for i in range(1, n + 1)]
        step = min(SQUARE + SQUARES_APART, (self.right - self.left) / len(answers))
        side = min(SQUARE, 0.8 * step)
        for number, (style, i) in enumerate(answers):
            label = f"{stack.label}|{style.name}|{i}"
            self.page.bar(self.page.sheet, self.left + step * number, side, y, SQUARE, style, label)

    def _draw_axis(self, strips: Sequence[tuple[float, float]]) -> None:
        """Draw the grid behind the rows and the per cent below them."""
        page = self.page
        for plot in (self.scale, self.side):
            if plot is None:
                continue
            for tick in range(-100 if plot is self.scale else 0, 101, 50):
                for top, bottom in strips:
                    page.line(
                        plot, [tick, tick], [top, bottom], page.palette.rule if tick else page.palette.quiet
                    )
                x, text = plot.across(tick), swedish.percent(abs(tick))
                page.text(x, page.y + 3.0, text, align="center", size=SMALL, colour=page.palette.quiet)
        page.y += 9.0


def _scale_alt(stacks: Sequence[Stack]) -> str:
    options = stacks[0].options
    shown = [stack for stack in stacks if stack.shown]
    number = swedish.plural(len(stacks), "rad", "rader")
    few = [stack.said for stack in stacks if stack.few]
    if any(stack.on_axis for stack in stacks):
        sentences = [
            f"Liggande staplar i {number} med svaren på skalan {_ends(options)}: lägre svar till vänster om noll, "
            f"högre till höger{_said_apart(options)}."
        ]
        if few:
            sentences.append(f"För få svar för andelar, en ruta för varje svar: {listed(few)}.")
    else:
        sentences = [f"Rutor i {number}, en för varje svar på skalan {_ends(options)}."]
    if len(shown) == 1:
        sentences.append(f"{capital(shown[0].said)}: {_distribution(shown[0])}.")
    else:
        answers = _either(options[(len(options) + 1) // 2 :])
        sentences.append(f"Svarat {answers}: {_compared([(s, s.upper) for s in shown])}")
        unsure = [(s, s.dont_know) for s in shown if s.dont_know]
        if unsure:
            sentences.append(f"Svarat {quoted(unsure[0][0].dont_know_label)}: {_most(unsure)}.")
    turned = [stack.said for stack in stacks if stack.polarity == "negative"]
    if turned and len(turned) < len(stacks):
        sentences.append(f"Svaret {quoted(options[-1])} är ogynnsamt för {swedish.join(turned)}.")
    sentences.append(f"Antal svar: {n_of(stack.base for stack in stacks)}.")
    labels = [text for stack in stacks for text in (stack.label, stack.heading) if text]
    hidden = [stack.said for stack in stacks if stack.counts is None]
    empty = [stack.said for stack in stacks if stack.counts is not None and not stack.shown]
    return " ".join(sentences + fine_print(labels, hidden, empty))


def _said_apart(options: Sequence[str]) -> str:
    """Return where the middle of the scale stands; nothing where it has none."""
    return f", {quoted(options[len(options) // 2])} för sig" if len(options) % 2 else ""


MOST_SAID = 4
"""How many rows an alternative text tells of one by one; of more it tells the extremes."""


def _compared(rows: Sequence[tuple[Stack, int]]) -> str:
    """Return how many of each row gave an answer: all in order when they are few, else the extremes."""
    if len(rows) <= MOST_SAID:
        return f"{_each(rows)}."
    values = [(stack.said, stack.percent(n), _share_text(stack, n)) for stack, n in rows]
    return extremes(values, "störst andel för", "minst andel för")


def _most(rows: Sequence[tuple[Stack, int]]) -> str:
    """Return how many of each row gave an answer; where they are many, those where it is most common."""
    if len(rows) <= MOST_SAID:
        return _each(rows)
    most = max(stack.percent(n) for stack, n in rows)
    top = [f"{stack.said} {_share_text(stack, n)}" for stack, n in rows if stack.percent(n) == most]
    return f"störst andel för {listed(top)}"


def _each(rows: Sequence[tuple[Stack, int]]) -> str:
    return "; ".join(f"{stack.said}: {_share_text(stack, n)}" for stack, n in rows)


def _either(options: Sequence[str]) -> str:
    """Return answers next to each other on a scale: one, two, or from the first to the last."""
    if len(options) > 2:
        return _ends(options)
    return swedish.join(map(quoted, options), "eller")


def _share_text(stack: Stack, n: int) -> str:
    return f"{swedish.number(n)} av {swedish.number(stack.base or 0)}"


def _distribution(stack: Stack) -> str:
    parts = [
        f"{swedish.number(n)} {quoted(o)}" for o, n in zip(stack.options, stack.counts or (), strict=True)
    ]
    if stack.dont_know is not None:
        parts.append(f"{swedish.number(stack.dont_know)} {quoted(stack.dont_know_label)}")
    return swedish.join(parts)
