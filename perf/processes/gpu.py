"""Memory and load of this machine's GPUs during a run, read through NVML (the library of NVIDIA's driver).

Its binding is `nvidia-ml-py`, the extra `gpu`; it is imported only if the driver's device or library exists.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import importlib
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from signoff.perf.errors import CounterMissing, NoListener
from signoff.perf.processes.process_tree import tree

CONTROL: Final = Path("/dev/nvidiactl")
INTERVAL_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class GpuSample:
    """One GPU at one time (monotonic ns). `used_bytes` is all used memory, including the driver's.

    `of_service_bytes` is the part of the service's process tree and `busy_share` (from 0 to 1) how much of the last
    moments any kernel ran; None if the driver does not report it.
    """

    t_ns: int
    device: int
    used_bytes: int
    of_service_bytes: int | None
    busy_share: float | None


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU over a run."""

    device: int
    name: str
    total_bytes: int
    most_used_bytes: int
    most_of_service_bytes: int | None
    mean_busy_share: float | None
    samples: int

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


def nvml() -> Any:
    """The initialized binding; None if this machine has no NVIDIA GPU.

    Raises CounterMissing if there is one that cannot be read.
    """
    if not CONTROL.exists() and ctypes.util.find_library("nvidia-ml") is None:
        return None
    try:
        library: Any = importlib.import_module("pynvml")
    except ImportError:
        raise CounterMissing("there is a GPU, but its library is not installed", "pip install 'signoff[gpu]'") from None
    try:
        library.nvmlInit()
    except library.NVMLError as error:
        raise CounterMissing(f"NVML: {error}", "look at nvidia-smi") from None
    return library


class GpuSampler:
    """Samples all GPUs in a thread while the `with` block runs; `library` is NVML's binding, None samples nothing.

    `pid` is the service, whose processes are counted separately. GPUs that cannot be read are omitted.
    """

    def __init__(self, library: Any, pid: int | None = None, interval_s: float = INTERVAL_S) -> None:
        self._nvml = library
        self._pid = pid
        self._interval_s = interval_s
        self._devices: list[tuple[int, Any, str]] = []
        self._totals: dict[int, int] = {}
        self._samples: list[GpuSample] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gpus", daemon=True)

    @property
    def samples(self) -> tuple[GpuSample, ...]:
        """The samples so far."""
        return tuple(self._samples)

    def gpus(self) -> tuple[Gpu, ...]:
        """Each GPU that was sampled, by its number."""
        by_device = {
            number: (name, [sample for sample in self._samples if sample.device == number])
            for number, _, name in self._devices
        }
        return tuple(
            _gpu(number, name, self._totals[number], found) for number, (name, found) in by_device.items() if found
        )

    def __enter__(self) -> GpuSampler:
        if self._nvml is not None:
            with contextlib.suppress(self._nvml.NVMLError):
                for number in range(self._nvml.nvmlDeviceGetCount()):
                    handle = self._nvml.nvmlDeviceGetHandleByIndex(number)
                    name = self._nvml.nvmlDeviceGetName(handle)  # bytes before version 11.515
                    self._devices.append((number, handle, name.decode() if isinstance(name, bytes) else str(name)))
        if self._devices:
            self._sample()
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._devices:
            self._thread.join()
        if self._nvml is not None:
            with contextlib.suppress(self._nvml.NVMLError):
                self._nvml.nvmlShutdown()

    def _run(self) -> None:
        stopped = False
        while not stopped:
            stopped = self._stop.wait(self._interval_s)
            self._sample()

    def _sample(self) -> None:
        service = self._service()
        for number, handle, _ in self._devices:
            with contextlib.suppress(self._nvml.NVMLError):
                memory = self._nvml.nvmlDeviceGetMemoryInfo(handle)
                self._totals[number] = int(memory.total)
                self._samples.append(
                    GpuSample(
                        t_ns=time.monotonic_ns(),
                        device=number,
                        used_bytes=int(memory.used),
                        of_service_bytes=self._of(handle, service),
                        busy_share=self._busy(handle),
                    )
                )

    def _service(self) -> frozenset[int]:
        if self._pid is None:
            return frozenset()
        try:
            return frozenset(tree(self._pid))
        except NoListener:  # it has ended
            return frozenset()

    def _of(self, handle: Any, service: frozenset[int]) -> int | None:
        """None if no process of the service is seen there: in a container processes have other ids."""
        with contextlib.suppress(self._nvml.NVMLError):
            found = [
                each.usedGpuMemory
                for each in self._nvml.nvmlDeviceGetComputeRunningProcesses(handle)
                if each.pid in service and each.usedGpuMemory is not None
            ]
            return sum(map(int, found)) if found else None
        return None

    def _busy(self, handle: Any) -> float | None:
        with contextlib.suppress(self._nvml.NVMLError):
            return int(self._nvml.nvmlDeviceGetUtilizationRates(handle).gpu) / 100
        return None


def _gpu(number: int, name: str, total_bytes: int, samples: Sequence[GpuSample]) -> Gpu:
    own = [each.of_service_bytes for each in samples if each.of_service_bytes is not None]
    busy = [each.busy_share for each in samples if each.busy_share is not None]
    return Gpu(
        device=number,
        name=name,
        total_bytes=total_bytes,
        most_used_bytes=max(each.used_bytes for each in samples),
        most_of_service_bytes=max(own, default=None),
        mean_busy_share=round(sum(busy) / len(busy), 4) if busy else None,
        samples=len(samples),
    )
