"""A service that Signoff starts for a run, and stops after it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from signoff.acceptance import keys
from signoff.acceptance.deployment import Deployment, ServiceStart
from signoff.acceptance.errors import PortInUse, ServiceDidNotStart, UsageError
from signoff.acceptance.services.service_log import ServiceLog
from signoff.perf.client.fetch import fetch
from signoff.perf.client.request_url import joined
from signoff.perf.errors import NoListener
from signoff.perf.processes import lifeline
from signoff.perf.processes.process_identity import ProcessIdentity, identify
from signoff.perf.processes.process_tree import identities, listener
from signoff.reports.plain_text import line as plain_line
from signoff.reports.stored.run_folder import RunFolder, opened

READY_PATHS = ("/ready", "/health", "/-/ready")
"""The last one is Prometheus."""
POLL_S = 0.05
LOOK_S = 2.0
STOP_TIMEOUT_S = 10.0
LAST_BYTES, LAST_LINES, LAST_CHARACTERS = 8192, 3, 300


def command(start: ServiceStart, extra: Sequence[str] = ()) -> list[str]:
    """The command line that starts the service of a deployment file."""
    return [sys.executable, "-P", "-m", "signoff.acceptance", "serve", start.service, *start.arguments, *extra]


def give_key(deployment: Deployment) -> tuple[str, ...]:
    """Generate the key of services that are started here, if none is set: they read the same variables.

    One key for all, so that a key forwarded by a gateway works everywhere. Returns the variables set.
    """
    if not deployment.starts:
        return ()
    unset = tuple(name for name in deployment.key_variables if not keys.is_set(name))
    os.environ.update(dict.fromkeys(unset, secrets.token_urlsafe(24)))
    return unset


class OwnService:
    """A service process in a separate session, so that Ctrl-C reaches the run and not the service."""

    def __init__(self, start: ServiceStart, folder: Path, log: str = "service.log") -> None:
        self.entry = start
        self._folder = RunFolder(folder)
        self._log_name = log
        self._log: ServiceLog | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ending: tuple[ProcessIdentity, ...] = ()
        self._began = 0.0

    def launch(self) -> None:
        """Start it, ready or not. Raises PortInUse if something else listens at its address."""
        refuse_taken(self.entry.url, self.entry.service)
        self._log = ServiceLog(self._folder, self._log_name)
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            command(self.entry),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=keys.environment_of_service(),
            start_new_session=True,
        )
        lifeline.keep(self._process.pid)
        assert self._process.stdout is not None
        self._log.follow(self._process.stdout)

    def wait(self) -> int:
        """Wait until it is ready; returns the process id. Raises ServiceDidNotStart with its last output."""
        assert self._process is not None
        while time.monotonic() - self._began < self.entry.timeout_s:
            if (code := self._process.poll()) is not None:
                error = ServiceDidNotStart(
                    f"{self.entry.service} ended with exit code {code} before it was ready{self._last_lines()}",
                    f"see {self._log_path}",
                )
                if code == UsageError.exit_code:
                    # Its settings are at fault, and it says which.
                    error.exit_code = code
                raise error
            if _is_ready(self.entry.url) and self._is_ours():
                return self._process.pid
            time.sleep(POLL_S)
        self.stop()
        raise ServiceDidNotStart(
            f"{self.entry.service} was not ready within {self.entry.timeout_s:g} s{self._last_lines()}",
            f"see {self._log_path}, or raise timeout_s under [start]",
        )

    def ended(self) -> str:
        """How it ended by itself, with its last output; "" while it runs."""
        if self._process is None or (code := self._process.poll()) is None:
            return ""
        by_signal = f" (killed by {_signal_name(-code)})" if code < 0 else ""
        return f"{self.entry.service} at {self.entry.url} ended with exit code {code}{by_signal}{self._last_lines()}"

    def tell_to_end(self) -> tuple[ProcessIdentity, ...]:
        """Ask the service, and everything that it started, to end; returns the processes that were asked."""
        if self._process is not None and not self._ending:
            # Seen once, before the first of them ends: what a service leaves behind is nobody's child any more.
            # Once it has ended by itself, its id may mean another process.
            self._ending = identities(self._process.pid) if self._process.poll() is None else ()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
        return self._ending

    def stop(self) -> tuple[ProcessIdentity, ...]:
        """End the service and everything that it started; returns the processes that were asked to end."""
        if self._process is None:
            return ()
        processes = self.tell_to_end()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        lifeline.let_go(self._process.pid)
        self._process = None
        if self._log is not None:
            self._log.settle()
        return processes

    @property
    def _log_path(self) -> Path:
        return self._folder.path / self._log_name

    def _is_ours(self) -> bool:
        """Whether this process answers, and not one that took the port at the same moment."""
        parts = urlsplit(self.entry.url)
        try:
            return self._process is not None and listener(parts.port or 80, parts.hostname) == self._process.pid
        except NoListener:
            return False

    def _last_lines(self) -> str:
        if self._log is not None:
            self._log.settle()
        with contextlib.suppress(OSError), opened(self._log_path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_BYTES))
            lines = file.read(LAST_BYTES).decode("utf-8", errors="replace").strip().splitlines()
            if lines:
                return ": " + " | ".join(plain_line(each[:LAST_CHARACTERS]) for each in lines[-LAST_LINES:])
        return ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _is_ready(url: str) -> bool:
    for path in READY_PATHS:
        answer = fetch(joined(url, path), timeout_s=LOOK_S)
        if answer.failure:
            return False
        if answer.status != HTTPStatus.NOT_FOUND:
            return answer.status == HTTPStatus.OK
    return False


def refuse_taken(url: str, service: str) -> None:
    """Raises PortInUse, with who holds it, where something listens at the address that a service has to have."""
    parts = urlsplit(url)
    if parts.hostname is not None and parts.port is not None and is_taken(parts.hostname, parts.port):
        raise PortInUse(
            f"{parts.hostname}:{parts.port} is taken by {holder(parts.hostname, parts.port)}, "
            f"so {service} cannot start there",
            "stop that process; a run can judge it as it is with --target",
        )


def service_process(deployment: Deployment) -> int | None:
    """The process behind a target on this machine, or None if it runs elsewhere or cannot be seen."""
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
