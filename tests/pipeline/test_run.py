"""A whole year, as far as it can be told without running one."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.pipeline.run import _alone
from analysis.problems import InputError
from analysis.project import Project


def test_only_one_run_of_a_year_at_a_time(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path)
    with _alone(project, 2021):
        with _alone(project, 2022):
            pass
        with pytest.raises(InputError, match="another run of 2021 is going on"), _alone(project, 2021):
            pass
    with _alone(project, 2021):
        pass
