"""A fault: a name, a sentence, and how it wraps the factory of a service's app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Create = TypeVar("Create")


@dataclass(frozen=True, slots=True)
class Fault(Generic[Create]):
    """One defect. `wrap` gives a factory that differs from the sound one in this defect alone."""

    name: str
    summary: str
    wrap: Callable[[Create], Create]
