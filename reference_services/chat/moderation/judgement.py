"""Judgements of moderators, and the protocol of moderators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a moderator says of a text; `scores` run from 0 to 1, by the categories that the moderator has."""

    is_flagged: bool
    categories: Mapping[str, bool] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def reasons(self) -> str:
        """The categories that the text is flagged for, as one text."""
        return ", ".join(sorted(name for name, is_so in self.categories.items() if is_so)) or "no category is named"


class Flagged(Exception):
    """An answer that must stop."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(judgement.reasons)
        self.judgement = judgement


class ModeratorAway(Exception):
    """The moderator did not answer, or not with judgements."""


class Screen(Protocol):
    """One answer while it is written. Both raise Flagged and ModeratorAway."""

    async def add(self, text: str) -> int:
        """The answer continues; the number of its characters, from the start, that may be shown now."""

    async def end(self) -> None:
        """The answer is whole; where this returns, all of it may be shown."""


class Moderator(Protocol):
    """Judges texts."""

    kind: str

    @property
    def is_available(self) -> bool | None:
        """Whether it answered when it was last asked; None before that."""

    async def judge(self, texts: Sequence[str]) -> list[Judgement]:
        """A judgement on each text. Raises ModeratorAway."""

    def screen(self) -> Screen:
        """What watches one answer."""

    async def close(self) -> None:
        """End the open parts."""
