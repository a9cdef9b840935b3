from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.answers import STATUS
from analysis.intake.contracts import ContractError
from analysis.intake.ledger import short_id
from analysis.measures.counts import (
    COUNT_COLUMNS,
    NUMBER_COLUMNS,
    OUTSIDE,
    OUTSIDE_BASE,
    Tally,
    add_counts,
    answers_by_unit,
    columns_to_count,
    count_answers,
    count_combinations,
    count_file,
    count_part,
    free_texts,
    group_codes,
    item_texts,
    question_status,
    summarise_numbers,
    tabulate_counts,
    tabulate_numbers,
)
from analysis.survey.instrument import MISSING_KINDS, Question, Survey

OPTIONS = [
    {"id": "ja", "label": "Ja"},
    {"id": "nej", "label": "Nej"},
    {"id": "vet_ej", "label": "Vet ej", "means": "dont_know"},
]
QUESTIONS: list[dict[str, Any]] = [
    {"id": "enhet", "kind": "unit"},
    {"id": "plan", "kind": "single", "options": OPTIONS},
    {
        "id": "hur",
        "kind": "scale",
        "options": [{"id": "daligt", "label": "Dåligt"}, {"id": "bra", "label": "Bra"}],
        "items": [
            {"id": "hem", "text": "Hemma", "column": "h"},
            {"id": "jobb", "text": "Jobb", "column": "j"},
        ],
    },
    {
        "id": "vilka",
        "kind": "multiple",
        "options": [
            {"id": "skola", "label": "Skola"},
            {"id": "polis", "label": "Polis"},
            {"id": "vet_ej", "label": "Vet ej", "means": "dont_know"},
        ],
    },
    {"id": "antal", "kind": "number"},
    {"id": "dag", "kind": "date"},
    {"id": "text", "kind": "free_text"},
]
KINDS = {"bromma": "district", "farsta": "district", "kultur": "specialist"}


def survey(respondents: str = "units") -> Survey:
    questions = [q for q in QUESTIONS if respondents == "units" or q["kind"] != "unit"]
    return Survey.model_validate(
        {
            "title": "Enkät",
            "year": 2021,
            "period": {"start": "2021-01-01", "end": "2021-10-01"},
            "responsible": {"publisher": "Staden"},
            "source": {"file": "x.csv"},
            "respondents": respondents,
            "sections": [{"id": "a", "title": "A", "kind": "topic", "confirmed": True}],
            "questions": [{"text": q["id"].capitalize(), "section": "a"} | q for q in questions],
        }
    )


def answers(**columns: list[Any]) -> pd.DataFrame:
    """Return a table of answers; columns that are left out have no answer."""
    n = len(next(iter(columns.values())))
    frame: dict[str, Any] = {
        "submission_id": [short_id(i) for i in range(n)],
        "unit_id": pd.Series(columns.get("unit_id", [None] * n), dtype="str"),
    }
    for question in survey().questions:
        for name in question.columns() if question.kind != "unit" else ():
            if question.is_closed:
                values = columns.get(name, ["_not_answered"] * n)
                assert set(values) <= set(question.labels())
                frame[name] = pd.Categorical(values, categories=list(question.labels()))
                continue
            kind = {"number": "Float64", "date": "datetime64[s]", "free_text": "str"}[question.kind]
            values = columns.get(name, [None] * n)
            frame[name] = pd.Series(values, dtype=kind)
            given_ = ["_not_answered" if pd.isna(v) else "answered" for v in frame[name]]
            status = columns.get(f"{name}#status", given_)
            frame[f"{name}#status"] = pd.Categorical(status, categories=list(STATUS))
    return pd.DataFrame(frame)


