"""Demands on what surrounds a service as criteria: gateway, dashboards, files, reports, guides."""

from __future__ import annotations

import re
from dataclasses import replace

from acceptance.reading.document import Statement
from acceptance.reading.draft import Draft, person
from acceptance.reading.facts import Facts
from acceptance.reading.metric_drafts import singular
from acceptance.reading.names import ENGINE

_ENGINE_GROUP = re.compile(r"\b(?:vllm|engine)\b", re.IGNORECASE)
_UID = re.compile(r"/api/dashboards/uid/(?P<uid>[\w.-]+)")
_PORT = re.compile(r":(?P<port>\d{2,5})\b|\b(?:port|sport|dport)\s*=?\s*:?(?P<other>\d{2,5})\b")
_ALERTED = (
    *("latency", "throughput", "error", "memory", "cpu", "gpu", "disk", "queue", "health", "availability", "restart"),
    *("down", "rate", "saturation"),
)
_SUITES = (
    *("unit", "integration", "end-to-end", "e2e", "performance", "security", "load", "stress", "smoke", "regression"),
    *("component", "acceptance", "functional", "contract"),
)
_GUIDE_WORDS = frozenset(
    {
        *(
            "documentation",
            "documented",
            "document",
            "documents",
            "docs",
            "doc",
            "guide",
            "guides",
            "runbook",
            "runbooks",
        ),
        *("readme", "manual", "manuals", "complete", "completed", "comprehensive", "available", "provided", "reviewed"),
        *("accurate", "written", "exists", "exist", "present", "published", "updated", "current", "correct", "ready"),
        *("the", "and", "for", "with", "all", "are", "has", "been", "have", "that", "its", "our", "how", "this", "was"),
        *("service", "services", "model", "models", "management", "integration", "procedures", "procedure", "examples"),
        *("example", "system", "create", "write", "add", "provide", "new", "user", "users", "operator", "operators"),
        *(
            "every",
            "each",
            "clear",
            "full",
            "must",
            "should",
            "shall",
            "there",
            "including",
            "includes",
            "cover",
            "covers",
        ),
        *("covering", "describes", "describing", "what", "page", "pages", "section", "sections", "markdown"),
    }
)


def model_files(statement: Statement, facts: Facts) -> Draft:
    """The model's folder and checksums, from the configuration and the commands."""
    setting = facts.setting("model_path")
    folder = str(setting.value) if setting is not None else facts.detail("folder")
    if folder is None:
        return person("somebody has to look for the model's files: the document names no folder for them")
    return Draft("model_files", parameters={"folder": folder.rstrip("/"), "checksums": facts.detail("checksums")})


def unit_file(statement: Statement, facts: Facts) -> Draft:
    """The systemd unit that the document's commands name."""
    unit = facts.detail("unit")
    if unit is None:
        return person("somebody has to look at the unit: the document names none")
    return Draft("unit_file", parameters={"unit": unit})


def engine_settings(statement: Statement, facts: Facts) -> Draft:
    """The settings under the heading that names the engine, else all that an engine has."""
    own = [setting for setting in facts.settings if not setting.scope or not facts.services]
    grouped = [setting for setting in own if setting.form == "env" and _ENGINE_GROUP.search(setting.group)]
    names = list(dict.fromkeys(setting.name for setting in facts.settings if setting.name in ENGINE))
    by_name = [setting for name in names if (setting := facts.setting(name)) is not None]
    found = grouped or by_name
    if not found:
        return person("somebody has to look at the engine's settings: the document states none")
    values = {setting.name: setting.value for setting in reversed(found)}
    values = {setting.name: values[setting.name] for setting in found}
    where = f'"{grouped[0].group}"' if grouped else "the configuration"
    numbers = sorted(setting.line for setting in found)
    assumption = f"the engine's settings are those under {where}, lines {numbers[0]} to {numbers[-1]}"
    return Draft("engine_settings", assumptions=(assumption,), parameters={"settings": values})


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
    return Draft("alert_rules", parameters={"words": [word for word in words if word != "rate" or len(words) == 1]})


def dashboard(statement: Statement, facts: Facts) -> Draft:
    """Grafana has a dashboard: the one whose uid the command asks, else any."""
    request = statement.command.request if statement.command is not None else None
    match = _UID.search(str(request["path"])) if request is not None else None
    return Draft("dashboard", parameters={"uid": match["uid"] if match is not None else None})


def test_report(statement: Statement, facts: Facts) -> Draft:
    """The report of a suite that ran."""
    told = statement.command.text if statement.command is not None else ""
    words = re.findall(r"[a-z0-9-]+", f"{statement.text} {told}".lower().replace("_", " "))
    suite = next((suite for suite in _SUITES if suite in words), None)
    return Draft("test_report", parameters={"suite": "end-to-end" if suite == "e2e" else suite})


def api_documentation(statement: Statement, facts: Facts) -> tuple[Draft, ...]:
    """The service describes its own API."""
    return _documented(Draft("documentation", parameters={"of": "api", "topics": []}), statement)


def guides(statement: Statement, facts: Facts) -> tuple[Draft, ...]:
    """Guides are written about what the text names."""
    words = re.findall(r"[a-z]{3,}", statement.text.lower())
    topics = list(dict.fromkeys(singular(word) for word in words if word not in _GUIDE_WORDS))
    own = {facts.owner(), *facts.services}
    topics = [topic for topic in topics if topic not in own]
    if not topics:
        return (person("somebody has to read the documentation: the text does not say what it should be about"),)
    return _documented(Draft("documentation", parameters={"of": "guides", "topics": topics}), statement)


_QUALITY = re.compile(
    r"\b(?:accura\w+|correct|review\w*|clear|up[- ]to[- ]date|comprehensive|approved|complete\w*|understandable|useful)\b",
    re.IGNORECASE,
)


def _documented(draft: Draft, statement: Statement) -> tuple[Draft, ...]:
    """That it is there a machine sees; whether it is good only people."""
    quality = _QUALITY.search(statement.text)
    if quality is None:
        return (draft,)
    told = f"it is judged that the documentation is there; whether it is {quality[0].lower()}, people say"
    return replace(draft, assumptions=(told,)), person(
        f"somebody has to read the documentation: whether it is {quality[0].lower()}, no machine can say"
    )


def port_of(statement: Statement) -> int | None:
    """The port that a command or its expectation speaks of."""
    command = statement.command
    told = [*(command.details.get("filters") or ()), command.text] if command is not None else []
    for text in (*told, statement.text):
        match = _PORT.search(str(text))
        if match is not None:
            return int(match["port"] or match["other"])
    return None


def port_free(statement: Statement, facts: Facts) -> Draft:
    """Nothing listens on the port of the command."""
    port = port_of(statement)
    if port is None:
        return person("somebody has to look at the port: neither the command nor its expectation names one")
    return Draft("port_free", parameters={"port": port})


def port(statement: Statement, facts: Facts) -> Draft:
    """Something listens on the port of the command."""
    number = port_of(statement)
    if number is None:
        return person("somebody has to look at the port: neither the command nor its expectation names one")
    return Draft("port", parameters={"port": number})


def service_gone(statement: Statement, facts: Facts) -> Draft:
    """The unit that the command looks for is not there."""
    command = statement.command
    unit = None
    if command is not None:
        unit = command.details.get("unit") or next(iter(command.details.get("filters") or ()), None)
    return Draft("service_gone", parameters={"unit": unit})


def _services(facts: Facts) -> list[str]:
    return list(facts.services) or [name for name in (facts.owner(),) if name]
