"""Tests of hermes-2 alone, where the task documents call them."""

from signoff.reference_services.service_tests.component import *  # noqa: F403

SERVICE = "hermes-2"
