"""Appendix 1: what was answered, in words, figures, tables and examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis.measures.counts import ALL, OUTSIDE_BASE
from analysis.privacy.release import Results
from analysis.report import figures, swedish
from analysis.report.chapters.findings import MOST_SECTIONS, Finding, find_findings
from analysis.report.chapters.parts import STATUS_LABELS, paragraphs, publish_chart, sentences, word
from analysis.report.chapters.reading import (
    ANSWERED,
    CLOSED,
    SHORT_GROUPS,
    Part,
    Question,
    all_sections,
    by_units,
    decimals_of,
    ends,
    group_labels,
    included,
    invited,
    main_sections,
    nobody_answered,
    other_sections,
    parts,
    perspective_sections,
    questions,
    respondents,
    rows_of,
    section_of,
    smallest_count,
    sorted_units,
    steps,
    submissions,
    unit_name,
    unsure,
)
from analysis.report.chapters.wording import (
    answer_phrase,
    beside,
    count_of,
    counted,
    key_of,
    known,
    number_of,
    predicate,
    quantified,
    quoted,
    sentence_list,
    share_of,
    table_link,
)
from analysis.report.document import as_quote, plain, say, show
from analysis.report.tables import SUPPRESSED, Column, Table, Value
from analysis.survey.units import KIND_LABELS

# --- summary -------------------------------------------------------------------------------------------------------


def summary(results: Results) -> None:
    """Publish what was asked, of whom, who answered, and the results that `find_findings` chooses."""
    paragraphs(sentences(_asked_sentence(results), response_sentence(results)))
    found = find_findings(results)
    if not found:
        return
    say("Resultaten i korthet:\n\n" + sentence_list([finding_sentence(results, f) for f in found]))
    say(_rule_sentence(results, found))


def _asked_sentence(results: Results) -> str:
    survey = results.survey
    asked = len(survey["questions"])
    closed = sum(q["kind"] in CLOSED for q in survey["questions"])
    period = survey["period"]
    of_which = (
        ""
        if asked == 1
        else ", alla"
        if closed == asked
        else f", varav {swedish.number_word(closed) if closed else 'inga'}"
    )
    told = f"{of_which} med fasta svarsalternativ," if of_which else ""
    return (
        f"Enkäten omfattar {number_of(asked, 'fråga', 'frågor')}{told} och gäller perioden "
        f"{swedish.date(period['start'])} till {swedish.date(period['end'])}."
    )


def response_sentence(results: Results) -> str:
    """Return how many were asked and how many of them answered; of people how many answers there are."""
    if not by_units(results):
        n = included(results)
        if not n:
            return "Inga svar har lämnats in."
        return f"{counted(n, 'inlämnat svar', 'inlämnade svar', neuter=True)} ingår i redovisningen."
    asked = invited(results)
    n = int(asked["status"].isin(ANSWERED).sum())
    partial = int((asked["status"] == "partial").sum())
    if asked.empty:
        return "Ingen förvaltning har tillfrågats."
    noun = "tillfrågad förvaltning", "tillfrågade förvaltningar"
    if n == len(asked) > 1:
        text = f"Alla {swedish.number_word(n)} {noun[1]} har svarat"
    else:
        text = f"{swedish.share(n, len(asked), *noun, smallest_total=smallest_count(results))} har svarat"
    return text + (f", varav {swedish.number_word(partial)} ofullständigt." if partial else ".")


def finding_sentence(results: Results, finding: Finding) -> str:
    """Return a finding as a sentence with its counts and a link to its table."""
    part = finding.part
    start = swedish.sentence(f"{share_of(results, part)} {predicate(part)}")
    if finding.ties:
        start += f"; lika många svarar {_tied(finding.ties)}"
    if finding.why == "kinds":
        start += f": {beside(finding.beside)}"
    elif finding.why == "years":
        start += f", jämfört med {count_of(results, finding.beside[0])} år {finding.year}"
    return f"{start} ({table_link(part.question)})."


def _tied(ties: Sequence[Part]) -> str:
    """Return parts that are as large as the one told first: ”I viss grad”, or ”A” respektive ”B”."""
    return swedish.join(
        [swedish.join([quoted(label) for label in part.labels], part.word) for part in ties], "respektive"
    )


_REASONS = {
    "scale": "{sections} den del av en skala (övre änden, nedre änden eller mitten) som har den största andelen svar",
    "answer": "för avsnitt utan skalfrågor det svar som har den största andelen",
    "option": "bland frågor som kan ha flera svar det alternativ som har den största andelen",
    "kinds": "den största skillnaden mellan förvaltningstyper",
    "years": "den största förändringen sedan året före",
    "next": "de svar som därefter har den största andelen",
}


def _rule_sentence(results: Results, found: Sequence[Finding]) -> str:
    """Return how the findings have been chosen: the rules that have given one."""
    main = main_sections(results)
    starting = section_of(results, main[0])["kind"] == "starting_point"
    word = "utgångspunkt" if starting else "avsnitt"
    of = f"för varje {word}"
    if len(main) > MOST_SECTIONS:
        several = "utgångspunkterna" if starting else "avsnitten"
        of = f"för var och en av de {swedish.number_word(MOST_SECTIONS)} första {several}"
    reasons = {f.why for f in found}
    used = [
        text.format(sections=f"{of} och för övriga avsnitt tillsammans")
        for why, text in _REASONS.items()
        if why in reasons
    ]
    if len(used) == 1:
        return f"Resultaten har valts ut enligt en fast regel: {used[0]}."
    return (
        f"Resultaten har valts ut enligt en fast regel, i denna ordning:\n\n{sentence_list(used)}\n\nVarje fråga nämns "
        "bara en gång. Är flera svar på samma fråga lika vanliga nämns de tillsammans. Är andelen lika stor på flera "
        "frågor väljs den som står först i enkäten."
    )


# --- who answered --------------------------------------------------------------------------------------------------

SUBMISSION_LABELS = {
    **STATUS_LABELS,
    "superseded": "Ersatt av ett senare svar",
    "quarantined": "I karantän",
    "left_out": "Utelämnat efter beslut",
}


def response(results: Results) -> None:
    """Publish who was asked and how each answered; where people answered, how many."""
    if not by_units(results):
        _people_response(results)
        return
    asked = invited(results)
    paragraphs(sentences(sent_to(asked), response_sentence(results), silent_sentence(asked)))
    if asked.empty:
        return
    if "unit_sections" in results.tables:
        _unit_map(results)
    else:
        publish_chart(results, figures.response_chart, asked, key="svar")
    rows: list[list[Value]] = [
        [
            r.name,
            KIND_LABELS[r.kind][0].capitalize(),
            STATUS_LABELS[r.status],
            r.answered_items,
            r.asked_items,
        ]
        for r in sorted_units(results.tables["response"])
    ]
    columns = [
        Column("name", "Förvaltning"),
        Column("kind", "Förvaltningstyp"),
        Column("status", "Svar"),
        Column("answered", "Ifyllda frågor", "integer"),
        Column("asked", "Ställda frågor", "integer"),
    ]
    notes = [FILLED_IN]
    show(Table("Tillfrågade förvaltningar och deras svar", columns, rows, notes=notes, key="svar"))


FILLED_IN = "”Vet ej”, ”Ej aktuellt” och svar under granskning räknas som ifyllda frågor."
"""What counts as filled in; what counts as answered is the base."""


def sent_to(asked: pd.DataFrame) -> str:
    """Return how many units of each kind were asked."""
    if asked.empty:
        return ""
    of_kinds = [(KIND_LABELS[k], int((asked["kind"] == k).sum())) for k in KIND_LABELS]
    named = [f"{swedish.number_word(n)} {words[n != 1]}" for words, n in of_kinds if n]
    return f"Enkäten har skickats till {swedish.join(named)}."


def silent_sentence(asked: pd.DataFrame) -> str:
    """Return which of the units that were asked have not answered."""
    names = sorted(asked[~asked["status"].isin(ANSWERED)]["name"], key=swedish.sort_key)
    return f"{swedish.join(plain(name) for name in names)} har inte svarat." if names else ""


def _unit_map(results: Results) -> None:
    """Publish how much of each section every unit answered."""
    cells = results.tables["unit_sections"]
    units = results.tables["response"].set_index("unit_id")
    titles = {s["id"]: s["title"] for s in results.survey["sections"]}
    frame = cells.assign(
        unit=[unit_name(results, u, short=True) for u in cells["unit_id"]],
        kind=[KIND_LABELS[units.loc[u, "kind"]][1].capitalize() for u in cells["unit_id"]],
        section=cells["section"].map(titles),
    )
    caption = "Ifyllda frågor per förvaltning och avsnitt"
    publish_chart(results, figures.unit_map, frame.drop(columns="unit_id"), caption=caption, key="avsnitt")
    named = list(dict.fromkeys(frame["section"]))
    columns = [Column("unit", "Förvaltning")]
    columns += [Column(f"a{i}", f"A{i}", "integer") for i in range(1, len(named) + 1)]
    body: list[list[Value]] = [
        [str(unit), *map(int, part["answered"])] for unit, part in frame.groupby("unit", sort=False)
    ]
    asked = frame.groupby("section")["asked"].max()
    of = [
        f"A{i} {title} ({number_of(int(asked[title]), 'fråga', 'frågor')})"
        for i, title in enumerate(named, start=1)
    ]
    show(Table(caption, columns, body, notes=[f"{'; '.join(of)}."], key="avsnitt"))


def _people_response(results: Results) -> None:
    say(response_sentence(results))
    rows: list[list[Value]] = [[SUBMISSION_LABELS[s], n] for s, n in submissions(results).items()]
    columns = [Column("status", "Inlämnat svar"), Column("n", "Antal", "integer")]
    if rows:
        show(Table("Inlämnade svar efter status", columns, rows, key="svar"))


# --- all scales at once --------------------------------------------------------------------------------------------


def overview(results: Results) -> None:
    """Publish all scales at once: a map of units and questions, and how many answered at either end."""
    scales = [q for s in all_sections(results) for q in questions(results, s) if q["kind"] == "scale"]
    told = [part for q in scales for part in parts(q, rows_of(results, q["id"]))]
    if not told:
        return
    say("## Överblick över skalfrågorna")
    of = counted(len({(p.question["id"], p.item) for p in told}), "fråga", "frågor")
    say(sentences(f"{of} besvaras på en skala.", _table_and_figure(results), _ends_sentence(told)))
    if by_units(results):
        _heat_map(results, scales)
    _ends_table(results, told)


def _table_and_figure(results: Results) -> str:
    return (
        "Översikten visar varje förvaltnings svar och hur svaren fördelar sig." if by_units(results) else ""
    )


def _ends_sentence(told: Sequence[Part]) -> str:
    """Return what the ends of a scale are."""
    lengths = {len(part.values) for part in told}
    if lengths == {1}:
        return "En skalas ändar är dess lägsta och dess högsta steg."
    if len(lengths) == 1:
        n = swedish.number_word(lengths.pop())
        return f"En skalas ändar är dess {n} lägsta och {n} högsta steg."
    return "En skalas ändar är dess två lägsta och två högsta steg, men ett av varje i en kort skala och tre i en lång."


def _heat_map(results: Results, scales: Sequence[Question]) -> None:
    """Publish each unit's step on each scale, as a figure and a table."""
    cells = scale_cells(results, scales)
    if cells.empty:
        return
    caption = "Förvaltningarnas svar på skalfrågorna: steg på skalan, där 1 är lägst"
    publish_chart(
        results,
        figures.heat_map,
        cells,
        caption=caption,
        low="lägsta steget",
        high="högsta steget",
        key="skalor",
    )
    asked = cells.drop_duplicates("question")
    columns = [Column("unit", "Förvaltning")]
    columns += [Column(f"f{i}", f"F{i}") for i in range(1, len(asked) + 1)]
    body: list[list[Value]] = [
        [
            str(unit),
            *(mark or str(int(step)) for step, mark in zip(part["step"], part["mark"], strict=True)),
        ]
        for unit, part in cells.groupby("unit", sort=False)
    ]
    named = zip(asked["question"], asked["steps"], strict=True)
    notes = [f"F{i}: {text.removesuffix('.')} ({n} steg)" for i, (text, n) in enumerate(named, start=1)]
    signs = [f"{sign} {meaning}" for sign, meaning in figures.MARKS.items() if (cells["mark"] == sign).any()]
    notes += [f"Tecken i tabellen: {'; '.join(signs)}."] if signs else []
    show(Table("Förvaltningarnas svar på skalfrågorna, steg", columns, body, notes=notes, key="skalor"))


