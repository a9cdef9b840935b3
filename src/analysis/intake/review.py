"""What the program must not guess, and what people decided about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analysis.intake.cells import one_line
from analysis.intake.ledger import short_id
from analysis.problems import InputError, Problem

REVIEW_COLUMNS = ("id", "kind", "where", "seen", "proposals", "needed_for")
OR = " | "
"""Between the decisions that are proposed."""

DECISION_COLUMNS = ("id", "decision", "by", "date", "why")


@dataclass(frozen=True)
class Decision:
    """What a person decided about a review item."""

    id: str
    decision: str
    by: str
    date: str
    why: str


def read_people_csv(
    path: Path,
    name: str,
    columns: Sequence[str],
    *,
    required: Sequence[str],
    twice: str,
    check: Callable[[int, Mapping[str, str]], Iterable[Problem]] = lambda row, entry: (),
) -> pd.DataFrame:
    """Read a CSV file that people write in: of what the first column names, each once; a ``date`` is a date.

    Parameters
    ----------
    path, name
        The file, and its name for messages.
    columns
        The columns it must have.
    required
        Those of them that must be filled in on every row.
    twice
        What is wrong where the first column names something again.
    check
        Given the row and its cells, returns what else is wrong with it.

    Returns
    -------
    DataFrame
        The columns as text without spaces around it; the index is the 1-based row of the file. Blank rows are left
        out.

    Raises
    ------
    InputError
        With every problem: the file cannot be read, a column or a value is missing, a date is none.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline()
        # A Swedish Excel saves CSV with semicolons.
        mark = ";" if ";" in first and "," not in first else ","
        frame = pd.read_csv(
            path, dtype="str", keep_default_na=False, encoding="utf-8-sig", skip_blank_lines=False, sep=mark
        )
    except UnicodeDecodeError:
        raise InputError.one(name, "the file is not UTF-8", "Save it as CSV UTF-8") from None
    except pd.errors.EmptyDataError:
        raise InputError.one(
            name, "the file is empty", f"Begin it with the row {','.join(columns)}"
        ) from None
    except (pd.errors.ParserError, OSError) as error:
        what = f"cannot be read as CSV ({' '.join(str(error).split())})"
        do = "Check commas and quotes: a text with a comma in it stands within quotes"
        raise InputError.one(name, what, do) from None
    frame.columns = pd.Index([one_line(c) for c in frame.columns])
    absent = [c for c in columns if c not in frame.columns]
    if absent:
        row = ",".join(columns)
        raise InputError(
            Problem(name, f"the column {c!r} is missing", f"Begin the file with the row {row}", 1)
            for c in absent
        )
    frame.index = pd.RangeIndex(2, len(frame) + 2, name="row")
    frame = frame.fillna("")
    frame = frame.loc[(frame != "").any(axis=1), list(columns)].map(str.strip)
    problems: list[Problem] = []
    known: set[str] = set()
    for row, cells in zip(frame.index, frame.to_dict("records"), strict=True):
        entry = {str(column): text for column, text in cells.items()}
        for column in required:
            if not entry[column]:
                problems.append(Problem(name, "is empty", "Fill it in, or remove the row", row, column))
        if entry.get("date") and not _is_date(entry["date"]):
            what = f"{entry['date']!r} is not a date"
            problems.append(Problem(name, what, "Write it as 2021-10-19", row, "date"))
        key = entry[columns[0]]
        if key in known:
            problems.append(Problem(name, twice, "Keep one of the two", row, columns[0]))
        known |= {key} - {""}
        problems += check(row, entry)
    if problems:
        raise InputError(problems)
    return frame


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def read_decisions(path: Path, name: str) -> dict[str, Decision]:
    """Read ``decisions.csv``: decisions by the id of their review item. An absent file is no decisions.

    Raises
    ------
    InputError
        With every problem; an id with two decisions is one, and a date that is none.
    """
    if not path.exists():
        return {}
    twice = "the id has a decision already"
    required = ("id", "decision", "by", "date")
    frame = read_people_csv(path, name, DECISION_COLUMNS, required=required, twice=twice)
    rows = frame.itertuples(index=False, name=None)
    return {row[0]: Decision(*row) for row in rows}


@dataclass
class _Item:
    id: str
    kind: str
    seen: str
    proposals: str
    needed_for: str
    rows: set[int] = field(default_factory=set)


@dataclass
class Review:
    """Open questions for a person, and the decisions that settle some of them.

    The same thing seen in many rows is one question. Its id is a hash of its kind and of what was seen, so that
    it survives a new export.
    """

    decisions: dict[str, Decision]
    _items: dict[str, _Item] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def decided(self, kind: str, key: str, seen: str) -> Decision | None:
        """Return what a person decided about the thing seen, if anything."""
        decision = self.decisions.get(short_id(kind, key, seen))
        if decision:
            self._used.add(decision.id)
        return decision

    def ask(
        self, kind: str, key: str, seen: str, rows: Iterable[int], *, proposals: str, needed_for: str
    ) -> None:
        """Put an open question: `kind` and `key` say about what, `seen` what stands in the rows."""
        item_id = short_id(kind, key, seen)
        item = self._items.setdefault(item_id, _Item(item_id, kind, seen, proposals, needed_for))
        item.rows.update(int(r) for r in rows)

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Ids of decisions that matched nothing."""
        return tuple(sorted(set(self.decisions) - self._used))

    def frame(self) -> pd.DataFrame:
        """Return the open questions as a table: `REVIEW_COLUMNS`, in the order they were put."""
        records = [
            (i.id, i.kind, _where(i.rows), i.seen, i.proposals, i.needed_for) for i in self._items.values()
        ]
        return pd.DataFrame(records, columns=list(REVIEW_COLUMNS)).astype("str")


def _where(rows: set[int]) -> str:
    if not rows:
        return "the whole export"
    listed = sorted(rows)
    more = f" and {len(listed) - 10} more" if len(listed) > 10 else ""
    return f"{'row' if len(listed) == 1 else 'rows'} {', '.join(map(str, listed[:10]))}{more}"
