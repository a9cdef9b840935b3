"""The appendix of one administration: its own answers beside those of its kind and of all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median, median_high, median_low
from typing import Any

import pandas as pd

from analysis.measures.counts import ALL, OUTSIDE_BASE
from analysis.privacy.release import Results
from analysis.report import swedish
from analysis.report.chapters.findings import year_before
from analysis.report.chapters.parts import definitions, lines, sentences, word
from analysis.report.chapters.reading import (
    ANSWERED,
    SHORT_GROUPS,
    Question,
    all_sections,
    decimals_of,
    questions,
    response_of,
    rows_of,
    steps,
    unit_name,
)
from analysis.report.chapters.results import response_sentence
from analysis.report.chapters.wording import asked_as, counted, in_sentence, key_of, quoted, sentence_list
from analysis.report.document import as_quote, plain, say, show
from analysis.report.tables import HIDDEN, SUPPRESSED, Column, Table, Value
from analysis.survey.units import KIND_LABELS

STATE_LABELS = {
    "approved": "Godkänt",
    "edited": "Godkänt efter ändring",
    "refused": "Nekat",
    "waiting": "Ej granskat",
}
"""What has been decided of a text as a quote."""

MOST_DIFFERENCES = 3
FEWEST_OTHERS = 3

NOT_COMPARED = "Jämförs inte"
"""Stands where there is no answer that others could have given too."""

MEDIAN = "Median"
"""Stands before a number in a column that holds counts elsewhere."""

NOBODY = "Inga svar"
"""Stands where nobody has answered a question."""

Part = str | Table
"""What a chapter publishes: Markdown or a table."""


def _publish(parts: Sequence[Part]) -> None:
    for part in parts:
        if isinstance(part, Table):
            show(part)
        else:
            say(part)


# --- summary -------------------------------------------------------------------------------------------------------


def unit_summary(results: Results, unit_id: str) -> None:
    """Publish how a unit answered and where it differs most from its kind; of a silent one what that means."""
    _publish(_summary(results, unit_id))


def _summary(results: Results, unit_id: str) -> list[Part]:
    row = response_of(results, unit_id)
    kind = KIND_LABELS[row["kind"]][0]
    did = {
        "complete": "har lämnat ett fullständigt svar",
        "partial": "har lämnat ett ofullständigt svar",
        "empty": f"har lämnat in enkäten utan att fylla i någon fråga ({word('tomt svar')})",
        "none": "har inte besvarat enkäten",
    }[row["status"]]
    named = (
        plain(row["name"]) if str(row["name"]).endswith(kind) else f"{plain(row['name'])} är en {kind} och"
    )
    told = f"{named} {did}."
    if row["status"] in ANSWERED:
        answered = sentences(told, _answered_sentence(row), _quotes_sentence(results, unit_id))
        return [answered, *_differences_told(results, unit_id)]
    before = any(history.answered for history in _earlier_years(results, unit_id))
    own = ", tillsammans med förvaltningens egna svar från tidigare år" if before else ""
    return [
        sentences(told, response_sentence(results)),
        "Förvaltningens arbete syns därför inte i årets resultat. Inga svar har lagts till för den, och den räknas som "
        f"{word('objektsbortfall')}. Bilagan visar vad de som har svarat uppger{own}.",
    ]


def _answered_sentence(row: pd.Series[Any]) -> str:
    """Return how many of the questions the unit filled in."""
    n, asked = int(row["answered_items"]), int(row["asked_items"])
    if n == asked:
        return f"Alla {swedish.number_word(asked)} frågor är ifyllda." if asked > 1 else ""
    return f"{swedish.share(n, asked, 'fråga', 'frågor')} är ifyllda."


def _quotes_sentence(results: Results, unit_id: str) -> str:
    states = results.tables["quote_states"]
    own = states[states["unit_id"] == unit_id]
    n = int(own[list(STATE_LABELS)].sum().sum())
    if not n:
        return "Inga fritextsvar har lämnats."
    approved = int(own[["approved", "edited"]].sum().sum())
    texts = counted(n, "fritextsvar har lämnats", "fritextsvar har lämnats", neuter=True)
    if not approved:
        return f"{texts}, men inget är ännu godkänt som {word('belysande exempel')}."
    are = "ett är godkänt" if approved == 1 else f"{swedish.number_word(approved)} är godkända"
    return f"{texts}, varav {are} som {word('belysande exempel')}."


@dataclass(frozen=True)
class Difference:
    """How far a unit's answer to a scale lies from the others of its kind.

    Attributes
    ----------
    question : dict
        The question.
    own : str
        The unit's answer.
    middle : tuple of str
        The one in the middle of the others' answers; two where it lies between two different ones.
    n : int
        How many others answered.
    steps : float
        Own step minus the median step of the others.
    """

    question: Question
    own: str
    middle: tuple[str, ...]
    n: int
    steps: float


def _scales(results: Results) -> list[Question]:
    return [q for q in results.survey["questions"] if q["kind"] == "scale" and not q["items"]]


def comparisons(results: Results, unit_id: str) -> list[Difference]:
    """Return how a unit's answers to the scales lie beside those of its kind, in the order of the questionnaire.

    The unit's step is compared with the median step of the other units of its kind, where it and at least three of
    them have answered with a step of the scale.
    """
    own = results.tables["unit_answers"]
    kinds = results.tables["response"].set_index("unit_id")["kind"]
    same = own[own["unit_id"].map(kinds) == kinds[unit_id]]
    found = []
    for question in _scales(results):
        of = steps(question)
        answers = same[(same["question"] == question["id"]) & same["value"].isin(of)]
        mine = answers[answers["unit_id"] == unit_id]
        others = [of.index(v) for v in answers[answers["unit_id"] != unit_id]["value"]]
        if len(mine) != 1 or len(others) < FEWEST_OTHERS:
            continue
        step = of.index(mine["value"].iloc[0])
        middle = tuple(question["labels"][of[i]] for i in sorted({median_low(others), median_high(others)}))
        own_label = question["labels"][of[step]]
        found.append(Difference(question, own_label, middle, len(others), step - median(others)))
    return found


def differences(results: Results, unit_id: str) -> list[Difference]:
    """Return the `comparisons` where a unit differs by at least one step, the largest difference first.

    Of equals the first in the questionnaire.
    """
    found = [d for d in comparisons(results, unit_id) if abs(d.steps) >= 1]
    return sorted(found, key=lambda d: -abs(d.steps))


def _differences_told(results: Results, unit_id: str) -> list[str]:
    """Return on which scales the unit differs from the others of its kind, and which scales are compared."""
    whole = len(_scales(results))
    if not whole:
        return []
    compared, found = comparisons(results, unit_id), differences(results, unit_id)
    many = KIND_LABELS[str(response_of(results, unit_id)["kind"])][1]
    few = swedish.number_word(FEWEST_OTHERS)
    if not compared:
        asked = "skalfrågorna" if whole > 1 else "enkätens enda skalfråga"
        none = "Ingen av frågorna har" if whole > 1 else "Frågan har inte"
        return [
            f"Förvaltningens svar på {asked} jämförs inte med övriga {many}s. {none} fått ett svar på skalan av både "
            f"förvaltningen och minst {few} övriga {many}, och {word('medianen')} av färre svar än så säger för lite."
        ]
    which, others = "", f"övriga {many}"
    if len(compared) < whole:
        on = "den skalfråga" if len(compared) == 1 else "de skalfrågor"
        which = (
            f"Svaren jämförs med övriga {many}s på {on} där både förvaltningen och minst {few} av dem har gett ett "
            f"svar på skalan: {swedish.number_word(len(compared))} av enkätens {swedish.number_word(whole)}."
        )
        others = "de övriga"
    where = _where_different(len(found), len(compared), whole)
    apart = (
        "minst ett steg" if found else "mindre än ett steg" if len(compared) == 1 else "ett steg eller mer"
    )
    told = (
        f"{where} skiljer sig svaret med {apart} från {word('medianen')} bland {others}{_which_shown(found)}"
    )
    listed = sentence_list([_difference_sentence(d) for d in found[:MOST_DIFFERENCES]])
    return [sentences(which, told), *([listed] if found else [])]


def _where_different(n: int, compared: int, whole: int) -> str:
    """Return on how many of the compared scales the unit differs, as the beginning of a sentence."""
    every = compared == whole
    if compared == 1:
        return "På enkätens enda skalfråga" if every else "Där"
    if 0 < n == compared:
        count = "båda" if n == 2 else f"alla {swedish.number_word(n)}"
        return f"På {count} skalfrågorna i enkäten" if every else f"På {count}"
    count = swedish.number_word(n) if n else "ingen"
    return f"På {count} av {f'enkätens {swedish.number_word(whole)} skalfrågor' if every else 'dem'}"


def _which_shown(found: Sequence[Difference]) -> str:
    """Return how the sentence before the list of differences ends: which of them it shows, where not all."""
    if len(found) <= MOST_DIFFERENCES:
        return ":" if found else "."
    most = f"de {swedish.number_word(MOST_DIFFERENCES)} största skillnaderna"
    if abs(found[MOST_DIFFERENCES].steps) < abs(found[MOST_DIFFERENCES - 1].steps):
        return f". Här visas {most}:"
    return f". Här visas {most}; är flera lika stora visas de som står först i enkäten:"


def _difference_sentence(difference: Difference) -> str:
    question, n = difference.question, swedish.number_word(difference.n)
    middle = swedish.join([quoted(label) for label in difference.middle])
    which = "Det mittersta" if len(difference.middle) == 1 else "De två mittersta"
    return (
        f"På {asked_as(question)} {quoted(question['text'])} svarar förvaltningen {quoted(difference.own)}. "
        f"{which} av de {n} övriga svaren är {middle}."
    )


# --- answers -------------------------------------------------------------------------------------------------------


def unit_sections(results: Results, unit_id: str) -> None:
    """Publish the unit's answers beside those of its kind, of all and of the year before, and its quotes.

    All questions with one answer stand in one table, in the order of the questionnaire; each question with several
    choices has a table of its own.
    """
    _publish(_answers(results, unit_id))


def _answers(results: Results, unit_id: str) -> list[Part]:
    view = _View.of(results, unit_id)
    asked = [q for section in all_sections(results) for q in questions(results, section)]
    tables = [_answers_table(view, asked)]
    tables += [_options_table(view, q) for q in asked if q["kind"] == "multiple"]
    shown = [table for table in tables if table is not None]
    found: list[Part] = []
    if shown:
        reading = sentences(_reading_sentence(view), _silence_before(results, unit_id))
        found += ["## Svar på frågorna", reading, *shown]
    quotes = [q for q in asked if q["kind"] == "free_text" and view.quotes_of(q)]
    if quotes:
        found.append("## Belysande exempel")
    for question in quotes:
        found.append(f"Ur svaret på frågan {quoted(question['text'])}:")
        for quote in view.quotes_of(question):
            found.append(as_quote(quote.quote, "Redigerat" if quote.state == "edited" else ""))
    return found


def _reading_sentence(view: _View) -> str:
    """Return how the tables are read."""
    many = KIND_LABELS[view.kind][1]
    several = any(q["kind"] == "multiple" for q in view.results.survey["questions"])
    short = SHORT_GROUPS[view.kind].lower()
    if view.answered:
        told = (
            f"Bredvid förvaltningens svar står hur många av de svarande {many}na ({short}) och av alla svarande (alla) "
            "som har gett samma svar. Förvaltningen själv räknas med."
        )
    else:
        told = (
            f"Tabellen visar det vanligaste svaret bland de svarande {many}na ({short}) "
            "och bland alla svarande (alla)."
        )
    options = (
        "För en fråga som kan ha flera svar visas hur många som har valt varje alternativ." if several else ""
    )
    of = f"Antalen räknas av dem som har besvarat frågan ({word('basen')})."
    return sentences("Frågorna står i enkätens ordning.", told, options, of)


def _silence_before(results: Results, unit_id: str) -> str:
    """Return why answers of the year before are lacking, and where those of other years stand."""
    years = _earlier_years(results, unit_id)
    if not years:
        return ""
    *_, last = years
    told = [history.year for history in years if history.answered]
    silence = _silence_told(results, unit_id, years if not told else [last])
    if last.answered or _years_table(results, unit_id) is None:
        return silence
    return f"{silence} Svaren från {swedish.join(map(str, told))} står i [](#tabell-{YEARS_KEY})."


def _silence_told(results: Results, unit_id: str, years: Sequence[History], *, now: bool = False) -> str:
    """Return which of the units gave no answers in which of some earlier years; if asked for, also in this one."""
    silent: dict[str, list[int]] = {}
    for history in years:
        for unit in history.units:
            if unit not in history.answering:
                name = "Förvaltningen" if unit == unit_id else unit_name(results, unit)
                silent.setdefault(plain(name), []).append(history.year)
    if now and response_of(results, unit_id)["status"] not in ANSWERED:
        silent.setdefault("Förvaltningen", []).append(int(results.survey["year"]))
    told = [f"{name} lämnade inga svar {swedish.join(map(str, of))}." for name, of in silent.items()]
    outside = swedish.join(str(history.year) for history in years if not history.units)
    return sentences(*told, f"Förvaltningen ingick inte i enkäten {outside}." if outside else "")


@dataclass(frozen=True)
class _View:
    """What the tables of one unit are made of."""

    results: Results
    unit_id: str
    kind: str
    answered: bool
    own: pd.DataFrame
    earlier: History | None

    @classmethod
    def of(cls, results: Results, unit_id: str) -> _View:
        row = response_of(results, unit_id)
        own = results.tables["unit_answers"]
        last = year_before(results)
        earlier = None if last is None else History(results, unit_id, last)
        return cls(
            results,
            unit_id,
            str(row["kind"]),
            row["status"] in ANSWERED,
            own[own["unit_id"] == unit_id],
            earlier if earlier and earlier.answered else None,
        )

    def quotes_of(self, question: Question) -> list[Any]:
        """Return the approved quotes of the unit to a question."""
        quotes = self.results.tables["quotes"]
        kept = (quotes["unit_id"] == self.unit_id) & (quotes["question"] == question["id"])
        return list(quotes[kept].itertuples(index=False))

    def columns(self, first: str, before: Sequence[Column], *, beside: str) -> list[Column]:
        """Return the headings of a table; what nobody can say has no column.

        Parameters
        ----------
        before : sequence of Column
            Those of the year before.
        beside : str
            What the columns of the others show.
        """
        columns = [Column("what", first)]
        if self.answered:
            columns.append(Column("own", f"Förvaltningen {self.results.survey['year']}"))
        others = (("kind", self.kind), ("all", ALL))
        return [
            *columns,
            *before,
            *(Column(key, f"{beside}, {SHORT_GROUPS[g].lower()}") for key, g in others),
        ]

    def line(
        self, first: str, own: Value, before: Sequence[Value], kind: Value, everyone: Value
    ) -> list[Value]:
        """Return a row for `columns`."""
        return [first, *([own] if self.answered else []), *before, kind, everyone]

    def before(self, question: Question, item: str) -> list[Value]:
        """Return what was answered the year before, as the cells of a row."""
        return [self.earlier.said(question, item)] if self.earlier else []


@dataclass(frozen=True)
class History:
    """What a unit, or those it took over from, answered in one earlier year."""

    results: Results
    unit_id: str
    year: int

    @cached_property
    def units(self) -> list[str]:
        """The units that were asked or answered that year."""
        frame = self.results.tables["geography"]
        here = frame[(frame["newest_unit_id"] == self.unit_id) & (frame["year"] == self.year)]
        return sorted(here["unit_id"].unique(), key=lambda u: swedish.sort_key(unit_name(self.results, u)))

    @cached_property
    def given(self) -> dict[tuple[str, str], Any]:
        """The released answers of that year by unit and question."""
        frame = self.results.tables["unit_history"]
        rows = frame[(frame["newest_unit_id"] == self.unit_id) & (frame["year"] == self.year)]
        return {(row.unit_id, row.question): row for row in rows.itertuples(index=False)}

    @cached_property
    def answering(self) -> list[str]:
        """Those of the units that answered."""
        answering = {unit for unit, _ in self.given}
        return [unit for unit in self.units if unit in answering]

    @property
    def answered(self) -> bool:
        """Whether any of the units answered."""
        return bool(self.answering)

    @property
    def merged(self) -> bool:
        """Whether other units than this one answered."""
        return self.answering != [self.unit_id]

    @property
    def heading(self) -> str:
        """The heading of a column with the answers of all units."""
        return f"{'Tidigare förvaltningar' if self.merged else 'Förvaltningen'} {self.year}"

    def headings(self) -> list[Column]:
        """Return a column for each unit that answered."""
        names = {u: unit_name(self.results, u, short=True) for u in self.answering if u != self.unit_id}
        return [Column(f"before-{u}", f"{names.get(u, 'Förvaltningen')} {self.year}") for u in self.answering]

    def asked(self, question: Question) -> str:
        """Return why a question has no answers to show that year; empty where it was the same."""
        walk = self.results.tables["crosswalk"]
        row = walk[(walk["earlier_year"] == self.year) & (walk["question"] == question["id"])]
        return NOT_THE_SAME.get(str(row["status"].iloc[0]), "") if len(row) else NOT_THE_SAME["new"]

    def said(self, question: Question, item: str = "") -> Value:
        """Return what was answered, or why there is no answer; with the name of who, where it was another unit."""
        if why := self.asked(question):
            return why
        if item:
            return None  # the rows of grids are not released for earlier years
        if not self.merged:
            return self._answer(question, self.unit_id)
        told = []
        for unit in self.answering:
            answer = self._answer(question, unit)
            text = answer if isinstance(answer, str) else "Visas inte"
            name = unit_name(self.results, unit, short=True)
            told.append(text if unit == self.unit_id else f"{name}: {in_sentence(text)}")
        return "\n".join(told)

    def _answer(self, question: Question, unit: str) -> Value:
        """Return the answer of one unit; a number that is not among the released answers is protected."""
        row = self.given.get((unit, question["id"]))
        return SUPPRESSED if row is None else _answer_of(self.results, question, row)

    def chose(self, question: Question, option: str) -> list[Value]:
        """Return whether each unit that answered chose an option, or why it gave no answer."""
        rows = [self.given.get((unit, question["id"])) for unit in self.answering]
        return [None if row is None else _choice(row, option) for row in rows]


def _earlier_years(results: Results, unit_id: str) -> list[History]:
    """Return the earlier years that are compared with, the first one first."""
    if "unit_history" not in results.tables:
        return []
    years = results.tables["unit_history"]["year"].unique()
    return [History(results, unit_id, int(year)) for year in sorted(years)]


NOT_THE_SAME = {
    "new": "Frågan ställdes inte",
    "reworded": "Frågan hade en annan formulering",
    "reversed": "Frågan hade en omvänd skala",
    "new_scale": "Frågan hade andra svarsalternativ",
    "undeclared": "Frågan var inte densamma",
}
"""Why a question has no answer of an earlier year, by its status in the crosswalk."""


def _answer_of(results: Results, question: Question, row: Any) -> str:
    """Return an answer as its label, its number or its date."""
    if not pd.isna(row.number):
        return swedish.number(float(row.number), decimals_of(results, question["id"]))
    label = str(row.label)
    return swedish.date(label) if question["kind"] == "date" and not _is_missing(row.value) else label


def _choice(row: Any, option: str) -> str:
    """Return whether an option is among those chosen, or why none is."""
    if _is_missing(row.value):
        return str(row.label)
    return "Ja" if option in row.value.split("; ") else "Nej"


def _is_missing(value: str) -> bool:
    """Return whether a value is a reason for why there is no answer."""
    return value.startswith("_")


def _answers_table(view: _View, asked: list[Question]) -> Table | None:
    """Return the unit's answers to all questions that have one answer."""
    told: list[tuple[str, list[Value]]] = []
    for question in asked:
        kind = question["kind"]
        if kind in ("single", "scale"):
            told += [(kind, line) for line in _closed_lines(view, question)]
        elif kind in ("number", "date") and view.answered:
            told += [(kind, line) for line in _open_lines(view, question)]
    if not told:
        return None
    before = [Column("before", view.earlier.heading)] if view.earlier else []
    caption = "Förvaltningens svar" if view.answered else "De vanligaste svaren"
    columns = view.columns("Fråga", before, beside="Samma svar" if view.answered else "Vanligaste svar")
    return Table(caption, columns, [line for _, line in told], notes=_answer_notes(told), key="svar")


