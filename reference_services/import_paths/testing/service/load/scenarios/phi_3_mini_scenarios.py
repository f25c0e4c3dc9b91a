"""Tests of phi-3-mini under load, where the task documents call them."""

from signoff.reference_services.service_tests.load_scenarios import *  # noqa: F403

SERVICE = "phi-3-mini"
