"""Make the three example years: exports of three survey tools, and what people decided about them.

Everything is invented. ``bank/`` holds the free-text answers and what they are truly about, ``closed.yaml``
how often each option is chosen, ``submissions.yaml`` who answers, when, and how carelessly. The same inputs
give the same bytes: chance is a hash of what it is about, so that a new question leaves all others alone.

    python examples/generate.py [--out DIR]
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import hashlib
import io
import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xlsxwriter
import yaml

from analysis.intake.clean import Cleaned, clean
from analysis.intake.decode import decode
from analysis.intake.dialects import find_table
from analysis.intake.ledger import short_id
from analysis.intake.review import DECISION_COLUMNS, read_decisions
from analysis.privacy.masking import mask_answers
from analysis.survey.instrument import Option, Question, Survey, fold, read_survey
from analysis.survey.units import INVITED_COLUMNS, Register, Unit

PROJECT = Path(__file__).resolve().parents[1]
YEARS = (2021, 2022, 2023)
SEED = "example years, 17"

CONSIDERED, REFUSED, EDITED = 31, 3, 3
"""How many answers a year are considered as quotes; the rest are approved as they stand."""

APPROVAL_COLUMNS = ("text_hash", "decision", "edited_text", "by", "date")
TRUTH_COLUMNS = ("row", "question", "unit_id", "counts", "text_hash", "themes", "personal_data")
SUBMISSION_COLUMNS = ("row", "unit_id", "status", "counts")

Cell = str | float | dt.date | list[str]
"""What a form says in reply to a question: a text or label, a number, a date, or the labels chosen."""


@dataclass(frozen=True, eq=False)
class BankText:
    """A free-text answer of the bank, and what is true of it."""

    question: str
    text: str
    by: tuple[str, ...]
    years: tuple[int, ...]
    themes: tuple[str, ...]
    personal_data: tuple[tuple[str, str], ...]

    def fits(self, unit: Unit) -> bool:
        """Tell whether the unit may say this."""
        return unit.unit_id in self.by or unit.kind in self.by


@dataclass
class Form:
    """One submitted form: who, when, and what it says in reply to each question."""

    row: int
    unit: Unit
    kind: str
    plan: dict[str, Any]
    status: str = "complete"
    cells: dict[str, Cell] = field(default_factory=dict)
    texts: dict[str, BankText] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """Whether the form is the one that counts for its unit."""
        return self.status in ("complete", "partial")

    @property
    def name(self) -> str:
        """Who filled it in, or nothing."""
        return str(self.plan.get("name", ""))

    @property
    def email(self) -> str:
        """The address of who filled it in, or what survey tools write for nobody."""
        if not self.name:
            return "anonymous"
        plain = self.name.lower().translate(str.maketrans("åäöé ", "aaoe."))
        return f"{plain}@example.se"


# --- chance -----------------------------------------------------------------------------------------------


def chance(*about: object) -> float:
    """Return a number from 0 to 1 (not 1) that is always the same for the same thing.

    Examples
    --------
    >>> chance("bromma", 2021) == chance("bromma", 2021) != chance("bromma", 2022)
    True
    """
    key = "\x1f".join(map(str, (SEED, *about)))
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=6).digest()) / 2**48


def drawn(weights: Sequence[float], at: float) -> int:
    """Return the position whose share of the weights holds the point `at` (0 to 1).

    Examples
    --------
    >>> drawn([50, 0, 50], 0.49), drawn([50, 0, 50], 0.5)
    (0, 2)
    """
    left = at * sum(weights)
    for position, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return position
    return max(i for i, weight in enumerate(weights) if weight)


# --- what is read -----------------------------------------------------------------------------------------


def read_yaml_file(name: str) -> Any:
    """Return the content of a YAML file beside this program."""
    return yaml.safe_load((PROJECT / "examples" / name).read_text(encoding="utf-8"))


def read_bank() -> dict[str, list[BankText]]:
    """Return the bank's texts by question."""
    bank: dict[str, list[BankText]] = {}
    for path in sorted((PROJECT / "examples" / "bank").glob("*.yaml")):
        content = read_yaml_file(f"bank/{path.name}")
        question = content["question"]
        bank[question] = [
            BankText(
                question,
                answer["text"],
                tuple(answer["by"]),
                tuple(answer["years"]),
                tuple(answer["themes"]),
                tuple((found["kind"], found["text"]) for found in answer.get("personal_data", ())),
            )
            for answer in content["answers"]
        ]
    return bank


