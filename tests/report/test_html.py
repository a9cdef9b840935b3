"""The HTML file: its structure, what it never holds, and that every text comes through as it was written."""

from __future__ import annotations

import base64
import csv
import io
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.intake.excel import as_text
from analysis.report import html
from analysis.report.blocks import THEMES, Document, Figure, Heading, TableBlock
from analysis.report.document import plain
from analysis.report.tables import SUPPRESSED, Column, Table

VOID = {"meta", "br", "img"}


class Element:
    """An element of the page, with its attributes, children and text."""

    def __init__(self, tag: str, attributes: dict[str, str | None]) -> None:
        self.tag, self.attributes = tag, attributes
        self.children: list[Element] = []
        self.pieces: list[str | Element] = []

    def all(self, tag: str) -> list[Element]:
        """Return the elements of a tag below this one, in order."""
        found = []
        for child in self.children:
            found += [child] * (child.tag == tag) + child.all(tag)
        return found

    def one(self, tag: str) -> Element:
        (element,) = self.all(tag)
        return element

    @property
    def text(self) -> str:
        return "".join(piece if isinstance(piece, str) else piece.text for piece in self.pieces)


class Tree(HTMLParser):
    """Reads a page and refuses tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        self.open[-1].pieces.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].pieces.append(data)


def parsed(markup: str) -> Element:
    tree = Tree()
    tree.feed(markup)
    tree.close()
    assert len(tree.open) == 1, f"{tree.open[-1].tag} is not closed"
    return tree.open[0].one("html")


@pytest.fixture(scope="module")
def page(sample: Document) -> Element:
    return parsed(html.render(sample))


def test_the_page_has_language_title_and_one_main_heading(page: Element, sample: Document) -> None:
    assert page.attributes["lang"] == "sv"
    assert page.one("title").text == sample.about.title
    assert page.one("h1").text == sample.about.title
    assert len(page.all("main")) == len(page.all("nav")) == len(page.all("header")) == 1
    skip = page.all("a")[0]
    assert skip.text == "Hoppa till innehållet"
    assert skip.attributes["href"] == "#" + str(page.one("main").attributes["id"])


def test_the_title_block_says_what_the_document_is(page: Element) -> None:
    header = page.one("header")
    assert [term.text for term in header.all("dt")] == [
        "Rapporteringsår",
        "Dnr",
        "Datum",
        "Utgivare",
        "Kontakt",
    ]
    assert [value.text for value in header.all("dd")] == [
        "2021",
        "anges vid registrering",
        "19 oktober 2021",
        "Socialförvaltningen",
        "Enheten för uppföljning, uppfoljning@example.org",
    ]
    assert page.one("aside").text == "UTKAST SYNTETISKA EXEMPELDATA"


def test_nothing_is_asked_of_the_outside_and_nothing_runs(sample: Document) -> None:
    markup = html.render(sample)
    page = parsed(markup)
    policy = next(m for m in page.all("meta") if m.attributes.get("http-equiv") == "Content-Security-Policy")
    wanted = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert policy.attributes["content"] == wanted
    assert not page.all("script") + page.all("link") + page.all("iframe") + page.all("object")
    assert all(
        str(image.attributes["src"]).startswith("data:image/svg+xml;base64,") for image in page.all("img")
    )
    style = page.one("style").text
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"transition|animation|scroll-behavior", style)  # nothing moves by itself
    assert not re.search(r"\son\w+=", markup)
    saved = [a for a in page.all("a") if str(a.attributes["href"]).startswith("data:")]
    assert len(saved) == 5
    for link in saved:
        assert str(link.attributes["href"]).startswith("data:text/csv;charset=utf-8;base64,")
        assert str(link.attributes["download"]).endswith(".csv")


def test_headings_are_numbered_and_listed(page: Element, sample: Document) -> None:
    headings = [block for block in sample.blocks if isinstance(block, Heading)]
    found = [e for e in page.one("main").children if e.tag in ("h2", "h3")]
    assert [e.attributes["id"] for e in found] == [heading.ident for heading in headings]
    assert [e.text.split(" ")[0] for e in found] == [heading.number for heading in headings]
    (outer, *_) = page.one("nav").all("ul")
    links = outer.all("a")
    assert [link.text for link in links] == [e.text for e in found] + ["Fotnoter"]
    assert [link.attributes["href"] for link in links[:-1]] == [f"#{heading.ident}" for heading in headings]
    assert [item.all("a")[0].text[:1] for item in outer.children] == ["1", "2", "3", "4", "5", "F"]


def test_every_link_within_the_page_leads_somewhere(page: Element) -> None:
    def ids(element: Element) -> list[str]:
        own = [element.attributes["id"]] if "id" in element.attributes else []
        return [str(i) for i in own] + [i for child in element.children for i in ids(child)]

    found = ids(page)
    assert len(found) == len(set(found))
    targets = [str(a.attributes["href"])[1:] for a in page.all("a") if str(a.attributes["href"])[0] == "#"]
    assert set(targets) <= set(found)
    texts = {a.text for a in page.one("main").all("a")}
    assert {"avsnitt\u00a02", "tabell\u00a02", "diagram\u00a01"} <= texts


def test_tables_and_figures_are_listed_below_the_contents(
    sample: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not parsed(html.render(sample)).one("nav").all("details")  # so few need no list
    monkeypatch.setattr("analysis.report.blocks.FEWEST_LISTED", 2)
    page = parsed(html.render(sample))
    (tables,) = page.one("nav").all("details")  # the sample has one figure, which needs no list
    blocks = [block for block in sample.blocks if isinstance(block, TableBlock)]
    assert [link.text for link in tables.all("a")] == [f"{b.label}. {b.table.caption}" for b in blocks]
    assert [link.attributes["href"] for link in tables.all("a")] == [f"#{b.ident}" for b in blocks]
    assert tables.one("summary").text == "Tabeller (5)"
    twice = [block for block in sample.blocks if isinstance(block, Figure)] * 2
    both = parsed(html.render(replace(sample, blocks=(*sample.blocks, *twice)))).one("nav").all("details")
    assert both[1].one("summary").text == "Diagram (3)"
    assert both[1].all("a")[0].attributes["href"] == "#diagram-synlighet"


def test_each_table_and_figure_has_a_link_to_itself(page: Element) -> None:
    main = page.one("main")
    places = [e for tag in ("div", "figure") for e in main.all(tag) if kind(e) in ("table", "chart")]
    assert len(places) == 6
    for place in places:
        link = place.all("p")[-1].all("a")[0]
        assert link.attributes["href"] == f"#{place.attributes['id']}"
    assert {link.text for link in main.all("a")} >= {"Länk till tabell\u00a02", "Länk till diagram\u00a01"}


def kind(element: Element) -> str:
    return str(element.attributes.get("class") or "").split(" ")[0]


def saved(link: Element) -> str:
    """Return the text of the file that a link saves."""
    return base64.b64decode(str(link.attributes["href"]).partition(",")[2]).decode("utf-8")


def test_a_table_is_saved_for_a_swedish_excel(document_of: Callable[..., Document]) -> None:
    columns = [
        Column("unit", "Förvaltning\noch år"),
        Column("n", "=Antal", "integer"),
        Column("share", "Andel", "percent"),
        Column("mean", "Medel", "decimal", 2),
        Column("note", "Not"),
    ]
    rows = [
        ["Östermalm", 0, 12.5, -1.005, '+46 8; "a"'],
        ["@Farsta", 12345, None, SUPPRESSED, "1-2"],
    ]
    document = document_of(Table("Svar", columns, rows, key="svar"), title="Bilaga 1. År", marks=["UTKAST"])
    (link,) = (a for a in parsed(html.render(document)).all("a") if "download" in a.attributes)
    assert link.text == "Hämta tabell\u00a01 för Excel (CSV)"
    assert link.attributes["download"] == "bilaga-1-ar-tabell-1-utkast.csv"
    text = saved(link)
    assert text[0] == "\ufeff"
    assert text.count("\r\n") == 3
    assert list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=";")) == [
        ["Förvaltning\noch år", "'=Antal", "Andel (%)", "Medel", "Not"],
        ["Östermalm", "0", "13", "-1,01", '\'+46 8; "a"'],
        ["'@Farsta", "12345", "..", "..", "'1-2"],
    ]


def test_a_long_table_is_folded_and_says_what_it_holds(document_of: Callable[..., Document]) -> None:
    def table(rows: int) -> Element:
        columns = [Column("a", "A"), Column("b", "B", "integer")]
        made = Table("Kort & gott", columns, [[f"r{i}", i] for i in range(rows)], notes=["En not."])
        (div, *_) = parsed(html.render(document_of(made))).one("main").all("div")
        return div

    assert not table(20).all("details")
    long = table(21)
    folded = long.one("details")
    assert folded.one("summary").text == "Tabell 1. Kort & gott 21 rader, 2 kolumner"
    assert folded.one("caption").text == "Tabell 1. Kort & gott"
    assert len(folded.one("tbody").all("tr")) == 21
    assert [p.text for p in folded.all("p")] == [
        "En not.",
        "Teckenförklaring: – inget finns att redovisa (noll).",
    ]
    assert [a.text for a in folded.all("a")] == []  # the links stay in sight
    assert len(long.all("a")) == 2
    assert long.attributes["id"] == "tabell-1"


@pytest.mark.parametrize("theme", THEMES)
def test_every_colour_of_text_can_be_read(sample: Document, theme: str) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    about = replace(sample.about, theme=theme)
    style = parsed(html.render(replace(sample, about=about))).one("style").text
    themed, *schemes = (
        dict(re.findall(r"--([\w-]+): (#\w{6}|var\(--[\w-]+\));", rules))
        for rules in re.findall(r":root \{([^}]*)\}", style)
    )
    assert themed == {"theme": f"#{THEMES[theme].accent}", "light-theme": f"#{THEMES[theme].light_accent}"}
    schemes = [colours for colours in schemes if "paper" in colours]
    assert len(schemes) == 3  # light, dark, print
    for colours in schemes:
        colours["accent"] = themed[colours["accent"].removeprefix("var(--").removesuffix(")")]
        colours |= {"band": themed["theme"], "white": "#ffffff"}
    pairs = [
        *((word, ground) for word in ("text", "quiet", "accent") for ground in ("paper", "tint")),
        ("on-accent", "accent"),
        ("white", "band"),
    ]
    for colours in schemes:
        for word, ground in pairs:
            low, high = sorted((luminance(colours[word]), luminance(colours[ground])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (word, ground)


def test_tables_have_captions_headings_and_a_scrolling_frame(page: Element, sample: Document) -> None:
    blocks = [block for block in sample.blocks if isinstance(block, TableBlock)]
    regions = [e for e in page.all("div") if e.attributes.get("role") == "group" and e.all("table")]
    assert len(regions) == len(blocks) == 5
    for region, block in zip(regions, blocks, strict=True):
        table = block.table
        assert region.attributes["tabindex"] == "0"
        caption = region.one("caption")
        assert caption.text == f"{block.label}. {table.caption}"
        assert region.attributes["aria-labelledby"] == caption.attributes["id"]
        columns = [e for e in region.one("thead").all("th") if e.attributes["scope"] == "col"]
        assert [e.text for e in columns] == [column.heading for column in table.columns]
        rows = region.one("tbody").all("tr")
        shown = [tuple(cell.text for cell in row.children) for row in rows]
        assert shown == list(table.shown_rows())
        for row in rows:
            scopes = [cell.attributes.get("scope") for cell in row.children]
            assert scopes == ["row"] * table.row_headers + [None] * (len(table.columns) - table.row_headers)
            numbers = [cell.attributes.get("class") == "number" for cell in row.children]
            assert numbers == [column.is_number for column in table.columns]


def test_notes_belong_to_their_table(page: Element) -> None:
    table = page.all("table")[1]
    notes = next(e for e in page.all("div") if e.attributes.get("id") == table.attributes["aria-describedby"])
    first, *_, last = (line.text for line in notes.all("p"))
    assert first == "Vet ej ingår i antalet svarande men inte i medelvärdet."
    assert last == "Källa: Enkät till förvaltningarna 2021."


def test_figures_carry_their_message_in_words(page: Element, sample: Document) -> None:
    (block,) = [block for block in sample.blocks if isinstance(block, Figure)]
    image = page.one("img")
    assert image.attributes["alt"] == block.alt
    caption = next(e for e in page.all("figcaption") if e.text.startswith("Diagram"))
    assert caption.text == f"Diagram 1. {block.caption}"
    (frame,) = (e for e in page.all("div") if e.attributes.get("role") == "group" and e.all("img"))
    assert frame.attributes["aria-labelledby"] == caption.attributes["id"]
    assert frame.attributes["tabindex"] == "0"


def test_footnotes_lead_there_and_back(page: Element) -> None:
    calls = [a for a in page.all("a") if a.attributes.get("role") == "doc-noteref"]
    assert [call.text for call in calls] == ["1", "1", "2"]
    notes = next(e for e in page.all("section") if e.attributes.get("role") == "doc-endnotes")
    backs = [a for a in notes.all("a") if a.attributes.get("role") == "doc-backlink"]
    assert [back.attributes["href"] for back in backs] == [f"#{call.attributes['id']}" for call in calls]
    names = [back.attributes["aria-label"] for back in backs]
    assert names == [
        "Tillbaka till texten vid fotnot 1 (1 av 2)",
        "Tillbaka till texten vid fotnot 1 (2 av 2)",
        "Tillbaka till texten vid fotnot 2",
    ]


def test_quotes_name_who_said_it(page: Element) -> None:
    quotes = [e for e in page.all("figure") if e.attributes.get("class") == "quote"]
    assert [quote.one("figcaption").text for quote in quotes] == ["Farsta", "Utbildningsförvaltningen"]
    assert "*mycket* mer synligt i ledningsgruppen & nämnden. Vi ser att <5 av 10" in quotes[0].text


def test_a_document_without_marks_notes_or_headings(document_of: Callable[..., Document]) -> None:
    page = parsed(html.render(document_of("Bara text.")))
    assert not page.all("aside") + page.all("nav") + page.all("section")
    assert page.one("main").text.strip() == "Bara text."


def test_wide_tables_are_printed_smaller_or_on_landscape_pages(document_of: Callable[..., Document]) -> None:
    def print_class(columns: int) -> str:
        names = [Column(f"c{i}", f"Kolumn {i}", "integer") for i in range(columns)]
        table = Table("T", [Column("a", "A"), *names], [["Farsta", *range(columns)]])
        markup = html.render(document_of(table))
        (div, *_) = (e for e in parsed(markup).one("main").all("div"))
        return str(div.attributes["class"])

    assert [print_class(n) for n in (3, 10, 20)] == ["table", "table dense", "table landscape"]


METACHARACTERS = st.sampled_from("#$@<>_*`~^\\/[](){}|&;:!?'\"-+=.,% 1aåÖé–”")
TEXTS = st.text(METACHARACTERS | st.characters(codec="latin-1"), min_size=1)
STRINGS = st.lists(TEXTS.filter(lambda text: text.strip() and text.isprintable()), min_size=8, max_size=8)


@given(strings=STRINGS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_text_comes_back_as_it_was_written(
    document_of: Callable[..., Document], strings: list[str]
) -> None:
    title, mark, heading, text, caption, column, cell, note = strings
    table = Table(caption, [Column("a", "A"), Column("b", column)], [["r", cell]], notes=[note])
    document = document_of(f"## {plain(heading)}\n\n{plain(text)}", table, title=title, marks=[mark])
    page = parsed(html.render(document))
    assert page.one("title").text == page.one("h1").text == title
    assert page.one("aside").text.strip() == mark.strip()
    assert page.one("h2").text == f"1 {heading.strip()}"
    assert page.one("main").one("caption").text == f"Tabell 1. {caption}"
    assert page.all("th")[1].text == column
    assert page.one("td").text == cell
    assert [p.text for p in page.one("main").all("p") if kind(p) != "tools"] == [text.strip(), note]
    (link,) = (a for a in page.all("a") if "download" in a.attributes)
    file = csv.reader(io.StringIO(saved(link).removeprefix("\ufeff"), newline=""), delimiter=";")
    assert list(file) == [["A", as_text(column)], ["r", as_text(cell)]]
    assert re.fullmatch(r"[a-z0-9-]*tabell-1[a-z0-9-]*\.csv", str(link.attributes["download"]))


def test_the_style_sheet_cannot_be_left_by_a_title(document_of: Callable[..., Document]) -> None:
    title = '"; } </style><script>alert(1)</script> \\" å'
    page = parsed(html.render(document_of("Text.", title=title)))
    assert not page.all("script")
    style = page.one("style").text
    (string,) = re.findall(r'@top-left \{ content: "(.*?)"; \}', style)
    assert re.sub(r"\\([0-9a-f]+) ", lambda match: chr(int(match[1], 16)), string) == title


def test_the_same_notebook_gives_the_same_file_through_nbconvert(
    sample_notebook: Any, sample: Document, tmp_path: Path
) -> None:
    nbformat.write(sample_notebook, tmp_path / "bilaga.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "appendix_html", "bilaga.ipynb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "bilaga.html").read_text(encoding="utf-8") == html.render(sample)
