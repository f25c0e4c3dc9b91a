"""Tests of phi-3-mini with its neighbours, where the task documents call them."""

from signoff.reference_services.service_tests.integration import *  # noqa: F403

SERVICE = "phi-3-mini"
