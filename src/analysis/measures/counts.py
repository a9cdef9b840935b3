"""Counts of answers, for each question, item and kind of unit.

Answers are counted by the codes of their categories, and the choices of a question with several options by their
combinations. What is counted of some submissions (a `Tally`) can be added to what is counted of others, so that a file
that does not fit into memory is counted one row group at a time (`count_file`), or its row groups in several processes
or on several machines.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.intake.answers import ANSWERED, STATUS, UNREAD
from analysis.intake.contracts import ContractError, answers_schema, count_row_groups, read_table
from analysis.intake.ledger import short_id
from analysis.survey.instrument import MISSING_KINDS, Question, Survey

ALL = "alla"
"""The group of everyone."""

OUTSIDE = ""
"""The group of submissions whose unit is not known: they are counted in no other, nor in `ALL`."""

OUTSIDE_BASE = tuple(kind for kind in MISSING_KINDS if kind != "_dont_know")
"""Missing kinds that are no answers: everything but “don't know”."""

Codes = npt.NDArray[Any]
"""The place of each submission's answer among the values of a column: whole numbers from 0."""

Counts = npt.NDArray[np.int64]

_MOST = 2**16 - 1
"""Combinations are counted together as long as there cannot be more of them: their numbers take two bytes."""

COUNT_COLUMNS = (
    "section", "question", "question_text", "item", "item_text", "value", "label", "group", "n", "base", "percent",
)  # fmt: skip
NUMBER_COLUMNS = (
    "section", "question", "question_text", "item", "item_text", "group",
    "answers", "total", "median", "smallest", "largest",
)  # fmt: skip


def item_texts(question: Question) -> dict[str, tuple[str, str]]:
    """Return item id and text of each of the question's columns in the answers."""
    if question.kind == "multiple":
        named = [(o.id, o.label) for o in question.options if not o.means]
    elif question.items:
        named = [(i.id, i.text) for i in question.items]
    else:
        named = [("", "")]
    return dict(zip(question.columns(), named, strict=True))


@dataclass(frozen=True)
class Tally:
    """What is counted of some submissions; tallies of different submissions to the same survey can be added.

    Attributes
    ----------
    submissions : int
        How many there are.
    groups : tuple of str
        The kinds of unit, sorted, then `OUTSIDE`; where people answer `ALL` alone.
    values : dict of str to array
        By column of a closed question, how many gave each answer: groups × values, as `Question.labels` has them.
    statuses : dict of str to array
        By column that counts as one answer (`question_status`), how many have each `STATUS`.
    numbers : dict of str to tuple of arrays
        By column of a number question, the different numbers, sorted, and how many gave each: groups × numbers.
    """

    submissions: int
    groups: tuple[str, ...]
    values: dict[str, Counts]
    statuses: dict[str, Counts]
    numbers: dict[str, tuple[npt.NDArray[np.float64], Counts]]

    def __add__(self, other: Tally) -> Tally:
        if self.groups != other.groups:
            raise ValueError(f"tallies of other groups: {self.groups} and {other.groups}")
        return Tally(
            self.submissions + other.submissions,
            self.groups,
            {column: n + other.values[column] for column, n in self.values.items()},
            {column: n + other.statuses[column] for column, n in self.statuses.items()},
            {column: _merged(told, other.numbers[column]) for column, told in self.numbers.items()},
        )


def _merged(
    one: tuple[npt.NDArray[np.float64], Counts], other: tuple[npt.NDArray[np.float64], Counts]
) -> tuple[npt.NDArray[np.float64], Counts]:
    numbers, place = np.unique(np.concatenate([one[0], other[0]]), return_inverse=True)
    counts = np.zeros((len(one[1]), len(numbers)), dtype=np.int64)
    counts[:, place[: len(one[0])]] += one[1]
    counts[:, place[len(one[0]) :]] += other[1]
    return numbers, counts


def add_counts(tallies: Iterable[Tally]) -> Tally:
    """Return the counts of several parts of the answers together.

    Raises
    ------
    ValueError
        If there are none, or they are of other groups.
    """
    parts = iter(tallies)
    first = next(parts, None)
    if first is None:
        raise ValueError("there is nothing to add")
    return functools.reduce(operator.add, parts, first)


# --- counting ----------------------------------------------------------------------------------------------------


def count_part(answers: pd.DataFrame, survey: Survey, kinds: Mapping[str, str] | None = None) -> Tally:
    """Count the answers to every question.

    Parameters
    ----------
    answers : DataFrame
        As `answers.parquet`: one row for each submission that counts. Its columns of `columns_to_count` are read.
    survey : Survey
        What was asked.
    kinds : mapping, optional
        Kind of each unit by its id, where units answer.

    Raises
    ------
    ContractError
        If a column does not hold the categories that the survey gives it, in their order, or an answer is empty.
    """
    return _count(answers, survey, kinds, survey.questions)


