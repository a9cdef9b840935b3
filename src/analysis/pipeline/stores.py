"""Data from a store before a run, and outputs to a store after it: anything that fsspec knows, such as S3.

A store holds ``data/raw`` and perhaps ``data/reference``, laid out as below the root; ``outputs`` is written to it.
What lies in ``data/processed`` is sensitive and is never copied. Only what has changed since it was last copied is
copied again, nothing is seen half-written, and nothing is ever deleted: files that are gone on the other side are
named, and a person decides.
"""

from __future__ import annotations

import errno
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout

from analysis.pipeline.stage import WORK, digest, write_whole
from analysis.problems import InputError
from analysis.project import Project

Tell = Callable[[str], None]

FETCHED = ("data/raw", "data/reference")
PUBLISHED = "outputs"

_LAST = ("index.html", "manifest.json", "run.json")
"""Names of files that tell of others, and are therefore written after them."""

_MARKS = (
    "ETag",
    "etag",
    "md5Hash",
    "content_md5",
    "LastModified",
    "last_modified",
    "mtime",
    "updated",
    "created",
)
"""What stores tell of a file that changes whenever its content does, best first."""


@dataclass(frozen=True)
class Store:
    """A folder of a file system that fsspec knows.

    Attributes
    ----------
    option : str
        The option that names it, for messages.
    url : str
        What the option was given.
    system : fsspec.AbstractFileSystem
        The file system.
    path : str
        The folder in it, without a slash at its end.
    """

    option: str
    url: str
    system: Any
    path: str

    @property
    def name(self) -> str:
        """The store as a person knows it, without passwords."""
        return str(self.system.unstrip_protocol(self.path))

    def files(self, folder: str) -> dict[str, Mapping[str, Any]]:
        """Return what the store tells of each file below one of its folders, by its name below the store."""
        start = f"{self.path}/{folder}/"
        self.system.invalidate_cache()
        with self._said():
            try:
                found = self.system.find(start, detail=True)
            except FileNotFoundError:
                self.system.ls(
                    self.path
                )  # a bucket that is not there is somebody's mistake; a folder may come
                return {}
        return {
            f"{folder}/{path.removeprefix(start)}": info
            for path, info in found.items()
            if path.startswith(start) and not path.endswith("/") and info["type"] != "directory"
        }

    def get(self, names: list[str], folder: Path) -> None:
        """Copy files to a folder here."""
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with self._said(folder):
            self.system.get([f"{self.path}/{name}" for name in names], [str(folder / name) for name in names])

    def put(self, names: list[str], folder: Path) -> None:
        """Copy files from a folder here; each is seen whole or not at all.

        Object stores show nothing else; where a file can be moved in one go, it is written beside and then moved.
        """
        from fsspec import AbstractFileSystem

        moves = type(self.system).mv is not AbstractFileSystem.mv
        targets = {name: f"{self.path}/{name}" for name in names}
        beside = {n: f"{target}.{uuid4().hex[:8]}.part" if moves else target for n, target in targets.items()}
        with self._said(folder):
            for parent in sorted({target.rpartition("/")[0] for target in targets.values()}) if moves else ():
                self.system.makedirs(parent, exist_ok=True)
            try:
                self.system.put([str(folder / name) for name in names], list(beside.values()))
                for name in names if moves else ():
                    self.system.mv(beside[name], targets[name])
            finally:
                for path in beside.values() if moves else ():
                    if self.system.exists(path):
                        self.system.rm_file(path)

    @contextmanager
    def _said(self, here: Path | None = None) -> Iterator[None]:
        """Let what goes wrong at the store be told in a sentence; what goes wrong here is another matter."""
        try:
            yield
        except _failures() as error:
            if isinstance(error, OSError) and _is_ours(error, here):
                raise
            if isinstance(error, PermissionError):
                what = f"{self.name} may not be read or written ({error})"
                do = "Give the credentials, such as AWS_ACCESS_KEY_ID, to this command, and the right to the folder"
            elif isinstance(error, FileNotFoundError):
                what, do = f"{self.name} is not there ({error})", "Correct the address, or make the bucket"
            else:
                what = f"{self.name} cannot be reached ({error})"
                do = "See to the address and the network, and run again"
            raise InputError.one(self.option, what, do) from error


