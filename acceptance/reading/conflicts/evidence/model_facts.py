"""What JSON blocks and file lists say of models: size, context, source, each with its line."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import Page
from signoff.acceptance.reading.source.block import Block

_NAMES = ("name", "model_id", "id", "model")
_TELLING = frozenset({"size_gb", "context_length", "quantization", "source", "context_window", "max_model_len"})
_FAMILY = re.compile(r"(?<![A-Za-z])([A-Za-z]{3,})[ -]?(\d+(?:\.\d+)?)[Bb]\b")
_FILE = re.compile(r"\b([A-Za-z]{3,}-\d+(?:\.\d+)?[Bb][\w.-]*)\s*\(\s*(\d+(?:\.\d+)?)\s*GB\s*\)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
# At how many places a name is looked for.
_MOST_PLACES = 100
_HERE = re.compile(r"<<-?\s*['\"]?(\w+)")
_WORD = re.compile(r"\s*(\w+)")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing said of a model. `model` is its family and size as its heading or its name gives them."""

    page: Page
    model: str
    key: str
    value: Any
    line: int


def family(text: str) -> str:
    """The family and size that a name states, `mistral 3b`, or ""."""
    match = _FAMILY.search(text)
    return f"{match[1]} {match[2]}b".lower() if match else ""


def model_facts(corpus: Corpus) -> list[Fact]:
    """Every fact of every model that the documents describe in JSON or in lists of files."""
    return corpus.once(_facts_of_all)


def _facts_of_all(corpus: Corpus) -> list[Fact]:
    return [fact for page in corpus.pages for fact in _of_page(page)]


def _of_page(page: Page) -> list[Fact]:
    found: list[Fact] = []
    for fence in page.fences:
        for text, line in _texts(fence):
            places: _Places | None = None
            for item in _objects(text):
                places = places or _Places(text)
                found += _facts(page, fence, item, places, line)
    for match, line in page.find(_FILE, "gb", "("):
        found.append(Fact(page, family(match[1]), "size_gb", float(match[2]), line))
    return found


def _texts(fence: Block) -> Iterator[tuple[str, int]]:
    """The JSON of a fence with the line before it: the block itself, or its here-documents."""
    if fence.info.lower().startswith("json"):
        yield fence.text, fence.line
    elif "<<" in fence.text:
        yield from ((text, fence.line + line) for line, text in _written(fence.text.split("\n")))


def _written(lines: list[str]) -> Iterator[tuple[int, str]]:
    """What here-documents hold, each with the index of its first line."""
    ends: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        if (word := _WORD.match(line)) is not None:
            ends.setdefault(word[1], []).append(index)
    free = 0
    for index, line in enumerate(lines):
        if index < free or "<<" not in line:
            continue
        for opening in _HERE.finditer(line):
            there = ends.get(opening[1], [])
            at = bisect_left(there, index + 2)
            if at < len(there):
                free = there[at]
                yield index + 1, "\n".join(lines[index + 1 : free]).rstrip("\n")
                break


def _objects(text: str) -> Iterator[dict[str, Any]]:
    if "size_gb" not in text and "context" not in text and "source" not in text:
        return
    try:
        stack = deque([json.loads(text)])
    except (ValueError, RecursionError):
        return
    while stack:
        value = stack.popleft()
        if isinstance(value, dict):
            if _TELLING & set(value) and any(isinstance(value.get(name), str) for name in _NAMES):
                yield value
            else:
                stack += value.values()
        elif isinstance(value, list):
            stack += value


class _Places:
    """At which lines of a text each word in quotation marks stands."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, list[int]] = {}
        for number, line in enumerate(text.splitlines()):
            for word in dict.fromkeys(_QUOTED.findall(line)):
                self._lines.setdefault(word, []).append(number)

    def first(self, word: str, beside: str) -> int:
        """The first line with both words, else the first line."""
        there = self._lines.get(beside, [])
        numbers = self._lines.get(word, [])[:_MOST_PLACES]
        return next((number for number in numbers if _holds(there, number)), 0)

    def from_line(self, word: str, begin: int) -> int:
        """The first line with a word at a line or behind it, else that line."""
        numbers = self._lines.get(word, [])
        index = bisect_left(numbers, begin)
        return numbers[index] if index < len(numbers) else begin


def _holds(numbers: list[int], number: int) -> bool:
    index = bisect_left(numbers, number)
    return index < len(numbers) and numbers[index] == number


def _facts(page: Page, fence: Block, item: dict[str, Any], places: _Places, before: int) -> Iterator[Fact]:
    name_key = next(name for name in _NAMES if isinstance(item.get(name), str))
    name = str(item[name_key])
    headings = page.headings(fence.line)
    model = (family(headings[-1]) if headings else "") or family(name)
    if not model:
        return
    begin = places.first(name, name_key)
    flat = {**item, **{k: v for part in item.values() if isinstance(part, dict) for k, v in part.items()}}
    for key, value in flat.items():
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            place = places.from_line(key, begin)
            yield Fact(page, model, "name" if key == name_key else key, value, before + 1 + place)
