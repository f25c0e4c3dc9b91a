"""Rooms: folders of modules. Their imports point one way, and none of them is a corridor.

Every import counts, those under TYPE_CHECKING and those inside functions too. A program (`__main__`) is a room of its
own: it may start what its folder makes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOP = ("acceptance", "coherence", "perf", "reference_services", "reports", "tests", "training")
MOST_MODULES = 20
MOST_LINES = 300


def name_of(file: Path) -> str:
    below = () if file.relative_to(ROOT).parts[0] in ("tests", "training") else ("signoff",)
    parts = (*below, *file.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    name_of(file): file
    for top in TOP
    for file in sorted((ROOT / top).rglob("*.py"))
    if "import_paths" not in file.parts and "documents" not in file.parts[-2:-1]
}


def room_of(module: str) -> str:
    if module.endswith("__main__") or MODULES[module].name == "__init__.py":
        return module
    return module.rpartition(".")[0]


def imported(module: str, source: str) -> Iterator[str]:
    """The modules of ours that a source text imports, at any depth of it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            while name and name not in MODULES:
                name = name.rpartition(".")[0]
            if name and name != module:
                yield name


@cache
def arrows() -> dict[str, set[str]]:
    """Which modules each module imports."""
    return {module: set(imported(module, file.read_text(encoding="utf-8"))) for module, file in MODULES.items()}


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def between_rooms(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for module, others in graph.items():
        found.setdefault(room_of(module), set()).update({room_of(other) for other in others} - {room_of(module)})
    return found


def test_no_module_imports_itself_through_others() -> None:
    assert circle(arrows()) == []


def test_arrows_between_rooms_point_one_way() -> None:
    product = {module: others for module, others in arrows().items() if not module.startswith("tests.")}
    assert circle(between_rooms(product)) == []


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) != []
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def test_an_import_inside_a_function_counts() -> None:
    assert set(imported("x", "def late():\n    from signoff.perf.load import plan\n")) == {"signoff.perf.load.plan"}


@pytest.mark.parametrize(
    "folder", sorted({file.parent for file in MODULES.values()}), ids=lambda folder: str(folder.relative_to(ROOT))
)
def test_a_room_is_no_corridor(folder: Path) -> None:
    modules = [file for file in folder.glob("*.py") if file.name not in ("__init__.py", "__main__.py")]
    assert len(modules) <= MOST_MODULES, sorted(file.name for file in modules)


def test_no_module_is_long() -> None:
    lengths = {module: len(file.read_text(encoding="utf-8").splitlines()) for module, file in MODULES.items()}
    product = {module: lines for module, lines in lengths.items() if not module.startswith("tests.")}
    assert {module: lines for module, lines in product.items() if lines > MOST_LINES} == {}


@pytest.mark.parametrize("top", [top for top in TOP if top != "tests"])
def test_every_room_says_what_it_is_for(top: str) -> None:
    for file in (ROOT / top).rglob("__init__.py"):
        if "import_paths" not in file.parts:
            assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), file
