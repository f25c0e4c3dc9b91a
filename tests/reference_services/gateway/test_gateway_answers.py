"""Answers of replicas that are no HTTP, or hold what is about one connection: a client gets a clean answer or none."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from typing import Any

import h11
import httpx
import pytest

from tests.reference_services.gateway_process import CHAT, MODEL, Exchange, Gateway, Replica, body, configuration, event

PATIENCE_S = 60
FIGURES = {"probes": {"interval_seconds": 3600, "timeout_seconds": 5}, "breaker": {"failures": 10_000}}
OK = b"HTTP/1.1 200 OK\r\n"
TWO = b"Content-Length: 2\r\n"
END = b"\r\n{}"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
ENDLESS = 10 * 2**20

MALFORMED = {
    **{
        f"byte {byte:02x} in a header": OK + TWO + b"X-A: a%cb\r\n" % byte + END
        for byte in (*range(9), *range(11, 32), 127)
    },
    "byte 0d at the end of a header": OK + TWO + b"X-A: a\r\r\n" + END,
    "byte 01 in a name": OK + TWO + b"X\x01: a\r\n" + END,
    "a space in a name": OK + TWO + b"X A: a\r\n" + END,
    "a space after a name": OK + TWO + b"X-A : a\r\n" + END,
    "no name": OK + TWO + b": a\r\n" + END,
    "no colon": OK + TWO + b"X-A\r\n" + END,
    "a fold at the beginning": OK + b" X-A: a\r\n" + TWO + END,
    "bytes that are no line": b"\x16\x03\x01\x00\x00\r\n\r\n",
    "no status line": b"hello\r\n\r\n",
    "another protocol": b"ICY 200 OK\r\n" + TWO + END,
    "version 0.9": b"HTTP/0.9 200 OK\r\n" + TWO + END,
    "version 1.9": b"HTTP/1.9 200 OK\r\n" + TWO + END,
    "version 2.0": b"HTTP/2.0 200 OK\r\n" + TWO + END,
    "a status in words": b"HTTP/1.1 OK\r\n" + TWO + END,
    "status 99": b"HTTP/1.1 099 X\r\n" + TWO + END,
    "status 600": b"HTTP/1.1 600 X\r\n" + TWO + END,
    "status 999": b"HTTP/1.1 999 X\r\n" + TWO + END,
    "status 2000": b"HTTP/1.1 2000 X\r\n" + TWO + END,
    "NUL in the reason": b"HTTP/1.1 200 O\x00K\r\n" + TWO + END,
    "two lengths": OK + TWO + b"Content-Length: 3\r\n" + END,
    "two lengths in one": OK + b"Content-Length: 2, 3\r\n" + END,
    "a length below zero": OK + b"Content-Length: -2\r\n" + END,
    "a length with a plus": OK + b"Content-Length: +2\r\n" + END,
    "a length in hex": OK + b"Content-Length: 0x2\r\n" + END,
    "a length of 30 digits": OK + b"Content-Length: " + b"9" * 30 + b"\r\n" + END,
    "a length of 9,000 digits": OK + b"Content-Length: " + b"9" * 9000 + b"\r\n" + END,
    "a length and chunks": OK + TWO + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks and a length": OK + CHUNKED + TWO + b"\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks twice": OK + CHUNKED + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks that are compressed": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks as they are": OK + b"Transfer-Encoding: identity\r\n" + TWO + END,
    "chunks misspelled": OK + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks with a tabulator": OK + b"Transfer-Encoding: chunked\x0b\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks in an old version": b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\r\n",
    "a header of 200 KB": OK + TWO + b"X-A: " + b"a" * 200_000 + b"\r\n" + END,
    "9,000 headers": OK + TWO + b"X-A: abcdef\r\n" * 9000 + END,
    "a status line without end": b"HTTP/1.1 200 " + b"a" * ENDLESS,
    "a header without end": OK + b"X-A: " + b"a" * ENDLESS,
    "headers without end": OK + b"X-A: a\r\n" * (ENDLESS // 8),
    "interim answers without end": b"HTTP/1.1 100 Continue\r\n\r\n" * (ENDLESS // 25),
    "ten interim answers": b"HTTP/1.1 103 X\r\n\r\n" * 10 + OK + TWO + END,
    "an interim answer of 200 KB": b"HTTP/1.1 103 X\r\n" + b"X-A: abcdef\r\n" * 16_000 + b"\r\n" + OK + TWO + END,
    "another protocol that nobody asked for": b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "a whole answer that is cut": OK + b"Content-Length: 9\r\n" + END,
}
"""Each is a 502, and nothing of it goes on."""

TIDIED = {
    "a folded header": (OK + TWO + b"X-A: a\r\n  b\r\n" + END, {"x-a": "a b"}),
    "lines that end in LF": (OK.replace(b"\r", b"") + b"Content-Length: 2\nX-A: a\n\n{}", {"x-a": "a"}),
    "the same length twice": (OK + TWO + TWO + END, {"content-length": "2"}),
    "the same length twice in one": (OK + b"Content-Length: 2, 2\r\n" + END, {"content-length": "2"}),
    "interim answers before it": (b"HTTP/1.1 103 X\r\nLink: x\r\n\r\n" * 3 + OK + TWO + END, {"content-length": "2"}),
    "bytes beyond ASCII": (OK + TWO + b"X-A: \xe9\xff\x80\r\n" + END, {"x-a": "\xe9\xff\x80"}),
    "a tabulator": (OK + TWO + b"X-A: a\tb\r\n" + END, {"x-a": "a\tb"}),
    "an old version": (b"HTTP/1.0 200 OK\r\n\r\n{}", {}),
    "no length": (OK + b"X-A: a\r\n" + END, {"x-a": "a"}),
    "more than it said": (OK + TWO + END + b"HTTP/1.1 200 OK\r\n\r\nsmuggled", {"content-length": "2"}),
}
"""Each goes on, as one answer that every client reads in the same way."""

CHUNKS = {
    "no number": b"zz\r\n{}\r\n",
    "a sign": b"+2\r\n{}\r\n",
    "a number of 40 digits": b"f" * 40 + b"\r\n{}\r\n",
    "a number below zero": b"-2\r\n{}\r\n",
    "a chunk that goes on": b"2\r\n{}{}\r\n0\r\n\r\n",
    "a chunk that is cut": b"9\r\n{}",
    "a NUL": b"2\x00\r\n{}\r\n",
    "no last chunk": b"2\r\n{}\r\n",
    "no end": b"2\r\n{}\r\n0\r\n",
    "a line without end": b"2;" + b"a" * 200_000,
    "trailers without end": b"0\r\n" + b"X-A: a\r\n" * 20_000,
    "a trailer that is none": b"0\r\nX-A\x01\r\n\r\n",
}
"""Each breaks off after the head, and the client is told that it did."""


def raw(front: Gateway, *lines: str, target: str = CHAT, method: str = "POST") -> tuple[h11.Response, bytes, bytes]:
    """Head, body and the bytes as they came, over a connection that ends with this answer; h11 is strict about it."""
    content = json.dumps(body()).encode()
    head = [f"{method} {target} HTTP/1.1", f"Host: {front.url.removeprefix('http://')}", "Connection: close", *lines]
    head += ["Content-Type: application/json", f"Content-Length: {len(content)}", "", ""]
    client = h11.Connection(h11.CLIENT)
    client.send(
        h11.Request(method=method, target=target, headers=[("Host", "x"), ("Content-Length", str(len(content)))])
    )
    client.send(h11.Data(data=content))
    client.send(h11.EndOfMessage())
    with socket.create_connection((front.client.base_url.host, front.port), PATIENCE_S) as connection:
        connection.settimeout(PATIENCE_S)
        connection.sendall("\r\n".join(head).encode() + content)
        came = b""
        while data := connection.recv(65_536):
            came += data
    client.receive_data(came)
    client.receive_data(b"")
    answer = client.next_event()
    assert isinstance(answer, h11.Response), came
    content = b""
    while isinstance(part := client.next_event(), h11.Data):
        content += bytes(part.data)
    assert isinstance(part, h11.EndOfMessage)
    return answer, content, came


def say(tin: Replica, text: bytes, ends: bool = True) -> None:
    def act(exchange: Exchange) -> None:
        with contextlib.suppress(OSError):
            exchange.connection.sendall(text)
            if ends:
                exchange.connection.shutdown(socket.SHUT_WR)

    tin.act = act


@pytest.fixture
def front_and_tin(gateway, replica) -> tuple[Gateway, Replica]:
    tin = replica()
    return gateway(configuration(tin, **FIGURES)), tin


def test_what_is_no_answer_becomes_a_502_and_is_not_asked_for_again(front_and_tin: tuple[Gateway, Replica]) -> None:
    front, tin = front_and_tin
    for name, text in MALFORMED.items():
        before = tin.count
        for ends in (True, False):
            if name == "a whole answer that is cut" and not ends:
                continue
            say(tin, text, ends)
            answer, content, came = raw(front)
            assert answer.status_code == 502, name
            assert json.loads(content)["error"]["code"] == "upstream_failed", name
            assert not re.search(rb"[^\r\n\t -~]", came), name
        # For it may have been carried out; a connection that is kept is no other.
        assert tin.count - before == 2 - (name == "a whole answer that is cut"), name
    kinds = front.moved("gateway_upstream_errors_total", kind="malformed"), front.moved("gateway_upstream_errors_total")
    assert kinds[0] == kinds[1] - 1 == 2 * (len(MALFORMED) - 1)
    # The client's own connection stays, and so does the gateway.
    say(tin, MALFORMED["byte 01 in a header"])
    assert [front.chat().status_code for _ in range(3)] == [502] * 3
    tin.act = Exchange.answer
    assert front.chat().status_code == 200
    assert '"traceback"' not in front.log.read_text(encoding="utf-8")


def test_what_can_be_tidied_goes_on_as_one_answer(front_and_tin: tuple[Gateway, Replica]) -> None:
    front, tin = front_and_tin
    for name, (text, headers) in TIDIED.items():
        # An answer with a length leaves its connection to the next request, which an end on its way would break.
        say(tin, text, ends=b"content-length" not in text.lower())
        answer, content, came = raw(front)
        assert (answer.status_code, content) == (200, b"{}"), name
        shown = [(each.decode(), value.decode("latin-1")) for each, value in answer.headers]
        for header, value in headers.items():
            assert [text for each, text in shown if each == header] == [value], name
        assert b"smuggled" not in came
        assert came.count(b"HTTP/1.1 ") == 1


def test_an_answer_that_breaks_off_after_its_head_ends_incomplete(front_and_tin: tuple[Gateway, Replica]) -> None:
    front, tin = front_and_tin
    for name, text in CHUNKS.items():
        say(tin, OK + CHUNKED + b"\r\n" + text)
        with pytest.raises(
            (h11.RemoteProtocolError, AssertionError), match=r"complete message|ConnectionClosed|closed"
        ):
            raw(front)
        say(tin, OK + b"Content-Type: text/event-stream\r\n" + CHUNKED + b"\r\n" + text)
        answer, content, _ = raw(front)
        assert answer.status_code == 200, name
        last = content.removesuffix(b"\n\n").rpartition(b"\n\n")[2]
        assert json.loads(last.removeprefix(b"data: "))["error"]["code"] == "upstream_cut", name
        assert b"[DONE]" not in content
    tin.act = Exchange.answer
    assert front.chat().status_code == 200
    assert '"traceback"' not in front.log.read_text(encoding="utf-8")


def test_a_second_answer_to_one_request_is_nobodys(front_and_tin: tuple[Gateway, Replica]) -> None:
    front, tin = front_and_tin

    def act(exchange: Exchange) -> None:
        number = json.loads(exchange.body)["number"]
        text = json.dumps({"number": number}).encode()
        one = OK + b"Content-Length: %d\r\n\r\n" % len(text) + text
        exchange.connection.sendall(one + one.replace(b"number", b"poison"))

    tin.act = act
    answers = [front.chat(number=number).json() for number in range(8)]
    assert answers == [{"number": number} for number in range(8)]


def test_connections_to_a_replica_are_kept_and_one_that_it_closed_is_not_used(
    front_and_tin: tuple[Gateway, Replica],
) -> None:
    front, tin = front_and_tin
    before = len(tin._connections)
    assert [front.chat().status_code for _ in range(5)] == [200] * 5
    assert len(tin._connections) - before <= 1
    tin._connections[-1].shutdown(socket.SHUT_RDWR)
    assert front.chat().status_code == 200
    assert tin.count == 6


HOPS = {
    "Connection": "x-hop, X-Other, keep-alive",
    "X-Hop": "1",
    "X-Other": "1",
    "Keep-Alive": "timeout=9",
    "Proxy-Connection": "keep-alive",
    "Proxy-Authenticate": "Basic",
    "Proxy-Authorization": "Basic eA==",
    "TE": "trailers",
    "Trailer": "X-T",
    "Upgrade": "h2c",
}


def test_what_is_about_one_connection_stays_on_it_both_ways(front_and_tin: tuple[Gateway, Replica]) -> None:
    front, tin = front_and_tin
    more = "".join(f"{name}: {value}\r\n" for name, value in HOPS.items()).encode()
    say(tin, OK + TWO + more + b"X-Kept: 1\r\n" + END)
    answer, _, _ = raw(front, *(f"{name}: {value}" for name, value in HOPS.items() if name != "Connection"),
                       "Connection: x-hop, x-other", "X-Kept: 1")  # fmt: skip
    shown = {name.decode(): value for name, value in answer.headers}
    assert shown["x-kept"] == b"1"
    assert shown["connection"] == b"close"
    assert not {name.lower() for name in HOPS} & (set(shown) - {"connection"})
    seen = tin.seen.get(timeout=PATIENCE_S).headers
    assert seen["x-kept"] == "1"
    assert not {name.lower() for name in HOPS} & set(seen)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_says_nothing_of_its_length(front_and_tin, status: int) -> None:
    front, tin = front_and_tin
    say(tin, b"HTTP/1.1 %d X\r\nContent-Length: 5\r\nETag: x\r\n\r\n" % status)
    answer, content, _ = raw(front)
    assert (answer.status_code, content) == (status, b"")
    assert b"content-length" not in dict(answer.headers)


def handshake(front: Gateway) -> tuple[int, bytes]:
    """The status of a WebSocket's handshake, and what came with it until the connection ended, or a little of it."""
    head = [
        f"GET /v1/chat/stream?model={MODEL} HTTP/1.1",
        f"Host: {front.url.removeprefix('http://')}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "",
        "",
    ]
    with socket.create_connection((front.client.base_url.host, front.port), PATIENCE_S) as connection:
        connection.settimeout(PATIENCE_S)
        connection.sendall("\r\n".join(head).encode())
        came = connection.recv(65_536)
    return int(came.split()[1]), came


