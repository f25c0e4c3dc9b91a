"""Completions keep up with the demanded rate while more than that is offered, and latency and errors hold."""

from __future__ import annotations

from acceptance import offered_load
from acceptance.checks.check import Check
from acceptance.criterion import Criterion
from acceptance.evidence import Evidence
from acceptance.verdict import Verdict, measured
from perf.statistics import decide_mean, decide_rate, decide_throughput

MOST_ERRORS = 0.01


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where all three hold in one run: completions, mean latency, and errors below 1 %."""
    assert criterion.threshold is not None
    run = offered_load.run_of(evidence)
    if not run.valid:
        return Verdict("error", f"the client may have moved the figure: {run.reason}")
    alpha = next(evidence.of("setup"))["alpha"]
    plan = run.plan
    failures = sum(not exchange.ok for exchange in run.exchanges)
    conditions = {"errors": decide_rate(failures, len(run.exchanges), MOST_ERRORS, alpha).outcome}
    limit_ms = next(evidence.of("load"))["latency_limit_ms"]
    if limit_ms is not None:
        latencies_ms, timeout_ms = run.latencies_ms(), plan.timeout_s * 1e3
        found = decide_mean(latencies_ms, limit_ms, timeout_ms, alpha, offered_load.looks(run))
        conditions["latency"] = found.outcome
    decision = decide_throughput(
        run.completions_s(),
        run.finishes_s(),
        run.arrivals_s(),
        limit_per_second=criterion.threshold.value,
        duration_s=plan.duration_s,
        alpha=alpha,
        conditions=conditions,
    )
    return Verdict(
        decision.outcome,
        decision.reason,
        measured(decision, "requests/s"),
        mend="a longer run decides it: --profile signoff" if decision.outcome == "inconclusive" else "",
        detail={**decision.detail, "outcomes": run.outcomes()},
    )


CHECK = Check(
    kind="throughput",
    summary="Completions keep up with the demanded rate while latency and errors hold in the same run.",
    measure=offered_load.measure,
    judge=judge,
    faults=("slow",),
    seconds=offered_load.SECONDS,
    group=offered_load.GROUP,
)