GOOD_ENDS = {"positive": "high", "negative": "low", None: None}
"""Which end of a scale is favourable, by its polarity."""

SIGNS = {meaning: sign for sign, meaning in figures.MARKS.items()}
UNANSWERED = {"_dont_know": SIGNS["vet ej"], "_not_relevant": SIGNS["ej aktuellt"]}
"""What stands in a cell of the map for an answer that is no step; all else is no answer."""


def scale_cells(results: Results, scales: Sequence[Question]) -> pd.DataFrame:
    """Return each unit's step on each scale and row of a grid, as `figures.heat_map` draws it.

    Scales that are not told unit by unit, because they count people, are left out, and so are those with one step.
    """
    own = results.tables["unit_answers"]
    answers = {(r.unit_id, r.question, r.item): r.value for r in own.itertuples(index=False)}
    released = set(own["question"])
    units = [u for u in sorted_units(results.tables["response"]) if u.status in ANSWERED]
    asked = [
        (q, item) for q in scales if q["id"] in released and len(steps(q)) > 1 for item in q["items"] or [""]
    ]
    records = []
    for unit in units:
        for question, item in asked:
            of, value = steps(question), answers.get((unit.unit_id, question["id"], item), "_not_answered")
            records.append(
                {
                    "unit": unit_name(results, unit.unit_id, short=True),
                    "kind": KIND_LABELS[unit.kind][1].capitalize(),
                    "question": f"{question['text']} – {question['items'][item]}"
                    if item
                    else question["text"],
                    "step": of.index(value) + 1 if value in of else None,
                    "steps": len(of),
                    "good": GOOD_ENDS[question["polarity"]],
                    "mark": "" if value in of else UNANSWERED.get(value, SIGNS["inget svar"]),
                }
            )
    return pd.DataFrame(records)


