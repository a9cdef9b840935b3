"""Never a half result: whatever goes wrong, it is said in a sentence, nothing is left, and the next run is right."""

from __future__ import annotations

import ctypes
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from tests.pipeline.small_home import HOME, Home, make_small_home

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")

SENTENCES = 3
"""Lines that a failure may take: what happened, where the notebook is kept, and that the year is not done."""

FOREVER = "import time\nwhile True:\n    time.sleep(0.1)"


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def has_begun(home: Home, step: str) -> bool:
    """Return whether the fault of a step is reached: it leaves a file of its name in the temporary folder."""
    return (home.root / f"begun-{step}").exists()


def begin(home: Home, step: str, code: str) -> dict[str, str]:
    """Return a fault that first says that it is reached; tests of what may be written do without it."""
    return {step: f'os.write(2, b""); os.mkfifo("begun")\n{code}'}


def assert_said(done: subprocess.CompletedProcess[str], *sentences: str, code: int = 1) -> None:
    """Check that a run ended in clear sentences and nothing else."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if not line.startswith("[")]
    assert len(said) <= SENTENCES, done.stderr
    for sentence in sentences:
        assert sentence in done.stderr, done.stderr


def assert_right(home: Home, decided: dict[str, bytes]) -> None:
    """Check that nothing is left, that the next run says so, and that it gives what a run never interrupted gives."""
    wait_for(lambda: not home.processes(), 10)
    done = home.run()
    assert done.returncode == 0, done.stderr
    assert home.left() == []
    assert home.files() == decided
    assert not list((home.root / "data/processed/2021/notebooks").glob("failed/*"))
