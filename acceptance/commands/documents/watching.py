"""Repeat an action whenever documents or their bindings change.

The times of a handful of files are looked at three times a second. That costs nothing, works on network shares and
in containers, where the kernel's notices do not arrive, and needs no package.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from signoff.acceptance.commands.console.complaint import complain
from signoff.acceptance.errors import SignoffError
from signoff.acceptance.reading import documents_of
from signoff.acceptance.reading.accepting.lock_file import lock_path
from signoff.acceptance.reading.binding.binding import binding_path
from signoff.reports.terminal import clear_screen, show

PERIOD_S = 0.3
_Stamp = tuple[int, int, int]


def watch(paths: Sequence[Path], read: Callable[[], int]) -> int:
    """Read and show now and after every change, until Ctrl-C; the exit code is that of the last time."""
    code = 0
    try:
        while True:
            before = stamps(paths)
            clear_screen()
            code = _shown(read)
            count = sum(stamp is not None for stamp in before.values())
            watched = f"{count} file{'' if count == 1 else 's'}"
            show(f"watching {watched}; Ctrl-C ends", on="err")
            while stamps(paths) == before:
                time.sleep(PERIOD_S)
    except KeyboardInterrupt:
        return code


def stamps(paths: Sequence[Path]) -> Mapping[Path, _Stamp | None]:
    """Each watched file with what changes when it does; None if there is none at the moment."""
    files: list[Path] = []
    for path in paths:
        with contextlib.suppress(SignoffError):
            files += documents_of(path)
    watched = (file for document in files for file in (document, binding_path(document), lock_path(document)))
    return {file: _stamp(file) for file in watched}


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _shown(read: Callable[[], int]) -> int:
    """Read and show once; an error that the author can correct is shown, and watching continues."""
    try:
        return read()
    except SignoffError as error:
        complain(error)
        return error.exit_code
