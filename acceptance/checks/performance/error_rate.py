"""The share of failed requests under load stays below the limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from signoff.acceptance.checks.performance.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import offered_load
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Measured, Verdict, measured
from signoff.perf.client.exchange import Exchange
from signoff.perf.decisions.statistics import DecisionOutcome, decide_rate

LATE_SHARE: Final = 0.02
"""A request that left later than this share of the time-out may have timed out because of the client."""


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """By exact binomial bounds, over every request that was due; no number of requests shows a rate of zero.

    A time-out is a failure. A fail has to hold as well without the time-outs to whose time the client added.
    """
    assert criterion.threshold is not None
    run = offered_load.run_of(evidence)
    if not run.valid:
        return Verdict("error", f"the load run is not valid: {run.reason}")
    alpha = next(evidence.of("setup"))["alpha"]
    marks = [not exchange.ok for exchange in run.exchanges]
    failed, total = sum(marks), len(marks)
    limit = criterion.threshold.base()[0]
    detail = {"outcomes": run.outcomes()}
    own = [not exchange.ok and not _is_of_client(exchange, run.plan.timeout_s) for exchange in run.exchanges]
    if sum(own) < failed and _outcome(marks, limit, alpha) == "fail" and _outcome(own, limit, alpha) != "fail":
        return Verdict(
            "inconclusive",
            f"{failed} of {total} requests failed, and {failed - sum(own)} of them timed out after the client had sent "
            f"them more than {LATE_SHARE:.0%} of the time-out late: the limit of {limit:g} is not shown to be exceeded",
            Measured(failed / total, "ratio", samples=total),
            hint="give the client its own core",
            detail=detail,
        )
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


def _outcome(marks: Sequence[bool], limit: float, alpha: float) -> DecisionOutcome:
    if limit <= 0:
        return "fail" if any(marks) else "inconclusive"
    return decide_rate(sum(marks), len(marks), limit, alpha, marks).outcome


def _is_of_client(exchange: Exchange, timeout_s: float) -> bool:
    late_s = (exchange.send_lag_ns or 0) / 1e9
    return exchange.outcome == "timeout" and late_s > LATE_SHARE * timeout_s


CHECK = Check(KINDS["error_rate"], offered_load.measure, judge, seconds=offered_load.SECONDS, group=offered_load.GROUP)
