"""`--max-bytes`: how long a document may be, for each command that reads documents."""

from __future__ import annotations

from acceptance.reading import MAX_BYTES

MAX_BYTES_HELP = f"bytes of a document at most (default: {MAX_BYTES})"


def size(text: str) -> int:
    """A number of bytes out of a command line. Raises ValueError for one that is none."""
    found = int(text)
    if found < 1:
        raise ValueError(text)
    return found
