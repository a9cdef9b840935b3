"""Years from their raw exports to their published appendices: only what is out of date, and never half a result."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from analysis.pipeline.freshness import Digests, State, facts_of, inputs_of, only_text
from analysis.pipeline.stage import (
    WORK,
    Stage,
    commit,
    forget,
    interrupted,
    is_interrupted,
    remove_file,
    sweep,
    undisturbed,
    write_whole,
)
from analysis.pipeline.steps import (
    ANALYSIS,
    Asked,
    Step,
    analysis_steps,
    appendix_steps,
    compare_step,
    years_before,
)
from analysis.pipeline.worker import Finished, Job, Limits
from analysis.pipeline.workers import CAN_FORK, Forked, Fresh, Workers
from analysis.problems import InputError, Problem
from analysis.project import Project

DONE, FAILED, WRONG_INPUTS, REFUSED = 0, 1, 2, 3
"""Exit codes."""


@dataclass(frozen=True)
class Event:
    """Something that a person or a scheduler may want to know while it happens.

    Attributes
    ----------
    kind : str
        ``plan`` (what will be looked at), ``fresh``, ``start``, ``done``, ``failed``, ``skipped``, ``warning``,
        ``error`` and, once for each year, ``end``.
    year : int
        The reporting year; 0 for all.
    step : str
        The name of the step, where it is about one.
    text : str
        Why the step is run, what went wrong, or the warning.
    seconds : float
        How long the step took; for ``plan`` how long it took last time.
    files : tuple of str
        For ``end``: what is published.
    code : int
        For ``end`` and ``failed``: the exit code.
    """

    kind: str
    year: int = 0
    step: str = ""
    text: str = ""
    seconds: float = 0.0
    files: tuple[str, ...] = ()
    code: int = 0


Tell = Callable[[Event], None]


@dataclass(frozen=True)
class Options:
    """How to run.

    Attributes
    ----------
    final : bool
        Refuse while anything is missing, and leave out the mark of a draft.
    force : bool
        Run also what is fresh.
    keep_going : bool
        After a failure, go on with what does not depend on it.
    without_wrong_years : bool
        Leave out years whose inputs are wrong instead of stopping.
    jobs : int
        How many steps run side by side; 0 for as many as there are cores and room.
    engine : str
        ``inprocess`` or ``papermill``; empty for the one that suits the system.
    scheduler : str
        The address of a Dask cluster; empty for this machine.
    limits : Limits
        What each step may use.
    """

    final: bool = False
    force: bool = False
    keep_going: bool = False
    without_wrong_years: bool = False
    jobs: int = 0
    engine: str = ""
    scheduler: str = ""
    limits: Limits = field(default_factory=Limits)


def run(project: Project, years: Iterable[int], options: Options, tell: Tell) -> int:
    """Bring years up to date; return the exit code.

    Earlier years are first released as far as the comparison needs them. What each step made appears together or
    not at all, and what was published before stays when a step fails.

    Raises
    ------
    InputError
        If inputs or notebooks are wrong, or somebody else runs one of the years; nothing is changed then.
    """
    wanted = sorted(set(years))
    check_years(project, wanted)
    involved = _involved(project, wanted)
    with _alone(project, involved):
        try:
            return _Run(project, wanted, options, tell).go()
        finally:
            for year in involved:
                sweep(project, year)


def check_years(project: Project, years: Iterable[int]) -> None:
    """Raise `InputError` where a year is not there."""
    for year in years:
        if not project.raw(year).is_dir():
            known = ", ".join(map(str, project.years())) or "none yet"
            what = f"there is no reporting year {year} (there are: {known})"
            do = "Choose one of them, or add the year with `analysis new-year`"
            raise InputError.one(project.name(project.raw(year)), what, do)


def _involved(project: Project, years: Iterable[int]) -> list[int]:
    """Return the years and those that they are compared with, oldest first."""
    found = set(years)
    for year in list(found):
        found |= set(years_before(project, year))
    return sorted(found)


@contextmanager
def _alone(project: Project, years: Iterable[int]) -> Iterator[None]:
    """Hold some years: two runs of a year at once would mix their outputs. The system lets go after a crash too."""
    work = project.root / WORK
    with ExitStack() as held:
        for year in years:
            work.mkdir(exist_ok=True)
            lock, holder = FileLock(work / f"{year}.lock", timeout=0), work / f"{year}.holder.json"
            try:
                held.enter_context(lock)
            except Timeout:
                raise InputError.one(
                    project.name(project.raw(year)),
                    f"another run of {year} is going on{_who(holder)}",
                    "Wait for it to end",
                ) from None
            now = dt.datetime.now().astimezone().isoformat(timespec="seconds")
            me = {"process": os.getpid(), "host": socket.gethostname(), "since": now}
            write_whole(holder, json.dumps(me))
        yield


def _who(holder: Path) -> str:
    """Return who holds a year, in brackets; nothing where that is not known."""
    try:
        known = json.loads(holder.read_text(encoding="utf-8"))
        return f" (process {known['process']} on {known['host']}, since {known['since']})"
    except (OSError, ValueError, KeyError):
        return ""


class _Run:
    """One call of `run`: what is known, what is done, and what has failed."""

    def __init__(self, project: Project, wanted: list[int], options: Options, tell: Tell) -> None:
        self.project, self.wanted, self.options, self.tell = project, wanted, options, tell
        self.involved = _involved(project, wanted)
        self.digests = Digests(project)
        self.states = {year: State(project, year) for year in self.involved}
        for year, state in self.states.items():
            recover(project, state)
            sweep(project, year)
        self.was_open = {year: bool(state.note("open")) for year, state in self.states.items()}
        self.asked: dict[int, Asked] = {}
        self.codes = dict.fromkeys(wanted, DONE)
        self.done: set[str] = set()
        self.failed: set[str] = set()
        self.wrong: set[int] = set()
        self.told: dict[str, dict[str, Any]] = {}
        self.began = dt.datetime.now().astimezone()
        self.clock = time.monotonic()

    def go(self) -> int:
        """Run what is out of date."""
        self.asked = known_plans(self.project, self.involved, self.states, self.digests)
        if self.is_fresh():
            for year in self.wanted:
                self.end(year, "nothing is out of date")
            return DONE
        with self.workers() as workers:
            self.read(workers)
            first = [step for year in self.asked for step in analysis_steps(self.asked[year])]
            later = [
                s for y in self.wanted if y in self.asked for s in self.publishing(y, released=self.asked)
            ]
            self.plan([*first, *later])
            self.steps(workers, first)
            ready = [year for year in self.wanted if self.may_publish(year)]
            self.steps(workers, [step for year in ready for step in self.publishing(year)])
        for year in ready:
            self.retire(year)
        for year in self.involved:
            self.close(year)
        for year in self.wanted:
            self.end(year)
        return max(self.codes.values())

    # What there is to do

    def is_fresh(self) -> bool:
        """Return whether there is nothing to do; found without reading anything that needs pandas."""
        if self.options.force or len(self.asked) < len(self.involved):
            return False
        steps = [step for year in self.involved for step in analysis_steps(self.asked[year])]
        steps += [step for year in self.wanted for step in self.publishing(year)]
        if any(self.why(step) for step in steps):
            return False
        if any(state.note("open") for state in self.states.values()):  # it ended before `close`
            return False
        names = {step.name for step in steps}
        gone = any(set(self.states[year].steps) - names for year in self.wanted)
        return not gone and all(not self.options.final or not self.missing(year) for year in self.wanted)

    def publishing(self, year: int, released: Iterable[int] = ()) -> list[Step]:
        """Return the steps of a year that need its released results, and those of earlier years.

        Years that will have been `released` by then count as well.
        """
        done = {y for y, state in self.states.items() if state.outputs(f"{y} 3_analyse")}
        final = self.options.final
        return publishing_steps(self.project, year, self.asked, done.union(released), final=final)

    def why(self, step: Step) -> list[str]:
        """Return why a step must run."""
        if self.options.force:
            return ["--force"]
        return self.states[step.year].why(step, facts_of(step, self.digests, self.states))

    def missing(self, year: int) -> list[str]:
        """Return what is missing before the year's appendices can be final, as its results tell."""
        found: list[str] = _released_survey(self.project, year)["missing"]
        return found

    # Before the first step

    def workers(self) -> Workers:
        """Return who does the steps."""
        if self.options.scheduler:
            from analysis.pipeline.cluster import Cluster

            return Cluster(self.options.scheduler, self.project)
        return Forked() if self.engine == "inprocess" and CAN_FORK else Fresh()

    @property
    def engine(self) -> str:
        """The engine with which papermill runs the steps."""
        return self.options.engine or ("inprocess" if CAN_FORK else "papermill")

    def read(self, workers: Workers) -> None:
        """Read and check everything handed in; years that are wrong stop the run or are left out of it."""
        found = workers.read(self.project, self.involved)
        wrong = {
            int(year): [Problem(**problem) for problem in known["problems"]]
            for year, known in found["years"].items()
            if "problems" in known
        }
        notebooks = [Problem(**problem) for problem in found["notebooks"]]
        if notebooks:
            raise InputError(notebooks)
        if wrong and (self.options.final or not self.options.without_wrong_years):
            raise InputError([problem for problems in wrong.values() for problem in problems])
        for year, problems in wrong.items():
            kind = "error" if year in self.wanted else "warning"
            self.tell(Event(kind, year, text=str(InputError(problems))))
            if year in self.codes:
                self.codes[year] = WRONG_INPUTS
            if any(y > year for y in self.wanted):
                what = f"{year} is left out of the comparison: its inputs are wrong."
                self.tell(Event("warning", year, text=what))
        self.asked = {}
        for text, known in found["years"].items():
            if "problems" not in known:
                year = int(text)
                self.asked[year] = Asked(year, known["export"], tuple(known["units"]))
                note_plan(self.project, self.asked[year], self.states[year], self.digests)

    def plan(self, steps: list[Step]) -> None:
        """Tell what will be looked at, and how long each took last time."""
        for step in steps:
            seconds = self.states[step.year].seconds(step.name)
            self.tell(Event("plan", step.year, step.name, step.title, seconds))

    # Steps

    def steps(self, workers: Workers, steps: list[Step]) -> None:
        """Bring steps up to date, side by side where none waits for another."""
        jobs = self.options.jobs or workers.jobs()
        waiting = {step.name: step for step in steps}
        running: dict[str, tuple[Step, Stage, dict[str, str]]] = {}
        while waiting or running:
            for step in list(waiting.values()):
                if any(self.blocks(name, step) for name, _ in step.after):
                    del waiting[step.name]
                    self.failed.add(step.name)
                    self.say("skipped", step, "it needs a step that failed")
                elif len(running) < jobs and not any(
                    name in waiting or name in running for name, _ in step.after
                ):
                    del waiting[step.name]
                    if reasons := self.why(step):
                        running[step.name] = self.begin(workers, step, reasons)
                    else:
                        self.done.add(step.name)
                        self.say("fresh", step)
            for name, finished in workers.wait(0.1) if running else ():
                step, stage, facts = running.pop(name)
                if finished.error:
                    self.fail(step, finished)
                    if not self.goes_on(finished):
                        return
                else:
                    self.commit(step, stage, facts, finished)

    def blocks(self, name: str, step: Step) -> bool:
        """Return whether a step that failed keeps another from being run.

        Where an earlier year's inputs are wrong and the run may leave it out, what it released last is compared.
        """
        earlier = int(name.split()[0])
        return name in self.failed and not (earlier != step.year and earlier in self.wrong)

    def begin(self, workers: Workers, step: Step, reasons: list[str]) -> tuple[Step, Stage, dict[str, str]]:
        """Let somebody do a step."""
        stage = Stage.new(self.project, step)
        facts = facts_of(step, self.digests, self.states)
        job = Job(
            step,
            str(self.project.home),
            str(self.project.root),
            str(stage.folder),
            tuple(inputs_of(step, self.states)),
            self.engine,
            only_text(reasons),
            self.options.limits,
        )
        if not self.states[step.year].note("open"):
            self.states[step.year].note("open", True)
        self.say("start", step, "; ".join(reasons))
        workers.start(job)
        return step, stage, facts

    def commit(self, step: Step, stage: Stage, facts: Mapping[str, str], finished: Finished) -> None:
        """Put what a step made where it belongs, and remember what it was made of."""
        state = self.states[step.year]
        stage = Stage(Path(finished.stage)) if finished.stage else stage
        before, outputs = state.outputs(step.name), dict(finished.outputs)
        if set(outputs) == {step.executed} and set(before) > set(outputs):
            outputs = before | outputs  # only the text of an analysis notebook was set anew
        done: dict[str, Any] = {
            "name": step.name,
            "facts": dict(facts),
            "outputs": outputs,
            "seconds": finished.seconds,
        }
        with undisturbed():
            commit(self.project, stage, finished.outputs, sorted(set(before) - set(outputs)), done)
            state.record(**done)
            forget(self.project, stage)
        self.done.add(step.name)
        self.say("done", step, seconds=finished.seconds, memory=finished.memory)

    def fail(self, step: Step, finished: Finished) -> None:
        """Tell that a step failed."""
        wrong = finished.error == "InputError"
        code = WRONG_INPUTS if wrong else FAILED
        if step.year in self.codes:
            self.codes[step.year] = max(self.codes[step.year], code)
        elif not self.options.without_wrong_years or not wrong:
            self.codes = {year: max(known, code) for year, known in self.codes.items()}
        self.failed.add(step.name)
        if wrong and self.options.without_wrong_years:
            self.wrong.add(step.year)
        name = finished.notebook or self.project.name(self.project.notebook(step.notebook))
        text = finished.message if wrong else f"{name} stopped: {finished.error}: {finished.message}"
        if finished.kept and not wrong:
            text += f"\nThe executed notebook is kept as {finished.kept}."
        self.say("failed", step, text, code=code, seconds=finished.seconds, memory=finished.memory)
        if step.year in self.wrong and any(y > step.year for y in self.wanted):
            what = f"{step.year} could not be run again for the comparison: its inputs are wrong."
            self.tell(Event("warning", step.year, text=what))

    def goes_on(self, finished: Finished) -> bool:
        """Return whether steps that do not depend on a failed one still run."""
        wrong = finished.error == "InputError"
        return self.options.keep_going or (wrong and self.options.without_wrong_years)

    def say(self, kind: str, step: Step, text: str = "", *, code: int = 0, **more: float) -> None:
        """Tell what happened to a step, and remember it for ``run.json``."""
        self.told[step.name] = {"result": kind, **({"text": text} if text else {}), **more}
        self.tell(Event(kind, step.year, step.name, text, more.get("seconds", 0.0), code=code))

    # Between and after the steps

    def may_publish(self, year: int) -> bool:
        """Return whether the appendices of a year can be made from its results."""
        if year not in self.asked or any(f"{year} {name}" not in self.done for name in ANALYSIS):
            return False
        if self.failed and not self.options.keep_going and not self.options.without_wrong_years:
            return False
        missing = self.missing(year)
        if self.options.final and missing:
            lines = "\n".join(f"- {line}" for line in missing)
            text = f"A final appendix for {year} is refused while this is missing:\n{lines}"
            self.tell(Event("error", year, text=text, code=REFUSED))
            self.codes[year] = REFUSED
            return False
        return True

    def retire(self, year: int) -> None:
        """Remove what steps made that the year no longer has, such as the appendix of a unit no longer asked."""
        state = self.states[year]
        steps = [*analysis_steps(self.asked[year]), *self.publishing(year)]
        for name in sorted(set(state.steps) - {step.name for step in steps}):
            for output in state.outputs(name):
                remove_file(self.project, output)
            state.drop(name)

    def close(self, year: int) -> None:
        """Write what a year's outputs are made of, and how the run went."""
        from analysis.pipeline.manifest import write_manifest, write_run
        from analysis.report import index

        state = self.states[year]
        own = {name: told for name, told in self.told.items() if name.startswith(f"{year} ")}
        results = {told["result"] for told in own.values()}
        code = self.codes.get(year, FAILED if "failed" in results else DONE)
        if "done" in results or (self.was_open[year] and code == DONE):
            write_manifest(self.project, year, state)
            write_run(
                self.project,
                year,
                began=self.began,
                seconds=time.monotonic() - self.clock,
                engine=f"dask {self.options.scheduler}" if self.options.scheduler else self.engine,
                code=code,
                steps=own,
            )
            index.write(self.project.outputs(year).parent)
            state.note("open", False)
        elif state.note("open") and not self.was_open[year]:
            state.note("open", False)

    def end(self, year: int, text: str = "") -> None:
        """Tell how a year ended."""
        code = self.codes[year]
        state = self.states[year]
        files: tuple[str, ...] = ()
        if code == DONE:
            published = (
                name
                for step in self.publishing(year)
                for name in state.outputs(step.name)
                if not name.endswith((".ipynb", ".csv", ".json")) and "/figurer/" not in name
            )
            files = tuple(published)
            text = text or ("as a draft" if self.missing(year) else "")
        self.tell(Event("end", year, text=text, files=files, code=code))


