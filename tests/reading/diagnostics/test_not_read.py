"""What is read as asking nothing is said, with its place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.reading import Document

Read = Callable[[str], Document]


def noted(document: Document) -> list[tuple[int, str]]:
    return [(d.line, d.message) for d in document.diagnostics if d.code == "not-read"]


def test_a_table_without_a_known_target_is_named_with_its_heads(read: Read) -> None:
    text = "# Plover\n\n## Plan\n\n| Phase | Colour |\n|---|---|\n| one | red |\n| two | blue |\n"
    ((line, message),) = noted(read(text))
    assert line == 7
    assert "`Phase`, `Colour`" in message


def test_a_table_that_is_read_is_not_named(read: Read) -> None:
    assert noted(read("# Plover\n\n## Levels\n\n| Metric | Target |\n|---|---|\n| p95 latency | < 2 s |\n")) == []


def test_a_row_with_figures_and_nothing_under_the_target_is_named(read: Read) -> None:
    text = "# Plover\n\n| Metric | Now | Target |\n|---|---|---|\n| p95 latency | 3 s | < 2 s |\n| TTFT | 1 s | - |\n"
    assert [line for line, _ in noted(read(text))] == [6]


@pytest.mark.parametrize(("heading", "what"), [("Assumptions", "an assumption"), ("History", "history")])
def test_list_items_with_figures_that_ask_nothing_are_named_once_a_list(read: Read, heading: str, what: str) -> None:
    text = f"# Plover\n\n## {heading}\n\n- The network adds 2 ms\n- The disk is fast\n- The old one took 3 s\n"
    ((line, message),) = noted(read(text))
    assert line == 5
    assert "line 7" in message
    assert what in message
