"""Registered replicas with leases, in addition to the configured ones.

They are kept in memory: after a restart of the gateway a renewal finds nothing (404), and the replica announces itself
again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from signoff.reference_services.gateway import LOGGER
from signoff.reference_services.gateway.services.directory import Directory
from signoff.reference_services.gateway.services.metrics import Metrics
from signoff.reference_services.gateway.settings.configuration import (
    Name,
    PositiveCount,
    ReplicaEntry,
    Seconds,
    ServiceEntry,
    sound_url,
)
from signoff.reference_services.web.access.failures import Refused

log = logging.getLogger(LOGGER)


class Announcement(BaseModel):
    """A replica that says where it is and what it serves. Without models it is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    service: Name
    address: Annotated[str, Field(max_length=2048), AfterValidator(sound_url)]
    replica: Name | None = None
    models: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=200)], ...],
        Field(max_length=64, fail_fast=True),
        BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
    ] = ()
    concurrent: PositiveCount | None = None
    lease_seconds: Seconds | None = None

    @property
    def entry(self) -> ReplicaEntry:
        """The replica, as a configuration would have it."""
        return ReplicaEntry(url=self.address, name=self.replica, concurrent=self.concurrent)


@dataclass(frozen=True, slots=True)
class Registration:
    """One valid announcement. `expires` is a monotonic time."""

    announcement: Announcement
    lease_s: float
    expires: float

    @property
    def expires_at(self) -> str:
        """The end of the lease, in UTC."""
        left = timedelta(seconds=self.expires - time.monotonic())
        return (datetime.now(UTC) + left).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def shown(self, status: str) -> dict[str, Any]:
        """The answer to an announcer."""
        announcement = self.announcement
        where = {"service": announcement.service, "replica": announcement.entry.shown, "address": announcement.address}
        return {**where, "lease_seconds": self.lease_s, "expires_at": self.expires_at, "status": status}


class Registrations:
    """The announcements that hold. `changed` hears that there are others."""

    def __init__(self, directory: Directory, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._metrics = metrics
        self._clock = clock
        self._held: dict[tuple[str, str], Registration] = {}
        self._sooner = asyncio.Event()

    def announce(self, announcement: Announcement) -> tuple[Registration, bool]:
        """Take a replica in, or renew it; whether it is new. Raises Refused."""
        key = announcement.service, announcement.entry.shown
        before = self._held.get(key)
        try:
            self._check(announcement, before)
        except Refused:
            self._count("refused")
            raise
        figures = self._directory.configuration.leases
        lease_s = min(announcement.lease_seconds or figures.seconds, figures.longest_seconds)
        held = self._held[key] = Registration(announcement, lease_s, self._clock() + lease_s)
        self._count("renewed" if before else "new")
        if before is None or before.announcement != announcement:
            self._apply()
            log.warning("service announced", extra={"fields": {"service": announcement.service, "replica": key[1]}})
        self._sooner.set()
        return held, before is None

    def renew(self, service: str, replica: str) -> Registration:
        """Hold a replica for another lease. Raises Refused (404) if its lease has ended."""
        before = self._found(service, replica)
        held = replace(before, expires=self._clock() + before.lease_s)
        self._held[service, replica] = held
        self._count("renewed")
        return held

    def withdraw(self, service: str, replica: str) -> None:
        """Let a replica go. Raises Refused (404) if it is gone."""
        self._found(service, replica)
        self._drop([(service, replica)], "withdrawn")

    def expire(self) -> float:
        """Let those go whose lease has ended; seconds until the next one ends."""
        now = self._clock()
        self._drop([key for key, held in self._held.items() if held.expires <= now], "expired")
        return max(0.0, min((held.expires for held in self._held.values()), default=now + 3600.0) - now)

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            wait_s = self.expire()
            self._sooner.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await self._sooner.wait()
            except TimeoutError:
                pass

    def described(self) -> list[dict[str, Any]]:
        """The services, with the end of each lease."""
        found = self._directory.described()
        for service in found:
            for each in service["replicas"]:
                held = self._held.get((service["name"], each["name"]))
                if held is not None:
                    each["expires_at"] = held.expires_at
        return found

    def _check(self, announcement: Announcement, before: Registration | None) -> None:
        figures = self._directory.configuration.leases
        if before is None and len(self._held) >= figures.most:
            raise Refused(503, f"{figures.most} replicas have announced themselves, and no more are taken.", "full")
        name = announcement.entry.shown
        configured = self._directory.configuration.services.get(announcement.service)
        if configured is not None:
            for each in configured.replicas:
                if each.shown == name and each.url != announcement.address:
                    raise _contradiction(f"{announcement.service} has another replica {name} in the configuration")
        if before is not None and before.announcement.address != announcement.address:
            raise _contradiction(
                f"{name} is at {before.announcement.address}; withdraw it first, or choose another name"
            )
        service = self._directory.services.get(announcement.service)
        others = any(key != (announcement.service, name) for key in self._held if key[0] == announcement.service)
        theirs = service.configured_models if service is not None and (configured is not None or others) else ()
        if announcement.models and theirs and set(announcement.models) != set(theirs):
            raise _contradiction(
                f"{announcement.service} serves {', '.join(theirs)}: "
                "a replica serves what its service does, or names no models"
            )
        for model in announcement.models:
            holder = self._directory.of_model(model)
            if holder is not None and holder.name != announcement.service:
                raise _contradiction(f"{model!r} is a model of {holder.name}")

    def _found(self, service: str, replica: str) -> Registration:
        held = self._held.get((service, replica))
        if held is None or held.expires <= self._clock():
            raise Refused(404, "No such replica is announced; announce it again.", "not_announced")
        return held

    def _drop(self, keys: list[tuple[str, str]], how: str) -> None:
        for key in keys:
            del self._held[key]
            self._count(how)
            log.warning(f"service {how}", extra={"fields": {"service": key[0], "replica": key[1]}})
        if keys:
            self._apply()

    def _apply(self) -> None:
        entries: dict[str, ServiceEntry] = {}
        for (service, _), held in self._held.items():
            known = entries.get(service)
            urls = [each.url for each in known.replicas] if known is not None else []
            more = () if held.announcement.address in urls else (held.announcement.entry,)
            replicas = (known.replicas if known is not None else ()) + more
            models = (known.models if known is not None else ()) or held.announcement.models
            entries[service] = ServiceEntry(replicas=replicas, models=models)
        self._directory.announce(entries)

    def _count(self, result: str) -> None:
        self._metrics.announcements.labels(result).inc()


def _contradiction(what: str) -> Refused:
    return Refused(409, f"{what}.", "contradiction")
