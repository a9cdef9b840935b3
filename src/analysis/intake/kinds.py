"""What kind of question the answers in a column answer: inferred from the answers alone, for a draft."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

from personnummer import personnummer
from phonenumbers import Leniency, PhoneNumberMatcher

from analysis.intake.cells import one_line
from analysis.intake.dialects import Dialect
from analysis.intake.parse import MISSING_WORDS, parse_date, parse_number
from analysis.survey.instrument import Kind, MissingKind, Option, fold

SCALES: tuple[tuple[str, ...], ...] = tuple(
    tuple(step.strip() for step in scale.split("|"))
    for scale in (
        "instämmer inte alls | instämmer till liten del | instämmer delvis | instämmer till stor del | instämmer helt",
        "instämmer inte alls | instämmer i liten utsträckning | instämmer delvis "
        "| instämmer i stor utsträckning | instämmer helt",
        "tar helt avstånd | tar delvis avstånd | varken eller | instämmer delvis | instämmer helt",
        "stämmer inte alls | stämmer ganska dåligt | stämmer delvis | stämmer ganska bra | stämmer helt",
        "inte alls | i mycket liten grad | i liten grad | i viss grad | i stor grad | i mycket stor grad",
        "inte alls | i mycket liten utsträckning | i liten utsträckning | i viss utsträckning "
        "| i stor utsträckning | i mycket stor utsträckning",
        "mycket missnöjd | ganska missnöjd | missnöjd | varken nöjd eller missnöjd | ganska nöjd | nöjd | mycket nöjd",
        "mycket dåligt | ganska dåligt | dåligt | varken bra eller dåligt | ganska bra | bra | mycket bra",
        "mycket dålig | ganska dålig | dålig | varken bra eller dålig | ganska bra | bra | mycket bra",
        "aldrig | sällan | ibland | ofta | mycket ofta | alltid",
        "strongly disagree | disagree | neither agree or disagree | neither agree nor disagree | neutral | agree "
        "| strongly agree",
        "never | rarely | sometimes | often | very often | always",
        "very low | low | medium | high | very high",
        "not used | partially used | sometimes used | often used | always used",
        "not at all | not much | some | a lot",
        "novice | intermediate | advanced | expert",
        "very dissatisfied | dissatisfied | neither satisfied nor dissatisfied | satisfied | very satisfied",
    )
)
"""Answers in the order of their scale, folded."""

MOST = 0.8
"""Share of the answers that must fit for a column to be taken for a scale, numbers, dates or one choice."""

_ALWAYS = frozenset(
    {"yes", "no", "ja", "nej", "other", "annat", "annan", "övrigt", "prefer not to say", "vill ej uppge"}
).union(MISSING_WORDS)
"""Answers that are options however few chose them, folded."""

_REFUSES = re.compile(r"(vill (ej|inte) (svara|uppge)|prefer not to (say|answer)|rather not say)\b.*")

_PLACES = (
    (0, re.compile(r"(ja|yes)( ?[-,.:].*)?")),
    (2, re.compile(r"(nej|no)( ?[-,.:].*)?")),
    (3, re.compile(r"(annat|annan|övrigt|others?)\b.*")),
    (4, _REFUSES),
)
"""Where an option stands among others, by its folded label; 1 for all that are not named here."""

_BEGINS = re.compile(r"\d{1,3}(?![\d.,])(?=[^\w]|$)")
_STEP = re.compile(r"(?P<point>\d{1,2})(?:/(?P<of>\d{1,2})| ?[-(:.=] ?[^\W\d].*)?")
_HOW_MANY = re.compile(r"\b(hur många|antalet?|how many|number of)\b")
_OPEN_END = re.compile(
    r"\d+ ?\+|.*\b(eller (fler|mer|färre|mindre|högre|lägre|högst|minst)|or (more|fewer|less|over|under))\b.*"
)
"""An amount without an upper or a lower end, such as only options have (folded)."""

MOST_NUMBERS = 0.6
"""Share of the answers that must be numbers where the question or their number tells that numbers are asked for."""

_MANY_NUMBERS = 10
"""More different numbers than this are no list of options."""

_BELOW = re.compile(r"<|less than|fewer than|under|below|up to|mindre än|färre än|högst|upp till")
_ABOVE = re.compile(r">|more than|over|above|at least|mer än|fler än|över|minst")

_STAND_INS = frozenset(
    str(sign * number)
    for number in (1, 2, 7, 8, 9, 77, 88, 97, 98, 99, 777, 888, 997, 998, 999, 8888, 9998, 9999)
    for sign in (1, -1)
    if sign < 0 or number > 9
)
"""Numbers that often stand in the place of an answer."""

_MANY = 10_000
"""How many different answers are more than any list of options gives."""

_LONGEST_OPTION = 60
"""How many letters an option has at most, unless many have chosen it."""

EXCEL_ERRORS = frozenset(
    {
        *("#n/a", "#ref!", "#value!", "#div/0!", "#name?", "#num!", "#null!", "#spill!", "#calc!"),
        *(
            "#saknas!",
            "#referens!",
            "#värdefel!",
            "#division/0!",
            "#namn?",
            "#ogiltigt!",
            "#skärning!",
            "#tal!",
        ),
    }
)
"""What a spreadsheet shows in the place of a value that it could not work out (folded)."""

_SHORT_YEAR = re.compile(
    r"(?P<first>\d{1,2})(?P<mark>[-./])(?P<second>\d{1,2})(?P=mark)\d{2}(\s+\d{1,2}[:.]\d\d.*)?"
)
_EMAIL = re.compile(r"[^@\s<>()]+@[^@\s<>()]+\.[^\W\d_]{2,}")
_MAY_BE_PHONE = re.compile(r"(?<!\w)(?:\+|0)\d?(?:[^\w\n]{0,4}\d){5}")
_MAY_BE_PERSONAL_NUMBER = re.compile(r"(?<!\d)(?:19|20)?\d{6}[-+]?\d{4}(?!\d)")
_NAME = re.compile(r"[^\W\d_a-zåäöéü][^\W\d_]+(?:-[^\W\d_]+)?")
_PARTICLES = frozenset({"von", "af", "de", "la", "van", "der", "den", "el", "al", "bin"})

_JUDGED = 2_000
"""How many different answers tell enough of how many hold contact details, which takes long to find out."""

_NOTHING = frozenset({"-", "--", "?", "x", "ingen", "inget", "none", "nothing"})
"""What people write where they have nothing to say (folded)."""


@dataclass(frozen=True)
class Asked:
    """What a column seems to ask.

    Attributes
    ----------
    kind : Kind
    options : tuple of Option
        In order, of closed questions.
    separator : str or None
        Between options in one cell, where it is not the tool's usual one.
    doubts : tuple of str
        What a person must settle, to be read after "is".
    rare : int
        How many different answers fit neither the options nor the kind.
    missing : mapping of str to str
        What stands for a missing answer by the file's own word, and what it means.
    """

    kind: Kind
    options: tuple[Option, ...] = ()
    separator: str | None = None
    doubts: tuple[str, ...] = ()
    rare: int = 0
    missing: Mapping[str, MissingKind] = field(default_factory=dict)


def infer_kind(
    cells: Counter[str], question: str, dialect: Dialect, codes: re.Pattern[str] | None = None
) -> Asked:
    """Infer what a column asks.

    Parameters
    ----------
    cells : Counter of str
        How many cells that are filled in hold each text.
    question : str
        The question's text.
    dialect : Dialect
        The survey tool.
    codes : Pattern, optional
        What an option looks like, where the export holds codes in place of labels.
    """
    if not cells:
        return Asked("free_text", doubts=("taken for free text, for want of answers",))
    failed = {text: n for text, n in cells.items() if fold(text) in EXCEL_ERRORS}
    if failed:
        left = Counter({text: n for text, n in cells.items() if text not in failed})
        asked = infer_kind(left, question, dialect, codes)
        return replace(asked, doubts=(*asked.doubts, *_failures(failed)))
    bare: Counter[str] = Counter()
    for text, n in cells.items():
        bare[one_line(dialect.label(text))] += n
    coded = sum(n for text, n in cells.items() if dialect.label(text) != text) * 2 > cells.total()
    real = Counter({text: n for text, n in bare.items() if fold(text) not in MISSING_WORDS})
    # Where most of very many answers are given once, there are no options among them.
    varied = len(bare) > _MANY and len(bare) * 2 > bare.total()
    counting = _HOW_MANY.search(fold(question)) is not None
    stand_ins = _stand_ins(bare)
    scaled = Counter({text: n for text, n in bare.items() if text not in stand_ins})
    kept = Counter({t: n for t, n in cells.items() if one_line(dialect.label(t)) not in stand_ins})
    asked = (
        (None if coded else _untypical(real))
        or (None if coded else _typed("date", real, is_date))
        or (None if varied else _named_scale(scaled))
        or (None if counting or codes is None or varied else _coded_choice(kept, dialect, codes))
        or (None if counting or varied else _numbered_scale(scaled))
        or (None if coded else _typed("number", real, is_number))
        or (None if coded else _mostly_numbers(real, counting))
        or (None if varied else _multiple(kept, dialect, coded))
        or (None if varied else _single(scaled, coded))
        or Asked("free_text")
    )
    if asked.kind == "number" and codes is not None and codes.fullmatch("1") and not counting:
        asked = replace(
            asked, doubts=("taken for a number, though the file holds codes for labels", *asked.doubts)
        )
    if asked.options:
        asked = replace(asked, rare=asked.rare + len(stand_ins))
    return replace(
        asked,
        doubts=(
            *asked.doubts,
            *_possibly_missing(asked, bare, stand_ins),
            *_look_of(asked, bare, coded or codes is not None),
        ),
    )


def is_date(text: str) -> bool:
    """Return whether a text is a date in some order of day and month."""
    return any(parse_date(text, order) is not None for order in ("dmy", "mdy"))


def is_number(text: str) -> bool:
    """Return whether a text is a number, with a point or a comma."""
    return any(parse_number(text, decimal) is not None for decimal in (".", ","))


def _folded(texts: Counter[str]) -> Counter[str]:
    folded: Counter[str] = Counter()
    for text, n in texts.items():
        folded[fold(text)] += n
    return folded


def _typed(kind: Kind, texts: Counter[str], fits: Callable[[str], bool]) -> Asked | None:
    """Return the kind if most texts fit, and no other answer is common enough to be an option."""
    others = _folded(Counter({text: n for text, n in texts.items() if not fits(text)}))
    if not texts or texts.total() - others.total() < MOST * texts.total():
        return None
    if max(others.values(), default=0) > max(1, texts.total() / 50):
        return None
    return Asked(kind, rare=len(others))


def _mostly_numbers(texts: Counter[str], counting: bool) -> Asked | None:
    """Return a number where most answers are, and the question asks how many or very different ones were given.

    Answers such as “5 or more” are options: they are not asked for in numbers.
    """
    others = _folded(Counter({text: n for text, n in texts.items() if not is_number(text)}))
    distinct = sum(is_number(text) for text in texts)
    if not texts or texts.total() - others.total() < MOST_NUMBERS * texts.total():
        return None
    if not counting and distinct <= _MANY_NUMBERS:
        return None
    common = [key for key, n in others.items() if n > max(1, texts.total() / 50)]
    if any(_OPEN_END.fullmatch(key) or _ABOVE.match(key) or _BELOW.match(key) for key in common):
        return None
    return Asked("number", rare=len(others))


def _untypical(texts: Counter[str]) -> Asked | None:
    """Return free text where most answers are dates that nobody can read, or names of persons."""
    short = sum(n for text, n in texts.items() if _is_short_year(text))
    if short and short >= MOST * texts.total():
        doubt = (
            "of dates with two digits for the year, taken for free text: export them with four, and write "
            "`kind: date`"
        )
        return Asked("free_text", doubts=(doubt,))
    if look_like_persons(texts):
        doubt = (
            "of answers that look like names of persons, taken for free text: put the column under `drop` with "
            "`why: personal` if it asks who, or write its options if they are none"
        )
        return Asked("free_text", doubts=(doubt,))
    return None


def _is_short_year(text: str) -> bool:
    match = _SHORT_YEAR.fullmatch(text.strip())
    if match is None:
        return False
    low, high = sorted((int(match["first"]), int(match["second"])))
    return 1 <= low <= 12 and high <= 31


# --- personal data ------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def contact_details(text: str) -> tuple[str, ...]:
    """Return the e-mail addresses, telephone numbers and personal numbers that a text holds.

    Examples
    --------
    >>> contact_details("Ring Kalle, 070-123 45 67, eller mejla a@b.se")
    ('a@b.se', '070-123 45 67')
    >>> contact_details("2024-10-19"), contact_details("0812")
    ((), ())
    """
    found = [match[0] for match in _EMAIL.finditer(text)] if "@" in text else []
    numbers = [match[0] for match in _MAY_BE_PERSONAL_NUMBER.finditer(text)]
    found += [number for number in numbers if personnummer.valid(number)]
    if _MAY_BE_PHONE.search(text) and not is_date(text):
        phones = PhoneNumberMatcher(text, "SE", leniency=Leniency.VALID)
        found += [match.raw_string for match in phones if match.raw_string not in found]
    return tuple(found)


def is_contact_detail(text: str) -> bool:
    """Return whether a text says how to reach a person, and next to nothing else.

    Examples
    --------
    >>> is_contact_detail("a@b.se"), is_contact_detail("Ring inte efter fem: 070-123 45 67")
    (True, False)
    """
    return sum(map(len, contact_details(text))) * 2 > len(text.strip())


def share_of(texts: Counter[str], holds: Callable[[str], bool]) -> float:
    """Return the share of the answers that something holds of, judged by the first different ones.

    Examples
    --------
    >>> share_of(Counter({"a@b.se": 3, "nej": 1}), is_contact_detail)
    0.75
    """
    judged = dict(itertools.islice(texts.items(), _JUDGED))
    return sum(n for text, n in judged.items() if holds(text)) / max(1, sum(judged.values()))


def _many_contacts(texts: Counter[str]) -> bool:
    share = share_of(texts, lambda text: bool(contact_details(text)))
    return share >= 0.1 and share * texts.total() >= 2


def look_like_persons(texts: Counter[str]) -> bool:
    """Return whether most answers look like names: capitalised words, given few times or with known first names.

    Examples
    --------
    >>> look_like_persons(Counter(["Moa Stenlund", "Kim Ek", "Anna von Essen"]))
    True
    >>> look_like_persons(Counter({"New England": 40, "Middle Atlantic": 60, "Vet ej": 3}))
    False
    """
    names = {text: n for text, n in texts.items() if _is_written_as_name(text)}
    times = sum(names.values())
    if len(names) < 2 or times < MOST_NUMBERS * texts.total():
        return False
    first_names = _first_names()
    listed = sum(text.split()[0] in first_names for text in names)
    return listed * 2 >= len(names) or (listed > 0 and times < 3 * len(names))


def _is_written_as_name(text: str) -> bool:
    words = [word for word in text.split() if word not in _PARTICLES]
    return 2 <= len(words) <= 3 and all(_NAME.fullmatch(word) and not word.isupper() for word in words)


@cache
def _first_names() -> frozenset[str]:
    """Return the most common first names in Sweden (loaded only where answers may be names)."""
    from faker.providers.person.sv_SE import Provider

    return frozenset(Provider.first_names_female) | frozenset(Provider.first_names_male)


# --- doubts ------------------------------------------------------------------------------------------------


def _stand_ins(texts: Iterable[str]) -> list[str]:
    """Return the numbers that may stand for a missing answer.

    They are below zero among others, above all others, or the only number among texts; a step such as ``3 - good`` is
    the number that it begins with.
    """
    found = {t: n for t in texts if t in _STAND_INS and (n := parse_number(t, ".")) is not None}
    rest = [t for t in texts if t not in found]
    if not rest:
        return []
    others = [n for t in rest if (n := parse_number(m[0] if (m := _BEGINS.match(t)) else t, ".")) is not None]
    low, high = min(others, default=0), max(others, default=0)
    return sorted((t for t, n in found.items() if n < 0 <= low or n > high), key=found.__getitem__)


def _failures(failed: Iterable[str]) -> Iterator[str]:
    for text in failed:
        line = missing_line(text, "lost")
        yield f"holding “{text}”, an error of a spreadsheet: put {line} under the question"


def missing_line(text: str, kind: str = "not_answered") -> str:
    """Return the line of ``survey.yaml`` that says that a text stands for a missing answer.

    Examples
    --------
    >>> missing_line("99")
    "`missing: {'99': not_answered}`"
    """
    quoted = text.replace("'", "''")
    return f"`missing: {{'{quoted}': {kind}}}`"


def _possibly_missing(asked: Asked, bare: Counter[str], stand_ins: Sequence[str]) -> Iterator[str]:
    """Yield what may stand for a missing answer, with the line that says so: that is for a person to say."""
    where = "under the question if so (or dont_know, not_relevant)"
    for text in stand_ins if asked.options or asked.kind == "number" else ():
        yield f"holding “{text}”, which may stand for a missing answer: put {missing_line(text)} {where}"
    for option in asked.options:
        if _REFUSES.fullmatch(fold(option.label)):
            yield (
                f"holding “{option.label}” as an option: if it is no answer, put {missing_line(option.label)} under "
                "the question in its place"
            )
        elif option.means:
            yield f"holding “{option.label}”, taken to mean {option.means}: see `means` of the option"
        elif option.label in _STAND_INS:
            yield (
                f"holding “{option.label}” as an option: if it stands for a missing answer, put "
                f"{missing_line(option.label)} under the question in its place"
            )
    if asked.kind == "free_text":
        for text in (text for text, n in bare.items() if n > 1):
            key = fold(text)
            if key in MISSING_WORDS or key in _NOTHING or _REFUSES.fullmatch(key):
                line = missing_line(text, MISSING_WORDS.get(key, "_not_answered").removeprefix("_"))
                yield f"holding “{text}” as a text: if it is no answer, put {line} under the question"


def _look_of(asked: Asked, bare: Counter[str], coded: bool) -> Iterator[str]:
    """Yield what the look of the answers makes doubtful."""
    numbers = [option for option in asked.options if is_number(option.label)]
    if asked.kind == "single" and not coded and len(numbers) * 2 > len(asked.options):
        yield "of numbers, taken for options: write `kind: number` and take the options away if numbers are asked for"
    if asked.kind == "free_text" and _many_contacts(bare):
        yield (
            "holding e-mail addresses, telephone numbers or personal numbers, taken for free text: put the column "
            "under `drop` with `why: personal` if it asks who"
        )
    whole = {text: n for text, n in bare.items() if re.fullmatch(r"\d+", text)}
    lengths = {len(text) for text in whole}
    alone = len(whole) >= 10 and max(whole.values()) == 1
    if asked.kind == "number" and alone and len(lengths) == 1 and min(lengths) >= 4:
        yield "of numbers that look like ids, no two alike: drop the column if they stand for people or things"


# --- scales ------------------------------------------------------------------------------------------------


def _named_scale(texts: Counter[str]) -> Asked | None:
    """Return the known scale that covers most answers, if it covers enough."""
    counts = _folded(texts)
    labels = most_frequent_spelling(texts)
    missing = [key for key in labels if key in MISSING_WORDS]
    best, covered = max(
        ((scale, sum(counts[step] for step in scale)) for scale in SCALES), key=lambda found: found[1]
    )
    steps = [step for step in best if step in labels]
    answered = sum(n for key, n in counts.items() if key not in MISSING_WORDS)
    if len(steps) < 2 or covered < MOST * answered:
        return None
    rare = len(set(labels) - set(steps) - set(missing))
    return Asked("scale", make_options([labels[k] for k in (*steps, *missing)]), rare=rare)


def _numbered_scale(texts: Counter[str]) -> Asked | None:
    """Return the scale whose steps are few whole numbers, such as ``3``, ``3/5`` or ``5 - very much``."""
    labels = most_frequent_spelling(texts)
    missing = [labels[key] for key in labels if key in MISSING_WORDS]
    steps = {key: _STEP.fullmatch(key) for key in labels if key not in MISSING_WORDS}
    points = {int(match["point"]): labels[key] for key, match in steps.items() if match}
    if len(points) < 2 or len(points) < len(steps) or max(points) > 10:
        return None
    if all(key.isdigit() for key in steps) and (len(points) < 3 or texts.total() < 3 * len(points)):
        return None
    tops = {match["of"] for match in steps.values() if match}
    top = tops.pop() if len(tops) == 1 else None
    first, last = (min(1, *points), int(top)) if top else (min(points), max(points))
    # A step that nobody chose belongs to the scale all the same.
    scale = [points.get(i, f"{i}/{top}" if top else str(i)) for i in range(first, max(last, *points) + 1)]
    doubt = f"taken for a scale from {first} to {max(last, *points)}, in the order of the numbers"
    return Asked("scale", make_options([*scale, *missing]), doubts=(doubt,))


# --- choices -----------------------------------------------------------------------------------------------


def _coded_choice(cells: Counter[str], dialect: Dialect, codes: re.Pattern[str]) -> Asked | None:
    """Return the choice among codes that the cells hold; their order tells nothing of the order of the labels."""
    doubt = (
        "holding codes, not labels: give each option its label and, as `code`, what stands in the export, in the order "
        "of the questionnaire"
    )
    for separator in ("", dialect.separator):
        counts: Counter[str] = Counter()
        for text, n in cells.items():
            for part in text.split(separator) if separator else [text]:
                counts[part.strip()] += n if part.strip() else 0
        del counts[""]
        common = [code for code, n in counts.items() if codes.fullmatch(code)]
        if len(common) < 2 or len(common) > 20 or sum(counts[c] for c in common) < MOST * counts.total():
            continue
        if counts.total() < 3 * len(common):
            continue
        options = make_options(in_order(sorted(common, key=_in_numbers)))
        return Asked(
            "multiple" if separator else "single", options, doubts=(doubt,), rare=len(counts) - len(common)
        )
    return None


def _in_numbers(code: str) -> tuple[float, str]:
    number = re.search(r"-?\d+", code)
    return (float(number.group()) if number else -math.inf, code)


def _single(texts: Counter[str], coded: bool) -> Asked | None:
    common = _common(texts, texts.total(), coded, least=MOST, longest=_LONGEST_OPTION)
    if common is None:
        return None
    rare = len(set(map(fold, texts)) - set(map(fold, common)))
    return Asked("single", make_options(in_order(common)), rare=rare)


def _multiple(cells: Counter[str], dialect: Dialect, coded: bool) -> Asked | None:
    """Return the question whose cells hold several options, with a separator between."""
    found = []
    for separator in (dialect.separator, *dialect.guesses):
        if any(_mark(separator) in text for text in cells):
            asked = _split_options(cells, separator, dialect, coded)
            if asked is not None:
                found.append(replace(asked, separator=None if separator == dialect.separator else separator))
    # An option may hold what is another tool's separator; splitting there gives more of them.
    return min(found, key=lambda asked: len(asked.options), default=None)


def _mark(separator: str) -> str:
    """Return what separates at the least: without its blank, but a comma alone stands in numbers too."""
    return separator if "," in separator else separator.strip() or separator


def _split_options(cells: Counter[str], separator: str, dialect: Dialect, coded: bool) -> Asked | None:
    mark = _mark(separator)
    split = [[p for p in t.split(separator if separator in t else mark) if p.strip()] for t in cells]
    joined = split if coded else [_rejoin(parts, separator) for parts in _joins(split, separator)]
    bare = [[one_line(dialect.label(p)) for p in cell] for cell in joined]
    counts: Counter[str] = Counter()
    for parts, n in zip(bare, cells.values(), strict=True):
        counts.update(dict.fromkeys(parts, n))
    common = _common(counts, cells.total(), coded, least=0.7)
    if common is None:
        return None
    known = {fold(label) for label in common}
    folded = [{fold(p) for p in cell} for cell in bare]
    # Options are really combined; a few answers that happen to hold the separator are not enough.
    combined = sum(n for cell, n in zip(folded, cells.values(), strict=True) if len(cell & known) > 1)
    if combined * 20 <= cells.total() and not all(text.rstrip().endswith(mark) for text in cells):
        return None
    # Words stand with blanks between, too: options are also chosen one by one.
    if not separator.strip() and not known <= {key for cell in folded if len(cell) == 1 for key in cell}:
        return None
    doubts = ("split at commas, which an option may hold itself",) if "," in separator else ()
    alone = {key for key in known if key in MISSING_WORDS and not any(len(c) > 1 for c in folded if key in c)}
    return Asked("multiple", make_options(in_order(common), means=alone), doubts=doubts)


def _common(
    counts: Counter[str], n: int, coded: bool, *, least: float, longest: int = 150
) -> list[str] | None:
    """Return the answers given often enough to be options, the most frequent first; None if they cover too little.

    `n` is the number of filled cells, `least` the share of all answers that the options must cover. A text of more
    letters than `longest` is one only if many chose it, and one with contact details never is. Where the tool marks its
    own options with a code (`coded`), every answer is one.
    """
    if not counts:
        return None
    labels = most_frequent_spelling(counts)
    folded = _folded(counts)
    enough = 1 if coded else max(2, math.ceil(n / 200))
    common = [key for key, count in folded.most_common() if count >= enough or key in _ALWAYS]
    common = [key for key in common if coded or not contact_details(labels[key])]
    if not coded:
        by_many = max(5, n / 50)
        common = [key for key in common if len(key) <= longest or folded[key] >= by_many]
    covered = sum(folded[key] for key in common) / folded.total()
    if not common or covered < least or len(common) > 60:
        return None
    frequent = sum(folded[key] >= enough for key in common)
    if not coded and (folded.total() < 3 * frequent or max(len(labels[key]) for key in common) > 150):
        return None
    return [labels[key] for key in common]


def _joins(cells: list[list[str]], separator: str) -> list[list[tuple[str, bool]]]:
    """Mark the parts that belong to the part before.

    They stand inside brackets, have a blank before them where the separator has none after it, or begin with a small
    letter and always follow the same part.
    """
    before: dict[str, set[str]] = {}
    for cell in cells:
        for i, part in enumerate(cell):
            before.setdefault(part, set()).add(cell[i - 1] if i else "")
    marked: list[list[tuple[str, bool]]] = []
    for cell in cells:
        depth = 0
        parts = []
        for part in cell:
            follows = part[:1].islower() and len(before[part]) == 1 and "" not in before[part]
            spaced = part[:1].isspace() and separator == separator.strip() != ""
            parts.append((part, depth > 0 or follows or spaced))
            depth = max(depth + part.count("(") - part.count(")"), 0)
        marked.append(parts)
    return marked


def _rejoin(parts: list[tuple[str, bool]], separator: str) -> list[str]:
    joined: list[str] = []
    for part, belongs in parts:
        if belongs and joined:
            joined[-1] += separator + part
        else:
            joined.append(part)
    return joined


# --- options -----------------------------------------------------------------------------------------------


def most_frequent_spelling(texts: Counter[str]) -> dict[str, str]:
    """Return the most frequent spelling of each folded text, by its folded form; a capital wins a tie."""
    best: dict[str, str] = {}
    for text, _ in sorted(texts.items(), key=lambda item: (-item[1], item[0][:1].islower())):
        best.setdefault(fold(text), text)
    return best


def in_order(labels: Sequence[str]) -> list[str]:
    """Return options in the order in which a questionnaire would have them.

    Amounts and ranges by size, "yes" first, "no" late, then "other", refusals, and what means a missing answer;
    for the rest the order given stays.

    Examples
    --------
    >>> in_order(["45-60", "> 60", "18-29", "Under 18", "Prefer not to say"])
    ['Under 18', '18-29', '45-60', '> 60', 'Prefer not to say']
    >>> in_order(["Vet ej", "Nej", "Delvis", "Ja"])
    ['Ja', 'Delvis', 'Nej', 'Vet ej']
    """
    places = {label: _place(label) for label in labels}
    ordinary = [label for label in labels if places[label] == 1]
    sizes = {label: size for label in ordinary if (size := _size(label)) is not None}
    if len(set(sizes.values())) == len(ordinary):
        ordinary.sort(key=lambda label: sizes[label])
    rank = {label: i for i, label in enumerate(ordinary)}
    return sorted(labels, key=lambda label: (places[label], rank.get(label, 0)))


def _place(label: str) -> int:
    folded = fold(label)
    if folded in MISSING_WORDS:
        return 5
    return next((place for place, pattern in _PLACES if pattern.fullmatch(folded)), 1)


def _size(label: str) -> tuple[float, int] | None:
    """Return where an amount or a range stands among others: its first number, and whether below or above it."""
    text = re.sub(r"(?<=\d)[ ,.\u2009](?=\d{3}\b)", "", fold(label))
    number = re.search(r"\d+(?:[.,]\d+)?", text)
    side = -1 if _BELOW.match(text) else 1 if _ABOVE.match(text) else 0
    if number is None:
        return (-math.inf, 0) if side < 0 else None
    return float(number.group().replace(",", ".")), side


def make_options(
    labels: Sequence[str], *, columns: Sequence[str] = (), means: Iterable[str] | None = None
) -> tuple[Option, ...]:
    """Return options with ids made of their labels.

    Parameters
    ----------
    labels : sequence of str
        In order.
    columns : sequence of str
        The header of each option, where each has its own column.
    means : iterable of str, optional
        The folded labels that may stand for a missing answer; all if left out.
    """
    may_mean = None if means is None else set(means)
    meant: set[str] = set()
    options = []
    for i, (option_id, label) in enumerate(zip(slugs(labels), labels, strict=True)):
        missing = MISSING_WORDS.get(fold(label), "").removeprefix("_")
        if missing in meant or (may_mean is not None and fold(label) not in may_mean):
            missing = ""
        meant.add(missing)
        option = {"id": option_id, "label": label, "means": missing or None}
        options.append(Option.model_validate(option | ({"column": columns[i]} if columns else {})))
    return tuple(options)


def slug(text: str) -> str:
    """Return an id made of a text: small letters a–z, digits and underscores.

    Examples
    --------
    >>> slug("I mycket stor utsträckning"), slug("5/5")
    ('i_mycket_stor_utstrackning', 'o5_5')
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    words = re.sub(r"[^a-z0-9]+", "_", ascii_text).strip("_")[:40].rstrip("_")
    return words if words[:1].isalpha() else f"o{words}" if words else "o"


def slugs(texts: Iterable[str]) -> list[str]:
    """Return an id for each text; the second of equal ones ends with ``_2``.

    Examples
    --------
    >>> slugs(["C", "C++", "C#"])
    ['c', 'c_2', 'c_3']
    """
    found: list[str] = []
    for text in texts:
        found.append(unused(slug(text), found))
    return found


def unused(wanted: str, taken: Iterable[str]) -> str:
    """Return `wanted`, or `wanted` with the first number that makes it differ from what is taken."""
    known = set(taken)
    numbered = itertools.chain([wanted], (f"{wanted}_{n}" for n in itertools.count(2)))
    return next(candidate for candidate in numbered if candidate not in known)
