"""Dependencies that one place requires and another excludes, and tasks that wait for each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import Page, Pair, Place, conflict
from signoff.acceptance.reading.source.wording import label_of
from signoff.reports.stored.conflict import Conflict

KIND = "dependency"
_NOT_NEEDED = re.compile(r"^\W*(?:is\s+)?not\s+(?:required|needed|used)\b(?!\s+until)", re.IGNORECASE)
_NEEDED_AS = re.compile(
    r"\b(?:integration|operational|required|connect\w*|integrate|retrieval|functional)\b", re.IGNORECASE
)
_TASK_FIELDS = ("Task Number", "Task ID", "Task")
_MIN_WORDS = 2
# How many systems that one document leaves out are looked for.
_MOST = 50


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Systems that a document leaves out and another demands of the same service; tasks in a circle."""
    for page in corpus.pages:
        names: set[str] = set()
        for line, name in _left_out(page):
            names.add(name)
            if len(names) <= _MOST:
                yield from _demanded(corpus, page, line, name)
    yield from _circles(corpus)


def _left_out(page: Page) -> Iterator[tuple[int, str]]:
    """`Vector Database Server (10.0.0.3): Not required` leaves out a `vector database`."""
    if "not " not in page.lower:
        return
    for block in page.blocks:
        if block.kind != "item":
            continue
        label, rest = label_of(block.text)
        if label and _NOT_NEEDED.match(rest):
            name = re.sub(r"\([^)]*\)|\b(?:server|service|system|cluster)\b", " ", label, flags=re.IGNORECASE)
            name = " ".join(name.lower().split())
            if len(name.split()) >= _MIN_WORDS:
                yield block.line, name


def _demanded(corpus: Corpus, page: Page, line: int, name: str) -> Iterator[Conflict]:
    owner = corpus.owner(page)
    places: list[Place] = []
    pairs: list[Pair] = []
    for other in corpus.pages:
        if corpus.owner(other) != owner or name not in other.lower:
            continue
        for criterion in _needed(corpus, other):
            if other is page and criterion.line == line:
                continue
            if name in criterion.text.lower():
                places.append(other.side(criterion.line, "demanded", criterion.text))
                pairs += [(other.path, criterion.id)] if criterion.judge == "machine" else []
    if places:
        yield conflict(
            KIND,
            name,
            [page.side(line, "not required"), *places],
            f"the {name} is not required in one place and demanded in another: who leaves it out fails the demand",
            pairs,
        )


def _needed(corpus: Corpus, page: Page) -> list[Criterion]:
    """The criteria of a document that demand something of another system."""
    return corpus.once(_needed_of_all)[page.number]


def _needed_of_all(corpus: Corpus) -> list[list[Criterion]]:
    return [
        [criterion for criterion in page.document.criteria if _NEEDED_AS.search(criterion.text)]
        for page in corpus.pages
    ]


def _circles(corpus: Corpus) -> Iterator[Conflict]:
    """Two tasks that each name the other as a dependency."""
    tasks: dict[str, Page] = {}
    for page in corpus.pages:
        header = page.document.header
        number = next((header[name] for name in _TASK_FIELDS if name in header), "")
        if re.fullmatch(r"[\w.-]+", number):
            tasks.setdefault(number, page)
    fields = {number: _field(page) for number, page in tasks.items()}
    named = {number: re.compile(rf"(?<![\w.]){re.escape(number)}(?![\w.]\w)") for number in tasks}
    needs = {
        number: {other for other in tasks if other != number and other in text and named[other].search(text)}
        for number, text in fields.items()
    }
    for number, others in needs.items():
        for other in sorted(others):
            if number in needs[other] and tasks[number].number < tasks[other].number:
                sides = [_place(tasks[number], other), _place(tasks[other], number)]
                message = f"task {number} waits for {other} and {other} for {number}: neither can begin"
                yield conflict(KIND, f"tasks {number} and {other}", sides, message)


def _field(page: Page) -> str:
    return " ".join(value for name, value in page.document.header.items() if re.search("depend", name, re.IGNORECASE))


def _place(page: Page, number: str) -> Place:
    lines = (line for line, text in enumerate(page.document.text, 1) if "depend" in text.lower() and number in text)
    return page.side(next(lines, 1), number)
