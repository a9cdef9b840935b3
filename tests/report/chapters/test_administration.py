"""The appendix of one administration."""

from __future__ import annotations

from typing import Any

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
D0 stadsdelsförvaltning har lämnat ett fullständigt svar. Alla 3 frågor är besvarade. Ett fritextsvar har lämnats, varav \
ett är godkänt som [belysande exempel](#tabell-begrepp).

Här skiljer sig svaren mest från [medianen](#tabell-begrepp) bland övriga stadsdelsförvaltningar:

- På frågan ”I vilken grad har kunskapen ökat?” svarar förvaltningen ”I liten grad”. Bland övriga fyra \
stadsdelsförvaltningar är det mittersta svaret ”I mycket stor grad”.

Bredvid förvaltningens svar visar tabellerna hur många stadsdelsförvaltningar, och hur många av alla, som har gett samma \
svar, av dem som har besvarat frågan. En asterisk (*) betyder att rubrikens ordalydelse ännu inte är bekräftad mot \
källan."""
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

Det betyder bara att förvaltningens arbete inte syns i årets resultat. Inga svar har lagts till för den, och den räknas \
som [objektsbortfall](#tabell-begrepp). Bilagan visar i stället vad de som har svarat uppger, bredvid det som \
förvaltningen själv kan ha svarat tidigare år.

Tabellerna visar det vanligaste svaret bland fackförvaltningar och bland alla som har besvarat frågan. En asterisk (*) \
betyder att rubrikens ordalydelse ännu inte är bekräftad mot källan."""
    )
    chapters.unit_sections(found, "kultur")
    assert published.rows("Svar: kunskap")[1] == ("Styrningen är tydlig.", "..", "Instämmer helt: 2 av 2")


def test_own_answers_stand_beside_those_of_the_kind_and_of_all(published: Any, three: Results) -> None:
    chapters.unit_section(three, "bromma", "s1")
    assert [c.heading for c in published.table("Svar: kunskap").columns] == [
        "Fråga", "Förvaltningen 2021", "Stadsdelsförvaltningar", "Alla",
    ]  # fmt: skip
    assert published.rows("Svar: kunskap") == [
        ("I vilken grad har kunskapen ökat?", "I stor grad", "1 av 2", "1 av 3"),
        ("Styrningen är tydlig.", "Instämmer helt", "2 av 2", "2 av 3"),
    ]
    assert published.rows("Vilka har ni samverkat med?") == [
        ("Skola", "Ja", "2 av 2", "3 av 3"), ("Polis", "Ja", "1 av 2", "1 av 3"),
        ("Region Stockholm", "Nej", "0 av 2", "1 av 3"),
    ]  # fmt: skip


def test_small_numbers_of_people_are_not_shown(published: Any, three: Results) -> None:
    chapters.unit_section(three, "kultur", "s2")
    assert published.rows("Svar: övrigt")[1][:2] == ("Hur många deltog?", "..")


def test_the_year_before_stands_beside(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    before = [{**rows[0], "grad": "viss", "vilka": ["region"]}, *rows[1:]]
    found = built.results(rows, earlier=before)
    chapters.unit_section(found, "bromma", "s1")
    assert published.rows("Svar: kunskap")[0] == (
        "I vilken grad har kunskapen ökat?", "I stor grad", "I viss grad", "1 av 2", "1 av 3",
    )  # fmt: skip
    assert [row[:3] for row in published.rows("Vilka har ni samverkat med?")] == [
        ("Skola", "Ja", "Nej"), ("Polis", "Ja", "Nej"), ("Region Stockholm", "Nej", "Ja"),
    ]  # fmt: skip


def test_merged_administrations_say_who_answered_what(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    found = built.results(rows, earlier=rows)
    history = found.tables["unit_history"]
    found.tables["unit_history"] = history.assign(
        newest_unit_id=history["newest_unit_id"].replace("farsta", "bromma")
    )
    chapters.unit_section(found, "bromma", "s1")
    assert published.rows("Svar: kunskap")[0][2] == "I stor grad\nFarsta: I mycket stor grad"
    assert published.rows("Vilka har ni samverkat med?")[1][2] == "Ja\nFarsta: nej"


def test_several_earlier_years_have_a_table(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    found = built.results(rows, earlier=rows)
    chapters.unit_history(found, "bromma")
    assert published.bundles == []  # one year stands beside this year's
    history = found.tables["unit_history"]
    import pandas as pd

    found.tables["unit_history"] = pd.concat([history, history.assign(year=2019, label="Annat")])
    chapters.unit_history(found, "bromma")
    table = published.table("Förvaltningens svar på samma frågor över åren")
    assert [c.heading for c in table.columns] == ["Fråga", "2019", "2020", "2021"]
    assert table.rows[0] == ("I vilken grad har kunskapen ökat?", "Annat", "I stor grad", "I stor grad")


def test_quotes_and_their_state(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    found = built.results(rows, approved={"h0": "Bromma, redigerat."})
    chapters.unit_section(found, "bromma", "s2")
    assert published.text.endswith("Ur svaret på frågan ”Berätta”:\n\n> Bromma, redigerat.\n>\n> – Redigerat")
    for unit, state in (
        ("bromma", "Godkänt efter ändring"),
        ("farsta", "Ej granskat"),
        ("kultur", "Inget svar"),
    ):
        chapters.unit_texts(found, unit)
        assert published.tables[-1].rows == (("Berätta.", state),)
