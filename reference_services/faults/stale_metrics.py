"""Fault: the Prometheus exposition never changes after its first reading, on both ports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest

from signoff.reference_services.chat.serving.app import CreateApp
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.web.serving.fault import Fault


class FrozenExposition:
    """What the registry showed when it was first asked."""

    def __init__(self) -> None:
        self._first: bytes | None = None

    def __call__(self, registry: CollectorRegistry) -> bytes:
        if self._first is None:
            self._first = generate_latest(registry)
        return self._first


def wrap(create: CreateApp) -> CreateApp:
    """The factory with an exposition that freezes."""

    def stale(settings: ChatSettings, database: Path, **seams: Any) -> FastAPI:
        return create(settings, database, exposition=FrozenExposition(), **seams)

    return stale


FAULT = Fault(name="stale_metrics", summary="both /metrics stay what they were at their first reading", wrap=wrap)
