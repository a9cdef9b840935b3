"""From an executed notebook to the blocks of a document, which the renderers turn into HTML and PDF.

In a notebook, `describe` says once what the document is, `show` publishes a table or a figure, and `say`
publishes text made from data. `read_notebook` collects these outputs and the Markdown cells, in order.

Nothing is left out silently. Code is never shown, but everything else that a cell prints or displays must be
a block that both renderers know; a cell that is not meant for the reader carries the tag ``remove-cell``
(or ``remove-output``). All faults are reported at once, each with its cell.

The title of the document is the one given to `describe`. It is the only heading of level 1: the headings of
the text begin at level 2 (``##``). Headings, tables ("Tabell 1") and figures ("Diagram 1") are numbered here.
A link without text to a table, figure or heading, such as ``[](#tabell-svar)``, becomes "tabell 3".
"""

from __future__ import annotations

import base64
import datetime
import html
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from IPython.display import publish_display_data
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.footnote import footnote_plugin

from analysis.problems import Problem
from analysis.report import swedish
from analysis.report.blocks import (
    Block,
    Blocks,
    Code,
    Description,
    Document,
    Emphasis,
    ExportError,
    Figure,
    Footnote,
    Heading,
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
    inlines,
    inside,
    own_inlines,
    own_texts,
    plain_text,
)
from analysis.report.swedish import NO_BREAK_SPACE
from analysis.report.tables import Column, Table

__all__ = ["ExportError", "as_quote", "describe", "plain", "read_notebook", "say", "show"]

TABLE_MIME = "application/vnd.analysis.table+json"
FIGURE_MIME = "application/vnd.analysis.figure+json"
DOCUMENT_MIME = "application/vnd.analysis.document+json"
MARKDOWN_MIME = "text/markdown"
VERSION = 1

_publish: Callable[[dict[str, Any]], None] = publish_display_data

SKIPPED_TAGS = frozenset({"parameters", "injected-parameters", "remove-cell", "remove-output"})
"""Tags of cells that are not for the reader. An error in such a cell still stops the export."""

TABLE_CAPTION_PREFIX = "Tabell:"
"""A paragraph that begins so is the caption of the Markdown table after it."""


# In the notebook
# ---------------


def describe(
    title: str,
    *,
    year: int | str,
    publisher: str,
    date: str | datetime.date,
    subtitle: str = "",
    contact: str = "",
    registration_number: str = "",
    marks: Sequence[str] = (),
    lang: str = "sv",
    theme: str = "neutral",
) -> None:
    """Say what the document is. Call it once, in any cell of the notebook.

    The parameters are those of `Description`; ``date`` may also be a `datetime.date`.

    Raises
    ------
    ValueError
        Naming every field that is empty or wrong.
    """
    about = Description(
        title=title,
        year=str(year),
        publisher=publisher,
        date=swedish.iso_date(date),
        subtitle=subtitle,
        contact=contact,
        registration_number=registration_number,
        marks=marks,
        lang=lang,
        theme=theme,
    )
    details = "".join(f"<br>{name}: {html.escape(plain_text(value))}" for name, value in about.details())
    markup = f"<h1>{html.escape(title)}</h1><p>{html.escape(' · '.join(about.marks))}{details}</p>"
    bundle = {DOCUMENT_MIME: {"version": VERSION, **asdict(about)}, "text/html": markup, "text/plain": title}
    _publish(bundle)


