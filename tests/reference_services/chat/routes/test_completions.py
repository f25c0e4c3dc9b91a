from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.reference_services.gateway_process import until


def events(answer: httpx.Response) -> list[Any]:
    """The data of each event; framing is checked byte by byte."""
    assert answer.headers["content-type"].startswith("text/event-stream")
    *found, rest = answer.content.split(b"\n\n")
    assert rest == b""
    assert all(each.startswith(b"data: ") and b"\n" not in each for each in found)
    return [each if each == b"data: [DONE]" else json.loads(each.removeprefix(b"data: ")) for each in found]


def test_a_stream_has_one_id_the_role_first_one_finish_reason_and_done_last(hermes) -> None:
    *chunks, done = events(hermes.chat("Tell me about maps.", stream=True))
    assert done == b"data: [DONE]"
    assert len({(chunk["id"], chunk["created"], chunk["model"], chunk["object"]) for chunk in chunks}) == 1
    assert chunks[0]["object"] == "chat.completion.chunk"
    assert ["role" in chunk["choices"][0]["delta"] for chunk in chunks] == [True] + [False] * (len(chunks) - 1)
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
    assert reasons[-1] in {"stop", "length"}
    assert set(reasons[:-1]) == {None}
    assert all("usage" not in chunk for chunk in chunks)


def test_usage_comes_in_a_stream_only_when_asked_once_and_without_a_choice(hermes) -> None:
    *chunks, _ = events(hermes.chat("Hi", stream=True, stream_options={"include_usage": True}, max_tokens=7))
    usages = [chunk["usage"] for chunk in chunks]
    assert usages[:-1] == [None] * (len(chunks) - 1)
    assert chunks[-1]["choices"] == []
    assert usages[-1] == hermes.chat("Hi", max_tokens=7).json()["usage"]
    assert usages[-1]["total_tokens"] == usages[-1]["prompt_tokens"] + usages[-1]["completion_tokens"]


@pytest.mark.parametrize("stop", [None, "e", ["ing", " the"]])
def test_the_parts_of_a_stream_are_the_whole_answer(hermes, stop: object) -> None:
    *chunks, _ = events(hermes.chat("Tell me about bells.", stream=True, stop=stop))
    streamed = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert streamed == hermes.say("Tell me about bells.", stop=stop)


@pytest.mark.parametrize(
    "said", ["日本語 and 한국어", "👩‍👩‍👧 family, e\u0301", 'data: [DONE]\n\n"x"', "a\u2028b\u2029c\u0085d"]
)
def test_any_character_comes_back_as_it_was(hermes, said: str) -> None:
    messages = [
        {"role": "user", "content": said},
        {"role": "assistant", "content": "ok"},
        {"role": "user", "content": "What did I just say?"},
    ]
    *chunks, _ = events(hermes.chat(messages, stream=True))
    streamed = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert said in streamed
    assert "\ufffd" not in streamed
    assert said in hermes.say(messages)


def test_a_text_completion_answers_in_its_own_shape(hermes) -> None:
    body = {"prompt": "The lamp is in the cellar. Where is the lamp?", "max_tokens": 20}
    whole = hermes.client.post("/v1/completions", json=body).json()
    assert whole["object"] == "text_completion"
    assert "cellar" in whole["choices"][0]["text"]
    *chunks, _ = events(hermes.client.post("/v1/completions", json={**body, "stream": True}))
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == whole["choices"][0]["text"]


def test_max_tokens_is_exact_and_named_as_the_reason(hermes) -> None:
    for limit in (1, 2, 19):
        answer = hermes.chat("Go on.", max_tokens=limit).json()
        assert answer["choices"][0]["finish_reason"] == "length"
        assert answer["usage"]["completion_tokens"] == limit
    newer = hermes.chat("Go on.", max_tokens=19, max_completion_tokens=3).json()
    assert newer["usage"]["completion_tokens"] == 3


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b"[1]", 400, "invalid_json"),
        (b'{"a": "\xff"}', 400, "invalid_json"),
        (b"[" * 100_000, 400, "invalid_json"),
        (b"", 400, "invalid_json"),
        (b"x" * (9 << 20), 413, "body_too_large"),
    ],
)
def test_a_body_that_is_no_request_is_refused_in_the_error_shape(
    hermes, content: bytes, status: int, code: str
) -> None:
    answer = hermes.client.post("/v1/chat/completions", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "x"}, "messages"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"n": 17}, "n"),
        ({"tools": []}, "tools"),
        ({"logprobs": 3}, "logprobs"),
        ({"stream_options": {}}, None),
        ({"stop": ["x"] * 17}, "stop"),
        ({"min_tokens": 65}, None),
        ({"messages": [{"role": "tool"}]}, "messages"),
        ({"messages": [{"role": "user", "content": None}]}, "messages"),
    ],
)
def test_a_field_that_is_not_right_is_refused_by_its_name(hermes, fields: dict[str, Any], param: str | None) -> None:
    body = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 64, **fields}
    answer = hermes.client.post("/v1/chat/completions", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error["param"] or "").split(".")[0] == (param or "")


