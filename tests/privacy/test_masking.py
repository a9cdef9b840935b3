"""Masking in the answers: measured against what is true of the example years, and by what people decide."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest

from analysis.intake.clean import Cleaned, clean
from analysis.intake.contracts import LEDGER, REVIEW, check
from analysis.intake.ledger import short_id
from analysis.intake.review import Decision
from analysis.pipeline.inputs import Inputs, read_export, read_inputs
from analysis.privacy.masking import mask_answers
from analysis.privacy.personal_data import LABELS, find
from analysis.problems import InputError
from analysis.project import Project

YEARS = (2021, 2022, 2023)


@dataclass(frozen=True)
class Example:
    """A cleaned example year, the same masked without anybody's decisions, and the truth about its texts."""

    inputs: Inputs
    cleaned: Cleaned
    masked: Cleaned
    truth: pd.DataFrame

    def texts(self, of: Cleaned) -> dict[tuple[str, str], str]:
        """Return the free-text answers by row of the export and question."""
        rows = of.submissions.set_index("submission_id")["row"].astype("str")
        ids = of.answers["submission_id"].map(rows)
        return {
            (row, question.id): text
            for question in self.inputs.survey.questions
            if question.kind == "free_text"
            for row, text in zip(ids, of.answers[question.id], strict=True)
            if isinstance(text, str)
        }

    def spans(self) -> list[tuple[tuple[str, str], str, int, int]]:
        """Return the true personal data: place, kind, start and end."""
        found = []
        for entry in self.truth.itertuples():
            for mark in filter(None, entry.personal_data.split("|")):
                kind, span = mark.split(":")
                start, end = span.split("-")
                found.append(((entry.row, entry.question), kind, int(start), int(end)))
        return found


@pytest.fixture(scope="module")
def examples() -> dict[int, Example]:
    home = Path(__file__).resolve().parents[2]
    project = Project(home, home)
    made = {}
    for year in YEARS:
        inputs = read_inputs(project, year)
        _, table = read_export(project, inputs.survey)
        cleaned = clean(
            table, inputs.survey, name="survey.yaml", register=inputs.register, decisions=inputs.decisions
        )
        masked = mask_answers(cleaned, inputs.survey, not_names=inputs.register.names())
        truth = pd.read_csv(home / "examples" / "truth" / f"{year}.csv", dtype="str", keep_default_na=False)
        made[year] = Example(inputs, cleaned, masked, truth.query("counts == 'true'"))
    return made


# --- measured against the truth -------------------------------------------------------------------------------


@pytest.mark.parametrize("year", YEARS)
def test_every_number_and_address_of_a_person_is_masked(examples: dict[int, Example], year: int) -> None:
    example = examples[year]
    before, after = example.texts(example.cleaned), example.texts(example.masked)
    spans = [span for span in example.spans() if span[1] != "name"]
    assert Counter(kind for _, kind, _, _ in spans).keys() == {"personnummer", "phone", "email"}
    for place, kind, start, end in spans:
        assert before[place][start:end] not in after[place]
        assert LABELS[kind] in after[place]
    found = [f for text in after.values() for f in find(text) if f.certain]
    assert found == []


def test_most_names_are_masked_and_little_else(examples: dict[int, Example]) -> None:
    """The floor is what the lists of common names reach; what they miss, a person must see before approving."""
    names = hit = masks = true_masks = 0
    for example in examples.values():
        before, after = example.texts(example.cleaned), example.texts(example.masked)
        true: Counter[tuple[str, str]] = Counter()
        for place, kind, start, end in example.spans():
            if kind == "name":
                names += 1
                hit += before[place][start:end] not in after[place]
                true[place] += 1
        for place, text in after.items():
            labels = text.count(LABELS["name"]) - before[place].count(LABELS["name"])
            masks += labels
            true_masks += min(labels, true[place])
    assert names >= 20
    assert hit / names >= 0.9
    assert true_masks / masks >= 0.9


@pytest.mark.parametrize("year", YEARS)
def test_texts_without_personal_data_are_as_they_were_written(
    examples: dict[int, Example], year: int
) -> None:
    example = examples[year]
    before, after = example.texts(example.cleaned), example.texts(example.masked)
    assert before.keys() == after.keys()
    told = {place for place, _, _, _ in example.spans()}
    changed = {place for place in before if before[place] != after[place]}
    assert len(told - changed) <= 1  # a name that no list knows
    wrongly = changed - told
    assert len(wrongly) <= 1  # a clinic with a first name
    assert all("[namn]" in after[place] for place in wrongly)
    for place in changed:  # what stands between the labels is untouched
        pattern = re.escape(after[place])
        for label in LABELS.values():
            pattern = pattern.replace(re.escape(label), r"[\s\S]{2,60}?")
        assert re.fullmatch(pattern, before[place])


