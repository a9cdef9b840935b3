"""Appendix 3: the same questions over the years."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from analysis.privacy.release import Results
from analysis.report import chapters
from analysis.report.chapters.years import compared_questions, counted_units

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

- Alla sex förvaltningar uppger att kunskapen har ökat i stor eller mycket stor grad, jämfört med 2 av 5 (40 %) år \
2020 ([](#tabell-fraga-grad)).

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
        "2 av 5 förvaltningar (40 %) svarade ”I stor grad” eller ”I mycket stor grad” år 2020 och 6 av 6 (100 %) år 2021."
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
    assert [figure["caption"] for figure in published.figures] == [
        "I vilken grad har kunskapen ökat?", "Har ni en plan?",
    ]  # fmt: skip


def test_several_choices_come_as_in_the_newest_year_and_dont_know_last(published: Any, built: Any) -> None:
    asked = built.survey(only=("vilka",))
    chosen = {
        "d0": ["polis"],
        "d1": ["polis", "region"],
        "d2": ["polis", "skola"],
        "d3": ["region"],
        "d4": [],
    }
    now = [{"unit": unit, "vilka": of} for unit, of in chosen.items()]
    before = [{"unit": unit, "vilka": ["skola"]} for unit in chosen if unit < "d4"]
    before.append({"unit": "d5", "vilka": "_dont_know"})
    chapters.comparison(built.results(now, asked, units=UNITS, earlier=before))
    table = published.table("Vilka har ni samverkat med?")
    assert table.rows == (
        ("Polis", 0, 0.0, 3, 60.0),
        ("Region Stockholm", 0, 0.0, 2, 40.0),
        ("Skola", 4, 80.0, 1, 20.0),
        ("Vet ej", 1, 20.0, 0, 0.0),
    )
    assert table.notes == (
        "Bas, förvaltningar som har besvarat frågan: 5 år 2020 och 5 år 2021. ”Vet ej” ingår.",
    )
    assert published.text.splitlines()[4] == (
        "4 av 5 förvaltningar (80 %) valde ”Skola” år 2020 och 1 av 5 (20 %) år 2021."
    )
    (figure,) = published.figures
    assert "för 4 rader" in figure["alt"]
    published.bundles.clear()
    nobody = [row for row in before if row["unit"] < "d4"]
    chapters.comparison(built.results(now, asked, units=UNITS, earlier=nobody))
    labels = [row[0] for row in published.table("Vilka har ni samverkat med?").rows]
    assert labels == ["Polis", "Region Stockholm", "Skola"]


def test_few_answers_are_told_without_percentages(published: Any, built: Any) -> None:
    asked = built.survey(only=("plan",))
    now = [{"unit": u, "plan": "ja"} for u in ("d0", "d1")]
    before = [{"unit": u, "plan": "nej"} for u in ("d0", "d1", "d2")]
    chapters.comparison(built.results(now, asked, units=UNITS, earlier=before))
    assert "0 av 3 förvaltningar svarade ”Ja” år 2020 och 2 av 2 år 2021." in published.text


def test_only_closed_questions_are_compared_and_the_rest_is_explained(published: Any, built: Any) -> None:
    asked = built.survey(only=("grad", "plan", "antal", "text"))
    rows = [{"unit": u, "grad": "stor", "plan": "ja", "antal": 7, "text": "Hej."} for u in UNITS]
    results = built.results(rows, asked, units=UNITS, earlier=rows)
    assert (compared_questions(results), compared_questions(results, 2020)) == (2, 2)
    assert compared_questions(results, 2019) == 0
    chapters.crosswalk(results)
    assert published.text == (
        "Av fyra frågor 2021 är fyra desamma som 2020. Jämförelsen omfattar två frågor med fasta svarsalternativ. Svar i "
        "form av fritext eller tal jämförs inte, eftersom de inte kan räknas som andelar av samma svarsalternativ varje "
        "år."
    )
    headings = len([text for text in published.said if text.startswith("####")])
    chapters.comparison(results)
    told = [text for text in published.said if text.startswith("####")]
    assert len(told) - headings == compared_questions(results)


def test_without_earlier_years_no_question_is_compared(three: Results) -> None:
    assert compared_questions(three) == 0


def test_the_questions_over_the_years(published: Any, two_years: Results) -> None:
    walk = two_years.tables["crosswalk"]
    two_years.tables["crosswalk"] = walk.assign(
        status=walk["status"].mask(walk["question"] == "plan", "reworded")
    )
    chapters.crosswalk(two_years)
    assert published.text == (
        "Av två frågor 2021 är en densamma som 2020. Jämförelsen omfattar två frågor med fasta svarsalternativ."
    )
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
    assert published.said[-1] == (
        "En tidigare förvaltning ingår nu i en annan. I den sammanslagna förvaltningens egen bilaga visas de tidigare "
        "förvaltningarnas svar var för sig."
    )
    assert published.tables[-1].rows == (("D1", "D0"),)


def test_mergers_are_named_with_the_survey_after_which_they_came(two_years: Results) -> None:
    assert counted_units(two_years) == ""
    pairs = [("d1", "d0"), ("d2", "d0"), ("d4", "d3"), ("d0", "d0"), ("d3", "d3"), ("d5", "d5")]
    rows = [(year, old, new) for year in (2019, 2020) for old, new in pairs if (year, old) != (2020, "d4")]
    two_years.tables["geography"] = pd.DataFrame(rows, columns=["year", "unit_id", "newest_unit_id"])
    assert counted_units(two_years) == (
        "Efter 2019 års enkät gick D4 upp i D3. Efter 2020 års enkät gick D1 och D2 upp i D0. Före sammanslagningarna "
        "räknas de tidigare förvaltningarna var för sig. Enkäten omfattade sex förvaltningar år 2019, fem förvaltningar "
        "år 2020 och sex förvaltningar år 2021."
    )
    rows = [(2020, old, new) for old, new in pairs]
    two_years.tables["geography"] = pd.DataFrame(rows, columns=["year", "unit_id", "newest_unit_id"])
    assert "Efter 2020 års enkät gick D1 och D2 upp i D0 samt D4 upp i D3." in counted_units(two_years)


def test_several_mergers_are_spoken_of_in_the_plural(published: Any, two_years: Results) -> None:
    rows = [(2020, "d1", "d0"), (2020, "d2", "d3"), (2020, "d0", "d0")]
    two_years.tables["geography"] = pd.DataFrame(rows, columns=["year", "unit_id", "newest_unit_id"])
    chapters.geography(two_years)
    assert published.text == (
        "Två tidigare förvaltningar ingår nu i två andra. I de sammanslagna förvaltningarnas egna bilagor visas de "
        "tidigare förvaltningarnas svar var för sig."
    )
