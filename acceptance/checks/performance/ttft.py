"""The time to the first token stays below the limit under the document's rate."""

from __future__ import annotations

from signoff.acceptance.checks.performance import latency
from signoff.acceptance.checks.performance.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import offered_load
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """As a latency; an answer that came whole, though a stream was asked for, counts with its end."""
    run = offered_load.run_of(evidence)
    if not run.plan.stream:
        return Verdict(
            "fail", "the server does not take a request for a stream, so the first token comes with the last"
        )
    return latency.judge(criterion, evidence)


CHECK = Check(KINDS["ttft"], offered_load.measure, judge, seconds=offered_load.SECONDS, group=offered_load.GROUP)
