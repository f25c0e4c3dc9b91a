"""A limited number of execution slots; further requests wait in order of arrival."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType
from typing import Self


class Slots:
    """First in, first out. Someone who leaves the queue leaves no gap and takes no place."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.running = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many are in the queue now."""
        return len(self._queue)

    async def __aenter__(self) -> Self:
        if self.running < self.size and not self._queue:
            self.running += 1
            return self
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():
                # It was handed the place in the moment in which it left.
                self._hand_on()
            elif place in self._queue:
                # Else it was passed over already: a cancelled future stays here until its task has run.
                self._queue.remove(place)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hand_on()

    def _hand_on(self) -> None:
        """The place goes to the first who still waits; `running` counts it through."""
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.running -= 1
