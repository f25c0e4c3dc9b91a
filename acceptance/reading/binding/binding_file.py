"""The binding file beside a document, `<stem>.signoff.toml`: read and checked, all problems at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from acceptance.errors import DeploymentUnreadable
from acceptance.kind import Kinds
from acceptance.reading.binding.binding import Binding, Entry, binding_path
from acceptance.reading.binding.binding_entry import TABLES, Problem, check_entry
from acceptance.reading.source.source import MAX_BYTES
from acceptance.toml_text import parsed
from perf.errors import InputMissing, InputUnreadable
from perf.input_file import read_input


def read_binding(document: Path, today: date, kinds: Kinds, most_bytes: int = MAX_BYTES) -> Binding | None:
    """The binding beside a document, or None. What is wrong in it is in `problems` and `broken`, never raised."""
    path = binding_path(document)
    try:
        text = read_input(path, most_bytes).decode("utf-8").replace("\r\n", "\n")
    except InputMissing:
        return None
    except InputUnreadable as error:
        return _with_problems(Binding(path.as_posix()), [(1, Problem("", str(error), error.mend))])
    except UnicodeDecodeError as error:
        return _with_problems(Binding(path.as_posix()), [(1, Problem("", str(error), "a binding file is UTF-8"))])
    empty = Binding(path.as_posix(), text=tuple(text.splitlines()))
    try:
        tables = parsed(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        problem = Problem("", f"this is no TOML: {error}", "see https://toml.io, or let an editor check it")
        return _with_problems(empty, [(int(place[1]) if place else len(empty.text), problem)])
    found: dict[str, list[Entry]] = {name: [] for name in TABLES}
    problems: list[tuple[int, Problem]] = []
    for name, entries in tables.items():
        if name not in TABLES or not isinstance(entries, list):
            known = ", ".join(f"[[{known}]]" for known in TABLES)
            problems.append((_line(empty.text, name), Problem("", f"unknown table {name!r}", f"known: {known}")))
            continue
        begins = _begins(empty.text, name)
        for index, entry in enumerate(entries):
            line = begins[index] if index < len(begins) else _line(empty.text, name)
            wrong = list(check_entry(name, entry, today, kinds))
            problems += [(_line_of_key(empty.text, line, problem.key), problem) for problem in wrong]
            if not wrong:
                found[name].append(Entry(entry, line))
    resolve, types, waive = (tuple(found[name]) for name in TABLES)
    return _with_problems(Binding(empty.path, resolve, types, waive, empty.text), problems)


def _with_problems(binding: Binding, problems: Sequence[tuple[int, Problem]]) -> Binding:
    if not problems:
        return binding
    ordered = sorted(problems, key=lambda found: found[0])
    told = tuple(
        binding.diagnostic("binding-invalid", line, problem.message, problem.mend) for line, problem in ordered
    )
    broken = DeploymentUnreadable(
        "\n".join(f"{found.document}:{found.line}: {found.message}" for found in told),
        "; ".join(dict.fromkeys(found.mend for found in told)),
    )
    return Binding(binding.path, binding.resolve, binding.type, binding.waive, binding.text, told, broken)


def _begins(text: Sequence[str], name: str) -> list[int]:
    pattern = re.compile(rf"^\s*\[\[\s*[\"']?{re.escape(name)}[\"']?\s*\]\]")
    return [number for number, line in enumerate(text, 1) if pattern.match(line)]


def _line(text: Sequence[str], key: str) -> int:
    pattern = re.compile(rf"^\s*(?:\[\[?\s*[\"']?{re.escape(key)}[\"']?\s*\]\]?|[\"']?{re.escape(key)}[\"']?\s*[=.])")
    return next((number for number, line in enumerate(text, 1) if pattern.match(line)), 1)


def _line_of_key(text: Sequence[str], begin: int, key: str) -> int:
    """The line of a key of the entry that begins at a line; the entry's own where the key is nowhere."""
    pattern = re.compile(rf"^\s*(?:[\"']?{re.escape(key)}[\"']?\s*[=.]|\[\s*\w+\.{re.escape(key)}\b)")
    for number in range(begin + 1, len(text) + 1):
        if text[number - 1].lstrip().startswith("[["):
            break
        if key and pattern.match(text[number - 1]):
            return number
    return begin
