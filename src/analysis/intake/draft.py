"""A first ``survey.yaml`` from an export that nobody has described: inferred, and every doubt listed."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
import yaml

from analysis.intake.cells import codes_of, each, is_blank, one_line
from analysis.intake.decode import Grid
from analysis.intake.dialects import RawColumn, Table, after_dash, counted, in_brackets
from analysis.intake.doubts import doubts_of_rows, filled_in
from analysis.intake.kinds import (
    SCALES,
    Asked,
    in_order,
    infer_kind,
    is_contact_detail,
    is_date,
    make_options,
    missing_line,
    most_frequent_spelling,
    share_of,
    slug,
    slugs,
    unused,
)
from analysis.intake.parse import MISSING_WORDS, NO, YES, date_order, parse_date
from analysis.problems import InputError
from analysis.survey.instrument import (
    Drop,
    Item,
    MissingKind,
    Period,
    Question,
    Responsible,
    Section,
    Source,
    Survey,
    fold,
)
from analysis.survey.units import Register

_LINK = re.compile(r"https?://\S+")
_ASKS_WHO = re.compile(
    r"(kontaktperson|contact person|uppgiftslämnare|(ditt|ert) namn|your name|(din|er) e-?post|your e-?mail"
    r"|telefon(nummer)?|phone( number)?|mobil(nummer)?|personnummer)\b[^?]{0,60}"
)
_SPECIFY = re.compile(r"(other|annat|annan|övrigt)\b.*\(.+\)")
"""What a box for a text of one's own is called beside the options, folded."""

