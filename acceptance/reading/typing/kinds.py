"""The kinds of criteria that reading gives and checks judge, and which of them need a limit."""

from __future__ import annotations

KINDS: tuple[str, ...] = (
    *("service", "port", "json_shape", "health", "latency", "throughput", "memory", "cpu", "load_time"),
    *("context_length", "session_recall", "session_isolation", "session_record", "session_metrics", "coherence"),
    *("metrics", "metric_named", "model_information", "library_session", "unit_file", "model_files"),
    *("config_value", "engine_settings", "streaming", "openai_api", "authentication", "rate_limit"),
    *("request_validation", "error_handling", "chat_roles", "tokenization", "queueing", "concurrency_limit"),
    *("context_truncation", "retrieval", "websocket", "graphql", "gateway_routing", "discovery", "balancing"),
    *("breaker", "fallback_chain", "prometheus_series", "alert_rules", "dashboard", "disk", "file", "coverage"),
    *("test_report", "documentation", "library_class", "library_result", "port_free", "service_gone"),
    *("ttft", "inter_token_latency", "error_rate"),
    "human_judgement",
)
WITH_LIMIT = frozenset(
    {
        *("latency", "throughput", "memory", "cpu", "load_time", "context_length", "coherence"),
        *("concurrency_limit", "disk", "coverage", "ttft", "inter_token_latency", "error_rate"),
    }
)
# What is asked of a document's estate, files or people, not of one of its services at its own address.
OF_THE_ESTATE = frozenset(
    {
        *("gateway_routing", "discovery", "balancing", "breaker", "prometheus_series", "alert_rules", "dashboard"),
        *("disk", "file", "coverage", "test_report", "documentation", "library_class", "library_result"),
        *("library_session", "port_free", "service_gone", "unit_file", "model_files", "human_judgement"),
    }
)
