"""A whole country on a Dask cluster, predicted from a slice that is measured here.

The country: 290 municipalities with 18 units and 5 years each, which is 26,100 appendices of units. The slice: a few
municipalities with one year each, copies of an example year, run by the command itself on clusters of one and of two
worker processes on this machine, in turns. Then what a cluster adds: what a step costs the client and the scheduler,
how that grows with the number of steps, and what it costs the shared folder. ``docs/scale.md`` tells what follows.

    python benchmarks/country.py                 two rounds, ten minutes or so
    python benchmarks/country.py --rounds 1      one
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import psutil
from distributed import Client

from analysis.pipeline import run as whole
from analysis.pipeline.cluster import Cluster
from analysis.pipeline.freshness import State, measured
from analysis.pipeline.stage import WORK, Stage
from analysis.pipeline.steps import Step
from analysis.pipeline.worker import Finished, Job
from analysis.pipeline.workers import Workers
from analysis.project import Project

HOME = Path(__file__).resolve().parents[1]
PROGRAM = Path(sys.executable).with_name("analysis")
YEAR = 2021
MUNICIPALITIES, UNITS, YEARS = 290, 18, 5
SMALL_STEPS, TASKS = 40, 2000
STATE_SIZES = (100, 400, 1600)
THREADS = (2, 8, 32, 128, 512)


@contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[int]]]:
    """Start a scheduler and workers of one thread, each a process of its own; give the address and the processes."""
    folder.mkdir()
    told = folder / "scheduler.json"
    processes: list[subprocess.Popen[bytes]] = []

    def begin(*words: str) -> None:
        with (folder / f"{len(processes)}.log").open("wb") as log:
            command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
            processes.append(subprocess.Popen(command, cwd=HOME, stdout=log, stderr=log))

    try:
        begin("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told))
        while not (told.is_file() and told.read_text()):
            time.sleep(0.05)
        address = json.loads(told.read_text())["address"]
        for i in range(workers):
            place = str(folder / f"worker {i}")
            begin("worker", address, "--nthreads", "1", "--no-nanny", "--local-directory", place)
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address, [process.pid for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def municipality(folder: Path) -> Path:
    """Make the root of a municipality: what was handed in for one year."""
    shutil.copytree(HOME / "data" / "raw" / str(YEAR), folder / "data" / "raw" / str(YEAR))
    return folder


def start(root: Path, address: str) -> subprocess.Popen[bytes]:
    """Start a run of the year as a person would."""
    command = [PROGRAM, "run", str(YEAR), "--root", root, "--scheduler", address]
    return subprocess.Popen(command, cwd=HOME, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(runs: list[subprocess.Popen[bytes]]) -> list[float]:
    """Wait for runs, and return the seconds of the processor that each took for itself."""
    found = []
    for process in runs:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{process.args} failed:\n{said.decode()[-2000:]}")
        found.append(usage.ru_utime + usage.ru_stime)
    return found


@dataclass(frozen=True)
class Slice:
    """What a slice took.

    Attributes
    ----------
    workers, roots : int
        The number of worker processes, and of municipalities with one year each.
    seconds : float
        From the first run's start to the last one's end; prepared processes were there.
    steps : dict of str to list of float
        For each kind of step the seconds that each took on its worker.
    used : tuple of float
        Seconds of the processor that all steps used, and that the scheduler and the Dask workers used themselves.
    client : float
        Seconds of the processor that the run of a municipality took outside the cluster.
    memory : tuple of int
        Bytes: a prepared process with nothing to do, and the most that a step took.
    """

    workers: int
    roots: int
    seconds: float
    steps: dict[str, list[float]]
    used: tuple[float, float]
    client: float
    memory: tuple[int, int]

    @property
    def busy(self) -> float:
        """Seconds that all steps took together."""
        return sum(sum(seconds) for seconds in self.steps.values())

    @property
    def count(self) -> int:
        """The number of steps."""
        return sum(len(seconds) for seconds in self.steps.values())


def kind(step: str) -> str:
    """Return which kind of step it is: the administrations are one."""
    output = step.split(maxsplit=1)[1]
    return "appendix_administration" if output.startswith("appendix_administration") else output


def measure_slice(folder: Path, workers: int, roots: int) -> Slice:
    """Run some municipalities at once on a cluster that is warm."""
    with dask_cluster(folder / "cluster", workers) as (address, processes):
        finish([start(municipality(folder / "first"), address)])
        places = [municipality(folder / f"municipality {i}") for i in range(roots)]
        dask = [psutil.Process(pid) for pid in processes]
        prepared = [child for process in dask for child in process.children()]
        before = processor(prepared, below=True), processor(dask)
        began = time.perf_counter()
        client = finish([start(place, address) for place in places])
        seconds = time.perf_counter() - began
        after = processor(prepared, below=True), processor(dask)
        idle = max(process.memory_full_info().uss for process in prepared)
    steps: dict[str, list[float]] = {}
    most = 0
    for place in places:
        told = json.loads((place / "outputs" / str(YEAR) / "run.json").read_text(encoding="utf-8"))
        for name, found in told["steps"].items():
            steps.setdefault(kind(name), []).append(found["seconds"])
            most = max(most, found.get("memory", 0))
    used = after[0] - before[0], after[1] - before[1]
    return Slice(workers, roots, seconds, steps, used, statistics.mean(client), (idle, most))


def processor(processes: list[psutil.Process], *, below: bool = False) -> float:
    """Return the seconds of the processor that processes have used; with those of the steps that they have ended."""
    times = [process.cpu_times() for process in processes]
    own = sum(used.user + used.system for used in times)
    return own + sum(used.children_user + used.children_system for used in times) if below else own


def small_project(folder: Path) -> Project:
    """Make a project with a notebook that does nothing."""
    project = Project(folder / "home", folder / "root")
    (project.home / "notebooks").mkdir(parents=True)
    project.root.mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("pass", id="code")])
    nbformat.write(notebook, project.notebook("small"))
    return project


def measure_small_steps(folder: Path) -> tuple[float, float, float]:
    """Return, in seconds for each: a step that does nothing, what of it the step itself took, and a bare Dask task."""
    project = small_project(folder)
    with dask_cluster(folder / "cluster", 1) as (address, _):
        with Cluster(address, project) as workers:
            did_nothing(workers, project, 1)  # the prepared process starts
            began = time.perf_counter()
            inside = did_nothing(workers, project, SMALL_STEPS)
            each = (time.perf_counter() - began) / SMALL_STEPS
        with Client(address, set_as_default=False) as client:
            began = time.perf_counter()
            client.gather(client.map(abs, range(TASKS), pure=False))
            task = (time.perf_counter() - began) / TASKS
    return each, inside / SMALL_STEPS, task


def did_nothing(workers: Workers, project: Project, count: int) -> float:
    """Let a worker do small steps, two at a time; return the seconds that they say they took."""
    inside, sent, ended = 0.0, 0, 0
    while ended < count:
        while sent < min(count, ended + 2):
            step = Step(YEAR, "small", {}, f"small{sent}")
            stage = Stage.new(project, step)
            workers.start(Job(step, str(project.home), str(project.root), str(stage.folder)))
            sent += 1
        for _, finished in workers.wait(1.0):
            assert not finished.error, finished.message
            shutil.rmtree(finished.stage)
            inside += finished.seconds
            ended += 1
    return inside


class Instant(Workers):
    """Does every step at once: what remains is what a step costs the client."""

    def __init__(self, project: Project, units: list[str], export: str) -> None:
        self.project, self.units, self.export = project, units, export
        self.ended: list[tuple[str, Finished]] = []

    def start(self, job: Job) -> None:
        """Write four small files, as many as an appendix has."""
        folder = Path(job.stage)
        names = [f"outputs/{YEAR}/{job.step.appendix}{suffix}" for suffix in (".html", ".pdf", ".docx")]
        for name in (*names, job.step.executed):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
        self.ended.append(
            (job.step.name, Finished(measured(self.project, folder, (*names, job.step.executed))))
        )

    def wait(self, seconds: float) -> list[tuple[str, Finished]]:
        """Return what has come to an end."""
        found, self.ended = self.ended, []
        return found

    def stop(self) -> None:
        """Nothing runs."""

    def read(self, project: Project, years: list[int]) -> dict[str, Any]:
        """Return a year with as many units as wanted."""
        return {"years": {str(YEAR): {"export": self.export, "units": self.units}}, "notebooks": []}


def measure_client(root: Path, units: int) -> tuple[float, int]:
    """Return the client's seconds for each step of a year with many units, and the bytes of what it remembers."""
    project = Project(HOME, root)
    state = State(project, YEAR)
    known = state.note("asked")
    workers = Instant(project, [f"unit-{i:05}" for i in range(units)], known["export"])
    state.note("asked", {**known, "units": workers.units})
    began = time.perf_counter()
    with mock.patch.object(whole._Run, "workers", return_value=workers):
        code = whole.run(project, [YEAR], whole.Options(jobs=8), lambda event: None)
    assert code == whole.DONE
    return (time.perf_counter() - began) / units, (root / WORK / f"{YEAR}.json").stat().st_size


