"""Writes docs/services/needed_by.md: for each module of the services the document line or the check that needs it.

`python -m tests.reference_services.needed_by`; needs.toml declares the needs, the imports give the rest.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signoff.acceptance.checks import KINDS
from tests.test_rooms import MODULES, arrows

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/services/needed_by.md"
TASKS = ROOT / "fixtures/tasks"
SERVICES = "signoff.reference_services."
HEAD = """# Why each module of the reference services exists

Each module is required by a line of a task document, by a check of Signoff, or by another module of this table that
imports it. `python -m tests.reference_services.needed_by` generates this page from
`tests/reference_services/needs.toml` and from the imports. A test fails if a module is not required, or if a line no
longer contains the quoted words.

| module | document line | check | imported by |
|---|---|---|---|
"""
_LINE = re.compile(r"(?P<file>[\w.-]+\.md):(?P<line>\d+) (?P<words>.+)")


def needs() -> dict[str, list[str]]:
    """The declared needs by module, without the name of the top folder."""
    file = Path(__file__).with_name("needs.toml")
    return dict(_flat(tomllib.loads(file.read_text(encoding="utf-8"))))


def _flat(table: Mapping[str, Any], before: str = "") -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for name, value in table.items():
        found += _flat(value, f"{before}{name}.") if isinstance(value, dict) else [(before + name, value)]
    return found


def modules() -> list[str]:
    """The modules of the services that do something: without `__init__`, and without the paths that re-export them."""
    named = (name for name, file in MODULES.items() if name.startswith(SERVICES) and file.name != "__init__.py")
    return sorted(name.removeprefix(SERVICES) for name in named)


def importers() -> dict[str, list[str]]:
    """Which modules of the services import each of them."""
    inside, graph = modules(), arrows()
    found: dict[str, list[str]] = {name: [] for name in inside}
    for name in inside:
        for other in sorted(graph[SERVICES + name]):
            if other.removeprefix(SERVICES) in found:
                found[other.removeprefix(SERVICES)].append(name)
    return found


def reached(declared: Mapping[str, list[str]]) -> dict[str, str]:
    """The modules without a need of their own, each with a module nearest to one that imports it."""
    by, found = importers(), dict[str, str]()
    near = set(declared)
    while near:
        step = {name: next(each for each in by[name] if each in near) for name in by if near & set(by[name])}
        new = {name: importer for name, importer in step.items() if name not in found and name not in declared}
        found |= new
        near = set(new)
    return found


def problem(need: str) -> str | None:
    """What is wrong with a declared need, or None."""
    if need.startswith("check "):
        return None if need.removeprefix("check ") in KINDS else "there is no check of this kind"
    if (place := _LINE.fullmatch(need)) is None:
        return "neither FILE:LINE WORDS nor check KIND"
    file = TASKS / place["file"]
    if not file.is_file():
        return "there is no such document"
    lines = file.read_text(encoding="utf-8").splitlines()
    if int(place["line"]) > len(lines) or place["words"] not in lines[int(place["line"]) - 1]:
        where = [number for number, line in enumerate(lines, 1) if place["words"] in line]
        return f"these words stand in lines {where}"
    return None


def page() -> str:
    """The page, whole."""
    declared = needs()
    by_import = reached(declared)
    rows = []
    for name in modules():
        own = declared.get(name, [])
        lines = "; ".join(f"{need.partition(' ')[0]} ({need.partition(' ')[2]})" for need in own if _LINE.match(need))
        checks = ", ".join(f"`{need.removeprefix('check ')}`" for need in own if need.startswith("check "))
        importer = f"`{by_import[name]}`" if name in by_import else ""
        rows.append(f"| `{name}` | {lines} | {checks} | {importer} |".replace("  ", " "))
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
