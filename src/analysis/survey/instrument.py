"""The survey as data: pydantic models of ``survey.yaml``, and their JSON Schema for editors."""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from analysis.problems import InputError, Problem

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Text = Annotated[str, StringConstraints(min_length=1)]

MISSING_KINDS = {
    "_not_answered": "Ej besvarad",
    "_dont_know": "Vet ej",
    "_not_relevant": "Ej aktuellt",
    "_not_shown": "Ej visad",
    "_lost": "Förlorad i överföringen",
    "_under_review": "Under granskning",
}
"""Why there is no answer to count: category in ``answers.parquet`` and its Swedish label."""

MissingKind = Literal["not_answered", "dont_know", "not_relevant", "not_shown", "lost"]
"""What a text or code in the export may stand for in the place of an answer, as ``survey.yaml`` says it."""

CHOSEN = {"chosen": "Vald", "not_chosen": "Inte vald"}
"""The two values of an item of a multiple-choice question, and their Swedish labels."""

SYNTHETIC = "SYNTETISKA EXEMPELDATA"
"""What stands on everything that is made of a survey with made-up answers."""


KeyPath = tuple[str | int, ...]
"""Where something stands in a YAML file: keys, and 0-based places in lists."""


@dataclass(frozen=True)
class _Finding:
    """One thing that is wrong in a part of the survey: where in that part, what, and what to do."""

    path: KeyPath
    what: str
    do: str


