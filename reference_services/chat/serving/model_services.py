"""The services of the four models for library code, with default settings."""

from __future__ import annotations

from typing import ClassVar

from signoff.reference_services.chat.api.service import ModelService
from signoff.reference_services.chat.engine.engine import Engine
from signoff.reference_services.chat.settings.services import Hermes2Config, MixtralConfig, OpenChatConfig, Phi3Config
from signoff.reference_services.chat.settings.settings import ChatSettings


class BaseAIModelService(ModelService):
    """What the four have in common; one of them says in `SETTINGS` which settings are its own."""

    SETTINGS: ClassVar[type[ChatSettings]]

    def __init__(self, config: ChatSettings | None = None, engine: Engine | None = None) -> None:
        super().__init__(config or self.SETTINGS(), engine)


class MixtralService(BaseAIModelService):
    """Mixtral-8x7B: the long context."""

    SETTINGS = MixtralConfig


class HermesService(BaseAIModelService):
    """Hermes-2: conversations."""

    SETTINGS = Hermes2Config


class OpenChatService(BaseAIModelService):
    """OpenChat-3.5: chats."""

    SETTINGS = OpenChatConfig


class Phi3Service(BaseAIModelService):
    """Phi-3-Mini: short answers, fast."""

    SETTINGS = Phi3Config
