from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.problems import InputError
from analysis.survey.units import INVITED_COLUMNS, KIND_LABELS, Register, Unit, normalise, read_invited

UNITS_CSV = Path(__file__).parents[2] / "data" / "reference" / "units.csv"
REGISTER = Register.read(UNITS_CSV)
D2019, D2021, D2023 = date(2019, 12, 31), date(2021, 10, 1), date(2023, 10, 1)
ALL_DATES = (
    date(2019, 1, 1), D2019, date(2020, 6, 30), date(2020, 7, 1), D2021,
    date(2023, 6, 30), date(2023, 7, 1), D2023,
)  # fmt: skip


def ids(units: tuple[Unit, ...]) -> set[str]:
    return {unit.unit_id for unit in units}


# --- The register itself ---

FROM_2019_TO_2020 = {
    "bromma", "enskede-arsta-vantor", "farsta", "hagersten-liljeholmen", "hasselby-vallingby", "kungsholmen",
    "norrmalm", "rinkeby-kista", "skarpnack", "skarholmen", "spanga-tensta", "sodermalm", "alvsjo",
    "ostermalm",
}  # fmt: skip
FROM_2020_TO_2023 = FROM_2019_TO_2020 - {"hagersten-liljeholmen", "alvsjo"} | {"hagersten-alvsjo"}
FROM_2023 = FROM_2020_TO_2023 - {"norrmalm", "ostermalm", "rinkeby-kista", "spanga-tensta"} | {
    "jarva", "norra-innerstaden",
}  # fmt: skip
SPECIALISTS = {
    "utbildningsforvaltningen", "kulturforvaltningen", "idrottsforvaltningen", "arbetsmarknadsforvaltningen",
    "socialforvaltningen",
}  # fmt: skip


@pytest.mark.parametrize(
    ("on", "districts", "count"),
    [
        (date(2019, 12, 31), FROM_2019_TO_2020, 14),
        (date(2020, 6, 30), FROM_2019_TO_2020, 14),
        (date(2020, 7, 1), FROM_2020_TO_2023, 13),
        (date(2021, 10, 1), FROM_2020_TO_2023, 13),
        (date(2023, 6, 30), FROM_2020_TO_2023, 13),
        (date(2023, 7, 1), FROM_2023, 11),
        (date(2023, 10, 1), FROM_2023, 11),
    ],
)
def test_the_units_of_a_date(on: date, districts: set[str], count: int) -> None:
    there = REGISTER.at(on)
    assert ids(tuple(u for u in there if u.kind == "district")) == districts
    assert ids(tuple(u for u in there if u.kind == "specialist")) == SPECIALISTS
    assert len(there) == count + 5


def test_official_and_short_names() -> None:
    assert REGISTER.get("bromma").name == "Bromma stadsdelsförvaltning"
    assert REGISTER.get("norra-innerstaden").name == "Norra innerstadens stadsdelsförvaltning"
    assert REGISTER.get("norra-innerstaden").short == "Norra innerstaden"
    assert REGISTER.get("utbildningsforvaltningen").name == "Utbildningsförvaltningen"
    assert REGISTER.get("utbildningsforvaltningen").short == "Utbildning"
    assert REGISTER.get("utbildningsforvaltningen").board == "Utbildningsnämnden"


def test_short_names_fit_a_chart_and_are_unique_on_every_date() -> None:
    for on in ALL_DATES:
        shorts = [unit.short for unit in REGISTER.at(on)]
        assert len(set(shorts)) == len(shorts)
        assert max(map(len, shorts)) <= 22


def test_every_kind_has_a_swedish_singular_and_plural() -> None:
    assert KIND_LABELS["district"] == ("stadsdelsförvaltning", "stadsdelsförvaltningar")
    assert KIND_LABELS["specialist"] == ("fackförvaltning", "fackförvaltningar")
    assert {unit.kind for unit in REGISTER.units} == set(KIND_LABELS)


def test_get_names_the_id_that_is_missing() -> None:
    with pytest.raises(KeyError, match="'sollentuna' is not in the register"):
        REGISTER.get("sollentuna")


# --- Normalisation and matching ---

