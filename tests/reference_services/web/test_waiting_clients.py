"""Clients that say half of what they have to say, nothing, or too much: each service ends it, and serves the others."""

from __future__ import annotations

import contextlib
import http.client
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.prepared.prepared_process import PreparedProcess
from tests.reference_services.gateway_process import Gateway, configuration, until
from tests.reference_services.running import HOST, await_ready, environment, free_ports, start_service
from tests.reference_services.switch.switch_process import switch
from tests.reference_services.web.service_watch import MB, watched

HEAD_S, BODY_S, IDLE_S, KEPT_S, MOST = 1.5, 4.0, 1.5, 1.0, 60
PATIENCE_S = 60.0
"""The bound of a wait; without limits it would be without end."""
NAMES = ("request_head_seconds", "request_body_seconds", "request_idle_seconds", "keep_alive_seconds")
FIGURES = dict(zip((*NAMES, "max_connections"), (HEAD_S, BODY_S, IDLE_S, KEPT_S, MOST), strict=True))
GET = b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
POST = HEAD + b"Content-Length: 1000\r\n\r\n{"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"
SWITCH_HEADERS = b"X-VX11-Token: willow-0417-reader\r\n"


@dataclass
class Listening:
    """A service that listens, and the path of a route that takes a body."""

    url: str
    pid: int
    log: Path
    path: bytes = b"/tokenize"
    is_at_defaults: bool = False

    @property
    def address(self) -> tuple[str, int]:
        parts = httpx.URL(self.url)
        return parts.host, parts.port or 80

    def connect(self) -> socket.socket:
        found = socket.create_connection(self.address, timeout=PATIENCE_S)
        found.settimeout(PATIENCE_S)
        return found

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def is_well(self) -> bool:
        with contextlib.closing(http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)) as client:
            client.request("GET", "/ready")
            return client.getresponse().status == 200


@contextlib.contextmanager
def chat(folder: Path) -> Iterator[Listening]:
    log = folder / "chat.log"
    running = start_service(
        variables={f"HERMES_2_{name.upper()}": str(each) for name, each in FIGURES.items()}, log=log
    )
    yield Listening(running.url, running.process.pid, log)
    assert running.stop() == 0


@contextlib.contextmanager
def gateway(folder: Path) -> Iterator[Listening]:
    front = Gateway(folder / "gateway.yaml", {**configuration("http://127.0.0.26:9"), "gateway": FIGURES})
    yield Listening(front.url, front.process.pid, front.log)
    assert front.stop() == 0


@contextlib.contextmanager
def switched(folder: Path) -> Iterator[Listening]:
    log = folder / "switch.log"
    with switch(log=log, **{f"SWITCH_{name.upper()}": str(each) for name, each in FIGURES.items()}) as running:
        yield Listening(str(running.client.base_url), running.process.pid, log, b"/switch/infer")


@contextlib.contextmanager
def health(folder: Path) -> Iterator[Listening]:
    """It has no settings and keeps to the defaults."""
    log, port = folder / "health.log", free_ports()[0]
    estate = folder / "estate.json"
    estate.write_text('{"services": []}', encoding="utf-8")
    arguments = (f"--host={HOST}", f"--port={port}", f"--estate={estate}")
    with log.open("wb") as errors:
        process = PreparedProcess("signoff.reference_services.health", *arguments, env=environment(), stderr=errors)
    url = f"http://{HOST}:{port}"
    with httpx.Client(base_url=url, trust_env=False) as client:
        await_ready(client, process)
    yield Listening(url, process.pid, log, is_at_defaults=True)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


@pytest.fixture(scope="module", params=[chat, gateway, switched, health], ids=lambda make: make.__name__)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    with request.param(tmp_path_factory.mktemp("service")) as found:
        yield found


