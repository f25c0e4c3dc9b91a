"""The conditions of a demand that need nobody: what holds of each deployment under test, and that a request is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from signoff.acceptance.reading.languages.word_table import phrases_of, word_table, words_in

_ROUTE = r"(?:(?:GET|POST|PUT|DELETE|HEAD)\s+)?`?/[\w{}<>:/.*-]*`?"
# From the word that opens a condition to the comma behind it, or to what follows from it.
_CLAUSE = re.compile(
    r"(?:^|(?<=[\s,]))(?:given|when(?:ever)?|while|if|once|and)\s+(?:that\s+)?(?P<text>[^,;]{1,200}?)"
    r"(?=\s*(?:[,;]|\bthen\b|$))",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"\b(?:an?|the|our)\s+", re.IGNORECASE)
_BEGIN = re.compile(r"^\W*(?:[\w.-]{1,12}\W{1,3})?(?:given|when(?:ever)?|while|if|once)\b", re.IGNORECASE)
_LONGEST = 4_000

Span = tuple[int, int]


def understood_conditions(text: str, names: frozenset[str]) -> tuple[Span, ...]:
    """Where a text that opens with conditions states some that nobody has to bring about.

    `names` are those of the service, in lower case. Of a request that is sent, the route is left to the check.
    """
    if _BEGIN.match(text) is None:
        return ()
    return tuple(_spans(text[:_LONGEST], names))


def _spans(text: str, names: frozenset[str]) -> Iterator[Span]:
    tables = _tables()
    for match in _CLAUSE.finditer(text):
        words = words_in(_ARTICLE.sub("", match["text"]))
        if words in tables["always"] or _is_of_service(words, names, tables["states"]):
            yield match.span()
        elif opened := _openings().match(match["text"]):
            yield match.start(), match.start("text") + opened.end()
        elif called := _passives().match(match["text"]):
            yield match.start(), match.start("text")
            yield match.start("text") + called.start("said"), match.start("text") + called.end("said")


def _is_of_service(words: str, names: frozenset[str], states: frozenset[str]) -> bool:
    """Whether a condition says of the service, by its name, that it is there."""
    return any(
        words.endswith(f" {state}") and frozenset(words.removesuffix(state).split()) <= names for state in states
    )


@lru_cache(maxsize=1)
def _tables() -> dict[str, frozenset[str]]:
    return {name: frozenset(phrases_of(word_table("conditions")[name]["words"])) for name in ("always", "states")}


@lru_cache(maxsize=1)
def _openings() -> re.Pattern[str]:
    table = word_table("conditions")
    actors, verbs = (_one_of(phrases_of(table[name]["words"])) for name in ("actors", "sending"))
    # A method in front of a route belongs to the route.
    return re.compile(
        rf"(?:an?\s+|the\s+)?(?:{actors})\s+(?:(?=(?:GET|POST|PUT|DELETE)\s)|(?:{verbs})\b)", re.IGNORECASE
    )


@lru_cache(maxsize=1)
def _passives() -> re.Pattern[str]:
    said = _one_of(phrases_of(word_table("conditions")["sending"]["passive"]))
    return re.compile(rf"{_ROUTE}\s+(?P<said>{said})\b", re.IGNORECASE)


def _one_of(phrases: Iterator[str]) -> str:
    return "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))
