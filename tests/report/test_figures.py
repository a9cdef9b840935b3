from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, pairwise

import matplotlib as mpl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.textpath import TextPath
from matplotlib.transforms import Bbox

from analysis.report import swedish
from analysis.report.figures import (
    PALETTES,
    Chart,
    NothingToDraw,
    bars,
    choice_chart,
    contrast,
    drawable,
    heat_map,
    response_chart,
    scale_chart,
    scale_chart_by_group,
    unit_map,
    years_chart,
    years_scale_chart,
)

SCALE = (
    "I mycket liten utsträckning",
    "I liten utsträckning",
    "Varken liten eller stor utsträckning",
    "I stor utsträckning",
    "I mycket stor utsträckning",
)
LONG = (
    "I vilken utsträckning har skolornas och socialtjänstens gemensamma arbete för att uppmärksamma barn och "
    "ungdomar som riskerar att dras in i kriminalitet stärkts genom de lokala handlingsplanerna, sett till alla?"
)
assert len(LONG) > 200


# Released tables, small enough to read
# -------------------------------------


def scale_rows(question, counts, *, text=None, group="alla", item=None, hide=(), options=SCALE, unsure=0):
    """Return rows of counts.csv of one question: counts in the order of the scale, then "vet ej"."""
    base = sum(counts) + unsure
    values = [*((f"o{i}", label, n) for i, (label, n) in enumerate(zip(options, counts, strict=True)))]
    values += [("_dont_know", "Vet ej", unsure), ("_not_answered", "Ej besvarad", 3)]
    return [
        {
            "section": "s",
            "question": question,
            "question_text": text or f"Fråga {question}",
            "item": item,
            "item_text": item and f"Del {item}",
            "value": value,
            "label": label,
            "group": group,
            "n": None if value in hide else n,
            "base": base,
            "percent": None if value in hide or not base or value == "_not_answered" else 100 * n / base,
            "suppressed": value in hide,
        }
        for value, label, n in values
    ]


def multiple_rows(question, chosen, *, base=16, group="alla", hide=()):
    """Return rows of counts.csv of a question with several choices: item → how many chose it."""
    return [
        {
            "section": "s",
            "question": question,
            "question_text": "Vilka aktörer samverkar ni med?",
            "item": item[:4],
            "item_text": item,
            "value": value,
            "label": label,
            "group": group,
            "n": None if item in hide else n,
            "base": base,
            "percent": None if item in hide else 100 * n / base,
            "suppressed": item in hide,
        }
        for item, count in chosen.items()
        for value, label, n in (("chosen", "Vald", count), ("not_chosen", "Inte vald", base - count))
    ]


COUNTS = pd.DataFrame(
    [
        *scale_rows("q1", [1, 2, 4, 5, 3], unsure=1),
        *scale_rows("q2", [0, 8, 0, 8, 0]),
        *scale_rows("q3", [2, 2, 2, 2, 2], unsure=6),
        *scale_rows("bad", [1, 1, 2, 6, 6], text="Saknas personal?"),
        *scale_rows("long", [3, 3, 3, 3, 4], text=LONG),
        *scale_rows("hidden", [3, 3, 3, 3, 4], hide=("o0", "o1"), text="Dold fråga"),
        *scale_rows("empty", [0, 0, 0, 0, 0], text="Fråga utan svar"),
        *scale_rows("q1", [1, 2, 3, 4, 1], unsure=0, group="district"),
        *scale_rows("q1", [0, 0, 1, 1, 2], unsure=1, group="specialist"),
    ]
)
CHOICES = pd.DataFrame(
    [
        *multiple_rows("m", {"Polis": 9, "Skola": 16, "Åklagare": 4, "Region": 0}),
        *multiple_rows("m", {"Polis": 7, "Skola": 11, "Åklagare": 2, "Region": 0}, base=11, group="district"),
        *multiple_rows("m", {"Polis": 2, "Skola": 5, "Åklagare": 2, "Region": 0}, base=5, group="specialist"),
    ]
)
RESPONSE = pd.DataFrame(
    [
        ("Älvsjö", "district", True, "complete", 40, 40),
        ("Bromma", "district", True, "partial", 10, 40),
        ("Årsta", "district", True, "none", 0, 40),
        ("Kulturförvaltningen", "specialist", True, "empty", 0, 40),
        ("Utbildningsförvaltningen", "specialist", True, "complete", 38, 40),
        ("Inte tillfrågad", "specialist", False, "none", 0, 40),
    ],
    columns=["name", "kind", "invited", "status", "answered_items", "asked_items"],
).assign(unit_id=lambda frame: [f"u{number}" for number in range(len(frame))])
YEARS = pd.DataFrame(
    [
        ("Samverkan", 2021, 50.0, 9, 18),
        ("Samverkan", 2022, 75.0, 12, 16),
        ("Samverkan", 2023, 87.5, 14, 16),
        ("Föräldrastöd", 2021, 100 / 3, 6, 18),
        ("Föräldrastöd", 2022, None, None, 16),
        ("Föräldrastöd", 2023, 25.0, 4, 16),
    ],
    columns=["label", "year", "percent", "n", "base"],
)
NUMBERS = pd.DataFrame({"Insats": ["Möten", "Kurser", "Övrigt"], "Timmar": [1250.5, 12000.25, None]})
TWENTY = pd.DataFrame(
    scale_rows("q", list(range(20)), options=[f"Alternativ {i} med en ganska lång text" for i in range(20)])
)
SCALE_YEARS = pd.DataFrame(
    [
        row | {"year": year}
        for year, counts in ((2021, [1, 2, 4, 5, 3]), (2022, [0, 3, 3, 3, 3]))
        for row in scale_rows("q1", counts, unsure=2)
    ]
)
UNITS = [
    ("Bromma", "Stadsdelsförvaltningar"),
    ("Enskede-Årsta-Vantör", "Stadsdelsförvaltningar"),
    ("Kultur", "Fackförvaltningar"),
]
STEPS = pd.DataFrame(
    [
        (unit, kind, question, step, 5, good, None if step else mark)
        for (unit, kind), steps in zip(UNITS, [(5, 2, None), (4, None, 1), (None, 3, 3)], strict=True)
        for question, step, good, mark in zip(
            ["Kunskap", "Samhandling", "Svårt att mäta"], steps, ["high", "high", "low"], "?×.", strict=True
        )
    ],
    columns=["unit", "kind", "question", "step", "steps", "good", "mark"],
)
PARTS = pd.DataFrame(
    [
        (unit, kind, section, answered, asked)
        for (unit, kind), parts in zip(
            UNITS, [((5, 5), (2, 3)), ((0, 5), (3, 3)), ((1, 5), (0, 0))], strict=True
        )
        for section, (answered, asked) in zip(["Bakgrund", "Medarbetarnas kunskap"], parts, strict=True)
    ],
    columns=["unit", "kind", "section", "answered", "asked"],
)


def years_of(table, **kwargs):
    return years_chart(table, question="Hur går det?", **kwargs)


POLARITY = {"bad": "negative"} | dict.fromkeys(["q1", "q2", "q3", "long", "hidden", "empty"], "positive")

