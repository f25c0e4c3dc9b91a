"""A process that dies under load and is replaced: no figure of it passes, and every figure says what happened."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.profile import Profile
from signoff.acceptance.running.judging import Judging
from signoff.acceptance.running.progress import Progress
from signoff.acceptance.services import service as own_service
from signoff.acceptance.verdict import Verdict
from signoff.perf.errors import NoListener
from signoff.perf.processes.process_identity import identify
from signoff.perf.processes.process_tree import listener, tree
from tests.acceptance.conftest import criterion

ROOT = Path(__file__).parents[3]
BRIEF = Profile("brief", alpha=0.05, load_s=14, requests_each=10, conversations=12, cold_starts=5)
TASK = """# Task 7.8: Small-1 Service

## Success Criteria
- [ ] Small-1 meets 500ms latency and 20 RPS throughput
- [ ] Memory usage stays below 15GB
- [ ] CPU usage stays below 8 cores
"""
SERVER = """
import os, signal, socket, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = (b'{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],'
          b'"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}')

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def give(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.give(b'{"status":"healthy"}' if self.path in ("/health", "/ready") else b"{}")
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.give(ANSWER)
    def log_message(self, *arguments):
        pass

class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
"""
SERVES = (
    SERVER
    + """
print("\\x1b]52;c;aGk=\\x07 out of memory in layer 7", flush=True)
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
)
# Starts the server again whenever it ends, as systemd or a loop in a shell does.
WATCHES = """
import subprocess, sys
for _ in range(5):
    subprocess.run([sys.executable, "-c", sys.argv[2], sys.argv[1]], stdout=subprocess.DEVNULL)
"""
# A master that holds the socket, and workers that serve; one that ends is started anew.
PREFORKS = (
    SERVER
    + """
server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
def work():
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        server.serve_forever()
def end(*_):
    os.killpg(0, signal.SIGKILL)
signal.signal(signal.SIGTERM, end)
signal.alarm(120)
work(), work()
for _ in range(5):
    os.wait()
    work()
"""
)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    return found


@pytest.fixture
def start(port: int) -> Iterator[Callable[..., int]]:
    """Start a program that serves at the port; gives the process that listens."""
    started: list[subprocess.Popen[bytes]] = []

    def run(program: str, *more: str) -> int:
        process = subprocess.Popen([sys.executable, "-c", program, str(port), *more], start_new_session=True)
        started.append(process)
        return listening(port)

    yield run
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def listening(port: int, but: int = 0) -> int:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(NoListener):
            if (found := listener(port, "127.0.0.1")) != but:
                return found
        time.sleep(0.05)
    raise AssertionError("nobody listens")


def limit(kind: str, value: float, unit: str, statistic: str | None = "max") -> Criterion:
    return replace(criterion(kind), threshold=Threshold(value, unit, "<", statistic, kind))


ASKED = {
    "latency": limit("latency", 1500, "ms", "p90"),
    "error_rate": limit("error_rate", 10, "%", None),
    "memory": limit("memory", 15, "GB"),
    "cpu": limit("cpu", 64, "cores", "mean"),
}
"""All that this server keeps easily."""


def site_at(port: int, folder: Path, pid: int) -> Site:
    target = deployments.from_target(f"http://127.0.0.1:{port}")
    return Site(target, BRIEF, folder / "run", tuple(ASKED.values()), process_id=pid)


def judged(site: Site) -> dict[str, Verdict]:
    """The verdicts as a run reaches them."""
    judging = Judging(site.deployment, BRIEF, [], site.folder, Progress(shown=False))
    judging._sites = type("Sites", (), {"of": lambda self, asked: site})()  # type: ignore[assignment]
    return {kind: judging._verdict(asked)[0] for kind, asked in ASKED.items()}


def when_half_done(site: Site, act: Callable[[], None]) -> threading.Thread:
    """Act once a good part of the load is over."""

    def wait() -> None:
        end = time.monotonic() + 60
        file = site.folder / "evidence/load.jsonl"
        while time.monotonic() < end:
            if file.exists() and file.read_text(encoding="utf-8").count('"record": "exchange"') > 75:
                act()
                return
            time.sleep(0.05)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_a_service_that_lives_passes(start: Callable[..., int], port: int, tmp_path: Path) -> None:
    found = judged(site_at(port, tmp_path, start(SERVES)))
    assert {kind: each.outcome for kind, each in found.items()} == dict.fromkeys(ASKED, "pass"), found


