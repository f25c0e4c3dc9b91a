"""The coherence figure: the share of conversations that a server answers from memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CoherenceFigure:
    """`score` is max(0, (R - B) / (1 - B)): recall R above the control B, which asks without the history.

    R and B are shares of all conversations, those with errors included. `correct_lifted` counts the
    conversations that are right in the session and wrong in the control, one Bernoulli trial each; without a
    right control, `score` is exactly `correct_lifted / conversations`.
    """

    recall: float
    control: float
    score: float
    conversations: int
    correct_lifted: int
    errors: int
    recall_by_category: Mapping[str, float]


def lift(records: Iterable[Mapping[str, Any]]) -> CoherenceFigure:
    """The figure of the records with `record` = `conversation`. Without any, everything is 0."""
    held = [record for record in records if record.get("record") == "conversation"]
    if not held:
        return CoherenceFigure(0.0, 0.0, 0.0, 0, 0, 0, {})
    recall = sum(record["correct"] for record in held) / len(held)
    control = sum(record["control_correct"] for record in held) / len(held)
    by_category: dict[str, list[bool]] = defaultdict(list)
    for record in held:
        by_category[record["category"]].append(record["correct"])
    return CoherenceFigure(
        recall=recall,
        control=control,
        score=max(0.0, (recall - control) / (1 - control)) if control < 1 else 0.0,
        conversations=len(held),
        correct_lifted=sum(record["correct"] and not record["control_correct"] for record in held),
        errors=sum(bool(record["errors"]) for record in held),
        recall_by_category={name: sum(found) / len(found) for name, found in by_category.items()},
    )
