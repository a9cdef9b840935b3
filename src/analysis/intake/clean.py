"""A table of an export to answers: what is certain is cleaned, what is uncertain goes to review."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.intake.decode import blanks, is_blank, one_line
from analysis.intake.dialects import RawColumn, Table
from analysis.intake.ledger import (
    DROPPED,
    KEPT,
    MERGED,
    PROGRAM,
    QUARANTINED,
    SUPERSEDED,
    Ledger,
    Mask,
    short_id,
)
from analysis.intake.parse import (
    MISSING_WORDS,
    NO,
    YES,
    Choices,
    label_values,
    parse_date,
    parse_number,
    split_choices,
)
from analysis.intake.review import Decision, Review
from analysis.problems import InputError, Problem
from analysis.survey.instrument import CHOSEN, MISSING_KINDS, Question, Survey, fold
from analysis.survey.units import Register

ANSWERED = "answered"
"""What ``question#status`` says where there is a number, a date or a text."""

STATUS = (ANSWERED, *MISSING_KINDS)

_MERGED = ("id", "started", "submitted")
"""Roles of columns that go into the table of submissions."""

DECIDABLE = {kind: label for kind, label in MISSING_KINDS.items() if kind != "_under_review"}
"""Missing kinds that a person may decide on for a cell."""

NO_OPTION = "_none"
"""What a person decides where a part of a multiple-choice answer is an answer, but none of the options."""


@dataclass(frozen=True)
class Cleaned:
    """What cleaning makes of an export.

    Attributes
    ----------
    submissions : DataFrame
        One row for each submitted form: ``submission_id, row, native_id, unit_id, status, started, submitted,
        answered_questions, asked_questions``. The status is complete, partial, empty, superseded or quarantined.
    answers : DataFrame
        One row for each submission that counts (complete or partial): ``submission_id, unit_id``, then the
        questions' columns as `Question.columns` names them. Texts are as they were written.
    ledger, review : DataFrame
        What became of cells (`intake.ledger`), and what a person must decide (`intake.review`).
    accounting : dict
        ``raw_cells, answers_cells, ledger_cells, unaccounted``.
    unmatched_decisions : tuple of str
        Ids of decisions that match nothing in this export.
    """

    submissions: pd.DataFrame
    answers: pd.DataFrame
    ledger: pd.DataFrame
    review: pd.DataFrame
    accounting: dict[str, int]
    unmatched_decisions: tuple[str, ...]


def clean(
    table: Table,
    survey: Survey,
    *,
    name: str,
    register: Register | None = None,
    decisions: dict[str, Decision] | None = None,
) -> Cleaned:
    """Clean an export.

    Parameters
    ----------
    table : Table
        The table found in the export.
    survey : Survey
        What was asked.
    name : str
        Name of ``survey.yaml`` for messages.
    register : Register, optional
        Needed where a question tells which unit answers.
    decisions : dict, optional
        What people decided, by the id of the review item.

    Raises
    ------
    InputError
        If columns that survey.yaml names are not in the export, or a decision cannot be carried out.
    ValueError
        If units answer and there is no register.
    """
    if survey.unit_question is not None and register is None:
        raise ValueError("units answer this survey: give the register")
    run = _Run(table, survey, name, register, Review(decisions or {}))
    bad = run.settle_rows()
    run.settle_other_columns()
    submissions = run.submissions(bad)
    counts = submissions["status"].isin(["complete", "partial"]).to_numpy()
    columns: dict[str, pd.Series] = {}
    for question in survey.questions:
        if question.kind != "unit":
            columns |= run.answers(question, counts)
    if run.problems:
        raise InputError(run.problems)
    ids = submissions.loc[counts, ["submission_id", "unit_id"]]
    return Cleaned(
        submissions.reset_index(drop=True),
        pd.concat([ids, pd.DataFrame(columns, index=ids.index)], axis=1).reset_index(drop=True),
        run.ledger.frame(),
        run.review.frame(),
        run.ledger.accounting(),
        run.review.unmatched,
    )


