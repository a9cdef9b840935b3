"""What is wrong with an input, said so that a person can mend it: where, what, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input.

    Attributes
    ----------
    file : str
        The file, as the user knows it (relative to the project where it lies in it).
    what : str
        What is wrong: one sentence without a full stop.
    do : str
        What to do about it: one sentence without a full stop.
    line : int, optional
        1-based line or row of the file.
    column : str, optional
        Column or key in the file.
    """

    file: str
    what: str
    do: str
    line: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        where = self.file
        if self.line is not None:
            where += f", line {self.line}"
        if self.column is not None:
            where += f", column {self.column!r}"
        return f"{where}: {self.what}. {self.do}."


class InputError(Exception):
    """The inputs or the call are wrong (exit code 2). Carries every problem found, not only the first.

    Examples
    --------
    >>> print(InputError.one("invited.csv", "the unit 'x' is not in the register", "Correct the id", line=3))
    invited.csv, line 3: the unit 'x' is not in the register. Correct the id.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        if not self.problems:
            raise ValueError("an InputError needs at least one problem")
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(p) for p in self.problems)

    @classmethod
    def one(
        cls, file: str, what: str, do: str, *, line: int | None = None, column: str | None = None
    ) -> InputError:
        """Return an error with a single problem."""
        return cls([Problem(file, what, do, line, column)])
