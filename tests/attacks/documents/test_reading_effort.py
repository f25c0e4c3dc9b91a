"""However a document is long, reading it takes as many steps as it has bytes: of four times as much about four times.

Counted are the calls of Python and of C functions, which no other work on the machine changes. What one call takes
(a search for a pattern above all) is measured in bench_reading_effort.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.commands.console.colour import Palette
from signoff.acceptance.commands.documents.reading_text import reading_text
from signoff.acceptance.reading import read_all
from signoff.acceptance.reading.binding.binding_text import binding_draft
from signoff.acceptance.reading.conflicts import MOST_PLACES
from signoff.acceptance.reading_page import reading_page
from tests.attacks.documents.long_documents import GENERATORS, Generator, of_corpus, read

SIZES = (2_000, 8_000, 32_000, 128_000)
MOST_TIMES_THE_CALLS = 6.0
CORPUS = of_corpus()


def calls(work: Callable[[], object]) -> int:
    """How many functions are called; whoever counts or traces already goes on afterwards."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def is_linear(work: Callable[[int], object]) -> bool:
    """Whether from some size on four times the size takes about four times the calls.

    The first sizes may take more: below a limit of depth, of length or of number all is looked at.
    """
    least = calls(lambda: work(SIZES[0]))
    for size in SIZES[1:]:
        most = calls(lambda size=size: work(size))  # type: ignore[misc]
        if most < MOST_TIMES_THE_CALLS * least:
            return True
        least = most
    return False


def test_quadratic_work_is_found() -> None:
    def every_pair(size: int) -> None:
        lines = ["x"] * (size // 50)
        for first in lines:
            for second in lines:
                first.startswith(second)

    assert not is_linear(every_pair)


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
        binding_draft(reading, KINDS, date(2026, 1, 1))
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