def _answer_notes(told: Sequence[tuple[str, Sequence[Value]]]) -> list[str]:
    """Return what the columns of the others hold where it is no count, by the kind of question of each line."""
    notes = []
    if any(str(cell).startswith(MEDIAN) for _, line in told for cell in line[-2:]):
        notes.append(
            f"{MEDIAN}: där svaret är ett tal visas medianen av svaren, inte antalet med samma svar."
        )
    alone = [(kind, str(line[1])) for kind, line in told if NOT_COMPARED in line]
    missing = dict.fromkeys(f"”{own}”" for kind, own in alone if kind != "date")
    reasons = [f"{swedish.join(missing)} ingår inte i basen"] if missing else []
    reasons += ["datum räknas inte samman"] if any(kind == "date" for kind, _ in alone) else []
    return [*notes, f"{NOT_COMPARED}: {'; '.join(reasons)}."] if reasons else notes


def _closed_lines(view: _View, question: Question) -> list[list[Value]]:
    """Return a line for a question with one answer, or one for each item of a grid."""
    counts = rows_of(view.results, question["id"])
    found = []
    for item in question["items"] or {"": ""}:
        rows = counts[counts["item"].fillna("") == item]
        text = f"{question['text']} – {question['items'][item]}" if item else question["text"]
        own = view.own[(view.own["question"] == question["id"]) & (view.own["item"] == item)]
        before = view.before(question, item)
        if not view.answered:
            most = [_most(rows[rows["group"] == g]) for g in (view.kind, ALL)]
            found.append(view.line(text, None, before, *most))
        elif len(own):
            value = own["value"].iloc[0]
            beside: list[Value] = [NOT_COMPARED, NOT_COMPARED]
            if value not in OUTSIDE_BASE:
                beside = [
                    _beside(rows[(rows["group"] == g) & (rows["value"] == value)]) for g in (view.kind, ALL)
                ]
            found.append(view.line(text, str(own["label"].iloc[0]), before, *beside))
    return found


