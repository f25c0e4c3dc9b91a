"""Engines, at the path that the deployment task of Hermes-2 names."""

from reference_services.chat.engine import Engine, SimulatedEngine
from reference_services.chat.vllm_arguments import vllm_arguments

__all__ = ["Engine", "SimulatedEngine", "vllm_arguments"]
