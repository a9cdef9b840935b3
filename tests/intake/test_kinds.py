from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.dialects import DIALECTS
from analysis.intake.kinds import (
    SCALES,
    Asked,
    contact_details,
    in_order,
    infer_kind,
    look_like_persons,
    make_options,
    most_frequent_spelling,
    slugs,
    unused,
)
from analysis.survey.instrument import Option, fold

TOOLS = {d.name: d for d in DIALECTS}


CODES = re.compile(r"-?\d+")


def infer(
    cells: list[str], question: str = "Fråga", tool: str = "table", codes: re.Pattern[str] | None = None
) -> Asked:
    return infer_kind(Counter(cells), question, TOOLS[tool], codes)


def labels(asked: Asked) -> list[str]:
    return [o.label for o in asked.options]


# --- One kind after the other ---


def test_no_answers() -> None:
    assert infer([]) == Asked("free_text", doubts=("taken for free text, for want of answers",))


def test_dates_with_a_word_among_them() -> None:
    cells = ["2021-10-19", "2021-10-20", "2021-10-21", "2021-10-22", "vet ej", "i höstas"]
    assert infer(cells) == Asked("date", rare=1)


@pytest.mark.parametrize("cells", [["3/4/2021", "5/4/2021", "25/4/2021"], ["4/3/2021", "4/25/2021"]])
def test_dates_are_dates_in_any_order_of_day_and_month(cells: list[str]) -> None:
    assert infer(cells) == Asked("date")


def test_numbers_with_a_word_among_them() -> None:
    assert infer(["105", "40", "1 250", "0,5", "Vet ej", "ca 40"]) == Asked("number", rare=1)


@pytest.mark.parametrize("cells", [["1", "x", "y", "2"], ["105", "40", "70", "fler än 100"] * 3])
def test_numbers_among_other_answers_are_no_numbers(cells: list[str]) -> None:
    assert infer(cells).kind != "number"


def test_texts() -> None:
    assert infer(["Det går bra", "Det går mindre bra, tyvärr", "Inget att säga"]) == Asked("free_text")


@pytest.mark.parametrize("scale", SCALES)
def test_a_known_scale_in_its_order_whatever_was_chosen_most(scale: tuple[str, ...]) -> None:
    steps = [step.capitalize() for step in scale]
    asked = infer([*reversed(steps), steps[-1], steps[-1], "Vet ej"])
    assert asked.kind == "scale"
    assert labels(asked) == [*steps, "Vet ej"]
    assert asked.options[-1].means == "dont_know"


def test_a_known_scale_with_a_rare_answer_that_is_no_step() -> None:
    asked = infer(["I viss grad"] * 5 + ["i stor grad", "I liten grad", "I någon mån", "Ej aktuellt"])
    assert labels(asked) == ["I liten grad", "I viss grad", "i stor grad", "Ej aktuellt"]
    assert (asked.kind, asked.rare) == ("scale", 1)


@pytest.mark.parametrize(
    ("cells", "scale", "doubt"),
    [
        (
            ["5", "4", "3", "1"] * 3,
            ["1", "2", "3", "4", "5"],
            "taken for a scale from 1 to 5, in the order of the numbers",
        ),
        (
            ["5/5", "3/5"],
            ["1/5", "2/5", "3/5", "4/5", "5/5"],
            "taken for a scale from 1 to 5, in the order of the numbers",
        ),
        (
            ["5 - mycket", "1", "3", "0 – inte alls"],
            ["0 – inte alls", "1", "2", "3", "4", "5 - mycket"],
            "taken for a scale from 0 to 5, in the order of the numbers",
        ),
        (
            ["1 (aldrig)", "2", "2"],
            ["1 (aldrig)", "2"],
            "taken for a scale from 1 to 2, in the order of the numbers",
        ),
        (
            ["2", "3", "4"] * 4 + ["N/A"],
            ["2", "3", "4", "N/A"],
            "taken for a scale from 2 to 4, in the order of the numbers",
        ),
    ],
)
def test_a_numbered_scale_has_all_its_steps(cells: list[str], scale: list[str], doubt: str) -> None:
    asked = infer(cells)
    assert (asked.kind, labels(asked), asked.doubts[0]) == ("scale", scale, doubt)


@pytest.mark.parametrize(
    ("cells", "question"),
    [
        (["1", "2", "3"] * 5, "Hur många enheter har ni?"),
        (["1", "2"] * 9, "Poäng"),
        (["1", "2", "3"], "Poäng"),
        (["8", "9", "12"] * 5, "Poäng"),
        (["0,25", "1,5", "2"] * 5, "Årsarbetskrafter"),
        (["1.0", "2.0", "3.0"] * 5, "Poäng"),
    ],
)
def test_numbers_that_are_no_scale(cells: list[str], question: str) -> None:
    assert infer(cells, question).kind == "number"


