"""One non-blocking connection: connect, TLS, send, receive.

TLS runs over memory buffers, so that encrypted bytes pass the same stamped reads as plain ones.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time
from typing import Final, Protocol

from signoff.perf.client.endpoint import Address
from signoff.perf.client.receive_stamps import ask_for_stamps
from signoff.perf.client.receiving import READ_BYTES, Reading

_OUTCOMES: Final = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.EMFILE: "client_error",
    errno.ENFILE: "client_error",
    errno.EADDRNOTAVAIL: "client_error",
    errno.ENOBUFS: "client_error",
}


def outcome_of(error: OSError) -> str:
    """The outcome for a socket error."""
    return _OUTCOMES.get(error.errno or 0, "unreachable")


class Listener(Protocol):
    """The current user of a connection."""

    def opened(self) -> None: ...
    def received(self, data: bytes, arrived_ns: int, read_ns: int, kernel: bool) -> None: ...
    def closed(self) -> None: ...
    def broken(self, outcome: str, error: str) -> None: ...


class Connection:
    """State of one connection. `idle_since_ns` is set while it is not in use."""

    __slots__ = (
        "_began_ns", "_descriptor", "_established", "_incoming", "_out", "_outgoing", "_reading", "_tls", "_writing",
        "connect_ns", "idle_since_ns", "listener", "open", "sock",
    )  # fmt: skip

    def __init__(
        self, reading: Reading, address: Address, listener: Listener, tls: ssl.SSLContext | None, host: str
    ) -> None:
        """Starts to connect. Raises OSError if there is no socket or the connection is refused immediately."""
        self._reading = reading
        self.listener: Listener | None = listener
        self.idle_since_ns = 0
        self.connect_ns = 0
        self._began_ns = time.monotonic_ns()
        self.open = True
        self._out = b""
        self._writing = False
        self._established = False
        self._tls: ssl.SSLObject | None = None
        if tls is not None:
            self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self._tls = tls.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        family, where = address
        self.sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ask_for_stamps(self.sock)
            problem = self.sock.connect_ex(where)
            if problem not in (0, errno.EINPROGRESS):
                raise OSError(problem, os.strerror(problem))
        except BaseException:
            self.sock.close()
            raise
        self._descriptor = self.sock.fileno()  # the loop is quicker with a number than with a socket
        reading.loop.add_writer(self._descriptor, self._connected)

    def send(self, data: bytes) -> None:
        """Sends as much as the socket accepts now, the rest later."""
        if self._tls is not None:
            self._tls.write(data)
            data = self._outgoing.read()
        self._push(data)

    @property
    def drained(self) -> bool:
        """Whether all data was sent."""
        return not self._out

    def read_now(self) -> None:
        """Reads data that has arrived but was not delivered yet."""
        self._reading.read(self)

    def close(self) -> None:
        """Closes the socket without notifying its user."""
        if self.open:
            self.open = False
            self.listener = None
            self._reading.forget(self._descriptor)
            self._reading.loop.remove_writer(self._descriptor)
            self.sock.close()

    def _connected(self) -> None:
        self._reading.loop.remove_writer(self._descriptor)
        problem = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            self.broke(OSError(problem, os.strerror(problem)))
            return
        self._reading.watch(self._descriptor, self)
        if self._tls is None:
            self._opened()
        else:
            self._shake()

    def _opened(self) -> None:
        self._established = True
        self.connect_ns = time.monotonic_ns() - self._began_ns
        if self.listener is not None:
            self.listener.opened()

    def _shake(self) -> None:
        assert self._tls is not None
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._push(self._outgoing.read())
        except (ssl.SSLError, ssl.CertificateError) as error:
            self._report("tls", str(error))
        else:
            self._push(self._outgoing.read())
            if self.open:
                self._opened()

    def _push(self, data: bytes) -> None:
        self._out += data
        if self._writing or not self._out or not self.open:
            return
        try:
            taken = self.sock.send(self._out)
        except (BlockingIOError, InterruptedError):
            taken = 0
        except OSError as error:
            self.broke(error)
            return
        self._out = self._out[taken:]
        if self._out:
            self._writing = True
            self._reading.loop.add_writer(self._descriptor, self._drain)

    def _drain(self) -> None:
        self._writing = False
        self._reading.loop.remove_writer(self._descriptor)
        self._push(b"")

    def received(self, data: bytes, arrived_ns: int, read_ns: int, kernel: bool) -> None:
        """Processes received bytes and notifies the user."""
        if self._tls is not None:
            data = self._decrypt(data)
        if data and self.open:
            if self.listener is None:  # a server that speaks unasked
                self.close()
            else:
                self.listener.received(data, arrived_ns, read_ns, kernel)

    def _decrypt(self, data: bytes) -> bytes:
        assert self._tls is not None
        self._incoming.write(data)
        if not self._established:
            self._shake()
            if not self._established:
                return b""
        plain = []
        try:
            while piece := self._tls.read(READ_BYTES):
                plain.append(piece)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        except ssl.SSLError as error:
            self._report("tls", str(error))
        return b"".join(plain)

    def ended(self) -> None:
        """The server closed its side."""
        listener, established = self.listener, self._established
        self.close()
        if listener is not None:
            if established:
                listener.closed()
            else:
                listener.broken("tls", "the server closed the connection during the TLS handshake")

    def broke(self, error: OSError) -> None:
        """The socket failed."""
        self._report(outcome_of(error), error.strerror or str(error))

    def _report(self, outcome: str, error: str) -> None:
        listener = self.listener
        self.close()
        if listener is not None:
            listener.broken(outcome, error)
