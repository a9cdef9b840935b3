"""A document as one accessible HTML file: no script, no outside request, readable at 320 pixels, printable.

Text is escaped here and only here; the style sheet is ``assets/appendix.css``.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import resources
from itertools import groupby
from typing import Any

from nbconvert.exporters import Exporter

from analysis.report.blocks import (
    Block,
    Code,
    Document,
    Emphasis,
    Figure,
    Footnote,
    Heading,
    Inline,
    Inlines,
    ItemList,
    LineBreak,
    Link,
    NoteMark,
    Paragraph,
    Quote,
    Strong,
    TableBlock,
    Text,
    plain_text,
)
from analysis.report.document import image, read_notebook
from analysis.report.tables import Table

SECURITY_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

DENSE_TABLE = 85
"""A table with longer rows than so many characters is printed with smaller letters."""

LANDSCAPE_TABLE = 120
"""A table with longer rows than so many characters is printed on landscape pages."""


def render(document: Document) -> str:
    """Return the document as HTML text. The same document gives the same text."""
    return _Renderer(document).page()


class AppendixHTML(Exporter):  # type: ignore[misc]  # nbconvert is untyped here
    """``jupyter nbconvert --to appendix_html``: an executed notebook to one HTML file."""

    file_extension = ".html"
    output_mimetype = "text/html"
    export_from_notebook = "Appendix (HTML)"

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> Any:
        """Return the HTML text of a notebook, and nbconvert's resources."""
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        return render(read_notebook(nb)), resources


class _Renderer:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.note_calls: Counter[int] = Counter()

    # The page

    def page(self) -> str:
        about = self.document.about
        body = self.blocks(self.document.blocks)
        notes = self.footnotes()  # after the body, which counts the calls
        parts = [
            "<!DOCTYPE html>",
            f'<html lang="{about.lang}">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{SECURITY_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{html.escape(about.title)}</title>",
            f'<meta name="author" content="{html.escape(about.publisher)}">',
            f'<meta name="date" content="{html.escape(about.date)}">',
            f"<style>\n{_style(document=self.document)}</style>",
            "</head>",
            "<body>",
            '<a class="skip" href="#innehall">Hoppa till innehållet</a>',
            self.marks(),
            self.title_block(),
            self.contents(),
            '<main id="innehall" tabindex="-1">',
            body,
            notes,
            "</main>",
            "</body>",
            "</html>",
        ]
        return "\n".join(part for part in parts if part) + "\n"

    def marks(self) -> str:
        if not self.document.about.marks:
            return ""
        words = "".join(f"<span>{html.escape(mark)}</span> " for mark in self.document.about.marks)
        return f'<aside class="marks" aria-label="Dokumentets status"><p>{words.strip()}</p></aside>'

    def title_block(self) -> str:
        about = self.document.about
        subtitle = f'<p class="subtitle">{html.escape(about.subtitle)}</p>\n' if about.subtitle else ""
        details = "\n".join(
            f"<div><dt>{html.escape(name)}</dt><dd>{self.inlines(value)}</dd></div>"
            for name, value in about.details()
        )
        return f"<header>\n<h1>{html.escape(about.title)}</h1>\n{subtitle}<dl>\n{details}\n</dl>\n</header>"

    def contents(self) -> str:
        headings = [
            block for block in self.document.blocks if isinstance(block, Heading) and block.level <= 3
        ]
        entries = [(h.level, h.ident, h.number, plain_text(h.content)) for h in headings]
        if self.document.notes:
            entries.append((2, "fotnoter", "", "Fotnoter"))
        if not entries:
            return ""
        return (
            '<nav aria-labelledby="innehallsrubrik">\n'
            '<p class="nav-heading" id="innehallsrubrik">Innehåll</p>\n'
            f"<ul>\n{_nested_list(entries)}</ul>\n</nav>"
        )

    # Blocks

    def blocks(self, blocks: Iterable[Block]) -> str:
        return "\n".join(self.block(block) for block in blocks)

    def block(self, block: Block) -> str:
        match block:
            case Heading():
                number = f'<span class="number">{block.number}</span> '
                text = self.inlines(block.content)
                return f'<h{block.level} id="{html.escape(block.ident)}">{number}{text}</h{block.level}>'
            case Paragraph():
                return f"<p>{self.inlines(block.content)}</p>"
            case ItemList():
                return self.item_list(block)
            case Quote():
                return self.quote(block)
            case TableBlock():
                return _table(block)
            case Figure():
                return _figure(block)

    def item_list(self, block: ItemList) -> str:
        items = "\n".join(f"<li>{self.item(item)}</li>" for item in block.items)
        if not block.ordered:
            return f"<ul>\n{items}\n</ul>"
        start = f' start="{block.start}"' if block.start != 1 else ""
        return f"<ol{start}>\n{items}\n</ol>"

    def item(self, blocks: Sequence[Block]) -> str:
        """Return the content of a list item; its first paragraph needs no paragraph of its own."""
        if blocks and isinstance(blocks[0], Paragraph):
            first, rest = self.inlines(blocks[0].content), blocks[1:]
            return "\n".join([first, self.blocks(rest)]) if rest else first
        return self.blocks(blocks)

    def quote(self, block: Quote) -> str:
        quoted = f"<blockquote>\n{self.blocks(block.blocks)}\n</blockquote>"
        if not block.attribution:
            return quoted
        said_by = self.inlines(block.attribution)
        return f'<figure class="quote">\n{quoted}\n<figcaption>– {said_by}</figcaption>\n</figure>'

    def footnotes(self) -> str:
        if not self.document.notes:
            return ""
        notes = "\n".join(self.footnote(note) for note in self.document.notes)
        return (
            '<section role="doc-endnotes" aria-labelledby="fotnoter">\n'
            f'<h2 id="fotnoter">Fotnoter</h2>\n<ol>\n{notes}\n</ol>\n</section>'
        )

    def footnote(self, note: Footnote) -> str:
        calls = self.note_calls[note.number]
        links = []
        for call in range(1, calls + 1):
            place = f" ({call} av {calls})" if calls > 1 else ""
            name = f"Tillbaka till texten vid fotnot {note.number}{place}"
            links.append(
                f'<a href="#fotnot-{note.number}-text-{call}" role="doc-backlink" aria-label="{name}">↩</a>'
            )
        texts = [self.inlines(paragraph.content) for paragraph in note.blocks]
        texts[-1] = " ".join([texts[-1], *links])
        paragraphs = "\n".join(f"<p>{text}</p>" for text in texts)
        return f'<li id="fotnot-{note.number}">{paragraphs}</li>'

    # Text

    def inlines(self, content: Inlines) -> str:
        return "".join(self.inline(part) for part in content)

    def inline(self, part: Inline) -> str:
        match part:
            case Text():
                return html.escape(part.text)
            case Code():
                return f"<code>{html.escape(part.text)}</code>"
            case Strong():
                return f"<strong>{self.inlines(part.content)}</strong>"
            case Emphasis():
                return f"<em>{self.inlines(part.content)}</em>"
            case LineBreak():
                return "<br>\n"
            case Link():
                return self.link(part)
            case NoteMark():
                return self.note_mark(part)

    def link(self, link: Link) -> str:
        text = self.inlines(link.content) or html.escape(self.document.references[link.target[1:]])
        return f'<a href="{html.escape(link.target)}">{text}</a>'

    def note_mark(self, mark: NoteMark) -> str:
        number = self.document.note(mark.label).number
        self.note_calls[number] += 1
        ident = f"fotnot-{number}-text-{self.note_calls[number]}"
        return (
            f'<sup><a href="#fotnot-{number}" id="{ident}" role="doc-noteref" '
            f'aria-label="Fotnot {number}">{number}</a></sup>'
        )