def test_ranges_are_one_choice_in_order_of_size() -> None:
    asked = infer(
        ["6-10 år", "1-5 år", "Mindre än ett år", "11-15 år", "Mer än 15 år"] * 3 + ["Vill ej uppge"]
    )
    assert asked.kind == "single"
    assert labels(asked) == [
        "Mindre än ett år",
        "1-5 år",
        "6-10 år",
        "11-15 år",
        "Mer än 15 år",
        "Vill ej uppge",
    ]


def test_one_choice_with_rare_answers() -> None:
    asked = infer(["Delvis"] * 6 + ["Nej"] * 5 + ["Ja"] * 4 + ["ja", "Ja, men", "Vet ej"])
    assert labels(asked) == ["Ja", "Delvis", "Nej", "Vet ej"]
    assert (asked.kind, asked.rare) == ("single", 1)


def test_many_answers_given_twice_are_texts() -> None:
    assert infer([f"Enhet {i} i staden" for i in "abcdefgh"] * 2).kind == "free_text"


def test_what_means_a_missing_answer_is_an_option_however_few_chose_it() -> None:
    asked = infer(["Ja"] * 9 + ["Nej"] * 9 + ["Ej aktuellt", "vet ej"])
    assert asked.options[2:] == (
        Option(id="ej_aktuellt", label="Ej aktuellt", means="not_relevant"),
        Option(id="vet_ej", label="vet ej", means="dont_know"),
    )


def test_several_choices_in_one_cell() -> None:
    cells = [
        "Skola;Polis;",
        "Polis;",
        "Skola;Förening, klubb;",
        "Polis;Förening, klubb;",
        "Skola;",
        "Vet ej;",
    ]
    asked = infer(cells * 2, tool="microsoft_forms")
    assert asked.kind == "multiple"
    assert set(labels(asked)) == {"Skola", "Polis", "Förening, klubb", "Vet ej"}
    assert asked.separator is None
    assert asked.options[-1].means == "dont_know"


def test_options_that_hold_the_separator_are_put_together() -> None:
    cells = [
        "Skola, Förening, till exempel idrott",
        "Skola, Polis",
        "Polis",
        "Polis, Förening, till exempel idrott",
    ]
    asked = infer(cells * 3)
    assert (asked.kind, asked.separator) == ("multiple", ", ")
    assert set(labels(asked)) == {"Skola", "Polis", "Förening, till exempel idrott"}


def test_what_means_a_missing_answer_but_is_combined_is_an_option_like_others() -> None:
    asked = infer(["Skola;Vet ej;", "Skola;", "Skola;Polis;", "Vet ej;"] * 3, tool="microsoft_forms")
    assert {o.label: o.means for o in asked.options} == {"Skola": None, "Polis": None, "Vet ej": None}


def test_texts_that_happen_to_hold_the_separator_are_texts() -> None:
    cells = [f"Vi har arbetat med skolan; det gick bra {i}" for i in range(30)]
    assert infer(cells).kind == "free_text"


def test_every_answer_with_the_tools_own_code_is_an_option() -> None:
    cells = ["b option(ID2); a option(ID1)", "a option(ID1)", "c, or d(ID3)"]
    asked = infer(cells, tool="eusurvey")
    assert (asked.kind, sorted(labels(asked))) == ("multiple", ["a option", "b option", "c, or d"])
    asked = infer(["1(ID1)", "2(ID2)", "10(ID3)"], "The number of answers", tool="eusurvey")
    assert (asked.kind, labels(asked)) == ("single", ["1", "2", "10"])


def test_commas_separate_options_but_not_thousands() -> None:
    asked = infer(["$1,000-$2,000", "$2,001-$9,000"] * 6, tool="google_forms")
    assert (asked.kind, labels(asked)) == ("single", ["$1,000-$2,000", "$2,001-$9,000"])


def test_options_with_commas_inside_brackets_are_put_together_and_the_split_is_doubted() -> None:
    cells = ["Skola (F-9, Gymnasium), Polis", "Polis", "Skola (F-9, Gymnasium)"]
    asked = infer(cells * 3, tool="google_forms")
    assert set(labels(asked)) == {"Skola (F-9, Gymnasium)", "Polis"}
    assert asked.doubts == ("split at commas, which an option may hold itself",)


def test_a_blank_after_a_comma_belongs_to_an_option_where_the_tool_writes_none() -> None:
    asked = infer(["Mejl,Brev, Post", "Mejl", "Brev, Post"] * 3, tool="qualtrics")
    assert (asked.kind, set(labels(asked))) == ("multiple", {"Mejl", "Brev, Post"})


