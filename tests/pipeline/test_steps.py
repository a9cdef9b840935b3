"""The steps of a year: what they read, which rooms they use, and which earlier years a year is compared with."""

from __future__ import annotations

import ast
import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import analysis
from analysis.pipeline.steps import (
    ROOMS,
    Asked,
    Step,
    analysis_steps,
    appendix_steps,
    compare_step,
    earlier_years,
    every_step,
    years_before,
)
from analysis.privacy.release import write_results
from analysis.project import Project

ASKED = Asked(2023, "enkat.csv", ("bromma", "farsta"))


def test_the_analysis_leads_from_the_export_to_the_results() -> None:
    steps = analysis_steps(ASKED)
    assert [s.notebook for s in steps] == ["1_clean", "2_code", "3_analyse"]
    assert all(s.parameters == {"year": 2023, "root": "."} and s.appendix == "" for s in steps)
    assert "data/raw/2023/enkat.csv" in steps[0].decides
    assert "data/raw/2023/approvals.csv" not in steps[0].decides
    assert [name for name, _ in steps[2].after] == ["2023 1_clean", "2023 2_code"]


def test_the_comparison_reads_released_results_only() -> None:
    step = compare_step(ASKED, [2021, 2022])
    assert step.after == tuple((f"{y} 3_analyse", f"outputs/{y}/results/") for y in (2021, 2022, 2023))
    assert "data/raw/2021/survey.yaml" in step.decides


@pytest.mark.parametrize("compare", [False, True])
def test_there_is_an_appendix_for_each_invited_unit(compare: bool) -> None:
    steps = appendix_steps(ASKED, compare=compare, final=True)
    common = ["bilaga-1-resultat", "bilaga-2-kvalitet"] + ["bilaga-3-jamforelse"] * compare
    assert [s.appendix for s in steps] == [
        *common,
        "forvaltningar/bromma",
        "forvaltningar/farsta",
        "tabeller",
    ]
    *steps, tables = steps
    assert tables.joins
    assert set(tables.parameters.values()) == {f"Bilaga {i}" for i in range(1, len(common) + 1)}
    assert all(s.parameters["final"] is True and s.parameters["year"] == 2023 for s in steps)
    assert [s.parameters.get("unit") for s in steps] == [None] * len(common) + ["bromma", "farsta"]
    assert len({s.output for s in steps}) == len(steps)
    assert all(s.sees == s.decides == () for s in steps)
    assert {folder for s in steps for _, folder in s.after} == {"outputs/2023/results/"}


def test_people_get_no_appendix_of_their_own() -> None:
    steps = appendix_steps(Asked(2021, "x.csv", ()), compare=False, final=False)
    assert [s.output for s in steps] == ["appendix_results", "appendix_quality", "tabeller"]


def test_a_step_survives_a_journey_as_json() -> None:
    for step in every_step(ASKED):
        assert Step.from_dict(json.loads(json.dumps(step.as_dict()))) == step


def rooms_imported(source: str) -> set[str]:
    """Return the rooms that Python code imports from."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("analysis"):
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("analysis.")}
    return found


def rooms_used(source: str) -> set[str]:
    """Return the rooms that code uses, itself or through the rooms that it imports from."""
    base = Path(analysis.__file__).parent
    used: set[str] = set()
    waiting = rooms_imported(source)
    while waiting:
        room = waiting.pop()
        used.add(room)
        files = [base / f"{room}.py"] if (base / f"{room}.py").is_file() else (base / room).rglob("*.py")
        for path in files:
            waiting |= rooms_imported(path.read_text(encoding="utf-8")) - used
    return used


@pytest.mark.parametrize("notebook", ["1_clean", "2_code", "3_analyse", "4_compare"])
def test_the_rooms_of_an_analysis_are_those_it_uses(home: Path, notebook: str) -> None:
    cells = json.loads((home / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    source = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    needed = rooms_imported(source)
    # The room pipeline runs notebooks too, and imports the report for that: the analysis itself does not.
    used = needed.union(*(rooms_used(f"import analysis.{room}") for room in needed - {"pipeline"}))
    assert used <= set(ROOMS[notebook])


def test_the_rooms_of_an_appendix_are_those_it_uses(home: Path) -> None:
    for path in (home / "notebooks").glob("appendix_*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        source = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        assert rooms_used(source) == set(ROOMS["appendix"]), path.name


def test_years_that_can_be_compared_are_described_right_and_released(
    project_copy: Callable[..., Path], home: Path
) -> None:
    root = project_copy(2021, 2022, 2023)
    project = Project(home, root)
    (root / "data" / "raw" / "2020").mkdir()
    assert years_before(project, 2023) == [2021, 2022]
    assert years_before(project, 2021) == []
    for year in (2021, 2022):
        write_results(project.results(year), {}, {})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert earlier_years(project, 2023) == [2021, 2022]
    shutil.rmtree(project.results(2021))
    with pytest.warns(UserWarning, match=r"^2021 is left out of the comparison: .* no released results"):
        assert earlier_years(project, 2023) == [2022]
    project.survey(2022).write_text("year: [", encoding="utf-8")
    with pytest.warns(UserWarning, match="is left out of the comparison") as told:
        assert earlier_years(project, 2023) == []
    assert [str(warning.message).split(" is left")[0] for warning in told] == ["2021", "2022"]
    assert "data/raw/2022/survey.yaml, line 1: is not valid YAML" in str(told[1].message)
    assert years_before(project, 2023) == [2021, 2022]
