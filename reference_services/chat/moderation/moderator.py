"""Which moderator a service has: a file of words, an endpoint, or none, and then nothing is judged."""

from __future__ import annotations

import os
from pathlib import Path

from signoff.reference_services.chat.moderation.judgement import Moderator
from signoff.reference_services.chat.moderation.word_list import WordList, phrases
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.web.settings import logs
from signoff.reference_services.web.settings.settings_problems import MODERATION_KEY_VARIABLE, SettingsError


def opened(settings: ChatSettings) -> Moderator | None:
    """The moderator that the settings name, or None. Raises SettingsError."""
    place = settings.moderation
    if not place:
        return None
    if place.startswith(("http://", "https://")):
        # Only who names an endpoint pays for an HTTP client.
        from signoff.reference_services.chat.moderation.moderation_endpoint import ModerationEndpoint

        key = os.environ.get(settings.preset.prefix + MODERATION_KEY_VARIABLE, "")
        logs.hide([key] if key else [])
        return ModerationEndpoint(
            place,
            key,
            settings.moderation_model,
            settings.moderation_timeout_ms / 1e3,
            settings.moderation_window_tokens,
        )
    try:
        listed = phrases(Path(place).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SettingsError([f"moderation = {place!r}: cannot be read: {reason}"]) from None
    if not listed:
        raise SettingsError([f"moderation = {place!r}: lists no word; put one on each line, or do not name the file"])
    return WordList(listed)
