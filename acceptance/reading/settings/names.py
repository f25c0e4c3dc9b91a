"""One name for one setting, whatever form a document writes it in, and its value in the unit that the name says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from os.path import commonprefix
from typing import Any

CANONICAL = frozenset(
    {
        "port",
        "memory_gb",
        "cpu_cores",
        "model_path",
        "model_name",
        "max_model_len",
        "tensor_parallel_size",
        "gpu_memory_utilization",
        "max_num_batched_tokens",
        "max_num_seqs",
        "conversation_memory_size",
        "context_window_size",
        "coherence_threshold",
        "target_latency_ms",
        "target_throughput_rps",
        "swap_space",
        "enforce_eager",
        "metrics_port",
        "health_check_interval",
        "host",
        "workers",
        "name",
        "session_timeout_minutes",
        "metrics_collection_interval",
        "log_level",
        "max_concurrent_requests",
        "timeout_seconds",
        "size_gb",
        "quantization",
        "dtype",
        "chunked_prefill",
    }
)
GENERIC = frozenset({"name", "host", "port", "workers", "log_level", "model_name", "timeout_seconds"})
"""Names that other programs have as well."""
_SPELLINGS: Mapping[str, str] = {
    "chunked_prefill": "enable_chunked_prefill chunked_prefill_enabled",
    "cpu_cores": "num_cpus cpu_count cpus_limit",
    "max_concurrent_requests": "max_concurrent max_concurrency concurrency_limit num_parallel n_parallel parallel",
    "max_model_len": (
        "context_length ctx_size n_ctx num_ctx max_context_length max_context_len context_size max_total_tokens"
        " max_seq_len max_seq_length max_sequence_length max_model_length max_position_embeddings"
    ),
    "max_num_batched_tokens": "max_batch_prefill_tokens max_batched_tokens chunked_prefill_size",
    "max_num_seqs": "max_running_requests max_num_sequences max_batch_size",
    "memory_gb": "memory_limit_gb max_memory_gb mem_limit_gb ram_gb",
    "metrics_port": "prometheus_port monitoring_port",
    "model_name": "model_id hf_model hf_model_id",
    "model_path": "model_dir model_directory model_folder",
    "port": "http_port listen_port server_port service_port container_port containerport",
    "session_timeout_minutes": "session_timeout",
    "target_latency_ms": "latency_target_ms max_latency_ms latency_budget_ms",
    "target_throughput_rps": "throughput_target_rps target_rps min_throughput_rps",
    "tensor_parallel_size": "tensor_parallel tp_size tp num_shard",
    "timeout_seconds": "timeout_s request_timeout_seconds",
    "workers": "num_workers n_workers",
}
ALIASES: Mapping[str, str] = {
    spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings.split()
}
ENGINE = frozenset(
    {
        "max_model_len",
        "tensor_parallel_size",
        "gpu_memory_utilization",
        "max_num_batched_tokens",
        "max_num_seqs",
        "swap_space",
        "enforce_eager",
        "chunked_prefill",
    }
)
# Names whose value says its unit, or counts in another one than the canonical name.
_MEASURED: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        (
            "memory_limit",
            "mem_limit",
            "memorymax",
            "memorylimit",
            "limits_memory",
            "memory_max",
            "max_memory",
            "memory",
        ),
        ("memory_gb", "size"),
    ),
    **dict.fromkeys(("max_memory_mb", "memory_limit_mb", "memory_mb", "mem_limit_mb"), ("memory_gb", "megabytes")),
    **dict.fromkeys(("limits_cpu", "limits_cpus", "cpu_limit", "cpus", "cpuquota"), ("cpu_cores", "cores")),
}
# What a container asks for at least is no limit.
_ASKED_FOR = frozenset({"requests", "reservations"})
_FEW = 3
_SIZE = re.compile(r"(?P<number>\d{1,12}(?:\.\d{1,6})?)\s*(?P<power>[kmgtp])(?P<binary>i?)b?", re.IGNORECASE)
_POWERS = "kmgtp"
_GB = 10**9


def from_path(path: Sequence[str]) -> str:
    """The canonical name of a YAML path: the longest end of it that is a known name, else its leaf."""
    for joined in _ends(path):
        name = ALIASES.get(joined, joined)
        if name in CANONICAL:
            return name
    return _squeezed(path[-1])


def is_of_path(path: Sequence[str]) -> bool:
    """Whether the canonical name of a path has more of it than its leaf: `server.port`, `model.path`."""
    return any(ALIASES.get(joined, joined) in CANONICAL for joined in _ends(path)[:-1])


def named_value(path: Sequence[str], value: Any) -> tuple[str, Any]:
    """The canonical name of a path, with its value in the unit of that name: `limits.memory: 16Gi` is `memory_gb`."""
    if any(part in _ASKED_FOR for part in path[:-1]):
        return f"requested_{_squeezed(path[-1])}", value
    for joined in _ends(path):
        if joined in _MEASURED:
            name, measure = _MEASURED[joined]
            converted = _converted(value, measure)
            if converted is not None:
                return name, converted
    return from_path(path), value


def from_variable(spelling: str, prefix: str) -> str:
    """The canonical name of an environment variable whose service's prefix is taken off."""
    rest = spelling[len(prefix) :] if prefix and spelling.startswith(prefix) else spelling
    name = rest.lower()
    return ALIASES.get(name, name)


