from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake import codes
from analysis.intake.codes import Encoder, TooLargeError

ROWS = st.lists(st.lists(st.sampled_from(["", "a", "b", "å"]), max_size=5), max_size=700)


def test_each_distinct_text_once_and_short_records_end_blank() -> None:
    encoder = Encoder().add([["b", "x"], ["a"], ["b", "", "y"]])
    assert list(encoder.widths) == [2, 1, 3]
    assert [(texts, list(numbers)) for texts, numbers in encoder.columns()] == [
        (["", "b", "a"], [1, 2, 1]),
        (["", "x"], [1, 0, 0]),
        (["", "y"], [0, 0, 1]),
    ]


def test_columns_are_handed_over_once() -> None:
    encoder = Encoder().add([["a"]])
    assert len(list(encoder.columns())) == 1
    assert list(encoder.columns()) == []
    assert list(encoder.widths) == [1]


@settings(max_examples=50, deadline=None)
@given(ROWS, ROWS)
def test_every_cell_comes_back_whatever_the_pieces(first: list[list[str]], second: list[list[str]]) -> None:
    encoder = Encoder().add(iter(first)).add(second)
    rows = first + second
    widest = max(map(len, rows), default=0)
    columns = [[texts[code] for code in numbers] for texts, numbers in encoder.columns()]
    assert columns == [[row[i] if i < len(row) else "" for row in rows] for i in range(widest)]


def test_a_record_that_is_too_wide_is_named() -> None:
    with pytest.raises(TooLargeError) as caught:
        Encoder().add([["a"]] * 300 + [["a"] * 16_385])
    assert (caught.value.row, caught.value.cells) == (301, 16_385)
    assert len(Encoder().add([["a"] * 16_384]).widths) == 1


def test_records_that_span_too_much_are_given_up_and_the_widest_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(codes, "MOST_CODES", 3_000)
    rows = [["a"], ["b"] * 10, *[["a"]] * 298]
    assert len(Encoder().add(rows).widths) == 300
    with pytest.raises(TooLargeError) as caught:
        Encoder().add([*rows, ["a"]])
    assert (caught.value.row, caught.value.cells) == (2, 10)
