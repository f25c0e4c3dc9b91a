"""Nothing that a command started outlives it, also where it is killed and can do nothing about it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]
ANSWER = (
    b'{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}'
)
TASK = "# Task 7.8: Small-1 Service\n\n## Success Criteria\n- [ ] Small-1 meets 500ms latency and 20 RPS throughput\n"
GONE_S = 60.0
"""A generous bound for a busy machine: the keeper asks at once and kills after a second."""
PARENT = """
import subprocess, sys, time
from signoff.perf.processes import lifeline
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, start_new_session=True)
lifeline.keep(child.pid)
child.stdout.readline()
print("up", flush=True)
time.sleep(60)
"""
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
again = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
other = subprocess.Popen([sys.executable, "-c", again], stdout=subprocess.PIPE, start_new_session=True)
other.stdout.readline()
print("up", flush=True)
while True:
    pass
"""


class Target:
    """A server that counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        target = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._give(b'{"status":"healthy"}' if self.path == "/health" else b"{}")

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                target.asked += 1
                self._give(ANSWER)

            def _give(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        kind = type("Server", (ThreadingHTTPServer,), {"daemon_threads": True, "request_queue_size": 128})
        self.server = kind(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def target() -> Iterator[Target]:
    found = Target()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def signoff(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command in a folder of its own; whatever a test leaves of it is killed."""
    started: list[tuple[subprocess.Popen[str], list[psutil.Process]]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "signoff.acceptance", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append((process, []))
        return process

    yield start
    for process, _ in started:
        for each in family(process.pid):
            each.kill()
        process.kill()
        process.communicate()


def family(pid: int) -> list[psutil.Process]:
    """All that a process started, with what these started."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def until(is_so: Callable[[], bool], within_s: float = 60.0) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.05)
    return is_so()


def is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def assert_ends_with_its_command(process: subprocess.Popen[str], target: Target) -> None:
    """Kill the command alone: soon nothing of it is there, and nobody asks the target anything more."""
    children = family(process.pid)
    assert children
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert until(lambda: all(map(is_gone, children)), GONE_S), [each for each in children if not is_gone(each)]
    asked = target.asked
    time.sleep(1.0)  # at 25 requests a second
    assert target.asked == asked


def test_a_killed_run_leaves_no_load_behind(
    signoff: Callable[..., subprocess.Popen[str]], target: Target, tmp_path: Path
) -> None:
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    process = signoff("run", "task.md", "--target", target.url)
    assert until(lambda: target.asked > 20)
    assert_ends_with_its_command(process, target)


@pytest.mark.parametrize(
    "more",
    [
        ["--rate", "25", "--duration", "120"],
        ["--rate", "25", "--duration", "120", "--workers", "2"],
        ["--closed-loop", "4", "--duration", "120"],
        ["--journey", "--users", "4", "--duration", "120", "--think", "0.01-0.1"],
    ],
    ids=["one", "workers", "closed", "journey"],
)
def test_a_killed_load_leaves_no_load_behind(
    signoff: Callable[..., subprocess.Popen[str]], target: Target, more: list[str]
) -> None:
    process = signoff("load", target.url, *more)
    assert until(lambda: target.asked > 20)
    assert_ends_with_its_command(process, target)


def test_a_killed_run_leaves_no_service_behind(
    signoff: Callable[..., subprocess.Popen[str]], target: Target, tmp_path: Path
) -> None:
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        port, metrics = first.getsockname()[1], second.getsockname()[1]
    (tmp_path / "d.toml").write_text(
        f'target = "http://127.0.0.1:{port}"\n[start]\nservice = "hermes-2"\n'
        f'arguments = ["--port", "{port}", "--metrics-port", "{metrics}"]\n',
        encoding="utf-8",
    )
    process = signoff("run", "task.md", "--deployment", "d.toml")
    assert until(lambda: bool(list(tmp_path.glob("out/*/evidence/load.jsonl"))))
    assert_ends_with_its_command(process, target)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_child_that_hangs_and_ignores_signals_ends_too() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-P", "-c", PARENT, STUBBORN],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == "up\n"
        children = family(parent.pid)
        assert len(children) == 3  # the keeper, the child, and what that started in a session of its own
        parent.kill()
        parent.wait()
        assert until(lambda: all(map(is_gone, children)), GONE_S)


def test_another_keeper_takes_the_place_of_a_killed_one() -> None:
    script = (
        "import os, signal, subprocess, sys, psutil\n"
        "from signoff.perf.processes import lifeline\n"
        "command = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "first = subprocess.Popen(command, start_new_session=True)\n"
        "lifeline.keep(first.pid)\n"
        "(keeper,) = [each for each in psutil.Process().children() if each.pid != first.pid]\n"
        "keeper.kill()\n"
        "os.waitpid(keeper.pid, 0)\n"
        "second = subprocess.Popen(command, start_new_session=True)\n"
        "lifeline.keep(second.pid)\n"
        "print(first.pid, second.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, stdout=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    pids = [int(each) for each in done.stdout.split()]
    assert len(pids) == 2
    assert until(lambda: not any(map(is_running, pids)), GONE_S)


def is_running(pid: int) -> bool:
    try:
        return not is_gone(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False
