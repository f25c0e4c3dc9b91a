"""Threads: the sessions of one caller as a list and as trees, their titles, and branches.

A branch is a separate session. It begins with copies of its parent's first turns and of the system prompt as it was
then; what either of the two says later, the other never has. Branches stay whole where their parent
is over or deleted.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from signoff.reference_services.chat.sessions.sessions import SessionManager
from signoff.reference_services.chat.stores.records import SessionRecord
from signoff.reference_services.chat.stores.store import SessionExists
from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.access.gate import owned


def unknown(session_id: str) -> Refused:
    """The refusal of a session that is not there, is over, or is another caller's."""
    return Refused(404, f"There is no session {session_id}.", "session_not_found", "session_id")


class Threads:
    """The threads of one caller, by the names that the caller has for them."""

    def __init__(self, sessions: SessionManager, caller: str) -> None:
        self._sessions = sessions
        self._caller = caller

    def name(self, stored: str) -> str:
        """What the caller calls a session."""
        return stored.removeprefix(owned(self._caller, ""))

    async def all(self) -> list[SessionRecord]:
        """The sessions that are not over, last used first."""
        records = await asyncio.wrap_future(self._sessions.store.sessions(self._caller))
        return [record for record in records if not self._sessions.is_over(record.last_used)]

    async def one(self, session_id: str) -> SessionRecord:
        """A session. Raises Refused."""
        record = await asyncio.wrap_future(self._sessions.store.session(owned(self._caller, session_id)))
        if record is None or self._sessions.is_over(record.last_used):
            raise unknown(session_id)
        return record

    async def rename(self, session_id: str, title: str | None) -> SessionRecord:
        """Give a session a title, or take it. Raises Refused."""
        record = await self.one(session_id)
        if not await asyncio.wrap_future(self._sessions.store.rename(record.session_id, title)):
            raise unknown(session_id)
        return await self.one(session_id)

    async def branch(self, session_id: str, turn: int | None, new_id: str | None, title: str | None) -> SessionRecord:
        """Open a session with the first `turn` turns of another one, all of them where none is said. Raises Refused."""
        parent = await self.one(session_id)
        upto = parent.turns if turn is None else turn
        if upto > parent.turns:
            raise Refused(
                404, f"The session has {parent.turns} turns; turn {upto} is not there.", "turn_not_found", "turn"
            )
        name = owned(self._caller, new_id or uuid.uuid4().hex)
        taken = Refused(409, f"There is a session {self.name(name)} already.", "session_exists", "session_id")
        # Whoever takes the first turn under that name now has been told of no history.
        async with await self._sessions.begin(name) as first:
            if first.record is not None:
                raise taken
            try:
                copy = self._sessions.store.copy(parent.session_id, name, upto, self._sessions.now())
                made = await asyncio.shield(asyncio.wrap_future(copy))
            except SessionExists:
                raise taken from None
        if made is None:
            raise unknown(session_id)
        if title is not None:
            await asyncio.wrap_future(self._sessions.store.rename(name, title))
        await self._sessions.opened()
        return await self.one(self.name(name))

    async def tree(self, session_id: str) -> list[tuple[SessionRecord, int]]:
        """Every session of the tree that a session is in, with its depth: parents first, older branches first.

        Raises Refused.
        """
        asked = await self.one(session_id)
        records = {record.session_id: record for record in await self.all()}
        return list(walked(records, root_of(records, records.get(asked.session_id, asked))))


def parent_of(records: Mapping[str, SessionRecord], record: SessionRecord) -> SessionRecord | None:
    """The parent, where it is still there; a later session of its name is not it."""
    parent = records.get(record.parent or "")
    return parent if parent is not None and parent.created == record.parent_created else None


def root_of(records: Mapping[str, SessionRecord], record: SessionRecord) -> SessionRecord:
    """The session from which this one's line of parents comes, as far as it is still there."""
    seen = {record.session_id}
    while (parent := parent_of(records, record)) is not None and parent.session_id not in seen:
        seen.add(parent.session_id)
        record = parent
    return record


def walked(records: Mapping[str, SessionRecord], root: SessionRecord) -> Iterator[tuple[SessionRecord, int]]:
    """A root with its branches, theirs, and so on, each with its depth."""
    branches: dict[str, list[SessionRecord]] = defaultdict(list)
    for record in records.values():
        if (parent := parent_of(records, record)) is not None:
            branches[parent.session_id].append(record)
    waiting, seen = [(root, 0)], {root.session_id}
    while waiting:
        record, depth = waiting.pop()
        yield record, depth
        following = [each for each in branches[record.session_id] if each.session_id not in seen]
        seen.update(each.session_id for each in following)
        waiting += [(each, depth + 1) for each in _youngest_first(following)]


def _youngest_first(records: Sequence[SessionRecord]) -> list[SessionRecord]:
    return sorted(records, key=lambda record: (record.created, record.session_id), reverse=True)
