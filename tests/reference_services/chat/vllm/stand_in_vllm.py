"""A program that takes vLLM's place where only the wire and the processes matter: `vllm serve DIR --uds PATH ...`.

Written from the answers of vLLM 0.32.0 (`/health`, `/metrics`, streams of `/v1/completions` with usage and log
probabilities). It generates nothing: its reply is the text of the model folder's `reply.txt`, a letter a token. Like
vLLM it starts a process of its own that outlives it. `behaviour.json` there says what it does wrong. Unlike
vLLM it counts the clients that left, as aborted.
"""

from __future__ import annotations

import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

HELP = """usage: vllm serve [model_tag] [options]

ModelConfig:
  --model MODEL         Name or path.
  --max-model-len MAX_MODEL_LEN
                        Model context length.
  --max-num-seqs MAX_NUM_SEQS, --seqs MAX_NUM_SEQS
  --max-num-batched-tokens N
  --tensor-parallel-size TENSOR_PARALLEL_SIZE, -tp TENSOR_PARALLEL_SIZE
  --enable-prefix-caching, --no-enable-prefix-caching
  --enable-chunked-prefill, --no-enable-chunked-prefill
  --dtype {auto,float32}
  --served-model-name NAME [NAME ...]
  --uds UDS             Unix domain socket path.
  --disable-uvicorn-access-log, --no-disable-uvicorn-access-log
"""


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, path: str, folder: Path) -> None:
        super().__init__(path, Handler)
        self.folder = folder
        self.requests = 0
        self.given_up = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: Any) -> None: ...

    def address_string(self) -> str:
        return "uds"

    def answer(self, status: int, body: str, kind: str = "application/json") -> None:
        raw = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self) -> None:
        if self.path == "/metrics":
            wait_s = behaviour(self.server.folder).get("metrics_s", 0)
            time.sleep(wait_s)
            self.answer(200, METRICS.format(requests=self.server.requests, given_up=self.server.given_up), "text/plain")
        else:
            self.answer(200, "{}")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        (self.server.folder / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
        self.server.requests += 1
        wrong = behaviour(self.server.folder)
        if wrong.get("refuses") and asked["stream"]:
            self.answer(400, json.dumps({"error": {"message": wrong["refuses"], "code": 400}}))
            return
        reply = (self.server.folder / "reply.txt").read_text(encoding="utf-8")
        if not asked["stream"]:
            self.answer(200, json.dumps({"choices": [{"text": reply}]}))
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        made = 0
        try:
            for letter in reply[: asked["max_tokens"]]:
                if made == wrong.get("dies_after"):
                    os._exit(9)
                made += 1
                is_last = made == min(len(reply), asked["max_tokens"])
                reason = ("stop" if made == len(reply) else "length") if is_last else None
                self.event(asked, letter, reason, made)
                time.sleep(wrong.get("step_s", 0))
            self.event(asked, None, None, made)
            self.part("data: [DONE]\n\n")
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.server.given_up += 1

    def event(self, asked: dict[str, Any], text: str | None, reason: str | None, made: int) -> None:
        choices = []
        if text is not None:
            logprobs = None
            if asked.get("logprobs") is not None:
                alternatives = {text: -0.1, "~": -2.5, "#": -3.5}
                logprobs = {
                    "tokens": [text],
                    "token_logprobs": [-0.1],
                    "top_logprobs": [alternatives],
                    "text_offset": [0],
                }
            choices = [{"index": 0, "text": text, "logprobs": logprobs, "finish_reason": reason}]
        usage = {"prompt_tokens": len(asked["prompt"]), "completion_tokens": made}
        self.part(f"data: {json.dumps({'choices': choices, 'usage': usage})}\n\n")

    def part(self, text: str) -> None:
        raw = text.encode()
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.wfile.flush()


METRICS = """# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{engine="0",model_name="hermes-2"}} 0.0
# HELP vllm:request_success_total Count of successfully processed requests.
# TYPE vllm:request_success_total counter
vllm:request_success_total{{engine="0",finished_reason="stop",model_name="hermes-2"}} {requests}.0
vllm:request_success_total{{engine="0",finished_reason="abort",model_name="hermes-2"}} {given_up}.0
# HELP vllm:request_success_created Count of successfully processed requests.
# TYPE vllm:request_success_created gauge
vllm:request_success_created{{engine="0",finished_reason="stop",model_name="hermes-2"}} 1.7e+09
# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 8.7e+08
"""


def behaviour(folder: Path) -> dict[str, Any]:
    file = folder / "behaviour.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def main(arguments: list[str]) -> None:
    if "--help=all" in arguments:
        print(HELP)
        return
    folder, path = Path(arguments[1]), arguments[arguments.index("--uds") + 1]
    wrong = behaviour(folder)
    # It hears no request to end, as a process that computes does not.
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", program])
    (folder / "environment.json").write_text(json.dumps(dict(os.environ)), encoding="utf-8")
    with (folder / "started.txt").open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()} {child.pid}\n")
    for line in wrong.get("log", ()):
        print(line, file=sys.stderr, flush=True)
    if wrong.get("start") == "dies":
        sys.exit(1)
    if wrong.get("start") == "never":
        time.sleep(600)
    # Without waiting for the process below it, which goes on.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server = Server(path, folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.pause()


if __name__ == "__main__":
    main(sys.argv[1:])
