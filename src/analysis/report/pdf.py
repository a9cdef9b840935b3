"""A document as one PDF that is accessible (PDF/UA-1) and fit for archives (PDF/A-2a).

The document is written as Typst code in which every text is a string, never markup, so no sign of a survey
answer can mean anything. Typst cannot yet mark row headings; one pass over its PDF does. The look is in
``assets/appendix.typ``. Only fonts of installed packages are used, so every machine gives the same bytes.
"""

from __future__ import annotations

import base64
import io
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any

import pikepdf
import typst
from fontTools.ttLib import TTFont

from analysis.problems import Problem
from analysis.report import swedish
from analysis.report.blocks import (
    Block,
    Code,
    Document,
    Emphasis,
    ExportError,
    Figure,
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
    inside,
    own_inlines,
    own_texts,
    plain_text,
)
from analysis.report.layout import GAP, Laid, Placed, Setting, Typesetter, dejavu, is_whole, rows_together
from analysis.report.tables import BULLET, Table

TEXT_WIDTH, TEXT_HEIGHT = 453.0, 700.0
"""Points between the margins of a portrait A4 page."""

LONG_QUOTE = 1200
"""A quote of more characters than this may begin on one page and end on the next."""

LANDSCAPE_WIDTH, LANDSCAPE_HEIGHT = 700.0, 450.0
"""Points between the margins of a landscape A4 page."""


def render(document: Document) -> bytes:
    """Return the document as the bytes of a PDF. The same document gives the same bytes.

    Raises
    ------
    ExportError
        When no font has a sign of the text, a table cannot fit on a page, or Typst warns. Names the cells.
    """
    problems = list(_missing_glyphs(document))
    if problems:
        raise ExportError(problems)
    writer = _Writer(document)
    source = writer.source()
    try:
        pdf, warnings = typst.compile_with_warnings(
            source.encode(),
            format="pdf",
            pdf_standards=["ua-1", "a-2a"],
            ignore_system_fonts=True,
            font_paths=_fonts(),
            sys_inputs={"accent": f"#{document.about.colours.accent}", **writer.drawings},
        )
    except typst.TypstError as error:
        raise ExportError([_typst_problem(error.message)]) from None
    if warnings:
        raise ExportError([_typst_problem(warning.message) for warning in warnings])
    return _with_row_headings(pdf, writer.tables)


def _typst_problem(message: str) -> Problem:
    return Problem("the PDF", f"Typst cannot set the document: {message}", "Change the text that it names")


# Fonts: which signs they have, and how wide a text is
# ----------------------------------------------------


def _font_folders() -> tuple[Path, Path]:
    """Return the folder of Source Sans 3, and that of DejaVu Sans, which has many more signs."""
    import matplotlib as mpl

    source_sans = resources.files("fontpkg_source_sans_3").joinpath("files")
    return Path(str(source_sans)), Path(mpl.get_data_path()) / "fonts" / "ttf"


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, font_paths=[str(folder) for folder in _font_folders()])


@cache
def _characters(italic: bool) -> frozenset[int]:
    """Return the code points that can be set in regular and bold letters (italic ones if `italic`)."""
    source_sans, dejavu = _font_folders()
    slants = ("", "-Bold", "-Oblique", "-BoldOblique") if italic else ("", "-Bold")
    first = set(TTFont(source_sans / "SourceSans3[wght].ttf", lazy=True).getBestCmap())
    faces = [set(TTFont(dejavu / f"DejaVuSans{slant}.ttf", lazy=True).getBestCmap()) for slant in slants]
    return frozenset(first | set.intersection(*faces))


def _signs_without_glyph(text: str, italic: bool) -> list[str]:
    signs = dict.fromkeys(text)
    return [s for s in signs if s not in "\n\t" and ord(s) not in _characters(italic) and not _is_format(s)]


def _is_format(sign: str) -> bool:
    """Return whether a sign only steers the line, and shows nothing."""
    return unicodedata.category(sign) == "Cf"


