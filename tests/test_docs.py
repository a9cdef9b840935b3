"""What the documents show can be used as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from analysis.survey.instrument import Question, Source

DOCS = sorted((Path(__file__).resolve().parents[1] / "docs").glob("*.md"))
BLOCKS = [
    pytest.param(block, id=f"{path.name}-{i}")
    for path in DOCS
    for i, block in enumerate(
        re.findall(r"^```yaml\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
    )
]


@pytest.mark.parametrize("block", BLOCKS)
def test_every_yaml_example_is_valid(block: str) -> None:
    assert isinstance(yaml.safe_load(block), dict)


def test_the_example_of_a_tool_that_is_not_recognised_describes_a_survey() -> None:
    (block,) = (p.values[0] for p in BLOCKS if "header_rows" in str(p.values[0]))
    shown = yaml.safe_load(str(block))
    assert Source.model_validate(shown["source"]).header_rows == (2, 3)
    (question,) = (Question.model_validate(q) for q in shown["questions"])
    assert question.headers() == ("Hur går det? – På jobbet", "Hur går det? – Hemma")
