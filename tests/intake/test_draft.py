from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.cells import from_rows
from analysis.intake.clean import clean
from analysis.intake.decode import Grid
from analysis.intake.dialects import DIALECTS, find_table
from analysis.intake.draft import Draft, draft_survey, to_settle, to_yaml
from analysis.problems import InputError
from analysis.survey.instrument import Question, read_survey
from analysis.survey.units import Register


@pytest.fixture
def drafted(register) -> Callable[..., Draft]:
    def drafted(columns: dict[str, list[str]], tool: str = "table", **more: object) -> Draft:
        rows = [list(columns), *map(list, zip(*columns.values(), strict=True))]
        if tool == "eusurvey":
            rows = [["Alias", "x", *[""] * (len(columns) - 2)], *rows]
        grid = Grid("svar.csv", "0" * 64, from_rows(rows), **more)
        table = find_table(grid, "svar.csv", dialect=tool)
        return draft_survey(table, grid, year=2024, register=register)

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
    assert survey.source.exported is None  # the file does not tell it
    assert (survey.period.start, survey.period.end) == (dt.date(2024, 1, 1), dt.date(2024, 12, 31))
    assert [s.confirmed for s in survey.sections] == [False]
    assert draft.settle == [
        "The title, the period, the publisher and the sections are placeholders: fill them in.",
        "Confirm each question's kind and the order of its options, and say with `about` whether it counts people.",
        "An option that nobody chose is not in the export: add it where the questionnaire has one.",
    ]


