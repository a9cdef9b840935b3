"""What every table that crosses a room must be: checked when it is written and when it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pyarrow.parquet as pq

from analysis.intake.answers import STATUS
from analysis.intake.ledger import FATES
from analysis.survey.instrument import Survey

_ID = pa.Check.str_matches(r"^[0-9a-f]{12}$")
_NOT_NEGATIVE = pa.Check.ge(0)
_NAMED = pa.Check(lambda texts: "" not in set(texts.cat.categories), error="is empty")


def _text(*checks: pa.Check, nullable: bool = False) -> pa.Column:
    return pa.Column("str", list(checks), nullable=nullable)


SUBMISSIONS = pa.DataFrameSchema(
    {
        "submission_id": pa.Column("str", _ID, unique=True),
        "row": pa.Column("int64", pa.Check.ge(1), unique=True),
        "native_id": _text(),
        "unit_id": _text(nullable=True),
        "status": _text(
            pa.Check.isin(["complete", "partial", "empty", "superseded", "quarantined", "left_out"])
        ),
        "started": pa.Column("datetime64[s]", nullable=True),
        "submitted": pa.Column("datetime64[s]", nullable=True),
        "answered_questions": pa.Column("int64", _NOT_NEGATIVE),
        "asked_questions": pa.Column("int64", _NOT_NEGATIVE),
    },
    checks=pa.Check(
        lambda f: f["answered_questions"] <= f["asked_questions"], error="more answered than asked"
    ),
    strict=True,
    ordered=True,
)
LEDGER = pa.DataFrameSchema(
    {
        "row": pa.Column("int64", pa.Check.ge(1)),
        "column": pa.Column("category"),
        "fate": pa.Column("category", pa.Check.isin(list(FATES.values()))),
        "rule": pa.Column("category", _NAMED),
        "before": _text(),
        "after": _text(),
        "by": pa.Column("category", _NAMED),
    },
    strict=True,
    ordered=True,
)
REVIEW = pa.DataFrameSchema(
    {
        "id": pa.Column("str", _ID, unique=True),
        **{c: _text() for c in ("kind", "where", "seen", "proposals", "needed_for")},
    },
    strict=True,
    ordered=True,
)
TEXTS = pa.DataFrameSchema(
    {
        "answer_id": pa.Column("str", _ID, unique=True),
        "submission_id": pa.Column("str", _ID),
        "unit_id": _text(nullable=True),
        "section": _text(),
        "question": _text(),
        "item": _text(),
        "text": _text(pa.Check.str_length(min_value=1)),
        "text_hash": pa.Column("str", _ID),
    },
    strict=True,
    ordered=True,
)
_COUNTED = {
    **{
        c: _text()
        for c in ("section", "question", "question_text", "item", "item_text", "value", "label", "group")
    },
    "n": pa.Column("Int64", _NOT_NEGATIVE, nullable=True),
    "base": pa.Column("Int64", _NOT_NEGATIVE, nullable=True),
    "percent": pa.Column("Float64", pa.Check.in_range(0, 100), nullable=True),
}
_COUNT_KEY = ["question", "item", "value", "group"]
COUNTS = pa.DataFrameSchema(_COUNTED, strict=True, ordered=True, unique=_COUNT_KEY)
RELEASED_COUNTS = pa.DataFrameSchema(
    {**_COUNTED, "suppressed": pa.Column("bool")},
    checks=pa.Check(
        lambda f: ~f["suppressed"] | (f["n"].isna() & f["percent"].isna()),
        error="a suppressed count is shown",
    ),
    strict=True,
    ordered=True,
    unique=_COUNT_KEY,
)
CODEBOOK = pa.DataFrameSchema(
    {
        **{
            c: _text()
            for c in (
                "section",
                "question",
                "question_text",
                "kind",
                "item",
                "item_text",
                "variable",
                "value",
            )
        },
        "code": pa.Column("Int64", nullable=True),
        "label": _text(pa.Check.str_length(min_value=1)),
        "n": pa.Column("Int64", _NOT_NEGATIVE, nullable=True),
        "suppressed": pa.Column("bool"),
        "smallest": pa.Column("Float64", nullable=True),
        "largest": pa.Column("Float64", nullable=True),
        "changes": pa.Column("Int64", _NOT_NEGATIVE, nullable=True),
    },
    checks=pa.Check(
        lambda f: f["suppressed"] == f["n"].isna(), error="a count is shown or empty against its mark"
    ),
    strict=True,
    ordered=True,
    unique=["question", "item", "value"],
)
RESPONSE = pa.DataFrameSchema(
    {
        "unit_id": pa.Column("str", unique=True),
        "name": _text(),
        "kind": _text(),
        "invited": pa.Column("bool"),
        "status": _text(pa.Check.isin(["complete", "partial", "empty", "none"])),
        "answered_items": pa.Column("int64", _NOT_NEGATIVE),
        "asked_items": pa.Column("int64", _NOT_NEGATIVE),
    },
    strict=True,
    ordered=True,
)
SUGGESTIONS = pa.DataFrameSchema(
    {
        "answer_id": pa.Column("str", _ID),
        "question": _text(),
        "unit_id": _text(nullable=True),
        "theme": _text(),
        "terms": _text(),
        "status": _text(pa.Check.eq("suggestion")),
    },
    strict=True,
    ordered=True,
    unique=["answer_id", "theme"],
)


def answers_schema(survey: Survey) -> pa.DataFrameSchema:
    """Return the schema of ``answers.parquet`` for a survey."""
    columns = {"submission_id": pa.Column("str", _ID, unique=True), "unit_id": _text(nullable=True)}
    for question in survey.questions:
        if question.kind == "unit":
            continue
        typed = {"number": "Float64", "date": "datetime64[s]", "free_text": "str"}
        for name in question.columns():
            if question.is_closed:
                columns[name] = pa.Column(pd.CategoricalDtype(list(question.labels())))
            else:
                columns[name] = pa.Column(typed[question.kind], nullable=True)
                columns[f"{name}#status"] = pa.Column(pd.CategoricalDtype(list(STATUS)))
    return pa.DataFrameSchema(columns, strict=True, ordered=True)


class ContractError(Exception):
    """A table is not what its contract says; carries all failures at once."""


def check(frame: pd.DataFrame, schema: pa.DataFrameSchema, name: str) -> pd.DataFrame:
    """Return `frame` if it keeps the contract.

    Raises
    ------
    ContractError
        With every failure: column, what was expected, and examples of rows.
    """
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        lines = []
        for (column, what), group in cases.groupby(["column", "check"], dropna=False, sort=False):
            rows = [str(i) for i in group["index"].dropna().astype(int).head(5)]
            at = f" at positions {', '.join(rows)}" if rows else ""
            if str(what).startswith(
                "column_"
            ):  # a column that is missing, is too many or stands in another place
                column = ", ".join(map(str, group["failure_case"]))
            lines.append(f"{name}: column {column}: {what} does not hold{at} ({len(group)} in all)")
        raise ContractError("\n".join(lines)) from None
    return frame


def write_table(frame: pd.DataFrame, path: Path, schema: pa.DataFrameSchema | None = None) -> None:
    """Check a table and write it as CSV or Parquet, by the ending; the file appears whole or not at all."""
    if schema is not None:
        check(frame, schema, path.name)
    if path.suffix == ".parquet":
        write_file(path, lambda p: frame.to_parquet(p, index=False))
    else:
        write_file(path, lambda p: frame.to_csv(p, index=False, encoding="utf-8", lineterminator="\n"))


def write_json(data: Any, path: Path) -> None:
    """Write data as JSON; the file appears whole or not at all."""
    text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    write_file(path, lambda p: p.write_text(text, encoding="utf-8"))


def write_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside `path`, then move it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


_TYPES = {"string[pyarrow]": "str", "datetime64[ns]": "datetime64[s]"}
"""What pandera calls the types of text and times, and what they are in the tables."""


def _types(schema: pa.DataFrameSchema) -> dict[str, str | pd.CategoricalDtype]:
    """Return the type of each column, as pandas has it."""
    types = {name: column.dtype for name, column in schema.columns.items()}
    return {
        name: t.type if isinstance(t.type, pd.CategoricalDtype) else _TYPES.get(str(t), str(t))
        for name, t in types.items()
    }


def empty_table(schema: pa.DataFrameSchema) -> pd.DataFrame:
    """Return a table without rows that keeps a contract."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _types(schema).items()})


