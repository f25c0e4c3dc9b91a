"""The share of failed requests under load stays below the limit."""

from __future__ import annotations

from signoff.acceptance.checks.performance.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import offered_load
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Measured, Verdict, measured
from signoff.perf.decisions.statistics import decide_rate


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """By exact binomial bounds, over every request that was due; no number of requests shows a rate of zero."""
    assert criterion.threshold is not None
    run = offered_load.run_of(evidence)
    if not run.valid:
        return Verdict("error", f"the client may have moved the figure: {run.reason}")
    alpha = next(evidence.of("setup"))["alpha"]
    marks = [not exchange.ok for exchange in run.exchanges]
    failed, total = sum(marks), len(marks)
    limit = criterion.threshold.base()[0]
    detail = {"outcomes": run.outcomes()}
    if limit <= 0:
        figure = Measured(failed / total, "ratio", samples=total) if total else None
        if failed:
            return Verdict("fail", f"{failed} of {total} requests failed, and none may", figure, detail=detail)
        return Verdict(
            "inconclusive",
            f"none of {total} requests failed, which does not show that none ever will",
            figure,
            hint="state a limit above zero, such as 0.1 %",
            detail=detail,
        )
    decision = decide_rate(failed, total, limit, alpha, marks)
    return Verdict(
        decision.outcome,
        f"{decision.reason} at {run.plan.rate_per_second:g} requests/s ({decision.basis})",
        measured(decision, "ratio"),
        hint="a longer run decides it: --profile signoff" if decision.outcome == "inconclusive" else "",
        detail={**decision.detail, **detail},
    )


CHECK = Check(KINDS["error_rate"], offered_load.measure, judge, seconds=offered_load.SECONDS, group=offered_load.GROUP)