def _missing_glyphs(document: Document) -> Iterator[Problem]:
    """Yield a problem for each sign that no font has, with its cell."""
    about = document.about
    texts = [(text, False, "the call of describe(…)") for text in (about.title, about.subtitle, *about.marks)]
    texts += [(plain_text(value), False, "the call of describe(…)") for _, value in about.details()]
    for block in [*inside(document.blocks), *(text for note in document.notes for text in note.blocks)]:
        texts += [(text, False, block.cell) for text in own_texts(block)]
        texts += [
            (plain_text(part.content), True, block.cell)
            for part in own_inlines(block)
            if isinstance(part, Emphasis)
        ]
    seen = set()
    for text, italic, cell in texts:
        for character in _signs_without_glyph(text, italic):
            if (character, cell) not in seen:
                seen.add((character, cell))
                name = unicodedata.name(character, "without name")
                yield Problem(
                    cell,
                    f"no font has the sign {character} (U+{ord(character):04X}, {name})",
                    "Write it in words, as [glad min]",
                )


# How a table is laid out
# -----------------------

SETTINGS = (
    Setting(9.5, TEXT_WIDTH, TEXT_HEIGHT, landscape=False),
    Setting(8.5, TEXT_WIDTH, TEXT_HEIGHT, landscape=False, comfort=8.0),
    Setting(8.0, TEXT_WIDTH, TEXT_HEIGHT, landscape=False, comfort=7.0),
    Setting(9.5, LANDSCAPE_WIDTH, LANDSCAPE_HEIGHT, landscape=True),
    Setting(8.5, LANDSCAPE_WIDTH, LANDSCAPE_HEIGHT, landscape=True),
    Setting(8.0, LANDSCAPE_WIDTH, LANDSCAPE_HEIGHT, landscape=True),
)
"""Tried in this order; a table too wide for all of them is set in parts."""


@cache
def _typesetter() -> Typesetter:
    """Return what sets tables in Source Sans 3, and in DejaVu Sans where that lacks a sign."""
    source_sans = _font_folders()[0] / "SourceSans3[wght].ttf"
    regular = ((source_sans, 400), (dejavu("DejaVuSans"), None))
    bold = ((source_sans, 700), (dejavu("DejaVuSans-Bold"), None))
    return Typesetter(regular, bold, SETTINGS, line=1.17, padding=0.37)


# Typst source
# ------------


def _string(text: str) -> str:
    """Return a Typst string that is exactly this text."""
    return f'"{text.translate(_ESCAPES)}"'


def _text(text: str) -> str:
    """Return Typst code that shows a text, and lets a line end within very long words."""
    return _broken(text, "{}")


def _broken(text: str, piece: str) -> str:
    """Return code that sets a text in pieces, with an empty box where a line may end.

    A sign there would be copied with the text, and a copied checksum would not be the same.
    """
    pieces = [piece.format(_string(part)) for part in _typesetter().with_breaks(text).split("\u200b")]
    return pieces[0] if len(pieces) == 1 else f"{{ {'; box(); '.join(pieces)} }}"


