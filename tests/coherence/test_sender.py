"""What goes over the wire in one turn, and what counts as a reply."""

from __future__ import annotations

import asyncio

from signoff.coherence.sender import RATE_TRIES, ChatSender, Page, Reply
from tests.coherence.chat_server import Serve


def ask(url: str, text: str = "Hello there.", session: str | None = "s-1", timeout_s: float = 10.0) -> Reply:
    async def run() -> Reply:
        async with ChatSender(url, {"Authorization": "Bearer k"}, timeout_s) as send:
            return await send(text, session)

    return asyncio.run(run())


def read(url: str, path: str) -> Page:
    async def run() -> Page:
        async with ChatSender(url) as service:
            return await service.get(path)

    return asyncio.run(run())


def test_a_turn_carries_the_new_message_alone_with_session_and_key(serve: Serve) -> None:
    server = serve("parrot")
    reply = ask(server.url + "/")
    ((path, headers, body),) = server.requests
    assert path == "/v1/chat/completions"
    assert headers["X-Session-ID"] == "s-1"
    assert headers["Authorization"] == "Bearer k"
    assert body == {
        "messages": [{"role": "user", "content": "Hello there."}],
        "max_tokens": 64,
        "temperature": 0,
        "stream": False,
    }
    assert (reply.text, reply.status, reply.error, reply.prompt_tokens) == ("Hello there.", 200, "", 5)


def test_without_a_session_no_session_header_is_sent(serve: Serve) -> None:
    server = serve()
    ask(server.url, session=None)
    assert "X-Session-ID" not in server.requests[0][1]


def test_a_model_name_is_sent_where_one_is_given(serve: Serve) -> None:
    server = serve()

    async def run() -> None:
        async with ChatSender(server.url, model="m") as send:
            await send("Hello.", None)

    asyncio.run(run())
    assert server.requests[0][2]["model"] == "m"


def test_an_empty_object_is_an_error_and_no_reply(serve: Serve) -> None:
    reply = ask(serve("empty").url)
    assert (reply.text, reply.status) == ("", 200)
    assert "choices[0].message.content" in reply.error


def test_a_redirect_is_an_error_and_not_followed(serve: Serve) -> None:
    server = serve("redirects")
    reply = ask(server.url)
    assert reply.error.startswith("HTTP 307")
    assert len(server.requests) == 1


def test_a_turn_that_is_refused_for_the_rate_is_sent_again(serve: Serve) -> None:
    server = serve("busy")
    assert ask(server.url).error == ""
    assert len(server.requests) == 3


def test_a_server_that_refuses_every_turn_for_the_rate_is_an_error(serve: Serve) -> None:
    server = serve("always_busy")
    assert ask(server.url).error.startswith("HTTP 429")
    assert len(server.requests) == RATE_TRIES + 1


def test_an_endless_body_is_cut_off(serve: Serve) -> None:
    assert "longer than" in ask(serve("huge").url).error


def test_a_late_answer_is_an_error(serve: Serve) -> None:
    reply = ask(serve("slow").url, timeout_s=0.1)
    assert (reply.status, reply.error) == (None, "no answer within 0.1 s")


def test_nobody_listening_is_an_error() -> None:
    reply = ask("http://127.0.0.1:9")
    assert reply.status is None
    assert reply.error.startswith("ConnectError")


def test_a_page_that_is_no_json_has_no_json(serve: Serve) -> None:
    server = serve()
    assert read(server.url, "/metrics/text").json() is None
    assert read(server.url, "/sessions/nobody").status == 404
