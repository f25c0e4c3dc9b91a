"""Advice that changes nothing, because it sets what is already set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import conflict
from signoff.acceptance.reading.settings.setting_values import comparable
from signoff.reports.stored.conflict import Conflict

KIND = "remedy"
_ADVICE = re.compile(
    r"(?:^\s*|[.,:;)]\s+|[-*]\s+|\b(?:to|then|or|and|can|should)\s+)"
    r"(?P<verb>reduce|lower|decrease|increase|raise|extend|shorten)\b[^\n=]{0,60}?"
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]{3,})\s*(?:=|\bto\b)\s*(?P<value>\d+(?:\.\d+)?)\b",
    re.IGNORECASE,
)
_VERBS = ("reduce", "lower", "decrease", "increase", "raise", "extend", "shorten")
_DOWN = ("reduce", "lower", "decrease", "shorten")


class _Extremes:
    """The least and the greatest of values with their lines, whichever one line is left out."""

    def __init__(self, found: Sequence[tuple[int, float]]) -> None:
        self._least = _two(found, 1.0)
        self._most = _two(found, -1.0)

    def is_no_change(self, advised: float, line: int, down: bool) -> bool:
        """Whether the advice changes none of the values that stand on other lines; False where there are none."""
        others = [value for at, value in (self._most if down else self._least) if at != line]
        return bool(others) and (advised >= others[0] if down else advised <= others[0])


def _two(found: Sequence[tuple[int, float]], sign: float) -> list[tuple[int, float]]:
    """The first of the values in one direction, and the first of those on other lines than it."""
    first = min(found, key=lambda entry: sign * entry[1])
    others = [entry for entry in found if entry[0] != first[0]]
    return [first, *([min(others, key=lambda entry: sign * entry[1])] if others else [])]


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
        extremes = {name: _Extremes(found) for name, found in set_to.items() if found}
        for match, line in (found for verb in _VERBS for found in page.find(_ADVICE, verb)):
            advised, name = float(match["value"]), match["name"].lower()
            down = match["verb"].lower() in _DOWN
            if name in extremes and extremes[name].is_no_change(advised, line, down):
                known = [found for found in set_to[name] if found[0] != line]
                yield conflict(
                    KIND,
                    match["name"],
                    [page.side(line, match["value"]), *(page.side(at, f"{value:g}") for at, value in known)],
                    f"the advice to {match['verb'].lower()} {match['name']} sets {advised:g}, and it is "
                    f"{known[0][1]:g} already: who follows it changes nothing",
                )
