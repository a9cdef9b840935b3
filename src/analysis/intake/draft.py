"""A first ``survey.yaml`` from an export that nobody has described: inferred, and every doubt listed."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import pandas as pd
import yaml

from analysis.intake.decode import Grid, one_line
from analysis.intake.dialects import RawColumn, Table
from analysis.intake.parse import MISSING_WORDS, NO, YES, parse_date, parse_number
from analysis.survey.instrument import (
    Drop,
    Item,
    Option,
    Period,
    Question,
    Responsible,
    Section,
    Source,
    Survey,
    fold,
)
from analysis.survey.units import Register

SCALES: tuple[tuple[str, ...], ...] = (
    ("instämmer inte alls", "instämmer i liten utsträckning", "instämmer delvis", "instämmer i stor utsträckning", "instämmer helt"),
    ("stämmer inte alls", "stämmer ganska dåligt", "stämmer delvis", "stämmer ganska bra", "stämmer helt"),
    ("i mycket liten utsträckning", "i liten utsträckning", "i viss utsträckning", "i stor utsträckning", "i mycket stor utsträckning"),
    ("mycket missnöjd", "missnöjd", "varken nöjd eller missnöjd", "nöjd", "mycket nöjd"),
    ("mycket dåligt", "dåligt", "varken bra eller dåligt", "bra", "mycket bra"),
    ("aldrig", "sällan", "ibland", "ofta", "alltid"),
    ("strongly disagree", "disagree", "neither agree or disagree", "neither agree nor disagree", "agree", "strongly agree"),
    ("never", "rarely", "sometimes", "often", "very often", "always"),
    ("very low", "low", "medium", "high", "very high"),
    ("not used", "partially used", "sometimes used", "often used", "always used"),
    ("not at all", "not much", "some", "a lot"),
    ("novice", "intermediate", "advanced", "expert"),
    ("very dissatisfied", "dissatisfied", "neither satisfied nor dissatisfied", "satisfied", "very satisfied"),
)  # fmt: skip
"""Answers in the order of their scale, folded."""

_ALWAYS = frozenset(
    {"yes", "no", "ja", "nej", "other", "annat", "annan", "övrigt", "prefer not to say", "vill ej uppge"}
)
"""Answers that are options however few chose them, folded."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass
class Draft:
    """A drafted survey and what a person must settle before it can be trusted."""

    survey: Survey
    settle: list[str] = field(default_factory=list)


def draft_survey(
    table: Table,
    grid: Grid,
    *,
    year: int,
    exported: dt.date,
    register: Register,
    encoding: str | None = None,
) -> Draft:
    """Infer what was asked from an export.

    Parameters
    ----------
    table, grid
        The table found in the export, and the grid it was found in.
    year : int
        The reporting year.
    exported : date
        The day of the export, where the file does not tell it.
    register : Register
        Units that may have answered.
    encoding : str, optional
        The encoding, where a person has chosen it.
    """
    return _Drafter(table, grid, year, register).draft(exported, encoding)


