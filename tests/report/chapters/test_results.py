"""Appendix 1, read as a reader would: which sentences, tables and figures come out of released results."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from analysis.privacy.release import Results
from analysis.report import chapters
from analysis.report.tables import SUPPRESSED


def test_title_page_carries_the_marks_that_hold(published: Any, three: Results) -> None:
    chapters.open_appendix(three, "Bilaga 1", final=False)
    chapters.open_appendix(three, "Bilaga 1", final=True)
    synthetic = Results({**three.survey, "synthetic": True}, three.tables, {})
    chapters.open_appendix(synthetic, "Bilaga 1", final=False)
    marks = [next(v["marks"] for v in b.values() if isinstance(v, dict)) for b in published.bundles]
    assert [list(m) for m in marks] == [["UTKAST"], [], ["UTKAST", "SYNTETISKA EXEMPELDATA"]]


# --- summary -------------------------------------------------------------------------------------------------------


def test_the_summary_in_full(published: Any, three: Results) -> None:
    chapters.summary(three)
    assert (
        published.text
        == """\
Enkäten omfattar åtta frågor, varav fem med fasta svarsalternativ, och gäller perioden 1 januari 2021 till 30 september \
2021. Alla tre tillfrågade förvaltningar har svarat.

Resultaten i korthet:

