"""How long it takes to count the answers to all closed questions by one group, against pandas, polars and DuckDB.

The answers are a synthetic ``answers.parquet`` of 40 questions (36 with one answer, two with several options, one
number, one of free text), and the group is the kind of unit. Everything begins with the file and ends with the same
counts, which are compared. Every measurement is a process of its own; the ratios are of medians of one run.

    python benchmarks/counts.py                    100,000 and 1,000,000 submissions
    python benchmarks/counts.py --rows 10000000    another size too (needs 1 GB of disk for a while)

polars and DuckDB are measured where they can be imported; the project does not need them:

    pip install --target /tmp/others polars duckdb && PYTHONPATH=/tmp/others python benchmarks/counts.py
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from analysis.survey.instrument import Survey

SIZES = (100_000, 1_000_000)
PART = 1_000_000
"""Submissions in a row group."""

SCALES, CHOICES, OPTIONS = 36, 2, 8
KINDS = {f"unit_{i}": "district" if i < 13 else "specialist" for i in range(18)}
FEW = "few.parquet"
BYTES_PER_ROW = 400
"""What the ways that read everything at once need at most, as measured."""

Found = dict[tuple[str, str, str], int]
"""How many of a kind of unit gave an answer: by column, kind and value, without zeros."""


def survey() -> Survey:
    """Return the description of the synthetic answers."""
    from analysis.survey.instrument import Survey

    scale = [{"id": f"o{i}", "label": f"Svar {i}"} for i in range(5)]
    scale.append({"id": "vet_ej", "label": "Vet ej", "means": "dont_know"})
    several = [{"id": f"v{i}", "label": f"Val {i}"} for i in range(OPTIONS)]
    questions: list[dict[str, object]] = [{"id": "vem", "kind": "unit"}]
    questions += [{"id": f"q{i}", "kind": "scale", "options": scale} for i in range(SCALES)]
    questions += [{"id": f"m{i}", "kind": "multiple", "options": several} for i in range(CHOICES)]
    questions += [{"id": "antal", "kind": "number"}, {"id": "text", "kind": "free_text"}]
    return Survey.model_validate(
        {
            "title": "Syntetiska exempeldata",
            "year": 2021,
            "period": {"start": "2021-01-01", "end": "2021-12-31"},
            "responsible": {"publisher": "Ingen"},
            "source": {"file": "x.csv"},
            "respondents": "units",
            "sections": [{"id": "a", "title": "A", "kind": "topic", "confirmed": False}],
            "questions": [{"text": q["id"], "section": "a", **q} for q in questions],
        }
    )


def closed_columns() -> list[str]:
    """Return the columns that are counted."""
    return [column for q in survey().questions if q.is_closed for column in q.columns()]


def write_answers(path: Path, rows: int) -> None:
    """Write synthetic answers in parts, so that their number costs no memory here."""
    chance = np.random.default_rng(2026)
    writer = None
    for start in range(0, rows, PART):
        table = pa.Table.from_pandas(
            _some_answers(start, min(PART, rows - start), chance), preserve_index=False
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _some_answers(start: int, n: int, chance: np.random.Generator) -> pd.DataFrame:
    from analysis.intake.answers import STATUS

    numbers = range(start, start + n)
    columns: dict[str, object] = {
        "submission_id": pd.Series([f"{i:012x}" for i in numbers], dtype="str"),
        "unit_id": pd.Series(np.array(list(KINDS), dtype=object)[chance.integers(0, 18, n)], dtype="str"),
    }
    given = chance.integers(0, 8, n) > 0
    for question in survey().questions[1:]:
        labels = list(question.labels()) if question.is_closed else list(STATUS)
        if question.kind == "multiple":
            # Few of all combinations are chosen; an eighth has no answer, for one reason or another.
            usual = chance.integers(0, 2, (40, OPTIONS))
            chosen = usual[chance.integers(0, len(usual), n)]
            why = chance.integers(2, len(labels), n)
            said = np.where(given[:, None], chosen, why[:, None]).astype(np.int8)
            for i, column in enumerate(question.columns()):
                columns[column] = pd.Categorical.from_codes(said[:, i], pd.Index(labels, dtype="str"))
            continue
        why = chance.integers(5 if question.is_closed else 1, len(labels), n)
        codes = np.where(given, chance.integers(0, 5, n) if question.is_closed else 0, why).astype(np.int8)
        status = pd.Categorical.from_codes(codes, pd.Index(labels, dtype="str"))
        if question.is_closed:
            columns[question.id] = status
            continue
        if question.kind == "number":
            value = pd.Series(chance.integers(0, 500, n)).astype("Float64")
        else:
            value = pd.Series([f"Syntetiskt svar {i} om vad som har hänt" for i in numbers], dtype="str")
        columns[question.id] = value.where(given)
        columns[f"{question.id}#status"] = status
    return pd.DataFrame(columns)


# --- ways of counting: each returns what it counted, and the seconds of reading --------------------------------------


def count_at_once(path: Path) -> tuple[Iterable[Any], float]:
    """Count with the project's own functions, of answers in memory."""
    from analysis.intake.contracts import answers_schema, read_table
    from analysis.measures.counts import count_answers

    start = time.perf_counter()
    answers = read_table(path, answers_schema(survey()), columns=["unit_id", *closed_columns()])
    seconds = time.perf_counter() - start
    return _rows_of(count_answers(answers, survey(), KINDS)), seconds


