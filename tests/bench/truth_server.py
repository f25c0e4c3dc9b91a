"""A server that knows the truth: OpenAI-shaped streams at stated times, each write stamped by the server itself.

Run as a program: takes a pace as JSON (and a certificate file), prints its port, serves until its standard input
ends. `GET /truth` gives what was served (`truth.py` reads it).

The server's own lateness is part of the truth and not of an error: the truth is what it did, not what it was to do. A
request arrived when the kernel says so (`SO_TIMESTAMPNS`), however late the server reads it; a token was written
between the two stamps around its `send`. All stamps are of the wall clock, the clock of the kernel's stamps. The
code that stamps is not the client's, so that an error of one cannot hide in the other.
"""

from __future__ import annotations

import gc
import heapq
import json
import re
import select
import socket
import ssl
import struct
import sys
import time
from array import array
from collections import deque

from pace import Pace

SO_TIMESTAMPNS = 35
READ_BYTES = 65536
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_ID = re.compile(rb"(?i)\r\nx-request-id: *([^\r]*)")
_MARKER = re.compile(rb'"\[([0-9a-f]{12})\]')
_STREAM = re.compile(rb'"stream" *: *true')
_USAGE = re.compile(rb'"include_usage" *: *true')
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(*events: object) -> bytes:
    """Server-sent events in one chunk of a chunked body."""
    text = b"".join(
        b"data: %s\n\n" % (each if isinstance(each, bytes) else json.dumps(each).encode()) for each in events
    )
    return b"%x\r\n%s\r\n" % (len(text), text)


def framed(body: bytes, status: bytes = b"200 OK", kind: bytes = b"application/json") -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n%s" % (status, kind, len(body), body)


class Answers:
    """The bytes of each token, made before anything is served."""

    def __init__(self, tokens: int) -> None:
        self.usage = {"prompt_tokens": 8, "completion_tokens": tokens, "total_tokens": 8 + tokens}
        self.text = " word" * tokens
        self.streamed = {
            (chat, usage): self._stream(tokens, chat, usage) for chat in (False, True) for usage in (False, True)
        }

    def _stream(self, tokens: int, chat: bool, usage: bool) -> list[bytes]:
        pieces = [chunk(self._part(chat, " word", None, first=not token)) for token in range(tokens)]
        last: list[object] = [self._part(chat, "", "stop")]
        if usage:
            last.append({**self._part(chat, "", None), "choices": [], "usage": self.usage})
        pieces[-1] += chunk(*last) + chunk(b"[DONE]") + b"0\r\n\r\n"
        return pieces

    def _part(self, chat: bool, text: str, finish: str | None, first: bool = False) -> dict[str, object]:
        kind = "chat.completion.chunk" if chat else "text_completion"
        delta: dict[str, object] = {"role": "assistant"} if first else {}
        if text:
            delta["content"] = text
        choice = {"index": 0, **({"delta": delta} if chat else {"text": text}), "finish_reason": finish}
        return {"id": "cmpl-truth", "object": kind, "created": 1, "model": "truth", "choices": [choice]}

    def whole(self, chat: bool) -> bytes:
        text = {"message": {"role": "assistant", "content": self.text}} if chat else {"text": self.text}
        kind = "chat.completion" if chat else "text_completion"
        choice = {"index": 0, **text, "finish_reason": "stop"}
        body = {"id": "cmpl-truth", "object": kind, "created": 1, "model": "truth", "choices": [choice]}
        return framed(json.dumps({**body, "usage": self.usage}).encode())


class Peer:
    """One connection; it has at most one request under way."""

    __slots__ = ("inbox", "incoming", "number", "outbox", "outgoing", "pieces", "schedule", "sock", "tls", "token")

    def __init__(self, sock: socket.socket, context: ssl.SSLContext | None) -> None:
        self.sock = sock
        self.inbox = b""
        self.outbox = b""
        self.number = -1
        self.token = 0
        self.schedule: tuple[int, ...] = ()
        self.pieces: list[bytes] = []
        self.tls: ssl.SSLObject | None = None
        if context is not None:
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)