def show(
    thing: Any,
    *,
    caption: str | None = None,
    alt: str | None = None,
    notes: Sequence[str] = (),
    source: str = "",
    key: str = "",
) -> None:
    """Publish a table or a figure.

    Parameters
    ----------
    thing : Table, pandas.DataFrame or matplotlib Figure
        A data frame becomes a `Table` as in `Table.from_frame`. A figure is closed, so that it is not shown
        twice; a seaborn grid counts as a figure.
    caption : str
        What is shown, in Swedish, without number. Required for a data frame and a figure; replaces that of a
        table.
    alt : str
        The message of a figure in words. Required for a figure, and only for that.
    notes, source, key
        As for `Table`; they replace those of a table where they are given.

    Raises
    ------
    ValueError
        When a caption or alternative text is missing or says nothing.
    TypeError
        When `thing` is something else, or has an alternative text and is no figure.
    """
    if hasattr(thing, "savefig"):
        figure = Figure(caption or "", alt or "", figure_svg(thing), tuple(notes), source, key)
        faults = _figure_faults(figure)
        if faults:
            raise ValueError("; ".join(f"{what}: {do}" for what, do in faults))
        _display_figure(figure)
        return
    is_frame = hasattr(thing, "reset_index") and hasattr(thing, "columns")
    if not isinstance(thing, Table) and not is_frame:
        whole = getattr(thing, "figure", None)
        instead = ": give it .figure" if hasattr(whole, "savefig") else ""
        raise TypeError(f"show takes a Table, a data frame or a figure, not {type(thing).__name__}{instead}")
    if alt is not None:
        raise TypeError("alt is the text of a figure: a table is read as it is")
    if isinstance(thing, Table):
        table = replace(
            thing,
            caption=caption or thing.caption,
            notes=tuple(notes) or thing.notes,
            source=source or thing.source,
            key=key or thing.key,
        )
    else:
        table = Table.from_frame(thing, caption=caption or "", notes=notes, source=source, key=key)
    _display_table(table)


def say(markdown: str) -> None:
    """Publish text that the notebook made from data, as Markdown: headings, paragraphs, lists, quotes.

    Text from a survey goes through `plain` (within a sentence) or `as_quote` first: then its signs are text.

    Raises
    ------
    ValueError
        When there is nothing to say.
    """
    if not markdown.strip():
        raise ValueError("say was given no text")
    _publish({MARKDOWN_MIME: markdown, "text/plain": markdown})


_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_LINE_ENDS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")


def plain(text: str) -> str:
    r"""Return Markdown that is read as exactly this text, on one line.

    Examples
    --------
    >>> print(plain("2 * 3 < 7\n# inte rubrik"))
    2 \* 3 \< 7 \# inte rubrik
    """
    one_line = _LINE_ENDS.sub(" ", text).strip()
    return _PUNCTUATION.sub(r"\\\g<0>", one_line)


def as_quote(text: str, source: str = "") -> str:
    r"""Return Markdown for a quotation of exactly this text, with its lines and paragraphs.

    Parameters
    ----------
    text : str
        What was written, without quotation marks around it unless they belong to it.
    source : str
        Who wrote it.

    Examples
    --------
    >>> print(as_quote("Rad *ett*\nrad två\n\nNytt stycke", "Farsta"))
    > Rad \*ett\*\
    > rad två
    >
    > Nytt stycke
    >
    > – Farsta
    """
    paragraphs = re.split(r"\n\s*\n", "\n".join(text.strip().splitlines()))
    quoted = ["\\\n> ".join(plain(line) for line in part.split("\n") if line.strip()) for part in paragraphs]
    if source:
        quoted.append(f"– {plain(source)}")
    return "\n>\n".join(f"> {part}" for part in quoted)


