"""The model service of Mixtral-8x7B, at the path that the task documents name; as a program it runs."""

from signoff.reference_services.chat.serving.model_services import MixtralService
from signoff.reference_services.chat.serving.model_services import MixtralService as Mixtral8x7bService
from signoff.reference_services.program import run_as

__all__ = ["Mixtral8x7bService", "MixtralService"]
run_as("mixtral-8x7b", __name__)
