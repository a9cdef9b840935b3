"""What waits for a person before a year can be trusted: every open question, said in plain words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.intake.clean import COUNTED, Cleaned, clean
from analysis.intake.encoding import lost_characters
from analysis.intake.review import DECISION_COLUMNS, OR
from analysis.measures.counts import free_texts
from analysis.pipeline.engine import check_notebooks
from analysis.pipeline.inputs import Inputs, read_export, read_inputs
from analysis.pipeline.steps import Asked, every_step
from analysis.privacy.masking import mask_answers
from analysis.problems import InputError
from analysis.project import Project

Language = Literal["sv", "en"]

_ASKED: dict[Language, dict[str, str]] = {
    "en": {
        "unit": "{where}: “{seen}” is no unit of the register on the day of reference",
        "answer": "{where}: “{seen}” is no answer that the question {needed_for} knows",
        "row.too_long": "{where} has more cells than there are headers: {seen}",
        "row.too_short": "{where} has fewer cells than there are headers: {seen}",
        "row.shifted": "{where} has answers that fit other columns: {seen}",
        "duplicate": "{where} seem to be the same submission: {seen}",
        "column": "The column “{seen}” is not described: make it a question in survey.yaml, or list it under drop",
        "dates": "“{seen}” may be two dates: write `dates: dmy` or `dates: mdy` under `source` in survey.yaml",
        "personal_data": "{where}, question {needed_for}: is “{seen}” personal data?",
    },
    "sv": {
        "unit": "{where}: ”{seen}” är ingen förvaltning som fanns i registret på referensdagen",
        "answer": "{where}: ”{seen}” är inget svar som frågan {needed_for} känner",
        "row.too_long": "{where} har fler celler än det finns rubriker: {seen}",
        "row.too_short": "{where} har färre celler än det finns rubriker: {seen}",
        "row.shifted": "{where} har svar som passar andra kolumner: {seen}",
        "duplicate": "{where} verkar vara samma svar: {seen}",
        "column": "Kolumnen ”{seen}” är inte beskriven: gör den till en fråga i survey.yaml eller nämn den under drop",
        "dates": "”{seen}” kan vara två datum: skriv `dates: dmy` eller `dates: mdy` under `source` i survey.yaml",
        "personal_data": "{where}, fråga {needed_for}: är ”{seen}” en personuppgift?",
    },
}
_PROPOSED: dict[Language, tuple[str, str]] = {"en": ("Decide", "or"), "sv": ("Besluta", "eller")}
_WHERE_SV = (
    (r"^the whole export$", "Hela exporten"),
    (r"^rows ", "Raderna "),
    (r"^row ", "Rad "),
    (r" and (\d+) more$", r" och \1 till"),
)
_LOST: dict[Language, dict[str, str]] = {
    "en": {
        "replacement": "with characters lost in transfer (�)",
        "question_marks": "with a question mark where a letter seems to be lost",
        "misread": "that seem to be read in the wrong encoding",
    },
    "sv": {
        "replacement": "med tecken som gått förlorade (�)",
        "question_marks": "med frågetecken där en bokstav verkar ha gått förlorad",
        "misread": "som verkar vara lästa med fel teckenkodning",
    },
}


@dataclass(frozen=True)
class Checked:
    """What `check_answers` found.

    Attributes
    ----------
    questions : tuple of str
        Each open question as the id of its review item, what was seen, and what may be decided.
    warnings : tuple of str
        What does not stop a run but should be known.
    summary : str
        What was read, and how much of it is open.
    """

    questions: tuple[str, ...]
    warnings: tuple[str, ...]
    summary: str


def check_answers(project: Project, year: int, language: Language = "en") -> Checked:
    """Check all inputs of a year, clean the export in memory, and return what waits for a person.

    Raises
    ------
    InputError
        If inputs or notebooks are wrong.
    """
    inputs = read_inputs(project, year)
    steps = every_step(Asked(year, inputs.survey.source.file, tuple(inputs.invited["unit_id"])))
    if problems := check_notebooks(project, steps):
        raise InputError(problems)
    grid, table = read_export(project, inputs.survey)
    survey, register = inputs.survey, inputs.register
    name = project.name(project.survey(year))
    cleaned = clean(table, survey, name=name, register=register, decisions=inputs.decisions)
    masked = mask_answers(cleaned, survey, decisions=inputs.decisions, not_names=register.names())
    warnings = [*_unmatched(project, inputs, masked, language)]
    lost = lost_characters(
        [c.header for c in table.columns], table.cells[[c.position for c in table.columns]]
    )
    for column, what, cells in lost.itertuples(index=False, name=None):
        counted = f"{cells} {_cells(cells, language)} {_LOST[language][what]}"
        warnings.append(f"{column}: {counted}.")
    asked = tuple(question(item, language) for item in masked.review.to_dict("records"))
    told = f"{grid.file} ({table.dialect.name})"
    return Checked(asked, tuple(warnings), f"{told}: {_summary(masked, inputs, language)}")


def question(item: dict[str, str], language: Language) -> str:
    """Return an open question in words: what was seen where, and what may be decided.

    Examples
    --------
    >>> item = {"id": "0f216c63bae7", "kind": "answer", "where": "row 17", "seen": "drygt 30",
    ...         "proposals": "30 | _not_answered", "needed_for": "antal"}
    >>> print(question(item, "sv"))
    0f216c63bae7  Rad 17: ”drygt 30” är inget svar som frågan antal känner.
                  Besluta 30 eller _not_answered.
    """
    where = item["where"]
    if language == "sv":
        for pattern, swedish in _WHERE_SV:
            where = re.sub(pattern, swedish, where)
    else:
        where = where[:1].upper() + where[1:]
    asked = _ASKED[language][item["kind"]].format_map({**item, "where": where})
    lines = [f"{item['id']}  {asked.rstrip('?.')}{'?' if asked.endswith('?') else '.'}"]
    if item["proposals"]:
        decide, either = _PROPOSED[language]
        *first, last = item["proposals"].split(OR)
        choice = f"{', '.join(first)} {either} {last}" if first else last
        lines.append(f"{' ' * 14}{decide} {choice}.")
    return "\n".join(lines)


def how_to_decide(path: str, language: Language) -> str:
    """Return where decisions are written, and how."""
    row = ",".join(DECISION_COLUMNS)
    if language == "sv":
        return f"Skriv besluten i {path}, en rad var: {row}"
    return f"Write the decisions in {path}, one row each: {row}"


def _unmatched(project: Project, inputs: Inputs, cleaned: Cleaned, language: Language) -> list[str]:
    """Return a sentence for each decision and approval that matches nothing in the export."""
    sv = language == "sv"
    decisions = project.name(project.decisions(inputs.survey.year))
    approvals = project.name(project.approvals(inputs.survey.year))
    written = set(free_texts(cleaned.answers, inputs.survey)["text_hash"])
    gone = [h for h in inputs.approvals["text_hash"] if h not in written]
    return [
        *(
            f"{decisions}: beslutet {i} svarar inte längre mot något."
            if sv
            else f"{decisions}: the decision {i} matches nothing any more."
            for i in cleaned.unmatched_decisions
        ),
        *(
            f"{approvals}: godkännandet av {h} svarar inte längre mot någon text."
            if sv
            else f"{approvals}: the approval of {h} matches no text any more."
            for h in gone
        ),
    ]


def _cells(n: int, language: Language) -> str:
    if language == "sv":
        return "cell" if n == 1 else "celler"
    return "cell" if n == 1 else "cells"


def _summary(cleaned: Cleaned, inputs: Inputs, language: Language) -> str:
    """Return how many submissions there are, how many count, who has not answered, and what is open."""
    frame: pd.DataFrame = cleaned.submissions
    n, counted = len(frame), int(frame["status"].isin(COUNTED).sum())
    is_open, cells = len(cleaned.review), cleaned.accounting["raw_cells"]
    units = inputs.invited["unit_id"]
    answered = int(units.isin(frame.loc[frame["status"].isin(COUNTED), "unit_id"]).sum())
    if language == "sv":
        who = f", {answered} av {len(units)} tillfrågade förvaltningar har svarat" if len(units) else ""
        waits = "1 öppen fråga" if is_open == 1 else f"{is_open} öppna frågor"
        return f"{n} inlämnade svar, varav {counted} räknas{who}; {cells} celler redovisade; {waits}."
    who = f", {answered} of {len(units)} invited units answered" if len(units) else ""
    waits = "1 open question" if is_open == 1 else f"{is_open} open questions"
    return f"{n} submissions, of which {counted} count{who}; {cells} cells accounted for; {waits}."
