"""The list of years and appendices: what it offers, in which order, and that it is the same for the same files."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.report import html, index
from analysis.report.blocks import Document
from analysis.report.index import Appendix, read_appendices, read_figures


class Shown(HTMLParser):
    """Reads the headings, links and statuses of a page, in order."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.headings: list[str] = []
        self.statuses: list[str] = []
        self.sink: list[str] | None = None
        self.feed(markup.partition("<main")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self.links.append((str(given["href"]), ""))
        elif tag in ("h2", "h3"):
            self.sink = self.headings
            self.headings.append("")
        elif given.get("class") == "status":
            self.sink = self.statuses
            self.statuses.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h2", "h3", "p"):
            self.sink = None

    def handle_data(self, data: str) -> None:
        if self.sink is not None:
            self.sink[-1] += data
        elif self.links:
            target, text = self.links[-1]
            self.links[-1] = (target, text + data)


@pytest.fixture
def outputs(tmp_path: Path, document_of: Callable[..., Document]) -> Path:
    """Return a folder with two years of appendices, and things that are none."""

    def publish(year: str, name: str, title: str, *more: str, marks: tuple[str, ...] = ("UTKAST",)) -> None:
        path = tmp_path / year / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html.render(document_of("Text.", title=title, marks=list(marks))), encoding="utf-8")
        for suffix in more:
            path.with_suffix(suffix).write_bytes(b"x" * 1_250_000)

    publish("2022", "bilaga-1-resultat", "Bilaga 1. Resultat 2022", ".pdf", ".docx")
    publish("2022", "forvaltningar/a", "Östermalm 2022", ".pdf")
    publish("2022", "forvaltningar/b", "Älvsjö & Åland 2022", marks=("UTKAST", "SYNTETISKA EXEMPELDATA"))
    publish("2022", "forvaltningar/c", "Bromma 2022")
    (tmp_path / "2022" / "tabeller.xlsx").write_bytes(b"x" * 4_600)
    figures = tmp_path / "2022" / "figurer" / "bilaga-1-resultat"
    figures.mkdir(parents=True)
    (figures / "diagram-02.svg").write_text("<svg></svg>", encoding="utf-8")
    drawn = "<svg>\n<title>Diagram 1. Antal &amp; andel &lt; 5</title><g></g></svg>"
    (figures / "diagram-01-n.svg").write_text(drawn, encoding="utf-8")
    (figures / "diagram-01-n.png").write_bytes(b"x" * 2_000)
    (tmp_path / "2022" / "figurer" / "bilaga-2-kvalitet").mkdir()
    publish("2023", "bilaga-2-kvalitet", "Bilaga 2 2023", marks=())
    (tmp_path / "2021" / "results").mkdir(parents=True)
    (tmp_path / ".2024.part").mkdir()
    (tmp_path / ".2024.part" / "bilaga-1-resultat.html").write_text("halv", encoding="utf-8")
    (tmp_path / "2022" / "manifest.json").write_text("{}", encoding="utf-8")
    (tmp_path / "2022" / "notebooks").mkdir()
    return tmp_path


def test_years_come_newest_first_and_appendices_sorted_as_swedish_is(outputs: Path) -> None:
    shown = Shown(index.render(outputs))
    assert shown.headings == [
        "2023",
        "Gemensamma bilagor",
        "2022",
        "Gemensamma bilagor",
        "Bilagor per förvaltning",
        "Tabeller och diagram att använda",
    ]
    assert [text.split(",")[0].strip() for _, text in shown.links] == [
        "Bilaga 2 2023 webbsida",
        "Bilaga 1. Resultat 2022 webbsida",
        "pdf av Bilaga 1. Resultat 2022",
        "Word av Bilaga 1. Resultat 2022",
        "Bromma 2022 webbsida",
        "Älvsjö & Åland 2022 webbsida",
        "Östermalm 2022 webbsida",
        "pdf av Östermalm 2022",
        "Excel av Bilagornas tabeller 2022",
        "SVG av Diagram 1. Antal & andel < 5",
        "PNG av Diagram 1. Antal & andel < 5",
        "SVG av diagram-02",
    ]
    assert shown.statuses == ["UTKAST · SYNTETISKA EXEMPELDATA"]


def test_every_link_is_relative_and_leads_to_a_file_whose_size_it_tells(outputs: Path) -> None:
    shown = Shown(index.render(outputs))
    for target, _ in shown.links:
        assert not target.startswith(("/", "http", "file"))
        assert (outputs / target).is_file()
    sizes = {target: text.splitlines()[0].rpartition(", ")[2].strip() for target, text in shown.links}
    assert sizes["2022/bilaga-1-resultat.pdf"] == "1,3\xa0MB"
    assert sizes["2022/tabeller.xlsx"] == "5\xa0kB"


