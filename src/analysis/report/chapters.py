"""The chapters of the appendices: released results as text, tables and figures in Swedish.

Each function publishes one part of an appendix from `Results` and nothing else. An appendix notebook is a
sequence of headings and such calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from analysis.measures.counts import ALL, OUTSIDE_BASE
from analysis.privacy.release import Results
from analysis.report import figures, swedish
from analysis.report.document import as_quote, describe, plain, say, show
from analysis.report.swedish import NO_BREAK_SPACE
from analysis.report.tables import SUPPRESSED, Column, Table, Value
from analysis.survey.instrument import MISSING_KINDS, SYNTHETIC
from analysis.survey.units import KIND_LABELS

DRAFT = "UTKAST"

STATUS_LABELS = {
    "complete": "Fullständigt svar",
    "partial": "Ofullständigt svar",
    "empty": "Tomt svar",
    "none": "Inget svar",
}
STATE_LABELS = {
    "approved": "Godkänt",
    "edited": "Godkänt efter ändring",
    "refused": "Nekat",
    "waiting": "Ej granskat",
}
STATUS_OF_QUESTIONS = {
    "same": "Samma fråga",
    "reworded": "Omformulerad",
    "reversed": "Omvänd skala",
    "new_scale": "Ny svarsskala",
    "dropped": "Borttagen",
    "new": "Ny",
    "undeclared": "Ändrad, ej bedömd",
}
ASPECTS = {
    "result": "resultat",
    "practical_consequence": "praktiska konsekvenser",
    "activity": "aktiviteter",
    "obstacle": "hinder",
    "wish": "önskemål",
}
REVIEW_KINDS = {
    "unit": "Förvaltningens namn",
    "answer": "Svar som inte är ett svarsalternativ",
    "row.too_long": "Rad med för många celler",
    "row.too_short": "Rad med för få celler",
    "row.shifted": "Rad vars svar står i fel kolumner",
    "column": "Kolumn utan beskrivning",
    "duplicate": "Svar som verkar vara inlämnat flera gånger",
    "dates": "Ordningen mellan dag och månad",
    "personal_data": "Möjlig personuppgift",
}
MASKED = {
    "personnummer": "Personnummer",
    "phone": "Telefonnummer",
    "email": "E-postadress",
    "name": "Namn",
}


# --- what everything is about ----------------------------------------------------------------------------------


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
    )


def respondents(results: Results) -> tuple[str, str]:
    """Return what those who answered are called, in singular and plural."""
    return ("förvaltning", "förvaltningar") if _by_units(results) else ("svarande", "svarande")


def _by_units(results: Results) -> bool:
    return bool(results.survey["respondents"] == "units")


def group_labels(results: Results) -> dict[str, str]:
    """Return the label of each group in the counts: everyone, then the kinds of unit."""
    kinds = [g for g in results.tables["counts"]["group"].unique() if g != ALL] if _by_units(results) else []
    return {ALL: "Alla", **{k: KIND_LABELS[k][1].capitalize() for k in kinds}}


def questions(results: Results, section: str) -> list[dict[str, Any]]:
    """Return the questions of a section, in order."""
    return [q for q in results.survey["questions"] if q["section"] == section]


def unit_name(results: Results, unit_id: str, *, short: bool = False) -> str:
    """Return the name of a unit."""
    units = results.tables["units"].set_index("unit_id")
    return str(units.loc[unit_id, "short" if short else "name"])


def _publish(chart: figures.Chart) -> None:
    """Show a chart; “n = 16” stays on one line of its caption."""
    caption = chart.caption.replace("n = ", f"n{NO_BREAK_SPACE}={NO_BREAK_SPACE}")
    show(chart.figure, caption=caption, alt=chart.alt)


# --- summary ---------------------------------------------------------------------------------------------------


def summary(results: Results) -> None:
    """Publish what was asked, of whom, who answered, and the most frequent answer to each scale."""
    survey = results.survey
    asked = len(survey["questions"])
    closed = sum(q["kind"] in ("single", "scale", "multiple") for q in survey["questions"])
    period = survey["period"]
    lines = [
        f"Enkäten omfattar {swedish.plural(asked, 'fråga', 'frågor')}, varav {closed or 'inga'} med fasta "
        f"svarsalternativ, och gäller tiden {swedish.date(period['start'])} till {swedish.date(period['end'])}."
    ]
    lines.append(_response_sentence(results))
    say("\n\n".join(lines))
    found = [line for q in survey["questions"] if q["kind"] == "scale" and (line := _finding(results, q))]
    if found:
        say("I korthet:\n\n" + "\n".join(f"- {line}" for line in found[:8]))


def _response_sentence(results: Results) -> str:
    if not _by_units(results):
        statuses = results.tables["submissions"].set_index("status")["n"]
        n = int(statuses.get("complete", 0) + statuses.get("partial", 0))
        return f"{swedish.plural(n, 'inlämnat svar', 'inlämnade svar').capitalize()} ingår i redovisningen."
    response = results.tables["response"]
    invited = response[response["invited"]]
    answered = invited["status"].isin(["complete", "partial"])
    partial = int((invited["status"] == "partial").sum())
    n, asked = int(answered.sum()), len(invited)
    text = f"{swedish.share(n, asked, 'tillfrågad förvaltning', 'tillfrågade förvaltningar')} har svarat"
    return text + (f", varav {swedish.number(partial)} ofullständigt." if partial else ".")


def _finding(results: Results, question: dict[str, Any]) -> str:
    rows = _rows(results, question["id"], ALL)
    if question["items"] or rows.empty or rows["suppressed"].any():
        return ""
    sentence = _most_frequent(results, question, rows)
    return f"”{plain(question['text'])}” – {sentence[0].lower()}{sentence[1:]}" if sentence else ""


# --- who answered ------------------------------------------------------------------------------------------------


def response(results: Results) -> None:
    """Publish who was asked and how each answered; where people answered, how many."""
    say(_response_sentence(results))
    if not _by_units(results):
        frame = results.tables["submissions"]
        labels = {
            "complete": "Fullständigt svar",
            "partial": "Ofullständigt svar",
            "empty": "Tomt svar",
            "superseded": "Ersatt av ett senare svar",
            "quarantined": "I karantän",
            "left_out": "Utelämnat efter beslut",
        }
        tally: list[list[Value]] = [
            [labels[s], int(n)] for s, n in zip(frame["status"], frame["n"], strict=True)
        ]
        columns = [Column("status", "Inlämnat svar"), Column("n", "Antal", "integer")]
        show(Table("Inlämnade svar efter status", columns, tally))
        return
    frame = results.tables["response"]
    chart = figures.response_chart(frame)
    _publish(chart)
    rows: list[list[Value]] = [
        [
            r.name,
            KIND_LABELS[r.kind][0].capitalize(),
            STATUS_LABELS[r.status],
            r.answered_items,
            r.asked_items,
        ]
        for r in sorted(frame.itertuples(index=False), key=lambda r: (r.kind, swedish.sort_key(r.name)))
    ]
    columns = [
        Column("name", "Förvaltning"),
        Column("kind", "Förvaltningstyp"),
        Column("status", "Svar"),
        Column("answered", "Besvarade frågor", "integer"),
        Column("asked", "Ställda frågor", "integer"),
    ]
    notes = ["”Vet ej” och ”Ej aktuellt” räknas som besvarade frågor."]
    show(Table("Tillfrågade förvaltningar och deras svar", columns, rows, notes=notes))


# --- results of a section ----------------------------------------------------------------------------------------


def main_sections(results: Results) -> list[str]:
    """Return the starting points of the strategy; every topic where the survey has no starting points."""
    found = _sections(results, "starting_point")
    return found or _sections(results, "topic", "background")


def main_heading(results: Results) -> str:
    """Return what the chapter of `main_sections` is called."""
    return "Resultat per utgångspunkt" if _sections(results, "starting_point") else "Resultat"


def other_sections(results: Results) -> list[str]:
    """Return the sections that are neither starting points nor perspectives."""
    found = _sections(results, "background", "topic")
    return [s for s in found if s not in main_sections(results)]


def part(results: Results, heading: str, section_ids: list[str], *, intro: str = "") -> None:
    """Publish several sections under one heading; nothing where there are none."""
    if not section_ids:
        return
    say(f"## {heading}")
    if intro:
        say(intro)
    for section_id in section_ids:
        section(results, section_id)


def perspective_sections(results: Results) -> list[str]:
    """Return the sections on gender equality and child rights."""
    return _sections(results, "perspective")


def _sections(results: Results, *kinds: str) -> list[str]:
    filled = {q["section"] for q in results.survey["questions"]}
    return [s["id"] for s in results.survey["sections"] if s["kind"] in kinds and s["id"] in filled]


def answered_sections(results: Results) -> list[str]:
    """Return every section with questions, in the order of the questionnaire."""
    return _sections(results, "starting_point", "background", "topic", "perspective")


def section(results: Results, section_id: str, *, level: int = 3) -> None:
    """Publish a section: each question with its result in words, as a figure and a table, and its examples."""
    info = next(s for s in results.survey["sections"] if s["id"] == section_id)
    say(f"{'#' * level} {plain(info['title'])}")
    if not info["confirmed"]:
        say("Avsnittets rubrik är ännu inte bekräftad mot källan.")
    for question in questions(results, section_id):
        say(f"{'#' * (level + 1)} {plain(question['text'])}")
        if question["kind"] in ("single", "scale", "multiple"):
            closed_question(results, question)
        elif question["kind"] == "number":
            number_question(results, question)
        elif question["kind"] == "free_text":
            free_text_question(results, question)
        else:
            say(_dates_sentence(results, question))


def _rows(results: Results, question_id: str, group: str | None = None) -> pd.DataFrame:
    """Return a question's counts, without kinds of missing answers that could not occur and did not."""
    counts = results.tables["counts"]
    rows = _readable(results, _occurring(results, counts[counts["question"] == question_id]))
    return rows if group is None else rows[rows["group"] == group]


