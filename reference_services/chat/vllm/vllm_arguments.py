"""The settings of a model service as a command line of vLLM's server, to run it without the service."""

from __future__ import annotations

from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.chat.vllm.vllm_flags import flags


def vllm_arguments(settings: ChatSettings) -> list[str]:
    """`vllm serve` with these settings, at their address and under their name; every flag, known to it or not."""
    address = ["--host", settings.host, "--port", str(settings.port), "--served-model-name", settings.name]
    return ["vllm", "serve", settings.model_path, *address, *(word for flag in flags(settings) for word in flag.words)]
