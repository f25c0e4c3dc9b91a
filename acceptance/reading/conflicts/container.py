"""Containers that commands name and no compose file names so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from acceptance.reading.conflicts.corpus import Corpus
from acceptance.reading.conflicts.page import conflict
from acceptance.reading.document import Conflict

KIND = "container"
_USE = re.compile(
    r"\bdocker\s+(?:exec|logs|stats|restart|stop|start|kill|inspect|top|port)\s+(?:-\S+\s+)*(?P<name>[a-z][\w.-]*\w)"
)
_NAMED = re.compile(r"\bcontainer_name\s*:\s*[\"']?([\w.-]+)|\bdocker\s+(?:run|create)\b[^\n]*?--name[= ]([\w.-]+)")
_SERVICE = re.compile(r"^(?P<indent>\s+)(?P<name>[\w.-]+):\s*(?:#.*)?$", re.MULTILINE)


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Names of `docker` commands that are none of the containers a compose file of the document makes."""
    for page in corpus.pages:
        if "docker" not in page.lower:
            continue
        composed = [fence for fence in page.fences if re.search(r"^services:", fence.text, re.MULTILINE)]
        if not composed:
            continue
        named = {name for match, _ in page.find(_NAMED) for name in match.groups() if name}
        services: dict[str, int] = {}
        for fence in composed:
            for match in _SERVICE.finditer(fence.text):
                if len(match["indent"]) <= min(len(other["indent"]) for other in _SERVICE.finditer(fence.text)):
                    services[match["name"]] = fence.line + 1 + fence.text.count("\n", 0, match.start("name"))
        uses: dict[str, list[int]] = {}
        for match, line in page.find(_USE, "docker"):
            name = match["name"]
            # What compose itself makes of a service: PROJECT-SERVICE-1, or with underscores.
            made = any(re.fullmatch(rf"[\w.-]+[-_]{re.escape(service)}[-_]\d+", name) for service in services)
            if name not in named and not made and _like(name, services):
                uses.setdefault(name, []).append(line)
        for name, lines in uses.items():
            service = _like(name, services)
            yield conflict(
                KIND,
                name,
                [*(page.side(line, name) for line in lines), page.side(services[service], service)],
                f"no container is named {name}: compose makes one called PROJECT-{service}-1 of the service {service}, "
                "so the commands find nothing",
            )


def _like(name: str, services: dict[str, int]) -> str:
    """The service that a container's name speaks of."""
    return next(
        (service for service in services if name == service or re.search(rf"[-_]{re.escape(service)}$", name)), ""
    )
