"""The workbook of tables: cover, contents, notes, and one sheet for each table, numbered as in its appendix.

By the good practice of the British statistics offices, with gptables: one table on each sheet, no merged cells
and no empty rows, words instead of signs, notes on a sheet of their own. The fixed words of gptables are English,
so the cover, the contents and the notes are written here.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gptables
import pandas as pd
from xlsxwriter.utility import cell_autofit_width

from analysis.report import swedish
from analysis.report.blocks import Description, Document, TableBlock
from analysis.report.tables import SUPPRESSED, Column, Mark, Table, Value

COVER, CONTENTS, NOTES = "Omslag", "Innehåll", "Noter"

HIDDEN = "[visas inte]"
MISSING = "[uppgift saknas]"
"""Words for what the appendix shows as ``..``: the good practice for workbooks asks for words, not signs."""

NO_TEXT = "[ingen text]"
"""What stands in a cell that has no text: a reader who listens hears that nothing was left out."""

MEANINGS = {
    HIDDEN: "uppgiften visas inte, för att enskilda personer inte ska kunna kännas igen.",
    MISSING: "uppgiften finns inte eller är för osäker.",
    NO_TEXT: "cellen är tom i bilagan.",
}

LONGEST_TEXT = 32_767
"""Signs that a cell can hold."""

CUT = " [hela texten står i bilagan]"
"""How a text ends that is longer than that."""

NARROWEST_COLUMN, WIDEST_COLUMN = 60, 460
"""In pixels: longer text goes on in a new line of its cell."""

FONT_SCALE, BOLD_SCALE = 12 / 11, 1.1
"""Of the sheets' letters, against those that the width of a text is told for."""

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
"""A text that begins with = + - @ stays a text."""


@dataclass(frozen=True)
class _Sheet:
    """A table with the name of its sheet, its title, its cells, and the numbers of its notes.

    `words` are the words that stand for signs in its cells, with their meanings.
    """

    name: str
    title: str
    table: Table
    cells: list[list[str | int | float]]
    words: dict[str, str]
    table_name: str
    notes: tuple[int, ...]
    marks: str


def render(document: Document) -> bytes:
    """Return the tables of a document as an xlsx workbook; the same document gives the same bytes.

    Numbers stay numbers; percentages stand as 0–100. What is not shown is told in words.
    """
    return render_together({"": document})


def render_together(documents: Mapping[str, Document]) -> bytes:
    """Return the tables of several documents as one xlsx workbook; the same documents give the same bytes.

    Parameters
    ----------
    documents : mapping of str to Document
        What each is called, in order, such as ``{"Bilaga 1": …, "Bilaga 2": …}``: its third table has the sheet
        "Bilaga 1 tabell 3". The first document gives the workbook its publisher and date.

    Raises
    ------
    ValueError
        When there is no document.
    """
    if not documents:
        raise ValueError("a workbook needs at least one document")
    numbers = _note_numbers(documents.values())
    sheets = list(_sheets(documents, numbers))
    about = next(iter(documents.values())).about
    pages = {CONTENTS: _contents(sheets, with_notes=bool(numbers))} if sheets else {}
    if numbers:
        pages[NOTES] = _notes(sheets, numbers)
    pages |= {sheet.name: _page(sheet) for sheet in sheets}
    content = io.BytesIO()
    title = _title(documents)
    book = gptables.GPWorkbook(content, options=_OPTIONS)
    _write_cover(book.add_worksheet(COVER), documents, sheets)
    for name, page in pages.items():
        _write_page(book.add_worksheet(name), page)
    book.set_properties(
        {"title": title, "author": about.publisher, "created": dt.datetime.fromisoformat(about.date)}
    )
    book.close()
    return content.getvalue()


def _blocks(document: Document) -> list[TableBlock]:
    return [block for block in document.blocks if isinstance(block, TableBlock)]


