"""Health checks as library code with plain values as results."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signoff.reference_services.health import discovery, estate_file
from signoff.reference_services.health.estate_file import Listed
from signoff.reference_services.health.estate_health import TIMEOUT_S, look


class HealthCheckFramework:
    """Asks every service of an estate. Not from within an event loop.

    The services are those of `services` (names with URLs), else those that the `gateway` at a URL lists, else those
    of the file `estate`, of the file that SIGNOFF_ESTATE names, or of the shipped estate. Raises EstateUnreadable.
    """

    def __init__(
        self,
        services: Mapping[str, str] | None = None,
        gateway: str | None = None,
        estate: Path | str | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        if sum(given is not None for given in (services, gateway, estate)) > 1:
            raise ValueError("services, gateway and estate each say which services there are: give one of them")
        self._services, self._gateway, self._estate = services, gateway, estate
        self._timeout_s = timeout_s
        self._listed()

    def get_overall_health(self) -> dict[str, Any]:
        """`status` (healthy, degraded or unhealthy), `reasons`, times in UTC and ms, and every service."""
        return asyncio.run(look(self._listed(), self._timeout_s)).as_json()

    def get_service_health(self, name: str) -> dict[str, Any]:
        """How one service is: the first of its name. Raises KeyError with the names that there are."""
        listed = self._listed()
        chosen = [each for each in listed if name in (each.name, each.service)]
        if not chosen:
            raise KeyError(f"no service {name!r}; there are {', '.join(each.name for each in listed)}")
        found: dict[str, Any] = asyncio.run(look(chosen[:1], self._timeout_s)).as_json()["services"][0]
        return found

    def _listed(self) -> tuple[Listed, ...]:
        """Asked each time, because a gateway lists replicas that came later."""
        if self._services is not None:
            return estate_file.of_urls(self._services)
        if self._gateway is not None:
            return discovery.of_gateway(self._gateway)
        return estate_file.read(Path(self._estate) if self._estate is not None else None)
