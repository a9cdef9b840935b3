from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from analysis.pipeline.run import Event
from analysis.pipeline.telling import Log, Picture, Plain, as_json_line, several
from analysis.project import Project

NAMES = (
    *(
        "1_clean",
        "2_code",
        "3_analyse",
        "4_compare",
        "appendix_results",
        "appendix_quality",
        "appendix_years",
    ),
    *("appendix_administration_bromma", "appendix_administration_farsta", "tabeller"),
)


def planned(year: int, seconds: float = 0.0) -> list[Event]:
    return [Event("plan", year, f"{year} {name}", f"title of {name}", seconds) for name in NAMES]


def picture(width: int) -> Picture:
    return Picture(Console(file=io.StringIO(), width=width, force_terminal=True))


def shown(it: Picture) -> str:
    with it.console.capture() as captured:
        it.console.print(it.drawn())
    return captured.get()


def test_a_picture_of_year_and_step_fits_a_usual_terminal() -> None:
    it = picture(80)
    for event in [
        *planned(2022),
        *planned(2023),
        Event("fresh", 2022, "2022 1_clean"),
        Event("start", 2023, "2023 1_clean"),
        Event("done", 2022, "2022 appendix_administration_farsta", seconds=1.0),
    ]:
        it(event)
    lines = shown(it).splitlines()
    assert len(lines) == 4
    assert all(name in lines[0] for name in ("1_clean", "results", "units", "tables"))
    assert "2022" in lines[1]
    assert "1/2" in lines[1]
    assert "▶" in lines[2]
    assert "2 of 20" in lines[3]
    assert "title of 1_clean" in lines[3]


def test_a_narrow_terminal_gets_a_line() -> None:
    it = picture(50)
    for event in [*planned(2023), Event("start", 2023, "2023 1_clean")]:
        it(event)
    (line,) = shown(it).splitlines()
    assert "0 of 10" in line
    assert "title of 1_clean" in line


def test_the_time_left_knows_how_many_steps_run_side_by_side() -> None:
    it = picture(80)
    for event in planned(2023, seconds=6.0):
        it(event)
    it(Event("start", 2023, "2023 1_clean"))
    assert it.seconds_left() == 60
    it(Event("start", 2023, "2023 2_code"))
    assert it.seconds_left() == 30
    it(Event("done", 2023, "2023 1_clean", seconds=6.0))
    assert it.seconds_left() == 27


def test_plain_lines_count_what_has_ended() -> None:
    stream = io.StringIO()
    with Plain(stream) as plain:
        for event in [
            *planned(2023),
            Event("fresh", 2023, "2023 1_clean"),
            Event("start", 2023, "2023 2_code"),
            Event("done", 2023, "2023 2_code", seconds=1.25),
            Event("failed", 2023, "2023 3_analyse", "the notebook stopped"),
            Event("skipped", 2023, "2023 tabeller", "it needs a step that failed"),
        ]:
            plain(event)
    assert stream.getvalue().splitlines() == [
        "[2/10] title of 2_code (1.2 s)",
        "[3/10] title of 3_analyse (failed)",
        "the notebook stopped",
        "[4/10] title of tabeller (skipped)",
    ]


def test_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    as_json_line(Event("done", 2023, "2023 1_clean", seconds=1.5))
    (line,) = capsys.readouterr().out.splitlines()
    data = json.loads(line)
    assert data.pop("time").endswith("+00:00")
    assert data == {"kind": "done", "year": 2023, "step": "2023 1_clean", "seconds": 1.5}


def test_the_log_of_a_year_is_written_when_it_ends(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path)
    project.processed(2023).mkdir(parents=True)
    tell = several(Log(project), lambda event: None)
    path = project.processed(2023) / "run.log"
    for event in [*planned(2023), Event("failed", 2023, "2023 2_code", "one\ntwo", 2.0)]:
        tell(event)
    assert not path.exists()
    tell(Event("end", 2023, code=1))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert " ERROR   2023 2_code failed (2.0 s): one" in lines[0]
    assert lines[1] == "    two"
    assert lines[2].endswith(" INFO    2023 end")
