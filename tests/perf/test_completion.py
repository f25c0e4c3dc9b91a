import json

import pytest

from perf.completion import read_stream, read_whole


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{}", "malformed"),
        (b"[]", "malformed"),
        (b"null", "malformed"),
        (b'"ok"', "malformed"),
        (b'{"choices": []}', "malformed"),
        (b'{"choices": "yes"}', "malformed"),
        (b'{"choices": [7]}', "malformed"),
        (b'{"choices": [{}]}', "empty"),
        (b'{"choices": [{"message": {"content": ""}}]}', "empty"),
        (b'{"choices": [{"message": {"content": null}}]}', "empty"),
        (b'{"choices": [{"text": 5}]}', "empty"),
        (b"<html></html>", "malformed"),
        (b'{"error": {"message": "no"}}', "malformed"),
        (b"\xff\xfe", "malformed"),
    ],
)
def test_a_body_without_a_completion_is_not_ok(body, outcome):
    assert read_whole(body).outcome == outcome


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"content": "hi"}},
        {"text": "hi"},
        {"message": {"content": None, "reasoning_content": "hi"}},
        {"message": {"tool_calls": [{"function": {"name": "h", "arguments": "i"}}]}},
    ],
)
def test_text_is_found_in_chat_plain_reasoning_and_tool_replies(choice):
    found = read_whole(json.dumps({"choices": [choice], "usage": {"completion_tokens": 2}}).encode())
    assert (found.outcome, found.text, found.completion_tokens, found.prompt_tokens) == ("ok", "hi", 2, None)


def test_a_piece_of_content_carries_the_stamp_of_the_bytes_that_completed_it():
    first, second = b'data: {"choices": [{"text": "a"}]}\n', b'\ndata: {"choices": [{"text": "b"}]}\n\ndata: [DONE]\n\n'
    found = read_stream([(100, first), (200, second)])
    assert (found.outcome, found.text, found.token_ns) == ("ok", "ab", (200, 200))
    role = b'data: {"choices": [{"delta": {"role": "assistant", "content": ""}}]}\n\n'
    assert read_stream([(50, role), (100, first), (200, second)]).token_ns == (200, 200)


@pytest.mark.parametrize(
    ("stream", "outcome"),
    [
        (b"", "empty"),
        (b"hello", "malformed"),
        (b"data: {\n\n", "malformed"),
        (b'data: {"choices": [{"text": "a"}]}\n\n', "truncated"),
        (b'data: {"choices": [{"text": "a"}]}\n\ndata: {"choices": [{"te', "truncated"),
        (b'data: {"choices": [{"text": "a", "finish_reason": "stop"}]}\n\n', "ok"),
        (b'data: {"choices": [{"text": "a"}]}\n\ndata: [DONE]', "ok"),
        (b"data: [DONE]\n\n", "empty"),
        (b'data: {"choices": [{"text": "a"}]}\n\ndata: {"error": "boom"}\n\ndata: [DONE]\n\n', "stream_error"),
        (b'data: {"object": "error", "message": "boom"}\n\ndata: [DONE]\n\n', "stream_error"),
    ],
)
def test_a_stream_is_judged_by_how_it_ends(stream, outcome):
    assert read_stream([(1, stream)]).outcome == outcome
