"""Surveys and answers, a project of its own for a test, the command line, and the example years, run once for all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from analysis import cli
from analysis.intake.answers import ANSWERED, STATUS
from analysis.pipeline.engine import LocalKernels
from analysis.survey.instrument import MISSING_KINDS, Survey

HOME = Path(__file__).resolve().parents[1]
PROGRAM = Path(sys.executable).with_name("analysis")
EXAMPLES = (2021, 2022, 2023)


def copy_raw(years: tuple[int, ...], root: Path) -> Path:
    """Copy what was handed in for some years to another folder; return the folder."""
    for year in years:
        shutil.copytree(HOME / "data" / "raw" / str(year), root / "data" / "raw" / str(year))
    return root


def copy_home(years: tuple[int, ...], root: Path) -> Path:
    """Copy the notebooks, the reference data and what was handed in for some years; return the folder."""
    shutil.copytree(HOME / "notebooks", root / "notebooks")
    shutil.copytree(HOME / "data" / "reference", root / "data" / "reference")
    return copy_raw(years, root)


def pytest_configure() -> None:
    """Hear Ctrl-C, also where the tests were started in the background: a shell lets those ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes minutes to make begin first, and what else needs it come last: no worker waits for another."""
    makers: dict[object, pytest.Item] = {}
    users: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        needed = [name for name in ("example_years", "ran") if name in getattr(item, "fixturenames", ())]
        made = [
            (name, item.callspec.params.get(name) if hasattr(item, "callspec") else None) for name in needed
        ]
        if not made:
            others.append(item)
        elif made[0] in makers:
            users.append(item)
        else:
            makers[made[0]] = item
    items[:] = [*makers.values(), *others, *users]


@pytest.fixture(scope="session")
def home() -> Path:
    """Return the project's own folder: its notebooks, reference data and examples."""
    return HOME


@pytest.fixture(scope="session")
def to_survey() -> Callable[..., Survey]:
    """Return a function that describes a survey; each question's text is its id unless given."""

    def to_survey(questions: Sequence[Mapping[str, Any]], **more: Any) -> Survey:
        data = {
            "title": "Enkät",
            "year": 2021,
            "period": {"start": "2021-01-01", "end": "2021-10-01"},
            "responsible": {"publisher": "Staden"},
            "source": {"file": "x.csv"},
            "respondents": "units" if any(q["kind"] == "unit" for q in questions) else "people",
            "sections": [{"id": "a", "title": "A", "kind": "topic", "confirmed": True}],
            "questions": [{"text": q["id"], "section": "a"} | q for q in questions],
        }
        return Survey.model_validate(data | more)

    return to_survey


@pytest.fixture(scope="session")
def to_answers() -> Callable[..., pd.DataFrame]:
    """Return a function that makes answers as cleaning does, of one mapping for each submission.

    What is left out is not answered. A number, date or text may be given as a missing kind.
    """

    def to_answers(survey: Survey, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
        columns: dict[str, Any] = {
            "submission_id": pd.Series([f"{i:012x}" for i in range(len(rows))], dtype="str"),
            "unit_id": pd.Series([row.get("unit") for row in rows], dtype="str"),
        }
        types = {"number": "Float64", "date": "datetime64[s]", "free_text": "str"}
        for question in survey.questions:
            for column in question.columns() if question.kind != "unit" else ():
                said = [row.get(column, "_not_answered") for row in rows]
                if question.is_closed:
                    assert set(said) <= set(question.labels())
                    columns[column] = pd.Series(pd.Categorical(said, categories=list(question.labels())))
                else:
                    status = [value if value in MISSING_KINDS else ANSWERED for value in said]
                    known = [None if value in MISSING_KINDS else value for value in said]
                    columns[column] = pd.Series(known, dtype="object").astype(types[question.kind])
                    columns[f"{column}#status"] = pd.Series(pd.Categorical(status, categories=list(STATUS)))
        return pd.DataFrame(columns)

    return to_answers


@pytest.fixture
def project_copy(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a folder for ``--root`` with the raw data of some example years."""

    def copy(*years: int) -> Path:
        root = tmp_path / "project"
        (root / "data" / "raw").mkdir(parents=True)
        return copy_raw(years, root)

    return copy


@pytest.fixture
def home_copy(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a whole project of its own: notebooks, reference data, some example years."""

    return lambda *years: copy_home(years, tmp_path / "home")


@pytest.fixture(scope="session")
def analysis_command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs the command as a person would."""
    environment = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}

    def run(*arguments: object, cwd: Path = HOME) -> subprocess.CompletedProcess[str]:
        command = [str(PROGRAM), *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, encoding="utf-8"
        )

    return run


@pytest.fixture
def analysis(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs the command in this process: the same, without waiting for the imports."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = ["analysis", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", command)
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        printed = capsys.readouterr()
        code = left.value.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(command, code, printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Return a function that makes a folder once for the whole session, whichever worker comes first.

    The others wait for it. (Groups of pytest-xdist 3.8 do not keep tests together under pytest 9.2.)
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def once(name: str, make: Callable[[Path], None]) -> Path:
        folder, state = shared / name, shared / f"{name}.state"
        try:
            folder.mkdir()
        except FileExistsError:
            while not state.exists():
                time.sleep(0.2)
            assert state.read_text() == "made", f"another worker could not make {name}"
            return folder
        said = "failed"
        try:
            make(folder)
            said = "made"
        finally:
            state.write_text(said)
        return folder

    return once


@pytest.fixture(scope="session")
def example_years(
    made_once: Callable[[str, Callable[[Path], None]], Path],
    analysis_command: Callable[..., subprocess.CompletedProcess[str]],
) -> Path:
    """Return the folder in which all example years have been run, once. Do not write in it: it takes minutes."""

    def make(root: Path) -> None:
        done = analysis_command("run", "--all", "--root", copy_raw(EXAMPLES, root))
        assert done.returncode == 0, done.stderr

    return made_once("years", make)


@pytest.fixture(scope="session")
def sample_notebook() -> NotebookNode:
    """Return the sample notebook, executed as the steps of a year are: without a network."""
    path = Path(__file__).parent / "report" / "sample.ipynb"
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        kernel_manager_class=LocalKernels,
        resources={"metadata": {"path": path.parent}},
    )
    client.execute()
    return notebook
