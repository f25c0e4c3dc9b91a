"""Conflicts with what binding files decided about them.

A resolution names the values that somebody looked at. Where a side has another one today, or the chosen one is gone, it
does not count. One that names documents which are not read in this command is about a conflict that it cannot see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from signoff.acceptance.reading.binding.binding import Binding, Entry
from signoff.acceptance.reading.binding.binding_entry import Resolve
from signoff.acceptance.reading.conflicts.evidence.page import listed
from signoff.acceptance.reading.source.document import Diagnostic
from signoff.reports.stored.conflict import Conflict


def resolve(
    bindings: Sequence[Binding], conflicts: Sequence[Conflict], documents: Sequence[str] = ()
) -> tuple[tuple[Conflict, ...], list[Diagnostic]]:
    """The conflicts with the resolutions whose sides are still those that were decided; `documents` were read."""
    resolved = list(conflicts)
    read = {Path(name).name for name in documents}
    diagnostics: list[Diagnostic] = []
    disputed: set[int] = set()
    for binding in bindings:
        for entry in binding.resolve:
            diagnostics += _apply(binding, entry, resolved, read, disputed)
    return tuple(resolved), diagnostics


def _apply(
    binding: Binding, entry: Entry[Resolve], resolved: list[Conflict], read: set[str], disputed: set[int]
) -> list[Diagnostic]:
    said, place = entry.said, entry.line
    meant = [index for index, conflict in enumerate(resolved) if _is_about(said, conflict)]
    unseen = [name for name in said.documents or () if Path(name).name not in read]
    same = [index for index in meant if _matches(said, resolved[index], bool(unseen))]
    if same:
        return [found for index in same for found in _decide(binding, entry, resolved, index, disputed)]
    if meant:
        sides = listed(side.value for side in resolved[meant[0]].sides)
        message = f"the sides of {said.conflict} are now {sides}, so its resolution does not count"
        return [binding.diagnostic("binding-stale", place, message, "look at the conflict again and renew `between`")]
    if unseen:
        return []
    message = f"there is no conflict {said.conflict!r}" + (f" of kind {said.kind}" if said.kind else "")
    hint = "remove the entry where the conflict is gone; name the other `documents` where it is among several"
    return [binding.diagnostic("binding-orphan", place, message, hint)]


def _is_about(said: Resolve, conflict: Conflict) -> bool:
    return conflict.subject == said.conflict and said.kind in (None, conflict.kind)


def _matches(said: Resolve, conflict: Conflict, in_part: bool) -> bool:
    """Whether all of today's values were looked at, the chosen one among them unless its document is not read."""
    now = {str(side.value) for side in conflict.sides}
    then = {str(value) for value in said.between}
    return now <= then and (in_part or str(said.chosen) in now)


def _decide(
    binding: Binding, entry: Entry[Resolve], resolved: list[Conflict], index: int, disputed: set[int]
) -> list[Diagnostic]:
    """Keep a decision; two that differ undo each other, whatever a third one says."""
    conflict, said = resolved[index], entry.said
    if index in disputed:
        return []
    before = conflict.resolution
    if before is not None and str(before["chosen"]) != str(said.chosen):
        resolved[index] = replace(conflict, resolution=None)
        disputed.add(index)
        message = f"{conflict.subject} is resolved differently by {Path(before['binding']).name}"
        return [binding.diagnostic("resolution-conflict", entry.line, message, "agree on one of the two")]
    decided = {"chosen": said.chosen, "role": said.role, "reason": said.reason}
    resolution = {**decided, "date": said.date.isoformat(), "binding": binding.path}
    resolved[index] = replace(conflict, resolution=resolution)
    return []
