"""The model service of Hermes-2, at the path that its deployment task names."""

from reference_services.chat.service import Hermes2Service

__all__ = ["Hermes2Service"]
