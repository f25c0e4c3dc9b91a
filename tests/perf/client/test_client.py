import asyncio
import socket
import threading
import time

import pytest

from signoff.perf.client.client import Client, send
from signoff.perf.client.exchange import Exchange, latencies_ms, outcomes
from signoff.perf.errors import PlanInvalid, Unresolved

BODY = {"prompt": "hello"}
PATIENCE_S = 60.0
"""The time-out of what answers: a busy machine may take long."""

FAILURES = [
    ("/reset", False, "reset"),
    ("/nothing", False, "reset"),
    ("/silence", False, "timeout"),
    ("/http_503", False, "http_503"),
    ("/http_429", True, "http_429"),
    ("/no_such_path", False, "http_404"),
    ("/in_band_error", True, "stream_error"),
    ("/event_error", True, "stream_error"),
    ("/truncated_stream", True, "truncated"),
    ("/truncated_body", False, "truncated"),
    ("/half_head", False, "truncated"),
    ("/stream_without_end", True, "truncated"),
    ("/stream_without_text", True, "empty"),
    ("/empty", False, "empty"),
    ("/empty", True, "empty"),
    ("/no_text", False, "empty"),
    ("/no_choices", False, "malformed"),
    ("/no_choices", True, "malformed"),
    ("/not_json", False, "malformed"),
    ("/html", False, "malformed"),
    ("/html", True, "malformed"),
    ("/not_http", False, "malformed"),
    ("/endless_head", False, "malformed"),
    ("/whole_for_stream", True, "malformed"),
    ("/redirect", False, "redirect"),
    ("/stall", True, "timeout"),
]


@pytest.mark.parametrize(("path", "stream", "outcome"), FAILURES)
def test_each_shape_of_failure_is_named_and_charged_at_the_time_out(server, path, stream, outcome):
    timeout_s = 0.6 if outcome == "timeout" else PATIENCE_S
    exchange = send(server.url(path), BODY, stream=stream, timeout_s=timeout_s)
    assert exchange.outcome == outcome
    assert not exchange.ok
    assert exchange.error
    assert latencies_ms([exchange], timeout_s * 1e3) == [timeout_s * 1e3]


def test_a_refused_connection_is_a_record():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        exchange = send(f"http://127.0.0.1:{unused.getsockname()[1]}/", BODY)
    assert (exchange.outcome, exchange.sent_ns, exchange.status) == ("refused", None, None)


def test_a_stall_in_the_middle_keeps_what_came_before_it(server):
    exchange = send(server.url("/stall"), BODY, stream=True, timeout_s=3)
    assert exchange.outcome == "timeout"
    assert exchange.first_token_ns is not None
    assert exchange.finished_ns - exchange.intended_ns == 3_000_000_000


def test_a_completion_is_read_with_its_text_and_counts(server):
    exchange = send(server.url("/whole"), BODY)
    assert (exchange.outcome, exchange.status, exchange.text) == ("ok", 200, "hello")
    assert (exchange.prompt_tokens, exchange.completion_tokens) == (7, 3)
    assert exchange.first_token_ns is None
    assert exchange.intended_ns <= exchange.sent_ns <= exchange.first_byte_ns <= exchange.finished_ns


@pytest.mark.parametrize("path", ["/continue", "/closing"])
def test_interim_responses_and_closing_connections_are_no_failures(server, path):
    assert send(server.url(path), BODY).text == "hello"


def test_a_stream_that_ends_with_its_connection_is_whole(server):
    assert send(server.url("/until_close"), BODY, stream=True).text == "Grüße an 東京 🎉"


def test_a_stream_is_the_same_wherever_the_network_splits_it(server):
    async def every_offset() -> list[Exchange]:
        found: list[Exchange] = []
        async with Client(server.url("/"), keep_text=True) as client:
            for start in range(1, 700, 50):
                calls = (client.post(BODY, stream=True, path=f"/split?{at}") for at in range(start, start + 50))
                found += await asyncio.gather(*calls)
        return found

    for at, exchange in enumerate(every := asyncio.run(every_offset()), 1):
        assert (exchange.outcome, exchange.text) == ("ok", "Grüße an 東京 🎉"), at
        assert len(exchange.token_ns) == 3, at
    assert len(every) == 700


