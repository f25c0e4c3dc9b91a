"""A word that nobody knows, put anywhere into a demand that a machine judges, sends the demand to a person."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signoff.acceptance.reading import Document

SAMPLES = tomllib.loads((Path(__file__).parents[1] / "frames" / "samples.toml").read_text(encoding="utf-8"))
# A clause of its own may be a criterion of its own, so that these sentences have one clause each.
SENTENCES = [
    sentence
    for each in SAMPLES.values()
    for sentence in each["asks"]
    if not re.search(r"[,;:()]|\band\b|\bbut\b|\bthen\b|\bor\b", sentence, re.IGNORECASE)
]
Read = Callable[[str], Document]
words = st.from_regex(r"(?:zq|xv|qk)[a-z]{3,9}", fullmatch=True)


def judges(read: Read, sentence: str, word: str = "\n") -> list[str]:
    """The machine criteria of a sentence; none where a check looks for the word itself, as for a guide's heading."""
    document = read(f"# Heron\n\n## Acceptance Criteria\n\n- [ ] {sentence}\n")
    machine = [found for found in document.criteria if found.judge == "machine"]
    if any(word in (found.judged_as or "") for found in machine):
        return []
    return [found.kind for found in machine]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_without_the_word_a_machine_judges_it(read: Read, sentence: str) -> None:
    assert judges(read, sentence)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sentence=st.sampled_from(SENTENCES), word=words, place=st.integers(min_value=0, max_value=40))
def test_an_unknown_word_anywhere_sends_a_demand_to_a_person(read: Read, sentence: str, word: str, place: int) -> None:
    parts = sentence.split(" ")
    at = place % (len(parts) + 1)
    changed = " ".join([*parts[:at], word, *parts[at:]])
    assert judges(read, changed, word) == [], changed
