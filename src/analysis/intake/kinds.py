"""What kind of question the answers in a column answer: inferred from the answers alone, for a draft."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from analysis.intake.decode import one_line
from analysis.intake.dialects import Dialect
from analysis.intake.parse import MISSING_WORDS, parse_date, parse_number
from analysis.survey.instrument import Kind, Option, fold

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

_PLACES = (
    (0, re.compile(r"(ja|yes)( ?[-,.:].*)?")),
    (2, re.compile(r"(nej|no)( ?[-,.:].*)?")),
    (3, re.compile(r"(annat|annan|övrigt|others?)\b.*")),
    (4, re.compile(r"(vill (ej|inte) (svara|uppge)|prefer not to (say|answer)|rather not say)\b.*")),
)
"""Where an option stands among others, by its folded label; 1 for all that are not named here."""

_STEP = re.compile(r"(?P<point>\d{1,2})(?:/(?P<of>\d{1,2})| ?[-(:.=] ?[^\W\d].*)?")
_HOW_MANY = re.compile(r"\b(hur många|antalet?|how many|number of)\b")
_BELOW = re.compile(r"<|less than|fewer than|under|below|up to|mindre än|färre än|högst|upp till")
_ABOVE = re.compile(r">|more than|over|above|at least|mer än|fler än|över|minst")


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
    doubt : str
        What a person must settle, to be read after "is"; ``""`` if nothing.
    rare : int
        How many different answers fit neither the options nor the kind.
    """

    kind: Kind
    options: tuple[Option, ...] = ()
    separator: str | None = None
    doubt: str = ""
    rare: int = 0


def infer_kind(cells: pd.Series, question: str, dialect: Dialect, dates: str) -> Asked:
    """Infer what a column asks.

    Parameters
    ----------
    cells : Series of str
        The cells that are filled in.
    question : str
        The question's text.
    dialect : Dialect
        The survey tool.
    dates : str
        The order of day, month and year, as in `parse_date`.
    """
    if cells.empty:
        return Asked("free_text", doubt="taken for free text, for want of answers")
    bare = cells.map(dialect.label).map(one_line)
    coded = bool((bare != cells.map(one_line)).mean() > 0.5)
    real = bare[~bare.map(fold).isin(MISSING_WORDS)]
    typed = None
    if not coded:
        typed = _typed("date", real, lambda text: parse_date(text, dates) is not None)
    counting = _HOW_MANY.search(fold(question)) is not None
    return (
        typed
        or _named_scale(bare)
        or (None if counting else _numbered_scale(bare))
        or (None if coded else _typed("number", real, lambda text: parse_number(text, ".") is not None))
        or _multiple(cells, dialect, coded)
        or _single(bare, coded)
        or Asked("free_text")
    )


def _typed(kind: Kind, texts: pd.Series, fits: Callable[[str], bool]) -> Asked | None:
    """Return the kind if most texts fit, and no other answer is common enough to be an option."""
    fitting = texts.map(fits).astype("bool")
    if texts.empty or fitting.mean() < MOST:
        return None
    others = Counter(texts[~fitting].map(fold))
    if max(others.values(), default=0) > max(1, len(texts) / 50):
        return None
    return Asked(kind, rare=len(others))


# --- scales ------------------------------------------------------------------------------------------------


def _named_scale(texts: pd.Series) -> Asked | None:
    """Return the known scale that covers most answers, if it covers enough."""
    counts = Counter(texts.map(fold))
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


def _numbered_scale(texts: pd.Series) -> Asked | None:
    """Return the scale whose steps are few whole numbers, such as ``3``, ``3/5`` or ``5 - very much``."""
    labels = most_frequent_spelling(texts)
    missing = [labels[key] for key in labels if key in MISSING_WORDS]
    steps = {key: _STEP.fullmatch(key) for key in labels if key not in MISSING_WORDS}
    points = {int(match["point"]): labels[key] for key, match in steps.items() if match}
    if len(points) < 2 or len(points) < len(steps) or max(points) > 10:
        return None
    if all(key.isdigit() for key in steps) and (len(points) < 3 or len(texts) < 3 * len(points)):
        return None
    tops = {match["of"] for match in steps.values() if match}
    top = tops.pop() if len(tops) == 1 else None
    first, last = (min(1, *points), int(top)) if top else (min(points), max(points))
    # A step that nobody chose belongs to the scale all the same.
    scale = [points.get(i, f"{i}/{top}" if top else str(i)) for i in range(first, max(last, *points) + 1)]
    doubt = f"taken for a scale from {first} to {max(last, *points)}"
    return Asked("scale", make_options([*scale, *missing]), doubt=doubt)


