"""A first ``survey.yaml`` from an export that nobody has described: inferred, and every doubt listed."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd
import yaml

from analysis.intake.decode import Grid, blanks, one_line
from analysis.intake.dialects import RawColumn, Table
from analysis.intake.kinds import Asked, infer_kind, make_options, slug, slugs, unused
from analysis.intake.parse import MISSING_WORDS, NO, YES, parse_date
from analysis.survey.instrument import (
    Drop,
    Item,
    Period,
    Question,
    Responsible,
    Section,
    Source,
    Survey,
    fold,
)
from analysis.survey.units import Register

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LINK = re.compile(r"https?://\S+")
_ASKS_WHO = re.compile(
    r"(kontaktperson|contact person|uppgiftslämnare|(ditt|ert) namn|your name|(din|er) e-?post|your e-?mail"
    r"|telefon(nummer)?|phone( number)?|mobil(nummer)?|personnummer)\b[^?]{0,60}"
)
_SECTION = "fragor"


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


@dataclass
class _Doubts:
    """What a person must settle: the same doubt about several questions or columns makes one line."""

    _about: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, thing: str, doubt: str, name: str, text: str = "") -> None:
        """Note a doubt about a ``question`` or ``column``, to be read after "is" or "are".

        `text` explains the name; it is left out where there are many.
        """
        self._about.setdefault((thing, doubt), []).append((name, text))

    def lines(self) -> list[str]:
        """Return a sentence for each doubt."""
        return [
            f"{len(names)} {thing}{'s are' if len(names) > 1 else ' is'} {doubt}: "
            + ", ".join(f"{name} “{text}”" if text and len(names) <= 3 else name for name, text in names)
            + "."
            for (thing, doubt), names in self._about.items()
        ]


class _Drafter:
    def __init__(self, table: Table, grid: Grid, year: int, register: Register) -> None:
        self.table, self.grid, self.year, self.register = table, grid, year, register
        self.dates: Literal["mdy", "ymd"] = "mdy" if table.dialect.name == "google_forms" else "ymd"
        self.period = self._period()
        self.doubts = _Doubts()
        self.drop: list[Drop] = []
        self.questions: list[Question] = []

    def draft(self, exported: dt.date, encoding: str | None) -> Draft:
        """Return the draft."""
        asked = [column for column in self.table.columns if not self._dropped(column)]
        for _, group in itertools.groupby(asked, key=_group_key):
            self._ask(list(group))
        units = any(q.kind == "unit" for q in self.questions)
        survey = Survey(
            title=f"Enkät {self.year}",
            year=self.year,
            language=_language(self.table),
            period=self.period,
            responsible=Responsible(publisher="Utgivare ej angiven"),
            source=Source(
                file=self.grid.file,
                dialect=self.table.dialect.name,
                encoding=encoding,
                sheet=self.grid.sheet if self.grid.other_sheets else None,
                decimal="." if self._point_decimals() else ",",
                dates=self.dates,
                exported=self.table.exported or exported,
            ),
            respondents="units" if units else "people",
            sections=(
                Section(id=_SECTION, title="Enkätens frågor", kind="topic", confirmed=False, source="draft"),
            ),
            questions=tuple(self.questions),
            drop=tuple(self.drop),
        )
        settle = [
            "The title, the period, the publisher and the sections are placeholders.",
            "Confirm each question's kind and the order of its options, and say with `about` whether it counts people.",
            "An option that nobody chose is not in the export: add it where the questionnaire has one.",
            *self.doubts.lines(),
        ]
        if self.grid.other_sheets:
            settle.append(f"Sheets that were not read: {', '.join(self.grid.other_sheets)}.")
        return Draft(survey, settle)

    def _cells(self, column: RawColumn) -> pd.Series:
        """Return the cells of a column that are filled in."""
        cells = self.table.cells[column.position]
        return cells[~blanks(cells)]

    def _point_decimals(self) -> bool:
        """Return whether decimals stand with a point: as in workbooks and in most tools' text exports."""
        texts = pd.concat([self._cells(c) for c in self.table.columns] or [pd.Series(dtype="str")])
        points = int(texts.str.fullmatch(r"-?\d+\.\d+").sum())
        return points > int(texts.str.fullmatch(r"-?\d+,\d+").sum())

    def _period(self) -> Period:
        days = [
            moment.date()
            for c in self.table.columns
            if c.role == "submitted"
            for text in self._cells(c).unique()
            if (moment := parse_date(text, self.dates))
        ]
        if days:
            return Period(start=min(days), end=max(days))
        return Period(start=dt.date(self.year, 1, 1), end=dt.date(self.year, 12, 31))

    # --- columns that are no questions -----------------------------------------------------------------------

    def _dropped(self, column: RawColumn) -> bool:
        """Drop a column that is no question, and say so."""
        cells = self._cells(column)
        if column.role in ("id", "started", "submitted"):
            return True
        if column.role in ("personal", "technical"):
            self.doubts.add("column", f"dropped as {column.role}", f"“{column.header}”")
            return True
        if not cells.empty and cells.str.strip().str.fullmatch(_EMAIL.pattern).mean() > 0.5:
            self._drop(column, "personal", "dropped as personal, for holding e-mail addresses")
        elif _ASKS_WHO.fullmatch(fold(column.header)):
            self._drop(column, "personal", "dropped as personal, for asking who answers")
        elif len(cells) == len(self.table.cells) > 2 and _is_mark(cells):
            self._drop(column, "technical", "dropped as technical, for numbering or linking the answers")
        else:
            return False
        return True

    def _drop(self, column: RawColumn, why: Literal["personal", "technical"], doubt: str) -> None:
        self.drop.append(Drop(column=column.header, why=why))
        self.doubts.add("column", doubt, f"“{column.header}”")

    # --- questions -------------------------------------------------------------------------------------------

    def _ask(self, columns: list[RawColumn]) -> None:
        """Add the question that columns belong to; more than one where they do not answer the same."""
        choices = [c for c in columns if _is_choice(self._cells(c), c)]
        if len(columns) > 1 and len(choices) > 1 and any(len(self._cells(c)) for c in choices):
            self._add_choices(choices)
            for column in columns:
                if column not in choices:
                    self._add_one(column)
        elif len(columns) > 1 or columns[0].item:
            self._add_grid(columns)
        else:
            self._add_one(columns[0])

    def _infer(self, columns: Sequence[RawColumn]) -> Asked:
        cells = pd.concat([self._cells(c) for c in columns])
        return infer_kind(cells, columns[0].question, self.table.dialect, self.dates)

    def _add_one(self, column: RawColumn) -> None:
        bare = self._cells(column).map(self.table.dialect.label).map(one_line)
        asked = Asked("unit") if self._is_unit(bare) else self._infer([column])
        text = f"{column.question} [{column.item}]" if column.item else column.question
        self._add(column, asked, text, column=column.header)

    def _add_grid(self, columns: list[RawColumn]) -> None:
        """Add one question with an item for each column; a question for each where their answers differ in kind."""
        asked = self._infer(columns)
        if asked.kind == "multiple" or (
            asked.kind == "free_text" and any(self._infer([c]).kind != "free_text" for c in columns)
        ):
            for column in columns:
                self._add_one(column)
            return
        texts = [c.item or c.question for c in columns]
        items = [
            Item(id=i, text=text, column=c.header)
            for i, text, c in zip(slugs(texts), texts, columns, strict=True)
        ]
        self._add(columns[0], asked, columns[0].question, items=items)

    def _add_choices(self, columns: list[RawColumn]) -> None:
        """Add a multiple-choice question whose options have a column each."""
        chosen = pd.DataFrame({c.item: _chosen(self.table.cells[c.position], c.item) for c in columns})
        together = chosen.sum(axis=1) > 1
        alone = {
            fold(item)
            for item in chosen
            if fold(item) in MISSING_WORDS and not (chosen[item] & together).any()
        }
        options = make_options([c.item for c in columns], columns=[c.header for c in columns], means=alone)
        self._add(columns[0], Asked("multiple", options), columns[0].question)

    def _add(self, first: RawColumn, asked: Asked, text: str, **more: object) -> None:
        wanted = slug(first.code) if first.code else f"q{len(self.questions) + 1:02}"
        question_id = unused(wanted, [q.id for q in self.questions])
        short = text if len(text) <= 70 else f"{text[:69]}…"
        if asked.doubt:
            self.doubts.add("question", asked.doubt, question_id, short)
        if asked.rare:
            doubt = "open to review, for so many rare answers that do not fit"
            self.doubts.add("question", doubt, f"{question_id} ({asked.rare})", short)
        found = {"kind": asked.kind, "options": asked.options, "separator": asked.separator}
        self.questions.append(
            Question.model_validate({"id": question_id, "text": text, "section": _SECTION, **found, **more})
        )

    def _is_unit(self, texts: pd.Series) -> bool:
        distinct = list(texts.unique())
        matched = sum(self.register.match(t, self.period.end) is not None for t in distinct)
        return len(distinct) > 2 and matched * 2 > len(distinct)


