"""What the released results hold, as the chapters ask for it. Nothing is published here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.measures.counts import ALL
from analysis.privacy.release import Results
from analysis.report import swedish
from analysis.survey.units import KIND_LABELS

Question = dict[str, Any]
"""A question of the public survey: id, text, kind, section, options, labels, items and so on."""

CLOSED = ("single", "scale", "multiple")
"""Kinds of question that are answered by choosing among options."""

ANSWERED = ("complete", "partial")
"""States of a submission whose answers count."""

SHORT_GROUPS = {ALL: "Alla", "district": "Stadsdel", "specialist": "Fack"}
"""Groups in the headings of tables, where long words would make the table wide."""


# --- the survey ----------------------------------------------------------------------------------------------------


def by_units(results: Results) -> bool:
    """Return whether administrations answered, not persons."""
    return bool(results.survey["respondents"] == "units")


def respondents(results: Results) -> tuple[str, str, str]:
    """Return what those who answered are called: one, many, and the many."""
    if by_units(results):
        return "förvaltning", "förvaltningar", "förvaltningarna"
    return "svarande", "svarande", "de svarande"


def smallest_count(results: Results) -> int:
    """Return how many must have answered for a percentage, and which counts of people are too small."""
    return int(results.survey["smallest_count"])


def questions(results: Results, section: str) -> list[Question]:
    """Return the questions of a section, in order."""
    return [q for q in results.survey["questions"] if q["section"] == section]


def section_of(results: Results, section_id: str) -> dict[str, Any]:
    """Return a section of the public survey."""
    return next(s for s in results.survey["sections"] if s["id"] == section_id)


def sections(results: Results, *kinds: str) -> list[str]:
    """Return the sections of some kinds that have questions, in the order of the questionnaire."""
    filled = {q["section"] for q in results.survey["questions"]}
    return [s["id"] for s in results.survey["sections"] if s["kind"] in kinds and s["id"] in filled]


def main_sections(results: Results) -> list[str]:
    """Return the starting points of the strategy; every topic where the survey has no starting points."""
    return sections(results, "starting_point") or sections(results, "topic", "background")


def other_sections(results: Results) -> list[str]:
    """Return the sections that are neither starting points nor perspectives."""
    main = main_sections(results)
    return [s for s in sections(results, "background", "topic") if s not in main]


def perspective_sections(results: Results) -> list[str]:
    """Return the sections on gender equality and child rights."""
    return sections(results, "perspective")


def all_sections(results: Results) -> list[str]:
    """Return every section with questions, in the order of the questionnaire."""
    return sections(results, "starting_point", "background", "topic", "perspective")


def steps(question: Question) -> list[str]:
    """Return the values of a scale or a choice that are answers, in the order of the questionnaire."""
    return [value for value in question["options"] if not value.startswith("_")]


# --- units ---------------------------------------------------------------------------------------------------------


def group_labels(results: Results) -> dict[str, str]:
    """Return the label of each group in the counts: everyone, then the kinds of unit."""
    counted = {*results.tables["counts"]["group"], *results.tables["numbers"]["group"]}
    kinds = [k for k in KIND_LABELS if k in counted] if by_units(results) else []
    return {ALL: "Alla", **{k: KIND_LABELS[k][1].capitalize() for k in kinds}}


def unit_name(results: Results, unit_id: str, *, short: bool = False) -> str:
    """Return the name of a unit."""
    units = results.tables["units"].set_index("unit_id")
    return str(units.loc[unit_id, "short" if short else "name"])


def invited(results: Results) -> pd.DataFrame:
    """Return the response of the units that were asked."""
    response = results.tables["response"]
    return response[response["invited"]]


def response_of(results: Results, unit_id: str) -> pd.Series[Any]:
    """Return the row of a unit in the table of response."""
    return results.tables["response"].set_index("unit_id").loc[unit_id]


def submissions(results: Results) -> dict[str, int]:
    """Return how many submissions there are in each state."""
    frame = results.tables["submissions"]
    return {str(s): int(n) for s, n in zip(frame["status"], frame["n"], strict=True)}


def included(results: Results, kind: str = "") -> int:
    """Return how many submissions are counted; where units answered, also of one kind of them."""
    if by_units(results):
        frame = results.tables["response"]
        return int((frame["status"].isin(ANSWERED) & (frame["kind"].eq(kind) | (not kind))).sum())
    found = submissions(results)
    return sum(found.get(status, 0) for status in ANSWERED)


# --- counts --------------------------------------------------------------------------------------------------------


def rows_of(results: Results, question_id: str, group: str | None = None) -> pd.DataFrame:
    """Return a question's counts, without kinds of missing answers that could not occur and did not."""
    counts = results.tables["counts"]
    rows = readable(results, occurring(results, counts[counts["question"] == question_id]))
    return rows if group is None else rows[rows["group"] == group]


