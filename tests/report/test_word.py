"""The Word file: real styles and structure, what cannot be held, and that every text comes through as written."""

from __future__ import annotations

import datetime as dt
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import docx
import nbformat
import pytest
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.image.image import Image
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.shared import Pt, Twips
from docx.table import Table as WordTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.report import word
from analysis.report.blocks import (
    THEMES,
    Block,
    Code,
    Document,
    Figure,
    Heading,
    Inlines,
    ItemList,
    LineBreak,
    Link,
    NoteMark,
    Paragraph,
    Quote,
    TableBlock,
    Text,
)
from analysis.report.document import ExportError, as_quote, plain
from analysis.report.tables import Column, Table


def opened(data: bytes) -> Any:
    return docx.Document(io.BytesIO(data))


@pytest.fixture(scope="module")
def sample_docx(sample: Document) -> bytes:
    return word.render(sample)


@pytest.fixture(scope="module")
def file(sample_docx: bytes) -> Any:
    return opened(sample_docx)


def names(element: Any, tag: str, attribute: str) -> list[str]:
    """Return an attribute of all elements of a kind, in order."""
    return [found.get(qn(attribute)) for found in element.iter(qn(tag))]


def styled(file: Any, style: str) -> list[str]:
    return [p.text for p in file.paragraphs if p.style.name == style]


def alts(file: Any) -> list[str]:
    return [found.get("descr") for found in file.element.body.iter(qn("wp:docPr"))]


def notes_of(file: Any) -> Any:
    return parse_xml(file.part.part_related_by(RELATIONSHIP_TYPE.FOOTNOTES).blob)


# The same blocks with the same texts

FRONT = re.compile("Status|Title|Subtitle|Uppgift|toc", re.IGNORECASE)
"""The styles of the first page, which no other has."""


def read(content: Inlines, document: Document) -> str:
    """Return a text as a reader reads it, without the numbers of footnotes."""
    pieces = []
    for part in content:
        match part:
            case Text() | Code():
                pieces.append(part.text)
            case LineBreak():
                pieces.append("\n")
            case NoteMark():
                pass
            case Link() if not part.content:
                pieces.append(document.references[part.target[1:]])
            case _:
                pieces.append(read(part.content, document))
    return "".join(pieces)


Shown = tuple[str, Any]
"""What a reader meets: its kind and its text; of a table, its rows."""


def wanted(document: Document) -> Iterator[Shown]:
    """Yield what the document holds after its first page."""

    def of(block: Block, quoted: bool, listed: bool) -> Iterator[Shown]:
        match block:
            case Heading():
                yield f"Heading {block.level - 1}", f"{block.number} {read(block.content, document)}"
            case Paragraph():
                kind = "Quote" if quoted else "List Continue" if listed else "Normal"
                yield kind, read(block.content, document)
            case ItemList():
                for item in block.items:
                    first, *rest = item
                    assert isinstance(first, Paragraph)
                    kind = "List Number" if block.ordered else "List Bullet"
                    yield "Quote" if quoted else kind, read(first.content, document)
                    for inner in rest:
                        yield from of(inner, quoted, True)
            case Quote():
                for inner in block.blocks:
                    yield from of(inner, True, listed)
                if block.attribution:
                    yield "Citatkälla", read(block.attribution, document)
            case TableBlock(table):
                yield "Caption", f"{block.label}. {table.caption}"
                yield "table", [tuple(c.heading for c in table.columns), *table.shown_rows()]
                yield from (("Not", line) for line in table.footer())
            case Figure():
                yield "Caption", f"{block.label}. {block.caption}"
                yield "Diagram", block.alt
                yield from (("Not", line) for line in block.footer())

    for block in document.blocks:
        yield from of(block, False, False)


def found(file: Any) -> Iterator[Shown]:
    """Yield what the file holds after its first page, in the order of its body."""
    begun = False
    for element in file.iter_inner_content():
        if isinstance(element, WordTable):
            yield "table", [tuple(cell.text for cell in row.cells) for row in element.rows]
            continue
        begun = begun or not FRONT.match(element.style.name)
        pictures = [picture.get("descr") for picture in element._p.iter(qn("wp:docPr"))]
        if begun and (element.text or pictures):
            yield element.style.name, pictures[0] if pictures else element.text


