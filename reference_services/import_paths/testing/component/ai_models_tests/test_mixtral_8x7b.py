"""Tests of mixtral-8x7b alone, where the task documents call them."""

from signoff.reference_services.service_tests.component import *  # noqa: F403

SERVICE = "mixtral-8x7b"