def test_a_draft_is_read_back_equal_from_its_yaml(drafted, tmp_path: Path) -> None:
    draft = drafted(
        {
            "Tidstämpel": [f"10/{2 * i + 1}/2024 08:00:00" for i in range(12)],
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
    assert draft.survey.source.dates is None
    assert "dates" not in yaml.safe_load(to_yaml(draft))["source"]


def test_units_are_recognised_by_the_register(drafted) -> None:
    draft = drafted({"Förvaltning": ["Bromma", "Farsta sdf", "Järva", "Okänd", "Farsta"], "Plan?": JA[:5]})
    assert kinds(draft)["Förvaltning"] == "unit"
    assert draft.survey.respondents == "units"
    assert [line for line in draft.settle if "same unit" in line] == [
        "1 question is taken for the unit that answers: 1 submission gives way to another one of the same unit: q01 "
        "“Förvaltning”."
    ]


def test_units_that_are_named_by_many_are_a_choice(drafted) -> None:
    draft = drafted({"Var bor du?": ["Bromma", "Farsta", "Järva", "Rinkeby"] * 3, "Plan?": JA})
    asked = question(draft, "Var bor du?")
    assert (asked.kind, draft.survey.respondents) == ("single", "people")
    assert {o.label for o in asked.options} == {"Bromma", "Farsta", "Järva", "Rinkeby"}
    (line,) = [line for line in draft.settle if "names of units" in line]
    assert "12 submissions name 3 units" in line
    assert "write `kind: unit` in place of `kind: single`" in line
    # Two submissions of each are those of administrations; a second question of units is a choice.
    draft = drafted(
        {
            "Enhet?": ["Bromma", "Farsta", "Järva"] * 2,
            "Och?": ["Bromma", "Farsta", "Järva"] * 2,
            "Plan?": JA[:6],
        }
    )
    assert kinds(draft) == {"Enhet?": "unit", "Och?": "single", "Plan?": "single"}


def test_what_tells_who_somebody_is_becomes_no_option(drafted) -> None:
    told = {
        "Chef?": ["Moa Stenlund", "Kim Ek", "Anna von Essen", "Kim Ek"] * 3,
        "Hur når vi dig?": ["070-123 45 67", "a.b@c.se", "08-508 12 345"] * 4,
        "Nummer?": ["811228-9874", ""] * 6,
        "Vad tycker du?": ["Bra", "Ring mig på kvällen: 070-123 45 67", "Dåligt"] * 4,
        "Och mer?": ["En mycket lång mening som några råkat skriva av från varandra, ord för ord"] * 4 + TEXTS[:8],
        "Plan?": JA,
    }  # fmt: skip
    draft = drafted(told)
    assert kinds(draft) == {
        "Chef?": "free_text", "Vad tycker du?": "free_text", "Och mer?": "free_text", "Plan?": "single",
    }  # fmt: skip
    assert {d.column: d.why for d in draft.survey.drop} == {
        "Hur når vi dig?": "personal",
        "Nummer?": "personal",
    }
    assert [line.partition(":")[0] for line in draft.settle[3:]] == [
        "2 columns are dropped as personal, for holding e-mail addresses, telephone numbers or personal numbers",
        "1 question is of answers that look like names of persons, taken for free text",
        "1 question is holding e-mail addresses, telephone numbers or personal numbers, taken for free text",
    ]


@pytest.mark.parametrize(
    ("tool", "columns"),
    [
        ("limesurvey", {
            "id": [str(i) for i in range(12)], "submitdate": ["2024-10-01 10:00:00"] * 12, "lastpage": ["3"] * 12,
            "V[SQ001]": ["Y", "", ""] * 4, "V[SQ002]": ["Y", "", ""] * 4, "V[other]": ["", "eget", ""] * 4,
        }),
        ("surveymonkey", {
            "Respondent ID": [str(7 * i) for i in range(12)], "V - A": ["A", "", ""] * 4, "V - B": ["B", "", ""] * 4,
            "V - Other (please specify)": ["", "Schack", ""] * 4,
        }),
        ("google_forms", {
            "Tidstämpel": [str(i) for i in range(12)], "V": ["A, B", "", "A", "B", "A", ""] * 2,
            "Annat, ange vad": ["", *TEXTS[:4], ""] + [""] * 6,
        }),
    ],
)  # fmt: skip
def test_who_only_wrote_a_text_beside_the_options_is_told(drafted, tool: str, columns) -> None:
    draft = drafted(columns, tool)
    assert [q.kind for q in draft.survey.questions] == ["multiple", "free_text"]
    (line,) = [line for line in draft.settle if "beside a text of one's own" in line]
    n = 1 if tool == "google_forms" else 4
    assert f"counts as not answered on the choices, here {n} submission" in line


def test_errors_of_a_spreadsheet_do_not_decide_a_kind(drafted) -> None:
    draft = drafted({"Antal": ["105", "#N/A", "40", "#SAKNAS!"] * 3, "Plan?": JA, "Tom": ["#REF!"] * 12})
    assert kinds(draft) == {"Antal": "number", "Plan?": "single", "Tom": "free_text"}
    lines = [line for line in draft.settle if "error of a spreadsheet" in line]
    said = [yaml.safe_load(line.split("`")[1])["missing"] for line in lines]
    assert said == [{"#N/A": "lost"}, {"#SAKNAS!": "lost"}, {"#REF!": "lost"}]


def test_dates_with_short_years_are_texts(drafted) -> None:
    draft = drafted({"När?": ["7.11.24", "25.1.24", "1.2.23"] * 4, "Plan?": JA})
    assert kinds(draft)["När?"] == "free_text"
    assert any("dates with two digits for the year" in line for line in draft.settle)


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
    assert [q.id for q in draft.survey.questions] == ["akt", "akt_other"]


@pytest.mark.parametrize("other", ["", "Bio"])
def test_a_box_for_a_text_of_ones_own_is_no_option_though_nobody_used_it(drafted, other: str) -> None:
    draft = drafted(
        {
            "Respondent ID": [str(7 * i) for i in range(12)],
            "V? - Skola": ["Skola", ""] * 6,
            "V? - Polis": ["Polis", "", ""] * 4,
            "V? - Other (please specify)": [other, *[""] * 11],
        },
        "surveymonkey",
    )
    assert kinds(draft) == {"V?": "multiple", "V? [Other (please specify)]": "free_text"}
    assert [o.label for o in question(draft, "V?").options] == ["Skola", "Polis"]


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
        "1 column is dropped as personal, for holding e-mail addresses, telephone numbers or personal numbers: “Hur når "
        "vi er?”.",
        "1 column is dropped as personal, for asking who answers: “Kontaktperson för enkäten”.",
        "1 question is answered with one option only: add the others of the questionnaire: q03 “Webbsida”.",
    ]


def test_the_same_doubt_about_many_questions_is_one_line(drafted) -> None:
    columns = {f"Påstående {i}": ["1", "2", "3", "5"] * 3 for i in range(5)}
    draft = drafted(
        columns | {"Plan?": ["Ja", "Nej"] * 5 + ["Tja", "Nja"], "Tom": [""] * 12, "Varför?": TEXTS}
    )
    assert draft.settle[3:] == [
        "5 questions are taken for a scale from 1 to 5, in the order of the numbers: q01, q02, q03, q04, q05.",
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
    grid = Grid("svar.csv", "0" * 64, from_rows(rows))
    table = find_table(grid, "svar.csv", dialect=draft.survey.source.dialect)
    cleaned = clean(table, draft.survey, name="survey.yaml", register=register)
    assert cleaned.accounting["raw_cells"] == sum(bool(c) for row in rows[1:] for c in row)
    assert cleaned.accounting["unaccounted"] == 0
    assert cleaned.review.empty


def test_nobody_can_take_a_placeholder_for_a_fact(drafted) -> None:
    survey = drafted({"a": JA, "b": JA}).survey
    assert (survey.title, survey.responsible.publisher) == (
        "Enkät 2024 (titel ej angiven)",
        "Utgivare ej angiven",
    )
    assert survey.sections[0].title == "Enkätens frågor (avsnitt ej angivna)"


def test_an_export_without_a_question_is_refused(drafted) -> None:
    columns = {
        "Svarsid": list("123"),
        "Vår kontaktperson": ["Ada", "Bo", "Cia"],
        "Hur nås ni?": ["a@b.se"] * 3,
    }
    with pytest.raises(InputError) as caught:
        drafted({"Kontaktperson": columns["Vår kontaktperson"], "Hur nås ni?": columns["Hur nås ni?"]})
    assert str(caught.value) == (
        "svar.csv: every column is a survey tool's own or tells who answers: there is no question. Export the answers "
        "too."
    )


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        (["3/4/2024", "5/6/2024"], False),
        (["3/4/2024", "25/6/2024"], True),
        (["3/4/2024", "6/25/2024"], True),
        (["2024-03-04"], True),
    ],
)
def test_dates_that_can_be_read_in_two_ways_are_told(drafted, dates: list[str], told: bool) -> None:
    times = len(JA) // len(dates)
    draft = drafted({"Svarsdatum": dates * times, "När?": dates * times, "Plan?": JA})
    assert kinds(draft)["När?"] == "date"
    assert [line for line in draft.settle if "two ways" in line] == (
        []
        if told
        else [
            "2 columns are of dates that can be read in two ways, for no day is above 12: put `dates: dmy` or `dates: mdy` "
            "under `source`: “Svarsdatum”, “När?”."
        ]
    )
    assert draft.survey.period.end == (
        {
            "25/6/2024": dt.date(2024, 6, 25),
            "6/25/2024": dt.date(2024, 6, 25),
            "2024-03-04": dt.date(2024, 3, 4),
        }.get(dates[-1], dt.date(2024, 12, 31))
    )


