from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.problems import InputError, Problem
from analysis.survey.instrument import (
    MISSING_KINDS,
    Question,
    Survey,
    fold,
    read_survey,
    read_yaml,
    schema_json,
)

ROOT = Path(__file__).parents[2]
EXAMPLE_YEARS = (2021, 2022, 2023)

SURVEY = """\
title: Enkät
year: 2021
period: {start: 2020-10-01, end: 2021-09-30}
responsible: {publisher: Staden}
source: {file: export.csv}
respondents: people
sections:
  - {id: a, title: Avsnitt, kind: topic, confirmed: true}
questions:
  - id: plan
    text: Har ni en plan?
    kind: single
    section: a
    options:
      - {id: ja, label: Ja}
      - {id: nej, label: Nej}
"""
"""Line numbers in the tests below count in this text."""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "survey.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def problems(path: Path, **given: int) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        read_survey(path, "survey.yaml", **given)
    return list(caught.value.problems)


def the_problem(path: Path, **given: int) -> Problem:
    found = problems(path, **given)
    assert len(found) == 1, [str(p) for p in found]
    return found[0]


def test_a_small_survey_is_read_as_it_stands(write) -> None:
    survey = read_survey(write(SURVEY), "survey.yaml", year=2021)
    question = survey.question("plan")
    assert (survey.title, survey.year, survey.on.isoformat()) == ("Enkät", 2021, "2021-09-30")
    assert question.header == "Har ni en plan?"
    assert [o.value for o in question.options] == ["ja", "nej"]
    assert survey.unit_question is None
    with pytest.raises(KeyError, match="no question 'x' in the survey of 2021"):
        survey.question("x")


# --- What is wrong, on which line, and what to do ---

