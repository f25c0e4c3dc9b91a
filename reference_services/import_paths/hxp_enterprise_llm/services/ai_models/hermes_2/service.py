"""The model service of Hermes-2, at the path that its deployment task names; as a program it runs."""

from signoff.reference_services.chat.api.service import Hermes2Service
from signoff.reference_services.chat.serving.model_services import HermesService
from signoff.reference_services.program import run_as

__all__ = ["Hermes2Service", "HermesService"]
run_as("hermes-2", __name__)
