"""The HTML file in a real browser: accessible, without requests or scripts, readable on a narrow screen, printable."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pymupdf
import pytest
from playwright.sync_api import Browser, Page

Scheme = Literal["light", "dark"]
Open = Callable[[int, Scheme], tuple[Page, list[str]]]
Faults = Callable[[Page], str]

SCREENS = pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (320, "light"), (320, "dark")]
)

UNFOLD = "document.querySelectorAll('details').forEach(details => details.open = true)"

LOOSE_TEXT = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
p { margin-bottom: 2em !important; }"""
"""The spacing of WCAG 1.4.12."""


@pytest.fixture
def open_page(browser: Browser, appendix_page: Path) -> Iterator[Open]:
    """Return a function that opens the file at a width, and what it asked for and complained about."""
    pages = []

    def load(width: int, scheme: Scheme = "light") -> tuple[Page, list[str]]:
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        pages.append(page)
        heard: list[str] = []
        page.on("request", lambda request: heard.append(request.url))
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.goto(appendix_page.as_uri(), wait_until="load")
        return page, heard

    yield load
    for page in pages:
        page.close()


@SCREENS
def test_axe_finds_nothing(open_page: Open, axe: Faults, width: int, scheme: Scheme) -> None:
    page, _ = open_page(width, scheme)
    for change in ("0", UNFOLD):
        page.evaluate(change)
        assert axe(page) == ""


@SCREENS
def test_axe_finds_nothing_in_the_index(
    browser: Browser, index_page: Path, axe: Faults, width: int, scheme: Scheme
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(index_page.as_uri(), wait_until="load")
    for change in ("0", UNFOLD):
        page.evaluate(change)
        assert axe(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="Bilaga 1. Resultat").first.click()
    assert page.url == index_page.with_name("2022").joinpath("bilaga-1-resultat.html").as_uri()
    page.close()


def test_axe_would_find_a_fault(open_page: Open, axe: Faults) -> None:
    page, _ = open_page(1280, "light")
    page.evaluate("document.querySelector('img').removeAttribute('alt')")
    assert "image-alt" in axe(page)


def test_the_file_asks_for_nothing_and_runs_nothing(open_page: Open, appendix_page: Path) -> None:
    page, heard = open_page(1280, "light")
    outside = [
        url for url in heard if url != appendix_page.as_uri() and not url.startswith("data:image/svg+xml")
    ]
    assert outside == []
    assert page.locator("script").count() == 0
    sizes = page.evaluate("[...document.images].map(image => image.complete && image.naturalWidth)")
    assert len(sizes) == 1
    assert all(size > 100 for size in sizes)


@pytest.mark.parametrize("loose", [False, True])
@pytest.mark.parametrize("width", [320, 640, 1152, 1280])
def test_only_tables_and_figures_scroll_sideways(open_page: Open, width: int, loose: bool) -> None:
    """320 pixels are 1280 at 400 %, and 640 are 1280 at 200 %."""
    page, _ = open_page(width, "light")
    page.evaluate(UNFOLD)
    if loose:
        page.add_style_tag(content=LOOSE_TEXT)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = """[...document.querySelectorAll('body *')].filter(element =>
        !element.closest('.scroll, .skip') && element.getBoundingClientRect().right > innerWidth + 1
    ).map(element => element.outerHTML.slice(0, 80))"""
    assert page.evaluate(beyond) == []
    wider = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
    )
    assert wider >= (4 if width == 320 else 0)
    cut = """[...document.querySelectorAll('body *')].filter(element =>
        getComputedStyle(element).overflowY === 'hidden' && element.clientHeight > 1 &&
        element.scrollHeight > element.clientHeight + 1).map(element => element.outerHTML.slice(0, 80))"""
    assert page.evaluate(cut) == []


@pytest.mark.parametrize("width", [320, 500, 640, 900, 1152, 1280, 1700])
def test_a_hint_stands_exactly_where_there_is_more_to_the_side(open_page: Open, width: int) -> None:
    page, _ = open_page(width, "light")
    page.evaluate(UNFOLD)
    found = page.evaluate(
        """[...document.querySelectorAll('.scroll')].map(frame => {
            const caption = frame.querySelector('caption') ?? frame.parentElement.querySelector('figcaption')
            const hint = getComputedStyle(caption, '::after')
            return [frame.scrollWidth > frame.clientWidth, parseFloat(hint.paddingBottom) > 10]
        })"""
    )
    assert len(found) == 6
    assert [hint for _, hint in found] == [more for more, _ in found]
    assert width > 320 or sum(more for more, _ in found) >= 4


def test_a_figure_is_never_too_small_to_read(open_page: Open) -> None:
    page, _ = open_page(320, "light")
    width = page.locator("img").evaluate("image => image.clientWidth / image.naturalWidth")
    assert width > 0.95
    frame = page.get_by_role("group", name="Diagram 1.")
    frame.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert frame.evaluate("element => element.scrollLeft") > 0


