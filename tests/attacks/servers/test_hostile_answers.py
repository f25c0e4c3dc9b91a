"""Whatever a server sends, each request ends in time with a record, and no answer takes more than its share."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from signoff.perf.client.bounds import ROOM_BYTES
from signoff.perf.client.client import Client, send
from signoff.perf.client.exchange import Exchange
from signoff.perf.client.fetch import fetch
from signoff.perf.client.reply import Reply
from signoff.perf.load.load import LoadPlan, run_load
from tests.attacks.servers.hostile_server import AS, CHAT, MODES, serving

ROOT = Path(__file__).resolve().parents[3]
TIMEOUT_S = 3.0
HANG_S = 60.0
BESIDE = 8
GOOD = {"sound", "just_deep", "long_usage", "nan", "surrogates"}
"""Modes whose answers are completions all the same: what is odd in them stands beside the text."""
GOOD_AS_STREAMS = GOOD | {"duplicate_keys", "wrong_types", "invalid_utf8"}
ENDING = GOOD_AS_STREAMS | {"encoded"}
"""Modes of which a test asks what came in the end."""
BODY = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving("sound") as url:
        yield url


Answers = dict[str, tuple[Exchange, Exchange, Reply]]


@pytest.fixture(scope="module")
def answers(server: str) -> Answers:
    """A completion, a stream and a page of each mode."""
    gate = asyncio.Semaphore(BESIDE)

    async def one(mode: str) -> tuple[Exchange, Exchange, Reply]:
        url = f"{server}{AS}{mode}"
        # A time-out ends the answers that do not end by themselves; the others are late where floods take the machine.
        timeout_s = HANG_S if mode in ENDING else TIMEOUT_S
        async with (
            gate,
            Client(url + CHAT, timeout_s=timeout_s) as chat,
            Client(url + "/metrics", timeout_s=timeout_s, keep_replies=True) as page,
        ):
            return await asyncio.gather(chat.post(BODY), chat.post(BODY, stream=True), page.ask(method="GET"))

    async def every() -> Answers:
        async with asyncio.timeout(3 * HANG_S):
            return dict(zip(MODES, await asyncio.gather(*map(one, MODES)), strict=True))

    return asyncio.run(every())


@pytest.mark.parametrize("mode", sorted(MODES))
def test_each_request_ends_in_time_with_a_record_that_says_what_went_wrong(answers, mode):
    whole, stream, page = answers[mode]
    assert whole.ok == (mode in GOOD)
    assert stream.ok == (mode in GOOD_AS_STREAMS)
    for each in (whole, stream):
        assert each.ok or each.error or each.status == 999
        assert each.outcome not in ("interrupted", "client_error")
        assert Exchange.from_record(json.loads(json.dumps(each.as_record()))) == each
    assert page.failure or page.status is not None


@pytest.mark.parametrize("mode", ["big_body", "one_byte_chunks", "endless_trailers", "endless_stream"])
def test_many_bad_answers_at_once_share_one_room(server, mode):
    url = f"{server}{AS}{mode}{CHAT}"
    command = [sys.executable, "-m", "tests.attacks.servers.many_at_once", url, "12", str(HANG_S)]
    found = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    assert found["outcomes"] == {"malformed": 12}
    assert found["grown_bytes"] < 2 * ROOM_BYTES


@pytest.mark.parametrize("mode", ["deep_json", "one_byte_chunks", "close_at", "endless_digits", "upgrade"])
def test_one_bad_answer_in_five_costs_one_request_in_five(mode):
    with serving(mode, "chat", every=5) as url:
        plan = LoadPlan(url + CHAT, BODY, rate_per_second=20, duration_s=1, timeout_s=HANG_S, stream=True)
        outcomes = run_load(plan).outcomes()
    assert outcomes["ok"] == 16
    assert sum(outcomes.values()) == 20
    assert not set(outcomes) & {"interrupted", "client_error"}


@pytest.mark.parametrize("mode", ["close_at", "reset_at"])
def test_an_answer_may_end_after_any_byte(mode):
    """The first closes after no byte, the next after one, and so on up to the last."""

    async def all_of_them(url: str) -> list[Exchange]:
        async with Client(url + CHAT, timeout_s=HANG_S) as client:
            return [await client.post(BODY, stream=stream) for _ in range(450) for stream in (True, False)]

    with serving(mode) as url:
        found = {each.outcome for each in asyncio.run(all_of_them(url))}
    assert found <= {"reset", "truncated", "empty", "malformed"}


def test_what_is_encoded_is_refused_with_its_reason(answers, server):
    whole, stream, page = answers["encoded"]
    assert whole.error == stream.error == "the body is encoded (gzip), and identity was asked for"
    assert (page.failure, page.body) == (f"malformed: {whole.error}", b"")


def test_an_answer_of_any_status_is_a_whole_reply_to_a_request_of_any_method(server):
    for method in ("GET", "HEAD", "OPTIONS", "POST"):
        began = time.monotonic()
        reply = fetch(f"{server}/nowhere", method=method, timeout_s=HANG_S)
        assert (reply.status, reply.failure) == (404, "")
        assert time.monotonic() - began < HANG_S


@pytest.mark.parametrize("stream", [True, False])
def test_no_more_text_is_kept_than_a_conversation_can_carry(stream):
    """Journeys keep what a server said, to send it along with the next turn."""
    text = "word " * 2000
    event = b'data: {"choices": [{"delta": {"content": "%s"}}]}\n\n' % text.encode()
    whole = json.dumps({"choices": [{"message": {"content": text * 200}}]}).encode()
    body = event * 200 + b"data: [DONE]\n\n" if stream else whole
    kind = b"text/event-stream" if stream else b"application/json"
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n" % (kind, len(body))
                )
                connection.sendall(body)

        thread = threading.Thread(target=answer)
        thread.start()
        found = send(f"http://127.0.0.1:{listening.getsockname()[1]}/", BODY, stream=stream, timeout_s=HANG_S)
        thread.join()
    assert (found.outcome, found.error) == ("malformed", "a text of more than 1048576 characters")
