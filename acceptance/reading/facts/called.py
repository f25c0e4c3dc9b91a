"""How a document calls its service: by its title, its settings, its headings, and the actor of its sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from signoff.acceptance.reading.frames.lexicon import lexicon
from signoff.acceptance.reading.frames.tokens import words_of

_ACTOR = re.compile(r"\b[Tt](?:he|HE)\s+([A-Z]\w+)\s+(?:SHALL|MUST|shall|must)\b")
_FEWEST_SENTENCES, _MOST_OF = 3, 0.4
# What a service may be called by instead of its name where the title says that it is one.
_SORTS = frozenset({"gateway", "proxy", "router"})
_NAME = re.compile(r"\b(?=\w*[A-Z\d])[\w.-]*\w")


def names_in(
    lines: Sequence[str], service_name: str, services: tuple[str, ...], models: tuple[str, ...] = ()
) -> frozenset[str]:
    """The words by which a document calls its service and its models, in lower case, and each name as one word."""
    called = (" ".join(_title_names(lines)), service_name, *services, *models, _actor(lines))
    words = frozenset(word for name in called for word in words_of(name))
    return words | {"".join(words_of(name)) for name in (*called, *_spelled_out(lines, services)) if name}


def _title_names(lines: Sequence[str]) -> Iterator[str]:
    """The words of the title that may be names: not those of common speech, which narrow what they are beside."""
    title = next((line.lstrip("# ") for line in lines if line.startswith("# ")), "")[:200]
    never = lexicon().never
    yield from (name for name in _NAME.findall(title) if words_of(name) not in never)
    yield from (word for word in words_of(title) if word in _SORTS)


def _spelled_out(lines: Sequence[str], services: tuple[str, ...]) -> Iterator[str]:
    """The services as headings spell them: `Mixtral-8x7B` of the service `mixtral`."""
    if not services:
        return
    spelled = re.compile(rf"\b(?:{'|'.join(map(re.escape, services))})(?:[-_.]\w+)+", re.IGNORECASE)
    for line in lines:
        if line.startswith("#"):
            yield from spelled.findall(line[:200])


def _actor(lines: Sequence[str]) -> str:
    """Of whom most sentences of the form `THE Otter_API SHALL` ask something: that is the service under test."""
    found = Counter(match[1] for line in lines for match in _ACTOR.finditer(line[:2000]))
    (name, count), *_ = found.most_common(1) or [("", 0)]
    return name if count >= _FEWEST_SENTENCES and count >= _MOST_OF * found.total() else ""
