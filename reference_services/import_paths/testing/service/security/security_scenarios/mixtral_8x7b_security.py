"""Tests of mixtral-8x7b and its security, where the task documents call them."""

from signoff.reference_services.service_tests.security_scenarios import *  # noqa: F403

SERVICE = "mixtral-8x7b"