class _Drafter:
    def __init__(self, table: Table, grid: Grid, year: int, register: Register) -> None:
        self.table, self.grid, self.year, self.register = table, grid, year, register
        self.settle: list[str] = []
        self.drop: list[Drop] = []
        self.ids: set[str] = set()

    def draft(self, exported: dt.date, encoding: str | None) -> Draft:
        answers = []
        for column in self.table.columns:
            series = self._cells(column)
            if column.role == "answer" and _mostly(series, lambda t: bool(_EMAIL.fullmatch(t.strip()))):
                self.drop.append(Drop(column=column.header, why="personal"))
                self.settle.append(f"“{column.header}” holds e-mail addresses: it is dropped as personal.")
            elif column.role == "answer":
                answers.append(column)
            else:
                why = "personal" if column.role == "personal" else "technical"
                if column.role in ("personal", "technical"):
                    self.settle.append(f"“{column.header}” is a {why} column: it is dropped.")
        questions = [self._question(list(group)) for _, group in itertools.groupby(answers, key=_group_key)]
        units = any(q.kind == "unit" for q in questions)
        period = self._period()
        self.settle = [
            "The title, the period, the publisher and the sections are placeholders.",
            "Confirm each question's kind, the order of its options, and whether it counts people.",
            *self.settle,
        ]
        survey = Survey(
            title=f"Enkät {self.year}",
            year=self.year,
            language=_language(self.table),
            period=period,
            responsible=Responsible(publisher="Utgivare ej angiven"),
            source=Source(
                file=self.grid.file,
                dialect=self.table.dialect.name,
                encoding=encoding,
                delimiter=None,
                sheet=self.grid.sheet if self.grid.other_sheets else None,
                decimal="." if self._point_decimals() else ",",
                dates="mdy" if self.table.dialect.name == "google_forms" else "ymd",
                exported=self.table.exported or exported,
            ),
            respondents="units" if units else "people",
            sections=(
                Section(id="fragor", title="Enkätens frågor", kind="topic", confirmed=False, source="draft"),
            ),
            questions=tuple(questions),
            drop=tuple(self.drop),
        )
        if self.grid.other_sheets:
            self.settle.append(f"Sheets that were not read: {', '.join(self.grid.other_sheets)}.")
        return Draft(survey, self.settle)

    def _cells(self, column: RawColumn) -> pd.Series:
        cells = self.table.cells[column.position]
        return cells[cells.str.strip() != ""]

    def _point_decimals(self) -> bool:
        """Return whether decimals stand with a point: as in workbooks and in most tools' text exports."""
        texts = pd.concat([self._cells(c) for c in self.table.columns] or [pd.Series(dtype="str")])
        points = int(texts.str.fullmatch(r"-?\d+\.\d+").sum())
        return points > int(texts.str.fullmatch(r"-?\d+,\d+").sum())

    def _period(self) -> Period:
        order = "mdy" if self.table.dialect.name == "google_forms" else "ymd"
        days = [
            moment.date()
            for c in self.table.columns
            if c.role == "submitted"
            for text in self._cells(c).unique()
            if (moment := parse_date(text, order))
        ]
        if days:
            return Period(start=min(days), end=max(days))
        return Period(start=dt.date(self.year, 1, 1), end=dt.date(self.year, 12, 31))

    # --- questions -------------------------------------------------------------------------------------------

    def _id(self, wanted: str) -> str:
        base = slug(wanted)
        found = next(
            i
            for i in itertools.chain([base], (f"{base}_{n}" for n in itertools.count(2)))
            if i not in self.ids
        )
        self.ids.add(found)
        return found

    def _question(self, columns: list[RawColumn]) -> Question:
        first = columns[0]
        question_id = self._id(first.code or f"q{len(self.ids) + 1:02}")
        common = {"id": question_id, "text": first.question, "section": "fragor"}
        if len(columns) == 1 and not first.item:
            return Question.model_validate(
                {**common, "column": first.header, **self._kind(first, self._cells(first))}
            )
        cells = [self._cells(c) for c in columns]
        if len(columns) > 1 and all(_is_choice(series, c) for series, c in zip(cells, columns, strict=True)):
            options = [
                Option(id=i, label=c.item, column=c.header)
                for i, c in zip(_slugs(c.item for c in columns), columns, strict=True)
            ]
            return Question.model_validate({**common, "kind": "multiple", "options": options})
        everything = pd.concat(cells)
        asked = self._kind(first, everything, name=f"{first.question} [{len(columns)} items]")
        if asked["kind"] in ("multiple", "unit"):
            asked = {"kind": "free_text"}
        items = [
            Item(id=i, text=c.item or c.question, column=c.header)
            for i, c in zip(_slugs(c.item or c.question for c in columns), columns, strict=True)
        ]
        return Question.model_validate({**common, **asked, "items": items})

    def _kind(self, column: RawColumn, series: pd.Series, *, name: str = "") -> dict[str, object]:
        """Return kind, and options where there are any, from the cells that are filled in."""
        name = name or column.header
        if series.empty:
            self.settle.append(f"“{name}” has no answers: it is taken for free text.")
            return {"kind": "free_text"}
        bare = series.map(self.table.dialect.label).map(one_line)
        coded = (bare != series.map(one_line)).mean() > 0.5
        if self._is_unit(bare):
            return {"kind": "unit"}
        texts = bare[~bare.map(fold).isin(MISSING_WORDS)]
        moments = texts.map(
            lambda t: parse_date(t, "mdy" if self.table.dialect.name == "google_forms" else "ymd")
        )
        if len(texts) and moments.notna().all():
            return {"kind": "date"}
        ordered = self._scale(bare, name)
        if ordered:
            return ordered
        if len(texts) and texts.map(lambda t: parse_number(t, ".")).notna().all():
            return {"kind": "number"}
        return self._multiple(series, coded) or self._single(bare, name, coded) or {"kind": "free_text"}

    def _is_unit(self, texts: pd.Series) -> bool:
        distinct = list(texts.unique())
        matched = sum(self.register.match(t, self._on()) is not None for t in distinct)
        return len(distinct) > 2 and matched * 2 > len(distinct)

    def _on(self) -> dt.date:
        return self._period().end

    def _scale(self, texts: pd.Series, name: str) -> dict[str, object] | None:
        """Return a scale where the labels are a known one, or begin with few whole numbers."""
        labels = _by_fold(texts)
        real = [key for key in labels if key not in MISSING_WORDS]
        missing = [key for key in labels if key in MISSING_WORDS]
        for known in SCALES:
            if len(real) > 1 and set(real) <= set(known):
                return self._closed(
                    "scale", [labels[k] for k in known if k in real] + [labels[k] for k in missing]
                )
        numbered = {key: re.match(r"(\d{1,2})(?:/\d{1,2}|\s*[-–(.].*)?$", key) for key in real}
        if not real or not all(numbered.values()):
            return None
        points = {key: int(m[1]) for key, m in numbered.items() if m}
        repeated = len(texts) >= 3 * len(real) or any(not key.isdigit() for key in real)
        if (
            max(points.values()) > 10
            or len(set(points.values())) != len(points)
            or len(points) < 2
            or not repeated
        ):
            return None
        if len(real) < 3 and all(key.isdigit() for key in real):
            return None
        self.settle.append(
            f"“{name}” is taken for a scale from {min(points.values())} to {max(points.values())}."
        )
        order = sorted(real, key=lambda key: points[key])
        return self._closed("scale", [labels[k] for k in order + missing])

    def _closed(self, kind: str, labels: Sequence[str]) -> dict[str, object]:
        options = []
        meant: set[str] = set()
        for option_id, label in zip(_slugs(labels), labels, strict=True):
            missing = MISSING_WORDS.get(fold(label), "").removeprefix("_")
            means = missing if missing and missing not in meant and kind != "multiple" else None
            meant.add(missing)
            options.append({"id": option_id, "label": label, "means": means})
        return {"kind": kind, "options": options}

    def _multiple(self, series: pd.Series, coded: bool) -> dict[str, object] | None:
        separator = self.table.dialect.separator
        cells = [t for t in series if separator.strip() in t]
        if not cells:
            return None
        parts = [
            [p for p in t.split(separator if separator in t else separator.strip()) if p.strip()]
            for t in series
        ]
        joined = [_rejoin(p, separator) for p in _joins(parts)]
        bare = [[one_line(self.table.dialect.label(p)) for p in cell] for cell in joined]
        common = _common(Counter(p for cell in bare for p in set(cell)), len(bare), coded, least=0.7)
        if common is None:
            return None
        # Options are really combined; a few answers that happen to hold the separator are not enough.
        known = {fold(label) for label in common}
        combined = sum(sum(fold(p) in known for p in cell) > 1 for cell in bare)
        ended = series.str.rstrip().str.endswith(separator.strip()).all()
        return self._closed("multiple", common) if combined * 20 > len(bare) or ended else None

    def _single(self, texts: pd.Series, name: str, coded: bool) -> dict[str, object] | None:
        common = _common(Counter(texts), len(texts), coded, least=0.8)
        if common is None:
            return None
        rest = len(set(map(fold, texts)) - set(map(fold, common)))
        if rest:
            self.settle.append(f"“{name}”: {rest} rare answers are no options; they come up for review.")
        return self._closed("single", common)


