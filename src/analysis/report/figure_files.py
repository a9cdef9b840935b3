"""The figures of a document as files of their own, for the report that is written in Word.

Each figure becomes an SVG, which Word keeps sharp at any size, and a PNG of 300 pixels per inch, for programs that
know no SVG. Both say in themselves what the figure is called, what it shows and where it comes from, so that the
words stay with the picture.
"""

from __future__ import annotations

import re
import struct
import zlib
from functools import cache, lru_cache
from xml.sax.saxutils import escape

import typst

from analysis.problems import Problem
from analysis.report import swedish
from analysis.report.blocks import Document, ExportError, Figure, inside

PRINT_DENSITY = 300
"""Pixels per inch of a PNG file."""


def files(document: Document) -> dict[str, bytes]:
    """Return the figures of a document as files: name and content. The same document gives the same bytes.

    The names hold the number in the document, the figure's key where it has one, and the document's marks, such
    as ``diagram-03-svar-utkast.svg``: a picture that has left its page still says that it is a draft.

    Raises
    ------
    ExportError
        When a figure cannot be drawn. Names the cells.
    """
    made: dict[str, bytes] = {}
    problems: list[Problem] = []
    for figure in (block for block in inside(document.blocks) if isinstance(block, Figure)):
        name = _name(figure, document)
        try:
            png = picture(figure, PRINT_DENSITY)
        except ExportError as error:
            problems += error.problems
            continue
        made[f"{name}.svg"] = _described_svg(figure, document).encode("utf-8")
        made[f"{name}.png"] = _described_png(png, figure, document)
    if problems:
        raise ExportError(problems)
    return made


def _name(figure: Figure, document: Document) -> str:
    parts = (f"diagram-{figure.number:02}", figure.key, *document.about.marks)
    return "-".join(word for part in parts if (word := swedish.slug(part)))


def picture(figure: Figure, density: int) -> bytes:
    """Return a figure as PNG.

    Parameters
    ----------
    figure : Figure
    density : int
        Pixels per inch.

    Raises
    ------
    ExportError
        When its SVG cannot be drawn. Names the cell.
    """
    try:
        return _drawn(figure.svg, figure.size, density)
    except typst.TypstError as error:
        what = f"the figure cannot be drawn: {error.message}"
        raise ExportError(
            [Problem(figure.cell, what, "Show a matplotlib figure with show(figure, …)")]
        ) from None


@lru_cache(maxsize=64)
def _drawn(svg: str, size: tuple[float, float], density: int) -> bytes:
    """Return SVG as PNG; kept for a while, because Word and the files show the same pictures."""
    width, height = size
    page = f"#set page(width: {width}pt, height: {height}pt, margin: 0pt)\n"
    source = page + '#image(bytes(sys.inputs.svg), format: "svg", width: 100%)'
    png = typst.compile(
        source.encode(),
        format="png",
        ppi=density,
        ignore_system_fonts=True,
        font_paths=_no_fonts(),
        sys_inputs={"svg": svg},
    )
    return bytes(png)


@cache
def _no_fonts() -> typst.Fonts:
    """Return no fonts, read once: the letters of a figure are outlines."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False)


# --- what a file says about itself -------------------------------------------------------------------------------


def _title(figure: Figure) -> str:
    return f"{figure.label}. {figure.caption}"


def _origin(figure: Figure, document: Document) -> str:
    """Return which document a figure is taken from, its marks, and what stands below it."""
    about = document.about
    taken = f"Ur ”{about.title}”, {about.publisher}, {swedish.date(about.date)}."
    marks = f"{' · '.join(about.marks)}." if about.marks else ""
    return " ".join(text for text in (taken, marks, *figure.footer()) if text)


def _described_svg(figure: Figure, document: Document) -> str:
    """Return the SVG with its title and description, as an image that a screen reader can read."""
    description = escape(f"{figure.alt} {_origin(figure, document)}")
    said = f"<title>{escape(_title(figure))}</title>\n<desc>{description}</desc>"
    return re.sub(
        r"(<svg\b[^>]*)>",
        lambda root: f'{root[1]} role="img" xml:lang="{document.about.lang}">\n{said}',
        figure.svg,
        count=1,
    )


def _described_png(png: bytes, figure: Figure, document: Document) -> bytes:
    """Return the PNG with its size on paper, and its title, description and source as international text."""
    texts = {"Title": _title(figure), "Description": figure.alt, "Source": _origin(figure, document)}
    per_metre = round(PRINT_DENSITY / 0.0254)
    added = [
        _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
        *(_text_chunk(key, text, document.about.lang) for key, text in texts.items()),
    ]
    return png[:_AFTER_HEADER] + b"".join(added) + png[_AFTER_HEADER:]


_AFTER_HEADER = 8 + 12 + 13
"""Where the first chunk of a PNG ends: signature, frame of the chunk, IHDR."""


def _text_chunk(keyword: str, text: str, lang: str) -> bytes:
    """Return an iTXt chunk (PNG specification 11.3.3.4): keyword, not compressed, language, no translated keyword."""
    return _chunk(b"iTXt", keyword.encode() + b"\0\0\0" + lang.encode() + b"\0\0" + text.encode())


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
