"""What a chart is, and what every chart says about the table it is drawn from.

The tables are read here into rows, missing values as None, and wrong ones are refused; the parts of captions
and alternative texts that all charts share are written here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from analysis.report import swedish
from analysis.report.figures.page import short

__all__ = ["ALL", "GROUP_LABELS", "Chart", "NothingToDraw", "drawable"]

ALL = "alla"
"""The group of everyone in the released tables."""

GROUP_LABELS: Mapping[str, str] = {
    ALL: "Alla",
    "district": "Stadsdelsförvaltningar",
    "specialist": "Fackförvaltningar",
}
"""What the groups of the released tables are called."""

HIDDEN = ".."
"""Stands where a value is suppressed or not available, as in the tables."""

DONT_KNOW = "_dont_know"

Rows = list[dict[Hashable, Any]]


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
        One of the functions of this package.
    *args, **kwargs
        Its arguments.

    Raises
    ------
    ValueError
        When the arguments are wrong, as for the function itself.

    Examples
    --------
    >>> from analysis.report.figures import bars
    >>> drawable(bars, pd.DataFrame({"Förvaltning": ["Farsta"], "Timmar": [None]}), "Förvaltning", "Timmar")
    False
    """
    try:
        chart(*args, **kwargs)
    except NothingToDraw:
        return False
    return True


# What the tables say
# -------------------


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or value == "" or (isinstance(value, float) and math.isnan(value))


def rows_of(frame: pd.DataFrame, columns: Iterable[str], name: str) -> Rows:
    """Return the rows of a table that must have these columns, missing values as None.

    Raises
    ------
    ValueError
        When a column is missing.
    """
    lacking = [column for column in columns if column not in frame.columns]
    if lacking:
        raise ValueError(f"{name} has no column {', '.join(lacking)}: it has {', '.join(map(str, frame))}")
    return [
        {key: None if _missing(value) else value for key, value in row.items()}
        for row in frame.to_dict("records")
    ]


def check_once(rows: Iterable[Mapping[Hashable, Any]], keys: Sequence[str], name: str) -> None:
    """Raise ValueError when two rows of a table stand for the same thing."""
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        key = tuple(row[column] for column in keys)
        if key in seen:
            raise ValueError(f"{name} has more than one row for {swedish.join(map(repr, key), 'and')}")
        seen.add(key)


def without_hidden(rows: Rows) -> Rows:
    """Return rows of counts without the numbers that are suppressed."""
    hide: dict[Hashable, Any] = {"n": None, "percent": None}
    return [row | hide if row["suppressed"] else row for row in rows]


def question_text(counts: pd.DataFrame, question: str) -> str:
    """Return the wording of a question; ValueError when the table does not hold it."""
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


def answers_of(counts: pd.DataFrame, question: str, group: str) -> Rows:
    """Return the rows of one question and group that are inside the base, in their order."""
    wanted = counts
    if {"question", "group"} <= set(counts.columns):
        wanted = counts[(counts["question"] == question) & (counts["group"] == group)]
    rows = rows_of(wanted, _COUNTS, "the table of counts")
    rows = [row for row in rows if not str(row["value"]).startswith("_") or row["value"] == DONT_KNOW]
    if not rows:
        raise ValueError(f"the table of counts has no question {question!r} for the group {group!r}")
    check_once(rows, ("question", "group", "item", "value"), "the table of counts")
    return without_hidden(rows)


@dataclass(frozen=True)
class Share:
    """A part of a whole as it was released: None where it is not shown, no percentage where it would mislead.

    A part without a percentage is told in numbers.

    Examples
    --------
    >>> share = Share.of(9, 16, 56.25)
    >>> share.value, share.text.replace(swedish.NO_BREAK_SPACE, " "), Share.of(None, 16, None).text
    (56.25, '9 av 16 (56 %)', '..')
    >>> few = Share.of(2, 4, None)
    >>> few.value, few.part, few.text
    (None, 50.0, '2 av 4')
    """

    n: float | None
    base: float | None
    percent: float | None

    @classmethod
    def of(cls, n: float | None, base: float | None, percent: float | None) -> Share:
        """Return a share; ValueError when the part does not lie within the whole."""
        if n is not None and base is not None and not 0 <= n <= base:
            raise ValueError(f"the part {n:g} does not lie within the whole {base:g}")
        return cls(n, base, percent)

    @property
    def part(self) -> float | None:
        """The part in hundredths of the whole, to compare sizes by; None where there is nothing to show."""
        if self.n is None or not self.base:
            return None
        return 100 * self.n / self.base if self.percent is None else self.percent

    @property
    def value(self) -> float | None:
        """The percentage to draw on an axis, None where none was released."""
        return None if self.n is None or not self.base else self.percent

    @property
    def hidden(self) -> bool:
        """Whether the part or the whole is suppressed or not available."""
        return self.n is None or self.base is None

    @property
    def text(self) -> str:
        """The count of the whole, and the percentage where one was released."""
        if self.n is None or self.base is None:
            return HIDDEN
        return f"{swedish.number(self.n)} av {swedish.number(self.base)}{self._in_percent}"

    @property
    def brief(self) -> str:
        """The same without the whole, where that is said once for all."""
        return (
            HIDDEN if self.n is None or self.base is None else f"{swedish.number(self.n)}{self._in_percent}"
        )

    @property
    def _in_percent(self) -> str:
        return "" if self.percent is None or not self.base else f" ({swedish.percent(self.percent)})"


