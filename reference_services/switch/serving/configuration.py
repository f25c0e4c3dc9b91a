"""The configuration for `/config`: under the names of the documents, without secrets."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from signoff.reference_services.switch import NAME, VERSION
from signoff.reference_services.switch.requests.settings import SwitchSettings
from signoff.reference_services.switch.sources.source_list import Sources

MB_IN_GB = 1000


def shown(settings: SwitchSettings, sources: Sources) -> dict[str, Any]:
    """Settings, engine and registry. With the simulated engine no framework is claimed."""
    is_simulated = sources.framework == "simulated"
    values: dict[str, Any] = {
        "hermes_enable": settings.hermes_enable,
        "model_path": str(Path(settings.hermes_model_dir).resolve()),
        "model_name": sources.model,
        "max_model_len": settings.hermes_context_length,
        "hermes_max_tokens": settings.hermes_max_tokens,
        "hermes_temperature": settings.hermes_temperature,
        "max_concurrent_requests": settings.hermes_max_concurrent,
        "hermes_max_waiting": settings.hermes_max_waiting,
        "hermes_timeout": settings.hermes_timeout,
        "memory_gb": settings.hermes_max_memory_mb / MB_IN_GB,
        "openai_model": settings.openai_model,
        "openai_base_url": settings.openai_base_url,
        "openai_timeout": settings.openai_timeout,
        "log_level": settings.log_level,
        "log_inference_time": settings.log_inference_time,
    }
    if not is_simulated:
        values["hermes_framework"] = sources.framework
    if url := settings.url_of(sources.framework):
        values["hermes_base_url"] = url
    registry = sources.registry
    return {
        "service": NAME,
        "version": VERSION,
        "engine": sources.framework,
        "engine_version": sources.local.version if sources.local is not None else "",
        "settings": values,
        "registry": {
            "available_models": [asdict(model) for model in registry.models],
            "default_model": registry.default_model,
            "fallback_model": registry.fallback_model,
            **({"framework": registry.framework} if registry.framework else {}),
        },
    }
