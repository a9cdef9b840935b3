"""One step from beginning to end, in a process of its own: staged, run or only set anew, and exported."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.pipeline.freshness import Outputs, measured
from analysis.pipeline.stage import Stage
from analysis.pipeline.steps import Step
from analysis.project import Project


@dataclass(frozen=True)
class Limits:
    """What a step may use; 0 is no limit.

    Attributes
    ----------
    cell_seconds, step_seconds : float
        Seconds of the wall clock for each cell, and for the whole step.
    memory : int
        Bytes of memory for the step's process.
    """

    cell_seconds: float = 3600.0
    step_seconds: float = 7200.0
    memory: int = 0


@dataclass(frozen=True)
class Job:
    """A step to be done: what another process needs to know of it.

    Attributes
    ----------
    step : Step
        The step.
    home, root : str
        The folders of the project.
    stage : str
        The folder to do it in; not there yet.
    inputs : tuple of str
        The outputs of earlier steps that it reads.
    engine : str
        papermill's engine: ``inprocess`` or ``papermill``.
    only_text : bool
        Nothing but the notebook's Markdown has changed: no code needs to run.
    limits : Limits
        What it may use.
    """

    step: Step
    home: str
    root: str
    stage: str
    inputs: tuple[str, ...] = ()
    engine: str = "inprocess"
    only_text: bool = False
    limits: Limits = field(default_factory=Limits)

    def as_json(self) -> str:
        """Return the job as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Job:
        """Return the job that `as_json` wrote."""
        data = json.loads(line)
        return cls(
            **{
                **data,
                "step": Step.from_dict(data["step"]),
                "inputs": tuple(data["inputs"]),
                "limits": Limits(**data["limits"]),
            }
        )

    @property
    def project(self) -> Project:
        """The project that the step belongs to."""
        return Project(Path(self.home), Path(self.root))


@dataclass(frozen=True)
class Finished:
    """What came of a job.

    Attributes
    ----------
    outputs : dict
        What it made, below the stage; empty where it failed.
    seconds : float
        How long it took.
    memory : int
        The most memory that its process used, in bytes.
    error, message : str
        The kind of error and what it says; empty where all is well.
    notebook, kept : str
        Where it failed: the notebook, and where its executed form is kept.
    stage : str
        The folder that it was done in, where that is another one than the job's.
    """

    outputs: Outputs = field(default_factory=dict)
    seconds: float = 0.0
    memory: int = 0
    error: str = ""
    message: str = ""
    notebook: str = ""
    kept: str = ""
    stage: str = ""

    def as_json(self) -> str:
        """Return the result as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Finished:
        """Return the result that `as_json` wrote."""
        return cls(**json.loads(line))


def prepare() -> None:
    """Import everything that a step may need, so that a process that is forked from this one need not."""
    from analysis.pipeline.shell import Shell

    Shell.ready()  # before pandas: it asks at its import whether a shell exists
    import analysis.intake.datafiles
    import analysis.measures.codebook
    import analysis.measures.years
    import analysis.pipeline.engine
    import analysis.pipeline.results
    import analysis.privacy.masking
    import analysis.report.chapters
    import analysis.report.html
    import analysis.report.pdf
    import analysis.report.word
    import analysis.report.workbook  # noqa: F401


def do(job: Job) -> Finished:
    """Do a job; whatever goes wrong is told in the result.

    The stage is left with the outputs in it, or removed where there are none.
    """
    from analysis.pipeline.engine import StepFailed

    began = time.perf_counter()
    project, step, stage = job.project, job.step, Stage(Path(job.stage))
    failed = project.analysis_notebooks(step.year) / "failed" / f"{step.output}.ipynb"
    name = project.name(project.notebook(step.notebook))
    try:
        stage.fill(project, step, job.inputs)
        _run(job, project, stage)
        made = stage.made(job.inputs)
        for path in made:
            if not path.startswith(step.may_write):
                what = f"it wrote {path}, where it may only write below {' and '.join(step.may_write)}"
                raise StepFailed(name, "PermissionError", what)
        outputs = measured(project, stage.folder, made)
        failed.unlink(missing_ok=True)
        return Finished(outputs, time.perf_counter() - began, most_memory())
    except StepFailed as error:
        kept = _keep(stage.folder / step.executed, failed)
        failure = Finished(error=error.error, message=error.message, notebook=error.notebook)
    except OSError as error:
        kept = ""
        what = f"{error.strerror or error}: {_shortened(project, stage, error.filename)}"
        failure = Finished(error=type(error).__name__, message=what, notebook=name)
    except MemoryError:
        kept = _keep(stage.folder / step.executed, failed)
        failure = Finished(error="MemoryError", message="there is not enough memory", notebook=name)
    stage.remove()
    where = project.name(failed) if kept else ""
    return replace(failure, seconds=time.perf_counter() - began, memory=most_memory(), kept=where)


def most_memory() -> int:
    """Return the most memory that this process has used, in bytes."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _shortened(project: Project, stage: Stage, path: object) -> str:
    """Return a path as a person knows it, without the folder of the stage."""
    if not isinstance(path, str | Path):
        return "a file of the step"
    known = Path(path)
    base = stage.folder if known.is_relative_to(stage.folder) else project.root
    return known.relative_to(base).as_posix() if known.is_relative_to(base) else str(known)


