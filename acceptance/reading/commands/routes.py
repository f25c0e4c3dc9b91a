"""Routes that a sentence names: `GET /health`, `/v1/models`, a curl in a code span, `the health endpoint`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from signoff.acceptance.reading.commands.curl import read_curl
from signoff.acceptance.reading.search.sought import Sought, Table

COMPLETIONS = ("/v1/chat/completions", "/v1/completions")
_PATH = r"/[A-Za-z_{<:][\w{}<>:.-]*(?:/[\w{}<>:.-]+)*/?(?:\?[\w=&%.-]+)?"
_ROUTE = re.compile(
    r"(?P<when>\b(?i:if|when|whenever)\s+(?i:(?:i|we|someone|anybody|(?:an?|the)\s+(?:client|caller|developer"
    r"|user))\s+)?)?"
    r"(?:\b(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)(?:s|ing)?\b\s+(?:requests?\s+)?(?:to\s+|from\s+"
    r"|on\s+|at\s+)?)?"
    rf"(?P<path>(?<![\w/.:-])(?:{_PATH})(?<![.:]))",
)
_CURL = re.compile(
    r"\bcurl\s+(?=\S)(?:(?!->|=>|\u2192|\b(?:shows?|returns?|gives?|is|are|has|must|shall|should|needs?|answers?|lists?"
    r"|gets?|prints?|reports?)\b)\S+\s*){1,40}"
)
_OF_FILES = re.compile(
    r"^/(?:etc|usr|opt|var|srv|home|root|data|tmp|mnt|dev|proc|sys|models|lib|bin|run|config|app)(?:/|$)"
    r"|\.(?:gguf|json|ya?ml|toml|py|sh|txt|md|service|log|safetensors|conf|bin)$"
)
_ASKED_WITH_A_BODY = re.compile(
    r"^/v\d+/(?:chat/completions|completions|embeddings|moderations|rerank|responses|messages|score)$"
    r"|^/(?:tokenize|detokenize|generate|invocations|embed|rerank|score|pooling|completion|completions|chat|infer)$"
)
_IN_WORDS: Table[tuple[str, str]] = Table(
    (Sought(pattern), (method, path))
    for pattern, method, path in (
        (r"\bhealth[- ]?(?:checks?|endpoint|probes?|page|route)(?:[- ]requests?)?\b", "GET", "/health"),
        (r"\bmetrics (?:page|endpoint|route)\b", "GET", "/metrics"),
        (r"\b(?:list(?:s|ing)? (?:of )?(?:the |its )?models|models? list(?:ing)?)\b", "GET", "/v1/models"),
        (r"(?<!per )\bembeddings?(?: requests?| endpoint)?\b(?! model)", "POST", "/v1/embeddings"),
    )
)


@dataclass(frozen=True, slots=True)
class Route:
    """A route, where the text names it. `in_words` is one that is described: `the health endpoint`."""

    method: str
    path: str
    begin: int
    end: int
    in_words: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    address: str | None = None
    body: Any = None

    @property
    def is_of_completions(self) -> bool:
        return self.path.partition("?")[0] in COMPLETIONS

    def request(self, line: int) -> dict[str, Any]:
        """The request as a command of the document would show it."""
        return {
            "method": self.method,
            "address": self.address,
            "path": self.path,
            "headers": dict(self.headers),
            "body": self.body,
            "line": line,
        }


@lru_cache(maxsize=512)
def routes_of(text: str) -> tuple[Route, ...]:
    """The routes that a text names as such, in their order."""
    if "/" not in text:
        return ()
    found = list(_curls(text))
    covered = [(route.begin, route.end) for route in found]
    for match in _ROUTE.finditer(text):
        path = match["path"].rstrip(".")
        if any(begin <= match.start("path") < end for begin, end in covered) or _OF_FILES.search(path):
            continue
        method = match["method"] or ("POST" if _ASKED_WITH_A_BODY.search(path.partition("?")[0]) else "GET")
        found.append(Route(method, path, match.start(), match.end("path")))
    return tuple(sorted(found, key=lambda route: route.begin))


def described(text: str) -> tuple[Route, ...]:
    """The routes that a text describes in words."""
    found = [
        Route(method, path, match.start(), match.end(), in_words=True)
        for pattern, (method, path) in _IN_WORDS.of(text)
        for match in pattern.finditer(text)
    ]
    return tuple(sorted(found, key=lambda route: route.begin))


def _curls(text: str) -> Iterator[Route]:
    """The requests of curl commands within a sentence."""
    for match in _CURL.finditer(text) if "curl" in text else ():
        command = match[0].rstrip()
        try:
            curl = read_curl(shlex.split(command)[1:], 0)
        except ValueError:
            continue
        request = curl.request
        if request is None or curl.body_file:
            continue
        yield Route(
            str(request["method"]),
            str(request["path"]),
            match.start(),
            match.start() + len(command),
            headers=request["headers"],
            address=request["address"],
            body=request["body"],
        )