def test_the_file_holds_the_blocks_of_the_document_in_their_order(file: Any, sample: Document) -> None:
    assert list(found(file)) == list(wanted(sample))


def test_footnotes_are_real_and_numbered_in_the_order_of_their_calls(file: Any, sample: Document) -> None:
    notes = [n for n in notes_of(file) if n.get(qn("w:type")) is None]
    texts = ["".join(t.text for t in note.iter(qn("w:t"))).strip() for note in notes]
    assert texts == ["".join(read(p.content, sample) for p in note.blocks) for note in sample.notes]
    assert len(texts) == 2
    called = names(file.element.body, "w:footnoteReference", "w:id")
    assert called == [note.get(qn("w:id")) for note in notes] == ["1", "2"]
    # A footnote called again is a field that repeats the number of its first call.
    (again,) = names(file.element.body, "w:fldSimple", "w:instr")
    assert again.split() == ["NOTEREF", "fotnot_1", "\\f", "\\h"]
    assert "fotnot_1" in names(file.element.body, "w:bookmarkStart", "w:name")


METACHARACTERS = st.sampled_from("#$@<>_*`~^\\/[](){}|&;:!?'\"-+=.,% 1aåÖé–”−\u00a0\u200bΔ☺🫠漢")
TEXTS = st.lists(METACHARACTERS, min_size=1, max_size=30).map("".join).filter(lambda text: text.strip())


@given(strings=st.lists(TEXTS, min_size=16, max_size=16), start=st.integers(0, 30), depth=st.integers(1, 9))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_text_comes_back_as_it_was_written(
    document_of: Callable[..., Document], strings: list[str], start: int, depth: int
) -> None:
    title, mark, heading, column, *texts = strings
    item = "\n".join(f"{'    ' * level}- {plain(texts[level])}" for level in range(depth))
    table = Table(
        texts[9], [Column("a", "A"), Column("b", column)], [["r", c] for c in texts], notes=texts[:2]
    )
    document = document_of(
        f"## {plain(heading)}\n\n{plain(texts[0])}[^n] **{plain(texts[1])}a** *{plain(texts[2])}a*",
        f"{item}\n\n{start}. {plain(texts[3])}\n\n    {plain(texts[4])}",
        as_quote(texts[5], texts[6]),
        table,
        f"### {plain(texts[7])}\n\n[{plain(texts[8])}a](https://example.org/?a=1&b=%C3%A5)",
        f"[^n]: {plain(texts[10])}",
        title=title,
        marks=[mark],
    )  # fmt: skip
    file = opened(word.render(document))
    assert list(found(file)) == list(wanted(document))
    assert file.core_properties.title == title
    assert styled(file, "Title") == [title]
    assert styled(file, "Status") == [mark]
    note = "".join(t.text for t in notes_of(file).iter(qn("w:t")))
    assert note.strip() == texts[10].strip()


# What the file says about itself


def test_the_properties_are_those_of_the_document(file: Any, sample: Document) -> None:
    properties = file.core_properties
    assert properties.title == sample.about.title
    assert properties.author == properties.last_modified_by == "Socialförvaltningen"
    assert properties.language == "sv-SE"
    day = dt.datetime(2021, 10, 19, tzinfo=dt.UTC)
    assert properties.created == properties.modified == day


def test_all_text_is_swedish_and_in_a_font_with_a_fallback(file: Any) -> None:
    defaults = next(file.styles.element.iter(qn("w:rPrDefault")))
    assert names(defaults, "w:lang", "w:val") == ["sv-SE"]
    assert names(defaults, "w:rFonts", "w:ascii") == ["Verdana"]
    assert not names(file.element, "w:lang", "w:val")
    fonts = parse_xml(file.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE).blob)
    assert names(fonts, "w:font", "w:name")[0] == "Verdana"
    assert names(fonts, "w:altName", "w:val")[0] == "Arial"
    assert not list(fonts.iter(qn("w:embedRegular")))


