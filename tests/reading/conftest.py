"""What the tests of reading share: a document from a text, read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import Document, Reading, read_documents

TASK = Path(__file__).parent.parent.parent / "fixtures" / "tasks" / "1.3-hermes-2.md"
DAMAGED = Path(__file__).parent / "documents" / "hermes-2-damaged.txt"


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Document]:
    def write_and_read(text: str, name: str = "task.md") -> Document:
        path = tmp_path / name
        path.write_bytes(text.encode())
        return read_documents([path], KINDS).documents[0]

    return write_and_read


@pytest.fixture(scope="session")
def shipped() -> Reading:
    return read_documents([TASK], KINDS)


@pytest.fixture(scope="session")
def damaged() -> Reading:
    return read_documents([DAMAGED], KINDS)
