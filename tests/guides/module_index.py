"""The module index, docs/modules.md: each module with the first paragraph of its docstring; `nox -s docs` writes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
INDEX = ROOT / "docs/modules.md"
TOP = ("acceptance", "coherence", "perf", "reports", "reference_services")
LEFT_OUT = ("import_paths",)
"""Folders of re-exports: nothing in them is a module to read."""


def summary(file: Path) -> str:
    """The first paragraph of a module's docstring, as one line."""
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def rooms() -> Iterator[Path]:
    """The folders that hold modules, each below the one that holds it."""
    for top in TOP:
        for folder in sorted({file.parent for file in (ROOT / top).rglob("*.py")}):
            if not set(LEFT_OUT) & set(folder.relative_to(ROOT).parts):
                yield folder


def section(folder: Path) -> Iterator[str]:
    """A room: its heading, what it is for, and a row for each of its modules."""
    yield f"## `{folder.relative_to(ROOT).as_posix()}/`"
    init = folder / "__init__.py"
    if init.exists() and summary(init):
        yield f"\n{summary(init)}"
    modules = sorted(file for file in folder.glob("*.py") if file != init)
    if modules:
        yield "\n| module | what it holds |\n|---|---|"
        yield from (f"| `{file.name}` | {summary(file).replace('|', chr(92) + '|')} |" for file in modules)
    yield ""


def text() -> str:
    """The whole index."""
    head = "# Modules\n\nThe first paragraph of each module's docstring, by folder. `nox -s docs` writes this page.\n"
    return "\n".join((head, *(line for folder in rooms() for line in section(folder))))


if __name__ == "__main__":
    INDEX.write_text(text(), encoding="utf-8")
