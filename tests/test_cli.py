"""The command line, as a person meets it: what it says, how it ends, and that it harms nothing on the way."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import xlsxwriter

from tests.conftest import PROGRAM

Run = Callable[..., subprocess.CompletedProcess[str]]
Copy = Callable[..., Path]

EXPORT = "data/raw/2021/enkat-2021.xlsx"
SURVEY = "data/raw/2021/survey.yaml"
INVITED = "data/raw/2021/invited.csv"
APPROVALS = "data/raw/2021/approvals.csv"
DECISIONS = "data/raw/2021/decisions.csv"


def publish(root: Path, year: int = 2021) -> dict[str, bytes]:
    """Write what an earlier run may have published; return it by name."""
    for name in ("bilaga-1-resultat.pdf", "forvaltningar/bromma.html", "results/old.csv", "manifest.json"):
        path = root / "outputs" / str(year) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}" if path.suffix == ".json" else name.encode())
    return published(root)


def published(root: Path) -> dict[str, bytes]:
    outputs = root / "outputs"
    return {p.relative_to(outputs).as_posix(): p.read_bytes() for p in outputs.rglob("*") if p.is_file()}


def still_published(root: Path, before: dict[str, bytes]) -> bool:
    """Return whether everything that was published before is as it was; the manifest tells of the new run."""
    after = published(root)
    return all(after.get(name) == before[name] for name in before if not name.endswith("manifest.json"))


def sentences(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what was said, without the lines that tell how far a run has come."""
    assert "Traceback" not in done.stderr + done.stdout
    return [line for line in done.stderr.splitlines() if not line.startswith("[")]


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence that a wrong call or input is answered with."""
    assert done.returncode == 2
    assert done.stdout == ""
    (said,) = sentences(done)
    assert said.endswith(".")
    return said


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_all_letters(project_copy: Copy, encoding: str) -> None:
    root = project_copy(2021)
    environment = {**os.environ, "PYTHONIOENCODING": f"{encoding}:strict"}
    command = [str(PROGRAM), "check", "2021", "--language", "sv", "--root", str(root)]
    done = subprocess.run(command, env=environment, capture_output=True, encoding=encoding, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert ("ungefär hälften" if encoding == "latin-1" else "ungef?r h?lften") in done.stdout


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def workbook(path: Path, *rows: list[str], **more: list[list[str]]) -> None:
    """Write a workbook with some rows in a first sheet, and further sheets by their names."""
    book = xlsxwriter.Workbook(str(path))
    for name, sheet in {"Blad1": list(rows), **more}.items():
        page = book.add_worksheet(name)
        for number, row in enumerate(sheet):
            page.write_row(number, 0, row)
    book.close()


def few_invited(root: Path, year: int, *units: str) -> None:
    """Leave only some units on the list, so that a run makes few appendices."""
    path = root / "data" / "raw" / str(year) / "invited.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text(header + "".join(r for r in rows if r.split(",")[0] in units), encoding="utf-8")


# --- inputs that are wrong ------------------------------------------------------------------------------------


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_file_that_cannot_be_read(path: Path) -> None:
    path.unlink()
    path.symlink_to("/proc/self/mem")  # reading its beginning is an error, for root as well


def a_protected_workbook(path: Path) -> None:
    inside = "EncryptedPackage".encode("utf-16-le")  # what Office wraps an encrypted workbook in
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + inside + bytes(4096))


@dataclass(frozen=True)
class Wrong:
    """An input that is wrong: what is done to which file of 2021, and what must be said."""

    name: str
    file: str
    damage: Callable[[Path], object]
    says: str
    do: str

    def __str__(self) -> str:
        return self.name


def replacing(old: str, new: str) -> Callable[[Path], None]:
    return lambda path: replace(path, old, new)


HEADERS = ["ID", "Starttid", "Slutförandetid", "E-post", "Namn", "Vilken förvaltning svarar ni för?"]
FIRST_APPROVAL = "text_hash,decision,edited_text,by,date\n"

CASES = [
    Wrong("no export", EXPORT, Path.unlink, "the export is missing", "Put the export there"),
    Wrong("a folder", EXPORT, a_folder, "is a folder, not the export", "Put the export there"),
    pytest.param(
        Wrong("unreadable", EXPORT, a_file_that_cannot_be_read, "cannot be read (Input/output error)", "Check"),
        marks=pytest.mark.skipif(sys.platform != "linux", reason="a file that fails to be read, as Linux has"),
    ),
    Wrong("nothing in it", EXPORT, lambda p: p.write_bytes(b""), "the export is empty", "Export it again"),
    Wrong("empty workbook", EXPORT, workbook, "no cells with content", "Export it again"),
    Wrong("headers only", EXPORT, lambda p: workbook(p, HEADERS), "there is a header but no answers below it",
          "Export the survey with its answers"),
    Wrong("random bytes", EXPORT, lambda p: p.write_bytes(random.Random(1).randbytes(5000)),
          "is not a workbook that can be read", "export it again"),
    Wrong("a password", EXPORT, a_protected_workbook, "protected by a password", "Save it without a password"),
    Wrong("no survey.yaml", SURVEY, Path.unlink, "the file is missing", "`analysis new-year` drafts one"),
    Wrong("broken YAML", SURVEY, replacing("year: 2021", "year: [2021"), "line 11: is not valid YAML",
          "Check indentation, quotes and colons there"),
    Wrong("another year", SURVEY, replacing("year: 2021", "year: 2022"),
          "line 10: the year is 2022, but the folder is that of 2021", "Correct the year"),
    Wrong("not UTF-8", SURVEY, lambda p: p.write_bytes(p.read_text("utf-8").encode("latin-1", "replace")),
          "the file is not UTF-8", "Save it as UTF-8"),
    Wrong("unknown unit", INVITED, replacing("bromma,", "brommma,"),
          "line 2, column 'unit_id': the unit 'brommma' is not in the register", "Write one of: bromma, "),
    Wrong("a unit of another time", INVITED, replacing("bromma,", "jarva,"),
          "line 2, column 'unit_id': 'jarva' existed only from 2023-07-01, and the survey's date is 2021-10-01",
          "on that date there was 'rinkeby-kista' and 'spanga-tensta'"),
    Wrong("nobody invited", INVITED, Path.unlink, "cannot be read (No such file or directory)", "Put the file there"),
    Wrong("unknown decision", APPROVALS, replacing(",approve,", ",ok,"),
          "line 2, column 'decision': 'ok' is no decision", "Use approve, edit or refuse"),
    Wrong("no date", APPROVALS, replacing(FIRST_APPROVAL, f"{FIRST_APPROVAL}abcdefabcdef,refuse,,N. N.,i går\n"),
          "line 2, column 'date': 'i går' is not a date", "Write it as 2021-10-19"),
    Wrong("no hash", APPROVALS, replacing(FIRST_APPROVAL, f"{FIRST_APPROVAL}1E+11,refuse,,N. N.,2021-11-01\n"),
          "line 2, column 'text_hash': '1E+11' is not the hash of a text", "Copy it anew, as text"),
    Wrong("no author", APPROVALS, replacing(FIRST_APPROVAL, f"{FIRST_APPROVAL}abcdefabcdef,refuse,,,2021-11-01\n"),
          "line 2, column 'by': is empty", "Fill it in, or remove the row"),
    Wrong("personal data left in", APPROVALS,
          replacing(FIRST_APPROVAL, f"{FIRST_APPROVAL}abcdefabcdef,edit,Ring 070-174 06 31.,N. N.,2021-11-01\n"),
          "line 2, column 'edited_text': the edited text holds a telephone number", "Take it out"),
    Wrong("no such column", DECISIONS, replacing("id,decision,", "id,beslut,"),
          "line 1: the column 'decision' is missing", "Begin the file with the row id,decision,by,date,why"),
    Wrong("a decision that cannot be", DECISIONS, replacing("8fcd5e1d0e40,skarpnack,", "8fcd5e1d0e40,skrp,"),
          "the decision 'skrp' of 8fcd5e1d0e40 cannot be carried out", "Decide a unit_id of the register"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_wrong_input_is_one_sentence_and_harms_nothing(
    case: Wrong, project_copy: Copy, analysis: Run
) -> None:
    root = project_copy(2021)
    before = publish(root)
    case.damage(root / case.file)
    said = refused(analysis("run", "2021", "--root", root))
    assert said.startswith(case.file)
    assert case.says in said
    assert case.do in said.replace(case.says, "")
    assert str(root) not in said
    assert published(root) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_export_without_rights_is_one_sentence(project_copy: Copy, analysis: Run) -> None:
    root = project_copy(2021)
    before = publish(root)
    (root / EXPORT).chmod(0)
    said = refused(analysis("run", "2021", "--root", root))
    assert said.startswith(f"{EXPORT}: cannot be read (Permission denied).")
    assert published(root) == before


def test_everything_that_is_wrong_is_said_at_once(project_copy: Copy, analysis: Run) -> None:
    root = project_copy(2021)
    replace(root / INVITED, "bromma,", "jarva,")
    replace(root / APPROVALS, ",approve,", ",ja,")
    (root / EXPORT).unlink()
    for command in ("run", "check"):
        done = analysis(command, "2021", "--root", root)
        assert done.returncode == 2
        assert [said.split(":")[0].split(",")[0] for said in sentences(done)] == [APPROVALS, INVITED, EXPORT]


def test_a_tag_that_papermill_would_pass_over(
    home_copy: Copy, analysis: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = home_copy(2021)
    before = publish(root)
    notebook = root / "notebooks" / "3_analyse.ipynb"
    replace(notebook, '"parameters"', '"parameter"')
    monkeypatch.chdir(root)
    said = refused(analysis("run", "2021"))
    assert (
        said == "notebooks/3_analyse.ipynb: cell 2 has the tag 'parameter'. Change the tag to 'parameters'."
    )
    assert published(root) == before
    assert not (root / "data" / "processed").exists()
    notebook.unlink()
    assert refused(analysis("check", "2021")) == (
        "notebooks/3_analyse.ipynb: the notebook is missing. Restore it from version control."
    )


# --- calls that are wrong -------------------------------------------------------------------------------------


CALLS = [
    ("run", "the command line: give either a year or --all. Write `analysis run 2021`."),
    ("run 2021 --all", "the command line: give either a year or --all. Write `analysis run 2021`."),
    ("run ../2021", "the command line: '../2021' is not a reporting year. Give a year with four digits, such as 2021."),
    ("check ../2021", "the command line: '../2021' is not a reporting year. Give a year with four digits, such as 2021."),
    ("run 21", "the command line: '21' is not a reporting year. Give a year with four digits, such as 2021."),
    ("run 2021 2022", "the command line: Got unexpected extra argument(s) (2022). `analysis --help` tells what can be written."),
    ("run 2019", "data/raw/2019: there is no reporting year 2019 (there are: 2021). "
                 "Choose one of them, or add the year with `analysis new-year`."),
    ("run 2021 --finally", "the command line: No such option: --finally"),
    ("frobnicate", "the command line: No such command 'frobnicate'. `analysis --help` tells what can be written."),
    ("check", "the command line: Missing argument 'year'. `analysis --help` tells what can be written."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), CALLS, ids=[call for call, _ in CALLS])
def test_a_wrong_call_is_one_sentence(call: str, sentence: str, project_copy: Copy, analysis: Run) -> None:
    root = project_copy(2021)
    before = publish(root)
    extra = () if call == "frobnicate" else ("--root", root)
    assert refused(analysis(*call.split(), *extra)).startswith(sentence)
    assert published(root) == before


@pytest.mark.parametrize("call", ["run 2021", "run --all", "check 2021", "new-year 2024 x.csv"])
def test_a_root_that_does_not_exist(call: str, analysis: Run, tmp_path: Path) -> None:
    root = tmp_path / "nowhere"
    said = refused(analysis(*call.split(), "--root", root))
    assert said == f"{root}: is not a folder. Give --root a folder that exists."
    assert not root.exists()


def test_all_years_of_nothing(analysis: Run, tmp_path: Path) -> None:
    said = refused(analysis("run", "--all", "--root", tmp_path))
    assert said == "data/raw: there is no reporting year. Add one with `analysis new-year`."


def test_the_real_program_says_the_same_and_shows_help(analysis_command: Run, tmp_path: Path) -> None:
    said = refused(analysis_command("run", "../2021", "--root", tmp_path))
    assert said.startswith("the command line: '../2021' is not a reporting year.")
    shown = analysis_command("--help")
    assert shown.returncode == 0
    assert all(command in shown.stdout for command in ("run", "new-year", "check"))
    empty = analysis_command()
    assert empty.returncode == 2
    assert "Usage: analysis" in empty.stdout
    assert "Traceback" not in empty.stderr


# --- new-year ---------------------------------------------------------------------------------------------------


def tree(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}


def test_new_year_drafts_what_check_and_run_can_read(project_copy: Copy, home: Path, analysis: Run) -> None:
    root = project_copy()
    export = home / "data" / "raw" / "2022" / "enkat-2022.csv"
    done = analysis("new-year", "2024", export, "--root", root)
    assert done.returncode == 0
    folder = "data/raw/2024"
    names = ["enkat-2022.csv", "survey.yaml", "invited.csv", "to-settle.md"]
    assert done.stdout.splitlines() == [f"{folder}/{name}" for name in names]
    assert tree(root) == {*(f"{folder}/{n}" for n in names), "data/reference/survey.schema.json"}
    assert (root / folder / "enkat-2022.csv").read_bytes() == export.read_bytes()
    said = sentences(done)
    assert said[0].startswith("A draft of 2024 is made (table, 17 submissions, ")
    assert said[0].endswith("A person must settle:")
    assert said[-1] == (
        f"`analysis check 2024 --root {root}` lists what is open; `analysis run 2024 --root {root}` makes the "
        "appendices, as drafts until it is settled."
    )
    checked = analysis("check", "2024", "--root", root)
    assert checked.returncode == 0
    assert sentences(checked)[-1].startswith("2024: enkat-2022.csv (table): 17 submissions, of which ")


NEW_YEARS = [
    ("2021 {export}", "data/raw/2021: the year exists already. Choose another year"),
    ("2024 {root}/nothing.csv", "{root}/nothing.csv: there is no such file. Give the path of the export"),
    ("2024 {root}", "{root}: is a folder, not a file. Give the path of the export"),
    ("2024 {export} --dialect webropol", "the command line: 'webropol' is no known survey tool. Use one of "),
    ("2024 {export} --dialect limesurvey", "enkat-2022.csv: the file does not look like an export of limesurvey."),
    ("2024 {export} --encoding klingon", "enkat-2022.csv: 'klingon' is not a known encoding. Use utf-8, cp1252 or mac_roman."),
    ("2024 {export} --encoding ascii", "enkat-2022.csv, line 1: does not fit the encoding ascii. Give another --encoding."),
    ("../2024 {export}", "the command line: '../2024' is not a reporting year."),
    ("2024 {home}/README.md", "README.md: the ending '.md' is not one that can be read. Export as one of .xlsx, "),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), NEW_YEARS, ids=[call for call, _ in NEW_YEARS])
def test_a_new_year_that_cannot_be_leaves_nothing(
    call: str, sentence: str, project_copy: Copy, home: Path, analysis: Run
) -> None:
    root = project_copy(2021)
    before = tree(root)
    names = {"root": root, "home": home, "export": home / "data" / "raw" / "2022" / "enkat-2022.csv"}
    arguments = [word.format(**names) for word in call.split()]
    said = refused(analysis("new-year", *arguments, "--root", root))
    assert said.startswith(sentence.format(**names))
    assert tree(root) == before


# --- check ------------------------------------------------------------------------------------------------------


def test_check_lists_what_waits_for_a_person(project_copy: Copy, analysis: Run) -> None:
    root = project_copy(2021)
    replace(root / APPROVALS, FIRST_APPROVAL, f"{FIRST_APPROVAL}abcdefabcdef,refuse,,N. N.,2021-11-01\n")
    with (root / DECISIONS).open("a", encoding="utf-8") as file:
        file.write("0123456789ab,bromma,N. N.,2021-11-01,\n")
    done = analysis("check", "2021", "--root", root)
    assert done.returncode == 0
    assert "“ungefär hälften” is no answer that the question karnuppdrag_andel knows." in done.stdout
    assert sentences(done) == [
        f"{DECISIONS}: the decision 0123456789ab matches nothing any more.",
        f"{APPROVALS}: the approval of abcdefabcdef matches no text any more.",
        f"Write the decisions in {DECISIONS}, one row each: id,decision,by,date,why",
        "2021: enkat-2021.xlsx (microsoft_forms): 17 submissions, of which 15 count, "
        "15 of 18 invited units answered; 586 cells accounted for; 2 open questions.",
    ]
    in_swedish = analysis("check", "2021", "--root", root, "--language", "sv")
    assert "”ungefär hälften” är inget svar som frågan karnuppdrag_andel känner." in in_swedish.stdout
    assert sentences(in_swedish)[-1] == (
        "2021: enkat-2021.xlsx (microsoft_forms): 17 inlämnade svar, varav 15 räknas, "
        "15 av 18 tillfrågade förvaltningar har svarat; 586 celler redovisade; 2 öppna frågor."
    )
    assert not (root / "data" / "processed").exists()
    assert not (root / "outputs").exists()


# --- runs that stop ---------------------------------------------------------------------------------------------


def test_a_final_run_is_refused_while_anything_is_missing(project_copy: Copy, analysis: Run) -> None:
    root = project_copy(2021)
    before = publish(root)
    done = analysis("run", "2021", "--final", "--root", root)
    assert done.returncode == 3
    assert done.stdout == ""
    said = sentences(done)
    assert said[0] == "A final appendix for 2021 is refused while this is missing:"
    assert all(line.startswith("- ") for line in said[1:])
    assert "- Exempeldata ska bytas mot verkliga svar." in said
    assert any("Medarbetarnas kunskap" in line for line in said)
    assert any("ska avgöras av en utredare" in line for line in said)
    assert still_published(root, before)
    assert not (root / "outputs" / "2021" / "bilaga-1-resultat.html").exists()


def raise_in(notebook: Path) -> None:
    """Let a notebook stop with an error in its last cell."""
    content = nbformat.read(notebook, as_version=4)
    content.cells.append(nbformat.v4.new_code_cell('raise ZeroDivisionError("delat med noll")'))
    nbformat.write(content, notebook)


@pytest.mark.parametrize(
    ("notebook", "kept"),
    [("2_code", "2_code"), ("appendix_administration", "appendix_administration_bromma")],
)
def test_a_notebook_that_stops_is_kept_and_named(
    notebook: str, kept: str, home_copy: Copy, analysis_command: Run
) -> None:
    root = home_copy(2021)
    few_invited(root, 2021, "bromma")
    before = publish(root)
    raise_in(root / "notebooks" / f"{notebook}.ipynb")
    done = analysis_command("run", "2021", cwd=root)
    assert done.returncode == 1
    assert done.stdout == ""
    name = f"data/processed/2021/notebooks/failed/{kept}.ipynb"
    first, *said = sentences(done)
    where = r'in cell \d+ \(raise ZeroDivisionError\("delat med noll"\)\)'
    stopped = rf"notebooks/{notebook}\.ipynb stopped: ZeroDivisionError: delat med noll, {where}"
    assert re.fullmatch(stopped, first)
    assert said == [
        f"The executed notebook is kept as {name}.",
        "2021: not finished. What was done is kept; every other output is as it was before.",
    ]
    cells = nbformat.read(root / name, as_version=4).cells
    errors = [out for cell in cells for out in cell.get("outputs", []) if out.output_type == "error"]
    assert [(error.ename, error.evalue) for error in errors] == [("ZeroDivisionError", "delat med noll")]
    assert still_published(root, before)
    assert {path.name for path in (root / "outputs").iterdir()} == {"2021", "index.html"}


def test_what_cannot_be_published_stops_the_run_too(home_copy: Copy, analysis_command: Run) -> None:
    root = home_copy(2021)
    few_invited(root, 2021, "bromma")
    before = publish(root)
    notebook = root / "notebooks" / "appendix_quality.ipynb"
    content = nbformat.read(notebook, as_version=4)
    content.cells.append(nbformat.v4.new_code_cell('print("hej")'))
    nbformat.write(content, notebook)
    done = analysis_command("run", "2021", cwd=root)
    assert done.returncode == 1
    said = sentences(done)
    assert said[0].startswith("notebooks/appendix_quality.ipynb stopped: ")
    assert "the cell printed 'hej' on stdout" in said[0]
    kept = "data/processed/2021/notebooks/failed/appendix_quality.ipynb"
    assert said[1] == f"The executed notebook is kept as {kept}."
    assert still_published(root, before)
    assert not list((root / "outputs" / "2021").glob("bilaga-2*"))


def test_all_goes_on_with_the_other_years(project_copy: Copy, analysis_command: Run) -> None:
    root = project_copy(2021, 2022, 2023)
    few_invited(root, 2022, "skarpnack")
    before = {**publish(root, 2021), **publish(root, 2023)}
    replace(root / SURVEY, "year: 2021", "year: [2021")
    (root / "data" / "raw" / "2023" / "enkat-2023.csv").unlink()
    done = analysis_command("run", "--all", "--root", root)
    assert done.returncode == 2
    yaml = f"{SURVEY}, line 11: is not valid YAML: expected ',' or ']', but got ':'."
    said = sentences(done)
    assert said[0].startswith(yaml)
    assert said[1] == "2021 is left out of the comparison: its inputs are wrong."
    assert said[2].startswith("data/raw/2023/enkat-2023.csv: the export is missing.")
    assert "2022: done, as a draft. The appendices are:" in said
    assert len(said) == 4
    made = ("bilaga-1-resultat", "bilaga-2-kvalitet")
    assert done.stdout.splitlines() == [
        "outputs/index.html",
        *(f"outputs/2022/{name}.{kind}" for name in made for kind in ("docx", "html", "pdf")),
        "outputs/2022/tabeller.xlsx",
        "outputs/2022/forvaltningar/ (3 files)",
    ]
    after = published(root)
    assert still_published(root, before)
    # Asked for alone, the year is refused: its comparison would be a guess.
    for_2022 = {name: content for name, content in after.items() if name.startswith("2022/")}
    assert refused(analysis_command("run", "2022", "--root", root)).startswith(yaml)
    assert {n: c for n, c in published(root).items() if n.startswith("2022/")} == for_2022


# --- two exports ------------------------------------------------------------------------------------------------

BEFORE = [["Svarsid", "plan", "text"], *[[str(i), "Ja", "x"] for i in range(1, 7)]]
AFTER = [["Svarsid", "plan", "ny"], *[[str(i), "Ja" if i % 2 else "Nej", ""] for i in range(2, 8)]]


@pytest.fixture
def exports(tmp_path: Path) -> tuple[Path, Path]:
    """Write an earlier export as text, and a later one as the second sheet of a workbook."""
    before, after = tmp_path / "före.csv", tmp_path / "efter.xlsx"
    before.write_text("".join(";".join(row) + "\n" for row in BEFORE), encoding="utf-8")
    workbook(after, ["Läs mig först"], ["Export av enkäten"], Svar=AFTER)
    return before, after


def test_two_exports_are_compared(exports: tuple[Path, Path], analysis: Run) -> None:
    done = analysis("compare", *exports)
    assert (done.returncode, done.stdout.split()) == (0, ["3", "plan"])
    assert sentences(done) == [
        "1 columns added: ny.",
        "1 columns gone: text.",
        "1 submissions added: 7.",
        "1 submissions gone: 1.",
        "3 cells differ (submissions told apart by 'Svarsid').",
    ]
    listed = analysis("compare", *exports, "--cells", "--key", "svarsid")
    assert listed.stdout.splitlines() == ["key,column,before,after", *(f"{i},plan,Ja,Nej" for i in (2, 4, 6))]


def test_which_sheet_is_compared_is_never_guessed(tmp_path: Path, analysis: Run) -> None:
    one, other = tmp_path / "ett.xlsx", tmp_path / "två.xlsx"
    for path in (one, other):
        workbook(path, *BEFORE, Kopia=AFTER if path == other else BEFORE)
    assert refused(analysis("compare", one, other)) == (
        f"{one}: several sheets look like answers: 'Blad1', 'Kopia'. Name the one to read with `--sheet` "
        "(`source: sheet:` in survey.yaml), or keep only that sheet."
    )
    same = analysis("compare", one, other, "--sheet", "Blad1")
    assert sentences(same) == ["0 cells differ (submissions told apart by 'Svarsid')."]
    assert analysis("compare", one, other, "--sheet", "Kopia").stdout.split() == ["3", "plan"]


def test_submissions_that_cannot_be_told_apart_are_not_compared(
    exports: tuple[Path, Path], analysis: Run
) -> None:
    assert refused(analysis("compare", *exports, "--key", "plan")) == (
        "efter.xlsx, line 3: 'Ja' stands for more than one submission. Choose another --key."
    )
