"""`python -m tests.acceptance.cases.servers.slow_server SECONDS`: a chat server that answers after this time.

Prints its port. `GET /ping` is answered at once.
"""

from __future__ import annotations

import sys
from http.server import ThreadingHTTPServer

from tests.acceptance.cases.servers.paced_service import Pace, Paced


class Slow(Paced):
    """A server at a pace, with a route that completes nothing."""

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        if self.path == "/ping":
            self._send(200, {"status": "ok"})
        else:
            super().do_GET()


class Server(ThreadingHTTPServer):
    """As many connections as come."""

    daemon_threads = True
    request_queue_size = 256


if __name__ == "__main__":
    Slow.pace = Pace(first_s=float(sys.argv[1]))
    server = Server(("127.0.0.1", 0), Slow)
    print(server.server_port, flush=True)
    server.serve_forever()
