"""Comparison over years: only where the question is the same, and in the newest common geography."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from analysis.problems import InputError, Problem
from analysis.survey.instrument import Earlier, Question, Survey, fold
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

    Raises
    ------
    InputError
        If ``survey.yaml`` names a question that the earlier year did not have, or one as the same twice.
    """
    before = {q.id: q for q in earlier.questions}
    declared = {q.id: e for q in survey.questions for e in q.earlier if e.year == earlier.year}
    _check_declared(survey, earlier, list(declared.values()))
    taken = {e.question for e in declared.values()}
    records: list[tuple[str, str, int, int, str, str]] = []
    for question in survey.questions:
        source, status = "", "new"
        if question.id in declared:
            source, status = declared[question.id].question, str(declared[question.id].status)
            if status == "same" and not _comparable(question, before[source]):
                status = "undeclared"
        elif question.id in before and question.id not in taken:
            source = question.id
            status = "same" if _asks_the_same(question, before[source]) else "undeclared"
        records.append((question.id, question.text, survey.year, earlier.year, source, status))
    used = {source for *_, source, _ in records}
    dropped = [q for q in earlier.questions if q.id not in used]
    records += [("", q.text, survey.year, earlier.year, q.id, "dropped") for q in dropped]
    types = {c: "int64" if "year" in c else "str" for c in CROSSWALK_COLUMNS}
    return pd.DataFrame(records, columns=list(CROSSWALK_COLUMNS)).astype(types)


def _check_declared(survey: Survey, earlier: Survey, declared: Sequence[Earlier]) -> None:
    known = {q.id for q in earlier.questions}
    same = Counter(e.question for e in declared if e.status == "same")
    wrong = [
        (f"{earlier.year} had no question {e.question!r}", f"Use an id of the survey of {earlier.year}")
        for e in declared
        if e.question not in known
    ]
    wrong += [
        (f"{n} questions are declared to be the same as {q!r} of {earlier.year}", "Keep one of them")
        for q, n in same.items()
        if n > 1
    ]
    if wrong:
        file = f"data/raw/{survey.year}/survey.yaml"
        raise InputError(Problem(file, what, do, column="earlier") for what, do in wrong)


def _comparable(one: Question, other: Question) -> bool:
    """Return whether answers can stand side by side: the same kind and the same options."""
    return one.kind == other.kind and [o.value for o in one.options] == [o.value for o in other.options]


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
        question id and wording. Only questions that are the same in at least two years, in the order of the newest
        questionnaire.
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
    # As the newest questionnaire has them, whose rows come first: questions, their items, the groups of each.
    places = {key: pd.factorize(frame[key])[0] for key in ("question", "item", "group")}
    order = (
        pd.DataFrame({**places, "year": frame["year"]}).sort_values([*places, "year"], kind="stable").index
    )
    return frame.loc[order].reset_index(drop=True)


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
        ``newest_unit_id, year, unit_id, question, value, label, number``: the newest year's question id, and the
        answer, or why there is none (a missing kind such as ``_dont_know``); several chosen options are joined by
        semicolons. ``number`` is set for number questions only. Grids are left out: their rows need a table of
        their own. So is a number that is not released.
    """
    columns = ["newest_unit_id", "year", "unit_id", "question", "value", "label", "number"]
    parts = []
    for year, old in answers.items():
        walk = walks[year]
        same = walk[walk["status"] == "same"].set_index("earlier_question")["question"]
        old = old[old["question"].isin(same.index) & ~old["suppressed"]]
        old = old[(old["item"] == "") | (old["item"] == old["value"])]
        parts.append(old.assign(question=old["question"].map(same), year=year))
    if not parts:
        return pd.DataFrame(columns=columns)
    frame = pd.concat(parts, ignore_index=True).merge(units, on=["year", "unit_id"])
    keys = ["newest_unit_id", "question", "year", "unit_id"]
    joined = frame.groupby(keys, sort=False).agg({"value": "; ".join, "label": "; ".join, "number": "first"})
    order = {q: i for i, q in enumerate(dict.fromkeys(frame["question"]))}
    out = joined.reset_index()[columns]
    return out.sort_values("question", key=lambda s: s.map(order), kind="stable", ignore_index=True)
