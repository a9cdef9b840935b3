"""From an executed notebook to a document: what becomes which block, and everything that stops the export."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from analysis.report.blocks import (
    THEMES,
    Code,
    Document,
    Emphasis,
    Figure,
    Heading,
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
    plain_text,
)
from analysis.report.document import (
    DOCUMENT_MIME,
    FIGURE_MIME,
    MARKDOWN_MIME,
    TABLE_MIME,
    ExportError,
    as_quote,
    describe,
    plain,
    read_notebook,
    say,
    show,
)
from analysis.report.exporters import AppendixPDF
from analysis.report.figures import PALETTES
from analysis.report.tables import Column, Table

DESCRIPTION = {
    "version": 1,
    "title": "Bilaga 9. Provbilaga",
    "subtitle": "",
    "year": "2021",
    "publisher": "Socialförvaltningen",
    "contact": "",
    "registration_number": "",
    "date": "2021-10-19",
    "marks": ["UTKAST"],
    "lang": "sv",
    "theme": "neutral",
}
SVG = '<svg width="72pt" height="36pt"><path d="M0 0"/></svg>'
ALT = "Stapeldiagram: 9 av 17 förvaltningar svarar ja."
TABLE = Table(
    "Svar", [Column("a", "Förvaltning"), Column("n", "Antal", "integer")], [["Farsta", 3]], key="svar"
)


def code_cell(source: str, *outputs: dict[str, Any], tags: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}, "outputs": list(outputs)}


def markdown_cell(source: str, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {"tags": list(tags)}}


def displayed(mime: str, content: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {mime: content}, "metadata": {}}


def notebook_of(*contents: str | Table | dict[str, Any]) -> dict[str, Any]:
    """Return a notebook of Markdown texts, tables and whole cells, after the cell that describes it."""
    cells = [code_cell("describe(…)", displayed(DOCUMENT_MIME, DESCRIPTION))]
    for content in contents:
        if isinstance(content, str):
            cells.append(markdown_cell(content))
        elif isinstance(content, Table):
            cells.append(code_cell("show(table)", displayed(TABLE_MIME, content.to_dict())))
        else:
            cells.append(content)
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def figure_output(**changes: Any) -> dict[str, Any]:
    content = {"version": 1, "caption": "Svar", "alt": ALT, "svg": SVG, "notes": [], "source": "", "key": ""}
    return displayed(FIGURE_MIME, {**content, **changes})


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Any]]]:
    """Return a function that calls a function within IPython and returns what it displayed."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))

    def call(function: Callable[..., None], *args: Any, **kwargs: Any) -> dict[str, Any]:
        with capture_output() as captured:
            function(*args, **kwargs)
        (output,) = captured.outputs
        return dict(output.data)

    yield call
    InteractiveShell.clear_instance()


# In the notebook


def test_show_table_keeps_every_value_and_is_accessible_in_jupyter(published: Any) -> None:
    data = published(show, TABLE, notes=["En not."])
    assert Table.from_dict(data[TABLE_MIME]).rows == TABLE.rows
    assert Table.from_dict(data[TABLE_MIME]).notes == ("En not.",)
    assert Table.from_dict(data[TABLE_MIME]).key == "svar"
    assert '<th scope="row">Farsta</th>' in data["text/html"]
    assert "<p>En not.</p>" in data["text/html"]
    assert data["text/plain"] == "Tabell: Svar (1 rad)"
    json.dumps(data)


def test_show_frame_is_never_truncated(published: Any) -> None:
    frame = pd.DataFrame({"Fråga": [f"Fråga {i}" for i in range(300)], "Antal": range(300)})
    data = published(show, frame, caption="Alla frågor", key="alla")
    assert len(Table.from_dict(data[TABLE_MIME]).rows) == 300
    assert data["text/html"].count("<tr>") == 301


