from __future__ import annotations

from pathlib import Path

import pytest

from analysis.intake.contracts import REVIEW, check
from analysis.intake.ledger import short_id
from analysis.intake.review import Decision, Review, read_decisions, read_people_csv
from analysis.problems import InputError

HEADER = "id,decision,by,date,why\n"
BEGIN = "Begin the file with the row id,decision,by,date,why."


def read(tmp_path: Path, text: str | bytes) -> dict[str, Decision]:
    path = tmp_path / "decisions.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_decisions(path, "decisions.csv")


def refused(tmp_path: Path, text: str | bytes) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    return [str(p) for p in caught.value.problems]


# --- decisions.csv ---


def test_an_absent_file_is_no_decisions(tmp_path: Path) -> None:
    assert read_decisions(tmp_path / "decisions.csv", "decisions.csv") == {}


def test_decisions_by_their_id(tmp_path: Path) -> None:
    text = HEADER + 'a1, bromma ,K. Utredare,2021-11-01,"Felstavat, säkert"\n,,,,\nb2,40,K. U.,2021-11-02,\n'
    assert read(tmp_path, text) == {
        "a1": Decision("a1", "bromma", "K. Utredare", "2021-11-01", "Felstavat, säkert"),
        "b2": Decision("b2", "40", "K. U.", "2021-11-02", ""),
    }


def test_what_looks_like_a_missing_value_is_text(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER + "007,NA,null,2021-11-01,nan\n") == {
        "007": Decision("007", "NA", "null", "2021-11-01", "nan")
    }


def test_as_excel_saves_it(tmp_path: Path) -> None:
    text = "\ufeff Id,decision,by,date,why,extra\r\n".replace(" Id", " id") + "a,b,c,2021-11-01,e,f\r\n"
    assert read(tmp_path, text)["a"].why == "e"


def test_a_swedish_excel_saves_with_semicolons(tmp_path: Path) -> None:
    assert (
        read(tmp_path, "\ufeffid;decision;by;date;why\r\na;b, c;d;2021-11-01;f\r\n")["a"].decision == "b, c"
    )


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["decisions.csv: the file is empty. Begin it with the row id,decision,by,date,why."]),
        (
            HEADER.encode() + b"a,\xe5,c,d,e\n",
            ["decisions.csv: the file is not UTF-8. Save it as CSV UTF-8."],
        ),
        (
            "id,decision,by,why\na,b,c,d\n",
            [f"decisions.csv, line 1: the column 'date' is missing. {BEGIN}"],
        ),
        (
            HEADER + "a,,c,2021-02-29,e\n\nb,x, ,,\n",
            [
                "decisions.csv, line 2, column 'decision': is empty. Fill it in, or remove the row.",
                "decisions.csv, line 2, column 'date': '2021-02-29' is not a date. Write it as 2021-10-19.",
                "decisions.csv, line 4, column 'by': is empty. Fill it in, or remove the row.",
                "decisions.csv, line 4, column 'date': is empty. Fill it in, or remove the row.",
            ],
        ),
        (
            HEADER + "a,b,c,2021-11-01,\nb,b,c,1/11/2021,\na,x,c,2021-11-01,\n",
            [
                "decisions.csv, line 3, column 'date': '1/11/2021' is not a date. Write it as 2021-10-19.",
                "decisions.csv, line 4, column 'id': the id has a decision already. Keep one of the two.",
            ],
        ),
    ],
    ids=["empty", "not UTF-8", "a column is missing", "values are missing", "decided twice"],
)
def test_what_is_wrong_with_a_file_of_decisions(
    tmp_path: Path, text: str | bytes, problems: list[str]
) -> None:
    assert refused(tmp_path, text) == problems


def test_an_unclosed_quote(tmp_path: Path) -> None:
    (found,) = refused(tmp_path, HEADER + 'a,b,c,d,"e\n' + "x,1,2,3,4\n" * 2)
    assert found.startswith("decisions.csv: cannot be read as CSV (")
    assert found.endswith("Check commas and quotes: a text with a comma in it stands within quotes.")


def test_more_values_than_columns(tmp_path: Path) -> None:
    (found,) = refused(tmp_path, HEADER + "a,b,c,d,e\na,b,c,d,e,f,g\n")
    assert found.startswith("decisions.csv: cannot be read as CSV (")


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read as CSV"):
        read_people_csv(tmp_path, "x.csv", ("a",), required=(), twice="is there twice")


def test_a_row_keeps_its_number(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n\n1,2\n,\n3,\n")
    frame = read_people_csv(path, "x.csv", ("a", "b"), required=("a",), twice="is there twice")
    assert frame.to_dict("index") == {3: {"a": "1", "b": "2"}, 5: {"a": "3", "b": ""}}


# --- the review ---


def test_the_same_thing_in_many_rows_is_one_question() -> None:
    review = Review({})
    for row in (7, 3, 3):
        review.ask("answer", "plan", "kanske", [row], proposals="ja", needed_for="plan")
    review.ask("answer", "plan", "tja", range(2, 20), proposals="", needed_for="plan")
    review.ask("answer", "mål", "kanske", [], proposals="", needed_for="mål")
    frame = review.frame()
    check(frame, REVIEW, "review")
    assert frame[["seen", "where"]].values.tolist() == [
        ["kanske", "rows 3, 7"],
        ["tja", "rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more"],
        ["kanske", "the whole export"],
    ]
    assert frame["id"].tolist() == [
        short_id("answer", "plan", "kanske"), short_id("answer", "plan", "tja"), short_id("answer", "mål", "kanske"),
    ]  # fmt: skip


def test_a_decision_that_is_used_is_matched() -> None:
    key = short_id("unit", "enhet", "brommma")
    decision = Decision(key, "bromma", "K. U.", "2021-11-01", "")
    review = Review({key: decision, "0" * 12: decision})
    assert review.unmatched == tuple(sorted(("0" * 12, key)))
    assert review.decided("unit", "enhet", "brommma") is decision
    assert review.decided("unit", "enhet", "bromma") is None
    assert review.unmatched == ("0" * 12,)
    check(review.frame(), REVIEW, "an empty review")
