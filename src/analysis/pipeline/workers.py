"""Who does the steps: processes forked from a prepared one, or a fresh process for each step."""

from __future__ import annotations

import errno
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from analysis.pipeline.stage import Stage
from analysis.pipeline.worker import Finished, Job, read_years, settle
from analysis.project import Project

CAN_FORK = sys.platform == "linux"
"""Whether a prepared process can be forked: macOS has fork, but its own libraries do not survive it."""

MARK = "ANALYSIS_RUN"
"""A variable in the environment by which everything that a run has started can be found."""

MEMORY_EACH = 400_000_000
"""Bytes of memory that a step of a usual survey takes: so many are started as there is room for."""


def usual_jobs() -> int:
    """Return how many steps run side by side: one for each core, fewer where memory is short."""
    import psutil

    room = int(psutil.virtual_memory().available) // MEMORY_EACH
    return max(1, min(len(os.sched_getaffinity(0)) if CAN_FORK else os.cpu_count() or 1, room))


def all_memory() -> int:
    """Return the memory of the machine in bytes."""
    import psutil

    return int(psutil.virtual_memory().total)


class Workers(ABC):
    """Those who do steps. A context: leaving it ends every process."""

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def start(self, job: Job) -> None:
        """Begin a job."""

    @abstractmethod
    def wait(self, seconds: float) -> list[tuple[str, Finished]]:
        """Return the names of the steps that have come to an end, with what came of them.

        Waits until there is one, or the time is over.
        """

    @abstractmethod
    def stop(self) -> None:
        """End everything that still runs."""

    def jobs(self) -> int:
        """Return how many steps run side by side where nobody says."""
        return usual_jobs()

    def works(self) -> bool:
        """Return whether they can take a job."""
        return True

    def read(self, project: Project, years: list[int]) -> dict[str, Any]:
        """Return what was handed in for some years, as `read_years` does."""
        return read_years(str(project.home), str(project.root), years)


class Forked(Workers):
    """Processes forked from a prepared one, which has imported everything."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = dict(environment)
        self._running: dict[str, Job] = {}
        self._begin()

    def _begin(self) -> None:
        """Start a prepared process."""
        from analysis.pipeline.prepared import ENVIRONMENT

        self._mark = uuid.uuid4().hex
        self._process = subprocess.Popen(
            [sys.executable, "-m", "analysis.pipeline.prepared"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**self._environment, **ENVIRONMENT, MARK: self._mark},
            start_new_session=True,  # Ctrl-C in the terminal reaches this process, which then ends that one
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self._unread = b""

    def start(self, job: Job) -> None:
        """Begin a job; where the prepared process has been ended, with a new one."""
        if not self._running and not self.works():
            self.stop()
            self._begin()
        self._running[job.step.name] = job
        self._send({"key": job.step.name, "job": job.as_json()})

    def works(self) -> bool:
        """Return whether the prepared process is still there."""
        return self._process.poll() is None

    def _how_it_ended(self) -> str:
        """Return what became of the prepared process."""
        if self._process.wait() > 0:  # it has said why on standard error, which is ours too
            return "stopped with the error told above"
        return "was ended from outside; the memory may have run out"

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # `wait` finds that nobody is there
            self._process.stdin.write(json.dumps(request).encode("utf-8") + b"\n")
            self._process.stdin.flush()

    def wait(self, seconds: float) -> list[tuple[str, Finished]]:
        """Return what has come to an end."""
        found = [(key, Finished.from_json(result)) for key, result in self._answers(seconds)]
        for key, _ in found:
            self._running.pop(key, None)
        if found or self.works():
            return found
        end_marked(self._mark)
        lost = Finished(error="Killed", message=f"the process that runs the notebooks {self._how_it_ended()}")
        found = [(key, settle(job, lost)) for key, job in sorted(self._running.items())]
        self._running.clear()
        return found

    def _answers(self, seconds: float) -> list[tuple[str, str]]:
        if not self._selector.select(seconds):
            return []
        assert self._process.stdout is not None
        while part := self._process.stdout.read(1 << 20):
            self._unread += part
        if part == b"":  # it has closed its end: it is about to be gone
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        *lines, self._unread = self._unread.split(b"\n")
        answers = [json.loads(line) for line in lines]
        return [(answer["key"], answer["result"]) for answer in answers]

    def read(self, project: Project, years: list[int]) -> dict[str, Any]:
        """Return what was handed in, read in a forked process: this one needs no pandas.

        Raises
        ------
        ChildProcessError
            If that process was ended from outside.
        """
        self._send(
            {"key": "read", "read": {"home": str(project.home), "root": str(project.root), "years": years}}
        )
        while True:
            works = self.works()
            for key, result in self._answers(1.0):
                found: dict[str, Any] = json.loads(result) if key == "read" else {}
                if "years" in found:
                    return found
                works = works and key != "read"
            if not works:
                who = "The process that reads what was handed in"
                raise ChildProcessError(errno.ECHILD, self._how_it_ended(), who)

    def stop(self) -> None:
        """End the prepared process, and with it everything below."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.returncode:
            end_marked(self._mark)
            for job in self._running.values():
                Stage(Path(job.stage)).abandon()
        self._running.clear()
        self._process.stdout.close()
        self._selector.close()


