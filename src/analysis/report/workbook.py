"""The workbook of tables: a cover, contents, and one sheet for each table of an appendix, numbered as there."""

from __future__ import annotations

import datetime as dt
import tempfile
import warnings
from pathlib import Path
from typing import Any

import gptables
import pandas as pd

from analysis.report import swedish
from analysis.report.blocks import Description, Document, TableBlock
from analysis.report.tables import SUPPRESSED, Mark, Table, Value

HIDDEN = "[visas inte]"
MISSING = "[uppgift saknas]"
"""Words for what the appendix shows as ``..``: the good practice for workbooks asks for words, not signs."""

_AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
"""A text that begins with = + - @ stays a text."""


def render(document: Document) -> bytes:
    """Return the tables of a document as an xlsx workbook; the same document gives the same bytes.

    Numbers stay numbers; percentages stand as 0–100. What is not shown is told in words.
    """
    blocks = [b for b in document.blocks if isinstance(b, TableBlock)]
    about = document.about
    marks = " · ".join(about.marks)
    cover = gptables.Cover(title=about.title, cover_label="Omslag")
    sheets = {block.label: _sheet(block, marks) for block in blocks}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="No note text provided")
        path = Path(folder) / "tabeller.xlsx"
        book = gptables.produce_workbook(
            str(path),
            sheets,
            cover=cover,
            contentsheet_label="Innehåll",
            contentsheet_options={
                "table_name": "innehall",
                "title": "Innehåll",
                "column_names": ["Blad", "Tabell"],
                "instructions": "Varje tabell har ett eget blad.",
            },
            workbook_options=_AS_TEXT,
        )
        _write_cover(book.worksheets()[0], about, len(blocks))
        book.set_properties({"title": about.title, "created": dt.datetime.fromisoformat(about.date)})
        book.close()
        return path.read_bytes()


def _write_cover(sheet: Any, about: Description, tables: int) -> None:
    """Write the cover below its title: gptables' own headings there are English."""
    count = swedish.plural(tables, "tabell", "tabeller")
    lines = [
        " · ".join(about.marks),
        about.subtitle,
        f"Rapporteringsår {about.year}",
        f"Arbetsboken innehåller {count}, {'numrerad' if tables == 1 else 'numrerade'} som i bilagan.",
        f"{HIDDEN} skyddar enskilda personer. {MISSING} betyder att uppgiften inte finns eller är för osäker.",
        f"Utgivare: {about.publisher}",
        f"Kontakt: {about.contact}" if about.contact else "",
    ]
    for row, line in enumerate((text for text in lines if text), start=1):
        sheet.write_string(row, 0, line)


def _sheet(block: TableBlock, marks: str) -> gptables.GPTable:
    table = block.table
    headings = [_plain(c.heading) + (" (%)" if c.kind == "percent" else "") for c in table.columns]
    values = [[_cell(value, table, i) for i, value in enumerate(row)] for row in table.rows]
    frame = pd.DataFrame(values, columns=headings, dtype=object)
    return gptables.GPTable(
        table=frame,
        table_name=f"tabell_{block.number}",
        title=_plain(f"{block.label}. {table.caption}"),
        subtitles=[marks] if marks else [],
        instructions="Bladet innehåller en tabell.",
        scope=_plain(" ".join(table.notes)) or None,
        source=_plain(f"Källa: {table.source}") if table.source else None,
        index_columns={1: 0} if table.row_headers else {},
    )


def _plain(text: str) -> str:
    """Return a text without the signs that gptables takes for the call of a note."""
    return text.replace("$$", "$ $")


def _cell(value: Value, table: Table, column: int) -> str | int | float:
    if value is SUPPRESSED:
        return HIDDEN
    if value is None or isinstance(value, Mark):
        return MISSING
    if isinstance(value, str):
        # gptables refuses a cell of signs only: a screen reader would pass over it.
        return _plain(value) if not value or any(c.isalnum() for c in value) else f"tecken: {value}"
    decimals = table.columns[column].decimals or 0
    shown = float(swedish.rounded(value, decimals))
    return int(shown) if decimals == 0 else shown
