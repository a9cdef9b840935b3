"""Small surveys, let through the measures and the gate as the notebooks do, and what the chapters publish of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from analysis.intake.answers import STATUS
from analysis.intake.ledger import COLUMNS as LEDGER_COLUMNS
from analysis.measures.codebook import describe_questions
from analysis.measures.counts import answers_by_unit, count_answers, summarise_numbers
from analysis.measures.response import item_nonresponse, response_by_section
from analysis.measures.years import compare_counts, crosswalk, unit_history
from analysis.privacy.release import (
    DESCRIBES,
    TALLY,
    Released,
    Results,
    public_survey,
    quote_states,
    read_results,
    release_answers,
    release_codebook,
    release_comparison,
    release_quotes,
    release_rule,
    write_results,
)
from analysis.report import document
from analysis.report.blocks import Document, Heading, Paragraph, TableBlock, inside, plain_text
from analysis.report.document import FIGURE_MIME, MARKDOWN_MIME, TABLE_MIME, read_notebook
from analysis.report.tables import Table
from analysis.survey.instrument import Survey

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"
UNITS = {
    "bromma": ("Bromma stadsdelsförvaltning", "Bromma", "district"),
    "farsta": ("Farsta stadsdelsförvaltning", "Farsta", "district"),
    "kultur": ("Kulturförvaltningen", "Kultur", "specialist"),
}
DEGREES = [("inte_alls", "Inte alls"), ("liten", "I liten grad"), ("viss", "I viss grad"), ("stor", "I stor grad"),
           ("mycket", "I mycket stor grad")]  # fmt: skip
AGREES = [("inte", "Instämmer inte alls"), ("delvis", "Instämmer delvis"), ("helt", "Instämmer helt")]
UNKNOWN = {"id": "vet_ej", "label": "Vet ej", "means": "dont_know"}


def options(pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"id": i, "label": label} for i, label in pairs]


QUESTIONS: list[dict[str, Any]] = [
    {"id": "vem", "text": "Vilken förvaltning?", "kind": "unit", "section": "s0"},
    {"id": "grad", "text": "I vilken grad har kunskapen ökat?", "kind": "scale", "section": "s1", "aspect": "result",
     "polarity": "positive", "clause": "kunskapen har ökat {svar}", "options": [*options(DEGREES), UNKNOWN]},
    {"id": "vilka", "text": "Vilka har ni samverkat med?", "kind": "multiple", "section": "s1",
     "clause": "de har samverkat med {svar}",
     "options": options([("skola", "Skola"), ("polis", "Polis"), ("region", "Region Stockholm")])},
    {"id": "tydlig", "text": "Styrningen är tydlig.", "kind": "scale", "section": "s1", "options": options(AGREES)},
    {"id": "plan", "text": "Har ni en plan?", "kind": "single", "section": "s2", "aspect": "activity",
     "options": [*options([("ja", "Ja"), ("nej", "Nej")]), UNKNOWN]},
    {"id": "antal", "text": "Hur många deltog?", "kind": "number", "section": "s2", "about": "people"},
    {"id": "dag", "text": "När beslutades planen?", "kind": "date", "section": "s2"},
    {"id": "text", "text": "Berätta.", "kind": "free_text", "section": "s2", "aspect": "result"},
    {"id": "analys", "text": "Har ni gjort en analys?", "kind": "single", "section": "s3",
     "perspective": "gender_equality", "options": options([("ja", "Ja"), ("nej", "Nej")])},
]  # fmt: skip
SECTIONS = [
    {"id": "s0", "title": "Bakgrund", "kind": "background", "confirmed": True},
    {"id": "s1", "title": "Kunskap", "kind": "starting_point", "confirmed": False},
    {"id": "s2", "title": "Övrigt", "kind": "topic", "confirmed": True},
    {"id": "s3", "title": "Jämställdhet", "kind": "perspective", "confirmed": True},
]


def survey_of(respondents: str = "units", *, only: tuple[str, ...] = (), **changes: Any) -> Survey:
    """Return a survey with the questions above, or some of them, and anything changed."""
    chosen = [q for q in changes.pop("questions", QUESTIONS) if not only or q["id"] in (*only, "vem")]
    if respondents == "people":
        chosen = [q for q in chosen if q["kind"] != "unit"]
    return Survey.model_validate(
        {
            "title": "Enkäten om arbetet",
            "year": 2021,
            "period": {"start": "2021-01-01", "end": "2021-09-30"},
            "responsible": {"publisher": "Socialförvaltningen"},
            "source": {"file": "x.csv"},
            "respondents": respondents,
            "sections": SECTIONS,
            "questions": chosen,
            **changes,
        }
    )


def answers_of(asked: Survey, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return answers with the dtypes that cleaning gives them, from short rows."""
    frame = pd.DataFrame({"submission_id": [f"{i:012x}" for i in range(len(rows))]}, dtype="str")
    frame["unit_id"] = pd.Series([r.get("unit") for r in rows], dtype="str")
    dtypes = {"number": "Float64", "date": "datetime64[s]"}
    for question in asked.questions:
        for column in question.columns() if question.kind != "unit" else ():
            given = [_given(r, question.kind, column) for r in rows]
            if question.is_closed:
                kind = pd.CategoricalDtype(list(question.labels()))
                frame[column] = pd.Series([v or "_not_answered" for v in given], dtype="str").astype(kind)
            else:
                frame[column] = pd.Series(given, dtype=dtypes.get(question.kind, "str"))
                status = ["_not_answered" if v is None else "answered" for v in given]
                frame[f"{column}#status"] = pd.Series(status, dtype="str").astype(
                    pd.CategoricalDtype(list(STATUS))
                )
    return frame


