"""Readers that can stop the process they run in, in a process of their own.

A damaged workbook or SPSS file, or a stray cell far outside a table, can stop the library that reads it together
with the process it runs in, take all memory, or never come to an end. Here that process is a child with little
memory and time: whatever happens in it, the caller gets an answer.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

MEMORY = 1_500_000_000
"""Bytes that the child may ask for. A workbook of 100,000 rows × 40 columns takes 0.5 GB."""

_SECONDS = 15
_BYTES_A_SECOND = 5_000_000
"""The child may work `_SECONDS`, and a second more for each so many bytes of the file. The workbook above, of
13 MB, takes 4 seconds."""

Columns = Iterable[tuple[list[str], "array[int]"]]


class UnreadableError(Exception):
    """The bytes cannot be read; the message says why, as far as it is known."""


class ProtectedError(Exception):
    """The file can only be opened with a password."""


@dataclass
class Answer:
    """What a reader found: the cells of one table, column by column, and what is known of them.

    Attributes
    ----------
    rows : int
        How many rows the table has; 0 if nothing stands in the file.
    columns : iterable of (list of str, array of int)
        The distinct texts of each column, the blank one first, and the code of each cell.
    sheet : str or None
        The sheet that was read; None where there are no sheets, or not the one that was asked for.
    sheets : tuple of str
        All sheets with content.
    value_labels, user_missing : mapping
        As in `intake.decode.Grid`, keyed by the column's position.
    error : str
        Why the file cannot be read; blank if it can.
    protected : bool
        Whether a password is needed.
    """

    rows: int = 0
    columns: Columns = ()
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    value_labels: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    user_missing: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    error: str = ""
    protected: bool = False


def read_apart(raw: bytes, reader: Literal["sheets", "sav"], option: str | None = None) -> Answer:
    """Read a workbook (option: the sheet) or an SPSS file (option: the encoding) in a child process.

    Raises
    ------
    UnreadableError, ProtectedError
    """
    seconds = _SECONDS + len(raw) // _BYTES_A_SECOND
    call = json.dumps({"reader": reader, "option": option, "seconds": seconds})
    command = [sys.executable, "-P", "-c", "from analysis.intake import apart; apart.main()", call]
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        # The child counts its own working time; this is for a machine that is busy, or cannot count it.
        child = subprocess.run(
            command,
            input=raw,
            capture_output=True,
            timeout=4 * seconds,
            env=os.environ | threads,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnreadableError("it takes too long: it is damaged, or too large") from None
    if child.returncode:
        raise UnreadableError("it is damaged, or too large")
    answer = _unpack(child.stdout)
    if answer.protected:
        raise ProtectedError
    if answer.error:
        raise UnreadableError(answer.error)
    return answer


def _unpack(message: bytes) -> Answer:
    end = message.index(b"\n") + 1
    head: dict[str, Any] = json.loads(message[:end])
    size = 4 * head["rows"]
    codes = memoryview(message)[end:]
    columns = [
        (texts, array("i", codes[i * size : (i + 1) * size].tobytes()))
        for i, texts in enumerate(head["columns"])
    ]
    return Answer(
        rows=head["rows"],
        columns=columns,
        sheet=head["sheet"],
        sheets=tuple(head["sheets"]),
        value_labels={int(i): labels for i, labels in head["value_labels"].items()},
        user_missing={int(i): tuple(texts) for i, texts in head["user_missing"].items()},
        error=head["error"],
        protected=head["protected"],
    )


# --- the child ---------------------------------------------------------------------------------------------


def _pack(answer: Answer) -> Iterable[bytes]:
    """Yield one line of JSON, with the texts of each column, and then the codes of each column."""
    columns = list(answer.columns)
    yield json.dumps({**vars(answer), "columns": [texts for texts, _ in columns]}).encode() + b"\n"
    yield from (codes.tobytes() for _, codes in columns)


def _limit(seconds: int) -> None:
    """Limit the memory and working time of this process, where the system can."""
    if sys.platform != "win32":
        import resource

        for what, most in (
            (resource.RLIMIT_AS, MEMORY),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_CORE, 0),
        ):
            allowed = resource.getrlimit(what)[1]
            most = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
            resource.setrlimit(what, (most, most))


def main() -> None:
    """Read what stands on standard input as the first argument says, and write the answer: the child's work."""
    call = json.loads(sys.argv[1])
    _limit(call["seconds"])
    reader = importlib.import_module(f"analysis.intake.{call['reader']}")
    answer: Answer = reader.read(sys.stdin.buffer.read(), call["option"])
    sys.stdout.buffer.writelines(_pack(answer))
