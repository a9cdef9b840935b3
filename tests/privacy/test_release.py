"""The gate: what may leave the sensitive side, who must have said so, and the folder of released results."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.contracts import ContractError
from analysis.intake.ledger import short_id
from analysis.measures.counts import answers_by_unit, count_answers, free_texts, summarise_numbers
from analysis.measures.response import item_nonresponse
from analysis.privacy.disclosure import recoverable
from analysis.privacy.release import (
    DESCRIBES,
    TALLY,
    Released,
    add_results,
    public_survey,
    quote_states,
    read_approvals,
    read_results,
    release_answers,
    release_comparison,
    release_item_nonresponse,
    release_quotes,
    write_results,
)
from analysis.problems import InputError
from analysis.survey.instrument import MISSING_KINDS, Survey

KINDS = {f"u{i}": "district" if i < 6 else "specialist" for i in range(9)}
YES_NO = [{"id": "ja", "label": "Ja"}, {"id": "nej", "label": "Nej"}]


def survey_of(respondents: str, questions: Sequence[Mapping[str, Any]]) -> Survey:
    unit = [{"id": "vem", "kind": "unit"}] if respondents == "units" else []
    data = {
        "title": "Enkät",
        "year": 2021,
        "period": {"start": "2021-01-01", "end": "2021-10-01"},
        "responsible": {"publisher": "Staden", "contact": "Enheten"},
        "source": {"file": "hemlig-fil.csv", "exported": "2021-10-02"},
        "respondents": respondents,
        "sections": [{"id": "a", "title": "A", "kind": "topic", "confirmed": True, "source": "Egen"}],
        "questions": [{"text": f"Fråga {q['id']}?", "section": "a"} | q for q in [*unit, *questions]],
        "drop": [{"column": "Namn", "why": "personal"}],
    }
    return Survey.model_validate(data)


def closed(values: Sequence[str], question: Any) -> pd.Categorical:
    return pd.Categorical(list(values), categories=list(question.labels()))


def released(
    survey: Survey, answers: pd.DataFrame, response: pd.DataFrame | None = None
) -> dict[str, Released]:
    """Count answers as 3_analyse does, and let them through the gate."""
    kinds = KINDS if survey.respondents == "units" else {}
    if response is None:
        response = pd.DataFrame({"unit_id": ["u1"], "name": ["Ett"]}).astype("str")
    return release_answers(
        count_answers(answers, survey, kinds),
        summarise_numbers(answers, survey, kinds),
        response,
        item_nonresponse(answers, survey),
        answers_by_unit(answers, survey),
        survey,
        kinds,
    )


def units_answers(survey: Survey, numbers: Sequence[float | None]) -> pd.DataFrame:
    """Return answers of the units u0, u1, … to the question `antal`."""
    given = pd.array([pd.NA if n is None else n for n in numbers], dtype="Float64")
    status = pd.Categorical(["_not_answered" if n is None else "answered" for n in numbers],
                            categories=["answered", *MISSING_KINDS])  # fmt: skip
    units = [f"u{i}" for i in range(len(numbers))]
    return pd.DataFrame(
        {
            "submission_id": [short_id(u) for u in units],
            "unit_id": units,
            "antal": given,
            "antal#status": status,
        }
    ).astype({"submission_id": "str", "unit_id": "str"})


NUMBER = {"id": "antal", "kind": "number", "about": "people"}


# --- free text: only what a person has approved ---------------------------------------------------------------


WRITTEN = {"u0": "Ett svar.", "u1": "Ett annat svar.", "u2": "Ett tredje svar.", "u3": "Ett fjärde svar."}
NOBODY = "Detta har ingen läst."


@pytest.fixture
def texts() -> pd.DataFrame:
    survey = survey_of("units", [{"id": "fritext", "kind": "free_text"}])
    said = [*WRITTEN.values(), NOBODY]
    answers = pd.DataFrame({
        "submission_id": [short_id(i) for i in range(len(said))],
        "unit_id": [*WRITTEN, "u4"],
        "fritext": said,
    }).astype("str")  # fmt: skip
    return free_texts(answers, survey)


def approvals_of(**decisions: tuple[str, str]) -> pd.DataFrame:
    rows = [(short_id(WRITTEN[u]), d, text, "N. N.", "2021-11-01") for u, (d, text) in decisions.items()]
    return pd.DataFrame(rows, columns=["text_hash", "decision", "edited_text", "by", "date"]).astype("str")


UNITS_SURVEY = survey_of("units", [{"id": "fritext", "kind": "free_text"}])


def test_a_text_passes_only_when_a_person_has_approved_it(texts: pd.DataFrame) -> None:
    approvals = approvals_of(u0=("approve", ""), u1=("edit", "Ett kortat svar."), u2=("refuse", ""))
    states = quote_states(texts, approvals)
    assert states["state"].tolist() == ["approved", "edited", "refused", "waiting", "waiting"]
    assert states["quote"].tolist() == ["Ett svar.", "Ett kortat svar.", "", "", ""]
    out = release_quotes(states, UNITS_SURVEY)
    assert out["quotes"].frame["quote"].tolist() == ["Ett svar.", "Ett kortat svar."]
    assert out["quotes"].frame["state"].tolist() == ["approved", "edited"]
    everything = " ".join(str(t.frame.to_dict()) for t in out.values())
    for hidden in (NOBODY, WRITTEN["u1"], WRITTEN["u2"], WRITTEN["u3"]):
        assert hidden not in everything
    assert out["quotes"].rule == "free text: approved by a person"


def test_texts_are_counted_by_state_whoever_wrote_them(texts: pd.DataFrame) -> None:
    texts.loc[4, "unit_id"] = None
    states = quote_states(texts, approvals_of(u0=("approve", "")))
    tally = release_quotes(states, UNITS_SURVEY)["quote_states"].frame.set_index("unit_id")
    assert tally.loc["u0", ["approved", "edited", "refused", "waiting"]].tolist() == [1, 0, 0, 0]
    assert tally.loc["", "waiting"] == 1
    assert tally[["approved", "edited", "refused", "waiting"]].to_numpy().sum() == len(texts)


def test_how_few_people_wrote_is_not_told(texts: pd.DataFrame) -> None:
    survey = survey_of("people", [{"id": "fritext", "kind": "free_text"}])
    few = quote_states(texts.head(4), approvals_of())
    assert release_quotes(few, survey)["quote_states"].frame.empty
    many = pd.concat([texts.assign(unit_id=None)] * 2)
    tally = release_quotes(quote_states(many, approvals_of()), survey)["quote_states"].frame
    assert tally["waiting"].tolist() == [10]


def test_no_approvals_is_nothing_published(texts: pd.DataFrame) -> None:
    states = quote_states(texts, approvals_of())
    assert set(states["state"]) == {"waiting"}
    assert release_quotes(states, UNITS_SURVEY)["quotes"].frame.empty


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(list(WRITTEN)), st.sampled_from(["approve", "edit", "refuse"])))
def test_whatever_people_decide_nothing_else_passes(decided: dict[str, str]) -> None:
    survey = survey_of("units", [{"id": "fritext", "kind": "free_text"}])
    said = pd.DataFrame({
        "submission_id": [short_id(u) for u in WRITTEN], "unit_id": list(WRITTEN), "fritext": list(WRITTEN.values()),
    }).astype("str")  # fmt: skip
    approvals = approvals_of(**{u: (d, f"Kort {u}." if d == "edit" else "") for u, d in decided.items()})
    out = release_quotes(quote_states(free_texts(said, survey), approvals), survey)
    allowed = {WRITTEN[u] for u, d in decided.items() if d == "approve"}
    allowed |= {f"Kort {u}." for u, d in decided.items() if d == "edit"}
    assert set(out["quotes"].frame["quote"]) == allowed


HEADER = "text_hash,decision,edited_text,by,date\n"
HASH = "abcdefabcdef"


def test_approvals_are_read_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "approvals.csv"
    path.write_text(f'{HEADER}{HASH},edit,"Kort, och ”bra”.",N. N.,2021-11-01\n', encoding="utf-8-sig")
    (entry,) = read_approvals(path, "approvals.csv").to_dict("records")
    assert entry == {
        "text_hash": HASH, "decision": "edit", "edited_text": "Kort, och ”bra”.", "by": "N. N.", "date": "2021-11-01",
    }  # fmt: skip
    assert read_approvals(tmp_path / "none.csv", "none.csv").empty


@pytest.mark.parametrize(
    ("row", "column", "what"),
    [
        (f"{HASH},yes,,N. N.,2021-11-01", "decision", "'yes' is no decision"),
        (f"{HASH},Approve,,N. N.,2021-11-01", "decision", "'Approve' is no decision"),
        (f"{HASH},edit,  ,N. N.,2021-11-01", "edited_text", "the edited text is empty"),
        (f"{HASH},approve,,,2021-11-01", "by", "is empty"),
        (f"{HASH},approve,,N. N.,", "date", "is empty"),
        (f"{HASH},approve,,N. N.,1/11 2021", "date", "'1/11 2021' is not a date"),
        (f"{HASH},approve,,N. N.,2021-02-30", "date", "'2021-02-30' is not a date"),
        ("1.2E+11,approve,,N. N.,2021-11-01", "text_hash", "'1.2E+11' is not the hash of a text"),
        (f"{HASH},edit,Ring 070-174 06 31.,N. N.,2021-11-01", "edited_text", "holds a telephone number"),
        (f"{HASH},edit,Skriv till a@example.org.,N. N.,2021-11-01", "edited_text", "holds an e-mail address"),
        (f"{HASH},edit,Han (060208-9831) slutade.,N. N.,2021-11-01", "edited_text", "holds a personal identity number"),
    ],
)  # fmt: skip
def test_a_wrong_approval_is_one_sentence(tmp_path: Path, row: str, column: str, what: str) -> None:
    path = tmp_path / "approvals.csv"
    path.write_text(f"{HEADER}{row}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_approvals(path, "approvals.csv")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.column) == ("approvals.csv", 2, column)
    assert what in problem.what
    assert problem.do


def test_a_text_cannot_be_both_approved_and_refused(tmp_path: Path) -> None:
    path = tmp_path / "approvals.csv"
    path.write_text(f"{HEADER}{HASH},approve,,A,2021-11-01\n{HASH},refuse,,B,2021-11-02\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"line 3, column 'text_hash': the text has an approval already"):
        read_approvals(path, "approvals.csv")


# --- numbers of people that units tell ------------------------------------------------------------------------


def own(out: Mapping[str, Released]) -> pd.DataFrame:
    return out["unit_answers"].frame.set_index("unit_id")


def totals(out: Mapping[str, Released]) -> pd.DataFrame:
    return out["numbers"].frame.set_index("group")


def test_large_numbers_and_zeros_are_shown_with_their_sums() -> None:
    survey = survey_of("units", [NUMBER])
    out = released(survey, units_answers(survey, [10, 0, 20, None, 30, 40, 50, 0, 60]))
    assert not own(out)["suppressed"].any()
    assert totals(out)["total"].to_dict() == {"alla": 210, "district": 100, "specialist": 110}
    assert (
        totals(out)[["median", "smallest", "largest"]].isna().all(axis=None)
    )  # each is one unit's own number


def test_a_small_number_and_what_would_reveal_it_are_left_out() -> None:
    survey = survey_of("units", [NUMBER])
    out = released(survey, units_answers(survey, [3, 12, 20, 30, 40, 50, 60, 70, 80]))
    hidden = own(out)["suppressed"]
    assert hidden["u0"]
    assert hidden.sum() == 3  # two others of its kind go with it, the smallest
    assert not hidden[["u3", "u4", "u5", "u6", "u7", "u8"]].any()
    assert own(out).loc[hidden, "number"].isna().all()
    assert totals(out)["total"].to_dict() == {"alla": 365, "district": 155, "specialist": 210}


def test_a_small_number_alone_in_its_kind_takes_all_sums_with_it() -> None:
    survey = survey_of("units", [NUMBER])
    out = released(survey, units_answers(survey, [10, 20, 30, 40, 50, 60, 3]))
    assert own(out)["suppressed"]["u6"]
    assert totals(out)["suppressed"].all()
    assert totals(out)[["answers", "total"]].isna().all(axis=None)


def test_a_small_sum_of_a_kind_is_left_out_with_the_others() -> None:
    survey = survey_of("units", [NUMBER])
    out = released(survey, units_answers(survey, [10, 20, 30, 40, 50, 60, 2, 1, 1]))
    assert own(out)["suppressed"][["u6", "u7", "u8"]].all()
    assert totals(out).loc["specialist", "suppressed"]
    assert totals(out)["total"].isna().sum() >= 2  # else it is all minus the other kind


@settings(max_examples=50, deadline=None)
@given(st.lists(st.none() | st.integers(0, 12), min_size=9, max_size=9))
def test_no_small_number_can_be_worked_out(numbers: list[int | None]) -> None:
    """A reader who knows every number and sum that is shown cannot find a hidden one by subtraction."""
    survey = survey_of("units", [NUMBER])
    out = released(survey, units_answers(survey, numbers))
    shown, sums = own(out), totals(out)
    assert not shown["number"].between(1, 4).any()
    assert not sums["total"].between(1, 4).any()
    of_kind = {k: [u for u in shown.index if KINDS[u] == k] for k in ("district", "specialist")}
    for kind, units in of_kind.items():
        hidden = [u for u in units if shown.loc[u, "suppressed"]]
        rest = sums.loc[kind, "total"]
        if not pd.isna(rest) and hidden:
            left = float(rest) - float(shown.loc[units, "number"].sum())
            assert len(hidden) > 2  # else one of two could tell the other's
            assert left >= 5
    missing = [kind for kind in of_kind if pd.isna(sums.loc[kind, "total"]) and sums.loc[kind, "suppressed"]]
    if len(missing) == 1:
        assert sums.loc["alla", "suppressed"]


def test_a_part_of_a_person_is_a_small_number_too() -> None:
    survey = survey_of("units", [NUMBER])
    out = released(survey, units_answers(survey, [0.4, 12, 20, 30, 40, 50]))
    assert own(out)["suppressed"]["u0"]


def test_numbers_about_organisations_are_shown_whole() -> None:
    survey = survey_of("units", [{**NUMBER, "about": "organisations"}])
    out = released(survey, units_answers(survey, [1, 2, 3, 4.5, 0.25, None]))
    assert not own(out)["suppressed"].any()
    assert totals(out).loc["alla", ["answers", "total", "median", "smallest", "largest"]].tolist() == [
        5, 10.75, 2, 0.25, 4.5,
    ]  # fmt: skip


def test_a_closed_question_about_people_is_not_shown_unit_by_unit() -> None:
    questions = [{"id": "alder", "kind": "single", "about": "people", "options": YES_NO},
                 {"id": "plan", "kind": "single", "options": YES_NO}]  # fmt: skip
    survey = survey_of("units", questions)
    answers = pd.DataFrame({
        "submission_id": [short_id(u) for u in KINDS], "unit_id": list(KINDS),
        "alder": closed(["ja"] * 8 + ["nej"], survey.question("alder")),
        "plan": closed(["ja"] * 8 + ["nej"], survey.question("plan")),
    }).astype({"submission_id": "str", "unit_id": "str"})  # fmt: skip
    out = released(survey, answers)
    assert set(out["unit_answers"].frame["question"]) == {"plan"}
    counts = out["counts"].frame.set_index(["question", "value", "group"])
    assert counts.loc[("plan", "nej", "alla"), "n"] == 1
    assert counts.loc[("alder", "nej", "alla"), "suppressed"]


# --- answers of people ----------------------------------------------------------------------------------------


PEOPLE_QUESTIONS = [
    {
        "id": "nojd",
        "kind": "single",
        "options": [*YES_NO, {"id": "vet", "label": "Vet ej", "means": "dont_know"}],
    },
    {
        "id": "val",
        "kind": "multiple",
        "options": [
            {"id": "ej", "label": "Ej aktuellt", "means": "not_relevant"},
            {"id": "a", "label": "A"},
            {"id": "b", "label": "B"},
        ],
    },
    {"id": "antal", "kind": "number"},
    {"id": "fritext", "kind": "free_text"},
]


def people(n: int, *, small: int) -> tuple[Survey, pd.DataFrame]:
    """Return answers of `n` persons, of whom `small` left the questions open."""
    survey = survey_of("people", PEOPLE_QUESTIONS)
    rest = n - small
    status = pd.Categorical(
        ["answered"] * rest + ["_not_answered"] * small, categories=["answered", *MISSING_KINDS]
    )
    choice = ["chosen"] * (rest // 2) + ["not_chosen"] * (rest - rest // 2) + ["_not_answered"] * small
    answers = pd.DataFrame({
        "submission_id": [short_id(i) for i in range(n)], "unit_id": [None] * n,
        "nojd": closed(["ja"] * (rest - 2) + ["nej"] * 2 + ["_not_answered"] * small, survey.question("nojd")),
        "val[a]": closed(choice, survey.question("val")), "val[b]": closed(choice, survey.question("val")),
        "antal": pd.array([*range(rest), *[pd.NA] * small], dtype="Float64"), "antal#status": status,
        "fritext": [f"Svar {i}" for i in range(rest)] + [None] * small, "fritext#status": status,
    }).astype({"submission_id": "str", "unit_id": "str", "fritext": "str"})  # fmt: skip
    return survey, answers


def test_nothing_is_shown_person_by_person() -> None:
    survey, answers = people(40, small=0)
    out = released(survey, answers, pd.DataFrame({"unit_id": ["x"], "name": ["Y"]}).astype("str"))
    assert "unit_answers" not in out
    assert out["response"].frame.empty
    assert list(out["response"].frame.columns) == ["unit_id", "name"]


def test_small_counts_of_people_are_left_out_and_cannot_be_worked_out() -> None:
    survey, answers = people(40, small=2)
    counts = released(survey, answers)["counts"].frame
    small = counts["n"].between(1, 4)
    assert not small.any()
    key = (counts["question"] == "nojd") & (counts["value"] == "nej")
    assert counts.loc[key, "suppressed"].all()
    assert counts.loc[key, ["n", "percent"]].isna().all(axis=None)
    assert recoverable(counts, smallest=survey.rules.smallest_count).empty


def test_numbers_of_people_are_summed_without_the_extremes() -> None:
    survey, answers = people(40, small=0)
    numbers = totals(released(survey, answers)).loc["alla"]
    assert (numbers["answers"], numbers["total"], numbers["median"]) == (40, 780, 19.5)
    assert pd.isna(numbers["smallest"])
    assert pd.isna(numbers["largest"])
    survey, few = people(6, small=2)
    numbers = totals(released(survey, few)).loc["alla"]
    assert numbers["suppressed"]
    assert pd.isna(numbers[["answers", "total", "median", "smallest", "largest"]]).all()


def test_item_nonresponse_of_people_shows_what_the_counts_show() -> None:
    survey, answers = people(40, small=2)
    out = released(survey, answers)
    frame = out["item_nonresponse"].frame.set_index("question")
    assert set(frame.index) == {"nojd", "val"}  # numbers and texts have no counts that protect them
    assert pd.isna(frame.loc["nojd", "_not_answered"])
    assert pd.isna(frame.loc["nojd", "answered"])
    survey, answers = people(40, small=10)
    frame = released(survey, answers)["item_nonresponse"].frame.set_index("question")
    assert frame.loc["val", ["submissions", "answered", "_not_answered"]].tolist() == [40, 30, 10]


def test_item_nonresponse_of_units_is_shown() -> None:
    survey = survey_of("units", [NUMBER])
    nonresponse = item_nonresponse(units_answers(survey, [1, None, None]), survey)
    out = release_item_nonresponse(nonresponse, pd.DataFrame(), survey)
    assert out.frame[["answered", "_not_answered"]].to_numpy().tolist() == [[1, 2]]


# --- what appendices know of the survey ------------------------------------------------------------------------


def test_the_public_survey_tells_nothing_of_files_and_rules_of_intake() -> None:
    survey = survey_of("people", PEOPLE_QUESTIONS)
    public = public_survey(survey, date="2021-10-02")
    text = json.dumps(public, ensure_ascii=False)
    assert "hemlig-fil" not in text
    assert "Namn" not in text
    assert public["date"] == "2021-10-02"
    assert public["smallest_count"] == 5
    assert [q["id"] for q in public["questions"]] == ["nojd", "val", "antal", "fritext"]
    assert all(q["counts_people"] for q in public["questions"])
    assert json.loads(text) == public
    assert dt.date.fromisoformat(public["source"]["exported"]) == dt.date(2021, 10, 2)


# --- the folder of results --------------------------------------------------------------------------------------


COUNTS = pd.DataFrame({
    **{c: pd.Series(["a", "b"], dtype="str") for c in ("section", "question", "question_text", "item", "item_text")},
    "value": pd.Series(["ja", "nej"], dtype="str"), "label": pd.Series(["Ja", "=1+1"], dtype="str"),
    "group": pd.Series(["alla", "alla"], dtype="str"), "n": pd.array([7, pd.NA], dtype="Int64"),
    "base": pd.array([7, pd.NA], dtype="Int64"), "percent": pd.array([100.0, pd.NA], dtype="Float64"),
    "suppressed": [False, True],
})  # fmt: skip
TEXT = pd.DataFrame({"text_hash": [HASH], "quote": ['”Ja”, sa hon; "nej"\noch NA'], "empty": [""]}).astype(
    "str"
)


def test_what_is_written_is_read_back_equal(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    survey = {"title": "Enkät åäö", "missing": ["x"]}
    tables = {
        "counts": Released(COUNTS, "Antal", "organisations: shown"),
        "quotes": Released(TEXT, "Citat", TALLY),
    }
    write_results(folder, survey, tables)
    read = read_results(folder, "results")
    assert read.survey == survey
    assert set(read.tables) == {"counts", "quotes"}
    pd.testing.assert_frame_equal(read.tables["counts"], COUNTS)
    pd.testing.assert_frame_equal(read.tables["quotes"], TEXT)
    assert read.catalogue["counts"] == {
        "caption": "Antal", "rule": "organisations: shown", "rows": 2, "suppressed": 1,
        "columns": {c: str(t) for c, t in COUNTS.dtypes.items()},
    }  # fmt: skip
    assert read.catalogue["quotes"]["suppressed"] == 0


def test_a_new_folder_takes_the_place_of_the_old_whole(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    write_results(folder, {"v": 1}, {"old": Released(TEXT, "x", TALLY)})
    write_results(folder, {"v": 2}, {"new": Released(TEXT, "x", TALLY)})
    assert {p.name for p in folder.iterdir()} == {"survey.json", "catalogue.json", "new.csv"}
    assert {p.name for p in tmp_path.iterdir()} == {"results"}
    wrong = {"more": Released(TEXT, "x", TALLY), "counts": Released(COUNTS.drop(columns="label"), "x", "y")}
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    with pytest.raises(ContractError):
        write_results(folder, {"v": 3}, wrong)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert {p.name for p in tmp_path.iterdir()} == {"results"}


def test_a_suppressed_count_cannot_be_written_with_its_number(tmp_path: Path) -> None:
    shown = COUNTS.assign(n=pd.array([7, 3], dtype="Int64"))
    with pytest.raises(ContractError, match="a suppressed count is shown"):
        write_results(tmp_path / "results", {}, {"counts": Released(shown, "x", "y")})


def test_the_catalogue_labels_every_table(tmp_path: Path) -> None:
    survey, answers = people(40, small=2)
    tables = released(survey, answers)
    tables["response"] = Released(_no_response(), "Svar", "organisations: shown")
    folder = tmp_path / "results"
    write_results(folder, {}, tables)
    nothing = pd.DataFrame({"year": [2021]})
    add_results(folder, release_comparison(nothing, {2020: nothing}, nothing, nothing))
    catalogue = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
    of_years = json.loads((folder / "catalogue_years.json").read_text(encoding="utf-8"))
    assert not set(catalogue) & set(of_years)
    catalogue |= of_years
    assert {path.stem for path in folder.glob("*.csv")} == set(catalogue)
    assert {"comparison", "crosswalk", "geography", "unit_history"} <= set(catalogue)
    for label in catalogue.values():
        assert label["caption"]
        assert label["rule"].split(":")[0] in ("organisations", "free text", "tally", "description")
    assert catalogue["crosswalk"]["rule"] == DESCRIBES
    assert catalogue["counts"]["suppressed"] > 0


def _no_response() -> pd.DataFrame:
    columns = {c: pd.Series(dtype="str") for c in ("unit_id", "name", "kind")}
    more = {"invited": pd.Series(dtype="bool"), "status": pd.Series(dtype="str")}
    return pd.DataFrame(
        {**columns, **more, **{c: pd.Series(dtype="int64") for c in ("answered_items", "asked_items")}}
    )


def test_no_results_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"outputs/2021/results: there are no released results\. Run 3_analyse"
    ):
        read_results(tmp_path, "outputs/2021/results")


def test_an_edited_text_that_seems_to_name_a_person_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "approvals.csv"
    row = "0123456789ab,edit,Vi träffade Annika Berghult i våras.,N. N.,2021-10-01\n"
    path.write_text("text_hash,decision,edited_text,by,date\n" + row, encoding="utf-8")
    with pytest.raises(InputError, match=r"row|line 2.*seems to hold a name: 'Annika Berghult'"):
        read_approvals(path, "approvals.csv")
    assert len(read_approvals(path, "approvals.csv", not_names=["Annika Berghult"])) == 1
