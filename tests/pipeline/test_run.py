"""A whole year without its notebooks: what is put back when something stops, and which years are left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from analysis.pipeline import run as whole
from analysis.pipeline.engine import StepFailed
from analysis.pipeline.manifest import inputs_changed
from analysis.pipeline.run import FinalRefused, _alone, check_year, make_appendix, run_year
from analysis.pipeline.steps import Step
from analysis.privacy.release import write_results
from analysis.problems import InputError
from analysis.project import Project


class Notebooks:
    """Stands for the notebooks: writes what they would, and stops where it is told to."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.stops: dict[str, Exception] = {}
        self.missing: list[str] = ["Diarienummer saknas."]

    def analyse(self, project: Project, year: int, step: Step) -> None:
        self.ran.append(f"{year} {step.notebook}")
        if error := self.stops.get(f"{year} {step.notebook}"):
            raise error
        if step.notebook == "3_analyse":
            write_results(project.results(year), {"missing": self.missing, "run": len(self.ran)}, {})

    def publish(
        self, project: Project, year: int, steps: list[Step], progress: Callable[[str, int], None]
    ) -> list[Path]:
        self.ran.append(f"{year} appendices")
        if error := self.stops.get(f"{year} appendices"):
            raise error
        progress(f"{year} {steps[-1].appendix}", len(steps))
        return [project.outputs(year) / f"{step.appendix}.html" for step in steps]


@pytest.fixture
def notebooks(monkeypatch: pytest.MonkeyPatch) -> Notebooks:
    stand_in = Notebooks()
    monkeypatch.setattr(whole, "run_analysis", stand_in.analyse)
    monkeypatch.setattr(whole, "_publish_appendices", stand_in.publish)
    return stand_in


@pytest.fixture
def project(project_copy: Callable[..., Path], home: Path) -> Project:
    return Project(home, project_copy(2021, 2022))


def go(project: Project, year: int, **more: bool) -> whole.Done:
    return run_year(project, year, final=more.pop("final", False), progress=lambda *_: None, **more)


def outputs(project: Project) -> dict[str, bytes]:
    return {
        str(p.relative_to(project.root)): p.read_bytes()
        for p in project.root.glob("outputs/**/*")
        if p.is_file()
    }


ANALYSES = ["1_clean", "2_code", "3_analyse"]


def test_a_year_first_releases_what_it_is_compared_with(project: Project, notebooks: Notebooks) -> None:
    done = go(project, 2022)
    assert notebooks.ran == [
        *(f"2021 {name}" for name in ANALYSES),
        *(f"2022 {name}" for name in [*ANALYSES, "4_compare"]),
        "2022 appendices",
    ]
    assert done.draft
    assert done.warnings == ()
    assert [path.name for path in done.files][:3] == [
        "bilaga-1-resultat.html", "bilaga-2-kvalitet.html", "bilaga-3-jamforelse.html",
    ]  # fmt: skip
    assert not inputs_changed(project, 2022)


def test_an_earlier_year_that_is_up_to_date_is_not_run_again(project: Project, notebooks: Notebooks) -> None:
    assert len(go(project, 2021).files) == 20
    notebooks.ran.clear()
    go(project, 2022)
    assert not any(name.startswith("2021") for name in notebooks.ran)
    project.survey(2021).write_bytes(project.survey(2021).read_bytes() + b"\n")
    notebooks.ran.clear()
    go(project, 2022)
    assert notebooks.ran[0] == "2021 1_clean"


def test_progress_is_told_before_each_step(project: Project, notebooks: Notebooks) -> None:
    told: list[tuple[str, int, int]] = []
    run_year(project, 2021, final=False, progress=lambda *what: told.append(what))
    assert told == [
        ("2021 1_clean", 0, 23), ("2021 2_code", 1, 23), ("2021 3_analyse", 2, 23),
        ("2021 forvaltningar/utbildningsforvaltningen", 23, 23),
    ]  # fmt: skip


