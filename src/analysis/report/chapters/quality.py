"""Appendix 2: how the results were made, and how good they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from analysis.privacy.release import Results
from analysis.report import figures, swedish
from analysis.report.chapters.findings import year_before
from analysis.report.chapters.parts import lines, paragraphs, publish_chart, sentences, word
from analysis.report.chapters.reading import (
    ANSWERED,
    by_units,
    decimals_of,
    included,
    invited,
    respondents,
    smallest_count,
    submissions,
)
from analysis.report.chapters.results import response_sentence, sent_to, silent_sentence
from analysis.report.chapters.wording import counted, number_of, quoted
from analysis.report.chapters.years import compared_questions, counted_units
from analysis.report.document import plain, say, show
from analysis.report.swedish import NO_BREAK_SPACE
from analysis.report.tables import NO_CASES, SUPPRESSED, Column, Table, Value
from analysis.survey.instrument import MISSING_KINDS
from analysis.survey.units import KIND_LABELS

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
    "personnummer": "Personnummer maskerat",
    "phone": "Telefonnummer maskerat",
    "email": "E-postadress maskerad",
    "name": "Namn maskerat",
}

# --- what is left to do, and how it was done -----------------------------------------------------------------------


def missing(results: Results) -> None:
    """Publish what is missing before the appendices can be final."""
    left = results.survey["missing"]
    if not left:
        say("Inget återstår: underlaget är bekräftat, granskat och godkänt.")
        return
    say("Innan bilagorna kan bli slutliga återstår följande:\n\n" + "\n".join(f"- {plain(x)}" for x in left))


def method(results: Results) -> None:
    """Publish what kind of survey it is, who was asked and by which rules the answers are counted."""
    period = results.survey["period"]
    if by_units(results):
        who = (
            f"Enkäten är en {word('totalundersökning')}: alla berörda förvaltningar tillfrågas. Därför finns inget "
            f"urvalsfel, och varken signifikanstest eller felmarginaler redovisas."
        )
    else:
        who = (
            "Enkäten har besvarats av personer. Hur de har valts ut framgår inte av underlaget, och resultaten "
            "gäller bara dem som har svarat."
        )
    asked = (
        f"Frågorna gäller perioden {swedish.date(period['start'])} till {swedish.date(period['end'])}. "
        f"{_times(results)}"
    )
    one = respondents(results)[2]
    told = (
        f"Det som {one} uppger återges som deras uppfattning och inte som bevisade effekter. Antal redovisas före "
        f"andelar."
    )
    paragraphs(who, sentences(asked, *_replaced(results)), told)


def _times(results: Results) -> str:
    """Return when the survey was sent, when reminders went out and when the answers came, as far as it is known."""
    days = _days(results)
    told = []
    if "sent" in days:
        told.append(f"Enkäten skickades ut den {swedish.date(days['sent'])}.")
    if "reminded" in days:
        told.append(f"En påminnelse skickades den {swedish.date(days['reminded'])}.")
    if "first_answer" in days and "last_answer" in days:
        first, last = swedish.date(days["first_answer"]), swedish.date(days["last_answer"])
        told.append(
            f"Svaren lämnades in den {first}."
            if first == last
            else f"Svaren lämnades in mellan den {first} och den {last}."
        )
    return " ".join(told)


def _days(results: Results) -> dict[str, str]:
    """Return the known days of the survey: sent, reminded, first_answer, last_answer."""
    if "timeline" not in results.tables:
        return {}
    frame = results.tables["timeline"]
    return dict(zip(frame["what"], frame["day"], strict=True))


def _replaced(results: Results) -> tuple[str, str]:
    """Return what holds where the same unit answered more than once, and how often that was."""
    n = submissions(results).get("superseded", 0)
    rule = (
        "Om en förvaltning har lämnat flera svar gäller det senaste fullständiga."
        if by_units(results)
        else ""
    )
    if not n:
        return rule, ""
    were = counted(n, "inlämnat svar har ersatts", "inlämnade svar har ersatts", neuter=True)
    return rule, f"{were} av ett senare."


# --- nonresponse ---------------------------------------------------------------------------------------------------


def nonresponse(results: Results) -> None:
    """Publish how many units of each kind answered; where people answered, how many answers there are."""
    if not by_units(results):
        paragraphs(response_sentence(results))
        return
    asked = invited(results)
    paragraphs(
        sentences(
            sent_to(asked),
            response_sentence(results),
            silent_sentence(asked),
            "Hur mycket varje förvaltning har fyllt i framgår av bilaga 1." if len(asked) else "",
        )
    )
    kinds = [k for k in KIND_LABELS if (asked["kind"] == k).any()]
    groups = [(KIND_LABELS[k][1].capitalize(), asked[asked["kind"] == k]) for k in kinds]
    groups += [("Alla", asked)] if len(kinds) > 1 else []
    rows: list[list[Value]] = []
    for label, group in groups:
        complete, partial = (int((group["status"] == s).sum()) for s in ("complete", "partial"))
        rows.append([label, len(group), complete, partial, len(group) - complete - partial])
    if not rows:
        return
    columns = [
        Column("kind", "Förvaltningstyp"),
        Column("asked", "Tillfrågade", "integer"),
        Column("complete", "Fullständigt svar", "integer"),
        Column("partial", "Ofullständigt svar", "integer"),
        Column("none", "Tomt eller inget svar", "integer"),
    ]
    show(Table("Svar och objektsbortfall per förvaltningstyp", columns, rows, key="svar"))


# --- item nonresponse ----------------------------------------------------------------------------------------------


def item_nonresponse(results: Results) -> None:
    """Publish the missing answers of each question, by kind of missing."""
    frame = results.tables["item_nonresponse"]
    if frame.empty:
        say("Inget partiellt bortfall redovisas: inga frågor med fasta svarsalternativ har besvarats.")
        return
    kinds = [k for k in MISSING_KINDS if (frame[k].fillna(1) > 0).any()]
    kinds.sort(key=lambda kind: kind != "_dont_know")  # an answer, too: beside the others
    columns = [Column("question", "Fråga"), Column("answered", "Svar i sak", "integer")]
    columns += [Column(k, MISSING_KINDS[k], "integer") for k in kinds]
    rows: list[list[Value]] = []
    for r in frame.to_dict("records"):
        rows.append([_asked(r), *(SUPPRESSED if pd.isna(r[k]) else int(r[k]) for k in ("answered", *kinds))])
    n = int(frame["submissions"].iloc[0])
    paragraphs(_most_missing(frame))
    notes = [f"Av {swedish.plural(n, 'inlämnat svar', 'inlämnade svar')} som ingår i redovisningen."]
    if "_dont_know" in kinds:
        notes.append("”Vet ej” är ett svar på frågan och ingår inte i det partiella bortfallet.")
    show(Table("Svar och partiellt bortfall per fråga", columns, rows, notes=notes, key="bortfall"))


def _asked(record: dict[Any, Any]) -> str:
    item = f" – {record['item_text']}" if record["item_text"] else ""
    return f"{record['question_text']}{item}"


def _most_missing(frame: pd.DataFrame) -> str:
    """Return how many answers are left out without a reason, and of which question most are."""
    lost = frame["_not_answered"]
    if lost.isna().any() or not len(frame):
        return ""
    if lost.sum() == 0:
        return "Inget partiellt bortfall: ingen fråga har lämnats utan svar."
    largest = int(lost.max())
    most = [quoted(_asked(record)) for record in frame[lost == largest].to_dict("records")]
    left = f"{int((lost > 0).sum())} av {swedish.plural(len(frame), 'fråga', 'frågor')}"
    missing = number_of(largest, "svar", "svar", neuter=True)
    if len(most) == 1:
        which = f"Flest svar saknas på frågan {most[0]}: {missing}."
    elif len(most) <= MOST_NAMED:
        which = f"Flest svar saknas på frågorna {swedish.join(most)}: {missing} på var och en."
    else:
        which = f"Flest svar saknas på {number_of(len(most), 'fråga', 'frågor')}: {missing} på var och en."
    return f"{left} har lämnats utan svar minst en gång. {which}"


MOST_NAMED = 2
"""So many questions with the same number of missing answers are named; of more the number is told."""

# --- cleaning ------------------------------------------------------------------------------------------------------

FATE_LABELS = {
    "kept": "Kvar, ändrad",
    "dropped": "Utelämnad",
    "merged": "Flyttad",
    "quarantined": "I karantän",
    "superseded": "Ersatt",
}
FATES = {
    "answers": "Kvar i svaren",
    "dropped": "Utelämnade",
    "merged": "Flyttade till annan plats",
    "quarantined": "I karantän i väntan på beslut",
    "superseded": "Ersatta av ett senare svar",
}
"""What becomes of the cells of an export."""

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
    "decision": "Beslut av en utredare",
}


def cleaning(results: Results) -> None:
    """Publish what became of every cell of the export, and by which rules."""
    numbers = {str(k): int(n) for k, n in results.tables["accounting"][["name", "n"]].itertuples(index=False)}
    rules = results.tables["ledger_rules"]
    fates = rules[rules["fate"] != "kept"].groupby("fate")["n"].sum()
    became = {"answers": numbers["answers_cells"], **{str(f): int(n) for f, n in fates.items()}}
    changed = int(rules.loc[rules["fate"] == "kept", "n"].sum())
    whole = numbers["raw_cells"]
    if not whole:
        say("Exporten har inga ifyllda celler.")
        return
    kept = swedish.share(became["answers"], whole, "cell", "celler")
    say(
        f"Exporten har {number_of(whole, 'ifylld cell', 'ifyllda celler')}. {kept} är kvar i svaren, och "
        f"{number_of(changed, 'ändring', 'ändringar')} har gjorts i dem. "
        f"{_unaccounted(numbers['unaccounted'])}"
    )
    told = [(FATES[fate], became[fate]) for fate in FATES if became.get(fate)]
    if len(told) > 1:
        frame = pd.DataFrame(told, columns=["Vad som har hänt", "Antal celler"])
        caption = f"Vad som har hänt med de {swedish.number(whole)} ifyllda cellerna"
        publish_chart(
            results,
            figures.bars,
            frame,
            "Vad som har hänt",
            "Antal celler",
            sort=False,
            caption=caption,
            key="celler",
        )
    rows: list[list[Value]] = [[label, n, 100 * n / whole] for label, n in told]
    rows.append(["Inte redovisade", numbers["unaccounted"], 100 * numbers["unaccounted"] / whole])
    rows.append(["Alla ifyllda celler", whole, 100.0])
    columns = [Column("what", "Celler"), Column("n", "Antal", "integer"), Column("share", "Andel", "percent")]
    show(Table("Alla ifyllda celler i exporten och vad som har hänt med dem", columns, rows, key="celler"))
    body: list[list[Value]] = [
        [_rule_label(r.rule), FATE_LABELS[r.fate], int(r.n)] for r in rules.itertuples(index=False)
    ]
    if body:
        columns = [
            Column("rule", "Regel"),
            Column("fate", "Vad som har hänt"),
            Column("n", "Celler", "integer"),
        ]
        show(Table("Ändringsloggen per regel", columns, body, key="regler"))


def _unaccounted(n: int) -> str:
    if n:
        return f"{counted(n, 'cell är inte redovisad', 'celler är inte redovisade')}."
    return "Varje ifylld cell är redovisad."


def _rule_label(rule: str) -> str:
    if rule in RULE_LABELS:
        return RULE_LABELS[rule]
    head, _, rest = rule.partition(".")
    if head != "personal_data":
        raise ValueError(f"the rule {rule!r} has no Swedish label: add it to RULE_LABELS")
    kind, _, uncertain = rest.partition(".")
    return f"{MASKED[kind]} i fritext" + (", osäkert" if uncertain else "")


def review(results: Results) -> None:
    """Publish how many questions of interpretation wait for a person."""
    frame = results.tables["review_counts"]
    if frame.empty:
        say("Inget väntar på beslut.")
        return
    n = int(frame["open"].sum())
    are = counted(n, "tolkningsfråga väntar", "tolkningsfrågor väntar")
    say(f"{are} på en utredares beslut. Det som väntar ingår inte i några andelar.")
    rows: list[list[Value]] = [[REVIEW_KINDS[r.kind], int(r.open)] for r in frame.itertuples(index=False)]
    columns = [Column("kind", "Vad beslutet gäller"), Column("open", "Väntar på beslut", "integer")]
    show(Table("Det som väntar på beslut", columns, rows, key="beslut"))


# --- coding of free text -------------------------------------------------------------------------------------------


def coding(results: Results) -> None:
    """Publish how far the free text has been coded and judged as quotes."""
    states = results.tables["quote_states"]
    n = {s: int(states[s].sum()) for s in ("approved", "edited", "refused", "waiting")}
    whole = sum(n.values())
    if not whole:
        say("Inga fritextsvar redovisas.")
        return
    texts = [
        "Fritextsvaren är inte kodade av en utredare. De teman som visas är maskinella förslag. Därför redovisas "
        "inget mått på hur väl olika kodare stämmer överens."
    ]
    judged = whole - n["waiting"]
    of = swedish.share(judged, whole, "fritextsvar", "fritextsvar")
    texts.append(f"{of} har granskats av en utredare som möjliga {word('belysande exempel')}.")
    if "themes" not in results.tables:
        texts[0] = "Fritextsvaren är inte kodade efter teman."
    paragraphs(*texts)
    labels = {
        "approved": "Godkänt",
        "edited": "Godkänt efter ändring",
        "refused": "Nekat",
        "waiting": "Ej granskat",
    }
    rows: list[list[Value]] = [[labels[s], k, 100 * k / whole] for s, k in n.items()]
    columns = [
        Column("state", "Granskning"),
        Column("n", "Antal", "integer"),
        Column("share", "Andel", "percent"),
    ]
    show(Table("Fritextsvar efter granskning", columns, rows, key="granskning"))


# --- disclosure ----------------------------------------------------------------------------------------------------

RELEASE_RULES = {
    "organisations": "Förvaltningars svar visas. Små antal personer visas inte.",
    "free text": "Bara text som en utredare har godkänt visas.",
    "tally": "Bara antal visas, inga svar.",
    "description": "Beskriver enkäten och innehåller inga svar.",
}


def suppression(results: Results) -> None:
    """Publish which rule each released table has passed, and how much was left out."""
    rules = dict(RELEASE_RULES)
    hidden = sum(int(label["suppressed"]) for label in results.catalogue.values())
    named = "Förvaltningar namnges med avsikt." if by_units(results) else ""
    if not by_units(results):
        rules["organisations"] = "Små antal personer visas inte."
    smallest = swedish.number_word(smallest_count(results))
    left = (
        f"{counted(hidden, 'värde har utelämnats', 'värden har utelämnats', neuter=True)} för att skydda enskilda."
        if hidden
        else "Inget värde har behövt utelämnas."
    )
    say(
        sentences(
            "Personer namnges aldrig: personuppgifter i fritext maskeras, och fritext visas bara när en utredare har "
            "godkänt den.",
            named,
            f"Antal personer under {smallest} visas inte, och inte heller andra antal som skulle avslöja dem.",
            left,
        )
    )
    rows: list[list[Value]] = [
        [label["caption"], rules[label["rule"].split(":")[0]], label["rows"], label["suppressed"]]
        for label in results.catalogue.values()
    ]
    columns = [
        Column("table", "Tabell i underlaget"),
        Column("rule", "Vad som får visas"),
        Column("rows", "Rader", "integer"),
        Column("suppressed", "Utelämnade värden", "integer"),
    ]
    if rows:
        show(Table("Tabellerna i underlaget och vad som får visas", columns, rows, key="utlamnande"))


# --- provenance ----------------------------------------------------------------------------------------------------


def provenance(results: Results) -> None:
    """Publish what the results were made from: the inputs' hashes, the programs' versions, the date."""
    source = results.survey["source"]
    exported = f"Exporten gjordes den {swedish.date(source['exported'])}." if source["exported"] else ""
    say(
        sentences(
            "Samma underlag och samma versioner av programmen ger samma bilagor, tecken för tecken.",
            f"Bilagorna är daterade den {swedish.date(results.survey['date'])}.",
            exported,
        )
    )
    if "provenance" not in results.tables:
        return
    frame = results.tables["provenance"]
    inputs = frame[frame["kind"] == "input"]
    if len(inputs):
        rows: list[list[Value]] = [[r.name, r.value] for r in inputs.itertuples(index=False)]
        columns = [Column("file", "Fil"), Column("hash", "Kontrollsumma (SHA-256)")]
        show(Table("Inlämnade filer och deras kontrollsummor", columns, rows, key="filer"))
    versions = frame[frame["kind"] == "package"]
    if len(versions):
        rows = [[r.name, r.value] for r in versions.itertuples(index=False)]
        columns = [Column("program", "Program"), Column("version", "Version")]
        show(Table("Program som har använts", columns, rows, key="program"))


# --- the quality declaration ---------------------------------------------------------------------------------------


def quality_declaration(results: Results) -> None:
    """Publish a declaration of quality under the headings that Statistics Sweden uses."""
    for heading, texts in _declaration(results):
        level = "####" if heading in ACCURACY else "###"
        say(f"{level} {heading}")
        paragraphs(sentences(*texts))


ACCURACY = ("Totalt", "Urval", "Ramtäckning", "Mätning", "Bortfall", "Bearbetning")
"""The parts of accuracy (noggrannhet)."""


def _declaration(results: Results) -> list[tuple[str, tuple[str, ...]]]:
    return [
        ("Relevans", _relevance(results)),
        ("Noggrannhet", ("Noggrannhet är hur väl resultaten stämmer med det som enkäten ska beskriva.",)),
        ("Totalt", _total(results)),
        ("Urval", _sampling(results)),
        ("Ramtäckning", _frame(results)),
        ("Mätning", _measurement(results)),
        ("Bortfall", _nonresponse(results)),
        ("Bearbetning", _processing(results)),
        ("Aktualitet", _timeliness(results)),
        ("Punktlighet", _punctuality(results)),
        ("Tillgänglighet", _accessibility()),
        ("Jämförbarhet", _comparability(results)),
        ("Samstämmighet", _coherence(results)),
    ]


def _relevance(results: Results) -> tuple[str, ...]:
    survey = results.survey
    asked = number_of(len(survey["questions"]), "fråga", "frågor")
    return (
        f"Enkäten avser {plain(survey['title'][:1].lower() + survey['title'][1:])} och har {asked}.",
        f"Uppgiftslämnare är {'förvaltningar' if by_units(results) else 'personer'}.",
        f"Resultaten visar vad {respondents(results)[2]} uppger och inte vad insatserna har haft för effekt.",
    )


def _total(results: Results) -> tuple[str, ...]:
    if by_units(results):
        return (
            "De största källorna till osäkerhet är bortfall och mätning. Eftersom antalet förvaltningar är litet kan "
            "ett enda svar påverka en andel märkbart.",
        )
    return ("De största källorna till osäkerhet är vilka som har svarat och hur frågorna har uppfattats.",)


def _sampling(results: Results) -> tuple[str, ...]:
    if by_units(results):
        return (f"Enkäten är en {word('totalundersökning')} och har inget urvalsfel.",)
    return (
        "Underlaget visar inte hur de svarande har valts ut. Därför redovisas inga felmarginaler, och resultaten "
        "kan inte räknas upp till en större grupp.",
    )


def _frame(results: Results) -> tuple[str, ...]:
    if not by_units(results):
        return ("Underlaget visar inte vilka som har kunnat svara.",)
    response = results.tables["response"]
    beyond = int((~response["invited"]).sum())
    told = (
        f"{counted(beyond, 'förvaltning har svarat', 'förvaltningar har svarat')} utan att stå på sändlistan."
        if beyond
        else "Ingen förvaltning har svarat utan att stå på sändlistan."
    )
    return (
        "Ramen är sändlistan. Varje förvaltning på den är kontrollerad mot registret över stadens förvaltningar.",
        told,
    )


def _measurement(results: Results) -> tuple[str, ...]:
    frame = results.tables["item_nonresponse"]
    unknown = frame["_dont_know"] if len(frame) else pd.Series(dtype="Int64")
    if not len(unknown) or unknown.isna().any():
        often = ""
    elif unknown.sum() == 0:
        often = "Inget svar är ”Vet ej”."
    else:
        times = int(unknown.sum())
        often = f"”Vet ej” har angetts {swedish.number_word(times)} {'gång' if times == 1 else 'gånger'}."
    one = "En förvaltnings svar kan bero på vem som har svarat för den." if by_units(results) else ""
    return (
        "Frågorna kan uppfattas olika, och svaren bygger på egna bedömningar.",
        one,
        often,
        "Frågornas ordalydelse och svarsalternativ finns i kodboken.",
    )


def _nonresponse(results: Results) -> tuple[str, ...]:
    if not by_units(results):
        return (
            response_sentence(results),
            f"Hur många som har avstått från att svara är inte känt, så {word('objektsbortfall')} kan inte beräknas.",
            f"{word('Partiellt bortfall')} redovisas per fråga.",
        )
    asked = invited(results)
    lost = int((~asked["status"].isin(ANSWERED)).sum())
    of = (
        swedish.share(
            lost, len(asked), "förvaltning", "förvaltningar", smallest_total=smallest_count(results)
        )
        if len(asked)
        else "Ingen är tillfrågad"
    )
    return (
        response_sentence(results),
        f"{word('Objektsbortfallet')} är {of}." if len(asked) else "",
        "De som inte har svarat ingår inte i resultaten, och inga svar har lagts till för dem."
        if lost
        else "",
        f"Frågor som har lämnats utan svar redovisas som {word('partiellt bortfall')}.",
    )


def _processing(results: Results) -> tuple[str, ...]:
    waiting = int(results.tables["review_counts"]["open"].sum())
    told = (
        f"{counted(waiting, 'tolkningsfråga väntar', 'tolkningsfrågor väntar')} på beslut."
        if waiting
        else "Ingen tolkningsfråga väntar på beslut."
    )
    return (
        "Svaren har rättats efter fasta regler, och varje ändring står i ändringsloggen. Det som är osäkert avgörs av "
        "en utredare.",
        told,
    )


def _timeliness(results: Results) -> tuple[str, ...]:
    period, date = results.survey["period"], results.survey["date"]
    days = (swedish.as_date(date) - swedish.as_date(period["end"])).days
    if days < 0:
        return (f"Bilagorna är daterade före periodens slut den {swedish.date(period['end'])}.",)
    return (
        f"Frågorna gäller perioden till och med den {swedish.date(period['end'])}. Bilagorna är daterade "
        f"{number_of(days, 'dag', 'dagar')} senare, den {swedish.date(date)}.",
    )


def _punctuality(results: Results) -> tuple[str, ...]:
    days = _days(results)
    if "last_answer" not in days:
        return ("Underlaget innehåller inga tider för när svaren skulle lämnas.",)
    last = f"Det sista svaret lämnades in den {swedish.date(days['last_answer'])}."
    return (last, "Något utlovat publiceringsdatum finns inte i underlaget.")


def _accessibility() -> tuple[str, ...]:
    return (
        "Bilagorna finns som webbsida, som pdf och som Word-dokument, och tabellerna i de gemensamma bilagorna finns "
        "också i en arbetsbok för kalkylprogram. Bilagorna är märkta för skärmläsare, och varje diagram har en "
        "textbeskrivning och en tabell med samma uppgifter.",
    )


def _comparability(results: Results) -> tuple[str, ...]:
    before = year_before(results)
    if before is None or "crosswalk" not in results.tables:
        return ("Resultaten jämförs inte med något tidigare år.",)
    walk = results.tables["crosswalk"]
    walk = walk[(walk["earlier_year"] == before) & (walk["question"] != "")]
    asked = {q["id"] for q in results.survey["questions"]}
    walk = walk[walk["question"].isin(asked)]
    same = int((walk["status"] == "same").sum())
    compared = compared_questions(results, before)
    told = swedish.share(same, len(walk), "fråga", "frågor")
    of = f"Av dem jämförs {number_of(compared, 'fråga', 'frågor')} med fasta svarsalternativ i bilaga 3."
    return (
        f"{told} är desamma som {before}.",
        of if compared else "",
        "Frågor som har ändrats jämförs inte.",
        counted_units(results),
    )


def _coherence(results: Results) -> tuple[str, ...]:
    n = number_of(included(results), "inlämnat svar", "inlämnade svar", neuter=True)
    return (
        f"Alla bilagor och tabeller bygger på samma {n}, så att samma uppgift är lika överallt.",
        "Resultaten har inte prövats mot andra källor.",
    )


# --- codebook ------------------------------------------------------------------------------------------------------

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
    decimals = decimals_of(results, str(first["question"]))
    return [
        text,
        kind,
        _lines([_counted(row, decimals) for row in answers.itertuples()]),
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
    return _lines(told) or NO_CASES


HIDDEN_COUNT = f"visas{NO_BREAK_SPACE}inte"
"""What stands for a count of people that is left out."""


def _counted(row: Any, decimals: int = 0) -> str:
    """Return an answer with its count; of numbers also between which they lie, where that is released."""
    n = HIDDEN_COUNT if row.suppressed else swedish.number(int(row.n))
    between = ""
    if pd.notna(row.smallest):
        ends = [swedish.number(float(value), decimals) for value in (row.smallest, row.largest)]
        between = f"\nFrån {ends[0]} till {ends[1]}"
    return f"{row.label}:{NO_BREAK_SPACE}{n}{between}"


def _lines(texts: Iterable[str]) -> str:
    """Return texts as lines of one cell; where there are several, each is seen to begin."""
    return lines(list(texts))
