"""The appendix of one administration: its own answers beside those of its kind and of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import pandas as pd

from analysis.measures.counts import ALL, OUTSIDE_BASE
from analysis.privacy.release import Results
from analysis.report import swedish
from analysis.report.chapters.findings import year_before
from analysis.report.chapters.parts import STATUS_LABELS, lines, paragraphs, sentences, word
from analysis.report.chapters.reading import (
    ANSWERED,
    Question,
    all_sections,
    decimals_of,
    included,
    questions,
    response_of,
    rows_of,
    steps,
    unit_name,
)
from analysis.report.chapters.results import response_sentence
from analysis.report.chapters.wording import asked_as, counted, in_sentence, key_of, quoted, sentence_list
from analysis.report.document import as_quote, plain, say, show
from analysis.report.tables import HIDDEN, Column, Table, Value
from analysis.survey.units import KIND_LABELS

STATE_LABELS = {
    "approved": "Godkänt",
    "edited": "Godkänt efter ändring",
    "refused": "Nekat",
    "waiting": "Ej granskat",
}
"""What a person has said of a text as a quote."""

MOST_DIFFERENCES = 3
FEWEST_OTHERS = 3


# --- summary -------------------------------------------------------------------------------------------------------


def unit_summary(results: Results, unit_id: str) -> None:
    """Publish how a unit answered and where it differs most from its kind; of a silent one what that means."""
    row = response_of(results, unit_id)
    kind = KIND_LABELS[row["kind"]][0]
    did = {
        "complete": "har lämnat ett fullständigt svar",
        "partial": "har lämnat ett ofullständigt svar",
        "empty": "har lämnat in enkäten utan svar",
        "none": "har inte besvarat enkäten",
    }[row["status"]]
    named = (
        plain(row["name"]) if str(row["name"]).endswith(kind) else f"{plain(row['name'])} är en {kind} och"
    )
    told = f"{named} {did}."
    if row["status"] in ANSWERED:
        paragraphs(
            sentences(told, _answered_sentence(row), _quotes_sentence(results, unit_id)),
            *_differences_told(results, unit_id),
        )
        return
    last = year_before(results)
    before = last is not None and History(results, unit_id, last).answered
    own = ", tillsammans med förvaltningens egna svar från tidigare år" if before else ""
    paragraphs(
        sentences(told, response_sentence(results)),
        "Förvaltningens arbete syns därför inte i årets resultat. Inga svar har lagts till för den, och den räknas som "
        f"{word('objektsbortfall')}. Bilagan visar vad de som har svarat uppger{own}.",
    )


def _answered_sentence(row: pd.Series[Any]) -> str:
    """Return how many of the questions the unit filled in."""
    n, asked = int(row["answered_items"]), int(row["asked_items"])
    if n == asked:
        return f"Alla {swedish.number_word(asked)} frågor är ifyllda." if asked > 1 else ""
    return f"{swedish.share(n, asked, 'fråga', 'frågor')} är ifyllda."


def _reading_sentence(results: Results, unit_id: str) -> str:
    """Return how the tables are read."""
    row = response_of(results, unit_id)
    many = f"{KIND_LABELS[row['kind']][1]}na"
    several = any(q["kind"] == "multiple" for q in results.survey["questions"])
    if row["status"] in ANSWERED:
        told = f"Tabellen visar också hur många av de svarande {many}, och av alla svarande, som har gett samma svar."
    else:
        told = f"Tabellen visar det vanligaste svaret bland de svarande {many} och bland alla svarande."
    options = (
        "För en fråga som kan ha flera svar visas hur många som har valt varje alternativ." if several else ""
    )
    of = "De räknas av dem som har besvarat frågan."
    return sentences("Frågorna står i enkätens ordning.", told, options, of)


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
    own, others : str
        The unit's answer, and the one in the middle of the others'.
    n : int
        How many others answered.
    steps : float
        Own step minus the median step of the others.
    """

    question: Question
    own: str
    others: str
    n: int
    steps: float


def differences(results: Results, unit_id: str) -> list[Difference]:
    """Return on which scales a unit differs most from the others of its kind, the largest difference first.

    The unit's step is compared with the median step of the other units of its kind, where at least three of them
    have answered. At most three questions, each with a difference of at least one step; of equals the first in the
    questionnaire.
    """
    own = results.tables["unit_answers"]
    kinds = results.tables["response"].set_index("unit_id")["kind"]
    same = own[own["unit_id"].map(kinds) == kinds[unit_id]]
    found = []
    for question in results.survey["questions"]:
        if question["kind"] != "scale" or question["items"]:
            continue
        of = steps(question)
        answers = same[(same["question"] == question["id"]) & same["value"].isin(of)]
        mine = answers[answers["unit_id"] == unit_id]
        others = [of.index(v) for v in answers[answers["unit_id"] != unit_id]["value"]]
        if len(mine) != 1 or len(others) < FEWEST_OTHERS:
            continue
        step, middle = of.index(mine["value"].iloc[0]), median(others)
        if abs(step - middle) >= 1:
            said = _middle(question, middle)
            found.append(Difference(question, question["labels"][of[step]], said, len(others), step - middle))
    return sorted(found, key=lambda d: -abs(d.steps))[:MOST_DIFFERENCES]


