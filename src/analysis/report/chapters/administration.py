"""The appendix of one administration: its own answers beside those of its kind and of all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import pandas as pd

from analysis.measures.counts import ALL, OUTSIDE_BASE
from analysis.privacy.release import Results
from analysis.report import swedish
from analysis.report.chapters.findings import year_before
from analysis.report.chapters.parts import lines, paragraphs, sentences, word
from analysis.report.chapters.reading import (
    ANSWERED,
    Question,
    all_sections,
    decimal,
    group_labels,
    questions,
    response_of,
    rows_of,
    section_of,
    steps,
    unit_name,
)
from analysis.report.chapters.results import response_sentence, section_heading, unconfirmed_sentence
from analysis.report.chapters.wording import asked_as, counted, in_sentence, key_of, quoted, sentence_list
from analysis.report.document import as_quote, plain, say, show
from analysis.report.tables import Column, Table, Value
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
            _reading_sentence(results, unit_id),
        )
        return
    paragraphs(
        sentences(told, response_sentence(results)),
        "Det betyder bara att förvaltningens arbete inte syns i årets resultat. Inga svar har lagts till för den, och "
        f"den räknas som {word('objektsbortfall')}. Bilagan visar i stället vad de som har svarat uppger, bredvid "
        "det som förvaltningen själv kan ha svarat tidigare år.",
        _reading_sentence(results, unit_id),
    )


def _answered_sentence(row: pd.Series[Any]) -> str:
    """Return how many of the questions the unit answered."""
    n, asked = int(row["answered_items"]), int(row["asked_items"])
    if n == asked:
        return f"Alla {swedish.plural(asked, 'fråga', 'frågor')} är besvarade." if asked > 1 else ""
    return f"{swedish.share(n, asked, 'fråga', 'frågor')} är besvarade."


def _reading_sentence(results: Results, unit_id: str) -> str:
    """Return how the tables are read, and what the mark after a heading means where there is one."""
    row = response_of(results, unit_id)
    many = KIND_LABELS[row["kind"]][1]
    beside = (
        f"Bredvid förvaltningens svar visar tabellerna hur många {many}, och hur många av alla, som har gett samma "
        "svar, av dem som har besvarat frågan."
        if row["status"] in ANSWERED
        else f"Tabellerna visar det vanligaste svaret bland {many} och bland alla som har besvarat frågan."
    )
    return sentences(beside, unconfirmed_sentence(results, all_sections(results)))


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
    """Publish every section: own answers beside those of the kind, of all and of the year before, and quotes."""
    for section_id in all_sections(results):
        unit_section(results, unit_id, section_id)


def unit_section(results: Results, unit_id: str, section_id: str) -> None:
    """Publish a section of a unit; nothing where there is nothing to show."""
    view = _View.of(results, unit_id)
    asked = questions(results, section_id)
    tables = [_section_table(view, section_id, asked)]
    tables += [_options_table(view, q) for q in asked if q["kind"] == "multiple"]
    quotes = [q for q in asked if q["kind"] == "free_text" and view.quotes_of(q)]
    shown = [table for table in tables if table is not None]
    if not shown and not quotes:
        return
    say(f"## {section_heading(results, section_id)}")
    for table in shown:
        show(table)
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
    before: pd.DataFrame
    year_before: int | None

    @classmethod
    def of(cls, results: Results, unit_id: str) -> _View:
        row = response_of(results, unit_id)
        own = results.tables["unit_answers"]
        last = year_before(results)
        history = results.tables.get("unit_history")
        if history is None or last is None:
            before = pd.DataFrame(columns=["question", "unit_id", "label", "number"])
        else:
            before = history[(history["newest_unit_id"] == unit_id) & (history["year"] == last)]
        answered = row["status"] in ANSWERED
        mine = own[own["unit_id"] == unit_id]
        return cls(results, unit_id, str(row["kind"]), answered, mine, before, last if len(before) else None)

    def quotes_of(self, question: Question) -> list[Any]:
        """Return the approved quotes of the unit to a question."""
        quotes = self.results.tables["quotes"]
        kept = (quotes["unit_id"] == self.unit_id) & (quotes["question"] == question["id"])
        return list(quotes[kept].itertuples(index=False))

    def columns(self, first: str) -> list[Column]:
        """Return the headings of a table; what nobody can say has no column."""
        year = self.results.survey["year"]
        columns = [Column("what", first)]
        if self.answered:
            columns.append(Column("own", f"Förvaltningen {year}"))
        if self.year_before:
            columns.append(Column("before", f"Förvaltningen {self.year_before}"))
        labels = group_labels(self.results)
        columns += [Column("kind", labels.get(self.kind, self.kind)), Column("all", labels[ALL])]
        return columns

    def line(self, first: str, own: str, before: str, kind: str, everyone: str) -> list[Value]:
        """Return a row for `columns`."""
        cells: list[Value] = [first]
        if self.answered:
            cells.append(own)
        if self.year_before:
            cells.append(before)
        return [*cells, kind, everyone]

    def said_before(self, question: Question) -> str:
        """Return what was answered the year before; who said it, where that was another unit."""
        return said(self.results, self.unit_id, self.before[self.before["question"] == question["id"]])


def _section_table(view: _View, section_id: str, asked: list[Question]) -> Table | None:
    """Return the unit's answers to the questions of a section that have one answer."""
    rows: list[list[Value]] = []
    for question in asked:
        if question["kind"] in ("single", "scale"):
            rows += _closed_lines(view, question)
        elif question["kind"] in ("number", "date") and view.answered:
            rows += _open_lines(view, question)
    if not rows:
        return None
    title = section_of(view.results, section_id)["title"]
    return Table(f"Svar: {in_sentence(title)}", view.columns("Fråga"), rows, key=f"avsnitt-{section_id}")


