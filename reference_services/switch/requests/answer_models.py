"""The answers of Switch as openapi.json describes them; `told`, `health.look` and `refusals` make them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict

from signoff.reference_services.web.requests.description import Count, Told, sometimes


class Inference(Told):
    """An answer. `tokens_used` is null if an upstream does not say."""

    inference_id: str
    prompt: str
    response: str
    model: str
    tokens_used: Count | None
    latency_ms: Count
    source: str
    degraded: bool
    framework: str


class SwitchError(Told):
    """Why a request was not answered. `field` names the invalid field; the others appear if no source could answer."""

    error: str
    field: str | None = sometimes()
    model: str = sometimes()
    fallback: str = sometimes()
    source: Literal["degraded"] = sometimes()


class Well(Told):
    """The model of this machine is loaded."""

    status: Literal["ok"]
    model: str
    framework: str
    memory_usage_mb: Count | None
    context_ready: bool


class Degraded(Told):
    """It is not."""

    status: Literal["degraded"]
    reason: str
    model: str
    fallback_available: bool


class Readiness(Told):
    """Whether any source would answer."""

    ready: bool


class Configuration(Told):
    """The configuration, without secrets. The engine's version is empty until it is known."""

    model_config = ConfigDict(extra="allow")

    service: str
    version: str
    engine: str
    engine_version: str
    settings: dict[str, Any]
    registry: dict[str, Any]
