"""The document store for asynchronous callers: its work runs in threads, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from signoff.reference_services.retrieval.document import Document, Hit, StoreUnavailable
from signoff.reference_services.retrieval.store import DocumentStore
from signoff.reference_services.retrieval.vector import Embedder

SERVER_THREADS = 8
Result = TypeVar("Result")


class Library:
    """A store with its threads. Raises what `DocumentStore` raises. Started work continues if the caller leaves."""

    def __init__(self, location: str, embedder: Embedder, most_documents: int, api_key: str | None = None) -> None:
        # The embedded database belongs to one thread, its opening included; a server takes requests side by side.
        self._threads = ThreadPoolExecutor(1, "documents")
        self._store = self._threads.submit(DocumentStore, location, embedder, most_documents, api_key).result()
        if self._store.is_server:
            self._threads.shutdown()
            self._threads = ThreadPoolExecutor(SERVER_THREADS, "documents")
        self.kind = "server" if self._store.is_server else "embedded"
        self.is_available = True
        """Whether the store answered when it was last asked."""

    def close(self) -> None:
        """Wait for running work, then release the store."""
        self._threads.submit(self._store.close).result()
        self._threads.shutdown()

    async def add(self, owner: str, documents: Sequence[Document]) -> Sequence[int]:
        """See `DocumentStore.add`."""
        return await self._do(lambda: self._store.add(owner, documents))

    async def get(self, owner: str, name: str) -> Document | None:
        """See `DocumentStore.get`."""
        return await self._do(lambda: self._store.get(owner, name))

    async def all(self, owner: str) -> Sequence[tuple[Document, int]]:
        """See `DocumentStore.all`."""
        return await self._do(lambda: self._store.all(owner))

    async def search(self, owner: str, question: str, most: int, at_least: float) -> Sequence[Hit]:
        """See `DocumentStore.search`."""
        return await self._do(lambda: self._store.search(owner, question, most, at_least))

    async def delete(self, owner: str, name: str) -> bool:
        """See `DocumentStore.delete`."""
        return await self._do(lambda: self._store.delete(owner, name))

    async def _do(self, work: Callable[[], Result]) -> Result:
        try:
            result = await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except StoreUnavailable:
            self.is_available = False
            raise
        self.is_available = True
        return result
