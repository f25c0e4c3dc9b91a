"""An endless body without a length: how much of it a service reads."""

from __future__ import annotations

import re
import select
import socket
import ssl
from urllib.parse import urlsplit

from signoff.reference_services.service_tests.probe import CHAT, Probe

CHUNK_BYTES = 2**20
ANSWER_S = 10.0


def send_endless(probe: Probe, most_bytes: int) -> tuple[int, int | None]:
    """Send chunks until there is an answer, or `most_bytes` were taken.

    Gives the bytes that were sent and the status, None if there was no answer.
    """
    parts = urlsplit(probe.url)
    key = f"Authorization: Bearer {probe.key}\r\n" if probe.key else ""
    head = f"POST {CHAT} HTTP/1.1\r\nHost: {parts.netloc}\r\n{key}Content-Type: application/json\r\n"
    chunk = b"%x\r\n%b\r\n" % (CHUNK_BYTES, b" " * CHUNK_BYTES)
    taken = 0
    with _connected(probe.url) as connection:
        try:
            connection.sendall(head.encode("ascii") + b"Transfer-Encoding: chunked\r\n\r\n")
            while taken < most_bytes and not select.select([connection], [], [], 0)[0]:
                connection.sendall(chunk)
                taken += CHUNK_BYTES
            is_answered = select.select([connection], [], [], 0.5 if taken >= most_bytes else ANSWER_S)[0]
            said = connection.recv(64) if is_answered else b""
        except (BrokenPipeError, ConnectionResetError):
            return taken, None
        except TimeoutError:
            return taken, None
    found = re.match(rb"HTTP/1\.[01] (\d{3})", said)
    return taken, int(found.group(1)) if found else None


def _connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    plain = socket.create_connection((parts.hostname or "", parts.port or 80), ANSWER_S)
    if parts.scheme != "https":
        return plain
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain)
