"""The blocks of a document: what an appendix consists of, before it is HTML or PDF.

Frozen values without behaviour of their own, and a few ways to walk through them. Every block remembers the
notebook cell it came from, so that a fault found late can still name it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from analysis.problems import Problem
from analysis.report import swedish
from analysis.report.tables import Table


class ExportError(Exception):
    """The notebook cannot become a document yet. Carries every problem found.

    Attributes
    ----------
    problems : tuple of Problem
        Each names the cell (counted from 1, with its first line), what is wrong and what to do.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


@dataclass(frozen=True)
class Text:
    """Running text, exactly as it is read."""

    text: str


@dataclass(frozen=True)
class Code:
    """A name from a program, set in a fixed-width font."""

    text: str


@dataclass(frozen=True)
class Strong:
    """Important text."""

    content: Inlines


@dataclass(frozen=True)
class Emphasis:
    """Stressed text."""

    content: Inlines


@dataclass(frozen=True)
class Link:
    """A link to a web page, an e-mail address, or (``#id``) a heading, table or figure of the document."""

    target: str
    content: Inlines


@dataclass(frozen=True)
class LineBreak:
    """A line that ends within a paragraph."""


@dataclass(frozen=True)
class NoteMark:
    """The place where a footnote is called."""

    label: str


Inline = Text | Code | Strong | Emphasis | Link | LineBreak | NoteMark
Inlines = tuple[Inline, ...]


@dataclass(frozen=True)
class Heading:
    """A heading of level 2 or below, with its number, such as "1.2"."""

    level: int
    content: Inlines
    number: str
    ident: str
    cell: str = field(default="", compare=False)


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    content: Inlines
    cell: str = field(default="", compare=False)


@dataclass(frozen=True)
class ItemList:
    """A list, numbered from `start` or with bullets."""

    items: tuple[Blocks, ...]
    ordered: bool = False
    start: int = 1
    cell: str = field(default="", compare=False)


@dataclass(frozen=True)
class Quote:
    """A quotation, with who said it."""

    blocks: Blocks
    attribution: Inlines = ()
    cell: str = field(default="", compare=False)


@dataclass(frozen=True)
class TableBlock:
    """A table with its number in the document."""

    table: Table
    number: int
    cell: str = field(default="", compare=False)

    @property
    def caption(self) -> str:
        """What the table shows."""
        return self.table.caption

    @property
    def short_caption(self) -> str:
        """The caption as it stands in a list of tables."""
        return shortened(self.caption, LONGEST_IN_LIST)

    @property
    def label(self) -> str:
        """What the table is called, such as "Tabell 3"."""
        return f"Tabell {self.number}"

    @property
    def ident(self) -> str:
        """The name that links point at, such as "tabell-svar"."""
        return f"tabell-{self.table.key or self.number}"