SAMPLES = {
    "scale": lambda **kw: scale_chart(COUNTS, ["q1", "q2", "q3"], polarity=POLARITY, **kw),
    "scale_one_row": lambda **kw: scale_chart(COUNTS, ["q2"], polarity=POLARITY, **kw),
    "scale_long": lambda **kw: scale_chart(COUNTS, ["q1", "long", "bad"], polarity=POLARITY, **kw),
    "scale_hidden": lambda **kw: scale_chart(COUNTS, ["q1", "hidden", "empty"], polarity=POLARITY, **kw),
    "scale_plain": lambda **kw: scale_chart(COUNTS, ["q1", "q3"], polarity={}, **kw),
    "scale_groups": lambda **kw: scale_chart_by_group(
        COUNTS, "q1", ["alla", "district", "specialist"], polarity="positive", **kw
    ),
    "choice": lambda **kw: choice_chart(CHOICES, "m", **kw),
    "choice_groups": lambda **kw: choice_chart(CHOICES, "m", groups=["alla", "district", "specialist"], **kw),
    "choice_twenty": lambda **kw: choice_chart(TWENTY, "q", **kw),
    "response": lambda **kw: response_chart(RESPONSE, **kw),
    "years": lambda **kw: years_chart(YEARS, question="Hur?", **kw),
    "years_scale": lambda **kw: years_scale_chart(
        SCALE_YEARS, question="Hur går det?", polarity="negative", **kw
    ),
    "heat_map": lambda **kw: heat_map(**{"caption": "Svar"} | kw, cells=STEPS, low="Inte alls", high="Helt"),
    "unit_map": lambda **kw: unit_map(**{"caption": "Ifyllda frågor"} | kw, cells=PARTS),
    "bars": lambda **kw: bars(NUMBERS, "Insats", "Timmar", unit="timmar", decimals=1, **kw),
    "bars_below_zero": lambda **kw: bars(
        pd.DataFrame({"Del": ["Skola", "Fritid"], "Förändring": [-12.5, 4]}), "Del", "Förändring", **kw
    ),
}


@pytest.fixture(params=sorted(SAMPLES))
def sample(request):
    return SAMPLES[request.param]


# What is drawn
# -------------


def labelled(chart: Chart, kind: type) -> list:
    """Return the bars or the markers that stand for a value: their label is "row|series"."""
    return [artist for artist in chart.figure.findobj(kind) if "|" in str(artist.get_label())]


def drawn(chart: Chart) -> dict[str, float]:
    """Return what each bar is long and where each marker stands, in units of the data."""
    bars = {bar.get_label(): bar.get_width() for bar in labelled(chart, Rectangle)}
    return bars | {mark.get_label(): mark.get_xdata()[0] for mark in labelled(chart, Line2D)}


def starts(chart: Chart) -> dict[str, float]:
    return {bar.get_label(): bar.get_x() for bar in labelled(chart, Rectangle)}


def ends_on_page(chart: Chart) -> dict[str, tuple[float, float]]:
    """Return where each bar begins and ends across the page, in points."""
    found = {}
    for bar in labelled(chart, Rectangle):
        box = bar.get_window_extent()
        found[bar.get_label()] = (box.x0 * 72 / chart.figure.dpi, box.x1 * 72 / chart.figure.dpi)
    return found


def written(chart: Chart) -> list[str]:
    return [text.get_text() for text in chart.figure.findobj(Text) if text.get_text()]


def plain(text: str) -> str:
    return text.replace(swedish.NO_BREAK_SPACE, " ").replace(swedish.THIN_SPACE, " ")


def svg(chart: Chart) -> bytes:
    stream = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "analysis", "svg.fonttype": "path"}):
        chart.figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def test_scale_bars_grow_from_zero_to_both_sides_and_the_rest_stands_apart():
    chart = scale_chart(COUNTS, ["q1"], polarity=POLARITY)
    label = "Fråga q1|"
    shares = drawn(chart)
    assert shares == pytest.approx(
        {label + name: 100 * n / 16 for name, n in zip([*SCALE, "Vet ej"], [1, 2, 4, 5, 3, 1], strict=True)}
    )
    at = {name.removeprefix(label): start for name, start in starts(chart).items()}
    end = {name: at[name] + shares[label + name] for name in at}
    lowest, low, middle, high, highest = SCALE
    near = pytest.approx(0, abs=1)
    assert (end[low], end[lowest]) == (near, pytest.approx(at[low]))
    assert (at[high], at[highest]) == (near, pytest.approx(end[high]))
    assert end[low] < 0 < at[high]
    assert (at[middle], at["Vet ej"]) == (near, pytest.approx(end[middle]))  # on an axis of their own
    percents = [plain(t) for t in written(chart) if t.endswith("%")]
    assert percents == ["100 %", "50 %", "0 %", "50 %", "100 %", "0 %", "50 %", "100 %"]
    assert {"1", "2", "4", "5", "3", "n = 16", "← Lägre svar", "Högre svar →", "Mitten, vet ej"} <= set(
        written(chart)
    )


def test_the_axis_of_scales_is_the_same_in_every_chart_and_no_bar_leaves_it():
    places = []
    for counts in ([16, 0, 0, 0, 0], [0, 0, 0, 0, 16], [0, 0, 16, 0, 0]):
        chart = scale_chart(pd.DataFrame(scale_rows("q", counts)), ["q"], polarity={"q": "positive"})
        percents = [plain(t) for t in written(chart) if t.endswith("%")]
        assert percents == ["100 %", "50 %", "0 %", "50 %", "100 %", "0 %", "50 %", "100 %"]
        (ends,) = ends_on_page(chart).values()
        places.append(ends)
    (left, zero), (again, right), (apart, edge) = places
    assert zero == pytest.approx(again, abs=2)
    assert right - again == pytest.approx(zero - left, abs=0.2) == pytest.approx(edge - apart, abs=0.2)
    assert right < apart


def test_what_the_colours_of_a_scale_mean_is_said_in_words():
    for polarity in ("positive", "negative"):
        chart = scale_chart(COUNTS, ["q1"], polarity={"q1": polarity})
        assert "Orange är ogynnsamt, blått är gynnsamt." in written(chart)
    assert not [text for text in written(SAMPLES["scale_plain"]()) if "gynnsamt" in text]


def without_percent(rows):
    return [row | {"percent": None} for row in rows]


def test_answers_too_few_for_percentages_are_squares_without_an_axis():
    few = without_percent(scale_rows("q", [0, 1, 0, 2, 0], unsure=1))
    chart = scale_chart(pd.DataFrame(few), ["q"], polarity={"q": "positive"})
    squares = labelled(chart, Rectangle)
    assert [bar.get_label() for bar in squares] == [
        f"Fråga q|{name}" for name in (f"{SCALE[1]}|1", f"{SCALE[3]}|1", f"{SCALE[3]}|2", "Vet ej|1")
    ]
    assert len({bar.get_width() for bar in squares}) == 1
    assert not [text for text in written(chart) if "%" in text or "svar →" in text]
    assert "För få svar för andelar: en ruta är ett svar" in written(chart)
    assert chart.alt.startswith(
        f"Rutor i 1 rad, en för varje svar på skalan ”{SCALE[0]}” till ”{SCALE[4]}”. ”Fråga q”: 0 ”"
    )
    check_room(chart)


def test_few_answers_beside_many_are_squares_and_the_many_a_bar():
    rows = [
        *scale_rows("q", [1, 2, 3, 4, 1], unsure=0),
        *without_percent(scale_rows("q", [0, 1, 0, 2, 0], group="specialist")),
    ]
    chart = scale_chart_by_group(pd.DataFrame(rows), "q", ["alla", "specialist"], polarity=None)
    labels = [bar.get_label().split("|")[0] for bar in labelled(chart, Rectangle)]
    assert (labels.count("Alla"), labels.count("Fackförvaltningar")) == (5, 3)
    assert "100 %" in map(plain, written(chart))
    assert "För få svar för andelar, en ruta för varje svar: fackförvaltningar." in chart.alt