def test_the_contents_stay_beside_the_text_on_a_wide_screen(open_page: Open) -> None:
    for width, stays in ((1280, True), (1000, False)):
        page, _ = open_page(width, "light")
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
        box = page.locator("nav").bounding_box()
        text = page.locator("main").bounding_box()
        assert box is not None
        assert text is not None
        assert (box["y"] > 0) == stays
        assert (box["x"] + box["width"] <= text["x"]) == stays
        assert not stays or box["y"] + box["height"] <= 800


def test_a_link_leads_to_a_table_below_the_marks(open_page: Open, appendix_page: Path) -> None:
    page, _ = open_page(320, "light")
    page.goto(f"{appendix_page.as_uri()}#tabell-5")
    table, marks = page.locator("#tabell-5").bounding_box(), page.locator(".marks").bounding_box()
    assert table is not None
    assert marks is not None
    assert marks["y"] + marks["height"] <= table["y"] < 400
    assert page.locator("#tabell-5 table").is_hidden()  # folded, and named by its summary
    page.locator("#tabell-5 summary").press("Enter")
    assert page.get_by_role("table", name="Tabell 5. Aktiviteter som förvaltningarna uppger").is_visible()


def test_a_table_is_saved_without_a_request(open_page: Open, tmp_path: Path) -> None:
    page, heard = open_page(1280, "light")
    before = len(heard)
    with page.expect_download() as started:
        page.get_by_role("link", name="Hämta tabell 2 för Excel").click()
    name = started.value.suggested_filename
    assert re.fullmatch(r"bilaga-1-resultat-[a-z0-9-]+-tabell-2-utkast-syntetiska-exempeldata\.csv", name)
    started.value.save_as(tmp_path / name)
    first, second, third, _ = (tmp_path / name).read_bytes().split(b"\r\n")[:4]
    assert first.startswith(b"\xef\xbb\xbfF\xc3\xb6rvaltningar;I h\xc3\xb6g grad;")
    assert second.decode() == "Stadsdelsförvaltningar;7;4;0;1;12;2,6"
    assert third.decode() == "Fackförvaltningar;2;..;0;..;5;.."
    assert [url for url in heard[before:] if not url.startswith("data:text/csv")] == []


def test_forced_colours_leave_everything_in_sight(open_page: Open, axe: Faults) -> None:
    page, _ = open_page(1280, "light")
    page.emulate_media(forced_colors="active")
    assert page.locator(".marks").evaluate("element => getComputedStyle(element).borderTopStyle") == "solid"
    assert axe(page) == ""


def test_the_marks_stay_in_sight(open_page: Open) -> None:
    page, _ = open_page(320, "light")
    marks = page.get_by_label("Dokumentets status")
    for share in (0, 0.5, 1):
        page.evaluate("share => scrollTo(0, share * document.documentElement.scrollHeight)", share)
        box = marks.bounding_box()
        assert box is not None
        assert 0 <= box["y"] < 5
        assert box["height"] > 20
    assert "UTKAST" in marks.inner_text()


def test_the_keyboard_reaches_the_text_and_the_tables(open_page: Open) -> None:
    page, _ = open_page(320, "light")
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert skip.evaluate("element => element === document.activeElement")
    box = skip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "innehall"
    region = page.locator(".scroll").first
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)  # the page's own policy forbids Playwright's wait_for_function
    assert region.evaluate("element => element.scrollLeft") > 0
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert region.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"


def test_a_dark_screen_keeps_figures_on_white(open_page: Open) -> None:
    page, _ = open_page(1280, "dark")
    colour = "selector => getComputedStyle(document.querySelector(selector)).backgroundColor"
    assert page.evaluate(colour, ".chart .scroll") == "rgb(255, 255, 255)"
    assert page.evaluate(colour, "body") != "rgb(255, 255, 255)"


def test_every_printed_page_has_marks_and_number(open_page: Open) -> None:
    page, _ = open_page(1280, "light")
    with pymupdf.open(stream=page.pdf(prefer_css_page_size=True)) as printed:
        texts = [sheet.get_text() for sheet in printed]
        shapes = {sheet.rect.width > sheet.rect.height for sheet in printed}
    assert len(texts) > 5
    assert shapes == {True, False}
    for number, text in enumerate(texts, start=1):
        assert f"Sida {number} av {len(texts)}" in text
        assert "UTKAST · SYNTETISKA EXEMPELDATA" in text
    assert sum("Kopplad till" in text for text in texts) > 1
    words = "Utbildning i tidiga tecken för personal i förskola, skola och öppen fritidsverksamhet"
    whole = "".join("".join(texts).split())
    assert whole.count("".join(words.split())) >= 10  # in a table that is folded on a screen
    assert whole.count("Tabell5.Aktivitetersomförvaltningarnauppger") == 1
    assert "https://www.example.org/strategin" in whole
    for unneeded in ("Länktill", "Hämtatabell", "Rullaåtsidan", "Hoppatill", "54rader"):
        assert unneeded not in whole