NFD = unicodedata.normalize("NFD", "Hägersten-Älvsjö stadsdelsförvaltning")

SPELLINGS = [
    ("Bromma", D2021, "bromma"),
    ("  BROMMA  ", D2021, "bromma"),
    ("bromma.", D2021, "bromma"),
    ("Bromma stadsdelsförvaltning", D2021, "bromma"),
    ("Bromma stadsdelsförvaltnings", D2021, "bromma"),
    ("Bromma stadsdelsförvaltningens", D2021, "bromma"),
    ("Brommas stadsdelsnämnd", D2021, "bromma"),
    ("Bromma sdf", D2021, "bromma"),
    ("SDF Bromma", D2021, "bromma"),
    ("Bromma (SDF)", D2021, "bromma"),
    ("Bromma, Stockholms stad", D2021, "bromma"),
    ("Stockholms stad, Bromma stadsdelsförvaltning", D2021, "bromma"),
    ("Bromma stadsdelsförvaltning (Stockholms stad)", D2021, "bromma"),
    ("Stockholm stad Bromma sdn.", D2021, "bromma"),
    ("Bromma\u00a0stadsdelsförvaltning", D2021, "bromma"),
    ("Brom\u00adma stadsdels\u00adförvaltning", D2021, "bromma"),
    ("Farsta stadsdelsområde", D2021, "farsta"),
    ("Stadsdelsnämnden Farsta", D2021, "farsta"),
    ("Kungsholmens stadsdelsförvaltning", D2021, "kungsholmen"),
    ("Kungsholmen stadsdelsnämnd", D2021, "kungsholmen"),
    ("Skärholmens stadsdelsnämndsområde", D2021, "skarholmen"),
    ("SKARPNÄCKS STADSDELSFÖRVALTNING", D2021, "skarpnack"),
    ("Södermalms", D2021, "sodermalm"),
    ("Enskede-Årsta-Vantörs", D2021, "enskede-arsta-vantor"),
    ("Enskede - Årsta - Vantör", D2021, "enskede-arsta-vantor"),
    ("Enskede–Årsta–Vantörs stadsdelsnämnd", D2021, "enskede-arsta-vantor"),
    ("Enskede\u2011Årsta\u2011Vantör", D2021, "enskede-arsta-vantor"),
    ("enskede årsta vantör", D2021, "enskede-arsta-vantor"),
    ("EÅV", D2021, "enskede-arsta-vantor"),
    ("EÅV:s sdf", D2021, "enskede-arsta-vantor"),
    ("EA\u030aV", D2021, "enskede-arsta-vantor"),
    ("Spånga-Tenstas stadsdelsnämnd", D2021, "spanga-tensta"),
    ("Spånga — Tensta", D2021, "spanga-tensta"),
    ("Rinkeby & Kista", D2021, "rinkeby-kista"),
    ("Rinkeby och Kista sdf", D2021, "rinkeby-kista"),
    ("Hässelby-\nVällingby", D2021, "hasselby-vallingby"),
    ("HV", D2021, "hasselby-vallingby"),
    (NFD, D2021, "hagersten-alvsjo"),
    (NFD.upper(), D2021, "hagersten-alvsjo"),
    ("HÄ", D2021, "hagersten-alvsjo"),
    ("Hägersten-Älvsjö sdf", D2021, "hagersten-alvsjo"),
    ("Hägersten-Liljeholmens stadsdelsförvaltning", D2019, "hagersten-liljeholmen"),
    ("Älvsjö", D2019, "alvsjo"),
    ("Norra innerstaden", D2023, "norra-innerstaden"),
    ("Norra  Innerstadens  stadsdelsförvaltning", D2023, "norra-innerstaden"),
    ("Järva SDN", D2023, "jarva"),
    ("Utbildningsförvaltningen", D2021, "utbildningsforvaltningen"),
    ("utbildningsnämnden", D2021, "utbildningsforvaltningen"),
    ("Utbildning", D2021, "utbildningsforvaltningen"),
    ("UtbF", D2021, "utbildningsforvaltningen"),
    ("Kulturförvaltningens", D2021, "kulturforvaltningen"),
    ("Stockholms stads kulturförvaltning", D2021, "kulturforvaltningen"),
    ("Idrotts förvaltningen", D2021, "idrottsforvaltningen"),
    ("Arbetsmarknadsnämndens", D2021, "arbetsmarknadsforvaltningen"),
    ("SoF", D2021, "socialforvaltningen"),
    ("Socialförvaltningen.", D2021, "socialforvaltningen"),
]