@pytest.mark.parametrize("theme", THEMES)
def test_the_colours_are_those_of_the_html(sample: Document, theme: str) -> None:
    sheet = resources.files("analysis.report").joinpath("assets/appendix.css").read_text(encoding="utf-8")
    light = {colour.upper() for colour in re.findall(r"#([0-9a-f]{6})", sheet.split("}")[0])}
    light.add(THEMES[theme].accent)
    file = opened(word.render(replace(sample, about=replace(sample.about, theme=theme))))
    used = {c for tag in ("w:color", "w:top", "w:left", "w:bottom", "w:insideH")
            for c in names(file.styles.element, tag, "w:val" if tag == "w:color" else "w:color")
            if c is not None}  # fmt: skip
    assert len(used) == 4
    assert used <= light


def test_the_first_page_says_what_the_document_is(file: Any) -> None:
    assert styled(file, "Uppgift") == [
        "Rapporteringsår\t2021",
        "Dnr\tanges vid registrering",
        "Datum\t19 oktober 2021",
        "Utgivare\tSocialförvaltningen",
        "Kontakt\tEnheten för uppföljning, uppfoljning@example.org",
    ]
    assert styled(file, "Status") == ["UTKAST · SYNTETISKA EXEMPELDATA"]


def test_every_page_has_the_marks_and_its_number(file: Any, sample: Document) -> None:
    orientations = [section.orientation for section in file.sections]
    assert orientations == [WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE, WD_ORIENT.PORTRAIT]
    for section in file.sections:
        (line,) = section.header.paragraphs
        assert line.text == f"UTKAST · SYNTETISKA EXEMPELDATA\n{sample.about.title}"
        (line,) = section.footer.paragraphs
        assert line.text == "Sida 1 av 1"
        fields = [i.text.strip() for i in line._p.iter(qn("w:instrText"))]
        assert fields == ["PAGE", "NUMPAGES"]


def test_a_document_without_marks_notes_or_headings(document_of: Callable[..., Document]) -> None:
    document = document_of("Bara text.")
    file = opened(word.render(document))
    assert [p.text for p in file.paragraphs if p.style.name != "Uppgift"] == ["Provbilaga", "Bara text."]
    assert file.sections[0].header.paragraphs[0].text == "Provbilaga"
    assert list(found(file)) == [("Normal", "Bara text.")]


# Structure


def test_one_title_and_headings_that_skip_no_level(file: Any, sample: Document) -> None:
    assert styled(file, "Title") == [sample.about.title]
    levels = [int(p.style.name[-1]) for p in file.paragraphs if p.style.name.startswith("Heading ")]
    assert len(levels) == sum(isinstance(block, Heading) for block in sample.blocks) == 10
    assert all(after <= before + 1 for before, after in pairwise([0, *levels]))
    for level in range(1, 6):
        outline = names(file.styles[f"Heading {level}"].element, "w:outlineLvl", "w:val")
        assert outline == [str(level - 1)]


def test_the_contents_are_a_field_that_shows_without_being_updated(file: Any, sample: Document) -> None:
    headings = [block for block in sample.blocks if isinstance(block, Heading)]
    entries = [p for p in file.paragraphs if p.style.name in ("toc 1", "toc 2")]
    assert [p.text for p in entries] == [f"{h.number} {read(h.content, sample)}" for h in headings]
    assert [int(p.style.name[-1]) for p in entries] == [h.level - 1 for h in headings]
    marks = set(names(file.element.body, "w:bookmarkStart", "w:name"))
    assert {p.hyperlinks[0].fragment for p in entries} <= marks
    (field,) = [i.text for entry in entries for i in entry._p.iter(qn("w:instrText"))]
    assert field.split() == ["TOC", "\\o", '"1-2"', "\\h", "\\z", "\\u"]
    assert_one_field(entries)


