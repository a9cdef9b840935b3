"""Tables as they are published: raw values, one heading for each column, and what a reader must know below.

A table is flat on purpose: one row of headings, one or more columns of row headings, no merged cells. That is
what a screen reader reads well. The values stay Python values; each renderer asks the table how one is shown.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import Enum
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, get_args

from analysis.report import swedish

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1


class Mark(Enum):
    """Values that stand for the lack of a number."""

    SUPPRESSED = "suppressed"


SUPPRESSED = Mark.SUPPRESSED
"""The value is known but not published, to protect persons. Shown as ``..``."""

NOT_AVAILABLE = None
"""The value is not known, or too uncertain to publish. Shown as ``..``."""

NO_CASES = "–"
"""How a count of zero is shown, as in the tables of Statistics Sweden."""

HIDDEN = ".."
"""How a missing or suppressed value is shown, as in the tables of Statistics Sweden."""

BULLET = "• "
"""A line of a cell that begins so is an item of a list: it goes on under its text, not under the bullet."""

SHORT_LINE = 24
"""A line of a cell with at most so many signs is not broken where there is room."""

Value = str | int | float | Mark | None
Kind = Literal["text", "integer", "decimal", "percent"]

_DECIMALS: dict[Kind, int] = {"text": 0, "integer": 0, "decimal": 1, "percent": 0}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    key : str
        Name of the column in the data.
    heading : str
        What the reader sees, in Swedish. Never empty.
    kind : {"text", "integer", "decimal", "percent"}
        How values are shown. Percentages lie on 0–100.
    decimals : int, optional
        Decimals shown: 1 for "decimal" and 0 for "percent" unless given.

    Raises
    ------
    ValueError
        When the heading is empty, the kind is unknown or the decimals do not suit it.
    """

    key: str
    heading: str
    kind: Kind = "text"
    decimals: int | None = None

    def __post_init__(self) -> None:
        if not self.heading.strip():
            raise ValueError(f"the column {self.key!r} has an empty heading: say what it holds")
        if self.kind not in get_args(Kind):
            raise ValueError(f"the column {self.key!r} has the unknown kind {self.kind!r}: {get_args(Kind)}")
        if self.decimals is None:
            object.__setattr__(self, "decimals", _DECIMALS[self.kind])
        elif self.decimals < 0 or (self.decimals and self.kind in ("text", "integer")):
            raise ValueError(
                f"the column {self.key!r} of kind {self.kind!r} cannot have {self.decimals} decimals"
            )

    @property
    def is_number(self) -> bool:
        """Whether values are numbers, which are aligned at the decimal comma."""
        return self.kind != "text"

    def show(self, value: Value) -> str:
        """Return a value of this column as the reader sees it.

        Examples
        --------
        >>> Column("n", "Antal", "integer").show(0), Column("n", "Antal", "integer").show(None)
        ('–', '..')
        >>> Column("m", "Medel", "decimal").show(2.25)
        '2,3'
        """
        if value is None or isinstance(value, Mark):
            return HIDDEN
        if isinstance(value, str):
            return value
        if self.kind == "percent":
            return swedish.percent(value, self.decimals or 0)
        if self.kind == "integer" and value == 0:
            return NO_CASES
        return swedish.number(value, self.decimals or 0)

    def check(self, value: object) -> None:
        """Raise ValueError when a value does not belong in this column."""
        if value is None or isinstance(value, Mark):
            return
        allowed: dict[Kind, tuple[type, ...]] = {"text": (str,), "integer": (int,)}
        wanted = allowed.get(self.kind, (int, float))
        if isinstance(value, bool) or not isinstance(value, wanted):
            names = " or ".join(kind.__name__ for kind in wanted)
            raise ValueError(f"the column {self.heading!r} takes {names}, not {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(
                f"the column {self.heading!r} has {value!r}: give None for what is not available"
            )


