"""The health answer is well, and holds what the document says of it in words."""

from __future__ import annotations

import json
from collections.abc import Mapping

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.checks.api.service import WELL, status_word
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Request the health endpoint that the document names, else `/health`."""
    request = criterion.parameters.get("request") or {"method": "GET", "path": "/health"}
    return site.measured("health", lambda recorder: recorder.write("answer", site.send(request)), key=request)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the body is a JSON object that reports health and mentions every demanded word."""
    answer = next(evidence.of("answer"))
    body = answer.get("json")
    if answer["status"] != 200:
        return Verdict("fail", f"{answer['url']} gives {answer['status'] or answer['error']}, not 200")
    if not isinstance(body, Mapping) or not body:
        return Verdict("fail", f"{answer['url']} gives 200 without a health body")
    state = status_word(body)
    if state not in WELL:
        return Verdict("fail", f"{answer['url']} says status {state!r}")
    text = json.dumps(body).lower()
    missing = [word for word in criterion.parameters.get("mentions", ()) if word.lower() not in text]
    if missing:
        return Verdict("fail", f"the health body says nothing about {', '.join(missing)}")
    return Verdict("pass", f"status {state}, {len(body)} fields")


CHECK = Check(KINDS["health"], measure, judge)
