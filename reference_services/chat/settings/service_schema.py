"""The settings of a service by the sections in which the task documents write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signoff.reference_services.chat.settings.services import SERVICES
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.web.settings.settings_problems import SettingsError

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "service": ("name", "port", "host"),
    "model": (
        "model_path",
        "model_name",
        "max_model_len",
        "tensor_parallel_size",
        "gpu_memory_utilization",
        "max_num_batched_tokens",
        "max_num_seqs",
    ),
    "performance": ("target_latency_ms", "target_throughput_rps", "memory_gb", "cpu_cores"),
    "monitoring": ("health_check_interval", "metrics_collection_interval", "metrics_port"),
}


@dataclass(frozen=True, slots=True, init=False)
class ServiceConfigSchema:
    """Four sections, each a mapping of settings under their canonical names, checked by the rules of the service."""

    service: Mapping[str, Any]
    model: Mapping[str, Any]
    performance: Mapping[str, Any]
    monitoring: Mapping[str, Any]

    def __init__(self, name: str, **values: Any) -> None:
        """Missing values have the defaults of the service's settings. Raises SettingsError."""
        if name not in SERVICES:
            raise SettingsError([f"there is no service {name!r}; there are {', '.join(SERVICES)}"])
        self._take(SERVICES[name](**values))

    @classmethod
    def of(cls, config: ChatSettings) -> ServiceConfigSchema:
        """The sections of a configuration."""
        found = cls.__new__(cls)
        found._take(config)
        return found

    def _take(self, config: ChatSettings) -> None:
        for section, names in SECTIONS.items():
            object.__setattr__(self, section, {name: getattr(config, name) for name in names})
