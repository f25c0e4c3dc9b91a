"""Cold starts: the time from a service's command to its first ready answer.

The first start may read files from disk that later ones find in the page cache; the numbers of the starts are
kept so that this shows.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import IO, Any, Final

from signoff.perf.client.endpoint import Endpoint
from signoff.perf.client.fetch import fetch
from signoff.perf.errors import StartRefused
from signoff.perf.processes import lifeline
from signoff.perf.redaction import known_secrets

POLL_S: Final = 0.02
LOOK_S: Final = 2.0
_LOG_LINES: Final = 20
_LOG_CHARACTERS: Final = 4000


@dataclass(frozen=True, slots=True)
class ColdStart:
    """One start. `seconds` is None if it failed; then `error` says how, and `log` holds its last lines."""

    number: int
    seconds: float | None
    error: str = ""
    log: str = ""

    def as_record(self) -> dict[str, Any]:
        return {"record": "cold_start", **asdict(self)}


def time_starts(
    command: Sequence[str],
    ready_url: str,
    count: int = 5,
    timeout_s: float = 240.0,
    env: Mapping[str, str] | None = None,
    on_start: Callable[[ColdStart], None] | None = None,
    stop_s: float = 10.0,
) -> tuple[ColdStart, ...]:
    """Starts and stops the service `count` times; ready is a status of 200 at `ready_url`, asked each 20 ms.

    `env` replaces the environment. The service runs in its own process group, which has ended when this
    returns or raises: SIGTERM, and SIGKILL after `stop_s`. Raises StartRefused if the command cannot be
    run or something answers at the URL already, ValueError for a count below one.
    """
    if count < 1 or not timeout_s > 0:
        raise ValueError(f"{count} starts of at most {timeout_s} s: both have to be above zero")
    endpoint = Endpoint.of(ready_url)
    starts: list[ColdStart] = []
    for number in range(1, count + 1):
        if _ready(endpoint):
            raise StartRefused(
                f"{ready_url} answers before the service was started",
                "stop what listens there, or use another port",
            )
        start = _time_one(number, command, endpoint, timeout_s, env, stop_s)
        starts.append(start)
        if on_start is not None:
            on_start(start)
    return tuple(starts)


def _time_one(
    number: int,
    command: Sequence[str],
    endpoint: Endpoint,
    timeout_s: float,
    env: Mapping[str, str] | None,
    stop_s: float,
) -> ColdStart:
    with tempfile.TemporaryFile() as log:
        began = time.monotonic()
        try:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(known_secrets.environment() if env is None else env),
                start_new_session=True,
            )
        except OSError as error:
            raise StartRefused(f"{command[0]}: {error.strerror}", "name a command that can be run here") from None
        lifeline.keep(process.pid)
        try:
            while True:
                answered = _ready(endpoint)
                seconds = time.monotonic() - began
                if process.poll() is not None:
                    error_text = f"the service ended with status {process.returncode} before it was ready"
                    return ColdStart(number, None, error_text, _tail(log))
                if answered:
                    return ColdStart(number, round(seconds, 4))
                if seconds >= timeout_s:
                    error_text = f"not ready at {endpoint.url} after {timeout_s:g} s"
                    return ColdStart(number, None, error_text, _tail(log))
                time.sleep(POLL_S)
        finally:
            _stop(process, stop_s)


def _ready(endpoint: Endpoint) -> bool:
    answer = fetch(endpoint.url, timeout_s=LOOK_S)
    return answer.status == HTTPStatus.OK and not answer.failure


def _stop(process: subprocess.Popen[bytes], stop_s: float) -> None:
    """Ends the whole group, even if its first process has already ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    end = time.monotonic() + stop_s
    try:
        while _group_lives(process) and time.monotonic() < end:
            time.sleep(POLL_S)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        lifeline.let_go(process.pid)


def _group_lives(process: subprocess.Popen[bytes]) -> bool:
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _tail(log: IO[bytes]) -> str:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - _LOG_CHARACTERS))
    return "\n".join(log.read().decode("utf-8", "replace").splitlines()[-_LOG_LINES:])
