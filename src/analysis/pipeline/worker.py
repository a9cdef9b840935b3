"""One step from beginning to end, in a process of its own: staged, run or only set anew, and exported."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from analysis.pipeline.confine import caches, confine
from analysis.pipeline.freshness import Outputs, measured
from analysis.pipeline.stage import Seen, Stage
from analysis.pipeline.steps import ADMINISTRATION, Step
from analysis.project import Project

PREPARED = (
    *("intake.datafiles", "measures.codebook", "measures.years", "privacy.masking"),
    *("pipeline.engine", "pipeline.results", "report.chapters", "report.figure_files"),
    *("report.html", "report.pdf", "report.word", "report.workbook"),
)
"""The modules that steps use: what they import in turn is all that a step needs."""

NEEDLESS = ("boto3", "rfc3987_syntax")
"""What notebook libraries import for stores and addresses that no step has: more than a second together."""

SUBREAPER = 36
"""prctl(2): adopt the orphans of one's children."""


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
    with _absent(NEEDLESS):
        from analysis.pipeline.shell import Shell

        Shell.ready()  # before pandas: it asks at its import whether a shell exists
        for name in PREPARED:
            import_module(f"analysis.{name}")


@contextmanager
def _absent(names: Iterable[str]) -> Iterator[None]:
    """Let libraries that can do without some modules believe that they are not installed; a notebook finds them."""
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    hidden = [name for name in names if name not in modules]
    modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del modules[name]


def do(job: Job) -> Finished:
    """Do a job and tidy up after it; whatever goes wrong is told in the result.

    The stage is left with the outputs in it, or removed where there are none.
    """
    return settle(job, attempt(job))


def attempt(job: Job, *, own_process: bool = False) -> Finished:
    """Do a job in this very process, and leave its stage as it is: `settle` comes after.

    Where the process is the job's own, it gives up the right to change anything but the stage.
    """
    from analysis.pipeline.engine import StepFailed

    began = time.perf_counter()
    project, step, stage = job.project, job.step, Stage(Path(job.stage))
    name = project.name(project.notebook(step.notebook))
    try:
        stage.fill(project, step, job.inputs)
        seen = stage.seen()
        if own_process:
            _keep_to(stage, _hidden(job))
        _run(job, project, stage)
        _check_changes(stage, step, name, seen)
        outputs = measured(project, stage.folder, stage.made(seen))
        return Finished(outputs, time.perf_counter() - began, most_memory())
    except StepFailed as error:
        failure = Finished(error=error.error, message=error.placed, notebook=error.notebook)
    except OSError as error:
        what = f"{error.strerror or error}: {_shortened(project, stage, error.filename)}"
        failure = Finished(error=type(error).__name__, message=what, notebook=name)
    except MemoryError:
        failure = Finished(error="MemoryError", notebook=name)
    if not (stage.folder / step.executed).parent.is_dir():
        failure = replace(failure, error="FileNotFoundError", message="it removed the folder that it runs in")
    failure = replace(failure, message=_explained(failure, job))
    return replace(failure, seconds=time.perf_counter() - began, memory=most_memory())


def _check_changes(stage: Stage, step: Step, name: str, seen: Seen) -> None:
    """Stop a step that wrote to what it reads, or where its outputs do not belong."""
    from analysis.pipeline.engine import StepFailed

    if changed := stage.changed(seen):
        what = (
            f"{', '.join(changed)} changed while the step ran. A step must not write to what it reads; "
            "if it was somebody else, run again"
        )
        raise StepFailed(name, "InputChanged", what)
    for path in stage.made(seen):
        if not path.startswith(step.may_write):
            what = f"it wrote {path}, where it may only write below {' and '.join(step.may_write)}"
            raise StepFailed(name, "PermissionError", what)


def _explained(failure: Finished, job: Job) -> str:
    """Return what went wrong, with the limit that it came up against."""
    if failure.error.endswith("MemoryError"):
        said = failure.message if failure.message[:3] not in ("", "in ") else "there is not enough memory"
        return (
            f"{said}; a step may take {job.limits.memory / 1e9:g} GB (--memory)"
            if job.limits.memory
            else said
        )
    if failure.error == "FileNotFoundError" and job.step.appendix and "data/" in failure.message:
        return f"{failure.message}. An appendix sees outputs/{job.step.year}/results and no answers"
    if failure.error == "PermissionError" and any(str(folder) in failure.message for folder in _hidden(job)):
        return f"{failure.message}. An appendix is made of outputs/{job.step.year}/results and can read no answers"
    if failure.error == "PermissionError" and "[Errno" in failure.message:
        below = " and ".join(job.step.may_write)
        return f"{failure.message}. A step can write only below {below} in the folder that it runs in"
    return failure.message


def settle(job: Job, finished: Finished, cell: int = -1) -> Finished:
    """Tidy up after a job, as the one who watched over it: keep a failed notebook, and remove its stage.

    Parameters
    ----------
    job : Job
        The job.
    finished : Finished
        What is known of it.
    cell : int
        Where it could not write its notebook itself: the cell at which it was, counted from 0.
    """
    project, step, stage = job.project, job.step, Stage(Path(job.stage))
    failed = project.analysis_notebooks(step.year) / "failed" / f"{step.output}.ipynb"
    if not finished.error:
        failed.unlink(missing_ok=True)
        return finished
    message = finished.message
    try:
        _keep(job, stage, failed, finished, cell)
    except Exception as error:  # what matters is that the step failed, and why
        message += f". The notebook could not be kept: {error}"
    stage.remove()
    return replace(
        finished,
        outputs={},
        message=message,
        notebook=finished.notebook or project.name(project.notebook(step.notebook)),
        kept=project.name(failed) if failed.is_file() else "",
    )


