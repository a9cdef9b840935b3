"""Debian's Chromium for the tests, pages written from the sample notebook of the exporters, and an index of pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat import NotebookNode
from playwright.sync_api import Browser, Page, sync_playwright

from analysis.report import figure_files, html, index
from analysis.report.document import read_notebook

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""The rules of axe, by their tags: more than the law asks for."""


def missing(reason: str) -> NoReturn:
    """Skip a test whose tool is not there, or fail where REQUIRE_BROWSER=1 is set."""
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def tool() -> Callable[[str, str, str], str]:
    """Return a function that finds a program by a variable of the environment or its name on PATH."""

    def find(variable: str, name: str, how: str) -> str:
        return os.environ.get(variable) or shutil.which(name) or missing(f"{name} is not installed ({how})")

    return find


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Chromium; without it the tests are skipped, or fail where REQUIRE_BROWSER=1 is set."""
    program = shutil.which("chromium") or missing(
        "Chromium is not installed (on Debian: apt-get install chromium)"
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], str]:
    """Return a function that says what axe finds wrong with a page; it says nothing where nothing is wrong."""

    def faults(page: Page) -> str:
        options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}}
        found = Axe().run(page, options=options)
        assert len(found.response["passes"]) > 10  # the rules did look at something
        return found.generate_report() if found.violations_count else ""

    return faults


@pytest.fixture(scope="session")
def appendix_page(tmp_path_factory: pytest.TempPathFactory, sample_notebook: NotebookNode) -> Path:
    """Return the HTML file of the executed sample notebook."""
    path = tmp_path_factory.mktemp("browser") / "bilaga.html"
    path.write_text(html.render(read_notebook(sample_notebook)), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def index_page(
    tmp_path_factory: pytest.TempPathFactory, appendix_page: Path, sample_notebook: NotebookNode
) -> Path:
    """Return an index over two years of appendices, with every format."""
    outputs = tmp_path_factory.mktemp("outputs")
    for year in ("2021", "2022"):
        (outputs / year / "forvaltningar").mkdir(parents=True)
        for name in ("bilaga-1-resultat", "forvaltningar/bromma"):
            shutil.copyfile(appendix_page, outputs / year / f"{name}.html")
            (outputs / year / f"{name}.pdf").write_bytes(b"%PDF")
            (outputs / year / f"{name}.docx").write_bytes(b"PK")
        (outputs / year / "tabeller.xlsx").write_bytes(b"PK")
        figures = outputs / year / "figurer" / "bilaga-1-resultat"
        figures.mkdir(parents=True)
        for name, content in figure_files.files(read_notebook(sample_notebook)).items():
            (figures / name).write_bytes(content)
    return index.write(outputs)
