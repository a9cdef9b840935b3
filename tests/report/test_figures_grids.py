from __future__ import annotations

import re
from itertools import combinations

import matplotlib as mpl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from analysis.report.figures import PALETTES, Chart, contrast, heat_map, scale_colours, unit_map

DISTRICT, SPECIALIST = "Stadsdelsförvaltningar", "Fackförvaltningar"


def steps_of(answers, *, steps=5, good=None, question="Kunskap"):
    """Return cells of one question: unit → its step, or what stands where it has none."""
    rows = [
        {
            "unit": unit,
            "kind": DISTRICT if unit != "Kultur" else SPECIALIST,
            "question": question,
            "step": None if isinstance(step, str) else step,
            "steps": steps,
            "good": good,
            "mark": step if isinstance(step, str) else None,
        }
        for unit, step in answers.items()
    ]
    return pd.DataFrame(rows)


def heat(*questions, **kwargs):
    return heat_map(pd.concat(questions), caption="Svar", low="Inte alls", high="Helt", **kwargs)


def parts_of(parts):
    """Return cells of a response map: (unit, section) → (answered, asked)."""
    rows = [
        (unit, SPECIALIST if unit == "Kultur" else DISTRICT, section, answered, asked)
        for (unit, section), (answered, asked) in parts.items()
    ]
    return pd.DataFrame(rows, columns=["unit", "kind", "section", "answered", "asked"])


def cells(chart: Chart) -> dict[str, Rectangle]:
    return {
        patch.get_label(): patch for patch in chart.figure.findobj(Rectangle) if "|" in str(patch.get_label())
    }


def texts(chart: Chart) -> list[str]:
    return [text.get_text() for text in chart.figure.findobj(Text) if text.get_text()]


def written_in(chart: Chart, cell: Rectangle) -> list[Text]:
    """Return the texts whose middle lies in a cell."""
    box = cell.get_window_extent()
    middle = (box.x0 + box.x1) / 2
    found = []
    for text in chart.figure.findobj(Text):
        x, y = text.get_transform().transform(text.get_position())
        if text.get_text() and abs(x - middle) < 0.5 and box.y0 < y < box.y1:
            found.append(text)
    return found


def fill(patch: Rectangle) -> str:
    return mpl.colors.to_hex(patch.get_facecolor()).upper()


def check_room(chart: Chart) -> None:
    """No text leaves the page, and no two texts lie on each other."""
    renderer = FigureCanvasAgg(chart.figure).get_renderer()
    found = [
        (t.get_text(), t.get_window_extent(renderer)) for t in chart.figure.findobj(Text) if t.get_text()
    ]
    width, height = (chart.figure.dpi * inches for inches in chart.figure.get_size_inches())
    for text, box in found:
        assert box.x0 >= -1, text
        assert box.x1 <= width + 3, text  # letters on screen are a little wider than in the file
        assert box.y0 >= -1, text
        assert box.y1 <= height + 1, text
    for (one, a), (other, b) in combinations(found, 2):
        over = min(a.x1, b.x1) - max(a.x0, b.x0) > 3 and min(a.y1, b.y1) - max(a.y0, b.y0) > 5
        assert not over, (one, other)


# What each unit answered
# -----------------------


def test_each_cell_has_its_number_and_the_colour_of_its_step():
    chart = heat(steps_of({"Bromma": 5, "Farsta": 1, "Kultur": 3}, good="high"))
    colours = scale_colours(5, "positive", PALETTES["neutral"])
    found = cells(chart)
    for unit, step in (("Bromma", 5), ("Farsta", 1), ("Kultur", 3)):
        cell = found[f"{unit}|Kunskap"]
        assert fill(cell) == colours[step - 1]
        (text,) = written_in(chart, cell)
        assert text.get_text() == str(step)
        assert contrast(mpl.colors.to_hex(text.get_color()), fill(cell)) >= 4.5


def test_units_keep_their_order_below_the_heading_of_their_kind():
    answers = {"Kultur": 2, "Farsta": 1, "Bromma": 3}
    found = texts(heat(steps_of(answers)))
    wanted = [SPECIALIST, "Kultur", DISTRICT, "Farsta", "Bromma"]
    assert [text for text in found if text in wanted] == wanted
    alone = texts(heat(steps_of({"Farsta": 1, "Bromma": 3})))
    assert DISTRICT not in alone  # one kind needs no heading


def test_a_question_where_high_is_bad_has_its_colours_turned_and_is_marked():
    chart = heat(
        steps_of({"Bromma": 5}, good="high", question="Kunskap"),
        steps_of({"Bromma": 5}, good="low", question="Svårt"),
    )
    good, bad = (fill(cells(chart)[f"Bromma|{question}"]) for question in ("Kunskap", "Svårt"))
    assert (good, bad) == (PALETTES["neutral"].good[0], PALETTES["neutral"].bad[0])
    assert "Svårt*" in texts(chart)
    assert "Helt (frågor med *: ett högt tal är ogynnsamt)" in texts(chart)
    assert "Ett högt tal är ogynnsamt för ”Svårt”." in chart.alt