def _failures() -> tuple[type[Exception], ...]:
    """Return what a store may raise: the classes of the libraries that are in use."""
    found: list[type[Exception]] = [OSError]
    for module, name in (
        ("botocore.exceptions", "BotoCoreError"),
        ("botocore.exceptions", "ClientError"),
        ("aiohttp", "ClientError"),
    ):
        if module in sys.modules:
            found.append(getattr(sys.modules[module], name))
    return tuple(found)


def _is_ours(error: OSError, here: Path | None) -> bool:
    """Return whether a file or disk of this machine is to blame."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return True
    return here is not None and isinstance(error.filename, str) and Path(error.filename).is_relative_to(here)


def open_store(url: str, option: str) -> Store:
    """Return the store at an address; it is asked whether it is there.

    Raises
    ------
    InputError
        If the address is wrong, a package is missing, or the store cannot be read.
    """
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        what = "a store needs packages that are not installed"
        raise InputError.one(option, what, 'Install them with `pip install "analysis[cluster]"`') from None
    do = "Give an address such as s3://bucket/folder or file:///folder"
    if "://" not in url:
        raise InputError.one(option, f"{url!r} is no address of a store", do)
    try:
        system, path = url_to_fs(url)
    except ImportError as error:
        what = f"{url.partition('://')[0]}:// needs a package that is not installed ({error})"
        raise InputError.one(
            option, what, 'For s3://, install with `pip install "analysis[cluster]"`'
        ) from None
    except ValueError as error:
        raise InputError.one(option, f"{url!r} is no address of a store ({error})", do) from None
    if not path.strip("/"):
        raise InputError.one(option, f"{url!r} names no folder", do)
    return Store(option, url, system, path.rstrip("/"))


def check_publish(url: str) -> None:
    """Look before a run whether its outputs can be published afterwards.

    Raises
    ------
    InputError
        If the address is wrong, or the store cannot be read.
    """
    open_store(url, "--publish").files(PUBLISHED)


def fetch_data(url: str, project: Project, tell: Tell) -> None:
    """Copy ``data/raw``, and ``data/reference`` where there is one, from a store to the root.

    Everything is first copied beside, and moved to its place when all of it is there. Files that lie here and not in
    the store are kept and named.

    Raises
    ------
    InputError
        If the address is wrong, a package is missing, the store cannot be read or holds no raw data, or a name in it
        leads out of the folder.
    """
    store = open_store(url, "--fetch")
    found: dict[str, Mapping[str, Any]] = {}
    for folder in FETCHED:
        found |= store.files(folder)
    _refuse_names(store, found)
    if not any(name.startswith(f"{FETCHED[0]}/") for name in found):
        what = f"there is no file below {store.name}/{FETCHED[0]}"
        raise InputError.one("--fetch", what, "Correct the address: it is the folder that holds data/raw")
    work = project.root / WORK
    work.mkdir(exist_ok=True)
    with _alone(work):
        memory = _Memory(work, url)
        names = [name for name, info in found.items() if memory.has_changed(name, info, project.root / name)]
        beside = work / "fetch"
        shutil.rmtree(beside, ignore_errors=True)
        try:
            if names:
                store.get(names, beside)
            for name in names:
                size = (beside / name).stat().st_size
                if size != found[name].get("size", size):
                    what = f"{store.name}/{name} was cut off, or has changed in between"
                    raise InputError.one("--fetch", what, "Run again")
            for name in names:
                target = project.root / name
                target.parent.mkdir(parents=True, exist_ok=True)
                (beside / name).replace(target)
                memory.remember(name, found[name], target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        memory.save()
    tell(f"Fetched {_files(names)} from {store.name}; {len(found) - len(names)} were the same.")
    here = {name for folder in FETCHED for name in _below(project.root, folder)}
    _tell_rest(here - set(found), f"here and not at {store.name}", tell)


def publish_outputs(project: Project, url: str, tell: Tell) -> None:
    """Copy ``outputs`` from the root to a store; nothing else, and never what is sensitive.

    Files that tell of others (`_LAST`) are copied after them. Files that are published and no longer lie here are kept
    and named.

    Raises
    ------
    InputError
        If the address is wrong, a package is missing, or the store cannot be read or written.
    """
    store = open_store(url, "--publish")
    there = store.files(PUBLISHED)
    work = project.root / WORK
    work.mkdir(exist_ok=True)
    here = _below(project.root, PUBLISHED)
    with _alone(work):
        memory = _Memory(work, url)
        names = [n for n in here if memory.has_changed(n, there.get(n), project.root / n)]
        for last in (False, True):
            part = [name for name in names if (PurePosixPath(name).name in _LAST) == last]
            if part:
                store.put(part, project.root)
        written = store.files(PUBLISHED)
        for name in names:
            memory.remember(name, written.get(name, {}), project.root / name)
        memory.save()
    tell(f"Published {_files(names)} at {store.name}; {len(here) - len(names)} were the same.")
    _tell_rest(set(there) - set(here), f"at {store.name} and no longer here", tell)


class _Memory:
    """What a store and this folder held when they last held the same."""

    def __init__(self, work: Path, url: str) -> None:
        self._path = work / "stores.json"
        self._key = sha256(url.encode()).hexdigest()
        try:
            self._all: dict[str, dict[str, list[str]]] = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # nothing is known: everything is copied
            self._all = {}
        self._known = self._all.setdefault(self._key, {})

    def has_changed(self, name: str, info: Mapping[str, Any] | None, path: Path) -> bool:
        """Return whether a file must be copied: one of the two sides is not what it was."""
        mark = _mark(info or {})
        if not mark or not path.is_file() or self._known.get(name, [""])[0] != mark:
            return True
        return digest(path) != self._known[name][1]

    def remember(self, name: str, info: Mapping[str, Any], path: Path) -> None:
        """Remember that both sides hold the same now."""
        self._known[name] = [_mark(info), digest(path)]

    def save(self) -> None:
        """Write it down."""
        write_whole(self._path, json.dumps(self._all, ensure_ascii=False))


def _mark(info: Mapping[str, Any]) -> str:
    """Return what changes when the content of a file in a store does; nothing where the store does not tell."""
    mark = next((f"{key} {info[key]}" for key in _MARKS if info.get(key)), "")
    return f"{mark} {info.get('size')}" if mark else ""


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Hold the copying from and to stores: two at once would mix."""
    try:
        with FileLock(work / "stores.lock", timeout=0):
            yield
    except Timeout:
        what = "somebody else copies to or from a store at the moment"
        raise InputError.one(WORK, what, "Wait for it to end") from None


