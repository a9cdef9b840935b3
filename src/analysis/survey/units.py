"""The register of administrations: which exist on a date, what they are called, and who took over from whom.

A survey is answered by units (``förvaltningar``) that are merged over the years. The register is a dated
table, ``units.csv``; this module knows only the kinds of unit and the Swedish words that people put around
a name. A written name is matched exactly after normalisation, or not at all: a misspelling only gives
proposals, for a person to decide on.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Final

import pandas as pd
from rapidfuzz import fuzz

from analysis.problems import InputError, Problem

KIND_LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "district": ("stadsdelsförvaltning", "stadsdelsförvaltningar"),
    "specialist": ("fackförvaltning", "fackförvaltningar"),
}
"""Swedish singular and plural of each kind of unit."""

REGISTER_COLUMNS: Final = (
    "unit_id", "name", "short", "kind", "board", "valid_from", "valid_to", "successor", "aliases",
)  # fmt: skip
"""Columns of ``units.csv``."""

INVITED_COLUMNS: Final = ("unit_id", "respondent_role", "sent", "reminded")
"""Columns of ``invited.csv``."""


# --- Names ---

_DASHES = re.compile(r" ?[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d][- \u2010-\u2015\u2212\ufe58\ufe63\uff0d]*")
_DISTRICT_WORD = r"(?:stadsdels(?:förvaltning(?:en)?|nämnd(?:en)?|(?:nämnds)?område(?:t)?)|sdf|sdn)(?::?s)?"
_SAYS_DISTRICT = re.compile(rf"(?<!\w){_DISTRICT_WORD}(?!\w)")
# What stands around a name, in the order it is taken off. Each group "name" is what is left.
_AROUND_A_NAME = tuple(
    re.compile(pattern)
    for pattern in (
        r"stockholms? stads?[ ,:-]+(?P<name>.+)",
        r"(?P<name>.+?)[ ,(-]+stockholms? stads?\)?",
        rf"(?P<name>.+?)[ ,(-]+{_DISTRICT_WORD}\)?",
        rf"{_DISTRICT_WORD}[ -](?P<name>.+)",
        r"(?P<name>.+?)[ -]?(?:förvaltning|nämnd)(?:en)?s?",
    )
)


def _fold(text: str) -> str:
    """Fold letters, dashes, blanks, ``&`` and closing punctuation; the words stay."""
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")  # soft hyphens, zero-width marks
    folded = unicodedata.normalize("NFC", visible.casefold())
    with_plain_dashes = _DASHES.sub("-", " ".join(folded.split()))
    return re.sub(" ?& ?", " och ", with_plain_dashes).strip().rstrip(" .,;")


def normalise(text: str) -> str:
    """Return the name in a text in the one form in which names are compared.

    Upper and lower case, composed and decomposed letters, kinds of blank and of dash, ``&`` and "och" become
    the same; the city's name, "stadsdelsförvaltning", "stadsdelsnämnd", "stadsdelsområde", "sdf", "sdn",
    "förvaltning" and "nämnd" are taken off. Diacritics are kept: å, ä and ö are letters of their own. So is a
    genitive -s, for whether it is one depends on the register (`Register.match`).

    Parameters
    ----------
    text : str
        A name as somebody wrote it.

    Returns
    -------
    str
        The normalised name; ``normalise(normalise(text)) == normalise(text)``.

    Examples
    --------
    >>> normalise("Stockholms stad,  HÄGERSTEN – ÄLVSJÖ stadsdelsförvaltning.")
    'hägersten-älvsjö'
    >>> normalise("Kulturnämnden")
    'kultur'
    """
    previous = None
    while text != previous:
        previous, text = text, _fold(text)
        for pattern in _AROUND_A_NAME:
            if found := pattern.fullmatch(text):
                text = found["name"]
    return text


def _parts(name: str) -> list[str]:
    """Split a normalised name where a genitive -s may stand: at blanks and hyphens."""
    return re.split("[ -]", name)


def _without_genitive(name: str) -> str:
    """Return the key under which a normalised name and its genitives meet: no part ends with its last -s."""
    return re.sub(r":?s(?=[ -]|$)", "", name)


def _is_name_or_genitive(written: str, name: str) -> bool:
    """Tell whether a normalised text is a normalised name, or one with genitive -s on any of its parts."""
    written_parts, name_parts = _parts(written), _parts(name)
    return len(written_parts) == len(name_parts) and all(
        w in (n, n + "s", n + ":s") for w, n in zip(written_parts, name_parts, strict=True)
    )


# --- Units ---


@dataclass(frozen=True)
class Unit:
    """An administration, from the first to the last day it exists.

    Attributes
    ----------
    unit_id : str
        Readable ascii id, e.g. ``"hagersten-alvsjo"``.
    name : str
        Official Swedish name.
    short : str
        Short Swedish name, for charts and tables.
    kind : str
        A key of `KIND_LABELS`.
    board : str
        The board (nämnd) it answers to; may be empty.
    valid_from : date
        First day.
    valid_to : date, optional
        Last day; None while it exists.
    successor : str, optional
        Id of the unit that took over the day after ``valid_to``.
    aliases : tuple of str
        Other names that mean this unit and no other.

    Examples
    --------
    >>> unit = Unit("alvsjo", "Älvsjö stadsdelsförvaltning", "Älvsjö", "district", "Älvsjö stadsdelsnämnd",
    ...             date(2019, 1, 1), date(2020, 6, 30), "hagersten-alvsjo")
    >>> unit.exists(date(2020, 6, 30)), unit.exists(date(2020, 7, 1))
    (True, False)
    """

    unit_id: str
    name: str
    short: str
    kind: str
    board: str
    valid_from: date
    valid_to: date | None = None
    successor: str | None = None
    aliases: tuple[str, ...] = ()

    def exists(self, on: date) -> bool:
        """Tell whether the unit exists on a date (first and last day included)."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    @cached_property
    def normalised_names(self) -> Mapping[str, str]:
        """Each name the unit goes by, normalised, and the column of the register it stands in."""
        written = [("aliases", alias) for alias in self.aliases]
        written += [("board", self.board), ("short", self.short), ("name", self.name)]
        return {normalised: column for column, text in written if (normalised := normalise(text))}


