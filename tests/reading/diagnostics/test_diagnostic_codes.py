"""Every code of a diagnostic is in the list, and every one of the list is explained in docs/reading.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from signoff.acceptance.reading.diagnostics.codes import CODES

ROOT = Path(__file__).parents[3]
MADE_BY = {"Diagnostic", "Flaw", "Note", "Trouble", "diagnostic"}


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def first_strings(node: ast.expr) -> Iterator[str]:
    """The texts that the first argument of a call can be."""
    if isinstance(node, ast.Starred) and isinstance(node.value, ast.Tuple):
        yield from first_strings(node.value.elts[0])
    elif isinstance(node, ast.IfExp):
        yield from first_strings(node.body)
        yield from first_strings(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def codes_in(source: str) -> set[str]:
    return {
        code
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and node.args and name_of(node.func) in MADE_BY
        for code in first_strings(node.args[0])
    }


def test_the_list_of_codes_holds_every_code_that_reading_makes() -> None:
    files = sorted((ROOT / "acceptance" / "reading").rglob("*.py"))
    made = set().union(*(codes_in(file.read_text(encoding="utf-8")) for file in files))
    assert made - set(CODES) == set()


def test_a_code_that_is_not_listed_would_be_found() -> None:
    source = 'Flaw("a-b", 1)\nNote(*("c-d", 2), 3)\nFlaw("e-f" if x else "g-h", 1)\nbinding.diagnostic("i-j", 1)'
    assert codes_in(source) == {"a-b", "c-d", "e-f", "g-h", "i-j"}


def test_every_code_of_the_list_is_explained_with_an_example_and_a_hint() -> None:
    text = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
    parts = re.split(r"^#### `([a-z0-9-]+)`.*$", text, flags=re.MULTILINE)
    explained = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert sorted(explained) == sorted(CODES)
    assert list(explained) == list(CODES), "in the order of the list"
    for code, paragraph in explained.items():
        words = paragraph.split("\n#", 1)[0]
        assert "Example:" in words, code
        assert "Fix:" in words, code
