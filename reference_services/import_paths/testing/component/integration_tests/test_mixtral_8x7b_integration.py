"""Tests of mixtral-8x7b with its neighbours, where the task documents call them."""

from signoff.reference_services.service_tests.integration import *  # noqa: F403

SERVICE = "mixtral-8x7b"
