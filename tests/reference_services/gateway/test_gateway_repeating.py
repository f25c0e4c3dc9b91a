"""How often a request is carried out where replicas fail: the rule of docs/services/gateway.md, as a table.

Three replicas, all of which fail in the same way, count what reaches them.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect

from tests.reference_services.gateway_process import CHAT, MODEL, Exchange, Gateway, Replica, body, configuration
from tests.reference_services.running import ROOT

REPLICAS = 3
ONCE, TWICE, EVERYWHERE = 1, 2, REPLICAS


@dataclass(frozen=True)
class Way:
    """A request, and to how many replicas it goes where each one takes it and breaks off before its answer."""

    method: str
    target: str
    times: int
    how: dict[str, Any] = field(default_factory=dict)

    def ask(self, front: Gateway) -> int:
        if self.method == "WEBSOCKET":
            try:
                connect(front.url.replace("http", "ws") + self.target, proxy=None).close()
            except InvalidHandshake as error:
                return error.response.status_code  # type: ignore[attr-defined]
            return 101
        return front.client.request(self.method, self.target, **self.how).status_code


QUERY = f"?model={MODEL}"
JSON: dict[str, Any] = {"json": body()}
WAYS = (
    Way("GET", f"/sessions/s{QUERY}", EVERYWHERE),
    Way("DELETE", f"/sessions/s{QUERY}", EVERYWHERE),
    Way("GET", f"/sessions/s/turns{QUERY}", EVERYWHERE),
    Way("DELETE", f"/sessions/s/turns{QUERY}", EVERYWHERE),
    Way("POST", f"/sessions/s/branches{QUERY}", ONCE, JSON),
    Way("POST", CHAT, TWICE, JSON),
    Way("POST", "/v1/embeddings", TWICE, JSON),
    Way("POST", "/tokenize", TWICE, JSON),
    Way("POST", CHAT, ONCE, {**JSON, "headers": {"X-Session-ID": "s"}}),
    Way("POST", f"/graphql{QUERY}", ONCE, {"json": {"query": "{ version }"}}),
    *(Way(method, "/own/x", ONCE) for method in ("GET", "HEAD", "OPTIONS", "DELETE", "PROPFIND")),
    *(Way(method, "/own/x", ONCE, JSON) for method in ("POST", "PUT", "PATCH", "DELETE")),
    Way("PUT", "/own/x", ONCE, {"headers": {"X-Session-ID": "s"}}),
    Way("GET", "/own/x", ONCE, {"headers": {"X-Session-ID": "s"}}),
    Way("WEBSOCKET", f"/v1/chat/stream{QUERY}", EVERYWHERE),
    Way("WEBSOCKET", "/own/socket", ONCE),
)


def says(exchange: Exchange, text: bytes) -> None:
    exchange.connection.sendall(text)
    exchange.cut()


@dataclass(frozen=True)
class Moment:
    """How a replica fails, the status that the client gets, and whether another one may be asked at all."""

    act: Callable[[Exchange], None]
    status: int
    is_before_an_answer: bool = False


LATE_S, SILENT_S = 0.4, 0.1
PART = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
MOMENTS = {
    "it breaks off": Moment(Exchange.cut, 502, is_before_an_answer=True),
    "time runs out": Moment(lambda exchange: None, 504),
    "its first byte was the last": Moment(lambda exchange: says(exchange, b"H"), 502),
    "it breaks off in the head": Moment(lambda exchange: says(exchange, PART[:40]), 502),
    "it breaks off after the head": Moment(lambda exchange: says(exchange, PART[:-1]), 502),
    "it breaks off in the body": Moment(lambda exchange: says(exchange, PART), 502),
    "it falls silent in the body": Moment(lambda exchange: exchange.connection.sendall(PART), 502),
    "it answers with what is no HTTP": Moment(
        lambda exchange: says(exchange, b"HTTP/1.1 200 OK\r\nX: \x01\r\n\r\n"), 502
    ),
    "it says 500": Moment(lambda exchange: exchange.answer(500), 500),
    "it says 502": Moment(lambda exchange: exchange.answer(502), 502),
    "it says 503": Moment(lambda exchange: exchange.answer(503), 503),
}


def figures(replicas: list[Replica]) -> dict[str, Any]:
    return {
        **configuration(probes={"interval_seconds": 3600, "timeout_seconds": 5}),
        "services": {
            "tin": {"models": [MODEL], "replicas": [each.url for each in replicas], "paths": {"/own/": "/own/"}}
        },
        # Breakers that open would keep the later requests of a test away.
        "breaker": {"failures": 1000},
        "upstream": {"retries": 9, "answer_seconds": LATE_S, "silence_seconds": SILENT_S},
    }


def carried_out(replicas: list[Replica]) -> int:
    return sum(each.count for each in replicas)


@pytest.mark.parametrize("name", MOMENTS)
def test_nothing_is_carried_out_more_often_than_the_document_says(gateway, replica, name: str) -> None:
    moment = MOMENTS[name]
    replicas = [replica() for _ in range(REPLICAS)]
    for each in replicas:
        each.act = moment.act
    front = gateway(figures(replicas))
    found, expected = {}, {}
    for number, way in enumerate(WAYS):
        before = carried_out(replicas)
        status = way.ask(front)
        key = (number, way.method, way.target)
        # An answer to HEAD has no body that could be cut, nor has one that opens no socket.
        has_no_body = way.method == "HEAD" and name.startswith(
            ("it breaks off after", "it breaks off in the b", "it falls")
        )
        found[key] = (status, carried_out(replicas) - before)
        expected[key] = (200 if has_no_body else moment.status, way.times if moment.is_before_an_answer else ONCE)
    assert found == expected


def test_what_reached_nobody_is_carried_out_once_whatever_it_is(gateway, replica) -> None:
    here, gone, away = (replica() for _ in range(REPLICAS))
    front = gateway(figures([here, gone, away]))
    gone.stop()
    away.stop()
    for way in WAYS:
        before = here.count
        assert way.ask(front) == 200, way
        assert here.count - before == 1, way
    assert front.moved("gateway_upstream_errors_total", kind="connect") > 0


def shut_before_reading(closing: Replica, counted: list[str]) -> None:
    """Have a replica close each connection before it reads, but for probes."""

    def closed(connection: socket.socket) -> None:
        if connection.recv(11, socket.MSG_PEEK) == b"GET /health":
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        else:
            counted.append(closing.name)
        connection.close()

    closing._serve = closed  # type: ignore[method-assign]


def test_a_connection_that_is_closed_unread_may_have_carried_something_out(gateway, replica) -> None:
    replicas = [replica() for _ in range(REPLICAS)]
    counted: list[str] = []
    for each in replicas:
        shut_before_reading(each, counted)
    front = gateway(figures(replicas))
    found, expected = {}, {}
    for number, way in enumerate(WAYS):
        counted.clear()
        found[number, way.method, way.target] = (way.ask(front), len(counted))
        expected[number, way.method, way.target] = (502, way.times)
    assert found == expected


def test_the_document_says_what_this_table_says() -> None:
    text = (ROOT / "docs/services/gateway.md").read_text(encoding="utf-8")
    (rule,) = [part for part in text.split("\n- ") if part.startswith("**Retry policy.**")]
    for said in (
        "If no connection was made, any request goes to the next replica",
        "`GET` and `DELETE` of a session are retried",
        "neither is GraphQL or a configured path",
        "A request that timed out is not retried",
        "After the first byte of an answer nothing is retried",
    ):
        assert said in " ".join(rule.split())


def test_a_request_whose_client_has_left_is_not_carried_on_elsewhere(gateway, replica) -> None:
    replicas = [replica() for _ in range(REPLICAS)]
    for each in replicas:
        each.act = lambda exchange: exchange.client_left()
    front = gateway({**figures(replicas), "upstream": {"retries": 9, "answer_seconds": 60}})
    with httpx.Client(base_url=front.url, trust_env=False) as client, pytest.raises(httpx.ReadTimeout):
        client.delete(f"/sessions/s{QUERY}", timeout=httpx.Timeout(20, read=0.2))
    assert front.chat("nobody").status_code == 404
    assert carried_out(replicas) == 1
