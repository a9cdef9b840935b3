from __future__ import annotations

import functools
import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.intake import archives
from analysis.intake.archives import TooMuchError, check_parts, kind_of, unpack
from analysis.intake.decode import decode
from analysis.problems import InputError

compressed = functools.partial(gzip.compress, mtime=0)
CSV = "Fråga;Svar\n1;på\n".encode()


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        act()
    assert len(caught.value.problems) == 1
    return str(caught.value)


def packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("file", "raw", "member"),
    [
        ("svar.csv.gz", compressed(CSV), "svar.csv"),
        ("Svar.CSV.GZ", compressed(CSV[:5]) + compressed(CSV[5:]), "Svar.CSV"),
        ("x.zip", packed({"Svar.csv": CSV}), "Svar.csv"),
        (
            "x.zip",
            packed({"mapp/": b"", "mapp/svar.csv": CSV, "__MACOSX/mapp/._svar.csv": b"x"}),
            "mapp/svar.csv",
        ),
    ],
)
def test_the_one_file_in_an_archive(tmp_path: Path, file: str, raw: bytes, member: str) -> None:
    assert unpack(raw, file, file) == (member, CSV)
    path = tmp_path / file
    path.write_bytes(raw)
    grid = decode(path, file)
    assert (grid.file, grid.cells.to_numpy().tolist()) == (file, [["Fråga", "Svar"], ["1", "på"]])


@pytest.mark.parametrize(
    ("file", "raw", "message"),
    [
        ("x.zip", packed({}) + b"", "the archive is empty"),
        ("x.zip", packed({"a/": b"", "__MACOSX/._a": b"x"}), "the archive is empty"),
        ("x.zip", packed({"a.csv": CSV, "b.csv": CSV}), "the archive holds several files ('a.csv', 'b.csv')"),
        (
            "x.zip",
            packed({f"{i}.csv": CSV for i in range(9)}),
            "several files ('0.csv', '1.csv', '2.csv' and 6 more)",
        ),
        ("x.zip", packed({"a.zip": packed({"a.csv": CSV})}), "holds an archive within the archive"),
        ("x.zip", packed({"a.csv": compressed(CSV)}), "holds an archive within the archive"),
        ("x.csv.gz", compressed(packed({"a.csv": CSV})), "holds an archive within the archive"),
        ("x.zip", packed({"a.csv": CSV * 99})[:-30], "the archive is damaged or cut off"),
        ("x.csv.gz", compressed(CSV)[:-1], "the archive is damaged or cut off"),
        ("x.csv.gz", compressed(CSV)[:-5] + b"12345", "the archive is damaged or cut off"),
        (
            "x.zip",
            packed({"[Content_Types].xml": b"", "xl/workbook.xml": b""}),
            "is a workbook (Excel or Open",
        ),
    ],
)
def test_archives_that_are_refused(file: str, raw: bytes, message: str) -> None:
    raw = raw if kind_of(raw) in ("zip", "gzip", "workbook") else b"PK\x03\x04" + raw
    assert message in refused(lambda: unpack(raw, file, file))


def test_an_archive_without_an_end_that_says_what_is_in_it(tmp_path: Path) -> None:
    for file, raw, ending in (
        ("svar.gz", compressed(CSV), "''"),
        ("x.zip", packed({"a.doc": CSV}), "'.doc'"),
    ):
        path = tmp_path / file
        path.write_bytes(raw)
        assert f"{file}: the ending {ending}" in refused(lambda path=path, file=file: decode(path, file))


def test_an_archive_with_nothing_but_blanks(tmp_path: Path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(compressed(b" \n \n"))
    assert refused(lambda: decode(path, "x.csv.gz")).startswith("x.csv.gz: the export is empty. ")


def test_a_member_protected_by_a_password() -> None:
    raw = bytearray(packed({"a.csv": CSV}))
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    assert refused(lambda: unpack(bytes(raw), "x.zip", "x.zip")) == (
        "x.zip: the archive is protected by a password. Pack it without a password."
    )


def test_reading_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 3_000_000)
    for size, large in ((3_000_000, False), (3_000_001, True)):
        for file, raw in (
            ("x.csv.gz", compressed(b"a" * size)),
            ("x.zip", packed({"x.csv": b"a" * size})),
        ):
            if large:
                assert "is too large: it holds more than 3 MB unpacked. " in refused(
                    lambda raw=raw, file=file: unpack(raw, file, file)
                )
            else:
                assert len(unpack(raw, file, file)[1]) == size


def test_the_parts_of_a_workbook_are_summed_and_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = packed({"a": b"a" * 2_000_000, "b": b"b" * 1_000_000})
    check_parts(whole)
    monkeypatch.setattr(archives, "MOST_BYTES", 2_999_999)
    with pytest.raises(TooMuchError):
        check_parts(whole)


def test_a_part_that_is_longer_than_the_archive_says_does_not_pass() -> None:
    raw = bytearray(packed({"a": b"a" * 2_000_000}))
    at = raw.index(b"PK\x01\x02") + 24
    raw[at : at + 4] = (100).to_bytes(4, "little")
    with pytest.raises(zipfile.BadZipFile, match="CRC"):
        check_parts(bytes(raw))
