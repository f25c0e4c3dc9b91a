"""Results of session probes, and whether they are as expected (`holds`)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from signoff.coherence.dialogue import Dialogue, Record


@dataclass(frozen=True, slots=True)
class RecallResult:
    """The numbers of sessions that recalled the fact, and of fresh sessions that knew it."""

    sessions: int
    recalled: int
    control_recalled: int
    misses: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every session remembered and no fresh one knew."""
        return 0 < self.sessions == self.recalled and not self.control_recalled and not self.errors


@dataclass(frozen=True, slots=True)
class WindowResult:
    """The largest distance in turns between a fact and its question.

    `tried` and `recalled` count the turns between. `unit` is what the observed edge fits: `size` turns or
    `size` messages, with or without the question's own, `more` than the size, `none`, or `irregular`.
    """

    size: int
    tried: tuple[int, ...]
    recalled: tuple[int, ...]
    unit: str
    errors: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether facts came back from everywhere within `size` turns, the question's own counted in."""
        within = {between for between in self.tried if between <= max(0, self.size - 2)}
        return bool(within) and within <= set(self.recalled) and not self.errors

    @property
    def forgets_beyond(self) -> bool:
        """Whether the fact was gone with more than `size` turns between: reported, no fault by itself."""
        return self.size + 1 in self.tried and self.size + 1 not in self.recalled and not self.errors


@dataclass(frozen=True, slots=True)
class IsolationResult:
    """Leaks between concurrent sessions.

    `bound` is the rule of three: without a leak in n answered sessions, fewer than 3/n of all sessions
    leak, at 95 %. A server that remembers nothing leaks nothing either, hence `recalled`.
    """

    sessions: int
    answered: int
    recalled: int
    leaks: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def bound(self) -> float | None:
        """The rule of three; None after a leak, and 1 without an answer."""
        if self.leaks:
            return None
        return min(1.0, 3 / self.answered) if self.answered else 1.0

    @property
    def is_vacuous(self) -> bool:
        """Whether no session remembered anything, so that there was nothing to leak."""
        return self.recalled == 0

    @property
    def holds(self) -> bool:
        """Whether all sessions answered, some remembered, and none knew another's nonce."""
        return not self.leaks and not self.errors and not self.is_vacuous


@dataclass(frozen=True, slots=True)
class StatelessResult:
    """The number of pairs of requests without a session header whose second one knew the first."""

    pairs: int
    remembered: int
    errors: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was remembered."""
        return self.pairs > 0 and not self.remembered and not self.errors


@dataclass(frozen=True, slots=True)
class RecordResult:
    """Whether a session's page shows exactly the turns that were said in it; if not, `problems` says why."""

    turns_sent: int
    messages_shown: int
    unknown_status: int | None
    problems: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether roles, texts and order are those that were sent, and an unknown session is a 404."""
        return self.turns_sent > 0 and not self.problems and not self.errors


@dataclass(frozen=True, slots=True)
class MetricsResult:
    """Which figures of the sessions' metrics page moved when a session of `turns_sent` turns was created."""

    turns_sent: int
    figures: int
    moved: tuple[str, ...]
    sessions_moved: tuple[str, ...]
    turns_moved: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether a figure of sessions or of turns moved up with the session."""
        return bool(self.sessions_moved or self.turns_moved) and not self.errors


@dataclass(frozen=True, slots=True)
class TruncationResult:
    """A session's memory of its last turns after about `said_tokens` tokens, more than `length`.

    `longest_prompt` is the most tokens that the server counted in one prompt, None if it counts none.
    """

    length: int
    said_tokens: int
    longest_prompt: int | None
    asked: int
    recalled: int
    errors: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every turn was answered and the last ones were known."""
        return 0 < self.asked == self.recalled and not self.errors


Result = (
    RecallResult | WindowResult | IsolationResult | StatelessResult | RecordResult | MetricsResult | TruncationResult
)


def errors_of(dialogues: Iterable[Dialogue]) -> tuple[str, ...]:
    """All errors of some dialogues, each with the dialogue's name."""
    return tuple(f"{dialogue.name}, {error}" for dialogue in dialogues for error in dialogue.errors)


def records_of(probe: str, seed: int, result: Result, dialogues: Iterable[Dialogue]) -> list[Record]:
    """The turns, and the result as the last record: exactly what comes back from a JSON file."""
    turns = [record for dialogue in dialogues for record in dialogue.records]
    fields = json.loads(json.dumps(asdict(result)))
    return [*turns, {"record": "probe", "probe": probe, "seed": seed, "holds": result.holds, **fields}]
