"""The directory of a gateway: its services by name and by model, as the configuration has them now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from signoff.reference_services.gateway.services.balancing import Choose, least_outstanding
from signoff.reference_services.gateway.services.breaker import Breaker, State
from signoff.reference_services.gateway.services.replica import Replica
from signoff.reference_services.gateway.services.service import Service
from signoff.reference_services.gateway.settings.configuration import (
    BreakerFigures,
    Configuration,
    ReplicaEntry,
    ServiceEntry,
)

MakeBreaker = Callable[[BreakerFigures, Callable[[State], None]], Breaker]


class Directory:
    """Services and replicas. A replica that a new configuration still holds keeps its state and its requests."""

    def __init__(
        self,
        configuration: Configuration,
        changed: Callable[[Replica, State | None], None],
        choose: Choose = least_outstanding,
        breaker: MakeBreaker = Breaker,
    ) -> None:
        self.services: dict[str, Service] = {}
        self._entries: dict[str, ServiceEntry] = {}
        self._announced: Mapping[str, ServiceEntry] = {}
        self._changed = changed
        self._choose = choose
        self._breaker = breaker
        self.apply(configuration)

    def apply(self, configuration: Configuration) -> None:
        """Apply this configuration immediately; requests in progress stay on their replicas."""
        self.configuration = configuration
        self._merge()

    def announce(self, announced: Mapping[str, ServiceEntry]) -> None:
        """Have these replicas of services beside the configured ones, and no others."""
        self._announced = announced
        self._merge()

    def _merge(self) -> None:
        before: dict[str, Service] = self.services
        self._entries = with_announced(self.configuration.services, self._announced)
        self.services = {}
        for name, entry in self._entries.items():
            self.services[name] = self._applied(before.get(name) or Service(name, self._choose), entry)
        for name in before.keys() - self.services.keys():
            before[name].replicas = []
        for service in {**before, **self.services}.values():
            service.dispatch()

    def of_model(self, model: str) -> Service | None:
        """The service that has this model; the first one, where replicas of several list it."""
        return next((service for service in self.services.values() if model in service.models), None)

    def of_path(self, path: str) -> tuple[Service, str] | None:
        """The service that the configuration gives a path, and the service's own path for it."""
        routed = [(here, there, name) for name, each in self._entries.items() for here, there in each.paths.items()]
        for here, there, name in sorted(routed, key=lambda each: len(each[0]), reverse=True):
            if path == here or (here.endswith("/") and path.startswith(here)):
                return self.services[name], there + path[len(here) :]
        return None

    def models(self) -> dict[str, str]:
        """All models, with the service of each."""
        found: dict[str, str] = {}
        for service in self.services.values():
            for model in service.models:
                found.setdefault(model, service.name)
        return found

    def replicas(self) -> list[Replica]:
        """All replicas of all services."""
        return [replica for service in self.services.values() for replica in service.replicas]

    def described(self) -> list[dict[str, Any]]:
        """The services as operators see them."""
        return [
            {
                "name": service.name,
                "status": service.status,
                "address": service.replicas[0].url,
                "models": list(service.models),
                "fallback": service.fallback,
                "paths": sorted(self._entries[service.name].paths),
                "waiting": service.waiting,
                "replicas": [_described(replica) for replica in service.replicas],
            }
            for service in self.services.values()
        ]

    def _applied(self, service: Service, entry: ServiceEntry) -> Service:
        configuration = self.configuration
        before = {(replica.name, replica.url): replica for replica in service.replicas}
        configured = self.configuration.services.get(service.name)
        known = {each.url for each in configured.replicas} if configured is not None else set()
        service.replicas = [
            before.get((each.shown, each.url)) or self._replica(service.name, each, each.url in known)
            for each in entry.replicas
        ]
        for replica, each in zip(service.replicas, entry.replicas, strict=True):
            replica.concurrent = each.concurrent or configuration.upstream.concurrent
            replica.breaker.figures = configuration.breaker
            replica.is_configured = each.url in known
        service.configured_models = entry.models
        service.fallback = entry.fallback
        service.figures = configuration.queue
        service.probe_seconds = configuration.probes.interval_seconds
        return service

    def _replica(self, service: str, entry: ReplicaEntry, is_configured: bool) -> Replica:
        made = Replica(service, entry.shown, entry.url, self._breaker, self.configuration.breaker, self._turned)
        if not is_configured:
            # Whoever announces itself is believed when a probe has found it.
            made.up, made.reason = False, "it announced itself and was not looked at yet"
        return made

    def _turned(self, replica: Replica, state: State | None) -> None:
        """A replica's state changed: those who wait for its service may now go, or have to be refused."""
        self._changed(replica, state)
        service = self.services.get(replica.service)
        if service is not None:
            # Not at once: this may be heard while the queue is being gone through.
            asyncio.get_running_loop().call_soon(service.dispatch)


def _described(replica: Replica) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": replica.name,
        "address": replica.url,
        "status": replica.status,
        "breaker": replica.breaker.state,
        "outstanding": replica.outstanding,
        "sockets": replica.sockets,
        "source": "configured" if replica.is_configured else "announced",
        "probed_at": replica.probed_at.isoformat(timespec="milliseconds") if replica.probed_at else None,
    }
    return {**described, "reason": replica.reason} if replica.reason else described


def with_announced(
    configured: Mapping[str, ServiceEntry], announced: Mapping[str, ServiceEntry]
) -> dict[str, ServiceEntry]:
    """The services of both. Configured services are unchanged: their addresses and names are not added again."""
    found = dict(configured)
    for name, entry in announced.items():
        if name not in configured:
            found[name] = entry
            continue
        known = configured[name]
        urls, names = {each.url for each in known.replicas}, set(known.names)
        more = tuple(each for each in entry.replicas if each.url not in urls and each.shown not in names)
        found[name] = known.model_copy(update={"replicas": known.replicas + more})
    return found
