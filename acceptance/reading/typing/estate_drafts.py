"""Demands on what surrounds a service as criteria: gateway, dashboards, alerts, ports, units."""

from __future__ import annotations

import re
from typing import Any

from signoff.acceptance.reading.drafts.criterion_draft import Draft, person
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.source.document import Statement

_UID = re.compile(r"/api/dashboards/uid/(?P<uid>[\w.-]+)")
_NAMED_UID = re.compile(r"\buid\b[\s`'\":=]{1,4}(?P<uid>[\w.-]{2,80})", re.IGNORECASE)
_PORT = re.compile(r":(?P<port>\d{2,5})\b|\b(?:port|sport|dport)\s*=?\s*:?(?P<other>\d{2,5})\b")
_OF_NETCAT = re.compile(
    r"^(?P<port>(?!))?(?:sudo )?(?:nc|ncat|telnet)(?:\s+-\w+(?:\s+\d+(?=\s+\S+\s))?)*\s+[\w.-]+\s+(?P<other>\d{2,5})\b"
)
_AT_PORT = re.compile(r"(?:[\w.*]+|\[[\d:]*\])?:\d{2,5}\b")
_MISSING = re.compile(
    r"\b(?:missing|lost|dead) (?:replica|instance|target|service|server|backend)|\bis (?:missing|gone)\b"
)
# Rules are called by several words in one: `HeronErrorsHigh`.
_RULE_NAME = re.compile(r"\b[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+\b")
_ALERTED = (
    "latency",
    "throughput",
    "error",
    "memory",
    "cpu",
    "gpu",
    "disk",
    "queue",
    "health",
    "availability",
    "restart",
    "down",
    "rate",
    "saturation",
)


def gateway_routing(statement: Statement, facts: Facts) -> Draft:
    """The gateway answers for each service."""
    return Draft("gateway_routing", parameters={"services": _services(facts)})


def discovery(statement: Statement, facts: Facts) -> Draft:
    """The gateway lists each service."""
    return Draft("discovery", parameters={"services": _services(facts)})


def balancing(statement: Statement, facts: Facts) -> Draft:
    """Requests are spread over replicas."""
    return Draft("balancing")


def breaker(statement: Statement, facts: Facts) -> Draft:
    """What is down is not asked again and again."""
    return Draft("breaker")


def prometheus_series(statement: Statement, facts: Facts) -> Draft:
    """A query of the document to Prometheus gives something."""
    assert statement.command is not None
    return Draft("prometheus_series", parameters={"request": statement.command.request})


def alert_rules(statement: Statement, facts: Facts) -> Draft:
    """Prometheus has rules that alert, about what the text names."""
    text = statement.text.lower()
    words = [word for word in _ALERTED if re.search(rf"\b{word}", text)]
    if "down" not in words and _MISSING.search(text):
        words.append("down")
    words += [name.lower() for name in _RULE_NAME.findall(statement.text) if name.lower() not in words]
    return Draft("alert_rules", parameters={"words": [word for word in words if word != "rate" or len(words) == 1]})


def dashboard(statement: Statement, facts: Facts) -> Draft:
    """Grafana has a dashboard: the one whose uid the command asks, else any."""
    request = statement.command.request if statement.command is not None else None
    match = _UID.search(str(request["path"])) if request is not None else _NAMED_UID.search(statement.text)
    return Draft("dashboard", parameters={"uid": match["uid"] if match is not None else None})


def port_of(statement: Statement) -> int | None:
    """The port that a command or its expectation mentions."""
    command = statement.command
    shown = [*(command.details.get("filters") or ()), command.text] if command is not None else []
    for text in (*shown, statement.text):
        match = _PORT.search(str(text)) or _OF_NETCAT.match(str(text))
        if match is not None:
            return int(match["port"] or match["other"])
    return None


def port_free(statement: Statement, facts: Facts) -> Draft:
    """Nothing listens on the port of the command."""
    port = port_of(statement)
    if port is None:
        return person("a person has to look at the port: neither the command nor its expectation names one")
    return Draft("port_free", parameters={"port": port})


def port(statement: Statement, facts: Facts) -> Draft:
    """Something listens on the port of the command."""
    number = port_of(statement)
    if number is None:
        return person("a person has to look at the port: neither the command nor its expectation names one")
    shown = tuple(match.span() for match in _AT_PORT.finditer(statement.text))
    return Draft("port", parameters={"port": number}, spans=shown)


def service_gone(statement: Statement, facts: Facts) -> Draft:
    """The unit that the command looks for is not there."""
    command = statement.command
    unit: Any = None
    if command is not None:
        unit = command.details.get("unit") or next(iter(command.details.get("filters") or ()), None)
    return Draft("service_gone", parameters={"unit": unit})


def _services(facts: Facts) -> list[str]:
    return list(facts.services) or [name for name in (facts.owner(),) if name]
