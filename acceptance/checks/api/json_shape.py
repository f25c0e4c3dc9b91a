"""An answer has the JSON shape that the document shows after `# Expected:`."""

from __future__ import annotations

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.shape import differences
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send the document's own request once."""
    request = criterion.parameters["request"] or {}
    return site.measured("request", lambda recorder: recorder.write("answer", site.send(request)), key=request)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the status is 200 and nothing of the shape is missing or different."""
    answer = next(evidence.of("answer"))
    if answer["status"] != 200:
        return Verdict("fail", f"{answer['url']} gives {answer['status'] or answer['error']}, not 200")
    if answer.get("json") is None:
        instead = (answer["content_type"] or "a body without a type") if answer["text"] else "an empty body"
        return Verdict("fail", f"{answer['url']} gives no JSON, but {instead}")
    problems = differences(criterion.parameters["expected"], answer["json"])
    if problems:
        return Verdict("fail", "; ".join(problems[:5]))
    return Verdict("pass", "the answer has the shape that the document shows")


CHECK = Check(KINDS["json_shape"], measure, judge)