def _beside(row: pd.DataFrame) -> Value:
    """Return how many gave an answer, of those who answered the question."""
    if row.empty:
        return None
    if row["n"].isna().any() or row["suppressed"].any():
        return SUPPRESSED
    of = int(row["base"].iloc[0])
    return f"{swedish.number(int(row['n'].iloc[0]))} av {swedish.number(of)}" if of else NOBODY


def _most(rows: pd.DataFrame) -> Value:
    """Return the most frequent answers with their counts, as lines of a cell."""
    answers = rows[~rows["value"].isin(OUTSIDE_BASE)]
    if answers.empty:
        return None
    if answers["n"].isna().any() or answers["suppressed"].any():
        return SUPPRESSED
    top = answers[answers["n"] == answers["n"].max()]
    if top["n"].iloc[0] == 0:
        return NOBODY
    return lines([f"{r.label}: {_beside(top[top['value'] == r.value])}" for r in top.itertuples()])


def _open_lines(view: _View, question: Question) -> list[list[Value]]:
    """Return a line for a question with a number or a date, or one for each item."""
    found = []
    for answer in view.own[view.own["question"] == question["id"]].itertuples(index=False):
        text = f"{question['text']} – {question['items'][answer.item]}" if answer.item else question["text"]
        shown: Value = SUPPRESSED if answer.suppressed else _answer_of(view.results, question, answer)
        beside: list[Value] = [NOT_COMPARED, NOT_COMPARED]
        if question["kind"] == "number":
            beside = [_median(view.results, question, answer.item, g) for g in (view.kind, ALL)]
        found.append(view.line(text, shown, view.before(question, answer.item), *beside))
    return found


