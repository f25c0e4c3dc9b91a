"""The nearest wording that a machine would judge: where there is one, and that it is judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import Document, read_all, read_documents
from signoff.acceptance.reading.suggestions.shortened import shortened

ROOT = Path(__file__).parents[3]
DOCUMENTS = [
    *sorted((ROOT / "fixtures" / "tasks").glob("*.md")),
    *sorted((ROOT / "tests" / "reading" / "corpus").glob("*/input.md")),
]


def suggested(folder: Path, *demands: str) -> Document:
    text = "## Success Criteria\n\n" + "".join(f"- [ ] {demand}\n" for demand in demands)
    (folder / "task.md").write_text(text, encoding="utf-8")
    return read_all([folder / "task.md"], KINDS, suggests=True)[0].documents[0]


@pytest.mark.parametrize(
    ("demand", "nearest"),
    [
        ("p95 latency below 2 s for premium customers", "p95 latency below 2 s"),
        ("p95 latency below 2 s (zeppelins)", "p95 latency below 2 s"),
        ("Zeppelins: p95 latency below 2 s", "p95 latency below 2 s"),
        ("p95 latency below 2 s, as zeppelins expect", "p95 latency below 2 s"),
    ],
)
def test_a_demand_with_words_that_only_narrow_it_has_a_nearest_wording(
    tmp_path: Path, demand: str, nearest: str
) -> None:
    document = suggested(tmp_path, demand)
    assert [item.judge for item in document.criteria] == ["person"]
    assert list(document.nearest.values()) == [nearest]
    assert {item.judge for item in suggested(tmp_path, nearest).criteria} == {"machine"}


@pytest.mark.parametrize(
    "demand",
    [
        "p95 latency below 2 s for no zeppelin",
        "p95 latency below 2 s for 3 zeppelins",
        "p95 zeppelin latency below 2 s",
        "Answers feel natural",
        "Zeppelins fly within 2 s",
        "p95 latency below 2 s and sanitized zeppelins",
    ],
)
def test_what_would_ask_something_else_has_none(tmp_path: Path, demand: str) -> None:
    assert suggested(tmp_path, demand).nearest == {}


@pytest.mark.parametrize("needed", ["/zeppelin/fly", "no zeppelin", "3 zeppelins", "the p99", "all of them"])
def test_routes_negations_figures_and_statistics_are_never_left_out(needed: str) -> None:
    assert shortened(f"p95 latency below 2 s for {needed}", [needed]) == ""
    assert shortened("p95 latency below 2 s for zeppelins", ["zeppelins"]) == "p95 latency below 2 s"


def test_it_is_only_looked_for_where_it_is_asked_for(tmp_path: Path) -> None:
    assert suggested(tmp_path, "p95 latency below 2 s for premium customers").nearest
    assert read_documents([tmp_path / "task.md"], KINDS).documents[0].nearest == {}


def test_it_stands_in_the_json_of_its_criterion_alone(tmp_path: Path) -> None:
    document = suggested(tmp_path, "p95 latency below 2 s for premium customers", "Answers feel natural")
    assert [item.get("nearest") for item in document.as_json()["criteria"]] == ["p95 latency below 2 s", None]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_each_suggestion_is_judged_by_machine_where_it_stands_in_its_document(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    document = read_all([copy], KINDS, suggests=True)[0].documents[0]
    lines = copy.read_text(encoding="utf-8").split("\n")
    changed = set()
    for criterion in document.criteria:
        nearest = document.nearest.get(criterion.id)
        if nearest and criterion.text in lines[criterion.line - 1]:
            lines[criterion.line - 1] = lines[criterion.line - 1].replace(criterion.text, nearest)
            changed.add(criterion.line)
    copy.write_text("\n".join(lines), encoding="utf-8")
    judges = {(item.line, item.judge) for item in read_documents([copy], KINDS).documents[0].criteria}
    assert {judge for line, judge in judges if line in changed} <= {"machine"}
    assert {line for line, _ in judges} >= changed


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=8), max_size=3))
def test_a_shortened_text_holds_words_of_the_text_in_their_order(text: str, words: list[str]) -> None:
    left = iter(text)
    assert all(any(character == other for other in left) for character in shortened(text, words))
