from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.delimited import find_delimiter, read_delimited
from analysis.problems import InputError


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        act()
    assert len(caught.value.problems) == 1
    return str(caught.value)


def rows(text: str, delimiter: str | None = None) -> list[list[str]]:
    return read_delimited(text.encode(), "utf-8", "e.csv", delimiter)[0].to_numpy().tolist()


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(mark: str) -> None:
    table = [["Id", "Fråga ett, två", "Svar; text"], ["1", "a", "b, c; d"], ["2", "e", "f, g"]]
    text = "".join(mark.join(f'"{c}"' if mark in c else c for c in row) + "\n" for row in table)
    assert find_delimiter(text) == mark


def test_commas_in_texts_do_not_outvote_the_semicolons_of_swedish_excel() -> None:
    text = "A;B;C\n" + "ja, nej, kanske, ibland, ofta;1,5;2,5\n" * 5
    assert find_delimiter(text) == ";"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("line", ["sep=|", "SEP=|", '"sep=|"'])
def test_the_first_line_of_excel_names_the_delimiter_and_is_no_record(line: str, end: str) -> None:
    text = end.join([line, "a|b;c", "1|2;3", ""])
    cells, widths, mark = read_delimited(text.encode(), "utf-8", "e.csv")
    assert (cells.to_numpy().tolist(), mark) == ([["a", "b;c"], ["1", "2;3"]], "|")
    assert (list(cells.index), widths.tolist()) == ([1, 2], [2, 2])


def test_a_person_outvotes_the_first_line_of_excel() -> None:
    assert rows("sep=,\na;b,c\n", ";") == [["a", "b,c"]]


def test_a_header_that_only_begins_so_is_a_record() -> None:
    assert rows("sep=x;b\n1;2\n") == [["sep=x", "b"], ["1", "2"]]


@pytest.mark.parametrize("delimiter", ["", "ab", '"', "\n"])
def test_what_cannot_be_a_delimiter(delimiter: str) -> None:
    assert "cannot be a delimiter. Use one character" in refused(lambda: rows("a;b\n", delimiter))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end(end: str) -> None:
    assert rows(f'a;b{end}1;"två{end}rader"{end}') == [["a", "b"], ["1", f"två{end}rader"]]


def test_line_ends_of_several_kinds_in_one_file() -> None:
    assert rows("a;b\r\n1;2\r3;4\n5;6") == [["a", "b"], ["1", "2"], ["3", "4"], ["5", "6"]]


def test_a_lone_quote_in_a_cell_that_is_not_quoted() -> None:
    assert rows('a;b\nskärm 5";ja "så" där\n') == [["a", "b"], ['skärm 5"', 'ja "så" där']]


def test_doubled_quotes_leave_backslashes_alone() -> None:
    assert rows('a;b\n"C:\\";"sa ""hej"""\n') == [["a", "b"], ["C:\\", 'sa "hej"']]


def test_quotes_with_backslashes_where_the_file_needs_it() -> None:
    text = 'a;b\n"sa \\"hej\\"";"C:\\\\"\n"\\n ""två""";x\n'
    assert rows(text) == [["a", "b"], ['sa "hej"', "C:\\\\"], ['\\n "två"', "x"]]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('a;b\n1;"två\n3;4\n', 2, "one is opened in this record and never closed"),
        (
            'a;b\n"rad\n2";x\n"1";"två" x\n3;4\n',
            4,
            "text stands between a closing one and the next delimiter",
        ),
        ('a;b\n1;2\n"\\"x" y;2\n', 3, "text stands between a closing one and the next delimiter"),
        ('a;b\n1;2\n"' + "x\n" * 5_100_000, 3, "a cell of this record goes on for 10 million characters"),
    ],
    ids=["open", "text after", "neither way", "very long"],
)
def test_quotes_that_do_not_match_are_told_with_the_line_where_the_record_begins(
    text: str, line: int, what: str
) -> None:
    assert refused(lambda: rows(text)) == (
        f"e.csv, line {line}: the quotes do not match: {what}. Export it again from the survey tool."
    )


def test_a_nul_is_told_with_its_line() -> None:
    assert refused(lambda: rows("a;b\n1;\0\n")) == (
        "e.csv, line 2: holds NUL bytes: it is not a text file. Export it again from the survey tool."
    )


def test_a_line_that_is_too_long() -> None:
    message = refused(lambda: rows("a;b\n" + "x" * 10_000_001))
    assert message.startswith("e.csv, line 2: the line has 10 million characters or more. ")


def test_a_record_that_is_too_wide() -> None:
    message = refused(lambda: rows("a;b\n" + ";" * 16_384, ";"))
    assert message.startswith("e.csv, line 2: the record has 16385 cells, more than any survey tool writes. ")


def test_one_wide_record_does_not_make_a_table_beyond_all_memory() -> None:
    message = refused(lambda: rows("a;b\n" + ";" * 9_999 + "\n" + "1;2\n" * 20_000, ";"))
    assert message.startswith(
        "e.csv, line 2: with the 10000 cells of this record, its widest, the table is too large"
    )


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "cp1252", "utf-8-sig"])
def test_other_encodings_are_read_piece_by_piece(encoding: str) -> None:
    text = "Fråga;b\r\n" + '1;"två\r\nrader – så"\r\n' * 5_000
    raw = text.replace("–", "-").encode(encoding)
    cells, widths, _ = read_delimited(raw, encoding, "e.csv")
    assert cells.iloc[0].tolist() == ["Fråga", "b"]
    assert (cells[1].iloc[1:] == "två\r\nrader - så").all()
    assert widths.dtype == np.int32
    assert widths.tolist() == [2] * 5_001


QUOTED = st.text(st.sampled_from("ab\";,\\\r\n'å\u00a0\ufeff "), max_size=6)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(QUOTED, min_size=2, max_size=4), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_every_quoted_cell_comes_back(table: list[list[str]], end: str) -> None:
    text = "".join(";".join('"' + c.replace('"', '""') + '"' for c in row) + end for row in table)
    widest = max(map(len, table))
    assert rows(text, ";") == [[*row, *[""] * (widest - len(row))] for row in table]
