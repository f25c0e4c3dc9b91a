"""All decisions of this project: pure functions from stored figures to a `Decision`.

Each decides three ways at a stated error rate, and never passes without data: no samples, figures that are not
numbers, and failures alone end as `inconclusive` or `fail`.
"""

from __future__ import annotations

from signoff.perf.decisions.decision import Decision, DecisionOutcome
from signoff.perf.decisions.growth import decide_growth
from signoff.perf.decisions.mean_latency import decide_mean
from signoff.perf.decisions.proportion import decide_percentile, decide_rate, decide_score
from signoff.perf.decisions.throughput import decide_throughput
from signoff.perf.decisions.tolerance import decide_cold_starts

__all__ = [
    "Decision",
    "DecisionOutcome",
    "decide_cold_starts",
    "decide_growth",
    "decide_mean",
    "decide_percentile",
    "decide_rate",
    "decide_score",
    "decide_throughput",
]
