"""What a document says of its own state against its own dates and boxes, and two tasks with one number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import Page, conflict
from signoff.acceptance.reading.source.wording import has_placeholder
from signoff.reports.stored.conflict import Conflict

KIND = "status"
_DATE = re.compile(r"\b(\d{4}-\d{2}-\d{2})\b")
_BEGUN = re.compile(r"^(?:date )?(?:created|started|start date|opened)\b", re.IGNORECASE)
_ENDED = re.compile(
    r"^(?:date )?(?:completed|completion date|finished|closed|end date|due|deadline|last updated)\b", re.IGNORECASE
)
_DONE = re.compile(r"\b(?:complete|completed|done|finished)\b", re.IGNORECASE)
_NOT_DONE = re.compile(r"\b(?:not|in|partly|partially|\d+ ?%)\b|\bto be\b", re.IGNORECASE)
_OPEN_BOX = re.compile(r"^[^\S\n]*(?:[-*+]|\d+[.)])\s+\[ \]\s", re.MULTILINE)
# How many dates of each kind are compared.
_MOST = 20
_NUMBERS = ("Task Number", "Task ID")


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Ends before beginnings, finished tasks with open boxes, and numbers given twice."""
    for page in corpus.pages:
        yield from _dates(page)
        yield from _boxes(page)
    yield from _numbers(corpus)


def _dates(page: Page) -> Iterator[Conflict]:
    fields = [(name, match[1]) for name, value in page.document.header.items() if (match := _DATE.search(value))]
    beginnings = [(name, begun) for name, begun in fields if _BEGUN.match(name)][:_MOST]
    ends = [(name, ended) for name, ended in fields if _ENDED.match(name)][:_MOST]
    for name, begun in beginnings:
        for other, ended in ends:
            if ended < begun:
                yield conflict(
                    KIND,
                    "dates",
                    [page.side(_line(page, name), begun), page.side(_line(page, other), ended)],
                    f"{other.lower()} {ended} lies before {name.lower()} {begun}: one of the dates is wrong",
                )


def _boxes(page: Page) -> Iterator[Conflict]:
    status = page.document.header.get("Status", "")
    if not _DONE.search(status) or _NOT_DONE.search(status):
        return
    lines = [line + match[0].count("\n", 0, len(match[0]) - 1) for match, line in page.find(_OPEN_BOX)]
    if lines:
        yield conflict(
            KIND,
            "status",
            [page.side(_line(page, "Status"), status), *(page.side(line, "open") for line in lines)],
            f"the task is said to be {status}, and {len(lines)} of its boxes are open: nobody knows what is left",
        )


def _numbers(corpus: Corpus) -> Iterator[Conflict]:
    found: dict[str, list[tuple[Page, str]]] = {}
    for page in corpus.pages:
        for name in _NUMBERS:
            number = page.document.header.get(name, "")
            if number and not has_placeholder(number):
                found.setdefault(number, []).append((page, name))
                break
    for number, pages in found.items():
        if len({page.document.title for page, _ in pages}) > 1:
            yield conflict(
                KIND,
                f"task {number}",
                [page.side(_line(page, name), page.document.title) for page, name in pages],
                f"{len(pages)} tasks have the number {number}: what depends on {number} is open",
            )


def _line(page: Page, name: str) -> int:
    return next((line for line, text in enumerate(page.document.text, 1) if name in text), 1)
