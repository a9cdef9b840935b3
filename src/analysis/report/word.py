"""A document as a Word file that people copy from: real headings, captions, lists, tables and footnotes.

The text is written as WordprocessingML, escaped here and only here; python-docx keeps the package, pictures and
properties. The look is in ``assets/word``, an empty Word file taken apart, in its styles.

The numbers of headings, tables and figures are text, not fields: pasted into the report, "Tabell 4" goes on
being table 4 of its appendix, as in the HTML, the PDF and the workbook, and the report's own numbers stay as
they are. A field would be counted anew among the report's own tables the next time Word updates its fields.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import groupby
from xml.sax.saxutils import escape

import docx
from docx.document import Document as DocxDocument
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.coreprops import CoreProperties
from docx.opc.packuri import PackURI
from docx.opc.part import XmlPart
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.parts.story import StoryPart
from docx.shared import Pt

from analysis.problems import Problem
from analysis.report import figure_files, swedish
from analysis.report.blocks import (
    THEMES,
    Block,
    Code,
    Description,
    Document,
    Emphasis,
    ExportError,
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
    inside,
    own_texts,
    plain_text,
)
from analysis.report.layout import GAP, Laid, Placed, Setting, Typesetter, dejavu, is_whole, rows_together
from analysis.report.tables import BULLET

TEXT_WIDTH, TEXT_HEIGHT = 453.0, 680.0
"""Points between the margins of a portrait A4 page."""

DEEPEST_LIST = 9
"""Word knows so many levels of lists."""

LONGEST_PROPERTY = 255
"""Word's properties of a file hold so many signs."""

TABLE_STYLES = {8.5: "Tabelltext", 7.5: "Tabelltext2", 6.5: "Tabelltext3"}
"""The paragraph styles of table cells by their letter size."""

ITEM_INDENT = {
    style: f'<w:ind w:left="{round(18 * size)}" w:hanging="{round(18 * size)}"/><w:contextualSpacing/>'
    for size, style in TABLE_STYLES.items()
}
"""How an item of a list stands in a cell: a bullet and a space take 0.9 of the letter size in Verdana."""

SETTINGS = (
    Setting(8.5, TEXT_WIDTH - GAP, TEXT_HEIGHT, landscape=False),
    Setting(7.5, TEXT_WIDTH - GAP, TEXT_HEIGHT, landscape=False),
    Setting(7.5, TEXT_WIDTH - GAP, TEXT_HEIGHT, landscape=False, comfort=9.0),
    Setting(8.5, 700.0 - GAP, 430.0, landscape=True),
    Setting(7.5, 700.0 - GAP, 430.0, landscape=True),
    Setting(6.5, 700.0 - GAP, 430.0, landscape=True),
)
"""Tried in this order for each table. Word has half a gap on both sides of a table."""


def render(document: Document) -> bytes:
    """Return the document as the bytes of a docx file. The same document gives the same bytes.

    Raises
    ------
    ExportError
        When Word cannot hold a sign, a title so long or a list so deep, or a table cannot fit on a page. Names
        the cells.
    """
    problems = list(_refused(document))
    if problems:
        raise ExportError(problems)
    file = docx.Document(io.BytesIO(_empty_file(document.about.colours)))
    _Writer(document, file).write()
    _describe(file.core_properties, document.about)
    target = io.BytesIO()
    file.save(target)
    return _without_clock(target.getvalue())


def _describe(properties: CoreProperties, about: Description) -> None:
    """Write what the file says about itself; its date is the document's, never the clock's."""
    day = datetime.datetime.combine(swedish.as_date(about.date), datetime.time())
    properties.title = about.title
    properties.author = properties.last_modified_by = about.publisher
    properties.language = "sv-SE"
    properties.created = properties.modified = day
    properties.revision = 1


# The file
# --------


@cache
def _empty_file(theme: Theme) -> bytes:
    """Return the parts in ``assets/word`` as the file that they are, in the colours of a theme."""
    drawn_in, accent = THEMES["neutral"].accent.encode(), theme.accent.encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in _parts(resources.files("analysis.report").joinpath("assets/word")):
            archive.writestr(name, part.read_bytes().replace(drawn_in, accent))
    return target.getvalue()


