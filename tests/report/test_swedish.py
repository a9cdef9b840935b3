"""Swedish as the reports write it: each rule with cases checked by hand, then what must hold for all."""

from __future__ import annotations

import datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.report import swedish

NBSP = "\u00a0"
UNIT = ("förvaltning", "förvaltningar", "förvaltningarna")
ASKED = ("tillfrågad förvaltning", "tillfrågade förvaltningar", "de tillfrågade förvaltningarna")
ANSWER = ("svar", "svar", "svaren")
PERSON = ("svarande", "svarande", "de svarande")


def spaced(text: str) -> str:
    """Return a text with its no-break spaces as underscores, which can be seen."""
    return text.replace(NBSP, "_").replace(swedish.THIN_SPACE, "_")


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 0, "0"),
        (7, 0, "7"),
        (2021, 0, "2021"),
        (9999, 0, "9999"),
        (10000, 0, "10_000"),
        (1234567.891, 2, "1_234_567,89"),
        (-12345, 0, "−12_345"),
        (0.5, 0, "1"),
        (1.5, 0, "2"),
        (2.5, 0, "3"),
        (-0.5, 0, "−1"),
        (-0.04, 1, "0,0"),
        (2.675, 2, "2,68"),
        (1e-7, 2, "0,00"),
        (99999.5, 0, "100_000"),
        (9999.5, 0, "10_000"),
        (3, 1, "3,0"),
        (1e21, 0, "_".join(["1", *["000"] * 7])),
    ],
)
def test_number(value: float, decimals: int, text: str) -> None:
    assert spaced(swedish.number(value, decimals)) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_number_refuses_what_is_no_number(value: float) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        swedish.number(value)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(0, 0, "0_%"), (50, 0, "50_%"), (100, 0, "100_%"), (66.666, 1, "66,7_%"), (-1.25, 1, "−1,3_%")],
)
def test_percent(value: float, decimals: int, text: str) -> None:
    assert spaced(swedish.percent(value, decimals)) == text


@pytest.mark.parametrize(
    ("n", "noun", "text"),
    [
        (0, UNIT, "0 förvaltningar"),
        (1, UNIT, "1 förvaltning"),
        (2, UNIT, "2 förvaltningar"),
        (21, UNIT, "21 förvaltningar"),  # not by the last figure
        (1, ANSWER, "1 svar"),
        (12000, ANSWER, "12_000 svar"),
        (1, ASKED, "1 tillfrågad förvaltning"),
        (5, ASKED, "5 tillfrågade förvaltningar"),
    ],
)
def test_plural(n: int, noun: tuple[str, str, str], text: str) -> None:
    assert spaced(swedish.plural(n, *noun[:2])) == text


@pytest.mark.parametrize(
    ("n", "total", "noun", "smallest", "text"),
    [
        (9, 18, UNIT, 1, "9 av 18 förvaltningar (50_%)"),
        (0, 18, UNIT, 1, "0 av 18 förvaltningar (0_%)"),
        (1, 1, UNIT, 1, "1 av 1 förvaltning (100_%)"),  # the noun follows the whole
        (1, 8, ANSWER, 1, "1 av 8 svar (13_%)"),
        (2, 3, UNIT, 10, "2 av 3 förvaltningar"),
        (4, 9, ANSWER, 10, "4 av 9 svar"),
        (4, 10, ANSWER, 10, "4 av 10 svar (40_%)"),
        (0, 0, ANSWER, 1, "0 av 0 svar"),
    ],
)
def test_share(n: int, total: int, noun: tuple[str, str, str], smallest: int, text: str) -> None:
    assert spaced(swedish.share(n, total, *noun[:2], smallest_total=smallest)) == text


@pytest.mark.parametrize(
    ("n", "total", "word"),
    [
        # One organisation, two, three, four: what is neither none nor all is a number word.
        (0, 1, "ingen"),
        (1, 1, "en"),
        (0, 2, "ingen"),
        (1, 2, "en"),
        (2, 2, "båda"),
        (2, 3, "två"),
        (3, 3, "alla"),
        (2, 4, "två"),
        (3, 4, "tre"),
        (4, 4, "alla"),
        # Five specialist administrations.
        (1, 5, "en"),
        (2, 5, "två"),
        (3, 5, "mer än hälften"),
        (4, 5, "de flesta"),
        (5, 5, "alla"),
        # Eleven district administrations.
        (3, 11, "några"),
        (4, 11, "flera"),
        (5, 11, "knappt hälften"),
        (6, 11, "drygt hälften"),
        (7, 11, "mer än hälften"),
        (8, 11, "de flesta"),
        (10, 11, "nästan alla"),
        # Eighteen, as in 2021.
        (0, 18, "ingen"),
        (2, 18, "två"),
        (3, 18, "några"),
        (7, 18, "flera"),
        (8, 18, "knappt hälften"),
        (9, 18, "hälften"),
        (10, 18, "drygt hälften"),
        (11, 18, "mer än hälften"),
        (12, 18, "de flesta"),
        (16, 18, "de flesta"),
        (17, 18, "nästan alla"),
        (18, 18, "alla"),
        # The limits themselves, in a hundred.
        (14, 100, "några få"),
        (15, 100, "några"),
        (29, 100, "några"),
        (30, 100, "flera"),
        (41, 100, "flera"),
        (42, 100, "knappt hälften"),
        (49, 100, "knappt hälften"),
        (50, 100, "hälften"),
        (51, 100, "drygt hälften"),
        (57, 100, "drygt hälften"),
        (58, 100, "mer än hälften"),
        (66, 100, "mer än hälften"),
        (67, 100, "de flesta"),
        (89, 100, "de flesta"),
        (90, 100, "nästan alla"),
        (99, 100, "nästan alla"),
        # Many people: "några" would stand for dozens.
        (2, 10_000, "två"),
        (1_499, 10_000, "en liten andel"),
        (1_500, 10_000, "en mindre andel"),
        (4_199, 10_000, "en mindre andel"),
        (4_200, 10_000, "knappt hälften"),
        (9_999, 10_000, "nästan alla"),
    ],
)
def test_quantifier(n: int, total: int, word: str) -> None:
    assert swedish.quantifier(n, total) == word


