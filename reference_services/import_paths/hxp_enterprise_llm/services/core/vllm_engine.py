"""Engines, at the path that the deployment task of Hermes-2 names."""

from signoff.reference_services.chat.engine.engine import Engine, SimulatedEngine
from signoff.reference_services.chat.vllm.vllm_arguments import vllm_arguments
from signoff.reference_services.chat.vllm.vllm_engine import VllmEngine

__all__ = ["Engine", "SimulatedEngine", "VllmEngine", "vllm_arguments"]
