"""The rule library: an ordered table of which words, under which command, become which kind of criterion.

Every rule that matches gives a criterion, the first of a kind counts. What no rule knows goes to a person, with
the reason (`reasons.py`).
"""

from __future__ import annotations

from signoff.acceptance.reading.typing import (
    estate_rules,
    expected_rules,
    metric_drafts,
    metric_rules,
    performance_rules,
    protection_rules,
    service_rules,
    session_rules,
)
from signoff.acceptance.reading.typing.rule import Rule

RULES: tuple[Rule, ...] = (
    *expected_rules.RULES,
    Rule("metric_named", frozenset({"bullet"}), metric_drafts.metric_named, role="metric", alone=True),
    *session_rules.RULES,
    *metric_rules.RULES,
    *performance_rules.RULES,
    *service_rules.PROTOCOLS,
    *protection_rules.RULES,
    *estate_rules.RULES,
    *metric_rules.IN_GENERAL,
)
