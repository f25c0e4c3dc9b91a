"""The gateway as a process in front of replicas that say what they saw: what goes through, and what is refused."""

from __future__ import annotations

import json
import socket

import httpx
import pytest

from tests.reference_services.gateway_process import CHAT, HOST, MODEL, Exchange, body, completion, configuration, until


def test_a_request_reaches_the_service_of_its_model_byte_for_byte(gateway, replica) -> None:
    tin, zinc = replica(), replica()
    settings = configuration(tin)
    settings["services"]["zinc"] = {"replicas": [zinc.url]}
    zinc.models = ["zinc-1", "zinc-1-long"]
    front = gateway(settings)
    listed = front.get("/v1/models")["data"]
    assert [(each["id"], each["owned_by"]) for each in listed] == [
        ("tin-1", "tin"), ("zinc-1", "zinc"), ("zinc-1-long", "zinc")
    ]  # fmt: skip
    assert front.get("/v1/models/zinc-1")["object"] == "model"
    content = '{ "model":"zinc-1-long", "messages": [{"content":"Grüße, \\u00e9 🙂"}], "unknown": 1.10}'.encode()
    answer = front.client.post(
        f"{CHAT}?trace=a%20b", content=content, headers={"X-Request-ID": "r-1", "Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.headers["x-served-by"], answer.headers["x-request-id"]) == (
        200,
        zinc.name,
        "r-1",
    )
    assert answer.json() == completion()
    seen = zinc.seen.get(timeout=60)
    assert (seen.body, seen.target) == (content, f"{CHAT}?trace=a%20b")
    assert tin.count == 0


def test_headers_of_one_connection_and_of_identity_stay_behind_and_authorization_goes_on(gateway, replica) -> None:
    tin = replica()
    tin.act = lambda exchange: exchange.answer(
        connection="x-inner",
        x_inner="1",
        x_served_by="somebody",
        server="secret/1.0",
        x_session_id="s",
        set_cookie="c=1",
    )
    front = gateway(configuration(tin))
    headers = {
        "Authorization": "Bearer sk-one",
        "Connection": "keep-alive, X-Hop",
        "X-Hop": "1",
        "TE": "trailers",
        "Proxy-Authorization": "Basic eA==",
        "X-Forwarded-For": "10.9.9.9",
        "Forwarded": "for=10.9.9.9",
        "X-Priority": "high",
        "X-Session-ID": "s",
    }
    answer = front.chat(headers=headers)
    seen = tin.seen.get(timeout=60).headers
    assert (seen["authorization"], seen["x-session-id"], seen["host"]) == ("Bearer sk-one", "s", tin.name)
    assert seen["x-forwarded-for"].startswith("127.")
    assert not {"x-hop", "te", "proxy-authorization", "forwarded", "x-priority", "cookie"} & set(seen)
    assert seen["x-request-id"] == answer.headers["x-request-id"]
    assert not {"x-inner", "server", "connection"} & set(answer.headers)
    assert (answer.headers["x-served-by"], answer.headers["x-session-id"]) == (tin.name, "s")
    front.client.cookies.clear()
    front.chat()
    # A cookie that a replica set for one client is not sent with the request of another; nor is a key.
    assert not {"cookie", "authorization"} & set(tin.seen.get(timeout=60).headers)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b'{"model": "gold-1"}', 404, "model_not_found"),
        (b"{", 400, "invalid_json"),
        (b"\xff", 400, "invalid_json"),
        (b"[]", 400, "invalid_json"),
        (b"[" * 100_000, 400, "invalid_json"),
        (b"{}", 400, "missing_model"),
        (b'{"model": 7}', 400, "missing_model"),
        (b'{"model": "tin-1", "x": "' + b"x" * 2000 + b'"}', 413, "body_too_large"),
    ],
)
def test_what_cannot_be_sent_on_is_refused_in_openais_shape(shared, content: bytes, status: int, code: str) -> None:
    front, tin = shared
    sent = iter([content]) if status == 413 else content
    for each in (sent, content):
        answer = front.client.post(CHAT, content=each, headers={"Content-Type": "application/json"})
        if code == "invalid_json" and len(content) > 1024:
            status, code = 413, "body_too_large"
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
        assert "Traceback" not in answer.text
    assert tin.count == 0


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", CHAT, {"X-Priority": "urgent"}, 400),
        ("POST", CHAT, {"X-Filler": "x" * 70_000}, 431),
        ("POST", "/v1/images", {}, 404),
        ("GET", CHAT, {}, 405),
        ("GET", "/sessions/s", {}, 400),
        ("GET", "/v1/models/gold-1", {}, 404),
    ],
)
def test_other_requests_that_are_none(shared, method: str, path: str, headers: dict[str, str], status: int) -> None:
    front, tin = shared
    answer = front.client.request(method, path, json=body() if method == "POST" else None, headers=headers)
    # The server itself may refuse such headers before the gateway sees them.
    assert answer.status_code == status or (status == 431 and answer.status_code == 400)
    assert tin.count == 0


@pytest.fixture
def shared(gateway, replica):
    tin = replica()
    return gateway(configuration(tin, gateway={"max_body_bytes": 1024})), tin


