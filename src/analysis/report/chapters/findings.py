"""Which results an appendix tells of first: chosen by rule from the released tables, never by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from analysis.measures.counts import ALL
from analysis.privacy.release import Results
from analysis.report.chapters.reading import (
    CLOSED,
    Part,
    ends,
    group_labels,
    main_sections,
    parts,
    smallest_count,
)

MOST_FINDINGS = 8
FEWEST_FINDINGS = 5
FEWEST_IN_A_KIND = 3
"""A kind of unit of which fewer have answered is not compared with another."""

MOST_SECTIONS = MOST_FINDINGS - 4
"""So many sections are told one by one; there is room for the other rules, too."""

MOST_TOGETHER = 3
"""So many answers that all have given are told in one sentence."""

SMALLEST_DIFFERENCE = 15.0
"""Percentage points: a smaller difference between kinds or years is not told."""

Reason = Literal["scale", "answer", "option", "kinds", "years", "next"]
"""Why a result is told: it is where most answers of a scale gather, the most frequent answer of a section without
scales, the most chosen option, the largest difference between kinds of unit, the largest change since the year
before, or the next of the first kind."""


@dataclass(frozen=True)
class Finding:
    """A result that is told, and what it stands beside.

    Attributes
    ----------
    part : Part
        How many gave which answer.
    why : str
        See `Reason`.
    beside : tuple of Part
        The same answer of each kind of unit, or of the year before.
    year : int
        The year before, where `why` is years.
    ties : tuple of Part
        The other parts of the same question that are as large, where `part` is told as its largest.
    """

    part: Part
    why: Reason
    beside: tuple[Part, ...] = ()
    year: int = 0
    ties: tuple[Part, ...] = ()

    @property
    def difference(self) -> float:
        """The difference in percentage points: between kinds, or from the year before to this one."""
        if self.why == "years":
            return self.part.percent - self.beside[0].percent
        shares = [part.percent for part in self.beside]
        return max(shares) - min(shares)


def find_findings(results: Results) -> list[Finding]:
    """Return at most eight results that a summary tells, in the order of the rule.

    1. For each starting point (where there are none: for each section), the part of a scale where the largest
       share of those who answered is found: its high end, its low end, or what lies between. Of a section without
       scales the answer that most have given.
    2. The same over all other sections together.
    3. The option that most have chosen, of all questions with several choices.
    4. The answer on which the kinds of unit differ most, where at least three of each have answered and the
       difference is at least 15 percentage points.
    5. The answer that has changed most since the year before, by at least 15 percentage points, where enough have
       answered both years for percentages to be shown.

    No question is told of twice: each rule chooses among those that have not been told of. Where this gives fewer
    than five, the next strongest answers follow. Of equal questions the first in the questionnaire is taken; parts
    of one question that are as large as the one told are its ties. A count that is left out to protect persons is
    never told of.
    """
    main = main_sections(results)
    told = parts_of_everyone(results)
    found: list[Finding] = []

    def add(candidates: Iterable[Finding]) -> None:
        names = {f.part.question["id"] for f in found}
        fresh = [c for c in candidates if c.part.question["id"] not in names]
        if fresh and len(found) < MOST_FINDINGS:
            found.append(_with_ties(fresh[0], told))

    alone = main[:MOST_SECTIONS]
    for section in alone:
        add(_strongest(p for p in told if p.question["section"] == section))
    add(_strongest(p for p in told if p.question["section"] not in alone))
    add(_most_chosen(told, "multiple"))
    add(split_between_kinds(results))
    add(changes(results))
    for candidate in _strongest(told):
        if len(found) < FEWEST_FINDINGS:
            add([replace(candidate, why="next")])
    return found


def _with_ties(finding: Finding, told: Iterable[Part]) -> Finding:
    """Return a finding with the other parts of its question that are as large; none where all gave each of them."""
    part = finding.part
    if finding.why in ("kinds", "years") or part.word == "och":
        return finding
    of_question = [p for p in told if p.question is part.question]
    if part.question["kind"] != "multiple":
        of_question = [p for p in of_question if p.item == part.item]
    equal = [p for p in of_question if (p.n, p.base) == (part.n, part.base) and p.key != part.key]
    return replace(finding, ties=tuple(equal))


def parts_of_everyone(results: Results) -> list[Part]:
    """Return the parts of all closed questions, in the order of the questionnaire; of scales also the middle."""
    return _parts(results, results.tables["counts"], ALL, middle=True)


def _parts(results: Results, counts: pd.DataFrame, group: str, *, middle: bool = False) -> list[Part]:
    of_question = dict(iter(counts.groupby("question", sort=False)))
    asked = [q for q in results.survey["questions"] if q["kind"] in CLOSED and q["id"] in of_question]
    return [part for q in asked for part in parts(q, of_question[q["id"]], group, middle=middle)]


def _strongest(told: Iterable[Part]) -> list[Finding]:
    """Return the parts of scales by their shares, or the answers to other questions where there are no scales.

    Of equal parts of a scale the high end is taken before the low one, and an end before the middle.
    """
    listed = list(told)
    order = {p.key: _place(p) for p in listed if p.question["kind"] == "scale"}
    scales = [Finding(p, "scale") for p in listed if p.key in order]
    return sorted(_largest_first(scales), key=lambda f: (-round(f.part.percent, 6), order[f.part.key])) or [
        replace(f, why="answer") for kind in ("multiple", "single") for f in _most_chosen(listed, kind)
    ]


def _place(part: Part) -> int:
    """Return where a part of a scale comes among equals: the high end, the low end, the middle."""
    low, high = ends(part.question)[0], ends(part.question)[-1]
    return 0 if part.values == high else 1 if part.values == low else 2


def _most_chosen(told: Iterable[Part], kind: str) -> list[Finding]:
    """Return the answers to questions of a kind by their shares; those that all have given to one are told as one."""
    found = _largest_first([Finding(p, "option") for p in told if p.question["kind"] == kind])
    if not found:
        return []
    top = found[0].part
    same = [f.part for f in found if f.part.question is top.question and f.part.n == f.part.base]
    if not 1 < len(same) <= MOST_TOGETHER:
        return found
    values = tuple(v for p in same for v in p.values)
    labels = tuple(label for p in same for label in p.labels)
    return [Finding(replace(top, values=values, labels=labels, word="och"), "option"), *found]


def _largest_first(found: Iterable[Finding]) -> list[Finding]:
    return sorted((f for f in found if f.part.n), key=lambda f: -round(f.part.percent, 6))


def split_between_kinds(results: Results) -> list[Finding]:
    """Return the answers on which the kinds of unit differ, the largest difference first."""
    kinds = [g for g in group_labels(results) if g != ALL]
    if len(kinds) < 2:
        return []
    counts = results.tables["counts"]
    of_kinds = [{p.key: p for p in _parts(results, counts, kind)} for kind in kinds]
    found = []
    for part in _parts(results, counts, ALL):
        beside = tuple(of_kind[part.key] for of_kind in of_kinds if part.key in of_kind)
        if len(beside) == len(kinds) and all(p.base >= FEWEST_IN_A_KIND for p in beside):
            found.append(Finding(part, "kinds", beside))
    return _by_difference(found)


def changes(results: Results, *, smallest: float = SMALLEST_DIFFERENCE) -> list[Finding]:
    """Return the answers that have changed since the year before, the largest change first.

    Only questions that were the same are compared, and only where enough have answered both years for percentages
    to be shown. An answer that has not changed by at least `smallest` percentage points is left out.
    """
    before = year_before(results)
    if before is None:
        return []
    frame = results.tables["comparison"]
    old = {p.key: p for p in _parts(results, frame[frame["year"] == before], ALL)}
    found = []
    for part in _parts(results, frame[frame["year"] == results.survey["year"]], ALL):
        if part.key in old and min(part.base, old[part.key].base) >= smallest_count(results):
            found.append(Finding(part, "years", (old[part.key],), before))
    return _by_difference(found, smallest)


def year_before(results: Results) -> int | None:
    """Return the latest earlier year that is compared with, if there is one."""
    if "comparison" not in results.tables:
        return None
    years = results.tables["comparison"]["year"]
    earlier = years[years < results.survey["year"]]
    return None if earlier.empty else int(earlier.max())


def _by_difference(found: Iterable[Finding], smallest: float = SMALLEST_DIFFERENCE) -> list[Finding]:
    large = [f for f in found if abs(f.difference) >= smallest]
    return sorted(large, key=lambda f: -round(abs(f.difference), 6))  # equals stay in order


def without_repeats(found: Iterable[Finding]) -> list[Finding]:
    """Return findings with one of each question only: the first."""
    seen: dict[str, Finding] = {}
    for finding in found:
        seen.setdefault(finding.part.question["id"], finding)
    return list(seen.values())
