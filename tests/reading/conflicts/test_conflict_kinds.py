"""For each kind of conflict, documents that hold one, and documents that come near and hold none."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import read_documents
from signoff.acceptance.reading.conflicts import KINDS as CONFLICTS

DOCS = Path(__file__).parents[3] / "docs"
CASES = tomllib.loads((Path(__file__).parents[1] / "documents" / "conflicts.toml").read_text(encoding="utf-8"))["case"]
TRUE = [case for case in CASES if "subject" in case]
NEAR = [case for case in CASES if "subject" not in case]


def name_of(case: dict[str, Any]) -> str:
    return f"{case['kind']}: {case['name']}"


def found_in(folder: Path, texts: list[str]) -> list[tuple[str, str]]:
    paths = []
    for number, text in enumerate(texts, 1):
        path = folder / f"{number}.md"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    conflicts = read_documents(paths, KINDS).conflicts
    lengths = {path.as_posix(): len(text.splitlines()) for path, text in zip(paths, texts, strict=True)}
    for conflict in conflicts:
        assert conflict.message
        assert all(0 < side.line <= lengths[side.document] for side in conflict.sides)
        assert len({(side.document, side.line, str(side.value)) for side in conflict.sides}) == len(conflict.sides)
    return [(conflict.kind, conflict.subject) for conflict in conflicts]


@pytest.mark.parametrize("case", TRUE, ids=name_of)
def test_a_contradiction_is_found_once(tmp_path: Path, case: dict[str, Any]) -> None:
    found = found_in(tmp_path, case["documents"])
    assert [item for item in found if item[0] == case["kind"]] == [(case["kind"], case["subject"])]


@pytest.mark.parametrize("case", NEAR, ids=name_of)
def test_what_only_looks_like_one_is_none(tmp_path: Path, case: dict[str, Any]) -> None:
    assert case["kind"] not in [kind for kind, _ in found_in(tmp_path, case["documents"])]


def test_each_kind_has_true_cases_and_near_misses() -> None:
    true, near = Counter(case["kind"] for case in TRUE), Counter(case["kind"] for case in NEAR)
    assert set(true) == set(near) == set(CONFLICTS)
    assert {kind: (true[kind], near[kind]) for kind in CONFLICTS if true[kind] < 2 or near[kind] < 2} == {}


def test_the_page_about_conflicts_names_each_kind_once() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|", (DOCS / "conflicts.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted((*CONFLICTS, "deployment"))
