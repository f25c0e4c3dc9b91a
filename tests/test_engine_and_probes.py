"""The simulated engine and the probes share no phrase: an engine tuned to the probes would prove nothing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
LENGTH = 3


def runs(text: str) -> set[tuple[str, ...]]:
    """Every run of three words."""
    words = re.findall(r"[a-z']+", text.lower())
    return {tuple(words[start : start + LENGTH]) for start in range(len(words) - LENGTH + 1)}


def strings(path: Path) -> list[str]:
    """The strings of a Python file, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    ]


def test_no_phrase_of_a_probe_stands_in_the_simulated_engine() -> None:
    probes: set[tuple[str, ...]] = set()
    for path in sorted((ROOT / "fixtures/conversations").glob("*.toml")):
        for line in re.findall(r'"([^"\n]*)"', path.read_text(encoding="utf-8")):
            probes |= runs(line)
    assert len(probes) > 300
    for module in ("recall", "prose", "words", "engine"):
        for text in strings(ROOT / "reference_services/chat" / f"{module}.py"):
            assert runs(text) & probes == set(), f"{module}: {text}"
