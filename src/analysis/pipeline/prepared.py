"""The prepared process: it imports everything once, and forks a process for each step.

Requests come as lines of JSON on standard input, and answers go the same way to standard output. The process has one
thread, so that a fork is a clean copy. Each step is a session of its own under one parent that adopts whatever it
leaves behind, and nothing outlives the run: when standard input ends, every process below is ended.

Only Linux has all that this needs; elsewhere `analysis.pipeline.workers` starts a process for each step instead.
"""

from __future__ import annotations

import gc
import json
import os
import random
import select
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from analysis.pipeline.stage import Stage
from analysis.pipeline.worker import (
    Finished,
    Job,
    adopt_orphans,
    attempt,
    end_below,
    left_behind,
    limit_memory,
    prctl,
    prepare,
    read_years,
    settle,
    write_all,
)
from analysis.problems import Problem

DEATH_SIGNAL = 1
"""prctl(2): the signal that a process gets when its parent ends."""

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
    unread: bytes = b""
    result: str = ""
    cell: int = -1
    cell_ends: float = float("inf")
    step_ends: float = float("inf")
    stopped: str = ""
    listens: bool = True

    def hear(self) -> None:
        """Read what it says: which cell it begins, and in the end its result."""
        with suppress(BlockingIOError):
            while part := os.read(self.answer, 1 << 20):
                self.unread += part
            self.listens = False  # the other end is closed
        *lines, self.unread = self.unread.split(b"\n")
        for line in lines:
            said = json.loads(line)
            self.result = said.get("result", "")
            self.cell = said.get("cell", self.cell)
            limit = self.job.limits.cell_seconds if self.job else 0
            # It stops a cell itself, unless it is in the middle of something that nothing can interrupt.
            self.cell_ends = time.monotonic() + limit + GRACE if limit and "cell" in said else float("inf")


class _Server:
    """The loop of the prepared process."""

    def __init__(self, requests: int, answers: int) -> None:
        self.requests, self.answers = requests, answers
        self.children: dict[int, _Child] = {}
        self.stages: list[Stage] = []
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
                fds = [self.requests, self.woken]
                fds += [child.answer for child in self.children.values() if child.listens]
                ready, _, _ = select.select(fds, [], [], self.patience())
                if self.woken in ready:
                    os.read(self.woken, 4096)
                for child in self.children.values():
                    if child.answer in ready:
                        child.hear()
                if self.requests in ready and not self.hear():
                    return
                self.stop_late()
                self.reap()
        finally:
            self.end_all()

    def patience(self) -> float | None:
        """Return how many seconds there are until something has run for too long; None without a limit."""
        ends = (min(child.cell_ends, child.step_ends) for child in self.children.values())
        first = min(ends, default=float("inf"))
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
        child = _Child(request["key"], answer, job)
        try:
            pid = os.fork()
        except OSError as error:
            os.close(answer)
            os.close(say)
            what = f"no process could be started for it: {error.strerror}"
            self.say(child, Finished(error="OSError", message=what).as_json())
            return
        if pid == 0:
            os.close(answer)
            _be_child(request, job, say)
        os.close(say)
        os.set_blocking(answer, False)
        if job:
            self.stages.append(Stage(Path(job.stage)))
            if job.limits.step_seconds:
                child.step_ends = time.monotonic() + job.limits.step_seconds
        self.children[pid] = child

    def stop_late(self) -> None:
        """Stop what has run for too long: a step first so that it can say where it is, then for good."""
        now = time.monotonic()
        for pid, child in self.children.items():
            if min(child.cell_ends, child.step_ends) > now or not child.job:
                continue
            limits = child.job.limits
            number = signal.SIGKILL
            if child.cell_ends <= now:
                child.stopped = f"a cell ran for more than {limits.cell_seconds:g} seconds (--cell-time)"
            elif not child.stopped:
                child.stopped = f"it ran for more than {limits.step_seconds:g} seconds (--time-limit)"
                number = signal.SIGTERM
            child.cell_ends = float("inf")
            child.step_ends = now + GRACE if number == signal.SIGTERM else float("inf")
            with suppress(ProcessLookupError):
                os.killpg(pid, number)

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
            if status:
                self.end_strays()
            child.hear()
            os.close(child.answer)
            self.say(child, self.result(child, status, usage.ru_maxrss * 1024))

    @staticmethod
    def result(child: _Child, status: int, memory: int) -> str:
        """Return the answer of a process that has ended, as JSON."""
        if child.job is None:
            return child.result or Finished(error="Killed", message=_how_it_ended(status)).as_json()
        if child.stopped:
            finished = Finished(memory=memory, error="Timeout", message=child.stopped)
        elif child.result:
            finished = Finished.from_json(child.result)
        else:
            finished = Finished(memory=memory, error="Killed", message=_how_it_ended(status))
        return settle(child.job, finished, child.cell).as_json()

    def say(self, child: _Child, result: str) -> None:
        """Send an answer."""
        write_all(self.answers, json.dumps({"key": child.key, "result": result}) + "\n")

    def end_strays(self) -> None:
        """End what those who were ended left behind; a living one adopts its own orphans, so no others come here."""
        while strays := [
            process
            for process in psutil.Process().children()
            if process.pid not in self.children and process.status() != psutil.STATUS_ZOMBIE
        ]:
            for process in strays:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(strays, timeout=1)

    def end_all(self) -> None:
        """End every process below this one, and remove what they were writing."""
        for pid in self.children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.children.clear()
        self.end_strays()
        for stage in self.stages:
            stage.abandon()