def assert_one_field(paragraphs: list[Any]) -> None:
    kinds = [names(p._p, "w:fldChar", "w:fldCharType") for p in paragraphs]
    assert kinds[0] == ["begin", "separate"]
    assert kinds[-1] == ["end"]
    assert not any(kinds[1:-1])


def test_the_list_of_tables_is_a_field_over_marks_at_their_captions(
    sample: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.report.blocks.FEWEST_LISTED", 2)
    file = opened(word.render(sample))
    tables = [block for block in sample.blocks if isinstance(block, TableBlock)]
    entries = [p for p in file.paragraphs if p.style.name == "toc 3"]
    assert [p.text for p in entries] == [f"{b.label}. {b.caption}" for b in tables]
    (field,) = [i.text for entry in entries for i in entry._p.iter(qn("w:instrText"))]
    assert field.split() == ["TOC", "\\f", "T", "\\l", "3-3", "\\h", "\\z"]
    assert_one_field(entries)
    captions = [p for p in file.paragraphs if p.style.name == "Caption"]
    marks = [i.text.strip() for p in captions for i in p._p.iter(qn("w:instrText"))]
    assert marks[0] == 'TC "Tabell 1. Besvarade frågor per förvaltning" \\f T \\l 3'
    assert len(marks) == len(captions) == len(tables) + 1
    assert [mark for mark in marks if "\\f D" in mark] == [
        marks[p] for p, c in enumerate(captions) if "Diagram" in c.text
    ]
    assert all(
        run.find(qn("w:rPr")).find(qn("w:vanish")) is not None
        for p in captions
        for run in p._p.iter(qn("w:r"))
        if run.find(qn("w:instrText")) is not None
    )


def test_quotation_marks_in_a_caption_do_not_end_its_mark(document_of: Callable[..., Document]) -> None:
    table = Table('Svar "ja" \\ nej', [Column("a", "A"), Column("b", "B")], [["a", "b"]])
    file = opened(word.render(document_of(table)))
    (mark,) = [i.text for i in file.element.body.iter(qn("w:instrText"))]
    assert mark == ' TC "Tabell 1. Svar \\"ja\\" \\\\ nej" \\f T \\l 3 '


def test_links_lead_to_addresses_and_to_bookmarks(file: Any) -> None:
    bookmarks = names(file.element.body, "w:bookmarkStart", "w:name")
    assert len(bookmarks) == len(set(bookmarks))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) for name in bookmarks)
    ids = names(file.element.body, "w:bookmarkStart", "w:id")
    assert ids == names(file.element.body, "w:bookmarkEnd", "w:id")
    assert len(ids) == len(set(ids))
    links = [h for p in file.paragraphs if p.style.name != "toc 1" for h in p.hyperlinks]
    within = {h.text: h.fragment for h in links if not h.address}
    expected = {"avsnitt\u00a02": "avsnitt_2", "tabell\u00a02": "tabell_2", "diagram\u00a01": "diagram_1"}
    assert expected.items() <= within.items()
    assert set(within.values()) <= set(bookmarks)
    outside = {h.text: h.address for h in links if h.address}
    assert outside["uppfoljning@example.org"] == "mailto:uppfoljning@example.org"
    assert all(run.style.name == "Hyperlink" for h in links if h.address for run in h.runs)


def test_a_link_in_a_footnote_leads_somewhere(document_of: Callable[..., Document]) -> None:
    file = opened(word.render(document_of("Text[^a].\n\n[^a]: Se [staden](https://example.org/b).")))
    part = file.part.part_related_by(RELATIONSHIP_TYPE.FOOTNOTES)
    (rel,) = names(parse_xml(part.blob), "w:hyperlink", "r:id")
    assert part.rels[rel].target_ref == "https://example.org/b"


