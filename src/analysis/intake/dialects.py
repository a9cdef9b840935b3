"""The survey tools: how each writes its headers, and which columns of an export hold what.

Each tool is a small class. `find_table` asks them in turn which one recognises an export.
"""

from __future__ import annotations

import datetime as dt
import difflib
import itertools
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.intake.cells import Mask, distinct, each, filled, is_blank, one_line
from analysis.intake.decode import Grid
from analysis.intake.parse import NO
from analysis.problems import InputError, Problem
from analysis.survey.instrument import Columns, fold

Role = Literal["answer", "id", "started", "submitted", "technical", "personal"]
Rows = Sequence[Sequence[str]]

MOST_PREAMBLE = 10
"""How many rows may stand above the header of a survey tool's export."""


def _roles(**names: str) -> dict[str, Role]:
    """Return the role of each header (folded), from headers separated by ``|`` for each role."""
    return {
        fold(header): cast("Role", role) for role, headers in names.items() for header in headers.split("|")
    }


PERSONAL = _roles(
    personal="e-post|e-postadress|email|e-mail|email address|e-mail address|namn|name|förnamn|first name|efternamn"
    "|last name|ip address|ip-adress|ipaddr|ipaddress|user name|username|användarnamn|token|befattning|telefon"
    "|telefonnummer|phone|phone number|personnummer"
)
"""Headers under which people say who they are, whichever the tool (folded)."""


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
    repeats : bool
        Whether it says once more what other columns say, one for each option.
    """

    position: int
    header: str
    role: Role
    question: str
    item: str = ""
    code: str = ""
    repeats: bool = False


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
    repeated : array of bool
        Which rows of `cells` repeat a row of the header.
    exported : date or None
        The date of the export, where the file says it.
    widths : array of int, optional
        How many cells each record of a text file has, one for each row of `cells`.
    delimiter : str, optional
        Between the cells of a text file.
    """

    dialect: Dialect
    columns: tuple[RawColumn, ...]
    cells: pd.DataFrame
    header_row: int
    repeated: Mask
    exported: dt.date | None = None
    widths: npt.NDArray[np.int32] | None = None
    delimiter: str | None = None

    @property
    def overflow(self) -> list[int]:
        """Positions of grid columns that have no header and are no column: cells there are shifted."""
        return [p for p in self.cells.columns if p not in {c.position for c in self.columns}]


class Dialect:
    """A table that no tool claims: the generic case, and the base of all survey tools."""

    name: ClassVar[str] = "table"
    format: ClassVar[str | None] = None
    """The only file format (`Grid.format`) that the tool writes; any but ``sav`` if None."""
    separator: ClassVar[str] = ";"
    """Between the options of a multiple-choice question in one cell."""
    guesses: ClassVar[tuple[str, ...]] = (", ", "\n")
    """What else may stand there."""
    own: ClassVar[Mapping[str, Role]] = _roles(
        id="id|svarsid|svars-id|respondent id|respondentid|response id|responseid|contribution id|respons-id",
        started="starttid|start time|start date|startdate|date started",
        submitted="slutförandetid|completion time|end date|enddate|timestamp|tidstämpel|submitdate|date submitted"
        "|creation date|inskickat|svarsdatum",
        technical="collector id|collectorid|lastpage|last page|startlanguage|start language|seed|datestamp"
        "|date last action|refurl|referrer url|last update|languages|språk|senast ändrad|last modified time"
        "|custom data 1|status|sista sidan",
    )
    """Columns that the tool adds to the questions, by header (folded)."""

    def find_header(self, rows: Rows) -> range | None:
        """Return the header rows (0-based) if the rows look like this tool's export, else None."""
        first = _first_full(rows)
        return None if first is None else range(first, first + 1)

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns that the header rows describe.

        The texts of several rows are joined. An empty cell above the last row repeats the one to its left, as merged
        cells do; columns that share what stands above belong to one question.
        """
        *above, last = [[one_line(cell) for cell in row] for row in header]
        spread = [_filled_right(row, last) for row in above]
        upper = [" – ".join(filter(None, texts)) for texts in zip(*spread, strict=True)] or [""] * len(last)
        together = Counter(text for text, below in zip(upper, last, strict=True) if text and below)
        found = []
        for i, (text, below) in enumerate(zip(upper, last, strict=True)):
            column = self.column(i, " – ".join(filter(None, (text, below))))
            if together[text] > 1 and below and column.role == "answer":
                column = replace(column, question=text, item=below)
            found.append(column)
        return found

    def column(self, position: int, header: str) -> RawColumn:
        """Return the column with that header."""
        role = self.own.get(fold(header)) or PERSONAL.get(fold(header), "answer")
        return RawColumn(position, header, role, header)

    def label(self, cell: str) -> str:
        """Return the label that a cell of a closed question shows, without the tool's own code."""
        return cell

    def codes(self, table: Table) -> re.Pattern[str] | None:
        """Return what an option looks like where the export holds codes in place of labels; None if it has labels."""
        return None

    def exported(self, rows: Rows) -> dt.date | None:
        """Return the date of the export, if the rows above the header tell it."""
        return None

    def doubts(self, table: Table) -> list[str]:
        """Return what a person must settle about the submissions, a sentence each."""
        return []


