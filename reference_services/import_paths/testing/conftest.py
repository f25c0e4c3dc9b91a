"""What the tests below this folder share: the service that a file names, and a process of it."""

import pytest

pytest.register_assert_rewrite("signoff.reference_services.service_tests")
from signoff.reference_services.service_tests.running import *  # noqa: E402, F403
