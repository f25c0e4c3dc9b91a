"""`python -m tests.acceptance.cases.servers.growing_server prompts|requests`: a chat server of its own that grows.

It keeps 256 KiB for good for each prompt that it has not had yet, or for each request. Prints its port.
"""

from __future__ import annotations

import os
import sys

from tests.acceptance.conftest import Answer, as_json, server_of

KEPT_BYTES = 256 * 1024
ANSWER = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}


def growing(of_each_request: bool) -> Answer:
    """Answers every POST with the same completion, and keeps."""
    kept: dict[bytes, bytes] = {}

    def answer(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        if method != "POST":
            return as_json({"error": {"message": "unknown"}}, 404)
        name = len(kept).to_bytes(8, "big") if of_each_request else body
        if name not in kept:
            kept[name] = os.urandom(KEPT_BYTES)
        return as_json(ANSWER)

    return answer


if __name__ == "__main__":
    server = server_of(growing(sys.argv[1] == "requests"))
    print(server.server_port, flush=True)
    server.serve_forever()
