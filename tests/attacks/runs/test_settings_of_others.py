"""Settings that somebody else put into the folder of temporary files, where everybody writes, change nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STREAM = b'data: {"choices": [{"index": 0, "delta": {"content": "well"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(STREAM)))
        self.end_headers()
        self.wfile.write(STREAM)

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.skipif(importlib.util.find_spec("locust") is None, reason="Locust is not installed")
def test_locust_reads_no_settings_from_the_folder_of_temporary_files(tmp_path: Path) -> None:
    shared, mine = tmp_path / "shared", tmp_path / "mine"
    shared.mkdir()
    mine.mkdir()
    (shared / "locust.conf").write_text(f"csv = {mine}/stolen\njson-file = {mine}/written\n", encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = subprocess.run(
            [
                sys.executable, "-P", "-m", "signoff.acceptance", "load", f"http://127.0.0.1:{server.server_port}",
                "--journey", "--users", "1", "--duration", "1", "--think", "0.1", "--json=-",
            ],
            cwd=mine, env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(shared)},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        server.shutdown()
    assert json.loads(done.stdout), done.stderr
    assert list(mine.iterdir()) == []
