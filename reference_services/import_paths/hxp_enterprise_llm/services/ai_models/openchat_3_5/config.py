"""The settings of OpenChat-3.5, at the path that the task documents name."""

from signoff.reference_services.chat.settings.services import OpenChatConfig
from signoff.reference_services.chat.settings.services import OpenChatConfig as Openchat35Config

__all__ = ["OpenChatConfig", "Openchat35Config"]
