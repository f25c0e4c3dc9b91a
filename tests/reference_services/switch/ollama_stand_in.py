"""A stand-in for an Ollama server, written from Ollama's published API reference (docs/api.md, docs/api/errors.mdx and
docs/api/streaming.mdx of ollama/ollama). It has no model: what it says is always the same. Nothing here was compared
with a running Ollama.

`python -m tests.reference_services.switch.ollama_stand_in HOST PORT MODEL` runs it as a process that a test can kill.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ("From", " Oll", "ama.")
SIZE = 2_400_000_000
CREATED = "2026-01-05T10:00:00.000000Z"


@dataclass
class OllamaStandIn:
    """What it is told to do. `status` and `error` make it refuse, `ending` is how its stream ends: done, error, cut,
    unfinished, no_json or nothing. `hold` makes it wait within its stream until it is set."""

    url: str = ""
    models: tuple[str, ...] = ("hermes-7b-q4:latest",)
    status: int = 200
    error: str = ""
    ending: str = "done"
    hold: threading.Event | None = None
    requests: list[Any] = field(default_factory=list)
    is_left: threading.Event = field(default_factory=threading.Event)
    """Set where a client went away within a stream."""


def handler(stand_in: OllamaStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            listed = [{"name": name, "model": name, "size": SIZE} for name in stand_in.models]
            bodies = {
                "/api/version": {"version": "0.5.7"},
                "/api/tags": {"models": listed},
                "/api/ps": {"models": [{**entry, "size_vram": 0} for entry in listed]},
            }
            self._answer(*((200, bodies[self.path]) if self.path in bodies else (404, {"error": "not found"})))

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stand_in.requests.append((self.path, asked))
            if self.path != "/api/chat":
                self._answer(404, {"error": "not found"})
            elif {asked["model"], f"{asked['model']}:latest"}.isdisjoint(stand_in.models):
                self._answer(404, {"error": f"model '{asked['model']}' not found"})
            elif stand_in.status != 200:
                self._answer(stand_in.status, {"error": stand_in.error})
            else:
                self._stream(asked["model"])

        def _stream(self, model: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/x-ndjson")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            line = {"model": model, "created_at": CREATED, "done": False}
            counts = {"prompt_eval_count": 26, "eval_count": len(WORDS), "total_duration": 5_191_566_416}
            no_word = {"message": {"role": "assistant", "content": ""}}
            last = {**line, **no_word, "done_reason": "stop", "done": True, **counts}
            try:
                for word in WORDS if stand_in.ending != "nothing" else ():
                    self._line({**line, "message": {"role": "assistant", "content": word}})
                while stand_in.hold is not None and not stand_in.hold.wait(0.02):
                    self._line({**line, **no_word})
                if stand_in.ending == "error":
                    self._line({"error": "an error was encountered while running the model"})
                elif stand_in.ending == "no_json":
                    self._line("<html>")
                elif stand_in.ending in ("done", "nothing"):
                    self._line(last)
                if stand_in.ending == "cut":
                    self.close_connection = True
                else:
                    self.wfile.write(b"0\r\n\r\n")
            except OSError:
                stand_in.is_left.set()
                self.close_connection = True

        def _line(self, line: Any) -> None:
            content = (line if isinstance(line, str) else json.dumps(line)).encode() + b"\n"
            # In two pieces, so that a line does not come as one read.
            for piece in (content[:7], content[7:]):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

        def _answer(self, status: int, body: Any) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            pass

    return Handler


@contextmanager
def ollama_stand_in(host: str) -> Iterator[OllamaStandIn]:
    """The stand-in in this process, on a free port."""
    stand_in = OllamaStandIn()
    server = ThreadingHTTPServer((host, 0), handler(stand_in))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stand_in.url = f"http://{host}:{server.server_address[1]}"
    yield stand_in
    if stand_in.hold is not None:
        stand_in.hold.set()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    host, port, model = sys.argv[1:]
    ThreadingHTTPServer((host, int(port)), handler(OllamaStandIn(models=(model,)))).serve_forever()
