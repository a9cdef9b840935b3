"""Personal data in free text: find it, flag it, mask it.

What has a form of its own (personal identity numbers, telephone numbers, e-mail addresses) is found by its form.
Names have none: the lists of common Swedish names that Faker ships are only a flag, so a name is never
`certain`. What is not found is not proved absent: text is released only after a person has read it.

Names are found in runs of capitalised words, by these rules (on the sample in the tests they find 18 of 22
names, and 2 that are none in 21 sentences without personal data):

* a listed first name takes the capitalised words after it with it: "Amina Wästfelt";
* a listed last name takes an unlisted word before it with it: "Zlatko Andersson";
* a lone listed name counts, except where it is an ordinary word that begins a sentence ("Per capita", "Stark
  oro") or is far more often something else ("Lucia", "Valborg");
* after a word that introduces a person ("eleven Shirin", "mvh Shirin") any capitalised word counts;
* words in capitals count only as a whole name, first and last ("ANNA BERG"): else they are abbreviations, among
  them methods named like people ("ESTER").

Names in lower case and names that are in no list are missed. Text is expected in composed form (NFC).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby, takewhile
from typing import Final, Literal

import pandas as pd
from personnummer import personnummer
from phonenumbers import Leniency, PhoneNumberMatcher

from analysis.problems import InputError

Kind = Literal["personnummer", "phone", "email", "name"]

LABELS: Final[dict[Kind, str]] = {
    "personnummer": "[personnummer]",
    "phone": "[telefonnummer]",
    "email": "[e-postadress]",
    "name": "[namn]",
}
"""What stands in a masked text instead of each kind of personal data."""


@dataclass(frozen=True, order=True)
class Finding:
    """A passage that is, or may be, personal data.

    Attributes
    ----------
    start, end : int
        Where it stands: ``text[start:end]``.
    kind : {"personnummer", "phone", "email", "name"}
        What it is. Coordination numbers are "personnummer".
    certain : bool
        Whether its form leaves no doubt (for a personal identity number: the check digit is right).
    text : str
        The passage itself.
    """

    start: int
    end: int
    kind: Kind
    certain: bool
    text: str


def find(
    text: str, *, known_names: Collection[str] = (), not_names: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Find personal data in a text.

    Parameters
    ----------
    text : str
        Free text, Swedish or English.
    known_names : collection of str
        Names of people known to be connected with the survey. Found as whole words in any case, and certain.
    not_names : collection of str
        Places and organisations that look like names ("Rinkeby", "Maria Magdalena"), in any case, with or
        without a genitive -s. A few that everyone in the field writes are known from the start.

    Returns
    -------
    tuple of Finding
        Sorted, and without overlaps.

    Examples
    --------
    >>> for finding in find("Ring Amina Lind, 070-123 45 67. Pnr 20070115-2389 i dnr 2021/417."):
    ...     print(finding.kind, finding.certain, finding.text)
    name False Amina Lind
    phone True 070-123 45 67
    personnummer False 20070115-2389
    """
    found: list[Finding] = []
    rest = _LABEL.sub(lambda label: _COVER * len(label[0]), text)
    searches: tuple[Callable[[str], Iterable[tuple[int, int, Kind, bool]]], ...] = (
        _emails,
        _identity_numbers,
        _phones,
        _numbers_like_identity_numbers,
        lambda rest: _known(rest, frozenset(known_names)),
        lambda rest: _names(rest, frozenset(not_names)),
    )
    for search in searches:
        # What is found is covered up, so that the next search sees what a reader of the masked text sees.
        for start, end, kind, certain in list(search(rest)):
            found.append(Finding(start, end, kind, certain, text[start:end]))
            rest = rest[:start] + _COVER * (end - start) + rest[end:]
    return tuple(sorted(found))