SWITCHES = b"101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket"


def test_a_socket_whose_replica_answers_with_what_is_no_http_is_refused(front_and_tin: tuple[Gateway, Replica]) -> None:
    front, tin = front_and_tin
    for name, text in MALFORMED.items():
        for said in (text, text.replace(b"200 OK", SWITCHES)):
            if said != text and "cut" in name:
                continue
            say(tin, said)
            status, came = handshake(front)
            assert status == 502, name
            assert not re.search(rb"[^\r\n\t -~]", came), name
    say(tin, OK.replace(b"200 OK", SWITCHES) + b"\r\n")
    assert handshake(front)[0] == 101
    tin.act = Exchange.answer
    assert front.chat().status_code == 200
    assert '"traceback"' not in front.log.read_text(encoding="utf-8")


def test_a_probe_reads_no_more_than_an_answer_is_long(gateway, replica) -> None:
    tin = replica()

    def give(exchange: Exchange) -> None:
        with contextlib.suppress(OSError):
            exchange.connection.sendall(OK + b"\r\n" + b"x" * ENDLESS)

    tin._give = give  # type: ignore[method-assign]
    front = gateway(configuration(tin, **FIGURES))
    found = front.replica(tin.name)
    assert found["status"] == "down"
    assert "more than" in found["reason"]


