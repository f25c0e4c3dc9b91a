"""What the gateway answers itself, as openapi.json shows it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel


class ModelShown(BaseModel):
    """A model, in OpenAI's shape; `owned_by` is its service."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(BaseModel):
    """All models."""

    object: Literal["list"] = "list"
    data: list[ModelShown]


class ReplicaShown(BaseModel):
    """A replica, as the gateway sees it now."""

    name: str
    address: str
    status: Literal["healthy", "recovering", "failing", "down"]
    breaker: Literal["closed", "half_open", "open"]
    outstanding: int
    sockets: int
    source: Literal["configured", "announced"]
    probed_at: str | None
    expires_at: str | None = None
    reason: str | None = None


class ServiceShown(BaseModel):
    """A service with its replicas."""

    name: str
    status: Literal["healthy", "degraded", "unavailable"]
    address: str
    models: list[str]
    fallback: str | None
    paths: list[str]
    waiting: int
    replicas: list[ReplicaShown]


class ServiceList(BaseModel):
    """All services: discovery."""

    services: list[ServiceShown]


class ConfigurationShown(BaseModel):
    """The configuration in force; `problems` are those of a newer one that was refused."""

    file: str
    state: Literal["applied", "refused"]
    since: str
    problems: list[str] | None = None


class Health(BaseModel):
    """How the gateway and its services are."""

    status: Literal["healthy", "degraded", "unhealthy"]
    services: dict[str, Literal["healthy", "degraded", "unavailable"]]
    configuration: ConfigurationShown
    version: str
    uptime_seconds: float
    timestamp: str


class Ready(BaseModel):
    """The gateway listens."""

    status: Literal["ready"] = "ready"


class ErrorShown(BaseModel):
    """What is wrong with a request."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorAnswer(BaseModel):
    """An error in OpenAI's shape."""

    error: ErrorShown


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses with their shape, for openapi.json."""
    return {status: {"model": ErrorAnswer, "description": _MEANINGS[status]} for status in statuses}


_MEANINGS = {
    400: "The request cannot be read, or lacks what it needs.",
    403: "This is switched off, or not for this key.",
    404: "There is no such thing.",
    409: "It contradicts what is there.",
    413: "The body is too long.",
    415: "The body is no JSON.",
    429: "Too many requests; Retry-After says when the next one is taken.",
    431: "The headers are too long.",
    502: "A replica broke off.",
    503: "No replica can be asked now, or too much waits; Retry-After says when to try again.",
    504: "No answer in time.",
}
REFUSALS = refusals(400, 403, 404, 413, 415, 429, 431, 502, 503, 504)
