"""A server that gives back the key that it was sent, in every place and form that an HTTP answer has room for."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Iterator

from tests.attacks.servers.test_redaction import FORMS

_WS_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_HEADERS = ("authorization", "x-api-key")


class EchoingServer:
    """Serves until it is closed; a thread a connection. What it was sent once it tells everybody from then on."""

    def __init__(self) -> None:
        self.key = "none-was-sent-yet"
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, ValueError):
            connection.settimeout(20)
            data = b""
            while b"\r\n\r\n" not in data:
                if not (came := connection.recv(65536)):
                    return
                data += came
            head, _, body = data.partition(b"\r\n\r\n")
            line, *fields = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in fields)}
            while len(body) < int(headers.get("content-length", 0)):
                body += connection.recv(65536)
            for name in _KEY_HEADERS:
                if name in headers and "wrong" not in headers[name]:
                    self.key = headers[name].removeprefix("Bearer ")
            method, path, _ = line.split(" ", 2)
            if "sec-websocket-key" in headers:
                self._talk(connection, headers["sec-websocket-key"])
                return
            self.asked += 1
            for part in self._answer(method, path.partition("?")[0], body, self.asked):
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)

    def _answer(self, method: str, path: str, body: bytes, number: int) -> Iterator[bytes]:
        key = self.key
        if method == "POST" and path in ("/v1/chat/completions", "/v1/completions"):
            yield from self._completion(b'"stream": true' in body or b'"stream":true' in body, number)
        elif path == "/v1/models":
            yield self._whole(json.dumps({"data": [{"id": f"model-{key}", "owned_by": key, key: key}]}))
        elif path.startswith("/metrics"):
            yield self._whole(
                f"# HELP x {key}\n# TYPE hermes_requests_total counter\n"
                f'hermes_requests_total{{outcome="{key}"}} 3\nvllm:num_requests_running{{model_name="{key}"}} 0\n'
                f'vllm:request_success_total{{finished_reason="{key}"}} 2\n',
                kind="text/plain",
            )
        elif path == "/moved":
            yield self._whole("", status=302)
        elif path in ("/health", "/config", "/openapi.json"):
            forms = {name: form(key) for name, form in FORMS.items()}
            yield self._whole(json.dumps({"status": "healthy", "model": "small-1", key: 1, "key": key, "forms": forms}))
        else:
            yield self._whole(json.dumps({"error": {"message": f"Incorrect API key provided: {key}"}}), status=404)

    def _whole(self, body: str, status: int = 200, kind: str = "application/json") -> bytes:
        key = self.key
        content = body.encode()
        return (
            f"HTTP/1.1 {status} said {key}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
            f"X-Echo: Bearer {key}\r\nX-{key.encode().hex()}: 1\r\nRetry-After: {key}\r\n"
            f"Location: http://user:{FORMS['percent'](key)}@127.0.0.1/?api_key={key}\r\nConnection: close\r\n\r\n"
        ).encode("latin-1") + content

    def _completion(self, is_stream: bool, number: int) -> Iterator[bytes]:
        key = self.key
        kinds = ("said", "whole", "refused", "moved", "text", "broken", "no http")
        kind = kinds[number // 3 % len(kinds)]
        if kind == "refused":
            yield self._whole(json.dumps({"error": {"message": f"wrong: {FORMS['basic'](key)} {key}"}}), status=401)
        elif kind == "moved":
            yield self._whole("", status=307)
        elif kind == "text":
            yield self._whole(f"<b>{key}</b> {FORMS['html decimal'](key)}", kind="text/html")
        elif kind == "no http":
            yield f"{key} {key}\r\n\r\n".encode()
        elif not is_stream:
            message = {"role": "assistant", "content": f"I was told {key} and {FORMS['base64'](key)}."}
            yield self._whole(json.dumps({"model": key, "choices": [{"index": 0, "message": message}]}))
        else:
            yield self._stream_head()
            sizes = (1, 5, 9, len(key))
            for size in sizes:
                for start in range(0, len(key), size):
                    piece = {"index": 0, "delta": {"content": key[start : start + size]}}
                    yield self._event(json.dumps({"id": "c", "model": key, "choices": [piece]}))
            if kind == "broken":
                yield self._event(json.dumps({"error": {"message": f"{key} failed"}}))
                return
            done = {"index": 0, "delta": {}, "finish_reason": "stop"}
            yield self._event(json.dumps({"choices": [done], "usage": {"prompt_tokens": 3, "completion_tokens": 9}}))
            yield self._event("[DONE]")
            yield b"0\r\n\r\n"

    def _stream_head(self) -> bytes:
        return (
            f"HTTP/1.1 200 {self.key}\r\nContent-Type: text/event-stream; key={self.key}\r\n"
            "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        ).encode("latin-1")

    def _event(self, data: str) -> bytes:
        content = f": {self.key}\ndata: {data}\n\n".encode()
        return b"%x\r\n%s\r\n" % (len(content), content)

    def _talk(self, connection: socket.socket, asked: str) -> None:
        """A WebSocket that tells the key sign by sign, and once more as it closes."""
        accept = base64.b64encode(hashlib.sha1((asked + _WS_GUID).encode()).digest()).decode()  # noqa: S324 - RFC 6455
        connection.sendall(
            f"HTTP/1.1 101 {self.key}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Echo: {self.key}\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode("latin-1")
        )
        for sign in self.key:
            connection.sendall(_frame(1, json.dumps({"choices": [{"delta": {"content": sign}}]}).encode()))
        for sign in self.key:
            connection.sendall(_frame(1, sign.encode()))
        connection.sendall(_frame(8, struct.pack("!H", 1008) + self.key.encode()[:100]))
        # What is left unread when a socket closes resets the connection, and the client loses what it had not read yet.
        connection.settimeout(5)
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                pass


def _frame(kind: int, content: bytes) -> bytes:
    return bytes([0x80 | kind, len(content)]) + content
