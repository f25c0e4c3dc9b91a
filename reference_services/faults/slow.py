"""A completion takes 1,800 ms in the mean, whatever its length."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from reference_services.chat.app import CreateApp
from reference_services.chat.engine import Pace, SimulatedEngine
from reference_services.chat.settings import ChatSettings
from reference_services.faults.fault import Fault

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


def wrap(create: CreateApp) -> CreateApp:
    """The factory with an engine of that pace; its places and its queue are those of the settings."""

    def slow(settings: ChatSettings, database: Path, **seams: Any) -> FastAPI:
        return create(settings, database, engine=SimulatedEngine(settings, lognormal_pace()), **seams)

    return slow


FAULT = Fault(name="slow", summary="completions take 1,800 ms in the mean, whatever their length", wrap=wrap)
