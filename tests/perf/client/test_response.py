from itertools import pairwise

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.perf.client.response import UNPARSED_BYTES, Response

EVENTS = [
    "data: Grüße\n\n".encode(),
    b"data: one\r\n\r\ndata: two\r\n\r\n",
    "data: 東京 🎉\n\n".encode(),
    b"data: [DONE]\n\n",
]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
WHOLE = HEAD + b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in EVENTS) + b"0\r\n\r\n"


def fed(pieces: list[bytes]) -> Response:
    response = Response()
    for stamp, piece in enumerate(pieces):
        assert not response.complete
        response.feed(memoryview(piece), stamp)
    return response


@given(st.lists(st.integers(1, len(WHOLE) - 1), max_size=30, unique=True))
def test_a_chunked_body_is_whole_with_its_last_byte_wherever_it_was_split(places):
    cuts = [0, *sorted(places), len(WHOLE)]
    response = fed([WHOLE[a:b] for a, b in pairwise(cuts)])
    assert response.complete
    assert response.reusable
    assert response.body == b"".join(EVENTS)
    stamps = [stamp for stamp, _ in response.pieces]
    assert stamps == sorted(stamps)


def test_each_piece_carries_the_stamp_of_the_read_that_brought_it():
    chunks = [b"%x\r\n%s\r\n" % (len(each), each) for each in EVENTS]
    response = fed([HEAD, *chunks, b"0\r\n\r\n"])
    assert response.pieces == list(enumerate(EVENTS, 1))


def test_a_long_stream_is_not_kept_unparsed():
    piece = b"1000\r\n%s\r\n" % (b"x" * 0x1000)
    response = fed([HEAD, *[piece] * 40])
    assert len(response.body) > UNPARSED_BYTES
    assert not response.complete


def test_what_is_no_chunk_is_said_when_it_is_parsed():
    response = fed([HEAD, b"this is no chunk of a body"])
    with pytest.raises(httptools.HttpParserError):
        response.catch_up()
