"""The shipped task documents: every demand is counted, in every encoding in which teams hand such documents on."""

from __future__ import annotations

import json
import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import Document, Reading, read_documents

ROOT = Path(__file__).parents[3]
TASKS = ROOT / "fixtures" / "tasks"
GOLDEN = Path(__file__).parents[1] / "documents" / "shipped"
DECIDED = date(2026, 11, 21)

STEMS = ("0.2-ai-model-services", "005-hermes-2-mvp", "1.3-hermes-2", "4b-switch-hermes", "template")
EXPLICIT = {
    "0.2-ai-model-services": {"checkbox": 40},
    "005-hermes-2-mvp": {"checkbox": 8, "success": 6},
    "1.3-hermes-2": {"checkbox": 5, "expected": 12, "subtask": 7, "smart": 6, "target": 2},
    "4b-switch-hermes": {"expected": 4},
    "template": {"checkbox": 17, "expected": 14, "subtask": 3, "smart": 6},
}
# Fences, those without a language, and those that stand in a list.
FENCES = {
    "0.2-ai-model-services": (3, 0, 0),
    "005-hermes-2-mvp": (0, 0, 0),
    "1.3-hermes-2": (8, 0, 0),
    "4b-switch-hermes": (27, 8, 2),
    "template": (21, 0, 0),
}
DAMAGED = ("005-hermes-2-mvp", "1.3-hermes-2", "template")


def path_of(stem: str) -> Path:
    return TASKS / f"{stem}.md"


def document_of(stem: str) -> Document:
    return read_documents([path_of(stem)], KINDS, DECIDED).documents[0]


def damaged(text: str) -> str:
    """The text as an editor shows it that takes UTF-8 for Mac Roman."""
    return text.encode("utf-8").decode("mac_roman")


@pytest.fixture(scope="module")
def together() -> Reading:
    return read_documents([TASKS], KINDS, DECIDED)


def test_these_are_all_that_is_shipped() -> None:
    assert sorted(path.stem for path in TASKS.glob("*.md")) == sorted(STEMS)


@pytest.mark.parametrize("stem", STEMS)
def test_every_demand_by_its_form_is_counted_and_no_line_is_lost(stem: str) -> None:
    document = document_of(stem)
    found = {name: document.counts.get(name, 0) for name in ("checkbox", "expected", "subtask", "smart", "target")}
    found["success"] = sum(s.type == "bullet" and s.role == "success" for s in document.statements)
    assert {name: count for name, count in found.items() if count} == EXPLICIT[stem]
    assert document.explicit == sum(EXPLICIT[stem].values())
    assert document.dropped == 0


def test_together_they_hold_as_many_explicit_demands_as_the_documents_that_they_stand_for(together: Reading) -> None:
    assert sum(document.explicit for document in together.documents) == 130


@pytest.mark.parametrize("stem", STEMS)
def test_the_lines_say_the_same_counts_without_a_parser(stem: str) -> None:
    text = path_of(stem).read_text(encoding="utf-8")
    boxes = re.findall(r"^\s*- \[ \] ", text, re.MULTILINE)
    expected = re.findall(r"^# Expected(?: output)?:", text, re.MULTILINE)
    assert len(boxes) == EXPLICIT[stem].get("checkbox", 0)
    assert len(expected) == EXPLICIT[stem].get("expected", 0)
    marks = re.findall(r"^( *)```(\w*)$", text, re.MULTILINE)
    opening = marks[::2]
    assert len(marks) == 2 * len(opening)
    bare = sum(language == "" for _, language in opening)
    assert (len(opening), bare, sum(indent != "" for indent, _ in opening)) == FENCES[stem]


def test_each_response_of_the_runtime_document_is_a_statement() -> None:
    shapes = [s for s in document_of("4b-switch-hermes").statements if s.type == "shape"]
    assert [(s.label, s.section.split("-")[0]) for s in shapes] == [
        ("200", "inference"),
        ("503", "inference"),
        ("200", "health"),
        ("503", "health"),
    ]


def test_smart_stands_in_headings_where_it_is_no_table() -> None:
    sections = [s.section for s in document_of("0.2-ai-model-services").statements if s.type == "bullet"]
    wanted = {"specific", "measurable", "achievable", "relevant", "time-bound", "strategic", "tactical"}
    assert {name: sections.count(name) for name in wanted} == dict.fromkeys(wanted, 4)


def test_what_stands_in_a_template_within_a_template_is_no_demand() -> None:
    document = document_of("template")
    lines = path_of("template").read_text(encoding="utf-8").split("\n")
    begin = lines.index("```markdown") + 1
    end = lines.index("```", begin) + 1
    assert not [c for c in document.criteria if begin <= c.line <= end]
    assert {document.line_kinds[number - 1] for number in range(begin, end + 1)} == {"prose"}


