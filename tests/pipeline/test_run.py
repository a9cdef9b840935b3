"""Whole years without their notebooks: which steps run, what stays when one fails, and what is told of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from analysis.pipeline import run as whole
from analysis.pipeline.manifest import manifest_path
from analysis.pipeline.run import Event
from analysis.pipeline.stage import Stage
from analysis.pipeline.worker import Finished
from analysis.problems import InputError
from analysis.project import Project

if TYPE_CHECKING:
    from conftest import Go, Quick

ANALYSES = ["1_clean", "2_code", "3_analyse"]
COMMON = ["appendix_results", "appendix_quality", "appendix_years"]


def outputs(project: Project, *folders: str) -> dict[str, bytes]:
    return {
        p.relative_to(project.root).as_posix(): p.read_bytes()
        for folder in folders or ("outputs", "data/processed")
        for p in (project.root / folder).rglob("*")
        if p.is_file() and p.name not in ("run.json", "run.log")
    }


def append(path: Path, text: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def texts(told: list[Event], *kinds: str) -> list[str]:
    return [event.text for event in told if event.kind in kinds]


def stopped(error: str = "KeyError", message: str = "'x'") -> Finished:
    return Finished(error=error, message=message, kept="data/processed/2022/notebooks/failed/x.ipynb")


# --- what runs ------------------------------------------------------------------------------------------------


def test_a_year_first_releases_what_it_is_compared_with(three_years: Project, quick: Quick, go: Go) -> None:
    code, told = go(three_years, 2022)
    assert code == 0
    assert {s for s in quick.ran if s.startswith("2021")} == {f"2021 {name}" for name in ANALYSES}
    wanted = {f"2022 {name}" for name in [*ANALYSES, "4_compare", *COMMON]}
    assert wanted < set(quick.ran)
    assert len([s for s in quick.ran if s.startswith("2022 appendix_administration_")]) == 18
    assert not any(s.startswith("2023") for s in quick.ran)
    order = {step: i for i, step in enumerate(quick.ran)}
    assert order["2022 1_clean"] < order["2022 2_code"] < order["2022 3_analyse"] < order["2022 4_compare"]
    assert order["2021 3_analyse"] < order["2022 4_compare"]
    (end,) = [event for event in told if event.kind == "end"]
    assert end.text == "as a draft"
    assert end.files[:3] == (
        "outputs/2022/bilaga-1-resultat.html",
        "outputs/2022/bilaga-1-resultat.pdf",
        "outputs/2022/bilaga-2-kvalitet.html",
    )


def test_every_step_is_planned_also_where_nothing_has_been_released_yet(three_years: Project, go: Go) -> None:
    code, told = go(three_years, 2021, 2022, 2023)
    assert code == 0
    planned = [event.step for event in told if event.kind == "plan"]
    assert len(planned) == len(set(planned)) == 24 + 26 + 24
    assert set(planned) == {event.step for event in told if event.kind == "done"}


def test_the_first_year_has_nothing_to_be_compared_with(three_years: Project, quick: Quick, go: Go) -> None:
    go(three_years, 2021)
    assert "2021 4_compare" not in quick.ran
    assert "2021 appendix_years" not in quick.ran
    assert len(quick.ran) == 3 + 2 + 18 + 1


def test_nothing_runs_twice(done_years: Project, quick: Quick, go: Go) -> None:
    before = outputs(done_years)
    for years in ((2021, 2022, 2023), (2021,), (2023,)):
        code, told = go(done_years, *years)
        assert (code, quick.ran) == (0, [])
        assert texts(told, "end") == ["nothing is out of date"] * len(years)
    assert outputs(done_years) == before


def test_force_runs_what_is_fresh(done_years: Project, quick: Quick, go: Go) -> None:
    before = outputs(done_years)
    go(done_years, 2021, force=True)
    assert len(quick.ran) == 24
    assert outputs(done_years) == before


def notebook_text(path: Path, *, code: bool) -> None:
    """Change a notebook as somebody would who edits its code, or its Markdown."""
    data = json.loads(path.read_text(encoding="utf-8"))
    kind = "code" if code else "markdown"
    cell = next(
        c
        for c in data["cells"]
        if c["cell_type"] == kind and "parameters" not in c["metadata"].get("tags", [])
    )
    cell["source"] = [*cell["source"], "\n# changed\n"]
    path.write_text(json.dumps(data), encoding="utf-8")


ANALYSIS_22 = {f"2022 {name}" for name in ANALYSES}
APPENDICES_22 = {
    "2022 appendix_results",
    "2022 appendix_quality",
    "2022 appendix_years",
    "2022 administrations",
}
COMPARED_23 = {
    "2023 4_compare",
    "2023 appendix_results",
    "2023 appendix_quality",
    "2023 appendix_years",
    "2023 administrations",
}
LATER_22 = {"2022 4_compare", *APPENDICES_22, *COMPARED_23}

CHANGES: dict[str, tuple[Callable[[Project], object], set[str]]] = {
    "the survey of a year": (
        lambda p: append(p.survey(2022), "# a remark\n"),
        {*ANALYSIS_22, *LATER_22},
    ),
    "the export": (lambda p: append(p.raw(2022) / "enkat-2022.csv"), {*ANALYSIS_22, *LATER_22}),
    "a decision": (
        lambda p: append(p.decisions(2022), "0000000000,reject,A. Person,2022-12-01,\n"),
        {*ANALYSIS_22, *LATER_22},
    ),
    "an approval": (
        lambda p: append(p.approvals(2022), "0123456789ab,refuse,,A. Person,2022-12-01\n"),
        {"2022 3_analyse", *LATER_22},
    ),
    "a theme": (
        lambda p: append(p.home / "data/reference/themes.yaml", "# a remark\n"),
        {f"{y} {n}" for y in (2021, 2022, 2023) for n in ("2_code", "3_analyse", "appendix_results", "appendix_quality", "administrations")}
        | {f"{y} {n}" for y in (2022, 2023) for n in ("4_compare", "appendix_years")},
    ),
    "the code of an analysis": (
        lambda p: notebook_text(p.notebook("4_compare"), code=True),
        {"2022 4_compare", "2023 4_compare"},
    ),
    "the code of an appendix": (
        lambda p: notebook_text(p.notebook("appendix_quality"), code=True),
        {f"{y} {n}" for y in (2021, 2022, 2023) for n in ("appendix_quality", "tabeller")},
    ),
    "the Markdown of an appendix": (
        lambda p: notebook_text(p.notebook("appendix_quality"), code=False),
        {f"{y} tabeller" for y in (2021, 2022, 2023)},
    ),
    "the Markdown of an analysis": (lambda p: notebook_text(p.notebook("1_clean"), code=False), set()),
    "a note that nobody reads": (lambda p: append(p.raw(2022) / "readme.txt", "hej"), set()),
}  # fmt: skip
RENDERED = {
    "the Markdown of an appendix": {f"{y} appendix_quality" for y in (2021, 2022, 2023)},
    "the Markdown of an analysis": {f"{y} 1_clean" for y in (2021, 2022, 2023)},
}


def folded(steps: list[str]) -> set[str]:
    """Return the steps, with one name for the administrations of a year."""
    return {f"{s.split()[0]} administrations" if "appendix_administration" in s else s for s in steps}


@pytest.mark.parametrize("change", CHANGES)
def test_exactly_the_right_steps_run_after_a_change(
    done_years: Project, quick: Quick, go: Go, change: str
) -> None:
    make, expected = CHANGES[change]
    make(done_years)
    code, _ = go(done_years, 2021, 2022, 2023)
    assert code == 0
    assert folded(quick.ran) == expected
    assert folded(quick.texts) == RENDERED.get(change, set())
    _, told = go(done_years, 2021, 2022, 2023)
    assert texts(told, "start") == []


def test_other_versions_and_other_code_run_everything_that_uses_them(
    done_years: Project, quick: Quick, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(done_years.home / "requirements.lock")
    go(done_years, 2021)
    assert len(quick.ran) == 24
    real = whole.Digests.room
    monkeypatch.setattr(
        whole.Digests, "room", lambda self, name: "new" if name == "report" else real(self, name)
    )
    go(done_years, 2021)
    assert len(quick.ran) == 21
    assert all("appendix" in step or "tabeller" in step for step in quick.ran)
    monkeypatch.setattr(
        whole.Digests, "room", lambda self, name: "new" if name == "measures" else real(self, name)
    )
    go(done_years, 2021)
    assert {s for s in quick.ran if "appendix" not in s and "tabeller" not in s} == {
        "2021 2_code",
        "2021 3_analyse",
    }
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    go(done_years, 2021)
    assert {s for s in quick.ran if "appendix" not in s and "tabeller" not in s} == {
        f"2021 {name}" for name in ANALYSES
    }


def test_a_step_whose_inputs_are_made_again_with_the_same_bytes_does_not_run(
    three_years: Project, quick: Quick, go: Go
) -> None:
    quick.coarse.add("2021 1_clean")
    go(three_years, 2021)
    append(three_years.decisions(2021), "0000000000,reject,A. Person,2022-12-01,\n")
    go(three_years, 2021)
    assert quick.ran[:2] == ["2021 1_clean", "2021 3_analyse"]  # the latter reads the decisions itself


def test_draft_and_final_are_not_the_same_appendix(three_years: Project, quick: Quick, go: Go) -> None:
    quick.missing = []
    go(three_years, 2021)
    code, told = go(three_years, 2021, final=True)
    assert code == 0
    assert len(quick.ran) == 20
    assert texts(told, "end") == [""]


def test_outputs_that_somebody_changed_are_made_again(done_years: Project, quick: Quick, go: Go) -> None:
    before = outputs(done_years)
    append(done_years.results(2021) / "counts.csv", "somebody was here")
    _, told = go(done_years, 2021)
    assert quick.ran == ["2021 3_analyse"]
    assert texts(told, "start") == ["outputs/2021/results/counts.csv was changed by somebody else"]
    (done_years.outputs(2021) / "forvaltningar" / "bromma.pdf").unlink()
    go(done_years, 2021)
    assert quick.ran == ["2021 appendix_administration_bromma"]
    assert outputs(done_years) == before


def test_a_unit_that_is_no_longer_asked_loses_its_appendix(done_years: Project, quick: Quick, go: Go) -> None:
    path = done_years.invited(2021)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("bromma,")), encoding="utf-8")
    go(done_years, 2021)
    left = {p.name for p in (done_years.outputs(2021) / "forvaltningar").iterdir()}
    assert "farsta.html" in left
    assert not any(name.startswith("bromma") for name in left)
    assert not list((done_years.outputs(2021) / "notebooks").glob("*bromma*"))
    go(done_years, 2021)
    assert quick.ran == []


# --- what goes wrong ------------------------------------------------------------------------------------------


def test_what_was_published_stays_when_a_step_fails(done_years: Project, quick: Quick, go: Go) -> None:
    before = outputs(done_years)
    append(done_years.survey(2022), "# a remark\n")
    quick.fails["2022 2_code"] = stopped()
    code, told = go(done_years, 2021, 2022)
    assert code == 1
    assert texts(told, "failed") == [
        "notebooks/2_code.ipynb stopped: KeyError: 'x'\n"
        "The executed notebook is kept as data/processed/2022/notebooks/failed/x.ipynb."
    ]
    after = outputs(done_years)
    assert {n for n in before if before[n] != after[n]} <= {
        "data/processed/2022/answers.csv",
        "outputs/2022/manifest.json",
    }
    assert [e.code for e in told if e.kind == "end"] == [0, 1]
    quick.fails.clear()
    code, _ = go(done_years, 2021, 2022)
    assert code == 0
    assert "2022 1_clean" not in quick.ran
    assert "2022 2_code" in quick.ran


def test_after_a_failure_nothing_more_begins_unless_told_to(
    three_years: Project, quick: Quick, go: Go
) -> None:
    quick.fails["2021 appendix_administration_bromma"] = stopped()
    code, _ = go(three_years, 2021, jobs=1)
    assert code == 1
    assert quick.ran[-1] == "2021 appendix_administration_bromma"
    code, told = go(three_years, 2021, jobs=1, keep_going=True)
    assert code == 1
    assert quick.ran[-2:] == ["2021 appendix_administration_utbildningsforvaltningen", "2021 tabeller"]
    assert (three_years.outputs(2021) / "forvaltningar" / "farsta.html").is_file()
    assert [e.step for e in told if e.kind == "failed"] == ["2021 appendix_administration_bromma"]


def test_keeping_on_leaves_out_what_depends_on_the_failure(
    three_years: Project, quick: Quick, go: Go
) -> None:
    quick.fails["2022 2_code"] = stopped()
    code, told = go(three_years, 2021, 2022, keep_going=True)
    assert code == 1
    assert [e.step for e in told if e.kind == "skipped"] == ["2022 3_analyse"]
    assert "2021 appendix_results" in quick.ran
    assert not any(s.startswith("2022 appendix") for s in quick.ran)


def test_a_final_run_is_refused_and_leaves_the_appendices(done_years: Project, quick: Quick, go: Go) -> None:
    before = outputs(done_years)
    quick.missing = ["Diarienummer saknas.", "Mer saknas."]
    append(done_years.approvals(2021), "0123456789ab,refuse,,A. Person,2022-12-01\n")
    code, told = go(done_years, 2021, final=True)
    assert code == 3
    assert texts(told, "error") == [
        "A final appendix for 2021 is refused while this is missing:\n- Diarienummer saknas.\n- Mer saknas."
    ]
    after = outputs(done_years)
    assert all(after[n] == before[n] for n in before if "bilaga" in n or "forvaltningar" in n)


WRONG = Finished(
    error="InputError", message="data/raw/2021/enkat-2021.xlsx: is not a workbook. Export it again."
)


def test_a_wrong_earlier_year_stops_a_year_unless_told_otherwise(
    three_years: Project, quick: Quick, go: Go
) -> None:
    three_years.survey(2021).write_text("year: [", encoding="utf-8")
    for options in ({}, {"final": True, "without_wrong_years": True}):
        with pytest.raises(InputError, match="not valid YAML"):
            go(three_years, 2022, **options)
    assert outputs(three_years) == {}
    code, told = go(three_years, 2022, without_wrong_years=True)
    assert code == 0
    assert "2022 4_compare" not in quick.ran
    assert not (three_years.outputs(2022) / "bilaga-3-jamforelse.html").exists()
    assert texts(told, "warning")[1:] == ["2021 is left out of the comparison: its inputs are wrong."]
    code, told = go(three_years, 2021, 2022, without_wrong_years=True)
    assert code == 2
    assert [e.code for e in told if e.kind == "end"] == [2, 0]


def test_an_earlier_export_that_is_wrong_is_compared_as_it_was_released(
    done_years: Project, quick: Quick, go: Go
) -> None:
    (done_years.raw(2021) / "enkat-2021.xlsx").write_bytes(b"damaged")
    quick.fails["2021 1_clean"] = WRONG
    code, told = go(done_years, 2022)
    assert code == 2
    assert texts(told, "failed") == [WRONG.message]
    code, told = go(done_years, 2022, without_wrong_years=True)
    assert code == 0
    assert texts(told, "warning") == ["2021 could not be run again for the comparison: its inputs are wrong."]
    assert quick.ran == ["2021 1_clean"]
    assert (done_years.outputs(2022) / "bilaga-3-jamforelse.html").is_file()
    append(done_years.survey(2022), "# a remark\n")
    go(done_years, 2022, without_wrong_years=True)
    assert {"2022 4_compare", "2022 appendix_years"} < set(quick.ran)


def test_wrong_notebooks_are_found_before_anything_runs(three_years: Project, quick: Quick, go: Go) -> None:
    for name in ("2_code", "appendix_administration"):
        path = three_years.notebook(name)
        path.write_text(path.read_text(encoding="utf-8").replace('root = \\"\\"', ""), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        go(three_years, 2021)
    assert [problem.file for problem in caught.value.problems] == [
        "notebooks/2_code.ipynb",
        "notebooks/appendix_administration.ipynb",
    ]
    assert quick.ran == []


def test_only_one_run_of_a_year_at_a_time(three_years: Project, go: Go) -> None:
    with whole._alone(three_years, [2021]):
        with pytest.raises(
            InputError, match=r"another run of 2021 is going on \(process \d+ on .+, since 20"
        ):
            go(three_years, 2022)
        assert outputs(three_years) == {}
    go(three_years, 2022)


def test_a_year_that_is_not_there(three_years: Project, go: Go) -> None:
    with pytest.raises(InputError, match="there is no reporting year 2019 \\(there are: 2021, 2022, 2023\\)"):
        go(three_years, 2019)


# --- after a crash --------------------------------------------------------------------------------------------


def test_a_commit_that_a_crash_interrupted_is_completed(
    done_years: Project, quick: Quick, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = outputs(done_years)
    append(done_years.survey(2021), "# a remark\n")
    real, moved = Path.replace, 0

    def crash(self: Path, target: Path) -> Path:
        nonlocal moved
        if "stage" in self.parts:
            moved += 1
            if moved == 2:
                raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            go(done_years, 2021)
    assert list((done_years.root / ".analysis" / "commits").iterdir())
    go(done_years, 2021)
    assert "2021 1_clean" not in quick.ran
    work = done_years.root / ".analysis"
    assert [p.name for folder in ("stage", "commits") for p in (work / folder).glob("*")] == []
    assert outputs(done_years).keys() == before.keys()


def test_a_broken_memory_of_earlier_runs_only_costs_time(done_years: Project, quick: Quick, go: Go) -> None:
    before = outputs(done_years)
    (done_years.root / ".analysis" / "2021.json").write_text("{", encoding="utf-8")
    go(done_years, 2021)
    assert len(quick.ran) == 24
    assert outputs(done_years) == before


def test_a_folder_in_the_place_of_the_memory(done_years: Project, go: Go) -> None:
    path = done_years.root / ".analysis" / "2021.json"
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match=r"^\.analysis/2021\.json: is a folder where .* Remove it\.$"):
        go(done_years, 2021)


def test_what_a_run_from_nothing_left_behind_is_removed(done_years: Project, go: Go) -> None:
    inner = Stage(done_years.root / ".analysis" / "again-2021-x" / ".analysis" / "stage" / "2021-1_clean-0")
    inner.folder.mkdir(parents=True)
    inner.temporary.mkdir()
    go(done_years, 2021)
    assert not inner.temporary.exists()
    assert not list((done_years.root / ".analysis").glob("again-*"))


# --- what is written down -------------------------------------------------------------------------------------


def test_run_json_tells_what_the_manifest_must_not(done_years: Project, go: Go) -> None:
    manifest = manifest_path(done_years, 2021)
    before = manifest.read_bytes()
    data = json.loads(manifest.with_name("run.json").read_text(encoding="utf-8"))
    assert (data["engine"], data["exit_code"], data["commit"]) == ("inprocess", 0, None)
    assert data["steps"]["2021 1_clean"] == {
        "result": "done", "seconds": 0.5, "memory": 1_000_000,
    }  # fmt: skip
    go(done_years, 2021, force=True)
    assert manifest.read_bytes() == before
