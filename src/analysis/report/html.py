"""A document as one accessible HTML file: no script, no outside request, readable at 320 pixels, printable.

Text is escaped here and only here; the style sheet is ``assets/appendix.css``. Beside what the document says,
the page holds only ways to it: contents, lists of tables and figures, links to each, and each table as a file
for Excel (a ``data:`` link, which the security policy need not allow: it is saved, not loaded).
"""

from __future__ import annotations

import base64
import csv
import html
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from itertools import groupby

from analysis.intake.excel import as_text
from analysis.report import swedish
from analysis.report.blocks import (
    THEMES,
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
    Theme,
    plain_text,
)
from analysis.report.document import image
from analysis.report.layout import announces
from analysis.report.tables import Column, Table, Value

SECURITY_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

DENSE_TABLE = 85
"""A table with longer rows than so many characters is printed with smaller letters."""

LANDSCAPE_TABLE = 120
"""A table with longer rows than so many characters is printed on landscape pages."""

LONG_TABLE = 20
"""A table with more rows than so many is folded on a screen, and open on paper."""


def render(document: Document) -> str:
    """Return the document as HTML text. The same document gives the same text."""
    return _Renderer(document).page()


def page(
    title: str,
    *,
    header: str,
    contents: str,
    main: str,
    marks: Sequence[str] = (),
    running_title: str = "",
    facts: Mapping[str, str] | None = None,
    theme: str = "neutral",
) -> str:
    """Return a whole page: one file with its style sheet, which asks for nothing and runs nothing.

    Parameters
    ----------
    title : str
        What the window is called; plain text.
    header, contents, main : str
        Markup: the block with the title, the navigation (may be empty), and what is inside ``main``.
    marks : sequence of str
        Words that stay in sight and stand on every printed page, such as "UTKAST".
    running_title : str
        What every printed page says at its top; the title if empty.
    facts : mapping of str to str, optional
        Standard names of ``meta`` elements and their plain text.
    theme : {"neutral", "stockholm"}
        Its colours.
    """
    parts = [
        "<!DOCTYPE html>",
        '<html lang="sv">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{SECURITY_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}</title>",
        *(f'<meta name="{name}" content="{html.escape(value)}">' for name, value in (facts or {}).items()),
        f"<style>\n{_style(running_title or title, marks, THEMES[theme])}</style>",
        "</head>",
        "<body>",
        '<a class="skip" href="#innehall">Hoppa till innehållet</a>',
        _marks(marks),
        '<div class="page">',
        header,
        contents,
        '<main id="innehall" tabindex="-1">',
        main,
        "</main>",
        "</div>",
        "</body>",
        "</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def csv_text(table: Table) -> str:
    """Return a table as a Swedish Excel opens it right: semicolons between, decimal comma, one row of headings.

    Numbers are rounded as they are shown, percentages stand as 0–100, and what is not shown is ``..``. A text
    that Excel would take for a formula or a date stays a text. It is saved as UTF-8 with a byte order mark.

    Examples
    --------
    >>> columns = [Column("unit", "Förvaltning"), Column("mean", "Medelvärde", "decimal")]
    >>> csv_text(Table("Svar", columns, [["Farsta", 2.25], ["=1+1", None]])).splitlines()
    ['Förvaltning;Medelvärde', 'Farsta;2,3', "'=1+1;.."]
    """
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow(as_text(c.heading) + (" (%)" if c.kind == "percent" else "") for c in table.columns)
    for row in table.rows:
        writer.writerow(_csv_cell(column, value) for column, value in zip(table.columns, row, strict=True))
    return stream.getvalue()


def _csv_cell(column: Column, value: Value) -> str:
    if isinstance(value, int | float):
        return f"{swedish.rounded(value, column.decimals or 0):f}".replace(".", ",")
    return as_text(column.show(value))


def _marks(marks: Sequence[str]) -> str:
    if not marks:
        return ""
    words = "".join(f"<span>{html.escape(mark)}</span> " for mark in marks)
    return f'<aside class="marks" aria-label="Dokumentets status"><p>{words.strip()}</p></aside>'


class _Renderer:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.note_calls: Counter[int] = Counter()

    # The page

    def page(self) -> str:
        about = self.document.about
        body = self.blocks(self.document.blocks)
        notes = self.footnotes()  # after the body, which counts the calls
        return page(
            about.title,
            header=self.title_block(),
            contents=self.contents(),
            main="\n".join(part for part in (body, notes) if part),
            marks=about.marks,
            running_title=about.running_title,
            facts={"author": about.publisher, "date": about.date},
            theme=about.theme,
        )

    def title_block(self) -> str:
        about = self.document.about
        subtitle = f'<p class="subtitle">{html.escape(about.subtitle)}</p>\n' if about.subtitle else ""
        details = "\n".join(
            f"<div><dt>{html.escape(name)}</dt><dd>{self.inlines(value)}</dd></div>"
            for name, value in about.details()
        )
        return f"<header>\n<h1>{html.escape(about.title)}</h1>\n{subtitle}<dl>\n{details}\n</dl>\n</header>"

    def contents(self) -> str:
        headings = self.document.contents()
        entries = [(h.level, h.ident, h.number, plain_text(h.content)) for h in headings]
        if self.document.notes:
            entries.append((2, "fotnoter", "", "Fotnoter"))
        if not entries:
            return ""
        lists = "".join(_folded_list(title, blocks) for title, blocks in self.document.lists())
        return (
            '<nav aria-labelledby="innehallsrubrik">\n'
            '<p class="nav-heading" id="innehallsrubrik">Innehåll</p>\n'
            f"<ul>\n{_nested_list(entries)}</ul>\n"
            f"{lists}</nav>"
        )

    # Blocks

    def blocks(self, blocks: Iterable[Block]) -> str:
        blocks = tuple(blocks)
        written = [self.block(block) for block in blocks]
        for position, markup in enumerate(written):
            if announces(blocks, position):
                written[position] = markup.replace("<p>", '<p class="leads-in">', 1)
        return "\n".join(written)

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
                return self.table(block)
            case Figure():
                return self.figure(block)

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
        return f'<figure class="quote">\n{quoted}\n<figcaption>{said_by}</figcaption>\n</figure>'

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

    def table(self, block: TableBlock) -> str:
        table, caption, footer = block.table, f"{block.ident}-rubrik", f"{block.ident}-noter"
        lines = table.footer()
        markup = table.to_html(label=block.label, ident=caption, described_by=footer if lines else "")
        shown = f"{_frame(markup, caption)}{_footer(lines, footer)}"
        if len(table.rows) > LONG_TABLE:
            summary = f'{html.escape(_name(block))} <span class="extent">{_extent(table)}</span>'
            shown = f"<details>\n<summary>{summary}</summary>\n{shown}</details>\n"
        data = base64.b64encode(csv_text(table).encode("utf-8-sig")).decode()
        download = (
            f'<a href="data:text/csv;charset=utf-8;base64,{data}" download="{self.file_name(block)}">'
            f"Hämta {self.document.references[block.ident]} för Excel (CSV)</a>"
        )
        return (
            f'<div class="table{_print_class(table)}" id="{html.escape(block.ident)}">\n'
            f"{shown}{_tools(self.anchor(block), download)}</div>"
        )

    def figure(self, figure: Figure) -> str:
        caption = f"{figure.ident}-rubrik"
        return (
            f'<figure class="chart" id="{html.escape(figure.ident)}">\n'
            f'<figcaption id="{html.escape(caption)}">{html.escape(_name(figure))}</figcaption>\n'
            f"{_frame(image(figure), caption)}{_footer(figure.footer(), f'{figure.ident}-noter')}"
            f"{_tools(self.anchor(figure))}</figure>"
        )

    def anchor(self, block: TableBlock | Figure) -> str:
        name = self.document.references[block.ident]
        return f'<a href="#{html.escape(block.ident)}">Länk till {html.escape(name)}</a>'

    def file_name(self, block: TableBlock) -> str:
        """Return what a table is called when it is saved: it says where it comes from, and its marks."""
        about = self.document.about
        parts = (swedish.slug(part) for part in (about.title[:60], block.label, *about.marks))
        return "-".join(part for part in parts if part) + ".csv"

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


def _name(block: TableBlock | Figure) -> str:
    """Return the number and caption of a table or figure."""
    return f"{block.label}. {block.caption}"


def _frame(markup: str, caption: str) -> str:
    """Return what may be wider than the page, in a frame that scrolls and that a keyboard reaches.

    It is a group and not a region: a page of forty tables must not have forty landmarks.
    """
    return (
        f'<div class="scroll" role="group" aria-labelledby="{html.escape(caption)}" tabindex="0">\n'
        f"{markup}\n</div>\n"
    )


def _tools(*links: str) -> str:
    return f'<p class="tools">{" ".join(links)}</p>\n'


def _extent(table: Table) -> str:
    rows = swedish.plural(len(table.rows), "rad", "rader")
    return f"{rows}, {swedish.plural(len(table.columns), 'kolumn', 'kolumner')}"


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


def _folded_list(title: str, blocks: Sequence[TableBlock | Figure]) -> str:
    """Return a list of links to tables or figures, folded below the contents."""
    links = "".join(
        f"<li>{_contents_link(block.ident, '', f'{block.label}. {block.short_caption}')}</li>\n"
        for block in blocks
    )
    return f"<details>\n<summary>{title} ({len(blocks)})</summary>\n<ul>\n{links}</ul>\n</details>\n"


def _style(running_title: str, marks: Sequence[str], theme: Theme) -> str:
    """Return the style sheet, with the colours and what every printed page says about this document."""
    sheet = resources.files("analysis.report").joinpath("assets/appendix.css").read_text(encoding="utf-8")
    return (
        f":root {{ --theme: #{theme.accent}; --light-theme: #{theme.light_accent}; }}\n"
        f"{sheet}@page {{\n"
        f"  @top-left {{ content: {_css_string(running_title)}; }}\n"
        f"  @top-right {{ content: {_css_string(' · '.join(marks))}; }}\n}}\n"
    )


def _css_string(text: str) -> str:
    """Return text as a CSS string that cannot end the string or the style element."""
    kept = "".join(c if c.isalnum() or c in " .,:–-·()" else f"\\{ord(c):x} " for c in text)
    return f'"{kept}"'
