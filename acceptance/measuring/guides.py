"""Guides in Markdown: their titles and headings, with word counts."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from markdown_it import MarkdownIt

_ENDINGS = re.compile(r"(?:ation(?:al|s)?|ings?|ments?|ers?|ion(?:al|s)?|ed|es|s|e)$")
_UNWRITTEN = re.compile(r"\b(TODO|TBD|FIXME|coming soon|to be written|lorem ipsum)\b", re.IGNORECASE)
SHORTEST_STEM = 3
WRITTEN_WORDS = 100


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading, with the number of words up to the next heading of its level, subheadings included.

    `is_unwritten`: it is short and marked as to be written.
    """

    file: str
    title: str
    words: int
    is_unwritten: bool

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


def chapters(file: str, text: str) -> list[Chapter]:
    """The chapters of a Markdown text; fences and tables count as text."""
    headings: list[tuple[int, str]] = []
    bodies: list[str] = []
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            headings.append((int(token.tag[1:]), tokens[index + 1].content))
            bodies.append("")
        elif token.content and headings and tokens[index - 1].type != "heading_open":
            bodies[-1] += f" {token.content}"
    found = []
    for index, (rank, title) in enumerate(headings):
        end = next((at for at in range(index + 1, len(headings)) if headings[at][0] <= rank), len(headings))
        below = " ".join(bodies[index:end])
        words = len(below.split())
        found.append(Chapter(file, title, words, words < WRITTEN_WORDS and _UNWRITTEN.search(below) is not None))
    return found


def speaks_of(title: str, topic: str) -> bool:
    """Whether a heading contains each word of a topic, in any form: `Deploying` matches `deployment`."""
    stems = _stems(title)
    asked = _stems(topic)
    return bool(asked) and asked <= stems


def _stems(text: str) -> set[str]:
    return {_stem(word) for word in re.findall(r"[^\W_]+", text.lower())}


def _stem(word: str) -> str:
    stem = _ENDINGS.sub("", word)
    return stem if len(stem) >= SHORTEST_STEM else word
