"""The word tables: which words say nothing of their own, which may never be left out, which a check understands.

They are data, in `languages/<code>/`: a phrase with `{a,b}` stands for one phrase with each of the alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, product

from signoff.acceptance.reading.frames.tokens import words_of
from signoff.acceptance.reading.languages.word_table import alternatives, tables_of_kinds, word_table

# A word with the choices that it holds, blanks within braces included.
_WORD = re.compile(r"(?:\{[^{}]*\}|[^\s{}])+")

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Phrases by what they mean. Each table maps the words of a phrase to its meaning.

    `fillers` say nothing of their own, `makers` ask that the thing be there, `never` are negations, quantifiers,
    conditions and comparisons, `qualities` are praise that no check measures, `statistics` name a statistic, and
    `kinds` are what the check of a kind understands.
    """

    fillers: frozenset[Phrase]
    makers: frozenset[Phrase]
    never: frozenset[Phrase]
    qualities: frozenset[Phrase]
    titles: frozenset[Phrase]
    openers: frozenset[Phrase]
    statistics: Mapping[Phrase, str]
    kinds: Mapping[Phrase, frozenset[str]]
    longest: Mapping[str, int]
    """By the word that phrases begin with, how many words the longest of them has."""


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The tables of all languages; what is general is so in English, and the words of kinds are in each."""
    general = word_table("general")
    kinds: dict[Phrase, set[str]] = {}
    for table in tables_of_kinds():
        for names, entry in table.items():
            for phrase in phrases(entry["words"]):
                kinds.setdefault(phrase, set()).update(names.split("+"))
    fillers, makers, never, qualities = (
        frozenset(phrases(general[name]["words"])) for name in ("fillers", "makers", "never", "qualities")
    )
    statistics = {phrase: name for name, words in general["statistics"].items() for phrase in phrases(words)}
    longest: dict[str, int] = {}
    for phrase in chain(fillers, makers, never, qualities, statistics, kinds):
        if phrase and len(phrase) > longest.get(phrase[0], 0):
            longest[phrase[0]] = len(phrase)
    return Lexicon(
        fillers,
        makers,
        never,
        qualities,
        frozenset(phrases(general["titles"]["words"])),
        frozenset(phrases(general["openers"]["words"])),
        statistics,
        {phrase: frozenset(names) for phrase, names in kinds.items()},
        longest,
    )


@lru_cache(maxsize=256)
def sample_words(kind: str, samples: tuple[str, ...]) -> frozenset[str]:
    """The words of a kind's own sentences, where no table says what its check understands."""
    tables = lexicon()
    if any(kind in kinds for kinds in tables.kinds.values()):
        return frozenset()
    return frozenset(word for sample in samples for word in words_of(sample) if (word,) not in tables.never)


def phrases(lines: Iterable[str]) -> Iterator[Phrase]:
    """The phrases that lines of a table stand for: alternatives in braces, phrases parted by `|`."""
    for line in lines:
        for part in line.split("|"):
            # Each word of a phrase is expanded once, however many phrases it is part of.
            for chosen in product(*map(_ways, _WORD.findall(part))):
                yield tuple(chain.from_iterable(chosen))


@lru_cache(maxsize=4096)
def _ways(word: str) -> tuple[Phrase, ...]:
    """What a word with choices may stand for; a choice may hold several words, or none."""
    return tuple(dict.fromkeys(words_of(chosen) for chosen in alternatives(word)))
