from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.acceptance.reading import Document
from signoff.acceptance.reading.source.wording import fingerprint, slug

Read = Callable[[str], Document]


def test_an_id_is_section_kind_and_ordinal(read: Read) -> None:
    document = read("## ✅ **Success Criteria:**\n- [ ] latency < 1 s\n- [ ] latency < 2 s\n- [ ] memory < 1 GB\n")
    assert [criterion.id for criterion in document.criteria] == [
        "success-criteria/latency/1",
        "success-criteria/latency/2",
        "success-criteria/memory/1",
    ]
    assert {criterion.section for criterion in document.criteria} == {"Success Criteria"}


def test_an_id_stays_when_other_lines_move(read: Read) -> None:
    boxes = "## Goals\n- [ ] latency < 1 s\n- [ ] memory < 1 GB\n"
    moved = read("# A\n\nNew words.\n\n## Other\n- [ ] port 1234 answers\n\n" + boxes)
    assert [c.id for c in read(boxes).criteria] == [c.id for c in moved.criteria if c.id.startswith("goals/")]


def test_a_heading_that_stands_twice_takes_its_parents_name(read: Read) -> None:
    document = read("# T\n## A\n### Request\n- [ ] one\n## B\n### Request\n- [ ] two\n## Once\n- [ ] three\n")
    assert [c.id for c in document.criteria] == [
        "a-request/human_judgement/1",
        "b-request/human_judgement/1",
        "once/human_judgement/1",
    ]


@pytest.mark.parametrize(
    "other",
    [
        "Response   time\nunder 1000ms",
        "**Response time** under 1000ms",
        "✅ Response time under 1000ms",
        "response time under 1,000 ms",
        "`Response` time under 1000ms.",
    ],
)
def test_a_fingerprint_is_blind_to_how_it_is_set(other: str) -> None:
    assert fingerprint(other) == fingerprint("Response time under 1000ms")


@pytest.mark.parametrize(
    "other",
    [
        "Response time under 1001ms",
        "Response time over 1000ms",
        "Response time under 1000s",
        "p95 response time under 1000ms",
        "Response time <= 1000ms",
        "Response time < 1000ms",
    ],
)
def test_a_fingerprint_sees_what_is_asked(other: str) -> None:
    assert fingerprint(other) != fingerprint("Response time under 1000ms")


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(["<", ">", "<=", ">=", "~"]))
def test_two_figures_have_one_fingerprint_only_if_they_are_equal(one: int, other: int, comparator: str) -> None:
    left, right = (fingerprint(f"latency {comparator} {value} ms") for value in (one, other))
    assert (left == right) == (one == other)


def test_an_expectations_fingerprint_sees_its_command(read: Read) -> None:
    prints = {
        read(f"```bash\n{command}\n# Expected: < 2 s\n```\n").criteria[0].fingerprint
        for command in ("curl http://h/a", "curl http://h/b", "curl \\\n  http://h/a")
    }
    assert len(prints) == 2


def test_slugs_are_words() -> None:
    assert slug("🎯 **Success Criteria** (all!)") == "success-criteria-all"
    assert slug("🎯") == "section"