def _middle(question: Question, middle: float) -> str:
    """Return the answer in the middle; two where it lies between them."""
    of = steps(question)
    around = sorted({int(middle), int(middle + 0.5)})
    return swedish.join([quoted(question["labels"][of[i]]) for i in around], "eller")


def _differences_told(results: Results, unit_id: str) -> list[str]:
    found = differences(results, unit_id)
    kind = KIND_LABELS[str(response_of(results, unit_id)["kind"])][1]
    if not found:
        return [
            f"På ingen skalfråga skiljer sig svaret med ett steg eller mer från medianen bland övriga {kind}."
        ]
    told = [
        f"På {asked_as(d.question)} {quoted(d.question['text'])} svarar förvaltningen {quoted(d.own)}. Bland övriga "
        f"{swedish.number_word(d.n)} {kind} är det mittersta svaret {d.others}."
        for d in found
    ]
    lead = f"Här skiljer sig svaren mest från {word('medianen')} bland övriga {kind}:"
    return [lead, sentence_list(told)]


# --- answers -------------------------------------------------------------------------------------------------------


def unit_sections(results: Results, unit_id: str) -> None:
    """Publish the unit's answers beside those of its kind, of all and of the year before, and its quotes.

    All questions with one answer stand in one table, in the order of the questionnaire; each question with several
    choices has a table of its own.
    """
    view = _View.of(results, unit_id)
    asked = [q for section in all_sections(results) for q in questions(results, section)]
    tables = [_answers_table(view, asked)]
    tables += [_options_table(view, q) for q in asked if q["kind"] == "multiple"]
    shown = [table for table in tables if table is not None]
    if shown:
        say("## Svar på frågorna")
        paragraphs(_reading_sentence(results, unit_id))
    for table in shown:
        show(table)
    quotes = [q for q in asked if q["kind"] == "free_text" and view.quotes_of(q)]
    if quotes:
        say("## Belysande exempel")
    for question in quotes:
        say(f"Ur svaret på frågan {quoted(question['text'])}:")
        for quote in view.quotes_of(question):
            say(as_quote(quote.quote, "Redigerat" if quote.state == "edited" else ""))


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

    def columns(self, first: str, *, beside: str) -> list[Column]:
        """Return the headings of a table; what nobody can say has no column.

        Parameters
        ----------
        beside : str
            What the columns of the others count, with a place for who they are.
        """
        columns = [Column("what", first)]
        if self.answered:
            columns.append(Column("own", f"Förvaltningen {self.results.survey['year']}"))
        if self.earlier:
            columns.append(Column("before", f"Förvaltningen {self.earlier.year}"))
        many = KIND_LABELS[self.kind][1]
        for key, of in (("kind", many), ("all", "alla svarande")):
            columns.append(Column(key, swedish.sentence(beside.format(of))))
        return columns

    def line(self, first: str, own: str, before: str, kind: str, everyone: str) -> list[Value]:
        """Return a row for `columns`."""
        cells: list[Value] = [first]
        if self.answered:
            cells.append(own)
        if self.earlier:
            cells.append(before)
        return [*cells, kind, everyone]

    def before(self, question: Question, item: str) -> str:
        """Return what was answered the year before."""
        return self.earlier.said(question, item) if self.earlier else ""


