"""Cells run in this very process: no kernel to start, no sockets to wait for.

`analysis.pipeline.inprocess` is the papermill engine over it. What a notebook shows is the same as with papermill's
own engine, cell by cell; tests compare the two.
"""

from __future__ import annotations

import io
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, ClassVar

import nbformat
from ipykernel.jsonutil import encode_images, json_clean
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode
from traitlets import Type
from traitlets.config import Config

MOST_SHOWN = 20_000_000
"""Characters that a notebook may print and show: more would make one that nobody can open."""

if sys.platform == "linux":
    import fcntl

LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": sys.version_info[0]},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": f"ipython{sys.version_info[0]}",
    "version": platform.python_version(),
}
"""What a kernel says of its language; it is stored in the notebook."""


class ShownTooMuch(BaseException):
    """The notebook printed and showed more than `MOST_SHOWN` characters; no ``except Exception`` in it hides that."""


class CellTimeout(BaseException):
    """A cell ran longer than it may; no ``except Exception`` in it hides that."""


def _nobody(index: int) -> None:
    """Hear which cell begins, and do nothing."""


watcher: Callable[[int], None] = _nobody
"""Told the number of each cell before it is run: whoever watches over this process puts a function here."""


class _Outputs:
    """The outputs of the notebook so far; those of the running cell grow."""

    def __init__(self) -> None:
        self.cell: list[NotebookNode] = []
        self.shown: dict[str, list[NotebookNode]] = {}
        self.clear_next = False
        self.size = 0
        self.collect: Callable[[], None] = lambda: None

    def begin(self) -> list[NotebookNode]:
        """Begin a cell, and return the list that its outputs will be added to."""
        self.cell, self.clear_next = [], False
        return self.cell

    def add(self, output: NotebookNode, display_id: str = "") -> None:
        """Add an output; with a display id it can be updated later."""
        self.collect()
        if self.clear_next:
            self.clear(wait=False)
        if output.output_type != "error":
            self.count(sum(len(shown) for shown in output.data.values() if isinstance(shown, str)))
        self.cell.append(output)
        if display_id:
            self.shown.setdefault(display_id, []).append(output)

    def update(self, display_id: str, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Replace what has been shown under a display id."""
        for output in self.shown.get(display_id, []):
            output.data, output.metadata = data, metadata

    def clear(self, *, wait: bool) -> None:
        """Remove what the cell has shown; with `wait` only when it shows something again."""
        self.clear_next = wait
        if not wait:
            self.cell.clear()

    def write(self, name: str, text: str) -> None:
        """Add what Python prints, after what programs have printed so far."""
        self.collect()
        self.count(len(text))
        self.write_collected(name, text)

    def write_collected(self, name: str, text: str) -> None:
        """Add printed text to the last output if that is of the same stream."""
        last = self.cell[-1] if self.cell and not self.clear_next else None
        if last is not None and last.output_type == "stream" and last.name == name:
            last.text.append(text)
        else:
            if self.clear_next:
                self.clear(wait=False)
            self.cell.append(nbformat.v4.new_output("stream", name=name, text=[text]))

    def count(self, size: int) -> None:
        """Stop where the notebook has shown too much."""
        self.size += size
        if self.size > MOST_SHOWN:
            self.size = 0  # the error itself can be shown
            what = f"it prints or shows more than {MOST_SHOWN // 1_000_000} million characters"
            raise ShownTooMuch(what)


_outputs = _Outputs()


class _Display(DisplayPublisher):
    """What `display(…)` shows becomes an output of the cell."""

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        *_: Any,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **__: Any,
    ) -> None:
        shown = json_clean(encode_images(data))
        display_id = (transient or {}).get("display_id", "")
        if update:
            _outputs.update(display_id, shown, json_clean(metadata or {}))
            return
        _outputs.update(display_id, shown, json_clean(metadata or {}))  # shown before under the same id
        output = nbformat.v4.new_output("display_data", data=shown, metadata=json_clean(metadata or {}))
        _outputs.add(output, display_id)

    def clear_output(self, wait: bool = False) -> None:
        _outputs.clear(wait=wait)


class _Result(DisplayHook):
    """The value of a cell's last expression becomes an output of the cell."""

    def start_displayhook(self) -> None:
        self.result: NotebookNode = nbformat.v4.new_output("execute_result")

    def write_output_prompt(self) -> None:
        self.result.execution_count = self.prompt_count

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        self.result.data = json_clean(encode_images(format_dict))
        self.result.metadata = json_clean(md_dict or {})

    def finish_displayhook(self) -> None:
        if self.result.get("data"):
            _outputs.add(self.result)


class Shell(InteractiveShell):
    """IPython without a terminal, a history file or a thread of its own."""

    display_pub_class = Type(_Display)
    displayhook_class = Type(_Result)
    kernel: ClassVar[None] = None  # pandas takes a shell without this attribute for a terminal
    quiet: ClassVar[Config] = Config({"HistoryManager": {"enabled": False}})

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        _outputs.add(
            nbformat.v4.new_output("error", ename=etype.__name__, evalue=str(evalue), traceback=list(stb))
        )

    def showtraceback(self, *args: Any, **more: Any) -> None:
        """Show an error; one that came of too little memory gets what it needs to be shown."""
        if isinstance(sys.exc_info()[1], MemoryError):
            _lift_memory_limit()
        super().showtraceback(*args, **more)

    def ask_exit(self) -> None:
        """End the notebook, as ``exit`` asks for."""
        raise SystemExit("the notebook called exit")

    def enable_gui(self, gui: object = None) -> None:
        """Accept any matplotlib backend: there is no window whose events would have to be handled."""

    @classmethod
    def ready(cls) -> Shell:
        """Return the shell of this process."""
        shell: Shell = cls.instance(config=cls.quiet)
        # What `x?` shows is for a person who sits there.
        shell.set_hook("show_in_pager", lambda *_, **__: None, 99)
        if pandas := sys.modules.get("pandas"):  # without a shell it counts on a terminal when it is imported
            pandas.set_option("display.max_columns", 20)
        return shell


class _Printed(io.TextIOBase):
    """Stands for ``sys.stdout`` or ``sys.stderr``."""

    encoding, errors = "UTF-8", "strict"

    def __init__(self, stream: str, descriptor: int) -> None:
        self.name, self.mode = f"<{stream}>", "w"
        self._stream, self._descriptor = stream, descriptor

    def write(self, text: str) -> int:
        if self.closed:
            raise ValueError("I/O operation on closed file")
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        if text:
            _outputs.write(self._stream, text)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor


class _Captured:
    """Everything that is printed within, by Python or by programs that it starts, goes to the cell's outputs."""

    def __enter__(self) -> _Captured:
        self._before = sys.stdout, sys.stderr
        for stream in self._before:
            stream.flush()
        self._files = {"stdout": _bounded_file(), "stderr": _bounded_file()}
        self._kept = [os.dup(1), os.dup(2)]
        for descriptor, file in zip((1, 2), self._files.values(), strict=True):
            os.dup2(file, descriptor)
        _outputs.collect = self.collect
        sys.stdout, sys.stderr = _Printed("stdout", 1), _Printed("stderr", 2)
        return self

    def collect(self) -> None:
        """Add what programs have printed since last time to the outputs of the cell."""
        for stream, file in self._files.items():
            if size := os.lseek(file, 0, os.SEEK_CUR):
                text = os.pread(file, size, 0).decode("utf-8", errors="replace")
                os.lseek(file, 0, os.SEEK_SET)  # those who print share this place, and go on from it
                _outputs.count(size)
                _outputs.write_collected(stream, text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout, sys.stderr = self._before
        _outputs.collect = lambda: None
        for descriptor, kept in zip((1, 2), self._kept, strict=True):
            os.dup2(kept, descriptor)
            os.close(kept)
        for file in self._files.values():
            os.close(file)


def _bounded_file() -> int:
    """Return a file for what programs print. On Linux it lies in memory, and cannot grow beyond what may be shown."""
    if sys.platform != "linux":
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())
    descriptor = os.memfd_create("printed", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(
        descriptor, 2 * MOST_SHOWN
    )  # a write that does not fit is refused whole, so leave room for one
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return descriptor


def run_notebook(manager: Any, timeout: float) -> None:
    """Run the cells of a notebook one after the other, until one stops with an error.

    Parameters
    ----------
    manager : papermill.engines.NotebookExecutionManager
        Knows the notebook, and is told of each cell.
    timeout : float
        Seconds that a cell may take; 0 for as long as it likes.
    """
    shell = Shell.ready()
    _draw_figures_inline(shell)
    manager.nb.metadata["language_info"] = NotebookNode(LANGUAGE)
    with _Captured() as captured:
        for index, cell in enumerate(manager.nb.cells):
            watcher(index)
            manager.cell_start(cell, index)
            try:
                if not _run_cell(shell, cell, captured, timeout):
                    manager.cell_exception(cell, cell_index=index)
                    break
            finally:
                manager.cell_complete(cell, cell_index=index)


def _run_cell(shell: Shell, cell: NotebookNode, captured: _Captured, timeout: float) -> bool:
    """Run a cell and store what it shows; return whether the notebook goes on."""
    tags = cell.metadata.get("tags", [])
    if cell.cell_type != "code" or not cell.source.strip() or "skip-execution" in tags:
        return True
    process = os.getpid()
    outputs = _outputs.begin()
    try:
        with _time_limit(timeout):
            result = shell.run_cell(cell.source, store_history=True, silent=False)
        captured.collect()
    except (ShownTooMuch, CellTimeout) as error:  # just after the cell, or within IPython's own code
        outputs[:] = [output for output in outputs if output.output_type != "error"]  # what came of it
        shell.showtraceback((type(error), error, error.__traceback__))
        result = None
    if os.getpid() != process:
        os._exit(0)  # a copy that the cell made of this process: the notebook goes on only once
    cell.execution_count = shell.execution_count - 1 if result is None else result.execution_count
    shown = any(output.output_type == "error" for output in outputs)
    if result is not None and not result.success and not shown:  # IPython prints groups of errors
        raised = result.error_in_exec or result.error_before_exec
        outputs.append(nbformat.v4.new_output("error", ename=type(raised).__name__, evalue=str(raised)))
        shown = True
    for output in outputs:
        if output.output_type == "stream":
            output.text = "".join(output.text)
    cell.outputs = outputs
    return not shown or "raises-exception" in tags


def _lift_memory_limit() -> None:
    """Let this process take more memory again: it has failed, and only tells how."""
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Stop what happens within after so many seconds of the wall clock; 0 is no limit."""
    if not seconds:
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise CellTimeout(f"the cell ran for more than {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _draw_figures_inline(shell: Shell) -> None:
    """Let open matplotlib figures become outputs of the cell, as a kernel does. The shell must exist before."""
    from IPython.core.pylabtools import activate_matplotlib
    from matplotlib_inline.backend_inline import configure_inline_support

    backend = "module://matplotlib_inline.backend_inline"
    activate_matplotlib(backend)
    configure_inline_support(shell, backend)