@dataclass(frozen=True)
class Register:
    """All units that exist or have existed, in the order of the file.

    Attributes
    ----------
    units : tuple of Unit
        The units, with unique ids.
    """

    units: tuple[Unit, ...]

    @classmethod
    def read(cls, path: Path, *, name: str | None = None) -> Register:
        """Read and check a register.

        Parameters
        ----------
        path : Path
            A file with the columns `REGISTER_COLUMNS`: UTF-8, comma-separated, dates as YYYY-MM-DD, several
            aliases separated by ``|``.
        name : str, optional
            What messages call the file; the path if not given.

        Raises
        ------
        InputError
            With everything that is wrong: file, columns, ids, kinds, dates, successors, and names that two
            units share while both exist.
        """
        file = str(path) if name is None else name
        rows, problems = _read_rows(path, REGISTER_COLUMNS, file)
        units: dict[int, Unit] = {}
        for row in rows:
            unit, wrong = _unit_in(row, file)
            problems += wrong
            if unit is not None:
                units[row.line] = unit
        ids = {row["unit_id"] for row in rows}
        problems += _repeated(rows, file, "Give each unit an id of its own")
        problems += _wrong_successors(units, ids, file)
        problems += _shared_names(units, file)
        if problems:
            raise InputError(sorted(problems, key=lambda problem: problem.line or 0))
        return cls(tuple(units.values()))

    @cached_property
    def _by_id(self) -> dict[str, Unit]:
        return {unit.unit_id: unit for unit in self.units}

    @cached_property
    def _by_key(self) -> dict[str, list[tuple[str, Unit]]]:
        """Key without genitives → the (normalised name, unit) that have it."""
        index: dict[str, list[tuple[str, Unit]]] = defaultdict(list)
        for unit in self.units:
            for name in unit.normalised_names:
                index[_without_genitive(name)].append((name, unit))
        return dict(index)

    @cached_property
    def _lineage_names(self) -> dict[str, set[str]]:
        """Unit id → normalised names, without hyphens, of it, what it was formed from and what it became."""
        lineages: dict[str, set[str]] = {unit.unit_id: set() for unit in self.units}
        for unit in self.units:
            own = {name.replace("-", " ") for name in unit.normalised_names}
            lineages[unit.unit_id] |= own
            later = unit
            while later.successor is not None:
                later = self.get(later.successor)
                theirs = {name.replace("-", " ") for name in later.normalised_names}
                lineages[unit.unit_id] |= theirs
                lineages[later.unit_id] |= own
        return lineages

    def __contains__(self, unit_id: object) -> bool:
        return unit_id in self._by_id

    def get(self, unit_id: str) -> Unit:
        """Return the unit with an id.

        Raises
        ------
        KeyError
            If the register has no such unit.
        """
        if unit_id not in self._by_id:
            raise KeyError(f"the unit {unit_id!r} is not in the register")
        return self._by_id[unit_id]

    def names(self) -> set[str]:
        """Return every name of every unit: none of them is a person's."""
        return {name for unit in self.units for name in (unit.name, unit.short, *unit.aliases)}

    def at(self, on: date) -> tuple[Unit, ...]:
        """Return the units that exist on a date, in the order of the register."""
        return tuple(unit for unit in self.units if unit.exists(on))

    def predecessors(self, unit_id: str) -> tuple[Unit, ...]:
        """Return the units that this one took over from directly (none if it was not formed by a merger)."""
        self.get(unit_id)
        return tuple(unit for unit in self.units if unit.successor == unit_id)

    def match(self, text: str, on: date) -> Unit | None:
        """Return the unit that a text names on a date, or None when it names none beyond doubt.

        The text must be a name of the unit exactly, after `normalise`; a genitive -s on a part of it is
        dropped where a known name is left. A text that says "stadsdelsförvaltning" (or "sdn" and so on) only
        names a district administration.

        Parameters
        ----------
        text : str
            A name as somebody wrote it.
        on : date
            Units that do not exist on this date are not considered.
        """
        written = normalise(text)
        kinds = ("district",) if _SAYS_DISTRICT.search(_fold(text)) else tuple(KIND_LABELS)
        found = {
            unit.unit_id: unit
            for name, unit in self._by_key.get(_without_genitive(written), ())
            if unit.exists(on) and unit.kind in kinds and _is_name_or_genitive(written, name)
        }
        return next(iter(found.values())) if len(found) == 1 else None

    def propose(self, text: str, on: date, limit: int = 3) -> list[tuple[Unit, float]]:
        """Return the units that a text most likely means, for a person to choose from. Never a decision.

        A unit is also found by the names of the units it was formed from or merged into: who writes
        "Spånga-Tensta" in 2024 is offered Järva.

        Parameters
        ----------
        text : str
            A name as somebody wrote it.
        on : date
            Only units that exist on this date are proposed.
        limit : int
            How many at most.

        Returns
        -------
        list of (Unit, float)
            Likeness from 0 to 100 (``rapidfuzz.fuzz.token_sort_ratio`` of the normalised names), most
            alike first, ties in the order of the register. 100 does not mean that the text matches. Empty
            for a text without a name.
        """
        written = normalise(text).replace("-", " ")
        if not written:
            return []
        scored = [
            (unit, max(fuzz.token_sort_ratio(written, name) for name in self._lineage_names[unit.unit_id]))
            for unit in self.at(on)
        ]
        return sorted(scored, key=lambda pair: -pair[1])[:limit]

    def to_geography(self, unit_id: str, on: date) -> str:
        """Return the id of the unit that a unit had become, or still was, on a date.

        This carries answers to the newest common geography: old units are added together, never split.

        Parameters
        ----------
        unit_id : str
            A unit of any time.
        on : date
            The date of the geography wanted.

        Raises
        ------
        KeyError
            If the register has no such unit.
        ValueError
            If the unit is younger than the date (it would have to be split), or ended without a successor.
        """
        unit = self.get(unit_id)
        if on < unit.valid_from:
            raise ValueError(
                f"{unit_id!r} exists only from {unit.valid_from} and cannot be carried back to {on}: "
                "units are added together, never split. Choose the newer of the two dates"
            )
        heir = self._heir(unit, on)
        if heir is None:
            raise ValueError(f"{unit_id!r} ended without a successor that exists on {on}")
        return heir.unit_id

    def _heir(self, unit: Unit, on: date) -> Unit | None:
        """Return what a unit had become on a date after it began, or None if its line had ended."""
        heir: Unit | None = unit
        while heir is not None and not heir.exists(on):
            heir = self.get(heir.successor) if heir.successor is not None else None
        return heir

    def in_place_of(self, unit_id: str, on: date) -> tuple[Unit, ...]:
        """Return the units that stood on a date where a unit stood at another time.

        Examples
        --------
        >>> old = Unit("norrmalm", "Norrmalm", "Norrmalm", "district", "", date(2019, 1, 1),
        ...            date(2023, 6, 30), "norra-innerstaden")
        >>> new = Unit("norra-innerstaden", "Norra innerstaden", "", "district", "", date(2023, 7, 1))
        >>> register = Register((old, new))
        >>> [unit.unit_id for unit in register.in_place_of("norra-innerstaden", date(2021, 10, 1))]
        ['norrmalm']
        >>> [unit.unit_id for unit in register.in_place_of("norrmalm", date(2024, 1, 1))]
        ['norra-innerstaden']
        """
        unit = self.get(unit_id)
        if on < unit.valid_from:
            return tuple(before for before in self.at(on) if self._heir(before, unit.valid_from) == unit)
        heir = self._heir(unit, on)
        return () if heir is None else (heir,)


