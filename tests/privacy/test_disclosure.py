"""Small numbers of people: hand-checked tables, and a reader who tries every table that fits."""

from __future__ import annotations

import time
from itertools import product
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.privacy.disclosure import TOTAL, is_missing_kind, recoverable, suppress
from analysis.problems import InputError


def table(counts: dict[str, dict[str, int]], *, item: str = "", question: str = "q1") -> pd.DataFrame:
    """Write {group: {value: n}} as the long table with base and percent, with `alla` if need be."""
    if TOTAL not in counts:
        values = next(iter(counts.values()))
        counts = counts | {TOTAL: {v: sum(group[v] for group in counts.values()) for v in values}}
    rows = []
    for group, n_by_value in counts.items():
        base = sum(n for value, n in n_by_value.items() if not is_missing_kind(value))
        for value, n in n_by_value.items():
            percent = 100 * n / base if base and not is_missing_kind(value) else np.nan
            rows.append((question, item, value, group, n, base, percent))
    columns = ["question", "item", "value", "group", "n", "base", "percent"]
    return pd.DataFrame(rows, columns=columns).assign(
        section="s1", question_text="Fråga", item_text="", label=lambda df: df["value"]
    )


def hidden(published: pd.DataFrame, group: str = TOTAL, item: str = "") -> set[str]:
    here = published[(published["group"] == group) & (published["item"] == item)]
    return set(here.loc[here["suppressed"], "value"])


def publish(counts: pd.DataFrame, smallest: int = 5) -> pd.DataFrame:
    return suppress(counts, smallest=smallest, protected=set(counts["question"]))


# --- One group, by hand ---


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # Without b, 40 − 9 − 28 gives a.
        ({"a": 3, "b": 9, "c": 28, "d": 0}, {"a", "b"}),
        # Two small counts that together are no small number hide each other.
        ({"a": 3, "b": 4, "c": 28}, {"a", "b"}),
        # 30 of 33 would say that 3 people answered otherwise.
        ({"a": 1, "b": 2, "c": 30}, {"a", "b", "c"}),
        # 1 + 4: a reader who knows that zeros are shown would know that both are small.
        ({"a": 1, "b": 4, "c": 8, "d": 20}, {"a", "b", "c"}),
        ({"a": 5, "b": 9, "c": 0}, set()),
        # Everyone answers alike: shown, as is that nobody does.
        ({"a": 12, "b": 0}, set()),
        ({"a": 0, "b": 0, "_not_shown": 12}, set()),
        # “Don't know” is an answer, inside the base.
        ({"a": 30, "b": 11, "_dont_know": 2}, {"_dont_know", "b"}),
    ],
)
def test_smallest_counts_are_hidden_together(counts: dict[str, int], expected: set[str]) -> None:
    published = publish(table({TOTAL: counts}))
    assert hidden(published) == expected
    assert published["base"].notna().all()
    shown = published[~published["suppressed"] & published["value"].isin([*"abcd"]) & published["base"].gt(0)]
    assert (shown["percent"] == 100 * shown["n"].astype(float) / shown["base"].astype(float)).all()
    assert published["percent"][published["suppressed"]].isna().all()
    assert recoverable(published, smallest=5).empty


def test_says_which_rule_hid_a_count() -> None:
    published = publish(table({TOTAL: {"a": 3, "b": 9, "c": 28}})).set_index("value")
    assert published["suppression_rule"].to_dict() == {"a": "primary", "b": "complementary", "c": ""}
    assert published["n"].dtype == "Int64"
    assert published.loc["c", ["n", "percent"]].tolist() == [28, 70.0]


def test_too_few_answers_hide_everything() -> None:
    counts = table({TOTAL: {"a": 2, "b": 0, "c": 2, "_not_answered": 40}})
    published = publish(counts)
    assert published["suppressed"].all()
    assert published[["n", "base", "percent"]].isna().all(axis=None)


