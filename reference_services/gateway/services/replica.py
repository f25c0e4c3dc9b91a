"""One replica of a service: health, load, and slots."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime

from signoff.reference_services.gateway.services.breaker import Breaker, State
from signoff.reference_services.gateway.settings.configuration import BreakerFigures

_turns = itertools.count(1)


class Replica:
    """An address with its state. `changed` hears of each new one: the breaker's, or None if probes changed it."""

    def __init__(
        self,
        service: str,
        name: str,
        url: str,
        breaker: Callable[[BreakerFigures, Callable[[State], None]], Breaker],
        figures: BreakerFigures,
        changed: Callable[[Replica, State | None], None],
    ) -> None:
        self.service = service
        self.name = name
        self.url = url
        self.concurrent = 1
        self.outstanding = 0
        self.sockets = 0
        self.is_configured = True
        """Whether the configuration names it; else it announced itself."""
        self.turn = 0
        """When it was taken last, by which equals take turns."""
        self.up = True
        self.reason = ""
        self.probed_at: datetime | None = None
        self.models: tuple[str, ...] = ()
        """What it listed when it was last asked."""
        self._bad_probes = 0
        self._was_well = False
        self._changed = changed
        self.breaker = breaker(figures, lambda state: changed(self, state))

    @property
    def admits(self) -> bool:
        """Whether it may be asked, were there room."""
        return self.up and self.breaker.admits()

    @property
    def has_room(self) -> bool:
        """Whether one more request may go to it now."""
        return self.outstanding < self.concurrent

    @property
    def status(self) -> str:
        """One word for operators."""
        if not self.up:
            return "down"
        return {"closed": "healthy", "half_open": "recovering", "open": "failing"}[self.breaker.state]

    def probed(self, problem: str, most: int) -> None:
        """A probe's result: "" is healthy. Several consecutive bad ones remove the replica."""
        self._bad_probes = self._bad_probes + 1 if problem else 0
        self._was_well = self._was_well or not problem
        self.reason = problem
        self.probed_at = datetime.now(UTC)
        # One bad probe speaks against a replica of which nothing good is known.
        is_up = self._bad_probes < (most if self._was_well else 1)
        if is_up != self.up:
            self.up = is_up
            self._changed(self, None)

    def take(self) -> Lease:
        """A slot of it, for one request."""
        return Lease(self)


class Lease:
    """A slot that one request holds; it is given back once, whatever way the request ends."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self._ticket = replica.breaker.begin()
        self._is_open = True
        self.released: Callable[[], None] = lambda: None
        replica.outstanding += 1
        replica.turn = next(_turns)

    def answered(self) -> None:
        """A sound answer began."""
        self.replica.breaker.answered(self._ticket)

    def completed(self) -> None:
        """The answer came whole."""
        if self._close():
            self.replica.breaker.completed(self._ticket)
            self.released()

    def failed(self) -> None:
        """The replica is at fault."""
        if self._close():
            self.replica.breaker.failed(self._ticket)
            self.released()

    def abandoned(self) -> None:
        """Neither side is at fault; does nothing if the end is already known."""
        if self._close():
            self.replica.breaker.abandoned(self._ticket)
            self.released()

    def _close(self) -> bool:
        if not self._is_open:
            return False
        self._is_open = False
        self.replica.outstanding -= 1
        return True