def test_show_figure_gives_the_same_outlined_svg_twice_and_closes_it(published: Any) -> None:
    def draw() -> Any:
        figure, axes = plt.subplots(figsize=(3, 2))
        axes.bar(["Å", "Ö"], [1, 2])
        axes.set_clip_on(True)
        return figure

    first = published(show, draw(), caption="Två staplar", alt=ALT)
    assert plt.get_fignums() == []
    second = published(show, draw(), caption="Två staplar", alt=ALT)
    assert first == second
    svg = first[FIGURE_MIME]["svg"]
    assert svg.startswith("<svg")
    assert "<text" not in svg
    assert "<metadata" not in svg
    assert f'alt="{ALT}"' in first["text/html"]
    assert ALT in first["text/plain"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"caption": "Svar"}, "alternative text ''"),
        ({"caption": "Svar", "alt": "figur-1.svg"}, "says nothing"),
        ({"alt": ALT}, "no caption"),
    ],
)
def test_show_figure_wants_words(arguments: dict[str, str], message: str) -> None:
    figure, _ = plt.subplots(figsize=(1, 1))
    with pytest.raises(ValueError, match=message):
        show(figure, **arguments)


def test_show_refuses_what_it_cannot_publish() -> None:
    with pytest.raises(ValueError, match="no caption"):
        show(pd.DataFrame({"a": ["x"], "b": ["y"]}))
    with pytest.raises(TypeError, match="not list"):
        show([1, 2], caption="Svar")
    _, axes = plt.subplots()
    with pytest.raises(TypeError, match=r"not Axes: give it \.figure$"):
        show(axes, caption="Svar", alt=ALT)
    plt.close("all")
    with pytest.raises(TypeError, match="alt is the text of a figure"):
        show(TABLE, alt=ALT)


def test_a_document_and_its_figures_know_the_same_themes() -> None:
    assert list(THEMES) == list(PALETTES)


def test_say_and_describe(published: Any) -> None:
    assert published(say, "## Rubrik")[MARKDOWN_MIME] == "## Rubrik"
    data = published(describe, "Titel <1>", year=2021, publisher="Socialförvaltningen", date="2021-10-19")
    assert data[DOCUMENT_MIME] == {**DESCRIPTION, "title": "Titel <1>", "marks": ()}
    assert "<h1>Titel &lt;1&gt;</h1>" in data["text/html"]
    with pytest.raises(ValueError, match="no text"):
        say(" \n")


def test_describe_names_every_fault_at_once() -> None:
    with pytest.raises(ValueError, match=r"title is empty; year is empty; publisher is empty; lang is 'en'"):
        describe(" ", year="", publisher="", date="2021-10-19", lang="en")
    with pytest.raises(ValueError, match="not a date"):
        describe("T", year=2021, publisher="S", date="19 oktober 2021")
    with pytest.raises(ValueError, match="marks is a list"):
        describe("T", year=2021, publisher="S", date="2021-10-19", marks="UTKAST")
    with pytest.raises(ValueError, match="no theme 'rosa': choose neutral or stockholm"):
        describe("T", year=2021, publisher="S", date="2021-10-19", theme="rosa")


# From the notebook


def read(*contents: Any) -> Document:
    return read_notebook(notebook_of(*contents))


def test_markdown_becomes_blocks() -> None:
    document = read(
        "## Ett\n\nText **fet *båda*** `kod` [länk](https://example.org)\\\nny rad\nsamma rad.\n\n"
        "- a\n    1. b\n\n> Citat\n>\n> – Farsta\n"
    )
    heading, paragraph, items, quote = document.blocks
    assert heading == Heading(2, (Text("Ett"),), "1", "avsnitt-ett")
    assert paragraph == Paragraph(
        (
            Text("Text "),
            Strong((Text("fet "), Emphasis((Text("båda"),)))),
            Text(" "),
            Code("kod"),
            Text(" "),
            Link("https://example.org", (Text("länk"),)),
            LineBreak(),
            Text("ny rad"),
            Text(" "),
            Text("samma rad."),
        )
    )
    inner = ItemList(((Paragraph((Text("b"),)),),), ordered=True)
    assert items == ItemList(((Paragraph((Text("a"),)), inner),))
    assert quote == Quote((Paragraph((Text("Citat"),)),), (Text("Farsta"),))


