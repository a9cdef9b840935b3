"""The appendices of the example years in a real browser: on wide and narrow screens, light, dark and on paper.

One page of each kind of the newest year, and with SOAK=1 all pages of all years.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pymupdf
import pytest
from playwright.sync_api import Browser, Page

COMMON = ("bilaga-1-resultat", "bilaga-2-kvalitet", "bilaga-3-jamforelse")
UNITS = ("complete", "none")
"""Of the administrations: the first that answered in full, and the first that did not answer."""

Faults = Callable[[Page], str]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Return a page that is used again and again."""
    page = browser.new_page()
    yield page
    page.close()


def kinds(outputs: Path) -> dict[str, Path]:
    """Return a page of each kind."""
    response = pd.read_csv(outputs / "2023" / "results" / "response.csv")
    units = {status: response.loc[response["status"] == status, "unit_id"].iloc[0] for status in UNITS}
    return {
        **{name: outputs / "2023" / f"{name}.html" for name in COMMON},
        **{status: outputs / "2023" / "forvaltningar" / f"{unit}.html" for status, unit in units.items()},
        "index": outputs / "index.html",
    }


def opened(page: Page, path: Path) -> list[str]:
    """Open a file; return what it asked for from elsewhere and complained about."""
    heard: list[str] = []
    hear = {
        "request": lambda request: heard.append(request.url),
        "console": lambda message: heard.append(message.text),
        "pageerror": lambda error: heard.append(str(error)),
    }
    for what, listener in hear.items():
        page.on(what, listener)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(path.as_uri(), wait_until="load")
    for what, listener in hear.items():
        page.remove_listener(what, listener)
    own = (path.as_uri(), "data:image/svg+xml")
    return [text for text in heard if not text.startswith(own)]


def check_screens(page: Page, axe: Faults) -> None:
    """Check that axe finds nothing on any screen, also in what is folded, and that nothing is beyond the page."""
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert axe(page) == ""
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        beyond = """[...document.querySelectorAll('body *')].filter(element =>
            !element.closest('.scroll, .skip') && element.getBoundingClientRect().right > innerWidth + 1
        ).map(element => element.outerHTML.slice(0, 80))"""
        assert page.evaluate(beyond) == []


def check_frames(page: Page) -> None:
    """Check that all that scrolls sideways on this screen is a named stop of the keyboard, and nothing else is."""
    frames = page.evaluate(
        """[...document.querySelectorAll('main *')]
            .filter(e => /auto|scroll/.test(getComputedStyle(e).overflowX))
            .map(e => [e.scrollWidth > e.clientWidth + 1, e.tabIndex,
                       document.getElementById(e.getAttribute('aria-labelledby') ?? '')?.textContent
                         ?? e.getAttribute('aria-label') ?? ''])"""
    )
    for scrolls, tab_index, name in frames:
        assert not scrolls or tab_index == 0
        assert tab_index < 0 or re.match(r"(Tabell|Diagram) \d+\.", name.strip()), name
    if any(scrolls for scrolls, _, _ in frames):
        scroll = "[...document.querySelectorAll('main .scroll')].find(e => e.scrollWidth > e.clientWidth + 1)"
        page.evaluate(f"{scroll}.focus()")
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(400)  # the page's own policy forbids Playwright's wait_for_function
        assert page.evaluate(f"{scroll}.scrollLeft") > 0


def check_pictures(page: Page) -> int:
    """Check that each picture is there and told in words of its own, with its numbers; return how many there are."""
    pictures = page.evaluate(
        "[...document.images].map(i => [i.getAttribute('alt'), i.complete && i.naturalWidth])"
    )
    for alt, size in pictures:
        assert size > 100
        assert len(alt) >= 15, alt
        assert " " in alt
        assert not re.search(
            r"\.(svg|png|jpe?g)\b|^(figur|bild|diagram)\W*\d*$", alt.strip(), re.IGNORECASE
        ), alt
        assert re.search(r"\d", alt), alt  # what the figure says, not only what it is about
    assert len({alt for alt, _ in pictures}) == len(pictures)
    return len(pictures)


def check_paper(page: Page) -> None:
    """Check that the printed pages hold every cell of every table, and that nothing goes beyond their edges."""
    cells = page.evaluate("[...document.querySelectorAll('main :is(th, td)')].map(cell => cell.textContent)")
    with pymupdf.open(stream=page.pdf(prefer_css_page_size=True)) as printed:
        texts = [sheet.get_text() for sheet in printed]
        for sheet in printed:
            words = sheet.get_text("words")
            assert max((word[2] for word in words), default=0) < sheet.rect.width - 30, sheet.number
            assert max((word[3] for word in words), default=0) < sheet.rect.height - 15, sheet.number
    whole = re.sub(r"\s+", "", "".join(texts))
    for cell in set(cells):
        for word in cell.split():
            assert word in whole, cell
    assert all(f"Sida {n} av {len(texts)}" in text for n, text in enumerate(texts, start=1))


@pytest.mark.parametrize("kind", [*COMMON, *UNITS, "index"])
def test_a_page_of_each_kind(page: Page, axe: Faults, example_years: Path, kind: str) -> None:
    assert opened(page, kinds(example_years / "outputs")[kind]) == []
    assert page.locator("script").count() == 0
    check_screens(page, axe)
    check_frames(page)  # on the narrow screen
    pictures = check_pictures(page)
    assert pictures > 15 if kind == "bilaga-1-resultat" else True
    check_paper(page)


def test_the_index_leads_to_everything_that_is_published(page: Page, example_years: Path) -> None:
    outputs = example_years / "outputs"
    opened(page, outputs / "index.html")
    targets = page.evaluate("[...document.querySelectorAll('main a')].map(link => link.getAttribute('href'))")
    published = [
        p
        for p in outputs.glob("20*/**/*")
        if p.suffix in (".html", ".pdf", ".docx", ".xlsx", ".svg", ".png") and "results" not in p.parts
    ]
    assert sorted(targets) == sorted(p.relative_to(outputs).as_posix() for p in published)


@pytest.mark.skipif(os.environ.get("SOAK") != "1", reason="a long campaign: make soak")
def test_all_pages_of_all_years(page: Page, axe: Faults, example_years: Path) -> None:
    paths = sorted((example_years / "outputs").rglob("*.html"))
    assert len(paths) > 40
    for path in paths:
        assert opened(page, path) == [], path
        assert page.locator("script").count() == 0, path
        check_screens(page, axe)
        check_frames(page)
        check_pictures(page)
        check_paper(page)
