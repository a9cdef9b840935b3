"""The tables of a year, gathered from the sensitive side and labelled for the gate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.intake.contracts import (
    LEDGER,
    REVIEW,
    SUBMISSIONS,
    SUGGESTIONS,
    TEXTS,
    answers_schema,
    empty_table,
    read_table,
)
from analysis.measures.codebook import describe_questions
from analysis.measures.response import response_by_section, response_by_unit
from analysis.measures.themes import CodingFrame, count_themes
from analysis.measures.years import crosswalk
from analysis.pipeline.inputs import Inputs, document_date
from analysis.pipeline.stage import digest
from analysis.privacy.release import (
    DESCRIBES,
    TALLY,
    Released,
    Results,
    public_survey,
    quote_states,
    read_results,
    release_codebook,
    release_quotes,
    release_rule,
)
from analysis.project import Project
from analysis.report import swedish
from analysis.survey.instrument import Survey

PROGRAMS = (
    "analysis", "matplotlib", "numpy", "pandas", "pyarrow", "python-calamine", "rapidfuzz", "simplemma", "typst",
)  # fmt: skip
"""Packages whose version can change a result or how it is shown."""


@dataclass(frozen=True)
class Processed:
    """What 1_clean and 2_code left on the sensitive side for a year.

    The answers are those of units, without free text. Of people there are no rows: there may be millions, and they are
    only counted, in the file (`measures.counts.count_file`).
    """

    submissions: pd.DataFrame
    answers: pd.DataFrame
    ledger: pd.DataFrame
    review: pd.DataFrame
    accounting: dict[str, int]
    texts: pd.DataFrame
    suggestions: pd.DataFrame


def read_processed(project: Project, survey: Survey) -> Processed:
    """Read what 1_clean and 2_code wrote, each table checked against its contract."""
    folder = project.processed(survey.year)
    return Processed(
        read_table(folder / "submissions.parquet", SUBMISSIONS),
        _read_unit_answers(folder / "answers.parquet", survey),
        read_table(folder / "ledger.csv", LEDGER, columns=("column", "fate", "rule")),
        read_table(folder / "review.csv", REVIEW),
        json.loads((folder / "accounting.json").read_text(encoding="utf-8")),
        read_table(folder / "texts.parquet", TEXTS),
        read_table(folder / "theme_suggestions.parquet", SUGGESTIONS),
    )


def _read_unit_answers(path: Path, survey: Survey) -> pd.DataFrame:
    schema = answers_schema(survey)
    if survey.respondents == "people":
        return empty_table(schema)
    texts = {column for q in survey.questions if q.kind == "free_text" for column in q.columns()}
    return read_table(path, schema, columns=[column for column in schema.columns if column not in texts])


def text_tables(data: Processed, inputs: Inputs, project: Project) -> dict[str, Released]:
    """Return approved quotes, how many texts are in which state, and suggested themes by kind and section."""
    tables = release_quotes(quote_states(data.texts, inputs.approvals), inputs.survey)
    if inputs.survey.respondents == "people":
        return tables
    path = project.reference("themes.yaml")
    frame = CodingFrame.read(path, project.name(path))
    texts = data.texts[data.texts["unit_id"].notna()]
    texts = texts.assign(kind=texts["unit_id"].map(inputs.kinds))
    suggested = data.suggestions[data.suggestions["answer_id"].isin(texts["answer_id"])]
    by_section = [
        count_themes(suggested[suggested["answer_id"].isin(part["answer_id"])], part, frame).assign(
            section=section
        )
        for section, part in texts.groupby("section", sort=False)
    ]
    caption = "Maskinella förslag: antal förvaltningar per tema"
    tables["themes"] = Released(count_themes(suggested, texts, frame), caption, TALLY)
    if by_section:
        sections = pd.concat(by_section, ignore_index=True)
        tables["theme_sections"] = Released(sections, f"{caption}, per avsnitt", TALLY)
    return tables


def quality_tables(data: Processed, inputs: Inputs, project: Project) -> dict[str, Released]:
    """Return tables of how the answers were treated and where they come from, and of who answered how much.

    They hold counts of cells, rules, open questions, days and files, and no answers. Which sections a respondent
    answered is told of units only.
    """
    accounting = pd.DataFrame({"name": list(data.accounting), "n": list(data.accounting.values())})
    rules = data.ledger.assign(rule=data.ledger["rule"].str.replace(r"^decision\..*", "decision", regex=True))
    rules = rules.groupby(["fate", "rule"]).size().rename("n").reset_index()
    waiting = data.review.groupby("kind").size().rename("open").reset_index()
    submissions = data.submissions.groupby("status").size().rename("n").reset_index()
    register = inputs.register.units
    units = pd.DataFrame(
        [(u.unit_id, u.name, u.short, u.kind) for u in register], columns=["unit_id", "name", "short", "kind"]
    )
    tables = {
        "submissions": Released(submissions, "Inlämnade svar efter status", TALLY),
        "accounting": Released(accounting, "Ifyllda celler i exporten", TALLY),
        "ledger_rules": Released(rules, "Ändringar av svaren per regel", TALLY),
        "review_counts": Released(waiting, "Frågor som väntar på beslut", TALLY),
        "units": Released(units, "Förvaltningar", DESCRIBES),
        "timeline": Released(_timeline(data, inputs), "Dagar då enkäten skickades och besvarades", DESCRIBES),
        "provenance": Released(_provenance(project, inputs.survey), "Underlag och program", DESCRIBES),
    }
    if inputs.survey.respondents == "units":
        response = response_by_unit(
            inputs.invited, data.submissions, data.answers, inputs.survey, inputs.register
        )
        by_section = response_by_section(response, data.answers, inputs.survey)
        tables["unit_sections"] = Released(
            by_section, "Ifyllda frågor per förvaltning och avsnitt", release_rule(inputs.survey)
        )
    return tables


def _timeline(data: Processed, inputs: Inputs) -> pd.DataFrame:
    """Return the known days of a survey: ``what`` (sent, reminded, first_answer, last_answer) and ``day``.

    Where people answered, the days of the answers are told only if enough have answered.
    """
    survey = inputs.survey
    counted = data.submissions[data.submissions["status"].isin(["complete", "partial"])]["submitted"].dropna()
    enough = survey.respondents == "units" or len(counted) >= survey.rules.smallest_count
    days = {what: inputs.invited[what].replace("", pd.NA).dropna().min() for what in ("sent", "reminded")}
    if enough and len(counted):
        days |= {"first_answer": counted.min().date(), "last_answer": counted.max().date()}
    known = [(what, str(day)) for what, day in days.items() if pd.notna(day)]
    return pd.DataFrame(known, columns=["what", "day"]).astype("str")


def _provenance(project: Project, survey: Survey) -> pd.DataFrame:
    """Return what the results are made from: ``kind`` (input, package), ``name`` and ``value``.

    The value of a file is the SHA-256 of its bytes, that of a package its version: the same for equal runs.
    """
    year = survey.year
    files = [
        project.raw(year) / survey.source.file,
        project.survey(year),
        project.invited(year),
        project.decisions(year),
        project.approvals(year),
        project.reference("units.csv"),
        project.reference("themes.yaml"),
    ]
    records = [("input", project.name(path), digest(path)) for path in files if path.is_file()]
    records += [("package", name, version(name)) for name in PROGRAMS]
    return pd.DataFrame(records, columns=["kind", "name", "value"]).astype("str")


def codebook_table(data: Processed, inputs: Inputs, released: Mapping[str, Released]) -> dict[str, Released]:
    """Return the codebook, made of what has been released already and of the ledger's numbers of changes."""
    frames = {name: table.frame for name, table in released.items()}
    codebook = describe_questions(inputs.survey, frames, data.ledger)
    return {"codebook": release_codebook(codebook, inputs.survey)}


