"""Random surveys with random mess in their exports: nothing is lost, and the ledger can be replayed.

A fixed sample runs here; with ``SOAK=1`` three hundred are made.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.intake.clean import Cleaned, clean
from analysis.intake.contracts import LEDGER, REVIEW, SUBMISSIONS, answers_schema, check
from analysis.intake.decode import decode
from analysis.intake.dialects import find_table
from analysis.intake.replay import replay
from analysis.intake.review import OR, Decision
from analysis.privacy.masking import mask_answers
from analysis.survey.instrument import Survey
from analysis.survey.units import Register

EXAMPLES = 300 if os.environ.get("SOAK") else 40

LABELS = (
    "Ja", "Nej", "Delvis", "I hög grad", "I låg grad", "Skola, förskola", "Polis", "Civilsamhälle – föreningar",
    "Nej, men det är planerat", "Åtgärder för unga", "Annat", "Inga alls", "5", "Mycket bra!", "Ja, ofta",
)  # fmt: skip
UNITS = (
    "Bromma",
    "Farsta",
    "Bromma sdf",
    "Skarpnäk",
    "Enskede-Årsta-Vantör",
    "kulturförvaltningen",
    "Okänd",
    "",
)
TEXTS = (
    "Vi ser mer trygghet.", "Ring Ada Ek på 08-123 456 78", "Rad ett\nrad två", "ada.ek@example.se svarar", "-",
    "Personnummer 19811228-9874 nämndes", "=1+1", '"citat" och ; semikolon', "Åäö – och … mer", "811228-9874; 070-123 45 67",
)  # fmt: skip
NUMBERS = ("0", "12", "1 250,5", "ca 40", "3.5", "-1", "99", "tolv", "vet ej", "1.250")
DATES = (
    "2021-10-19",
    "3/4/2021",
    "25/4/2021",
    "4/25/2021",
    "2021-02-30",
    "i höstas",
    "ej aktuellt",
    "5/5/2021 08:30",
)
NOTHING = ("", "", "", " ", "\u00a0", "\ufeff")


@dataclass
class Made:
    """A made-up survey and its export: what `survey.yaml` says, and the records as they are written."""

    data: dict[str, Any]
    header: list[str]
    records: list[list[str]] = field(default_factory=list)
    dialect: str = "table"


def make(chance: Random) -> Made:
    """Make a survey of one to eight questions, and an export with mess in it."""
    kinds = [
        chance.choice(["single", "scale", "multiple", "each", "number", "date", "free_text", "grid"])
        for _ in range(chance.randint(1, 8))
    ]
    questions: list[dict[str, Any]] = []
    columns: list[tuple[str, Callable[[], str]]] = []
    units = chance.random() < 0.5
    separator = chance.choice([";", "; ", ", ", "\n"])
    if units:
        questions.append({"id": "enhet", "kind": "unit"})
        columns.append(("enhet", lambda: chance.choice(UNITS)))
    for n, kind in enumerate(kinds):
        question, own = ask(chance, f"q{n}", kind, separator)
        questions.append(question)
        columns += own
    for header, texts in (
        ("Svarsid", NUMBERS),
        ("Inskickat", DATES),
        ("E-post", TEXTS),
        ("Senast ändrad", DATES),
        ("Obeskriven", TEXTS),
    ):
        if chance.random() < 0.5:
            columns.insert(
                chance.randint(0, len(columns)), (header, lambda texts=texts: chance.choice(texts))
            )
    chance.shuffle(questions)
    data = {
        "title": "Enkät",
        "year": 2021,
        "period": {"start": "2021-01-01", "end": "2021-10-01"},
        "responsible": {"publisher": "Staden"},
        "source": {"file": "x", "missing": {"99": "dont_know", "Vill ej uppge": "not_answered"}},
        "respondents": "units" if units else "people",
        "sections": [{"id": "a", "title": "A", "kind": "topic", "confirmed": True}],
        "questions": [{"text": q["id"], "section": "a"} | q for q in questions],
    }  # fmt: skip
    made = Made(data, [header for header, _ in columns])
    for _ in range(chance.randint(1, 12)):
        record = [cell() if chance.random() < 0.8 else chance.choice(NOTHING) for _, cell in columns]
        made.records.append(spoil(chance, record, made.header))
    return made


def ask(
    chance: Random, name: str, kind: str, separator: str
) -> tuple[dict[str, Any], list[tuple[str, Callable[[], str]]]]:
    """Return a question of a kind, and each of its columns with what writes a cell."""
    if kind in ("number", "date", "free_text"):
        texts = {"number": NUMBERS, "date": DATES, "free_text": TEXTS}[kind]
        return {"id": name, "kind": kind}, [(name, lambda: chance.choice(texts))]
    labels = chance.sample(LABELS, chance.randint(2, 6))
    options: list[dict[str, Any]] = [{"id": f"o{i}", "label": label} for i, label in enumerate(labels)]
    if chance.random() < 0.5:
        options.append({"id": "vet_ej", "label": "Vet ej", "means": "dont_know"})
    if chance.random() < 0.3:
        for i, option in enumerate(options):
            option["code"] = str((i * 7) % 11 + 20)
    said = [o["label"] for o in options] + [o["code"] for o in options if "code" in o]

    def one() -> str:
        return mess(chance, chance.choice(said))

    if kind == "multiple":

        def several() -> str:
            cell = separator.join(chance.sample(said, chance.randint(1, min(3, len(said)))))
            return mess(chance, cell + (separator if chance.random() < 0.3 else ""))

        return {"id": name, "kind": "multiple", "options": options, "separator": separator}, [(name, several)]
    if kind == "each":
        words = chance.choice([("Ja", "Nej"), ("1", "0"), ("", "")])
        for option in options:
            option["column"] = f"{name} [{option['label']}]"
        cells = [
            (o["column"], lambda label=o["label"]: chance.choice([words[0] or label, words[1], "?"]))
            for o in options
        ]
        return {"id": name, "kind": "multiple", "options": options}, cells
    if kind == "grid":
        items = [
            {"id": f"i{i}", "text": f"Rad {i}", "column": f"{name} [Rad {i}]"}
            for i in range(chance.randint(1, 3))
        ]
        coded = all("code" in o for o in options)
        for item in items:
            if coded and chance.random() < 0.5:
                item["reversed"] = True
        return {"id": name, "kind": "scale", "options": options, "items": items}, [
            (i["column"], one) for i in items
        ]
    return {"id": name, "kind": kind, "options": options}, [(name, one)]


def mess(chance: Random, text: str) -> str:
    """Return a label as people and tools write it, or something else."""
    ways: list[Callable[[str], str]] = [str] * 6 + [
        str.upper, str.lower, lambda t: f" {t}\u00a0", lambda t: f"{t}.", lambda t: t[:-1], lambda t: "99",
        lambda t: "Vill ej uppge", lambda t: f"{t}; något annat", lambda t: t.replace("–", "-"), lambda t: "Kanske",
    ]  # fmt: skip
    return chance.choice(ways)(text)


def spoil(chance: Random, record: list[str], header: list[str]) -> list[str]:
    """Return a record as it stands in the file: now and then with cells too many or too few, or another header."""
    roll = chance.random()
    if roll < 0.06:
        at = chance.randrange(len(record))
        return [*record[:at], chance.choice(TEXTS), *record[at:]]
    if roll < 0.1 and len(record) > 1:
        return record[: -chance.randint(1, len(record) - 1)]
    if roll < 0.13:
        return list(header)
    if roll < 0.16:
        return record[1:] + record[:1]
    return record


def write(chance: Random, made: Made, folder: Path) -> tuple[Path, dict[str, str]]:
    """Write the export; return its path and what a person must settle to read it."""
    if chance.random() < 0.25:
        path = folder / "x.xlsx"
        with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_numbers": False}) as book:
            sheet = book.add_worksheet()
            for i, record in enumerate([made.header, *made.records]):
                for j, cell in enumerate(record):
                    if cell:
                        sheet.write_string(i, j, cell)
        return path, {}
    path = folder / "x.csv"
    delimiter = chance.choice([",", ";", "\t"])
    encoding = chance.choice(["utf-8", "utf-8-sig", "utf-16"])
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=delimiter,
        quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        lineterminator=chance.choice(["\n", "\r\n"]),
    )
    writer.writerows([made.header, *made.records])
    path.write_bytes(text.getvalue().encode(encoding))
    return path, {"encoding": encoding, "delimiter": delimiter}


def recount(made: Made) -> int:
    """Return how many cells with content follow the header: counted on the records as they were made."""
    return sum(cell != "" for record in made.records for cell in record)


def decide(chance: Random, cleaned: Cleaned, survey: Survey) -> dict[str, Decision]:
    """Return decisions of a person about some of what is open."""
    found = {}
    for item in cleaned.review.itertuples(index=False):
        choices = [c.split(" (")[0] for c in item.proposals.split(OR) if c and c != "…"]
        if item.kind == "row.too_long":
            choices += [f"join:{q.id}" for q in survey.questions if q.kind == "free_text"]
        if choices and chance.random() < 0.7:
            found[item.id] = Decision(item.id, chance.choice(choices), "K. Utredare", "2021-11-01", "")
    return found


def verify(table: Any, survey: Survey, register: Register, cleaned: Cleaned, cells: int) -> None:
    account = cleaned.accounting
    assert account["raw_cells"] == cells
    assert account["unaccounted"] == 0
    gone = cleaned.ledger[cleaned.ledger["fate"] != "kept"]
    assert not gone.duplicated(["row", "column"]).any()
    assert len(gone) == account["ledger_cells"]
    assert account["answers_cells"] + len(gone) == cells
    pd.testing.assert_frame_equal(replay(table, survey, cleaned.ledger, register), cleaned.answers)
    check(cleaned.submissions, SUBMISSIONS, "submissions")
    check(cleaned.answers, answers_schema(survey), "answers")
    check(cleaned.ledger, LEDGER, "ledger")
    check(cleaned.review, REVIEW, "review")


@pytest.mark.usefixtures("register")
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(seed=st.integers(0, 10**9))
def test_nothing_is_lost_and_the_ledger_can_be_replayed(
    tmp_path_factory: pytest.TempPathFactory, register: Register, seed: int
) -> None:
    chance = Random(seed)
    made = make(chance)
    folder = tmp_path_factory.mktemp("generated")
    path, settled = write(chance, made, folder)
    cells = recount(made)
    if not any(any(cell.strip() for cell in record) for record in made.records):
        return
    survey = Survey.model_validate(made.data)
    table = find_table(decode(path, path.name, **settled), path.name, dialect="table")
    first = clean(table, survey, name="survey.yaml", register=register)
    verify(table, survey, register, first, cells)
    decisions = decide(chance, first, survey)
    again = clean(table, survey, name="survey.yaml", register=register, decisions=decisions)
    verify(table, survey, register, again, cells)
    masked = mask_answers(again, survey, decisions=decisions, not_names=register.names())
    verify(table, survey, register, masked, cells)
    personal = set(masked.review["id"])
    assert not set(decisions) & (set(again.review["id"]) - personal), "a decision left its item open"
