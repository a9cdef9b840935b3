"""The appendix of one administration."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from analysis.privacy.release import Results
from analysis.report import chapters
from analysis.report.chapters.administration import differences
from analysis.report.tables import SUPPRESSED

UNITS = {f"d{i}": (f"D{i} stadsdelsförvaltning", f"D{i}", "district") for i in range(5)}
SIGN = "Teckenförklaring: .. uppgiften visas inte, för att enskilda personer inte ska kunna kännas igen."


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

På en av enkätens två skalfrågor skiljer sig svaret med minst ett steg från [medianen](#tabell-begrepp) bland övriga \
stadsdelsförvaltningar:

- På frågan ”I vilken grad har kunskapen ökat?” svarar förvaltningen ”I liten grad”. Det mittersta av de fyra övriga \
svaren är ”I mycket stor grad”."""
    )


def test_differences_need_three_others_and_a_whole_step(five: Results, three: Results) -> None:
    assert [(d.question["id"], d.steps, d.n) for d in differences(five, "d0")] == [("grad", -3, 4)]
    assert differences(five, "d1") == []  # the median of the others is its own answer
    assert differences(three, "bromma") == []  # one other district


def told_of_scales(built: Any, published: Any, own: str, *others: str) -> str:
    """Return what the summary of d0 says of scales; each text holds the step of every scale, “-” for no answer."""
    codes = {"1": "inte_alls", "2": "liten", "3": "viss", "4": "stor", "5": "mycket", "?": "_dont_know"}
    grad = next(q for q in built.questions if q["id"] == "grad")
    scales = [{**grad, "id": f"grad{i}", "text": f"Skala {i}?"} for i in range(len(own))]
    asked = built.survey(questions=[built.questions[0], *scales])
    rows = [
        {"unit": f"d{n}"} | {f"grad{i}": codes[step] for i, step in enumerate(steps) if step != "-"}
        for n, steps in enumerate((own, *others))
    ]
    found = built.results(rows, asked, units=UNITS)
    chapters.unit_summary(found, "d0")
    told = published.text.replace("(#tabell-begrepp)", "")
    return str(told[told.index("Inga fritextsvar har lämnats.") + 31 :])


@pytest.mark.parametrize(
    ("own", "others", "told"),
    [
        ("3", ["3"] * 3, "På enkätens enda skalfråga skiljer sig svaret med mindre än ett steg från [medianen] bland övriga "
         "stadsdelsförvaltningar."),
        ("33", ["33"] * 3, "På ingen av enkätens två skalfrågor skiljer sig svaret med ett steg eller mer från [medianen] "
         "bland övriga stadsdelsförvaltningar."),
        ("33", ["33", "33", "3-"], "Svaren jämförs med övriga stadsdelsförvaltningars på den skalfråga där både "
         "förvaltningen och minst tre av dem har gett ett svar på skalan: en av enkätens två. Där skiljer sig svaret med "
         "mindre än ett steg från [medianen] bland de övriga."),
        ("333", ["333", "333", "33?"], "Svaren jämförs med övriga stadsdelsförvaltningars på de skalfrågor där både "
         "förvaltningen och minst tre av dem har gett ett svar på skalan: två av enkätens tre. På ingen av dem skiljer sig "
         "svaret med ett steg eller mer från [medianen] bland de övriga."),
        ("3?", ["33"] * 2, "Förvaltningens svar på skalfrågorna jämförs inte med övriga stadsdelsförvaltningars. Ingen av "
         "frågorna har fått ett svar på skalan av både förvaltningen och minst tre övriga stadsdelsförvaltningar, och "
         "[medianen] av färre svar än så säger för lite."),
        ("3", ["3"] * 2, "Förvaltningens svar på enkätens enda skalfråga jämförs inte med övriga stadsdelsförvaltningars. "
         "Frågan har inte fått ett svar på skalan av både förvaltningen och minst tre övriga stadsdelsförvaltningar, och "
         "[medianen] av färre svar än så säger för lite."),
    ],
)  # fmt: skip
def test_no_difference_is_told_of_the_scales_that_are_compared(
    built: Any, published: Any, own: str, others: list[str], told: str
) -> None:
    assert told_of_scales(built, published, own, *others) == told


