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
        with urllib.request.urlopen(self.url("/truth"), timeout=60) as reply:  # noqa: S310
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
def tls_server(certificate: Path) -> Iterator[TruthServer]:
    with truth_server(str(certificate)) as started:
        yield started
