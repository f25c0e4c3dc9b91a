"""Records as lines of JSON, written by a thread so that a slow reader delays no measurement."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any


@contextlib.contextmanager
def record_lines(output: IO[str], every_s: float = 0.0) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Gives what takes a record; all are written when it is left. Without a reader the process ends, status 3.

    With `every_s` what comes within that time is written at once: each writing takes the interpreter from who measures.
    """
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    left = threading.Event()

    def write() -> None:
        line: str | None = ""
        try:
            while line is not None:
                gathered = [lines.get()]
                while not lines.empty():
                    gathered.append(lines.get())
                line = gathered[-1]
                output.write("".join(filter(None, gathered)))
                output.flush()
                left.wait(every_s)
        except OSError:  # nobody reads any more: no load without anyone to see it
            os._exit(3)

    def put(record: Mapping[str, Any]) -> None:
        lines.put(json.dumps(record) + "\n")

    writer = threading.Thread(target=write, name="records")
    writer.start()
    try:
        yield put
    finally:
        lines.put(None)
        left.set()
        writer.join()
