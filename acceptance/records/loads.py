"""Records of load runs, beside those of `perf`."""

from collections.abc import Mapping, Sequence
from typing import Any

from signoff.acceptance.records.envelope import Envelope


class Load(Envelope):
    """What a load run was planned by."""

    conditions: Sequence[Mapping[str, Any]]
    machine_cores: int | None
    rate_is_stated: bool
    throughput_limit_per_second: float | None


class RepeatedLoad(Envelope):
    """A load run with the same prompts once more."""

    duration_s: float
    offered: int
    answered: int


class Foreign(Envelope):
    """Another tool's run, and what it cannot prove."""

    tool: str
    version: str
    target: str
    model: str
    cannot_prove: Sequence[str]
