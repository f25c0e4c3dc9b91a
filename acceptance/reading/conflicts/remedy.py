"""Advice that changes nothing, because it sets what is already set."""

from __future__ import annotations

import re
from collections.abc import Iterator

from acceptance.reading.conflicts.configuration import comparable
from acceptance.reading.conflicts.corpus import Corpus
from acceptance.reading.conflicts.page import conflict
from acceptance.reading.document import Conflict

KIND = "remedy"
_ADVICE = re.compile(
    r"(?:^\s*|[.,:;)]\s+|[-*]\s+|\b(?:to|then|or|and|can|should)\s+)"
    r"(?P<verb>reduce|lower|decrease|increase|raise|extend|shorten)\b[^\n=]{0,60}?"
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]{3,})\s*(?:=|\bto\b)\s*(?P<value>\d+(?:\.\d+)?)\b",
    re.IGNORECASE,
)
_VERBS = ("reduce", "lower", "decrease", "increase", "raise", "extend", "shorten")
_DOWN = ("reduce", "lower", "decrease", "shorten")


def find(corpus: Corpus) -> Iterator[Conflict]:
    """`Reduce: X=1` where X is 1, or below; `Increase: X=30` where X is 30, or above."""
    for page in corpus.pages:
        set_to = {setting.spelling.rsplit(".", 1)[-1].lower(): [] for setting in page.document.configuration}  # type: dict[str, list[tuple[int, float]]]
        for setting in page.document.configuration:
            value = comparable(setting.value)
            if isinstance(value, float):
                set_to[setting.spelling.rsplit(".", 1)[-1].lower()].append((setting.line, value))
        if not any(set_to.values()):
            continue
        for match, line in (found for verb in _VERBS for found in page.find(_ADVICE, verb)):
            advised, known = (
                float(match["value"]),
                [found for found in set_to.get(match["name"].lower(), []) if found[0] != line],
            )
            down = match["verb"].lower() in _DOWN
            if known and all(advised >= value if down else advised <= value for _, value in known):
                yield conflict(
                    KIND,
                    match["name"],
                    [page.side(line, match["value"]), *(page.side(at, f"{value:g}") for at, value in known)],
                    f"the advice to {match['verb'].lower()} {match['name']} sets {advised:g}, and it is "
                    f"{known[0][1]:g} already: who follows it changes nothing",
                )
