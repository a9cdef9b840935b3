"""Themes in free text: the coding frame, suggestions from Swedish lemmas, and counts of who mentions what.

A suggestion is never a coding: it only tells a person which answers to read first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pandas as pd

from analysis.problems import InputError, Problem
from analysis.survey.instrument import read_yaml
from analysis.survey.units import KIND_LABELS

SUGGESTION_COLUMNS: Final = ("answer_id", "question", "unit_id", "theme", "terms", "status")
"""Columns of the table that `suggest` returns."""

EVERYONE: Final = "alla"
"""The group that all units belong to."""

_WORD = re.compile(r"[^\W_]+(?:[-:’'][^\W_]+)*")
_ID = re.compile(r"[a-z][a-z0-9_]*")
_REQUIRED = ("id", "label", "definition", "terms")
_LISTS = ("terms", "not_terms")


@dataclass(frozen=True)
class Theme:
    """One theme of the coding frame.

    Attributes
    ----------
    id : str
        Small letters a–z, digits and underscores.
    label : str
        Swedish name, as readers see it.
    definition : str
        One Swedish sentence: when the theme applies.
    terms : tuple of str
        Lemmas, or phrases of consecutive lemmas, that suggest the theme. A word may end with ``*`` (any
        ending) or begin with it (any beginning).
    not_terms : tuple of str
        Words and phrases in which a term does not count.
    """

    id: str
    label: str
    definition: str
    terms: tuple[str, ...]
    not_terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class CodingFrame:
    """The themes that answers may be coded with, in the order they are shown.

    Attributes
    ----------
    version : int
        Raised whenever a definition changes, so that codings of different years are not mixed up.
    themes : tuple of Theme
        With unique ids.
    """

    version: int
    themes: tuple[Theme, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the themes, in order."""
        return tuple(theme.id for theme in self.themes)

    @classmethod
    def read(cls, path: Path, name: str) -> CodingFrame:
        """Read and check a coding frame (``themes.yaml``).

        Parameters
        ----------
        path : Path
            The file: ``version``, and ``themes`` with ``id, label, definition, terms`` and perhaps
            ``not_terms`` each.
        name : str
            The file's name for messages.

        Raises
        ------
        InputError
            With every problem at once: line, key, what is wrong, what to do.
        """
        data, lines = read_yaml(path, name)
        problems = list(_frame_problems(data, name, lines))
        if problems:
            raise InputError(problems)
        themes = (
            Theme(
                entry["id"],
                entry["label"].strip(),
                entry["definition"].strip(),
                tuple(entry["terms"]),
                tuple(entry.get("not_terms", ())),
            )
            for entry in data["themes"]
        )
        return cls(data["version"], tuple(themes))


# --- Checks of the file ---

_Path = tuple[str | int, ...]
_Fault = tuple[_Path, str, str]


def _frame_problems(data: Any, name: str, lines: Mapping[_Path, int]) -> Iterator[Problem]:
    for path, what, do in _frame_faults(data):
        known = path
        while known and known not in lines:
            known = known[:-1]
        column = ".".join(str(part) for part in path)
        yield Problem(name, what, do, line=lines.get(known), column=column or None)


def _frame_faults(data: Any) -> Iterator[_Fault]:
    if not isinstance(data, dict):
        yield (), "holds no coding frame", "Write version: and themes:"
        return
    yield from _unknown_keys(data, ("version", "themes"), ())
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        yield ("version",), "'version' is not a positive whole number", "Write version: 1, and raise it later"
    themes = data.get("themes")
    if not isinstance(themes, list) or not themes:
        yield ("themes",), "'themes' is not a list of themes", "List at least one theme"
        return
    for i, entry in enumerate(themes):
        yield from _theme_faults(entry, ("themes", i))
    for key in ("id", "label"):
        values = [(i, entry.get(key)) for i, entry in enumerate(themes) if isinstance(entry, dict)]
        for i, value in _repeated(values):
            yield (
                ("themes", i, key),
                f"the {key} {value!r} is used more than once",
                f"Give each theme its own {key}",
            )