# --- Files ---


@dataclass(frozen=True)
class _Row:
    """A row of a file: its line and its cells, stripped."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


def _decode(path: Path, file: str) -> str:
    """Return the text of a UTF-8 file, without a byte order mark."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError.one(
            file, f"the file cannot be read ({error.strerror})", "Put the file there, readable"
        ) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError.one(
            file,
            f"the file is not UTF-8 (byte {content[error.start]:#04x} cannot be read)",
            "Save it again as 'CSV UTF-8 (comma delimited)'",
            line=content.count(b"\n", 0, error.start) + 1,
        ) from error


def _records(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line of the file, stripped cells) of each record that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError.one(
                file, f"the row is not valid CSV ({error})", "Correct the quotation marks", line=line
            ) from error
        if any(cells):
            yield line, cells


def _read_rows(path: Path, columns: Iterable[str], file: str) -> tuple[list[_Row], list[Problem]]:
    """Return the rows of a CSV file that can be read, and what is wrong with the others.

    Raises `InputError` where no row can be judged: no file, not UTF-8, not CSV, empty, or columns missing.
    """
    records = list(_records(_decode(path, file), file))
    if not records:
        raise InputError.one(file, "the file is empty", f"Begin it with the header {','.join(columns)}")
    (header_line, header), *body = records
    _check_header(header, header_line, columns, file)
    if not body:
        raise InputError.one(file, "there are no rows under the header", "Add a row for each unit")
    rows, problems = [], []
    for line, cells in body:
        if len(cells) == len(header):
            rows.append(_Row(line, dict(zip(header, cells, strict=True))))
        else:
            what = f"the row has {len(cells)} cells, the header {len(header)}"
            problems.append(Problem(file, what, "Put text that contains a comma in quotation marks", line))
    return rows, problems


