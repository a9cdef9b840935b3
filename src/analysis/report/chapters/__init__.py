"""The chapters of the appendices: released results as text, tables and figures in Swedish.

Each function publishes one part of an appendix from `Results` and nothing else. An appendix notebook is a
sequence of headings and such calls.

===================  ================================================================================
module               what it holds
===================  ================================================================================
`reading`            what the released results hold, without publishing anything
`wording`            answers and their counts in running Swedish
`parts`              what several appendices share: title page, words and signs
`findings`           which results are told of first, by rule
`results`            appendix 1
`quality`            appendix 2
`years`              appendix 3
`administration`     the appendix of one administration
===================  ================================================================================
"""

from analysis.report.chapters.administration import (
    unit_history,
    unit_sections,
    unit_summary,
    unit_texts,
    unit_words,
)
from analysis.report.chapters.parts import definitions, open_appendix
from analysis.report.chapters.quality import (
    cleaning,
    codebook,
    coding,
    item_nonresponse,
    method,
    missing,
    nonresponse,
    provenance,
    quality_declaration,
    review,
    suppression,
)
from analysis.report.chapters.reading import unit_name
from analysis.report.chapters.results import (
    other_parts,
    overview,
    part,
    perspectives,
    response,
    section,
    starting_points,
    summary,
    themes,
    units_without_quotes,
)
from analysis.report.chapters.years import comparison, crosswalk, geography, years_summary

__all__ = [
    "cleaning",
    "codebook",
    "coding",
    "comparison",
    "crosswalk",
    "definitions",
    "geography",
    "item_nonresponse",
    "method",
    "missing",
    "nonresponse",
    "open_appendix",
    "other_parts",
    "overview",
    "part",
    "perspectives",
    "provenance",
    "quality_declaration",
    "response",
    "review",
    "section",
    "starting_points",
    "summary",
    "suppression",
    "themes",
    "unit_history",
    "unit_name",
    "unit_sections",
    "unit_summary",
    "unit_texts",
    "unit_words",
    "units_without_quotes",
    "years_summary",
]
