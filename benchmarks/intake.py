"""How long intake takes, and how much memory, against pandas reading the same file.

Intake is decode + find the table + clean + contracts + accounting of a synthetic export with 40 questions (two with
several options, one of free text). Every measurement is a process of its own; the ratios are of medians.

    python benchmarks/intake.py                    10,000 and 100,000 rows
    python benchmarks/intake.py --rows 1000000     another size too (needs 2 GB of disk for a while)
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

SIZES = (10_000, 100_000)
SCALE = ("Instämmer inte alls", "Instämmer delvis", "Instämmer helt", "Vet ej", "")
SEVERAL = ("Skola;", "Skola;Polis;", "Polis;", "Civilsamhälle;Skola;", "")
SCALES, CHOICES = 35, 2


def write_export(path: Path, rows: int) -> None:
    """Write a synthetic export in parts, so that its size costs no memory here."""
    chance = np.random.default_rng(2026)
    with path.open("w", encoding="utf-8", newline="") as file:
        for start in range(0, rows, 50_000):
            n = min(50_000, rows - start)
            number = np.arange(start, start + n)
            when = pd.Timestamp("2021-01-01") + pd.to_timedelta(number, unit="s")
            columns: dict[str, object] = {"Svarsid": number.astype(str), "Inskickat": when.astype(str)}
            for i in range(SCALES):
                columns[f"q{i}"] = np.array(SCALE)[chance.integers(0, len(SCALE), n)]
            for i in range(CHOICES):
                columns[f"m{i}"] = np.array(SEVERAL)[chance.integers(0, len(SEVERAL), n)]
            columns["antal"] = chance.integers(0, 500, n).astype(str)
            days = pd.date_range("2020-01-01", periods=700).astype(str).to_numpy()
            columns["dag"] = days[chance.integers(0, 700, n)]
            columns["text"] = [f"Syntetiskt svar {i} om vad som har hänt, och varför" for i in number]
            pd.DataFrame(columns).to_csv(file, index=False, sep=";", header=start == 0)


def survey_data() -> dict[str, object]:
    """Return the description of the synthetic export."""
    scale = [{"id": f"o{i}", "label": label} for i, label in enumerate(SCALE[:3])]
    scale.append({"id": "vet_ej", "label": "Vet ej", "means": "dont_know"})
    several = [{"id": label.casefold()[:5], "label": label} for label in ("Skola", "Polis", "Civilsamhälle")]
    questions: list[dict[str, object]] = [
        {"id": f"q{i}", "kind": "scale", "options": scale} for i in range(SCALES)
    ]
    questions += [
        {"id": f"m{i}", "kind": "multiple", "options": several, "separator": ";"} for i in range(CHOICES)
    ]
    questions += [{"id": name, "kind": kind} for name, kind in (("antal", "number"), ("dag", "date"))]
    questions.append({"id": "text", "kind": "free_text"})
    return {
        "title": "Syntetiska exempeldata",
        "year": 2021,
        "period": {"start": "2021-01-01", "end": "2021-12-31"},
        "responsible": {"publisher": "Ingen"},
        "source": {"file": "x.csv"},
        "respondents": "people",
        "sections": [{"id": "a", "title": "A", "kind": "topic", "confirmed": False}],
        "questions": [{"text": q["id"], "section": "a", **q} for q in questions],
    }


def read_plainly(path: Path) -> None:
    """Read the export with pandas and nothing else."""
    pd.read_csv(path, dtype=str, sep=";")


def take_in(path: Path) -> None:
    """Take the export in as a year's run does."""
    from analysis.intake.clean import clean
    from analysis.intake.contracts import LEDGER, REVIEW, SUBMISSIONS, answers_schema, check
    from analysis.intake.decode import decode
    from analysis.intake.dialects import find_table
    from analysis.intake.ledger import check_nothing_lost
    from analysis.survey.instrument import Survey

    survey = Survey.model_validate(survey_data())
    table = find_table(decode(path, path.name), path.name, dialect="table")
    cleaned = clean(table, survey, name="survey.yaml")
    for frame, schema in (
        (cleaned.submissions, SUBMISSIONS),
        (cleaned.answers, answers_schema(survey)),
        (cleaned.ledger, LEDGER),
        (cleaned.review, REVIEW),
    ):
        check(frame, schema, "table")
    check_nothing_lost(cleaned.accounting)


WAYS = {"pandas": read_plainly, "intake": take_in}


def measure(way: str, path: Path) -> None:
    """Do it once in this process, and print seconds (without imports) and peak memory."""
    import analysis.intake.contracts  # what both processes have loaded before the clock starts

    del analysis
    start = time.perf_counter()
    WAYS[way](path)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": peak}))


def repeated(way: str, path: Path, times: int) -> tuple[float, float]:
    """Return the median of seconds and the most megabytes of some runs, each in a process of its own."""
    runs = []
    for _ in range(times):
        command = [sys.executable, __file__, "--measure", way, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    return statistics.median(r["seconds"] for r in runs), max(r["megabytes"] for r in runs)


def main() -> None:
    """Print a table of sizes, seconds, ratios and memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, action="append", default=[], help="measure this size too")
    parser.add_argument(
        "--times", type=int, default=5, help="how often (default 5; at most 3 above 500,000 rows)"
    )
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        measure(chosen.measure[0], Path(chosen.measure[1]))
        return
    print(
        f"{'rows':>9} {'pandas s':>9} {'intake s':>9} {'ratio':>6} {'intake MB':>10} {'per row, of 10,000':>19}"
    )
    first = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for rows in (*SIZES, *chosen.rows):
            path = Path(folder) / f"{rows}.csv"
            write_export(path, rows)
            times = min(chosen.times, 3) if rows > 500_000 else chosen.times
            plain, _ = repeated("pandas", path, times)
            ours, peak = repeated("intake", path, times)
            first = first or ours / rows
            print(
                f"{rows:>9} {plain:>9.2f} {ours:>9.2f} {ours / plain:>6.2f} {peak:>10.0f} {ours / rows / first:>19.2f}"
            )
            path.unlink()


if __name__ == "__main__":
    main()