def counted(n: int, thing: str, verb: tuple[str, str] | None = None) -> str:
    """Return a number and what it counts, in singular or plural, with its verb.

    Examples
    --------
    >>> counted(1, "submission", ("has", "have")), counted(2, "question")
    ('1 submission has', '2 questions')
    """
    words = f"{n} {thing}" if n == 1 else f"{n} {thing}s"
    return f"{words} {verb[n != 1]}" if verb else words


def _unfinished(n: int, sign: str) -> str:
    what = counted(n, "submission", ("is", "are"))
    return (
        f"{what} unfinished by the survey tool's own word ({sign}): take such out of its export, or say that they "
        "count."
    )


def _first_full(rows: Rows) -> int | None:
    """Return the first row that is filled in for more than half of the fullest one."""
    given = [sum(bool(c.strip()) for c in row) for row in rows]
    most = max(given, default=0)
    return next((i for i, n in enumerate(given) if n * 2 > most), None)


def _filled_right(row: Sequence[str], last: Sequence[str]) -> list[str]:
    """Return a header row whose empty cells repeat the one to the left, where something stands in the last row."""
    found: list[str] = []
    text = ""
    for cell, below in zip(row, last, strict=True):
        text = cell or text
        found.append(text if below else cell)
    return found


class Tool(Dialect, ABC):
    """A survey tool: recognised by its header, which may stand below a few other rows."""

    guesses: ClassVar[tuple[str, ...]] = ()

    def find_header(self, rows: Rows) -> range | None:
        """Return the first rows that are the tool's header, down to the first that is filled in."""
        start = next((i for i in range(len(rows)) if self.follows(rows[:i])), len(rows))
        full = _first_full(rows[start:])
        if full is None:
            return None
        for first in range(start, start + min(full, MOST_PREAMBLE) + 1):
            if height := self.height(rows[first:]):
                return range(first, first + height)
        return None

    def follows(self, above: Rows) -> bool:
        """Return whether the header may stand below these rows."""
        return True

    @abstractmethod
    def height(self, rows: Rows) -> int:
        """Return of how many rows the header is that begins with the first of these; 0 if there is none."""

    def doubts(self, table: Table) -> list[str]:
        """Return what a person must settle about the submissions: how many lack the time at which they were sent."""
        column = next((c for c in table.columns if c.role == "submitted"), None)
        if column is None:
            return []
        blank = each(table.cells[column.position], is_blank, bool) & ~table.repeated
        if not blank.any() or blank.sum() == (~table.repeated).sum():
            return []
        return [_unfinished(int(blank.sum()), f"without “{column.header}”")]

    def _leading(self, header: Sequence[str]) -> int:
        """Return how many columns of the tool itself stand first."""
        return sum(1 for _ in itertools.takewhile(lambda cell: fold(one_line(cell)) in self.own, header))

    def _question(self, position: int, header: str) -> RawColumn:
        """Return a column that is no column of the tool, whatever it is called."""
        return RawColumn(position, header, PERSONAL.get(fold(header), "answer"), header)


