"""The law of accepted readings: what was accepted is the same until words, binding or release change."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.acceptance.checks import KINDS
from signoff.acceptance.commands.documents.lock_writing import accept
from signoff.acceptance.reading import Document, read_documents

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted(
    [*(ROOT / "fixtures" / "tasks").glob("*.md"), *(ROOT / "tests" / "reading" / "corpus").glob("*/input.md")]
)
LINES = [
    line
    for path in DOCUMENTS
    for line in path.read_text(encoding="utf-8").splitlines()
    if line.lstrip().startswith(("- ", "#", "|", "* ")) and len(line) < 300
]
TODAY = date(2026, 3, 1)


def read(folder: Path, text: str) -> Document:
    (folder / "task.md").write_text(text, encoding="utf-8")
    return read_documents([folder / "task.md"], KINDS, TODAY).documents[0]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_accepted_document_is_the_accepted_one_wherever_it_lies(path: Path, tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    for folder in (tmp_path, tmp_path / "deeper"):
        document = read(folder, path.read_text(encoding="utf-8"))
        if folder == tmp_path:
            accept([document], "Model team", TODAY)
            (tmp_path / "deeper" / "task.signoff.lock").write_bytes((tmp_path / "task.signoff.lock").read_bytes())
            document = read(folder, path.read_text(encoding="utf-8"))
        assert document.acceptance.differences == ()
        assert document.acceptance.is_accepted


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=25), st.data())
def test_any_document_is_accepted_and_any_other_demand_differs(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("law")
    document = read(folder, "\n".join(["## Limits", "", "- [ ] p95 latency < 500 ms", "", *lines, ""]))
    accept([document], "Model team", TODAY)
    text = (folder / "task.md").read_text(encoding="utf-8")
    assert read(folder, text).acceptance.is_accepted
    limit = data.draw(st.integers(1, 10_000).filter(lambda figure: figure != 500))
    changed = read(folder, text.replace("latency < 500 ms", f"latency < {limit} ms", 1)).acceptance
    assert not changed.is_accepted
    assert {found.change for found in changed.differences} & {"words", "added", "question"}
    assert read(folder, text).acceptance.is_accepted
