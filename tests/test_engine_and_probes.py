"""Engines and probes share no phrase: an engine that is tuned or trained on the probes would prove nothing."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from signoff.coherence import phrasing
from training import author, wordings

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


def probes() -> set[tuple[str, ...]]:
    """Every run of three words of the probes."""
    found: set[tuple[str, ...]] = set()
    for path in sorted((ROOT / "fixtures/conversations").glob("*.toml")):
        for line in re.findall(r'"([^"\n]*)"', path.read_text(encoding="utf-8")):
            found |= runs(line)
    assert len(found) > 300
    return found


def literal(text: str) -> list[str]:
    """What of a wording is said as it stands: the parts between its blanks."""
    return re.split(r"\{\w+\}", text)


def test_no_phrase_of_a_probe_stands_in_the_simulated_engine() -> None:
    phrases = probes()
    for module in ("engine/recall", "engine/prose", "prompt/words", "engine/engine"):
        for text in strings(ROOT / "reference_services/chat" / f"{module}.py"):
            assert runs(text) & phrases == set(), f"{module}: {text}"


def test_no_phrase_of_a_probe_stands_in_what_the_recall_model_is_trained_on() -> None:
    phrases = probes()
    splits = tomllib.loads(wordings.FILE.read_text(encoding="utf-8"))
    lines = [line for table in splits.values() for lines in table.values() for line in lines]
    assert len(lines) > 600
    for line in [*lines, *strings(Path(author.__file__))]:
        for part in literal(line):
            assert runs(part) & phrases == set(), line


def test_the_recall_model_is_trained_on_none_of_the_things_that_the_probes_ask_for() -> None:
    probed = {word for family in phrasing.load().families for word in (family.thing.split(" {")[0], *family.items)}
    for split in ("train", "held_out"):
        known = wordings.load(split)
        assert not {*known.attribute, *known.item, *known.own, *known.word} & probed
        attributes = {f"the {attribute} of the" for attribute in known.attribute}
        assert not attributes & probed