def test_the_figures_of_an_appendix_are_folded_under_its_title(outputs: Path) -> None:
    assert list(read_figures(outputs / "2022")) == ["Bilaga 1. Resultat 2022"]
    assert read_figures(outputs / "2023") == {}
    markup = index.render(outputs)
    summary = '<summary>Bilaga 1. Resultat 2022 <span class="extent">2 diagram som bildfiler</span></summary>'
    assert markup.count("<details>") == markup.count(summary) == 1


def test_the_first_year_says_why_it_has_no_comparison(outputs: Path) -> None:
    note = "<p>Bilaga 3 saknas: det finns inget tidigare år att jämföra med.</p>"
    assert note not in index.render(outputs)  # 2021 has a folder, so 2022 is not the first year
    shutil.rmtree(outputs / "2021")
    older = index.render(outputs).partition('id="ar-2022"')[2]
    assert older.count(note) == index.render(outputs).count(note) == 1
    (outputs / "2022" / "bilaga-3-jamforelse.pdf").write_bytes(b"x")
    assert note not in index.render(outputs)


def test_a_year_names_those_who_have_not_answered(outputs: Path) -> None:
    assert "Har inte svarat" not in index.render(outputs)
    rows = ["a,Älvsjö,complete", "b,Östermalm,none", "c,Bromma & Co,empty", "d,Farsta,partial"]
    (outputs / "2022" / "results").mkdir()
    path = outputs / "2022" / index.RESPONSE
    path.write_text("\n".join(["unit_id,name,status", *rows]), encoding="utf-8")
    assert "<p>Har inte svarat: Bromma &amp; Co och Östermalm.</p>" in index.render(outputs)
    path.write_text("\n".join(["unit_id,name,status", rows[0]]), encoding="utf-8")
    assert "Har inte svarat" not in index.render(outputs)


def test_a_year_without_appendices_is_not_listed_and_no_year_is_told(tmp_path: Path) -> None:
    (tmp_path / "2021" / "results").mkdir(parents=True)
    markup = index.render(tmp_path)
    assert "2021" not in markup
    assert "<p>Inga bilagor är framtagna än.</p>" in markup
    assert "<nav" not in markup


def test_an_appendix_without_a_page_is_called_as_its_files(tmp_path: Path) -> None:
    (tmp_path / "bilaga-9-egen.pdf").write_bytes(b"%PDF")
    assert read_appendices(tmp_path) == [Appendix("bilaga-9-egen", (), (("pdf", "bilaga-9-egen.pdf", 4),))]


def test_the_same_files_give_the_same_page_whatever_their_dates(outputs: Path) -> None:
    first = index.render(outputs)
    for path in outputs.rglob("*"):
        os.utime(path, (0, 0))
    assert index.write(outputs) == outputs / "index.html"
    assert (outputs / "index.html").read_text(encoding="utf-8") == first == index.render(outputs)
    assert not list(outputs.glob(".index*"))


def test_a_file_that_another_run_takes_away_is_left_out(
    outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Path.glob

    def glob(self: Path, pattern: str) -> Iterator[Path]:
        paths = sorted(found(self, pattern))
        (outputs / "2022" / "bilaga-1-resultat.pdf").unlink(missing_ok=True)
        return iter(paths)

    monkeypatch.setattr(Path, "glob", glob)
    (appendix,) = read_appendices(outputs / "2022")
    assert [kind for kind, _, _ in appendix.files] == ["webbsida", "Word"]
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: (_ for _ in ()).throw(FileNotFoundError()))
    assert read_appendices(outputs / "2022") == []


def test_two_runs_at_once_leave_a_whole_page(outputs: Path) -> None:
    wanted = index.render(outputs)
    threads = [threading.Thread(target=index.write, args=(outputs,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outputs / "index.html").read_text(encoding="utf-8") == wanted


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_title_and_mark_is_read_as_it_was_written(
    tmp_path: Path, document_of: Callable[..., Document], text: str
) -> None:
    wanted = " ".join(text.split())
    if not wanted:
        return
    made = html.render(document_of("Text.", title=wanted, marks=[wanted]))
    (tmp_path / "bilaga-1.html").write_text(made, encoding="utf-8")
    (appendix,) = read_appendices(tmp_path)
    assert (appendix.title, appendix.marks) == (wanted, (wanted,))
