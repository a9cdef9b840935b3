"""The prepared process: it imports everything once, and forks a process for each step.

Requests come as lines of JSON on standard input, and answers go the same way to standard output. The process has one
thread, so that a fork is a clean copy. Each step is a session of its own under one parent that adopts whatever it
leaves behind, and nothing outlives the run: when standard input ends, every process below is ended.

Only Linux has all that this needs; elsewhere `analysis.pipeline.workers` starts a process for each step instead.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import random
import resource
import select
import signal
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from analysis.pipeline.stage import Stage
from analysis.pipeline.worker import Finished, Job, do, prepare, read_years

SUBREAPER, DEATH_SIGNAL = 36, 1
"""prctl(2): adopt the orphans of one's children, and the signal that a process gets when its parent ends."""

GRACE = 1.0
"""Seconds that a step has to write down where it stopped, before its process is killed."""

ENVIRONMENT = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}
"""What the process must be started with: one thread, and the same order of everything in each run."""


@dataclass
class _Child:
    """A forked process and what is known of it."""

    key: str
    answer: int
    job: Job | None
    said: bytes = b""
    deadline: float = float("inf")
    stopped: bool = False


class _Server:
    """The loop of the prepared process."""

    def __init__(self, requests: int, answers: int) -> None:
        self.requests, self.answers = requests, answers
        self.children: dict[int, _Child] = {}
        self.unread = b""
        self.woken, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self.woken, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Answer requests until there are no more to come."""
        try:
            while True:
                fds = [self.requests, self.woken, *(child.answer for child in self.children.values())]
                ready, _, _ = select.select(fds, [], [], self.patience())
                if self.woken in ready:
                    os.read(self.woken, 4096)
                for child in self.children.values():
                    if child.answer in ready:
                        child.said += os.read(child.answer, 1 << 20)
                if self.requests in ready and not self.hear():
                    return
                self.stop_late()
                self.reap()
        finally:
            self.end_all()

    def patience(self) -> float | None:
        """Return how many seconds there are until a step has run for too long; None without a limit."""
        first = min((child.deadline for child in self.children.values()), default=float("inf"))
        return None if first == float("inf") else max(0.0, first - time.monotonic())

    def hear(self) -> bool:
        """Read requests and begin what they ask for; return whether more may come."""
        heard = os.read(self.requests, 1 << 20)
        if not heard:
            return False
        *lines, self.unread = (self.unread + heard).split(b"\n")
        for line in lines:
            self.begin(json.loads(line))
        return True

    def begin(self, request: dict[str, Any]) -> None:
        """Fork a process for a request."""
        job = Job.from_json(request["job"]) if "job" in request else None
        answer, say = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(answer)
            _be_child(request, job, say)
        os.close(say)
        os.set_blocking(answer, False)
        child = _Child(request["key"], answer, job)
        if job and job.limits.step_seconds:
            child.deadline = time.monotonic() + job.limits.step_seconds
        self.children[pid] = child

    def stop_late(self) -> None:
        """Stop the steps that have run for too long: first so that they can say where, then for good."""
        now = time.monotonic()
        for pid, child in self.children.items():
            if now >= child.deadline:
                os.killpg(pid, signal.SIGKILL if child.stopped else signal.SIGTERM)
                child.deadline = float("inf") if child.stopped else now + GRACE
                child.stopped = True

    def reap(self) -> None:
        """Answer for every process that has ended, and end what it left behind."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self.children.pop(pid, None)
            if child is None:
                continue  # somebody's orphan
            left = self.end_session(pid)
            while part := self.rest(child.answer):
                child.said += part
            os.close(child.answer)
            self.say(child, self.result(child, status, usage.ru_maxrss * 1024, left))

    @staticmethod
    def rest(answer: int) -> bytes:
        """Return what still stands in the pipe of a process; nothing where somebody else holds it open."""
        try:
            return os.read(answer, 1 << 20)
        except BlockingIOError:
            return b""

    def result(self, child: _Child, status: int, memory: int, left: int) -> str:
        """Return the answer of a process that has ended, as JSON."""
        if child.job is None or (child.said and not left and not child.stopped):
            return child.said.decode("utf-8") or Finished(error="Killed", message="it was ended").as_json()
        job = child.job
        name = job.project.name(job.project.notebook(job.step.notebook))
        found = Finished.from_json(child.said.decode("utf-8")) if child.said else Finished(memory=memory)
        if child.stopped:
            what = f"it ran for more than {job.limits.step_seconds:g} seconds (--time-limit)"
            found = replace(found, error="StepTimeout", message=what)
        elif not child.said:
            ended = os.waitstatus_to_exitcode(status)
            how = f"signal {-ended}" if ended < 0 else f"exit code {ended}"
            what = f"its process was ended ({how}); the memory may have run out"
            found = replace(found, error="Killed", message=what)
        elif not found.error:
            some = f"{left} processes" if left > 1 else "a process"
            what = f"it left {some} behind, now ended: what the notebook starts must end before the notebook does"
            found = replace(found, error="LeftBehind", message=what)
        Stage(Path(job.stage)).remove()
        return replace(found, outputs={}, notebook=name).as_json()

    def say(self, child: _Child, result: str) -> None:
        """Send an answer."""
        line = json.dumps({"key": child.key, "result": result}) + "\n"
        data = line.encode("utf-8")
        while data:
            data = data[os.write(self.answers, data) :]

    def end_session(self, pid: int) -> int:
        """End what a step left behind; return how many processes that were."""
        left = 0
        for process in psutil.Process().children(recursive=True):
            try:
                owner = os.getsid(process.pid)
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                stray = owner not in self.children and process.pid not in self.children
                if owner == pid or (stray and (not self.children or process.ppid() == os.getpid())):
                    process.kill()
                    left += 1
            except (ProcessLookupError, psutil.NoSuchProcess):
                continue
        return left

    def end_all(self) -> None:
        """End every process below this one, and remove what they were writing."""
        for process in psutil.Process().children(recursive=True):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        for child in self.children.values():
            if child.job:
                Stage(Path(child.job.stage)).remove()


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _be_child(request: dict[str, Any], job: Job | None, say: int) -> None:
    """Do what a request asks for, in the forked process, and end it."""
    parent = os.getppid()
    code = 1
    try:
        _prctl(DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the line above
            os._exit(1)
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, _stop)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        _draw_lots_anew()
        if job:
            _limit_memory(job.limits.memory)
            result = do(job).as_json()
        else:
            result = json.dumps(read_years(**request["read"]))
        os.set_blocking(say, True)
        data = result.encode("utf-8")
        while data:
            data = data[os.write(say, data) :]
        code = 0
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        os._exit(code)


def _stop(number: int, frame: FrameType | None) -> None:
    from analysis.pipeline.shell import CellTimeout

    raise CellTimeout("the step has run for too long")


def _draw_lots_anew() -> None:
    """Give the process random numbers of its own: two steps must not draw the same."""
    import numpy as np

    random.seed()
    np.random.seed()  # noqa: NPY002 - the global state is what notebooks inherit


def _limit_memory(most: int) -> None:
    """Let Python raise MemoryError where the process would take more than this beyond what it was forked with."""
    if most:
        held = psutil.Process().memory_info().data
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (held + most, hard))


def main() -> None:
    """Serve on standard input and output until the input ends."""
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _prctl(SUBREAPER, 1)
    prepare()
    gc.collect()
    gc.freeze()
    _Server(requests, answers).serve()


if __name__ == "__main__":
    main()
