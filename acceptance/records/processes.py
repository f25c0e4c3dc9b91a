"""Records of the service's processes and ports, and of calls of a library."""

# Annotations are no texts here: `NotRequired` would not be seen in one.

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

from signoff.acceptance.records.envelope import Envelope


class Process(Envelope):
    """A process of the service."""

    pid: int
    name: str
    created: float
    text: str
    is_there: NotRequired[bool]


class EndedProcess(Process):
    """A process that ended during a measurement, and the one that took its place."""

    t_ns: int
    is_first: bool
    after_s: float
    successor: Mapping[str, Any] | None


class Address(Envelope):
    """Whether an address takes connections after the service was stopped."""

    address: str
    accepts: bool
    waited_s: float


class Port(Address):
    """Whether a port is free after the service was stopped, and who holds it."""

    taken: bool
    holder: str
    stopped: Sequence[Mapping[str, Any]]


class Call(Envelope):
    """Calls of the document's library, and what they printed."""

    calls: Sequence[str]
    error: str
    printed: Sequence[Any]


class Modules(Envelope):
    """The modules of the library in which a class was looked for."""

    packages: Sequence[str]
    modules: Sequence[str]
