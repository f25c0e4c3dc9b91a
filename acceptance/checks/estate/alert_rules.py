"""Prometheus evaluates alerting rules about what the document names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from signoff.acceptance.checks.estate.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import role
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Measured, Verdict

ROLE = "prometheus"
RULES_PATH = "/api/v1/rules"
SHOWN = 4
ALSO_KNOWN_AS: Mapping[str, tuple[str, ...]] = {
    "latency": ("duration", "response time", "response_time", "responsetime", "slow"),
    "error": ("fail", "5xx", '"5..'),
    "memory": ("oom", "_rss"),
    "disk": ("filesystem", "storage"),
    "down": ("up ==", "up{", "absent(", "unreachable", "unavailable"),
    "health": ("up ==", "up{", "absent(", "down", "unavailable"),
    "availability": ("up ==", "up{", "absent(", "down", "unavailable"),
}
"""How rules name what documents call by one word."""


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the rules of the Prometheus that the deployment names, once."""
    return site.measured("alert-rules", lambda recorder: recorder.write("rules", role.ask(site, ROLE, RULES_PATH)))


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if there are alerting rules, each word occurs in one, and all of those evaluate."""
    answer = next(evidence.of("rules"))
    if answer["status"] != 200:
        return Verdict("fail", f"{answer['url']} gives {answer['status'] or answer['error']}, not 200")
    rules = _alerting(answer.get("json"))
    if rules is None:
        return Verdict("fail", f"{answer['url']} does not answer as Prometheus does, with groups of rules")
    if not rules:
        return Verdict("fail", f"{answer['url']} has no alerting rule")
    words = [str(word).lower() for word in criterion.parameters.get("words") or ()]
    texts = [_text(rule) for rule in rules]
    missing = [word for word in words if not any(_speaks_of(text, word) for text in texts)]
    if missing:
        return Verdict("fail", f"none of {len(rules)} alerting rules mentions {', '.join(missing)}: {_names(rules)}")
    about = [
        rule
        for rule, text in zip(rules, texts, strict=True)
        if not words or any(_speaks_of(text, word) for word in words)
    ]
    broken = [rule for rule in about if rule.get("health") == "err"]
    if broken:
        return Verdict("fail", f"{_names(broken)} cannot be evaluated: {str(broken[0].get('lastError', ''))[:200]}")
    return Verdict("pass", f"alerting rules: {_names(about)}", Measured(float(len(about)), "rules"))


def _alerting(body: Any) -> list[Mapping[str, Any]] | None:
    data = body.get("data") if isinstance(body, Mapping) else None
    groups = data.get("groups") if isinstance(data, Mapping) else None
    if not isinstance(groups, list):
        return None
    return [
        rule
        for group in groups
        if isinstance(group, Mapping)
        for rule in group.get("rules") or ()
        if isinstance(rule, Mapping) and rule.get("type") == "alerting"
    ]


def _text(rule: Mapping[str, Any]) -> str:
    fields = [rule.get(key) for key in ("name", "query", "labels", "annotations")]
    return json.dumps(fields, ensure_ascii=False).lower()


def _speaks_of(text: str, word: str) -> bool:
    return any(each in text for each in (word, *ALSO_KNOWN_AS.get(word, ())))


def _names(rules: list[Mapping[str, Any]]) -> str:
    found = [str(rule.get("name", "unnamed")) for rule in rules]
    return ", ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN} more" if len(found) > SHOWN else "")


CHECK = Check(KINDS["alert_rules"], measure, judge)
