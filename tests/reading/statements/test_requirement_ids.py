"""Ids of a document: kept as they are written, and shown as the criterion's name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import read_document
from signoff.acceptance.reading.source.document import Reading
from signoff.acceptance.reading_page import reading_page

DEMAND = "the server must answer within 800 ms at p95."


def requirements(folder: Path, text: str) -> list[str | None]:
    """The id of each criterion that is about the 800 ms, in the document's order."""
    file = folder / "task.md"
    file.write_text(f"# HX-12: a ticket\n\n{text}\n", encoding="utf-8")
    return [found.requirement for found in read_document(file, KINDS).criteria if "800 ms" in found.text]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"## Requirements\n\n- **FR-012**: {DEMAND}", "FR-012"),
        (f"## Requirements\n\n- FR-012: {DEMAND}", "FR-012"),
        (f"## Requirements\n\n- FR-012 {DEMAND}", "FR-012"),
        (f"## Requirements\n\n1. [REQ-LAT-01] {DEMAND}", "REQ-LAT-01"),
        (f"## Success Criteria\n\n- [ ] **SC-003**: {DEMAND}", "SC-003"),
        (f"NFR-2.1: {DEMAND}", "NFR-2.1"),
        (f"R7: {DEMAND}", "R7"),
        (f"## Limits\n\n| ID | Requirement |\n|---|---|\n| N-2 | {DEMAND} |", "N-2"),
        (f"## NFR-7: Speed\n\n{DEMAND}", "NFR-7"),
        (f"## FR-012 Answers\n\n### Details\n\n- {DEMAND}", "FR-012"),
        (f"## FR-012 Answers\n\n- FR-013: {DEMAND}", "FR-013"),
        (f"## Requirements\n\n- **FR-012**: It must stream.\n  Beyond that {DEMAND}", "FR-012"),
        (f"## Requirements\n\n- {DEMAND}", None),
        (f"## Requirements\n\n- UTF-8: {DEMAND}", None),
        (f"## Requirements\n\n- GPT-4: {DEMAND}", None),
        (f"## Requirements\n\n- P95: {DEMAND}", None),
        (f"## Requirements\n\n- HTTP 200: {DEMAND}", None),
        (f"## Requirements\n\n- FR-012: It must stream.\n\nAnd {DEMAND}", None),
    ],
)
def test_an_id_is_kept_and_what_only_looks_like_one_is_not(tmp_path: Path, text: str, found: str | None) -> None:
    assert requirements(tmp_path, text) == [found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"1. It must stream.\n2. {DEMAND}", "Requirement 4.2"),
        (f"#### Acceptance Criteria\n\n1. It must stream.\n2. {DEMAND}", "Requirement 4.2"),
        (f"1. It must stream.\n2. Under load:\n   1. {DEMAND}", "Requirement 4.2.1"),
        (f"1. It must stream.\n2. Under load:\n   - {DEMAND}", "Requirement 4.2"),
        (f"1. It must stream.\n2. It must be quick:\n   {DEMAND}", "Requirement 4.2"),
        (f"- {DEMAND}", "Requirement 4"),
        (f"1. It must stream.\n\nBeyond that {DEMAND}", "Requirement 4"),
        (f"1. It must stream.\n2. FR-9: {DEMAND}", "FR-9"),
    ],
)
def test_a_criterion_of_a_numbered_list_below_a_requirement_has_both_numbers(
    tmp_path: Path, text: str, found: str
) -> None:
    assert requirements(tmp_path, f"### Requirement 4: Speed\n\n{text}") == [found]


def test_a_command_under_a_heading_with_an_id_belongs_to_it(tmp_path: Path) -> None:
    text = "## FR-3: Health\n\n```bash\ncurl http://localhost:8000/health\n# Expected: 200 within 800 ms\n```"
    assert set(requirements(tmp_path, text)) == {"FR-3"}


def test_the_id_is_no_part_of_the_criterions_own_id(tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text(f"# T\n\n## Requirements\n\n- FR-012: {DEMAND}\n", encoding="utf-8")
    document = read_document(tmp_path / "task.md", KINDS)
    (found,) = document.criteria
    assert (found.id, found.name) == ("requirements/latency/1", "FR-012 requirements/latency/1")
    kept = document.as_json()["criteria"][0]
    assert (kept["requirement"], kept["not_understood"], kept["load"]) == ("FR-012", [], None)
    assert json.dumps(kept)
    assert "<b>FR-012</b>" in reading_page(Reading((document,), ()), ())


def test_many_lines_without_an_id_do_not_make_reading_slow_or_wrong(tmp_path: Path) -> None:
    items = "\n".join(f"    - item {number}" for number in range(500))
    assert requirements(tmp_path, f"### Requirement 4\n\n1. Items:\n{items}\n    - {DEMAND}") == ["Requirement 4"]
