"""What kind of file some bytes are, and what lies packed in them, never more than can be held.

Read by a child process too (`intake.apart`): only the standard library is imported here.
"""

from __future__ import annotations

import gzip
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath

from analysis.problems import InputError

MOST_BYTES = 600_000_000
"""How large an export may be, unpacked."""

ARCHIVES = (".gz", ".zip")

DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, RuntimeError,
    SyntaxError, OverflowError, IndexError, KeyError,
)  # fmt: skip
"""What the standard library raises for a damaged archive or a damaged part of it."""

TOO_LARGE = "Export fewer questions or answers at a time"

_CHUNK = 1 << 20

_AGAIN = "Export it again from the survey tool"
_NAMED = {
    "workbook": ("a workbook (Excel or OpenDocument)", "Give it the ending .xlsx, .xls or .ods"),
    "sav": ("an SPSS file", "Give it the ending .sav"),
    "zip": ("a zip archive", "Give it the ending .zip if it is one, or export it again"),
    "gzip": ("a gzip archive", "Add .gz to its name, or unpack it"),
    "packed": ("an archive of another kind than zip and gz", "Unpack it"),
    "pdf": ("a PDF document", "Export the answers as csv or xlsx from the survey tool"),
    "html": ("a web page (HTML)", "Open it in Excel and save it as .xlsx, or export it again from the survey tool"),
    "xml": ("an XML file", "Open it in Excel and save it as .xlsx, or export it again from the survey tool"),
    "image": ("an image", "Export the answers as csv or xlsx from the survey tool"),
    "text": ("plain text", "Give it the ending .csv, or export it again from the survey tool"),
}  # fmt: skip
_STARTS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
    (b"$FL2", "sav"),
    (b"$FL3", "sav"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "packed"),
    (b"Rar!\x1a", "packed"),
    (b"BZh", "packed"),
    (b"\xfd7zXZ", "packed"),
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r", "image"),
    (b"\xff\xd8\xff", "image"),
)
_HTML = re.compile(rb"(?i)<(?:!doctype\s+html|html|head|body|table|script|meta|style|div)\b")
_NO_TEXT = bytes((*range(9), *range(14, 32)))


class TooMuchError(Exception):
    """More than `MOST_BYTES` are packed in an archive."""

    def __init__(self) -> None:
        super().__init__(f"it holds more than {MOST_BYTES // 10**6} MB unpacked")


def kind_of(raw: bytes) -> str | None:
    """Return what kind of file some bytes are: a key of what `check_kind` can name, or None if unknown.

    Examples
    --------
    >>> kind_of(b"%PDF-1.7"), kind_of(b"<!DOCTYPE html>"), kind_of(b"a;b")
    ('pdf', 'html', 'text')
    """
    for start, kind in _STARTS:
        if raw.startswith(start):
            return kind
    if raw.startswith(b"PK\x03\x04"):
        return "workbook" if b"xl/workbook" in raw or b"content.xml" in raw else "zip"
    head = raw[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if _HTML.match(head):
        return "html"
    if head.startswith(b"<?xml"):
        return "html" if _HTML.search(head) else "xml"
    return "text" if len(head.translate(None, _NO_TEXT)) == len(head) else None


def check_kind(raw: bytes, name: str, ending: str, expected: str) -> None:
    """Refuse a file that is clearly of another kind than its ending says.

    Raises
    ------
    InputError
        Names what it is, and what to do.
    """
    kind = kind_of(raw)
    if kind is not None and kind != expected:
        what, do = _NAMED[kind]
        raise InputError.one(name, f"is {what}, not what the ending {ending} says", do)


def unpack(raw: bytes, file: str, name: str) -> tuple[str, bytes]:
    """Return the name and the bytes of the one file in an archive (.gz or .zip).

    Folders and what macOS adds (``__MACOSX/``) do not count. It is unpacked piece by piece, and given up when it
    is larger than `MOST_BYTES`.

    Raises
    ------
    InputError
        If there is none or more than one, if it is an archive too, or it is protected, damaged or too large.
    """
    packed = PurePosixPath(file).suffix.lower()
    check_kind(raw, name, packed, "zip" if packed == ".zip" else "gzip")
    try:
        member, content = (_unzip if packed == ".zip" else _gunzip)(raw, file, name)
    except TooMuchError as error:
        raise InputError.one(name, f"is too large: {error}", TOO_LARGE) from None
    except DAMAGE:
        raise InputError.one(name, "the archive is damaged or cut off", _AGAIN) from None
    if PurePosixPath(member).suffix.lower() in ARCHIVES or kind_of(content) in ("zip", "gzip", "packed"):
        raise InputError.one(
            name, "holds an archive within the archive", "Unpack it and give the export itself"
        )
    return member, content


def check_parts(raw: bytes) -> None:
    """Unpack each part of a workbook, holding none, to see that they are whole and not too large.

    The sizes that the archive states are summed first. A part that is longer than stated does not agree with
    its check sum.

    Raises
    ------
    TooMuchError, or one of `DAMAGE`
    """
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if sum(part.file_size for part in archive.infolist()) > MOST_BYTES:
            raise TooMuchError
        for part in archive.infolist():
            with archive.open(part) as stream:
                _pour(stream.read, lambda chunk: None)


def _pour(read: Callable[[int], bytes], into: Callable[[bytes], object]) -> None:
    size = 0
    while chunk := read(_CHUNK):
        size += len(chunk)
        if size > MOST_BYTES:
            raise TooMuchError
        into(chunk)


def _whole(read: Callable[[int], bytes]) -> bytes:
    content = io.BytesIO()
    _pour(read, content.write)
    return content.getvalue()


def _gunzip(raw: bytes, file: str, name: str) -> tuple[str, bytes]:
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
        return file[: -len(".gz")], _whole(stream.read)


def _unzip(raw: bytes, file: str, name: str) -> tuple[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        member = _only_member(archive, name)
        if member.file_size > MOST_BYTES:
            raise TooMuchError
        with archive.open(member) as stream:
            return member.filename, _whole(stream.read)


def _only_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    if not members:
        raise InputError.one(name, "the archive is empty", _AGAIN)
    if len(members) > 1:
        shown = ", ".join(repr(m.filename[-60:]) for m in members[:3])
        more = f" and {len(members) - 3} more" if len(members) > 3 else ""
        raise InputError.one(
            name,
            f"the archive holds several files ({shown}{more})",
            "Leave only the export in it, or unpack it",
        )
    if members[0].flag_bits & 1:
        raise InputError.one(name, "the archive is protected by a password", "Pack it without a password")
    return members[0]