def test_base_is_hidden_where_it_gives_a_missing_kind_away() -> None:
    # 100 submissions − a base of 98 would be the 2 who did not answer.
    published = publish(table({TOTAL: {"a": 50, "b": 40, "c": 8, "_not_answered": 2}}))
    assert hidden(published) == {"_not_answered", "c"}
    assert published["base"].isna().all()
    assert published["percent"].isna().all()
    assert recoverable(published, submissions={TOTAL: 100}, smallest=5).empty
    with_base = published.assign(base=98)
    assert recoverable(with_base, submissions={TOTAL: 100})["least"].tolist() == [8, 2]


def test_a_missing_kind_is_hidden_by_another_before_the_base_is() -> None:
    counts = {"a": 50, "b": 40, "c": 8, "_not_answered": 2, "_not_relevant": 0, "_lost": 7}
    published = publish(table({TOTAL: counts}))
    assert hidden(published) == {"_not_answered", "_not_relevant"}
    assert published["base"].eq(98).all()


def test_multiple_choice_items_share_their_base() -> None:
    counts = pd.concat(
        [
            table({TOTAL: {"chosen": chosen, "not_chosen": 60 - chosen, "_not_answered": 2}}, item=item)
            for item, chosen in (("football", 55), ("music", 30), ("chess", 3))
        ]
    )
    published = publish(counts)
    # The base would give the 2 away, and any item shown in full would give the base away.
    assert hidden(published, item="football") == {"not_chosen", "_not_answered"}
    assert hidden(published, item="music") == {"chosen", "_not_answered"}
    assert hidden(published, item="chess") == {"chosen", "not_chosen", "_not_answered"}
    assert published["base"].isna().all()
    assert recoverable(published, submissions={TOTAL: 62}, smallest=5).empty


# --- Kinds that add up to alla, by hand ---


def test_complements_form_a_cycle_over_kinds() -> None:
    counts = {"district": {"a": 3, "b": 20, "c": 30}, "specialist": {"a": 10, "b": 8, "c": 9}}
    published = publish(table(counts))
    # b of the districts (20) against c (30); 10 and 8 of the specialists against 13 and 28 of alla.
    assert hidden(published, "district") == {"a", "b"}
    assert hidden(published, "specialist") == {"a", "b"}
    assert hidden(published, TOTAL) == set()
    assert recoverable(published, smallest=5).empty


def test_a_kind_with_too_few_answers_hides_a_second_one() -> None:
    counts = {
        "district": {"a": 20, "b": 11, "_not_answered": 9},
        "specialist": {"a": 3, "b": 0, "_not_answered": 8},
    }
    published = publish(table(counts))
    assert hidden(published, "specialist") == {"a", "b", "_not_answered"}
    assert hidden(published, "district") == {"a", "b", "_not_answered"}
    assert hidden(published, TOTAL) == set()
    assert published[published["group"] != TOTAL]["base"].isna().all()
    assert recoverable(published, smallest=5).empty


def test_the_base_of_too_few_is_no_difference_of_other_bases() -> None:
    published = publish(
        table(
            {
                "district": {"a": 20, "b": 11, "_not_answered": 9, "_lost": 8},
                "specialist": {"a": 3, "b": 0, "_not_answered": 8, "_lost": 7},
            }
        )
    )
    without_base = published.loc[published["base"].isna(), "group"].unique()
    assert "specialist" in without_base
    assert len(without_base) == 2


# --- What else is promised ---


def test_questions_that_do_not_count_people_are_untouched() -> None:
    organisations = table({TOTAL: {"yes": 2, "no": 16}}, question="q1")
    people = table({TOTAL: {"yes": 2, "no": 16}}, question="q2")
    counts = pd.concat([organisations, people]).set_index(pd.Index([7, 7, 3, 1]))
    published = suppress(counts, smallest=5, protected={"q2"})
    assert published["suppressed"].tolist() == [False, False, True, True]
    assert published.loc[7, "n"].tolist() == [2, 16]
    by_row = suppress(counts, smallest=5, protected=counts["question"].eq("q2"))
    pd.testing.assert_frame_equal(by_row, published)
    assert counts["n"].tolist() == [2, 16, 2, 16]
    assert list(published.columns)[: len(counts.columns)] == list(counts.columns)


