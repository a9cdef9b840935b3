from __future__ import annotations

import datetime as dt
import re
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.parse import MISSING_WORDS, NO, YES, Choices, parse_date, parse_number, split_choices
from analysis.survey.instrument import fold

VALUES = {
    "skola": "skola",
    "polis": "polis",
    "skola, polis eller båda": "bada",
    "civilsamhälle, till exempel": "civil",
}


@pytest.mark.parametrize(
    ("cell", "values", "rest"),
    [
        ("Skola", ("skola",), ()),
        ("Skola, Polis", ("skola", "polis"), ()),
        ("polis,skola", ("polis", "skola"), ()),
        ("Polis, Skola, polis eller båda", ("polis", "bada"), ()),
        ("Civilsamhälle, till exempel, Skola", ("civil", "skola"), ()),
        ("Skola, Skola", ("skola",), ()),
        ("Skola, annat, Polis", ("skola", "polis"), ("annat",)),
        ("annat, och mer", (), ("annat", "och mer")),
        ("Skola, ", ("skola",), ()),
        ("", (), ()),
        (" , ", (), ()),
    ],
)
def test_a_cell_is_split_by_the_options_the_longest_first(
    cell: str, values: tuple[str, ...], rest: tuple[str, ...]
) -> None:
    assert split_choices(cell, ", ", VALUES) == Choices(values, rest)


def test_the_trailing_semicolon_of_microsoft_forms() -> None:
    assert split_choices("Skola;Polis;", ";", VALUES) == Choices(("skola", "polis"), ())


def test_a_tool_takes_its_own_code_off() -> None:
    found = split_choices("Skola(ID1); x(ID2)", "; ", VALUES, lambda part: re.sub(r"\(ID\d\)$", "", part))
    assert found == Choices(("skola",), ("x",))


@pytest.mark.parametrize("chosen", [c for n in (1, 2, 3) for c in permutations(VALUES, n)])
def test_any_options_that_were_joined_are_found_again(chosen: tuple[str, ...]) -> None:
    found = split_choices(", ".join(chosen), ", ", VALUES)
    assert found == Choices(tuple(VALUES[c] for c in chosen), ())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([*VALUES, "annat", "mer"]), max_size=4))
def test_every_part_is_an_option_or_rest(parts: list[str]) -> None:
    found = split_choices(";".join(parts), ";", VALUES)
    assert set(found.values) == {VALUES[p] for p in parts if p in VALUES}
    assert list(found.rest) == [p for p in parts if p not in VALUES]


# --- numbers ---


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("3", ",", 3), (" 3 ", ",", 3), ("0,5", ",", 0.5), ("0.5", ",", 0.5), ("0.125", ",", 0.125),
        ("1 250", ",", 1250), ("1\u00a0250,5", ",", 1250.5), ("1 250 000", ",", 1_250_000),
        ("-3", ",", -3), ("\u22123", ",", -3), ("1,125", ",", 1.125), ("1.125", ".", 1.125), ("007", ",", 7),
    ],
)  # fmt: skip
def test_what_is_certainly_a_number(text: str, decimal: str, number: float) -> None:
    assert parse_number(text, decimal) == number


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("1.250", ","), ("1,250", "."), ("ca 20", ","), ("20 st", ","), ("20-30", ","), ("1 25", ","), ("12 50", ","),
        ("1e5", "."), ("", ","), (",5", ","), ("5,", ","), ("1,2,3", ","), ("20%", ","), ("tjugo", ","), ("½", ","),
    ],
)  # fmt: skip
def test_what_is_not_certain_is_no_number(text: str, decimal: str) -> None:
    assert parse_number(text, decimal) is None


@settings(max_examples=50, deadline=None)
@given(st.integers(-(10**9), 10**9), st.integers(0, 99))
def test_numbers_as_people_write_them(whole: int, cents: int) -> None:
    written = f"{whole:,}".replace(",", " ") + f",{cents:02}"
    sign = -1 if whole < 0 else 1
    assert parse_number(written, ",") == sign * (abs(whole) + cents / 100)


# --- dates ---


@pytest.mark.parametrize(
    ("text", "order", "moment"),
    [
        ("2021-10-19", "ymd", dt.datetime(2021, 10, 19)),
        ("2021/3/4", "dmy", dt.datetime(2021, 3, 4)),
        ("3/4/2021", "dmy", dt.datetime(2021, 4, 3)),
        ("3/4/2021", "mdy", dt.datetime(2021, 3, 4)),
        ("19.10.2021 08:30", "dmy", dt.datetime(2021, 10, 19, 8, 30)),
        ("2021-10-19T08:30:15.123", "ymd", dt.datetime(2021, 10, 19, 8, 30, 15)),
        ("2021-10-19 08.30.15", "ymd", dt.datetime(2021, 10, 19, 8, 30, 15)),
        ("2021/10/19 3:04:02 PM GMT+2", "mdy", dt.datetime(2021, 10, 19, 15, 4, 2)),
        ("2021-10-19 12:10 fm", "ymd", dt.datetime(2021, 10, 19, 0, 10)),
        ("2021-10-19 12:10 e.m.", "ymd", dt.datetime(2021, 10, 19, 12, 10)),
        ("2021-10-19 08:30:00+02:00", "ymd", dt.datetime(2021, 10, 19, 8, 30)),
        ("2021-10-19 08:30:00Z", "ymd", dt.datetime(2021, 10, 19, 8, 30)),
    ],
)
def test_what_is_certainly_a_date(text: str, order: str, moment: dt.datetime) -> None:
    assert parse_date(text, order) == moment


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("3/4/2021", "ymd"), ("3/4/21", "dmy"), ("2021-02-30", "ymd"), ("2021-10", "ymd"), ("2021", "ymd"),
        ("19 oktober 2021", "dmy"), ("2021-10/19", "ymd"), ("2021-10-19 25:00", "ymd"),
        ("2021-10-19 08:30 typ", "ymd"), ("2021-10-19 13:00 PM", "ymd"), ("", "ymd"), ("hösten", "ymd"),
    ],
)  # fmt: skip
def test_what_is_not_certain_is_no_date(text: str, order: str) -> None:
    assert parse_date(text, order) is None


@settings(max_examples=50, deadline=None)
@given(st.datetimes(min_value=dt.datetime(1900, 1, 1), max_value=dt.datetime(2999, 1, 1)))
def test_dates_as_programs_write_them(moment: dt.datetime) -> None:
    whole = moment.replace(microsecond=0)
    assert parse_date(whole.isoformat(" "), "ymd") == whole
    assert parse_date(whole.strftime("%m/%d/") + f"{whole.year:04} {whole:%H:%M:%S}", "mdy") == whole


def test_words_are_folded_and_mean_one_thing() -> None:
    for words in (YES, NO, MISSING_WORDS):
        assert {fold(word) for word in words} == set(words)
    assert not YES & NO
    assert not (YES | NO) & set(MISSING_WORDS)
    assert set(MISSING_WORDS.values()) == {"_dont_know", "_not_relevant"}
