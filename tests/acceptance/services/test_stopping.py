"""What a document asks of a stopped service: its port is free and its process is gone, if the run started it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.checks import KINDS
from signoff.acceptance.measuring import stopped
from signoff.acceptance.reading import read_documents
from signoff.acceptance.running.judging import Judging
from signoff.acceptance.running.progress import Progress
from signoff.acceptance.services import service as own_service
from signoff.perf.errors import NoListener
from signoff.perf.processes.process_tree import listener
from tests.acceptance.conftest import BRIEF, Answer, as_json, criterion, signoff_in

ROOT = Path(__file__).parents[3]
TASK = """# Task 7.9: Small-1 Service

## Success Criteria
- [ ] Small-1 service is operational
- [ ] After a rollback the port is given back
- [ ] After a rollback nothing of Small-1 is left
"""
# Serves on the port given; a child in a session of its own goes on listening there, one minute at most.
LEAVES_A_CHILD = """
import os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
if os.fork() == 0:
    os.setsid()
    signal.alarm(60)
    while True:
        signal.pause()
server.serve_forever()
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    return found


@pytest.fixture
def task(tmp_path: Path, port: int) -> Path:
    """A document whose binding says what its two last statements mean."""
    path = tmp_path / "task.md"
    path.write_text(TASK, encoding="utf-8")
    (document,) = read_documents([path], KINDS).documents
    bound = {"port": ("port_free", f"port = {port}"), "nothing": ("service_gone", 'unit = "small-1.service"')}
    entries = [
        f'[[type]]\ncriterion = "{each.id}"\nfingerprint = "{each.fingerprint}"\nkind = "{kind}"\n'
        f"[type.parameters]\n{parameters}\n"
        for each in document.criteria
        for word, (kind, parameters) in bound.items()
        if word in each.text
    ]
    path.with_suffix(".signoff.toml").write_text("".join(entries), encoding="utf-8")
    return path


def outcomes(folder: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    done = signoff_in(folder, "run", "task.md", "--out", "out", *arguments)
    (results,) = folder.glob("out/*/results.json")
    found = json.loads(results.read_text(encoding="utf-8"))["criteria"]
    assert len(found) == 3, done.stdout
    return {each["kind"]: each for each in found}


def test_after_the_run_stopped_its_own_service_the_port_is_free_and_the_process_gone(
    task: Path, tmp_path: Path, port: int
) -> None:
    arguments = ["--port", str(port), "--metrics-port", "0"]
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        arguments[-1] = str(other.getsockname()[1])
    (tmp_path / "d.toml").write_text(
        f'target = "http://127.0.0.1:{port}"\n[start]\nservice = "hermes-2"\narguments = {json.dumps(arguments)}\n',
        encoding="utf-8",
    )
    found = outcomes(tmp_path, "--deployment", "d.toml")
    assert {kind: each["outcome"] for kind, each in found.items()} == {
        "service": "pass",
        "port_free": "pass",
        "service_gone": "pass",
    }, found
    assert f"nothing listens on 127.0.0.1:{port}" in found["port_free"]["reason"]
    assert "systemd was not asked about small-1.service" in str(found["service_gone"]["assumptions"])


def test_a_service_that_the_run_did_not_start_is_not_stopped(
    task: Path, tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    found = outcomes(tmp_path, "--target", serve(lambda method, path, body: as_json({"status": "healthy"})))
    for kind in ("port_free", "service_gone"):
        assert (found[kind]["outcome"], "[start]" in found[kind]["mend"]) == ("not_measurable", True), found[kind]


@pytest.fixture
def leaky(task: Path, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Judging]:
    """A run that has begun with a service whose child outlives it."""
    program = tmp_path / "leaves_a_child.py"
    program.write_text(LEAVES_A_CHILD, encoding="utf-8")
    monkeypatch.setattr(own_service, "command", lambda start: [sys.executable, str(program), str(port)])
    monkeypatch.setattr(stopped, "GRACE_S", 0.2)
    (tmp_path / "d.toml").write_text(
        f'target = "http://127.0.0.1:{port}"\n[start]\nservice = "hermes-2"\n', encoding="utf-8"
    )
    deployment = deployments.load(tmp_path / "d.toml")
    judging = Judging(deployment, BRIEF, [task], tmp_path / "run", Progress(shown=False))
    try:
        judging.begin()
        yield judging
    finally:
        judging.finish()
        with contextlib.suppress(NoListener):
            os.kill(listener(port, "127.0.0.1"), signal.SIGKILL)


def test_a_child_that_outlives_the_service_and_holds_its_port_fails(leaky: Judging, port: int) -> None:
    free = leaky.judge(criterion("port_free", port=port))
    child = listener(port, "127.0.0.1")
    assert free.outcome == "fail"
    assert f"127.0.0.1:{port} still accepts connections" in free.reason
    assert f"process {child} (" in free.reason
    gone = leaky.judge(criterion("service_gone", unit=None))
    assert (gone.outcome, f"process {child} (" in gone.reason) == ("fail", True), gone


def test_a_port_that_the_service_never_had_is_not_measurable(leaky: Judging) -> None:
    found = leaky.judge(criterion("port_free", port=1))
    assert (found.outcome, "port 1 was not in use before" in found.reason) == ("not_measurable", True), found
