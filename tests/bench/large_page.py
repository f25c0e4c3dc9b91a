"""A page of metrics as large as a real vLLM's, served by a process of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SERIES = 1500
"""vLLM 0.32 shows about so many lines with one model."""
HEAD = 'vllm:num_requests_running{model_name="m"} 0\nvllm:prompt_tokens_total{model_name="m"} 7\n'


class Handler(BaseHTTPRequestHandler):
    """Gives the page to every GET."""

    protocol_version = "HTTP/1.1"
    content = (
        HEAD
        + "".join(
            f'vllm:request_prompt_tokens_bucket{{engine="0",le="{number}.0",model_name="m"}} {number}.0\n'
            for number in range(SERIES)
        )
    ).encode()

    def do_GET(self) -> None:
        """The page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def large_page() -> Iterator[str]:
    """Serve it for the length of the block; gives its address."""
    command = [sys.executable, "-m", "tests.bench.large_page"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/metrics"
        finally:
            server.kill()


if __name__ == "__main__":
    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(serving.server_port, flush=True)
    serving.serve_forever()
