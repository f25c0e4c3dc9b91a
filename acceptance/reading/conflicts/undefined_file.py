"""Files that commands need and nothing provides: payloads, checksums, formats, backups that a rollback restores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from acceptance.reading.conflicts.corpus import Corpus
from acceptance.reading.conflicts.page import Page, Place, conflict
from acceptance.reading.document import Conflict

KIND = "undefined-file"
_NEEDED = re.compile(
    r"(?:\bcurl\b[^\n]*?\s(?:-w|--write-out|-d|--data(?:-binary|-raw)?|-K|--config)[ =]*[\"']?@(?P<sent>[\w./-]+\w)"
    r"|\bab\b[^\n]*?\s-p\s+(?P<posted>[\w./-]+\w)"
    r"|\b(?:sha256sum|sha1sum|md5sum|sha512sum)\b[^\n|]*?\s(?:-c|--check)\s+(?P<sums>[\w./-]+\w)"
    r"|^\s*(?:sudo\s+)?cp\s+(?:-\S+\s+)*(?P<backup>[^\s\\]+\.(?:backup|bak|orig|old))\s)",
)
_TELLING = (("curl", "@"), ("ab ", "-p "), ("sum", "-c"), ("sum", "--check"), ("cp ", "."))


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Each missing file of a document once, with every place that needs it."""
    for page in corpus.pages:
        needed: dict[str, list[int]] = {}
        for match, line in (found for words in _TELLING for found in page.find(_NEEDED, *words)):
            name = match[str(match.lastgroup)]
            if not _provided(page, name, line):
                needed.setdefault(name, []).append(line)
        for name, lines in needed.items():
            places: list[Place] = [page.side(line, name) for line in dict.fromkeys(lines)]
            why = (
                "the backup that is restored is never made: the rollback fails where it is needed"
                if re.search(r"\.(?:backup|bak|orig|old)$", name)
                else f"{name} is neither written by the document nor beside it: the command ends with an error"
            )
            yield conflict(KIND, name.rsplit("/", 1)[-1], places, why)


def _provided(page: Page, name: str, line: int) -> bool:
    """Whether a command writes the file, the text shows its content, or it lies in the document's folder."""
    base = re.escape(name.rsplit("/", 1)[-1])
    written = re.compile(
        rf"\b(?:wget|curl|scp|aria2c)\b[^\n]*/{base}|>{{1,2}}\s*[\"']?\S*{base}|\btee\s+(?:-a\s+)?\S*{base}|\s(?:-o|-O|--output|--local-file)\s*\S*{base}"
        rf"|^\s*(?:#|//)\s*\S*{base}\s*$|^\W*file(?:name)?\W*:?\W*`?\S*{base}|\bcp\s+\S+\s+\S*{base}"
        rf"|\b(?:create|write|save|provide)\w*\b[^\n]*{base}",
        re.IGNORECASE | re.MULTILINE,
    )
    if any(number != line for _, number in page.find(written, name.rsplit("/", 1)[-1].lower())):
        return True
    folder = Path(page.path).parent.resolve()
    path = (folder / name).resolve()
    return path.is_relative_to(folder) and path.is_file()
