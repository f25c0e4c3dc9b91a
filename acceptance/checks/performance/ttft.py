"""The time to the first token stays below the limit under the document's rate."""

from __future__ import annotations

from signoff.acceptance.checks.performance.kinds import KINDS
from signoff.acceptance.checks.performance.latency import decide
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import offered_load
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict
from signoff.perf.load.load_run import LoadRun


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """As a latency; times count from when the request was due, and at most as five times the limit."""
    run = offered_load.run_of(evidence)
    if not run.plan.stream:
        return Verdict(
            "fail", "the server does not take a request for a stream, so the first token comes with the last"
        )
    return decide(criterion, evidence, _times_ms, offered_load.TIMEOUT_IN_LIMITS)


def _times_ms(run: LoadRun, most_ms: float) -> list[float]:
    """An answer that came whole, though a stream was asked for, counts with its end."""
    times = [each.ttft_ms if each.ttft_ms is not None else each.latency_ms for each in run.exchanges]
    return [min(time_ms, most_ms) if each.ok else most_ms for each, time_ms in zip(run.exchanges, times, strict=True)]


CHECK = Check(KINDS["ttft"], offered_load.measure, judge, seconds=offered_load.SECONDS, group=offered_load.GROUP)
