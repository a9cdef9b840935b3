"""Appendix 3: the same questions over the years."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.measures.counts import ALL, OUTSIDE_BASE
from analysis.privacy.release import Results
from analysis.report import figures, swedish
from analysis.report.chapters.findings import changes, without_repeats, year_before
from analysis.report.chapters.parts import paragraphs, publish_chart, sentences, word
from analysis.report.chapters.reading import (
    CLOSED,
    Question,
    by_units,
    occurring,
    parts,
    readable,
    respondents,
    smallest_count,
    unit_name,
    unsure,
)
from analysis.report.chapters.results import cells_of, finding_sentence, with_unknown
from analysis.report.chapters.wording import (
    count_of,
    counted,
    key_of,
    known,
    number_of,
    quoted,
    sentence_list,
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

    They are the changes of at least 15 percentage points that `changes` finds, the largest first. Units that have
    merged are named here, where they are first spoken of.
    """
    before = year_before(results)
    if before is None:
        say("Det finns inga svar från tidigare år att jämföra med.")
        return
    found = without_repeats(changes(results))[:MOST_CHANGES]
    paragraphs(sentences(_comparable(results, before), counted_units(results)))
    if found:
        listed = sentence_list([finding_sentence(results, f) for f in found])
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
    n = compared_questions(results, before)
    closed = sum(q["kind"] in CLOSED for q in results.survey["questions"])
    whole = f"{swedish.number(n)} av {swedish.plural(closed, 'fråga', 'frågor')} med fasta svarsalternativ"
    return f"{whole} ställdes på samma sätt {before} och kan jämföras."


def compared_questions(results: Results, year: int | None = None) -> int:
    """Return how many questions are compared with an earlier year, or with any: only closed ones are.

    Returns
    -------
    int
        0 where nothing is compared.
    """
    if "comparison" not in results.tables:
        return 0
    frame = results.tables["comparison"]
    earlier = frame["year"] < results.survey["year"] if year is None else frame["year"] == year
    return int(frame.loc[earlier, "question"].nunique())


def _largest_changes(n: int) -> str:
    return "Den största förändringen" if n == 1 else f"De {swedish.number_word(n)} största förändringarna"


def counted_units(results: Results) -> str:
    """Return which units have merged, how they are counted, and how many units each year's survey comprised.

    Nothing where no unit has merged.
    """
    merged = _merged(results)
    if not by_units(results) or merged.empty:
        return ""
    year = int(results.survey["year"])
    frame = results.tables["geography"]
    asked = {int(y): int(n) for y, n in frame.groupby("year")["unit_id"].nunique().items()}
    asked[year] = len(results.tables["response"])
    told = [f"{number_of(n, *respondents(results)[:2])} år {y}" for y, n in sorted(asked.items())]
    once = merged["newest_unit_id"].nunique() == 1
    return sentences(
        *_merger_sentences(results, merged),
        f"Före {'sammanslagningen' if once else 'sammanslagningarna'} räknas de tidigare förvaltningarna var för sig.",
        f"Enkäten omfattade {swedish.join(told)}.",
    )


def _merged(results: Results) -> pd.DataFrame:
    """Return the units that are part of another today: unit_id, newest_unit_id, and the last year they were asked."""
    frame = results.tables["geography"]
    gone = frame[frame["unit_id"] != frame["newest_unit_id"]]
    return gone.groupby(["unit_id", "newest_unit_id"], as_index=False)["year"].max()


def _merger_sentences(results: Results, merged: pd.DataFrame) -> list[str]:
    """Return which units became part of which, a sentence for each year after whose survey some did."""
    told = []
    for year, of_year in merged.groupby("year"):
        pairs = []
        for newest, olds in of_year.groupby("newest_unit_id")["unit_id"]:
            names = sorted((unit_name(results, old, short=True) for old in olds), key=swedish.sort_key)
            pairs.append((unit_name(results, str(newest)), swedish.join(map(plain, names))))
        pairs.sort(key=lambda pair: swedish.sort_key(pair[0]))
        named = swedish.join([f"{old} upp i {plain(new)}" for new, old in pairs], "samt")
        told.append(f"Efter {year} års enkät gick {named}.")
    return told


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
    """Publish how the year's questions relate to those of earlier years, and which of them are compared."""
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
    say(sentences(f"Av {whole} {results.survey['year']} är {same}.", _only_closed(results)))
    show(Table("Frågorna över åren", columns, rows, key="fragorna"))