class TruthServer:
    """State of the server. All that is served is kept until the end."""

    def __init__(self, pace: Pace, context: ssl.SSLContext | None) -> None:
        self.pace = pace
        self.context = context
        self.schedules = pace.schedules()
        self.answers = Answers(pace.tokens)
        self.ids: list[str] = []
        self.arrived = array("q")
        self.before = array("q")
        self.after = array("q")
        self.nothing = array("q", bytes(8 * pace.tokens))
        self.due: list[tuple[int, int, Peer]] = []
        self.peers: dict[int, Peer] = {}
        self.freeze_ns = 0
        self.ready: deque[Peer] = deque()
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=65535)
        self.listening.setblocking(False)
        self.listening.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)  # what is accepted inherits it
        self.keeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.keeper.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)  # the kernel stamps while a socket asks for it
        self.epoll = select.epoll()
        self.epoll.register(self.listening, select.EPOLLIN)
        self.epoll.register(sys.stdin, select.EPOLLIN)

    def serve(self) -> None:
        """Until standard input ends."""
        waiting = [self.epoll.fileno()]
        while True:
            now = time.time_ns()
            while self.due and self.due[0][0] <= now:
                due_ns, number, peer = heapq.heappop(self.due)
                if peer.number == number:
                    self._token(peer, due_ns)
                now = time.time_ns()
            if self.freeze_ns and now >= self.freeze_ns:
                self.freeze_ns = 0
                time.sleep(self.pace.freeze_s)
                continue
            wake_ns = min(self.due[0][0] if self.due else now + 10**9, self.freeze_ns or now + 10**9)
            # select() waits in microseconds, epoll_wait() in milliseconds.
            if select.select(waiting, [], [], max(0, wake_ns - now) / 1e9)[0]:
                for descriptor, events in self.epoll.poll(0):
                    if descriptor == 0:
                        return
                    if descriptor == self.listening.fileno():
                        self._accept()
                    elif descriptor in self.peers:
                        self._event(self.peers[descriptor], events)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.peers[sock.fileno()] = Peer(sock, self.context)
            self.epoll.register(sock, select.EPOLLIN)

    def _event(self, peer: Peer, events: int) -> None:
        try:
            if events & select.EPOLLOUT:
                self.epoll.modify(peer.sock, select.EPOLLIN)
                self._push(peer, b"")
            if events & ~select.EPOLLOUT:
                self._read(peer)
        except OSError:
            self._leave(peer)

    def _leave(self, peer: Peer) -> None:
        peer.number = -1
        if self.peers.pop(peer.sock.fileno(), None) is not None:
            self.epoll.unregister(peer.sock)
            peer.sock.close()

    def _read(self, peer: Peer) -> None:
        data, ancillary, _, _ = peer.sock.recvmsg(READ_BYTES, 64)
        if not data:
            self._leave(peer)
            return
        arrived_ns = time.time_ns()
        for _, kind, stamp in ancillary:
            if kind == SO_TIMESTAMPNS:
                seconds, nanoseconds = struct.unpack("@qq", stamp[:16])
                arrived_ns = seconds * 10**9 + nanoseconds
        peer.inbox += data if peer.tls is None else self._decrypt(peer, data)
        if peer.number < 0:
            self._request(peer, arrived_ns)

    def _request(self, peer: Peer, arrived_ns: int) -> None:
        end = peer.inbox.find(b"\r\n\r\n")
        if end < 0:
            return
        head = peer.inbox[: end + 2]
        length = _LENGTH.search(head)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(peer.inbox) < whole:
            return
        body, peer.inbox = peer.inbox[end + 4 : whole], peer.inbox[whole:]
        method, path, _ = head.split(b" ", 2)
        if method == b"POST" and path.endswith(b"/completions"):
            self._begin(peer, path.endswith(b"/chat/completions"), head, body, arrived_ns)
        elif method == b"GET" and path == b"/truth":
            self._push(peer, framed(self._truth(), kind=b"application/octet-stream"))
        elif method == b"GET" and path in (b"/health", b"/v1/models", b"/models"):
            model = {"id": "truth", "object": "model", "created": 1, "owned_by": "signoff"}
            self._push(peer, framed(json.dumps({"object": "list", "data": [model]}).encode()))
        else:
            self._push(peer, framed(b"{}", b"404 Not Found"))

    def _begin(self, peer: Peer, chat: bool, head: bytes, body: bytes, arrived_ns: int) -> None:
        known = _ID.search(head) or _MARKER.search(body)
        number = len(self.ids)
        self.ids.append(known[1].decode("latin-1") if known else "")
        self.arrived.append(arrived_ns)
        self.before.extend(self.nothing)
        self.after.extend(self.nothing)
        if not number and self.pace.freeze_s:
            self.freeze_ns = arrived_ns + round(self.pace.freeze_at_s * 1e9)
        peer.number, peer.token = number, 0
        schedule = self.schedules[number % len(self.schedules)]
        if _STREAM.search(body):
            peer.pieces = self.answers.streamed[chat, bool(_USAGE.search(body))]
            self._push(peer, HEAD)
        else:
            schedule = schedule[-1:]
            peer.pieces = [self.answers.whole(chat)]
        peer.schedule = tuple(arrived_ns + each for each in schedule)
        heapq.heappush(self.due, (peer.schedule[0], number, peer))

    def _token(self, peer: Peer, due_ns: int) -> None:
        number, token = peer.number, peer.token
        peer.token = token + 1
        place = number * self.pace.tokens + token
        piece = peer.pieces[token]
        self.before[place] = time.time_ns()
        try:
            self._push(peer, piece)
        except OSError:
            self._leave(peer)
            return
        self.after[place] = time.time_ns()
        if peer.token < len(peer.pieces):
            heapq.heappush(self.due, (peer.schedule[peer.token], number, peer))
            return
        peer.number = -1
        if peer.inbox:  # the next request came early
            self._request(peer, time.time_ns())

    def _push(self, peer: Peer, data: bytes) -> None:
        if peer.tls is not None and data:
            peer.tls.write(data)
            data = peer.outgoing.read()
        peer.outbox += data
        try:
            taken = peer.sock.send(peer.outbox)
        except BlockingIOError:
            taken = 0
        peer.outbox = peer.outbox[taken:]
        if peer.outbox:
            self.epoll.modify(peer.sock, select.EPOLLIN | select.EPOLLOUT)

    def _decrypt(self, peer: Peer, data: bytes) -> bytes:
        assert peer.tls is not None
        peer.incoming.write(data)
        plain = b""
        try:
            if peer.tls.version() is None:
                peer.tls.do_handshake()
            while piece := peer.tls.read(READ_BYTES):
                plain += piece
        except ssl.SSLWantReadError:
            pass
        finally:
            if pending := peer.outgoing.read():
                peer.sock.send(pending)
        return plain

    def _truth(self) -> bytes:
        """One line of JSON, then as 64-bit integers: arrivals, stamps before each write, stamps after it."""
        monotonic = time.monotonic_ns()
        used = time.process_time()
        head = {
            "ids": self.ids,
            "tokens": self.pace.tokens,
            "pace": self.pace.as_record(),
            "monotonic_to_wall_ns": time.time_ns() - monotonic,
            "cpu_s": used,
        }
        stamps = b"".join(each.tobytes() for each in (self.arrived, self.before, self.after))
        return json.dumps(head).encode() + b"\n" + stamps


def main(pace: str = "{}", certificate: str = "") -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = TruthServer(Pace.from_record(json.loads(pace)), context)
    gc.collect()
    gc.freeze()
    gc.disable()  # nothing here makes cycles that live; a collection would be a pause
    print(server.listening.getsockname()[1], flush=True)
    server.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