def _ends_table(results: Results, told: Sequence[Part]) -> None:
    """Publish how many answered at either end of each scale."""
    body: list[list[Value]] = []
    by_scale: dict[tuple[str, str], dict[tuple[str, ...], Part]] = {}
    for part in told:
        by_scale.setdefault((part.question["id"], part.item), {})[part.values] = part
    for (_, item), ends_of in by_scale.items():
        question = next(iter(ends_of.values())).question
        low, high = (ends_of.get(values) for values in _both_ends(question))
        base = next(iter(ends_of.values())).base
        text = f"{question['text']} – {question['items'][item]}" if item else question["text"]
        enough = base >= smallest_count(results)
        line: list[Value] = [text]
        for end in (low, high):
            line += [end.n if end else SUPPRESSED, end.percent if end and enough else None]
        body.append([*line, base])
    columns = [
        Column("question", "Fråga"),
        Column("low", "Nedre änden, antal", "integer"),
        Column("low_share", "Nedre änden, andel", "percent"),
        Column("high", "Övre änden, antal", "integer"),
        Column("high_share", "Övre änden, andel", "percent"),
        Column("base", "Har svarat", "integer"),
    ]
    many = respondents(results)[1]
    notes = [f"Antal {many} vars svar ligger i skalans nedre eller övre ände."]
    show(Table("Svaren i skalornas ändar", columns, body, notes=notes, key="andar"))


