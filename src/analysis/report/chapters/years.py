"""Appendix 3: the same questions over the years."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.measures.counts import ALL, OUTSIDE_BASE
from analysis.privacy.release import Results
from analysis.report import figures, swedish
from analysis.report.chapters.findings import Finding, changes, without_repeats, year_before
from analysis.report.chapters.parts import paragraphs, publish_chart, sentences, word
from analysis.report.chapters.reading import (
    Question,
    by_units,
    occurring,
    parts,
    readable,
    respondents,
    smallest_count,
    unit_name,
)
from analysis.report.chapters.results import cells_of, with_unknown
from analysis.report.chapters.wording import (
    count_of,
    counted,
    key_of,
    known,
    number_of,
    predicate,
    quoted,
    sentence_list,
    share_first,
    table_link,
)
from analysis.report.document import plain, say, show
from analysis.report.tables import Column, Table, Value

STATUS_OF_QUESTIONS = {
    "same": "Samma fråga",
    "reworded": "Annan formulering",
    "reversed": "Omvänd skala",
    "new_scale": "Andra svarsalternativ",
    "new": "Ställdes inte {}",
    "undeclared": "Ändrad, ej bedömd",
}
"""How a question is related to those of an earlier year, by its status in the crosswalk."""

MOST_CHANGES = 5


# --- summary -------------------------------------------------------------------------------------------------------


def years_summary(results: Results) -> None:
    """Publish what has changed most since the year before: at most five answers, one of each question.

    They are the changes of at least 15 percentage points that `changes` finds, the largest first.
    """
    before = year_before(results)
    if before is None:
        say("Det finns inga svar från tidigare år att jämföra med.")
        return
    found = without_repeats(changes(results))[:MOST_CHANGES]
    paragraphs(sentences(_comparable(results, before), counted_units(results)))
    if found:
        listed = sentence_list([change_sentence(results, f) for f in found])
        say(f"{_largest_changes(len(found))} sedan {before}:\n\n{listed}")
        say(
            f"Här visas de största förändringarna av andelar, en per fråga, om de är minst 15 {word('procentenheter')} "
            f"och minst {swedish.number_word(smallest_count(results))} har svarat båda åren."
        )
    else:
        say(f"Inget svar har ändrats med minst 15 {word('procentenheter')} sedan {before}.")
    paragraphs(_caution(results))


def _comparable(results: Results, before: int) -> str:
    """Return how many closed questions are compared with the year before."""
    frame = results.tables["comparison"]
    n = frame.loc[frame["year"] == before, "question"].nunique()
    closed = sum(bool(q["options"]) for q in results.survey["questions"])
    whole = f"{swedish.number(n)} av {swedish.plural(closed, 'fråga', 'frågor')} med fasta svarsalternativ"
    return f"{whole} ställdes på samma sätt {before} och kan jämföras."


def _largest_changes(n: int) -> str:
    return "Den största förändringen" if n == 1 else f"De {swedish.number_word(n)} största förändringarna"


def counted_units(results: Results) -> str:
    """Return how units that have merged are counted, and how many units each year's survey comprised."""
    frame = results.tables["geography"]
    if not by_units(results) or (frame["unit_id"] == frame["newest_unit_id"]).all():
        return ""
    year = int(results.survey["year"])
    asked = {int(y): int(n) for y, n in frame.groupby("year")["unit_id"].nunique().items()}
    asked[year] = len(results.tables["response"])
    told = [f"{number_of(n, *respondents(results)[:2])} år {y}" for y, n in sorted(asked.items())]
    return (
        "Före sammanslagningen räknas de tidigare förvaltningarna var för sig. Enkäten omfattade "
        f"{swedish.join(told)}."
    )


def change_sentence(results: Results, finding: Finding) -> str:
    """Return a change as a sentence, with the counts of both years and a link to its table."""
    now, before = finding.part, finding.beside[0]
    _, many, _ = respondents(results)
    direction = "ökat" if finding.difference > 0 else "minskat"
    return (
        f"Andelen {many} som {predicate(now)} har {direction} från {count_of(results, before)} år {finding.year} "
        f"till {count_of(results, now)} år {results.survey['year']} ({table_link(now.question)})."
    )


def _caution(results: Results) -> str:
    """Return how much one answer weighs, and what a change need not mean."""
    if not by_units(results):
        return "En skillnad mellan åren kan bero på vilka som har svarat."
    bases = results.tables["comparison"]
    bases = bases.loc[
        (bases["year"] == results.survey["year"])
        & (bases["group"] == ALL)
        & (bases["base"] >= smallest_count(results)),
        "base",
    ]
    if bases.empty:
        return ""
    points = swedish.span(100 / int(bases.max()), 100 / int(bases.min()))
    depends = ", beroende på hur många som har besvarat frågan" if swedish.EN_DASH in points else ""
    return (
        f"Antalet förvaltningar är litet: en enda förvaltning motsvarar {points} procentenheter{depends}. En skillnad "
        "mellan åren kan bero på vilka som har svarat, och den visar inte varför svaren har ändrats."
    )


