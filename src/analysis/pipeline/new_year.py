"""A new reporting year from an export that nobody has described, and what waits for a person."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

from analysis.intake.contracts import write_file
from analysis.intake.dialects import DIALECTS, counted, find_table
from analysis.intake.draft import draft_survey, to_settle, to_yaml
from analysis.pipeline.inputs import decode_export
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
    project: Project,
    year: int,
    export: Path,
    *,
    encoding: str | None = None,
    dialect: str | None = None,
    sheet: str | None = None,
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
    grid = decode_export(export, export.name, encoding=encoding, sheet=sheet, dialect=dialect)
    table = find_table(grid, export.name, dialect=dialect)
    units = project.reference("units.csv")
    register = Register.read(units, name=project.name(units))
    draft = draft_survey(table, grid, year=year, register=register, encoding=encoding)

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
        f"{table.dialect.name}, {counted(len(table.cells), 'submission')}, "
        f"{counted(len(draft.survey.questions), 'question')}, "
        f"{'units of the register' if draft.survey.respondents == 'units' else 'people'} answer"
    )
    return Added((copy, *(folder / name for name in made)), tuple(draft.settle), summary)


def _write_text(path: Path, text: str) -> None:
    write_file(path, lambda p: p.write_text(text, encoding="utf-8"))


def _draft_invited(register: Register, on: dt.date) -> str:
    """Return ``invited.csv`` with every unit that exists on the day."""
    rows = [f"{unit.unit_id},,," for unit in register.at(on)]
    return "\n".join([",".join(INVITED_COLUMNS), *rows]) + "\n"
