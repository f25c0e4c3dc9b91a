"""Data-parallel training: each worker process has its own batches, and gradients are averaged.

On a CPU two processes with one thread each are faster than one with two threads, especially on a busy machine.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, distributed


@contextlib.contextmanager
def started(count: int, work: Callable[[int], object]) -> Iterator[None]:
    """Run `work(number)` in child processes for the numbers from 1; the caller is number 0."""
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        context = multiprocessing.get_context("spawn")
        others = [
            context.Process(target=_work, args=(number, count, meeting, work), daemon=True)
            for number in range(1, count)
        ]
        for other in others:
            other.start()
        _join(0, count, meeting)
        try:
            yield
        finally:
            for other in others:
                other.terminate()
                other.join()
            distributed.destroy_process_group()


def average(parameters: Sequence[Tensor], *figures: float) -> list[float]:
    """Replace each worker's gradients by their mean, and return the means of the figures."""
    gradients = [each.grad for each in parameters if each.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients] + [torch.tensor(figures)])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    begin = 0
    for gradient in gradients:
        gradient.copy_(flat[begin : begin + gradient.numel()].view_as(gradient))
        begin += gradient.numel()
    return [float(mean) for mean in flat[begin:]]


def _work(number: int, count: int, meeting: Path, work: Callable[[int], object]) -> None:
    # Ctrl-C reaches every process; the first one says what is to be said.
    with contextlib.suppress(KeyboardInterrupt):
        _join(number, count, meeting)
        work(number)


def _join(number: int, count: int, meeting: Path) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=meeting.as_uri(), rank=number, world_size=count)
