"""Embedders: texts as vectors of length one, whose product is how much two texts are about the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

Vector = list[float]


class EmbedderError(Exception):
    """An embedder cannot be had; what to do is in the text."""


class Embedder(Protocol):
    """What the store and the embeddings route need."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str], dimensions: int | None = None) -> list[Vector]:
        """One vector a text, of all dimensions or of fewer. Takes time: to be called off the event loop."""


def open_embedder(model: str) -> Embedder:
    """The embedder of a sentence-transformers folder, or the hashing one where none is named. Raises EmbedderError."""
    if model:
        # Only who names a model pays for loading one.
        from reference_services.retrieval.sentence_embedder import SentenceEmbedder

        return SentenceEmbedder(model)
    from reference_services.retrieval.hashed_embedder import HashedEmbedder

    return HashedEmbedder()


def normalized(vector: Sequence[float]) -> Vector:
    """The vector at length one; one without any length stays."""
    length = math.sqrt(math.fsum(value * value for value in vector))
    return [value / length for value in vector] if length else list(vector)