@dataclass(frozen=True)
class History:
    """What a unit, or those it took over from, answered in one earlier year."""

    results: Results
    unit_id: str
    year: int

    @property
    def units(self) -> list[str]:
        """The units that were asked or answered that year."""
        frame = self.results.tables["geography"]
        here = frame[(frame["newest_unit_id"] == self.unit_id) & (frame["year"] == self.year)]
        return sorted(here["unit_id"].unique(), key=lambda u: swedish.sort_key(unit_name(self.results, u)))

    @property
    def rows(self) -> pd.DataFrame:
        """The released answers of that year, of all units."""
        frame = self.results.tables["unit_history"]
        return frame[frame["year"] == self.year]

    @property
    def answered(self) -> bool:
        """Whether any of the units answered."""
        return bool(self.rows["unit_id"].isin(self.units).any())

    def asked(self, question: Question) -> str:
        """Return why a question has no answers to show that year; empty where it was the same."""
        walk = self.results.tables["crosswalk"]
        row = walk[(walk["earlier_year"] == self.year) & (walk["question"] == question["id"])]
        return NOT_THE_SAME.get(str(row["status"].iloc[0]), "") if len(row) else NOT_THE_SAME["new"]

    def said(self, question: Question, item: str = "") -> str:
        """Return what was answered, or why there is no answer; with the name of who, where it was another unit."""
        return self.asked(question) or self._of_units(
            lambda row: _answer_of(self.results, question, row), question, item
        )

    def chose(self, question: Question, option: str) -> str:
        """Return whether an option was chosen, or why there is no answer."""

        def told(row: Any) -> str:
            chosen = str(row.value).split("; ")
            return str(row.label) if chosen[0].startswith("_") else "Ja" if option in chosen else "Nej"

        return self.asked(question) or self._of_units(told, question)

    def _of_units(self, told: Callable[[Any], str], question: Question, item: str = "") -> str:
        rows = self.rows
        of_question = rows[rows["question"] == question["id"]].set_index("unit_id")
        answered = set(rows["unit_id"])
        found = []
        for unit in self.units:
            if unit not in answered:
                text = STATUS_LABELS["none"]
            elif item or unit not in of_question.index:
                text = HIDDEN
            else:
                text = told(of_question.loc[unit])
            named = unit != self.unit_id
            found.append(
                f"{unit_name(self.results, unit, short=True)}: {in_sentence(text) if text != HIDDEN else text}"
                if named
                else text
            )
        return "\n".join(found) or HIDDEN


NOT_THE_SAME = {
    "new": "Frågan ställdes inte",
    "reworded": "Frågan hade en annan formulering",
    "reversed": "Frågan hade en omvänd skala",
    "new_scale": "Frågan hade andra svarsalternativ",
    "undeclared": "Frågan var inte densamma",
}
"""Why a question has no answer of an earlier year, by its status in the crosswalk."""


def _answer_of(results: Results, question: Question, row: Any) -> str:
    """Return an answer as its label or its number."""
    if pd.isna(row.number):
        return str(row.label)
    return swedish.number(float(row.number), decimals_of(results, question["id"]))


def _answers_table(view: _View, asked: list[Question]) -> Table | None:
    """Return the unit's answers to all questions that have one answer."""
    rows: list[list[Value]] = []
    for question in asked:
        if question["kind"] in ("single", "scale"):
            rows += _closed_lines(view, question)
        elif question["kind"] in ("number", "date") and view.answered:
            rows += _open_lines(view, question)
    if not rows:
        return None
    if view.answered:
        columns = view.columns("Fråga", beside="{} med samma svar")
        return Table("Förvaltningens svar", columns, rows, key="svar")
    columns = view.columns("Fråga", beside="vanligaste svar bland {}")
    return Table("De vanligaste svaren", columns, rows, key="svar")


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
            found.append(view.line(text, "", before, *most))
        elif len(own):
            value = own["value"].iloc[0]
            asked = included(view.results, view.kind), included(view.results)
            beside = [
                _beside(rows[(rows["group"] == g) & (rows["value"] == value)], of)
                for g, of in zip((view.kind, ALL), asked, strict=True)
            ]
            found.append(view.line(text, str(own["label"].iloc[0]), before, *beside))
    return found


def _beside(row: pd.DataFrame, answered: int = 0) -> str:
    """Return how many gave an answer, of those who answered the question.

    An answer outside the base is counted of all who answered the survey.
    """
    if row.empty or row["n"].isna().any() or row["suppressed"].any():
        return HIDDEN
    of = answered if row["value"].iloc[0] in OUTSIDE_BASE else int(row["base"].iloc[0])
    return f"{swedish.number(int(row['n'].iloc[0]))} av {swedish.number(of)}" if of else HIDDEN


def _most(rows: pd.DataFrame) -> str:
    """Return the most frequent answers with their counts, as lines of a cell."""
    answers = rows[~rows["value"].isin(OUTSIDE_BASE)]
    if answers.empty or answers["n"].isna().any() or answers["n"].max() == 0:
        return HIDDEN
    top = answers[answers["n"] == answers["n"].max()]
    return lines([f"{r.label}: {_beside(top[top['value'] == r.value])}" for r in top.itertuples()])