- 2 av 3 förvaltningar uppger att kunskapen har ökat i stor eller mycket stor grad ([](#tabell-fraga-grad)).
- 2 av 3 förvaltningar svarar ”Ja” på frågan ”Har ni en plan?” ([](#tabell-fraga-plan)).
- Alla tre förvaltningar uppger att de har samverkat med skola ([](#tabell-fraga-vilka)).
- 2 av 3 förvaltningar instämmer helt i påståendet ”Styrningen är tydlig” ([](#tabell-fraga-tydlig)).

Resultaten har valts ut enligt en fast regel, i denna ordning:

- för varje utgångspunkt och för övriga avsnitt tillsammans den del av en skala (övre änden, nedre änden eller mitten) \
som har den största andelen svar
- för avsnitt utan skalfrågor det svar som har den största andelen
- bland frågor som kan ha flera svar det alternativ som har den största andelen
- de svar som därefter har den största andelen

Varje fråga nämns bara en gång. Är flera svar på samma fråga lika vanliga nämns de tillsammans. Är andelen lika stor på \
flera frågor väljs den som står först i enkäten."""
    )


def test_the_summary_of_people_has_percentages_and_no_administrations(published: Any, built: Any) -> None:
    rows = [{"grad": "stor"}] * 30 + [{"grad": "viss"}] * 10
    chapters.summary(built.results(rows, built.survey("people", only=("grad",))))
    assert (
        published.text
        == """\
Enkäten omfattar en fråga och gäller perioden 1 januari 2021 till 30 september 2021. 40 inlämnade svar ingår i \
redovisningen.

Resultaten i korthet:

- 30 av 40 svarande (75 %) uppger att kunskapen har ökat i stor eller mycket stor grad ([](#tabell-fraga-grad)).

Resultaten har valts ut enligt en fast regel: för varje utgångspunkt och för övriga avsnitt tillsammans den del av en \
skala (övre änden, nedre änden eller mitten) som har den största andelen svar."""
    )


def test_a_difference_between_kinds_and_a_change_are_told_with_both_counts(
    published: Any, built: Any
) -> None:
    units = {
        f"{kind[0]}{i}": (f"{kind}{i}", f"{kind}{i}", kind)
        for kind in ("district", "specialist")
        for i in range(3)
    }
    asked = built.survey(only=("grad", "tydlig", "plan", "analys"))
    now = [{"unit": u, "grad": "stor", "tydlig": "helt" if u < "s" else "inte", "plan": "ja"} for u in units]
    before = [{"unit": u, "grad": "stor", "plan": "nej"} for u in units]
    chapters.summary(built.results(now, asked, units=units, earlier=before))
    assert (
        "- 3 av 6 förvaltningar (50 %) svarar ”Instämmer inte alls” på påståendet ”Styrningen är tydlig”: ingen av tre "
        "stadsdelsförvaltningar och 3 av 3 fackförvaltningar ([](#tabell-fraga-tydlig))."
    ) in published.text
    # The change of the plan is told as the strongest answer of the other sections: no question is told of twice.
    assert "- Alla sex förvaltningar svarar ”Ja” på frågan ”Har ni en plan?”" in published.text


# --- who answered --------------------------------------------------------------------------------------------------


def test_who_answered_in_full(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    chapters.response(built.results(rows[:2]))
    assert published.text == (
        "Enkäten har skickats till två stadsdelsförvaltningar och en fackförvaltning. 2 av 3 tillfrågade förvaltningar "
        "har svarat. Kulturförvaltningen har inte svarat."
    )
    caption = "Ifyllda frågor per förvaltning och avsnitt"
    assert [f["caption"] for f in published.figures] == [caption]
    assert published.rows(caption)[0] == ("Bromma", "3", "4", "1")
    notes = ("A1 Kunskap (tre frågor); A2 Övrigt (fyra frågor); A3 Jämställdhet (en fråga).",)
    assert published.table(caption).notes == notes
    assert published.rows("Tillfrågade förvaltningar och deras svar")[-1] == (
        "Kulturförvaltningen", "Fackförvaltning", "Inget svar", "–", "8",
    )  # fmt: skip


def test_people_are_never_shown_one_by_one(published: Any, built: Any) -> None:
    rows = [{"grad": "viss", "text": "Hej"}] * 9 + [{"grad": "stor"}] * 3
    found = built.results(rows, built.survey("people"), approved={"h0": ""})
    chapters.response(found)
    chapters.section(found, "s1")
    chapters.section(found, "s2")
    table = published.table("I vilken grad har kunskapen ökat?")
    assert [c.heading for c in table.columns] == ["Svar", "Antal", "Andel"]
    assert all(value is SUPPRESSED for row in table.rows if row[0] == "I stor grad" for value in row[1:])
    assert published.rows("Inlämnade svar efter status") == [("Fullständigt svar", "12")]
    assert "förvaltning" not in published.text


# --- overview ------------------------------------------------------------------------------------------------------


def test_the_overview_has_each_units_step_and_both_ends(published: Any, three: Results) -> None:
    chapters.overview(three)
    assert published.said[0] == "## Överblick över skalfrågorna"
    assert published.said[1].startswith("Två frågor besvaras på en skala.")
    assert published.rows("Förvaltningarnas svar på skalfrågorna, steg") == [
        ("Bromma", "4", "3"), ("Farsta", "5", "3"), ("Kultur", "?", "1"),
    ]  # fmt: skip
    assert (
        published.table("Förvaltningarnas svar på skalfrågorna, steg").notes[-1]
        == "Tecken i tabellen: ? vet ej."
    )
    assert published.rows("Svaren i skalornas ändar") == [
        ("I vilken grad har kunskapen ökat?", "–", "..", "2", "..", "3"),
        ("Styrningen är tydlig.", "1", "..", "2", "..", "3"),
    ]
    assert len(published.figures) == 1


def test_no_overview_without_scales(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    chapters.overview(built.results(rows, built.survey(only=("plan", "text"))))
    assert published.bundles == []


# --- sections ------------------------------------------------------------------------------------------------------


def test_headings_that_nobody_has_confirmed_are_named_once(published: Any, three: Results) -> None:
    chapters.starting_points(three)
    assert published.said[0] == "## Resultat per utgångspunkt"
    assert published.said[2] == "### Kunskap"
    assert published.text.count("är ännu inte bekräftad mot källan") == 1
    chapters.other_parts(three)
    assert published.text.count("är ännu inte bekräftad mot källan") == 1


def test_a_section_in_full(published: Any, three: Results) -> None:
    chapters.section(three, "s1")
    assert (
        published.text
        == """\
### Kunskap

#### I vilken grad har kunskapen ökat?

Alla tre svarande förvaltningar har besvarat frågan. Två förvaltningar (2 av 3) svarar ”I stor grad” eller ”I mycket \
stor grad”: 2 av 2 stadsdelsförvaltningar och ingen fackförvaltning. Ingen förvaltning har svarat ”Inte alls” eller \
”I liten grad”.

#### Vilka har ni samverkat med?

Alla tre svarande förvaltningar har besvarat frågan. Det vanligaste svaret är ”Skola”, som har valts av alla tre \
förvaltningar: 2 av 2 stadsdelsförvaltningar och 1 av 1 fackförvaltning.

#### Styrningen är tydlig.

Alla tre svarande förvaltningar har besvarat frågan. Två förvaltningar (2 av 3) instämmer helt: 2 av 2 \
stadsdelsförvaltningar och ingen fackförvaltning. En förvaltning (1 av 3) svarar ”Instämmer inte alls”."""
    )


def test_table_of_a_scale_has_counts_by_kind_and_no_percentage_of_few(published: Any, three: Results) -> None:
    chapters.section(three, "s1")
    table = published.table("I vilken grad har kunskapen ökat?")
    assert [c.heading for c in table.columns] == ["Svar", "Alla, antal", "Stadsdel, antal", "Fack, antal"]
    assert table.rows[3] == ("I stor grad", 1, 1, 0)
    assert [row[0] for row in table.rows][-1] == "Vet ej"
    assert table.notes[0] == (
        "Bas, förvaltningar som har besvarat frågan: alla 3, stadsdelsförvaltningar 2 och fackförvaltningar 1. "
        "”Vet ej” ingår."
    )


def test_percentages_come_back_where_enough_have_answered(published: Any, built: Any) -> None:
    asked = built.survey(only=("grad",), rules={"smallest_count": 2})
    chapters.section(built.results([{"unit": u, "grad": "stor"} for u in built.units], asked), "s1")
    table = published.table("I vilken grad har kunskapen ökat?")
    assert table.rows[3] == ("I stor grad", 3, 100.0, 2, 100.0, 1)


def test_several_choices_are_sorted_by_size(published: Any, three: Results) -> None:
    chapters.section(three, "s1")
    table = published.table("Vilka har ni samverkat med?")
    assert [row[:2] for row in table.rows] == [("Skola", 3), ("Polis", 1), ("Region Stockholm", 1)]


def test_who_did_not_answer_stands_outside_the_base(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    del rows[2]["vilka"]
    chapters.section(built.results(rows), "s1")
    assert "Utanför basen: ej besvarad 1." in published.table("Vilka har ni samverkat med?").notes
    assert "2 av de 3 svarande förvaltningarna har besvarat frågan." in published.text


def test_a_question_that_was_not_asked_of_all_says_so(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    rows[2]["plan"] = "_not_shown"
    chapters.section(built.results(rows), "s2")
    assert "Till en förvaltning har den inte ställts, på grund av tidigare svar." in published.text


def test_dont_know_has_a_row_of_its_own_among_several_choices(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    questions = [
        {**q, "options": [*q["options"], {"id": "vet_ej", "label": "Vet ej", "means": "dont_know"}]}
        if q["id"] == "vilka"
        else q
        for q in built.questions
    ]
    rows[2]["vilka"] = "_dont_know"
    chapters.section(built.results(rows, built.survey(questions=questions)), "s1")
    assert [row[:2] for row in published.rows("Vilka har ni samverkat med?")] == [
        ("Skola", "2"), ("Polis", "1"), ("Region Stockholm", "–"), ("Vet ej", "1"),
    ]  # fmt: skip


def test_all_is_said_of_those_who_have_answered_the_question(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    del rows[2]["tydlig"]
    rows[1]["tydlig"] = "helt"
    chapters.summary(built.results(rows, built.survey(only=("plan", "tydlig"))))
    assert "- Båda de förvaltningar som har besvarat frågan instämmer helt i påståendet" in published.text


def test_numbers_of_people_below_the_threshold_are_not_shown(published: Any, three: Results) -> None:
    chapters.section(three, "s2")
    shown = {row[0]: row[1:] for row in published.table("Hur många deltog?").rows}
    assert shown["Fackförvaltningar"] == (SUPPRESSED, SUPPRESSED)  # 3 people at one administration
    assert all(SUPPRESSED in row or 3.0 not in row for row in shown.values())
    assert SUPPRESSED in shown["Alla"]  # else 55 − 52 would tell
    assert "55" not in published.text


def test_numbers_that_may_be_shown_are_added_up(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    more = {"about": "organisations", "measured_in": "deltagare"}
    questions = [{**q, **more} if q["id"] == "antal" else q for q in built.questions]
    chapters.section(built.results(rows, built.survey(questions=questions)), "s2")
    assert "Tre förvaltningar har svarat med ett tal. Sammanlagt blir det 55 deltagare." in published.text
    assert published.table("Hur många deltog?").notes == ("Talen avser deltagare.",)


def test_only_approved_quotes_are_shown_with_their_source(published: Any, three: Results) -> None:
    chapters.section(three, "s2")
    assert ("Två fritextsvar har lämnats, varav två är godkända som belysande exempel:") in published.text
    assert "> Bromma skriver.\n>\n> – Bromma stadsdelsförvaltning" in published.text
    assert "> Farsta, redigerat.\n>\n> – Farsta stadsdelsförvaltning (redigerat)" in published.text
    assert "*skriver*" not in published.text


def test_dates_are_told_by_the_first_and_the_last(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    chapters.section(built.results(rows), "s2")
    assert "En förvaltning har angett ett datum: 1 mars 2021." in published.text
    rows[1]["dag"] = "2021-04-02"
    chapters.section(built.results(rows), "s2")
    assert (
        "Två förvaltningar har angett ett datum, det tidigaste 1 mars 2021 och det senaste 2 april 2021."
    ) in published.text


def test_a_grid_has_a_row_for_each_item(published: Any, built: Any) -> None:
    items = [
        {"id": "skola", "text": "Skolan", "column": "a"},
        {"id": "polis", "text": "Polisen", "column": "b"},
    ]
    grid = {**built.questions[1], "items": items, "clause": None}
    asked = built.survey(questions=[built.questions[0], grid])
    rows = [{"unit": u, "grad[skola]": "stor", "grad[polis]": "liten"} for u in built.units]
    found = built.results(rows, asked)
    chapters.section(found, "s1")
    chapters.overview(found)
    assert [row[0] for row in published.table("I vilken grad har kunskapen ökat?").rows] == [
        "Skolan",
        "Polisen",
    ]
    assert (
        "Mest samlade är svaren på ”Skolan”: alla tre förvaltningar svarar ”I stor grad” eller"
        in published.text
    )
    assert published.rows("Förvaltningarnas svar på skalfrågorna, steg")[0] == ("Bromma", "4", "2")


def test_nobody_answered(published: Any, built: Any) -> None:
    found = built.results([{"unit": "bromma"}])
    chapters.section(found, "s1")
    chapters.section(found, "s2")
    assert published.said.count("Ingen har besvarat frågan.") == 6
    assert "Ingen har angett något datum." in published.said
    assert not published.tables


# --- crossing views ------------------------------------------------------------------------------------------------


def test_a_perspective_is_a_chapter_of_its_own(published: Any, three: Results) -> None:
    chapters.perspectives(three)
    assert published.said[:2] == ["## Jämställdhet", "### Har ni gjort en analys\\?"]


def test_a_perspective_is_also_looked_for_in_all_free_text(published: Any, three: Results) -> None:
    columns = ["theme", "label", "group", "units", "answers", "base_units", "section"]
    rows = [("delaktighet", "Delaktighet", "alla", n, n, 3, s) for s, n in (("s1", 2), ("s2", 1))]
    three.tables["theme_sections"] = pd.DataFrame(rows, columns=columns)
    chapters.perspectives(three)
    assert "## Barnrätt\n\n### Temat ”Delaktighet” i alla fritextsvar" in published.text
    assert (
        "Temat ”Delaktighet” föreslås för fritextsvar från flest förvaltningar i ”Kunskap”: 2 av 3 förvaltningar. Förslagen "
        "bygger på ord i svaren och är inte kodade av en utredare."
    ) in published.text


def test_that_a_theme_is_found_where_it_is_asked_about_is_not_told(published: Any, three: Results) -> None:
    columns = ["theme", "label", "group", "units", "answers", "base_units", "section"]
    rows = [("jamstalldhet", "Jämställdhet", "alla", n, n, 3, s) for s, n in (("s1", 1), ("s3", 2))]
    three.tables["theme_sections"] = pd.DataFrame(rows, columns=columns)
    chapters.perspectives(three)
    assert "föreslås för" not in published.text
    assert published.said[-1].startswith("Förslagen bygger på ord i svaren")


def test_units_without_quotes_are_named(published: Any, three: Results) -> None:
    chapters.units_without_quotes(three)
    assert published.said[-1].replace("\\", "") == (
        "1 av de 3 svarande förvaltningarna har ännu inget godkänt exempel: Kulturförvaltningen."
    )


# --- any survey ----------------------------------------------------------------------------------------------------

SURVEYS: dict[str, dict[str, Any]] = {
    "one year": {"kinds": "starting_point"},
    "two years": {"compared": True},
    "nobody has answered": {"rows": 0, "compared": True},
    "one answer": {"rows": 1, "compared": True},
    "no unit was asked": {"rows": 0, "units": {}, "compared": True},
    "no scales": {"only": ("plan", "vilka", "text"), "compared": True},
    "one question": {"only": ("plan",)},
    "only free text": {"only": ("text",), "compared": True},
    "only a number": {"only": ("antal",), "compared": True},
    "only a date": {"only": ("dag",)},
    "no starting points": {"kinds": "topic"},
    "people": {"respondents": "people", "times": 20, "compared": True},
    "people, everything left out": {"respondents": "people", "compared": True},
    "people, nobody": {"respondents": "people", "rows": 0},
}
"""Surveys of every kind: which questions, how many answers, whether there is a year before."""


MISTAKES = re.compile(r"\b(?:nan|NaN|None|True|False)\b|<NA>|\w+ [.,](?![.\w])|\( |\[\]|\b0 av 0\b|\w+  \w+")
"""What no reader should meet: values that only a program has, and sentences with a hole."""


@pytest.mark.parametrize("case", SURVEYS)
def test_every_survey_becomes_whole_appendices(
    built: Any,
    rows: list[dict[str, Any]],
    appendix: Callable[..., Any],
    texts_of: Callable[..., list[str]],
    case: str,
) -> None:
    how = SURVEYS[case]
    respondents, compared = how.get("respondents", "units"), how.get("compared", False)
    asked = built.survey(respondents, only=how.get("only", ()))
    if "kinds" in how:
        sections = [{**s.model_dump(), "kind": how["kinds"]} for s in asked.sections]
        asked = built.survey(respondents, sections=sections)
    given = rows[: how.get("rows", 3)] * how.get("times", 1)
    if respondents == "people":
        given = [{k: v for k, v in row.items() if k != "unit"} for row in given]
    units = how.get("units", built.units)
    results = built.results(given, asked, units=units, earlier=given if compared else None)
    names: list[tuple[str, dict[str, str]]] = [("results", {}), ("quality", {})]
    names += [("years", {})] if compared else []
    if respondents == "units":
        names += [("administration", {"unit": u}) for u in units]
    for name, parameters in names:
        page = appendix(name, **parameters)
        text = "\n".join(texts_of(page))
        assert MISTAKES.findall(text) == [], name
        if respondents == "people":
            assert "tillfrågade förvaltningar" not in text
    assert results.survey["title"] == "Enkäten om arbetet"