def seen(found: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """Return the counts without the missing kinds that nobody has."""
    return {value: row for value, row in found.items() if row[0] or value not in OUTSIDE_BASE}


def counted(
    frame: pd.DataFrame, question: str, group: str = "alla", item: str = ""
) -> dict[str, tuple[Any, ...]]:
    chosen = frame[(frame["question"] == question) & (frame["group"] == group) & (frame["item"] == item)]
    rows = chosen[["value", "n", "base", "percent"]].itertuples(index=False, name=None)
    return {v: (int(n), int(b), None if pd.isna(p) else float(p)) for v, n, b, p in rows}


# --- Hand-checked ---

FIVE = answers(
    unit_id=["bromma", "farsta", "kultur", None, "bromma"],
    plan=["ja", "_dont_know", "ja", "nej", "_not_relevant"],
    **{
        "hur[hem]": ["bra", "bra", "daligt", "bra", "_under_review"],
        "hur[jobb]": ["_not_answered"] * 5,
        "vilka[skola]": ["chosen", "not_chosen", "_dont_know", "chosen", "_not_answered"],
        "vilka[polis]": ["chosen", "chosen", "_dont_know", "not_chosen", "_not_answered"],
    },
    antal=[1.5, None, 4.0, 9.0, 0.0],
    **{"antal#status": ["answered", "_dont_know", "answered", "answered", "answered"]},
    dag=[pd.Timestamp("2021-10-19"), None, None, None, None],
    text=["Bra.", None, "Bra.", "Nej", None],
)


def test_counts_of_a_single_question() -> None:
    frame = count_answers(FIVE, survey(), KINDS)
    # A unit under review is outside all groups, and with it its answer.
    assert seen(counted(frame, "plan")) == {
        "ja": (2, 3, 200 / 3),
        "nej": (0, 3, 0.0),
        "_dont_know": (1, 3, 100 / 3),
        "_not_relevant": (1, 3, None),
    }
    assert seen(counted(frame, "plan", "district")) == {
        "ja": (1, 2, 50.0),
        "nej": (0, 2, 0.0),
        "_dont_know": (1, 2, 50.0),
        "_not_relevant": (1, 2, None),
    }
    assert seen(counted(frame, "plan", "specialist")) == {
        "ja": (1, 1, 100.0),
        "nej": (0, 1, 0.0),
        "_dont_know": (0, 1, 0.0),
    }


def test_counts_of_a_grid() -> None:
    frame = count_answers(FIVE, survey(), KINDS)
    assert seen(counted(frame, "hur", item="hem")) == {
        "daligt": (1, 3, 100 / 3),
        "bra": (2, 3, 200 / 3),
        "_dont_know": (0, 3, 0.0),
        "_under_review": (1, 3, None),
    }
    # Nobody answered: no percentage, rather than 0 of 0.
    assert seen(counted(frame, "hur", item="jobb")) == {
        "daligt": (0, 0, None),
        "bra": (0, 0, None),
        "_dont_know": (0, 0, None),
        "_not_answered": (4, 0, None),
    }


def test_counts_of_a_multiple_question() -> None:
    frame = count_answers(FIVE, survey(), KINDS)
    assert seen(counted(frame, "vilka", item="skola")) == {
        "chosen": (1, 3, 100 / 3),
        "not_chosen": (1, 3, 100 / 3),
        "_dont_know": (1, 3, 100 / 3),
        "_not_answered": (1, 3, None),
    }
    assert counted(frame, "vilka", item="polis")["chosen"] == (2, 3, 200 / 3)


def test_a_row_of_counts_says_what_it_counts() -> None:
    frame = count_answers(FIVE, survey(), KINDS)
    assert tuple(frame.columns) == COUNT_COLUMNS
    row = frame[(frame["question"] == "hur") & (frame["value"] == "bra")].iloc[0]
    assert row[list(COUNT_COLUMNS[:8])].tolist() == ["a", "hur", "Hur", "hem", "Hemma", "bra", "Bra", "alla"]
    assert list(dict.fromkeys(frame["group"])) == ["alla", "district", "specialist"]
    assert list(dict.fromkeys(frame["question"])) == ["plan", "hur", "vilka"]


def test_where_people_answer_there_is_one_group() -> None:
    frame = count_answers(FIVE, survey("people"))
    assert set(frame["group"]) == {"alla"}
    assert counted(frame, "plan")["nej"] == (1, 4, 25.0)


def test_no_closed_question_gives_an_empty_table() -> None:
    only_text = survey("people").model_copy(update={"questions": survey("people").questions[-1:]})
    frame = count_answers(FIVE, only_text)
    assert (tuple(frame.columns), len(frame), str(frame["n"].dtype)) == (COUNT_COLUMNS, 0, "Int64")


def test_no_answers_at_all() -> None:
    frame = count_answers(FIVE.head(0), survey(), KINDS)
    assert frame["n"].sum() == 0
    assert frame["percent"].isna().all()


def test_every_missing_kind_has_its_row() -> None:
    frame = count_answers(FIVE, survey(), KINDS)
    for (name, _, group), part in frame.groupby(["question", "item", "group"]):
        assert part["value"].tolist() == list(survey().question(name).labels()), group


def test_groups_of_units() -> None:
    groups, codes = group_codes(FIVE, survey(), KINDS)
    assert groups == ("district", "specialist", OUTSIDE)
    assert codes.tolist() == [0, 0, 1, 2, 0]
    # A unit that the register does not know the kind of is in no group either.
    assert group_codes(FIVE, survey(), {"kultur": "specialist"})[1].tolist() == [1, 1, 0, 1, 1]
    assert group_codes(FIVE, survey("people"), {})[0] == ("alla",)


def test_which_columns_a_question_has() -> None:
    asked = {q.id: q for q in survey().questions}
    assert item_texts(asked["plan"]) == {"plan": ("", "")}
    assert item_texts(asked["hur"]) == {"hur[hem]": ("hem", "Hemma"), "hur[jobb]": ("jobb", "Jobb")}
    assert item_texts(asked["vilka"]) == {
        "vilka[skola]": ("skola", "Skola"),
        "vilka[polis]": ("polis", "Polis"),
    }


def test_numbers_are_summarised() -> None:
    frame = summarise_numbers(FIVE, survey(), KINDS)
    assert tuple(frame.columns) == NUMBER_COLUMNS
    rows = frame[["group", "answers", "total", "median", "smallest", "largest"]].values.tolist()
    assert rows == [
        ["alla", 3, 5.5, 1.5, 0.0, 4.0],
        ["district", 2, 1.5, 0.75, 0.0, 1.5],
        ["specialist", 1, 4.0, 4.0, 4.0, 4.0],
    ]


def test_numbers_that_nobody_gave_have_no_total() -> None:
    frame = summarise_numbers(FIVE.iloc[[1]], survey(), KINDS)
    assert frame["answers"].tolist() == [0, 0, 0]
    assert frame[["total", "median", "smallest", "largest"]].isna().all(axis=None)


def test_free_texts_are_one_row_each() -> None:
    frame = free_texts(FIVE, survey())
    assert frame[["unit_id", "question", "item", "text"]].fillna("").values.tolist() == [
        ["bromma", "text", "", "Bra."],
        ["kultur", "text", "", "Bra."],
        ["", "text", "", "Nej"],
    ]
    assert frame["answer_id"].is_unique
    assert frame["text_hash"].tolist() == [short_id("Bra."), short_id("Bra."), short_id("Nej")]
    assert len(free_texts(FIVE.head(0), survey())) == 0


def test_what_each_unit_answered() -> None:
    frame = answers_by_unit(FIVE.head(3), survey())
    told = frame[["unit_id", "question", "item", "value", "label", "number"]]
    rows = told.astype("object").where(told.notna(), None).values.tolist()
    assert rows == [
        ["bromma", "plan", "", "ja", "Ja", None],
        ["farsta", "plan", "", "_dont_know", "Vet ej", None],
        ["kultur", "plan", "", "ja", "Ja", None],
        ["bromma", "hur", "hem", "bra", "Bra", None],
        ["farsta", "hur", "hem", "bra", "Bra", None],
        ["kultur", "hur", "hem", "daligt", "Dåligt", None],
        *[[u, "hur", "jobb", "_not_answered", "Ej besvarad", None] for u in ("bromma", "farsta", "kultur")],
        ["bromma", "vilka", "skola", "skola", "Skola", None],
        ["bromma", "vilka", "polis", "polis", "Polis", None],
        ["farsta", "vilka", "polis", "polis", "Polis", None],
        ["kultur", "vilka", "", "_dont_know", "Vet ej", None],
        ["bromma", "antal", "", "answered", "", 1.5],
        ["farsta", "antal", "", "_dont_know", "Vet ej", None],
        ["kultur", "antal", "", "answered", "", 4.0],
        ["bromma", "dag", "", "answered", "2021-10-19", None],
        ["farsta", "dag", "", "_not_answered", "Ej besvarad", None],
        ["kultur", "dag", "", "_not_answered", "Ej besvarad", None],
    ]


def test_a_unit_under_review_is_no_unit() -> None:
    assert answers_by_unit(FIVE.iloc[[3]], survey()).empty


# --- Against plain pandas ---


def random_answers(seed: int, n: int = 200) -> pd.DataFrame:
    """Return answers of all kinds, with every missing kind; the options of a question are missing independently."""
    chance = np.random.default_rng(seed)
    columns: dict[str, list[Any]] = {"unit_id": chance.choice([*KINDS, None], n).tolist()}
    given = {"antal": chance.integers(0, 60, n) / 10, "text": [f"text {i}" for i in range(n)]}
    given["dag"] = [pd.Timestamp("2021-10-19")] * n
    for question in survey().questions:
        for name in question.columns() if question.kind != "unit" else ():
            if question.is_closed:
                columns[name] = chance.choice(list(question.labels()), n).tolist()
                continue
            status = columns[f"{name}#status"] = chance.choice(["answered", *STATUS], n).tolist()
            columns[name] = [v if s == "answered" else None for v, s in zip(given[name], status, strict=True)]
    return answers(**columns)


def closed(question: Question) -> list[tuple[str, str]]:
    return [(name, item) for name, (item, _) in item_texts(question).items()] if question.is_closed else []


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_those_of_plain_pandas(seed: int) -> None:
    frame = random_answers(seed)
    counts = count_answers(frame, survey(), KINDS)
    kinds = frame["unit_id"].map(KINDS)
    checked = 0
    for question in survey().questions:
        for name, item in closed(question):
            for group, rows in (
                ("alla", kinds.notna()),
                *((k, kinds == k) for k in ("district", "specialist")),
            ):
                plain = frame.loc[rows, name].astype("object").value_counts()
                base = plain.drop(labels=list(OUTSIDE_BASE), errors="ignore").sum()
                ours = counted(counts, question.id, group, item)
                for value, (n, b, percent) in ours.items():
                    assert (n, b) == (plain.get(value, 0), base)
                    assert percent == (None if value in OUTSIDE_BASE else pytest.approx(100 * n / base))
                assert set(ours) == set(question.labels())
                checked += len(ours)
    assert checked > 100


@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_those_of_plain_pandas(seed: int) -> None:
    frame = random_answers(seed)
    ours = summarise_numbers(frame, survey(), KINDS).set_index("group").loc[["district", "specialist"]]
    plain = frame.groupby(frame["unit_id"].map(KINDS))["antal"].agg(["count", "sum", "median", "min", "max"])
    np.testing.assert_allclose(ours[list(NUMBER_COLUMNS[-5:])].astype("float64"), plain.astype("float64"))


def plain_status(row: pd.Series, question: Question, column: str) -> str:
    """Return the status of one submission's answer, as the rule is worded."""
    if not question.is_closed:
        return str(row[f"{column}#status"])
    said = [row[c] for c in question.columns()] if question.kind == "multiple" else [row[column]]
    if "_under_review" in said:
        return "_under_review"
    if question.kind == "multiple":
        return "answered" if {"chosen", "not_chosen"} & set(said) else said[0]
    return said[0] if said[0] in MISSING_KINDS else "answered"


@pytest.mark.parametrize("respondents", ["units", "people"])
def test_statuses_are_those_of_plain_python(respondents: str) -> None:
    frame, asked = random_answers(7), survey(respondents)
    tally = count_part(frame, asked, KINDS)
    for question in asked.questions:
        for column in question_status(frame, question) if question.kind != "unit" else ():
            plain = Counter(plain_status(row, question, column) for _, row in frame.iterrows())
            assert dict(zip(STATUS, tally.statuses[column].tolist(), strict=True)) == {
                s: plain[s] for s in STATUS
            }
            told = question_status(frame, question)[column]
            assert Counter(v if v in MISSING_KINDS else "answered" for v in told) == plain
    assert len(tally.statuses) == 7


def test_many_questions_are_counted_as_each_alone(to_survey: Callable[..., Survey]) -> None:
    """More columns than can be counted together, a very long list of options, and more options than can be chosen."""

    def options(n: int) -> list[dict[str, str]]:
        return [{"id": f"o{i}", "label": f"O {i}"} for i in range(n)]

    few = [{"id": f"q{i}", "kind": "single", "options": options(i + 1)} for i in range(12)]
    wide = to_survey(
        [
            {"id": "vem", "kind": "unit"},
            *few,
            {"id": "lista", "kind": "single", "options": options(70_000)},
            {"id": "alla", "kind": "multiple", "options": options(9)},
        ]
    )
    chance = np.random.default_rng(3)
    columns: dict[str, Any] = {"unit_id": pd.Series(chance.choice(list(KINDS), 300), dtype="str")}
    for question in wide.questions[1:]:
        for name in question.columns():
            values = list(question.labels())
            columns[name] = pd.Categorical.from_codes(chance.integers(0, len(values), 300), categories=values)
    frame = pd.DataFrame(columns)
    tally = count_part(frame, wide, KINDS)
    kinds = frame["unit_id"].map(KINDS)
    for question in wide.questions[1:]:
        for name in question.columns():
            plain = pd.crosstab(kinds, frame[name], dropna=False).reindex(columns=list(question.labels()))
            np.testing.assert_array_equal(tally.values[name][:2], plain.to_numpy())
            assert not tally.values[name][2].any()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 7)] * 9), max_size=30))
