"""Tests of phi-3-mini alone, where the task documents call them."""

from signoff.reference_services.service_tests.component import *  # noqa: F403

SERVICE = "phi-3-mini"
