"""One notebook at a time through papermill: checked before a kernel starts, tidy when it is done."""

from __future__ import annotations

import ast
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode
from traitlets import default

from analysis.pipeline.steps import Step, Value
from analysis.problems import Problem
from analysis.project import Project
from analysis.report.document import cell_name

PAPERMILL, IN_PROCESS = "papermill", "inprocess"
"""The engines: a kernel for each notebook, and `analysis.pipeline.shell`."""


class StepFailed(Exception):
    """A notebook stopped with an error, or what it shows cannot be published; `kept` names where it lies."""

    def __init__(self, notebook: str, error: str, message: str, kept: str = "", cell: str = "") -> None:
        super().__init__(notebook, error, message, kept, cell)
        self.notebook, self.error, self.message, self.kept, self.cell = notebook, error, message, kept, cell

    def kept_as(self, name: str) -> StepFailed:
        """Return the same failure, with the name of the executed notebook."""
        return StepFailed(self.notebook, self.error, self.message, name, self.cell)

    @property
    def wrong_inputs(self) -> bool:
        """Whether the notebook found that the inputs are wrong."""
        return self.error == "InputError"

    @property
    def placed(self) -> str:
        """The message, and in which cell; what is wrong with the inputs is in no cell."""
        where = f"in {self.cell}" if self.cell and not self.wrong_inputs else ""
        return ", ".join(filter(None, [self.message, where]))

    def __str__(self) -> str:
        return self.message if self.wrong_inputs else f"{self.notebook} stopped: {self.error}: {self.placed}"


class LocalKernels(AsyncKernelManager):
    """Kernels reached through files of their own, not ports: several can start at once without a race."""

    @default("transport")
    def _by_files(self) -> str:
        # The path of a socket may have about a hundred characters, and its name takes half of them.
        return "tcp" if sys.platform == "win32" or len(tempfile.gettempdir()) > 50 else "ipc"

    @default("connection_file")
    def _own_file(self) -> str:
        return str(Path(tempfile.gettempdir()) / f"analysis-{uuid.uuid4().hex}.json")