def test_figures_carry_their_message_and_fit_the_page_in_print(file: Any, sample: Document) -> None:
    figures = [block for block in sample.blocks if isinstance(block, Figure)]
    assert alts(file) == [figure.alt for figure in figures]
    assert [shape._inline.docPr.get("name") for shape in file.inline_shapes] == ["Diagram 1"]
    for shape, figure in zip(file.inline_shapes, figures, strict=True):
        assert shape.width <= Pt(word.TEXT_WIDTH)
        assert shape.width / shape.height == pytest.approx(figure.size[0] / figure.size[1], rel=0.01)
        rel = shape._inline.graphic.graphicData.pic.blipFill.blip.embed
        picture = Image.from_blob(file.part.related_parts[rel].blob)
        assert picture.px_width / shape.width.inches >= 200
        assert picture.content_type == "image/png"


def test_a_figure_larger_than_the_page_is_made_smaller(sample: Document) -> None:
    figure = next(block for block in sample.blocks if isinstance(block, Figure))
    for width, height in ((900, 300), (400, 2000)):
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt"/>'
        file = opened(word.render(replace(sample, blocks=(replace(figure, svg=svg),), notes=())))
        (shape,) = file.inline_shapes
        assert shape.width <= Pt(word.TEXT_WIDTH)
        assert shape.height <= Pt(word.TEXT_HEIGHT)
        assert shape.width / shape.height == pytest.approx(width / height, rel=0.01)


def test_tables_have_repeated_headings_whole_rows_and_row_headings(file: Any, sample: Document) -> None:
    blocks = [block.table for block in sample.blocks if isinstance(block, TableBlock)]
    assert len(file.tables) == len(blocks) == 5
    for found_table, table in zip(file.tables, blocks, strict=True):
        assert found_table.style.name == "Bilagetabell"
        head, *body = found_table.rows
        assert names(head._tr, "w:tblHeader", "w:val") == [None]
        assert all(not list(row._tr.iter(qn("w:tblHeader"))) for row in body)
        assert all(len(list(row._tr.iter(qn("w:cantSplit")))) == 1 for row in found_table.rows)
        (look,) = found_table._tbl.iter(qn("w:tblLook"))
        assert look.get(qn("w:firstRow")) == "1"
        assert look.get(qn("w:firstColumn")) == str(int(table.row_headers > 0))
        assert int(look.get(qn("w:val")), 16) == 0x620 + 0x80 * (table.row_headers > 0)
        assert not list(found_table._tbl.iter(qn("w:gridSpan"), qn("w:vMerge"), qn("w:hMerge")))
        for row in found_table.rows:
            assert len(list(row._tr.iter(qn("w:tc")))) == len(table.columns)
            right = [c.paragraphs[0].alignment == WD_ALIGN_PARAGRAPH.RIGHT for c in row.cells]
            assert right == [column.is_number for column in table.columns]
    assert file.styles["Bilagetabell"].type == WD_STYLE_TYPE.TABLE


def test_a_caption_stays_with_its_table_and_that_with_its_notes(document_of: Callable[..., Document]) -> None:
    def kept(rows: int, notes: list[str]) -> list[bool]:
        columns = [Column("a", "A"), Column("b", "B")]
        table = Table("T", columns, [[f"{i}", "b"] for i in range(rows)], notes=notes)
        (found_table,) = opened(word.render(document_of(table))).tables
        return [bool(row.cells[0].paragraphs[0].paragraph_format.keep_with_next) for row in found_table.rows]

    assert kept(3, ["Not."]) == [True] * 4
    assert kept(3, []) == [True] * 3 + [False]
    long = kept(90, ["Not."])
    assert [i for i, keep in enumerate(long) if keep] == [
        0,
        1,
        2,
        88,
        89,
        90,
    ]  # three rows at least on a page
    assert opened(word.render(document_of("A"))).styles["Caption"].paragraph_format.keep_with_next


def test_a_row_higher_than_half_a_page_may_break(document_of: Callable[..., Document]) -> None:
    table = Table("T", [Column("a", "A"), Column("b", "B")], [["kort", "b"], ["lång", "Samverkan. " * 900]])
    (found_table,) = opened(word.render(document_of(table))).tables
    assert [bool(list(row._tr.iter(qn("w:cantSplit")))) for row in found_table.rows] == [True, True, False]


