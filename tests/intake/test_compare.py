from __future__ import annotations

from collections.abc import Callable

import pytest

from analysis.intake.compare import compare
from analysis.intake.dialects import Table
from analysis.problems import InputError

OLD = [["Nr", "plan", "text", "borta"], ["1", "Ja", "x", "a"], ["2", "Nej", "y", "b"], ["3", "Ja", "z", "c"]]
NEW = [["text", "Nr", "PLAN", "ny"], ["z", "3", "Ja", ""], ["x!", "1", "Nej", ""], ["å", "4", "Ja", "1"]]


def test_what_differs_is_told_submission_by_submission(to_table: Callable[..., Table]) -> None:
    found = compare(to_table(OLD), to_table(NEW), "ny.csv", "nr")
    assert found.key == "Nr"
    assert (found.columns_added, found.columns_gone) == (("ny",), ("borta",))
    assert (found.submissions_added, found.submissions_gone) == (("4",), ("2",))
    assert found.changed.values.tolist() == [["1", "plan", "Ja", "Nej"], ["1", "text", "x", "x!"]]


def test_equal_exports_do_not_differ_whatever_their_order(to_table: Callable[..., Table]) -> None:
    turned = [OLD[0][::-1], *[row[::-1] for row in OLD[:0:-1]]]
    found = compare(to_table(OLD), to_table(turned), "ny.csv")
    assert found.changed.empty
    assert (found.columns_added, found.columns_gone, found.submissions_added, found.submissions_gone) == (
        (),
        (),
        (),
        (),
    )


def test_the_tools_own_number_is_the_key_even_where_submissions_were_added(
    to_table: Callable[..., Table],
) -> None:
    old = [["text", "Svarsid"], ["x", "11"], ["y", "12"]]
    new = [["text", "Svarsid"], ["x", "11"], ["y", "12"], ["z", "13"]]
    found = compare(to_table(old), to_table(new), "ny.csv")
    assert (found.key, found.submissions_added) == ("Svarsid", ("13",))


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ([["a"], ["x"], ["x"]], [["a"], ["x"]], None, "ny.csv: no column tells which submission is which"),
        (
            [["a", "b"], ["x", "1"]],
            [["a", "c"], ["x", "1"]],
            "b",
            "ny.csv: there is no column 'b' in both exports",
        ),
        (
            [["a", "b"], ["x", "1"], ["x", "2"]],
            [["a", "b"], ["x", "1"]],
            "a",
            "ny.csv, line 3: 'x' stands for more than one",
        ),
    ],
)
def test_a_key_that_does_not_tell_is_refused(
    to_table: Callable[..., Table], old: list[list[str]], new: list[list[str]], key: str | None, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        compare(to_table(old), to_table(new), "ny.csv", key)
    assert str(caught.value).startswith(message)