def _given(row: dict[str, Any], kind: str, column: str) -> Any:
    """Return what a short row gives: of several choices, the options listed under the question."""
    question, _, option = column.partition("[")
    if kind != "multiple" or question not in row:
        return row.get(column)
    given = row[question]
    if isinstance(given, str):  # a kind of missing answer
        return given
    return "chosen" if option.rstrip("]") in given else "not_chosen"


class Built:
    """The results of a small survey in a folder, as an appendix reads them."""

    survey = staticmethod(survey_of)
    questions = QUESTIONS
    units = UNITS

    def __init__(self, root: Path) -> None:
        self.root = root
        self.surveys: dict[int, Survey] = {}

    def results(
        self,
        rows: list[dict[str, Any]],
        asked: Survey | None = None,
        *,
        approved: dict[str, str] | None = None,
        units: dict[str, tuple[str, str, str]] = UNITS,
        review: dict[str, int] | None = None,
        earlier: list[dict[str, Any]] | None = None,
    ) -> Results:
        """Let answers through the measures and the gate; `earlier` are those of the year before, same questions."""
        asked = asked or survey_of()
        tables = self.tables(rows, asked, approved or {}, units, review or {})
        if earlier is not None:
            tables |= _compared(self, rows, earlier, asked, tables, units)
        public = {**public_survey(asked, date="2021-11-16"), "missing": []}
        folder = self.root / "outputs" / str(asked.year) / "results"
        write_results(folder, public, tables)
        return read_results(folder, "results")

    def tables(
        self,
        rows: list[dict[str, Any]],
        asked: Survey,
        approved: dict[str, str],
        units: dict[str, tuple[str, str, str]],
        review: dict[str, int],
    ) -> dict[str, Released]:
        """Return the released tables of a year."""
        given = answers_of(asked, rows)
        by_unit = asked.respondents == "units"
        kinds = {u: kind for u, (_, _, kind) in units.items()} if by_unit else {}
        response = _response(given, units, asked)
        tables = release_answers(
            count_answers(given, asked, kinds),
            summarise_numbers(given, asked, kinds),
            response,
            item_nonresponse(given, asked),
            answers_by_unit(given, asked),
            asked,
            kinds,
        )
        tables |= release_quotes(quote_states(_texts(given, asked), _approvals(approved)), asked)
        named = [(u, name, short, kind) for u, (name, short, kind) in units.items()]
        ledger = pd.DataFrame(
            [(2, "I vilken grad har kunskapen ökat?", "kept", "answer.folded", "", "", "program")] * 2,
            columns=list(LEDGER_COLUMNS),
        )
        counted = {"raw_cells": 40, "answers_cells": 30, "ledger_cells": 10, "unaccounted": 0}
        rules = [("dropped", "column.technical", 10), ("kept", "answer.folded", 2)]
        days = [("sent", "2021-10-01"), ("first_answer", "2021-10-05"), ("last_answer", "2021-10-20")]
        files = [("input", "data/raw/2021/x.csv", "ab" * 32), ("package", "pandas", "3.0.0")]
        tables |= {
            "units": _table(named, "unit_id, name, short, kind", DESCRIBES),
            "submissions": _table([("complete", len(rows))] if rows else [], "status, n", TALLY),
            "accounting": _table(counted.items(), "name, n", TALLY),
            "ledger_rules": _table(rules, "fate, rule, n", TALLY),
            "review_counts": _table(review.items(), "kind, open", TALLY),
            "timeline": _table(days, "what, day", DESCRIBES),
            "provenance": _table(files, "kind, name, value", DESCRIBES),
        }
        if by_unit:
            by_section = response_by_section(response, given, asked)
            tables["unit_sections"] = Released(by_section, "Ifyllda frågor", release_rule(asked))
        frames = {name: table.frame for name, table in tables.items()}
        codebook = describe_questions(asked, frames, ledger)
        tables["codebook"] = release_codebook(codebook, asked)
        return tables