WRONG = {
    # name: (text of SURVEY, put in its place, line, column, what, what to do)
    "a key is missing": ("title: Enkät\n", "", 1, "title", "'title' is missing", "Add it"),
    "a key is misspelt": (
        "respondents: people", "respondents: people\nrespondent: x", 7, "respondent",
        "'respondent' is not a known key", "Correct its spelling or remove it",
    ),
    "a text is empty": ("title: Enkät", "title: ''", 1, "title", "'title' is empty", "Fill it in"),
    "a list is empty": (
        "sections:\n  - {id: a, title: Avsnitt, kind: topic, confirmed: true}", "sections: []", 7, "sections",
        "'sections' is empty", "Add at least one",
    ),
    "yes is no text": (
        "label: Ja}", "label: yes}", 15, "questions.0.options.0.label",
        "'label' is not text", "Write it as text, in quotes if it looks like a number or yes/no",
    ),
    "a list is no list": (
        "source: {file: export.csv}", "source: {file: export.csv}\ndrop: E-post", 6, "drop",
        "'drop' is not a list", "Write one entry on each line, beginning with a dash",
    ),
    "an entry is no group": (
        "source: {file: export.csv}", "source: {file: export.csv}\ndrop:\n  - E-post", 7, "drop.0",
        "entry 1 of 'drop' is not a group of keys and values", "Write it as key: value",
    ),
    "neither true nor false": (
        "confirmed: true", "confirmed: kanske", 8, "sections.0.confirmed",
        "'confirmed' is neither true nor false", "Write true or false",
    ),
    "no such date": (
        "end: 2021-09-30", "end: 2021-09-31", 3, "period.end", "'end' is not a date", "Write it as 2021-10-19",
    ),
    "a date and a time": (
        "end: 2021-09-30", "end: 2021-09-30 12:30:00", 3, "period.end",
        "'end' is not a date", "Write it as 2021-10-19",
    ),
    "no whole number": (
        "year: 2021", "year: i fjol", 2, "year", "'year' is not a whole number", "Write a whole number",
    ),
    "a year far away": (
        "year: 2021", "year: 20211", 2, "year",
        "'year' is 20211: input should be less than or equal to 2999", "Correct the value",
    ),
    "none of the values": (
        "kind: single", "kind: choice", 12, "questions.0.kind", "'kind' is 'choice'",
        "Use one of 'single', 'scale', 'multiple', 'number', 'free_text', 'date' or 'unit'",
    ),
    "an id with a capital": (
        "id: plan", "id: Plan", 10, "questions.0.id", "'id' is 'Plan'",
        "Use small letters a–z, digits and underscores, beginning with a letter",
    ),
    "the period ends before it starts": (
        "end: 2021-09-30", "end: 2020-09-30", 3, "period.end",
        "the period ends before it starts", "Correct start or end",
    ),
    "no options": (
        "    options:\n      - {id: ja, label: Ja}\n      - {id: nej, label: Nej}\n", "", 10, "questions.0",
        "a question of kind single needs options", "List its options in order",
    ),
    "options of a text": (
        "kind: single", "kind: free_text", 14, "questions.0.options",
        "a question of kind free_text has no options", "Remove them or change the kind",
    ),
    "items of a multiple": (
        "kind: single", "kind: multiple\n    items: [{id: x, text: X, column: X}]", 13, "questions.0.items",
        "a question of kind multiple cannot have items", "Make each item a question",
    ),
    "polarity of a single": (
        "kind: single", "kind: single\n    polarity: positive", 13, "questions.0.polarity",
        "polarity belongs to scales only", "Remove polarity or make the kind scale",
    ),
    "separator of a single": (
        "kind: single", "kind: single\n    separator: ', '", 13, "questions.0.separator",
        "only a multiple question has a separator", "Remove it or make the kind multiple",
    ),
    "a column of an option of a single": (
        "label: Nej}", "label: Nej, column: B}", 16, "questions.0.options.1.column",
        "an option of a question of kind single has no column of its own",
        "Remove it, or make the kind multiple",
    ),
    "some options with a column": (
        "kind: single\n    section: a\n    options:\n      - {id: ja, label: Ja}",
        "kind: multiple\n    section: a\n    options:\n      - {id: ja, label: Ja, column: A}",
        16, "questions.0.options.1", "the option 'nej' has no column, but others have",
        "Give each option its column",
    ),
    "an option id twice": (
        "id: nej", "id: ja", 16, "questions.0.options.1.id",
        "the option id 'ja' is used more than once", "Make each unique",
    ),
    "an option label twice, but for its case": (
        "label: Nej", "label: JA", 16, "questions.0.options.1.label",
        "the option label 'ja' is used more than once", "Make each unique",
    ),
    "a meaning twice": (
        "label: Ja}\n      - {id: nej, label: Nej}",
        "label: Vet ej, means: dont_know}\n      - {id: nej, label: Kan ej svara, means: dont_know}",
        16, "questions.0.options.1.means", "the meaning of an option 'dont_know' is used more than once",
        "Make each unique",
    ),
    "an item id twice": (
        "    options:",
        "    items: [{id: x, text: X, column: X}, {id: x, text: Y, column: Y}]\n    options:",
        14, "questions.0.items.1.id", "the item id 'x' is used more than once", "Make each unique",
    ),
    "a section that is not there": (
        "section: a", "section: b", 13, "questions.0.section",
        "the section 'b' is not among the sections", "Use one of a",
    ),
    "an earlier year that is not earlier": (
        "section: a", "section: a\n    earlier: [{year: 2021, question: plan, status: same}]", 14,
        "questions.0.earlier.0.year", "2021 is not earlier than 2021", "Correct the year",
    ),
    "units answer, but no question asks which": (
        "respondents: people", "respondents: units", 6, "respondents", "0 questions have kind unit",
        "Give exactly one question the kind unit, or none and set respondents to people",
    ),
    "a column read twice": (
        "questions:\n", "questions:\n  - {id: again, text: 'Har ni en plan?', kind: free_text, section: a}\n", 11,
        "questions.1", "the column of the export 'Har ni en plan?' is used more than once", "Make each unique",
    ),
    "a column read and dropped": (
        "questions:\n", "drop: [{column: 'Har ni en plan?', why: unused}]\nquestions:\n", 9,
        "drop.0", "the column of the export 'Har ni en plan?' is used more than once", "Make each unique",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_every_problem_names_its_line_and_what_to_do(write, name: str) -> None:
    old, new, line, column, what, do = WRONG[name]
    assert SURVEY.count(old) >= 1
    found = the_problem(write(SURVEY.replace(old, new, 1)))
    assert (found.line, found.column, found.what, found.do) == (line, column, what, do)
    assert found.file == "survey.yaml"


def test_two_unit_questions_are_one_too_many(write) -> None:
    unit = "  - {{id: {0}, text: {0}, kind: unit, section: a}}\n"
    text = SURVEY.replace("respondents: people", "respondents: units")
    found = the_problem(write(text + unit.format("u1") + unit.format("u2")))
    assert (found.line, found.what) == (18, "2 questions have kind unit")


def test_all_problems_are_told_at_once(write) -> None:
    text = SURVEY.replace("title: Enkät\n", "").replace("id: nej, label: Nej", "id: ja, label: Ja")
    text = text.replace("kind: topic", "kind: chapter")
    assert [(p.line, p.what) for p in problems(write(text))] == [
        (1, "'title' is missing"),
        (7, "'kind' is 'chapter'"),
        (15, "the option id 'ja' is used more than once"),
        (15, "the option label 'ja' is used more than once"),
    ]


def test_a_list_whose_entries_are_all_wrong_is_not_also_called_empty(write) -> None:
    assert [p.what for p in problems(write(SURVEY.replace("kind: topic, ", "")))] == ["'kind' is missing"]


def test_the_year_must_be_that_of_the_folder(write) -> None:
    found = the_problem(write(SURVEY), year=2022)
    assert str(found) == (
        "survey.yaml, line 2: the year is 2021, but the folder is that of 2022. "
        "Correct the year, or move the file to the right folder."
    )


# --- Files that are no YAML ---


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    found = the_problem(tmp_path / "survey.yaml")
    assert (found.what, found.do) == ("the file is missing", "Add it; `analysis new-year` drafts one")


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    assert the_problem(tmp_path).what == "cannot be read (Is a directory)"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("title: Enkät\nyear: 2021\ntitle: Igen\n", 3, "is not valid YAML: the key 'title' is given twice"),
        ("source:\n  file: a\n  file: b\n", 3, "is not valid YAML: the key 'file' is given twice"),
        ("title: [Enkät\nyear: 2021\n", 2, "is not valid YAML: expected ',' or ']', but got ':'"),
        ("title: Enkät: del 2\n", 1, "is not valid YAML: mapping values are not allowed here"),
        ("title: 'Enkät\n", 2, "is not valid YAML: found unexpected end of stream"),
        ("title:\n\tEnkät\n", 2, "is not valid YAML: found character '\\t' that cannot start any token"),
        ("title: *a\n", 1, "is not valid YAML: found undefined alias 'a'"),
        ("? [a, b]\n: c\n", 1, "is not valid YAML: a key is not a word"),
        ("x: &a {y: *a}\n", 1, "is not valid YAML: found unconstructable recursive node"),
        ("- &a [*a]\n", None, "is nested too deep, or a part refers to itself"),
        ("year: !!int i fjol\n", None, "is not valid YAML: invalid literal for int() with base 10: 'i fjol'"),
        (
            "title: !!python/object/apply:os.getcwd []\n", 1,
            "is not valid YAML: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object/apply:os.getcwd'",
        ),
        ("", None, "holds no description of a survey"),
        ("# bara en kommentar\n", None, "holds no description of a survey"),
        ("- title: Enkät\n", None, "holds no description of a survey"),
        ("bara text\n", None, "holds no description of a survey"),
    ],
)  # fmt: skip
def test_broken_yaml_names_the_line(write, text: str, line: int | None, what: str) -> None:
    found = the_problem(write(text))
    assert (found.line, found.what) == (line, what)
    assert found.do


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "survey.yaml"
    path.write_bytes("year: 2021\ntitle: Enkät\n".encode("cp1252"))
    found = the_problem(path)
    assert (found.line, found.what) == (2, "the file is not UTF-8")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "survey.yaml"
    path.write_bytes(b"title: \x00\x01\n")
    assert the_problem(path).what.startswith("is not valid YAML: unacceptable character")