def test_combinations_are_counted_as_they_stand(rows: list[tuple[int, ...]]) -> None:
    """Nine columns of eight codes: more combinations than are numbered at once."""
    columns = [np.array([row[i] for row in rows], dtype=np.int8) for i in range(9)]
    found, n = count_combinations(columns, [8] * 9)
    assert len({len(n), *map(len, found)}) == 1
    told = zip(zip(*(column.tolist() for column in found), strict=True), n.tolist(), strict=True)
    assert dict(told) == Counter(rows)


# --- One row group at a time ---


def same(one: Tally, other: Tally) -> None:
    assert (one.submissions, one.groups) == (other.submissions, other.groups)
    for name in ("values", "statuses", "numbers"):
        ours, theirs = getattr(one, name), getattr(other, name)
        assert list(ours) == list(theirs)
        for column, found in ours.items():
            pairs = (
                zip(found, theirs[column], strict=True) if name == "numbers" else [(found, theirs[column])]
            )
            for mine, yours in pairs:
                np.testing.assert_array_equal(mine, yours)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 60), st.integers(1, 25), st.sampled_from(["units", "people"]))
def test_a_file_is_counted_as_a_table(
    tmp_path_factory: pytest.TempPathFactory, seed: int, n: int, size: int, respondents: str
) -> None:
    path = tmp_path_factory.mktemp("file") / "answers.parquet"
    frame, asked = random_answers(seed, n), survey(respondents)
    frame.to_parquet(path, index=False, row_group_size=size)
    at_once = count_part(frame, asked, KINDS)
    with ThreadPoolExecutor(
        2
    ) as pool:  # what is sent to another process or machine is the same after the journey
        sent = count_file(path, asked, KINDS, each=lambda f, xs: pool.map(pickle.loads(pickle.dumps(f)), xs))
    for counted in (count_file(path, asked, KINDS), pickle.loads(pickle.dumps(sent))):
        same(counted, at_once)
        for table in (tabulate_counts, tabulate_numbers):
            pd.testing.assert_frame_equal(table(counted, asked), table(at_once, asked), check_exact=True)
    pd.testing.assert_frame_equal(tabulate_counts(at_once, asked), count_answers(frame, asked, KINDS))
    pd.testing.assert_frame_equal(tabulate_numbers(at_once, asked), summarise_numbers(frame, asked, KINDS))


