"""What differs from an accepted reading, and what does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.acceptance.checks import KINDS
from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.reading import Document, read_documents
from signoff.acceptance.reading.accepting.acceptance import Acceptance
from signoff.acceptance.reading.accepting.accepted_reading import accepted_criterion
from signoff.acceptance.reading.accepting.difference import Difference, differences

TASKS = sorted((Path(__file__).parents[3] / "fixtures" / "tasks").glob("*.md"))
TEXT = """## Limits

- [ ] p95 latency < 500 ms
- [ ] p99 latency < 2 s
- [ ] Memory below 20 GB
- [ ] Answers feel natural
"""
Read = Callable[[str], Document]


def changes(read: Read, before: str, after: str) -> list[tuple[str, str]]:
    """What has changed, as (change, id)."""
    return [(found.change, found.id) for found in compared(read, before, after)]


def compared(read: Read, before: str, after: str) -> Sequence[Difference]:
    return differences([accepted_criterion(item) for item in read(before).criteria], read(after).criteria)


def test_the_same_document_has_no_difference(read: Read) -> None:
    assert changes(read, TEXT, TEXT) == []


@pytest.mark.parametrize(
    "after",
    [
        TEXT.replace("- [ ]", "* [x]"),
        TEXT.replace("Memory", "**Memory**"),
        f"Some words before it.\n\n{TEXT}",
        TEXT.replace("- [ ] Answers feel natural", "- [ ] Answers\n  feel natural ✅"),
    ],
)
def test_layout_and_places_are_no_difference(read: Read, after: str) -> None:
    assert changes(read, TEXT, after) == []


def test_a_demand_in_between_is_the_only_one_that_is_read_anew(read: Read) -> None:
    after = TEXT.replace("- [ ] p95", "- [ ] mean latency < 300 ms\n- [ ] p95")
    found = compared(read, TEXT, after)
    assert [(each.change, each.id) for each in found] == [
        ("added", "limits/latency/1"),
        ("name", "limits/latency/2"),
        ("name", "limits/latency/3"),
    ]
    assert list(Acceptance("lock", differences=tuple(found)).anew) == ["limits/latency/1"]


def test_a_demand_that_is_gone_is_named_and_no_other_is_read_anew(read: Read) -> None:
    found = changes(read, TEXT, TEXT.replace("- [ ] p95 latency < 500 ms\n", ""))
    assert found == [("name", "limits/latency/1"), ("removed", "limits/latency/1")]


def test_another_limit_is_another_wording_that_asks_otherwise(read: Read) -> None:
    (found,) = compared(read, TEXT, TEXT.replace("500 ms", "600 ms"))
    assert (found.change, found.id, found.line, found.asks_otherwise) == ("words", "limits/latency/1", 3, True)
    assert found.before is not None
    assert found.now is not None
    assert found.before.threshold is not None
    assert (found.before.threshold.value, found.now.text) == (500, "p95 latency < 600 ms")


def test_other_words_of_the_same_question_are_said_to_be_that(read: Read) -> None:
    (found,) = compared(read, TEXT, TEXT.replace("feel natural", "feel quite natural"))
    assert (found.change, found.asks_otherwise) == ("words", False)


def test_a_renamed_section_asks_nothing_anew(read: Read) -> None:
    found = compared(read, TEXT, TEXT.replace("## Limits", "## Targets"))
    assert {each.change for each in found} == {"name"}
    assert Acceptance("lock", differences=tuple(found)).anew == {}
    assert not Acceptance("lock", differences=tuple(found)).is_accepted


def test_the_same_words_that_are_judged_otherwise_are_a_question(read: Read, tmp_path: Path) -> None:
    before = read(TEXT).criteria
    mine = before[0]
    line = f'correct."{mine.id}" = {{fingerprint = "{mine.fingerprint}", kind = "human_judgement"}}\n'
    (tmp_path / "task.signoff.toml").write_text(line, encoding="utf-8")
    (found,) = differences([accepted_criterion(item) for item in before], read(TEXT).criteria)
    assert (found.change, found.id) == ("question", mine.id)
    assert found.now is not None
    assert found.now.judge == "person"


def test_words_that_a_release_divides_otherwise_are_known_again(read: Read) -> None:
    both = read("## Limits\n- [ ] latency < 500 ms and memory < 20 GB\n").criteria
    assert [item.kind for item in both] == ["latency", "memory"]
    one = differences([accepted_criterion(both[0])], both)
    assert [(each.change, each.id, each.same_words) for each in one] == [("added", "limits/memory/1", True)]
    gone = differences([accepted_criterion(item) for item in both], both[:1])
    assert [(each.change, each.id, each.same_words) for each in gone] == [("removed", "limits/memory/1", True)]


def test_demands_of_the_same_words_are_kept_apart(read: Read) -> None:
    twice = TEXT + "\n## More\n\n- [ ] Memory below 20 GB\n"
    assert changes(read, twice, TEXT) == [("removed", "more/memory/1")]


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.name)
def test_an_accepted_document_has_no_difference(path: Path) -> None:
    criteria = read_documents([path], KINDS, date(2026, 3, 1)).documents[0].criteria
    assert differences([accepted_criterion(item) for item in criteria], criteria) == ()


CRITERIA = read_documents(TASKS[:1], KINDS, date(2026, 3, 1)).documents[0].criteria


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_change_of_words_limit_judge_kind_or_question_is_a_difference(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(CRITERIA) - 1))
    changed = data.draw(st.sampled_from([*altered(CRITERIA[index])]))
    now = [*CRITERIA[:index], changed, *CRITERIA[index + 1 :]]
    found = differences([accepted_criterion(item) for item in CRITERIA], now)
    assert changed.id in {each.id for each in found}
    assert not Acceptance("lock", differences=found).is_accepted
    assert list(Acceptance("lock", differences=found).anew) == [changed.id]


def altered(criterion: Criterion) -> list[Criterion]:
    """The criterion with one thing changed."""
    limit = criterion.threshold or Threshold(1, "s", "<", "mean", "latency")
    return [
        replace(criterion, fingerprint="f" * 64),
        replace(criterion, judge="person" if criterion.judge == "machine" else "machine"),
        replace(criterion, kind="never_heard_of"),
        replace(criterion, judged_as=f"{criterion.judged_as} also."),
        replace(criterion, threshold=replace(limit, value=limit.value + 0.001)),
        replace(criterion, threshold=replace(limit, comparator=">" if limit.comparator == "<" else "<")),
        replace(criterion, threshold=replace(limit, statistic="p12")),
        replace(criterion, threshold=replace(limit, unit="parsec")),
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, len(CRITERIA) - 1), unique=True, min_size=1, max_size=40))
def test_added_and_removed_demands_are_those_and_no_others(chosen: list[int]) -> None:
    some = [CRITERIA[index] for index in sorted(chosen)]
    accepted = [accepted_criterion(item) for item in some]
    rest = [item for item in CRITERIA if item not in some]
    added = differences(accepted, CRITERIA)
    assert {each.id for each in added if each.change == "added"} == {item.id for item in rest}
    removed = differences([accepted_criterion(item) for item in CRITERIA], some)
    assert {each.change for each in added} <= {"added"}
    assert {each.id for each in removed} == {item.id for item in rest}
