"""docs/checks.md: for each kind of check the question, the measurement, the decision and a failing verdict."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping

from signoff.acceptance.checks import BY_A_PERSON, ROOMS
from signoff.acceptance.kind import Kind
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.question import put

HEAD = f"""# The checks

`nox -s docs` generates this page from the checks; CONTRIBUTING.md explains how to add one.
The example of a failure is the verdict on the broken server of the check's failing case; `…` replaces parts that differ
between machines. Other demands are `{BY_A_PERSON.name}`: {BY_A_PERSON.summary[0].lower()}{BY_A_PERSON.summary[1:]}
"""


def checks_page(checks: Mapping[str, Check]) -> str:
    """The page, one section a room of checks."""
    parts = [HEAD]
    for room, kinds in ROOMS.items():
        about = sys.modules[f"signoff.acceptance.checks.{room}"].__doc__
        parts.append(f"## {room.capitalize()}\n\n{about}\n")
        parts += ["\n".join((f"### {name}", "", *_lines(checks[name]), "")) for name in kinds]
    return "\n".join(parts)


def _lines(check: Check) -> Iterator[str]:
    kind = check.kind
    yield kind.summary
    yield ""
    if words := "; ".join(f'"{each}"' for each in kind.words):
        yield f"- Example statements: {words}"
    else:
        yield "- Used by commands and configuration of a document, or by a binding file"
    yield f"- Judged as, for example: {example(kind)}"
    yield f"- Measurement: {_said(check.measure)}"
    yield f"- Decision: {_said(check.judge)}"
    yield f"- Example of a failure: {kind.failure}"
    yield f"- Shown in the result document: {_place(kind)}"


def example(kind: Kind) -> str:
    """The question of its sample. Raises ValueError for a kind that no check judges."""
    if kind.asks is None:
        raise ValueError(f"the kind {kind.name!r} asks nothing")
    return f"{put(kind.asks, kind.sample)}."


def _place(kind: Kind) -> str:
    place = f"figure {kind.figure}" if kind.figure else f"part {kind.part}"
    unit = f", in {' or '.join(kind.units)}" if kind.units else ""
    return f"{place}{unit}{'; it needs a limit' if kind.needs_limit else ''}"


def _said(function: object) -> str:
    """A docstring on one line. Raises ValueError if there is none."""
    text = inspect.getdoc(function)
    if not text:
        raise ValueError(f"{function!r} has no docstring, which the page of the checks shows")
    return " ".join(text.split())