def figure_svg(figure: Any) -> str:
    """Return a matplotlib figure as SVG text and close it.

    Letters become outlines, because a reader may lack the font. The same figure gives the same text: no date,
    no program version, no random names.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "analysis", "svg.fonttype": "path"}):
        figure.savefig(stream, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    plt.close(getattr(figure, "figure", figure))
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", stream.getvalue(), flags=re.DOTALL)
    return svg[svg.index("<svg") :]


def _display_table(table: Table) -> None:
    footer = "".join(f"<p>{html.escape(line)}</p>" for line in table.footer())
    bundle = {
        TABLE_MIME: table.to_dict(),
        "text/html": table.to_html() + footer,
        "text/plain": f"Tabell: {table.caption} ({swedish.plural(len(table.rows), 'rad', 'rader')})",
    }
    _publish(bundle)


def _display_figure(figure: Figure) -> None:
    footer = "".join(f"<p>{html.escape(line)}</p>" for line in figure.footer())
    markup = f"<figure><figcaption>{html.escape(figure.caption)}</figcaption>{image(figure)}{footer}</figure>"
    content = {
        "version": VERSION,
        "caption": figure.caption,
        "alt": figure.alt,
        "svg": figure.svg,
        "notes": list(figure.notes),
        "source": figure.source,
        "key": figure.key,
    }
    _publish(
        {FIGURE_MIME: content, "text/html": markup, "text/plain": f"Diagram: {figure.caption}. {figure.alt}"}
    )


def image(figure: Figure) -> str:
    """Return the HTML ``img`` element of a figure, with the SVG inside it."""
    data = base64.b64encode(figure.svg.encode()).decode()
    width, height = (round(points * 4 / 3) for points in figure.size)
    alt = html.escape(figure.alt)
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{alt}" width="{width}" height="{height}">'


# From the notebook
# -----------------

Fault = tuple[str, str]
"""What is wrong, and what to do about it."""

SHORTEST_ALT = 15


def _figure_faults(figure: Figure) -> list[Fault]:
    faults = []
    if not figure.caption.strip():
        faults.append(("the figure has no caption", "Say what it shows with caption=…"))
    if _says_nothing(figure.alt, figure.caption):
        faults.append(
            (
                f"the alternative text {figure.alt!r} says nothing to a reader who does not see the figure",
                "Say in words what the figure shows and its main figures with alt=…",
            )
        )
    try:
        figure.size  # noqa: B018  # the property checks the SVG
    except ValueError as error:
        faults.append((str(error), "Show a matplotlib figure with show(figure, …)"))
    if re.search(r"<(script|text|foreignObject)\b", figure.svg):
        faults.append(
            ("the figure holds a script or text that needs the reader's fonts", "Use show(figure, …)")
        )
    return faults


def _says_nothing(alt: str, caption: str) -> bool:
    def bare(text: str) -> str:
        return re.sub(r"[\W_]+", " ", text).strip().casefold()

    is_file_name = re.fullmatch(r"\S+\.(svg|png|jpe?g|gif|pdf|webp)", alt.strip(), flags=re.IGNORECASE)
    is_kind = re.fullmatch(r"(figur|figure|diagram|bild|image|graf|plot|alt)( \d+)?", bare(alt))
    return (
        len(bare(alt)) < SHORTEST_ALT
        or bool(is_file_name or is_kind)
        or bare(alt) == bare(caption)
        or "no description has been provided" in alt.casefold()
    )


def read_notebook(notebook: Mapping[str, Any] | Path | str) -> Document:
    """Return the document of an executed notebook.

    Parameters
    ----------
    notebook : mapping, Path or str
        The notebook itself (nbformat 4) or the path of its file.

    Raises
    ------
    ExportError
        With every problem found: what a reader would miss, what has no caption or alternative text, headings
        that skip a level, footnotes without text, and so on.
    """
    if isinstance(notebook, str | Path):
        return read_notebook(json.loads(Path(notebook).read_text(encoding="utf-8")))
    if notebook.get("nbformat") != 4:
        raise ExportError(
            [Problem("the notebook", f"it has format {notebook.get('nbformat')!r}", "Save it in format 4")]
        )
    reader = _Reader()
    number = 0  # as the notebook was written: papermill adds a cell of parameters
    for cell in notebook["cells"]:
        number += "injected-parameters" not in cell.get("metadata", {}).get("tags", [])
        reader.read_cell(number, cell)
    return reader.document()


def cell_name(number: int, source: str) -> str:
    """Return how messages name a cell: its number in the notebook as written, counted from 1, and its first line.

    Examples
    --------
    >>> cell_name(9, "import pandas as pd")
    'cell 9 (import pandas as pd)'
    """
    first_line = next((line.strip() for line in source.splitlines() if line.strip()), "empty")
    return f"cell {number} ({_shortened(first_line)})"


_WARNING = re.compile(r"^\S+:\d+: (\w*Warning: .*)$", re.MULTILINE)
"""What Python prints when code warns: where, which kind, and of what."""


def _joined(text: str | list[str]) -> str:
    """Return text that a notebook file may hold as a list of lines."""
    return text if isinstance(text, str) else "".join(text)


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Accept any link while parsing: `_Reader.link` judges it, instead of it becoming text."""
        return True