def _median(results: Results, question: Question, item: str, group: str) -> Value:
    """Return the median of a number question, where it is released."""
    rows = results.tables["numbers"]
    rows = rows[(rows["question"] == question["id"]) & (rows["item"] == item) & (rows["group"] == group)]
    if rows["answers"].dropna().eq(0).all() and not rows["suppressed"].any():
        return NOBODY
    if pd.isna(rows["median"].iloc[0]):
        return SUPPRESSED
    return f"{MEDIAN} {swedish.number(float(rows['median'].iloc[0]), decimals_of(results, question['id']))}"


def _options_table(view: _View, question: Question) -> Table | None:
    """Return all options of a question with several choices: whether the unit chose them, and how many others."""
    counts = rows_of(view.results, question["id"])
    chosen = counts[counts["value"] == "chosen"]
    own = view.own[view.own["question"] == question["id"]]
    picked = set(own["item"]) - {""}
    said_nothing = own[own["item"] == ""]
    if chosen.empty or (view.answered and own.empty):
        return None
    notes, earlier = [], view.earlier
    if earlier and (why := earlier.asked(question)):
        notes, earlier = [f"{why} {earlier.year}."], None
    rows: list[list[Value]] = []
    for item, text in chosen.drop_duplicates("item")[["item", "item_text"]].itertuples(
        index=False, name=None
    ):
        of = chosen[chosen["item"] == item]
        beside = [_beside(of[of["group"] == g]) for g in (view.kind, ALL)]
        mine = str(said_nothing["label"].iloc[0]) if len(said_nothing) else "Ja" if item in picked else "Nej"
        before = earlier.chose(question, item) if earlier else []
        rows.append(view.line(text, mine, before, *beside))
    columns = view.columns("Svarsalternativ", earlier.headings() if earlier else [], beside="Har valt")
    return Table(question["text"], columns, rows, notes=notes, key=key_of(question))