def _both_ends(question: Question) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = ends(question)
    return found[0], found[-1]


# --- sections ------------------------------------------------------------------------------------------------------


def main_heading(results: Results) -> str:
    """Return what the chapter of `main_sections` is called."""
    starting = [section_of(results, s)["kind"] == "starting_point" for s in main_sections(results)]
    return "Resultat per utgångspunkt" if any(starting) else "Resultat"


def starting_points(results: Results) -> None:
    """Publish the starting points of the strategy; every topic where the survey has none."""
    many = respondents(results)[2]
    written = any(q["kind"] == "free_text" for q in results.survey["questions"])
    examples = (
        f"Svar i {word('fritext')} visas som {word('belysande exempel')} när en utredare har godkänt dem."
    )
    intro = sentences(
        f"Här redovisas vad {many} själva uppger. Andelarna avser frågans {word('bas')}.",
        examples if written else "",
    )
    part(results, main_heading(results), main_sections(results), intro=intro)


def other_parts(results: Results) -> None:
    """Publish the sections that are neither starting points nor perspectives."""
    part(results, "Övriga avsnitt", other_sections(results))


def part(results: Results, heading: str, section_ids: Sequence[str], *, intro: str = "") -> None:
    """Publish several sections under one heading; nothing where there are none."""
    if not section_ids:
        return
    say(f"## {plain(heading)}")
    paragraphs(sentences(intro, unconfirmed_sentence(results, section_ids)))
    for section_id in section_ids:
        section(results, section_id)


def unconfirmed_sentence(results: Results, section_ids: Sequence[str]) -> str:
    """Return which headings have a wording that nobody has confirmed against its source."""
    titles = [section_of(results, s)["title"] for s in section_ids if not section_of(results, s)["confirmed"]]
    if not titles:
        return ""
    if len(titles) == 1:
        return f"Rubriken {quoted(titles[0])} är preliminär: ordalydelsen är ännu inte bekräftad mot källan."
    named = swedish.join([quoted(title) for title in titles])
    return f"Rubrikerna {named} är preliminära: ordalydelsen är ännu inte bekräftad mot källan."


def section(results: Results, section_id: str, *, level: int = 3) -> None:
    """Publish a section: each question with its result in words, as a figure and a table, and its examples."""
    say(f"{'#' * level} {plain(section_of(results, section_id)['title'])}")
    for question in questions(results, section_id):
        say(f"{'#' * (level + 1)} {plain(question['text'])}")
        publish_question(results, question)


def publish_question(results: Results, question: Question) -> None:
    """Publish the result of a question, whichever its kind."""
    if question["kind"] in CLOSED:
        closed_question(results, question)
    elif question["kind"] == "number":
        number_question(results, question)
    elif question["kind"] == "free_text":
        free_text_question(results, question)
    else:
        date_question(results, question)


def closed_question(results: Results, question: Question) -> None:
    """Publish a closed question: what was asked, the result in words, a figure and a table."""
    rows = rows_of(results, question["id"])
    everyone = rows[rows["group"] == ALL]
    if nobody_answered(everyone):
        say("Ingen har besvarat frågan.")
        return
    paragraphs(sentences(_answered_sentence(results, everyone), result_in_words(results, question, rows)))
    _chart(results, question, rows)
    show(
        _grid_table(results, question, everyone)
        if question["items"]
        else _count_table(results, question, rows)
    )


def _answered_sentence(results: Results, everyone: pd.DataFrame) -> str:
    """Return how many answered a question, and of whom it was not asked."""
    one, many, _ = respondents(results)
    bases = everyone["base"].dropna().unique()
    told = _of_all(results, int(bases[0])) if len(bases) == 1 else ""
    hidden = everyone[everyone["value"] == "_not_shown"]["n"].dropna()
    if hidden.empty or hidden.max() == 0:
        return told
    n = int(hidden.max())
    left = f"{swedish.number_word(n)} {one if n == 1 else many}"
    return sentences(told, f"Till {left} har den inte ställts, på grund av tidigare svar.")


