"""When a document lists its tables and figures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analysis.report.blocks import FEWEST_LISTED, Document
from analysis.report.tables import Column, Table


@pytest.mark.parametrize(("number", "titles"), [(FEWEST_LISTED - 1, []), (FEWEST_LISTED, ["Tabeller"])])
def test_only_a_document_with_many_tables_lists_them(
    document_of: Callable[..., Document], number: int, titles: list[str]
) -> None:
    tables = [Table(f"Tabell {n}", [Column("a", "A"), Column("b", "B")], [["a", "b"]]) for n in range(number)]
    lists = document_of("## A", *tables).lists()
    assert [title for title, _ in lists] == titles
    assert sum(len(listed) for _, listed in lists) == (number if titles else 0)