def test_an_answer_in_error_goes_through_as_it_is_and_is_not_asked_for_again(gateway, replica) -> None:
    first, second = replica(), replica()
    refusal = {"error": {"message": "too long", "type": "invalid_request_error", "param": None, "code": "x"}}
    for each in (first, second):
        each.act = lambda exchange: exchange.answer(429, refusal, retry_after="7")
    answer = gateway(configuration(first, second)).chat()
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (429, refusal, "7")
    assert first.count + second.count == 1


def test_a_stream_goes_through_chunk_by_chunk_as_it_comes(gateway, replica) -> None:
    tin = replica()
    front = gateway(configuration(tin))

    def act(exchange: Exchange) -> None:
        exchange.stream()
        # Each piece leaves only when the client has the one before: a gateway that holds one back waits for ever.
        for piece in PIECES:
            exchange.chunk(piece)
            assert received.acquire(timeout=60)
        exchange.chunk(b"data: [DONE]\n\n")
        exchange.connection.sendall(b"0\r\n\r\n")

    import threading

    received = threading.Semaphore(0)
    umlaut = "data: Grüße\n\n".encode()
    PIECES = (b"data: one\n\n", b": a comment\n\n", b"data: t", b"wo\n", b"\n", umlaut[:9], umlaut[9:])  # noqa: N806
    tin.act = act
    got = []
    with front.client.stream("POST", CHAT, json=body(stream=True)) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        for piece in answer.iter_raw():
            got.append(piece)
            received.release()
    assert got == [*PIECES, b"data: [DONE]\n\n"]


def test_a_session_stays_with_its_replica_and_its_record_is_asked_for_there(gateway, replica) -> None:
    three = [replica() for _ in range(3)]
    front = gateway(configuration(*three))
    homes = {}
    for turn in range(3):
        for session in ("a", "b", "c", "d", "e", "f"):
            served = front.chat(headers={"X-Session-ID": session}).headers["x-served-by"]
            assert homes.setdefault(session, served) == served, turn
    assert len(set(homes.values())) > 1
    for session, home in homes.items():
        answer = front.client.get(f"/sessions/{session}", params={"model": MODEL})
        assert answer.headers["x-served-by"] == home


def test_what_waits_goes_by_priority_and_what_does_not_fit_is_refused(gateway, replica) -> None:
    import threading

    tin = replica()
    free = threading.Semaphore(0)

    def act(exchange: Exchange) -> None:
        assert free.acquire(timeout=60)
        exchange.answer()

    tin.act = act
    front = gateway(configuration(tin, upstream={"concurrent": 1}, queue={"length": 2}))
    threads = []

    def send(name: str, priority: str) -> None:
        headers = {"X-Priority": priority, "X-Request-ID": name}
        thread = threading.Thread(
            target=lambda: httpx.post(front.url + CHAT, json=body(), headers=headers, timeout=60, trust_env=False)
        )
        thread.start()
        threads.append(thread)

    send("first", "normal")
    order = [tin.seen.get(timeout=60).headers["x-request-id"]]
    send("low", "low")
    until(lambda: front.figure("gateway_queue_length", service="tin") == 1, "one waits")
    send("high", "high")
    until(lambda: front.figure("gateway_queue_length", service="tin") == 2, "two wait")
    refused = front.chat(headers={"X-Priority": "low"})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["error"]["code"] == "queue_full"
    for _ in range(2):
        free.release()
        order.append(tin.seen.get(timeout=60).headers["x-request-id"])
    free.release()
    for thread in threads:
        thread.join(60)
    assert order == ["first", "high", "low"]
    assert front.moved("gateway_refused_total", reason="queue_full") == 1
    assert front.moved("gateway_queue_wait_seconds_count", service="tin") == 3


def test_neither_keys_nor_prompts_nor_session_names_are_in_logs_metrics_or_health(gateway, gateways, replica) -> None:
    tin = replica()
    front = gateway(configuration(tin, gateway={"log_level": "DEBUG"}), "--access-log")
    secret = {"Authorization": "Bearer sk-secret-1", "X-Session-ID": "sess-secret-2"}
    front.chat(text="prompt-secret-3", headers=secret)
    front.chat(model="model-secret-4", headers=secret)
    front.client.get("/sessions/sess-secret-2", params={"model": MODEL})
    shown = front.client.get("/metrics").text + json.dumps(front.get("/health")) + json.dumps(front.get("/services"))
    front.stop()
    del gateways["--access-log",]
    lines = front.log.read_text(encoding="utf-8").splitlines()
    requests = [line for line in map(json.loads, lines) if line["event"] == "request"]
    assert [(each["service"], each["status"], each["replica"]) for each in requests] == [
        ("tin", 200, tin.name), ("-", 404, ""), ("tin", 200, tin.name)
    ]  # fmt: skip
    own = [line for line in lines if json.loads(line)["logger"] != "uvicorn.access"]
    assert "secret" not in shown + "".join(own)


def test_a_port_that_is_taken_ends_with_3(tmp_path) -> None:
    from signoff.reference_services.gateway.__main__ import main

    with socket.create_server((HOST, 0)) as taken:
        assert main([f"--host={HOST}", f"--port={taken.getsockname()[1]}"]) == 3
