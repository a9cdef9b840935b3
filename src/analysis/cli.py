"""The command `analysis`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

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
    root: Root = "",
) -> None:
    """Copy an export, draft its survey.yaml and invited.csv, and list what a person must settle."""
    from analysis.pipeline.new_year import add_year

    project = Project.find(root)
    added = add_year(project, parse_year(year), export, encoding=encoding or None, dialect=dialect or None)
    for path in added.files:
        print(project.name(path))
    _tell(f"A draft of {year} is made ({added.summary}). A person must settle:")
    for line in added.settle[:12]:
        _tell(f"- {line}")
    if len(added.settle) > 12:
        _tell(f"- … and {len(added.settle) - 12} more, all in {project.name(added.files[-1])}")
    _tell(f"Then run `analysis run {year}`; until it is settled, the appendices are drafts.")


@app.command()
def check(
    year: Annotated[str, typer.Argument(help="The reporting year, such as 2021")],
    root: Root = "",
) -> None:
    """Check the inputs of a year and list what waits for a person."""
    from analysis.pipeline.new_year import review_year

    project = Project.find(root)
    opened = review_year(project, parse_year(year))
    for line in opened.warnings:
        _tell(line)
    for item in opened.review.itertuples(index=False):
        print(
            f"{item.id}  {item.kind}  {item.where}: {item.seen!r}\n    needed for {item.needed_for}; {item.proposals}"
        )
    n = len(opened.review)
    items = "1 open review item" if n == 1 else f"{n} open review items"
    _tell(f"{year}: the inputs are right; {items}, {opened.cells} cells accounted for.")


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