def test_a_dollar_sign_and_an_ordered_start_are_kept() -> None:
    document = read("Priset är $5 och $x^2$ \\$\n\n3. tre\n4. fyra\n")
    assert plain_text(document.blocks[0].content) == "Priset är $5 och $x^2$ $"
    assert document.blocks[1] == ItemList(
        ((Paragraph((Text("tre"),)),), (Paragraph((Text("fyra"),)),)), ordered=True, start=3
    )


def test_outputs_and_markdown_keep_their_order_and_are_numbered() -> None:
    both = code_cell("both", displayed(MARKDOWN_MIME, ["## A\n", "\n", "text"]), figure_output(key="bild"))
    document = read("## Först", TABLE, both, "### B\n\n## C", Table("T", TABLE.columns, TABLE.rows), "## A")
    kinds = [type(block).__name__ for block in document.blocks]
    assert kinds == [
        "Heading",
        "TableBlock",
        "Heading",
        "Paragraph",
        "Figure",
        "Heading",
        "Heading",
        "TableBlock",
        "Heading",
    ]
    numbers = [block.number for block in document.blocks if isinstance(block, Heading)]
    assert numbers == ["1", "2", "2.1", "3", "4"]
    labels = [block.label for block in document.blocks if isinstance(block, TableBlock | Figure)]
    assert labels == ["Tabell 1", "Diagram 1", "Tabell 2"]
    assert document.references == {
        "avsnitt-först": "avsnitt\u00a01",
        "tabell-svar": "tabell\u00a01",
        "avsnitt-a": "avsnitt\u00a02",
        "diagram-bild": "diagram\u00a01",
        "avsnitt-b": "avsnitt\u00a02.1",
        "avsnitt-c": "avsnitt\u00a03",
        "tabell-2": "tabell\u00a02",
        "avsnitt-a-2": "avsnitt\u00a04",
    }


def test_deeper_headings_start_over() -> None:
    document = read("## A\n\n### B\n\n#### C\n\n#### D\n\n### E\n\n#### F\n\n## G\n\n### H")
    assert [block.number for block in document.blocks] == [
        "1",
        "1.1",
        "1.1.1",
        "1.1.2",
        "1.2",
        "1.2.1",
        "2",
        "2.1",
    ]


def test_markdown_table_takes_its_caption_from_the_paragraph_before() -> None:
    document = read("Tabell: Kort \\*text\\*\n\n| A | B |\n|---|---|\n| a \\| b | |\n| c | d |\n\nEfter.")
    table, after = document.blocks
    assert table.table == Table(
        "Kort *text*",
        [Column("column-1", "A"), Column("column-2", "B")],
        [["a | b", ""], ["c", "d"]],
    )
    assert after == Paragraph((Text("Efter."),))


def test_footnotes_are_numbered_in_the_order_they_are_called() -> None:
    document = read(
        "[^b]: Andra *texten*.\n\nEtt[^a] två[^b] ett igen[^a].", "- tre[^c]\n\n[^a]: A.\n\n[^c]: C."
    )
    assert [(note.label, note.number) for note in document.notes] == [("a", 1), ("b", 2), ("c", 3)]
    assert plain_text(document.note("b").blocks[0].content) == "Andra texten."
    marks = [
        part.label
        for block in inside(document.blocks)
        if isinstance(block, Paragraph)
        for part in inlines(block.content)
        if isinstance(part, NoteMark)
    ]
    assert marks == ["a", "b", "a", "c"]


def test_links_within_the_document() -> None:
    document = read("## Så här\n\nSe [](#tabell-svar) och [ovan](#avsnitt-så-här).", TABLE)
    links = [part for part in document.blocks[1].content if isinstance(part, Link)]
    assert links == [Link("#tabell-svar", ()), Link("#avsnitt-så-här", (Text("ovan"),))]


