"""One acronym with two lists behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import Page, Place, conflict
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.wording import plain
from signoff.reports.stored.conflict import Conflict

KIND = "vocabulary"
_ACRONYM = re.compile(r"\b[A-Z]{3,}(?:\+[A-Z]+)*\b")
_SEVERAL = 2
_MIN_MEMBERS = 3
_SHARE = 0.75


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Acronyms that headings of several places spell out, with another word for a letter."""
    found: dict[str, list[tuple[tuple[str, ...], Place]]] = {}
    for page in corpus.pages:
        for block in page.blocks:
            if block.kind != "heading" or (match := _ACRONYM.search(block.text)) is None:
                continue
            members = _members(page, block)
            if _spells(match[0], members):
                found.setdefault(match[0], []).append((members, page.side(block.line, ", ".join(members))))
    for acronym, lists in found.items():
        words = {frozenset(word.lower() for word in members) for members, _ in lists}
        if len(words) >= _SEVERAL:
            unlike = sorted(frozenset.union(*words) - frozenset.intersection(*words))
            yield conflict(
                KIND,
                acronym,
                [place for _, place in lists],
                f"{acronym} is spelled out in {len(words)} ways, unlike in {', '.join(unlike)}: "
                "a task that was checked by one list was not checked by the other",
            )


def _members(page: Page, heading: Block) -> tuple[str, ...]:
    """The headings right below, else the first column of the table below."""
    level = int(heading.info)
    words: list[str] = []
    for index in range(page.index(heading.line + 1), len(page.blocks)):
        block = page.blocks[index]
        if block.kind == "heading":
            if int(block.info) <= level:
                break
            if int(block.info) == level + 1:
                words.append(plain(block.text).rstrip(":"))
        elif block.kind == "row" and block.cells:
            words.append(plain(block.cells[0].text))
    return tuple(word for word in words if word)


def _spells(acronym: str, members: tuple[str, ...]) -> bool:
    """Whether the words begin with the acronym's letters, for the most part."""
    letters = acronym.replace("+", "")
    initials = "".join(word[0].upper() for word in members)
    if not _MIN_MEMBERS <= len(members) <= len(letters) + 3 or any(len(word.split()) > 1 for word in members):
        return False
    shared = sum(min(letters.count(letter), initials.count(letter)) for letter in set(letters))
    return shared >= _SHARE * len(letters)
