"""The interface of turn stores. SQLite, Redis and PostgreSQL give the same guarantees:

- A future of `append`, `copy`, `create` or `delete` is done only when the change is committed as `durability` says;
  one that fails has changed nothing, but for `StoreAway` where the answer to the commit itself was lost.
- Turns of a session are numbered from 1 without a gap, in the order in which they were appended.
- One holder at a time has a session (`claim`), in all processes that use the store. Only it appends.
- Nothing blocks the caller: the work is done by threads of the store's own, what waits at once in one commit.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from signoff.reference_services.chat.stores.records import Counts, SessionRecord, TurnRecord
from signoff.reference_services.web.access.failures import Refused, Unserved


class StoreError(Unserved):
    """The store cannot be used; says why and what to do, and never holds a password."""

    event = "the store is away"

    def refused(self) -> Refused:
        """Why it is away is for the log, not for clients."""
        return Refused(503, "The store of conversations cannot be asked now; try again.", "store_unavailable")


class StoreAway(StoreError):
    """The store's server cannot be asked now; it may be back soon."""


class SessionHeld(Exception):
    """Another process has claimed the session."""


class ClaimLost(Unserved):
    """The claim on the session has expired: its holder paused too long, and another process may have used it."""

    def refused(self) -> Refused:
        """The client may send its turn again."""
        message = "Another process has continued the session, and this turn is not stored; send it again."
        return Refused(409, message, "session_conflict", "X-Session-ID")


class SessionExists(Exception):
    """A session of that name is there already."""


class Store(Protocol):
    """The place; every answer is a future, for event loops (`asyncio.wrap_future`) and plain code alike."""

    kind: str
    """`sqlite`, `redis` or `postgresql`."""
    address: str
    """Where it is, without a password."""
    durability: str
    """What a committed turn survives, in words; as the server's settings say, where there is a server."""

    warnings: tuple[str, ...]
    """Where the server's settings promise less than an acknowledged turn needs, and what to set."""

    @property
    def is_available(self) -> bool:
        """Whether it could be asked when it was asked last; a server is asked every few seconds."""

    def claim(self, session_id: str, holder: str) -> Future[SessionRecord | None]:
        """Take a session for one turn: its record, or None if it is not there (yet). Fails with SessionHeld.

        A claim ends with `append`, with `release`, or some seconds after the death of the process that has it.
        """

    def release(self, session_id: str, holder: str) -> Future[int]:
        """Give a claim back without a turn; 1 where it was held."""

    def create(self, session_id: str, now: float) -> Future[int]:
        """Open a session; 1 where it is new, 0 where it was there."""

    def append(self, session_id: str, turn: TurnRecord, holder: str) -> Future[SessionRecord]:
        """Add a turn at the end of a claimed session, opened if it is not there; the record then.

        The claim ends with it. Fails with ClaimLost.
        """

    def copy(self, session_id: str, new_id: str, upto_turn: int, now: float) -> Future[SessionRecord | None]:
        """Open a session with the first turns of another one, and its system prompt as it was then; its record.

        All or none: None if the other one is not there or has fewer turns, which may be 0. Fails with SessionExists.
        """

    def rename(self, session_id: str, title: str | None) -> Future[int]:
        """Give a session a title, or none; 1 where the session is there. It is not used by that."""

    def delete(self, session_id: str) -> Future[int]:
        """Remove a session with its turns; how many sessions that were."""

    def drop(self, session_id: str, before: float) -> Future[int]:
        """Remove unclaimed sessions that were last used before a time; returns their number."""

    def session(self, session_id: str) -> Future[SessionRecord | None]:
        """A session without its turns."""

    def turns(self, session_id: str, last: int = -1) -> Future[list[TurnRecord]]:
        """The turns of a session in order, all or the `last` ones."""

    def sessions(self, owner: str) -> Future[list[SessionRecord]]:
        """The sessions named `owner/...`, for no owner those without a slash; last used first, then by name."""

    def branches(self, session_id: str) -> Future[list[SessionRecord]]:
        """The sessions that were copied from one of this name, oldest first."""

    def session_count(self) -> Future[int]:
        """How many sessions are stored."""

    def counts(self, since: float) -> Future[Counts]:
        """How much is stored; active are the sessions that were used at or after a time."""

    def oldest(self, before: float = float("inf"), limit: int = -1) -> Future[list[str]]:
        """The sessions that were last used before a time, longest unused first."""

    def close(self) -> None:
        """Keep every promise, then close."""