def columns_to_count(survey: Survey) -> tuple[str, ...]:
    """Return the columns of the answers that `count_part` reads: no texts, dates or ids of submissions."""
    columns = ["unit_id"] if survey.respondents == "units" else []
    for question in survey.questions:
        for column in question.columns() if question.kind != "unit" else ():
            if question.is_closed or question.kind == "number":
                columns.append(column)
            if not question.is_closed:
                columns.append(f"{column}#status")
    return tuple(columns)


def count_row_group(path: Path, row_group: int, survey: Survey, kinds: Mapping[str, str]) -> Tally:
    """Count the answers in one row group of ``answers.parquet``: only that part of the file is read."""
    schema, columns = answers_schema(survey), columns_to_count(survey)
    return count_part(read_table(path, schema, columns=columns, row_group=row_group), survey, kinds)


def count_file(
    path: Path,
    survey: Survey,
    kinds: Mapping[str, str] | None = None,
    *,
    each: Callable[[Callable[[int], Tally], Iterable[int]], Iterable[Tally]] = map,
) -> Tally:
    """Count the answers of a file of any size, one row group at a time.

    Parameters
    ----------
    path : Path
        ``answers.parquet``.
    survey, kinds
        As for `count_part`.
    each : callable
        Applies the counting to the number of every row group: ``map``, that of a pool of processes, or of a Dask
        cluster ``lambda count, groups: client.gather(client.map(count, groups))``.
    """
    count = functools.partial(count_row_group, path, survey=survey, kinds=kinds or {})
    return add_counts(each(count, range(count_row_groups(path))))


def _count(
    answers: pd.DataFrame, survey: Survey, kinds: Mapping[str, str] | None, questions: Sequence[Question]
) -> Tally:
    groups, group = group_codes(answers, survey, kinds or {})
    single = {c: q.labels() for q in questions if q.kind in ("single", "scale") for c in q.columns()}
    values = dict(_count_values(answers, single, group, len(groups)))
    statuses = {
        column: _added(_status_places(single[column]), counts.sum(axis=0), len(STATUS))
        for column, counts in values.items()
    }
    numbers = {}
    for question in questions:
        if question.kind == "multiple":
            counted, statuses[question.columns()[0]] = _count_choices(answers, question, group, len(groups))
            values |= counted
        elif question.kind in ("number", "date", "free_text"):
            for column in question.columns():
                status = _codes(answers, f"{column}#status", STATUS)
                statuses[column] = np.bincount(status, minlength=len(STATUS))
                if question.kind == "number":
                    numbers[column] = _count_numbers(answers[column], group, len(groups))
    return Tally(len(answers), groups, values, statuses, numbers)


def _codes(answers: pd.DataFrame, column: str, values: Iterable[str]) -> Codes:
    """Return the codes of a column that must hold these categories, and nothing empty."""
    held = answers[column].cat
    codes: Codes = held.codes.to_numpy()
    if held.categories.tolist() != list(values) or codes.min(initial=0) < 0:
        raise ContractError(f"answers: column {column}: something else stands there than the survey's values")
    return codes


def _count_values(
    answers: pd.DataFrame, labels: Mapping[str, Mapping[str, str]], group: Codes, groups: int
) -> Iterator[tuple[str, Counts]]:
    """Yield the counts, groups × values, of columns with one answer each.

    Several are counted at a time: which of their answers stand together, and of that the margins.
    """
    sizes = {column: len(values) for column, values in labels.items()}
    for columns in _blocks(sizes, _MOST // groups):
        shape = (groups, *(sizes[column] for column in columns))
        together = _places([group, *(_codes(answers, column, labels[column]) for column in columns)], shape)
        table = np.bincount(together, minlength=math.prod(shape)).reshape(shape)
        for axis, column in enumerate(columns, start=1):
            yield column, table.sum(axis=tuple(a for a in range(1, len(shape)) if a != axis))


def _blocks(sizes: Mapping[str, int], most: int) -> Iterator[list[str]]:
    """Yield columns that follow each other, as many together as have no more than `most` combinations."""
    block: list[str] = []
    for column, size in sizes.items():
        if block and math.prod(sizes[c] for c in block) * size > most:
            yield block
            block = []
        block.append(column)
    if block:
        yield block


def _places(codes: Sequence[Codes], sizes: Sequence[int]) -> Codes:
    """Return the number of the combination of codes in each row, the first column counting most."""
    small = np.uint16 if math.prod(sizes) <= _MOST else np.int64
    place: Codes = codes[0].astype(small)
    for column, size in zip(codes[1:], sizes[1:], strict=True):
        place = place * small(size) + column.astype(small)
    return place


def _count_choices(
    answers: pd.DataFrame, question: Question, group: Codes, groups: int
) -> tuple[dict[str, Counts], Counts]:
    """Return the counts, groups × values, of each option of a question, and of the statuses of the whole question.

    Combinations of options are counted first: there are few, whatever the number of submissions.
    """
    labels, columns = question.labels(), question.columns()
    said = [group, *(_codes(answers, column, labels) for column in columns)]
    combinations, n = count_combinations(said, [groups, *[len(labels)] * len(columns)])
    counts = {}
    for column, codes in zip(columns, combinations[1:], strict=True):
        places = combinations[0] * len(labels) + codes
        counts[column] = _added(places, n, groups * len(labels)).reshape(groups, len(labels))
    return counts, _added(_status_of_choices(combinations[1:], labels), n, len(STATUS))


def _added(places: Codes, n: Counts, size: int) -> Counts:
    """Return the sum of the counts at each place."""
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, places, n)
    return total


