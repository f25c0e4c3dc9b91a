"""The settings of Mixtral-8x7B, at the path that the task documents name."""

from signoff.reference_services.chat.settings.services import MixtralConfig
from signoff.reference_services.chat.settings.services import MixtralConfig as Mixtral8x7bConfig

__all__ = ["Mixtral8x7bConfig", "MixtralConfig"]
