"""Which results are told of first."""

from __future__ import annotations

from typing import Any

from analysis.privacy.release import Results
from analysis.report.chapters.findings import (
    FEWEST_FINDINGS,
    MOST_FINDINGS,
    changes,
    find_findings,
    split_between_kinds,
)

GROUPS = {
    "d1": ("D1", "D1", "district"), "d2": ("D2", "D2", "district"), "d3": ("D3", "D3", "district"),
    "s1": ("S1", "S1", "specialist"), "s2": ("S2", "S2", "specialist"), "s3": ("S3", "S3", "specialist"),
}  # fmt: skip


def told(results: Results) -> list[tuple[str, str, tuple[str, ...], int, int]]:
    """Return why, question, answers, count and base of each finding."""
    return [
        (f.why, f.part.question["id"], f.part.values, f.part.n, f.part.base) for f in find_findings(results)
    ]


def test_each_starting_point_then_the_others_then_the_most_chosen(three: Results) -> None:
    assert told(three)[:3] == [
        ("scale", "grad", ("stor", "mycket"), 2, 3),  # as large as for the statement, which comes later
        ("answer", "plan", ("ja",), 2, 3),  # the other sections have no scale
        ("option", "vilka", ("skola",), 3, 3),
    ]


def test_the_middle_of_a_scale_is_told_where_most_answers_are_there(built: Any) -> None:
    asked = built.survey(only=("grad",))
    for answers, expected in (
        (["viss", "viss", "stor"], ("viss",)),
        (["liten", "viss", "stor"], ("stor", "mycket")),  # of equals the high end
        (["liten", "inte_alls", "viss"], ("inte_alls", "liten")),
    ):
        rows = [{"unit": u, "grad": answer} for u, answer in zip(built.units, answers, strict=True)]
        assert [f.part.values for f in find_findings(built.results(rows, asked))] == [expected]


def test_equal_parts_of_a_question_are_told_together(built: Any) -> None:
    asked = built.survey(only=("grad",))
    rows = [
        {"unit": u, "grad": answer} for u, answer in zip(built.units, ("liten", "viss", "stor"), strict=True)
    ]
    (found,) = find_findings(built.results(rows, asked))
    assert found.part.values == ("stor", "mycket")
    assert [p.values for p in found.ties] == [("inte_alls", "liten"), ("viss",)]
    asked = built.survey(only=("vilka",))
    rows = [{"unit": "bromma", "vilka": ["skola"]}, {"unit": "farsta", "vilka": ["polis"]}]
    (found,) = find_findings(built.results(rows, asked))
    assert (found.part.values, [p.values for p in found.ties]) == (("skola",), [("polis",)])


def test_no_question_is_told_of_twice_and_eight_are_enough(built: Any) -> None:
    scale = next(q for q in built.questions if q["id"] == "grad")
    many = [{**scale, "id": f"q{i}", "text": f"Fråga {i}?", "section": f"p{i % 9}"} for i in range(20)]
    sections = [
        {"id": f"p{i}", "title": f"P{i}", "kind": "starting_point", "confirmed": True} for i in range(9)
    ]
    unit = {"id": "vem", "text": "Vem?", "kind": "unit", "section": "p0"}
    asked = built.survey(questions=[unit, *many], sections=sections)
    rows = [{"unit": u, **{f"q{i}": "stor" if i < 12 else "liten" for i in range(20)}} for u in built.units]
    found = told(built.results(rows, asked))
    names = [question for _, question, *_ in found]
    assert len(names) == len(set(names))
    assert FEWEST_FINDINGS <= len(names) <= MOST_FINDINGS
    assert names[:5] == ["q0", "q1", "q2", "q3", "q4"]


def test_answers_that_all_have_given_are_told_together(built: Any, rows: list[dict[str, Any]]) -> None:
    asked = built.survey(only=("vilka",))
    found = find_findings(built.results([{**row, "vilka": ["skola", "region"]} for row in rows], asked))
    assert [(f.part.labels, f.part.word) for f in found] == [(("Skola", "Region Stockholm"), "och")]


def test_a_count_that_is_left_out_is_never_told_of(built: Any) -> None:
    rows = (
        [{"grad": "stor", "plan": "ja"}] * 9 + [{"grad": "mycket", "plan": "ja"}] * 2 + [{"grad": "viss"}] * 9
    )
    results = built.results(rows, built.survey("people", only=("grad", "plan")))
    hidden = results.tables["counts"].query("question == 'grad' and value == 'mycket'")
    assert hidden["suppressed"].all()
    assert ("grad", ("stor", "mycket")) not in [(q, values) for _, q, values, *_ in told(results)]


def test_kinds_are_compared_only_where_three_of_each_have_answered(built: Any, three: Results) -> None:
    assert split_between_kinds(three) == []
    answers = {"d1": "helt", "d2": "helt", "d3": "delvis", "s1": "inte", "s2": "inte", "s3": "helt"}
    asked = built.survey(only=("tydlig",))
    rows = [{"unit": u, "tydlig": v} for u, v in answers.items()]
    first = split_between_kinds(built.results(rows, asked, units=GROUPS))[0]
    assert first.part.values == ("inte",)
    assert [(p.group, p.n, p.base) for p in first.beside] == [("district", 0, 3), ("specialist", 2, 3)]
    assert round(first.difference) == 67


def test_changes_are_told_only_where_enough_have_answered_both_years(built: Any) -> None:
    asked = built.survey(only=("plan",))
    now = [{"unit": u, "plan": "ja"} for u in GROUPS]
    before = [{"unit": u, "plan": "nej" if u < "s2" else "ja"} for u in GROUPS]
    found = changes(built.results(now, asked, units=GROUPS, earlier=before))
    assert [(f.part.values, f.part.n, f.beside[0].n, f.year) for f in found] == [
        (("ja",), 6, 2, 2020), (("nej",), 0, 4, 2020),
    ]  # fmt: skip
    assert changes(built.results(now[:4], asked, units=GROUPS, earlier=before)) == []  # four are too few
    assert changes(built.results(now, asked, units=GROUPS, earlier=now)) == []  # nothing has changed
    assert changes(built.results(now, asked, units=GROUPS)) == []


def test_nothing_is_told_where_nobody_answered(built: Any) -> None:
    assert find_findings(built.results([])) == []
    assert find_findings(built.results([], built.survey("people"))) == []
