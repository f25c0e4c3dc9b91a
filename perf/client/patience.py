"""Gives up a server whose requests time out, so that a frozen server costs minutes, not hours.

It counts consecutive time-outs, without any answer between them: at one route (method and path), and at one origin
for all routes. After two, the next request has half the usual time-out; if it is not answered either, the route or the
origin is given up: the rest of the run sends no requests there. Concurrent requests count once, and any answer, good or
bad, resets the count. No time-out is hidden: each has its own record.
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
    """Consecutive time-outs: their durations, and the end of the last one."""

    waited_s: list[float] = field(default_factory=list)
    ended_s: float = -math.inf


class Patience:
    """The state of a run, by route and origin."""

    def __init__(self) -> None:
        self._silences: dict[str, _Silence] = {}
        self._given_up: dict[str, str] = {}

    def timeout_s(self, method: str, url: str, usual_s: float) -> float:
        """The time-out of the next request."""
        rounds = max(len(self._silence(key).waited_s) for key in _keys(method, url))
        return usual_s * HURRIED_SHARE if rounds >= MOST_IN_A_ROW - 1 else usual_s

    def given_up(self, method: str, url: str) -> str:
        """The reason why requests there are given up, "" otherwise."""
        return next((self._given_up[key] for key in _keys(method, url) if key in self._given_up), "")

    def ended(self, method: str, url: str, began_s: float, *, timed_out: bool) -> None:
        """Records the result of a request that started at this time (time.monotonic)."""
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
        """Records unanswered requests of a load run: the next request has a shorter time-out."""
        now_s = time.monotonic()
        for key in _keys(method, url):
            silence = self._silence(key)
            silence.waited_s.extend([0.0] * (MOST_IN_A_ROW - 1 - len(silence.waited_s)))
            silence.ended_s = now_s

    def give_up(self, key: str, why: str) -> None:
        """No further requests are sent to a route or origin."""
        self._given_up.setdefault(key, f"{why}, so nothing more was asked there")

    def _silence(self, key: str) -> _Silence:
        return self._silences.setdefault(key, _Silence())


def origin_of(url: str) -> str:
    """Scheme, host and port."""
    return origin(url).url()


def _keys(method: str, url: str) -> tuple[str, str]:
    return origin_of(url), f"{method} {url.split('?', 1)[0]}"