@pytest.mark.parametrize("order", [["alla", "specialist"], ["specialist", "alla"]])
def test_squares_stand_below_the_axis_where_they_cannot_be_read_in_per_cent(order):
    rows = [
        *scale_rows("q", [1, 2, 3, 4, 1], unsure=0),
        *without_percent(scale_rows("q", [0, 0, 0, 2, 1], group="specialist")),
    ]
    chart = scale_chart_by_group(pd.DataFrame(rows), "q", order, polarity="negative")
    squares = [
        bar.get_window_extent() for bar in labelled(chart, Rectangle) if bar.get_label().startswith("Fack")
    ]
    figure = chart.figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    ticks = [t.get_window_extent(renderer) for t in figure.findobj(Text) if t.get_text().endswith("%")]
    grid = [line.get_window_extent(renderer) for line in figure.findobj(Line2D) if len(line.get_xdata()) == 2]
    assert max(box.y1 for box in squares) < min(box.y0 for box in [*ticks, *grid])
    starts = [box.x0 for box in squares]
    assert starts == sorted(starts)  # from the lowest answer on, and not to two sides of anything
    assert all(b.x0 > a.x1 for a, b in pairwise(squares))
    check_room(chart)


def test_many_squares_have_room_beside_the_number_of_answers():
    few = without_percent(scale_rows("q", [40, 1, 0, 0, 60]))
    chart = scale_chart(pd.DataFrame(few), ["q"], polarity={})
    ends = sorted(ends_on_page(chart).values())
    assert len(ends) == 101
    assert all(a[1] <= b[0] for a, b in pairwise(ends))
    answered = next(t for t in chart.figure.findobj(Text) if t.get_text() == "n = 101")
    renderer = FigureCanvasAgg(chart.figure).get_renderer()
    assert ends[-1][1] < answered.get_window_extent(renderer).x0 * 72 / chart.figure.dpi


def test_vet_ej_is_hatched_in_the_bars_and_in_the_key():
    chart = scale_chart(COUNTS, ["q1"], polarity=POLARITY)
    hatches = {
        bar.get_label().removeprefix("Fråga q1|"): bar.get_hatch() for bar in labelled(chart, Rectangle)
    }
    assert {name for name, hatch in hatches.items() if hatch} == {"Vet ej"}
    keys = [patch for patch in chart.figure.findobj(Rectangle) if not patch.get_label()]
    assert [key.get_hatch() for key in keys if key.get_hatch()] == [hatches["Vet ej"]]
    few = pd.DataFrame(without_percent(scale_rows("q", [0, 1, 1, 0, 0], unsure=1)))
    squares = labelled(scale_chart(few, ["q"], polarity={"q": "positive"}), Rectangle)
    assert [bool(square.get_hatch()) for square in squares] == [False, False, True]


def test_choices_of_too_few_for_percentages_are_dots_without_an_axis():
    rows = [
        *multiple_rows("m", {"Polis": 9, "Skola": 16}),
        *without_percent(multiple_rows("m", {"Polis": 2, "Skola": 4}, base=4, group="district")),
    ]
    chart = choice_chart(pd.DataFrame(rows), "m", groups=["alla", "district"])
    assert set(drawn(chart)) == {"Polis|Alla", "Skola|Alla"}
    dots = [line for line in chart.figure.findobj(Line2D) if line.get_marker() == "o"]
    filled = [dot.get_markerfacecolor() == dot.get_markeredgecolor() for dot in dots]
    assert filled == [True] * 4 + [True, True, False, False]  # Skola comes first
    assert [plain(t) for t in written(chart)].count("100 %") == 1
    assert "stadsdelsförvaltningar: " not in chart.alt
    assert (
        "Stadsdelsförvaltningar (n = 4): vanligast är ”Skola”, 4 av 4; minst vanligt är ”Polis”, 2 av 4."
        in chart.alt
    )
    check_room(chart)


def test_equal_shares_keep_the_order_of_the_questionnaire():
    chart = choice_chart(pd.DataFrame(multiple_rows("m", {"Ö": 4, "Mest": 9, "A": 4, "K": 4})), "m")
    assert [text for text in written(chart) if text in ("Ö", "Mest", "A", "K")] == ["Mest", "Ö", "A", "K"]
    years = pd.DataFrame(
        [(label, year, 25.0, 4, 16) for label in ("Ö", "A") for year in (2022, 2023)], columns=YEARS.columns
    )
    assert [text for text in written(years_of(years)) if text in ("Ö", "A")] == ["Ö", "A"]


def test_years_keep_the_order_of_the_table():
    texts = written(years_of(YEARS.iloc[[3, 4, 5, 0, 1, 2]]))
    assert [t for t in texts if t in ("Samverkan", "Föräldrastöd")] == ["Föräldrastöd", "Samverkan"]


def with_unsure(rows, unsure, **changes):
    """Return rows of a question with several choices, with how many answered "vet ej" to it."""
    items = {row["item"]: row for row in rows}.values()
    said = {"value": "_dont_know", "label": "Vet ej", "n": unsure, "percent": None} | changes
    return [*rows, *(row | said for row in items)]


def test_vet_ej_of_several_choices_is_a_row_where_somebody_said_so():
    counts = [
        *with_unsure(multiple_rows("m", {"Polis": 1, "Skola": 9}), 2, percent=12.5),
        *with_unsure(multiple_rows("m", {"Polis": 1, "Skola": 6}, group="district"), 0, percent=0.0),
    ]
    chart = choice_chart(pd.DataFrame(counts), "m", groups=["alla", "district"])
    assert drawn(chart)["Vet ej|Alla"] == 12.5
    options = [text for text in written(chart) if text in ("Polis", "Skola", "Vet ej")]
    assert options == ["Skola", "Polis", "Vet ej"]  # last, however many
    assert {"2 (13 %)", "0 (0 %)"} <= set(map(plain, written(chart)))
    assert "3 svarsalternativ" in chart.alt
    nobody = pd.DataFrame(with_unsure(multiple_rows("m", {"Polis": 9}), 0, percent=0.0))
    assert "Vet ej" not in written(choice_chart(nobody, "m"))
    hidden = pd.DataFrame(with_unsure(multiple_rows("m", {"Polis": 9}), None, suppressed=True))
    assert "Visas inte (..): ”Vet ej”." in choice_chart(hidden, "m").alt


def test_vet_ej_of_some_choices_only_is_no_answer_to_the_question():
    rows = with_unsure(multiple_rows("m", {"Polis": 4, "Skola": 9}), 2)
    rows[-1]["n"] = 1
    assert "Vet ej" not in written(choice_chart(pd.DataFrame(rows), "m"))


def test_charts_of_shares_say_whose_they_are():
    for make, table in ((choice_chart, (CHOICES, "m")), (years_of, (YEARS,))):
        assert "Andel av de svarande" in written(make(*table))
        named = make(*table, respondents="förvaltningarna")
        assert "Andel av förvaltningarna" in written(named)
        assert "andelen av förvaltningarna" in named.alt


def test_scale_options_that_nobody_chose_have_no_bar():
    assert set(drawn(scale_chart(COUNTS, ["q2"], polarity=POLARITY))) == {
        f"Fråga q2|{SCALE[1]}",
        f"Fråga q2|{SCALE[3]}",
    }


