"""What a kind says of its words is true: its statements ask for it, and reading names no kind that is not declared."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import Document

READING = Path(__file__).parents[3] / "acceptance" / "reading"
TASK = "# Task 1.3: Hermes-2 Service\n\n## Success Criteria\n- [ ] {}\n"
Read = Callable[[str], Document]


def kinds_of(read: Read, text: str) -> set[str]:
    return {each.kind for each in read(TASK.format(text)).criteria if each.judge == "machine"}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, kind in KINDS.items() for text in kind.words])
def test_a_statement_asks_for_the_kind_whose_words_it_is(name: str, text: str, read: Read) -> None:
    assert name in kinds_of(read, text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, kind in KINDS.items() for text in kind.near_misses])
def test_a_near_miss_does_not_ask_for_the_kind(name: str, text: str, read: Read) -> None:
    assert name not in kinds_of(read, text)


def test_a_draft_names_a_kind_that_is_declared() -> None:
    drafted = {
        node.args[0].value
        for file in READING.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Draft" and node.args
        if isinstance(node.args[0], ast.Constant)
    }
    assert len(drafted) > 20
    assert drafted <= set(KINDS)
