"""What judges texts: the protocol of moderators, and what they say.

A moderator is opened from a setting (`opened`): a file of words or an endpoint. Without one nothing is judged at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from reference_services.chat import logs
from reference_services.chat.settings import ChatSettings
from reference_services.chat.settings_problems import MODERATION_KEY_VARIABLE, SettingsError


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a moderator says of a text; `scores` run from 0 to 1, by the categories that the moderator has."""

    is_flagged: bool
    categories: Mapping[str, bool] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def reasons(self) -> str:
        """The categories that the text is flagged for, as one text."""
        return ", ".join(sorted(name for name, is_so in self.categories.items() if is_so)) or "no category is told"


class Flagged(Exception):
    """An answer that must not go on."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(judgement.reasons)
        self.judgement = judgement


class ModeratorAway(Exception):
    """The moderator did not answer, or not with judgements."""


class Screen(Protocol):
    """One answer while it is written. Both raise Flagged and ModeratorAway."""

    async def add(self, text: str) -> int:
        """The answer goes on; how many of its characters, from its beginning, may be shown now."""

    async def end(self) -> None:
        """The answer is whole; where this returns, all of it may be shown."""


class Moderator(Protocol):
    """Judges texts."""

    kind: str

    @property
    def is_available(self) -> bool | None:
        """Whether it answered when it was last asked; None before that."""

    async def judge(self, texts: Sequence[str]) -> list[Judgement]:
        """A judgement on each text. Raises ModeratorAway."""

    def screen(self) -> Screen:
        """What watches one answer."""

    async def close(self) -> None:
        """End what is open."""


def opened(settings: ChatSettings) -> Moderator | None:
    """The moderator that the settings name, or None. Raises SettingsError."""
    place = settings.moderation
    if not place:
        return None
    if place.startswith(("http://", "https://")):
        from reference_services.chat.moderation_endpoint import ModerationEndpoint

        key = os.environ.get(settings.preset.prefix + MODERATION_KEY_VARIABLE, "")
        logs.hide([key] if key else [])
        return ModerationEndpoint(
            place,
            key,
            settings.moderation_model,
            settings.moderation_timeout_ms / 1e3,
            settings.moderation_window_tokens,
        )
    from reference_services.chat.word_list import WordList, phrases

    try:
        listed = phrases(Path(place).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SettingsError([f"moderation = {place!r}: cannot be read: {reason}"]) from None
    if not listed:
        raise SettingsError([f"moderation = {place!r}: lists no word; put one on each line, or do not name the file"])
    return WordList(listed)
