"""Records as lines of JSON, written by a thread: a reader that is slow must not hold up what measures."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any


@contextlib.contextmanager
def record_lines(output: IO[str]) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Gives what takes a record; all are written when it is left. Without a reader the process ends, status 3."""
    lines: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()

    def write() -> None:
        try:
            while (record := lines.get()) is not None:
                output.write(json.dumps(record) + "\n")
                if lines.empty():
                    output.flush()
            output.flush()
        except OSError:  # nobody reads any more: no load without anyone to see it
            os._exit(3)

    writer = threading.Thread(target=write, name="records")
    writer.start()
    try:
        yield lines.put
    finally:
        lines.put(None)
        writer.join()
