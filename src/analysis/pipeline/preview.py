"""An appendix in the browser while its notebook is written: made anew at every save, from the released results.

Nothing is written among the outputs. Each time, a fresh process runs the notebook into a temporary folder, so that
changed code counts; what is shown is the last page that could be made, and above it why a newer one could not.
The page around the appendix has the only script; the appendix itself has none, as always.

A process is always kept ready: it has imported the large libraries, and nothing of the project's own code.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any

from analysis.problems import InputError
from analysis.project import Project

APPENDICES = {
    "results": "appendix_results",
    "quality": "appendix_quality",
    "years": "appendix_years",
    "administration": "appendix_administration",
}
"""What an appendix is called on the command line, and its notebook."""

_READY = """
import sys
import IPython, jupyter_client, matplotlib.figure, nbformat, numpy, pyarrow
job = sys.stdin.readline().strip()
if job:
    from analysis.pipeline.preview import answer
    answer(job)
"""
"""What a process does: pandas is not among its imports, as it asks then whether a notebook is being run."""

LOOK_EVERY = 0.2
"""Seconds between two looks at the files."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """What one process does: run a notebook and write its page.

    Attributes
    ----------
    notebook, name : str
        The source notebook, and what it is called in messages.
    folder : str
        Where the executed notebook, ``page.html`` and ``answer.json`` go.
    cwd : str
        The folder that the notebook runs in.
    parameters : dict
        What the notebook is given.
    """

    notebook: str
    name: str
    folder: str
    cwd: str
    parameters: dict[str, str | int | bool]


@dataclass(frozen=True)
class State:
    """What the browser is told.

    Attributes
    ----------
    version : int
        Of the page that is shown; 0 before the first.
    busy : bool
        Whether a newer one is being made.
    problem, detail : str
        Why the newest could not be made, and where in the code; empty where all is well.
    seconds : float
        How long the last one took.
    """

    version: int = 0
    busy: bool = True
    problem: str = ""
    detail: str = ""
    seconds: float = 0.0


def preview(
    project: Project,
    year: int,
    appendix: str,
    *,
    unit: str = "",
    port: int = 0,
    open_browser: bool = True,
    tell: Tell,
) -> None:
    """Show an appendix in the browser, and make it anew whenever a file changes; returns at Ctrl-C.

    Parameters
    ----------
    project, year
        Whose released results are shown.
    appendix : str
        One of `APPENDICES`.
    unit : str
        The administration, for its own appendix.
    port : int
        Of 127.0.0.1; 0 for any that is free.
    open_browser : bool
        Whether to open the page in a browser.
    tell : function of str
        Is told what happens.

    Raises
    ------
    InputError
        If there is no such appendix or unit, the year has no released results, or the port is taken.
    """
    parameters = _parameters(project, year, appendix, unit)
    notebook = project.notebook(APPENDICES[appendix])
    with tempfile.TemporaryDirectory(prefix="analysis-preview-") as folder:
        job = Job(str(notebook), project.name(notebook), folder, str(project.root), parameters)
        maker = Maker(job, lambda: _seen(notebook, project.outputs(year).parent), tell)
        with _serving(maker, port) as address:
            tell(f"Preview of {project.name(notebook)}, {year}: {address} (Ctrl-C ends it)")
            if open_browser:
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
            try:
                maker.run()
            except KeyboardInterrupt:
                tell("The preview is ended.")
            finally:
                maker.end()


def _parameters(project: Project, year: int, appendix: str, unit: str) -> dict[str, str | int | bool]:
    """Return what the notebook is given, after a look at whether it can be made at all."""
    where = "the command line"
    if appendix not in APPENDICES:
        what = f"there is no appendix {appendix!r}"
        raise InputError.one(where, what, f"Choose one of {', '.join(APPENDICES)}")
    results = project.results(year)
    if not (results / "catalogue.json").is_file():
        what = f"{year} has no released results to show"
        raise InputError.one(project.name(results), what, f"Run `analysis run {year}` first")
    parameters: dict[str, str | int | bool] = {"year": year, "root": str(project.root), "final": False}
    if appendix != "administration":
        if unit:
            raise InputError.one(where, f"{appendix!r} has no unit", "Leave out --unit")
        return parameters
    units = _units(results)
    if unit not in units:
        what = f"{unit!r} was not asked in {year}" if unit else "the administration must be named"
        raise InputError.one(where, what, f"Write --unit with one of {', '.join(units)}")
    return {**parameters, "unit": unit}


def _units(results: Path) -> list[str]:
    """Return the units that were asked, as the released results have them."""
    try:
        with (results / "response.csv").open(encoding="utf-8", newline="") as file:
            return [row["unit_id"] for row in csv.DictReader(file)]
    except FileNotFoundError:
        return []


def _seen(notebook: Path, outputs: Path) -> dict[str, tuple[int, int]]:
    """Return the files that make a page, each with its time and size: notebook, code, released results."""
    code = (path for path in _CODE.rglob("*") if path.suffix != ".pyc")
    found = {}
    for path in (notebook, *code, *outputs.glob("*/results/*")):
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            if not stat.S_ISDIR(status.st_mode):
                found[str(path)] = (status.st_mtime_ns, status.st_size)
    return found


_CODE = Path(str(resources.files("analysis")))


class Maker:
    """Makes the page in a process of its own, again at each change, and keeps the last that could be made.

    Attributes
    ----------
    state : State
        How it stands; replaced whole, so that other threads may read it.
    page : bytes
        The last page that could be made; empty before the first.
    """

    def __init__(self, job: Job, look: Callable[[], object], tell: Tell) -> None:
        self.job, self.look, self.tell = job, look, tell
        self.state, self.page = State(), b""
        self._busy: subprocess.Popen[bytes] | None = None
        self._ready: subprocess.Popen[bytes] | None = None
        self._began = 0.0

    def run(self) -> None:
        """Make the page, and watch; never returns by itself."""
        made_of: object = None
        before = self.look()
        while True:
            if before != made_of:
                made_of = before
                self._begin()
            elif self._busy and self._busy.poll() is not None:
                self._finish(self._busy.returncode)
            time.sleep(LOOK_EVERY)
            now = self.look()
            while now != before:  # somebody is still writing
                time.sleep(LOOK_EVERY / 2)
                before, now = now, self.look()

    def _begin(self) -> None:
        """Let the process that is ready make the page; one that makes an older page is ended."""
        _end(self._busy)
        folder = Path(self.job.folder)
        (folder / "answer.json").unlink(missing_ok=True)
        job = folder / "job.json"
        job.write_text(json.dumps(asdict(self.job)), encoding="utf-8")
        self.state = replace(self.state, busy=True)
        self._began = time.monotonic()
        process = self._ready or self._start()
        self._busy, self._ready = process, None
        if process.stdin:
            with contextlib.suppress(BrokenPipeError):  # it has ended: its answer will be missed
                process.stdin.write(f"{job}\n".encode())
                process.stdin.close()

    def _start(self) -> subprocess.Popen[bytes]:
        """Start a process, which waits for the name of its job."""
        with (Path(self.job.folder) / "printed.txt").open("ab") as printed:
            return subprocess.Popen(
                [sys.executable, "-c", _READY],
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for this process alone, which then ends the other
            )

    def _finish(self, code: int) -> None:
        """Take what the process made."""
        self._busy, self._ready = None, self._start()
        folder = Path(self.job.folder)
        try:
            answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            printed = (folder / "printed.txt").read_text(encoding="utf-8", errors="replace")
            what = f"{self.job.name}: the process that makes the page ended with {code}, without an answer."
            answer = {"problem": what, "detail": printed[-4000:]}
        version, seconds = self.state.version, time.monotonic() - self._began
        if answer["problem"]:
            self.tell(answer["problem"])
        else:
            self.page = (folder / "page.html").read_bytes()
            version += 1
            self.tell(f"Made in {seconds:.1f} s.")
        self.state = State(version, False, answer["problem"], answer["detail"], round(seconds, 1))

    def end(self) -> None:
        """End the processes, and whatever they have started."""
        _end(self._busy)
        _end(self._ready)


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None or process.poll() is not None:
        return
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


# --- the pages ---------------------------------------------------------------------------------------------------

_FRAME = resources.files("analysis.pipeline") / "preview.html"
"""The page around the appendix: asks how it stands, tells what is wrong, and loads the newest version."""

_WAITING = (
    b'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Preview</title><p>Being made \xe2\x80\xa6'
)


@contextlib.contextmanager
def _serving(maker: Maker, port: int) -> Iterator[str]:
    """Serve the pages to this computer alone; gives the address."""
    own: list[str] = []
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(maker, own))
    except (OSError, OverflowError) as error:
        what = f"port {port} cannot be used ({getattr(error, 'strerror', None) or error})"
        raise InputError.one(
            "the command line", what, "Choose another with --port, or leave it out"
        ) from None
    own += [f"{host}:{server.server_port}" for host in ("127.0.0.1", "localhost")]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def _handler(maker: Maker, own: list[str]) -> type[BaseHTTPRequestHandler]:
    """Return the class of the handlers; `own` is filled with the names that the server answers to."""

    class Handler(BaseHTTPRequestHandler):
        """Answers with the frame, the appendix and the state."""

        def do_GET(self) -> None:
            """Answer; a name that leads here from outside is no way in."""
            if self.headers.get("Host") not in own:
                self.send_error(403)
                return
            path = self.path.partition("?")[0]
            if path == "/":
                self._send("text/html", _FRAME.read_bytes())
            elif path == "/appendix":
                self._send("text/html", maker.page or _WAITING)
            elif path == "/state":
                self._send("application/json", json.dumps(asdict(maker.state)).encode("utf-8"))
            else:
                self.send_error(404)

        def _send(self, kind: str, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the browser asks several times each second."""

    return Handler


