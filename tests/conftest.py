"""A project of its own for a test, the command line, and the example years, run once for the whole session."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis import cli

HOME = Path(__file__).resolve().parents[1]
PROGRAM = Path(sys.executable).with_name("analysis")
EXAMPLES = (2021, 2022, 2023)


def copy_raw(years: tuple[int, ...], root: Path) -> Path:
    """Copy what was handed in for some years to another folder; return the folder."""
    for year in years:
        shutil.copytree(HOME / "data" / "raw" / str(year), root / "data" / "raw" / str(year))
    return root


@pytest.fixture(scope="session")
def home() -> Path:
    """Return the project's own folder: its notebooks, reference data and examples."""
    return HOME


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

    def copy(*years: int) -> Path:
        root = tmp_path / "home"
        shutil.copytree(HOME / "notebooks", root / "notebooks")
        shutil.copytree(HOME / "data" / "reference", root / "data" / "reference")
        return copy_raw(years, root)

    return copy


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
def example_years(
    tmp_path_factory: pytest.TempPathFactory,
    analysis_command: Callable[..., subprocess.CompletedProcess[str]],
) -> Iterator[Path]:
    """Return the folder in which all example years have been run, once.

    It takes minutes: every test that asks for it bears ``@pytest.mark.xdist_group("years")``, so that one
    worker runs it. Do not write in it; take `years_copy`.
    """
    root = copy_raw(EXAMPLES, tmp_path_factory.mktemp("years"))
    done = analysis_command("run", "--all", "--root", root)
    assert done.returncode == 0, done.stderr
    yield root
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def years_copy(example_years: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder with all example years and what was published of them."""
    return shutil.copytree(example_years, tmp_path / "years")
