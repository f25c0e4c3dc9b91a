"""A service that Signoff starts for a run, and stops after it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx

from acceptance.deployment import Deployment, Start
from acceptance.errors import PortInUse, ServiceDidNotStart
from perf.errors import NoListener
from perf.process_identity import ProcessIdentity, identify, identities
from perf.process_tree import listener

READY_PATHS = ("/ready", "/health")
POLL_S = 0.05
STOP_TIMEOUT_S = 10.0
PR_SET_PDEATHSIG = 1


def command(start: Start, extra: Sequence[str] = ()) -> list[str]:
    """The command line that starts the service of a deployment file."""
    return [sys.executable, "-P", "-m", "acceptance", "serve", start.service, *start.arguments, *extra]


def give_key(deployment: Deployment) -> None:
    """Make up the key of a service that the run starts itself, where nobody set one: it reads the same variable."""
    if deployment.start is not None and deployment.api_key_env and not os.environ.get(deployment.api_key_env):
        os.environ[deployment.api_key_env] = secrets.token_urlsafe(24)


class OwnService:
    """A service process in a session of its own, so that Ctrl-C reaches the run and not the service."""

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        assert deployment.start is not None
        self._deployment = deployment
        self._start = deployment.start
        self._log_path = folder / "service.log"
        self._log: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> int:
        """Start it and wait until it is ready; gives the process id. Raises PortInUse or ServiceDidNotStart."""
        self._refuse_taken_port()
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        self._log = self._log_path.open("ab")
        begin = time.monotonic()
        self._process = subprocess.Popen(
            command(self._start),
            stdout=self._log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
        while time.monotonic() - begin < self._start.timeout_s:
            if self._process.poll() is not None:
                raise ServiceDidNotStart(
                    f"{self._start.service} ended with exit code {self._process.returncode} before it was ready"
                    f"{self._last_lines()}",
                    f"see {self._log_path}",
                )
            if self._is_ready() and self._is_ours():
                return self._process.pid
            time.sleep(POLL_S)
        self.stop()
        raise ServiceDidNotStart(
            f"{self._start.service} was not ready within {self._start.timeout_s:g} s{self._last_lines()}",
            f"see {self._log_path}, or raise timeout_s under [start]",
        )

    def stop(self) -> tuple[ProcessIdentity, ...]:
        """End the service and everything that it started; gives the processes that were told to end."""
        if self._process is None:
            return ()
        processes = identities(self._process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None
        if self._log is not None:
            self._log.close()
        return processes

    def _is_ready(self) -> bool:
        for path in READY_PATHS:
            try:
                answer = httpx.get(self._deployment.target + path, timeout=2.0, trust_env=False)
            except httpx.TransportError:
                return False
            if answer.status_code != 404:
                return answer.status_code == 200
        return False

    def _is_ours(self) -> bool:
        """Whether it is this process that answers, and not one that took the port at the same moment."""
        parts = urlsplit(self._deployment.target)
        try:
            return self._process is not None and listener(parts.port or 80, parts.hostname) == self._process.pid
        except NoListener:
            return False

    def _refuse_taken_port(self) -> None:
        # A role such as `prometheus` is another service's, and that may well be running.
        own = [url for name, url in self._deployment.addresses.items() if ":" in name]
        for url in (self._deployment.target, *own):
            parts = urlsplit(url)
            if parts.hostname is None or parts.port is None:
                continue
            if is_taken(parts.hostname, parts.port):
                raise PortInUse(
                    f"{parts.hostname}:{parts.port} is taken by {holder(parts.hostname, parts.port)}, "
                    f"so {self._start.service} cannot start there",
                    "stop that process, or judge it as it is with --target",
                )

    def _last_lines(self) -> str:
        with contextlib.suppress(OSError):
            lines = self._log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            if lines:
                return ": " + " | ".join(lines[-3:])
        return ""


def _end_with_parent() -> None:
    """Let the kernel end the service where the run is killed (prctl(2), PR_SET_PDEATHSIG; Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def service_process(deployment: Deployment) -> int | None:
    """The process behind a target on this machine, or None where it runs elsewhere or cannot be seen."""
    parts = urlsplit(deployment.target)
    if not deployment.is_local:
        return None
    try:
        return listener(parts.port or 80, parts.hostname)
    except NoListener:
        return None


def is_taken(host: str, port: int) -> bool:
    """Whether something else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def holder(host: str, port: int) -> str:
    """The process that listens there, by its id and name where it can be seen."""
    try:
        pid = listener(port, host)
    except NoListener:
        return "another process"
    found = identify(pid)
    return found.text() if found is not None else f"process {pid}"