class MicrosoftForms(Tool):
    """Microsoft Forms, Swedish or English: ``ID, Starttid, Slutförandetid, E-post, Namn``, then the questions.

    A quiz adds totals before the questions, and ``Points - …`` and ``Feedback - …`` after each. A question worded as
    another column ends with a number: ``Namn2``. No Swedish quiz has been seen; its totals are known by translation
    only, but the two columns after each question are known by their place in any language.
    """

    name = "microsoft_forms"
    own = _roles(
        id="id",
        started="starttid|start time",
        submitted="slutförandetid|completion time",
        personal="e-post|email|namn|name",
        technical="språk|language|senast ändrad|senast ändrad tid|last modified time|total points|quiz feedback"
        "|grade posted time|totalt antal poäng|totala poäng|testfeedback|feedback om test",
    )
    _times = (("starttid", "slutförandetid"), ("start time", "completion time"))
    _quiz = re.compile(r"(?P<what>\w+) [-–] (?P<question>.+)")
    _again = re.compile(r"(?P<question>.*[^\d\s])(?P<number>\d+)")

    def height(self, rows: Rows) -> int:
        """Return 1 where a row begins with the number and the two times of a form."""
        first, *times = [fold(c) for c in [*rows[0], "", "", ""][:3]]
        return int(first == "id" and tuple(times) in self._times)

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns: those of the form itself, then the questions."""
        texts = [one_line(cell) for cell in header[0]]
        leading = self._leading(texts)
        found = [self.column(i, text) for i, text in enumerate(texts[:leading])]
        for i, text in enumerate(texts[leading:], start=leading):
            column = self._question(i, text)
            match = self._again.fullmatch(text)
            if match and self._is_again(match, texts[:i]):
                column = replace(self._question(i, match["question"]), header=text)
            found.append(replace(column, role="technical") if self._is_quiz(texts, i) else column)
        return found

    def _is_again(self, match: re.Match[str], before: Sequence[str]) -> bool:
        """Return whether a header is an earlier one and the next number: 2 at first."""
        number, question = int(match["number"]), match["question"]
        return question in before and (number == 2 or f"{question}{number - 1}" in before)

    def _is_quiz(self, texts: Sequence[str], i: int) -> bool:
        """Return whether a column holds the points or the feedback of the question right before it."""
        for question in (i - 1, i - 2):
            pair = [self._quiz.fullmatch(text) for text in texts[question + 1 : question + 3]]
            if question >= 0 and len(pair) == 2 and all(m and m["question"] == texts[question] for m in pair):
                return True
        return False


class GoogleForms(Tool):
    """Google Forms: ``Tidstämpel`` or ``Timestamp`` first, grids as ``Question [row]``.

    The options of checkboxes stand with a comma between in a spreadsheet, with a semicolon in a downloaded csv.
    """

    name = "google_forms"
    separator = ", "
    guesses = (";",)
    own = _roles(
        submitted="tidstämpel|timestamp|horodateur",
        personal="username|användarnamn|e-post|e-postadress|email address|email",
        technical="score|total score|poäng|totalpoäng",
    )

    def height(self, rows: Rows) -> int:
        """Return 1 where a row begins with the time stamp."""
        return int(bool(rows[0]) and self.own.get(fold(one_line(rows[0][0]))) == "submitted")

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns; the rows of a grid stand together, and a quiz's points and feedback are technical."""
        texts = [one_line(cell) for cell in header[0]]
        leading = self._leading(texts)
        found = [self.column(i, text) for i, text in enumerate(texts[:leading])]
        for i, text in enumerate(texts[leading:], start=leading):
            question, brackets = split_brackets(text, 1)
            quiz = brackets and question in texts[:i] and fold(brackets[0]) in ("score", "feedback")
            found.append(
                replace(self._question(i, text), role="technical") if quiz else self._question(i, text)
            )
        return share_questions(found, in_brackets)