def test_scale_rows_are_sorted_by_the_share_above_the_middle_and_hidden_rows_come_last():
    questions = ["hidden", "q3", "q1", "empty", "q2"]

    def order(**kwargs):
        texts = written(scale_chart(COUNTS, questions, polarity=POLARITY, **kwargs))
        return [text for text in texts if text.startswith(("Fråga", "Dold"))]

    assert order() == ["Fråga q1", "Fråga q2", "Fråga q3", "Dold fråga", "Fråga utan svar"]
    assert order(sort=False) == ["Dold fråga", "Fråga q3", "Fråga q1", "Fråga utan svar", "Fråga q2"]


def test_suppressed_and_unanswered_rows_have_no_bar_and_are_told_apart():
    chart = scale_chart(COUNTS, ["q1", "hidden", "empty"], polarity=POLARITY)
    assert {label.split("|")[0] for label in drawn(chart)} == {"Fråga q1"}
    assert written(chart).count("..") == 1
    assert written(chart).count("Inga svar") == 1
    assert "Visas inte (..): ”Dold fråga”." in chart.alt
    assert "Inga svar: ”Fråga utan svar”." in chart.alt


def test_questions_where_the_last_option_is_bad_are_drawn_apart_with_the_colours_turned():
    chart = scale_chart(COUNTS, ["q1", "bad"], polarity=POLARITY)
    colour = {bar.get_label(): bar.get_facecolor() for bar in labelled(chart, Rectangle)}
    assert colour[f"Fråga q1|{SCALE[0]}"] == colour[f"Saknas personal?|{SCALE[4]}"]
    assert colour[f"Fråga q1|{SCALE[0]}"] != colour[f"Fråga q1|{SCALE[4]}"]
    assert f"Svaret ”{SCALE[4]}” är ogynnsamt" in written(chart)
    assert f"Svaret ”{SCALE[4]}” är ogynnsamt för ”Saknas personal?”." in chart.alt
    assert written(chart).count(SCALE[0]) == 2  # each part has its own key


def test_scale_by_group_has_a_row_for_each_group():
    chart = SAMPLES["scale_groups"]()
    shares = drawn(chart)
    assert shares[f"Stadsdelsförvaltningar|{SCALE[3]}"] == pytest.approx(400 / 11)
    assert shares[f"Fackförvaltningar|{SCALE[4]}"] == pytest.approx(40)
    assert [n for n in written(chart) if n.startswith("n =")] == ["n = 16", "n = 11", "n = 5"]
    assert chart.caption == "Fråga q1"  # how many answered stands in the chart


def test_scale_with_items_has_a_row_for_each_item_and_a_heading_where_needed():
    counts = pd.DataFrame(
        [
            *scale_rows("grid", [1, 1, 1, 1, 6], item="a"),
            *scale_rows("grid", [6, 1, 1, 1, 1], item="b"),
            *scale_rows("q", [0, 0, 0, 5, 5]),
        ]
    )
    alone = scale_chart(counts, ["grid"], polarity={})
    assert alone.caption == "Fråga grid"
    assert [text for text in written(alone) if text.startswith(("Del", "Fråga"))] == ["Del a", "Del b"]
    both = written(scale_chart(counts, ["grid", "q"], polarity={}))
    assert "Fråga grid" in both
    by_group = scale_chart_by_group(counts, "grid", ["alla"], polarity=None)
    assert [t for t in written(by_group) if t in ("Del a", "Del b", "Alla")] == [
        "Del a",
        "Alla",
        "Del b",
        "Alla",
    ]


def test_choices_are_sorted_by_size_with_the_count_first():
    chart = choice_chart(CHOICES, "m")
    assert drawn(chart) == pytest.approx({"Skola|Alla": 100.0, "Polis|Alla": 56.25, "Åklagare|Alla": 25.0})
    texts = [plain(text) for text in written(chart)]
    assert [text for text in texts if text in ("Polis", "Skola", "Åklagare", "Region")] == [
        "Skola",
        "Polis",
        "Åklagare",
        "Region",
    ]
    assert "9 av 16 (56 %)" in texts
    assert "0 av 16 (0 %)" in texts


def test_choices_of_groups_are_panels_that_share_the_rows_and_the_scale():
    chart = SAMPLES["choice_groups"]()
    shares = drawn(chart)
    assert shares["Polis|Stadsdelsförvaltningar"] == pytest.approx(700 / 11)
    assert "Region|Fackförvaltningar" not in shares  # nobody: a number and no bar
    assert written(chart).count("Polis") == 1
    page = ends_on_page(chart)
    assert (
        page["Skola|Alla"][1]
        < page["Skola|Stadsdelsförvaltningar"][0]
        < page["Skola|Stadsdelsförvaltningar"][1]
        < page["Skola|Fackförvaltningar"][0]
    )
    points_for_a_per_cent = {
        label: (right - left) / shares[label] for label, (left, right) in page.items() if shares[label] > 20
    }
    assert max(points_for_a_per_cent.values()) == pytest.approx(min(points_for_a_per_cent.values()), rel=0.02)


def test_the_heading_of_a_panel_tells_how_many_answered_and_the_bars_how_many_chose():
    texts = [plain(text) for text in written(SAMPLES["choice_groups"]())]
    assert texts[texts.index("Stadsdelsförvaltningar") + 1] == "n = 11"
    assert {"9 (56 %)", "7 (64 %)", "2 (40 %)", "0 (0 %)"} <= set(texts)
    assert not [text for text in texts if " av " in text and not text.startswith("Andel")]


def test_the_whole_is_told_beside_each_bar_where_it_differs_within_a_panel():
    parts = [multiple_rows("m", {"Polis": 4}, base=8), multiple_rows("m", {"Skola": 3}, base=4)]
    other = multiple_rows("m", {"Polis": 1, "Skola": 1}, base=2, group="district")
    chart = choice_chart(pd.DataFrame([*parts[0], *parts[1], *other]), "m", groups=["alla", "district"])
    texts = [plain(text) for text in written(chart)]
    assert {"4 av 8 (50 %)", "3 av 4 (75 %)", "1 (50 %)", "n = 4–8", "n = 2"} <= set(texts)


def test_few_options_are_a_small_chart_and_seven_options_a_compact_one():
    def height(number):
        options = [f"Svar {i}" for i in range(number)]
        rows = [
            row
            for group, most in (("alla", 9), ("district", 6), ("specialist", 3))
            for row in scale_rows("q", [most] * number, options=options, group=group)
            if row["value"] != "_dont_know"
        ]
        figure = choice_chart(pd.DataFrame(rows), "q", groups=["alla", "district", "specialist"]).figure
        return 72 * figure.get_size_inches()[1]

    assert height(2) < 95
    assert height(7) == pytest.approx(7 * 18 + 55, abs=5)


def test_panels_that_do_not_fit_side_by_side_are_drawn_below_each_other():
    groups = {f"g{number}": f"Grupp {number} med ett långt namn" for number in range(9)}
    rows = [row for group in groups for row in multiple_rows("m", {"Polis": 3, "Skola": 4}, group=group)]
    chart = choice_chart(pd.DataFrame(rows), "m", groups=list(groups), group_labels=groups)
    assert written(chart).count("Polis") > 1
    assert len(drawn(chart)) == 18
    check_room(chart)


def test_an_option_that_a_group_was_not_given_is_not_a_zero():
    rows = [
        *multiple_rows("m", {"Polis": 3, "Skola": 4}),
        *multiple_rows("m", {"Skola": 2}, group="district"),
    ]
    chart = choice_chart(pd.DataFrame(rows), "m", groups=["alla", "district"])
    assert written(chart).count("..") == 1
    assert "Visas inte (..): ”Polis” (stadsdelsförvaltningar)." in chart.alt


