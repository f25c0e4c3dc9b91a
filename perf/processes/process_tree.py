"""The processes behind a local port: their memory, its high-water mark, and the CPU time they use."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from signoff.perf.errors import CounterMissing, NoListener
from signoff.perf.processes.process_identity import ProcessIdentity, identify

SOCKET_MANAGER = "systemd"
"""systemd: it opens sockets for services that it starts on demand."""
_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - recognised, not bound


@dataclass(frozen=True, slots=True)
class HighWater:
    """A high-water mark in bytes, its source, and its meaning."""

    bytes: int
    source: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory and CPU time of a process tree at one time (monotonic ns)."""

    t_ns: int
    rss_bytes: int
    cpu_seconds: float
    processes: int

    def as_record(self) -> dict[str, Any]:
        return {"record": "memory", **asdict(self)}


def listener(port: int, address: str | None = None) -> int:
    """The process that listens on a local TCP port, the topmost one if several share the socket.

    Raises NoListener.
    """
    where = f"{address or 'this machine'}, port {port}"
    wanted = None if address is None else _numeric(address)
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        raise NoListener(f"{where}: listing the sockets of this machine is not permitted", "run as root") from None
    found = [
        (str(each.laddr[0]), each.pid)
        for each in connections
        if each.status == psutil.CONN_LISTEN and each.laddr and each.laddr[1] == port
    ]
    if wanted is not None:
        exact = [each for each in found if each[0] in wanted]
        found = exact or [each for each in found if each[0] in _WILDCARDS]
    if not found:
        raise NoListener(f"{where}: nothing listens there", "start the service, or name the port that it uses")
    pids = {pid for _, pid in found if pid is not None}
    if not pids:
        raise NoListener(f"{where}: the listening process belongs to another user", "run as that user or as root")
    for pid in sorted(pids):
        try:
            process = psutil.Process(pid)
            return _topmost(process, port).pid
        except psutil.Error:
            continue
    raise NoListener(f"{where}: the listening process has just ended", "start the service again")


def _topmost(process: psutil.Process, port: int) -> psutil.Process:
    """The highest of a process's ancestors that listens on its port too, else itself.

    For a socket that several processes inherited, the system's list shows an arbitrary one of them.
    """
    found = process
    for parent in process.parents():
        try:
            connections = _connections(parent)
            is_manager = parent.name() == SOCKET_MANAGER
        except psutil.Error:
            continue
        if not is_manager and any(
            each.status == psutil.CONN_LISTEN and each.laddr and each.laddr[1] == port for each in connections
        ):
            found = parent
    return found


def _connections(process: psutil.Process) -> Sequence[Any]:
    """A process's TCP sockets, under the method's name in this release of psutil."""
    ask = getattr(process, "net_connections", None) or process.connections
    found: Sequence[Any] = ask(kind="tcp")
    return found


def tree(pid: int) -> tuple[int, ...]:
    """A process and all its descendants. Raises NoListener if it has ended."""
    try:
        process = psutil.Process(pid)
        return (pid, *sorted(each.pid for each in process.children(recursive=True)))
    except psutil.NoSuchProcess:
        raise NoListener(f"process {pid} has ended", "see the log of the service") from None


def identities(pid: int) -> tuple[ProcessIdentity, ...]:
    """A process and all its descendants; empty if it has ended."""
    try:
        found = [identify(each) for each in tree(pid)]
    except NoListener:
        return ()
    return tuple(each for each in found if each is not None)


def cpu_seconds(pid: int) -> float:
    """CPU time of the whole tree so far, children that have ended included."""
    return sample(pid)[0].cpu_seconds


def high_water(pid: int) -> HighWater:
    """The peak memory of the tree.

    From the cgroup's counter if a cgroup contains exactly this tree (cgroup v2 `memory.peak`, v1
    `memory.max_usage_in_bytes`; page cache included), else the sum of the processes' VmHWM, which is an upper
    bound for running ones: their peaks need not coincide. Raises NoListener, CounterMissing.
    """
    pids = tree(pid)
    of_group = _cgroup_peak(pid, set(pids))
    if of_group is not None:
        return of_group
    total = sum(_peak_of(each) for each in pids)
    if not total:
        raise CounterMissing(f"process {pid}: no VmHWM in /proc/{pid}/status", "measure on Linux")
    text = "sum of the peak resident sizes of the running processes"
    return HighWater(total, f"VmHWM of {len(pids)} process{'es' if len(pids) > 1 else ''}", text)


def sample(pid: int) -> tuple[Sample, tuple[psutil.Process, ...]]:
    """Current memory and CPU time of the tree, and its processes, the main one first. Raises NoListener."""
    rss = 0
    cpu = 0.0
    members: list[psutil.Process] = []
    for each in tree(pid):
        try:
            process = psutil.Process(each)
            with process.oneshot():
                times = process.cpu_times()
                cpu += times.user + times.system + times.children_user + times.children_system
                if process.status() != psutil.STATUS_ZOMBIE:  # it has ended, and nobody has asked for its status yet
                    rss += process.memory_info().rss
                    members.append(process)
        except psutil.Error:
            continue
    if not members or members[0].pid != pid or not rss:
        raise NoListener(f"process {pid} has ended", "see the log of the service")
    return Sample(time.monotonic_ns(), rss, round(cpu, 3), len(members)), tuple(members)


def _peak_of(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 0
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _cgroup_peak(pid: int, pids: set[int]) -> HighWater | None:
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if path == "/":
            continue
        if controllers == "":
            folder, counter, version = Path(f"/sys/fs/cgroup{path}"), "memory.peak", "v2"
        elif "memory" in controllers.split(","):
            folder, counter, version = Path(f"/sys/fs/cgroup/memory{path}"), "memory.max_usage_in_bytes", "v1"
        else:
            continue
        try:
            members = {int(each) for each in (folder / "cgroup.procs").read_text(encoding="ascii").split()}
            below = any(each.is_dir() for each in os.scandir(folder))
            peak = int((folder / counter).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        if members and members <= pids and not below:
            meaning = f"peak of cgroup {path}, page cache included"
            return HighWater(peak, f"cgroup {version} {counter}", meaning)
    return None


def _numeric(address: str) -> set[str]:
    try:
        return {str(each[4][0]) for each in socket.getaddrinfo(address, None)}
    except OSError:
        return {address}