class LimeSurvey(Tool):
    """LimeSurvey: codes and texts (``code[SQ001]. Text [item]``), codes only, or texts only.

    Arrays with two scales have a second bracket, ``[SQ001][1]``; each scale is a question.
    """

    name = "limesurvey"
    own = _roles(
        id="id|response id",
        started="startdate|date started",
        submitted="submitdate|date submitted",
        technical="lastpage|last page|startlanguage|start language|seed|datestamp|date last action|refurl"
        "|referrer url|interviewtime|total time",
        personal="ipaddr|ip address|token|access code|firstname|lastname|email",
    )
    _code = re.compile(r"(?P<code>[A-Za-z]\w*)(?P<subs>(?:\[[^\]]*\])*)")
    _both = re.compile(rf"{_code.pattern}\. ?(?P<text>.*)")
    _timing = re.compile(r"groupTime\d+|(group|question) time: .+")
    _telling = ("submitdate", "lastpage", "startlanguage", "date submitted", "last page", "start language")

    def height(self, rows: Rows) -> int:
        """Return 1 where most cells begin with a code and a full stop, or the tool's own columns stand there."""
        named = [one_line(c) for c in rows[0] if c.strip()]
        fitting = sum(bool(self._both.fullmatch(c)) for c in named)
        telling = sum(fold(c) in self._telling for c in named)
        return int((len(named) > 1 and fitting * 2 > len(named)) or telling > 1)

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns; how long each question took (``codeTime``) is technical."""
        texts = [one_line(cell) for cell in header[0]]
        named = [text for text in texts if text]
        if sum(bool(self._both.fullmatch(text)) for text in named) * 2 > len(named):
            found = [self._coded(i, text, self._both.fullmatch(text)) for i, text in enumerate(texts)]
        elif any(fold(text) in self._telling[:3] for text in texts):
            found = [self._coded(i, text, self._code.fullmatch(text)) for i, text in enumerate(texts)]
        else:
            found = share_questions(
                [self._timed(self.column(i, t)) for i, t in enumerate(texts)], in_brackets
            )
        codes = {c.code for c in found if c.code}
        return [
            replace(c, role="technical") if c.code.endswith("Time") and c.code[:-4] in codes else c
            for c in found
        ]

    def _timed(self, column: RawColumn) -> RawColumn:
        timing = self._timing.fullmatch(column.code or fold(column.header))
        return replace(column, role="technical") if timing else column

    def _coded(self, position: int, header: str, match: re.Match[str] | None) -> RawColumn:
        """Return the column of a header with a code: its question, and the sub-question and scale in brackets."""
        if not match:
            return self._question(position, header)
        code, subs = match["code"], re.findall(r"\[([^\]]*)\]", match["subs"])
        text = (match.groupdict().get("text") or "").strip()
        role: Role = self.own.get(code.casefold()) or PERSONAL.get(fold(text), "answer")
        if not subs:
            return self._timed(RawColumn(position, header, role, text or code, "", code))
        two_texts = len(subs) > 1 or "_" in subs[0]
        question, brackets = split_brackets(text, 2 if two_texts else 1)
        if not question:
            question, brackets = text or code, subs
        if len(subs) > 1 and len(brackets) > 1:  # a scale of its own, for all its rows
            question, code, brackets = f"{question} [{brackets[-1]}]", f"{code}_{subs[-1]}", brackets[:-1]
        if subs[0].endswith(("other", "comment")):  # a text beside the options
            code = f"{code}_{subs[0]}"
        role = "technical" if subs[-1] == "filecount" else "answer"
        return RawColumn(position, header, role, question, " – ".join(filter(None, brackets)), code)

    def codes(self, table: Table) -> re.Pattern[str] | None:
        """Return the codes that the tool proposes for options, and its own for yes, no and other."""
        return re.compile(r"[A-Z]{1,3}\d{1,4}|[YNU]|-oth-")


class SurveyMonkey(Tool):
    """SurveyMonkey: ``Respondent ID`` first; options in a second header row, or after a dash in a single one."""

    name = "surveymonkey"
    guesses = (", ",)
    own = _roles(
        id="respondent id|respondentid",
        started="start date|startdate",
        submitted="end date|enddate",
        technical="collector id|collectorid|date created|date modified",
        personal="ip address|ipaddress|email address|emailaddress|first name|firstname|last name|lastname",
    )
    _custom = re.compile(r"custom( data|value|data)? ?\d+")
    _plain = ("response", "open-ended response", "svar", "öppet svar")

    def height(self, rows: Rows) -> int:
        """Return 1, or 2 where the second row holds options."""
        if not rows[0] or self.own.get(fold(one_line(rows[0][0]))) != "id":
            return 0
        second = rows[1] if len(rows) > 1 else []
        return 2 if second and not second[0].strip() and any(c.strip() for c in second) else 1

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns; those of one question stand together."""
        top = [one_line(cell) for cell in header[0]]
        leading = sum(1 for _ in itertools.takewhile(self._is_own, top))
        if len(header) == 1:
            found = [self._own_or_question(i, text, i < leading) for i, text in enumerate(top)]
            return share_questions(found, after_dash)
        found, question = [], ""
        for i, (text, below) in enumerate(zip(top, map(one_line, header[1]), strict=True)):
            question = text or question
            item = "" if fold(below) in self._plain else below
            column = self._own_or_question(i, question, i < leading and not below)
            if item:
                role = PERSONAL.get(fold(item), column.role)
                column = replace(column, header=f"{question} [{item}]", item=item, role=role)
            found.append(column)
        return found

    def _is_own(self, header: str) -> bool:
        return fold(header) in self.own or self._custom.fullmatch(fold(header)) is not None

    def _own_or_question(self, position: int, header: str, own: bool) -> RawColumn:
        if not own:
            return self._question(position, header)
        return RawColumn(position, header, self.own.get(fold(header), "technical"), header)