def read_surveys() -> dict[int, Survey]:
    """Return the three questionnaires, which are written by hand."""
    paths = {year: PROJECT / "data" / "raw" / str(year) / "survey.yaml" for year in YEARS}
    return {
        year: read_survey(path, f"data/raw/{year}/survey.yaml", year=year) for year, path in paths.items()
    }


def check_shares(closed: dict[str, Any], surveys: dict[int, Survey]) -> None:
    """Raise ValueError where ``closed.yaml`` does not fit a questionnaire."""
    for year, survey in surveys.items():
        for question in survey.questions:
            if not question.is_closed:
                continue
            group = "multiple" if question.kind == "multiple" else "single"
            for kind in ("district", "specialist"):
                shares = closed[group][question.id][kind][year]
                if len(shares) != len(question.options) or (group == "single" and sum(shares) != 100):
                    raise ValueError(f"closed.yaml: {question.id}, {kind}, {year}: {shares} does not fit")


# --- forms ------------------------------------------------------------------------------------------------


def plan_forms(plan: dict[str, Any], register: Register) -> list[Form]:
    """Return the year's forms, not filled in, and what becomes of each. The header is row 1 of the export."""
    forms = [
        Form(row, register.get(entry["unit"]), entry.get("form", "complete"), entry)
        for row, entry in enumerate(plan["submissions"], start=2)
    ]
    answered = {form.unit.unit_id for form in forms if form.kind in ("complete", "partial")}
    for form in forms:
        again = form.unit.unit_id in answered and form.kind in ("draft", "empty")
        form.status = "superseded" if again else form.kind
    return forms


def reached(form: Form, survey: Survey) -> list[Question]:
    """Return the questions that a form comes to, the one about the unit left out."""
    questions = [question for question in survey.questions if question.kind != "unit"]
    if form.kind == "empty":
        return []
    if form.kind == "partial":
        last = [question.id for question in questions].index(form.plan["last"])
        return questions[: last + 1]
    return questions


def is_blank(form: Form, year: int, question: Question, closed: dict[str, Any]) -> bool:
    """Tell whether a form passes a question over, as some do and a first draft does more often."""
    share: float = closed["blank"] * (5 if form.kind == "draft" else 1)
    return chance("blank", year, form.unit.unit_id, question.id) < share