def rerun(project: Project, year: int, tell: Callable[[str], None]) -> list[str]:
    """Run a year from nothing in a folder of its own, and return which outputs differ from the project's."""
    from analysis.pipeline.manifest import copy_raw, differences, read_manifest, temporary_root

    final = any(step["parameters"].get("final") for step in read_manifest(project, year)["steps"])
    failures: list[str] = []

    def hear(event: Event) -> None:
        if event.kind in ("failed", "error"):
            failures.append(event.text)

    with _alone(project, [year]), temporary_root(project, year) as folder:
        again = copy_raw(project, year, Path(folder))
        tell(f"Running {year} from nothing ...")
        code = run(again, [year], Options(final=final), hear)
        return failures if code else differences(project, year, again)


def recover(project: Project, state: State) -> None:
    """Complete what a crash interrupted: outputs are in place, and what they were made of is remembered."""
    for stage, then in interrupted(project, state.year):
        state.record(**then)
        forget(project, stage)


def recover_alone(project: Project, years: Iterable[int]) -> None:
    """Complete what a crash interrupted, for those who only look; a run that is going on does that itself."""
    open_years = [year for year in years if is_interrupted(project, year)]
    with suppress(InputError, PermissionError), _alone(project, open_years):
        for year in open_years:
            recover(project, State(project, year))
            sweep(project, year)


