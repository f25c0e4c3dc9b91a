"""A server's metrics in Prometheus' text format, reduced to the samples that a load run uses.

The parser is prometheus-client's. It takes about a quarter of a millisecond a line, and a server with many histograms
shows thousands of lines each time: unused lines are skipped before parsing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

Labels = tuple[tuple[str, str], ...]
Samples = Mapping[tuple[str, Labels], float]
"""Values by the sample's name and its labels in order."""

_VLLM: Final = (
    "num_requests_running",
    "num_requests_waiting",
    "kv_cache_usage_perc",
    "gpu_cache_usage_perc",
    "num_preemptions_total",
    "prompt_tokens_total",
    "generation_tokens_total",
    "request_success_total",
    "iteration_tokens_total_sum",
    "iteration_tokens_total_count",
    "gpu_prefix_cache_hit_rate",
    "prefix_cache_queries_total",
    "prefix_cache_hits_total",
    "gpu_prefix_cache_queries_total",
    "gpu_prefix_cache_hits_total",
)
_OTHERS: Final = (
    "process_start_time_seconds",
    "gateway_outstanding_requests",
    "gateway_queue_length",
    "sglang:(?:num_running_reqs|num_queue_reqs|token_usage|cache_hit_rate|prompt_tokens_total|generation_tokens_total)",
    r"\w+_(?:requests|tokens|response_cache)_total",
)
MOST_LINES: Final = 2000
MOST_LINE_BYTES: Final = 4096
"""The parser's time grows with the square of a line's labels."""
MOST_VALUE: Final = 1e18
_LINES: Final = re.compile(rf"^(?:vllm:(?:{'|'.join(_VLLM)})|{'|'.join(_OTHERS)})[ \t{{].*$".encode(), re.MULTILINE)


def reduced(body: bytes) -> str:
    """The lines of an exposition that are looked at; "" if there is none. Raises ValueError for too many of them."""
    found = [line[0] for line, _ in zip(_LINES.finditer(body), range(MOST_LINES + 1), strict=False)]
    if len(found) > MOST_LINES or any(len(line) > MOST_LINE_BYTES for line in found):
        raise ValueError(f"more than {MOST_LINES} lines, or {MOST_LINE_BYTES} bytes in one, of the relevant metrics")
    return b"\n".join(found).decode("utf-8", "replace") + "\n"


def samples(text: str) -> Samples:
    """What these lines hold. Raises ValueError for a line that is not in the format."""
    from prometheus_client.parser import text_string_to_metric_families

    found: dict[tuple[str, Labels], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if abs(sample.value) <= MOST_VALUE:  # neither NaN nor infinite: those count nothing
                found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def increase(readings: list[Samples]) -> Samples:
    """By how much each counter grew from the first reading to the last, as Prometheus' `increase` counts it.

    What appears later began at zero; one that fell has begun again, so what it counted before its fall is lost
    from the last reading on.
    """
    grown: dict[tuple[str, Labels], float] = {}
    for before, after in pairwise(readings):
        for key, value in after.items():
            last = before.get(key, 0.0)
            grown[key] = grown.get(key, 0.0) + (value - last if value >= last else value)
    return grown


def began_again(before: Samples, after: Samples) -> bool:
    """Whether a counter fell between two readings, or the process is another one."""
    start = ("process_start_time_seconds", ())
    if before.get(start) != after.get(start):
        return True
    return any(_is_counter(key[0]) and after.get(key, value) < value for key, value in before.items())


def _is_counter(name: str) -> bool:
    return name.endswith(("_total", "_sum", "_count"))
