"""What the cells of a question say, and how that becomes columns of answers.

Cleaning reads each distinct text of a column once (`reader`), lets decisions of people go first, and makes the
columns (`columns_of`). Replaying the ledger (`intake.replay`) makes the same columns of the same values.

The value of a cell is text: an option's value, several with ``"; "`` between, ``chosen`` or ``not_chosen``, a number
as it stands, a date as ``2021-10-19``, or a missing kind such as ``_not_answered``.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.intake.cells import is_blank, one_line
from analysis.intake.parse import (
    MISSING_WORDS,
    NO,
    YES,
    date_order,
    label_values,
    parse_date,
    parse_number,
    split_choices,
)
from analysis.survey.instrument import MISSING_KINDS, Question, Survey, fold

Values = npt.NDArray[np.object_]
"""The value of each cell of a column."""

ANSWERED = "answered"
"""What ``question#status`` says where there is a number, a date or a text."""

STATUS = (ANSWERED, *MISSING_KINDS)

NOT_ANSWERED = "_not_answered"
UNREAD = "_under_review"

NO_ANSWER = (NOT_ANSWERED, "_not_shown", "_lost")
"""Missing kinds that mean that there is no answer, whatever the reason."""

NO_OPTION = "_none"
"""What a person decides where a part of a multiple-choice answer is an answer, but none of the options."""

BETWEEN = "; "
"""Between the values of a cell that says several."""


@dataclass(frozen=True)
class Reading:
    """What one text says.

    Attributes
    ----------
    value : str
        Its value; `UNREAD` where it is not known.
    rule : str
        What the ledger calls the way from text to value; ``""`` where the text stands exactly as ``survey.yaml``
        has it.
    rest : tuple of str
        Parts of a multiple-choice cell that are no options.
    """

    value: str
    rule: str = ""
    rest: tuple[str, ...] = ()


Reader = Callable[[str], Reading]


class Reason(str):
    """A missing kind in the place of a free text; the same letters, written by somebody, are a text.

    Examples
    --------
    >>> Reason("_lost") == "_lost", isinstance("_lost", Reason)
    (True, False)
    """

    __slots__ = ()


def reader(
    question: Question,
    header: str,
    survey: Survey,
    label: Callable[[str], str],
    separator: str,
    texts: list[str],
) -> Reader:
    """Return the function that reads the cells of one of a question's columns.

    Parameters
    ----------
    question : Question
        Not of kind ``free_text`` or ``unit``.
    header : str
        Which of its columns, as ``survey.yaml`` names it.
    survey : Survey
        With the export's decimal mark, order of dates and missing codes.
    label : callable
        Takes the survey tool's own code off a label (`dialects.Dialect.label`).
    separator : str
        Between the options of one cell, where the question does not say it.
    texts : list of str
        The distinct texts of the column: dates tell their order together.
    """
    read: Reader
    if question.kind in ("single", "scale"):
        read = _option_reader(question, header, label)
    elif question.kind == "multiple":
        read = (
            _mark_reader(question, header, label)
            if question.one_column_each
            else _choices_reader(question, label, question.separator or separator)
        )
    elif question.kind == "number":
        read = _number_reader(survey.source.decimal)
    elif question.kind == "date":
        read = _date_reader(survey.source.dates, date_order(texts))
    else:
        raise ValueError(f"cells of kind {question.kind} are not read one by one")
    return functools.partial(_read, read, missing_texts(question, survey), label, question.is_closed)


def missing_texts(question: Question, survey: Survey) -> dict[str, str]:
    """Return the missing kind that each text stands for (folded) in the answers to a question."""
    return {fold(text): f"_{kind}" for text, kind in {**survey.source.missing, **question.missing}.items()}


def _read(
    read: Reader, missing: Mapping[str, str], label: Callable[[str], str], closed: bool, text: str
) -> Reading:
    """Read a text: what ``survey.yaml`` says of a missing answer goes before everything but an option."""
    if is_blank(text):
        return Reading(NOT_ANSWERED)
    found = read(text)
    if closed and found.value != UNREAD:
        return found
    kind = missing.get(fold(label(text))) or missing.get(fold(text))
    return Reading(kind, "answer.missing") if kind else found