def _note_numbers(documents: Iterable[Document]) -> dict[str, int]:
    """Return the number of each note, in the order in which they are called; equal notes share one."""
    notes = (note for document in documents for block in _blocks(document) for note in _notes_of(block.table))
    return {note: number for number, note in enumerate(dict.fromkeys(notes), start=1)}


def _sheets(documents: Mapping[str, Document], numbers: Mapping[str, int]) -> Iterator[_Sheet]:
    for position, (name, document) in enumerate(documents.items(), start=1):
        for block in _blocks(document):
            label = f"{name}, {block.label.lower()}" if name else block.label
            cells = _cells(block.table)
            yield _Sheet(
                label.replace(",", ""),
                f"{label}. {block.table.caption}",
                block.table,
                cells,
                _words(block.table, cells),
                f"tabell_{position}_{block.number}",
                tuple(numbers[note] for note in dict.fromkeys(_notes_of(block.table))),
                " · ".join(document.about.marks),
            )


def _title(documents: Mapping[str, Document]) -> str:
    about = next(iter(documents.values())).about
    return about.title if len(documents) == 1 else f"Tabeller {about.year}"


# --- the sheets ------------------------------------------------------------------------------------------------


def _write_cover(sheet: Any, documents: Mapping[str, Document], sheets: Sequence[_Sheet]) -> None:
    """Write the cover, each text in a cell of one column."""
    tables = len(sheets)
    words = {word: meaning for found in sheets for word, meaning in found.words.items()}
    about = next(iter(documents.values())).about
    count = swedish.plural(tables, "tabell", "tabeller")
    numbered = "numrerad" if tables == 1 else "numrerade"
    where = "bilagan" if len(documents) == 1 else "sin bilaga"
    titles = [document.about.title for document in documents.values()] if len(documents) > 1 else []
    sections = {
        "Om arbetsboken": [
            about.subtitle,
            f"Rapporteringsår {about.year}",
            f"Arbetsboken innehåller {count}, {numbered} som i {where}.",
            *titles,
        ],
        "Ord i stället för tecken": [f"{word}: {meaning}" for word, meaning in sorted(words.items())],
        "Utgivare": [about.publisher, *(f"{name}: {value}" for name, value in _details(about))],
    }
    theme, book = sheet.theme, sheet._workbook
    rows = [(_title(documents), theme.cover_title_format), (" · ".join(about.marks), theme.cover_text_format)]
    for heading, lines in ((heading, lines) for heading, lines in sections.items() if lines):
        rows += [(heading, theme.cover_subtitle_format), *((line, theme.cover_text_format) for line in lines)]
    shown = [(text, style) for text, style in rows if text]
    for row, (text, style) in enumerate(shown):
        sheet.write_string(row, 0, text, book.add_format(style))
    if tables:
        style = {**theme.cover_text_format, **_LINK}
        sheet.write_url(len(shown), 0, _address(CONTENTS), book.add_format(style), "Till innehållet")
    sheet.set_column(0, 0, 85)
    _set_up_print(sheet)


_LINK = {"underline": True, "font_color": "blue"}
"""As gptables writes its links."""


def _details(about: Description) -> list[tuple[str, str]]:
    fields = (
        ("Kontakt", about.contact),
        ("Dnr", about.registration_number),
        ("Datum", swedish.date(about.date)),
    )
    return [(name, value) for name, value in fields if value]


def _address(sheet: str) -> str:
    return f"internal:'{sheet}'!A1"


def _contents(sheets: Sequence[_Sheet], *, with_notes: bool) -> gptables.GPTable:
    """Return the list of sheets, each with a link to it."""
    rows = [(NOTES, "Noter till tabellerna")] if with_notes else []
    rows += [(sheet.name, _plain(sheet.title)) for sheet in sheets]
    frame = pd.DataFrame(
        [({name: _address(name)}, title) for name, title in rows], columns=["Blad", "Rubrik"]
    )
    return gptables.GPTable(
        table=frame,
        table_name="innehall",
        title="Innehåll",
        instructions="Bladet innehåller en tabell, med en länk till varje blad i arbetsboken.",
        index_columns={2: 0},
    )


