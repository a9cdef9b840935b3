"""Bytes to text: which encoding a text file has, and which of its characters were lost before it came here."""

from __future__ import annotations

import codecs
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.intake.cells import each
from analysis.problems import InputError

_CANDIDATES = ("cp1252", "mac_roman", "cp850")
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_NO_ENCODINGS_OF_FILES = {
    "utf_7",
    "utf-7",
    "idna",
    "punycode",
    "unicode-escape",
    "raw-unicode-escape",
    "undefined",
}
_CHUNK = 1 << 20
_SEEN = 100_000
_CONTROLS = [*range(9), *range(14, 32)]
_AGAIN = "Export it again from the survey tool"


# --- the encoding of a file --------------------------------------------------------------------------------


def find_encoding(raw: bytes, name: str, encoding: str | None = None) -> str:
    """Return the encoding of a text file, after reading all of it in that encoding.

    A mark (BOM) decides; else every second byte being NUL means UTF-16; else UTF-8 if all bytes fit; else that
    of cp1252, Mac Roman and cp850 which is clearly the most plausible.

    Parameters
    ----------
    raw : bytes
    name : str
        The file's name for messages.
    encoding : str, optional
        What a person has settled.

    Raises
    ------
    InputError
        If the chosen encoding does not fit, the bytes are not text, or no reading is clearly the best;
        then the candidates are shown.

    Examples
    --------
    >>> find_encoding("Åsö".encode("cp1252"), "x.csv"), find_encoding("Åsö".encode("mac_roman"), "x.csv")
    ('cp1252', 'mac_roman')
    """
    if encoding:
        return _settled(raw, name, encoding)
    marked = next((marked for mark, marked in _MARKS if raw.startswith(mark)), None)
    if marked:
        line = misfit(raw, marked)
        if line is not None:
            raise InputError.one(name, f"begins as {marked} but does not go on so", _AGAIN, line=line)
        return marked
    wide = _without_mark(raw)
    if wide and misfit(raw, wide) is None:
        return wide
    if _counts(raw)[_CONTROLS].sum() > len(raw) / 1000:
        raise InputError.one(name, "is not a text file", "Export it as csv or xlsx from the survey tool")
    return "utf-8" if misfit(raw, "utf-8") is None else _most_plausible(raw, name)


def open_text(raw: bytes, encoding: str) -> io.TextIOWrapper:
    """Return a stream of the text after its mark (BOM), with line ends as they are."""
    stream = io.TextIOWrapper(io.BytesIO(raw), encoding=encoding, newline="")
    if stream.read(1) != "\ufeff":
        stream.seek(0)
    return stream


def misfit(raw: bytes, encoding: str) -> int | None:
    r"""Return the first line (from 1) where bytes do not fit an encoding; None if all fit.

    Examples
    --------
    >>> misfit(b"a\nb\n\xe5", "utf-8"), misfit(b"a\nb\n\xe5", "cp1252")
    (3, None)
    """
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    line = 1
    for start in range(0, len(raw), _CHUNK):
        try:
            text = decoder.decode(raw[start : start + _CHUNK], start + _CHUNK >= len(raw))
        except UnicodeDecodeError as error:
            return line + len((error.object[: error.start] + b"x").splitlines()) - 1
        line += text.count("\n")
    return None


def _settled(raw: bytes, name: str, encoding: str) -> str:
    do = "Use utf-8, cp1252 or mac_roman"
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        known = codecs.lookup(encoding).name not in _NO_ENCODINGS_OF_FILES
    except (LookupError, ValueError):
        known = False
    if not known:
        raise InputError.one(name, f"{encoding!r} is not a known encoding", do)
    line = misfit(raw, encoding)
    if line is not None:
        raise InputError.one(
            name, f"does not fit the encoding {encoding}", "Give another --encoding", line=line
        )
    return encoding


