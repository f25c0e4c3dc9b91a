"""Errors of stored runs.

ReportError
├── NotWritten               a file of a run cannot be written: disk full, a link in its place, no permission
└── StoredRunUnreadable      the file cannot be used as it is
    ├── StoredRunTorn        no complete JSON text: truncated, empty or not JSON
    ├── UnknownSchema        written by another version
    └── StoredRunMalformed   JSON, but a key is missing or of the wrong kind
"""

from __future__ import annotations


class ReportError(Exception):
    """Base class. `hint` is the hint."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class NotWritten(ReportError):
    """A file cannot be written. `is_full` is True if there is no room for it."""

    def __init__(self, message: str, hint: str = "", *, is_full: bool = False) -> None:
        super().__init__(message, hint)
        self.is_full = is_full


class StoredRunUnreadable(ReportError):
    """The file of a stored run cannot be used as it is."""


class StoredRunTorn(StoredRunUnreadable):
    """The file contains no complete JSON text."""


class UnknownSchema(StoredRunUnreadable):
    """The file has another version of the format."""


class StoredRunMalformed(StoredRunUnreadable):
    """A key is missing or holds a value of the wrong kind."""
