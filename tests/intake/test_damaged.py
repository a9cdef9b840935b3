"""A campaign of damaged files: each is taken in with every cell accounted for, or refused in one sentence.

Soon and in little memory, too.

The files are made from a seed. One of each kind is read in every run, 500 with ``SOAK=1``. They are read in a
process of their own (this file as a program), which tells the time and the memory that each has taken.
"""

from __future__ import annotations

import datetime as dt
import functools
import gzip
import io
import json
import os
import re
import resource
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pandas as pd
import pytest
import xlsxwriter

from analysis.intake.clean import clean
from analysis.intake.decode import Grid, decode
from analysis.intake.dialects import find_table
from analysis.intake.draft import draft_survey, to_yaml
from analysis.intake.ledger import check_nothing_lost
from analysis.intake.replay import replay
from analysis.problems import InputError
from analysis.survey.instrument import read_survey
from analysis.survey.units import Register

UNITS = Path(__file__).parents[2] / "data" / "reference" / "units.csv"
MADE = dt.datetime(2026, 1, 1)
SECONDS = 20
BYTES = 2_000_000_000
LEVELS = ("Instämmer helt", "Instämmer delvis", "Varken eller", "Instämmer inte", "", "Vet ej")

File = tuple[str, bytes]


# --- Whole files ---


def table(rng: Random, rows: int = 40, columns: int = 6) -> list[list[str]]:
    header = [f"{i}. Hur väl fungerar \u201dsamverkan\u201d på {i}?" for i in range(columns)]
    return [header, *([str(r), *(rng.choice(LEVELS) for _ in range(columns - 1))] for r in range(rows))]


def csv_text(rng: Random, mark: str = ";", end: str = "\r\n") -> str:
    return end.join(mark.join(f'"{cell}"' for cell in row) for row in table(rng)) + end


def xlsx(rng: Random) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.set_properties({"created": MADE})
        sheet = book.add_worksheet("Svar")
        for i, row in enumerate(table(rng)):
            sheet.write_row(i, 0, row)
        sheet.write_datetime(50, 3, pd.Timestamp("2021-10-19 08:30").to_pydatetime())
        sheet.write_number(51, 3, 1e300)
    return buffer.getvalue()


def ods(rng: Random, repeated: int = 1) -> bytes:
    rows = "".join(
        f'<table:table-row table:number-rows-repeated="{repeated}">'
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>'
            for c in row
        )
        + "</table:table-row>"
        for row in table(rng)
    )
    space = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0" '
        f'xmlns:text="{space}:text:1.0"><office:body><office:spreadsheet><table:table table:name="Svar">'
        f"{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = f'<manifest:manifest xmlns:manifest="{space}:manifest:1.0"/>'
    parts = {"META-INF/manifest.xml": manifest, "content.xml": content}
    return packed({"mimetype": kind.encode()} | {part: text.encode() for part, text in parts.items()})