# --- free text and earlier years -----------------------------------------------------------------------------------


def unit_texts(results: Results, unit_id: str) -> None:
    """Publish which questions the unit answered in its own words, and whether the text is approved as a quote."""
    _publish(_texts(results, unit_id))


def _texts(results: Results, unit_id: str) -> list[Part]:
    states = results.tables["quote_states"]
    own = states[states["unit_id"] == unit_id].set_index("question")
    asked = [q for q in results.survey["questions"] if q["kind"] == "free_text"]
    if not asked or response_of(results, unit_id)["status"] not in ANSWERED:
        return []
    rows: list[list[Value]] = []
    for question in asked:
        state = "Inget svar"
        if question["id"] in own.index:
            state = lines([label for s, label in STATE_LABELS.items() if int(own.loc[question["id"], s])])
        rows.append([question["text"], state])
    columns = [Column("question", "Fråga"), Column("state", "Granskning")]
    return [
        "## Fritextsvar och deras granskning",
        "Ett svar med egna ord visas bara när en utredare har godkänt det. Svar som inte är granskade eller som har "
        "nekats visas inte, men räknas i bilaga 1.",
        Table("Förvaltningens fritextsvar och deras granskning", columns, rows, key="granskning"),
    ]


YEARS_KEY = "over-aren"