def _keep(executed: Path, failed: Path) -> str:
    """Move the notebook of a failed step to the sensitive side; return where it is, or nothing without one."""
    if not executed.is_file() or executed.is_symlink():
        return ""
    failed.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(executed, failed)
    return str(failed)


def _run(job: Job, project: Project, stage: Stage) -> None:
    from analysis.pipeline.engine import execute, set_anew

    step = job.step
    source, executed = project.notebook(step.notebook), stage.folder / step.executed
    name = project.name(source)
    if job.only_text:
        old = project.root / step.executed
        set_anew(source, old, executed, step.parameters)
        if not step.appendix:  # what it wrote before stays as it is
            return
    else:
        execute(
            source,
            executed,
            step.parameters,
            cwd=stage.folder,
            name=name,
            engine=job.engine,
            cell_seconds=job.limits.cell_seconds,
        )
    if step.appendix:
        _export(executed, stage.folder / "outputs" / str(step.year), step, name)


def _export(executed: Path, folder: Path, step: Step, name: str) -> None:
    """Export an executed appendix notebook in every format below `folder`; bilaga 1 also as a workbook."""
    from analysis.pipeline.engine import StepFailed
    from analysis.report import html, pdf, word, workbook
    from analysis.report.document import ExportError, read_notebook

    appendix = folder / step.appendix
    appendix.parent.mkdir(parents=True, exist_ok=True)
    try:
        document = read_notebook(executed)
        files: Mapping[str, Any] = {
            ".html": lambda: html.render(document).encode("utf-8"),
            # The pictures in Word take most memory, and what they took is free for the PDF.
            ".docx": lambda: word.render(document),
            ".pdf": lambda: pdf.render(document),
        }
        for suffix, render in files.items():
            appendix.with_suffix(suffix).write_bytes(render())
        if step.notebook == "appendix_results":
            (folder / "tabeller.xlsx").write_bytes(workbook.render(document))
    except ExportError as error:
        raise StepFailed(name, "ExportError", str(error)) from None


def read_years(home: str, root: str, years: list[int]) -> dict[str, Any]:
    """Read and check what was handed in for some years, and the notebooks that would run.

    Returns
    -------
    dict
        ``years``: for each year, as text, either ``export`` and ``units``, or ``problems``; and ``notebooks``: the
        problems of notebooks. A problem is a dict of the fields of `analysis.problems.Problem`.
    """
    from analysis.pipeline.engine import check_notebooks
    from analysis.pipeline.inputs import read_inputs
    from analysis.pipeline.steps import Asked, every_step
    from analysis.problems import InputError

    project = Project(Path(home), Path(root))
    found: dict[str, Any] = {}
    steps: list[Step] = []
    for year in years:
        try:
            inputs = read_inputs(project, year)
        except InputError as error:
            found[str(year)] = {"problems": [asdict(problem) for problem in error.problems]}
            continue
        asked = Asked(year, inputs.survey.source.file, tuple(inputs.invited["unit_id"]))
        found[str(year)] = {"export": asked.export, "units": list(asked.units)}
        steps += every_step(asked)
    wrong = check_notebooks(project, steps)
    return {"years": found, "notebooks": [asdict(problem) for problem in wrong]}


def main() -> None:
    """Do the job on standard input, and write what came of it to standard output: a process for one step."""
    job = Job.from_json(sys.stdin.readline())
    answer = sys.stdout
    sys.stdout = sys.stderr  # what a notebook library prints is no answer
    print(do(job).as_json(), file=answer, flush=True)


if __name__ == "__main__":
    main()
