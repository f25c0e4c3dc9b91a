"""Tests of mixtral-8x7b under load, where the task documents call them."""

from signoff.reference_services.service_tests.load_scenarios import *  # noqa: F403

SERVICE = "mixtral-8x7b"