class EUSurvey(Tool):
    """EUSurvey content export: preamble rows, ``Question (ID76)`` headers, ``label(ID76)`` in cells."""

    name = "eusurvey"
    separator = "; "
    own = _roles(
        id="contribution id",
        submitted="creation date",
        technical="last update|languages|alias",
        personal="user name|invitation number",
    )
    _id = re.compile(r"\s*\([A-Za-z]\w*\)$")

    def follows(self, above: Rows) -> bool:
        """Return whether the survey's alias stands above."""
        return any(row and fold(row[0]) == "alias" for row in above)

    def height(self, rows: Rows) -> int:
        """Return 1 where most headers of a row end with an id."""
        named = [one_line(c) for c in rows[0] if c.strip()]
        return int(len(named) > 2 and sum(bool(self._id.search(c)) for c in named) * 2 > len(named))

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns; the rows of a grid stand together."""
        return share_questions(super().columns(header), _after_colon)

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


class Qualtrics(Tool):
    """Qualtrics: names, texts, and ``{"ImportId":…}`` in three header rows; options as texts or as codes."""

    name = "qualtrics"
    separator = ","
    own = _roles(
        id="responseid",
        started="startdate",
        submitted="enddate",
        technical="status|progress|duration (in seconds)|finished|recordeddate|distributionchannel|userlanguage",
        personal="ipaddress|recipientlastname|recipientfirstname|recipientemail|externalreference|locationlatitude"
        "|locationlongitude",
    )
    _technical = re.compile(
        r"Q_[A-Z][A-Za-z]+|.+_(First Click|Last Click|Page Submit|Click Count|Browser|Version|Operating System"
        r"|Resolution)|.+_DO(_.+)?"
    )
    _number = re.compile(r"(?P<stem>.+)_\d+")
    _chosen = " - Selected Choice"
    _real = ("ip address", "anonymous", "0", "")

    def height(self, rows: Rows) -> int:
        """Return 3, or 2 where the texts have been taken away: the last row holds the import ids."""
        for i, row in enumerate(rows[1:3], start=2):
            given = [cell for cell in row if cell.strip()]
            if given and all(cell.lstrip().startswith('{"ImportId"') for cell in given):
                return i
        return 0

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns; those of one question are ``Q3_1``, ``Q3_2`` … and share the beginning of their text."""
        names = [one_line(cell) for cell in header[0]]
        texts = [one_line(cell) for cell in header[-2]]
        found = []
        for i, (name, text) in enumerate(zip(names, texts, strict=True)):
            text = text or name
            role = self.own.get(fold(name)) or PERSONAL.get(fold(text), "answer")
            role = "technical" if self._technical.fullmatch(name) else role
            found.append(RawColumn(i, name, role, text.removesuffix(self._chosen), code=name))
        together: dict[str, list[RawColumn]] = {}
        for column in found:
            match = self._number.fullmatch(column.code)
            if match and column.role == "answer":
                together.setdefault(match["stem"], []).append(column)
        for stem, columns in together.items():
            for column in self._share(stem, columns):
                found[column.position] = column
        return found

    def _share(self, stem: str, columns: list[RawColumn]) -> list[RawColumn]:
        """Return the columns of one question with their items, where their texts begin with the same question."""
        alike = itertools.takewhile(
            lambda letters: len(set(letters)) == 1, zip(*(c.question for c in columns), strict=False)
        )
        begin = "".join(letters[0] for letters in alike)
        mark = f"{self._chosen} - "
        end = begin.find(mark) + len(mark) if mark in begin else begin.rfind(" - ") + len(" - ")
        question = begin[:end].removesuffix(" - ").removesuffix(self._chosen)
        if " - " not in begin or not question.strip():
            return columns
        return [replace(c, question=question, item=c.question[end:], code=stem) for c in columns]

    def codes(self, table: Table) -> re.Pattern[str] | None:
        """Return whole numbers, unless the column ``Finished`` tells that the export holds texts."""
        finished = _texts_of(table, "finished")
        return re.compile(r"-?\d+") if finished <= {"0", "1"} else None

    def doubts(self, table: Table) -> list[str]:
        """Tell of submissions that are previews, tests, spam, or imported, and of those that were not finished."""
        found = super().doubts(table)
        odd, seen = _odd(table, "status", lambda text: text not in self._real)
        if odd:
            have = counted(odd, "submission", ("has", "have"))
            found.append(
                f"{have} the Status {seen}: take previews and tests out of the survey tool's export."
            )
        odd, seen = _odd(table, "finished", lambda text: text in NO)
        return [*found, _unfinished(odd, f"Finished {seen}")] if odd else found


