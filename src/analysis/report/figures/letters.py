"""The letters of the charts: their font, how wide a text is, and how it is set in lines."""

from __future__ import annotations

import io
import re
import tempfile
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path

import matplotlib as mpl
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import text_to_path

SIZE = 9.5
SMALL = 8.5
SMALLEST = 7.8
"""Points: texts, axes, and the numbers of columns where many stand side by side."""

LINE = 11.5
"""Points from one line of a label to the next."""

_FONT_NAME = "Analysis Source Sans"
_LETTERS = (*range(0x20, 0x180), *range(0x2010, 0x2040), 0x20AC, 0x2212, 0x2264, 0x2265)


@cache
def _families() -> tuple[str, ...]:
    """Make Source Sans 3 known to matplotlib, and return the families to write with.

    The font is variable, and matplotlib draws only its default cut, which is too thin. So the two cuts that
    the charts use are made once and kept in matplotlib's cache. Letters they lack come from DejaVu Sans.
    """
    for weight in (400, 700):
        fontManager.addfont(_static_font(weight))
    return (_FONT_NAME, "DejaVu Sans")


def _static_font(weight: int) -> Path:
    """Return the file of one cut of Source Sans 3, made if it is not there."""
    made_by = "-".join(version(package) for package in ("fontpkg-source-sans-3", "fonttools"))
    path = Path(mpl.get_cachedir()) / f"analysis-source-sans-{weight}-{made_by}.ttf"
    if not path.exists():
        content = _cut(weight)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".ttf", delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    return path


def _cut(weight: int) -> bytes:
    """Return a font file with one weight of Source Sans 3 and the letters of European languages."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib import instancer

    with as_file(files("fontpkg_source_sans_3") / "files" / "SourceSans3[wght].ttf") as source:
        font = TTFont(source, recalcTimestamp=False)
        options = subset.Options(layout_features=["kern", "mark"], hinting=False, notdef_outline=True)
        options.drop_tables += ["GSUB", "STAT"]
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=_LETTERS)
        subsetter.subset(font)
        font = instancer.instantiateVariableFont(font, {"wght": weight}, inplace=True)
    style = "Bold" if weight > 400 else "Regular"
    font["name"].names = []
    names = {1: _FONT_NAME, 2: style, 4: f"{_FONT_NAME} {style}", 6: f"AnalysisSourceSans-{style}"}
    for number, name in names.items():
        font["name"].setName(name, number, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight
    content = io.BytesIO()
    font.save(content)
    return content.getvalue()


@lru_cache(maxsize=64)
def typeface(size: float, bold: bool = False) -> FontProperties:
    """Return the font of a text, regular or bold."""
    return FontProperties(family=list(_families()), size=size, weight=700 if bold else 400)


@lru_cache(maxsize=4096)
def width(text: str, size: float = SIZE, bold: bool = False) -> float:
    """Return the width of one line of text in points."""
    wide, _, _ = text_to_path.get_text_width_height_descent(text, typeface(size, bold), ismath=False)
    return float(wide)


def words(text: str) -> list[str]:
    """Return the parts of a text between which a line may end: at spaces, and after a hyphen or a slash.

    Examples
    --------
    >>> words("Enskede-Årsta med 2023/24")
    ['Enskede-', 'Årsta ', 'med ', '2023/24']
    """
    ends = r"(?<= )|(?<=[^\W\d][-/])(?=[^\W\d])"
    return [part for part in re.split(ends, text.replace("\u00ad", "")) if part.strip(" ")]


def widest_word(text: str, size: float = SIZE, bold: bool = False) -> float:
    """Return how wide a column must be so that no word is broken."""
    return max((width(word.strip(), size, bold) for word in words(text)), default=0.0)


def wrap(text: str, room: float, most: int, *, size: float = SIZE, bold: bool = False) -> tuple[str, ...]:
    """Return the text as at most so many lines that are no wider than so many points.

    Words that are too long are broken with a hyphen. What does not fit is replaced by an ellipsis.
    """

    def fits(part: str) -> bool:
        return width(part.strip(), size, bold) <= room

    lines = [""]
    rest = words(text)
    while rest:
        word = rest.pop(0)
        if fits(lines[-1] + word):
            lines[-1] += word
        elif lines[-1]:
            lines.append("")
            rest.insert(0, word)
        else:
            end = max((n for n in range(1, len(word)) if fits(word[:n] + "-")), default=1)
            lines[-1] = word[:end].rstrip("-") + "-"
            rest.insert(0, word[end:])
            lines.append("")
    lines = [line.strip() for line in lines]
    if len(lines) > most:
        last = lines[most - 1]
        while last and not fits(last + "…"):
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip(" ,.;:-–") + "…"]
    return tuple(lines)
