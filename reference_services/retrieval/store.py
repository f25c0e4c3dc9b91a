"""The document store: passages with their vectors in Qdrant, embedded in this process or on a server.

Each owner has a separate collection, so that no search can reach another owner's documents. A document is deleted by
its name in every passage's payload, not by a list of passages that might have missed one.
"""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from signoff.reference_services.retrieval.document import (
    Document,
    Hit,
    StoreCannotOpen,
    StoreFull,
    StoreUnavailable,
)
from signoff.reference_services.retrieval.passages import passages
from signoff.reference_services.retrieval.vector import Embedder

try:
    import httpx
    from qdrant_client import QdrantClient, models
    from qdrant_client.http.exceptions import ApiException
except ImportError:
    raise StoreCannotOpen(
        'retrieval needs qdrant-client, which is not installed: pip install "signoff[services]", or leave retrieval out'
    ) from None

EMBEDDED = "embedded"
TIMEOUT_S = 5
_BATCH = 64
_NAMES = uuid.UUID("5f0c5f4e-6f2b-4c1c-9a53-0d8f8b0c7a11")
_FAILURES = (ApiException, httpx.HTTPError, OSError)
Result = TypeVar("Result")


class DocumentStore:
    """Documents by owner and name, each as its passages. Every call blocks; one thread at a time may call it.

    `location` is `embedded` (in memory), a folder, or the URL of a Qdrant server. Raises StoreCannotOpen if it
    is not available or has vectors of another embedder, and StoreUnavailable if a server fails later.
    """

    def __init__(self, location: str, embedder: Embedder, most_documents: int, api_key: str | None = None) -> None:
        self._embedder = embedder
        self._most = most_documents
        self._known: set[str] = set()
        self._prefix = f"signoff.{re.sub(r'[^A-Za-z0-9_-]', '-', embedder.name)}.{embedder.dimensions}."
        self.is_server = location.startswith(("http://", "https://"))
        try:
            if self.is_server:
                self._client = QdrantClient(
                    url=location, api_key=api_key, timeout=TIMEOUT_S, check_compatibility=False, prefer_grpc=False
                )
            elif location == EMBEDDED:
                self._client = QdrantClient(":memory:")
            else:
                Path(location).mkdir(parents=True, exist_ok=True)
                self._client = QdrantClient(path=location)
            there = [each.name for each in self._client.get_collections().collections]
        except (*_FAILURES, RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
            raise StoreCannotOpen(f"retrieval = {location!r}: cannot be opened: {reason[0]}") from None
        foreign = [name for name in there if name.startswith("signoff.") and not name.startswith(self._prefix)]
        if foreign:
            self._client.close()
            raise StoreCannotOpen(
                f"retrieval = {location!r}: holds documents of another embedder ({foreign[0]}), whose vectors mean "
                "nothing to this one; give another place, or the embedding_model that they were added with"
            )

    def close(self) -> None:
        """Release the folder or the connection."""
        self._client.close()

    def add(self, owner: str, documents: Sequence[Document]) -> list[int]:
        """Put documents into the store, each in the place of one of the same name; how many passages each has.

        Raises StoreFull, and has then added nothing.
        """
        pieces = [passages(document.text) for document in documents]
        vectors = self._embedder.embed([piece for each in pieces for piece in each])
        numbers = iter(vectors)
        points = [
            _point(document, number, piece, len(each), next(numbers))
            for document, each in zip(documents, pieces, strict=True)
            for number, piece in enumerate(each)
        ]
        names = [document.name for document in documents]

        def put() -> None:
            collection = self._collection(owner)
            new = set(names) - {name for name in names if self._has(collection, name)}
            if (held := self._count(collection)) + len(new) > self._most:
                raise StoreFull(f"{held} documents are held; at most {self._most} are. Delete some first")
            first = models.UpsertOperation(upsert=models.PointsList(points=points[:_BATCH]))
            gone = models.DeleteOperation(delete=models.FilterSelector(filter=_named(names)))
            # What was there goes and the new comes in one request, so that nothing is lost between two.
            self._client.batch_update_points(collection, [gone, first], wait=True)
            for at in range(_BATCH, len(points), _BATCH):
                self._client.upsert(collection, points[at : at + _BATCH], wait=True)

        self._asked(put)
        return [len(each) for each in pieces]

    def get(self, owner: str, name: str) -> Document | None:
        """A document whole, or None if there is none of this name."""

        def read() -> list[Any]:
            collection = self._collection(owner)
            return self._scrolled(collection, _named([name]))

        found = sorted((record.payload for record in self._asked(read)), key=lambda payload: int(payload["passage"]))
        return _document(found[0], "".join(payload["text"] for payload in found)) if found else None

    def all(self, owner: str) -> list[tuple[Document, int]]:
        """All documents with the beginning of each as its text, oldest first, and how many passages each has."""

        def read() -> list[Any]:
            return self._scrolled(self._collection(owner), _first_passages())

        found = [record.payload for record in self._asked(read)]
        found.sort(key=lambda payload: (payload["added"], payload["document"]))
        return [(_document(payload, payload["text"]), int(payload["passages"])) for payload in found]

    def search(self, owner: str, question: str, most: int, at_least: float) -> list[Hit]:
        """The passages nearest to a question, best first; those below the score `at_least` are left out."""
        vector = self._embedder.embed([question])[0]

        def find() -> list[Any]:
            collection = self._collection(owner)
            found = self._client.query_points(collection, vector, limit=most, score_threshold=at_least or None)
            return list(found.points)

        hits = [
            Hit(
                point.payload["document"], int(point.payload["passage"]), min(1.0, float(point.score)),
                point.payload["text"], point.payload["metadata"],
            )
            for point in self._asked(find)
            if not math.isnan(point.score)
        ]  # fmt: skip
        return sorted(hits, key=lambda hit: (-hit.score, hit.document, hit.passage))

    def delete(self, owner: str, name: str) -> bool:
        """Remove a document; whether it was there."""

        def remove() -> bool:
            collection = self._collection(owner)
            was_there = self._has(collection, name)
            self._client.delete(collection, models.FilterSelector(filter=_named([name])), wait=True)
            return was_there

        return self._asked(remove)

    def _asked(self, work: Callable[[], Result]) -> Result:
        try:
            return work()
        except _FAILURES as error:
            # A server that lost its collections gets them again.
            self._known.clear()
            raise StoreUnavailable(f"the vector database does not answer: {type(error).__name__}") from error

    def _collection(self, owner: str) -> str:
        name = self._prefix + (owner or "everybody")
        if name not in self._known:
            if not self._client.collection_exists(name):
                size = self._embedder.dimensions
                self._client.create_collection(
                    name, vectors_config=models.VectorParams(size=size, distance=models.Distance.COSINE)
                )
            if self.is_server:
                self._client.create_payload_index(name, "document", models.PayloadSchemaType.KEYWORD)
                self._client.create_payload_index(name, "passage", models.PayloadSchemaType.INTEGER)
            self._known.add(name)
        return name

    def _has(self, collection: str, name: str) -> bool:
        return bool(self._client.retrieve(collection, [_identity(name, 0)], with_payload=False))

    def _count(self, collection: str) -> int:
        return int(self._client.count(collection, _first_passages(), exact=True).count)

    def _scrolled(self, collection: str, wanted: models.Filter) -> list[Any]:
        found: list[Any] = []
        place: Any = None
        while True:
            some, place = self._client.scroll(collection, wanted, limit=1000, offset=place)
            found += some
            if place is None:
                return found


def _point(document: Document, number: int, piece: str, count: int, vector: list[float]) -> models.PointStruct:
    payload: Mapping[str, Any] = {
        "document": document.name,
        "passage": number,
        "passages": count,
        "text": piece,
        "metadata": dict(document.metadata),
        "added": document.added,
        "characters": len(document.text),
    }
    return models.PointStruct(id=_identity(document.name, number), vector=vector, payload=dict(payload))


def _identity(name: str, number: int) -> str:
    return str(uuid.uuid5(_NAMES, f"{number} {name}"))


def _named(names: Sequence[str]) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key="document", match=models.MatchAny(any=list(names)))])


def _first_passages() -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key="passage", match=models.MatchValue(value=0))])


def _document(payload: Mapping[str, Any], text: str) -> Document:
    return Document(payload["document"], text, payload["metadata"], float(payload["added"]))
