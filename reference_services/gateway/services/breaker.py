"""A circuit breaker: after consecutive failures a replica gets no requests for a while, then a trial decides."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from signoff.reference_services.gateway.settings.configuration import BreakerFigures

State = Literal["closed", "open", "half_open"]
Clock = Callable[[], float]
CODES: dict[State, int] = {"closed": 0, "half_open": 1, "open": 2}
"""The states as the metric shows them."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request that the breaker let through; `era` is the state's in which that was."""

    era: int
    is_trial: bool


class Breaker:
    """The breaker of one replica. `changed` hears each new state.

    An answer that began settles a trial; only one that ended well clears the count of failures, so that a replica
    whose streams are all cut opens its breaker as well. What comes back from before a change of state counts no more.
    """

    def __init__(
        self,
        figures: BreakerFigures,
        changed: Callable[[State], None] = lambda state: None,
        clock: Clock = time.monotonic,
    ) -> None:
        self.figures = figures
        self._changed = changed
        self._clock = clock
        self._state: State = "closed"
        self._era = 0
        self._failures = 0
        self._trials = 0
        self._opened_at = 0.0

    @property
    def state(self) -> State:
        """The current state: an open breaker becomes half-open by time alone."""
        if self._state == "open" and self.opens_again_in() <= 0:
            self._become("half_open")
        return self._state

    def opens_again_in(self) -> float:
        """Seconds until a trial is let through; 0 if one is now."""
        if self._state != "open":
            return 0.0
        return max(0.0, self._opened_at + self.figures.open_seconds - self._clock())

    def admits(self) -> bool:
        """Whether a request may be sent."""
        state = self.state
        return state == "closed" or (state == "half_open" and self._trials < self.figures.trials)

    def begin(self) -> Ticket:
        """A request is sent; its end has to be reported to `failed`, `completed` or `abandoned`."""
        is_trial = self.state == "half_open"
        self._trials += is_trial
        return Ticket(self._era, is_trial)

    def answered(self, ticket: Ticket) -> None:
        """The replica began a sound answer."""
        if ticket.era == self._era and ticket.is_trial:
            self._become("closed")

    def completed(self, ticket: Ticket) -> None:
        """The answer came whole."""
        self.answered(ticket)
        if ticket.era == self._era:
            self._failures = 0

    def failed(self, ticket: Ticket) -> None:
        """The replica could not be reached, or did not answer, or did not finish, or answered with an error."""
        # A trial that was answered closed the breaker: what is cut after that counts from there on.
        is_late = ticket.era != self._era and not (ticket.is_trial and ticket.era == self._era - 1)
        if is_late or self._state == "open":
            return
        self._failures += 1
        if self._state == "half_open" or self._failures >= self.figures.failures:
            self._opened_at = self._clock()
            self._become("open")

    def abandoned(self, ticket: Ticket) -> None:
        """The client left before there was an answer: that shows nothing, and the next one may try."""
        if ticket.era == self._era and ticket.is_trial:
            self._trials -= 1

    def _become(self, state: State) -> None:
        self._state = state
        self._era += 1
        self._trials = 0
        if state == "closed":
            self._failures = 0
        self._changed(state)
