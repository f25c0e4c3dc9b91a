"""Tests of hermes-2 and its security, where the task documents call them."""

from signoff.reference_services.service_tests.security_scenarios import *  # noqa: F403

SERVICE = "hermes-2"
