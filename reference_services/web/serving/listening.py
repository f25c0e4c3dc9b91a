"""Listeners of one process, from bind to graceful end."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
import time

from signoff.reference_services.web.serving.listener import BACKLOG, SEND_BUFFER_BYTES
from signoff.reference_services.web.serving.server import Server

log = logging.getLogger("web")
SAME_SIGNAL_S = 1.0
"""A process group gets a signal, and the parent passes it on: what comes within this time is the same one."""


class ListenError(Exception):
    """A port cannot be listened on."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket's precursor, so that a taken port is known before anything starts. Raises ListenError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ListenError(f"{host}: no such address ({why}); give another --host") from None
    sock = socket.socket(family, kind, protocol)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections have it from their listener.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    try:
        sock.bind(address)
        # A bound port that does not listen can still be bound by others; listening settles it.
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ListenError(_why(error, host, port)) from None
    sock.setblocking(False)
    return sock


async def run(servers: list[Server], sockets: list[socket.socket], ended: asyncio.Event | None = None) -> None:
    """Serve on all sockets until SIGTERM, SIGINT or `ended`; a second signal ends requests in progress."""
    loop = asyncio.get_running_loop()
    asked_at: float | None = None

    def stop() -> None:
        nonlocal asked_at
        now = time.monotonic()
        if asked_at is None:
            asked_at = now
            log.info("stopping")
        for server in servers:
            server.should_exit = True
            server.force_exit = now - asked_at > SAME_SIGNAL_S

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)

    async def stop_when_ended(it: asyncio.Event) -> None:
        await it.wait()
        stop()

    watching = None if ended is None else asyncio.create_task(stop_when_ended(ended))
    await asyncio.gather(*(server.serve([sock]) for server, sock in zip(servers, sockets, strict=True)))
    if watching is not None:
        watching.cancel()


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use: stop what listens there (`ss -ltnp 'sport = :{port}'` shows it) "
            "or give another --port or --metrics-port"
        )
    if error.errno == errno.EACCES:
        return f"port {port} on {host} needs privileges: give a port above 1023"
    return f"{host}:{port} cannot be listened on: {error.strerror or error}; give another --host or --port"
