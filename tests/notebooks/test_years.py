"""The example years as a whole: every file that is promised, what it must hold, and what must not stand anywhere."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import nbformat
import page as page_validation
import pandas as pd
import pikepdf
import pyarrow.parquet
import pymupdf
import pyreadstat
import pytest
from PIL import Image
from python_calamine import CalamineWorkbook

from analysis.intake.ledger import short_id
from analysis.survey.instrument import Survey, read_survey

HOME = Path(__file__).resolve().parents[2]
YEARS = (2021, 2022, 2023)
MARK = "SYNTETISKA EXEMPELDATA"

COLUMNS = {
    "processed/review.csv": "id, kind, where, seen, proposals, needed_for",
    "processed/ledger.csv": "row, column, fate, rule, before, after, by",
    "results/codebook.csv": (
        "section, question, question_text, kind, item, item_text, variable, value, code, label, n, suppressed, "
        "smallest, largest, changes"
    ),
    "results/counts.csv": (
        "section, question, question_text, item, item_text, value, label, group, n, base, percent, suppressed"
    ),
    "results/response.csv": "unit_id, name, kind, invited, status, answered_items, asked_items",
}
"""The header of each file that other programs read, as the design lists it."""


@pytest.fixture(scope="module")
def surveys(example_years: Path) -> dict[int, Survey]:
    raw = example_years / "data" / "raw"
    return {year: read_survey(raw / str(year) / "survey.yaml", "survey.yaml", year=year) for year in YEARS}


def outputs(root: Path, year: int) -> Path:
    return root / "outputs" / str(year)


def invited(root: Path, year: int) -> list[str]:
    return list(pd.read_csv(root / "data" / "raw" / str(year) / "invited.csv")["unit_id"])


def appendices(root: Path, year: int) -> list[str]:
    """Return the appendices that a year must have, as paths below its outputs without ending."""
    common = ["bilaga-1-resultat", "bilaga-2-kvalitet"] + ["bilaga-3-jamforelse"] * (year > min(YEARS))
    return common + [f"forvaltningar/{unit}" for unit in invited(root, year)]


def read_csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str", keep_default_na=False)


# --- which files there are ----------------------------------------------------------------------------------


@pytest.mark.parametrize("year", YEARS)
def test_every_promised_file_is_there_and_no_other(example_years: Path, year: int) -> None:
    folder = outputs(example_years, year)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    expected = {
        f"{name}.{kind}" for name in appendices(example_years, year) for kind in ("html", "pdf", "docx")
    }
    units = {f"notebooks/appendix_administration_{unit}.ipynb" for unit in invited(example_years, year)}
    common = {"results", "quality"} | ({"years"} if year > min(YEARS) else set())
    expected |= units | {f"notebooks/appendix_{name}.ipynb" for name in common}
    expected |= {"tabeller.xlsx", "manifest.json", "run.json"}
    for name in appendices(example_years, year)[: len(common)]:
        document = (folder / f"{name}.html").read_text(encoding="utf-8")
        keys = re.findall(r'<figure\b[^>]*id="diagram-([^"]+)"', document)
        assert keys
        for number, key in enumerate(keys, 1):
            start = f"figurer/{name}/diagram-{number:02}"
            files = {f for f in found if f.startswith(start)}
            assert {Path(f).suffix for f in files} == {".svg", ".png"}, (start, key)
            expected |= files
    assert {name for name in found if not name.startswith("results/")} == expected
    assert {"results/counts.csv", "results/response.csv", "results/survey.json"} <= found


@pytest.mark.parametrize("year", YEARS)
def test_the_sensitive_side_has_its_files_and_they_stay_there(example_years: Path, year: int) -> None:
    folder = example_years / "data" / "processed" / str(year)
    executed = {"1_clean", "2_code", "3_analyse"} | ({"4_compare"} if year > min(YEARS) else set())
    assert {path.stem for path in (folder / "notebooks").iterdir()} == executed
    expected = {"accounting.json", "answers.parquet", "answers_unmasked.parquet", "counts.parquet"}
    expected |= {"ledger.csv", "review.csv", "submissions.parquet", "answers.sav", "answers.csv"}
    assert expected <= {path.name for path in folder.iterdir()}
    for notebook in (folder / "notebooks").iterdir():
        cells = nbformat.read(notebook, as_version=4).cells
        assert all(cell.execution_count for cell in cells if cell.cell_type == "code")


@pytest.mark.parametrize("year", YEARS)
def test_there_is_an_appendix_for_each_invited_unit_also_the_silent(example_years: Path, year: int) -> None:
    response = read_csv(outputs(example_years, year) / "results" / "response.csv").set_index("unit_id")
    assert list(response.index[response["invited"] == "True"]) == invited(example_years, year)
    silent = response.index[response["status"] == "none"]
    assert len(silent) == 2
    for unit in silent:
        page = outputs(example_years, year) / "forvaltningar" / f"{unit}.html"
        assert "har inte besvarat enkäten" in page.read_text(encoding="utf-8")


def test_raw_files_are_as_they_were_handed_in(example_years: Path) -> None:
    for year in YEARS:
        here = example_years / "data" / "raw" / str(year)
        there = HOME / "data" / "raw" / str(year)
        names = {path.name for path in here.iterdir()}
        assert names == {path.name for path in there.iterdir() if not path.name.startswith(".")}
        assert all((here / name).read_bytes() == (there / name).read_bytes() for name in names)


# --- what other programs read ---------------------------------------------------------------------------------


@pytest.mark.parametrize("year", YEARS)
def test_files_have_exactly_the_columns_of_the_design(
    example_years: Path, surveys: dict[int, Survey], year: int
) -> None:
    processed = example_years / "data" / "processed" / str(year)
    for name, columns in COLUMNS.items():
        folder = processed if name.startswith("processed/") else outputs(example_years, year) / "results"
        raw = (folder / Path(name).name).read_bytes()
        assert raw.decode("utf-8").splitlines()[0] == columns.replace(", ", ",")
        assert b"\r" not in raw
        assert not raw.startswith(b"\xef\xbb\xbf")
    released = COLUMNS["results/counts.csv"].split(", ")
    assert pyarrow.parquet.read_schema(processed / "counts.parquet").names == released[:-1]
    expected = ["submission_id", "unit_id"]
    for question in surveys[year].questions:
        if question.kind != "unit":
            for column in question.columns():
                expected += [column] if question.is_closed else [column, f"{column}#status"]
    assert pyarrow.parquet.read_schema(processed / "answers.parquet").names == expected
    assert pyarrow.parquet.read_schema(processed / "answers_unmasked.parquet").names == expected


@pytest.mark.parametrize("year", YEARS)
def test_closed_answers_are_option_ids_and_kinds_of_missing(
    example_years: Path, surveys: dict[int, Survey], year: int
) -> None:
    answers = pd.read_parquet(example_years / "data" / "processed" / str(year) / "answers.parquet")
    for question in surveys[year].questions:
        for column in question.columns() if question.is_closed else ():
            assert list(answers[column].cat.categories) == list(question.labels())
            assert answers[column].notna().all()


@pytest.mark.parametrize("year", YEARS)
def test_the_files_for_spss_and_excel_hold_the_masked_answers(
    example_years: Path, surveys: dict[int, Survey], year: int
) -> None:
    folder = example_years / "data" / "processed" / str(year)
    answers = pd.read_parquet(folder / "answers.parquet")
    coded, meta = pyreadstat.read_sav(folder / "answers.sav", user_missing=True)
    with (folder / "answers.csv").open(encoding="utf-8-sig", newline="") as file:
        heading, *lines = csv.reader(file, delimiter=";")
    shown = pd.DataFrame(lines, columns=[text.partition(": ")[0] for text in heading])
    assert MARK in meta.file_label
    assert MARK in meta.notes[0]
    assert list(coded.columns) == list(shown.columns)
    for question in surveys[year].questions:
        for column in question.columns() if question.kind != "unit" else ():
            name = column.replace("[", "_").replace("]", "")
            if question.is_closed:
                labels = answers[column].astype("str").map(question.labels()).tolist()
                assert coded[name].map(meta.variable_value_labels[name]).tolist() == labels
                assert shown[name].tolist() == labels
            elif question.kind == "free_text":
                texts = answers[column].fillna("")
                assert coded[name].tolist() == texts.str.rstrip(" ").tolist()
                assert shown[name].str.removeprefix("'").tolist() == texts.str.removeprefix("'").tolist()


@pytest.mark.parametrize("year", YEARS)
def test_every_cell_is_accounted_for(example_years: Path, year: int) -> None:
    path = example_years / "data" / "processed" / str(year) / "accounting.json"
    accounting = json.loads(path.read_text(encoding="utf-8"))
    assert list(accounting) == ["raw_cells", "answers_cells", "ledger_cells", "unaccounted"]
    assert accounting["unaccounted"] == 0
    assert accounting["raw_cells"] == accounting["answers_cells"] + accounting["ledger_cells"]
    filled = sum(1 for row in raw_rows(example_years, year)[1:] for cell in row if cell != "")
    assert accounting["raw_cells"] == filled


@pytest.mark.parametrize("year", YEARS)
def test_answers_of_administrations_are_released_as_they_were_counted(example_years: Path, year: int) -> None:
    before = pd.read_parquet(example_years / "data" / "processed" / str(year) / "counts.parquet")
    after = read_csv(outputs(example_years, year) / "results" / "counts.csv")
    assert not (after["suppressed"] == "True").any()
    assert after["n"].astype(int).tolist() == before["n"].tolist()
    assert set(after["group"]) == {"alla", "district", "specialist"}
    percent = pd.to_numeric(after["percent"])
    assert (percent.dropna() == (100 * before["n"] / before["base"])[percent.notna()]).all()


# --- the manifest -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", YEARS)
def test_the_manifest_tells_of_every_file_and_how_it_was_made(example_years: Path, year: int) -> None:
    manifest = json.loads((outputs(example_years, year) / "manifest.json").read_text(encoding="utf-8"))
    made = [path for path in outputs(example_years, year).rglob("*") if path.is_file()]
    names = {path.relative_to(example_years).as_posix() for path in made}
    published = {name: digest for step in manifest["steps"] for name, digest in step["outputs"].items()}
    assert set(published) == names - {f"outputs/{year}/{name}" for name in ("manifest.json", "run.json")}
    read = {name: digest for step in manifest["steps"] for name, digest in step["inputs"].items()}
    raw = {p.relative_to(example_years).as_posix() for p in (example_years / f"data/raw/{year}").iterdir()}
    people = {name for name in read if name.startswith(("data/reference/", f"data/raw/{year}/"))}
    assert people == raw | {"data/reference/units.csv", "data/reference/themes.yaml"}
    for name, digest in published.items():
        assert hashlib.sha256((example_years / name).read_bytes()).hexdigest() == digest, name
    for name in people:
        path = example_years / name if (example_years / name).exists() else HOME / name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == read[name], name
    run = [step for step in manifest["steps"] if "year" in step["parameters"]]
    assert {step["parameters"]["year"] for step in run} == {year}
    units = {step["parameters"]["unit"] for step in run if "unit" in step["parameters"]}
    assert units == set(invited(example_years, year))
    told = json.loads((outputs(example_years, year) / "run.json").read_text(encoding="utf-8"))
    assert told["exit_code"] == 0
    assert set(told["steps"]) == {step["step"] for step in manifest["steps"]}
    assert all(step["seconds"] > 0 and step["memory"] > 10**7 for step in told["steps"].values())


# --- every page -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", YEARS)
def test_every_page_of_every_pdf_bears_mark_and_number_and_is_swedish(example_years: Path, year: int) -> None:
    for name in appendices(example_years, year):
        path = outputs(example_years, year) / f"{name}.pdf"
        with pymupdf.open(path) as file:
            pages = [sheet.get_text() for sheet in file]
        for number, text in enumerate(pages, start=1):
            assert MARK in text, (name, number)
            assert "UTKAST" in text, (name, number)
            assert f"Sida {number} av {len(pages)}" in text, (name, number)
        with pikepdf.open(path) as opened:
            assert str(opened.Root.Lang) == "sv"
            assert str(year) in str(opened.docinfo["/Title"])


@pytest.mark.parametrize("year", YEARS)
def test_every_html_file_bears_the_mark_and_runs_nothing(example_years: Path, year: int) -> None:
    for name in appendices(example_years, year):
        text = (outputs(example_years, year) / f"{name}.html").read_text(encoding="utf-8")
        assert text.count(MARK) >= 1, name
        assert '<html lang="sv"' in text
        assert "<script" not in text
        assert text.count("<h1") == 1
        assert "default-src 'none'" in text
        assert not re.search(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:|//|file:)""", text)