def _occurring(results: Results, counts: pd.DataFrame) -> pd.DataFrame:
    declared = {(q["id"], value) for q in results.survey["questions"] for value in q["options"]}
    keys = counts[["question", "value"]].apply(tuple, axis=1)
    occurs = (counts["n"] != 0).fillna(True).groupby(keys).transform("any")
    return counts[~counts["value"].str.startswith("_") | keys.isin(declared) | occurs]


def _readable(results: Results, counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts without percentages of so few that they would mislead."""
    few = (counts["base"] < results.survey["smallest_count"]).fillna(True)
    return counts.assign(percent=counts["percent"].mask(few))


def closed_question(results: Results, question: dict[str, Any]) -> None:
    """Publish the result of a closed question: a sentence, a figure and a table."""
    rows = _rows(results, question["id"])
    everyone = rows[rows["group"] == ALL]
    if everyone["base"].fillna(1).eq(0).all():
        say("Ingen har besvarat frågan.")
        return
    intro = _most_frequent(results, question, everyone)
    if intro:
        say(intro)
    chart = _chart(results, question, rows)
    if chart is not None:
        _publish(chart)
    show(
        _grid_table(results, question, everyone)
        if question["items"]
        else _count_table(results, question, rows)
    )


def _chart(results: Results, question: dict[str, Any], rows: pd.DataFrame) -> figures.Chart | None:
    """Return the chart that suits the question, or None where nothing can be drawn."""
    groups = group_labels(results)
    try:
        if question["kind"] == "scale" and not question["items"]:
            return figures.scale_chart_by_group(
                rows, question["id"], list(groups), group_labels=groups, polarity=question["polarity"]
            )
        if question["kind"] == "scale":
            return figures.scale_chart(
                rows, [question["id"]], polarity={question["id"]: question["polarity"]}
            )
        if question["items"]:
            return None
        return figures.choice_chart(rows, question["id"], groups=list(groups), group_labels=groups)
    except figures.NothingToDraw:
        return None


def _most_frequent(results: Results, question: dict[str, Any], everyone: pd.DataFrame) -> str:
    """Return a sentence on the most frequent answers, or nothing where they are not known."""
    one, many = respondents(results)
    smallest = results.survey["smallest_count"]
    if question["kind"] == "multiple":
        answers = everyone[everyone["value"] == "chosen"].assign(label=lambda f: f["item_text"])
    elif question["items"]:
        return ""
    else:
        answers = everyone[~everyone["value"].isin([*OUTSIDE_BASE, "_dont_know"])]
    known = answers.dropna(subset=["n", "base"])
    if known.empty or known["n"].max() == 0:
        return ""
    # A count that is left out is smaller than the threshold only by the primary rule: then nothing is said.
    if answers["n"].isna().any() and known["n"].max() < 2 * smallest:
        return ""
    top = known[known["n"] == known["n"].max()]
    base, n = int(top["base"].iloc[0]), int(top["n"].iloc[0])
    of = swedish.share(n, base, one, many, smallest_total=smallest)
    if n == base > 1:
        of = f"alla {swedish.number(base)} {many}"
    named = swedish.join(f"”{plain(label)}”" for label in top["label"])
    uttered = "uppger" if _by_units(results) else "har angett"
    if len(top) == 1:
        return f"Det vanligaste svaret är {named}, som {of} {uttered}."
    if len(top) > 3:
        return ""
    each = "" if n == base else " vardera"
    return f"De vanligaste svaren är {named}, som {of}{each} {uttered}."


SHORT_GROUPS = {ALL: "Alla", "district": "Stadsdel", "specialist": "Fack"}
"""Groups in the headings of tables, where long words would make the table wide."""


def _count_table(results: Results, question: dict[str, Any], rows: pd.DataFrame) -> Table:
    """Return a question's counts and percentages: one row for each answer, two columns for each group."""
    groups = group_labels(results)
    notes = _base_notes(results, rows, groups)
    if question["kind"] == "multiple":
        rows = rows[(rows["value"] == "chosen")].assign(value=rows["item"], label=rows["item_text"])
    rows = rows[~rows["value"].isin(OUTSIDE_BASE)]
    columns = [Column("label", "Svar")]
    for group in groups:
        of = "" if len(groups) == 1 else f"{SHORT_GROUPS[group]}, "
        columns.append(Column(f"n_{group}", f"{of}antal".capitalize(), "integer"))
        columns.append(Column(f"percent_{group}", f"{of}andel".capitalize(), "percent"))
    by_key = {(r.value, r.group): r for r in rows.itertuples(index=False)}
    body: list[list[Value]] = []
    for value, label in rows.drop_duplicates("value")[["value", "label"]].itertuples(index=False, name=None):
        line: list[Value] = [label]
        for group in groups:
            line += _cells(by_key[value, group])
        body.append(line)
    # A group of few has no percentages at all: then the column says nothing.
    told = [i for i in range(len(columns)) if any(line[i] is not None for line in body)]
    columns, body = [columns[i] for i in told], [[line[i] for i in told] for line in body]
    return Table(question["text"], columns, body, notes=[*_aspect_note(question), *notes])


def _aspect_note(question: dict[str, Any]) -> list[str]:
    """Return what the question is about, as a note."""
    aspect = ASPECTS.get(question["aspect"] or "")
    return [f"Frågan gäller {aspect}."] if aspect else []


def _cells(row: Any) -> list[Value]:
    if row.suppressed:
        return [SUPPRESSED, SUPPRESSED]
    n = int(row.n)
    if pd.isna(row.percent):
        return [n, None]
    return [n, float(row.percent)]


def _base_notes(results: Results, rows: pd.DataFrame, groups: dict[str, str]) -> list[str]:
    """Return what the percentages are of, and how many stand outside."""
    one, many = respondents(results)
    bases = rows.drop_duplicates("group").set_index("group")["base"]
    smallest = results.survey["smallest_count"]
    if len(groups) == 1:
        base = bases[ALL]
        known = f"färre än {smallest}" if pd.isna(base) else swedish.plural(int(base), one, many)
        notes = [f"Andelar av dem som besvarat frågan: {known}.{_with_unknown(rows)}"]
    else:
        parts = [f"{label.lower()} {_number(bases[g])}" for g, label in groups.items()]
        notes = [f"Andelar av de {many} som besvarat frågan: {swedish.join(parts)}.{_with_unknown(rows)}"]
    everyone = rows[(rows["group"] == ALL) & rows["value"].isin(OUTSIDE_BASE)].drop_duplicates("value")
    outside = [
        f"{r.label[0].lower()}{r.label[1:]} {_number(r.n)}"
        for r in everyone.itertuples(index=False)
        if r.n is pd.NA or r.n
    ]
    if outside:
        notes.append(f"Utanför andelarna, bland alla: {swedish.join(outside)}.")
    if bases.lt(smallest).any():
        notes.append(f"Andelar visas inte där färre än {smallest} har svarat.")
    return notes


def _with_unknown(rows: pd.DataFrame) -> str:
    return " ”Vet ej” ingår." if (rows["value"] == "_dont_know").any() else ""


def _decimal(value: float) -> str:
    """Return a number with as many decimals as were given, at most two."""
    decimals = next((d for d in (0, 1) if round(float(value), d) == round(float(value), 2)), 2)
    return swedish.number(float(value), decimals)


def _number(value: Any) -> str:
    return "(visas inte)" if pd.isna(value) else swedish.number(int(value))


def _grid_table(results: Results, question: dict[str, Any], everyone: pd.DataFrame) -> Table:
    """Return the counts of a grid question: one row for each item, one column for each answer."""
    values = everyone.drop_duplicates("value")[["value", "label"]]
    columns = [Column("item", "Delfråga")]
    columns += [Column(v, label, "integer") for v, label in values.itertuples(index=False, name=None)]
    by_key = {(r.item, r.value): r for r in everyone.itertuples(index=False)}
    body: list[list[Value]] = []
    for item, text in question["items"].items():
        line: list[Value] = [text]
        for value in values["value"]:
            row = by_key.get((item, value))
            line.append(0 if row is None else SUPPRESSED if row.suppressed else int(row.n))
        body.append(line)
    return Table(question["text"], columns, body, notes=[*_aspect_note(question), "Antal svar per delfråga."])


def number_question(results: Results, question: dict[str, Any]) -> None:
    """Publish the summary of a number question."""
    numbers = results.tables["numbers"]
    rows = numbers[numbers["question"] == question["id"]]
    if rows.empty or rows["answers"].fillna(1).eq(0).all():
        say("Ingen har besvarat frågan.")
        return
    groups = group_labels(results)
    columns = [Column("group", "Grupp"), Column("answers", "Antal svar", "integer")]
    kept = [("total", "Summa"), ("median", "Median"), ("smallest", "Minsta"), ("largest", "Största")]
    always = "total" if _by_units(results) else "median"  # what people are or have is not worth adding up
    kept = [
        (key, label)
        for key, label in kept
        if key == always or (rows[key].notna().any() and (key != "total" or _by_units(results)))
    ]
    decimals = 0 if (rows[[k for k, _ in kept]].stack() % 1 == 0).all() else 1
    columns += [Column(key, label, "decimal", decimals) for key, label in kept]
    body: list[list[Value]] = []
    for row in rows.itertuples(index=False):
        name = groups[row.group] if not row.item else f"{row.item_text}, {groups[row.group].lower()}"
        values: list[Value] = [None if pd.isna(v := getattr(row, key)) else float(v) for key, _ in kept]
        if row.suppressed:
            values = [SUPPRESSED] * len(kept)
        body.append([name, SUPPRESSED if row.suppressed else int(row.answers), *values])
    notes = ["Talen avser personer; små antal visas inte."] if question["about"] == "people" else []
    show(Table(question["text"], columns, body, notes=[*_aspect_note(question), *notes]))


def _dates_sentence(results: Results, question: dict[str, Any]) -> str:
    if "unit_answers" not in results.tables:
        return "Frågan besvaras med ett datum och redovisas inte i antal."
    given = results.tables["unit_answers"].query("question == @question['id'] and value == 'answered'")[
        "label"
    ]
    if given.empty:
        return "Ingen har angett ett datum."
    one, many = respondents(results)
    first, last = given.min(), given.max()
    count = swedish.plural(len(given), one, many).capitalize()
    if first == last:
        return f"{count} har angett ett datum: {swedish.date(first)}."
    return f"{count} har angett ett datum, det tidigaste {swedish.date(first)} och det senaste {swedish.date(last)}."


def free_text_question(results: Results, question: dict[str, Any]) -> None:
    """Publish how many answered in their own words, and the approved examples."""
    states = results.tables["quote_states"]
    states = states[states["question"] == question["id"]]
    counted = states[["approved", "edited", "refused", "waiting"]].sum()
    n, shown = int(counted.sum()), int(counted["approved"] + counted["edited"])
    if not n:
        few = swedish.number(results.survey["smallest_count"])
        say(
            "Ingen har besvarat frågan."
            if _by_units(results)
            else f"Ingen, eller färre än {few}, har besvarat frågan."
        )
        return
    text = f"{swedish.plural(n, 'svar har', 'svar har').capitalize()} lämnats i fritext."
    if not shown:
        say(f"{text} Inget av dem är ännu godkänt som exempel.")
        return
    say(
        f"{text} {swedish.plural(shown, 'svar är godkänt', 'svar är godkända').capitalize()} som belysande exempel:"
    )
    quotes = results.tables["quotes"]
    for quote in quotes[quotes["question"] == question["id"]].itertuples(index=False):
        source = unit_name(results, quote.unit_id) if quote.unit_id else ""
        say(as_quote(quote.quote, source + (" (redigerat)" if quote.state == "edited" else "")))


# --- over all questions ------------------------------------------------------------------------------------------


def themes(results: Results) -> None:
    """Publish in how many units' free text each theme is suggested."""
    if "themes" not in results.tables:
        return
    say("## Teman i fritextsvaren")
    frame = results.tables["themes"]
    everyone = frame[frame["group"] == ALL]
    if everyone["units"].sum() == 0:
        say("Inga teman har föreslagits.")
        return
    say(
        "Temana är maskinella förslag efter ord i fritextsvaren. De är inte kodade av en person. När förslagen "
        "prövades mot påhittade svar stämde ungefär hälften av dem, och ungefär sex av tio teman hittades. De ska "
        "därför läsas som en första överblick, inte som ett resultat."
    )
    groups = group_labels(results)
    chart = figures.theme_chart(everyone, group_labels=groups)
    _publish(chart)
    show(_theme_table(results, frame, "Förvaltningar vars fritextsvar nämner ett tema (maskinella förslag)"))


def _theme_table(results: Results, frame: pd.DataFrame, caption: str) -> Table:
    groups = group_labels(results)
    by_key = {(r.theme, r.group): int(r.units) for r in frame.itertuples(index=False)}
    labels = frame.drop_duplicates("theme").set_index("theme")["label"]
    order = sorted(labels.index, key=lambda t: (-by_key[t, ALL], swedish.sort_key(labels[t])))
    bases = frame.drop_duplicates("group").set_index("group")["base_units"]
    columns = [
        Column("theme", "Tema"),
        *(Column(g, f"{label}, antal", "integer") for g, label in groups.items()),
    ]
    rows: list[list[Value]] = [[labels[t], *(by_key[t, g] for g in groups)] for t in order]
    parts = [f"{label.lower()} {swedish.number(int(bases[g]))}" for g, label in groups.items()]
    return Table(
        caption, columns, rows, notes=[f"Förvaltningar som lämnat fritextsvar: {swedish.join(parts)}."]
    )


PERSPECTIVES = {"jamstalldhet": "Jämställdhet", "delaktighet": "Barns delaktighet"}
"""Themes that are looked for in all open questions, and what the chapter calls them."""


def perspectives(results: Results) -> None:
    """Publish in which sections each perspective is suggested: a crossing view over all open questions."""
    if "theme_sections" not in results.tables:
        return
    say("## Jämställdhet och barnrätt i alla fritextsvar")
    frame = results.tables["theme_sections"]
    titles = {s["id"]: s["title"] for s in results.survey["sections"]}
    for theme, label in PERSPECTIVES.items():
        rows = frame[(frame["theme"] == theme) & (frame["group"] == ALL)]
        body: list[list[Value]] = [
            [titles[r.section], int(r.units), int(r.base_units)] for r in rows.itertuples(index=False)
        ]
        columns = [
            Column("section", "Avsnitt"),
            Column("units", "Förvaltningar som nämner temat", "integer"),
            Column("base", "Förvaltningar med fritextsvar", "integer"),
        ]
        notes = ["Maskinella förslag efter ord i fritextsvaren; inte kodade av en person."]
        show(Table(f"{label} i fritextsvaren, per avsnitt", columns, body, notes=notes))


def units_without_quotes(results: Results) -> None:
    """Publish which units have no approved example."""
    if not _by_units(results):
        return
    say("## Belysande exempel")
    states = results.tables["quote_states"]
    approved = states[(states["approved"] + states["edited"]) > 0]["unit_id"]
    answered = results.tables["response"].query("status in ['complete', 'partial']")["unit_id"]
    without = sorted((unit_name(results, u) for u in set(answered) - set(approved)), key=swedish.sort_key)
    if not without:
        say("Alla förvaltningar som har svarat har minst ett godkänt exempel.")
        return
    say(
        f"{swedish.share(len(without), len(answered), 'förvaltning', 'förvaltningar')} som har svarat har ännu inget "
        f"godkänt exempel: {swedish.join(plain(name) for name in without)}."
    )


# --- quality -----------------------------------------------------------------------------------------------------


def missing(results: Results) -> None:
    """Publish what is missing before the appendices can be final."""
    lines = results.survey["missing"]
    if not lines:
        say("Inget återstår: underlaget är bekräftat, granskat och godkänt.")
        return
    say("Innan bilagorna kan bli slutliga återstår:\n\n" + "\n".join(f"- {plain(line)}" for line in lines))


def method(results: Results) -> None:
    """Publish what kind of survey it is, who was asked and by which rules the answers are counted."""
    survey = results.survey
    period = survey["period"]
    who = (
        "Enkäten är en totalundersökning: alla berörda förvaltningar tillfrågas. Därför finns inget urvalsfel, och "
        "inga signifikanstest eller felmarginaler redovisas."
        if _by_units(results)
        else "Enkäten har besvarats av personer. Hur de har valts ut framgår inte av underlaget, och resultaten gäller "
        "bara dem som har svarat."
    )
    say(
        f"{who}\n\nFrågorna gäller tiden {swedish.date(period['start'])} till {swedish.date(period['end'])}. "
        f"{_replaced(results)}Vad de svarande uppger återges som deras uppfattning, inte som bevisade effekter."
    )


def _replaced(results: Results) -> str:
    """Return what holds where the same unit answered more than once, and how often that was."""
    status = results.tables["submissions"].set_index("status")["n"]
    n = int(status.get("superseded", 0))
    rule = (
        "Om en förvaltning har lämnat flera svar gäller det senaste fullständiga. "
        if _by_units(results)
        else ""
    )
    if not n:
        return rule
    were = swedish.plural(n, "inlämnat svar har ersatts", "inlämnade svar har ersatts").capitalize()
    return f"{rule}{were} av ett senare. "


def definitions(results: Results) -> None:
    """Publish the words and signs that the appendices use."""
    smallest = results.survey["smallest_count"]
    rows: list[list[Value]] = [
        ["Objektsbortfall", "En tillfrågad har inte svarat alls."],
        ["Partiellt bortfall", "En svarande har lämnat en fråga utan svar."],
        ["Bas", "De som besvarat frågan. ”Vet ej” ingår; ”Ej aktuellt” och annat bortfall ingår inte."],
        ["Vet ej", "Den svarande har angett att svaret inte är känt."],
        ["Ej aktuellt", "Frågan gäller inte den svarande."],
        ["Under granskning", "Svaret väntar på en persons beslut och ingår inte i basen."],
        [
            "Små antal",
            f"Antal personer under {smallest} visas inte, och inte heller det som skulle avslöja dem.",
        ],
        ["–", "Inget att redovisa: noll."],
        ["..", "Uppgift finns inte eller visas inte."],
    ]
    show(Table("Begrepp och tecken", [Column("word", "Begrepp"), Column("meaning", "Betydelse")], rows))


def cleaning(results: Results) -> None:
    """Publish what became of every cell of the export, and by which rules."""
    numbers = results.tables["accounting"].set_index("name")["n"]
    rows: list[list[Value]] = [
        ["Ifyllda celler i exporten", int(numbers["raw_cells"])],
        ["varav kvar i svaren", int(numbers["answers_cells"])],
        ["varav redovisade i ändringsloggen", int(numbers["ledger_cells"])],
        ["varav oredovisade", int(numbers["unaccounted"])],
    ]
    columns = [Column("what", "Celler"), Column("n", "Antal", "integer")]
    show(Table("Alla ifyllda celler i exporten är redovisade", columns, rows))
    rules = results.tables["ledger_rules"]
    body: list[list[Value]] = [
        [_rule_label(r.rule), FATE_LABELS[r.fate], int(r.n)] for r in rules.itertuples(index=False)
    ]
    if body:
        columns = [Column("rule", "Regel"), Column("fate", "Vad som hänt"), Column("n", "Celler", "integer")]
        show(Table("Ändringsloggen per regel", columns, body))


FATE_LABELS = {
    "kept": "Kvar, ändrad",
    "dropped": "Utelämnad",
    "merged": "Flyttad",
    "quarantined": "I karantän",
    "superseded": "Ersatt",
}
RULE_LABELS = {
    "cell.blank": "Cell med bara blanktecken",
    "row.too_long": "Rad med för många celler",
    "row.too_short": "Rad med för få celler",
    "row.shifted": "Förskjuten rad",
    "row.repeated_header": "Upprepad rubrikrad",
    "column.id": "Svarets nummer",
    "column.started": "Tid då svaret påbörjades",
    "column.submitted": "Tid då svaret lämnades",
    "column.technical": "Teknisk kolumn",
    "column.personal": "Kolumn med personuppgifter",
    "column.unused": "Kolumn som inte används",
    "column.undescribed": "Kolumn utan beskrivning",
    "duplicates.latest_complete": "Senaste fullständiga svaret gäller",
    "unit.alias": "Annan skrivning av förvaltningens namn",
    "answer.folded": "Skiftläge, blanktecken och liknande i ett svar",
    "answer.missing": "Kod eller ord som betyder att svar saknas",
    "answer.reversed": "Omvänd kodning av en rad i en skala",
    "answer.date_order": "Ordningen dag och månad given av de andra datumen",
    "answer.partly_read": "Svar där en del väntar på beslut",
    "decision": "Beslut av en person",
}


def _rule_label(rule: str) -> str:
    if rule in RULE_LABELS:
        return RULE_LABELS[rule]
    head, _, rest = rule.partition(".")
    if head != "personal_data":
        raise ValueError(f"the rule {rule!r} has no Swedish label: add it to RULE_LABELS")
    kind, _, uncertain = rest.partition(".")
    return f"{MASKED[kind]} maskerat i fritext" + (", osäkert" if uncertain else "")


def review(results: Results) -> None:
    """Publish how many questions of interpretation wait for a person, and how many are decided."""
    frame = results.tables["review_counts"]
    if frame.empty:
        say("Inget väntar på en persons beslut.")
        return
    rows: list[list[Value]] = [[REVIEW_KINDS[r.kind], int(r.open)] for r in frame.itertuples(index=False)]
    columns = [Column("kind", "Vad frågan gäller"), Column("open", "Väntar på beslut", "integer")]
    notes = ["Det som väntar på beslut ingår inte i några andelar."]
    show(Table("Frågor som väntar på en persons beslut", columns, rows, notes=notes))


def item_nonresponse(results: Results) -> None:
    """Publish the missing answers of each question, by kind of missing."""
    frame = results.tables["item_nonresponse"]
    if frame.empty:
        say("Partiellt bortfall redovisas inte: antalen är för små.")
        return
    kinds = [k for k in MISSING_KINDS if (frame[k].fillna(1) > 0).any()]
    columns = [Column("question", "Fråga"), Column("answered", "Svar i sak", "integer")]
    columns += [Column(k, MISSING_KINDS[k], "integer") for k in kinds]
    rows: list[list[Value]] = []
    for r in frame.to_dict("records"):
        text = r["question_text"] + (f" – {r['item_text']}" if r["item_text"] else "")
        rows.append([text, *(SUPPRESSED if pd.isna(r[k]) else int(r[k]) for k in ("answered", *kinds))])
    n = int(frame["submissions"].iloc[0])
    notes = [f"Av {swedish.plural(n, 'inlämnat svar', 'inlämnade svar')} som ingår i redovisningen."]
    show(Table("Partiellt bortfall per fråga", columns, rows, notes=notes))


KIND_OF_QUESTION = {
    "single": "Ett svar",
    "scale": "Skala",
    "multiple": "Flera svar",
    "number": "Tal",
    "date": "Datum",
    "free_text": "Fritext",
}


def codebook(results: Results) -> None:
    """Publish every question of each section: its kind, its answers and missing answers, and what was changed."""
    frame = results.tables["codebook"]
    columns = [
        Column("question", "Fråga"),
        Column("kind", "Frågetyp"),
        Column("answers", "Svar i sak och antal"),
        Column("missing", "Inget svar i sak och antal"),
        Column("changes", "Ändringar", "integer"),
    ]
    for section in results.survey["sections"]:
        of_section = frame[frame["section"] == section["id"]]
        # The options of a multiple-choice question are its items, but belong in one row.
        items = of_section["item"].mask(of_section["kind"] == "multiple", "")
        rows = [
            _codebook_row(results, part)
            for _, part in of_section.groupby([of_section["question"], items], sort=False)
        ]
        if rows:
            show(Table(f"Kodbok: {section['title']}", columns, rows))


def _codebook_row(results: Results, part: pd.DataFrame) -> list[Value]:
    """Return the row of a question, or of one item of a grid."""
    first = part.iloc[0]
    multiple = first["kind"] == "multiple"
    text = first["question_text"]
    if first["item_text"] and not multiple:
        text += f" – {first['item_text']}"
    why = part["value"].isin(list(MISSING_KINDS))
    labels = part["item_text"].where(multiple & ~why, part["label"])
    counted = part.assign(label=labels)
    answers = counted[~why & (part["value"] != "not_chosen")]
    changes = SUPPRESSED if pd.isna(first["changes"]) else int(first["changes"])
    kind = KIND_OF_QUESTION[first["kind"]]
    return [
        text,
        kind,
        _lines(map(_counted, answers.itertuples())),
        _why_missing(results, counted[why]),
        changes,
    ]


def _why_missing(results: Results, missing: pd.DataFrame) -> str:
    """Return how many have which kind of missing answer, without kinds that could not occur and did not."""
    if missing["suppressed"].all():  # also where there are none: then they are not released
        return f"Antalen {HIDDEN_COUNT}"
    declared = {(q["id"], value) for q in results.survey["questions"] for value in q["options"]}
    told = [
        _counted(row)
        for row in missing.itertuples()
        if row.suppressed or row.n or (row.question, row.value) in declared
    ]
    return _lines(told) or "Inget"


HIDDEN_COUNT = f"visas{NO_BREAK_SPACE}inte"
"""What stands for a count of people that is left out."""


def _counted(row: Any) -> str:
    """Return an answer with its count; of numbers also between which they lie, where that is released."""
    n = HIDDEN_COUNT if row.suppressed else swedish.number(int(row.n))
    between = (
        f"\nFrån {_decimal(row.smallest)} till {_decimal(row.largest)}" if pd.notna(row.smallest) else ""
    )
    return f"{row.label}:{NO_BREAK_SPACE}{n}{between}"


def _lines(parts: Iterable[str]) -> str:
    """Return parts as lines of one cell; where there are several, each is seen to begin."""
    lines = list(parts)
    return "\n".join(f"• {line}" for line in lines) if len(lines) > 1 else "".join(lines)


def suppression(results: Results) -> None:
    """Publish which rule each released table has passed, and how much was left out."""
    rules = dict(RELEASE_RULES)
    if _by_units(results):
        say("Förvaltningar namnges med avsikt.")
    else:
        rules["organisations"] = "Små antal personer visas inte"
    rows: list[list[Value]] = [
        [label["caption"], rules[label["rule"].split(":")[0]], label["rows"], label["suppressed"]]
        for label in results.catalogue.values()
    ]
    columns = [
        Column("table", "Underlag"),
        Column("rule", "Regel för utlämnande"),
        Column("rows", "Rader", "integer"),
        Column("suppressed", "Utelämnade värden", "integer"),
    ]
    show(Table("Underlag som har passerat utlämnandet", columns, rows))


RELEASE_RULES = {
    "organisations": "Förvaltningars svar visas; små antal personer visas inte",
    "free text": "Bara text som en person har godkänt",
    "tally": "Antal celler och texter, inga svar",
    "description": "Beskriver enkäten, inga svar",
}


# --- years -------------------------------------------------------------------------------------------------------


def crosswalk(results: Results) -> None:
    """Publish how the year's questions relate to those of earlier years."""
    frame = results.tables["crosswalk"]
    earlier = sorted(frame["earlier_year"].unique(), reverse=True)
    columns = [Column("question", "Fråga"), *(Column(str(y), f"Jämfört med {y}") for y in earlier)]
    rows: list[list[Value]] = []
    asked = {q["id"] for q in results.survey["questions"]}  # without the question which unit answers
    current = frame[frame["question"].isin(asked)]
    for _, group in current.groupby("question", sort=False):
        status = group.set_index("earlier_year")["status"]
        rows.append([group["question_text"].iloc[0], *(STATUS_OF_QUESTIONS[status[y]] for y in earlier)])
    gone = frame[frame["question"] == ""]
    for text, group in gone.groupby("question_text", sort=False):
        years = set(group["earlier_year"])
        rows.append([str(text), *("Borttagen" if y in years else "Fanns inte" for y in earlier)])
    notes = ["Bara samma fråga med samma svarsalternativ jämförs över åren."]
    show(Table("Frågorna över åren", columns, rows, notes=notes))


def comparison(results: Results) -> None:
    """Publish each question that is the same in several years."""
    frame = _readable(results, _occurring(results, results.tables["comparison"]))
    frame = frame[frame["group"] == ALL]
    for question in results.survey["questions"]:
        rows = frame[frame["question"] == question["id"]]
        if rows.empty:
            continue
        say(f"### {plain(question['text'])}")
        _compare_question(results, question, rows)


def _compare_question(results: Results, question: dict[str, Any], rows: pd.DataFrame) -> None:
    rows = rows[~rows["value"].isin(OUTSIDE_BASE)]
    if question["kind"] == "multiple":
        rows = rows[rows["value"] == "chosen"].assign(
            label=lambda f: f["item_text"], value=lambda f: f["item"]
        )
        order = {option: i for i, option in enumerate(question["options"])}
        rows = rows.sort_values("value", key=lambda values: values.map(order), kind="stable")
    elif question["items"]:
        label = rows["item_text"].str.cat(rows["label"], sep=": ")
        rows = rows.assign(label=label, value=rows["item"].str.cat(rows["value"], sep=":"))
    years = sorted(rows["year"].unique())
    bases = rows.drop_duplicates("year").set_index("year")["base"]
    answered = swedish.join(f"{_number(bases[y])} år {y}" for y in years)
    caption = f"{question['text']} Andel av de svarande ({answered})"
    try:
        chart = figures.years_chart(rows, caption=caption, sort=question["kind"] == "multiple")
    except figures.NothingToDraw:
        pass  # every number is left out: the table says so
    else:
        _publish(chart)
    columns = [Column("label", "Svar")]
    for year in years:
        columns += [
            Column(f"n{year}", f"{year}, antal", "integer"),
            Column(f"p{year}", f"{year}, andel", "percent"),
        ]
    by_key = {(r.value, r.year): r for r in rows.itertuples(index=False)}
    body: list[list[Value]] = []
    for value, label in rows.drop_duplicates("value")[["value", "label"]].itertuples(index=False, name=None):
        line: list[Value] = [label]
        for year in years:
            row = by_key.get((value, year))
            line += [None, None] if row is None else _cells(row)
        body.append(line)
    notes = [f"Antal {respondents(results)[1]} som besvarat frågan: {answered}.{_with_unknown(rows)}"]
    show(Table(question["text"], columns, body, notes=[*_aspect_note(question), *notes]))


def geography(results: Results) -> None:
    """Publish which units of earlier years belong to which of today's."""
    frame = results.tables["geography"]
    merged = frame[frame["unit_id"] != frame["newest_unit_id"]]
    if merged.empty:
        say("Samma förvaltningar har tillfrågats alla år.")
        return
    pairs = merged.drop_duplicates(["unit_id", "newest_unit_id"])
    rows: list[list[Value]] = [
        [unit_name(results, r.unit_id), unit_name(results, r.newest_unit_id)]
        for r in pairs.itertuples(index=False)
    ]
    columns = [Column("old", "Tidigare förvaltning"), Column("new", "Redovisas som")]
    notes = ["Tidigare förvaltningars svar läggs samman; de delas aldrig upp."]
    show(Table("Sammanslagna förvaltningar", columns, rows, notes=notes))


# --- one administration ------------------------------------------------------------------------------------------


def unit_response(results: Results, unit_id: str) -> None:
    """Publish whether and how fully a unit answered."""
    row = results.tables["response"].set_index("unit_id").loc[unit_id]
    kind = KIND_LABELS[row["kind"]][0]
    text = {
        "complete": "har lämnat ett fullständigt svar",
        "partial": "har lämnat ett ofullständigt svar",
        "empty": "har lämnat in enkäten utan svar",
        "none": "har inte besvarat enkäten",
    }[row["status"]]
    line = f"{plain(row['name'])} är en {kind} och {text}."
    if row["status"] in ("complete", "partial"):
        asked = int(row["asked_items"])
        line += f" {swedish.share(int(row['answered_items']), asked, 'fråga', 'frågor')} är besvarade."
    say(line)


def unit_section(results: Results, unit_id: str, section_id: str) -> None:
    """Publish a unit's own answers of a section beside those of its kind and of all, and its quotes."""
    info = next(s for s in results.survey["sections"] if s["id"] == section_id)
    say(f"## {plain(info['title'])}")
    kind = str(results.tables["response"].set_index("unit_id").loc[unit_id, "kind"])
    own = results.tables["unit_answers"]
    own = own[(own["unit_id"] == unit_id) & (own["section"] == section_id)]
    rows: list[list[Value]] = []
    for question in questions(results, section_id):
        answers = own[own["question"] == question["id"]]
        for answer in answers.itertuples(index=False):
            rows.append([question["text"], *_own_answer(results, question, answer, kind)])
    if rows:
        columns = [
            Column("question", "Fråga"),
            Column("answer", "Förvaltningens svar"),
            Column("kind", f"Samma svar bland {KIND_LABELS[kind][1]}"),
            Column("all", "Samma svar bland alla"),
        ]
        show(Table(f"Förvaltningens svar: {info['title'].lower()}", columns, rows))
    for question in questions(results, section_id):
        if question["kind"] == "free_text":
            _unit_quotes(results, unit_id, question)


def _own_answer(results: Results, question: dict[str, Any], answer: Any, kind: str) -> list[Value]:
    if question["kind"] in ("number", "date"):
        if answer.suppressed:
            return ["..", "", ""]
        return [answer.label or _decimal(answer.number), "", ""]
    rows = _rows(results, question["id"])
    if question["kind"] == "multiple" and not answer.value.startswith("_"):
        rows = rows[(rows["item"] == answer.value) & (rows["value"] == "chosen")]
    else:
        rows = (
            rows[(rows["item"] == answer.item) & (rows["value"] == answer.value)]
            if answer.item
            else rows[rows["value"] == answer.value].drop_duplicates("group")
        )
    by_group = rows.set_index("group")
    label = (
        answer.label
        if not answer.item or question["kind"] == "multiple"
        else f"{question['items'][answer.item]}: {answer.label}"
    )
    return [label, *(_of_base(by_group, group) for group in (kind, ALL))]


def _of_base(by_group: pd.DataFrame, group: str) -> str:
    row = by_group.loc[group]
    if row["suppressed"] or pd.isna(row["n"]):
        return ".."
    if row["value"] in OUTSIDE_BASE:
        return swedish.number(int(row["n"]))
    return f"{swedish.number(int(row['n']))} av {swedish.number(int(row['base']))}"


def _unit_quotes(results: Results, unit_id: str, question: dict[str, Any]) -> None:
    states = results.tables["quote_states"]
    state = states[(states["unit_id"] == unit_id) & (states["question"] == question["id"])]
    say(f"### {plain(question['text'])}")
    if state.empty:
        say("Förvaltningen har inte besvarat frågan.")
        return
    counted = state.iloc[0]
    said = [STATE_LABELS[s] for s in STATE_LABELS if int(counted[s])]
    quotes = results.tables["quotes"]
    quotes = quotes[(quotes["unit_id"] == unit_id) & (quotes["question"] == question["id"])]
    if quotes.empty:
        say(f"Förvaltningen har svarat. Svaret visas inte. Granskning: {said[0].lower()}.")
    for quote in quotes.itertuples(index=False):
        say(as_quote(quote.quote, "Redigerat" if quote.state == "edited" else ""))


def unit_history(results: Results, unit_id: str) -> None:
    """Publish what the unit, or those it took over from, said in earlier years to the same questions."""
    if "unit_history" not in results.tables:
        return
    frame = results.tables["unit_history"]
    own = frame[frame["newest_unit_id"] == unit_id]
    if own.empty:
        return
    say("## Svar tidigare år")
    texts = {q["id"]: q["text"] for q in results.survey["questions"]}
    years = sorted(own["year"].unique())
    rows: list[list[Value]] = []
    for question, answers in own.groupby("question", sort=False):
        said = {y: _said(results, unit_id, answers[answers["year"] == y]) for y in years}
        rows.append([texts[question], *(said[y] for y in years)])
    columns = [Column("question", "Fråga"), *(Column(str(y), f"Svar {y}") for y in years)]
    notes = ["Där flera förvaltningar har gått samman står vem som svarade vad."]
    merged = set(own["unit_id"]) != {unit_id}
    show(Table("Svar på samma frågor tidigare år", columns, rows, notes=notes if merged else ()))


def _said(results: Results, unit_id: str, answers: pd.DataFrame) -> str:
    """Return what was answered in one year; with the name of who answered, where that was another unit."""
    lines = []
    for r in answers.itertuples(index=False):
        said = r.label if pd.isna(r.number) else _decimal(r.number)
        lines.append(said if r.unit_id == unit_id else f"{unit_name(results, r.unit_id, short=True)}: {said}")
    return ". ".join(lines) or "uppgift saknas"