@pytest.mark.parametrize("where", ["2022 3_analyse", "2022 4_compare", "2022 appendices"])
@pytest.mark.parametrize("earlier_run", [False, True])
def test_results_are_put_back_when_a_step_stops(
    project: Project, notebooks: Notebooks, where: str, earlier_run: bool
) -> None:
    if earlier_run:
        go(project, 2022)
    before = outputs(project)
    for year in (2021, 2022):  # so that both are run again
        project.survey(year).write_bytes(project.survey(year).read_bytes() + b"\n")
    notebooks.stops[where] = StepFailed("notebooks/x.ipynb", "KeyError", "'x'")
    with pytest.raises(StepFailed):
        go(project, 2022)
    assert notebooks.ran[-1] == where
    assert outputs(project) == before


def test_a_final_run_is_refused_and_leaves_everything(project: Project, notebooks: Notebooks) -> None:
    go(project, 2021)
    before = outputs(project)
    notebooks.missing = ["Diarienummer saknas.", "Mer saknas."]
    with pytest.raises(FinalRefused) as refused:
        go(project, 2021, final=True)
    assert str(refused.value) == (
        "A final appendix for 2021 is refused while this is missing:\n- Diarienummer saknas.\n- Mer saknas."
    )
    assert outputs(project) == before
    notebooks.missing = []
    done = go(project, 2021, final=True)
    assert not done.draft
    manifest = json.loads((project.outputs(2021) / "manifest.json").read_text(encoding="utf-8"))
    assert {step["parameters"].get("final") for step in manifest["steps"]} == {None, True}


WRONG = InputError.one("data/raw/2021/enkat-2021.xlsx", "is not a workbook", "Export it again")


def break_survey(project: Project) -> None:
    project.survey(2021).write_text("year: [", encoding="utf-8")


def test_a_wrong_earlier_year_stops_a_year_unless_told_otherwise(
    project: Project, notebooks: Notebooks
) -> None:
    break_survey(project)
    with pytest.raises(InputError, match="not valid YAML"):
        go(project, 2022)
    with pytest.raises(InputError, match="not valid YAML"):
        go(project, 2022, final=True, without_wrong_years=True)
    assert outputs(project) == {}
    assert notebooks.ran == []
    done = go(project, 2022, without_wrong_years=True)
    assert "2022 4_compare" not in notebooks.ran
    assert "bilaga-3-jamforelse.html" not in {path.name for path in done.files}
    assert done.warnings[0] == "2021 could not be run again for the comparison: its inputs are wrong."
    assert done.warnings[1].startswith(
        "2021 is left out of the comparison: data/raw/2021/survey.yaml, line 1"
    )


def test_an_earlier_export_that_is_wrong_is_compared_as_it_was_released(
    project: Project, notebooks: Notebooks
) -> None:
    go(project, 2021)
    export = project.raw(2021) / "enkat-2021.xlsx"
    export.write_bytes(b"damaged")
    notebooks.stops["2021 1_clean"] = StepFailed("notebooks/1_clean.ipynb", "InputError", str(WRONG))
    with pytest.raises(StepFailed):
        go(project, 2022)
    done = go(project, 2022, without_wrong_years=True)
    assert done.warnings == ("2021 could not be run again for the comparison: its inputs are wrong.",)
    assert "2022 4_compare" in notebooks.ran


def test_a_step_that_fails_in_an_earlier_year_always_stops(project: Project, notebooks: Notebooks) -> None:
    notebooks.stops["2021 2_code"] = StepFailed("notebooks/2_code.ipynb", "KeyError", "'x'")
    with pytest.raises(StepFailed):
        go(project, 2022, without_wrong_years=True)


def test_wrong_notebooks_are_found_before_anything_runs(
    home_copy: Callable[..., Path], notebooks: Notebooks
) -> None:
    root = home_copy(2021)
    for name in ("2_code", "appendix_administration"):
        path = root / "notebooks" / f"{name}.ipynb"
        path.write_text(path.read_text(encoding="utf-8").replace('root = \\"\\"', ""), encoding="utf-8")
    for act in (go, check_year):
        with pytest.raises(InputError) as caught:
            act(Project(root, root), 2021)
        assert [problem.file for problem in caught.value.problems] == [
            "notebooks/2_code.ipynb",
            "notebooks/appendix_administration.ipynb",
        ]
    assert notebooks.ran == []