def unit_history(results: Results, unit_id: str) -> None:
    """Publish what the unit, or those it took over from, said in earlier years to the same questions.

    They stand beside this year's. Questions with several choices are compared with the year before only. Nothing
    where there are no answers of earlier years, and where the survey is compared with one earlier year only: that
    one stands beside this year's answers already.
    """
    _publish(_years(results, unit_id))


def _years(results: Results, unit_id: str) -> list[Part]:
    table = _years_table(results, unit_id)
    if table is None:
        return []
    year, earlier = results.survey["year"], _earlier_years(results, unit_id)
    silence = _silence_told(results, unit_id, earlier, now=True)
    left_out = [
        name
        for kind, name in (("multiple", "frågor som kan ha flera svar"), ("free_text", "fritextfrågor"))
        if any(q["kind"] == kind for q in results.survey["questions"])
    ]
    without = f"{swedish.sentence(swedish.join(left_out))} ingår inte." if left_out else ""
    same = f"Tabellen visar svaren på frågor som har ställts på samma sätt {year} och minst ett tidigare år."
    return ["## Svar över åren", sentences(same, without, silence), table]


def _years_table(results: Results, unit_id: str) -> Table | None:
    """Return the answers of all years to the questions that were the same, if there is more than one year before."""
    years = _earlier_years(results, unit_id)
    told = [history for history in years if history.answered]
    if len(years) < 2 or not told:
        return None
    now = results.tables["unit_answers"]
    now = now[(now["unit_id"] == unit_id) & (now["item"] == "")].set_index("question")
    rows: list[list[Value]] = []
    for question in results.survey["questions"]:
        if question["kind"] in ("multiple", "free_text") or question["items"]:
            continue
        if all(history.asked(question) for history in told):
            continue
        line: list[Value] = [question["text"], *(history.said(question) for history in told)]
        if len(now):
            answer = now.loc[question["id"]] if question["id"] in now.index else None
            hidden = answer is None or bool(answer["suppressed"])
            line.append(SUPPRESSED if hidden else _answer_of(results, question, answer))
        rows.append(line)
    if not rows:
        return None
    this_year = [int(results.survey["year"])] if len(now) else []
    columns = [
        Column("question", "Fråga"),
        *(Column(str(y), str(y)) for y in [*(h.year for h in told), *this_year]),
    ]
    notes = (
        ["Där flera förvaltningar har gått samman står vem som svarade vad."]
        if any(h.merged for h in told)
        else []
    )
    return Table("Förvaltningens svar på samma frågor över åren", columns, rows, notes=notes, key=YEARS_KEY)