def _notes(sheets: Sequence[_Sheet], numbers: Mapping[str, int]) -> gptables.GPTable:
    """Return the list of notes, each with the sheets that call it."""
    called = {number: [s.name for s in sheets if number in s.notes] for number in numbers.values()}
    rows = [
        (_note_mark(number), _cell_text(note), _in_short(called[number])) for note, number in numbers.items()
    ]
    return gptables.GPTable(
        table=pd.DataFrame(rows, columns=["Not", "Text", "Gäller"]),
        table_name="noter",
        title="Noter",
        subtitles=[_link("Till innehållet", CONTENTS)],
        instructions="Bladet innehåller en tabell. "
        "Noterna är numrerade i den ordning som tabellerna hänvisar till dem.",
        index_columns={2: 0},
    )


def _in_short(names: Sequence[str]) -> str:
    """Return the sheets that call a note: by name where they are few."""
    return swedish.join(names) if len(names) <= 4 else f"{swedish.number(len(names))} tabeller"


def _page(sheet: _Sheet) -> gptables.GPTable:
    """Return the sheet of a table."""
    table = sheet.table
    headings = _headings(table.columns)
    marks = "".join(f" {_note_mark(number)}" for number in sheet.notes)
    links = [_link("Till innehållet", CONTENTS), *([_link("Till noterna", NOTES)] if sheet.notes else [])]
    return gptables.GPTable(
        table=pd.DataFrame(sheet.cells, columns=headings, dtype=object),
        table_name=sheet.table_name,
        title=_plain(sheet.title) + marks,
        subtitles=[sheet.marks] if sheet.marks else [],
        instructions="Bladet innehåller en tabell.",
        legend=[*(f"{word}: {meaning}" for word, meaning in sheet.words.items()), *links],
        source=_plain(f"Källa: {table.source}") if table.source else None,
        index_columns={level + 1: level for level in range(min(table.row_headers, 3))},
        additional_formatting=[
            {"column": {"columns": [heading], "format": _format(column)}}
            for heading, column in zip(headings, table.columns, strict=True)
        ],
    )


def _note_mark(number: int) -> str:
    return f"[not {number}]"


def _link(text: str, sheet: str) -> str:
    """Return a link as gptables reads it."""
    return f"[{text}]({_address(sheet)})"


def _write_page(sheet: Any, page: gptables.GPTable) -> None:
    sheet.write_gptable(page, auto_width=False)
    for column, heading in enumerate(page.table.columns):
        cells = page.table.iloc[:, column]
        sheet.set_column_pixels(column, column, _width(heading, cells.tolist(), is_first=column == 0))
    _set_up_print(sheet)
    sheet.repeat_rows(page.data_range[0])


def _width(heading: str, cells: Sequence[Any], *, is_first: bool) -> int:
    """Return how wide a column is in pixels: its longest line, or its longest word where that is too wide."""
    texts = [" ".join(cell) if isinstance(cell, dict) else str(cell) for cell in cells]
    scale = FONT_SCALE * (BOLD_SCALE if is_first else 1)
    lines = [line for text in texts for line in text.splitlines()]
    needed = max(map(cell_autofit_width, lines)) * scale
    words = max(cell_autofit_width(word) for text in texts for word in text.split()) * scale
    heading_words = max(map(cell_autofit_width, heading.split())) * FONT_SCALE * BOLD_SCALE
    wanted: float = max(min(needed, WIDEST_COLUMN), words, heading_words, NARROWEST_COLUMN)
    return math.ceil(wanted)


def _set_up_print(sheet: Any) -> None:
    """Print on A4, as wide as the paper, with the number of the page."""
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&RSida &P av &N")


# --- what stands in a cell -------------------------------------------------------------------------------------


def _headings(columns: Sequence[Column]) -> list[str]:
    """Return the headings of a table; Excel wants each to differ from the others, whatever its letters' case."""
    headings: list[str] = []
    for column in columns:
        text = _plain(column.heading) + (" (%)" if column.kind == "percent" else "")
        taken = sum(re.sub(r" \[\d+\]$", "", other).casefold() == text.casefold() for other in headings)
        headings.append(f"{text} [{taken + 1}]" if taken else text)
    return headings


