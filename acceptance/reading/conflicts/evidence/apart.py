"""Whether two demands of one document are about different things, although they limit the same quantity.

A table of machines, a list of components and a section for each of several parts state the same quantity for each of
them. Names, labels, parent items and headings distinguish them; words that any demand may hold do not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from signoff.acceptance.reading.conflicts.evidence.page import Page
from signoff.acceptance.reading.source.wording import plain

_WORD = re.compile(r"[A-Za-z][\w.]*(?:-[\w.]+)*")
_LABEL = re.compile(r"^\s*(?=\S)((?:[^:;().]|[.:](?=\w)){1,60}?)\s*:\s")
_ITEM = re.compile(r"^(?P<indent>\s*)(?:[-*+]|\d+[.)])\s+(?P<text>\S.*)$")
# `Latency, p95` and `Latency, p99` are one latency.
_PERCENTILE = re.compile(r"t?p\d{2}(?:\.\d+)?")
# Words of demands, headings and labels that name no part of a system.
_NUMBERED = re.compile(r"[A-Za-z][^-]*-[^\d]*\d")
_COMMON = frozenset(
    """
    a all an and any are as at average be below by each every for from has have in is it its least less limit
    limits mean median minimum maximum max min more most must no not of on only or over per should stay stays
    than the this to total its their under up usage use used uses using when where while will with within
    percentile peak target targets goal goals latency latencies response responses reply answer answers time
    times throughput rate rates request requests memory ram cpu core cores vcpu vcpus gpu performance speed load
    context length window tokens token concurrency coverage inference generation completion completions model
    models service services server system api endpoint endpoints application app deployment deployed task
    project accepted achieved meets met keeps kept measured operational works working functional validated
    verified tested confirmed required requires need needs available allocated allocation allocations reserved
    criteria criterion success acceptance exit requirement requirements testing tests test validation
    verification verify quality completion checklist check checks list summary overview objective objectives
    primary secondary purpose scope description introduction background goals non-functional functional
    technical implementation details configuration configure config settings setting environment variables
    variable files file env yaml json toml python docker compose resource resources constraints constraint
    hardware infrastructure benchmark benchmarks metrics metric monitoring observability smart st measurable
    specific achievable relevant architecture alignment compliance integration section part phase step steps day
    days final results result expected expectations commands command command-line quantity figures figure sla
    slas slo slos service-level operations mandatory optional notes note general main key core basic our we you
    user users production conversational
    """.split()
)
_MOST_UP = 40


@dataclass(frozen=True, slots=True)
class About:
    """What a text at its line is about: words of its label, names in it, words of its heading and its parent item."""

    label: frozenset[str]
    names: frozenset[str]
    topic: frozenset[str]
    parent: frozenset[str]
    nested: bool


def about(page: Page, line: int, text: str) -> About:
    """The words that distinguish a demand from others."""
    item = _ITEM.match(page.line(line))
    nested = item is not None and bool(item["indent"])
    return About(_label(text), _names(text), _topic(page, line), _parent(page, line) if nested else frozenset(), nested)


def apart(one: About, other: About) -> bool:
    """Whether two demands of one document name different things."""
    # Each names something that the other does not: `NVIDIA L4` and `NVIDIA T4`.
    if any(first - second and second - first for first, second in ((one.label, other.label), (one.names, other.names))):
        return True
    if one.topic and other.topic and one.topic.isdisjoint(other.topic):
        return True
    # Items nested in two items belong to those; `Model` and `Cache Server` are two, though `model` names no part.
    both_nested = bool(one.parent or other.parent) and one.nested and other.nested
    return both_nested and one.parent.isdisjoint(other.parent)


@lru_cache(maxsize=4096)
def telling(text: str) -> frozenset[str]:
    """The words of a text that distinguish it from other demands."""
    words = (found.lower().rstrip(".") for found in _WORD.findall(text))
    return frozenset(word for word in words if word not in _COMMON and not _PERCENTILE.fullmatch(word))


def _label(text: str) -> frozenset[str]:
    """The telling words of what a text begins with, before its colon."""
    match = _LABEL.match(text)
    return telling(match[1]) if match is not None else frozenset()


@lru_cache(maxsize=4096)
def _names(text: str) -> frozenset[str]:
    """Names: words with a capital, or of letters and figures; units and words of the language are none."""
    words = [word for word in _WORD.findall(text) if word.lower() not in _COMMON]
    return frozenset(
        word.lower() for word in words if (word[0].isupper() and not word.isupper()) or _NUMBERED.match(word)
    )


def _topic(page: Page, line: int) -> frozenset[str]:
    headings = page.headings(line)
    return telling(headings[-1]) if headings else frozenset()


def _parent(page: Page, line: int) -> frozenset[str]:
    """The telling words of the item that an item is nested in."""
    own = _ITEM.match(page.line(line))
    if own is None or not own["indent"]:
        return frozenset()
    for number in range(line - 1, max(line - _MOST_UP, 0), -1):
        above = _ITEM.match(page.line(number))
        if above is not None and len(above["indent"]) < len(own["indent"]):
            return telling(plain(above["text"]))
        if page.line(number).startswith("#"):
            break
    return frozenset()