def xls(rng: Random) -> bytes:
    """Return an Excel 97 workbook: a compound file with one stream of records."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def begin(kind: int) -> bytes:
        return record(0x809, struct.pack("<HHHHII", 0x600, kind, 0x0DBB, 0x07CC, 0, 6))

    def label(row: int, column: int, text: str) -> bytes:
        return record(0x204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))

    cells = b"".join(
        label(r, c, text) for r, row in enumerate(table(rng)) for c, text in enumerate(row) if text
    )
    name = b"Svar"
    bound = struct.pack("<IBBBB", 0, 0, 0, len(name), 0) + name
    first = len(begin(5)) + 4 + len(bound) + 4
    bound = struct.pack("<I", first) + bound[4:]
    return compound(
        begin(5) + record(0x85, bound) + record(0x0A, b"") + begin(0x10) + cells + record(0x0A, b"")
    )


def compound(stream: bytes, name: str = "Workbook") -> bytes:
    """Return a minimal OLE2 file with one stream of at least 4096 bytes."""
    free, end, fat_sector = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    stream = stream.ljust(4096, b"\0")
    stream += bytes(-len(stream) % 512)
    sectors = len(stream) // 512
    fat = [fat_sector, end, *range(3, sectors + 2), end]
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 62, 3, 0xFFFE, 9, 6,
        0, 1, 1, 0, 4096, end, 0, end, 0,
    ) + struct.pack("<109I", 0, *[free] * 108)  # fmt: skip

    def entry(text: str, kind: int, child: int, first: int, size: int) -> bytes:
        raw = text.encode("utf-16-le") + b"\0\0"
        return struct.pack("<64sHBBIII16xI8x8xIQ", raw, len(raw), kind, 1, free, free, child, 0, first, size)

    directory = entry("Root Entry", 5, 1, end, 0) + entry(name, 2, free, 2, len(stream)) + bytes(256)
    return header + struct.pack("<128I", *fat, *[free] * (128 - len(fat))) + directory + stream


@functools.lru_cache
def sav() -> bytes:
    import pyreadstat

    frame = pd.DataFrame({"q": [1.0, 2.0, 9.0] * 20, "text": ["på", "", "Åsö, mål"] * 20})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.sav"
        labels = {"q": {1: "Ja", 2: "Nej", 9: "Vet ej"}}
        pyreadstat.write_sav(frame, path, variable_value_labels=labels, missing_ranges={"q": [9]})
        return path.read_bytes()


def packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            how = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), content, how)  # without the clock's time
    return buffer.getvalue()


# --- Damage ---


def cut(raw: bytes, rng: Random) -> bytes:
    return raw[: rng.randrange(1, len(raw))]


def flipped(raw: bytes, rng: Random) -> bytes:
    damaged = bytearray(raw)
    for _ in range(rng.choice((1, 3, 30))):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def pieced(raw: bytes, rng: Random) -> bytes:
    """Return bytes with a piece taken out, doubled, or filled with zeros or ones."""
    start, length = rng.randrange(len(raw)), rng.randrange(1, 600)
    piece = raw[start : start + length]
    new = rng.choice((b"", piece * 2, bytes(len(piece)), b"\xff" * len(piece)))
    return raw[:start] + new + raw[start + length :]


WHOLE: dict[str, Callable[[Random], bytes]] = {
    "x.csv": lambda rng: csv_text(rng).encode(),
    "x.xlsx": xlsx,
    "x.xls": xls,
    "x.ods": ods,
    "x.sav": lambda rng: sav(),
    "x.csv.zip": lambda rng: packed({"svar.csv": csv_text(rng).encode()}),
    "x.csv.gz": lambda rng: gzip.compress(csv_text(rng).encode(), mtime=0),
}
HURT = (cut, flipped, pieced)


@functools.lru_cache
def zeros() -> tuple[bytes, int, int]:
    """Return 1 GB of zeros: deflated, its check sum and its size."""
    block = bytes(10**7)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH)
    check = 0
    for _ in range(100):
        check = zlib.crc32(block, check)
    return start * 100 + deflate.flush(), check, 10**9


def zip_bomb(member: str, *, stated: int | None = None, more: dict[str, bytes] | None = None) -> bytes:
    """Return an archive with 1 GB of zeros in it, which says that it is of that size or another."""
    deflated, check, size = zeros()
    size = size if stated is None else stated
    name = member.encode()
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, check, len(deflated), size, len(name), 0)
    start = io.BytesIO(packed(more or {}))
    with zipfile.ZipFile(start) as archive:
        offset, count = archive.start_dir, len(archive.infolist())
    rest = start.getvalue()[offset:]
    directory = rest[: rest.rindex(b"PK\x05\x06")]
    local = b"PK\x03\x04" + fields + name + deflated
    entry = b"PK\x01\x02" + b"\x14\0" + fields + bytes(10) + struct.pack("<I", offset) + name
    end = struct.pack(
        "<4sHHHHIIH",
        b"PK\x05\x06",
        0,
        0,
        count + 1,
        count + 1,
        len(directory + entry),
        offset + len(local),
        0,
    )
    return start.getvalue()[:offset] + local + directory + entry + end


def xlsx_bomb(rng: Random, stated: int | None = None) -> bytes:
    with zipfile.ZipFile(io.BytesIO(xlsx(rng))) as book:
        more = {n: book.read(n) for n in book.namelist() if n != "xl/worksheets/sheet1.xml"}
    return zip_bomb("xl/worksheets/sheet1.xml", stated=stated, more=more)


def edited_xlsx(rng: Random, old: str, new: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(xlsx(rng))) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    parts["xl/worksheets/sheet1.xml"] = re.sub(old, new, sheet, flags=re.DOTALL).encode()
    return packed(parts)


def with_formulas(rng: Random) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.set_properties({"created": MADE})
        sheet = book.add_worksheet("Svar")
        sheet.merge_range("A1:F1", "Enkät")
        sheet.merge_range("A2:A9", "sammanslagen")
        for i in range(9):
            sheet.write_formula(i, 7, "=NA()", None, rng.choice(("#N/A", "", 3, "#DIV/0!")))
    return buffer.getvalue()


def stray_cell(rng: Random) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.set_properties({"created": MADE})
        sheet = book.add_worksheet("Svar")
        sheet.write(0, 0, "a")
        sheet.write(rng.randrange(10**5, 1_048_576), rng.randrange(300, 16_384), "x")
    return buffer.getvalue()


def encrypted_zip(rng: Random) -> bytes:
    raw = bytearray(packed({"svar.csv": csv_text(rng).encode()}))
    for start, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(start) + offset] |= 1
    return bytes(raw)


def mixed_encodings(rng: Random) -> bytes:
    lines = csv_text(rng).splitlines(keepends=True)
    return b"".join(
        line.encode(rng.choice(("utf-8", "cp1252", "mac_roman", "cp850")), "replace") for line in lines
    )


def odd_characters(rng: Random) -> bytes:
    odd = "\ufeff\u200b\u00a0\u00ad\u202e\u2028\u0085\ufffd\U0001f600\U000e0001a\u0301\ufdd0\x1c\x0c\x0b"
    rows = [";".join("".join(rng.choices(odd + "abå", k=5)) for _ in range(4)) for _ in range(30)]
    return "\n".join(rows).encode()


def line_ends(rng: Random) -> bytes:
    lines = csv_text(rng, end="\n").splitlines()
    return "".join(line + rng.choice(("\n", "\r", "\r\n", "\r\r\n", "\n\r")) for line in lines).encode()


def quotes(rng: Random) -> bytes:
    text = csv_text(rng)
    for _ in range(rng.choice((1, 2, 5))):
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(('"', '""', '\\"')) + text[at:]
    return text.encode()


def ragged(rng: Random) -> bytes:
    return csv_text(rng).encode() + b";" * 16_000 + b"\r\n" + b"1;2\r\n" * 100_000


OTHERS: tuple[Callable[[Random], File], ...] = (
    lambda rng: ("x.zip", zip_bomb("svar.csv")),
    lambda rng: ("x.zip", zip_bomb("svar.csv", stated=1000)),
    lambda rng: ("x.csv.gz", gzip.compress(bytes(10**7), mtime=0) * 100),
    lambda rng: ("x.xlsx", xlsx_bomb(rng)),
    lambda rng: ("x.xlsx", xlsx_bomb(rng, stated=rng.choice((10, 10**8)))),
    lambda rng: ("x.ods", ods(rng, repeated=rng.choice((10**4, 1_048_576, 2**31)))),
    lambda rng: ("x.xlsx", stray_cell(rng)),
    lambda rng: ("x.xlsx", with_formulas(rng)),
    lambda rng: ("x.xlsx", edited_xlsx(rng, r"<v>\d+</v>", rng.choice(("<v>9999999</v>", "<v></v>", "<v>-1</v>", "")))),
    lambda rng: ("x.xlsx", edited_xlsx(rng, r'r="([A-F])(\d+)"', rng.choice((r'r="\g<1>99999999"', r'r="ZZZZ\2"', "")))),
    lambda rng: ("x.xlsx", edited_xlsx(rng, "</sheetData>.*", rng.choice(("", "<row" * 999)))),
    lambda rng: ("x.xlsx", packed({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": rng.randbytes(99)})),
    lambda rng: ("x.xls", compound(rng.randbytes(5000))),
    lambda rng: (rng.choice(("x.xlsx", "x.xls")), compound(b"", "EncryptedPackage")),
    lambda rng: ("x.zip", encrypted_zip(rng)),
    lambda rng: ("x.zip", packed({"a.zip": packed({"a.csv": b"a;b"})})),
    lambda rng: ("x.zip", packed({"a.csv": b"a;b", "b.csv": b"a;b"})),
    lambda rng: ("x.zip", packed({f"{i}.csv": b"" for i in range(2000)})),
    lambda rng: ("x.zip", packed({"mapp/": b"", "__MACOSX/._a.csv": b"x"})),
    lambda rng: ("x.zip", packed({"mapp/a.csv": b"a;b\n1;2\n", "__MACOSX/._a.csv": b"x"})),
    lambda rng: ("x.zip", packed({"a.csv.gz": gzip.compress(b"a;b", mtime=0)})),
    lambda rng: (rng.choice(("x.csv", "x.xlsx", "x.xls", "x.ods", "x.sav", "x.zip")), rng.randbytes(rng.choice((9, 5000)))),
    lambda rng: ("x.csv", rng.choice((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xff\xfe\0\0")) + rng.randbytes(301)),
    lambda rng: (rng.choice(("x.csv", "x.xls", "x.sav", "x.gz", "x.ods")), xlsx(rng)),
    lambda rng: (rng.choice(("x.xlsx", "x.xls", "x.sav", "x.zip", "x.gz")), csv_text(rng).encode()),
    lambda rng: (rng.choice(("x.csv", "x.xlsx", "x.xls")), b"<!DOCTYPE html><html><body>Logga in</body></html>"),
    lambda rng: (rng.choice(("x.csv", "x.xlsx", "x.sav")), b"%PDF-1.7\n" + rng.randbytes(2000)),
    lambda rng: ("x.xls", b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>'),
    lambda rng: ("x.csv", csv_text(rng).encode(rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32")))),
    lambda rng: ("x.csv", cut(csv_text(rng).encode(rng.choice(("utf-16", "utf-16-le", "utf-16-be"))), rng)),
    lambda rng: ("x.csv", csv_text(rng).encode(rng.choice(("cp1252", "mac_roman", "cp850", "cp037")), "replace")),
    lambda rng: ("x.csv", mixed_encodings(rng)),
    lambda rng: ("x.csv", odd_characters(rng)),
    lambda rng: ("x.csv", line_ends(rng)),
    lambda rng: ("x.csv", quotes(rng)),
    lambda rng: ("x.csv", ragged(rng)),
    lambda rng: ("x.csv", b";".join(b"%d" % i for i in range(10**5)) + b"\n" + b";" * (10**5 - 1) + b"\n"),
    lambda rng: ("x.csv", b";".join(b"%d" % i for i in range(16_000)) + b"\n" + b";" * 15_999 + b"\n"),
    lambda rng: ("x.csv", b"a;b\n" + b"\n" * 10**6),
    lambda rng: ("x.csv", rng.choice((b"\n", b"\r\n", b" ", b"\t", b"\x00")) * 10**6),
    lambda rng: ("x.csv", rng.choice((b"", b"\n", b"a;b;c", b"a;b;c\n", b";;;;\n;;;;\n", b"\xef\xbb\xbf", b"\xff\xfe"))),
    lambda rng: ("x.csv", b'a;b\n"' + b"x" * rng.choice((9 * 10**6, 3 * 10**7)) + b'";2\n'),
    lambda rng: ("x.csv", b'a;b\n"' + b"rad ett\n" * 10**6),
    lambda rng: ("x.csv", b"a;b\n" + b"\\" * 10**6 + b'"\n"x\\" y";2\n'),
    lambda rng: ("x.csv", pieced(csv_text(rng).encode(), rng).replace(b"\r\n", b"\0\r\n", rng.choice((1, -1)))),
)  # fmt: skip

KINDS = len(OTHERS) + len(WHOLE) * len(HURT)
SEEDS = range(500 if os.environ.get("SOAK") == "1" else KINDS)


def damaged(seed: int) -> File:
    """Return the name and the bytes of a damaged file; the same for the same seed."""
    rng = Random(seed)
    kind = seed % KINDS
    if kind < len(OTHERS):
        return OTHERS[kind](rng)
    harm, whole = divmod(kind - len(OTHERS), len(WHOLE))
    name, make = list(WHOLE.items())[whole]
    return name, HURT[harm](make(rng), rng)


# --- The campaign ---


def own_memory() -> int:
    """Return the most bytes that this process has held since it last asked."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    Path("/proc/self/clear_refs").write_text("5")
    return 1024 * int(found[1])