@pytest.mark.parametrize(("text", "on", "expected"), SPELLINGS)
def test_a_spelling_that_means_one_unit_matches_it(text: str, on: date, expected: str) -> None:
    unit = REGISTER.match(text, on)
    assert unit is not None
    assert unit.unit_id == expected


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("Rinkeby – Kista", "rinkeby-kista"),
        ("Rinkeby&Kista", "rinkeby och kista"),
        ("Enskede-Årsta-Vantörs stadsdelsförvaltning", "enskede-årsta-vantörs"),
        ("Kulturförvaltningen", "kultur"),
        ("Stadsdelsförvaltningen Farsta", "farsta"),
        ("Stockholms stad", "stockholms stad"),
        ("Förvaltningen", "förvaltningen"),
        ("A\u030angstro\u0308m", "ångström"),
        ("STRAẞE", "strasse"),
        (" . ", ""),
    ],
)
def test_normalised_form(text: str, normalised: str) -> None:
    assert normalise(text) == normalised


@pytest.mark.parametrize(
    ("text", "on", "expected"),
    [
        ("Bromna", D2021, "bromma"),
        ("Skarholmen", D2021, "skarholmen"),
        ("Skärpnäck", D2021, "skarpnack"),
        ("Skärholmenss", D2021, "skarholmen"),
        ("Kungsholm", D2021, "kungsholmen"),
        ("Hagersten-Alvsjo", D2021, "hagersten-alvsjo"),
        ("Älvsjö-Hägersten", D2021, "hagersten-alvsjo"),
        ("Hägersten-Liljeholm", D2019, "hagersten-liljeholmen"),
        ("Vällingby-Hässelby sdf", D2021, "hasselby-vallingby"),
        ("Enskede-Årsta", D2021, "enskede-arsta-vantor"),
        ("Rinkeby", D2021, "rinkeby-kista"),
        ("Norra inerstaden", D2023, "norra-innerstaden"),
        ("Utbildingsförvaltningen", D2021, "utbildningsforvaltningen"),
        ("Arbetsmarknad förvaltning Stockholm", D2021, "arbetsmarknadsforvaltningen"),
        ("Sociala förvaltningen", D2021, "socialforvaltningen"),
        ("Kultur stadsdelsförvaltning", D2021, "kulturforvaltningen"),
        ("Norrmalm", D2023, "norra-innerstaden"),
        ("Spånga-Tensta sdf", D2023, "jarva"),
        ("Älvsjö stadsdelsförvaltning", D2023, "hagersten-alvsjo"),
    ],
)
def test_a_doubtful_spelling_does_not_match_but_is_proposed_first(text: str, on: date, expected: str) -> None:
    assert REGISTER.match(text, on) is None
    proposals = REGISTER.propose(text, on)
    assert proposals[0][0].unit_id == expected
    scores = [score for _, score in proposals]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert all(unit.exists(on) for unit, _ in proposals)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "Sollentuna",
        "Stockholms stad",
        "Stadsdelsförvaltningen",
        "nämnden",
        "sdf",
        "s",
        "Rinkeby-Kista, Farsta",
    ],
)
def test_a_text_that_names_no_single_unit_does_not_match(text: str) -> None:
    assert all(REGISTER.match(text, on) is None for on in ALL_DATES)


def test_a_unit_is_only_matched_while_it_exists() -> None:
    assert REGISTER.match("Järva", D2021) is None
    assert REGISTER.match("Rinkeby-Kista", D2023) is None
    assert REGISTER.match("HL", D2021) is None


def test_a_later_name_is_proposed_as_each_of_the_units_it_was_formed_from() -> None:
    best = REGISTER.propose("Järva stadsdelsförvaltning", D2021, limit=2)
    assert [(unit.unit_id, score) for unit, score in best] == [("rinkeby-kista", 100), ("spanga-tensta", 100)]


