import socket
import struct
import time

import pytest

from signoff.perf.client.receive_stamps import ANCILLARY_BYTES, SO_TIMESTAMPNS, ReceiveClock, ask_for_stamps


def stamp(clock, ancillary):
    """(arrival, the read, whether the kernel stamped it) of one read."""
    read = clock.look()
    arrived, kernel = clock.arrival(ancillary)
    return arrived, read, kernel


def stamp_of(real_ns):
    return [(socket.SOL_SOCKET, SO_TIMESTAMPNS, struct.pack("@qq", *divmod(real_ns, 10**9)))]


def test_a_stamp_becomes_the_monotonic_time_of_the_arrival():
    clock = ReceiveClock()
    arrived, read, kernel = stamp(clock, stamp_of(time.time_ns() - 5_000_000))
    assert kernel
    assert 5_000_000 <= read - arrived < 500_000_000
    assert (clock.kernel_reads, clock.user_reads) == (1, 0)


def test_without_a_stamp_the_time_of_the_read_stands_for_it():
    clock = ReceiveClock()
    arrived, read, kernel = stamp(clock, [])
    assert (arrived, kernel, clock.user_reads) == (read, False, 1)


@pytest.mark.parametrize("step_ns", [5_000_000_000, -5_000_000_000])
def test_a_step_of_the_wall_clock_moves_no_arrival(monkeypatch, step_ns):
    clock = ReceiveClock()
    real = time.time_ns
    stamp(clock, stamp_of(real()))
    before_step = stamp_of(real())
    monkeypatch.setattr(time, "time_ns", lambda: real() + step_ns)
    now = time.monotonic_ns()
    arrived, read, kernel = stamp(clock, before_step)
    assert not kernel
    assert now <= arrived == read
    assert clock.steps == 1
    arrived, _, kernel = stamp(clock, stamp_of(time.time_ns()))
    assert kernel
    assert arrived >= now
    assert clock.steps == 1


def test_a_stamp_from_the_future_is_not_believed():
    arrived, read, kernel = stamp(ReceiveClock(), stamp_of(time.time_ns() + 10**10))
    assert (arrived, kernel) == (read, False)


def test_a_real_packet_is_stamped_after_it_was_sent_and_before_it_was_read():
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as client:
        if not ask_for_stamps(client):
            pytest.skip("this kernel does not stamp packets")
        client.connect(listening.getsockname())
        server, _ = listening.accept()
        clock = ReceiveClock()
        with server:
            for _ in range(3):  # the kernel begins to stamp a moment after it was asked to
                sent = time.monotonic_ns()
                server.send(b"x")
                time.sleep(0.05)
                _, ancillary, _, _ = client.recvmsg(10, ANCILLARY_BYTES)
                arrived, read, kernel = stamp(clock, ancillary)
    assert kernel
    assert sent <= arrived <= read - 30_000_000
