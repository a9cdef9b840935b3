"""Who was asked, who answered, and what is missing."""

from __future__ import annotations

import pandas as pd

from analysis.intake.answers import NO_ANSWER, STATUS
from analysis.measures.counts import Tally, count_part, item_texts, question_status
from analysis.survey.instrument import Survey
from analysis.survey.units import Register


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


def response_by_section(response: pd.DataFrame, answers: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Return how many questions of each section every unit answered, of how many that were asked.

    Parameters
    ----------
    response : DataFrame
        As `response_by_unit` returns.
    answers, survey
        As for `answered_items`.

    Returns
    -------
    DataFrame
        ``unit_id, section, answered, asked``: a row for each unit and each section with questions, units in the
        order of `response` and sections in that of the questionnaire.
    """
    parts = []
    for section in survey.sections:
        of_section = tuple(q for q in survey.questions if q.section == section.id and q.kind != "unit")
        if of_section:
            part = survey.model_copy(update={"questions": of_section})
            counted = answered_items(answers, part).groupby(answers["unit_id"]).max()
            answered = [int(counted.get(u, 0)) for u in response["unit_id"]]
            parts.append(
                pd.DataFrame(
                    {
                        "unit_id": response["unit_id"],
                        "section": section.id,
                        "answered": answered,
                        "asked": asked_items(part),
                    }
                )
            )
    columns = ["unit_id", "section", "answered", "asked"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    order = {unit: i for i, unit in enumerate(response["unit_id"])}
    frame = frame.astype({"unit_id": "str", "section": "str", "answered": "int64", "asked": "int64"})
    return frame.sort_values("unit_id", key=lambda s: s.map(order), kind="stable", ignore_index=True)


def item_nonresponse(answers: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Count missing answers: `tabulate_nonresponse` of answers in memory."""
    return tabulate_nonresponse(count_part(answers, survey), survey)


def tabulate_nonresponse(tally: Tally, survey: Survey) -> pd.DataFrame:
    """Return, for each question, how many submissions have which kind of missing answer.

    Returns
    -------
    DataFrame
        ``section, question, question_text, item_text, submissions, answered``, then a column for each missing
        kind. ``answered`` are those with a substantial answer.
    """
    records = []
    for question in survey.questions:
        texts = {} if question.kind == "unit" else item_texts(question)
        for column, (_, item_text) in texts.items():
            if column in tally.statuses:
                records.append(
                    {
                        "section": question.section,
                        "question": question.id,
                        "question_text": question.text,
                        "item_text": "" if question.kind == "multiple" else item_text,
                        "submissions": tally.submissions,
                        **dict(zip(STATUS, tally.statuses[column].tolist(), strict=True)),
                    }
                )
    return pd.DataFrame(records)
