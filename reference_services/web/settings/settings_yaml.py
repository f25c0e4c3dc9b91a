"""The YAML form of the settings: nested sections, mapped to the canonical names, each value with its line."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from signoff.reference_services.web.settings.settings_problems import SettingsError
from signoff.reference_services.web.settings.yaml_file import compose

SECTIONS: dict[str, dict[str, str]] = {
    "service": {"name": "name", "port": "port", "host": "host", "workers": "workers"},
    "model": {
        "path": "model_path",
        "name": "model_name",
        "chat_template": "chat_template",
        "max_model_len": "max_model_len",
        "tensor_parallel_size": "tensor_parallel_size",
        "gpu_memory_utilization": "gpu_memory_utilization",
        "max_num_batched_tokens": "max_num_batched_tokens",
        "max_num_seqs": "max_num_seqs",
    },
    "engine": {
        "name": "engine",
        "command": "vllm_command",
        "start_s": "engine_start_s",
        "restarts": "engine_restarts",
        "arguments": "engine_arguments",
        "pipeline_parallel_size": "pipeline_parallel_size",
        "distributed_executor_backend": "distributed_executor_backend",
        "dtype": "dtype",
        "kv_cache_gb": "kv_cache_gb",
        "cpu_threads": "cpu_threads",
        "enable_prefix_caching": "enable_prefix_caching",
        "enable_chunked_prefill": "enable_chunked_prefill",
        "trust_remote_code": "trust_remote_code",
    },
    "sampling": {
        "temperature_range": "temperature_range",
        "top_p_range": "top_p_range",
        "max_tokens_range": "max_tokens_range",
        "max_choices": "max_choices",
        "max_logprobs": "max_logprobs",
    },
    "cache": {"size": "response_cache_size", "seconds": "response_cache_seconds"},
    "interfaces": {"embeddings": "embeddings", "websocket": "websocket", "graphql": "graphql"},
    "retrieval": {
        "location": "retrieval",
        "embedding_model": "embedding_model",
        "top_k": "retrieval_top_k",
        "min_score": "retrieval_min_score",
        "context_tokens": "retrieval_context_tokens",
        "max_documents": "retrieval_max_documents",
        "max_characters": "retrieval_max_characters",
    },
    "conversation": {
        "memory_size": "conversation_memory_size",
        "context_window_size": "context_window_size",
        "coherence_threshold": "coherence_threshold",
        "session_timeout_minutes": "session_timeout_minutes",
        "max_sessions": "max_sessions",
        "threads": "threads",
        "system_prompt": "system_prompt",
        "session_cache_size": "session_cache_size",
        "store": "store",
    },
    "moderation": {
        "location": "moderation",
        "on_failure": "moderation_on_failure",
        "model": "moderation_model",
        "timeout_ms": "moderation_timeout_ms",
        "window_tokens": "moderation_window_tokens",
    },
    "performance": {
        "target_latency_ms": "target_latency_ms",
        "target_throughput_rps": "target_throughput_rps",
        "memory_limit_gb": "memory_gb",
        "cpu_cores": "cpu_cores",
        "swap_space": "swap_space",
        "enforce_eager": "enforce_eager",
    },
    "monitoring": {
        "health_check_interval": "health_check_interval",
        "metrics_collection_interval": "metrics_collection_interval",
        "prometheus_port": "metrics_port",
        "log_level": "log_level",
    },
    "security": {
        "api_key_file": "api_key_file",
        "api_key_header": "api_key_header",
        "rate_limit": "rate_limit",
        "max_body_bytes": "max_body_bytes",
        "max_header_bytes": "max_header_bytes",
        "max_held_bytes": "max_held_bytes",
        "max_connections": "max_connections",
        "request_head_seconds": "request_head_seconds",
        "request_body_seconds": "request_body_seconds",
        "request_idle_seconds": "request_idle_seconds",
        "send_seconds": "send_seconds",
        "keep_alive_seconds": "keep_alive_seconds",
        "tls_certificate": "tls_certificate",
        "tls_key": "tls_key",
        "allowed_hosts": "allowed_hosts",
        "allowed_origins": "allowed_origins",
        "trusted_proxies": "trusted_proxies",
    },
    "simulation": {
        "time_to_first_token_ms": "time_to_first_token_ms",
        "time_per_token_ms": "time_per_token_ms",
    },
}
LISTS = ("_range", "_hosts", "_origins", "_proxies")
"""How the names of settings end that hold several values."""


@dataclass(frozen=True, slots=True)
class YamlSettings:
    """Values and places (`file:line`) by canonical name, and what is wrong with the file."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_yaml(path: Path) -> YamlSettings:
    """The settings of a file. Raises SettingsError if it is not YAML at all; other problems are collected."""
    root = compose(path)
    if root is None:
        return YamlSettings()
    if not isinstance(root, yaml.MappingNode):
        raise SettingsError([f"{path}:{root.start_mark.line + 1}: sections are expected: {', '.join(SECTIONS)}"])
    return _Walk(path).sections(root)


class _Walk:
    """Goes through the nodes and collects."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, Any] = {}
        self._places: dict[str, str] = {}
        self._problems: list[str] = []

    def sections(self, root: yaml.MappingNode) -> YamlSettings:
        for section, body in self._entries(root, "section", SECTIONS):
            if isinstance(body, yaml.MappingNode):
                names = SECTIONS[section]
                for key, value in self._entries(body, f"key of {section}", names):
                    self._take(names[key], f"{section}.{key}", value)
            else:
                self._problems.append(f"{self._place(body)}: {section} holds no keys: {', '.join(SECTIONS[section])}")
        return YamlSettings(self._values, self._places, tuple(self._problems))

    def _entries(self, node: yaml.MappingNode, what: str, known: dict[str, Any]) -> list[tuple[str, yaml.Node]]:
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                self._problems.append(f"{self._place(key)}: unknown {what} {name!r}; {hint}")
            elif name in found:
                self._problems.append(f"{self._place(key)}: {name} is stated twice")
            else:
                found[name] = value
        return list(found.items())

    def _take(self, name: str, spelling: str, node: yaml.Node) -> None:
        is_list = isinstance(node, yaml.SequenceNode) and name.endswith(LISTS)
        if not isinstance(node, yaml.ScalarNode) and not is_list:
            self._problems.append(f"{self._place(node)}: {spelling} holds one value, not several")
            return
        try:
            value = yaml.SafeLoader("").construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError) as error:
            self._problems.append(f"{self._place(node)}: {spelling} = {node.value!r} cannot be read: {error}")
            return
        if name == "model_path" and isinstance(value, str) and value.startswith(("./", "../")):
            # Beside this file, wherever the service is started.
            value = str((self._path.parent / value).resolve())
        self._values[name] = value
        self._places[name] = self._place(node)

    def _place(self, node: yaml.Node) -> str:
        return f"{self._path}:{node.start_mark.line + 1}"
