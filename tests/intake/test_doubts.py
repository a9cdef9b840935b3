"""Rows of an export that are no submissions, or are there twice."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from analysis.intake.cells import from_rows
from analysis.intake.decode import Grid
from analysis.intake.dialects import find_table
from analysis.intake.doubts import doubts_of_rows, filled_in

HEADER = ["Svarsid", "Svarsdatum", "Hur?", "Varför?", "Antal"]
ROWS = [
    [str(i), f"2024-10-{i:02}", "Bra" if i % 2 else "Dåligt", f"Text {i}", str(3 * i)] for i in range(1, 9)
]


def doubts(rows: Sequence[Sequence[str]], tool: str = "table", header: Sequence[str] = HEADER) -> list[str]:
    table = find_table(Grid("x.csv", "0" * 64, from_rows([header, *rows])), "x.csv", tool)
    return doubts_of_rows(table, table.cells[~table.repeated])


def test_an_ordinary_export_is_not_doubted() -> None:
    assert doubts(ROWS) == []
    assert doubts([HEADER]) == []  # only the header once more


def test_equal_ids_are_counted() -> None:
    (line,) = doubts(
        [*ROWS, ["1", *ROWS[2][1:4], "77"], ["", *ROWS[2][1:4], "78"], ["", *ROWS[2][1:4], "79"]]
    )
    assert line.startswith("1 submission has an id (“Svarsid”) that an earlier one has: ")


def test_equal_answers_are_counted_whatever_their_id_and_time() -> None:
    again = [["98", "2024-11-01", *ROWS[0][2:]], ["99", "2024-11-02", *ROWS[0][2:]]]
    (line,) = doubts([*ROWS, *again])
    assert line.startswith(
        "2 submissions are the same as an earlier one in everything but its id and times: "
    )
    nothing = [["98", "2024-11-01", "", "", ""], ["99", "2024-11-02", "", "", ""]]
    assert doubts([*ROWS, *nothing]) == []


def test_different_people_who_answer_alike_are_not_the_same() -> None:
    header = ["E-post", "Hur?"]
    assert doubts([["a@b.se", "Bra"], ["c@d.se", "Bra"], ["", "Bra"]], header=header) == []
    assert len(doubts([["a@b.se", "Bra"], ["a@b.se", "Bra"]], header=header)) == 1


def test_a_second_row_of_headers_is_told() -> None:
    (line,) = doubts([["", "", "På jobbet", "Fritext", ""], *ROWS])
    assert line == (
        "Row 2 looks like a second row of headers (“På jobbet”, “Fritext”): if it is, put `header_rows: [1, 2]` under "
        "`source`; the columns are then called by both rows, joined by “ – ”."
    )


@pytest.mark.parametrize(
    "first",
    [
        ["0", "2024-10-01", "Bra", "Text", "1"],
        ["", "", "Bra", "En text", ""],  # an answer that others gave too
        ["", "", "", "En text", ""],
        ["", "", "Samma", "Samma", ""],
    ],
)
def test_a_first_submission_is_no_header(first: list[str]) -> None:
    assert doubts([first, *ROWS]) == []


def test_only_a_table_has_rows_of_headers_that_a_person_may_name() -> None:
    header = ["Tidstämpel", *HEADER[1:]]
    rows = [
        ["", "", "På jobbet", "Fritext", ""],
        *[[f"2024-10-{i + 1:02} 08:00", *r[1:]] for i, r in enumerate(ROWS)],
    ]
    assert doubts(rows, "google_forms", header) == []


@pytest.mark.parametrize("word", ["Summa", "Totalt", "TOTAL:", "Medelvärde", "Sum"])
def test_a_last_row_that_sums_up_is_told(word: str) -> None:
    (line,) = doubts([*ROWS, [word, "", "", "", "108"]])
    assert line.startswith(f"The last row (10) begins with “{word}” and holds only numbers else: ")


@pytest.mark.parametrize(
    "last", [["Summa", "", "", "ord", "3"], ["Summa", "", "", "", ""], ["9", "", "", "", "3"]]
)
def test_other_last_rows_are_submissions(last: list[str]) -> None:
    assert doubts([*ROWS, last]) == []


def test_rows_with_something_to_see() -> None:
    rows = from_rows([["a", "", "x"], ["", "\u00a0", "x"], ["", "b", ""]])
    assert filled_in(rows, [0, 1]).tolist() == [True, False, True]
    assert filled_in(rows, []).tolist() == [False, False, False]