def test_published_files_change_together_and_old_ones_go(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [
        "bilaga-3-jamforelse.pdf",
        "forvaltningar/liljeholmen.html",
        "notebooks/old.ipynb",
        "results/kept.csv",
    ]
    for name in old:
        path = project.outputs(2021) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("old", encoding="utf-8")
    monkeypatch.setattr(whole, "ProcessPoolExecutor", lambda workers, mp_context: ThreadPoolExecutor(workers))
    monkeypatch.setattr(whole, "make_appendix", _write_appendix)
    steps = [Step("a", {}, "a", "bilaga-1-resultat"), Step("b", {}, "b", "forvaltningar/bromma")]
    published = whole._publish_appendices(project, 2021, steps, lambda *_: None)
    names = {
        p.relative_to(project.outputs(2021)).as_posix()
        for p in project.outputs(2021).rglob("*")
        if p.is_file()
    }
    assert names == {
        "bilaga-1-resultat.html", "forvaltningar/bromma.html", "notebooks/a.ipynb", "notebooks/b.ipynb",
        "results/kept.csv",
    }  # fmt: skip
    assert [path.name for path in published] == ["bilaga-1-resultat.html", "bromma.html"]
    before = outputs(project)
    with pytest.raises(StepFailed):
        whole._publish_appendices(
            project, 2021, [*steps, Step("wrong", {}, "wrong", "wrong")], lambda *_: None
        )
    assert outputs(project) == before


def _write_appendix(project: Project, year: int, step: Step, folder: Path) -> None:
    if step.notebook == "wrong":
        raise StepFailed("notebooks/wrong.ipynb", "KeyError", "'x'")
    for path in (folder / f"{step.appendix}.html", folder / "notebooks" / f"{step.output}.ipynb"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("new", encoding="utf-8")


def test_a_failed_appendix_moves_to_the_sensitive_side_until_it_succeeds(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(source: Path, output: Path, *_: object, name: str, **__: object) -> None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text("with the error in it", encoding="utf-8")
        raise StepFailed(name, "KeyError", "'x'")

    monkeypatch.setattr(whole, "execute", stop)
    step = Step("appendix_administration", {}, "appendix_administration_bromma", "forvaltningar/bromma")
    with pytest.raises(StepFailed) as caught:
        make_appendix(project, 2021, step, tmp_path / "part")
    kept = project.analysis_notebooks(2021) / "appendix_administration_bromma.ipynb"
    assert caught.value.kept == project.name(kept)
    assert kept.read_text(encoding="utf-8") == "with the error in it"
    assert not list((tmp_path / "part").rglob("*.ipynb"))


def test_an_appendix_that_cannot_be_published_fails_like_one_that_stops(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def print_something(source: Path, output: Path, *_: object, **__: object) -> None:
        printed = nbformat.v4.new_output("stream", name="stdout", text="hej\n")
        cell = nbformat.v4.new_code_cell('print("hej")', outputs=[printed])
        output.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), output)

    monkeypatch.setattr(whole, "execute", print_something)
    step = Step("appendix_quality", {}, "appendix_quality", "bilaga-2-kvalitet")
    with pytest.raises(StepFailed) as caught:
        make_appendix(project, 2021, step, tmp_path / "part")
    assert str(caught.value).startswith("notebooks/appendix_quality.ipynb stopped: ExportError: ")
    assert "the cell printed 'hej' on stdout" in str(caught.value)
    assert caught.value.kept == "data/processed/2021/notebooks/appendix_quality.ipynb"
    assert (project.analysis_notebooks(2021) / "appendix_quality.ipynb").is_file()


def test_only_one_run_of_a_year_at_a_time(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path)
    for year in (2021, 2022):
        project.raw(year).mkdir(parents=True)
    with _alone(project, 2021):
        with _alone(project, 2022):
            pass
        with pytest.raises(InputError, match="another run of 2021 is going on"), _alone(project, 2021):
            pass
    with _alone(project, 2021):
        pass