# Captions
# --------


def n_of(bases: Iterable[float | None]) -> str:
    """Return "n = 16", or "n = 14–16" where the number of answers differs between rows."""
    known = sorted({int(base) for base in bases if base is not None})
    if not known:
        return f"n = {HIDDEN}"
    ends = list(dict.fromkeys([known[0], known[-1]]))
    return "n = " + "–".join(swedish.number(end) for end in ends)


def group_label(group: str, labels: Mapping[str, str]) -> str:
    """Return what a group is called."""
    return labels.get(group, group)


def caption_of(what: str, groups: Sequence[str] = ()) -> str:
    """Return a caption without full stop; a group that is alone, and not everyone, is named in it.

    The number of answers stands in the chart, and is not said again.

    Examples
    --------
    >>> caption_of("Hur går det?"), caption_of("Svara med ett tal.", ["Fackförvaltningar"])
    ('Hur går det?', 'Svara med ett tal (Fackförvaltningar)')
    """
    what = what.rstrip().removesuffix(".")
    alone = len(groups) == 1 and groups[0] != GROUP_LABELS[ALL]
    return f"{what} ({groups[0]})" if alone else what


# Alternative texts
# -----------------


def quoted(text: str) -> str:
    """Return a text in Swedish quotation marks, without the full stop at its end.

    Examples
    --------
    >>> quoted("Arbetet fungerar väl."), quoted("Hur går det?")
    ('”Arbetet fungerar väl”', '”Hur går det?”')
    """
    return f"”{text.removesuffix('.')}”"


def in_sentence(label: str) -> str:
    """Return a label as it is written within a sentence: without its capital, unless it is an abbreviation.

    Examples
    --------
    >>> in_sentence("Fackförvaltningar"), in_sentence("SSPF"), in_sentence("A")
    ('fackförvaltningar', 'SSPF', 'A')
    """
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def capital(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return names in running text, the first few when there are many."""
    if len(names) <= most:
        return swedish.join(names)
    return f"{', '.join(names[:most])} och {swedish.number(len(names) - most)} till"


def extremes(values: Sequence[tuple[str, float | None, str]], most: str, least: str) -> str:
    """Return the largest and the smallest of (name, value, text), with their names as they are to be written."""
    known = [(name, value, text) for name, value, text in values if value is not None]
    if not known:
        return "inga värden visas."
    high, low = max(v for _, v, _ in known), min(v for _, v, _ in known)

    def named(value: float) -> str:
        said: dict[str, list[str]] = {}
        for name, v, text in known:
            if v == value:
                said.setdefault(text, []).append(name)
        return swedish.join(f"{listed(names)}, {text}" for text, names in said.items())

    if len(known) > 1 and high == low:
        return f"lika för alla som visas, {named(high)}."
    if len(known) == 1:
        return f"{named(high)}."
    return f"{most} {named(high)}; {least} {named(low)}."


def fine_print(labels: Iterable[str], hidden: Sequence[str], empty: Sequence[str]) -> list[str]:
    """Return sentences about what is not shown, what nobody answered, and labels that the chart shortens."""
    cut = [label for label in dict.fromkeys(labels) if short(label) != label]
    named = (
        (f"Visas inte ({HIDDEN})", hidden),
        ("Inga svar", empty),
        ("Avkortade texter i sin helhet", [quoted(label) for label in cut]),
    )
    return [f"{what}: {swedish.join(names)}." for what, names in named if names]
