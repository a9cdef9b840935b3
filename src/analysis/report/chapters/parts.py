"""What several appendices share: the title page, the words, and how charts and tables are published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from analysis.privacy.release import Results
from analysis.report import figures, swedish
from analysis.report.chapters.reading import by_units, smallest_count
from analysis.report.document import describe, say, show
from analysis.report.swedish import NO_BREAK_SPACE
from analysis.report.tables import Column, Table, Value
from analysis.survey.instrument import SYNTHETIC

DRAFT = "UTKAST"

STATUS_LABELS = {
    "complete": "Fullständigt svar",
    "partial": "Ofullständigt svar",
    "empty": "Tomt svar",
    "none": "Inget svar",
}
"""What the states of an answered form are called."""

WORDS = "[{}](#tabell-begrepp)"
"""A link to the table of words."""


def open_appendix(results: Results, title: str, *, final: bool) -> None:
    """Say what the appendix is: its title page, and the marks of every page."""
    survey = results.survey
    responsible = survey["responsible"]
    marks = [] if final else [DRAFT]
    if survey["synthetic"]:
        marks.append(SYNTHETIC)
    contact = ", ".join(t for t in (responsible["department"], responsible["contact"]) if t)
    describe(
        title,
        subtitle=survey["title"],
        year=survey["year"],
        publisher=responsible["publisher"],
        contact=contact,
        registration_number=responsible["case_number"],
        date=survey["date"],
        marks=marks,
        theme=survey["theme"],
    )


def publish_chart(
    results: Results, draw: Callable[..., figures.Chart], *args: Any, key: str = "", **kwargs: Any
) -> bool:
    """Draw and show a chart in the colours of the survey; “n = 16” stays on one line of its caption.

    Returns
    -------
    bool
        Whether there was anything to draw.
    """
    try:
        chart = draw(*args, theme=results.survey["theme"], **kwargs)
    except figures.NothingToDraw:
        return False
    caption = chart.caption.replace("n = ", f"n{NO_BREAK_SPACE}={NO_BREAK_SPACE}")
    show(chart.figure, caption=caption, alt=chart.alt, key=key)
    return True


def word(text: str) -> str:
    """Return a word as a link to where it is explained; the appendix must publish its `definitions`.

    Examples
    --------
    >>> word("partiellt bortfall")
    '[partiellt bortfall](#tabell-begrepp)'
    """
    return WORDS.format(text)


def definitions(results: Results, *chosen: str, signs: Sequence[str] = ("–", "..")) -> None:
    """Publish the words and signs that an appendix uses.

    Parameters
    ----------
    *chosen : str
        Which of the words; all of them unless given.
    signs : sequence of str
        Which of the signs follow.

    Raises
    ------
    KeyError
        When a word or a sign is unknown.
    """
    known = _words(results)
    picked = {name: known[name] for name in chosen} if chosen else known
    explained = {**picked, **{sign: SIGNS[sign] for sign in signs}}
    rows: list[list[Value]] = [[name, meaning] for name, meaning in explained.items()]
    columns = [Column("word", "Begrepp eller tecken"), Column("meaning", "Betydelse")]
    show(Table("Begrepp och tecken", columns, rows, key="begrepp"))


SIGNS = {
    "–": "Inget att redovisa: antalet är noll.",
    "..": "Uppgiften finns inte, är för osäker eller visas inte.",
}


def _words(results: Results) -> dict[str, str]:
    smallest = swedish.number_word(smallest_count(results))
    asked, one = ("förvaltning", "förvaltningen") if by_units(results) else ("person", "den svarande")
    enough = swedish.percent(100 * float(results.survey["complete_share"]))
    few = f"färre än {smallest}"
    return {
        "Andel": f"Antalet som har gett ett svar delat med basen. Andelar visas inte när {few} har svarat.",
        "Bas": "De som har besvarat frågan. ”Vet ej” räknas som ett svar på frågan. ”Ej aktuellt”, ”Ej besvarad” och "
        "”Under granskning” gör det inte.",
        "Belysande exempel": "Ett utdrag ur ett svar i fritext som en utredare har godkänt för publicering.",
        "Ej aktuellt": f"Frågan gäller inte {one}.",
        "Fack": "Fackförvaltningar: förvaltningar som ansvarar för ett område i hela staden.",
        "Fritext": "Ett svar med egna ord.",
        "Fullständigt svar": f"Minst {enough} av de ställda frågorna är ifyllda. Är färre ifyllda är svaret "
        "ofullständigt.",
        "Ifylld fråga": "En fråga där något har angetts. ”Vet ej”, ”Ej aktuellt” och svar under granskning räknas "
        "som ifyllda, men bara ”Vet ej” ingår i basen.",
        "Median": "Det mittersta värdet när alla svar har ordnats efter storlek.",
        "n": "Antalet som har besvarat frågan, det vill säga basen.",
        "Objektsbortfall": f"En tillfrågad {asked} har inte svarat alls.",
        "Partiellt bortfall": f"En {asked} som har svarat på enkäten har lämnat en fråga utan svar.",
        "Procentenhet": "Skillnaden mellan två andelar. Från 40 till 50 procent är 10 procentenheter.",
        "Små antal": f"Antal personer under {smallest} visas inte, och inte heller det som skulle avslöja dem.",
        "Stadsdel": "Stadsdelsförvaltningar: förvaltningar som ansvarar för en del av staden.",
        "Tema": "Ett ämne som fritextsvaren handlar om. Temana är förslag från ett program tills en utredare har "
        "kodat svaren.",
        "Tomt svar": "Enkäten har lämnats in utan att någon fråga är ifylld. Det räknas som objektsbortfall.",
        "Totalundersökning": "En undersökning där alla tillfrågas. Den har inget urvalsfel.",
        "Under granskning": "Svaret väntar på en utredares beslut och ingår inte i basen.",
        "Vet ej": f"{swedish.sentence(one)} har svarat ”Vet ej”.",
    }


def paragraphs(*texts: str) -> None:
    """Publish the texts that say something as paragraphs; nothing where none does."""
    told = [text for text in texts if text]
    if told:
        say("\n\n".join(told))


def sentences(*texts: str) -> str:
    """Return the sentences that say something as one paragraph."""
    return " ".join(text for text in texts if text)


def lines(texts: Sequence[str]) -> str:
    """Return texts as lines of one cell; where there are several, each is seen to begin."""
    return "\n".join(f"• {text}" for text in texts) if len(texts) > 1 else "".join(texts)