VARIANTS: dict[str, tuple[list[str], bytes]] = {
    "a length and chunks": (["Content-Length: 6", "Transfer-Encoding: chunked"], b"0\r\n\r\nX"),
    "chunks and a length": (["Transfer-Encoding: chunked", "Content-Length: 4"], b"2e\r\n"),
    "two lengths": (["Content-Length: 0", "Content-Length: 40"], b""),
    "two lengths in one": (["Content-Length: 0, 40"], b""),
    "a length with a plus": (["Content-Length: +40"], b""),
    "a length with a space": (["Content-Length : 40"], b""),
    "a length on a fold": (["X-A: a", " Content-Length: 40"], b""),
    "a length behind a CR": (["X-A: a\rContent-Length: 40"], b""),
    "a length behind a LF": (["X-A: a\nContent-Length: 0"], b""),
    "chunks misspelled": (["Transfer-Encoding: xchunked"], b"0\r\n\r\n"),
    "chunks with a tabulator": (["Transfer-Encoding:\x0bchunked"], b"0\r\n\r\n"),
    "chunks behind identity": (["Transfer-Encoding: chunked, identity"], b"0\r\n\r\n"),
    "chunks twice": (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], b"0\r\n\r\n"),
    "chunks twice, once hidden": (["Transfer-Encoding: chunked", "Transfer-encoding: x"], b"0\r\n\r\n"),
    "chunks with a space": (["Transfer-Encoding : chunked", "Content-Length: 5"], b"0\r\n\r\n"),
    "chunks quoted": (['Transfer-Encoding: "chunked"'], b"0\r\n\r\n"),
    "chunks without more": (["Transfer-Encoding: chunked"], b"0\r\n\r\n"),
    "chunks with an extension": (["Transfer-Encoding: chunked"], b"0;a=\nb\r\n\r\n"),
    "chunks that end in LF": (["Transfer-Encoding: chunked"], b"0\n\n"),
    "no length": ([], b""),
    "a length that is left out by name": (["Connection: content-length", "Content-Length: 0"], b""),
    "an upgrade to another protocol": (["Connection: upgrade", "Upgrade: h2c", "Content-Length: 0"], b""),
    "a length that another one waits for": (["Expect: 100-continue", "Content-Length: 0"], b""),
    "an empty name": ([": x", "Content-Length: 0"], b""),
    "a NUL": (["X-A: a\x00b", "Content-Length: 0"], b""),
}
"""Headers, and what stands between them and a request that somebody hid there."""
HIDDEN = b"DELETE /own/hidden HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_gateway_and_replica_never_part_requests_differently(gateway, replica, method: str) -> None:
    """What the gateway sends on as one request reaches the replica as one, whatever stood before and behind it."""
    tin = replica()
    service: dict[str, Any] = {"models": [MODEL], "replicas": [tin.url], "paths": {"/own/": "/own/"}}
    front = gateway({**configuration(**FIGURES), "services": {"tin": service}})
    for name, (lines, between) in VARIANTS.items():
        before = tin.count, front.figure("gateway_upstream_requests_total")
        head = [f"{method} /own/open HTTP/1.1", f"Host: {front.url.removeprefix('http://')}", *lines, "", ""]
        with socket.create_connection((front.client.base_url.host, front.port), PATIENCE_S) as connection:
            connection.settimeout(PATIENCE_S)
            connection.sendall("\r\n".join(head).encode("latin-1") + between + HIDDEN)
            connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                while connection.recv(65_536):
                    pass
        # A request of its own afterwards gets its own answer.
        assert front.client.put("/own/after", content=b"x").status_code == 200
        sent = front.figure("gateway_upstream_requests_total") - before[1]
        seen = [tin.seen.get(timeout=PATIENCE_S) for _ in range(int(sent))]
        assert tin.count - before[0] == sent, name
        assert [(each.method, each.body) for each in seen if each.target == "/own/after"] == [("PUT", b"x")], name
        for each in seen:
            assert each.headers.get("transfer-encoding") is None, name
            assert len(each.body) == int(each.headers.get("content-length", 0)), name


