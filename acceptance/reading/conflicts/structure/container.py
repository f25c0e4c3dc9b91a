"""Containers that commands name and no compose file defines."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import conflict
from signoff.reports.stored.conflict import Conflict

KIND = "container"
_USE = re.compile(
    r"\bdocker\s+(?:exec|logs|stats|restart|stop|start|kill|inspect|top|port)\s+(?:-\S+\s+)*(?P<name>[a-z][\w.-]*\w)"
)
_NAMED = re.compile(r"\bcontainer_name\s*:\s*[\"']?([\w.-]+)|\bdocker\s+(?:run|create)\b[^\n]*?--name[= ]([\w.-]+)")
_SERVICE = re.compile(r"(?P<indent>[^\S\n]+)(?P<name>[\w.-]+):[^\S\n]*(?:#.*)?$")
_NUMBERED = re.compile(r"([\w.-]+)[-_]\d+")
# Longer than any name of a container.
_LONGEST = 300


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
            found = [
                (line, match)
                for line, text in enumerate(fence.text.split("\n"), fence.line + 1)
                if (match := _SERVICE.match(text)) is not None
            ]
            least = min((len(match["indent"]) for _, match in found), default=0)
            services |= {match["name"]: line for line, match in found if len(match["indent"]) <= least}
        order = {name: place for place, name in enumerate(services)}
        uses: dict[str, list[int]] = {}
        for match, line in page.find(_USE, "docker"):
            name = match["name"][:_LONGEST]
            if name not in named and not _made(name, order) and _like(name, order):
                uses.setdefault(name, []).append(line)
        for name, lines in uses.items():
            service = _like(name, order)
            yield conflict(
                KIND,
                name,
                [*(page.side(line, name) for line in lines), page.side(services[service], service)],
                f"no container is named {name}: compose makes one called PROJECT-{service}-1 of the service {service}, "
                "so the commands find nothing",
            )


def _made(name: str, services: Collection[str]) -> bool:
    """Whether compose itself makes this name of a service: PROJECT-SERVICE-1, or with underscores."""
    numbered = _NUMBERED.fullmatch(name)
    return numbered is not None and any(end in services for end in _ends(numbered[1]))


def _like(name: str, services: Mapping[str, int]) -> str:
    """The service that a container's name mentions, the first of several; `services` are numbered."""
    ends = [end for end in (name, *_ends(name)) if end in services]
    return min(ends, key=services.__getitem__, default="")


def _ends(name: str) -> Iterator[str]:
    """What is behind each hyphen and underscore of a name."""
    return (name[at + 1 :] for at in range(1, len(name)) if name[at] in "-_")