class _WrongError(ValueError):
    """Everything that one check of a model finds wrong; pydantic carries it to `read_survey`."""

    def __init__(self, findings: Iterable[_Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(f.what for f in self.findings))


def _repeated(what: str, values: Iterable[tuple[KeyPath, object]]) -> Iterator[_Finding]:
    """Find every value that stands there already, at its later place."""
    seen: set[object] = set()
    for path, value in values:
        if value in seen:
            yield _Finding(path, f"the {what} {str(value)!r} is used more than once", "Make each unique")
        seen.add(value)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def _findings(self) -> Iterator[_Finding]:
        """Yield everything that is wrong between the values of the model."""
        yield from ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if findings := tuple(self._findings()):
            raise _WrongError(findings)
        return self


class Option(_Model):
    """One answer that can be chosen."""

    id: Id
    label: Text = Field(description="As it stands in the questionnaire, and in the export")
    code: Text | None = Field(
        None, description="What stands in the export for the label, where that is a code"
    )
    means: Literal["dont_know", "not_relevant"] | None = Field(
        None, description="Set where the option means “don't know” or “not relevant”"
    )
    column: Text | None = Field(
        None, description="Header in the export, where each option of a multiple question has its own column"
    )

    @property
    def value(self) -> str:
        """The category that stands for the option in the answers."""
        return f"_{self.means}" if self.means else self.id


class Item(_Model):
    """One row of a grid: the same options asked about several things."""

    id: Id
    text: Text
    column: Text = Field(description="Header in the export")
    reversed: bool = Field(
        False, description="Set where this row's codes run the other way than the options' (scales only)"
    )


class Earlier(_Model):
    """How a question relates to one of an earlier year."""

    year: int
    question: Id
    status: Literal["same", "reworded", "reversed", "new_scale"]


Kind = Literal["single", "scale", "multiple", "number", "free_text", "date", "unit"]


class Question(_Model):
    """One question of the questionnaire."""

    id: Id
    text: Text
    kind: Kind
    section: Id
    column: Text | None = Field(None, description="Header in the export; the question's text if left out")
    about: Literal["organisations", "people"] | None = Field(
        None, description="Whether the answer describes organisations, or describes or counts people"
    )
    aspect: (
        Literal["result", "practical_consequence", "activity", "obstacle", "wish", "background"] | None
    ) = None
    perspective: Literal["gender_equality", "child_rights"] | None = None
    polarity: Literal["positive", "negative"] | None = Field(
        None, description="Scales: whether the last option is the good (positive) or the bad end"
    )
    clause: Text | None = Field(
        None,
        description="How a sentence about the answers goes on after “uppger att”, with {svar} where the answer "
        "stands: “kunskapen har ökat {svar}”; the question is quoted if left out",
    )
    measured_in: Text | None = Field(
        None, description="Numbers: what they count, in the plural, such as “årsarbetskrafter”"
    )
    options: tuple[Option, ...] = ()
    items: tuple[Item, ...] = ()
    separator: Text | None = Field(
        None, description="Between the options of a multiple question in one cell; the dialect's if left out"
    )
    missing: dict[Text, MissingKind] = Field(
        default_factory=dict,
        description="What stands in the export where there is no answer, and what it means",
    )
    earlier: tuple[Earlier, ...] = ()

    @property
    def header(self) -> str:
        """The header of the question's own column in the export."""
        return self.column or self.text

    @property
    def is_closed(self) -> bool:
        """Whether the question is answered by choosing among options."""
        return self.kind in ("single", "scale", "multiple")

    @property
    def one_column_each(self) -> bool:
        """Whether each option of a multiple question has a column of its own in the export."""
        return self.kind == "multiple" and any(o.column for o in self.options)

    def headers(self) -> tuple[str, ...]:
        """Return the headers of all columns of the export that the question is read from."""
        if self.items:
            return tuple(item.column for item in self.items)
        if self.one_column_each:
            return tuple(o.column for o in self.options if o.column)
        return (self.header,)

    def columns(self) -> tuple[str, ...]:
        """Return the question's columns in ``answers.parquet``: ``question`` or ``question[item]``."""
        if self.kind == "multiple":
            return tuple(f"{self.id}[{o.id}]" for o in self.options if not o.means)
        if self.items:
            return tuple(f"{self.id}[{item.id}]" for item in self.items)
        return (self.id,)

    def labels(self) -> dict[str, str]:
        """Return the label of each category the question's columns may hold, in order."""
        if self.kind == "multiple":
            own = dict(CHOSEN) | {o.value: o.label for o in self.options if o.means}
        else:
            own = {o.value: o.label for o in self.options}
        return own | {value: label for value, label in MISSING_KINDS.items() if value not in own}

    def _findings(self) -> Iterator[_Finding]:
        if self.is_closed and not self.options:
            yield _Finding((), f"a question of kind {self.kind} needs options", "List its options in order")
        if self.kind == "multiple" and self.options and all(o.means for o in self.options):
            yield _Finding(
                ("options",), "every option means a missing answer", "Add the options that are answers"
            )
        if self.options and not self.is_closed:
            yield _Finding(
                ("options",),
                f"a question of kind {self.kind} has no options",
                "Remove them or change the kind",
            )
        if self.items and self.kind in ("multiple", "unit"):
            yield _Finding(
                ("items",), f"a question of kind {self.kind} cannot have items", "Make each item a question"
            )
        if self.polarity and self.kind != "scale":
            yield _Finding(
                ("polarity",), "polarity belongs to scales only", "Remove polarity or make the kind scale"
            )
        if self.clause and (not self.is_closed or self.clause.count("{svar}") != 1):
            yield _Finding(
                ("clause",),
                "a clause belongs to a closed question, and holds {svar} once",
                "Write it as: kunskapen har ökat {svar}",
            )
        if self.measured_in and self.kind != "number":
            yield _Finding(
                ("measured_in",),
                "only a number is measured in something",
                "Remove it or make the kind number",
            )
        if self.separator and self.kind != "multiple":
            yield _Finding(
                ("separator",),
                "only a multiple question has a separator",
                "Remove it or make the kind multiple",
            )
        yield from self._column_findings()
        yield from self._code_findings()
        options = list(enumerate(self.options))
        yield from _repeated("option id", ((("options", i, "id"), o.id) for i, o in options))
        yield from _repeated("option label", ((("options", i, "label"), fold(o.label)) for i, o in options))
        yield from _repeated(
            "meaning of an option", ((("options", i, "means"), o.means) for i, o in options if o.means)
        )
        yield from _repeated("item id", ((("items", i, "id"), it.id) for i, it in enumerate(self.items)))

    def _code_findings(self) -> Iterator[_Finding]:
        yield from _repeated(
            "option code",
            ((("options", i, "code"), o.code) for i, o in enumerate(self.options) if o.code is not None),
        )
        for i, item in enumerate(self.items):
            if item.reversed and (self.kind != "scale" or not any(o.code for o in self.options)):
                yield _Finding(
                    ("items", i, "reversed"),
                    "only a row of a scale whose options have codes can be reversed",
                    "Remove it, or give the options their codes",
                )
        labels = {fold(o.label) for o in self.options} | {fold(o.code) for o in self.options if o.code}
        for text in self.missing:
            if fold(text) in labels:
                yield _Finding(
                    ("missing", text),
                    f"{text!r} is both an option and a missing answer",
                    "Remove it here, or set `means` on the option instead",
                )

    def _column_findings(self) -> Iterator[_Finding]:
        for i, option in enumerate(self.options):
            if option.column and self.kind != "multiple":
                yield _Finding(
                    ("options", i, "column"),
                    f"an option of a question of kind {self.kind} has no column of its own",
                    "Remove it, or make the kind multiple",
                )
            if self.one_column_each and not (option.column or option.means):
                yield _Finding(
                    ("options", i),
                    f"the option {option.id!r} has no column, but others have",
                    "Give each option its column",
                )


class Section(_Model):
    """A part of the questionnaire: a starting point of the strategy, or another one."""

    id: Id
    title: Text
    kind: Literal["starting_point", "topic", "perspective", "background"]
    confirmed: bool = Field(description="Whether a person has confirmed the wording against its source")
    source: str = Field("", description="Where the wording is taken from")


class Period(_Model):
    """The time that the questions are about."""

    start: dt.date
    end: dt.date

    def _findings(self) -> Iterator[_Finding]:
        if self.end < self.start:
            yield _Finding(("end",), "the period ends before it starts", "Correct start or end")


class Responsible(_Model):
    """Who publishes, and whom to ask."""

    publisher: Text
    department: str = ""
    contact: str = ""
    case_number: str = Field("", description="Diarienummer")


Dialect = Literal[
    "microsoft_forms",
    "google_forms",
    "limesurvey",
    "surveymonkey",
    "eusurvey",
    "qualtrics",
    "kobotoolbox",
    "spss",
    "table",
]


class Columns(_Model):
    """Columns of the export that belong to a submission rather than to a question, by their headers."""

    id: Text | None = Field(None, description="The survey tool's own number of the submission")
    started: Text | None = None
    submitted: Text | None = None


class Source(_Model):
    """The export: which file, and what cannot be told from the file itself."""

    file: Text
    dialect: Dialect | None = Field(None, description="The survey tool; recognised from the file if left out")
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_rows: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (), description="The rows of the file that hold the headers; found if left out (dialect table only)"
    )
    columns: Columns = Columns()
    decimal: Literal[",", "."] = ","
    dates: Literal["ymd", "dmy", "mdy"] | None = Field(
        None, description="The order of day, month and year; told by the dates themselves if left out"
    )
    missing: dict[Text, MissingKind] = Field(
        default_factory=dict,
        description="What stands for a missing answer in all questions, and what it means",
    )
    exported: dt.date | None = Field(None, description="The day the export was made")

    def _findings(self) -> Iterator[_Finding]:
        if self.header_rows and self.dialect != "table":
            yield _Finding(
                ("header_rows",), "only the dialect table has header rows of its own", "Set `dialect: table`"
            )
        rows = self.header_rows
        if rows and rows != tuple(range(rows[0], rows[0] + len(rows))):
            yield _Finding(
                ("header_rows",), "the header rows do not follow each other", "List them as [3, 4]"
            )


