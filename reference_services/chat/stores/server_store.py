"""Common code of stores in a server: a connection and a worker each for reads and writes, claims, availability."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from signoff.reference_services.chat.settings.store_url import HIDDEN, passwords, without_password
from signoff.reference_services.chat.stores.batching_worker import BatchingWorker
from signoff.reference_services.chat.stores.leases import TICK_S, Leases
from signoff.reference_services.chat.stores.reconnecting import ReconnectingConnection
from signoff.reference_services.chat.stores.store import StoreError

Connection = TypeVar("Connection")
Work = TypeVar("Work")


class ServerStore(ABC, Generic[Connection, Work]):
    """The half of a `Store` that no kind of server changes."""

    _reader: ReconnectingConnection[Connection]
    _writer: ReconnectingConnection[Connection]

    def __init__(self, url: str, on_commit: Callable[[float, int], None] | None) -> None:
        self.address = without_password(url)
        self.on_commit = on_commit
        self._url = url
        self._secrets = passwords(url)
        self._leases = Leases()

    def _begin(self) -> None:
        """Start the workers, once the connections are there."""
        closed = StoreError(f"{self.address}: the store is closed")
        self._writes: BatchingWorker[Work] = BatchingWorker(
            "store-writer", self._write, closed, lambda: self._look(self._writer), TICK_S
        )
        self._reads: BatchingWorker[Work] = BatchingWorker("store-reader", self._read, closed, self._tick, TICK_S)

    @property
    def is_available(self) -> bool:
        """See `Store`."""
        return self._reader.is_available and self._writer.is_available

    def close(self) -> None:
        """See `Store`."""
        self._writes.close()
        self._reads.close()
        self._writer.close()
        self._reader.close()

    @abstractmethod
    def _read(self, group: Sequence[Work]) -> list[Any]:
        """Do these reads; a result or an error for each. Renews the claims first."""

    @abstractmethod
    def _write(self, group: Sequence[Work]) -> list[Any]:
        """Do these writes; a result or an error for each."""

    @abstractmethod
    def _ping(self, connection: Connection) -> object:
        """Ask the server for nothing."""

    @abstractmethod
    def _renew_claims(self, claims: Sequence[tuple[str, str]]) -> None:
        """Let these claims, each a session and its holder, last for a lease from now on."""

    @abstractmethod
    def _is_away(self, error: Exception) -> bool:
        """Whether an error says that the server cannot be asked now."""

    def _look(self, line: ReconnectingConnection[Connection]) -> None:
        """Monitor the server's availability between requests, for `is_available`."""
        with contextlib.suppress(StoreError):
            line.do(self._ping)

    def _tick(self) -> None:
        self._look(self._reader)
        with contextlib.suppress(StoreError):
            self._renew()

    def _renew(self) -> None:
        if due := self._leases.due():
            self._renew_claims(due)

    def _why_away(self, error: Exception) -> str | None:
        return f"{self.address}: {self._without_secrets(error)}" if self._is_away(error) else None

    def _without_secrets(self, error: Exception) -> str:
        """What an error says, on one line."""
        text = " ".join(str(error).split())
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text.rstrip(".")