class Mind:
    """What a unit thinks in a year: mostly what it thought the year before, and not yet so in a draft."""

    def __init__(self, form: Form, year: int, closed: dict[str, Any]) -> None:
        self.unit, self.year, self.closed = form.unit, year, closed
        self.is_draft = form.kind == "draft"

    def point(self, *about: object) -> float:
        """Return the point (0 to 1) at which the unit stands in a question."""
        who = self.unit.unit_id
        if self.is_draft and chance("draft", self.year, who, *about) < 0.3:
            return chance("draft point", self.year, who, *about)
        if chance("changed", self.year, who, *about) < self.closed["changed_mind"]:
            return chance("new point", self.year, who, *about)
        return chance("point", who, *about)

    def shares(self, group: str, question: Question) -> Any:
        """Return what ``closed.yaml`` says for the question, the kind of unit and the year."""
        return self.closed[group][question.id][self.unit.kind][self.year]

    def choose(self, question: Question) -> str:
        """Return the label chosen, now and then written with another case or blank."""
        option = question.options[drawn(self.shares("single", question), self.point(question.id))]
        return self.written(option, question)

    def written(self, option: Option, question: Question) -> str:
        """Return an option's label as it stands in the export."""
        where = (self.year, self.unit.unit_id, question.id)
        if chance("odd", *where) >= self.closed["odd_label"]:
            return option.label
        label = option.label
        variants = (
            label.upper(),
            label.lower(),
            f"{label}  ",
            f"{label}\u00a0",
            label.replace(" ", "\u00a0"),
        )
        different = [variant for variant in variants if variant != label]
        return different[int(chance("which", *where) * len(different))]

    def choose_several(self, question: Question) -> list[str]:
        """Return the labels chosen, in the order of the options; at least one."""
        percent = dict(zip(question.options, self.shares("multiple", question), strict=True))
        alone = self.closed["multiple"][question.id]["alone"]
        wanted = [o for o, share in percent.items() if self.point(question.id, o.id) * 100 < share]
        for option in wanted:
            if option.id in alone:
                return [option.label]
        return [option.label for option in wanted or [max(percent, key=lambda o: percent[o])]]

    def count(self, question: Question) -> float | str:
        """Return a number between the two that are usual, small ones more often, or what is typed instead."""
        rule = self.closed["number"][question.id]
        typed = list(rule["typed"])
        at = chance("typed", self.year, self.unit.unit_id, question.id) * 100
        position = drawn([*rule["typed"].values(), 100 - sum(rule["typed"].values())], at / 100)
        if position < len(typed):
            return str(typed[position])
        low, high = self.shares("number", question)
        value = low * (high / low) ** self.point(question.id)
        step = 5 if rule["step"] == 1 and value >= 60 else rule["step"]  # larger counts are rounded
        return float(math.floor(value / step + 0.5) * step)

    def date(self, question: Question) -> dt.date:
        """Return a working day between the two that are usual."""
        first, last = self.shares("date", question)
        day: dt.date = first + dt.timedelta(days=round(self.point(question.id) * (last - first).days))
        return day - dt.timedelta(days=max(0, day.weekday() - 4))


def fill_closed(form: Form, survey: Survey, closed: dict[str, Any]) -> None:
    """Answer the questions that are not free text."""
    mind = Mind(form, survey.year, closed)
    for question in reached(form, survey):
        if is_blank(form, survey.year, question, closed):
            continue
        if question.kind in ("single", "scale"):
            form.cells[question.id] = mind.choose(question)
        elif question.kind == "multiple":
            form.cells[question.id] = mind.choose_several(question)
        elif question.kind == "number":
            form.cells[question.id] = mind.count(question)
        elif question.kind == "date":
            (other, needed), *_ = closed["date"][question.id]["only_if"].items()
            option = next(o for o in survey.question(other).options if o.id == needed)
            if fold(str(form.cells.get(other, ""))) == fold(option.label):
                form.cells[question.id] = mind.date(question)
    form.cells |= form.plan.get("typed", {})
    for question_id, added in form.plan.get("also", {}).items():
        chosen = form.cells.get(question_id, [])
        form.cells[question_id] = [*chosen, added] if isinstance(chosen, list) else added


# --- free text --------------------------------------------------------------------------------------------


