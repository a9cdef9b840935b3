"""How fast a re-run is: against the command-line tools in a loop, plain scripts, and a bare hash of the inputs.

``make bench`` runs this with everything else; ``python benchmarks/pipeline.py --rounds 1`` alone, once. Everything
happens in a temporary folder with the three example years. Compare only within one run: machines differ and are noisy.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import nbformat

HOME = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
YEARS = (2021, 2022, 2023)
HASH = """
import hashlib, pathlib, sys
for folder in sys.argv[1:]:
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            hashlib.sha256(path.read_bytes()).hexdigest()
"""


@contextmanager
def copied_home() -> Iterator[Path]:
    """Copy the notebooks, the reference data and the example years to a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        for name in ("notebooks", "data/reference", *(f"data/raw/{year}" for year in YEARS)):
            shutil.copytree(HOME / name, home / name)
        shutil.copyfile(HOME / "requirements.lock", home / "requirements.lock")
        yield home


def clean(home: Path) -> None:
    """Remove everything that runs have written."""
    for name in ("outputs", "data/processed", ".analysis", "loop", "scripts"):
        shutil.rmtree(home / name, ignore_errors=True)


def call(home: Path, *words: object) -> float:
    """Run a command in a project and return its seconds; stop where it fails."""
    began = time.perf_counter()
    done = subprocess.run([str(w) for w in words], cwd=home, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{words} failed:\n{done.stderr[-2000:]}")
    return seconds


def analysis(home: Path, *words: object) -> float:
    """Run the command `analysis` and return its seconds."""
    return call(home, BIN / "analysis", *words)


def steps_run(home: Path) -> list[dict[str, object]]:
    """Return the steps of all years in an order in which they can be run, from what the manifests tell."""
    found = []
    for year in YEARS:
        manifest = json.loads((home / "outputs" / str(year) / "manifest.json").read_text(encoding="utf-8"))
        steps = [s for s in manifest["steps"] if not s["step"].endswith(" tabeller")]
        order = {"1_clean": 0, "2_code": 1, "3_analyse": 2, "4_compare": 3}
        found += sorted(steps, key=lambda s: order.get(s["step"].split()[1], 9))
    return found


def with_parameters(step: dict[str, object]) -> list[str]:
    """Return the parameters of a step as papermill's command line takes them."""
    parameters = step["parameters"]
    assert isinstance(parameters, dict)
    return [word for name, value in parameters.items() for word in ("-p", name, str(value))]


def loop(home: Path, steps: list[dict[str, object]]) -> float:
    """Run and export each step by the two command-line tools, one after the other."""
    began = time.perf_counter()
    for step in steps:
        output = home / "loop" / f"{str(step['step']).replace(' ', '-')}.ipynb"
        output.parent.mkdir(exist_ok=True)
        call(home, BIN / "papermill", "--no-progress-bar", step["notebook"], output, *with_parameters(step))
        if "appendix" in str(step["step"]):
            for kind in ("appendix_html", "appendix_pdf"):
                call(home, BIN / "jupyter", "nbconvert", "--log-level=ERROR", "--to", kind, output)
    return time.perf_counter() - began


def scripts(home: Path, steps: list[dict[str, object]]) -> float:
    """Run the code of each step as a plain script in a process of its own; nothing is exported."""
    folder = home / "scripts"
    folder.mkdir(exist_ok=True)
    for step in steps:
        notebook = nbformat.read(home / str(step["notebook"]), as_version=4)
        code = []
        for cell in notebook.cells:
            if cell.cell_type == "code":
                code.append(cell.source)
            if "parameters" in cell.metadata.get("tags", []):
                parameters = step["parameters"]
                assert isinstance(parameters, dict)
                code += [f"{name} = {value!r}" for name, value in parameters.items()]
        path = folder / f"{str(step['step']).replace(' ', '-')}.py"
        path.write_text("\n\n".join(code), encoding="utf-8")
    began = time.perf_counter()
    for step in steps:
        call(home, sys.executable, folder / f"{str(step['step']).replace(' ', '-')}.py")
    return time.perf_counter() - began


def change_decision(home: Path) -> None:
    """Add a decision about nothing to the middle year."""
    path = home / "data/raw/2022/decisions.csv"
    number = len(path.read_text(encoding="utf-8").splitlines())
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{number:010d},reject,En Person,2022-12-01,\n")


def change_text(home: Path) -> None:
    """Change a word in the Markdown of bilaga 2."""
    path = home / "notebooks/appendix_quality.ipynb"
    notebook = nbformat.read(path, as_version=4)
    next(c for c in notebook.cells if c.cell_type == "markdown" and c.source.startswith("##")).source += "."
    nbformat.write(notebook, path)


def administrations(home: Path, jobs: int, years: tuple[int, ...]) -> tuple[float, float]:
    """Return the seconds in which so many jobs make the administrations' appendices of some years.

    The first number is that of the whole command; the second that from the first step to the end of the last.
    """
    for year in years:
        for path in (home / f"outputs/{year}/forvaltningar").glob("*.pdf"):
            path.unlink()
    began = time.perf_counter()
    words = [BIN / "analysis", "run", "--all" if years == YEARS else years[0], "--jobs", jobs, "--json"]
    done = subprocess.run(
        [str(w) for w in words], cwd=home, capture_output=True, text=True, check=True, encoding="utf-8"
    )
    whole = time.perf_counter() - began
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    times = [datetime.fromisoformat(e["time"]) for e in events if e["kind"] in ("start", "done")]
    return whole, (times[-1] - times[0]).total_seconds()


def medians(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """Return the median seconds of some measures, taken in turns."""
    taken: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for seconds, measure in zip(taken, measures, strict=True):
            seconds.append(measure())
    return [statistics.median(seconds) for seconds in taken]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="medians of so many rounds")
    parser.add_argument(
        "--loop-rounds", type=int, default=1, help="of the scripts and the loop over tools: minutes each"
    )
    chosen = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start, medians of {chosen.rounds}")
    with copied_home() as home:

        def nothing() -> float:
            clean(home)
            return analysis(home, "run", "--all")

        def one_year() -> float:
            clean(home)
            return analysis(home, "run", 2021)

        (all_years,) = medians(chosen.rounds, nothing)
        steps = steps_run(home)
        print(f"three years from nothing ({len(steps)} notebooks): {all_years:.1f} s")
        (plain,) = medians(chosen.loop_rounds, lambda: scripts(home, steps))
        print(
            f"  the same code as scripts, without export: {plain:.1f} s; we take {all_years / plain:.2f} of it"
        )
        (tools,) = medians(chosen.loop_rounds, lambda: loop(home, steps))
        print(f"  papermill and nbconvert in a loop: {tools:.0f} s; {tools / all_years:.1f} times as long")
        (first,) = medians(chosen.rounds, one_year)
        print(f"one year from nothing: {first:.1f} s")
        analysis(home, "run", "--all")
        inputs = [home / "data/raw", home / "data/reference", home / "notebooks", HOME / "src/analysis"]

        def decision() -> float:
            change_decision(home)
            return analysis(home, "run", 2022)

        def text() -> float:
            change_text(home)
            return analysis(home, "run", 2022)

        changed, rendered = medians(chosen.rounds, decision, text)
        print(f"one changed decision: {changed:.1f} s; one changed Markdown cell: {rendered:.1f} s")
        analysis(home, "run", "--all")
        still, status, bare = medians(
            chosen.rounds,
            lambda: analysis(home, "run", "--all"),
            lambda: analysis(home, "status"),
            lambda: call(home, sys.executable, "-c", HASH, *inputs),
        )
        print(
            f"nothing changed: {still:.2f} s, status {status:.2f} s; a bare hash of all inputs {bare:.3f} s "
            f"({still / bare:.1f} and {status / bare:.1f} times)"
        )
        for years in ((2023,), YEARS):
            folders = [home / f"outputs/{year}/forvaltningar" for year in years]
            units = sum(len(list(folder.glob("*.pdf"))) for folder in folders)
            taken = [[administrations(home, jobs, years) for jobs in (1, 2)] for _ in range(chosen.rounds)]
            (one, one_steps), (two, two_steps) = (
                [statistics.median(seconds) for seconds in zip(*by_jobs, strict=True)]
                for by_jobs in zip(*taken, strict=True)
            )
            print(
                f"{units} administrations of {len(years)} years: {one_steps / units:.2f} s each with one job "
                f"({one / units:.2f} s with the start of the command); two jobs are {one_steps / two_steps:.2f} times "
                f"as fast ({one / two:.2f} with the start)"
            )


if __name__ == "__main__":
    main()
