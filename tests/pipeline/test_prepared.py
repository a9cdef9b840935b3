"""The prepared process: what is forked from it is a clean start, and it outlives whatever happens to its children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from analysis.pipeline.prepared import ENVIRONMENT
from analysis.pipeline.stage import Stage
from analysis.pipeline.steps import Step
from analysis.pipeline.worker import NEEDLESS, Finished, Job, Limits
from analysis.pipeline.workers import Forked, Fresh, Workers
from analysis.project import Project
from tests.pipeline.small_home import make_small_home, write_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux are processes forked")

NO_LIMITS = Limits()


@dataclass
class Place:
    """A project, and who does its steps."""

    root: Path
    workers: Workers

    @property
    def prepared(self) -> psutil.Process:
        assert isinstance(self.workers, Forked)
        return psutil.Process(self.workers._process.pid)

    def start(self, name: str, *cells: str, limits: Limits = NO_LIMITS) -> Job:
        """Let a notebook of some cells run."""
        write_notebook(self.root / "notebooks" / f"{name}.ipynb", list(cells), 'year = 2023\nroot = ""')
        step = Step(2021, name, {"year": 2021, "root": "."}, name)
        stage = Stage.new(Project(self.root, self.root), step)
        engine = "inprocess" if isinstance(self.workers, Forked) else "papermill"
        job = Job(step, str(self.root), str(self.root), str(stage.folder), engine=engine, limits=limits)
        self.workers.start(job)
        return job

    def wait(self, n: int = 1) -> dict[str, Finished]:
        """Wait for some notebooks to end."""
        found: dict[str, Finished] = {}
        until = time.monotonic() + 60
        while len(found) < n:
            assert time.monotonic() < until, "it has not ended"
            found |= dict(self.workers.wait(0.5))
        return found

    def show(self, *cells: str) -> list[Any]:
        """Return the values that some cells show, each as JSON."""
        job = self.start("shows", *cells)
        (finished,) = self.wait().values()
        assert not finished.error, finished
        notebook = nbformat.read(Path(job.stage) / job.step.executed, as_version=4)
        Stage(Path(job.stage)).remove()
        texts = [
            o.text for cell in notebook.cells for o in cell.get("outputs", []) if o.output_type == "stream"
        ]
        return [json.loads(line) for text in texts for line in text.splitlines()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("prepared")
    make_small_home(root)
    with Forked() as workers:
        yield Place(root, workers)


# --- a clean start ----------------------------------------------------------------------------------------------

DRAWS = (
    "import json, random\nimport numpy as np\n"
    "print(json.dumps([random.random(), np.random.rand(), float(np.random.default_rng().random())]))"
)


def test_two_steps_draw_different_numbers(place: Place) -> None:
    first, second = place.show(DRAWS)[0], place.show(DRAWS)[0]
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_what_a_step_chooses_is_drawn_again(place: Place) -> None:
    seeded = (
        "import json\nimport numpy as np\nnp.random.seed(3)\nprint(json.dumps(np.random.rand(3).tolist()))"
    )
    alone = subprocess.run([sys.executable, "-c", seeded], capture_output=True, text=True, check=True)
    assert place.show(seeded) == place.show(seeded) == [json.loads(alone.stdout)]


def test_hashes_are_the_same_in_each_run(place: Place) -> None:
    code = "import json\nprint(json.dumps([hash('å'), list({'a', 'b', 'c', 'd'})]))"
    words = [sys.executable, "-c", code]
    alone = subprocess.run(words, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=True)
    assert place.show(code) == [json.loads(alone.stdout)]


def test_nothing_passes_from_one_step_to_the_next(place: Place) -> None:
    place.show(
        "import builtins, os\nimport pandas as pd\nfrom pathlib import Path\nbuiltins.mine = mine = 1\n"
        "pd.set_option('display.max_rows', 3)\nos.environ['MINE'] = 'x'\nos.chdir('/')"
    )
    code = (
        "import json, os\nimport pandas as pd\n"
        "print(json.dumps(['mine' in globals(), hasattr(__builtins__, 'mine'), pd.get_option('display.max_rows'),\n"
        "                  'MINE' in os.environ, os.getcwd() == '/', len(In)]))"
    )
    assert place.show(code) == [[False, False, 60, False, False, 4]]


def test_a_step_has_the_signals_and_the_input_of_any_program(place: Place) -> None:
    code = (
        "import json, os, signal\n"
        "print(json.dumps([signal.getsignal(signal.SIGINT) is signal.default_int_handler,\n"
        "                  signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL, len(os.read(0, 9))]))"
    )
    assert place.show(code) == [[True, True, 0]]


def test_a_step_is_the_first_that_the_system_ends_where_memory_runs_out(place: Place) -> None:
    assert place.show("print(open('/proc/self/oom_score_adj').read().strip())") == [1000]


def test_temporary_files_lie_where_they_are_removed(place: Place) -> None:
    code = (
        "import json, os, subprocess, tempfile\n"
        "handle, name = tempfile.mkstemp()\n"
        "other = subprocess.run('mktemp', capture_output=True, text=True).stdout.strip()\n"
        "print(json.dumps([name, other]))"
    )
    (names,) = place.show(code)
    assert len({Path(name).parent for name in names}) == 1
    assert Path(names[0]).parent.name.startswith("analysis-")
    assert not any(Path(name).parent.exists() for name in names)


# --- the parent -------------------------------------------------------------------------------------------------


def test_the_parent_has_one_thread_whenever_it_forks(place: Place) -> None:
    code = "import json\nprint(json.dumps([l for l in open('/proc/self/status') if l.startswith('Threads')]))"
    assert place.show(code) == [["Threads:\t1\n"]]  # in the child, before a notebook starts any
    assert place.prepared.num_threads() == 1


def test_the_parent_has_not_touched_arrow(place: Place) -> None:
    """Its pools of threads do not survive a fork: not a byte was ever allocated before it."""
    code = (
        "import json, pyarrow as pa\n"
        "pools = [pa.default_memory_pool(), pa.system_memory_pool()]\n"
        "print(json.dumps([[pool.bytes_allocated(), pool.max_memory()] for pool in pools]))"
    )
    assert place.show(code) == [[[0, 0], [0, 0]]]
    assert place.show(
        "import pandas as pd\nprint(len(pd.Series(['a', 'b'], dtype='str').str.upper().unique()))"
    ) == [2]


def test_steps_run_side_by_side(place: Place) -> None:
    began = time.monotonic()
    jobs = [place.start(f"sleeps{i}", "import time\ntime.sleep(2)") for i in range(4)]
    found = place.wait(4)
    assert {finished.error for finished in found.values()} == {""}
    assert time.monotonic() - began < 7
    for job in jobs:
        Stage(Path(job.stage)).remove()


def test_one_that_is_killed_costs_no_other(place: Place) -> None:
    other = place.start("other", "import time\ntime.sleep(2)")
    place.start("dies", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    found = place.wait(2)
    assert {name: finished.error for name, finished in found.items()} == {
        "2021 other": "",
        "2021 dies": "Killed",
    }
    assert found["2021 dies"].memory > 50_000_000
    Stage(Path(other.stage)).remove()


def test_what_one_leaves_is_not_laid_at_another_s_door(place: Place) -> None:
    other = place.start("other", "import subprocess, time\nsubprocess.run(['sleep', '2'])")
    place.start("leaves", "import subprocess\nsubprocess.Popen(['setsid', 'sleep', '1000'])")
    found = place.wait(2)
    assert {n: f.error for n, f in found.items()} == {"2021 other": "", "2021 leaves": "LeftBehind"}
    assert place.prepared.children() == []
    Stage(Path(other.stage)).remove()


def test_a_parent_that_was_ended_is_started_again(place: Place) -> None:
    first = place.prepared
    place.start("waits", "import subprocess\nsubprocess.run(['setsid', 'sleep', '1000'])")
    while not first.children(recursive=True) or first.children()[0].num_fds() == 0:
        time.sleep(0.05)
    time.sleep(1)
    below = first.children(recursive=True)
    first.send_signal(signal.SIGKILL)
    (finished,) = place.wait().values()
    assert finished.error == "Killed"
    assert finished.message.startswith("the process that runs the notebooks was ended from outside")
    assert [p for p in below if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    assert place.show("print(1)") == [1]
    assert place.prepared != first


def test_reading_that_is_ended_is_said_in_a_sentence(place: Place) -> None:
    with Forked() as workers:
        workers._process.kill()
        with pytest.raises(ChildProcessError, match="was ended from outside; the memory may have run out"):
            workers.read(Project(place.root, place.root), [2021])


def test_what_preloading_hides_a_fresh_kernel_shows(place: Place) -> None:
    """That is why every notebook is also run with ``--engine papermill``."""
    hidden = "import analysis\nprint(len(analysis.report.workbook.__name__))"
    assert place.show(hidden) == [len("analysis.report.workbook")]
    with Fresh() as workers:
        fresh = Place(place.root, workers)
        fresh.start("hides", hidden)
        (finished,) = fresh.wait().values()
    assert (finished.error, finished.message) == (
        "AttributeError",
        "module 'analysis' has no attribute 'report', in cell 3 (import analysis)",
    )
    assert finished.kept == "data/processed/2021/notebooks/failed/hides.ipynb"


# --- what is imported -----------------------------------------------------------------------------------------


def test_what_no_step_needs_is_not_imported_and_can_be() -> None:
    code = f"""
import sys
from analysis.pipeline.worker import prepare
prepare()
assert "papermill" in sys.modules
assert not set({NEEDLESS}) & set(sys.modules)
import {", ".join(NEEDLESS)}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_code_that_cannot_be_imported_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gptables.py").write_text("one = 1\ntwo =\n", encoding="utf-8")
    project = Project(tmp_path, tmp_path)
    with (
        Forked({**os.environ, "PYTHONPATH": str(tmp_path)}) as workers,
        pytest.raises(ChildProcessError) as caught,
    ):
        workers.read(project, [2023])
    assert (caught.value.filename, caught.value.strerror) == (
        "The process that reads what was handed in",
        "stopped with the error told above",
    )
    said = capfd.readouterr().err
    assert said.startswith(f"{tmp_path}/gptables.py, line 2: the code cannot be imported (SyntaxError: ")
    assert "Traceback" not in said