@pytest.mark.parametrize(
    ("n", "total", "noun", "text"),
    [
        (0, 1, UNIT, "Ingen förvaltning (0 av 1)"),
        (1, 1, UNIT, "En förvaltning (1 av 1)"),
        (0, 16, UNIT, "Ingen av de 16 förvaltningarna"),
        (0, 5, UNIT, "Ingen av de fem förvaltningarna"),
        (1, 16, UNIT, "En förvaltning (1 av 16)"),
        (2, 16, UNIT, "Två förvaltningar (2 av 16)"),
        (4, 16, UNIT, "Några förvaltningar (4 av 16)"),
        (7, 16, UNIT, "Knappt hälften av förvaltningarna (7 av 16)"),
        (8, 16, UNIT, "Hälften av förvaltningarna (8 av 16)"),
        (12, 16, UNIT, "De flesta förvaltningarna (12 av 16)"),
        (16, 16, UNIT, "Alla 16 förvaltningar"),
        (12, 12, UNIT, "Alla tolv förvaltningar"),
        (2, 2, UNIT, "Båda förvaltningarna"),
        (0, 16, ASKED, "Ingen av de 16 tillfrågade förvaltningarna"),
        (9, 16, ASKED, "Drygt hälften av de tillfrågade förvaltningarna (9 av 16)"),
        (2, 2, ASKED, "Båda de tillfrågade förvaltningarna"),
        (4_000, 10_000, PERSON, "En mindre andel svarande (4000 av 10_000)"),
        (10_000, 10_000, PERSON, "Alla 10_000 svarande"),
        (6_000, 10_000, PERSON, "Mer än hälften av de svarande (6000 av 10_000)"),
    ],
)
def test_quantified(n: int, total: int, noun: tuple[str, str, str], text: str) -> None:
    assert spaced(swedish.sentence(swedish.quantified(n, total, *noun))) == text


@pytest.mark.parametrize(
    ("n", "total", "text"),
    [
        (0, 1, "inget svar (0 av 1)"),
        (0, 5, "inget av de fem svaren"),
        (1, 5, "ett svar (1 av 5)"),
        (2, 5, "två svar (2 av 5)"),
        (5, 5, "alla fem svar"),
    ],
)
def test_quantified_of_a_noun_that_takes_ett(n: int, total: int, text: str) -> None:
    assert swedish.quantified(n, total, *ANSWER, neuter=True) == text


def test_quantified_without_counts() -> None:
    assert swedish.quantified(12, 16, *UNIT, counts=False) == "de flesta förvaltningarna"
    assert swedish.quantified(8, 16, *UNIT, counts=False) == "hälften av förvaltningarna"


@pytest.mark.parametrize(("n", "total"), [(-1, 4), (5, 4), (1, 0)])
def test_a_part_that_is_not_within_its_whole_is_refused(n: int, total: int) -> None:
    with pytest.raises(ValueError, match="does not lie within"):
        swedish.share(n, total, *UNIT[:2])
    with pytest.raises(ValueError, match="does not lie within"):
        swedish.quantified(n, total, *UNIT)


def test_a_part_of_nothing_has_no_word() -> None:
    with pytest.raises(ValueError, match="nobody could have answered"):
        swedish.quantifier(0, 0)


@pytest.mark.parametrize(
    ("n", "word"),
    [(0, "noll"), (1, "en"), (2, "två"), (8, "åtta"), (12, "tolv"), (13, "13"), (10000, "10_000")],
)
def test_number_word(n: int, word: str) -> None:
    assert spaced(swedish.number_word(n)) == word


@pytest.mark.parametrize(
    ("first", "last", "decimals", "text"),
    [
        (7, 12, 0, "7–12"),
        (2021, 2023, 0, "2021–2023"),
        (7, 7, 0, "7"),
        (6.6, 7.4, 0, "7"),
        (0.5, 2, 1, "0,5–2,0"),
        (-2, 3, 0, "−2 till 3"),
        (9000, 12000, 0, "9000–12_000"),
    ],
)
def test_span(first: float, last: float, decimals: int, text: str) -> None:
    assert spaced(swedish.span(first, last, decimals)) == text