def describe_survey(data: Processed, inputs: Inputs) -> dict[str, Any]:
    """Return the public part of the survey, with what is missing before an appendix can be final."""
    survey = inputs.survey
    public = public_survey(survey, date=document_date(survey, data.submissions).isoformat())
    return {**public, "missing": _missing(data, inputs)}


def _missing(data: Processed, inputs: Inputs) -> list[str]:
    survey = inputs.survey
    unconfirmed = [s.title for s in survey.sections if not s.confirmed]
    waiting = int((quote_states(data.texts, inputs.approvals)["state"] == "waiting").sum())
    said = [
        (survey.synthetic, "Exempeldata ska bytas mot verkliga svar."),
        (survey.draft, "Beskrivningen av enkäten är ett utkast och ska bekräftas av en utredare."),
        (
            bool(unconfirmed),
            f"{_counted(len(unconfirmed), 'rubrik', 'rubriker')} ska bekräftas mot källan: {'; '.join(unconfirmed)}.",
        ),
        (
            not data.review.empty,
            f"{_counted(len(data.review), 'tolkningsfråga', 'tolkningsfrågor')} ska avgöras av en utredare.",
        ),
        (
            bool(waiting),
            f"{_counted(waiting, 'fritextsvar', 'fritextsvar', one='ett')} ska granskas som möjliga exempel.",
        ),
        (not survey.responsible.case_number, "Diarienummer ska anges."),
    ]
    return [text for holds, text in said if holds]


def _counted(n: int, singular: str, plural: str, *, one: str = "en") -> str:
    """Return a count with its noun at the beginning of a sentence, in letters up to twelve."""
    word = one if n == 1 else swedish.number_word(n)
    return swedish.sentence(f"{word} {singular if n == 1 else plural}")


# --- over years ------------------------------------------------------------------------------------------------


def read_years(project: Project, years: list[int]) -> dict[int, Results]:
    """Read the released results of several years."""
    return {y: read_results(project.results(y), project.name(project.results(y))) for y in years}


def crosswalks(inputs: Mapping[int, Inputs], year: int) -> dict[int, pd.DataFrame]:
    """Return how the questions of `year` relate to those of each earlier year."""
    return {y: crosswalk(inputs[year].survey, inputs[y].survey) for y in inputs if y != year}


def units_of_years(results: Mapping[int, Results]) -> pd.DataFrame:
    """Return the units that were asked or answered in each year: ``year, unit_id``."""
    parts = [r.tables["response"][["unit_id"]].assign(year=y) for y, r in results.items()]
    return pd.concat(parts, ignore_index=True)[["year", "unit_id"]]