@pytest.mark.parametrize(
    "target",
    [
        "/own/a\x7fb",
        "/own/a b",
        "/own/a\x00b",
        "/own/\xe9",
        "/own/%0d%0aX:y",
        "/own/..%2f..%2fv1/models",
        "//own/x",
        "http://elsewhere.example/own/x",
        "/own/a?b\x01",
        "/own/a#b",
        "*",
        "/own/%00",
        "/own/%2e%2e/v1/models",
    ],
)
def test_a_target_reaches_a_replica_as_it_came_or_not_at_all(gateway, replica, target: str) -> None:
    tin = replica()
    service: dict[str, Any] = {"models": [MODEL], "replicas": [tin.url], "paths": {"/own/": "/own/"}}
    front = gateway({**configuration(**FIGURES), "services": {"tin": service}})
    head = [f"GET {target} HTTP/1.1", f"Host: {front.url.removeprefix('http://')}", "Connection: close", "", ""]
    with socket.create_connection((front.client.base_url.host, front.port), PATIENCE_S) as connection:
        connection.settimeout(PATIENCE_S)
        connection.sendall("\r\n".join(head).encode("latin-1"))
        status = int(connection.makefile("rb").readline().split()[1])
    if status == 200:
        seen = tin.seen.get(timeout=PATIENCE_S)
        assert seen.target.startswith("/own/")
        assert target.startswith(seen.target) or target.endswith(seen.target)
    else:
        assert status in (400, 404)
        assert tin.count == 0


def test_a_stream_that_goes_well_is_as_it_was(front_and_tin: tuple[Gateway, Replica]) -> None:
    front, tin = front_and_tin

    def act(exchange: Exchange) -> None:
        exchange.stream()
        exchange.event("one")
        exchange.chunk(b"data: [DONE]\n\n")
        exchange.chunk(b"")

    tin.act = act
    with httpx.Client(base_url=front.url, trust_env=False) as client:
        for _ in range(3):
            assert client.post(CHAT, json=body(stream=True)).content == event("one") + b"data: [DONE]\n\n"