@pytest.mark.parametrize("smallest", [0, 1])
def test_no_threshold_hides_nothing(smallest: int) -> None:
    assert not publish(table({TOTAL: {"a": 1, "b": 2}}), smallest)["suppressed"].any()


def wrong(change: dict[str, object]) -> pd.DataFrame:
    return table({"district": {"a": 8, "b": 20}, "specialist": {"a": 9, "b": 9}}).assign(**change)


@pytest.mark.parametrize(
    ("counts", "what"),
    [
        (wrong({"base": [30, 30, 18, 18, 46, 46]}), "28 answers of 'district' on a base of 30"),
        (wrong({"n": [8, 20, 9, 9, 16, 30]}), "'a' has 16 in 'alla', 17 in its kinds"),
        (wrong({"base": [28, 29, 18, 18, 46, 46]}), "several bases"),
        (wrong({"n": pd.array([8, None, 9, 9, 17, 29], dtype="Int64")}), "empty or negative"),
        (pd.concat([wrong({}), wrong({}).iloc[:1]]), "counted twice"),
        (wrong({}).drop(columns="base"), "columns base are missing"),
    ],
)  # fmt: skip
def test_a_table_that_does_not_add_up_is_refused(counts: pd.DataFrame, what: str) -> None:
    with pytest.raises(InputError, match=what):
        publish(counts)


def test_half_a_protected_question_is_refused() -> None:
    counts = wrong({})
    with pytest.raises(InputError, match="only some rows of 'q1'"):
        suppress(counts, smallest=5, protected=counts["value"].eq("a"))


def test_300_questions_take_less_than_two_seconds() -> None:
    numbers = np.random.default_rng(1)
    values = [*"abcdefg", "_dont_know", "_not_answered", "_not_shown"]
    tables = []
    for i, share in enumerate(numbers.dirichlet(np.full(10, 0.5), size=300)):
        n_by_value = dict(zip(values, numbers.multinomial(200, share).tolist(), strict=True))
        tables.append(table({TOTAL: n_by_value}, question=f"q{i}"))
    counts = pd.concat(tables, ignore_index=True)
    start = time.perf_counter()
    published = publish(counts)
    assert time.perf_counter() - start < 2
    assert published["suppressed"].sum() > 500
    assert recoverable(published, smallest=5).empty


# --- The reader of this module, against tables with a known answer ---


def test_reader_uses_base_percent_total_and_submissions() -> None:
    counts = table({"district": {"a": 3, "b": 20}, "specialist": {"a": 10, "b": 8}})
    published = publish(counts)
    by_base = published.assign(n=published["n"].where(published["value"].ne("b"), counts["n"]))
    assert set(recoverable(by_base)["least"]) == set(
        counts["n"][counts["value"].eq("a") & by_base["n"].isna()]
    )
    assert recoverable(published, smallest=5).empty


def test_reader_reads_percentages() -> None:
    # The base is left out, but 8 are 20 % of it: 40; a and the missing kind follow.
    published = table({TOTAL: {"a": 3, "b": 8, "c": 29, "_not_answered": 10}})
    published["base"] = pd.NA
    published["n"] = published["n"].mask(published["value"].isin(["a", "_not_answered"]))
    published["percent"] = [np.nan, 20.0, np.nan, np.nan]
    assert recoverable(published, submissions={TOTAL: 50})["least"].tolist() == [3, 10]


def test_reader_refuses_counts_that_contradict_each_other() -> None:
    published = publish(table({TOTAL: {"a": 3, "b": 9, "c": 28}})).assign(base=20)
    with pytest.raises(InputError, match="contradict"):
        recoverable(published)


