"""Counts of answers, for each question, item and kind of unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from analysis.intake.ledger import short_id
from analysis.survey.instrument import CHOSEN, MISSING_KINDS, Question, Survey

ALL = "alla"
"""The group of everyone."""

OUTSIDE_BASE = tuple(kind for kind in MISSING_KINDS if kind != "_dont_know")
"""Missing kinds that are no answers: everything but “don't know”."""

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


def question_status(answers: pd.DataFrame, question: Question) -> dict[str, pd.Series]:
    """Return, for each column that counts as one answer, what it holds: a value, or a missing kind.

    A multiple-choice question is one answer: under review if any of its options is, else answered if any option
    was chosen or passed over, else missing for the reason that its first option is.

    Returns
    -------
    dict of str to Series
        By column of the answers; of a multiple-choice question the first.
    """
    columns = question.columns()
    if not question.is_closed:
        return {column: answers[f"{column}#status"].astype("str") for column in columns}
    if question.kind != "multiple":
        return {column: answers[column].astype("str") for column in columns}
    said = answers[list(columns)].astype("str")
    status = said[columns[0]].mask(said.isin(list(CHOSEN)).any(axis=1), "answered")
    return {columns[0]: status.mask((said == "_under_review").any(axis=1), "_under_review")}


def group_codes(answers: pd.DataFrame, survey: Survey, kinds: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Return, for each group, which rows of the answers belong to it.

    Parameters
    ----------
    answers : DataFrame
        Column ``unit_id``.
    survey : Survey
        Where units answer, a submission whose unit is under review belongs to no group.
    kinds : mapping
        Kind of each unit by its id.

    Returns
    -------
    dict of str to array of bool
        ``alla`` first, then the kinds, sorted.
    """
    if survey.respondents == "people":
        return {ALL: np.ones(len(answers), dtype=bool)}
    kind = answers["unit_id"].map(dict(kinds))
    return {ALL: kind.notna().to_numpy(), **{k: (kind == k).to_numpy() for k in sorted(set(kinds.values()))}}


def count_answers(
    answers: pd.DataFrame, survey: Survey, kinds: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Count the answers of every closed question by group.

    Parameters
    ----------
    answers : DataFrame
        As `answers.parquet`: one row for each submission that counts.
    survey : Survey
        What was asked.
    kinds : mapping, optional
        Kind of each unit by its id, where units answer.

    Returns
    -------
    DataFrame
        `COUNT_COLUMNS`, one row for each question, item, value and group. ``base`` is everyone who answered the
        question, “don't know” included, other missing kinds excluded; ``percent`` is 0–100, and empty outside
        the base and where the base is 0. Every missing kind has its row, also where nobody has it: a lone missing
        kind would be known from the base, and then the gate would have to hide the base.
    """
    groups = group_codes(answers, survey, kinds or {})
    parts = [
        part
        for question in survey.questions
        if question.is_closed
        for part in _count_question(question, answers, groups)
    ]
    if not parts:
        frame = pd.DataFrame(columns=list(COUNT_COLUMNS))
    else:
        frame = pd.concat(parts, ignore_index=True)[list(COUNT_COLUMNS)]
    types = {
        c: "Int64" if c in ("n", "base") else "Float64" if c == "percent" else "str" for c in COUNT_COLUMNS
    }
    return frame.astype(types)


def _count_question(
    question: Question, answers: pd.DataFrame, groups: Mapping[str, np.ndarray]
) -> Iterator[pd.DataFrame]:
    labels = question.labels()
    values = list(labels)
    inside = np.array([v not in OUTSIDE_BASE for v in values])
    for column, (item, item_text) in item_texts(question).items():
        codes = answers[column].cat.codes.to_numpy()
        counted = {g: np.bincount(codes[rows], minlength=len(values)) for g, rows in groups.items()}
        for group, n in counted.items():
            base = int(n[inside].sum())
            percent = np.where(inside & (base > 0), 100 * n / max(base, 1), np.nan)
            yield pd.DataFrame(
                {
                    "section": question.section,
                    "question": question.id,
                    "question_text": question.text,
                    "item": item,
                    "item_text": item_text,
                    "value": values,
                    "label": list(labels.values()),
                    "group": group,
                    "n": n,
                    "base": base,
                    "percent": percent,
                }
            )


def summarise_numbers(
    answers: pd.DataFrame, survey: Survey, kinds: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Summarise the answers of every number question by group.

    Returns
    -------
    DataFrame
        `NUMBER_COLUMNS`: how many gave a number, and the numbers' total, median, smallest and largest.
    """
    groups = group_codes(answers, survey, kinds or {})
    records = []
    for question in survey.questions:
        if question.kind != "number":
            continue
        for column, (item, item_text) in item_texts(question).items():
            for group, rows in groups.items():
                given = answers.loc[rows, column].dropna().astype("float64")
                summary = (
                    [given.sum(), given.median(), given.min(), given.max()] if len(given) else [np.nan] * 4
                )
                records.append(
                    (
                        question.section,
                        question.id,
                        question.text,
                        item,
                        item_text,
                        group,
                        len(given),
                        *summary,
                    )
                )
    types = {
        c: "Int64" if c == "answers" else "str" if i < 6 else "Float64" for i, c in enumerate(NUMBER_COLUMNS)
    }
    return pd.DataFrame(records, columns=list(NUMBER_COLUMNS)).astype(types)


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
            parts += [_told(known, question, item, **told) for item, told in _choices(known, question)]
        elif question.kind not in ("unit", "free_text"):
            parts += [
                _told(known, question, item, **_single_answer(known, question, column))
                for column, (item, _) in item_texts(question).items()
            ]
    columns = ["unit_id", "section", "question", "item", "value", "label", "number"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return frame.reindex(columns=columns).astype({"number": "Float64"} | dict.fromkeys(columns[:-1], "str"))


def _told(known: pd.DataFrame, question: Question, item: str, **told: pd.Series) -> pd.DataFrame:
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
    missing = status[status.isin(list(MISSING_KINDS))]
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
