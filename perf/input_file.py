"""The one way to read files of users: regular files only, up to a size limit.

A pipe, a socket or a device may have no end or never answer; what a command prints can be put into a file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Final

from signoff.perf.errors import InputMissing, InputTooLong, InputUnreadable

_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@contextmanager
def opened(path: Path, most_bytes: int) -> Iterator[BufferedReader]:
    """Opens a regular file of limited size, to be read in parts. Raises InputUnreadable."""
    with _open(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise InputTooLong(path, size, most_bytes)
        yield file


def read_input(path: Path, most_bytes: int) -> bytes:
    """The bytes of a regular file. Raises InputUnreadable; InputTooLong above the size limit."""
    with opened(path, most_bytes) as file:
        try:
            # A file may grow meanwhile, and those of the kernel have no size.
            content = file.read(most_bytes + 1)
        except OSError as error:
            raise _unreadable(path, error) from None
    if content is None:  # as in the log of the kernel, which waits for the next line
        raise InputUnreadable(f"{path}: nothing can be read of it now", "name a file that can be read")
    if len(content) > most_bytes:
        raise InputTooLong(path, None, most_bytes)
    return content


def _open(path: Path) -> BufferedReader:
    try:
        # Without O_NONBLOCK the opening of a pipe waits until somebody writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise InputMissing(f"{path}: No such file or directory", "check the path") from None
    except OSError as error:
        raise _unreadable(path, error) from None
    except ValueError as error:  # a name with a NUL byte
        raise InputUnreadable(f"{path}: {error}", "check the path") from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "no file")
    raise InputUnreadable(f"{path}: this is {kind}, not a regular file", "copy the input to a file")


def _unreadable(path: Path, error: OSError) -> InputUnreadable:
    return InputUnreadable(f"{path}: {error.strerror or error}", "name a file that can be read")
