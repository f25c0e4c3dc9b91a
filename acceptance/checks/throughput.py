"""Completions keep up with the demanded rate while more than that is offered, and latency and errors hold."""

from __future__ import annotations

from acceptance import offered_load
from acceptance.checks.check import Check
from acceptance.criterion import Criterion
from acceptance.evidence import Evidence
from acceptance.verdict import Measured, Verdict
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
    kept_up = decide_throughput(
        run.arrivals_s(), run.completions_s(), plan.duration_s, criterion.threshold.value, alpha
    )
    failures = sum(not exchange.ok for exchange in run.exchanges)
    errors = decide_rate(failures, len(run.exchanges), MOST_ERRORS, alpha)
    parts = [("completions", kept_up), ("errors", errors)]
    limit_ms = next(evidence.of("load"))["latency_limit_ms"]
    if limit_ms is not None:
        parts.append(("latency", decide_mean(run.latencies_ms(), limit_ms, plan.timeout_s * 1e3, alpha)))
    outcomes = {name: decision.outcome for name, decision in parts}
    worst = next(
        ((name, decision) for aim in ("fail", "inconclusive") for name, decision in parts if decision.outcome == aim),
        None,
    )
    if worst is None:
        reason = f"{kept_up.reason}; latency and errors hold in the same run"
    else:
        reason = f"{worst[0]} do not hold at {plan.rate_per_second:g} requests/s: {worst[1].reason}"
    return Verdict(
        worst[1].outcome if worst else "pass",
        reason,
        Measured(kept_up.value, "requests/s", kept_up.low, kept_up.high, kept_up.samples),
        mend="a longer run decides it: --profile signoff" if worst and worst[1].outcome == "inconclusive" else "",
        detail={**kept_up.detail, "parts": outcomes, "offered_rate_per_second": plan.rate_per_second},
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
