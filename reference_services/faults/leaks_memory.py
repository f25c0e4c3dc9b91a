"""Each completion request leaves 256 KiB behind that are never given back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from reference_services.chat.app import CreateApp
from reference_services.chat.engine import Ask, SimulatedEngine, Step
from reference_services.chat.settings import ChatSettings
from reference_services.faults.fault import Fault

LEAK_BYTES = 256 * 1024


class LeakingEngine(SimulatedEngine):
    """Keeps a block of memory for each generation."""

    def __init__(self, settings: ChatSettings) -> None:
        super().__init__(settings)
        self.kept: list[bytes] = []

    def generate(self, ask: Ask) -> AsyncIterator[Step]:
        """The generation, and a block that is filled, so that the system has to back it."""
        self.kept.append(len(self.kept).to_bytes(8, "big") * (LEAK_BYTES // 8))
        return super().generate(ask)


def wrap(create: CreateApp) -> CreateApp:
    """The factory with the leaking engine."""

    def leaking(settings: ChatSettings, database: Path, **seams: Any) -> FastAPI:
        return create(settings, database, engine=LeakingEngine(settings), **seams)

    return leaking


FAULT = Fault(name="leaks_memory", summary="each completion request keeps 256 KiB of memory for good", wrap=wrap)