def ended(connection: socket.socket) -> bytes:
    """What comes until the service closes the connection."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while data := connection.recv(65_536):
            found += data
    return found


HALVES: dict[bytes, bytes] = {
    b"": b"",
    b"GET /ready HT": b"HTTP/1.1 408 ",
    b"GET /ready HTTP/1.1\r\nHost: localhost\r\n": b"HTTP/1.1 408 ",
}


def test_half_a_head_is_given_up(service: Listening) -> None:
    before = service.descriptors()
    held = [(service.connect(), sent) for sent in HALVES for _ in range(15)]
    for each, sent in held:
        each.sendall(sent)
    got = {sent: {ended(each)[: len(HALVES[sent])] for each, other in held if other == sent} for sent in HALVES}
    for each, _ in held:
        each.close()
    for sent, answer in HALVES.items():
        assert answer in got[sent]
        # Where a loaded machine has not read in that time what came, nothing is told.
        assert got[sent] <= {answer, b""}
    until(lambda: service.descriptors() <= before + 2, "every descriptor is given back")
    assert service.is_well()


def authorized(content: bytes) -> bytes:
    """With the header that Switch asks for; the others do not know it."""
    return content.replace(b"\r\n", b"\r\n" + SWITCH_HEADERS, 1)


def test_half_a_body_is_given_up(service: Listening) -> None:
    if service.is_at_defaults:
        pytest.skip("it has no route that takes a body")
    held = [service.connect() for _ in range(20)]
    for number, each in enumerate(held):
        each.sendall(authorized((CHUNKED if number % 2 else POST) % service.path))
    assert {ended(each)[:13] for each in held} == {b"HTTP/1.1 408 "}
    for each in held:
        each.close()
    assert service.is_well()


def dripped(connection: socket.socket, first: bytes, then: bytes) -> tuple[float, bytes]:
    """Send more before the time for a byte is over, again and again; how long that is borne, and the answer."""
    begin, found = time.monotonic(), b""
    connection.sendall(first)
    connection.settimeout(0.2)
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - begin < PATIENCE_S:
            connection.sendall(then)
            with contextlib.suppress(TimeoutError):
                data = connection.recv(65_536)
                found += data
                if not data:
                    break
    return time.monotonic() - begin, found


def test_what_drips_is_given_up_as_a_whole(service: Listening) -> None:
    if service.is_at_defaults:
        pytest.skip("the same code, with times of a minute")
    drips = [
        (b"GET /ready HTTP/1.1\r\n", b"x", b"408"),
        (POST % service.path, b" ", b"408"),
        (CHUNKED % service.path, b"1\r\n \r\n", b"408"),
        (GET, b"\r\n", None),
        (POST % b"/nowhere", b" ", b"404"),
    ]

    def one(drip: tuple[bytes, bytes, bytes | None]) -> tuple[float, bytes]:
        with service.connect() as connection:
            return dripped(connection, authorized(drip[0]), drip[1])

    with ThreadPoolExecutor(len(drips)) as pool:
        for (first, _, status), (took_s, found) in zip(drips, pool.map(one, drips), strict=True):
            assert took_s < PATIENCE_S, first
            # A connection that is closed while more comes may lose what was told.
            assert not found or status in (None, found.split(b" ", 2)[1]), (first, found)
    assert service.is_well()


def test_a_head_without_end_and_requests_without_end_take_no_memory(service: Listening) -> None:
    for first, then in ((b"GET /ready HTTP/1.1\r\nX: ", b"a"), (b"GET /", b"a"), (b"", GET)):
        with watched(service.url, service.pid) as cost, service.connect() as connection:
            is_taken = True
            try:
                connection.sendall(first)
                for _ in range(100):
                    connection.sendall(then * (MB // len(then)))
            except OSError:
                is_taken = False
        assert not is_taken
        assert cost.grown_bytes < 100 * MB
    assert service.is_well()


def test_more_connections_than_there_may_be_wait_and_idle_ones_make_room(service: Listening) -> None:
    if service.is_at_defaults:
        pytest.skip("the same code, with a thousand connections")
    held = []
    try:
        with watched(service.url, service.pid) as cost:
            for _ in range(4 * MOST):
                each = socket.socket()
                each.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    each.connect(service.address)
                held.append(each)
            most = 0
            deadline = time.monotonic() + HEAD_S
            while time.monotonic() < deadline:
                most = max(most, service.descriptors())
                assert service.is_well()
        # Beside the connections there are files, and the gateway's connections to replicas.
        assert most < MOST + 40
        assert cost.longest_s < 8.0
    finally:
        for each in held:
            each.close()
    assert service.is_well()


def test_without_a_descriptor_the_log_does_not_grow_and_the_service_comes_back(service: Listening) -> None:
    soft, hard = resource.prlimit(service.pid, resource.RLIMIT_NOFILE)
    before = service.log.stat().st_size
    resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (service.descriptors() + 5, hard))
    held = []
    try:
        for _ in range(30):
            each = socket.socket()
            each.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                each.connect(service.address)
            held.append(each)
        time.sleep(3)  # in this time the log grew by megabytes
        assert service.log.stat().st_size - before < 20_000
    finally:
        for each in held:
            each.close()
        resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (soft, hard))
    assert service.is_well()


def test_a_service_takes_no_more_connections_than_it_has_descriptors_for() -> None:
    """In a process of its own: a hard limit cannot be raised again."""
    script = (
        "import logging, resource; from signoff.reference_services.web.serving.descriptors import room_for;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (100, 400));"
        "print(room_for(50, 1, logging.getLogger()), room_for(1000, 1, logging.getLogger()),"
        "room_for(1000, 2, logging.getLogger()), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["50", "200", "100", "400"]
    assert "fewer connections than are set" in done.stderr
