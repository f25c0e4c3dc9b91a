"""A library call of the document completes, and what it prints does not mention a failure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from signoff.acceptance.checks.library.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.library import library_call
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict

FAILURE = re.compile(
    r"\b(error|errors|exception|failed|failure|failures|failing|unhealthy|unavailable|unreachable|refused|invalid|"
    r"not (?:ready|loaded|found|connected|healthy|available|configured))\b",
    re.IGNORECASE,
)
NO_FAILURE = re.compile(
    r"\b(?:no|0|zero|without)\s+(?:errors?|exceptions?|failures?|failed)\b"
    r"|\b(?:errors?|exceptions?|failures?|failed)['\"]?\s*[:=]\s*(?:0|none|null|false|\[\]|\{\}|''|\"\")(?![\w.])",
    re.IGNORECASE,
)
FAILURE_KEYS = {"error", "errors", "exception", "failed", "failure", "failures"}
WELL_KEYS = {
    "ok",
    "success",
    "successful",
    "healthy",
    "ready",
    "loaded",
    "valid",
    "passed",
    "connected",
    "available",
    "is_healthy",
    "is_ready",
    "is_valid",
    "model_loaded",
    "result",
}


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the output is not empty, reports no failure, and contains each demanded word."""
    call = next(evidence.of("call"))
    if call["error"]:
        return Verdict("fail", f"the call ended with {call['error'].strip().splitlines()[-1]}")
    printed = call["printed"]
    if not printed:
        return Verdict(
            "inconclusive", "the call completed and printed nothing", hint="let the command print what the call gives"
        )
    failures = [text for item in printed if (text := _failure(item))]
    if failures:
        return Verdict("fail", f"the call printed {failures[0]}")
    said = " ".join(item["text"] for item in printed).lower()
    missing = [word for word in criterion.parameters.get("mentions") or () if word.lower() not in said]
    if missing:
        return Verdict("fail", f"what the call printed says nothing about {', '.join(missing)}: {said[:200]}")
    return Verdict("pass", f"the call completed and printed {printed[-1]['text'][:200]}")


def _failure(item: Mapping[str, Any]) -> str:
    """What in a printed object mentions a failure, or "" if nothing does."""
    if item["text"].strip() in {"None", "False", ""}:
        return item["text"].strip() or "an empty text"
    if isinstance(item["value"], Mapping | list):
        return _failure_in(item["value"])
    return item["text"][:200] if _says_failure(item["text"]) else ""


def _failure_in(value: Any) -> str:
    if isinstance(value, list):
        return next((text for each in value if (text := _failure_in(each))), "")
    if isinstance(value, Mapping):
        for key, each in value.items():
            is_bad = each not in (None, 0, "", [], {}, "0", "none") if str(key).lower() in FAILURE_KEYS else False
            if is_bad or (str(key).lower() in WELL_KEYS and each in (False, None)):
                return f"{key}: {each}"[:200]
            if text := _failure_in(each):
                return f"{key}: {text}"[:200]
        return ""
    return value[:200] if isinstance(value, str) and _says_failure(value) else ""


def _says_failure(text: str) -> bool:
    return FAILURE.search(NO_FAILURE.sub("", text)) is not None


CHECK = Check(KINDS["library_result"], library_call.measure, judge, seconds=3)
