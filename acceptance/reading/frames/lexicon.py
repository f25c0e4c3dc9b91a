"""The word tables: which words say nothing of their own, which may never be left out, which a check understands.

They are data, in `languages/<code>/`: a phrase with `{a,b}` stands for one phrase with each of the alternatives.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from signoff.acceptance.reading.frames.tokens import words_of

_LANGUAGES = Path(__file__).parent.parent / "languages"
_CHOICE = re.compile(r"\{([^{}]*)\}")

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Phrases by what they mean. Each table maps the words of a phrase to its meaning.

    `fillers` say nothing of their own, `makers` ask that the thing be there, `never` are negations, quantifiers, conditions and comparisons, `qualities` are
    praise that no check measures, `statistics` name a statistic, and `kinds` are what the check of a kind understands.
    """

    fillers: frozenset[Phrase]
    makers: frozenset[Phrase]
    never: frozenset[Phrase]
    qualities: frozenset[Phrase]
    titles: frozenset[Phrase]
    openers: frozenset[Phrase]
    statistics: Mapping[Phrase, str]
    kinds: Mapping[Phrase, frozenset[str]]
    longest: int


@lru_cache(maxsize=4)
def lexicon(language: str = "en") -> Lexicon:
    """The tables of a language."""
    folder = _LANGUAGES / language
    general = _table(folder / "general.toml")
    kinds: dict[Phrase, set[str]] = {}
    for file in sorted((folder / "kinds").glob("*.toml")):
        for names, entry in _table(file).items():
            for phrase in phrases(entry["words"]):
                kinds.setdefault(phrase, set()).update(names.split("+"))
    fillers, makers, never, qualities = (
        frozenset(phrases(general[name]["words"])) for name in ("fillers", "makers", "never", "qualities")
    )
    statistics = {phrase: name for name, words in general["statistics"].items() for phrase in phrases(words)}
    everything = (*fillers, *makers, *never, *qualities, *statistics, *kinds)
    return Lexicon(
        fillers,
        makers,
        never,
        qualities,
        frozenset(phrases(general["titles"]["words"])),
        frozenset(phrases(general["openers"]["words"])),
        statistics,
        {phrase: frozenset(names) for phrase, names in kinds.items()},
        max(map(len, everything)),
    )


def phrases(lines: Iterable[str]) -> Iterator[Phrase]:
    """The phrases that lines of a table stand for: alternatives in braces, phrases parted by `|`."""
    for line in lines:
        for part in line.split("|"):
            for phrase in _chosen(part.strip()):
                yield words_of(phrase)


def _chosen(phrase: str) -> Iterator[str]:
    match = _CHOICE.search(phrase)
    if match is None:
        yield phrase
        return
    for choice in match[1].split(","):
        yield from _chosen(phrase[: match.start()] + choice + phrase[match.end() :])


def _table(path: Path) -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
