"""Analytics of conversations, from stored turns only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from signoff.reference_services.chat.prompt.prompt import Message
from signoff.reference_services.chat.sessions.coherence import coherence
from signoff.reference_services.chat.stores.records import TurnRecord
from signoff.reference_services.web.requests.description import Count, Told

CountText = Callable[[str], int]


class Figure(Told):
    """Some values; all but `samples` is null if there are none."""

    samples: Count
    total: float | None
    mean: float | None
    p50: float | None
    max: float | None


class Coherence(Told):
    """The share of a reply's content words that occur in its prompt, of the replies that have one. Lexical."""

    replies: Count
    mean: float | None
    below_threshold: Count
    threshold: float


class Analytics(Told):
    """The figures of one conversation or of several. A conversation lasts from its first message to its last reply."""

    turns: Count
    duration_seconds: Figure
    answer_seconds: Figure
    """From the beginning of each turn to its reply."""
    pause_seconds: Figure
    """From each reply to the beginning of the next turn."""
    user_tokens: Figure
    """Of each message, as the service's tokenizer counts."""
    assistant_tokens: Figure
    coherence: Coherence


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns of a session. The figures are of those from `begin` on: what a branch copied was said elsewhere."""

    turns: Sequence[TurnRecord]
    begin: int = 0

    @property
    def own(self) -> Sequence[TurnRecord]:
        """The turns that count."""
        return self.turns[self.begin :]


def analysed(conversations: Sequence[Conversation], count: CountText, memory_turns: int, threshold: float) -> Analytics:
    """The figures of conversations. Each reply is compared with the turns that the memory held, and its question."""
    held = [each.own for each in conversations if each.own]
    turns = list(chain.from_iterable(held))
    shares = [share for each in conversations for share in _shares(each, memory_turns)]
    return Analytics(
        turns=len(turns),
        duration_seconds=figure(each[-1].answered_at - each[0].asked_at for each in held),
        answer_seconds=figure(turn.answered_at - turn.asked_at for turn in turns),
        pause_seconds=figure(after.asked_at - before.answered_at for each in held for before, after in pairwise(each)),
        user_tokens=figure(count(turn.user) for turn in turns),
        assistant_tokens=figure(count(turn.assistant) for turn in turns),
        coherence=Coherence(
            replies=len(shares),
            mean=round(sum(shares) / len(shares), 4) if shares else None,
            below_threshold=sum(share < threshold for share in shares),
            threshold=threshold,
        ),
    )


def figure(values: Iterable[float]) -> Figure:
    """What some values come to; the median is the upper one of two."""
    found = sorted(values)
    if not found:
        return Figure(samples=0, total=None, mean=None, p50=None, max=None)
    total = sum(found)
    statistics = {"total": total, "mean": total / len(found), "p50": found[len(found) // 2], "max": found[-1]}
    return Figure(samples=len(found), **{name: round(value, 3) for name, value in statistics.items()})


def _shares(conversation: Conversation, memory_turns: int) -> Iterator[float]:
    system: list[Message] = []
    for number, turn in enumerate(conversation.turns):
        if turn.system is not None:
            system = [Message("system", turn.system)]
        if number < conversation.begin:
            continue
        earlier = chain.from_iterable(
            each.messages() for each in conversation.turns[max(0, number - memory_turns) : number]
        )
        share = coherence([*system, *earlier, Message("user", turn.user)], turn.assistant)
        if share is not None:
            yield share