def test_blanks_separate_options_only_where_each_is_also_chosen_alone() -> None:
    asked = infer(["mejl brev", "brev", "mejl"] * 3, tool="kobotoolbox")
    assert (asked.kind, set(labels(asked))) == ("multiple", {"mejl", "brev"})
    assert infer(["Ja absolut", "Nej inte alls"] * 6, tool="kobotoolbox").kind == "single"


# --- Codes, and what may stand for a missing answer ---


def test_codes_are_a_choice_without_an_order_and_no_step_is_made_up() -> None:
    asked = infer(["4", "1", "23"] * 4, codes=CODES)
    assert (asked.kind, labels(asked)) == ("single", ["1", "4", "23"])
    assert asked.doubts[0].startswith(
        "holding codes, not labels: give each option its label and, as `code`, "
    )


def test_numbers_among_codes_are_doubted() -> None:
    assert infer(["1", "2", "3"] * 4, "Hur många barn?", codes=CODES) == Asked("number")
    asked = infer([str(i * i) for i in range(30)], codes=CODES)
    assert (asked.kind, asked.doubts[0]) == (
        "number",
        "taken for a number, though the file holds codes for labels",
    )


@pytest.mark.parametrize(
    ("cells", "kind", "options", "stands_in"),
    [
        (["1", "2", "3", "5", "99"] * 4, "scale", ["1", "2", "3", "4", "5"], ["99"]),
        (["1", "2", "3", "-1"] * 4, "scale", ["1", "2", "3"], ["-1"]),
        (["20", "31", "45", "67", "999", "-9"] * 2, "number", [], ["-9", "999"]),
        (["88", "99", "120"] * 2, "number", [], []),  # among others that are as large
        (["-1", "-4", "3"] * 4, "number", [], []),  # among others below zero
    ],
)
def test_numbers_that_may_stand_for_a_missing_answer(
    cells: list[str], kind: str, options: list[str], stands_in: list[str]
) -> None:
    asked = infer(cells)
    assert (asked.kind, labels(asked), dict(asked.missing)) == (kind, options, {})
    assert [d for d in asked.doubts if d.startswith("holding")] == [
        f"holding “{text}”, which may stand for a missing answer: put `missing: {{'{text}': not_answered}}` under the "
        "question if so (or dont_know, not_relevant)"
        for text in stands_in
    ]
    assert asked.rare == (len(stands_in) if kind == "scale" else 0)


def test_words_that_may_stand_for_a_missing_answer() -> None:
    asked = infer(["Ja", "Nej"] * 6 + ["Vill ej uppge", "N/A"])
    assert labels(asked) == ["Ja", "Nej", "Vill ej uppge", "N/A"]
    assert asked.doubts == (
        "holding “Vill ej uppge” as an option: if it is no answer, put `missing: {'Vill ej uppge': not_answered}` under "
        "the question in its place",
        "holding “N/A”, taken to mean not_relevant: see `means` of the option",
    )
    texts = [f"Vi arbetar med {i} grupper och ser hur det går" for i in range(9)]
    asked = infer([*texts, "-", "-", "Vet ej", "Vet ej", "N/A"])
    assert (asked.kind, asked.doubts) == (
        "free_text",
        (
            "holding “-” as a text: if it is no answer, put `missing: {'-': not_answered}` under the question",
            "holding “Vet ej” as a text: if it is no answer, put `missing: {'Vet ej': dont_know}` under the question",
        ),
    )


def test_numbers_that_look_like_ids() -> None:
    doubt = "of numbers that look like ids, no two alike: drop the column if they stand for people or things"
    assert infer([str(198_001_010 + 13 * i) for i in range(12)]).doubts == (doubt,)
    assert infer([str(1000 + 13 * i) for i in range(9)]).doubts == ()
    assert infer([str(10 + 3 * i) for i in range(12)]).doubts == ()


def test_numbers_that_a_question_asks_for_are_numbers_though_some_wrote_words() -> None:
    hours = ["1", "2", "3", "10", "1,5", "2.5", "ca 4", "0", "10-12", "tio"] * 4
    assert infer(hours, "Hur många timmar per vecka?") == Asked("number", rare=3)
    assert infer([*map(str, range(100, 112)), "ca 40", "ca 40", "tio", "tio"] * 2, "Ålder") == Asked(
        "number", rare=2
    )


def test_amounts_with_an_open_end_are_options_and_their_numbers_are_doubted() -> None:
    asked = infer(["0", "1", "2", "3 eller fler"] * 6, "Hur många barn har du?")
    assert (asked.kind, labels(asked)) == ("single", ["0", "1", "2", "3 eller fler"])
    assert asked.doubts == (
        "of numbers, taken for options: write `kind: number` and take the options away if numbers are asked for",
    )