def test_where_all_questions_are_alike_nothing_is_marked():
    chart = heat(steps_of({"Bromma": 5}, good="low"))
    assert "Kunskap" in texts(chart)
    assert texts(chart).count("Inte alls") == 1


def test_scales_of_different_length_have_a_key_each():
    chart = heat(
        steps_of({"Bromma": 4}, steps=4, question="Kunskap"),
        steps_of({"Bromma": 4}, steps=7, question="Stöd"),
    )
    assert {"Helt (Kunskap)", "Helt (Stöd)"} <= set(texts(chart))
    assert fill(cells(chart)["Bromma|Kunskap"]) != fill(cells(chart)["Bromma|Stöd"])
    assert "från 1, ”Inte alls”, till 4 eller 7, ”Helt”" in chart.alt


def test_what_stands_in_cells_without_a_number_is_explained_when_it_occurs():
    chart = heat(steps_of({"Bromma": "?", "Farsta": 2, "Kultur": "×"}))
    assert {"vet ej", "inget svar"} <= set(texts(chart))
    assert "visas inte" not in texts(chart)
    assert fill(cells(chart)["Bromma|Kunskap"]) == "#FFFFFF"
    assert "Utan tal: inget svar i 1 ruta och vet ej i 1 ruta." in chart.alt


def test_long_names_of_questions_become_numbers_with_a_key():
    long = "I vilken grad har medarbetarnas kunskap om risk- och skyddsfaktorer ökat under året?"
    chart = heat(steps_of({"Bromma": 2}, question=long), steps_of({"Bromma": 3}, question="Stöd"))
    found = texts(chart)
    assert found.count("F1") == found.count("F2") == 2  # above the cells, and in the key
    assert long in " ".join(found)


def test_short_names_stand_above_their_columns():
    chart = heat(steps_of({"Bromma": 2}, question="Medarbetarnas kunskap"))
    assert {"Medarbetarnas", "kunskap"} <= set(texts(chart))
    assert "F1" not in texts(chart)


def test_the_alternative_text_tells_the_extremes_and_the_number_of_answers():
    chart = heat(
        steps_of({"Bromma": 4, "Farsta": 5, "Kultur": 1}, question="Kunskap"),
        steps_of({"Bromma": 5, "Farsta": "×", "Kultur": "?"}, question="Stöd"),
    )
    assert chart.alt.startswith("Rutnät med 3 svarande (rader) och 2 frågor (kolumner).")
    assert "störst andel för ”Kunskap”, 2 av 3; minst andel för ”Stöd”, 1 av 2." in chart.alt
    assert "Antal svar per fråga, ”vet ej” inräknat: n = 2–3 av 3." in chart.alt
    assert heat(steps_of({"Bromma": 1})).alt.startswith(
        "Rutnät med 1 svarande (rader) och 1 fråga (kolumner)."
    )


@pytest.mark.parametrize("number", [1, 7, 20, 45])
def test_sixteen_units_and_many_questions_have_room(number):
    questions = [
        steps_of(
            {
                f"{name}förvaltningen med ett långt namn{'' if i % 3 else ' som inte får plats på en enda rad'} {i}": 1
                + (i * number + q) % 5
                for i, name in enumerate(["Utbildnings", "Enskede-Årsta-Vantörs stadsdels"] * 8)
            },
            good="low" if q % 5 == 3 else "high",
            question=f"En fråga om arbetet nummer {q}",
        )
        for q in range(number)
    ]
    chart = heat(*questions)
    assert len(cells(chart)) == 16 * number
    assert min(t.get_fontsize() for t in chart.figure.findobj(Text) if t.get_text()) >= 7.5
    check_room(chart)
    if number == 20:  # one band of columns, half a page
        assert 72 * chart.figure.get_size_inches()[1] < 560


names = st.text("abcdefghijklmnoåäö -", min_size=1, max_size=70).filter(str.strip)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(names, min_size=1, max_size=5, unique=True),
    st.lists(names, min_size=1, max_size=9, unique=True),
    st.integers(2, 9),
    st.sampled_from(["high", "low", None]),
    st.data(),
)
def test_any_answers_are_drawn_whole(units, questions, steps, good, data):
    answer = st.integers(1, steps) | st.sampled_from(["×", "?", ".", ".."])
    table = pd.concat(
        [
            steps_of({unit: data.draw(answer) for unit in units}, steps=steps, good=good, question=question)
            for question in questions
        ]
    )
    if table["step"].isna().all():
        return
    chart = heat(table)
    found = cells(chart)
    for row in table.itertuples():
        (text,) = written_in(chart, found[f"{row.unit}|{row.question}"])
        assert text.get_text() == (row.mark if pd.isna(row.step) else str(int(row.step)))


# How much each unit answered
# ---------------------------