def test_nothing_is_proposed_for_nothing() -> None:
    assert REGISTER.propose(" . ", D2021) == []
    assert len(REGISTER.propose("Bromna", D2021, limit=1)) == 1


def written_forms(unit: Unit) -> list[str]:
    """Every name of a unit × genitive × suffix × city × typography."""
    suffixes = {
        "district": (
            "",
            " stadsdelsförvaltning",
            " stadsdelsförvaltningens",
            " stadsdelsnämnd",
            " sdf",
            " SDN.",
        ),
        "specialist": ("", "förvaltningen", " förvaltning", "nämnden", " nämndens"),
    }[unit.kind]
    forms = []
    for name, suffix in itertools.product((unit.short, *unit.aliases), suffixes):
        genitives = {name, name + "s", "-".join(part + "s" for part in name.split("-"))}
        forms += [name_form + suffix for name_form in sorted(genitives)]
    forms += [unit.name, unit.board]
    typography: list[Callable[[str], str]] = [
        str.upper,
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: text.replace("-", " \u2013 ").replace(" och ", "&"),
        lambda text: text.replace("-", "\u2011").replace(" ", "\u00a0 "),
        lambda text: f"Stockholms stad, {text}.",
        lambda text: f"{text} - Stockholms stad",
    ]
    return forms + [change(form) for form in forms for change in typography]


def test_no_written_form_of_a_unit_ever_means_another() -> None:
    tried = 0
    for unit in REGISTER.units:
        forms = written_forms(unit)
        for on in ALL_DATES:
            found = {form: REGISTER.match(form, on) for form in forms}
            assert set(found.values()) == {unit if unit.exists(on) else None}, unit.unit_id
            tried += len(forms)
    assert tried > 20_000


def test_normalised_names_of_two_units_alive_together_differ() -> None:
    for on in ALL_DATES:
        for one, other in itertools.combinations(REGISTER.at(on), 2):
            assert not set(one.normalised_names) & set(other.normalised_names)


LETTERS = st.text(st.sampled_from("aåäös -–\u00a0&.,:(/İßǰ\u0345\u030a\u0308AÅÄÖS"), max_size=12)
WORDS = st.sampled_from(
    ["stadsdelsförvaltning", "Stadsdelsnämndens", "SDF", "sdn", "förvaltningen", "nämnd", "Stockholms stad"]
)


@settings(max_examples=50, deadline=None)
@given(st.lists(LETTERS | WORDS | st.text(max_size=4), max_size=5), st.sampled_from(["", " ", "-", ", "]))
def test_normalising_twice_changes_nothing(pieces: list[str], glue: str) -> None:
    once = normalise(glue.join(pieces))
    assert normalise(once) == once


def test_normalising_any_single_letter_twice_changes_nothing() -> None:
    for letter in map(chr, range(0x3000)):
        once = normalise(f"x{letter}y")
        assert normalise(once) == once


NAMES = sorted({name for unit in REGISTER.units for name in (unit.name, unit.short, *unit.aliases)})


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 40), st.sampled_from("abekmntåäö"), st.sampled_from(ALL_DATES))
def test_a_name_with_a_letter_too_many_never_matches(name: str, at: int, letter: str, on: date) -> None:
    assert REGISTER.match(name[:at] + letter + name[at:], on) is None


def test_a_genitive_is_dropped_only_where_a_known_name_is_left() -> None:
    register = Register((a_unit("hornsgatans", "Hornsgatans"), a_unit("lycksele", "Lycksele")))
    assert normalise("Hornsgatans sdf") == "hornsgatans"
    matched = {text: register.match(text, D2021) for text in ("Hornsgatans", "Hornsgatanss", "Hornsgatan")}
    assert [unit.unit_id if unit else None for unit in matched.values()] == ["hornsgatans", None, None]
    assert register.match("Lycksele", D2021) == register.match("Lyckseles", D2021) == register.get("lycksele")


