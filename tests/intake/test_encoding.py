from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.intake.cells import each, from_rows
from analysis.intake.decode import decode
from analysis.intake.encoding import find_encoding, lost_characters, misfit, open_text, plausibility
from analysis.problems import InputError

CASES = Path(os.environ.get("SURVEY_CASES", Path(__file__).parents[3] / "shared" / "cases"))
SWEDISH = (
    "Fråga;Svar\nBromma;Förvaltningen gör så här i år: åtgärder på Östermalm och i Älvsjö\n"
    "Åsö;Idé till café – och så’n där månad\n"
)
ENGLISH = "Id;Answer\n1;We don’t know – it’s “too early”… about £5 for Zoë’s café\n2;Kind\u00a0of\u00a0food\n"


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        act()
    assert len(caught.value.problems) == 1
    return str(caught.value)


def read(raw: bytes, encoding: str | None = None) -> tuple[str, str]:
    found = find_encoding(raw, "x.csv", encoding)
    return open_text(raw, found).read(), found


# --- Which encoding ---


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
        ("mac_roman", "mac_roman"),
    ],
)
@pytest.mark.parametrize("text", [SWEDISH, ENGLISH, SWEDISH * 30_000], ids=["Swedish", "English", "long"])
def test_every_usual_encoding_is_found(text: str, written: str, found: str) -> None:
    assert read(text.encode(written)) == (text, found)


def test_swedish_and_english_in_the_encoding_of_ms_dos() -> None:
    for text in ("Åsö;Förvaltningen gör så här i Älvsjö\n", "It costs £5;£10\n"):
        assert read(text.encode("cp850")) == (text, "cp850")


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "cp850"])
@pytest.mark.parametrize(
    "word", ["Fråga", "på", "år", "Åtgärd", "mål,", "ÅRSTA", "väl", "Äldre", "gör", "Över", "FÖR"]
)
def test_one_letter_is_enough(word: str, encoding: str) -> None:
    text = f"Svar\n{word}\n"
    assert read(text.encode(encoding)) == (text, encoding)


@pytest.mark.parametrize(
    "word", ["Ej ännu", "ÖSTERMALM", "café", "år – månad", "don’t", "€5", "§ 4", "“so”", "sen…"]
)
def test_one_short_word_is_enough_for_cp1252(word: str) -> None:
    assert read(f"Svar\n{word}\n".encode("cp1252")) == (f"Svar\n{word}\n", "cp1252")


@pytest.mark.parametrize("word", ["don’t", "“so”", "så – här", "Kind\u00a0of", "idé", "sen…"])
def test_one_short_word_is_enough_for_mac_roman(word: str) -> None:
    assert read(f"Svar\n{word}\n".encode("mac_roman")) == (f"Svar\n{word}\n", "mac_roman")


def test_what_all_readings_have_in_common_is_no_doubt() -> None:
    assert read(b"It costs \xa35 \xb1 1") == ("It costs £5 ± 1", "cp1252")


@pytest.mark.skipif(not CASES.is_dir(), reason="the real exports are not there")
def test_a_real_export_in_mac_roman() -> None:
    path = CASES / "surveymonkey-2014" / "food-world-cup-data.csv"
    grid = decode(path, "x.csv")
    spaces = sum(int(each(grid.cells[i], lambda text: text.count("\u00a0"), int).sum()) for i in grid.cells)
    assert grid.encoding == "mac_roman"
    assert spaces == path.read_bytes().count(b"\xca") == 286


@pytest.mark.parametrize("raw", [b"milj\x94\n", b"\x94ja\x94\n", b"x\xabx"])
def test_what_could_be_either_is_refused(raw: bytes) -> None:
    assert "its encoding cannot be told (" in refused(lambda: find_encoding(raw, "x.csv"))


def test_a_doubtful_encoding_is_refused_and_its_readings_are_shown() -> None:
    message = refused(lambda: find_encoding(b"a,b\n\x80,\x8e\n", "x.csv"))
    assert message.startswith("x.csv: its encoding cannot be told (")
    for reading in ("cp1252 gives 'a,b €,Ž'", "mac_roman gives 'a,b Ä,é'", "cp850 gives 'a,b Ç,Ä'"):
        assert reading in message
    assert message.endswith("Choose one with --encoding, or `source: encoding:` in survey.yaml.")


def test_utf8_that_is_cut_off_or_goes_on_in_another_encoding() -> None:
    for raw in ("a\nåäö\nå".encode()[:-1], "a\nåäö\n".encode() + "så här".encode("cp1252")):
        assert refused(lambda raw=raw: find_encoding(raw, "x.csv")) == (
            "x.csv, line 3: begins as UTF-8 but does not go on so: it is cut off, or pieced together from several "
            "files. Export it again from the survey tool."
        )


def test_a_few_misread_letters_do_not_hide_cp1252() -> None:
    text = "FÃ¶rvaltning;Svar\n" + "Åsö;Gör så här\n" * 20
    assert read(text.encode("cp1252")) == (text, "cp1252")


def test_a_person_settles_the_encoding() -> None:
    assert read(b"\x80\n", "mac_roman") == ("Ä\n", "mac_roman")
    assert read(b"\x80\n", "cp1252") == ("€\n", "cp1252")
    assert read("\ufeffa".encode(), "utf-8") == ("a", "utf-8")


def test_a_settled_encoding_that_does_not_fit_names_the_line() -> None:
    message = refused(lambda: find_encoding("a\nb\nå".encode("cp1252"), "x.csv", "utf-8"))
    assert message == "x.csv, line 3: does not fit the encoding utf-8. Give another --encoding."