@pytest.mark.parametrize("respondents", ["units", "people"])
def test_only_what_is_counted_is_read(tmp_path: Path, respondents: str) -> None:
    asked = survey(respondents)
    columns = list(columns_to_count(asked))
    assert not {"submission_id", "text", "dag"} & set(columns)
    assert ("unit_id" in columns) == (respondents == "units")
    FIVE[columns].to_parquet(tmp_path / "answers.parquet", index=False)
    same(count_file(tmp_path / "answers.parquet", asked, KINDS), count_part(FIVE, asked, KINDS))


def test_a_file_of_another_survey_is_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "answers.parquet"
    FIVE.drop(columns="plan").to_parquet(path, index=False)
    with pytest.raises(ContractError, match="plan"):
        count_file(path, survey(), KINDS)


def test_what_the_survey_does_not_know_is_not_counted() -> None:
    other = FIVE.assign(plan=FIVE["plan"].cat.set_categories(["nej", "ja", *FIVE["plan"].cat.categories[2:]]))
    empty = FIVE.assign(plan=FIVE["plan"].where([True, True, False, True, True]))
    for frame in (other, empty):
        with pytest.raises(ContractError, match="column plan"):
            count_answers(frame, survey(), KINDS)


def test_only_counts_of_the_same_groups_are_added() -> None:
    units, people = count_part(FIVE, survey(), KINDS), count_part(FIVE, survey("people"))
    with pytest.raises(ValueError, match="other groups"):
        add_counts([units, people])
    with pytest.raises(ValueError, match="nothing to add"):
        add_counts([])
    twice = add_counts([units, units])
    assert twice.submissions == 10
    assert tabulate_numbers(twice, survey())[["answers", "total", "median"]].values.tolist() == [
        [6, 11.0, 1.5], [4, 3.0, 0.75], [2, 8.0, 4.0],
    ]  # fmt: skip


# --- What always holds ---


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 40))
def test_parts_add_to_the_whole(seed: int, n: int) -> None:
    counts = count_answers(random_answers(seed, n), survey(), KINDS)
    wide = counts.pivot_table(index=["question", "item", "value"], columns="group", values="n", aggfunc="sum")
    pd.testing.assert_series_equal(wide["alla"], wide["district"] + wide["specialist"], check_names=False)
    inside = counts[~counts["value"].isin(OUTSIDE_BASE)]
    per_question = inside.groupby(["question", "item", "group"])
    assert (per_question["n"].sum() == per_question["base"].first()).all()
    shares = per_question["percent"].sum()[per_question["base"].first() > 0]
    np.testing.assert_allclose(shares.astype("float64"), 100)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(seed: int, chance) -> None:
    frame = random_answers(seed, 30)
    before = frame.copy()
    shuffled = frame.iloc[chance.sample(range(30), 30)]
    for measure in (count_answers, summarise_numbers):
        pd.testing.assert_frame_equal(measure(frame, survey(), KINDS), measure(shuffled, survey(), KINDS))
    pd.testing.assert_frame_equal(frame, before)
