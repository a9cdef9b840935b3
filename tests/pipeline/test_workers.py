"""Who does the steps: jobs and their results, and a fresh process for each where none can be forked."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from analysis.pipeline import worker
from analysis.pipeline.engine import StepFailed
from analysis.pipeline.stage import Stage
from analysis.pipeline.steps import Step
from analysis.pipeline.worker import Finished, Job, Limits, do, settle
from analysis.pipeline.workers import MARK, Fresh, end_marked, usual_jobs
from analysis.project import Project
from tests.pipeline.small_home import make_small_home, write_notebook

STEP = Step(2021, "1_clean", {"year": 2021, "root": "."}, "1_clean", sees=("data/raw/2021/",))
FAILED = "data/processed/2021/notebooks/failed/1_clean.ipynb"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    make_small_home(tmp_path / "home", units=["bromma"])
    return Project(tmp_path / "home", tmp_path / "home")


@pytest.fixture
def job(project: Project) -> Iterator[Job]:
    stage = Stage.new(project, STEP)
    yield Job(
        STEP, str(project.home), str(project.root), str(stage.folder), ("a.csv",), limits=Limits(1, 2, 3)
    )
    stage.remove()


# --- a job, without its notebook --------------------------------------------------------------------------------


def test_a_job_and_its_result_survive_the_journey(job: Job) -> None:
    assert Job.from_json(job.as_json()) == job
    finished = Finished({"outputs/å.html": ["0a", 1, 2]}, 1.5, 3, "KeyError", "'x'", "n", "k", "s")
    assert Finished.from_json(finished.as_json()) == finished
    assert "\n" not in job.as_json() + finished.as_json()


@pytest.fixture
def acts(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Path], None]], None]:
    """Return a function that lets something happen in the stage in place of the notebook."""

    def acts(act: Callable[[Path], None]) -> None:
        monkeypatch.setattr(worker, "_run", lambda job, project, stage: act(stage.folder))

    return acts


def write(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("new", encoding="utf-8")


def test_outputs_are_left_in_the_stage(job: Job, acts: Callable[..., None]) -> None:
    acts(lambda folder: write(folder, STEP.executed))
    finished = do(job)
    assert (finished.error, [*finished.outputs]) == ("", [STEP.executed])
    assert (Path(job.stage) / STEP.executed).is_file()


def test_writing_to_raw_data_is_noticed_where_it_cannot_be_prevented(
    job: Job, project: Project, acts: Callable[..., None]
) -> None:
    def change(folder: Path) -> None:
        write(folder, STEP.executed)
        write(folder, "data/raw/2021/decisions.csv")

    acts(change)
    finished = do(job)
    assert (finished.error, finished.outputs) == ("InputChanged", {})
    assert finished.message == (
        "data/raw/2021/decisions.csv changed while the step ran. A step must not write to what it reads; "
        "if it was somebody else, run again"
    )
    assert finished.kept == FAILED
    assert not Path(job.stage).exists()
    assert project.decisions(2021).read_text(encoding="utf-8") == "new"  # nothing is put back in silence


def test_outputs_belong_below_two_folders(job: Job, acts: Callable[..., None]) -> None:
    def stray(folder: Path) -> None:
        write(folder, STEP.executed)
        write(folder, "data/processed/2022/x.csv")

    acts(stray)
    finished = do(job)
    assert finished.error == "PermissionError"
    assert finished.message.startswith("it wrote data/processed/2022/x.csv, where it may only write below ")
    assert finished.kept == FAILED


ERRORS = {
    "a step that stops": (StepFailed("n", "KeyError", "'x'"), "KeyError", "'x'"),
    "a full disk": (
        OSError(28, "No space left on device", "{stage}/data/x"),
        "OSError",
        "No space left on device: data/x",
    ),
    "no memory": (
        MemoryError(),
        "MemoryError",
        "there is not enough memory; a step may take 3e-09 GB (--memory)",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_goes_wrong_is_told(name: str, job: Job, acts: Callable[..., None]) -> None:
    error, kind, message = ERRORS[name]
    if isinstance(error, OSError):
        error = OSError(error.errno, error.strerror, error.filename.format(stage=job.stage))

    def stop(folder: Path) -> None:
        write(folder, STEP.executed)
        raise error

    acts(stop)
    finished = do(job)
    assert (finished.error, finished.message, finished.kept) == (kind, message, FAILED)
    assert finished.outputs == {}
    assert not Path(job.stage).exists()


def test_a_notebook_that_was_ended_is_kept_with_the_cell_it_was_at(job: Job, project: Project) -> None:
    finished = settle(job, Finished(error="Killed", message="somebody did it"), cell=4)
    assert finished.kept == FAILED
    text = (project.root / FAILED).read_text(encoding="utf-8")
    assert text.count("Killed: somebody did it") == 1
    assert settle(job, Finished()).kept == ""
    assert not (project.root / FAILED).exists()  # all is well again


def test_a_notebook_that_cannot_be_kept_hides_nothing(job: Job, project: Project) -> None:
    (project.root / "data/processed").write_text("in the way", encoding="utf-8")
    finished = settle(job, Finished(error="Killed", message="somebody did it"), cell=4)
    assert finished.message.startswith("somebody did it. The notebook could not be kept: ")
    assert (finished.error, finished.kept) == ("Killed", "")


# --- a fresh process for each -----------------------------------------------------------------------------------


def wait(workers: Fresh) -> Finished:
    until = time.monotonic() + 60
    while not (found := workers.wait(0.5)):
        assert time.monotonic() < until, "it has not ended"
    ((_, finished),) = found
    return finished


def start(project: Project, workers: Fresh, *cells: str, limits: Limits) -> Job:
    write_notebook(project.notebook("1_clean"), list(cells), 'year = 2023\nroot = ""')
    stage = Stage.new(project, STEP)
    job = Job(
        STEP, str(project.home), str(project.root), str(stage.folder), engine="papermill", limits=limits
    )
    workers.start(job)
    return job


FRESH = {
    "runs for too long": (
        "import subprocess\nsubprocess.Popen(['setsid', 'sleep', '1000'])\nimport time\ntime.sleep(1000)",
        Limits(0, 6, 0),
        ("Timeout", "it ran for more than 6 seconds (--time-limit)"),
    ),
    "has a cell that runs for too long": (
        "sum(range(10**14))",
        Limits(1, 0, 0),
        ("CellTimeout", "the cell ran for more than 1 seconds"),
    ),
    "eats memory": (
        "x = []\nwhile True:\n    x.append(bytearray(10_000_000))",
        Limits(0, 0, 500_000_000),
        ("MemoryError", "there is not enough memory; a step may take 0.5 GB (--memory)"),
    ),
    "leaves a process": (
        "import subprocess\nsubprocess.Popen(['setsid', 'sleep', '1000'])",
        Limits(),
        (
            "LeftBehind",
            "it left a process behind, now ended: what the notebook starts must end before the notebook does",
        ),
    ),
    "ends itself": ("import os\nos._exit(3)", Limits(), ("DeadKernelError", "Kernel died")),
    "leaves early": (
        "import sys\nsys.exit()",
        Limits(),
        ("SystemExit", "it ended itself before its last cell (sys.exit)"),
    ),
}


@pytest.mark.parametrize("name", FRESH)
def test_a_notebook_that(name: str, project: Project) -> None:
    if name == "eats memory" and sys.platform != "linux":
        pytest.skip("only Linux limits the memory of a process")
    code, limits, (error, message) = FRESH[name]
    with Fresh() as workers:
        job = start(project, workers, code, limits=limits)
        finished = wait(workers)
    assert finished.error == error, finished
    assert finished.message.startswith(message)
    assert (finished.kept == FAILED) == (name != "runs for too long")
    assert not Path(job.stage).exists()
    assert not Stage(Path(job.stage)).temporary.exists()
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(job.stage) in (p.info["cmdline"] or [])]


def test_leaving_ends_everything(project: Project) -> None:
    with Fresh() as workers:
        job = start(project, workers, "import time\ntime.sleep(1000)", limits=Limits())
        (single,) = workers._running.values()
        process = psutil.Process(single.process.pid)
        while not process.children():
            time.sleep(0.05)
        below = process.children(recursive=True)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in [process, *below])
    assert not Path(job.stage).exists()


def test_what_is_marked_is_ended_wherever_it_went() -> None:
    words = "setsid sh -c 'sleep 1000 & sleep 1000' & sleep 1000"
    marked = subprocess.Popen(["sh", "-c", words], env={MARK: "mine", "PATH": "/usr/bin:/bin"})
    other = subprocess.Popen(["sleep", "1000"], env={MARK: "another", "PATH": "/usr/bin:/bin"})
    try:
        time.sleep(0.5)
        found = psutil.Process(marked.pid).children(recursive=True)
        assert found
        end_marked("mine")
        marked.wait(5)
        assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in found)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_as_many_steps_as_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def room(available: int) -> int:
        monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Room", (), {"available": available})())
        return usual_jobs()

    assert [room(n) for n in (0, 400_000_000)] == [1, 1]
    assert room(10**12) >= 1
    if sys.platform == "linux":
        monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
        assert [room(n) for n in (10**9, 10**12)] == [2, 8]
