"""The one way in which a file that a user names is read: a regular file, and never more of it than a stated size."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

SETTINGS_BYTES: Final = 4 * 2**20
"""Of a deployment file, a binding file and the like."""
DATA_BYTES: Final = 512 * 2**20
"""Of a trace, a file of prompts, or another tool's result."""


def opened(path: Path) -> BinaryIO:
    """A file, open to be read piece by piece. Raises OSError, also for a device, a pipe or a folder."""
    # Opening a pipe would otherwise wait for somebody who writes to it.
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """All of a file. Raises OSError, also for one that is longer.

    The size is counted while it is read: a file may grow, and those of /proc state none.
    """
    with opened(path) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"longer than {most_bytes} bytes", str(path))
    return content


def read_text(path: Path, most_bytes: int, encoding: str = "utf-8", errors: str = "strict") -> str:
    """The same as text, with line ends as `\\n`. Raises UnicodeDecodeError too."""
    return io.TextIOWrapper(io.BytesIO(read_bytes(path, most_bytes)), encoding, errors).read()
