"""The cleaned, masked answers as files for SPSS and for Excel.

``answers.sav`` holds codes with labels: the options of a question from 1 in the survey's own order, a
multiple-choice option as 1 or 0, numbers and dates as such, free text as text. Why there is no answer is a
user-missing value from −1 to −6 (`MISSING_CODES`), so that SPSS leaves it out of every statistic; where numbers
themselves are negative, their missing values lie below them (−91 to −96, −991 to −996, …). ``answers.csv``
holds labels, as a Swedish Excel opens it.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.intake.answers import ANSWERED
from analysis.intake.contracts import write_file
from analysis.intake.excel import as_text
from analysis.survey.instrument import MISSING_KINDS, SYNTHETIC, Question, Survey
from analysis.survey.units import KIND_LABELS, Register

MISSING_CODES = {kind: -place for place, kind in enumerate(MISSING_KINDS, start=1)}
"""The user-missing value of each missing kind: −1 (“Ej besvarad”) to −6 (“Under granskning”)."""

_MASKED_NOTE = "Personuppgifter i fritext är maskerade, men svaren är känsliga och får inte spridas."

_KEYS = {
    "submission_id": "Svarets id",
    "unit_id": "Förvaltningens id",
    "unit_name": "Förvaltning",
    "unit_kind": "Förvaltningstyp",
}
_ABOUT_UNITS = ("unit_id", "unit_name", "unit_kind")
_RESERVED = frozenset(["all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"])
_NAME, _LABEL, _VALUE_LABEL, _FILE_LABEL, _NOTE_LINE, _STRING = 64, 256, 120, 64, 80, 32_767
"""How many bytes SPSS allows."""

_EPOCH = dt.datetime(1582, 10, 14)
_EPOCH_SECONDS = int((dt.datetime(1970, 1, 1) - _EPOCH).total_seconds())
"""From the moment from which SPSS counts to the one from which pandas does."""


# --- names and codes ---------------------------------------------------------------------------------------------


def variable_names(survey: Survey) -> dict[str, str]:
    """Return the name in the data files of each of the questions' columns of the answers.

    Letters, digits and underscores, at most 64, each once, none a word of the SPSS language.
    """
    return _unique_names(c for q in survey.questions if q.kind != "unit" for c in q.columns())


def _unique_names(columns: Iterable[str]) -> dict[str, str]:
    """Return a name for each column.

    Examples
    --------
    >>> list(_unique_names(["skola[ja]", "skola_ja", "by", "unit_id"]).values())
    ['skola_ja', 'skola_ja_2', 'by_2', 'unit_id_2']
    """
    found: dict[str, str] = {}
    taken = {*_RESERVED, *_KEYS}
    for column in columns:
        wanted = re.sub(r"[^a-z0-9]+", "_", column).strip("_")
        endings = itertools.chain([""], (f"_{n}" for n in itertools.count(2)))
        name = next(n for e in endings if (n := wanted[: _NAME - len(e)].rstrip("_") + e) not in taken)
        found[column] = name
        taken.add(name)
    return found


def option_codes(question: Question) -> dict[str, int]:
    """Return the code of each value that a closed question's columns may hold, missing kinds too.

    Options that mean “don't know” or “not relevant” are missing kinds.
    """
    if question.kind == "multiple":
        own = {"not_chosen": 0, "chosen": 1}
    else:
        values = [value for value in question.labels() if value not in MISSING_CODES]
        own = {value: place for place, value in enumerate(values, start=1)}
    return own | MISSING_CODES


def _missing_codes(given: npt.NDArray[np.float64]) -> dict[str, int]:
    """Return the code of each missing kind beside some numbers: none of them may be among the codes.

    Examples
    --------
    >>> _missing_codes(np.array([0.0, 7.0]))["_not_answered"], _missing_codes(np.array([-2.5]))["_not_answered"]
    (-1, -91)
    """
    smallest = float(given.min()) if len(given) else 0.0
    offsets = itertools.chain([0], (10**digits - 10 for digits in itertools.count(2)))
    offset = next(o for o in offsets if smallest > -(o + 1))
    return {kind: code - offset for kind, code in MISSING_CODES.items()}


# --- one variable ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variable:
    """One variable of the data files.

    Attributes
    ----------
    name, label : str
        The name is valid in SPSS; the label is the question's text, with its item.
    coded : array
        As in the .sav: numbers, or text.
    shown : array or Categorical
        As in the .csv: labels, numbers with a decimal comma, dates as 2021-10-19.
    labels : dict of int to str
        The labels of values.
    missing : tuple of int
        Lowest and highest user-missing value; empty for text.
    measure : str
        nominal, ordinal or scale.
    format : str
        The SPSS format; "" for text.
    """

    name: str
    label: str
    coded: npt.NDArray[Any]
    shown: npt.NDArray[np.object_] | pd.Categorical
    labels: dict[int, str]
    missing: tuple[int, ...]
    measure: Literal["nominal", "ordinal", "scale"]
    format: str = ""


def variables(answers: pd.DataFrame, survey: Survey, register: Register | None = None) -> list[Variable]:
    """Return the variables of the data files.

    Parameters
    ----------
    answers : DataFrame
        As ``answers.parquet``: one row for each submission that counts, texts masked.
    survey : Survey
        What was asked.
    register : Register, optional
        Tells the name and kind of each unit; needed where units answer.

    Raises
    ------
    ValueError
        If units answered and there is no register.
    """
    names = variable_names(survey)
    keys = {"submission_id": answers["submission_id"]}
    if survey.respondents == "units":
        if register is None:
            raise ValueError("units answered: give the register")
        keys |= _about_units(answers["unit_id"], register)
    found = [_text(key, _KEYS[key], cells) for key, cells in keys.items()]
    for question in survey.questions:
        if question.kind != "unit":
            labels = _labels(question)
            found += [
                _variable(question, names[column], labels[column], answers, column)
                for column in question.columns()
            ]
    return found


def _about_units(ids: pd.Series, register: Register) -> dict[str, pd.Series]:
    units = {unit: register.get(unit) for unit in ids.dropna().unique()}
    told = (
        ids,
        ids.map({i: u.name for i, u in units.items()}),
        ids.map({i: KIND_LABELS[u.kind][0] for i, u in units.items()}),
    )
    return dict(zip(_ABOUT_UNITS, told, strict=True))


def _labels(question: Question) -> dict[str, str]:
    """Return the label of each of the question's columns: its text, with the item or the option."""
    if question.kind == "multiple":
        parts = [o.label for o in question.options if not o.means]
    else:
        parts = [item.text for item in question.items]
    labels = [f"{question.text} – {part}" for part in parts] or [question.text]
    return dict(zip(question.columns(), labels, strict=True))


