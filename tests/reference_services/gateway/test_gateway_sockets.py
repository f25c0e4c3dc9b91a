"""WebSockets and GraphQL through the gateway: what one side says, the other one gets, and ends are told."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.frames import CloseCode, Frame, Opcode
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import Server, ServerConnection, serve

from signoff.reference_services.gateway.sockets.frames import Frames, TooLong, close_frame
from tests.reference_services.gateway_process import HOST, Exchange, Gateway, configuration, until

PATH = "/tin/socket"
Act = Callable[[ServerConnection], None]


@pytest.fixture
def service() -> Iterator[Callable[[Act], str]]:
    """Starts services that do with a socket what a test says; gives their addresses."""
    running: list[Server] = []

    def one(act: Act, **options: Any) -> str:
        server = serve(act, HOST, 0, process_request=_health, ping_interval=None, max_size=None, **options)
        running.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://{HOST}:{server.socket.getsockname()[1]}"

    yield one
    for each in running:
        each.shutdown()


def _health(connection: ServerConnection, request: Any) -> Any:
    if request.path == "/health":
        return connection.respond(200, "well")
    return connection.respond(403, "not here") if request.path == "/refused" else None


def relayed(*urls: str, **more: Any) -> dict[str, Any]:
    configured = configuration(*urls, **more)
    configured["services"]["tin"]["paths"] = {PATH: "/socket", "/tin/refused": "/refused", "/tin/graphql/": "/graphql/"}
    return configured


def opened(front: Gateway, path: str = PATH, **options: Any) -> ClientConnection:
    return connect("ws" + front.url.removeprefix("http") + path, proxy=None, ping_interval=None, **options)


def echo(connection: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        for message in connection:
            connection.send(message)


def test_messages_of_all_kinds_and_lengths_go_both_ways(gateway, service) -> None:
    front = gateway(relayed(service(echo)))
    with opened(front, f"{PATH}?a=1", subprotocols=None, max_size=None) as there:
        for message in ("Grüße 🙂", b"\x00\xff", "", "x" * 100_000, b"y" * 2_000_000):
            there.send(message)
            assert there.recv(timeout=60) == message
        there.send(["in ", "three ", "frames"])
        assert there.recv(timeout=60) == "in three frames"
        until(lambda: front.replicas()[0]["sockets"] == 1, "it is counted")
        # A socket that waits for its next question holds no slot.
        assert front.replicas()[0]["outstanding"] == 0
    until(lambda: front.replicas()[0]["sockets"] == 0, "it is gone")


def test_pings_are_answered_by_the_service_itself(gateway, service) -> None:
    seen: list[Frame] = []

    def act(connection: ServerConnection) -> None:
        inner = connection.protocol.recv_frame

        def watched(frame: Frame) -> None:
            seen.append(frame)
            inner(frame)

        connection.protocol.recv_frame = watched  # type: ignore[method-assign]
        connection.send("go")
        echo(connection)

    front = gateway(relayed(service(act)))
    with opened(front) as there:
        assert there.recv(timeout=60) == "go"
        assert there.ping(b"are you there").wait(60)
    assert (seen[0].opcode, bytes(seen[0].data)) == (Opcode.PING, b"are you there")


@pytest.mark.parametrize("who", ["client", "service"])
def test_close_codes_and_reasons_are_passed_on(gateway, service, who: str) -> None:
    ended: list[tuple[int, str]] = []

    def act(connection: ServerConnection) -> None:
        connection.send("go")
        if who == "service":
            connection.close(4321, "enough")
            return
        with contextlib.suppress(ConnectionClosed):
            connection.recv(timeout=60)
        ended.append((connection.close_code, connection.close_reason))

    front = gateway(relayed(service(act)))
    with opened(front) as there:
        there.recv(timeout=60)
        if who == "client":
            there.close(4321, "enough")
        else:
            with pytest.raises(ConnectionClosed):
                there.recv(timeout=60)
            ended.append((there.close_code, there.close_reason))
    until(lambda: ended, "the end is heard of")
    assert ended == [(4321, "enough")]


def test_a_service_that_is_cut_off_is_told_to_the_client_as_a_bad_gateway(gateway, service) -> None:
    def act(connection: ServerConnection) -> None:
        connection.send("one")
        connection.socket.shutdown(socket.SHUT_RDWR)

    front = gateway(relayed(service(act)))
    with opened(front) as there:
        assert there.recv(timeout=60) == "one"
        with pytest.raises(ConnectionClosedError):
            there.recv(timeout=60)
        assert (there.close_code, there.close_reason) == (1014, "The service broke off.")
    until(lambda: front.moved("gateway_upstream_errors_total", kind="cut") == 1, "it is counted")


def test_a_client_that_is_gone_is_seen_by_the_service(gateway, service) -> None:
    left = threading.Event()

    def act(connection: ServerConnection) -> None:
        connection.send("go")
        with contextlib.suppress(ConnectionClosed):
            connection.recv(timeout=60)
        left.set()

    front = gateway(relayed(service(act)))
    with opened(front) as there:
        assert there.recv(timeout=60) == "go"
        there.socket.shutdown(socket.SHUT_RDWR)
        assert left.wait(60)


def test_whoever_reads_slowly_holds_the_other_side_back(gateway, service) -> None:
    """More is sent than buffers of any kind hold: were the gateway to take it all in, the sender would be done."""
    piece, pieces = b"z" * 2**20, 256
    sent = 0
    done = threading.Event()

    def act(connection: ServerConnection) -> None:
        nonlocal sent
        with contextlib.suppress(ConnectionClosed):
            for _ in range(pieces):
                connection.send(piece)
                sent += 1
        done.set()

    front = gateway(relayed(service(act, compression=None)))
    with opened(front, max_size=None, max_queue=1, compression=None) as there:
        assert there.recv(timeout=60) == piece
        last = -1
        while sent != last:
            last = sent
            assert not done.wait(0.5)
        assert sent < pieces
        for _ in range(pieces - 1):
            assert there.recv(timeout=60) == piece
        assert done.wait(60)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nowhere", 404), ("/v1/chat/stream", 400), ("/v1/chat/stream?model=gold-1", 404), ("/tin/refused", 403)],
)
def test_a_socket_that_leads_nowhere_is_answered_with_a_status(gateway, service, path: str, status: int) -> None:
    front = gateway(relayed(service(echo)))
    with pytest.raises(InvalidStatus) as caught:
        opened(front, path)
    assert caught.value.response.status_code == status


def test_a_handshake_goes_to_another_replica_where_one_is_gone_and_is_503_where_all_are(
    gateway, service, replica
) -> None:
    gone = replica()
    front = gateway(relayed(service(echo), gone.url, probes={"interval_seconds": 3600, "timeout_seconds": 5}))
    gone.stop()
    for _ in range(3):
        with opened(front) as there:
            there.send("hello")
            assert there.recv(timeout=60) == "hello"
    assert front.moved("gateway_retries_total", service="tin") >= 1
    alone = replica()
    front = gateway(relayed(alone.url, probes={"interval_seconds": 3600, "timeout_seconds": 5}))
    alone.stop()
    with pytest.raises(InvalidStatus) as caught:
        opened(front)
    assert caught.value.response.status_code == 503
    assert int(caught.value.response.headers["retry-after"]) >= 1
    assert json.loads(caught.value.response.body)["error"]["code"] == "service_unavailable"


def test_keys_rates_lengths_and_numbers_of_sockets_are_limited(gateway, service, tmp_path) -> None:
    key = "sk-socket-1234"
    (tmp_path / "keys.txt").write_text(key, encoding="utf-8")
    limits = {"max_sockets": 1, "max_body_bytes": 1000}
    configured = relayed(service(echo), gateway=limits)
    front = gateway({**configured, "security": {"api_key_file": str(tmp_path / "keys.txt")}}, key=key)
    with pytest.raises(InvalidStatus) as caught:
        opened(front)
    assert caught.value.response.status_code == 401
    assert front.moved("gateway_refused_total", reason="key") == 1
    headers = {"Authorization": f"Bearer {key}"}
    with opened(front, additional_headers=headers, compression=None) as there:
        there.send("hello")
        assert there.recv(timeout=60) == "hello"
        with pytest.raises(InvalidStatus) as caught:
            opened(front, additional_headers=headers)
        assert caught.value.response.status_code == 503
        there.send(["x" * 600, "x" * 600])
        with pytest.raises(ConnectionClosed):
            there.recv(timeout=60)
        assert there.close_code == 1009
    security = {"api_key_file": str(tmp_path / "keys.txt"), "rate_limit": "3/hour"}
    applied = front.figure("gateway_config_reloads_total", result="applied")
    front.write({**configured, "security": security})
    until(lambda: front.figure("gateway_config_reloads_total", result="applied") == applied + 1, "it is applied")
    with opened(front, additional_headers=headers) as there:
        for number in range(3):
            there.send(str(number))
            assert there.recv(timeout=60) == str(number)
        there.send("one too many")
        with pytest.raises(ConnectionClosed):
            there.recv(timeout=60)
        assert there.close_code == 1008
        assert "More than 3 requests" in there.close_reason


def test_the_end_of_the_gateway_ends_sockets_with_a_code(service, tmp_path) -> None:
    front = Gateway(tmp_path / "gateway.yaml", relayed(service(echo)))
    with opened(front) as there:
        there.send("hello")
        assert there.recv(timeout=60) == "hello"
        assert front.stop() == 0
        with pytest.raises(ConnectionClosed):
            there.recv(timeout=60)
        assert there.close_code == 1012


def test_a_chat_service_streams_over_a_socket_by_its_model_and_answers_graphql(gateway, start) -> None:
    running = start()
    configured = relayed(running.url)
    configured["services"]["tin"]["models"] = ["hermes-2"]
    configured["services"]["tin"]["paths"] |= {"/hermes/graphql": "/graphql"}
    front = gateway(configured)
    with opened(front, "/v1/chat/stream?model=hermes-2", additional_headers={"X-Session-ID": "s-1"}) as there:
        there.send(json.dumps({"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}))
        text = ""
        while (message := there.recv(timeout=60)) != "[DONE]":
            text += json.loads(message)["choices"][0]["delta"].get("content", "")
        assert text
    assert front.client.get("/sessions/s-1?model=hermes-2").status_code == 200
    query = {"query": "{ models { id } }"}
    direct = httpx.post(running.url + "/graphql", json=query, trust_env=False)
    for path in ("/graphql?model=hermes-2", "/hermes/graphql"):
        answer = front.client.post(path, json=query)
        assert (answer.status_code, answer.json()) == (200, direct.json())
    assert front.client.post("/graphql", json=query).status_code == 400
    assert front.client.post("/graphql?model=gold-1", json=query).status_code == 404


def test_a_configured_path_goes_to_its_service_with_all_that_is_below_it_and_nothing_beside_it(
    gateway, replica
) -> None:
    tin = replica()
    front = gateway(relayed(tin.url))
    for method, path, target in (
        ("GET", "/tin/graphql/a%20b/c?d=e", "/graphql/a%20b/c?d=e"),
        ("PATCH", "/tin/socket", "/socket"),
    ):
        assert front.client.request(method, path).status_code == 200
        seen: Exchange = tin.seen.get(timeout=60)
        assert (seen.method, seen.target) == (method, target)
    for path in ("/tin/graphql", "/tin/sockets", "/tin/socket/", "/tin/graphql/%2e%2e/metrics", "/tin/graphql//x"):
        assert front.client.get(path).status_code == 404
    assert front.client.put("/v1/chat/completions").status_code == 405
    assert tin.count == 2


CONTROLS = st.tuples(st.sampled_from([Opcode.PING, Opcode.PONG]), st.integers(0, 125))
DATA = st.tuples(
    st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT]),
    st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536]) | st.integers(0, 300),
)


@settings(max_examples=50, deadline=None)
@given(
    frames=st.lists(st.tuples(CONTROLS | DATA, st.booleans()), max_size=6),
    step=st.integers(1, 20) | st.integers(1000, 50_000),
)
def test_frames_are_found_however_their_bytes_are_cut(frames: list[tuple[tuple[Opcode, int], bool]], step: int) -> None:
    made = [Frame(kind, b"x" * length).serialize(mask=mask, extensions=None) for (kind, length), mask in frames]
    whole = b"".join(made)
    ends = {sum(len(each) for each in made[:number]) for number in range(len(made) + 1)}
    found, begun = Frames(), 0
    for at in range(0, len(whole), step):
        begun += found.feed(whole[at : at + step])
        assert found.is_between == (min(at + step, len(whole)) in ends)
    assert begun == sum(kind in (Opcode.TEXT, Opcode.BINARY) for (kind, _), _ in frames)
    assert not found.is_closing
    found.feed(close_frame(CloseCode.NORMAL_CLOSURE, "enough"))
    assert found.is_closing
    assert found.is_between


def test_a_message_is_measured_over_all_its_frames() -> None:
    first = Frame(Opcode.TEXT, b"x" * 6, fin=False).serialize(mask=True, extensions=None)
    more = Frame(Opcode.CONT, b"x" * 6, fin=True).serialize(mask=True, extensions=None)
    assert Frames(12).feed(first + more) == 1
    with pytest.raises(TooLong):
        Frames(11).feed(first + more)