def _parts(folder: Traversable, path: str = "") -> Iterator[tuple[str, Traversable]]:
    for part in folder.iterdir():
        if part.is_dir():
            yield from _parts(part, f"{path}{part.name}/")
        else:
            yield f"{path}{part.name}", part


def _without_clock(data: bytes) -> bytes:
    """Return a zip file with its parts in the order of their names and without the time of their making."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(target, "w") as archive:
        for name in sorted(given.namelist()):
            part = zipfile.ZipInfo(name)  # of 1980-01-01, the first day that a zip file knows
            method = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(part, given.read(name), method)
    return target.getvalue()


# What Word cannot hold
# ---------------------


def _refused(document: Document) -> Iterator[Problem]:
    about = document.about
    described = "the call of describe(…)"
    for name, text in (("title", about.title), ("publisher", about.publisher)):
        if len(text) > LONGEST_PROPERTY:
            what = f"the {name} has {len(text)} signs, and Word keeps {LONGEST_PROPERTY}"
            yield Problem(described, what, "Shorten it")
    shown = (about.title, about.subtitle, *about.marks, *(plain_text(value) for _, value in about.details()))
    yield from _refused_signs(shown, described)
    for block in [*inside(document.blocks), *(text for note in document.notes for text in note.blocks)]:
        yield from _refused_signs(own_texts(block), block.cell)
    for block in document.blocks:
        if _list_depth(block) > DEEPEST_LIST:
            what = f"a list has {_list_depth(block)} levels, and Word knows {DEEPEST_LIST}"
            yield Problem(block.cell, what, "Use fewer levels")


def _refused_signs(texts: Iterable[str], cell: str) -> Iterator[Problem]:
    for sign in sorted({sign for text in texts for sign in _NOT_IN_XML.findall(text)}):
        yield Problem(
            cell, f"Word cannot hold the sign U+{ord(sign):04X}", "Remove it where the text comes from"
        )


_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _list_depth(block: Block) -> int:
    """Return how many lists lie within each other in a block."""
    match block:
        case ItemList():
            return 1 + max((_list_depth(inner) for item in block.items for inner in item), default=0)
        case Quote():
            return max(map(_list_depth, block.blocks), default=0)
        case _:
            return 0


# The text
# --------


@dataclass(frozen=True)
class _Place:
    """Where a block stands: within so many lists, within a quote, on the page of what follows."""

    depth: int = 0
    quoted: bool = False
    kept: bool = False


_TOP = _Place()


class _Writer:
    """Writes the blocks into an empty file: its text, footnotes, lists, pictures and links."""

    def __init__(self, document: Document, file: DocxDocument) -> None:
        self.document = document
        self.file = file
        self.part: StoryPart | XmlPart = file.part
        self.bookmarks = dict(_bookmarks(document))
        self.opened = 0
        self.lists = 1
        self.pictures = 0
        self.called: set[int] = set()

    def write(self) -> None:
        front = list(self.front())
        body = [(self.laid(laid), laid.landscape) for laid in _TYPESETTER.lay_out(self.document.blocks)]
        sections = groupby([("".join(front), False), *body], key=lambda entry: entry[1])
        markup = "".join(
            "".join(written for written, _ in entries) + _section(landscape)
            for landscape, entries in sections
        )
        text = parse_xml(f"<w:body {nsdecls('w', 'r')}>{markup}</w:body>")
        *before, _ = text.findall(qn("w:sectPr"))
        for section in before:  # a section ends within its last paragraph; only the last one stands by itself
            section.getprevious().set_sectPr(section)
        self.file.element.replace(self.file.element.body, text)
        self.file.paragraphs[len(front)].paragraph_format.page_break_before = bool(self.document.lists())
        self.write_header()
        self.write_notes()

    def write_header(self) -> None:
        about = self.document.about
        (line,) = self.file.sections[0].header.paragraphs
        if about.marks:
            line.add_run(" · ".join(about.marks), style="Statustext").add_break()
        line.add_run(about.running_title)

    def write_notes(self) -> None:
        package = self.file.part.package
        place = PackURI("/word/footnotes.xml")
        root = parse_xml(f"<w:footnotes {nsdecls('w', 'r')}>{_SEPARATORS}</w:footnotes>")
        self.part = XmlPart(place, CONTENT_TYPE.WML_FOOTNOTES, root, package)
        for note in self.document.notes:
            root.append(parse_xml(self.footnote(note)))
        self.file.part.relate_to(self.part, RELATIONSHIP_TYPE.FOOTNOTES)

    def front(self) -> Iterator[str]:
        """Yield the first page: what the document is, and its contents."""
        about = self.document.about
        if about.marks:
            yield _paragraph("Status", _run(" · ".join(about.marks)))
        yield _paragraph("Title", _run(about.title))
        if about.subtitle:
            yield _paragraph("Subtitle", _run(about.subtitle))
        for name, value in about.details():
            yield _paragraph("Uppgift", f"{_run(name)}<w:r><w:tab/></w:r>{self.inlines(value, {'b'})}")
        yield from self.contents()

    def contents(self) -> Iterator[str]:
        """Yield the contents and the lists: fields that Word can fill anew with page numbers, filled without."""
        headings = self.document.contents()
        if headings:
            entries = [(h.level - 1, h.ident, f"{h.number} {plain_text(h.content)}") for h in headings]
            yield from self.list_of("Innehåll", 'TOC \\o "1-2" \\h \\z \\u', entries)
        for title, blocks in self.document.lists():
            entries = [(LEVEL_OF_CAPTIONS, block.ident, _list_name(block)) for block in blocks]
            which = f"\\f {_list_letter(blocks[0])} \\l {LEVEL_OF_CAPTIONS}-{LEVEL_OF_CAPTIONS}"
            yield from self.list_of(title, f"TOC {which} \\h \\z", entries)

    def list_of(self, title: str, field: str, entries: Sequence[tuple[int, str, str]]) -> Iterator[str]:
        """Yield a title and a field that lists entries: their level, what they link to, and their text."""
        yield _paragraph("TOCHeading", _run(title))
        *before, last = [(level, self.reference(ident, _run(text))) for level, ident, text in entries]
        begin = _field_begin(field)
        for level, link in before:
            yield _paragraph(f"TOC{level}", f"{begin}{link}")
            begin = ""
        level, link = last
        yield _paragraph(f"TOC{level}", f"{begin}{link}{_FIELD_END}")

    def laid(self, laid: Laid) -> str:
        if isinstance(laid.block, TableBlock):
            return self.table(laid.block, laid.parts)
        return self.block(laid.block, replace(_TOP, kept=laid.leads_in))

    # Blocks

    def block(self, block: Block, place: _Place = _TOP) -> str:
        match block:
            case Heading():
                number = _run(block.number, style="Rubriknummer")
                text = self.bookmark(block.ident, f"{number}{_run(' ')}{self.inlines(block.content)}")
                return _paragraph(f"Heading{block.level - 1}", text)
            case Paragraph():
                return self.paragraph(block, place)
            case ItemList():
                return self.item_list(block, place)
            case Quote():
                return self.quote(block, place)
            case Figure():
                return self.figure(block)
            case TableBlock():
                raise TypeError("a table stands only at the top level of a document")

    def blocks(self, blocks: Iterable[Block], place: _Place) -> str:
        return "".join(self.block(block, place) for block in blocks)

    def paragraph(self, block: Paragraph, place: _Place) -> str:
        style = "Quote" if place.quoted else "ListContinue" if place.depth else ""
        left = place.depth * LIST_INDENT + (QUOTE_INDENT if place.quoted else 0)
        indent = f'<w:ind w:left="{left}"/>' if place.depth else ""
        return _paragraph(style, self.inlines(block.content), indent, kept=place.kept)

    def item_list(self, block: ItemList, place: _Place) -> str:
        number = self.numbering(block.start, place.depth) if block.ordered else BULLETS
        style = "Quote" if place.quoted else "ListNumber" if block.ordered else "ListBullet"
        mark = f'<w:numPr><w:ilvl w:val="{place.depth}"/><w:numId w:val="{number}"/></w:numPr>'
        inner = replace(place, depth=place.depth + 1)
        items = []
        for item in block.items:
            match item:
                case (Paragraph() as text, *rest):
                    first = self.inlines(text.content)
                case rest:
                    first = ""
            items.append(_paragraph(style, first, mark, kept=place.kept))
            items.append(self.blocks(rest, inner))
        return "".join(items)

    def numbering(self, start: int, depth: int) -> int:
        """Return the number of a new numbered list, which begins at `start`."""
        self.lists += 1
        self.file.part.numbering_part.element.append(
            parse_xml(
                f'<w:num {nsdecls("w")} w:numId="{self.lists}"><w:abstractNumId w:val="1"/>'
                f'<w:lvlOverride w:ilvl="{depth}"><w:startOverride w:val="{start}"/></w:lvlOverride></w:num>'
            )
        )
        return self.lists

    def quote(self, block: Quote, place: _Place) -> str:
        quoted = self.blocks(block.blocks, replace(place, quoted=True, kept=bool(block.attribution)))
        if not block.attribution:
            return quoted
        left = QUOTE_INDENT + place.depth * LIST_INDENT
        indent = f'<w:ind w:left="{left}"/>' if place.depth else ""
        return quoted + _paragraph("Citatkalla", self.inlines(block.attribution), indent)

    def figure(self, block: Figure) -> str:
        width, height = block.size
        scale = min(1.0, TEXT_WIDTH / width, 0.85 * TEXT_HEIGHT / height)
        caption = self.caption(block, f"{block.label}. {block.caption}")
        lines = block.footer()
        picture = self.file.part.new_pic_inline(
            io.BytesIO(figure_files.picture(block, figure_files.PRINT_DENSITY)), width=Pt(width * scale)
        )
        self.pictures += 1
        for side in ("distT", "distB", "distL", "distR"):  # LibreOffice takes 3 mm where none is given
            picture.set(side, "0")
        picture.docPr.set("id", str(self.pictures))
        picture.docPr.set("name", block.label)
        picture.docPr.set("descr", block.alt)
        shown = _paragraph("Diagram", f"<w:r><w:drawing>{picture.xml}</w:drawing></w:r>", kept=bool(lines))
        return _paragraph("Caption", caption) + shown + _below(lines)

    def caption(self, block: TableBlock | Figure, text: str) -> str:
        """Return a caption that can be linked to, with the hidden field that puts it in the list."""
        listed = f"TC {_quoted(_list_name(block))} \\f {_list_letter(block)} \\l {LEVEL_OF_CAPTIONS}"
        return self.bookmark(block.ident, _run(text)) + _hidden_field(listed)

    def table(self, block: TableBlock, placed: Sequence[Placed]) -> str:
        markup = []
        for part in placed:
            caption = _run(f"{block.label}. {part.table.caption}")
            if part is placed[0]:
                caption = self.caption(block, f"{block.label}. {part.table.caption}")
            lines = block.table.footer() if part is placed[-1] else ()
            # A paragraph must follow even where no line does: two tables in a row would become one.
            end = _below(lines) or _paragraph("Tabellslut", "")
            markup.append(_paragraph("Caption", caption) + _table(part, bool(lines)) + end)
        return "".join(markup)

    def footnote(self, note: Footnote) -> str:
        first, *rest = (self.inlines(paragraph.content) for paragraph in note.blocks)
        number = '<w:r><w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr><w:footnoteRef/></w:r>'
        texts = [f"{number}{_run(' ')}{first}", *rest]
        paragraphs = "".join(_paragraph("FootnoteText", text) for text in texts)
        return f'<w:footnote {nsdecls("w", "r")} w:id="{note.number}">{paragraphs}</w:footnote>'

    # Text

    def inlines(self, content: Inlines, look: Set[str] = frozenset()) -> str:
        return "".join(self.inline(part, look) for part in content)

    def inline(self, part: Inline, look: Set[str]) -> str:
        match part:
            case Text():
                return _run(part.text, look)
            case Code():
                return _run(part.text, look, style="HTMLCode")
            case Strong():
                return self.inlines(part.content, look | {"b"})
            case Emphasis():
                return self.inlines(part.content, look | {"i"})
            case LineBreak():
                return "<w:r><w:br/></w:r>"
            case Link():
                return self.link(part, look)
            case NoteMark():
                return self.note_mark(part)

    def link(self, link: Link, look: Set[str]) -> str:
        target = link.target
        if target.startswith("#"):
            words = link.content or (Text(self.document.references[target[1:]]),)
            return self.reference(target[1:], self.inlines(words, look | {"link"}))
        rel = self.part.relate_to(target, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        text = self.inlines(link.content, look | {"link"})
        return f'<w:hyperlink r:id="{rel}" w:history="1">{text}</w:hyperlink>'

    def note_mark(self, mark: NoteMark) -> str:
        """Return the call of a footnote; where it is called again, a field that repeats its number."""
        number = self.document.note(mark.label).number
        name = f"fotnot_{number}"
        look = '<w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr>'
        if number in self.called:
            call = f"<w:r>{look}<w:t>{number}</w:t></w:r>"
            return f'<w:fldSimple w:instr=" NOTEREF {name} \\f \\h ">{call}</w:fldSimple>'
        self.called.add(number)
        return self.marked(name, f'<w:r>{look}<w:footnoteReference w:id="{number}"/></w:r>')

    # Bookmarks and links within the document

    def bookmark(self, ident: str, content: str) -> str:
        return self.marked(self.bookmarks[ident], content)

    def marked(self, name: str, content: str) -> str:
        self.opened += 1
        start = f'<w:bookmarkStart w:id="{self.opened}" w:name="{name}"/>'
        return f'{start}{content}<w:bookmarkEnd w:id="{self.opened}"/>'

    def reference(self, ident: str, content: str) -> str:
        return f'<w:hyperlink w:anchor="{self.bookmarks[ident]}" w:history="1">{content}</w:hyperlink>'


def _bookmarks(document: Document) -> Iterator[tuple[str, str]]:
    """Yield what can be linked to, with a name that Word allows: letters, digits and _, at most 40 of them."""
    for block in document.blocks:
        match block:
            case Heading():
                yield block.ident, f"avsnitt_{block.number.replace('.', '_')}"
            case TableBlock():
                yield block.ident, f"tabell_{block.number}"
            case Figure():
                yield block.ident, f"diagram_{block.number}"


# WordprocessingML
# ----------------

BULLETS = 1
"""The number of all lists with bullets, in ``assets/word/word/numbering.xml``."""

LIST_INDENT, QUOTE_INDENT = 360, 284
"""Twentieths of a point that a level of a list and a quote stand in, as in the lists and styles."""

LEVEL_OF_CAPTIONS = 3
"""The level of tables and figures in their lists, which no heading has in the contents."""

_FIELD_END = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'

_SEPARATORS = (
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:pPr><w:spacing w:after="0"/></w:pPr>'
    "<w:r><w:separator/></w:r></w:p></w:footnote>"
    '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:pPr><w:spacing w:after="0"/></w:pPr>'
    "<w:r><w:continuationSeparator/></w:r></w:p></w:footnote>"
)

_TYPESETTER = Typesetter(
    regular=((dejavu("DejaVuSans"), None),), bold=((dejavu("DejaVuSans-Bold"), None),), settings=SETTINGS
)
"""DejaVu Sans was drawn as wide as Verdana, which is not free to measure in."""


def _list_name(block: TableBlock | Figure) -> str:
    """Return what a table or figure is called in its list."""
    return f"{block.label}. {block.short_caption}"


def _list_letter(block: TableBlock | Figure) -> str:
    """Return the letter by which Word knows the list of tables or that of figures."""
    return "T" if isinstance(block, TableBlock) else "D"


def _quoted(text: str) -> str:
    """Return a text as it stands in the instruction of a field."""
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))


def _field_begin(instruction: str) -> str:
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {escape(instruction)} </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )


def _hidden_field(instruction: str) -> str:
    """Return a field that shows nothing, as Word itself writes the entry of a list."""
    hidden = "<w:rPr><w:vanish/></w:rPr>"
    return (
        f'<w:r>{hidden}<w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r>{hidden}<w:instrText xml:space="preserve"> {escape(instruction)} </w:instrText></w:r>'
        f'<w:r>{hidden}<w:fldChar w:fldCharType="end"/></w:r>'
    )


def _run(text: str, look: Set[str] = frozenset(), style: str = "") -> str:
    """Return a text in one look: bold ("b"), italic ("i"), a link, a character style."""
    style = "Hyperlink" if "link" in look else style
    properties = f'<w:rStyle w:val="{style}"/>' if style else ""
    properties += "".join(f"<w:{name}/>" for name in ("b", "i") if name in look)
    lines = text.replace("\t", " ").split("\n")
    words = "<w:br/>".join(f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in lines)
    return f"<w:r>{f'<w:rPr>{properties}</w:rPr>' if properties else ''}{words}</w:r>"


def _paragraph(style: str, content: str, properties: str = "", *, kept: bool = False) -> str:
    """Return a paragraph, which stays on the page of the next one if it is `kept`."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    keep = "<w:keepNext/>" if kept else ""
    return f"<w:p><w:pPr>{named}{keep}{properties}</w:pPr>{content}</w:p>"