def test_single_choices_can_keep_their_order_and_end_with_vet_ej():
    counts = pd.DataFrame(scale_rows("q", [1, 9, 2], options=["Varje år", "Varje månad", "Aldrig"], unsure=8))
    options = ("Varje år", "Varje månad", "Aldrig", "Vet ej")

    def order(**kwargs):
        return [text for text in written(choice_chart(counts, "q", **kwargs)) if text in options]

    assert order() == ["Varje månad", "Aldrig", "Varje år", "Vet ej"]
    assert order(sort=False) == list(options)


def test_a_suppressed_choice_is_written_but_not_drawn():
    counts = pd.DataFrame(multiple_rows("m", {"Polis": 9, "Skola": 16}, hide=["Polis"]))
    chart = choice_chart(counts, "m")
    assert drawn(chart) == {"Skola|Alla": 100.0}
    assert written(chart).count("..") == 1
    assert "Visas inte (..): ”Polis”." in chart.alt


def test_no_percentage_is_written_where_none_was_released():
    counts = pd.DataFrame(multiple_rows("m", {"Polis": 2}, base=3)).assign(percent=None)
    chart = choice_chart(counts, "m")
    assert "2 av 3" in written(chart)
    assert "%" not in chart.alt


def test_response_is_grouped_sorted_and_says_every_status_in_words():
    chart = response_chart(RESPONSE)
    assert drawn(chart) == {
        "Älvsjö|Fullständigt svar": 100.0,
        "Bromma|Ofullständigt svar": 25.0,
        "Årsta|Inget svar": 0.0,
        "Kulturförvaltningen|Tomt svar": 0.0,
        "Utbildningsförvaltningen|Fullständigt svar": 95.0,
    }
    texts = written(chart)
    names = [
        "Stadsdelsförvaltningar",
        "Bromma",
        "Årsta",
        "Älvsjö",
        "Fackförvaltningar",
        "Kulturförvaltningen",
    ]
    assert [text for text in texts if text in names] == names
    assert {"38 av 40", "10 av 40, ofullständigt svar", "0 av 40, tomt svar", "Inget svar"} <= set(texts)
    assert "Andel ifyllda frågor" in texts
    assert texts[:2] == ["Fullständigt svar", "Ofullständigt svar"]  # the key: bars differ by hatching
    assert chart.caption == "Svar från 3 av 5 tillfrågade"
    assert "Fullständigt svar: 2; ofullständigt svar: 1 (Bromma)" in chart.alt
    assert "inget svar: 1 (Årsta)" in chart.alt
    assert "minst andel för Bromma, 10 av 40" in chart.alt


def test_years_have_a_marker_each_and_the_change_in_words():
    chart = years_of(YEARS)
    assert drawn(chart) == pytest.approx(
        {
            "Samverkan|2021": 50,
            "Samverkan|2022": 75,
            "Samverkan|2023": 87.5,
            "Föräldrastöd|2021": 100 / 3,
            "Föräldrastöd|2023": 25,
        }
    )
    texts = [plain(text) for text in written(chart)]
    heads = texts[: texts.index("Samverkan")]
    assert sorted(heads) == ["2021", "2022", "2023", "från 2022 till 2023", "n = 16", "n = 16", "n = 18"]
    assert {"9 (50 %)", "12 (75 %)", "14 (88 %)", "6 (33 %)", "..", "4 (25 %)"} <= set(texts)
    alt = plain(chart.alt)
    assert "Störst ökning 2022–2023: ”Samverkan”, 13 procentenheter." in alt
    assert "Störst minskning" not in alt  # 2022 is not shown for the other
    assert (
        "2021 (n = 18): vanligast är ”Samverkan”, 9 av 18 (50 %); minst vanligt är ”Föräldrastöd”, 6 av 18 (33 %)."
        in alt
    )
    assert "Visas inte (..): ”Föräldrastöd” (2022)." in alt
    assert chart.caption == "Hur går det?"  # how many answered stands in the chart
    assert years_chart(YEARS, question="Arbetet fungerar väl.").caption == "Arbetet fungerar väl"


def test_the_marks_of_years_stand_on_one_line_and_differ_in_shape():
    chart = years_of(YEARS)
    marks = {mark.get_label(): mark for mark in labelled(chart, Line2D)}
    of_row = [marks[f"Samverkan|{year}"] for year in (2021, 2022, 2023)]
    assert len({mark.get_ydata()[0] for mark in of_row}) == 1
    looks = [
        (m.get_marker(), m.get_markersize(), m.get_markerfacecolor() == m.get_markeredgecolor())
        for m in of_row
    ]
    assert len(set(looks)) == 3
    diamond, ring, dot = of_row
    assert [mark.get_marker() for mark in of_row] == ["D", "o", "o"]
    assert ring.get_markersize() > dot.get_markersize() + 2  # all are seen where the years are equal
    assert 2**0.5 * diamond.get_markersize() > ring.get_markersize() + 0.5
    joined = [
        line.get_xdata()
        for line in chart.figure.findobj(Line2D)
        if line.get_linestyle() == "-" and line.get_linewidth() > 1.2
    ]
    assert [tuple(x) for x in joined] == [
        pytest.approx((75, 87.5))
    ]  # the two newest years, where both are shown


def test_the_key_tells_what_the_line_joins():
    chart = years_of(YEARS)
    assert "från 2022 till 2023" in written(chart)
    assert "; ett streck går från 2022 till 2023." in chart.alt
    key = [mark for mark in chart.figure.findobj(Line2D) if mark.get_marker() == "_"]
    lines = [line for line in chart.figure.findobj(Line2D) if line.get_linestyle() == "-"]
    joined = [line for line in lines if line.get_linewidth() > 1.2]
    assert [mark.get_markeredgecolor() for mark in key] == [joined[0].get_color()]
    same = years_of(YEARS.assign(n=4, percent=25.0, base=16))
    assert not [text for text in written(same) if text.startswith("från")]
    assert "streck" not in same.alt


def test_of_many_years_the_two_newest_are_written_and_all_are_drawn():
    years = range(2014, 2024)
    rows = [
        (label, year, 10.0 * i, i, 10)
        for label in ("Samverkan", "Föräldrastöd")
        for i, year in enumerate(years)
    ]
    frame = pd.DataFrame(rows, columns=["label", "year", "percent", "n", "base"])
    chart = years_of(frame)
    assert len(drawn(chart)) == 20
    texts = [plain(text) for text in written(chart)]
    assert set(map(str, years)) <= set(texts)  # the older ones stand in the key
    assert "9 (90 %)" in texts
    assert "5 (50 %)" not in texts
    check_room(chart)


def test_changes_are_told_in_percentage_points_only_where_percentages_were_released():
    assert "procentenheter" in years_of(YEARS).alt
    few = YEARS.assign(percent=YEARS["percent"].where(YEARS["year"] != 2022))
    chart = years_of(few)
    assert "procentenhet" not in chart.alt
    assert "12 av 16" in chart.alt
    assert "Samverkan|2022" not in drawn(chart)
    assert not drawable(years_of, YEARS.assign(percent=None))


def scale_years(counts_by_year, **kwargs):
    rows = [
        row | {"year": y} for y, counts in counts_by_year.items() for row in scale_rows("q", counts, **kwargs)
    ]
    return pd.DataFrame(rows)


