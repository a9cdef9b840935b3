"""The HTML file in a real browser: accessible, without requests or scripts, readable on a narrow screen, printable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pymupdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

Scheme = Literal["light", "dark"]
Open = Callable[[int, Scheme], tuple[Page, list[str]]]

SCREENS = pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (320, "light"), (320, "dark")]
)


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
def test_axe_finds_nothing(open_page: Open, width: int, scheme: Scheme) -> None:
    page, _ = open_page(width, scheme)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_axe_would_find_a_fault(open_page: Open) -> None:
    page, _ = open_page(1280, "light")
    page.evaluate("document.querySelector('img').removeAttribute('alt')")
    assert "image-alt" in Axe().run(page).generate_snapshot()


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


@SCREENS
def test_only_tables_scroll_sideways(open_page: Open, width: int, scheme: Scheme) -> None:
    page, _ = open_page(width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = """[...document.querySelectorAll('body *')].filter(element =>
        !element.closest('.scroll, .skip') && element.getBoundingClientRect().right > innerWidth + 1
    ).map(element => element.outerHTML.slice(0, 80))"""
    assert page.evaluate(beyond) == []
    wider = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
    )
    assert wider >= (3 if width == 320 else 0)


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
    assert page.evaluate(colour, "img") == "rgb(255, 255, 255)"
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
    assert "".join("".join(texts).split()).count("".join(words.split())) >= 10