def _variable(question: Question, name: str, label: str, answers: pd.DataFrame, column: str) -> Variable:
    if question.kind == "free_text":
        return _text(name, label, answers[column])
    if question.is_closed:
        return _closed(question, name, label, answers[column])
    given = answers[column]
    status = answers[f"{column}#status"].astype("str").to_numpy(dtype=object)
    answered = status == ANSWERED
    if question.kind == "number":
        numbers = given.to_numpy(dtype=np.float64, na_value=np.nan)
        shown = [_swedish_number(n) if known else "" for n, known in zip(numbers, answered, strict=True)]
        spss = _number_format(numbers[answered])
    else:
        moments = given.astype("datetime64[s]")
        numbers = moments.to_numpy().astype(np.int64).astype(np.float64) + _EPOCH_SECONDS
        texts = moments.dt.strftime("%Y-%m-%d %H:%M").fillna("").tolist()
        shown = [text.removesuffix(" 00:00") for text in texts]
        spss = "SDATE10" if all(len(text) <= 10 for text in shown) else "DATETIME17"
    codes = _missing_codes(numbers[answered])
    coded = np.where(answered, numbers, [float(codes.get(kind, np.nan)) for kind in status])
    words = [
        text if known else MISSING_KINDS[kind]
        for text, known, kind in zip(shown, answered, status, strict=True)
    ]
    labels = {code: MISSING_KINDS[kind] for kind, code in codes.items()}
    bounds = (min(labels), max(labels))
    return Variable(name, label, coded, np.array(words, dtype=object), labels, bounds, "scale", spss)


def _closed(question: Question, name: str, label: str, cells: pd.Series) -> Variable:
    codes, words = option_codes(question), question.labels()
    if cells.isna().any():
        raise ValueError(f"{cells.name} has cells without an answer or a reason why there is none")
    values = list(cells.cat.categories)
    places = cells.cat.codes.to_numpy()
    coded = np.array([codes[value] for value in values], dtype=np.int16)[places]
    texts, of_value = np.unique([as_text(words[value]) for value in values], return_inverse=True)
    shown = pd.Categorical.from_codes(of_value[places], list(texts))
    labels = {code: words[value] for value, code in sorted(codes.items(), key=lambda pair: pair[1] < 0)}
    measure: Literal["nominal", "ordinal"] = "ordinal" if question.kind == "scale" else "nominal"
    bounds = (min(MISSING_CODES.values()), max(MISSING_CODES.values()))
    return Variable(name, label, coded, shown, labels, bounds, measure, "F4.0")


def _text(name: str, label: str, cells: pd.Series) -> Variable:
    texts = cells.astype("object").where(cells.notna(), "").map(lambda text: str(text).replace("\0", ""))
    # What is longer than SPSS allows ends with a mark; the .csv has it whole.
    coded = texts.map(lambda text: _within(text, _STRING, " […]")).to_numpy(dtype=object)
    return Variable(name, label, coded, texts.map(as_text).to_numpy(dtype=object), {}, (), "nominal")


def _number_format(given: npt.NDArray[np.float64]) -> str:
    """Return the format that shows numbers with all their decimals, at most six."""
    texts = [_plain(number) for number in np.unique(given)]
    decimals = min(6, max((len(text.partition(".")[2]) for text in texts), default=0))
    width = max((len(text.partition(".")[0]) for text in texts), default=0) + decimals + bool(decimals)
    return f"F{min(max(width, 8), 40)}.{decimals}"