def _compared(
    built: Built,
    rows: list[dict[str, Any]],
    earlier: list[dict[str, Any]],
    asked: Survey,
    tables: dict[str, Released],
    units: dict[str, tuple[str, str, str]],
) -> dict[str, Released]:
    """Return the tables that compare a year with the one before."""
    before = asked.model_copy(update={"year": asked.year - 1})
    old = built.tables(earlier, before, {}, units, {})
    walks = {before.year: crosswalk(asked, before)}
    counts = {asked.year: tables["counts"].frame, before.year: old["counts"].frame}
    names = pd.Series(list(units), dtype="str")
    here = pd.DataFrame({"year": before.year, "unit_id": names, "newest_unit_id": names}).astype(
        {"year": "int64"}
    )
    own = {before.year: old["unit_answers"].frame} if "unit_answers" in old else {}
    return release_comparison(compare_counts(counts, walks), walks, here, unit_history(own, walks, here))


def _table(rows: Any, columns: str, rule: str) -> Released:
    names = columns.split(", ")
    frame = pd.DataFrame(list(rows), columns=names)
    return Released(
        frame.astype({c: "int64" if c in ("n", "open") else "str" for c in names}), names[0], rule
    )


def _response(given: pd.DataFrame, units: dict[str, tuple[str, str, str]], asked: Survey) -> pd.DataFrame:
    answered = set(given["unit_id"].dropna())
    size = len([q for q in asked.questions if q.kind != "unit"])
    rows = [
        (u, name, kind, True, "complete" if u in answered else "none", size if u in answered else 0, size)
        for u, (name, _, kind) in units.items()
    ]
    columns = ["unit_id", "name", "kind", "invited", "status", "answered_items", "asked_items"]
    frame = pd.DataFrame(rows, columns=columns)
    types = dict.fromkeys(("unit_id", "name", "kind", "status"), "str") | {"invited": "bool"}
    return frame.astype(types | {"answered_items": "int64", "asked_items": "int64"})


def _texts(given: pd.DataFrame, asked: Survey) -> pd.DataFrame:
    columns = ["answer_id", "unit_id", "section", "question", "item", "text", "text_hash"]
    rows = [
        (f"a{i}", row["unit_id"], q.section, q.id, "", row[q.id], f"h{i}")
        for q in asked.questions
        if q.kind == "free_text"
        for i, row in enumerate(given.to_dict("records"))
        if isinstance(row[q.id], str)
    ]
    return pd.DataFrame(rows, columns=columns).astype("str")


def _approvals(approved: dict[str, str]) -> pd.DataFrame:
    rows = [(h, "edit" if text else "approve", text, "N. N.", "2021-10-01") for h, text in approved.items()]
    return pd.DataFrame(rows, columns=["text_hash", "decision", "edited_text", "by", "date"])


