"""`python -m acceptance.checks [FOLDER]`: write what is generated from the kinds, below a checkout of the project."""

from __future__ import annotations

import sys
from pathlib import Path

from acceptance.checks import KINDS
from acceptance.checks.page import checks_page
from acceptance.checks.registry import CHECKS
from acceptance.reading.binding.binding_schema import with_kinds

PAGE = "docs/checks.md"
SCHEMA = "fixtures/schemas/binding.schema.json"


def generated(folder: Path) -> dict[str, str]:
    """The generated files by their paths, as they have to be."""
    schema = (folder / SCHEMA).read_text(encoding="utf-8")
    return {PAGE: checks_page(CHECKS), SCHEMA: with_kinds(schema, KINDS)}


if __name__ == "__main__":
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    for path, text in generated(root).items():
        (root / path).write_text(text, encoding="utf-8")
        print(path)
