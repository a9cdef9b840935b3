"""A table of an export to answers: what is certain is cleaned, what is uncertain goes to review."""

from __future__ import annotations

import difflib
import functools
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.intake import rows
from analysis.intake.answers import (
    BETWEEN,
    NO_ANSWER,
    NO_OPTION,
    NOT_ANSWERED,
    UNREAD,
    Reader,
    Reading,
    Reason,
    Values,
    columns_of,
    iso,
    missing_texts,
    reader,
)
from analysis.intake.cells import Mask, distinct, each, is_blank, one_line, places
from analysis.intake.dialects import RawColumn, Table
from analysis.intake.ledger import (
    DROPPED,
    KEPT,
    MERGED,
    PROGRAM,
    QUARANTINED,
    SUPERSEDED,
    Ledger,
    short_id,
)
from analysis.intake.parse import date_order, parse_date, parse_number
from analysis.intake.review import OR, Decision, Review
from analysis.problems import InputError, Problem
from analysis.survey.instrument import CHOSEN, MISSING_KINDS, Question, Survey, fold
from analysis.survey.units import Register

_MERGED = ("id", "started", "submitted")
"""Roles of columns that go into the table of submissions."""

DECIDABLE = {kind: label for kind, label in MISSING_KINDS.items() if kind != UNREAD}
"""Missing kinds that a person may decide on for a cell."""

_MISSING = (NOT_ANSWERED, "_dont_know", "_not_relevant")
"""Missing kinds that are offered first."""

LATEST = "latest"
"""What a person decides where one who answered stands more than once: the latest complete submission counts."""

COUNTED = ("complete", "partial")
"""Statuses of submissions whose answers count."""


@dataclass(frozen=True)
class Cleaned:
    """What cleaning makes of an export.

    Attributes
    ----------
    submissions : DataFrame
        One row for each submitted form: ``submission_id, row, native_id, unit_id, status, started, submitted,
        answered_questions, asked_questions``. The status is complete, partial, empty, superseded, quarantined or
        left_out.
    answers : DataFrame
        One row for each submission that counts (complete or partial): ``submission_id, unit_id``, then the
        questions' columns as `Question.columns` names them. Texts are as they were written.
    ledger, review : DataFrame
        What became of cells (`intake.ledger`), and what a person must decide (`intake.review`).
    accounting : dict
        ``raw_cells, answers_cells, ledger_cells, unaccounted``.
    unmatched_decisions : tuple of str
        Ids of decisions that match nothing in this export.
    headers : dict
        The export's header of each column of the answers (for several options in one cell: of the cell).
    """

    submissions: pd.DataFrame
    answers: pd.DataFrame
    ledger: pd.DataFrame
    review: pd.DataFrame
    accounting: dict[str, int]
    unmatched_decisions: tuple[str, ...]
    headers: dict[str, str]


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
    status = run.settle_rows()
    run.settle_other_columns()
    submissions = run.submissions(status)
    counts = submissions["status"].isin(COUNTED).to_numpy()
    ids = submissions.loc[counts, ["submission_id", "unit_id"]]
    columns: dict[str, pd.Series] = {}
    for question in survey.questions:
        if question.kind != "unit":
            values = {h: run.values(question, h, counts) for h in question.headers()}
            columns |= columns_of(question, values, survey, ids.index)
    if run.problems:
        raise InputError(run.problems)
    return Cleaned(
        submissions.reset_index(drop=True),
        pd.concat([ids, pd.DataFrame(columns, index=ids.index)], axis=1).reset_index(drop=True),
        run.ledger.frame(),
        run.review.frame(),
        run.ledger.accounting(),
        run.review.unmatched,
        run.headers_of_answers(),
    )