def hand_out_texts(
    question_id: str,
    texts: list[BankText],
    forms: dict[int, list[Form]],
    surveys: dict[int, Survey],
    closed: Any,
) -> None:
    """Give each form that answers a free-text question a text of the bank.

    What was said in two years is said by the same unit in both. A text written for one unit, and one with
    personal data in it, is handed out before others.
    """
    waiting = {
        (year, form.unit.unit_id): form
        for year in surveys
        for form in forms[year]
        for question in reached(form, surveys[year])
        if question.id == question_id and form.counts and not is_blank(form, year, question, closed)
    }

    def rank(text: BankText) -> tuple[bool, bool, float]:
        by_kind = bool({"district", "specialist"} & set(text.by))
        return by_kind, not text.personal_data, chance("text", text.text)

    def hand_out(text: BankText, years: tuple[int, ...]) -> bool:
        units = {unit_id for _, unit_id in waiting}
        for unit_id in sorted(units, key=lambda u: chance("unit", text.text, u)):
            found = [waiting.get((year, unit_id)) for year in years]
            if all(form is not None and text.fits(form.unit) for form in found):
                for year in years:
                    give(waiting.pop((year, unit_id)), text)
                return True
        return False

    ranked = sorted(texts, key=rank)
    left = [t for t in ranked if len(t.years) == 2 and not hand_out(t, t.years)]
    left += [t for t in ranked if len(t.years) == 1 and not hand_out(t, t.years)]
    left = [t for t in left if not any(hand_out(t, (year,)) for year in t.years)]
    for year, of_year in forms.items():
        for form in (f for f in of_year if f.kind == "draft"):
            give_draft(form, year, question_id, of_year, left)


def give(form: Form, text: BankText) -> None:
    """Write a text into a form."""
    form.cells[text.question] = text.text
    form.texts[text.question] = text


def give_draft(form: Form, year: int, question_id: str, of_year: list[Form], left: list[BankText]) -> None:
    """Write into a draft what the unit says later, at times something that nobody says later, or nothing."""
    later = next(f for f in of_year if f.unit == form.unit and f.counts)
    at = chance("draft text", year, form.unit.unit_id, question_id)
    unused = [text for text in left if text.years == (year,) and text.fits(form.unit)]
    if at < 0.25:
        return
    if at < 0.6 and unused:
        give(form, unused[0])
    elif question_id in later.texts:
        give(form, later.texts[question_id])


# --- exports ----------------------------------------------------------------------------------------------


def write_microsoft_forms(path: Path, survey: Survey, forms: list[Form]) -> None:
    """Write a Swedish Microsoft Forms workbook."""
    own = ["ID", "Starttid", "Slutförandetid", "E-post", "Namn"]
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory, {"in_memory": True, "strings_to_urls": False})
    book.set_properties({"created": dt.datetime.combine(survey.source.exported or survey.on, dt.time())})
    sheet = book.add_worksheet("Sheet1")
    time_format = book.add_format({"num_format": "m/d/yy h:mm:ss"})
    date_format = book.add_format({"num_format": "yyyy-mm-dd"})
    for column, header in enumerate([*own, *map(_forms_header, survey.questions)]):
        sheet.write_string(0, column, header)
    for form in forms:
        at = form.row - 1
        sheet.write_number(at, 0, form.row + 3)
        sheet.write_datetime(at, 1, form.plan["started"], time_format)
        sheet.write_datetime(at, 2, form.plan["submitted"], time_format)
        sheet.write_string(at, 3, form.email)
        sheet.write_string(at, 4, form.name)
        for column, question in enumerate(survey.questions, start=len(own)):
            match form.cells.get(question.id):
                case None:
                    continue
                case list(labels):
                    sheet.write_string(at, column, "".join(f"{label};" for label in labels))
                case float(number):
                    sheet.write_number(at, column, number)
                case dt.date() as day:
                    sheet.write_datetime(at, column, dt.datetime.combine(day, dt.time()), date_format)
                case str(text):
                    sheet.write_string(at, column, text)
    book.close()
    path.write_bytes(_stored(memory.getvalue()))


def _forms_header(question: Question) -> str:
    """Return a question as a Microsoft Forms header: with the line breaks and blanks typed into the form."""
    header = question.text.replace("? Ge gärna", "?\nGe gärna").replace(", och vad", ",\noch vad")
    return f"{header}\u00a0" if question.kind in ("scale", "number") else header


