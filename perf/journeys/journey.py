"""A user journey: sessions of several turns with thinking time. Pure data, seeded.

The number of turns of a session, their texts and the thinking times follow from the seed, the user's
number and the session's. The name of a session does not: a server that knows it would continue an old session.
"""

from __future__ import annotations

import json
import math
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from signoff.perf.errors import PlanInvalid
from signoff.perf.load.plan import Bodies

SESSION_HEADER: Final = "X-Session-ID"
MOST_TURNS: Final = 1000
TURNS_OF_USER: Final = 1_000_000
"""Requests are numbered so that no two users send the same text."""


@dataclass(frozen=True, slots=True)
class Journey:
    """`turns` and `think_s` are minimum and maximum, drawn uniformly. Raises PlanInvalid.

    With `send_history` each turn contains the whole conversation, for servers without sessions; else only the new
    message is sent, and the server remembers by the session header.
    """

    turns: tuple[int, int] = (3, 6)
    think_s: tuple[float, float] = (1.0, 5.0)
    seed: int = 1
    send_history: bool = False

    def __post_init__(self) -> None:
        least, most = self.turns
        if not 1 <= least <= most <= MOST_TURNS:
            raise PlanInvalid(f"sessions of {least} to {most} turns: from 1 to {MOST_TURNS}, the lesser number first")
        shortest, longest = self.think_s
        if not (0 <= shortest <= longest and math.isfinite(longest)):
            raise PlanInvalid(f"{shortest:g} to {longest:g} s to think: from 0 on, the lesser time first")

    def session(self, user: int, number: int) -> tuple[float, ...]:
        """Thinking times of this user before each turn of this session, in seconds."""
        chance = random.Random(f"journey {self.seed} {user} {number}")  # noqa: S311 (repeatable, guards no secret)
        return tuple(chance.uniform(*self.think_s) for _ in range(chance.randint(*self.turns)))

    def as_message(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Journey:
        """Of a message. Raises PlanInvalid."""
        lists = {name: tuple(message[name]) for name in ("turns", "think_s")}
        return cls(**{**message, **lists})


def between(text: str, option: str) -> tuple[float, float]:
    """`3-6`, or `4` for both. Raises PlanInvalid."""
    least, _, most = text.partition("-")
    try:
        return float(least), float(most or least)
    except ValueError:
        raise PlanInvalid(f"{option} {text!r}: no number or range", f"for example {option} 3-6") from None


def new_session_name() -> str:
    """A unique session name that cannot be guessed."""
    return f"signoff-{secrets.token_hex(16)}"


def turn_body(bodies: Bodies, sequence: int, said: Sequence[Mapping[str, str]]) -> bytes:
    """The body of a turn: request `sequence` of the plan, after the history if it is sent."""
    body = bodies.of(sequence)
    if not said:
        return body
    message = json.loads(body)
    message["messages"] = [*said, *message["messages"]]
    return json.dumps(message, ensure_ascii=False).encode()


def new_message(body: bytes) -> dict[str, str]:
    """The user's message of a turn, for the history."""
    found: dict[str, str] = json.loads(body)["messages"][-1]
    return found