def _keep(job: Job, stage: Stage, failed: Path, finished: Finished, cell: int) -> None:
    """Move the notebook of a failed step to the sensitive side, or write there at which cell its process ended."""
    failed.unlink(missing_ok=True)
    failed.parent.mkdir(parents=True, exist_ok=True)
    executed = stage.folder / job.step.executed
    if executed.is_file() and not executed.is_symlink():
        shutil.move(executed, failed)
    elif cell >= 0:
        from analysis.pipeline.engine import stopped_at

        stopped_at(
            job.project.notebook(job.step.notebook),
            failed,
            job.step.parameters,
            cell,
            finished.error,
            finished.message,
        )


def _hidden(job: Job) -> list[Path]:
    """Return the folders that a step may not read: those of answers, for an appendix."""
    if not job.step.appendix:
        return []
    roots = {Path(job.root), Path(job.home)}
    return [root / "data" / name for root in roots for name in ("raw", "processed")]


def _keep_to(stage: Stage, hidden: Iterable[Path]) -> None:
    """Let this process change nothing but the stage, where the system can do that; temporary files lie beside it."""
    own = str(stage.temporary)
    os.environ |= {"TMPDIR": own, "TMP": own, "TEMP": own}
    tempfile.tempdir = own
    confine([stage.folder, stage.temporary, *caches()], hidden)


def end_below(keep: int) -> int:
    """End every process that this one has started, and return how many would not have ended with it.

    Parameters
    ----------
    keep : int
        The file descriptor that stays open; every other one is closed where there is such a process, since helpers
        like those of `multiprocessing` end when they see that.
    """
    import psutil

    below = psutil.Process().children(recursive=True)
    if not below:
        return 0
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        if descriptor != keep:
            os.dup2(nothing, descriptor)
    os.closerange(3, keep)
    os.closerange(max(3, keep + 1), os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else 4096)
    _, left = psutil.wait_procs(below, timeout=0.5)
    found = len(left)
    while left:
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=1)
        left = [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]
    return found


def left_behind(finished: Finished, left: int) -> Finished:
    """Return what came of a job whose notebook left processes behind."""
    if not left or finished.error:
        return finished
    some = f"{left} processes" if left > 1 else "a process"
    what = f"it left {some} behind, now ended: what the notebook starts must end before the notebook does"
    return replace(finished, outputs={}, error="LeftBehind", message=what)


def most_memory() -> int:
    """Return the most memory that this process has used, in bytes."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def adopt_orphans() -> None:
    """Let what the processes below leave behind come to this one, so that it can end them: only Linux can."""
    if sys.platform == "linux":
        prctl(SUBREAPER, 1)


def limit_memory(most: int) -> None:
    """Let Python raise MemoryError where a process takes so much more than it has now: only Linux does."""
    if most and sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (pages * resource.getpagesize() + most, hard))


def prctl(option: int, value: int) -> None:
    """Call prctl(2)."""
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _shortened(project: Project, stage: Stage, path: object) -> str:
    """Return a path as a person knows it, without the folder of the stage."""
    if not isinstance(path, str | Path):
        return "a file of the step"
    known = Path(path)
    base = stage.folder if known.is_relative_to(stage.folder) else project.root
    return known.relative_to(base).as_posix() if known.is_relative_to(base) else str(known)


def _run(job: Job, project: Project, stage: Stage) -> None:
    from analysis.pipeline.engine import execute, set_anew

    step = job.step
    folder = stage.folder / "outputs" / str(step.year)
    if step.joins:
        _join(job, stage, folder / f"{step.appendix}.xlsx")
        return
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
        _export(executed, folder, step, name)


def _export(executed: Path, folder: Path, step: Step, name: str) -> None:
    """Export an executed appendix notebook in every format below `folder`; the common ones with their figures."""
    from analysis.pipeline.engine import StepFailed
    from analysis.report import figure_files, html, pdf, word
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
        if step.notebook != ADMINISTRATION:
            figures = folder / "figurer" / step.appendix
            figures.mkdir(parents=True)
            for file, content in figure_files.files(document).items():
                (figures / file).write_bytes(content)
    except ExportError as error:
        raise StepFailed(name, "ExportError", str(error)) from None


def _join(job: Job, stage: Stage, target: Path) -> None:
    """Write the tables of executed appendix notebooks as one workbook."""
    from analysis.report import workbook
    from analysis.report.document import read_notebook

    titles = job.step.parameters
    documents = {str(titles[Path(name).stem]): read_notebook(stage.folder / name) for name in job.inputs}
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(workbook.render_together(dict(sorted(documents.items()))))


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
    """Do the job on standard input, and write what came of it to standard output: a process for one step.

    Standard input stays open as long as somebody waits for the answer; when it ends, everything here does.
    """
    job = Job.from_json(sys.stdin.readline())
    threading.Thread(target=_end_with, args=(Stage(Path(job.stage)),), daemon=True).start()
    answer = os.dup(1)
    os.dup2(2, 1)  # what a notebook library prints is no answer
    adopt_orphans()
    limit_memory(job.limits.memory)
    finished = attempt(job, own_process=True)
    finished = left_behind(finished, end_below(answer))
    write_all(answer, finished.as_json())


def write_all(descriptor: int, text: str) -> None:
    """Write a text to a file descriptor."""
    data = text.encode("utf-8")
    while data:
        data = data[os.write(descriptor, data) :]


def _end_with(stage: Stage) -> None:
    """Wait until nobody waits for this process any more, and end it with everything below."""
    import psutil

    while os.read(0, 4096):
        continue
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    stage.abandon()
    os._exit(1)


if __name__ == "__main__":
    main()
