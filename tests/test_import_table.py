"""Who may import whom: the table of ARCHITECTURE.md, enforced."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {
    "acceptance": {"acceptance", "perf", "coherence", "reports"},
    "coherence": {"coherence", "perf"},
    "perf": {"perf"},
    "reports": {"reports"},
    "reference_services": {"reference_services"},
    "training": {"training"},
}
OURS = set(ROOMS) | {"fixtures", "tests"}
IMPORT_PATHS = ROOT / "reference_services" / "import_paths"


def imported(source: str) -> set[str]:
    """The names that a source text imports, at any depth of it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imported_rooms(source: str) -> set[str]:
    """The top-level folders of ours that a source text imports from."""
    return {name.removeprefix("signoff.").split(".")[0] for name in imported(source)} & OURS


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_only_what_the_table_allows(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files, f"{room} holds no module"
    wrong = {
        str(file.relative_to(ROOT)): sorted(imported_rooms(file.read_text(encoding="utf-8")) - ROOMS[room])
        for file in files
        if imported_rooms(file.read_text(encoding="utf-8")) - ROOMS[room]
    }
    assert wrong == {}


def test_the_table_is_able_to_find_a_forbidden_import() -> None:
    assert imported_rooms("def late():\n    from signoff.acceptance.measuring.site import Site\n") == {"acceptance"}


@pytest.mark.parametrize("folder", [*sorted(ROOMS), "tests"])
def test_our_modules_are_imported_by_one_name(folder: str) -> None:
    """A module that is imported as `perf.x` here and as `signoff.perf.x` there would be loaded twice."""
    for file in (ROOT / folder).rglob("*.py"):
        tops = {name.split(".")[0] for name in imported(file.read_text(encoding="utf-8"))}
        assert not tops & ({*ROOMS, "fixtures"} - {"training"}), file


def test_fixtures_hold_data_and_no_python() -> None:
    assert sorted((ROOT / "fixtures").rglob("*.py")) == []


def test_reading_knows_nothing_of_checks_or_of_running() -> None:
    for file in (ROOT / "acceptance" / "reading").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "acceptance.checks" not in text, file
        assert "acceptance.running" not in text, file


def test_the_documents_import_paths_are_not_importable_by_signoff() -> None:
    for room in ("acceptance", "coherence", "perf", "reports"):
        for file in (ROOT / room).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            names = {
                name
                for node in ast.walk(tree)
                for name in (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
            }
            assert not any(name.startswith("hxp_enterprise_llm") for name in names), file


def test_import_paths_hold_re_exports_of_a_few_lines() -> None:
    for file in IMPORT_PATHS.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        kinds = {type(node) for node in tree.body}
        assert kinds <= {ast.Expr, ast.ImportFrom, ast.Import, ast.Assign}, file
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 12, file
