"""Steps on a Dask cluster: several machines, and one folder that all of them see at the same path.

What is out of date, in what order and what is committed is decided here, as on one machine; only the steps are done
elsewhere. A thread of a Dask worker does one step at a time, in a process forked from a prepared one that it keeps from
run to run: the Dask worker itself has threads and is never forked. A worker that is lost costs no more than the steps
it was at: they are done again elsewhere, each attempt in a folder of its own.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import queue
import shutil
import sys
import threading
import time
import uuid
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from analysis.pipeline.freshness import MISSING, Digests
from analysis.pipeline.manifest import PACKAGES
from analysis.pipeline.stage import WORK, write_whole
from analysis.pipeline.steps import ROOMS
from analysis.pipeline.worker import Finished, Job
from analysis.pipeline.workers import CAN_FORK, Forked, Fresh, Workers, all_memory
from analysis.problems import InputError, Problem
from analysis.project import Project

if TYPE_CHECKING:
    from distributed import Client, Future

ANSWER = 8.0
"""Seconds within which the scheduler must answer, and a first worker be there."""

ALONE = 60.0
"""Seconds that a run waits while no Dask worker is left: whoever starts them again may need a moment."""

LAG = 30.0
"""Seconds after which one machine must see what another has written to the shared folder."""

PAUSE = 5.0
"""Seconds between two looks whether there is a worker."""

RETRIES = 2
"""How often a step is tried again when the prepared process that does it is ended from outside."""

Seen = dict[str, tuple[int, int]]
"""Files below a folder, with the size and the time in nanoseconds that whoever wrote them saw."""


# What must be the same everywhere


def decides_outputs(variable: str) -> bool:
    """Return whether a variable of the environment may change what a step makes.

    Examples
    --------
    >>> [name for name in ("LC_ALL", "SOURCE_DATE_EPOCH", "HOME") if decides_outputs(name)]
    ['LC_ALL', 'SOURCE_DATE_EPOCH']
    """
    return variable in ("LANG", "LANGUAGE", "PYTHONUTF8", "SOURCE_DATE_EPOCH", "TZ") or variable[:3] == "LC_"


def facts_of_machine(project: Project) -> dict[str, str]:
    """Return what of this machine decides outputs: versions, sources and reference files, by their hashes.

    The source of ``pipeline`` stands in it twice: as it lies on the disk, and as this process has loaded it.
    """
    digests = Digests(project)
    rooms = sorted({"pipeline", *(room for rooms in ROOMS.values() for room in rooms)})
    lock = project.home / "requirements.lock"
    files = [lock, *sorted((project.home / "notebooks").glob("*.ipynb"))]
    files += [project.reference(name) for name in ("units.csv", "themes.yaml")]
    return {
        "Python": platform.python_version(),
        "the system": f"{sys.platform} {platform.machine()}",
        **{name: _version(name) for name in (*PACKAGES, "dask", "distributed")},
        **{f"src/analysis/{room}": digests.room(room) for room in rooms},
        **{project.name(path): _digest(path) for path in files},
        LOADED: _LOADED,
    }


LOADED = "the program as the process has loaded it"
_LOADED = Digests(Project(Path(), Path())).room("pipeline")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return MISSING


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else MISSING


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Return what of another machine is not as here, a few words each; versions are named.

    Examples
    --------
    >>> differences({"pandas": "3.0.1", "src/analysis/intake": 64 * "a"}, {"pandas": "2.9"})
    ['pandas is 2.9 there and 3.0.1 here', 'src/analysis/intake is missing there']
    """
    found = []
    for name in sorted(set(here) | set(there)):
        ours, theirs = here.get(name, MISSING), there.get(name, MISSING)
        if ours == theirs:
            continue
        if MISSING in (ours, theirs):
            found.append(f"{name} is missing {'there' if theirs == MISSING else 'here'}")
        elif len(ours) == len(theirs) == 64:
            found.append(f"{name} differs")
        else:
            found.append(f"{name} is {theirs} there and {ours} here")
    return found


# On a machine of the cluster


