"""Where files lie: names of years, the project's home, and a root elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.problems import InputError
from analysis.project import Project, parse_year


@pytest.mark.parametrize("text", ["1900", "1999", "2000", "2021", "2999", 2021])
def test_years(text: object) -> None:
    assert parse_year(text) == int(str(text))


@pytest.mark.parametrize(
    "text",
    ["", "../2021", "2021/..", "21", "20211", " 2021", "2021\n", "-2021", "+2021", "1899", "3000", "0999",
     "２０２１", "2021.0", "tjugohundra", "/etc/passwd", None],
)  # fmt: skip
def test_what_is_no_year(text: object) -> None:
    with pytest.raises(InputError) as caught:
        parse_year(text)
    assert str(caught.value) == (
        f"the command line: {str(text)!r} is not a reporting year. Give a year with four digits, such as 2021."
    )


def test_the_home_is_found_from_a_folder_inside_it(
    home_copy: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = home_copy(2021)
    monkeypatch.chdir(root / "data" / "raw" / "2021")
    project = Project.find()
    assert (project.home, project.root) == (root, root)
    assert Project.find("").root == root


def test_the_home_is_found_from_anywhere_and_the_root_is_chosen(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    project = Project.find("elsewhere")
    assert (project.home, project.root) == (home, tmp_path / "elsewhere")
    assert Project.find(".").root == tmp_path
    assert project.notebook("1_clean") == home / "notebooks" / "1_clean.ipynb"
    for wrong in ("nowhere", tmp_path / "nowhere"):
        with pytest.raises(InputError, match=r"nowhere: is not a folder\. Give --root a folder that exists"):
            Project.find(wrong)


def test_years_are_folders_with_the_name_of_a_year(home: Path, tmp_path: Path) -> None:
    project = Project(home, tmp_path)
    assert project.years() == []
    raw = tmp_path / "data" / "raw"
    for name in ("2023", "2021", "old", "2021-copy", ".2022.part", "0042", "3000"):
        (raw / name).mkdir(parents=True)
    (raw / "2022").write_text("a file", encoding="utf-8")
    assert project.years() == [2021, 2023]
    assert all(parse_year(year) == year for year in project.years())


def test_the_register_is_the_roots_own_where_it_has_one(home: Path, tmp_path: Path) -> None:
    project = Project(home, tmp_path)
    assert project.reference("units.csv") == home / "data" / "reference" / "units.csv"
    own = tmp_path / "data" / "reference" / "units.csv"
    own.parent.mkdir(parents=True)
    shutil.copyfile(home / "data" / "reference" / "units.csv", own)
    assert project.reference("units.csv") == own
    assert project.reference("themes.yaml") == home / "data" / "reference" / "themes.yaml"


def test_raw_processed_and_published_files_are_kept_apart(home: Path, tmp_path: Path) -> None:
    project = Project(home, tmp_path)
    places = {
        "data/raw/2021": [project.survey(2021), project.invited(2021), project.decisions(2021), project.approvals(2021)],
        "data/processed/2021": [project.processed(2021), project.analysis_notebooks(2021)],
        "outputs/2021": [project.outputs(2021), project.results(2021), project.appendix_notebooks(2021)],
    }  # fmt: skip
    for folder, paths in places.items():
        assert all(path.is_relative_to(tmp_path / folder) for path in paths)


def test_names_are_those_a_person_knows(home: Path, tmp_path: Path) -> None:
    project = Project(home, tmp_path)
    assert project.name(project.survey(2021)) == "data/raw/2021/survey.yaml"
    assert project.name(project.notebook("1_clean")) == "notebooks/1_clean.ipynb"
    assert project.name(Path("/somewhere/else.csv")) == "/somewhere/else.csv"
