"""What the `# Expected:` line of a command asks for, by the command and by its words."""

from __future__ import annotations

from signoff.acceptance.reading.drafts.status import status
from signoff.acceptance.reading.typing import (
    estate_drafts,
    library_drafts,
    metric_drafts,
    model_drafts,
    paper_drafts,
    service_drafts,
    session_drafts,
)
from signoff.acceptance.reading.typing.rule import EXPECTED, Rule, any_of, words

_NOTHING = (
    r"\b(?:not (?:in use|listening|found|running|loaded|bound|open|active|there)|no (?:\S+ ){0,3}?(?:listed|output"
    r"|process\w*"
    r"|results?|listener|services?|units?|match\w*|longer|entries|containers?)|nothing|free|empty|inactive|dead|gone"
    r"|removed"
    r"|stopped|unused|refused|closed|could not be found|available again)\b"
)
_LISTENS = r"\b(?:listen\w*|in use|bound|open|succeeded|LISTEN|connected|reachable)\b"
_PORTS = any_of(r"^(?:netstat|ss|lsof|nc|ncat|fuser|telnet)$")
_PROCESSES = any_of(r"^(?:systemctl|pgrep|ps|pidof|docker|podman|docker-compose)\b")
_TESTS = any_of(r"^(?:python|python3|pytest|tox|nox|make|poetry|uv|hatch)$")

RULES: tuple[Rule, ...] = (
    Rule("json_shape", EXPECTED, service_drafts.json_shape, words(r"^\s*[{\[](?!\w)"), alone=True),
    Rule("library", EXPECTED, library_drafts.library, program=any_of(r"^python -c$"), alone=True),
    Rule(
        "prometheus_series",
        EXPECTED,
        estate_drafts.prometheus_series,
        path=any_of(r"/api/v1/(?:query|query_range|series)/?$"),
        alone=True,
    ),
    Rule("alert_rules", EXPECTED, estate_drafts.alert_rules, path=any_of(r"/api/v1/(?:rules|alerts)/?$"), alone=True),
    Rule("dashboard", EXPECTED, estate_drafts.dashboard, path=any_of(r"/api/(?:dashboards/|search)"), alone=True),
    Rule(
        "authentication",
        EXPECTED,
        service_drafts.authentication,
        words(r"\b40[13]\b|\bunauthori[sz]ed\b|\bforbidden\b"),
    ),
    Rule("rate_limit", EXPECTED, service_drafts.rate_limit, words(rf"{status(429)}|\btoo many requests\b"), alone=True),
    Rule(
        "request_validation",
        EXPECTED,
        service_drafts.request_validation,
        words(rf"{status(400, 422)}|\bbad request\b|\bunprocessable\b|\bvalidation error\b"),
        alone=True,
    ),
    Rule(
        "session_metrics",
        EXPECTED,
        session_drafts.session_metrics,
        path=any_of(r"metrics[^?]{0,80}session|session[^?]{0,80}metrics"),
        alone=True,
    ),
    Rule("metrics", EXPECTED, metric_drafts.metrics, path=any_of(r"/metrics/?$"), alone=True),
    Rule("session_record", EXPECTED, session_drafts.session_record, path=any_of(r"/sessions?/[^/]+/?$"), alone=True),
    Rule("health", EXPECTED, metric_drafts.health, path=any_of(r"/(?:health\w*|ready\w*|live\w*)/?$"), alone=True),
    Rule(
        "streaming",
        EXPECTED,
        service_drafts.streaming,
        words(r"\bstream\w*|\bSSE\b|\[DONE\]|\bdata:|\bchunks?\b|\btoken by token\b|\bevent-stream\b"),
        alone=True,
    ),
    Rule(
        "session_recall",
        EXPECTED,
        session_drafts.session_recall,
        words(
            r"\b(?:referenc\w+|refer\w*|recall\w*|remember\w*|draws?|drawing|mention\w*|aware|knows?)\b",
            r"\b(?:previous|earlier|prior|preceding|history|past|before|first (?:message|turn))\b",
        ),
        alone=True,
    ),
    Rule("graphql", EXPECTED, service_drafts.graphql, path=any_of(r"/graphql/?$"), alone=True),
    Rule("websocket", EXPECTED, service_drafts.websocket, program=any_of(r"^(?:websocat|wscat)$"), alone=True),
    Rule(
        "openai_api",
        EXPECTED,
        service_drafts.openai_api,
        words(r"\b(?:models?|lists?|ids?|choices?|completions?|openai|usage|embeddings?|vectors?)\b"),
        path=any_of(r"/v1/(?:models|chat/completions|completions|embeddings)/?$"),
        alone=True,
    ),
    Rule(
        "json_shape",
        EXPECTED,
        service_drafts.any_answer,
        words(r"\b200\b|\bvalid json\b|\bjson (?:response|answer|body|object)\b"),
        path=any_of(r"/"),
        alone=True,
    ),
    Rule("port_free", EXPECTED, estate_drafts.port_free, words(_NOTHING), program=_PORTS, alone=True),
    Rule("port", EXPECTED, estate_drafts.port, words(_LISTENS), program=_PORTS, alone=True),
    Rule("service_gone", EXPECTED, estate_drafts.service_gone, words(_NOTHING), program=_PROCESSES, alone=True),
    Rule(
        "service",
        EXPECTED,
        service_drafts.service,
        words(r"\b(?:active|running|up|healthy|loaded)\b"),
        program=_PROCESSES,
        alone=True,
    ),
    Rule(
        "test_report",
        EXPECTED,
        paper_drafts.test_report,
        words(r"\b(?:pass(?:es|ed|ing)?|green|succe\w+|no failures?|0 failed|ok)\b"),
        program=_TESTS,
        alone=True,
    ),
    Rule(
        "file",
        EXPECTED,
        model_drafts.file,
        words(r"\b(?:present|there|exists?|found|ok)\b"),
        program=any_of(r"^test$"),
        alone=True,
    ),
    Rule(
        "model_files",
        EXPECTED,
        model_drafts.model_files,
        words(r"\b(?:ok|match\w*|valid|correct|verified|pass\w*|succe\w+)\b"),
        program=any_of(r"^sha256sum$"),
        alone=True,
    ),
)
