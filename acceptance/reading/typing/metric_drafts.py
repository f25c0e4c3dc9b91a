"""Demands on health and metrics as criteria: what has to be mentioned, and under which names."""

from __future__ import annotations

import re

from signoff.acceptance.reading.drafts.criterion_draft import Draft, person
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.source.document import Statement

_SPECIFIC = re.compile(r"\b([A-Za-z][\w.-]*?)-specific\b")
_METRICS_OF = re.compile(r"\b([A-Za-z]+)\s+metrics\b", re.IGNORECASE)
_METRIC_NAME = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
_WITH = re.compile(r"\bwith\s+([^,.;()]+)", re.IGNORECASE)
_MENTIONS = re.compile(
    r"\b(?:mention(?:s|ing)?|nam(?:es|ing)|includ(?:es?|ing)|contain(?:s|ing)?|list(?:s|ing)?)\s+([^,.;()]+)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"(?P<address>https?://[\w.-]+(?::\d{1,5})?)(?P<path>/(?:[\w-]+/){0,3}(?:health\w*|ready\w*|live\w*|metrics))\b",
    re.IGNORECASE,
)
# `says that the model and the store are well`: both of them are spoken of.
_SAYS = re.compile(
    r"\b(?:says?|reports?|states?|shows?) (?:that|whether|if) ([^,.;()]{3,80}?) (?:is|are) (?:all )?"
    r"(?:well|up|healthy|fine|ok|ready|available|reachable|loaded|there)\b",
    re.IGNORECASE,
)
_PATH = re.compile(
    r"(?<![\w/])(?:GET\s+)?(?P<path>/(?:[\w-]+/){0,3}(?:health\w*|ready\w*|live\w*|metrics))\b", re.IGNORECASE
)
_GENERIC = frozenset(
    {
        "the",
        "a",
        "an",
        "all",
        "and",
        "or",
        "of",
        "for",
        "in",
        "its",
        "own",
        "full",
        "with",
        "under",
        "normal",
        "specific",
        "custom",
        "available",
        "active",
        "operational",
        "capabilities",
        "capability",
        "metrics",
        "memory",
        "history",
        "support",
        "features",
        "information",
        "details",
        "data",
        "resource",
        "resources",
        "dependencies",
        "usage",
        "proper",
        "prometheus",
        "format",
        "service",
        "model",
        "performance",
        "management",
        "collection",
        "health",
        "checks",
        "check",
        "monitoring",
        "status",
        "successful",
        "successfully",
        "targets",
        "target",
        "new",
        "every",
        "each",
        "standard",
        "figures",
        "about",
        "set",
        "code",
        "http",
        "json",
        "body",
        "field",
        "value",
        "answer",
        "healthy",
    }
)
_METRIC_NOUNS = (
    "coherence",
    "session",
    "memory",
    "error",
    "failure",
    "latency",
    "throughput",
    "queue",
    "cache",
    "gpu",
    "cpu",
    "user",
    "connection",
    "uptime",
    "disk",
    "network",
    "quality",
)
NOUNS = "|".join(_METRIC_NOUNS)
# So common in names of metrics that they tell something only where nothing else does.
_COMMON_NOUNS = ("load", "token", "request", "response", "conversation")
_MOVES = re.compile(r"\b(?:raises?|moves?|rises?|goes up|increments?|increases?)\b")
# What is counted, as servers name it: one metric each.
_OF_REQUESTS = r"(?:requests?|generations?|completions?|prompts?)"
_STATES = tuple(
    (re.compile(pattern), names)
    for pattern, names in (
        (rf"\b(?:running|active) (?:and \w+ )?{_OF_REQUESTS}\b", ("running", "active", "in_flight", "inflight")),
        (
            (
                rf"\b(?:waiting|queued|pending) (?:and \w+ )?{_OF_REQUESTS}\b|\brequests? (?:that )?(?:wait"
                rf"|waiting|queued)\b"
            ),
            ("waiting", "queue", "pending"),
        ),
        (r"\b(?:open|running|active) streams?\b", ("stream",)),
        (r"\b(?:first tokens?|time to first token|ttft)\b", ("ttft", "first_token", "first token")),
    )
)
STATES = "|".join(f"(?:{pattern.pattern})" for pattern, _ in _STATES)
# What stands before `metrics` and is part of their names; other words there say what they are for.
_NAMED = frozenset({"conversation", "session", "chat", "token", "cache", "queue", "coherence", "gpu", "memory", "cpu"})


def health(statement: Statement, facts: Facts) -> Draft:
    """The health body; the words after `with`, or before `-specific`, have to be mentioned in it."""
    request = (
        statement.command.request if statement.command is not None else _named_path(statement, "health|ready|live")
    )
    speaks_of_health = statement.type == "expected" or "health" in statement.text.lower()
    words = (_mentioned(statement.text) or _specific(statement.text, facts)) if speaks_of_health else []
    assumptions = () if request else ("no request is shown for the health check: GET /health is asked",)
    return Draft("health", assumptions=assumptions, parameters={"request": request, "mentions": words})


def metrics(statement: Statement, facts: Facts) -> Draft:
    """Metrics under the words that the command filters for, or that the text names."""
    command = statement.command
    words: list[str] = list(command.details.get("filters", ())) if command is not None else []
    if not words:
        words = _specific(statement.text, facts)
    if not words:
        words = list(dict.fromkeys(_METRIC_NAME.findall(statement.text)))
    if not words:
        found = (match.lower() for match in _METRICS_OF.findall(statement.text))
        own = {facts.owner()} - {""}
        words = [word for word in found if word in _NAMED or word in own]
    request = command.request if command is not None else _named_path(statement, "metrics")
    names = tuple(match.span() for match in _METRIC_NAME.finditer(statement.text) if match[0] in words)
    names += tuple(match.span() for match in _ADDRESS.finditer(statement.text))
    return Draft("metrics", parameters={"request": request, "contains": words}, spans=names)


def metric_named(statement: Statement, facts: Facts) -> Draft | tuple[Draft, ...]:
    """A bullet that names a metric; any of its words in the metric's name or help will do."""
    text = statement.text.lower()
    if _METRIC_NAME.search(text) and _MOVES.search(text):
        # That a counter moves is more than that it is there.
        return metrics(statement, facts)
    counted = [names for pattern, names in _STATES if pattern.search(text)]
    if counted:
        return tuple(Draft("metric_named", parameters={"words": list(names)}) for names in counted)
    words = [noun for noun in _METRIC_NOUNS if re.search(rf"\b{noun}", text)]
    words = words or [noun for noun in _COMMON_NOUNS if re.search(rf"\b{noun}", text)]
    if not words:
        words = [word for word in re.findall(r"[a-z]{4,}", text) if word not in _GENERIC]
    if not words:
        return person("the bullet does not say which metric it means")
    return Draft("metric_named", parameters={"words": words})


def resource_metrics(statement: Statement, facts: Facts) -> tuple[Draft, ...]:
    """A metric for each resource that has to be watched."""
    text = statement.text.lower()
    nouns = [noun for noun in ("gpu", "memory", "cpu", "disk") if re.search(rf"\b{noun}\b", text)] or ["memory", "cpu"]
    return tuple(Draft("metric_named", parameters={"words": [noun]}) for noun in nouns)


def mentions(text: str, opening: re.Pattern[str] = _WITH) -> list[str]:
    """What an answer has to mention: the telling words after `with`, or another opening."""
    match = opening.search(text)
    words = re.findall(r"[a-z]{3,}", match[1].lower()) if match else []
    return [singular(word) for word in dict.fromkeys(words) if word not in _GENERIC]


def _mentioned(text: str) -> list[str]:
    """What a health body has to mention: the telling words after `with` or `mentions`."""
    return mentions(text) or mentions(text, _MENTIONS) or mentions(text, _SAYS)


def singular(word: str) -> str:
    """A word without the s of its plural."""
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _specific(text: str, facts: Facts) -> list[str]:
    """The words before `-specific`; `service-specific` means the service's own name."""
    own = facts.owner()
    words = []
    for match in _SPECIFIC.findall(text):
        word = re.match(r"[A-Za-z]*", match)
        name = word[0].lower() if word else ""
        words.append(own if name in ("service", "model") else name)
    return [word for word in dict.fromkeys(words) if word]


def _named_path(statement: Statement, of: str) -> dict[str, object] | None:
    """The request for a path that the text itself names."""
    written = _ADDRESS.search(statement.text[:4000])
    match = written or _PATH.search(statement.text[:4000])
    if match is None or not re.search(of, match["path"], re.IGNORECASE):
        return None
    return {
        "method": "GET",
        "address": written["address"] if written is not None else None,
        "path": match["path"],
        "headers": {},
        "body": None,
        "line": statement.line,
    }
