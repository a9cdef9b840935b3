"""Appendix 2: method, nonresponse, cleaning, coding, suppression, provenance, quality declaration and codebook."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from analysis.privacy.release import Results
from analysis.report import chapters
from analysis.report.chapters import quality
from analysis.report.tables import SUPPRESSED


def test_what_is_left_to_do_is_listed(published: Any, three: Results) -> None:
    chapters.missing(three)
    assert published.text == "Inget återstår: underlaget är bekräftat, granskat och godkänt."
    chapters.missing(Results({**three.survey, "missing": ["Diarienummer saknas."]}, three.tables, {}))
    assert (
        published.said[-1]
        == "Innan bilagorna kan bli slutliga återstår följande:\n\n- Diarienummer saknas\\."
    )


def test_the_method_in_full(published: Any, three: Results) -> None:
    chapters.method(three)
    assert (
        published.text
        == """\
Enkäten är en [totalundersökning](#tabell-begrepp): alla berörda förvaltningar tillfrågas. Därför finns inget \
urvalsfel, och varken signifikanstest eller felmarginaler redovisas.

Frågorna gäller perioden 1 januari 2021 till 30 september 2021. Enkäten skickades ut den 1 oktober 2021. Svaren \
lämnades in mellan den 5 oktober 2021 och den 20 oktober 2021. Om en förvaltning har lämnat flera svar gäller det \
senaste fullständiga.

Det som förvaltningarna uppger återges som deras uppfattning och inte som bevisade effekter. Antal redovisas före \
andelar."""
    )


def test_replaced_answers_are_counted_in_words(published: Any, three: Results) -> None:
    three.tables["submissions"] = pd.DataFrame({"status": ["complete", "superseded"], "n": [3, 1]})
    chapters.method(three)
    assert "Ett inlämnat svar har ersatts av ett senare." in published.text


def test_the_method_of_people_names_no_administrations(published: Any, built: Any) -> None:
    chapters.method(built.results([{"grad": "stor"}] * 9, built.survey("people", only=("grad",))))
    assert "Enkäten har besvarats av personer." in published.text
    assert "förvaltning" not in published.text


def test_nonresponse_is_told_by_question(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    chapters.item_nonresponse(built.results(rows))
    assert published.text == (
        "3 av 8 frågor har lämnats utan svar minst en gång. Flest svar saknas på frågan ”När beslutades planen?”: två svar."
    )
    assert published.rows("Svar och partiellt bortfall per fråga")[0] == (
        "I vilken grad har kunskapen ökat?",
        "2",
        "1",
        "–",
    )
    notes = published.table("Svar och partiellt bortfall per fråga").notes
    assert notes[-1] == "”Vet ej” är ett svar på frågan och ingår inte i det partiella bortfallet."


def test_questions_with_equally_many_missing_answers_are_all_told(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    for row in rows:
        row["dag"] = "2021-03-01"
    chapters.item_nonresponse(built.results(rows))
    assert published.text.endswith(
        "på frågorna ”Berätta” och ”Har ni gjort en analys?”: ett svar på var och en."
    )
    del rows[1]["grad"]
    chapters.item_nonresponse(built.results(rows))
    assert published.text.endswith("Flest svar saknas på tre frågor: ett svar på var och en.")


def test_nonresponse_is_told_by_kind(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    chapters.nonresponse(built.results(rows[:2]))
    assert published.text.endswith(
        "Kulturförvaltningen har inte svarat. Hur mycket varje förvaltning har fyllt i framgår av bilaga 1."
    )
    assert published.rows("Svar och objektsbortfall per förvaltningstyp") == [
        ("Stadsdelsförvaltningar", "2", "2", "–", "–"), ("Fackförvaltningar", "1", "–", "–", "1"),
        ("Alla", "3", "2", "–", "1"),
    ]  # fmt: skip


def test_every_cell_is_accounted_for(published: Any, three: Results) -> None:
    chapters.cleaning(three)
    assert published.text == (
        "Exporten har 40 ifyllda celler. 30 av 40 celler (75 %) är kvar i svaren, och två ändringar har gjorts i dem. "
        "Varje ifylld cell är redovisad."
    )
    assert published.rows("Alla ifyllda celler i exporten och vad som har hänt med dem") == [
        ("Kvar i svaren", "30", "75 %"), ("Utelämnade", "10", "25 %"), ("Inte redovisade", "–", "0 %"),
        ("Alla ifyllda celler", "40", "100 %"),
    ]  # fmt: skip
    assert published.figures[0]["caption"] == "Vad som har hänt med de 40 ifyllda cellerna"


def test_what_waits_for_a_person(published: Any, built: Any, rows: list[dict[str, Any]]) -> None:
    chapters.review(built.results(rows))
    assert published.text == "Inget väntar på beslut."
    chapters.review(built.results(rows, review={"answer": 1, "personal_data": 1}))
    assert published.said[-1].startswith("Två tolkningsfrågor väntar på en utredares beslut.")


def test_uncoded_text_is_said_to_be_uncoded(published: Any, three: Results) -> None:
    chapters.coding(three)
    assert published.text == (
        "Fritextsvaren är inte kodade efter teman.\n\n2 av 2 fritextsvar (100 %) har granskats av en utredare som möjliga "
        "[belysande exempel](#tabell-begrepp)."
    )
    three.tables["themes"] = pd.DataFrame()
    chapters.coding(three)
    assert "De teman som visas är maskinella förslag." in published.text


def test_what_is_left_out_is_counted(published: Any, three: Results) -> None:
    chapters.suppression(three)
    hidden = sum(label["suppressed"] for label in three.catalogue.values())
    assert hidden > 1
    assert "Förvaltningar namnges med avsikt. Antal personer under fem visas inte" in published.text
    assert "värden har utelämnats för att skydda enskilda." in published.text
    assert sum(row[3] for row in published.tables[0].rows) == hidden


def test_where_the_results_come_from(published: Any, three: Results) -> None:
    chapters.provenance(three)
    assert published.text == (
        "Samma underlag och samma versioner av programmen ger samma bilagor, tecken för tecken. Bilagorna är daterade den "
        "16 november 2021."
    )
    assert published.rows("Inlämnade filer och deras kontrollsummor") == [("data/raw/2021/x.csv", "ab" * 32)]
    assert published.rows("Program som har använts") == [("pandas", "3.0.0")]


# --- the quality declaration ---------------------------------------------------------------------------------------

HEADINGS = [
    "### Relevans", "### Noggrannhet", "#### Totalt", "#### Urval", "#### Ramtäckning", "#### Mätning",
    "#### Bortfall", "#### Bearbetning", "### Aktualitet", "### Punktlighet", "### Tillgänglighet",
    "### Jämförbarhet", "### Samstämmighet",
]  # fmt: skip


def test_the_declaration_has_the_headings_of_statistics_sweden(published: Any, three: Results) -> None:
    chapters.quality_declaration(three)
    assert [text for text in published.said if text.startswith("#")] == HEADINGS


def test_the_declaration_is_written_from_the_data(
    published: Any, built: Any, rows: list[dict[str, Any]]
) -> None:
    chapters.quality_declaration(built.results(rows[:2], earlier=rows))
    text = published.text
    assert "Enkäten avser enkäten om arbetet och har åtta frågor. Uppgiftslämnare är förvaltningar." in text
    assert "Ingen förvaltning har svarat utan att stå på sändlistan." in text
    assert "[Objektsbortfallet](#tabell-begrepp) är 1 av 3 förvaltningar." in text
    assert "De som inte har svarat ingår inte i resultaten" in text
    assert "Bilagorna är daterade 47 dagar senare, den 16 november 2021." in text
    assert "Det sista svaret lämnades in den 20 oktober 2021." in text
    assert "8 av 8 frågor (100 %) är desamma som 2020" in text
    assert "Alla bilagor och tabeller bygger på samma två inlämnade svar" in text


def test_the_declaration_of_people_claims_no_census(published: Any, built: Any) -> None:
    chapters.quality_declaration(
        built.results([{"grad": "stor"}] * 20, built.survey("people", only=("grad",)))
    )
    text = published.text
    assert "totalundersökning" not in text
    assert "kan inte räknas upp till en större grupp" in text
    assert "Uppgiftslämnare är personer." in text
    assert "Resultaten jämförs inte med något tidigare år." in text


# --- codebook ------------------------------------------------------------------------------------------------------


def cells(published: Any) -> list[list[str]]:
    return [
        [str(v).replace("\u00a0", " ").replace("\u202f", " ") for v in row]
        for t in published.tables
        for row in t.rows
    ]


def test_the_codebook_has_a_table_for_each_section_and_a_row_for_each_question(
    published: Any, three: Results
) -> None:
    chapters.codebook(three)
    assert [t.caption for t in published.tables] == [
        "Kodbok: Kunskap",
        "Kodbok: Övrigt",
        "Kodbok: Jämställdhet",
    ]
    headings = ["Fråga", "Frågetyp", "Svar i sak och antal", "Inget svar i sak och antal", "Ändringar"]
    assert all([c.heading for c in table.columns] == headings for table in published.tables)
    rows = cells(published)
    assert rows[0] == [
        "I vilken grad har kunskapen ökat?", "Skala",
        "• Inte alls: 0\n• I liten grad: 0\n• I viss grad: 0\n• I stor grad: 1\n• I mycket stor grad: 1",
        "Vet ej: 1", "2",
    ]  # fmt: skip
    assert rows[1] == [
        "Vilka har ni samverkat med?", "Flera svar", "• Skola: 3\n• Polis: 1\n• Region Stockholm: 1", "–", "0",
    ]  # fmt: skip
    assert rows[6] == ["Berätta.", "Fritext", "Besvarad: 2", "Ej besvarad: 1", "0"]


def test_the_codebook_of_people_shows_no_small_number(published: Any, built: Any) -> None:
    asked = built.survey("people", only=("grad", "antal", "text"))
    given = [{"grad": "stor", "antal": 1.0}] * 20 + [{"grad": "liten", "text": "Jag."}] * 2 + [{}] * 9
    chapters.codebook(built.results(given, asked))
    rows = cells(published)
    assert "I liten grad: visas inte" in rows[0][2]
    assert "I viss grad: 0" in rows[0][2]
    assert rows[0][4] == rows[2][4] == str(SUPPRESSED)
    assert rows[1][2:4] == ["Besvarad: 20", "Antalen visas inte"]
    assert rows[2][2:4] == ["Besvarad: visas inte", "Antalen visas inte"]


def test_numbers_of_organisations_stand_with_their_smallest_and_largest(
    published: Any, three: Results
) -> None:
    book = three.tables["codebook"]
    here = (book["question"] == "antal") & (book["value"] == "answered")
    three.tables["codebook"] = book.assign(
        smallest=book["smallest"].mask(here, 1.0), largest=book["largest"].mask(here, 12000)
    )
    chapters.codebook(three)
    assert [row[2] for row in cells(published) if row[1] == "Tal"] == ["Besvarad: 3\nFrån 1 till 12 000"]


def test_every_rule_of_the_ledger_has_a_swedish_label() -> None:
    assert quality._rule_label("personal_data.email") == "E-postadress maskerad i fritext"
    assert quality._rule_label("personal_data.name.uncertain") == "Namn maskerat i fritext, osäkert"
    with pytest.raises(ValueError, match="no Swedish label"):
        quality._rule_label("new.rule")
