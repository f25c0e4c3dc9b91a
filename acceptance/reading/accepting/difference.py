"""What differs between an accepted reading and today's: demands added, removed, worded, read or named otherwise."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading.accepting.accepted_reading import AcceptedCriterion, accepted_criterion

Change = Literal["added", "removed", "words", "question", "name"]
Pair = tuple[AcceptedCriterion, AcceptedCriterion]
READ_ANEW: frozenset[Change] = frozenset({"added", "words", "question"})
"""What was not accepted; under another name, the same question of the same words was."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One criterion that differs: as it was accepted, and as it is now.

    `line` and `column` are those of the demand, 0 where it is gone. `same_words` says of an added or a removed one
    that its demand is in both readings: only what it is read as has changed.
    """

    change: Change
    line: int
    column: int
    before: AcceptedCriterion | None
    now: AcceptedCriterion | None
    asks_otherwise: bool = False
    same_words: bool = False

    @property
    def id(self) -> str:
        """The id of today, else the accepted one."""
        found = self.now or self.before
        assert found is not None
        return found.id

    @property
    def name(self) -> str:
        """What people call it."""
        found = self.now or self.before
        assert found is not None
        return found.name


def differences(accepted: Sequence[AcceptedCriterion], criteria: Sequence[Criterion]) -> tuple[Difference, ...]:
    """What differs, in the document's order; what is gone comes last. None where every entry is the same.

    A criterion is known again by its words and question, else by its words, else by its id or the document's own id.
    """
    now = [accepted_criterion(criterion) for criterion in criteria]
    places = {item.id: (item.line, item.column) for item in criteria}
    pairs, gone = _paired(accepted, now)
    words_before = {entry.fingerprint for entry in accepted}
    words_now = {entry.fingerprint for entry in now}
    before_of = {entry.id: before for before, entry in pairs}
    found: list[Difference] = []
    for entry in now:
        before = before_of.get(entry.id)
        if before is None:
            same = entry.fingerprint in words_before
            found.append(Difference("added", *places[entry.id], None, entry, asks_otherwise=same, same_words=same))
        elif (change := _change(before, entry)) is not None:
            asks_otherwise = before.question != entry.question
            found.append(Difference(change, *places[entry.id], before, entry, asks_otherwise=asks_otherwise))
    found += [Difference("removed", 0, 0, entry, None, same_words=entry.fingerprint in words_now) for entry in gone]
    return tuple(found)


def _change(before: AcceptedCriterion, now: AcceptedCriterion) -> Change | None:
    if before.fingerprint != now.fingerprint:
        return "words"
    if before.question != now.question:
        return "question"
    return None if (before.id, before.requirement) == (now.id, now.requirement) else "name"


def _paired(
    accepted: Sequence[AcceptedCriterion], now: Sequence[AcceptedCriterion]
) -> tuple[list[Pair], list[AcceptedCriterion]]:
    """Which entries are about one demand, and which accepted ones are about none of today."""
    pairs: list[Pair] = []
    before, after = list(accepted), list(now)
    ways: tuple[Callable[[AcceptedCriterion], Hashable | None], ...] = (
        lambda entry: (entry.id, entry.fingerprint, entry.question),
        lambda entry: (entry.fingerprint, entry.question),
        lambda entry: (entry.id, entry.fingerprint),
        lambda entry: (entry.fingerprint, entry.kind),
        lambda entry: entry.fingerprint,
        lambda entry: entry.id,
        lambda entry: (entry.requirement, entry.kind) if entry.requirement else None,
    )
    for way in ways:
        waiting: dict[Hashable, list[AcceptedCriterion]] = {}
        for entry in reversed(before):
            if (key := way(entry)) is not None:
                waiting.setdefault(key, []).append(entry)
        found: list[Pair] = [
            (same.pop(), entry) for entry in after if (same := waiting.get(way(entry) or ())) is not None and same
        ]
        pairs += found
        before, after = _without(before, (pair[0] for pair in found)), _without(after, (pair[1] for pair in found))
    return pairs, before


def _without(entries: Iterable[AcceptedCriterion], paired: Iterator[AcceptedCriterion]) -> list[AcceptedCriterion]:
    taken = {entry.id for entry in paired}
    return [entry for entry in entries if entry.id not in taken]
