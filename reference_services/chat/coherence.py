"""The coherence score that the service exports: lexical overlap of replies with their conversations."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from reference_services.chat.prompt import Message
from reference_services.chat.words import content_words

KEPT_REPLIES = 1000


class CoherenceScore:
    """Mean over the last replies of the share of their content words that occur earlier in the conversation.

    Only replies count whose prompt holds an earlier turn. This says how much replies take up of what was said; it
    does not judge whether they are right.
    """

    def __init__(self) -> None:
        self._shares: deque[float] = deque(maxlen=KEPT_REPLIES)

    def add(self, prompt: Sequence[Message], reply: str) -> float | None:
        """The share of this reply, or None where there is no earlier turn or nothing to compare."""
        if not any(message.role == "assistant" for message in prompt):
            return None
        said = content_words(reply)
        if not said:
            return None
        earlier = frozenset[str]().union(*(content_words(message.content) for message in prompt))
        share = len(said & earlier) / len(said)
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
