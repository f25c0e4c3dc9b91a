"""One non-blocking connection: connect, TLS, send, and reads that carry the kernel's stamps.

TLS runs over memory buffers, so that encrypted bytes pass the same stamped reads as plain ones.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import socket
import ssl
import time
from typing import Final, Protocol

from perf.endpoint import Address
from perf.receive_stamps import ANCILLARY_BYTES, ReceiveClock, ask_for_stamps
from perf.wakeup import Wakeup

READ_BYTES: Final = 64 * 1024
GATHER_NS: Final = 500_000
AT_ONCE: Final = 8
"""After so many reads of one waking a send that is due comes first."""
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
    """The outcome that an error of the socket stands for."""
    return _OUTCOMES.get(error.errno or 0, "unreachable")


class Listener(Protocol):
    """Who uses a connection at the moment."""

    def opened(self) -> None: ...
    def received(self, data: bytes | memoryview, arrived_ns: int, read_ns: int, kernel: bool) -> None: ...
    def closed(self) -> None: ...
    def broken(self, outcome: str, error: str) -> None: ...


class Reading:
    """What all connections of a client share: the loop, one read buffer and the clock of receive stamps."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.clock = ReceiveClock()
        buffer = bytearray(READ_BYTES)
        self.buffers = [buffer]
        self.view = memoryview(buffer)
        self.gathered: dict[int, Connection] = {}
        # The kernel stamps packets only while some socket asks for it, and starts a moment after it did.
        self._keeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.stamped = ask_for_stamps(self._keeper)
        self._epoll = select.epoll() if self.stamped else None
        self._tick = Wakeup(loop, self._read_gathered)

    def close(self) -> None:
        """Lets go of what the connections share; they are closed already."""
        self._tick.close()
        if self._epoll is not None:
            self._epoll.close()
        self._keeper.close()

    def gather(self, connection: Connection, descriptor: int) -> bool:
        """Whether this connection is from now on read together with others, every half millisecond.

        Only where the kernel stamps what arrives: what waits is stamped already, and one waking for many reads
        halves the price of a read.
        """
        if self._epoll is None or not self._tick.exact:
            return False
        self._epoll.register(descriptor, select.EPOLLIN)
        if not self.gathered:
            self._tick.every(GATHER_NS)
        self.gathered[descriptor] = connection
        return True

    def release(self, descriptor: int) -> None:
        """Ends what `gather` began."""
        assert self._epoll is not None
        self._epoll.unregister(descriptor)
        del self.gathered[descriptor]
        if not self.gathered:
            self._tick.every(0)

    def _read_gathered(self) -> None:
        if self._epoll is None or self._epoll.closed:
            return
        ready = self._epoll.poll(0, AT_ONCE)
        for descriptor, _ in ready:
            connection = self.gathered.get(descriptor)
            if connection is not None:  # else one that an earlier one of this round closed
                connection.read_now()
        if len(ready) == AT_ONCE:
            self.loop.call_soon(self._read_gathered)


class Connection:
    """State of one connection. `idle_since_ns` is set while nobody uses it."""

    __slots__ = (
        "_began_ns", "_descriptor", "_established", "_gathered", "_incoming", "_out", "_outgoing", "_reading", "_sock",
        "_tls", "_writing",
        "connect_ns", "idle_since_ns", "listener", "open",
    )  # fmt: skip

    def __init__(
        self, reading: Reading, address: Address, listener: Listener, tls: ssl.SSLContext | None, host: str
    ) -> None:
        """Begins to connect. Raises OSError where there is no socket or the refusal comes at once."""
        self._reading = reading
        self.listener: Listener | None = listener
        self.idle_since_ns = 0
        self.connect_ns = 0
        self._began_ns = time.monotonic_ns()
        self.open = True
        self._out = b""
        self._writing = False
        self._established = False
        self._gathered = False
        self._tls: ssl.SSLObject | None = None
        if tls is not None:
            self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self._tls = tls.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        family, where = address
        self._sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ask_for_stamps(self._sock)
            problem = self._sock.connect_ex(where)
            if problem not in (0, errno.EINPROGRESS):
                raise OSError(problem, os.strerror(problem))
        except BaseException:
            self._sock.close()
            raise
        self._descriptor = self._sock.fileno()  # the loop is quicker with a number than with a socket
        reading.loop.add_writer(self._descriptor, self._connected)

    def send(self, data: bytes) -> None:
        """Sends now what the socket takes, the rest as it drains."""
        if self._tls is not None:
            self._tls.write(data)
            data = self._outgoing.read()
        self._push(data)

    @property
    def drained(self) -> bool:
        """Whether all that was to be sent has left."""
        return not self._out

    def gather(self) -> None:
        """From now on what arrives may be read up to half a millisecond later; the kernel has stamped it by then."""
        if not self._gathered and self._reading.gather(self, self._descriptor):
            self._gathered = True
            self._reading.loop.remove_reader(self._descriptor)

    def eager(self) -> None:
        """From now on each read is made at once again."""
        if self._gathered:
            self._gathered = False
            self._reading.release(self._descriptor)
            self._reading.loop.add_reader(self._descriptor, self._readable)

    def read_now(self) -> None:
        """Reads what has arrived but was not yet delivered."""
        if self._established or self._tls is not None:
            self._readable()

    def close(self) -> None:
        """Closes the socket; nobody hears of it."""
        if self.open:
            self.open = False
            self.listener = None
            if self._gathered:
                self._reading.release(self._descriptor)
            else:
                self._reading.loop.remove_reader(self._descriptor)
            self._reading.loop.remove_writer(self._descriptor)
            self._sock.close()

    def _connected(self) -> None:
        self._reading.loop.remove_writer(self._descriptor)
        problem = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            self._break(OSError(problem, os.strerror(problem)))
            return
        self._reading.loop.add_reader(self._descriptor, self._readable)
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
            taken = self._sock.send(self._out)
        except (BlockingIOError, InterruptedError):
            taken = 0
        except OSError as error:
            self._break(error)
            return
        self._out = self._out[taken:]
        if self._out:
            self._writing = True
            self._reading.loop.add_writer(self._descriptor, self._drain)

    def _drain(self) -> None:
        self._writing = False
        self._reading.loop.remove_writer(self._descriptor)
        self._push(b"")

    def _readable(self) -> None:
        reading = self._reading
        try:
            count, ancillary, _, _ = self._sock.recvmsg_into(reading.buffers, ANCILLARY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._break(error)
            return
        if count == 0:
            self._end()
            return
        arrived_ns, read_ns, kernel = reading.clock.stamp(ancillary)
        data: bytes | memoryview = reading.view[:count]
        if self._tls is not None:
            data = self._decrypt(reading.view[:count])
        if data and self.open:
            if self.listener is None:  # a server that speaks unasked
                self.close()
            else:
                self.listener.received(data, arrived_ns, read_ns, kernel)

    def _decrypt(self, data: memoryview) -> bytes:
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

    def _end(self) -> None:
        listener, established = self.listener, self._established
        self.close()
        if listener is not None:
            if established:
                listener.closed()
            else:
                listener.broken("tls", "the server closed the connection during the TLS handshake")

    def _break(self, error: OSError) -> None:
        self._report(outcome_of(error), error.strerror or str(error))

    def _report(self, outcome: str, error: str) -> None:
        listener = self.listener
        self.close()
        if listener is not None:
            listener.broken(outcome, error)
