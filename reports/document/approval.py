"""The approval block: what a reviewer signs, and what blocks a signature."""

from __future__ import annotations

from dataclasses import dataclass

from signoff.reports.document.headline import open_counts, outcome
from signoff.reports.stored.stored_run import StoredRun


@dataclass(frozen=True, slots=True)
class Approval:
    """The decisions that may be ticked, and the reasons why approval is not among them."""

    blocked_by: tuple[str, ...]
    decisions: tuple[str, ...]


def approval(run: StoredRun) -> Approval:
    """Approving needs a run that passed on a real engine with nothing open; refusing is always possible."""
    shown, _ = outcome(run)
    left = open_counts(run)
    blocked = [
        reason
        for applies, reason in (
            (run.engine.is_simulated, "The engine was simulated: this cannot be the sign-off of a model."),
            (
                not run.engine.name.strip(),
                "The engine is not named, so it is unknown what a signature would cover.",
            ),
            (shown != "passed", f"The run is {shown}."),
            (left.awaiting_person > 0, f"Awaiting a person: {left.awaiting_person}."),
            (left.out_of_reach > 0, f"Out of reach: {left.out_of_reach}."),
            (left.waived > 0, f"Waived: {left.waived}."),
        )
        if applies
    ]
    if not blocked:
        return Approval((), ("Approved", "Refused"))
    if run.engine.is_simulated:
        return Approval(tuple(blocked), ("Seen, as a rehearsal on the simulated engine", "Refused"))
    return Approval(tuple(blocked), ("Returned: close the listed items, then run again", "Refused"))