@pytest.mark.parametrize(
    ("own", "others", "lead"),
    [
        ("5", "4", "På enkätens enda skalfråga skiljer"),
        ("55", "44", "På båda skalfrågorna i enkäten skiljer"),
        ("555", "444", "På alla tre skalfrågorna i enkäten skiljer"),
        ("554", "444", "På två av enkätens tre skalfrågor skiljer"),
        ("5-", "4-", "Där skiljer"),
        ("55-", "44-", "På båda skiljer"),
        ("555-", "444-", "På alla tre skiljer"),
        ("554-", "444-", "På två av dem skiljer"),
    ],
)
def test_the_number_of_differences_is_told(
    built: Any, published: Any, own: str, others: str, lead: str
) -> None:
    told = told_of_scales(built, published, own, others, others, others)
    assert f"{lead} sig svaret med minst ett steg från [medianen] bland" in told
    assert told.count("\n- ") == sum(step == "5" for step in own)


@pytest.mark.parametrize(
    ("own", "shown", "rule"),
    [
        ("5553", "012", ":\n"),
        ("5554", "012", ". Här visas de tre största skillnaderna:\n"),
        ("4555", "123", ". Här visas de tre största skillnaderna:\n"),
        ("5444", "012", ". Här visas de tre största skillnaderna; är flera lika stora visas de som står först i enkäten:\n"),
    ],
)  # fmt: skip
def test_at_most_three_differences_are_shown_and_the_rule_is_told_when_it_matters(
    built: Any, published: Any, own: str, shown: str, rule: str
) -> None:
    told = told_of_scales(built, published, own, "3333", "3333", "3333")
    assert f"övriga stadsdelsförvaltningar{rule}" in told
    assert re.findall(r"Skala (\d)", told) == list(shown)


def test_the_middle_between_two_answers_is_told_by_both(built: Any, published: Any) -> None:
    told = told_of_scales(built, published, "1", "2", "2", "5", "5")
    assert "De två mittersta av de fyra övriga svaren är ”I liten grad” och ”I mycket stor grad”." in told


def test_a_survey_without_scales_says_nothing_of_them(built: Any, published: Any) -> None:
    asked = built.survey(only=("plan", "text"))
    chapters.unit_summary(built.results([{"unit": "d0", "plan": "ja"}], asked, units=UNITS), "d0")
    assert published.text == (
        "D0 stadsdelsförvaltning har lämnat ett fullständigt svar. Alla två frågor är ifyllda. "
        "Inga fritextsvar har lämnats."
    )


def test_an_administration_that_is_not_named_after_its_kind_is_told_of_which_it_is(
    published: Any, three: Results
) -> None:
    chapters.unit_summary(three, "kultur")
    assert published.text.startswith(
        "Kulturförvaltningen är en fackförvaltning och har lämnat ett fullständigt svar."
    )
    assert "Förvaltningens svar på skalfrågorna jämförs inte med övriga fackförvaltningars." in published.text


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
        "Frågorna står i enkätens ordning. Tabellen visar det vanligaste svaret bland de svarande fackförvaltningarna "
        "(fack) och bland alla svarande (alla). För en fråga som kan ha flera svar visas hur många som har valt varje "
        "alternativ. Antalen räknas av dem som har besvarat frågan ([basen](#tabell-begrepp))."
    )
    table = published.table("De vanligaste svaren")
    assert [c.heading for c in table.columns] == [
        "Fråga", "Vanligaste svar, fack", "Vanligaste svar, alla",
    ]  # fmt: skip
    assert table.rows[1] == ("Styrningen är tydlig.", "Inga svar", "Instämmer helt: 2 av 2")


