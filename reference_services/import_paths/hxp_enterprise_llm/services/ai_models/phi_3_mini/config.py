"""The settings of Phi-3-Mini, at the path that the task documents name."""

from signoff.reference_services.chat.settings.services import Phi3Config
from signoff.reference_services.chat.settings.services import Phi3Config as Phi3MiniConfig

__all__ = ["Phi3Config", "Phi3MiniConfig"]