def _group_key(column: RawColumn) -> object:
    """Columns of one question stand together: they share code and text, and have items."""
    return (column.code, column.question) if column.item else column.position


def _is_mark(cells: pd.Series) -> bool:
    """Return whether a full column numbers or links the answers, one by one."""
    if not cells.is_unique:
        return False
    if cells.str.isdecimal().all():
        numbers = cells.astype("int64")
        return bool(numbers.max() - numbers.min() == len(numbers) - 1)
    return all(_LINK.fullmatch(text.strip()) for text in cells)


def _is_choice(cells: pd.Series, column: RawColumn) -> bool:
    """Return whether a column says of one option whether it was chosen."""
    words = {fold(t) for t in cells.unique()}
    return bool(column.item) and (words <= (YES | NO) or words <= {fold(column.item)})


def _chosen(cells: pd.Series, label: str) -> pd.Series:
    return cells.map({text: fold(text) in YES | {fold(label)} for text in cells.unique()}).astype("bool")


def _language(table: Table) -> Literal["sv", "en"]:
    """Return the language of the headers: Swedish where its small words are common."""
    words = Counter(w for c in table.columns for w in re.findall(r"\w+", c.header.casefold()))
    swedish = sum(words[w] for w in ("och", "att", "ni", "är", "av", "för", "vilka", "har", "hur", "på"))
    english = sum(
        words[w] for w in ("and", "the", "you", "is", "of", "for", "which", "have", "how", "do", "in")
    )
    return "sv" if swedish >= english else "en"


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
