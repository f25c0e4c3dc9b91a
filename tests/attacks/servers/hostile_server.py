"""A server that looks like an OpenAI server and answers chosen requests in a hostile way.

`python -m tests.attacks.servers.hostile_server MODE --route chat --every 1 --after 0` prints its port and serves until
its standard input ends. `MODES` says what each mode does. Every hostile answer is bounded by `MOST_BYTES`
and `--lasts`.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import itertools
import json
import os
import socket
import struct
import sys
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from subprocess import PIPE, Popen
from typing import Any

MOST_BYTES = 1_100_000_000
PIECE = 64 * 1024
MEGABYTE = 1_000_000
ROUTES = ("chat", "metrics", "health", "models", "all")
CHAT = "/v1/chat/completions"
MODEL = "owl"
GOOD_S = 0.1
"""How long a good completion takes: beside it a client on a busy machine is not late."""
AS = "/as/"
EVENTS, JSON, TEXT = "text/event-stream", "application/json", "text/plain"


@dataclass
class Request:
    """What came, and how the server is to misbehave."""

    method: str
    path: str
    body: dict[str, Any]
    lasts_s: float
    number: int = 0

    @property
    def stream(self) -> bool:
        return self.body.get("stream") is True

    @property
    def kind(self) -> str:
        return EVENTS if self.stream else TEXT if self.path == "/metrics" else JSON


@dataclass
class Pipe:
    """A connection that takes bytes until the client goes, the time is up or enough was sent."""

    writer: asyncio.StreamWriter
    ends: float
    sent: int = 0
    parts: list[int] = field(default_factory=list)

    async def send(self, data: bytes) -> None:
        self.sent += len(data)
        if self.sent > MOST_BYTES or time.monotonic() > self.ends:
            raise ConnectionError("enough")
        self.writer.write(data)
        await self.writer.drain()

    async def repeat(self, data: bytes, total: int | None = None) -> None:
        """The same again and again, in large pieces; for ever where there is no total."""
        piece = data * max(1, PIECE // len(data))
        sent = 0
        while total is None or sent < total:
            await self.send(piece)
            sent += len(piece)

    async def drip(self, data: bytes, every_s: float) -> None:
        for byte in data:
            await self.send(bytes([byte]))
            await asyncio.sleep(every_s)

    def reset(self) -> None:
        """Close with RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Mode = Callable[[Pipe, Request], Awaitable[None]]
MODES: dict[str, tuple[str, Mode]] = {}


def mode(what: str) -> Callable[[Mode], Mode]:
    """Register a mode under its function's name."""

    def register(function: Mode) -> Mode:
        MODES[function.__name__] = (what, function)
        return function

    return register


def head(request: Request, *lines: str, status: str = "200 OK", kind: str = "") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"content-type: {kind or request.kind}", *lines, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def whole(text: str = "A lighthouse.", **more: Any) -> bytes:
    return json.dumps({**completion("message", text), **more}).encode()


