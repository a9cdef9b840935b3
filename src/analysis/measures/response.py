"""Who was asked, who answered, and what is missing."""

from __future__ import annotations

import pandas as pd

from analysis.measures.counts import item_texts, question_status
from analysis.survey.instrument import MISSING_KINDS, Survey
from analysis.survey.units import Register

NO_ANSWER = ("_not_answered", "_not_shown", "_lost")
"""Missing kinds that mean that there is no answer, whatever the reason."""


def answered_items(answers: pd.DataFrame, survey: Survey) -> pd.Series:
    """Return how many questions each submission answered; “don't know” and “not relevant” are answers too.

    A multiple-choice question, and each row of a grid, counts as one.
    """
    answered = pd.Series(0, index=answers.index)
    for question in survey.questions:
        if question.kind == "unit":
            continue
        for status in question_status(answers, question).values():
            answered += ~status.isin(NO_ANSWER)
    return answered


def asked_items(survey: Survey) -> int:
    """Return how many questions, counted as in `answered_items`, the survey asks."""
    return sum(1 if q.kind == "multiple" else len(q.columns()) for q in survey.questions if q.kind != "unit")


def response_by_unit(
    invited: pd.DataFrame,
    submissions: pd.DataFrame,
    answers: pd.DataFrame,
    survey: Survey,
    register: Register,
) -> pd.DataFrame:
    """Return, for each unit that was asked or answered, whether and how fully it answered.

    Returns
    -------
    DataFrame
        ``unit_id, name, kind, invited, status, answered_items, asked_items``; the status is complete, partial,
        empty or none. Invited units first, in the order of ``invited.csv``.
    """
    status = submissions.dropna(subset="unit_id").query("status in ['complete', 'partial', 'empty']")
    status = status.drop_duplicates("unit_id").set_index("unit_id")["status"]
    counted = answered_items(answers, survey).groupby(answers["unit_id"]).max()
    asked = list(invited["unit_id"])
    units = asked + sorted(set(status.index) - set(asked))
    known = [register.get(u) for u in units]
    return pd.DataFrame(
        {
            "unit_id": units,
            "name": [u.name for u in known],
            "kind": [u.kind for u in known],
            "invited": [u in set(asked) for u in units],
            "status": [status.get(u, "none") for u in units],
            "answered_items": [int(counted.get(u, 0)) for u in units],
            "asked_items": asked_items(survey),
        }
    ).astype(
        {
            **dict.fromkeys(("unit_id", "name", "kind", "status"), "str"),
            "invited": "bool",
            "answered_items": "int64",
            "asked_items": "int64",
        }
    )


def item_nonresponse(answers: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Return, for each question, how many submissions have which kind of missing answer.

    Returns
    -------
    DataFrame
        ``section, question, question_text, item_text, submissions, answered``, then a column for each missing
        kind. ``answered`` are those with a substantial answer.
    """
    records = []
    for question in survey.questions:
        if question.kind == "unit":
            continue
        texts = item_texts(question)
        for column, status in question_status(answers, question).items():
            missing = {kind: int((status == kind).sum()) for kind in MISSING_KINDS}
            substantial = len(answers) - sum(missing.values())
            item_text = "" if question.kind == "multiple" else texts[column][1]
            records.append(
                {
                    "section": question.section,
                    "question": question.id,
                    "question_text": question.text,
                    "item_text": item_text,
                    "submissions": len(answers),
                    "answered": substantial,
                    **missing,
                }
            )
    return pd.DataFrame(records)
