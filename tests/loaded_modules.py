"""Which source files of the project are loaded, and under which names."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("acceptance", "coherence", "fixtures", "perf", "reference_services", "reports", "src", "tests", "training")


def loaded_twice() -> dict[str, list[str]]:
    """The files that are loaded under several names, with those. A program is `__main__` beside its own name."""
    names: dict[str, set[str]] = defaultdict(set)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or name in ("__main__", "__mp_main__"):
            continue
        real = Path(file).resolve()
        if any(real.is_relative_to(ROOT / folder) for folder in FOLDERS):
            names[str(real.relative_to(ROOT))].add(name)
    return {file: sorted(found) for file, found in sorted(names.items()) if len(found) > 1}
