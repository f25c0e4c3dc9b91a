"""Given, when, then: what follows `then` is asked for, what is before it is its context."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from signoff.acceptance.reading.source.block import Heading
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.source import Source
from signoff.acceptance.reading.source.wording import plain

_STEP = re.compile(
    r"^\W{0,6}(?P<word>Given|When|Then|And|But|Scenario(?: Outline)?|Feature|Background|Examples)\b", re.IGNORECASE
)
_WHOLE = re.compile(r"^\W{0,6}(?:given|when)\b.*\bthen\b", re.IGNORECASE | re.DOTALL)
_FURTHEST = 40


def step_of(text: str) -> str:
    """The keyword that a line begins with, in lower case; "" where it begins with none."""
    match = _STEP.match(text[:80])
    return match["word"].lower() if match is not None else ""


def is_whole(text: str) -> bool:
    """Whether one text holds both the condition and what follows from it."""
    return _WHOLE.match(text) is not None


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
    """The steps that ask for something, each with the steps before it as its context."""
    context: list[str] = []
    asked = False
    for number, line in lines:
        word = step_of(line)
        if word in ("scenario", "scenario outline", "feature", "background", "examples"):
            context, asked = [], False
        elif word in ("given", "when"):
            context, asked = ([] if asked else context) + [plain(line)], False
        elif word in ("and", "but") and not asked:
            context.append(plain(line))
        elif word and (word == "then" or asked) and len(line.split()) > 1:
            asked = True
            column = source.column(number, max(source.lines[number - 1].find(line.strip()), 0))
            yield Statement(
                "bullet", number, column, (number,), plain(line), headings, "demand", context="; ".join(context)
            )
