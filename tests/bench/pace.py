"""When a truth server is to write: the time to the first token and the gaps of every stream, drawn before it serves."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

KINDS = ("constant", "uniform", "lognormal")
DRAWN = 4096
"""So many schedules are drawn; request number n gets number n modulo this."""
_SPREAD = 0.5
"""Half the width of `uniform`, and sigma of `lognormal`, as a share of the mean and of the logarithm."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What a truth server serves. The same `seed` gives the same schedules.

    `ttft_ms` and `gap_ms` are means of a distribution of `kind`. In `stall_share` of the streams one gap, in the
    middle of the stream, is longer by `stall_ms`. Once, `freeze_at_s` after the first request, the whole server
    stands still for `freeze_s`. Raises ValueError.
    """

    ttft_ms: float = 50.0
    gap_ms: float = 5.0
    tokens: int = 20
    kind: str = "constant"
    seed: int = 1
    stall_ms: float = 0.0
    stall_share: float = 0.0
    freeze_at_s: float = 0.0
    freeze_s: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r}: one of {', '.join(KINDS)}")
        if self.tokens < 1 or not 0 <= self.stall_share <= 1:
            raise ValueError(f"{self.tokens} tokens, stalls in a share of {self.stall_share}")
        if min(self.ttft_ms, self.gap_ms, self.stall_ms, self.freeze_at_s, self.freeze_s) < 0:
            raise ValueError("no time may be below zero")

    def schedules(self) -> list[tuple[int, ...]]:
        """When each token is due after the arrival of its request (ns)."""
        chance = random.Random(self.seed)
        draw = _drawing(self.kind, chance)
        stalled = set(chance.sample(range(DRAWN), round(self.stall_share * DRAWN)))
        found = []
        for number in range(DRAWN):
            due_ms = draw(self.ttft_ms)
            due = [due_ms]
            for token in range(1, self.tokens):
                due_ms += draw(self.gap_ms)
                if number in stalled and token == max(1, self.tokens // 2):
                    due_ms += self.stall_ms
                due.append(due_ms)
            found.append(tuple(round(each * 1e6) for each in due))
        return found

    def as_record(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Pace:
        """Raises ValueError."""
        unknown = set(record) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"no part of a pace: {', '.join(sorted(unknown))}")
        return cls(**record)


def _drawing(kind: str, chance: random.Random) -> Callable[[float], float]:
    if kind == "uniform":
        return lambda mean: chance.uniform((1 - _SPREAD) * mean, (1 + _SPREAD) * mean)
    if kind == "lognormal":
        return lambda mean: chance.lognormvariate(math.log(mean) - _SPREAD**2 / 2, _SPREAD) if mean else 0.0
    return lambda mean: mean