def count_by_row_group(path: Path) -> tuple[Iterable[Any], float]:
    """Count with the project's own functions, one row group at a time: numbers and missing answers too."""
    from analysis.measures.counts import count_file, tabulate_counts

    return _rows_of(tabulate_counts(count_file(path, survey(), KINDS), survey())), 0.0


def _rows_of(table: pd.DataFrame) -> Iterable[Any]:
    table = table[table["group"].isin(list(KINDS.values()))]
    column = table["question"].where(table["item"] == "", table["question"] + "[" + table["item"] + "]")
    return zip(column, table["group"], table["value"], table["n"], strict=True)


def count_with_pandas(path: Path) -> tuple[Iterable[Any], float]:
    """Group by two categorical columns, once for each question."""
    start = time.perf_counter()
    frame = pd.read_parquet(path, columns=["unit_id", *closed_columns()])
    seconds = time.perf_counter() - start
    kind = frame["unit_id"].map(KINDS).astype("category")
    found = []
    for column in closed_columns():
        counted = frame.groupby([kind, column], observed=True).size()
        found += [(column, *key, n) for key, n in counted.items()]
    return found, seconds


def count_with_polars(path: Path) -> tuple[Iterable[Any], float]:
    """Group by two columns, once for each question, all side by side."""
    import polars as pl

    start = time.perf_counter()
    frame = pl.read_parquet(path, columns=["unit_id", *closed_columns()])
    seconds = time.perf_counter() - start
    lazy = frame.with_columns(pl.col("unit_id").replace_strict(KINDS).alias("kind")).lazy()
    counted = pl.collect_all([lazy.group_by("kind", column).len() for column in closed_columns()])
    pairs = zip(closed_columns(), counted, strict=True)
    return [(column, *row) for column, table in pairs for row in table.rows()], seconds


def count_with_duckdb(path: Path) -> tuple[Iterable[Any], float]:
    """Group by two columns, once for each question, in one statement over the file."""
    import duckdb

    kinds = " ".join(f"WHEN '{unit}' THEN '{kind}'" for unit, kind in KINDS.items())
    some = ", ".join(f'"{column}"' for column in closed_columns())
    answers = f"SELECT CASE unit_id {kinds} END AS kind, {some} FROM read_parquet('{path}')"
    parts = [
        f"SELECT '{column}', kind, \"{column}\"::VARCHAR, count(*) FROM answers GROUP BY ALL"
        for column in closed_columns()
    ]
    return duckdb.sql(f"WITH answers AS ({answers}) {' UNION ALL '.join(parts)}").fetchall(), 0.0


