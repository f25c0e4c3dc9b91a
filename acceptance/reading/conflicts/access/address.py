"""Addresses at which a service cannot be reached as the document sets it up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from signoff.acceptance.reading.conflicts.access.port import published
from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import Page, Pair, conflict
from signoff.reports.stored.conflict import Conflict

KIND = "address"
_LOCAL = re.compile(r"\b(?:https?://)?(?:localhost|127\.0\.0\.1):(?P<port>\d{2,5})\b")
_HIDDEN = re.compile(
    r"\bnot\s+(?:be\s+)?(?:exposed|reachable|available|published|mounted|routed|served)\s+(?:via|through|at|on|by|from)\s+`?(?P<name>[A-Za-z][\w-]{2,})",
    re.IGNORECASE,
)
# How many doors are looked for.
_MOST = 50
_OFTEN = frozenset("the this that any our its port ports internet public default all same".split())


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Ports of the host that nothing publishes, and doors that are said to be shut and used."""
    for page in corpus.pages:
        if "ports:" in page.lower:
            yield from _unpublished(page)
        if "not " in page.lower:
            yield from _shut(page)


def _unpublished(page: Page) -> Iterator[Conflict]:
    """`8002:8000` publishes 8002: on the host, localhost:8000 is nobody, or somebody else."""
    mapped = list(published(page))
    outer = {port for _, port, _, _, _ in mapped}
    asked: dict[int, list[int]] = {}
    spellings: set[str] = set()
    for use, number in page.find(_LOCAL, ":") if mapped else ():
        asked.setdefault(int(use["port"]), []).append(number)
        spellings.add(use["port"])
    for service, port, inner, line, _ in mapped:
        if inner in outer or inner == port:
            continue
        message_used = f", and {port} is used elsewhere" if str(port) in spellings else ""
        uses = [number for number in asked.get(inner, ()) if not _inside(page, number)]
        if uses:
            lines = set(uses)
            pairs: list[Pair] = [
                pair
                for statement in page.document.statements
                if statement.command is not None and statement.command.line in lines
                for pair in page.criteria(statement.line)
            ]
            yield conflict(
                KIND,
                f"localhost:{inner}",
                [page.side(line, f"{port}:{inner}"), *(page.side(number, f"localhost:{inner}") for number in uses)],
                f"{service} is published on port {port} of the host, and commands ask localhost:{inner}{message_used}: "
                "there nothing answers, or another service",
                pairs,
            )
            return


def _inside(page: Page, line: int) -> bool:
    """Whether a command runs in the container, where its own port counts."""
    text = page.line(line)
    block = page.block(line)
    return "docker exec" in text or (block is not None and _checks_health(block.text))


@lru_cache(maxsize=256)
def _checks_health(text: str) -> bool:
    """Kept by text: each of the many commands of one block asks the same."""
    return "healthcheck" in text


def _shut(page: Page) -> Iterator[Conflict]:
    open_at: dict[str, list[tuple[str, int]]] = {}
    for match, line in page.find(_HIDDEN, "not "):
        name = match["name"]
        if name.lower() in _OFTEN or (name not in open_at and len(open_at) >= _MOST):
            continue
        if name not in open_at:
            pattern = re.compile(rf"\b{re.escape(name)}:\d{{2,5}}/[\w/.-]*")
            open_at[name] = [(use[0], number) for use, number in page.find(pattern, f"{name.lower()}:")]
        uses = [(text, number) for text, number in open_at[name] if number != line]
        if uses:
            yield conflict(
                KIND,
                name,
                [page.side(line, match[0]), *(page.side(number, text) for text, number in uses)],
                f"it is not to be reached by {name}, and its address is given there: one of the two is wrong, "
                "and who may call it is open",
            )