def measure_share(root: Path) -> str:
    """Tell what an appendix of a unit asks of the shared folder."""
    state = State(Project(HOME, root), YEAR)
    name = next(step for step in state.steps if "appendix_administration" in step)
    read = sum(fact.startswith(("data/", "outputs/")) for fact in state.facts(name))
    made = state.outputs(name)
    size = sum(size for _, size, _ in made.values())
    return f"An appendix of a unit reads {read} files, and makes {len(made)} of {size / 1e6:.2f} MB together."


def report(
    slices: list[Slice], small: tuple[float, float, float], many: dict[int, tuple[float, int]]
) -> None:
    """Print what was measured as tables in Markdown."""
    print(
        "| worker processes | municipality-years | seconds | steps together | steps/s | processor: a step | Dask |"
    )
    print("|---|---|---|---|---|---|---|")
    for one in slices:
        print(
            f"| {one.workers} | {one.roots} | {one.seconds:.1f} | {one.busy:.1f} "
            f"| {one.count / one.seconds:.2f} | {one.used[0] / one.count:.2f} s "
            f"| {one.used[1] / one.count * 1000:.0f} ms |"
        )
    pairs = zip(slices[::2], slices[1::2], strict=True)
    faster = ", ".join(f"{one.seconds / two.seconds:.2f}" for one, two in pairs)
    print(f"\nFrom one worker process to two: {faster} times faster, round by round.")
    print("\n| step | number in a year | seconds, median (least to most) |\n|---|---|---|")
    for name in slices[0].steps:
        found = sorted(seconds for one in slices for seconds in one.steps[name])
        number = len(slices[0].steps[name]) / slices[0].roots
        print(f"| {name} | {number:g} | {statistics.median(found):.2f} ({found[0]:.2f} to {found[-1]:.2f}) |")
    idle, most = (max(one.memory[i] for one in slices) for i in (0, 1))
    print(f"\nA prepared process holds {idle / 1e6:.0f} MB of its own, a step at most {most / 1e6:.0f} MB.")
    client = statistics.median(one.client for one in slices)
    print(f"The run of a municipality-year takes {client:.1f} s of a processor outside the cluster.")
    each, inside, task = small
    print(
        f"A step that does nothing takes {each * 1000:.0f} ms, of which {inside * 1000:.0f} ms are the step's own; "
        f"a bare Dask task takes {task * 1000:.2f} ms."
    )
    print("\n| units in one year of one root | client, each step | its memory of the year |\n|---|---|---|")
    for units, (seconds, size) in many.items():
        print(f"| {units} | {seconds * 1000:.0f} ms | {size / 1e6:.2f} MB |")
    predict(slices, client, task)


