"""The gate: what may leave the sensitive side, and the folder of released results.

Answers of organisations are shown; counts of people pass the small-number rule; free text passes only when a
person has approved it. Every released table is labelled in a catalogue with its rule. An appendix reads
this folder and nothing else.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.intake.contracts import CODEBOOK, RELEASED_COUNTS, RESPONSE, check, write_json, write_table
from analysis.intake.review import read_people_csv
from analysis.privacy.disclosure import TOTAL, suppress
from analysis.privacy.personal_data import find
from analysis.problems import InputError, Problem
from analysis.survey.instrument import MISSING_KINDS, Survey

_NAMED = {
    "personnummer": "a personal identity number",
    "phone": "a telephone number",
    "email": "an e-mail address",
    "name": "a name",
}

APPROVAL_COLUMNS = ("text_hash", "decision", "edited_text", "by", "date")
FEWEST_HIDDEN = 3
"""So many units' numbers of people are left out together: of two, each could tell the other's from the sum."""

QUOTE_STATES = ("approved", "edited", "refused", "waiting")
"""What a person has said of a text as a quote; `waiting`: nothing yet."""

TALLY = "tally: counts of cells and texts, no answers"
DESCRIBES = "description: describes the survey, no answers"
"""Rules of tables that hold no answers."""

_SCHEMAS = {"codebook": CODEBOOK, "counts": RELEASED_COUNTS, "response": RESPONSE}


@dataclass(frozen=True)
class Released:
    """A table that has passed the gate.

    Attributes
    ----------
    frame : DataFrame
        What may be published.
    caption : str
        What it shows, in Swedish.
    rule : str
        The rule it passed.
    """

    frame: pd.DataFrame
    caption: str
    rule: str


@dataclass(frozen=True)
class Results:
    """The released results of a year, as an appendix may read them.

    Attributes
    ----------
    survey : dict
        The public part of the survey: titles, sections, questions, options.
    tables : dict of str to DataFrame
        The released tables by name.
    catalogue : dict
        Caption, rule and number of suppressed cells of each table.
    """

    survey: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    catalogue: dict[str, Any]


# --- the rules -----------------------------------------------------------------------------------------------


def release_counts(counts: pd.DataFrame, survey: Survey) -> Released:
    """Return counts of answers with small numbers of people suppressed, so that none can be recovered."""
    protected = {q.id for q in survey.questions if survey.counts_people(q)}
    frame = suppress(counts, smallest=survey.rules.smallest_count, protected=protected)
    frame = check(frame[list(RELEASED_COUNTS.columns)], RELEASED_COUNTS, "counts")
    return Released(
        frame, "Antal och andel svar per fråga, svarsalternativ och förvaltningstyp", release_rule(survey)
    )


def release_rule(survey: Survey) -> str:
    """Return the rule that tables of answers pass: which numbers of people are left out."""
    smallest = survey.rules.smallest_count
    return f"organisations: shown; people: counts below {smallest} and what would reveal them left out"


def release_unit_answers(unit_answers: pd.DataFrame, survey: Survey, kinds: Mapping[str, str]) -> Released:
    """Return the units' own answers; numbers of people pass the small-number rule within their kind.

    A closed question about people is not shown unit by unit.
    """
    people = {q.id: q for q in survey.questions if survey.counts_people(q)}
    closed = [i for i, q in people.items() if q.is_closed]
    frame = unit_answers[~unit_answers["question"].isin(closed)].assign(suppressed=False)
    counted = frame[frame["question"].isin(set(people)) & frame["number"].notna()]
    hidden = _hidden_numbers(counted, survey, kinds)
    frame.loc[hidden, "suppressed"] = True
    frame.loc[hidden, "number"] = pd.NA
    return Released(frame, "Förvaltningarnas egna svar", release_rule(survey))


def _hidden_numbers(counted: pd.DataFrame, survey: Survey, kinds: Mapping[str, str]) -> pd.Index:
    """Return the rows whose number of people must not be shown: the units of a kind add up to its total.

    Where any is hidden, so are at least `FEWEST_HIDDEN`, the smallest first, as far as there are so many.
    """
    table = pd.DataFrame(
        {
            "section": counted["section"],
            "question": counted["question"],
            "question_text": "",
            "item": counted["item"],
            "item_text": "",
            "value": counted["unit_id"],
            "label": counted["unit_id"],
            "group": counted["unit_id"].map(dict(kinds)),
            # The rule is for whole persons; a part counts as one.
            "n": np.ceil(counted["number"].astype("float64")).astype("Int64"),
        }
    )
    table["base"] = table.groupby(["question", "item", "group"])["n"].transform("sum")
    table["percent"] = pd.array([pd.NA] * len(table), dtype="Float64")
    shown = suppress(table, smallest=survey.rules.smallest_count, protected=set(counted["question"]))
    hidden = shown["suppressed"].copy()
    for _, group in table.groupby(["question", "item", "group"]):
        n = int(hidden[group.index].sum())
        if 0 < n < FEWEST_HIDDEN:  # each unit knows its own number: from two it could tell the other's
            others = group.loc[~hidden[group.index] & (group["n"] > 0), "n"].sort_values(kind="stable")
            hidden[others.index[: FEWEST_HIDDEN - n]] = True
    return hidden.index[hidden]


def release_numbers(
    numbers: pd.DataFrame, unit_answers: Released, survey: Survey, kinds: Mapping[str, str]
) -> Released:
    """Return the summaries of number questions.

    Where people answered, a group with fewer answers than the threshold is left out, and the smallest and the
    largest number always are: they are one person's. Where units tell how many people there are, only the total
    is shown, and not for a kind whose total is small.
    """
    frame = numbers.assign(suppressed=False)
    smallest = survey.rules.smallest_count
    people = frame["question"].isin({q.id for q in survey.questions if survey.counts_people(q)})
    single = ["median", "smallest", "largest"]
    if survey.respondents == "people":
        frame.loc[people, ["smallest", "largest"]] = pd.NA
        few = people & (frame["answers"] < smallest) & (frame["answers"] > 0)
    else:
        frame.loc[people, single] = pd.NA
        hidden = unit_answers.frame[unit_answers.frame["suppressed"]]
        alone = (
            hidden.assign(group=hidden["unit_id"].map(dict(kinds)))
            .groupby(["question", "item", "group"])
            .size()
        )
        lone = {key for key, n in alone.items() if n < FEWEST_HIDDEN}
        total_small = ((frame["total"] > 0) & (frame["total"] < smallest)).fillna(False).astype("bool")
        keys = list(zip(frame["question"], frame["item"], frame["group"], strict=True))
        few = people & (total_small | pd.Series([k in lone for k in keys], index=frame.index))
        spoiled = {(q, i) for (q, i, _), bad in zip(keys, few, strict=True) if bad}
        few |= people & pd.Series([(q, i) in spoiled for q, i, _ in keys], index=frame.index)
    frame.loc[few, "suppressed"] = True
    frame.loc[few, ["answers", "total", *single]] = pd.NA
    return Released(frame, "Sammanfattning av frågor som besvaras med ett tal", release_rule(survey))


def read_approvals(path: Path, name: str, *, not_names: Collection[str] = ()) -> pd.DataFrame:
    """Read ``approvals.csv``; an absent file is no approvals.

    `not_names` are names of places and organisations, which an edited text may hold.

    Raises
    ------
    InputError
        With every problem: what is no hash, no date or no known decision, an edit without text, a text approved
        twice, or an edited text that still holds personal data.
    """
    if not path.exists():
        return pd.DataFrame({c: pd.Series(dtype="str") for c in APPROVAL_COLUMNS})

    def wrong(row: int, entry: Mapping[str, str]) -> Iterator[Problem]:
        if entry["text_hash"] and not re.fullmatch(r"[0-9a-f]{12}", entry["text_hash"]):
            what = f"{entry['text_hash']!r} is not the hash of a text"
            yield Problem(name, what, "Copy it anew, as text", row, "text_hash")
        if entry["decision"] not in ("", "approve", "edit", "refuse"):
            what = f"{entry['decision']!r} is no decision"
            yield Problem(name, what, "Use approve, edit or refuse", row, "decision")
        if entry["decision"] == "edit" and not entry["edited_text"]:
            what, do = "the edited text is empty", "Write it, or refuse the quote"
            yield Problem(name, what, do, row, "edited_text")
        for found in find(entry["edited_text"], not_names=not_names):
            holds = "holds" if found.certain else "seems to hold"
            what = f"the edited text {holds} {_NAMED[found.kind]}: {found.text!r}"
            yield Problem(name, what, "Take it out, or write it otherwise", row, "edited_text")

    required = ("text_hash", "decision", "by", "date")
    twice = "the text has an approval already"
    return read_people_csv(path, name, APPROVAL_COLUMNS, required=required, twice=twice, check=wrong)


def quote_states(texts: pd.DataFrame, approvals: pd.DataFrame) -> pd.DataFrame:
    """Return, for each free-text answer, what a person has said of it as a quote.

    Parameters
    ----------
    texts : DataFrame
        ``answer_id, unit_id, section, question, item, text, text_hash``; texts are masked.
    approvals : DataFrame
        As `read_approvals` returns.

    Returns
    -------
    DataFrame
        ``answer_id, unit_id, section, question, item, text_hash, state, quote``; the quote is empty unless
        approved or edited.
    """
    by_hash = approvals.set_index("text_hash")
    decision = texts["text_hash"].map(by_hash["decision"])
    state = decision.map({"approve": "approved", "edit": "edited", "refuse": "refused"}).fillna("waiting")
    edited = texts["text_hash"].map(by_hash["edited_text"])
    quote = texts["text"].where(state == "approved", edited.where(state == "edited", "")).fillna("")
    kept = texts[["answer_id", "unit_id", "section", "question", "item", "text_hash"]]
    return kept.assign(state=state.astype("str"), quote=quote.astype("str"))


def release_quotes(states: pd.DataFrame, survey: Survey) -> dict[str, Released]:
    """Return the approved quotes, and how many texts of each unit and question are in which state.

    No text that a person has not approved is in either. Where people answered, a question that fewer than
    `smallest_count` wrote about has no row in the second.
    """
    states = states.assign(unit_id=states["unit_id"].fillna(""))
    approved = states[states["state"].isin(["approved", "edited"])]
    quotes = approved[["text_hash", "unit_id", "section", "question", "item", "state", "quote"]].reset_index(
        drop=True
    )
    tally = (
        states.groupby(["section", "question", "unit_id", "state"], sort=True)
        .size()
        .unstack(fill_value=0)
        .reindex(columns=list(QUOTE_STATES), fill_value=0)
        .reset_index()
        .rename_axis(columns=None)
    )
    if survey.respondents == "people":
        written = tally[list(QUOTE_STATES)].sum(axis=1)
        tally = tally[written >= survey.rules.smallest_count].reset_index(drop=True)
    return {
        "quotes": Released(
            quotes, "Belysande exempel som en utredare har godkänt", "free text: approved by a person"
        ),
        "quote_states": Released(tally, "Fritextsvar per granskningsläge", release_rule(survey)),
    }


def public_survey(survey: Survey, *, date: str) -> dict[str, Any]:
    """Return the part of the survey that appendices show.

    Parameters
    ----------
    survey : Survey
        What was asked.
    date : str
        The date of the documents, ISO.
    """
    keep = {
        "title",
        "subtitle",
        "year",
        "language",
        "synthetic",
        "draft",
        "period",
        "responsible",
        "respondents",
        "sections",
        "theme",
    }
    data = survey.model_dump(mode="json", include=keep)
    questions = [
        {
            **q.model_dump(
                mode="json",
                include={
                    *(
                        "id",
                        "text",
                        "kind",
                        "section",
                        "about",
                        "aspect",
                        "perspective",
                        "polarity",
                        "clause",
                    ),
                    "measured_in",
                },
            ),
            "counts_people": survey.counts_people(q),
            "labels": q.labels(),
            "options": [o.value for o in q.options],
            "items": {i.id: i.text for i in q.items},
        }
        for q in survey.questions
        if q.kind != "unit"
    ]
    source = survey.source.model_dump(mode="json", include={"dialect", "exported"})
    return {
        **data,
        "date": date,
        "smallest_count": survey.rules.smallest_count,
        "complete_share": survey.rules.complete_share,
        "source": source,
        "questions": questions,
    }


def release_answers(
    counts: pd.DataFrame,
    numbers: pd.DataFrame,
    response: pd.DataFrame,
    nonresponse: pd.DataFrame,
    unit_answers: pd.DataFrame,
    survey: Survey,
    kinds: Mapping[str, str],
) -> dict[str, Released]:
    """Let the tables that hold answers through the gate.

    Parameters
    ----------
    counts, numbers, response, nonresponse, unit_answers
        As `measures` makes them.
    survey, kinds
        What was asked, and the kind of each unit.
    """
    released = {"counts": release_counts(counts, survey)}
    own = release_unit_answers(unit_answers, survey, kinds)
    released["numbers"] = release_numbers(numbers, own, survey, kinds)
    released["item_nonresponse"] = release_item_nonresponse(nonresponse, released["counts"].frame, survey)
    if survey.respondents == "units":
        released["unit_answers"] = own
        released["response"] = Released(
            response, "Tillfrågade förvaltningar och deras svar", release_rule(survey)
        )
    else:
        none = response.head(0)
        released["response"] = Released(none, "Personer redovisas inte en och en", release_rule(survey))
    return released


def release_item_nonresponse(nonresponse: pd.DataFrame, counts: pd.DataFrame, survey: Survey) -> Released:
    """Return item nonresponse; of people only what the released counts show of closed questions."""
    caption = "Partiellt bortfall per fråga"
    if survey.respondents == "units":
        return Released(nonresponse, caption, release_rule(survey))
    everyone = counts[counts["group"] == TOTAL]
    n = {
        (q, i, v): k
        for q, i, v, k in everyone[["question", "item_text", "value", "n"]].itertuples(index=False)
    }
    multiple = {
        q.id: next(o.label for o in q.options if not o.means)
        for q in survey.questions
        if q.kind == "multiple"
    }
    known = nonresponse[nonresponse["question"].isin(everyone["question"])].copy()
    for kind in MISSING_KINDS:
        keys = zip(known["question"], known["item_text"], strict=True)
        shown = [n.get((q, multiple.get(q, i), kind), 0) for q, i in keys]
        known[kind] = pd.array(shown, dtype="Int64")
    known["answered"] = known["submissions"] - known[list(MISSING_KINDS)].sum(axis=1, skipna=False)
    return Released(known, caption, release_rule(survey))


def release_codebook(codebook: pd.DataFrame, survey: Survey) -> Released:
    """Label the codebook: it is made of released tables, and its numbers of changes have passed the rule for people."""
    frame = check(codebook, CODEBOOK, "codebook")
    return Released(frame, "Kodbok: frågor, svarsalternativ, antal och ändringar", release_rule(survey))


def release_comparison(
    comparison: pd.DataFrame, walks: Mapping[int, pd.DataFrame], units: pd.DataFrame, history: pd.DataFrame
) -> dict[str, Released]:
    """Label the comparison over years: it is made of released results only, so nothing new can be worked out."""
    walk = pd.concat(list(walks.values()), ignore_index=True)
    rule = "organisations: shown; people: made of each year's released results only"
    return {
        "comparison": Released(comparison, "Svar på samma fråga olika år", rule),
        "crosswalk": Released(walk, "Frågorna över åren", DESCRIBES),
        "geography": Released(units, "Förvaltningar över åren", DESCRIBES),
        "unit_history": Released(history, "Förvaltningarnas egna svar tidigare år", rule),
    }


# --- the folder of results -----------------------------------------------------------------------------------


def write_results(folder: Path, survey: dict[str, Any], tables: Mapping[str, Released]) -> None:
    """Write released results as a new folder; the old one gives way whole."""
    beside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        write_json(survey, beside / "survey.json")
        add_results(beside, tables, CATALOGUE)
        if folder.exists():
            shutil.rmtree(folder)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


CATALOGUE, CATALOGUE_OF_YEARS = "catalogue.json", "catalogue_years.json"
"""The labels of a year's own tables, and of those that compare it with earlier years."""