def wide_table(columns: int) -> Table:
    others = [Column(f"c{i}", f"Socialförvaltningens bedömning {i}", "integer") for i in range(columns)]
    rows = [[name, *range(1, columns + 1)] for name in ("Enskede-Årsta-Vantör", "Farsta")]
    return Table("Bred", [Column("unit", "Förvaltning"), *others], rows, key="bred")


@pytest.mark.parametrize(("columns", "landscape", "parts"), [(2, False, 1), (7, True, 1), (40, True, 6)])
def test_no_table_is_wider_than_its_page(
    document_of: Callable[..., Document], columns: int, landscape: bool, parts: int
) -> None:
    document = document_of(
        "Före.\n\n## Bred\n\nInledning till [](#tabell-bred).", wide_table(columns), "Efter."
    )
    file = opened(word.render(document))
    assert len(file.tables) == parts
    headings = [cell.text for table in file.tables for cell in table.rows[0].cells[1:]]
    assert headings == [column.heading for column in wide_table(columns).columns[1:]]
    section = file.sections[1 if landscape else 0]
    assert (section.orientation == WD_ORIENT.LANDSCAPE) == landscape
    room = section.page_width - section.left_margin - section.right_margin
    for table in file.tables:
        widths = [int(width) for width in names(table._tbl, "w:gridCol", "w:w")]
        assert int(names(table._tbl, "w:tblW", "w:w")[0]) == sum(widths)
        assert sum(widths) <= room / Twips(1)
        for row in table.rows:
            assert [int(width) for width in names(row._tr, "w:tcW", "w:w")] == widths
    captions = ["Tabell 1. Bred"] if parts == 1 else [f"Tabell 1. Bred (del {i} av 6)" for i in range(1, 7)]
    assert styled(file, "Caption") == captions
    assert names(file.element.body, "w:bookmarkStart", "w:name").count("tabell_1") == 1
    ends = {p.text for p in file.paragraphs if p._p.pPr.find(qn("w:sectPr")) is not None}
    assert ends == ({"Före.", ""} if landscape else set())


def test_two_tables_in_a_row_stay_two(document_of: Callable[..., Document]) -> None:
    file = opened(word.render(document_of(wide_table(2), replace(wide_table(2), key=""))))
    kinds = [isinstance(element, WordTable) for element in file.iter_inner_content()]
    assert not any(a and b for a, b in pairwise(kinds))


def test_lists_are_real_and_count_by_themselves(document_of: Callable[..., Document]) -> None:
    file = opened(word.render(document_of("- a\n    - b\n\n4. c\n5. d\n    1. e", "1. f")))
    numbering = file.part.numbering_part.element
    kinds = {abstract.get(qn("w:abstractNumId")): names(abstract, "w:numFmt", "w:val")[0]
             for abstract in numbering.iter(qn("w:abstractNum"))}  # fmt: skip
    lists = {num.get(qn("w:numId")): num for num in numbering.iter(qn("w:num"))}

    def mark(text: str) -> tuple[str, int, list[str]]:
        (number,) = [p._p.pPr.numPr for p in file.paragraphs if p.text == text]
        listed = lists[str(number.numId.val)]
        kind = kinds[names(listed, "w:abstractNumId", "w:val")[0]]
        return kind, number.ilvl.val, names(listed, "w:startOverride", "w:val")

    assert [mark(text) for text in "ab"] == [("bullet", 0, []), ("bullet", 1, [])]
    assert mark("c") == mark("d") == ("decimal", 0, ["4"])
    assert mark("e") == ("decimal", 1, ["1"])
    assert mark("f") == ("decimal", 0, ["1"])
    indents = names(next(numbering.iter(qn("w:abstractNum"))), "w:ind", "w:left")
    assert indents == [str(word.LIST_INDENT * level) for level in range(1, word.DEEPEST_LIST + 1)]


def test_an_item_that_begins_with_a_quote_keeps_its_mark(document_of: Callable[..., Document]) -> None:
    file = opened(word.render(document_of("- > Citat\n  >\n  > – Farsta")))
    shown = [(p.style.name, p.text) for p in file.paragraphs][-3:]
    assert shown == [("List Bullet", ""), ("Quote", "Citat"), ("Citatkälla", "Farsta")]


