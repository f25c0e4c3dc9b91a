"""Chats over a WebSocket: the answers, keys, rates and sessions of HTTP, and work that stops with the socket."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.reference_services.running import Running
from tests.reference_services.web.test_security import FIRST, SECOND, bearer

HELLO = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 12, "temperature": 0}


def opened(running: Running, **headers: str) -> ClientConnection:
    url = "ws" + running.url.removeprefix("http") + "/v1/chat/stream"
    return connect(url, additional_headers={name.replace("_", "-"): text for name, text in headers.items()}, proxy=None)


def ask(socket: ClientConnection, body: Any) -> list[dict[str, Any]]:
    """What comes for one request: an error alone, or chunks up to the end."""
    socket.send(body if isinstance(body, str | bytes) else json.dumps(body))
    found: list[dict[str, Any]] = []
    while (message := socket.recv(timeout=60)) != "[DONE]":
        found.append(json.loads(message))
        if "error" in found[-1]:
            break
    return found


def text_of(chunks: list[dict[str, Any]]) -> str:
    return "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])


def say(text: str, **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], "max_tokens": 40, "temperature": 0, **fields}


def until(running: Running, series: str, value: float) -> None:
    deadline = time.monotonic() + 60
    while running.metrics()[series] != value and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running.metrics()[series] == value


def ended(outcome: str) -> str:
    labels = json.dumps({"endpoint": "/v1/chat/stream", "outcome": outcome})
    return f"hermes_2_requests_total{labels}"


def test_chunks_are_those_of_http_and_the_socket_takes_one_request_after_another(hermes: Running) -> None:
    with opened(hermes) as socket:
        for text in ("Hello", "The boat is red. What colour is the boat?"):
            chunks = ask(socket, say(text))
            assert text_of(chunks) == hermes.say(text, max_tokens=40)
            assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
            assert len({chunk["id"] for chunk in chunks}) == 1
            assert [chunk["choices"][0]["finish_reason"] for chunk in chunks][-1] in ("stop", "length")
        chunks = ask(socket, say("Hello", stream_options={"include_usage": True}))
        assert chunks[-1]["usage"]["completion_tokens"] == len(chunks) - 3


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "invalid_json"),
        ("[]", 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        ({}, 400, "invalid_value"),
        ({**HELLO, "messages": [{"role": "wizard", "content": "x"}]}, 400, "invalid_value"),
        ({**HELLO, "tools": []}, 400, "unknown_field"),
        ({**HELLO, "model": "gpt-9"}, 404, "model_not_found"),
        ({**HELLO, "stream": False}, 400, "invalid_value"),
        ({**HELLO, "max_tokens": 9000}, 400, "context_length_exceeded"),
    ],
)
def test_a_wrong_request_gets_the_error_of_http_and_the_socket_stays_open(
    hermes: Running, body: Any, status: int, code: str
) -> None:
    with opened(hermes) as socket:
        (error,) = ask(socket, body)
        assert (error["status"], error["error"]["code"]) == (status, code)
        assert text_of(ask(socket, HELLO))


def test_a_session_is_named_at_the_handshake_and_goes_on_over_http(hermes: Running) -> None:
    with opened(hermes, X_Session_ID="socket-1") as socket:
        ask(socket, say("The safe holds 771 coins."))
        assert "771" in text_of(ask(socket, say("How many coins does the safe hold?")))
    assert hermes.get("/sessions/socket-1")["turn_count"] == 2
    assert "771" in hermes.say("How many coins does the safe hold?", "socket-1")
    with pytest.raises(InvalidStatus) as refused:
        opened(hermes, X_Session_ID="not a name")
    assert refused.value.response.status_code == 400


def test_keys_are_asked_for_at_the_handshake_and_part_the_sessions(start, tmp_path) -> None:
    log = tmp_path / "log"
    hermes = start(variables={"HERMES_2_API_KEYS": f"{FIRST},{SECOND}"}, log=log)
    for headers in ({}, bearer("sk-wrong-0000-cedar")):
        with pytest.raises(InvalidStatus) as refused:
            opened(hermes, **headers)
        assert refused.value.response.status_code == 401
        assert b"authentication_error" in refused.value.response.body
    with opened(hermes, X_Session_ID="mine", **bearer(FIRST)) as socket:
        ask(socket, say("The safe holds 771 coins."))
    with opened(hermes, X_Session_ID="mine", **bearer(SECOND)) as socket:
        assert "771" not in text_of(ask(socket, say("How many coins does the safe hold?")))
    assert hermes.stop() == 0
    assert "ERROR" not in log.read_text()


def test_each_request_of_a_socket_counts_for_the_rate(start) -> None:
    hermes = start(variables={"HERMES_2_RATE_LIMIT": "3/hour"})
    with opened(hermes) as socket:
        assert all(text_of(ask(socket, HELLO)) for _ in range(3))
        (error,) = ask(socket, HELLO)
        assert (error["status"], error["error"]["code"]) == (429, "rate_limit_exceeded")
    with pytest.raises(InvalidStatus) as refused:
        opened(hermes)
    assert refused.value.response.status_code == 429
    assert int(refused.value.response.headers["retry-after"]) > 0


def test_work_stops_when_the_socket_closes_and_its_turn_is_not_stored(start) -> None:
    hermes = start(pace=(0, 50))
    with opened(hermes, X_Session_ID="left") as socket:
        socket.send(json.dumps({**HELLO, "max_tokens": 4000, "ignore_eos": True}))
        socket.recv(timeout=60)
        socket.send(json.dumps(HELLO))
    until(hermes, ended("cancelled"), 1)
    until(hermes, 'vllm:num_requests_running{"model_name": "hermes-2"}', 0)
    assert hermes.metrics()[ended("ok")] == 0
    assert hermes.client.get("/sessions/left").status_code == 404


def test_who_sends_more_than_may_wait_is_let_go(start) -> None:
    hermes = start(pace=(0, 50))
    with opened(hermes) as socket:
        for _ in range(12):
            socket.send(json.dumps({**HELLO, "max_tokens": 4000, "ignore_eos": True}))
        with pytest.raises(ConnectionClosed) as closed:
            deque(iter(lambda: socket.recv(timeout=60), None), maxlen=0)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
    until(hermes, 'vllm:num_requests_running{"model_name": "hermes-2"}', 0)
    assert hermes.say("Hello", max_tokens=2)


def test_a_message_beyond_the_size_closes_the_socket_and_nothing_else(start) -> None:
    hermes = start(variables={"HERMES_2_MAX_BODY_BYTES": "2000"})
    with opened(hermes) as socket, pytest.raises(ConnectionClosed) as closed:
        ask(socket, say("x" * 3000))
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    assert hermes.say("Hello")


def test_a_service_that_stops_says_so_and_one_without_sockets_has_none(start) -> None:
    hermes = start()
    with opened(hermes) as socket:
        assert hermes.stop() == 0
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=60)
    shut = start(variables={"HERMES_2_WEBSOCKET": "0", "HERMES_2_GRAPHQL": "0", "HERMES_2_EMBEDDINGS": "false"})
    with pytest.raises(InvalidStatus):
        opened(shut)
    assert shut.client.post("/graphql", json={"query": "{ version }"}).status_code == 404
    assert shut.client.post("/v1/embeddings", json={"input": "x"}).status_code == 404
