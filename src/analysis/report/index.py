"""The list of what is published: one page over years and appendices, beside the folders of the years.

Made from what lies there and nothing else: no clock, everything sorted, links relative. What a page says about
itself is read from its first block, which `analysis.report.html` writes.
"""

from __future__ import annotations

import contextlib
import csv
import html
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from analysis.report import swedish
from analysis.report.html import page

NAME = "index.html"

_GROUPS = (("", "bilaga-*", "Gemensamma bilagor"), ("forvaltningar", "*", "Bilagor per förvaltning"))
"""Folder of a year, which files in it, and what they are together."""

_FORMATS = {".html": "webbsida", ".pdf": "pdf", ".docx": "Word", ".xlsx": "Excel"}
"""The formats of an appendix, in the order in which they are offered."""

WORKBOOK = "tabeller.xlsx"
"""The tables of the appendices, in the folder of a year."""

COMPARISON = "bilaga-3-jamforelse"
"""The appendix that compares with earlier years; the first year has none."""

RESPONSE = "results/response.csv"
"""Who was asked and who answered, in the folder of a year, where it is released."""

FIGURES = "figurer"
"""The folder of a year that holds a folder of figures for each appendix."""


@dataclass(frozen=True)
class Appendix:
    """An appendix as it is published.

    Attributes
    ----------
    title : str
        As its page says; the name of its files where it has no page.
    marks : tuple of str
        Such as "UTKAST".
    files : tuple of (str, str, int)
        Format, path below the year's folder with ``/``, and size in bytes.
    """

    title: str
    marks: tuple[str, ...]
    files: tuple[tuple[str, str, int], ...]


def write(outputs: Path) -> Path:
    """Write ``index.html`` over all years that have appendices, and return where it lies.

    Runs of other years may go on at the same time: each lists what lies there when it has the folder for
    itself, so that the last one to end has seen everything.

    Parameters
    ----------
    outputs : Path
        The folder that holds one folder for each year.
    """
    path = outputs / NAME
    with _alone(outputs):
        beside = outputs / f".{NAME}.part"
        beside.write_text(render(outputs), encoding="utf-8")
        beside.replace(path)
    return path


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait for the folder, and hold it. The system lets go after a crash too."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def render(outputs: Path) -> str:
    """Return the page over all years below a folder, newest first. The same files give the same text."""
    years = sorted((p.name for p in outputs.iterdir() if re.fullmatch(r"\d{4}", p.name)), reverse=True)
    sections = {
        year: markup for year in years if (markup := _year(outputs / year, is_first=year == years[-1]))
    }
    links = "\n".join(f'<li><a href="#ar-{year}">{year}</a></li>' for year in sections)
    contents = (
        '<nav aria-labelledby="innehallsrubrik">\n<p class="nav-heading" id="innehallsrubrik">Rapporteringsår</p>\n'
        f"<ul>\n{links}\n</ul>\n</nav>"
    )
    header = (
        "<header>\n<h1>Bilagor efter rapporteringsår</h1>\n"
        '<p class="subtitle">Resultat, metod och jämförelser från enkäten till förvaltningarna</p>\n'
        "<p>Varje bilaga finns som webbsida, som pdf för utskrift och diarieföring och som Word-dokument att "
        "kopiera ur. Innehållet är detsamma.</p>\n</header>"
    )
    return page(
        "Bilagor efter rapporteringsår",
        header=header,
        contents=contents if sections else "",
        main="\n".join(sections.values()) or "<p>Inga bilagor är framtagna än.</p>",
    )


def read_appendices(year: Path, folder: str = "", pattern: str = "bilaga-*") -> list[Appendix]:
    """Return the appendices in a folder of a year, sorted by title as Swedish is.

    A file that another run takes away meanwhile is left out: that run makes the list anew when it ends.
    """
    found: dict[str, None] = {}
    for path in sorted((year / folder).glob(pattern)):
        if path.suffix in _FORMATS:
            found[path.stem] = None
    appendices = []
    for stem in found:
        with contextlib.suppress(FileNotFoundError):
            appendices.append(_appendix(year, folder, stem))
    return sorted(appendices, key=lambda appendix: swedish.sort_key(appendix.title))


def _appendix(year: Path, folder: str, stem: str) -> Appendix:
    paths = {suffix: year / folder / f"{stem}{suffix}" for suffix in _FORMATS}
    files = tuple(_file(year, _FORMATS[suffix], path) for suffix, path in paths.items() if path.is_file())
    first = _first_block(paths[".html"])
    return Appendix(" ".join(first.title.split()) or stem, tuple(first.marks), files)


def _first_block(path: Path) -> _FirstBlock:
    """Return what a page says about itself; nothing where there is no page."""
    first = _FirstBlock()
    if path.is_file():
        first.feed(path.read_text(encoding="utf-8").partition("</header>")[0])
    return first


