"""Tests of openchat-3.5 with its neighbours, where the task documents call them."""

from signoff.reference_services.service_tests.integration import *  # noqa: F403

SERVICE = "openchat-3.5"