def count_row_groups(path: Path) -> int:
    """Return how many row groups a Parquet file has: parts of at most 2^20 rows that can be read one by one."""
    return int(pq.read_metadata(path).num_row_groups)


def read_table(
    path: Path,
    schema: pa.DataFrameSchema,
    *,
    columns: Collection[str] | None = None,
    row_group: int | None = None,
) -> pd.DataFrame:
    """Read a table that `write_table` wrote, with the types it had, and check it.

    Parameters
    ----------
    path : Path
        CSV or Parquet, by the ending.
    schema : DataFrameSchema
        The whole table's contract.
    columns : collection of str, optional
        Read these only, in the order of the schema; then what the schema says of each of them is checked, and
        nothing of the table as a whole.
    row_group : int, optional
        Read one row group of a Parquet file only (`count_row_groups`).
    """
    if columns is not None:
        chosen = {name: column for name, column in schema.columns.items() if name in columns}
        schema = pa.DataFrameSchema(chosen, strict=True, ordered=True)
    types = _types(schema)
    read = None if columns is None else list(types)
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            table = file.read(read) if row_group is None else file.read_row_group(row_group, read)
        frame = table.to_pandas()
    else:
        texts = {name: "str" if kind in _TYPES.values() else kind for name, kind in types.items()}
        blank = {name: [""] for name, column in schema.columns.items() if column.nullable}
        frame = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=blank, usecols=read)
    # A Parquet file without rows has lost the categories.
    kept = {n: t for n, t in types.items() if n in frame and (t in _TYPES.values() or frame.empty)}
    return check(frame.astype(kept), schema, path.name)
