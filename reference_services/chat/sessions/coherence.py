"""The coherence score that the service exports: lexical overlap of replies with their conversations."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from signoff.reference_services.chat.prompt.prompt import Message
from signoff.reference_services.chat.prompt.words import content_words

KEPT_REPLIES = 1000


def coherence(prompt: Sequence[Message], reply: str) -> float | None:
    """The share of a reply's content words that occur in its prompt.

    None if the prompt holds no earlier turn, or the reply no content word. This says how much a reply takes up of
    what was said; it does not judge whether it is right.
    """
    if not any(message.role == "assistant" for message in prompt):
        return None
    said = content_words(reply)
    if not said:
        return None
    earlier = frozenset[str]().union(*(content_words(message.content) for message in prompt))
    return len(said & earlier) / len(said)


class CoherenceScore:
    """The mean of `coherence` over the last replies that have one."""

    def __init__(self) -> None:
        self._shares: deque[float] = deque(maxlen=KEPT_REPLIES)

    def add(self, prompt: Sequence[Message], reply: str) -> float | None:
        """Take a reply in; its coherence."""
        share = coherence(prompt, reply)
        if share is not None:
            self._shares.append(share)
        return share

    @property
    def value(self) -> float | None:
        """The mean, or None before the first reply."""
        return sum(self._shares) / len(self._shares) if self._shares else None

    @property
    def replies(self) -> int:
        """How many replies the mean is of."""
        return len(self._shares)