def _of_all(results: Results, n: int) -> str:
    """Return how many of all that have answered the survey have answered a question."""
    one, many, _ = respondents(results)
    total = included(results)
    if n > total:  # only where somebody has answered without being asked
        return f"{counted(n, one, many)} har besvarat frågan."
    if total == 1:
        who = "Den enda förvaltning som har svarat" if by_units(results) else "Den enda svarande"
        return f"{who} har besvarat frågan."
    if n == total:
        who = f"svarande {many}" if by_units(results) else many
        return f"Alla {swedish.number_word(n)} {who} har besvarat frågan."
    who = "svarande förvaltningarna" if by_units(results) else "svarande"
    return f"{swedish.number(n)} av de {swedish.number(total)} {who} har besvarat frågan."


def result_in_words(results: Results, question: Question, rows: pd.DataFrame) -> str:
    """Return the result of a closed question as sentences; nothing where counts are left out."""
    found = parts(question, rows)
    if question["kind"] == "scale" and not question["items"]:
        return _scale_sentences(results, question, found, rows)
    if question["items"]:
        return _grid_sentence(results, found)
    return _choice_sentences(results, question, found, rows)


def _scale_sentences(results: Results, question: Question, found: Sequence[Part], rows: pd.DataFrame) -> str:
    if len(found) < 2:
        return ""
    low, high = found
    first, second = (high, low) if high.n >= low.n else (low, high)
    texts = [f"{swedish.sentence(quantified(results, first))} {answer_phrase(first)}"]
    texts[0] += _of_kinds(question, first, rows)
    if first.n:
        texts.append(
            f"{swedish.sentence(quantified(results, second))} {answer_phrase(second)}"
            if second.n
            else _nobody(results, second)
        )
    else:
        texts = [_nobody(results, replace(first, labels=(*second.labels, *first.labels)))]
    middle = rows[(rows["group"] == ALL) & rows["value"].isin(steps(question))]
    if not middle["n"].isna().any():
        top = middle[middle["n"] == middle["n"].max()]
        if len(top) == 1 and top["value"].iloc[0] not in first.values:
            n = swedish.number(int(top["n"].iloc[0]))
            texts.append(f"Det enskilda svar som flest har gett är {quoted(top['label'].iloc[0])} ({n})")
    return " ".join(f"{text}." for text in texts)


def _nobody(results: Results, part: Part) -> str:
    """Return that nobody has given any of some answers, without denying what may be a denial."""
    who = "Ingen förvaltning" if by_units(results) else "Ingen"
    return f"{who} har svarat {swedish.join([quoted(label) for label in part.labels], 'eller')}"


def _of_kinds(question: Question, part: Part, rows: pd.DataFrame) -> str:
    """Return the same answer among each kind of unit, as the end of a sentence."""
    kinds = [g for g in rows["group"].unique() if g != ALL]
    found = [p for kind in kinds for p in parts(question, rows, kind) if p.key == part.key]
    if len(found) < 2 or part.n == 0:
        return ""
    return f": {beside(found)}"


def _choice_sentences(results: Results, question: Question, found: Sequence[Part], rows: pd.DataFrame) -> str:
    """Return which answers most and fewest have given."""
    if not found or max(p.n for p in found) == 0:
        return ""
    options = rows[(rows["group"] == ALL)]
    options = (
        options[options["value"] == "chosen"]
        if question["kind"] == "multiple"
        else options[options["value"].isin(steps(question))]
    )
    # A count that is left out is smaller than the threshold only by the primary rule: then little is said.
    if options["n"].isna().any() and max(p.n for p in found) < 2 * smallest_count(results):
        return ""
    top = [p for p in found if p.n == max(p.n for p in found)]
    if len(top) > 3:
        return ""
    named = swedish.join(quoted(p.labels[0]) for p in top)
    if len(top) == 1:
        told = f"Det vanligaste svaret är {named}, som har valts av {quantified(results, top[0])}"
    elif top[0].n == top[0].base:
        each = "båda" if len(top) == 2 else "alla"
        told = f"De vanligaste svaren är {named}, som {each} har valts av {quantified(results, top[0])}"
    else:
        told = f"De vanligaste svaren är {named}, som vardera har valts av {quantified(results, top[0])}"
    told += _of_kinds(question, top[0], rows) if len(top) == 1 else ""
    nobody = [p for p in found if p.n == 0]
    if not nobody or len(nobody) > 3 or question["kind"] != "multiple":
        return f"{told}."
    unchosen = replace(nobody[0], labels=tuple(p.labels[0] for p in nobody))
    return f"{told}. {_nobody(results, unchosen)}."


