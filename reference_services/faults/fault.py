"""A fault: a name, a sentence, and how it wraps the factory of the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reference_services.chat.serving.app import CreateApp


@dataclass(frozen=True, slots=True)
class Fault:
    """One defect. `wrap` gives a factory that differs from the sound one in this defect alone."""

    name: str
    summary: str
    wrap: Callable[[CreateApp], CreateApp]