class KoboToolbox(Tool):
    """KoboToolbox: ``group/question`` headers; a parent column and ``parent/option`` columns of 0 and 1.

    The parent of a multiple-choice question repeats what its options' columns say. A blank option was not answered
    or not shown; only 0 is not chosen.
    """

    name = "kobotoolbox"
    separator = " "
    own = _roles(
        id="_id",
        started="start",
        submitted="_submission_time",
        technical="end|today|_uuid|_validation_status|_notes|_status|__version__|_tags|_index|_parent_index"
        "|_parent_table_name|_xform_id_string|formhub/uuid|meta/instanceid|meta/instancename|meta/rootuuid|audit",
        personal="deviceid|subscriberid|simserial|phonenumber|username|email|_submitted_by|_geolocation",
    )
    _telling = ("_id", "_uuid", "_submission_time", "_validation_status", "__version__", "_index")
    _place = re.compile(r"_(?P<question>.+)_(latitude|longitude|altitude|precision)|_geolocation/\d")
    _name = re.compile(r"[\w.-]+")

    def height(self, rows: Rows) -> int:
        """Return 1 where two of the columns that the server adds stand in a row."""
        return int(sum(fold(one_line(cell)) in self._telling for cell in rows[0]) > 1)

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns; options stand with their question, groups are taken off, places are personal."""
        texts = [one_line(cell) for cell in header[0]]
        before = Counter(text.rsplit("/", 1)[0] for text in texts if "/" in text)
        parents = set(texts) & set(before)
        same = Counter(parent.rsplit("/", 1)[-1] for parent in parents)
        located = {m["question"] for text in texts if (m := self._place.fullmatch(text.rsplit("/", 1)[-1]))}
        found = []
        for i, text in enumerate(texts):
            *path, last = text.split("/") if text not in self.own else [text]
            parent = "/".join(path)
            role = self.own.get(fold(text)) or PERSONAL.get(fold(last), "answer")
            if self._place.fullmatch(last) or self._place.fullmatch(text) or last in located:
                role = "personal"
            if parent in parents and role == "answer":
                column = RawColumn(i, text, role, self._without_groups(parent, before), last)
            else:
                column = RawColumn(i, text, role, self._without_groups(text, before), repeats=text in parents)
            code = column.question if same[column.question] < 2 else parent or text
            found.append(replace(column, code=code if self._name.fullmatch(column.question) else ""))
        return found

    def _without_groups(self, text: str, before: Counter[str]) -> str:
        """Return a header without its groups: a slash in a question's own text stands in no other header."""
        group, _, last = text.rpartition("/")
        names = all(self._name.fullmatch(part) for part in text.split("/"))
        return last if last and (names or before[group] > 1) else text

    def doubts(self, table: Table) -> list[str]:
        """Tell of submissions that somebody has not approved."""
        odd, seen = _odd(table, "_validation_status", lambda text: "not_approved" in text.replace(" ", "_"))
        have = counted(odd, "submission", ("has", "have"))
        said = [f"{have} the _validation_status {seen}: take them out of the survey tool's export."]
        return super().doubts(table) + (said if odd else [])

    def codes(self, table: Table) -> re.Pattern[str] | None:
        """Return the names of options, which stand in the export unless labels were asked for."""
        return re.compile(r"(?=.*[a-z])[a-z0-9]+(_[a-z0-9]+)*")


class Spss(Dialect):
    """A file of SPSS: names of variables in the first row of the grid, their labels in the second."""

    name = "spss"
    format = "sav"
    guesses = ()
    own = _roles(
        id="id|respid|respondentid|respondent_id|responseid|response_id|caseid|case_id|löpnr|lopnr|svarsid",
        started="startdate|starttime|starttid",
        submitted="enddate|endtime|submitdate|sluttid",
    )

    def find_header(self, rows: Rows) -> range | None:
        """Return the first two rows: such a file always begins with names and labels."""
        return range(2)

    def columns(self, header: Rows) -> list[RawColumn]:
        """Return the columns; the variable's label is the question, its name the code."""
        found = []
        for i, (name, label) in enumerate(zip(*(map(one_line, row) for row in header), strict=True)):
            role = self.own.get(fold(name)) or PERSONAL.get(fold(label)) or PERSONAL.get(fold(name), "answer")
            found.append(RawColumn(i, name, role, label or name, code=name))
        return found


def _odd(table: Table, header: str, is_odd: Callable[[str], bool]) -> tuple[int, str]:
    """Return how many submissions hold an odd text (folded) below a header, and the texts."""
    column = next((c for c in table.columns if fold(c.header) == header), None)
    if column is None:
        return 0, ""
    cells = table.cells[column.position]
    odd = each(cells, lambda text: is_odd(fold(text)), bool) & ~table.repeated
    return int(odd.sum()), ", ".join(f"“{text}”" for text in distinct(cells[odd]))


def _texts_of(table: Table, header: str) -> set[str]:
    """Return the texts that stand below a header (folded)."""
    positions = [c.position for c in table.columns if fold(c.header) == header]
    return {fold(text) for p in positions for text in distinct(table.cells[p]) if text}


# --- questions and their items in one header -----------------------------------------------------------------


Split = Callable[[str], tuple[str, str] | None]
"""Splits a header into the text of a question and of its item; None where it is a question alone."""


def split_brackets(text: str, most: int) -> tuple[str, list[str]]:
    """Return a text and the brackets that it ends with, not more than so many; brackets may hold brackets.

    Examples
    --------
    >>> split_brackets("Hur [i år] går det? [Skola [F-9]][Nu]", 2)
    ('Hur [i år] går det?', ['Skola [F-9]', 'Nu'])
    """
    found: list[str] = []
    rest = text.rstrip()
    while len(found) < most and rest.endswith("]"):
        depth = 0
        for start in range(len(rest) - 1, -1, -1):
            depth += (rest[start] == "]") - (rest[start] == "[")
            if depth == 0:
                break
        if depth:
            break
        found.insert(0, rest[start + 1 : -1].strip())
        rest = rest[:start].rstrip()
    return rest, found