def test_skipped_cells() -> None:
    hidden = [
        markdown_cell("# Titel för den som arbetar", tags=("remove-cell",)),
        markdown_cell("<b>inte</b> visad", tags=("remove-output",)),
        code_cell(
            "year = 2021", {"output_type": "stream", "name": "stdout", "text": "x"}, tags=("parameters",)
        ),
        code_cell("year = 2022", displayed("text/plain", "x"), tags=("injected-parameters",)),
        code_cell("frame", displayed("text/html", "<table>"), tags=("remove-output",)),
        {"cell_type": "raw", "source": "", "metadata": {}},
    ]
    assert read(*hidden, "Text.").blocks == (Paragraph((Text("Text."),)),)


def test_the_sample_notebook(sample: Document, sample_notebook: dict[str, Any], tmp_path: Path) -> None:
    assert sample.about.title == "Bilaga 1. Resultat av förvaltningarnas arbete med strategin 2021"
    assert len([block for block in sample.blocks if isinstance(block, TableBlock)]) == 5
    texts = [plain_text(block.content) for block in sample.blocks if isinstance(block, Paragraph)]
    assert "Av de inbjudna förvaltningarna svarade 17 av 18 förvaltningar (94\u00a0%)." in texts[3 - 1]
    path = tmp_path / "sample.ipynb"
    path.write_text(json.dumps(sample_notebook), encoding="utf-8")
    assert read_notebook(path) == sample
    assert read_notebook(str(path)) == sample


METACHARACTERS = st.text(
    st.sampled_from("#$@<>_*`~^\\/[](){}|&;:!?'\"-+=.,% 1aåÖé\u00a0\u2212–”☺")
    | st.characters(codec="latin-1"),
    min_size=1,
    max_size=60,
).filter(lambda text: text.strip() and all(c.isprintable() or c == "\u00a0" for c in text))


@given(METACHARACTERS)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_plain_text_and_quotes_come_back_verbatim(text: str) -> None:
    document = read(
        f"## {plain(text)}\n\nFöre {plain(text)}.\n\n- {plain(text)}\n\n{as_quote(text, text)}",
        Table(text, [Column("a", text), Column("b", "B")], [[text, text]]),
    )
    heading, paragraph, items, quote, table = document.blocks
    wanted = text.strip()
    assert plain_text(heading.content) == wanted
    assert plain_text(paragraph.content) == f"Före {wanted}."
    assert plain_text(items.items[0][0].content) == wanted
    assert plain_text(quote.blocks[0].content) == wanted
    assert plain_text(quote.attribution) == wanted
    assert table.table.rows == ((text, text),)


def test_quotes_keep_lines_and_paragraphs() -> None:
    document = read(as_quote("  1. ett\r\n    # två\n\n \n> tre\u2028fyra\n", ""))
    first, second = document.blocks[0].blocks
    assert first.content == (Text("1. ett"), LineBreak(), Text("# två"))
    assert second.content == (Text("> tre"), LineBreak(), Text("fyra"))


# What stops the export