def plan_columns(table: Table, survey: Survey, name: str) -> dict[str, RawColumn]:
    """Return the export's column for each header that survey.yaml names.

    Raises
    ------
    InputError
        With every header that the export does not have.
    """
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
        self.table, self.survey, self.register, self.review = table, survey, register, review
        self.plan = plan_columns(table, survey, name)
        self.readers = readers(table, survey, self.plan)
        self.headers = {c.position: c.header for c in table.columns}
        self.rows = table.cells.index.to_numpy()
        self.everywhere = np.ones(len(self.rows), dtype=bool)
        self.problems: list[Problem] = []
        self.ledger = Ledger(table.cells, self.headers)
        self.blank: dict[int, Mask] = {}

    def cells(self, header: str) -> pd.Series:
        """Return the cells of the column that a question or rule names."""
        return self.table.cells[self.plan[header].position]

    def headers_of_answers(self) -> dict[str, str]:
        """Return the export's header of each column of the answers."""
        found: dict[str, str] = {}
        for question in self.survey.questions:
            if question.kind == "multiple":
                columns = {o.id: o.column or question.header for o in question.options if not o.means}
                found |= {f"{question.id}[{o}]": self.plan[header].header for o, header in columns.items()}
            elif question.kind != "unit":
                pairs = zip(question.columns(), question.headers(), strict=True)
                found |= {column: self.plan[header].header for column, header in pairs}
        return found

    # --- rows that cannot be trusted, and columns that no question is read from ------------------------------

    def settle_rows(self) -> npt.NDArray[np.object_]:
        """Settle rows that cannot be trusted, whole; return the status that this gives each row, ``""`` for none."""
        decided = self._mend_rows()
        cells = self.table.cells
        self.blank = {position: each(cells[position], is_blank, bool) for position in cells.columns}
        status = np.full(len(self.rows), "", dtype=object)
        repeated = self.table.repeated
        status[repeated] = "quarantined"
        groups: dict[str, list[int]] = {}
        for found, decision in decided:
            status[self.rows == found.row] = "left_out" if decision else "quarantined"
            if decision is None:
                groups.setdefault(f"row.{found.why}", []).append(found.row)
        for position in cells.columns:
            self.ledger.settle(self.blank[position], position, DROPPED, "cell.blank", before=cells[position])
            self.ledger.settle(repeated, position, QUARANTINED, "row.repeated_header")
            for rule, numbers in groups.items():
                self.ledger.settle(np.isin(self.rows, numbers), position, QUARANTINED, rule)
            for found, decision in decided:
                if decision is not None:
                    here = self.rows == found.row
                    self.ledger.settle(here, position, DROPPED, f"decision.{decision.id}", by=decision.by)
        return status

    def _mend_rows(self) -> list[tuple[rows.Untrusted, Decision | None]]:
        """Mend the rows that people have decided to keep; return the others, with the decision to leave one out."""
        left: list[tuple[rows.Untrusted, Decision | None]] = []
        fits = {
            self.plan[header].position: (lambda text, read=read: read(text).value != UNREAD)
            for header, read in self.readers.items()
        }
        texts = {
            self.plan[h].position: q.id
            for q in self.survey.questions
            if q.kind == "free_text"
            for h in q.headers()
        }
        joined: list[tuple[int, int, str, Decision]] = []
        kept: list[tuple[int, str, Decision]] = []
        for found in rows.untrusted(self.table, fits):
            decision = self.review.decided(f"row.{found.why}", "", found.seen)
            if decision is None:
                proposals = [rows.LEAVE_OUT]
                if found.extra:
                    joins = rows.where_to_join(self.table, found, fits, list(texts))
                    proposals = [*(f"{rows.JOIN}{texts[p]}" for p in joins[:5]), *proposals]
                else:
                    proposals = [rows.KEEP, *proposals]
                self.review.ask(
                    f"row.{found.why}",
                    "",
                    found.seen,
                    [found.row],
                    proposals=OR.join(proposals),
                    needed_for="the whole submission",
                )
                left.append((found, None))
            elif decision.decision == rows.LEAVE_OUT:
                left.append((found, decision))
            elif decision.decision == rows.KEEP and not found.extra:
                kept.append((found.row, rows.KEEP, decision))
            elif decision.decision.startswith(rows.JOIN) and found.extra:
                position = self._column_to_join(decision)
                if position is None:
                    continue
                self.table, merged = rows.join(self.table, found.row, position, found.extra)
                joined += [(found.row, p, self.headers[position], decision) for p in merged]
                kept.append((found.row, f"{rows.JOIN}{self.headers[position]}", decision))
            else:
                expected = "join: and the id of a question" if found.extra else rows.KEEP
                self._refuse(decision, f"{expected}, or {rows.LEAVE_OUT}")
        if kept:
            self.ledger = Ledger(self.table.cells, self.headers)
        for row, place, header, decision in joined:
            self.ledger.joined(row, place, f"decision.{decision.id}", header, decision.by)
        for row, done, decision in kept:
            self._tell_kept([row], decision, done)
        return left

    def _column_to_join(self, decision: Decision) -> int | None:
        """Return the position of the question, or of the header, that a decision to join cells names."""
        wanted = decision.decision.removeprefix(rows.JOIN).strip()
        named = {q.id: h for q in self.survey.questions for h in q.headers()[:1]}
        header = named.get(wanted, wanted)
        if header in self.plan:
            return self.plan[header].position
        self._refuse(decision, f"{rows.JOIN} and the id of a question of free text")
        return None

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
                    proposals="",
                    needed_for="survey.yaml",
                )
            else:
                reason = why.get(position, column.role)
                shown = series if reason in ("technical", *_MERGED) else None
                self.ledger.settle(self.everywhere, position, DROPPED, f"column.{reason}", before=shown)

    # --- submissions -----------------------------------------------------------------------------------------

    def submissions(self, status: npt.NDArray[np.object_]) -> pd.DataFrame:
        """Return one row for each submitted form, and settle the cells of those that do not count."""
        questions = [q for q in self.survey.questions if q.kind != "unit"]
        empty = self.everywhere.copy()
        answered = np.zeros(len(self.rows), dtype=np.int64)
        for question in questions:
            empty &= np.all([self.blank[self.plan[h].position] for h in question.headers()], axis=0)
            answered += np.any([self._answered(question, h) for h in question.headers()], axis=0)
        enough = self.survey.rules.complete_share * len(questions)
        usual = np.select([empty, answered < enough], ["empty", "partial"], "complete")
        frame = pd.DataFrame(
            {
                "submission_id": submission_ids(self.contents),
                "row": self.rows,
                "native_id": self._of_role("id").astype("str"),
                "unit_id": self._units(status == ""),
                "status": np.where(status == "", usual, status),
                "started": self._times("started"),
                "submitted": self._times("submitted"),
                "answered_questions": answered,
                "asked_questions": len(questions),
            },
            index=self.table.cells.index,
        )
        rule = f"duplicates.{self.survey.rules.duplicates}"
        self._supersede(frame, self._superseded(frame, "unit_id"), rule, PROGRAM)
        if self.survey.unit_question is None:
            self._settle_repeated(frame)
        if self.survey.unit_question:
            self.ledger.settle(
                self.everywhere, self.plan[self.survey.unit_question.header].position, KEPT, "unit"
            )
        return frame.astype({"status": "str"})

    def _answered(self, question: Question, header: str) -> Mask:
        """Return which cells of one of a question's columns are answers: not blank, nor what stands for no answer."""
        position = self.plan[header].position
        missing = missing_texts(question, self.survey)
        if not set(NO_ANSWER) & set(missing.values()):
            return ~self.blank[position]

        def value(text: str) -> str | None:
            return missing.get(fold(text)) if header not in self.readers else self.readers[header](text).value

        none = each(self.table.cells[position], lambda text: value(text) in NO_ANSWER, bool)
        return np.asarray(~(self.blank[position] | none), dtype=bool)

    def _column_of(self, role: str) -> RawColumn | None:
        """Return the first column of a role that survey.yaml does not name."""
        named = {c.position for c in self.plan.values()}
        return next((c for c in self.table.columns if c.role == role and c.position not in named), None)

    def _of_role(self, role: str) -> pd.Series:
        column = self._column_of(role)
        if column is None:
            blank = pd.Categorical.from_codes(np.zeros(len(self.rows), dtype=np.int8), categories=[""])
            return pd.Series(blank, index=self.table.cells.index)
        return self.table.cells[column.position]

    def _times(self, role: str) -> pd.Series:
        """Return the moments in the column of a role; ask for the order of its dates where nothing tells it."""
        cells = self._of_role(role)
        texts = distinct(cells)
        order = self.survey.source.dates or date_order(texts)
        known = {text: parse_date(text, order) for text in texts}
        unclear = [t for t, moment in known.items() if moment is None and parse_date(t, "dmy") is not None]
        if unclear:
            self.review.ask(
                "dates",
                role,
                one_line(unclear[0]),
                [],
                proposals="",
                needed_for="which submission is the latest",
            )
        values = each(cells, lambda text: known[text], "datetime64[s]")
        return pd.Series(values, index=cells.index)

    def _units(self, good: Mask) -> pd.Series:
        """Return the unit of each submission; what the register does not know goes to review."""
        question = self.survey.unit_question
        found = pd.Series([None] * len(self.rows), index=self.table.cells.index, dtype="str")
        if question is None or self.register is None:
            return found
        position = self.plan[question.header].position
        cells = self.cells(question.header)
        on = self.survey.on
        known = {u.unit_id: u for u in self.register.at(on)}
        for text, at in places(cells, distinct(cells[good])):
            here = np.zeros(len(self.rows), dtype=bool)
            here[at] = True
            here &= good
            seen = one_line(text)
            decision = self.review.decided("unit", question.id, fold(seen))
            unit = self.register.match(seen, on)
            if decision is not None:
                unit = known.get(decision.decision)
                if unit is None:
                    self._refuse(decision, "a unit_id of the register that exists on the reference date")
                    continue
                rule = f"decision.{decision.id}"
                self.ledger.changed(here, position, rule, seen, unit.unit_id, by=decision.by)
            elif unit is None:
                near = self.register.propose(seen, on) if seen else []
                self.review.ask(
                    "unit",
                    question.id,
                    fold(seen),
                    self.rows[here],
                    proposals=OR.join(f"{u.unit_id} ({score:.0f})" for u, score in near),
                    needed_for="the whole submission",
                )
                continue
            elif text != unit.name:
                self.ledger.changed(here, position, "unit.alias", seen, unit.unit_id)
            found[here] = unit.unit_id
        return found

    def _superseded(self, frame: pd.DataFrame, by: str) -> Mask:
        """Return which give way to another with the same value in a column: the latest complete one stays."""
        ranked = frame.assign(
            rank=frame["status"].map({"complete": 3, "partial": 2, "empty": 1})
        ).rename_axis(None)
        known = ranked[ranked[by].notna() & ranked["rank"].notna()]
        best = known.sort_values(["rank", "submitted", "row"], na_position="first").groupby(by).tail(1)
        return np.isin(frame.index.to_numpy(), known.index.difference(best.index).to_numpy())

    @functools.cached_property
    def contents(self) -> npt.NDArray[np.uint64]:
        """A hash of what each row says, once its records are mended."""
        return content_hashes(self.table)

    def _supersede(self, frame: pd.DataFrame, which: Mask, rule: str, by: str) -> None:
        """Let submissions give way: their status says so, and so does the fate of their cells."""
        frame.loc[which, "status"] = "superseded"
        if which.any():
            for position in self.table.cells.columns:
                self.ledger.settle(which, position, SUPERSEDED, rule, by=by)

    def _settle_repeated(self, frame: pd.DataFrame) -> None:
        """Ask about submissions of people that stand more than once: with the tool's own number, or wholly equal."""
        counted = frame["status"].isin(COUNTED)
        own = pd.Series(each(self._of_role("id"), str.strip), index=frame.index)
        number = own.where(counted & (own != ""))
        if any(self._column_of(role) for role in _MERGED):
            # Who answers alike is no double; who answers alike in the same second, by the tool's own columns, may be.
            alike = pd.Series(self.contents, index=frame.index, dtype="object").where(counted)
            number = number.where(number.duplicated(keep=False), alike)
        twice = number[number.notna() & number.duplicated(keep=False)]
        for value, rows_ in twice.groupby(twice, sort=False):
            seen = value if isinstance(value, str) else self._record(rows_.index[0])
            decision = self.review.decided("duplicate", "", seen)
            if decision is None:
                self.review.ask(
                    "duplicate",
                    "",
                    seen,
                    rows_.index,
                    proposals=OR.join((LATEST, rows.KEEP)),
                    needed_for="how many have answered",
                )
            elif decision.decision == LATEST:
                here = frame.assign(same=rows_)
                self._supersede(frame, self._superseded(here, "same"), f"decision.{decision.id}", decision.by)
            elif decision.decision == rows.KEEP:
                self._tell_kept(rows_.index, decision)
            else:
                self._refuse(decision, f"{LATEST} or {rows.KEEP}")

    def _record(self, row: int) -> str:
        """Return the beginning of what stands in a row, on one line."""
        return one_line(" | ".join(t for t in self.table.cells.loc[row] if t.strip()))[:200]

    def _tell_kept(self, numbers: Iterable[int], decision: Decision, done: str = rows.KEEP) -> None:
        """Tell of rows that a person has decided to keep, at the first cell of each."""
        for number in numbers:
            here = self.rows == number
            first = self.table.cells.columns[self.ledger.filled[here][0].argmax()]
            self.ledger.changed(here, first, f"decision.{decision.id}", "", done, by=decision.by)

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

    def _texts(self, question: Question, header: str, counts: Mask) -> Values:
        """Return free text as it stands, or why there is none where survey.yaml knows the text for that."""
        missing = missing_texts(question, self.survey)
        every = self.cells(header)
        if not missing:
            return np.asarray(every[counts], dtype=object)
        kinds = each(every, lambda text: Reason(missing.get(fold(text), "")))
        self.ledger.changed(counts & (kinds != ""), self.plan[header].position, "answer.missing", "", kinds)
        return np.where(kinds != "", kinds, np.asarray(every, dtype=object))[counts]

    def values(self, question: Question, header: str, counts: Mask) -> Values:
        """Return the value of each cell of one of a question's columns, for the submissions that count.

        Each distinct text is read once: decisions go first, and what is unknown goes to review.
        """
        position = self.plan[header].position
        self.ledger.settle(counts, position, KEPT, "answer")
        cells = self.cells(header)[counts]
        if question.kind == "free_text":
            return self._texts(question, header, counts)
        settle = _Settler(self, question)
        found = {text: settle(text, self.readers[header](text)) for text in distinct(cells)}
        told = {text: (rule, by) for text, (_, rule, by) in found.items() if rule}
        if told:
            where = each(self.cells(header), lambda text: text in told, bool) & counts
            every = self.cells(header)
            rule = each(every, lambda text: told.get(text, ("", ""))[0])
            by = each(every, lambda text: told.get(text, ("", ""))[1])
            before = each(every, lambda text: settle.shown(text) if text in told else "")
            after = each(every, lambda text: found[text][0] if text in told else "")
            self.ledger.changed(where, position, rule, before, after, by=by)
        for text, at in places(cells, settle.open):
            for seen, proposals in settle.open[text]:
                self.review.ask(
                    "answer",
                    question.id,
                    fold(seen),
                    cells.index[at],
                    proposals=proposals,
                    needed_for=question.id,
                )
        return each(cells, lambda text: found[text][0])


