"""How the reports write numbers, dates, lists and names in Swedish.

One place for tables, figures, sentences and alternative texts. Numbers have a decimal comma, a thin space
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
from fractions import Fraction

NO_BREAK_SPACE = "\u00a0"
THIN_SPACE = "\u202f"
"""A narrow space that keeps a number on one line."""

MINUS = "\u2212"
EN_DASH = "\u2013"

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

NUMBER_WORDS = (
    "noll",
    "en",
    "två",
    "tre",
    "fyra",
    "fem",
    "sex",
    "sju",
    "åtta",
    "nio",
    "tio",
    "elva",
    "tolv",
)

_QUANTIFIERS = (
    (Fraction(15, 100), "några få"),
    (Fraction(30, 100), "några"),
    (Fraction(42, 100), "flera"),
    (Fraction(50, 100), "knappt hälften"),
    (Fraction(58, 100), "drygt hälften"),
    (Fraction(2, 3), "mer än hälften"),
    (Fraction(90, 100), "de flesta"),
    (Fraction(1), "nästan alla"),
)
"""The words for a part of a whole, each with the limit that it lies below."""

MOST_IN_NUMBERS = 4
"""A part of at most so many is told by a number word: a share of so few says too much."""

MOST_IN_WORDS = 100
"""Of more than so many, words such as "några" would stand for dozens."""

_OF_MANY = (
    (Fraction(15, 100), "en liten andel"),
    (Fraction(42, 100), "en mindre andel"),
    *_QUANTIFIERS[3:],
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
    >>> number(2021), number(-3.25, 1), number(1234567.5, 1).replace(THIN_SPACE, "_")
    ('2021', '−3,3', '1_234_567,5')
    """
    shown = rounded(value, decimals)
    whole, _, fraction = f"{abs(shown):f}".partition(".")
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", THIN_SPACE)
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
    _check_part(n, total)
    counts = f"{number(n)} av {plural(total, one, many)}"
    if total < max(smallest_total, 1):
        return counts
    return f"{counts} ({percent(100 * n / total)})"


def quantifier(n: int, total: int) -> str:
    """Return the word that running text has for a part of a whole.

    ========================  ===================  =============================
    part of the whole         word                 of 16 administrations
    ========================  ===================  =============================
    none                      ingen                0
    one                       en                   1
    two                       två                  2
    below 15 %                några få             –
    below 30 %                några                3–4
    below 42 %                flera                5–6
    below 50 %                knappt hälften       7
    50 %                      hälften              8
    below 58 %                drygt hälften        9
    below two thirds          mer än hälften       10
    below 90 %                de flesta            11–14
    below 100 %               nästan alla          15
    all                       alla                 16
    ========================  ===================  =============================

    The more, the stronger the word: none is used on both sides of another, which is why "ungefär hälften" and
    "ett antal" are not among them. Of two, both are "båda". Of at most four, what is neither none nor all is a
    number word ("tre"), as a share of so few says too much. Of more than a hundred, where "några" would stand
    for dozens, what is below 15 % is "en liten andel" and what is below 42 % "en mindre andel".

    Raises
    ------
    ValueError
        When the whole is empty, or the part is not within it.

    Examples
    --------
    >>> quantifier(0, 16), quantifier(7, 16), quantifier(12, 16), quantifier(2, 2), quantifier(3, 4)
    ('ingen', 'knappt hälften', 'de flesta', 'båda', 'tre')
    """
    _check_part(n, total)
    if total == 0:
        raise ValueError("nobody could have answered: a part of nothing has no word")
    if n == 0:
        return "ingen"
    if n == total > 1:
        return "båda" if total == 2 else "alla"
    if n <= 2 or total <= MOST_IN_NUMBERS:
        return number_word(n)
    part = Fraction(n, total)
    if part == Fraction(1, 2):
        return "hälften"
    words = _OF_MANY if total > MOST_IN_WORDS else _QUANTIFIERS
    return next(word for limit, word in words if part < limit)


