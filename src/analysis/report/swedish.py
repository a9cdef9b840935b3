"""How the reports write numbers, dates, lists and names in Swedish.

One place for tables, figures, sentences and alternative texts. Numbers have a decimal comma, a no-break space
between thousands from five digits, a true minus and a no-break space before the percent sign (Svenska
skrivregler). The rules are the project's own: no system locale is read, because ``sv_SE`` is missing on many
machines.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"

MONTHS = (
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
)

# The Swedish alphabet ends with å ä ö; ü is sorted as y, æ as ä and ø as ö.
_LAST_LETTERS = str.maketrans({"å": "\ue000", "ä": "\ue001", "æ": "\ue001", "ö": "\ue002", "ø": "\ue002"})
_OTHER_LETTERS = str.maketrans({"ü": "y", "ð": "d", "þ": "th", "ł": "l", "đ": "d"})


def rounded(value: int | float, decimals: int = 0) -> Decimal:
    """Return `value` rounded half away from zero, as people round and as the tables show it.

    Parameters
    ----------
    value : int or float
        A finite number. A float counts as the shortest decimal that stands for it, so 2.675 is 2.675.
    decimals : int
        Decimals to keep, 0 or more.

    Raises
    ------
    ValueError
        For infinite numbers and not-a-number.

    Examples
    --------
    >>> rounded(2.5), rounded(-2.5), rounded(2.675, 2)
    (Decimal('3'), Decimal('-3'), Decimal('2.68'))
    """
    exact = Decimal(str(value))
    if not exact.is_finite():
        raise ValueError(f"{value!r} is not a finite number and cannot be written")
    result = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return abs(result) if result.is_zero() else result


def number(value: int | float, decimals: int = 0) -> str:
    """Return a number as Swedish text.

    Parameters
    ----------
    value : int or float
        A finite number.
    decimals : int
        Decimals to show; rounding is half away from zero.

    Examples
    --------
    >>> number(2021), number(-3.25, 1), number(1234567.5, 1).replace(NO_BREAK_SPACE, "_")
    ('2021', '−3,3', '1_234_567,5')
    """
    shown = rounded(value, decimals)
    whole, _, fraction = f"{abs(shown):f}".partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", NO_BREAK_SPACE)
    return (MINUS if shown < 0 else "") + whole + (f",{fraction}" if fraction else "")


def percent(value: int | float, decimals: int = 0) -> str:
    """Return a percentage (0–100) as Swedish text.

    Examples
    --------
    >>> percent(50).replace(NO_BREAK_SPACE, "_"), percent(66.66, 1).replace(NO_BREAK_SPACE, "_")
    ('50_%', '66,7_%')
    """
    return f"{number(value, decimals)}{NO_BREAK_SPACE}%"


def plural(n: int, one: str, many: str) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> plural(1, "förvaltning", "förvaltningar"), plural(9, "förvaltning", "förvaltningar")
    ('1 förvaltning', '9 förvaltningar')
    """
    return f"{number(n)} {one if n == 1 else many}"


def share(n: int, total: int, one: str, many: str, *, smallest_total: int = 1) -> str:
    """Return a part of a whole: the count first, the percentage second.

    Parameters
    ----------
    n, total : int
        The part and the whole, ``0 <= n <= total``.
    one, many : str
        The noun in singular and plural. It follows the whole.
    smallest_total : int
        The percentage is left out when the whole is smaller than this.

    Raises
    ------
    ValueError
        When the part is not within the whole.

    Examples
    --------
    >>> share(9, 18, "förvaltning", "förvaltningar").replace(NO_BREAK_SPACE, "_")
    '9 av 18 förvaltningar (50_%)'
    >>> share(2, 3, "förvaltning", "förvaltningar", smallest_total=10)
    '2 av 3 förvaltningar'
    """
    if not 0 <= n <= total:
        raise ValueError(f"the part {n} does not lie within the whole {total}")
    counts = f"{number(n)} av {plural(total, one, many)}"
    if total < max(smallest_total, 1):
        return counts
    return f"{counts} ({percent(100 * n / total)})"


def join(items: Iterable[str], word: str = "och") -> str:
    """Return the items as a list in running text.

    Examples
    --------
    >>> join(["a", "b", "c"]), join(["a", "b"], "eller"), join(["a"]), join([])
    ('a, b och c', 'a eller b', 'a', '')
    """
    *first, last = list(items) or [""]
    return f"{', '.join(first)} {word} {last}" if first else last


def date(day: datetime.date | str) -> str:
    """Return a date as it is written in running text.

    Parameters
    ----------
    day : datetime.date or str
        A date, or an ISO date such as ``"2021-10-19"``.

    Raises
    ------
    ValueError
        When the text is not an ISO date.

    Examples
    --------
    >>> date("2021-10-19")
    '19 oktober 2021'
    """
    day = as_date(day)
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def iso_date(day: datetime.date | str) -> str:
    """Return a date as it is written where it stands alone: ``2021-10-19``.

    Examples
    --------
    >>> iso_date(datetime.date(2021, 10, 19))
    '2021-10-19'
    """
    return as_date(day).isoformat()


def as_date(day: datetime.date | str) -> datetime.date:
    """Return a date from a date, a date with a time, or an ISO text (``YYYY-MM-DD``).

    Raises
    ------
    ValueError
        When the text is not an ISO date.

    Examples
    --------
    >>> as_date("2021-10-19")
    datetime.date(2021, 10, 19)
    """
    if isinstance(day, datetime.datetime):
        return day.date()
    if isinstance(day, datetime.date):
        return day
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        return datetime.date.fromisoformat(day)
    raise ValueError(f"{day!r} is not a date: write it as 2021-10-19")


def sort_key(text: str) -> tuple[str, str]:
    """Return a key that sorts as a Swedish reader expects: å ä ö last, small and capital letters alike.

    Other accents count only between words that are otherwise the same (``ide`` before ``idé``). Words that
    differ only in case keep their order.

    Examples
    --------
    >>> sorted(["Ö", "Å", "z", "Ä", "é", "f", "E"], key=sort_key)
    ['E', 'é', 'f', 'z', 'Å', 'Ä', 'Ö']
    """
    folded = unicodedata.normalize("NFC", text).casefold()
    letters = folded.translate(_LAST_LETTERS).translate(_OTHER_LETTERS)
    plain = "".join(c for c in unicodedata.normalize("NFD", letters) if not unicodedata.combining(c))
    return plain, folded
