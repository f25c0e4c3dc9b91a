"""The load tools against a real engine: stock vLLM, with a relay before it that stamps what passes (`witness.py`)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tests.bench.measured import Measured, Unmeasured, measure_at
from tests.bench.tools import Load, Tool, prepare
from tests.bench.truth import Times, Truth

RATES = (2.0, 5.0)
HEALTHY_S = 240.0
MODEL = "recall"
SETTINGS = {
    "TORCHDYNAMO_DISABLE": "1",
    "HF_HUB_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_NO_USAGE_STATS": "1",
}


@dataclass(frozen=True)
class EngineTruth(Truth):
    """What an engine streamed: as many pieces as it liked. `before` and `after` hold the first and the last."""

    written: tuple[tuple[int, ...], ...] = ()

    @classmethod
    def seen(cls, output: str) -> EngineTruth:
        """What a witness printed. Raises ValueError where it saw no stream."""
        found = json.loads(output)
        streams = sorted(found["streams"])
        if not streams:
            raise ValueError("the engine answered nothing")
        ends = np.array([[each[1], each[-1]] for each in streams], dtype=np.int64)
        return cls(
            ids=("",) * len(streams),
            arrived=np.array([each[0] for each in streams], dtype=np.int64),
            before=ends,
            after=ends,
            monotonic_to_wall_ns=found["monotonic_to_wall_ns"],
            cpu_s=found["cpu_s"],
            written=tuple(tuple(each[1:]) for each in streams),
        )

    def last(self, count: int) -> EngineTruth:
        own = super().last(count)
        return replace(self, ids=own.ids, arrived=own.arrived, before=own.before, after=own.after,
                       written=self.written[-count:])  # fmt: skip

    @property
    def events(self) -> int:
        return sum(len(each) for each in self.written)

    def gaps_ms(self) -> Times:
        return np.concatenate([np.diff(each) for each in self.written]) / 1e6

    def mean_gaps_ms(self) -> Times:
        return np.array([(each[-1] - each[0]) / (len(each) - 1) for each in self.written if len(each) > 1]) / 1e6


class Witnessed:
    """An engine with a witness before it."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, str(Path(__file__).with_name("witness.py")), str(port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.base = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def truth(self) -> EngineTruth:
        """What passed; the witness ends with it. Raises Unmeasured."""
        output, _ = self.process.communicate(timeout=60)
        try:
            return EngineTruth.seen(output)
        except ValueError as error:
            raise Unmeasured(str(error)) from None


@contextlib.contextmanager
def witnessing(port: int) -> Iterator[Witnessed]:
    """A witness before the engine at that port, on this machine."""
    witnessed = Witnessed(port)
    try:
        yield witnessed
    finally:
        witnessed.process.kill()
        witnessed.process.communicate()


@contextlib.contextmanager
def vllm(command: Path, model: Path, log: Path) -> Iterator[int]:
    """Stock `vllm serve` with that model, on a free port. Raises Unmeasured."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    arguments = ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", MODEL, "--max-model-len", "2048"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(command), "serve", str(model), *arguments, "--dtype", "float32", "--enforce-eager"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **SETTINGS},
            start_new_session=True,  # its engine is a process of its own, and outlives it
        )
    try:
        _wait(process, port, log)
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + HEALTHY_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
            return
        time.sleep(1)
    last = " | ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:])
    raise Unmeasured(f"vLLM did not become healthy: {last}")


def run(
    every: Sequence[Tool],
    port: int,
    rates: Sequence[float],
    rounds: int,
    duration_s: float,
    folder: Path,
    tell: Callable[[Measured], None],
) -> tuple[list[Measured], list[str]]:
    """All rounds at all rates, and what could not be measured."""
    found: list[Measured] = []
    skipped: list[str] = []
    prepare(folder)
    for rate in rates:
        for turn in range(rounds):
            for tool in every if turn % 2 == 0 else reversed(every):
                load = Load("", rate, duration_s, 20, folder, MODEL)
                try:
                    found.append(measure_at(tool, witnessing(port), load))
                    tell(found[-1])
                except Unmeasured as error:
                    skipped.append(str(error))
    return found, skipped