def predict(slices: list[Slice], client: float, task: float) -> None:
    """Print how long the country takes on clusters of several sizes, and what else bounds it."""
    medians = {
        name: statistics.median(seconds for one in slices for seconds in one.steps[name])
        for name in slices[0].steps
    }
    unit = medians.pop("appendix_administration")
    common = sum(medians.values())
    steps = MUNICIPALITIES * YEARS * (len(medians) + UNITS)
    # Every second of a step counts as busy, on a processor or not; how much was on one does not depend on the others.
    share = sum(one.used[0] for one in slices) / sum(one.busy for one in slices)
    dask = statistics.median(one.used[1] / one.count for one in slices)
    busy = MUNICIPALITIES * YEARS * (common + UNITS * unit) * share + steps * dask
    clients = MUNICIPALITIES * YEARS * client
    chain = sum(medians[name] for name in ("1_clean", "2_code", "3_analyse", "appendix_results"))
    print(f"\nSteps were on a processor {share:.0%} of their time.")
    print(
        f"The country: {steps:,} steps that use a processor for {busy / 3600:.1f} hours, and {clients / 3600:.1f} "
        f"hours of clients. No cluster makes a municipality-year in less than {chain * share:.0f} s.\n"
    )
    print("| threads | steps | scheduler | clients on 8 cores, at most |\n|---|---|---|---|")
    for threads in THREADS:
        took = busy / threads / 60
        print(f"| {threads} | {took:.0f} min | {steps * task / 60:.1f} min | {clients / 8 / 60:.0f} min |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2, help="how often each slice is measured")
    parser.add_argument("--roots", type=int, default=3, help="municipalities in the slice")
    asked = parser.parse_args()
    slices: list[Slice] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i in range(asked.rounds):
            for workers in (1, 2):
                place = folder / f"round {i} workers {workers}"
                place.mkdir()
                slices.append(measure_slice(place, workers, asked.roots))
                one = slices[-1]
                print(f"{workers} workers: {one.seconds:.1f} s, busy {one.busy:.1f} s", file=sys.stderr)
        done = folder / "round 0 workers 1" / "municipality 0"
        share = measure_share(done)
        small = folder / "small"
        small.mkdir()
        each = measure_small_steps(small)
        many = {units: measure_client(done, units) for units in STATE_SIZES}
    report(slices, each, many)
    print(f"\n{share}")


if __name__ == "__main__":
    main()
