from __future__ import annotations

import re
from pathlib import Path

import pytest

from analysis.pipeline.checks import how_to_decide, question

SOURCE = Path(__file__).parents[2] / "src" / "analysis"
ITEM = {"id": "0f216c63bae7", "where": "rows 2, 3 and 12 more", "seen": "drygt 30", "needed_for": "antal"}


def kinds() -> set[str]:
    """Return every kind of open question that the program can put, read in its source."""
    source = "".join(
        (SOURCE / name).read_text(encoding="utf-8") for name in ("intake/clean.py", "privacy/masking.py")
    )
    asked = set(re.findall(r'review\.ask\(\s*"([a-z_]+)"', source))
    whys = re.findall(
        r"``(too_long|too_short|shifted)``", (SOURCE / "intake" / "rows.py").read_text(encoding="utf-8")
    )
    return asked | {f"row.{why}" for why in whys}


def test_the_kinds_are_found() -> None:
    assert kinds() == {
        "unit", "answer", "column", "duplicate", "dates", "personal_data", "row.too_long", "row.too_short", "row.shifted",
    }  # fmt: skip


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_has_a_sentence_in_both_languages(kind: str) -> None:
    for language in ("en", "sv"):
        said = question(ITEM | {"kind": kind, "proposals": "30 | _not_answered | leave_out"}, language)
        first, second = said.splitlines()
        assert first.startswith("0f216c63bae7  ")
        assert "drygt 30" in first
        assert first.count(".") + first.count("?") >= 1
        either = "or" if language == "en" else "eller"
        assert second.strip().endswith(f" 30, _not_answered {either} leave_out.")
        assert question(ITEM | {"kind": kind, "proposals": ""}, language) == first


def test_where_is_said_in_the_readers_language() -> None:
    item = ITEM | {"kind": "answer", "proposals": ""}
    assert "Raderna 2, 3 och 12 till: ”drygt 30”" in question(item, "sv")
    assert "Rows 2, 3 and 12 more: “drygt 30”" in question(item, "en")
    assert "Rad 7:" in question(item | {"where": "row 7"}, "sv")


def test_how_decisions_are_written() -> None:
    path = "data/raw/2021/decisions.csv"
    assert how_to_decide(path, "sv") == f"Skriv besluten i {path}, en rad var: id,decision,by,date,why"
    assert (
        how_to_decide(path, "en") == f"Write the decisions in {path}, one row each: id,decision,by,date,why"
    )
