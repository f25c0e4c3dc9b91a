"""The meaning of a model server's metrics: names of vLLM, SGLang, the reference services and the gateway.

vLLM's are those of its guide "Production Metrics"; `kv_cache_usage_perc` was `gpu_cache_usage_perc` before 0.10. The
reference services count by outcome (`hermes_2_requests_total`), so that tokens of abandoned requests are separate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from signoff.perf.server_side.exposition import Samples

_RUNNING: Final = ("vllm:num_requests_running", "sglang:num_running_reqs", "gateway_outstanding_requests")
_WAITING: Final = ("vllm:num_requests_waiting", "sglang:num_queue_reqs", "gateway_queue_length")
_KV_CACHE: Final = ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "sglang:token_usage")
_TOKENS: Final = {
    "prompt": ("vllm:prompt_tokens_total", "sglang:prompt_tokens_total"),
    "generated": ("vllm:generation_tokens_total", "sglang:generation_tokens_total"),
}
_NOT_ENDED_WELL: Final = frozenset({"abort", "error"})


@dataclass(frozen=True, slots=True)
class Count:
    """A server's count and its metric name."""

    metric: str
    value: float


def running(samples: Samples) -> float | None:
    """Requests in execution, over all engines or replicas."""
    return _gauge(samples, _RUNNING, sum)


def waiting(samples: Samples) -> float | None:
    """Requests that wait for a slot."""
    return _gauge(samples, _WAITING, sum)


def kv_cache(samples: Samples) -> float | None:
    """The share of the KV cache that is used, from 0 to 1; of the fullest engine."""
    return _gauge(samples, _KV_CACHE, max)


def is_idle(samples: Samples) -> bool:
    """Whether no request is in progress, as far as the server reports."""
    return not (running(samples) or 0) + (waiting(samples) or 0)


def requests(counted: Samples) -> tuple[str, Mapping[str, float]]:
    """The metric and its requests by end, in the server's terms; ("", {}) if there is none."""
    for is_its, label in (
        (lambda name: name.endswith("_requests_total"), "outcome"),
        (lambda name: name == "vllm:request_success_total", "finished_reason"),
        (lambda name: name == "gateway_requests_total", "status"),
    ):
        metric, found = _by_label(counted, is_its, label)
        if found:
            return metric, found
    return "", {}


def ended_well(counted: Samples) -> Count | None:
    """Requests that were answered; None if the server does not report them."""
    metric, found = requests(counted)
    if not metric:
        return None
    if metric == "vllm:request_success_total":
        return Count(metric, sum(value for reason, value in found.items() if reason not in _NOT_ENDED_WELL))
    if metric == "gateway_requests_total":
        return Count(metric, sum(value for status, value in found.items() if status.startswith("2")))
    return Count(metric, found.get("ok", 0.0))


def answered_tokens(counted: Samples, kind: str) -> Count | None:
    """Tokens of kind `prompt` or `generated`: only of answered requests if the server counts them separately."""
    own = {
        name: value
        for (name, labels), value in counted.items()
        if name.endswith("_tokens_total") and {("kind", kind), ("outcome", "ok")} <= set(labels)
    }
    if own:
        return Count(next(iter(own)), sum(own.values()))
    return all_tokens(counted, kind)


def all_tokens(counted: Samples, kind: str) -> Count | None:
    """Tokens that the engine read or generated, those of abandoned requests included."""
    found = (_total(counted, name) for name in _TOKENS[kind])
    return next((count for count in found if count is not None), None)


def preemptions(counted: Samples) -> float | None:
    """Preemptions: requests that lost their place in the KV cache and were recomputed."""
    found = _total(counted, "vllm:num_preemptions_total")
    return None if found is None else found.value


def tokens_per_step(counted: Samples) -> float | None:
    """Tokens that one step of the engine handled on average: how full its batches were."""
    tokens, steps = (_total(counted, f"vllm:iteration_tokens_total_{part}") for part in ("sum", "count"))
    return tokens.value / steps.value if tokens is not None and steps is not None and steps.value else None


def counts_seen(samples: Samples) -> tuple[object, ...]:
    """The server's counts, to compare two readings; () if none is known."""
    found = (requests(samples)[1], *(answered_tokens(samples, kind) for kind in ("prompt", "generated")))
    gauges = (running(samples), waiting(samples), kv_cache(samples))
    return found if any(found) or any(value is not None for value in gauges) else ()


def _gauge(samples: Samples, names: tuple[str, ...], fold: Callable[[list[float]], float]) -> float | None:
    for name in names:
        values = [value for (sample, _), value in samples.items() if sample == name and value == value]
        if values:
            return fold(values)
    return None


def _total(counted: Samples, name: str) -> Count | None:
    values = [value for (sample, _), value in counted.items() if sample == name]
    return Count(name, sum(values)) if values else None


def _by_label(counted: Samples, is_its: Callable[[str], bool], label: str) -> tuple[str, dict[str, float]]:
    metric, found = "", defaultdict[str, float](float)
    for (name, labels), value in counted.items():
        if is_its(name) and label in (values := dict(labels)):
            metric = metric or name
            if name == metric:
                found[values[label]] += value
    return metric, dict(found)