@dataclass(frozen=True)
class Figure:
    """A figure: SVG text, its caption, and the same message in words for those who do not see it."""

    caption: str
    alt: str
    svg: str
    notes: tuple[str, ...] = ()
    source: str = ""
    key: str = ""
    number: int = 0
    cell: str = field(default="", compare=False)

    @property
    def label(self) -> str:
        """What the figure is called, such as "Diagram 3"."""
        return f"Diagram {self.number}"

    @property
    def ident(self) -> str:
        """The name that links point at, such as "diagram-svar"."""
        return f"diagram-{self.key or self.number}"

    @property
    def short_caption(self) -> str:
        """The caption as it stands in a list of figures."""
        return shortened(self.caption, LONGEST_IN_LIST)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points, as the SVG states them.

        Raises
        ------
        ValueError
            When the SVG does not state them in points.
        """
        root = re.search(r"<svg\b[^>]*>", self.svg)
        sizes = [
            re.search(rf'\b{name}="([0-9.]+)pt"', root[0]) if root else None for name in ("width", "height")
        ]
        if not (sizes[0] and sizes[1]):
            raise ValueError("the figure does not state its width and height in points")
        return float(sizes[0][1]), float(sizes[1][1])

    def footer(self) -> tuple[str, ...]:
        """Return the lines below the figure: notes and source."""
        return (*self.notes, *((f"Källa: {self.source}",) if self.source else ()))


Block = Heading | Paragraph | ItemList | Quote | TableBlock | Figure
Blocks = tuple[Block, ...]


@dataclass(frozen=True)
class Footnote:
    """The text of a footnote, with its number in the document."""

    label: str
    number: int
    blocks: tuple[Paragraph, ...]


@dataclass(frozen=True)
class Theme:
    """The colours of a document, as six hexadecimal digits; its other colours are grey and the same in all.

    Attributes
    ----------
    accent : str
        Titles, links and lines on white paper, and the ground of white text.
    light_accent : str
        The same on a dark screen, and the ground of dark text.
    """

    accent: str
    light_accent: str


THEMES: Mapping[str, Theme] = {
    "neutral": Theme(accent="0F4C75", light_accent="8EC5EE"),
    "stockholm": Theme(accent="890C58", light_accent="F4A6CC"),
}
"""The colours that `describe` can ask for, by the names that figures have theirs by."""


@dataclass(frozen=True)
class Description:
    """What the document is, as its first page says it.

    Parameters
    ----------
    title, subtitle : str
        The title is the heading of level 1.
    year : str
        The reporting year.
    publisher : str
        The administration responsible for the document.
    contact : str
        Whom a reader can turn to; may be empty.
    registration_number : str
        Diarienummer; may be empty until the document is registered.
    date : str
        The document's date in ISO form. It is given, never read from a clock.
    marks : sequence of str
        Words that every page must carry, such as "UTKAST" and "SYNTETISKA EXEMPELDATA".
    lang : str
        Only "sv": the fixed words of the renderers are Swedish.
    theme : {"neutral", "stockholm"}
        The colours of the document.

    Raises
    ------
    ValueError
        Naming every field that is empty or wrong.
    """

    title: str
    year: str
    publisher: str
    date: str
    subtitle: str = ""
    contact: str = ""
    registration_number: str = ""
    marks: Sequence[str] = ()
    lang: str = "sv"
    theme: str = "neutral"

    def __post_init__(self) -> None:
        if isinstance(self.marks, str):
            raise ValueError(f"marks is a list of words: write marks=[{self.marks!r}]")
        object.__setattr__(self, "marks", tuple(self.marks))
        faults = [
            f"{name} is empty" for name in ("title", "year", "publisher") if not getattr(self, name).strip()
        ]
        faults += ["a mark is empty" for mark in self.marks if not mark.strip()]
        if self.lang != "sv":
            faults.append(f"lang is {self.lang!r}, but the fixed words of a report are written in 'sv'")
        if self.theme not in THEMES:
            faults.append(f"there is no theme {self.theme!r}: choose {' or '.join(THEMES)}")
        try:
            swedish.as_date(self.date)
        except ValueError as error:
            faults.append(f"date: {error}")
        if faults:
            raise ValueError(f"the description of the document is not complete: {'; '.join(faults)}")

    @property
    def running_title(self) -> str:
        """The title as it stands at the top of every page: on at most two lines."""
        return shortened(self.title, 120)

    @property
    def colours(self) -> Theme:
        """The colours of the document."""
        return THEMES[self.theme]

    def details(self) -> tuple[tuple[str, Inlines], ...]:
        """Return the fields of the first page as pairs of Swedish name and value."""
        fields = (
            ("Rapporteringsår", self.year),
            ("Dnr", self.registration_number or "anges vid registrering"),
            ("Datum", swedish.date(self.date)),
            ("Utgivare", self.publisher),
            ("Kontakt", self.contact),
        )
        return tuple((name, _with_mail_links(value)) for name, value in fields if value)


def shortened(text: str, longest: int) -> str:
    """Return a text without its last bracket, then cut after a word, where it is longer than so many signs.

    Examples
    --------
    >>> shortened("Svar per fråga (n = 12)", 20), shortened("Svar per förvaltning och år", 20)
    ('Svar per fråga', 'Svar per…')
    """
    if len(text) > longest:
        text = re.sub(r"(?<=\S)\s*\([^()]*\)$", "", text)
    if len(text) <= longest:
        return text
    return text[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,.:–-") + "…"


def _with_mail_links(text: str) -> Inlines:
    """Return a text where each e-mail address is a link."""
    parts = re.split(r"([\w.+-]+@[\w-]+\.[\w.-]*\w)", text)
    return tuple(
        Link(f"mailto:{part}", (Text(part),)) if index % 2 else Text(part)
        for index, part in enumerate(parts)
        if part
    )


DEEPEST_IN_CONTENTS = 3
"""The lowest level of heading that the contents lists."""

FEWEST_LISTED = 21
"""A document with fewer tables and figures has no lists of them: the contents are enough."""

LONGEST_IN_LIST = 84
"""So many signs of a caption stand in a list of tables or figures: about one line of a page."""


@dataclass(frozen=True)
class Document:
    """A numbered and checked document, ready to be rendered.

    Attributes
    ----------
    about : Description
    blocks : tuple of blocks
    notes : tuple of Footnote
        In the order in which they are called.
    references : mapping of str to str
        What each heading, table and figure is called, such as ``{"tabell-svar": "tabell 3"}``.
    """

    about: Description
    blocks: Blocks
    notes: tuple[Footnote, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)

    def note(self, label: str) -> Footnote:
        """Return the footnote with this label."""
        return next(note for note in self.notes if note.label == label)

    def contents(self) -> tuple[Heading, ...]:
        """Return the headings that the contents lists."""
        return tuple(b for b in self.blocks if isinstance(b, Heading) and b.level <= DEEPEST_IN_CONTENTS)

    def lists(self) -> tuple[tuple[str, tuple[TableBlock | Figure, ...]], ...]:
        """Return the list of tables and that of figures, each with its title, where it has at least two.

        A document with few tables and figures has no lists.
        """
        lists = [
            (title, tuple(block for block in self.blocks if isinstance(block, kind)))
            for title, kind in (("Tabeller", TableBlock), ("Diagram", Figure))
        ]
        if sum(len(listed) for _, listed in lists) < FEWEST_LISTED:
            return ()
        return tuple((title, listed) for title, listed in lists if len(listed) > 1)


def inside(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks and all blocks within them, in the order in which their own text is read."""
    for block in blocks:
        if isinstance(block, Quote):
            yield from inside(block.blocks)
        elif isinstance(block, ItemList):
            for item in block.items:
                yield from inside(item)
        yield block