@pytest.mark.parametrize("year", YEARS)
def test_only_texts_change_and_the_ledger_tells_of_it(examples: dict[int, Example], year: int) -> None:
    example = examples[year]
    before, after = example.cleaned.answers, example.masked.answers
    texts = [q.id for q in example.inputs.survey.questions if q.kind == "free_text"]
    pd.testing.assert_frame_equal(before.drop(columns=texts), after.drop(columns=texts))
    assert example.masked.accounting == example.cleaned.accounting
    check(example.masked.ledger, LEDGER, "ledger")
    check(example.masked.review, REVIEW, "review")
    told = example.masked.ledger[example.masked.ledger["rule"].str.startswith("personal_data")]
    assert len(example.masked.ledger) == len(example.cleaned.ledger) + len(told)
    labels = sum(
        text.count(label) for text in example.texts(example.masked).values() for label in LABELS.values()
    )
    assert len(told) == labels
    assert set(told["fate"]) == {"kept"}
    assert told["before"].str.fullmatch(r"characters \d+–\d+").all()
    secrets = {
        text[s:e] for (place, _, s, e) in example.spans() for text in [example.texts(example.cleaned)[place]]
    }
    everything = " ".join(example.masked.ledger.astype("str").to_numpy().ravel())
    assert not any(secret in everything for secret in secrets)


# --- what people decide ---------------------------------------------------------------------------------------


TEXT = "Kontakta Amina Lind eller 070-174 06 31."


@pytest.fixture
def masked_text(examples: dict[int, Example]) -> Callable[..., tuple[str, Cleaned]]:
    """Return a function that masks one text in one answer of 2021, with decisions, and returns both."""
    example = examples[2021]
    question = "ovrigt_text"
    answers = example.cleaned.answers.copy()
    for other in (q.id for q in example.inputs.survey.questions if q.kind == "free_text"):
        answers[other] = pd.Series([None] * len(answers), dtype="str")
    answers.loc[0, question] = TEXT

    def mask(*decisions: Decision) -> tuple[str, Cleaned]:
        cleaned = replace(
            example.cleaned,
            answers=answers,
            ledger=example.cleaned.ledger.head(0),
            review=example.cleaned.review.head(0),
            unmatched_decisions=tuple(d.id for d in decisions),
        )
        done = mask_answers(cleaned, example.inputs.survey, decisions={d.id: d for d in decisions})
        assert answers.loc[0, question] == TEXT  # nothing given is changed
        return str(done.answers.loc[0, question]), done

    return mask


NAME = short_id("personal_data", "ovrigt_text", "Amina Lind")


def test_what_is_uncertain_is_masked_and_asked_about(
    masked_text: Callable[..., tuple[str, Cleaned]], examples: dict[int, Example]
) -> None:
    text, done = masked_text()
    assert text == "Kontakta [namn] eller [telefonnummer]."
    row = int(
        examples[2021]
        .cleaned.submissions.set_index("submission_id")
        .loc[done.answers.loc[0, "submission_id"], "row"]
    )
    assert done.ledger[["row", "rule", "before", "after", "by"]].to_numpy().tolist() == [
        [row, "personal_data.name.uncertain", "characters 10–19", "[namn]", "program"],
        [row, "personal_data.phone", "characters 27–39", "[telefonnummer]", "program"],
    ]
    assert done.review.to_dict("records") == [
        {
            "id": NAME, "kind": "personal_data", "where": f"row {row}", "seen": "Amina Lind",
            "proposals": "mask | keep", "needed_for": "ovrigt_text",
        }
    ]  # fmt: skip


def test_a_decision_to_mask_has_its_author_in_the_ledger(
    masked_text: Callable[..., tuple[str, Cleaned]],
) -> None:
    text, done = masked_text(Decision(NAME, "mask", "N. N.", "2021-11-01", ""))
    assert text == "Kontakta [namn] eller [telefonnummer]."
    assert done.review.empty
    assert done.unmatched_decisions == ()
    assert done.ledger.loc[0, ["rule", "by"]].tolist() == [f"decision.{NAME}", "N. N."]
    assert "Amina" not in " ".join(done.ledger.astype("str").to_numpy().ravel())


def test_a_decision_to_keep_leaves_what_is_uncertain_only(
    masked_text: Callable[..., tuple[str, Cleaned]],
) -> None:
    phone = short_id("personal_data", "ovrigt_text", "070-174 06 31")
    keep = [Decision(i, "keep", "N. N.", "2021-11-01", "") for i in (NAME, phone)]
    text, done = masked_text(*keep)
    assert text == "Kontakta Amina Lind eller [telefonnummer]."
    assert done.review.empty
    assert list(done.ledger["rule"]) == ["personal_data.phone"]
    assert done.unmatched_decisions == (phone,)  # what is certain is no question


def test_a_decision_of_another_kind_does_not_unmask(masked_text: Callable[..., tuple[str, Cleaned]]) -> None:
    with pytest.raises(
        InputError, match=f"the decision 'behåll' of {NAME} cannot be carried out. Decide mask or keep"
    ):
        masked_text(Decision(NAME, "behåll", "N. N.", "2021-11-01", ""))
