"""Tests of hermes-2 with its neighbours, where the task documents call them."""

from signoff.reference_services.service_tests.integration import *  # noqa: F403

SERVICE = "hermes-2"
