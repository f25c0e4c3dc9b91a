"""The library has the class that the document names, and it derives from the base that is stated."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from signoff.acceptance.checks.library.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.deployment import CalledLibrary
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.library import library_call
from signoff.acceptance.library.library_steps import leads_to
from signoff.acceptance.measuring import named_file
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict
from signoff.perf.errors import InputUnreadable
from signoff.perf.input_file import read_input

MOST_FILES = 5_000
MOST_BYTES = 2_000_000
MOST_MODULES = 5


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Search the class in the files of the listed calls' packages, then import it if it is listed.

    The files are parsed and not executed; the import happens in the interpreter that the deployment names. Raises
    NotMeasurable where the class is there and the deployment does not list it.
    """
    name = criterion.parameters["class"]
    library = library_call.named_library(site)

    def take(recorder: Recorder) -> None:
        found = list(_modules(library, name))
        modules = [module for module in found if leads_to(f"{module}.{name}", library.calls)][:MOST_MODULES]
        if found and not modules:
            raise NotMeasurable(
                f"{found[0]} has a class {name}, which the deployment does not list",
                f'add "{found[0]}.{name}" to calls under [library], if the module may be imported',
            )
        recorder.write("search", {"packages": list(library.packages), "modules": modules})
        for module in modules:
            steps: list[dict[str, object]] = [
                {"op": "import", "module": module, "name": name, "as": name},
                {"op": "print", "value": {"variable": name}},
            ]
            library_call.take(recorder, site, steps)

    return site.measured("library-class", take, key=name)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if one of the modules has the class, derived from the base."""
    name, base = criterion.parameters["class"], criterion.parameters.get("base")
    search = next(evidence.of("search"))
    if not search["modules"]:
        return Verdict("fail", f"no module of {', '.join(search['packages'])} defines a class {name}")
    problems = []
    for module, call in zip(search["modules"], evidence.of("call"), strict=True):
        problem = _problem(call, name, base)
        if not problem:
            derived = f", derived from {base}" if base else ""
            return Verdict("pass", f"{module} has the class {name}{derived}")
        problems.append(f"{module}: {problem}")
    return Verdict("fail", "; ".join(problems)[:500])


def _problem(call: Record, name: str, base: str | None) -> str:
    if call["error"]:
        return f"cannot be imported: {call['error'].strip().splitlines()[-1]}"
    value = call["printed"][-1]["value"] if call["printed"] else None
    if not isinstance(value, dict) or "bases" not in value:
        return f"{name} is no class"
    if base and base.rsplit(".", 1)[-1] not in value["bases"]:
        return f"{name} derives from {', '.join(value['bases'])} and not from {base}"
    return ""


def _modules(library: CalledLibrary, name: str) -> Iterator[str]:
    """The modules that define the class, then those that give it on under its name."""
    found = [
        (defines, module)
        for root in library.paths
        for package in library.packages
        for module, file in _files(root, package)
        if (defines := _defines(file, name)) is not None
    ]
    yield from dict.fromkeys(module for _, module in sorted(found, key=lambda each: not each[0]))


def _files(root: Path, package: str) -> Iterator[tuple[str, Path]]:
    folder = root / package
    if (root / f"{package}.py").is_file():
        yield package, root / f"{package}.py"
    for file in islice(named_file.inside(folder, "*.py"), MOST_FILES) if folder.is_dir() else ():
        parts = file.relative_to(root).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


def _defines(file: Path, name: str) -> bool | None:
    """True where a file defines the class, False where it imports it under this name, None if neither."""
    try:
        body = ast.parse(read_input(file, MOST_BYTES)).body
    except (InputUnreadable, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if any(isinstance(node, ast.ClassDef) and node.name == name for node in body):
        return True
    imported = (alias for node in body if isinstance(node, ast.ImportFrom) for alias in node.names)
    return False if any((alias.asname or alias.name) == name for alias in imported) else None


CHECK = Check(KINDS["library_class"], measure, judge, seconds=3)
