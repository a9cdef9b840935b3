"""Workers that stand for the notebooks: what they write is made of what they see, at once and without a kernel."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from analysis.pipeline import run as whole
from analysis.pipeline.freshness import measured
from analysis.pipeline.run import Event, Options
from analysis.pipeline.stage import Stage, digest, locate
from analysis.pipeline.worker import Finished, Job
from analysis.pipeline.workers import Workers
from analysis.project import Project
from tests.conftest import copy_home
from tests.pipeline import small_home as homes

decided, finished_home, small_home = homes.decided, homes.finished_home, homes.small_home

OUTPUTS = {
    "1_clean": ("data/processed/{year}/answers.csv",),
    "2_code": ("data/processed/{year}/texts.csv",),
    "3_analyse": ("data/processed/{year}/counts.csv", "outputs/{year}/results/counts.csv"),
    "4_compare": ("outputs/{year}/results/comparison.csv",),
}


class Quick(Workers):
    """Does each step at once: its outputs are hashes of the files that decide it, so that equal inputs make equal outputs."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.texts: list[str] = []
        self.fails: dict[str, Finished] = {}
        self.missing: list[str] = ["Diarienummer saknas."]
        self.coarse: set[str] = set()
        self.ended: list[tuple[str, Finished]] = []

    def start(self, job: Job) -> None:
        step, project, stage = job.step, job.project, Stage(Path(job.stage))
        (self.texts if job.only_text else self.ran).append(step.name)
        if failure := self.fails.get(step.name):
            self.ended.append((step.name, failure))
            return
        stage.fill(project, step, job.inputs)
        seen = [f"{name} {digest(stage.folder / name)}" for name in job.inputs]
        seen += [
            f"{name} {digest(locate(project, name))}"
            for name in step.decides
            if locate(project, name).is_file()
        ]
        content = sha256("\n".join([*seen, json.dumps(step.parameters)]).encode()).hexdigest()
        if step.name in self.coarse:
            content = "always the same"
        names = [name.format(year=step.year) for name in OUTPUTS.get(step.notebook, ())]
        if step.appendix:
            names += [f"outputs/{step.year}/{step.appendix}{suffix}" for suffix in (".html", ".pdf")]
        for name in [*names, step.executed]:
            path = stage.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = digest(project.notebook(step.notebook)) if name == step.executed else content
            path.write_text(text, encoding="utf-8")
        if step.notebook == "3_analyse":
            survey = {"missing": self.missing}
            path = stage.folder / f"outputs/{step.year}/results/survey.json"
            path.write_text(json.dumps(survey), encoding="utf-8")
        made = [step.executed] if job.only_text and not step.appendix else stage.made(job.inputs)
        self.ended.append((step.name, Finished(measured(project, stage.folder, made), 0.5, 1_000_000)))

    def wait(self, seconds: float) -> list[tuple[str, Finished]]:
        ended, self.ended = self.ended, []
        return ended

    def stop(self) -> None:
        self.ended.clear()


def employ(monkeypatch: pytest.MonkeyPatch) -> Quick:
    """Let quick workers do what `run` would let forked processes do."""
    workers = Quick()
    monkeypatch.setattr(whole, "Forked", lambda: workers)
    monkeypatch.setattr(whole, "CAN_FORK", True)
    monkeypatch.setattr("analysis.report.index.write", lambda folder: None)
    return workers


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Quick:
    """Return the quick workers that `run` now uses."""
    return employ(monkeypatch)


@pytest.fixture(scope="session")
def done_once(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Return a project whose three years are done, made once for the whole session."""

    def make(folder: Path) -> None:
        copy_home((2021, 2022, 2023), folder / "home")
        (folder / "home" / "requirements.lock").write_text("pandas==3\n", encoding="utf-8")
        with pytest.MonkeyPatch.context() as patched:
            employ(patched)
            project = Project(folder / "home", folder / "home")
            assert whole.run(project, [2021, 2022, 2023], Options(), lambda event: None) == 0

    return made_once("done_years", make) / "home"


@pytest.fixture
def done_years(done_once: Path, tmp_path: Path) -> Project:
    """Return a copy of a whole project whose three years are done."""
    root = Path(shutil.copytree(done_once, tmp_path / "done"))
    return Project(root, root)


@pytest.fixture
def three_years(home_copy: Callable[..., Path]) -> Project:
    """Return a whole project of its own with three years."""
    root = home_copy(2021, 2022, 2023)
    (root / "requirements.lock").write_text("pandas==3\n", encoding="utf-8")
    return Project(root, root)


Go = Callable[..., tuple[int, list[Event]]]


@pytest.fixture
def go(quick: Quick) -> Go:
    """Return a function that runs years and returns the exit code and everything that was told."""

    def run_years(project: Project, *years: int, **options: object) -> tuple[int, list[Event]]:
        quick.ran.clear()
        quick.texts.clear()
        told: list[Event] = []
        code = whole.run(project, years, Options(**options), told.append)
        return code, told

    return run_years