def _check_header(header: list[str], line: int, columns: Iterable[str], file: str) -> None:
    """Raise `InputError` with every column that is missing or repeated."""
    separator = next(
        (name for sign, name in ((";", "semicolons"), ("\t", "tabs")) if sign in header[0]), None
    )
    if len(header) == 1 and separator is not None:
        raise InputError.one(
            file, f"the columns are separated by {separator}", "Save it with commas", line=line
        )
    problems = [
        Problem(file, "the column is missing", "Add it to the header and to every row", line, column)
        for column in columns
        if column not in header
    ] + [
        Problem(file, "the column stands there twice", "Keep one of them", line, column)
        for column in columns
        if header.count(column) > 1
    ]
    if problems:
        raise InputError(problems)


def _parse_date(cell: str) -> date | None:
    """Return the date that a cell holds as YYYY-MM-DD; None where it holds none."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
        return None
    try:
        return date.fromisoformat(cell)
    except ValueError:  # such as 2021-02-30: reported by _wrong_dates
        return None


def _wrong_dates(row: _Row, first: str, second: str, file: str) -> list[Problem]:
    """Return what is wrong with two columns of dates, of which the second may not come before the first."""
    problems = [
        Problem(
            file,
            f"{row[column]!r} is not a date",
            "Write it as YYYY-MM-DD, e.g. 2023-07-01",
            row.line,
            column,
        )
        for column in (first, second)
        if row[column] and _parse_date(row[column]) is None
    ]
    start, end = _parse_date(row[first]), _parse_date(row[second])
    if start and end and end < start:
        what = f"{second} {end} is before {first} {start}"
        problems.append(Problem(file, what, "Correct one of the two dates", row.line, second))
    return problems


def _repeated(rows: list[_Row], file: str, do: str) -> list[Problem]:
    """Return a problem for each row whose ``unit_id`` stands on an earlier row."""
    first: dict[str, int] = {}
    problems = []
    for row in rows:
        unit_id = row["unit_id"]
        if unit_id and first.setdefault(unit_id, row.line) != row.line:
            what = f"{unit_id!r} stands already on line {first[unit_id]}"
            problems.append(Problem(file, what, do, row.line, "unit_id"))
    return problems


def _unit_in(row: _Row, file: str) -> tuple[Unit | None, list[Problem]]:
    """Return the unit in a row of the register, or what is wrong with the row by itself."""
    problems = [
        Problem(file, "the cell is empty", "Fill it in", row.line, column)
        for column in ("unit_id", "name", "short", "kind", "valid_from")
        if not row[column]
    ]

    def wrong(what: str, do: str, column: str) -> None:
        problems.append(Problem(file, what, do, row.line, column))

    if row["unit_id"] and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row["unit_id"]):
        wrong(f"{row['unit_id']!r} is not an id", "Use a-z, 0-9 and single hyphens", "unit_id")
    if row["kind"] and row["kind"] not in KIND_LABELS:
        wrong(f"the kind {row['kind']!r} is unknown", f"Use one of: {', '.join(KIND_LABELS)}", "kind")
    problems += _wrong_dates(row, "valid_from", "valid_to", file)
    if row["successor"] and not row["valid_to"]:
        wrong("the unit has a successor but no last day", "Fill in valid_to or remove it", "successor")
    aliases = tuple(alias.strip() for alias in row["aliases"].split("|")) if row["aliases"] else ()
    if not all(normalise(alias) for alias in aliases):
        wrong("an alias is empty", "Write aliases as A|B|C, each with a name in it", "aliases")
    valid_from, valid_to = _parse_date(row["valid_from"]), _parse_date(row["valid_to"])
    if problems or valid_from is None:
        return None, problems
    plain = {column: row[column] for column in ("unit_id", "name", "short", "kind", "board")}
    successor = row["successor"] or None
    return Unit(**plain, valid_from=valid_from, valid_to=valid_to, successor=successor, aliases=aliases), []


def _wrong_successors(units: Mapping[int, Unit], ids: set[str], file: str) -> list[Problem]:
    """Return a problem for each successor that is unknown or does not exist the day after."""
    by_id = {unit.unit_id: unit for unit in units.values()}
    problems = []
    for line, unit in units.items():
        if unit.successor is None or unit.valid_to is None:
            continue
        if unit.successor not in ids:
            what = f"the successor {unit.successor!r} is not in the register"
            do = "Correct the id or add the unit"
        elif (after := by_id.get(unit.successor)) and not after.exists(unit.valid_to + timedelta(days=1)):
            what = f"the successor {unit.successor!r} does not exist on the day after {unit.valid_to}"
            do = "Correct the successor or the dates, so that there is neither gap nor circle"
        else:
            continue
        problems.append(Problem(file, what, do, line, "successor"))
    return problems


def _shared_names(units: Mapping[int, Unit], file: str) -> list[Problem]:
    """Return a problem for each name that means two units while both exist.

    Names are compared as `Register.match` compares them, genitives included.
    """
    holders: dict[str, list[tuple[int, Unit, str]]] = defaultdict(list)
    for line, unit in units.items():
        for name in unit.normalised_names:
            holders[_without_genitive(name)].append((line, unit, name))
    problems = []
    for same_key in holders.values():
        for (_, first, _), (line, second, name) in combinations(same_key, 2):
            later_start = max(first.valid_from, second.valid_from)
            if first.unit_id != second.unit_id and first.exists(later_start) and second.exists(later_start):
                what = f"the name {name!r} also means {first.unit_id!r}, which exists at the same time"
                column = second.normalised_names[name]
                problems.append(Problem(file, what, "Keep the name with one of the two", line, column))
    return list(dict.fromkeys(problems))


def read_invited(path: Path, register: Register, on: date, *, name: str | None = None) -> pd.DataFrame:
    """Read and check who was invited to a survey: one row for each unit.

    Parameters
    ----------
    path : Path
        A file with the columns `INVITED_COLUMNS`: UTF-8, comma-separated, dates as YYYY-MM-DD.
    register : Register
        The units there are.
    on : date
        The survey's date: every invited unit must exist on it.
    name : str, optional
        What messages call the file; the path if not given.

    Returns
    -------
    pandas.DataFrame
        Columns `INVITED_COLUMNS`, all text, in the order of the file; what is not filled in is ``""``.

    Raises
    ------
    InputError
        With everything that is wrong: file, missing columns, no rows, units that are unknown, repeated or did
        not exist on the date, dates that are none or in the wrong order.
    """
    file = str(path) if name is None else name
    rows, problems = _read_rows(path, INVITED_COLUMNS, file)
    for row in rows:
        problems += _wrong_invitation(row, register, on, file)
    problems += _repeated(rows, file, "Keep one row for each unit")
    if problems:
        raise InputError(sorted(problems, key=lambda problem: problem.line or 0))
    return pd.DataFrame(
        [[row[c] for c in INVITED_COLUMNS] for row in rows], columns=INVITED_COLUMNS, dtype="str"
    )


def _wrong_invitation(row: _Row, register: Register, on: date, file: str) -> list[Problem]:
    """Return what is wrong with one row of ``invited.csv`` by itself."""
    problems: list[Problem] = []
    unit_id = row["unit_id"]
    if unit_id not in register:
        what = f"the unit {unit_id!r} is not in the register" if unit_id else "the cell is empty"
        do = f"Write one of: {', '.join(unit.unit_id for unit in register.at(on))}"
        problems.append(Problem(file, what, do, row.line, "unit_id"))
    elif not (unit := register.get(unit_id)).exists(on):
        what, do = _not_there(unit, register, on)
        problems.append(Problem(file, what, do, row.line, "unit_id"))
    return problems + _wrong_dates(row, "sent", "reminded", file)


def _not_there(unit: Unit, register: Register, on: date) -> tuple[str, str]:
    """Say that a unit did not exist on a date, and which units stood in its place."""
    when = f"only from {unit.valid_from}" if on < unit.valid_from else f"only until {unit.valid_to}"
    instead = " and ".join(repr(other.unit_id) for other in register.in_place_of(unit.unit_id, on))
    do = "Remove it or correct the date" + (f"; on that date there was {instead}" if instead else "")
    return f"{unit.unit_id!r} existed {when}, and the survey's date is {on}", do
