"""The command `analysis`."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from analysis.problems import InputError
from analysis.project import Project, parse_year

if TYPE_CHECKING:
    from analysis.pipeline.run import Event

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Run the yearly follow-up survey from its raw export to its appendices.",
)
STOPPED = 130
"""The exit code after Ctrl-C, as shells have it."""

Root = Annotated[str, typer.Option("--root", help="Another folder that holds data/ and outputs/")]


def _tell(message: object) -> None:
    print(message, file=sys.stderr)


@app.command()
def run(
    year: Annotated[str, typer.Argument(help="The reporting year, such as 2021")] = "",
    all_years: Annotated[bool, typer.Option("--all", help="Every year")] = False,
    final: Annotated[
        bool, typer.Option("--final", help="Refuse while anything is missing; no draft mark")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Run also what is not out of date")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="After a failure, run what does not depend on it")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Steps side by side; 0 for what cores and memory allow")] = 0,
    engine: Annotated[str, typer.Option(help="inprocess or papermill; else what suits the system")] = "",
    scheduler: Annotated[str, typer.Option(help="A Dask cluster, such as tcp://host:8786")] = "",
    fetch: Annotated[
        str, typer.Option(help="Copy data/raw and data/reference from here first, such as s3://bucket/folder")
    ] = "",
    publish: Annotated[
        str, typer.Option(help="Copy outputs/ to here if all is well; never data/processed")
    ] = "",
    cell_time: Annotated[float, typer.Option(help="Seconds that a cell may take; 0 for no limit")] = 3600,
    time_limit: Annotated[float, typer.Option(help="Seconds that a step may take; 0 for no limit")] = 7200,
    memory: Annotated[
        float, typer.Option(help="Gigabytes that a step may take; 0 for all the machine has")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Tell what happens as lines of JSON")] = False,
    root: Root = "",
) -> None:
    """Make the appendices of a year, as far as they are out of date."""
    from analysis.pipeline import workers
    from analysis.pipeline.run import Options
    from analysis.pipeline.run import run as run_years
    from analysis.pipeline.telling import Log, Picture, Plain, as_json_line, several
    from analysis.pipeline.worker import Limits

    if bool(year) == all_years:
        raise InputError.one("the command line", "give either a year or --all", "Write `analysis run 2021`")
    if engine not in ("", "inprocess", "papermill"):
        what = f"there is no engine {engine!r}"
        raise InputError.one("the command line", what, "Use --engine inprocess or --engine papermill")
    if min(jobs, cell_time, time_limit, memory) < 0:
        what = "--jobs, --cell-time, --time-limit and --memory are not negative"
        raise InputError.one("the command line", what, "Give 0 or more")
    project = Project.find(root)
    if fetch:
        from analysis.pipeline.stores import fetch_data

        fetch_data(fetch, project, _tell)
    if publish:
        from analysis.pipeline.stores import check_publish

        check_publish(publish)
    years = project.years() if all_years else [parse_year(year)]
    if not years:
        raise InputError.one("data/raw", "there is no reporting year", "Add one with `analysis new-year`")
    options = Options(
        final=final,
        force=force,
        keep_going=keep_going,
        without_wrong_years=all_years,
        jobs=jobs,
        engine=engine,
        scheduler=scheduler,
        limits=Limits(cell_time, time_limit, int(memory * 1e9) or workers.all_memory()),
    )
    ends: list[Event] = []
    shown = Picture() if sys.stderr.isatty() and not as_json else Plain()
    with shown:
        tellers = [shown, Log(project), *([as_json_line] if as_json else [])]
        code = run_years(project, years, options, several(*tellers, ends.append))
    for event in ends:
        if event.kind == "end" and not as_json:
            _tell_end(event)
    if publish and code:
        _tell(f"Nothing is published at {publish}: not all is well.")
    elif publish:
        from analysis.pipeline.stores import publish_outputs

        publish_outputs(project, publish, _tell)
    raise typer.Exit(code)


def _tell_end(event: Event) -> None:
    """Say how a year ended, and print what is published: the many files of a folder as one line."""
    if event.code == 0:
        _tell(f"{event.year}: done{f', {event.text}' if event.text else ''}. The appendices are:")
        beside = f"outputs/{event.year}"
        folders = Counter(name.rpartition("/")[0] for name in event.files)
        print("outputs/index.html")
        for name in event.files:
            if name.rpartition("/")[0] == beside:
                print(name)
        for folder, n in folders.items():
            if folder != beside:
                print(f"{folder}/ ({n} files)")
    elif event.code == 1:
        _tell(f"{event.year}: not finished. What was done is kept; every other output is as it was before.")


@app.command()
def status(
    year: Annotated[str, typer.Argument(help="The reporting year; without it, every year")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON")] = False,
    root: Root = "",
) -> None:
    """Tell what is out of date, and why."""
    from analysis.pipeline.status import look

    project = Project.find(root)
    years = [parse_year(year)] if year else project.years()
    found = look(project, years)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for step, reasons in found.items():
        if reasons:
            print(f"{step}: out of date: {'; '.join(reasons)}")
    fresh = sum(not reasons for reasons in found.values())
    _tell(f"{fresh} of {len(found)} steps are up to date.")


@app.command()
def verify(
    year: Annotated[str, typer.Argument(help="The reporting year, such as 2021")],
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Also run it from nothing and compare the bytes")
    ] = False,
    root: Root = "",
) -> None:
    """Tell whether the outputs of a year are still what its manifest says, and whether a re-run gives the same."""
    from analysis.pipeline.manifest import verify as find_differences
    from analysis.pipeline.run import rerun as run_again

    project = Project.find(root)
    number = parse_year(year)
    found = find_differences(project, number)
    if rerun:
        found += run_again(project, number, _tell)
    for line in found:
        print(line)
    if found:
        _tell(f"{number}: {len(found)} differences.")
        raise typer.Exit(1)
    _tell(
        f"{number}: every output is what was made{', and a run from nothing gives the same bytes' if rerun else ''}."
    )


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
    sheet: Annotated[str, typer.Option(help="The sheet of both workbooks, where it cannot be told")] = "",
    cells: Annotated[bool, typer.Option("--cells", help="List every changed cell, as CSV")] = False,
) -> None:
    """Tell what differs between two exports of the same survey."""
    from analysis.intake.compare import compare as compare_tables
    from analysis.intake.dialects import find_table
    from analysis.pipeline.inputs import decode_export

    grids = [decode_export(path, str(path), sheet=sheet or None) for path in (before, after)]
    tables = [find_table(grid, grid.file) for grid in grids]
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


@app.command()
def preview(
    year: Annotated[str, typer.Argument(help="The reporting year, such as 2023")],
    appendix: Annotated[str, typer.Argument(help="results, quality, years or administration")],
    unit: Annotated[str, typer.Option(help="The administration, for its own appendix")] = "",
    port: Annotated[int, typer.Option(help="The port on this computer; any that is free if 0")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser")] = True,
    root: Root = "",
) -> None:
    """Show an appendix in the browser, and make it anew whenever its notebook or the code is saved."""
    from analysis.pipeline.preview import preview as show_preview

    project = Project.find(root)
    show_preview(project, parse_year(year), appendix, unit=unit, port=port, open_browser=browser, tell=_tell)


def main() -> None:
    """Run the command; wrong inputs give exit code 2 and one sentence for each problem."""
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # a scheduler that stops it gets what Ctrl-C gets
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that has no å shows ? instead
            stream.reconfigure(errors="replace")
    try:
        code = app(standalone_mode=False)
        if code == STOPPED:  # what typer makes of Ctrl-C
            _tell("Stopped. Every step that was done is kept, and the next run goes on from there.")
        sys.exit(code if isinstance(code, int) else 0)
    except InputError as error:
        _tell(error)
        sys.exit(2)
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _tell(
            f"{error.filename or 'A file'}: {error.strerror or error}. "
            "Nothing half-written is left; run again when it is mended."
        )
        sys.exit(1)
    except typer.TyperException as error:
        what = error.format_message().strip().rstrip(".")
        if what:  # a call without arguments has shown the help
            _tell(InputError.one("the command line", what, "`analysis --help` tells what can be written"))
        sys.exit(2)