def _open_lines(view: _View, question: Question) -> list[list[Value]]:
    """Return a line for a question with a number or a date, or one for each item."""
    found = []
    for answer in view.own[view.own["question"] == question["id"]].itertuples(index=False):
        text = f"{question['text']} – {question['items'][answer.item]}" if answer.item else question["text"]
        shown = HIDDEN if answer.suppressed else _answer_of(view.results, question, answer)
        numbers = [
            _median(view.results, question, answer.item, g) if question["kind"] == "number" else HIDDEN
            for g in (view.kind, ALL)
        ]
        found.append(view.line(text, shown, view.before(question, answer.item), *numbers))
    return found


def _median(results: Results, question: Question, item: str, group: str) -> str:
    """Return the median of a number question, where it is released."""
    rows = results.tables["numbers"]
    rows = rows[(rows["question"] == question["id"]) & (rows["item"] == item) & (rows["group"] == group)]
    if rows.empty or rows["suppressed"].iloc[0] or pd.isna(rows["median"].iloc[0]):
        return HIDDEN
    return f"Median {swedish.number(float(rows['median'].iloc[0]), decimals_of(results, question['id']))}"


def _options_table(view: _View, question: Question) -> Table | None:
    """Return all options of a question with several choices: whether the unit chose them, and how many others."""
    counts = rows_of(view.results, question["id"])
    chosen = counts[counts["value"] == "chosen"]
    own = view.own[view.own["question"] == question["id"]]
    picked = set(own["item"]) - {""}
    said_nothing = own[own["item"] == ""]
    if chosen.empty or (view.answered and own.empty):
        return None
    notes = []
    if view.earlier and (why := view.earlier.asked(question)):
        notes = [f"{why} {view.earlier.year}."]
        view = replace(view, earlier=None)
    rows: list[list[Value]] = []
    for item, text in chosen.drop_duplicates("item")[["item", "item_text"]].itertuples(
        index=False, name=None
    ):
        of = chosen[chosen["item"] == item]
        beside = [_beside(of[of["group"] == g]) for g in (view.kind, ALL)]
        mine = str(said_nothing["label"].iloc[0]) if len(said_nothing) else "Ja" if item in picked else "Nej"
        before = view.earlier.chose(question, item) if view.earlier else ""
        rows.append(view.line(text, mine, before, *beside))
    columns = view.columns("Svarsalternativ", beside="{} som har valt alternativet")
    return Table(question["text"], columns, rows, notes=notes, key=key_of(question))


# --- free text and earlier years -----------------------------------------------------------------------------------


def unit_texts(results: Results, unit_id: str) -> None:
    """Publish which questions the unit answered in its own words, and whether a person has approved the text."""
    states = results.tables["quote_states"]
    own = states[states["unit_id"] == unit_id].set_index("question")
    asked = [q for q in results.survey["questions"] if q["kind"] == "free_text"]
    if not asked or response_of(results, unit_id)["status"] not in ANSWERED:
        return
    say("## Fritextsvar och deras granskning")
    rows: list[list[Value]] = []
    for question in asked:
        state = "Inget svar"
        if question["id"] in own.index:
            state = lines([label for s, label in STATE_LABELS.items() if int(own.loc[question["id"], s])])
        rows.append([question["text"], state])
    say(
        "Ett svar med egna ord visas bara när en person har godkänt det. Svar som inte är granskade eller som har "
        "nekats visas inte, men räknas i bilaga 1."
    )
    columns = [Column("question", "Fråga"), Column("state", "Granskning")]
    show(Table("Förvaltningens fritextsvar och deras granskning", columns, rows, key="granskning"))


def unit_history(results: Results, unit_id: str) -> None:
    """Publish what the unit, or those it took over from, said in several earlier years to the same questions.

    They stand beside this year's. Questions with several choices are compared with the year before only. Nothing
    where there is one earlier year.
    """
    if "unit_history" not in results.tables:
        return
    frame = results.tables["unit_history"]
    years = sorted(int(y) for y in frame["year"].unique())
    told = [h for h in (History(results, unit_id, year) for year in years) if h.answered]
    if len(told) < 2:
        return
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
            line.append(HIDDEN if hidden else _answer_of(results, question, answer))
        rows.append(line)
    if not rows:
        return
    say("## Svar över åren")
    this_year = [int(results.survey["year"])] if len(now) else []
    columns = [
        Column("question", "Fråga"),
        *(Column(str(y), str(y)) for y in [*(h.year for h in told), *this_year]),
    ]
    merged = any(h.units != [unit_id] for h in told)
    notes = ["Där flera förvaltningar har gått samman står vem som svarade vad."] if merged else []
    show(Table("Förvaltningens svar på samma frågor över åren", columns, rows, notes=notes, key="over-aren"))
