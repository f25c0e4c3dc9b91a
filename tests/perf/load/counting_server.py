"""A model server that counts as vLLM does, and whose counts are known; its metrics misbehave on request."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROMPT_TOKENS, ANSWER_TOKENS = 7, 3
EXPOSITION = """# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{model_name="m",engine="0"}} {running}
vllm:num_requests_waiting{{model_name="m",engine="0"}} 0.0
vllm:kv_cache_usage_perc{{model_name="m",engine="0"}} 0.25
# TYPE vllm:request_success_total counter
vllm:request_success_total{{model_name="m",engine="0",finished_reason="length"}} {ended}
vllm:prompt_tokens_total{{model_name="m",engine="0"}} {prompt}
vllm:generation_tokens_total{{model_name="m",engine="0"}} {generated}
vllm:num_preemptions_total{{model_name="m",engine="0"}} 0
vllm:prefix_cache_queries_total{{model_name="m",engine="0"}} {prompt}
vllm:prefix_cache_hits_total{{model_name="m",engine="0"}} 0
"""


class CountingServer:
    """`on_count` is called with each number of requests so far; `metrics` makes of an exposition what is answered."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lock = threading.Lock()
        self.received = 0
        self.ended = 0
        self.running = 0
        self.tells_usage = True
        self.asked = 0
        """How often the metrics were asked for."""
        self.answered = 0
        """The latest of those requests that is answered, counted from 1."""
        self.on_count: Callable[[int], None] = lambda count: None
        self.metrics: Callable[[str], tuple[int, str]] = lambda text: (200, text)

    @property
    def metrics_url(self) -> str:
        return f"{self.url}/metrics"

    def exposition(self) -> str:
        ended = self.ended
        return EXPOSITION.format(
            running=self.running, ended=ended, prompt=ended * PROMPT_TOKENS, generated=ended * ANSWER_TOKENS
        )

    def count(self) -> None:
        """One answered request, of whomever."""
        with self.lock:
            self.ended += 1

    def wait_for_reading(self) -> None:
        """Until a request for the metrics that is made after this call is answered."""
        before, ends = self.asked, time.monotonic() + 30
        while self.answered <= before:
            assert time.monotonic() < ends, "nobody read the metrics"
            time.sleep(0.002)

    def answer(self) -> tuple[int, str]:
        with self.lock:
            self.received += 1
            received = self.received
        self.count()
        self.on_count(received)
        usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": ANSWER_TOKENS}
        choice = {"index": 0, "message": {"role": "assistant", "content": "so"}, "finish_reason": "length"}
        return 200, json.dumps({"choices": [choice], **({"usage": usage} if self.tells_usage else {})})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    counting: CountingServer

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send(*self.counting.answer(), "application/json")

    def do_GET(self) -> None:
        with self.counting.lock:
            self.counting.asked += 1
            number = self.counting.asked
        status, text = self.counting.metrics(self.counting.exposition())
        with self.counting.lock:
            self.counting.answered = max(self.counting.answered, number)
        self._send(status, text, "text/plain")

    def _send(self, status: int, text: str, kind: str) -> None:
        body = text.encode()
        with contextlib.suppress(OSError):  # a reader that gave up
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that left."""


@contextlib.contextmanager
def counting_server() -> Iterator[CountingServer]:
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    handler.counting = CountingServer(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield handler.counting
    finally:
        server.shutdown()
        server.server_close()
