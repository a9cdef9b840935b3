from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from analysis.intake.clean import clean
from analysis.intake.decode import Grid
from analysis.intake.dialects import find_table
from analysis.intake.draft import Draft, draft_survey, to_settle, to_yaml
from analysis.survey.instrument import Question, read_survey


@pytest.fixture
def drafted(register) -> Callable[..., Draft]:
    def drafted(columns: dict[str, list[str]], tool: str = "table", **more: object) -> Draft:
        rows = [list(columns), *map(list, zip(*columns.values(), strict=True))]
        if tool == "eusurvey":
            rows = [["Alias", "x", *[""] * (len(columns) - 2)], *rows]
        cells = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="row"), dtype="str")
        grid = Grid("svar.csv", "0" * 64, cells, **more)
        table = find_table(grid, "svar.csv", tool)
        return draft_survey(table, grid, year=2024, exported=dt.date(2024, 11, 1), register=register)

    return drafted


def kinds(draft: Draft) -> dict[str, str]:
    return {q.text: q.kind for q in draft.survey.questions}


def question(draft: Draft, text: str) -> Question:
    return next(q for q in draft.survey.questions if q.text == text)


TEXTS = [f"Vi har börjat med {i} grupper, i liten skala, och ser hur det går." for i in range(12)]
JA = ["Ja", "Nej", "Ja"] * 4


def test_a_draft_of_a_small_export(drafted) -> None:
    draft = drafted({"Svarsid": [str(i) for i in range(12)], "Har ni en plan?": JA, "Varför?": TEXTS})
    survey = draft.survey
    assert kinds(draft) == {"Har ni en plan?": "single", "Varför?": "free_text"}
    assert [q.id for q in survey.questions] == ["q01", "q02"]
    assert (survey.year, survey.draft, survey.respondents, survey.language) == (2024, True, "people", "sv")
    assert (survey.source.file, survey.source.dialect, survey.source.sheet) == ("svar.csv", "table", None)
    assert survey.source.exported == dt.date(2024, 11, 1)
    assert (survey.period.start, survey.period.end) == (dt.date(2024, 1, 1), dt.date(2024, 12, 31))
    assert [s.confirmed for s in survey.sections] == [False]
    assert draft.settle == [
        "The title, the period, the publisher and the sections are placeholders.",
        "Confirm each question's kind and the order of its options, and say with `about` whether it counts people.",
        "An option that nobody chose is not in the export: add it where the questionnaire has one.",
    ]


def test_a_draft_is_read_back_equal_from_its_yaml(drafted, tmp_path: Path) -> None:
    draft = drafted(
        {
            "Tidstämpel": [f"10/{i + 1}/2024 08:00:00" for i in range(12)],
            "Plan: ja eller nej?": JA,
            "Hur? [På jobbet]": ["1", "2", "3", "4"] * 3,
            "Hur? [Hemma]": ["1", "2", "3", "5"] * 3,
            "Vilka?": ["Skola, Polis", "Polis", "Skola"] * 4,
            "# Nej: 'citat' \"två\"": TEXTS,
        },
        "google_forms",
    )
    path = tmp_path / "survey.yaml"
    path.write_text(to_yaml(draft), encoding="utf-8")
    assert read_survey(path, "survey.yaml", year=2024) == draft.survey
    assert to_yaml(draft).startswith("# yaml-language-server: $schema=../../reference/survey.schema.json\n")
    assert yaml.safe_load(to_yaml(draft))["draft"] is True
    assert draft.survey.source.dates == "mdy"
    assert draft.survey.period.end == dt.date(2024, 10, 12)


def test_units_are_recognised_by_the_register(drafted) -> None:
    draft = drafted({"Förvaltning": ["Bromma", "Farsta sdf", "Järva", "Okänd"] * 3, "Plan?": JA})
    assert kinds(draft)["Förvaltning"] == "unit"
    assert draft.survey.respondents == "units"


def test_a_grid_is_one_question_with_items(drafted) -> None:
    draft = drafted({"Hur? [A]": ["Ofta", "Ibland"] * 6, "Hur? [B]": ["Aldrig", "Ofta"] * 6}, "table")
    assert [q.kind for q in draft.survey.questions] == ["scale", "scale"]  # a plain table has no grids
    draft = drafted(
        {"Tidstämpel": ["x"] * 12, "Hur? [A]": ["Ofta", "Ibland"] * 6, "Hur? [B]": ["Aldrig", "Ofta"] * 6},
        "google_forms",
    )
    grid = question(draft, "Hur?")
    assert [o.label for o in grid.options] == ["Aldrig", "Ibland", "Ofta"]
    assert [(i.id, i.text, i.column) for i in grid.items] == [("a", "A", "Hur? [A]"), ("b", "B", "Hur? [B]")]


def test_items_of_different_kinds_are_questions_of_their_own(drafted) -> None:
    draft = drafted(
        {
            "Tidstämpel": ["x"] * 12,
            "Om er [plan]": JA,
            "Om er [antal]": [str(i * i) for i in range(12)],
            "Om er [mer]": TEXTS,
        },
        "google_forms",
    )
    assert kinds(draft) == {"Om er [plan]": "single", "Om er [antal]": "number", "Om er [mer]": "free_text"}
    assert [q.column for q in draft.survey.questions] == ["Om er [plan]", "Om er [antal]", "Om er [mer]"]