def test_years_of_a_scale_are_stacked_bars_the_oldest_first():
    rows = scale_years({2022: [1, 2, 4, 5, 3], 2021: [0, 8, 0, 8, 0], 2023: [2, 2, 2, 2, 2]}, unsure=1)
    chart = years_scale_chart(rows, question="Hur går det?", polarity="positive")
    assert [text for text in written(chart) if text.startswith("202")] == ["2021", "2022", "2023"]
    shares = drawn(chart)
    assert shares[f"2022|{SCALE[3]}"] == pytest.approx(500 / 16)
    assert shares["2023|Vet ej"] == pytest.approx(100 / 11)
    assert starts(chart)[f"2022|{SCALE[1]}"] == pytest.approx(-200 / 16, abs=1)
    assert chart.caption == "Hur går det?"
    assert (
        f"Svarat ”{SCALE[3]}” eller ”{SCALE[4]}”: 2021: 8 av 17; 2022: 8 av 16; 2023: 4 av 11." in chart.alt
    )


def test_years_of_a_scale_with_parts_have_a_heading_for_each_part():
    rows = pd.concat(
        [scale_years({2021: [1, 2], 2022: [2, 1]}, options="ab", item=item) for item in ("x", "y")]
    )
    chart = years_scale_chart(rows, question="Hur?", polarity=None)
    assert [t for t in written(chart) if t in ("Del x", "Del y", "2021", "2022")] == [
        "Del x",
        "2021",
        "2022",
        "Del y",
        "2021",
        "2022",
    ]


def test_a_year_that_is_hidden_has_no_bar():
    rows = scale_years({2021: [3, 3], 2022: [2, 4]}, options="ab")
    rows.loc[rows["year"].eq(2021) & rows["value"].eq("o0"), ["n", "suppressed"]] = [None, True]
    chart = years_scale_chart(rows, question="Hur?", polarity="negative")
    assert set(drawn(chart)) == {"2022|a", "2022|b"}
    assert "Visas inte (..): 2021." in chart.alt


def test_bars_write_swedish_numbers_with_their_unit():
    chart = SAMPLES["bars"]()
    assert drawn(chart) == {"Kurser|Timmar": 12000.25, "Möten|Timmar": 1250.5}
    texts = [plain(text) for text in written(chart)]
    assert {"12 000,3 timmar", "1250,5 timmar", "..", "10 000"} <= set(texts)
    assert chart.caption == "Timmar efter insats"
    assert drawn(SAMPLES["bars_below_zero"]())["Skola|Förändring"] == -12.5


# Words
# -----


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("scale", ["”Fråga q1”: 8 av 16; ”Fråga q2”: 8 av 16; ”Fråga q3”: 4 av 16."]),
        (
            "scale",
            ["3 rader", "Svarat ”Vet ej”: ”Fråga q1”: 1 av 16; ”Fråga q3”: 6 av 16.", "Antal svar: n = 16."],
        ),
        ("scale_one_row", [f"8 ”{SCALE[1]}”", f"0 ”{SCALE[4]}”", "0 ”Vet ej”", "n = 16"]),
        (
            "scale_groups",
            ["alla: 8 av 16; stadsdelsförvaltningar: 5 av 11; fackförvaltningar: 3 av 5."],
        ),
        (
            "choice",
            [
                "4 svarsalternativ",
                "vanligast är ”Skola”, 16 av 16 (100 %)",
                "minst vanligt är ”Region”, 0 av 16 (0 %)",
            ],
        ),
        (
            "choice_groups",
            ["Fackförvaltningar (n = 5): vanligast är ”Skola”, 5 av 5 (100 %)", "Alla (n = 16)"],
        ),
        ("bars", ["3 rader", "störst är ”Kurser”, 12 000,3 timmar", "minst är ”Möten”, 1250,5 timmar"]),
    ],
)
def test_alternative_texts_tell_the_extremes_and_the_number_of_answers(name, parts):
    alt = plain(SAMPLES[name]().alt)
    for part in parts:
        assert part in alt


def test_many_equal_extremes_are_counted_not_listed():
    counts = pd.DataFrame(multiple_rows("m", dict.fromkeys("abcde", 3)))
    assert "lika för alla som visas" in choice_chart(counts, "m").alt
    assert "och 2 till" in choice_chart(counts, "m").alt


def test_alternative_texts_do_not_double_the_full_stop_of_a_question():
    rows = [*scale_rows("a", [1, 2, 4, 5, 3], text="Arbetet går väl."), *scale_rows("b", [1, 2, 3, 4, 5])]
    alt = scale_chart(pd.DataFrame(rows), ["a", "b"], polarity={}).alt
    assert "”Arbetet går väl”: 8 av 15" in alt
    assert ".”" not in alt


def test_long_labels_are_shortened_in_the_chart_and_whole_in_the_alternative_text():
    chart = SAMPLES["scale_long"]()
    assert any(text.endswith("…") for text in written(chart))
    assert f"Avkortade texter i sin helhet: ”{LONG}”." in chart.alt


def test_words_longer_than_the_column_are_broken_with_a_hyphen():
    word = "Samverkansöverenskommelseuppföljningsdokumentationsrutin"
    lines = [
        text
        for text in written(bars(pd.DataFrame({"Del": [word], "Antal": [3]}), "Del", "Antal"))
        if text.rstrip("-") in word
    ]
    assert "".join(line.rstrip("-") for line in lines) == word
    assert len(lines) > 1


def test_signs_that_matplotlib_reads_as_formulas_are_text():
    chart = bars(pd.DataFrame({"Del": ["Kostar $5 och $6_x", "_dold"], "Antal": [3, 2]}), "Del", "Antal")
    assert {"Kostar $5 och $6_x", "_dold"} <= set(written(chart))
    svg(chart)


def test_captions_can_be_replaced():
    for name, make in SAMPLES.items():
        assert make().caption.strip()
        if name not in ("years", "years_scale"):  # their caption is made of the question
            assert make(caption="Egen text").caption == "Egen text"


# Room
# ----


def boxes(chart: Chart) -> list[tuple[str, Bbox]]:
    """Return the box of the ink of every text, in points from the lower left corner of the figure."""
    figure = chart.figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    found = []
    for text in figure.findobj(Text):
        if text.get_text():
            letters = text.get_text().replace("$", "S")  # TextPath would read a formula
            ink = TextPath((0, 0), letters, prop=text.get_fontproperties()).get_extents()
            left = text.get_window_extent(renderer).x0 * 72 / figure.dpi
            line = text.get_transform().transform(text.get_position())[1] * 72 / figure.dpi
            found.append((text.get_text(), ink.translated(left - min(ink.x0, 0), line)))
    return found


def check_room(chart: Chart) -> None:
    width, height = (72 * inches for inches in chart.figure.get_size_inches())
    found = boxes(chart)
    for text, box in found:
        assert box.x0 >= -0.5, text
        assert box.x1 <= width + 0.5, text
        assert box.y0 >= -0.5, text
        assert box.y1 <= height + 0.5, text
    for (one, a), (other, b) in combinations(found, 2):
        apart = a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 or b.y1 <= a.y0
        assert apart, (one, other)


def test_no_text_is_cut_overlaps_or_is_too_small(sample):
    chart = sample()
    assert chart.figure.get_size_inches()[0] == pytest.approx(6.3)
    assert all(text.get_fontsize() >= 7.5 for text in chart.figure.findobj(Text) if text.get_text())
    check_room(chart)


