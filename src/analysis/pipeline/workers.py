"""Who does the steps: processes forked from a prepared one, or a fresh process for each step."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from analysis.pipeline.worker import Finished, Job, read_years
from analysis.project import Project

CAN_FORK = sys.platform == "linux"
"""Whether a prepared process can be forked: macOS has fork, but its own libraries do not survive it."""

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
        from analysis.pipeline.prepared import ENVIRONMENT

        self._process = subprocess.Popen(
            [sys.executable, "-m", "analysis.pipeline.prepared"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, **ENVIRONMENT},
            start_new_session=True,  # Ctrl-C in the terminal reaches this process, which then ends that one
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self._unread = b""
        self._running: set[str] = set()

    def start(self, job: Job) -> None:
        """Begin a job."""
        self._running.add(job.step.name)
        self._send({"key": job.step.name, "job": job.as_json()})

    def works(self) -> bool:
        """Return whether the prepared process is still there."""
        return self._process.poll() is None

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode("utf-8") + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # `wait` finds that nobody is there

    def wait(self, seconds: float) -> list[tuple[str, Finished]]:
        """Return what has come to an end."""
        found = [(key, Finished.from_json(result)) for key, result in self._answers(seconds)]
        for key, _ in found:
            self._running.discard(key)
        if self._process.poll() is not None and not found:
            what = "the process that runs the notebooks was ended from outside; the memory may have run out"
            found = [(key, Finished(error="Killed", message=what)) for key in sorted(self._running)]
            self._running.clear()
        return found

    def _answers(self, seconds: float) -> list[tuple[str, str]]:
        if not self._selector.select(seconds):
            return []
        assert self._process.stdout is not None
        while part := self._process.stdout.read(1 << 20):
            self._unread += part
        *lines, self._unread = self._unread.split(b"\n")
        answers = [json.loads(line) for line in lines]
        return [(answer["key"], answer["result"]) for answer in answers]

    def read(self, project: Project, years: list[int]) -> dict[str, Any]:
        """Return what was handed in, read in a forked process: this one needs no pandas."""
        self._send(
            {"key": "read", "read": {"home": str(project.home), "root": str(project.root), "years": years}}
        )
        while self._process.poll() is None:
            for key, result in self._answers(1.0):
                if key == "read":
                    found: dict[str, Any] = json.loads(result)
                    if "error" in found:
                        break
                    return found
        raise RuntimeError("the process that reads what was handed in was ended; the memory may have run out")

    def stop(self) -> None:
        """End the prepared process, and with it everything below."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._selector.close()


class Fresh(Workers):
    """A new process for each step: works everywhere, and slower."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = {**environment, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
        self._running: dict[str, tuple[subprocess.Popen[str], Job, float]] = {}

    def start(self, job: Job) -> None:
        """Begin a job."""
        process = subprocess.Popen(
            [sys.executable, "-m", "analysis.pipeline.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=self._environment,
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(job.as_json() + "\n")
        process.stdin.close()
        self._running[job.step.name] = (process, job, time.monotonic())

    def wait(self, seconds: float) -> list[tuple[str, Finished]]:
        """Return what has come to an end."""
        until = time.monotonic() + seconds
        while True:
            found = [
                (key, self._result(process, job))
                for key, (process, job, began) in self._running.items()
                if process.poll() is not None or self._is_late(job, began)
            ]
            for key, _ in found:
                del self._running[key]
            if found or time.monotonic() >= until:
                return found
            time.sleep(0.02)

    @staticmethod
    def _is_late(job: Job, began: float) -> bool:
        return bool(job.limits.step_seconds) and time.monotonic() - began > job.limits.step_seconds

    @staticmethod
    def _result(process: subprocess.Popen[str], job: Job) -> Finished:
        if process.poll() is None:
            _end(process)
            what = f"it ran for more than {job.limits.step_seconds:g} seconds (--time-limit)"
            return Finished(error="StepTimeout", message=what)
        assert process.stdout is not None
        said = process.stdout.read()
        if said:
            return Finished.from_json(said)
        what = f"its process was ended (exit code {process.returncode}); the memory may have run out"
        return Finished(error="Killed", message=what)

    def stop(self) -> None:
        """End every process."""
        for process, *_ in self._running.values():
            _end(process)
        self._running.clear()


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and everything below it, such as the kernel of a notebook."""
    import psutil

    try:
        below = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        below = []
    for found in [*below, process]:
        try:
            found.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()