def _group_key(column: RawColumn) -> object:
    """Columns of one question stand together: they share code and text, and have items."""
    return (column.code, column.question) if column.item else column.position


def _mostly(series: pd.Series, test: Callable[[str], bool]) -> bool:
    return bool(len(series)) and series.map(test).mean() > 0.5


def _is_choice(series: pd.Series, column: RawColumn) -> bool:
    """Return whether a column says of one option whether it was chosen."""
    words = {fold(t) for t in series.unique()}
    return words <= (YES | NO) or words <= {fold(column.item)}


def _by_fold(texts: Iterable[str]) -> dict[str, str]:
    """Return the most frequent spelling of each folded text, by its folded form."""
    spellings = Counter(texts)
    best: dict[str, str] = {}
    for text, _ in spellings.most_common():
        best.setdefault(fold(text), text)
    return best


def _common(counts: Counter[str], n: int, coded: bool, *, least: float) -> list[str] | None:
    """Return the answers given often enough to be options, the most frequent first; None if too few answers are.

    `least` is the share of all answers that the options must cover. Where the tool marks its own options with a
    code (`coded`), every answer is one.
    """
    labels = _by_fold(counts.elements())
    folded: Counter[str] = Counter()
    for text, count in counts.items():
        folded[fold(text)] += count
    enough = 1 if coded else max(2, math.ceil(n / 200))
    common = [key for key, count in folded.most_common() if count >= enough or key in _ALWAYS]
    covered = sum(folded[key] for key in common) / sum(folded.values())
    if not common or covered < least or len(common) > 60:
        return None
    if not coded and (n < 3 * len(common) or max(len(labels[key]) for key in common) > 150):
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


