"""A small project whose notebooks really run, and take no time: a test says in the environment what goes wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from analysis.project import Project

HOME = Path(__file__).resolve().parents[2]

UNITS = ("bromma", "farsta")

_FAULT = 'import os\nfrom pathlib import Path\n\nexec(os.environ.get(f"FAULT_{step}", ""))'
"""The first cell of each notebook: a test says in the environment what goes wrong, and the notebook stays the same."""

_FOLDERS = (
    'raw, processed, results = (Path(f"{folder}/{year}") for folder in ("data/raw", "data/processed", "outputs"))\n'
    'results = results / "results"\nfor folder in (processed, results):\n    folder.mkdir(parents=True, exist_ok=True)'
)
_ABOUT = (
    "from analysis.report.document import describe\n\n"
    'lines = (results / "counts.csv").read_text(encoding="utf-8").split()[1]\n'
    'describe(f"Bilaga {step}", subtitle=f"{lines} rader", year=year, publisher="Staden", date="2021-11-16")'
)
_CELLS: dict[str, list[str]] = {
    "1_clean": [
        'answers = (raw / "decisions.csv").read_text(encoding="utf-8")\n'
        '(processed / "answers.csv").write_text(answers, encoding="utf-8")\nprint(len(answers), "characters")',
    ],
    "2_code": [
        'answers = (processed / "answers.csv").read_text(encoding="utf-8")\n'
        '(processed / "texts.csv").write_text(answers.upper(), encoding="utf-8")',
    ],
    "3_analyse": [
        'texts = (processed / "texts.csv").read_text(encoding="utf-8")\n'
        '(results / "counts.csv").write_text(f"lines\\n{len(texts.splitlines())}\\n", encoding="utf-8")\n'
        '(results / "texts.csv").write_text(texts[-200:], encoding="utf-8")\n'
        '(results / "survey.json").write_text(\'{"missing": []}\', encoding="utf-8")',
    ],
    "4_compare": ["year"],
    **{
        name: [_ABOUT]
        for name in ("appendix_results", "appendix_quality", "appendix_years", "appendix_administration")
    },
}


def write_notebook(path: Path, cells: list[str], parameters: str = "") -> None:
    """Write a notebook of code cells, with a heading and a sentence of text first."""
    text = nbformat.v4.new_markdown_cell("## Svar\n\nSå många svarade.", id="text")
    made = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(cells)]
    if parameters:
        made.insert(
            0, nbformat.v4.new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]})
        )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[text, *made], metadata={"kernelspec": kernel}), path)


def make_small_home(root: Path, units: Sequence[str] = UNITS) -> None:
    """Make a project whose notebooks take no time, for the year 2021 and a few units."""
    shutil.copytree(HOME / "data" / "reference", root / "data" / "reference")
    shutil.copytree(HOME / "data" / "raw" / "2021", root / "data" / "raw" / "2021")
    (root / "requirements.lock").write_text("pandas==3\n", encoding="utf-8")
    invited = "".join(f"{unit},,2021-10-04,\n" for unit in units)
    (root / "data/raw/2021/invited.csv").write_text(
        f"unit_id,respondent_role,sent,reminded\n{invited}", encoding="utf-8"
    )
    for name, cells in _CELLS.items():
        parameters, step = 'year = 2023\nroot = ""', f'step = "{name}"'
        if name.startswith("appendix_"):
            parameters += "\nfinal = False"
        if name == "appendix_administration":
            parameters += '\nunit = "bromma"'
            step = 'step = unit.replace("-", "_")'
        write_notebook(root / "notebooks" / f"{name}.ipynb", [step, _FAULT, _FOLDERS, *cells], parameters)


class Home:
    """A small project, and the command run in it as a person or a scheduler would."""

    def __init__(self, root: Path, temporary: Path) -> None:
        self.root, self.temporary = root, temporary
        self.project = Project(root, root)
        temporary.mkdir(exist_ok=True)

    def environment(self, faults: Mapping[str, str]) -> dict[str, str]:
        known = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
        return {
            **known,
            "TMPDIR": str(self.temporary),
            **{f"FAULT_{step}": code for step, code in faults.items()},
        }

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-c", "from analysis.cli import main; main()", *map(str, arguments)]

    def run(
        self, *arguments: object, faults: Mapping[str, str] | None = None, **more: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        words = self.command(*(arguments or ("run", 2021)))
        return subprocess.run(
            words, cwd=self.root, env=self.environment(faults or {}), capture_output=True, text=True, check=False,
            timeout=300, **more,
        )  # fmt: skip

    def start(
        self, *arguments: object, faults: Mapping[str, str] | None = None, **more: Any
    ) -> subprocess.Popen[str]:
        """Begin the command in a session of its own, as a terminal does, and let it run."""
        words = self.command(*(arguments or ("run", 2021)))
        return subprocess.Popen(
            words, env=self.environment(faults or {}), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True, **{"cwd": self.root, **more},
        )  # fmt: skip

    def decide(self, sentence: str) -> None:
        """Change what people decided: every step is out of date."""
        path = self.root / "data/raw/2021/decisions.csv"
        text = path.read_text(encoding="utf-8")
        key = sha256(sentence.encode()).hexdigest()[:12]
        path.write_text(text + f"{key},bromma,A. Utredare,2021-10-26,{sentence}\n", encoding="utf-8")

    def files(self, *folders: str) -> dict[str, bytes]:
        """Return what lies there, without what tells of the run itself and of failures."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for folder in folders or ("data", "outputs")
            for path in sorted((self.root / folder).rglob("*"))
            if path.is_file() and path.name not in ("run.json", "run.log") and path.parent.name != "failed"
        }

    def left(self) -> list[str]:
        """Return what should not be there when nothing runs: temporary files, stages, commits and processes."""
        work = self.root / ".analysis"
        found = [p.name for p in self.temporary.iterdir()]
        found += [
            f"{p.parent.name}/{p.name}" for name in ("stage", "commits") for p in (work / name).glob("*")
        ]
        found += [
            p.name
            for folder in ("data", "outputs", ".analysis")
            for p in (self.root / folder).rglob(".*.????????")
        ]
        return found + [f"{p.pid} {p.cmdline()}" for p in self.processes()]

    def processes(self) -> list[psutil.Process]:
        """Return every living process that the command has started here, wherever it has gone since."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                mine = process.environ().get("TMPDIR") == str(self.temporary)
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found


@pytest.fixture(scope="session")
def finished_home(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Return a small project that has been run. Do not write in it."""

    def make(folder: Path) -> None:
        root = folder / "home"
        make_small_home(root)
        done = Home(root, folder / "tmp").run()
        assert done.returncode == 0, done.stderr

    return made_once("small_home", make) / "home"


@pytest.fixture
def small_home(finished_home: Path, tmp_path: Path) -> Home:
    """Return a small project of the test's own, which has been run once."""
    shutil.copytree(finished_home, tmp_path / "home")
    return Home(tmp_path / "home", tmp_path / "tmp")


@pytest.fixture(scope="session")
def decided(
    finished_home: Path, made_once: Callable[[str, Callable[[Path], None]], Path]
) -> dict[str, bytes]:
    """Return the files of the small project after `Home.decide("again")` and a run that nothing interrupted."""

    def make(folder: Path) -> None:
        shutil.copytree(finished_home, folder / "home")
        home = Home(folder / "home", folder / "tmp")
        home.decide("again")
        done = home.run()
        assert done.returncode == 0, done.stderr

    folder = made_once("small_home_decided", make)
    return Home(folder / "home", folder / "tmp").files()
