"""The model's settings, at the path that the deployment task of Hermes-2 names."""

from signoff.reference_services.chat.settings.model_schema import ModelConfigSchema

__all__ = ["ModelConfigSchema"]
