"""The files around the code: what they promise to each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[1]
LOCK = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
PINNED = dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==([^ \\;]+)", LOCK, flags=re.MULTILINE))
TRACKED_TEXT = (
    ".py",
    ".md",
    ".toml",
    ".yml",
    ".yaml",
    ".lock",
    ".json",
    ".csv",
    ".ipynb",
    ".css",
    ".typ",
    "",
)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_lock_pins_everything_the_project_names() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {canonical(re.split(r"[<>=!~\[ ;]", spec)[0]) for spec in named}
    assert names <= {canonical(name) for name in PINNED}


def test_every_pin_of_the_lock_has_hashes_and_no_address() -> None:
    entries = re.split(r"\n(?=[a-z0-9])", LOCK.split("\n", 2)[2])
    assert len(entries) > 100
    assert all("--hash=sha256:" in entry for entry in entries if entry.strip() and not entry.startswith("#"))
    assert not re.search(r"https?://|--index-url|--find-links|file:", LOCK)


def test_conda_users_get_python_from_conda_and_the_rest_from_the_lock() -> None:
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text(encoding="utf-8"))
    *conda, by_pip = environment["dependencies"]
    assert conda == ["python>=3.11", "pip"]
    assert by_pip == {"pip": ["--require-hashes", "-r requirements.lock"]}


@pytest.mark.parametrize(
    "folder",
    ["notebooks", "src/analysis", "data/raw", "data/processed", "outputs", "tests", "benchmarks", "examples"],
)
def test_every_folder_says_what_belongs_in_it(folder: str) -> None:
    readme = PROJECT / folder / "README.md"
    if folder == "src/analysis":
        readme = PROJECT / folder / "__init__.py"
    assert len(readme.read_text(encoding="utf-8")) > 40


def test_readme_names_only_commands_that_exist() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, flags=re.MULTILINE))
    named = set(re.findall(r"(?:^    |`)make ([a-z]+)", readme, flags=re.MULTILINE))
    assert {"report", "test"} <= named <= targets
    for link in re.findall(r"\]\(([^)#]+)\)", readme):
        assert (PROJECT / link).exists(), link


def test_ci_runs_the_command_of_the_readme() -> None:
    script = (PROJECT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\nmake test\n" in script
    assert "REQUIRE_BROWSER=1" in script


def test_commit_hooks_are_local() -> None:
    hooks = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repo["repo"] for repo in hooks["repos"]} == {"local"}
    assert {hook["id"] for repo in hooks["repos"] for hook in repo["hooks"]} >= {"ruff-check", "nbstripout"}


def test_no_file_names_a_place_of_one_machine() -> None:
    home = str(Path.home())
    for path in PROJECT.rglob("*"):
        inside = path.relative_to(PROJECT).parts
        if inside[0] in (".git", ".venv", "outputs") or inside[:2] == ("data", "processed"):
            continue
        if (
            path.is_file()
            and path.suffix in TRACKED_TEXT
            and path.suffix != ""
            and "__pycache__" not in inside
        ):
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert str(PROJECT) + "/" not in text, path
            assert len(home) < 2 or f"{home}/" not in text, path
