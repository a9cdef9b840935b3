"""Cells run in this process show what they show in a kernel, whatever they do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.pipeline.small_home import write_notebook

CELLS = {
    "a parameter": "print(year, type(year))",
    "both streams": "import sys\nprint('out')\nprint('error', file=sys.stderr)\nprint('out again')",
    "without an end of line": "sys.stdout.write('a'); sys.stdout.writelines(['b', 'c']); print('d', end='', flush=True)",
    "a value": "5",
    "several values": "5\nNone\n'å', 6",
    "no value": "x = 5;",
    "a value hidden by a semicolon": "x;",
    "a wide table": "import pandas as pd\npd.DataFrame([list(range(30))])",
    "a long table": "pd.DataFrame({'a': range(100)})",
    "a table as text": "print(pd.DataFrame([list(range(30))]))",
    "options of pandas": "pd.options.display.max_columns, pd.options.display.max_rows, pd.options.display.width",
    "a figure": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.bar([1, 2], [3, 4])\nplt.show()",
    "two figures left open": "for _ in range(2):\n    plt.figure()\n    plt.plot([1, 2]);",
    "a figure as the value": "fig",
    "a closed figure": "plt.figure()\nplt.close('all')",
    "a figure of seaborn": "import seaborn as sns\nax = sns.barplot(x=['a', 'b'], y=[1, 2])",
    "options of figures": "plt.rcParams['figure.dpi'], plt.rcParams['figure.figsize'], plt.get_backend(), plt.isinteractive()",
    "several forms": "from IPython.display import HTML, JSON, Image, Latex, Markdown, SVG, display\n"
    "display(HTML('<b>å</b>'), Markdown('*b*'), Latex('$x$'), JSON({'a': [1, 'å']}))\nHTML('<i>c</i>')",
    "a picture": "display(Image(data=b'\\x89PNG\\r\\n', format='png', embed=True), SVG('<svg xmlns=\"a\"><g/></svg>'))",
    "a bundle of its own": "display({'application/x-own+json': {'a': 1}, 'text/plain': 'own'}, raw=True, metadata={'k': 1})",
    "an update": "handle = display(1, display_id='one')\nhandle.update(2)\nprint('after')",
    "an update of an earlier cell": "handle.update(3)\nhandle.display(4)",
    "cleared": "from IPython.display import clear_output\nprint('a')\nclear_output()\nprint('b')",
    "cleared when more comes": "print('a')\nclear_output(wait=True)\nprint('b')\ndisplay(1)",
    "cleared and nothing came": "print('a')\nclear_output(wait=True)",
    "a program of the shell": "!echo hej",
    "a program's lines": "lines = !printf 'a\\nb'\nlines",
    "a whole cell for the shell": "%%sh\necho hej",
    "caught by magic": "%%capture caught\nprint('hej')\ndisplay(1)",
    "what was caught": "caught.stdout, len(caught.outputs)",
    "the past": "import os\n_, __, In[1], Out[6]",
    "who am I": "__name__, '__file__' in globals(), os.getcwd() == os.path.realpath('.')",
    "awaited": "import asyncio\nawait asyncio.sleep(0)\n'waited'",
    "a running loop": "async def twice(x):\n    return 2 * x\nawait asyncio.gather(twice(1), twice(2))",
    "a warning": "import warnings\nwarnings.warn('careful')",
    "a log": "import logging\nlogging.warning('careful')",
    "division": "1 / 0",
    "within a function": "def outer():\n    return inner()\ndef inner():\n    raise KeyError('x')\nouter()",
    "a chain of errors": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('two') from error",
    "a syntax error": "if",
    "a missing file": "open('nowhere')",
    "a missing module": "import nowhere",
    "no Exception": "class Odd(BaseException): pass\nraise Odd('odd')",
    "after an error": "print('still here')",
    "a form for the shell": "x?",
    "source of a function": "import inspect\ninspect.getsource(inner)",
    "printed by a finaliser": "class Last:\n    def __del__(self): print('gone')\nlast = Last()\ndel last",
    "a stream of its own": "import io\nfrom contextlib import redirect_stdout\n"
    "with redirect_stdout(io.StringIO()) as own:\n    print('hidden')\nown.getvalue()",
    "what a stream is": "isinstance(sys.stdout, io.TextIOBase), sys.stdout.encoding, sys.stdout.isatty(), sys.stdout.writable()",
    "not text": "sys.stdout.write(b'x')",
    "a long text": "'x' * 5000",
    "a deep structure": "{'a': [{'b': list(range(30))} for _ in range(8)]}",
    "a form of its own": "class Own:\n    def _repr_html_(self): return '<b>own</b>'\n    def __repr__(self): return 'own'\nOwn()",
    "a form that fails": "class Bad:\n    def _repr_html_(self): raise ValueError('no')\n    def __repr__(self): return 'bad'\nBad()",
    "nothing at all": "",
}  # fmt: skip

PROGRAMS = "import os\nprint('before')\nos.system('echo hej; echo careful >&2');\nprint('after')"

RUN = """
import sys
from contextlib import suppress
from pathlib import Path
from analysis.pipeline.engine import StepFailed, execute
from analysis.pipeline.worker import prepare

source, folder, engine = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if engine == "inprocess":
    prepare()
with suppress(StepFailed):  # which papermill raises in the end, whatever a tag says
    execute(source, folder / f"{engine}.ipynb", {"year": 2021, "root": "."}, cwd=folder, name="x", engine=engine)
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