def child_memory(before: float) -> int:
    """Return the most bytes that any child has held, if one has worked since."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1024 * children.ru_maxrss if children.ru_utime > before else 0


def read_damaged(seed: int, folder: Path) -> dict[str, object]:
    name, raw = damaged(seed)
    path = folder / name
    path.write_bytes(raw)
    told: dict[str, object] = {"seed": seed, "name": name, "problems": [], "cells": None, "error": None}
    del raw
    own_memory()
    worked = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    start, memory = busy(), 0
    try:
        grid = decode(path, name)
        memory = own_memory() + child_memory(worked)
        told["cells"] = take_in(grid, name, folder)
    except InputError as error:
        told["problems"] = [[p.what, p.do] for p in error.problems]
    except Exception as error:
        told["error"] = repr(error)
    # The child has ended when the grid is there.
    memory = memory or child_memory(worked)
    return told | {"seconds": busy() - start, "bytes": max(memory, own_memory())}


def busy() -> float:
    """Return the seconds that this process and its children have worked: other work on the machine adds none."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def take_in(grid: Grid, name: str, folder: Path) -> int:
    """Draft a survey from an export and clean it, as ``new-year`` and ``run`` do; return how many cells it has."""
    table = find_table(grid, name)
    register = Register.read(UNITS)
    draft = draft_survey(table, grid, year=2024, register=register)
    written = folder / "survey.yaml"
    written.write_text(to_yaml(draft), encoding="utf-8")
    survey = read_survey(written, "survey.yaml", year=2024)
    cleaned = clean(table, survey, name="survey.yaml", register=register)
    check_nothing_lost(cleaned.accounting)
    if cleaned.accounting["raw_cells"] < 100_000:
        pd.testing.assert_frame_equal(replay(table, survey, cleaned.ledger, register), cleaned.answers)
    return cleaned.accounting["raw_cells"]


