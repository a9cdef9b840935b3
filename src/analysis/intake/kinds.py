"""What kind of question the answers in a column answer: inferred from the answers alone, for a draft."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

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

_STEP = re.compile(r"(?P<point>\d{1,2})(?:/(?P<of>\d{1,2})| ?[-(:.=] ?[^\W\d].*)?")
_HOW_MANY = re.compile(r"\b(hur många|antalet?|how many|number of)\b")
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
    asked = (
        (None if coded else _typed("date", real, is_date))
        or (None if varied else _named_scale(bare))
        or (None if counting or codes is None or varied else _coded_choice(cells, dialect, codes))
        or (None if counting or varied else _numbered_scale(scaled))
        or (None if coded else _typed("number", real, lambda text: parse_number(text, ".") is not None))
        or (None if varied else _multiple(cells, dialect, coded))
        or (None if varied else _single(bare, coded))
        or Asked("free_text")
    )
    if asked.kind == "number" and codes is not None and codes.fullmatch("1") and not counting:
        asked = replace(
            asked, doubts=("taken for a number, though the file holds codes for labels", *asked.doubts)
        )
    if asked.kind == "scale":
        asked = replace(asked, rare=asked.rare + len(stand_ins))
    return replace(
        asked, doubts=(*asked.doubts, *_possibly_missing(asked, bare, stand_ins), *_look_of(asked, bare))
    )


def is_date(text: str) -> bool:
    """Return whether a text is a date in some order of day and month."""
    return any(parse_date(text, order) is not None for order in ("dmy", "mdy"))


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


# --- doubts ------------------------------------------------------------------------------------------------


def _stand_ins(texts: Iterable[str]) -> list[str]:
    """Return the numbers that may stand for a missing answer: below zero among others, or above all others."""
    numbers = {t: n for t in texts if (n := parse_number(t, ".")) is not None}
    others = [n for t, n in numbers.items() if t not in _STAND_INS]
    if not others:
        return []
    found = [t for t, n in numbers.items() if t in _STAND_INS and (n < 0 <= min(others) or n > max(others))]
    return sorted(found, key=numbers.__getitem__)


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
    for text in stand_ins if asked.kind in ("scale", "number") else ():
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


def _look_of(asked: Asked, bare: Counter[str]) -> Iterator[str]:
    """Yield what the look of numbers makes doubtful."""
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
    common = _common(texts, texts.total(), coded, least=MOST)
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


def _common(counts: Counter[str], n: int, coded: bool, *, least: float) -> list[str] | None:
    """Return the answers given often enough to be options, the most frequent first; None if they cover too little.

    `n` is the number of filled cells, `least` the share of all answers that the options must cover. Where the tool
    marks its own options with a code (`coded`), every answer is one.
    """
    if not counts:
        return None
    labels = most_frequent_spelling(counts)
    folded = _folded(counts)
    enough = 1 if coded else max(2, math.ceil(n / 200))
    common = [key for key, count in folded.most_common() if count >= enough or key in _ALWAYS]
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
