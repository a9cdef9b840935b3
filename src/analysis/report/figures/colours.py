"""The colours of the charts: the themes, contrast, and the steps of a scale.

Areas that meet are told apart without hue: their lightness differs by 3:1, or a line that differs by 3:1 from
both lies between them (`edge`) and each carries its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from matplotlib.colors import to_hex, to_rgb

from analysis.report import swedish

__all__ = ["PALETTES", "Palette", "Polarity", "contrast", "scale_colours"]

Polarity = Literal["positive", "negative"] | None
"""Whether the last option of a scale is the good end (positive), the bad end (negative), or neither."""


@dataclass(frozen=True, kw_only=True)
class Palette:
    """The colours of a theme, as ``#RRGGBB``. The greys are those of every theme.

    Attributes
    ----------
    series : tuple of str
        Bars and the marks of the newest year; the marks of the year before, lighter.
    bad, good : tuple of str
        From the end of a scale towards its middle: dark, light.
    bad_name, good_name : str
        What these colours are called, as the first word of a sentence and within one.
    middle : str
        The middle of a scale.
    plain : tuple of str
        First and last step of a scale that is neither good nor bad: light, dark.
    ink, quiet, rule, faint : str
        Text and edges; the text of axes; thin lines in the background; the marks of older years, lightest (3:1
        with white).
    """

    series: tuple[str, str]
    bad: tuple[str, str]
    good: tuple[str, str]
    bad_name: str
    good_name: str
    middle: str
    plain: tuple[str, str]
    ink: str = "#1D2428"
    quiet: str = "#4F5B62"
    rule: str = "#C3CBD0"
    faint: str = "#84919A"


PALETTES: Mapping[str, Palette] = {
    "neutral": Palette(
        series=("#0F4C75", "#A85408"),
        bad=("#9A4200", "#E5A05F"),
        good=("#08304D", "#A9CDE8"),
        bad_name="Orange",
        good_name="blått",
        middle="#ECEFF1",
        plain=("#D5E3EE", "#0F4C75"),
    ),
    "stockholm": Palette(
        series=("#890C58", "#B92F00"),
        bad=("#B92F00", "#F6A57C"),
        good=("#00594F", "#AAD9D6"),
        bad_name="Orange",
        good_name="grönt",
        middle="#F8F7F5",
        plain=("#F6DCE6", "#890C58"),
    ),
}
"""The colours of each theme."""

WHITE = "#FFFFFF"
BLACK = "#000000"
SMALLEST_CONTRAST = 3.0
"""Contrast that an area or a line needs with what is beside it (WCAG 2.2, 1.4.11)."""


def palette_of(theme: str) -> Palette:
    """Return the colours of a theme.

    Raises
    ------
    ValueError
        When there is no such theme.
    """
    if theme not in PALETTES:
        raise ValueError(f"there is no theme {theme!r}: choose {swedish.join(sorted(PALETTES), 'or')}")
    return PALETTES[theme]


def _luminance(colour: str) -> float:
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


def contrast(colour: str, other: str = WHITE) -> float:
    """Return the contrast of two colours, 1 (none) to 21, as WCAG 2.2 defines it.

    Examples
    --------
    >>> contrast("#000000"), round(contrast("#890C58"), 1), contrast("#ffffff", "#ffffff")
    (21.0, 9.3, 1.0)
    """
    dark, light = sorted((_luminance(colour), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _steps(first: str, last: str, number: int) -> list[str]:
    """Return colours evenly from the first to the last; the first alone when only one is asked for."""
    shares = [step / (number - 1) for step in range(number)] if number > 1 else [0.0] * number
    ends = list(zip(to_rgb(first), to_rgb(last), strict=True))
    mixed = [tuple(a + (b - a) * share for a, b in ends) for share in shares]
    return [to_hex((red, green, blue)).upper() for red, green, blue in mixed]


def scale_colours(number: int, polarity: Polarity, palette: Palette) -> tuple[str, ...]:
    """Return the colour of each option of a scale, in the order of the scale.

    Parameters
    ----------
    number : int
        How many options there are, without "vet ej".
    polarity : {"positive", "negative", None}
        Where the good end is; None gives steps of one colour, from light to dark.
    palette : Palette
        The theme.

    Examples
    --------
    >>> scale_colours(3, "positive", PALETTES["neutral"])
    ('#9A4200', '#ECEFF1', '#08304D')
    """
    if polarity is None:
        return tuple(_steps(*palette.plain, number))
    half = number // 2
    middle = [palette.middle] * (number % 2)
    colours = _steps(*palette.bad, half) + middle + _steps(*palette.good, half)[::-1]
    return tuple(colours if polarity == "positive" else colours[::-1])


def edge_of(colour: str, palette: Palette) -> str:
    """Return the line around an area: white around dark areas, dark around light ones (drawn on top)."""
    return palette.ink if contrast(colour) < SMALLEST_CONTRAST else WHITE


def text_on(colour: str) -> str:
    """Return the letters that are read best on a colour: at least 4.5:1, whatever the colour."""
    return max((WHITE, BLACK), key=lambda text: contrast(text, colour))
