"""The appendix of one administration."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from analysis.privacy.release import Results
from analysis.report import chapters
from analysis.report.chapters.administration import differences

UNITS = {f"d{i}": (f"D{i} stadsdelsförvaltning", f"D{i}", "district") for i in range(5)}


@pytest.fixture
def five(built: Any) -> Results:
    asked = built.survey(only=("grad", "tydlig", "text"))
    rows = [{"unit": u, "grad": "liten" if u == "d0" else "mycket", "tydlig": "helt"} for u in UNITS]
    rows[0]["text"] = "Så här."
    return built.results(rows, asked, units=UNITS, approved={"h0": ""})


def test_the_summary_of_an_administration_in_full(published: Any, five: Results) -> None:
    chapters.unit_summary(five, "d0")
    assert (
        published.text
        == """\
D0 stadsdelsförvaltning har lämnat ett fullständigt svar. Alla tre frågor är ifyllda. Ett fritextsvar har lämnats, varav \
ett är godkänt som [belysande exempel](#tabell-begrepp).

Här skiljer sig svaren mest från [medianen](#tabell-begrepp) bland övriga stadsdelsförvaltningar:

- På frågan ”I vilken grad har kunskapen ökat?” svarar förvaltningen ”I liten grad”. Bland övriga fyra \
stadsdelsförvaltningar är det mittersta svaret ”I mycket stor grad”."""
    )


def test_differences_need_three_others_and_a_whole_step(five: Results, three: Results) -> None:
    assert [(d.question["id"], d.steps, d.n) for d in differences(five, "d0")] == [("grad", -3, 4)]
    assert differences(five, "d1") == []  # the median of the others is its own answer
    assert differences(three, "bromma") == []  # one other district


def test_an_administration_that_is_not_named_after_its_kind_is_told_of_which_it_is(
    published: Any, three: Results
) -> None:
    chapters.unit_summary(three, "kultur")
    assert published.text.startswith(
        "Kulturförvaltningen är en fackförvaltning och har lämnat ett fullständigt svar."
    )
    assert "På ingen skalfråga skiljer sig svaret med ett steg eller mer" in published.text


def test_one_that_did_not_answer_is_met_kindly(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    found = built.results(rows[:2])
    chapters.unit_summary(found, "kultur")
    assert (
        published.text
        == """\
Kulturförvaltningen är en fackförvaltning och har inte besvarat enkäten. 2 av 3 tillfrågade förvaltningar har svarat.

Förvaltningens arbete syns därför inte i årets resultat. Inga svar har lagts till för den, och den räknas som \
[objektsbortfall](#tabell-begrepp). Bilagan visar vad de som har svarat uppger."""
    )
    chapters.unit_sections(found, "kultur")
    assert published.said[-1] == (
        "Frågorna står i enkätens ordning. Tabellen visar det vanligaste svaret bland de svarande fackförvaltningarna och "
        "bland alla svarande. För en fråga som kan ha flera svar visas hur många som har valt varje alternativ. De räknas "
        "av dem som har besvarat frågan."
    )
    table = published.table("De vanligaste svaren")
    assert [c.heading for c in table.columns] == [
        "Fråga", "Vanligaste svar bland fackförvaltningar", "Vanligaste svar bland alla svarande",
    ]  # fmt: skip
    assert table.rows[1] == ("Styrningen är tydlig.", "..", "Instämmer helt: 2 av 2")


def test_one_that_is_silent_this_year_stands_beside_its_own_earlier_answers(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    found = built.results(rows[:2], earlier=rows)
    chapters.unit_summary(found, "kultur")
    assert (
        "Bilagan visar vad de som har svarat uppger, tillsammans med förvaltningens egna svar från tidigare år."
        in published.text
    )
    chapters.unit_sections(found, "kultur")
    assert published.rows("De vanligaste svaren")[:2] == [
        ("I vilken grad har kunskapen ökat?", "Vet ej", "..", "• I stor grad: 1 av 2\n• I mycket stor grad: 1 av 2"),
        ("Styrningen är tydlig.", "Instämmer inte alls", "..", "Instämmer helt: 2 av 2"),
    ]  # fmt: skip


def test_own_answers_stand_beside_those_of_the_kind_and_of_all(published: Any, three: Results) -> None:
    chapters.unit_sections(three, "bromma")
    table = published.table("Förvaltningens svar")
    assert [c.heading for c in table.columns] == [
        "Fråga", "Förvaltningen 2021", "Stadsdelsförvaltningar med samma svar", "Alla svarande med samma svar",
    ]  # fmt: skip
    rows = published.rows("Förvaltningens svar")
    assert rows[:3] == [
        ("I vilken grad har kunskapen ökat?", "I stor grad", "1 av 2", "1 av 3"),
        ("Styrningen är tydlig.", "Instämmer helt", "2 av 2", "2 av 3"),
        ("Har ni en plan?", "Ja", "2 av 2", "2 av 3"),
    ]
    assert [row[0] for row in rows[3:]] == [
        "Hur många deltog?",
        "När beslutades planen?",
        "Har ni gjort en analys?",
    ]
    options = published.table("Vilka har ni samverkat med?")
    assert [c.heading for c in options.columns][2:] == [
        "Stadsdelsförvaltningar som har valt alternativet", "Alla svarande som har valt alternativet",
    ]  # fmt: skip
    assert published.rows("Vilka har ni samverkat med?") == [
        ("Skola", "Ja", "2 av 2", "3 av 3"), ("Polis", "Ja", "1 av 2", "1 av 3"),
        ("Region Stockholm", "Nej", "0 av 2", "1 av 3"),
    ]  # fmt: skip


def test_an_answer_outside_the_base_is_counted_of_all_who_answered(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    del rows[0]["tydlig"]
    chapters.unit_sections(built.results(rows), "bromma")
    assert published.rows("Förvaltningens svar")[1] == (
        "Styrningen är tydlig.",
        "Ej besvarad",
        "1 av 2",
        "1 av 3",
    )


def test_small_numbers_of_people_are_not_shown(published: Any, three: Results) -> None:
    chapters.unit_sections(three, "kultur")
    assert published.rows("Förvaltningens svar")[3][:2] == ("Hur många deltog?", "..")


def test_numbers_of_one_question_have_the_same_decimals(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    questions = [{**q, "about": "organisations"} if q["id"] == "antal" else q for q in built.questions]
    rows[0]["antal"], rows[1]["antal"], rows[2]["antal"] = 2, 1.5, 3
    found = built.results(rows, built.survey(questions=questions), earlier=rows)
    chapters.unit_sections(found, "bromma")
    own = next(row for row in published.rows("Förvaltningens svar") if row[0] == "Hur många deltog?")
    assert own[1:3] == ("2,0", "2,0")
    assert own[4] == "Median 2,0"
    assert own[3] == "Median 1,8"  # 1.75: as many decimals as the answers have


def test_the_year_before_stands_beside(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    before = [{**rows[0], "grad": "viss", "vilka": ["region"]}, *rows[1:]]
    found = built.results(rows, earlier=before)
    chapters.unit_sections(found, "bromma")
    assert published.rows("Förvaltningens svar")[0] == (
        "I vilken grad har kunskapen ökat?", "I stor grad", "I viss grad", "1 av 2", "1 av 3",
    )  # fmt: skip
    assert [row[:3] for row in published.rows("Vilka har ni samverkat med?")] == [
        ("Skola", "Ja", "Nej"), ("Polis", "Ja", "Nej"), ("Region Stockholm", "Nej", "Ja"),
    ]  # fmt: skip


def test_an_earlier_answer_that_is_missing_is_told_with_its_reason(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    before = [{"unit": "bromma", "grad": "_dont_know", "plan": "_under_review"}, *rows[1:]]
    found = built.results(rows, earlier=before)
    walk = found.tables["crosswalk"]
    found.tables["crosswalk"] = walk.assign(status=walk["status"].mask(walk["question"] == "analys", "new"))
    chapters.unit_sections(found, "bromma")
    earlier = {row[0]: row[2] for row in published.rows("Förvaltningens svar")}
    assert earlier["I vilken grad har kunskapen ökat?"] == "Vet ej"
    assert earlier["Styrningen är tydlig."] == "Ej besvarad"
    assert earlier["Har ni en plan?"] == "Under granskning"
    assert earlier["Har ni gjort en analys?"] == "Frågan ställdes inte"
    assert [row[2] for row in published.rows("Vilka har ni samverkat med?")] == ["Ej besvarad"] * 3


def test_options_that_were_not_asked_about_the_year_before_have_a_note(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    found = built.results(rows, earlier=rows)
    walk = found.tables["crosswalk"]
    found.tables["crosswalk"] = walk.assign(status=walk["status"].mask(walk["question"] == "vilka", "new"))
    chapters.unit_sections(found, "bromma")
    table = published.table("Vilka har ni samverkat med?")
    assert len(table.columns) == 4
    assert table.notes == ("Frågan ställdes inte 2020.",)


def test_merged_administrations_say_who_answered_what(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    found = built.results(rows, earlier=rows[:2])
    places = found.tables["geography"]
    found.tables["geography"] = places.assign(newest_unit_id="bromma")
    chapters.unit_sections(found, "bromma")
    assert published.rows("Förvaltningens svar")[0][2] == (
        "I stor grad\nFarsta: i mycket stor grad\nKultur: inget svar"
    )
    assert published.rows("Vilka har ni samverkat med?")[1][2] == "Ja\nFarsta: nej\nKultur: inget svar"


def test_several_earlier_years_have_a_table(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    found = built.results(rows, earlier=rows)
    chapters.unit_history(found, "bromma")
    assert published.bundles == []  # one year stands beside this year's
    for name, column, more in (
        ("unit_history", "year", {"label": "Annat"}), ("geography", "year", {}), ("crosswalk", "earlier_year", {}),
    ):  # fmt: skip
        frame = found.tables[name]
        found.tables[name] = pd.concat([frame, frame.assign(**{column: 2019}, **more)])
    chapters.unit_history(found, "bromma")
    table = published.table("Förvaltningens svar på samma frågor över åren")
    assert [c.heading for c in table.columns] == ["Fråga", "2019", "2020", "2021"]
    assert table.rows[0] == ("I vilken grad har kunskapen ökat?", "Annat", "I stor grad", "I stor grad")
    assert [row[0] for row in table.rows][-1] == "Har ni gjort en analys?"


def test_quotes_and_their_state(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    found = built.results(rows, approved={"h0": "Bromma, redigerat."})
    chapters.unit_sections(found, "bromma")
    assert published.text.endswith("Ur svaret på frågan ”Berätta”:\n\n> Bromma, redigerat.\n>\n> – Redigerat")
    for unit, state in (
        ("bromma", "Godkänt efter ändring"),
        ("farsta", "Ej granskat"),
        ("kultur", "Inget svar"),
    ):
        chapters.unit_texts(found, unit)
        assert published.tables[-1].rows == (("Berätta.", state),)