def preflight(path: Path, name: str, parameters: Mapping[str, Value]) -> list[Problem]:
    """Return what would go wrong with the parameters of a notebook.

    papermill itself runs a notebook with its defaults when the tag of the parameters cell is misspelt.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        return [Problem(name, "the notebook is missing", "Restore it from version control")]
    except Exception as error:  # nbformat raises many kinds for a file that is no notebook
        return [
            Problem(name, f"is not a notebook ({type(error).__name__})", "Restore it from version control")
        ]
    tagged = [(i, c) for i, c in enumerate(notebook.cells, 1) if "parameters" in c.metadata.get("tags", [])]
    misspelt = [i for i, c in enumerate(notebook.cells, 1) if "parameter" in c.metadata.get("tags", [])]
    if misspelt:
        return [
            Problem(name, f"cell {i} has the tag 'parameter'", "Change the tag to 'parameters'")
            for i in misspelt
        ]
    if len(tagged) != 1:
        what = f"{len(tagged) or 'no'} cell{'s have' if tagged else ' has'} the tag 'parameters'"
        return [Problem(name, what, "Give the tag to exactly one cell")]
    number, cell = tagged[0]
    defaults = _defaults(cell.source)
    if defaults is None:
        what = f"cell {number} holds more than plain parameters"
        return [Problem(name, what, "Write only `name = value` with plain values there")]
    problems = []
    for key in sorted(set(parameters) - set(defaults)):
        problems.append(Problem(name, f"there is no parameter {key!r}", f"Add it to cell {number}"))
    for key in sorted(set(defaults) - set(parameters)):
        what = f"there is a parameter {key!r} that the run does not set"
        problems.append(Problem(name, what, f"Remove it from cell {number}"))
    for key in sorted(set(defaults) & set(parameters)):
        if type(defaults[key]) is not type(parameters[key]):
            wanted = type(defaults[key]).__name__
            what = f"the run sets the parameter {key!r} to {parameters[key]!r}, but its default is of type {wanted}"
            problems.append(Problem(name, what, f"Change the default in cell {number}"))
    return problems


def check_notebooks(project: Project, steps: Iterable[Step]) -> list[Problem]:
    """Return what is wrong with the notebooks of some steps; each notebook is looked at once."""
    problems = []
    for name, step in {step.notebook: step for step in steps}.items():
        path = project.notebook(name)
        problems += preflight(path, project.name(path), step.parameters)
    return problems


def _defaults(source: str) -> dict[str, Any] | None:
    """Return the parameters of a cell and their defaults, or None if the cell holds anything else."""
    found: dict[str, Any] = {}
    try:
        for statement in ast.parse(source).body:
            if not (isinstance(statement, ast.Assign) and len(statement.targets) == 1):
                return None
            target = statement.targets[0]
            if not isinstance(target, ast.Name):
                return None
            found[target.id] = ast.literal_eval(statement.value)
    except (SyntaxError, ValueError):
        return None
    return found


def execute(
    source: Path,
    output: Path,
    parameters: Mapping[str, Value],
    *,
    cwd: Path,
    name: str,
    engine: str = PAPERMILL,
    cell_seconds: float = 0,
) -> None:
    """Run a notebook into `output`, without anything in it that differs between two equal runs.

    Parameters
    ----------
    source, output : Path
        The notebook, and where the executed one goes; also when it fails.
    parameters : mapping
        Recorded in the executed notebook, so that plain papermill reproduces the step.
    cwd : Path
        The folder it runs in.
    name : str
        The notebook's name for messages.
    engine : str
        `PAPERMILL` for a kernel of its own, `IN_PROCESS` for this very process.
    cell_seconds : float
        The longest that a cell may run; 0 for as long as it likes.

    Raises
    ------
    StepFailed
        If it stopped with an error.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    chosen: dict[str, Any] = (
        {"engine_name": IN_PROCESS, "cell_timeout": cell_seconds}
        if engine == IN_PROCESS
        else {
            "kernel_manager_class": LocalKernels,
            "record_timing": False,
            "shutdown_kernel": "immediate",
            "execution_timeout": int(cell_seconds) or None,
        }
    )
    try:
        done = papermill.execute_notebook(
            str(source),
            str(output),
            parameters=dict(parameters),
            cwd=str(cwd),
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            **chosen,
        )
    except papermill.PapermillExecutionError as error:
        _tidy(output)
        said = re.sub(r" \((?:<ipython-input-[^>]*>|\d+\.py), (line \d+)\)", r" (\1)", error.evalue)
        cell = cell_name(_as_written(output, error.cell_index) + 1, error.source)
        raise StepFailed(name, error.ename, said, cell=cell) from None
    except RuntimeError as error:  # nbclient's, where a kernel does not start or ends by itself
        shutil.copyfile(source, output)
        what = f"{error or 'the kernel died'}; the memory may have run out"
        raise StepFailed(name, type(error).__name__, what) from None
    except TimeoutError:  # nbclient's
        shutil.copyfile(source, output)
        what = f"the cell ran for more than {cell_seconds:g} seconds"
        raise StepFailed(name, "CellTimeout", what) from None
    _tidy(output)
    if _left_early(done):  # which papermill takes for the end
        raise StepFailed(name, "SystemExit", "it ended itself before its last cell (sys.exit)")


def _as_written(output: Path, index: int) -> int:
    """Return which cell of a notebook as somebody wrote it is one of it as executed, with its parameters added."""
    cells = nbformat.read(output, as_version=4).cells
    tags = [cell.metadata.get("tags", []) for cell in cells]
    executed = [of for of in tags if "papermill-error-cell-tag" not in of]
    return index - sum("injected-parameters" in of for of in executed[:index])


def _left_early(notebook: NotebookNode) -> bool:
    return any(
        output.output_type == "error" and output.ename == "SystemExit"
        for cell in notebook.cells
        if "raises-exception" not in cell.metadata.get("tags", [])
        for output in cell.get("outputs", [])
    )