def readers(table: Table, survey: Survey, plan: Mapping[str, RawColumn]) -> dict[str, Reader]:
    """Return what reads the cells of each question's column, by its header as survey.yaml names it.

    Free text and the unit are not read in this way.
    """
    found: dict[str, Reader] = {}
    for question in survey.questions:
        if question.kind not in ("free_text", "unit"):
            for header in question.headers():
                texts = distinct(table.cells[plan[header].position]) if question.kind == "date" else []
                tool = table.dialect
                found[header] = _once(reader(question, header, survey, tool.label, tool.separator, texts))
    return found


def _once(read: Reader) -> Reader:
    """Return a reader that reads each text once."""
    known: dict[str, Reading] = {}

    def remembered(text: str) -> Reading:
        if text not in known:
            known[text] = read(text)
        return known[text]

    return remembered


class _Settler:
    """Gives the distinct texts of a question their values: by a person's decision, else as they read.

    Attributes
    ----------
    open : dict
        What to ask about each text that is not understood: what was seen, and what is proposed.
    """

    def __init__(self, run: _Run, question: Question) -> None:
        self.run, self.question = run, question
        self.open: dict[str, list[tuple[str, str]]] = {}
        self.several = question.kind == "multiple" and not question.one_column_each
        if self.several:
            self.allowed = {o.value: o.label for o in question.options}
            self.offered = list(dict.fromkeys([*self.allowed, NO_OPTION, *_MISSING]))
            self.expected = (
                f"{_one_of(self.allowed)}, several with a semicolon between, {NO_OPTION}, or a missing kind"
            )
        elif question.is_closed:
            labels = CHOSEN if question.kind == "multiple" else question.labels()
            self.allowed = {value: label for value, label in labels.items() if value != UNREAD}
            self.offered = [v for v in self.allowed if v not in ("_not_shown", "_lost")]
            self.expected = _one_of(self.allowed)
        else:
            self.allowed = DECIDABLE
            kind = "a number" if question.kind == "number" else "a date as 2021-10-19"
            self.offered = list(_MISSING)
            self.expected = f"{kind}, or _not_answered, _dont_know or _not_relevant"

    def __call__(self, text: str, reading: Reading) -> tuple[str, str, str]:
        """Return a text's value, the rule that gave it (``""`` for none to tell), and by whom."""
        if reading.value == NOT_ANSWERED and not reading.rule:
            return reading.value, "", ""
        if self.several:
            return self._choices(text, reading)
        seen = one_line(self.run.table.dialect.label(text))
        decision = self._decided(seen)
        if decision is not None:
            value = self._meant(decision)
            return value or UNREAD, f"decision.{decision.id}", decision.by
        if reading.value == UNREAD:
            self._ask(text, seen)
        return reading.value, reading.rule, PROGRAM

    def shown(self, text: str) -> str:
        """Return what the ledger tells of a text: nothing where a part of it is not understood."""
        return "" if self.several and text in self.open else text

    def _choices(self, text: str, reading: Reading) -> tuple[str, str, str]:
        values = [v for v in reading.value.split(BETWEEN) if v != UNREAD]
        rules: dict[str, str] = {}
        undecided = False
        for part in reading.rest:
            decision = self._decided(part)
            if decision is None:
                undecided = True
                self._ask(text, part)
                continue
            meant = [value.strip() for value in decision.decision.split(";")]
            if all(v in self.allowed or v in DECIDABLE or v == NO_OPTION for v in meant):
                values += meant
            else:
                self.run._refuse(decision, self.expected)
            rules[f"decision.{decision.id}"] = decision.by
        whole = BETWEEN.join([*dict.fromkeys(values), *([UNREAD] if undecided else [])])
        if rules:
            return whole, ", ".join(rules), ", ".join(dict.fromkeys(rules.values()))
        return whole, reading.rule, PROGRAM

    def _decided(self, seen: str) -> Decision | None:
        return self.run.review.decided("answer", self.question.id, fold(seen))

    def _meant(self, decision: Decision) -> str | None:
        """Return the value that a decision names, or that its text stands for."""
        if decision.decision in self.allowed:
            return decision.decision
        header = self.question.headers()[0]
        value = self.run.readers[header](decision.decision).value
        if value == UNREAD:
            self.run._refuse(decision, self.expected)
            return None
        return value

    def _values_in(self, seen: str) -> list[str]:
        """Return the dates that a text may be, or the one number that stands in it."""
        if self.question.kind == "date":
            both = (parse_date(seen, order) for order in ("dmy", "mdy"))
            found = [iso(moment) for moment in both if moment is not None]
        else:
            parts = re.findall(r"(?<![\w.,])\d+(?:[.,]\d+)?(?![\w.,])", seen) if len(seen) <= 20 else []
            found = [part for part in parts if parse_number(part, self.run.survey.source.decimal) is not None]
        return found if self.question.kind == "date" or len(found) == 1 else []

    def _ask(self, text: str, seen: str) -> None:
        near = self._values_in(seen) if self.allowed is DECIDABLE else _near(seen, self.allowed)
        all_ = dict.fromkeys([*near, *(v for v in self.offered if v not in MISSING_KINDS)])
        shown = [*list(all_)[:8], "…"] if len(all_) > 9 else list(all_)
        shown += [v for v in self.offered if v in MISSING_KINDS]
        self.open.setdefault(text, []).append((seen, OR.join(shown)))


