"""The chapters, read as a reader would: which sentences, tables and figures come out of released results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from analysis.intake.ledger import COLUMNS as LEDGER_COLUMNS
from analysis.measures.codebook import describe_questions
from analysis.measures.counts import answers_by_unit, count_answers, summarise_numbers
from analysis.measures.response import item_nonresponse
from analysis.measures.years import compare_counts, crosswalk
from analysis.privacy.release import (
    Released,
    Results,
    public_survey,
    quote_states,
    release_answers,
    release_quotes,
)
from analysis.report import chapters
from analysis.report.tables import SUPPRESSED, Table
from analysis.survey.instrument import Survey

UNITS = {"bromma": "district", "farsta": "district", "kultur": "specialist"}
EXTENT = [("liten", "I liten grad"), ("viss", "I viss grad"), ("stor", "I stor grad")]


def survey(respondents: str = "units", **changes: Any) -> Survey:
    options = [{"id": i, "label": label} for i, label in EXTENT]
    unknown = {"id": "vet_ej", "label": "Vet ej", "means": "dont_know"}
    questions: list[dict[str, Any]] = [
        {"id": "grad", "text": "I vilken grad?", "kind": "scale", "section": "s1", "options": [*options, unknown],
         "aspect": "result", "polarity": "positive"},
        {"id": "vilka", "text": "Vilka?", "kind": "multiple", "section": "s1",
         "options": [{"id": "skola", "label": "Skola"}, {"id": "polis", "label": "Polis"}]},
        {"id": "antal", "text": "Hur många deltog?", "kind": "number", "section": "s2", "about": "people"},
        {"id": "text", "text": "Berätta.", "kind": "free_text", "section": "s2"},
    ]  # fmt: skip
    if respondents == "units":
        questions.insert(0, {"id": "vem", "text": "Vilken förvaltning?", "kind": "unit", "section": "s0"})
    return Survey.model_validate(
        {
            "title": "Enkäten",
            "year": 2021,
            "period": {"start": "2021-01-01", "end": "2021-09-30"},
            "responsible": {"publisher": "Socialförvaltningen"},
            "source": {"file": "x.csv"},
            "respondents": respondents,
            "sections": [
                {"id": "s0", "title": "Bakgrund", "kind": "background", "confirmed": True},
                {"id": "s1", "title": "Kunskap", "kind": "starting_point", "confirmed": False},
                {"id": "s2", "title": "Övrigt", "kind": "topic", "confirmed": True},
            ],
            "questions": questions,
            **changes,
        }
    )


def answers(asked: Survey, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return answers with the dtypes that cleaning gives them, from short rows."""
    frame = pd.DataFrame({"submission_id": [f"{i:012x}" for i in range(len(rows))]}, dtype="str")
    frame["unit_id"] = pd.Series([r.get("unit") for r in rows], dtype="str")
    for question in asked.questions:
        for column in question.columns() if question.kind != "unit" else ():
            given = [r.get(column) for r in rows]
            if question.is_closed:
                kind = pd.CategoricalDtype(list(question.labels()))
                frame[column] = pd.Series([v or "_not_answered" for v in given]).astype(kind)
            else:
                frame[column] = pd.Series(given, dtype="Float64" if question.kind == "number" else "str")
                status = pd.Series(["_not_answered" if v is None else "answered" for v in given])
                frame[f"{column}#status"] = status.astype("category")
    return frame


