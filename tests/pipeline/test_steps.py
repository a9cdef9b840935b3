"""The steps of a year, and which earlier years it is compared with."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis.pipeline.inputs import read_inputs
from analysis.pipeline.steps import analysis_steps, appendix_steps, earlier_years, years_before
from analysis.privacy.release import write_results
from analysis.project import Project


def test_a_first_year_is_not_compared() -> None:
    assert [s.notebook for s in analysis_steps(2021, compare=False)] == ["1_clean", "2_code", "3_analyse"]
    steps = analysis_steps(2023, compare=True)
    assert [s.output for s in steps] == ["1_clean", "2_code", "3_analyse", "4_compare"]
    assert all(s.parameters == {"year": 2023, "root": "."} and s.appendix == "" for s in steps)


@pytest.mark.parametrize("compare", [False, True])
def test_there_is_an_appendix_for_each_invited_unit(home: Path, compare: bool) -> None:
    survey = read_inputs(Project(home, home), 2021).survey
    invited = pd.DataFrame({"unit_id": ["bromma", "farsta"]})
    steps = appendix_steps(survey, invited, compare=compare, final=True)
    common = ["bilaga-1-resultat", "bilaga-2-kvalitet"] + ["bilaga-3-jamforelse"] * compare
    assert [s.appendix for s in steps] == [*common, "forvaltningar/bromma", "forvaltningar/farsta"]
    assert all(s.parameters["final"] is True and s.parameters["year"] == 2021 for s in steps)
    assert [s.parameters.get("unit") for s in steps] == [None] * len(common) + ["bromma", "farsta"]
    assert len({s.output for s in steps}) == len(steps)


def test_people_get_no_appendix_of_their_own(home: Path) -> None:
    survey = read_inputs(Project(home, home), 2021).survey
    nobody = pd.DataFrame({"unit_id": []})
    steps = appendix_steps(survey, nobody, compare=False, final=False)
    assert [s.notebook for s in steps] == ["appendix_results", "appendix_quality"]


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
