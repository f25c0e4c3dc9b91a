"""Open items of a run, the responsible roles, and next steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signoff.reports.document.demands import Row
from signoff.reports.document.headline import out_of_reach
from signoff.reports.stored.conflict import Conflict
from signoff.reports.stored.stored_run import StoredDocument, StoredRun


@dataclass(frozen=True, slots=True)
class OpenGroup:
    """Criteria that are open for the same reason; also shown if empty."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One next step, its role, and its criteria."""

    role: str
    text: str
    rows: tuple[Row, ...] = ()


def open_groups(run: StoredRun, rows: Sequence[Row]) -> tuple[OpenGroup, ...]:
    """All criteria that neither passed nor failed, by reason, and all waivers."""

    def declared(row: Row) -> bool:
        return bool(out_of_reach(run, row.stored))

    return (
        OpenGroup("Awaiting a person", _with(rows, "awaiting_person")),
        OpenGroup(
            "Out of reach, as the deployment declares",
            tuple(row for row in _with(rows, "not_measurable") if declared(row)),
        ),
        OpenGroup("Waived", tuple(row for row in rows if row.stored.waiver is not None)),
        OpenGroup(
            "Not measurable, with no reason declared",
            tuple(row for row in _with(rows, "not_measurable") if not declared(row)),
        ),
        OpenGroup("Inconclusive", _with(rows, "inconclusive")),
        OpenGroup("Not judged", (*_with(rows, "error"), *_with(rows, "not_run"))),
    )


def next_steps(
    run: StoredRun, document: StoredDocument, rows: Sequence[Row], conflicts: Sequence[Conflict]
) -> tuple[Step, ...]:
    """Next steps, most urgent first."""
    groups = {group.heading: group.rows for group in open_groups(run, rows)}
    unresolved = [conflict for conflict in conflicts if not conflict.resolution]
    steps = [
        _step("service team", "Fix what failed, then run again.", _with(rows, "fail")),
        _step("operator of the run", "Find out why these were not judged, then run again.", groups["Not judged"]),
        _step(
            "operator of the run",
            "Measure these for longer (a stricter profile takes more samples).",
            groups["Inconclusive"],
        ),
        Step(
            "author of the task document",
            f"Resolve {_count(len(unresolved), 'conflict')} in the binding file: side, role, reason, date.",
        )
        if unresolved
        else None,
        _reading(document, rows),
        _step(
            "operator of the deployment",
            "Make these measurable, or declare under [out_of_reach] why they cannot be.",
            groups["Not measurable, with no reason declared"],
        ),
        _step("reviewer", "Judge what no machine can, and attest it.", groups["Awaiting a person"]),
        _step(
            "operator of the deployment",
            "Decide whether criteria out of reach must be measured elsewhere before approval.",
            groups["Out of reach, as the deployment declares"],
        ),
        _step("owner of the waiver", "Fix the waived criteria before the waiver expires.", groups["Waived"]),
        Step(
            "operator of the deployment",
            "Run the same document against the real engine: signoff run TASK.md --target http://HOST:PORT",
        )
        if run.engine.is_simulated
        else None,
    ]
    found = tuple(step for step in steps if step is not None)
    return found or (Step("reviewer", "Nothing is open: sign below, or refuse."),)


def _reading(document: StoredDocument, rows: Sequence[Row]) -> Step | None:
    """Accept the reading, where it is known that it is not accepted."""
    if document.reading is None or document.reading.accepted:
        return None
    anew = tuple(row for row in rows if row.stored.read_anew) if document.reading.lock is not None else ()
    return Step(
        "author of the task document",
        "Look at what each demand is judged as, then accept the reading: signoff read --accept ROLE TASK.md",
        anew,
    )


def _step(role: str, text: str, rows: tuple[Row, ...]) -> Step | None:
    return Step(role, text, rows) if rows else None


def _with(rows: Sequence[Row], outcome: str) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.outcome == outcome)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
