"""Recently used sessions in memory, over the store: records and last turns.

The store says with each claim in what state a session is; turns that are kept of that very state need not be read.
So nothing here is ever out of date, even if several processes use one store.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Literal

from signoff.reference_services.chat.stores.records import SessionRecord, TurnRecord

Result = Literal["hit", "miss"]
RESULTS: tuple[Result, ...] = ("hit", "miss")


class SessionCache:
    """The last turns of at most `size` sessions; those that were not used for the longest time go first."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.hits = 0
        self.misses = 0
        self.on_find: Callable[[Result], None] = lambda result: None
        self._kept: OrderedDict[str, tuple[SessionRecord, list[TurnRecord]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, record: SessionRecord, last: int) -> list[TurnRecord] | None:
        """The `last` turns of a session in this state, or as many as it has; None if they have to be read."""
        kept, turns = self._kept.get(record.session_id, (None, []))
        if kept != record or len(turns) < min(last, record.turns):
            self.misses += 1
            self.on_find("miss")
            return None
        self.hits += 1
        self.on_find("hit")
        self._kept.move_to_end(record.session_id)
        return turns[len(turns) - min(last, record.turns) :]

    def keep(self, record: SessionRecord, turns: Sequence[TurnRecord]) -> None:
        """Keep the last turns of a session in this state, in place of the cached ones."""
        self._kept[record.session_id] = record, list(turns)
        self._kept.move_to_end(record.session_id)
        while len(self._kept) > self.size:
            self._kept.popitem(last=False)

    def forget(self, session_id: str) -> None:
        """Keep nothing of a session."""
        self._kept.pop(session_id, None)