def in_brackets(text: str) -> tuple[str, str] | None:
    """Split a text from the bracket that it ends with."""
    question, brackets = split_brackets(text, 1)
    return (question, brackets[0]) if brackets and question else None


def after_dash(text: str) -> tuple[str, str] | None:
    """Split a text at its last dash between blanks."""
    question, dash, item = text.rpartition(" - ")
    return (question, item) if dash and item else None


def _after_colon(text: str) -> tuple[str, str] | None:
    match = re.fullmatch(r"(.+?) ?: ?([^:]+)", text)
    return (match[1], match[2]) if match else None


def share_questions(columns: Sequence[RawColumn], split: Split) -> list[RawColumn]:
    """Return the columns, those side by side whose texts begin with the same question as its items.

    Parameters
    ----------
    columns : sequence of RawColumn
    split : callable
        Splits a column's text. A text that shares its question with no neighbour stays whole.

    Examples
    --------
    >>> texts = ["Which pie? - Apple", "Which pie? - Peach", "Age - years"]
    >>> columns = [RawColumn(i, t, "answer", t) for i, t in enumerate(texts)]
    >>> [(c.question, c.item) for c in share_questions(columns, after_dash)]
    [('Which pie?', 'Apple'), ('Which pie?', 'Peach'), ('Age - years', '')]
    """
    parts = {c.position: split(c.question) if c.role == "answer" else None for c in columns}

    def question(column: RawColumn) -> object:
        part = parts[column.position]
        return part[0] if part else column.position

    shared: list[RawColumn] = []
    for _, group in itertools.groupby(columns, key=question):
        together = list(group)
        if len(together) == 1:
            shared += together
            continue
        code = together[0].code
        for column in together:
            stem, item = parts[column.position] or (column.question, "")
            shared.append(replace(column, question=stem, item=item, code=code))
    return shared


# --- finding the table ---------------------------------------------------------------------------------------


DIALECTS: tuple[Dialect, ...] = (
    Spss(),
    MicrosoftForms(),
    GoogleForms(),
    SurveyMonkey(),
    EUSurvey(),
    Qualtrics(),
    KoboToolbox(),
    LimeSurvey(),
    Dialect(),
)
"""Every survey tool, the most telling first; the generic table last."""


def is_recognised(grid: Grid, dialect: str | None = None) -> bool:
    """Return whether a grid looks like the export of a survey tool, or of the one that a person has settled."""
    top = _top(grid)
    tools = [tool for tool in DIALECTS if isinstance(tool, Tool) and dialect in (None, tool.name)]
    return any(tool.find_header(top) is not None for tool in tools)


FEWEST_ANSWERS = 5
"""Fewer rows below a header tell nothing of what a sheet is."""


def looks_like_answers(grid: Grid) -> bool:
    """Return whether a grid that no tool is recognised by clearly is a table: a header, and many full rows below.

    Examples
    --------
    >>> from analysis.intake.cells import from_rows
    >>> looks_like_answers(Grid("", "", from_rows([["Plan?", "Varför?"], *[["Ja", "Vet ej"]] * 5])))
    True
    >>> looks_like_answers(Grid("", "", from_rows([["Enkät om samverkan"], ["Skapad 2024"]])))
    False
    """
    top = _top(grid)
    first = _first_full(top)
    if first is None:
        return False
    named = [i for i, cell in enumerate(top[first]) if cell.strip()]
    given = filled(grid.cells.iloc[first + 1 :])
    given = given[given.any(axis=1)][:, named]
    consistent = (given.sum(axis=1) * 2 > len(named)).sum()
    return len(named) > 1 and len(given) >= FEWEST_ANSWERS and bool(consistent >= 0.8 * len(given))


def _top(grid: Grid, rows: int = 30) -> Rows:
    top: Rows = grid.cells.head(rows).astype("object").to_numpy().tolist()
    return top


def find_table(
    grid: Grid,
    name: str,
    dialect: str | None = None,
    *,
    header_rows: Sequence[int] = (),
    columns: Columns | None = None,
) -> Table:
    """Find the table of submissions in an export.

    Parameters
    ----------
    grid : Grid
        The decoded export.
    name : str
        The file's name for messages.
    dialect : str, optional
        The survey tool, where a person has settled it.
    header_rows : sequence of int, optional
        The rows (1-based, one after the other) that hold the headers, where a person has settled it; of a ``table``.
    columns : Columns, optional
        Which columns hold the id and the times of a submission, where a person has settled it.

    Raises
    ------
    InputError
        If no header is found, the chosen tool does not fit, a named column is not there, or no answers follow the
        header.
    """
    top = _top(grid, max((30, *header_rows)))
    tool, rows = _recognised(grid, top, name, dialect, header_rows)
    header = top[rows.start : rows.stop]
    body = grid.cells.iloc[rows.stop :]
    body = body[filled(body).any(axis=1)]
    if body.empty:
        raise InputError.one(
            name, "there is a header but no answers below it", "Export the survey with its answers"
        )
    found = _with_roles(_named(tool.columns(header), body), columns or Columns(), name)
    if not any(c.role == "answer" for c in found):
        raise InputError.one(
            name,
            "no column looks like a question",
            "Check that this is the export with answers, and its delimiter",
        )
    widths = None if grid.widths is None else grid.widths[body.index.to_numpy() - 1]
    return Table(
        tool,
        found,
        body,
        rows.stop,
        exported=tool.exported(top[: rows.start]),
        widths=widths,
        delimiter=grid.delimiter,
        repeated=_repeated(header, body),
    )


