"""Two validators of HTML over a page of each kind: html-validate (strict about style and access) and vnu (W3C's)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

import pytest

CONFIG = Path(__file__).with_name("htmlvalidate.json")
"""Every rule that its three presets hold is on."""

Tool = Callable[[str, str, str], str]
Validate = Callable[[Sequence[Path]], str]


def said(command: Sequence[str | Path]) -> str:
    """Return what a validator says; it says nothing where nothing is wrong."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    told = (done.stdout + done.stderr).strip()
    return told if done.returncode else ""


@pytest.fixture(scope="session", params=["html-validate", "vnu"])
def validate(request: pytest.FixtureRequest, tool: Tool) -> Validate:
    """Return a function that says what is wrong with pages."""
    if request.param == "html-validate":
        program = tool("HTML_VALIDATE", "html-validate", "npm install html-validate")
        return lambda pages: said([program, "--config", CONFIG, "--max-warnings", "0", *pages])
    program = tool("VNU", "vnu", "npm install vnu-jar; it needs java")
    return lambda pages: said([program, "--errors-only", *pages])


def test_the_sample_the_index_and_the_preview_are_valid(
    validate: Validate, appendix_page: Path, index_page: Path
) -> None:
    frame = Path(str(resources.files("analysis.pipeline") / "preview.html"))
    assert validate([appendix_page, index_page, frame]) == ""


def test_a_page_of_each_kind_is_valid(validate: Validate, example_years: Path) -> None:
    year = example_years / "outputs" / "2023"
    units = sorted((year / "forvaltningar").glob("*.html"))
    pages = [*sorted(year.glob("bilaga-*.html")), *units[:2], example_years / "outputs" / "index.html"]
    assert len(pages) == 6
    assert validate(pages) == ""


@pytest.mark.skipif(os.environ.get("SOAK") != "1", reason="a long campaign: make soak")
def test_all_pages_of_all_years_are_valid(validate: Validate, example_years: Path) -> None:
    pages = sorted((example_years / "outputs").rglob("*.html"))
    assert len(pages) > 40
    assert validate(pages) == ""


def test_a_fault_would_be_found(validate: Validate, appendix_page: Path, tmp_path: Path) -> None:
    markup = appendix_page.read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.html"
    wrong.write_text(markup.replace(' alt="', ' data-alt="', 1), encoding="utf-8")
    assert "alt" in validate([wrong])
