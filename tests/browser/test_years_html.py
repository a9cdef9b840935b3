"""The appendices of the example years in a real browser, on a wide and a narrow screen, light and dark.

One page of each kind of the newest year, and with SOAK=1 all pages of all years.
"""

from __future__ import annotations

import os
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


@pytest.fixture(params=(*COMMON, *UNITS))
def path(request: pytest.FixtureRequest, example_years: Path) -> Path:
    outputs, name = example_years / "outputs" / "2023", request.param
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


def check_screens(page: Page) -> None:
    """Check that axe finds nothing on any screen, also in what is folded, and that nothing is beyond the page."""
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        beyond = """[...document.querySelectorAll('body *')].filter(element =>
            !element.closest('.scroll, .skip') && element.getBoundingClientRect().right > innerWidth + 1
        ).map(element => element.outerHTML.slice(0, 80))"""
        assert page.evaluate(beyond) == []


def test_an_appendix_is_accessible_and_asks_for_nothing(opened: tuple[Page, list[str]], path: Path) -> None:
    page, heard = opened
    check_screens(page)
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


def test_the_index_is_accessible_and_leads_to_every_appendix(browser: Browser, example_years: Path) -> None:
    outputs = example_years / "outputs"
    page = browser.new_page()
    page.goto((outputs / "index.html").as_uri(), wait_until="load")
    check_screens(page)
    targets = page.evaluate("[...document.querySelectorAll('main a')].map(link => link.getAttribute('href'))")
    page.close()
    published = [p for p in outputs.glob("20*/**/*") if p.suffix in (".html", ".pdf", ".docx", ".xlsx")]
    assert sorted(targets) == sorted(p.relative_to(outputs).as_posix() for p in published)


@pytest.mark.skipif(os.environ.get("SOAK") != "1", reason="a long campaign: make soak")
def test_all_pages_of_all_years_are_accessible(browser: Browser, example_years: Path) -> None:
    paths = sorted((example_years / "outputs").rglob("*.html"))
    assert len(paths) > 40
    page = browser.new_page()
    for path in paths:
        page.goto(path.as_uri(), wait_until="load")
        check_screens(page)
    page.close()