def submission_ids(contents: npt.NDArray[np.uint64]) -> list[str]:
    """Return an id of what each row says (`content_hashes`); equal rows are told apart by their order."""
    ids: list[str] = []
    taken: set[str] = set()
    times: dict[int, int] = {}
    for number in contents.tolist():
        again = times.get(number, 0)
        while (found := short_id(number, again) if again else short_id(number)) in taken:
            again += 1
        times[number] = again + 1
        taken.add(found)
        ids.append(found)
    return ids


def content_hashes(table: Table) -> npt.NDArray[np.uint64]:
    """Return a hash of what each row says: it survives a new export with rows or columns in another order.

    What the tool notes for itself (technical columns, such as a running number) is left out, and so are blank cells.
    """
    total = np.zeros(len(table.cells), dtype=np.uint64)
    for column in table.columns:
        if column.role != "technical":
            key = hashlib.blake2b(column.header.encode(), digest_size=32).digest()

            def hashed(text: str, key: bytes = key) -> int:
                if not text:
                    return 0
                return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8, key=key).digest(), "big")

            total += each(table.cells[column.position], hashed, np.uint64)
    return total


def _near(seen: str, allowed: dict[str, str]) -> list[str]:
    """Return the allowed values whose labels are like what was seen, the nearest first; of digits none is."""
    if not re.search(r"[^\W\d]{3}", seen):
        return []
    labels = {fold(label): value for value, label in allowed.items() if value not in ("_not_shown", "_lost")}
    near = difflib.get_close_matches(fold(seen), labels, n=3, cutoff=0.6)
    return [labels[n] for n in near]


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
