"""The response cache: answers that are fixed by their request, kept for a while; off unless a size is set."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Literal

from signoff.reference_services.chat.engine.engine import Ask, Step

Found = Literal["hit", "miss", "bypass"]
FINDINGS: tuple[Found, ...] = ("hit", "miss", "bypass")


class ResponseCache:
    """The last `size` answers, each for `seconds`; least recently used ones go first. Each caller has its own answers.

    Only deterministic answers are cached: temperature 0, or a seed. All others bypass the cache (`bypass`).
    """

    def __init__(self, size: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.size = size
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[tuple[str, Ask], tuple[float, tuple[Step, ...]]] = OrderedDict()

    @property
    def is_on(self) -> bool:
        """Whether anything is kept at all."""
        return self.size > 0

    def find(self, caller: str, ask: Ask) -> tuple[Found, tuple[Step, ...]]:
        """The cache entry for a request, and the steps if it is a hit."""
        if not self._is_fixed(ask):
            return "bypass", ()
        entry = self._kept.get((caller, ask))
        if entry is None or self._clock() - entry[0] > self._seconds:
            return "miss", ()
        self._kept.move_to_end((caller, ask))
        return "hit", entry[1]

    def keep(self, caller: str, ask: Ask, steps: Sequence[Step]) -> None:
        """Keep the answer to a request, where it is fixed."""
        if self.is_on and self._is_fixed(ask):
            self._kept[caller, ask] = (self._clock(), tuple(steps))
            self._kept.move_to_end((caller, ask))
            while len(self._kept) > self.size:
                self._kept.popitem(last=False)

    def _is_fixed(self, ask: Ask) -> bool:
        return ask.temperature == 0 or ask.seed is not None