# --- the process that makes a page -------------------------------------------------------------------------------


def make(job: Job) -> tuple[str, str]:
    """Run the notebook and write its page; return what is wrong and where, or two empty texts."""
    executed = Path(job.folder) / "executed.ipynb"
    executed.unlink(missing_ok=True)
    try:
        from analysis.pipeline.engine import IN_PROCESS, StepFailed, execute, preflight
        from analysis.report import html
        from analysis.report.document import ExportError, read_notebook

        source = Path(job.notebook)
        if problems := preflight(source, job.name, job.parameters):
            return str(InputError(problems)), ""
        try:
            execute(source, executed, job.parameters, cwd=Path(job.cwd), name=job.name, engine=IN_PROCESS)
            page = html.render(read_notebook(_as_written(executed)))
        except ExportError as error:
            return f"{job.name}: {error}", ""
        except StepFailed as error:
            cell, where = _failed_cell(_as_written(executed))
            return (
                f"{job.name}, {cell}: {error.message if error.wrong_inputs else f'{error.error}: {error.message}'}",
                where,
            )
        (Path(job.folder) / "page.html").write_text(page, encoding="utf-8")
    except Exception as error:  # the code of the project itself, half-way through a change
        what = "".join(traceback.format_exception_only(error)).strip()
        return f"The project's own code does not work: {what}", traceback.format_exc()
    return "", ""


def _as_written(executed: Path) -> dict[str, Any]:
    """Return an executed notebook with the cells that somebody wrote, so that they have their own numbers."""
    notebook: dict[str, Any] = json.loads(executed.read_text(encoding="utf-8"))
    added = {"injected-parameters", "papermill-error-cell-tag"}
    cells = [cell for cell in notebook["cells"] if not added & set(cell["metadata"].get("tags", []))]
    return {**notebook, "cells": cells}


def _failed_cell(notebook: dict[str, Any]) -> tuple[str, str]:
    """Return which cell stopped, with its first line, and the trace of its error."""
    for number, cell in enumerate(notebook["cells"], start=1):
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                lines = "".join(cell["source"]).strip().splitlines() or ["empty"]
                trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output["traceback"]))
                return f"cell {number} ({lines[0]})", trace
    return "after the last cell", ""


def answer(job_file: str) -> None:
    """Do the job of a file, and write the answer beside it."""
    path = Path(job_file)
    problem, detail = make(Job(**json.loads(path.read_text(encoding="utf-8"))))
    beside = path.with_name("answer.part")
    beside.write_text(json.dumps({"problem": problem, "detail": detail}), encoding="utf-8")
    beside.replace(path.with_name("answer.json"))
