"""A step can change nothing but what is its own, and an appendix can read no answer: Linux refuses it (Landlock).

What people handed in lies behind links that a notebook could write through, and root may write anything. So the process
of a step gives up, for itself and all that it starts, the right to change files outside a few folders. Where the system
cannot do that, `analysis.pipeline.stage.Stage.changed` still finds what was written to. An appendix is handed released
results and nothing else; with this, a path that leads past its folder finds no answers either.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable, Iterator, Set
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""Numbers of landlock_create_ruleset(2), landlock_add_rule(2) and landlock_restrict_self(2)."""

_ASK_VERSION, _BENEATH = 1, 1
_NO_NEW_PRIVILEGES = 38
"""prctl(2): what Linux asks of a process that restricts itself."""

_TRUNCATE = 1 << 14
_ON_FILES = 1 << 1 | _TRUNCATE
"""The rights that a file can have: to be written, and to be cut off."""

_CHANGES = _ON_FILES | sum(1 << bit for bit in range(4, 14))
"""The rights to write, cut off, make, remove, link and move files and folders: linux/landlock.h."""

_READ = 1 << 2
"""The right to read a file."""

_VERSION = 3
"""The first version of Landlock that knows all of these."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def caches() -> list[Path]:
    """Return the folders in which libraries keep what they have worked out, and the devices."""
    home = Path.home()
    own = [home / name for name in (".cache", ".config", ".ipython", ".jupyter", ".local")]
    chosen = [
        os.environ.get(name)
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR", "XDG_CACHE_HOME")
    ]
    return [*own, *(Path(name) for name in chosen if name), Path("/dev"), Path("/proc")]


def confine(writable: Iterable[Path], hidden: Iterable[Path] = ()) -> bool:
    """Let this process and those that it starts change nothing outside some folders; return whether that holds.

    It cannot be taken back. What is open already stays open.

    Parameters
    ----------
    writable : iterable of Path
        The folders in which everything may be changed; one that does not exist is left out.
    hidden : iterable of Path
        The folders in which no file may be read, nor where there are none yet.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_CREATE, None, 0, _ASK_VERSION) < _VERSION:
        return False
    refused = {folder.resolve() for folder in hidden}
    handled = _CHANGES | _READ if refused else _CHANGES
    ruleset = libc.syscall(_CREATE, ctypes.byref(_Ruleset(handled)), ctypes.sizeof(_Ruleset), 0)
    if ruleset < 0:
        return False
    try:
        read = all(_allow(libc, ruleset, path, _READ) for path in _beside(Path("/"), refused))
        changed = all(_allow(libc, ruleset, folder, handled) for folder in writable)
        return read and changed and _restrict(libc, ruleset)
    finally:
        os.close(ruleset)


def _beside(folder: Path, refused: Set[Path]) -> Iterator[Path]:
    """Yield everything below a folder but some folders: the largest folders, and files, that hold none of those.

    Links are left out: what they lead to is either yielded itself or refused.
    """
    if not refused:
        return
    for path in folder.iterdir():
        if path in refused or path.is_symlink():
            continue
        within = {inner for inner in refused if inner.is_relative_to(path)}
        if within:
            yield from _beside(path, within)
        else:
            yield path


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> bool:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        rights = rights if path.is_dir() else rights & (_ON_FILES | _READ)
        rule = _Beneath(rights, opened)
        return bool(libc.syscall(_ADD, ruleset, _BENEATH, ctypes.byref(rule), 0) == 0)
    finally:
        os.close(opened)


def _restrict(libc: ctypes.CDLL, ruleset: int) -> bool:
    told = libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.syscall(_RESTRICT, ruleset, 0)
    return bool(told == 0)
