"""Real exports that nobody has described: `new-year` and `run`, without a hand on any file in between."""

from __future__ import annotations

import html
import json
import os
import pickle
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import page as page_validation
import pandas as pd
import pymupdf
import pytest
from PIL import Image

from analysis.privacy.disclosure import recoverable
from analysis.survey.instrument import Survey, read_survey

HOME = Path(__file__).resolve().parents[2]
CASES = Path(os.environ.get("SURVEY_CASES", HOME.parent / "shared" / "cases"))
SMALLEST = 5
YEAR = "2024"

EXPORTS = {
    "eusurvey": (
        "eusurvey-2024/Content_Export_EVERSElandscaping_Survey_results_16-10-2024_nopersonal.xls", "eusurvey", 28,
    ),
    "limesurvey": ("limesurvey-2017/2017-uk.csv", "limesurvey", 253),
    "google_forms": (
        "google-forms-2014/The use of software in research (Responses) 24 Oct 14 - Form Responses 1.csv",
        "google_forms", 407,
    ),
    "surveymonkey": ("surveymonkey-2014/food-world-cup-data.csv", "surveymonkey", 1373),
}  # fmt: skip
"""Where each export lies, which tool it is from, and how many submissions it holds."""

pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason=f"there are no real surveys in {CASES.name}/ (set SURVEY_CASES)"
)


@dataclass(frozen=True)
class Ran:
    """A real export that has been made a year, and run."""

    root: Path
    export: Path
    tool: str
    submissions: int
    added: subprocess.CompletedProcess[str]
    done: subprocess.CompletedProcess[str]

    @property
    def raw(self) -> Path:
        return self.root / "data" / "raw" / YEAR

    @property
    def processed(self) -> Path:
        return self.root / "data" / "processed" / YEAR

    @property
    def outputs(self) -> Path:
        return self.root / "outputs" / YEAR

    @property
    def survey(self) -> Survey:
        return read_survey(self.raw / "survey.yaml", "survey.yaml", year=int(YEAR))

    def table(self, name: str) -> pd.DataFrame:
        texts = {"question": "str", "item": "str", "value": "str", "group": "str"}
        return pd.read_csv(self.outputs / "results" / f"{name}.csv", dtype=texts, keep_default_na=False,
                           na_values={c: [""] for c in ("n", "base", "percent")})  # fmt: skip

    def files(self) -> list[Path]:
        return sorted(path for path in self.outputs.rglob("*") if path.is_file())


@pytest.fixture(scope="session", params=EXPORTS)
def ran(
    request: pytest.FixtureRequest,
    made_once: Callable[[str, Callable[[Path], None]], Path],
    analysis_command: Callable[..., subprocess.CompletedProcess[str]],
) -> Ran:
    path, tool, submissions = EXPORTS[request.param]

    def make(root: Path) -> None:
        added = analysis_command("new-year", YEAR, CASES / path, "--root", root)
        done = analysis_command("run", YEAR, "--root", root)
        (root / "said.pickle").write_bytes(pickle.dumps((added, done)))

    root = made_once(f"real-{request.param}", make)
    return Ran(root, CASES / path, tool, submissions, *pickle.loads((root / "said.pickle").read_bytes()))


def test_the_export_becomes_appendices_without_a_hand_on_it(ran: Ran) -> None:
    assert ran.added.returncode == 0, ran.added.stderr
    said = ran.added.stderr.splitlines()[0]
    assert said.startswith(f"A draft of {YEAR} is made ({ran.tool}, {ran.submissions} submissions, ")
    assert ran.done.returncode == 0, ran.done.stderr
    assert f"{YEAR}: done, as a draft. The appendices are:" in ran.done.stderr
    assert "Traceback" not in ran.added.stderr + ran.done.stderr
    kinds = ("docx", "html", "pdf")
    names = [f"bilaga-{name}.{kind}" for name in ("1-resultat", "2-kvalitet") for kind in kinds]
    own = [f"outputs/{YEAR}/{name}" for name in [*names, "tabeller.xlsx"]]
    assert ran.done.stdout.splitlines() == ["outputs/index.html", *own]
    assert all((ran.root / line).stat().st_size > 2000 for line in ran.done.stdout.splitlines())
    assert (ran.raw / ran.export.name).read_bytes() == ran.export.read_bytes()


def test_the_draft_says_what_a_person_must_settle(ran: Ran) -> None:
    assert ran.survey.draft
    settle = (ran.raw / "to-settle.md").read_text(encoding="utf-8")
    assert settle.count("- [ ] ") >= 3
    assert not any(section.confirmed for section in ran.survey.sections)


def test_every_cell_is_accounted_for(ran: Ran) -> None:
    accounting = json.loads((ran.processed / "accounting.json").read_text(encoding="utf-8"))
    assert accounting["unaccounted"] == 0
    assert accounting["raw_cells"] == accounting["answers_cells"] + accounting["ledger_cells"]
    submissions = pd.read_parquet(ran.processed / "submissions.parquet")
    assert len(submissions) == ran.submissions


def test_released_counts_are_the_counts_wherever_they_are_shown(ran: Ran) -> None:
    before = pd.read_parquet(ran.processed / "counts.parquet")
    after = ran.table("counts")
    key = ["question", "item", "value", "group"]
    assert after[key].to_numpy().tolist() == before[key].to_numpy().tolist()
    shown = ~after["suppressed"].to_numpy()
    assert shown.sum() > 50
    assert after.loc[shown, "n"].astype(int).tolist() == before.loc[shown, "n"].tolist()
    assert after.loc[~shown, ["n", "percent"]].isna().all(axis=None)
    based = after["base"].notna().to_numpy()
    assert after.loc[based, "base"].astype(int).tolist() == before.loc[based, "base"].tolist()
    percent = after["percent"].notna().to_numpy()
    expected = (100 * before["n"] / before["base"]).loc[percent].astype(float)
    assert after.loc[percent, "percent"].tolist() == pytest.approx(expected.tolist())