def test_a_service_that_a_watcher_starts_again(start: Callable[..., int], port: int, tmp_path: Path) -> None:
    first = start(WATCHES, SERVES)
    site = site_at(port, tmp_path, first)
    killer = when_half_done(site, lambda: os.kill(first, signal.SIGKILL))
    found = judged(site)
    killer.join()
    second = listening(port, but=first)
    for kind in ("memory", "cpu"):
        assert found[kind].outcome == "inconclusive", found[kind]
        assert f"process {first} (python" in found[kind].reason
        assert "s into the load run" in found[kind].reason
        assert f"process {second} (python" in found[kind].reason, found[kind]
        assert found[kind].measured is not None
    # What came of the requests is judged as it was measured; the failed ones count.
    for kind in ("latency", "error_rate"):
        assert found[kind].outcome in ("pass", "fail", "inconclusive"), found[kind]
        assert found[kind].measured is not None
        assert f"process {first}" in found[kind].reason
    exchanges = (site.folder / "evidence/load.jsonl").read_text(encoding="utf-8").count('"record": "exchange"')
    assert found["error_rate"].measured is not None
    assert found["error_rate"].measured.samples == exchanges


def test_a_service_that_is_gone(start: Callable[..., int], port: int, tmp_path: Path) -> None:
    pid = start(SERVES)
    site = site_at(port, tmp_path, pid)
    killer = when_half_done(site, lambda: os.kill(pid, signal.SIGKILL))
    found = judged(site)
    killer.join()
    assert (found["memory"].outcome, found["cpu"].outcome) == ("inconclusive", "inconclusive"), found
    assert (found["latency"].outcome, found["error_rate"].outcome) == ("fail", "fail"), found
    for each in found.values():
        assert f"process {pid} (python" in each.reason
        assert "s into the load run" in each.reason


def test_a_worker_that_its_master_starts_again(start: Callable[..., int], port: int, tmp_path: Path) -> None:
    master = start(PREFORKS)
    site = site_at(port, tmp_path, master)
    worker = tree(master)[1]
    killer = when_half_done(site, lambda: os.kill(worker, signal.SIGKILL))
    found = judged(site)
    killer.join()
    assert master in psutil.pids()
    for kind in ("memory", "cpu"):
        assert found[kind].outcome == "inconclusive", found[kind]
        assert f"process {worker} (python" in found[kind].reason
        assert ", one of the service's ended" in found[kind].reason


@pytest.mark.parametrize("how", ["another id", "the same id"])
def test_a_service_that_was_replaced_before_the_load(
    start: Callable[..., int], port: int, tmp_path: Path, how: str
) -> None:
    first = start(WATCHES, SERVES)
    known = identify(first)
    assert known is not None
    os.kill(first, signal.SIGKILL)
    second = listening(port, but=first)
    site = site_at(port, tmp_path, first)
    site.process = known
    if how == "the same id":  # as after a day in which the ids came round
        site.process_id, site.process = second, replace(known, pid=second, created=known.created - 86_400)
    found = judged(site)
    for kind in ("memory", "cpu"):
        assert found[kind].outcome == "inconclusive", found[kind]
        assert "ended before the load run" in found[kind].reason, found[kind]
    assert (found["latency"].outcome, found["error_rate"].outcome) == ("pass", "pass"), found


def test_a_peak_above_the_limit_fails_also_of_a_process_that_died(
    start: Callable[..., int], port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ASKED, "memory", limit("memory", 1, "MB"))
    first = start(WATCHES, SERVES)
    site = site_at(port, tmp_path, first)
    killer = when_half_done(site, lambda: os.kill(first, signal.SIGKILL))
    found = judged(site)["memory"]
    killer.join()
    assert (found.outcome, f"process {first}" in found.reason) == ("fail", True), found


