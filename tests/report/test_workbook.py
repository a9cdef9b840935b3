"""The workbook: one numbered sheet for each table, numbers that are numbers, and texts that stay texts."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from analysis.report import workbook
from analysis.report.blocks import Document, TableBlock
from analysis.report.tables import SUPPRESSED, Column, Table

COLUMNS = [
    Column("unit", "Förvaltning"),
    Column("n", "Antal", "integer"),
    Column("p", "Andel", "percent"),
    Column("m", "Tal", "decimal", 2),
]
TABLE = Table(
    "Svar per förvaltning",
    COLUMNS,
    [["Farsta", 12345, 66.6, 1.005], ["Älvsjö", 0, None, -2.5], ["Norrmalm", SUPPRESSED, SUPPRESSED, 3.0]],
    notes=["Andelar av 18 förvaltningar.", "”Vet ej” ingår."],
    source="Enkäten 2021",
)
HARMFUL = [
    "=1+1",
    "+46 8 508",
    "-cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1+1",
    "=HYPERLINK(A1)",
    "http://a.example",
    "0012",
]


def sheets(data: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def flat(rows: list[list[Any]]) -> list[Any]:
    return [cell for row in rows for cell in row if cell != ""]


def test_each_table_has_a_sheet_with_its_number_and_caption(document_of: Callable[..., Document]) -> None:
    other = Table("En annan tabell", COLUMNS[:2], [["Farsta", 1]])
    found = sheets(workbook.render(document_of("## Rubrik", TABLE, "Text mellan.", other)))
    assert list(found) == ["Omslag", "Innehåll", "Tabell 1", "Tabell 2"]
    assert found["Tabell 1"][0][0] == "Tabell 1. Svar per förvaltning"
    assert found["Tabell 2"][0][0] == "Tabell 2. En annan tabell"
    contents = found["Innehåll"]
    assert contents[0][0] == "Innehåll"
    assert contents[-2:] == [
        ["Tabell 1", "Tabell 1. Svar per förvaltning"],
        ["Tabell 2", "Tabell 2. En annan tabell"],
    ]


def test_numbers_stay_numbers_and_the_lack_of_one_is_a_word(document_of: Callable[..., Document]) -> None:
    rows = sheets(workbook.render(document_of(TABLE)))["Tabell 1"]
    start = next(i for i, row in enumerate(rows) if row[0] == "Förvaltning")
    assert rows[start] == ["Förvaltning", "Antal", "Andel (%)", "Tal"]
    assert rows[start + 1 :] == [
        ["Farsta", 12345, 67, 1.01],
        ["Älvsjö", 0, "[uppgift saknas]", -2.5],
        ["Norrmalm", "[visas inte]", "[visas inte]", 3],
    ]
    above = flat(rows[:start])
    assert "Andelar av 18 förvaltningar. ”Vet ej” ingår." in above
    assert "Källa: Enkäten 2021" in above
    assert not any("Teckenförklaring" in text for text in above)  # the workbook uses words instead of signs


def test_the_cover_says_what_it_is_in_swedish(document_of: Callable[..., Document]) -> None:
    about = {
        "title": "Bilaga 1",
        "subtitle": "Om enkäten",
        "contact": "Enheten",
        "marks": ["UTKAST", "SYNTETISKA"],
    }
    found = sheets(workbook.render(document_of(TABLE, **about)))
    cover = flat(found["Omslag"])
    assert cover[:4] == ["Bilaga 1", "UTKAST · SYNTETISKA", "Om enkäten", "Rapporteringsår 2021"]
    assert "Arbetsboken innehåller 1 tabell, numrerad som i bilagan." in cover
    assert "Kontakt: Enheten" in cover
    assert all(
        "UTKAST · SYNTETISKA" in flat(rows) for name, rows in found.items() if name.startswith("Tabell")
    )
    words = set(
        re.findall(r"[a-z]+", " ".join(str(cell) for rows in found.values() for cell in flat(rows)).lower())
    )
    assert not words & {"the", "sheet", "table", "this", "worksheet", "notes", "contents", "contains", "one"}


@pytest.mark.parametrize("text", HARMFUL)
def test_no_text_becomes_a_formula_or_a_link(document_of: Callable[..., Document], text: str) -> None:
    table = Table(
        text, [Column("a", text), Column("n", "Antal", "integer")], [[text, 1]], notes=[text], source=text
    )
    data = workbook.render(document_of(table, title=text, subtitle=text, contact=text))
    rows = flat(sheets(data)["Tabell 1"])
    assert rows.count(text) == 3  # heading, cell and note
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    assert not any("<f>" in content or "<f " in content for content in parts.values())
    assert not any("a.example" in content for name, content in parts.items() if name.endswith(".rels"))


def test_signs_that_the_library_would_take_for_notes_stay(document_of: Callable[..., Document]) -> None:
    table = Table("Kostnad $$a$$", [Column("a", "A $$b$$"), Column("n", "Antal", "integer")], [["I $$c$$", 1], ["–", 2]],
                  notes=["Not $$d$$."])  # fmt: skip
    rows = flat(sheets(workbook.render(document_of(table)))["Tabell 1"])
    assert "Tabell 1. Kostnad $ $a$ $" in rows
    assert "I $ $c$ $" in rows
    assert "tecken: –" in rows
    assert not any("note" in str(cell) for cell in rows)


def test_the_same_document_gives_the_same_bytes(sample: Document) -> None:
    data = workbook.render(sample)
    assert workbook.render(sample) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        core = archive.read("docProps/core.xml").decode("utf-8")
    assert f"{sample.about.date}T00:00:00Z" in core
    assert re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", core) == [f"{sample.about.date}T00:00:00Z"] * 2
    tables = [block for block in sample.blocks if isinstance(block, TableBlock)]
    found = sheets(data)
    assert list(found)[2:] == [block.label for block in tables]
    for block in tables:
        shown = flat(found[block.label])
        assert f"{block.label}. {block.table.caption}" in shown
        assert all(column.heading in " ".join(map(str, shown)) for column in block.table.columns)
