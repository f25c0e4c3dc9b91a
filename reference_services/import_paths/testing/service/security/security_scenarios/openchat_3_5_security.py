"""Tests of openchat-3.5 and its security, where the task documents call them."""

from signoff.reference_services.service_tests.security_scenarios import *  # noqa: F403

SERVICE = "openchat-3.5"