def _stored(workbook: bytes) -> bytes:
    """Return a workbook packed without compression, whose bytes do not depend on the zlib of the machine."""
    memory = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(memory, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 0
            new.writestr(entry, old.read(name))
    return memory.getvalue()


def write_excel_csv(path: Path, survey: Survey, forms: list[Form]) -> None:
    """Write a table as Swedish Excel saves it: semicolons, Windows-1252, decimal comma."""
    own = ["Svarsid", "Starttid", "Inskickat", "E-post", "Kontaktperson för enkäten", "Länk till svaret"]
    rows = [[*own, *(question.text for question in survey.questions)]]
    for form in forms:
        native = 1040 + 3 * form.row
        times = [form.plan[key].strftime("%Y-%m-%d %H:%M") for key in ("started", "submitted")]
        link = f"https://enkat.example.org/svar/{native}"
        texts = [_excel_text(form.cells.get(question.id), question) for question in survey.questions]
        rows.append([str(native), *times, form.email, form.name, link, *texts])
    memory = io.StringIO(newline="")
    csv.writer(memory, delimiter=";", lineterminator="\r\n").writerows(rows)
    path.write_bytes(memory.getvalue().encode("cp1252"))


def _excel_text(cell: Cell | None, question: Question) -> str:
    match cell:
        case None:
            return ""
        case list(labels):
            return (question.separator or ";").join(labels)
        case float(number):
            return f"{number:g}".replace(".", ",")
        case other:
            return str(other)


def write_limesurvey(path: Path, survey: Survey, forms: list[Form]) -> None:
    """Write a LimeSurvey CSV export: codes and texts, one column for each option of a multiple question."""
    own = [
        "id. Svars-ID",
        "submitdate. Datum inskickat",
        "lastpage. Sista sidan",
        "startlanguage. Startspråk",
        "seed. Frö",
        "startdate. Startdatum",
        "datestamp. Datum för senaste åtgärd",
    ]
    asked = [header for question in survey.questions for header in question.headers()]
    rows = [[*own, *asked, "interviewtime. Total tid"]]
    for form in forms:
        started, submitted = form.plan["started"], form.plan.get("submitted")
        stopped = submitted or started + dt.timedelta(minutes=19, seconds=24)
        seed = int(chance("seed", survey.year, form.row) * 2**31)
        page = {"complete": 14, "draft": 14, "partial": 6, "empty": 1}[form.kind]
        texts = [text for question in survey.questions for text in _lime_texts(form, question)]
        technical = [form.row + 9, submitted or "", page, "sv", seed, started, stopped]
        rows.append([*map(str, technical), *texts, f"{(stopped - started).seconds}.{form.row:02}"])
    memory = io.StringIO(newline="")
    csv.writer(memory, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    path.write_bytes(memory.getvalue().encode("utf-8-sig"))


def _lime_texts(form: Form, question: Question) -> list[str]:
    cell = form.cells.get(question.id)
    if question.kind == "multiple":
        if not isinstance(cell, list):
            return ["" for _ in question.options]
        return ["Ja" if option.label in cell else "Nej" for option in question.options]
    return ["" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell)]


EXPORTS = {2021: write_microsoft_forms, 2022: write_excel_csv, 2023: write_limesurvey}


# --- what people write, and what is true ------------------------------------------------------------------


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file as every file of the project is written."""
    memory = io.StringIO(newline="")
    csv.writer(memory, lineterminator="\n").writerows([columns, *rows])
    path.write_text(memory.getvalue(), encoding="utf-8", newline="\n")


def write_invited(
    path: Path, plan: dict[str, Any], roles: dict[str, str], units: Iterable[Unit], forms: list[Form]
) -> None:
    """Write who was asked, and who was reminded because no form had come in by then."""
    early = {f.unit.unit_id for f in forms if f.counts and f.plan["started"].date() < plan["reminded"]}
    rows = [
        (unit.unit_id, roles[unit.unit_id], plan["sent"], "" if unit.unit_id in early else plan["reminded"])
        for unit in units
    ]
    write_rows(path, INVITED_COLUMNS, rows)


def clean_export(folder: Path, survey: Survey, register: Register) -> Cleaned:
    """Return what the intake makes of the export and the decisions in a folder; texts as they were written."""
    name = f"data/raw/{survey.year}"
    source = survey.source
    grid = decode(
        folder / source.file,
        f"{name}/{source.file}",
        encoding=source.encoding,
        delimiter=source.delimiter,
        sheet=source.sheet,
    )
    table = find_table(grid, f"{name}/{source.file}", source.dialect)
    decisions = read_decisions(folder / "decisions.csv", f"{name}/decisions.csv")
    return clean(table, survey, name=f"{name}/survey.yaml", register=register, decisions=decisions)


def mask_export(folder: Path, survey: Survey, register: Register) -> Cleaned:
    """Return the same with personal data masked: what is uncertain about it is also open."""
    decisions = read_decisions(folder / "decisions.csv", f"data/raw/{survey.year}/decisions.csv")
    cleaned = clean_export(folder, survey, register)
    return mask_answers(cleaned, survey, decisions=decisions, not_names=register.names())


def write_decisions(folder: Path, plan: dict[str, Any], by: str, survey: Survey, register: Register) -> None:
    """Write the decisions, each beside the id that the intake gives to what it settles."""
    path = folder / "decisions.csv"
    path.unlink(missing_ok=True)
    review = mask_export(folder, survey, register).review
    rows = []
    for decision in plan["decisions"]:
        kind = survey.question(decision["question"]).kind
        needed_for = "the whole submission" if kind == "unit" else decision["question"]
        found = review[
            (review["seen"].map(fold) == fold(decision["seen"])) & (review["needed_for"] == needed_for)
        ]
        if len(found) != 1:
            raise ValueError(f"submissions.yaml: {decision['seen']!r} is not one open item of {survey.year}")
        rows.append((found["id"].iloc[0], decision["decision"], by, decision["date"], decision["why"]))
    write_rows(path, DECISION_COLUMNS, rows)


def write_truth(folder: Path, survey: Survey, forms: list[Form]) -> None:
    """Write what is true of each form and of each free-text answer in the export."""
    write_rows(
        folder / f"{survey.year}-submissions.csv",
        SUBMISSION_COLUMNS,
        [(f.row, f.unit.unit_id, f.status, str(f.counts).lower()) for f in forms],
    )
    order = [question.id for question in survey.questions]
    rows = []
    for form in forms:
        for question_id, text in sorted(form.texts.items(), key=lambda pair: order.index(pair[0])):
            spans = [
                f"{kind}:{text.text.index(found)}-{text.text.index(found) + len(found)}"
                for kind, found in text.personal_data
            ]
            rows.append(
                (
                    form.row,
                    question_id,
                    form.unit.unit_id,
                    str(form.counts).lower(),
                    short_id(text.text),
                    "|".join(text.themes),
                    "|".join(spans),
                )
            )
    write_rows(folder / f"{survey.year}.csv", TRUTH_COLUMNS, rows)


def consider_quotes(year: int, forms: list[Form], questions: Sequence[str]) -> list[BankText]:
    """Return the answers that a person has considered as quotes, `CONSIDERED` in all.

    For each question one of a district, for every other question one of a specialist administration, then
    more of districts; each time of the administration that has the fewest so far. Texts that hold personal
    data are left out, and so is every fourth administration of a kind, which then has no quote.
    """
    counted = [form for form in forms if form.counts]
    places = [("district", q) for q in questions] + [("specialist", q) for q in questions[::2]]
    asked: Counter[str] = Counter()
    for kind in ("district", "specialist"):
        units = [form.unit.unit_id for form in counted if form.unit.kind == kind]
        units.sort(key=lambda unit_id: chance("without quote", year, unit_id))
        counted = [form for form in counted if form.unit.unit_id not in units[: len(units) // 4]]
    considered: list[BankText] = []
    for kind, question in [*places, *(("district", q) for q in questions)]:
        fitting = [
            (asked[form.unit.unit_id], chance("quote", year, text.text), form.unit.unit_id, text)
            for form in counted
            if form.unit.kind == kind and (text := form.texts.get(question)) is not None
            if not text.personal_data and 80 <= len(text.text) <= 600 and text not in considered
        ]
        if fitting and len(considered) < CONSIDERED:
            *_, unit_id, text = min(fitting, key=lambda found: found[:2])
            asked[unit_id] += 1
            considered.append(text)
    return considered


def decide_quotes(year: int, considered: list[BankText]) -> list[tuple[str, str, str]]:
    """Return (hash, decision, edited text) of each answer considered as a quote."""
    by_chance = sorted(considered, key=lambda text: chance("decision", year, text.text))
    edited = [text for text in by_chance if shortened(text.text)][:EDITED]
    refused = [text for text in by_chance if text not in edited][:REFUSED]
    return [
        (
            short_id(text.text),
            "refuse" if text in refused else "edit" if text in edited else "approve",
            shortened(text.text) if text in edited else "",
        )
        for text in considered
    ]


def shortened(text: str) -> str:
    """Return the first two sentences of a longer text, or nothing.

    Examples
    --------
    >>> shortened("Ett. Två. Tre.")
    'Ett. Två. […]'
    """
    sentences = re.split(r"(?<=[.!?]) (?=[A-ZÅÄÖ])", text)
    return f"{sentences[0]} {sentences[1]} […]" if len(sentences) > 2 and "\n" not in text else ""


# --- all of it --------------------------------------------------------------------------------------------


def generate(out: Path) -> list[Path]:
    """Write the three years below a folder and return the files written.

    Parameters
    ----------
    out : Path
        Gets ``data/raw/YEAR/`` (export, invited.csv, decisions.csv, approvals.csv) and ``examples/truth/``.
    """
    surveys, bank = read_surveys(), read_bank()
    closed, plans = read_yaml_file("closed.yaml"), read_yaml_file("submissions.yaml")
    register = Register.read(PROJECT / "data" / "reference" / "units.csv", name="data/reference/units.csv")
    check_shares(closed, surveys)
    forms = {year: plan_forms(plans["years"][year], register) for year in YEARS}
    for year, of_year in forms.items():
        for form in of_year:
            fill_closed(form, surveys[year], closed)
    for question, texts in bank.items():
        hand_out_texts(question, texts, forms, surveys, closed)

    truth = out / "examples" / "truth"
    truth.mkdir(parents=True, exist_ok=True)
    for year, survey in surveys.items():
        plan, folder = plans["years"][year], out / "data" / "raw" / str(year)
        folder.mkdir(parents=True, exist_ok=True)
        for form in forms[year]:
            form.cells[survey.questions[0].id] = form.plan.get("written", form.unit.name)
        EXPORTS[year](folder / survey.source.file, survey, forms[year])
        write_invited(folder / "invited.csv", plan, plans["roles"], register.at(survey.on), forms[year])
        write_decisions(folder, plan, plans["decided_by"], survey, register)
        quotes = decide_quotes(year, consider_quotes(year, forms[year], list(bank)))
        signed = [(*quote, plans["decided_by"], plan["approved"]) for quote in quotes]
        write_rows(folder / "approvals.csv", APPROVAL_COLUMNS, signed)
        write_truth(truth, survey, forms[year])
    return [
        *(
            out / "data" / "raw" / str(year) / name
            for year, survey in surveys.items()
            for name in (survey.source.file, "invited.csv", "decisions.csv", "approvals.csv")
        ),
        *(truth / f"{year}{suffix}.csv" for year in YEARS for suffix in ("", "-submissions")),
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Make the three synthetic example years.")
    parser.add_argument("--out", type=Path, default=PROJECT, help="where to write (default: the project)")
    out = parser.parse_args().out.resolve()
    for path in generate(out):
        print(path.relative_to(out).as_posix())


if __name__ == "__main__":
    main()
