import os
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from signoff.perf.errors import NoListener
from signoff.perf.processes.memory_sampler import MemorySampler
from signoff.perf.processes.process_identity import identify
from signoff.perf.processes.process_tree import (
    cpu_seconds,
    high_water,
    listener,
    sample,
    tree,
)

LISTENS = """
import socket, subprocess, sys
block = bytearray(120_000_000)
holds = "import sys; b = bytearray(60_000_000); print(flush=True); sys.stdin.read()"
child = subprocess.Popen([sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
del block
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def service():
    process = subprocess.Popen(
        [sys.executable, "-c", LISTENS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process.pid, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_the_process_behind_a_port_is_found_with_its_children(service):
    pid, port = service
    assert listener(port) == pid
    assert listener(port, "localhost") == pid
    found = tree(pid)
    assert found[0] == pid
    assert len(found) == 2


def test_memory_counts_the_children_and_the_peak_counts_what_was_given_back(service):
    pid, _ = service
    now = sample(pid)[0].rss_bytes
    assert 60_000_000 < now < 160_000_000
    peak = high_water(pid)
    assert peak.bytes > 180_000_000
    assert peak.source
    assert peak.meaning


def test_a_port_where_nobody_listens_is_said():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(NoListener, match=f"port {unused.getsockname()[1]}: nothing listens"):
            listener(unused.getsockname()[1])


def test_a_listener_on_another_address_is_not_taken_for_it():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listener(port, "127.0.0.1") == os.getpid()
        with pytest.raises(NoListener):
            listener(port, "127.0.0.9")
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert listener(server.getsockname()[1], "127.0.0.9") == os.getpid()


def test_the_cpu_time_of_a_busy_process_is_seen():
    with MemorySampler(os.getpid(), 0.05) as sampler:
        end = time.process_time() + 0.4
        while time.process_time() < end:
            pass
    samples = sampler.samples
    assert samples[-1].cpu_seconds - samples[0].cpu_seconds >= 0.3
    assert [each.t_ns for each in samples] == sorted(each.t_ns for each in samples)
    assert all(each.rss_bytes > 1_000_000 for each in samples)
    assert cpu_seconds(os.getpid()) > 0


def test_a_process_that_ends_ends_its_sampling():
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    with MemorySampler(process.pid, 0.05) as sampler:
        until(lambda: sampler.samples)
        process.communicate()
        until(lambda: sampler.ended_early)
    assert sampler.samples
    with pytest.raises(NoListener, match="has ended"):
        high_water(process.pid)


def test_of_processes_that_share_a_socket_the_topmost_is_found(tmp_path):
    code = (
        "import os, signal, socket\n"
        "s = socket.create_server(('127.0.0.1', 0))\n"
        "read, write = os.pipe()\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        os.close(write); os.read(read, 1); os._exit(0)\n"
        "print(s.getsockname()[1], flush=True)\n"
        "signal.pause()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline())
        assert listener(port, "127.0.0.1") == process.pid
        assert len(tree(process.pid)) == 4
    finally:
        process.kill()
        process.communicate()


STARTS_HELPERS = """
import subprocess, sys
own = [sys.executable, "-c", "print(flush=True); input()"]
lasting = subprocess.Popen(own, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
lasting.stdout.readline()
print(lasting.pid, flush=True)
while (line := sys.stdin.readline()):
    if line == "helper\\n":
        helper = subprocess.Popen(own, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        helper.stdout.readline()
    else:
        (lasting if line == "lasting\\n" else helper).communicate(b"\\n")
    print(helper.pid, flush=True)
"""


def until(is_so):
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_of_a_tree_those_that_were_there_at_the_start_are_missed_and_a_passing_helper_is_not():
    process = subprocess.Popen(
        [sys.executable, "-c", STARTS_HELPERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def tell(what):
        process.stdin.write(what + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    try:
        lasting = int(process.stdout.readline())
        with MemorySampler(process.pid, 0.05) as sampler:
            helper = tell("helper")
            until(lambda: sampler.samples[-1].processes == 3)
            tell("end")
            tell("lasting")
            until(lambda: sampler.samples[-1].processes == 1)
        assert [(each.process.pid, each.is_first) for each in sampler.ended] == [(lasting, False)], helper
        assert not sampler.ended_early
    finally:
        process.kill()
        process.communicate()


def test_another_process_of_the_same_id_is_not_the_one_that_is_watched():
    own = identify(os.getpid())
    with MemorySampler(replace(own, created=own.created - 3600), 0.05) as sampler:
        until(lambda: sampler.ended_early)
    assert sampler.samples == ()
    with MemorySampler(replace(own, created=own.created - 1), 0.05) as sampler:  # the clock was set
        until(lambda: sampler.samples)
    assert not sampler.ended_early