def occurring(results: Results, counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts without the kinds of missing answers that are no option and that nobody has."""
    declared = {(q["id"], value) for q in results.survey["questions"] for value in q["options"]}
    keys = counts[["question", "value"]].apply(tuple, axis=1)
    occurs = (counts["n"] != 0).fillna(True).groupby(keys).transform("any")
    return counts[~counts["value"].str.startswith("_") | keys.isin(declared) | occurs]


def readable(results: Results, counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts without percentages of so few that they would mislead."""
    few = (counts["base"] < smallest_count(results)).fillna(True)
    return counts.assign(percent=counts["percent"].mask(few))


def unsure(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return how many answered “don't know” to a question with several choices, a row for each group or year.

    Nothing where nobody did, or where it was said of some options only.

    Parameters
    ----------
    rows : DataFrame
        All counts of the question.
    by : str
        The column that tells groups or years apart.
    """
    said = rows[rows["value"] == "_dont_know"].drop_duplicates([by, "n", "base"])
    known = bool((said["n"] != 0).fillna(True).any())
    return said if known and said[by].is_unique else said.head(0)


def nobody_answered(rows: pd.DataFrame) -> bool:
    """Return whether a question's counts are known to be of nobody."""
    return bool(rows.empty or rows["base"].fillna(1).eq(0).all())


@dataclass(frozen=True)
class Part:
    """How many of those who answered gave one of some answers.

    Attributes
    ----------
    question : dict
        The question.
    item : str
        The row of a grid, else empty.
    values : tuple of str
        The values of the answers; of a question with several choices one option.
    labels : tuple of str
        The answers as the questionnaire words them, in its order.
    n, base : int
        How many gave one of them, of how many.
    group : str
        Among whom.
    word : str
        What joins the answers: “eller” where each gave one of them, “och” where all gave every one.
    """

    question: Question
    item: str
    values: tuple[str, ...]
    labels: tuple[str, ...]
    n: int
    base: int
    group: str = ALL
    word: str = "eller"

    @property
    def percent(self) -> float:
        """The part in per cent."""
        return 100 * self.n / self.base

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """What tells the same part of another group or year."""
        return self.question["id"], self.item, self.values


def parts(question: Question, counts: pd.DataFrame, group: str = ALL, *, middle: bool = False) -> list[Part]:
    """Return the parts that the answers to a closed question are told by, as far as they are known.

    Of a scale these are its two ends: one step each of less than four steps, two of four to six, else three; and
    what lies between them, if asked for. Of another question they are its options. What is left out, and questions
    that nobody answered, give none.

    Parameters
    ----------
    counts : DataFrame
        Counts of the question.
    """
    frame = counts[counts["group"] == group]
    found = []
    for item, rows in frame.groupby("item", sort=False):
        if question["kind"] == "multiple":
            chosen = rows[rows["value"] == "chosen"]
            counted = chosen.assign(value=chosen["item"], label=chosen["item_text"]).set_index("value")
            named = ""
            wanted: list[tuple[str, ...]] = [(str(item),)]
        else:
            counted, named = rows.set_index("value"), str(item)
            wanted = [(v,) for v in steps(question)]
            if question["kind"] == "scale":
                wanted = ends(question)
                between = tuple(v for v in steps(question) if all(v not in end for end in wanted))
                wanted += [between] if middle and between else []
        for values in wanted:
            told = counted.reindex(list(values))
            if told["n"].notna().all() and told["base"].notna().all() and int(told["base"].iloc[0]):
                n, base = int(told["n"].sum()), int(told["base"].iloc[0])
                labels = tuple(str(label) for label in told["label"])
                found.append(Part(question, named, values, labels, n, base, group))
    return found


def ends(question: Question) -> list[tuple[str, ...]]:
    """Return the steps at the low and at the high end of a scale.

    Examples
    --------
    >>> ends({"options": ["inte_alls", "liten", "viss", "stor", "mycket_stor", "_dont_know"]})
    [('inte_alls', 'liten'), ('stor', 'mycket_stor')]
    """
    of = steps(question)
    length = 1 if len(of) < 4 else 2 if len(of) < 7 else 3
    if len(of) < 2:
        return [tuple(of)] if of else []
    return [tuple(of[:length]), tuple(of[-length:])]


def decimals_of(results: Results, question_id: str) -> int:
    """Return with how many decimals all numbers of a question are written.

    As many as the answers were given with, at most two; at least one where a median lies between two whole numbers.
    """
    numbers = results.tables["numbers"]
    told = numbers[numbers["question"] == question_id]
    given = [told[key] for key in ("total", "smallest", "largest")]
    for name in ("unit_answers", "unit_history"):
        if name in results.tables:
            frame = results.tables[name]
            given.append(frame.loc[frame["question"] == question_id, "number"])
    of_answers = _decimals(pd.concat(given, ignore_index=True))
    return max(of_answers, min(_decimals(told["median"]), 1))


def _decimals(values: pd.Series[Any]) -> int:
    """Return how many decimals some numbers need, at most two."""
    known = [round(float(v), 2) for v in values.dropna()]
    return next((d for d in (0, 1) if all(round(v, d) == v for v in known)), 2)


def sorted_units(frame: pd.DataFrame, kinds: Mapping[str, object] = KIND_LABELS) -> list[Any]:
    """Return the rows of a table of units by kind, then by name as a Swedish reader expects."""
    order = list(kinds)
    return sorted(
        frame.itertuples(index=False), key=lambda r: (order.index(r.kind), swedish.sort_key(r.name))
    )
