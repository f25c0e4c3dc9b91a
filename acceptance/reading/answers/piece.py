"""A part of a sentence that says one thing of a request or of its answer, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Sort = Literal["request", "wrong", "status", "refused", "absent", "body", "neutral"]
OF_REQUESTS = frozenset({"request", "wrong"})
OF_ANSWERS = frozenset({"status", "refused", "absent", "body"})


@dataclass(frozen=True, slots=True)
class Piece:
    """`says` is what it adds to the parameters of a check: lists are joined, objects are merged."""

    sort: Sort
    begin: int
    end: int
    says: Mapping[str, Any] = field(default_factory=dict)
    names: str = ""
    """The field, role or model that a wrong request is wrong in: what an error can be asked to name."""


def without_overlap(pieces: list[Piece]) -> list[Piece]:
    """The pieces in their order; of those that share a character the longest, else the first."""
    kept: list[Piece] = []
    for piece in sorted(pieces, key=lambda each: (each.begin - each.end, each.begin)):
        if all(piece.end <= other.begin or other.end <= piece.begin for other in kept):
            kept.append(piece)
    return sorted(kept, key=lambda each: each.begin)
