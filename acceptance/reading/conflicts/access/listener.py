"""Two ports that one text gives to the same listener: its service, its server, its API."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.acceptance.reading.conflicts.evidence.apart import about, apart, telling
from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import conflict, listed
from signoff.acceptance.reading.conflicts.settings.configuration import MAPPED, OTHER_PORT
from signoff.reports.stored.conflict import Conflict

KIND = "configuration"
_LISTENER = re.compile(r"\b(?:service|server|api|endpoint)\b", re.IGNORECASE)
# What listens beside a service, or in its place for a time.
_BESIDE = re.compile(
    r"\b(?:internal|external|public|private|host|container|forward\w*|redirect\w*|ssl|tls|https?|websockets?|grpc|debug"
    r"|second|additional|also|another|both|other|blue|green|canary|staging|test|old|new|legacy|formerly|backup|workers?"
    r"|nodes?|master|ray|queue|cache|from|instead|not|free|ports|upstream|backend|vector|store|router)\b",
    re.IGNORECASE,
)
_PAIR = 2
# How many demands are compared with each other.
_MOST = 50


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Where neither text names anything that the other does not, both mention the document's one listener."""
    for page in corpus.pages:
        if corpus.scopes(page) or MAPPED.search(page.lower):
            continue
        demands = [item for item in page.document.criteria if item.kind == "port" and item.statement != "config"]
        ports = {int(item.parameters["port"]) for item in demands}
        if (
            len(ports) != _PAIR
            or len(demands) > _MOST
            or len({item.service for item in demands}) != 1
            or len({d.line for d in demands}) == 1
        ):
            continue
        texts = [page.line(item.line) for item in demands]
        if any(OTHER_PORT.search(text) or _BESIDE.search(text) or not _LISTENER.search(text) for text in texts):
            continue
        known = [(item, about(page, item.line, item.text), telling(item.text)) for item in demands]
        pairs = [(one, two) for one in known for two in known if one[0].parameters != two[0].parameters]
        if any(apart(one[1], two[1]) or (one[2] - two[2] and two[2] - one[2]) for one, two in pairs):
            continue
        yield conflict(
            KIND,
            "port",
            [page.side(item.line, item.parameters["port"], item.text) for item in demands],
            f"the port is given as {listed(sorted(ports))} in one text: the service is at one of them at most",
            [(page.path, item.id) for item in demands],
        )
