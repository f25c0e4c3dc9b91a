"""What a truth server really did, and how far a tool's figures are from it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.bench.pace import Pace

Times = NDArray[np.float64]
QUANTILES = {"p50": 0.5, "p99": 0.99}


@dataclass(frozen=True)
class Truth:
    """All that was served, in the order of arrival; wall-clock ns, 0 where nothing was written.

    `before` and `after` hold a row a request and a column a token: the stamps around its write.
    """

    ids: tuple[str, ...]
    arrived: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    monotonic_to_wall_ns: int
    cpu_s: float

    @classmethod
    def of(cls, answer: bytes) -> Truth:
        """What `GET /truth` gave."""
        line, _, stamps = answer.partition(b"\n")
        head = json.loads(line)
        count, tokens = len(head["ids"]), head["tokens"]
        values = np.frombuffer(stamps, dtype=np.int64)
        arrived, before, after = np.split(values, [count, count * (1 + tokens)])
        shape = (count, tokens)
        offset = head["monotonic_to_wall_ns"]
        return cls(tuple(head["ids"]), arrived, before.reshape(shape), after.reshape(shape), offset, head["cpu_s"])

    def last(self, count: int) -> Truth:
        """The requests that came last."""
        ids, arrived, before, after = (each[-count:] for each in (self.ids, self.arrived, self.before, self.after))
        return Truth(ids, arrived, before, after, self.monotonic_to_wall_ns, self.cpu_s)

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Which requests were answered to the last token."""
        return self.after[:, -1] > 0

    @property
    def events(self) -> int:
        """How many tokens of whole answers were written."""
        return int(self.whole.sum()) * self.before.shape[1]

    def ttft_ms(self) -> Times:
        """From the arrival of each request to the write of its first token."""
        return (self.before[self.whole, 0] - self.arrived[self.whole]) / 1e6

    def gaps_ms(self) -> Times:
        """Between the writes of a stream, all gaps of all streams."""
        return (np.diff(self.before[self.whole], axis=1) / 1e6).ravel()

    def mean_gaps_ms(self) -> Times:
        """The mean gap of each stream."""
        return np.diff(self.before[self.whole], axis=1).mean(axis=1) / 1e6

    def writing_ms(self) -> Times:
        """How long each write took: the truth is known no closer than this."""
        return ((self.after[self.whole] - self.before[self.whole]) / 1e6).ravel()

    def window_ns(self) -> tuple[int, int]:
        """From the first arrival to the last write, on CLOCK_MONOTONIC."""
        return (
            int(self.arrived.min()) - self.monotonic_to_wall_ns,
            int(self.after.max()) - self.monotonic_to_wall_ns,
        )

    def rate_per_second(self) -> float:
        """Arrivals a second between the first and the last one."""
        span = (self.arrived.max() - self.arrived.min()) / 1e9
        return (len(self.arrived) - 1) / span if span > 0 else float("nan")


def quantiles(values: Sequence[float] | Times) -> dict[str, float]:
    """p50 and p99; the smallest value that at least this share does not exceed."""
    return {name: float(np.quantile(values, at, method="inverted_cdf")) for name, at in QUANTILES.items()}


class Served:
    """A truth server that runs."""

    def __init__(self, process: subprocess.Popen[str], scheme: str) -> None:
        assert process.stdout is not None
        self.process = process
        self.base = f"{scheme}://127.0.0.1:{int(process.stdout.readline())}"

    @property
    def url(self) -> str:
        """Where chat completions are asked for."""
        return f"{self.base}/v1/chat/completions"

    def truth(self, context: Any = None) -> Truth:
        """What was served so far."""
        with urllib.request.urlopen(f"{self.base}/truth", timeout=60, context=context) as reply:  # noqa: S310
            return Truth.of(reply.read())


@contextlib.contextmanager
def serving(pace: Pace, certificate: str = "", cores: Sequence[int] = ()) -> Iterator[Served]:
    """A truth server in a process of its own, on `cores` where they are named."""
    command = [sys.executable, str(Path(__file__).with_name("truth_server.py")), json.dumps(pace.as_record())]
    process = subprocess.Popen(
        [*command, *filter(None, [certificate])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        if cores:
            os.sched_setaffinity(process.pid, cores)
        yield Served(process, "https" if certificate else "http")
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()
