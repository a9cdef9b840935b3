"""Never a half result: whatever goes wrong is said in a sentence, nothing is left, and the next run is right."""

from __future__ import annotations

import ctypes
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.conftest import copy_raw
from tests.pipeline.small_home import HOME, Home, make_small_home

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux are processes forked")

KEPT = "data/processed/2021/notebooks/failed"
SOAK = "SOAK" in os.environ
"""Whether the long campaigns are run: more of the same, in more places."""

more = pytest.mark.skipif(not SOAK, reason="more of the same: only under SOAK=1")


def reached(code: str) -> str:
    """Return a fault that says that it is reached, by a file in its temporary folder."""
    return f"import tempfile\nPath(tempfile.gettempdir(), 'reached').touch()\n{code}"


SLEEP = reached("import time\ntime.sleep(1000)")
BUSY = reached("sum(range(10**14))")
SLEEP_AND_START = reached(
    "import subprocess, time\nsubprocess.Popen(['setsid', 'sleep', '1000'])\ntime.sleep(0.1)\ntime.sleep(1000)"
)


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it has not happened"
        time.sleep(0.02)


@contextmanager
def running(home: Home, **faults: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command until one of the faults is reached."""
    process = home.start(faults=faults)
    try:
        wait_for(lambda: list(home.temporary.glob("*/reached")))
        yield process
    finally:
        for found in home.processes():
            with suppress(psutil.NoSuchProcess):
                found.kill()
        process.communicate()


def prepared(process: subprocess.Popen[str]) -> psutil.Process:
    """Return the prepared process of a command."""
    (found,) = psutil.Process(process.pid).children()
    return found


def assert_said(output: str, *sentences: str) -> None:
    """Check that a run ended in clear sentences and in nothing else."""
    assert "Traceback" not in output
    assert "Error:" not in re.sub(r"stopped: \w+:", "", output)
    for sentence in sentences:
        assert sentence in output, output
    said = [line for line in output.splitlines() if not line.startswith(("[", "outputs/"))]
    assert len(said) <= 3, output  # what happened, where the notebook is kept, and that the year is not done


def assert_right(home: Home, decided: dict[str, bytes]) -> None:
    """Check that nothing is left, and that the next run gives what a run gives that nothing interrupted."""
    wait_for(lambda: not home.processes(), 10)
    done = home.run()
    assert done.returncode == 0, done.stderr
    assert home.left() == []
    assert home.files() == decided


# --- what a notebook may do -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """What a notebook does wrong, the kind of error that is told, and what is said of it."""

    code: str
    error: str
    says: str


FAULTS = {
    "never ends": Fault("while True:\n    pass", "CellTimeout", "the cell ran for more than 3 seconds"),
    "never ends and catches everything": Fault(
        "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass",
        "Timeout",
        "a cell ran for more than 3 seconds (--cell-time)",
    ),
    "never ends in C": Fault(
        "sum(range(10**14))", "Timeout", "a cell ran for more than 3 seconds (--cell-time)"
    ),
    "waits for a thread": Fault(
        "import threading, time\nthread = threading.Thread(target=time.sleep, args=(1000,), daemon=True)\n"
        "thread.start()\nthread.join()",
        "CellTimeout",
        "the cell ran for more than 3 seconds",
    ),
    "eats memory": Fault(
        "x = []\nwhile True:\n    x.append(bytearray(10_000_000))",
        "MemoryError",
        "there is not enough memory; a step may take 0.5 GB (--memory)",
    ),
    "eats memory in small bites": Fault(
        "x = []\nwhile True:\n    x.append(str(len(x)))",
        "MemoryError",
        "there is not enough memory; a step may take 0.5 GB (--memory)",
    ),
    "leaves a process": Fault(
        "import subprocess\nsubprocess.Popen(['sleep', '1000'])",
        "LeftBehind",
        "it left a process behind, now ended: what the notebook starts must end before the notebook does",
    ),
    "leaves processes of other sessions": Fault(
        "import subprocess\nsubprocess.run('setsid sh -c \"sleep 1000 & sleep 1000\" > /dev/null 2>&1 &', shell=True)",
        "LeftBehind",
        "processes behind, now ended",
    ),
    "leaves a copy of itself": Fault(
        "import time\nif os.fork() == 0:\n    time.sleep(1000)", "LeftBehind", "it left a process behind"
    ),
    "prints a gigabyte": Fault(
        "for _ in range(1000):\n    print('x' * 1_000_000)",
        "ShownTooMuch",
        "it prints or shows more than 20 million characters",
    ),
    "lets a program print a gigabyte": Fault(
        "os.system('head -c 1000000000 /dev/zero')",
        "ShownTooMuch",
        "it prints or shows more than 20 million characters",
    ),
    "prints a gigabyte past Python": Fault(
        "for _ in range(1000):\n    os.write(1, b'x' * 1_000_000)",
        "ShownTooMuch",
        "it prints or shows more than 20 million characters",
    ),
    "leaves early": Fault(
        "import sys\nsys.exit()", "SystemExit", "it ended itself before its last cell (sys.exit)"
    ),
    "ends its process": Fault(
        "os._exit(0)", "Killed", "its process ended itself (exit code 0), as os._exit does"
    ),
    "raises what is no Exception": Fault(
        "class Odd(BaseException):\n    pass\nraise Odd('so it is')", "Odd", "so it is"
    ),
    "raises a group": Fault(
        "raise ExceptionGroup('two', [ValueError(1), ValueError(2)])", "ExceptionGroup", "two (2 sub-exceptions)"
    ),
    "crashes": Fault("import signal\nos.kill(os.getpid(), signal.SIGSEGV)", "Killed", "its process crashed (SIGSEGV)"),
    "is killed": Fault(
        "import signal\nos.kill(os.getpid(), signal.SIGKILL)",
        "Killed",
        "its process was ended (SIGKILL): the memory has run out, or somebody did it",
    ),
    "removes its folder": Fault(
        "import shutil\nshutil.rmtree(os.getcwd())",
        "FileNotFoundError",
        "it removed the folder that it runs in",
    ),
    "writes beside its outputs": Fault(
        "Path('notes.txt').write_text('hej')",
        "PermissionError",
        "it wrote notes.txt, where it may only write below data/processed/2021/ and outputs/2021/",
    ),
}  # fmt: skip
HARMLESS = (
    "import subprocess, sys, tempfile\nos.fork()\ntempfile.mkstemp()\nsubprocess.Popen(['true'])\n"
    "from multiprocessing import shared_memory\nshared_memory.SharedMemory(create=True, size=1).close()\n"
    "sys.stdout = open(os.devnull, 'w')"
)
"""Odd, but nobody's harm: a copy that goes no further, a temporary file, a zombie, and a helper of `multiprocessing`."""


@dataclass(frozen=True)
class Faulty:
    """A run in which each appendix has a fault of its own, and what was said and left."""

    code: int
    errors: str
    events: dict[str, dict[str, object]]
    files: tuple[str, ...]
    kept: dict[str, str]
    left: list[str]


def invited(home: Path) -> list[str]:
    """Return all units that were asked, in the order of their appendices."""
    lines = (HOME / "data/raw/2021/invited.csv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split(",")[0] for line in lines]


def steps_with_faults() -> dict[str, str]:
    """Return the name of the step of each fault."""
    steps = ["appendix_results", *(f"appendix_administration_{unit}" for unit in invited(HOME))]
    return dict(zip([*FAULTS], [*steps, "appendix_quality"], strict=True))


@pytest.fixture(scope="module")
def faulty(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Return the folder of a project that was run with every fault, and then again without."""

    def make(folder: Path) -> None:
        make_small_home(folder / "right", units=invited(HOME))
        shutil.copytree(folder / "right", folder / "wrong")
        right, wrong = Home(folder / "right", folder / "t1"), Home(folder / "wrong", folder / "t2")
        faults = {
            step.removeprefix("appendix_administration_").replace("-", "_"): FAULTS[name].code
            for name, step in steps_with_faults().items()
        }
        faults |= {"2_code": HARMLESS, "3_analyse": HARMLESS}
        limits = ("--cell-time", 3, "--time-limit", 60, "--memory", 0.5)
        done = wrong.run("run", 2021, "--keep-going", "--json", *limits, faults=faults)
        wait_for(lambda: not wrong.processes(), 10)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        kept = {p.stem: p.read_text(encoding="utf-8") for p in (wrong.root / KEPT).glob("*.ipynb")}
        said = {
            "code": done.returncode,
            "errors": done.stderr,
            "events": {e["step"]: e for e in events if e["kind"] in ("done", "failed", "skipped")},
            "files": sorted(wrong.files("outputs")),
            "kept": kept,
            "left": wrong.left(),
        }
        (folder / "said.json").write_text(json.dumps(said), encoding="utf-8")
        for home in (right, wrong):
            again = home.run()
            assert again.returncode == 0, again.stderr

    return made_once("faulty", make)


@pytest.fixture(scope="module")
def said(faulty: Path) -> Faulty:
    return Faulty(**json.loads((faulty / "said.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", FAULTS)
def test_a_notebook_that(name: str, said: Faulty) -> None:
    fault, step = FAULTS[name], steps_with_faults()[name]
    event = said.events[f"2021 {step}"]
    assert (event["kind"], event["code"]) == ("failed", 1)
    source = "appendix_administration" if step.startswith("appendix_administration_") else step
    first, *more = str(event["text"]).splitlines()
    assert first.startswith(f"notebooks/{source}.ipynb stopped: {fault.error}: ")
    assert fault.says in first
    assert len(first) < 300
    appendix = {"appendix_results": "bilaga-1-resultat", "appendix_quality": "bilaga-2-kvalitet"}.get(
        step, f"forvaltningar/{step.removeprefix('appendix_administration_')}"
    )
    assert not [file for file in said.files if file.startswith(f"outputs/2021/{appendix}.")]
    assert more == [f"The executed notebook is kept as {KEPT}/{step}.ipynb."]
    if fault.error not in ("LeftBehind", "PermissionError"):  # those came to their end
        outputs = [o for cell in json.loads(said.kept[step])["cells"] for o in cell.get("outputs", [])]
        assert [o["ename"] for o in outputs if o["output_type"] == "error"] == [fault.error]


def test_each_fault_is_told_and_nothing_is_left(said: Faulty) -> None:
    assert said.code == 1
    assert said.left == []
    assert "Traceback" not in said.errors
    failed = {step for step, event in said.events.items() if event["kind"] == "failed"}
    assert failed == {f"2021 {step}" for step in steps_with_faults().values()}
    assert {f"2021 {step}" for step in ("1_clean", "2_code", "3_analyse")} == {
        step for step, event in said.events.items() if event["kind"] == "done"
    }


def test_the_run_after_all_these_faults_is_right(faulty: Path) -> None:
    right, wrong = Home(faulty / "right", faulty / "t1"), Home(faulty / "wrong", faulty / "t2")
    assert wrong.files() == right.files()
    assert wrong.left() == []
    assert list((wrong.root / KEPT).glob("*")) == []


# --- what it reads, and what it must not write to ---------------------------------------------------------------


OUTSIDE = {
    "through the link": "(Path('data/raw/2021') / 'decisions.csv').write_text('mine')",
    "past the link": "(Path({root!r}) / 'data/raw/2021/decisions.csv').write_text('mine')",
    "what was published": "(Path({root!r}) / 'outputs/2021/bilaga-1-resultat.pdf').unlink()",
    "a file of its own": "(Path({root!r}) / 'mine.txt').write_text('mine')",
}


@pytest.mark.parametrize("engine", ["inprocess", pytest.param("papermill", marks=more)])
def test_a_step_can_change_nothing_outside_its_folder(
    engine: str, small_home: Home, decided: dict[str, bytes]
) -> None:
    if not can_confine():
        pytest.skip("this system cannot keep a process from writing (Landlock)")
    small_home.decide("again")
    before = small_home.files()
    lines = [f"try:\n    {code}\nexcept OSError as error:\n    print(error)" for code in OUTSIDE.values()]
    code = (
        "\n".join(lines).format(root=str(small_home.root))
        + "\nPath('data/raw/2021/decisions.csv').unlink()\n"
    )
    code += f"(Path({str(small_home.root)!r}) / 'data/raw/2021/decisions.csv').write_text('mine')"
    done = small_home.run("run", 2021, "--engine", engine, faults={"1_clean": code})
    assert_said(
        done.stderr,
        "notebooks/1_clean.ipynb stopped: PermissionError: [Errno 13] Permission denied: ",
        "A step can write only below data/processed/2021/ and outputs/2021/ in the folder that it runs in",
        f"The executed notebook is kept as {KEPT}/1_clean.ipynb.",
    )
    assert done.returncode == 1
    printed = (small_home.root / KEPT / "1_clean.ipynb").read_text(encoding="utf-8")
    assert printed.count("[Errno 13] Permission denied") >= len(OUTSIDE)
    assert small_home.files() == before
    assert small_home.left() == []
    assert_right(small_home, decided)


@pytest.mark.parametrize("engine", ["inprocess", pytest.param("papermill", marks=more)])
def test_an_appendix_can_read_no_answer(engine: str, small_home: Home, decided: dict[str, bytes]) -> None:
    if not can_confine():
        pytest.skip("this system cannot keep a process from reading (Landlock)")
    small_home.decide("again")
    published = {n: c for n, c in small_home.files("outputs").items() if "bilaga" in n}
    code = f"(Path({str(small_home.root)!r}) / 'data/raw/2021/decisions.csv').read_text()"
    done = small_home.run("run", 2021, "--engine", engine, faults={"appendix_results": code})
    assert done.returncode == 1
    assert_said(
        done.stderr,
        "notebooks/appendix_results.ipynb stopped: PermissionError: [Errno 13] Permission denied: ",
        "An appendix is made of outputs/2021/results and can read no answers",
    )
    assert {
        n: c for n, c in small_home.files("outputs").items() if "bilaga-1" in n
    }.items() <= published.items()
    assert_right(small_home, decided)


def can_confine() -> bool:
    """Return whether the system can keep a process from writing; tried in one that is not this one."""
    code = "from pathlib import Path; from analysis.pipeline.confine import confine; exit(not confine([Path('/dev')]))"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- the step of a year -----------------------------------------------------------------------------------------


def test_a_step_that_fails_leaves_what_was_there(small_home: Home, decided: dict[str, bytes]) -> None:
    before = small_home.files()
    small_home.decide("again")
    code = "Path('outputs/2021/results').mkdir(parents=True)\nPath('outputs/2021/results/counts.csv').write_text('half')\n1 / 0"
    done = small_home.run(faults={"3_analyse": code})
    assert done.returncode == 1
    assert_said(
        done.stderr, "notebooks/3_analyse.ipynb stopped: ZeroDivisionError: division by zero, in cell ", KEPT
    )
    after = small_home.files("outputs")
    for files in (before, after):
        files.pop("outputs/2021/manifest.json")  # which says that 1_clean was run
    assert after == {name: content for name, content in before.items() if name.startswith("outputs/")}
    status = small_home.run("status", 2021).stdout
    assert "2021 3_analyse: out of date" in status
    assert "2021 1_clean" not in status
    assert_right(small_home, decided)


@pytest.mark.parametrize("code", [SLEEP_AND_START, pytest.param(BUSY, marks=more)], ids=["asleep", "busy"])
def test_a_step_that_runs_for_too_long(code: str, small_home: Home, decided: dict[str, bytes]) -> None:
    small_home.decide("again")
    done = small_home.run("run", 2021, "--time-limit", 3, faults={"2_code": code})
    assert done.returncode == 1
    said = "stopped: Timeout: it ran for more than 3 seconds (--time-limit)"
    assert_said(done.stderr, said, f"{KEPT}/2_code.ipynb")
    assert small_home.left() == []
    assert_right(small_home, decided)


def test_a_failure_stops_what_needs_it_and_with_keep_going_nothing_else(small_home: Home) -> None:
    small_home.decide("again")
    faults = {"bromma": "1 / 0"}
    done = small_home.run("run", 2021, "--jobs", 1, faults=faults)
    assert done.returncode == 1
    assert "2021 forvaltningar/farsta" not in done.stderr
    done = small_home.run("run", 2021, "--jobs", 1, "--keep-going", faults=faults)
    assert done.returncode == 1
    assert "2021 forvaltningar/farsta (" in done.stderr
    assert "skipped" not in done.stderr


# --- one run at a time ------------------------------------------------------------------------------------------


def test_only_one_run_of_a_year_at_a_time(small_home: Home, decided: dict[str, bytes]) -> None:
    small_home.decide("again")
    with running(small_home, **{"1_clean": SLEEP}) as first:
        second = small_home.run()
        assert second.returncode == 2
        host = os.uname().nodename
        pattern = (
            rf"data/raw/2021: another run of 2021 is going on \(process {first.pid} on {host}, "
            r"since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\)\. Wait for it to end\.\n"
        )
        assert re.fullmatch(pattern, second.stderr), second.stderr
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        wait_for(lambda: not small_home.processes(), 10)
    assert_right(small_home, decided)  # the lock of a dead run holds nobody up


# --- stopped from outside ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, SLEEP_AND_START, id="Ctrl-C asleep"),
        pytest.param(signal.SIGTERM, BUSY, id="SIGTERM busy"),
        pytest.param(signal.SIGINT, BUSY, id="Ctrl-C busy", marks=more),
        pytest.param(signal.SIGTERM, SLEEP_AND_START, id="SIGTERM asleep", marks=more),
    ],
)
def test_ctrl_c_stops_at_once(
    number: signal.Signals, code: str, small_home: Home, decided: dict[str, bytes]
) -> None:
    small_home.decide("again")
    with running(small_home, **{"3_analyse": code}) as process:
        began = time.monotonic()
        os.killpg(process.pid, number)
        said, _ = process.communicate(timeout=30)
        took = time.monotonic() - began
    assert process.returncode == 130
    assert_said(said, "Stopped. Every step that was done is kept, and the next run goes on from there.")
    assert took < 2
    assert small_home.left() == []
    status = small_home.run("status", 2021).stdout
    assert "2021 1_clean" not in status
    assert "2021 3_analyse: out of date" in status
    assert_right(small_home, decided)


def test_ctrl_c_before_anything_has_begun(small_home: Home) -> None:
    small_home.decide("again")
    process = small_home.start()
    wait_for(lambda: psutil.Process(process.pid).children())
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert (process.returncode, time.monotonic() - began < 5) == (130, True)
    assert_said(said, "Stopped.")
    assert small_home.left() == []


@pytest.mark.parametrize("engine", ["inprocess", pytest.param("papermill", marks=more)])
def test_kill_9_of_the_command(engine: str, small_home: Home, decided: dict[str, bytes]) -> None:
    small_home.decide("again")
    process = small_home.start("run", 2021, "--engine", engine, faults={"2_code": SLEEP_AND_START})
    wait_for(lambda: list(small_home.temporary.glob("*/reached")))
    process.kill()
    process.communicate()
    wait_for(lambda: not small_home.processes(), 10)
    assert small_home.left() == []
    assert_right(small_home, decided)


WHO = {
    "the process that runs the notebooks was ended from outside; the memory may have run out": prepared,
    "its process was ended (SIGKILL): the memory has run out, or somebody did it": lambda p: prepared(
        p
    ).children()[0],
}


@pytest.mark.parametrize("sentence", WHO, ids=["prepared", "child"])
def test_kill_9_of_those_who_do_the_steps(sentence: str, small_home: Home, decided: dict[str, bytes]) -> None:
    small_home.decide("again")
    with running(small_home, **{"2_code": SLEEP_AND_START}) as process:
        WHO[sentence](process).kill()
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert_said(said, f"notebooks/2_code.ipynb stopped: Killed: {sentence}")
    assert small_home.left() == []
    assert_right(small_home, decided)


@more
def test_kill_9_of_a_process_for_one_step(small_home: Home, decided: dict[str, bytes]) -> None:
    small_home.decide("again")
    process = small_home.start("run", 2021, "--engine", "papermill", faults={"2_code": SLEEP_AND_START})
    wait_for(lambda: list(small_home.temporary.glob("*/reached")))
    prepared(process).kill()
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert_said(said, "notebooks/2_code.ipynb stopped: Killed: its process was ended")
    assert small_home.left() == []
    assert_right(small_home, decided)


# --- a crash between two moves ----------------------------------------------------------------------------------

CRASHES = (
    "import os, signal\nfrom analysis.pipeline import stage\nfrom analysis.cli import main\n"
    "move, names = stage._move, []\n"
    "def dying(source, target):\n"
    "    if target.name == 'texts.csv' and target.parent.name == 'results':\n"
    "        os.kill(os.getpid(), signal.SIGKILL)\n"
    "    move(source, target)\n"
    "stage._move = dying\nmain()"
)
"""The command, which dies where it moves the last output of 3_analyse but one."""


@pytest.mark.parametrize(
    "words", [("run", 2021), ("status", 2021), ("verify", 2021)], ids=lambda words: words[0]
)
def test_a_crash_between_two_moves_is_mended_by_whoever_comes_next(
    words: tuple[object, ...], small_home: Home, decided: dict[str, bytes]
) -> None:
    before = small_home.files()
    small_home.decide("again")
    done = subprocess.run(
        [sys.executable, "-c", CRASHES, "run", "2021"],
        cwd=small_home.root,
        env=small_home.environment({}),
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    wait_for(lambda: not small_home.processes(), 10)
    results = [f"outputs/2021/results/{name}" for name in ("counts.csv", "texts.csv")]
    assert [small_home.files()[name] == decided[name] for name in results] == [True, False]
    assert small_home.files()[results[1]] == before[results[1]]
    assert list((small_home.root / ".analysis/commits").glob("2021-3_analyse-*.json"))
    mended = small_home.run(*words)
    assert "Traceback" not in mended.stderr
    assert [small_home.files()[name] == decided[name] for name in results] == [True, True]
    assert small_home.left() == []
    if words[0] == "status":
        assert "3_analyse" not in mended.stdout
        assert "changed by somebody else" not in mended.stdout
    if words[0] == "run":
        assert small_home.files() == decided


# --- what the system refuses ------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Mount a small disk in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize(
    "step", [pytest.param("1_clean", marks=more), "3_analyse", pytest.param("farsta", marks=more)]
)
def test_a_full_disk(step: str, finished_home: Path, tmp_path: Path, decided: dict[str, bytes]) -> None:
    with small_disk(tmp_path / "disk", 40):
        shutil.copytree(finished_home, tmp_path / "disk" / "home")
        home = Home(tmp_path / "disk" / "home", tmp_path / "tmp")
        home.decide("again")
        folder = "outputs/2021/results" if step == "farsta" else "data/processed/2021"
        fills = (
            f"Path('{folder}').mkdir(parents=True, exist_ok=True)\nwith open('{folder}/big', 'wb') as file:\n"
            "    while True:\n        file.write(b'x' * 1_000_000)"
        )
        done = home.run(faults={step: fills})
        assert done.returncode == 1
        assert_said(done.stderr, "No space left on device")
        assert home.left() == []
        assert_right(home, decided)


@pytest.mark.parametrize(
    "room", [16_384, *(pytest.param(n, marks=more) for n in (0, 4_096, 8_192, 32_768, 65_536))]
)
def test_a_disk_on_which_hardly_anything_fits(
    room: int, finished_home: Path, tmp_path: Path, decided: dict[str, bytes]
) -> None:
    """The disk is full before the run begins, or becomes full while it writes down what it does."""
    with small_disk(tmp_path / "disk", 16):
        shutil.copytree(finished_home, tmp_path / "disk" / "home")
        home = Home(tmp_path / "disk" / "home", tmp_path / "tmp")
        home.decide("again")
        ballast = tmp_path / "disk" / "ballast"
        free = shutil.disk_usage(tmp_path / "disk").free
        ballast.write_bytes(b"x" * (free - room))
        done = home.run()
        assert done.returncode == 1, done.stderr
        assert_said(done.stderr, "No space left on device")
        wait_for(lambda: not home.processes(), 10)
        assert [name for name in home.left() if not name.startswith("commits/")] == []
        ballast.unlink()
        assert_right(home, decided)


CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER = 1, 2, 3
PR_CAPBSET_DROP = 24


def without_privileges() -> None:
    """Give up what lets root write where nobody may: permissions then hold for it as for anybody."""
    if os.getuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER):
            if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
                os._exit(99)


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        (".", ".analysis"),
        pytest.param(".analysis", ".analysis", marks=more),
        ("outputs/2021/results", "outputs/2021/results: Permission denied"),
        pytest.param(
            "outputs/2021/forvaltningar", "outputs/2021/forvaltningar: Permission denied", marks=more
        ),
        pytest.param("data/processed/2021", "data/processed/2021: Permission denied", marks=more),
    ],
)
def test_a_folder_that_may_only_be_read(
    folder: str, said: str, small_home: Home, decided: dict[str, bytes]
) -> None:
    small_home.decide("again")
    before = small_home.files()
    path = small_home.root / folder
    if folder == ".":
        shutil.rmtree(path / ".analysis")
    path.chmod(0o555)
    try:
        done = small_home.run(preexec_fn=without_privileges)
        small_home.run("status", preexec_fn=without_privileges)
    finally:
        path.chmod(0o755)
    assert done.returncode == 1, done.stderr
    assert_said(done.stderr, said, "Permission denied")
    after = small_home.files()
    assert {name: after[name] for name in before if name.startswith(folder)} == {
        name: content for name, content in before.items() if name.startswith(folder)
    }
    if folder == "outputs/2021/results":  # 3_analyse writes to another folder too: together or not at all
        assert (
            after["data/processed/2021/notebooks/3_analyse.ipynb"]
            == before["data/processed/2021/notebooks/3_analyse.ipynb"]
        )
    assert small_home.left() == []
    assert_right(small_home, decided)


def test_a_clock_that_goes_backwards(small_home: Home, decided: dict[str, bytes]) -> None:
    early, late = 1_000_000_000, 4_000_000_000
    for path in small_home.root.rglob("*"):
        if path.is_file():
            os.utime(path, (late, late))
    done = small_home.run()
    assert "nothing is out of date" in done.stderr
    small_home.decide("again")
    for path in (small_home.root / "data/raw").rglob("*"):  # changed "before" all that was made of it
        os.utime(path, (early, early))
    done = small_home.run()
    assert done.returncode == 0
    assert "2021 1_clean (" in done.stderr
    assert small_home.files() == decided
    (small_home.root / "outputs/2021/bilaga-2-kvalitet.html").write_text(
        "not what was made", encoding="utf-8"
    )
    os.utime(small_home.root / "outputs/2021/bilaga-2-kvalitet.html", (early, early))
    assert_right(small_home, decided)


# --- at any moment ----------------------------------------------------------------------------------------------

SEED = int(os.environ.get("SEED", "20261123"))
KILLS = 50 if SOAK else 5


def test_random_kills(example_years: Path, tmp_path: Path) -> None:
    print(f"SEED={SEED}")
    chance = random.Random(SEED)
    home = Home(copy_raw((2021,), tmp_path / "root"), tmp_path / "tmp")
    words: list[object] = ["run", 2021, "--root", home.root]
    whole, killed = 30.0, 0
    while killed < KILLS:
        began = time.monotonic()
        process = home.start(*words, cwd=HOME)
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.2, whole / KILLS + 6))
        if process.poll() is None:
            who = chance.choice(["command", "prepared", "child"])
            killed += kill(process, who, chance)
        said, _ = process.communicate(timeout=120)
        if process.returncode == 0:  # it came to its end before anybody was killed
            whole = max(3.0, time.monotonic() - began)
            words = [*words[:4], "--force"]
        else:
            assert process.returncode in (1, -signal.SIGKILL), said
            assert "Traceback" not in said
        wait_for(lambda: not home.processes(), 15)
        assert [name for name in home.left() if not name.startswith(("commits/", "stage/", "."))] == []
    done = subprocess.run(
        home.command(*words[:4]),
        cwd=HOME,
        env=home.environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert home.left() == []
    reference = Home(example_years, tmp_path / "tmp")
    assert home.files("data/processed/2021") == reference.files("data/processed/2021")
    assert home.files("outputs/2021") == reference.files("outputs/2021")


def kill(process: subprocess.Popen[str], who: str, chance: random.Random) -> bool:
    """Kill the command, its prepared process or one of those forked from it; return whether there was one."""
    with suppress(psutil.NoSuchProcess, ValueError, IndexError):
        if who == "command":
            process.kill()
        elif who == "prepared":
            prepared(process).kill()
        else:
            chance.choice(prepared(process).children()).kill()
        return True
    return False
