"""Files that commands need and nothing provides: payloads, checksums, formats, backups that a rollback restores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import Page, Place, conflict
from signoff.reports.stored.conflict import Conflict

KIND = "undefined-file"
_NEEDED = re.compile(
    r"(?:\bcurl\b[^\n]*?\s(?:-w|--write-out|-d|--data(?:-binary|-raw)?|-K|--config)[ =]*[\"']?@(?P<sent>[\w./-]+\w)"
    r"|\bab\b[^\n]*?\s-p\s+(?P<posted>[\w./-]+\w)"
    r"|\b(?:sha256sum|sha1sum|md5sum|sha512sum)\b[^\n|]*?\s(?:-c|--check)\s+(?P<sums>[\w./-]+\w)"
    r"|^\s*(?:sudo\s+)?cp\s+(?:-\S+\s+)*(?P<backup>[^\s\\]+\.(?:backup|bak|orig|old))\s)",
)
# How many files of one document are looked for.
_MOST = 100
_TELLING = (("curl", "@"), ("ab ", "-p "), ("sum", "-c"), ("sum", "--check"), ("cp ", "."))


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Each missing file of a document once, with every place that needs it."""
    for page in corpus.pages:
        needed: dict[str, list[int]] = {}
        provided: dict[str, _Provided] = {}
        for match, line in (found for words in _TELLING for found in page.find(_NEEDED, *words)):
            name = match[str(match.lastgroup)]
            if name not in provided:
                if len(provided) == _MOST:
                    continue
                provided[name] = _provided(page, name)
            if not provided[name].is_there and not provided[name].lines - {line}:
                needed.setdefault(name, []).append(line)
        for name, lines in needed.items():
            places: list[Place] = [page.side(line, name) for line in dict.fromkeys(lines)]
            why = (
                "the backup that is restored is never made: the rollback fails where it is needed"
                if re.search(r"\.(?:backup|bak|orig|old)$", name)
                else f"{name} is neither written by the document nor beside it: the command ends with an error"
            )
            yield conflict(KIND, name.rsplit("/", 1)[-1], places, why)


@dataclass(frozen=True, slots=True)
class _Provided:
    """Where a text says that a file is made or shows its content, and whether it lies in the document's folder."""

    lines: frozenset[int]
    is_there: bool


def _provided(page: Page, name: str) -> _Provided:
    base = re.escape(name.rsplit("/", 1)[-1])
    written = re.compile(
        rf"\b(?:wget|curl|scp|aria2c)\b[^\n]*/{base}|>{{1,2}}\s*[\"']?\S*{base}|\btee\s+(?:-a\s+)?\S*{base}|\s(?:-o|-O|--output|--local-file)\s*\S*{base}"
        rf"|^\s*(?:#|//)\s*\S*{base}\s*$|^\W*file(?:name)?\W*\S*{base}|\bcp\s+\S+\s+\S*{base}"
        rf"|\b(?:create|write|save|provide)\w*\b[^\n]*{base}",
        re.IGNORECASE | re.MULTILINE,
    )
    lines = frozenset(number for _, number in page.find(written, name.rsplit("/", 1)[-1].lower()))
    folder = Path(page.path).parent.resolve()
    try:
        path = (folder / name).resolve()
        is_there = path.is_relative_to(folder) and path.is_file()
    except (OSError, ValueError):  # no system has a file of such a name
        is_there = False
    return _Provided(lines, is_there)
