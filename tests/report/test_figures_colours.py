from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from analysis.report.figures import PALETTES, Palette, contrast, scale_colours
from analysis.report.figures.colours import BLACK, WHITE, edge_of, text_on


def lightness(colour: str) -> float:
    """Return CIE L* (0–100) from the contrast with white."""
    y = 1.05 / contrast(colour) - 0.05
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


@pytest.fixture(params=sorted(PALETTES))
def palette(request) -> Palette:
    return PALETTES[request.param]


def test_contrast_is_that_of_the_guidelines():
    assert contrast("#767676") == pytest.approx(4.54, abs=0.01)  # the lightest grey that passes 4.5:1, WCAG
    assert contrast("#00594F") == pytest.approx(8.26, abs=0.01)  # as computed for the city's graphic profile
    assert contrast("#B92F00") == pytest.approx(6.05, abs=0.01)
    assert contrast("#000000", "#FFFFFF") == contrast("#FFFFFF", "#000000") == pytest.approx(21)


def test_marks_lines_and_texts_stand_out_from_the_paper(palette):
    assert all(contrast(colour) >= 3 for colour in palette.series)
    assert contrast(palette.ink) >= 7
    assert contrast(palette.quiet) >= 4.5
    assert all(contrast(end) >= 3 for end in (palette.bad[0], palette.good[0], palette.plain[1]))


@pytest.mark.parametrize("polarity", ["positive", "negative", None])
@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_the_steps_of_a_scale_differ_in_grey(palette, number, polarity):
    colours = scale_colours(number, polarity, palette)
    assert len(colours) == number
    assert all(abs(lightness(a) - lightness(b)) >= 8 for a, b in combinations(colours, 2))


@pytest.mark.parametrize("number", [6, 7])
def test_neighbours_on_longer_scales_differ_in_grey_too(palette, number):
    for polarity in ("positive", None):
        colours = scale_colours(number, polarity, palette)
        gaps = [abs(lightness(a) - lightness(b)) for a, b in pairwise(colours)]
        assert min(gaps) >= 6


def test_years_differ_in_grey_and_the_oldest_are_lightest(palette):
    newest, before, older = map(lightness, (*palette.series, palette.faint))
    assert newest + 10 <= before <= older - 10
    assert contrast(palette.faint) >= 3


# Machado, Oliveira and Fernandes (2009), "A physiologically-based model for simulation of color vision deficiency",
# severity 1.0, on linear RGB.
COLOUR_BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(colour: str, kind: str) -> np.ndarray:
    """Return CIE L*a*b* (D65) of a colour as a colour-blind reader sees it."""
    srgb = np.array(to_rgb(colour))
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(COLOUR_BLINDNESS[kind]) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.maximum(to_xyz @ seen / np.array([0.9505, 1, 1.089]), 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("kind", sorted(COLOUR_BLINDNESS))
def test_colours_differ_for_colour_blind_readers(palette, kind):
    for colours in (palette.series, scale_colours(5, "positive", palette), scale_colours(5, None, palette)):
        for one, other in combinations(colours, 2):
            assert np.linalg.norm(lab(one, kind) - lab(other, kind)) >= 12, (one, other)


def test_the_two_sides_of_a_scale_turn_with_its_polarity(palette):
    for number in range(2, 8):
        assert scale_colours(number, "negative", palette) == scale_colours(number, "positive", palette)[::-1]


@pytest.mark.parametrize("polarity", ["positive", "negative", None])
@pytest.mark.parametrize("number", range(2, 10))
def test_the_end_of_every_step_is_seen_whatever_lies_beside_it(palette, number, polarity):
    # Options between may be empty, so any two can meet. `edge_of` is drawn around each, dark edges on top.
    for one, other in combinations(scale_colours(number, polarity, palette), 2):
        line = palette.ink if palette.ink in (edge_of(one, palette), edge_of(other, palette)) else WHITE
        assert max(contrast(line, one), contrast(line, other)) >= 3
        if contrast(one) >= 3 and contrast(other) >= 3:  # both dark: the line must differ from both
            assert min(contrast(line, one), contrast(line, other)) >= 3


@pytest.mark.parametrize("number", range(2, 10))
def test_numbers_are_read_on_every_step(palette, number):
    for polarity in ("positive", None):
        for colour in scale_colours(number, polarity, palette):
            assert text_on(colour) in (BLACK, WHITE)
            assert contrast(text_on(colour), colour) >= 4.5


def test_the_city_theme_has_the_dark_shades_of_the_city():
    city = PALETTES["stockholm"]
    assert {city.series[0], city.plain[1]} == {"#890C58"}
    assert (city.bad[0], city.good[0]) == ("#B92F00", "#00594F")
