"""Prometheus metrics of a gateway; gauges are read when they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from signoff.reference_services.gateway.services.breaker import CODES
from signoff.reference_services.gateway.services.directory import Directory

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_WAITS = (0.0005, 0.005, 0.05, 0.25, 1.0, 5.0, 15.0, 30.0)
NO_SERVICE = "-"
"""The label of requests for unknown models: their names must not become labels."""


class Metrics:
    """Counters and times of one gateway."""

    def __init__(self) -> None:
        self.registry = here = CollectorRegistry()

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"gateway_{name}", what, labels, registry=here)

        def histogram(name: str, what: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"gateway_{name}", what, labels, buckets=buckets, registry=here)

        self.requests = counter("requests", "Requests that ended, by the status they were given.", "service", "status")
        self.upstream_requests = counter("upstream_requests", "Requests sent to replicas.", "service", "replica")
        self.upstream_errors = counter(
            "upstream_errors", "Requests that failed at a replica, by how.", "service", "replica", "kind"
        )
        self.retries = counter("retries", "Requests that were sent on to another replica.", "service")
        self.fallbacks = counter("fallbacks", "Requests that another service was given.", "service", "fallback")
        self.refused = counter("refused", "Requests that were sent to no replica, by why.", "service", "reason")
        self.cancelled = counter("cancelled", "Requests whose client left before the end.", "service")
        self.breaker_changes = counter(
            "breaker_transitions", "Changes of state of circuit breakers.", "service", "replica", "to"
        )
        self.reloads = counter("config_reloads", "Configurations that were read again, by what came of it.", "result")
        self.announcements = counter(
            "announcements", "Services that announced themselves, by what came of it.", "result"
        )
        self.latency = histogram("request_duration_seconds", "From a request to its answer's end.", _SECONDS, "service")
        self.first_byte = histogram(
            "time_to_first_byte_seconds", "From a request to its answer's beginning.", _SECONDS, "service"
        )
        self.wait = histogram("queue_wait_seconds", "Time that a request waited for a replica.", _WAITS, "service")
        ProcessCollector(registry=here)
        for result in ("applied", "refused"):
            self.reloads.labels(result)
        for result in ("new", "renewed", "withdrawn", "expired", "refused"):
            self.announcements.labels(result)

    def watch(self, directory: Directory) -> None:
        """Show the state of these replicas and queues."""
        self.registry.register(_States(directory))
        for service in directory.services:
            self.retries.labels(service)
            self.cancelled.labels(service)


class _States(Collector):
    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The gauges, as they are now."""
        names: list[str] = ["service", "replica"]
        up = GaugeMetricFamily("gateway_replica_up", "Whether probes find a replica well.", labels=names)
        breaker = GaugeMetricFamily(
            "gateway_breaker_state", "Circuit breaker: 0 closed, 1 half-open, 2 open.", labels=names
        )
        sockets = GaugeMetricFamily("gateway_open_sockets", "WebSockets that are relayed.", labels=names)
        busy = GaugeMetricFamily("gateway_outstanding_requests", "Requests at a replica.", labels=names)
        queue = GaugeMetricFamily("gateway_queue_length", "Requests that wait for a replica.", labels=["service"])
        for service in self._directory.services.values():
            queue.add_metric([service.name], service.waiting)
            for replica in service.replicas:
                labels: list[Any] = [service.name, replica.name]
                up.add_metric(labels, replica.up)
                breaker.add_metric(labels, CODES[replica.breaker.state])
                busy.add_metric(labels, replica.outstanding)
                sockets.add_metric(labels, replica.sockets)
        return up, breaker, busy, sockets, queue
