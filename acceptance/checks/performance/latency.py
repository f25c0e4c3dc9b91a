"""Latency under the offered rate stays below the limit, counted from the time a request was due."""

from __future__ import annotations

from signoff.acceptance.asked import timed
from signoff.acceptance.checks.performance.kinds import KINDS, NOUNS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import load_conditions, offered_load
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict, measured
from signoff.perf.load.time_limit import BY_CLIENT

HINT = "more requests decide it: --profile signoff"
HINT_OF_CLIENT = "give the client its own core; no client can judge a limit near what it always moves"


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """The mean by batch means at planned looks, a percentile by order statistics, from when a request was due.

    A limit on one request of the document is judged on that request's share of the run. A failure counts as five times
    the limit, in a mean a longer answer does too, and no mean passes whose whole times exceed the limit. What the
    client may have moved is held against this limit alone: a fail that does not hold without it is inconclusive.
    """
    assert criterion.threshold is not None
    run = offered_load.run_of(evidence)
    if not run.valid:
        return Verdict("error", f"the load run is not valid: {run.reason}")
    alpha = next(evidence.of("setup"))["alpha"]
    limit = load_conditions.time_limit(criterion, offered_load.OF_A_STREAM)
    decision = limit.decide(run, alpha, timed(NOUNS[criterion.kind], criterion.threshold.statistic))
    own = limit.of(run)
    failed = sum(not exchange.ok for exchange in own.exchanges)
    charged = f"; {failed} failed requests charged at {limit.charge_ms(own):g} ms" if failed else ""
    hint = HINT_OF_CLIENT if BY_CLIENT in decision.detail else HINT
    return Verdict(
        decision.outcome,
        f"{decision.reason} at {run.plan.rate_per_second:g} requests/s{charged} ({limit.basis(decision)})",
        measured(decision, "ms"),
        hint=hint if decision.outcome == "inconclusive" else "",
        detail={**decision.detail, "outcomes": own.outcomes(), "stamps": run.health.stamps},
    )


CHECK = Check(KINDS["latency"], offered_load.measure, judge, seconds=offered_load.SECONDS, group=offered_load.GROUP)
