"""The nearest wording that a machine would judge: the demand without what is not understood of it.

It is named only where it was read again and gives criteria for a machine alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.kind import Kinds
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.suggestions.shortened import shortened
from signoff.acceptance.reading.typing.criteria import Typed, type_statement
from signoff.acceptance.reading.typing.harm import without_harm

_LONGEST = 500


def nearest_wordings(
    typed: Sequence[tuple[Statement, Typed]], criteria: Sequence[Criterion], facts: Facts, kinds: Kinds
) -> dict[str, str]:
    """The nearest wording by the id of each criterion that has one; `criteria` are those of `typed`, in its order."""
    found: dict[str, str] = {}
    left = iter(criteria)
    for statement, read in typed:
        own = [next(left) for _ in read.drafts]
        of_people = [item for item in own if item.judge == "person" and item.not_understood]
        if of_people and (wording := _nearest(statement, of_people, _by_machine(read), facts, kinds)):
            found |= dict.fromkeys((item.id for item in of_people), wording)
    return found


def _nearest(
    statement: Statement, criteria: Sequence[Criterion], judged_already: int, facts: Facts, kinds: Kinds
) -> str:
    if len(statement.text) > _LONGEST or statement.limits is not None:
        return ""
    words = dict.fromkeys(word for item in criteria for word in item.not_understood)
    text = shortened(statement.text, tuple(words))
    if not text or text == statement.text:
        return ""
    read = without_harm(type_statement(replace(statement, text=text), facts, kinds))
    # A borrowed figure would have to be looked for anew, in all of the document.
    is_judged = all(draft.judge == "machine" and not draft.borrowed_from for draft in read.drafts)
    # Where the rest is judged by machine as it is, leaving out what is not asks for nothing more.
    return text if is_judged and _by_machine(read) > judged_already else ""


def _by_machine(read: Typed) -> int:
    return sum(draft.judge == "machine" for draft in read.drafts)
