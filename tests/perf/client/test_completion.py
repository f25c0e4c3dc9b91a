import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.perf.client.completion import read_stream, read_whole
from tests.perf.client.streams import event_by_event


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


WORDS = st.text(min_size=0, max_size=6) | st.sampled_from(['"', "\\", "\n", "a\u2028b", " ", "é", "\ud800", 'x","y":"'])


def line_of(content, **more):
    """A chunk as servers write it: compact or not, with text as it is or escaped."""
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": None}
    return {"id": "c", "choices": [choice], **more}


@given(st.lists(WORDS, min_size=1, max_size=12), st.booleans(), st.booleans(), st.integers(1, 60))
def test_a_stream_reads_the_same_decoded_chunk_by_chunk_or_by_what_its_chunks_have_in_common(
    words, ascii_only, compact, step
):
    separators = (",", ":") if compact else (", ", ": ")
    chunks = [line_of(word) for word in words] + [line_of("", usage={"prompt_tokens": 3, "completion_tokens": 4})]
    lines = [json.dumps(each, ensure_ascii=ascii_only, separators=separators) for each in chunks]
    whole = "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode("utf-8", "surrogatepass")
    pieces = [(at, whole[at : at + step]) for at in range(0, len(whole), step)]
    assert read_stream(pieces) == event_by_event(pieces)


@pytest.mark.parametrize(
    "other", ['{"choices": [{"delta": {"content": "b"}}], "error": "late"}', "{}", "[DONE]", "{", "7"]
)
def test_a_chunk_unlike_the_others_is_not_read_as_one_of_them(other):
    lines = [json.dumps(line_of("a")), json.dumps(line_of("b")), json.dumps(line_of("c")), other, "[DONE]"]
    pieces = [(1, "".join(f"data: {line}\n\n" for line in lines).encode())]
    assert read_stream(pieces) == event_by_event(pieces)


def test_most_chunks_of_a_stream_are_not_decoded(monkeypatch):
    decoded = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda text: decoded.append(text) or loads(text))
    lines = [json.dumps(line_of(f" w{number}")) for number in range(200)]
    found = read_stream([(1, "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode())])
    assert found.text == "".join(f" w{number}" for number in range(200))
    assert len(found.token_ns) == 200
    assert len(decoded) < 6