def inlines(content: Inlines) -> Iterator[Inline]:
    """Yield the parts of a text and all parts within them, in reading order."""
    for part in content:
        yield part
        if isinstance(part, Strong | Emphasis | Link):
            yield from inlines(part.content)


def own_inlines(block: Block) -> Iterator[Inline]:
    """Yield the parts of the text that a block holds itself, not in blocks within it."""
    if isinstance(block, Heading | Paragraph):
        yield from inlines(block.content)
    elif isinstance(block, Quote):
        yield from inlines(block.attribution)


def own_texts(block: Block) -> Iterator[str]:
    """Yield every piece of text that a block itself shows to a reader."""
    for part in own_inlines(block):
        if isinstance(part, Text | Code):
            yield part.text
    if isinstance(block, TableBlock):
        yield block.table.caption
        yield from (column.heading for column in block.table.columns)
        yield from (text for row in block.table.shown_rows() for text in row)
        yield from block.table.footer()
    elif isinstance(block, Figure):
        yield from (block.caption, block.alt, *block.footer())


def plain_text(content: Inlines) -> str:
    """Return the text of a heading or paragraph without its emphasis, links and footnotes."""
    words = (
        part.text if isinstance(part, Text | Code) else " " if isinstance(part, LineBreak) else ""
        for part in inlines(content)
    )
    return "".join(words)
