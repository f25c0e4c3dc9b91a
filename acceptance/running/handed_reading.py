"""Hands the reading of `signoff run` to the process that judges, so that documents are read once.

It uses a pipe: a document may show a credential, and no copy of it may be written to disk. The reading
is typed data that its models parse: nothing in it can run.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator

import msgspec

from signoff.acceptance.reading import Reading


@contextlib.contextmanager
def handed_on(reading: Reading) -> Iterator[int]:
    """The descriptor from which a child `takes` a reading."""
    # JSON of Python, not of msgspec: it has figures without end, long integers and lone surrogates too.
    message = json.dumps(msgspec.to_builtins(reading)).encode("ascii")
    descriptor, writing = os.pipe()
    # A pipe holds less than a reading: a person has to write while the child reads.
    writer = threading.Thread(target=_write, args=(writing, message), name="handed-reading", daemon=True)
    writer.start()
    try:
        yield descriptor
    finally:
        os.close(descriptor)  # and with it the writer ends, where nobody read to the end
        writer.join()


def _write(descriptor: int, message: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "wb", buffering=0) as pipe:
        left = memoryview(message)
        while left:
            left = left[pipe.write(left) :]


def take(descriptor: int) -> Reading:
    """The reading that `handed_on` put there."""
    with os.fdopen(descriptor, "rb") as file:
        return msgspec.convert(json.loads(file.read()), Reading)
