"""The model service of OpenChat-3.5, at the path that the task documents name; as a program it runs."""

from signoff.reference_services.chat.serving.model_services import OpenChatService
from signoff.reference_services.chat.serving.model_services import OpenChatService as Openchat35Service
from signoff.reference_services.program import run_as

__all__ = ["OpenChatService", "Openchat35Service"]
run_as("openchat-3.5", __name__)
