"""The four chat services: their settings differ only in their presets."""

from __future__ import annotations

from signoff.reference_services.chat.settings.presets import PRESETS
from signoff.reference_services.chat.settings.settings import ChatSettings


class MixtralConfig(ChatSettings):
    """The settings of Mixtral-8x7B."""

    preset = PRESETS["mixtral-8x7b"]


class Hermes2Config(ChatSettings):
    """The settings of Hermes-2: the figures of deployment task 1.3, but for `host`."""

    preset = PRESETS["hermes-2"]


class OpenChatConfig(ChatSettings):
    """The settings of OpenChat-3.5."""

    preset = PRESETS["openchat-3.5"]


class Phi3Config(ChatSettings):
    """The settings of Phi-3-Mini."""

    preset = PRESETS["phi-3-mini"]


SERVICES: dict[str, type[ChatSettings]] = {
    config.preset.name: config for config in (MixtralConfig, Hermes2Config, OpenChatConfig, Phi3Config)
}
"""The settings of each service by its name."""
