"""`python -m tests.acceptance.growing_server prompts|requests`: a chat server, a process of its own, that grows.

It keeps 256 KiB for good for each prompt that it has not had yet, or for each request. Prints its port.
"""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEPT_BYTES = 256 * 1024
ANSWER = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}


class Handler(BaseHTTPRequestHandler):
    """Answers every POST with the same completion."""

    protocol_version = "HTTP/1.1"
    of_each_request = False
    kept: dict[bytes, bytes] = {}  # noqa: RUF012 (the one server of this process)

    def do_POST(self) -> None:
        """Keep, and answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name = len(self.kept).to_bytes(8, "big") if self.of_each_request else body
        if name not in self.kept:
            self.kept[name] = os.urandom(KEPT_BYTES)
        self._give(200, ANSWER)

    def do_GET(self) -> None:
        """There is nothing else here."""
        self._give(404, {"error": {"message": "unknown"}})

    def _give(self, status: int, answer: object) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def main(grows_with: str) -> None:
    """Serve until the process is ended."""
    Handler.of_each_request = grows_with == "requests"
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
