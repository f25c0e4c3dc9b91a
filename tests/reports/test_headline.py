"""The fold of a run and the sentence that says it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.reports.document.headline import fold, headline, open_counts, outcome
from signoff.reports.stored.conflict import Conflict, Side
from signoff.reports.stored.stored_run import Engine, StoredCriterion, StoredRun
from signoff.reports.stored.verdict import OUTCOMES
from tests.reports import hermes_run

BADNESS = {"passed": 0, "undecided": 1, "invalid": 2, "failed": 3}


def made(*outcomes: str, judge: str = "machine", **changes: object) -> StoredRun:
    criteria = tuple(
        StoredCriterion(
            id=f"s/k/{line}",
            document="a.md",
            line=line,
            text="t",
            kind="latency",
            outcome=one,
            reason="",
            judge="person" if one in {"awaiting_person", "attested"} else judge,
        )
        for line, one in enumerate(outcomes, start=1)
    )
    return hermes_run.run(criteria=criteria, conflicts=(), out_of_reach={}, **changes)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ((), "invalid"),
        (("pass",), "passed"),
        (("pass", "awaiting_person", "attested"), "passed"),
        (("attested",), "invalid"),
        (("awaiting_person",), "invalid"),
        (("not_measurable",), "invalid"),
        (("inconclusive",), "invalid"),
        (("pass", "inconclusive"), "undecided"),
        (("pass", "not_measurable"), "undecided"),
        (("pass", "error"), "invalid"),
        (("pass", "not_run"), "invalid"),
        (("pass", "inconclusive", "error"), "invalid"),
        (("pass", "fail"), "failed"),
        (("error", "fail", "not_run", "inconclusive"), "failed"),
        (("fail",), "failed"),
    ],
)
def test_the_first_rule_that_applies_decides(outcomes: tuple[str, ...], expected: str):
    folded, why = fold(made(*outcomes))
    assert folded == expected
    assert why


@pytest.mark.parametrize("key", ["s/k/2", "latency"])
def test_a_declared_reason_takes_what_is_not_measurable_out_of_the_fold(key: str):
    run = made("pass", "not_measurable")
    assert fold(run)[0] == "undecided"
    assert fold(replace(run, out_of_reach={key: "another host"}))[0] == "passed"
    assert fold(replace(run, out_of_reach={key: " "}))[0] == "undecided"
    assert fold(replace(run, out_of_reach={"memory": "another kind"}))[0] == "undecided"


def test_an_unresolved_conflict_on_a_machine_judged_criterion_leaves_the_run_undecided():
    conflict = Conflict(
        kind="two_values",
        subject="port",
        sides=(Side(document="a.md", line=1, value=1), Side(document="b.md", line=9, value=2)),
    )
    assert fold(replace(made("pass"), conflicts=(conflict,)))[0] == "undecided"
    assert fold(replace(made("pass"), conflicts=(replace(conflict, resolution={"chosen": 1}),)))[0] == "passed"
    named = replace(conflict, criteria=(("a.md", "s/k/1"),), sides=(Side(document="b.md", line=9, value=1),))
    assert fold(replace(made("pass"), conflicts=(named,)))[0] == "undecided"
    only_told = replace(conflict, criteria=())
    assert fold(replace(made("pass"), conflicts=(only_told,)))[0] == "passed"
    elsewhere = replace(conflict, sides=(Side(document="b.md", line=1, value=1),))
    assert fold(replace(made("pass"), conflicts=(elsewhere,)))[0] == "passed"
    run = made("pass", "awaiting_person")
    on_person = replace(conflict, sides=(Side(document="a.md", line=2, value=1),))
    assert fold(replace(run, conflicts=(on_person,)))[0] == "passed"


def test_a_waiver_does_not_turn_a_failure_into_anything_else():
    run = made("pass", "fail")
    waived = replace(run.criteria[1], waiver={"owner": "service owner", "reason": "known", "expires": "2025-03-01"})
    assert fold(replace(run, criteria=(run.criteria[0], waived)))[0] == "failed"


OUTCOME_LISTS = st.lists(st.sampled_from(OUTCOMES), max_size=12)


@given(OUTCOME_LISTS, st.sampled_from(["error", "not_run", "fail"]), st.booleans())
def test_nothing_that_was_not_judged_or_failed_ever_gives_passed(outcomes: list[str], bad: str, declared: bool):
    run = made(*outcomes, bad, "pass")
    folded = fold(replace(run, out_of_reach={"latency": "declared"} if declared else {}))[0]
    assert folded in {"failed", "invalid"}


@given(OUTCOME_LISTS)
def test_another_failure_never_improves_a_run_and_another_pass_never_worsens_it(outcomes: list[str]):
    before = BADNESS[fold(made(*outcomes))[0]]
    assert BADNESS[fold(made(*outcomes, "fail"))[0]] >= before
    assert BADNESS[fold(made(*outcomes, "pass"))[0]] <= before


@given(OUTCOME_LISTS)
def test_passed_needs_at_least_one_pass(outcomes: list[str]):
    if fold(made(*outcomes))[0] == "passed":
        assert "pass" in outcomes


@given(st.permutations(["pass", "fail", "error", "inconclusive", "not_measurable", "attested"]))
def test_the_order_of_the_criteria_does_not_matter(outcomes: list[str]):
    assert fold(made(*outcomes)) == fold(made(*sorted(outcomes)))


def test_a_stored_outcome_that_is_better_than_its_criteria_is_not_believed():
    shown, why = outcome(made("pass", "fail", outcome="passed"))
    assert shown == "failed"
    assert "stored outcome says passed" in why
    assert outcome(made("pass", "inconclusive", outcome="passed"))[0] == "undecided"


def test_a_stored_outcome_may_be_worse_than_its_criteria():
    run = made("pass", outcome="invalid", reason="the client was late")
    assert outcome(run) == ("invalid", "the client was late")
    assert "the client was late" in headline(run)


def test_the_headline_of_a_pass_counts_what_is_open():
    run = made("pass", "pass", "not_measurable", "awaiting_person", outcome="passed", reason="")
    run = replace(run, out_of_reach={"latency": "remote"})
    assert headline(run) == (
        "passed on the simulated engine: 2 of 4 criteria pass; 1 awaits a person, 1 is out of reach, 0 waived."
    )
    counted = open_counts(run)
    assert (counted.awaiting_person, counted.out_of_reach, counted.waived) == (1, 1, 0)


def test_the_headline_of_a_failure_names_the_failures_first():
    assert headline(hermes_run.run()) == (
        "failed on the simulated engine: 2 of 33 criteria fail, 23 pass; "
        "1 awaits a person, 2 are out of reach, 1 waived."
    )


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        (Engine(name="vllm", version="0.6.3"), "passed on vllm 0.6.3:"),
        (Engine(), "passed on an unnamed engine:"),
        (Engine(name="Simulated", version="2"), "passed on the simulated engine:"),
    ],
)
def test_the_headline_names_the_engine(engine: Engine, words: str):
    assert headline(hermes_run.passing_run(engine)).startswith(words)
