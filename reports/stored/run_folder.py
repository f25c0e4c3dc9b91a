"""The one place that writes a run's files: atomically, immediately, and never through a link.

A user with access to a run's folder could plant a link that leads out of it. So every name below the folder is
opened relative to it, without following links; the folder itself is the user's choice, links on the way to it included.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, NoReturn

from signoff.reports.errors import NotWritten
from signoff.reports.leaving import leaving

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
LINKED = {errno.ELOOP, errno.EMLINK}
_APPENDING = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_MODE = 0o666
"""Reduced by the user's umask."""


def kept(text: str) -> bytes:
    """A text as it is written to a file; all stored text passes here.

    A lone surrogate, which UTF-8 cannot hold, is written as its JSON escape.
    """
    return leaving(text).encode("utf-8", errors="backslashreplace")


def write(path: Path, text: str, mode: int = _MODE) -> None:
    """Write a file that the user named, which may be a device or a pipe. Raises NotWritten."""
    with begin(path, mode) as file:
        file.append(text)


def begin(path: Path, mode: int = _MODE) -> Growing:
    """A file that the user named, emptied, to append to. Raises NotWritten."""
    try:
        return Growing(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode), path)
    except OSError as error:
        _not_written(path, error)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder of results. Names may contain subfolders (`evidence/load.jsonl`), which are created as needed."""

    path: Path

    def write(self, name: str, text: str) -> Path:
        """Replace a file: a reader finds the old one or the new one, also after a power cut. Raises NotWritten."""
        temporary = f".{PurePosixPath(name).name}.{secrets.token_hex(4)}.part"
        with self._place(name) as (folder, last):
            try:
                descriptor = os.open(temporary, _NEW, _MODE, dir_fd=folder)
                try:
                    _write_all(descriptor, kept(text))
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
                os.replace(temporary, last, src_dir_fd=folder, dst_dir_fd=folder)  # in a link's place, not behind it
                os.fsync(folder)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
                raise
        return self.path / name

    def append(self, name: str, text: str) -> None:
        """Add to a file. Raises NotWritten."""
        with self.growing(name) as file:
            file.append(text)

    def growing(self, name: str) -> Growing:
        """A file to append to. Raises NotWritten."""
        return Growing(self._appending(name), self.path / name)

    def _appending(self, name: str) -> int:
        with self._place(name) as (folder, last):
            descriptor = os.open(last, _APPENDING, _MODE, dir_fd=folder)
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                os.close(descriptor)
                raise OSError(errno.EMLINK, "it is no file of this folder alone")
            return descriptor

    @contextlib.contextmanager
    def _place(self, name: str) -> Iterator[tuple[int, str]]:
        """The folder that a name leads to, open, and the last part of the name; errors become NotWritten."""
        *folders, last = PurePosixPath(name).parts
        with contextlib.ExitStack() as opened:
            try:
                if ".." in (*folders, last) or PurePosixPath(name).is_absolute():
                    raise OSError(errno.EINVAL, "it leads out of the run's folder")
                self.path.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self.path, _FOLDER)
                opened.callback(os.close, descriptor)
                for folder in folders:
                    descriptor = _below(descriptor, folder)
                    opened.callback(os.close, descriptor)
                yield descriptor, last
            except OSError as error:
                _not_written(self.path / name, error)


class Growing:
    """A growing file. The system has the appended data when `append` returns: a kill does not lose it."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path

    def append(self, text: str) -> None:
        """Append all of it, or nothing if the disk is full. Raises NotWritten."""
        left = memoryview(content := kept(text))
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            with contextlib.suppress(OSError):  # not half a line
                os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - len(content) + len(left))
            _not_written(self._path, error)

    def lock(self) -> None:
        """Mark it as in use until this process ends, for `is_in_use`; where the file system knows no locks, do not."""
        with contextlib.suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self) -> None:
        """Sync it to the disk. Raises NotWritten."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EROFS, errno.ENOTSUP):  # a pipe or a device has no disk
                _not_written(self._path, error)
        finally:
            os.close(descriptor)

    def __enter__(self) -> Growing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def opened(path: Path) -> IO[bytes]:
    """A file to read, not a pipe or device that may never end. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return os.fdopen(descriptor, "rb")


def is_in_use(path: Path) -> bool:
    """Whether a process holds the lock of this file; where the file system knows no locks, it does not."""
    try:
        with opened(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _below(folder: int, name: str) -> int:
    """Opens a folder inside an open one; creates it if it is missing."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)
    if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise OSError(errno.ELOOP, "it is a link")  # the opening below would call it no folder
    return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _not_written(path: Path, error: OSError) -> NoReturn:
    if error.errno in FULL:
        raise NotWritten(
            f"{path} cannot be written: {os.strerror(error.errno or 0)}",
            "free some space, or name another place; what was written before stays",
            is_full=True,
        ) from None
    if error.errno in LINKED:
        raise NotWritten(
            f"{path} is a link, or no file of this folder alone, and nothing is written through one",
            "remove it, and find out who created it",
        ) from None
    raise NotWritten(
        f"{path} cannot be written: {error.strerror or error}", "name a place that can be written"
    ) from None