@dataclass
class _Single:
    """A process of its own for one job."""

    job: Job
    mark: str
    process: subprocess.Popen[str]
    answer: IO[str]
    ends: float
    held: ExitStack


class Fresh(Workers):
    """A new process for each step: works everywhere, and slower."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = dict(environment)
        self._running: dict[str, _Single] = {}

    def start(self, job: Job) -> None:
        """Begin a job."""
        mark = uuid.uuid4().hex
        more = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", MARK: mark}
        with ExitStack() as stack:
            answer = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            process = subprocess.Popen(
                [sys.executable, "-m", "analysis.pipeline.worker"],
                stdin=subprocess.PIPE,  # stays open: it ends when this process does
                stdout=answer,
                text=True,
                encoding="utf-8",
                env={**self._environment, **more},
                start_new_session=True,
            )
            held = stack.pop_all()  # until `_end` lets go of it
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # `wait` finds that nobody is there
            process.stdin.write(job.as_json() + "\n")
            process.stdin.flush()
        limit = job.limits.step_seconds
        ends = time.monotonic() + limit if limit else float("inf")
        self._running[job.step.name] = _Single(job, mark, process, answer, ends, held)

    def wait(self, seconds: float) -> list[tuple[str, Finished]]:
        """Return what has come to an end."""
        until = time.monotonic() + seconds
        while True:
            found = [(key, said) for key, single in self._running.items() if (said := self._said(single))]
            for key, _ in found:
                self._end(self._running.pop(key))
            if found or time.monotonic() >= until:
                return found
            time.sleep(0.02)

    def _said(self, single: _Single) -> Finished | None:
        """Return what came of a job; nothing as long as it goes on."""
        job, process = single.job, single.process
        if process.poll() is None:
            if time.monotonic() < single.ends:
                return None
            what = f"it ran for more than {job.limits.step_seconds:g} seconds (--time-limit)"
            end_marked(single.mark)
            return settle(job, Finished(error="Timeout", message=what))
        single.answer.seek(0)
        if said := single.answer.read():
            return settle(job, Finished.from_json(said))
        end_marked(single.mark)
        what = f"its process was ended (exit code {process.returncode}); the memory may have run out"
        return settle(job, Finished(error="Killed", message=what))

    def _end(self, single: _Single) -> None:
        """Let go of a process that has ended."""
        single.process.wait()
        assert single.process.stdin is not None
        with suppress(BrokenPipeError):
            single.process.stdin.close()
        single.held.close()

    def stop(self) -> None:
        """End every process."""
        for single in self._running.values():
            end_marked(single.mark)
            self._end(single)
            Stage(Path(single.job.stage)).abandon()
        self._running.clear()


def end_marked(mark: str) -> None:
    """End every process that was started with a mark in its environment, wherever it has gone since."""
    import psutil

    def is_marked(process: psutil.Process) -> bool:
        try:
            return bool(process.environ().get(MARK) == mark)
        except psutil.Error:  # somebody else's, or just gone
            return False

    while marked := [process for process in psutil.process_iter() if is_marked(process)]:
        for process in marked:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(marked, timeout=1)