def completion(part: str, text: str) -> dict[str, Any]:
    return {
        "id": "c-1",
        "object": "chat.completion",
        "model": MODEL,
        "choices": [{"index": 0, part: {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
    }


def event(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "c-1", "choices": [choice]}).encode() + b"\n\n"


def metrics(ended: int) -> bytes:
    return (
        f'vllm:num_requests_running{{engine="0"}} 0\nvllm:num_requests_waiting{{engine="0"}} 0\n'
        f'vllm:request_success_total{{finished_reason="stop"}} {ended}\n'
    ).encode()


CHUNKED = "transfer-encoding: chunked"


async def of_body(pipe: Pipe, request: Request, *, before: bytes = b"", again: bytes, total: int | None = None) -> None:
    """A chunked body: something, and then the same in chunks for ever."""
    await pipe.send(head(request, CHUNKED) + (chunk(before) if before else b""))
    await pipe.repeat(chunk(again * max(1, 4096 // len(again))), total)


# bodies and heads without end


@mode("a body of 1 GB with its length")
async def big_body(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, f"content-length: {1000 * MEGABYTE}"))
    await pipe.repeat(b"a" * PIECE, 1000 * MEGABYTE)


@mode("a body without end, in chunks")
async def endless_body(pipe: Pipe, request: Request) -> None:
    await of_body(pipe, request, again=b"[[1,2,3],")


@mode("a body without length and without end")
async def endless_unframed(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, "connection: close"))
    await pipe.repeat(b'{"a": 1}, ')


@mode("a stream of good events without end")
async def endless_stream(pipe: Pipe, request: Request) -> None:
    await of_body(pipe, request, again=event("word "))


@mode("a stream of events without text, without end")
async def endless_empty_events(pipe: Pipe, request: Request) -> None:
    await of_body(pipe, request, again=b'data: {"choices": []}\n\n')


@mode("comments of a stream without end")
async def endless_comments(pipe: Pipe, request: Request) -> None:
    await of_body(pipe, request, again=b":\n")


@mode("an event of a stream without end, one line")
async def endless_event(pipe: Pipe, request: Request) -> None:
    await of_body(pipe, request, before=b"data: ", again=b"x" * 1000)


@mode("an event of a stream without end, of many lines")
async def endless_event_lines(pipe: Pipe, request: Request) -> None:
    await of_body(pipe, request, again=b"data: x\n")


@mode("a head of lines without end")
async def endless_head(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request)[:-2])
    await pipe.repeat(b"x-more: and more\r\n")


@mode("one header without end")
async def endless_header(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request)[:-2] + b"x-more: ")
    await pipe.repeat(b"a" * 1000)


@mode("a million headers, and then a good answer")
async def many_headers(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request)[:-2])
    for number in range(0, 1_000_000, 1000):
        await pipe.send(b"".join(b"x-%d: a\r\n" % each for each in range(number, number + 1000)))
    await pipe.send(framed(whole()))


@mode("a status line without end")
async def endless_status_line(pipe: Pipe, request: Request) -> None:
    await pipe.send(b"HTTP/1.1 200 ")
    await pipe.repeat(b"O" * 1000)


@mode("endless 100 Continue")
async def informational(pipe: Pipe, request: Request) -> None:
    await pipe.repeat(b"HTTP/1.1 100 Continue\r\n\r\n")


@mode("endless 102 Processing, one each 50 ms")
async def slow_informational(pipe: Pipe, request: Request) -> None:
    while True:
        await pipe.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        await asyncio.sleep(0.05)


@mode("a chunk that never ends")
async def endless_chunk(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, CHUNKED) + b"7fffffffffffffff\r\n")
    await pipe.repeat(b"a" * 1000)


@mode("a chunk size of too many digits")
async def endless_chunk_size(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, CHUNKED))
    await pipe.repeat(b"0" * 1000)


@mode("an extension of a chunk without end")
async def endless_extension(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, CHUNKED) + b"5;x=")
    await pipe.repeat(b"a" * 1000)


@mode("trailers without end")
async def endless_trailers(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, CHUNKED) + chunk(good_body(request)) + b"0\r\n")
    await pipe.repeat(b"x-more: and more\r\n")


@mode("64 MiB of chunks of one byte")
async def one_byte_chunks(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, CHUNKED))
    await pipe.repeat(b"1\r\na\r\n", 6 * 64 * 2**20)
    await pipe.send(b"0\r\n\r\n")


