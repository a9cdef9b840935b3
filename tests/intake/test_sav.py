from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.decode import Grid, decode
from analysis.intake.sav import moment_text, time_text
from analysis.problems import InputError


@pytest.fixture
def read_sav(tmp_path: Path) -> Callable[..., Grid]:
    def read_sav(columns: dict[str, list[Any]], **more: Any) -> Grid:
        path = tmp_path / "x.sav"
        pyreadstat.write_sav(pd.DataFrame(columns), path, **more)
        return decode(path, "x.sav")

    return read_sav


def column(grid: Grid, position: int) -> list[str]:
    return grid.cells[position].astype(str).tolist()


def test_names_labels_and_cases(read_sav) -> None:
    grid = read_sav(
        {"id": [1.0, 2.0, None], "vikt": [0.5, 1e20, -3.0], "text": ["på", "", " Åsö; 1"]},
        column_labels=["Svarsid", None, "Fri text – ”så”"],
    )
    assert grid.cells.to_numpy().tolist() == [
        ["id", "vikt", "text"],
        ["Svarsid", "", "Fri text – ”så”"],
        ["1", "0.5", "på"],
        ["2", "1e+20", ""],
        ["", "-3", " Åsö; 1"],
    ]
    assert (grid.format, grid.sheet, grid.widths, grid.delimiter) == ("sav", None, None, None)
    assert (grid.value_labels, grid.user_missing) == ({}, {})
    assert list(grid.cells.index) == [1, 2, 3, 4, 5]


def test_value_labels_in_the_order_of_their_codes(read_sav) -> None:
    grid = read_sav(
        {"a": [1.0, 10.0, 2.0, 3.0, None], "s": ["j", "n", "", "x", "j"]},
        variable_value_labels={
            "a": {10: "Helt", 2: "Delvis", 1: "Inte", 4: " "},
            "s": {"n": "Nej", "j": "Ja"},
        },
    )
    assert column(grid, 0) == ["a", "", "Inte", "Helt", "Delvis", "3", ""]
    assert column(grid, 1) == ["s", "", "Ja", "Nej", "", "x", "Ja"]
    assert {i: list(labels.items()) for i, labels in grid.value_labels.items()} == {
        0: [("1", "Inte"), ("2", "Delvis"), ("10", "Helt")],
        1: [("j", "Ja"), ("n", "Nej")],
    }


def test_values_that_share_a_label_stay_apart(read_sav) -> None:
    grid = read_sav({"a": [1.0, 8.0, 9.0]}, variable_value_labels={"a": {1: "Ja", 8: "Vet ej", 9: "Vet ej"}})
    assert column(grid, 0)[2:] == ["Ja", "Vet ej (8)", "Vet ej (9)"]
    assert grid.value_labels[0] == {"1": "Ja", "8": "Vet ej (8)", "9": "Vet ej (9)"}


def test_what_the_file_declares_missing(read_sav) -> None:
    grid = read_sav(
        {"a": [1.0, 9.0, None], "b": [90.5, 99.0, -1.0], "c": [1.0, 2.0, 3.0], "s": ["x", "ja", ""]},
        variable_value_labels={"a": {9: "Vet ej", 8: "Vill ej svara"}},
        missing_ranges={"a": [8, 9], "b": [{"lo": 90, "hi": 98}, -1], "s": ["x"]},
    )
    assert column(grid, 0)[2:] == ["1", "Vet ej", ""]
    assert column(grid, 1)[2:] == ["90.5", "99", "-1"]
    assert grid.user_missing == {0: ("Vill ej svara", "Vet ej"), 1: ("-1", "90.5"), 3: ("x",)}


def test_dates_and_times(read_sav) -> None:
    seconds = 13_854_011_401.0
    grid = read_sav(
        {
            "d": [seconds - 30_601, None],
            "t": [seconds, seconds - 30_601],
            "k": [30_600.0, 100_000.0],
            "n": [seconds, 0.0],
        },
        variable_format={"d": "EDATE10", "t": "DATETIME20", "k": "TIME8", "n": "F12"},
    )
    assert [column(grid, i)[2:] for i in range(4)] == [
        ["2021-10-19", ""],
        ["2021-10-19 08:30:01", "2021-10-19"],
        ["08:30:00", "27:46:40"],
        ["13854011401", "0"],
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (moment_text(1e300), "1e+300"),
        (moment_text(13_854_011_401.5), "2021-10-19 08:30:01.500000"),
        (time_text(-1.0), "-1"),
        (time_text(0.25), "00:00:00.25"),
    ],
)
def test_moments_that_are_out_of_the_ordinary(text: str, expected: str) -> None:
    assert text == expected


@pytest.mark.parametrize("how", [{"compress": True}, {"row_compress": True}])
def test_compressed_files(read_sav, how: dict[str, bool]) -> None:
    assert column(read_sav({"a": [1.0, 2.0]}, **how), 0) == ["a", "", "1", "2"]


def test_a_file_without_cases_has_its_two_header_rows(read_sav) -> None:
    assert column(read_sav({"a": [1.0][:0]}), 0) == ["a", ""]


def test_a_file_that_is_cut_off_is_never_a_shorter_table(tmp_path: Path) -> None:
    path = tmp_path / "x.sav"
    pyreadstat.write_sav(pd.DataFrame({"a": [1.0, 2.0] * 50, "b": ["på", "x"] * 50}), path)
    whole = path.read_bytes()
    for size in (5, 176, 600, len(whole) - 16, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError) as caught:
            decode(path, "x.sav")
        assert str(caught.value).startswith("x.sav: is not an SPSS file that can be read (")


def test_another_encoding_is_settled_by_a_person(tmp_path: Path) -> None:
    path = tmp_path / "x.sav"
    pyreadstat.write_sav(pd.DataFrame({"a": ["måla"]}), path)
    path.write_bytes(path.read_bytes().replace("måla ".encode(), "måla".encode("cp1252").ljust(6)))
    with pytest.raises(InputError, match="encoding"):
        decode(path, "x.sav")
    assert column(decode(path, "x.sav", encoding="cp1252"), 0)[2:] == ["måla"]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6) | st.integers(-9, 9).map(float) | st.none(), min_size=1, max_size=20))
def test_every_number_comes_back(tmp_path_factory, numbers: list[float | None]) -> None:
    path = tmp_path_factory.mktemp("sav") / "x.sav"
    pyreadstat.write_sav(pd.DataFrame({"a": pd.Series(numbers, dtype=float)}), path)
    found = column(decode(path, "x.sav"), 0)[2:]
    assert [float(text) if text else None for text in found] == numbers
