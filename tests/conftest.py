"""For all tests: Ctrl-C means what it does in a terminal, also in the background; a certificate for servers."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from signoff.acceptance import keys
from signoff.perf.redaction import known_secrets
from tests.loaded_modules import loaded_twice

# A shell starts background jobs with SIGINT ignored, and every child would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONG = (
    "tests/reference_services/chat/vllm/test_vllm_service.py",
    "tests/acceptance/checks/test_failing_cases.py",
    "tests/acceptance/faults/test_faults.py",
    "tests/attacks/documents/test_reading_effort.py",
)
"""Files that take minutes, the first three by waiting: begun last, each would leave the other workers without work."""

settings.register_profile("signoff", deadline=None)  # no test asserts a time, those of laws neither
settings.load_profile("signoff")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files begin first; all others keep their order."""
    rank = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(LONG)))


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> Iterator[None]:
    """What one test was given as a key is an ordinary word in the next."""
    yield
    known_secrets.forget()
    keys.forget()


@pytest.fixture(scope="session", autouse=True)
def _one_name_for_each_file() -> Iterator[None]:
    """A file that is loaded under two names is two modules: two caches, two classes that look alike."""
    yield
    assert loaded_twice() == {}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, and its key, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    key, crt, both = (folder / name for name in ("key.pem", "crt.pem", "both.pem"))
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(crt),
    ]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("the openssl command is not installed")
    both.write_bytes(key.read_bytes() + crt.read_bytes())
    return both