def mask(text: str, findings: Iterable[Finding]) -> str:
    """Replace each finding by a Swedish label; everything else stays as it is.

    Parameters
    ----------
    text : str
        The text that the findings are from.
    findings : iterable of Finding
        What to replace: all that `find` returned, or only some of it.

    Returns
    -------
    str
        The text without them. A masked text holds nothing more to find.

    Raises
    ------
    InputError
        If the findings overlap or are not from this text.

    Examples
    --------
    >>> text = "Skriv till amina@skola.se eller Amina Lind."
    >>> mask(text, find(text))
    'Skriv till [e-postadress] eller [namn].'
    """
    parts = []
    end = 0
    for finding in sorted(findings):
        if finding.start < end or text[finding.start : finding.end] != finding.text:
            where = f"characters {finding.start}–{finding.end}"
            raise InputError.one("findings", f"{where} do not fit the text", "Find and mask in the same text")
        parts += [text[end : finding.start], LABELS[finding.kind]]
        end = finding.end
    return "".join([*parts, text[end:]])


def find_in_texts(
    texts: pd.Series, *, known_names: Collection[str] = (), not_names: Collection[str] = ()
) -> pd.DataFrame:
    """Find personal data in many texts.

    Parameters
    ----------
    texts : Series of str
        Missing texts are skipped.
    known_names, not_names : collection of str
        As in `find`.

    Returns
    -------
    DataFrame
        One row for each finding, in order, with the columns ``position`` (the text's index label), ``start,
        end, kind, certain, text``.

    Raises
    ------
    InputError
        If something is neither text nor missing.

    Examples
    --------
    >>> find_in_texts(pd.Series(["Mejla a@b.se", None, "Inget här"], index=["x", "y", "z"]))
      position  start  end   kind  certain    text
    0        x      6   12  email     True  a@b.se
    """
    known, other = frozenset(known_names), frozenset(not_names)
    rows = []
    for position, text in texts[texts.notna()].items():
        if not isinstance(text, str):
            raise InputError.one(
                "texts", f"{position!r} holds {type(text).__name__}, not text", "Give text columns only"
            )
        for found in find(text, known_names=known, not_names=other):
            rows.append((position, found.start, found.end, found.kind, found.certain, found.text))
    return pd.DataFrame(rows, columns=["position", "start", "end", "kind", "certain", "text"])


# --- What has a form of its own ---

_COVER: Final = "|"
_LABEL = re.compile("|".join(re.escape(label) for label in LABELS.values()))
_DASH: Final = r"[-+\u2010-\u2015\u2212]"
_BLANK: Final = r"[ \u00a0\u2009\u202f]"

_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]++@[^\W\d_][\w-]*+(?:\.[\w-]++)*")
_TOP_DOMAIN = re.compile(r"\.[^\W\d_]{2,}$")

