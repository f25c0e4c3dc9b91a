"""`python -m signoff.acceptance.checks [FOLDER]`: write docs/checks.md and the published schemas below a checkout."""

from __future__ import annotations

import sys
from pathlib import Path

from signoff.acceptance.checks.page import checks_page
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.commands.documents.schema import SCHEMAS, schema_text
from signoff.reports.terminal import show

PAGE = "docs/checks.md"


def generated() -> dict[str, str]:
    """The generated files by their paths, as they have to be."""
    return {PAGE: checks_page(CHECKS)} | {f"fixtures/schemas/{name}.schema.json": schema_text(name) for name in SCHEMAS}


if __name__ == "__main__":
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    for path, text in generated().items():
        (root / path).write_text(text, encoding="utf-8")
        show(path)
