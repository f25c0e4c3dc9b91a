"""A source of answers: an upstream or a local model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from signoff.reference_services.switch.requests.requests import Asked


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model wrote. `tokens` counts prompt and answer; None if the upstream does not say."""

    text: str
    tokens: int | None


@dataclass(frozen=True, slots=True)
class State:
    """Whether a source can answer now, and why not. `memory_mb` is its model's memory, None if unknown."""

    reason: str = ""
    memory_mb: int | None = None

    @property
    def is_well(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reason


class Unavailable(Exception):
    """A source that cannot answer; the message is for the log and for health, and holds no key."""


class Source(Protocol):
    """One place that answers. `label` is what answers carry as `source`, `version` that of its framework or ""."""

    label: str
    model: str
    framework: str
    version: str

    async def load(self) -> None:
        """Make it able to answer, where that is ours to do."""

    async def state(self) -> State:
        """Whether it can answer; asked by health."""

    async def answer(self, asked: Asked, max_tokens: int) -> Answer:
        """The answer. Raises Unavailable. Cancelling it ends the work."""

    async def close(self) -> None:
        """Give back what it holds."""