def _closed_lines(view: _View, question: Question) -> list[list[Value]]:
    """Return a line for a question with one answer, or one for each item of a grid."""
    counts = rows_of(view.results, question["id"])
    found = []
    for item in question["items"] or {"": ""}:
        rows = counts[counts["item"].fillna("") == item]
        text = f"{question['text']} – {question['items'][item]}" if item else question["text"]
        own = view.own[(view.own["question"] == question["id"]) & (view.own["item"] == item)]
        before = "" if item else view.said_before(question)
        if not view.answered:
            most = [_most(rows[rows["group"] == g]) for g in (view.kind, ALL)]
            found.append(view.line(text, "", before, *most))
        elif len(own):
            value = own["value"].iloc[0]
            beside = [
                _beside(rows[(rows["group"] == g) & (rows["value"] == value)]) for g in (view.kind, ALL)
            ]
            found.append(view.line(text, str(own["label"].iloc[0]), before, *beside))
    return found


def _beside(row: pd.DataFrame) -> str:
    """Return how many gave an answer, of how many; outside the base only how many."""
    if row.empty or row["n"].isna().any() or row["suppressed"].any() or not row["base"].iloc[0]:
        return ".."
    n = swedish.number(int(row["n"].iloc[0]))
    if row["value"].iloc[0] in OUTSIDE_BASE:
        return n
    return f"{n} av {swedish.number(int(row['base'].iloc[0]))}"


def _most(rows: pd.DataFrame) -> str:
    """Return the most frequent answers with their counts, as lines of a cell."""
    answers = rows[~rows["value"].isin(OUTSIDE_BASE)]
    if answers.empty or answers["n"].isna().any() or answers["n"].max() == 0:
        return ".."
    top = answers[answers["n"] == answers["n"].max()]
    return lines([f"{r.label}: {_beside(top[top['value'] == r.value])}" for r in top.itertuples()])


def _open_lines(view: _View, question: Question) -> list[list[Value]]:
    """Return a line for a question with a number or a date, or one for each item."""
    found = []
    for answer in view.own[view.own["question"] == question["id"]].itertuples(index=False):
        text = f"{question['text']} – {question['items'][answer.item]}" if answer.item else question["text"]
        shown = ".." if answer.suppressed else answer.label or decimal(answer.number)
        before = "" if answer.item else view.said_before(question)
        numbers = [
            _median(view.results, question, answer.item, g) if question["kind"] == "number" else ".."
            for g in (view.kind, ALL)
        ]
        found.append(view.line(text, shown, before, *numbers))
    return found