_IDENTITY_NUMBER = re.compile(
    rf"""(?<![0-9])
    (?P<year>(?:18|19|20)?[0-9]{{2}}) (?P<gap>[-./]|{_BLANK}|) (?P<month>[0-9]{{2}}) (?P=gap) (?P<day>[0-9]{{2}})
    (?P<join>{_BLANK}?{_DASH}{_BLANK}?|{_BLANK}?)
    (?P<last>[0-9]{{4}}(?!(?P=gap)[0-9])|(?:[xX*]{{4}}|[A-Z][0-9]{{3}}|[A-Z]{{2}}[0-9]{{2}})(?!\w))""",
    re.VERBOSE,
)
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9]")
_DAY = re.compile(r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")

_MAY_BE_PHONE = re.compile(r"(?:\+|0|46)[0-9]?(?:[^\w\n]{0,4}[0-9]){5}")
# What reads as a number to PhoneNumberMatcher, but is written like this only as hours, dates and case numbers.
_NOT_PHONE = re.compile(
    rf"""(?:[0-2]?[0-9][.:]?[0-5][0-9] {_BLANK}?{_DASH}{_BLANK}? [0-2]?[0-9][.:]?[0-5][0-9]
    | [0-2][0-9]-[0-2][0-9]\s[0-2][0-9]-[0-2][0-9]
    | [0-3]?[0-9][-./\s][01]?[0-9][-./\s](?:19|20)[0-9]{{2}}
    | [0-9]{{4}}\s(?:19|20)[0-9]{{2}}
    | .*/(?:19|20)[0-9]{{2}})""",
    re.VERBOSE,
)


def _emails(text: str) -> Iterator[tuple[int, int, Kind, bool]]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield match.start(), match.end(), "email", bool(_TOP_DOMAIN.search(match[0]))


def _identity_numbers(text: str) -> Iterator[tuple[int, int, Kind, bool]]:
    """Yield numbers that can be nothing else, or that are written as nothing else."""
    for match in _like_identity_numbers(text):
        certain = _has_check_digit(match)
        if certain or match["join"]:
            yield match.start(), match.end(), "personnummer", certain


def _numbers_like_identity_numbers(text: str) -> Iterator[tuple[int, int, Kind, bool]]:
    """Yield 10 or 12 digits that begin with a date, and are no telephone number."""
    for match in _like_identity_numbers(text):
        yield match.start(), match.end(), "personnummer", False


def _like_identity_numbers(text: str) -> Iterator[re.Match[str]]:
    at = 0
    while match := _IDENTITY_NUMBER.search(text, at):
        if _is_written_as_identity_number(match):
            yield match
            at = match.end()
        else:
            at = match.start() + 1


def _is_written_as_identity_number(match: re.Match[str]) -> bool:
    gap, join, last, month, day = match.group("gap", "join", "last", "month", "day")
    dashed = bool(join.strip())
    is_date = "01" <= month <= "12" and ("01" <= day <= "31" or "61" <= day <= "91")
    if not last.isdecimal():
        return is_date and dashed and not gap
    if _has_check_digit(match):
        # "2021-10-19 1300" is a time, and without anything between, the gaps are of another number.
        return not gap or dashed or (bool(join) and not _CLOCK.fullmatch(last))
    if gap:
        return False
    if dashed:
        # Organisation numbers have 20 or more in place of the month, and "210101-1231" is a period.
        return month < "20" and not _DAY.fullmatch(last)
    return is_date


def _has_check_digit(match: re.Match[str]) -> bool:
    sign = "+" if "+" in match["join"] else "-"
    number = f"{match['year']}{match['month']}{match['day']}{sign}{match['last']}"
    return bool(personnummer.valid(number))


def _phones(text: str) -> Iterator[tuple[int, int, Kind, bool]]:
    if _MAY_BE_PHONE.search(text):
        for match in PhoneNumberMatcher(text, "SE", leniency=Leniency.VALID):
            if not _NOT_PHONE.fullmatch(match.raw_string.lstrip("(")):
                yield match.start, match.end, "phone", True


# --- Names ---

_CAPITAL = "[" + "".join(chr(code) for code in range(0x250) if chr(code).isupper()) + "]"
_WORD = rf"(?:{_CAPITAL}\.(?={_BLANK}{_CAPITAL})|{_CAPITAL}[^\W\d_]*+(?:['’-][^\W\d_]++)*+(?!\w))"
_PARTICLES = rf"(?:(?:von|af|de|la|van|der|den|el|al|bin){_BLANK})*"
_RUN = re.compile(rf"(?<!\w){_WORD}(?:{_BLANK}{_PARTICLES}{_WORD})*")
_ONE_WORD = re.compile(rf"(?<!\w){_WORD}")
_LONGEST_NAME: Final = 4
"""How many capitalised words a name has at most."""

_BEFORE_A_SENTENCE = frozenset(".!?:;\n\r\t•·*–—-…/")
_BETWEEN = frozenset(" \u00a0\"'”“’»«([")


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_ORDINARY = _words(
    """
    alm asp august ben berg bill björk björn blixt bo borg bror bäck dag dags del edit ek else falk fors flink
    fred frid frisk green gren gun hall hans hjort holm inga jan juni junior klara kvist lilja lind liv ljung
    lova love lund lönn maj malm mark max may mina modig my nord palm per rask rita rosa rose saga sam sanna
    skog sköld stark sten storm strand strid ström svärd tom tor urban viking vide ville wall
    """
)
"""Listed names that are ordinary words, and so prove nothing as the first word of a sentence."""

_NEVER_ALONE = _words("august del ester hall juni junior lucia lund may svea thi valborg")
"""Listed names that alone are far more often a month, a feast, a method, a prison, a town or “This”."""

_NO_NAME_BEFORE = _words(
    """
    att av både då efter en enligt ett från fråga för hej hos i innan kontakta men med mot nu när och om på ring
    samt sedan som tack till under utan via vid vår även
    according and at by for from if in see the to when with
    """
)
"""Words that begin a sentence before a name, and belong to no name."""

_PERSON = _words(
    """
    pojken flickan killen tjejen eleven klienten ynglingen kompisen vännen herr fru familjen mr mrs ms
    bror brodern syster systern mamma mamman pappa pappan modern fadern sonen dottern
    kurator kuratorn rektor rektorn lärare läraren kollega kollegan kontaktperson kontaktpersonen
    handläggare handläggaren socialsekreterare socialsekreteraren fältassistent fältassistenten
    föreståndare föreståndaren
    """
)
"""Words that announce a person."""

_INTRODUCTION = re.compile(
    rf"(?<!\w)(?:(?:{'|'.join(sorted(_PERSON))}){_BLANK}|"
    r"(?i:mvh|hälsningar|vänligen|undertecknad)[,!.]?\s+)\Z"
)

_PLACE_OF_WORK = re.compile(
    r"(?:skola|skolan|gymnasiet|gården|huset|hemmet|enheten|förvaltningen|nämnden|teamet|polisen|kommun|"
    r"kyrkan|föreningen|tjänsten|centrum|verket|mottagningen|kliniken|gatan|vägen|torget)s?$"
)
_SAINT = re.compile(r"(?<!\w)(?:S:ta?|Sankta?|St\.?) \w+")
_NOT_NAMES = frozenset({"Maria Ungdom", "Mini Maria", "Gröna Lund", "Svea hovrätt"})
"""The clinic for young addicts under both its names, the amusement park and a court: in many answers."""


@dataclass(frozen=True)
class _Token:
    start: int
    end: int
    text: str
    is_first: bool
    is_last: bool

    @property
    def is_person(self) -> bool:
        """Whether it is a word that announces a person."""
        return self.text.lower() in _PERSON and not (self.is_capitals or self.is_listed)

    @property
    def is_listed(self) -> bool:
        return self.is_first or self.is_last

    def is_any_of(self, words: frozenset[str]) -> bool:
        """Whether it is one of some words in lower case, or the genitive of one."""
        word = self.text.lower()
        return word in words or word.removesuffix("s") in words

    @property
    def is_capitals(self) -> bool:
        return len(self.text) > 1 and self.text.isupper() and "." not in self.text


@cache
def _listed_names() -> tuple[frozenset[str], frozenset[str]]:
    """Return the most common first and last names in Sweden (loaded only when a text may hold one)."""
    from faker.providers.person.sv_SE import Provider

    return (
        frozenset(Provider.first_names_female) | frozenset(Provider.first_names_male),
        frozenset(Provider.last_names),
    )


def _known(text: str, known_names: frozenset[str]) -> Iterator[tuple[int, int, Kind, bool]]:
    if known_names:
        for match in _as_whole_words(known_names).finditer(text):
            yield match.start(), match.end(), "name", True


@lru_cache(maxsize=32)
def _as_whole_words(phrases: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted((p.strip() for p in phrases if p.strip()), key=lambda p: (-len(p), p))
    alternatives = "|".join(re.escape(phrase) for phrase in longest_first) or "(?!)"
    return re.compile(rf"(?<!\w)(?:{alternatives})s?(?!\w)", re.IGNORECASE)


def _names(text: str, not_names: frozenset[str]) -> Iterator[tuple[int, int, Kind, bool]]:
    barred: list[tuple[int, int]] | None = None
    for run in _RUN.finditer(text):
        introduced = bool(_INTRODUCTION.search(text, max(0, run.start() - 30), run.start()))
        tokens = [_token(match) for match in _ONE_WORD.finditer(text, run.start(), run.end())]
        if not introduced and not any(token.is_listed or token.is_person for token in tokens):
            continue
        if barred is None:
            everywhere = (_as_whole_words(not_names | _NOT_NAMES), _SAINT)
            barred = [match.span() for pattern in everywhere for match in pattern.finditer(text)]
        opens = _begins_sentence(text, run.start())
        for part in _unbarred(tokens, barred):
            is_start = part[0] is tokens[0]
            for first, last in _names_in_run(part, opens and is_start, introduced and is_start):
                yield first.start, last.end, "name", False


def _token(match: re.Match[str]) -> _Token:
    first_names, last_names = _listed_names()
    word = match[0].title() if match[0].isupper() else match[0]
    forms = (word, word.removesuffix("s"), word[:-2] if word.endswith(("'s", "’s")) else word)

    def is_among(names: frozenset[str]) -> bool:
        return any(form in names or names.issuperset(form.split("-")) for form in forms)

    return _Token(match.start(), match.end(), match[0], is_among(first_names), is_among(last_names))


def _unbarred(tokens: Sequence[_Token], barred: Sequence[tuple[int, int]]) -> Iterator[list[_Token]]:
    """Yield the runs that are left between places, organisations and what is named after its work."""

    def is_barred(token: _Token) -> bool:
        inside = any(start < token.end and token.start < end for start, end in barred)
        return inside or bool(_PLACE_OF_WORK.search(token.text))

    for is_out, part in groupby(tokens, is_barred):
        if not is_out:
            yield list(part)


def _begins_sentence(text: str, at: int) -> bool:
    before = at - 1
    while before >= 0 and text[before] in _BETWEEN:
        before -= 1
    return before < 0 or text[before] in _BEFORE_A_SENTENCE


def _names_in_run(tokens: Sequence[_Token], opens: bool, introduced: bool) -> Iterator[tuple[_Token, _Token]]:
    """Yield the first and the last word of each name in a run of capitalised words.

    `opens` says that the run begins a sentence, `introduced` that the word before it announces a person.
    """
    at = 0
    while at < len(tokens):
        length = 0
        if not tokens[at].is_person:
            announced = introduced and tokens[at].text.istitle()
            length = _length_of_name(tokens[at : at + _LONGEST_NAME], opens, announced)
        if length:
            yield tokens[at], tokens[at + length - 1]
        opens, introduced = False, tokens[at].is_person
        at += length or 1


def _length_of_name(tokens: Sequence[_Token], opens: bool, introduced: bool) -> int:
    """Return how many of the words, from the first, are a name: 0 if there is none."""
    head, after = tokens[0], tokens[1:]
    if head.is_capitals:
        more = list(takewhile(lambda token: token.is_capitals and token.is_listed, after))
        return 1 + len(more) if head.is_first and any(token.is_last for token in more) else 0
    if introduced or head.is_first:
        more = list(takewhile(lambda token: not token.is_capitals, after))
        last_names = [i for i, token in enumerate(more) if token.is_last]
        more = more[: last_names[-1] + 1] if last_names else more
    elif head.is_last or _goes_before_last_name(head, after):
        more = list(takewhile(lambda token: token.is_last, after))
    else:
        return 0
    if introduced or any(token.is_listed for token in more):
        return 1 + len(more)
    proves_nothing = head.is_any_of(_NEVER_ALONE) or (opens and not more and head.is_any_of(_ORDINARY))
    return 0 if proves_nothing else 1 + len(more)


def _goes_before_last_name(head: _Token, after: Sequence[_Token]) -> bool:
    is_next = bool(after) and after[0].is_last and not after[0].is_first
    return is_next and not head.is_any_of(_NO_NAME_BEFORE)
