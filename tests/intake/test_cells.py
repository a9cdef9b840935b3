from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.cells import (
    codes_of,
    distinct,
    each,
    filled,
    from_rows,
    is_blank,
    one_line,
    places,
    replaced,
)

TABLE = [["b", "x"], ["a"], ["b", "", "y"]]


def test_rows_become_categorical_columns_numbered_from_one() -> None:
    cells = from_rows(TABLE)
    assert cells.to_numpy().tolist() == [["b", "x", ""], ["a", "", ""], ["b", "", "y"]]
    assert (list(cells.index), list(cells.columns)) == ([1, 2, 3], [0, 1, 2])
    assert codes_of(cells[0]).tolist() == [1, 2, 1]


def test_each_text_is_handled_once() -> None:
    seen: list[str] = []

    def note(text: str) -> int:
        seen.append(text)
        return len(text)

    assert each(from_rows([["b"], ["aa"], ["b"]])[0], note, int).tolist() == [1, 2, 1]
    assert sorted(seen) == ["aa", "b"]
    assert each(from_rows([["b"], [""]])[0], {"b": "B", "": "-"}).tolist() == ["B", "-"]


def test_distinct_texts_and_their_places() -> None:
    cells = from_rows([["b"], ["a"], ["b"], [""]])
    assert distinct(cells[0]) == ["b", "a", ""]
    assert distinct(cells.loc[2:3, 0]) == ["a", "b"]
    assert [(text, at.tolist()) for text, at in places(cells[0], ["a", "b"])] == [("a", [1]), ("b", [0, 2])]


def test_which_cells_are_filled() -> None:
    assert filled(from_rows(TABLE)).tolist() == [
        [True, True, False],
        [True, False, False],
        [True, False, True],
    ]
    assert filled(from_rows([[], []])).shape == (2, 0)


def test_replaced_cells_leave_the_others_and_the_argument_alone() -> None:
    cells = from_rows(TABLE)
    after = replaced(cells, {(1, 0): "ny", (3, 0): "a", (2, 2): ""})
    assert after.to_numpy().tolist() == [["ny", "x", ""], ["a", "", ""], ["a", "", "y"]]
    assert cells.to_numpy().tolist() == [["b", "x", ""], ["a", "", ""], ["b", "", "y"]]
    assert codes_of(after[2]).tolist() == [0, 0, 1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.text("aå\u00a0 ", max_size=2), min_size=2, max_size=2), min_size=1, max_size=9))
def test_what_stands_in_the_rows_stands_in_the_cells(rows: list[list[str]]) -> None:
    cells = from_rows(rows)
    assert cells.to_numpy().tolist() == rows
    assert np.array_equal(filled(cells), np.array([[text != "" for text in row] for row in rows]))


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u00a0", "\ufeff", " \u2003\u200b\u00ad "])
def test_what_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["0", ".", "-", "\u00a0x"])
def test_what_shows_something_is_not(text: str) -> None:
    assert not is_blank(text)


def test_one_line() -> None:
    assert one_line("\ufeff Rad ett\r\n  rad\u00a0två ") == "Rad ett rad två"