def test_no_small_number_of_people_is_shown_or_can_be_worked_out(ran: Ran) -> None:
    after = ran.table("counts").astype({"n": "Int64", "base": "Int64", "percent": "Float64"})
    assert not after["n"].between(1, SMALLEST - 1).any()
    assert recoverable(after, smallest=SMALLEST).empty
    nonresponse = ran.table("item_nonresponse")
    counted = [c for c in nonresponse.columns if c.startswith("_") or c == "answered"]
    numbers = nonresponse[counted].apply(pd.to_numeric).stack()
    assert not numbers.between(1, SMALLEST - 1).any()
    answers = pd.to_numeric(ran.table("numbers")["answers"])
    assert not answers.between(1, SMALLEST - 1).any()


def test_what_is_under_review_is_counted_as_such(ran: Ran) -> None:
    review = pd.read_csv(ran.processed / "review.csv", dtype="str", keep_default_na=False)
    waiting = ran.table("review_counts").set_index("kind")["open"].astype(int).to_dict()
    assert waiting == review["kind"].value_counts().to_dict()
    missing = json.loads((ran.outputs / "results" / "survey.json").read_text(encoding="utf-8"))["missing"]
    assert any("ska avgöras av en utredare" in line for line in missing) == (len(review) > 0)
    counts = pd.read_parquet(ran.processed / "counts.parquet")
    reviewed = counts[counts["value"] == "_under_review"].groupby("question")["n"].max()
    asked = set(review.loc[review["kind"] == "answer", "needed_for"])
    closed = {q.id for q in ran.survey.questions if q.kind in ("single", "scale")}
    assert set(reviewed.index[reviewed > 0]) & closed == asked & closed
    page = html.unescape((ran.outputs / "bilaga-2-kvalitet.html").read_text(encoding="utf-8"))
    if len(review):
        assert "Väntar på beslut" in page


def test_no_person_and_no_free_text_is_published(ran: Ran) -> None:
    published = {}
    for path in ran.files():
        if path.suffix == ".pdf":
            with pymupdf.open(path) as file:
                content = "".join(sheet.get_text() for sheet in file)
        elif path.suffix == ".docx":
            with zipfile.ZipFile(path) as archive:
                texts = [archive.read(f"word/{part}.xml").decode() for part in ("document", "footnotes")]
            content = html.unescape(re.sub(r"<(?![^>]*descr=)[^>]+>", "", "".join(texts)))
        elif path.suffix == ".png":
            with Image.open(path) as picture:
                content = " ".join(str(text) for text in picture.info.values())
        elif path.suffix == ".svg":
            said = re.findall(r"<(?:title|desc)>(.*?)</", path.read_text(encoding="utf-8"), re.S)
            assert said, path
            content = html.unescape(" ".join(said))
        elif path.suffix != ".xlsx":
            # Pictures are long strings of signs: they hold no text, and make every search slow.
            content = re.sub(r"data:image[^\"]*|<svg.*?</svg>", "", path.read_text(encoding="utf-8"))
            content = html.unescape(content)
        else:
            continue
        published[path.name] = "".join(content.split())
    answers = pd.read_parquet(ran.processed / "answers_unmasked.parquet")
    labels = "".join("".join(o.label for o in q.options) + q.text for q in ran.survey.questions)
    labels = "".join(labels.split())
    texts = [c for q in ran.survey.questions if q.kind == "free_text" for c in q.columns()]
    said = {"".join(text.split())[:40] for c in texts for text in answers[c].dropna() if len(text) > 60}
    sought = {text for text in said if len(text) == 40 and text not in labels}
    assert [(name, text) for name, content in published.items() for text in sought if text in content] == []
    addresses = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+\.\w+")
    assert [
        (name, found[0]) for name, content in published.items() if (found := addresses.search(content))
    ] == []
    assert ran.table("quotes").empty
    assert ran.table("response").empty
    assert not (ran.outputs / "forvaltningar").exists()


def test_every_page_is_marked_as_a_draft(ran: Ran) -> None:
    for name in ("bilaga-1-resultat", "bilaga-2-kvalitet"):
        page = (ran.outputs / f"{name}.html").read_text(encoding="utf-8")
        assert "UTKAST" in page
        assert '<html lang="sv"' in page
        assert "<script" not in page
        with pymupdf.open(ran.outputs / f"{name}.pdf") as file:
            texts = [sheet.get_text() for sheet in file]
        for number, text in enumerate(texts, start=1):
            assert "UTKAST" in text
            assert f"Sida {number} av {len(texts)}" in text


@pytest.mark.parametrize("name", ["bilaga-1-resultat", "bilaga-2-kvalitet"])
def test_the_pdfs_are_accessible_and_archivable(ran: Ran, name: str) -> None:
    path = ran.outputs / f"{name}.pdf"
    for profile in ("ua1", "2a"):
        report = page_validation.validate_pdf(path, profile=profile)
        assert [(failure.rule_id, failure.message) for failure in report.failures] == []
        assert report.is_compliant
    program = Path(sys.executable).with_name("outloud")
    command = [program, "--layer", "conformance", "--quiet", path]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