def _below(lines: Sequence[str]) -> str:
    """Return the lines below a table or a figure, together."""
    last = len(lines) - 1
    return "".join(_paragraph("Not", _run(line), kept=number < last) for number, line in enumerate(lines))


def _section(landscape: bool) -> str:
    """Return the end of a section. Each names its header and footer: LibreOffice loses taken over ones."""
    size = 'w:w="16838" w:h="11906" w:orient="landscape"' if landscape else 'w:w="11906" w:h="16838"'
    return (
        '<w:sectPr><w:headerReference w:type="default" r:id="header"/>'
        '<w:footerReference w:type="default" r:id="footer"/>'
        f'<w:type w:val="nextPage"/><w:pgSz {size}/>'
        '<w:pgMar w:top="1701" w:right="1418" w:bottom="1474" w:left="1418" '
        'w:header="794" w:footer="737" w:gutter="0"/></w:sectPr>'
    )


def _table(placed: Placed, has_lines: bool) -> str:
    """Return a table whose headings are repeated on each page, and whose rows do not break over pages.

    A table that takes little of a page stays on one, with its caption and the lines below it.
    """
    table, setting = placed.table, placed.setting
    heights = _TYPESETTER.row_heights(placed)
    fits = is_whole(heights, setting)
    widths = [round((width + GAP) * 20) for width in placed.widths]
    rows = [tuple(column.heading for column in table.columns), *table.shown_rows()]
    last = len(rows) - 1
    at_first, at_last = rows_together(heights, setting)
    together = {*range(at_first), *range(last - at_last + 1, last)}
    written = []
    for number, (row, height) in enumerate(zip(rows, heights, strict=True)):
        breaks = number > 0 and height > 0.5 * setting.height
        kept = not breaks and (has_lines if number == last else fits or number in together)
        cells = [
            _table_cell(text, width, column.is_number, TABLE_STYLES[setting.size], kept)
            for text, width, column in zip(row, widths, table.columns, strict=True)
        ]
        whole = "" if breaks else "<w:cantSplit/>"
        head = "" if number else "<w:tblHeader/>"
        written.append(f"<w:tr><w:trPr>{whole}{head}</w:trPr>{''.join(cells)}</w:tr>")
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    first_column = int(table.row_headers > 0)
    look = f'w:val="{0x0620 + 0x80 * first_column:04X}" w:firstRow="1" w:firstColumn="{first_column}"'
    return (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="Bilagetabell"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        f'<w:tblLayout w:type="fixed"/><w:tblLook {look} w:lastRow="0" w:lastColumn="0" w:noHBand="1" '
        f'w:noVBand="1"/></w:tblPr><w:tblGrid>{columns}</w:tblGrid>{"".join(written)}</w:tbl>'
    )


def _table_cell(text: str, width: int, is_number: bool, style: str, kept: bool) -> str:
    """Return a cell: lines of text, and a paragraph for each item of a list, which goes on under its text."""
    right = '<w:jc w:val="right"/>' if is_number else ""
    content = ""
    for is_item, lines in groupby(text.splitlines() or [""], key=lambda line: line.startswith(BULLET)):
        if is_item:
            content += "".join(_paragraph(style, _run(line), ITEM_INDENT[style], kept=kept) for line in lines)
        else:
            content += _paragraph(style, _run("\n".join(lines)), right, kept=kept)
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{content}</w:tc>'