def run(source: Path, folder: Path, engine: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", RUN, str(source), str(folder), engine]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder)


@pytest.fixture(scope="module")
def both(made_once: Callable[[str, Callable[[Path], None]], Path]) -> dict[str, Any]:
    """Return the notebook as both engines executed it."""

    def make(folder: Path) -> None:
        source = folder / "source.ipynb"
        write_notebook(source, list(CELLS.values()), 'year = 2023\nroot = ""')
        notebook = nbformat.read(source, as_version=4)
        for cell in notebook.cells[2:]:
            cell.metadata["tags"] = ["raises-exception"]
        nbformat.write(notebook, source)
        for engine in ("inprocess", "papermill"):
            done = run(source, folder, engine)
            assert done.returncode == 0, done.stderr
        (folder / "inprocess.ipynb").rename(folder / "ours.ipynb")
        write_notebook(source, [PROGRAMS], 'year = 2023\nroot = ""')
        run(source, folder, "inprocess")

    folder = made_once("both_engines", make)
    files = {"inprocess": "ours", "papermill": "papermill", "programs": "inprocess"}
    return {key: nbformat.read(folder / f"{name}.ipynb", as_version=4) for key, name in files.items()}


def plain(cell: Any) -> Any:
    """Return a cell without what cannot be the same twice: addresses, and what its code is called in messages.

    How the lines of a traceback are set depends on that name too; only what was raised is compared.
    """
    outputs = [
        {**output, "traceback": output["traceback"][-1:]} if output["output_type"] == "error" else output
        for output in cell.get("outputs", [])
    ]
    text = json.dumps([outputs, cell.get("execution_count")], ensure_ascii=False)
    text = re.sub(r"0x[0-9a-f]{6,}", "ADDRESS", text)
    text = re.sub(r"\\u001b\[[0-9;]*m", "", text)
    code = r"(<ipython-input-\d+-[0-9a-f]+>|/[^\"\s:]*/ipykernel_\d+/\d+\.py|\b\d+\.py)"
    return json.loads(re.sub(code, "CELL", text))


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_shows_what_it_shows_in_a_kernel(name: str, both: dict[str, Any]) -> None:
    key = f"cell-{[*CELLS].index(name)}"
    ours, theirs = (
        next(cell for cell in both[engine].cells if cell.get("id") == key)
        for engine in ("inprocess", "papermill")
    )
    assert ours.source == theirs.source == CELLS[name]
    assert plain(ours) == plain(theirs)


def test_the_notebooks_say_the_same_of_themselves(both: dict[str, Any]) -> None:
    ours, theirs = both["inprocess"], both["papermill"]
    assert ours.metadata == theirs.metadata
    assert [cell.metadata for cell in ours.cells] == [cell.metadata for cell in theirs.cells]
    assert ours.metadata.language_info.name == "python"


def test_something_is_compared(both: dict[str, Any]) -> None:
    kinds = [o.output_type for cell in both["inprocess"].cells for o in cell.get("outputs", [])]
    assert {kind: kinds.count(kind) >= 5 for kind in kinds} == dict.fromkeys(
        ("stream", "display_data", "execute_result", "error"), True
    )
    pictures = [
        o for c in both["inprocess"].cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})
    ]
    assert len(pictures) >= 5


def test_what_programs_print_belongs_to_the_cell(both: dict[str, Any]) -> None:
    """A kernel hears of it some time later: in this cell, in the next, or never."""
    (cell,) = [cell for cell in both["programs"].cells if cell.get("id") == "cell-0"]
    assert [(o.name, o.text) for o in cell.outputs] == [
        ("stdout", "before\nhej\nafter\n"),
        ("stderr", "careful\n"),
    ]


STOPS = {
    "exit()": "SystemExit: the notebook called exit",
    "exit": "SystemExit: the notebook called exit",
    "import sys; sys.exit(0)": "SystemExit: it ended itself before its last cell",
    "import sys; sys.exit(3)": "SystemExit: 3",
    "raise ExceptionGroup('two', [ValueError(1)])": "ExceptionGroup: two (1 sub-exception)",
    "print('x' * 20_000_001)": "ShownTooMuch: it prints or shows more than 20 million characters",
    "'x' * 20_000_001": "ShownTooMuch: it prints or shows more than 20 million characters",
    "for _ in range(21):\n    try:\n        print('x' * 1_000_000)\n    except Exception:\n        pass": "ShownTooMuch: ",
    "import os\nfor _ in range(3):\n    os.system('head -c 9000000 /dev/zero')": "ShownTooMuch: ",
    "input()": "EOFError: ",
}  # fmt: skip


def test_what_stops_a_notebook(tmp_path: Path) -> None:
    """All in one process, one notebook after the other."""
    code = RUN.split("with suppress")[0] + (
        "import json\nsaid = []\n"
        "for path in sorted(source.glob('*.ipynb')):\n    try:\n"
        "        execute(path, folder / path.name, {'year': 2021, 'root': '.'}, cwd=folder, name='x', engine=engine)\n"
        "        said.append('it went on')\n"
        "    except StepFailed as error:\n        said.append(str(error))\n"
        "(folder / 'said.json').write_text(json.dumps(said))"
    )
    for i, stops in enumerate(STOPS):
        write_notebook(
            tmp_path / "source" / f"{i:02}.ipynb", [stops, "open('went on', 'w')"], 'year = 2023\nroot = ""'
        )
    words = [sys.executable, "-c", code, str(tmp_path / "source"), str(tmp_path), "inprocess"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "said.json").read_text(encoding="utf-8"))
    for stops, line, wanted in zip(STOPS, said, STOPS.values(), strict=True):
        assert line.startswith(f"x stopped: {wanted}"), stops
        assert len(line) < 200
    assert not (tmp_path / "went on").exists()
    for path in sorted(tmp_path.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        assert [o.output_type for c in notebook.cells for o in c.get("outputs", [])].count("error") == 1
        assert path.stat().st_size < 30_000_000