class Drop(_Model):
    """A column of the export that is left out on purpose."""

    column: str
    why: Literal["technical", "personal", "unused"]


class Rules(_Model):
    """Rules that a person may set for the year."""

    duplicates: Literal["latest_complete"] = "latest_complete"
    complete_share: float = Field(
        0.5, ge=0, le=1, description="A submission with a smaller share of questions answered is partial"
    )
    smallest_count: int = Field(5, ge=1, description="Counts of people below this are not shown")


class Survey(_Model):
    """What was asked in a reporting year: ``survey.yaml``."""

    title: Text
    subtitle: str = ""
    year: int = Field(ge=1900, le=2999)
    language: Literal["sv", "en"] = Field("sv", description="The language of the questionnaire")
    synthetic: bool = Field(False, description="True for made-up example data; every page says so")
    draft: bool = Field(True, description="True until a person has settled what a draft leaves open")
    published: dt.date | None = Field(None, description="The date that stands on the appendices")
    theme: Literal["neutral", "stockholm"] = Field("neutral", description="The colours of the appendices")
    reference_date: dt.date | None = Field(
        None, description="The day whose units are asked; the end of the period if left out"
    )
    period: Period
    responsible: Responsible
    source: Source
    respondents: Literal["units", "people"]
    rules: Rules = Rules()
    sections: tuple[Section, ...] = Field(min_length=1)
    questions: tuple[Question, ...] = Field(min_length=1)
    drop: tuple[Drop, ...] = ()

    @property
    def on(self) -> dt.date:
        """The day on which invited units must exist."""
        return self.reference_date or self.period.end

    @property
    def unit_question(self) -> Question | None:
        """The question that tells which unit answers, if there is one."""
        return next((q for q in self.questions if q.kind == "unit"), None)

    def question(self, question_id: str) -> Question:
        """Return the question with that id.

        Raises
        ------
        KeyError
            If there is none.
        """
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(f"no question {question_id!r} in the survey of {self.year}")

    def counts_people(self, question: Question) -> bool:
        """Return whether the small-number rule for people applies to a question."""
        if question.about is None:
            return self.respondents == "people"
        return question.about == "people"

    def _findings(self) -> Iterator[_Finding]:
        questions = list(enumerate(self.questions))
        yield from _repeated(
            "section id", ((("sections", i, "id"), s.id) for i, s in enumerate(self.sections))
        )
        yield from _repeated("question id", ((("questions", i, "id"), q.id) for i, q in questions))
        known = {s.id for s in self.sections}
        for i, question in questions:
            if question.id in ("submission_id", "unit_id"):
                yield _Finding(
                    ("questions", i, "id"),
                    f"the id {question.id!r} is the name of a column that every table of answers has",
                    "Choose another id",
                )
            if question.section not in known:
                yield _Finding(
                    ("questions", i, "section"),
                    f"the section {question.section!r} is not among the sections",
                    f"Use one of {', '.join(sorted(known))}",
                )
            for j, earlier in enumerate(question.earlier):
                if earlier.year >= self.year:
                    yield _Finding(
                        ("questions", i, "earlier", j, "year"),
                        f"{earlier.year} is not earlier than {self.year}",
                        "Correct the year",
                    )
        units = [i for i, q in questions if q.kind == "unit"]
        if len(units) > 1 or (self.respondents == "units" and not units):
            yield _Finding(
                ("questions", units[1]) if units else ("respondents",),
                f"{len(units)} questions have kind unit",
                "Give exactly one question the kind unit, or none and set respondents to people",
            )
        columns = [(("questions", i), h) for i, q in questions for h in q.headers()]
        columns += [(("drop", i), d.column) for i, d in enumerate(self.drop)]
        yield from _repeated("column of the export", columns)