ERROR = {"output_type": "error", "ename": "KeyError", "evalue": "'n'", "traceback": []}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (code_cell("show(f)", figure_output(caption="")), "the figure has no caption"),
        (code_cell("show(f)", figure_output(alt="")), "alternative text '' says nothing"),
        (code_cell("show(f)", figure_output(alt="figur")), "alternative text 'figur' says nothing"),
        (code_cell("show(f)", figure_output(alt="Diagram 12")), "says nothing"),
        (code_cell("show(f)", figure_output(alt="image")), "says nothing"),
        (code_cell("show(f)", figure_output(alt="svarsfrekvens-2021.png")), "says nothing"),
        (code_cell("show(f)", figure_output(alt="För kort text")), "says nothing"),
        (
            code_cell("show(f)", figure_output(alt="No description has been provided for this image")),
            "nothing",
        ),
        (
            code_cell("show(f)", figure_output(caption="Svar per förvaltning", alt="Svar per förvaltning.")),
            "says nothing",
        ),
        (code_cell("show(f)", figure_output(svg="<svg><path/></svg>")), "width and height"),
        (code_cell("show(f)", figure_output(svg=SVG.replace("path", "text"))), "needs the reader's fonts"),
        (code_cell("show(f)", figure_output(version=9)), "figure cannot be read: it has version 9"),
        (code_cell("show(f)", figure_output(colour="red")), "other fields than expected"),
        (code_cell("show(f)", figure_output(key="1 a")), "key '1 a' cannot be linked to"),
        (code_cell("show(t)", displayed(TABLE_MIME, {**TABLE.to_dict(), "caption": ""})), "no caption"),
        (
            code_cell(
                "show(t)",
                displayed(TABLE_MIME, {**TABLE.to_dict(), "columns": [{"key": "a", "heading": ""}] * 2}),
            ),
            "empty heading",
        ),
        (code_cell("n['n']", ERROR), "the cell failed: KeyError: 'n'"),
        (code_cell("n['n']", ERROR, tags=("remove-output",)), "the cell failed"),
        (
            code_cell("print(1)", {"output_type": "stream", "name": "stdout", "text": ["1\n"]}),
            "printed '1' on stdout",
        ),
        (
            code_cell("warn()", {"output_type": "stream", "name": "stderr", "text": "Oj"}),
            "printed 'Oj' on stderr",
        ),
        (
            code_cell(
                "show(fig)",
                {
                    "output_type": "stream",
                    "name": "stderr",
                    "text": "/a/b.py:251: UserWarning: Glyph 26085 missing from font(s).\n  figure.savefig()\n",
                },
            ),
            "the cell warned: UserWarning: Glyph 26085 missing from font(s).",
        ),
        (code_cell("frame", displayed("text/html", "<table>")), "cannot be published (text/html)"),
        (code_cell("2 + 2", displayed("text/plain", "4")), "cannot be published (text/plain)"),
        (code_cell("plt.show()", displayed("image/png", "iVBORw0")), "cannot be published (image/png)"),
        ({"cell_type": "raw", "source": "rå text", "metadata": {}}, "a raw cell is not read"),
        ("# Titel", "the heading 'Titel' has level 1"),
        ("#### För djupt", "the heading 'För djupt' skips from level 2 to 4"),
        ("## ", "a heading is empty"),
        ("## Med [länk](https://a.se)", "holds a link"),
        ("Text <b>fet</b>", "the text holds HTML: <b>"),
        ("<div>block</div>", "the text holds HTML"),
        ("Text <!-- osynlig --> text", "the text holds HTML"),
        ("![bild](a.png)", "an image in Markdown"),
        ("```\nkod\n```", "a block of code"),
        ("    indragen", "an indented block"),
        ("Text\n\n---\n\nText", "a line between paragraphs"),
        ("- ## rubrik i lista", "a heading stands inside"),
        ("> | A | B |\n> |---|---|\n> | a | b |", "a table stands inside"),
        ("Text[^saknas].", "the footnote 'saknas' has no text"),
        ("Text.\n\n[^oanvänd]: Text.", "no text calls the footnote 'oanvänd'"),
        ("Text[^a].\n\n[^a]: Ett.\n\n[^a]: Två.", "the footnote 'a' is written twice"),
        ("Text[^a].\n\n[^a]: Ett[^a].", "calls another footnote"),
        ("Text[^a].\n\n[^a]:\n    - lista", "holds more than paragraphs"),
        ("| A | B |\n|---|---|\n| a | b |", "the table has no caption"),
        ("Tabell: T\n\n| A | |\n|---|---|\n| a | b |", "empty heading"),
        ("Tabell: T\n\n| A | B |\n|---|---|\n| **a** | b |", "a table cell holds more than text"),
        ("Tabell: *T*\n\n| A | B |\n|---|---|\n| a | b |", "a caption holds more than text"),
        ("Tabell: T\n\nInget.", "no table follows the caption 'T'"),
        ("Tabell: T", "no table follows the caption 'T'"),
        ("[här](lokal.html)", "the link to 'lokal.html' leads nowhere"),
        ("[här](file:///etc/passwd)", "leads nowhere"),
        ("[här](javascript:alert(1))", "leads nowhere"),
        ("[](https://example.org)", "has no text"),
        ("[](#tabell-saknas)", "nothing is called #tabell-saknas"),
        ("Tecken \x07 här", "control character U+0007"),
    ],
)
def test_what_stops_the_export_names_the_cell(content: Any, what: str) -> None:
    with pytest.raises(ExportError) as caught:
        read("## Före", content, "### Efter")
    problems = [str(problem) for problem in caught.value.problems]
    source = content if isinstance(content, str) else content["source"]
    assert any(what in problem and problem.startswith("cell 3 (") for problem in problems), problems
    assert source.splitlines()[0].strip()[:10] in problems[0]
    read("## Före", "### Efter")


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ExportError) as caught:
        read("# A", code_cell("show(f)", figure_output(alt="")), "[^x] <b>", code_cell("show(t)", ERROR))
    cells = [problem.file.split(" (")[0] for problem in caught.value.problems]
    assert cells == ["cell 2", "cell 3", "cell 4", "cell 5", "cell 4"]
    assert str(caught.value).count("\n") == 4


