"""The choice of a replica: the least loaded one, or the one of the session."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from signoff.reference_services.gateway.services.replica import Replica

Choose = Callable[[Sequence[Replica], str | None], Replica | None]
"""Of the replicas that may be asked, the one that is; None if the request has to wait for room."""


def least_outstanding(replicas: Sequence[Replica], session: str | None) -> Replica | None:
    """The session's replica, else the one with the fewest requests in progress, in turn if equal."""
    if session is not None:
        home = max(replicas, key=lambda replica: _weight(session, replica))
        # A session waits for its replica: another one does not know what was said.
        return home if home.has_room else None
    free = [replica for replica in replicas if replica.has_room]
    return min(free, key=lambda replica: (replica.outstanding, replica.turn), default=None)


def _weight(session: str, replica: Replica) -> bytes:
    """Rendezvous hashing: where a replica goes, its sessions alone move; where one comes, it takes only its share."""
    return hashlib.blake2b(f"{session}\0{replica.name}".encode(), digest_size=16).digest()
