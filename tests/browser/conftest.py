"""Debian's Chromium for the tests, and pages written from the sample notebook of the exporters."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat import NotebookNode
from playwright.sync_api import Browser, sync_playwright

from analysis.report import html
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Chromium; without it the tests are skipped, or fail where REQUIRE_BROWSER=1 is set."""
    program = shutil.which("chromium")
    if program is None:
        reason = "Chromium is not installed (on Debian: apt-get install chromium)"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def appendix_page(tmp_path_factory: pytest.TempPathFactory, sample_notebook: NotebookNode) -> Path:
    """Return the HTML file of the executed sample notebook."""
    path = tmp_path_factory.mktemp("browser") / "bilaga.html"
    path.write_text(html.render(read_notebook(sample_notebook)), encoding="utf-8")
    return path
