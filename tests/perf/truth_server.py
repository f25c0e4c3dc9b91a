"""A server that knows the truth: it stamps each of its writes, and misbehaves on request.

Run as a program: prints its port, serves until its standard input ends. The path of a request names what it gets;
`GET /truth` tells, by the marker in the prompt, when the request was read and when each piece was written (ns on
CLOCK_MONOTONIC, the clock of every process of this machine).
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import sys
import time

TRUTH: dict[str, dict[str, object]] = {}
PACE_S = 0.01
TOKENS = 5


def whole(text: str) -> bytes:
    return json.dumps(
        {
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3},
        }
    ).encode()


def event(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}, ensure_ascii=False).encode() + b"\n\n"


def framed(body: bytes, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"
GOOD_SSE = "".join(event(text).decode() for text in ("Grüße ", "", "an 東京 ", "🎉")).encode() + b"data: [DONE]\n\n"
UNFRAMED = b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"

FIXED = {
    "/http_500": framed(b"Internal Server Error", "500 Internal Server Error", "text/plain"),
    "/http_503": framed(b'{"error": {"message": "busy"}}', "503 Service Unavailable", more="retry-after: 1\r\n"),
    "/http_429": framed(b"slow down", "429 Too Many Requests", "text/plain"),
    "/redirect": framed(b"", "307 Temporary Redirect", more="location: http://127.0.0.1:1/elsewhere\r\n"),
    "/empty": framed(b""),
    "/no_choices": framed(b"{}"),
    "/no_text": framed(whole("")),
    "/not_json": framed(b'{"choices": [{"mess'),
    "/html": framed(b"<html><body>Welcome</body></html>", kind="text/html"),
    "/not_http": b"SSH-2.0-OpenSSH_9.6\r\n",
    "/whole_for_stream": framed(whole("hello")),
    "/in_band_error": STREAM + chunk(event("so ")) + chunk(b'data: {"error": {"message": "out of memory"}}\n\n') + END,
    "/event_error": STREAM + chunk(event("so ")) + chunk(b"event: error\ndata: engine died\n\n") + END,
    "/stream_without_end": STREAM + chunk(event("so ")) + b"0\r\n\r\n",
    "/stream_without_text": STREAM + chunk(event("")) + END,
}
CLOSING = {
    "/truncated_stream": STREAM + chunk(event("so ")) + chunk(event("far"))[:-9],
    "/truncated_body": framed(whole("hello"))[:-10],
    "/until_close": UNFRAMED + GOOD_SSE,
    "/half_head": b"HTTP/1.1 200 OK\r\ncontent-le",
    "/nothing": b"",
}


async def answer(path: str, truth: dict[str, object], writer: asyncio.StreamWriter) -> bool:
    """Whether the connection stays open."""
    writes: list[int] = []
    truth["writes"] = writes

    def write(data: bytes) -> None:
        writes.append(time.monotonic_ns())
        writer.write(data)

    path, _, argument = path.partition("?")
    if path in FIXED:
        write(FIXED[path])
        return path != "/not_http"
    if path in CLOSING:
        write(CLOSING[path])
        return False
    if path == "/reset":
        writer.transport.abort()
        return False
    if path == "/reset_midway":
        write(framed(whole("hello"))[:-10])
        await asyncio.sleep(0.02)
        at_once = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()
        return False
    if path == "/silence":
        await asyncio.sleep(3600)
    elif path == "/stall":
        write(STREAM + chunk(event("so ")))
        await asyncio.sleep(3600)
    elif path == "/endless_head":
        write(b"HTTP/1.1 200 OK\r\n")
        while True:
            write(b"x-more: " + b"y" * 4000 + b"\r\n")
            await writer.drain()
    elif path == "/whole":
        await asyncio.sleep(0.02)
        write(framed(whole("hello")))
    elif path == "/continue":
        write(b"HTTP/1.1 100 Continue\r\n\r\n")
        write(framed(whole("hello")))
    elif path == "/closing":
        write(framed(whole("hello"), more="connection: close\r\n"))
        return False
    elif path == "/split":
        data = STREAM + b"".join(chunk(GOOD_SSE[at : at + 40]) for at in range(0, len(GOOD_SSE), 40)) + b"0\r\n\r\n"
        at = int(argument)
        write(data[:at])
        await writer.drain()
        await asyncio.sleep(0.002)
        write(data[at:])
    elif path == "/stream":
        writer.write(STREAM)
        for _ in range(TOKENS):
            await asyncio.sleep(PACE_S)
            write(chunk(event("word ")))
        usage = b'data: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5}}\n\n'
        writer.write(chunk(usage) + END)
    else:
        write(framed(b"unknown path", "404 Not Found", "text/plain"))
    return True


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, path, _ = head.split(" ", 2)
            read_ns = time.monotonic_ns()
            if method == "GET":
                writer.write(framed(json.dumps(TRUTH).encode()))
                continue
            lines = [line.partition(":") for line in head.split("\r\n")]
            headers = {name.lower(): value.strip() for name, _, value in lines}
            body = json.loads(await reader.readexactly(int(headers["content-length"])))
            prompt = str(body.get("prompt", ""))
            truth: dict[str, object] = {
                "read_ns": read_ns,
                "prompt": prompt,
                "authorization": headers.get("authorization"),
                "connection": str(writer.get_extra_info("peername")),
            }
            TRUTH[prompt[1:13] if prompt.startswith("[") else prompt] = truth
            if not await answer(path, truth, writer):
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    context = None
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
