"""However a document is long, reading it takes as long as its bytes: of four times as much about four times the work.

Measured is the CPU time of this process, which a busy machine changes little. A quadratic step shows as sixteen times
the work; what takes longer than a minute is stopped.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from acceptance.checks import KINDS
from acceptance.commands.console.colour import Palette
from acceptance.commands.documents.reading_text import reading_text
from acceptance.errors import UsageError
from acceptance.reading import Reading, read_all
from acceptance.reading.binding.binding_text import binding_draft
from acceptance.reading.conflicts import MOST_PLACES
from acceptance.reading_page import reading_page
from tests.attacks.documents.long_documents import GENERATORS, Generator, of_corpus

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
    """Whether four times the size takes about four times as long, in one of a few tries."""
    least, most = float("inf"), float("inf")
    for _ in range(TRIES):
        most = min(most, cpu_s(lambda: work(TIMES * SIZE)))
        if most < LEAST_S:
            return True
        least = min(least, cpu_s(lambda: work(SIZE)))
        if most < MOST_TIMES_THE_WORK * least:
            return True
    return False


def read(folder: Path, text: str) -> tuple[Reading, tuple[UsageError, ...]]:
    path = folder / "task.md"
    path.write_text(text, encoding="utf-8")
    return read_all([path], KINDS)


@pytest.mark.parametrize("name", GENERATORS)
def test_reading_is_linear(tmp_path: Path, name: str) -> None:
    assert is_linear(lambda size: read(tmp_path, GENERATORS[name](size)))


@pytest.mark.parametrize("name", CORPUS)
def test_reading_what_contradicts_again_and_again_is_linear(tmp_path: Path, name: str) -> None:
    assert is_linear(lambda size: read(tmp_path, CORPUS[name](size)))


SHOWN = ("boxes", "boxes on percentiles", "headings of one name", "ports of many services", "YAML", "one box of limits")


@pytest.mark.parametrize("name", SHOWN)
def test_showing_what_was_read_is_linear(tmp_path: Path, name: str) -> None:
    def show(size: int) -> None:
        reading, _ = read(tmp_path, GENERATORS[name](size))
        reading_text(reading, Palette(False))
        reading_page(reading)
        binding_draft(reading, date(2026, 1, 1))
        json.dumps(reading.as_json())

    assert is_linear(show)


@pytest.mark.parametrize("generate", [GENERATORS["boxes"], GENERATORS["one variable"]], ids=["boxes", "settings"])
def test_reading_many_documents_is_linear(tmp_path: Path, generate: Generator) -> None:
    def read_many(size: int) -> None:
        folder = tmp_path / str(size)
        folder.mkdir(exist_ok=True)
        for number in range(size // 200):
            (folder / f"{number}.md").write_text(f"# Task {number}\n{generate(150)}", encoding="utf-8")
        read_all([folder], KINDS)

    assert is_linear(read_many)


def test_a_statement_of_very_many_demands_is_for_a_person(tmp_path: Path) -> None:
    """Its criteria would each have all of its text."""
    reading, _ = read(tmp_path, GENERATORS["one box of limits"](100_000))
    (criterion,) = reading.documents[0].criteria
    assert criterion.judge == "person"
    assert "items of a list" in criterion.reason


def test_the_text_of_a_reading_grows_with_its_document(tmp_path: Path) -> None:
    settings = ",".join(f'"max_a{number}": {number}' for number in range(5_000))
    text = f"# T\n\nConfiguration:\n\n```json\n{{{settings}}}\n```\n"
    reading, _ = read(tmp_path, text)
    assert len(reading.documents[0].criteria) == 5_000
    assert len(json.dumps(reading.as_json())) < 60 * len(text)


def test_conflicts_of_a_kind_are_told_up_to_a_number_of_places(tmp_path: Path) -> None:
    reading, _ = read(tmp_path, GENERATORS["boxes on percentiles"](400_000))
    assert sum(len(conflict.sides) + len(conflict.criteria) for conflict in reading.conflicts) < 4 * MOST_PLACES
    assert any("more may be found" in conflict.message for conflict in reading.conflicts)
