"""What is out of date, and why: looked up without running anything."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.pipeline.freshness import Digests, State, facts_of
from analysis.pipeline.run import check_years, known_plans, publishing_steps, recover_alone
from analysis.pipeline.steps import analysis_steps, years_before
from analysis.project import Project


def look(project: Project, years: Iterable[int]) -> dict[str, list[str]]:
    """Return, for each step of some years, why it is out of date; nothing where it is fresh.

    A step whose own facts are as they were, but which reads what an outdated step makes, says which that is.

    Raises
    ------
    InputError
        If a year is not there.
    """
    wanted = sorted(set(years))
    check_years(project, wanted)
    involved = sorted({*wanted, *(y for year in wanted for y in years_before(project, year))})
    recover_alone(project, involved)
    digests = Digests(project)
    states = {year: State(project, year) for year in involved}
    asked = known_plans(project, involved, states, digests)
    found: dict[str, list[str]] = {}
    stale: set[str] = set()
    for year in involved:
        if year not in asked:
            known = bool(states[year].steps)
            why = "its survey or list of units changed" if known else "has not been run"
            found[f"{year}"] = [why]
            stale |= {f"{year} 1_clean", f"{year} 3_analyse"}
            continue
        steps = analysis_steps(asked[year])
        if year in wanted:
            final = any(
                '"final": true' in states[year].facts(n).get("parameters", "") for n in states[year].steps
            )
            released = {y for y, state in states.items() if state.outputs(f"{y} 3_analyse")}
            steps += publishing_steps(project, year, asked, released, final=final)
        for step in steps:
            reasons = states[year].why(step, facts_of(step, digests, states))
            if not reasons and (waits := [name for name, _ in step.after if name in stale]):
                reasons = [f"waits for {name}" for name in waits]
            if reasons:
                stale.add(step.name)
            found[step.name] = reasons
    return found
