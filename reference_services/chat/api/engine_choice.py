"""Which engine a service has, by its setting `engine`."""

from __future__ import annotations

from signoff.reference_services.chat.engine.engine import Engine, SimulatedEngine
from signoff.reference_services.chat.settings.settings import ChatSettings


def make_engine(settings: ChatSettings) -> Engine:
    """The engine of the settings, not loaded yet. Raises EngineError if it is not available."""
    if settings.engine == "simulated":
        return SimulatedEngine(settings)
    # What a real engine needs is imported only where there is one.
    from signoff.reference_services.chat.vllm.vllm_engine import VllmEngine

    return VllmEngine(settings)