def test_a_lone_surrogate_is_refused_and_the_service_goes_on(hermes) -> None:
    content = b'{"messages": [{"role": "user", "content": "\\ud800"}]}'
    assert (
        hermes.client.post(
            "/v1/chat/completions", content=content, headers={"Content-Type": "application/json"}
        ).status_code
        == 400
    )
    assert hermes.say("Hello")


def test_the_model_may_be_left_out_but_not_be_another(hermes) -> None:
    assert hermes.chat("x", model="hermes-2").status_code == 200
    assert hermes.chat("x", model="teknium/OpenHermes-2-Mistral-7B").json()["model"] == "hermes-2"
    answer = hermes.chat("x", model="gpt-4")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_without_the_header_nothing_is_remembered_or_kept(hermes) -> None:
    before = hermes.get("/metrics/sessions")
    hermes.say("The parrot is called Columbus.")
    assert "Columbus" not in hermes.say("What is the name of the parrot?")
    assert hermes.get("/metrics/sessions") == before


def padded(hermes, tokens: int) -> str:
    """A message whose prompt has this many tokens."""
    text = "Read this." + " and" * (tokens - 11)
    count = hermes.client.post("/tokenize", json={"messages": [{"role": "user", "content": text}]}).json()["count"]
    assert count == tokens
    return text


def test_the_context_is_8192_tokens_to_the_token(hermes) -> None:
    assert hermes.chat(padded(hermes, 8191), max_tokens=1).json()["usage"]["total_tokens"] == 8192
    full = hermes.client.post(
        "/v1/chat/completions", json={"messages": [{"role": "user", "content": padded(hermes, 8192)}]}
    ).json()
    assert full["usage"] == {"prompt_tokens": 8192, "completion_tokens": 0, "total_tokens": 8192}
    assert full["choices"][0]["finish_reason"] == "length"
    clipped = hermes.client.post(
        "/v1/chat/completions",
        json={"messages": [{"role": "user", "content": padded(hermes, 8189)}], "ignore_eos": True},
    ).json()
    assert clipped["usage"]["completion_tokens"] == 3


def test_what_is_far_too_long_is_refused_uncounted_but_for_history_that_a_session_leaves_out(hermes) -> None:
    far = "wordword " * 40_000
    new = {"role": "user", "content": "Hello."}
    history = [{"role": "user", "content": far}, {"role": "assistant", "content": "Yes."}, new]
    for path, body in (
        ("/v1/chat/completions", {"messages": history}),
        ("/v1/completions", {"prompt": far}),
        ("/tokenize", {"prompt": far}),
        ("/tokenize", {"messages": history}),
    ):
        error = hermes.client.post(path, json=body).json()["error"]
        assert (error["code"], error["param"]) == ("context_length_exceeded", next(iter(body)))
        assert "The context length is 8192 tokens" in error["message"]
        assert "at least 40" in error["message"]
    answer = hermes.client.post(
        "/v1/chat/completions", json={"messages": history, "max_tokens": 4}, headers={"X-Session-ID": "far"}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(("tokens", "limit"), [(8192, 1), (8191, 2), (8000, 193), (8193, None), (12000, 1)])
def test_one_token_more_is_refused_with_the_numbers(hermes, tokens: int, limit: int | None) -> None:
    body: dict[str, Any] = {"messages": [{"role": "user", "content": padded(hermes, tokens)}]}
    answer = hermes.client.post(
        "/v1/chat/completions", json={**body, **({} if limit is None else {"max_tokens": limit})}
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "context_length_exceeded")
    assert "8192" in error["message"]
    assert str(tokens) in error["message"]


def hang_up(hermes, **fields: Any) -> None:
    """Send a long generation and leave after the first bytes, or at once where it does not stream."""
    parts = urlsplit(hermes.url)
    asked = {"messages": [{"role": "user", "content": "x"}], "ignore_eos": True, "max_tokens": 4000, **fields}
    body = json.dumps(asked).encode()
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        lines = ("POST /v1/chat/completions HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json")
        more = (f"Content-Length: {len(body)}", "X-Session-ID: left")
        connection.sendall("\r\n".join([*lines, *more, "", ""]).encode() + body)
        if fields.get("stream"):
            assert b"200" in connection.recv(64)
        else:
            until(
                lambda: hermes.metrics()['vllm:num_requests_running{"model_name": "hermes-2"}'] > 0, "it is under way"
            )


@pytest.mark.parametrize("stream", [True, False])
def test_when_the_client_leaves_the_work_stops_and_leaves_no_turn(start, stream: bool) -> None:
    hermes = start(pace=(0, 5))
    hang_up(hermes, stream=stream)
    cancelled = 'hermes_2_requests_total{"endpoint": "/v1/chat/completions", "outcome": "cancelled"}'
    until(lambda: hermes.metrics()[cancelled], "it is cancelled")
    seen = hermes.metrics()
    assert seen[cancelled] == 1
    assert seen['vllm:request_success_total{"finished_reason": "abort", "model_name": "hermes-2"}'] == 1
    assert seen['vllm:num_requests_running{"model_name": "hermes-2"}'] == 0
    generated = 'vllm:generation_tokens_total{"model_name": "hermes-2"}'
    assert seen[generated] < 4000
    assert hermes.metrics()[generated] == seen[generated]
    assert hermes.client.get("/sessions/left").status_code == 404
    assert hermes.say("Hello again", "left", max_tokens=2)