def _plan(table: Table, survey: Survey, name: str) -> dict[str, RawColumn]:
    """Return the export's column for each header that survey.yaml names."""
    exact = {c.header: c for c in table.columns}
    folded = {fold(c.header): c for c in table.columns}
    named = [(f"question {q.id}", h) for q in survey.questions for h in q.headers()]
    named += [("drop", d.column) for d in survey.drop]
    plan: dict[str, RawColumn] = {}
    problems = []
    for who, header in named:
        column = exact.get(one_line(header)) or folded.get(fold(header))
        if column is None:
            near = difflib.get_close_matches(one_line(header), exact, n=1, cutoff=0.5)
            hint = f" (the nearest is {near[0]!r})" if near else ""
            what = f"{who}: the export has no column {one_line(header)!r}{hint}"
            problems.append(Problem(name, what, "Correct `column` there, or export again"))
        else:
            plan[header] = column
    if problems:
        raise InputError(problems)
    return plan


class _Run:
    """One run of `clean`: its steps share the table, the plan, the ledger and the review."""

    def __init__(
        self, table: Table, survey: Survey, name: str, register: Register | None, review: Review
    ) -> None:
        self.table, self.survey, self.name, self.register, self.review = table, survey, name, register, review
        self.plan = _plan(table, survey, name)
        self.ledger = Ledger(table.cells, {c.position: c.header for c in table.columns})
        self.rows = table.cells.index.to_numpy()
        self.everywhere = np.ones(len(self.rows), dtype=bool)
        self.blank = {position: blanks(table.cells[position]) for position in table.cells.columns}
        self.problems: list[Problem] = []

    def cells(self, header: str) -> pd.Series:
        """Return the cells of the column that a question or rule names."""
        return self.table.cells[self.plan[header].position]

    # --- rows and columns that no question is read from ------------------------------------------------------

    def settle_rows(self) -> Mask:
        """Put rows that cannot be trusted in quarantine, whole; return which they are."""
        cells = self.table.cells
        for position in cells.columns:
            self.ledger.settle(self.blank[position], position, DROPPED, "cell.blank", before=cells[position])
        shifted = np.zeros(len(self.rows), dtype=bool)
        for position in self.table.overflow:
            shifted |= ~self.blank[position]
        repeated = self.everywhere.copy()
        for column in self.table.columns:
            repeated &= (cells[column.position].map(one_line) == column.header).to_numpy()
        for position in cells.columns:
            self.ledger.settle(shifted, position, QUARANTINED, "row.shifted")
            self.ledger.settle(repeated, position, QUARANTINED, "row.repeated_header")
        for row in self.rows[shifted]:
            text = " | ".join(c for c in cells.loc[row] if c.strip())[:200]
            self.review.ask(
                "row",
                "shifted",
                text,
                [row],
                proposals="correct the export",
                needed_for="the whole submission",
            )
        return shifted | repeated

    def settle_other_columns(self) -> None:
        """Settle the columns that no question is read from, by survey.yaml's `drop` or by their role."""
        asked = {self.plan[h].position for q in self.survey.questions for h in q.headers()}
        merged = {c.position for role in _MERGED if (c := self._column_of(role)) is not None}
        why = {self.plan[d.column].position: d.why for d in self.survey.drop}
        for column in self.table.columns:
            position, series = column.position, self.table.cells[column.position]
            if position in asked:
                continue
            if position in merged:
                rule = f"column.{column.role}"
                self.ledger.settle(
                    self.everywhere, position, MERGED, rule, before=series, after="submissions"
                )
            elif position not in why and column.role == "answer":
                self.ledger.settle(self.everywhere, position, QUARANTINED, "column.undescribed")
                self.review.ask(
                    "column",
                    "undescribed",
                    column.header,
                    [],
                    proposals="describe it as a question, or list it under drop",
                    needed_for="survey.yaml",
                )
            else:
                reason = why.get(position, column.role)
                shown = series if reason in ("technical", *_MERGED) else None
                self.ledger.settle(self.everywhere, position, DROPPED, f"column.{reason}", before=shown)

    # --- submissions -----------------------------------------------------------------------------------------

    def submissions(self, bad: Mask) -> pd.DataFrame:
        """Return one row for each submitted form, and settle the cells of those that do not count."""
        questions = [q for q in self.survey.questions if q.kind != "unit"]
        given = [np.any([~self.blank[self.plan[h].position] for h in q.headers()], axis=0) for q in questions]
        answered = np.sum(given, axis=0) if given else np.zeros(len(self.rows), dtype=np.int64)
        enough = self.survey.rules.complete_share * len(questions)
        frame = pd.DataFrame(
            {
                "submission_id": self._submission_ids(),
                "row": self.rows,
                "native_id": self._of_role("id"),
                "unit_id": self._units(~bad),
                "status": np.select(
                    [bad, answered == 0, answered < enough], ["quarantined", "empty", "partial"], "complete"
                ),
                "started": self._times("started"),
                "submitted": self._times("submitted"),
                "answered_questions": answered,
                "asked_questions": len(questions),
            },
            index=self.table.cells.index,
        )
        superseded = self._superseded(frame)
        frame.loc[superseded, "status"] = "superseded"
        for position in self.table.cells.columns:
            self.ledger.settle(superseded, position, SUPERSEDED, f"duplicates.{self.survey.rules.duplicates}")
        if self.survey.unit_question:
            self.ledger.settle(
                self.everywhere, self.plan[self.survey.unit_question.header].position, KEPT, "unit"
            )
        return frame.astype({"status": "str"})

    def _column_of(self, role: str) -> RawColumn | None:
        """Return the first column of a role that survey.yaml does not name."""
        named = {c.position for c in self.plan.values()}
        return next((c for c in self.table.columns if c.role == role and c.position not in named), None)

    def _of_role(self, role: str) -> pd.Series:
        column = self._column_of(role)
        if column is None:
            return pd.Series("", index=self.table.cells.index, dtype="str")
        return self.table.cells[column.position]

    def _times(self, role: str) -> pd.Series:
        texts = self._of_role(role)
        order = "mdy" if self.table.dialect.name == "google_forms" else self.survey.source.dates
        known = {t: parse_date(t, order) for t in texts.unique()}
        return pd.to_datetime(texts.map(known)).astype("datetime64[s]")

    def _submission_ids(self) -> list[str]:
        """Return an id of what each row says: it survives a new export with rows or columns in another order.

        What the tool notes for itself (technical columns, such as a running number) is left out.
        """
        named = sorted((c.header, c.position) for c in self.table.columns if c.role != "technical")
        headers = [header for header, _ in named]
        seen: dict[str, int] = {}
        ids = []
        for values in self.table.cells[[p for _, p in named]].itertuples(index=False, name=None):
            base = short_id(*(part for pair in zip(headers, values, strict=True) if pair[1] for part in pair))
            seen[base] = seen.get(base, 0) + 1
            ids.append(base if seen[base] == 1 else short_id(base, seen[base]))
        return ids

    def _units(self, good: Mask) -> pd.Series:
        """Return the unit of each submission; what the register does not know goes to review."""
        question = self.survey.unit_question
        found = pd.Series([None] * len(self.rows), index=self.table.cells.index, dtype="str")
        if question is None or self.register is None:
            return found
        position = self.plan[question.header].position
        texts = self.cells(question.header)
        on = self.survey.on
        for text in texts[good].unique():
            here = (texts == text).to_numpy() & good
            seen = one_line(text)
            decision = self.review.decided("unit", question.id, fold(seen))
            unit = self.register.match(seen, on)
            if decision is not None:
                unit = next((u for u in self.register.at(on) if u.unit_id == decision.decision), None)
                if unit is None:
                    self._refuse(decision, "a unit_id of the register that exists on the reference date")
                    continue
                self.ledger.changed(
                    here, position, f"decision.{decision.id}", seen, unit.unit_id, by=decision.by
                )
            elif unit is None:
                near = (
                    "; ".join(f"{u.unit_id} ({s:.0f})" for u, s in self.register.propose(seen, on))
                    if seen
                    else ""
                )
                self.review.ask(
                    "unit",
                    question.id,
                    fold(seen),
                    self.rows[here],
                    proposals=near,
                    needed_for="the whole submission",
                )
                continue
            elif seen != unit.name:
                self.ledger.changed(here, position, "unit.alias", seen, unit.unit_id)
            found[here] = unit.unit_id
        return found

    def _superseded(self, frame: pd.DataFrame) -> Mask:
        """Return which submissions give way to another of the same unit: the latest complete one stays."""
        ranked = frame.assign(
            rank=frame["status"].map({"complete": 3, "partial": 2, "empty": 1})
        ).rename_axis(None)
        known = ranked[ranked["unit_id"].notna() & ranked["rank"].notna()]
        best = known.sort_values(["rank", "submitted", "row"], na_position="first").groupby("unit_id").tail(1)
        return np.isin(frame.index.to_numpy(), known.index.difference(best.index).to_numpy())

    def _refuse(self, decision: Decision, expected: str) -> None:
        self.problems.append(
            Problem(
                f"data/raw/{self.survey.year}/decisions.csv",
                f"the decision {decision.decision!r} of {decision.id} cannot be carried out",
                f"Decide {expected}",
                column="decision",
            )
        )

    # --- answers ---------------------------------------------------------------------------------------------

    def answers(self, question: Question, counts: Mask) -> dict[str, pd.Series]:
        """Return the question's columns of the answers, for the submissions that count."""
        if question.kind == "multiple":
            return (
                self._one_column_each(question, counts)
                if question.one_column_each
                else self._in_one_cell(question, counts)
            )
        read = {
            "single": self._labels,
            "scale": self._labels,
            "number": self._numbers,
            "date": self._dates,
            "free_text": self._texts,
        }[question.kind]
        columns: dict[str, pd.Series] = {}
        for header, column in zip(question.headers(), question.columns(), strict=True):
            columns |= read(question, header, column, counts)
        return columns

    def _kept(self, header: str, counts: Mask) -> pd.Series:
        self.ledger.settle(counts, self.plan[header].position, KEPT, "answer")
        return self.cells(header)[counts]

    def _changed(
        self, header: str, rows: pd.Index, rule: str, before: str, after: str, *, by: str = PROGRAM
    ) -> None:
        where = np.isin(self.rows, rows.to_numpy())
        self.ledger.changed(where, self.plan[header].position, rule, before, after, by=by)

    def _settle_texts(
        self,
        question: Question,
        header: str,
        series: pd.Series,
        read: Callable[[str], tuple[str | None, bool]],
        allowed: dict[str, str],
        expected: str,
    ) -> dict[str, str]:
        """Return the value of each distinct text; decisions come first, and what is unknown goes to review.

        `read` returns a text's value, or None, and whether the text stands exactly as expected. A decision is one
        of the values `allowed` (with their labels), or a text that `read` understands; `expected` says so.
        """
        values: dict[str, str] = {}
        for text, rows in _places(series):
            if is_blank(text):
                values[text] = "_not_answered"
                continue
            seen = one_line(self.table.dialect.label(text))
            decision = self.review.decided("answer", question.id, fold(seen))
            value, exact = read(text)
            if decision is not None:
                value = decision.decision if decision.decision in allowed else read(decision.decision)[0]
                if value is None:
                    self._refuse(decision, expected)
                    continue
                value = decision.decision if value == ANSWERED else value
                self._changed(header, rows, f"decision.{decision.id}", seen, value, by=decision.by)
            elif value is None:
                value = "_under_review"
                self.review.ask(
                    "answer",
                    question.id,
                    fold(seen),
                    rows,
                    proposals=_near(seen, allowed) or expected,
                    needed_for=question.id,
                )
            elif not exact:
                self._changed(header, rows, "answer.folded", text, value)
            values[text] = value
        return values

    def _labels(self, question: Question, header: str, column: str, counts: Mask) -> dict[str, pd.Series]:
        series = self._kept(header, counts)
        by_label = label_values(question)
        exact = {o.label for o in question.options}

        def read(text: str) -> tuple[str | None, bool]:
            label = self.table.dialect.label(text)
            return by_label.get(fold(label), by_label.get(fold(text))), label in exact

        allowed = {value: label for value, label in question.labels().items() if value != "_under_review"}
        values = self._settle_texts(question, header, series, read, allowed, _one_of(allowed))
        return {column: _categories(series.map(values), question.labels())}

    def _in_one_cell(self, question: Question, counts: Mask) -> dict[str, pd.Series]:
        series = self._kept(question.header, counts)
        separator = question.separator or self.table.dialect.separator
        by_label = label_values(question)
        labels = {o.value: o.label for o in question.options}
        said: dict[str, Choices] = {}
        for text, rows in _places(series):
            choices = split_choices(text, separator, by_label, self.table.dialect.label)
            if not choices.rest:
                self._tell_folded_choices(question, text, rows, choices, separator, labels)
            decided: list[str] = []
            undecided: list[str] = []
            for rest in choices.rest:
                values = self._decided_choices(question, rest, rows, labels)
                decided += values or []
                undecided += [rest] if values is None else []
            said[text] = Choices((*choices.values, *decided), tuple(undecided))
        return self._choice_columns(question, series, said)

    def _tell_folded_choices(
        self,
        question: Question,
        text: str,
        rows: pd.Index,
        choices: Choices,
        separator: str,
        labels: dict[str, str],
    ) -> None:
        """Put a cell into the ledger that does not say its options as the questionnaire words them."""
        parts = [self.table.dialect.label(p.strip()) for p in text.split(separator.strip()) if p.strip()]
        worded = [p.strip() for v in choices.values for p in labels[v].split(separator.strip())]
        if choices.values and parts != worded:
            self._changed(question.header, rows, "answer.folded", text, "; ".join(choices.values))

    def _decided_choices(
        self, question: Question, rest: str, rows: pd.Index, labels: dict[str, str]
    ) -> list[str] | None:
        """Return what a person decided that a part of a cell says; None, and a review item, if nobody has."""
        decision = self.review.decided("answer", question.id, fold(rest))
        expected = f"{_one_of(labels)}, several with a semicolon between, {NO_OPTION}, or a missing kind"
        if decision is None:
            proposals = _near(rest, labels) or expected
            self.review.ask(
                "answer", question.id, fold(rest), rows, proposals=proposals, needed_for=question.id
            )
            return None
        values = [part.strip() for part in decision.decision.split(";")]
        if not all(v in labels or v in DECIDABLE or v == NO_OPTION for v in values):
            self._refuse(decision, expected)
            return None
        rule = f"decision.{decision.id}"
        self._changed(question.header, rows, rule, rest, decision.decision, by=decision.by)
        return values

    def _choice_columns(
        self, question: Question, series: pd.Series, said: dict[str, Choices]
    ) -> dict[str, pd.Series]:
        """Return a column for each option: chosen, not chosen, or why there is no answer."""

        def state(text: str, value: str) -> str:
            choices = said[text]
            if value in choices.values:
                return "chosen"
            if any(v not in MISSING_KINDS for v in choices.values):
                return "not_chosen"
            if choices.values:
                return choices.values[0]
            return "_under_review" if choices.rest else "_not_answered"

        columns = {}
        for option in question.options:
            if not option.means:
                states = {text: state(text, option.id) for text in said}
                columns[f"{question.id}[{option.id}]"] = _categories(series.map(states), question.labels())
        return columns

    def _one_column_each(self, question: Question, counts: Mask) -> dict[str, pd.Series]:
        cells = {o.value: self._kept(o.column, counts) for o in question.options if o.column}
        labels = {o.value: fold(o.label) for o in question.options}
        headers = {o.value: o.column for o in question.options if o.column}
        # Some tools write a word for what was not chosen, others leave the cell blank.
        writes_no = any(fold(t) in NO for series in cells.values() for t in series.unique())
        states: dict[str, pd.Series] = {}
        for value, series in cells.items():

            def read(text: str, label: str = labels[value]) -> tuple[str | None, bool]:
                word = fold(self.table.dialect.label(text))
                return (
                    "chosen" if word in YES or word == label else "not_chosen" if word in NO else None,
                    True,
                )

            known = self._settle_texts(question, headers[value], series, read, CHOSEN, _one_of(CHOSEN))
            states[value] = series.map(known)
        frame = pd.DataFrame(states)
        blank = frame == "_not_answered"
        if not writes_no:
            frame = frame.mask(blank & ~blank.all(axis=1).to_numpy()[:, None], "not_chosen")
        columns = {}
        means = [o.value for o in question.options if o.means and o.column]
        real = [o.id for o in question.options if not o.means]
        nothing = ~(frame[real] == "chosen").any(axis=1)
        for option_id in real:
            column = frame[option_id]
            for missing in means:
                here = nothing & (frame[missing] == "chosen") & (column != "_under_review")
                column = column.mask(here, missing)
            columns[f"{question.id}[{option_id}]"] = _categories(column, question.labels())
        return columns

    def _numbers(self, question: Question, header: str, column: str, counts: Mask) -> dict[str, pd.Series]:
        decimal = self.survey.source.decimal

        def parse(text: str) -> float | None:
            return parse_number(text, decimal)

        return self._typed(question, header, column, counts, parse, "Float64", "a number")

    def _dates(self, question: Question, header: str, column: str, counts: Mask) -> dict[str, pd.Series]:
        order = self.survey.source.dates

        def parse(text: str) -> dt.datetime | None:
            return parse_date(text, order)

        return self._typed(question, header, column, counts, parse, "datetime64[s]", "a date as 2021-10-19")

    def _typed(
        self,
        question: Question,
        header: str,
        column: str,
        counts: Mask,
        parse: Callable[[str], object | None],
        dtype: str,
        expected: str,
    ) -> dict[str, pd.Series]:
        """Read numbers or dates: a typed column beside its status."""
        series = self._kept(header, counts)

        def read(text: str) -> tuple[str | None, bool]:
            if parse(text) is not None:
                return ANSWERED, True
            return MISSING_WORDS.get(fold(text)), False

        answers = "_not_answered, _dont_know or _not_relevant"
        settled = self._settle_texts(question, header, series, read, DECIDABLE, f"{expected}, or {answers}")
        parsed: dict[str, object | None] = {}
        for text, value in settled.items():
            # A decision may name the value itself.
            parsed[text] = (
                parse(text) if value == ANSWERED else None if value in MISSING_KINDS else parse(value)
            )
        status = {t: v if v in MISSING_KINDS else ANSWERED for t, v in settled.items()}
        return {
            column: series.map(parsed).astype(dtype),
            f"{column}#status": pd.Categorical(series.map(status), categories=STATUS).rename_categories(
                list(STATUS)
            ),
        }

    def _texts(self, question: Question, header: str, column: str, counts: Mask) -> dict[str, pd.Series]:
        series = self._kept(header, counts)
        blank = blanks(series)
        status = pd.Series(np.where(blank, "_not_answered", ANSWERED), index=series.index)
        return {
            column: series.where(~blank).astype("str"),
            f"{column}#status": status.astype(pd.CategoricalDtype(list(STATUS))),
        }


def _places(series: pd.Series) -> Iterator[tuple[str, pd.Index]]:
    """Yield each distinct text of a column, in the order of the file, and the rows where it stands."""
    for text, part in series.groupby(series, sort=False):
        yield str(text), part.index


def _categories(values: pd.Series, labels: dict[str, str]) -> pd.Series:
    return values.astype(pd.CategoricalDtype(list(labels)))


def _near(seen: str, allowed: dict[str, str]) -> str:
    """Return the allowed values whose labels are like what was seen, the nearest first; "" if none is."""
    labels = {fold(label): value for value, label in allowed.items() if value not in ("_not_shown", "_lost")}
    near = difflib.get_close_matches(fold(seen), labels, n=3, cutoff=0.6)
    return "; ".join(labels[n] for n in near)


def _one_of(allowed: Iterable[str]) -> str:
    """Return the values that a person may decide on, in words; a long list is cut."""
    values = [value for value in allowed if value not in ("_not_shown", "_lost")]
    options, missing = (
        [v for v in values if v not in MISSING_KINDS],
        [v for v in values if v in MISSING_KINDS],
    )
    if len(options) > 8:
        options = [*options[:3], f"… ({len(options)} options in survey.yaml)"]
    return f"one of {', '.join(options + missing)}"
