"""Which words ask that a service shows its health and its metrics."""

from __future__ import annotations

from signoff.acceptance.reading.typing import metric_drafts
from signoff.acceptance.reading.typing.rule import ASKED, MAKES, WORKS, Rule, any_of, words

_DONE = rf"\b(?:{WORKS}|{MAKES})\b"
_PAPER = r"\bdocument(?:ation|ed|s)?\b(?! retriev| stor| search| ind)|\bguides?\b|\brunbooks?\b"
_METRIC = r"\b(?:metrics?|monitor(?:s|ed|ing)?|telemetry|observability|prometheus|instrument(?:ed|ation))\b"
_NOT_HEALTH = any_of(
    _PAPER,
    r"\bdashboards?\b|\bgrafana\b|\bhealth-based\b|\bbad health\b|\bperformance health\b",
    # What is left out of a demand is not demanded: `every route except /healthz needs a key`.
    r"\b(?:except(?: for)?|other than|besides|apart from|excluding|but not|save for)\s+(?:[\w`]+\s+){0,3}?[`'\"]?"
    r"(?:(?:GET\s+)?/(?:healthz?|readyz?|livez?)\b|(?:the )?health\b)",
)
_NOT_METRICS = any_of(
    _PAPER,
    r"\bdashboards?\b|\bgrafana\b|\b(?:memory|gpu|cpu|disk|resource) (?:and \w+ )?monitoring\b"
    r"|\bhealth monitoring\b(?!.*metric)"
    r"|\bmetrics? (?:review|analysis)\b|\bsuccess metrics\b|\bhealth metrics\b|\banaly[sz]e the metrics\b",
)
RULES: tuple[Rule, ...] = (
    Rule(
        "metrics",
        ASKED,
        metric_drafts.metrics,
        words(
            _METRIC,
            rf"{_DONE}|\bmonitor(?:s|ed)? (?:the )?(?:performance|requests|latency|errors|service|traffic|usage"
            rf"|load)\b|\bintegration\b|\bcollection\b|\b(?:comprehensive|unified)\b|\bexport|\bscrap\w+|/metrics\b",
        ),
        without=_NOT_METRICS,
    ),
    Rule(
        "metric_named",
        ASKED,
        metric_drafts.resource_metrics,
        words(
            r"\b(?:gpu|memory|cpu|disk|resources?)\b",
            r"\b(?:gpu|memory|cpu|disk|resources?) (?:and \w+ )?(?:usage )?monitoring\b|\bmonitor(?:s"
            r"|ed)? (?:the )?(?:gpu|memory|cpu|disk|resources?)\b",
        ),
        without=any_of(_PAPER, r"\bdashboards?\b"),
    ),
    Rule(
        "health",
        ASKED,
        metric_drafts.health,
        words(
            r"\bhealth(?:[- ](?:checks?|endpoints?|monitoring|status|probes?|reporting|metrics|indicators?))?\b"
            r"|\b(?:readiness|liveness|startup) (?:probes?|checks?|endpoints?)\b|/(?:healthz?|readyz?|livez?)\b",
            rf"{_DONE}|\b(?:comprehensive|unified)\b|\b200\b|/(?:healthz?|readyz?|livez?)\b|\bframework\b|\bstatus\b",
        ),
        without=_NOT_HEALTH,
    ),
    Rule(
        "health",
        ASKED,
        metric_drafts.health,
        words(r"\bmonitoring\b", rf"\b{WORKS}\b"),
        without=any_of(_NOT_HEALTH.pattern, _NOT_METRICS.pattern, r"\balert"),
    ),
)