def count_combinations(codes: Sequence[Codes], sizes: Sequence[int]) -> tuple[list[Codes], Counts]:
    """Return the combinations of codes that stand in some row, and how many rows have each.

    Parameters
    ----------
    codes : sequence of array
        Whole numbers from 0, one array for each column.
    sizes : sequence of int
        How many different codes each column can have.

    Returns
    -------
    combinations : list of array
        One array for each column: its code in each combination.
    n : array of int

    Examples
    --------
    >>> found, n = count_combinations([np.array([0, 1, 0]), np.array([2, 2, 2])], [2, 3])
    >>> [column.tolist() for column in found], n.tolist()
    ([[0, 1], [2, 2]], [2, 1])
    """
    place, many = np.asarray(codes[0], dtype=np.int64), sizes[0]
    found: list[Codes] = [np.arange(many)]
    for column, size in zip(codes[1:], sizes[1:], strict=True):
        if many * size > _MOST:
            there = np.flatnonzero(np.bincount(place, minlength=many))
            again = np.zeros(many, dtype=np.int64)
            again[there] = np.arange(len(there))
            place, found, many = again[place], [known[there] for known in found], len(there)
        place = _places([place, column], [many, size])
        found = [np.repeat(known, size) for known in found] + [np.tile(np.arange(size), many)]
        many *= size
    n = np.bincount(place, minlength=many)
    there = np.flatnonzero(n)
    return [known[there] for known in found], n[there]


def _count_numbers(answers: pd.Series, group: Codes, groups: int) -> tuple[npt.NDArray[np.float64], Counts]:
    """Return the different numbers of a column, sorted, and how many of each group gave each."""
    given = answers.to_numpy(dtype="float64", na_value=np.nan)
    codes, numbers = pd.factorize(given + 0.0)  # −0 is 0
    order = np.argsort(numbers)
    place = np.empty(len(numbers), dtype=np.int64)
    place[order] = np.arange(len(numbers))
    known = codes >= 0
    places = group[known] * len(numbers) + place[codes[known]]
    counts = np.bincount(places, minlength=groups * len(numbers)).reshape(groups, len(numbers))
    return numbers[order], counts


def _status_places(values: Iterable[str]) -> Codes:
    """Return the place in `STATUS` of each value that a closed question can have."""
    return np.array([STATUS.index(value if value in MISSING_KINDS else ANSWERED) for value in values])


def _status_of_choices(codes: Sequence[Codes], values: Iterable[str]) -> Codes:
    """Return the place in `STATUS` of answers to a question with several options, of the codes of its columns."""
    places = _status_places(values)
    answered, unread = len(STATUS), len(STATUS) + 1
    rank = np.select(
        [places == STATUS.index(ANSWERED), places == STATUS.index(UNREAD)], [answered, unread], places
    )
    whole = rank[codes[0]]
    for more in codes[1:]:
        whole = np.maximum(whole, np.where(rank >= answered, rank, 0)[more])
    back = np.arange(len(STATUS) + 2)
    back[[answered, unread]] = STATUS.index(ANSWERED), STATUS.index(UNREAD)
    return np.asarray(back[whole])


