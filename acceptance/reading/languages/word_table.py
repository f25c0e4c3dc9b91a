"""Tables of words, as they are in the files of a language: `{a,b}` stands for a phrase with a and one with b."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_CHOICE = re.compile(r"\{([^{}]*)\}")
_WORD = re.compile(r"[^\W_]+(?:[.'_][^\W_]+)*")


@lru_cache(maxsize=32)
def word_table(name: str, language: str = "en") -> Mapping[str, Any]:
    """A table of a language, as it is in its file."""
    return _read(_FOLDER / language / f"{name}.toml")


def tables_of_kinds() -> Iterator[Mapping[str, Any]]:
    """The tables of what checks understand, those of all languages."""
    yield from map(_read, sorted((*_FOLDER.glob("*/kinds/*.toml"), *_FOLDER.glob("*/kinds.toml"))))


def phrases_of(lines: Iterable[str]) -> Iterator[str]:
    """The phrases that lines of a table stand for, each as its words in lower case."""
    for line in lines:
        for phrase in line.split("|"):
            for chosen in alternatives(phrase.strip()):
                yield words_in(chosen)


def words_in(text: str) -> str:
    """The words of a text in lower case, a blank between two: hyphens, marks and emphasis divide words."""
    return " ".join(_WORD.findall(text.lower().replace("\u2019", "'")))


def alternatives(phrase: str) -> Iterator[str]:
    """A phrase with each of the choices that it holds in braces."""
    match = _CHOICE.search(phrase)
    if match is None:
        yield phrase
        return
    for choice in match[1].split(","):
        yield from alternatives(phrase[: match.start()] + choice + phrase[match.end() :])


def _read(path: Path) -> Mapping[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
