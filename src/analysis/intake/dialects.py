"""The survey tools: how each writes its headers, and which columns of an export hold what.

Each tool is a small class. `find_table` asks them in turn which one recognises an export.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import pandas as pd

from analysis.intake.decode import Grid, one_line
from analysis.problems import InputError
from analysis.survey.instrument import fold

Role = Literal["answer", "id", "started", "submitted", "technical", "personal"]
Rows = Sequence[Sequence[str]]

ROLES: dict[str, Role] = {
    **dict.fromkeys(("id", "svarsid", "svars-id", "respondent id", "respondentid", "response id", "responseid",
                     "contribution id", "respons-id"), "id"),
    **dict.fromkeys(("starttid", "start time", "start date", "startdate", "date started"), "started"),
    **dict.fromkeys(("slutförandetid", "completion time", "end date", "enddate", "timestamp", "tidstämpel",
                     "submitdate", "date submitted", "creation date", "inskickat", "svarsdatum"), "submitted"),
    **dict.fromkeys(("collector id", "collectorid", "lastpage", "last page", "startlanguage", "start language",
                     "seed", "datestamp", "date last action", "refurl", "referrer url", "last update", "languages",
                     "språk", "senast ändrad", "last modified time", "custom data 1", "status", "sista sidan"),
                    "technical"),
    **dict.fromkeys(("e-post", "email", "e-mail", "email address", "e-postadress", "namn", "name", "first name",
                     "last name", "ip address", "ip-adress", "ipaddr", "ipaddress", "user name", "username",
                     "användarnamn", "token", "befattning", "telefon", "phone"), "personal"),
}  # fmt: skip
"""What columns that every tool adds are called, folded."""


@dataclass(frozen=True)
class RawColumn:
    """One column of an export.

    Attributes
    ----------
    position : int
        0-based column of the grid.
    header : str
        The header on one line, unique within the export.
    role : str
        ``answer``, or what a column that the tool adds is for.
    question, item, code : str
        The question's text, the sub-question's or option's text, and the tool's own code for the question,
        each ``""`` where there is none.
    """

    position: int
    header: str
    role: Role
    question: str
    item: str = ""
    code: str = ""


@dataclass(frozen=True)
class Table:
    """The table found in an export.

    Attributes
    ----------
    dialect : Dialect
        The survey tool.
    columns : tuple of RawColumn
        In the order of the file.
    cells : DataFrame
        The rows below the header, as in `Grid.cells`.
    header_row : int
        1-based number of the last header row.
    exported : date or None
        The date of the export, where the file says it.
    """

    dialect: Dialect
    columns: tuple[RawColumn, ...]
    cells: pd.DataFrame
    header_row: int
    exported: dt.date | None = None

    @property
    def overflow(self) -> list[int]:
        """Positions of grid columns that have no header and are no column: cells there are shifted."""
        return [p for p in self.cells.columns if p not in {c.position for c in self.columns}]


class Dialect:
    """A table with one header row: the generic case, and the base of all survey tools."""

    name: ClassVar[str] = "table"
    separator: ClassVar[str] = ";"
    """Between the options of a multiple-choice question in one cell."""

    def find_header(self, rows: Rows) -> range | None:
        """Return the header rows (0-based) if the rows look like this tool's export, else None."""
        filled = [sum(bool(c.strip()) for c in row) for row in rows]
        most = max(filled, default=0)
        first = next((i for i, n in enumerate(filled) if n * 2 > most), None)
        return None if first is None else range(first, first + 1)

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns that the header rows describe."""
        return [self.column(i, one_line(text)) for i, text in enumerate(header[0])]

    def column(self, position: int, header: str) -> RawColumn:
        """Return the column with that header."""
        return RawColumn(position, header, ROLES.get(fold(header), "answer"), header)

    def label(self, cell: str) -> str:
        """Return the label that a cell of a closed question shows, without the tool's own code."""
        return cell

    def exported(self, rows: Rows) -> dt.date | None:
        """Return the date of the export, if the rows above the header tell it."""
        return None


class MicrosoftForms(Dialect):
    """Microsoft Forms, Swedish or English: ``ID, Starttid, Slutförandetid, E-post, Namn``, then the questions."""

    name = "microsoft_forms"

    def find_header(self, rows: Rows) -> range | None:
        """Return the row that begins with the number and the two times of a form."""
        for i, row in enumerate(rows[:5]):
            if [fold(c) for c in row[:3]] in (
                ["id", "starttid", "slutförandetid"],
                ["id", "start time", "completion time"],
            ):
                return range(i, i + 1)
        return None