def test_a_byte_order_mark_is_no_problem(write) -> None:
    assert read_survey(write("\ufeff" + SURVEY), "x").title == "Enkät"


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet="ab:-[]{}'\"&*!?|>#, \n\t019", max_size=80).map(str.encode))
def test_any_bytes_give_a_survey_or_a_clear_problem(tmp_path_factory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "survey.yaml"
    path.write_bytes(raw)
    for problem in problems(path):
        assert problem.what
        assert problem.do


def test_lines_are_those_of_keys_and_entries(write) -> None:
    _, lines = read_yaml(write(SURVEY), "x")
    assert lines["title",] == 1
    assert lines["sections", 0] == 8
    assert lines["questions", 0, "options", 1, "label"] == 16


def test_dates_stay_text_until_the_model_reads_them(write) -> None:
    data, _ = read_yaml(write("a: 2021-02-30\nb: 2021-02-03\n"), "x")
    assert data == {"a": "2021-02-30", "b": "2021-02-03"}


# --- What a question says about its columns ---


def question(**given: object) -> Question:
    return Question.model_validate({"id": "q", "text": "Fråga", "section": "a"} | given)


OPTIONS = ({"id": "a", "label": "A"}, {"id": "v", "label": "Vet ej", "means": "dont_know"})


def test_a_single_question_has_one_column_and_its_options_as_values() -> None:
    single = question(kind="single", options=OPTIONS, column="Rubrik")
    assert (single.headers(), single.columns()) == (("Rubrik",), ("q",))
    assert list(single.labels().items()) == [
        ("a", "A"),
        ("_dont_know", "Vet ej"),
        *((k, v) for k, v in MISSING_KINDS.items() if k != "_dont_know"),
    ]


def test_a_grid_has_a_column_for_each_item() -> None:
    items = [{"id": "x", "text": "X", "column": "Fråga [X]"}, {"id": "y", "text": "Y", "column": "Fråga [Y]"}]
    grid = question(kind="scale", options=OPTIONS, items=items)
    assert (grid.headers(), grid.columns()) == (("Fråga [X]", "Fråga [Y]"), ("q[x]", "q[y]"))


def test_a_multiple_question_has_a_column_for_each_option_that_is_an_answer() -> None:
    one_cell = question(kind="multiple", options=OPTIONS)
    assert (one_cell.headers(), one_cell.columns(), one_cell.one_column_each) == (
        ("Fråga",),
        ("q[a]",),
        False,
    )
    each = question(kind="multiple", options=[o | {"column": o["id"]} for o in OPTIONS])
    assert (each.headers(), each.columns(), each.one_column_each) == (("a", "v"), ("q[a]",), True)
    assert list(each.labels())[:3] == ["chosen", "not_chosen", "_dont_know"]
    assert each.labels()["_dont_know"] == "Vet ej"


@pytest.mark.parametrize(
    ("respondents", "about", "counts"),
    [
        ("people", None, True),
        ("units", None, False),
        ("people", "organisations", False),
        ("units", "people", True),
    ],
)
def test_which_questions_count_people(respondents: str, about: str | None, counts: bool) -> None:
    data = yaml.safe_load(SURVEY) | {"respondents": respondents}
    data["questions"][0]["about"] = about
    data["questions"].append({"id": "u", "text": "u", "section": "a", "kind": "unit"})
    survey = Survey.model_validate(data)
    assert survey.counts_people(survey.question("plan")) is counts


# --- fold ---


@pytest.mark.parametrize(
    "written",
    [
        "Vet ej", "VET EJ", " vet  ej ", "vet\u00a0ej", "vet ej.", "vet\tej\n", "\ufeffvet ej", "vet\u200b ej",
        "vet\u2009ej .", "ve\u00adt ej",
    ],
)  # fmt: skip
def test_what_never_carries_meaning_is_folded(written: str) -> None:
    assert fold(written) == "vet ej"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hägersten–Älvsjö", "hägersten-älvsjö"),
        ("I don’t know", "i don't know"),
        ("Ma\u030angbyt", "mångbyt"),
        ("Straße", "STRASSE"),
        ("−5", "-5"),
        ("Vet ej. .", "Vet ej"),
    ],
)
def test_dashes_apostrophes_and_decomposed_letters_are_folded(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Hässelby", "Hasselby"), ("Ja", "Ja!"), ("1", "1+"), ("C", "C#"), ("a b", "ab")]
)
def test_what_carries_meaning_stays(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=30))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


