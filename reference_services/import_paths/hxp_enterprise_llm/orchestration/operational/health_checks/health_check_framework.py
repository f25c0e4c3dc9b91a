"""The health of all services, at the path that the task documents name."""

from signoff.reference_services.health.framework import HealthCheckFramework

__all__ = ["HealthCheckFramework"]
