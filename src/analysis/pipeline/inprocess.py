"""papermill's engine ``inprocess``: ``papermill --engine inprocess notebook.ipynb out.ipynb``.

papermill imports this module while it is itself being imported, so nothing else may import it.
"""

from __future__ import annotations

from typing import Any

from papermill.engines import Engine, NotebookExecutionManager

from analysis.pipeline.shell import run_notebook


class InProcess(Engine):
    """Runs the cells in papermill's own process, as `analysis.pipeline.shell` does."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, *, cell_timeout: float = 0, **_: Any
    ) -> None:
        """Run the cells; each may take `cell_timeout` seconds, 0 for as long as it likes."""
        run_notebook(nb_man, cell_timeout)
