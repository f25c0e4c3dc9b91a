"""How much work long configuration takes: it grows with the lines, not with their pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import read_documents
from signoff.acceptance.reading.conflicts.settings import configuration

LINES = 400


def test_a_setting_that_is_stated_often_is_looked_at_once_for_each_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[object] = []
    plain = configuration.comparable

    def counted(value: object) -> object:
        looked_at.append(value)
        return plain(value)

    monkeypatch.setattr(configuration, "comparable", counted)
    lines = "".join(f"PORT={number}\n" for number in range(1, LINES + 1))
    (tmp_path / "task.md").write_text(f"```env\n{lines}```\n", encoding="utf-8")
    reading = read_documents([tmp_path / "task.md"], KINDS)
    assert len(reading.documents[0].configuration) == LINES
    assert len(looked_at) <= 3 * LINES


def test_of_many_values_each_that_another_block_contradicts_is_a_side(tmp_path: Path) -> None:
    blocks = "".join(f"```env\nTENSOR_PARALLEL_SIZE={size}\n```\n\n" for size in (1, 1, 2))
    (tmp_path / "task.md").write_text(blocks, encoding="utf-8")
    found = [
        conflict
        for conflict in read_documents([tmp_path / "task.md"], KINDS).conflicts
        if conflict.kind == "configuration"
    ]
    assert [[side.value for side in conflict.sides] for conflict in found] == [[1, 1, 2]]


def test_within_one_block_a_later_line_overrides(tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text("```env\nTENSOR_PARALLEL_SIZE=1\nTENSOR_PARALLEL_SIZE=2\n```\n", encoding="utf-8")
    reading = read_documents([tmp_path / "task.md"], KINDS)
    assert [conflict for conflict in reading.conflicts if conflict.kind == "configuration"] == []


def test_variables_that_double_do_not_fill_the_memory(tmp_path: Path) -> None:
    doubling = "A=x\n" + "A=$A$A\n" * 200
    (tmp_path / "task.md").write_text(
        f"```bash\n{doubling}curl http://localhost:8001/$A\n# Expected: < 2s\n```\n", encoding="utf-8"
    )
    document = read_documents([tmp_path / "task.md"], KINDS).documents[0]
    assert (document.dropped, len(document.criteria)) == (0, 1)
