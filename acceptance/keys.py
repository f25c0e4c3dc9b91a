"""The keys of a run: read from variables, and given to a child by a pipe.

All users of a machine can read the command line of a process, and its owner and who debugs it the environment that it
was started with. So a key is on no command line, and a child that needs one reads it from an inherited pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator

from signoff.acceptance.errors import UsageError
from signoff.perf.redaction import known_secrets

MOST_BYTES = 16_000
"""Less than the capacity of a pipe on any system: it can be filled before it is read."""


_held: dict[str, str] = {}
"""Variables that were removed from this process's environment, with their values."""


def value(variable: str) -> str:
    """The value of a variable, "" if it is not set. It is removed from all output from now on."""
    key = (os.environ.get(variable) or _held.get(variable, "")).strip()
    if key:
        known_secrets.remember(key, variable)
    return key


def is_set(variable: str) -> bool:
    """Whether a variable holds something."""
    return bool(os.environ.get(variable) or _held.get(variable))


def withdraw() -> None:
    """Take the variables that hold a known key out of this process's environment, so that no child inherits them.

    Children are started by libraries too: Python looks for a shared library with a compiler.
    """
    passed_on = known_secrets.environment()
    _held.update({name: text for name, text in os.environ.items() if name not in passed_on})
    for name in _held:
        os.environ.pop(name, None)


def environment_of_service() -> dict[str, str]:
    """The environment of a service that Signoff starts itself: its keys are in it, because it reads them from there."""
    return {**os.environ, **_held}


@contextlib.contextmanager
def handed_on() -> Iterator[int]:
    """The end of a pipe from which a child `takes` what was withdrawn here."""
    message = json.dumps(_held).encode()
    if len(message) > MOST_BYTES:
        raise UsageError(f"the keys of this run have more than {MOST_BYTES} bytes", "give shorter keys")
    reading, writing = os.pipe()
    try:
        os.write(writing, message)
        os.close(writing)
        yield reading
    finally:
        os.close(reading)


def take(descriptor: int) -> None:
    """Hold what `handed_on` put into the pipe."""
    with os.fdopen(descriptor, "rb") as pipe:
        _held.update(json.loads(pipe.read()))
    for name in _held:
        value(name)


def forget() -> None:
    """Hold nothing any more; for tests, which share a process."""
    _held.clear()