def _how_it_ended(status: int) -> str:
    """Return what became of a process that did not come to its end."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"its process ended itself (exit code {code}), as os._exit does"
    name = signal.Signals(-code).name
    if -code == signal.SIGKILL:
        return f"its process was ended ({name}): the memory has run out, or somebody did it"
    return f"its process crashed ({name})"


def _be_child(request: dict[str, Any], job: Job | None, say: int) -> None:
    """Do what a request asks for, in the forked process, and end it."""
    parent = os.getppid()
    code = 1
    try:
        prctl(DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the line above
            os._exit(1)
        os.setsid()
        adopt_orphans()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        _be_ended_first()
        _draw_lots_anew()
        if job:
            _watch_cells(say)
            limit_memory(job.limits.memory)
            finished = _attempt(job)
            result = left_behind(finished, end_below(say)).as_json()
        else:
            result = json.dumps(read_years(**request["read"]))
        write_all(say, json.dumps({"result": result}) + "\n")
        code = 0
    except BaseException as error:
        with suppress(OSError):
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        os._exit(code)


def _attempt(job: Job) -> Finished:
    """Do a job, which may be told that it has run for too long."""
    from analysis.pipeline.shell import CellTimeout

    def stop(number: int, frame: FrameType | None) -> None:
        raise CellTimeout(f"the step ran for more than {job.limits.step_seconds:g} seconds")

    signal.signal(signal.SIGTERM, stop)
    try:
        return attempt(job, own_process=True)
    except CellTimeout as error:  # between two cells, or in an export
        return Finished(error="Timeout", message=str(error))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _watch_cells(say: int) -> None:
    """Let the parent know which cell is run: it stops one that nothing here could interrupt."""
    from analysis.pipeline import shell

    shell.watcher = lambda index: write_all(say, json.dumps({"cell": index}) + "\n")


def _be_ended_first() -> None:
    """Let the system end this process before any other where memory runs out."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _draw_lots_anew() -> None:
    """Give the process random numbers of its own: two steps must not draw the same."""
    import numpy as np

    random.seed()
    np.random.seed()  # noqa: NPY002 - the global state is what notebooks inherit


def _not_importable(error: Exception) -> str:
    """Return where and why the code cannot be imported."""
    if isinstance(error, SyntaxError):
        file, line = error.filename, error.lineno
    else:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        file, line = frame.filename, frame.lineno
    what = f"the code cannot be imported ({type(error).__name__}: {error})"
    return str(Problem(str(file), what, "Mend it", line))


def main() -> None:
    """Serve on standard input and output until the input ends."""
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    adopt_orphans()
    try:
        prepare()
    except Exception as error:  # somebody is changing the code
        sys.exit(_not_importable(error))
    gc.collect()
    gc.freeze()
    _Server(requests, answers).serve()


if __name__ == "__main__":
    main()