def _theme_faults(entry: Any, path: _Path) -> Iterator[_Fault]:
    if not isinstance(entry, dict):
        yield path, "the theme is not a set of keys and values", f"Write {', '.join(_REQUIRED)}"
        return
    yield from _unknown_keys(entry, (*_REQUIRED, "not_terms"), path)
    for key in _REQUIRED:
        if key not in entry:
            yield (*path, key), f"{key!r} is missing", "Add it"
    for key in ("id", "label", "definition"):
        value = entry.get(key, "-")
        if not isinstance(value, str) or not value.strip():
            yield (*path, key), f"{key!r} is not text, or empty", "Write it as text"
        elif key == "id" and key in entry and not _ID.fullmatch(value):
            do = "Use small letters a–z, digits and underscores, beginning with a letter"
            yield (*path, key), f"the id is {value!r}", do
    for key in _LISTS:
        if key in entry:
            yield from _list_faults(entry[key], (*path, key))
    terms, not_terms = (_texts(entry.get(key)) for key in _LISTS)
    for term in sorted(terms & not_terms):
        yield (*path, "not_terms"), f"{term!r} is a term of the same theme", "Keep it in one of the lists"


def _list_faults(values: Any, path: _Path) -> Iterator[_Fault]:
    if not isinstance(values, list) or (path[-1] == "terms" and not values):
        yield path, f"{path[-1]!r} is not a list, or empty", "List at least one word or phrase"
        return
    for i, term in enumerate(values):
        if not isinstance(term, str):
            do = "Write it in quotes, as it looks like a number or yes/no"
            yield (*path, i), f"the term {term!r} is not text", do
        elif not term.split() or not all(_can_match(piece) for piece in term.split()):
            yield (
                (*path, i),
                f"the term {term!r} can never match a text",
                "Write words with letters, digits and hyphens, with * at the beginning or the end of a word",
            )
    texts = [(i, " ".join(_fold(term).split())) for i, term in enumerate(values) if isinstance(term, str)]
    for i, term in _repeated(texts):
        yield (*path, i), f"the term {term!r} stands there more than once", "Remove one of them"


def _can_match(piece: str) -> bool:
    return bool(_WORD.fullmatch(piece[1:] if piece.startswith("*") else piece.removesuffix("*")))


def _texts(values: Any) -> set[str]:
    return {_fold(v) for v in values if isinstance(v, str)} if isinstance(values, list) else set()


def _unknown_keys(data: Mapping[Any, Any], known: Sequence[str], path: _Path) -> Iterator[_Fault]:
    for key in data:
        if key not in known:
            yield (*path, key), f"{key!r} is not a known key", f"Use {', '.join(known)}"