def _recognised(
    grid: Grid, top: Rows, name: str, dialect: str | None, header_rows: Sequence[int]
) -> tuple[Dialect, range]:
    """Return the tool and its header rows: those that a person has settled, else the first tool that fits."""
    for tool in DIALECTS:
        if dialect not in (None, tool.name) or (tool.format == "sav") != (grid.format == "sav"):
            continue
        if header_rows and type(tool) is Dialect:
            rows = range(header_rows[0] - 1, header_rows[-1])
            if rows.stop > len(top) or not any(
                cell.strip() for row in top[rows.start : rows.stop] for cell in row
            ):
                what = f"there are no headers in the rows {header_rows[0]}–{header_rows[-1]}"
                raise InputError.one(name, what, "Correct `source: header_rows:` in survey.yaml")
            return tool, rows
        if not header_rows and (found := tool.find_header(top)) is not None:
            return tool, found
    if dialect is None:
        raise InputError.one(name, "no row looks like headers", "Check that this is the export with answers")
    other = "spss" if grid.format == "sav" else "table"
    raise InputError.one(
        name,
        f"the file does not look like an export of {dialect}",
        f"Leave out `dialect`, or use {other}",
    )


def _named(columns: list[RawColumn], body: pd.DataFrame) -> tuple[RawColumn, ...]:
    """Give every column a unique header; leave out those without a header that hold next to nothing."""
    kept: list[RawColumn] = []
    seen: set[str] = set()
    given = {c.header for c in columns}
    last = max((c.position for c in columns if c.header), default=-1)
    for column in columns:
        if not column.header:
            cells = body[column.position]
            filled_in = cells != ""
            if column.position > last or not filled_in.any():
                continue  # cells beyond the header are overflow, judged row by row
            counting = filled_in.all() and cells.is_unique
            unnamed = f"(column {column.position + 1})"
            column = replace(
                column, header=unnamed, question=unnamed, role="technical" if counting else "answer"
            )
        if column.header in seen:
            numbered = (f"{column.header} ({n})" for n in itertools.count(2))
            column = replace(column, header=next(h for h in numbered if h not in seen | given))
        seen.add(column.header)
        kept.append(column)
    return tuple(kept)


def _with_roles(found: tuple[RawColumn, ...], named: Columns, name: str) -> tuple[RawColumn, ...]:
    """Give the columns that a person has named their roles; a role that is named is no other column's."""
    exact = {c.header: c for c in found}
    folded = {fold(c.header): c for c in found}
    roles: dict[int, Role] = {}
    problems = []
    wanted: list[tuple[Role, str | None]] = [
        ("id", named.id), ("started", named.started), ("submitted", named.submitted),
    ]  # fmt: skip
    for role, header in wanted:
        if header is None:
            continue
        column = exact.get(one_line(header)) or folded.get(fold(header))
        if column is None:
            near = difflib.get_close_matches(one_line(header), exact, n=1, cutoff=0.5)
            hint = f" (the nearest is {near[0]!r})" if near else ""
            what = f"there is no column {one_line(header)!r}{hint}"
            problems.append(Problem(name, what, f"Correct `source: columns: {role}:` in survey.yaml"))
        elif column.position in roles:
            what = f"the column {column.header!r} is named for more than one thing"
            problems.append(Problem(name, what, "Correct `source: columns:` in survey.yaml"))
        else:
            roles[column.position] = role
    if problems:
        raise InputError(problems)
    given = set(roles.values())
    return tuple(
        replace(c, role=roles.get(c.position, "technical" if c.role in given else c.role)) for c in found
    )


def _repeated(header: Rows, body: pd.DataFrame) -> Mask:
    """Return which rows below the header repeat one of its rows."""
    repeated = np.zeros(len(body), dtype=bool)
    for row in header:
        texts = {p: one_line(cell) for p, cell in zip(body.columns, row, strict=True) if cell.strip()}
        same = np.full(len(body), len(texts) >= min(2, len(body.columns)))
        for position, text in texts.items():
            if same.any():
                known = {cell: one_line(cell) == text for cell in distinct(body[position])}
                same &= each(body[position], known, bool)
        repeated |= same
    return repeated