def fold(label: str) -> str:
    """Return a label with the differences removed that never carry meaning.

    Case, kinds and amounts of white space, kinds of dash and of apostrophe, decomposed letters, marks that do
    not show (byte order mark, soft hyphen, zero-width space) and a trailing full stop are folded; nothing else.

    Examples
    --------
    >>> fold("  I don’t   know. ") == fold("I don't know")
    True
    """
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", label).casefold())
    text = re.sub(r"[\ufeff\u00ad\u200b]", "", text)
    text = re.sub(r"[\u2010-\u2015\u2212]", "-", text)
    text = re.sub(r"[\u2018\u2019\u02bc\u00b4]", "'", text)
    return re.sub(r"\s+", " ", text).strip().rstrip(". ")


class _PlainLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice, and leaves dates as text.

    Plain YAML keeps the last of two equal keys silently, and stops at an impossible date without a line.
    """


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _mapping(loader: _PlainLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key is not a word", problem_mark=key.start_mark)
        if key.value in seen:
            raise yaml.MarkedYAMLError(
                problem=f"the key {key.value!r} is given twice", problem_mark=key.start_mark
            )
        seen.add(key.value)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_PlainLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _lines(node: yaml.Node, path: KeyPath = ()) -> Iterator[tuple[KeyPath, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            for found, line in _lines(value, (*path, key.value)):
                if found != (*path, key.value):
                    yield found, line
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield from _lines(value, (*path, i))


def _written_out(node: yaml.Node | None, known: dict[int, int]) -> int:
    """Return how many nodes a document has when each alias is written out, without writing it out."""
    if node is None or not isinstance(node.value, list):
        return 1
    if id(node) not in known:
        known[id(node)] = 1  # a node that holds itself is told elsewhere
        parts = [p for entry in node.value for p in (entry if isinstance(entry, tuple) else (entry,))]
        known[id(node)] = 1 + sum(_written_out(part, known) for part in parts)
    return known[id(node)]


def read_yaml(path: Path, name: str) -> tuple[Any, dict[KeyPath, int]]:
    """Read a YAML file safely.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The file's name for messages.

    Returns
    -------
    data : object
        The content; dates as text.
    lines : dict
        The 1-based line of each key and item, by its path.

    Raises
    ------
    InputError
        If the file is missing, is not UTF-8, or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError.one(name, "the file is missing", "Add it; `analysis new-year` drafts one") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError.one(name, "the file is not UTF-8", "Save it as UTF-8", line=line) from None
    except OSError as error:
        raise InputError.one(name, f"cannot be read ({error.strerror})", "Check the file") from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if _written_out(node, {}) > 100_000:
            raise InputError.one(name, "repeats itself through aliases (*) beyond measure", "Write it out")
        data = yaml.load(text, Loader=_PlainLoader)
        lines = dict(_lines(node)) if node is not None else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError.one(
            name,
            f"is not valid YAML: {error.problem or error.context}",
            "Check indentation, quotes and colons there",
            line=mark.line + 1 if mark else None,
        ) from None
    except yaml.YAMLError as error:
        raise InputError.one(name, f"is not valid YAML: {error}", "Save it as plain UTF-8 text") from None
    except RecursionError:
        raise InputError.one(
            name, "is nested too deep, or a part refers to itself", "Write the part out instead"
        ) from None
    except (ValueError, TypeError, AttributeError) as error:  # a value that does not fit its explicit !!tag
        raise InputError.one(
            name, f"is not valid YAML: {error}", "Write values without tags that begin with !"
        ) from None
    return data, lines