def _table(block: TableBlock) -> str:
    caption, footer = f"{block.ident}-rubrik", f"{block.ident}-noter"
    lines = block.table.footer()
    markup = block.table.to_html(label=block.label, ident=caption, described_by=footer if lines else "")
    return (
        f'<div class="table{_print_class(block.table)}" id="{html.escape(block.ident)}">\n'
        f'<div class="scroll" role="region" aria-labelledby="{html.escape(caption)}" tabindex="0">\n'
        f"{markup}\n</div>\n{_footer(lines, footer)}</div>"
    )


def _figure(figure: Figure) -> str:
    caption = html.escape(f"{figure.label}. {figure.caption}")
    return (
        f'<figure class="chart" id="{html.escape(figure.ident)}">\n<figcaption>{caption}</figcaption>\n'
        f"{image(figure)}\n{_footer(figure.footer(), f'{figure.ident}-noter')}</figure>"
    )


def _footer(lines: Sequence[str], ident: str) -> str:
    if not lines:
        return ""
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return f'<div class="below" id="{html.escape(ident)}">{paragraphs}</div>\n'


def _print_class(table: Table) -> str:
    """Return how a table is printed, by how many characters a row needs when texts are wrapped."""
    rows = [[column.heading for column in table.columns], *table.shown_rows()]
    needed = 0
    for cells in zip(*rows, strict=True):
        longest_word = max(len(word) for cell in cells for word in cell.split() or [""])
        longest_cell = max(len(cell) for cell in cells[1:])
        needed += max(longest_word, min(longest_cell, 24)) + 2
    return " landscape" if needed > LANDSCAPE_TABLE else " dense" if needed > DENSE_TABLE else ""


def _nested_list(entries: Sequence[tuple[int, str, str, str]]) -> str:
    """Return list items for (level, id, number, text), lower levels in a list within the item before."""
    top = entries[0][0]
    items = ""
    for is_top, group in groupby(entries, key=lambda entry: entry[0] <= top):
        links = "".join(f"<li>{_contents_link(*entry[1:])}</li>\n" for entry in group)
        if is_top:
            items += links
        else:
            items = items.removesuffix("</li>\n") + f"\n<ul>\n{links}</ul>\n</li>\n"
    return items


def _contents_link(ident: str, number: str, text: str) -> str:
    numbered = f'<span class="number">{number}</span> ' if number else ""
    return f'<a href="#{html.escape(ident)}">{numbered}{html.escape(text)}</a>'


def _style(document: Document) -> str:
    """Return the style sheet, with what every printed page says about this document."""
    sheet = resources.files("analysis.report").joinpath("assets/appendix.css").read_text(encoding="utf-8")
    about = document.about
    return (
        f"{sheet}@page {{\n"
        f"  @top-left {{ content: {_css_string(about.running_title)}; }}\n"
        f"  @top-right {{ content: {_css_string(' · '.join(about.marks))}; }}\n}}\n"
    )


def _css_string(text: str) -> str:
    """Return text as a CSS string that cannot end the string or the style element."""
    kept = "".join(c if c.isalnum() or c in " .,:–-·()" else f"\\{ord(c):x} " for c in text)
    return f'"{kept}"'