def test_looks_of_words_are_kept(document_of: Callable[..., Document]) -> None:
    file = opened(word.render(document_of("Vanlig **fet *båda*** *kursiv* `kod`")))
    looks = {r.text: (r.bold, r.italic, r.style.name) for r in file.paragraphs[-1].runs if r.text.strip()}
    normal = "Default Paragraph Font"
    assert looks == {
        "Vanlig ": (None, None, normal), "fet ": (True, None, normal), "båda": (True, True, normal),
        "kursiv": (None, True, normal), "kod": (None, None, "HTML Code"),
    }  # fmt: skip


def test_every_style_that_is_used_is_there(sample_docx: bytes, file: Any) -> None:
    known = {style.style_id for style in file.styles}
    used = {name for element in (file.element, notes_of(file))
            for tag in ("w:pStyle", "w:rStyle", "w:tblStyle") for name in names(element, tag, "w:val")}  # fmt: skip
    assert len(used) > 15
    assert used <= known
    sizes = {style: file.styles[style].font.size for style in ("Tabelltext", "Tabelltext 2", "Tabelltext 3")}
    assert list(sizes.values()) == [Pt(size) for size in word.TABLE_STYLES]
    assert {setting.size for setting in word.SETTINGS} == set(word.TABLE_STYLES)


# What Word cannot hold


@pytest.mark.parametrize(
    ("contents", "about", "message"),
    [
        (("Text \ufffe.",), {}, r"cell 2 \(Text .*\): Word cannot hold the sign U\+FFFE"),
        (("Text.",), {"marks": ["\uffff"]}, r"the call of describe\(…\): Word cannot hold the sign U\+FFFF"),
        (("Text.",), {"title": "x" * 256}, r"the call of describe\(…\): the title has 256 signs"),
        (("\n".join("    " * i + "- a" for i in range(10)),), {}, r"cell 2 \(- a\): a list has 10 levels"),
        (
            (Table("T", [Column(f"c{i}", "W" * 36) for i in range(9)], [["a"] * 9], row_headers=8),),
            {}, r"cell 2 \(show\(table\)\): the columns W+ do not fit on a page",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_held_stops_the_export_and_names_the_cell(
    document_of: Callable[..., Document], contents: tuple[Any, ...], about: dict[str, Any], message: str
) -> None:
    with pytest.raises(ExportError, match=message):
        word.render(document_of(*contents, **about))


def test_a_figure_that_cannot_be_drawn_names_its_cell(sample: Document) -> None:
    blocks = [replace(b, svg=b.svg[:200]) if isinstance(b, Figure) else b for b in sample.blocks]
    with pytest.raises(ExportError, match=r"cell \d+ \(.*\): the figure cannot be drawn: "):
        word.render(replace(sample, blocks=tuple(blocks)))


# The same bytes


def test_the_same_notebook_gives_the_same_bytes_through_nbconvert(
    sample_notebook: Any, sample_docx: bytes, tmp_path: Path
) -> None:
    nbformat.write(sample_notebook, tmp_path / "bilaga.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "appendix_docx", "bilaga.ipynb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "bilaga.docx").read_bytes() == sample_docx


def test_nothing_in_the_file_tells_when_or_by_whom_it_was_made(sample_docx: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(sample_docx)) as archive:
        parts = archive.infolist()
        texts = [archive.read(name).decode() for name in archive.namelist() if not name.endswith(".png")]
    assert {part.date_time for part in parts} == {(1980, 1, 1, 0, 0, 0)}
    assert [part.filename for part in parts] == sorted(part.filename for part in parts)
    assert parts[0].filename == "[Content_Types].xml"
    whole = "".join(texts)
    assert "rsid" not in whole
    assert "python-docx" not in whole
    assert set(re.findall(r"\d{4}-\d{2}-\d{2}T", whole)) == {"2021-10-19T"}
