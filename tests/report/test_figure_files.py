"""The figures as files: whole pictures of the right size, which say what they show and where they come from."""

from __future__ import annotations

import io
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageChops

from analysis.report import figure_files
from analysis.report.blocks import Description, Document, ExportError, Figure, Quote

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt" viewBox="0 0 72 36">{}</svg>'
BAR = SVG.format('<rect x="0" y="0" width="36" height="36" fill="#0f4c75"/>')
ABOUT = Description(
    title="Bilaga 1. Resultat", year="2021", publisher="Socialförvaltningen", date="2021-10-19"
)
NS = "{http://www.w3.org/2000/svg}"


def figure(**changed: object) -> Figure:
    given = Figure(
        "Svar (n = 16) < 18", "Staplar & tal: störst ”Östermalm” 9 av 16.", BAR, key="svar", number=3
    )
    return replace(given, **changed)


def document(*figures: Figure, marks: tuple[str, ...] = ()) -> Document:
    return Document(replace(ABOUT, marks=marks), figures)


def test_each_figure_is_a_vector_and_a_picture() -> None:
    made = figure_files.files(document(figure(), figure(number=12, key="")))
    assert list(made) == ["diagram-03-svar.svg", "diagram-03-svar.png", "diagram-12.svg", "diagram-12.png"]


def test_the_marks_stay_with_a_figure_that_leaves_its_page() -> None:
    made = figure_files.files(document(figure(), marks=("UTKAST", "SYNTETISKA EXEMPELDATA")))
    assert list(made) == [f"diagram-03-svar-utkast-syntetiska-exempeldata.{kind}" for kind in ("svg", "png")]
    for content in made.values():
        assert "UTKAST · SYNTETISKA EXEMPELDATA." in content.decode("utf-8", "ignore")


def test_the_vector_says_what_it_shows_and_draws_the_same() -> None:
    given = figure(notes=("Bas: alla.",), source="Enkäten")
    content = figure_files.files(document(given))["diagram-03-svar.svg"]
    root = ElementTree.fromstring(content)
    assert (root.attrib["role"], root.attrib["{http://www.w3.org/XML/1998/namespace}lang"]) == ("img", "sv")
    assert [child.tag for child in root] == [f"{NS}title", f"{NS}desc", f"{NS}rect"]
    assert root[0].text == "Diagram 3. Svar (n = 16) < 18"
    assert root[1].text == (
        "Staplar & tal: störst ”Östermalm” 9 av 16. "
        "Ur ”Bilaga 1. Resultat”, Socialförvaltningen, 19 oktober 2021. Bas: alla. Källa: Enkäten"
    )
    drawn = figure_files.picture(replace(given, svg=content.decode()), 100)
    assert drawn == figure_files.picture(given, 100)


def test_the_picture_has_its_size_on_paper_and_its_words() -> None:
    content = figure_files.files(document(figure()))["diagram-03-svar.png"]
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        assert image.size == (300, 150)  # 72 × 36 points: one inch by a half
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert image.info["Title"] == "Diagram 3. Svar (n = 16) < 18"
        assert image.info["Description"] == "Staplar & tal: störst ”Östermalm” 9 av 16."
        assert image.info["Description"].lang == "sv"
        assert image.info["Source"].startswith("Ur ”Bilaga 1. Resultat”")
        colours = image.convert("RGBA")
        assert colours.getpixel((10, 10)) == (0x0F, 0x4C, 0x75, 255)
        assert colours.getpixel((290, 10)) != colours.getpixel((10, 10))
        plain = Image.open(io.BytesIO(figure_files.picture(figure(), 300))).convert("RGBA")
        assert ImageChops.difference(colours, plain).getbbox() is None


def test_figures_within_other_blocks_are_found() -> None:
    quoted = Document(ABOUT, (Quote((figure(),)),))
    assert len(figure_files.files(quoted)) == 2


def test_a_document_without_figures_has_no_files() -> None:
    assert figure_files.files(document()) == {}


def test_the_same_figures_give_the_same_bytes(sample: Document) -> None:
    first, second = figure_files.files(sample), figure_files.files(sample)
    assert first == second
    assert len(first) == 2 * sum(isinstance(block, Figure) for block in sample.blocks) > 0


def test_what_cannot_be_drawn_names_every_cell() -> None:
    wrong = [figure(svg=SVG.format("<rect"), cell=f"cell {n}") for n in (4, 7)]
    with pytest.raises(ExportError) as caught:
        figure_files.files(document(wrong[0], figure(), wrong[1]))
    assert [problem.file for problem in caught.value.problems] == ["cell 4", "cell 7"]
    assert "cannot be drawn" in str(caught.value)
