"""The health of the estate: one status from the health of every service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from signoff.reference_services.health.estate_file import Listed
from signoff.reference_services.health.service_health import ServiceHealth, Status, ask

TIMEOUT_S = 3.0
WATCHERS = ("prometheus",)
"""No request fails while one of these is down."""


@dataclass(frozen=True, slots=True)
class EstateHealth:
    """One status with its reasons, and every service behind it."""

    status: Status
    reasons: tuple[str, ...]
    asked_at: str
    took_ms: float
    services: tuple[ServiceHealth, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


async def look(listed: Sequence[Listed], timeout_s: float = TIMEOUT_S) -> EstateHealth:
    """Ask all services at once. Each of them is in the answer, whether or not it gave one."""
    asked_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    begin_s = time.perf_counter()
    async with httpx.AsyncClient(timeout=timeout_s, trust_env=False) as client:
        found = await asyncio.gather(*(ask(client, each) for each in listed))
    status, reasons = fold(found)
    return EstateHealth(status, reasons, asked_at, round((time.perf_counter() - begin_s) * 1e3, 3), tuple(found))


def fold(found: Sequence[ServiceHealth]) -> tuple[Status, tuple[str, ...]]:
    """`unhealthy` where a service has no replica left that is not, `degraded` where anything is not well.

    An estate of no services is unhealthy: nothing was seen.
    """
    if not found:
        return "unhealthy", ("no service is listed",)
    reasons = tuple(f"{each.name}: {reason}" for each in found for reason in each.reasons)
    gone = {each.service for each in found} - {each.service for each in found if each.status != "unhealthy"}
    if gone - set(WATCHERS):
        return "unhealthy", reasons
    is_well = all(each.status == "healthy" for each in found)
    return ("healthy" if is_well else "degraded"), reasons