_ADVICE = {
    "missing": ("is missing", "Add it"),
    "extra_forbidden": ("is not a known key", "Correct its spelling or remove it"),
    "string_too_short": ("is empty", "Fill it in"),
    "too_short": ("is empty", "Add at least one"),
    "string_type": ("is not text", "Write it as text, in quotes if it looks like a number or yes/no"),
    "tuple_type": ("is not a list", "Write one entry on each line, beginning with a dash"),
    "model_type": ("is not a group of keys and values", "Write it as key: value"),
    **dict.fromkeys(("bool_parsing", "bool_type"), ("is neither true nor false", "Write true or false")),
    **dict.fromkeys(
        ("date_parsing", "date_type", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        ("is not a date", "Write it as 2021-10-19"),
    ),
    **dict.fromkeys(
        ("int_parsing", "int_type", "int_from_float"), ("is not a whole number", "Write a whole number")
    ),
}


def _advice(error: Any) -> tuple[str, str]:
    """Return what is wrong and what to do, for an error that pydantic found."""
    path = error["loc"]
    key = path[-1] if path else "the file"
    named = f"entry {key + 1} of {path[-2]!r}" if isinstance(key, int) else repr(key)
    if error["type"] in _ADVICE:
        what, do = _ADVICE[error["type"]]
        return f"{named} {what}", do
    if error["type"] == "literal_error":
        return f"{named} is {error['input']!r}", f"Use one of {error['ctx']['expected']}"
    if error["type"] == "string_pattern_mismatch":
        return (
            f"{named} is {error['input']!r}",
            "Use small letters a–z, digits and underscores, beginning with a letter",
        )
    return f"{named} is {error['input']!r}: {error['msg'][0].lower()}{error['msg'][1:]}", "Correct the value"


def _problems(error: Any, name: str, lines: dict[KeyPath, int]) -> Iterator[Problem]:
    """Yield the problems that an error of pydantic stands for, with the line of the nearest key."""
    start = tuple(error["loc"])
    own = error.get("ctx", {}).get("error")
    findings = own.findings if isinstance(own, _WrongError) else (_Finding((), *_advice(error)),)
    for finding in findings:
        path = known = (*start, *finding.path)
        while known not in lines and known:
            known = known[:-1]
        where = ".".join(str(p) for p in path)
        yield Problem(name, finding.what, finding.do, line=lines.get(known), column=where or None)


def read_survey(path: Path, name: str, *, year: int | None = None) -> Survey:
    """Read and check ``survey.yaml``.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The file's name for messages.
    year : int, optional
        The year of the folder that the file lies in; the file must name the same.

    Raises
    ------
    InputError
        With every problem at once: line, key, what is wrong, what to do.
    """
    data, lines = read_yaml(path, name)
    if not isinstance(data, dict):
        raise InputError.one(
            name, "holds no description of a survey", "Write keys and values, as in another year"
        )
    try:
        survey = Survey.model_validate(data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # A list whose entries are all wrong is also called empty: only the entries are worth saying.
        deep = {e["loc"][:1] for e in errors if len(e["loc"]) > 1}
        telling = [e for e in errors if not (e["type"] == "too_short" and e["loc"] in deep)]
        raise InputError(p for e in telling for p in _problems(e, name, lines)) from None
    if year is not None and survey.year != year:
        raise InputError.one(
            name,
            f"the year is {survey.year}, but the folder is that of {year}",
            "Correct the year, or move the file to the right folder",
            line=lines.get(("year",)),
        )
    return survey


def schema_json() -> str:
    """Return the JSON Schema of ``survey.yaml``, so that editors complete and check the file."""
    schema = Survey.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
