"""A realistic executed notebook, and small documents, for the tests of the exporters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.report.blocks import Document
from analysis.report.document import DOCUMENT_MIME, TABLE_MIME, read_notebook
from analysis.report.tables import Table

ABOUT = {"title": "Provbilaga", "year": "2021", "publisher": "Socialförvaltningen", "date": "2021-10-19"}


@pytest.fixture(scope="session")
def sample_path() -> Path:
    return Path(__file__).with_name("sample.ipynb")


@pytest.fixture(scope="session")
def sample(sample_notebook: dict[str, Any]) -> Document:
    return read_notebook(sample_notebook)


@pytest.fixture(scope="session")
def document_of() -> Callable[..., Document]:
    """Return a function that makes a document of Markdown texts and tables."""

    def cell(output: dict[str, Any], source: str) -> dict[str, Any]:
        shown = {"output_type": "display_data", "data": output, "metadata": {}}
        return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [shown]}

    def make(*contents: str | Table, **about: Any) -> Document:
        cells = [cell({DOCUMENT_MIME: {**ABOUT, **about}}, "describe(…)")]
        for content in contents:
            if isinstance(content, str):
                cells.append({"cell_type": "markdown", "source": content, "metadata": {}})
            else:
                cells.append(cell({TABLE_MIME: content.to_dict()}, "show(table)"))
        return read_notebook({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})

    return make
