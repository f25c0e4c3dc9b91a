"""Whether the reading of a document is the accepted one, by whom it was accepted, and what is read anew."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from signoff.acceptance.reading.accepting.accepted_reading import AcceptedCriterion
from signoff.acceptance.reading.accepting.difference import READ_ANEW, Change, Difference

_ANEW: Mapping[Change, str] = {
    "added": "it is not in the accepted reading",
    "words": "its words have changed",
    "question": "its words are the same, and it is judged otherwise",
}


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A document's reading beside its lock. `lock` is where the lock lies; None where there is none.

    `problem` says why the lock cannot be used: then nothing is accepted, and nothing is compared.
    """

    lock: str | None = None
    role: str = ""
    date: datetime.date | None = None
    signoff: str = ""
    differences: tuple[Difference, ...] = ()
    problem: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether the reading is the accepted one."""
        return self.lock is not None and not self.problem and not self.differences

    @property
    def anew(self) -> dict[str, str]:
        """Why each criterion that is read anew was not accepted as it is now, by its id."""
        return {found.id: _why(found) for found in self.differences if found.change in READ_ANEW}

    @property
    def by_whom(self) -> str:
        """`by AI Model Team on 2026-03-01`."""
        return f"by {self.role} on {self.date}"

    @property
    def state(self) -> str:
        """Whether it is accepted, and what is not; a reading is before it in the sentence."""
        if self.lock is None:
            return "not accepted: it has no lock"
        if self.problem:
            return "not accepted: its lock cannot be used"
        if self.is_accepted:
            return f"accepted {self.by_whom}"
        return f"not accepted: {', '.join(self._counts())} since it was accepted {self.by_whom}"

    @property
    def gone(self) -> tuple[AcceptedCriterion, ...]:
        """What was accepted and is no longer asked."""
        return tuple(found.before for found in self.differences if found.change == "removed" and found.before)

    def _counts(self) -> Iterator[str]:
        anew = len(self.anew)
        gone = len(self.gone)
        named = sum(found.change == "name" for found in self.differences)
        if anew:
            yield f"{anew} {'criterion' if anew == 1 else 'criteria'} read anew"
        if gone:
            yield f"{gone} gone"
        if named:
            yield f"{named} under {'another name' if named == 1 else 'other names'}"

    def as_json(self) -> dict[str, Any]:
        """As `signoff read --json` has it."""
        return {
            "accepted": self.is_accepted,
            "lock": self.lock,
            "role": self.role,
            "date": None if self.date is None else self.date.isoformat(),
            "signoff": self.signoff,
            "problem": self.problem,
            "differences": [_difference(found) for found in self.differences],
        }


def _why(found: Difference) -> str:
    if found.change == "added" and found.same_words:
        return "its words are the same, and were not judged as this"
    return _ANEW[found.change] + (", and what is asked" if found.change == "words" and found.asks_otherwise else "")


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "change": found.change,
        "id": found.id,
        "line": found.line or None,
        "same_words": found.same_words or found.change in ("question", "name"),
        "asks_otherwise": found.asks_otherwise,
        "accepted": _entry(found.before),
        "now": _entry(found.now),
    }


def _entry(entry: AcceptedCriterion | None) -> dict[str, Any] | None:
    return None if entry is None else asdict(entry)
