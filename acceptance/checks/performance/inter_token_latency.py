"""The time from token to token stays below the limit under the document's rate."""

from __future__ import annotations

from dataclasses import replace

from signoff.acceptance.checks.performance import latency
from signoff.acceptance.checks.performance.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import offered_load
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict
from signoff.perf.load.client_part import gaps_of_tokens


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """As a latency, on each answer's mean time between tokens."""
    run = offered_load.run_of(evidence)
    if not run.plan.stream:
        return Verdict("fail", "the server does not take a request for a stream, so its tokens do not come one by one")
    if not any(gaps_of_tokens(each) for each in run.exchanges):
        return Verdict("fail", f"none of {len(run.exchanges)} answers to requests for a stream came in several pieces")
    verdict = latency.judge(criterion, evidence)
    said = "an answer counts with the mean time between its tokens; one of a single token says nothing"
    return replace(verdict, assumptions=(*verdict.assumptions, said))


CHECK = Check(
    KINDS["inter_token_latency"], offered_load.measure, judge, seconds=offered_load.SECONDS, group=offered_load.GROUP
)
