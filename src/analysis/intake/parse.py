"""What one cell of an export says: labels, choices, numbers and dates. Nothing is guessed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

from analysis.survey.instrument import Question, fold

YES = frozenset({"ja", "yes", "y", "1", "true", "x", "vald", "selected", "checked"})
NO = frozenset({"nej", "no", "n", "0", "false", "inte vald", "ej vald", "not selected", "unchecked"})
"""What tools write in the column of an option that was, or was not, chosen (folded)."""

MISSING_WORDS = {
    **dict.fromkeys(("vet ej", "vet inte", "don't know", "i don't know", "do not know"), "_dont_know"),
    **dict.fromkeys(
        ("ej aktuellt", "inte aktuellt", "ej tillämpligt", "not applicable", "n/a"), "_not_relevant"
    ),
}
"""What people write in the place of a number or a date (folded), and the missing kind it means."""


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
    parts = cell.split(separator if separator in cell else separator.strip())
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


def parse_date(text: str, order: str) -> dt.datetime | None:
    """Return the date and time that a text is, or None if that is not certain.

    ``2021-10-19`` is always understood; ``3/4/2021`` by `order`: ``dmy`` or ``mdy``. With ``ymd`` a date such
    as ``3/4/2021`` stays uncertain.

    Examples
    --------
    >>> parse_date("2021-10-19 08:30", "ymd"), parse_date("3/4/2021", "ymd")
    (datetime.datetime(2021, 10, 19, 8, 30), None)
    """
    match = re.fullmatch(
        r"(\d{1,4})([-/.])(\d{1,2})\2(\d{2,4})(?:[ T](\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)?)?", text.strip()
    )
    if not match:
        return None
    first, _, second, third, *clock = match.groups()
    if len(first) == 4:
        year, month, day = int(first), int(second), int(third)
    elif len(third) == 4 and order != "ymd":
        day, month, year = (
            (int(first), int(second), int(third)) if order == "dmy" else (int(second), int(first), int(third))
        )
    else:
        return None
    hour, minute, second_of = (int(c or 0) for c in clock)
    try:
        return dt.datetime(year, month, day, hour, minute, second_of)
    except ValueError:
        return None
