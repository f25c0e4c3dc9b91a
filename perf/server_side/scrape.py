"""Reads a server's metrics before, during and after a load run, outside the client's process.

A reading costs the server time too: the pause between two is at least a second, and ten times as long as the last one
took. A failed or slow reading is counted and dropped; it never ends or delays a run.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Final

from signoff.perf.client.completion import UNREADABLE
from signoff.perf.client.fetch import fetch
from signoff.perf.errors import PlanInvalid
from signoff.perf.server_side.exposition import Samples, reduced, samples
from signoff.perf.server_side.server_metrics import counts_seen, is_idle

INTERVAL_S: Final = 1.0
MOST_READINGS: Final = 3600
"""Maximum number of readings: runs of more than an hour are read less often."""
SHARE: Final = 0.1
TIMEOUT_S: Final = 2.0
MOST_BYTES: Final = 8 * 2**20
MOST_SAMPLES: Final = 200_000
"""Limit for all readings together."""
LOWEST_PRIORITY: Final = 19
SETTLE_S: Final = 2.0
SETTLE_EVERY_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Source:
    """A possible address of metrics, with its request headers."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """The samples of one answer, and its arrival (ns on CLOCK_MONOTONIC)."""

    t_ns: int
    samples: Samples


@dataclass(frozen=True, slots=True)
class Scraped:
    """All readings in order. `problem` says why there is none, or why they are not conclusive, else "".

    `cpu_s` is the CPU time of reading them. `settled` is false if the counters still moved at the end.
    """

    url: str
    readings: tuple[Reading, ...]
    problem: str
    missed: int
    longest_ms: float
    cpu_s: float
    settled: bool


class _Unread(Exception):
    """No reading, and why."""


class Scraper:
    """Use as `with Scraper(sources, duration_s) as scraper: run()`, then `scraper.scraped()`.

    The first source with known metrics is used. Entering takes at most two seconds a
    source, leaving at most six.
    """

    def __init__(self, sources: Sequence[Source], duration_s: float = 0.0, *, verify_tls: bool = True) -> None:
        self._sources = tuple(sources)
        self._interval_s = max(INTERVAL_S, duration_s / MOST_READINGS)
        self._verify_tls = verify_tls
        self._readings: list[Reading] = []
        self._problems: list[str] = []
        self._source: Source | None = None
        self._after = False
        self._settled = False
        self._held = 0
        self._longest_s = 0.0
        self._missed = 0
        self._cpu_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="server metrics", daemon=True)

    def __enter__(self) -> Scraper:
        sources = self._sources
        for source in sources:
            try:
                self._take(source)
            except _Unread as problem:
                self._problems.append(f"{source.url}: {problem}")
                continue
            self._source = source
            self._settle(lambda: is_idle(self._readings[-1].samples))
            self._thread.start()
            break
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._source is not None:
            self._thread.join()
        if self._source is not None and kind is None:
            self._after = self._settle(self._at_rest, at_least=2)
            self._settled = self._after and self._at_rest()

    def scraped(self) -> Scraped:
        """The readings; call it after the block."""
        source = self._source
        url = source.url if source is not None else next((each.url for each in self._sources), "")
        if source is None:
            problem = "; ".join(self._problems) or "no address of metrics is known"
        elif not self._after:
            problem = f"{url} could not be read after the run"
        else:
            problem = ""
        return Scraped(
            url,
            tuple(self._readings),
            problem,
            self._missed,
            round(self._longest_s * 1e3, 3),
            round(self._cpu_s, 4),
            self._settled,
        )

    def _run(self) -> None:
        assert self._source is not None
        _step_back()
        due = time.monotonic() + self._interval_s
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            took_s = self._try(self._source)
            due = max(due + self._interval_s, time.monotonic() + took_s / SHARE)

    def _settle(self, is_enough: Callable[[], bool], at_least: int = 0) -> bool:
        """Reads until the condition holds, at most two seconds; returns whether anything was read."""
        assert self._source is not None
        before, ends = len(self._readings), time.monotonic() + SETTLE_S
        while len(self._readings) < before + at_least or not is_enough():
            self._try(self._source)
            if time.monotonic() > ends:
                break
            time.sleep(SETTLE_EVERY_S)
        return len(self._readings) > before

    def _at_rest(self) -> bool:
        """Whether no request is in progress, and the last two readings show the same counts."""
        last, now = (reading.samples for reading in self._readings[-2:])
        return is_idle(now) and counts_seen(last) == counts_seen(now)

    def _try(self, source: Source) -> float:
        """One reading, or a missed one; how long it took in seconds."""
        began = time.monotonic()
        try:
            self._take(source)
        except _Unread:
            self._missed += 1
        return time.monotonic() - began

    def _take(self, source: Source) -> None:
        began, used = time.monotonic(), time.thread_time()
        try:
            body = self._body(source)
            now_ns = time.monotonic_ns()
            try:
                found = samples(reduced(body))
            except UNREADABLE as error:
                raise _Unread(f"not in Prometheus' text format ({str(error)[:200]})") from None
            if not counts_seen(found):
                raise _Unread("has no metric of vLLM, SGLang or the reference services")
            self._keep(Reading(now_ns, found))
        finally:
            self._longest_s = max(self._longest_s, time.monotonic() - began)
            self._cpu_s += time.thread_time() - used

    def _keep(self, reading: Reading) -> None:
        """Keeps it; if there are many, every other one between the first and the last is dropped."""
        self._readings.append(reading)
        self._held += len(reading.samples)
        if self._held > MOST_SAMPLES:
            del self._readings[1:-2:2]
            self._held = sum(len(each.samples) for each in self._readings)
            self._interval_s *= 2

    def _body(self, source: Source) -> bytes:
        asked = {**_ASKING, **source.headers}
        try:
            reply = fetch(
                source.url, headers=asked, timeout_s=TIMEOUT_S, most_bytes=MOST_BYTES, verify_tls=self._verify_tls
            )
        except PlanInvalid as error:
            raise _Unread(str(error)) from None
        if reply.timed_out:
            raise _Unread(f"no whole answer within {TIMEOUT_S:g} s")
        if reply.failure:
            raise _Unread(reply.failure)
        if reply.status != HTTPStatus.OK:
            raise _Unread(f"status {reply.status}")
        return reply.body


def _step_back() -> None:
    """Lowers this thread's priority below all others, especially the client: on Linux a thread has its own priority."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)


_ASKING: Final = {"Accept": "text/plain"}