@pytest.mark.parametrize("encoding", ["latin-99", "base64", "utf-7", "unicode_escape", "a\0b", "punycode"])
def test_an_unknown_encoding(encoding: str) -> None:
    message = refused(lambda: find_encoding(b"a", "x.csv", encoding))
    assert message == f"x.csv: {encoding!r} is not a known encoding. Use utf-8, cp1252 or mac_roman."


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("lines", [0, 1, 200_000])
def test_the_line_of_a_misfit_is_counted_over_all_pieces(lines: int, end: str) -> None:
    assert misfit(f"åäö;b{end}".encode() * lines + b"\xff", "utf-8") == lines + 1


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("ren ascii", 1.0),
        ("förvaltningen på Åsö", 1.0),
        ("fˆrvaltningen", 0.0),
        ("f÷rv", 0.0),
        ("på¶", 0.5),
        ("nèr", 0.75),
        ("Zoë", 0.5),
        ("föR", 0.0),
        ("FÖR", 1.0),
        ("fÖr", 0.0),
        ("så” sa", 1.0),
        ("å", 0.0),
        ("sen…", 1.0),
        ("…ver", 0.0),
        ("€ldre", 0.0),
        ("5 €", 1.0),
    ],
)
def test_plausibility_is_the_share_of_likely_characters(text: str, share: float) -> None:
    assert plausibility(text) == share


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(["gör", "på", "Åtgärd", "ÄLDRE", "väl", "förslag", "så", "ok"]), min_size=1),
    st.sampled_from(["cp1252", "mac_roman", "utf-8"]),
)
def test_any_swedish_words_survive(words: list[str], encoding: str) -> None:
    text = " ".join(words)
    assert read(text.encode(encoding))[0] == text


# --- Lost characters ---


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("f\ufffdrvaltning", "replacement"),
        ("f?rvaltning", "question_marks"),
        ("f??rvaltning", "question_marks"),
        ("F?RVALTNING", "question_marks"),
        ("H?gersten", "question_marks"),
        ("?ldre f?rst", "question_marks"),
        ("Vi har ?tg?rdat", "question_marks"),
        ('Plan "?lvsj?"', "question_marks"),
        ("(?r klart)", "question_marks"),
        ("??", "question_marks"),
        (" ???? ", "question_marks"),
        ("det finns ?? kvar", "question_marks"),
        ("FÃ¶rvaltning", "misread"),
        ("Ã…rsta", "misread"),
        ("PÃ¥ Ã¤ngen", "misread"),
        ("2019â€“2020", "misread"),
        ("donâ€™t", "misread"),
        ("KindÂ\u00a0of", "misread"),
        ("Kind\u00c2 of", "misread"),
        ("f√∂rvaltning", "misread"),
        ("f├Ârvaltning", "misread"),
    ],
)
def test_lost_characters_are_told_by_kind(text: str, what: str) -> None:
    found = lost_characters(["Fråga"], from_rows([["ja"], [text], [text], [""]]))
    assert found.to_numpy().tolist() == [["Fråga", what, 2]]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "Varför?",
        "Varför??",
        "Varför ??",
        "Varför?? Vi vet inte",
        "Vad då ?? Jag vet",
        "Hur?Vi vet inte",
        "Vilket år? 2019?",
        "Kanske (varför?)",
        "https://staden.se/sok?fraga=ja&x=?b",
        "se www.staden.se/sida?id",
        "staden.se/a?b",
        "sida.html?id=7",
        "förvaltning på Åsö – ”så”… café",
        "SÃO PAULO",
        "ÂNGSTRÖM",
        "5 √ 2",
        "\u00a0x\u200b\ufeff",
    ],
)
def test_what_only_looks_like_a_loss(text: str) -> None:
    assert lost_characters(["Fråga?"], from_rows([[text], [text]])).empty


def test_headers_count_and_every_column_is_told_apart() -> None:
    cells = from_rows([["f?r", "PÃ¥", "x"], ["\ufffd PÃ¥", "PÃ¤", "y"]])
    found = lost_characters(["Fr?ga", "Svar", "Svar"], cells.loc[1:])
    assert list(found.columns) == ["column", "what", "cells"]
    assert found.to_numpy().tolist() == [
        ["Fr?ga", "replacement", 1],
        ["Fr?ga", "question_marks", 2],
        ["Fr?ga", "misread", 1],
        ["Svar", "misread", 2],
    ]


def test_nothing_lost_is_a_table_without_rows() -> None:
    found = lost_characters(["a"], from_rows([["b"]]))
    assert found.empty
    assert found.dtypes.astype(str).tolist() == ["str", "str", "int64"]


@settings(max_examples=50, deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyzåäöÅÄÖé ,.!–”’", max_size=40))
def test_utf8_read_as_cp1252_never_passes_unseen(text: str) -> None:
    misread = "".join(bytes([b]).decode("cp1252", "replace").replace("\ufffd", chr(b)) for b in text.encode())
    cells = from_rows([[text], [misread]])
    found = lost_characters(["a"], cells)
    assert found["cells"].tolist() == ([] if text.isascii() else [1])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["på", "får", "Åsö", "är", "mål", "ÖVER", "så"]), min_size=1, max_size=5))
def test_what_a_program_writes_for_letters_it_lacks_never_passes_unseen(words: list[str]) -> None:
    text = " ".join(["så här", *words, "är det"])
    lost = text.encode("ascii", "replace").decode()
    assert lost_characters(["a"], from_rows([[lost]]))["what"].tolist() == ["question_marks"]