def test_no_token_arrives_before_the_server_wrote_it(server):
    async def many() -> list[Exchange]:
        async with Client(server.url("/stream"), timeout_s=20) as client:
            return await asyncio.gather(*(client.post({"prompt": f"truth {n}"}, stream=True) for n in range(20)))

    exchanges = asyncio.run(many())
    truth = server.truth()
    errors_ms = []
    for number, exchange in enumerate(exchanges):
        known = truth[f"truth {number}"]
        assert exchange.outcome == "ok"
        assert exchange.sent_ns <= known["read_ns"]
        assert len(exchange.token_ns) == len(known["writes"]) == 5
        assert all(seen >= wrote for seen, wrote in zip(exchange.token_ns, known["writes"], strict=True))
        assert list(exchange.token_ns) == sorted(exchange.token_ns)
        assert exchange.completion_tokens == 5
        errors_ms.append((exchange.first_token_ns - known["writes"][0]) / 1e6)
    assert sorted(errors_ms)[len(errors_ms) // 2] < 250  # a loose bound: the machine may be busy


def test_the_kernel_stamps_what_arrives_even_if_the_client_reads_it_late(server):
    def has_answered() -> bool:
        return bool(server.truth().get("late", {}).get("writes"))

    async def late() -> tuple[Exchange, int]:
        async with Client(server.url("/whole"), timeout_s=PATIENCE_S) as client:
            await client.post(BODY)
            call = asyncio.ensure_future(client.post({"prompt": "late"}))
            await asyncio.sleep(0.002)
            # The client is made late on purpose: nothing else runs in its loop.
            while not has_answered():
                time.sleep(0.01)  # noqa: ASYNC251
            time.sleep(0.4)  # noqa: ASYNC251
            return await call, time.monotonic_ns()

    exchange, read_ns = asyncio.run(late())
    if exchange.stamps == "user":
        pytest.skip("this kernel does not stamp packets")
    assert exchange.receive_lag_ns > 200_000_000
    wrote_ns = server.truth()["late"]["writes"][0]
    assert wrote_ns <= exchange.finished_ns < read_ns - 200_000_000


def test_a_connection_is_used_again_until_it_lay_idle_too_long(server):
    async def two(idle_s: float, pause_s: float) -> list[Exchange]:
        async with Client(server.url("/whole"), idle_s=idle_s) as client:
            first = await client.post({"prompt": f"reuse 1 of {idle_s}"})
            await asyncio.sleep(pause_s)
            return [first, await client.post({"prompt": f"reuse 2 of {idle_s}"})]

    for idle_s, pause_s, is_new in ((PATIENCE_S, 0.0, False), (0.1, 0.5, True)):
        exchanges = asyncio.run(two(idle_s, pause_s))
        truth = server.truth()
        first, second = (truth[f"reuse {number} of {idle_s}"]["connection"] for number in (1, 2))
        assert (first != second) is is_new
        assert [each.connect_ns > 0 for each in exchanges] == [True, is_new]


def test_a_bearer_key_and_other_headers_are_sent(server):
    send(server.url("/whole"), {"prompt": "secret"}, headers={"Authorization": "Bearer k"})
    assert server.truth()["secret"]["authorization"] == "Bearer k"


def test_tls_is_spoken_and_stamped_like_plain_text(tls_server, certificate):
    async def both() -> list[Exchange]:
        async with Client(tls_server.url("/stream"), ca_file=str(certificate), keep_text=True) as client:
            return [await client.post(BODY, stream=True), await client.post(BODY, path="/whole")]

    exchanges = asyncio.run(both())
    assert [each.text for each in exchanges] == ["word " * 5, "hello"]
    plain = send(tls_server.url("/whole"), BODY, verify_tls=False)
    assert plain.text == "hello"


def test_an_untrusted_certificate_and_a_plain_server_are_tls_failures(tls_server):
    assert send(tls_server.url("/whole"), BODY).outcome == "tls"
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def refuse() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(4096)

        thread = threading.Thread(target=refuse)
        thread.start()
        assert send(f"https://127.0.0.1:{plain.getsockname()[1]}/", BODY, timeout_s=20).outcome == "tls"
        thread.join()


def test_ending_the_client_leaves_a_record_of_what_was_under_way(server):
    async def leave() -> list[Exchange]:
        seen: list[Exchange] = []
        async with Client(server.url("/silence")) as client:
            client.submit(b"{}", seen.append)
            await asyncio.sleep(0.05)
        return seen

    assert outcomes(asyncio.run(leave())) == {"interrupted": 1}


@pytest.mark.parametrize("url", ["ftp://host/", "127.0.0.1:80", "http://", "http://h:99999/", "http://h/a b"])
def test_a_url_that_is_none_is_refused_with_what_to_give(url):
    with pytest.raises(PlanInvalid):
        Client(url)


@pytest.mark.parametrize("header", [{"a b": "c"}, {"a": "b\r\nc: d"}, {"Content-Length": "3"}, {"a": "é"}])
def test_a_header_that_would_break_the_request_is_refused(header):
    with pytest.raises(PlanInvalid):
        Client("http://127.0.0.1/", headers=header)


def test_an_unknown_host_is_said_before_anything_is_sent():
    with pytest.raises(Unresolved, match=r"no-such-host\.invalid"):
        send("http://no-such-host.invalid/", BODY)


def test_a_record_reads_back_as_the_same_exchange(server):
    exchange = send(server.url("/stream"), BODY, stream=True)
    assert Exchange.from_record(exchange.as_record()) == exchange
    with pytest.raises(ValueError, match="outcome"):
        Exchange.from_record({key: value for key, value in exchange.as_record().items() if key != "outcome"})


def ask(url, stream, enough=None, timeout_s=5.0):
    async def one():
        async with Client(url, keep_replies=True, timeout_s=timeout_s) as client:
            return await client.ask(b'{"prompt": "hello"}', stream=stream, enough=enough)

    return asyncio.run(one())


def test_a_reply_is_to_be_had_as_it_came_with_the_stamps_of_its_pieces(server):
    reply = ask(server.url("/stream"), stream=True)
    assert (reply.status, reply.failure) == (200, "")
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.body.endswith(b"data: [DONE]\n\n")
    stamps = [stamp for stamp, _ in reply.pieces]
    assert stamps == sorted(stamps)
    assert stamps[-1] <= reply.finished_ns


@pytest.mark.parametrize(
    ("path", "status", "failure"),
    [
        ("/http_503", 503, ""),
        ("/redirect", 307, ""),
        ("/truncated_stream", 200, "truncated"),
        ("/silence", None, "timeout"),
    ],
)
def test_a_reply_fails_only_where_it_is_not_whole(server, path, status, failure):
    reply = ask(server.url(path), stream=True, timeout_s=0.6 if failure == "timeout" else PATIENCE_S)
    assert reply.status == status
    assert reply.failure.startswith(failure)
    assert bool(reply.failure) == bool(failure)


def test_a_caller_who_has_enough_of_a_stream_closes_it(server):
    reply = ask(server.url("/stall"), stream=True, enough=lambda pieces: True)
    assert reply.failure.startswith("interrupted")
    assert b"[DONE]" not in reply.body
    assert reply.pieces