def test_a_name_that_two_units_share_is_never_decided() -> None:
    register = Register((a_unit("a", "Väster"), a_unit("b", "Västers")))
    assert register.match("Västers", D2021) is None
    assert register.match("Väster", D2021) == register.get("a")


def a_unit(
    unit_id: str,
    short: str,
    valid_from: date = date(2019, 1, 1),
    valid_to: date | None = None,
    successor: str | None = None,
) -> Unit:
    return Unit(unit_id, short, short, "district", "", valid_from, valid_to, successor)


# --- Geography ---


@pytest.mark.parametrize(
    ("unit_id", "on", "expected"),
    [
        ("alvsjo", D2019, "alvsjo"),
        ("alvsjo", D2021, "hagersten-alvsjo"),
        ("hagersten-liljeholmen", D2023, "hagersten-alvsjo"),
        ("rinkeby-kista", date(2023, 6, 30), "rinkeby-kista"),
        ("rinkeby-kista", date(2023, 7, 1), "jarva"),
        ("spanga-tensta", D2023, "jarva"),
        ("ostermalm", D2023, "norra-innerstaden"),
        ("farsta", D2023, "farsta"),
        ("socialforvaltningen", D2023, "socialforvaltningen"),
    ],
)
def test_old_units_are_carried_to_a_newer_geography(unit_id: str, on: date, expected: str) -> None:
    assert REGISTER.to_geography(unit_id, on) == expected


def test_the_geography_of_2019_adds_up_to_that_of_2023() -> None:
    assert {REGISTER.to_geography(u.unit_id, D2023) for u in REGISTER.at(D2019)} == ids(REGISTER.at(D2023))


def test_successors_are_followed_through_several_mergers() -> None:
    register = Register(
        (
            a_unit("a", "A", valid_to=date(2019, 12, 31), successor="b"),
            a_unit("b", "B", valid_from=date(2020, 1, 1), valid_to=date(2020, 12, 31), successor="c"),
            a_unit("c", "C", valid_from=date(2021, 1, 1)),
        )
    )
    assert register.to_geography("a", D2021) == "c"
    assert register.in_place_of("c", date(2019, 6, 1)) == (register.get("a"),)
    assert register.propose("A", D2021)[0] == (register.get("c"), 100)


def test_a_unit_is_never_split() -> None:
    with pytest.raises(
        ValueError, match=r"'jarva' exists only from 2023-07-01 .* 2021-10-01: .* never split"
    ):
        REGISTER.to_geography("jarva", D2021)


def test_a_unit_that_ended_without_successor_has_no_place_in_a_newer_geography() -> None:
    register = Register((a_unit("a", "A", valid_to=D2019),))
    with pytest.raises(ValueError, match="'a' ended without a successor that exists on 2021-10-01"):
        register.to_geography("a", D2021)
    assert register.in_place_of("a", D2021) == ()


def test_predecessors() -> None:
    assert ids(REGISTER.predecessors("jarva")) == {"rinkeby-kista", "spanga-tensta"}
    assert ids(REGISTER.predecessors("norra-innerstaden")) == {"norrmalm", "ostermalm"}
    assert ids(REGISTER.predecessors("hagersten-alvsjo")) == {"hagersten-liljeholmen", "alvsjo"}
    assert REGISTER.predecessors("farsta") == ()
    with pytest.raises(KeyError, match="'nowhere'"):
        REGISTER.predecessors("nowhere")


def test_first_and_last_day_are_included() -> None:
    unit = REGISTER.get("norrmalm")
    assert unit.valid_to is not None
    assert unit.exists(unit.valid_from)
    assert unit.exists(unit.valid_to)
    assert not unit.exists(unit.valid_from - timedelta(days=1))
    assert not unit.exists(unit.valid_to + timedelta(days=1))


# --- A register with faults ---

HEADER = "unit_id,name,short,kind,board,valid_from,valid_to,successor,aliases\n"
BROMMA = "bromma,Bromma stadsdelsförvaltning,Bromma,district,Bromma stadsdelsnämnd,2019-01-01,,,\n"


