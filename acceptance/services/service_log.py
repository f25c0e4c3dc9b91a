"""The log of a service that a run starts, line by line."""

from __future__ import annotations

import contextlib
import fcntl
import threading
from typing import IO, Final

from signoff.reports.errors import NotWritten
from signoff.reports.stored.run_folder import Growing, RunFolder

PIPE_BYTES: Final = 1 << 20
"""The pipe capacity for a service's output, if the system permits it."""
READ_BYTES: Final = 1 << 16
LAST_WORDS_S: Final = 2.0


class ServiceLog:
    """Copies a pipe into a file until its writing end is closed. Raises NotWritten if the file cannot be created."""

    def __init__(self, folder: RunFolder, name: str) -> None:
        self._file = folder.growing(name)
        self.path = folder.path / name
        self._thread: threading.Thread | None = None

    def follow(self, output: IO[bytes]) -> None:
        """Begin to copy."""
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(output, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._thread = threading.Thread(target=_copy, args=(output, self._file), name=self.path.name, daemon=True)
        self._thread.start()

    def settle(self) -> None:
        """Wait for the last output of an ended service."""
        if self._thread is not None:
            self._thread.join(LAST_WORDS_S)


def _copy(output: IO[bytes], file: Growing) -> None:
    begun, is_written = b"", True
    with output, file, contextlib.suppress(NotWritten, ValueError):
        while came := output.read1(READ_BYTES):  # type: ignore[attr-defined]
            whole, newline, begun = (begun + came).rpartition(b"\n")
            if len(begun) > READ_BYTES:  # no line of a log is so long
                whole, newline, begun = whole + newline + begun, b"", b""
            try:
                if whole and is_written:
                    file.append((whole + newline).decode("utf-8", "replace"))
            except NotWritten:
                is_written = False  # a service must not wait for a full disk
        if begun and is_written:
            file.append(begun.decode("utf-8", "replace"))
