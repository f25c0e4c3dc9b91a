"""A server's report on a load run, as results.json stores it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPoint:
    """One reading of a server's metrics, seconds from the start of the load run; `kv_cache` is a share of 1."""

    t_s: float
    running: float | None = None
    waiting: float | None = None
    kv_cache: float | None = None
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredComparison:
    """A count of client and server; None if that side did not report it."""

    what: str
    client: int | None = None
    server: int | None = None
    metric: str = ""
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTotals:
    """What a server counted during the load run."""

    requests: Mapping[str, int] = field(default_factory=dict)
    preemptions: int | None = None
    tokens_per_step: float | None = None
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCache:
    """The share of a run's prompts that the server found in its cache, from 0 to 1."""

    hit_rate: float
    metric: str = ""
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGpu:
    """A GPU over the load run."""

    device: int
    name: str = ""
    total_bytes: int | None = None
    most_used_bytes: int | None = None
    most_of_service_bytes: int | None = None
    mean_busy_share: float | None = None
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGpus:
    """The GPUs of the server's machine, or why they were not seen."""

    problem: str = ""
    devices: tuple[StoredGpu, ...] = ()
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredServerSide:
    """A server's report on the load run. If `problem` says why there is none, the rest is empty.

    `notes` say why the two sides may differ. `service` is the one of several that it is about, else empty.
    """

    url: str
    service: str = ""
    problem: str = ""
    readings: int = 0
    missed: int = 0
    series: tuple[StoredPoint, ...] = ()
    totals: StoredTotals | None = None
    cache: StoredCache | None = None
    compared: tuple[StoredComparison, ...] = ()
    notes: tuple[str, ...] = ()
    gpu: StoredGpus | None = None
    extra: Json = field(default_factory=dict)