def _repeated(values: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    for i, value in values:
        if isinstance(value, str):
            if value in seen:
                yield i, value
            seen.add(value)


# --- Lemmas ---


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("\u00ad", "").lower()


@lru_cache(maxsize=200_000)
def _lemma(word: str) -> str:
    from simplemma import is_known, lemmatize  # 0.6 s with its dictionary: only when there is text to read

    # Greedy looks into compounds that the dictionary lacks, but goes too far with words that it has.
    return str(lemmatize(word, lang="sv", greedy=not is_known(word, lang="sv"))).lower()


def _runs(text: str) -> list[list[str]]:
    """Return the words of a text, split wherever anything but white space stands between two of them."""
    folded = _fold(text)
    runs: list[list[str]] = []
    end = 0
    for match in _WORD.finditer(folded):
        if not runs or not folded[end : match.start()].isspace():
            runs.append([])
        runs[-1].append(match.group())
        end = match.end()
    return runs


def lemmas(text: str) -> tuple[str, ...]:
    """Return the Swedish lemma of each word of a text, in small letters.

    Parameters
    ----------
    text : str
        Any text; punctuation is left out, hyphenated words stay together.

    Returns
    -------
    tuple of str
        One lemma for each word. A word that is unknown also in its parts stands as it is written.

    Examples
    --------
    >>> lemmas("Fritidsledarna har utbildats, på två skolor.")
    ('fritidsledare', 'ha', 'utbilda', 'på', 'två', 'skola')
    """
    return tuple(_lemma(word) for run in _runs(text) for word in run)


# --- Suggestions ---


@dataclass(frozen=True)
class _Phrase:
    theme: int
    term: str
    pieces: tuple[str, ...]
    counts: bool


class _Matcher:
    """The terms of a frame, arranged so that a text is compared with all of them in one pass."""

    def __init__(self, frame: CodingFrame) -> None:
        self._by_first: dict[str, list[_Phrase]] = {}
        for number, theme in enumerate(frame.themes):
            for terms, counts in ((theme.terms, True), (theme.not_terms, False)):
                for term in terms:
                    phrase = _Phrase(number, term, tuple(_fold(term).split()), counts)
                    self._by_first.setdefault(phrase.pieces[0], []).append(phrase)
        pieces = {p for phrases in self._by_first.values() for phrase in phrases for p in phrase.pieces}
        self._whole = frozenset(piece for piece in pieces if "*" not in piece)
        self._beginnings = {piece: piece[:-1] for piece in sorted(pieces) if piece.endswith("*")}
        self._ends = {piece: piece[1:] for piece in sorted(pieces) if piece.startswith("*")}
        self._known: dict[str, frozenset[str]] = {}

    def found(self, text: str) -> dict[int, set[str]]:
        """Return the terms found in a text, by the number of their theme."""
        found: dict[int, set[str]] = {}
        for run in _runs(text):
            for theme, terms in self._found_in_run([self._pieces(word) for word in run]).items():
                found.setdefault(theme, set()).update(terms)
        return found

    def _pieces(self, word: str) -> frozenset[str]:
        """Return the words of the frame that a word of a text may stand for: by its form or by its lemma."""
        if word not in self._known:
            forms = (word, _lemma(word))
            begun = (p for p, start in self._beginnings.items() if any(f.startswith(start) for f in forms))
            ended = (p for p, end in self._ends.items() if any(f.endswith(end) for f in forms))
            self._known[word] = self._whole.intersection(forms).union(begun, ended)
        return self._known[word]

    def _found_in_run(self, words: list[frozenset[str]]) -> dict[int, set[str]]:
        hits: list[tuple[_Phrase, range]] = []
        for start, word in enumerate(words):
            for piece in word:
                for phrase in self._by_first.get(piece, ()):
                    place = range(start, start + len(phrase.pieces))
                    if place.stop <= len(words) and all(
                        p in words[i] for p, i in zip(phrase.pieces, place, strict=True)
                    ):
                        hits.append((phrase, place))
        covered = {(phrase.theme, i) for phrase, place in hits if not phrase.counts for i in place}
        found: dict[int, set[str]] = {}
        for phrase, place in hits:
            if phrase.counts and not any((phrase.theme, i) in covered for i in place):
                found.setdefault(phrase.theme, set()).add(phrase.term)
        return found


def suggest(texts: pd.DataFrame, frame: CodingFrame) -> pd.DataFrame:
    """Suggest themes for answers in free text. A suggestion is not a coding: a person reads the answer.

    A word of a text stands for a word of a term if its form or its lemma does; the words of a phrase stand
    side by side with only white space between them. A term that overlaps a ``not_term`` does not count.

    Parameters
    ----------
    texts : DataFrame
        One row for each answer: ``answer_id, question, unit_id, text``. Missing texts get no suggestion.
    frame : CodingFrame
        The themes.

    Returns
    -------
    DataFrame
        ``answer_id, question, unit_id, theme, terms, status``: one row for each answer and theme, in the
        order of the answers and of the frame. ``terms`` are those found, joined with ``"; "``; ``status``
        is always ``suggestion``.

    Raises
    ------
    ValueError
        If an ``answer_id`` stands on more than one row.

    Examples
    --------
    >>> school = Theme("skola", "Skola", "Svaret handlar om skolan.", ("*skola",), ("förskola", "ska"))
    >>> texts = pd.DataFrame({
    ...     "answer_id": ["a1", "a2"], "question": "q", "unit_id": ["farsta", "bromma"],
    ...     "text": ["Grundskolorna är med.", "Förskolan ska vara med."],
    ... })
    >>> suggest(texts, CodingFrame(1, (school,)))[["answer_id", "theme", "terms", "status"]]
      answer_id  theme   terms      status
    0        a1  skola  *skola  suggestion
    """
    _refuse_repeated(texts["answer_id"])
    matcher = _Matcher(frame)
    rows = []
    present = texts.dropna(subset=["text"])
    columns = (present[name] for name in ("answer_id", "question", "unit_id", "text"))
    for answer_id, question, unit_id, text in zip(*columns, strict=True):
        found = matcher.found(text)
        for number in sorted(found):
            theme = frame.themes[number]
            terms = "; ".join(term for term in theme.terms if term in found[number])
            rows.append((answer_id, question, unit_id, theme.id, terms, "suggestion"))
    return pd.DataFrame(rows, columns=list(SUGGESTION_COLUMNS), dtype="str")


# --- Counts ---


def count_themes(
    suggestions: pd.DataFrame, answers: pd.DataFrame, frame: CodingFrame, by: Sequence[str] = ()
) -> pd.DataFrame:
    """Count the units, and the answers, that mention each theme.

    A unit counts once for a theme however often it mentions it. Answers whose unit or kind is missing (those
    under review) are outside counts and base.

    Parameters
    ----------
    suggestions : DataFrame
        ``answer_id, theme``: what `suggest` returns, or codings in the same shape.
    answers : DataFrame
        Every answer that the themes were looked for in: ``answer_id, question, unit_id, kind``, and the
        columns of `by`.
    frame : CodingFrame
        The themes to count; those that nobody mentions are counted as 0.
    by : sequence of str, optional
        Columns of `answers` to count within, such as ``["question"]`` or ``["section"]``; the whole survey if
        left out.

    Returns
    -------
    DataFrame
        The columns of `by`, then ``theme, label, group, units, answers, base_units``. ``group`` is ``alla``
        or a kind of unit; ``base_units`` are the distinct units with an answer there. Sorted by `by` (the
        order of the categories where it is categorical), by the frame's order, and with ``alla`` first.

    Raises
    ------
    ValueError
        If an ``answer_id`` stands on more than one row of `answers`, a suggestion is about an answer that is
        not among them, or its theme is not in the frame.

    Examples
    --------
    >>> frame = CodingFrame(1, (Theme("skola", "Skola", "Om skolan.", ("skola",)),))
    >>> answers = pd.DataFrame({
    ...     "answer_id": ["a", "b", "c"], "question": "q",
    ...     "unit_id": ["farsta", "farsta", "bromma"], "kind": "district",
    ... })
    >>> mentioned = pd.DataFrame({"answer_id": ["a", "b"], "theme": "skola"})
    >>> count_themes(mentioned, answers, frame)[["theme", "group", "units", "answers", "base_units"]]
       theme     group  units  answers  base_units
    0  skola      alla      1        2           2
    1  skola  district      1        2           2
    """
    _refuse_repeated(answers["answer_id"])
    _refuse_unknown(suggestions["answer_id"], answers["answer_id"], "answers that are not in the table")
    _refuse_unknown(suggestions["theme"], pd.Series(frame.ids), "themes that are not in the coding frame")

    members = _members(answers.dropna(subset=["unit_id", "kind"]))
    cell = [*by, "group"]
    base = members.groupby(cell, observed=True, dropna=False)["unit_id"].nunique().rename("base_units")
    mentions = members.merge(suggestions[["answer_id", "theme"]].drop_duplicates(), on="answer_id")
    counts = mentions.groupby([*cell, "theme"], observed=True, dropna=False).agg(
        units=("unit_id", "nunique"), answers=("answer_id", "nunique")
    )
    themes = pd.DataFrame({"theme": frame.ids, "label": [theme.label for theme in frame.themes]})
    groups = pd.DataFrame({"group": members["group"].cat.categories})
    cells = members[list(by)].drop_duplicates().sort_values(list(by)) if by else pd.DataFrame(index=[0])
    table = (
        cells.merge(themes, how="cross")
        .merge(groups, how="cross")
        .merge(counts.reset_index(), on=[*cell, "theme"], how="left")
        .merge(base.reset_index(), on=cell, how="left")
    )
    numbers = ["units", "answers", "base_units"]
    return table.assign(**table[numbers].fillna(0).astype("int64"))[
        [*by, "theme", "label", "group", *numbers]
    ]


def _members(answers: pd.DataFrame) -> pd.DataFrame:
    """Return each answer twice: in the group of everyone, and in that of its kind of unit."""
    found = sorted(set(answers["kind"]))
    kinds = [kind for kind in KIND_LABELS if kind in found] + [k for k in found if k not in KIND_LABELS]
    both = pd.concat([answers.assign(group=EVERYONE), answers.assign(group=answers["kind"])])
    return both.assign(group=pd.Categorical(both["group"], categories=[EVERYONE, *kinds]))


def _refuse_repeated(answer_ids: pd.Series) -> None:
    repeated = answer_ids[answer_ids.duplicated()].unique()
    if len(repeated):
        raise ValueError(f"answers that stand on more than one row: {_some(repeated)}")


def _refuse_unknown(values: pd.Series, known: pd.Series, what: str) -> None:
    unknown = values[~values.isin(known)].unique()
    if len(unknown):
        raise ValueError(f"the suggestions hold {what}: {_some(unknown)}")


def _some(values: Iterable[object]) -> str:
    listed = [str(value) for value in values]
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "")
