"""Clients that take nothing of their answer, or send more than is worked on: their places and bytes come free again."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.reference_services.gateway_process import Gateway, configuration, until
from tests.reference_services.running import Running, start_service
from tests.reference_services.web.service_watch import MB, watched

SEND_S, PLACES, READERS = 1.5, 4, 10
LARGEST = 8 * MB - 200
RUNNING, WAITING = (f'vllm:num_requests_{each}{{"model_name": "hermes-2"}}' for each in ("running", "waiting"))
CHAT, SOCKET = "/v1/chat/completions", "/v1/chat/stream"
LONG: dict[str, Any] = {
    "model": "hermes-2",
    "messages": [{"role": "user", "content": "Hello"}],
    "max_tokens": 8000,
    "ignore_eos": True,
    "stream": True,
    "logprobs": True,
    "top_logprobs": 5,
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    log = tmp_path_factory.mktemp("service") / "log"
    figures = {"SEND_SECONDS": str(SEND_S), "MAX_NUM_SEQS": str(PLACES), "REQUEST_BODY_SECONDS": "3"}
    running = start_service(variables={f"HERMES_2_{name}": each for name, each in figures.items()}, log=log)
    yield running, log
    assert running.stop() == 0


@pytest.fixture(scope="module")
def front(service: tuple[Running, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    entry = {"models": ["hermes-2"], "replicas": [service[0].url]}
    # The gateway's own time: it takes everything of the service, and passes on what its client takes.
    figures = {"services": {"hermes": entry}, "gateway": {"send_seconds": SEND_S}}
    running = Gateway(tmp_path_factory.mktemp("gateway") / "gateway.yaml", {**configuration(), **figures})
    yield running
    assert running.stop() == 0


def connected(url: str) -> socket.socket:
    """A client whose system takes next to nothing for it."""
    parts = urlsplit(url)
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    found.settimeout(30)
    found.connect((parts.hostname or "", parts.port or 80))
    return found


def head_of(path: str, length: int) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def posted(url: str, body: dict[str, Any]) -> socket.socket:
    found, content = connected(url), json.dumps(body).encode()
    found.sendall(head_of(CHAT, len(content)) + content)
    return found


def opened(url: str) -> socket.socket:
    """A WebSocket after its handshake."""
    found, key = connected(url), base64.b64encode(b"0123456789abcdef").decode()
    lines = [f"GET {SOCKET}?model=hermes-2 HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade"]
    lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "", ""]
    found.sendall("\r\n".join(lines).encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += found.recv(1)
    assert b" 101 " in answer
    return found


def frame(data: bytes, kind: int = 1, is_last: bool = True) -> bytes:
    """A frame as clients send it; its mask leaves the data as they are."""
    size = len(data)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return bytes([kind | 0x80 * is_last]) + length + b"\0\0\0\0" + data


def asked(url: str) -> socket.socket:
    found = opened(url)
    found.sendall(frame(json.dumps(LONG).encode()))
    return found


@pytest.mark.parametrize("way", ["direct", "gateway"])
@pytest.mark.parametrize("door", ["http", "socket"])
def test_whoever_takes_nothing_loses_its_place(
    service: tuple[Running, Path], request: pytest.FixtureRequest, door: str, way: str
) -> None:
    running, log = service
    url = running.url if way == "direct" else request.getfixturevalue("front").url
    path = CHAT if door == "http" else SOCKET
    ended = f'hermes_2_requests_total{{"endpoint": "{path}", "outcome": "cancelled"}}'
    failed = 'hermes_2_errors_total{"kind": "error"}'
    before, size = running.metrics(), log.stat().st_size
    with watched(url, running.process.pid) as cost, contextlib.ExitStack() as stack:
        for _ in range(READERS):
            stack.enter_context(posted(url, LONG) if door == "http" else asked(url))
        # Each in its turn holds a place for so long, and no longer.
        until(lambda: running.metrics()[ended] == before[ended] + READERS, "all of them are let go")
    after = running.metrics()
    assert (after[RUNNING], after[WAITING]) == (0, 0)
    assert after[failed] == before[failed]
    assert log.stat().st_size == size
    assert cost.grown_bytes < 100 * MB
    assert running.say("Hello", max_tokens=2)


def sent(connection: socket.socket, data: bytes) -> bool:
    """Whether all of it was taken."""
    connection.settimeout(5)
    try:
        connection.sendall(data)
    except OSError:
        return False
    return True


FLOODS: dict[str, list[bytes]] = {
    "large messages behind a request": [frame(json.dumps(LONG).encode()), *[frame(b"x" * LARGEST)] * 8],
    "messages that are not whole": [frame(b"x" * LARGEST)[:-1]],
    "frames of nothing": [frame(b"{", is_last=False), *[frame(b"", kind=0, is_last=False) * 10_000] * 40],
    "pings without end": [frame(b"p" * 120, kind=9) * 5_000] * 40,
}


@pytest.mark.parametrize("name", FLOODS)
def test_sockets_hold_few_bytes_together(service: tuple[Running, Path], name: str) -> None:
    running, log = service
    size = log.stat().st_size
    with watched(running.url, running.process.pid) as cost, contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(opened(running.url)) for _ in range(12)]

        def flood(connection: socket.socket) -> None:
            all(sent(connection, part) for part in FLOODS[name])

        with ThreadPoolExecutor(len(sockets)) as pool:
            list(pool.map(flood, sockets))
        time.sleep(0.5)
    # The limit is 32 MiB, and each message is there two or three times while it is read.
    assert cost.grown_bytes < 250 * MB
    assert cost.longest_s < 8.0
    until(lambda: running.metrics()[RUNNING] == 0, "no place is held")
    assert running.say("Hello", max_tokens=2)
    assert log.stat().st_size == size


def test_a_message_that_drips_is_given_up(service: tuple[Running, Path]) -> None:
    running, _ = service
    begin = time.monotonic()
    with opened(running.url) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(frame(b"x" * 1000)[:20])
        while time.monotonic() - begin < 30 and sent(connection, b"x"):
            connection.settimeout(0.3)
            with contextlib.suppress(TimeoutError):
                if not connection.recv(100):
                    break
    assert time.monotonic() - begin < 30


def test_bodies_of_many_clients_hold_few_bytes_together_and_small_ones_are_taken(
    service: tuple[Running, Path],
) -> None:
    running, _ = service
    with watched(running.url, running.process.pid) as cost, contextlib.ExitStack() as stack:
        held = [stack.enter_context(connected(running.url)) for _ in range(20)]
        for each in held:
            sent(each, head_of("/tokenize", LARGEST) + b" " * (LARGEST - 1))
        assert running.say("Hello", max_tokens=2)
        answers = []
        for each in held:
            with contextlib.suppress(OSError):
                answers.append(each.recv(12))
    assert answers.count(b"HTTP/1.1 503") >= 10
    assert cost.grown_bytes < 150 * MB
