"""A new reporting year from an export that nobody has described, and what waits for a person."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.intake.clean import Cleaned, clean
from analysis.intake.contracts import write_file
from analysis.intake.decode import decode
from analysis.intake.dialects import DIALECTS, find_table
from analysis.intake.draft import draft_survey, to_settle, to_yaml
from analysis.measures.counts import free_texts
from analysis.pipeline.inputs import Inputs, read_export
from analysis.pipeline.run import check_year
from analysis.privacy.masking import mask_answers
from analysis.problems import InputError
from analysis.project import Project
from analysis.survey.instrument import schema_json
from analysis.survey.units import INVITED_COLUMNS, Register


@dataclass(frozen=True)
class Added:
    """A drafted year: the files that were made, the list of what to settle last."""

    files: tuple[Path, ...]
    settle: tuple[str, ...]
    summary: str


def add_year(
    project: Project, year: int, export: Path, *, encoding: str | None = None, dialect: str | None = None
) -> Added:
    """Copy an export into the folder of a new year and draft its description.

    Raises
    ------
    InputError
        If the year exists already, or the export cannot be read; nothing is written then.
    """
    folder = project.raw(year)
    if folder.exists() and any(folder.iterdir()):
        raise InputError.one(
            project.name(folder),
            "the year exists already",
            "Choose another year, or move the folder away first",
        )
    if dialect is not None and dialect not in {d.name for d in DIALECTS}:
        known = ", ".join(d.name for d in DIALECTS)
        raise InputError.one(
            "the command line", f"{dialect!r} is no known survey tool", f"Use one of {known}"
        )
    if not export.is_file():
        what = "is a folder, not a file" if export.is_dir() else "there is no such file"
        raise InputError.one(
            str(export), what, "Give the path of the export, as the survey tool delivered it"
        )
    grid = decode(export, export.name, encoding=encoding)
    table = find_table(grid, export.name, dialect)
    units = project.reference("units.csv")
    register = Register.read(units, name=project.name(units))
    exported = dt.datetime.fromtimestamp(export.stat().st_mtime, dt.UTC).date()
    draft = draft_survey(table, grid, year=year, exported=exported, register=register, encoding=encoding)

    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / export.name
    write_file(copy, lambda p: shutil.copyfile(export, p))
    made = {"survey.yaml": to_yaml(draft)}
    if draft.survey.respondents == "units":
        made["invited.csv"] = _draft_invited(register, draft.survey.on)
    made["to-settle.md"] = to_settle(draft)
    for name, text in made.items():
        _write_text(folder / name, text)
    schema = project.root / "data" / "reference" / "survey.schema.json"
    if not schema.exists():
        _write_text(schema, schema_json())
    summary = (
        f"{table.dialect.name}, {len(table.cells)} submissions, {len(draft.survey.questions)} questions, "
        f"{'units of the register' if draft.survey.respondents == 'units' else 'people'} answer"
    )
    return Added((copy, *(folder / name for name in made)), tuple(draft.settle), summary)


def _write_text(path: Path, text: str) -> None:
    write_file(path, lambda p: p.write_text(text, encoding="utf-8"))


def _draft_invited(register: Register, on: dt.date) -> str:
    """Return ``invited.csv`` with every unit that exists on the day."""
    rows = [f"{unit.unit_id},,," for unit in register.at(on)]
    return "\n".join([",".join(INVITED_COLUMNS), *rows]) + "\n"


@dataclass(frozen=True)
class Opened:
    """What `review_year` found: open review items, warnings, and how many cells were accounted for."""

    review: pd.DataFrame
    warnings: tuple[str, ...]
    cells: int


def review_year(project: Project, year: int) -> Opened:
    """Check all inputs of a year, clean the export in memory, and return what waits for a person.

    Raises
    ------
    InputError
        If inputs or notebooks are wrong.
    """
    inputs = check_year(project, year)
    cleaned = clean_year(project, inputs)
    name = project.name(project.decisions(year))
    warnings = [f"{name}: the decision {i} matches nothing any more." for i in cleaned.unmatched_decisions]
    approvals = project.name(project.approvals(year))
    written = set(free_texts(cleaned.answers, inputs.survey)["text_hash"])
    warnings += [
        f"{approvals}: the approval of {text_hash} matches no text any more."
        for text_hash in inputs.approvals["text_hash"]
        if text_hash not in written
    ]
    if cleaned.accounting["unaccounted"]:
        warnings.append(f"{cleaned.accounting['unaccounted']} cells are not accounted for.")
    return Opened(cleaned.review, tuple(warnings), cleaned.accounting["raw_cells"])


def clean_year(project: Project, inputs: Inputs) -> Cleaned:
    """Return the cleaned and masked answers of a year, as the notebook 1_clean makes them."""
    survey, register = inputs.survey, inputs.register
    _, table = read_export(project, survey)
    name = project.name(project.survey(survey.year))
    cleaned = clean(table, survey, name=name, register=register, decisions=inputs.decisions)
    return mask_answers(cleaned, survey, decisions=inputs.decisions, not_names=register.names())