# --- what can be compared ------------------------------------------------------------------------------------------


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
        rows.append(
            [group["question_text"].iloc[0], *(STATUS_OF_QUESTIONS[status[y]].format(y) for y in earlier)]
        )
    gone = frame[frame["question"] == ""]
    for text, group in gone.groupby("question_text", sort=False):
        only = f"Ställdes bara {swedish.join(str(y) for y in sorted(set(group['earlier_year'])))}"
        rows.append([str(text), *(only for _ in earlier)])
    if not rows:
        say("Det finns inga frågor att jämföra.")
        return
    n = {y: int((current[current["earlier_year"] == y]["status"] == "same").sum()) for y in earlier}
    same = swedish.join(
        f"{swedish.number_word(n[y]) if n[y] else 'ingen'} {'desamma' if n[y] > 1 else 'densamma'} som {y}"
        for y in earlier
    )
    whole = number_of(current["question"].nunique(), "fråga", "frågor")
    say(f"Av {whole} {results.survey['year']} är {same}.")
    show(Table("Frågorna över åren", columns, rows, key="fragorna"))


def geography(results: Results) -> None:
    """Publish which units of earlier years belong to which of today's."""
    frame = results.tables["geography"]
    merged = frame[frame["unit_id"] != frame["newest_unit_id"]]
    if merged.empty:
        say("Ingen förvaltning har gått samman med någon annan under de år som jämförs.")
        return
    pairs = merged.drop_duplicates(["unit_id", "newest_unit_id"])
    found = [
        (unit_name(results, r.newest_unit_id), unit_name(results, r.unit_id)) for r in pairs.itertuples()
    ]
    ordered = sorted(found, key=lambda pair: tuple(map(swedish.sort_key, pair)))
    rows: list[list[Value]] = [[old, new] for new, old in ordered]
    n = counted(len(rows), "tidigare förvaltning", "tidigare förvaltningar")
    say(
        sentences(
            f"{n} har gått samman.",
            counted_units(results),
            "I den sammanslagna förvaltningens egen bilaga visas de tidigare förvaltningarnas svar var för sig.",
        )
    )
    columns = [Column("old", "Tidigare förvaltning"), Column("new", "Ingår i")]
    show(Table("Sammanslagna förvaltningar", columns, rows, key="sammanslagna"))


# --- question by question ------------------------------------------------------------------------------------------


def comparison(results: Results) -> None:
    """Publish each question that is the same in several years, section by section."""
    frame = readable(results, occurring(results, results.tables["comparison"]))
    frame = frame[frame["group"] == ALL]
    of_question = dict(iter(frame.groupby("question", sort=False)))
    for section in results.survey["sections"]:
        asked = [
            q for q in results.survey["questions"] if q["section"] == section["id"] and q["id"] in of_question
        ]
        if asked:
            say(f"### {plain(section['title'])}")
        for question in asked:
            say(f"#### {plain(question['text'])}")
            _compare_question(results, question, of_question[question["id"]])
    if not of_question:
        say("Ingen fråga har ställts på samma sätt flera år.")


def _compare_question(results: Results, question: Question, counts: pd.DataFrame) -> None:
    years = sorted(int(y) for y in counts["year"].unique())
    inside = counts[~counts["value"].isin(OUTSIDE_BASE)]
    paragraphs(_years_sentence(results, question, counts, years))
    rows = _one_line_each(question, inside)
    bases = rows.drop_duplicates("year").set_index("year")["base"]
    answered = swedish.join(f"{known(bases[y])} år {y}" for y in years)
    of_years = ", ".join(f"{y}: {known(bases[y])}" for y in years)
    key = key_of(question)
    if question["kind"] == "scale" and not question["items"]:
        publish_chart(
            results,
            figures.years_scale_chart,
            inside,
            question=question["text"],
            polarity=question["polarity"],
            key=key,
        )
    else:
        caption = f"{question['text']} ({of_years})"
        publish_chart(
            results, figures.years_chart, rows, caption=caption, sort=question["kind"] == "multiple",
            respondents=respondents(results)[2], key=key,
        )  # fmt: skip
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
            line += [None, None] if row is None else cells_of(row)
        body.append(line)
    many = respondents(results)[1]
    notes = [f"Bas, {many} som har besvarat frågan: {answered}.{with_unknown(inside)}"]
    show(Table(question["text"], columns, body, notes=notes, key=key))


def _one_line_each(question: Question, rows: pd.DataFrame) -> pd.DataFrame:
    """Return counts with one value and label for each answer, also of several choices and of grids."""
    if question["kind"] == "multiple":
        rows = rows[rows["value"] == "chosen"].assign(
            label=lambda f: f["item_text"], value=lambda f: f["item"]
        )
        order = {option: i for i, option in enumerate(question["options"])}
        return rows.sort_values("value", key=lambda values: values.map(order), kind="stable")
    if question["items"]:
        label = rows["item_text"].str.cat(rows["label"], sep=": ")
        return rows.assign(label=label, value=rows["item"].str.cat(rows["value"], sep=":"))
    return rows


def _years_sentence(results: Results, question: Question, counts: pd.DataFrame, years: Sequence[int]) -> str:
    """Return how the answer that has changed most since the year before stands in each year."""
    of_year = {y: {p.key: p for p in parts(question, counts[counts["year"] == y])} for y in years}
    now, before = of_year[years[-1]], of_year[years[-2]]
    shared = [key for key in now if key in before]
    if not shared:
        return ""
    key = max(shared, key=lambda k: abs(now[k].percent - before[k].percent))
    told = [(y, of_year[y][key]) for y in years if key in of_year[y]]
    row = now[key]
    where = f" på delfrågan {quoted(question['items'][row.item])}" if row.item else ""
    answers = swedish.join([quoted(label) for label in row.labels], row.word)
    few = all(p.base < smallest_count(results) for _, p in told)
    shares = swedish.join(f"{share_first(results, p)} år {y}" for y, p in told)
    return f"{'Antalet' if few else 'Andelen'} som har svarat {answers}{where} var {shares}."
