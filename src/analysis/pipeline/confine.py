"""A step can change nothing but what is its own: Linux itself refuses the rest (Landlock).

What people handed in lies behind links that a notebook could write through, and root may write anything. So the process
of a step gives up, for itself and all that it starts, the right to change files outside a few folders. Where the system
cannot do that, `analysis.pipeline.stage.Stage.changed` still finds what was written to.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
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


def confine(writable: Iterable[Path]) -> bool:
    """Let this process and those that it starts change nothing outside some folders; return whether that holds.

    It cannot be taken back. What is open already stays open.

    Parameters
    ----------
    writable : iterable of Path
        The folders in which everything may be changed; one that does not exist is left out.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_CREATE, None, 0, _ASK_VERSION) < _VERSION:
        return False
    ruleset = libc.syscall(_CREATE, ctypes.byref(_Ruleset(_CHANGES)), ctypes.sizeof(_Ruleset), 0)
    if ruleset < 0:
        return False
    try:
        return all(_allow(libc, ruleset, folder) for folder in writable) and _restrict(libc, ruleset)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, folder: Path) -> bool:
    try:
        opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        rights = _CHANGES if folder.is_dir() else _ON_FILES
        rule = _Beneath(rights, opened)
        return bool(libc.syscall(_ADD, ruleset, _BENEATH, ctypes.byref(rule), 0) == 0)
    finally:
        os.close(opened)


def _restrict(libc: ctypes.CDLL, ruleset: int) -> bool:
    told = libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.syscall(_RESTRICT, ruleset, 0)
    return bool(told == 0)