_OTHER = re.compile(r"(om |if )?(other|annat|annan|övrigt)\b.*")
"""What the question or the part of a question is called that a text of one's own answers, folded."""

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
    register : Register
        Units that may have answered.
    encoding : str, optional
        The encoding, where a person has chosen it.

    Raises
    ------
    InputError
        If no column is left that may be a question.
    """
    return _Drafter(table, grid, year, register).draft(encoding)


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
        self.rows = table.cells if table.repeated is None else table.cells[~table.repeated]
        self._counted: dict[int, Counter[str]] = {}
        self.codes = table.dialect.codes(table)
        self.period = self._period()
        self.doubts = _Doubts()
        self.drop: list[Drop] = []
        self.questions: list[Question] = []

    def draft(self, encoding: str | None) -> Draft:
        """Return the draft."""
        asked = [column for column in self.table.columns if not self._dropped(column)]
        for group in _groups(asked):
            self._ask(group)
        if not self.questions:
            raise InputError.one(
                self.grid.file,
                "every column is a survey tool's own or tells who answers: there is no question",
                "Export the answers too",
            )
        self._doubt_dates()
        self._doubt_wordings()
        self._doubt_others()
        units = any(q.kind == "unit" for q in self.questions)
        survey = Survey(
            title=f"Enkät {self.year} (titel ej angiven)",
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
                exported=self.table.exported,
            ),
            respondents="units" if units else "people",
            sections=(
                Section(
                    id=_SECTION,
                    title="Enkätens frågor (avsnitt ej angivna)",
                    kind="topic",
                    confirmed=False,
                    source="draft",
                ),
            ),
            questions=tuple(self.questions),
            drop=tuple(self.drop),
        )
        settle = [
            "The title, the period, the publisher and the sections are placeholders: fill them in.",
            "Confirm each question's kind and the order of its options, and say with `about` whether it counts people.",
            "An option that nobody chose is not in the export: add it where the questionnaire has one.",
            *self.table.dialect.doubts(self.table),
            *doubts_of_rows(self.table, self.rows),
            *self.doubts.lines(),
        ]
        if self.grid.other_sheets:
            settle.append(f"Sheets that were not read: {', '.join(self.grid.other_sheets)}.")
        return Draft(survey, settle)

    def _cells(self, column: RawColumn) -> Counter[str]:
        """Return how many cells of a column hold each text, blank ones left out."""
        if column.position not in self._counted:
            cells = self.rows[column.position]
            times = np.bincount(codes_of(cells), minlength=len(cells.cat.categories)).tolist()
            texts = zip(cells.cat.categories.tolist(), times, strict=True)
            self._counted[column.position] = Counter(
                {str(text): n for text, n in texts if n and not is_blank(text)}
            )
        return self._counted[column.position]

    def _point_decimals(self) -> bool:
        """Return whether decimals stand with a point: as in workbooks and in most tools' text exports."""
        points = commas = 0
        for column in self.table.columns:
            for text, n in self._cells(column).items():
                points += n if re.fullmatch(r"-?\d+\.\d+", text) else 0
                commas += n if re.fullmatch(r"-?\d+,\d+", text) else 0
        return points > commas

    def _period(self) -> Period:
        days: list[dt.date] = []
        for column in self.table.columns:
            if column.role == "submitted":
                texts = self._cells(column)
                order = date_order(texts)
                days += [moment.date() for text in texts if (moment := parse_date(text, order))]
        if days:
            return Period(start=min(days), end=max(days))
        return Period(start=dt.date(self.year, 1, 1), end=dt.date(self.year, 12, 31))

    def _doubt_dates(self) -> None:
        """Note columns of dates that can be read in two ways."""
        asked = {h for q in self.questions if q.kind == "date" for h in q.headers()}
        doubt = (
            "of dates that can be read in two ways, for no day is above 12: put `dates: dmy` or `dates: mdy` under "
            "`source`"
        )
        for column in self.table.columns:
            if column.role in ("started", "submitted") or column.header in asked:
                texts = self._cells(column)
                if date_order(texts) is None and any(parse_date(t) is None and is_date(t) for t in texts):
                    self.doubts.add("column", doubt, f"“{column.header}”")

    def _doubt_wordings(self) -> None:
        """Note questions that cannot be told apart by their words, or have none."""
        codes = {c.position: c.code for c in self.table.columns}
        known = {c.header: codes[c.position] for c in self.table.columns}
        times = Counter(fold(q.text) for q in self.questions)
        for question in self.questions:
            short = _short(question.text)
            if times[fold(question.text)] > 1:
                self.doubts.add("question", "worded as another one: tell them apart", question.id, short)
            if question.text == known.get(question.headers()[0]):
                doubt = "known by a code only, for the export holds no text: write it"
                self.doubts.add("question", doubt, question.id, short)

    # --- columns that are no questions -----------------------------------------------------------------------

    def _dropped(self, column: RawColumn) -> bool:
        """Drop a column that is no question, and say so."""
        cells = self._cells(column)
        if column.role in ("id", "started", "submitted"):
            return True
        if column.role in ("personal", "technical"):
            self.doubts.add("column", f"dropped as {column.role}", f"“{column.header}”")
            return True
        if column.repeats:
            doubt = "dropped as unused, for repeating what the columns of its options say"
            self._drop(column, "unused", doubt)
            return True
        if share_of(cells, is_contact_detail) > 0.5:
            doubt = "dropped as personal, for holding e-mail addresses, telephone numbers or personal numbers"
            self._drop(column, "personal", doubt)
        elif _ASKS_WHO.fullmatch(fold(column.header)):
            self._drop(column, "personal", "dropped as personal, for asking who answers")
        elif cells.total() == len(self.rows) > 2 and _is_mark(cells):
            self._drop(column, "technical", "dropped as technical, for numbering or linking the answers")
        else:
            return False
        return True

    def _drop(self, column: RawColumn, why: Literal["personal", "technical", "unused"], doubt: str) -> None:
        self.drop.append(Drop(column=column.header, why=why))
        self.doubts.add("column", doubt, f"“{column.header}”")

    # --- questions -------------------------------------------------------------------------------------------

    def _ask(self, columns: list[RawColumn]) -> None:
        """Add the question that columns belong to; more than one where they do not answer the same."""
        choices = [c for c in columns if c.item and _is_choice(self._cells(c), c)]
        if len(columns) == 1:
            tick = _tick(self._cells(columns[0]), columns[0], len(self.rows))
            if tick is None:
                self._add_one(columns[0])
            else:
                self._add_choices([tick])
        elif len(choices) > 1 and any(self._cells(c) for c in choices):
            options: dict[str, RawColumn] = {}
            for column in choices:
                options.setdefault(fold(column.item), column)
            self._add_choices(list(options.values()))
            for column in columns:
                if column not in options.values():
                    self._add_one(column)
        else:
            self._add_grid(columns)

    def _infer(self, columns: Sequence[RawColumn]) -> Asked:
        """Infer what columns ask; a file that knows its labels and missing codes is believed."""
        missing = {t for c in columns for t in self.grid.user_missing.get(c.position, ()) if not is_blank(t)}
        folded = {fold(text) for text in missing}
        cells: Counter[str] = Counter()
        for column in columns:
            cells.update(self._cells(column))
        cells = Counter({text: n for text, n in cells.items() if fold(text) not in folded})
        labels = {k: v for c in columns for k, v in self.grid.value_labels.get(c.position, {}).items()}
        labels = {code: v for code, v in labels.items() if fold(v) not in folded and not is_blank(v)}
        question = columns[0].question
        asked = _labelled(cells, labels) or infer_kind(cells, question, self.table.dialect, self.codes)
        return replace(asked, missing=_said_missing(missing), doubts=(*asked.doubts, *_declared(missing)))

    def _add_one(self, column: RawColumn, asked: Asked | None = None) -> None:
        cells = self._cells(column)
        asked = self._units(column) or asked or self._infer_one(column)
        text = f"{column.question} [{column.item}]" if column.item else column.question
        if asked.kind == "single" and len(asked.options) == 1 and cells.total() < len(self.rows):
            doubt = "answered with one option only: add the others of the questionnaire"
            asked = replace(asked, doubts=(doubt, *asked.doubts))
        self._add(column, asked, text, column=column.header)

    def _add_grid(self, columns: list[RawColumn]) -> None:
        """Add one question with an item for each column; a question for each where their answers differ in kind."""
        asked = self._infer(columns)
        if asked.kind == "multiple":
            for column in columns:
                self._add_one(column, asked)
            return
        if asked.kind == "free_text" and any(self._infer([c]).kind != "free_text" for c in columns):
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
        labels = [c.item for c in columns]
        chosen = pd.DataFrame(
            {label: _chosen(self.rows[c.position], label) for label, c in zip(labels, columns, strict=True)}
        )
        together = chosen.sum(axis=1) > 1
        alone = {
            fold(label)
            for label in chosen
            if fold(label) in MISSING_WORDS and not (chosen[label] & together).any()
        }
        if len(alone) == len(labels):
            alone = set()
        options = make_options(labels, columns=[c.header for c in columns], means=alone)
        doubts: list[str] = []
        if len(columns) == 1:
            doubts.append(
                "a lone box to tick: a blank may mean that it was not ticked, or not shown, and is counted as not "
                "answered, so a percentage of it says nothing"
            )
        self._add(columns[0], Asked("multiple", options, doubts=tuple(doubts)), columns[0].question)

    def _add(self, first: RawColumn, asked: Asked, text: str, **more: object) -> None:
        wanted = slug(first.code) if first.code else f"q{len(self.questions) + 1:02}"
        question_id = unused(wanted, [q.id for q in self.questions])
        for doubt in (*asked.doubts, *self._doubt_parts(asked, more.get("items"))):
            self.doubts.add("question", doubt, question_id, _short(text))
        if asked.rare:
            doubt = "open to review, for so many rare answers that do not fit"
            self.doubts.add("question", doubt, f"{question_id} ({asked.rare})", _short(text))
        found = {
            "kind": asked.kind,
            "options": asked.options,
            "separator": asked.separator,
            "missing": asked.missing,
        }
        self.questions.append(
            Question.model_validate({"id": question_id, "text": text, "section": _SECTION, **found, **more})
        )

    def _doubt_parts(self, asked: Asked, items: object) -> Iterator[str]:
        """Yield that the options or rows which have a column each are known by codes, if so."""
        parts = [o.label for o in asked.options if o.column]
        if isinstance(items, list):
            parts += [item.text for item in items]
        if parts and self.codes is not None and all(self.codes.fullmatch(part) for part in parts):
            yield "of parts known by codes only: write the text of each option or row, and keep its `column`"

    def _infer_one(self, column: RawColumn) -> Asked:
        """Infer what one column asks; texts that stand beside options are no options, though they repeat."""
        asked = self._infer([column])
        own = column.item and _OTHER.fullmatch(fold(column.item))
        if own and asked.kind == "single" and not _is_choice(self._cells(column), column):
            return Asked("free_text")
        return asked

    def _units(self, column: RawColumn) -> Asked | None:
        """Return the kind of a column that holds names of units; None if most of its texts name none.

        An administration answers once or twice. Where each is named by many, people say which one they mean.
        """
        bare: Counter[str] = Counter()
        for text, n in self._cells(column).items():
            bare[one_line(self.table.dialect.label(text))] += n
        if not 2 < len(bare) < 20 * len(self.register.names()):  # no name is spelt in so many ways
            return None
        matched = {text: unit for text in bare if (unit := self.register.match(text, self.period.end))}
        units = len(set(matched.values()))
        if len(matched) * 2 <= len(bare):
            return None
        if units * 2 >= bare.total() and all(q.kind != "unit" for q in self.questions):
            again = sum(bare[text] for text in matched) - units
            doubt = (
                f"taken for the unit that answers: {counted(again, 'submission', ('gives', 'give'))} way to another "
                "one of the same unit"
            )
            return Asked("unit", doubts=(doubt,) if again else ())
        doubt = (
            f"taken for a choice, though of names of units: {counted(bare.total(), 'submission', ('names', 'name'))} "
            f"{counted(units, 'unit')}. If units answer after all, write `kind: unit` in place of `kind: single`, take "
            "the options away, write `respondents: units`, and list who was asked in invited.csv"
        )
        asked = self._infer([column])
        if asked.kind == "single":
            return replace(asked, doubts=(doubt, *asked.doubts))
        labels = in_order(list(most_frequent_spelling(bare).values()))
        named = [label for label in labels if label in matched or fold(label) in MISSING_WORDS]
        return Asked("single", make_options(named), doubts=(doubt,), rare=len(labels) - len(named))

    def _doubt_others(self) -> None:
        """Note questions of several choices whose text of one's own stands in another column."""
        columns = {c.header: c for c in self.table.columns}
        for i, question in enumerate(self.questions):
            if question.kind != "multiple":
                continue
            chosen = [columns[header] for header in question.headers()]
            for j, beside in enumerate(self.questions):
                own = columns[beside.headers()[0]]
                if beside.kind != "multiple" and _is_other(own, chosen[0], follows=j == i + 1):
                    self._doubt_other(question, chosen, own)

    def _doubt_other(self, question: Question, chosen: Sequence[RawColumn], own: RawColumn) -> None:
        blank = ~filled_in(self.rows, [c.position for c in chosen])
        alone = int((blank & filled_in(self.rows, [own.position])).sum())
        doubt = (
            "beside a text of one's own: who only writes there counts as not answered on the choices, here "
            f"{counted(alone, 'submission')}. Say so where the shares are shown, or ask for an export in which “other” "
            "is a choice of its own"
        )
        self.doubts.add("question", doubt, question.id, _short(question.text))