def quantified(
    n: int, total: int, one: str, many: str, the_many: str, *, neuter: bool = False, counts: bool = True
) -> str:
    """Return a part of a whole as a noun phrase, with its count.

    Parameters
    ----------
    n, total : int
        The part and the whole, ``0 <= n <= total`` and ``total >= 1``.
    one, many, the_many : str
        The noun: "förvaltning", "förvaltningar" and "förvaltningarna"; with an adjective "tillfrågad
        förvaltning", "tillfrågade förvaltningar" and "de tillfrågade förvaltningarna".
    neuter : bool
        Whether the noun takes "ett", such as "svar".
    counts : bool
        Whether "(12 av 16)" follows. Without it the phrase says no less than the word does.

    Raises
    ------
    ValueError
        As for `quantifier`.

    Examples
    --------
    >>> noun = "förvaltning", "förvaltningar", "förvaltningarna"
    >>> quantified(12, 16, *noun), quantified(16, 16, *noun), quantified(0, 16, *noun)
    ('de flesta förvaltningarna (12 av 16)', 'alla 16 förvaltningar', 'ingen av de 16 förvaltningarna')
    >>> quantified(7, 16, *noun), quantified(1, 5, *noun)
    ('knappt hälften av förvaltningarna (7 av 16)', 'en förvaltning (1 av 5)')
    """
    word = quantifier(n, total)
    if neuter and n <= 1:
        word = "inget" if n == 0 else "ett"
    whole = number_word(total)
    if n == 0 and total > 1:
        return f"{word} av de {whole} {the_many.removeprefix('de ')}"
    if word == "båda":
        return f"{word} {the_many}"
    if word == "alla":
        return f"{word} {whole} {many}"
    noun = f"av {the_many}" if word.endswith("hälften") else one if n <= 1 else many
    if word == "de flesta":
        noun = the_many
    phrase = f"{word} {noun}"
    return f"{phrase} ({number(n)} av {number(total)})" if counts else phrase


def _check_part(n: int, total: int) -> None:
    if not 0 <= n <= total:
        raise ValueError(f"the part {n} does not lie within the whole {total}")


def span(first: int | float, last: int | float, decimals: int = 0) -> str:
    """Return a range of numbers: an en dash without spaces, and the word "till" beside a minus.

    Raises
    ------
    ValueError
        When the last number is smaller than the first.

    Examples
    --------
    >>> span(7, 12), span(7, 7), span(-2, 3), span(0.5, 2, 1)
    ('7–12', '7', '−2 till 3', '0,5–2,0')
    """
    if last < first:
        raise ValueError(f"the range from {first} to {last} is turned around")
    ends = number(first, decimals), number(last, decimals)
    if ends[0] == ends[1]:
        return ends[0]
    return " till ".join(ends) if MINUS in "".join(ends) else EN_DASH.join(ends)


def number_word(n: int) -> str:
    """Return a count as running text has it: in letters up to twelve, in figures above (Svenska skrivregler).

    Examples
    --------
    >>> number_word(2), number_word(12), number_word(13)
    ('två', 'tolv', '13')
    """
    return NUMBER_WORDS[n] if 0 <= n < len(NUMBER_WORDS) else number(n)


def sentence(text: str) -> str:
    """Return a text with a capital first letter; names within it keep theirs.

    Examples
    --------
    >>> sentence("de flesta förvaltningar i Stockholm")
    'De flesta förvaltningar i Stockholm'
    """
    return text[:1].upper() + text[1:]


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


def slug(text: str) -> str:
    """Return a text as it can stand in the name of a file: small letters a–z, figures and hyphens.

    Examples
    --------
    >>> slug("Bilaga 1. Förvaltningar"), slug("–")
    ('bilaga-1-forvaltningar', '')
    """
    letters = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
