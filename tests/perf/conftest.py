"""The truth server as a process, for the tests of this folder."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVER = Path(__file__).with_name("truth_server.py")


class TruthServer:
    def __init__(self, process: subprocess.Popen[str], scheme: str) -> None:
        self.process = process
        self.port = int(process.stdout.readline())
        self.base = f"{scheme}://127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return self.base + path

    def truth(self) -> dict:
        with urllib.request.urlopen(self.url("/truth"), timeout=10) as reply:  # noqa: S310
            return json.load(reply)


@contextlib.contextmanager
def truth_server(*arguments: str) -> Iterator[TruthServer]:
    process = subprocess.Popen(
        [sys.executable, str(SERVER), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield TruthServer(process, "https" if arguments else "http")
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="session")
def server() -> Iterator[TruthServer]:
    with truth_server() as started:
        yield started


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


@pytest.fixture(scope="session")
def tls_server(certificate: Path) -> Iterator[TruthServer]:
    with truth_server(str(certificate)) as started:
        yield started
