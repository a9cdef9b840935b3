"""Numbers, dates, lists and sorting in Swedish."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.report import swedish

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 0, "0"),
        (2021, 0, "2021"),
        (10000, 0, f"10{NBSP}000"),
        (1234567.891, 2, f"1{NBSP}234{NBSP}567,89"),
        (-12345, 0, f"\u221212{NBSP}345"),
        (0.5, 0, "1"),
        (1.5, 0, "2"),
        (-0.5, 0, "\u22121"),
        (-0.04, 1, "0,0"),
        (2.675, 2, "2,68"),
        (1e-7, 2, "0,00"),
        (99999.5, 0, f"100{NBSP}000"),
        (1e21, 0, NBSP.join(["1", *["000"] * 7])),
    ],
)
def test_number(value: float, decimals: int, text: str) -> None:
    assert swedish.number(value, decimals) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_number_refuses_what_is_no_number(value: float) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        swedish.number(value)


def test_percent_has_a_no_break_space() -> None:
    assert swedish.percent(50) == f"50{NBSP}%"
    assert swedish.percent(-1.25, 1) == f"\u22121,3{NBSP}%"


@given(st.integers(-(10**12), 10**12))
@settings(max_examples=50)
def test_number_can_be_read_back(value: int) -> None:
    text = swedish.number(value)
    assert int(text.replace(NBSP, "").replace("\u2212", "-")) == value
    assert " " not in text
    assert (NBSP in text) == (abs(value) >= 10000)


def test_plural_and_share() -> None:
    assert swedish.plural(1, "förvaltning", "förvaltningar") == "1 förvaltning"
    assert swedish.plural(0, "förvaltning", "förvaltningar") == "0 förvaltningar"
    assert swedish.plural(12000, "svar", "svar") == f"12{NBSP}000 svar"
    assert swedish.share(9, 18, "förvaltning", "förvaltningar") == f"9 av 18 förvaltningar (50{NBSP}%)"
    assert swedish.share(1, 1, "förvaltning", "förvaltningar") == f"1 av 1 förvaltning (100{NBSP}%)"
    assert swedish.share(1, 8, "svar", "svar") == f"1 av 8 svar (13{NBSP}%)"


def test_share_leaves_out_the_percentage_of_few() -> None:
    assert swedish.share(0, 0, "svar", "svar") == "0 av 0 svar"
    assert swedish.share(4, 9, "svar", "svar", smallest_total=10) == "4 av 9 svar"
    assert swedish.share(4, 10, "svar", "svar", smallest_total=10) == f"4 av 10 svar (40{NBSP}%)"
    with pytest.raises(ValueError, match="does not lie within"):
        swedish.share(5, 4, "svar", "svar")


def test_join() -> None:
    assert swedish.join(["a", "b", "c"]) == "a, b och c"
    assert swedish.join(name for name in ("a", "b")) == "a och b"
    assert swedish.join([]) == ""


def test_dates() -> None:
    assert swedish.date("2021-10-19") == "19 oktober 2021"
    assert swedish.date(datetime.date(2024, 2, 29)) == "29 februari 2024"
    assert swedish.iso_date(datetime.datetime(2021, 10, 19, 23, 59)) == "2021-10-19"
    assert swedish.iso_date("2021-10-19") == "2021-10-19"


@pytest.mark.parametrize("text", ["", "2021-02-30", "19/10 2021", "20211019", "2021-10-19T10:00", "2021-1-9"])
def test_dates_are_not_guessed(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|day"):
        swedish.date(text)


def test_sorting_ends_with_the_swedish_letters() -> None:
    names = [
        "Östermalm",
        "Älvsjö",
        "Årsta",
        "Zinken",
        "södermalm",
        "Spånga",
        "Süd",
        "Syd",
        "Énskede",
        "Enskede",
    ]
    assert sorted(names, key=swedish.sort_key) == [
        "Enskede",
        "Énskede",
        "Spånga",
        "Syd",
        "Süd",
        "södermalm",
        "Zinken",
        "Årsta",
        "Älvsjö",
        "Östermalm",
    ]


def test_sorting_is_stable_and_reads_decomposed_letters() -> None:
    assert sorted(["b", "B", "a", "A"], key=swedish.sort_key) == ["a", "A", "b", "B"]
    assert swedish.sort_key("A\u030arsta") == swedish.sort_key("Årsta")
    assert sorted(["Ø", "Æ", "Z", "Å"], key=swedish.sort_key) == ["Z", "Å", "Æ", "Ø"]
