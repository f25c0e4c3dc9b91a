"""Placeholders of a template that are to be filled with one value and have two names, or are explained nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import Page, conflict, listed
from signoff.acceptance.reading.settings.names import ALIASES
from signoff.reports.stored.conflict import Conflict

KIND = "placeholder"
_NAME = re.compile(r"\[(?P<name>[a-z][a-z0-9]*(?:_[a-z0-9]+)*)\](?!\()")
_INDEX = re.compile(r"(?<=[\w)\]])\[([a-z][a-z0-9_]*)\]")
_EXPLAINED = re.compile(r"\breplace\s+`?\[(?P<name>\w+)\]", re.IGNORECASE)
# Words that say in which unit or form a value is given, not which value it is.
_FORM = frozenset("number ms s sec seconds gb mb rps value".split())
_SEVERAL = 2


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Pairs of names for one value, and names that the template's own list of replacements leaves out."""
    for page in corpus.pages:
        uses: dict[str, list[int]] = {}
        for match, line in page.find(_NAME):
            block = page.block(line)
            if block is not None and (block.kind == "fence" or "_" in match["name"]):
                uses.setdefault(match["name"], []).append(line)
        code: dict[int, frozenset[str]] = {}
        uses = {name: lines for name, lines in uses.items() if len(name) > 1 and not _is_code(page, name, lines, code)}
        if len(uses) >= _SEVERAL:
            yield from _two_names(page, uses)
            yield from _unexplained(page, uses)


def _is_code(page: Page, name: str, lines: list[int], code: dict[int, frozenset[str]]) -> bool:
    """`values[index]` of a program is no placeholder; `code` keeps what was found in a line."""
    for line in lines:
        if line not in code:
            code[line] = frozenset(_INDEX.findall(page.line(line)))
        if name not in code[line]:
            return False
    return True


def _two_names(page: Page, uses: dict[str, list[int]]) -> Iterator[Conflict]:
    groups: list[set[str]] = []
    first: dict[str, int] = {}
    for names in (*_of_one_setting(page), *_of_one_meaning(list(uses))):
        known = {name for name in names if name in uses}
        if len(known) < _SEVERAL:
            continue
        index = min((first[name] for name in known if name in first), default=len(groups))
        if index == len(groups):
            groups.append(set())
        groups[index] |= known
        for name in known:
            first[name] = min(first.get(name, index), index)
    for group in groups:
        ordered = sorted(group, key=lambda name: (uses[name][0], name))
        places = [page.side(line, f"[{name}]") for name in ordered for line in dict.fromkeys(uses[name])]
        named = " and ".join(f"[{name}]" for name in ordered)
        message = f"{named} stand for one value: filled in separately, they can come to differ"
        yield conflict(KIND, ordered[0], places, message)


def _of_one_setting(page: Page) -> Iterator[set[str]]:
    """Placeholders that are in one setting, written in several forms."""
    found: dict[str, set[str]] = {}
    known: dict[tuple[int, bool], set[str]] = {}
    for setting in page.document.configuration:
        name = re.sub(r"^\[[^\]]*\]_", "", setting.name)
        key = (setting.line, setting.form == "env")
        if key not in known:
            value = page.line(setting.line).partition("=" if setting.form == "env" else ":")[2]
            known[key] = {match["name"] for match in _NAME.finditer(value)}
        names = known[key]
        if len(names) == 1:
            found.setdefault(ALIASES.get(name, name), set()).update(names)
    yield from found.values()


def _of_one_meaning(names: list[str]) -> Iterator[set[str]]:
    """Names of the same words, the words for a unit left aside: `latency_target`, `target_latency_ms`."""
    by_words: dict[frozenset[str], set[str]] = {}
    for name in names:
        words = frozenset(name.split("_"))
        by_words.setdefault(words - _FORM or words, set()).add(name)
    yield from by_words.values()


def _unexplained(page: Page, uses: dict[str, list[int]]) -> Iterator[Conflict]:
    explained = {match["name"].lower(): line for match, line in page.find(_EXPLAINED)}
    left = [name for name in uses if name not in explained]
    if len(explained) < _SEVERAL or not left:
        return
    places = [page.side(line, "the list of replacements") for line in list(explained.values())[:1]]
    yield conflict(
        KIND,
        "list of replacements",
        [*places, *(page.side(uses[name][0], f"[{name}]") for name in left)],
        f"the list of replacements does not name {listed(f'[{name}]' for name in left)}: "
        "who follows it leaves them in the document",
    )
