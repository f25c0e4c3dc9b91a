"""When to give up a server whose requests time out: a frozen one costs minutes, not hours.

Counted are time-outs in a row, with nothing answered between them: at one route (method and path), and at one origin
whatever the route. After two, the next request is waited for half as long as usual; where that is not answered either,
the route or the origin is given up: what is left of the run is not asked there. Requests that were under way together
count once, and any answer, good or bad, resets the count. No time-out is hidden: each has its own record.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Final

from signoff.perf.client.request_url import origin

MOST_IN_A_ROW: Final = 3
HURRIED_SHARE: Final = 0.5


@dataclass
class _Silence:
    """Time-outs in a row: how long each was waited for, and when the last of them ended."""

    waited_s: list[float] = field(default_factory=list)
    ended_s: float = -math.inf


class Patience:
    """What a run has left of it, with each route and origin."""

    def __init__(self) -> None:
        self._silences: dict[str, _Silence] = {}
        self._given_up: dict[str, str] = {}

    def timeout_s(self, method: str, url: str, usual_s: float) -> float:
        """How long the next request is waited for."""
        rounds = max(len(self._silence(key).waited_s) for key in _keys(method, url))
        return usual_s * HURRIED_SHARE if rounds >= MOST_IN_A_ROW - 1 else usual_s

    def given_up(self, method: str, url: str) -> str:
        """Why nothing more is asked there, "" if it is."""
        return next((self._given_up[key] for key in _keys(method, url) if key in self._given_up), "")

    def ended(self, method: str, url: str, began_s: float, *, timed_out: bool) -> None:
        """Notes how a request ended that began then (time.monotonic)."""
        now_s = time.monotonic()
        for key in _keys(method, url):
            silence = self._silence(key)
            if not timed_out:
                silence.waited_s.clear()
            elif began_s >= silence.ended_s:
                silence.waited_s.append(round(now_s - began_s))
                silence.ended_s = now_s
                if len(silence.waited_s) >= MOST_IN_A_ROW:
                    waited = ", ".join(f"{each:g}" for each in silence.waited_s)
                    self.give_up(
                        key, f"{key} left {len(silence.waited_s)} requests in a row without an answer ({waited} s)"
                    )

    def doubt(self, method: str, url: str) -> None:
        """Notes that requests of a load run were left without an answer: the next one is not waited for as long."""
        now_s = time.monotonic()
        for key in _keys(method, url):
            silence = self._silence(key)
            silence.waited_s.extend([0.0] * (MOST_IN_A_ROW - 1 - len(silence.waited_s)))
            silence.ended_s = now_s

    def give_up(self, key: str, why: str) -> None:
        """Nothing more is asked at a route or origin."""
        self._given_up.setdefault(key, f"{why}, so nothing more was asked there")

    def _silence(self, key: str) -> _Silence:
        return self._silences.setdefault(key, _Silence())


def origin_of(url: str) -> str:
    """Scheme, host and port."""
    return origin(url).url()


def _keys(method: str, url: str) -> tuple[str, str]:
    return origin_of(url), f"{method} {url.split('?', 1)[0]}"