def _option_reader(question: Question, header: str, label: Callable[[str], str]) -> Reader:
    exact = {o.label: o.value for o in question.options}
    folded = label_values(question)
    codes = {o.code: o.value for o in question.options if o.code}
    turned = any(item.reversed and item.column == header for item in question.items)
    if turned:
        scale = [o for o in question.options if o.code and not o.means]
        codes |= {o.code: other.value for o, other in zip(scale, reversed(scale), strict=True) if o.code}

    def read(text: str) -> Reading:
        shown = label(text)
        if shown in exact:
            return Reading(exact[shown])
        if text in codes:
            return Reading(codes[text], "answer.reversed" if turned else "")
        value = folded.get(fold(shown)) or folded.get(fold(text)) or codes.get(one_line(text))
        return Reading(value, "answer.folded") if value else Reading(UNREAD)

    return read


def _mark_reader(question: Question, header: str, label: Callable[[str], str]) -> Reader:
    option = next(o for o in question.options if o.column == header)
    own = {fold(option.label), *([fold(option.code)] if option.code else [])}

    def read(text: str) -> Reading:
        word = fold(label(text))
        return Reading("chosen" if word in YES or word in own else "not_chosen" if word in NO else UNREAD)

    return read


def _choices_reader(question: Question, label: Callable[[str], str], separator: str) -> Reader:
    worded = {o.value: o.code or o.label for o in question.options}
    by_text = label_values(question) | {fold(o.code): o.value for o in question.options if o.code}

    def read(text: str) -> Reading:
        choices = split_choices(text, separator, by_text, label)
        value = BETWEEN.join(choices.values)
        if choices.rest:
            partly = BETWEEN.join((*choices.values, UNREAD))
            return Reading(partly, "answer.partly_read" if choices.values else "", choices.rest)
        if not choices.values:
            return Reading(UNREAD, rest=(one_line(text),))
        parts = [label(p.strip()) for p in text.split(separator.strip() or separator) if p.strip()]
        asked = [
            [p.strip() for v in choices.values for p in said[v].split(separator.strip() or separator)]
            for said in (worded, {o.value: o.label for o in question.options})
        ]
        return Reading(value, "" if parts in asked else "answer.folded")

    return read


def _number_reader(decimal: str) -> Reader:
    def read(text: str) -> Reading:
        return Reading(text) if parse_number(text, decimal) is not None else _missing_word(text)

    return read


def _date_reader(said: str | None, told: str | None) -> Reader:
    """Read dates in the order that ``survey.yaml`` says, else the one that the column's own dates tell."""

    def read(text: str) -> Reading:
        if (moment := parse_date(text, said)) is not None:
            return Reading(iso(moment))
        if said is None and (moment := parse_date(text, told)) is not None:
            return Reading(iso(moment), "answer.date_order")
        return _missing_word(text)

    return read


def iso(moment: dt.datetime) -> str:
    """Return a moment as the value of a cell: ``2021-10-19``, with the time of day where there is one."""
    return moment.isoformat(" ") if moment.time() != dt.time() else moment.date().isoformat()


def _missing_word(text: str) -> Reading:
    kind = MISSING_WORDS.get(fold(text))
    return Reading(kind, "answer.missing") if kind else Reading(UNREAD)


# --- columns -----------------------------------------------------------------------------------------------


