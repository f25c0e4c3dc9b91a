"""The outcome of a run from its criteria, and the sentence that states it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath

from signoff.reports.plain_text import line
from signoff.reports.stored.conflict import Conflict
from signoff.reports.stored.stored_run import OpenCounts, StoredCriterion, StoredRun
from signoff.reports.stored.verdict import Outcome, RunOutcome


def fold(run: StoredRun) -> tuple[RunOutcome, str]:
    """The outcome that the criteria give, and why. The first rule that applies decides:

    failed      a criterion fails, waived or not
    invalid     a criterion is an error or was not run, or nothing passed
    undecided   one that a machine judges is inconclusive, is in an unresolved conflict, or is not
                measurable without a reason declared as out of reach
    passed      otherwise; criteria that await a person are counted, and change nothing
    """
    count = Counter(criterion.outcome for criterion in run.criteria)
    if count["fail"]:
        return "failed", f"{_criteria(count['fail'])} {_verb(count['fail'], 'fails', 'fail')}"
    broken = count["error"] + count["not_run"]
    if broken:
        return (
            "invalid",
            f"{_criteria(broken)} {_was(broken)} not judged (an error of the run, or never reached)",
        )
    if not run.criteria:
        return "invalid", "there is no criterion"
    if not count["pass"]:
        return "invalid", "no criterion passed, and zero evidence is never a pass"
    reasons = [
        f"{_criteria(len(found))} {_verb(len(found), singular, plural)}"
        for found, singular, plural in (
            (_by_machine(run, "inconclusive"), "is inconclusive", "are inconclusive"),
            (in_conflict(run), "is in an unresolved conflict", "are in an unresolved conflict"),
            (
                [item for item in _by_machine(run, "not_measurable") if not out_of_reach(run, item)],
                "is not measurable, with no reason declared",
                "are not measurable, with no reason declared",
            ),
        )
        if found
    ]
    if reasons:
        return "undecided", "; ".join(reasons)
    return "passed", f"{count['pass']} of {_criteria(len(run.criteria))} pass, and no criterion prevents it"


def outcome(run: StoredRun) -> tuple[RunOutcome, str]:
    """The outcome to show: the stored one, unless it is better than what the stored criteria give."""
    folded, why = fold(run)
    rank = {"passed": 0, "undecided": 1}
    if rank.get(run.outcome, 2) < rank.get(folded, 2):
        return folded, f"the stored outcome says {run.outcome}, its own criteria do not: {why}"
    return run.outcome, line(run.reason) or (why if run.outcome == folded else "")


def headline(run: StoredRun) -> str:
    """One sentence: outcome, engine, the number of deciding criteria, and the open ones."""
    shown, why = outcome(run)
    count = Counter(criterion.outcome for criterion in run.criteria)
    total = _criteria(len(run.criteria))
    decided = f"{count['pass']} of {total} {_verb(count['pass'], 'passes', 'pass')}"
    if shown == "failed" and count["fail"]:
        decided = f"{count['fail']} of {total} {_verb(count['fail'], 'fails', 'fail')}, {count['pass']} pass"
    elif shown != "passed" and why:
        decided = f"{why}; {decided}"
    left = open_counts(run)
    still_open = ", ".join(
        (
            f"{left.awaiting_person} {_verb(left.awaiting_person, 'awaits', 'await')} a person",
            f"{left.out_of_reach} {_verb(left.out_of_reach, 'is', 'are')} out of reach",
            f"{left.waived} waived",
        )
    )
    return f"{shown} on {engine_words(run)}: {decided}; {still_open}."


def engine_words(run: StoredRun) -> str:
    """The engine inside a sentence: `the simulated engine`, `vllm 0.6.3`."""
    if run.engine.is_simulated:
        return "the simulated engine"
    return line(f"{run.engine.name} {run.engine.version}".strip(), 80) or "an unnamed engine"


def open_counts(run: StoredRun) -> OpenCounts:
    """The numbers of open criteria, counted from the criteria."""
    return OpenCounts(
        awaiting_person=sum(item.outcome == "awaiting_person" for item in run.criteria),
        out_of_reach=sum(item.outcome == "not_measurable" and bool(out_of_reach(run, item)) for item in run.criteria),
        waived=sum(item.waiver is not None for item in run.criteria),
    )


def out_of_reach(run: StoredRun, criterion: StoredCriterion) -> str:
    """The reason that the deployment declares for not measuring this criterion, or ""."""
    return (run.out_of_reach.get(criterion.id) or run.out_of_reach.get(criterion.kind) or "").strip()


def in_conflict(run: StoredRun) -> list[StoredCriterion]:
    """The machine-judged criteria that are in an unresolved conflict."""
    standing = [conflict for conflict in run.conflicts if not conflict.resolution]
    named = {tuple(pair) for conflict in standing for pair in conflict.criteria or ()}
    sides = {place for conflict in standing if conflict.criteria is None for place in _places(conflict)}
    return [
        item
        for item in run.criteria
        if item.judge == "machine" and ((item.document, item.id) in named or (_name(item.document), item.line) in sides)
    ]


def _places(conflict: Conflict) -> Iterator[tuple[str, int]]:
    return ((_name(side.document), side.line) for side in conflict.sides)


def _name(document: str) -> str:
    return PurePath(document).name


def _by_machine(run: StoredRun, wanted: Outcome) -> list[StoredCriterion]:
    return [item for item in run.criteria if item.outcome == wanted and item.judge == "machine"]


def _criteria(number: int) -> str:
    return f"{number} criterion" if number == 1 else f"{number} criteria"


def _verb(number: int, singular: str, plural: str) -> str:
    return singular if number == 1 else plural


def _was(number: int) -> str:
    return _verb(number, "was", "were")
