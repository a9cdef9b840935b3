"""What one cell of an export says: labels, choices, numbers and dates. Nothing is guessed."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from analysis.survey.instrument import Question, fold

YES = frozenset({"ja", "yes", "y", "1", "true", "x", "vald", "selected", "checked"})
NO = frozenset({"nej", "no", "n", "0", "false", "inte vald", "ej vald", "not selected", "unchecked"})
"""What tools write in the column of an option that was, or was not, chosen (folded)."""

_DONT_KNOW = (
    "vet ej", "vet inte", "kan ej bedöma", "kan inte bedöma", "ingen uppfattning", "ingen åsikt",
    "don't know", "i don't know", "do not know", "not sure", "no opinion",
)  # fmt: skip
_NOT_RELEVANT = (
    "ej aktuellt", "inte aktuellt", "ej tillämpligt", "ej relevant", "inte relevant",
    "not applicable", "n/a", "not relevant", "doesn't apply", "does not apply",
)  # fmt: skip
MISSING_WORDS = dict.fromkeys(_DONT_KNOW, "_dont_know") | dict.fromkeys(_NOT_RELEVANT, "_not_relevant")
"""What people write in the place of an answer (folded), and the missing kind it means."""


@dataclass(frozen=True)
class Choices:
    """What a cell of a multiple-choice question says: values of options, and text that is no option."""

    values: tuple[str, ...]
    rest: tuple[str, ...]


def label_values(question: Question) -> dict[str, str]:
    """Return the value of each option of a question by its folded label."""
    return {fold(o.label): o.value for o in question.options}


def split_choices(
    cell: str, separator: str, values: dict[str, str], bare: Callable[[str], str] = lambda part: part
) -> Choices:
    """Split a cell by the option list, the longest option first.

    Parameters
    ----------
    cell : str
        The cell.
    separator : str
        Between options; an option's own label may contain it.
    values : dict
        Value by folded label.
    bare : callable
        Takes a tool's own code off a label.

    Examples
    --------
    >>> values = {"yes": "yes", "no": "no", "no, but we planned to": "planned"}
    >>> split_choices("No, but we planned to, Yes, Perhaps", ", ", values)
    Choices(values=('planned', 'yes'), rest=('Perhaps',))
    """
    parts = cell.split(separator if separator in cell else separator.strip() or separator)
    found: list[str] = []
    rest: list[str] = []
    start = 0
    while start < len(parts):
        for stop in range(len(parts), start, -1):
            value = values.get(fold(bare(separator.join(parts[start:stop]).strip())))
            if value is not None:
                found.append(value)
                start = stop
                break
        else:
            if parts[start].strip():
                rest.append(bare(parts[start].strip()))
            start += 1
    return Choices(tuple(dict.fromkeys(found)), tuple(rest))


def parse_number(text: str, decimal: str) -> float | None:
    """Return the number that a text is, or None if that is not certain.

    Blanks group thousands. The other decimal mark is taken too, except where it could group thousands.

    Examples
    --------
    >>> parse_number("1 250,5", ","), parse_number("20.0", ","), parse_number("1.250", ","), parse_number("ca 20", ",")
    (1250.5, 20.0, None, None)
    """
    match = re.fullmatch(
        r"([-\u2212]?)(\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+|\d+)(?:([.,])(\d+))?", text.strip()
    )
    if not match:
        return None
    sign, whole, mark, decimals = match.groups()
    if mark and mark != decimal and len(decimals) == 3 and whole not in ("0", "00"):
        return None
    digits = re.sub(r"\D", "", whole)
    number = float(f"{digits}.{decimals or 0}")
    return -number if sign else number


_DATE = re.compile(
    r"""
    (?P<first>\d{1,4}) ([-/.]) (?P<second>\d{1,2}) \2 (?P<third>\d{1,4})
    (?: [ T]+ (?P<hour>\d{1,2}) [:.] (?P<minute>\d\d) (?: [:.] (?P<whole>\d\d) )? (?: \.\d+ )?
        (?: [ ]? (?P<half>[aApPfFeE]) \.? [mM]\b \.? )?
        (?: [ ]? (?: Z | [A-Z]{3,4} )? (?: [-+\u2212] \d\d? (?: :? \d\d )? )? )?  # time zone
    )?
    """,
    re.VERBOSE,
)

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?", re.ASCII)


def parse_date(text: str, order: str | None = None) -> dt.datetime | None:
    """Return the date and time that a text is, or None if that is not certain.

    ``2021-10-19`` is always understood; ``3/4/2021`` by `order`: ``dmy`` or ``mdy``. With ``ymd`` such a date stays
    uncertain; without an order it is understood where only one reading is a date. A time zone is passed over: the
    time is what the clock showed.

    Examples
    --------
    >>> parse_date("2021-10-19 08:30"), parse_date("3/4/2021"), parse_date("3/4/2021", "dmy")
    (datetime.datetime(2021, 10, 19, 8, 30), None, datetime.datetime(2021, 4, 3, 0, 0))
    >>> parse_date("10/19/2021 3:04:02 PM")
    datetime.datetime(2021, 10, 19, 15, 4, 2)
    """
    if _ISO.fullmatch(text):
        with contextlib.suppress(ValueError):
            return dt.datetime.fromisoformat(text)
        return None
    match = _DATE.fullmatch(text.strip())
    if not match:
        return None
    first, second, third = match["first"], match["second"], match["third"]
    hour = int(match["hour"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"].casefold()[0] in "pe" else 0)
    if len(first) == 4:
        readings = [(first, second, third)]
    elif len(third) == 4:
        both = {"dmy": (third, second, first), "mdy": (third, first, second)}
        readings = [both[o] for o in both if order in (o, None)]
    else:
        readings = []
    found = set()
    for year, month, day in readings:
        with contextlib.suppress(ValueError):  # no such day: not this reading
            time = (hour, int(match["minute"] or 0), int(match["whole"] or 0))
            found.add(dt.datetime(int(year), int(month), int(day), *time))
    return found.pop() if len(found) == 1 else None


def date_order(texts: Iterable[str]) -> str | None:
    """Return the order of day and month that the dates of a column tell together, or None.

    One date with a day above 12 tells it for all, unless another contradicts it.

    Examples
    --------
    >>> date_order(["3/4/2021", "25/4/2021"]), date_order(["3/4/2021"]), date_order(["25/4/2021", "4/25/2021"])
    ('dmy', None, None)
    """
    told = set()
    for text in texts:
        if _ISO.fullmatch(text) is None and _DATE.fullmatch(text.strip()):
            day_first, month_first = parse_date(text, "dmy"), parse_date(text, "mdy")
            if (day_first is None) != (month_first is None):
                told.add("mdy" if day_first is None else "dmy")
    return told.pop() if len(told) == 1 else None
