"""The binding file beside a document, `<stem>.signoff.toml`: read and checked, all problems at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from signoff.acceptance.errors import DeploymentUnreadable
from signoff.acceptance.kind import Kinds
from signoff.acceptance.reading.binding.binding import Binding, Entry, binding_path
from signoff.acceptance.reading.binding.binding_entry import CORRECT, MODELS
from signoff.acceptance.reading.binding.binding_mistakes import Problem, read_correction, read_entry
from signoff.acceptance.reading.source.source import MAX_BYTES
from signoff.acceptance.toml_lines import line_of, lines_of_keys
from signoff.acceptance.toml_text import parsed
from signoff.perf.errors import InputMissing, InputUnreadable
from signoff.perf.input_file import read_input


def read_binding(document: Path, today: date, kinds: Kinds, most_bytes: int = MAX_BYTES) -> Binding | None:
    """The binding beside a document, or None. What is wrong in it is in `problems` and `broken`, never raised."""
    path = binding_path(document)
    try:
        text = read_input(path, most_bytes).decode("utf-8").replace("\r\n", "\n")
    except InputMissing:
        return None
    except InputUnreadable as error:
        return _with_problems(Binding(path.as_posix()), [(1, Problem((), str(error), error.hint))])
    except UnicodeDecodeError as error:
        return _with_problems(Binding(path.as_posix()), [(1, Problem((), str(error), "a binding file is UTF-8"))])
    empty = Binding(path.as_posix(), text=tuple(text.splitlines()))
    try:
        tables = parsed(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        problem = Problem((), f"this is no TOML: {error}", "see https://toml.io, or let an editor check it")
        return _with_problems(empty, [(int(place[1]) if place else len(empty.text), problem)])
    found: dict[str, list[Entry[Any]]] = {name: [] for name in MODELS}
    problems: list[tuple[int, Problem]] = []
    lines = lines_of_keys(empty.text)
    problems += [(line, _misplaced()) for place, line in lines.items() if CORRECT in place[1:-1]]
    for name, entries in tables.items():
        if name == CORRECT and isinstance(entries, dict):
            for criterion, entry in entries.items():
                said, wrong = read_correction(criterion, entry, kinds)
                problems += [(line_of(lines, (name, criterion, *problem.place)), problem) for problem in wrong]
                found["type"] += [] if said is None else [Entry(said, line_of(lines, (name, criterion)))]
            continue
        if name not in MODELS or not isinstance(entries, list):
            known = ", ".join((*(f"[[{known}]]" for known in MODELS), CORRECT))
            problems.append((line_of(lines, (name,)), Problem((), f"unknown table {name!r}", f"known: {known}")))
            continue
        for index, entry in enumerate(map(_without_corrections, entries)):
            said, wrong = read_entry(name, entry, today, kinds)
            problems += [(line_of(lines, (name, index, *problem.place)), problem) for problem in wrong]
            if not wrong:
                found[name].append(Entry(said, line_of(lines, (name, index))))
    resolve, types, waive = (tuple(found[name]) for name in MODELS)
    return _with_problems(Binding(empty.path, resolve, types, waive, empty.text), problems)


def _without_corrections(entry: Any) -> Any:
    """An entry without corrections that follow it: `_misplaced` says what is wrong with them."""
    return {key: value for key, value in entry.items() if key != CORRECT} if isinstance(entry, dict) else entry


def _misplaced() -> Problem:
    """A line below a table is part of that table, so that the correction would say nothing."""
    return Problem((), "this correction is part of the table above it", "move the line above the first table")


def _with_problems(binding: Binding, problems: Sequence[tuple[int, Problem]]) -> Binding:
    if not problems:
        return binding
    ordered = sorted(problems, key=lambda found: found[0])
    diagnostics = tuple(
        binding.diagnostic("binding-invalid", line, problem.message, problem.hint) for line, problem in ordered
    )
    broken = DeploymentUnreadable(
        "\n".join(f"{found.document}:{found.line}: {found.message}" for found in diagnostics),
        "; ".join(dict.fromkeys(found.hint for found in diagnostics)),
    )
    return Binding(binding.path, binding.resolve, binding.type, binding.waive, binding.text, diagnostics, broken)
