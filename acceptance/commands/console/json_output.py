"""What `--json FILE` writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signoff.acceptance.errors import UsageError
from signoff.perf.redaction import known_secrets
from signoff.reports.errors import NotWritten
from signoff.reports.plain_text import json_text
from signoff.reports.stored.run_folder import write
from signoff.reports.terminal import show


def write_json(value: Mapping[str, Any], to: str | None) -> bool:
    """Into the file, or to standard output for "-"; True where that leaves no room for other text.

    Raises UsageError if the file cannot be written, NotWritten if there is no room.
    """
    text = json_text(json.dumps(known_secrets.redacted_value(value), indent=1)) + "\n"
    if to == "-":
        show(text, end="")
        return True
    if to:
        try:
            write(Path(to), text)
        except NotWritten as error:
            if error.is_full:
                raise
            raise UsageError(str(error), error.hint) from None
    return False