def one_sentence(text: str) -> bool:
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "''", text)
    return bool(plain) and plain.isprintable() and not re.search(r"[.!?](\s+[A-ZÅÄÖ]|$)", plain)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is measured on Linux only")
def test_any_damaged_file_is_taken_in_whole_or_refused_in_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, __file__, *map(str, SEEDS)], capture_output=True, text=True, check=False
    )
    assert not done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [file["seed"] for file in told] == list(SEEDS)
    for file in told:
        assert file["error"] is None, file
        assert (file["cells"] is None) == (len(file["problems"]) == 1), file
        assert all(one_sentence(what) and one_sentence(do) for what, do in file["problems"]), file
        assert file["seconds"] < SECONDS, file
        assert file["bytes"] < BYTES, file
    refused = sum(len(file["problems"]) for file in told)
    assert len(SEEDS) / 2 < refused < len(SEEDS)


@pytest.mark.parametrize("name", WHOLE)
def test_the_files_are_whole_before_they_are_damaged(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(WHOLE[name](Random(1)))
    grid = decode(path, name)
    assert len(grid.cells) >= 41
    assert {"Åsö, mål", "Instämmer helt"} & set(grid.cells.to_numpy().ravel())


def test_a_seed_gives_the_same_file() -> None:
    first, second = ([damaged(seed) for seed in range(25, 60)] for _ in range(2))
    assert [
        seed for seed, (one, other) in enumerate(zip(first, second, strict=True), 25) if one != other
    ] == []


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (8 * 10**9, 8 * 10**9))
    with tempfile.TemporaryDirectory() as scratch:
        for number in map(int, sys.argv[1:]):
            print(json.dumps(read_damaged(number, Path(scratch))), flush=True)