def test_every_file_has_the_width_of_the_text_and_no_margins_to_cut_off(sample):
    for box in (None, "tight"):
        stream = io.StringIO()
        sample().figure.savefig(stream, format="svg", bbox_inches=box)
        assert re.search(r'<svg [^>]*width="([\d.]+)pt"', stream.getvalue())[1] == "453.6"


def test_the_height_grows_with_the_rows():
    def height(number):
        frame = pd.DataFrame({"Del": [f"Rad {i}" for i in range(number)], "Antal": range(1, number + 1)})
        return bars(frame, "Del", "Antal").figure.get_size_inches()[1]

    assert height(2) - height(1) == pytest.approx(height(20) - height(19))
    assert height(20) > 5 * height(2) / 2


counts_of_a_scale = st.lists(st.integers(0, 30), min_size=2, max_size=9)
words = st.text("abcdefghijklmnopåäöABC$_-% ", min_size=1, max_size=220).filter(str.strip)
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(counts_of_a_scale, st.integers(0, 20), words, st.sampled_from(["positive", "negative", None]))
def test_any_scale_is_drawn_whole_and_has_room(counts, unsure, label, polarity):
    options = [f"Alternativ {number}" for number in range(len(counts))]
    table = pd.DataFrame(scale_rows("q", counts, options=options, unsure=unsure, text=label))
    if not sum(counts) + unsure:
        assert not drawable(scale_chart, table, ["q"], polarity={"q": polarity})
        return
    chart = scale_chart(table, ["q"], polarity={"q": polarity})
    shares = drawn(chart)
    assert sum(shares.values()) == pytest.approx(100)
    assert len(shares) == sum(n > 0 for n in [*counts, unsure])
    check_room(chart)


@few
@given(
    st.dictionaries(words, st.lists(st.none() | st.floats(0, 1e7), min_size=1, max_size=1), max_size=5),
    st.integers(0, 3),
)
def test_any_numbers_are_drawn_as_they_are_and_have_room(values, decimals):
    frame = pd.DataFrame({"Del": list(values), "Antal": [value for (value,) in values.values()]})
    known = {label: value for label, (value,) in values.items() if value is not None}
    if not known:
        assert not drawable(bars, frame, "Del", "Antal")
        return
    chart = bars(frame, "Del", "Antal", decimals=decimals, unit="kronor")
    assert drawn(chart) == {f"{label}|Antal": value for label, value in known.items() if value}
    assert written(chart).count("..") == len(values) - len(known)
    check_room(chart)


@few
@given(
    st.lists(words, min_size=1, max_size=6, unique=True),
    st.lists(
        st.text("abcdefghijklmnoåäö ", min_size=1, max_size=40).filter(str.strip), max_size=5, unique=True
    ),
    st.data(),
)
def test_any_choices_of_any_groups_are_drawn_whole_and_have_room(options, others, data):
    groups = ["alla", *(f"g{number}" for number in range(len(others)))]
    labels = dict(zip(groups, ["Alla", *others], strict=True))
    counts = {
        group: data.draw(st.lists(st.integers(0, 400), min_size=len(options), max_size=len(options)))
        for group in groups
    }
    rows = [
        row
        for group in groups
        for row in scale_rows("q", counts[group], options=options, group=group)
        if row["value"] != "_dont_know"
    ]
    table = pd.DataFrame(rows)
    if not any(map(sum, counts.values())):
        assert not drawable(choice_chart, table, "q", groups=groups, group_labels=labels)
        return
    chart = choice_chart(table, "q", groups=groups, group_labels=labels)
    assert len(labelled(chart, Rectangle)) == sum(n > 0 for of in counts.values() for n in of)
    check_room(chart)


@few
@given(st.lists(words, min_size=1, max_size=6, unique=True), st.integers(2, 9), st.data())
def test_any_years_are_drawn_whole_and_have_room(labels, number, data):
    rows = [
        (label, 2015 + year, None if n is None else 100 * n / 1200, n, 1200)
        for label in labels
        for year in range(number)
        for n in [data.draw(st.none() | st.integers(0, 1200))]
    ]
    frame = pd.DataFrame(rows, columns=["label", "year", "percent", "n", "base"])
    known = frame["n"].notna().sum()
    if not known:
        assert not drawable(years_of, frame)
        return
    chart = years_of(frame)
    assert len(labelled(chart, Line2D)) == known
    check_room(chart)


@few
@given(st.data())
def test_the_order_of_rows_does_not_change_a_sorted_chart(data):
    numbers = data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=6))
    frame = pd.DataFrame({"Del": [f"Rad {i}" for i in range(len(numbers))], "Antal": numbers})
    shuffled = frame.iloc[data.draw(st.permutations(range(len(numbers))))]
    assert svg(bars(frame, "Del", "Antal")) == svg(bars(shuffled, "Del", "Antal"))


# Not by colour alone
# -------------------


def test_light_areas_have_a_dark_edge_and_counts_are_read_on_every_colour(sample):
    for theme in PALETTES:
        for patch in labelled(sample(theme=theme), Rectangle):
            face, edge = (mpl.colors.to_hex(c) for c in (patch.get_facecolor(), patch.get_edgecolor()))
            assert max(contrast(face), contrast(edge)) >= 3
            assert max(contrast(face, "#000000"), contrast(face)) >= 4.5


@pytest.mark.parametrize("theme", sorted(PALETTES))
@pytest.mark.parametrize("polarity", ["positive", "negative", None])
@pytest.mark.parametrize("number", range(2, 10))
def test_parts_of_a_bar_that_meet_differ_or_have_a_line_and_a_number(number, polarity, theme):
    options = [f"Steg {step}" for step in range(number)]
    table = pd.DataFrame(scale_rows("q", [2] * number, options=options, unsure=2))
    chart = scale_chart(table, ["q"], polarity={"q": polarity}, theme=theme)
    ends = ends_on_page(chart)
    parts = sorted(labelled(chart, Rectangle), key=lambda part: ends[part.get_label()])
    assert len(parts) == number + 1
    assert written(chart).count("2") == number + 1
    for one, other in pairwise(parts):
        if ends[other.get_label()][0] - ends[one.get_label()][1] > 0.5:
            continue  # they lie on two sides of zero, or apart
        a, b = (mpl.colors.to_hex(part.get_facecolor()) for part in (one, other))
        on_top = max((other, one), key=lambda part: part.get_zorder())
        line = mpl.colors.to_hex(on_top.get_edgecolor())
        assert contrast(a, b) >= 3 or min(contrast(line, a), contrast(line, b)) >= 3, (a, line, b)
        if (
            contrast(a, b) < 1.2
        ):  # as light as each other in print: the line alone does not tell which is which
            assert bool(one.get_hatch()) != bool(other.get_hatch()), (a, b)


@pytest.mark.parametrize("theme", sorted(PALETTES))
def test_years_are_told_apart_without_their_colours(theme):
    rows = [("Samverkan", year, 50.0, 5, 10) for year in range(2015, 2024)]
    frame = pd.DataFrame(rows, columns=["label", "year", "percent", "n", "base"])
    marks = labelled(years_of(frame, theme=theme), Line2D)
    shapes = {(m.get_marker(), m.get_markerfacecolor() == m.get_markeredgecolor()) for m in marks}
    assert len(shapes) == len(marks) == 9
    tones = [contrast(mpl.colors.to_hex(m.get_markeredgecolor())) for m in marks]
    assert min(tones) >= 3
    *older, before, newest = tones
    assert max(older) * 1.5 < before < newest / 1.5  # the oldest lightest, also without colour


