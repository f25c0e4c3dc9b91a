"""The context window: system prompt, last whole turns, new message."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from signoff.reference_services.chat.prompt.prompt import Message

Count = Callable[[Sequence[Message]], int]


def merged(stored: Sequence[Message], sent: Sequence[Message]) -> list[Message]:
    """The stored history, then what the client sent of it beyond that.

    A client may send the history itself too. The longest end of the stored history that the sent messages begin
    with is used once: a client that resends everything repeats nothing, one that sends only new turns adds them.
    """
    for length in range(min(len(stored), len(sent)), 0, -1):
        if list(stored[-length:]) == list(sent[:length]):
            return [*stored, *sent[length:]]
    return [*stored, *sent]


def turns_of(messages: Sequence[Message]) -> list[list[Message]]:
    """The messages in turns: a user's message with what follows it. A reply without its question is left out."""
    turns: list[list[Message]] = []
    for message in messages:
        if message.role == "user":
            turns.append([message])
        elif turns:
            turns[-1].append(message)
    return turns


def fitted(
    system: Sequence[Message], earlier: Sequence[Message], new: Message, count: Count, size: int, room: int
) -> tuple[Message, ...]:
    """System prompt, the last `size` turns of the earlier messages, the new message; at most `room` tokens.

    The oldest turns go first, whole. The system prompt and the new message stay even if they alone are too
    long: then the caller has to refuse the request.
    """
    turns = turns_of(earlier)[-size:]

    def without(dropped: int) -> tuple[Message, ...]:
        return (*system, *(message for turn in turns[dropped:] for message in turn), new)

    # Each count reads the whole prompt: as few of them as may be, and the most usual cases first.
    if count(without(0)) <= room:
        return without(0)
    if count(without(len(turns))) > room:
        return without(len(turns))
    return without(bisect_left(range(len(turns)), True, lo=1, key=lambda dropped: count(without(dropped)) <= room))
