"""The three formats hold the same blocks with the same texts in the same order, as read back from the files.

Each file is read by what its readers have: the elements of the HTML, the structure tree of the PDF with the text
that its content draws (decoded by another program's reader), and the paragraphs and tables of the Word file. What
cannot be told apart in every format is not told apart here: the lines below a table are paragraphs, and who is
quoted is a paragraph of the quote. Texts are compared without white space and invisible signs, because a PDF keeps
no space where a line ends. Numbers that call a footnote are left out, and so are the contents and the lists.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docx
import lxml.html
import pikepdf
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.table import Table as WordTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from outloud.model import Document as OutloudDocument

from analysis.report import html, pdf, word
from analysis.report.blocks import Document
from analysis.report.document import as_quote, plain, read_notebook
from analysis.report.tables import SUPPRESSED, Column, Table

Shown = list[tuple[str, str]]
"""What a reader meets, in order: its kind and its text."""


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b\u2060\u00ad\ufeff]+", "", text)


def told(pieces: Iterator[tuple[str, str]]) -> Shown:
    """Return the pieces that have a text, without its white space."""
    return [(kind, squeezed(text)) for kind, text in pieces if squeezed(text)]


# HTML


def own_text(element: Any) -> str:
    """Return the text of an element without footnote numbers and without the blocks within it."""
    pieces = [element.text or ""]
    for child in element:
        if child.tag not in {"sup", "ul", "ol", "p", "figure", "blockquote"}:
            pieces.append("\n" if child.tag == "br" else own_text(child))
        pieces.append(child.tail or "")
    return "".join(pieces)


def read_html(document: Document) -> tuple[Shown, Shown]:
    page = lxml.html.fromstring(html.render(document))
    body = page.find(".//main")
    for gone in [*body.iter("details")]:
        gone.remove(gone.find("summary"))
    for gone in body.xpath('.//*[@class="tools"] | .//a[@role="doc-backlink"]'):
        gone.drop_tree()
    notes = [told(("footnote", p.text_content()) for p in li.iter("p")) for li in body.xpath("section/ol/li")]
    for section in body.findall("section"):
        body.remove(section)

    def of(element: Any, quoted: bool, listed: bool) -> Iterator[tuple[str, str]]:
        quote = "quoted " if quoted else ""
        match element.tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                yield element.tag, own_text(element)
            case "p":
                yield quote + ("continued" if listed and not quoted else "paragraph"), own_text(element)
            case "li":
                yield quote + "item", own_text(element)
                for child in element:
                    yield from of(child, quoted, True)
            case "caption":
                yield "caption", own_text(element)
            case "figcaption":
                inside_quote = element.getparent().get("class") == "quote"
                yield ("quoted paragraph" if inside_quote else "caption"), own_text(element)
            case "th":
                yield f"heading of {element.get('scope')}", own_text(element)
            case "td":
                yield "cell", own_text(element)
            case "img":
                yield "figure", element.get("alt")
            case _:
                inner_quoted = quoted or element.tag == "blockquote"
                for child in element:
                    yield from of(child, inner_quoted, listed)

    header = [("h1", page.find(".//header/h1").text_content())]
    header += [("detail", div.text_content()) for div in page.findall(".//header/dl/div")]
    return told(iter([*header, *of(body, False, False)])), [entry for note in notes for entry in note]


# PDF


class Tags:
    """Reads a PDF by its structure tree, as a screen reader does."""

    def __init__(self, path: Path) -> None:
        self.drawn = OutloudDocument(str(path))
        self.file = pikepdf.open(path)
        self.pages = {page.obj.objgen: number for number, page in enumerate(self.file.pages)}
        self.notes: list[tuple[str, str]] = []

    def children(self, element: Any, page: int | None) -> Iterator[tuple[Any, int | None]]:
        """Yield what is in an element: elements, and texts as they are drawn."""
        kids = element.get("/K", [])
        for kid in list(kids) if isinstance(kids, pikepdf.Array) else [kids]:
            if not isinstance(kid, pikepdf.Dictionary):
                yield self.drawn_text(page, int(kid)), page
            elif "/S" in kid:
                yield kid, self.page_of(kid, page)
            elif "/MCID" in kid:
                yield self.drawn_text(self.page_of(kid, page), int(kid.MCID)), page

    def page_of(self, element: Any, page: int | None) -> int | None:
        return self.pages[element.Pg.objgen] if "/Pg" in element else page

    def drawn_text(self, page: int | None, mcid: int) -> str:
        assert page is not None
        return str(self.drawn.content(page).mcid_text.get((None, mcid), ""))

    def text(self, element: Any, page: int | None) -> str:
        """Return the text of an element, without that of blocks within it; footnotes are put aside."""
        pieces = []
        for child, at in self.children(element, page):
            if isinstance(child, str):
                pieces.append(child)
            elif child.S == "/Note":
                self.note(child, at)
            elif str(child.S) in {"/Span", "/Strong", "/Em", "/Code", "/Link", "/Reference"}:
                pieces.append(self.text(child, at))
        return "".join(pieces)

    def cell_text(self, cell: Any, page: int | None) -> str:
        """Return the text of a cell: its own, or that of its paragraphs where it holds a list."""
        paragraphs = [c for c in self.children(cell, page) if not isinstance(c[0], str) and c[0].S == "/P"]
        return "".join(self.text(*paragraph) for paragraph in paragraphs) or self.text(cell, page)

    def note(self, element: Any, page: int | None) -> None:
        paragraphs = [
            self.text(c, at)
            for c, at in self.children(element, page)
            if not isinstance(c, str) and c.S == "/P"
        ]
        self.notes += [("footnote", text) for text in [self.text(element, page), *paragraphs]]

    def blocks(
        self, element: Any, page: int | None, quoted: bool = False, listed: bool = False
    ) -> Iterator[tuple[str, str]]:
        quote = "quoted " if quoted else ""
        for child, at in self.children(element, page):
            if isinstance(child, str):
                continue
            kind = str(child.S)[1:]
            match kind:
                case "H1" | "H2" | "H3" | "H4" | "H5" | "H6":
                    yield kind.lower(), self.text(child, at)
                case "P":
                    yield (
                        quote + ("continued" if listed and not quoted else "paragraph"),
                        self.text(child, at),
                    )
                case "LBody":
                    inner = list(self.blocks(child, at, quoted, True))
                    first = self.text(child, at)
                    if (
                        not squeezed(first) and inner
                    ):  # typst makes a paragraph of an item that holds more blocks
                        (_, first), *inner = inner
                    yield quote + "item", first
                    yield from inner
                case "Caption":
                    yield "caption", self.text(child, at)
                case "Figure":
                    yield "figure", str(child.Alt)
                case "TH":
                    yield f"heading of {self.scope(child)}", self.cell_text(child, at)
                case "TD":
                    yield "cell", self.cell_text(child, at)
                case "TOC" | "Lbl":
                    pass
                case _:
                    yield from self.blocks(child, at, quoted or kind == "BlockQuote", listed)

    @staticmethod
    def scope(cell: Any) -> str:
        (found,) = [str(a.Scope) for a in cell.A if "/Scope" in a]
        return {"/Row": "row", "/Column": "col"}[found]

    def details(self, element: Any) -> Iterator[tuple[str, str]]:
        """Yield the fields of the first page: items of its first list, with their names."""
        for item, page in self.children(element, None):
            parts = [self.text(part, at) for part, at in self.children(item, page)]
            yield "detail", "".join(parts)


def read_pdf(document: Document, folder: Path) -> tuple[Shown, Shown]:
    path = folder / "document.pdf"
    path.write_bytes(pdf.render(document))
    tags = Tags(path)
    root = tags.file.Root.StructTreeRoot
    ((top, _),) = tags.children(root, None)
    tops = [child for child, _ in tags.children(top, None)]
    kinds = [str(child.S) for child in tops]
    first_list = tops[kinds.index("/L")]
    front = kinds.index("/L") + 1
    last_list = max((i for i, kind in enumerate(kinds) if kind == "/TOC"), default=front - 1)
    begin = [("h1", tags.text(tops[kinds.index("/H1")], 0)), *tags.details(first_list)]
    body = pikepdf.Dictionary(K=pikepdf.Array(tops[last_list + 1 :]))
    shown = told(iter([*begin, *tags.blocks(body, None)]))
    return shown, told(iter(tags.notes))


# Word


def word_text(paragraph: Any) -> str:
    """Return the text of a paragraph without the fields that repeat the number of a footnote."""
    repeated = [t for field in paragraph.iter(qn("w:fldSimple")) for t in field.iter(qn("w:t"))]
    kept = (e for e in paragraph.iter(qn("w:t"), qn("w:br")) if e not in repeated)
    return "".join("\n" if e.tag == qn("w:br") else e.text or "" for e in kept)


WORD_KINDS = {
    "Caption": "caption",
    "Quote": "quoted paragraph",
    "Citatkälla": "quoted paragraph",
    "List Continue": "continued",
    "List Bullet": "item",
    "List Number": "item",
}


FRONT = re.compile("Status|Title|Subtitle|Uppgift|toc", re.IGNORECASE)
"""The styles of the first page, which no other has."""


def read_word(document: Document) -> tuple[Shown, Shown]:
    file = docx.Document(io.BytesIO(word.render(document)))

    def of() -> Iterator[tuple[str, str]]:
        begun = False
        for element in file.iter_inner_content():
            if isinstance(element, WordTable):
                row_headers = bool(element._tbl.tblPr.find(qn("w:tblLook")).get(qn("w:firstColumn")) == "1")
                for number, row in enumerate(element.rows):
                    for position, cell in enumerate(row.cells):
                        heading = "heading of col" if number == 0 else "heading of row"
                        is_heading = number == 0 or (row_headers and position == 0)
                        yield (heading if is_heading else "cell"), cell.text
                continue
            style, text = element.style.name, word_text(element._p)
            begun = begun or not FRONT.match(element.style.name)
            alts = [picture.get("descr") for picture in element._p.iter(qn("wp:docPr"))]
            if style == "Title":
                yield "h1", text
            elif style == "Uppgift":
                yield "detail", text
            elif not begun:
                continue
            elif alts:
                yield "figure", alts[0]
            elif style.startswith("Heading"):
                yield f"h{int(style[-1]) + 1}", text
            elif style == "Quote" and element._p.pPr.numPr is not None:
                yield "quoted item", text
            else:
                yield WORD_KINDS.get(style, "paragraph"), text

    notes = parse_xml(file.part.part_related_by(RELATIONSHIP_TYPE.FOOTNOTES).blob)
    texts = [
        ("footnote", word_text(paragraph))
        for note in notes
        if note.get(qn("w:type")) is None
        for paragraph in note.iter(qn("w:p"))
    ]
    return told(of()), told(iter(texts))


# The same


def check_same(document: Document, folder: Path) -> tuple[Shown, Shown]:
    from_html, from_pdf, from_word = read_html(document), read_pdf(document, folder), read_word(document)
    assert from_pdf == from_html
    assert from_word == from_html
    return from_html


def test_the_sample_is_the_same_in_every_format(sample: Document, tmp_path: Path) -> None:
    shown, notes = check_same(sample, tmp_path)
    kinds = [kind for kind, _ in shown]
    wanted = {"h1", "detail", "h2", "h3", "paragraph", "item", "quoted paragraph", "caption", "figure"}
    assert {*wanted, "heading of col", "heading of row", "cell"} == set(kinds) - {"continued"}
    assert kinds.count("caption") == 6
    assert len(notes) == 2
    assert ("caption", squeezed("Tabell 3. Effekter på kort och lång sikt")) in shown


def test_appendices_are_the_same_in_every_format(example_years: Path, tmp_path: Path) -> None:
    """One of each kind of the newest year; with SOAK=1 all of all years."""
    every = sorted((example_years / "outputs").glob("*/notebooks/appendix_*.ipynb"))
    assert len(every) > 50
    newest = [path for path in every if path.parents[1].name == "2023"]
    kinds = {path.stem.partition("_administration_")[0]: path for path in newest}
    for path in every if os.environ.get("SOAK") == "1" else kinds.values():
        shown, _ = check_same(read_notebook(path), tmp_path)
        assert len(shown) > 50, path


def test_lists_within_cells_are_the_same_in_every_format(
    document_of: Callable[..., Document], tmp_path: Path
) -> None:
    rows = [["Fråga ett", "Svar:\n• Ja: 1\n• Nej, men arbete pågår: 2\nInget mer"], ["Fråga två", "• Vet ej"]]
    table = Table("Kodbok.", [Column("a", "Fråga"), Column("b", "Svar")], rows)
    shown, _ = check_same(document_of("## A", table), tmp_path)
    assert ("caption", squeezed("Tabell 1. Kodbok")) in shown
    assert ("cell", squeezed(rows[0][1])) in shown


@pytest.mark.parametrize("read", [read_html, lambda d: read_pdf(d, Path())], ids=["html", "pdf"])
def test_a_text_that_a_format_lacks_would_be_seen(
    read: Callable[[Document], tuple[Shown, Shown]],
    document_of: Callable[..., Document],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    whole, less = document_of("## A\n\nEtt.\n\n- Två."), document_of("## A\n\n- Två.")
    assert ("paragraph", "Ett.") in read(whole)[0]
    assert [entry for entry in read(whole)[0] if entry != ("paragraph", "Ett.")] == read(less)[0]


# No ligatures, because the program that reads the text back gets some of them wrong.
LETTERS = st.sampled_from("abcdeghkmnoprsuåäöÅÄÖ0123456789 –”%&<>*_#$\"'\\[](){}|.,:;!?−Δ☺")
TEXTS = st.lists(LETTERS, min_size=1, max_size=60).map("".join).filter(lambda text: text.strip())
WORDS = TEXTS.map(plain)
NUMBERS = st.one_of(st.integers(-2_000_000, 2_000_000), st.none(), st.just(SUPPRESSED))


@st.composite
def lists(draw: st.DrawFn, depth: int = 0) -> str:
    indent, lines = "    " * depth, []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        mark = "-   " if depth % 2 == 0 else f"{number}.  "
        lines.append(f"{indent}{mark}{draw(WORDS)}")
        if draw(st.integers(0, 3)) == 0:
            lines += ["", f"{indent}    {draw(WORDS)}", ""]
        if depth < 2 and draw(st.booleans()):
            lines.append(draw(lists(depth + 1)))
    return "\n".join(lines)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    columns = [Column("a", draw(TEXTS)), Column("n", draw(TEXTS), "integer"), Column("t", draw(TEXTS))]
    row = st.tuples(TEXTS, NUMBERS, TEXTS)
    rows = draw(st.lists(row, min_size=1, max_size=30))
    notes = draw(st.lists(TEXTS, max_size=2))
    return Table(
        draw(TEXTS), columns, rows, row_headers=draw(st.integers(0, 1)), notes=notes, source=draw(TEXTS)
    )


PARAGRAPHS = st.tuples(WORDS, WORDS, WORDS, WORDS).map(
    lambda w: f"{w[0]} **a{w[1]}a** *b{w[2]}b* [c{w[3]}c](https://example.org/)[^n]"
)
CONTENTS = st.lists(
    st.one_of(PARAGRAPHS, lists(), tables(), st.tuples(TEXTS, TEXTS).map(lambda t: as_quote(*t))), max_size=6
)


@given(heading=WORDS, second=WORDS, contents=CONTENTS, note=WORDS, title=TEXTS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_document_is_the_same_in_every_format(
    document_of: Callable[..., Document],
    tmp_path_factory: pytest.TempPathFactory,
    heading: str,
    second: str,
    contents: list[str | Table],
    note: str,
    title: str,
) -> None:
    begin = f"## {heading}\n\nEtt ord[^n].\n\n### {second}"
    document = document_of(begin, *contents, f"[^n]: {note}", title=title)
    check_same(document, tmp_path_factory.mktemp("same"))
