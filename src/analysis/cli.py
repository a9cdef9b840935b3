"""The command `analysis`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from analysis.problems import InputError
from analysis.project import Project, parse_year

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Run the yearly follow-up survey from its raw export to its appendices.",
)
Root = Annotated[str, typer.Option("--root", help="Another folder that holds data/ and outputs/")]


def _tell(message: object) -> None:
    print(message, file=sys.stderr)


@app.command()
def run(
    year: Annotated[str, typer.Argument(help="The reporting year, such as 2021")] = "",
    all_years: Annotated[bool, typer.Option("--all", help="Every year, oldest first")] = False,
    final: Annotated[
        bool, typer.Option("--final", help="Refuse while anything is missing; no draft mark")
    ] = False,
    root: Root = "",
) -> None:
    """Make the appendices of a year."""
    if bool(year) == all_years:
        raise InputError.one("the command line", "give either a year or --all", "Write `analysis run 2021`")
    project = Project.find(root)
    years = project.years() if all_years else [parse_year(year)]
    if not years:
        raise InputError.one("data/raw", "there is no reporting year", "Add one with `analysis new-year`")
    codes = [_run_one(project, y, final=final, without_wrong_years=all_years) for y in years]
    raise typer.Exit(max(codes))


def _run_one(project: Project, year: int, *, final: bool, without_wrong_years: bool) -> int:
    """Run one year, tell how it went, and return the exit code."""
    from analysis.pipeline.engine import StepFailed
    from analysis.pipeline.run import FinalRefused, run_year

    try:
        with _progress() as bar:
            task = bar.add_task(f"{year}", total=None)

            def progress(what: str, done: int, total: int) -> None:
                bar.update(task, description=what, completed=done, total=total)
                if not sys.stderr.isatty():
                    _tell(
                        f"[{done + 1}/{total}] {what}" if done < total else f"[{total}/{total}] {what} done"
                    )

            done = run_year(
                project, year, final=final, progress=progress, without_wrong_years=without_wrong_years
            )
    except InputError as error:
        _tell(error)
        return 2
    except StepFailed as error:
        _tell(error)
        if error.wrong_inputs:
            return 2
        if error.kept:
            _tell(f"The executed notebook is kept as {error.kept}.")
        _tell("What was published before is untouched.")
        return 1
    except FinalRefused as error:
        _tell(error)
        return 3
    for warning in done.warnings:
        _tell(warning)
    _tell(f"{year}: done{', as a draft' if done.draft else ''}. The appendices are:")
    for path in done.files:
        print(project.name(path))
    return 0


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())


@app.command("new-year")
def new_year(
    year: Annotated[str, typer.Argument(help="The new reporting year, such as 2024")],
    export: Annotated[Path, typer.Argument(help="The export as the survey tool delivered it")],
    encoding: Annotated[
        str, typer.Option(help="The encoding of a text export, where it cannot be told")
    ] = "",
    dialect: Annotated[str, typer.Option(help="The survey tool, where it is not recognised")] = "",
    sheet: Annotated[str, typer.Option(help="The sheet of a workbook, where it cannot be told")] = "",
    root: Root = "",
) -> None:
    """Copy an export, draft its survey.yaml and invited.csv, and list what a person must settle."""
    from analysis.pipeline.new_year import add_year

    project = Project.find(root)
    added = add_year(
        project,
        parse_year(year),
        export,
        encoding=encoding or None,
        dialect=dialect or None,
        sheet=sheet or None,
    )
    for path in added.files:
        print(project.name(path))
    _tell(f"A draft of {year} is made ({added.summary}). A person must settle:")
    for line in added.settle[:12]:
        _tell(f"- {line}")
    if len(added.settle) > 12:
        _tell(f"- … and {len(added.settle) - 12} more, all in {project.name(added.files[-1])}")
    there = f"{year} --root {root}" if root else year
    _tell(
        f"`analysis check {there}` lists what is open; `analysis run {there}` makes the appendices, as drafts "
        "until it is settled."
    )


@app.command()
def check(
    year: Annotated[str, typer.Argument(help="The reporting year, such as 2021")],
    root: Root = "",
    language: Annotated[str, typer.Option(help="The language of the list: en or sv")] = "en",
) -> None:
    """Check the inputs of a year and list what waits for a person."""
    from analysis.pipeline.checks import check_answers, how_to_decide

    if language not in ("en", "sv"):
        what = f"there is no list in the language {language!r}"
        raise InputError.one("the command line", what, "Use --language en or --language sv")
    chosen: Literal["en", "sv"] = "sv" if language == "sv" else "en"
    project = Project.find(root)
    number = parse_year(year)
    found = check_answers(project, number, chosen)
    for line in found.questions:
        print(line)
    for line in found.warnings:
        _tell(line)
    if found.questions:
        _tell(how_to_decide(project.name(project.decisions(number)), chosen))
    _tell(f"{number}: {found.summary}")


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="The earlier export")],
    after: Annotated[Path, typer.Argument(help="The later export, or one that somebody has edited")],
    key: Annotated[str, typer.Option(help="Header of the column that tells which submission is which")] = "",
    cells: Annotated[bool, typer.Option("--cells", help="List every changed cell, as CSV")] = False,
) -> None:
    """Tell what differs between two exports of the same survey."""
    from analysis.intake.compare import compare as compare_tables
    from analysis.intake.decode import decode
    from analysis.intake.dialects import find_table

    tables = [find_table(decode(path, path.name), path.name) for path in (before, after)]
    found = compare_tables(tables[0], tables[1], after.name, key or None)
    if cells:
        found.changed.to_csv(sys.stdout, index=False, lineterminator="\n")
    else:
        for column, n in found.changed["column"].value_counts(sort=False).items():
            print(f"{n:>7}  {column}")
    for what, names in (
        ("columns added", found.columns_added),
        ("columns gone", found.columns_gone),
        ("submissions added", found.submissions_added),
        ("submissions gone", found.submissions_gone),
    ):
        if names:
            more = f" and {len(names) - 10} more" if len(names) > 10 else ""
            _tell(f"{len(names)} {what}: {'; '.join(names[:10])}{more}.")
    _tell(f"{len(found.changed)} cells differ (submissions told apart by {found.key!r}).")


def main() -> None:
    """Run the command; wrong inputs give exit code 2 and one sentence for each problem."""
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except InputError as error:
        _tell(error)
        sys.exit(2)
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        _tell("Stopped. What was published before is untouched.")
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except typer.TyperException as error:
        what = error.format_message().strip().rstrip(".")
        if what:  # a call without arguments has shown the help
            _tell(InputError.one("the command line", what, "`analysis --help` tells what can be written"))
        sys.exit(2)
