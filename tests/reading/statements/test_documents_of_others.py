"""Documents as other teams write them: every demand is a statement of its type, and what only tells is none.

Beside each document of `documents/foreign` lies what it asks for: a line a row, with the type of each demand there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import Document, read_documents

FOREIGN = Path(__file__).parents[1] / "documents" / "foreign"
NAMES = sorted(path.stem for path in FOREIGN.glob("*.md"))


def demands(name: str) -> list[tuple[int, str]]:
    """The line and type of each demand, as the document's author meant them."""
    rows = [row.split() for row in (FOREIGN / f"{name}.demands").read_text(encoding="utf-8").splitlines()]
    return [(int(line), kind) for line, *kinds in rows for kind in kinds]


def reading(name: str) -> Document:
    return read_documents([FOREIGN / f"{name}.md"], KINDS).documents[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_demand_is_found_and_nothing_else(name: str) -> None:
    document = reading(name)
    assert [(statement.line, statement.type) for statement in document.statements] == demands(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_line_belongs_to_something(name: str) -> None:
    document = reading(name)
    assert document.dropped == 0
    assert len(document.line_kinds) == document.lines


@pytest.mark.parametrize("name", NAMES)
def test_every_demand_has_a_place_of_its_own_and_its_words_stand_there(name: str) -> None:
    document = reading(name)
    lines = (FOREIGN / f"{name}.md").read_text(encoding="utf-8").split("\n")
    places = [(statement.line, statement.column) for statement in document.statements]
    assert len(places) == len(set(places))
    for statement in document.statements:
        assert statement.line in statement.lines
        there = lines[statement.line - 1][statement.column - 1 :]
        assert there.strip()
        assert statement.type not in ("prose", "checkbox", "expected") or there[0] not in " \t"


@pytest.mark.parametrize("name", NAMES)
def test_every_demand_becomes_a_criterion(name: str) -> None:
    document = reading(name)
    judged = {(criterion.line, criterion.column) for criterion in document.criteria}
    assert judged == {(statement.line, statement.column) for statement in document.statements}
