"""Appendix 3: the same questions over the years."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from analysis.privacy.release import Results
from analysis.report import chapters

UNITS = {f"d{i}": (f"D{i}", f"D{i}", "district") for i in range(6)}


@pytest.fixture
def two_years(built: Any) -> Results:
    asked = built.survey(only=("grad", "plan"))
    now = [{"unit": u, "grad": "stor", "plan": "ja"} for u in UNITS]
    before = [{"unit": u, "grad": "stor" if u < "d2" else "viss", "plan": "ja"} for u in UNITS if u < "d5"]
    return built.results(now, asked, units=UNITS, earlier=before)


def test_the_summary_of_the_years_in_full(published: Any, two_years: Results) -> None:
    chapters.years_summary(two_years)
    assert (
        published.text
        == """\
2 av 2 frågor med fasta svarsalternativ ställdes på samma sätt 2020 och kan jämföras.

Den största förändringen sedan 2020:

- Andelen förvaltningar som uppger att kunskapen har ökat i stor eller mycket stor grad har ökat från 2 av 5 (40 %) år \
2020 till 6 av 6 (100 %) år 2021 ([](#tabell-fraga-grad)).

Här visas de största förändringarna av andelar, en per fråga, om de är minst 15 [procentenheter](#tabell-begrepp) och \
minst fem har svarat båda åren.

Antalet förvaltningar är litet: en enda förvaltning motsvarar 17 procentenheter. En skillnad mellan åren kan \
bero på vilka som har svarat, och den visar inte varför svaren har ändrats."""
    )


def test_no_change_is_made_of_small_ones(published: Any, built: Any) -> None:
    asked = built.survey(only=("plan",))
    rows = [{"unit": u, "plan": "ja"} for u in UNITS]
    chapters.years_summary(built.results(rows, asked, units=UNITS, earlier=rows))
    assert (
        "Inget svar har ändrats med minst 15 [procentenheter](#tabell-begrepp) sedan 2020." in published.said
    )


def test_without_earlier_years_there_is_nothing_to_compare(published: Any, three: Results) -> None:
    chapters.years_summary(three)
    assert published.text == "Det finns inga svar från tidigare år att jämföra med."


def test_years_stand_side_by_side(published: Any, two_years: Results) -> None:
    chapters.comparison(two_years)
    assert published.said[:3] == [
        "### Kunskap",
        "#### I vilken grad har kunskapen ökat\\?",
        published.said[2],
    ]
    assert published.text.splitlines()[4] == (
        "Andelen som har svarat ”I stor grad” eller ”I mycket stor grad” var 40 % (2 av 5) år 2020 och 100 % (6 av 6) år "
        "2021."
    )
    table = published.table("I vilken grad har kunskapen ökat?")
    assert [c.heading for c in table.columns] == [
        "Svar",
        "2020, antal",
        "2020, andel",
        "2021, antal",
        "2021, andel",
    ]
    assert ("I stor grad", 2, 40.0, 6, 100.0) in table.rows
    assert table.notes == (
        "Bas, förvaltningar som har besvarat frågan: 5 år 2020 och 6 år 2021. ”Vet ej” ingår.",
    )
    assert len(published.figures) == 2


def test_the_questions_over_the_years(published: Any, two_years: Results) -> None:
    walk = two_years.tables["crosswalk"]
    two_years.tables["crosswalk"] = walk.assign(
        status=walk["status"].mask(walk["question"] == "plan", "reworded")
    )
    chapters.crosswalk(two_years)
    assert published.text == "Av två frågor 2021 är en densamma som 2020."
    assert published.tables[0].rows == (
        ("I vilken grad har kunskapen ökat?", "Samma fråga"), ("Har ni en plan?", "Annan formulering"),
    )  # fmt: skip


def test_questions_that_are_not_asked_every_year_say_when(published: Any, two_years: Results) -> None:
    walk = two_years.tables["crosswalk"]
    gone = walk.head(1).assign(question="", question_text="Gammal?", status="dropped")
    new = walk.assign(status=walk["status"].mask(walk["question"] == "plan", "new"))
    two_years.tables["crosswalk"] = pd.concat([new, gone])
    chapters.crosswalk(two_years)
    assert published.tables[0].rows[1:] == (
        ("Har ni en plan?", "Ställdes inte 2020"), ("Gammal?", "Ställdes bara 2020"),
    )  # fmt: skip


def test_merged_administrations_are_listed(published: Any, two_years: Results) -> None:
    chapters.geography(two_years)
    assert published.said == ["Ingen förvaltning har gått samman med någon annan under de år som jämförs."]
    pairs = [
        (2020, "d1", "d0"),
        (2020, "d0", "d0"),
        *((2020, d, d) for d in UNITS if d > "d1"),
        (2020, "d9", "d9"),
    ]
    two_years.tables["geography"] = pd.DataFrame(pairs, columns=["year", "unit_id", "newest_unit_id"])
    chapters.geography(two_years)
    assert published.said[-1].startswith(
        "En tidigare förvaltning har gått samman. Före sammanslagningen räknas de tidigare förvaltningarna var för sig. "
        "Enkäten omfattade sju förvaltningar år 2020 och sex förvaltningar år 2021."
    )
    assert published.tables[-1].rows == (("D1", "D0"),)
