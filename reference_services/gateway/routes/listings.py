"""Schemas of the gateway's own answers for openapi.json."""

from __future__ import annotations

from typing import Literal

from signoff.reference_services.web.requests.description import Told, sometimes


class ModelShown(Told):
    """A model, in OpenAI's shape; `owned_by` is its service."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(Told):
    """All models."""

    object: Literal["list"]
    data: list[ModelShown]


class ReplicaShown(Told):
    """A replica, as the gateway sees it now."""

    name: str
    address: str
    status: Literal["healthy", "recovering", "failing", "down"]
    breaker: Literal["closed", "half_open", "open"]
    outstanding: int
    sockets: int
    source: Literal["configured", "announced"]
    probed_at: str | None
    expires_at: str = sometimes()
    reason: str = sometimes()


class ServiceShown(Told):
    """A service with its replicas."""

    name: str
    status: Literal["healthy", "degraded", "unavailable"]
    address: str
    models: list[str]
    fallback: str | None
    paths: list[str]
    waiting: int
    replicas: list[ReplicaShown]


class ServiceList(Told):
    """All services: discovery."""

    services: list[ServiceShown]


class ConfigurationShown(Told):
    """The configuration in force; `problems` are those of a newer one that was refused."""

    file: str
    state: Literal["applied", "refused"]
    since: str
    problems: list[str] = sometimes()


class Health(Told):
    """How the gateway and its services are."""

    status: Literal["healthy", "degraded", "unhealthy"]
    services: dict[str, Literal["healthy", "degraded", "unavailable"]]
    configuration: ConfigurationShown
    version: str
    uptime_seconds: float
    timestamp: str


class Ready(Told):
    """The gateway listens."""

    status: Literal["ready"]


class Lease(Told):
    """Until when a replica is taken for alive, and what a probe of it found."""

    service: str
    replica: str
    address: str
    lease_seconds: float
    expires_at: str
    status: Literal["healthy", "recovering", "failing", "down"]
