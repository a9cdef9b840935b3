"""A year run twice, in different folders: the same bytes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path


def files(folder: Path) -> dict[str, bytes]:
    about = ("run.json", "run.log")  # when the run was, and how long it took
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.name not in about
    }


def test_two_runs_of_2021_give_the_same_bytes(
    example_years: Path,
    project_copy: Callable[..., Path],
    analysis_command: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    again = project_copy(2021)
    done = analysis_command("run", "2021", "--root", again)
    assert done.returncode == 0, done.stderr
    first = files(example_years / "outputs" / "2021")
    second = files(again / "outputs" / "2021")
    kinds = {".html", ".pdf", ".docx", ".csv", ".xlsx", ".json", ".ipynb", ".svg", ".png"}
    assert {Path(name).suffix for name in first} == kinds
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    sensitive = [files(root / "data" / "processed" / "2021") for root in (example_years, again)]
    assert {Path(name).suffix for name in sensitive[0]} == {".csv", ".json", ".parquet", ".sav", ".ipynb"}
    assert sensitive[0].keys() == sensitive[1].keys()
    assert [name for name in sensitive[0] if sensitive[0][name] != sensitive[1][name]] == []
