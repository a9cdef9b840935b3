"""Personal data in the free text of answers: masked, told in the ledger, and asked about where uncertain."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import pandas as pd

from analysis.intake.clean import Cleaned
from analysis.intake.ledger import PROGRAM, extended
from analysis.intake.review import OR, Decision, Review
from analysis.privacy.personal_data import LABELS, Finding, find_in_texts, mask
from analysis.problems import InputError, Problem
from analysis.survey.instrument import Survey


def mask_answers(
    cleaned: Cleaned,
    survey: Survey,
    *,
    decisions: Mapping[str, Decision] | None = None,
    not_names: Collection[str] = (),
) -> Cleaned:
    """Mask personal data in the free text of answers.

    What is certain is masked. What only looks like a name or a number of a person is masked too, and goes to
    review until a person decides ``mask`` or ``keep``.

    Parameters
    ----------
    cleaned : Cleaned
        What cleaning made of the export; it is not changed.
    survey : Survey
        What was asked.
    decisions : mapping, optional
        What people decided, by the id of the review item.
    not_names : collection of str
        Names of places and organisations.

    Returns
    -------
    Cleaned
        With masked texts, and what was masked in the ledger and in the review.

    Raises
    ------
    InputError
        With every decision that is neither ``mask`` nor ``keep``.
    """
    review = Review(dict(decisions or {}))
    rows = cleaned.submissions.set_index("submission_id")["row"]
    answers = cleaned.answers.copy()
    wrong: list[Problem] = []
    told: list[tuple[int, str, str, str, str, str, str]] = []
    for question in survey.questions:
        if question.kind != "free_text":
            continue
        for column in question.columns():
            texts = answers[column].dropna()
            masked = texts.copy()
            for position, group in find_in_texts(texts, not_names=not_names).groupby("position", sort=True):
                row = int(rows[answers.at[position, "submission_id"]])
                chosen = []
                for f in group.itertuples(index=False):
                    by, rule = PROGRAM, f"personal_data.{f.kind}"
                    if not f.certain:
                        decision = review.decided("personal_data", question.id, f.text)
                        if decision is not None and decision.decision not in ("mask", "keep"):
                            wrong.append(_refused(decision, survey))
                            continue
                        if decision is not None and decision.decision == "keep":
                            continue
                        if decision is not None and decision.decision == "mask":
                            by, rule = decision.by, f"decision.{decision.id}"
                        else:
                            review.ask(
                                "personal_data",
                                question.id,
                                f.text,
                                [row],
                                proposals=OR.join(("mask", "keep")),
                                needed_for=question.id,
                            )
                            rule += ".uncertain"
                    chosen.append(Finding(f.start, f.end, f.kind, f.certain, f.text))
                    span = f"characters {f.start + 1}–{f.end}"
                    told.append((row, cleaned.headers[column], "kept", rule, span, LABELS[f.kind], by))
                masked[position] = mask(texts[position], chosen)
            answers.loc[masked.index, column] = masked
    if wrong:
        raise InputError(dict.fromkeys(wrong))
    return replace(
        cleaned,
        answers=answers,
        ledger=extended(cleaned.ledger, told),
        review=pd.concat([cleaned.review, review.frame()], ignore_index=True),
        unmatched_decisions=tuple(sorted(set(cleaned.unmatched_decisions) & set(review.unmatched))),
    )


def _refused(decision: Decision, survey: Survey) -> Problem:
    return Problem(
        f"data/raw/{survey.year}/decisions.csv",
        f"the decision {decision.decision!r} of {decision.id} cannot be carried out",
        "Decide mask or keep",
        column="decision",
    )