def _short(text: str) -> str:
    return text if len(text) <= 70 else f"{text[:69]}…"


def _is_other(own: RawColumn, choice: RawColumn, *, follows: bool) -> bool:
    """Return whether a column holds the texts of those who chose none of a question's options."""
    if own.item and own.question == choice.question:
        return _OTHER.fullmatch(fold(own.item)) is not None
    if choice.code and own.code.startswith(f"{choice.code}_"):
        return own.code.endswith(("_TEXT", "other"))
    return follows and _OTHER.fullmatch(fold(own.question)) is not None


def _groups(columns: Sequence[RawColumn]) -> list[list[RawColumn]]:
    """Return the columns of each question together.

    Those with items belong together that share a tool's code and the question's text, wherever they stand; without a
    code they stand side by side.
    """
    groups: dict[object, list[RawColumn]] = {}
    previous: tuple[str, object] = ("", None)
    for column in columns:
        key: object = column.position
        if column.item and column.code:
            key = (column.code, column.question)
        elif column.item and previous[0] == column.question:
            key = previous[1]
        previous = (column.question if column.item else "", key)
        groups.setdefault(key, []).append(column)
    return list(groups.values())


def _labelled(cells: Counter[str], labels: Mapping[str, str]) -> Asked | None:
    """Return what a file says that knows the labels of its codes, in the order of the codes.

    Labels at some steps of a scale only leave the numbers between them; labels of other numbers than those that were
    answered are no options.
    """
    by_fold = {fold(label): label for label in labels.values()}
    if not by_fold:
        return None
    seen = {fold(text): text for text in cells}
    plain = [text for key, text in seen.items() if key not in by_fold]
    options = list(by_fold.values())
    doubts: tuple[str, ...] = ()
    if plain:
        steps = {int(code): label for code, label in labels.items() if re.fullmatch(r"-?\d+", code)}
        numbers = [int(text) for text in plain if re.fullmatch(r"-?\d+", text)]
        low, high = min(steps, default=0), max(steps, default=0)
        if len(numbers) < len(plain) or high - low > 20 or not all(low < n < high for n in numbers):
            return None
        options = [steps.get(step, str(step)) for step in range(low, high + 1)]
        doubts = ("a scale with labels at some of its steps only",)
    words = [fold(label) for label in options if fold(label) not in MISSING_WORDS]
    known = any(_in_steps(words, scale) or _in_steps(words[::-1], scale) for scale in SCALES)
    return Asked("scale" if plain or known else "single", make_options(options), doubts=doubts)


