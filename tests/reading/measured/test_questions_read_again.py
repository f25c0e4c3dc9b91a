"""The sentence that says how a criterion is judged, read again as a demand, asks for no other figure than that one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import Document, read_documents

ROOT = Path(__file__).parents[3]
DOCUMENTS = (
    *sorted((ROOT / "fixtures/tasks").glob("*.md")),
    *sorted((ROOT / "tests/reading/corpus").glob("*/input.md")),
)
# Shares that only rise: a sentence with a whole body, or with a load in the document's own words, is a person's.
FOUND_AGAIN = {"latency": 0.80, "ttft": 0.95, "error_rate": 1.0, "memory": 0.80, "cpu": 0.75}
Read = Callable[[str], Document]
Frame = tuple[Any, ...]


def frame(found: Criterion) -> Frame:
    limit = found.threshold
    assert limit is not None
    return limit.value, limit.unit, limit.comparator, limit.statistic, str(found.load or "")


@pytest.fixture(scope="module")
def asked() -> list[Criterion]:
    criteria = [each for document in read_documents(DOCUMENTS, KINDS).documents for each in document.criteria]
    return [each for each in criteria if each.judge == "machine" and each.threshold is not None and not each.service]


def test_a_question_read_again_is_the_same_question_or_a_persons(asked: list[Criterion], read: Read) -> None:
    assert len(asked) > 150
    total, again = Counter[str](), Counter[str]()
    for criterion in asked:
        document = read(f"# Heron\n\n## Acceptance Criteria\n\n- [ ] {criterion.judged_as}\n")
        found = [each for each in document.criteria if each.judge == "machine" and each.kind == criterion.kind]
        assert {frame(each) for each in found} <= {frame(criterion)}, criterion.judged_as
        total[criterion.kind] += 1
        again[criterion.kind] += bool(found)
    shares = {kind: again[kind] / total[kind] for kind in FOUND_AGAIN}
    assert all(shares[kind] >= least for kind, least in FOUND_AGAIN.items()), shares
