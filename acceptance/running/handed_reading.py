"""The reading of `signoff run`, handed to the process that judges: documents are read once.

It goes through memory that has no name: a document may show a credential, and nothing of it is to lie on a disk. It is
data with types, made again by its models: nothing in it can run.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator

import msgspec

from acceptance.reading import Reading


@contextlib.contextmanager
def handed_on(reading: Reading) -> Iterator[int]:
    """The descriptor from which a child `takes` a reading."""
    # JSON of Python, not of msgspec: it has figures without end, long integers and lone surrogates too.
    message = json.dumps(msgspec.to_builtins(reading)).encode("ascii")
    descriptor = os.memfd_create("signoff-reading", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(message)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def take(descriptor: int) -> Reading:
    """The reading that `handed_on` put there."""
    with os.fdopen(descriptor, "rb") as file:
        return msgspec.convert(json.loads(file.read()), Reading)