def test_a_key_names_one_thing() -> None:
    with pytest.raises(ExportError, match="the key 'svar' is used twice"):
        read(TABLE, TABLE)


@pytest.mark.parametrize(("calls", "times"), [(0, 0), (2, 2)])
def test_a_document_is_described_once(calls: int, times: int) -> None:
    notebook = notebook_of("Text.")
    described = notebook["cells"].pop(0)
    notebook["cells"] = [copy.deepcopy(described) for _ in range(calls)] + notebook["cells"]
    with pytest.raises(ExportError, match=rf"the notebook: describe\(…\) is called {times} times"):
        read_notebook(notebook)


def test_a_wrong_description_is_named() -> None:
    wrong = code_cell("describe()", displayed(DOCUMENT_MIME, {**DESCRIPTION, "title": "", "date": "i går"}))
    with pytest.raises(ExportError, match=r"cell 2 \(describe\(\)\): .*title is empty; date: 'i går'"):
        read(wrong, "Text.")


def test_an_empty_or_old_notebook_is_refused() -> None:
    with pytest.raises(ExportError, match="nothing is shown"):
        read_notebook({"nbformat": 4, "cells": []})
    with pytest.raises(ExportError, match="format 3"):
        read_notebook({"nbformat": 3, "worksheets": []})


def valid(notebook: dict[str, Any]) -> Any:
    """Return the notebook with everything that the file format asks for."""
    for number, cell in enumerate(notebook["cells"], start=1):
        cell["id"] = f"cell-{number}"
        if cell["cell_type"] == "code":
            cell["execution_count"] = number
    return nbformat.from_dict(notebook)


@pytest.mark.parametrize("to", ["appendix_html", "appendix_pdf", "appendix_docx"])
def test_nbconvert_names_the_cell_in_a_sentence_and_shows_no_traceback(to: str, tmp_path: Path) -> None:
    nbformat.write(valid(notebook_of("## Rubrik", "#### För djupt")), tmp_path / "fel.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", to, "fel.ipynb"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    said = [line for line in result.stderr.splitlines() if "Converting notebook" not in line]
    assert len(said) == 1
    assert said[0].endswith(
        "cell 3 (#### För djupt): the heading 'För djupt' skips from level 2 to 4. Begin it with ###."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["fel.ipynb"]


def test_another_program_gets_the_error_and_goes_on() -> None:
    notebook = valid(notebook_of("#### För djupt"))
    with pytest.raises(ExportError, match=r"cell 2 .*skips from level 1 to 4"):
        AppendixPDF().from_notebook_node(notebook)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Arbetet fungerar väl.", "Arbetet fungerar väl"),
        ("Planer, program m.m.", "Planer, program m.m."),
        ("Hur går det?", "Hur går det?"),
        ("Och sedan …", "Och sedan …"),
        ("Och sedan...", "Och sedan..."),
        (".", "."),
    ],
)
def test_a_caption_has_no_full_stop(document_of: Callable[..., Document], given: str, kept: str) -> None:
    (block,) = document_of(Table(given, [Column("a", "A"), Column("b", "B")], [["x", "y"]])).blocks
    assert isinstance(block, TableBlock)
    assert block.caption == block.short_caption == kept