def _plain(number: float) -> str:
    """Return a number as digits, never with an exponent; whole numbers without decimals."""
    text = f"{Decimal(repr(float(number))):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _swedish_number(number: float) -> str:
    return _plain(number).replace(".", ",")


def _within(text: str, size: int, mark: str = "…") -> str:
    """Return a text that takes at most `size` bytes, cut between letters and ended with a mark if need be.

    Examples
    --------
    >>> _within("åäö", 6), _within("åäöå", 6)
    ('åäö', 'å…')
    """
    raw = text.encode()
    if len(raw) <= size:
        return text
    return raw[: size - len(mark.encode())].decode(errors="ignore") + mark


# --- the file for SPSS -------------------------------------------------------------------------------------------


def write_sav(path: Path, found: list[Variable], survey: Survey, date: dt.date) -> None:
    """Write variables as a file for SPSS; the same variables and date give the same bytes."""
    import pyreadstat

    coded = [v for v in found if v.format]
    frame = pd.DataFrame({v.name: v.coded for v in found})
    title = f"{SYNTHETIC}. {survey.title}" if survey.synthetic else survey.title

    def write(part: Path) -> None:
        pyreadstat.write_sav(
            frame,
            part,
            file_label=_within(title, _FILE_LABEL),
            column_labels={v.name: _within(v.label, _LABEL) for v in found},
            row_compress=True,
            note=_note(survey, date),
            variable_value_labels={
                v.name: {code: _within(label, _VALUE_LABEL) for code, label in v.labels.items()}
                for v in coded
            },
            missing_ranges={v.name: [{"lo": v.missing[0], "hi": v.missing[1]}] for v in coded},
            variable_display_width={v.name: 12 if v.format else 40 for v in found},
            variable_measure={v.name: v.measure for v in found},
            variable_format={v.name: v.format for v in coded},
        )
        stamp(part, date)

    write_file(path, write)


_CREATED = 92
"""Where the 17 bytes of date and time stand in the header of a .sav file."""

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def stamp(path: Path, date: dt.date) -> None:
    """Set the day on which a .sav file says that it was made, at midnight: pyreadstat writes the clock's.

    The header begins with ``rec_type[4] prod_name[60] layout_code[4] nominal_case_size[4] compression[4]
    weight_index[4] ncases[4] bias[8]``, then ``creation_date[9]`` (``dd mmm yy``) and ``creation_time[8]``
    (``hh:mm:ss``); see the PSPP developers' guide, “File Header Record”,
    https://www.gnu.org/software/pspp/pspp-dev/html_node/File-Header-Record.html. Nothing else in what
    pyreadstat writes depends on when or where it is written.

    Raises
    ------
    AssertionError
        If no date stands there: then the format has changed.
    """
    with path.open("r+b") as file:
        head = file.read(_CREATED + 17)
        if not re.fullmatch(rb"\d\d [A-Z][a-z]{2} \d\d\d\d:\d\d:\d\d", head[_CREATED:]) or head[:3] != b"$FL":
            raise AssertionError(f"{path.name} has no date of creation at byte {_CREATED}")
        file.seek(_CREATED)
        file.write(f"{date.day:02d} {_MONTHS[date.month - 1]} {date.year % 100:02d}00:00:00".encode())


def _note(survey: Survey, date: dt.date) -> list[str]:
    """Return the note of the file, in lines that SPSS allows."""
    told = [
        *([f"{SYNTHETIC}. Alla svar är påhittade."] if survey.synthetic else []),
        f"{survey.title} ({survey.year}).",
        f"Utgivare: {survey.responsible.publisher}. Underlag per {date.isoformat()}.",
        _MASKED_NOTE,
        "Negativa koder är användardefinierade bortfall: orsaken till att svar saknas.",
    ]
    lines: list[str] = []
    for sentence in told:
        line = ""
        for word in sentence.split():
            longer = f"{line} {word}".strip()
            if len(longer.encode()) > _NOTE_LINE and line:
                lines.append(line)
                longer = word
            line = _within(longer, _NOTE_LINE)
        lines.append(line)
    return lines


# --- the file for Excel ------------------------------------------------------------------------------------------


def write_csv(path: Path, found: list[Variable]) -> None:
    """Write variables as a table of labels that a Swedish Excel opens right.

    Semicolons between, UTF-8 with a byte order mark, decimal comma; the heading of each column is the variable's
    name and label.
    """
    frame = pd.DataFrame({f"{v.name}: {v.label}": v.shown for v in found})
    write_file(
        path,
        lambda part: frame.to_csv(part, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n"),
    )


def write_datafiles(
    folder: Path, answers: pd.DataFrame, survey: Survey, register: Register, date: dt.date
) -> None:
    """Write ``answers.sav`` and ``answers.csv``.

    Parameters
    ----------
    folder : Path
        On the sensitive side.
    answers : DataFrame
        As ``answers.parquet``; texts are masked.
    survey, register
        What was asked, and who the units are.
    date : date
        What the .sav says that it was made on: the date of the documents, never the clock's.
    """
    found = variables(answers, survey, register)
    write_sav(folder / "answers.sav", found, survey, date)
    write_csv(folder / "answers.csv", found)