def question_status(answers: pd.DataFrame, question: Question) -> dict[str, pd.Series]:
    """Return, for each column that counts as one answer, what it holds: a value, or a missing kind.

    A multiple-choice question is one answer: under review if any of its options is, else answered if any option
    was chosen or passed over, else missing for the reason that its first option is.

    Returns
    -------
    dict of str to categorical Series
        By column of the answers; of a multiple-choice question the first.
    """
    columns = question.columns()
    if not question.is_closed:
        return {column: answers[f"{column}#status"] for column in columns}
    if question.kind != "multiple":
        return {column: answers[column] for column in columns}
    values = question.labels()
    status = _status_of_choices([_codes(answers, column, values) for column in columns], values)
    whole = pd.Categorical.from_codes(status, categories=pd.Index(STATUS, dtype="str"))
    return {columns[0]: pd.Series(whole, index=answers.index)}


def group_codes(
    answers: pd.DataFrame, survey: Survey, kinds: Mapping[str, str]
) -> tuple[tuple[str, ...], Codes]:
    """Return the groups, and the place among them of each row of the answers.

    Parameters
    ----------
    answers : DataFrame
        Column ``unit_id``, where units answer.
    survey : Survey
        Where units answer, a submission whose unit is under review belongs to `OUTSIDE`.
    kinds : mapping
        Kind of each unit by its id.

    Returns
    -------
    groups : tuple of str
        As `Tally.groups`.
    codes : array of int
    """
    if survey.respondents == "people":
        return (ALL,), np.zeros(len(answers), dtype=np.int64)
    groups = (*sorted(set(kinds.values())), OUTSIDE)
    units, names = pd.factorize(answers["unit_id"])
    place = [groups.index(kinds.get(name, OUTSIDE)) for name in names]
    return groups, np.array([*place, len(groups) - 1], dtype=np.int64)[units]


# --- tables of what is counted -----------------------------------------------------------------------------------


def _told(tally: Tally, counts: Counts) -> Iterator[tuple[str, Counts]]:
    """Yield the counts of everyone, then those of each kind of unit."""
    known = [i for i, group in enumerate(tally.groups) if group != OUTSIDE]
    yield ALL, counts[known].sum(axis=0)
    for i in known:
        if tally.groups[i] != ALL:
            yield tally.groups[i], counts[i]


def tabulate_counts(tally: Tally, survey: Survey) -> pd.DataFrame:
    """Return the counted answers to every closed question by group.

    Returns
    -------
    DataFrame
        `COUNT_COLUMNS`, one row for each question, item, value and group. ``base`` is everyone who answered the
        question, “don't know” included, other missing kinds excluded; ``percent`` is 0–100, and empty outside
        the base and where the base is 0. Every missing kind has its row, also where nobody has it: a lone missing
        kind would be known from the base, and then the gate would have to hide the base.
    """
    records: list[tuple[object, ...]] = []
    for question in survey.questions:
        for column, item in item_texts(question).items() if question.is_closed else ():
            about = (question.section, question.id, question.text, *item)
            for group, counts in _told(tally, tally.values[column]):
                records += _records(about, question.labels(), group, counts)
    types = {
        c: "Int64" if c in ("n", "base") else "Float64" if c == "percent" else "str" for c in COUNT_COLUMNS
    }
    return pd.DataFrame(records, columns=list(COUNT_COLUMNS)).astype(types)


def _records(
    about: tuple[str, ...], labels: Mapping[str, str], group: str, counts: Counts
) -> Iterator[tuple[object, ...]]:
    """Yield a row of `COUNT_COLUMNS` for each value."""
    inside = np.array([value not in OUTSIDE_BASE for value in labels])
    base = int(counts[inside].sum())
    percent = np.where(inside & (base > 0), 100 * counts / max(base, 1), np.nan)
    for (value, label), n, share in zip(labels.items(), counts.tolist(), percent.tolist(), strict=True):
        yield *about, value, label, group, n, base, share


def tabulate_numbers(tally: Tally, survey: Survey) -> pd.DataFrame:
    """Return a summary of the answers to every number question by group.

    Returns
    -------
    DataFrame
        `NUMBER_COLUMNS`: how many gave a number, and the numbers' total, median, smallest and largest. All are exact
        whatever the order of the submissions, for they are worked out from how many gave which number.
    """
    records: list[tuple[object, ...]] = []
    for question in survey.questions:
        for column, item in item_texts(question).items() if question.kind == "number" else ():
            numbers, counted = tally.numbers[column]
            for group, counts in _told(tally, counted):
                summary = _summary(numbers, counts)
                records.append((question.section, question.id, question.text, *item, group, *summary))
    types = {
        c: "Int64" if c == "answers" else "str" if i < 6 else "Float64" for i, c in enumerate(NUMBER_COLUMNS)
    }
    return pd.DataFrame(records, columns=list(NUMBER_COLUMNS)).astype(types)