def _language(table: Table) -> Literal["sv", "en"]:
    """Return the language of the headers: Swedish where its letters or small words are common."""
    words = Counter(w for c in table.columns for w in re.findall(r"\w+", c.header.casefold()))
    swedish = sum(words[w] for w in ("och", "att", "ni", "är", "av", "för", "vilka", "har", "hur", "på"))
    english = sum(
        words[w] for w in ("and", "the", "you", "is", "of", "for", "which", "have", "how", "do", "in")
    )
    return "sv" if swedish >= english else "en"


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


def _slugs(texts: Iterable[str]) -> list[str]:
    seen: Counter[str] = Counter()
    found: list[str] = []
    for text in texts:
        base = slug(text)
        seen[base] += 1
        candidate = base if seen[base] == 1 else f"{base}_{seen[base]}"
        while candidate in found:
            seen[base] += 1
            candidate = f"{base}_{seen[base]}"
        found.append(candidate)
    return found


def to_yaml(draft: Draft) -> str:
    """Return the draft as ``survey.yaml``: what a person must settle as a comment, then the survey."""
    data = draft.survey.model_dump(mode="json", exclude_defaults=True)
    data["draft"] = True
    order = ["title", "subtitle", "year", "language", "draft"]
    data = {k: data[k] for k in [*(k for k in order if k in data), *(k for k in data if k not in order)]}
    body = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=110)
    return (
        "# yaml-language-server: $schema=../../reference/survey.schema.json\n"
        "# A draft made from the export. What a person must settle stands in to-settle.md beside this file;\n"
        "# set `draft: false` when it is done.\n"
        f"{body}"
    )


def to_settle(draft: Draft) -> str:
    """Return the list of what a person must settle, as Markdown."""
    return "# To settle before the survey can be trusted\n\n" + "".join(
        f"- [ ] {line}\n" for line in draft.settle
    )
