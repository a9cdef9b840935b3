"""The steps of a year: which notebook, with which parameters, and what becomes of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import pandas as pd

from analysis.pipeline.engine import Value
from analysis.pipeline.inputs import read_inputs
from analysis.privacy.release import read_results
from analysis.problems import InputError
from analysis.project import Project
from analysis.survey.instrument import Survey

ANALYSIS = ("1_clean", "2_code", "3_analyse", "4_compare")
"""The notebooks that read answers; executed ones are sensitive."""


@dataclass(frozen=True)
class Step:
    """One notebook with its parameters.

    Attributes
    ----------
    notebook : str
        Name of the source notebook.
    parameters : dict
        What papermill sets.
    output : str
        Name of the executed notebook.
    appendix : str
        Path of the published appendix below the year's outputs, without suffix; empty for analysis steps.
    """

    notebook: str
    parameters: dict[str, Value]
    output: str
    appendix: str = ""


def analysis_steps(year: int, *, compare: bool) -> list[Step]:
    """Return the analysis steps of a year, in order; `compare` where an earlier year exists."""
    names = ANALYSIS if compare else ANALYSIS[:-1]
    return [Step(name, {"year": year, "root": "."}, name) for name in names]


def appendix_steps(survey: Survey, invited: pd.DataFrame, *, compare: bool, final: bool) -> list[Step]:
    """Return the appendices of a year: the common ones, then one for each invited unit."""
    common: dict[str, Value] = {"year": survey.year, "root": ".", "final": final}
    steps = [
        Step("appendix_results", common, "appendix_results", "bilaga-1-resultat"),
        Step("appendix_quality", common, "appendix_quality", "bilaga-2-kvalitet"),
    ]
    if compare:
        steps.append(Step("appendix_years", common, "appendix_years", "bilaga-3-jamforelse"))
    steps += [
        Step(
            "appendix_administration",
            {**common, "unit": unit},
            f"appendix_administration_{unit}",
            f"forvaltningar/{unit}",
        )
        for unit in invited["unit_id"]
    ]
    return steps


def years_before(project: Project, year: int) -> list[int]:
    """Return the years before `year` that have a survey, oldest first."""
    return [y for y in project.years() if y < year and project.survey(y).is_file()]


def earlier_years(project: Project, year: int) -> list[int]:
    """Return the years before `year` that it can be compared with, oldest first.

    A year with a survey that is wrong, or of which nothing is released, is left out with a warning.
    """
    found = []
    for earlier in years_before(project, year):
        try:
            read_inputs(project, earlier)
            read_results(project.results(earlier), project.name(project.results(earlier)))
        except InputError as error:
            warnings.warn(f"{earlier} is left out of the comparison: {error}", stacklevel=2)
        else:
            found.append(earlier)
    return found
