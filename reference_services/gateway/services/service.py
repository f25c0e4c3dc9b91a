"""A service of the gateway: its replicas, and the requests that wait for room at one of them."""

from __future__ import annotations

import asyncio
import bisect
import itertools
import math
from dataclasses import dataclass, field

from signoff.reference_services.gateway.services.balancing import Choose
from signoff.reference_services.gateway.services.replica import Lease, Replica
from signoff.reference_services.gateway.settings.configuration import QueueFigures
from signoff.reference_services.web.access.failures import Refused


class Unavailable(Refused):
    """No replica of a service may be asked now."""

    def __init__(self, service: str, retry_after_s: float) -> None:
        seconds = max(1, math.ceil(retry_after_s))
        super().__init__(
            503,
            f"No replica of {service} can be reached now; try again in {seconds} s.",
            "service_unavailable",
            headers={"Retry-After": str(seconds)},
        )


class Overloaded(Refused):
    """The queue is full, or the wait in it was too long. `reason` is what the metric calls it."""

    def __init__(self, service: str, reason: str, message: str) -> None:
        super().__init__(503, f"{service}: {message}", reason, headers={"Retry-After": "1"})
        self.reason = reason


@dataclass(frozen=True, slots=True, order=True)
class Waiter:
    """A request in the queue: the more urgent first, then the one that came first."""

    priority: int
    number: int
    session: str | None = field(compare=False)
    tried: frozenset[Replica] = field(compare=False)
    lease: asyncio.Future[Lease] = field(compare=False)


class Service:
    """Replicas of one service, with their queue. All of it happens in one event loop."""

    def __init__(self, name: str, choose: Choose) -> None:
        self.name = name
        self.replicas: list[Replica] = []
        self.configured_models: tuple[str, ...] = ()
        self.fallback: str | None = None
        self.figures = QueueFigures()
        self.probe_seconds = 1.0
        self._choose = choose
        self._waiting: list[Waiter] = []
        self._numbers = itertools.count()

    @property
    def models(self) -> tuple[str, ...]:
        """The models by which it is asked for: those of the configuration, else what its replicas list."""
        return self.configured_models or tuple(dict.fromkeys(each for one in self.replicas for each in one.models))

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._waiting)

    @property
    def status(self) -> str:
        """`healthy`, `degraded` where a replica is not well, `unavailable` where none is."""
        well = sum(replica.up and replica.breaker.state != "open" for replica in self.replicas)
        if not well:
            return "unavailable"
        return "healthy" if all(replica.status == "healthy" for replica in self.replicas) else "degraded"

    async def acquire(self, priority: int, session: str | None, tried: frozenset[Replica]) -> Lease:
        """A slot at one of the replicas that were not tried yet. Raises Unavailable or Overloaded.

        Waits in the queue while all of them are busy. Where the queue is full, its least urgent and youngest request
        is refused, which may be this one.
        """
        future: asyncio.Future[Lease] = asyncio.get_running_loop().create_future()
        waiter = Waiter(priority, next(self._numbers), session, tried, future)
        bisect.insort(self._waiting, waiter)
        self.dispatch()
        if len(self._waiting) > self.figures.length:
            last = self._waiting.pop()
            last.lease.set_exception(
                Overloaded(self.name, "queue_full", f"all replicas are busy and {self.figures.length} requests wait.")
            )
        try:
            async with asyncio.timeout(self.figures.wait_seconds):
                lease = await waiter.lease
        except BaseException as error:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            if waiter.lease.done() and not waiter.lease.cancelled() and waiter.lease.exception() is None:
                # It was given the slot in the moment in which it stopped waiting.
                waiter.lease.result().abandoned()
            if isinstance(error, TimeoutError):
                wait_s = self.figures.wait_seconds
                raise Overloaded(self.name, "queue_timeout", f"no replica had room within {wait_s:g} s.") from None
            raise
        return lease

    def dispatch(self) -> None:
        """Give the slots that are free to those who wait, and refuse those for whom no replica is left."""
        for waiter in list(self._waiting):
            if waiter.lease.done():
                self._waiting.remove(waiter)
                continue
            admitting = [replica for replica in self.replicas if replica not in waiter.tried and replica.admits]
            if not admitting:
                self._waiting.remove(waiter)
                waiter.lease.set_exception(Unavailable(self.name, self._retry_after()))
            elif (chosen := self._choose(admitting, waiter.session)) is not None:
                self._waiting.remove(waiter)
                lease = chosen.take()
                lease.released = self.dispatch
                waiter.lease.set_result(lease)

    def _retry_after(self) -> float:
        """When something may have changed: the soonest trial of a breaker, else the next probe."""
        trials = [replica.breaker.opens_again_in() for replica in self.replicas if replica.up]
        return min(trials, default=self.probe_seconds)
