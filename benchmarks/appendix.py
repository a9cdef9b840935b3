"""How long an executed notebook takes to become an appendix, and how much memory, against nbconvert's own PDF.

The notebook is synthetic: in each section a question in words, a diagram, a table and two quotes. The same notebook
goes to our HTML, PDF and Word, to nbconvert's webpdf where Chromium is installed, and to its xelatex where that is.
Every way has a process of its own. It is done once before the clock starts; seconds are the median of five, and
ratios are to our PDF of the same notebook.

    python benchmarks/appendix.py                    about 30 and 100 pages
    python benchmarks/appendix.py --sections 300     another size too (a little more than one page each)
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

SIZES = (27, 90)
OPTIONS = ("Instämmer inte alls", "Instämmer delvis", "Instämmer till stor del", "Instämmer helt", "Vet ej")
TEXT = (
    "Förvaltningen uppger att arbetet har blivit mer synligt och prioriterat, och att samverkan med skola, "
    "polis och civilsamhälle fungerar bättre än tidigare."
)


def write_notebook(path: Path, sections: int) -> None:
    """Write an executed notebook with so many sections."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    from analysis.report.document import as_quote, describe, say, show

    InteractiveShell.instance()
    cells = []
    with capture_output() as captured:
        describe("Syntetisk bilaga", year=2021, publisher="Ingen", date="2021-10-19")
        for number in range(sections):
            say(f"{'###' if number % 5 else f'## Avsnitt {number}{chr(10) * 2}###'} Fråga {number}\n\n{TEXT}")
            show(
                _figure(number),
                caption=f"Svar på fråga {number}",
                alt=f"Stapeldiagram. {TEXT}",
                source="Ingen",
            )
            show(_table(number))
            say(f"{as_quote(TEXT, 'Farsta')}\n\n{as_quote(TEXT * 2, 'Norrmalm')}")
    for number, shown in enumerate(captured.outputs, start=1):
        output = nbformat.v4.new_output("display_data", data=shown.data)
        cells.append(nbformat.v4.new_code_cell("show()", id=f"cell-{number}", outputs=[output]))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def _figure(number: int) -> Any:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.3, 2.4))
    axes.barh(OPTIONS, [(number * step) % 19 + 1 for step in range(3, 8)])
    axes.set_xlabel("Antal förvaltningar")
    return figure


def _table(number: int) -> Any:
    from analysis.report.tables import Column, Table

    columns = [
        Column("option", "Svar"),
        Column("n", "Antal", "integer"),
        Column("share", "Andel", "percent"),
        Column("mean", "Medelvärde", "decimal"),
    ]
    rows = [[o, (number * i) % 19, (number * i) % 100, number / (i + 1)] for i, o in enumerate(OPTIONS)]
    return Table(f"Svar på fråga {number}", columns, rows, notes=[TEXT], source="Ingen")


def export(format_: str, path: Path) -> Any:
    """Return the notebook in one of our formats."""
    from analysis.report import html, pdf, word
    from analysis.report.document import read_notebook

    return {"html": html, "pdf": pdf, "docx": word}[format_].render(read_notebook(path))


def export_webpdf(path: Path) -> Any:
    """Return the notebook as nbconvert's webpdf, by the system's Chromium."""
    from nbconvert import WebPDFExporter

    _use_installed_chromium()
    return WebPDFExporter(disable_sandbox=os.geteuid() == 0).from_filename(str(path))[0]


@functools.cache
def _use_installed_chromium() -> None:
    """Let playwright, which nbconvert calls, start the Chromium of the system instead of one of its own."""
    from playwright.async_api import BrowserType

    program = shutil.which("chromium")
    BrowserType.launch = functools.partialmethod(BrowserType.launch, executable_path=program)


def export_xelatex(path: Path) -> Any:
    """Return the notebook as nbconvert's PDF by way of LaTeX."""
    from nbconvert import PDFExporter

    return PDFExporter().from_filename(str(path))[0]


OURS: dict[str, Callable[[Path], Any]] = {
    name: functools.partial(export, name) for name in ("pdf", "html", "docx")
}
WAYS: dict[str, Callable[[Path], Any]] = {**OURS, "webpdf": export_webpdf, "xelatex": export_xelatex}
PROGRAMS = {"webpdf": "chromium", "xelatex": "xelatex"}
"""What must be installed for nbconvert's own ways."""


def measure(way: str, path: Path, times: int) -> None:
    """Do it once, then so many times by the clock; print the median of seconds, and memory and pages of the once.

    Typst keeps what it made in its last ten runs, for an editor's sake: memory is that of one document.
    """
    made = WAYS[way](path)
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        WAYS[way](path)
        seconds.append(time.perf_counter() - start)
    print(
        json.dumps({"seconds": statistics.median(seconds), "megabytes": peak / 1024, "pages": _pages(made)})
    )


def _pages(made: str | bytes) -> int:
    """Return how many pages a PDF has; 0 for another file."""
    import pikepdf

    if not isinstance(made, bytes) or not made.startswith(b"%PDF"):
        return 0
    with pikepdf.open(io.BytesIO(made)) as file:
        return len(file.pages)


def measured(way: str, path: Path, times: int) -> dict[str, float]:
    """Return what `measure` prints in a process of its own."""
    command = [sys.executable, __file__, "--measure", way, str(path), "--times", str(times)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{way} failed:\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print a table of sizes and ways with seconds, ratios and memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sections", type=int, action="append", default=[], help="measure this size too")
    parser.add_argument("--times", type=int, default=5, help="how often (default 5)")
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        measure(chosen.measure[0], Path(chosen.measure[1]), chosen.times)
        return
    print(
        f"{'sections':>9} {'way':>8} {'pages':>6} {'seconds':>8} {'to our PDF':>11} {'MB':>6} {'ms per section':>15}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for sections in (*SIZES, *chosen.sections):
            path = Path(folder) / f"{sections}.ipynb"
            write_notebook(path, sections)
            ours = 0.0
            for way in WAYS:
                program = PROGRAMS.get(way)
                if program and shutil.which(program) is None:
                    print(f"{sections:>9} {way:>8}  not measured: {program} is not installed")
                    continue
                found = measured(way, path, chosen.times)
                ours = ours or found["seconds"]
                print(
                    f"{sections:>9} {way:>8} {found['pages'] or '–':>6} {found['seconds']:>8.2f} "
                    f"{found['seconds'] / ours:>11.2f} {found['megabytes']:>6.0f} "
                    f"{1000 * found['seconds'] / sections:>15.1f}"
                )


if __name__ == "__main__":
    main()
