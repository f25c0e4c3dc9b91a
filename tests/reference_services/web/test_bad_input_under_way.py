"""Too fast, an engine that is down, a client that leaves, a turn that fails: over every endpoint that each concerns."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from signoff.reference_services.chat.serving.app import create_app
from signoff.reference_services.chat.settings.services import Hermes2Config
from tests.reference_services.gateway_process import configuration, until
from tests.reference_services.operations.test_operations import BrokenEngine, HeldEngine, served, wait_for
from tests.reference_services.running import HOST, Running, Start, free_ports
from tests.reference_services.switch.switch_process import switch
from tests.reference_services.web.test_bad_input import ENDPOINTS, Endpoint, check_refusal

CHAT, TEXT, GRAPHQL = "/v1/chat/completions", "/v1/completions", "/graphql"
LONG = 3000
SAID = [{"role": "user", "content": "Hello"}]
QUERY = 'mutation { complete(messages: [{role: "user", content: "x"}]) { id } }'


def posted(client: httpx.Client, endpoint: Endpoint) -> httpx.Response:
    return client.request(endpoint.method, endpoint.path, json=dict(endpoint.body))


def test_beyond_the_rate_every_endpoint_says_when_to_come_again(start: Start) -> None:
    service = start(
        variables={"HERMES_2_RATE_LIMIT": "1/hour", "HERMES_2_RETRIEVAL": "embedded", "HERMES_2_THREADS": "1"}
    )
    assert service.client.get("/version").status_code == 200
    for endpoint in ENDPOINTS:
        if endpoint.service == "hermes-2":
            answer = posted(service.client, endpoint)
            check_refusal(endpoint, answer, 429, "rate_limit_exceeded")
            assert 1 <= int(answer.headers["retry-after"]) <= 3600
            assert answer.headers["retry-after"]


@pytest.mark.parametrize("problem", [None, MemoryError("no room")])
def test_while_the_engine_is_down_what_needs_it_is_refused_and_the_rest_is_served(
    tmp_path: Path, problem: Exception | None
) -> None:
    config = Hermes2Config(retrieval="embedded", threads=True)
    engine = HeldEngine(config, problem)
    if problem is not None:
        engine.go.set()
    with served(create_app(config, tmp_path / "s.sqlite3", engine=engine)) as client:
        if problem is not None:
            wait_for(client, 503)
        for endpoint in ENDPOINTS:
            if endpoint.service == "hermes-2" and "kept" not in endpoint.path:
                answer = posted(client, endpoint)
                if endpoint.path in (CHAT, TEXT, "/tokenize"):
                    check_refusal(endpoint, answer, 503, "not_ready")
                    assert answer.headers["retry-after"]
                else:
                    assert answer.status_code == endpoint.good, answer.text
        answer = client.post(GRAPHQL, json={"query": QUERY})
        assert answer.json()["errors"][0]["extensions"]["code"] == "not_ready"
        engine.go.set()


def test_a_gateway_and_a_switch_that_can_ask_nobody_say_so_with_503(gateway: Callable[..., Any]) -> None:
    away = f"http://{HOST}:{free_ports()[0]}"
    front = gateway({**configuration(), "services": {"hermes": {"models": ["hermes-2"], "replicas": [away]}}})
    for endpoint in ENDPOINTS:
        if endpoint.service == "gateway":
            answer = posted(front.client, endpoint)
            check_refusal(endpoint, answer, 503, answer.json()["error"]["code"])
            assert answer.headers["retry-after"]
    with switch(HERMES_ENABLE="false") as alone:
        answer = alone.infer()
        assert (answer.status_code, answer.json()["source"]) == (503, "degraded")
        assert answer.headers["retry-after"]


def leave(url: str, path: str, body: dict[str, Any], session: str | None, is_under_way: Callable[[], bool]) -> None:
    """Send a request and close the connection: after the first bytes where it streams, else while it is worked on."""
    parts = urlsplit(url)
    content = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(content)}"]
    lines += [f"X-Session-ID: {session}"] if session else []
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + content)
        if body.get("stream"):
            assert b"200" in connection.recv(64)
        else:
            until(is_under_way, f"{path} is worked on")


LEFT: list[tuple[str, dict[str, Any], str | None]] = [
    (CHAT, {"messages": SAID, "max_tokens": LONG, "ignore_eos": True}, None),
    (CHAT, {"messages": SAID, "max_tokens": LONG, "ignore_eos": True}, "left"),
    (CHAT, {"messages": SAID, "max_tokens": LONG, "ignore_eos": True, "stream": True}, None),
    (CHAT, {"messages": SAID, "max_tokens": LONG, "ignore_eos": True, "stream": True}, "left"),
    (CHAT, {"messages": SAID, "max_tokens": LONG, "ignore_eos": True, "stream": True, "n": 3}, None),
    (TEXT, {"prompt": "Hello", "max_tokens": LONG, "ignore_eos": True}, None),
    (TEXT, {"prompt": "Hello", "max_tokens": LONG, "ignore_eos": True, "stream": True}, None),
]


@pytest.fixture(scope="module")
def slow() -> Any:
    from tests.reference_services.running import start_service

    running = start_service(pace=(0, 20))
    yield running
    assert running.stop() == 0


@pytest.mark.parametrize("way", ["direct", "gateway"])
def test_when_the_client_leaves_generation_stops_is_counted_and_leaves_no_turn(
    slow: Running, gateway: Callable[..., Any], way: str
) -> None:
    url = slow.url
    if way == "gateway":
        entry = {"models": ["hermes-2"], "replicas": [slow.url]}
        url = gateway({**configuration(), "services": {"hermes": entry}}).url
    running = 'vllm:num_requests_running{"model_name": "hermes-2"}'
    generated = 'vllm:generation_tokens_total{"model_name": "hermes-2"}'
    for path, body, session in LEFT:
        ended = f'hermes_2_requests_total{{"endpoint": "{path}", "outcome": "cancelled"}}'
        before = slow.metrics()
        leave(url, path, {**body, "model": "hermes-2"}, session, lambda: slow.metrics()[running] > 0)
        until(lambda ended=ended, before=before: slow.metrics()[ended] == before[ended] + 1, f"{path} is cancelled")
        first = slow.metrics()
        assert first[running] == 0, (path, body)
        # Five steps would be made in this time.
        time.sleep(0.1)
        assert slow.metrics()[generated] == first[generated], (path, body)
        assert first[generated] - before[generated] < LONG
        if session:
            assert slow.client.get(f"/sessions/{session}").status_code == 404
            assert slow.say("Hello again", session, max_tokens=1)
            assert slow.client.get(f"/sessions/{session}").json()["turn_count"] == 1
            assert slow.client.delete(f"/sessions/{session}").status_code == 204


def test_a_turn_that_fails_is_not_stored_and_those_before_it_stay(tmp_path: Path) -> None:
    config = Hermes2Config()
    file = tmp_path / "s.sqlite3"
    with served(create_app(config, file)) as client:
        wait_for(client, 200)
        for number in range(3):
            body = {"messages": [{"role": "user", "content": f"Note {number}"}], "max_tokens": 9}
            assert client.post(CHAT, json=body, headers={"X-Session-ID": "notes"}).status_code == 200
    with served(create_app(config, file, engine=BrokenEngine(config))) as client:
        wait_for(client, 200)
        for more in ({}, {"stream": True}, {"n": 2}, {"max_tokens": 10**6}, {"temperature": 9}):
            body = {"messages": SAID, "max_tokens": 9, **more}
            answer = client.post(CHAT, json=body, headers={"X-Session-ID": "notes"})
            assert answer.status_code in (200, 400, 500)
            assert "error" in answer.text
        kept = client.get("/sessions/notes").json()
    assert [turn["content"] for turn in kept["turns"] if turn["role"] == "user"] == ["Note 0", "Note 1", "Note 2"]