def add_results(folder: Path, tables: Mapping[str, Released], catalogue: str = CATALOGUE_OF_YEARS) -> None:
    """Add released tables to a folder of results, with a catalogue of their labels."""
    labels = {}
    for name, released in tables.items():
        write_table(released.frame, folder / f"{name}.csv", _SCHEMAS.get(name))
        hidden = int(released.frame["suppressed"].sum()) if "suppressed" in released.frame else 0
        labels[name] = {
            "caption": released.caption,
            "rule": released.rule,
            "rows": len(released.frame),
            "suppressed": hidden,
            "columns": {c: str(t) for c, t in released.frame.dtypes.items()},
        }
    write_json(labels, folder / catalogue)


def read_results(folder: Path, name: str) -> Results:
    """Read the released results of a year.

    Raises
    ------
    InputError
        If there are none.
    """
    try:
        survey = json.loads((folder / "survey.json").read_text(encoding="utf-8"))
        catalogue = json.loads((folder / CATALOGUE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError.one(
            name, "there are no released results", "Run 3_analyse for the year first"
        ) from None
    of_years = folder / CATALOGUE_OF_YEARS
    if of_years.is_file():
        catalogue |= json.loads(of_years.read_text(encoding="utf-8"))
    tables = {}
    for table, label in catalogue.items():
        types = label["columns"]
        frame = pd.read_csv(
            folder / f"{table}.csv",
            dtype=types,
            keep_default_na=False,
            na_values={c: [""] for c, t in types.items() if t != "str"},
        )
        tables[table] = frame
    return Results(survey, tables, catalogue)
