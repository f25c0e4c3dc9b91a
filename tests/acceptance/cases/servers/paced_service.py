"""A small service whose answers take the time that a case gives them, streamed where that is asked for."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

PIECES = 4
USAGE = {"prompt_tokens": 3, "completion_tokens": PIECES, "total_tokens": PIECES + 3}


@dataclass
class Pace:
    """The seconds before an answer and between its pieces, and which answers are errors.

    A tenth of a second by default: beside it a busy client counts for little.
    """

    first_s: float = 0.1
    between_s: float = 0.0
    fails_each: int = 0
    together: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(1000))
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


class Paced(BaseHTTPRequestHandler):
    """HTTP at a pace."""

    protocol_version = "HTTP/1.1"
    pace: Pace

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        with self.pace.together:
            time.sleep(self.pace.first_s)
            if self.pace.fails_each and next(self.pace.numbers) % self.pace.fails_each == 0:
                self._send(500, {"error": {"message": "the engine is busy"}})
            elif request.get("stream"):
                self._stream()
            else:
                choice = {"index": 0, "message": {"role": "assistant", "content": "a b c d"}, "finish_reason": "stop"}
                self._send(200, {"choices": [choice], "usage": USAGE})

    def do_GET(self) -> None:
        self._send(404, {"error": {"message": "unknown"}})

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for number in range(PIECES):
            if number:
                time.sleep(self.pace.between_s)
            self._event({"choices": [{"index": 0, "delta": {"content": " a"}, "finish_reason": None}]})
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self._event({"choices": [], "usage": USAGE})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, chunk: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

    def _send(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
