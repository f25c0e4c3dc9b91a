"""The hit rate of a server's prompt cache during a run, from its own metrics.

Known are vLLM (`vllm:prefix_cache_queries` and `_hits`, in tokens; before version 0.8 a gauge), SGLang (a gauge) and
the reference service (`..._response_cache`, in requests).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from signoff.perf.server_side.exposition import Samples

_COUNTERS: Final = (
    ("vllm:prefix_cache", "tokens"),
    ("vllm:gpu_prefix_cache", "tokens"),
)
_GAUGES: Final = ("vllm:gpu_prefix_cache_hit_rate", "sglang:cache_hit_rate")
_RESPONSES: Final = "_response_cache"


@dataclass(frozen=True, slots=True)
class CacheRate:
    """`hit_rate` from 0 to 1 over `queries` of the kind `unit`; `queries` is None for a gauge: it has no count."""

    hit_rate: float
    queries: float | None
    unit: str
    metric: str

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


def cache_rate(first: Samples, last: Samples) -> CacheRate | None:
    """The rate between two readings; None if the server reports none, or nothing was looked up."""
    for name, unit in _COUNTERS:
        queries = _moved(first, last, f"{name}_queries_total")
        hits = _moved(first, last, f"{name}_hits_total")
        if queries and hits is not None:
            return CacheRate(round(hits / queries, 5), queries, unit, name)
    for name in _GAUGES:
        values = [value for (sample, _), value in last.items() if sample == name and value == value]
        if values:
            return CacheRate(round(sum(values) / len(values), 5), None, "tokens", name)
    for name in sorted({sample for sample, _ in last if sample.endswith(f"{_RESPONSES}_total")}):
        hit = _moved(first, last, name, ("result", "hit")) or 0.0
        missed = _moved(first, last, name, ("result", "miss")) or 0.0
        if hit + missed:
            return CacheRate(round(hit / (hit + missed), 5), hit + missed, "requests", name.removesuffix("_total"))
    return None


def _moved(first: Samples, last: Samples, name: str, label: tuple[str, str] | None = None) -> float | None:
    """By how much a counter grew over all its labels; None if it is not there."""
    keys = [key for key in last if key[0] == name and (label is None or label in key[1])]
    return sum(last[key] - first.get(key, 0.0) for key in keys) if keys else None