def test_an_empty_form_is_called_so(published: Any, three: Results) -> None:
    frame = three.tables["response"]
    three.tables["response"] = frame.assign(
        status=frame["status"].mask(frame["unit_id"] == "kultur", "empty")
    )
    chapters.unit_summary(three, "kultur")
    assert (
        "har lämnat in enkäten utan att fylla i någon fråga ([tomt svar](#tabell-begrepp))." in published.text
    )
    chapters.unit_words(three, "kultur")
    assert "Tomt svar" in [row[0] for row in published.tables[-1].rows]


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
        ("I vilken grad har kunskapen ökat?", "Vet ej", "Inga svar", "• I stor grad: 1 av 2\n• I mycket stor grad: 1 av 2"),
        ("Styrningen är tydlig.", "Instämmer inte alls", "Inga svar", "Instämmer helt: 2 av 2"),
    ]  # fmt: skip


def test_own_answers_stand_beside_those_of_the_kind_and_of_all(published: Any, three: Results) -> None:
    chapters.unit_sections(three, "bromma")
    table = published.table("Förvaltningens svar")
    assert [c.heading for c in table.columns] == [
        "Fråga", "Förvaltningen 2021", "Samma svar, stadsdel", "Samma svar, alla",
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
    assert [c.heading for c in options.columns][2:] == ["Har valt, stadsdel", "Har valt, alla"]
    assert published.rows("Vilka har ni samverkat med?") == [
        ("Skola", "Ja", "2 av 2", "3 av 3"), ("Polis", "Ja", "1 av 2", "1 av 3"),
        ("Region Stockholm", "Nej", "0 av 2", "1 av 3"),
    ]  # fmt: skip


def test_an_answer_outside_the_base_is_not_compared(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    del rows[0]["tydlig"], rows[0]["dag"]
    rows[0]["plan"] = "_under_review"
    chapters.unit_sections(built.results(rows), "bromma")
    table = published.rows("Förvaltningens svar")
    assert table[1] == ("Styrningen är tydlig.", "Ej besvarad", "Jämförs inte", "Jämförs inte")
    assert table[2] == ("Har ni en plan?", "Under granskning", "Jämförs inte", "Jämförs inte")
    assert (
        "Jämförs inte: ”Ej besvarad” och ”Under granskning” ingår inte i basen; datum räknas inte samman."
        in published.table("Förvaltningens svar").notes
    )


def test_what_is_not_compared_is_not_explained_where_all_is(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    asked = built.survey(only=("grad", "tydlig", "text"))
    chapters.unit_sections(built.results(rows, asked), "bromma")
    assert published.table("Förvaltningens svar").footer() == ()


def test_dates_are_written_in_words(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    before = [{**rows[0], "dag": "2020-04-19"}, {**rows[1], "dag": "2020-12-01"}, rows[2]]
    found = built.results(rows, earlier=before)
    chapters.unit_sections(found, "bromma")
    of = {row[0]: row[1:] for row in published.rows("Förvaltningens svar")}
    assert of["När beslutades planen?"] == ("1 mars 2021", "19 april 2020", "Jämförs inte", "Jämförs inte")
    assert "Jämförs inte: datum räknas inte samman." in published.table("Förvaltningens svar").notes
    chapters.unit_sections(found, "farsta")
    assert published.tables[-2].rows[4][1:3] == ("Ej besvarad", "1 december 2020")


def test_small_numbers_of_people_are_not_shown(published: Any, three: Results) -> None:
    chapters.unit_sections(three, "kultur")
    table = published.table("Förvaltningens svar")
    assert table.rows[3] == ("Hur många deltog?", SUPPRESSED, SUPPRESSED, SUPPRESSED)
    assert table.footer()[-1] == SIGN


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
    assert published.table("Förvaltningens svar").notes[0] == (
        "Median: där svaret är ett tal visas medianen av svaren, inte antalet med samma svar."
    )


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
    found.tables["unit_history"] = found.tables["unit_history"].assign(newest_unit_id="bromma")
    chapters.unit_sections(found, "bromma")
    table = published.table("Förvaltningens svar")
    assert table.columns[2].heading == "Tidigare förvaltningar 2020"
    assert table.rows[0][2] == "I stor grad\nFarsta: i mycket stor grad"
    options = published.table("Vilka har ni samverkat med?")
    assert [c.heading for c in options.columns[1:4]] == [
        "Förvaltningen 2021",
        "Förvaltningen 2020",
        "Farsta 2020",
    ]
    assert options.rows[1][:4] == ("Polis", "Ja", "Ja", "Nej")
    assert published.said[1].endswith("Kulturförvaltningen lämnade inga svar 2020.")


def test_a_hidden_number_of_an_earlier_administration_is_told_in_words(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    found = built.results(rows, earlier=rows)
    for name in ("geography", "unit_history"):
        found.tables[name] = found.tables[name].assign(newest_unit_id="bromma")
    chapters.unit_sections(found, "bromma")
    of = {row[0]: row[2] for row in published.rows("Förvaltningens svar")}
    assert of["Hur många deltog?"] == "40\nFarsta: 12\nKultur: visas inte"


def with_first_year(found: Results, year: int, but: str = "") -> None:
    """Add a first year in which all, but one, answered as in the other; its answers other than dates are “Annat”."""
    for name, column in (("unit_history", "year"), ("geography", "year"), ("crosswalk", "earlier_year")):
        frame = found.tables[name]
        first = frame.assign(**{column: year})
        if name == "unit_history":
            first = first[first["unit_id"] != but]
            first["label"] = first["label"].where(first["question"] == "dag", "Annat")
        found.tables[name] = pd.concat([frame, first])


def test_several_earlier_years_have_a_table(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    found = built.results(rows, earlier=rows)
    chapters.unit_history(found, "bromma")
    assert published.bundles == []  # one year stands beside this year's
    with_first_year(found, 2019)
    chapters.unit_history(found, "bromma")
    assert published.said == [
        "## Svar över åren",
        "Tabellen visar svaren på frågor som har ställts på samma sätt 2021 och minst ett tidigare år. Frågor som kan ha "
        "flera svar och fritextfrågor ingår inte.",
    ]
    table = published.table("Förvaltningens svar på samma frågor över åren")
    assert [c.heading for c in table.columns] == ["Fråga", "2019", "2020", "2021"]
    assert table.rows[0] == ("I vilken grad har kunskapen ökat?", "Annat", "I stor grad", "I stor grad")
    assert [row[0] for row in table.rows][-1] == "Har ni gjort en analys?"


def test_one_that_was_silent_the_year_before_has_its_answers_of_other_years(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    found = built.results(rows, earlier=rows)
    with_first_year(found, 2019)
    history = found.tables["unit_history"]
    silent = (history["unit_id"] == "bromma") & (history["year"] == 2020)
    found.tables["unit_history"] = history[~silent]
    chapters.unit_sections(found, "bromma")
    assert published.said[1].endswith(
        "Förvaltningen lämnade inga svar 2020. Svaren från 2019 står i [](#tabell-over-aren)."
    )
    assert [c.heading for c in published.table("Förvaltningens svar").columns][1:3] == [
        "Förvaltningen 2021", "Samma svar, stadsdel",
    ]  # fmt: skip
    chapters.unit_history(found, "bromma")
    assert published.said[-1].endswith("ingår inte. Förvaltningen lämnade inga svar 2020.")
    assert [c.heading for c in published.tables[-1].columns] == ["Fråga", "2019", "2021"]
    assert published.tables[-1].key == "over-aren"


def test_one_that_answered_the_year_before_only_has_the_table_too(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    found = built.results(rows, earlier=rows)
    with_first_year(found, 2019, but="bromma")
    chapters.unit_sections(found, "bromma")
    assert "lämnade inga svar" not in published.text
    chapters.unit_history(found, "bromma")
    assert published.said[-1].endswith("Förvaltningen lämnade inga svar 2019.")
    assert [c.heading for c in published.tables[-1].columns] == ["Fråga", "2020", "2021"]


def test_one_that_never_answered_before_is_told_so_without_a_table(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    found = built.results(rows, earlier=rows[1:])
    with_first_year(found, 2019)
    chapters.unit_sections(found, "bromma")
    assert published.said[1].endswith("Förvaltningen lämnade inga svar 2019 och 2020.")
    assert "over-aren" not in published.text
    published.bundles.clear()
    chapters.unit_history(found, "bromma")
    assert published.bundles == []


def test_one_that_is_silent_this_year_has_its_earlier_years_and_is_told_of_this_one(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    found = built.results(rows[:2], earlier=rows)
    with_first_year(found, 2019)
    chapters.unit_history(found, "kultur")
    assert published.said[-1].endswith("Förvaltningen lämnade inga svar 2021.")
    assert [c.heading for c in published.tables[-1].columns] == ["Fråga", "2019", "2020"]
    assert published.tables[-1].footer() == (SIGN,)  # three people is a small number


def test_one_that_was_not_asked_an_earlier_year_is_told_so(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    found = built.results(rows, earlier=rows[1:])
    places = found.tables["geography"]
    found.tables["geography"] = places[places["unit_id"] != "bromma"]
    chapters.unit_sections(found, "bromma")
    assert published.said[1].endswith("Förvaltningen ingick inte i enkäten 2020.")


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


def words_of(published: Any, results: Results, unit_id: str) -> list[str]:
    published.bundles.clear()
    chapters.unit_words(results, unit_id)
    return [str(row[0]) for row in published.table("Begrepp och tecken").rows]


def test_only_words_that_the_appendix_uses_are_explained(
    published: Any, built: Any, five: Results, rows: list[dict[str, Any]]
) -> None:
    both = ["Bas", "Belysande exempel", "Fritext", "Fullständigt svar", "Ifylld fråga", "Median", "Stadsdel"]
    assert words_of(published, five, "d0") == both
    assert words_of(published, five, "d1") == [name for name in both if name != "Belysande exempel"]
    silent = built.results(rows[:2])
    assert words_of(published, silent, "kultur") == ["Bas", "Fack", "Objektsbortfall"]
    told = words_of(published, built.results(rows), "kultur")
    assert told == [
        "Bas", "Fack", "Fritext", "Fullständigt svar", "Ifylld fråga", "Median", "Små antal", "Vet ej", "..",
    ]  # fmt: skip
    assert published.said == ["## Begrepp och tecken"]


def test_words_of_quotes_and_questions_are_not_words_of_the_appendix(published: Any, built: Any) -> None:
    questions = [
        {**q, "text": "Är medianen ej aktuellt i er stadsdel?"} if q["id"] == "plan" else q
        for q in built.questions
    ]
    asked = built.survey(questions=[q for q in questions if q["id"] in ("vem", "plan", "text")])
    row = {
        "unit": "kultur",
        "plan": "ja",
        "text": "Objektsbortfall och median under granskning i en stadsdel.",
    }
    told = words_of(published, built.results([row], asked, approved={"h0": ""}), "kultur")
    assert told == ["Bas", "Belysande exempel", "Fack", "Fritext", "Fullständigt svar", "Ifylld fråga"]


def test_the_notebook_publishes_the_words_that_its_links_point_at(
    appendix: Any, texts_of: Any, three: Results
) -> None:
    texts = texts_of(appendix("administration", unit="bromma"))
    assert texts.count("Begrepp och tecken") == 2  # a heading and a table
    assert not any("en person" in text for text in texts)
