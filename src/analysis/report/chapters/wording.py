"""Sentences of the chapters: answers and their counts in running Swedish.

What has been written in a questionnaire goes through `plain`, so that its signs are text.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from analysis.privacy.release import Results
from analysis.report import swedish
from analysis.report.chapters.reading import Part, Question, by_units, included, respondents, smallest_count
from analysis.report.document import plain
from analysis.survey.units import KIND_LABELS

AGREES = "instämmer"
"""The verb of scales whose steps say how far one agrees."""

_DENIAL = re.compile(r"\b(inte|ingen|inget|inga|aldrig)\b", re.IGNORECASE)


def quoted(text: str, most: int = 1000) -> str:
    """Return words of the questionnaire within quotation marks, as Markdown.

    Parameters
    ----------
    text : str
        The words; a full stop at the end is left out.
    most : int
        A longer text is cut between words, and ends with three dots.

    Examples
    --------
    >>> print(quoted("Arbetet ”fungerar” väl."), quoted("Hur många unga deltog?", 14))
    ”Arbetet ’fungerar’ väl” ”Hur många …”
    """
    inner = re.sub(r"[”“\"]", "’", " ".join(text.split()).removesuffix("."))
    return f"”{plain(textwrap.shorten(inner, most, placeholder=' …'))}”"


def in_sentence(label: str) -> str:
    """Return an answer as it stands within a sentence: with a small first letter, unless that may be a name.

    A text may hold a name where another of its words has a capital, too.

    Examples
    --------
    >>> in_sentence("Färre planer"), in_sentence("Region Stockholm"), in_sentence("BUP")
    ('färre planer', 'Region Stockholm', 'BUP')
    """
    text = label.strip().removesuffix(".")
    return text if any(c.isupper() for c in text[1:]) else text[:1].lower() + text[1:]


def joined(labels: Sequence[str], word: str = "eller") -> str:
    """Return two or three answers as one phrase; with “eller” a first or last word that they share is said once.

    Examples
    --------
    >>> joined(["i stor grad", "i mycket stor grad"])
    'i stor eller mycket stor grad'
    >>> joined(["instämmer till stor del", "instämmer helt"])
    'instämmer till stor del eller helt'
    >>> joined(["ja"])
    'ja'
    """
    if word != "eller":
        return swedish.join(labels, word)
    words = [label.split() for label in labels]
    room = min(map(len, words)) - 1 if len(words) > 1 else 0
    first = words[0][: int(room > 0 and len({w[0] for w in words}) == 1)]
    last = words[0][-1:] if room > len(first) and len({w[-1] for w in words}) == 1 else []
    own = [" ".join(w[len(first) : len(w) - len(last)]) for w in words]
    return " ".join([*first, swedish.join(own, "eller"), *last])


def agreement(part: Part) -> bool:
    """Return whether the answers say how far one agrees with a statement."""
    return all(label.lower().startswith(f"{AGREES} ") for label in part.labels)


def predicate(part: Part) -> str:
    """Return what those of a part do, as the end of a sentence: “uppger att kunskapen har ökat i stor grad”.

    Where the survey has a clause for the question, it is used, except for answers that deny: then, and where
    there is no clause, the question or the statement is quoted.
    """
    question = part.question
    answers = joined([in_sentence(label) for label in part.labels], part.word)
    text = question["items"][part.item] if part.item else question["text"]
    denies = bool(_DENIAL.search(answers))
    if agreement(part) and not denies:
        return f"{plain(answers)} i påståendet {quoted(text, MOST_QUOTED)}"
    clause = question.get("clause")
    if clause and not part.item and not denies:
        return f"uppger att {plain(clause.replace('{svar}', answers))}"
    said = swedish.join([quoted(label) for label in part.labels], part.word)
    return f"svarar {said} på {'delfrågan' if part.item else asked_as(question)} {quoted(text, MOST_QUOTED)}"


MOST_QUOTED = 180
"""How many letters of a question a sentence quotes."""


def asked_as(question: Question) -> str:
    """Return what a question is: a question, or a statement that is judged on a scale.

    Examples
    --------
    >>> asked_as({"kind": "scale", "text": "Arbetet fungerar."}), asked_as({"kind": "single", "text": "Bor du här?"})
    ('påståendet', 'frågan')
    """
    return "påståendet" if question["kind"] == "scale" and question["text"].strip()[-1] in ".!" else "frågan"


def answer_phrase(part: Part) -> str:
    """Return what those of a part do, where the question stands above: “svarar ”Ja””, “instämmer helt”."""
    answers = joined([in_sentence(label) for label in part.labels])
    if agreement(part) and not _DENIAL.search(answers):
        return plain(answers)
    return f"svarar {swedish.join([quoted(label) for label in part.labels], part.word)}"


def share_of(results: Results, part: Part) -> str:
    """Return a part as a count and a percentage: “9 av 18 förvaltningar (50 %)”; of few no percentage."""
    one, many, the_many = respondents(results)
    whole = swedish.number_word(part.base)
    some = part.base < included(results) and by_units(results)
    if part.n == 0 and part.base > 1:
        of = f"{many} som har besvarat frågan" if some else the_many.removeprefix("de ")
        return f"ingen av de {whole} {of}"
    if part.n == part.base == 2:
        return f"båda de {many} som har besvarat frågan" if some else f"båda {the_many}"
    if part.n == part.base > 1:
        return f"alla {whole} {many}{' som har besvarat frågan' if some else ''}"
    return swedish.share(part.n, part.base, one, many, smallest_total=smallest_count(results))


def beside(parts: Iterable[Part]) -> str:
    """Return the same part of several kinds of unit: “9 av 9 stadsdelsförvaltningar och ingen av tre …”.

    Those who have answered the question are not always all of a kind, so that “alla” would say too much.
    """
    told = []
    for part in parts:
        one, many = KIND_LABELS[part.group]
        if part.n == 0 and part.base > 1:
            told.append(f"ingen av {swedish.number_word(part.base)} {many}")
        elif part.n == 0:
            told.append(f"ingen {one}")
        else:
            told.append(f"{swedish.number(part.n)} av {swedish.plural(part.base, one, many)}")
    return swedish.join(told)


def counted(n: int, one: str, many: str, *, neuter: bool = False) -> str:
    """Return a count with its noun at the beginning of a sentence, in letters up to twelve.

    Examples
    --------
    >>> counted(2, "fråga", "frågor"), counted(1, "värde", "värden", neuter=True), counted(14, "svar", "svar")
    ('Två frågor', 'Ett värde', '14 svar')
    """
    return swedish.sentence(number_of(n, one, many, neuter=neuter))


def number_of(n: int, one: str, many: str, *, neuter: bool = False) -> str:
    """Return a count with its noun within a sentence, in letters up to twelve.

    Examples
    --------
    >>> number_of(8, "fråga", "frågor"), number_of(34, "fråga", "frågor"), number_of(1, "svar", "svar", neuter=True)
    ('åtta frågor', '34 frågor', 'ett svar')
    """
    word = "ett" if n == 1 and neuter else swedish.number_word(n)
    return f"{word} {one if n == 1 else many}"


def count_of(results: Results, part: Part) -> str:
    """Return the count and the percentage of a part without the noun: “9 av 18 (50 %)”."""
    text = f"{swedish.number(part.n)} av {swedish.number(part.base)}"
    if part.base < smallest_count(results):
        return text
    return f"{text} ({swedish.percent(part.percent)})"


def quantified(results: Results, part: Part) -> str:
    """Return a part as a noun phrase with a quantifier and the count: “de flesta förvaltningarna (12 av 16)”."""
    return swedish.quantified(part.n, part.base, *respondents(results))


def known(value: Any) -> str:
    """Return a count as text, or that it is not shown."""
    return "(visas inte)" if pd.isna(value) else swedish.number(int(value))


def table_link(question: Question) -> str:
    """Return a link to the table of a question, which becomes “tabell 3”."""
    return f"[](#tabell-{key_of(question)})"


def key_of(question: Question) -> str:
    """Return the key that links to the table and the figure of a question point at.

    Examples
    --------
    >>> key_of({"id": "vilka"})
    'fraga-vilka'
    """
    return f"fraga-{question['id']}"


def sentence_list(lines: Sequence[str]) -> str:
    """Return sentences as a list in Markdown."""
    return "\n".join(f"- {line}" for line in lines)