# --- choices -----------------------------------------------------------------------------------------------


def _single(texts: pd.Series, coded: bool) -> Asked | None:
    common = _common(Counter(texts), len(texts), coded, least=MOST)
    if common is None:
        return None
    rare = len(set(texts.map(fold)) - set(map(fold, common)))
    return Asked("single", make_options(in_order(common)), rare=rare)


def _multiple(cells: pd.Series, dialect: Dialect, coded: bool) -> Asked | None:
    """Return the question whose cells hold several options, with a separator between."""
    guesses = (", ", "\n") if dialect.name == "table" else ()
    for separator in (dialect.separator, *guesses):
        if cells.str.contains(separator.strip() or separator, regex=False).any():
            labels = _split_options(cells, separator, dialect, coded)
            if labels is not None:
                return replace(labels, separator=None if separator == dialect.separator else separator)
    return None


def _split_options(cells: pd.Series, separator: str, dialect: Dialect, coded: bool) -> Asked | None:
    mark = separator.strip() or separator
    split = [[p for p in t.split(separator if separator in t else mark) if p.strip()] for t in cells]
    joined = split if coded else [_rejoin(parts, separator) for parts in _joins(split)]
    bare = [[one_line(dialect.label(p)) for p in cell] for cell in joined]
    common = _common(Counter(p for cell in bare for p in set(cell)), len(bare), coded, least=0.7)
    if common is None:
        return None
    known = {fold(label) for label in common}
    folded = [{fold(p) for p in cell} for cell in bare]
    # Options are really combined; a few answers that happen to hold the separator are not enough.
    combined = sum(len(cell & known) > 1 for cell in folded)
    if combined * 20 <= len(bare) and not cells.str.rstrip().str.endswith(mark).all():
        return None
    alone = {key for key in known if key in MISSING_WORDS and not any(len(c) > 1 for c in folded if key in c)}
    return Asked("multiple", make_options(in_order(common), means=alone))


def _common(counts: Counter[str], n: int, coded: bool, *, least: float) -> list[str] | None:
    """Return the answers given often enough to be options, the most frequent first; None if they cover too little.

    `n` is the number of filled cells, `least` the share of all answers that the options must cover. Where the tool
    marks its own options with a code (`coded`), every answer is one.
    """
    labels = most_frequent_spelling(counts.elements())
    folded: Counter[str] = Counter()
    for text, count in counts.items():
        folded[fold(text)] += count
    enough = 1 if coded else max(2, math.ceil(n / 200))
    common = [key for key, count in folded.most_common() if count >= enough or key in _ALWAYS]
    covered = sum(folded[key] for key in common) / folded.total()
    if not common or covered < least or len(common) > 60:
        return None
    frequent = sum(folded[key] >= enough for key in common)
    if not coded and (folded.total() < 3 * frequent or max(len(labels[key]) for key in common) > 150):
        return None
    return [labels[key] for key in common]


def _joins(cells: list[list[str]]) -> list[list[tuple[str, bool]]]:
    """Mark the parts that belong to the part before: small first letter, and always after the same part."""
    before: dict[str, set[str]] = {}
    for cell in cells:
        for i, part in enumerate(cell):
            before.setdefault(part, set()).add(cell[i - 1] if i else "")
    return [
        [(part, part[:1].islower() and len(before[part]) == 1 and "" not in before[part]) for part in cell]
        for cell in cells
    ]


def _rejoin(parts: list[tuple[str, bool]], separator: str) -> list[str]:
    joined: list[str] = []
    for part, belongs in parts:
        if belongs and joined:
            joined[-1] += separator + part
        else:
            joined.append(part)
    return joined


# --- options -----------------------------------------------------------------------------------------------


def most_frequent_spelling(texts: Iterable[str]) -> dict[str, str]:
    """Return the most frequent spelling of each folded text, by its folded form; a capital wins a tie."""
    best: dict[str, str] = {}
    for text, _ in sorted(Counter(texts).items(), key=lambda item: (-item[1], item[0][:1].islower())):
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