WAYS: dict[str, Callable[[Path], tuple[Iterable[Any], float]]] = {
    "at once": count_at_once,
    "by row group": count_by_row_group,
    "pandas": count_with_pandas,
    "polars": count_with_polars,
    "duckdb": count_with_duckdb,
}
IN_MEMORY = ("at once", "pandas", "polars")


# --- measuring -------------------------------------------------------------------------------------------------------


def measure(way: str, path: Path) -> None:
    """Do it once more in this process, and print seconds, peak memory and a hash of the counts.

    What is done once in each process, such as imports, is done with a few answers before the clock starts.
    """
    WAYS[way](path.with_name(FEW))
    start = time.perf_counter()
    found, read = WAYS[way](path)
    seconds = time.perf_counter() - start
    counted = sorted([str(column), str(kind), str(value), int(n)] for column, kind, value, n in found if n)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"seconds": seconds, "counting": seconds - read if read else None, "megabytes": peak}
    digest = hashlib.sha256(json.dumps(counted).encode()).hexdigest()
    print(json.dumps(told | {"counts": len(counted), "hash": digest}))


def repeated(way: str, path: Path, times: int) -> dict[str, Any]:
    """Return the medians of some runs, each in a process of its own."""
    runs = []
    for _ in range(times):
        done = _in_a_process("--measure", way, path)
        runs.append(json.loads(done))
    medians = {key: statistics.median(r[key] for r in runs) for key in ("seconds", "megabytes")}
    counting = None if runs[0]["counting"] is None else statistics.median(r["counting"] for r in runs)
    return {**runs[0], **medians, "counting": counting}


def _in_a_process(*arguments: object) -> str:
    """Return what this program prints in a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def available(way: str, rows: int) -> str:
    """Return why a way is left out; ``""`` if it is not."""
    if way in ("polars", "duckdb") and importlib.util.find_spec(way) is None:
        return "not installed"
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return "too little memory" if way in IN_MEMORY and rows * BYTES_PER_ROW > free else ""


def main() -> None:
    """Print a table of sizes, seconds, ratios and memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, action="append", default=[], help="measure this size too")
    parser.add_argument(
        "--times", type=int, default=5, help="how often (default 5; at most 3 above 5,000,000 rows)"
    )
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=2, metavar=("FILE", "ROWS"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.write:
        write_answers(Path(chosen.write[0]), int(chosen.write[1]))
        return
    if chosen.measure:
        measure(chosen.measure[0], Path(chosen.measure[1]))
        return
    print(f"{'rows':>9} {'way':>13} {'file to counts s':>17} {'counting s':>11} {'of pandas':>10} {'MB':>6}")
    with tempfile.TemporaryDirectory() as folder:
        _in_a_process("--write", Path(folder) / FEW, 1000)
        for rows in (*SIZES, *chosen.rows):
            path = Path(folder) / f"{rows}.parquet"
            # Not here: the processes that are measured would begin with the memory that this one has needed.
            _in_a_process("--write", path, rows)
            times = min(chosen.times, 3) if rows > 5_000_000 else chosen.times
            left_out = {way: why for way in WAYS if (why := available(way, rows))}
            told = {way: repeated(way, path, times) for way in WAYS if way not in left_out}
            if len({(t["counts"], t["hash"]) for t in told.values()}) != 1:
                raise AssertionError(
                    f"the ways do not agree: { {way: t['hash'] for way, t in told.items()} }"
                )
            for way in WAYS:
                if way in left_out:
                    print(f"{rows:>9} {way:>13} {left_out[way]}")
                    continue
                seconds, counting = told[way]["seconds"], told[way]["counting"]
                ratio = f"{seconds / told['pandas']['seconds']:.2f}" if "pandas" in told else "–"
                shown = f"{counting:.3f}" if counting is not None else "–"
                print(
                    f"{rows:>9} {way:>13} {seconds:>17.3f} {shown:>11} {ratio:>10} {told[way]['megabytes']:>6.0f}"
                )
            path.unlink()


if __name__ == "__main__":
    main()