def test_a_span_that_is_turned_around_is_refused() -> None:
    with pytest.raises(ValueError, match="turned around"):
        swedish.span(12, 7)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", ""), ("å", "Å"), ("ökat samarbete i Bromma", "Ökat samarbete i Bromma"), ("”ja”", "”ja”")],
)
def test_sentence(text: str, shown: str) -> None:
    assert swedish.sentence(text) == shown


@pytest.mark.parametrize(
    ("items", "word", "text"),
    [
        ([], "och", ""),
        (["a"], "och", "a"),
        (["a", "b"], "och", "a och b"),
        (["a", "b", "c"], "och", "a, b och c"),  # no comma before "och"
        (["a", "b", "c"], "eller", "a, b eller c"),
        (["hem och skola", "fritid"], "samt", "hem och skola samt fritid"),
    ],
)
def test_join(items: list[str], word: str, text: str) -> None:
    assert swedish.join(iter(items), word) == text


@pytest.mark.parametrize(
    ("day", "text", "alone"),
    [
        ("2021-10-19", "19 oktober 2021", "2021-10-19"),
        ("2023-01-01", "1 januari 2023", "2023-01-01"),
        ("2022-12-31", "31 december 2022", "2022-12-31"),
        (datetime.date(2024, 2, 29), "29 februari 2024", "2024-02-29"),
        (datetime.datetime(2021, 5, 9, 23, 59), "9 maj 2021", "2021-05-09"),
    ],
)
def test_dates(day: datetime.date | str, text: str, alone: str) -> None:
    assert swedish.date(day) == text
    assert swedish.iso_date(day) == alone


@pytest.mark.parametrize("text", ["", "2021-02-30", "19/10 2021", "20211019", "2021-10-19T10:00", "2021-1-9"])
def test_dates_are_not_guessed(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|day"):
        swedish.date(text)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Zinken", "Årsta"),
        ("Årsta", "Älvsjö"),
        ("Älvsjö", "Östermalm"),
        ("Östermalm", "Østermalm"),  # ø as ö
        ("Älvsjö", "Ælvsjö"),  # æ as ä
        ("Enskede", "Énskede"),  # an accent counts between words that are the same
        ("Énskede", "Enskede 2"),
        ("Syd", "Süd"),  # ü as y
        ("Süd", "södermalm"),
        ("farsta", "Hägersten"),  # small and capital letters alike
        ("Farsta", "hägersten"),
        ("Skarpnäck", "Skärholmen"),
        ("Hässelby", "Hässelby-Vällingby"),
        ("Bromma", "Bromma 2"),
    ],
)
def test_sorting(first: str, second: str) -> None:
    assert swedish.sort_key(first) < swedish.sort_key(second)


def test_sorting_is_stable_and_reads_decomposed_letters() -> None:
    assert sorted(["b", "B", "a", "A"], key=swedish.sort_key) == ["a", "A", "b", "B"]
    assert swedish.sort_key("A\u030arsta") == swedish.sort_key("Årsta")


@given(st.integers(-(10**12), 10**12))
@settings(max_examples=50)
def test_number_can_be_read_back(value: int) -> None:
    text = swedish.number(value)
    assert int(text.replace(swedish.THIN_SPACE, "").replace("\u2212", "-")) == value
    assert " " not in text
    assert NBSP not in text
    assert (swedish.THIN_SPACE in text) == (abs(value) >= 10000)


STRENGTH = {
    word: rank
    for rank, words in enumerate(
        [
            ["ingen"],
            ["en"],
            ["två"],
            ["tre"],
            ["några få", "en liten andel"],
            ["några", "en mindre andel"],
            ["flera"],
            ["knappt hälften"],
            ["hälften"],
            ["drygt hälften"],
            ["mer än hälften"],
            ["de flesta"],
            ["nästan alla"],
            ["båda", "alla"],
        ]
    )
    for word in words
}
"""Every word there is, from the weakest to the strongest."""


@given(st.integers(1, 400))
@settings(max_examples=50)
def test_a_larger_part_never_has_a_weaker_word(total: int) -> None:
    ranks = [STRENGTH[swedish.quantifier(n, total)] for n in range(total + 1)]
    assert ranks == sorted(ranks)


@given(st.integers(1, 10**6).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
@settings(max_examples=50)
def test_a_word_never_contradicts_its_share(part: tuple[int, int]) -> None:
    n, total = part
    word = swedish.quantifier(n, total)
    assert (word == "ingen") == (n == 0)
    assert (word in ("alla", "båda")) == (n == total > 1)
    if word in ("drygt hälften", "mer än hälften", "de flesta", "nästan alla"):
        assert 2 * n > total
    if word in ("några få", "några", "flera", "knappt hälften", "en liten andel", "en mindre andel"):
        assert 2 * n < total
        assert n >= 3
    if word == "hälften":
        assert Fraction(n, total) == Fraction(1, 2)