def _grid_sentence(results: Results, found: Sequence[Part]) -> str:
    """Return on which row of a grid most have given the answer at the high end, or the most frequent answer."""
    if not found:
        return ""
    top = max(found, key=lambda p: p.percent)
    item = quoted(top.question["items"][top.item])
    return f"Mest samlade är svaren på {item}: {quantified(results, top)} {answer_phrase(top)}."


def _chart(results: Results, question: Question, rows: pd.DataFrame) -> None:
    """Publish the chart that suits the question, where anything can be drawn."""
    labels = group_labels(results)
    name, key = question["id"], key_of(question)
    if question["kind"] == "scale" and not question["items"]:
        publish_chart(
            results,
            figures.scale_chart_by_group, rows, name, list(labels), group_labels=labels,
            polarity=question["polarity"], key=key,
        )  # fmt: skip
    elif question["kind"] == "scale":
        publish_chart(
            results, figures.scale_chart, rows, [name], polarity={name: question["polarity"]}, key=key
        )
    elif not question["items"]:
        publish_chart(
            results, figures.choice_chart, rows, name, groups=list(labels), group_labels=labels,
            sort=question["kind"] == "multiple", respondents=respondents(results)[2], key=key,
        )  # fmt: skip


def _count_table(results: Results, question: Question, rows: pd.DataFrame) -> Table:
    """Return a question's counts and percentages: one row for each answer, two columns for each group."""
    groups = group_labels(results)
    notes = _base_notes(results, rows, groups)
    if question["kind"] == "multiple":
        unknown = unsure(rows, "group")
        chosen = rows[(rows["value"] == "chosen")].assign(value=rows["item"], label=rows["item_text"])
        known_first = chosen[chosen["group"] == ALL].sort_values("n", ascending=False, kind="stable")
        place = {value: i for i, value in enumerate(known_first["value"])}
        rows = chosen.sort_values("value", key=lambda values: values.map(place), kind="stable")
        rows = pd.concat([rows, unknown])
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
            line += cells_of(by_key[value, group])
        body.append(line)
    # A group of few has no percentages at all: then the column says nothing.
    told = [i for i in range(len(columns)) if any(line[i] is not None for line in body)]
    columns, body = [columns[i] for i in told], [[line[i] for i in told] for line in body]
    return Table(question["text"], columns, body, notes=notes, key=key_of(question))


def cells_of(row: Any) -> list[Value]:
    """Return a count and its percentage as the values of a table."""
    if row.suppressed:
        return [SUPPRESSED, SUPPRESSED]
    return [int(row.n), None if pd.isna(row.percent) else float(row.percent)]


def _base_notes(results: Results, rows: pd.DataFrame, groups: dict[str, str]) -> list[str]:
    """Return what the percentages are of, and how many stand outside."""
    _, many, _ = respondents(results)
    bases = rows.drop_duplicates("group").set_index("group")["base"]
    smallest = smallest_count(results)
    if len(groups) == 1:
        base = bases[ALL]
        of = f"färre än {smallest}" if pd.isna(base) else swedish.number(int(base))
        notes = [f"Bas: {of} {many} som har besvarat frågan.{with_unknown(rows)}"]
    else:
        told = [f"{label.lower()} {known(bases[g])}" for g, label in groups.items()]
        notes = [f"Bas, {many} som har besvarat frågan: {swedish.join(told)}.{with_unknown(rows)}"]
    everyone = rows[(rows["group"] == ALL) & rows["value"].isin(OUTSIDE_BASE)].drop_duplicates("value")
    outside = [
        f"{r.label[0].lower()}{r.label[1:]} {known(r.n)}"
        for r in everyone.itertuples(index=False)
        if pd.isna(r.n) or r.n
    ]
    if outside:
        notes.append(f"Utanför basen: {swedish.join(outside)}.")
    if bases.lt(smallest).any():
        notes.append(f"Andelar visas inte där färre än {swedish.number_word(smallest)} har svarat.")
    return notes


def with_unknown(rows: pd.DataFrame) -> str:
    """Return that “don't know” is among the answers that the percentages are of, where it is.

    Of one answer it is a row of the table; of several choices it is told only where somebody has given it.

    Parameters
    ----------
    rows : DataFrame
        All counts of a question.
    """
    unknown = rows[rows["value"] == "_dont_know"]
    if (rows["value"] == "chosen").any():
        unknown = unknown[(unknown["n"] != 0).fillna(True)]
    return " ”Vet ej” ingår." if len(unknown) else ""


def _grid_table(results: Results, question: Question, everyone: pd.DataFrame) -> Table:
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
    return Table(
        question["text"], columns, body, notes=["Antal svar på varje delfråga."], key=key_of(question)
    )


