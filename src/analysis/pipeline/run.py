"""A whole year: checked, run step by step, exported, and published together."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from analysis.pipeline.engine import StepFailed, execute, preflight
from analysis.pipeline.inputs import Inputs, read_inputs
from analysis.pipeline.manifest import inputs_changed, write_manifest
from analysis.pipeline.steps import Step, analysis_steps, appendix_steps, earlier_years, years_before
from analysis.privacy.release import read_results
from analysis.problems import InputError
from analysis.project import Project

Progress = Callable[[str, int, int], None]
"""Told before each step: what is being done, how many steps are done, and of how many."""


class FinalRefused(Exception):
    """A final appendix was asked for while something is missing."""


@dataclass(frozen=True)
class Done:
    """What a run published, and what it had to do without."""

    year: int
    files: tuple[Path, ...]
    draft: bool
    warnings: tuple[str, ...] = ()


def run_year(
    project: Project, year: int, *, final: bool, progress: Progress, without_wrong_years: bool = False
) -> Done:
    """Run a year from its raw export to its published appendices.

    Earlier years are first released as far as the comparison needs them. With `without_wrong_years`, those
    whose inputs are wrong are left out of it instead of stopping the run; a final run always stops.

    Raises
    ------
    InputError
        If inputs or notebooks are wrong; nothing is changed then.
    StepFailed
        If a notebook stops; what the last good run published stays.
    FinalRefused
        If `final` is asked for while something is missing; what the last good run published stays.
    """
    inputs = read_inputs(project, year)
    with _alone(project, year):
        return _run_alone(
            project, inputs, final=final, progress=progress, without_wrong_years=without_wrong_years
        )


@contextmanager
def _alone(project: Project, year: int) -> Iterator[None]:
    """Hold the year: two runs of it at once would mix their outputs. The system lets go after a crash too."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    folder = os.open(project.raw(year), os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            what = f"another run of {year} is going on"
            raise InputError.one(project.name(project.raw(year)), what, "Wait for it to end") from None
        yield
    finally:
        os.close(folder)


def _run_alone(
    project: Project, inputs: Inputs, *, final: bool, progress: Progress, without_wrong_years: bool
) -> Done:
    from analysis.report import index

    year = inputs.survey.year
    before = years_before(project, year)
    first = [y for y in before if inputs_changed(project, y)]
    analyses = {y: analysis_steps(y, compare=False) for y in first}
    analyses[year] = analysis_steps(year, compare=bool(before))
    appendices = appendix_steps(inputs.survey, inputs.invited, compare=bool(before), final=final)
    _check_notebooks(project, [*(s for steps in analyses.values() for s in steps), *appendices])

    total = sum(map(len, analyses.values())) + len(appendices)
    done = 0

    def analyse(step_year: int) -> None:
        nonlocal done
        for step in analyses[step_year]:
            progress(f"{step_year} {step.notebook}", done, total)
            run_analysis(project, step_year, step)
            done += 1

    told: list[str] = []
    with _put_back_on_failure([project.results(y) for y in analyses]):
        for earlier in first:
            try:
                read_inputs(project, earlier)
                analyse(earlier)
            except (InputError, StepFailed) as error:
                wrong_inputs = isinstance(error, InputError) or error.wrong_inputs
                if final or not (without_wrong_years and wrong_inputs):
                    raise
                told.append(f"{earlier} could not be run again for the comparison: its inputs are wrong.")
        with warnings.catch_warnings(record=True) as left_out:
            warnings.simplefilter("always")
            compare = bool(earlier_years(project, year))
        told += [str(warning.message) for warning in left_out]
        analyses[year] = analysis_steps(year, compare=compare)
        analyse(year)
        missing = read_results(project.results(year), project.name(project.results(year))).survey["missing"]
        if final and missing:
            lines = "\n".join(f"- {line}" for line in missing)
            raise FinalRefused(f"A final appendix for {year} is refused while this is missing:\n{lines}")
        appendices = appendix_steps(inputs.survey, inputs.invited, compare=compare, final=final)
        total = done + len(appendices)
        files = _publish_appendices(
            project, year, appendices, lambda what, n: progress(what, done + n, total)
        )
    write_manifest(project, year, [*analyses[year], *appendices])
    index.write(project.outputs(year).parent)
    return Done(year, tuple(files), bool(missing), tuple(told))


@contextmanager
def _put_back_on_failure(folders: list[Path]) -> Iterator[None]:
    """Leave folders as they were when what happens inside does not come to a good end."""
    with tempfile.TemporaryDirectory() as kept:
        before = {folder: Path(kept) / str(i) for i, folder in enumerate(folders)}
        for folder, copy in before.items():
            if folder.is_dir():
                shutil.copytree(folder, copy)
        try:
            yield
        except BaseException:
            for folder, copy in before.items():
                shutil.rmtree(folder, ignore_errors=True)
                if copy.is_dir():
                    shutil.copytree(copy, folder)
            raise


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
    try:
        _execute(project, step, output)
    except StepFailed as error:
        raise error.kept_as(project.name(output)) from None


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
            except BrokenProcessPool:
                what = "a process that makes appendices was ended from outside; the memory may have run out"
                raise StepFailed("the appendices", "BrokenProcessPool", what) from None
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        made = sorted(p for p in beside.rglob("*") if p.is_file())
        for folder in ("forvaltningar", "notebooks"):
            shutil.rmtree(outputs / folder, ignore_errors=True)
        for old in outputs.glob("bilaga-*"):
            old.unlink()
        for path in made:
            target = outputs / path.relative_to(beside)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        return [outputs / p.relative_to(beside) for p in made if p.suffix != ".ipynb"]
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def make_appendix(project: Project, year: int, step: Step, folder: Path) -> None:
    """Run one appendix notebook and export it in every format below `folder`; bilaga 1 also as a workbook."""
    from analysis.report import html, pdf, word, workbook
    from analysis.report.document import ExportError, read_notebook

    output = folder / "notebooks" / f"{step.output}.ipynb"
    kept = project.analysis_notebooks(year) / output.name
    kept.unlink(missing_ok=True)
    try:
        _execute(project, step, output)
        document = read_notebook(output)
        appendix = folder / step.appendix
        appendix.parent.mkdir(parents=True, exist_ok=True)
        appendix.with_suffix(".html").write_text(html.render(document), encoding="utf-8")
        # The pictures in Word take most memory, and what they took is free for the PDF.
        appendix.with_suffix(".docx").write_bytes(word.render(document))
        appendix.with_suffix(".pdf").write_bytes(pdf.render(document))
        if step.notebook == "appendix_results":
            (folder / "tabeller.xlsx").write_bytes(workbook.render(document))
    except (StepFailed, ExportError) as error:
        kept.parent.mkdir(parents=True, exist_ok=True)
        output.replace(kept)
        name = project.name(project.notebook(step.notebook))
        failed = error if isinstance(error, StepFailed) else StepFailed(name, "ExportError", str(error))
        raise failed.kept_as(project.name(kept)) from None


def check_year(project: Project, year: int) -> Inputs:
    """Read everything handed in for a year, and check the notebooks that a run would use."""
    inputs = read_inputs(project, year)
    compare = bool(years_before(project, year))
    steps = analysis_steps(year, compare=compare)
    _check_notebooks(
        project, [*steps, *appendix_steps(inputs.survey, inputs.invited, compare=compare, final=False)]
    )
    return inputs
