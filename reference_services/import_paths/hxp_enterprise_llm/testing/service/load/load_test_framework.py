"""Load on a service, at the path that the task documents name."""

from signoff.reference_services.service_tests.load_test_framework import LoadTestFramework

__all__ = ["LoadTestFramework"]