def results(asked: Survey, given: pd.DataFrame, approved: dict[str, str] | None = None) -> Results:
    """Let answers through the measures and the gate, as the notebooks do."""
    kinds = UNITS if asked.respondents == "units" else {}
    answered = set(given["unit_id"].dropna())
    response = pd.DataFrame(
        [
            (u, u.capitalize(), k, True, "complete" if u in answered else "none", 4, 4)
            for u, k in UNITS.items()
        ],
        columns=["unit_id", "name", "kind", "invited", "status", "answered_items", "asked_items"],
    ).astype({"unit_id": "str", "name": "str", "kind": "str", "status": "str"})
    tables = release_answers(
        count_answers(given, asked, kinds),
        summarise_numbers(given, asked, kinds),
        response,
        item_nonresponse(given, asked),
        answers_by_unit(given, asked),
        asked,
        kinds,
    )
    texts = pd.DataFrame(
        [
            (f"a{i}", r.unit_id, "s2", "text", "", r.text, f"h{i}")
            for i, r in enumerate(given.itertuples())
            if r.text == r.text
        ],
        columns=["answer_id", "unit_id", "section", "question", "item", "text", "text_hash"],
    ).astype("str")
    approvals = pd.DataFrame(
        [(h, "edit" if t else "approve", t, "N. N.", "2021-10-01") for h, t in (approved or {}).items()],
        columns=["text_hash", "decision", "edited_text", "by", "date"],
    )
    tables |= release_quotes(quote_states(texts, approvals), asked)
    units = pd.DataFrame([(u, u.capitalize(), u.capitalize(), k) for u, k in UNITS.items()])
    units.columns = pd.Index(["unit_id", "name", "short", "kind"])
    tables["units"] = Released(units, "Förvaltningar", "description: of units")
    statuses = pd.DataFrame({"status": ["complete"], "n": [len(given)]})
    tables["submissions"] = Released(statuses, "Inlämnade svar", "tally: of forms")
    changed = [(2, "I vilken grad?", "kept", "answer.folded", "", "", "program")] * 2
    ledger = pd.DataFrame(changed, columns=list(LEDGER_COLUMNS))
    frames = {name: table.frame for name, table in tables.items()}
    tables["codebook"] = Released(describe_questions(asked, frames, ledger), "Kodbok", "organisations: shown")
    public = {**public_survey(asked, date="2021-11-16"), "missing": []}
    return Results(public, {name: t.frame for name, t in tables.items()}, {})


