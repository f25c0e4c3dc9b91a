"""Fault: each completion request leaks 256 KiB."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI

from signoff.reference_services.chat.api.engine_choice import make_engine
from signoff.reference_services.chat.engine.engine import Ask, Engine, Step
from signoff.reference_services.chat.serving.app import CreateApp
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.faults.wrapped_engine import WrappedEngine
from signoff.reference_services.web.serving.fault import Fault

LEAK_BYTES = 256 * 1024


class LeakingEngine(WrappedEngine):
    """Keeps a block of memory for each generation."""

    def __init__(self, inner: Engine) -> None:
        super().__init__(inner)
        self.kept: list[bytes] = []

    def generate(self, ask: Ask) -> AsyncIterator[Step]:
        """The generation, and a block that is filled, so that the system has to back it."""
        self.kept.append(len(self.kept).to_bytes(8, "big") * (LEAK_BYTES // 8))
        return self.inner.generate(ask)


def wrap(create: CreateApp) -> CreateApp:
    """The factory with the leak around the engine of the settings."""

    def leaking(settings: ChatSettings, database: Path, **seams: Any) -> FastAPI:
        engine = cast(Engine, LeakingEngine(make_engine(settings)))
        return create(settings, database, engine=engine, **seams)

    return leaking


FAULT = Fault(name="leaks_memory", summary="each completion request keeps 256 KiB of memory for good", wrap=wrap)
