"""The manifest names what every output was made of; `verify` and `status` tell what no longer holds."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analysis.pipeline.freshness import State
from analysis.pipeline.manifest import PACKAGES, manifest_path, read_manifest, verify, write_manifest
from analysis.pipeline.status import look
from analysis.problems import InputError
from analysis.project import Project

if TYPE_CHECKING:
    from conftest import Go, Quick

Run = Callable[..., subprocess.CompletedProcess[str]]


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


@pytest.fixture
def manifest(done_years: Project) -> dict[str, Any]:
    return read_manifest(done_years, 2022)


def test_it_names_what_every_output_was_made_of(done_years: Project, manifest: dict[str, Any]) -> None:
    assert list(manifest) == ["year", "versions", "steps"]
    assert set(manifest["versions"]) == set(PACKAGES)
    steps = {step["step"]: step for step in manifest["steps"]}
    assert len(steps) == 4 + 3 + 18 + 1
    clean = steps["2022 1_clean"]
    assert clean["notebook"] == "notebooks/1_clean.ipynb"
    assert clean["parameters"] == {"year": 2022, "root": "."}
    own = hashlib.sha256(done_years.survey(2022).read_bytes()).hexdigest()
    assert clean["inputs"]["data/raw/2022/survey.yaml"] == own
    assert clean["outputs"] == {}  # they are sensitive, and nobody's outside
    appendix = steps["2022 appendix_results"]
    released = hashlib.sha256((done_years.results(2022) / "counts.csv").read_bytes()).hexdigest()
    assert appendix["inputs"]["outputs/2022/results/counts.csv"] == released
    assert list(appendix["outputs"]) == [
        "outputs/2022/bilaga-1-resultat.html",
        "outputs/2022/bilaga-1-resultat.pdf",
        "outputs/2022/notebooks/appendix_results.ipynb",
    ]
    text = manifest_path(done_years, 2022).read_text(encoding="utf-8")
    assert "data/processed" not in text
    assert str(done_years.root) not in text


def test_writing_it_again_changes_no_byte(done_years: Project) -> None:
    before = manifest_path(done_years, 2022).read_bytes()
    write_manifest(done_years, 2022, State(done_years, 2022))
    assert manifest_path(done_years, 2022).read_bytes() == before


def test_verify_finds_what_is_no_longer_what_was_made(done_years: Project, analysis: Run) -> None:
    assert verify(done_years, 2022) == []
    append(done_years.outputs(2022) / "bilaga-1-resultat.pdf")
    (done_years.outputs(2022) / "forvaltningar" / "bromma.html").unlink()
    (done_years.outputs(2022) / "minnesanteckningar.txt").write_text("hej", encoding="utf-8")
    found = [
        "outputs/2022/bilaga-1-resultat.pdf is not what was made",
        "outputs/2022/forvaltningar/bromma.html is missing",
        "outputs/2022/minnesanteckningar.txt was made by nobody",
    ]
    assert verify(done_years, 2022) == found
    done = analysis("verify", "2022", "--root", done_years.root)
    assert (done.returncode, done.stdout.splitlines()) == (1, found)
    assert done.stderr == "2022: 3 differences.\n"
    done = analysis("verify", "2021", "--root", done_years.root)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_later_run_that_releases_an_earlier_year_anew_says_so(
    done_years: Project, quick: Quick, go: Go
) -> None:
    before = (done_years.results(2021) / "counts.csv").read_bytes()
    append(done_years.decisions(2021))
    go(done_years, 2022)
    assert "2021 3_analyse" in quick.ran
    assert "2021 appendix_results" not in quick.ran
    assert (done_years.results(2021) / "counts.csv").read_bytes() != before
    assert verify(done_years, 2021) == []
    assert look(done_years, [2021])["2021 appendix_results"] == ["outputs/2021/results/counts.csv changed"]
    run = json.loads(manifest_path(done_years, 2021).with_name("run.json").read_text(encoding="utf-8"))
    assert set(run["steps"]) == {"2021 1_clean", "2021 2_code", "2021 3_analyse"}


@pytest.mark.parametrize("content", ["{", "[]", '{"steps": [1]}', '{"steps": [{"outputs": 1}]}'])
def test_a_manifest_that_is_none_is_told_of(done_years: Project, content: str) -> None:
    manifest_path(done_years, 2022).write_text(content, encoding="utf-8")
    with pytest.raises(
        InputError, match=r"^outputs/2022/manifest.json: is not a manifest of this program\. "
    ):
        verify(done_years, 2022)
    manifest_path(done_years, 2022).unlink()
    with pytest.raises(InputError, match="there is no manifest"):
        verify(done_years, 2022)


# --- status ---------------------------------------------------------------------------------------------------


def test_status_tells_what_is_out_of_date_and_why(
    done_years: Project, analysis: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(done_years.root)
    found = look(done_years, [2021, 2022, 2023])
    assert len(found) == 24 + 26 + 24
    assert not any(found.values())
    with done_years.decisions(2022).open("a", encoding="utf-8") as file:
        file.write("0000000000,reject,A. Person,2022-12-01,\n")
    found = look(done_years, [2021, 2022, 2023])
    assert found["2022 1_clean"] == ["data/raw/2022/decisions.csv changed"]
    assert found["2022 2_code"] == ["waits for 2022 1_clean"]
    assert found["2022 appendix_results"] == ["waits for 2022 3_analyse", "waits for 2022 4_compare"]
    assert found["2023 4_compare"] == ["waits for 2022 3_analyse"]
    assert found["2023 3_analyse"] == found["2021 appendix_results"] == []
    done = analysis("status")
    assert done.returncode == 0
    assert "2022 1_clean: out of date: data/raw/2022/decisions.csv changed" in done.stdout.splitlines()
    assert done.stderr == f"{sum(not why for why in found.values())} of 74 steps are up to date.\n"
    done = analysis("status", "2021", "--json")
    assert json.loads(done.stdout) == {step: [] for step in found if step.startswith("2021")}


def test_status_of_years_that_have_never_run_or_are_asked_otherwise(
    three_years: Project, done_years: Project
) -> None:
    assert look(three_years, [2021]) == {"2021": ["has not been run"]}
    append(done_years.survey(2022))
    found = look(done_years, [2022])
    assert found["2022"] == ["its survey or list of units changed"]


def test_status_of_a_year_that_is_not_there(done_years: Project, analysis: Run) -> None:
    done = analysis("status", "2019", "--root", done_years.root)
    assert done.returncode == 2
    assert done.stderr.startswith(
        "data/raw/2019: there is no reporting year 2019 (there are: 2021, 2022, 2023)."
    )


def test_status_changes_nothing(done_years: Project) -> None:
    before = {p: p.read_bytes() for p in done_years.root.rglob("*") if p.is_file()}
    append(done_years.survey(2022))
    before[done_years.survey(2022)] += b"\n"
    look(done_years, [2021, 2022, 2023])
    assert {p: p.read_bytes() for p in done_years.root.rglob("*") if p.is_file()} == before


def test_a_final_year_is_looked_at_as_it_was_made(done_years: Project, quick: Quick, go: Go) -> None:
    quick.missing = []
    code, _ = go(done_years, 2021, final=True, force=True)
    assert code == 0
    assert not any(look(done_years, [2021]).values())