def _summary(numbers: npt.NDArray[np.float64], counts: Counts) -> tuple[int, float, float, float, float]:
    """Return how many gave a number, the total, median, smallest and largest of sorted numbers given so often."""
    answers = int(counts.sum())
    if not answers:
        return 0, np.nan, np.nan, np.nan, np.nan
    given = numbers[counts > 0]
    middle = np.searchsorted(np.cumsum(counts), [(answers - 1) // 2, answers // 2], side="right")
    return answers, float((numbers * counts).sum()), float(numbers[middle].mean()), given[0], given[-1]


# --- answers in memory -------------------------------------------------------------------------------------------


def count_answers(
    answers: pd.DataFrame, survey: Survey, kinds: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Count the answers of every closed question by group: `tabulate_counts` of answers in memory."""
    closed = [question for question in survey.questions if question.is_closed]
    return tabulate_counts(_count(answers, survey, kinds, closed), survey)


def summarise_numbers(
    answers: pd.DataFrame, survey: Survey, kinds: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Summarise the answers of every number question by group: `tabulate_numbers` of answers in memory."""
    numbers = [question for question in survey.questions if question.kind == "number"]
    return tabulate_numbers(_count(answers, survey, kinds, numbers), survey)


def free_texts(answers: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Return the free-text answers, one row for each.

    Returns
    -------
    DataFrame
        ``answer_id, submission_id, unit_id, section, question, item, text, text_hash``.
    """
    parts = []
    for question in survey.questions:
        if question.kind == "free_text":
            for column, (item, _) in item_texts(question).items():
                given = answers.loc[answers[column].notna(), ["submission_id", "unit_id", column]]
                part = given.rename(columns={column: "text"}).assign(
                    section=question.section, question=question.id, item=item
                )
                parts.append(part)
    columns = ["submission_id", "unit_id", "section", "question", "item", "text"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({c: [] for c in columns})
    keys = zip(frame["submission_id"], frame["question"], frame["item"], frame["text"], strict=True)
    frame.insert(0, "answer_id", [short_id(*key) for key in keys])
    frame["text_hash"] = [short_id(text) for text in frame["text"]]
    return frame[["answer_id", *columns, "text_hash"]].astype("str")


def answers_by_unit(answers: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Return what each unit answered to the closed, number and date questions, one row for each answer.

    Returns
    -------
    DataFrame
        ``unit_id, section, question, item, value, label, number``. Of a multiple-choice question the chosen
        options are listed, or why there is no answer; ``number`` is set for number questions.
    """
    known = answers[answers["unit_id"].notna()]
    parts = []
    for question in survey.questions:
        if question.kind == "multiple":
            parts += [_rows(known, question, item, **told) for item, told in _choices(known, question)]
        elif question.kind not in ("unit", "free_text"):
            parts += [
                _rows(known, question, item, **_single_answer(known, question, column))
                for column, (item, _) in item_texts(question).items()
            ]
    columns = ["unit_id", "section", "question", "item", "value", "label", "number"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return frame.reindex(columns=columns).astype({"number": "Float64"} | dict.fromkeys(columns[:-1], "str"))


def _rows(known: pd.DataFrame, question: Question, item: str, **told: pd.Series) -> pd.DataFrame:
    """Return rows of `answers_by_unit` for the submissions that `told` is about."""
    part = pd.DataFrame(told)
    return part.assign(
        unit_id=known.loc[part.index, "unit_id"], section=question.section, question=question.id, item=item
    ).astype({"unit_id": "str"})


def _choices(known: pd.DataFrame, question: Question) -> Iterator[tuple[str, dict[str, pd.Series]]]:
    """Yield the submissions that chose each option, then those with a reason for no answer."""
    for column, (item, item_text) in item_texts(question).items():
        chosen = known.index[known[column] == "chosen"]
        yield item, {"value": pd.Series(item, index=chosen), "label": pd.Series(item_text, index=chosen)}
    (status,) = question_status(known, question).values()
    missing = status[status != ANSWERED].astype("str")
    yield "", {"value": missing, "label": missing.map(question.labels())}


def _single_answer(known: pd.DataFrame, question: Question, column: str) -> dict[str, pd.Series]:
    if question.is_closed:
        value = known[column].astype("str")
        return {"value": value, "label": value.map(question.labels())}
    status = known[f"{column}#status"].astype("str")
    label = status.map(MISSING_KINDS).fillna("")
    if question.kind == "date":
        return {"value": status, "label": known[column].dt.strftime("%Y-%m-%d").fillna(label)}
    return {"value": status, "label": label, "number": known[column].astype("Float64")}
