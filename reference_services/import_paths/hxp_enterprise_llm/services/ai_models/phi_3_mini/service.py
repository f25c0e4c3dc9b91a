"""The model service of Phi-3-Mini, at the path that the task documents name; as a program it runs."""

from signoff.reference_services.chat.serving.model_services import Phi3Service
from signoff.reference_services.chat.serving.model_services import Phi3Service as Phi3MiniService
from signoff.reference_services.program import run_as

__all__ = ["Phi3MiniService", "Phi3Service"]
run_as("phi-3-mini", __name__)