# --- Random tables ---

MISSING = ("_not_answered", "_not_relevant", "_not_shown")


@st.composite
def people(draw: st.DrawFn, *, kinds: int = 3, weight: int = 12, patterns: int = 8) -> pd.DataFrame:
    """Count people who answer one question: a single choice, a grid, or a multiple choice."""
    missing = list(MISSING[: draw(st.integers(0, 3))])
    form = draw(st.sampled_from(["single", "grid", "multiple"]))
    items = [""] if form == "single" else ["i1", "i2"]
    answers = ["chosen", "not_chosen"] if form == "multiple" else list("abcdef"[: draw(st.integers(2, 4))])
    answers += ["_dont_know"] * draw(st.integers(0, 1))
    own = [v for v in answers if not v.startswith("_")] if form == "multiple" else answers + missing
    common = (
        [(v,) * len(items) for v in [*answers, *missing] if v.startswith("_")] if form == "multiple" else []
    )
    one = st.tuples(*[st.sampled_from(own)] * len(items))
    pattern = st.one_of(one, st.sampled_from(common)) if common else one
    groups = [f"kind{i}" for i in range(draw(st.integers(0, kinds)))] or [TOTAL]
    counts = {i: {g: dict.fromkeys([*answers, *missing], 0) for g in groups} for i in items}
    people_alike = st.lists(st.tuples(pattern, st.integers(1, weight)), max_size=patterns)
    for group in groups:
        for their_answers, how_many in draw(people_alike):
            for item, answer in zip(items, their_answers, strict=True):
                counts[item][group][answer] += how_many
    return pd.concat([table(of_item, item=item) for item, of_item in counts.items()], ignore_index=True)


def submissions(counts: pd.DataFrame) -> dict[str, int]:
    one_item = counts[counts["item"].eq(counts["item"].iloc[0])]
    return {str(group): int(n) for group, n in one_item.groupby("group")["n"].sum().items()}


@given(people(), st.sampled_from([3, 5, 10]))
@settings(max_examples=50, deadline=None)
def test_nothing_is_given_away(counts: pd.DataFrame, smallest: int) -> None:
    published = publish(counts, smallest)
    found = recoverable(published, smallest=smallest, submissions=submissions(counts))
    assert found.empty, (
        f"\n{published[['item', 'value', 'group', 'n', 'base']].assign(true=counts['n'])}\n{found}"
    )


