"""Records of files: models, units, guides, reports."""

# Annotations are no texts here: `NotRequired` would not be seen in one.

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

from signoff.acceptance.records.envelope import Envelope


class Addresses(Envelope):
    """What the deployment names, beside the configuration that a service reports."""

    known: Mapping[str, str]
    files: Mapping[str, str]


class File(Envelope):
    """A file or folder that the document asks for; `files` is null where there is none."""

    asked: str
    path: str
    files: int | None
    bytes: int
    is_folder: bool
    changed: str


class ModelFile(Envelope):
    """A file of a model."""

    name: str
    bytes: int


class Checksums(Envelope):
    """A list of checksums, null where it cannot be read."""

    name: str
    text: str | None


class Coverage(Envelope):
    """A report of coverage.py."""

    path: str
    date: str
    totals: Mapping[str, Any]
    files: Mapping[str, Any] | None


class Unit(Envelope):
    """A systemd unit as its files give it."""

    unit: str
    folder: str
    files: Sequence[str]
    settings: Mapping[str, Any]
    limits: NotRequired[Mapping[str, Any]]


class Verified(Envelope):
    """What `systemd-analyze verify` said."""

    status: int | None
    text: str


class Folder(Envelope):
    """A folder of guides."""

    path: str
    files: int


class Chapter(Envelope):
    """A chapter of a guide."""

    file: str
    title: str
    words: int
    is_unwritten: bool


class Mention(Envelope):
    """The files that mention a topic."""

    topic: str
    files: Sequence[str]


class Report(Envelope):
    """A JUnit report."""

    path: str
    named: str
    claimed: int
    date: str


class Case(Envelope):
    """A test case of a report."""

    suite: str
    name: str
    outcome: str
    message: str


class Disk(Envelope):
    """The room on the disk of a folder."""

    path: str
    total: int
    free: int
