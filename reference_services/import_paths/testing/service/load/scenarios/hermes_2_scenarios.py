"""Tests of hermes-2 under load, where the task documents call them."""

from signoff.reference_services.service_tests.load_scenarios import *  # noqa: F403

SERVICE = "hermes-2"
