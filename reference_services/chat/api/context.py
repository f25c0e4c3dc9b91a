"""Retrieved context: which passages of the caller's documents go into a prompt, and how the answer lists them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from signoff.reference_services.chat import LOGGER
from signoff.reference_services.chat.prompt.prompt import Message
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.retrieval.document import Hit, StoreUnavailable

if TYPE_CHECKING:
    from signoff.reference_services.retrieval.library import Library

log = logging.getLogger(LOGGER)
Finding = Literal["found", "nothing", "unavailable"]
FINDINGS: tuple[Finding, ...] = ("found", "nothing", "unavailable")
SHARE = 4
"""A quarter of what the model reads is the most that passages take, whatever the settings say."""


@dataclass(frozen=True, slots=True)
class Context:
    """The passages found for one question; empty if there are none or if retrieval was not used."""

    hits: tuple[Hit, ...] = ()
    is_asked: bool = False
    is_available: bool = True

    @property
    def finding(self) -> Finding:
        """What the metrics call it."""
        if not self.is_available:
            return "unavailable"
        return "found" if self.hits else "nothing"

    def within(self, is_fitting: Callable[[Context], bool]) -> Context:
        """The context with as many of its best passages as fit."""
        fewer = self
        while fewer.hits and not is_fitting(fewer):
            fewer = replace(fewer, hits=fewer.hits[:-1])
        return fewer

    def into(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages with the passages before the last of them, as what the system adds to it."""
        if not self.hits:
            return tuple(messages)
        lines = [f'<document id="{hit.document}">\n{_quoted(hit.text)}\n</document>' for hit in self.hits]
        added = Message("system", "\n".join(["<documents>", *lines, "</documents>"]))
        return (*messages[:-1], added, messages[-1])

    def shown(self) -> dict[str, Any]:
        """The additional field of an answer: none if retrieval was not used."""
        if not self.is_asked:
            return {}
        found = [
            {"id": hit.document, "passage": hit.passage, "score": round(hit.score, 4), "text": hit.text}
            for hit in self.hits
        ]
        return {"retrieval": {"available": self.is_available, "documents": found}}


async def find_context(
    library: Library | None, settings: ChatSettings, owner: str, question: str, count: Callable[[str], int]
) -> Context:
    """The passages that answer a question best, within the tokens that the settings give them.

    A database that does not answer takes nothing from the conversation but the passages, and the answer says so.
    """
    if library is None:
        return Context()
    try:
        hits = await library.search(owner, question, settings.retrieval_top_k, settings.retrieval_min_score)
    except StoreUnavailable as error:
        log.warning("answered without documents", extra={"fields": {"reason": str(error)}})
        return Context(is_asked=True, is_available=False)
    room = min(settings.retrieval_context_tokens, settings.max_model_len // SHARE)
    kept: list[Hit] = []
    for hit in hits:
        room -= count(hit.text)
        if room < 0:
            break
        kept.append(hit)
    return Context(tuple(kept), is_asked=True)


def _quoted(text: str) -> str:
    """A passage that cannot end its own quotation."""
    return text.replace("</document", "<\\/document").strip()