@given(people(), st.sampled_from([3, 5, 10]), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_only_what_must_be_hidden_changes(counts: pd.DataFrame, smallest: int, random: Random) -> None:
    published = publish(counts, smallest)
    shown = ~published["suppressed"]
    assert published["n"][shown].tolist() == counts["n"][shown].tolist()
    assert published["n"][~shown].isna().all()
    with_base = published["base"].notna()
    assert published["base"][with_base].tolist() == counts["base"][with_base].tolist()
    pd.testing.assert_series_equal(published["percent"], counts["percent"].where(shown & with_base))
    small = counts["n"].between(1, smallest - 1)
    too_few = counts["base"].between(1, smallest - 1)
    assert published["suppression_rule"].eq("primary").equals(small | too_few)
    assert published["base"][too_few].isna().all()
    if not (small | too_few).any():
        assert shown.all()
        assert with_base.all()

    order = list(range(len(counts)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(publish(counts.iloc[order], smallest), published.iloc[order])


# --- A second reader, who knows no algebra: every table that fits is tried ---


def fillings(shown: pd.DataFrame, size: int) -> list[dict[str, int]]:
    """Return every way to fill one (item, group) so that it fits what is shown of it."""
    values = shown["value"].tolist()
    known = dict(zip(values, shown["n"], strict=True))
    base = shown["base"].iloc[0]
    ways: list[dict[str, int]] = [{}]
    for value in values:
        options = range(size + 1) if pd.isna(known[value]) else [int(known[value])]
        ways = [way | {value: n} for way in ways for n in options if sum(way.values()) + n <= size]
    return [
        way
        for way in ways
        if sum(way.values()) == size
        and (pd.isna(base) or sum(n for v, n in way.items() if not is_missing_kind(v)) == base)
    ]


def possible(published: pd.DataFrame, sizes: dict[str, int]) -> dict[tuple[str, str, str], set[int]]:
    """Return every value that each count can have, by trial."""
    kinds = [g for g in sizes if g != TOTAL]
    multiple = {"chosen", "not_chosen"} <= set(published["value"])
    by_item = []
    for item, of_item in published.groupby("item"):
        ways = {g: fillings(of_group, sizes[str(g)]) for g, of_group in of_item.groupby("group")}
        tables = [dict(zip(ways, way, strict=True)) for way in product(*ways.values())] if not kinds else []
        if kinds:
            totals = {tuple(sorted(way.items())) for way in ways[TOTAL]}
            for way in product(*(ways[g] for g in kinds)):
                total = {value: sum(part[value] for part in way) for value in way[0]}
                if tuple(sorted(total.items())) in totals:
                    tables.append(dict(zip(kinds, way, strict=True)) | {TOTAL: total})
        by_item.append((str(item), tables))

    def outside(one: dict[str, dict[str, int]]) -> tuple[object, ...]:
        return tuple(sorted((g, v, n) for g, way in one.items() for v, n in way.items() if v.startswith("_")))

    if multiple:
        common = set.intersection(*({outside(one) for one in tables} for _, tables in by_item))
        by_item = [(item, [one for one in tables if outside(one) in common]) for item, tables in by_item]
    found: dict[tuple[str, str, str], set[int]] = {}
    for item, tables in by_item:
        for one in tables:
            for group, way in one.items():
                for value, n in way.items():
                    found.setdefault((item, value, group), set()).add(n)
    return found


SMALL = people(kinds=2, weight=3, patterns=3)


@given(SMALL)
@settings(max_examples=50, deadline=None)
def test_trying_every_table_gives_nothing_away(counts: pd.DataFrame) -> None:
    smallest = 3
    sizes = submissions(counts)
    assume(max(sizes.values()) <= 9 and counts["value"].nunique() <= 5)
    published = publish(counts, smallest)
    tried = possible(published, sizes)
    multiple_with_common_answer = {"chosen", "_dont_know"} <= set(counts["value"])
    for row, true in zip(published.itertuples(), counts.itertuples(), strict=True):
        can_be = tried[row.item, row.value, row.group]
        assert true.n in can_be
        if row.suppressed:
            assert len(can_be) > 1
            assert not can_be <= set(range(1, smallest))
        if 0 < true.n < smallest <= true.base and not is_missing_kind(row.value):
            assert multiple_with_common_answer or max(can_be) >= smallest


@given(SMALL, st.data())
@settings(max_examples=50, deadline=None)
def test_the_reader_finds_what_trying_every_table_finds(counts: pd.DataFrame, data: st.DataObject) -> None:
    """Hide counts at random: `recoverable` must find exactly those that only one table fits."""
    sizes = submissions(counts)
    assume(max(sizes.values()) <= 9 and counts["value"].nunique() <= 5)
    cover = data.draw(st.lists(st.booleans(), min_size=len(counts), max_size=len(counts)))
    published = counts.assign(n=counts["n"].astype("Int64").mask(np.array(cover)))
    published["percent"] = published["percent"].mask(published["n"].isna())
    tried = possible(published, sizes)
    unknown = published[published["n"].isna()]
    keys = zip(unknown["item"], unknown["value"], unknown["group"], strict=True)
    single = {key for key in keys if len(tried[key]) == 1}
    found = recoverable(published, submissions=sizes)
    assert set(zip(found["item"], found["value"], found["group"], strict=True)) == single
