"""Bad JSON and bad streams are values or one kind of error, wherever they are cut, and soon."""

from __future__ import annotations

import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.coherence.session_endpoints import figures
from signoff.perf.client import server_json
from signoff.perf.client.bounds import AnswerTooLong, Room, most_events
from signoff.perf.client.completion import StreamReader, read_stream, read_whole
from signoff.perf.client.sse import EventReader
from tests.perf.client.streams import event_by_event

HANG_S = 20.0
NO_JSON = (
    "[" * 100_000,
    "[" * 101 + "]" * 101,
    '{"a":' * 100_000 + "1" + "}" * 100_000,
    "[" + "[]," * 300_000 + "[]]",
    "9" * 5000,
    "1" * 301,
    "NaN",
    "[-Infinity]",
    "1e999",
    '{"a": 1',
    "",
    "\x00",
    '"\x01"',
)
NO_METRICS = ("a " + "1" * 1_000_000 + "x", "a{" + "} 1 " * 200_000 + "x", "a 1" + " " * 1_000_000 + "x")
NAMES = (
    "choices delta message content text usage error object finish_reason tool_calls function name arguments "
    "prompt_tokens completion_tokens role"
).split()
LEAVES = st.sampled_from([None, True, False, 1, -1, 1.5, "", "x", 'a"b', "\ud800", "é", 10**50, "error", "stop"])
VALUES = st.recursive(
    LEAVES | st.just({"choices": [{"delta": {"content": "a"}, "finish_reason": None}]}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)
LINES = st.builds(lambda value, plain: f"data: {json.dumps(value, ensure_ascii=plain)}", VALUES, st.booleans())
ODD = st.sampled_from(["data: [DONE]", ": comment", "event: error\ndata: x", "data:{}", "data: {"])
SEPARATORS = st.sampled_from(["\n\n", "\n\n", "\n\n", "\r\n\r\n", "\n", "\n\n\n"])


@st.composite
def streams(draw) -> list[tuple[int, bytes]]:
    lines = draw(st.lists(LINES | ODD, max_size=6))
    lines += draw(st.sampled_from([[], lines[-1:], ["data: [DONE]"]]))
    raw = draw(SEPARATORS).join([*lines, ""]).encode("utf-8", "surrogatepass")
    cuts = sorted(draw(st.lists(st.integers(0, len(raw)), max_size=5)))
    return [(at, raw[a:b]) for at, (a, b) in enumerate(zip([0, *cuts], [*cuts, len(raw)], strict=True), 1)]


@given(streams(), st.integers(1, 4))
def test_a_stream_of_anything_reads_the_same_at_once_event_by_event_and_piece_by_piece(pieces, step):
    found = event_by_event(pieces)
    assert read_stream(pieces) == found
    reader = StreamReader()
    for at in range(0, len(pieces), step):
        reader.feed(pieces[at : at + step])
    assert reader.end() == found


@given(VALUES)
def test_a_body_of_any_json_is_read_without_an_error(value):
    assert read_whole(json.dumps(value).encode()).outcome in ("ok", "malformed", "empty")


@given(st.binary(max_size=200))
def test_a_body_of_any_bytes_is_read_without_an_error(body):
    assert read_whole(body).outcome in ("ok", "malformed", "empty")


@pytest.mark.parametrize("text", NO_JSON)
def test_json_that_is_none_or_too_much_is_a_value_error_and_nothing_else(text):
    began = time.monotonic()
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own messages, or ours
        server_json.loads(text)
    assert server_json.found(text) is None
    assert time.monotonic() - began < HANG_S


@pytest.mark.parametrize("value", [None, 1, "x", [[]], {"a": {"b": [1.5, True]}}, json.loads("[" * 100 + "]" * 100)])
def test_sound_json_is_what_it_is(value):
    assert server_json.loads(json.dumps(value)) == value


@given(st.text(alphabet=["\\", "u", "d", "D", "8", "c", "0", '"', "\ud83d", "\ude00", "x"], max_size=20))
def test_no_lone_surrogate_comes_out_and_nothing_else_changes(text):
    found = server_json.loads(json.dumps(text))
    assert found == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    found.encode()


@given(VALUES)
def test_what_comes_out_can_be_written_as_json_again(value):
    found = server_json.found(json.dumps(value))
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_stream_with_more_events_than_tokens_were_asked_for_has_no_end():
    event = b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n'
    for plain in (True, False):
        reader = StreamReader(most_events=100, plain=plain)
        reader.feed([(1, event * 90)])
        with pytest.raises(AnswerTooLong, match="more than 100 events"):
            reader.feed([(2, event * 20)])
        assert reader.end().outcome == "malformed"
    assert most_events([{"max_tokens": 50}]) == 1024
    assert most_events([{"max_tokens": 1000, "n": 2}, {"max_completion_tokens": 10}]) == 16_000
    assert most_events([{"max_tokens": 50}, {}]) == 65_536


def test_an_event_of_a_million_pieces_is_given_up_and_not_copied_a_million_times():
    reader = EventReader()
    began = time.monotonic()

    def feed() -> None:
        for _ in range(600_000):
            reader.feed(b"ab")

    with pytest.raises(AnswerTooLong, match="no event within"):
        feed()
    assert time.monotonic() - began < HANG_S


def test_a_room_is_shared_and_what_is_given_back_is_there_again():
    room = Room(2**20)
    room.take(2**20)
    with pytest.raises(AnswerTooLong, match="more than 1 MiB together"):
        room.take(1)
    room.take(-(2**20))
    room.take(1)


@pytest.mark.parametrize("line", NO_METRICS)
def test_a_line_of_metrics_that_matches_nothing_is_soon_left(line):
    began = time.monotonic()
    assert not any(map(math.isnan, figures(line, None).values()))
    assert time.monotonic() - began < HANG_S
