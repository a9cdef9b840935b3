"""Personal data in free text: forms by hand, names on a sample, and what must always hold."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.privacy.personal_data import LABELS, Finding, find, find_in_texts, mask
from analysis.problems import InputError


def found(text: str, **names: set[str]) -> list[tuple[str, str, bool]]:
    return [(f.kind, f.text, f.certain) for f in find(text, **names)]


# --- Personal identity numbers ---
# 701063-2391 is the Tax Agency's example of a coordination number, 811228-9874 of a personal identity number.


@pytest.mark.parametrize(
    ("number", "certain"),
    [
        ("19811228-9874", True),
        ("811228-9874", True),
        ("811228+9874", True),
        ("198112289874", True),
        ("8112289874", True),
        ("811228 9874", True),
        ("19811228 - 9874", True),
        ("811228–9874", True),
        ("1981-12-28-9874", True),
        ("1981 12 28 9874", True),
        ("701063-2391", True),
        ("19701063-2391", True),
        # A wrong check digit, a wrong date, and numbers that are half hidden: flagged all the same.
        ("811228-9875", False),
        ("198112289875", False),
        ("811328-9874", False),
        ("20070115-XXXX", False),
        ("20070115-TF12", False),
    ],
)
@pytest.mark.parametrize("sentence", ["Pojken ({}) är aktuell.", "{}", "pnr:{},"])
def test_identity_numbers(number: str, certain: bool, sentence: str) -> None:
    text = sentence.format(number)
    assert found(text) == [("personnummer", number, certain)]
    assert mask(text, find(text)) == sentence.format("[personnummer]")


@pytest.mark.parametrize(
    "text",
    [
        "Mötet hölls 2021-10-19 kl. 13.00–15.30.",
        "Mötet hölls 2021-10-19 1300 och 2021-10-20 0900.",
        "Beslutades den 19.10.2021, 09.05.2007, 09 05 2007 och 9/5 2007.",
        "Perioden 210101-1231 jämfört med 20200101–20201231 och 2020-07-01–2023-06-30.",
        "Dnr 2021/1234-1.2.3, SOF 2021/417, dnr 08-1234/2021 och 1.6.1-1234/2021.",
        "Kostnaden var 1 250 000 kr, varav 850 825 000 kr i bidrag och 0 000 kr i avgifter.",
        "Andelen ökade från 12,5 % till 16,25 % mellan 2019 och 2021 (n=1234).",
        "Åldrarna 0–5, 6–12, 13–15 och 16–24 år, totalt 10 000–12 000 personer.",
        "Öppet 08.00-17.00, kl 0800-1700 och 08-17 08-17.",
        "Stockholms stad har organisationsnummer 212000-0142, 556012-5790 är ett bolag.",
        "Ring 112 eller 114 14. Läs mer på https://start.stockholm/sok?q=2021-10-19.",
        "Se 2 kap. 3 § SoL (2001:453), lag (2023:196) och prop. 2022/23:43.",
        "Följ oss på @stockholmsstad. #tillsammans",
    ],
)
def test_numbers_that_are_not_about_a_person(text: str) -> None:
    assert found(text) == []


def test_digits_are_a_telephone_number_only_where_the_check_digit_is_wrong() -> None:
    assert found("0701234567") == [("phone", "0701234567", True)]
    number = "070123456" + luhn("070123456")
    assert found(number) == [("personnummer", number, True)]


@pytest.mark.parametrize(
    "number",
    [
        "070-123 45 67",
        "0708 12 34 56",
        "08-508 25 000",
        "+46 70 123 45 67",
        "0046701234567",
        "(08) 508 25 000",
    ],
)
def test_telephone_numbers(number: str) -> None:
    text = f"Ring {number}, dygnet runt, eller 811228-9874."
    assert found(text)[0][::2] == ("phone", True)
    assert mask(text, find(text)).endswith("[telefonnummer], dygnet runt, eller [personnummer].")


def test_addresses() -> None:
    text = "Skriv till åsa.öberg+enkät@edu.stockholm.se. Inte till info@intranätet eller @konto."
    assert found(text) == [
        ("email", "åsa.öberg+enkät@edu.stockholm.se", True),
        ("email", "info@intranätet", False),
    ]


# --- Names ---


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Vi har stöttat Amina Wästfelt i ett år.", ["Amina Wästfelt"]),
        ("Amina Wästfelt, Zlatko Andersson och Karl-Erik von Essen deltog.",
         ["Amina Wästfelt", "Zlatko Andersson", "Karl-Erik von Essen"]),
        ("Per Albin Hansson talade.", ["Per Albin Hansson"]),
        ("Vi träffade Ahmed och Elins mamma.", ["Ahmed", "Elins"]),
        ("Ahmed berättade om skolan. Fatimas bror också.", ["Ahmed", "Fatimas"]),
        ("Enligt Andersson gick det bra.", ["Andersson"]),
        ("Familjen Lundqvist-Berg fick stöd av kurator Shirin.", ["Lundqvist-Berg", "Shirin"]),
        ("Kurator Shirin och rektor Zana Barzani.", ["Shirin", "Zana Barzani"]),
        ("Tack!\nMvh\nShirin", ["Shirin"]),
        ("KONTAKT: ANNA BERG, SOF", ["ANNA BERG"]),
        ("Anna K. Svensson och Anna B deltog.", ["Anna K. Svensson", "Anna B"]),
        ("We met Ahmed's brother and Mr Karimi.", ["Ahmed's", "Karimi"]),
        # Not names.
        ("Per år når vi 40 unga. Hans familj fick stöd. Inga resultat än. Stark oro.", []),
        ("Dags för uppföljning. Max tio deltagare. Mina kollegor håller med.", []),
        ("Maria Ungdom, Mini-Maria och Svea hovrätt. Vid Valborg och Lucia är vi ute.", []),
        ("Vi använder ESTER (Ester) och SAVRY. Sankt Eriks sjukhus och S:t Görans kyrka.", []),
        ("May 2021. This is why. MS Word and August.", []),
        ("Eleven på Rinkebyskolan i Järva. Handläggare BoU. Kuratorn. Fritidsgården i Hall.", []),
    ],
)  # fmt: skip
def test_names(text: str, names: list[str]) -> None:
    assert found(text) == [("name", name, False) for name in names]


def test_places_and_organisations_are_not_names() -> None:
    text = "Vid Maria Magdalena, i Alvik Strand och i Hannas hus träffade Hanna fältarna. Maria Skarpnäck."
    assert [f.text for f in find(text)] == [
        "Maria Magdalena",
        "Alvik Strand",
        "Hannas",
        "Hanna",
        "Maria Skarpnäck",
    ]
    places = {"Maria Magdalena", "alvik strand", "Hannas hus", "Skarpnäck"}
    assert [f.text for f in find(text, not_names=places)] == ["Hanna", "Maria"]


def test_known_names_are_certain_in_any_case() -> None:
    text = "shirin karimi, Shirin Karimis kollega och Karimi."
    assert found(text) == []
    assert found(text, known_names={"Shirin Karimi"}) == [
        ("name", "shirin karimi", True),
        ("name", "Shirin Karimis", True),
    ]
    assert found("[namn] deltog", known_names={"namn"}) == []


# Sentences of the kind that administrations write, each with what is personal in it.
SAMPLE: list[tuple[str, list[str]]] = [
    ("Under året har fältassistenterna mött fler unga i Rinkeby och Tensta än tidigare.", []),
    ("Samverkan inom SSPF har stärkts sedan handlingsplanen antogs 2021-06-15.", []),
    ("Vi ser en tydlig effekt: 12 av 18 ungdomar har avslutat insatsen.", []),
    ("Maria Ungdom och Mini-Maria är viktiga samarbetspartner för oss.", []),
    ("Polisen i Järva bekräftar att oron har minskat runt Kista galleria.", []),
    ("Hans Majestät är inte berörd, men hans kusin i Husby är det.", []),
    ("Per capita är kostnaden 1 250 kr, totalt 1 250 000 kr i budget 2021.", []),
    ("Stark oro finns kring nyrekrytering. Strid om territorium förekommer.", []),
    ("Se ärende dnr 2021/417-1.2.1 och protokoll från den 19 oktober.", []),
    ("Föräldrastödet Komet och metoden ESTER används i hela förvaltningen.", []),
    ("Bromma stadsdelsförvaltning uppger att arbetet är långsiktigt.", []),
    ("Fryshuset, Lugna Gatan och Verdandi driver aktiviteter kl. 16.00–20.00.", []),
    ("Vid Lucia och Valborg förstärks närvaron med trygghetsvärdar.", []),
    ("Det finns inga resultat ännu. Inga mätningar är gjorda.", []),
    ("Ungdomsmottagningen på Södermalm har öppet 0800-1700 på vardagar.", []),
    ("Vi önskar enklare uppföljning i Stratsys och färre styrdokument.", []),
    ("Idrottsförvaltningen och Kulturskolan erbjuder gratis lovaktiviteter.", []),
    ("Bo, leva och verka i Skärholmen är temat för 2022.", []),
    ("Liv och hälsa kontaktas via 112. Mål 3.2 nås till 85,5 procent.", []),
    ("Agenda 2030 och Barnkonventionen styr, se prop. 2022/23:43.", []),
    ("Elever vid Anna Whitlocks gymnasium har deltagit i dialogen.", []),
    ("Ahmed fick kontakt med fältassistenterna och går nu i skolan.", ["Ahmed"]),
    ("Kontakta Lena Bergström på 08-508 12 345 för mer information.", ["Lena Bergström", "08-508 12 345"]),
    ("Flickan, Fatima 14 år, placerades i familjehem.", ["Fatima"]),
    ("En pojke född 20070115-2386 har dömts för rån.", ["20070115-2386"]),
    ("Ärendet gäller 070115-2386 och hans bror.", ["070115-2386"]),
    ("Rektor Johan Nilsson vid Rinkebyskolan är drivande.", ["Johan Nilsson"]),
    ("Frågor besvaras av sara.lind@stockholm.se.", ["sara.lind@stockholm.se"]),
    ("Vår samordnare heter Mehmet Yilmaz och nås på 070-123 45 67.", ["Mehmet Yilmaz", "070-123 45 67"]),
    ("Bröderna Hassan är kända av polisen.", ["Hassan"]),
    ("Tack till Anna-Karin och Björn för gott arbete!", ["Anna-Karin", "Björn"]),
    ("Hans Pettersson på polisen deltar i SSPF.", ["Hans Pettersson"]),
    ("Eleven Shirin har haft hög frånvaro.", ["Shirin"]),
    ("Socialsekreterare Zahra Hosseini följer upp ärendet.", ["Zahra Hosseini"]),
    ("Mamman, Leila, har fått föräldrastöd och pappan Yasin bor kvar.", ["Leila", "Yasin"]),
    ("Ungdomen (personnummer 0701152386) är aktuell sedan mars.", ["0701152386"]),
    ("Mvh\nEva Lundin, enhetschef", ["Eva Lundin"]),
    ("Killen som kallas Abbe, egentligen Abdirahman, är 15 år.", ["Abbe", "Abdirahman"]),
    ("Vi har haft kontakt med oliver och hans lillasyster elsa.", ["oliver", "elsa"]),
    ("Nora Ekström (nora@skola.se, 073-345 67 89) ringer.", ["Nora Ekström", "nora@skola.se", "073-345 67 89"]),
    ("Samordnaren Dragana Petrovic har slutat.", ["Dragana Petrovic"]),
    ("Per Sandberg och Liv Åkerlund leder gruppen.", ["Per Sandberg", "Liv Åkerlund"]),
]  # fmt: skip


def test_recall_and_false_positives_on_the_sample() -> None:
    missed, wrong = [], []
    for text, personal in SAMPLE:
        seen = [f.text for f in find(text)]
        missed += [p for p in personal if p not in seen]
        wrong += [s for s in seen if s not in personal]
    assert sum(len(personal) for _, personal in SAMPLE) == 30
    # 18 of 22 names and all 8 numbers and addresses; not names in no list or in lower case.
    assert missed == ["Abbe", "oliver", "elsa", "Dragana Petrovic"]
    assert wrong == ["Hans Majestät", "Anna Whitlocks"]


# --- Many texts ---


def test_texts_in_a_series() -> None:
    texts = pd.Series(["Ring 070-123 45 67", None, "Inget", "a@b.se och c@d.se"], index=[3, 5, 5, 9])
    table = find_in_texts(texts)
    assert list(table.columns) == ["position", "start", "end", "kind", "certain", "text"]
    assert table["position"].tolist() == [3, 9, 9]
    assert table["text"].tolist() == ["070-123 45 67", "a@b.se", "c@d.se"]
    assert find_in_texts(texts.iloc[1:3]).empty
    assert find_in_texts(pd.Series(["Vid Rosa"]), not_names={"Rosa"}).empty
    with pytest.raises(InputError, match="'y' holds int"):
        find_in_texts(pd.Series(["a", 1], index=["x", "y"]))


def test_20_000_texts_take_seconds() -> None:
    texts = pd.Series([text for text, _ in SAMPLE] * 480)[:20_000]
    start = time.perf_counter()
    assert len(find_in_texts(texts)) > 10_000
    assert time.perf_counter() - start < 12


def test_name_lists_are_loaded_when_needed() -> None:
    code = (
        "import sys, analysis.privacy.personal_data as p; p.find('070-1'); assert 'faker' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_mask_refuses_findings_of_another_text() -> None:
    findings = find("Ring 070-123 45 67")
    with pytest.raises(InputError, match="do not fit"):
        mask("En helt annan text som är lång", findings)
    with pytest.raises(InputError, match="do not fit"):
        mask("Ring 070-123 45 67", [*findings, *findings])


def test_mask_only_some() -> None:
    text = "Anna på 070-123 45 67"
    assert mask(text, [f for f in find(text) if f.certain]) == "Anna på [telefonnummer]"
    assert mask(text, []) == text


# --- What must always hold ---


def luhn(digits: str) -> str:
    """Return the check digit, as the Tax Agency explains it: 2 1 2 1 …, digit sums, up to the next ten."""
    products = [int(digit) * (2 - i % 2) for i, digit in enumerate(digits)]
    return str(-sum(product // 10 + product % 10 for product in products) % 10)


@st.composite
def identity_numbers(draw: st.DrawFn) -> str:
    born = date(1930, 1, 1) + timedelta(days=draw(st.integers(0, 35_000)))
    day = born.day + draw(st.sampled_from([0, 60]))
    short = f"{born:%y%m}{day:02}"
    serial = f"{draw(st.integers(1, 999)):03}"
    last = serial + luhn(short + serial)
    century = draw(st.sampled_from(["", f"{born.year // 100}"]))
    return century + short + draw(st.sampled_from(["", "-", " ", " - ", "–"])) + last


SENTENCES = [
    "Pojken, {}, bor i Farsta.",
    "Ärende 2021/417: {}",
    "{} har fått stöd sedan 2021-10-19.",
    "Pnr.{}/{}",
]


@given(identity_numbers(), st.sampled_from(SENTENCES))
@settings(max_examples=50, deadline=None)
def test_valid_identity_numbers_are_always_found(number: str, sentence: str) -> None:
    text = sentence.replace("{}", number)
    findings = find(text)
    assert {(f.text, f.kind, f.certain) for f in findings} == {(number, "personnummer", True)}
    masked = mask(text, findings)
    assert masked == sentence.replace("{}", LABELS["personnummer"])
    assert number[-4:] not in masked


@given(st.dates(date(1950, 1, 1), date(2049, 12, 31)), st.integers(0, 10**9), st.integers(1, 9999))
@settings(max_examples=50, deadline=None)
def test_dates_sums_and_case_numbers_are_never_found(day: date, kronor: int, number: int) -> None:
    spaced = f"{kronor:,}".replace(",", " ")
    text = (
        f"Den {day} ({day:%d.%m.%Y}, {day.day}/{day.month} {day.year}) beviljades {spaced} kr, {number / 100:.1f} %, "
        f"enligt dnr {day.year}/{number}-1.2.3 och SOF {day.year}/{number}."
    )
    assert found(text) == []


FRAGMENTS = [
    "Anna", "Annas", "Berg", "Zlatko", "Andersson", "Per", "Hans", "A.", "von", "SSPF", "Ahmed Hassan", "ANNA", "BERG",
    "kurator", "Kurator", "mvh", "Shirin", "Rinkebyskolan", "S:t", "Valborg", "811228-9874", "8112289874",
    "811228-9875", "070-123 45 67", "0701234567", "08-508", "25", "000", "2021-10-19", "a@b.se", "c@d", "@", "-",
    "/", ".", ",", "\n", ":",
    "[namn]", "[personnummer]", "|", "och", "i", "1234", "07", "+46", "’s", "x",
]  # fmt: skip
TEXTS = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=12).flatmap(
        lambda parts: st.sampled_from(["", " "]).map(lambda blank: blank.join(parts))
    ),
    st.lists(st.tuples(st.sampled_from(FRAGMENTS), st.sampled_from(["", " ", "\n"])), max_size=12).map(
        lambda pairs: "".join(part + blank for part, blank in pairs)
    ),
    st.text(max_size=40),
)


@given(
    TEXTS,
    st.sets(st.sampled_from(["Shirin", "namn", "c"])),
    st.sets(st.sampled_from(["Anna Berg", "Rinkeby"])),
)
@settings(max_examples=50, deadline=None)
def test_findings_and_masks(text: str, known: set[str], other: set[str]) -> None:
    findings = find(text, known_names=known, not_names=other)
    assert list(findings) == sorted(findings)
    for finding in findings:
        assert text[finding.start : finding.end] == finding.text != ""
    assert all(a.end <= b.start for a, b in pairwise(findings))
    masked = mask(text, findings)
    assert find(masked, known_names=known, not_names=other) == ()
    assert mask(masked, find(masked, known_names=known, not_names=other)) == masked
    # Nothing but the findings has changed.
    rebuilt = masked
    for finding in findings:
        rebuilt = rebuilt.replace(LABELS[finding.kind], finding.text, 1) if "[" not in text else text
    assert rebuilt == text


def test_a_finding_says_what_it_is() -> None:
    assert find("x 811228-9874") == (Finding(2, 13, "personnummer", True, "811228-9874"),)