class Published:
    """What chapters have published, in order."""

    def __init__(self) -> None:
        self.bundles: list[dict[str, Any]] = []

    @property
    def said(self) -> list[str]:
        """The Markdown that was said."""
        return [b[MARKDOWN_MIME] for b in self.bundles if MARKDOWN_MIME in b]

    @property
    def tables(self) -> list[Table]:
        """The tables that were shown."""
        return [Table.from_dict(b[TABLE_MIME]) for b in self.bundles if TABLE_MIME in b]

    @property
    def figures(self) -> list[dict[str, Any]]:
        """The figures that were shown."""
        return [b[FIGURE_MIME] for b in self.bundles if FIGURE_MIME in b]

    @property
    def text(self) -> str:
        """The Markdown as one text, with plain blanks and without the signs that keep signs from being read."""
        return "\n\n".join(self.said).replace("\u00a0", " ").replace("\u202f", " ").replace("\\", "")

    def table(self, caption: str) -> Table:
        """Return a table by its caption."""
        return next(t for t in self.tables if t.caption == caption)

    def rows(self, caption: str) -> list[tuple[str, ...]]:
        """Return the rows of a table as a reader sees them, with plain blanks."""
        return [
            tuple(v.replace("\u00a0", " ").replace("\u202f", " ") for v in row)
            for row in self.table(caption).shown_rows()
        ]


@pytest.fixture
def built(tmp_path: Path) -> Built:
    return Built(tmp_path)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    """Collect what chapters publish instead of sending it to a notebook."""
    page = Published()
    monkeypatch.setattr(document, "_publish", page.bundles.append)
    return page


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    """The answers of three units, to begin from."""
    return [dict(row) for row in THREE]


THREE: list[dict[str, Any]] = [
    {"unit": "bromma", "grad": "stor", "vilka": ["skola", "polis"], "tydlig": "helt", "plan": "ja", "antal": 40,
     "dag": "2021-03-01", "text": "Bromma skriver.", "analys": "ja"},
    {"unit": "farsta", "grad": "mycket", "vilka": ["skola"], "tydlig": "helt", "plan": "ja", "antal": 12,
     "text": "Farsta *skriver*.", "analys": "nej"},
    {"unit": "kultur", "grad": "_dont_know", "vilka": ["skola", "region"], "tydlig": "inte", "plan": "nej", "antal": 3},
]  # fmt: skip


@pytest.fixture
def three(built: Built) -> Results:
    """The answers of three units, two of whose texts a person has approved."""
    return built.results(THREE, approved={"h0": "", "h1": "Farsta, redigerat."})


@pytest.fixture
def appendix(built: Built, published: Published) -> Callable[..., Document]:
    """Return a function that runs an appendix notebook on the results in the folder, and reads the document."""

    def make(name: str, year: int = 2021, **parameters: Any) -> Document:
        notebook = nbformat.read(NOTEBOOKS / f"appendix_{name}.ipynb", as_version=4)
        space: dict[str, Any] = {}
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            published.bundles.clear()
            exec(cell.source, space)
            if "parameters" in cell.metadata.get("tags", []):
                space |= {"year": year, "root": str(built.root), **parameters}
            data = json.loads(json.dumps(published.bundles))
            cell.outputs = [nbformat.v4.new_output("display_data", data=bundle) for bundle in data]
        return read_notebook(notebook)

    return make


@pytest.fixture
def texts_of() -> Callable[[Document], list[str]]:
    """Return a function that gives the paragraphs, headings, captions and quotes of a document, with plain blanks."""
    return _texts_of


def _texts_of(page: Document) -> list[str]:
    found: list[str] = []
    for block in page.blocks:
        if isinstance(block, TableBlock):
            found.append(block.table.caption)
            found += [str(v) for row in block.table.shown_rows() for v in row]
            found += block.table.footer()
    for block in inside(page.blocks):
        if isinstance(block, Heading | Paragraph):
            found.append(plain_text(block.content))
    return [text.replace("\u00a0", " ").replace("\u202f", " ") for text in found]
