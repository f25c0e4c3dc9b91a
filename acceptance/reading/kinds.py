"""The kinds of criteria that reading gives and checks judge, and which of them need a limit."""

from __future__ import annotations

KINDS: tuple[str, ...] = (
    *("service", "port", "json_shape", "health", "latency", "throughput", "memory", "cpu", "load_time"),
    *("context_length", "session_recall", "session_isolation", "session_record", "session_metrics", "coherence"),
    *("metrics", "metric_named", "model_information", "library_session", "unit_file", "model_files"),
    *("config_value", "engine_settings", "human_judgement"),
)
WITH_LIMIT = frozenset({"latency", "throughput", "memory", "cpu", "load_time", "context_length", "coherence"})
