"""The settings of Hermes-2, at the path that its deployment task names."""

from signoff.reference_services.chat.settings.services import Hermes2Config

__all__ = ["Hermes2Config"]