def _refuse_names(store: Store, names: Iterable[str]) -> None:
    """Refuse names that lead out of the folder, or that cannot all be files at once."""
    known = set(names)
    for name in known:
        parts = name.split("/")
        above = {"/".join(parts[:i]) for i in range(1, len(parts))}
        odd = (
            {"", ".", ".."} & set(parts) or "\\" in name or any(PureWindowsPath(part).drive for part in parts)
        )
        if odd or not name.isprintable() or above & known:
            what = f"the name {name!r} in {store.name} is not one of a file below data"
            raise InputError.one(store.option, what, "Remove it from the store, or give it another name")


def _below(root: Path, folder: str) -> list[str]:
    """Return the files below a folder of the root, except hidden ones."""
    paths = sorted((root / folder).rglob("*"))
    names = [path.relative_to(root).as_posix() for path in paths if path.is_file()]
    return [name for name in names if not any(part.startswith(".") for part in name.split("/"))]


def _files(names: list[str]) -> str:
    return "1 file" if len(names) == 1 else f"{len(names)} files"


def _tell_rest(names: set[str], where: str, tell: Tell) -> None:
    """Name files that are only on one side: they are left alone."""
    if names:
        some = ", ".join(sorted(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        tell(f"Only {where}, and left alone: {some}.")
