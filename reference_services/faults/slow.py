"""Fault: a completion takes 1,800 ms in the mean, whatever its length."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI

from signoff.reference_services.chat.api.engine_choice import make_engine
from signoff.reference_services.chat.engine.engine import Ask, Engine, Pace, SimulatedEngine, Step
from signoff.reference_services.chat.serving.app import CreateApp
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.faults.wrapped_engine import WrappedEngine
from signoff.reference_services.web.serving.fault import Fault

MEAN_S = 1.8
VARIATION = 0.15
"""Coefficient of variation of the lognormal times."""
SEED = 1800


def lognormal_pace(seed: int = SEED) -> Callable[[int], Pace]:
    """The pace at which a whole generation takes a drawn time: the first token at a tenth, the last at the end."""
    draw = random.Random(seed)  # noqa: S311 - times, not secrets
    sigma = math.sqrt(math.log(1 + VARIATION**2))
    mu = math.log(MEAN_S) - sigma**2 / 2

    def pace(tokens: int) -> Pace:
        total_s = draw.lognormvariate(mu, sigma)
        if tokens < 2:
            return Pace(total_s, 0.0)
        first_s = total_s / 10
        return Pace(first_s, (total_s - first_s) / (tokens - 1))

    return pace


class HeldBackEngine(WrappedEngine):
    """Forwards the tokens of an engine at a slower pace, the last one not before its time."""

    def __init__(self, inner: Engine) -> None:
        super().__init__(inner)
        self._pace = lognormal_pace()

    async def generate(self, ask: Ask) -> AsyncIterator[Step]:
        """The generation; a client that disconnects does not wait for its end."""
        due = time.monotonic() + self._pace(1).first_s
        async with aclosing(cast(Any, self.inner.generate(ask))) as steps:
            async for step in steps:
                if step.finish_reason is not None:
                    await asyncio.sleep(due - time.monotonic())
                yield step


def wrap(create: CreateApp) -> CreateApp:
    """The factory with an engine of that pace; its places and its queue are those of the settings."""

    def slow(settings: ChatSettings, database: Path, **seams: Any) -> FastAPI:
        engine: Engine = SimulatedEngine(settings, lognormal_pace())
        if settings.engine != SimulatedEngine.name:
            engine = cast(Engine, HeldBackEngine(make_engine(settings)))
        return create(settings, database, engine=engine, **seams)

    return slow


FAULT = Fault(name="slow", summary="completions take 1,800 ms in the mean, whatever their length", wrap=wrap)