def test_a_verdict_is_the_same_from_the_stored_records(start: Callable[..., int], port: int, tmp_path: Path) -> None:
    from signoff.acceptance.evidence import Evidence
    from signoff.acceptance.measuring import ended_process

    first = start(WATCHES, SERVES)
    site = site_at(port, tmp_path, first)
    killer = when_half_done(site, lambda: os.kill(first, signal.SIGKILL))
    found = judged(site)
    killer.join()
    lines = (site.folder / "evidence/load.jsonl").read_text(encoding="utf-8").splitlines()
    stored = Evidence("load", "evidence/load.jsonl", tuple(json.loads(line) for line in lines))
    for kind in ("memory", "cpu"):
        again = ended_process.bound(CHECKS[kind].judge(ASKED[kind], stored), stored, of_process=True)
        assert (again.outcome, again.reason) == (found[kind].outcome, found[kind].reason)


@pytest.fixture
def own(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Judging]:
    """A run that started its service itself."""
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    monkeypatch.setattr(own_service, "command", lambda start: [sys.executable, "-c", SERVES, str(port)])
    (tmp_path / "d.toml").write_text(
        f'target = "http://127.0.0.1:{port}"\n[start]\nservice = "hermes-2"\n', encoding="utf-8"
    )
    deployment = deployments.load(tmp_path / "d.toml")
    judging = Judging(deployment, BRIEF, [tmp_path / "task.md"], tmp_path / "run", Progress(shown=False))
    try:
        judging.begin()
        yield judging
    finally:
        judging.finish()


def test_a_service_of_ours_that_is_killed_says_how_and_what_it_said_last(own: Judging, port: int) -> None:
    pid = listener(port, "127.0.0.1")
    killer = when_half_done(own.site, lambda: os.kill(pid, signal.SIGKILL))
    (document,) = own.findings.reading.documents
    found = {each.kind: own.judge(each) for each in document.criteria}
    killer.join()
    assert {found[kind].outcome for kind in ("memory", "cpu")} == {"inconclusive"}, found
    assert {found[kind].outcome for kind in ("latency", "throughput")} <= {"fail", "inconclusive"}, found
    for each in found.values():
        assert f"hermes-2 at http://127.0.0.1:{port} ended with exit code -9 (killed by SIGKILL)" in each.reason
        assert "out of memory in layer 7" in each.reason
        assert "\x1b" not in each.reason
        assert "\x07" not in each.reason
    # What is asked afterwards says so too, and nobody is said to have been stopped.
    health = own.judge(criterion("health"))
    assert (health.outcome, "killed by SIGKILL" in health.reason) == ("fail", True), health
    gone = own.judge(criterion("service_gone", unit=None))
    assert (gone.outcome, "nothing to stop any more" in gone.reason) == ("not_measurable", True), gone


def test_a_service_that_a_command_started_is_killed_in_the_middle(tmp_path: Path, port: int) -> None:
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        metrics = probe.getsockname()[1]
    (tmp_path / "d.toml").write_text(
        f'target = "http://127.0.0.1:{port}"\n[start]\nservice = "hermes-2"\n'
        f'arguments = ["--port", "{port}", "--metrics-port", "{metrics}"]\n',
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "signoff.acceptance", "run", "task.md", "--deployment", "d.toml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        end = time.monotonic() + 90
        while not any("exchange" in each.read_text("utf-8") for each in tmp_path.glob("out/*/evidence/load.jsonl")):
            assert time.monotonic() < end
            time.sleep(0.1)
        pid = listener(port, "127.0.0.1")
        os.kill(pid, signal.SIGKILL)
        output, complaints = process.communicate(timeout=240)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode in (1, 2), output + complaints
    (results,) = tmp_path.glob("out/*/results.json")
    stored: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    found = {each["kind"]: each for each in stored["criteria"]}
    assert {found[kind]["outcome"] for kind in ("memory", "cpu")} == {"inconclusive"}, found
    assert {found[kind]["outcome"] for kind in ("latency", "throughput")} <= {"fail", "inconclusive"}, found
    for each in found.values():
        assert f"hermes-2 at http://127.0.0.1:{port} ended with exit code -9 (killed by SIGKILL)" in each["reason"]
