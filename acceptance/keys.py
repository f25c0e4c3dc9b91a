"""The keys of a run: read from variables, and given to a child by a pipe.

Everybody on a machine can read the command line of a process, and its owner and who debugs it the environment that it
was started with. So a key is on no command line, and a child that needs one reads it from an inherited pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator

from acceptance.errors import UsageError
from perf import known_secrets

MOST_BYTES = 16_000
"""Less than any system's pipe holds: nobody has to read while it is filled."""


def value(variable: str) -> str:
    """What a variable holds, "" where it is not set. It is taken out of all that is written from now on."""
    key = os.environ.get(variable, "").strip()
    if key:
        known_secrets.remember(key, variable)
    return key


def withheld() -> dict[str, str]:
    """The variables that hold a key of this run: no child inherits them, a service of our own is given them."""
    passed_on = known_secrets.environment()
    return {name: text for name, text in os.environ.items() if name not in passed_on}


def environment_of_service() -> dict[str, str]:
    """The environment of a service that Signoff starts itself: its keys are in it, because it reads them from there."""
    return dict(os.environ)


@contextlib.contextmanager
def handed_on(variables: Iterable[str]) -> Iterator[int]:
    """The end of a pipe from which a child `takes` these variables and all others that are withheld."""
    for name in variables:
        value(name)
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "wb") as pipe:
            message = json.dumps(withheld()).encode()
            if len(message) > MOST_BYTES:
                raise UsageError(f"the keys of this run have more than {MOST_BYTES} bytes", "give shorter keys")
            pipe.write(message)
        yield reading
    finally:
        os.close(reading)


def take(descriptor: int) -> None:
    """Set the variables that `handed_on` put into the pipe: in memory, where no other process sees them."""
    with os.fdopen(descriptor, "rb") as pipe:
        found: dict[str, str] = json.loads(pipe.read())
    os.environ.update(found)
    for name in found:
        value(name)
