"""The formats of an appendix as nbconvert knows them: ``jupyter nbconvert --to appendix_html notebook.ipynb``."""

from __future__ import annotations

from typing import Any, Protocol

from nbconvert.exporters import Exporter

from analysis.report import html, pdf, word
from analysis.report.blocks import Document
from analysis.report.document import read_notebook


class Renderer(Protocol):
    """A module that writes a document in its format."""

    def render(self, document: Document, /) -> str | bytes:
        """Return the content of the file."""


class _Appendix(Exporter):  # type: ignore[misc]  # nbconvert has no types
    """An executed notebook to one file: read into the block model, and rendered from there."""

    renderer: Renderer

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> Any:
        """Return the content of the file, and nbconvert's resources."""
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        return self.renderer.render(read_notebook(nb)), resources


class AppendixHTML(_Appendix):
    """``jupyter nbconvert --to appendix_html``: an executed notebook to one HTML file."""

    file_extension = ".html"
    output_mimetype = "text/html"
    export_from_notebook = "Appendix (HTML)"
    renderer = html


class AppendixPDF(_Appendix):
    """``jupyter nbconvert --to appendix_pdf``: an executed notebook to one PDF file."""

    file_extension = ".pdf"
    output_mimetype = "application/pdf"
    export_from_notebook = "Appendix (PDF)"
    renderer = pdf


class AppendixDocx(_Appendix):
    """``jupyter nbconvert --to appendix_docx``: an executed notebook to one Word file."""

    file_extension = ".docx"
    output_mimetype = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    export_from_notebook = "Appendix (Word)"
    renderer = word
