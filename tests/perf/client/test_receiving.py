import asyncio
import select
import socket
import time

import pytest

from signoff.perf.client.receive_stamps import ANCILLARY_BYTES, ask_for_stamps
from signoff.perf.client.receiving import Reading


async def until(condition):
    """Lets the loop run until it holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (nothing here tells when)
            await asyncio.sleep(0.001)


def hold_up(seconds):
    """Keeps the loop from reading."""
    time.sleep(seconds)


class Reader:
    """A connection that keeps what it is given."""

    def __init__(self, sock):
        self.sock = sock
        self.open = True
        self.got = []

    def received(self, data, arrived_ns, read_ns, kernel):
        self.got.append((data, arrived_ns, read_ns, kernel))

    def ended(self):
        self.got.append(b"")
        self.open = False

    def broke(self, error):
        self.got.append(error)
        self.open = False


def await_stamps(ours, theirs):
    """Returns once the kernel stamps what comes: it begins a while after it was asked to."""
    deadline = time.monotonic() + 60
    while ask_for_stamps(ours):
        theirs.send(b"?")
        select.select([ours], [], [], 10)
        if ours.recvmsg(1, ANCILLARY_BYTES)[1]:
            return
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.fixture
def wires():
    """Pairs of connected sockets: ours, which is stamped, and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pairs = []
        for _ in range(80):
            ours = socket.create_connection(listening.getsockname())
            ask_for_stamps(ours)
            ours.setblocking(False)
            pairs.append((ours, listening.accept()[0]))
        await_stamps(*pairs[0])
        yield pairs
        for ours, theirs in pairs:
            ours.close()
            theirs.close()


@pytest.mark.parametrize("much", [False, True])
def test_all_that_arrives_is_delivered_with_the_time_of_its_arrival(wires, much):
    async def read():
        reading = Reading(asyncio.get_running_loop())
        readers = [Reader(ours) for ours, _ in wires]
        for reader in readers:
            reading.watch(reader.sock.fileno(), reader)
        reading.gather(much)
        sent = time.monotonic_ns()
        for number, (_, theirs) in enumerate(wires):
            theirs.send(b"%d" % number)
        hold_up(0.02)  # what waits is stamped all the same
        held_up = time.monotonic_ns()
        await until(lambda: all(reader.got for reader in readers))
        for reader in readers:
            reading.forget(reader.sock.fileno())
        reading.close()
        return sent, held_up, [reader.got for reader in readers], reading.stamped

    sent, held_up, got, stamped = asyncio.run(read())
    for number, ((data, arrived_ns, read_ns, kernel),) in enumerate(got):
        assert data == b"%d" % number
        assert kernel == stamped
        assert sent <= arrived_ns <= (held_up if stamped else read_ns) <= read_ns


def test_a_server_that_closes_or_resets_is_told_apart(wires):
    async def read():
        reading = Reading(asyncio.get_running_loop())
        closed, reset = (Reader(ours) for ours, _ in wires[:2])
        for reader in (closed, reset):
            reading.watch(reader.sock.fileno(), reader)
        wires[0][1].close()
        wires[1][1].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wires[1][1].close()
        for reader in (closed, reset):
            await until(lambda reader=reader: reader.got)
            reading.forget(reader.sock.fileno())
        reading.close()
        return closed.got[0], reset.got[0]

    ended, error = asyncio.run(read())
    assert ended == b""
    assert isinstance(error, ConnectionResetError)


def test_one_that_another_closes_in_the_same_round_hears_nothing_more(wires):
    async def read():
        reading = Reading(asyncio.get_running_loop())
        first, second = (Reader(ours) for ours, _ in wires[:2])
        for reader, other in ((first, second), (second, first)):
            reading.watch(reader.sock.fileno(), reader)
            reader.received = lambda *_, own=reader, other=other: (own.got.append(1), setattr(other, "open", False))
        for _, theirs in wires[:2]:
            theirs.send(b"x")
        hold_up(0.02)
        await asyncio.sleep(0.02)
        reading.close()
        return len(first.got) + len(second.got)

    assert asyncio.run(read()) == 1
