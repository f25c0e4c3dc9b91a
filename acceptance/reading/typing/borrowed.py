"""Figures that a demand takes from another line: only from one that is a demand itself, and judged by machine.

What is recommended, what sets off an alarm, what a machine has to have and what another service does are read as a
person's, so nothing is borrowed there; a limit that holds under a load of its own says nothing of other loads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from signoff.acceptance.reading.drafts.criterion_draft import Draft
from signoff.acceptance.reading.drafts.setting_figures import nothing_to_borrow
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.typing.criteria import Typed

_CIRCUMSTANCES = ("load", "population")
_Lenders = Mapping[tuple[str, str], tuple[Draft, int]]


def with_lenders(typed: Sequence[tuple[Statement, Typed]]) -> list[tuple[Statement, Typed]]:
    """The same with each borrowed figure taken from a demand that lends it, else left to a person."""
    if not any(draft.borrowed_from for _, found in typed for draft in found.drafts):
        return list(typed)
    lenders = _lenders(typed)
    return [
        (statement, replace(found, drafts=tuple(_borrowed(draft, lenders) for draft in found.drafts)))
        for statement, found in typed
    ]


def _lenders(typed: Sequence[tuple[Statement, Typed]]) -> _Lenders:
    """The first limit of each kind and service that a demand states, success criteria first."""
    found: dict[tuple[str, str], tuple[Draft, int]] = {}
    for is_success in (True, False):
        for statement, draft in _stated(typed):
            success = statement.type == "checkbox" or statement.role == "success"
            if success == is_success:
                found.setdefault((draft.kind, draft.service), (draft, statement.line))
    return found


def _stated(typed: Sequence[tuple[Statement, Typed]]) -> Iterator[tuple[Statement, Draft]]:
    for statement, found in typed:
        if statement.type in ("config", "shape", "smart") or statement.role in ("dependency", "objective"):
            continue
        for draft in found.drafts:
            is_own = draft.judge == "machine" and draft.threshold is not None and not draft.borrowed_from
            if is_own and not any(draft.parameters.get(name) for name in _CIRCUMSTANCES):
                yield statement, draft


def _borrowed(draft: Draft, lenders: _Lenders) -> Draft:
    if not draft.borrowed_from or draft.judge != "machine" or draft.threshold is None:
        return draft
    lent = lenders.get((draft.kind, draft.service)) or lenders.get((draft.kind, ""))
    if lent is None or lent[0].threshold is None:
        return replace(nothing_to_borrow(draft.threshold.subject or draft.kind, draft.service), service=draft.service)
    lender, line = lent
    if line == draft.borrowed_from and lender.threshold == draft.threshold:
        return draft
    limit = lent[0].threshold
    sentence = f"no figure is stated here: {limit.value:g} {limit.unit} is taken from line {line}"
    return replace(draft, threshold=limit, assumptions=(sentence, *lender.assumptions), borrowed_from=line)