OPEN = {"free_text": "fritext", "number": "tal", "date": "datum"}
"""What the questions that are not compared are answered with."""


def _only_closed(results: Results) -> str:
    """Return how many questions are compared, and why those with other answers than fixed ones are not."""
    compared = number_of(compared_questions(results), "fråga", "frågor")
    kinds = {q["kind"] for q in results.survey["questions"]}
    left = [name for kind, name in OPEN.items() if kind in kinds]
    told = f"Jämförelsen omfattar {compared} med fasta svarsalternativ."
    if not left:
        return told
    return (
        f"{told} Svar i form av {swedish.join(left, 'eller')} jämförs inte, eftersom de inte kan räknas som andelar "
        "av samma svarsalternativ varje år."
    )


def geography(results: Results) -> None:
    """Publish which units of earlier years belong to which of today's."""
    merged = _merged(results)
    if merged.empty:
        say("Ingen förvaltning har gått samman med någon annan under de år som jämförs.")
        return
    found = [
        (unit_name(results, r.newest_unit_id), unit_name(results, r.unit_id)) for r in merged.itertuples()
    ]
    ordered = sorted(found, key=lambda pair: tuple(map(swedish.sort_key, pair)))
    rows: list[list[Value]] = [[old, new] for new, old in ordered]
    say(sentences(_how_many_merged(merged), _own_appendices(merged)))
    columns = [Column("old", "Tidigare förvaltning"), Column("new", "Ingår i")]
    show(Table("Sammanslagna förvaltningar", columns, rows, key="sammanslagna"))


def _how_many_merged(merged: pd.DataFrame) -> str:
    old = counted(len(merged), "tidigare förvaltning", "tidigare förvaltningar")
    new = number_of(merged["newest_unit_id"].nunique(), "annan", "andra")
    return f"{old} ingår nu i {new}."


def _own_appendices(merged: pd.DataFrame) -> str:
    """Return where the answers of each former unit are found."""
    if merged["newest_unit_id"].nunique() == 1:
        return "I den sammanslagna förvaltningens egen bilaga visas de tidigare förvaltningarnas svar var för sig."
    return (
        "I de sammanslagna förvaltningarnas egna bilagor visas de tidigare förvaltningarnas svar var för sig."
    )


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
        publish_chart(
            results, figures.years_chart, rows, question=question["text"], respondents=respondents(results)[2],
            key=key,
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
    bases = rows.drop_duplicates("year").set_index("year")["base"]
    answered = swedish.join(f"{known(bases[y])} år {y}" for y in years)
    many = respondents(results)[1]
    notes = [f"Bas, {many} som har besvarat frågan: {answered}.{with_unknown(inside)}"]
    show(Table(question["text"], columns, body, notes=notes, key=key))


def _one_line_each(question: Question, rows: pd.DataFrame) -> pd.DataFrame:
    """Return counts with one value and label for each answer, also of several choices and of grids.

    Several choices come as in the newest year, the most frequent first, as the figure and the table show them;
    last, how many answered “don't know”.
    """
    if question["kind"] == "multiple":
        chosen = rows[rows["value"] == "chosen"].assign(
            label=lambda f: f["item_text"], value=lambda f: f["item"]
        )
        newest = chosen[chosen["year"] == chosen["year"].max()]
        newest = newest.sort_values("n", ascending=False, kind="stable")
        place = {option: i for i, option in enumerate(newest["value"])}
        chosen = chosen.sort_values("value", key=lambda values: values.map(place), kind="stable")
        return pd.concat([chosen, unsure(rows, "year")])
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
    (first, part), *others = [(y, of_year[y][key]) for y in years if key in of_year[y]]
    one, many, _ = respondents(results)
    share = swedish.share(part.n, part.base, one, many, smallest_total=smallest_count(results))
    did = "valde" if question["kind"] == "multiple" else "svarade"
    answers = swedish.join([quoted(label) for label in part.labels], part.word)
    where = f" på delfrågan {quoted(question['items'][part.item])}" if part.item else ""
    told = [f"{share} {did} {answers}{where} år {first}"]
    told += [f"{count_of(results, of)} år {year}" for year, of in others]
    return f"{swedish.join(told)}."
