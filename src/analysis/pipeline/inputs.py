"""Everything that people hand in for a reporting year, read and checked together."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

from analysis.intake.decode import Grid, decode
from analysis.intake.dialects import Table, find_table, is_recognised, looks_like_answers
from analysis.intake.review import Decision, read_decisions
from analysis.privacy.release import read_approvals
from analysis.problems import InputError, Problem
from analysis.project import Project
from analysis.survey.instrument import Survey, read_survey
from analysis.survey.units import INVITED_COLUMNS, Register, read_invited

T = TypeVar("T")


@dataclass(frozen=True)
class Inputs:
    """What people handed in for a year.

    Attributes
    ----------
    survey : Survey
        What was asked.
    register : Register
        The dated register of units.
    invited : DataFrame
        ``unit_id, respondent_role, sent, reminded``; no rows where people answer.
    decisions : dict of str to Decision
        What people decided, by review item.
    approvals : DataFrame
        Which quotes people approved.
    """

    survey: Survey
    register: Register
    invited: pd.DataFrame
    decisions: dict[str, Decision]
    approvals: pd.DataFrame

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of each unit that exists on the survey's reference date, by id."""
        return {u.unit_id: u.kind for u in self.register.at(self.survey.on)}


def read_inputs(project: Project, year: int) -> Inputs:
    """Read and check everything handed in for a year but the export itself.

    Raises
    ------
    InputError
        With the problems of all files at once.
    """
    folder = project.raw(year)
    if not folder.is_dir():
        years = ", ".join(map(str, project.years())) or "none yet"
        raise InputError.one(
            project.name(folder),
            f"there is no reporting year {year} (there are: {years})",
            "Choose one of them, or add the year with `analysis new-year`",
        )
    problems: list[Problem] = []

    def read(reader: Callable[[], T]) -> T | None:
        try:
            return reader()
        except InputError as error:
            problems.extend(error.problems)
            return None

    survey = read(lambda: read_survey(project.survey(year), project.name(project.survey(year)), year=year))
    units = project.reference("units.csv")
    register = read(lambda: Register.read(units, name=project.name(units)))
    decisions = read(lambda: read_decisions(project.decisions(year), project.name(project.decisions(year))))
    places = register.names() if register is not None else set()
    approved = project.approvals(year)
    approvals = read(lambda: read_approvals(approved, project.name(approved), not_names=places))
    invited: pd.DataFrame | None = pd.DataFrame({c: pd.Series(dtype="str") for c in INVITED_COLUMNS})
    if survey is not None:
        if survey.respondents == "units" and register is not None:
            on, path = survey.on, project.invited(year)
            known = register
            invited = read(lambda: read_invited(path, known, on, name=project.name(path)))
        export = folder / survey.source.file
        if Path(survey.source.file).is_absolute() or ".." in Path(survey.source.file).parts:
            what = f"the export {survey.source.file!r} lies outside the year's folder"
            do = f"Copy it to {project.name(folder)}, and name it in `source: file:`"
            problems.append(Problem(project.name(project.survey(year)), what, do))
        elif not export.is_file():
            what = "is a folder, not the export" if export.is_dir() else "the export is missing"
            do = "Put the export there, or correct `source: file:` in survey.yaml"
            problems.append(Problem(project.name(export), what, do))
    if (
        survey is None
        or register is None
        or decisions is None
        or approvals is None
        or invited is None
        or problems
    ):
        raise InputError(problems)
    return Inputs(survey, register, invited, decisions, approvals)


def read_export(project: Project, survey: Survey) -> tuple[Grid, Table]:
    """Decode the export of a year and find the table in it, as ``survey.yaml`` says."""
    path = project.raw(survey.year) / survey.source.file
    name = project.name(path)
    source = survey.source
    grid = decode_export(
        path,
        name,
        encoding=source.encoding,
        delimiter=source.delimiter,
        sheet=source.sheet,
        dialect=source.dialect,
    )
    table = find_table(
        grid, name, dialect=source.dialect, header_rows=source.header_rows, columns=source.columns
    )
    return grid, table


def decode_export(
    path: Path,
    name: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    dialect: str | None = None,
) -> Grid:
    """Decode an export; of the sheets of a workbook, take the one that looks like a survey tool's.

    Where none looks so, or a person has settled that it is a table, the only one that clearly is a table of answers
    is taken. A survey tool that a person has settled is looked for in the first sheet if no sheet looks like its own.

    Raises
    ------
    InputError
        If the export cannot be read, there are no sheets to choose among, or it cannot be told which to read.
    """
    grid = decode(path, name, encoding=encoding, delimiter=delimiter, sheet=sheet)
    if sheet is not None and grid.sheet is None:
        raise InputError.one(
            name,
            f"the file has no sheets, so {sheet!r} cannot be read",
            "Leave out `--sheet` (`source: sheet:` in survey.yaml)",
        )
    if sheet is not None or not grid.other_sheets:
        return grid
    sheets = [grid, *(decode(path, name, sheet=other) for other in grid.other_sheets)]
    known = [] if dialect == "table" else [found for found in sheets if is_recognised(found, dialect)]
    if not known and dialect not in (None, "table"):
        return grid
    likely = known or [found for found in sheets if looks_like_answers(found)]
    if len(likely) == 1:
        return likely[0]
    what = "several sheets look like answers" if likely else "no sheet clearly looks like answers"
    titles = ", ".join(repr(found.sheet) for found in likely or sheets)
    raise InputError.one(
        name,
        f"{what}: {titles}",
        "Name the one to read with `--sheet` (`source: sheet:` in survey.yaml), or keep only that sheet",
    )


def document_date(survey: Survey, submissions: pd.DataFrame) -> dt.date:
    """Return the date that stands on the appendices: never the clock's.

    `published` in survey.yaml, else ``SOURCE_DATE_EPOCH``, else the day of the export, else the last submission,
    else the end of the period.
    """
    if survey.published:
        return survey.published
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        return dt.datetime.fromtimestamp(int(epoch), dt.UTC).date()
    if survey.source.exported:
        return survey.source.exported
    last = submissions["submitted"].max()
    return survey.period.end if pd.isna(last) else last.date()