@dataclass(frozen=True)
class Table:
    """A table with its caption, notes and source.

    Parameters
    ----------
    caption : str
        What the table shows, in Swedish, without number. Never empty.
    columns : sequence of Column
        At least one.
    rows : sequence of sequence of str, int, float, None or SUPPRESSED
        At least one row; one raw value for each column.
    row_headers : int
        How many of the first columns are headings of their row; at least one column is not.
    notes : sequence of str
        What the reader must know, shown below the table.
    source : str
        Where the figures come from, without the word "Källa".
    key : str
        A name that links in the text can point at; also the name of a file.

    Raises
    ------
    ValueError
        When the caption or a row heading is empty, a key is not unique, a row is ragged, or a value does not
        belong in its column.

    Examples
    --------
    >>> columns = [Column("unit", "Förvaltning"), Column("n", "Antal svar", "integer")]
    >>> table = Table("Svar", columns, [["Norrmalm", 0]])
    >>> table.shown_rows()
    (('Norrmalm', '–'),)
    >>> table.footer()
    ('Teckenförklaring: – inget finns att redovisa (noll).',)
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    row_headers: int = 1
    notes: Sequence[str] = ()
    source: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.notes, str):
            raise ValueError("notes is a list of sentences, not one text: write notes=['…']")
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "rows", tuple(tuple(row) for row in self.rows))
        object.__setattr__(self, "notes", tuple(self.notes))
        if not self.caption.strip():
            raise ValueError("the table has no caption: say what it shows")
        self._check_columns()
        if not self.rows:
            raise ValueError(f"the table {self.caption!r} has no rows: write a sentence instead")
        for number, row in enumerate(self.rows, start=1):
            self._check_row(number, row)

    def _check_columns(self) -> None:
        keys = [column.key for column in self.columns]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"the table {self.caption!r} has more than one column {', '.join(twice)}")
        if not 0 <= self.row_headers < len(keys):
            raise ValueError(
                f"the table {self.caption!r} has {len(keys)} columns, not {self.row_headers} row headings"
                if keys
                else f"the table {self.caption!r} is empty"
            )

    def _check_row(self, number: int, row: Sequence[Value]) -> None:
        where = f"row {number} of the table {self.caption!r}"
        if len(row) != len(self.columns):
            raise ValueError(f"{where} has {len(row)} values for {len(self.columns)} columns")
        for column, value in zip(self.columns, row, strict=True):
            try:
                column.check(value)
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
        if any(isinstance(value, str) and not value.strip() for value in row[: self.row_headers]):
            raise ValueError(f"{where} has an empty row heading")

    def shown_rows(self) -> tuple[tuple[str, ...], ...]:
        """Return the rows as the reader sees them."""
        return tuple(
            tuple(column.show(value) for column, value in zip(self.columns, row, strict=True))
            for row in self.rows
        )

    def footer(self) -> tuple[str, ...]:
        """Return the lines below the table: notes, what the signs mean, the source."""
        source = (f"Källa: {self.source}",) if self.source else ()
        return (*self.notes, *self._legend(), *source)

    def _legend(self) -> tuple[str, ...]:
        """Return what the signs that occur mean, in the words of Statistics Sweden."""
        cells = [
            (column, value)
            for row in self.rows
            for column, value in zip(self.columns, row, strict=True)
            if not isinstance(value, str)
        ]
        meanings = []
        if any(column.kind == "integer" and value == 0 for column, value in cells):
            meanings.append(f"{NO_CASES} inget finns att redovisa (noll)")
        missing = any(value is None for _, value in cells)
        suppressed = any(value is SUPPRESSED for _, value in cells)
        lacking = "är inte tillgänglig eller är för osäker för att anges"
        protected = "visas inte, för att enskilda personer inte ska kunna kännas igen"
        reasons = [reason for reason, occurs in ((lacking, missing), (protected, suppressed)) if occurs]
        if reasons:
            meanings.append(f"{HIDDEN} uppgiften {', eller '.join(reasons)}")
        return (f"Teckenförklaring: {'; '.join(meanings)}.",) if meanings else ()

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        caption: str,
        columns: Sequence[Column] | None = None,
        row_headers: int | None = None,
        notes: Sequence[str] = (),
        source: str = "",
        key: str = "",
    ) -> Table:
        """Return a table of a data frame.

        Parameters
        ----------
        frame : pandas.DataFrame
            One row for each row of the table. A named index becomes the first columns and the row headings;
            an unnamed default index is left out. Missing values (None, NaN, NA) become None.
        caption, notes, source, key
            As for `Table`.
        columns : sequence of Column, optional
            Which columns of the frame to show, in which order and how. By default all of them, with their
            names as headings: whole numbers as "integer", other numbers as "decimal", all else as "text".
        row_headers : int, optional
            By default the number of index levels shown, else 1.

        Raises
        ------
        ValueError
            When a column is missing or named twice, the index has no name, or as for `Table`.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"Antal": [3, 4]}, index=pd.Index(["Farsta", "Älvsjö"], name="Förvaltning"))
        >>> Table.from_frame(frame, caption="Svar").rows
        (('Farsta', 3), ('Älvsjö', 4))
        """
        flat, levels = _flat(frame)
        values = {str(name): _plain_values(flat.iloc[:, i]) for i, name in enumerate(flat.columns)}
        if len(values) < len(flat.columns):
            raise ValueError("the frame has several columns of the same name: give each its own")
        if columns is None:
            columns = [Column(name, name, _kind_of(found, name)) for name, found in values.items()]
        unknown = [column.key for column in columns if column.key not in values]
        if unknown:
            raise ValueError(f"the frame has no column {', '.join(unknown)}: it has {', '.join(values)}")
        shown = [[_in_kind(value, column) for value in values[column.key]] for column in columns]
        if row_headers is None:
            row_headers = min(max(levels, 1), len(columns) - 1)
        rows = list(zip(*shown, strict=True))
        return cls(caption, columns, rows, row_headers=row_headers, notes=notes, source=source, key=key)

    def to_dict(self) -> dict[str, Any]:
        """Return the table as values that JSON can hold, with the version of this form."""
        return {
            "version": VERSION,
            "caption": self.caption,
            "columns": [asdict(column) for column in self.columns],
            "rows": [[{"mark": v.value} if isinstance(v, Mark) else v for v in row] for row in self.rows],
            "row_headers": self.row_headers,
            "notes": list(self.notes),
            "source": self.source,
            "key": self.key,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Table:
        """Return the table that `to_dict` wrote.

        Raises
        ------
        ValueError
            When the version or a field is unknown, a field is missing, or as for `Table`.
        """
        if data.get("version") != VERSION:
            raise ValueError(f"the table has version {data.get('version')!r}: this program reads {VERSION}")
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in data.items() if name != "version"}
        if set(given) != known:
            raise ValueError(f"the table has other fields than expected: {sorted(set(given) ^ known)}")
        columns = [Column(**column) for column in given.pop("columns")]
        rows = [[Mark(v["mark"]) if isinstance(v, Mapping) else v for v in row] for row in given.pop("rows")]
        return cls(columns=columns, rows=rows, **given)

    def to_json(self) -> str:
        """Return the table as JSON text; nothing is lost, and the same table gives the same text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Table:
        """Return the table of a JSON text that `to_json` wrote.

        Examples
        --------
        >>> table = Table("Svar", [Column("n", "Antal", "integer")], [[SUPPRESSED]], row_headers=0)
        >>> Table.from_json(table.to_json()) == table
        True
        """
        return cls.from_dict(json.loads(text))

    def to_html(self, *, label: str = "", ident: str = "", described_by: str = "") -> str:
        """Return the table as one accessible HTML ``table`` element, without the footer.

        Parameters
        ----------
        label : str
            Set before the caption, such as "Tabell 3".
        ident : str
            The id of the caption.
        described_by : str
            The id of the element that holds the footer.
        """
        described = f' aria-describedby="{html.escape(described_by)}"' if described_by else ""
        named = f' id="{html.escape(ident)}"' if ident else ""
        caption = html.escape(f"{label}. {self.caption}" if label else self.caption)
        head = "".join(
            f'<th scope="col"{_number_class(column)}><span>{_html_lines(column.heading)}</span></th>'
            for column in self.columns
        )
        body = "\n".join(f"<tr>{self._html_cells(row)}</tr>" for row in self.shown_rows())
        return (
            f"<table{described}>\n<caption{named}><span>{caption}</span></caption>\n"
            f"<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
        )

    def _html_cells(self, row: Iterable[str]) -> str:
        cells = []
        for position, (column, text) in enumerate(zip(self.columns, row, strict=True)):
            tag, scope = ("th", ' scope="row"') if position < self.row_headers else ("td", "")
            look = ' class="lines"' if _has_short_lines(text) else _number_class(column)
            cells.append(f"<{tag}{scope}{look}>{_html_lines(text)}</{tag}>")
        return "".join(cells)