# --- words ---------------------------------------------------------------------------------------------------------

_SHOWS = {
    "Bas": r"basen",
    "Belysande exempel": r"belysande exempel",
    "Ej aktuellt": r"ej aktuellt",
    "Fack": r"fack",
    "Fritext": r"fritext\w*",
    "Fullständigt svar": r"o?fullständigt",
    "Ifylld fråga": r"ifyllda?",
    "Median": r"median(en)?",
    "Objektsbortfall": r"objektsbortfall",
    "Stadsdel": r"stadsdel",
    "Tomt svar": r"tomt svar",
    "Under granskning": r"under granskning",
    "Vet ej": r"vet ej",
}
"""How each word that is explained shows in the appendix."""


def unit_words(results: Results, unit_id: str) -> None:
    """Publish the words and signs that the other chapters of the unit's appendix use; nothing where they use none."""
    chapters = (_summary, _answers, _texts, _years)
    parts = [part for chapter in chapters for part in chapter(results, unit_id)]
    text = "\n".join(_own_words(part) for part in parts)
    used = [name for name, shows in _SHOWS.items() if re.search(rf"\b{shows}\b", text, re.IGNORECASE)]
    tables = [part for part in parts if isinstance(part, Table)]
    if any(SUPPRESSED in row for table in tables for row in table.rows):
        used.append("Små antal")
    signs = [HIDDEN] if any(HIDDEN in row for table in tables for row in table.shown_rows()) else []
    if used:
        say("## Begrepp och tecken")
        definitions(results, *sorted(used, key=swedish.sort_key), signs=signs)


def _own_words(part: Part) -> str:
    """Return what a part says in the report's own words: without quotations, questions and options."""
    if isinstance(part, str):
        return "" if part.startswith(">") else re.sub(r"”[^”]*”", "", part)
    cells = [text for row in part.shown_rows() for text in row[part.row_headers :]]
    return "\n".join([*(column.heading for column in part.columns), *cells, *part.notes])