@dataclass(frozen=True)
class Order:
    """A job on its way to a Dask worker.

    Attributes
    ----------
    job : str
        The job as one line.
    run : str
        Names the run that it belongs to.
    same : str
        The hash of what `facts_of_machine` gives where the run goes on.
    environment : dict
        The variables that decide outputs, as they are there.
    files : dict
        The files below the root that the step reads, as they are there.
    """

    job: str
    run: str
    same: str
    environment: dict[str, str]
    files: Seen


class WorkerEnded(Exception):
    """The prepared process was ended from outside; somebody else may do the step."""


def look(home: str, root: str, token: str) -> tuple[dict[str, str], str]:
    """Return what decides outputs on this machine, and what stands in the file that the other one wrote."""
    try:
        seen = Path(token).read_text(encoding="utf-8")
    except OSError as error:
        seen = f"{error.strerror}: {error.filename}"
    return facts_of_machine(Project(Path(home), Path(root))), seen


def carry_out(order: Order) -> str:
    """Do a job on this machine, in a stage of its own; return what came of it as one line."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def is_wanted() -> bool:
        """Return whether the run still waits for it: no longer after Ctrl-C, or when the run itself has died."""
        task = worker.state.tasks.get(key)
        return task is not None and task.state not in ("cancelled", "released")

    job = Job.from_json(order.job)
    if _same(job.home, job.root, order.run) != order.same:
        what = (
            f"the Dask worker {worker.address} came after the run had begun, and is not like the others. "
            "Run again to be told how"
        )
        return Finished(error="InputError", message=what).as_json()
    late = await_files(Path(job.root), order.files)
    if late:
        what = f"the Dask worker {worker.address} does not see {late} as it is here, after {LAG:g} seconds"
        return Finished(error="SharedFolder", message=what).as_json()
    stage = f"{job.stage}-{uuid.uuid4().hex[:6]}"
    limits = replace(job.limits, memory=min(job.limits.memory or all_memory(), all_memory()))
    job = replace(job, stage=stage, limits=limits)
    with _hands(order, job.engine) as hands:
        hands.start(job)
        while is_wanted():
            for _, finished in hands.wait(0.1):
                if not hands.works():
                    raise WorkerEnded(f"{finished.message}; the log of {worker.address} may tell more")
                return replace(finished, stage=stage).as_json()
        hands.stop()
    return Finished(error="Stopped", message="the run was stopped").as_json()


@lru_cache(maxsize=4)
def _same(home: str, root: str, run: str) -> str:
    """Return the hash of what decides outputs on this machine; looked at once for each run."""
    return _whole(facts_of_machine(Project(Path(home), Path(root))))


def _whole(facts: Mapping[str, str]) -> str:
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


_IDLE: dict[str, list[Workers]] = {}
"""Prepared processes that have nothing to do, by what they were started with."""

_IDLE_LOCK = threading.Lock()


@contextmanager
def _hands(order: Order, engine: str) -> Iterator[Workers]:
    """Hold somebody who does steps: one who has been started before, as long as the sources are the same."""
    kind = _whole({"same": order.same, "engine": engine, **order.environment})
    with _IDLE_LOCK:
        for old in [other for other in _IDLE if other != kind]:
            for hands in _IDLE.pop(old):
                hands.stop()
        idle = [hands for hands in _IDLE.pop(kind, []) if hands.works()]
        taken = idle.pop() if idle else None
        _IDLE[kind] = idle
    if taken is None:
        own = {name: value for name, value in os.environ.items() if not decides_outputs(name)}
        make = Forked if engine == "inprocess" and CAN_FORK else Fresh
        taken = make(own | order.environment)
    try:
        yield taken
    except BaseException:
        taken.stop()
        raise
    with _IDLE_LOCK:
        if taken.works():
            _IDLE.setdefault(kind, []).append(taken)


def await_files(folder: Path, files: Mapping[str, tuple[int, int]], seconds: float = LAG) -> str:
    """Wait until files are here as another machine saw them; return the name of one that is not, else nothing.

    Network file systems tell a machine late what another has written.
    """
    until = time.monotonic() + seconds
    for name, (size, when) in files.items():
        while _seen(folder / name) != (size, when):
            if time.monotonic() >= until:
                return name
            time.sleep(0.1)
    return ""


def _seen(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


# Where the run goes on


class Cluster(Workers):
    """The threads of a Dask cluster, wherever its machines are.

    Parameters
    ----------
    address : str
        Where the scheduler listens: ``tcp://host:8786``.
    project : Project
        The project; its two folders lie at the same paths on every machine.

    Raises
    ------
    InputError
        If ``distributed`` is not installed, nobody answers at the address, no worker is there, or a worker has other
        versions, other sources or another folder than this machine.
    """

    def __init__(self, address: str, project: Project) -> None:
        self.address, self.project = address, project
        self._token = uuid.uuid4().hex
        self._environment = {name: value for name, value in os.environ.items() if decides_outputs(name)}
        self._running: dict[str, Future[str] | None] = {}
        self._ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._begun: set[str] = set()
        self._handed_over: set[str] = set()
        self._alone_since: float | None = None
        self._asked, self._had_workers = time.monotonic(), True
        self._client = _connect(address)
        try:
            self._same = self._check()
        except BaseException:
            self._client.close(timeout=1)
            raise

    def _check(self) -> str:
        """Look whether every machine is like this one; return the hash of what decides outputs."""
        here = facts_of_machine(self.project)
        work = self.project.root / WORK
        work.mkdir(exist_ok=True)
        token = work / "cluster.token"
        with FileLock(work / "cluster.lock"):
            try:
                write_whole(token, self._token)
                known = self._client.run(
                    look, str(self.project.home), str(self.project.root), str(token), on_error="return"
                )
            finally:
                token.unlink(missing_ok=True)
        problems = [
            problem for worker, said in sorted(known.items()) for problem in self._unlike(worker, said, here)
        ]
        if problems:
            raise InputError(problems)
        return _whole(here)

    def _unlike(self, worker: str, said: Any, here: Mapping[str, str]) -> list[Problem]:
        """Return why a Dask worker cannot take part."""
        name = f"the Dask worker {worker}"
        if isinstance(said, BaseException):
            what = f"it cannot run the program ({type(said).__name__}: {said})"
            return [Problem(name, what, "Install the program there as it is installed here")]
        there, seen = said
        problems = []
        if seen != self._token:
            what = f"it does not see what is written to {self.project.root} here ({seen})"
            do = "Give every machine that folder at the same path, and start the worker anew"
            problems.append(Problem(name, what, do))
        different = differences(here, there)
        if different == [f"{LOADED} differs"]:
            what = "it was started before the program was last changed"
            problems.append(Problem(name, what, "Start the worker anew"))
        elif different:
            more = f" and {len(different) - 6} more" if len(different) > 6 else ""
            what = f"it is not like this machine: {'; '.join(different[:6])}{more}"
            do = "Bring it to the same commit and the same requirements.lock, and start the worker anew"
            problems.append(Problem(name, what, do))
        return problems

    def jobs(self) -> int:
        """Return the number of threads of the cluster."""
        return max(1, sum((self._threads() or {}).values()))

    def _threads(self) -> dict[str, int] | None:
        """Return the number of threads of each Dask worker; None as long as the scheduler does not answer."""
        if self._client.status != "running":
            return None
        try:
            threads: dict[str, int] = self._client.nthreads()
        except OSError:
            return None
        return threads

    def start(self, job: Job) -> None:
        """Begin a job."""
        from distributed.client import ClosedClientError

        names = [*job.inputs, *job.step.decides]
        known = {name: _seen(self.project.root / name) for name in names}
        files = {name: seen for name, seen in known.items() if seen}
        order = Order(job.as_json(), self._token, self._same, self._environment, files)
        key = Path(job.stage).name
        self._begun.add(key)
        try:
            future = self._client.submit(carry_out, order, key=key, pure=False, retries=RETRIES)
        except ClosedClientError:
            self._running[job.step.name] = None
            self._ended.put(job.step.name)
            return
        self._running[job.step.name] = future
        future.add_done_callback(lambda _: self._ended.put(job.step.name))

    def wait(self, seconds: float) -> list[tuple[str, Finished]]:
        """Return what has come to an end."""
        names = []
        with contextlib.suppress(queue.Empty):
            names.append(self._ended.get(timeout=seconds))
            while True:
                names.append(self._ended.get_nowait())
        found = [(name, self._result(name)) for name in names if name in self._running]
        return found or self._abandoned()

    def _result(self, name: str) -> Finished:
        """Return what came of a step, once its outputs are seen here."""
        from distributed import KilledWorker

        future = self._running.pop(name)
        try:
            if future is None:
                raise CancelledError
            finished = Finished.from_json(future.result())
        except KilledWorker as error:
            what = f"{error.allowed_failures + 1} Dask workers died while they did it; the memory may have run out"
            return Finished(error="Killed", message=what)
        except CancelledError:
            what = f"the connection to the scheduler at {self.address} was lost"
            return Finished(error="SchedulerLost", message=what)
        except Exception as error:  # whatever was raised on another machine
            return Finished(error=type(error).__name__, message=str(error))
        if not finished.error:
            stage = Path(finished.stage)
            late = await_files(
                stage, {made: (size, when) for made, (_, size, when) in finished.outputs.items()}
            )
            if late:
                what = f"{late}, written by a Dask worker, is not seen here after {LAG:g} seconds"
                return Finished(error="SharedFolder", message=what)
            self._handed_over.add(stage.name)
        return finished

    def _abandoned(self) -> list[tuple[str, Finished]]:
        """Give up what runs when there has been no Dask worker for too long."""
        now = time.monotonic()
        if not self._running or self._has_workers():
            self._alone_since = None
            return []
        if self._alone_since is None:
            self._alone_since = now
        if now - self._alone_since < ALONE:
            return []
        what = f"no Dask worker has been left at {self.address} for {ALONE:g} seconds"
        lost = [(name, Finished(error="NoWorker", message=what)) for name in self._running]
        self._running.clear()
        return lost

    def _has_workers(self) -> bool:
        """Return whether there is a Dask worker: asked now and then, and taken for granted when nobody answers."""
        now = time.monotonic()
        if now - self._asked >= PAUSE:
            self._asked = now
            self._had_workers = self._threads() != {}
        return self._had_workers

    def stop(self) -> None:
        """Let the cluster end what still runs for this run, and remove what was left half done."""
        with contextlib.suppress(TimeoutError, OSError):
            self._client.close(timeout=1)  # the scheduler then cancels what nobody waits for any more
        until = time.monotonic() + 1.0
        while self._running and self._left_over() and time.monotonic() < until:
            time.sleep(0.05)  # the workers tidy up after themselves, where they are alive
        for folder in self._left_over():
            shutil.rmtree(folder, ignore_errors=True)

    def _left_over(self) -> list[Path]:
        """Return the stages of attempts whose outputs nobody will commit, such as those of a machine that died."""
        folders = (self.project.root / WORK / "stage").glob("*")
        return [
            folder
            for folder in folders
            if folder.name.rpartition("-")[0] in self._begun and folder.name not in self._handed_over
        ]


def _connect(address: str) -> Client:
    """Return a client of a scheduler that has at least one worker."""
    try:
        from distributed import Client
        from distributed.versions import VersionMismatchWarning
    except ImportError:
        what = "a Dask cluster needs packages that are not installed"
        raise InputError.one(
            "--scheduler", what, 'Install them with `pip install "analysis[cluster]"`'
        ) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is said here, in sentences
    do = "Start it with `dask scheduler`, or correct the address, such as tcp://host:8786"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VersionMismatchWarning)
            client = Client(address, timeout=ANSWER, set_as_default=False)
    except ValueError as error:
        raise InputError.one(
            "--scheduler", f"{address!r} is no address of a scheduler ({error})", do
        ) from None
    except OSError:
        raise InputError.one("--scheduler", f"no Dask scheduler answers at {address}", do) from None
    try:
        client.wait_for_workers(1, timeout=ANSWER)
    except TimeoutError:
        client.close(timeout=1)
        what = f"the scheduler at {address} has no workers"
        raise InputError.one("--scheduler", what, f"Start some with `dask worker {address}`") from None
    return client