def _markdown_parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": True}).enable("table")  # HTML is recognised in order to refuse it
    parser.use(footnote_plugin, inline=False, move_to_end=False, always_match_refs=True)
    return parser


class _Reader:
    """Reads the cells of a notebook one by one, numbers what it finds, and collects every problem."""

    def __init__(self) -> None:
        self.parser = _markdown_parser()
        self.blocks: list[Block] = []
        self.problems: list[Problem] = []
        self.descriptions: list[Description] = []
        self.note_texts: dict[str, tuple[tuple[Paragraph, ...], str]] = {}
        self.references: dict[str, str] = {}
        self.cell = ""
        self.level = 1
        self.section: list[int] = []
        self.tables = 0
        self.figures = 0

    def problem(self, what: str, do: str, cell: str = "") -> None:
        self.problems.append(Problem(cell or self.cell, what, do))

    # cells and outputs

    def read_cell(self, number: int, cell: Mapping[str, Any]) -> None:
        source = _joined(cell.get("source", ""))
        self.cell = cell_name(number, source)
        skipped = not SKIPPED_TAGS.isdisjoint(cell.get("metadata", {}).get("tags", []))
        if cell["cell_type"] == "code":
            for output in cell["outputs"]:
                if not skipped or output["output_type"] == "error":
                    self.read_output(output)
        elif cell["cell_type"] == "markdown" and not skipped:
            self.read_markdown(source)
        elif source.strip() and not skipped:
            self.problem(f"a {cell['cell_type']} cell is not read", "Make it Markdown or tag it remove-cell")

    def read_output(self, output: Mapping[str, Any]) -> None:
        match output["output_type"]:
            case "error":
                self.problem(
                    f"the cell failed: {output['ename']}: {output['evalue']}", "Mend it and run it again"
                )
            case "stream":
                seen = _joined(output["text"])
                if warning := _WARNING.search(seen):
                    what = f"the cell warned: {_shortened(warning[1], 160)}"
                    self.problem(what, "Mend what it warns of, or tag the cell remove-output")
                    return
                self.problem(
                    f"the cell printed {_shortened(seen)!r} on {output['name']}, which a reader would miss",
                    "Use say(…), or tag the cell remove-output",
                )
            case _:
                self.read_bundle(output["data"])

    def read_bundle(self, data: Mapping[str, Any]) -> None:
        if TABLE_MIME in data:
            self.read_table(data[TABLE_MIME])
        elif FIGURE_MIME in data:
            self.read_figure(data[FIGURE_MIME])
        elif DOCUMENT_MIME in data:
            self.read_description(data[DOCUMENT_MIME])
        elif MARKDOWN_MIME in data:
            self.read_markdown(_joined(data[MARKDOWN_MIME]))
        else:
            kinds = ", ".join(data) or "nothing"
            self.problem(
                f"the cell shows an output that cannot be published ({kinds})",
                "Use show(…) or say(…), end the line with ';', or tag the cell remove-output",
            )

    def read_table(self, content: Mapping[str, Any]) -> None:
        try:
            table = Table.from_dict(content)
        except (ValueError, TypeError) as error:
            self.problem(f"the table cannot be read: {error}", "Show it again with show(table, …)")
        else:
            self.add_table(table)

    def add_table(self, table: Table) -> None:
        self.tables += 1
        table = replace(table, caption=_without_stop(table.caption))
        block = TableBlock(table, self.tables, self.cell)
        self.add_target(block.ident, table.key, block.label)
        self.blocks.append(block)

    def read_figure(self, content: Mapping[str, Any]) -> None:
        self.figures += 1
        try:
            figure = _figure_from_dict(content)
        except (ValueError, TypeError) as error:
            self.problem(f"the figure cannot be read: {error}", "Show it again with show(figure, …)")
            return
        for what, do in _figure_faults(figure):
            self.problem(what, do)
        caption = _without_stop(figure.caption)
        figure = replace(figure, caption=caption, number=self.figures, cell=self.cell)
        self.add_target(figure.ident, figure.key, figure.label)
        self.blocks.append(figure)

    def add_target(self, ident: str, key: str, words: str) -> None:
        if key and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", key):
            self.problem(f"the key {key!r} cannot be linked to", "Use a-z, 0-9, _ and -, with a letter first")
        if ident in self.references:
            self.problem(f"the key {key!r} is used twice", "Give one of the two another key")
        self.references[ident] = (words[0].lower() + words[1:]).replace(" ", NO_BREAK_SPACE)

    def read_description(self, content: Mapping[str, Any]) -> None:
        given = {name: value for name, value in content.items() if name != "version"}
        try:
            self.descriptions.append(Description(**given))
        except (ValueError, TypeError) as error:
            self.problem(str(error), "Mend the call of describe(…)")

    # Markdown blocks

    def read_markdown(self, source: str) -> None:
        tree = SyntaxTreeNode(self.parser.parse(source, {}))
        caption = None
        for node in tree.children:
            if caption is not None and node.type != "table":
                self.problem(f"no table follows the caption {caption!r}", "Write the table right after it")
            if node.type == "table":
                self.read_markdown_table(node, caption)
                caption = None
            elif node.type == "footnote_reference":
                self.read_footnote(node)
                caption = None
            elif node.type == "heading":
                self.read_heading(node)
                caption = None
            else:
                caption = self.table_caption(node)
                if caption is None:
                    self.blocks.extend(self.block(node))
        if caption is not None:
            self.problem(f"no table follows the caption {caption!r}", "Write the table right after it")

    def table_caption(self, node: SyntaxTreeNode) -> str | None:
        """Return the caption that a paragraph "Tabell: …" gives to the table after it."""
        if node.type != "paragraph" or not node.children[0].content.startswith(TABLE_CAPTION_PREFIX):
            return None
        return self.only_text(node, "a caption").removeprefix(TABLE_CAPTION_PREFIX).strip()

    def read_heading(self, node: SyntaxTreeNode) -> None:
        level = int(node.tag[1])
        content = self.inline_content(node)
        text = plain_text(content).strip()
        if not text:
            self.problem("a heading is empty", "Give it a text")
        if any(isinstance(part, NoteMark | LineBreak | Link) for part in inlines(content)):
            self.problem(
                f"the heading {text!r} holds a link, a footnote or a line break",
                "Move that to the text below it",
            )
        if level == 1:
            self.problem(
                f"the heading {text!r} has level 1, which is the title given to describe(…)",
                "Begin it with ## or tag the cell remove-cell",
            )
            return
        if level > self.level + 1:
            self.problem(
                f"the heading {text!r} skips from level {self.level} to {level}",
                f"Begin it with {'#' * (self.level + 1)}",
            )
        self.level = level
        depth = level - 1
        self.section = [*self.section, *[0] * depth][:depth]
        self.section[-1] += 1
        number = ".".join(map(str, self.section))
        ident = self.heading_ident(text)
        self.references[ident] = f"avsnitt{NO_BREAK_SPACE}{number}"
        self.blocks.append(Heading(level, content, number, ident, self.cell))

    def heading_ident(self, text: str) -> str:
        slug = re.sub(r"[\W_]+", "-", text.casefold()).strip("-") or "utan-namn"
        ident, repeat = f"avsnitt-{slug}", 1
        while ident in self.references:
            repeat += 1
            ident = f"avsnitt-{slug}-{repeat}"
        return ident

    def read_footnote(self, node: SyntaxTreeNode) -> None:
        label = node.meta["label"]
        blocks = self.blocks_within(node)
        paragraphs = tuple(block for block in blocks if isinstance(block, Paragraph))
        if len(paragraphs) < len(blocks):
            self.problem(f"the footnote {label!r} holds more than paragraphs", "Move that to the text")
        if any(isinstance(part, NoteMark) for paragraph in paragraphs for part in inlines(paragraph.content)):
            self.problem(f"the footnote {label!r} calls another footnote", "Write the two as one")
        if not paragraphs:
            self.problem(f"the footnote {label!r} has no text", f"Write it after [^{label}]:")
        if label in self.note_texts:
            self.problem(f"the footnote {label!r} is written twice", "Give one of the two another name")
        self.note_texts[label] = (paragraphs, self.cell)

    def read_markdown_table(self, node: SyntaxTreeNode, caption: str | None) -> None:
        rows = [
            [self.only_text(cell, "a table cell") for cell in row.children]
            for part in node.children
            for row in part.children
        ]
        if caption is None:
            self.problem(
                "the table has no caption", f"Write a paragraph '{TABLE_CAPTION_PREFIX} …' before it"
            )
            return
        try:
            columns = [Column(f"column-{i}", heading) for i, heading in enumerate(rows[0], start=1)]
            self.add_table(Table(caption, columns, rows[1:], row_headers=min(1, len(columns) - 1)))
        except ValueError as error:
            self.problem(str(error), "Mend the table")

    def block(self, node: SyntaxTreeNode) -> Blocks:
        """Return a block that may stand within another block; none when it was refused."""
        match node.type:
            case "paragraph":
                return (Paragraph(self.inline_content(node), self.cell),)
            case "bullet_list" | "ordered_list":
                items = tuple(self.blocks_within(item) for item in node.children)
                start = int(node.attrs.get("start", 1))
                return (ItemList(items, node.type == "ordered_list", start, self.cell),)
            case "blockquote":
                return (self.quote(node),)
            case refused:
                what, do = _REFUSED_BLOCKS.get(
                    refused, (f"a {refused} cannot be published", "Write it as text")
                )
                self.problem(what, do)
                return ()

    def blocks_within(self, node: SyntaxTreeNode) -> Blocks:
        return tuple(block for child in node.children for block in self.block(child))

    def quote(self, node: SyntaxTreeNode) -> Quote:
        *first, last = self.blocks_within(node) or (Paragraph(()),)
        said_by = last.content if isinstance(last, Paragraph) else ()
        if first and said_by and isinstance(said_by[0], Text) and said_by[0].text.startswith("– "):
            name = Text(said_by[0].text[2:])
            return Quote(tuple(first), (name, *said_by[1:]), self.cell)
        return Quote((*first, last), (), self.cell)

    # Markdown within a line

    def inline_content(self, node: SyntaxTreeNode) -> Inlines:
        return tuple(part for line in node.children for child in line.children for part in self.inline(child))

    def inline(self, node: SyntaxTreeNode) -> Inlines:
        match node.type:
            case "text":
                return (Text(node.content),) if node.content else ()
            case "softbreak":
                return (Text(" "),)
            case "hardbreak":
                return (LineBreak(),)
            case "code_inline":
                return (Code(node.content),)
            case "strong":
                return (Strong(self.inlines_within(node)),)
            case "em":
                return (Emphasis(self.inlines_within(node)),)
            case "link":
                return (self.link(node),)
            case "footnote_ref":
                return (NoteMark(node.meta["label"]),)
            case "image":
                self.problem("an image in Markdown has no caption", "Use show(figure, caption=…, alt=…)")
            case "html_inline":
                self.problem(
                    f"the text holds HTML: {_shortened(node.content)}", r"Write it as Markdown, or \<"
                )
            case other:
                self.problem(f"a {other} cannot be published", "Write it as text")
        return ()

    def inlines_within(self, node: SyntaxTreeNode) -> Inlines:
        return tuple(part for child in node.children for part in self.inline(child))

    def link(self, node: SyntaxTreeNode) -> Link:
        target = str(node.attrs["href"])
        content = self.inlines_within(node)
        if target.startswith("#"):
            target = unquote(target)
        if not re.match(r"(https?://|mailto:|#)\S", target):
            self.problem(
                f"the link to {target!r} leads nowhere outside this computer", "Use https:, mailto: or #"
            )
        elif not target.startswith("#") and not plain_text(content).strip():
            self.problem(f"the link to {target!r} has no text", "Say where it leads")
        return Link(target, content)

    def only_text(self, node: SyntaxTreeNode, where: str) -> str:
        content = self.inline_content(node)
        if any(not isinstance(part, Text) for part in content):
            self.problem(f"{where} holds more than text: {plain_text(content)!r}", "Leave only the text")
        return plain_text(content)

    # the whole

    def document(self) -> Document:
        notes = self.numbered_notes()
        if len(self.descriptions) != 1:
            self.problem(
                f"describe(…) is called {len(self.descriptions)} times",
                "Call it once, and run the notebook before exporting it",
                "the notebook",
            )
        if not self.blocks:
            self.problem("nothing is shown", "Run the notebook before exporting it", "the notebook")
        for block in _all_blocks(self.blocks, notes):
            self.check_links(block)
            for text in own_texts(block):
                self.check_printable(text, block.cell)
        for description in self.descriptions:
            for value in asdict(description).values():
                self.check_printable("".join(value), "the call of describe(…)")
        if self.problems:
            raise ExportError(self.problems)
        return Document(self.descriptions[0], tuple(self.blocks), notes, dict(self.references))

    def numbered_notes(self) -> tuple[Footnote, ...]:
        """Return the footnotes in the order they are called, and report those without text or call."""
        called: dict[str, str] = {}
        for block in inside(self.blocks):
            for part in own_inlines(block):
                if isinstance(part, NoteMark):
                    called.setdefault(part.label, block.cell)
        for label, cell in called.items():
            if label not in self.note_texts:
                self.problem(f"the footnote {label!r} has no text", f"Write it after [^{label}]:", cell)
        for label, (_, cell) in self.note_texts.items():
            if label not in called:
                self.problem(f"no text calls the footnote {label!r}", f"Write [^{label}] in the text", cell)
        found = [label for label in called if label in self.note_texts]
        return tuple(Footnote(label, i, self.note_texts[label][0]) for i, label in enumerate(found, start=1))

    def check_links(self, block: Block) -> None:
        for part in own_inlines(block):
            if isinstance(part, Link) and part.target[0] == "#" and part.target[1:] not in self.references:
                self.problem(
                    f"nothing is called {part.target}", "Link to #tabell-KEY or #diagram-KEY", block.cell
                )

    def check_printable(self, text: str, cell: str) -> None:
        for character in sorted(set(_CONTROLS.findall(text))):
            self.problem(
                f"the text {_shortened(text)!r} holds the control character U+{ord(character):04X}",
                "Remove it where the text comes from",
                cell,
            )


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Unicode's control characters but line end and tab, its separators of lines and paragraphs, and half characters."""