@mode("64 MiB of chunks of one byte that hold events")
async def one_byte_event_chunks(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, CHUNKED))
    await pipe.repeat(b"".join(b"1\r\n%c\r\n" % each for each in event("word ")), 6 * 64 * 2**20)
    await pipe.send(chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")


@mode("endless events of one letter, one byte per packet")
async def tiny_packets(pipe: Pipe, request: Request) -> None:
    pipe.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await pipe.send(head(request, CHUNKED))
    for byte in itertools.cycle(chunk(event("w"))):
        await pipe.send(bytes([byte]))
        await asyncio.sleep(0)


# what compresses


def bombed(encoding: str, squeeze: Callable[[bytes], bytes]) -> Mode:
    async def send(pipe: Pipe, request: Request) -> None:
        body = squeeze(encoding.encode())
        await pipe.send(head(request, f"content-encoding: {encoding}", f"content-length: {len(body)}") + body)

    return send


def _zeros(window: int, megabytes: int) -> bytes:
    """So much zeros, made of one piece again and again; without a check sum, which would come after all of it."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, window)
    begin = squeezer.compress(b"\0") + squeezer.flush(zlib.Z_FULL_FLUSH)
    piece = squeezer.compress(b"\0" * 10 * MEGABYTE) + squeezer.flush(zlib.Z_FULL_FLUSH)
    return begin + piece * (megabytes // 10)


_KEPT: dict[str, bytes] = {}


def _once(name: str, make: Callable[[], bytes]) -> bytes:
    if name not in _KEPT:
        _KEPT[name] = make()
    return _KEPT[name]


_BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: _zeros(31, 6000),
    "gzip, gzip": lambda: gzip.compress(_zeros(31, 60_000)),
    "deflate": lambda: _zeros(15, 6000),
    "br": lambda: b"\xcb\xff\xff\x07\x00" * 2000,
    "zstd": lambda: b"\x28\xb5\x2f\xfd\x04\x00" + b"\x02\x00\x10\x00" * 4000,
}
for _name in _BOMBS:
    MODES[_name.replace(", ", "_of_") + "_bomb"] = (
        f"a bomb: content-encoding {_name}",
        bombed(_name, lambda encoding: _once(encoding.decode(), _BOMBS[encoding.decode()])),
    )


@mode("a good answer, encoded with gzip though identity was asked for")
async def encoded(pipe: Pipe, request: Request) -> None:
    body = gzip.compress(good_body(request))
    await pipe.send(head(request, "content-encoding: gzip", f"content-length: {len(body)}") + body)


# what does not parse


async def answer(pipe: Pipe, request: Request, body: bytes, in_event: bytes | None = None) -> None:
    """A whole body, or the same within an event where a stream was asked for."""
    if request.stream:
        data = b"data: " + (body if in_event is None else in_event) + b"\n\n"
        await pipe.send(head(request, CHUNKED) + chunk(event("so ")))
        for at in range(0, len(data), PIECE):
            await pipe.send(chunk(data[at : at + PIECE]))
        await pipe.send(chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
    else:
        await pipe.send(head(request, f"content-length: {len(body)}"))
        for at in range(0, len(body), PIECE):
            await pipe.send(body[at : at + PIECE])


def with_choice(member: str, part: str) -> bytes:
    choice = f'{{"index": 0, "{part}": {{"content": "x"}}, "finish_reason": "stop"}}'
    return f'{{"choices": [{choice}], {member}}}'.encode()


def json_mode(name: str, what: str, member: Callable[[], str]) -> None:
    """A completion with one more member that is bad JSON, or too much of it."""

    async def send(pipe: Pipe, request: Request) -> None:
        await answer(pipe, request, with_choice(member(), "message"), with_choice(member(), "delta"))

    MODES[name] = (what, send)


json_mode("deep_json", "JSON of 100,000 brackets in one another", lambda: f'"x": {"[" * 100_000}{"]" * 100_000}')
json_mode("deep_open_json", "100,000 unclosed brackets", lambda: f'"x": {"[" * 100_000}')
json_mode("just_deep", "JSON of 900 brackets in one another", lambda: f'"x": {"[" * 900}{"]" * 900}')
json_mode("endless_digits", "a number of a million digits", lambda: f'"x": {"9" * 1_000_000}')
json_mode("long_usage", "a count of tokens of 4,200 digits", lambda: f'"usage": {{"prompt_tokens": {"9" * 4200}}}')
json_mode("nan", "NaN, Infinity and 1e999", lambda: '"x": [NaN, -Infinity, Infinity, 1e999]')
json_mode("surrogates", "lone surrogates", lambda: r'"model": "\ud800", "\udfff": "\ud83d"')
json_mode("duplicate_keys", "the same key again and again", lambda: ", ".join(['"choices": 1'] * 10_000))
json_mode("wide_json", "JSON of two million empty lists", lambda: f'"x": [{"[]," * 2_000_000}[]]')
json_mode("wrong_types", "members of wrong types", lambda: '"usage": [1], "id": {}, "model": 7, "choices": {"0": []}')
json_mode("nul_bytes", "zero bytes and control characters", lambda: '"x": "\x00\x01\x1b]52;c;aGk=\x07"')
MODES["deep_objects"] = (
    "100,000 objects in one another",
    lambda pipe, request: answer(pipe, request, b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
)


@mode("bytes that are no UTF-8")
async def invalid_utf8(pipe: Pipe, request: Request) -> None:
    await answer(pipe, request, whole("x").replace(b'"x"', b'"\xff\xfe\xc0\x80\xed\xa0\x80"'))


@mode("a megabyte of bytes that are no UTF-8")
async def noise(pipe: Pipe, request: Request) -> None:
    await answer(pipe, request, os.urandom(MEGABYTE))


@mode("digits without end")
async def digits_without_end(pipe: Pipe, request: Request) -> None:
    await of_body(pipe, request, before=b'data: {"x": ' if request.stream else b'{"x": ', again=b"9" * 1000)


# wrong framing


@mode("a redirect to itself")
async def redirect_loop(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, f"location: {request.path}", "content-length: 0", status="307 Temporary Redirect"))


@mode("more body than the length says")
async def too_long(pipe: Pipe, request: Request) -> None:
    body = good_body(request)
    await pipe.send(head(request, f"content-length: {len(body) - 5}") + body * 3)


@mode("less body than the length says, and then the end")
async def too_short(pipe: Pipe, request: Request) -> None:
    body = good_body(request)
    await pipe.send(head(request, f"content-length: {len(body) + 5}") + body)


@mode("less body than the length says, and then nothing")
async def too_short_and_open(pipe: Pipe, request: Request) -> None:
    body = good_body(request)
    await pipe.send(head(request, f"content-length: {len(body) + 5}") + body)
    await wait(pipe)


@mode("two lengths that differ")
async def conflicting_lengths(pipe: Pipe, request: Request) -> None:
    body = good_body(request)
    await pipe.send(head(request, f"content-length: {len(body)}", "content-length: 3") + body)


@mode("a negative length")
async def negative_length(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, "content-length: -5") + good_body(request))


@mode("a length of 400 digits")
async def huge_length(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, f"content-length: {'9' * 400}") + good_body(request))


@mode("a length and chunks")
async def length_and_chunks(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, "content-length: 5", CHUNKED) + chunk(good_body(request)) + b"0\r\n\r\n")


@mode("two answers to one request")
async def second_answer(pipe: Pipe, request: Request) -> None:
    await pipe.send(good(request) * 2)


@mode("an unrequested upgrade")
async def upgrade(pipe: Pipe, request: Request) -> None:
    fields = b"upgrade: websocket\r\nconnection: Upgrade\r\n\r\n"
    await pipe.send(b"HTTP/1.1 101 Switching Protocols\r\n" + fields + b"\x81\x05hello")
    await pipe.repeat(b"\x00" * 1000)


@mode("status 204 with a body")
async def no_content(pipe: Pipe, request: Request) -> None:
    body = good_body(request)
    await pipe.send(head(request, f"content-length: {len(body)}", status="204 No Content") + body)


@mode("status 999")
async def odd_status(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, "content-length: 2", status="999 What") + b"{}")


@mode("bytes of another protocol")
async def not_http(pipe: Pipe, request: Request) -> None:
    await pipe.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03SSH-2.0-OpenSSH_9.6\r\n")


@mode("noise instead of HTTP, without end")
async def endless_noise(pipe: Pipe, request: Request) -> None:
    await pipe.repeat(os.urandom(PIECE))


@mode("newlines in place of an answer, without end")
async def endless_newlines(pipe: Pipe, request: Request) -> None:
    await pipe.repeat(b"\r\n")


# time


async def wait(pipe: Pipe) -> None:
    await asyncio.sleep(max(0.0, pipe.ends - time.monotonic()))


@mode("accepts and never answers")
async def silent(pipe: Pipe, request: Request) -> None:
    await wait(pipe)


@mode("a good answer of which a byte comes each 100 ms")
async def drip(pipe: Pipe, request: Request) -> None:
    await pipe.drip(good(request), 0.1)


@mode("a head of which a byte comes each 100 ms, without end")
async def drip_head(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request)[:-2] + b"x-more: ")
    await pipe.drip(b"a" * 100_000, 0.1)


@mode("a body of which a byte comes each 100 ms, without end")
async def drip_body(pipe: Pipe, request: Request) -> None:
    await pipe.send(head(request, CHUNKED))
    await pipe.drip(chunk(b" ") * 100_000, 0.1)


@mode("a good answer, all but its last byte")
async def stall(pipe: Pipe, request: Request) -> None:
    await pipe.send(good(request)[:-1])
    await wait(pipe)


@mode("closes after k bytes, k from 0 to the last")
async def close_at(pipe: Pipe, request: Request) -> None:
    data = good(request)
    await pipe.send(data[: request.number % len(data)])


@mode("closes with RST after k bytes, k from 0 to the last")
async def reset_at(pipe: Pipe, request: Request) -> None:
    data = good(request)
    await pipe.send(data[: request.number % len(data)])
    pipe.reset()


@mode("nothing hostile, for comparison")
async def sound(pipe: Pipe, request: Request) -> None:
    await pipe.send(good(request))


# the server that it looks like otherwise


def framed(body: bytes) -> bytes:
    return b"content-length: %d\r\n\r\n%s" % (len(body), body)


def good_body(request: Request) -> bytes:
    if request.stream:
        words = b"".join(event(word + " ") for word in "A lighthouse warns ships at night".split())
        return words + event("", "stop") + b"data: [DONE]\n\n"
    match request.path:
        case "/v1/models":
            model = {"id": MODEL, "object": "model", "owned_by": "vllm"}
            return json.dumps({"object": "list", "data": [model]}).encode()
        case "/metrics":
            return metrics(0)
        case _ if request.path == CHAT:
            return whole()
    return b'{"status": "healthy", "model": "owl"}'


def good(request: Request) -> bytes:
    known = request.path in ("/health", "/v1/models", "/metrics", CHAT)
    return head(request, status="200 OK" if known else "404 Not Found")[:-2] + framed(good_body(request))


def route_of(path: str) -> str:
    return {CHAT: "chat", "/metrics": "metrics", "/health": "health", "/v1/models": "models"}.get(path, "other")


class HostileServer:
    """Counts requests on the hostile route; the first `after` of them are answered well, then each `every`th not."""

    def __init__(self, name: str, route: str, every: int, after: int, lasts_s: float) -> None:
        self.hostile = MODES[name][1]
        self.route, self.every, self.after, self.lasts_s = route, every, after, lasts_s
        self.counts = itertools.count(1)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, ValueError, TimeoutError):
            async for request in _requests(reader, self.lasts_s):
                pipe = Pipe(writer, time.monotonic() + self.lasts_s)
                if named := _named(request):
                    await named(pipe, request)
                    break
                if self.hostile is not sound and self._is_hostile(request):
                    await self.hostile(pipe, request)
                    break
                if request.path == CHAT:
                    await asyncio.sleep(GOOD_S)
                await pipe.send(good(request))
        with suppress(OSError):
            writer.close()

    def _is_hostile(self, request: Request) -> bool:
        if self.route not in ("all", route_of(request.path)):
            return False
        count = next(self.counts) - self.after
        request.number = max(0, (count - 1) // self.every)
        return count > 0 and (count - 1) % self.every == self.every - 1


def _named(request: Request) -> Mode | None:
    """The mode that a path asks for: `/as/MODE/health` gets /health in that mode, whatever the server's own is."""
    if not request.path.startswith(AS):
        return None
    name, _, rest = request.path.removeprefix(AS).partition("/")
    request.path = f"/{rest}"
    return MODES[name][1]


async def _requests(reader: asyncio.StreamReader, lasts_s: float) -> AsyncIterator[Request]:
    while True:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        try:
            read = json.loads(body or b"{}")
        except ValueError:
            read = {}
        yield Request(method, path.split("?")[0], read if isinstance(read, dict) else {}, lasts_s)


@contextmanager
def serving(name: str, route: str = "all", *, every: int = 1, after: int = 0, lasts_s: float = 600) -> Iterator[str]:
    """The server as a process of its own; gives its URL."""
    command = [sys.executable, "-m", "tests.attacks.servers.hostile_server", name, "--route", route]
    command += ["--every", str(every), "--after", str(after), "--lasts", str(lasts_s)]
    process = Popen(command, stdin=PIPE, stdout=PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--route", choices=ROUTES, default="all")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--after", type=int, default=0)
    parser.add_argument("--lasts", type=float, default=600.0)
    arguments = parser.parse_args()
    hostile = HostileServer(arguments.mode, arguments.route, arguments.every, arguments.after, arguments.lasts)
    server = await asyncio.start_server(hostile.serve, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)  # connections that are still under way end with the process


if __name__ == "__main__":
    asyncio.run(main())