@pytest.mark.parametrize("year", YEARS)
def test_every_word_file_bears_the_marks_and_holds_what_the_html_holds(
    texts: dict[Path, str], example_years: Path, year: int
) -> None:
    for name in appendices(example_years, year):
        path = outputs(example_years, year) / f"{name}.docx"
        file = docx.Document(path)
        for section in file.sections:
            marks = section.header.paragraphs[0].text
            assert MARK in marks, name
            assert "UTKAST" in marks, name
        assert [p.text for p in file.paragraphs if p.style.name == "Title"] == [file.core_properties.title]
        page = path.with_suffix(".html").read_text(encoding="utf-8")
        alts = [inline._inline.docPr.get("descr") for inline in file.inline_shapes]
        assert alts == [html.unescape(alt) for alt in re.findall(r'<img [^>]*alt="([^"]*)"', page)], name
        headings = [p.text for p in file.paragraphs if p.style.name.startswith("Heading ")]
        shown = [without_tags(h).strip() for h in re.findall(r"<h[2-6] id[^>]*>(.*?)</h[2-6]>", page)]
        assert headings == [h for h in shown if h != "Fotnoter"], name  # Word has them on their pages
        heads = [len(row.cells) for table in file.tables for row in table.rows[:1]]
        columns = page.count('<th scope="col"')
        assert sum(heads) >= columns
        assert columns or path.parent.name == "forvaltningar"  # who has not answered has no table