def test_the_line_that_a_doubt_gives_is_accepted(drafted) -> None:
    draft = drafted({"Ålder?": ["20", "35", "71", "999"] * 3, "Plan?": JA})
    (line,) = [doubt for doubt in draft.settle if "stand for a missing answer" in doubt]
    said = yaml.safe_load(line.split("`")[1])
    assert said == {"missing": {"999": "not_answered"}}
    age = question(draft, "Ålder?")
    assert Question.model_validate(age.model_dump() | said).missing == {"999": "not_answered"}


def test_an_option_that_is_there_twice_is_a_question_of_its_own_the_second_time(drafted) -> None:
    draft = drafted(
        {"q[1]. V? [A]": JA, "q[2]. V? [B]": ["Nej"] * 12, "q[3]. V? [a]": JA, "p. Plan?": JA}, "limesurvey"
    )
    assert [o.label for o in question(draft, "V?").options] == ["A", "B"]
    assert question(draft, "V? [a]").kind == "single"


def test_a_blank_that_is_no_zero_is_left_to_the_cleaner(drafted) -> None:
    draft = drafted(
        {
            "plan": ["mejl brev", "", "brev"] * 4, "plan/mejl": ["1", "", "0"] * 4, "plan/brev": ["1", "", "1"] * 4,
            "_id": [str(i) for i in range(12)], "_uuid": [f"u{i}" for i in range(12)],
        },
        "kobotoolbox",
    )  # fmt: skip
    chosen = question(draft, "plan")
    assert [(o.label, o.column, o.means) for o in chosen.options] == [
        ("mejl", "plan/mejl", None), ("brev", "plan/brev", None),
    ]  # fmt: skip
    assert [(d.column, d.why) for d in draft.survey.drop] == [("plan", "unused")]


