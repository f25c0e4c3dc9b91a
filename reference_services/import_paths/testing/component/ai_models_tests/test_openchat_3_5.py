"""Tests of openchat-3.5 alone, where the task documents call them."""

from signoff.reference_services.service_tests.component import *  # noqa: F403

SERVICE = "openchat-3.5"