def stopped_at(
    source: Path, output: Path, parameters: Mapping[str, Value], index: int, error: str, message: str
) -> None:
    """Write a notebook whose process was ended, with what is known of it in the cell that it was at.

    Parameters
    ----------
    source, output : Path
        The notebook, and where to write it.
    parameters : mapping
        The parameters that it was executed with.
    index : int
        The cell, counted from 0 with the one that papermill adds.
    error, message : str
        The kind of error and what it says.
    """
    notebook = papermill.parameterize.parameterize_notebook(
        papermill.iorw.load_notebook_node(str(source)), dict(parameters)
    )
    told = nbformat.v4.new_output("error", ename=error, evalue=message, traceback=[f"{error}: {message}"])
    notebook.cells[index].outputs = [told]
    papermill.iorw.write_ipynb(notebook, str(output))
    _tidy(output)


def _tidy(path: Path) -> None:
    """Take times, absolute paths and random ids out of an executed notebook."""
    notebook = nbformat.read(path, as_version=4)
    kept = notebook.metadata.get("papermill", {}).get("parameters", {})
    notebook.metadata["papermill"] = {"parameters": kept}
    notebook.metadata.pop("widgets", None)
    for i, cell in enumerate(notebook.cells):
        for key in ("papermill", "execution", "exception", "start_time", "end_time", "status"):
            cell.metadata.pop(key, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = f"injected-{i}"
        if cell.cell_type == "code":
            cell.outputs = _streams_together(cell.outputs)
    nbformat.write(notebook, path)


def _streams_together(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    r"""Return outputs with all that was printed to a stream as one: a slow machine sends it in pieces.

    That is what nbclient's ``coalesce_streams`` does, which takes hours over a line of millions of characters.

    Examples
    --------
    >>> from nbformat.v4 import new_output
    >>> printed = [("stdout", "a\n"), ("stderr", "b"), ("stdout", "50 %\r100 %")]
    >>> made = [new_output("stream", name=name, text=text) for name, text in printed]
    >>> [(output.name, output.text) for output in _streams_together(made)]
    [('stdout', 'a\n100 %'), ('stderr', 'b')]
    """
    together: list[NotebookNode] = []
    printed: dict[str, list[str]] = {}
    for output in outputs:
        if output.output_type != "stream":
            together.append(output)
        elif output.name in printed:
            printed[output.name].append(output.text)
        else:
            printed[output.name] = [output.text]
            together.append(nbformat.v4.new_output("stream", name=output.name))
    for output in together:
        if output.output_type == "stream":
            lines = "".join(printed[output.name]).split("\n")
            # What stands before a carriage return was written over by what follows it.
            output.text = "\n".join(line[line.rfind("\r", 0, -1) + 1 :] for line in lines)
    for i, (first, second) in enumerate(pairwise(together)):
        if (first.get("name"), second.get("name")) == ("stderr", "stdout"):
            together[i : i + 2] = [second, first]
            break
    return together


def set_anew(source: Path, executed: Path, output: Path, parameters: Mapping[str, Value]) -> None:
    """Write the executed notebook anew with the Markdown of `source`: the same as running it, without running it.

    Parameters
    ----------
    source : Path
        The notebook; its code cells are those that were run.
    executed : Path
        The notebook as it was executed, with the same parameters.
    output : Path
        Where the new one goes.
    parameters : mapping
        The parameters that it was executed with.
    """
    old = nbformat.read(executed, as_version=4)
    new = papermill.parameterize.parameterize_notebook(
        papermill.iorw.load_notebook_node(str(source)), dict(parameters)
    )
    ran = [cell for cell in old.cells if cell.cell_type == "code"]
    code = [cell for cell in new.cells if cell.cell_type == "code"]
    for cell, before in zip(code, ran, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
    new.metadata = {**old.metadata, **new.metadata, "papermill": {"parameters": dict(parameters)}}
    output.parent.mkdir(parents=True, exist_ok=True)
    papermill.iorw.write_ipynb(new, str(output))
    _tidy(output)
