"""Whether a demand on a disk asks for free space, or for the size of the file system."""

from __future__ import annotations

import re
from typing import Literal

Room = Literal["free", "whole"]
_FREE = re.compile(r"\b(free|available|unused|spare|remaining|left|headroom)\b", re.IGNORECASE)
_DISK = re.compile(r"\b(disk|storage|drive|volume|ssd|nvme|file ?system|space)\b", re.IGNORECASE)


def room_of(text: str) -> Room:
    """Free where the clause about the disk calls it so: `15 GB available memory, 2 TB storage` does not."""
    clauses = re.split(r"[,;()]|\band\b", text)
    about = [clause for clause in clauses if _DISK.search(clause)] or clauses
    return "free" if any(_FREE.search(clause) for clause in about) else "whole"