def _number_class(column: Column) -> str:
    return ' class="number"' if column.is_number else ""


def _has_short_lines(text: str) -> bool:
    """Return whether a text stands on several lines so short that each should stay whole."""
    return "\n" in text and max(map(len, text.splitlines())) <= SHORT_LINE


def _html_lines(text: str) -> str:
    """Return lines of text; each item of a list in an element of its own, which can be indented."""
    written = []
    for is_item, lines in groupby(text.splitlines(), key=lambda line: line.startswith(BULLET)):
        if is_item:
            written += [
                f'<div class="item"><span>{BULLET}</span>{html.escape(line[2:])}</div>' for line in lines
            ]
        else:
            written.append("<br>".join(map(html.escape, lines)))
    return "".join(written)


def _flat(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the frame with its index as columns, and how many index levels that gave."""
    import pandas as pd

    if isinstance(frame.columns, pd.MultiIndex):
        raise ValueError("the frame has headings in several levels: give each column one heading")
    names = frame.index.names
    if all(name is None for name in names):
        if isinstance(frame.index, pd.RangeIndex):
            return frame, 0
        raise ValueError("the index of the frame has no name: name it, or call reset_index(drop=True)")
    return frame.reset_index(), len(names)


def _plain_values(series: pd.Series[Any]) -> list[Any]:
    """Return Python values, with None for what is missing."""
    return [
        None if missing else value.item() if hasattr(value, "item") else value
        for value, missing in zip(series.tolist(), series.isna(), strict=True)
    ]


def _kind_of(values: Iterable[object], name: str) -> Kind:
    found = {type(value) for value in values if value is not None and not isinstance(value, Mark)}
    if found <= {str}:
        return "text"
    if found == {int}:
        return "integer"
    if found <= {int, float}:
        return "decimal"
    names = ", ".join(sorted(kind.__name__ for kind in found))
    raise ValueError(f"the column {name!r} holds {names}: turn it into text or numbers, or give its Column")


def _in_kind(value: Any, column: Column) -> Any:
    """Return whole floats as whole numbers in a column of whole numbers, all else as it is."""
    if column.kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
