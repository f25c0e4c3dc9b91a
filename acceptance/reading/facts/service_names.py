"""Which of several services of a document a text mentions: `Hermes-2`, `HermesService` and `hermes` are one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from signoff.acceptance.reading.source.document import Command, Setting, Statement

# Keys that stand above repeated settings without being services.
_NO_SERVICE = frozenset(
    {
        "",
        "limits",
        "requests",
        "metrics",
        "monitoring",
        "health",
        "grpc",
        "http",
        "https",
        "admin",
        "liveness",
        "readiness",
        "server",
        "service",
        "services",
        "client",
        "engine",
        "model",
        "resources",
        "development",
        "production",
        "staging",
        "test",
        "default",
        "defaults",
        "dev",
        "prod",
        "performance",
        "postgres",
        "redis",
    }
)
# An objective may be called `latency_p95_ms`; what measures a service is none.
_MEASURES = frozenset(
    {
        "latency",
        "latencies",
        "availability",
        "uptime",
        "throughput",
        "ttft",
        "itl",
        "tpot",
        "memory",
        "ram",
        "cpu",
        "gpu",
        "vram",
        "disk",
        "storage",
        "errors",
        "error",
        "saturation",
        "traffic",
        "coverage",
        "concurrency",
        "rate",
        "response",
        "tokens",
        "requests",
        "health",
        "metrics",
        "alert",
        "alerts",
        "slo",
        "sli",
        "objective",
    }
)
_OF_A_SERVICE = frozenset({"memory_gb", "cpu_cores", "target_latency_ms", "target_throughput_rps"})
_MIN_SETTINGS = 2
_MIN_SERVICES = 2
_THINGS = r"(?:models?|services?|servers?|deployments?|endpoints|instances|backends|modules?)"
_NUMBERS = r"(?:all|each|every|both|any|two|three|four|five|six|seven|eight|\d{1,2})"
_ALL = re.compile(rf"\b{_NUMBERS}\b[^.;]{{0,50}}?\b{_THINGS}\b|\b(?:per|for each) (?:model|service)\b", re.IGNORECASE)
_SHARED = re.compile(
    rf"\b(?:common|shared?|unified|general|all|each|every)\b[^.;]{{0,30}}?\b{_THINGS}\b"
    rf"|\b{_THINGS}\b[^.;]{{0,20}}\bshare\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def entity(name: str) -> str:
    """The service that a name means: its letters up to the first digit or mark, lower case; "" for a measure's."""
    match = re.match(r"[a-z]+", name.lower())
    return match[0] if match and match[0] not in _MEASURES else ""


def configured_services(settings: Sequence[Setting]) -> tuple[str, ...]:
    """The services that a document configures side by side, in its order; empty where it configures one."""
    names: dict[str, set[str]] = {}
    for setting in settings:
        if setting.scope:
            names.setdefault(entity(setting.scope), set()).add(setting.name)
    found = [
        name
        for name, stated in names.items()
        if name not in _NO_SERVICE
        and len(stated) >= _MIN_SETTINGS
        and ("port" in stated or len(stated & _OF_A_SERVICE) >= _MIN_SETTINGS)
    ]
    return tuple(found) if len(found) >= _MIN_SERVICES else ()


@lru_cache(maxsize=4096)
def named_services(text: str, services: tuple[str, ...]) -> tuple[str, ...]:
    """The services that a text names, in the document's order."""
    if not services:
        return ()
    found = {match.lower() for match in _names(services).findall(text[:4000])}
    return tuple(service for service in services if service in found)


def services_of(
    statement: Statement, services: tuple[str, ...], parents: Sequence[str], ports: Mapping[str, str]
) -> tuple[tuple[str, ...], str]:
    """The services that a demand is about, and the sentence where that had to be assumed.

    A command goes where its address says (`ports` are the services'). Else the text decides, then what it stands
    under: list items (`parents`, the nearest first) and headings. What names none is asked of each service.
    """
    if not services:
        return ("",), ""
    if statement.command is not None:
        return _of_command(statement.command, services, ports), ""
    text = f"{statement.label} {statement.text} {statement.context}"
    if named := named_services(text, services):
        return named, ""
    if _ALL.search(text[:4000]):
        return services, ""
    for above in (*parents, *(heading.text for heading in reversed(statement.headings))):
        named = named_services(above, services) or (services if _SHARED.search(above[:400]) else ())
        if named:
            return named, ""
    return services, f"the document configures {len(services)} services and this names none of them: each is asked"


def _of_command(command: Command, services: tuple[str, ...], ports: Mapping[str, str]) -> tuple[str, ...]:
    """The one service that a command speaks to, by its port or a name in it; none where it says neither."""
    address = str(command.request["address"] or "") if command.request is not None else ""
    if owner := ports.get(address.rpartition(":")[2]):
        return (owner,)
    named = named_services(command.text, services)
    return named if len(named) == 1 else ("",)


@lru_cache(maxsize=64)
def _names(services: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(map(re.escape, services))
    return re.compile(
        rf"(?<![A-Za-z])({listed})(?=(?:s?(?:service|model|config|engine|client|server)s?)?(?![A-Za-z]))", re.IGNORECASE
    )
