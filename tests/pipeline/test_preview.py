"""The preview as a person uses it: the command, the pages over HTTP, files saved meanwhile, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

PROGRAM = Path(sys.executable).with_name("analysis")

LONGEST_WAIT = 60.0
"""Seconds: a machine with other things to do is slow, not wrong."""

DESCRIBE = """import os
from analysis.report.document import describe, say
describe(f"Bilaga 1 {year}", year=year, publisher="Förvaltningen", date="2023-10-19")
say(f"Process {os.getpid()} i {root}.")"""


class Preview:
    """A preview that is going on, and what it answers."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.home, self.notebook = home, home / "notebooks" / "appendix_results.ipynb"
        command = [PROGRAM, "preview", "2023", *(arguments or ["results"]), "--no-browser"]
        self.process = subprocess.Popen(
            command, cwd=home, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert self.process.stderr
        self.said = self.process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", self.said)
        assert found, self.said + self.process.stderr.read()
        self.address = found[0]

    def get(self, path: str = "", **headers: str) -> str:
        request = urllib.request.Request(self.address + path, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.headers["Cache-Control"] == "no-store"
            return str(answer.read().decode("utf-8"))

    def state(self) -> dict[str, Any]:
        return dict(json.loads(self.get("state")))

    def wait(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the state is as it should be, and return it."""
        until = time.monotonic() + LONGEST_WAIT
        while not holds(state := self.state()):
            assert time.monotonic() < until, state
            time.sleep(0.05)
        return state

    def save(self, *cells: str) -> None:
        """Save the notebook with these cells after the first."""
        write_notebook(self.notebook, *cells)

    def shows(self, text: str) -> str:
        """Wait until the appendix shows a text, and return it."""
        self.wait(lambda state: not state["busy"] and text in self.get("appendix"))
        return self.get("appendix")

    def end(self) -> None:
        """End it as a person does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=10)


def write_notebook(path: Path, *cells: str) -> None:
    """Write an appendix: texts that begin with # are Markdown, others are code."""
    parameters = nbformat.v4.new_code_cell('year = 2022\nroot = ""\nfinal = False')
    parameters.metadata["tags"] = ["parameters"]
    made = [
        nbformat.v4.new_markdown_cell(text) if text.startswith("#") else nbformat.v4.new_code_cell(text)
        for text in (DESCRIBE, *cells)
    ]
    notebook = nbformat.v4.new_notebook(cells=[parameters, *made])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


def small_project(home: Path) -> Path:
    """Make a small project: a notebook for an appendix, and released results of a year."""
    (home / "notebooks").mkdir(parents=True)
    (home / "notebooks" / "1_clean.ipynb").write_text("{}", encoding="utf-8")
    write_notebook(home / "notebooks" / "appendix_results.ipynb", "## Först")
    results = home / "outputs" / "2023" / "results"
    results.mkdir(parents=True)
    (results / "catalogue.json").write_text("{}", encoding="utf-8")
    (results / "response.csv").write_text("unit_id,status\nbromma,complete\nfarsta,none\n", encoding="utf-8")
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return small_project(tmp_path / "projekt")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preview]:
    """Return a preview that goes on through several tests, as it does through a person's day."""
    preview = Preview(small_project(tmp_path_factory.mktemp("preview") / "projekt"))
    yield preview
    preview.end()


def test_a_saved_notebook_is_shown_anew_and_a_wrong_one_leaves_the_last_good(started: Preview) -> None:
    assert "notebooks/appendix_results.ipynb, 2023" in started.said
    started.save("## Först")
    first = started.shows("Först")
    assert "<h1>Bilaga 1 2023</h1>" in first
    assert f"i {started.home}." in first
    assert "<script" not in first
    version = started.state()["version"]

    started.save("## Sedan")
    second = started.shows("Sedan")
    assert "Först" not in second
    assert started.state()["version"] > version
    process = re.compile(r"Process (\d+) i")
    assert process.findall(first) != process.findall(second)  # code that changes is read anew

    started.save("## Rubrik", "undefined_name + 1")
    state = started.wait(lambda s: bool(s["problem"]) and not s["busy"])
    assert state["problem"] == (
        "notebooks/appendix_results.ipynb, cell 4 (undefined_name + 1): "
        "NameError: name 'undefined_name' is not defined"
    )
    assert "----> 1 undefined_name + 1" in state["detail"]
    assert "\x1b" not in state["detail"]
    assert "Sedan" in started.get("appendix")

    started.save("#### För djup")
    state = started.wait(lambda s: "undefined_name" not in s["problem"] and not s["busy"])
    assert "cell 3 (#### För djup)" in state["problem"]
    assert "Sedan" in started.get("appendix")

    started.save("## Lagat")
    started.shows("Lagat")
    assert started.state()["problem"] == ""


def test_new_results_are_shown(started: Preview) -> None:
    started.save(
        "from pathlib import Path",
        "say('Läst: ' + Path(root, 'outputs', '2023', 'results', 'catalogue.json').read_text())",
    )
    started.shows("Läst: {}")
    (started.home / "outputs" / "2023" / "results" / "catalogue.json").write_text("[7]", encoding="utf-8")
    started.shows("Läst: [7]")


def test_ctrl_c_ends_it_at_once_even_while_a_page_is_made(home: Path) -> None:
    before = sorted(home.rglob("*"))
    folders = set(Path(tempfile.gettempdir()).glob("analysis-preview-*"))
    preview = Preview(home)
    own = set(Path(tempfile.gettempdir()).glob("analysis-preview-*")) - folders
    pid = home / "pid"
    try:
        preview.save("import time\nprint(os.getpid(), file=open(f'{root}/pid', 'w'))\ntime.sleep(600)")
        until = time.monotonic() + LONGEST_WAIT
        while not (pid.exists() and pid.read_text().strip()):
            assert time.monotonic() < until
            time.sleep(0.05)
        began = time.monotonic()
        preview.process.send_signal(signal.SIGINT)
        _, said = preview.process.communicate(timeout=10)
        assert time.monotonic() - began < 2
    finally:
        preview.end()
    assert preview.process.returncode == 0
    assert said.splitlines()[-1] == "The preview is ended."
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    pid.unlink()
    assert len(own) > 0
    assert not any(folder.exists() for folder in own)
    assert sorted(home.rglob("*")) == before  # nothing is written among the outputs


def test_a_process_that_dies_is_told(started: Preview) -> None:
    started.save("print('sista orden')", "os.kill(os.getpid(), 9)")
    state = started.wait(lambda s: bool(s["problem"]))
    assert "ended with -9, without an answer" in state["problem"]
    started.save("## Igen")
    started.shows("Igen")


def test_only_the_page_around_has_a_script_and_only_this_computer_is_answered(started: Preview) -> None:
    frame = started.get()
    assert frame.count("<script>") == 1
    assert '<iframe id="frame" title="The appendix"' in frame
    for path, headers, code in (("", {"Host": "evil.example"}, 403), ("other", {}, 404)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            started.get(path, **headers)
        assert refused.value.code == code
        refused.value.close()
    port = int(started.address.rstrip("/").rpartition(":")[2])
    own = socket.gethostbyname(socket.gethostname())
    with socket.socket() as outside:
        outside.settimeout(2)
        assert own.startswith("127.") or outside.connect_ex((own, port)) != 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2023", "result"], "no appendix 'result'. Choose one of results, quality, years, administration."),
        (["2022", "results"], "2022 has no released results to show. Run `analysis run 2022` first."),
        (["2023", "administration"], "must be named. Write --unit with one of bromma, farsta."),
        (
            ["2023", "administration", "--unit", "solna"],
            "'solna' was not asked in 2023. Write --unit with one of",
        ),
        (["2023", "results", "--unit", "bromma"], "'results' has no unit. Leave out --unit."),
        (["2023", "results", "--port", "70000"], "port 70000 cannot be used"),
        (["23", "results"], "'23' is not a reporting year"),
    ],
)
def test_what_cannot_be_shown_is_said_at_once(
    analysis: Callable[..., subprocess.CompletedProcess[str]],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(home)
    done = analysis("preview", *arguments, "--no-browser")
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_is_taken_is_said(
    analysis: Callable[..., subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.chdir(home)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = analysis("preview", "2023", "results", "--no-browser", "--port", taken.getsockname()[1])
    assert done.returncode == 2
    assert "cannot be used (Address already in use)" in done.stderr


def test_the_notebook_of_an_administration_is_given_its_unit(home: Path) -> None:
    own = home / "notebooks" / "appendix_administration.ipynb"
    write_notebook(own, "say(f'Om {unit}.')")
    notebook = nbformat.read(own, as_version=4)
    notebook.cells[0].source += '\nunit = "ingen"'
    nbformat.write(notebook, own)
    preview = Preview(home, "administration", "--unit", "farsta")
    try:
        preview.shows("Om farsta.")
    finally:
        preview.end()
