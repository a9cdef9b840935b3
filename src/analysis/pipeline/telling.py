"""What a run tells while it goes on: on a terminal, as plain lines, as JSON for a scheduler, and in a log."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from types import TracebackType
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from analysis.pipeline.run import Event
from analysis.pipeline.stage import write_whole
from analysis.project import Project

LEVELS = {"failed": "ERROR", "error": "ERROR", "warning": "WARNING", "skipped": "WARNING", "fresh": "DEBUG"}
"""How loud each kind of event is in the log; every other one is INFO."""

SIGNS = {
    "plan": ("·", "dim"), "fresh": ("–", "dim"), "start": ("▶", "cyan"), "done": ("✓", "green"),
    "skipped": ("○", "yellow"), "failed": ("✗", "red"),
}  # fmt: skip


class Log:
    """Writes ``run.log`` of each year when it ends. It lies with the answers: what failed may quote them."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.lines: dict[int, list[str]] = {}

    def __call__(self, event: Event) -> None:
        """Take down an event."""
        if event.kind == "plan":
            return
        now = dt.datetime.now().astimezone().isoformat(timespec="milliseconds")
        took = f" ({event.seconds:.1f} s)" if event.kind in ("done", "failed") else ""
        what = " ".join(word for word in (event.step or str(event.year), event.kind) if word)
        text = f": {event.text}" if event.text else ""
        line = f"{now} {LEVELS.get(event.kind, 'INFO'):7} {what}{took}{text}"
        self.lines.setdefault(event.year, []).append(line.replace("\n", "\n    "))
        if event.kind == "end":
            folder = self.project.processed(event.year)
            if folder.is_dir():
                write_whole(folder / "run.log", "\n".join(self.lines[event.year]) + "\n")


def as_json_line(event: Event) -> None:
    """Print an event as one line of JSON: for a scheduler."""
    data = {key: value for key, value in asdict(event).items() if value or key == "kind"}
    data["time"] = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    print(json.dumps(data, ensure_ascii=False), flush=True)


class Plain:
    """Says a line for each step that was run: for a log, or a terminal that cannot do more."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.total = self.ended = 0
        self.titles: dict[str, str] = {}

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def __call__(self, event: Event) -> None:
        """Tell an event."""
        if event.kind == "plan":
            self.total += event.step not in self.titles
            self.titles[event.step] = event.text
        elif event.kind in ("fresh", "done", "failed", "skipped"):
            self.ended += 1
            if event.kind != "fresh":
                title = self.titles.get(event.step, event.step)
                how = {"done": f"{event.seconds:.1f} s", "failed": "failed", "skipped": "skipped"}[event.kind]
                self.line(f"[{self.ended}/{self.total}] {title} ({how})")
        if event.kind in ("failed", "warning", "error"):
            self.line(event.text)

    def line(self, text: str) -> None:
        """Say a line."""
        print(text, file=self.stream, flush=True)


class Picture:
    """Draws year × step on a terminal, with what is being done and how long it will take."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.side_by_side = 1
        # No thread of its own draws the picture: each event does, and nothing else here needs one.
        self.live = Live(console=self.console, auto_refresh=False, transient=True)
        self.states: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.expected: dict[str, float] = {}
        self.took: dict[str, float] = {}

    def __enter__(self) -> Picture:
        self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.live.stop()

    def __call__(self, event: Event) -> None:
        """Tell an event."""
        if event.step:
            self.states[event.step] = event.kind
        if event.kind == "plan":
            self.titles[event.step], self.expected[event.step] = event.text, event.seconds
            return
        running = sum(state == "start" for state in self.states.values())
        self.side_by_side = max(self.side_by_side, running)
        if event.kind == "done":
            self.took[event.step] = event.seconds
        if event.kind in ("failed", "warning", "error"):
            self.console.print(Text(event.text))
        self.live.update(self.drawn(), refresh=True)

    def drawn(self) -> Group | Text:
        """Return the picture as it is now; a line alone where it is wider than the terminal."""
        table = Table(box=None, pad_edge=False, collapse_padding=True)
        years = sorted({step.split()[0] for step in self.states})
        columns: dict[str, list[str]] = {}
        for step in self.states:
            columns.setdefault(self.column(step), []).append(step)
        table.add_column("")
        for name in columns:
            table.add_column(name, justify="center")
        for year in years:
            cells = [self.cell([s for s in steps if s.startswith(year)]) for steps in columns.values()]
            table.add_row(year, *cells)
        running = [self.titles.get(s, s) for s, state in self.states.items() if state == "start"]
        ended = sum(state not in ("plan", "start") for state in self.states.values())
        line = f"{ended} of {len(self.states)}"
        if left := self.seconds_left():
            line += f", about {left:.0f} s left"
        last = Text(f"{line}   {', '.join(running)}", overflow="ellipsis", no_wrap=True)
        anywhere = self.console.options.update(width=1000)
        wide = Measurement.get(self.console, anywhere, table).maximum
        return Group(table, last) if wide <= self.console.width else last

    @staticmethod
    def column(step: str) -> str:
        """Return the column of a step: its notebook, one for all administrations; the names fit 80 columns."""
        output = step.split(maxsplit=1)[1].removeprefix("appendix_")
        return "units" if output.startswith("administration") else output.replace("tabeller", "tables")

    def cell(self, steps: list[str]) -> Text:
        """Return what a cell shows: a sign for one step, counts for several."""
        if len(steps) == 1:
            sign, style = SIGNS[self.states[steps[0]]]
            return Text(sign, style=style)
        counts = Counter(self.states[step] for step in steps)
        ended = sum(n for state, n in counts.items() if state not in ("plan", "start"))
        worst = next((s for s in ("failed", "skipped", "start", "plan", "done") if counts[s]), "fresh")
        return Text(f"{ended}/{len(steps)}" if steps else "", style=SIGNS[worst][1])

    def seconds_left(self) -> float:
        """Return how long the rest will take, from how long it took last time."""
        waiting = [self.expected[s] for s, state in self.states.items() if state in ("plan", "start")]
        known = [seconds for seconds in waiting if seconds]
        usual = sum(known) / len(known) if known else sum(self.took.values()) / max(1, len(self.took))
        return sum(seconds or usual for seconds in waiting) / self.side_by_side


def several(*tellers: Callable[[Event], None]) -> Callable[[Event], None]:
    """Return a function that tells an event to several."""

    def tell(event: Event) -> None:
        for teller in tellers:
            teller(event)

    return tell
