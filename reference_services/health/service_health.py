"""The health of one service: /health, /ready, latency, and unhealthy parts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import httpx

from signoff.reference_services.health.estate_file import Listed

Status = Literal["healthy", "degraded", "unhealthy"]
WORDS: Mapping[str, Status] = {
    "healthy": "healthy", "ok": "healthy", "degraded": "degraded", "unhealthy": "unhealthy",
    "ready": "healthy", "closed": "healthy", "loading": "degraded", "failed": "unhealthy", "unavailable": "unhealthy",
}  # fmt: skip
"""What services call their states, and those of their parts."""
PATHS: Mapping[str, tuple[str, str]] = {"prometheus": ("/-/healthy", "/-/ready")}
"""Where a service that is not ours reports its health and whether it is ready."""
SLOW_MS = 1000.0
OK, UNAUTHORIZED, NOT_FOUND = 200, 401, 404


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """How one service is. `is_ready` is None if it does not say; `latency_ms` where it did not answer."""

    name: str
    service: str
    url: str
    status: Status
    is_ready: bool | None
    reasons: tuple[str, ...]
    latency_ms: float | None
    asked_at: str
    parts: Mapping[str, str] = field(default_factory=dict)


async def ask(client: httpx.AsyncClient, listed: Listed) -> ServiceHealth:
    """Ask a service for its health and whether it is ready. One that does not answer is unhealthy."""
    health_path, ready_path = PATHS.get(listed.service, ("/health", "/ready"))
    asked_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    begin_s = time.perf_counter()
    latency_ms: float | None = None
    try:
        answer = await client.get(listed.url + health_path)
        latency_ms = round((time.perf_counter() - begin_s) * 1e3, 3)
        ready = await client.get(listed.url + ready_path)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else "does not answer"
        reason = f"{listed.url} {what} ({type(error).__name__})"
        return ServiceHealth(
            listed.name, listed.service, listed.url, "unhealthy", False, (reason,), latency_ms, asked_at
        )
    body = _body(answer)
    found = parts(body)
    status, reasons = _judged(answer, body, found)
    is_ready = None if ready.status_code == NOT_FOUND else ready.status_code == OK
    if is_ready is False:
        status = "unhealthy"
        reasons.append(f"it is not ready (HTTP {ready.status_code})")
    if latency_ms > SLOW_MS:
        status = "degraded" if status == "healthy" else status
        reasons.append(f"its health took {latency_ms:.0f} ms, more than {SLOW_MS:.0f} ms")
    return ServiceHealth(
        listed.name, listed.service, listed.url, status, is_ready, tuple(reasons), latency_ms, asked_at, found
    )


def parts(body: Mapping[str, Any]) -> dict[str, str]:
    """The parts that a service reports, each with its state: engine, stores, checks, the services behind a gateway."""
    found: dict[str, str] = {}
    for group in ("checks", "services"):
        states = body.get(group)
        for name, state in states.items() if isinstance(states, dict) else ():
            if (text := _state(state)) is not None:
                found[str(name)] = text
    for name in ("engine", "store", "retrieval", "cache", "moderation"):
        # A word alone is a name here: "store": "sqlite".
        if isinstance(body.get(name), dict | bool) and (text := _state(body[name])) is not None:
            found[name] = text
    return found


def _judged(answer: httpx.Response, body: Mapping[str, Any], found: Mapping[str, str]) -> tuple[Status, list[str]]:
    said = body.get("status")
    reason = body.get("reason")
    reasons = [str(reason)] if isinstance(reason, str) and reason else []
    if answer.status_code == UNAUTHORIZED:
        return "unhealthy", ["it asks for a key before it reports its health (HTTP 401)"]
    status = WORDS.get(said, "unhealthy") if isinstance(said, str) else "healthy"
    if answer.status_code != OK:
        # Switch says 503 where its own model is away; with somebody else to ask it still answers.
        status = "degraded" if status == "degraded" and body.get("fallback_available") is True else "unhealthy"
    if status != "healthy":
        reasons = reasons or [f"it says {said!r} (HTTP {answer.status_code})"]
    troubled = {name: text for name, text in found.items() if WORDS.get(text) != "healthy"}
    if troubled and status == "healthy":
        status = "degraded"
    return status, [*reasons, *(f"{name} is {text}" for name, text in troubled.items())]


def _state(value: Any) -> str | None:
    """The state of a part in one word, None if it reports none."""
    if isinstance(value, bool):
        return "healthy" if value else "unhealthy"
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        for name in ("status", "state", "available", "healthy"):
            if name in value:
                return _state(value[name])
    return None


def _body(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