def columns_of(
    question: Question, values: Mapping[str, Values], survey: Survey, index: pd.Index
) -> dict[str, Any]:
    """Return a question's columns of the answers.

    Parameters
    ----------
    question : Question
        Not of kind ``unit``.
    values : mapping of str to array
        The value of each cell, by the header of each of the question's columns; of free text the text itself, blank
        or a `Reason` where there is none.
    survey : Survey
        With the export's decimal mark.
    index : Index
        Of the submissions that count, as long as each array.
    """
    if question.kind == "multiple":
        if question.one_column_each:
            return _marks(question, values, index)
        return _choices(question, values[question.header], index)
    columns: dict[str, Any] = {}
    for header, column in zip(question.headers(), question.columns(), strict=True):
        cells = values[header]
        if question.is_closed:
            columns[column] = _categories(cells, question.labels(), index)
        elif question.kind == "free_text":
            status = np.array([_text_status(text) for text in cells], dtype=object)
            columns[column] = pd.Series(cells, index=index).mask(status != ANSWERED, None).astype("str")
            columns[f"{column}#status"] = _categories(status, STATUS, index)
        else:
            parsed, status, dtype = _typed(question, cells, survey)
            columns[column] = pd.Series(parsed, index=index).astype(dtype)
            columns[f"{column}#status"] = _categories(status, STATUS, index)
    return columns


def _text_status(value: str) -> str:
    """Return whether the value of a cell of free text is a text, or why there is none."""
    return NOT_ANSWERED if is_blank(value) else str(value) if isinstance(value, Reason) else ANSWERED


def _typed(question: Question, cells: Values, survey: Survey) -> tuple[list[Any], Values, str]:
    """Return the parsed number or date of each value, its status, and the type of the column."""
    codes, texts = pd.factorize(cells)
    kinds = [text if text in MISSING_KINDS else ANSWERED for text in texts]

    def parse(text: str) -> object:
        if question.kind == "number":
            return parse_number(text, survey.source.decimal)
        return dt.datetime.fromisoformat(text)

    parsed = [parse(text) if kind == ANSWERED else None for text, kind in zip(texts, kinds, strict=True)]
    dtype = "Float64" if question.kind == "number" else "datetime64[s]"
    known = np.array([*parsed, None], dtype=object)
    return list(known[codes]), np.array([*kinds, ""], dtype=object)[codes], dtype


def _choices(question: Question, cells: Values, index: pd.Index) -> dict[str, Any]:
    """Return a column for each option: chosen, not chosen, or why there is no answer."""
    codes, texts = pd.factorize(cells)
    said = [set(text.split(BETWEEN)) for text in texts]

    def state(values: set[str], option: str) -> str:
        if option in values:
            return "chosen"
        if any(value not in MISSING_KINDS for value in values):
            return "not_chosen"
        return min(values - {UNREAD}, default=UNREAD)

    columns = {}
    for option in question.options:
        if not option.means:
            known = np.array([*(state(values, option.id) for values in said), ""], dtype=object)
            columns[f"{question.id}[{option.id}]"] = _categories(known[codes], question.labels(), index)
    return columns


def _marks(question: Question, values: Mapping[str, Values], index: pd.Index) -> dict[str, Any]:
    """Return a column for each option, of the columns that tell of each whether it was chosen."""
    marks = {o.value: values[o.column] for o in question.options if o.column}
    real = [o.id for o in question.options if not o.means]
    # Some tools write a word for what was not chosen, others leave the cell blank.
    if not any((cells == "not_chosen").any() for cells in marks.values()):
        silent = np.all([cells == NOT_ANSWERED for cells in marks.values()], axis=0)
        marks = {
            value: np.where((cells == NOT_ANSWERED) & ~silent, "not_chosen", cells)
            for value, cells in marks.items()
        }
    nothing = ~np.any([marks[option] == "chosen" for option in real], axis=0)
    columns = {}
    for option in real:
        cells = marks[option]
        for missing in (o.value for o in question.options if o.means and o.column):
            cells = np.where(nothing & (marks[missing] == "chosen") & (cells != UNREAD), missing, cells)
        columns[f"{question.id}[{option}]"] = _categories(cells, question.labels(), index)
    return columns


def _categories(values: Values, known: Any, index: pd.Index) -> pd.Series:
    """Return values as a column of categories; an unforeseen one is an error, not a missing value."""
    dtype = pd.CategoricalDtype(list(known))
    codes, texts = pd.factorize(values)
    places = dtype.categories.get_indexer(pd.Index(texts, dtype="str"))
    if (places < 0).any():
        raise AssertionError(f"no category for {texts[places.argmin()]!r}")
    return pd.Series(pd.Categorical.from_codes(places[codes], dtype=dtype), index=index)
