"""One name for one setting, whatever form a document writes it in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from os.path import commonprefix

CANONICAL = frozenset(
    {
        *("port", "memory_gb", "cpu_cores", "model_path", "model_name", "max_model_len", "tensor_parallel_size"),
        *("gpu_memory_utilization", "max_num_batched_tokens", "max_num_seqs", "conversation_memory_size"),
        *("context_window_size", "coherence_threshold", "target_latency_ms", "target_throughput_rps"),
        *("swap_space", "enforce_eager", "metrics_port", "health_check_interval", "host", "workers", "name"),
        *("session_timeout_minutes", "metrics_collection_interval", "log_level"),
    }
)
ALIASES = {
    "memory_limit_gb": "memory_gb",
    "prometheus_port": "metrics_port",
    "model_dir": "model_path",
    "session_timeout": "session_timeout_minutes",
    "enable_chunked_prefill": "chunked_prefill",
}
ENGINE = frozenset(
    {
        *("max_model_len", "tensor_parallel_size", "gpu_memory_utilization", "max_num_batched_tokens"),
        *("max_num_seqs", "swap_space", "enforce_eager", "chunked_prefill"),
    }
)
_FEW = 3


def from_path(path: Sequence[str]) -> str:
    """The canonical name of a YAML path: the longest end of it that is a known name, else its leaf."""
    for begin in range(len(path)):
        joined = "_".join(path[begin:]).lower().replace("-", "_")
        name = ALIASES.get(joined, joined)
        if name in CANONICAL or joined in ALIASES:
            return name
    return path[-1].lower().replace("-", "_")


def from_variable(spelling: str, prefix: str) -> str:
    """The canonical name of an environment variable whose service's prefix is taken off."""
    rest = spelling[len(prefix) :] if prefix and spelling.startswith(prefix) else spelling
    name = rest.lower()
    return ALIASES.get(name, name)


def variable_prefix(spellings: Sequence[str], service_name: str) -> str:
    """What the service's variables begin with: its name, else what all of several variables share."""
    named = re.sub(r"[^A-Z0-9]+", "_", service_name.upper()) + "_" if service_name else ""
    if named and any(spelling.startswith(named) for spelling in spellings):
        return named
    if len(spellings) < _FEW:
        return ""
    shared = commonprefix(list(spellings))  # noqa: RUF071 - letters are compared, not path components
    return shared[: shared.rfind("_") + 1]
