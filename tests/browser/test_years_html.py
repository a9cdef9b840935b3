"""The appendices of the example years in a real browser, on a wide and on a narrow screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

COMMON = ("bilaga-1-resultat", "bilaga-2-kvalitet", "bilaga-3-jamforelse")
UNITS = ("complete", "none")
"""Of the administrations: the first that answered in full, and the first that did not answer."""

PAGES = [
    (y, name) for y in (2021, 2022, 2023) for name in (*COMMON, *UNITS) if (y, name) != (2021, COMMON[2])
]


@pytest.fixture(params=PAGES, ids=lambda page: f"{page[0]}-{page[1]}")
def path(request: pytest.FixtureRequest, example_years: Path) -> Path:
    year, name = request.param
    outputs = example_years / "outputs" / str(year)
    if name in UNITS:
        response = pd.read_csv(outputs / "results" / "response.csv")
        name = f"forvaltningar/{response.loc[response['status'] == name, 'unit_id'].iloc[0]}"
    return outputs / f"{name}.html"


@pytest.fixture
def opened(browser: Browser, path: Path) -> Iterator[tuple[Page, list[str]]]:
    """Return the page, and what it asked for and complained about."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    heard: list[str] = []
    page.on("request", lambda request: heard.append(request.url))
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.goto(path.as_uri(), wait_until="load")
    yield page, heard
    page.close()


def test_an_appendix_is_accessible_and_asks_for_nothing(opened: tuple[Page, list[str]], path: Path) -> None:
    page, heard = opened
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        beyond = """[...document.querySelectorAll('body *')].filter(element =>
            !element.closest('.scroll, .skip') && element.getBoundingClientRect().right > innerWidth + 1
        ).map(element => element.outerHTML.slice(0, 80))"""
        assert page.evaluate(beyond) == []
    own = (path.as_uri(), "data:image/svg+xml")
    assert [url for url in heard if not url.startswith(own)] == []
    assert page.locator("script").count() == 0
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
    if "bilaga-1" in path.name:
        assert len(pictures) > 15
