"""The charts of the appendices, drawn from released tables only.

Every function takes a released table and returns a `Chart`: a matplotlib figure, its alternative text and a
caption, all in Swedish and all made from the same numbers. A value that is suppressed or not available is
written ``..`` and has no mark; it is never drawn as zero.

How the charts are made: a `page` is as wide as the text of an A4 page and grows downwards. Everything is
measured in points (1/72 inch) with the metrics of the font (`letters`), so that labels neither overlap nor are
cut. Each figure stands on its own: no pyplot, and no setting of matplotlib is changed or decides how a chart
looks.

Nothing is told by colour alone (`colours`): numbers stand in or beside the marks, series differ in shape, the
steps of a scale differ in lightness and lie in order, and light areas have a dark edge.
"""

from __future__ import annotations

from analysis.report.figures.chart import ALL, GROUP_LABELS, Chart, NothingToDraw, drawable
from analysis.report.figures.colours import PALETTES, Palette, contrast, scale_colours
from analysis.report.figures.grids import MARKS, heat_map, unit_map
from analysis.report.figures.panels import bars, choice_chart, response_chart
from analysis.report.figures.scales import scale_chart, scale_chart_by_group, years_scale_chart
from analysis.report.figures.years import years_chart

__all__ = [
    "ALL",
    "GROUP_LABELS",
    "MARKS",
    "PALETTES",
    "Chart",
    "NothingToDraw",
    "Palette",
    "bars",
    "choice_chart",
    "contrast",
    "drawable",
    "heat_map",
    "response_chart",
    "scale_chart",
    "scale_chart_by_group",
    "scale_colours",
    "unit_map",
    "years_chart",
    "years_scale_chart",
]
