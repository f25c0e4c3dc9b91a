import socket
import sys
import time

import psutil
import pytest

from signoff.perf.errors import StartRefused
from signoff.perf.server_side.cold_start import time_starts

SERVICE = """
import http.server, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "MARK"])
if "deaf" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(0.2)
print("loading weights", flush=True)
if "dies" in sys.argv: sys.exit("no weights")
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if "never" in sys.argv else 200); self.end_headers()
    def log_message(self, *a): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def command(port, *more):
    return [sys.executable, "-c", SERVICE.replace("MARK", f"mark-{port}"), str(port), *more]


def survivors(port):
    lines = [each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])]
    return [line for line in lines if f"mark-{port}" in line]


def start(port, *more, **options):
    return time_starts(command(port, *more), f"http://127.0.0.1:{port}/ready", **options)


def test_each_start_is_timed_told_and_stopped_with_its_children(port):
    reported = []
    starts = start(port, count=2, on_start=reported.append)
    assert [each.number for each in starts] == [1, 2]
    assert all(each.seconds >= 0.2 for each in starts)
    assert tuple(reported) == starts
    assert survivors(port) == []
    assert starts[0].as_record()["record"] == "cold_start"


def test_a_service_that_ignores_sigterm_is_killed(port):
    (only,) = start(port, "deaf", count=1, stop_s=0.3)
    assert only.seconds is not None
    assert survivors(port) == []


def test_a_service_that_ends_is_a_failed_start_with_its_last_words(port):
    (only,) = start(port, "dies", count=1)
    assert (only.seconds, "status 1" in only.error) == (None, True)
    assert only.log.splitlines() == ["loading weights", "no weights"]
    assert survivors(port) == []


def test_a_service_that_never_gets_ready_is_a_failed_start(port):
    (only,) = start(port, "never", count=1, timeout_s=1.0)
    assert (only.seconds, "not ready" in only.error) == (None, True)


def test_something_that_answers_already_or_no_program_is_refused(port):
    with pytest.raises(StartRefused, match="no-such-program"):
        time_starts(["/no-such-program"], f"http://127.0.0.1:{port}/", count=1)

    def while_running(_):
        raise AssertionError("never reached")

    import subprocess

    running = subprocess.Popen(command(port))
    try:
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        with pytest.raises(StartRefused, match="answers before"):
            start(port, count=1, on_start=while_running)
    finally:
        for each in [*psutil.Process(running.pid).children(), psutil.Process(running.pid)]:
            each.kill()
        running.wait()


def test_an_error_in_the_callback_leaves_nothing_running(port):
    def fails(_):
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        start(port, count=3, on_start=fails)
    assert survivors(port) == []
