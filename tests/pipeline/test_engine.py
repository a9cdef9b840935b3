"""The engine: wrong notebooks are found before a kernel starts, and an executed one tells nothing of the machine."""

from __future__ import annotations

import pickle
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from analysis.pipeline import engine
from analysis.pipeline.engine import StepFailed, execute, preflight

Write = Callable[..., Path]
PARAMETERS = {"year": 2021, "root": "."}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a notebook of code cells; the tags of each come before its source."""

    def write(*cells: tuple[list[str], str]) -> Path:
        made = [
            nbformat.v4.new_code_cell(source, metadata={"tags": tags} if tags else {})
            for tags, source in cells
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})
        path = tmp_path / "step.ipynb"
        nbformat.write(notebook, path)
        return path

    return write


def found(path: Path, **parameters: object) -> list[str]:
    return [str(p) for p in preflight(path, "notebooks/step.ipynb", PARAMETERS | parameters)]


# --- before a kernel starts -----------------------------------------------------------------------------------


def test_a_right_notebook_has_no_problem(write: Write) -> None:
    assert found(write(([], "x = 1"), (["parameters"], 'year = 2023\nroot = ""'))) == []


OWN = (["parameters"], 'year = 2023\nroot = ""')
WRONG = {
    "a misspelt tag": (
        [(["parameter"], 'year = 2023\nroot = ""')],
        "cell 1 has the tag 'parameter'. Change the tag to 'parameters'.",
    ),
    "both tags": (
        [OWN, (["parameter"], "year = 2022")],
        "cell 2 has the tag 'parameter'. Change the tag to 'parameters'.",
    ),
    "no tag": ([([], "year = 2023")], "no cell has the tag 'parameters'. Give the tag to exactly one cell."),
    "two cells": ([OWN, OWN], "2 cells have the tag 'parameters'. Give the tag to exactly one cell."),
    "code in it": (
        [(["parameters"], 'import os\nyear = 2023\nroot = ""')],
        "cell 1 holds more than plain parameters. Write only `name = value` with plain values there.",
    ),
    "computed": (
        [(["parameters"], 'year = 2020 + int("3")\nroot = ""')],
        "cell 1 holds more than plain parameters. Write only `name = value` with plain values there.",
    ),
    "not Python": (
        [(["parameters"], "year = ")],
        "cell 1 holds more than plain parameters. Write only `name = value` with plain values there.",
    ),
    "one too few": ([(["parameters"], "year = 2023")], "there is no parameter 'root'. Add it to cell 1."),
    "one too many": (
        [([], ""), (["parameters"], 'year = 2023\nroot = ""\nunit = ""')],
        "there is a parameter 'unit' that the run does not set. Remove it from cell 2.",
    ),
    "another type": (
        [(["parameters"], 'year = "2023"\nroot = ""')],
        "the run sets the parameter 'year' to 2021, but its default is of type str. Change the default in cell 1.",
    ),
}


@pytest.mark.parametrize(("cells", "sentence"), WRONG.values(), ids=WRONG)
def test_a_wrong_notebook_is_one_sentence(
    cells: list[tuple[list[str], str]], sentence: str, write: Write
) -> None:
    assert found(write(*cells)) == [f"notebooks/step.ipynb: {sentence}"]


def test_true_is_no_number(write: Write) -> None:
    path = write((["parameters"], 'year = 2023\nroot = ""\nfinal = 0'))
    (said,) = found(path, final=True)
    assert "the parameter 'final' to True, but its default is of type int" in said


def test_a_file_that_is_no_notebook(tmp_path: Path) -> None:
    assert found(tmp_path / "none.ipynb") == [
        "notebooks/step.ipynb: the notebook is missing. Restore it from version control."
    ]
    (tmp_path / "text.ipynb").write_text("hej", encoding="utf-8")
    (said,) = found(tmp_path / "text.ipynb")
    assert said.startswith("notebooks/step.ipynb: is not a notebook (")


# --- running --------------------------------------------------------------------------------------------------


def run(path: Path, cwd: Path) -> Path:
    output = path.parent / "out" / "step.ipynb"
    execute(path, output, PARAMETERS, cwd=cwd, name="notebooks/step.ipynb")
    return output


def test_an_executed_notebook_has_outputs_and_nothing_of_time_and_place(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(
        OWN, ([], "print(year, root)"), ([], "from pathlib import Path\nPath('here').touch()\nyear + 1")
    )
    (tmp_path / "cwd").mkdir()
    with tempfile.TemporaryDirectory() as own:  # a path short enough for sockets
        monkeypatch.setattr(tempfile, "tempdir", own)
        content = [run(path, tmp_path / "cwd").read_text(encoding="utf-8") for _ in range(2)]
        assert list(Path(own).iterdir()) == []  # no connection files or sockets of kernels are left
    assert content[0] == content[1]
    assert (tmp_path / "cwd" / "here").exists()
    assert str(tmp_path) not in content[0]
    assert not re.search(r"\d\d:\d\d|\d{4}-\d\d-\d\d", content[0])
    notebook = nbformat.reads(content[0], as_version=4)
    assert notebook.metadata.papermill == {"parameters": PARAMETERS}
    assert notebook.cells[2].outputs[0].text == "2021 .\n"
    assert notebook.cells[3].outputs[0].data["text/plain"] == "2022"
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)


def test_what_a_cell_prints_in_pieces_is_one_output(write: Write, tmp_path: Path) -> None:
    source = "import sys, time\nprint('a', flush=True)\ntime.sleep(0.3)\nprint('b', flush=True)"
    run(write(OWN, ([], source)), tmp_path)
    (output,) = nbformat.read(tmp_path / "out" / "step.ipynb", as_version=4).cells[-1].outputs
    assert output.text == "a\nb\n"


def test_a_failed_notebook_is_kept_with_its_error(write: Write, tmp_path: Path) -> None:
    path = write(OWN, ([], "open('nowhere')"), ([], "print('never')"))
    with pytest.raises(StepFailed) as caught:
        run(path, tmp_path)
    error = caught.value
    assert (error.notebook, error.error, error.wrong_inputs) == (
        "notebooks/step.ipynb",
        "FileNotFoundError",
        False,
    )
    assert str(error).startswith("notebooks/step.ipynb stopped: FileNotFoundError: [Errno 2]")
    kept = nbformat.read(tmp_path / "out" / "step.ipynb", as_version=4)
    outputs = [output for cell in kept.cells for output in cell.get("outputs", [])]
    assert [output.output_type for output in outputs] == ["error"]


def test_wrong_inputs_are_said_in_their_own_words(write: Write, tmp_path: Path) -> None:
    source = "from analysis.problems import InputError\nraise InputError.one('x.csv', 'is empty', 'Fill it', line=3)"
    with pytest.raises(StepFailed) as caught:
        run(write(OWN, ([], source)), tmp_path)
    assert caught.value.wrong_inputs
    assert str(caught.value) == "x.csv, line 3: is empty. Fill it."


def test_a_kernel_that_ends_by_itself_is_a_failed_step(write: Write, tmp_path: Path) -> None:
    with pytest.raises(StepFailed) as caught:
        run(write(OWN, ([], "import os\nos._exit(3)")), tmp_path)
    assert str(caught.value).startswith("notebooks/step.ipynb stopped: DeadKernelError: Kernel died")
    assert (tmp_path / "out" / "step.ipynb").is_file()


def test_a_failure_comes_whole_out_of_another_process() -> None:
    failed = StepFailed("notebooks/a.ipynb", "KeyError", "'x'").kept_as(
        "data/processed/2021/notebooks/a.ipynb"
    )
    again = pickle.loads(pickle.dumps(failed))
    assert str(again) == "notebooks/a.ipynb stopped: KeyError: 'x'"
    assert again.kept == "data/processed/2021/notebooks/a.ipynb"


def test_a_long_temporary_folder_does_not_stop_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/tmp/" + "a" * 100)
    assert engine.LocalKernels().transport == "tcp"
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    assert engine.LocalKernels().transport == "ipc"
