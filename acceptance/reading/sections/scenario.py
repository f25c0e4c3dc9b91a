"""Given, when, then: each `then` is one demand, with the conditions before it in front of its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from signoff.acceptance.reading.source.block import Heading
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.source import Source
from signoff.acceptance.reading.source.wording import plain

_STEP = re.compile(
    r"^\W{0,6}(?P<word>Given|When|Then|And|But|Scenario(?: Outline)?|Feature|Background|Examples)\b\W{0,4}",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"^\W{0,6}(?:given|when)\b.*\bthen\b", re.IGNORECASE | re.DOTALL)
_THEN = re.compile(r"\bthen\b[*_]*\s*", re.IGNORECASE)
# In one line, what joins two demands is written as a step is: bold, or in capitals; another `and` is a word.
_AND = re.compile(r",?\s+(?:\*\*(?:and|but)\*\*|__(?:and|but)__|AND|BUT)\s+(?=\S)", re.IGNORECASE)
_BIG = re.compile(r"\*\*|__|AND|BUT")
# `IF the key is missing, THEN THE API SHALL ...`, `WHILE a load runs, THE API SHALL ...`.
_CONDITIONED = re.compile(
    r"^\W{0,6}(?:[A-Z]{1,5}[-_ ]?\d[\d.]*\W{1,4})?(?i:given|when(?:ever)?|while|if|where|once|during)\b"
)
_ASKED = re.compile(r"\bthen\b|,\s+(?=(?:the\s+)?[\w-]+(?:\s+[\w-]+){0,4}?\s+(?:shall|must|should)\b)", re.IGNORECASE)
_FURTHEST = 40
_MOST_CONDITIONS = 9
_LONGEST = 4_000


@dataclass
class Scenario:
    """The steps of a scenario so far: the conditions, and whether a `then` was among them."""

    conditions: list[str] = field(default_factory=list)
    has_asked: bool = False

    def condition(self, word: str, text: str) -> None:
        """Take a step before `then`; one behind it begins another scenario."""
        if self.has_asked:
            self.conditions, self.has_asked = [], False
        self.conditions = [*self.conditions, f"{word.upper()} {_said(text)}"][-_MOST_CONDITIONS:]

    def demand(self, text: str) -> str:
        """The whole scenario in one sentence that ends with what this step asks for."""
        self.has_asked = True
        return ", ".join([*self.conditions, f"THEN {_said(text)}"])


def step_of(text: str) -> str:
    """The keyword that a line begins with, in lower case; "" where it begins with none."""
    match = _STEP.match(text[:80])
    return match["word"].lower() if match is not None else ""


def is_whole(text: str) -> bool:
    """Whether one text holds both the condition and what follows from it."""
    return _WHOLE.match(text) is not None


def demands_of(text: str) -> tuple[tuple[str, int], ...]:
    """The demands of a scenario in one line, each with its conditions in front, and where its own words begin."""
    then = _THEN.search(text)
    if then is None:
        return ((text, 0),)
    conditions, rest = text[: then.end()], text[then.end() :]
    begins = [0]
    ends = []
    for match in _AND.finditer(rest):
        if _BIG.search(match[0]):
            ends.append(match.start())
            begins.append(match.end())
    return tuple(
        (f"{conditions}{rest[begin:end]}", begin and then.end() + begin)
        for begin, end in zip(begins, [*ends, len(rest)], strict=True)
    )


@lru_cache(maxsize=256)
def asked_from(text: str) -> int:
    """Where what is asked begins behind the conditions that a text opens with; 0 where it opens with none."""
    if _CONDITIONED.match(text) is None:
        return 0
    found = _ASKED.search(text, 0, _LONGEST)
    return found.end() if found is not None else 0


def leads_to_then(texts: Sequence[str], index: int) -> bool:
    """Whether the steps from here on come to a `then`, so that they are a scenario and no ordinary sentences."""
    for text in texts[index : index + _FURTHEST]:
        word = step_of(text)
        if word == "then" or is_whole(text):
            return True
        if word not in ("given", "when", "and", "but"):
            return False
    return False


def scenario_statements(
    source: Source, lines: Sequence[tuple[int, str]], headings: tuple[Heading, ...]
) -> Iterator[Statement]:
    """A statement for each step that asks for something; the steps of a background come before each scenario's own."""
    background: list[str] = []
    scenario = Scenario()
    in_background = False
    for number, line in lines:
        word = step_of(line)
        if word in ("scenario", "scenario outline", "feature", "background", "examples"):
            background = scenario.conditions if in_background else [] if word == "feature" else background
            in_background = word == "background"
            scenario = Scenario([] if in_background else list(background))
        elif word in ("given", "when"):
            if scenario.has_asked:
                scenario = Scenario(list(background))
            scenario.condition(word, line)
        elif word in ("and", "but") and not scenario.has_asked:
            scenario.condition(word, line)
        elif word and (word == "then" or scenario.has_asked) and len(line.split()) > 1:
            column = source.column(number, max(source.lines[number - 1].find(line.strip()), 0))
            text = scenario.demand(line)
            yield Statement("bullet", number, column, (number,), text, headings, "demand")


def _said(text: str) -> str:
    """What a step says, without its keyword and its last stop."""
    shown = plain(text)
    match = _STEP.match(shown)
    return shown[match.end() if match is not None else 0 :].rstrip(" .,;")
