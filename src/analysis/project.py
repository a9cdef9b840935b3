"""Where the files of a reporting year lie. Nothing else in the package knows a path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from analysis.problems import InputError

_HOME_MARK = Path("notebooks") / "1_clean.ipynb"
_YEAR = re.compile(r"(19|2[0-9])[0-9]{2}")


def parse_year(value: object) -> int:
    """Return the reporting year that `value` names: four digits from 1900 to 2999.

    Raises
    ------
    InputError
        If `value` is anything else, such as ``"../2021"``.

    Examples
    --------
    >>> parse_year("2021")
    2021
    """
    text = str(value)
    if not _YEAR.fullmatch(text):
        raise InputError.one(
            "the command line",
            f"{text!r} is not a reporting year",
            "Give a year with four digits, such as 2021",
        )
    return int(text)


def _find_home() -> Path:
    """Return the folder that holds the project's notebooks."""
    here = Path.cwd()
    for folder in (here, *here.parents, *Path(__file__).resolve().parents):
        if (folder / _HOME_MARK).is_file():
            return folder
    raise InputError.one(
        str(here),
        "no folder above holds notebooks/1_clean.ipynb",
        "Run the command in the project's folder",
    )


@dataclass(frozen=True)
class Project:
    """The folders of one project.

    Attributes
    ----------
    home : Path
        The folder with the project's own ``notebooks/`` and ``data/reference/``.
    root : Path
        The folder whose ``data/`` and ``outputs/`` are used; the same as `home` unless chosen.
    """

    home: Path
    root: Path

    @classmethod
    def find(cls, root: str | Path = "") -> Project:
        """Return the project around the working directory, with `root` for data and outputs if given.

        Raises
        ------
        InputError
            If `root` is not a folder, or no notebooks are found.
        """
        home = _find_home()
        if not str(root):
            return cls(home, home)
        chosen = Path(root).resolve()
        if not chosen.is_dir():
            raise InputError.one(str(root), "is not a folder", "Give --root a folder that exists")
        return cls(home, chosen)

    def name(self, path: Path) -> str:
        """Return `path` as a person knows it: relative to the root or the home, with ``/``."""
        for base in (self.root, self.home):
            if path.is_relative_to(base):
                return path.relative_to(base).as_posix()
        return path.as_posix()

    def years(self) -> list[int]:
        """Return the reporting years that have a folder in ``data/raw``, oldest first."""
        folder = self.root / "data" / "raw"
        if not folder.is_dir():
            return []
        return sorted(int(p.name) for p in folder.iterdir() if p.is_dir() and _YEAR.fullmatch(p.name))

    # What people hand in: never written by a run.
    def raw(self, year: int) -> Path:
        """Return the folder of the raw export and of everything people decided."""
        return self.root / "data" / "raw" / str(year)

    def survey(self, year: int) -> Path:
        """Return the description of the questionnaire."""
        return self.raw(year) / "survey.yaml"

    def invited(self, year: int) -> Path:
        """Return the list of units that were asked."""
        return self.raw(year) / "invited.csv"

    def decisions(self, year: int) -> Path:
        """Return what people decided about open review items."""
        return self.raw(year) / "decisions.csv"

    def approvals(self, year: int) -> Path:
        """Return which quotes people approved, edited or refused."""
        return self.raw(year) / "approvals.csv"

    # Reference data.
    def reference(self, name: str) -> Path:
        """Return a reference file: the root's own where it has one, else the project's."""
        own = self.root / "data" / "reference" / name
        return own if own.is_file() else self.home / "data" / "reference" / name

    # Sensitive: answers before the gate.
    def processed(self, year: int) -> Path:
        """Return the folder of answers, ledger and review (sensitive)."""
        return self.root / "data" / "processed" / str(year)

    def analysis_notebooks(self, year: int) -> Path:
        """Return the folder of executed analysis notebooks and of failed ones (sensitive)."""
        return self.processed(year) / "notebooks"

    # Publishable: after the gate.
    def outputs(self, year: int) -> Path:
        """Return the folder of what is published for a year."""
        return self.root / "outputs" / str(year)

    def results(self, year: int) -> Path:
        """Return the folder of released tables, figures and quotes."""
        return self.outputs(year) / "results"

    def appendix_notebooks(self, year: int) -> Path:
        """Return the folder of executed appendix notebooks."""
        return self.outputs(year) / "notebooks"

    def notebook(self, name: str) -> Path:
        """Return the source notebook called `name` (without suffix)."""
        return self.home / "notebooks" / f"{name}.ipynb"