def test_a_placeholder_is_for_nobody_to_judge_and_no_other_document_has_one(together: Reading) -> None:
    for document in together.documents:
        judges = {criterion.judge for criterion in document.criteria}
        assert ("template" in judges) == (Path(document.path).stem == "template")


@pytest.mark.parametrize("stem", DAMAGED)
def test_a_twin_that_was_decoded_wrongly_gives_the_same_criteria_at_its_own_places(stem: str, tmp_path: Path) -> None:
    clean, text = document_of(stem), path_of(stem).read_text(encoding="utf-8").rstrip("\n")
    (tmp_path / f"{stem}.txt").write_bytes(damaged(text).encode())
    for beside in TASKS.glob("*.json"):
        (tmp_path / beside.name).write_bytes(beside.read_bytes())
    (twin,) = read_documents([tmp_path / f"{stem}.txt"], KINDS, DECIDED).documents
    assert "encoding-repaired" in {d.code for d in twin.diagnostics}
    assert (twin.explicit, twin.dropped, twin.counts) == (clean.explicit, 0, clean.counts)
    assert [(c.id, c.line, c.fingerprint) for c in twin.criteria] == [
        (c.id, c.line, c.fingerprint) for c in clean.criteria
    ]
    lines = text.split("\n")
    moved = [(c, t) for c, t in zip(clean.criteria, twin.criteria, strict=True) if c.column != t.column]
    for before, after in zip(clean.criteria, twin.criteria, strict=True):
        assert after.column == len(damaged(lines[before.line - 1][: before.column - 1])) + 1
    assert bool(moved) == any(c.statement == "smart" for c in clean.criteria)


def test_ascii_without_a_final_newline_is_read_alike(tmp_path: Path) -> None:
    stem = "0.2-ai-model-services"
    text = path_of(stem).read_text(encoding="ascii")
    (tmp_path / f"{stem}.txt").write_bytes(text.rstrip("\n").encode("ascii"))
    (twin,) = read_documents([tmp_path / f"{stem}.txt"], KINDS, DECIDED).documents
    assert (twin.explicit, twin.dropped) == (40, 0)
    assert summary(twin) == summary(document_of(stem))


def test_clean_utf_8_with_box_drawings_is_not_taken_for_damage() -> None:
    document = document_of("4b-switch-hermes")
    assert "┌" in path_of("4b-switch-hermes").read_text(encoding="utf-8")
    assert not [d for d in document.diagnostics if d.code.startswith("encoding")]


def open_conflicts(reading: Reading) -> list[tuple[str, str]]:
    """Conflicts in which a criterion stands and that nobody resolved."""
    return [(c.kind, c.subject) for c in reading.conflicts if c.criteria and c.resolution is None]


def binding_troubles(reading: Reading) -> list[str]:
    return [d.message for document in reading.documents for d in document.diagnostics if d.severity == "error"]


@pytest.mark.parametrize("stem", STEMS)
def test_a_document_comes_with_every_conflict_on_a_criterion_resolved(stem: str) -> None:
    reading = read_documents([path_of(stem)], KINDS, DECIDED)
    assert open_conflicts(reading) == []
    assert binding_troubles(reading) == []


def test_read_together_no_conflict_on_a_criterion_is_open(together: Reading) -> None:
    assert open_conflicts(together) == []
    assert binding_troubles(together) == []


def test_resolutions_are_made_by_roles_on_one_day_with_a_reason(together: Reading) -> None:
    found = [c.resolution for c in together.conflicts if c.resolution is not None]
    assert found
    for resolution in found:
        assert resolution["date"] == DECIDED.isoformat()
        assert re.fullmatch(r"[A-Z][\w/ -]+", resolution["role"])
        assert len(resolution["reason"].split()) >= 8


def summary(document: Document) -> list[list[Any]]:
    """A criterion a line: what it is, and what it is held to."""
    return [
        [c.id, c.line, c.kind, c.judge, c.service, None if c.threshold is None else c.threshold.text()]
        for c in document.criteria
    ]


@pytest.mark.parametrize("stem", STEMS)
def test_what_the_reading_makes_of_a_shipped_document_is_the_approved_one(stem: str) -> None:
    """Renew with SIGNOFF_UPDATE_GOLDEN=1 and look at the difference."""
    golden = GOLDEN / f"{stem}.jsonl"
    rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in summary(document_of(stem)))
    if os.environ.get("SIGNOFF_UPDATE_GOLDEN") == "1":
        golden.write_text(rows, encoding="utf-8")
    assert rows.splitlines() == golden.read_text(encoding="utf-8").splitlines()