# --- The schema that editors use ---


def test_the_schema_beside_the_register_is_that_of_the_models() -> None:
    written = (ROOT / "data" / "reference" / "survey.schema.json").read_text(encoding="utf-8")
    assert written == schema_json(), "run `make schema`, or write schema_json() to the file"


@pytest.mark.parametrize("year", EXAMPLE_YEARS)
def test_the_example_years_keep_the_schema(year: int) -> None:
    schema = json.loads(schema_json())
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    path = ROOT / "data" / "raw" / str(year) / "survey.yaml"
    data, _ = read_yaml(path, "survey.yaml")
    assert [e.message for e in validator.iter_errors(data)] == []
    assert read_survey(path, "survey.yaml", year=year).synthetic
    assert list(validator.iter_errors(data | {"titel": "Enkät"})), "a misspelt key passes the schema"


def test_the_schema_has_a_description_where_an_editor_should_show_one() -> None:
    option = json.loads(schema_json())["$defs"]["Option"]["properties"]
    assert option["label"]["description"] == "As it stands in the questionnaire, and in the export"


def test_a_survey_written_as_yaml_is_read_back_equal(write) -> None:
    survey = read_survey(ROOT / "data" / "raw" / "2023" / "survey.yaml", "x")
    text = yaml.safe_dump(survey.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
    assert read_survey(write(dedent(text)), "x") == survey


def test_aliases_that_repeat_a_file_beyond_measure_are_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    path = tmp_path / "survey.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match="repeats itself through aliases"):
        read_survey(path, "survey.yaml")
