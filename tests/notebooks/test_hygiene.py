"""The notebooks: readable from top to bottom, without code that belongs in the package, without outputs."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pandas as pd
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
APPENDICES = [path for path in NOTEBOOKS if path.name.startswith("appendix_")]
ABSOLUTE = re.compile(r"""["'](?:/[A-Za-z]|~|[A-Za-z]:[\\/]|file:)""")

ALLOWED_IN_AN_APPENDIX = {
    "analysis.privacy.release": {"read_results"},
    "analysis.project": {"Project"},
    "analysis.report": None,
    "analysis.report.document": None,
}
"""What an appendix may import, and which names of it; None for all."""


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    return nbformat.read(request.param, as_version=4)


def code(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_the_notebooks_are_those_of_the_design() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "1_clean", "2_code", "3_analyse", "4_compare",
        "appendix_administration", "appendix_quality", "appendix_results", "appendix_years",
    ]  # fmt: skip


def test_code_is_short_and_defines_nothing(notebook: nbformat.NotebookNode) -> None:
    for source in code(notebook):
        assert len(source.splitlines()) <= 14
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda)
            assert not isinstance(node, ast.Try | ast.Global | ast.While)


def test_code_knows_no_machine(notebook: nbformat.NotebookNode) -> None:
    for source in code(notebook):
        assert "sys.path" not in source
        assert not ABSOLUTE.search(source)
        assert not re.search(r"^\s*[%!]", source, re.MULTILINE)
        assert "open(" not in source
        assert "os." not in source


def test_nothing_is_stored_but_the_text(notebook: nbformat.NotebookNode) -> None:
    for cell in notebook.cells:
        assert cell.cell_type in ("markdown", "code")
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
        assert set(cell.metadata) <= {"tags"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert "version" not in notebook.metadata.get("language_info", {})
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_one_cell_holds_the_parameters(notebook: nbformat.NotebookNode) -> None:
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    assert tags.count("parameters") == 1
    assert set(tags) <= {"parameters", "remove-cell", "remove-output"}
    cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    names = [target.id for line in ast.parse(cell.source).body for target in line.targets]
    assert names[:2] == ["year", "root"]


def test_the_first_cell_says_what_is_read_and_written(notebook: nbformat.NotebookNode) -> None:
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    text = first.source.lower()
    assert "reads" in text
    assert re.search(r"\b(writes|adds|becomes)\b", text)
    assert re.search(r"`(data|outputs)/", text)


@pytest.mark.parametrize("path", APPENDICES, ids=lambda path: path.stem)
def test_an_appendix_reaches_released_results_only(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for source in code(notebook):
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, ast.Import), source
            if isinstance(node, ast.ImportFrom):
                assert node.module in ALLOWED_IN_AN_APPENDIX
                names = ALLOWED_IN_AN_APPENDIX[node.module]
                assert names is None or {alias.name for alias in node.names} <= names
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "project":
                assert node.attr in ("results", "name")
            if isinstance(node, ast.Name):
                assert node.id not in ("__import__", "eval", "exec", "getattr", "globals")
    everything = "\n".join(cell.source for cell in notebook.cells)
    assert "processed" not in everything
    assert "data/raw" not in everything


@pytest.mark.parametrize("path", APPENDICES, ids=lambda path: path.stem)
def test_what_readers_see_of_an_appendix_is_swedish(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    seen = [
        cell.source
        for cell in cells
        if cell.cell_type == "markdown" and "remove-cell" not in cell.metadata.get("tags", [])
    ]
    assert seen
    words = set(re.findall(r"\w+", " ".join(seen).lower()))
    assert not words & {"the", "and", "of", "answers", "this", "which", "results"}


def loopback() -> bool:
    """Return whether this machine reaches itself: plain papermill talks to its kernel through ports."""
    with socket.socket() as server, socket.socket() as client:
        try:
            server.bind(("127.0.0.1", 0))
            server.listen()
            client.connect(server.getsockname())
        except OSError:
            return False
    return True


@pytest.mark.skipif(not loopback(), reason="this machine has no loopback network")
def test_plain_papermill_runs_a_notebook_from_any_folder(
    project_copy: Callable[..., Path], home: Path, tmp_path: Path
) -> None:
    root = project_copy(2021)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, "-m", "papermill", home / "notebooks" / "1_clean.ipynb", "out.ipynb"]
    command += ["-p", "year", "2021", "-p", "root", root, "--no-progress-bar"]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "out.ipynb").is_file()
    submissions = pd.read_parquet(root / "data" / "processed" / "2021" / "submissions.parquet")
    assert len(submissions) == 17
