"""The output of embedders: texts as unit vectors, whose product is the similarity of two texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

Vector = list[float]


class EmbedderError(Exception):
    """An embedder is not available; the message says what to do."""


class Embedder(Protocol):
    """What the store and the embeddings route need."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str], dimensions: int | None = None) -> list[Vector]:
        """One vector a text, of all dimensions or of fewer. Takes time: to be called off the event loop."""


def normalized(vector: Sequence[float]) -> Vector:
    """The vector at length one; one without any length stays."""
    length = math.sqrt(math.fsum(value * value for value in vector))
    return [value / length for value in vector] if length else list(vector)