def number_question(results: Results, question: Question) -> None:
    """Publish the summary of a number question."""
    numbers = results.tables["numbers"]
    rows = numbers[numbers["question"] == question["id"]]
    if rows.empty or rows["answers"].fillna(1).eq(0).all():
        say("Ingen har besvarat frågan.")
        return
    groups = group_labels(results)
    columns = [Column("group", "Grupp"), Column("answers", "Antal svar", "integer")]
    named = [("total", "Summa"), ("median", "Median"), ("smallest", "Minsta"), ("largest", "Största")]
    always = "total" if by_units(results) else "median"  # what people are or have is not worth adding up
    kept = [
        (key, label)
        for key, label in named
        if key == always or (rows[key].notna().any() and (key != "total" or by_units(results)))
    ]
    decimals = decimals_of(results, question["id"])
    columns += [Column(key, label, "decimal", decimals) for key, label in kept]
    body: list[list[Value]] = []
    for row in rows.itertuples(index=False):
        name = groups[row.group] if not row.item else f"{row.item_text}, {groups[row.group].lower()}"
        values: list[Value] = [None if pd.isna(v := getattr(row, key)) else float(v) for key, _ in kept]
        if row.suppressed:
            values = [SUPPRESSED] * len(kept)
        body.append([name, SUPPRESSED if row.suppressed else int(row.answers), *values])
    paragraphs(_number_sentence(results, question, rows[(rows["group"] == ALL) & (rows["item"] == "")]))
    small = "; små antal visas inte" if question["about"] == "people" else ""
    counts = question["measured_in"] or ("personer" if small else "")
    notes = [f"Talen avser {counts}{small}."] if counts else []
    show(Table(question["text"], columns, body, notes=notes, key=key_of(question)))


def _number_sentence(results: Results, question: Question, rows: pd.DataFrame) -> str:
    """Return how many gave a number, and their total or median."""
    if rows.empty or rows["suppressed"].iloc[0]:
        return "Frågan besvaras med ett tal."
    row, decimals = rows.iloc[0], decimals_of(results, question["id"])
    one, many, _ = respondents(results)
    text = f"{counted(int(row['answers']), one, many)} har svarat med ett tal."
    if by_units(results) and pd.notna(row["total"]):
        total = (
            f"{swedish.number(float(row['total']), decimals)} {plain(question['measured_in'] or '')}".strip()
        )
        return f"{text} Sammanlagt blir det {total}."
    if pd.notna(row["median"]):
        return f"{text} Medianen är {swedish.number(float(row['median']), decimals)}."
    return text


def date_question(results: Results, question: Question) -> None:
    """Publish how many gave a date, and the first and the last of them."""
    if not by_units(results):
        say("Frågan besvaras med ett datum och redovisas inte i antal.")
        return
    own = results.tables["unit_answers"]
    given = own[(own["question"] == question["id"]) & (own["value"] == "answered") & ~own["suppressed"]][
        "label"
    ]
    if given.empty:
        say("Ingen har angett något datum.")
        return
    one, many, _ = respondents(results)
    first, last = swedish.date(given.min()), swedish.date(given.max())
    count = f"{counted(len(given), one, many)} har angett ett datum"
    say(f"{count}: {first}." if first == last else f"{count}, det tidigaste {first} och det senaste {last}.")


def free_text_question(results: Results, question: Question) -> None:
    """Publish how many answered in their own words, and the approved examples."""
    states = results.tables["quote_states"]
    states = states[states["question"] == question["id"]]
    tally = states[["approved", "edited", "refused", "waiting"]].sum()
    n, shown = int(tally.sum()), int(tally["approved"] + tally["edited"])
    if not n:
        few = swedish.number_word(smallest_count(results))
        say(
            "Ingen har besvarat frågan."
            if by_units(results)
            else f"Ingen, eller färre än {few}, har besvarat frågan."
        )
        return
    text = f"{counted(n, 'fritextsvar', 'fritextsvar', neuter=True)} har lämnats"
    if not shown:
        say(f"{text}, men inget av dem är ännu godkänt som exempel.")
        return
    are = "ett är godkänt" if shown == 1 else f"{swedish.number_word(shown)} är godkända"
    say(f"{text}, varav {are} som belysande exempel:")
    quotes = results.tables["quotes"]
    for quote in quotes[quotes["question"] == question["id"]].itertuples(index=False):
        source = unit_name(results, quote.unit_id) if quote.unit_id else ""
        say(as_quote(quote.quote, source + (" (redigerat)" if quote.state == "edited" else "")))


# --- crossing views ------------------------------------------------------------------------------------------------

PERSPECTIVES = {
    "gender_equality": ("Jämställdhet", "jamstalldhet"),
    "child_rights": ("Barnrätt", "delaktighet"),
}
"""For each perspective: its chapter, and the theme that is looked for in all open questions."""


def perspectives(results: Results) -> None:
    """Publish gender equality and child rights, each as a chapter: its questions, and its theme in all free text."""
    left = perspective_sections(results)
    for perspective, (heading, theme) in PERSPECTIVES.items():
        own = [s for s in left if any(q["perspective"] == perspective for q in questions(results, s))]
        left = [s for s in left if s not in own]
        _perspective(results, heading, own, theme)
    for section_id in left:
        say(f"## {plain(section_of(results, section_id)['title'])}")
        paragraphs(unconfirmed_sentence(results, [section_id]))
        for question in questions(results, section_id):
            say(f"### {plain(question['text'])}")
            publish_question(results, question)


