"""Rate limits per caller in a sliding window, with the `limits` library."""

from __future__ import annotations

import math
import time

from limits import parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from signoff.reference_services.web.access.failures import Refused


class Allowance:
    """What one connection may still ask: the request that opened it is counted already, each further one counts."""

    def __init__(self, rate: RateLimit, who: str) -> None:
        self._rate = rate
        self._who = who
        self._is_first = True

    async def take(self) -> None:
        """Count one more. Raises Refused (429)."""
        if not self._is_first:
            await self._rate.take(self._who)
        self._is_first = False


class RateLimit:
    """Limits such as `20/second` or `100/minute;1000/hour`; "" limits nothing. Counts are kept in memory."""

    def __init__(self, limits: str) -> None:
        self._limits = parse_many(limits) if limits else []
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def take(self, who: str) -> dict[str, str]:
        """Count one request; headers that report how much of the narrowest limit is left. Raises Refused (429)."""
        headers: dict[str, str] = {}
        for limit in sorted(self._limits, key=lambda each: each.get_expiry()):
            is_within = await self._limiter.hit(limit, who)
            window = await self._limiter.get_window_stats(limit, who)
            left_s = max(0.0, window.reset_time - time.time())
            if not is_within:
                raise Refused(
                    429,
                    f"More than {limit.amount} requests in {limit.get_expiry()} s; the next one is taken in "
                    f"{left_s:.2g} s.",
                    "rate_limit_exceeded",
                    headers={"Retry-After": str(max(1, math.ceil(left_s)))},
                )
            headers = headers or {
                "X-RateLimit-Limit-Requests": str(limit.amount),
                "X-RateLimit-Remaining-Requests": str(window.remaining),
                "X-RateLimit-Reset-Requests": f"{left_s:.3f}s",
            }
        return headers
