"""How a table is set: the first setting with room, whole words, even parts, and what goes along to its page."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.report.blocks import Block, ExportError, Figure, Heading, Paragraph, Quote, TableBlock, Text
from analysis.report.layout import (
    GAP,
    LONGEST_WORD,
    Placed,
    Setting,
    Typesetter,
    dejavu,
    is_whole,
    rows_together,
)
from analysis.report.tables import Column, Table

SMALL, TURNED = Setting(10.0, 300.0, 600.0, landscape=False), Setting(8.0, 600.0, 300.0, landscape=True)
SETTER = Typesetter(
    regular=((dejavu("DejaVuSans"), None),), bold=((dejavu("DejaVuSans-Bold"), None),), settings=(SMALL, TURNED)
)  # fmt: skip


def table(*headings: str, row_headers: int = 1) -> Table:
    columns = [Column(f"c{i}", heading) for i, heading in enumerate(headings)]
    return Table("T", columns, [["ord"] * len(headings)], row_headers=row_headers)


def test_letters_are_as_wide_as_the_font_says() -> None:
    # 1303 of 2048 units for a digit of DejaVu Sans, and 2 % and half a point to be on the safe side.
    assert SETTER.width("0123", 10.0) == pytest.approx(4 * 1303 / 2048 * 10 * 1.02 + 0.5)
    assert SETTER.width("0123\n0", 10.0) == SETTER.width("0123", 10.0)
    assert SETTER.width("0", 10.0, bold=True) > SETTER.width("0", 10.0)
    assert SETTER.width("\u200b", 10.0) == SETTER.width("", 10.0) == 0.5


def test_only_very_long_words_get_places_to_break() -> None:
    text = "Arbetsmarknadsförvaltningen uppger"
    assert SETTER.with_breaks(text) == text
    broken = SETTER.with_breaks("m" * 100)
    assert broken.replace("\u200b", "") == "m" * 100
    assert all(
        SETTER.width(part, 1.0, bold=True) <= LONGEST_WORD * 1.02 + 0.5 for part in broken.split("\u200b")
    )


def test_a_table_takes_the_first_setting_with_room() -> None:
    (placed,) = SETTER.place(table("A", "B"), "cell 1")
    assert placed.setting is SMALL
    # Three words of 27 letters, about 18 units wide when bold: 3 × 190 points at size 10, 3 × 150 at size 8.
    (placed,) = SETTER.place(table(*["Arbetsmarknadsförvaltningen"] * 3), "cell 1")
    assert placed.setting is TURNED
    assert SETTER.row_heights(placed) == [8 * 1.25 + 8, 8 * 1.25 + 8]


def test_a_text_is_taken_for_rather_too_many_lines_than_too_few() -> None:
    # Nine lines of text fit in ten that are not quite full.
    placed = Placed(table("A", "B"), SMALL, (SETTER.width("ord", 10.0) / 9, 100.0))
    assert SETTER.row_heights(placed)[1] == 10 * 10 * 1.25 + 10


def test_a_heading_of_many_words_gets_room_for_four_lines() -> None:
    (placed,) = SETTER.place(table("A", "Alla svarande med samma svar"), "cell 1")
    needed = SETTER.width("Alla", 10.0, bold=True) + SETTER.width("svarande", 10.0, bold=True)
    assert placed.widths[1] >= needed


def test_what_is_left_of_the_width_goes_to_the_cells_before_the_headings() -> None:
    columns = [Column("a", "Fråga"), Column("b", "Förvaltningar som har svarat så")]
    (placed,) = SETTER.place(Table("T", columns, [["Hur har det gått med arbetet i år?", "Ja"]]), "cell 1")
    assert placed.setting is SMALL
    question, answer = placed.widths
    assert question == pytest.approx(SETTER.width("Hur har det gått med arbetet i år?", 10.0))
    assert answer < SETTER.width("Förvaltningar som har svarat så", 10.0, bold=True)


def test_a_setting_with_narrower_columns_is_tried_before_a_turned_page() -> None:
    tight = Setting(8.0, 300.0, 600.0, landscape=False, comfort=6.0)
    setter = Typesetter(SETTER.regular, SETTER.bold, (SMALL, tight, TURNED))
    texts = Table("T", [Column(f"c{i}", "Rubrik") for i in range(5)], [["ord och ord och ord"] * 5])
    (placed,) = setter.place(texts, "cell 1")
    assert placed.setting is tight
    (placed,) = setter.place(table(*["Arbetsmarknadsförvaltningen"] * 3), "cell 1")
    assert placed.setting is TURNED  # a word would be cut


@given(st.lists(st.text("abcdefghij -", min_size=1, max_size=40).filter(str.strip), min_size=2, max_size=30))
@settings(max_examples=30, deadline=None)
def test_every_column_stands_in_one_part_that_fits_and_no_word_is_cut(headings: list[str]) -> None:
    whole = table(*headings)
    placed = SETTER.place(whole, "cell 1")
    assert [c for part in placed for c in part.table.columns[1:]] == list(whole.columns[1:])
    for number, part in enumerate(placed, start=1):
        assert part.table.columns[0] == whole.columns[0]
        assert part.table.caption == ("T" if len(placed) == 1 else f"T (del {number} av {len(placed)})")
        assert sum(part.widths) + GAP * (len(part.widths) - 1) <= part.setting.width + 0.01
        for column, width in zip(part.table.columns, part.widths, strict=True):
            words = SETTER.with_breaks(column.heading).replace("-", "- ").replace("\u200b", " ").split()
            assert max(SETTER.width(word, part.setting.size, bold=True) for word in words) <= width + 0.01


def test_row_headings_that_leave_no_room_name_the_cell() -> None:
    with pytest.raises(
        ExportError, match=r"cell 7: the columns W+ do not fit on a page beside the row headings"
    ):
        SETTER.place(table(*["W" * 14] * 5, row_headers=4), "cell 7")


HEADING, TEXT = Heading(2, (), "1", "avsnitt-a"), Paragraph(())
NARROW, WIDE = TableBlock(table("A", "B"), 1), TableBlock(table(*["Arbetsmarknadsförvaltningen"] * 3), 2)
FIGURE = Figure("Svar", "Nio av tio svarar ja", "<svg/>")


@pytest.mark.parametrize(
    ("before", "leading"),
    [
        ([NARROW, HEADING, TEXT], 2),
        ([NARROW, HEADING, HEADING, TEXT], 3),
        ([NARROW, HEADING, TEXT, HEADING, TEXT], 4),
        ([NARROW, HEADING, Paragraph((Text("ord " * 50),)), HEADING, TEXT], 2),
        ([TEXT, TEXT], 0),
        ([HEADING, TEXT, FIGURE], 0),
        ([HEADING, TEXT, TEXT, TEXT, TEXT, TEXT], 0),
        ([], 0),
    ],
)
@pytest.mark.parametrize(("last", "turned"), [(NARROW, False), (FIGURE, False), (WIDE, True), (TEXT, False)])
def test_a_heading_and_its_text_go_along_with_a_table_or_figure(
    before: list[Block], leading: int, last: Block, turned: bool
) -> None:
    laid = SETTER.lay_out([*before, last])
    assert [entry.block for entry in laid] == [*before, last]
    along = 0 if last is TEXT else leading
    assert [entry.landscape for entry in laid] == [False] * (len(before) - along) + [turned] * (along + 1)
    assert [entry.leads_in for entry in laid[len(before) - along :]] == [True] * along + [False]
    assert [bool(entry.parts) for entry in laid] == [isinstance(b, TableBlock) for b in [*before, last]]


def test_a_table_stays_whole_while_it_takes_little_of_a_page() -> None:
    assert is_whole([20.0] * 8, SMALL)  # 160 of 600 points
    assert not is_whole([20.0] * 10, SMALL)
    assert is_whole([35.0] * 6, SMALL)  # 210 points, but five rows are too few for two pages
    assert not is_whole([70.0] * 5, SMALL)  # 350 points: high rows may part


@pytest.mark.parametrize(
    ("heights", "together"),
    [
        ([20.0] * 30, (3, 3)),
        ([20.0] * 27 + [50.0] * 3, (3, 2)),  # 96 points are enough, three rows or not
        ([20.0, 100.0, *[20.0] * 28], (1, 3)),
        ([20.0] * 28 + [500.0, 20.0], (3, 1)),  # a very high row may itself break
        ([20.0, 20.0, 20.0], (2, 2)),
    ],
)
def test_a_table_that_breaks_has_some_rows_on_both_pages(
    heights: list[float], together: tuple[int, int]
) -> None:
    assert rows_together(heights, SMALL) == together


def paragraph(text: str) -> Paragraph:
    return Paragraph((Text(text),))


@pytest.mark.parametrize(
    ("blocks", "leading"),
    [
        ([paragraph("Belysande exempel:"), Quote((paragraph("Ja."),))], [True, False]),
        ([paragraph("Så här är det."), Quote((paragraph("Ja."),))], [False, False]),
        ([HEADING, paragraph("Kort."), paragraph("Mer.")], [False, True, False]),
        ([HEADING, paragraph("Lång. " * 50), paragraph("Mer.")], [False, False, False]),
        ([paragraph("Så här:"), HEADING], [False, False]),
        ([HEADING, paragraph("Kort."), HEADING], [False, True, False]),
        ([HEADING, paragraph("Två rader. " * 10), HEADING], [False, False, False]),
        ([paragraph("Så här:")], [False]),
    ],
)
def test_a_text_that_announces_what_follows_stays_with_it(blocks: list[Block], leading: list[bool]) -> None:
    assert [entry.leads_in for entry in SETTER.lay_out(blocks)] == leading