def publishing_steps(
    project: Project, year: int, asked: Mapping[int, Asked], released: Iterable[int], *, final: bool
) -> list[Step]:
    """Return the steps of a year that come after its analysis.

    It is compared with the earlier years whose inputs are right and of which something is released.
    """
    earlier = [y for y in years_before(project, year) if y in asked and y in set(released)]
    steps = [compare_step(asked[year], earlier)] if earlier else []
    return steps + appendix_steps(asked[year], compare=bool(earlier), final=final)


def known_plans(
    project: Project, years: Iterable[int], states: Mapping[int, State], digests: Digests
) -> dict[int, Asked]:
    """Return what is known of years whose survey and list of units are the same as when they were last read."""
    found = {}
    for year in years:
        note = states[year].note("asked")
        if note and note["key"] == _plan_key(project, year, digests):
            found[year] = Asked(year, note["export"], tuple(note["units"]))
    return found


def note_plan(project: Project, asked: Asked, state: State, digests: Digests) -> None:
    """Remember what was read of a year, for the next time."""
    key = _plan_key(project, asked.year, digests)
    note = {"key": key, "export": asked.export, "units": list(asked.units)}
    if state.note("asked") != note:
        state.note("asked", note)


def _plan_key(project: Project, year: int, digests: Digests) -> list[str]:
    raw = project.name(project.raw(year))
    files = (f"{raw}/survey.yaml", f"{raw}/invited.csv", "data/reference/units.csv")
    return [*map(digests.of, files), digests.room("survey")]


def _released_survey(project: Project, year: int) -> dict[str, Any]:
    path = project.results(year) / "survey.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
