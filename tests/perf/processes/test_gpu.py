"""GPUs through NVML's binding, of which a stand-in has the functions that are called: no GPU is needed here."""

import os
import subprocess
import sys
import types

import pytest

from signoff.perf.errors import CounterMissing
from signoff.perf.processes import gpu
from signoff.perf.processes.gpu import GpuSampler
from signoff.perf.server_side import server_watch
from signoff.perf.server_side.server_watch import ServerWatch

GIB = 2**30


class NVMLError(Exception):
    pass


class Driver:
    """Two GPUs; the second tells no load, and its processes only to root."""

    NVMLError = NVMLError

    def __init__(self):
        self.is_open = False
        self.used = [4 * GIB, 1 * GIB]

    def nvmlInit(self):  # noqa: N802 - NVML's names
        self.is_open = True

    def nvmlShutdown(self):  # noqa: N802
        self.is_open = False

    def nvmlDeviceGetCount(self):  # noqa: N802
        return 2

    def nvmlDeviceGetHandleByIndex(self, number):  # noqa: N802
        return number

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return b"NVIDIA A" if handle == 0 else "NVIDIA B"

    def nvmlDeviceGetMemoryInfo(self, handle):  # noqa: N802
        self.used[handle] += GIB
        return types.SimpleNamespace(total=48 * GIB, used=self.used[handle], free=0)

    def nvmlDeviceGetUtilizationRates(self, handle):  # noqa: N802
        if handle == 1:
            raise NVMLError("Not Supported")
        return types.SimpleNamespace(gpu=50, memory=10)

    def nvmlDeviceGetComputeRunningProcesses(self, handle):  # noqa: N802
        if handle == 1:
            raise NVMLError("Insufficient Permissions")
        own = types.SimpleNamespace(pid=os.getpid(), usedGpuMemory=3 * GIB)
        untold = types.SimpleNamespace(pid=os.getpid(), usedGpuMemory=None)
        return [own, untold, types.SimpleNamespace(pid=1, usedGpuMemory=7 * GIB)]


def test_memory_and_load_of_each_gpu_with_the_service_s_own_part():
    with GpuSampler(Driver(), os.getpid(), interval_s=0.01) as sampler:
        pass
    first, second = sampler.gpus()
    assert (first.device, first.name, second.name) == (0, "NVIDIA A", "NVIDIA B")
    assert first.total_bytes == 48 * GIB
    assert first.samples >= 2
    assert first.most_used_bytes == (4 + first.samples) * GIB
    assert first.most_of_service_bytes == 3 * GIB
    assert first.mean_busy_share == 0.5
    assert (second.most_of_service_bytes, second.mean_busy_share) == (None, None)
    assert second.most_used_bytes == (1 + second.samples) * GIB


def test_the_driver_is_let_go_and_a_gpu_that_falls_off_is_left_out():
    driver = Driver()
    driver.nvmlInit()

    def gone(handle):
        raise NVMLError("GPU is lost")

    driver.nvmlDeviceGetMemoryInfo = gone
    with GpuSampler(driver, None) as sampler:
        pass
    assert sampler.gpus() == ()
    assert not driver.is_open


def test_without_a_driver_nothing_is_imported(monkeypatch, tmp_path):
    monkeypatch.setattr(gpu, "CONTROL", tmp_path / "none")
    monkeypatch.setattr(gpu.ctypes.util, "find_library", lambda name: None)
    monkeypatch.setattr(gpu.importlib, "import_module", lambda name: pytest.fail("imported"))
    assert gpu.nvml() is None


def test_a_gpu_without_the_binding_says_what_to_install(monkeypatch, tmp_path):
    control = tmp_path / "nvidiactl"
    control.touch()
    monkeypatch.setattr(gpu, "CONTROL", control)

    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(gpu.importlib, "import_module", missing)
    with pytest.raises(CounterMissing) as caught:
        gpu.nvml()
    assert "signoff[gpu]" in caught.value.hint


def test_a_driver_that_does_not_answer_is_said(monkeypatch, tmp_path):
    control = tmp_path / "nvidiactl"
    control.touch()
    monkeypatch.setattr(gpu, "CONTROL", control)
    driver = Driver()

    def fail():
        raise NVMLError("Driver Not Loaded")

    driver.nvmlInit = fail
    monkeypatch.setattr(gpu.importlib, "import_module", lambda name: driver)
    with pytest.raises(CounterMissing, match="Driver Not Loaded"):
        gpu.nvml()


def test_a_server_that_ended_under_load_has_no_gpu_figures_to_show(monkeypatch):
    monkeypatch.setattr(server_watch, "nvml", Driver)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with ServerWatch([], 1.0, find_pid=lambda: process.pid) as watch:
            assert watch.gpu()["problem"] == ""
            process.kill()
            process.wait()
        found = watch.gpu()
    finally:
        process.kill()
        process.wait()
    assert f"process {process.pid} (python" in found["problem"]
    assert "ended during the run" in found["problem"]
    assert len(found["devices"]) == 2
