"""The order of the criteria, and the estimated time."""

from __future__ import annotations

from collections.abc import Sequence

from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.criterion import Criterion


def order(criteria: Sequence[Criterion]) -> list[Criterion]:
    """Cheap measurements first, so that a wrong address shows at once; ties stay in the document's order.

    Criteria that need a stopped service come last.
    """
    return sorted(criteria, key=lambda criterion: (is_after_stop(criterion), seconds(criterion)))


def is_after_stop(criterion: Criterion) -> bool:
    """Whether the service has to be stopped before this can be measured."""
    check = CHECKS.get(criterion.kind)
    return check is not None and check.after_stop and criterion.judge == "machine"


def seconds(criterion: Criterion) -> float:
    """What a criterion usually costs if its measurement was not taken yet."""
    check = CHECKS.get(criterion.kind)
    return check.seconds if check is not None and criterion.judge == "machine" else 0.0


def group(criterion: Criterion) -> str:
    """The measurement that a criterion's check shares with others."""
    check = CHECKS[criterion.kind]
    return check.group or check.kind.name


def remaining_seconds(criteria: Sequence[Criterion], taken: set[str]) -> float:
    """The time left: each measurement counted once, those already taken not at all."""
    kinds = {
        group(criterion): seconds(criterion)
        for criterion in criteria
        if criterion.judge == "machine" and criterion.kind in CHECKS
    }
    return sum(cost for group, cost in kinds.items() if group not in taken)
