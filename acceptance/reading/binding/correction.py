"""A person's correction of a reading, in one line that is ready to paste into the binding of its document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.kind import Kinds
from signoff.acceptance.question import judged_as
from signoff.acceptance.reading.accepting.accepted_reading import AcceptedCriterion
from signoff.acceptance.reading.binding.binding_entry import CORRECT
from signoff.acceptance.reading.binding.binding_mistakes import read_correction
from signoff.acceptance.toml_text import parsed, written

_PERSON = "human_judgement"


def correction(criterion: Criterion, before: AcceptedCriterion | None, kinds: Kinds) -> str:
    """The line that lets a criterion be judged as it was accepted; where none does, the one that asks a person.

    "" where a person judges it already. That the line gives the accepted question is tried out, not assumed.
    """
    if before is not None and before.fingerprint == criterion.fingerprint and before.judge == "machine":
        for said in _as_before(criterion, before):
            line = _line(criterion, said)
            if _question(criterion, line, kinds) == before.judged_as:
                return line
    return _line(criterion, {"kind": _PERSON}) if criterion.judge == "machine" else ""


def _as_before(criterion: Criterion, before: AcceptedCriterion) -> Iterator[Mapping[str, Any]]:
    limit = {} if before.threshold is None else {"threshold": asdict(before.threshold)}
    said = {"kind": before.kind, **limit}
    service = {"service": criterion.service} if criterion.service else {}
    if criterion.kind == before.kind and criterion.parameters:
        yield {**said, **service, "parameters": dict(criterion.parameters)}
    yield {**said, **service}
    yield said


def _line(criterion: Criterion, said: Mapping[str, Any]) -> str:
    return f"{CORRECT}.{written(criterion.id)} = {written({'fingerprint': criterion.fingerprint, **said})}"


def _question(criterion: Criterion, line: str, kinds: Kinds) -> str | None:
    """What is asked with this line in the binding; None where the binding would not take it."""
    made, problems = read_correction(criterion.id, parsed(line)[CORRECT][criterion.id], kinds)
    if made is None or problems or made.kind == _PERSON:
        return None
    typed = replace(
        criterion,
        kind=made.kind,
        judge="machine",
        threshold=None if made.threshold is None else made.threshold.threshold(),
        parameters=made.parameters,
        service=criterion.service if made.service is None else made.service,
    )
    try:
        return judged_as(typed, kinds)
    except (KeyError, TypeError):  # a question about a parameter that only the rules know
        return None
