from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.cells import from_rows
from analysis.intake.contracts import LEDGER, check
from analysis.intake.ledger import (
    COLUMNS,
    DROPPED,
    KEPT,
    MERGED,
    SUPERSEDED,
    Ledger,
    check_nothing_lost,
    short_id,
)

CELLS = from_rows([["a", "b", ""], ["", "c", "d"]]).set_axis(pd.RangeIndex(5, 7, name="row"))
ALL = np.array([True, True])
FIRST = np.array([True, False])


def rows(ledger: Ledger) -> list[tuple[object, ...]]:
    return list(ledger.frame().itertuples(index=False, name=None))


def test_an_id_is_short_and_depends_on_each_part_and_its_place() -> None:
    assert short_id("unit", "Brommma") == "2c76ffa2b08e"
    assert len({short_id("a", "b"), short_id("ab"), short_id("b", "a"), short_id("a", "b", "")}) == 4


def test_nothing_settled_is_all_unaccounted() -> None:
    ledger = Ledger(CELLS, {0: "A", 1: "B"})
    assert ledger.accounting() == {"raw_cells": 4, "answers_cells": 0, "ledger_cells": 0, "unaccounted": 4}
    assert list(ledger.frame().columns) == list(COLUMNS)
    check(ledger.frame(), LEDGER, "ledger")
    with pytest.raises(AssertionError, match="4 cells of the export are not accounted for"):
        check_nothing_lost(ledger.accounting())


def test_each_cell_has_the_fate_it_got_first() -> None:
    ledger = Ledger(CELLS, {0: "A", 1: "B"})
    ledger.settle(FIRST, 1, DROPPED, "first", before=CELLS[1])
    ledger.settle(ALL, 1, SUPERSEDED, "second")
    ledger.settle(ALL, 0, KEPT, "answer")
    ledger.settle(ALL, 2, MERGED, "third", after="submissions")
    assert rows(ledger) == [
        (5, "B", "dropped", "first", "b", "", "program"),
        (6, "B", "superseded", "second", "", "", "program"),
        (6, "(column 3)", "merged", "third", "", "submissions", "program"),
    ]
    assert ledger.accounting() == {"raw_cells": 4, "answers_cells": 1, "ledger_cells": 3, "unaccounted": 0}
    check_nothing_lost(ledger.accounting())


def test_a_change_of_a_kept_cell_is_told_and_not_counted() -> None:
    ledger = Ledger(CELLS, {0: "A", 1: "B", 2: "C"})
    for position in CELLS:
        ledger.settle(ALL, position, KEPT, "answer")
    ledger.changed(ALL, 2, "decision.x", "d", "e", by="K. Utredare")
    ledger.changed(np.array([False, True]), 0, "nothing stands there", "", "")
    assert rows(ledger) == [(6, "C", "kept", "decision.x", "d", "e", "K. Utredare")]
    assert ledger.accounting() == {"raw_cells": 4, "answers_cells": 4, "ledger_cells": 0, "unaccounted": 0}


def test_the_ledger_is_in_the_order_of_the_file() -> None:
    cells = from_rows([["x"] * 12] * 2).set_axis(pd.RangeIndex(2, 4))
    ledger = Ledger(cells, {i: f"c{i}" for i in range(12)})
    for position in reversed(range(12)):
        ledger.settle(ALL, position, DROPPED, "rule")
    assert [(r[0], r[1]) for r in rows(ledger)] == [(row, f"c{i}") for row in (2, 3) for i in range(12)]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(["", "x"]), min_size=3, max_size=3), min_size=1, max_size=5),
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from([KEPT, DROPPED, MERGED]), st.integers(0, 31)), max_size=8
    ),
)
def test_the_parts_always_add_to_the_whole(table: list[list[str]], steps: list[tuple[int, int, int]]) -> None:
    cells = from_rows(table)
    ledger = Ledger(cells, {})
    settled = set()
    for position, fate, pattern in steps:
        where = np.array([bool(pattern >> i & 1) for i in range(len(cells))])
        ledger.settle(where, position, fate, "rule")
        settled |= {(i, position) for i in range(len(cells)) if where[i] and table[i][position]}
    account = ledger.accounting()
    filled = sum(cell != "" for row in table for cell in row)
    assert account["raw_cells"] == filled
    assert account["unaccounted"] == filled - len(settled)
    assert account["answers_cells"] + account["ledger_cells"] == len(settled)
