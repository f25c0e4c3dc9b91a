"""Switch as a process, and an upstream beside it that does what a test tells it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tests.prepared import prepared_process
from tests.prepared.prepared_process import PreparedProcess
from tests.reference_services.running import ROOT, START_TIMEOUT_S, free_ports

HOST = "127.0.0.27"
PROGRAM = "signoff.reference_services.switch"
TOKEN = "willow-0417-reader"  # noqa: S105
FOREIGN = ("HERMES_", "SWITCH_", "VX11_", "OPENAI_", "LOG_")


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), **more}


@dataclass
class Switch:
    """A running Switch with a client that sends its token."""

    process: PreparedProcess
    client: httpx.Client

    def infer(self, prompt: str = "The boat is red. What colour is the boat?", **fields: Any) -> httpx.Response:
        return self.client.post("/switch/infer", json={"prompt": prompt, **fields})


@contextmanager
def switch(*arguments: str, log: Path | None = None, **variables: str) -> Iterator[Switch]:
    """Switch until the block ends; it has to stop in good order then."""
    port, _ = free_ports(HOST)
    with (log or Path(os.devnull)).open("wb") as errors:
        process = PreparedProcess(
            PROGRAM,
            f"--host={HOST}",
            f"--port={port}",
            "--time-to-first-token-ms=0",
            "--time-per-token-ms=0",
            *arguments,
            env=environment(**{"VX11_TOKEN": TOKEN, **variables}),
            stderr=errors,
        )
    client = httpx.Client(
        base_url=f"http://{HOST}:{port}", timeout=60, trust_env=False, headers={"X-VX11-Token": TOKEN}
    )
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            assert process.poll() is None, f"Switch ended with {process.returncode}"
            assert time.monotonic() < deadline, "Switch did not listen"
            try:
                client.get("/config")
                break
            except httpx.TransportError:
                time.sleep(0.02)
        yield Switch(process, client)
        process.terminate()
        assert process.wait(60) == 0
    finally:
        client.close()
        process.kill()
        process.wait()


def refused(*arguments: str, **variables: str) -> tuple[int, str]:
    """Exit code and standard error of a Switch that is not to start."""
    done = prepared_process.run(PROGRAM, *arguments, env=environment(**variables), timeout=START_TIMEOUT_S)
    return done.returncode, done.stderr


@dataclass
class FakeUpstream:
    """An OpenAI-compatible server. `status` and `body` are what it answers; `hold` makes it wait until it is set."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    models: tuple[str, ...] = ("hermes-7b-q4",)
    hold: threading.Event | None = None
    requests: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)


@contextmanager
def fake_upstream() -> Iterator[FakeUpstream]:
    fake = FakeUpstream()
    completion = {
        "choices": [{"message": {"role": "assistant", "content": "From upstream."}}],
        "usage": {"total_tokens": 7},
    }
    fake.body = json.dumps(completion).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(200, {"data": [{"id": model} for model in fake.models]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.requests.append((self.path, dict(self.headers), body))
            if fake.hold is not None:
                fake.hold.wait(20)
            self._answer(fake.status, fake.body)

        def _answer(self, status: int, body: Any) -> None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                pass

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fake.url = f"http://{HOST}:{server.server_address[1]}/v1"
    yield fake
    if fake.hold is not None:
        fake.hold.set()
    server.shutdown()
    server.server_close()
