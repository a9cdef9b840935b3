"""How long a whole year of very many answers takes, from its export to its appendices, and how much memory.

The export is that of ``intake.py``: 40 questions that people have answered. The command itself runs it, so that every
step counts: cleaning, coding, analysis, the appendices and their workbook.

    python benchmarks/year.py                    100,000 submissions
    python benchmarks/year.py --rows 1000000     another size (ten minutes, 6 GB of disk for a while)
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from intake import survey_data, write_export

YEAR = 2021
PROGRAM = Path(sys.executable).with_name("analysis")


def write_year(root: Path, rows: int) -> None:
    """Hand in a year: an export, what it asks, and nobody invited."""
    raw = root / "data" / "raw" / str(YEAR)
    raw.mkdir(parents=True)
    write_export(raw / "x.csv", rows)
    survey = {**survey_data(), "synthetic": True}
    survey["source"] = {
        "file": "x.csv",
        "dialect": "table",
        "columns": {"submitted": "Inskickat", "id": "Svarsid"},
        "delimiter": ";",
    }
    (raw / "survey.yaml").write_text(
        yaml.safe_dump(survey, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )


def main() -> None:
    """Run a year of some size, and print the seconds and the memory of its steps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000, help="so many submissions")
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_year(root, rows)
        began = time.perf_counter()
        done = subprocess.run(
            [PROGRAM, "run", str(YEAR), "--root", root], capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - began
        if done.returncode:
            sys.exit(done.stderr)
        run = json.loads((root / f"outputs/{YEAR}/run.json").read_text(encoding="utf-8"))
    steps = run["steps"]
    peak = max(step["memory"] for step in steps.values()) / 1e9
    print(f"{rows:,} submissions: {seconds:.0f} s, at most {peak:.2f} GB in a step")
    for name, step in steps.items():
        print(f"  {name:28} {step['seconds']:7.1f} s {step['memory'] / 1e9:6.2f} GB")


if __name__ == "__main__":
    main()
