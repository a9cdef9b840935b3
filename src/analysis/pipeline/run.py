"""A whole year: checked, run step by step, exported, and published together."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from analysis.pipeline.engine import StepFailed, execute, preflight
from analysis.pipeline.inputs import Inputs, read_inputs
from analysis.pipeline.manifest import inputs_changed, write_manifest
from analysis.pipeline.steps import Step, analysis_steps, appendix_steps, earlier_years
from analysis.privacy.release import read_results
from analysis.problems import InputError
from analysis.project import Project

Progress = Callable[[str, int, int], None]
"""Told before each step: what is being done, how many steps are done, and of how many."""


class FinalRefused(Exception):
    """A final appendix was asked for while something is missing."""


@dataclass(frozen=True)
class Done:
    """What a run published."""

    year: int
    files: tuple[Path, ...]
    draft: bool


def run_year(project: Project, year: int, *, final: bool, progress: Progress) -> Done:
    """Run a year from its raw export to its published appendices.

    Earlier years are first released as far as the comparison needs them.

    Raises
    ------
    InputError
        If inputs or notebooks are wrong; nothing is changed then.
    StepFailed
        If a notebook stops; what the last good run published stays.
    FinalRefused
        If `final` is asked for while something is missing.
    """
    inputs = read_inputs(project, year)
    earlier = earlier_years(project, year)
    first = {y: read_inputs(project, y) for y in earlier if inputs_changed(project, y)}
    appendices = appendix_steps(inputs.survey, inputs.invited, compare=bool(earlier), final=final)
    analyses = {y: analysis_steps(y, compare=False) for y in first}
    analyses[year] = analysis_steps(year, compare=bool(earlier))
    _check_notebooks(project, [*(s for steps in analyses.values() for s in steps), *appendices])

    total = sum(map(len, analyses.values())) + len(appendices)
    done = 0
    for step_year, steps in analyses.items():
        for step in steps:
            progress(f"{step_year} {step.notebook}", done, total)
            run_analysis(project, step_year, step)
            done += 1
    missing = read_results(project.results(year), project.name(project.results(year))).survey["missing"]
    if final and missing:
        lines = "\n".join(f"- {line}" for line in missing)
        raise FinalRefused(f"A final appendix for {year} is refused while this is missing:\n{lines}")
    files = _publish_appendices(project, year, appendices, lambda what, n: progress(what, done + n, total))
    write_manifest(project, year, [*analyses[year], *appendices])
    return Done(year, tuple(files), bool(missing))


def _check_notebooks(project: Project, steps: Iterable[Step]) -> None:
    checked: dict[str, Step] = {step.notebook: step for step in steps}
    problems = []
    for name, step in checked.items():
        path = project.notebook(name)
        problems += preflight(path, project.name(path), step.parameters)
    if problems:
        raise InputError(problems)


def run_analysis(project: Project, year: int, step: Step) -> None:
    """Run one analysis notebook; its executed form, failed or not, stays on the sensitive side."""
    output = project.analysis_notebooks(year) / f"{step.output}.ipynb"
    _execute(project, step, output)


def _execute(project: Project, step: Step, output: Path) -> None:
    source = project.notebook(step.notebook)
    execute(source, output, step.parameters, cwd=project.root, name=project.name(source))


def _publish_appendices(
    project: Project, year: int, steps: list[Step], progress: Callable[[str, int], None]
) -> list[Path]:
    """Run and export the appendices beside the old ones, then move them in place together."""
    outputs = project.outputs(year)
    beside = outputs.with_name(f".{outputs.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        workers = min(len(steps), os.cpu_count() or 1)
        progress(f"{year} {steps[0].appendix}", 0)
        # Fresh processes: a forked one would inherit the sockets of the kernels run so far.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            waiting = {pool.submit(make_appendix, project, year, step, beside): step for step in steps}
            try:
                for n, future in enumerate(as_completed(waiting), 1):
                    future.result()
                    progress(f"{year} {waiting[future].appendix}", n)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        made = sorted(p for p in beside.rglob("*") if p.is_file())
        for folder in ("forvaltningar", "notebooks"):
            shutil.rmtree(outputs / folder, ignore_errors=True)
        for path in made:
            target = outputs / path.relative_to(beside)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        return [outputs / p.relative_to(beside) for p in made if p.suffix != ".ipynb"]
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def make_appendix(project: Project, year: int, step: Step, folder: Path) -> None:
    """Run one appendix notebook and export it to HTML and PDF below `folder`; bilaga 1 also as a workbook."""
    from analysis.report import html, pdf, workbook
    from analysis.report.document import read_notebook

    output = folder / "notebooks" / f"{step.output}.ipynb"
    try:
        _execute(project, step, output)
    except StepFailed:
        kept = project.analysis_notebooks(year) / output.name
        kept.parent.mkdir(parents=True, exist_ok=True)
        output.replace(kept)
        raise
    document = read_notebook(output)
    page = folder / f"{step.appendix}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(html.render(document), encoding="utf-8")
    page.with_suffix(".pdf").write_bytes(pdf.render(document))
    if step.notebook == "appendix_results":
        (folder / "tabeller.xlsx").write_bytes(workbook.render(document))


def check_year(project: Project, year: int) -> Inputs:
    """Read everything handed in for a year, and check the notebooks that a run would use."""
    inputs = read_inputs(project, year)
    compare = bool(earlier_years(project, year))
    steps = analysis_steps(year, compare=compare)
    _check_notebooks(
        project, [*steps, *appendix_steps(inputs.survey, inputs.invited, compare=compare, final=False)]
    )
    return inputs