def test_panels_of_groups_have_one_colour_and_their_names_above():
    chart = SAMPLES["choice_groups"]()
    assert len({bar.get_facecolor() for bar in labelled(chart, Rectangle)}) == 1
    assert {"Alla", "Stadsdelsförvaltningar", "Fackförvaltningar"} <= set(written(chart))


# The same every time, and nothing left behind
# --------------------------------------------


def test_the_same_table_gives_the_same_bytes(sample):
    first = svg(sample())
    assert first == svg(sample())
    assert b"<text" not in first  # letters are outlines: no font is needed to read it


def test_settings_of_the_reader_neither_change_a_chart_nor_are_changed(sample):
    before = dict(mpl.rcParams)
    usual = svg(sample())
    assert dict(mpl.rcParams) == before
    odd = {
        "font.family": "monospace",
        "font.size": 30,
        "figure.dpi": 50,
        "figure.autolayout": True,
        "lines.linewidth": 9,
        "patch.linewidth": 9,
        "axes.grid": True,
        "figure.facecolor": "black",
        "hatch.linewidth": 5,
        "lines.solid_capstyle": "round",
    }
    with mpl.rc_context(odd):
        assert svg(sample()) == usual


def test_charts_can_be_made_side_by_side():
    names = ["scale", "choice_groups", "years", "response"] * 2
    alone = [svg(SAMPLES[name]()) for name in names]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda name: SAMPLES[name](), names))
    assert [svg(chart) for chart in together] == alone


def test_pyplot_does_not_hear_of_the_figures(sample):
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    assert svg(sample())
    assert pyplot.get_fignums() == before


def test_tables_are_not_changed():
    tables = [COUNTS, CHOICES, RESPONSE, YEARS, SCALE_YEARS, NUMBERS, STEPS, PARTS]
    copies = [table.copy(deep=True) for table in tables]
    for make in SAMPLES.values():
        make()
    for table, copy in zip(tables, copies, strict=True):
        pd.testing.assert_frame_equal(table, copy)


def test_tables_read_from_csv_give_the_same_charts():
    for table, make in (
        (COUNTS, lambda t: scale_chart(t, ["q1", "hidden"], polarity=POLARITY)),
        (CHOICES, lambda t: choice_chart(t, "m", groups=["alla", "district"])),
        (YEARS, years_of),
        (SCALE_YEARS, lambda t: years_scale_chart(t, question="Hur?", polarity="positive")),
        (STEPS, lambda t: heat_map(t, caption="Svar", low="Inte alls", high="Helt")),
        (PARTS, lambda t: unit_map(t, caption="Besvarade frågor")),
        (RESPONSE, response_chart),
    ):
        read = pd.read_csv(io.StringIO(table.to_csv(index=False)))
        assert svg(make(read)) == svg(make(table))
        assert make(read).alt == make(table).alt


def test_both_themes_draw_the_same_numbers(sample):
    neutral, city = sample(theme="neutral"), sample(theme="stockholm")
    assert drawn(neutral) == drawn(city)
    assert neutral.alt == city.alt
    assert svg(neutral) != svg(city)


def test_the_font_is_source_sans_and_its_bold_is_bolder():
    chart = SAMPLES["response"]()
    fonts = {
        text.get_fontproperties().get_weight(): text for text in chart.figure.findobj(Text) if text.get_text()
    }
    assert set(fonts) == {400, 700}
    paths = [mpl.font_manager.findfont(text.get_fontproperties()) for text in fonts.values()]
    assert all("analysis-source-sans" in path for path in paths)
    assert paths[0] != paths[1]


# What cannot be drawn
# --------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: scale_chart(COUNTS, ["hidden", "empty"], polarity=POLARITY),
        lambda: choice_chart(pd.DataFrame(multiple_rows("m", {"a": 1, "b": 2}, hide=["a", "b"])), "m"),
        lambda: choice_chart(
            pd.DataFrame(multiple_rows("m", {"a": 0})).assign(base=0, n=0, percent=None), "m"
        ),
        lambda: years_of(YEARS.assign(n=None, percent=None)),
        lambda: years_scale_chart(SCALE_YEARS.assign(suppressed=True), question="Hur?", polarity="positive"),
        lambda: heat_map(STEPS.assign(step=None, mark=".."), caption="Svar", low="a", high="b"),
        lambda: unit_map(PARTS.assign(asked=0), caption="Svar"),
        lambda: response_chart(RESPONSE.assign(invited=False)),
        lambda: bars(NUMBERS.assign(Timmar=None), "Insats", "Timmar"),
        lambda: bars(NUMBERS.head(0), "Insats", "Timmar"),
    ],
)
def test_nothing_to_draw_is_said_and_can_be_asked_first(make):
    with pytest.raises(NothingToDraw, match="nothing to draw"):
        make()
    assert not drawable(make)


def test_drawable_is_true_of_what_can_be_drawn_and_hides_no_mistake(sample):
    assert drawable(sample)
    with pytest.raises(ValueError, match="no question"):
        drawable(scale_chart, COUNTS, ["missing"], polarity={})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: scale_chart(COUNTS, ["missing"], polarity={}), "no question 'missing'"),
        (lambda: scale_chart(COUNTS, ["q2"], polarity={}, group="district"), "for the group 'district'"),
        (lambda: scale_chart(COUNTS, ["q1"], polarity={"q1": "good"}), "unknown polarity good"),
        (lambda: scale_chart(COUNTS.drop(columns="base"), ["q1"], polarity={}), "no column base"),
        (lambda: scale_chart(COUNTS.assign(base=99), ["q1"], polarity={}), "add to 16, but its base is 99"),
        (lambda: scale_chart(COUNTS, ["q1"], polarity={}, theme="pink"), "no theme 'pink'"),
        (
            lambda: scale_chart(
                pd.DataFrame(
                    [*scale_rows("a", [1, 2], options="xy"), *scale_rows("b", [1, 2], options="yx")]
                ),
                ["a", "b"],
                polarity={},
            ),
            "do not share the same options",
        ),
        (
            lambda: scale_chart(pd.DataFrame(scale_rows("a", [1], options="x")), ["a"], polarity={}),
            "two options",
        ),
        (lambda: choice_chart(CHOICES.assign(n=99), "m"), "the part 99 does not lie within the whole 16"),
        (
            lambda: choice_chart(pd.DataFrame(scale_rows("grid", [1, 1, 1, 1, 6], item="a")), "grid"),
            "draw it with scale_chart",
        ),
        (lambda: years_of(pd.concat([YEARS, YEARS])), "more than one row for 'Samverkan' and 2021"),
        (lambda: choice_chart(pd.concat([CHOICES, CHOICES]), "m"), "more than one row for 'm'"),
        (lambda: years_of(YEARS[YEARS["year"] == 2021]), "at least two years"),
        (
            lambda: years_scale_chart(
                SCALE_YEARS[SCALE_YEARS["year"] == 2021], question="Hur?", polarity="positive"
            ),
            "at least two years",
        ),
        (
            lambda: years_scale_chart(
                pd.concat([SCALE_YEARS, SCALE_YEARS]), question="Hur?", polarity="positive"
            ),
            "more than one row for 2021 and 'o0'",
        ),
        (
            lambda: years_scale_chart(
                SCALE_YEARS.drop(columns="value"), question="Hur?", polarity="positive"
            ),
            "the comparison has no column value",
        ),
        (lambda: response_chart(RESPONSE.assign(status="late")), "unknown status late"),
        (lambda: bars(NUMBERS, "Insats", "Antal"), "no column Antal"),
    ],
)
def test_wrong_tables_are_refused_in_plain_words(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()