def _format(column: Column) -> dict[str, str]:
    """Return how Excel shows the numbers of a column: spaces between thousands from five digits, as in the text."""
    if not column.is_number:
        return {"valign": "top"}
    decimals = "." + "0" * column.decimals if column.decimals else ""
    few, many = f"0{decimals}", f"#,##0{decimals}"
    return {"valign": "top", "num_format": f"[>=10000]{many};[<=-10000]-{many};{few}"}


_LEGEND = re.compile(r"Tecken[^:]*: (.+?)\.?$")
"""A note that says what signs in a table mean, such as "Tecken i tabellen: × inget svar; ? vet ej."."""


def _signs(table: Table) -> dict[str, str]:
    """Return the signs that the notes of a table explain, with their meanings.

    Examples
    --------
    >>> notes = ["Om alla.", "Tecken i tabellen: × inget svar; ? vet ej."]
    >>> _signs(Table("Svar", [Column("a", "A")], [["×"]], row_headers=0, notes=notes))
    {'×': 'inget svar', '?': 'vet ej'}
    """
    legends = [found[1] for note in table.notes if (found := _LEGEND.match(note))]
    parts = (part.partition(" ") for legend in legends for part in legend.split("; "))
    return {sign: meaning for sign, _, meaning in parts if meaning and not re.search(r"\w", sign)}


def _notes_of(table: Table) -> list[str]:
    """Return the notes of a table but for those on signs, which are words here."""
    return [note for note in table.notes if not (_LEGEND.match(note) and _signs(table))]


def _words(table: Table, cells: Sequence[Sequence[str | int | float]]) -> dict[str, str]:
    """Return the words that stand for signs in the cells of a table, with their meanings."""
    words = MEANINGS | {f"[{word}]": f"visas som {sign} i bilagan." for sign, word in _signs(table).items()}
    found = {cell for row in cells for cell in row if isinstance(cell, str)}
    return {word: meaning for word, meaning in words.items() if word in found}


def _cells(table: Table) -> list[list[str | int | float]]:
    """Return the cells of a table, with words for signs, and numbers for texts that are whole numbers."""
    words = {sign: f"[{meaning}]" for sign, meaning in _signs(table).items()}
    columns = [
        _column(column, [row[i] for row in table.rows], words, is_heading=i < table.row_headers)
        for i, column in enumerate(table.columns)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _column(
    column: Column, values: Sequence[Value], words: Mapping[str, str], *, is_heading: bool
) -> list[str | int | float]:
    texts = [value for value in values if isinstance(value, str) and value not in words]
    if not is_heading and texts and all(re.fullmatch(r"0|[1-9]\d{0,8}", text) for text in texts):
        values = [int(value) if value in texts else value for value in values]
    return [words[v] if isinstance(v, str) and v in words else _cell(v, column) for v in values]


def _cell(value: Value, column: Column) -> str | int | float:
    if value is SUPPRESSED:
        return HIDDEN
    if value is None or isinstance(value, Mark):
        return MISSING
    if isinstance(value, str):
        return _cell_text(value)
    decimals = column.decimals or 0
    shown = float(swedish.rounded(value, decimals))
    return int(shown) if decimals == 0 else shown


def _cell_text(text: str) -> str:
    """Return a text as a cell can hold it. gptables refuses signs only: a screen reader would pass over them."""
    if not text.strip():
        return NO_TEXT
    shown = _plain(text)
    if not re.search("[a-zA-Z0-9]", shown):
        shown = f"tecknet {shown}"
    if len(shown) > LONGEST_TEXT:
        shown = shown[: LONGEST_TEXT - len(CUT)] + CUT
    return shown


def _plain(text: str) -> str:
    """Return a text without the signs that gptables takes for the call of a note or for a link."""
    return text.replace("$$", "$ $").replace("](", "] (")
