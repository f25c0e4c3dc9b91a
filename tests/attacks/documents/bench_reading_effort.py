"""However a document is long, reading it takes as long as its bytes: of four times as much about four times as long.

Measured is the CPU time of this process, searches for patterns included, which test_reading_effort.py cannot count.
A quadratic step shows as sixteen times the work; what takes longer than a minute is stopped.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.attacks.documents.long_documents import GENERATORS, of_corpus, read

SIZE = 12_000
TIMES = 4
MOST_TIMES_THE_WORK = 9.0
# Below it what is measured is the beginning of it all.
LEAST_S = 0.4
LONGEST_S = 60.0
TRIES = 4
CORPUS = of_corpus()


@contextmanager
def stopped_after(seconds: float) -> Iterator[None]:
    """Ends what takes longer, a search for a pattern too."""

    def stop(number: int, frame: object) -> None:
        pytest.fail(f"not done after {seconds:g} s of CPU time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def cpu_s(work: Callable[[], object]) -> float:
    begin = time.process_time()
    with stopped_after(LONGEST_S):
        work()
    return time.process_time() - begin


def is_linear(work: Callable[[int], object]) -> bool:
    """Whether four times the size takes about four times as long, in one of a few pairs of tries."""
    for _ in range(TRIES):
        most = cpu_s(lambda: work(TIMES * SIZE))
        if most < LEAST_S or most < MOST_TIMES_THE_WORK * cpu_s(lambda: work(SIZE)):
            return True
    return False


@pytest.mark.parametrize("name", GENERATORS)
def test_reading_is_linear(tmp_path: Path, name: str) -> None:
    assert is_linear(lambda size: read(tmp_path, GENERATORS[name](size)))


@pytest.mark.parametrize("name", CORPUS)
def test_reading_what_contradicts_again_and_again_is_linear(tmp_path: Path, name: str) -> None:
    assert is_linear(lambda size: read(tmp_path, CORPUS[name](size)))
