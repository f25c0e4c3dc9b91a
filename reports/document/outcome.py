"""The words and signs of outcomes, and the most serious of several outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from signoff.reports.stored.verdict import Outcome, RunOutcome


@dataclass(frozen=True, slots=True)
class Word:
    """An outcome for people. `tone` names its colour, which never carries meaning alone: sign and word do too."""

    sign: str
    word: str
    tone: str


OUTCOME_WORDS: dict[Outcome, Word] = {
    "fail": Word("✕", "fail", "fail"),
    "error": Word("!", "error", "fail"),
    "not_run": Word("○", "not run", "open"),
    "inconclusive": Word("?", "inconclusive", "open"),
    "not_measurable": Word("⊘", "not measurable", "open"),
    "awaiting_person": Word("☐", "awaiting a person", "person"),
    "attested": Word("✎", "attested", "pass"),
    "pass": Word("✓", "pass", "pass"),
}
SIMULATED_PASS = Word("✓", "pass, simulated", "pass")
"""A pass on the simulated engine is marked beside every verdict."""
RUN_WORDS: dict[RunOutcome, Word] = {
    "passed": Word("✓", "Passed", "pass"),
    "failed": Word("✕", "Failed", "fail"),
    "undecided": Word("?", "Undecided", "open"),
    "invalid": Word("!", "Invalid", "fail"),
}


def worst(outcomes: Iterable[Outcome]) -> Outcome | None:
    """The most serious outcome: the first of `fail, error, not run, ..., pass` that occurs."""
    found = set(outcomes)
    return next((outcome for outcome in OUTCOME_WORDS if outcome in found), None)
