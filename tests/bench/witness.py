"""A relay that stands before a real engine and stamps what passes, so that the truth of its streams is known too.

Run as a program: takes the port of an engine on this machine, prints its own, relays until its standard input ends,
then prints what it saw as JSON. The engine's time, and what the relay costs, are part of the truth: a request arrived
when the kernel received its last byte (`SO_TIMESTAMPNS`), a piece was written just before its `send`.
"""

from __future__ import annotations

import contextlib
import gc
import json
import re
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass, field

SO_TIMESTAMPNS = 35
READ_BYTES = 65536
_CONTENT = re.compile(rb'"content": ?"[^"]')
"""Of an event that carries text; the first of a chat carries the role and an empty one."""


@dataclass(slots=True)
class Stream:
    """One request for a completion. `written_ns` has the stamp of each event with text, on the wall clock."""

    arrived_ns: int
    written_ns: list[int] = field(default_factory=list)
    whole: bool = False


@dataclass(slots=True)
class Leg:
    """One side of a relayed connection."""

    sock: socket.socket
    other: Leg | None = None
    is_client: bool = False
    outbox: bytes = b""
    line: bytes = b""
    stream: Stream | None = None


class Witness:
    """State of the relay."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: list[Stream] = []
        self.legs: dict[int, Leg] = {}
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.listening.setblocking(False)
        self.listening.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.epoll = select.epoll()
        self.epoll.register(self.listening, select.EPOLLIN)
        self.epoll.register(sys.stdin, select.EPOLLIN)

    def relay(self) -> None:
        """Until standard input ends."""
        while True:
            for descriptor, events in self.epoll.poll():
                if descriptor == 0:
                    return
                if descriptor == self.listening.fileno():
                    self._accept()
                elif descriptor in self.legs:
                    self._event(self.legs[descriptor], events)

    def _accept(self) -> None:
        sock, _ = self.listening.accept()
        client, engine = Leg(sock, is_client=True), Leg(socket.create_connection(("127.0.0.1", self.port)))
        client.other, engine.other = engine, client
        for leg in (client, engine):
            leg.sock.setblocking(False)
            leg.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.legs[leg.sock.fileno()] = leg
            self.epoll.register(leg.sock, select.EPOLLIN)

    def _event(self, leg: Leg, events: int) -> None:
        try:
            if events & select.EPOLLOUT:
                self.epoll.modify(leg.sock, select.EPOLLIN)
                self._push(leg, b"")
            if events & ~select.EPOLLOUT:
                self._read(leg)
        except OSError:
            self._leave(leg)

    def _read(self, leg: Leg) -> None:
        data, ancillary, _, _ = leg.sock.recvmsg(READ_BYTES, 64)
        assert leg.other is not None
        if not data:
            self._leave(leg)
        elif leg.is_client:
            self._asked(leg, data, _stamp(ancillary))
            self._push(leg.other, data)
        else:
            before_ns = time.time_ns()
            self._push(leg.other, data)
            self._answered(leg, leg.other, data, before_ns)

    def _asked(self, client: Leg, data: bytes, arrived_ns: int) -> None:
        head = data.split(b"\r\n", 1)[0]
        if head.startswith(b"POST ") and b"/completions" in head:
            client.stream = Stream(arrived_ns)
            self.streams.append(client.stream)
        elif client.stream is not None:  # the body came after the head
            client.stream.arrived_ns = arrived_ns

    def _answered(self, engine: Leg, client: Leg, data: bytes, before_ns: int) -> None:
        *lines, engine.line = (engine.line + data).split(b"\n")
        stream = client.stream
        if stream is not None:
            stream.written_ns += [before_ns for line in lines if _CONTENT.search(line)]
            stream.whole = stream.whole or any(line.startswith(b"data: [DONE]") for line in lines)

    def _push(self, leg: Leg, data: bytes) -> None:
        leg.outbox += data
        with contextlib.suppress(BlockingIOError):
            leg.outbox = leg.outbox[leg.sock.send(leg.outbox) :]
        if leg.outbox:
            self.epoll.modify(leg.sock, select.EPOLLIN | select.EPOLLOUT)

    def _leave(self, leg: Leg) -> None:
        for each in (leg, leg.other):
            if each is not None and self.legs.pop(each.sock.fileno(), None) is not None:
                self.epoll.unregister(each.sock)
                each.sock.close()


def _stamp(ancillary: list[tuple[int, int, bytes]]) -> int:
    for _, kind, stamp in ancillary:
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("@qq", stamp[:16])
            return int(seconds * 10**9 + nanoseconds)
    return time.time_ns()


def main(port: str) -> None:
    witness = Witness(int(port))
    gc.collect()
    gc.freeze()
    gc.disable()
    print(witness.listening.getsockname()[1], flush=True)
    witness.relay()
    monotonic = time.monotonic_ns()
    streams = [[each.arrived_ns, *each.written_ns] for each in witness.streams if each.whole and each.written_ns]
    report = {"streams": streams, "monotonic_to_wall_ns": time.time_ns() - monotonic, "cpu_s": time.process_time()}
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
