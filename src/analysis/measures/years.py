"""Comparison over years: only where the question is the same, and in the newest common geography."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from analysis.survey.instrument import Question, Survey, fold
from analysis.survey.units import Register

CROSSWALK_COLUMNS = ("question", "question_text", "year", "earlier_year", "earlier_question", "status")
"""``status`` is same, reworded, reversed, new_scale, dropped, new, or undeclared (the wording differs and nobody
has said how)."""


def _asks_the_same(one: Question, other: Question) -> bool:
    def asked(q: Question) -> tuple[object, ...]:
        options = tuple((o.id, fold(o.label), o.means) for o in q.options)
        return q.kind, fold(q.text), options, tuple((i.id, fold(i.text)) for i in q.items)

    return asked(one) == asked(other)


def crosswalk(survey: Survey, earlier: Survey) -> pd.DataFrame:
    """Return how each question of two years is related.

    A question is the same where its id, kind, wording and options are. Anything else must be declared under
    `earlier` in ``survey.yaml``.

    Returns
    -------
    DataFrame
        `CROSSWALK_COLUMNS`, in the order of the newer questionnaire, then what was dropped.
    """
    before = {q.id: q for q in earlier.questions}
    used: set[str] = set()
    records: list[tuple[str, str, int, int, str, str]] = []
    for question in survey.questions:
        declared = next((e for e in question.earlier if e.year == earlier.year), None)
        if declared is not None:
            source, status = declared.question, str(declared.status)
        elif question.id in before:
            source = question.id
            status = "same" if _asks_the_same(question, before[source]) else "undeclared"
        else:
            source, status = "", "new"
        if status == "same" and not _comparable(question, before[source]):
            status = "undeclared"
        used.add(source)
        records.append((question.id, question.text, survey.year, earlier.year, source, status))
    dropped = [q for q in earlier.questions if q.id not in used]
    records += [("", q.text, survey.year, earlier.year, q.id, "dropped") for q in dropped]
    types = {c: "int64" if "year" in c else "str" for c in CROSSWALK_COLUMNS}
    return pd.DataFrame(records, columns=list(CROSSWALK_COLUMNS)).astype(types)


def _comparable(one: Question, other: Question) -> bool:
    """Return whether answers can stand side by side: the same kind and the same options."""
    return one.kind == other.kind and [o.id for o in one.options] == [o.id for o in other.options]


def compare_counts(counts: Mapping[int, pd.DataFrame], walks: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Put the released counts of questions that are the same side by side.

    Parameters
    ----------
    counts : mapping of int to DataFrame
        Released counts of each year; the newest year is the one compared from.
    walks : mapping of int to DataFrame
        `crosswalk` from the newest year to each earlier one.

    Returns
    -------
    DataFrame
        The columns of the newest year's counts, with ``year``; rows of earlier years bear the newest year's
        question id and wording. Only questions that are the same in at least two years.
    """
    newest = max(counts)
    parts = []
    for year, walk in walks.items():
        same = walk[walk["status"] == "same"].set_index("earlier_question")["question"]
        texts = counts[newest].drop_duplicates("question").set_index("question")["question_text"]
        old = counts[year][counts[year]["question"].isin(same.index)]
        old = old.assign(question=old["question"].map(same), year=year)
        parts.append(old.assign(question_text=old["question"].map(texts)))
    earlier = pd.concat(parts, ignore_index=True) if parts else counts[newest].head(0).assign(year=newest)
    shared = counts[newest]["question"].isin(earlier["question"])
    frame = pd.concat([counts[newest][shared].assign(year=newest), earlier], ignore_index=True)
    frame["question_text"] = frame["question_text"].astype("str")
    return frame.sort_values(["question", "item", "group", "year"], kind="stable", ignore_index=True)


def geography(units: pd.DataFrame, register: Register, on: dt.date) -> pd.DataFrame:
    """Return which unit of the newest geography each unit of earlier years belongs to.

    Parameters
    ----------
    units : DataFrame
        Columns ``year, unit_id``.
    on : date
        The newest year's reference date.

    Returns
    -------
    DataFrame
        ``year, unit_id, newest_unit_id``: old units are added together, never split.
    """
    return units.assign(newest_unit_id=[register.to_geography(u, on) for u in units["unit_id"]])


def unit_history(
    answers: Mapping[int, pd.DataFrame], walks: Mapping[int, pd.DataFrame], units: pd.DataFrame
) -> pd.DataFrame:
    """Return what each unit, or those it took over from, answered in earlier years to the same questions.

    Parameters
    ----------
    answers : mapping of int to DataFrame
        The units' released answers of each earlier year.
    walks : mapping of int to DataFrame
        `crosswalk` from the newest year to each earlier one.
    units : DataFrame
        As `geography` returns.

    Returns
    -------
    DataFrame
        ``newest_unit_id, year, unit_id, question, label``: the newest year's question id, and the answer as
        text; several chosen options are joined by semicolons, and numbers stand with a decimal point.
    """
    columns = ["newest_unit_id", "year", "unit_id", "question", "label"]
    parts = []
    for year, old in answers.items():
        walk = walks[year]
        same = walk[walk["status"] == "same"].set_index("earlier_question")["question"]
        old = old[old["question"].isin(same.index) & ~old["suppressed"] & ~old["value"].str.startswith("_")]
        shown = old["label"].where(old["number"].isna(), old["number"].map("{:g}".format, na_action="ignore"))
        old = old.assign(question=old["question"].map(same), label=shown, year=year)
        parts.append(old)
    if not parts:
        return pd.DataFrame(columns=columns)
    frame = pd.concat(parts, ignore_index=True).merge(units, on=["year", "unit_id"])
    joined = frame.groupby(["newest_unit_id", "question", "year", "unit_id"], sort=False)["label"].agg(
        "; ".join
    )
    order = {q: i for i, q in enumerate(dict.fromkeys(frame["question"]))}
    out = joined.reset_index()[columns]
    return out.sort_values("question", key=lambda s: s.map(order), kind="stable", ignore_index=True)
