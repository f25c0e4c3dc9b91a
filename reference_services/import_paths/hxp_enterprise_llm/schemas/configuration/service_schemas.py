"""The settings of a service by their sections, at the path that the task documents name."""

from signoff.reference_services.chat.settings.service_schema import ServiceConfigSchema

__all__ = ["ServiceConfigSchema"]
