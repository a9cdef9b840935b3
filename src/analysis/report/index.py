"""The list of what is published: one page over years and appendices, beside the folders of the years.

Made from what lies there and nothing else: no clock, everything sorted, links relative. What a page says about
itself is read from its first block, which `analysis.report.html` writes.
"""

from __future__ import annotations

import contextlib
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

_FORMATS = {".html": "webbsida", ".pdf": "PDF", ".docx": "Word", ".xlsx": "Excel"}
"""The formats of an appendix, in the order in which they are offered."""

_WORKBOOKS = {"bilaga-1-resultat": "tabeller.xlsx"}
"""Workbooks that are not called as the appendix whose tables they hold."""


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
    sections = {year: markup for year in years if (markup := _year(outputs / year))}
    links = "\n".join(f'<li><a href="#ar-{year}">{year}</a></li>' for year in sections)
    contents = (
        '<nav aria-labelledby="innehallsrubrik">\n<p class="nav-heading" id="innehallsrubrik">Rapporteringsår</p>\n'
        f"<ul>\n{links}\n</ul>\n</nav>"
    )
    header = (
        "<header>\n<h1>Bilagor efter rapporteringsår</h1>\n"
        '<p class="subtitle">Resultat, metod och jämförelser från enkäten till förvaltningarna</p>\n</header>'
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
    names = {suffix: f"{stem}{suffix}" for suffix in _FORMATS}
    if not (year / folder / names[".xlsx"]).is_file():
        names[".xlsx"] = _WORKBOOKS.get(stem, names[".xlsx"])
    paths = {suffix: year / folder / name for suffix, name in names.items()}
    files = tuple(
        (_FORMATS[suffix], path.relative_to(year).as_posix(), path.stat().st_size)
        for suffix, path in paths.items()
        if path.is_file()
    )
    first = _FirstBlock()
    if paths[".html"].is_file():
        first.feed(paths[".html"].read_text(encoding="utf-8").partition("</header>")[0])
    return Appendix(" ".join(first.title.split()) or stem, tuple(first.marks), files)


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


def _year(folder: Path) -> str:
    """Return the section of a year; nothing where it has no appendices."""
    groups = [(name, read_appendices(folder, below, pattern)) for below, pattern, name in _GROUPS]
    marks = dict.fromkeys(mark for _, found in groups for appendix in found for mark in appendix.marks)
    lists = "\n".join(f"<h3>{name}</h3>\n{_list(folder.name, found)}" for name, found in groups if found)
    if not lists:
        return ""
    status = f'<p class="status">{html.escape(" · ".join(marks))}</p>\n' if marks else ""
    return f'<h2 id="ar-{folder.name}">{folder.name}</h2>\n{status}{lists}'


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
    return f'{name} <span class="files">{files}</span>'


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
