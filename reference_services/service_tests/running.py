"""Services that a test starts for itself, on free ports of this machine, and stops again."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from signoff.reference_services.chat.settings.services import SERVICES
from signoff.reference_services.service_tests.named_service import NamedService, module, named

HOST = "127.0.0.1"
PATIENCE_S = 60.0
STOP_S = 20.0
ANSWER_S = 30.0
SERVICE = "SERVICE"
"""What a test file calls the service that it is about."""


@dataclass
class Process:
    """A process of ours that listens at a URL."""

    url: str
    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None
    _client: httpx.Client | None = None
    """One for all requests: making one takes the processor longer than a hundred requests do."""

    def start(self) -> None:
        """Start it and wait until it is ready."""
        prefixes = tuple(settings.preset.prefix for settings in SERVICES.values())
        kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", *self.command], env={**kept, **self.variables}, stderr=subprocess.DEVNULL
        )
        self._client = httpx.Client(base_url=self.url, timeout=ANSWER_S, trust_env=False)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if self.ask("GET", "/ready").status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        self.stop()
        raise AssertionError(f"{' '.join(self.command)} was not ready within {PATIENCE_S:g} s")

    def stop(self) -> None:
        """End it."""
        if self._client is not None:
            self._client.close()
            self._client = None
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, while it runs."""
        assert self._client is not None
        return self._client.request(method, path, **options)

    def chat(self, text: str, session: str = "", model: str = "") -> str:
        """One turn; the reply."""
        body = {"messages": [{"role": "user", "content": text}], "max_tokens": 48, "temperature": 0}
        headers = {"X-Session-ID": session} if session else {}
        answer = self.ask("POST", "/v1/chat/completions", json={**body, **({"model": model} if model else {})},
                          headers=headers)  # fmt: skip
        assert answer.status_code == httpx.codes.OK, answer.text
        return str(answer.json()["choices"][0]["message"]["content"])


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def model_service(name: str, folder: Path, *arguments: str, variables: dict[str, str] | None = None) -> Process:
    """A model service with its sessions in the folder."""
    port = free_port()
    command = ["signoff.reference_services.chat", name, f"--host={HOST}", f"--port={port}", "--metrics-port=own"]
    command += [f"--db={folder / 'sessions.sqlite3'}", "--log-level=ERROR", *arguments]
    return Process(f"http://{HOST}:{port}", command, variables or {})


def gateway(folder: Path, replicas: dict[str, str]) -> Process:
    """A gateway in front of these services, by name with URL."""
    port = free_port()
    services = {name: {"models": [name], "replicas": [url]} for name, url in replicas.items()}
    file = folder / "gateway.yaml"
    # A replica that is slow to answer because the machine is busy is no replica that is down.
    configuration = {"services": services, "probes": {"timeout_seconds": ANSWER_S}}
    file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    command = ["signoff.reference_services.gateway", f"--host={HOST}", f"--port={port}", f"--config={file}"]
    return Process(f"http://{HOST}:{port}", command)


def pytest_itemcollected(item: pytest.Item) -> None:
    """-k finds a service by its module's name too: hermes_2 as well as hermes-2."""
    for part in re.findall(r"\[(.+)\]$", item.name):
        item.extra_keyword_matches.add(module(part))


@pytest.fixture(scope="module")
def service(request: pytest.FixtureRequest) -> NamedService:
    """The service that the test file names."""
    return named(getattr(request.module, SERVICE))


@pytest.fixture(scope="module")
def running(service: NamedService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The service as a process."""
    process = model_service(service.name, tmp_path_factory.mktemp("service"))
    process.start()
    yield process
    process.stop()