def _in_steps(words: Sequence[str], scale: Sequence[str]) -> bool:
    """Return whether words are steps of a scale, in its order."""
    places = [scale.index(word) for word in words if word in scale]
    return len(places) == len(words) > 1 and places == sorted(places)


def _said_missing(texts: Iterable[str]) -> dict[str, MissingKind]:
    """Return what texts mean that the file itself declares missing."""
    kinds: dict[str, MissingKind] = {"_dont_know": "dont_know", "_not_relevant": "not_relevant"}
    return {text: kinds.get(MISSING_WORDS.get(fold(text), ""), "not_answered") for text in sorted(texts)}


def _declared(texts: Iterable[str]) -> list[str]:
    return [
        f"holding “{text}”, which the file declares missing, taken for not_answered: put "
        f"{missing_line(text, 'dont_know')} if it means that (or not_relevant, not_shown)"
        for text, kind in _said_missing(texts).items()
        if kind == "not_answered"
    ]


def _is_mark(cells: Counter[str]) -> bool:
    """Return whether a full column numbers or links the answers, one by one."""
    if len(cells) < cells.total():
        return False
    if all(text.isdecimal() for text in cells):
        numbers = {int(text) for text in cells}
        return max(numbers) - min(numbers) == cells.total() - 1 == len(numbers) - 1
    return all(_LINK.fullmatch(text.strip()) for text in cells)


def _is_choice(cells: Counter[str], column: RawColumn) -> bool:
    """Return whether a column says of one option whether it was chosen."""
    words = {fold(text) for text in cells}
    if not words and _SPECIFY.fullmatch(fold(column.item)):
        return False
    return words <= (YES | NO) or words <= {fold(column.item)}


def _tick(cells: Counter[str], column: RawColumn, rows: int) -> RawColumn | None:
    """Return a column that stands alone as that of an option, if it holds the option's own text or nothing."""
    if len(cells) > 20 or cells.total() == rows:
        return None
    texts = {fold(text): one_line(text) for text in cells}
    if len(texts) != 1:
        return None
    ((key, text),) = texts.items()
    if key in (fold(column.item), fold(column.question)):
        return replace(column, item=text)
    for part in (after_dash(column.question), in_brackets(column.question)):
        if part and fold(part[1]) == key:
            return replace(column, question=part[0], item=text)
    return None


def _chosen(cells: pd.Series, label: str) -> pd.Series:
    yes = YES | {fold(label)}
    return pd.Series(each(cells, lambda text: fold(text) in yes, bool), index=cells.index)


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
