"""The codebook: every question with its options, how many gave which answer, and how many answers were changed.

It is made of released tables, so that it tells nothing that they do not tell already, and of the ledger's numbers of
changes, which pass the rule for small numbers where a question is about people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.intake.answers import ANSWERED
from analysis.intake.cells import one_line
from analysis.intake.datafiles import option_codes, variable_names
from analysis.intake.ledger import FATES, KEPT
from analysis.measures.counts import ALL, item_texts
from analysis.privacy.disclosure import suppress
from analysis.survey.instrument import CHOSEN, MISSING_KINDS, Question, Survey, fold

CODEBOOK_COLUMNS = (
    "section", "question", "question_text", "kind", "item", "item_text", "variable", "value", "code", "label",
    "n", "suppressed", "smallest", "largest", "changes",
)  # fmt: skip

GIVEN = "Besvarad"
"""The label of an answer that is a number, a date or a text."""

_TYPES = {
    **dict.fromkeys(CODEBOOK_COLUMNS, "str"),
    **dict.fromkeys(("code", "n", "changes"), "Int64"),
    **dict.fromkeys(("smallest", "largest"), "Float64"),
    "suppressed": "bool",
}


def describe_questions(
    survey: Survey, released: Mapping[str, pd.DataFrame], ledger: pd.DataFrame
) -> pd.DataFrame:
    """Return the codebook.

    Parameters
    ----------
    survey : Survey
        What was asked.
    released : mapping of str to DataFrame
        The released tables ``counts``, ``numbers`` and ``item_nonresponse``; never the raw ones.
    ledger : DataFrame
        What became of the export's cells.

    Returns
    -------
    DataFrame
        `CODEBOOK_COLUMNS`, one row for each question, item and value or missing kind, in the order of the survey.
        ``variable`` and ``code`` (of closed questions) are those of ``answers.sav``. An option of a multiple-choice
        question is an item (``chosen`` or ``not_chosen``); the missing kinds of the whole question stand once,
        without an item. A number, a date or a text has the value ``answered``, a number with the ``smallest`` and
        ``largest`` where they are released; where people answer, its missing kinds are not released, and have no
        rows. ``n`` is empty where ``suppressed``. ``changes`` is the number of changes of the question's cells, in
        a grid of the item's: the same in all its rows, and empty where it must not be shown.
    """
    names = variable_names(survey)
    changes = release_changes(count_changes(ledger, survey), survey)
    parts = []
    for question in survey.questions:
        if question.kind != "unit":
            rows = (_closed if question.is_closed else _open)(question, released)
            about = {
                "section": question.section,
                "question": question.id,
                "question_text": question.text,
                "kind": question.kind,
            }
            for row in rows:
                column = row["column"]
                part = column if question.items else question.id
                parts.append(about | row | {"variable": names.get(column, ""), "changes": changes[part]})
    frame = pd.DataFrame(parts).reindex(columns=list(CODEBOOK_COLUMNS))
    return frame.assign(suppressed=frame["n"].isna()).astype(_TYPES)


def _closed(question: Question, released: Mapping[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    """Yield what is particular to each row of a closed question."""
    counts = released["counts"]
    own = counts[(counts["question"] == question.id) & (counts["group"] == ALL)]
    counted = {(row.item, row.value): row.n for row in own.itertuples(index=False)}
    codes, labels = option_codes(question), question.labels()

    def row(item: str, text: str, column: str, value: str, n: object) -> dict[str, Any]:
        named = {"item": item, "item_text": text, "column": column}
        return named | {"value": value, "code": codes[value], "label": labels[value], "n": n}

    for column, (item, text) in item_texts(question).items():
        for value in CHOSEN if question.kind == "multiple" else labels:
            yield row(item, text, column, value, counted[item, value])
    if question.kind == "multiple":
        nonresponse = released["item_nonresponse"].set_index("question")
        for kind in MISSING_KINDS:
            yield row("", "", "", kind, nonresponse.loc[question.id, kind])


def _open(question: Question, released: Mapping[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    """Yield what is particular to each row of a number, a date or free text, as far as released tables tell it."""
    nonresponse, numbers = released["item_nonresponse"], released["numbers"]
    for column, (item, text) in item_texts(question).items():
        row: dict[str, Any] = {"item": item, "item_text": text, "column": column}
        row |= {"value": ANSWERED, "label": GIVEN, "n": pd.NA}
        if question.kind == "number":
            own = numbers[(numbers["question"] == question.id) & (numbers["item"] == item)]
            (summary,) = own[own["group"] == ALL].to_dict("records")
            row |= {"n": summary["answers"], "smallest": summary["smallest"], "largest": summary["largest"]}
        told = nonresponse[(nonresponse["question"] == question.id) & (nonresponse["item_text"] == text)]
        missing = told.to_dict("records")[:1]
        for known in missing:
            row["n"] = known["answered"]
        yield row
        for known in missing:
            for kind, label in MISSING_KINDS.items():
                yield row | {
                    "value": kind,
                    "label": label,
                    "n": known[kind],
                    "smallest": pd.NA,
                    "largest": pd.NA,
                }


# --- changes -----------------------------------------------------------------------------------------------------


def _asked(question: Question) -> dict[str, tuple[str, ...]]:
    """Return the export's headers of each part of a question: of each row of a grid, else of the whole question."""
    if question.items:
        return {c: (h,) for c, h in zip(question.columns(), question.headers(), strict=True)}
    return {question.id: question.headers()}


def count_changes(ledger: pd.DataFrame, survey: Survey) -> pd.Series:
    """Return how many changes of kept cells the ledger tells of.

    Returns
    -------
    Series of Int64
        By question, and by ``question[item]`` of a grid; those without changes too. A cell whose text was masked in
        two places was changed twice.
    """
    parts = [(part, h) for q in survey.questions for part, headers in _asked(q).items() for h in headers]
    exact = {one_line(header): part for part, header in parts}
    folded = {fold(header): part for part, header in parts}
    found = dict.fromkeys((part for part, _ in parts), 0)
    for header, n in ledger.loc[ledger["fate"] == FATES[KEPT], "column"].value_counts().items():
        part = exact.get(header) or folded.get(fold(header))
        if part is not None:
            found[part] += int(n)
    return pd.Series(found, dtype="Int64")


def release_changes(changes: pd.Series, survey: Survey) -> pd.Series:
    """Return numbers of changes; where people answer, those of questions about people by the rule for small numbers.

    Where units answer, a change is one of a unit's answers and tells nothing of a person. Else the released ledger
    tells how many changes there are in all, so the numbers are parts of a known sum: a small one is left out together
    with another, as `privacy.disclosure.suppress` does it.

    Parameters
    ----------
    changes : Series of Int64
        As `count_changes` returns.
    survey : Survey
        Tells which questions are about people, and which number is small.
    """
    if survey.respondents == "units":
        return changes
    people = [part for q in survey.questions if survey.counts_people(q) for part in _asked(q)]
    parts = pd.DataFrame({"question": "changes", "item": "", "value": people, "group": ALL})
    parts["n"] = changes[people].to_numpy(dtype="int64")
    parts = parts.assign(base=parts["n"].sum(), percent=float("nan"))
    shown = suppress(parts, smallest=survey.rules.smallest_count, protected=["changes"])
    return pd.concat([changes.drop(people), shown.set_index("value")["n"]]).reindex(changes.index)
