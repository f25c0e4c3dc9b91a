"""Reads a settings file: a regular file up to a size limit."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MAX_BYTES = 1_000_000


def read_settings(path: Path) -> bytes:
    """The bytes of a file. Raises OSError, also if it is not a regular file or is longer than `MAX_BYTES`."""
    # Without O_NONBLOCK the opening of a pipe waits until somebody writes to it.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        content = file.read(MAX_BYTES + 1)
    if content is None or len(content) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"larger than {MAX_BYTES} bytes, which no settings file is", str(path))
    return content
