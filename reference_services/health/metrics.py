"""The health of the estate as Prometheus metrics, for alerts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from signoff.reference_services.health.estate_health import EstateHealth

LEVELS = {"unhealthy": 0.0, "degraded": 0.5, "healthy": 1.0}


def exposition(found: EstateHealth) -> bytes:
    """The metrics of one look."""
    registry = CollectorRegistry()
    estate = Gauge("estate_health", "Health of the estate: 1 healthy, 0.5 degraded, 0 unhealthy.", registry=registry)
    one = Gauge(
        "estate_service_health",
        "Health of a service: 1 healthy, 0.5 degraded, 0 unhealthy.",
        ["name", "kind", "url"],
        registry=registry,
    )
    latency = Gauge(
        "estate_service_health_seconds", "Time that the answer of /health took.", ["name", "kind", "url"],
        registry=registry,
    )  # fmt: skip
    estate.set(LEVELS[found.status])
    for each in found.services:
        one.labels(each.name, each.service, each.url).set(LEVELS[each.status])
        if each.latency_ms is not None:
            latency.labels(each.name, each.service, each.url).set(each.latency_ms / 1e3)
    return generate_latest(registry)
