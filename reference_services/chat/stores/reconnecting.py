"""A connection to a store's server that reconnects, and gives up if the server stays away."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from signoff.reference_services.chat.stores.store import StoreAway

RETRY_S = 2.0
"""How long work waits for a server that was there before; a restart of one is over by then."""
PAUSE_S = 1.0
"""How long after a failed attempt work fails at once, so that requests do not queue up for a server that is away."""
_BETWEEN_S = 0.05
Connection = TypeVar("Connection")
Result = TypeVar("Result")


class ReconnectingConnection(Generic[Connection]):
    """`connect` makes the connection; `why_away` says of an error why the server cannot be asked, or None.

    Work may be done twice, where the connection broke before its answer came; it has to bear that.
    """

    def __init__(self, connect: Callable[[], Connection], why_away: Callable[[Exception], str | None]) -> None:
        self._connect = connect
        self._why_away = why_away
        self._connection: Connection | None = connect()
        self._not_before_s = 0.0
        self._reason = ""
        self.is_available = True

    def do(self, work: Callable[[Connection], Result]) -> Result:
        """Do the work on the connection. Raises StoreAway, or what the work raises."""
        if time.monotonic() < self._not_before_s:
            raise StoreAway(self._reason)
        # A server that was away a moment ago gets one attempt.
        until_s = time.monotonic() + (RETRY_S if self.is_available else 0)
        while True:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                result = work(self._connection)
            except Exception as error:
                reason = self._why_away(error)
                if reason is None:
                    self.is_available = True
                    raise
                self.close()
                self.is_available = False
                if time.monotonic() >= until_s:
                    self._not_before_s = time.monotonic() + PAUSE_S
                    self._reason = reason
                    raise StoreAway(reason) from None
                time.sleep(_BETWEEN_S)
                continue
            self.is_available = True
            return result

    def close(self) -> None:
        """Let the connection go."""
        connection: Any = self._connection
        self._connection = None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()
