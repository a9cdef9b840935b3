"""The page around a preview in a real browser: it reloads by itself, keeps the place, and tells what is wrong."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

PROGRAM = Path(sys.executable).with_name("analysis")

LONGEST_WAIT = 60_000
"""Milliseconds: a machine with other things to do is slow, not wrong."""


def save(home: Path, *cells: str) -> None:
    """Save the notebook of the appendix: what begins with # is Markdown."""
    describe = "from analysis.report.document import describe\n"
    describe += "describe(f'Bilaga 1 {year}', year=year, publisher='Förvaltningen', date='2023-10-19')"
    parameters = nbformat.v4.new_code_cell('year = 2022\nroot = ""\nfinal = False')
    parameters.metadata["tags"] = ["parameters"]
    made = [
        nbformat.v4.new_markdown_cell(text) if text.startswith("#") else nbformat.v4.new_code_cell(text)
        for text in (describe, *cells)
    ]
    notebook = nbformat.v4.new_notebook(cells=[parameters, *made])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, home / "notebooks" / "appendix_results.ipynb")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "1_clean.ipynb").write_text("{}", encoding="utf-8")
    results = tmp_path / "outputs" / "2023" / "results"
    results.mkdir(parents=True)
    (results / "catalogue.json").write_text("{}", encoding="utf-8")
    return tmp_path


@pytest.fixture
def address(home: Path) -> Iterator[str]:
    """Return the address of a preview that is going on."""
    save(home, "## Först" + "\n\nText." * 200)
    command = [PROGRAM, "preview", "2023", "results", "--no-browser"]
    process = subprocess.Popen(command, cwd=home, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stderr
    found = re.search(r"http://127\.0\.0\.1:\d+/", process.stderr.readline())
    assert found
    yield found[0]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)


def test_it_reloads_by_itself_keeps_the_place_and_tells_what_is_wrong(
    browser: Browser, address: str, home: Path, axe: Callable[[Page], str]
) -> None:
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.goto(address)
    frame = page.frame_locator("#frame")
    expect(frame.locator("h2").first).to_contain_text("Först", timeout=LONGEST_WAIT)
    expect(page).to_have_title("Preview: Bilaga 1 2023")
    page.frames[1].evaluate("scrollTo(0, 1500)")

    save(home, "## Sedan" + "\n\nText." * 200)
    expect(frame.locator("h2").first).to_contain_text("Sedan", timeout=LONGEST_WAIT)
    expect(page.get_by_role("status")).to_have_text(re.compile(r"Made in [\d.]+ s\."))
    assert page.frames[1].evaluate("scrollY") == 1500
    expect(page.get_by_role("alert")).to_be_hidden()

    save(home, "## Fel", "undefined_name + 1")
    expect(page.get_by_role("alert")).to_contain_text("cell 4 (undefined_name + 1)", timeout=LONGEST_WAIT)
    expect(page.get_by_role("status")).to_have_text("An older version is shown.")
    expect(frame.locator("h2").first).to_contain_text("Sedan")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert axe(page) == ""
    page.set_viewport_size({"width": 320, "height": 600})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert heard == []
    page.close()


def test_it_says_when_the_preview_has_ended(browser: Browser) -> None:
    markup = (resources.files("analysis.pipeline") / "preview.html").read_text(encoding="utf-8")
    page = browser.new_page()
    page.set_content(markup)  # with nobody to answer it
    expect(page.get_by_role("status")).to_have_text("The preview is ended.")
    page.close()
