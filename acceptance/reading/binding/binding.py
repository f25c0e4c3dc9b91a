"""What a binding file says of criteria: kinds that no rule knows, and waivers.

An entry names the fingerprint of the statement that somebody looked at. Where the statement has changed, the entry
is stale: it is reported, its waiver does not count, and its criterion may not pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import DeploymentUnreadable
from signoff.acceptance.parameters import Parameters
from signoff.acceptance.reading.binding.binding_entry import Resolve, Type, Waive
from signoff.acceptance.reading.source.document import Diagnostic, Waiver

SUFFIX = ".signoff.toml"
Model = TypeVar("Model", Resolve, Type, Waive)


@dataclass(frozen=True, slots=True)
class Entry(Generic[Model]):
    """One sound entry of a binding file: what it says, and the line where it begins."""

    said: Model
    line: int


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding file as it was read, with the lines of its text.

    `problems` say what is wrong with entries that were left out; `broken` says the same in one error, for whoever
    may not go on without them.
    """

    path: str
    resolve: tuple[Entry[Resolve], ...] = ()
    type: tuple[Entry[Type], ...] = ()
    waive: tuple[Entry[Waive], ...] = ()
    text: tuple[str, ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    broken: DeploymentUnreadable | None = None

    def diagnostic(self, code: str, line: int, message: str, hint: str) -> Diagnostic:
        """An error at a line of this file."""
        excerpt = self.text[line - 1] if 0 < line <= len(self.text) else ""
        return Diagnostic(code, "error", self.path, line, 1, excerpt, message, hint)


def binding_path(document: Path) -> Path:
    """Where the binding of a document lies."""
    return document.with_name(document.stem + SUFFIX)


def apply_types(binding: Binding, criteria: Sequence[Criterion]) -> tuple[tuple[Criterion, ...], list[Diagnostic]]:
    """The criteria with the kinds that the binding gives them; stale ones are marked and reported."""
    by_id = {criterion.id: criterion for criterion in criteria}
    typed: dict[str, Criterion] = {}
    diagnostics: list[Diagnostic] = []
    for entry in binding.type:
        said, place = entry.said, entry.line
        criterion = by_id.get(said.criterion)
        if criterion is None:
            diagnostics.append(_orphan(binding, place, said.criterion))
            continue
        if criterion.id in typed:
            message = f"{criterion.id} is typed twice in this file"
            diagnostics.append(binding.diagnostic("binding-twice", place, message, "keep one of the entries"))
            continue
        parameters: Parameters = {**said.parameters}
        if said.fingerprint != criterion.fingerprint:
            parameters["stale_binding"] = True
            diagnostics.append(_stale(binding, place, criterion))
        typed[criterion.id] = replace(
            criterion,
            kind=said.kind,
            judge="person" if said.kind == "human_judgement" else "machine",
            threshold=criterion.threshold if said.threshold is None else said.threshold.threshold(),
            parameters=parameters,
            assumptions=(f"{Path(binding.path).name} says what this means",),
            reason="a person is to judge this, the binding says" if said.kind == "human_judgement" else "",
            service=criterion.service if said.service is None else said.service,
        )
    return tuple(typed.get(criterion.id, criterion) for criterion in criteria), diagnostics


def waivers(binding: Binding, criteria: Sequence[Criterion], today: date) -> tuple[dict[str, Waiver], list[Diagnostic]]:
    """The waivers in force by criterion; expired, stale and unknown ones are reported and do not count."""
    by_id = {criterion.id: criterion for criterion in criteria}
    found: dict[str, Waiver] = {}
    diagnostics: list[Diagnostic] = []
    for entry in binding.waive:
        said, place = entry.said, entry.line
        name, expires = said.criterion, said.expires
        if name not in by_id:
            diagnostics.append(_orphan(binding, place, name))
        elif said.fingerprint != by_id[name].fingerprint:
            diagnostics.append(_stale(binding, place, by_id[name]))
        elif expires < today:
            message = f"the waiver of {name} expired on {expires}"
            diagnostics.append(binding.diagnostic("waiver-expired", place, message, "fix it, or renew the waiver"))
        elif name in found:
            message = f"{name} is waived twice in this file"
            diagnostics.append(binding.diagnostic("binding-twice", place, message, "keep one of the entries"))
        else:
            found[name] = Waiver(said.owner, said.reason, expires, said.fingerprint)
    return found, diagnostics


def _orphan(binding: Binding, place: int, criterion: str) -> Diagnostic:
    message = f"there is no criterion {criterion}"
    hint = "see `signoff read` for the ids; remove the entry where the demand is gone"
    return binding.diagnostic("binding-orphan", place, message, hint)


def _stale(binding: Binding, place: int, criterion: Criterion) -> Diagnostic:
    message = f"the statement of {criterion.id} changed after this was written"
    hint = f'look at it again, then set fingerprint = "{criterion.fingerprint}"'
    return binding.diagnostic("binding-stale", place, message, hint)