@pytest.mark.parametrize(
    "cells", [["Bra", "Dåligt", "-99"], ["1 - Dåligt", "2 - Bra", "-99"], ["A;B", "A", "-1"]]
)
def test_what_stands_for_a_missing_answer_is_never_an_option(cells: list[str]) -> None:
    asked = infer(cells * 8, tool="microsoft_forms")
    assert asked.kind != "free_text"
    assert cells[2] not in labels(asked)
    assert asked.rare == 1
    assert f"“{cells[2]}”, which may stand for a missing answer" in asked.doubts[-1]


@pytest.mark.parametrize(
    ("text", "details"),
    [
        ("anna.ek@stockholm.se", ("anna.ek@stockholm.se",)),
        ("Ring 08-508 12 345 efter 13.00", ("08-508 12 345",)),
        ("19811228-9874", ("19811228-9874",)),
        ("811228-9875", ()),  # a wrong check digit
        ("2024-10-19", ()),
        ("0,5", ()),
        ("10 000 000", ()),
        ("twitter @stockholm", ()),
    ],
)
def test_contact_details(text: str, details: tuple[str, ...]) -> None:
    assert contact_details(text) == details


@pytest.mark.parametrize(
    ("cells", "persons"),
    [
        (["Moa Stenlund", "Kim Ek", "Anna Svensson", "Kim Ek"] * 5, True),
        (["Anna Svensson", "Xerxes Quul", "Yva Zorn", "vet ej"], True),
        (["East North Central", "New England", "Pacific"] * 5, False),
        (["Mycket Bra", "Ganska Bra", "Dåligt"] * 5, False),
        (["Anna Svensson"] * 5, False),
        (["Polis", "Skola", "Anna Svensson"], False),
    ],
)
def test_answers_that_look_like_names_of_persons(cells: list[str], persons: bool) -> None:
    assert look_like_persons(Counter(cells)) == persons
    assert any("names of persons" in doubt for doubt in infer(cells).doubts) == persons


def test_a_long_text_is_an_option_only_if_many_chose_it() -> None:
    long = "Ett svar som är längre än sextio tecken och därför sällan är ett alternativ"
    assert infer([long] * 3 + ["Ja", "Nej"] * 3).kind == "free_text"
    assert set(labels(infer([long] * 5 + ["Ja", "Nej"] * 3))) == {long, "Ja", "Nej"}


# --- Options ---


@pytest.mark.parametrize(
    ("given_", "ordered"),
    [
        (["No", "Yes"], ["Yes", "No"]),
        (
            ["Other (please say)", "B", "Prefer not to say", "A"],
            ["B", "A", "Other (please say)", "Prefer not to say"],
        ),
        (
            ["$50,000 - $99,999", "$150,000+", "$0 - $49,999"],
            ["$0 - $49,999", "$50,000 - $99,999", "$150,000+"],
        ),
        (["5+", "1", "3"], ["1", "3", "5+"]),
        (["> 60", "60"], ["60", "> 60"]),
        (["2 a", "2 b", "1"], ["2 a", "2 b", "1"]),
        (["No formal testing", "Users test"], ["No formal testing", "Users test"]),
        (["Nej, men arbete pågår", "Ja, delvis", "Ja"], ["Ja, delvis", "Ja", "Nej, men arbete pågår"]),
    ],
)
def test_options_stand_in_the_order_of_a_questionnaire(given_: list[str], ordered: list[str]) -> None:
    assert in_order(given_) == ordered


def test_the_most_frequent_spelling_wins_and_a_capital_wins_a_tie() -> None:
    assert most_frequent_spelling(Counter(["ja", "Ja", "NEJ", "nej", "nej"])) == {"ja": "Ja", "nej": "nej"}


def test_ids_differ_and_are_ids() -> None:
    assert slugs(["C", "C++", "C 2", "", "Åäö", "5/5"]) == ["c", "c_2", "c_2_2", "o", "aao", "o5_5"]
    assert unused("a", ["a", "a_2"]) == "a_3"


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.text(min_size=1, max_size=50).filter(lambda t: t.strip(". \n") == t), unique_by=fold, max_size=8
    )
)
def test_any_labels_make_valid_options(given_: list[str]) -> None:
    options = make_options(given_, columns=[f"[{g}]" for g in given_])
    assert [o.label for o in options] == given_
    assert len({o.id for o in options}) == len(given_)
    means = [o.means for o in options if o.means]
    assert len(set(means)) == len(means)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Ja", "Nej", "3", "2021-10-19", "a;b", "Ofta", "Vet ej", "lång text, ja"]),
        max_size=20,
    )
)
def test_any_answers_make_a_question(cells: list[str]) -> None:
    asked = infer(cells)
    assert bool(asked.options) == (asked.kind in ("single", "scale", "multiple"))
    if asked.kind in ("single", "scale"):
        known = {fold(label) for label in labels(asked)}
        assert len({fold(c) for c in cells} - known) == asked.rare
