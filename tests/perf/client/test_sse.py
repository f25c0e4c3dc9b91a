from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from signoff.perf.client.sse import Event, EventReader

STREAM = (
    "\ufeffdata: first\r\n\r\n: a comment\n\nevent: error\ndata: Grüße\ndata: an 東京\n\nid: 7\nretry: 10\ndata:🎉\r\r"
    "event: nothing\n\ndata\n\ndata: [DONE]\n\n"
).encode()
EVENTS = [
    Event("first"),
    Event("Grüße\nan 東京", "error"),
    Event("🎉"),
    Event(""),
    Event("[DONE]"),
]


def read(pieces: list[bytes]) -> list[Event]:
    reader = EventReader()
    return [event for piece in pieces for event in reader.feed(piece)]


def test_events_are_the_same_wherever_the_stream_is_split_in_two():
    for at in range(len(STREAM) + 1):
        assert read([STREAM[:at], STREAM[at:]]) == EVENTS, at


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_events_are_the_same_however_often_the_stream_is_split(places):
    cuts = [0, *sorted(places), len(STREAM)]
    assert read([STREAM[a:b] for a, b in pairwise(cuts)]) == EVENTS


def test_events_are_the_same_byte_by_byte():
    assert read([bytes([byte]) for byte in STREAM]) == EVENTS


@given(st.lists(st.text().filter(lambda text: "\r" not in text and "\n" not in text), max_size=8))
def test_what_is_written_as_events_is_read_as_events(texts):
    stream = "".join(f"data: {text}\n\n" for text in texts).encode("utf-8", "replace")
    assert read([stream]) == [Event(text.encode("utf-8", "replace").decode()) for text in texts]


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_are_read_without_an_error_and_alike_in_two_pieces(data, at):
    assert read([data]) == read([data[:at], data[at:]])


def test_an_event_without_its_empty_line_is_only_a_rest():
    reader = EventReader()
    assert reader.feed(b"data: [DONE]") == []
    assert reader.rest() == "[DONE]"
    assert reader.rest() == ""
