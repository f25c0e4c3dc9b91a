"""`python -m tests.acceptance.cases.servers.heavy_server MEGABYTES THREADS`: a chat server of its own that uses these.

It holds so much memory, and so many of its threads always compute. Prints its port.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from tests.acceptance.cases.servers.growing_server import ANSWER
from tests.acceptance.conftest import as_json, server_of


def answer(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
    """The same completion each time, after a tenth of a second: beside it a busy client counts for little."""
    time.sleep(0.1)
    return as_json(ANSWER if method == "POST" else {})


def compute() -> None:
    """Never end."""
    while True:
        sum(range(100_000))


if __name__ == "__main__":
    held = os.urandom(int(sys.argv[1]) * 10**6)
    for _ in range(int(sys.argv[2])):
        threading.Thread(target=compute, daemon=True).start()
    server = server_of(answer)
    print(server.server_port, flush=True)
    server.serve_forever()