def test_options_with_a_column_each_and_the_other_beside_them(drafted) -> None:
    draft = drafted(
        {
            "id. Svars-ID": [str(i) for i in range(12)],
            "akt[SQ001]. Vilka? [Skola]": JA,
            "akt[SQ002]. Vilka? [Polis]": ["Nej"] * 12,
            "akt[SQ003]. Vilka? [Vet ej]": ["Nej", "Ja", "Nej"] * 4,
            "akt[other]. Vilka? [Annat]": TEXTS,
        },
        "limesurvey",
    )
    chosen = question(draft, "Vilka?")
    assert (chosen.id, chosen.kind) == ("akt", "multiple")
    assert [(o.label, o.means) for o in chosen.options] == [
        ("Skola", None),
        ("Polis", None),
        ("Vet ej", "dont_know"),
    ]
    assert question(draft, "Vilka? [Annat]").kind == "free_text"
    assert [q.id for q in draft.survey.questions] == ["akt", "akt_2"]


def test_a_missing_answer_that_is_chosen_with_others_is_an_option(drafted) -> None:
    draft = drafted(
        {"q[1]. V? [A]": ["Ja"] * 12, "q[2]. V? [N/A]": ["Ja", "Nej"] * 6, "p. Plan?": JA}, "limesurvey"
    )
    assert [o.means for o in question(draft, "V?").options] == [None, None]


def test_technical_and_personal_columns_are_dropped_and_named(drafted) -> None:
    draft = drafted(
        {
            "E-post": ["a@b.se"] * 12,
            "Språk": ["sv"] * 12,
            "Nr": [str(i) for i in range(100, 112)],
            "Länk": [f"https://x.se/{i}" for i in range(12)],
            "Hur når vi er?": ["a@b.se", "", "b.c@d.org"] * 4,
            "Kontaktperson för enkäten": ["Ada Ek", "Bo Ek", ""] * 4,
            "Har ni en kontaktperson?": JA,
            "Poäng": [str(i % 5 + 1) for i in range(12)],
            "Webbsida": ["https://x.se", ""] * 6,
        }
    )
    assert list(kinds(draft)) == ["Har ni en kontaktperson?", "Poäng", "Webbsida"]
    assert {d.column: d.why for d in draft.survey.drop} == {
        "Nr": "technical",
        "Länk": "technical",
        "Hur når vi er?": "personal",
        "Kontaktperson för enkäten": "personal",
    }
    assert draft.settle[3:] == [
        "1 column is dropped as personal: “E-post”.",
        "1 column is dropped as technical: “Språk”.",
        "2 columns are dropped as technical, for numbering or linking the answers: “Nr”, “Länk”.",
        "1 column is dropped as personal, for holding e-mail addresses: “Hur når vi er?”.",
        "1 column is dropped as personal, for asking who answers: “Kontaktperson för enkäten”.",
    ]


def test_the_same_doubt_about_many_questions_is_one_line(drafted) -> None:
    columns = {f"Påstående {i}": ["1", "2", "3", "5"] * 3 for i in range(5)}
    draft = drafted(columns | {"Plan?": ["Ja", "Nej"] * 5 + ["Tja", "Nja"], "Tom": [""] * 12})
    assert draft.settle[3:] == [
        "5 questions are taken for a scale from 1 to 5: q01, q02, q03, q04, q05.",
        "1 question is open to review, for so many rare answers that do not fit: q06 (2) “Plan?”.",
        "1 question is taken for free text, for want of answers: q07 “Tom”.",
    ]
    assert to_settle(draft).startswith("# To settle before the survey can be trusted\n\n- [ ] The title, ")
    assert to_settle(draft).count("- [ ] ") == len(draft.settle) == 6


def test_sheets_that_were_not_read_are_named(drafted) -> None:
    draft = drafted({"a": JA, "b": JA}, sheet="Svar", other_sheets=("Koder", "Logg"))
    assert draft.survey.source.sheet == "Svar"
    assert draft.settle[-1] == "Sheets that were not read: Koder, Logg."


@pytest.mark.parametrize(
    ("numbers", "decimal"), [(["1,5", "2", "3"], ","), (["1.5", "2", "3"], "."), (["1", "2"], ",")]
)
def test_the_decimal_mark(drafted, numbers: list[str], decimal: str) -> None:
    assert drafted({"Hur många?": numbers, "b": JA[: len(numbers)]}).survey.source.decimal == decimal


def test_english_headers(drafted) -> None:
    assert drafted({"Do you have a plan?": JA, "What is the name of the tool?": JA}).survey.language == "en"


def test_separators_of_an_unknown_tool_are_written_down(drafted) -> None:
    draft = drafted({"Vilka?": ["Skola, Polis", "Polis", "Skola"] * 4, "Plan?": JA})
    assert question(draft, "Vilka?").separator == ", "


def test_a_draft_can_be_cleaned_and_nothing_is_lost(drafted, register) -> None:
    columns = {
        "Svarsid": [str(i) for i in range(12)],
        "Förvaltning": ["Bromma", "Farsta", "Järva"] * 4,
        "Vilka?": ["Skola, Polis", "Polis", "Skola", ""] * 3,
        "Plan?": JA,
        "Varför?": TEXTS,
    }
    draft = drafted(columns)
    rows = [list(columns), *map(list, zip(*columns.values(), strict=True))]
    cells = pd.DataFrame(rows, index=pd.RangeIndex(1, 14, name="row"), dtype="str")
    table = find_table(Grid("svar.csv", "0" * 64, cells), "svar.csv", draft.survey.source.dialect)
    cleaned = clean(table, draft.survey, name="survey.yaml", register=register)
    assert cleaned.accounting["raw_cells"] == sum(bool(c) for row in rows[1:] for c in row)
    assert cleaned.accounting["unaccounted"] == 0
    assert cleaned.review.empty
