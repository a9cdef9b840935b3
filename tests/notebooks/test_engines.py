"""papermill's own engine and ours, cell by cell: the same outputs, and the same bytes in every file.

Each notebook of each year once, with one administration; with SOAK=1 every administration too.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from analysis.pipeline.freshness import Digests, State, inputs_of
from analysis.pipeline.run import known_plans, publishing_steps
from analysis.pipeline.steps import ADMINISTRATION, Step, analysis_steps
from analysis.pipeline.worker import Finished, Job
from analysis.pipeline.workers import Fresh
from analysis.project import Project


def steps_run(project: Project, states: dict[int, State]) -> list[Step]:
    """Return the steps of all years, of the administrations' only the first unless this is the long campaign."""
    asked = known_plans(project, states, states, Digests(project))
    assert set(asked) == set(states)
    found = []
    for year, plan in asked.items():
        steps = [*analysis_steps(plan), *publishing_steps(project, year, asked, states, final=False)]
        assert {step.name for step in steps} == set(states[year].steps)
        own = [step for step in steps if step.notebook == ADMINISTRATION]
        left_out = own[1:] if os.environ.get("SOAK") != "1" else []
        found += [step for step in steps if step not in left_out]
    return found


def do_all(
    project: Project, states: dict[int, State], steps: list[Step], folder: Path
) -> dict[str, Finished]:
    """Do each step from the inputs it had, two at a time, in a process of its own with papermill's engine."""
    waiting, done = list(steps), {}
    with Fresh() as workers:
        running = 0
        while waiting or running:
            while waiting and running < 2:
                step = waiting.pop(0)
                stage = folder / "stage" / step.name.replace(" ", "-")
                inputs = tuple(inputs_of(step, states))
                workers.start(
                    Job(step, str(project.home), str(project.root), str(stage), inputs, engine="papermill")
                )
                running += 1
            for name, finished in workers.wait(1.0):
                done[name] = finished
                running -= 1
    return done


def cells(path: Path) -> list[tuple[str, object]]:
    """Return the source and the outputs of each cell of an executed notebook."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [("".join(cell["source"]), cell.get("outputs")) for cell in notebook["cells"]]


def test_both_engines_make_the_same_of_every_notebook(
    home: Path, example_years: Path, tmp_path: Path
) -> None:
    project = Project(home, example_years)
    states = {year: State(project, year) for year in project.years()}
    steps = steps_run(project, states)
    done = do_all(project, states, steps, tmp_path)
    compared = 0
    for step in steps:
        finished = done[step.name]
        assert not finished.error, f"{step.name}: {finished.message}"
        ours = states[step.year].outputs(step.name)
        assert finished.outputs.keys() == ours.keys(), step.name
        if not step.joins:
            theirs = tmp_path / "stage" / step.name.replace(" ", "-")
            own, other = cells(example_years / step.executed), cells(theirs / step.executed)
            assert own == other, step.name
            compared += sum(outputs is not None for _, outputs in own)
        differ = [name for name, (known, *_) in finished.outputs.items() if known != ours[name][0]]
        assert differ == [], step.name
    assert compared > 200