class GoogleForms(Dialect):
    """Google Forms: ``Tidstämpel`` or ``Timestamp`` first, grids as ``Question [row]``."""

    name = "google_forms"
    separator = ", "

    def find_header(self, rows: Rows) -> range | None:
        """Return the first row if it begins with the time stamp."""
        return range(1) if rows and rows[0] and fold(rows[0][0]) in ("tidstämpel", "timestamp") else None

    def column(self, position: int, header: str) -> RawColumn:
        """Return the column; a row of a grid stands in brackets after the question."""
        grid = re.fullmatch(r"(.+?) \[(.+)\]", header)
        if grid:
            return RawColumn(position, header, "answer", grid[1], grid[2])
        return super().column(position, header)


class LimeSurvey(Dialect):
    """LimeSurvey with codes and texts: ``code. Text``, ``code[SQ001]. Text [item]``."""

    name = "limesurvey"
    _header = re.compile(
        r"(?P<code>[A-Za-z]\w*)(\[(?P<sub>[^\]]*)\])?\. ?(?P<text>.*?)(?: ?\[(?P<item>[^\[\]]*)\])?"
    )
    _timing = re.compile(r"interviewtime|groupTime\d+")

    def find_header(self, rows: Rows) -> range | None:
        """Return the first row if most of its cells begin with a code and a full stop."""
        named = [one_line(c) for c in rows[0] if c.strip()] if rows else []
        fitting = sum(bool(self._header.fullmatch(c)) for c in named)
        return range(1) if len(named) > 1 and fitting * 2 > len(named) else None

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns; how long each question took (``codeTime``) is technical."""
        found = super().columns(header)
        codes = {c.code for c in found}
        return [
            replace(c, role="technical")
            if self._timing.fullmatch(c.code) or (c.code.endswith("Time") and c.code[:-4] in codes)
            else c
            for c in found
        ]

    def column(self, position: int, header: str) -> RawColumn:
        """Return the column: its code, question, and sub-question."""
        match = self._header.fullmatch(header)
        if not match:
            return super().column(position, header)
        code, sub, text, item = match["code"], match["sub"], match["text"].strip(), match["item"] or ""
        role: Role = "answer" if sub else ROLES.get(code.casefold(), ROLES.get(fold(text), "answer"))
        if sub is None and item:  # a bracket that belongs to the question's own text
            text, item = f"{text} [{item}]", ""
        return RawColumn(
            position, header, role, text or code, item or (sub if sub and not text else ""), code
        )


class SurveyMonkey(Dialect):
    """SurveyMonkey: ``Respondent ID`` first; options in a second header row, or after a dash in a single one."""

    name = "surveymonkey"

    def find_header(self, rows: Rows) -> range | None:
        """Return the first row, or the first two where the second holds options."""
        if not rows or not rows[0] or fold(rows[0][0]) not in ("respondent id", "respondentid"):
            return None
        second = rows[1] if len(rows) > 1 else []
        return range(2) if second and not second[0].strip() and any(c.strip() for c in second) else range(1)

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns; those of one question stand together."""
        if len(header) == 1:
            return share_questions(super().columns(header), re.compile(r"(?P<question>.+) - (?P<item>.+)"))
        found, question = [], ""
        for i, (top, below) in enumerate(zip(header[0], header[1], strict=True)):
            question, item = one_line(top) or question, one_line(below)
            if fold(item) in ("response", "open-ended response", "svar", "öppet svar"):
                item = ""
            found.append(
                replace(
                    self.column(i, question), header=f"{question} [{item}]" if item else question, item=item
                )
            )
        return found


