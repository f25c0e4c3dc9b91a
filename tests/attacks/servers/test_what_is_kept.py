"""What a run keeps of a server's answers is bounded, one by one and all together."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.errors import NotRun
from signoff.acceptance.measuring import generation, streamed
from signoff.acceptance.measuring.conversing import converse
from signoff.acceptance.measuring.site import LARGE_BYTES, MAX_BODY_BYTES, MAX_KEPT_CHARACTERS, MOST_LARGE_BYTES, Site
from signoff.acceptance.profile import PROFILES
from signoff.coherence.sender import MAX_REPLY_CHARACTERS
from signoff.perf.client.client import Client
from signoff.perf.errors import PlanInvalid
from tests.acceptance.conftest import as_json, serve
from tests.attacks.servers.hostile_server import AS, serving

__all__ = ["serve"]


@pytest.fixture
def site_at(tmp_path: Path) -> Callable[[str], Site]:
    return lambda url: Site(deployments.from_target(url), PROFILES["quick"], tmp_path / "run", (), timeout_s=20)


@pytest.fixture(scope="module")
def server():
    with serving("sound") as url:
        yield url


def test_large_answers_are_kept_until_there_is_no_room_and_then_nothing_more_is_asked(serve, site_at):
    site = site_at(serve(lambda *_: (200, "text/plain", b"x" * (MAX_BODY_BYTES - 1))))
    kept: list[int] = []

    def ask() -> None:
        kept.extend(len(site.ask("GET", "/large")["text"]) for _ in range(1000))

    with pytest.raises(NotRun, match="more than 24 MiB together"):
        ask()
    assert sum(kept) <= MOST_LARGE_BYTES
    assert set(kept) == {MAX_KEPT_CHARACTERS}


def test_small_answers_are_not_counted(serve, site_at):
    site = site_at(serve(lambda *_: (200, "text/plain", b"x" * LARGE_BYTES)))
    for _ in range(500):
        assert site.ask("GET", "/small")["status"] == 200


def test_a_longer_body_is_an_error_of_the_server(serve, site_at):
    site = site_at(serve(lambda *_: (200, "text/plain", b"x" * (MAX_BODY_BYTES + 1))))
    assert "longer than" in site.ask("GET", "/")["error"]


@pytest.mark.parametrize("mode", ["endless_stream", "endless_event_lines", "one_byte_event_chunks", "noise"])
def test_many_streams_at_once_share_what_is_kept(server, site_at, mode):
    site = site_at(server)
    request = {"method": "POST", "path": f"{AS}{mode}/v1/chat/completions"}
    records = streamed.at_once(site, [{"stream": True}] * 64, request=request)
    assert all(record["error"] for record in records if mode != "noise")
    assert sum(len(json.dumps(record)) for record in records) < 64 * 2**20
    assert max(len(record["events"]) for record in records) <= 2000


def test_who_leaves_a_stream_after_some_events_has_no_failure(server, site_at):
    record = streamed.stream(site_at(server), {"stream": True}, leave_after=2)
    assert (record["status"], record["error"]) == (200, "")
    request = {"method": "POST", "path": f"{AS}endless_stream/v1/chat/completions"}
    record = streamed.stream(site_at(server), {"stream": True}, request=request, leave_after=2)
    assert (record["left"], record["error"]) == (True, "")


def test_json_that_cannot_be_kept_is_none(serve, site_at):
    for text in ("[" * 5000, '{"a": NaN}', '{"a": 1e999}', '{"a": ' + "9" * 5000 + "}"):
        site = site_at(serve(lambda *_, text=text: (200, "application/json", text.encode())))
        assert site.ask("GET", "/")["json"] is None


def test_a_model_of_a_name_that_is_none_is_none(serve, site_at):
    for name in ("x" * 10_000, 7, None, ["a"]):
        site = site_at(serve(lambda *_, name=name: as_json({"data": [{"id": name}]})))
        assert generation.served_model(site) is None
    surrogate = site_at(serve(lambda *_: (200, "application/json", b'{"data": [{"id": "a\\ud800"}]}')))
    assert generation.served_model(surrogate) == "a\ufffd"


def test_a_reply_that_is_far_longer_than_asked_for_is_an_error(serve, site_at):
    long = {"choices": [{"message": {"content": "word " * MAX_REPLY_CHARACTERS}}]}
    site = site_at(serve(lambda *_: as_json(long)))
    reply = converse(site, lambda send: send("Hello.", None))
    assert (reply.text, reply.status) == ("", 200)
    assert "characters" in reply.error


def test_every_request_asks_for_identity_whatever_a_document_asks_for(tmp_path):
    """A document may show `Accept-Encoding: gzip`; what encodes an answer is the client's to say."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

        thread = threading.Thread(target=answer)
        thread.start()
        site = Site(
            deployments.from_target(f"http://127.0.0.1:{listening.getsockname()[1]}"),
            PROFILES["quick"],
            tmp_path / "run",
            (),
        )
        request = {"method": "POST", "path": "/", "headers": {"Accept-Encoding": "gzip, br"}, "body": {}}
        assert site.send(request)["status"] == 200
        assert streamed.stream(site, {"stream": True}, request=request)["status"] == 200
        thread.join()
    assert [each.lower().count(b"accept-encoding: identity\r\n") for each in asked] == [1, 1]
    assert not any(b"gzip" in each for each in asked)
    with pytest.raises(PlanInvalid, match="the client's own"):
        Client("http://127.0.0.1:1/", headers={"accept-encoding": "gzip"})
