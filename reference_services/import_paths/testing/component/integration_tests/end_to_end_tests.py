"""Tests from end to end of every model service, where the task documents call them; -k picks one."""

from signoff.reference_services.service_tests.end_to_end import *  # noqa: F403
