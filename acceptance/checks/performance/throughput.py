"""Completions keep up with the demanded rate while more than that is offered, and latency and errors hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from signoff.acceptance.checks.performance.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import load_conditions, offered_load
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict, measured
from signoff.perf.decisions.statistics import Decision, decide_throughput
from signoff.perf.load.load_run import LoadRun


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if all three hold in one run: completions, each latency limit of the document, and errors below 1 %.

    A latency limit that only the client's lateness leaves undecided is left out. A fail has to hold as well with the
    completions that there had been without that lateness.
    """
    assert criterion.threshold is not None
    run = offered_load.run_of(evidence)
    if not run.valid:
        return Verdict("error", f"the load run is not valid: {run.reason}")
    alpha = next(evidence.of("setup"))["alpha"]
    limit_per_second = criterion.threshold.value
    stated = next(evidence.of("load"))["conditions"]
    conditions = load_conditions.judged(run, stated, alpha)

    def decided(completions_s: Sequence[float]) -> Decision:
        return decide_throughput(
            completions_s,
            run.arrivals_s(),
            limit_per_second=limit_per_second,
            duration_s=run.plan.duration_s,
            alpha=alpha,
            conditions=conditions.outcomes,
        )

    decision, hint = decided(run.completions_s()), "a longer run decides it: --profile signoff"
    reason, detail = decision.reason, {**decision.detail, "outcomes": run.outcomes()}
    if conditions.left_open:
        reason += f"; without {', '.join(conditions.left_open)}, which the client's lateness leaves undecided"
        detail["left_open"] = list(conditions.left_open)
    if decision.outcome == "fail" and decided(run.completions_s(client_on_time=True)).outcome != "fail":
        decision, hint = replace(decision, outcome="inconclusive"), "give the client its own core"
        reason += f", but it is not shown of a client that sends on time; {_late(run, limit_per_second)}"
    return Verdict(
        decision.outcome,
        f"{reason} ({decision.basis})",
        measured(decision, "requests/s"),
        hint=hint if decision.outcome == "inconclusive" else "",
        detail=detail,
    )


def _late(run: LoadRun, limit_per_second: float) -> str:
    lag = run.health.send_lag_ms
    late_ms = lag.mean if lag is not None else 0.0
    return f"this one moved completions by {late_ms:.3g} ms on average, which is held against {limit_per_second:g}/s"


CHECK = Check(KINDS["throughput"], offered_load.measure, judge, seconds=offered_load.SECONDS, group=offered_load.GROUP)
