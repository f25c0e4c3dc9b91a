"""Receiving: at once, or every two milliseconds under high load.

The kernel has already timestamped unread data, so that a later read changes no figure; one wake-up for many
reads is what makes an event cheap.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from signoff.perf.client.receive_stamps import ANCILLARY_BYTES, Ancillary, ReceiveClock, ask_for_stamps
from signoff.perf.client.wakeup import Wakeup

READ_BYTES: Final = 64 * 1024
GATHER_NS: Final = 2_000_000
AT_ONCE: Final = 32
"""After this many reads in one wake-up, due sends come first."""


class Reader(Protocol):
    """A connection that is read from."""

    sock: socket.socket
    open: bool

    def received(self, data: bytes, arrived_ns: int, read_ns: int, kernel: bool) -> None: ...
    def ended(self) -> None: ...
    def broke(self, error: OSError) -> None: ...


class Reading:
    """Shared by all connections of a client: the loop, one read buffer and the clock of receive timestamps."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.clock = ReceiveClock()
        self._buffers = [bytearray(READ_BYTES)]
        self._view = memoryview(self._buffers[0])
        self._watched: dict[int, Reader] = {}
        # The kernel stamps packets only while some socket asks for it, and starts a moment after it did.
        self._keeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.stamped = ask_for_stamps(self._keeper)
        self._tick = Wakeup(loop, self._read_ready)
        self._gathering = False
        self._is_reading = False
        self._then: Callable[[], None] | None = None
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        if self._epoll is not None:
            loop.add_reader(self._epoll.fileno(), self._read_ready)

    def close(self) -> None:
        """Releases the shared resources of connections that are already closed."""
        self._tick.close()
        if self._epoll is not None:
            self.loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
        self._keeper.close()

    def watch(self, descriptor: int, reader: Reader) -> None:
        """Delivers arriving data to `reader` from now on."""
        self._watched[descriptor] = reader
        if self._epoll is not None:
            self._epoll.register(descriptor, select.EPOLLIN)
        else:
            self.loop.add_reader(descriptor, self.read, reader)

    def forget(self, descriptor: int) -> None:
        """Ends `watch`, if it was called."""
        if self._watched.pop(descriptor, None) is None:
            return
        if self._epoll is not None:
            self._epoll.unregister(descriptor)
        else:
            self.loop.remove_reader(descriptor)

    def gather(self, much: bool) -> None:
        """Turns batched reads on, if the kernel timestamps data; returns whether they are on."""
        if much == self._gathering or self._epoll is None or not (self.stamped and self._tick.exact):
            return
        self._gathering = much
        if much:
            self.loop.remove_reader(self._epoll.fileno())
            self._tick.every(GATHER_NS)
        else:
            self._tick.every(0)
            self.loop.add_reader(self._epoll.fileno(), self._read_ready)

    def afterwards(self, then: Callable[[], None]) -> None:
        """Calls `then` after the current delivery, or in the next loop iteration."""
        if self._is_reading and self._then is None:
            self._then = then
        else:
            self.loop.call_soon(then)

    def read(self, reader: Reader) -> None:
        """Reads the data of one connection now."""
        if reader.sock.fileno() in self._watched:
            self._read((reader,))

    def _read_ready(self) -> None:
        if self._epoll is None or self._epoll.closed:
            return
        ready = self._epoll.poll(0, AT_ONCE)
        self._is_reading = True
        try:
            self._read([self._watched[descriptor] for descriptor, _ in ready])
        finally:
            self._is_reading = False
        if self._gathering and len(ready) == AT_ONCE:
            self.loop.call_soon(self._read_ready)
        then, self._then = self._then, None
        if then is not None:
            then()

    def _read(self, readers: Iterable[Reader]) -> None:
        """Reads everything, then delivers it: one reading of the clocks serves all data."""
        found: list[tuple[Reader, bytes, Ancillary]] = []
        failed: list[tuple[Reader, OSError]] = []
        buffers, view = self._buffers, self._view
        for reader in readers:
            try:
                count, control, _, _ = reader.sock.recvmsg_into(buffers, ANCILLARY_BYTES)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError as problem:
                failed.append((reader, problem))
            else:
                found.append((reader, bytes(view[:count]), control))
        read_ns = self.clock.look()
        for reader, data, ancillary in found:
            if not reader.open:  # one that an earlier one of this round closed
                continue
            if data:
                arrived_ns, kernel = self.clock.arrival(ancillary)
                reader.received(data, arrived_ns, read_ns, kernel)
            else:
                reader.ended()
        for reader, error in failed:
            if reader.open:
                reader.broke(error)