class Published:
    """What a chapter said and showed, in order."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.tables: list[Table] = []
        self.charts: list[dict[str, str]] = []
        self.about: dict[str, Any] = {}

    @property
    def text(self) -> str:
        return "\n".join(self.said).replace("\u00a0", " ")

    def table(self, caption: str) -> Table:
        return next(t for t in self.tables if t.caption == caption)

    def show(self, thing: Any, **words: str) -> None:
        if isinstance(thing, Table):
            self.tables.append(thing)
        else:
            self.charts.append(words)

    def describe(self, title: str, **words: Any) -> None:
        self.about = {"title": title, **words}


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    """Collect what chapters publish instead of sending it to a notebook."""
    page = Published()
    monkeypatch.setattr(chapters, "say", page.said.append)
    monkeypatch.setattr(chapters, "show", page.show)
    monkeypatch.setattr(chapters, "describe", page.describe)
    return page


@pytest.fixture
def three_units() -> Results:
    asked = survey()
    given = answers(
        asked,
        [
            {"unit": "bromma", "grad": "viss", "vilka[skola]": "chosen", "vilka[polis]": "not_chosen", "antal": 40,
             "text": "Bromma skriver."},
            {"unit": "farsta", "grad": "viss", "vilka[skola]": "chosen", "vilka[polis]": "chosen", "antal": 12,
             "text": "Farsta *skriver*."},
            {"unit": "kultur", "grad": "_dont_know", "antal": 3},
        ],
    )  # fmt: skip
    return results(asked, given, {"h0": "", "h1": "Farsta, redigerat."})


def test_title_page_carries_the_marks_that_hold(published: Published, three_units: Results) -> None:
    chapters.open_appendix(three_units, "Bilaga 1", final=False)
    assert published.about["marks"] == ["UTKAST"]
    chapters.open_appendix(three_units, "Bilaga 1", final=True)
    assert published.about["marks"] == []
    synthetic = Results({**three_units.survey, "synthetic": True}, three_units.tables, {})
    chapters.open_appendix(synthetic, "Bilaga 1", final=False)
    assert published.about["marks"] == ["UTKAST", "SYNTETISKA EXEMPELDATA"]


def test_summary_counts_before_percentages(published: Published, three_units: Results) -> None:
    chapters.summary(three_units)
    assert "4 frågor, varav 2 med fasta svarsalternativ" in published.text
    assert "3 av 3 tillfrågade förvaltningar (100 %) har svarat." in published.text
    # Two of three said so; a percentage of three would mislead.
    finding = "”I vilken grad?” – det vanligaste svaret är ”I viss grad”, som 2 av 3 förvaltningar uppger."
    assert finding in published.text.replace("\\", "")


def test_section_says_what_was_not_confirmed_and_shows_each_question(
    published: Published, three_units: Results
) -> None:
    chapters.section(three_units, "s1")
    assert published.said[:2] == ["### Kunskap", "Avsnittets rubrik är ännu inte bekräftad mot källan."]
    assert [t.caption for t in published.tables] == ["I vilken grad?", "Vilka?"]
    assert len(published.charts) == 2


def test_table_of_a_scale_has_counts_by_kind_and_no_percentage_of_few(
    published: Published, three_units: Results
) -> None:
    chapters.section(three_units, "s1")
    table = published.table("I vilken grad?")
    headings = [c.heading for c in table.columns]
    assert headings == [
        "Svar", "Alla, antal", "Stadsdel, antal", "Fack, antal",
    ]  # fmt: skip
    assert table.rows[1] == ("I viss grad", 2, 2, 0)
    assert [row[0] for row in table.rows] == ["I liten grad", "I viss grad", "I stor grad", "Vet ej"]
    assert "Frågan gäller resultat." in table.notes
    assert any("alla 3, stadsdelsförvaltningar 2 och fackförvaltningar 1" in note for note in table.notes)


def test_percentages_come_back_where_enough_have_answered(published: Published) -> None:
    asked = survey(rules={"smallest_count": 2})
    given = answers(asked, [{"unit": u, "grad": "stor"} for u in UNITS])
    chapters.section(results(asked, given), "s1")
    assert published.table("I vilken grad?").rows[2] == ("I stor grad", 3, 100.0, 2, 100.0, 1)


def test_multiple_choice_lists_options_and_tells_who_did_not_answer(
    published: Published, three_units: Results
) -> None:
    chapters.section(three_units, "s1")
    table = published.table("Vilka?")
    assert [row[:2] for row in table.rows] == [("Skola", 2), ("Polis", 1)]
    assert any("Utanför andelarna, bland alla: ej besvarad 1." in note for note in table.notes)
    assert "Det vanligaste svaret är ”Skola”, som alla 2 förvaltningar uppger." in published.text


def test_numbers_of_people_below_the_threshold_are_not_shown(
    published: Published, three_units: Results
) -> None:
    chapters.section(three_units, "s2")
    table = published.table("Hur många deltog?")
    shown = {row[0]: row[1:] for row in table.rows}
    assert shown["Fackförvaltningar"] == (SUPPRESSED, SUPPRESSED)  # 3 people at one administration
    assert all(SUPPRESSED in row or 3.0 not in row for row in shown.values())
    assert SUPPRESSED in shown["Alla"]  # else 55 − 52 would tell


def test_only_approved_quotes_are_shown_with_their_source(published: Published, three_units: Results) -> None:
    chapters.section(three_units, "s2")
    assert "> Bromma skriver\\." in published.text
    assert "> – Bromma" in published.text
    assert "Farsta, redigerat" in published.text.replace("\\", "")
    assert "(redigerat)" in published.text.replace("\\", "")
    assert "*skriver*" not in published.text.replace("\\", "")
    assert "2 svar har lämnats i fritext. 2 svar är godkända som belysande exempel:" in published.text


def test_units_without_quotes_are_named(published: Published, three_units: Results) -> None:
    chapters.units_without_quotes(three_units)
    assert (
        "1 av 3 förvaltningar (33 %) som har svarat har ännu inget godkänt exempel: Kultur." in published.text
    )


def test_nobody_answered(published: Published) -> None:
    asked = survey()
    given = answers(asked, [{"unit": "bromma"}])
    chapters.section(results(asked, given), "s1")
    assert published.said.count("Ingen har besvarat frågan.") == 2
    assert not published.tables


def test_people_are_never_shown_one_by_one(published: Published) -> None:
    asked = survey("people")
    given = answers(asked, [{"grad": "viss", "text": "Hej"}] * 9 + [{"grad": "stor"}] * 3)
    found = results(asked, given, {"h0": ""})
    chapters.response(found)
    chapters.section(found, "s1")
    chapters.section(found, "s2")
    table = published.table("I vilken grad?")
    assert [c.heading for c in table.columns] == ["Svar", "Antal", "Andel"]
    assert all(value is SUPPRESSED for row in table.rows if row[0] == "I stor grad" for value in row[1:])
    assert published.table("Inlämnade svar efter status").rows == (("Fullständigt svar", 12),)
    assert "förvaltning" not in published.text


def test_unit_appendix_puts_own_answers_beside_others(published: Published, three_units: Results) -> None:
    chapters.unit_response(three_units, "kultur")
    chapters.unit_section(three_units, "bromma", "s1")
    chapters.unit_section(three_units, "kultur", "s2")
    assert "Kultur är en fackförvaltning och har lämnat ett fullständigt svar." in published.text
    own = published.table("Förvaltningens svar: kunskap")
    assert own.rows == (
        ("I vilken grad?", "I viss grad", "2 av 2", "2 av 3"),
        ("Vilka?", "Skola", "2 av 2", "2 av 2"),
    )
    assert published.table("Förvaltningens svar: övrigt").rows == (("Hur många deltog?", "..", "", ""),)
    assert "Förvaltningen har inte besvarat frågan." in published.text


def test_the_codebook_has_a_table_for_each_section_and_a_row_for_each_question(
    published: Published, three_units: Results
) -> None:
    chapters.codebook(three_units)
    assert [t.caption for t in published.tables] == ["Kodbok: Kunskap", "Kodbok: Övrigt"]
    headings = ["Fråga", "Frågetyp", "Svar i sak och antal", "Inget svar i sak och antal", "Ändringar"]
    assert all([c.heading for c in table.columns] == headings for table in published.tables)
    rows = [tuple(str(v).replace("\u00a0", " ") for v in row) for t in published.tables for row in t.rows]
    assert rows == [
        (
            "I vilken grad?",
            "Skala",
            "• I liten grad: 0\n• I viss grad: 2\n• I stor grad: 0",
            "Vet ej: 1",
            "2",
        ),
        ("Vilka?", "Flera svar", "• Skola: 2\n• Polis: 1", "Ej besvarad: 1", "0"),
        ("Hur många deltog?", "Tal", "Besvarad: 3", "Inget", "0"),
        ("Berätta.", "Fritext", "Besvarad: 2", "Ej besvarad: 1", "0"),
    ]


def test_the_codebook_of_people_shows_no_small_number(published: Published) -> None:
    asked = survey("people")
    given = answers(
        asked, [{"grad": "stor", "antal": 1.0}] * 20 + [{"grad": "liten", "text": "Jag."}] * 2 + [{}] * 9
    )
    chapters.codebook(results(asked, given))
    rows = [[str(v).replace("\u00a0", " ") for v in row] for t in published.tables for row in t.rows]
    assert rows[0][2] == "• I liten grad: visas inte\n• I viss grad: 0\n• I stor grad: visas inte"
    assert rows[0][4] == rows[3][4] == str(SUPPRESSED)
    assert rows[2][2:4] == ["Besvarad: 20", "Antalen visas inte"]
    assert rows[3][2:4] == ["Besvarad: visas inte", "Antalen visas inte"]


def test_numbers_of_organisations_stand_with_their_smallest_and_largest(
    published: Published, three_units: Results
) -> None:
    book = three_units.tables["codebook"]
    here = (book["question"] == "antal") & (book["value"] == "answered")
    three_units.tables["codebook"] = book.assign(
        smallest=book["smallest"].mask(here, 0.5), largest=book["largest"].mask(here, 12000)
    )
    chapters.codebook(three_units)
    cell = str(published.table("Kodbok: Övrigt").rows[0][2])
    assert cell.replace("\u00a0", " ") == "Besvarad: 3\nFrån 0,5 till 12 000"


def test_years_stand_side_by_side_for_the_same_question_only(
    published: Published, three_units: Results
) -> None:
    asked, earlier = survey(), survey(year=2020)
    old = results(earlier, answers(earlier, [{"unit": u, "grad": "stor"} for u in UNITS]))
    walk = {2020: crosswalk(asked, earlier)}
    counts = {2021: three_units.tables["counts"], 2020: old.tables["counts"]}
    three_units.tables["comparison"] = compare_counts(counts, walk)
    three_units.tables["crosswalk"] = walk[2020]
    chapters.crosswalk(three_units)
    chapters.comparison(three_units)
    assert published.tables[0].rows[0] == ("I vilken grad?", "Samma fråga")
    table = published.table("I vilken grad?")
    assert [c.heading for c in table.columns] == [
        "Svar",
        "2020, antal",
        "2020, andel",
        "2021, antal",
        "2021, andel",
    ]
    assert ("I stor grad", 3, None, 0, None) in table.rows


def test_every_rule_of_the_ledger_has_a_swedish_label() -> None:
    assert chapters._rule_label("personal_data.phone") == "Telefonnummer maskerat i fritext"
    assert chapters._rule_label("personal_data.name.uncertain") == "Namn maskerat i fritext, osäkert"
    with pytest.raises(ValueError, match="no Swedish label"):
        chapters._rule_label("new.rule")
