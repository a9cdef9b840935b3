"""Every survey tool's export, with the bytes and the quirks of the real ones: which columns hold what, and the draft."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest
import xlsxwriter

from analysis.intake.cells import from_rows
from analysis.intake.clean import clean
from analysis.intake.decode import Grid, decode
from analysis.intake.dialects import (
    DIALECTS,
    RawColumn,
    Table,
    Tool,
    find_table,
    is_recognised,
    split_brackets,
)
from analysis.intake.draft import Draft, draft_survey, to_yaml
from analysis.problems import InputError
from analysis.survey.instrument import Columns, Question, Source, read_survey
from analysis.survey.units import Register

ROOT = Path(__file__).parents[2]
CASES = Path(os.environ.get("SURVEY_CASES", ROOT.parent / "shared" / "cases"))
EUSURVEY_FILE = (
    CASES / "eusurvey-2024" / "Content_Export_EVERSElandscaping_Survey_results_16-10-2024_nopersonal.xls"
)
N = 12
Rows = Sequence[Sequence[str]]


def table(rows: Rows, dialect: str | None = None, **more: Any) -> Table:
    return find_table(Grid("x.csv", "0" * 64, from_rows(rows)), "x.csv", dialect, **more)


def described(found: Table) -> list[tuple[str, str, str, str]]:
    return [(c.role, c.code, c.question, c.item) for c in found.columns]


def roles(found: Table) -> dict[str, str]:
    return {c.header: c.role for c in found.columns}


def refused(rows: Rows, dialect: str | None = None, **more: Any) -> str:
    with pytest.raises(InputError) as caught:
        table(rows, dialect, **more)
    return str(caught.value)


def by_rows(columns: dict[str, Sequence[str]]) -> list[list[str]]:
    """Return a header and twelve records from columns, each repeated to that length."""
    filled = [[values[i % len(values)] for i in range(N)] for values in columns.values()]
    return [list(columns), *map(list, zip(*filled, strict=True))]


def as_csv(rows: Rows, *, delimiter: str = ",", quote_all: bool = False, encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(sheets: dict[str, Sequence[Sequence[object]]]) -> bytes:
    raw = io.BytesIO()
    with xlsxwriter.Workbook(raw, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            for i, row in enumerate(rows):
                for j, cell in enumerate(row):
                    if isinstance(cell, dt.datetime):
                        sheet.write_datetime(i, j, cell, day)
                    elif cell != "":
                        sheet.write(i, j, cell)
    return raw.getvalue()


@pytest.fixture
def read(tmp_path: Path, register: Register) -> Callable[..., tuple[Table, Draft]]:
    """Decode bytes as a file, find the table, and draft the survey; the draft is one that can be read back."""

    def read(raw: bytes, name: str = "svar.csv", *, dialect: str | None = None) -> tuple[Table, Draft]:
        path = tmp_path / name
        path.write_bytes(raw)
        grid = decode(path, name)
        found = find_table(grid, name, dialect=dialect)
        draft = draft_survey(found, grid, year=2024, register=register)
        written = tmp_path / "survey.yaml"
        written.write_text(to_yaml(draft), encoding="utf-8")
        assert read_survey(written, "survey.yaml", year=2024) == draft.survey
        return found, draft

    return read


def questions(draft: Draft) -> dict[str, Question]:
    return {q.id: q for q in draft.survey.questions}


def labels(question: Question) -> list[str]:
    return [o.label for o in question.options]


def dropped(draft: Draft) -> dict[str, str]:
    return {d.column: d.why for d in draft.survey.drop}


def settles(draft: Draft, words: str) -> list[str]:
    return [line for line in draft.settle if words in line]


JA = ["Ja", "Nej", "Ja"]
TEXTS = [f"Vi har börjat med {i} grupper, och ser hur det går" for i in range(N)]
MOMENTS = [f"2024-10-{i + 1:02} 08:30:00" for i in range(N)]
IDS = [str(i) for i in range(1, N + 1)]

# --- What each tool writes ---

FORMS_SV: list[list[object]] = [
    [
        "ID", "Starttid", "Slutförandetid", "E-post", "Namn", "Har ni\nen plan?\xa0", "Vilka?", "Varför?", "Varför?2",
        "Namn2", "Mål 1", "Mål 12",
    ],
    *(
        [
            i + 1, dt.datetime(2024, 10, i + 1, 8, 30), dt.datetime(2024, 10, i + 1, 8, 40), "anonymous", "",
            JA[i % 3], ["Skola;Polis;", "Polis;", "Skola;"][i % 3], TEXTS[i], TEXTS[-i], "Ada Ek", 3 * i, 2 * i,
        ]
        for i in range(N)
    ),
]  # fmt: skip

FORMS_QUIZ = by_rows(
    {
        "ID": IDS, "Start time": ["10/9/2024 11:02"], "Completion time": ["10/9/2024 11:12"], "Email": ["anonymous"],
        "Name": [""], "Total points": ["3"], "Quiz feedback": [""], "Grade posted time": [""], "ID2": ["7", "8", "9"],
        "Points - ID2": ["1"], "Feedback - ID2": [""], "Do you?": ["Yes", "No"], "Points - Do you?": ["0", "1"],
        "Feedback - Do you?": [""], "Points - of view": ["Yes", "No", "No"],
    }
)  # fmt: skip

FORMS_QUIZ_SV = by_rows(
    {
        "ID": IDS, "Starttid": MOMENTS, "Slutförandetid": MOMENTS, "E-post": ["a@b.se"], "Namn": ["Ada"],
        "Totalt antal poäng": ["3"], "Plan?": JA, "Poäng – Plan?": ["1"], "Feedback – Plan?": [""],
    }
)  # fmt: skip

GOOGLE = by_rows(
    {
        "Tidstämpel": [f"2024-10-{i + 1:02} 08:30:00" for i in range(N)],
        "E-postadress": ["a@b.se"],
        "Poäng": ["1 / 2"],
        "Vilka?": ["Skola (F-9, gymnasium), Polis", "Polis", "Skola (F-9, gymnasium)", "Fritid, till exempel idrott, Polis"],
        "Hur? [På jobbet]": ["Ofta", "Ibland"],
        "Hur? [Hemma [nu]]": ["Aldrig", "Ofta"],
        "När? [Måndag]": ["Fm, Em", "Em", "Fm"],
        "När? [Tisdag]": ["Fm, Em", "Em", "Em"],
        "Plan [ej utkast]?": JA,
        "Ålder [år]": [str(20 + 3 * i) for i in range(N)],
    }
)  # fmt: skip

GOOGLE_DOWNLOAD = by_rows(
    {
        "Timestamp": [f"2024/10/{i + 13} 3:04:02 PM GMT+2" for i in range(N)],
        "Username": ["a@b.se"],
        "Total score": ["1.00 / 2"],
        "Which?": ["School;Police, or guards", "Police, or guards", "School"],
        "Which? [Score]": ["1.00 / 1"],
        "Which? [Feedback]": [""],
    }
)

LIMESURVEY = by_rows(
    {
        "id. Response ID": IDS,
        "submitdate. Date submitted": MOMENTS,
        "lastpage. Last page": ["4"],
        "startlanguage. Start language": ["sv"],
        "seed. Seed": ["12345"],
        "ipaddr. IP address": ["10.0.0.1"],
        "plan. Har ni en plan? [ej utkast]": JA,
        "akt[SQ001]. Vilka? [Skola [F-9]]": JA,
        "akt[SQ002]. Vilka? [Polis]": ["Nej", "Ja"],
        "akt[SQ002comment]. Vilka? [Polis [Kommentar]]": [""],
        "akt[other]. Vilka? [Annat]": TEXTS,
        "matt[SQ001][1]. Mått [Kvalitet][Nu]": ["Bra", "Dåligt"],
        "matt[SQ001][2]. Mått [Kvalitet][Sedan]": ["Dåligt", "Bra"],
        "matt[SQ002][1]. Mått [Kostnad][Nu]": ["Bra", "Bra", "Dåligt"],
        "matt[SQ002][2]. Mått [Kostnad][Sedan]": ["Dåligt"],
        "bilaga[filecount]. filecount - Bilaga": ["1"],
        "interviewtime. Total tid": ["31.5"],
        "groupTime7. Grupptid: Ett": ["31.5"],
        "planTime. Frågetid: plan": ["2.5"],
    }
)
LIMESURVEY_CODES = by_rows(
    {
        "id": IDS, "submitdate": MOMENTS, "lastpage": ["4"], "startlanguage": ["sv"], "seed": ["1"],
        "plan": ["Y", "N", "Y"], "roll": ["A2", "A1", "-oth-", "A10"], "roll[other]": ["", "", "Lärare", ""],
        "akt[SQ001]": ["Y", ""], "akt[SQ002]": ["", "Y", ""],
    }
)  # fmt: skip
LIMESURVEY_TEXTS = by_rows(
    {
        "Response ID": IDS, "Date submitted": MOMENTS, "Last page": ["4"], "Start language": ["sv"], "Seed": ["1"],
        "Har ni en plan?": JA, "Vilka? [Skola]": ["Ja", "Nej"], "Vilka? [Polis]": ["Nej", "Ja", "Nej"],
        "Total time": ["31.5"], "Question time: plan": ["2"],
    }
)  # fmt: skip

SURVEYMONKEY = [
    [
        "Respondent ID", "Collector ID", "Start Date", "End Date", "IP Address", "Email Address", "First Name",
        "Last Name", "Custom Data 1", "Plan?", "", "Vilka?", "", "", "Samtycke", "Kontakt", "", "Varför?",
    ],
    [
        *[""] * 9, "Response", "Annat (ange vad)", "Skola", "Polis", "Other (please specify)", "Jag samtycker", "Name",
        "Ort", "Open-Ended Response",
    ],
    *(
        [
            str(11_000_000_000 + 3 * i), "1", f"10/{i + 1}/2024 08:30:00 AM", f"10/{i + 1}/2024 08:40:00 AM", "10.0.0.1",
            "", "", "", "", JA[i % 3], "", ["Skola", ""][i % 2], ["", "Polis", ""][i % 3], TEXTS[i] if i == 3 else "",
            ["Jag samtycker", ""][i % 2], "Ada Ek", ["Kista", "Solna"][i % 2], TEXTS[i],
        ]
        for i in range(N)
    ),
]  # fmt: skip
SURVEYMONKEY_CONDENSED = by_rows(
    {
        "Respondent ID": [str(11_000_000_000 + 3 * i) for i in range(N)],
        "Vilka?": ["Skola, Polis", "Polis", "Skola"],
        "Inkomst": ["$1,000-$2,000", "$2,001-$9,000"],
        "Program? - Nyheter": ["Nyheter", ""],
    }
)

QUALTRICS_OWN = {
    "StartDate": "Start Date", "EndDate": "End Date", "Status": "Response Type", "IPAddress": "IP Address",
    "Progress": "Progress", "Duration (in seconds)": "Duration (in seconds)", "Finished": "Finished",
    "RecordedDate": "Recorded Date", "ResponseId": "Response ID", "RecipientLastName": "Recipient Last Name",
    "RecipientFirstName": "Recipient First Name", "RecipientEmail": "Recipient Email",
    "ExternalReference": "External Data Reference", "LocationLatitude": "Location Latitude",
    "LocationLongitude": "Location Longitude", "DistributionChannel": "Distribution Channel",
    "UserLanguage": "User Language",
}  # fmt: skip


def qualtrics(
    answers: dict[tuple[str, str], Sequence[str]], finished: str, status: Sequence[str]
) -> list[list[str]]:
    own = [
        [
            MOMENTS[i], MOMENTS[i], status[i % len(status)], "10.0.0.1", "100", "61", finished, MOMENTS[i], f"R_{i}x", "", "",
            "", "", "59.3", "18.0", "anonymous", "SV",
        ]
        for i in range(N)
    ]  # fmt: skip
    names = [*QUALTRICS_OWN, *(name for name, _ in answers)]
    texts = [*QUALTRICS_OWN.values(), *(text for _, text in answers)]
    ids = [f'{{"ImportId":"{name}","timeZone":"Europe/Stockholm"}}' for name in names]
    rows = [[*own[i], *(values[i % len(values)] for values in answers.values())] for i in range(N)]
    return [names, texts, ids, *rows]


QUALTRICS = qualtrics(
    {
        ("Q1", "Hur ofta - eller sällan? - Selected Choice"): ["Ofta", "Aldrig", "Ibland"],
        ("Q1_4_TEXT", "Hur ofta - eller sällan? - Annat - Text"): ["", "", "På lov"],
        ("Q3_1", "Vilka - av dem? - Selected Choice - Skola - förskola"): ["Skola - förskola", ""],
        ("Q3_2", "Vilka - av dem? - Selected Choice - Polis"): ["", "Polis", ""],
        ("Q3_4_TEXT", "Vilka - av dem? - Annat - Text"): ["", "Bio", ""],
        ("Q3_5", "Vilka - av dem? - Selected Choice - Ingen"): [""],
        ("Q5_1", "Ange: - På jobbet"): ["Bra", "Dåligt"],
        ("Q5_2", "Ange: - Hemma"): ["Dåligt", "Bra", "Bra"],
        ("Q7_Page Submit", "Timing - Page Submit"): ["3.5"],
        ("Q_RecaptchaScore", "Q_RecaptchaScore"): ["0.9"],
        ("Q8", "Vilka kanaler?"): ["Mejl,Brev, post", "Mejl", "Brev, post"],
    },
    "True",
    ["IP Address", "IP Address", "Survey Preview"],
)
QUALTRICS_CODES = qualtrics(
    {
        ("Q1", "Hur ofta?"): ["4", "1", "23"],
        ("Q2", "Hur nöjd?"): ["1", "2", "3", "5"],
        ("Q4", "Hur många?"): ["1", "2", "3"],
        ("Q3_1", "Vilka? - Skola"): ["1", ""],
        ("Q3_2", "Vilka? - Polis"): ["", "1", ""],
        ("Q8", "Vilka kanaler?"): ["1,3", "1", "3"],
    },
    "1",
    ["0"],
)

KOBO = by_rows(
    {
        "start": MOMENTS, "end": MOMENTS, "today": ["2024-10-01"], "deviceid": ["collect:abc"], "username": ["ada"],
        "bakgrund/alder": ["20", "31", "45", "52", "67"], "bakgrund/ort": ["kista", "solna"],
        "kanaler": ["mejl brev", "brev", ""], "kanaler/mejl": ["1", "0", ""], "kanaler/brev": ["1", "1", ""],
        "plats": ["59.3 18.0 0 0"], "_plats_latitude": ["59.3"], "_plats_longitude": ["18.0"],
        "_plats_altitude": ["0"], "_plats_precision": ["0"], "bakgrund/varfor": TEXTS, "_id": IDS,
        "_uuid": [f"uuid-{i}" for i in range(N)], "_submission_time": MOMENTS, "_validation_status": [""], "_notes": [""],
        "_status": ["submitted_via_web"], "_submitted_by": ["ada"], "__version__": ["v1"], "_tags": [""],
        "_geolocation": ["59.3, 18.0"], "_index": IDS,
    }
)  # fmt: skip
KOBO_LABELS = by_rows(
    {
        "Hur går det och/eller fungerar det?": ["Bra", "Dåligt"],
        "Vilka kanaler?": ["Mejl Brev", "Brev", ""],
        "Vilka kanaler?/Mejl": ["1", "0", ""],
        "Vilka kanaler?/Brev": ["1", "1", ""],
        "Stöd i arbetet": ["Ja absolut", "Nej inte alls", "Ja absolut"],
        "_id": IDS,
        "_uuid": [f"uuid-{i}" for i in range(N)],
        "_submission_time": MOMENTS,
        "_index": IDS,
    }
)

EUSURVEY = [
    ["Alias", "min-enkat"],
    ["Export Date", "2024-10-17 01:10:49"],
    [""],
    ["Plan? (ID1)", "How: fast (ID2)", "How: well (ID3)", "Note: why? (ID4)", "Creation date"],
    ["Yes(ID9)", "1/5", "2/5", "text (not an id)", "2024-10-07 18:19:14"],
]

TABLE = by_rows({"Svarsid": IDS, "Fråga ett": JA, "Fråga två": TEXTS, "Fråga tre": JA, "Fråga fyra": JA})

FILES: dict[str, tuple[str, str, bytes]] = {
    "forms, Swedish": ("microsoft_forms", "Plan(1-12).xlsx", as_xlsx({"Sheet1": FORMS_SV})),
    "forms, English quiz": ("microsoft_forms", "quiz.csv", as_csv(FORMS_QUIZ, encoding="utf-8-sig")),
    "forms, Swedish quiz": ("microsoft_forms", "prov.csv", as_csv(FORMS_QUIZ_SV, delimiter=";", encoding="cp1252")),
    "google, sheet": ("google_forms", "Formulärsvar 1.csv", as_csv(GOOGLE)),
    "google, download": ("google_forms", "Form.csv", as_csv(GOOGLE_DOWNLOAD, quote_all=True)),
    "limesurvey, both": ("limesurvey", "results-survey.csv", as_csv(LIMESURVEY, quote_all=True)),
    "limesurvey, codes": ("limesurvey", "codes.csv", as_csv(LIMESURVEY_CODES, delimiter=";", encoding="utf-8-sig")),
    "limesurvey, texts": ("limesurvey", "texts.csv", as_csv(LIMESURVEY_TEXTS, quote_all=True)),
    "surveymonkey, expanded": ("surveymonkey", "Sheet_1.xlsx", as_xlsx({"Sheet": SURVEYMONKEY})),
    "surveymonkey, condensed": ("surveymonkey", "condensed.csv", as_csv(SURVEYMONKEY_CONDENSED)),
    "eusurvey": ("eusurvey", "content.xlsx", as_xlsx({"Content": EUSURVEY})),
    "qualtrics, texts": ("qualtrics", "choice.csv", as_csv(QUALTRICS)),
    "qualtrics, codes": ("qualtrics", "values.csv", as_csv(QUALTRICS_CODES)),
    "kobo, names": ("kobotoolbox", "kobo.csv", as_csv(KOBO, delimiter=";", quote_all=True)),
    "kobo, labels": ("kobotoolbox", "etiketter.csv", as_csv(KOBO_LABELS, delimiter=";", quote_all=True)),
    "table": ("table", "tabell.csv", as_csv(TABLE, delimiter=";")),
}  # fmt: skip


def file_of(case: str) -> tuple[bytes, str]:
    _, name, raw = FILES[case]
    return raw, name


# --- Recognising the tool ---


def test_every_tool_that_survey_yaml_may_name_is_there() -> None:
    known = Source.model_json_schema()["properties"]["dialect"]["anyOf"][0]["enum"]
    assert sorted(known) == sorted(tool.name for tool in DIALECTS)


@pytest.mark.parametrize("case", FILES)
def test_a_file_is_recognised_as_its_own_tools_and_no_others(case: str, tmp_path: Path) -> None:
    tool, name, raw = FILES[case]
    path = tmp_path / name
    path.write_bytes(raw)
    grid = decode(path, name)
    assert find_table(grid, name).dialect.name == tool
    claimed = [d.name for d in DIALECTS if isinstance(d, Tool) and is_recognised(grid, d.name)]
    assert claimed == ([tool] if tool != "table" else [])


@pytest.mark.parametrize("case", FILES)
@pytest.mark.parametrize("lines", [1, 3, 10])
def test_rows_above_the_header_change_nothing(case: str, lines: int, tmp_path: Path) -> None:
    tool, name, raw = FILES[case]
    path = tmp_path / name
    path.write_bytes(raw)
    bare = find_table(decode(path, name), name)
    rows = decode(path, name).cells.astype("object").to_numpy().tolist()
    above = [["Rapport", "", "uttagen 2024-11-01"][: 1 + 2 * (i % 2)] for i in range(lines)]
    if tool == "eusurvey":
        lines = min(lines, 6)  # its own three rows are above the header, too
    found = table([*above[:lines], *rows])
    assert (found.dialect.name, found.header_row) == (tool, bare.header_row + lines)
    assert found.columns == bare.columns


def test_a_file_with_too_much_above_the_header_is_no_tools() -> None:
    rows = [["Rapport"]] * 11 + [[str(c) for c in row] for row in GOOGLE]
    assert table(rows).dialect.name == "table"


def test_a_person_may_settle_the_tool() -> None:
    rows = [["Tidstämpel", "Fråga [a]"], ["1", "2"]]
    assert table(rows, "table").columns[1] == RawColumn(1, "Fråga [a]", "answer", "Fråga [a]")
    assert refused(rows, "eusurvey") == (
        "x.csv: the file does not look like an export of eusurvey. Leave out `dialect`, or use table."
    )


@pytest.mark.parametrize("case", FILES)
def test_the_draft_of_a_file_cleans_it_and_nothing_is_lost(case: str, read, register: Register) -> None:
    raw, name = file_of(case)
    found, draft = read(raw, name)
    cleaned = clean(found, draft.survey, name="survey.yaml", register=register)
    assert cleaned.accounting["unaccounted"] == 0
    assert len(cleaned.answers) == len(found.cells)
    # What is open is what the draft tells, too: dates that can be read in two ways.
    assert set(cleaned.review["kind"]) == ({"dates"} if settles(draft, "read in two ways") else set())


# --- Microsoft Forms ---


def test_microsoft_forms_in_swedish(read) -> None:
    found, draft = read(*file_of("forms, Swedish"))
    assert roles(found) == {
        "ID": "id", "Starttid": "started", "Slutförandetid": "submitted", "E-post": "personal", "Namn": "personal",
        "Har ni en plan?": "answer", "Vilka?": "answer", "Varför?": "answer", "Varför?2": "answer",
        "Namn2": "personal", "Mål 1": "answer", "Mål 12": "answer",
    }  # fmt: skip
    assert [c.question for c in found.columns][7:] == ["Varför?", "Varför?", "Namn", "Mål 1", "Mål 12"]
    asked = questions(draft)
    assert [(q.text, q.column, q.kind) for q in asked.values()] == [
        ("Har ni en plan?", "Har ni en plan?", "single"),
        ("Vilka?", "Vilka?", "multiple"),
        ("Varför?", "Varför?", "free_text"),
        ("Varför?", "Varför?2", "free_text"),
        ("Mål 1", "Mål 1", "number"),
        ("Mål 12", "Mål 12", "number"),
    ]
    assert (set(labels(asked["q02"])), asked["q02"].separator) == ({"Skola", "Polis"}, None)
    assert settles(draft, "worded as another one") == [
        "2 questions are worded as another one: tell them apart: q03 “Varför?”, q04 “Varför?”."
    ]
    assert draft.survey.period.end == dt.date(2024, 10, 12)


def test_a_quiz_of_microsoft_forms_has_columns_that_are_no_questions(read) -> None:
    found, draft = read(*file_of("forms, English quiz"))
    assert [c.header for c in found.columns if c.role == "technical"] == [
        "Total points", "Quiz feedback", "Grade posted time", "Points - ID2", "Feedback - ID2", "Points - Do you?",
        "Feedback - Do you?",
    ]  # fmt: skip
    assert [c.role for c in found.columns][:5] == ["id", "started", "submitted", "personal", "personal"]
    assert [q.text for q in draft.survey.questions] == ["ID", "Do you?", "Points - of view"]
    assert settles(draft, "read in two ways") == [
        "2 columns are of dates that can be read in two ways, for no day is above 12: put `dates: dmy` or `dates: mdy` "
        "under `source`: “Start time”, “Completion time”."
    ]


def test_a_quiz_in_swedish_is_known_by_the_place_of_its_columns(read) -> None:
    found, draft = read(*file_of("forms, Swedish quiz"))
    assert [c.header for c in found.columns if c.role == "answer"] == ["Plan?"]
    assert [q.text for q in draft.survey.questions] == ["Plan?"]


# --- Google Forms ---


def test_google_forms(read) -> None:
    found, draft = read(*file_of("google, sheet"))
    assert described(found) == [
        ("submitted", "", "Tidstämpel", ""),
        ("personal", "", "E-postadress", ""),
        ("technical", "", "Poäng", ""),
        ("answer", "", "Vilka?", ""),
        ("answer", "", "Hur?", "På jobbet"),
        ("answer", "", "Hur?", "Hemma [nu]"),
        ("answer", "", "När?", "Måndag"),
        ("answer", "", "När?", "Tisdag"),
        ("answer", "", "Plan [ej utkast]?", ""),
        ("answer", "", "Ålder [år]", ""),
    ]
    which, how, monday, tuesday, plan, age = draft.survey.questions
    assert (which.kind, set(labels(which))) == (
        "multiple", {"Skola (F-9, gymnasium)", "Polis", "Fritid, till exempel idrott"},
    )  # fmt: skip
    assert (how.kind, labels(how), [i.text for i in how.items]) == (
        "scale", ["Aldrig", "Ibland", "Ofta"], ["På jobbet", "Hemma [nu]"],
    )  # fmt: skip
    # A grid of boxes to tick: a multiple question for each row, all with the same options.
    assert [(q.kind, q.text, q.column) for q in (monday, tuesday)] == [
        ("multiple", "När? [Måndag]", "När? [Måndag]"),
        ("multiple", "När? [Tisdag]", "När? [Tisdag]"),
    ]
    assert labels(monday) == labels(tuesday) == ["Em", "Fm"]
    assert (plan.kind, age.kind, age.text) == ("single", "number", "Ålder [år]")
    assert settles(draft, "split at commas")


@pytest.mark.parametrize("first", ["Tidstämpel", "tidstämpel", "Timestamp", "timestamp", "Horodateur"])
def test_google_forms_begins_with_the_time_stamp_in_any_case(first: str) -> None:
    found = table([[first, "Plan?"], list("12")])
    assert (found.dialect.name, [c.role for c in found.columns]) == ("google_forms", ["submitted", "answer"])


def test_a_quiz_downloaded_from_google_forms(read) -> None:
    found, draft = read(*file_of("google, download"))
    assert [c.role for c in found.columns] == [
        "submitted", "personal", "technical", "answer", "technical", "technical",
    ]  # fmt: skip
    (which,) = draft.survey.questions
    assert (which.kind, which.separator, set(labels(which))) == (
        "multiple",
        ";",
        {"School", "Police, or guards"},
    )
    assert draft.survey.period.start == dt.date(2024, 10, 13)
    assert not settles(draft, "two ways")


# --- LimeSurvey ---


def test_limesurvey_with_codes_and_texts(read) -> None:
    found, draft = read(*file_of("limesurvey, both"))
    assert described(found) == [
        ("id", "id", "Response ID", ""),
        ("submitted", "submitdate", "Date submitted", ""),
        ("technical", "lastpage", "Last page", ""),
        ("technical", "startlanguage", "Start language", ""),
        ("technical", "seed", "Seed", ""),
        ("personal", "ipaddr", "IP address", ""),
        ("answer", "plan", "Har ni en plan? [ej utkast]", ""),
        ("answer", "akt", "Vilka?", "Skola [F-9]"),
        ("answer", "akt", "Vilka?", "Polis"),
        ("answer", "akt_SQ002comment", "Vilka?", "Polis [Kommentar]"),
        ("answer", "akt_other", "Vilka?", "Annat"),
        ("answer", "matt_1", "Mått [Nu]", "Kvalitet"),
        ("answer", "matt_2", "Mått [Sedan]", "Kvalitet"),
        ("answer", "matt_1", "Mått [Nu]", "Kostnad"),
        ("answer", "matt_2", "Mått [Sedan]", "Kostnad"),
        ("technical", "bilaga", "filecount - Bilaga", ""),
        ("technical", "interviewtime", "Total tid", ""),
        ("technical", "groupTime7", "Grupptid: Ett", ""),
        ("technical", "planTime", "Frågetid: plan", ""),
    ]
    asked = questions(draft)
    assert {i: q.kind for i, q in asked.items()} == {
        "plan": "single", "akt": "multiple", "akt_sq002comment": "free_text", "akt_other": "free_text", "matt_1": "scale", "matt_2": "scale",
    }  # fmt: skip
    assert labels(asked["akt"]) == ["Skola [F-9]", "Polis"]
    assert [(i.text, i.column) for i in asked["matt_2"].items] == [
        ("Kvalitet", "matt[SQ001][2]. Mått [Kvalitet][Sedan]"),
        ("Kostnad", "matt[SQ002][2]. Mått [Kostnad][Sedan]"),
    ]


def test_limesurvey_with_codes_only(read) -> None:
    found, draft = read(*file_of("limesurvey, codes"))
    assert [c.role for c in found.columns][:5] == ["id", "submitted", "technical", "technical", "technical"]
    assert described(found)[6:] == [
        ("answer", "roll", "roll", ""),
        ("answer", "roll_other", "roll", "other"),
        ("answer", "akt", "akt", "SQ001"),
        ("answer", "akt", "akt", "SQ002"),
    ]
    asked = questions(draft)
    assert (asked["plan"].kind, asked["roll"].kind, asked["akt"].kind) == ("single", "single", "multiple")
    assert set(labels(asked["roll"])) == {"-oth-", "A1", "A2", "A10"}
    assert [(o.label, o.column) for o in asked["akt"].options] == [
        ("SQ001", "akt[SQ001]"),
        ("SQ002", "akt[SQ002]"),
    ]
    (line,) = settles(draft, "holding codes, not labels")
    assert line.endswith("in the order of the questionnaire: plan “plan”, roll “roll”.")
    assert len(settles(draft, "holds no text")) == 1
    assert settles(draft, "of parts known by codes only")[0].endswith("keep its `column`: akt “akt”.")


def test_limesurvey_with_texts_only(read) -> None:
    found, draft = read(*file_of("limesurvey, texts"))
    assert described(found) == [
        ("id", "", "Response ID", ""),
        ("submitted", "", "Date submitted", ""),
        ("technical", "", "Last page", ""),
        ("technical", "", "Start language", ""),
        ("technical", "", "Seed", ""),
        ("answer", "", "Har ni en plan?", ""),
        ("answer", "", "Vilka?", "Skola"),
        ("answer", "", "Vilka?", "Polis"),
        ("technical", "", "Total time", ""),
        ("technical", "", "Question time: plan", ""),
    ]
    assert {q.text: q.kind for q in draft.survey.questions} == {
        "Har ni en plan?": "single",
        "Vilka?": "multiple",
    }


# --- SurveyMonkey ---


def test_surveymonkey_with_options_in_a_second_header_row(read) -> None:
    found, draft = read(*file_of("surveymonkey, expanded"))
    assert (found.header_row, len(found.cells)) == (2, N)
    assert [c.role for c in found.columns][:9] == [
        "id", "technical", "started", "submitted", "personal", "personal", "personal", "personal", "technical",
    ]  # fmt: skip
    assert [(c.header, c.role, c.question, c.item) for c in found.columns][9:] == [
        ("Plan?", "answer", "Plan?", ""),
        ("Plan? [Annat (ange vad)]", "answer", "Plan?", "Annat (ange vad)"),
        ("Vilka? [Skola]", "answer", "Vilka?", "Skola"),
        ("Vilka? [Polis]", "answer", "Vilka?", "Polis"),
        ("Vilka? [Other (please specify)]", "answer", "Vilka?", "Other (please specify)"),
        ("Samtycke [Jag samtycker]", "answer", "Samtycke", "Jag samtycker"),
        ("Kontakt [Name]", "personal", "Kontakt", "Name"),
        ("Kontakt [Ort]", "answer", "Kontakt", "Ort"),
        ("Varför?", "answer", "Varför?", ""),
    ]
    by_text = {q.text: q for q in draft.survey.questions}
    assert {text: q.kind for text, q in by_text.items()} == {
        "Plan?": "single", "Plan? [Annat (ange vad)]": "free_text", "Vilka?": "multiple",
        "Vilka? [Other (please specify)]": "free_text", "Samtycke": "multiple", "Kontakt [Ort]": "single",
        "Varför?": "free_text",
    }  # fmt: skip
    assert labels(by_text["Vilka?"]) == ["Skola", "Polis"]


def test_a_lone_box_to_tick_is_no_choice_of_those_who_ticked_it(read) -> None:
    for case, text, label in (
        ("surveymonkey, expanded", "Samtycke", "Jag samtycker"),
        ("surveymonkey, condensed", "Program?", "Nyheter"),
    ):
        _, draft = read(*file_of(case))
        tick = next(q for q in draft.survey.questions if q.text == text)
        assert (tick.kind, labels(tick), tick.one_column_each) == ("multiple", [label], True)
        assert settles(draft, "a lone box to tick") == [
            "1 question is a lone box to tick: a blank may mean that it was not ticked, or not shown, and is counted as "
            f"not answered, so a percentage of it says nothing: {tick.id} “{text}”."
        ]


def test_surveymonkey_condensed(read) -> None:
    _, draft = read(*file_of("surveymonkey, condensed"))
    which, income, _ = draft.survey.questions
    assert (which.kind, which.separator, set(labels(which))) == ("multiple", ", ", {"Skola", "Polis"})
    assert (income.kind, labels(income)) == ("single", ["$1,000-$2,000", "$2,001-$9,000"])


def test_surveymonkey_with_options_after_a_dash() -> None:
    header = ["RespondentID", "Pie? - Apple", "Pie? - Peach", "Age - in years", "Plan?"]
    found = table([header, list("12345")])
    assert [(c.question, c.item) for c in found.columns[1:]] == [
        ("Pie?", "Apple"),
        ("Pie?", "Peach"),
        ("Age - in years", ""),
        ("Plan?", ""),
    ]
    assert [c.header for c in found.columns] == header


# --- EUSurvey ---


def test_eusurvey_below_its_preamble() -> None:
    found = table(EUSURVEY)
    assert (found.dialect.name, found.header_row, found.exported) == ("eusurvey", 4, dt.date(2024, 10, 17))
    assert list(found.cells.index) == [5]
    assert described(found) == [
        ("answer", "ID1", "Plan?", ""),
        ("answer", "ID2", "How", "fast"),
        ("answer", "ID2", "How", "well"),
        ("answer", "ID4", "Note: why?", ""),
        ("submitted", "", "Creation date", ""),
    ]


@pytest.mark.parametrize(
    ("cell", "label"), [("Yes(ID9)", "Yes"), ("A (b)(ID9)", "A (b)"), ("Not known (yet)", "Not known")]
)
def test_eusurvey_writes_an_id_after_a_label(cell: str, label: str) -> None:
    assert table(EUSURVEY).dialect.label(cell) == label


@pytest.mark.skipif(
    not EUSURVEY_FILE.is_file(), reason=f"the real export is not there: {EUSURVEY_FILE} (see SURVEY_CASES)"
)
def test_a_real_export_of_eusurvey(read) -> None:
    found, draft = read(EUSURVEY_FILE.read_bytes(), EUSURVEY_FILE.name)
    assert (found.dialect.name, found.header_row, len(found.cells), len(found.columns)) == (
        "eusurvey",
        4,
        28,
        228,
    )
    assert roles(found)["Creation date"] == "submitted"
    asked = questions(draft)
    assert (asked["p4"].kind, asked["p4"].column) == (
        "multiple", "How are you involved in research software? Multiple selections are possible. (P4)",
    )  # fmt: skip
    assert "software practitioner / developer" in labels(asked["p4"])
    assert labels(asked["s1"]) == ["Yes", "No", "I don't know"]


# --- Qualtrics ---


def test_qualtrics_with_texts(read) -> None:
    found, draft = read(*file_of("qualtrics, texts"))
    assert (found.header_row, len(found.cells)) == (3, N)
    own = dict(zip(QUALTRICS_OWN, (c.role for c in found.columns), strict=False))
    assert own == dict.fromkeys(QUALTRICS_OWN, "technical") | {
        "StartDate": "started", "EndDate": "submitted", "ResponseId": "id", "IPAddress": "personal",
        "RecipientLastName": "personal", "RecipientFirstName": "personal", "RecipientEmail": "personal",
        "ExternalReference": "personal", "LocationLatitude": "personal", "LocationLongitude": "personal",
    }  # fmt: skip
    assert [(c.header, c.role, c.code, c.question, c.item) for c in found.columns][17:] == [
        ("Q1", "answer", "Q1", "Hur ofta - eller sällan?", ""),
        ("Q1_4_TEXT", "answer", "Q1_4_TEXT", "Hur ofta - eller sällan? - Annat - Text", ""),
        ("Q3_1", "answer", "Q3", "Vilka - av dem?", "Skola - förskola"),
        ("Q3_2", "answer", "Q3", "Vilka - av dem?", "Polis"),
        ("Q3_4_TEXT", "answer", "Q3_4_TEXT", "Vilka - av dem? - Annat - Text", ""),
        ("Q3_5", "answer", "Q3", "Vilka - av dem?", "Ingen"),
        ("Q5_1", "answer", "Q5", "Ange:", "På jobbet"),
        ("Q5_2", "answer", "Q5", "Ange:", "Hemma"),
        ("Q7_Page Submit", "technical", "Q7_Page Submit", "Timing - Page Submit", ""),
        ("Q_RecaptchaScore", "technical", "Q_RecaptchaScore", "Q_RecaptchaScore", ""),
        ("Q8", "answer", "Q8", "Vilka kanaler?", ""),
    ]
    asked = questions(draft)
    assert (asked["q1"].kind, labels(asked["q1"])) == ("scale", ["Aldrig", "Ibland", "Ofta"])
    assert [(o.label, o.column) for o in asked["q3"].options] == [
        ("Skola - förskola", "Q3_1"),
        ("Polis", "Q3_2"),
        ("Ingen", "Q3_5"),
    ]
    assert (asked["q5"].kind, [i.text for i in asked["q5"].items]) == ("scale", ["På jobbet", "Hemma"])
    assert (asked["q8"].kind, set(labels(asked["q8"]))) == ("multiple", {"Mejl", "Brev, post"})
    assert not settles(draft, "holding codes")
    assert settles(draft, "have the Status") == [
        "4 submissions have the Status “Survey Preview”: take previews and tests out of the survey tool's export."
    ]
    assert draft.survey.period.end == dt.date(2024, 10, 12)


def test_the_order_of_a_scale_is_never_taken_from_the_codes_of_qualtrics(read) -> None:
    _, draft = read(*file_of("qualtrics, codes"))
    asked = questions(draft)
    assert {i: q.kind for i, q in asked.items()} == {
        "q1": "single", "q2": "single", "q4": "number", "q3": "multiple", "q8": "multiple",
    }  # fmt: skip
    assert labels(asked["q1"]) == ["1", "4", "23"]  # no step is made up, either
    assert labels(asked["q8"]) == ["1", "3"]
    assert settles(draft, "holding codes, not labels") == [
        "3 questions are holding codes, not labels: give each option its label and, as `code`, what stands in the export, "
        "in the order of the questionnaire: q1 “Hur ofta?”, q2 “Hur nöjd?”, q8 “Vilka kanaler?”."
    ]
    assert not settles(draft, "have the Status")


# --- KoboToolbox ---


def test_kobotoolbox(read) -> None:
    found, draft = read(*file_of("kobo, names"))
    known = roles(found)
    assert {h for h, role in known.items() if role == "technical"} == {
        "end", "today", "_uuid", "_validation_status", "_notes", "_status", "__version__", "_tags", "_index",
    }  # fmt: skip
    assert {h for h, role in known.items() if role == "personal"} == {
        "deviceid", "username", "plats", "_plats_latitude", "_plats_longitude", "_plats_altitude", "_plats_precision",
        "_submitted_by", "_geolocation",
    }  # fmt: skip
    assert (known["_id"], known["start"], known["_submission_time"]) == ("id", "started", "submitted")
    answers = [(c.header, c.code, c.question, c.item, c.repeats) for c in found.columns if c.role == "answer"]
    assert answers == [
        ("bakgrund/alder", "alder", "alder", "", False),
        ("bakgrund/ort", "ort", "ort", "", False),
        ("kanaler", "kanaler", "kanaler", "", True),
        ("kanaler/mejl", "kanaler", "kanaler", "mejl", False),
        ("kanaler/brev", "kanaler", "kanaler", "brev", False),
        ("bakgrund/varfor", "varfor", "varfor", "", False),
    ]
    asked = questions(draft)
    assert {i: q.kind for i, q in asked.items()} == {
        "alder": "number", "ort": "single", "kanaler": "multiple", "varfor": "free_text",
    }  # fmt: skip
    assert [(o.label, o.column) for o in asked["kanaler"].options] == [
        ("mejl", "kanaler/mejl"),
        ("brev", "kanaler/brev"),
    ]
    assert dropped(draft) == {"kanaler": "unused"}
    assert settles(draft, "repeating") == [
        "1 column is dropped as unused, for repeating what the columns of its options say: “kanaler”."
    ]


def test_kobotoolbox_with_labels(read) -> None:
    found, draft = read(*file_of("kobo, labels"))
    assert [(c.question, c.item) for c in found.columns][:5] == [
        ("Hur går det och/eller fungerar det?", ""),
        ("Vilka kanaler?", ""),
        ("Vilka kanaler?", "Mejl"),
        ("Vilka kanaler?", "Brev"),
        ("Stöd i arbetet", ""),
    ]
    assert [(q.text, q.kind) for q in draft.survey.questions] == [
        ("Hur går det och/eller fungerar det?", "scale"),
        ("Vilka kanaler?", "multiple"),
        ("Stöd i arbetet", "single"),  # blanks between words separate no options
    ]


# --- SPSS ---


def sav(columns: dict[str, tuple[str, Sequence[str]]], **more: Any) -> Grid:
    """Return the grid of a file of SPSS: name → label and twelve cells."""
    cells = by_rows({name: values for name, (_, values) in columns.items()})
    rows = [cells[0], [label for label, _ in columns.values()], *cells[1:]]
    return Grid("svar.sav", "0" * 64, from_rows(rows), format="sav", **more)


def test_a_file_of_spss_knows_its_labels_and_what_is_missing(register: Register, tmp_path: Path) -> None:
    grid = sav(
        {
            "respid": ("", [str(17 * i) for i in range(N)]),
            "q1": ("Hur ofta?", ["Ibland", "Alltid", "Vet ej", "Vägrar"]),
            "q2": ("Vilken färg?", ["Röd", "Blå", ""]),
            "q3": ("Hur nöjd?", ["Inte alls", "2", "Helt"]),
            "q4": ("Hur många barn?", ["0", "3", "12", "-9"]),
            "q5": ("", TEXTS),
        },
        value_labels={
            1: {"1": "Aldrig", "2": "Ibland", "3": "Alltid", "8": "Vet ej", "9": "Vägrar"},
            2: {"1": "Röd", "2": "Grön", "3": "Blå"},
            3: {"1": "Inte alls", "4": "Helt"},
            4: {"-9": "-9"},
        },
        user_missing={1: ("Vet ej", "Vägrar"), 4: ("-9",)},
    )
    found = find_table(grid, "svar.sav")
    assert (found.dialect.name, found.header_row, len(found.cells)) == ("spss", 2, N)
    assert described(found) == [
        ("id", "respid", "respid", ""),
        ("answer", "q1", "Hur ofta?", ""),
        ("answer", "q2", "Vilken färg?", ""),
        ("answer", "q3", "Hur nöjd?", ""),
        ("answer", "q4", "Hur många barn?", ""),
        ("answer", "q5", "q5", ""),
    ]
    draft = draft_survey(found, grid, year=2024, register=register)
    (tmp_path / "survey.yaml").write_text(to_yaml(draft), encoding="utf-8")
    assert read_survey(tmp_path / "survey.yaml", "survey.yaml", year=2024) == draft.survey
    asked = questions(draft)
    assert {i: (q.kind, labels(q)) for i, q in asked.items()} == {
        "q1": (
            "scale",
            ["Aldrig", "Ibland", "Alltid"],
        ),  # nobody chose the first: it is in the file all the same
        "q2": ("single", ["Röd", "Grön", "Blå"]),  # in the order of the file, not of size or of name
        "q3": ("scale", ["Inte alls", "2", "3", "Helt"]),
        "q4": ("number", []),
        "q5": ("free_text", []),
    }
    assert not any(o.code for q in asked.values() for o in q.options)
    assert asked["q1"].missing == {"Vet ej": "dont_know", "Vägrar": "not_answered"}
    assert asked["q4"].missing == {"-9": "not_answered"}
    assert [line.split(", which")[0] for line in settles(draft, "declares missing")] == [
        "1 question is holding “Vägrar”", "1 question is holding “-9”",
    ]  # fmt: skip
    assert settles(draft, "labels at some of its steps only")
    assert settles(draft, "holds no text")[0].endswith("q5 “q5”.")


def test_a_file_of_spss_is_no_other_tools(register: Register) -> None:
    grid = sav({"Tidstämpel": ("", MOMENTS), "q1": ("Plan?", JA)})
    assert find_table(grid, "svar.sav").dialect.name == "spss"
    with pytest.raises(InputError) as caught:
        find_table(grid, "svar.sav", "google_forms")
    assert str(caught.value) == (
        "svar.sav: the file does not look like an export of google_forms. Leave out `dialect`, or use spss."
    )
    assert refused(GOOGLE, "spss").startswith("x.csv: the file does not look like an export of spss.")


def test_a_file_that_spss_itself_could_have_written(read, tmp_path: Path) -> None:
    path = tmp_path / "skriven.sav"
    pyreadstat.write_sav(
        pd.DataFrame({"q1": [2.0, 1.0, 9.0] * 4, "q2": [20.0, 35.0, 67.0, -9.0] * 3, "q3": TEXTS}),
        path,
        column_labels={"q1": "Har ni en plan?", "q2": "Hur många år?"},
        variable_value_labels={"q1": {1: "Ja", 2: "Nej", 3: "Delvis", 9: "Vet ej"}},
        missing_ranges={"q1": [9], "q2": [-9]},
    )
    found, draft = read(path.read_bytes(), "svar.sav")
    assert (found.dialect.name, len(found.cells), draft.survey.source.dialect) == ("spss", N, "spss")
    assert described(found) == [
        ("answer", "q1", "Har ni en plan?", ""),
        ("answer", "q2", "Hur många år?", ""),
        ("answer", "q3", "q3", ""),
    ]
    asked = questions(draft)
    assert {i: (q.kind, labels(q), q.missing) for i, q in asked.items()} == {
        "q1": ("single", ["Ja", "Nej", "Delvis"], {"Vet ej": "dont_know"}),
        "q2": ("number", [], {"-9": "not_answered"}),
        "q3": ("free_text", [], {}),
    }


# --- Any other table ---


def test_any_other_table_with_a_header_below_a_title() -> None:
    found = table([["Rapport"], [""], ["Fråga ett", "Fråga två", "Svarsid"], ["a", "b", "7"]])
    assert (found.dialect.name, found.header_row) == ("table", 3)
    assert [c.role for c in found.columns] == ["answer", "answer", "id"]
    assert found.dialect.label("Yes(ID9)") == "Yes(ID9)"


MERGED = [
    ["Enkät 2024"],
    ["Nr", "Inskickat", "Hur går det?", "", "Bakgrund", ""],
    ["", "", "På jobbet", "Hemma", "Ålder", ""],
    ["1", "2024-10-01", "Bra", "Dåligt", "40", ""],
]


def test_header_rows_that_a_person_has_settled_are_joined_as_merged_cells_are() -> None:
    found = table(MERGED, "table", header_rows=(2, 3), columns=Columns(id="Nr", submitted="inskickat"))
    assert [(c.header, c.role, c.question, c.item) for c in found.columns] == [
        ("Nr", "id", "Nr", ""),
        ("Inskickat", "submitted", "Inskickat", ""),
        ("Hur går det? – På jobbet", "answer", "Hur går det?", "På jobbet"),
        ("Hur går det? – Hemma", "answer", "Hur går det?", "Hemma"),
        ("Bakgrund – Ålder", "answer", "Bakgrund – Ålder", ""),
    ]
    assert (found.header_row, list(found.cells.index)) == (3, [4])


def test_header_rows_far_down_or_without_headers() -> None:
    rows = [["x"]] * 40 + [["Fråga", "Svar"], ["1", "2"]]
    assert [c.header for c in table(rows, "table", header_rows=(41,)).columns] == ["Fråga", "Svar"]
    message = "x.csv: there are no headers in the rows {}. Correct `source: header_rows:` in survey.yaml."
    assert refused(MERGED, "table", header_rows=(9, 10)) == message.format("9–10")
    assert refused([["a", "b"], ["", ""], ["1", "2"]], "table", header_rows=(2,)) == message.format("2–2")


def test_a_column_that_a_person_names_has_that_role_whatever_it_is_called() -> None:
    rows = [["Svarsid", "Löpnummer", "Kom in", "Plan?"], list("1234")]
    found = table(rows, columns=Columns(id="Löpnummer", started="Kom in"))
    assert roles(found) == {"Svarsid": "technical", "Löpnummer": "id", "Kom in": "started", "Plan?": "answer"}


def test_every_wrong_name_of_a_column_is_told_with_the_nearest() -> None:
    rows = [["Löpnummer", "Kom in", "Plan?"], list("123")]
    assert refused(rows, columns=Columns(id="Löpnumer", submitted="Xyz")).splitlines() == [
        "x.csv: there is no column 'Löpnumer' (the nearest is 'Löpnummer'). Correct `source: columns: id:` in "
        "survey.yaml.",
        "x.csv: there is no column 'Xyz'. Correct `source: columns: submitted:` in survey.yaml.",
    ]
    assert refused(rows, columns=Columns(id="Kom in", started="kom in")) == (
        "x.csv: the column 'Kom in' is named for more than one thing. Correct `source: columns:` in survey.yaml."
    )


# --- What is wrong ---


def test_headers_without_answers() -> None:
    assert refused([["Tidstämpel", "Fråga"], ["", ""]]) == (
        "x.csv: there is a header but no answers below it. Export the survey with its answers."
    )


def test_rows_without_anything_to_see() -> None:
    assert refused([[" ", "\n"], ["\u00a0", ""]]) == (
        "x.csv: no row looks like headers. Check that this is the export with answers."
    )


def test_a_table_without_questions() -> None:
    assert refused([["Tidstämpel", "E-post"], ["1", "2"]]) == (
        "x.csv: no column looks like a question. Check that this is the export with answers, and its delimiter."
    )


# --- Columns and rows ---


def test_headers_are_unique_and_on_one_line() -> None:
    found = table([["Fråga\u00a0ett", "Fråga ett", "\ufeffFråga  ett ", "Fråga ett (2)"], list("1234")])
    headers = [c.header for c in found.columns]
    assert headers == ["Fråga ett", "Fråga ett (3)", "Fråga ett (4)", "Fråga ett (2)"]
    assert [c.header for c in table([["A", "A", "A"], list("123")]).columns] == ["A", "A (2)", "A (3)"]


def test_columns_without_a_header() -> None:
    found = table([["", "Ett", "Två", "Tre", "", ""], [*"1axzy", ""], ["2", "b", "", "", "", ""]])
    assert [(c.position, c.header, c.role) for c in found.columns] == [
        (0, "(column 1)", "technical"),  # numbers every row
        (1, "Ett", "answer"),
        (2, "Två", "answer"),
        (3, "Tre", "answer"),
    ]
    assert found.overflow == [4, 5]


def test_an_unnamed_column_between_others_that_does_not_number_the_rows_is_kept() -> None:
    found = table([["a", "", "b"], ["1", "x", "2"], ["3", "x", "4"]])
    assert [(c.header, c.role) for c in found.columns] == [
        ("a", "answer"),
        ("(column 2)", "answer"),
        ("b", "answer"),
    ]


def test_a_column_without_any_cell_is_kept_where_it_has_a_header() -> None:
    found = table([["a", "b", ""], ["1", "", ""]])
    assert [c.header for c in found.columns] == ["a", "b"]


def test_blank_rows_are_no_submissions_and_rows_keep_their_numbers() -> None:
    found = table([["a", "b"], ["1", ""], ["", ""], ["", "2"]])
    assert list(found.cells.index) == [2, 4]


@pytest.mark.parametrize("case", ["surveymonkey, expanded", "qualtrics, texts", "table"])
def test_rows_that_repeat_the_header_are_known_and_no_answers_of_the_draft(
    case: str, read, tmp_path: Path
) -> None:
    tool, name, raw = FILES[case]
    path = tmp_path / name
    path.write_bytes(raw)
    rows = decode(path, name).cells.astype("object").to_numpy().tolist()
    height = find_table(decode(path, name), name).header_row
    twice = as_csv([*rows[: height + 5], *rows[:height], *rows[height + 5 :]])
    found, draft = read(twice)
    assert found.dialect.name == tool
    assert [i for i, again in enumerate(found.repeated) if again] == list(range(5, 5 + height))
    _, once = read(as_csv(rows))
    assert draft.survey.questions == once.survey.questions


def unfinished(found: Table) -> list[str]:
    return [
        line for line in found.dialect.doubts(found) if "unfinished" in line or "_validation_status" in line
    ]


def test_submissions_that_the_tool_itself_calls_unfinished_are_counted() -> None:
    header = ["id", "submitdate", "lastpage", "startlanguage", "Q1"]
    rows = [
        ["1", "2024-10-01", "3", "sv", "Ja"],
        ["2", "", "1", "sv", "Ja"],
        ["3", "2024-10-02", "3", "sv", "Nej"],
    ]
    (line,) = unfinished(table([header, *rows]))
    assert line.startswith(
        "1 submission is unfinished by the survey tool's own word (without “submitdate”): "
    )
    assert unfinished(table([header, rows[0], rows[2]])) == []
    assert unfinished(table([header, rows[1], rows[1]])) == []  # it tells nothing of any
    assert (
        unfinished(table([["Plan?", "Svarsdatum"], ["Ja", ""], ["Nej", "2024-10-01"]])) == []
    )  # nor a table
    names = ["ResponseId", "Finished", "Q1"]
    ids = [f'{{"ImportId":"{name}"}}' for name in names]
    rows = [["a", "True", "Ja"], ["b", "False", "Nej"], ["c", "False", "Ja"]]
    (line,) = unfinished(table([names, names, ids, *rows]))
    assert line.startswith("2 submissions are unfinished by the survey tool's own word (Finished “False”): ")
    header = ["Q1", "_id", "_uuid", "_validation_status"]
    rows = [
        ["Ja", "1", "a", ""],
        ["Ja", "2", "b", "validation_status_not_approved"],
        ["Nej", "3", "c", "Not Approved"],
    ]
    (line,) = unfinished(table([header, *rows]))
    assert line.startswith(
        "2 submissions have the _validation_status “validation_status_not_approved”, “Not Approved”"
    )


def test_brackets_that_do_not_close_are_text() -> None:
    assert split_brackets("Vad? a]", 1) == ("Vad? a]", [])
    assert split_brackets("Vad? [a] [b]", 1) == ("Vad? [a]", ["b"])
