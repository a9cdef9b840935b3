"""Tables: what they refuse, how values are shown, and that nothing is lost on the way through JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.report.tables import SUPPRESSED, Column, Table, Value

NBSP = "\u00a0"
COLUMNS = [Column("unit", "Förvaltning"), Column("n", "Antal", "integer"), Column("p", "Andel", "percent")]
ROWS: list[list[Value]] = [["Farsta", 3, 60.0], ["Älvsjö", 0, None], ["Norrmalm", SUPPRESSED, SUPPRESSED]]


def test_values_are_shown_in_swedish() -> None:
    table = Table("Svar", [*COLUMNS, Column("m", "Medel", "decimal", 2)], [["Farsta", 12345, 66.5, -1.005]])
    assert table.shown_rows() == (("Farsta", "12\u202f345", f"67{NBSP}%", "\u22121,01"),)


def test_missing_suppressed_and_zero_are_told_apart_in_the_legend() -> None:
    table = Table("Svar", COLUMNS, ROWS, notes=["En not."], source="Enkäten 2021.")
    assert [row[1:] for row in table.shown_rows()] == [("3", f"60{NBSP}%"), ("–", ".."), ("..", "..")]
    assert table.footer() == (
        "En not.",
        "Teckenförklaring: – inget finns att redovisa (noll); .. uppgiften är inte tillgänglig eller är "
        "för osäker för att anges, eller visas inte, "
        "för att enskilda personer inte ska kunna kännas igen.",
        "Källa: Enkäten 2021.",
    )


@pytest.mark.parametrize(
    ("value", "legend"),
    [
        (None, "Teckenförklaring: .. uppgiften är inte tillgänglig eller är för osäker för att anges."),
        (
            SUPPRESSED,
            "Teckenförklaring: .. uppgiften visas inte, "
            "för att enskilda personer inte ska kunna kännas igen.",
        ),
        (0, "Teckenförklaring: – inget finns att redovisa (noll)."),
    ],
)
def test_legend_names_only_what_is_there(value: Value, legend: str) -> None:
    assert Table("Svar", COLUMNS, [["Farsta", value, 1.0]]).footer() == (legend,)
    assert Table("Svar", COLUMNS, [["Farsta", 1, 0.0]]).footer() == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"caption": " "}, "no caption"),
        ({"rows": []}, "no rows"),
        ({"rows": [["Farsta", 1]]}, "row 1 .* has 2 values for 3 columns"),
        ({"rows": [["Farsta", 1, 2.0], ["", 1, 2.0]]}, "row 2 .* empty row heading"),
        ({"rows": [["Farsta", 1.5, 2.0]]}, "'Antal' takes int, not 1.5"),
        ({"rows": [["Farsta", True, 2.0]]}, "'Antal' takes int, not True"),
        ({"rows": [["Farsta", 1, "50"]]}, "'Andel' takes int or float, not '50'"),
        ({"rows": [["Farsta", 1, float("nan")]]}, "give None"),
        ({"rows": [[7, 1, 1.0]]}, "'Förvaltning' takes str, not 7"),
        ({"row_headers": 3}, "not 3 row headings"),
        ({"row_headers": -1}, "not -1 row headings"),
        ({"columns": [COLUMNS[0], COLUMNS[1], COLUMNS[1]]}, "more than one column n"),
        ({"columns": []}, "is empty"),
        ({"notes": "En not."}, "notes is a list"),
    ],
)
def test_a_wrong_table_is_refused(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"caption": "Svar", "columns": COLUMNS, "rows": ROWS, **changes}
    with pytest.raises(ValueError, match=message):
        Table(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("n", " "), "empty heading"),
        (("n", "Antal", "number"), "unknown kind"),
        (("n", "Antal", "integer", 1), "cannot have 1 decimals"),
        (("n", "Antal", "decimal", -1), "cannot have -1 decimals"),
    ],
)
def test_a_wrong_column_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Column(*arguments)


def test_from_frame_reads_kinds_index_and_missing_values() -> None:
    frame = pd.DataFrame(
        {
            "Antal": pd.array([3, None], dtype="Int64"),
            "Medel": [2.5, np.nan],
            "Slag": pd.Categorical(["Stad", None]),
            "Skyddat": [SUPPRESSED, np.int64(4)],
        },
        index=pd.Index(["Farsta", "Älvsjö"], name="Förvaltning"),
    )
    before = frame.copy()
    table = Table.from_frame(frame, caption="Svar")
    assert [column.kind for column in table.columns] == ["text", "integer", "decimal", "text", "integer"]
    assert table.rows == (("Farsta", 3, 2.5, "Stad", SUPPRESSED), ("Älvsjö", None, None, None, 4))
    assert table.row_headers == 1
    pd.testing.assert_frame_equal(frame, before)


def test_from_frame_chooses_columns_and_makes_whole_numbers() -> None:
    frame = pd.DataFrame({"x": [1.0, np.nan], "y": ["a", "b"], "z": [1, 2]})
    columns = [Column("y", "Namn"), Column("x", "Antal", "integer")]
    table = Table.from_frame(frame, caption="Svar", columns=columns, notes=["N."], source="S.", key="svar")
    assert table == Table("Svar", columns, [["a", 1], ["b", None]], 1, ["N."], "S.", "svar")
    levels = frame.set_index(["y", "z"])
    assert Table.from_frame(levels, caption="Svar").row_headers == 2
    assert Table.from_frame(frame[["z"]], caption="Svar").row_headers == 0


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": [1]}, index=["x"]), "index of the frame has no name"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "several levels"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "same name"),
        (pd.DataFrame({"a": [True, False]}), "holds bool"),
        (pd.DataFrame({"a": [1, "x"]}), "holds int, str"),
        (pd.DataFrame({"a": pd.to_datetime(["2021-01-01"])}), "holds Timestamp"),
        (pd.DataFrame({"": ["x"], "b": ["y"]}), "empty heading"),
    ],
)
def test_from_frame_refuses_what_it_cannot_show(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Table.from_frame(frame, caption="Svar")


def test_from_frame_names_unknown_columns() -> None:
    with pytest.raises(ValueError, match="no column q"):
        Table.from_frame(pd.DataFrame({"a": [1]}), caption="Svar", columns=[Column("q", "Q")])


values = st.one_of(
    st.none(), st.just(SUPPRESSED), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
)


@given(
    caption=st.text(min_size=1).filter(str.strip),
    texts=st.lists(st.text().filter(str.strip), min_size=1, max_size=4),
    cells=st.lists(values, min_size=4, max_size=4),
    notes=st.lists(st.text(), max_size=3),
)
@settings(max_examples=50)
def test_json_loses_nothing(caption: str, texts: list[str], cells: list[Value], notes: list[str]) -> None:
    columns = [Column("t", "Text"), Column("x", "Tal", "decimal", 3)]
    rows = [[text, cell] for text, cell in zip(texts, cells, strict=False)]
    table = Table(caption, columns, rows, notes=notes, source=caption, key="nyckel")
    again = Table.from_json(table.to_json())
    assert again == table
    kinds = [[type(value) for value in row] for row in table.rows]
    assert [[type(value) for value in row] for row in again.rows] == kinds
    assert again.to_json() == table.to_json()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "version 2"),
        ({"version": None}, "version None"),
        ({"colour": "red"}, "colour"),
        ({"rows": [["Farsta", 1]]}, "2 values"),
        ({"rows": [["Farsta", {"mark": "guessed"}, 1.0]]}, "guessed"),
    ],
)
def test_json_of_another_form_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Table.from_dict({**json.loads(Table("Svar", COLUMNS, ROWS).to_json()), **changes})


def test_json_with_a_missing_field_is_refused() -> None:
    data = Table("Svar", COLUMNS, ROWS).to_dict()
    del data["notes"]
    with pytest.raises(ValueError, match="notes"):
        Table.from_dict(data)


def test_html_marks_headings_and_escapes_text() -> None:
    table = Table("A < B", [Column("a", "Namn & ort"), Column("n", "Antal", "integer")], [["<b>\nrad 2", 1]])
    assert table.to_html(label="Tabell 1", ident="t1", described_by="t1-noter").split("\n") == [
        '<table aria-describedby="t1-noter">',
        '<caption id="t1"><span>Tabell 1. A &lt; B</span></caption>',
        "<thead>",
        '<tr><th scope="col"><span>Namn &amp; ort</span></th><th scope="col" class="number"><span>Antal</span></th></tr>',
        "</thead>",
        "<tbody>",
        '<tr><th scope="row" class="lines">&lt;b&gt;<br>rad 2</th><td class="number">1</td></tr>',
        "</tbody>",
        "</table>",
    ]


def test_each_item_of_a_list_in_a_cell_has_an_element_of_its_own() -> None:
    table = Table("T", [Column("a", "A")], [["Ett <av>:\n• Ja: 1\n• Nej: 2\nslut\noch mer"]], row_headers=0)
    items = '<div class="item"><span>• </span>Ja: 1</div><div class="item"><span>• </span>Nej: 2</div>'
    assert f'<td class="lines">Ett &lt;av&gt;:{items}slut<br>och mer</td>' in table.to_html()


def test_a_cell_of_short_lines_says_so() -> None:
    rows = [["Rinkeby-Kista: nej\nSpånga-Tensta: ja"], ["Nej"], [f"Ja\n{'ord ' * 7}"]]
    markup = Table("T", [Column("a", "A")], rows, row_headers=0).to_html()
    assert '<td class="lines">Rinkeby-Kista: nej<br>Spånga-Tensta: ja</td>' in markup
    assert markup.count('class="lines"') == 1
