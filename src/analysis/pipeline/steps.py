"""The steps of a year, declared once: which notebook, with which parameters, what it reads and what becomes of it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from analysis.problems import InputError
from analysis.project import Project

Value = str | int | float | bool

ANALYSIS = ("1_clean", "2_code", "3_analyse")
"""The notebooks that read answers; executed ones are sensitive."""

COMPARE, ADMINISTRATION = "4_compare", "appendix_administration"

TABLES = "tabeller"
"""The workbook with the tables of all common appendices."""

_READING = ("intake", "pipeline", "privacy", "problems", "project", "survey")
ROOMS: Mapping[str, tuple[str, ...]] = {
    "1_clean": _READING,
    "2_code": ("measures", *_READING),
    "3_analyse": ("measures", *_READING),
    "4_compare": ("measures", *_READING),
    "appendix": ("intake", "measures", "privacy", "problems", "project", "report", "survey"),
}
"""The rooms of ``src/analysis`` that a notebook uses; a test compares them with what is imported."""

RAW = "data/raw/{year}/"
PROCESSED = "data/processed/{year}/"
RESULTS = "outputs/{year}/results/"


@dataclass(frozen=True)
class Step:
    """One notebook of a year with its parameters.

    Attributes
    ----------
    year : int
        The reporting year.
    notebook : str
        Name of the source notebook.
    parameters : dict
        What papermill sets.
    output : str
        Name of the executed notebook; with the year it names the step.
    appendix : str
        Path of the published appendix below the year's outputs, without suffix; empty for analysis steps.
    decides : tuple of str
        Files from people that decide what comes out. One that is missing decides too.
    sees : tuple of str
        Folders from people that it may look at.
    after : tuple of (str, str)
        The steps whose outputs it reads, and the folder in which it reads them.
    joins : bool
        Whether it runs no notebook, but joins what those of earlier steps show.
    """

    year: int
    notebook: str
    parameters: dict[str, Value]
    output: str
    appendix: str = ""
    decides: tuple[str, ...] = ()
    sees: tuple[str, ...] = ()
    after: tuple[tuple[str, str], ...] = ()
    joins: bool = False

    @property
    def name(self) -> str:
        """What the step is called: ``2023 1_clean``."""
        return f"{self.year} {self.output}"

    @property
    def title(self) -> str:
        """What is being made, for a person: the appendix, or the notebook."""
        return f"{self.year} {self.appendix or self.output}"

    @property
    def executed(self) -> str:
        """The executed notebook below the root; that of an appendix may be published."""
        folder = "outputs" if self.appendix else "data/processed"
        return f"{folder}/{self.year}/notebooks/{self.output}.ipynb"

    @property
    def rooms(self) -> tuple[str, ...]:
        """The rooms of ``src/analysis`` that decide what comes out."""
        return ROOMS["appendix" if self.appendix else self.notebook]

    @property
    def may_write(self) -> tuple[str, ...]:
        """The folders below which its outputs lie."""
        return (f"data/processed/{self.year}/", f"outputs/{self.year}/")

    def as_dict(self) -> dict[str, Any]:
        """Return the step as plain data, for another process."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Step:
        """Return the step that `as_dict` wrote, also after a journey as JSON."""
        return cls(
            **{
                **data,
                "decides": tuple(data["decides"]),
                "sees": tuple(data["sees"]),
                "after": tuple((step, folder) for step, folder in data["after"]),
            }
        )


@dataclass(frozen=True)
class Asked:
    """What the steps of a year depend on, of all that was handed in.

    Attributes
    ----------
    year : int
        The reporting year.
    export : str
        The file of answers in the year's raw folder.
    units : tuple of str
        The invited units, in the order of their appendices; none where people answer.
    """

    year: int
    export: str
    units: tuple[str, ...]


def analysis_steps(asked: Asked) -> list[Step]:
    """Return the steps of a year that lead to its released results, in order."""
    year = asked.year
    raw, processed = RAW.format(year=year), PROCESSED.format(year=year)
    survey, units = raw + "survey.yaml", "data/reference/units.csv"
    people = [raw + name for name in (asked.export, "invited.csv", "decisions.csv")]
    decides = {
        "1_clean": (survey, units, *people),
        "2_code": (survey, "data/reference/themes.yaml"),
        "3_analyse": (survey, units, *people, raw + "approvals.csv", "data/reference/themes.yaml"),
    }
    after = {
        "1_clean": (),
        "2_code": ((f"{year} 1_clean", processed),),
        "3_analyse": ((f"{year} 1_clean", processed), (f"{year} 2_code", processed)),
    }
    return [
        Step(
            year,
            name,
            {"year": year, "root": "."},
            name,
            decides=tuple(dict.fromkeys(decides[name])),
            sees=(raw, "data/reference/"),
            after=after[name],
        )
        for name in ANALYSIS
    ]


def compare_step(asked: Asked, earlier: Iterable[int]) -> Step:
    """Return the step that compares a year's released results with those of earlier years."""
    years = [*earlier, asked.year]
    return Step(
        asked.year,
        COMPARE,
        {"year": asked.year, "root": "."},
        COMPARE,
        decides=(*(RAW.format(year=y) + "survey.yaml" for y in years), "data/reference/units.csv"),
        sees=(*(RAW.format(year=y) for y in years), "data/reference/"),
        after=tuple((f"{y} 3_analyse", RESULTS.format(year=y)) for y in years),
    )


def appendix_steps(asked: Asked, *, compare: bool, final: bool) -> list[Step]:
    """Return the appendices of a year: the common ones, one for each invited unit, and the workbook of tables."""
    year = asked.year
    results = RESULTS.format(year=year)
    names = ["3_analyse", COMPARE] if compare else ["3_analyse"]
    after = tuple((f"{year} {name}", results) for name in names)
    common: dict[str, Value] = {"year": year, "root": ".", "final": final}

    def step(notebook: str, appendix: str, output: str = "", **more: Value) -> Step:
        return Step(year, notebook, {**common, **more}, output or notebook, appendix, after=after)

    steps = [
        step("appendix_results", "bilaga-1-resultat"),
        step("appendix_quality", "bilaga-2-kvalitet"),
    ]
    if compare:
        steps.append(step("appendix_years", "bilaga-3-jamforelse"))
    steps += [
        step(ADMINISTRATION, f"forvaltningar/{unit}", f"{ADMINISTRATION}_{unit}", unit=unit)
        for unit in asked.units
    ]
    joined = [s for s in steps if s.notebook != ADMINISTRATION]
    titles: dict[str, Value] = {s.output: f"Bilaga {s.appendix.split('-')[1]}" for s in joined}
    after = tuple((s.name, f"outputs/{year}/notebooks/") for s in joined)
    tables = Step(year, "appendix_results", titles, TABLES, TABLES, after=after, joins=True)
    return [*steps, tables]


def every_step(asked: Asked) -> list[Step]:
    """Return every step that a year may have: to check their notebooks before the first is run."""
    return [
        *analysis_steps(asked),
        compare_step(asked, []),
        *(step for step in appendix_steps(asked, compare=True, final=False) if not step.joins),
    ]


def years_before(project: Project, year: int) -> list[int]:
    """Return the years before `year` that have a survey, oldest first."""
    return [y for y in project.years() if y < year and project.survey(y).is_file()]


def earlier_years(project: Project, year: int) -> list[int]:
    """Return the years before `year` that it can be compared with, oldest first.

    A year with a survey that is wrong, or of which nothing is released, is left out with a warning.
    """
    from analysis.pipeline.inputs import read_inputs
    from analysis.privacy.release import read_results

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
