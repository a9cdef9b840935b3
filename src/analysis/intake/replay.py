"""The answers, made once more from the raw export and the ledger alone.

If the ledger tells everything, this gives the answers that cleaning and masking gave. A text that does not stand
exactly as ``survey.yaml`` has it, and that the ledger does not tell of, stays under review here: no rule of the
program and no decision is looked up again.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.intake import rows
from analysis.intake.answers import UNREAD, Reason, Values, columns_of, reader
from analysis.intake.cells import Mask, each, filled
from analysis.intake.clean import content_hashes, plan_columns, submission_ids
from analysis.intake.dialects import RawColumn, Table
from analysis.survey.instrument import MISSING_KINDS, Question, Survey
from analysis.survey.units import Register

_SPAN = re.compile(r"characters (\d+)–(\d+)")


def replay(
    table: Table, survey: Survey, ledger: pd.DataFrame, register: Register | None = None
) -> pd.DataFrame:
    """Return the answers that an export and its ledger give.

    Parameters
    ----------
    table : Table
        The table found in the export.
    survey : Survey
        What was asked.
    ledger : DataFrame
        As cleaning, and masking, left it.
    register : Register, optional
        Needed where a question tells which unit answers.

    Returns
    -------
    DataFrame
        As `clean.Cleaned.answers`.
    """
    return _Replay(table, survey, ledger, register).answers()


class _Replay:
    def __init__(self, table: Table, survey: Survey, ledger: pd.DataFrame, register: Register | None) -> None:
        self.survey, self.register = survey, register
        self.plan = plan_columns(table, survey, "survey.yaml")
        self.places = {c.header: c.position for c in table.columns}
        self.table = self._mended(table, ledger)
        # What is told of a whole row stands at its first cell, and says nothing of that cell's text.
        of_rows = (ledger["after"] == rows.KEEP) | ledger["after"].str.startswith(rows.JOIN)
        of_rows &= ledger["before"] == ""
        self.kept = ledger[(ledger["fate"] == "kept") & ~of_rows]
        self.counts = self._counts(ledger[ledger["fate"] != "kept"])

    def _mended(self, table: Table, ledger: pd.DataFrame) -> Table:
        """Return the table with the records joined that the ledger says were joined."""
        joined = ledger[ledger["after"].str.startswith(rows.JOIN) & (ledger["fate"] == "kept")]
        extra = dict(zip(table.cells.index, rows.extra_cells(table), strict=True))
        for row, done in joined[["row", "after"]].itertuples(index=False):
            position = self.places[done.removeprefix(rows.JOIN)]
            table, _ = rows.join(table, row, position, int(extra[row]))
        return table

    def _counts(self, gone: pd.DataFrame) -> Mask:
        """Return which rows have an answer that was kept."""
        asked = {
            self.plan[h].position for q in self.survey.questions if q.kind != "unit" for h in q.headers()
        }
        kept = filled(self.table.cells)
        row_of = {row: i for i, row in enumerate(self.table.cells.index)}
        place_of = {position: i for i, position in enumerate(self.table.cells.columns)}
        gone = gone[gone["column"].isin(list(self.places))]
        joined = (gone["fate"] == "merged") & gone["rule"].str.startswith("decision.")
        gone = gone[~joined]
        where = gone["column"].map(self.places).map(place_of).to_numpy(dtype=np.int64)
        kept[gone["row"].map(row_of).to_numpy(dtype=np.int64), where] = False
        return np.asarray(kept[:, [place_of[p] for p in sorted(asked)]].any(axis=1), dtype=bool)

    def answers(self) -> pd.DataFrame:
        """Return the answers."""
        index = self.table.cells.index[self.counts]
        columns: dict[str, pd.Series] = {}
        for question in self.survey.questions:
            if question.kind != "unit":
                values = {h: self._values(question, h) for h in question.headers()}
                columns |= columns_of(question, values, self.survey, index)
        ids = pd.DataFrame(
            {"submission_id": submission_ids(content_hashes(self.table)), "unit_id": self._units()}
        )
        ids = ids[self.counts].astype("str").set_axis(index)
        return pd.concat([ids, pd.DataFrame(columns, index=index)], axis=1).reset_index(drop=True)

    def _told(self, column: RawColumn) -> tuple[npt.NDArray[np.int64], pd.DataFrame]:
        """Return what the ledger tells of the kept cells of a column, and their places among the rows that count."""
        told = self.kept[self.kept["column"] == column.header]
        told = told[told["row"].isin(self.table.cells.index[self.counts])]
        return np.searchsorted(self.table.cells.index[self.counts], told["row"]), told

    def _values(self, question: Question, header: str) -> Values:
        cells = self.table.cells[self.plan[header].position][self.counts]
        at, told = self._told(self.plan[header])
        if question.kind == "free_text":
            return self._masked(cells.to_numpy(dtype=object), at, told)
        tool = self.table.dialect
        read = reader(question, header, self.survey, tool.label, tool.separator, [])

        def exact(text: str) -> str:
            reading = read(text)
            return reading.value if not reading.rule else UNREAD

        values = each(cells, exact)
        values[at] = told["after"].to_numpy(dtype=object)
        return values

    @staticmethod
    def _masked(texts: Values, at: npt.NDArray[np.int64], told: pd.DataFrame) -> Values:
        """Return texts with the spans replaced that the ledger tells of, the last in a text first."""
        spans = []
        for place, span, label in zip(at, told["before"], told["after"], strict=True):
            if label in MISSING_KINDS and not span:
                texts[place] = Reason(label)
                continue
            match = _SPAN.fullmatch(span)
            if match is None:
                raise AssertionError(f"the ledger tells of a free text: {span!r}")
            spans.append((int(place), int(match[1]) - 1, int(match[2]), label))
        for place, start, end, label in sorted(spans, reverse=True):
            texts[place] = texts[place][:start] + label + texts[place][end:]
        return texts

    def _units(self) -> pd.Series:
        found = pd.Series([None] * len(self.table.cells), index=self.table.cells.index, dtype="object")
        question = self.survey.unit_question
        if question is None or self.register is None:
            return found.reset_index(drop=True)
        column = self.plan[question.header]
        names = {unit.name: unit.unit_id for unit in self.register.at(self.survey.on)}
        found[:] = each(self.table.cells[column.position], names.get)
        told = self.kept[self.kept["column"] == column.header]
        found[told["row"]] = told["after"].to_numpy(dtype=object)
        return found.reset_index(drop=True)