@pytest.mark.parametrize("year", YEARS)
def test_no_appendix_shows_what_only_a_program_says(
    texts: dict[Path, str], example_years: Path, year: int
) -> None:
    for name in appendices(example_years, year):
        for kind in ("html", "pdf", "docx"):
            plain = texts[outputs(example_years, year) / f"{name}.{kind}"]
            assert not re.search(
                r"\b(nan|NaN|NaT|None|True|False|dtype)\b|<NA>|_not_answered|_dont_know", plain
            )


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("profile", ["ua1", "2a"])
def test_page_validation_finds_no_fault_in_any_pdf(example_years: Path, year: int, profile: str) -> None:
    for name in appendices(example_years, year):
        report = page_validation.validate_pdf(outputs(example_years, year) / f"{name}.pdf", profile=profile)
        faults = [(failure.rule_id, failure.message) for failure in report.failures]
        assert (name, faults) == (name, [])
        assert report.is_compliant


@pytest.mark.parametrize("year", YEARS)
def test_outloud_finds_no_fault_in_any_pdf(example_years: Path, year: int) -> None:
    program = Path(sys.executable).with_name("outloud")
    files = [outputs(example_years, year) / f"{name}.pdf" for name in appendices(example_years, year)]
    command = [program, "--layer", "conformance", "--fail-on", "warning", "--quiet", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASS") == len(files)


# --- what must not stand anywhere ------------------------------------------------------------------------------


def raw_rows(root: Path, year: int) -> list[list[str]]:
    """Return the cells of a year's export as text, read without the package."""
    folder = root / "data" / "raw" / str(year)
    if year == 2021:
        sheet = CalamineWorkbook.from_path(folder / "enkat-2021.xlsx").get_sheet_by_index(0)
        return [[str(cell) for cell in row] for row in sheet.to_python()]
    encoding, mark = ("cp1252", ";") if year == 2022 else ("utf-8-sig", ",")
    with (folder / f"enkat-{year}.csv").open(encoding=encoding, newline="") as file:
        return list(csv.reader(file, delimiter=mark))


def raw_answers(root: Path, year: int, survey: Survey, kind: str) -> Iterator[tuple[int, str, str]]:
    """Yield row, question and cell of every answer to questions of a kind, also in forms that do not count."""
    header, *rows = raw_rows(root, year)
    named = [" ".join(text.split()) for text in header]
    for question in survey.questions:
        if question.kind == kind:
            column = next(i for i, text in enumerate(named) if " ".join(question.text.split()) in text)
            for number, row in enumerate(rows, start=2):
                if row[column].strip():
                    yield number, question.id, row[column]


def squeezed(text: str) -> str:
    """Return a text without white space, and without the signs that only steer line breaks."""
    return re.sub(r"[\s\u200b\u2060\u00ad\ufeff]+", "", text)


def strings(data: Any) -> Iterator[str]:
    """Yield every text in the content of a JSON file."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, list | dict):
        for value in data.values() if isinstance(data, dict) else data:
            yield from strings(value)


def without_tags(text: str) -> str:
    """Return markup as text, with the texts of attributes and of embedded pictures."""
    pictures = (base64.b64decode(found).decode("utf-8", "ignore")
                for found in re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", text))  # fmt: skip
    whole = " ".join([re.sub(r"base64,[A-Za-z0-9+/=]+", "", text), *pictures])
    alternatives = " ".join(re.findall(r'(?:alt|descr)="([^"]*)"', whole))
    return html.unescape(f"{re.sub(r'<[^>]+>', '', whole)} {alternatives}")


def plain_text(path: Path) -> str:
    """Return everything that can be read in a file."""
    if path.suffix == ".pdf":
        with pymupdf.open(path) as file:
            return "".join(sheet.get_text() for sheet in file)
    if path.suffix in (".xlsx", ".docx"):
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith(".png")]
            parts = [archive.read(name).decode("utf-8") for name in names]
        return without_tags(" ".join(parts))
    if path.suffix == ".png":
        with Image.open(path) as picture:
            return " ".join(str(text) for text in picture.info.values())
    content = path.read_text(encoding="utf-8")
    if path.suffix in (".ipynb", ".json"):
        return without_tags("\n".join("".join(s) for s in strings(json.loads(content))))
    return without_tags(content) if path.suffix in (".html", ".svg") else content


@pytest.fixture(scope="module")
def texts(example_years: Path) -> dict[Path, str]:
    """Return what can be read in every published file."""
    published = (path for path in (example_years / "outputs").rglob("*") if path.is_file())
    found = {path: plain_text(path) for path in published}
    kinds = {".html", ".pdf", ".docx", ".csv", ".json", ".ipynb", ".xlsx", ".svg", ".png"}
    assert {path.suffix for path in found} == kinds
    assert len(found) > 200
    return found


PIECE = 24
"""How many characters of a text, without its white space, betray that it is published."""


def pieces(text: str) -> set[str]:
    """Return pieces of a text, overlapping by half, and its end; nothing of a text that is too short to tell."""
    whole = squeezed(text)
    starts = [*range(0, len(whole) - PIECE + 1, PIECE // 2), len(whole) - PIECE]
    return {whole[start : start + PIECE] for start in starts if start >= 0}


def pieces_found(texts: dict[Path, str], sought: set[str], year: int) -> list[tuple[str, str]]:
    """Return which pieces stand in which published file of a year."""
    return [
        (whole[i : i + PIECE], path.name)
        for path, text in texts.items()
        if f"/outputs/{year}/" in path.as_posix()
        for whole in [squeezed(text)]
        for i in range(len(whole) - PIECE + 1)
        if whole[i : i + PIECE] in sought
    ]


def where_found(texts: dict[Path, str], sought: set[str]) -> list[tuple[str, str]]:
    """Return which of some squeezed texts stand in which published file."""
    return [
        (part, path.name)
        for path, text in texts.items()
        for whole in [squeezed(text)]
        for part in sought
        if part in whole
    ]


def test_no_personal_data_of_the_exports_is_published(
    texts: dict[Path, str], example_years: Path, surveys: dict[int, Survey]
) -> None:
    sought: set[str] = set()
    for year in YEARS:
        cells = {(str(row), question): text for row, question, text in
                 raw_answers(example_years, year, surveys[year], "free_text")}  # fmt: skip
        for entry in read_csv(HOME / "examples" / "truth" / f"{year}.csv").itertuples():
            for mark in filter(None, entry.personal_data.split("|")):
                start, end = mark.split(":")[1].split("-")
                sought.add(squeezed(cells[entry.row, entry.question][int(start) : int(end)]))
    assert len(sought) > 35
    assert where_found(texts, sought) == []
    by_form = re.compile(
        r"(?:19|20)?\d{6}[-+]\d{4}(?!\d)|[\w.]+@[\w.]+\.(?:se|org)|\b0\d{1,2}-\d{3} \d{2,3} \d{2}\b"
    )
    assert [(path.name, found[0]) for path, text in texts.items() if (found := by_form.search(text))] == []


@pytest.mark.parametrize("year", YEARS)
def test_no_text_is_published_that_nobody_approved(
    texts: dict[Path, str], example_years: Path, surveys: dict[int, Survey], year: int
) -> None:
    approvals = read_csv(example_years / "data" / "raw" / str(year) / "approvals.csv").set_index("text_hash")
    shown, hidden = [], []
    for _, _, text in raw_answers(example_years, year, surveys[year], "free_text"):
        approved = (
            short_id(text) in approvals.index and approvals.loc[short_id(text), "decision"] == "approve"
        )
        (shown if approved else hidden).append(text)
    edited = [text for text in approvals["edited_text"] if text]
    assert len(set(shown)) == 25
    assert len(hidden) > 140
    asked = [question.text for survey in surveys.values() for question in survey.questions]
    readable = squeezed(" ".join([*shown, *edited, *asked]))
    sought = {part for text in hidden for part in pieces(text) if part not in readable}
    assert len(sought) > 2000
    assert pieces_found(texts, sought, year) == []
    bilaga = squeezed(texts[outputs(example_years, year) / "bilaga-1-resultat.html"])
    assert [part for text in [*shown, *edited] for part in pieces(text) if part not in bilaga] == []


@pytest.mark.parametrize("year", YEARS)
def test_small_numbers_of_people_are_shown_nowhere(
    texts: dict[Path, str], example_years: Path, surveys: dict[int, Survey], year: int
) -> None:
    survey, smallest = surveys[year], surveys[year].rules.smallest_count
    forms = read_csv(HOME / "examples" / "truth" / f"{year}-submissions.csv").set_index("row")
    small = [
        (question, forms.loc[str(row), "unit_id"], text)
        for row, question, text in raw_answers(example_years, year, survey, "number")
        if survey.counts_people(survey.question(question))
        and forms.loc[str(row), "counts"] == "true"
        and re.fullmatch(r"\d+(?:[.,]0)?", text.strip())
        and 0 < float(text.replace(",", ".")) < smallest
    ]
    assert small
    released = pd.read_csv(outputs(example_years, year) / "results" / "unit_answers.csv")
    for question, unit, _ in small:
        row = released[(released["question"] == question) & (released["unit_id"] == unit)].iloc[0]
        assert row["suppressed"]
        assert pd.isna(row["number"])
        page = (outputs(example_years, year) / "forvaltningar" / f"{unit}.html").read_text(encoding="utf-8")
        line = next(
            r for r in re.findall(r"<tr.*?</tr>", page, re.DOTALL) if survey.question(question).text in r
        )
        assert re.findall(r"<td[^>]*>(.*?)</td>", line, re.DOTALL)[0] == ".."
    for later in (y for y in YEARS if y > year):
        history = pd.read_csv(outputs(example_years, later) / "results" / "unit_history.csv")
        told = set(
            history.loc[history["year"] == year, ["question", "unit_id"]].itertuples(index=False, name=None)
        )
        assert told
        assert not told & {(question, unit) for question, unit, _ in small}


@pytest.mark.parametrize("year", YEARS)
def test_small_numbers_of_people_cannot_be_subtracted(
    example_years: Path, surveys: dict[int, Survey], year: int
) -> None:
    folder = outputs(example_years, year) / "results"
    kinds = read_csv(folder / "response.csv").set_index("unit_id")["kind"]
    own = pd.read_csv(folder / "unit_answers.csv").assign(kind=lambda f: f["unit_id"].map(kinds))
    totals = pd.read_csv(folder / "numbers.csv").set_index(["question", "group"])
    people = [q for q in surveys[year].questions if q.kind == "number" and surveys[year].counts_people(q)]
    hidden_somewhere = False
    for question in people:
        given = own[(own["question"] == question.id) & (own["value"] == "answered")]
        for kind, part in [*given.groupby("kind"), ("alla", given)]:
            hidden = part[part["suppressed"]]
            total = totals.loc[(question.id, kind)]
            assert pd.isna(total[["median", "smallest", "largest"]]).all()
            if len(hidden) and not pd.isna(total["total"]):
                hidden_somewhere = True
                assert len(hidden) > 1
                assert total["total"] - part["number"].sum() >= surveys[year].rules.smallest_count
    assert hidden_somewhere


@pytest.mark.parametrize("year", YEARS)
def test_executed_appendix_notebooks_hold_no_path_and_no_time(example_years: Path, year: int) -> None:
    machine = re.compile(
        r"/(?:home|root|tmp|usr|work|Users|var)/|[A-Za-z]:\\\\|site-packages|"
        r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}|\b\d{1,2}:\d{2}:\d{2}\b"
    )
    for path in (outputs(example_years, year) / "notebooks").iterdir():
        content = path.read_text(encoding="utf-8")
        assert machine.findall(content) == [], path.name
        assert str(example_years) not in content
        notebook = nbformat.reads(content, as_version=4)
        assert set(notebook.metadata) <= {"kernelspec", "language_info", "papermill"}
        assert set(notebook.metadata.papermill) == {"parameters"}
        assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
        assert notebook.metadata.papermill.parameters["root"] == "."


@pytest.mark.parametrize("year", YEARS)
def test_the_manifest_and_the_results_know_no_machine(example_years: Path, year: int) -> None:
    for path in [
        outputs(example_years, year) / "manifest.json",
        *(outputs(example_years, year) / "results").iterdir(),
    ]:
        content = path.read_text(encoding="utf-8")
        assert str(example_years) not in content
        assert str(HOME) not in content
        assert not re.search(r"\b\d{2}:\d{2}:\d{2}\b", content), path.name


def test_bilaga_3_compares_only_with_earlier_years(example_years: Path, texts: dict[Path, str]) -> None:
    for year in YEARS[1:]:
        text = texts[outputs(example_years, year) / "bilaga-3-jamforelse.html"]
        assert all(f"Jämfört med {earlier}" in text for earlier in YEARS if earlier < year)
        assert not any(f"Jämfört med {later}" in text for later in YEARS if later >= year)
