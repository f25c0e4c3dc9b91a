"""Addresses at which a service cannot be reached as the document sets it up."""

from __future__ import annotations

import re
from collections.abc import Iterator

from acceptance.reading.conflicts.corpus import Corpus
from acceptance.reading.conflicts.page import Page, Pair, conflict
from acceptance.reading.conflicts.port import published
from acceptance.reading.document import Conflict

KIND = "address"
_LOCAL = re.compile(r"\b(?:https?://)?(?:localhost|127\.0\.0\.1):(?P<port>\d{2,5})\b")
_HIDDEN = re.compile(
    r"\bnot\s+(?:be\s+)?(?:exposed|reachable|available|published|mounted|routed|served)\s+(?:via|through|at|on|by|from)\s+`?(?P<name>[A-Za-z][\w-]{2,})",
    re.IGNORECASE,
)
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
    for service, port, inner, line, _ in mapped:
        if inner in outer or inner == port:
            continue
        if any(use.group("port") == str(port) for use, _ in page.find(_LOCAL, ":")):
            message_used = f", and {port} is used elsewhere"
        else:
            message_used = ""
        uses = [
            number for use, number in page.find(_LOCAL, ":") if int(use["port"]) == inner and not _inside(page, number)
        ]
        if uses:
            pairs: list[Pair] = [
                (page.path, criterion.id)
                for statement in page.document.statements
                if statement.command is not None and statement.command.line in uses
                for criterion in page.document.criteria
                if criterion.line == statement.line and criterion.judge == "machine"
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
    return "docker exec" in text or "healthcheck" in (block.text if block is not None else "")


def _shut(page: Page) -> Iterator[Conflict]:
    for match, line in page.find(_HIDDEN, "not "):
        name = match["name"]
        if name.lower() in _OFTEN:
            continue
        open_at = re.compile(rf"\b{re.escape(name)}:\d{{2,5}}/[\w/.-]*")
        uses = [(use[0], number) for use, number in page.find(open_at, f"{name.lower()}:") if number != line]
        if uses:
            yield conflict(
                KIND,
                name,
                [page.side(line, match[0]), *(page.side(number, text) for text, number in uses)],
                f"it is not to be reached by {name}, and its address is given there: one of the two is wrong, "
                "and who may call it is open",
            )
