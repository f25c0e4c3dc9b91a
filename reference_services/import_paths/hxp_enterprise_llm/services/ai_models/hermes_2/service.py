"""The model service of Hermes-2, at the path that its deployment task names; as a program it runs."""

from reference_services.chat.model_services import HermesService
from reference_services.chat.program import run_as
from reference_services.chat.service import Hermes2Service

__all__ = ["Hermes2Service", "HermesService"]
run_as("hermes-2", __name__)