_ESCAPES = {code: f"\\u{{{code:x}}}" for code in range(32)} | str.maketrans(
    {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": " ", "\ufeff": "\\u{2060}"}
)


def _array(items: Iterable[str]) -> str:
    return "(" + "".join(f"{item}, " for item in items) + ")"


def _boolean(value: bool) -> str:
    return "true" if value else "false"


class _Writer:
    """Writes the blocks as Typst code, and keeps the tables as they are set and the drawings of figures apart."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.tables: list[Table] = []
        self.drawings: dict[str, str] = {}
        self.called: set[int] = set()

    def source(self) -> str:
        about = self.document.about
        day = swedish.as_date(about.date)
        template = (
            resources.files("analysis.report").joinpath("assets/appendix.typ").read_text(encoding="utf-8")
        )
        details = _array(_array([_string(name), self.inlines(value)]) for name, value in about.details())
        settings = {
            "title": _string(about.title),
            "shown-title": _text(about.title),
            "running-title": _text(about.running_title),
            "subtitle": _text(about.subtitle),
            "publisher": _string(about.publisher),
            "date": f"datetime(year: {day.year}, month: {day.month}, day: {day.day})",
            "marks": _string(" · ".join(about.marks)),
            "details": details,
            "entries": _array(
                f"({h.level}, {_text(f'{h.number} {plain_text(h.content)}')})"
                for h in self.document.contents()
            ),
            "lists": _array(
                _array([_string(title), _names(blocks)]) for title, blocks in self.document.lists()
            ),
        }
        arguments = ", ".join(f"{name}: {value}" for name, value in settings.items())
        return f"{template}\n#show: appendix.with({arguments})\n#{{\n{self.body()}\n}}\n"

    def body(self) -> str:
        """Return the code of all blocks, those on landscape pages together."""
        runs = groupby(_typesetter().lay_out(self.document.blocks), key=lambda laid: laid.landscape)
        written = []
        for landscape, run in runs:
            code = _joined(map(self.laid, run))
            written.append(f"page(flipped: true, {{\n{code}\n}})" if landscape else code)
        return _joined(written)

    def laid(self, laid: Laid) -> str:
        match laid.block:
            case TableBlock():
                return self.table(laid.block, laid.parts)
            case Paragraph() if laid.leads_in:
                return f"lead-in({self.inlines(laid.block.content)})"
            case _:
                return self.block(laid.block)

    # Blocks

    def block(self, block: Block) -> str:
        match block:
            case Heading():
                return self.heading(block)
            case Paragraph():
                return f"par({self.inlines(block.content)})"
            case ItemList():
                return self.item_list(block)
            case Quote():
                return self.quote(block)
            case Figure():
                return self.figure(block)
            case TableBlock():
                raise TypeError("a table stands only at the top level of a document")

    def blocks(self, blocks: Iterable[Block]) -> str:
        return f"{{\n{_joined(self.block(block) for block in blocks)}\n}}"

    def heading(self, block: Heading) -> str:
        content = f"{{ number({_string(block.number)}); {_string(' ')}; {self.inlines(block.content)} }}"
        return _labelled(f"heading(level: {block.level}, {content})", block.ident)

    def item_list(self, block: ItemList) -> str:
        name = f"enum(start: {block.start}, " if block.ordered else "list("
        return name + ", ".join(self.item(item) for item in block.items) + ")"

    def item(self, blocks: Sequence[Block]) -> str:
        """Return the content of a list item; its first paragraph needs no paragraph of its own."""
        if blocks and isinstance(blocks[0], Paragraph):
            return f"{{ {self.inlines(blocks[0].content)}; {self.blocks(blocks[1:])} }}"
        return self.blocks(blocks)

    def quote(self, block: Quote) -> str:
        said_by = ""
        if block.attribution:
            said_by = f"attribution({self.inlines(block.attribution)})"
        quote = f"quote(block: true, {{ {self.blocks(block.blocks)}\n{said_by} }})"
        length = sum(len(text) for inner in inside(block.blocks) for text in own_texts(inner))
        return f"block(breakable: {_boolean(length > LONG_QUOTE)}, {quote})"

    def figure(self, block: Figure) -> str:
        width, height = block.size
        scale = min(1.0, TEXT_WIDTH / width, 0.85 * TEXT_HEIGHT / height)
        arguments = [
            _text(f"{block.label}. {block.caption}"),
            _string(block.ident),
            _string(block.alt),
            f"{width * scale:.2f}pt",
            _array(_text(line) for line in block.footer()),
        ]
        self.drawings[block.ident] = block.svg
        return f"chart({', '.join(arguments)})"

    def table(self, block: TableBlock, placed: Sequence[Placed]) -> str:
        self.tables.extend(part.table for part in placed)
        calls = []
        for part in placed:
            first, last = part is placed[0], part is placed[-1]
            lines = block.table.footer() if last else ()
            calls.append(_table_call(part, block.label, block.ident if first else "", lines))
        return "\n".join(calls)

    # Text

    def inlines(self, content: Inlines) -> str:
        return "{ " + "; ".join(self.inline(part) for part in content) + " }" if content else '""'

    def inline(self, part: Inline) -> str:
        match part:
            case Text():
                return _text(part.text)
            case Code():
                return _broken(part.text, "raw({})")
            case Strong():
                return f"strong({self.inlines(part.content)})"
            case Emphasis():
                return f"emph({self.inlines(part.content)})"
            case LineBreak():
                return "linebreak()"
            case Link():
                return self.link(part)
            case NoteMark():
                return self.note(part)

    def link(self, link: Link) -> str:
        if not link.target.startswith("#"):
            return f"link({_string(link.target)}, {self.inlines(link.content)})"
        target = link.target[1:]
        text = self.inlines(link.content) if link.content else _string(self.document.references[target])
        return f"cross-reference({_string(target)}, {text})"

    def note(self, mark: NoteMark) -> str:
        note = self.document.note(mark.label)
        name = f"fotnot-{note.number}"
        if note.number in self.called:
            return f"footnote(label({_string(name)}))"
        self.called.add(note.number)
        first, *rest = note.blocks
        texts = [self.inlines(first.content), *(f"parbreak(); {self.inlines(p.content)}" for p in rest)]
        return _labelled(f"footnote({{ {'; '.join(texts)} }})", name)


def _names(blocks: Iterable[TableBlock | Figure]) -> str:
    """Return the labels of tables or figures, with their numbers and captions as in a list of them."""
    names = ((block.ident, _array([_string(block.label), _text(block.short_caption)])) for block in blocks)
    return "(" + ", ".join(f"{_string(ident)}: {name}" for ident, name in names) + ")"


def _joined(blocks: Iterable[str]) -> str:
    return "\nparbreak()\n".join(blocks)


def _labelled(call: str, name: str) -> str:
    return f"[#{call}#label({_string(name)})]"


def _table_call(placed: Placed, label: str, ident: str, lines: Sequence[str]) -> str:
    table, layout = placed.table, placed.setting
    heights = _typesetter().row_heights(placed)
    widths = [width + (GAP if index else 0.0) for index, width in enumerate(placed.widths)]
    rows = [
        _array(f"({_cell(text)}, {_boolean(height > 0.5 * layout.height)})" for text in row)
        for row, height in zip(table.shown_rows(), heights[1:], strict=True)
    ]
    is_short = is_whole(heights, layout)
    first, last = rows_together(heights, layout)
    caption = f"{label}. {table.caption}"
    arguments = [
        _text(caption),
        f"{layout.size}pt",
        _array(f"{width:.2f}pt" for width in widths),
        _array(_boolean(column.is_number) for column in table.columns),
        _array(_cell(column.heading) for column in table.columns),
        _array(rows),
        _boolean(not is_short),
        f"{_caption_height(caption, layout) + sum(heights[: first + 1]):.2f}pt",
        str(0 if is_short else last),
        _array(_text(line) for line in lines),
        _string(ident),
    ]
    return "data-table(" + ",\n  ".join(arguments) + ")"


def _caption_height(caption: str, setting: Setting) -> float:
    """Return about how high the caption of a table is in points, with the room below it."""
    size = 10.5
    lines = math.ceil(1.05 * _typesetter().width(caption, size, bold=True) / setting.width)
    return lines * 1.35 * size + 5.0


def _cell(text: str) -> str:
    """Return the lines of a cell, and whether each is an item of a list."""
    return _array(
        f"({_text(line)}, {_boolean(line.startswith(BULLET))})" for line in text.splitlines() or [""]
    )


# Row headings
# ------------


def _with_row_headings(pdf: bytes, tables: Sequence[Table]) -> bytes:
    """Return the PDF with the row headings of its tables marked as such.

    Typst marks the first row of a table as headings of columns, and every other cell as data that belongs to
    its column. Here the first cells of each row become headings of the row, and the others belong to them.

    Raises
    ------
    RuntimeError
        When the tables of the PDF are not those that were written: another version of Typst does otherwise.
    """
    with pikepdf.open(io.BytesIO(pdf)) as file:
        root = file.Root.StructTreeRoot
        found = list(_elements(root, "/Table"))
        if len(found) != len(tables):
            raise RuntimeError(f"the PDF has {len(found)} tables where {len(tables)} were written")
        for number, (element, table) in enumerate(zip(found, tables, strict=True), start=1):
            _put_last_rows_in_body(element)
            _mark_row_headings(element, table, number)
        root.IDTree = _id_tree(file, root)
        _end_streams_clearly(file)
        target = io.BytesIO()
        file.save(
            target,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.preserve,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
        )
    return target.getvalue()


def _put_last_rows_in_body(table: Any) -> None:
    """Make rows of the body of those that were written as a footer: so Typst keeps the last rows together."""
    parts = {str(child.S): child for child in _children(table)}
    if "/TFoot" in parts:
        foot, body = parts.pop("/TFoot"), parts["/TBody"]
        for row in _children(foot):
            row.P = body
            body.K.append(row)
        table.K = pikepdf.Array(parts.values())


def _mark_row_headings(element: Any, table: Table, number: int) -> None:
    rows = [row for body in _elements(element, "/TBody") for row in _elements(body, "/TR")]
    lengths = [len(_children(row)) for row in rows]
    if lengths != [len(table.columns)] * len(table.rows):
        raise RuntimeError(
            f"the rows of table {number} in the PDF are not those that were written: {lengths}"
        )
    for row_number, row in enumerate(rows, start=1):
        ids: list[pikepdf.String] = []
        for position, cell in enumerate(_children(row)):
            attributes = _table_attributes(cell)
            attributes.Headers = pikepdf.Array([*attributes.get("/Headers", []), *ids])
            if position < table.row_headers:
                name = pikepdf.String(f"rad-{number}-{row_number}-{position + 1}")
                cell.S, cell.ID = pikepdf.Name.TH, name
                attributes.Scope = pikepdf.Name.Row
                ids.append(name)


def _end_streams_clearly(file: pikepdf.Pdf) -> None:
    """Encode anew the streams whose data happen to end with a line end.

    PDF/A wants the stated length of a stream to be exact, and a line end before ``endstream`` not to count. A
    reader cannot tell such a line end from data, so some validators call the length wrong.
    """
    for stream in file.objects:
        if not isinstance(stream, pikepdf.Stream) or stream.get("/Filter") != pikepdf.Name.FlateDecode:
            continue
        data = stream.read_raw_bytes()
        if data.endswith((b"\r", b"\n")):
            filters = pikepdf.Array([pikepdf.Name.ASCII85Decode, pikepdf.Name.FlateDecode])
            stream.write(base64.a85encode(data) + b"~>", filter=filters)


def _children(element: Any) -> list[Any]:
    """Return the structure elements directly below one."""
    kids = element.get("/K", [])
    kids = list(kids) if isinstance(kids, pikepdf.Array) else [kids]
    return [kid for kid in kids if isinstance(kid, pikepdf.Dictionary) and "/S" in kid]


def _elements(element: Any, kind: str) -> Iterator[Any]:
    """Yield the structure elements of a kind below one, in reading order, without looking inside them."""
    for child in _children(element):
        if str(child.S) == kind:
            yield child
        else:
            yield from _elements(child, kind)


def _table_attributes(cell: Any) -> Any:
    """Return the table attributes of a cell, made if it has none."""
    attributes = cell.get("/A", [])
    attributes = list(attributes) if isinstance(attributes, pikepdf.Array) else [attributes]
    for found in attributes:
        if str(found.get("/O")) == "/Table":
            return found
    cell.A = pikepdf.Array([pikepdf.Dictionary(O=pikepdf.Name.Table), *attributes])
    return cell.A[0]


def _id_tree(file: pikepdf.Pdf, root: Any) -> Any:
    """Return the tree that finds every structure element with an ID."""
    named = {bytes(element.ID): element for element in _all_elements(root) if "/ID" in element}
    names = [item for key in sorted(named) for item in (pikepdf.String(key.decode("latin-1")), named[key])]
    limits = pikepdf.Array([names[0], names[-2]]) if names else pikepdf.Array()
    leaf = pikepdf.Dictionary(Names=pikepdf.Array(names), Limits=limits)
    return file.make_indirect(pikepdf.Dictionary(Kids=pikepdf.Array([file.make_indirect(leaf)])))


def _all_elements(element: Any) -> Iterator[Any]:
    for child in _children(element):
        yield child
        yield from _all_elements(child)
