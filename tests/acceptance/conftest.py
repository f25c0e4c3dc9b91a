"""Criteria made by hand, and small servers that are wrong in one way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.profile import Profile
from tests.prepared import prepared_process

ROOT = Path(__file__).parents[2]
BRIEF = Profile("brief", alpha=0.05, load_s=1, requests_each=10, conversations=12, cold_starts=5)
CHAT = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}
REQUEST = {"method": "GET", "address": None, "path": "/health", "headers": {}, "body": None, "line": 1}
PARAMETERS: dict[str, dict[str, Any]] = {
    "port": {"port": 1},
    "json_shape": {"request": REQUEST, "expected": {"status": "healthy", "model": "..."}},
    "health": {"request": REQUEST, "mentions": ["conversation"]},
    "session_record": {"path": "/sessions/{id}"},
    "session_metrics": {"path": "/metrics/sessions"},
    "metrics": {"request": None, "contains": ["hermes"]},
    "metric_named": {"words": ["coherence"]},
    "config_value": {"name": "port", "value": 11401, "spelling": "HERMES_2_PORT", "form": "env"},
    "engine_settings": {"settings": {"max_model_len": 8192}},
    "unit_file": {"unit": "citadel-llm@hermes-2.service"},
    "model_files": {"folder": "/opt/models/m", "checksums": None},
    "model_information": {"steps": None, "why": "a loop"},
    "library_session": {"steps": None, "why": "a loop"},
    "streaming": {"request": None},
    "openai_api": {"endpoints": ["models", "chat", "completions"]},
    "authentication": {"header": "Authorization", "request": None},
    "queueing": {"concurrent": 6},
    "concurrency_limit": {"request": None},
    "context_truncation": {"max_model_len": 400},
    "gateway_routing": {"services": ["hermes"]},
    "discovery": {"services": ["hermes"]},
    "fallback_chain": {"request": None},
    "prometheus_series": {"request": {**REQUEST, "path": "/api/v1/query?query=up"}},
    "alert_rules": {"words": []},
    "dashboard": {"uid": None},
    "disk": {"path": "/opt/models"},
    "file": {"path": "/opt/models/m"},
    "test_report": {"suite": None},
    "documentation": {"of": "api", "topics": []},
    "library_class": {"class": "Service", "base": None},
    "library_result": {"steps": None, "why": "a loop", "mentions": []},
}
THRESHOLDS = {
    "latency": Threshold(1500, "ms", "<", "mean", "latency"),
    "throughput": Threshold(20, "requests/s", ">", "rate", "throughput"),
    "memory": Threshold(15, "GB", "<", "max", "memory"),
    "cpu": Threshold(4, "cores", "<=", "max", "cpu"),
    "load_time": Threshold(120, "s", "<", "each", "load_time"),
    "context_length": Threshold(256, "tokens", ">=", None, "context_length"),
    "coherence": Threshold(0.7, "ratio", ">=", None, "coherence"),
    "disk": Threshold(100, "GB", ">=", None, "storage"),
    "coverage": Threshold(90, "%", ">", None, "coverage"),
    "ttft": Threshold(300, "ms", "<", "mean", "ttft"),
    "inter_token_latency": Threshold(50, "ms", "<", "mean", "inter_token_latency"),
    "error_rate": Threshold(1, "%", "<", None, "error_rate"),
    "concurrency_limit": Threshold(2, "requests", "<=", "max", "concurrency"),
}


def criterion(kind: str, **parameters: Any) -> Criterion:
    """A criterion of this kind, as the reading would make it."""
    return Criterion(
        id=f"by-hand/{kind}/1",
        document="by-hand.md",
        line=1,
        column=1,
        text=f"{kind}, by hand",
        section="by-hand",
        statement="bullet",
        kind=kind,
        judge="machine",
        fingerprint="",
        threshold=THRESHOLDS.get(kind),
        parameters={**PARAMETERS.get(kind, {}), **parameters},
    )


Answer = Callable[[str, str, bytes], tuple[int, str, bytes]]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer: Answer

    def _give(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, content_type, content = self.reply(body)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def reply(self, body: bytes) -> tuple[int, str, bytes]:
        """What the test's function says."""
        return type(self).answer(self.command, self.path, body)

    do_GET = do_POST = do_DELETE = _give  # noqa: N815 - the names that http.server calls

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class SessionHandler(_Handler):
    def reply(self, body: bytes) -> tuple[int, str, bytes]:
        """The same, with the session that the request names."""
        return type(self).answer(self.command, self.path, body, self.headers.get("X-Session-ID", ""))


def server_of(answer: Callable[..., tuple[int, str, bytes]], base: type[_Handler] = _Handler) -> ThreadingHTTPServer:
    """A server at a free port that gives every request to a function, once it is told to serve."""
    return _Server(("127.0.0.1", 0), type("Handler", (base,), {"answer": staticmethod(answer)}))


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Start a server that gives every request to a function; gives its address."""
    yield from _serving(_Handler)


@pytest.fixture
def serve_sessions() -> Iterator[Callable[..., str]]:
    """The same for a function that wants to know the session."""
    yield from _serving(SessionHandler)


def _serving(base: type[_Handler]) -> Iterator[Callable[..., str]]:
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Callable[..., tuple[int, str, bytes]]) -> str:
        server = server_of(answer, base)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def site_at(tmp_path: Path) -> Callable[..., Site]:
    """A site at an address, with records below a temporary folder."""

    def make(target: str, *criteria: Criterion, profile: Profile = BRIEF) -> Site:
        return Site(deployments.from_target(target), profile, tmp_path / "run", criteria)

    return make


def as_json(value: Any, status: int = 200) -> tuple[int, str, bytes]:
    """An answer of JSON."""
    return status, "application/json", json.dumps(value).encode()


def command(*arguments: str) -> list[str]:
    """Signoff as a command."""
    return [sys.executable, "-P", "-m", "signoff.acceptance", *arguments]


def signoff_in(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, run to its end in a folder."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment}
    return prepared_process.run("signoff.acceptance", *arguments, cwd=folder, env=variables, timeout=120)


def run_folder(folder: Path) -> Path:
    """The folder of the only run that was made in a folder."""
    (found,) = (path for path in (folder / "out").iterdir() if path.name[0].isdigit())
    return found
