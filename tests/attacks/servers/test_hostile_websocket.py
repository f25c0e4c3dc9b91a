"""A WebSocket server may send whatever it likes: the check ends in time, with a verdict, and keeps little of it."""

from __future__ import annotations

import base64
import hashlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.checks.api import websocket
from signoff.acceptance.errors import NotRun
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.profile import PROFILES
from tests.acceptance.conftest import criterion

HANG_S = 60.0
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
Act = Callable[[socket.socket], None]


def accepted(connection: socket.socket, more: bytes = b"") -> None:
    request = connection.recv(65536)
    key = next(line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    digest = base64.b64encode(hashlib.sha1(key + GUID).digest())  # noqa: S324 - RFC 6455 says so
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + digest + b"\r\n" + more + b"\r\n"
    )


def forever(connection: socket.socket, data: bytes) -> None:
    until = time.monotonic() + HANG_S
    while time.monotonic() < until:
        connection.sendall(data)


def silent(connection: socket.socket) -> None:
    connection.recv(65536)
    time.sleep(HANG_S)


def endless_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n")
    forever(connection, b"x-more: and more\r\n" * 1000)


def dripping_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nx: ")
    for _ in range(600):
        connection.sendall(b"a")
        time.sleep(0.1)


def interim_answers(connection: socket.socket) -> None:
    forever(connection, b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def empty_fragments(connection: socket.socket) -> None:
    accepted(connection)
    connection.sendall(b"\x01\x00")
    forever(connection, b"\x00\x00" * 10_000)


def endless_message(connection: socket.socket) -> None:
    accepted(connection)
    connection.sendall(b"\x01\x7f" + (2**40).to_bytes(8, "big"))
    forever(connection, b"a" * 65536)


def pings(connection: socket.socket) -> None:
    accepted(connection)
    forever(connection, b"\x89\x00" * 10_000)


def silent_after_the_handshake(connection: socket.socket) -> None:
    accepted(connection)
    time.sleep(HANG_S)


def deep_json(connection: socket.socket) -> None:
    accepted(connection)
    text = b"[" * 60_000
    connection.sendall(b"\x81\x7e" + len(text).to_bytes(2, "big") + text)
    connection.sendall(b"\x88\x02\x03\xe8")


def invalid_utf8(connection: socket.socket) -> None:
    accepted(connection)
    connection.sendall(b"\x81\x02\xff\xfe")
    time.sleep(1)


def deflated_unasked(connection: socket.socket) -> None:
    accepted(connection, b"Sec-WebSocket-Extensions: permessage-deflate\r\n")
    forever(connection, b"\xc1\x00" * 1000)


def blank_messages(connection: socket.socket) -> None:
    accepted(connection)
    connection.recv(65536)
    connection.sendall(b"\x81\x02 \x00" * 5 + b"\x88\x02\x03\xe8")


def noise(connection: socket.socket) -> None:
    accepted(connection)
    connection.recv(65536)
    connection.sendall(b"\x82\x04\xffabc" * 5 + b"\x88\x02\x03\xe8")


def echo_in_pieces(connection: socket.socket) -> None:
    accepted(connection)
    frame = connection.recv(65536)
    at = 4 if frame[1] & 0x7F == 126 else 2
    mask, masked = frame[at : at + 4], frame[at + 4 :]
    sent = bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked))
    for begin in range(0, len(sent), 20):
        piece = sent[begin : begin + 20]
        connection.sendall(b"\x81" + bytes([len(piece)]) + piece)
    connection.sendall(b"\x88\x02\x03\xe8")


ACTS = (
    silent,
    endless_head,
    dripping_head,
    interim_answers,
    empty_fragments,
    endless_message,
    pings,
    silent_after_the_handshake,
    deep_json,
    invalid_utf8,
    deflated_unasked,
    blank_messages,
    noise,
    echo_in_pieces,
)


@pytest.fixture
def serve() -> Iterator[Callable[[Act], str]]:
    servers: list[socketserver.ThreadingTCPServer] = []

    def start(act: Act) -> str:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                try:
                    act(self.request)
                except OSError:
                    return

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_the_check_ends_in_time_and_fails(serve, tmp_path: Path, monkeypatch, act):
    monkeypatch.setattr(websocket, "OPEN_S", 0.7)
    monkeypatch.setattr(websocket, "LONGEST_S", 1.0)
    asked = criterion("websocket")
    site = Site(deployments.from_target(serve(act)), PROFILES["quick"], tmp_path / "run", (asked,))
    site.models.append("owl")
    began = time.monotonic()
    evidence = websocket.measure(asked, site)
    assert time.monotonic() - began < HANG_S / 2
    assert websocket.judge(asked, evidence).outcome == "fail"
    assert sum(len(str(record)) for record in evidence.records) < 100_000


def test_a_given_up_target_gets_no_handshake(tmp_path: Path):
    asked = criterion("websocket")
    site = Site(deployments.from_target("http://127.0.0.1:9"), PROFILES["quick"], tmp_path / "run", (asked,))
    site.models.append("owl")
    site.patience.give_up("http://127.0.0.1:9", "it was given up")
    with pytest.raises(NotRun, match="given up"):
        websocket.measure(asked, site)