_REFUSED_BLOCKS: dict[str, Fault] = {
    "fence": ("a block of code is not for the reader", "Write it as text, or tag the cell remove-cell"),
    "code_block": (
        "an indented block is read as code",
        "Remove the indent, or put the text through plain(…)",
    ),
    "hr": ("a line between paragraphs says nothing to a listener", "Use a heading"),
    "html_block": ("the text holds HTML", "Write it as Markdown"),
    "heading": ("a heading stands inside a list, a quote or a footnote", "Move it out, or make it bold"),
    "table": ("a table stands inside a list, a quote or a footnote", "Move it out"),
    "footnote_reference": ("the text of a footnote stands inside a list or a quote", "Move it to the end"),
}


def _all_blocks(blocks: Iterable[Block], notes: Iterable[Footnote]) -> Iterator[Block]:
    yield from inside(blocks)
    for note in notes:
        yield from note.blocks


def _without_stop(caption: str) -> str:
    """Return a caption without its full stop, which a heading does not have; an abbreviation keeps its own.

    Examples
    --------
    >>> _without_stop("Samhandlingen fungerar väl."), _without_stop("Planer, program m.m.")
    ('Samhandlingen fungerar väl', 'Planer, program m.m.')
    """
    *_, last = caption.split() or [""]
    is_stop = len(last) > 1 and last.find(".") == len(last) - 1
    return caption.rstrip()[:-1] if is_stop else caption


def _shortened(text: str, longest: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _figure_from_dict(content: Mapping[str, Any]) -> Figure:
    if content.get("version") != VERSION:
        raise ValueError(f"it has version {content.get('version')!r}: this program reads {VERSION}")
    known = {f.name for f in fields(Figure)} - {"number", "cell"}
    given = {name: value for name, value in content.items() if name != "version"}
    if set(given) != known:
        raise ValueError(f"it has other fields than expected: {sorted(set(given) ^ known)}")
    return Figure(**{**given, "notes": tuple(given["notes"])})
