"""The workbook: cover, contents, notes, a numbered sheet for each table; numbers are numbers, texts stay texts."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

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
    "[här](http://a.example)",
]

NAMES = {
    "": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
}


def sheets(data: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def part(data: bytes, name: str) -> ElementTree.Element:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return ElementTree.fromstring(archive.read(name))


def links(data: bytes, sheet: int) -> dict[str, str]:
    """Return the links of a sheet, counted from 1: cell and place."""
    found = part(data, f"xl/worksheets/sheet{sheet}.xml").iterfind(".//hyperlink", NAMES)
    return {link.attrib["ref"]: link.attrib["location"] for link in found}


def flat(rows: list[list[Any]]) -> list[Any]:
    return [cell for row in rows for cell in row if cell != ""]


def test_each_table_has_a_sheet_with_its_number_and_caption(document_of: Callable[..., Document]) -> None:
    other = Table("En annan tabell", COLUMNS[:2], [["Farsta", 1]])
    data = workbook.render(document_of("## Rubrik", TABLE, "Text mellan.", other))
    found = sheets(data)
    assert list(found) == ["Omslag", "Innehåll", "Noter", "Tabell 1", "Tabell 2"]
    assert found["Tabell 1"][0][0] == "Tabell 1. Svar per förvaltning [not 1] [not 2]"
    assert found["Tabell 2"][0][0] == "Tabell 2. En annan tabell"
    contents = found["Innehåll"]
    assert contents[0][0] == "Innehåll"
    assert contents[2:] == [
        ["Blad", "Rubrik"],
        ["Noter", "Noter till tabellerna"],
        ["Tabell 1", "Tabell 1. Svar per förvaltning"],
        ["Tabell 2", "Tabell 2. En annan tabell"],
    ]
    assert links(data, 2) == {"A4": "'Noter'!A1", "A5": "'Tabell 1'!A1", "A6": "'Tabell 2'!A1"}
    assert set(links(data, 4).values()) == {"'Innehåll'!A1", "'Noter'!A1"}
    assert set(links(data, 5).values()) == {"'Innehåll'!A1"}


def test_equal_notes_have_one_number_and_each_says_where_it_belongs(
    document_of: Callable[..., Document],
) -> None:
    tables = [
        Table("A", COLUMNS[:2], [["x", 1]], notes=["Om alla.", "Om A."]),
        Table("B", COLUMNS[:2], [["x", 1]]),
        Table("C", COLUMNS[:2], [["x", 1]], notes=["Om C.", "Om alla."]),
    ]
    found = sheets(workbook.render(document_of(*tables)))
    assert found["Noter"][-4:] == [
        ["Not", "Text", "Gäller"],
        ["[not 1]", "Om alla.", "Tabell 1 och Tabell 3"],
        ["[not 2]", "Om A.", "Tabell 1"],
        ["[not 3]", "Om C.", "Tabell 3"],
    ]
    titles = [found[f"Tabell {n}"][0][0] for n in (1, 2, 3)]
    assert titles == ["Tabell 1. A [not 1] [not 2]", "Tabell 2. B", "Tabell 3. C [not 3] [not 1]"]


def test_several_appendices_share_a_workbook(document_of: Callable[..., Document]) -> None:
    first = document_of(TABLE, title="Bilaga 1. Resultat 2021")
    second = document_of(TABLE, Table("Annat", COLUMNS[:2], [["x", 1]]), title="Bilaga 2. Kvalitet 2021")
    data = workbook.render_together({"Bilaga 1": first, "Bilaga 2": second})
    found = sheets(data)
    assert list(found)[3:] == ["Bilaga 1 tabell 1", "Bilaga 2 tabell 1", "Bilaga 2 tabell 2"]
    assert found["Bilaga 2 tabell 2"][0][0] == "Bilaga 2, tabell 2. Annat"
    assert found["Bilaga 1 tabell 1"][0][0].endswith("[not 1] [not 2]")
    assert found["Bilaga 2 tabell 1"][0][0].endswith("[not 1] [not 2]")
    cover = flat(found["Omslag"])
    assert cover[0] == "Tabeller 2021"
    assert {"Bilaga 1. Resultat 2021", "Bilaga 2. Kvalitet 2021"} < set(cover)
    assert "Arbetsboken innehåller 3 tabeller, numrerade som i sin bilaga." in cover
    with pytest.raises(ValueError, match="at least one document"):
        workbook.render_together({})


def test_an_appendix_without_tables_has_a_cover_alone(document_of: Callable[..., Document]) -> None:
    found = sheets(workbook.render(document_of("Bara text.")))
    assert list(found) == ["Omslag"]
    assert "Arbetsboken innehåller 0 tabeller, numrerade som i bilagan." in flat(found["Omslag"])


def test_numbers_stay_numbers_and_the_lack_of_one_is_a_word(document_of: Callable[..., Document]) -> None:
    data = workbook.render(document_of(TABLE))
    rows = sheets(data)["Tabell 1"]
    start = next(i for i, row in enumerate(rows) if row[0] == "Förvaltning")
    assert rows[start] == ["Förvaltning", "Antal", "Andel (%)", "Tal"]
    assert rows[start + 1 :] == [
        ["Farsta", 12345, 67, 1.01],
        ["Älvsjö", 0, "[uppgift saknas]", -2.5],
        ["Norrmalm", "[visas inte]", "[visas inte]", 3],
    ]
    above = flat(rows[:start])
    assert (
        "[visas inte]: uppgiften visas inte, för att enskilda personer inte ska kunna kännas igen." in above
    )
    assert "[uppgift saknas]: uppgiften finns inte eller är för osäker." in above
    assert "Källa: Enkäten 2021" in above
    assert not any("Teckenförklaring" in text for text in above)  # the workbook uses words instead of signs
    formats = [f.attrib["formatCode"] for f in part(data, "xl/styles.xml").iterfind(".//numFmt", NAMES)]
    assert sorted(formats) == [
        "[>=10000]#,##0.00;[<=-10000]-#,##0.00;0.00",
        "[>=10000]#,##0;[<=-10000]-#,##0;0",
    ]


def test_signs_become_the_words_of_the_legend_and_steps_become_numbers(
    document_of: Callable[..., Document],
) -> None:
    columns = [Column("unit", "Förvaltning"), Column("f", "F1"), Column("v", "Version")]
    table = Table("Svar", columns, [["Farsta", "4", "1.2"], ["Älvsjö", "×", "3"], ["Bromma", "?", "012"]],
                  notes=["F1: frågan.", "Tecken i tabellen: × inget svar; ? vet ej; . ej aktuellt."])  # fmt: skip
    found = sheets(workbook.render(document_of(table)))
    assert found["Tabell 1"][-3:] == [
        ["Farsta", 4, "1.2"],
        ["Älvsjö", "[inget svar]", "3"],
        ["Bromma", "[vet ej]", "012"],
    ]
    assert [row[1] for row in found["Noter"][-1:]] == ["F1: frågan."]  # the legend of signs is of no use here
    explained = ["[inget svar]: visas som × i bilagan.", "[vet ej]: visas som ? i bilagan."]
    assert flat(found["Tabell 1"])[2:4] == explained
    cover = flat(found["Omslag"])
    start = cover.index("Ord i stället för tecken")
    assert cover[start : start + 4] == ["Ord i stället för tecken", *explained, "Utgivare"]


def test_the_cover_explains_only_words_that_occur(document_of: Callable[..., Document]) -> None:
    cover = flat(sheets(workbook.render(document_of(TABLE)))["Omslag"])
    assert sum(text.startswith("[") for text in cover) == 2
    plain = Table("Svar", COLUMNS[:2], [["Farsta", 1]])
    cover = flat(sheets(workbook.render(document_of(plain)))["Omslag"])
    assert "Ord i stället för tecken" not in cover


def test_the_cover_says_what_it_is_in_swedish(document_of: Callable[..., Document]) -> None:
    about = {
        "title": "Bilaga 1",
        "subtitle": "Om enkäten",
        "contact": "Enheten",
        "registration_number": "SOF 2021/1",
        "marks": ["UTKAST", "SYNTETISKA"],
    }
    data = workbook.render(document_of(TABLE, **about))
    found = sheets(data)
    cover = flat(found["Omslag"])
    assert cover[:5] == [
        "Bilaga 1",
        "UTKAST · SYNTETISKA",
        "Om arbetsboken",
        "Om enkäten",
        "Rapporteringsår 2021",
    ]
    assert "Arbetsboken innehåller 1 tabell, numrerad som i bilagan." in cover
    assert cover[-5:] == [
        "Socialförvaltningen",
        "Kontakt: Enheten",
        "Dnr: SOF 2021/1",
        "Datum: 19 oktober 2021",
        "Till innehållet",
    ]
    assert list(links(data, 1).values()) == ["'Innehåll'!A1"]
    assert all(
        "UTKAST · SYNTETISKA" in flat(rows) for name, rows in found.items() if name.startswith("Tabell")
    )
    words = set(
        re.findall(r"[a-z]+", " ".join(str(cell) for rows in found.values() for cell in flat(rows)).lower())
    )
    english = {"the", "sheet", "table", "this", "worksheet", "note", "notes", "contents", "contains", "one"}
    assert not words & english


@pytest.mark.parametrize("text", HARMFUL)
def test_no_text_becomes_a_formula_or_a_link(document_of: Callable[..., Document], text: str) -> None:
    table = Table(
        text, [Column("a", text), Column("n", "Antal", "integer")], [[text, 1]], notes=[text], source=text
    )
    data = workbook.render(document_of(table, title=text, subtitle=text, contact=text))
    shown = text.replace("](", "] (")
    found = sheets(data)
    assert flat(found["Tabell 1"]).count(shown) == 2  # heading and cell
    assert flat(found["Noter"]).count(shown) == 1
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    assert not any("<f>" in content or "<f " in content for content in parts.values())
    assert not any("a.example" in content for name, content in parts.items() if name.endswith(".rels"))
    assert all(place.endswith("!A1") for sheet in (1, 2, 3, 4) for place in links(data, sheet).values())


def test_signs_that_the_library_would_take_for_notes_stay(document_of: Callable[..., Document]) -> None:
    table = Table("Kostnad $$a$$", [Column("a", "A $$b$$"), Column("n", "Antal", "integer")], [["I $$c$$", 1], ["–", 2]],
                  notes=["Not $$d$$."])  # fmt: skip
    found = sheets(workbook.render(document_of(table)))
    rows = flat(found["Tabell 1"])
    assert "Tabell 1. Kostnad $ $a$ $ [not 1]" in rows
    assert "I $ $c$ $" in rows
    assert "tecknet –" in rows
    assert ["[not 1]", "Not $ $d$ $.", "Tabell 1"] in found["Noter"]
    assert not any("[note" in str(cell) for cell in rows)


def test_a_cell_is_never_empty_nor_cut_in_silence(document_of: Callable[..., Document]) -> None:
    columns = [Column("a", "A"), Column("b", "B")]
    rows = [["x", ""], ["y", " "], ["Å", "Ö"], ["z", "ord " * 10_000]]
    found = sheets(workbook.render(document_of(Table("Texter", columns, rows))))["Tabell 1"]
    assert [row[1] for row in found[-4:-1]] == ["[ingen text]", "[ingen text]", "tecknet Ö"]
    assert found[-2][0] == "tecknet Å"  # the library wants a letter of the English alphabet
    assert len(found[-1][1]) == 32_767
    assert found[-1][1].endswith(" [hela texten står i bilagan]")
    assert "[ingen text]: cellen är tom i bilagan." in flat(found)


def test_headings_that_excel_cannot_tell_apart_are_numbered(document_of: Callable[..., Document]) -> None:
    columns = [Column("a", "Grupp"), *(Column(key, text, "integer") for key, text in zip("bcd", ["Antal", "antal", "Antal"], strict=True))]  # fmt: skip
    data = workbook.render(document_of(Table("Dubbelt", columns, [["x", 1, 2, 3]])))
    assert sheets(data)["Tabell 1"][-2] == ["Grupp", "Antal", "antal [2]", "Antal [3]"]
    names = [c.attrib["name"] for c in part(data, "xl/tables/table2.xml").iterfind(".//tableColumn", NAMES)]
    assert names == ["Grupp", "Antal", "antal [2]", "Antal [3]"]


def test_every_sheet_can_be_read_by_those_who_listen(sample: Document) -> None:
    """One table on a sheet, with a name and a header row; no merged cell, no empty row or cell within it."""
    data = workbook.render(sample)
    names, tables = list(sheets(data)), []
    assert len(set(names)) == len(names) > 5
    assert all(len(name) <= 31 for name in names)
    for number, name in enumerate(names[1:], start=2):
        sheet = part(data, f"xl/worksheets/sheet{number}.xml")
        assert sheet.find(".//mergeCell", NAMES) is None, name
        assert len(sheet.findall(".//tablePart", NAMES)) == 1
        rows = sheet.findall(".//row", NAMES)
        assert [int(row.attrib["r"]) for row in rows] == list(range(1, len(rows) + 1))
        table = part(data, f"xl/tables/table{number - 1}.xml")
        tables.append(table.attrib["name"])
        assert table.attrib.get("headerRowCount", "1") == "1"
        first, last = (int(re.sub(r"\D", "", cell)) for cell in table.attrib["ref"].split(":"))
        assert last == len(rows)
        columns = len(table.findall(".//tableColumn", NAMES))
        for row in rows[first - 1 :]:
            cells = row.findall("c", NAMES)
            assert len(cells) == columns
            assert all(cell.findtext("v", namespaces=NAMES) for cell in cells)
        widths = [float(col.attrib["width"]) for col in sheet.iterfind(".//col", NAMES)]
        assert len(widths) == columns
        assert all(8 <= width <= 66 for width in widths)
    assert len(set(tables)) == len(tables)
    defined = part(data, "xl/workbook.xml").findall(".//definedName", NAMES)
    repeated = [d for d in defined if d.attrib["name"] == "_xlnm.Print_Titles"]
    assert len(repeated) == len(names) - 1
    assert repeated[0].text == "Innehåll!$3:$3"


def test_a_column_is_as_wide_as_its_words_and_no_wider_than_can_be_read(
    document_of: Callable[..., Document],
) -> None:
    long = "Uppskatta hur stor del av arbetet som hör till kärnuppdraget. " * 4
    word = "kommunstyrelseförvaltningsövergripandesamordningsfunktionsbeskrivning"
    table = Table("Bredder", [Column("a", "A"), Column("b", "B"), Column("c", "C"), Column("n", "Antal", "integer")],
                  [["kort", long, word, 1]])  # fmt: skip
    data = workbook.render(document_of(table))
    sheet = part(data, "xl/worksheets/sheet3.xml")
    short, wrapped, whole, number = (float(c.attrib["width"]) for c in sheet.iterfind(".//col", NAMES))
    assert short < 10
    assert number < 10
    assert 60 < wrapped < 70
    assert len(word) < whole < 1.4 * len(word)
    styles = part(data, "xl/styles.xml")
    used = {int(cell.attrib["s"]) for cell in sheet.findall(".//row", NAMES)[-1].findall("c", NAMES)}
    formats = styles.findall(".//cellXfs/xf", NAMES)
    alignments = [formats[i].find("alignment", NAMES) for i in used]
    assert all(a is not None and a.attrib["wrapText"] == "1" for a in alignments)


def test_the_same_document_gives_the_same_bytes(sample: Document) -> None:
    data = workbook.render(sample)
    assert workbook.render(sample) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        core = archive.read("docProps/core.xml").decode("utf-8")
    assert f"{sample.about.date}T00:00:00Z" in core
    assert re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", core) == [f"{sample.about.date}T00:00:00Z"] * 2
    tables = [block for block in sample.blocks if isinstance(block, TableBlock)]
    found = sheets(data)
    assert list(found)[3:] == [block.label for block in tables]
    for block in tables:
        shown = flat(found[block.label])
        assert any(str(text).startswith(f"{block.label}. {block.table.caption}") for text in shown)
        assert all(column.heading in " ".join(map(str, shown)) for column in block.table.columns)
