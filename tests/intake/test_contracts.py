from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from analysis.intake.clean import Cleaned
from analysis.intake.contracts import (
    COUNTS,
    LEDGER,
    RELEASED_COUNTS,
    REVIEW,
    SUBMISSIONS,
    TEXTS,
    ContractError,
    answers_schema,
    check,
    count_row_groups,
    empty_table,
    read_table,
    write_file,
    write_json,
    write_table,
)
from analysis.measures.counts import count_answers, free_texts
from analysis.survey.instrument import Survey

QUESTIONS = [
    {"id": "plan", "kind": "single", "options": [{"id": i, "label": i} for i in ("ja", "nej")]},
    {"id": "vilka", "kind": "multiple", "options": [{"id": i, "label": i} for i in ("skola", "polis")]},
    {"id": "antal", "kind": "number"},
    {"id": "dag", "kind": "date"},
    {"id": "text", "kind": "free_text"},
]
ROWS = [
    ["Svarsid", "Inskickat", "plan", "vilka", "antal", "dag", "text"],
    ["1", "2021-10-01 08:00", "Ja", "Skola;Polis", "1,5", "2021-10-19", 'rad "ett"\nrad två, ja'],
    ["2", "", "", "", "", "", "NA"],
    ["3", "", "kanske", "", "", "", ""],
    ["4", "", "", "", "", "", ""],
]


@pytest.fixture
def cleaned(run_clean) -> Cleaned:
    return run_clean(ROWS, QUESTIONS)


@pytest.fixture
def survey(to_survey) -> Survey:
    return to_survey(QUESTIONS)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_every_table_is_read_back_as_it_was_written(
    tmp_path: Path, cleaned: Cleaned, survey: Survey, ending: str
) -> None:
    counts = count_answers(cleaned.answers, survey)
    tables = {
        "submissions": (cleaned.submissions, SUBMISSIONS),
        "ledger": (cleaned.ledger, LEDGER),
        "review": (cleaned.review, REVIEW),
        "counts": (counts, COUNTS),
        "released": (counts.assign(suppressed=False), RELEASED_COUNTS),
        "texts": (free_texts(cleaned.answers, survey), TEXTS),
    }
    for name, (frame, schema) in tables.items():
        path = tmp_path / f"{name}.{ending}"
        write_table(frame, path, schema)
        back = read_table(path, schema)
        pd.testing.assert_frame_equal(back, frame, obj=name, check_categorical=False)  # in any order
        write_table(frame.head(0), path, schema)
        pd.testing.assert_frame_equal(read_table(path, schema), empty_table(schema), check_categorical=False)


def test_answers_keep_their_categories_in_parquet(tmp_path: Path, cleaned: Cleaned, survey: Survey) -> None:
    schema = answers_schema(survey)
    write_table(cleaned.answers, tmp_path / "answers.parquet", schema)
    pd.testing.assert_frame_equal(read_table(tmp_path / "answers.parquet", schema), cleaned.answers)


def test_answers_of_nobody_keep_their_categories_too(
    tmp_path: Path, cleaned: Cleaned, survey: Survey
) -> None:
    path, schema = tmp_path / "answers.parquet", answers_schema(survey)
    write_table(cleaned.answers.head(0), path, schema)
    back = read_table(path, schema)
    pd.testing.assert_frame_equal(back, cleaned.answers.head(0))
    pd.testing.assert_frame_equal(read_table(path, schema, columns=["plan"], row_group=0), back[["plan"]])
    pd.testing.assert_frame_equal(empty_table(schema), back)


def test_one_row_group_or_some_columns_can_be_read(tmp_path: Path, cleaned: Cleaned, survey: Survey) -> None:
    path, schema, answers = tmp_path / "answers.parquet", answers_schema(survey), cleaned.answers
    answers.to_parquet(path, index=False, row_group_size=2)
    assert count_row_groups(path) == 2
    parts = [read_table(path, schema, row_group=i) for i in range(2)]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), answers)
    chosen = read_table(path, schema, columns=["dag", "unit_id", "plan"])
    pd.testing.assert_frame_equal(chosen, answers[["unit_id", "plan", "dag"]])
    write_table(cleaned.ledger, tmp_path / "ledger.csv", LEDGER)
    some = read_table(tmp_path / "ledger.csv", LEDGER, columns=["fate", "column"])
    pd.testing.assert_frame_equal(some, cleaned.ledger[["column", "fate"]], check_categorical=False)


