"""SPSS files to text. Runs in a process of its own (`intake.apart`)."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.intake.apart import Answer
from analysis.intake.codes import Encoder

_EPOCH = dt.datetime(1582, 10, 14)
_DATES = {"DATE", "ADATE", "EDATE", "SDATE", "JDATE", "MOYR", "QYR", "WKYR", "DATETIME", "YMDHMS"}
_TIMES = {"TIME", "DTIME", "MTIME"}


def read(raw: bytes, encoding: str | None) -> Answer:
    """Read an SPSS file: names in the first row, labels in the second, then a row for each case.

    A cell is the label of its value where that has one (with its code where two values of a column share a
    label), else the number, the text, or the date and time; system-missing is blank.
    """
    import pyreadstat

    try:
        values, meta = pyreadstat.read_sav(
            io.BytesIO(raw),
            user_missing=True,
            apply_value_formats=False,
            disable_datetime_conversion=True,
            output_format="dict",
            encoding=encoding,
        )
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, LookupError) as error:
        said = " ".join(str(error).split()).rstrip(".").replace(". ", "; ")
        return Answer(error=said[:120] or "it is damaged")
    variables = [_Variable(name, values[name], meta) for name in meta.column_names]
    records = zip(*(variable.cells() for variable in variables), strict=True)
    encoder = Encoder().add(records)
    return Answer(
        rows=len(encoder.widths),
        columns=encoder.columns(),
        value_labels={i: v.labels for i, v in enumerate(variables) if v.labels},
        user_missing={i: v.missing for i, v in enumerate(variables) if v.missing},
    )


def number_text(value: float) -> str:
    """Return a number as text, whole ones without a decimal point.

    Examples
    --------
    >>> number_text(3.0), number_text(0.5)
    ('3', '0.5')
    """
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def moment_text(seconds: float) -> str:
    """Return seconds since the beginning of the Gregorian calendar as a date, with the time of day if it has one.

    Examples
    --------
    >>> moment_text(13853980800.0), moment_text(13854011401.0)
    ('2021-10-19', '2021-10-19 08:30:01')
    """
    try:
        moment = _EPOCH + dt.timedelta(seconds=seconds)
    except OverflowError:
        return number_text(seconds)
    return moment.isoformat(" ") if moment.time() != dt.time() else moment.date().isoformat()


def time_text(seconds: float) -> str:
    """Return seconds as hours, minutes and seconds; there may be more than 24 hours.

    Examples
    --------
    >>> time_text(30600.0), time_text(90000.5)
    ('08:30:00', '25:00:00.5')
    """
    if seconds < 0 or seconds >= 1e9:
        return number_text(seconds)
    whole, rest = divmod(round(seconds, 6), 1)
    hours, minutes = divmod(int(whole) // 60, 60)
    return f"{hours:02d}:{minutes:02d}:{int(whole) % 60:02d}" + f"{rest:.6f}".rstrip("0").rstrip(".")[1:]


class _Variable:
    """A variable: its texts, the labels of its values, and which of them the file declares missing."""

    def __init__(self, name: str, values: Sequence[Any], meta: Any) -> None:
        self._name = name
        self._label: str = meta.column_names_to_labels.get(name) or ""
        self._values = values
        self._format = re.sub(r"[^A-Z].*", "", meta.original_variable_types.get(name) or "")
        labels = {v: t for v, t in (meta.variable_value_labels.get(name) or {}).items() if t.strip()}
        shared = {text for text, times in Counter(labels.values()).items() if times > 1}
        self._labels = {
            value: f"{labels[value]} ({self._plain(value)})" if labels[value] in shared else labels[value]
            for value in sorted(labels)
        }
        self.labels = {self._plain(value): text for value, text in self._labels.items()}
        self._texts = {value: self._text(value) for value in set(values)}
        self.missing = self._missing(meta.missing_ranges.get(name) or ())

    def cells(self) -> list[str]:
        return [self._name, self._label, *map(self._texts.__getitem__, self._values)]

    def _text(self, value: object) -> str:
        if value is None or value != value:
            return ""
        return self._labels.get(value) or self._plain(value)

    def _plain(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        if self._format in _DATES:
            return moment_text(value)
        return time_text(value) if self._format in _TIMES else number_text(float(value))

    def _missing(self, ranges: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
        """Return the texts of what is declared missing: of cells, of labelled values and of single values."""
        bounds = [(each["lo"], each["hi"]) for each in ranges]
        known = {v for v in self._texts if v is not None and v == v} | set(self._labels)
        known |= {low for low, high in bounds if low == high}
        return tuple(self._text(v) for v in sorted(known) if any(low <= v <= high for low, high in bounds))
