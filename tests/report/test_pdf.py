"""The PDF: structure, conformance, that no text is cut, and that every text comes through as it was written."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import page as page_validation
import pikepdf
import pymupdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.report import pdf
from analysis.report.blocks import Document, Figure, Heading, TableBlock
from analysis.report.document import ExportError, as_quote, plain
from analysis.report.tables import Column, Table, Value


@pytest.fixture(scope="module")
def sample_pdf(sample: Document, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pdf") / "sample.pdf"
    path.write_bytes(pdf.render(sample))
    return path


@pytest.fixture(scope="module")
def opened(sample_pdf: Path) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(sample_pdf) as file:
        yield file


def children(element: Any) -> list[Any]:
    kids = element.get("/K", [])
    kids = list(kids) if isinstance(kids, pikepdf.Array) else [kids]
    return [kid for kid in kids if isinstance(kid, pikepdf.Dictionary) and "/S" in kid]


def elements(element: Any, *kinds: str) -> list[Any]:
    """Return the structure elements of some kinds below one, in reading order."""
    found = []
    for child in children(element):
        found += [child] * (str(child.S)[1:] in kinds) + elements(child, *kinds)
    return found


def table_attributes(cell: Any) -> dict[str, Any]:
    attributes = cell.get("/A", [])
    attributes = list(attributes) if isinstance(attributes, pikepdf.Array) else [attributes]
    return next(dict(found) for found in attributes if str(found.O) == "/Table")


def text_of(data: bytes | Path) -> list[str]:
    """Return the text of each page."""
    file = pymupdf.open(data) if isinstance(data, Path) else pymupdf.open(stream=data)
    return [page.get_text() for page in file]


def squeezed(text: str) -> str:
    """Return a text without white space, and without the signs that only steer line breaks."""
    return re.sub(r"[\s\u200b\u2060\u00ad\ufeff]+", "", text)


# Structure


def test_what_the_file_says_about_itself(opened: pikepdf.Pdf, sample: Document) -> None:
    root = opened.Root
    assert str(root.Lang) == "sv"
    assert bool(root.MarkInfo.Marked)
    assert bool(root.ViewerPreferences.DisplayDocTitle)
    with opened.open_metadata() as metadata:
        assert metadata["dc:title"] == sample.about.title
        assert metadata["dc:creator"] == ["Socialförvaltningen"]
        assert metadata["pdfuaid:part"] == "1"
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
        assert str(metadata["xmp:CreateDate"]).startswith("2021-10-19")
    assert str(opened.docinfo.CreationDate).startswith("D:20211019")


def test_one_title_and_numbered_headings_with_bookmarks(opened: pikepdf.Pdf, sample: Document) -> None:
    tree = opened.Root.StructTreeRoot
    assert [str(h.T) for h in elements(tree, "H1")] == [sample.about.title]
    headings = [block for block in sample.blocks if isinstance(block, Heading)]
    wanted = [f"{h.number} {h.content[0].text}" for h in headings]
    levels = [f"H{level}" for level in range(2, 7)]
    assert [str(h.T) for h in elements(tree, *levels)] == ["Innehåll", *wanted]
    assert [f"H{h.level}" for h in headings] == [str(h.S)[1:] for h in elements(tree, *levels)][1:]
    every = [1, 2, *(h.level for h in headings)]
    assert all(after <= before + 1 for before, after in pairwise(every))
    with opened.open_outline() as outline:
        (title,) = outline.root
        assert title.title == sample.about.title
        flat = [t for section in title.children for t in (section, *section.children)]
    assert [entry.title for entry in flat] == wanted
    assert len(elements(tree, "TOCI")) == len(wanted)


def test_tables_have_column_and_row_headings_that_cells_refer_to(
    opened: pikepdf.Pdf, sample: Document
) -> None:
    tree = opened.Root.StructTreeRoot
    blocks = [block.table for block in sample.blocks if isinstance(block, TableBlock)]
    found = elements(tree, "Table")
    assert len(found) == len(blocks) == 5
    by_id = {bytes(e.ID): e for e in elements(tree, "TH", "TD", "Note") if "/ID" in e}
    for element, table in zip(found, blocks, strict=True):
        (head,) = elements(element, "THead")
        columns = elements(head, "TH")
        assert not elements(head, "TD")
        assert [str(table_attributes(c)["/Scope"]) for c in columns] == ["/Column"] * len(table.columns)
        (body,) = elements(element, "TBody")
        rows = elements(body, "TR")
        assert len(rows) == len(table.rows)
        for row in rows:
            cells = children(row)
            kinds = [str(cell.S) for cell in cells]
            assert kinds == ["/TH"] * table.row_headers + ["/TD"] * (len(columns) - table.row_headers)
            row_headings = cells[: table.row_headers]
            assert {str(table_attributes(c)["/Scope"]) for c in row_headings} == {"/Row"}
            for column, cell in zip(columns[table.row_headers :], cells[table.row_headers :], strict=True):
                named = [bytes(name) for name in table_attributes(cell)["/Headers"]]
                assert named == [bytes(column.ID), *(bytes(heading.ID) for heading in row_headings)]
                assert all(name in by_id for name in named)


def test_every_id_is_in_the_sorted_id_tree(opened: pikepdf.Pdf) -> None:
    tree = opened.Root.StructTreeRoot
    (leaf,) = tree.IDTree.Kids
    names = [bytes(leaf.Names[i]) for i in range(0, len(leaf.Names), 2)]
    assert names == sorted(set(names))
    assert [bytes(limit) for limit in leaf.Limits] == [names[0], names[-1]]
    named = {bytes(e.ID): e.objgen for e in elements(tree, "TH", "TD", "Note", "Table") if "/ID" in e}
    assert {name: leaf.Names[2 * i + 1].objgen for i, name in enumerate(names)} == named


def test_figures_carry_their_message_in_words(opened: pikepdf.Pdf, sample: Document) -> None:
    alts = [str(figure.Alt) for figure in elements(opened.Root.StructTreeRoot, "Figure")]
    assert alts == [block.alt for block in sample.blocks if isinstance(block, Figure)]


def test_lists_quotes_and_footnotes_are_marked(opened: pikepdf.Pdf) -> None:
    tree = opened.Root.StructTreeRoot
    assert len(elements(tree, "BlockQuote")) == 2
    assert len(elements(tree, "Note")) == 2
    assert len(elements(tree, "L")) == 4  # with that of the first page
    assert len(elements(tree, "Strong")) >= 1
    assert len(elements(tree, "Caption")) == 6


def test_every_page_has_the_marks_and_its_number(sample_pdf: Path) -> None:
    pages = text_of(sample_pdf)
    assert len(pages) > 4
    for number, text in enumerate(pages, start=1):
        assert f"Sida {number} av {len(pages)}" in text
        assert "UTKAST · SYNTETISKA EXEMPELDATA" in text
        title = "Bilaga 1. Resultat av förvaltningarnas arbete med strategin 2021"
        assert title in " ".join(text.split())


def test_the_first_page_says_what_the_document_is(sample_pdf: Path) -> None:
    first = text_of(sample_pdf)[0]
    for words in ("Rapporteringsår", "anges vid registrering", "19 oktober 2021", "Enheten för uppföljning,"):
        assert words in first
    assert "Innehåll" in first


def test_tables_are_listed_with_their_pages(sample: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.report.blocks.FEWEST_LISTED", 2)
    data = pdf.render(sample)
    pages = text_of(data)
    tables = [block for block in sample.blocks if isinstance(block, TableBlock)]
    for block in tables:
        (number,) = [n for n, text in enumerate(pages, start=1) if f"{block.label}. {block.caption}" in text]
        line = rf"{re.escape(squeezed(block.label))}\|{re.escape(squeezed(block.short_caption))}"
        front = "|".join(squeezed(part) for part in (pages[0] + pages[1]).splitlines())
        assert re.search(rf"{line}\.*\|?{number}\|", front)
    with pikepdf.open(io.BytesIO(data)) as file:
        entries = elements(file.Root.StructTreeRoot, "TOCI")
        assert len(entries) == len(sample.contents()) + len(tables)
        assert all(len(elements(entry, "Link")) == 1 for entry in entries)


def test_a_list_of_one_is_left_out_and_a_long_caption_is_cut(
    document_of: Callable[..., Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.report.blocks.FEWEST_LISTED", 1)
    rows = [["Farsta", "b"]]
    one = Table("Ensam", [Column("a", "A"), Column("b", "B")], rows)
    long = replace(one, caption=f"{'Långt ord ' * 12}(n = 9)")
    assert "Tabeller" not in "".join(text_of(pdf.render(document_of("## A", one))))
    first = " ".join(text_of(pdf.render(document_of("## A", one, long)))[0].split())
    assert "Tabeller Tabell 1 Ensam" in first
    assert f"Tabell 2 {('Långt ord ' * 8).strip()}…" in first


@pytest.mark.parametrize(("theme", "accent"), [("neutral", "#0f4c75"), ("stockholm", "#890c58")])
def test_a_theme_colours_the_title(document_of: Callable[..., Document], theme: str, accent: str) -> None:
    with pymupdf.open(stream=pdf.render(document_of("## A\n\nText.", theme=theme))) as file:
        fills = {
            "#{:02x}{:02x}{:02x}".format(*(round(255 * c) for c in drawing["fill"]))
            for drawing in file[0].get_drawings()
            if drawing.get("fill")
        }
    assert fills == {accent}


def test_a_heading_and_its_text_stand_on_the_page_of_their_figure(
    document_of: Callable[..., Document],
) -> None:
    rows = [[f"R{i}", "b"] for i in range(10)]
    table = Table("Hel", [Column("a", "A"), Column("b", "B")], rows)
    data = pdf.render(
        document_of("## Före", *["Text i flera rader. " * 60] * 5, "## Efter\n\nInledning.", table)
    )
    (page,) = [text for text in text_of(data) if "Inledning." in text]
    assert "2  Efter" in page.replace("\n", " ") or "2 Efter" in " ".join(page.split())
    assert "R0" in page
    assert "R9" in page


def test_figures_in_the_text_are_not_changed(sample_pdf: Path) -> None:
    text = squeezed("".join(text_of(sample_pdf)))
    for words in (
        "17 av 18 förvaltningar (94 %)",
        "Tabell 4. Svar per förvaltning och fråga, skala 1–5",
        "Arbetet har blivit *mycket* mer synligt i ledningsgruppen & nämnden. Vi ser att <5 av 10 skolor",
        "avsnitt 2.",
        "En enkät kostar $5 att skicka.",
        "Utbildningsförvaltningen",
    ):
        assert squeezed(words) in text


# Conformance


@pytest.mark.parametrize("profile", ["ua1", "2a"])
def test_page_validation_finds_no_fault(sample_pdf: Path, profile: str) -> None:
    report = page_validation.validate_pdf(sample_pdf, profile=profile)
    assert report.rules.total > 50
    assert [(failure.rule_id, failure.message) for failure in report.failures] == []
    assert report.is_compliant


def test_page_validation_would_find_a_fault(sample_pdf: Path, tmp_path: Path) -> None:
    with pikepdf.open(sample_pdf) as file:
        del elements(file.Root.StructTreeRoot, "Figure")[0]["/Alt"]
        file.save(tmp_path / "damaged.pdf")
    assert not page_validation.validate_pdf(tmp_path / "damaged.pdf", profile="ua1").is_compliant


def test_outloud_finds_no_fault(sample_pdf: Path, sample: Document, tmp_path: Path) -> None:
    """All layers, information included. The one exception is a table with more headings than other cells.

    Outloud takes such a table (TBL-010) for a scanned one whose headings fell apart. Ours are small tables, all
    of whose rows have their heading: there must be as many findings as such tables, and no other finding.
    """
    program = Path(sys.executable).with_name("outloud")
    command = [program, "--fail-on", "never", "--json", tmp_path / "found.json", sample_pdf]
    subprocess.run(command, capture_output=True, check=True)
    (checked,) = json.loads((tmp_path / "found.json").read_text())["results"]
    tables = [block.table for block in sample.blocks if isinstance(block, TableBlock)]
    few = [t for t in tables if has_more_headings_than_cells(t)]
    assert [finding["rule"] for finding in checked["findings"]] == ["TBL-010"] * len(few)
    assert len(few) == 1


def has_more_headings_than_cells(table: Table) -> bool:
    headings = len(table.columns) + len(table.rows) * table.row_headers
    cells = len(table.rows) * (len(table.columns) - table.row_headers)
    return headings > cells and headings + cells >= 6


# Determinism


def test_the_same_notebook_gives_the_same_bytes_through_nbconvert(
    sample_notebook: Any, sample_pdf: Path, tmp_path: Path
) -> None:
    nbformat.write(sample_notebook, tmp_path / "bilaga.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "appendix_pdf", "bilaga.ipynb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "bilaga.pdf").read_bytes() == sample_pdf.read_bytes()


# Nothing is cut


def words_outside_or_overlapping(data: bytes) -> list[str]:
    """Return the words that stand outside the margins, or on top of another word."""
    faults = []
    for page in pymupdf.open(stream=data):
        box = page.rect
        words = page.get_text("words")
        for x0, y0, x1, y1, word, *_ in words:
            if x0 < 60 or x1 > box.width - 60 or y0 < 20 or y1 > box.height - 20:
                faults.append(f"outside: {word}")
        for i, (x0, y0, x1, y1, word, *_) in enumerate(words):
            for a0, b0, a1, b1, other, *_ in words[i + 1 :]:
                height = min(y1, b1) - max(y0, b0)
                if min(x1, a1) - max(x0, a0) > 1 and height > 0.6 * min(y1 - y0, b1 - b0):
                    faults.append(f"overlap: {word} and {other}")
    return faults


DISTRICTS = ["Enskede-Årsta-Vantör", "Hässelby-Vällingby", "Arbetsmarknadsförvaltningen", "Farsta"]
LONG = "Arbetsmarknadsförvaltningen uppger att samverkan mellan stadsdelsförvaltningarna har blivit enklare. "


def wide_table(columns: int, heading: str = "Socialförvaltningens bedömning", kind: Any = "integer") -> Table:
    value: Value = 12345 if kind == "integer" else LONG
    others = [Column(f"c{i}", f"{heading} {i}", kind) for i in range(columns)]
    return Table(
        "Bred", [Column("unit", "Förvaltning"), *others], [[d, *[value] * columns] for d in DISTRICTS]
    )


@pytest.mark.parametrize(
    "table",
    [
        wide_table(2),
        wide_table(8),
        wide_table(12),
        wide_table(40),
        wide_table(3, kind="text"),
        wide_table(9, kind="text"),
        wide_table(6, heading="Arbetsmarknadsförvaltningssamordnarbefattning"),
        Table(
            "Ord",
            [Column("a", "A"), Column("b", "B" * 200)],
            [["x" * 300, "https://example.org/" + "a" * 300]],
        ),
        Table("Rad", [Column("a", "A"), Column("b", "B")], [["Farsta", LONG * 90], ["Älvsjö", "kort"]]),
        Table(
            "Lång", [Column("a", "A"), Column("b", "B")], [[f"Rad {i}", LONG * (i % 4)] for i in range(90)]
        ),
    ],
    ids=lambda table: f"{table.caption}-{len(table.columns)}x{len(table.rows)}",
)
def test_no_table_is_cut(document_of: Callable[..., Document], table: Table) -> None:
    data = pdf.render(document_of("## Rubrik", table, "Efter."))
    assert words_outside_or_overlapping(data) == []
    text = squeezed("".join(text_of(data)))
    for column in table.columns:
        assert squeezed(column.heading) in text
    cells = [squeezed(cell) for row in table.shown_rows() for cell in row if len(cell) < 400]
    assert all(cell in text for cell in cells)
    # A text that goes on at the next page has the footer and header of the pages within it.
    assert text.count(squeezed(LONG)) >= sum(str(c).count(LONG) for row in table.rows for c in row) * 0.98
    for profile in ("ua1", "2a"):
        assert page_validation.validate_pdf_bytes(data, profile=profile).is_compliant


def test_a_table_with_too_many_columns_is_set_in_parts(document_of: Callable[..., Document]) -> None:
    table = wide_table(40)
    data = pdf.render(document_of(table))
    with pikepdf.open(io.BytesIO(data)) as file:
        parts = elements(file.Root.StructTreeRoot, "Table")
        sizes = [len(elements(part, "TH")) for part in parts]
        boxes = {(round(float(p.mediabox[2])), round(float(p.mediabox[3]))) for p in file.pages}
    assert len(parts) > 1
    assert sum(size - 1 - len(DISTRICTS) for size in sizes) == 40
    assert max(sizes) - min(sizes) <= 2
    assert boxes == {(595, 842), (842, 595)}
    text = " ".join(text_of(data))
    assert f"Tabell 1. Bred (del 1 av {len(parts)})" in text
    assert f"Tabell 1. Bred (del {len(parts)} av {len(parts)})" in text


def test_headings_repeat_when_a_table_breaks_over_pages(document_of: Callable[..., Document]) -> None:
    table = Table(
        "Lång", [Column("a", "Förvaltningens namn"), Column("b", "B")], [[f"R{i}", "b"] for i in range(120)]
    )
    pages = [text for text in text_of(pdf.render(document_of(table))) if re.search(r"R\d", text)]
    assert len(pages) > 2
    assert all("Förvaltningens namn" in text for text in pages)


@pytest.mark.parametrize("above", range(20, 33))
def test_a_table_that_breaks_has_three_rows_on_its_last_page(
    document_of: Callable[..., Document], above: int
) -> None:
    rows = [[f"Rad {number}", "ord"] for number in range(above)]
    table = Table("Lång", [Column("a", "Namn"), Column("b", "Text")], rows)
    data = pdf.render(document_of("## A\n\n" + "Ett stycke.\n\n" * 6, table))
    counts = [len(re.findall(r"Rad \d+", page)) for page in text_of(data)]
    assert sum(counts) == above
    assert all(count == 0 or count >= 3 for count in counts)
    with pikepdf.open(io.BytesIO(data)) as file:
        tree = file.Root.StructTreeRoot
        assert len(elements(tree, "Table")) == len(elements(tree, "TBody")) == 1
        assert elements(tree, "TFoot") == []
        assert len(elements(elements(tree, "TBody")[0], "TR")) == above


def test_a_short_table_is_not_broken(document_of: Callable[..., Document]) -> None:
    table = Table("Kort", [Column("a", "Namn"), Column("b", "Text")], [[f"Rad {n}", "ord"] for n in range(6)])
    for paragraphs in range(8, 24):
        pages = text_of(pdf.render(document_of("## A\n\n" + "Ett stycke.\n\n" * paragraphs, table)))
        assert sorted(len(re.findall(r"Rad \d+", page)) for page in pages)[:-1] == [0] * (len(pages) - 1)


def test_a_copied_checksum_is_the_checksum(document_of: Callable[..., Document]) -> None:
    checksum = "2d3cf41f5e6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c7d8e9f0a1b2c"
    columns = [Column("a", "Fil"), *(Column(f"b{n}", "Summa") for n in range(3))]
    table = Table("Filer", columns, [["a.csv", checksum, checksum, checksum]])
    data = pdf.render(document_of(f"Filen `{checksum}` och {checksum}.", table))
    text = "".join(text_of(data))
    assert "\u200b" not in text
    assert (
        "".join(text.split()).count(checksum) >= 2
    )  # in the text; in the cells the lines of three stand side by side
    assert len(re.findall(r"[0-9a-f]{8,}", text)) >= 2 + 3 * 2  # and they were broken


def test_an_item_in_a_cell_goes_on_under_its_text(document_of: Callable[..., Document]) -> None:
    long = "• Stadens grundutbildning om risk- och skyddsfaktorer för alla medarbetare i staden"
    table = Table("Lista", [Column(c, c.upper()) for c in "abcd"], [["Fråga " * 12, f"{long}\n• Kort", "x " * 60, "y " * 60]])  # fmt: skip
    (page,) = pymupdf.open(stream=pdf.render(document_of("Text.", table)))
    words = {word[4]: word[0] for word in page.get_text("words")}
    assert words["Stadens"] == pytest.approx(words["Kort"], abs=0.1)
    continued = [
        word for word in page.get_text("words") if word[4] in ("skyddsfaktorer", "medarbetare", "staden")
    ]
    starts = [w for w in continued if abs(w[0] - words["Stadens"]) < 30]
    assert starts
    assert all(word[0] >= words["Stadens"] - 0.3 for word in continued)


@pytest.mark.parametrize("headings", [4, 26, 28, 30, 60])
def test_the_contents_never_leave_an_entry_or_two_on_a_page(
    document_of: Callable[..., Document], headings: int
) -> None:
    text = "\n\n".join(f"## Avsnitt om något\n\nText {number}." for number in range(headings))
    pages = text_of(pdf.render(document_of(text)))
    contents = [
        page.partition("Text 0.")[0]
        for page in pages[: 1 + next(n for n, page in enumerate(pages) if "Text 0." in page)]
    ]
    entries = [page.count("Avsnitt om något") for page in contents]
    assert sum(entries) == headings + 1  # and the first heading itself
    assert all(count == 0 or count > 2 for count in entries[:-1])
    assert entries[-1] == 1 or entries[-1] > 3


def test_the_text_goes_on_below_the_lists_where_there_is_room(document_of: Callable[..., Document]) -> None:
    table = Table("Svar", [Column("a", "Namn"), Column("b", "Text")], [["x", "y"]])
    more = "\n\n".join(["## Mer\n\nText."] * 12)
    few = text_of(pdf.render(document_of("## Början", *[table] * 30, more)))
    assert len(re.findall(r"^Tabell \d+$", few[1], re.MULTILINE)) == 30  # the list is whole
    assert "1 Början" in few[1]
    many = text_of(pdf.render(document_of("## Början", *[table] * 50, more)))
    assert len(re.findall(r"^Tabell \d+$", many[1], re.MULTILINE)) == 50
    assert "1 Början" not in many[1]
    assert "1 Början" in many[2]


def test_a_wide_table_takes_its_heading_to_the_landscape_page(document_of: Callable[..., Document]) -> None:
    data = pdf.render(document_of("Före.\n\n## Bred\n\n### Underrubrik\n\nInledning.", wide_table(12)))
    with pymupdf.open(stream=data) as file:
        landscape = [page.get_text() for page in file if page.rect.width > page.rect.height]
    assert "1.1 Underrubrik" in " ".join(landscape[0].split())
    assert "Inledning." in landscape[0]
    assert "Före." not in landscape[0]


def test_long_words_in_the_text_stay_on_the_page(document_of: Callable[..., Document]) -> None:
    word = "ö" * 500
    data = pdf.render(document_of(f"## {word}\n\n{word}\n\n- {word}\n\n{as_quote(word, word)}", title=word))
    assert words_outside_or_overlapping(data) == []
    assert squeezed("".join(text_of(data))).count(word) >= 5


def test_a_table_that_cannot_fit_is_refused_with_its_cell(document_of: Callable[..., Document]) -> None:
    columns = [Column(f"c{i}", "W" * 36) for i in range(9)]
    table = Table("T", columns, [["a"] * 9], row_headers=8)
    with pytest.raises(ExportError, match=r"cell 2 \(show\(table\)\): the columns W+ do not fit on a page"):
        pdf.render(document_of(table))


# Every sign


def test_signs_outside_the_main_font_are_set(document_of: Callable[..., Document]) -> None:
    signs = "Δ → ≥ ✓ ☺ 😀 Ж ş ő e\u0301 \u200bnoll \ufeffbredd \u00ad"
    data = pdf.render(document_of(f"{plain(signs)} *Δ ≥* **Ж ☺**"))
    text = squeezed("".join(text_of(data)))
    assert all(sign in text for sign in "Δ→≥✓☺😀Жşő")


@pytest.mark.parametrize(
    ("contents", "where"),
    [
        (("Bra 🫠 jobbat",), r"cell 2 \(Bra 🫠 jobbat\)"),
        (("## Bra 漢",), r"cell 2 \(## Bra 漢\)"),
        ((as_quote("Bra 🫠"),), r"cell 2 "),
        (("Text[^a].\n\n[^a]: 漢",), r"cell 2 "),
        ((Table("T", [Column("a", "A"), Column("b", "B")], [["a", "Bra 🫠"]]),), r"cell 2 \(show\(table\)\)"),
    ],
)
def test_a_sign_that_no_font_has_stops_the_export_and_names_the_cell(
    document_of: Callable[..., Document], contents: tuple[Any, ...], where: str
) -> None:
    with pytest.raises(
        ExportError, match=rf"{where}.*no font has the sign (🫠 \(U\+1FAE0, MELTING FACE\)|漢)"
    ):
        pdf.render(document_of(*contents))


def test_a_mark_that_no_font_has_is_named(document_of: Callable[..., Document]) -> None:
    with pytest.raises(ExportError, match=r"the call of describe.*U\+6F22"):
        pdf.render(document_of("Text.", marks=["漢"]))


# No ligatures, because the program that reads the text back gets those at a line break wrong.
METACHARACTERS = st.sampled_from("#$@<>_*`~^\\/[](){}|&;:!?'\"-+=.,% 1aåÖé–”−\u00a0Δ☺") | st.sampled_from(
    [
        "//",
        "/*",
        "#let",
        "$x$",
        "<lab>",
        "@ref",
        "http://a.se",
        "&amp;",
        "</script>",
        "```",
        "---",
        "[^1]",
        "\\u{41}",
    ]
)
STRINGS = st.lists(
    st.lists(METACHARACTERS, min_size=1, max_size=30).map("".join).filter(lambda text: text.strip()),
    min_size=30,
    max_size=30,
)


@given(strings=STRINGS)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_text_comes_back_as_it_was_written(
    document_of: Callable[..., Document], strings: list[str]
) -> None:
    heading, title, *rest = strings
    texts, cells = rest[:14], rest[14:]
    written = [
        f"{plain(t)}\n\n- {plain(t)}\n    - {plain(t)}\n\n**{plain(t)}a** *{plain(t)}a*" for t in texts[:7]
    ]
    quotes = [as_quote(t, t) for t in texts[7:]]
    table = Table(
        cells[0], [Column("a", cells[1]), Column("b", "B")], [[c, c] for c in cells], notes=cells[:2]
    )
    data = pdf.render(document_of(f"## {plain(heading)}", *written, *quotes, table, title=title))
    text = squeezed("".join(text_of(data)))
    assert [t for t in strings if squeezed(t) not in text] == []
    with pikepdf.open(io.BytesIO(data)) as file, file.open_metadata() as metadata:
        assert metadata["dc:title"] == title
