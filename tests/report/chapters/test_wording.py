"""Answers and their counts in running Swedish."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.report.chapters.reading import Part
from analysis.report.chapters.wording import beside, joined, predicate, quoted


def part(
    text: str, labels: tuple[str, ...], *, kind: str = "scale", n: int = 3, base: int = 5, **more: Any
) -> Part:
    question = {
        "id": "q",
        "text": text,
        "kind": kind,
        "items": {"rad": "Skolan"},
        "clause": more.pop("clause", None),
    }
    return Part(question, more.pop("item", ""), labels, labels, n, base, **more)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (part("I vilken grad?", ("I stor grad", "I mycket stor grad"), clause="kunskapen har ökat {svar}"),
         "uppger att kunskapen har ökat i stor eller mycket stor grad"),
        (part("I vilken grad?", ("Inte alls", "I liten grad"), clause="kunskapen har ökat {svar}"),
         "svarar ”Inte alls” eller ”I liten grad” på frågan ”I vilken grad?”"),
        (part("Arbetet fungerar väl.", ("Instämmer till stor del", "Instämmer helt")),
         "instämmer till stor del eller helt i påståendet ”Arbetet fungerar väl”"),
        (part("Arbetet fungerar väl.", ("Mycket", "Helt")),
         "svarar ”Mycket” eller ”Helt” på påståendet ”Arbetet fungerar väl”"),
        (part("Vilka?", ("Region Stockholm",), kind="multiple", clause="de samverkar med {svar}"),
         "uppger att de samverkar med Region Stockholm"),
        (part("Vilka?", ("Skola", "Polis"), kind="multiple", clause="de samverkar med {svar}", word="och"),
         "uppger att de samverkar med skola och polis"),
        (part("Vilka?", ("Inga särskilda",), kind="multiple", clause="de har {svar}"),
         "svarar ”Inga särskilda” på frågan ”Vilka?”"),
        (part("Hur ofta?", ("Ofta",), item="rad"), "svarar ”Ofta” på delfrågan ”Skolan”"),
    ],
)  # fmt: skip
def test_predicate(of: Part, expected: str) -> None:
    assert predicate(of).replace("\\", "") == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["i stor grad", "i mycket stor grad"], "i stor eller mycket stor grad"),
        (["mycket nöjd", "ganska nöjd"], "mycket eller ganska nöjd"),
        (["ja", "ja, delvis"], "ja eller ja, delvis"),
        (["5", "6", "7"], "5, 6 eller 7"),
        (["i hög grad", "i hög grad ibland"], "i hög grad eller hög grad ibland"),
    ],
)
def test_what_answers_share_is_said_once(labels: list[str], expected: str) -> None:
    assert joined(labels) == expected


def test_a_long_question_is_cut_between_words() -> None:
    assert quoted("ord " * 100, 20) == "”ord ord ord ord …”"


def test_nobody_of_a_kind_is_said_in_words() -> None:
    parts = [part("?", ("Ja",), n=n, base=4, group=kind) for kind, n in (("district", 3), ("specialist", 0))]
    assert beside(parts) == "3 av 4 stadsdelsförvaltningar och ingen av fyra fackförvaltningar"
