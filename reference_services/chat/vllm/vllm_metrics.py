"""vLLM's exposition as metric families, so that the service's registry shows them beside its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

PREFIX = "vllm:"
"""What else vLLM's server exposes reports of its process and its HTTP, which are not those of the service."""
_CREATED = "_created"


def families_of(text: str) -> list[Metric]:
    """The families of vLLM's own names; times of creation are left out, as the service leaves out its own."""
    kept = "\n".join(
        line for line in text.splitlines() if line.removeprefix("# HELP ").removeprefix("# TYPE ").startswith(PREFIX)
    )
    return [each for each in text_string_to_metric_families(kept + "\n") if not each.name.endswith(_CREATED)]


class EngineMetrics(Collector):
    """What an engine reports, in a registry."""

    def __init__(self, families: Callable[[], Iterable[Metric]]) -> None:
        self._families = families

    def describe(self) -> Iterable[Metric]:
        """None beforehand: which there are depends on the engine's release."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The families of the engine's last look."""
        return self._families()