def messages(path: Path, content: str | bytes) -> list[str]:
    """Return the messages of the error that reading the content as a register raises."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as error:
        Register.read(path, name="units.csv")
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (BROMMA + BROMMA.replace("Bromma", "Brommo"),
         "units.csv, line 3, column 'unit_id': 'bromma' stands already on line 2."
         " Give each unit an id of its own."),
        (BROMMA.replace("2019-01-01", "1/1 2019"),
         "units.csv, line 2, column 'valid_from': '1/1 2019' is not a date."
         " Write it as YYYY-MM-DD, e.g. 2023-07-01."),
        (BROMMA.replace("2019-01-01", "20190101"),
         "units.csv, line 2, column 'valid_from': '20190101' is not a date."
         " Write it as YYYY-MM-DD, e.g. 2023-07-01."),
        (BROMMA.replace("2019-01-01,,", "2019-01-01,2019-02-29,"),
         "units.csv, line 2, column 'valid_to': '2019-02-29' is not a date."
         " Write it as YYYY-MM-DD, e.g. 2023-07-01."),
        (BROMMA.replace("2019-01-01", ""),
         "units.csv, line 2, column 'valid_from': the cell is empty. Fill it in."),
        (BROMMA.replace("2019-01-01,,", "2019-01-01,2018-12-31,"),
         "units.csv, line 2, column 'valid_to': valid_to 2018-12-31 is before valid_from 2019-01-01."
         " Correct one of the two dates."),
        (BROMMA.replace("2019-01-01,,", "2019-01-01,2023-06-30,vast"),
         "units.csv, line 2, column 'successor': the successor 'vast' is not in the register."
         " Correct the id or add the unit."),
        (BROMMA.replace("2019-01-01,,", "2019-01-01,2023-06-30,bromma"),
         "units.csv, line 2, column 'successor': the successor 'bromma' does not exist on the day after"
         " 2023-06-30. Correct the successor or the dates, so that there is neither gap nor circle."),
        (BROMMA.replace("2019-01-01,,", "2019-01-01,,bromma"),
         "units.csv, line 2, column 'successor': the unit has a successor but no last day."
         " Fill in valid_to or remove it."),
        (BROMMA.replace("district", "borough"),
         "units.csv, line 2, column 'kind': the kind 'borough' is unknown."
         " Use one of: district, specialist."),
        (BROMMA.replace("bromma,", "Brömma,"),
         "units.csv, line 2, column 'unit_id': 'Brömma' is not an id. Use a-z, 0-9 and single hyphens."),
        (BROMMA.replace(",,,\n", ",,,BR| \n"),
         "units.csv, line 2, column 'aliases': an alias is empty."
         " Write aliases as A|B|C, each with a name in it."),
        (BROMMA + "vast,Västra förvaltningen,Väster,district,,2020-01-01,,,BROMMA sdf\n",
         "units.csv, line 3, column 'aliases': the name 'bromma' also means 'bromma', which exists"
         " at the same time. Keep the name with one of the two."),
        (BROMMA + "vast,Västra förvaltningen,Brommas,district,,2020-01-01,,,\n",
         "units.csv, line 3, column 'short': the name 'brommas' also means 'bromma', which exists"
         " at the same time. Keep the name with one of the two."),
        (BROMMA + "vast,Väster,Väster,district,,2020-01-01,,\n",
         "units.csv, line 3: the row has 8 cells, the header 9."
         " Put text that contains a comma in quotation marks."),
    ],
)  # fmt: skip
def test_a_fault_in_a_row_is_named_with_what_to_do(tmp_path: Path, rows: str, expected: str) -> None:
    assert messages(tmp_path / "units.csv", HEADER + rows) == [expected]


def test_all_faults_of_a_register_are_named_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = (
        BROMMA.replace("2019-01-01,,", "2019-01-01,2020-01-01,nowhere")
        + "farsta,Farsta,Farsta,city,,2019-13-01,,,\n"
        + "bromma,,Skarpnäck,district,,2019-01-01,,,\n"
    )
    found = messages(tmp_path / "units.csv", HEADER + rows)
    assert [message.split(":")[0] for message in found] == [
        "units.csv, line 2, column 'successor'",
        "units.csv, line 3, column 'kind'",
        "units.csv, line 3, column 'valid_from'",
        "units.csv, line 4, column 'name'",
        "units.csv, line 4, column 'unit_id'",
    ]


def test_a_name_may_be_used_again_when_the_first_unit_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    gone = BROMMA.replace("2019-01-01,,", "2019-01-01,2020-06-30,bromma-ny")
    new = BROMMA.replace("bromma,", "bromma-ny,").replace("2019-01-01", "2020-07-01")
    path.write_text(HEADER + gone + new, encoding="utf-8")
    register = Register.read(path)
    assert register.match("Bromma", D2019) == register.get("bromma")
    assert register.match("Bromma", D2021) == register.get("bromma-ny")
    assert register.to_geography("bromma", D2021) == "bromma-ny"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("unit_id,name,short,kind,valid_from,valid_to,aliases\n" + BROMMA,
         ["units.csv, line 1, column 'board': the column is missing. Add it to the header and to every row.",
          "units.csv, line 1, column 'successor': the column is missing."
          " Add it to the header and to every row."]),
        (HEADER.replace("aliases", "aliases,name") + BROMMA,
         ["units.csv, line 1, column 'name': the column stands there twice. Keep one of them."]),
        (HEADER.replace(",", ";") + BROMMA,
         ["units.csv, line 1: the columns are separated by semicolons. Save it with commas."]),
        ("", [f"units.csv: the file is empty. Begin it with the header {HEADER.strip()}."]),
        (HEADER, ["units.csv: there are no rows under the header. Add a row for each unit."]),
        ((HEADER + BROMMA).encode("cp1252"),
         ["units.csv, line 2: the file is not UTF-8 (byte 0xf6 cannot be read)."
          " Save it again as 'CSV UTF-8 (comma delimited)'."]),
        (HEADER + 'bromma,"Bromma" sdf,Bromma,district,,2019-01-01,,,\n',
         ["units.csv, line 2: the row is not valid CSV (',' expected after '\"')."
          " Correct the quotation marks."]),
    ],
)  # fmt: skip
def test_a_register_that_cannot_be_read_says_why(
    tmp_path: Path, content: str | bytes, expected: list[str]
) -> None:
    assert messages(tmp_path / "units.csv", content) == expected


def test_a_register_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"units\.csv: the file cannot be read \(No such file"):
        Register.read(tmp_path / "units.csv")


def test_byte_order_mark_blank_lines_quotes_and_further_columns_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    header, row = HEADER.replace("\n", ",note\r\n"), BROMMA.replace(",,,\n", ',,,"A, B | C",x\r\n')
    path.write_bytes(b"\xef\xbb\xbf" + (header + "\r\n" + row + ",,,,,,,,,\r\n").encode())
    (unit,) = Register.read(path).units
    assert unit == Unit(
        "bromma", "Bromma stadsdelsförvaltning", "Bromma", "district", "Bromma stadsdelsnämnd",
        date(2019, 1, 1), None, None, ("A, B", "C"),
    )  # fmt: skip


# --- Invited ---

INVITED = "unit_id,respondent_role,sent,reminded\n"


def invited(path: Path, content: str | bytes, on: date) -> pd.DataFrame:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_invited(path, REGISTER, on, name="data/raw/2021/invited.csv")


def test_invited_units_are_read_as_text_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = "farsta,avdelningschef,2021-09-01,2021-09-20\nbromma,,,\n"
    table = invited(tmp_path / "invited.csv", INVITED + rows, D2021)
    assert list(table.columns) == list(INVITED_COLUMNS)
    assert table.to_numpy().tolist() == [
        ["farsta", "avdelningschef", "2021-09-01", "2021-09-20"],
        ["bromma", "", "", ""],
    ]
    assert all(isinstance(dtype, pd.StringDtype) for dtype in table.dtypes)


def test_only_the_named_columns_are_kept_in_the_named_order(tmp_path: Path) -> None:
    content = "note,sent,unit_id,reminded,respondent_role\nx,2021-09-01,bromma,,chef\n"
    table = invited(tmp_path / "invited.csv", content, D2021)
    assert table.to_dict("records") == [
        {"unit_id": "bromma", "respondent_role": "chef", "sent": "2021-09-01", "reminded": ""}
    ]


WHERE = "data/raw/2021/invited.csv"


@pytest.mark.parametrize(
    ("content", "on", "expected"),
    [
        (INVITED + "jarva,,,\n", D2021,
         [f"{WHERE}, line 2, column 'unit_id': 'jarva' existed only from 2023-07-01, and the survey's date"
          " is 2021-10-01. Remove it or correct the date; on that date there was 'rinkeby-kista' and"
          " 'spanga-tensta'."]),
        (INVITED + "norrmalm,,,\n", D2023,
         [f"{WHERE}, line 2, column 'unit_id': 'norrmalm' existed only until 2023-06-30, and the survey's"
          " date is 2023-10-01. Remove it or correct the date; on that date there was 'norra-innerstaden'."]),
        (INVITED + "bromma,,,\nfarsta,,,\nbromma,chef,,\n", D2021,
         [f"{WHERE}, line 4, column 'unit_id': 'bromma' stands already on line 2."
          " Keep one row for each unit."]),
        (INVITED + "bromma,,1/9,2021-09-31\n", D2021,
         [f"{WHERE}, line 2, column 'sent': '1/9' is not a date. Write it as YYYY-MM-DD, e.g. 2023-07-01.",
          f"{WHERE}, line 2, column 'reminded': '2021-09-31' is not a date."
          " Write it as YYYY-MM-DD, e.g. 2023-07-01."]),
        (INVITED + "bromma,,2021-09-20,2021-09-01\n", D2021,
         [f"{WHERE}, line 2, column 'reminded': reminded 2021-09-01 is before sent 2021-09-20."
          " Correct one of the two dates."]),
        (INVITED + "bromma,chef, förskola,2021-09-01,\n", D2021,
         [f"{WHERE}, line 2: the row has 5 cells, the header 4."
          " Put text that contains a comma in quotation marks."]),
        ("unit_id,sent\nbromma,\n", D2021,
         [f"{WHERE}, line 1, column 'respondent_role': the column is missing."
          " Add it to the header and to every row.",
          f"{WHERE}, line 1, column 'reminded': the column is missing."
          " Add it to the header and to every row."]),
        ("", D2021,
         [f"{WHERE}: the file is empty. Begin it with the header unit_id,respondent_role,sent,reminded."]),
        (INVITED + "\n", D2021, [f"{WHERE}: there are no rows under the header. Add a row for each unit."]),
        ((INVITED + "bromma,förvaltningschef,,\n").encode("cp1252"), D2021,
         [f"{WHERE}, line 2: the file is not UTF-8 (byte 0xf6 cannot be read)."
          " Save it again as 'CSV UTF-8 (comma delimited)'."]),
    ],
)  # fmt: skip
def test_a_fault_in_the_invitations_is_named_with_what_to_do(
    tmp_path: Path, content: str | bytes, on: date, expected: list[str]
) -> None:
    with pytest.raises(InputError) as error:
        invited(tmp_path / "invited.csv", content, on)
    assert [str(problem) for problem in error.value.problems] == expected


def test_an_unknown_or_empty_unit_is_answered_with_the_ids_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        invited(tmp_path / "invited.csv", INVITED + "Bromma,,,\n,chef,,\n", D2021)
    unknown, empty = map(str, error.value.problems)
    assert unknown.startswith(f"{WHERE}, line 2, column 'unit_id': the unit 'Bromma' is not in the register.")
    assert empty.startswith(f"{WHERE}, line 3, column 'unit_id': the cell is empty.")
    for message in (unknown, empty):
        assert "bromma, enskede-arsta-vantor, farsta, hagersten-alvsjo" in message
        assert "jarva" not in message


def test_all_faults_of_the_invitations_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        invited(tmp_path / "invited.csv", INVITED + "jarva,,,\nnowhere,,x,\nfarsta,,,\nfarsta,,,\n", D2021)
    assert [(problem.line, problem.column) for problem in error.value.problems] == [
        (2, "unit_id"), (3, "unit_id"), (3, "sent"), (5, "unit_id"),
    ]  # fmt: skip
