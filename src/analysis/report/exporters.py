"""The formats of an appendix as nbconvert knows them: ``jupyter nbconvert --to appendix_html notebook.ipynb``."""

from __future__ import annotations

from typing import Any, Protocol

from nbconvert.exporters import Exporter
from traitlets.config import Application

from analysis.report import html, pdf, word
from analysis.report.blocks import Document, ExportError
from analysis.report.document import read_notebook


class Renderer(Protocol):
    """A module that writes a document in its format."""

    def render(self, document: Document, /) -> str | bytes:
        """Return the content of the file."""


class _Appendix(Exporter):
    """An executed notebook to one file: read into the block model, and rendered from there."""

    renderer: Renderer

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> Any:
        """Return the content of the file, and nbconvert's resources.

        Raises
        ------
        ExportError
            As `read_notebook` and the renderer. On the command line its sentences are all that is shown, and
            the program ends with exit code 1.
        """
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        try:
            return self.renderer.render(read_notebook(nb)), resources
        except ExportError as error:
            _end_command_line(error)
            raise


def _end_command_line(error: ExportError) -> None:
    """End ``jupyter nbconvert`` with what is wrong; nbconvert itself would show where in our code it was seen.

    Do nothing in any other program, such as JupyterLab, which shows the error in its own way.
    """
    from nbconvert.nbconvertapp import NbConvertApp

    program = Application.instance() if Application.initialized() else None
    if isinstance(program, NbConvertApp):
        for problem in error.problems:
            program.log.error(str(problem))
        program.exit(1)


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
