"""One port of one host that is given to several services."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, Owned
from signoff.acceptance.reading.conflicts.evidence.page import Page, Pair, Place, conflict
from signoff.acceptance.reading.facts.service_names import entity
from signoff.acceptance.reading.settings.setting_values import number
from signoff.reports.stored.conflict import Conflict

KIND = "port"
_LISTENS = frozenset({"port", "metrics_port", "http_port", "https_port", "grpc_port", "admin_port", "health_port"})
_ANYWHERE = frozenset({"", "0.0.0.0", "::", "*", "localhost", "127.0.0.1", "[::]"})  # noqa: S104 - read, not bound
# A port that is customarily not the service's own but Prometheus's, where a document calls it `prometheus_port`.
_PROMETHEUS = 9090
# In a cluster each pod has an address of its own.
_CLUSTER = re.compile(r"^[^\S\n]*(?:apiVersion|kind|containerPort|replicaCount|\w+Spec):", re.MULTILINE)
_PUBLISHED = re.compile(
    r"^\s*-\s*[\"']?(?:(?P<host>[\d.]+):)?(?P<outer>\d{2,5}):(?P<inner>\d{2,5})(?:/tcp)?[\"']?\s*(?:#|$)"
)


@dataclass(frozen=True, slots=True)
class _Use:
    port: int
    host: str
    user: str
    place: Place
    pairs: tuple[Pair, ...]


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Ports with several users on one host; a host that nobody states may be any."""
    taken: dict[int, list[_Use]] = {}
    for use in (*_configured(corpus), *_published(corpus), *_demanded(corpus)):
        taken.setdefault(use.port, []).append(use)
    for port, uses in taken.items():
        users_at: dict[str, set[str]] = {}
        for use in uses:
            users_at.setdefault(use.host, set()).add(use.user)
        anywhere = users_at.pop("", set())
        for host in sorted(users_at) or [""]:
            if len(anywhere | users_at.get(host, set())) > 1:
                here = [use for use in uses if not use.host or use.host == host]
                users = list(dict.fromkeys(use.user for use in here))
                yield conflict(
                    KIND,
                    f"port {port}",
                    [use.place for use in here],
                    f"port {port} is given to {' and to '.join(users)}: on one host the second of them cannot start",
                    [pair for use in here for pair in use.pairs],
                )
                break


def published(page: Page) -> Iterator[tuple[str, int, int, int, str]]:
    """What a compose file publishes: service, port of the host, port of the container, line, address."""
    for fence in page.fences:
        if "ports:" not in fence.text or "services:" not in fence.text:
            continue
        service, indent = "", -1
        for line, text in enumerate(fence.text.splitlines(), fence.line + 1):
            key = re.match(r"^(\s+)([\w.-]+):\s*(?:#.*)?$", text)
            if key and (indent < 0 or len(key[1]) <= indent):
                service, indent = key[2], len(key[1])
            match = _PUBLISHED.match(text)
            if match and service:
                yield service, int(match["outer"]), int(match["inner"]), line, match["host"] or ""


def _configured(corpus: Corpus) -> Iterator[_Use]:
    for owned in corpus.named(*_LISTENS):
        port = number(owned.value)
        parts = owned.setting.spelling.split(".")
        if port is None or not port.is_integer() or any(part.isdigit() for part in parts):
            continue
        if owned.name == "metrics_port" and port == _PROMETHEUS:
            continue
        owner, name = owned.owner, owned.name
        block = owned.page.block(owned.setting.line)
        if block is not None and _is_cluster(block.text):
            continue
        if name == "port" and len(parts) > 1 and re.search(r"database|db|cache|redis|vector|postgres|smtp", parts[-2]):
            continue
        yield _Use(
            int(port),
            _host(corpus, owned),
            f"{owner} {name}",
            owned.page.side(owned.setting.line, f"{owner} {name}", owned.setting.spelling),
            owned.page.criteria_of(owned.setting),
        )


def _host(corpus: Corpus, owned: Owned) -> str:
    """The address on which the owner of a port listens, where the same block or variable says it."""
    spelling = owned.setting.spelling
    named = {f"{spelling.rpartition('.')[0]}.host", re.sub(r"PORT$", "HOST", spelling)} - {spelling}
    other = min((found for name in named if (found := owned.page.first_set(name))), default=None)
    host = str(other[1]) if other is not None else ""
    return "" if host in _ANYWHERE else host


@lru_cache(maxsize=256)
def _is_cluster(text: str) -> bool:
    """Kept by text: each of the many settings of one block asks the same."""
    return _CLUSTER.search(text) is not None


def _published(corpus: Corpus) -> Iterator[_Use]:
    for page in corpus.pages:
        if "ports:" in page.lower:
            for service, outer, _, line, host in published(page):
                where = "" if host in _ANYWHERE else host
                user = f"{entity(service) or service} port"
                yield _Use(outer, where, user, page.side(line, user), page.criteria(line))


def _demanded(corpus: Corpus) -> Iterator[_Use]:
    """Ports that texts demand, where a text or its document says for which service."""
    for page in corpus.pages:
        for criterion in page.document.criteria:
            if criterion.kind != "port" or criterion.statement == "config":
                continue
            owner = corpus.speaks_of(page, criterion)
            if owner == page.path:
                continue
            user = f"{owner} port"
            metrics = re.search(r"\bmetrics?\b", criterion.text, re.IGNORECASE)
            if metrics:
                continue
            place = page.side(criterion.line, user, criterion.text)
            yield _Use(int(criterion.parameters["port"]), "", user, place, ((page.path, criterion.id),))