PARTS = {
    ("Bromma", "Bakgrund"): (5, 5),
    ("Bromma", "Kunskap"): (3, 4),
    ("Farsta", "Bakgrund"): (0, 5),
    ("Farsta", "Kunskap"): (0, 4),
    ("Kultur", "Bakgrund"): (5, 5),
    ("Kultur", "Kunskap"): (0, 0),
}


def test_parts_are_told_by_numbers_and_by_fills_that_differ_in_lightness():
    chart = unit_map(parts_of(PARTS), caption="Svar")
    found = cells(chart)
    palette = PALETTES["neutral"]
    for key, number, colour in (
        ("Bromma|Bakgrund", "5/5", palette.plain[1]),
        ("Bromma|Kunskap", "3/4", palette.plain[0]),
        ("Farsta|Kunskap", "0/4", "#FFFFFF"),
        ("Kultur|Kunskap", ".", "#FFFFFF"),
    ):
        assert [text.get_text() for text in written_in(chart, found[key])] == [number]
        assert fill(found[key]) == colour
    assert contrast(palette.plain[0], palette.plain[1]) >= 3
    assert "inga frågor ställda" in texts(chart)


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        (4, ["4/4", "Alla frågor ifyllda", "2/4", "2 av 4 frågor ifyllda", "0/4", "Ingen fråga ifylld"]),
        (
            120,
            [
                "120/120",
                "Alla frågor ifyllda",
                "60/120",
                "60 av 120 frågor ifyllda",
                "0/120",
                "Ingen fråga ifylld",
            ],
        ),
        (1, ["1/1", "Alla frågor ifyllda", "0/1", "Ingen fråga ifylld"]),
    ],
)
def test_the_key_shows_the_section_with_most_questions(asked, key):
    chart = unit_map(parts_of({("Bromma", "A"): (asked, asked), ("Bromma", "B"): (1, 1)}), caption="Svar")
    assert texts(chart)[: len(key)] == key
    check_room(chart)


def test_the_strip_is_as_long_as_the_share():
    chart = unit_map(parts_of(PARTS), caption="Svar")
    cell = cells(chart)["Bromma|Kunskap"]
    (strip,) = [
        patch
        for patch in chart.figure.findobj(Rectangle)
        if patch.get_height() < 4 and patch.get_x() == cell.get_x() and fill(patch) != fill(cell)
    ]
    assert strip.get_width() == pytest.approx(cell.get_width() * 3 / 4)
    assert strip.get_zorder() >= cell.get_zorder()


def test_the_response_map_in_words():
    chart = unit_map(parts_of(PARTS), caption="Svar")
    assert chart.alt == (
        "Rutnät med 3 tillfrågade (rader) och 2 avsnitt (kolumner). Varje ruta visar hur många av avsnittets "
        "frågor som är ifyllda. Alla frågor ifyllda: 1 av 3 tillfrågade. Ingen fråga ifylld: Farsta. "
        "Ifyllda frågor: störst andel i ”Bakgrund”, 10 av 15; minst andel i ”Kunskap”, 3 av 8."
    )


def test_sections_with_long_names_and_two_figures_have_room():
    table = parts_of(
        {
            (f"Förvaltning {unit}", f"Avsnittet om kunskapsbaserade arbetssätt {section}"): (unit % 13, 12)
            for unit in range(16)
            for section in range(14)
        }
    )
    check_room(unit_map(table, caption="Svar"))


# Wrong tables
# ------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: heat(steps_of({"Bromma": 6})), "the step 6 of 'Kunskap' is not one of 1 to 5"),
        (lambda: heat(steps_of({"Bromma": 1}, steps=1)), "at least two steps"),
        (lambda: heat(steps_of({"Bromma": "x", "Farsta": 2})), "the mark 'x' is not one of ×, ?, . or .."),
        (lambda: heat(steps_of({"Bromma": 2}, good="up")), "unknown good end 'up' of 'Kunskap'"),
        (
            lambda: heat(steps_of({"Bromma": 2}), steps_of({"Farsta": 2}, good="low")),
            "the question 'Kunskap' has more than one scale",
        ),
        (
            lambda: heat(steps_of({"Bromma": 2}), steps_of({"Bromma": 2})),
            "more than one row for 'Bromma' and 'Kunskap'",
        ),
        (
            lambda: heat(steps_of({"Bromma": 2, "Farsta": 2}), steps_of({"Farsta": 2}, question="Stöd")),
            "the unit 'Bromma' has no row for the question 'Stöd'",
        ),
        (lambda: heat(steps_of({"Bromma": 2}).drop(columns="kind")), "no column kind"),
        (lambda: heat(steps_of({"Bromma": 2}), theme="pink"), "no theme 'pink'"),
        (
            lambda: unit_map(parts_of({("Bromma", "A"): (6, 5)}), caption="Svar"),
            "the part 6 does not lie within the whole 5",
        ),
        (lambda: unit_map(parts_of(PARTS).head(3), caption="Svar"), "has no row for the section 'Kunskap'"),
    ],
)
def test_wrong_cells_are_refused_in_plain_words(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()