def _median(results: Results, question: Question, item: str, group: str) -> str:
    """Return the median of a number question, where it is released."""
    rows = results.tables["numbers"]
    rows = rows[(rows["question"] == question["id"]) & (rows["item"] == item) & (rows["group"] == group)]
    if rows.empty or rows["suppressed"].iloc[0] or pd.isna(rows["median"].iloc[0]):
        return ".."
    return f"Median {decimal(rows['median'].iloc[0])}"


def _options_table(view: _View, question: Question) -> Table | None:
    """Return all options of a question with several choices: whether the unit chose them, and how many others."""
    counts = rows_of(view.results, question["id"])
    chosen = counts[counts["value"] == "chosen"]
    if (view.before["question"] != question["id"]).all():  # not asked, or not answered, the year before
        view = replace(view, year_before=None)
    own = view.own[view.own["question"] == question["id"]]
    picked = set(own["item"]) - {""}
    said_nothing = own[own["item"] == ""]
    if chosen.empty or (view.answered and own.empty):
        return None
    rows: list[list[Value]] = []
    for item, text in chosen.drop_duplicates("item")[["item", "item_text"]].itertuples(
        index=False, name=None
    ):
        of = chosen[chosen["item"] == item]
        beside = [_beside(of[of["group"] == g]) for g in (view.kind, ALL)]
        mine = str(said_nothing["label"].iloc[0]) if len(said_nothing) else "Ja" if item in picked else "Nej"
        rows.append(view.line(text, mine, _chosen_before(view, question, text), *beside))
    return Table(question["text"], view.columns("Svarsalternativ"), rows, key=key_of(question))


def _chosen_before(view: _View, question: Question, label: str) -> str:
    """Return whether an option was chosen the year before; by whom, where other units have merged."""
    rows = view.before[view.before["question"] == question["id"]]
    if rows.empty:
        return ".."
    told = []
    for r in rows.sort_values("unit_id").itertuples(index=False):
        said_yes = f"; {label}; " in f"; {r.label}; "
        name = "" if r.unit_id == view.unit_id else f"{unit_name(view.results, r.unit_id, short=True)}: "
        told.append(f"{name}{'ja' if said_yes else 'nej'}" if name else "Ja" if said_yes else "Nej")
    return "\n".join(told)


def said(results: Results, unit_id: str, answers: pd.DataFrame) -> str:
    """Return what was answered in one year; with the name of who answered, where that was another unit."""
    told = []
    for r in answers.sort_values("unit_id").itertuples(index=False):
        answer = r.label if pd.isna(r.number) else decimal(r.number)
        told.append(
            answer if r.unit_id == unit_id else f"{unit_name(results, r.unit_id, short=True)}: {answer}"
        )
    return "\n".join(told) or ".."


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
    history = results.tables.get("unit_history")
    if history is None:
        return
    kinds = {q["id"]: q for q in results.survey["questions"]}
    single = [i for i, q in kinds.items() if q["kind"] not in ("multiple", "free_text")]
    own = history[(history["newest_unit_id"] == unit_id) & history["question"].isin(single)]
    years = sorted(int(y) for y in own["year"].unique())
    if len(years) < 2:
        return
    say("## Svar över åren")
    now = results.tables["unit_answers"]
    now = now[(now["unit_id"] == unit_id) & (now["item"] == "") & ~now["suppressed"]]
    this_year = [int(results.survey["year"])] if len(now) else []
    rows: list[list[Value]] = []
    for question in single:
        answers = own[own["question"] == question]
        if len(answers):
            told = [said(results, unit_id, answers[answers["year"] == y]) for y in years]
            told += [said(results, unit_id, now[now["question"] == question]) for _ in this_year]
            rows.append([kinds[question]["text"], *told])
    columns = [Column("question", "Fråga"), *(Column(str(y), str(y)) for y in [*years, *this_year])]
    merged = set(own["unit_id"]) != {unit_id}
    notes = ["Där flera förvaltningar har gått samman står vem som svarade vad."] if merged else []
    show(Table("Förvaltningens svar på samma frågor över åren", columns, rows, notes=notes, key="over-aren"))