def _perspective(results: Results, heading: str, own: Sequence[str], theme: str) -> None:
    """Publish the chapter of a perspective; nothing where it is neither asked about nor looked for."""
    frame = results.tables.get("theme_sections")
    crossing = None if frame is None else frame[(frame["theme"] == theme) & (frame["group"] == ALL)]
    if not own and (crossing is None or crossing.empty):
        return
    say(f"## {plain(section_of(results, own[0])['title']) if len(own) == 1 else heading}")
    paragraphs(unconfirmed_sentence(results, own))
    for section_id in own:
        for question in questions(results, section_id):
            say(f"### {plain(question['text'])}")
            publish_question(results, question)
    if crossing is not None and not crossing.empty:
        say(f"### Temat {quoted(crossing['label'].iloc[0])} i alla fritextsvar")
        _crossing_view(results, crossing, own, theme)


def _crossing_view(results: Results, crossing: pd.DataFrame, own: Sequence[str], theme: str) -> None:
    """Publish in which sections a theme is suggested; `own` are those that ask about it."""
    titles = {s["id"]: s["title"] for s in results.survey["sections"]}
    named = quoted(crossing["label"].iloc[0])
    top = crossing[crossing["units"] == crossing["units"].max()]
    if crossing["units"].max() == 0:
        told = f"Programmet föreslår inte temat {named} i något fritextsvar."
    else:
        where = swedish.join(quoted(titles[s]) for s in top["section"])
        one, many = KIND_NOUNS
        counts = int(top["units"].iloc[0]), int(top["base_units"].iloc[0])
        n = swedish.share(*counts, one, many, smallest_total=smallest_count(results))
        if set(top["section"]) <= set(own):  # that the theme is found where it is asked about says nothing
            told = ""
        elif len(top) > 1:
            told = f"Temat {named} föreslås för fritextsvar från flest förvaltningar i {where}: vardera {n}."
        else:
            told = f"Temat {named} föreslås för fritextsvar från flest förvaltningar i {where}: {n}."
    paragraphs(sentences(told, "Förslagen bygger på ord i svaren och är inte kodade av en utredare."))
    body: list[list[Value]] = [
        [titles[r.section], int(r.units), int(r.base_units)] for r in crossing.itertuples(index=False)
    ]
    columns = [
        Column("section", "Avsnitt"),
        Column("units", "Förslag på temat", "integer"),
        Column("base", "Har lämnat fritextsvar", "integer"),
    ]
    caption = f"Maskinella förslag: antal förvaltningar med temat ”{crossing['label'].iloc[0]}”, per avsnitt"
    show(Table(caption, columns, body, key=f"perspektiv-{theme}"))


KIND_NOUNS = ("förvaltning", "förvaltningar")


def themes(results: Results) -> None:
    """Publish in how many units' free text each theme is suggested: a table, for it is no result."""
    if "themes" not in results.tables:
        return
    say("### Maskinella förslag till teman")
    frame = results.tables["themes"]
    if frame[frame["group"] == ALL]["units"].sum() == 0:
        say("Inga teman har föreslagits.")
        return
    say(
        "Temana är förslag som ett program har gjort efter ord i fritextsvaren. När förslagen prövades mot påhittade "
        f"svar stämde ungefär hälften av dem, och ungefär sex av tio {word('teman')} hittades. De är en hjälp för den "
        "som ska koda svaren och inte ett resultat."
    )
    show(_theme_table(results, frame, "Maskinella förslag: antal förvaltningar per tema"))


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
    told = [f"{label.lower()} {swedish.number(int(bases[g]))}" for g, label in groups.items()]
    notes = [f"Förvaltningar som har lämnat fritextsvar: {swedish.join(told)}."]
    return Table(caption, columns, rows, notes=notes, key="teman")


def units_without_quotes(results: Results) -> None:
    """Publish which units have no approved example."""
    if not by_units(results) or not any(q["kind"] == "free_text" for q in results.survey["questions"]):
        return
    say("## Förvaltningar utan belysande exempel")
    states = results.tables["quote_states"]
    approved = states[(states["approved"] + states["edited"]) > 0]["unit_id"]
    response = results.tables["response"]
    answered = response[response["status"].isin(ANSWERED)]["unit_id"]
    without = sorted((unit_name(results, u) for u in set(answered) - set(approved)), key=swedish.sort_key)
    if answered.empty:
        say("Ingen förvaltning har svarat.")
        return
    if not without:
        say("Alla förvaltningar som har svarat har minst ett godkänt exempel.")
        return
    of = f"{len(without)} av de {len(answered)} svarande förvaltningarna har"
    say(f"{of} ännu inget godkänt exempel: {swedish.join(plain(name) for name in without)}.")
