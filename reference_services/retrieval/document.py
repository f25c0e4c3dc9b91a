"""The inputs, outputs and errors of a document store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Document:
    """A text under a name. `added` is in seconds since the epoch."""

    name: str
    text: str
    metadata: Mapping[str, Value] = field(default_factory=dict)
    added: float = 0.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found; `score` is its cosine with the question, 1 for the same words."""

    document: str
    passage: int
    score: float
    text: str
    metadata: Mapping[str, Value]


class StoreUnavailable(Exception):
    """The vector database does not answer, or not as it should."""


class StoreFull(Exception):
    """No more documents are taken."""


class StoreCannotOpen(Exception):
    """The store is not available; the message says what to do."""