def _without_mark(raw: bytes) -> str | None:
    """Return which UTF-16 the NUL bytes of Latin text speak for."""
    head = np.frombuffer(raw[:65536][: len(raw) // 2 * 2], dtype=np.uint8)
    even, odd = head[0::2] == 0, head[1::2] == 0
    if len(head) < 4 or len(raw) % 2:
        return None
    if odd.mean() > 0.5 and even.mean() < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even.mean() > 0.5 and odd.mean() < 0.05 else None


def _counts(raw: bytes) -> npt.NDArray[np.int64]:
    """Return how often each byte occurs."""
    counts = np.zeros(256, dtype=np.int64)
    for start in range(0, len(raw), _CHUNK):
        counts += np.bincount(np.frombuffer(raw[start : start + _CHUNK], dtype=np.uint8), minlength=256)
    return counts


# --- plausibility of one-byte encodings ---------------------------------------------------------------------


def _most_plausible(raw: bytes, name: str) -> str:
    spots = itertools.islice(re.finditer(rb"[\x80-\xff]", raw), _SEEN)
    seen = Counter(
        raw[max(i - 1, 0) : i].rjust(1) + raw[i : i + 2].ljust(2) for i in (m.start() for m in spots)
    )
    bytes_seen = bytes(sorted({spot[1] for spot in seen}))
    readings = []
    for candidate in (c for c in _CANDIDATES if misfit(raw, c) is None):
        score = (
            sum(n * _likely(*spot.decode(candidate, "replace")) for spot, n in seen.items()) / seen.total()
        )
        readings.append((score, candidate, bytes_seen.decode(candidate)))
    readings.sort(key=lambda r: r[0], reverse=True)
    if readings:
        best, found, text = readings[0]
        if best >= 0.7 and all(score <= best - 0.2 for score, _, other in readings if other != text):
            return found
    first = re.search(rb"[\x80-\xff]+", raw)
    assert first is not None, "bytes that are not UTF-8 hold one above 127"
    if re.match(rb"[\xc3-\xf4][\x80-\xbf]", first[0]):
        line = misfit(raw, "utf-8")
        what = "begins as UTF-8 but does not go on so: it is cut off, or pieced together from several files"
        raise InputError.one(name, what, _AGAIN, line=line)
    around = raw[max(first.start() - 12, 0) : first.start() + 12]
    shown = "; ".join(f"{c} gives {' '.join(around.decode(c).split())!r}" for _, c, _ in readings)
    raise InputError.one(
        name,
        f"its encoding cannot be told ({shown or 'none fits'})",
        "Choose one with --encoding, or `source: encoding:` in survey.yaml",
    )


def plausibility(text: str) -> float:
    """Return how likely the non-ASCII characters are where they stand, from 0 to 1.

    Letters belong in words, and capitals not after small letters; å, ä and ö are likelier than the letters of
    other languages, and é, ü and the like likelier than others. Non-breaking spaces and dashes may stand
    anywhere, an ellipsis not before a letter, other signs not inside words.

    Examples
    --------
    >>> plausibility("förvaltning"), plausibility("fˆrvaltning"), plausibility("idé")
    (1.0, 0.0, 0.75)
    """
    around = f" {text} "
    scores = [_likely(*around[i - 1 : i + 2]) for i, char in enumerate(around) if char > "\x7f"]
    return sum(scores) / len(scores) if scores else 1.0


def _likely(before: str, char: str, after: str) -> float:
    if char.islower() or char.isupper():
        in_word = before.isalpha() or after.isalpha()
        torn = before.islower() if char.isupper() else after.isupper()
        common = 1.0 if char in "åäöÅÄÖ" else 0.75 if char in "éèüæøáàñçßÉÜÆØ" else 0.5
        return common if in_word and not torn else 0.0
    if char in "\u00a0–—’":
        return 1.0
    if char == "…":
        return float(not after.isalpha())
    if char in "€£":
        return float(not before.isalpha() and not after.isalpha())
    return float(char in "‘“”•§°½²³´»«·±©®" and not (before.isalpha() and after.isalpha()))


# --- characters that were lost earlier ---------------------------------------------------------------------

_WRITTEN = "åäöÅÄÖéèêëàáâçñüóôíïæøßÉÜÆØ–—‘’“”„…•€§°´½«»£·\u00a0"
_URL = re.compile(r"\w+://\S+|\bwww\.\S+|[\w-]+(?:\.[\w-]+)+/\S*|\S+\?[\w.%-]+=\S*")
_QUESTION_MARKS = re.compile(
    r"""
    [a-zà-öø-ÿ]\?+[a-zà-öø-ÿ]                   # in a word of small letters: f?rvaltning, f??rvaltning
    | (?<![^\W\d_])[A-ZÀ-ÖØ-Þ]\?+[a-zà-öø-ÿ]     # after the capital of a word: H?gersten
    | [A-ZÀ-ÖØ-Þ]\?+[A-ZÀ-ÖØ-Þ]                 # in a word of capitals: F?RVALTNING
    | (?:^|(?<=[\s("'/–-]))\?+[^\W\d_]           # before a word: ?ldre, (?tg?rd
    | \A\s*\?{2,}\s*\Z                          # nothing else in the cell: ??
    | (?<=\s)\?{2,}(?=[\s,;]+[a-zà-öø-ÿ\d])      # instead of a word, and the sentence goes on: på ?? och
    """,
    re.VERBOSE | re.MULTILINE,
)


def _misreadings(char: str) -> set[str]:
    """Return what the UTF-8 bytes of a character look like in other encodings."""
    raw = char.encode()
    table = {i: bytes([i]).decode("cp1252", "replace").replace("\ufffd", chr(i)) for i in range(256)}
    return {"".join(table[b] for b in raw), *(raw.decode(c) for c in ("latin-1", "mac_roman", "cp850"))}


_MISREAD = re.compile(
    "|".join(sorted(re.escape(text) for char in _WRITTEN for text in _misreadings(char)))
    + r"|(?<![A-ZÅÄÖ])Â(?=\s)"
)

_LOST: dict[str, Callable[[str], bool]] = {
    "replacement": lambda text: "\ufffd" in text,
    "question_marks": lambda text: "?" in text and _QUESTION_MARKS.search(_URL.sub(" ", text)) is not None,
    "misread": lambda text: not text.isascii() and _MISREAD.search(text) is not None,
}


def lost_characters(columns: Sequence[str], cells: pd.DataFrame) -> pd.DataFrame:
    r"""Return where characters were lost before the file came here. They cannot be brought back; nothing is changed.

    ``replacement``
        The character � (U+FFFD), which a program writes for bytes that it cannot read.
    ``question_marks``
        ``?`` in the place of letters: between small letters (``f?rvaltning``), between a word's first capital
        and a small letter, between capitals, right before a word (``?ldre``), two or more that are all of a cell,
        or that stand alone where the sentence goes on. Not at the end of a word or sentence (``Varför??``),
        before a capital after a small letter (``Hur?Vi``), nor in a web address.
    ``misread``
        What UTF-8 looks like when read as cp1252, Latin-1, Mac Roman or cp850: ``Ã¥``, ``â€“``, ``Â`` before a
        space, ``√•``.

    Parameters
    ----------
    columns : sequence of str
        The header of each column, in order.
    cells : DataFrame
        Categorical columns of text (`analysis.intake.cells`).

    Returns
    -------
    DataFrame
        A row for each column and kind of loss: ``column`` (the header), ``what``, ``cells`` (how many of the
        column's cells, its header counted as one of them).

    Examples
    --------
    >>> from analysis.intake.cells import from_rows
    >>> lost_characters(["F?rvaltning", "Varför?"], from_rows([["Ã…sö", "Vet ej??"]])).to_numpy().tolist()
    [['F?rvaltning', 'question_marks', 1], ['F?rvaltning', 'misread', 1]]
    """
    found = [
        (header, what, int(each(cells.iloc[:, i], lost, bool).sum()) + lost(header))
        for i, header in enumerate(columns)
        for what, lost in _LOST.items()
    ]
    return pd.DataFrame([row for row in found if row[2]], columns=["column", "what", "cells"]).astype(
        {"column": "str", "what": "str", "cells": "int64"}
    )