def variable_value(spelling: str, prefix: str, value: Any) -> tuple[str, Any]:
    """The same for a variable."""
    name = from_variable(spelling, prefix)
    return named_value((name,), value) if name in _MEASURED else (name, value)


def variable_prefix(spellings: Sequence[str], service_name: str) -> str:
    """What the service's variables begin with: its name, else what all of several variables share."""
    named = re.sub(r"[^A-Z0-9]+", "_", service_name.upper()) + "_" if service_name else ""
    if named and any(spelling.startswith(named) for spelling in spellings):
        return named
    if len(spellings) < _FEW:
        return ""
    shared = commonprefix(list(spellings))  # noqa: RUF071 - letters are compared, not path components
    return shared[: shared.rfind("_") + 1]


def common_prefix(spellings: Sequence[str]) -> str:
    """The first word of the variables that most of several share: `HERMES_` where others stand among them."""
    words = [spelling.split("_", 1)[0] for spelling in spellings if "_" in spelling.strip("_")]
    best = max(words, key=lambda word: (words.count(word), word), default="") if len(words) < 200 else ""
    return f"{best}_" if best and words.count(best) >= _FEW and 2 * words.count(best) >= len(spellings) else ""


def _ends(path: Sequence[str]) -> list[str]:
    """The ends of a path, the longest first; deep paths end nowhere new."""
    near = path[-4:]
    return [_squeezed("_".join(near[begin:])) for begin in range(len(near))]


def _squeezed(text: str) -> str:
    return text.lower().replace("-", "_").replace(".", "_")


def _converted(value: Any, measure: str) -> int | float | None:
    """A value in the unit of its canonical name, or None where its text is no such figure."""
    if isinstance(value, bool):
        return None
    text = str(value).strip()
    if measure == "megabytes":
        return _plain(float(text) / 1000) if re.fullmatch(r"\d{1,12}(?:\.\d{1,6})?", text) else None
    if measure == "cores":
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)(m|%|)", text)
        scale = {"m": 1000, "%": 100, "": 1}
        return _plain(float(match[1]) / scale[match[2]]) if match is not None else None
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    base = 1024 if match["binary"] else 1000
    return _plain(float(match["number"]) * base ** (_POWERS.index(match["power"].lower()) + 1) / _GB)


def _plain(number: float) -> int | float:
    return int(number) if number == int(number) else round(number, 6)