def test_columns_that_are_not_there_or_break_their_contract_are_not_read(
    tmp_path: Path, cleaned: Cleaned, survey: Survey
) -> None:
    path = tmp_path / "answers.parquet"
    cleaned.answers.drop(columns="plan").assign(unit_id="x", submission_id="no id").to_parquet(path)
    with pytest.raises(ContractError, match=r"column plan: column_in_dataframe"):
        read_table(path, answers_schema(survey), columns=["unit_id", "plan"])
    assert read_table(path, answers_schema(survey), columns=["unit_id"])["unit_id"].tolist() == ["x"] * 3
    with pytest.raises(ContractError, match="submission_id"):
        read_table(path, answers_schema(survey), columns=["submission_id"])


def test_the_same_table_is_written_with_the_same_bytes(tmp_path: Path, cleaned: Cleaned) -> None:
    for ending in ("csv", "parquet"):
        for name in ("one", "two"):
            write_table(cleaned.review, tmp_path / f"{name}.{ending}", REVIEW)
        assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"two.{ending}").read_bytes()


def test_every_failure_is_told_at_once(cleaned: Cleaned) -> None:
    wrong = cleaned.submissions.assign(status="done", row=[1, 1, 2, 3])
    with pytest.raises(ContractError) as caught:
        check(wrong, SUBMISSIONS, "submissions.parquet")
    lines = str(caught.value).splitlines()
    assert (
        "submissions.parquet: column row: field_uniqueness does not hold at positions 0, 1 (2 in all)"
        in lines
    )
    assert any("column status: isin([" in line and "(4 in all)" in line for line in lines)


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.drop(columns="where"),
        lambda f: f.assign(more="x"),
        lambda f: f[["where", *f.columns.drop("where")]],
        lambda f: f.assign(id="not hexadecimal"),
        lambda f: f.assign(kind=None),
    ],
    ids=["a column less", "a column more", "another order", "an id that is none", "a missing value"],
)
def test_a_table_that_is_not_as_promised_is_refused(cleaned: Cleaned, change) -> None:
    check(cleaned.review, REVIEW, "review.csv")
    with pytest.raises(ContractError, match=r"review\.csv"):
        check(change(cleaned.review), REVIEW, "review.csv")


def test_answers_hold_only_values_of_the_questionnaire(cleaned: Cleaned, survey: Survey) -> None:
    schema = answers_schema(survey)
    check(cleaned.answers, schema, "answers")
    other = cleaned.answers["plan"].cat.rename_categories({"ja": "jo"})
    with pytest.raises(ContractError, match="column plan"):
        check(cleaned.answers.assign(plan=other), schema, "answers")
    unknown = cleaned.answers["plan"].where(cleaned.answers["plan"] != "ja")
    with pytest.raises(ContractError, match="column plan"):
        check(cleaned.answers.assign(plan=unknown), schema, "answers")


def test_a_suppressed_count_may_not_be_shown(cleaned: Cleaned, survey: Survey) -> None:
    counts = count_answers(cleaned.answers, survey)
    hidden = counts.assign(suppressed=True, n=pd.NA, percent=pd.NA).astype(
        {"n": "Int64", "percent": "Float64"}
    )
    check(hidden, RELEASED_COUNTS, "counts.csv")
    with pytest.raises(ContractError, match="a suppressed count is shown"):
        check(counts.assign(suppressed=True), RELEASED_COUNTS, "counts.csv")


def test_a_table_that_breaks_its_contract_is_not_written(tmp_path: Path, cleaned: Cleaned) -> None:
    with pytest.raises(ContractError):
        write_table(cleaned.review.assign(id="x"), tmp_path / "review.csv", REVIEW)
    assert list(tmp_path.iterdir()) == []


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "data.json"
    write_json({"å": 1}, path)
    assert json.loads(path.read_text(encoding="utf-8")) == {"å": 1}
    assert path.read_text(encoding="utf-8") == '{\n  "å": 1\n}\n'

    def fail(part: Path) -> None:
        part.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_file(path, fail)
    assert json.loads(path.read_text(encoding="utf-8")) == {"å": 1}
    assert [p.name for p in path.parent.iterdir()] == ["data.json"]