def test_labels_of_a_file_that_are_no_options(drafted) -> None:
    names = ["v1", "v2", "v3"]
    rows = [
        names,
        ["Ålder", "Ort", "Svar"],
        *(
            [age, place, word]
            for age, place, word in zip(
                ["20", "35", "Över 90"] * 4, ["Kista", "Solna"] * 6, ["Ja", "Nej", "Kanske"] * 4, strict=True
            )
        ),
    ]
    more = {"format": "sav", "value_labels": {0: {"91": "Över 90"}, 2: {"1": "Ja", "2": "Nej", "3": "ja"}}}
    grid = Grid("svar.sav", "0" * 64, from_rows(rows), **more)
    register = Register.read(Path(__file__).parents[2] / "data" / "reference" / "units.csv")
    table = find_table(grid, "svar.sav")
    draft = draft_survey(table, grid, year=2024, register=register)
    assert kinds(draft) == {"Ålder": "single", "Ort": "single", "Svar": "single"}
    assert {o.label for o in question(draft, "Svar").options} == {"Ja", "Nej", "Kanske"}


REGISTER = Register.read(Path(__file__).parents[2] / "data" / "reference" / "units.csv")
SIGNS = "aB1/[] -:,;.\n\u00a0\u200båΩ😀'\"{}#&*?|<>=!%@`\\~"
WORDS = st.one_of(
    st.sampled_from(
        [
            "",
            "",
            "Ja",
            "Nej",
            "1",
            "0",
            "5",
            "99",
            "-1",
            "Vet ej",
            "N/A",
            "2024-01-02",
            "3/4/2024",
            "A;B;",
            "A, b",
            "null",
        ]
    ),
    st.text(SIGNS, max_size=6),
)


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_any_draft_can_be_read_back(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    width = data.draw(st.integers(1, 5))
    height = data.draw(st.integers(2, 14))
    tool = data.draw(st.sampled_from([d.name for d in DIALECTS]))
    own = {
        "google_forms": ["Timestamp"], "kobotoolbox": ["_id", "_uuid"], "microsoft_forms": ["ID", "Starttid", "Slutförandetid"],
        "limesurvey": ["id", "submitdate", "lastpage"], "surveymonkey": ["Respondent ID"],
    }.get(tool, [])  # fmt: skip
    header = own + data.draw(st.lists(WORDS, min_size=width, max_size=width))
    rows = data.draw(
        st.lists(
            st.lists(WORDS, min_size=len(header), max_size=len(header)), min_size=height, max_size=height
        )
    )
    more = {}
    if tool == "spss":
        labels = st.dictionaries(st.sampled_from("12359"), WORDS.filter(str.strip), max_size=4)
        more = {
            "format": "sav",
            "value_labels": {i: data.draw(labels) for i in range(len(header))},
            "user_missing": {0: tuple(data.draw(st.lists(WORDS, max_size=2)))},
        }
    grid = Grid("svar", "0" * 64, from_rows([header, *rows]), **more)
    try:
        table = find_table(grid, "svar")
        draft = draft_survey(table, grid, year=2024, register=REGISTER)
    except InputError:
        return
    path = tmp_path_factory.mktemp("drafted") / "survey.yaml"
    path.write_text(to_yaml(draft), encoding="utf-8")
    assert read_survey(path, "survey.yaml", year=2024) == draft.survey
    assert len(set(draft.settle)) == len(draft.settle)