class _FirstBlock(HTMLParser):
    """Reads the title and the marks of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.marks: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if self.open[-3:] == ["aside", "p", "span"]:
            self.marks.append("")

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "h1" in self.open:
            self.title += data
        elif self.open[-3:] == ["aside", "p", "span"]:
            self.marks[-1] += data


def read_figures(year: Path) -> dict[str, list[Appendix]]:
    """Return the figures that lie in a year's folder as files: by what their appendix is called, in order.

    A figure is called as its drawing says.
    """
    found = {}
    for folder in sorted(path for path in (year / FIGURES).glob("*") if path.is_dir()):
        title = _first_block(year / f"{folder.name}.html").title or folder.name
        with contextlib.suppress(FileNotFoundError):
            found[" ".join(title.split())] = [_figure(year, path) for path in sorted(folder.glob("*.svg"))]
    return {title: figures for title, figures in found.items() if figures}


def _figure(year: Path, path: Path) -> Appendix:
    said = re.search(r"<title>(.*?)</title>", path.read_text(encoding="utf-8"), re.DOTALL)
    files = [("SVG", path), ("PNG", path.with_suffix(".png"))]
    title = html.unescape(said[1]) if said else path.stem
    return Appendix(title, (), tuple(_file(year, kind, file) for kind, file in files if file.is_file()))


def _file(year: Path, kind: str, path: Path) -> tuple[str, str, int]:
    return kind, path.relative_to(year).as_posix(), path.stat().st_size


def _year(folder: Path, *, is_first: bool) -> str:
    """Return the section of a year; nothing where it has no appendices."""
    notes = (_no_comparison(folder) if is_first else "", _no_answer(folder))
    groups = [
        (name, read_appendices(folder, below, pattern), note)
        for (below, pattern, name), note in zip(_GROUPS, notes, strict=True)
    ]
    marks = dict.fromkeys(mark for _, found, _ in groups for appendix in found for mark in appendix.marks)
    lists = [f"<h3>{name}</h3>\n{_list(folder.name, found)}{note}" for name, found, note in groups if found]
    if not lists:
        return ""
    if material := _material(folder):
        lists.append(f"<h3>Tabeller och diagram att använda</h3>\n{material}")
    status = f'<p class="status">{html.escape(" · ".join(marks))}</p>\n' if marks else ""
    return f'<h2 id="ar-{folder.name}">{folder.name}</h2>\n{status}' + "\n".join(lists)


def _no_comparison(folder: Path) -> str:
    """Return why the first year has no appendix of comparisons, where it has none."""
    if any(folder.glob(f"{COMPARISON}.*")):
        return ""
    return "\n<p>Bilaga 3 saknas: det finns inget tidigare år att jämföra med.</p>"


def _no_answer(folder: Path) -> str:
    """Return which administrations have not answered, where that is released."""
    path = folder / RESPONSE
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        names = [row["name"] for row in csv.DictReader(file) if row["status"] not in ("complete", "partial")]
    listed = html.escape(swedish.join(sorted(names, key=swedish.sort_key)))
    return f"\n<p>Har inte svarat: {listed}.</p>" if names else ""


def _material(folder: Path) -> str:
    """Return what a year has for those who write of it: the workbook, and the figures of each appendix, folded."""
    parts = []
    with contextlib.suppress(FileNotFoundError):
        workbook = _file(folder, _FORMATS[".xlsx"], folder / WORKBOOK)
        parts.append(_list(folder.name, [Appendix(f"Bilagornas tabeller {folder.name}", (), (workbook,))]))
    for title, figures in read_figures(folder).items():
        count = swedish.plural(len(figures), "diagram", "diagram")
        summary = f'{html.escape(title)} <span class="extent">{count} som bildfiler</span>'
        parts.append(f"<details>\n<summary>{summary}</summary>\n{_list(folder.name, figures)}\n</details>")
    return "\n".join(parts)


def _list(year: str, appendices: Iterable[Appendix]) -> str:
    items = "\n".join(f"<li>{_item(year, appendix)}</li>" for appendix in appendices)
    return f'<ul class="entries">\n{items}\n</ul>'


def _item(year: str, appendix: Appendix) -> str:
    title = html.escape(appendix.title)
    name, links = f"<span>{title}</span>", []
    for kind, path, size in appendix.files:
        target = html.escape(f"{year}/{path}")
        if kind == _FORMATS[".html"]:
            name = f'<a href="{target}">{title}</a>'
            links.append(f"{kind}, {_size(size)}")
        else:
            links.append(
                f'<a href="{target}">{kind}<span class="unseen"> av {title}</span></a>, {_size(size)}'
            )
    files = "".join(f"<span>{link}</span> " for link in links).strip()
    return f'{name} <div class="files">{files}</div>'


def _size(size: int) -> str:
    r"""Return the size of a file as people read it.

    Examples
    --------
    >>> _size(1_700_000), _size(49_600), _size(12)
    ('1,7\xa0MB', '50\xa0kB', '1\xa0kB')
    """
    if size >= 1_000_000:
        return f"{swedish.number(size / 1_000_000, 1)}{swedish.NO_BREAK_SPACE}MB"
    return f"{swedish.number(max(1, round(size / 1000)))}{swedish.NO_BREAK_SPACE}kB"