class EUSurvey(Dialect):
    """EUSurvey content export: preamble rows, ``Question (ID76)`` headers, ``label(ID76)`` in cells."""

    name = "eusurvey"
    separator = "; "
    _id = re.compile(r"\s*\([A-Za-z]\w*\)$")

    def find_header(self, rows: Rows) -> range | None:
        """Return the first row in which most headers end with an id, below the row with the survey's alias."""
        if not rows or not rows[0] or fold(rows[0][0]) != "alias":
            return None
        for i, row in enumerate(rows[:10]):
            named = [one_line(c) for c in row if c.strip()]
            if len(named) > 2 and sum(bool(self._id.search(c)) for c in named) * 2 > len(named):
                return range(i, i + 1)
        return None

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns; the rows of a grid stand together."""
        return share_questions(super().columns(header), re.compile(r"(?P<question>.+?) ?: ?(?P<item>[^:]+)"))

    def column(self, position: int, header: str) -> RawColumn:
        """Return the column, its id taken off the question."""
        plain = super().column(position, header)
        match = self._id.search(header)
        if not match:
            return plain
        return replace(plain, question=self._id.sub("", header), code=match.group().strip(" ()"))

    def label(self, cell: str) -> str:
        """Return the label without the id that stands after it."""
        return self._id.sub("", cell)

    def exported(self, rows: Rows) -> dt.date | None:
        """Return the export date that stands above the header."""
        for row in rows:
            if row and fold(row[0]) == "export date" and re.match(r"\d{4}-\d\d-\d\d", row[1]):
                return dt.date.fromisoformat(row[1][:10])
        return None


def share_questions(columns: Sequence[RawColumn], pattern: re.Pattern[str]) -> list[RawColumn]:
    """Return the columns, those side by side whose texts begin with the same question as its items.

    Parameters
    ----------
    columns : sequence of RawColumn
    pattern : Pattern
        Splits a column's text into the groups ``question`` and ``item``. A text that shares its question with no
        neighbour stays whole.

    Examples
    --------
    >>> texts = ["Which pie? - Apple", "Which pie? - Peach", "Age - years"]
    >>> columns = [RawColumn(i, t, "answer", t) for i, t in enumerate(texts)]
    >>> shared = share_questions(columns, re.compile(r"(?P<question>.+) - (?P<item>.+)"))
    >>> [(c.question, c.item) for c in shared]
    [('Which pie?', 'Apple'), ('Which pie?', 'Peach'), ('Age - years', '')]
    """

    def question(column: RawColumn) -> object:
        match = pattern.fullmatch(column.question)
        return match["question"] if match and column.role == "answer" else column.position

    shared: list[RawColumn] = []
    for stem, group in itertools.groupby(columns, key=question):
        together = list(group)
        if len(together) == 1 or not isinstance(stem, str):
            shared += together
            continue
        items = [match["item"] for c in together if (match := pattern.fullmatch(c.question))]
        first = together[0]
        shared += [
            replace(c, question=stem, item=item, code=first.code)
            for c, item in zip(together, items, strict=True)
        ]
    return shared


DIALECTS: tuple[Dialect, ...] = (
    MicrosoftForms(),
    GoogleForms(),
    SurveyMonkey(),
    EUSurvey(),
    LimeSurvey(),
    Dialect(),
)
"""Every survey tool, the most telling first; the generic table last."""


def find_table(grid: Grid, name: str, dialect: str | None = None) -> Table:
    """Find the table of submissions in an export.

    Parameters
    ----------
    grid : Grid
        The decoded export.
    name : str
        The file's name for messages.
    dialect : str, optional
        The survey tool, where a person has settled it.

    Raises
    ------
    InputError
        If no header is found, the chosen tool does not fit, or no answers follow the header.
    """
    top = grid.cells.head(30).to_numpy().tolist()
    tools = [d for d in DIALECTS if dialect in (None, d.name)]
    for tool in tools:
        rows = tool.find_header(top)
        if rows is not None:
            break
    else:
        raise InputError.one(
            name, f"the file does not look like an export of {dialect}", "Leave out `dialect`, or use table"
        )
    header = top[rows.start : rows.stop]
    body = grid.cells.iloc[rows.stop :]
    body = body[(body != "").any(axis=1)]
    if body.empty:
        raise InputError.one(
            name, "there is a header but no answers below it", "Export the survey with its answers"
        )
    columns = _named(tool.columns(header), body)
    if not any(c.role == "answer" for c in columns):
        raise InputError.one(
            name,
            "no column looks like a question",
            "Check that this is the export with answers, and its delimiter",
        )
    return Table(tool, columns, body, rows.stop, tool.exported(top[: rows.start]))


def _named(columns: list[RawColumn], body: pd.DataFrame) -> tuple[RawColumn, ...]:
    """Give every column a unique header; leave out those without a header that hold next to nothing."""
    kept: list[RawColumn] = []
    seen: Counter[str] = Counter()
    last = max((c.position for c in columns if c.header), default=-1)
    for column in columns:
        if not column.header:
            filled = body[column.position] != ""
            if column.position > last or not filled.any():
                continue  # cells beyond the header are overflow, judged row by row
            counting = filled.all() and body[column.position].is_unique
            unnamed = f"(column {column.position + 1})"
            column = replace(
                column, header=unnamed, question=unnamed, role="technical" if counting else "answer"
            )
        seen[column.header] += 1
        if seen[column.header] > 1:
            column = replace(column, header=f"{column.header} ({seen[column.header]})")
        kept.append(column)
    return tuple(kept)
